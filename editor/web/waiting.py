"""What is said about an edit while it is under way: how far it is, how long it took, how long it usually takes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2s

from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from editor.jobs.timing import usual_seconds
from editor.models import Edit, Status
from editor.web import words

USUAL_KEPT_S = 60
# (the wait so far, in seconds; the pause between two looks): quick at first, and then ever less often
# while it is in the queue. What is worked on may show a preview at any moment.
PAUSES = ((10, 1), (60, 2), (300, 5))
LONGEST_PAUSE = 15
PAUSE_AT_WORK = 1


@dataclass(frozen=True)
class Step:
    name: str
    is_done: bool = False
    is_now: bool = False
    at: datetime | None = None


@dataclass(frozen=True)
class Waiting:
    """How an unfinished edit stands. Seconds; `low` and `high` are what its model usually takes."""

    elapsed: float
    working: float  # since it was sent
    low: int | None
    high: int | None

    @property
    def share(self) -> float | None:
        """How much of the usual time is over, for a bar that never claims to be done. None: not known."""
        return min(0.95, self.working / self.high) if self.high else None

    @property
    def is_long(self) -> bool:
        return self.high is not None and self.working > self.high

    @property
    def usual(self) -> str:
        if self.low is None or self.high is None:
            return ""
        if self.low == self.high:
            return words.seconds(self.high)
        return _("%(low)s to %(high)s") % {"low": self.low, "high": words.seconds(self.high)}


@dataclass(frozen=True)
class Preview:
    """The newest picture that came while an edit is worked on."""

    number: int
    url: str


def preview_of(edit: Edit) -> Preview | None:
    """None before the first one."""
    if not edit.partial_count or not edit.sent_at:
        return None
    address = reverse("edit_partial", args=[edit.pk, edit.partial_count])
    # Browsers keep what an address shows; another attempt's previews need another one.
    return Preview(edit.partial_count, f"{address}?sent={edit.sent_at.timestamp():.3f}")


def waiting(edit: Edit, now: datetime | None = None) -> Waiting:
    now = now or timezone.now()
    low, high = usual(edit.model, edit.options) or (None, None)
    return Waiting(
        elapsed=max(0.0, (now - edit.created_at).total_seconds()),
        working=max(0.0, (now - edit.sent_at).total_seconds()) if edit.sent_at else 0.0,
        low=low,
        high=high,
    )


def usual(model: str, options: dict[str, object]) -> tuple[int, int] | None:
    """What this kind of edit usually takes. Kept for a minute, so that pages full of them ask once."""
    kind = f"{model}/{options.get('quality')}"
    key = f"usual:{blake2s(kind.encode(), digest_size=12).hexdigest()}"
    known: tuple[int, int] | str | None = cache.get(key)
    if known is None:
        known = usual_seconds(model, options) or ""
        cache.set(key, known, USUAL_KEPT_S)
    return known if isinstance(known, tuple) else None


def frames_come(edit: Edit) -> int:
    """For how many of an edit's frames something has come already."""
    if len(edit.frames) < 2:
        return 0
    return edit.pieces.values("frame").distinct().count()


def frame_now(edit: Edit, come: int) -> str:
    """Which of several frames is waited for; empty where there is only one, or none is left."""
    count = len(edit.frames)
    if count < 2 or come >= count or edit.ends_early:
        return ""
    return _("frame %(number)s of %(count)s") % {"number": come + 1, "count": count}


def steps(edit: Edit) -> list[Step]:
    """The way of an edit, and where on it this one is."""
    reached = _reached(edit)
    names = (_("Queued"), _("Preparing"), _("Sent"), _("Storing"), _("Done"))
    times = (edit.created_at, edit.started_at, edit.sent_at, None, edit.finished_at)
    return [
        Step(
            name,
            is_done=number < reached,
            is_now=number == reached,
            at=at if number <= reached else None,
        )
        for number, (name, at) in enumerate(zip(names, times, strict=True))
    ]


def _reached(edit: Edit) -> int:
    if edit.status == Status.SUCCEEDED:
        return 5
    if edit.status == Status.STORING:
        return 3
    if edit.sent_at:
        return 2
    return 1 if edit.status == Status.RUNNING else 0


def pause_for(edits: Iterable[Edit], now: datetime | None = None) -> int | None:
    """Seconds until the next look: short while one is worked on, else by the one that moved last. None:
    nothing is left to wait for."""
    now = now or timezone.now()
    waited_for = [edit for edit in edits if edit.is_waited_for]
    if not waited_for:
        return None
    if any(edit.status != Status.QUEUED for edit in waited_for):
        return PAUSE_AT_WORK
    still = (now - max(_moved_at(edit) for edit in waited_for)).total_seconds()
    return next((pause for until, pause in PAUSES if still < until), LONGEST_PAUSE)


def _moved_at(edit: Edit) -> datetime:
    return max(at for at in (edit.created_at, edit.started_at, edit.sent_at) if at)


def version(edits: Iterable[Edit], pause: int | None) -> str:
    """Changes when anything does that a page shows about these edits."""
    parts = [
        f"{edit.pk}{edit.status}{edit.sent_at}{edit.cancel_requested_at}{edit.waits}{edit.trouble}"
        f"/{edit.partial_count}"
        for edit in edits
    ]
    return blake2s(f"{parts}{pause}".encode(), digest_size=8).hexdigest()
