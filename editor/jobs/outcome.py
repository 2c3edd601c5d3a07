"""How a call ended, and what that means for the edit and its money.

Each function changes the status by compare-and-set under the caller's token and moves the money in the
same transaction. So whoever comes second, or comes late, changes nothing.

Where some of an edit's frames have come, no end is without its picture: it is `storing` then, with
`ends_early` set and nothing held, in nobody's hands, and what came is put together.
"""

import logging
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from editor.images_api.errors import (
    OutcomeUnknown,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    UnusableAnswer,
)
from editor.imaging.framing import Frame
from editor.jobs.connections import durable
from editor.jobs.hints import hint
from editor.jobs.partials import forget_previews
from editor.models import Attempt, Edit, Spending, Status, release, settle
from editor.models.money import settle_part

log = logging.getLogger(__name__)

MAX_WAITS = 8
LONGEST_WAIT_S = 600.0
FRAMES_MISSING = "frames_missing"
ANY = Q()
IN_HAND = (Status.RUNNING, Status.STORING)


def conclude(edit: Edit, attempt: Attempt, error: ProviderError, *, token: UUID) -> bool:
    """End this attempt as `error` says. False when the edit is no longer held by `token`."""
    match error:
        case ProviderUnavailable():
            return wait(edit, attempt, error, token=token)
        case ProviderRejected():
            if error.stops_everything:
                Spending.open_circuit(error.code, error.message)
            return fail(edit, error, token=token, attempt=attempt, outcome=Attempt.Outcome.REJECTED)
        case UnusableAnswer():
            return spend(edit, attempt, error, token=token)
        case OutcomeUnknown():
            return leave_unknown(edit, attempt, error, token=token)
    return leave_unknown(edit, attempt, error, token=token)


def wait(edit: Edit, attempt: Attempt, error: ProviderUnavailable, *, token: UUID) -> bool:
    """Back to the queue for a bounded, jittered time; the hold stays. After too many waits: failed."""
    outcome = Attempt.Outcome.BUSY if error.status else Attempt.Outcome.NOT_SENT
    if edit.waits >= MAX_WAITS:
        return fail(edit, error, token=token, attempt=attempt, outcome=outcome)
    now = timezone.now()
    pause = _pause(edit.waits, error.retry_after)
    with durable():
        changed = Edit.objects.change(
            edit.pk,
            was=IN_HAND,
            where=Q(token=token, cancel_requested_at=None),
            status=Status.QUEUED,
            not_before=now + timedelta(seconds=pause),
            waits=edit.waits + 1,
            token=None,
            sent_at=None,
            hinted_at=None,
            **_trouble(error),
        )
        if changed:
            _end(attempt, outcome, error, cost=0)
    if changed:
        log.info("edit %s waits %.1f s: %s", edit.pk, pause, error.code)
        return True
    return _cancel_instead(edit, attempt, outcome, error, token)


def _cancel_instead(
    edit: Edit, attempt: Attempt, outcome: str, error: ProviderError, token: UUID
) -> bool:
    """Nothing was bought and somebody asked to cancel meanwhile: that is what happens."""
    with durable():
        canceled = end(
            edit,
            was=IN_HAND,
            where=Q(token=token, cancel_requested_at__isnull=False),
            status=Status.CANCELED,
            cost_microusd=cost_of(edit, attempt, 0),
        )
        if canceled:
            release(edit, attempt=attempt)
            _end(attempt, outcome, error, cost=0)
    return canceled is not None


def fail(
    edit: Edit,
    error: ProviderError,
    *,
    token: UUID,
    attempt: Attempt | None = None,
    outcome: str = Attempt.Outcome.REJECTED,
) -> bool:
    """Failed with nothing bought by this call: the hold is given back."""
    with durable():
        changed = _failed(edit, error, token, cost=cost_of(edit, attempt, 0))
        if changed:
            release(edit, attempt=attempt)
            if attempt:
                _end(attempt, outcome, error, cost=0)
    if changed:
        forget_previews(edit)
    return changed


