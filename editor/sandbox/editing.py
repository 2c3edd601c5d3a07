"""POST /v1/images/edits: the work, the answer, and the faults that stand in their way."""

import base64
import json
import logging
import time
from typing import TYPE_CHECKING, Any, cast

from editor.images_api import pricing
from editor.images_api.entries import Model
from editor.images_api.errors import envelope
from editor.images_api.messages import Request, Size
from editor.sandbox import forms
from editor.sandbox.calls import Call
from editor.sandbox.faults import NONE, Fault
from editor.sandbox.forms import Checked
from editor.sandbox.pictures import size_of_answer
from editor.sandbox.refusals import Refusal, blocked_by_moderation, for_fault

if TYPE_CHECKING:
    from editor.sandbox.handlers import Handler

log = logging.getLogger(__name__)
BLOCKED_WORDS = "moderation test"
DRIP_PAUSE = 0.5  # seconds between two bytes
DRIP_LENGTH = 10_000_000
GONE_CHECK = 0.2


def serve_edit(handler: "Handler") -> None:
    """One call: counted before anything else, and never without an outcome in the end."""
    call = Call(
        key=handler.headers.get("X-Client-Request-Id", "")[:200], request_id=handler.request_id
    )
    handler.server.calls.add(call)
    try:
        _edit(handler, call)
    except Refusal as refusal:
        call.outcome = f"{refusal.status} {refusal.code or ''}".strip()
        raise
    except (ConnectionError, TimeoutError):
        call.outcome = "gone"
        raise
    except Exception:
        log.exception("edit %s failed", call.key)
        call.outcome = "500 crashed"
        raise Refusal(
            500, "The sandbox failed. Its log says why.", "server_error", code="server_error"
        ) from None
    finally:
        call.seconds = handler.elapsed()
        call.ended = True
        log.info("edit %s %s %s in %.3f s", call.key, call.model, call.outcome, call.seconds)


def _edit(handler: "Handler", call: Call) -> None:
    handler.require_key()
    fault = handler.fault()
    content_type = handler.headers.get("Content-Type", "")
    form = forms.read_form(handler.body, handler.body.length, content_type)
    call.model = next(iter(form.values("model")), "")[:100]
    if _is_stopped_before_work(handler, call, fault):
        return
    checked = forms.check(form, handler.server.catalogue, handler.server.painter.gate)
    call.n = checked.request.n or 1
    if BLOCKED_WORDS in (checked.request.prompt or "").lower():
        raise blocked_by_moderation(handler.request_id)
    handler.pause(handler.server.options.delay)
    if fault.name == "slow":
        handler.pause(fault.seconds())
    pictures = list(handler.server.painter.paint(checked))
    call.worked = True
    call.seconds = handler.elapsed()
    _answer(handler, call, fault, checked, pictures)


def _is_stopped_before_work(handler: "Handler", call: Call, fault: Fault) -> bool:
    if fault.status is not None:
        raise for_fault(fault, handler.request_id)
    if fault.name == "drop-before":
        call.outcome = "dropped"
        handler.drop()
        return True
    if fault.name == "never":
        call.outcome = "silent"
        while not handler.is_gone() and not handler.server.stopping.is_set():
            handler.pause(GONE_CHECK)
        handler.drop()
        return True
    return False


def _answer(
    handler: "Handler", call: Call, fault: Fault, checked: Checked, pictures: list[bytes]
) -> None:
    call.outcome = "200" if fault is NONE else f"200 {fault.name}"
    if fault.name == "drop-after":
        call.outcome = "dropped"
        handler.drop()
        return
    if fault.name == "drip":
        _drip(handler)
        return
    if fault.name == "html":
        page = b"<!doctype html><title>502</title><h1>Bad gateway</h1>"
        handler.send_head(200, "text/html", len(page))
        handler.send_pieces([page])
        return
    if fault.name == "error-200":
        handler.send_json(
            envelope("The work could not be finished.", "server_error", code="server_error")
        )
        return
    if fault.name == "bad-picture":
        pictures = [b"This is not a picture." for _ in pictures]
    if fault.name == "empty-data":
        pictures = []
    _send(handler, fault, _pieces(handler, fault, checked, pictures))


def _send(handler: "Handler", fault: Fault, pieces: list[bytes]) -> None:
    body_length = sum(map(len, pieces))
    if fault.name not in ("truncate", "bad-json"):
        handler.send_head(200, "application/json", body_length)
        handler.send_pieces(pieces)
        return
    half = b"".join(pieces)[: body_length // 2]
    announced = body_length if fault.name == "truncate" else len(half)
    handler.send_head(200, "application/json", announced)
    handler.send_pieces([half])
    if fault.name == "truncate":
        handler.drop()


def _drip(handler: "Handler") -> None:
    handler.send_head(200, "application/json", DRIP_LENGTH)
    for _ in range(DRIP_LENGTH):
        if handler.server.stopping.is_set():
            break
        handler.send_pieces([b" "])
        handler.pause(DRIP_PAUSE)
    handler.drop()


def _pieces(
    handler: "Handler", fault: Fault, checked: Checked, pictures: list[bytes]
) -> list[bytes]:
    """The answer's JSON, without a second copy of its pictures."""
    request, model = checked.request, checked.model
    created = time.time()
    pieces = [b'{"created": %d, "data": [' % created]
    wants_url = (request.response_format or model.answers) == "url"
    for number, picture in enumerate(pictures):
        pieces.append(b", " if number else b"")
        if wants_url:
            url = _url(handler, picture, request, created, fault)
            pieces.append(json.dumps({"url": url}).encode())
        else:
            pieces += [b'{"b64_json": "', base64.b64encode(picture), b'"}']
    size = size_of_answer(model, request, (checked.source.shape[1], checked.source.shape[0]))
    described = json.dumps(_description(model, request, size)).encode()
    return [*pieces, b"]" + (b"}" if described == b"{}" else b", " + described[1:])]


def _url(handler: "Handler", picture: bytes, request: Request, created: float, fault: Fault) -> str:
    host = handler.headers.get("Host") or handler.server.base_url.split("/")[2]
    kept = fault if fault.is_of_urls else NONE
    suffix = request.output_format or "png"
    return f"http://{host}{handler.server.results.add(picture, suffix, created, kept)}"


def _description(model: Model, request: Request, size: Size) -> dict[str, Any]:
    """What GPT Image models say besides their pictures; models priced by the picture say nothing."""
    if model.tokens is None:
        return {}
    quality = cast(str, request.quality or model.default_quality)
    if quality == "auto":
        quality = "medium"
    text = pricing.text_tokens(len(request.prompt or ""))
    image = sum(
        pricing.input_tokens(model, part.size, request.input_fidelity) for part in request.images
    )
    made = pricing.output_tokens(model, quality, size) * (request.n or 1)
    return {
        "background": "opaque",
        "output_format": request.output_format or "png",
        "quality": quality,
        "size": f"{size[0]}x{size[1]}",
        "usage": {
            "input_tokens": text + image,
            "input_tokens_details": {"text_tokens": text, "image_tokens": image},
            "output_tokens": made,
            "output_tokens_details": {"text_tokens": 0, "image_tokens": made},
            "total_tokens": text + image + made,
        },
    }
