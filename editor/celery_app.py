"""Celery: a way to wake workers, and nothing more. The database row is the truth.

Early acknowledgement, prefetch 1, no ETA, no retries, no result backend: each of them repeats or loses paid calls.
"""

import os

from celery import Celery
from django.conf import settings

from editor.jobs import file_broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "editor.settings")


def _transport_options() -> dict[str, object]:
    if settings.BROKER_URL.startswith("filesystem"):
        for folder in ("messages", "control"):
            (settings.BROKER_DIR / folder).mkdir(parents=True, exist_ok=True)
        messages = str(settings.BROKER_DIR / "messages")
        return {
            "data_folder_in": messages,
            "data_folder_out": messages,
            "control_folder": str(settings.BROKER_DIR / "control"),
            "polling_interval": 0.05,
        }
    return {
        "visibility_timeout": 1800,
        "socket_timeout": 2,  # who only sends is not held up by a broker that hangs
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "retry_on_timeout": False,
        "unacked_restore_interval": 30,
        "unacked_restore_throttle": 1,
    }


def wait_for_messages() -> None:
    """A worker listens: its socket is silent for longer than one that only sends."""
    patient = {"socket_timeout": 15, "socket_connect_timeout": 3}
    app.conf.broker_transport_options = {**_transport_options(), **patient}


file_broker.install()
app = Celery("maskroom", broker=settings.BROKER_URL)
app.conf.update(
    broker_transport_options=_transport_options(),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    task_acks_late=False,
    task_reject_on_worker_lost=False,
    task_ignore_result=True,
    result_backend=None,
    task_default_queue="hints",
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    worker_concurrency=settings.WORKER_THREADS,
    worker_pool="threads",
    timezone="UTC",
)
app.autodiscover_tasks(["editor.jobs"])
