"""POST /v1/images/edits, /generations, /variations: the answer waits for the edit."""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from django.http.response import HttpResponseBase
from django.utils import timezone

from editor.gateway.asking import Wish, wish_of
from editor.gateway.door import Caller, open_to
from editor.gateway.links import link_to
from editor.gateway.results import Ended, description_of, ended, made_of
from editor.gateway.sending import Sending, is_gone, sent
from editor.gateway.streaming import Events
from editor.gateway.waiting import Place, places, until_over
from editor.images_api import answers
from editor.images_api.answers import Given
from editor.images_api.messages import Operation
from editor.images_api.refusals import Refusal
from editor.jobs.connections import give_back
from editor.models import Result

JSON = "application/json"


@open_to("POST")
def image_edits(request: Caller, deployment: str = "") -> HttpResponseBase:
    return _served(request, "edit", deployment)


@open_to("POST")
def image_generations(request: Caller, deployment: str = "") -> HttpResponseBase:
    return _served(request, "generate", deployment)


@open_to("POST")
def image_variations(request: Caller) -> HttpResponseBase:
    return _served(request, "vary")


def _served(request: Caller, operation: Operation, deployment: str = "") -> HttpResponseBase:
    """`deployment` is the model that the path names; one that the body names goes before it."""
    place = places.take()
    try:
        wish = wish_of(request, operation, deployment)
        response = _streamed(request, wish, place) if wish.streams else _whole(request, wish, place)
    except BaseException:
        place.free()
        raise
    response["x-maskroom-edit"] = str(wish.edit_id)
    return response


def _streamed(request: Caller, wish: Wish, place: Place) -> HttpResponseBase:
    events = Events(wish.edit_id, wish.operation, wish.safety_identifier)
    return sent(
        _sending(request, wish, place, events, is_final=lambda: events.is_final),
        answers.EVENT_STREAM,
    )


def _whole(request: Caller, wish: Wish, place: Place) -> HttpResponseBase:
    until_over(wish.edit_id)
    try:
        pieces = _answer(request, wish, ended(wish.edit_id))
    except Refusal as refusal:
        sending = _sending(request, wish, place, [json.dumps(refusal.body).encode()])
        return sent(sending, JSON, status=refusal.status, headers=refusal.headers)
    give_back()
    return sent(_sending(request, wish, place, pieces), JSON)


def _answer(request: Caller, wish: Wish, done: Ended) -> Iterator[bytes]:
    """The answer in pieces. The first picture is made at once: what fails then is told properly."""
    first, *others = done.results
    made = made_of(first)
    given = chain([_given(request, wish, first)], (_given(request, wish, each) for each in others))
    description = description_of(done, made, wish.safety_identifier)
    return answers.response(done.created, given, description, done.usage)


def _given(request: Caller, wish: Wish, result: Result) -> Given:
    made = made_of(result)
    if wish.as_url:
        return Given(url=link_to(result, request), revised_prompt=made.revised_prompt)
    return Given(made.data(), revised_prompt=made.revised_prompt)


def _sending(
    request: Caller,
    wish: Wish,
    place: Place,
    pieces: Iterable[bytes],
    is_final: Callable[[], bool] = lambda: True,
) -> Sending:
    def on_sent() -> None:
        if is_final():
            wish.call.delivered(timezone.now())
        give_back()

    return Sending(pieces, is_gone=lambda: is_gone(request), on_sent=on_sent, on_closed=place.free)
