"""Run a queued edit: claim, prepare, write the intent, make one call, keep the answer.

The order is what protects the money. The intent is committed before the first byte is sent, and only
by the process that still holds the edit; the answer is durable before anything looks at it.
"""

import logging
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Q
from django.utils import timezone

from editor.images_api import client
from editor.images_api.errors import ProviderError, ProviderRejected
from editor.images_api.messages import AnswerMeta, Request
from editor.jobs import leases, outcome, partials, spool
from editor.jobs.connections import durable, give_back
from editor.jobs.crashing import crash
from editor.jobs.prepare import prepare
from editor.jobs.provider import provider
from editor.jobs.store import store_ended_early, store_held
from editor.models import Attempt, Edit, Spending, Status, release

log = logging.getLogger(__name__)
MAX_PREPARATIONS = 5


def run(edit_id: int) -> bool:
    """Carry a queued edit through one attempt: one call, for the first of its frames that has not come.
    False when it was not there to be claimed. With frames left the edit is queued again.

    Safe to call any number of times, at once or again: the claim decides. Never raises for what a
    provider does; whatever happens ends in a status.
    """
    if not Spending.load().is_allowed:
        return False
    token = uuid4()
    if not Edit.objects.claim(edit_id, token=token, now=timezone.now(), lease=leases.length()):
        return False
    crash("after-claim")
    with leases.held(token):
        edit = Edit.objects.select_related("source", "created_by").get(pk=edit_id)
        log.info("edit %s running", edit_id)
        _attempt(edit, token)
    store_ended_early(edit)
    return True


def next_frame(edit: Edit) -> int:
    """The index of the first frame that has not come."""
    if not outcome.has_several_frames(edit):
        return 0
    answered = edit.attempts.filter(outcome=Attempt.Outcome.SUCCEEDED)
    came = set(answered.values_list("frame", flat=True))
    # All have come where a process looks that lost the edit: its intent will be refused.
    return next((index for index in range(len(edit.frames)) if index not in came), 0)


def _attempt(edit: Edit, token: UUID) -> None:
    frame = next_frame(edit)
    try:
        request = prepare(edit, frame)
    except ProviderRejected as refused:
        outcome.fail(edit, refused, token=token)
        return
    except Exception:
        log.exception("edit %s could not be prepared", edit.pk)
        _try_later(edit, token)
        return
    crash("before-intent")
    attempt = record_intent(edit, request, token, frame)
    if attempt is None:
        return
    crash("after-intent")
    try:
        meta = _call(edit, attempt, request, token)
    except ProviderError as error:
        outcome.conclude(edit, attempt, error, token=token)
        return
    del request  # storing needs the room that its pictures take
    crash("after-spool")
    if keep_answer(edit, attempt, meta, token=token):
        crash("after-answered")
        store_held(edit.pk, token)


def record_intent(edit: Edit, request: Request, token: UUID, frame: int = 0) -> Attempt | None:
    """Commit that we are about to send, if `token` still holds the edit and spending is allowed.

    None when not: then nothing may be sent. The condition on the token is what keeps a process that
    was frozen past its lease from buying what another one has bought meanwhile.
    """
    now = timezone.now()
    with durable():
        if not Spending.load().is_allowed:
            _back_to_queue(edit, token)
            return None
        mine = Q(token=token, sent_at=None, cancel_requested_at=None)
        if not Edit.objects.change(edit.pk, was=Status.RUNNING, where=mine, sent_at=now):
            log.info("edit %s is no longer ours", edit.pk)
            return None
        edit.refresh_from_db(fields=["hold_microusd", "bought_by", "bought_because"])
        return Attempt.objects.create(
            edit=edit,
            number=edit.attempts.count() + 1,
            frame=frame,
            token=token,
            provider=provider().base_url,
            sent=_told(request),
            sent_at=now,
            hold_microusd=edit.hold_microusd,
            bought_by=edit.bought_by,
            bought_because=edit.bought_because,
        )


def _told(request: Request) -> dict[str, Any]:
    """The parameters as they are sent, for the record; the files are kept elsewhere."""
    stripped = provider().stripped
    return {name: value for name, value in request.chosen().items() if name not in stripped}


def _call(edit: Edit, attempt: Attempt, request: Request, token: UUID) -> AnswerMeta:
    give_back()
    return client.send(
        provider(),
        request,
        into=spool.answer(attempt.key),
        key=str(attempt.key),
        before_body=partial(crash, "before-body"),
        on_partial=partials.Keeper(edit, attempt, token) if request.stream else None,
    )


def keep_answer(edit: Edit, attempt: Attempt, meta: AnswerMeta, *, token: UUID) -> bool:
    """running -> storing, now that the answer is in the spool. False when the edit is no longer ours."""
    with durable():
        changed = Edit.objects.change(
            edit.pk, was=Status.RUNNING, where=Q(token=token), status=Status.STORING
        )
        if changed:
            note_answer(attempt, meta)
    if changed:
        log.info("edit %s storing", edit.pk)
    return changed


def note_answer(attempt: Attempt, meta: AnswerMeta) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(
        outcome=Attempt.Outcome.ANSWERED,
        answered_at=meta.received_at,
        http_status=meta.status,
        request_id=meta.request_id[:200],
        bytes=meta.bytes,
    )


def _try_later(edit: Edit, token: UUID) -> None:
    """Something of our own failed before anything was sent: again in a while, but not for ever."""
    if edit.waits + 1 >= MAX_PREPARATIONS:
        sentence = "The picture or its mask could not be read from storage."
        outcome.fail(edit, ProviderRejected(sentence, code="not_prepared"), token=token)
        return
    Edit.objects.change(
        edit.pk,
        was=Status.RUNNING,
        where=Q(token=token, sent_at=None),
        status=Status.QUEUED,
        token=None,
        waits=edit.waits + 1,
        not_before=timezone.now() + timedelta(seconds=5 * 2**edit.waits),
        trouble="not_prepared_yet",
    )


def _back_to_queue(edit: Edit, token: UUID) -> None:
    Edit.objects.change(
        edit.pk,
        was=Status.RUNNING,
        where=Q(token=token, sent_at=None),
        status=Status.QUEUED,
        token=None,
    )


def cancel_unsent(edit: Edit) -> Status | None:
    """queued or running, with nothing sent: canceled at once, and the hold is given back. The new
    status; None when there was nothing to cancel.

    Where some of several frames have come, it is storing: they are put together first.
    """
    with durable():
        changed = outcome.end(
            edit,
            was=(Status.QUEUED, Status.RUNNING),
            where=Q(sent_at=None),
            status=Status.CANCELED,
            token=None,
            cost_microusd=outcome.cost_of(edit, None, 0),
        )
        if changed:
            release(edit)
    return changed
