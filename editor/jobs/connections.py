"""What the jobs need of the database beyond the ORM."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def durable() -> Iterator[None]:
    """A transaction that a power cut right after it does not undo.

    SQLite in WAL mode with synchronous=NORMAL may lose its last commits then; intents and finishes may not be lost.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        with transaction.atomic():
            yield
        return
    _synchronous("FULL")
    try:
        with transaction.atomic():
            yield
    finally:
        _synchronous("NORMAL")


def _synchronous(level: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA synchronous={level}")


def give_back() -> None:
    """Let go of this thread's database connection for the minutes that a call takes."""
    if not connection.in_atomic_block:
        connection.close()
