"""What a caller is told of an edit that ended without pictures.

`x-should-retry` is true only where nothing was bought and a repeat may help: the official client
repeats what fails by itself, and would pay again.
"""

from typing import Any

from editor.images_api.refusals import REQUEST_ERROR, Refusal
from editor.models import Attempt, Edit, Status

SERVER_ERROR = "server_error"
BUSY_ERROR = "service_unavailable_error"
COME_BACK_S = 20
OUR_KEYS_TROUBLE = frozenset(
    {401, 407}
)  # it is our key that the provider refuses, not the caller's
NOT_OUR_REQUESTS_FAULT = ("not_prepared", "redirected")


def failure_of(edit: Edit, attempt: Attempt | None) -> Refusal:
    if edit.status == Status.CANCELED:
        return _canceled(edit)
    if edit.status == Status.UNKNOWN or attempt is None:
        return _unknown(edit) if edit.status == Status.UNKNOWN else _unsent(edit)
    match attempt.outcome:
        case Attempt.Outcome.REJECTED:
            return _rejected(edit, attempt)
        case Attempt.Outcome.BUSY:
            return _busy(edit)
        case Attempt.Outcome.NOT_SENT:
            return _unreached(edit)
        case Attempt.Outcome.UNUSABLE:
            return _unusable(edit)
    return _unknown(edit)


def still_running(edit_id: int, waited_s: float) -> Refusal:
    sentence = f"Edit {edit_id} is not done after {waited_s:.0f} seconds. It goes on; "
    sentence += "the same call, repeated by the client or with its Idempotency-Key, waits for it."
    headers = {"retry-after": "1"}
    return Refusal(504, sentence, SERVER_ERROR, None, "still_running", headers=headers, retry=True)


def _canceled(edit: Edit) -> Refusal:
    sentence = f"Edit {edit.pk} was canceled in Maskroom."
    return Refusal(409, sentence, REQUEST_ERROR, None, "canceled", retry=False)


def _unknown(edit: Edit) -> Refusal:
    sentence = (
        f"The outcome of edit {edit.pk} is unknown: it was sent to the provider and may have "
    )
    sentence += f"been paid for. Decide in Maskroom, at /edits/{edit.pk}/, what becomes of it."
    return Refusal(502, sentence, SERVER_ERROR, None, "outcome_unknown", retry=False)


def _unsent(edit: Edit) -> Refusal:
    """It was refused here, before anything was sent."""
    if edit.trouble in NOT_OUR_REQUESTS_FAULT:
        return Refusal(500, _said(edit), SERVER_ERROR, None, edit.trouble, retry=False)
    return Refusal(400, _said(edit), REQUEST_ERROR, None, edit.trouble or None, retry=False)


def _rejected(edit: Edit, attempt: Attempt) -> Refusal:
    """The provider's refusal as it came, where it is about the request."""
    facts = attempt.error
    status = facts.get("status") or attempt.http_status or 400
    if status in OUR_KEYS_TROUBLE or edit.trouble in NOT_OUR_REQUESTS_FAULT:
        sentence = "Maskroom's provider does not accept its key or address. Tell an administrator."
        return Refusal(503, sentence, BUSY_ERROR, None, "provider_refuses", retry=False)
    code = facts.get("code") or edit.trouble
    return Refusal(
        status,
        _said(edit),
        facts.get("type") or REQUEST_ERROR,
        facts.get("param") or None,
        None if code.startswith("http_") else code,
        retry=False,
        **_moderation(facts),
    )


def _moderation(facts: dict[str, Any]) -> dict[str, Any]:
    stage, categories = facts.get("moderation_stage"), facts.get("moderation_categories")
    if not stage and not categories:
        return {}
    details = {"moderation_stage": stage or "unknown", "categories": categories or []}
    return {"moderation_details": details}


def _busy(edit: Edit) -> Refusal:
    headers = {"retry-after": str(COME_BACK_S)}
    kind = "rate_limit_error"
    return Refusal(429, _said(edit), kind, None, "rate_limit_exceeded", headers=headers, retry=True)


def _unreached(edit: Edit) -> Refusal:
    headers = {"retry-after": str(COME_BACK_S)}
    code = "provider_unreachable"
    return Refusal(503, _said(edit), BUSY_ERROR, None, code, headers=headers, retry=True)


def _unusable(edit: Edit) -> Refusal:
    sentence = f"{_said(edit)} It was paid for; what came is kept with edit {edit.pk}."
    return Refusal(502, sentence, SERVER_ERROR, None, edit.trouble or None, retry=False)


def _said(edit: Edit) -> str:
    return edit.trouble_text or f"Edit {edit.pk} could not be done."
