"""From a call to an edit: read, checked, stored, submitted."""

import logging
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.http import UnreadablePostError

from editor.gateway.door import Caller
from editor.gateway.inputs import Inputs, mask_in
from editor.gateway.repeats import call_of, fingerprint_of, key_reused
from editor.gateway.waiting import room
from editor.images_api import asked, refusals
from editor.images_api.asked import Asked
from editor.images_api.catalogue import Model, UnknownModel
from editor.images_api.messages import Operation, Request
from editor.images_api.refusals import Refusal
from editor.jobs.provider import known_models
from editor.jobs.submit import NewEdit, NotSubmitted, submit
from editor.models import Call, Spending

log = logging.getLogger(__name__)

# What a person chooses of an edit; the rest of a request says how it is to be answered.
OPTIONS = (
    "n", "size", "quality", "background", "input_fidelity", "moderation", "output_format",
    "output_compression", "style", "complexity",
)  # fmt: skip
UNTOLD_BYTES = 64 * 1024 * 1024  # what a body without a length is taken for


@dataclass(frozen=True)
class Wish:
    """How one call is to be answered; its pictures are stored by now, and no longer in memory."""

    call: Call
    edit_id: int
    operation: Operation
    streams: bool
    as_url: bool
    safety_identifier: str


def wish_of(request: Caller, operation: Operation, deployment: str) -> Wish:
    """Read the call and make it an edit, or find the edit that it made before. Raises Refusal."""
    with room.of(_room_for(request)):
        return _wish(request, operation, deployment)


def _wish(request: Caller, operation: Operation, deployment: str) -> Wish:
    with Inputs(request.token.person) as inputs:
        wanted = _checked(request, operation, inputs, _default(deployment))
        call = call_of(request, fingerprint_of(wanted.request))
        if call.edit_id is None:
            _submit(request, call, wanted, inputs)
    assert call.edit_id is not None
    log.info("%s of token %s: edit %s", request.request_id, request.token.pk, call.edit_id)
    return Wish(
        call=call,
        edit_id=call.edit_id,
        operation=operation,
        streams=bool(wanted.request.stream),
        as_url=(wanted.request.response_format or wanted.model.answers) == "url",
        safety_identifier=wanted.request.safety_identifier or "",
    )


def _default(deployment: str) -> Model | None:
    """The model that is meant where the body names none; None: the operation's own."""
    if not deployment:
        return None
    try:
        return known_models().get(deployment)
    except UnknownModel:
        raise refusals.unknown_model(deployment) from None


def _checked(request: Caller, operation: Operation, inputs: Inputs, default: Model | None) -> Asked:
    try:
        form = asked.read(
            operation,
            _body(request),
            _length(request),
            request.headers.get("Content-Type", ""),
            max_bytes=settings.GATEWAY_MOST_BODY_BYTES,
            max_json_bytes=settings.GATEWAY_MOST_JSON_BYTES,
        )
    except (UnreadablePostError, OSError) as error:
        raise refusals.bad_form("the connection broke before its end.") from error
    return asked.check(
        operation,
        form,
        known_models(),
        look=inputs.look,
        default=default,
        on=date.today() if settings.PROVIDER_IS_OPENAI else None,
        fetch=inputs.fetch if settings.GATEWAY_FETCH_URLS else None,
        find_file=inputs.find_file,
    )


def _body(request: Caller) -> Any:
    """The body as it comes in. Of one without a length Django reads nothing, so the server is asked."""
    return request if _length(request) is not None else request.META["wsgi.input"]


def _room_for(request: Caller) -> int:
    """The memory that the body will take. What is over a limit is refused before it takes any."""
    length = _length(request)
    return UNTOLD_BYTES if length is None else min(length, settings.GATEWAY_MOST_BODY_BYTES)


def _length(request: Caller) -> int | None:
    """None for a chunked body. Raises Refusal where neither length nor end would be known."""
    text = request.META.get("CONTENT_LENGTH") or ""
    if text.isdecimal():
        return int(text)
    if request.META.get("wsgi.input_terminated"):
        return None
    raise refusals.no_length()


def _submit(request: Caller, call: Call, wanted: Asked, inputs: Inputs) -> None:
    try:
        _require_spending()
        call.became(submit(_new_edit(request, call, wanted, inputs)))
    except NotSubmitted as told:
        call.forget()
        raise _refusal_for(told, wanted.model) from told
    except Refusal:
        call.forget()
        raise


def _new_edit(request: Caller, call: Call, wanted: Asked, inputs: Inputs) -> NewEdit:
    said, model = wanted.request, wanted.model
    mask = mask_in(said, alpha_is_mask=model.send_alpha)
    images = [inputs.store(part) for part in said.images]
    return NewEdit(
        person=request.token.person,
        operation=said.operation,
        source=images[0] if images else None,
        references=tuple(images[1:]),
        mask=mask,
        markup=said.markup.data if said.markup else None,
        prompt=said.prompt or "",
        model=model.id,
        options=_options(said, model),
        key=call.edit_key,
        fit="asked",
    )


def _options(said: Request, model: Model) -> dict[str, Any]:
    """Previews cost tokens, so none are asked for unless the caller streams and wants some."""
    chosen = {name: getattr(said, name) for name in OPTIONS}
    options = {name: value for name, value in chosen.items() if value is not None}
    if said.stream and said.partial_images:
        options["partial_images"] = said.partial_images
    return options


def _require_spending() -> None:
    spending = Spending.load()
    if spending.is_allowed:
        return
    sentence = "An administrator has stopped all spending here."
    if not spending.stopped:
        sentence = "Nothing is sent to the provider until an administrator has looked into it."
    kind = "service_unavailable_error"
    raise Refusal(503, sentence, kind, None, "spending_stopped", retry=False)


def _refusal_for(told: NotSubmitted, model: Model) -> Refusal:
    if told.conflict:
        return key_reused()
    if told.over_budget:
        sentence = "This month's budget does not cover the request. Ask an administrator."
        kind = "insufficient_quota"
        return Refusal(429, sentence, kind, None, "insufficient_quota", retry=False)
    return refusals.for_problem(told.problems[0], model)
