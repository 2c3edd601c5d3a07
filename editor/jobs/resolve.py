"""What a person decides about an edit: cancel it, accept a loss, buy again."""

import logging
from typing import Literal

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from editor.jobs.connections import durable
from editor.jobs.hints import hint
from editor.jobs.outcome import end, share_of
from editor.jobs.run import cancel_unsent
from editor.models import Attempt, Edit, Person, Status, audit, hold, settle

log = logging.getLogger(__name__)
Canceled = Literal["canceled", "will_be_kept", "finished", "unknown"]


def cancel(edit: Edit, *, by: Person) -> Canceled:
    """Cancel honestly. What was not sent is canceled for free; what was sent cannot be called back:
    its answer will be kept, and shown as canceled. So is what came for some of several frames, and
    no more of them is sent. An unknown one needs another decision."""
    while True:
        if ended := cancel_unsent(edit):
            _note("edit canceled", edit, by)
            return "canceled" if ended == Status.CANCELED else "will_be_kept"
        if _ask_for_sent(edit):
            _note("cancel asked for", edit, by)
            return "will_be_kept"
        edit.refresh_from_db()
        if not _is_unsent(edit):
            break
        # It went back to the queue between the two: the first way is open again.
    if edit.status in (Status.RUNNING, Status.STORING):
        return "will_be_kept"
    return "unknown" if edit.status == Status.UNKNOWN else "finished"


def _ask_for_sent(edit: Edit) -> bool:
    """Only of what was sent: an unsent edit that waits to be canceled would never end."""
    return Edit.objects.change(
        edit.pk,
        was=(Status.RUNNING, Status.STORING),
        where=Q(cancel_requested_at=None, sent_at__isnull=False),
        cancel_requested_at=timezone.now(),
    )


def _is_unsent(edit: Edit) -> bool:
    return edit.status in (Status.QUEUED, Status.RUNNING) and edit.sent_at is None


def accept_loss(edit: Edit, *, by: Person) -> bool:
    """unknown -> failed, or storing where some of several frames came: that is put together. What was
    held for the call counts as spent, for it may have been. False when already resolved."""
    with durable():
        changed = end(edit, was=Status.UNKNOWN, status=Status.FAILED, token=None)
        if changed:
            _count_as_spent(edit)
            _note("loss accepted", edit, by)
    return changed is not None


def buy_again(edit: Edit, *, by: Person, because: str = "") -> bool:
    """unknown -> queued, with a new hold beside what the first attempt may have cost: for its frame, and
    for those that were not sent yet.

    False when already resolved; OverBudget when the month does not cover it, and nothing is changed.
    """
    with durable():
        changed = Edit.objects.change(
            edit.pk,
            was=Status.UNKNOWN,
            status=Status.QUEUED,
            token=None,
            sent_at=None,
            waits=0,
            not_before=timezone.now(),
            hinted_at=None,
            cancel_requested_at=None,
            bought_by=by,
            bought_because=because[:200],
            trouble="",
            trouble_text="",
        )
        if not changed:
            return False
        edit.refresh_from_db()
        amount = edit.hold_microusd
        _count_as_spent(edit)
        hold(edit, amount, now=timezone.now())
        Attempt.objects.filter(edit=edit, outcome=Attempt.Outcome.SENT).update(
            outcome=Attempt.Outcome.UNKNOWN
        )
        _note("bought again", edit, by, because=because)
        transaction.on_commit(lambda: hint(edit.pk), robust=True)
    return True


def _count_as_spent(edit: Edit) -> None:
    attempt = edit.present_attempt()
    settle(edit, None, attempt=attempt, share=share_of(edit, attempt))


def _note(act: str, edit: Edit, by: Person, **detail: str) -> None:
    audit(act, f"edit {edit.pk}", actor=by, address=None, **detail)
    log.info("edit %s: %s by person %s", edit.pk, act, by.pk)
