"""Leases of the edits that this process holds, renewed by one thread in one UPDATE.

A process that dies or freezes renews nothing; when its leases lapse, the sweeper decides.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from editor.models import Edit, Heartbeat

log = logging.getLogger(__name__)
_held: set[UUID] = set()
_lock = threading.Lock()
_thread: threading.Thread | None = None
_name = ""  # under which this process tells that it is at work


def length() -> timedelta:
    return timedelta(seconds=settings.LEASE_S)


@contextmanager
def held(token: UUID) -> Iterator[None]:
    with _lock:
        _held.add(token)
    try:
        yield
    finally:
        with _lock:
            _held.discard(token)


def count() -> int:
    with _lock:
        return len(_held)


def start(name: str = "") -> None:
    """Begin to renew, once per process. Long-running processes call this; tests renew by hand.

    A worker gives its `name`: with every thread in a call, none of them runs the canary.
    """
    global _thread, _name
    with _lock:
        _name = name
        if _thread is None:
            _thread = threading.Thread(target=_keep_renewing, name="leases", daemon=True)
            _thread.start()


def renew() -> None:
    with _lock:
        tokens = set(_held)
    if tokens:
        now = timezone.now()
        Edit.objects.renew(tokens, now=now, lease=length())
        if _name:
            Heartbeat.beat(_name, now)


def _keep_renewing() -> None:
    tick = threading.Event()
    while not tick.wait(settings.LEASE_S / 4):
        try:
            renew()
        except Error as error:
            log.warning("leases not renewed: %s", error)
            connection.close()
