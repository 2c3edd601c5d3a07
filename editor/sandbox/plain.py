"""Answers in one piece of JSON, and the faults of a connection while they are sent."""

from typing import TYPE_CHECKING

from editor.images_api import answers
from editor.images_api.answers import Given
from editor.images_api.errors import envelope
from editor.sandbox.faults import NONE
from editor.sandbox.orders import Order

if TYPE_CHECKING:
    from editor.sandbox.handlers import Handler

DRIP_PAUSE = 0.5  # seconds between two bytes
DRIP_LENGTH = 10_000_000
JSON = "application/json"


def answer(order: Order) -> None:
    """Do the work, and send it as the order's fault allows."""
    handler, fault = order.handler, order.fault
    handler.pause(order.delay)
    painted = handler.server.painter.paint(order.work, fault.drift)
    pictures = [fault.spoiled(picture) for picture in painted]
    order.call.worked = True
    order.call.seconds = handler.elapsed()
    order.call.outcome = "200" if fault is NONE else f"200 {fault.name}"
    match fault.name:
        case "drop-after":
            order.call.outcome = "dropped"
            handler.drop()
        case "drip":
            _drip(handler)
        case "html":
            page = b"<!doctype html><title>502</title><h1>Bad gateway</h1>"
            handler.send_head(200, "text/html", len(page))
            handler.send_pieces([page])
        case "error-200":
            sentence = "The work could not be finished."
            handler.send_json(envelope(sentence, "server_error", code="server_error"))
        case _:
            _send(order, pictures)


def _send(order: Order, pictures: list[bytes]) -> None:
    handler, fault = order.handler, order.fault
    if fault.name == "empty-data":
        pictures = []
    pieces = list(_pieces(order, pictures))
    length = sum(map(len, pieces))
    if fault.name not in ("truncate", "bad-json"):
        handler.send_head(200, JSON, length)
        handler.send_pieces(pieces)
        return
    half = b"".join(pieces)[: length // 2]
    handler.send_head(200, JSON, length if fault.name == "truncate" else len(half))
    handler.send_pieces([half])
    if fault.name == "truncate":
        handler.drop()


def _pieces(order: Order, pictures: list[bytes]) -> list[bytes]:
    wants_url = (order.request.response_format or order.model.answers) == "url"
    revised = order.revised_prompt
    given = [
        Given(url=_url(order, picture), revised_prompt=revised)
        if wants_url
        else Given(picture, revised_prompt=revised)
        for picture in pictures
    ]
    usage = order.usage(len(pictures))
    return list(answers.response(int(order.created), given, order.description, usage))


def _url(order: Order, picture: bytes) -> str:
    kept = order.fault if order.fault.is_of_urls else NONE
    suffix = order.request.output_format or "png"
    results = order.handler.server.results
    return order.handler.origin + results.add(picture, suffix, order.created, kept)


def _drip(handler: "Handler") -> None:
    handler.send_head(200, JSON, DRIP_LENGTH)
    for _ in range(DRIP_LENGTH):
        if handler.server.stopping.is_set():
            break
        handler.send_pieces([b" "])
        handler.pause(DRIP_PAUSE)
    handler.drop()