def spend(edit: Edit, attempt: Attempt, error: ProviderError, *, token: UUID) -> bool:
    """Failed with the answer paid for: it could not be used, or it came too late to be fetched."""
    with durable():
        changed = _failed(edit, error, token, cost=None)
        if changed:
            settle(edit, None, attempt=attempt, share=share_of(edit, attempt))
            _end(attempt, Attempt.Outcome.UNUSABLE, error, cost=None)
    return changed


def _failed(edit: Edit, error: ProviderError, token: UUID, *, cost: int | None) -> bool:
    ended = end(
        edit,
        was=IN_HAND,
        where=Q(token=token),
        status=Status.FAILED,
        cost_microusd=cost,
        words=error.message,
        **_trouble(error),
    )
    if ended == Status.FAILED:
        log.info("edit %s failed: %s", edit.pk, error.code)
    return ended is not None


def end(
    edit: Edit, *, was: Any, status: Status, where: Q = ANY, words: str = "", **to: Any
) -> Status | None:
    """Change to `status`, where nothing more will come; `words` are the provider's. If some of several
    frames have come, they are put together first. Call it in a transaction.

    Returns the new status; None where the edit is not what it has to be.
    """
    now = timezone.now()
    if not has_come(edit):
        to = {"status": status, "finished_at": now, **to}
        return status if Edit.objects.change(edit.pk, was=was, where=where, **to) else None
    asked = Coalesce(F("cancel_requested_at"), Value(now))
    changed = Edit.objects.change(
        edit.pk,
        was=was,
        where=where,
        status=Status.STORING,
        ends_early=True,
        token=None,
        lease_until=now - timedelta(seconds=1),
        not_before=now,
        trouble=FRAMES_MISSING,
        trouble_text=words,
        **({"cancel_requested_at": asked} if status == Status.CANCELED else {}),
    )
    if not changed:
        return None
    log.info("edit %s ends early", edit.pk)
    transaction.on_commit(partial(hint, edit.pk), robust=True)
    return Status.STORING


def has_come(edit: Edit) -> bool:
    """Whether any of several frames has come. Call it in the transaction that decides by it."""
    if not has_several_frames(edit):
        return False
    # Pieces only come with a change of the edit's row: holding it keeps the answer true.
    Edit.objects.select_for_update().filter(pk=edit.pk).values_list("pk").first()
    return edit.pieces.exists()


def has_several_frames(edit: Edit) -> bool:
    return len(edit.frames) > 1


def share_of(edit: Edit, attempt: Attempt | None) -> Fraction:
    """Which part of what is held now is meant for this attempt's frame, and not for those after it:
    cost grows with the area that is sent."""
    if attempt is None or not has_several_frames(edit):
        return Fraction(1)
    areas = [_area(Frame.from_dict(frame)) for frame in edit.frames[attempt.frame :]]
    return Fraction(areas[0], sum(areas)) if areas else Fraction(1)


def _area(frame: Frame) -> int:
    width, height = frame.size
    return width * height


def cost_of(edit: Edit, attempt: Attempt | None, cost: int | None) -> int | None:
    """What all calls of the edit cost, `attempt`'s being `cost`; None where any of them is unknown."""
    if cost is None or (attempt is not None and attempt.number == 1):
        return cost
    others = edit.attempts.exclude(pk=attempt.pk) if attempt else edit.attempts.all()
    costs = [cost, *others.values_list("cost_microusd", flat=True)]
    known = [each for each in costs if each is not None]
    return sum(known) if len(known) == len(costs) else None


def leave_unknown(edit: Edit, attempt: Attempt, error: ProviderError, *, token: UUID) -> bool:
    """It may have been done and billed: the hold stays, and a person decides."""
    with durable():
        changed = Edit.objects.change(
            edit.pk, was=IN_HAND, where=Q(token=token), status=Status.UNKNOWN, **_trouble(error)
        )
        if changed:
            _end(attempt, Attempt.Outcome.UNKNOWN, error, cost=None)
    if changed:
        log.warning("edit %s: outcome unknown: %s", edit.pk, error.code)
    return changed


@dataclass(frozen=True)
class Bought:
    """What an answer cost, None where it does not tell, and the tokens that it counts."""

    cost: int | None
    usage: dict[str, Any] | None


