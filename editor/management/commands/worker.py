"""The worker: Celery's thread pool, woken by hints."""

import logging
import os
import threading
import time
from typing import Any

from celery.signals import task_prerun, worker_ready, worker_shutting_down
from django.conf import settings
from django.core.management import BaseCommand
from django.db import Error, connection
from django.utils import timezone

from editor.celery_app import app, wait_for_messages
from editor.jobs import drain, leases
from editor.models import Heartbeat

log = logging.getLogger("editor.worker")
LEAVE_AFTER_S = 1.0
SILENT_S = 300.0  # the canary comes every 30 s; a worker that hears nothing for so long is deaf


class Command(BaseCommand):
    help = "Run edits that hints announce. Any number of workers may run."

    def handle(self, *args: Any, **options: Any) -> None:
        wait_for_messages()
        worker_ready.connect(on_ready)
        worker_shutting_down.connect(on_shutting_down)
        task_prerun.connect(on_task)
        app.worker_main(
            [
                "worker",
                "--pool=threads",
                f"--concurrency={settings.WORKER_THREADS}",
                "--queues=hints",
                "--without-gossip",
                "--without-mingle",
                "--loglevel=WARNING",
            ]
        )


heard_at = time.monotonic()


def on_ready(**_: object) -> None:
    leases.start("worker")
    try:
        Heartbeat.beat("worker", timezone.now())
    except Error:
        log.warning("the database does not answer yet")
    finally:
        connection.close()
    threading.Thread(target=watch, name="watch", daemon=True).start()


def on_shutting_down(**_: object) -> None:
    drain.stopping.set()
    threading.Thread(target=leave, name="leave", daemon=True).start()


def leave() -> None:
    """Celery takes seconds to stop, and waits for a broker that is gone. With no call in flight nothing is lost by leaving."""
    time.sleep(LEAVE_AFTER_S)
    while leases.count():
        time.sleep(0.2)
    os._exit(0)


def on_task(**_: object) -> None:
    global heard_at
    heard_at = time.monotonic()


def watch() -> None:
    """Leave, to be started again, when nothing has been heard for long and no call is in flight.

    A broker connection that is half open stalls the worker without a word.
    """
    while True:
        time.sleep(10)
        if time.monotonic() - heard_at > SILENT_S and leases.count() == 0:
            log.error("no hint and no canary for %.0f s: starting afresh", SILENT_S)
            os._exit(1)
