"""Waiting for edits: one thread per process asks the database for all of them and wakes who waits.

A hundred callers that each asked for themselves would hold a hundred connections and ask a thousand
times a second. The watcher starts with the first who waits and ends with the last.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection

from editor.gateway.failures import still_running
from editor.images_api.refusals import Refusal
from editor.jobs.connections import give_back
from editor.models import Edit
from editor.models.edits import UNFINISHED

log = logging.getLogger(__name__)

FRESH_S = 5.0  # while somebody waits no longer than this, the database is asked often
OLD_S = 60.0
PAUSES = (0.025, 0.15, 0.4)  # seconds between two questions: fresh, older, old
TROUBLE_PAUSE = 1.0
MOST_READ_AT_ONCE = 1024 * 1024 * 1024  # bytes; the largest single call fits
COME_BACK_S = 5


@dataclass(frozen=True)
class State:
    """What is known of an edit that somebody waits for."""

    status: str
    partial_count: int

    @property
    def is_over(self) -> bool:
        return self.status not in UNFINISHED


@dataclass(eq=False)
class Watch:
    """One who waits for one edit."""

    edit_id: int
    began: float = field(default_factory=time.monotonic)
    state: State | None = None
    changed: threading.Event = field(default_factory=threading.Event)

    def next(self, known: State | None, timeout: float) -> State | None:
        """The edit's state as soon as it is another one than `known`; None when `timeout` is over.

        Holds no database connection meanwhile.
        """
        give_back()
        ends = time.monotonic() + timeout
        while self.state is None or self.state == known:
            left = ends - time.monotonic()
            if left <= 0 or not self.changed.wait(left):
                return None
            self.changed.clear()
        return self.state


class Watcher:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watches: set[Watch] = set()
        self._thread: threading.Thread | None = None
        self._news = threading.Event()  # somebody came or left: do not sleep on

    @contextmanager
    def watching(self, edit_id: int) -> Iterator[Watch]:
        watch = Watch(edit_id)
        with self._lock:
            self._watches.add(watch)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
                self._thread.start()
        self._news.set()
        try:
            yield watch
        finally:
            with self._lock:
                self._watches.discard(watch)
            self._news.set()

    def is_idle(self) -> bool:
        with self._lock:
            return self._thread is None

    def _run(self) -> None:
        try:
            while watches := self._still_watching():
                self._news.wait(self._look(watches))
                self._news.clear()
        finally:
            connection.close()

    def _still_watching(self) -> list[Watch]:
        """Those who wait; with none left the thread is over, told under the same lock."""
        with self._lock:
            if not self._watches:
                self._thread = None
            return list(self._watches)

    def _look(self, watches: list[Watch]) -> float:
        """Ask for all edits at once and wake those whose edit has changed; how long to pause then."""
        try:
            states = _states_of({watch.edit_id for watch in watches})
        except Exception as error:  # whatever it is, those who wait must not be left alone
            log.warning("edits that are waited for cannot be read: %s", error)
            connection.close()
            return TROUBLE_PAUSE
        for watch in watches:
            state = states.get(watch.edit_id)
            if state and state != watch.state:
                watch.state = state
                watch.changed.set()
        return _pause(time.monotonic() - max(watch.began for watch in watches))


def _states_of(edit_ids: set[int]) -> dict[int, State]:
    rows = Edit.objects.filter(pk__in=edit_ids).values_list("pk", "status", "partial_count")
    return {pk: State(status, count) for pk, status, count in rows}


def _pause(youngest_s: float) -> float:
    if youngest_s < FRESH_S:
        return PAUSES[0]
    return PAUSES[1] if youngest_s < OLD_S else PAUSES[2]


def until_over(edit_id: int) -> None:
    """Wait until the edit has ended, in whatever way. Raises Refusal when that takes too long."""
    longest: float = settings.GATEWAY_WAIT_S
    ends = time.monotonic() + longest
    state: State | None = None
    with watcher.watching(edit_id) as watch:
        while state is None or not state.is_over:
            state = watch.next(state, ends - time.monotonic())
            if state is None:
                raise still_running(edit_id, longest)


class Places:
    """How many callers may be in the house at once. Each holds a thread of the server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0

    def take(self) -> "Place":
        """Raises Refusal when none is left; nothing has been read or stored then."""
        with self._lock:
            if self._taken >= settings.GATEWAY_MOST_WAITING:
                raise overloaded()
            self._taken += 1
        return Place(self)

    @property
    def taken(self) -> int:
        with self._lock:
            return self._taken

    def give_back(self) -> None:
        with self._lock:
            self._taken -= 1


@dataclass
class Place:
    places: Places
    is_held: bool = True

    def free(self) -> None:
        """Safe to call again: whoever ends the call first frees the place."""
        if self.is_held:
            self.is_held = False
            self.places.give_back()


class Room:
    """How many bytes of calls may be in memory at once. What has been stored takes none."""

    def __init__(self, most: int) -> None:
        self._lock = threading.Lock()
        self._left = most

    @contextmanager
    def of(self, size: int) -> Iterator[None]:
        """Raises Refusal when there is none left for `size` bytes; nothing has been read then."""
        with self._lock:
            if size > self._left:
                raise overloaded()
            self._left -= size
        try:
            yield
        finally:
            with self._lock:
                self._left += size


def overloaded() -> Refusal:
    return Refusal(
        503,
        "The server is overloaded. Please try again later.",
        "service_unavailable_error",
        None,
        "server_is_overloaded",
        headers={"retry-after": str(COME_BACK_S)},
        retry=True,
    )


watcher = Watcher()
places = Places()
room = Room(MOST_READ_AT_ONCE)