def go_on(edit: Edit, attempt: Attempt, bought: Bought, *, token: UUID) -> bool:
    """storing -> queued, for the next frame: this one's cost is settled, the rest stays held. False when
    nothing more is to be sent, or the edit is no longer ours. Call it in a transaction."""
    now = timezone.now()
    changed = Edit.objects.change(
        edit.pk,
        was=Status.STORING,
        where=Q(token=token, cancel_requested_at=None, ends_early=False),
        status=Status.QUEUED,
        token=None,
        sent_at=None,
        waits=0,
        not_before=now,
        hinted_at=now,
        expires_at=None,
        bought_by=None,
        bought_because="",
        trouble="",
        trouble_text="",
    )
    if changed:
        settle_part(edit, bought.cost, attempt=attempt, share=share_of(edit, attempt))
        _succeeded(attempt, bought)
    return changed


def succeed(
    edit: Edit,
    attempt: Attempt,
    bought: Bought | None,
    *,
    token: UUID,
    trouble: str,
    text: str,
    is_lost: bool = False,
) -> bool:
    """Everything is stored: settle, where `attempt` was not settled before (`bought`). An edit that was
    canceled after it was sent keeps what it got. One of which all that came `is_lost` has failed."""
    now = timezone.now()
    status_then = Status.FAILED if is_lost else Status.SUCCEEDED
    status = Case(
        When(cancel_requested_at__isnull=False, then=Value(Status.CANCELED.value)),
        default=Value(status_then.value),
    )
    with durable():
        changed = Edit.objects.change(
            edit.pk,
            was=Status.STORING,
            where=Q(token=token),
            status=status,
            finished_at=now,
            cost_microusd=_cost_in_the_end(edit, attempt, bought),
            expires_at=None,
            trouble=trouble,
            trouble_text=text,
        )
        if changed and bought:
            settle(edit, bought.cost, attempt=attempt, share=share_of(edit, attempt))
            _succeeded(attempt, bought)
    if changed:
        log.info("edit %s %s", edit.pk, status_then)
        if not is_lost:  # else they are all that there is
            forget_previews(edit)
    return changed


def _cost_in_the_end(edit: Edit, attempt: Attempt, bought: Bought | None) -> int | None:
    if bought:
        return cost_of(edit, attempt, bought.cost)
    return cost_of(edit, attempt, attempt.cost_microusd)


def _succeeded(attempt: Attempt, bought: Bought) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(
        outcome=Attempt.Outcome.SUCCEEDED, cost_microusd=bought.cost, usage=bought.usage
    )


def postpone(
    edit: Edit,
    *,
    token: UUID,
    trouble: str,
    until: datetime,
    text: str = "",
    waits: int | None = None,
) -> bool:
    """Stay `storing` and try again at `until`: the answer is safe in the spool. `waits` where it is
    counted how often."""
    log.warning("edit %s is stored later: %s", edit.pk, trouble)
    return Edit.objects.change(
        edit.pk,
        was=Status.STORING,
        where=Q(token=token),
        not_before=until,
        lease_until=timezone.now(),
        waits=edit.waits if waits is None else waits,
        trouble=trouble,
        trouble_text=text,
    )


def _trouble(error: ProviderError) -> dict[str, str]:
    return {"trouble": error.code[:60], "trouble_text": error.message}


def _end(attempt: Attempt, outcome: str, error: ProviderError, *, cost: int | None) -> None:
    changes: dict[str, Any] = {
        "outcome": outcome,
        "error_code": error.code[:100],
        "error_text": error.message,
        "error": error.facts(),
        "cost_microusd": cost,
    }
    if error.status:
        changes |= {
            "http_status": error.status,
            "answered_at": attempt.answered_at or timezone.now(),
        }
    if error.request_id:
        changes["request_id"] = error.request_id[:200]
    Attempt.objects.filter(pk=attempt.pk).update(**changes)


def _pause(waits: int, asked: float | None) -> float:
    """Seconds to wait: what the provider asked for, or a doubling backoff, and up to a quarter more."""
    base = asked if asked is not None else min(2.0 * 2**waits, LONGEST_WAIT_S)
    return min(base, LONGEST_WAIT_S) * random.uniform(1.0, 1.25)
