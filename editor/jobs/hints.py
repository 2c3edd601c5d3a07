"""Hints: Celery messages that wake a worker. Losing or repeating one changes nothing."""

import logging
import queue
import threading

from kombu.exceptions import KombuError

log = logging.getLogger(__name__)
_waiting: "queue.Queue[int]" = queue.Queue(maxsize=10_000)
_lock = threading.Lock()
_publisher: threading.Thread | None = None


def hint(edit_id: int) -> None:
    """Wake a worker for this edit, without waiting for the broker: a hung one would hold the page.

    If this process dies before the message is out, the sweeper sends it again.
    """
    global _publisher
    try:
        _waiting.put_nowait(edit_id)
    except queue.Full:
        return
    with _lock:
        if _publisher is None or not _publisher.is_alive():
            _publisher = threading.Thread(target=_publish_all, name="hints", daemon=True)
            _publisher.start()


def hint_now(edit_id: int) -> bool:
    """Send the message in this thread. False, and a line in the log, when the broker does not take it."""
    from editor.jobs.tasks import wake  # tasks imports the jobs, and the jobs hint

    return _published(wake, edit_id)


def canary() -> bool:
    from editor.jobs.tasks import canary as task

    return _published(task)


def _published(task: object, *args: int) -> bool:
    try:
        task.apply_async(args=args, retry=False)  # type: ignore[attr-defined]
    except (KombuError, OSError) as error:
        log.warning("the broker takes no message: %s", type(error).__name__)
        return False
    return True


def _publish_all() -> None:
    while True:
        hint_now(_waiting.get())
