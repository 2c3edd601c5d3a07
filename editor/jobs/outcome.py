"""How a call ended, and what that means for the edit and its money.

Each function changes the status by compare-and-set under the caller's token and moves the money in the
same transaction. So whoever comes second, or comes late, changes nothing.
"""

import logging
import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, Q, Value, When
from django.utils import timezone

from editor.images_api.errors import (
    OutcomeUnknown,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    UnusableAnswer,
)
from editor.jobs.connections import durable
from editor.jobs.partials import forget_previews
from editor.models import Attempt, Edit, Spending, Status, release, settle

log = logging.getLogger(__name__)

MAX_WAITS = 8
LONGEST_WAIT_S = 600.0
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
        canceled = Edit.objects.change(
            edit.pk,
            was=IN_HAND,
            where=Q(token=token, cancel_requested_at__isnull=False),
            status=Status.CANCELED,
            finished_at=timezone.now(),
            cost_microusd=0,
        )
        if canceled:
            release(edit, attempt=attempt)
            _end(attempt, outcome, error, cost=0)
    return canceled


def fail(
    edit: Edit,
    error: ProviderError,
    *,
    token: UUID,
    attempt: Attempt | None = None,
    outcome: str = Attempt.Outcome.REJECTED,
) -> bool:
    """Failed with nothing bought: the hold is given back."""
    with durable():
        changed = _failed(edit, error, token, cost=0)
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
            settle(edit, None, attempt=attempt)
            _end(attempt, Attempt.Outcome.UNUSABLE, error, cost=None)
    return changed


def _failed(edit: Edit, error: ProviderError, token: UUID, *, cost: int | None) -> bool:
    changed = Edit.objects.change(
        edit.pk,
        was=IN_HAND,
        where=Q(token=token),
        status=Status.FAILED,
        finished_at=timezone.now(),
        cost_microusd=cost,
        **_trouble(error),
    )
    if changed:
        log.info("edit %s failed: %s", edit.pk, error.code)
    return changed


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


def succeed(
    edit: Edit,
    attempt: Attempt,
    *,
    token: UUID,
    cost: int | None,
    usage: dict[str, Any] | None,
    trouble: str = "",
) -> bool:
    """Everything is stored: settle. An edit that was canceled after it was sent keeps what it got."""
    now = timezone.now()
    status = Case(
        When(cancel_requested_at__isnull=False, then=Value(Status.CANCELED.value)),
        default=Value(Status.SUCCEEDED.value),
    )
    with durable():
        changed = Edit.objects.change(
            edit.pk,
            was=Status.STORING,
            where=Q(token=token),
            status=status,
            finished_at=now,
            cost_microusd=cost,
            expires_at=None,
            trouble=trouble,
            trouble_text="",
        )
        if changed:
            settle(edit, cost, attempt=attempt)
            Attempt.objects.filter(pk=attempt.pk).update(
                outcome=Attempt.Outcome.SUCCEEDED, cost_microusd=cost, usage=usage
            )
    if changed:
        log.info("edit %s succeeded", edit.pk)
        forget_previews(edit)
    return changed


def postpone(edit: Edit, *, token: UUID, trouble: str, until: datetime, text: str = "") -> bool:
    """Stay `storing` and try again at `until`: the answer is safe in the spool."""
    log.warning("edit %s is stored later: %s", edit.pk, trouble)
    return Edit.objects.change(
        edit.pk,
        was=Status.STORING,
        where=Q(token=token),
        not_before=until,
        lease_until=timezone.now(),
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
