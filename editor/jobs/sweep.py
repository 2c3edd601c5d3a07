"""The sweeper: finds what was left behind, and puts it right. Needs no broker; safe when run twice.

queued and forgotten               -> hinted at again
lease lapsed, nothing sent         -> queued
lease lapsed, sent, answer spooled -> storing
lease lapsed, sent, no answer      -> unknown
unknown, and late bytes appeared   -> storing
storing, and in nobody's hands     -> stored
"""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import Error, connection
from django.db.models import Q
from django.utils import timezone

from editor.jobs import spool
from editor.jobs.connections import durable
from editor.jobs.hints import canary, hint_now
from editor.jobs.listing import read_listing
from editor.jobs.partials import forget_left_behind
from editor.jobs.run import note_answer
from editor.jobs.store import store
from editor.models import Attempt, Edit, Heartbeat, Status

log = logging.getLogger(__name__)
FORGOTTEN_AFTER = timedelta(seconds=20)
HINTS_AT_ONCE = 64  # each hint that arrives drains the queue, so more would only pile up
STORES_AT_ONCE = 2
LISTING_EVERY = timedelta(minutes=15)
CANARY_EVERY = timedelta(seconds=30)


@dataclass
class Swept:
    requeued: int = 0
    adopted: int = 0
    unknown: int = 0
    hinted: int = 0
    to_store: tuple[int, ...] = ()


def sweep(now: datetime | None = None, *, hint: Callable[[int], bool] = hint_now) -> Swept:
    """One look over all edits. What is to be stored is returned, for it may take a while."""
    now = now or timezone.now()
    swept = Swept()
    for edit in Edit.objects.lapsed(now):
        with _apart(edit):
            _recover(edit, now, swept)
    for edit in Edit.objects.filter(status=Status.UNKNOWN):
        with _apart(edit):
            swept.adopted += _adopt_late(edit, now)
    swept.to_store = tuple(Edit.objects.to_store(now).values_list("pk", flat=True)[:100])
    swept.hinted = _hint_forgotten(now, hint)
    return swept


@contextmanager
def _apart(edit: Edit) -> Iterator[None]:
    """One edit that cannot be put right does not keep the others from it."""
    try:
        yield
    except Error:
        raise
    except Exception:
        log.exception("edit %s cannot be put right", edit.pk)


def _recover(edit: Edit, now: datetime, swept: Swept) -> None:
    """A process died, or froze, with this edit in its hands."""
    assert edit.token is not None, "a running edit has a token"
    same = Q(token=edit.token, lease_until__lt=now)
    if edit.sent_at is None:
        again = Edit.objects.change(
            edit.pk,
            was=Status.RUNNING,
            where=same & Q(sent_at=None),
            status=Status.QUEUED,
            token=None,
            hinted_at=None,
        )
        swept.requeued += again
        if again:
            log.warning("edit %s was dropped before it was sent: queued again", edit.pk)
        return
    attempt = edit.attempts.filter(token=edit.token).order_by("-number").first()
    answered = attempt is not None and spool.has_answer(attempt.key)
    if attempt and answered and _adopt(edit, attempt, Status.RUNNING, same, now):
        swept.adopted += 1
        return
    with durable():
        lost = Edit.objects.change(
            edit.pk, was=Status.RUNNING, where=same, status=Status.UNKNOWN, trouble="worker_lost"
        )
        if lost and attempt:
            Attempt.objects.filter(pk=attempt.pk).update(
                outcome=Attempt.Outcome.UNKNOWN, error_code="worker_lost"
            )
    swept.unknown += lost
    if lost:
        log.warning("edit %s was sent and its worker is gone: outcome unknown", edit.pk)


