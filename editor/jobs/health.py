"""What an installation needs to do its work, and whether it is there."""

import os
import shutil
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import Error, connection
from django.utils import timezone
from kombu import Connection

from editor.images_api import client
from editor.jobs.provider import provider
from editor.models import Heartbeat, Spending

SILENT = timedelta(seconds=90)
LEAST_FREE_BYTES = 100 * 1024 * 1024
PROVIDER_EVERY_S = 15.0

IN_DATABASE = ("worker", "sweeper", "spending")

State = dict[str, str | bool]
_provider_lock = threading.Lock()
_provider_seen: tuple[float, State] | None = None


def report() -> dict[str, State]:
    """The state of each part: `ok`, and a `detail` in plain words where it is not. No secrets, no addresses."""
    parts: dict[str, Callable[[], State]] = {
        "broker": _broker,
        "storage": _storage,
        "provider": _provider,
        "worker": _worker,
        "sweeper": _sweeper,
        "spending": _spending,
    }
    states = {"database": _guarded(_database)}
    if not states["database"]["ok"]:  # each of these would wait for it again
        parts |= dict.fromkeys(IN_DATABASE, _not_told)
    return states | {name: _guarded(check) for name, check in parts.items()}


def _not_told() -> State:
    return {"ok": False, "detail": "the database does not answer"}


def is_healthy(states: dict[str, State]) -> bool:
    """Stopped spending is a decision, not a fault: it is told, and does not count."""
    return all(state["ok"] for name, state in states.items() if name != "spending")


def _guarded(check: Callable[[], State]) -> State:
    try:
        return check()
    except Exception as error:  # a health check must tell of every failure, and fail at none
        return {"ok": False, "detail": type(error).__name__}


def _database() -> State:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        return {"ok": False, "detail": type(error).__name__}
    return {"ok": True, "kind": connection.vendor}


def _broker() -> State:
    if settings.BROKER_URL.startswith("filesystem"):
        folder = Path(settings.BROKER_DIR) / "messages"
        return {"ok": folder.is_dir() and os.access(folder, os.W_OK), "kind": "files"}
    options = {"socket_timeout": 1, "socket_connect_timeout": 1}
    with Connection(settings.BROKER_URL, transport_options=options) as broker:
        broker.ensure_connection(max_retries=1, timeout=1)
        broker.default_channel.client.ping()
    return {"ok": True, "kind": broker.transport_cls or "broker"}


def _storage() -> State:
    if isinstance(default_storage, FileSystemStorage):
        return _disk(Path(default_storage.location))
    default_storage.exists("health")
    return {"ok": True, "kind": "objects"}


def _disk(folder: Path) -> State:
    if not os.access(folder, os.W_OK):
        return {"ok": False, "kind": "disk", "detail": "not writable"}
    free = min(shutil.disk_usage(place).free for place in (folder, settings.DATA_DIR))
    if free < LEAST_FREE_BYTES:
        return {"ok": False, "kind": "disk", "detail": "almost full"}
    return {"ok": True, "kind": "disk"}


def _provider() -> State:
    """Asked at most every 15 seconds, however often somebody asks us."""
    global _provider_seen
    with _provider_lock:
        if _provider_seen is None or time.monotonic() - _provider_seen[0] > PROVIDER_EVERY_S:
            _provider_seen = (time.monotonic(), _ask_provider())
            if not _provider_seen[1]["ok"]:  # ask again at once next time: it may just be starting
                seen, _provider_seen = _provider_seen[1], None
                return seen
        return _provider_seen[1]


def _ask_provider() -> State:
    kind = "sandbox" if settings.PROVIDER_IS_SANDBOX else "remote"
    answer = client.ping(provider(), timeout=2)
    return {"ok": answer.ok, "kind": kind, **({} if answer.ok else {"detail": answer.detail})}


def _worker() -> State:
    return recent("worker")


def _sweeper() -> State:
    return recent("sweeper")


def recent(name: str) -> State:
    """Whether `worker` or `sweeper` has been at work within the last 90 seconds."""
    last = Heartbeat.last(name)
    if last is None:
        return {"ok": False, "detail": "has not been seen yet"}
    age = timezone.now() - last
    if age > SILENT:
        return {"ok": False, "detail": f"not seen for {age.total_seconds():.0f} s"}
    return {"ok": True}


def _spending() -> State:
    spending = Spending.load()
    if spending.stopped:
        return {"ok": False, "detail": "stopped by an administrator"}
    if spending.circuit:
        return {"ok": False, "detail": spending.circuit}
    return {"ok": True}
