"""Answers as a stream of events: previews, finished pictures, and a sign of life in between."""

import json
import logging
import queue
import threading
from collections.abc import Iterator
from typing import Any

from editor.images_api import answers
from editor.images_api.refusals import Refusal
from editor.sandbox.faults import NO_PICTURE, NONE, error_in_stream
from editor.sandbox.orders import Order

log = logging.getLogger(__name__)


def answer(order: Order) -> None:
    """Do the work and send it event by event. Nothing is raised for work that fails: the stream has
    begun, so it ends with an error event."""
    handler = order.handler
    order.call.outcome = "200" if order.fault is NONE else f"200 {order.fault.name}"
    if order.fault.name == "truncate":
        _send_half(order)
        return
    handler.send_stream_head()
    for event in _with_signs_of_life(order):
        handler.send_chunk(event)
        if order.fault.name == "stream-cut":
            break
    if order.fault.name == "stream-cut":
        handler.drop()
    else:
        handler.end_stream()


def _send_half(order: Order) -> None:
    events = b"".join(_events(order))
    order.handler.send_stream_head()
    order.handler.send_chunk(events[: len(events) // 2])
    order.handler.drop()


def _with_signs_of_life(order: Order) -> Iterator[bytes]:
    """The events as they come from a thread of their own, and a comment whenever none came for a
    while. Closed early, as when the client has gone, it lets the thread end by itself."""
    came: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    is_wanted = threading.Event()
    is_wanted.set()

    def make() -> None:
        try:
            for event in _events(order):
                if not is_wanted.is_set():
                    return
                came.put(event)
        except Exception:
            log.exception("%s %s failed", order.operation, order.call.key)
            order.call.outcome = "500 crashed"
            sentence = "The sandbox failed. Its log says why."
            failed = Refusal(500, sentence, "server_error", code="server_error")
            came.put(answers.error_event(failed.body))
        finally:
            came.put(None)

    threading.Thread(target=make, daemon=True).start()
    try:
        yield from _arriving(came, order.handler.server.options.keep_alive)
    finally:
        is_wanted.clear()


def _arriving(came: "queue.SimpleQueue[bytes | None]", every: float) -> Iterator[bytes]:
    while True:
        try:
            event = came.get(timeout=every)
        except queue.Empty:
            yield answers.KEEP_ALIVE
            continue
        if event is None:
            return
        yield event


def _events(order: Order) -> Iterator[bytes]:
    if order.fault.name == "empty-data":
        return
    previews = order.request.partial_images or 0
    step = order.delay / (previews + 1)  # so previews come while the picture is still awaited
    yield from _previews(order, previews, step)
    if order.fault.name == "stream-cut" and not previews:
        yield answers.KEEP_ALIVE
    if order.fault.name == "stream-error":
        yield answers.error_event(error_in_stream(order.fault, order.call.request_id).body)
    elif order.fault.name == "stream-flat-error":
        yield _flat(error_in_stream(order.fault, order.call.request_id).body["error"])
    elif order.fault.name != "stream-ends":
        order.handler.pause(step)
        yield from _pictures(order, previews)


def _previews(order: Order, count: int, step: float) -> Iterator[bytes]:
    if not count:
        return
    between = order.fault.seconds(1.0) if order.fault.name == "slow-partials" else 0.0
    painter = order.handler.server.painter
    for index, preview in enumerate(painter.partials(order.work, count, order.fault.drift)):
        order.call.worked = True
        order.handler.pause(step + between)
        data = NO_PICTURE if order.fault.name == "bad-picture" else preview
        event = answers.partial_event(
            order.operation, data, index, int(order.created), order.description
        )
        yield _spoiled(order, event)


def _pictures(order: Order, previews: int) -> Iterator[bytes]:
    """One event after the other; each is counted by its own, and the clients add them up."""
    painter = order.handler.server.painter
    for number, picture in enumerate(painter.paint(order.work, order.fault.drift)):
        order.call.worked = True
        order.call.seconds = order.handler.elapsed()
        usage = order.usage(1, first=number == 0, previews=0 if number else previews)
        event = answers.completed_event(
            order.operation,
            order.fault.spoiled(picture),
            int(order.created),
            order.description,
            usage,
        )
        yield _spoiled(order, event)


def _spoiled(order: Order, event: bytes) -> bytes:
    return event[: len(event) // 2] + b"\n\n" if order.fault.name == "bad-json" else event


def _flat(error: dict[str, Any]) -> bytes:
    return b"event: error\ndata: %s\n\n" % json.dumps({**error, "type": "error"}).encode()