def _adopt_late(edit: Edit, now: datetime) -> bool:
    """The answer of a call that was given up for lost is there after all.

    An answer that has been looked at before (such as a 503) is not late: it is why the outcome is unknown.
    """
    attempt = edit.present_attempt()
    if attempt is None or attempt.answered_at or not spool.has_answer(attempt.key):
        return False
    # The token is that of the attempt until somebody buys again.
    return _adopt(edit, attempt, Status.UNKNOWN, Q(token=attempt.token), now)


def _adopt(edit: Edit, attempt: Attempt, was: Status, where: Q, now: datetime) -> bool:
    try:
        meta = spool.meta(attempt.key)
    except (OSError, ValueError, KeyError):
        log.exception("edit %s: the spooled answer cannot be read", edit.pk)
        return False
    with durable():
        adopted = Edit.objects.change(
            edit.pk,
            was=was,
            where=where,
            status=Status.STORING,
            token=None,
            lease_until=now - timedelta(seconds=1),
            not_before=now,
            trouble="",
            trouble_text="",
        )
        if adopted:
            note_answer(attempt, meta)
    if adopted:
        log.info("edit %s: the answer was found in the spool", edit.pk)
    return adopted


def _hint_forgotten(now: datetime, hint: Callable[[int], bool]) -> int:
    hinted = 0
    due = Edit.objects.forgotten(now, FORGOTTEN_AFTER).order_by("not_before", "id")
    for pk in due.values_list("pk", flat=True)[:HINTS_AT_ONCE]:
        if not hint(pk):
            break  # the broker is down: the next one would wait as long
        Edit.objects.filter(pk=pk, status=Status.QUEUED).update(hinted_at=now)
        hinted += 1
    return hinted


def purge_spool() -> int:
    """Remove spooled files of seven days ago, but those of edits that still need them."""
    removed = 0
    for path in spool.old_files():
        key = spool.key_of(path)
        if key is None or not _is_needed(key):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _is_needed(key: UUID) -> bool:
    open_ends = (Status.RUNNING, Status.STORING, Status.UNKNOWN)
    return Attempt.objects.filter(key=key, edit__status__in=open_ends).exists()


class Sweeper:
    """Sweeps in a loop, in a process of its own."""

    def __init__(self, every_s: float, stop: threading.Event) -> None:
        self.every_s = every_s
        self.stop = stop
        self.canary_at: datetime | None = None
        self.purged_at: datetime | None = None
        self.listed_at: datetime | None = None
        self.storing: set[int] = set()
        self.pool = ThreadPoolExecutor(STORES_AT_ONCE, thread_name_prefix="store")

    def run(self) -> None:
        with self.pool:
            while not self.stop.is_set():
                try:
                    self.once()
                except Error as error:
                    log.error("the database does not answer: %s", type(error).__name__)
                    connection.close()
                self.stop.wait(self.every_s)

    def once(self) -> Swept:
        now = timezone.now()
        Heartbeat.beat("sweeper", now)
        swept = sweep(now)
        for edit_id in swept.to_store:
            if edit_id not in self.storing:
                self.storing.add(edit_id)
                self.pool.submit(self._store, edit_id)
        if self.purged_at is None or now - self.purged_at > timedelta(hours=1):
            self.purged_at = now
            purge_spool()
            forget_left_behind()
        if self.listed_at is None or now - self.listed_at >= LISTING_EVERY:
            self.listed_at = now
            self.pool.submit(self._list)
        self._canary(now)  # last: a broker that hangs takes its time
        return swept

    def _canary(self, now: datetime) -> None:
        if self.canary_at is None or now - self.canary_at >= CANARY_EVERY:
            self.canary_at = now
            canary()

    def _list(self) -> None:
        """Ask the provider what it serves, apart from sweeping: it may be slow to answer."""
        try:
            read_listing()
        except Exception:
            log.exception("the provider's list of models could not be kept")
        finally:
            connection.close()

    def _store(self, edit_id: int) -> None:
        try:
            store(edit_id)
        except Exception:
            log.exception("edit %s could not be stored", edit_id)
        finally:
            self.storing.discard(edit_id)
            connection.close()
