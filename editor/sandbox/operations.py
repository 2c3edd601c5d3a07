"""POST /v1/images/…: from a body to pictures, and the faults that stand in their way."""

import logging
from typing import TYPE_CHECKING

from editor.images_api import asked
from editor.images_api.asked import Asked, Upload
from editor.images_api.errors import ProviderRejected
from editor.images_api.messages import Operation
from editor.images_api.refusals import Refusal, blocked_by_moderation, invalid_value
from editor.sandbox import plain, streams
from editor.sandbox.calls import Call
from editor.sandbox.faults import Fault, refusal_for
from editor.sandbox.looking import Decoder
from editor.sandbox.orders import Order
from editor.sandbox.results import Expired, Unknown

if TYPE_CHECKING:
    from editor.sandbox.handlers import Handler

log = logging.getLogger(__name__)
BLOCKED_WORDS = "moderation test"
FORMATS = ("png", "jpeg", "webp")
GONE_CHECK = 0.2
# A stream that meets one of these is answered like any other call.
NO_STREAM = frozenset({"drop-after", "drip", "html", "error-200", "plain-json"})


def serve(handler: "Handler", operation: Operation) -> None:
    """One call: counted before anything else, and never without an outcome in the end."""
    key = handler.headers.get("X-Client-Request-Id", "")[:200]
    call = handler.server.calls.add(Call(key, handler.request_id, operation))
    try:
        _serve(handler, operation, call)
    except Refusal as refusal:
        call.outcome = f"{refusal.status} {refusal.code or ''}".strip()
        raise
    except (ConnectionError, TimeoutError):
        call.outcome = "gone"
        raise
    except Exception:
        log.exception("%s %s failed", operation, call.key)
        call.outcome = "500 crashed"
        sentence = "The sandbox failed. Its log says why."
        raise Refusal(500, sentence, "server_error", code="server_error") from None
    finally:
        call.seconds = handler.elapsed()
        call.ended = True
        log.info(
            "%s %s %s %s in %.3f s", operation, call.key, call.model, call.outcome, call.seconds
        )


def _serve(handler: "Handler", operation: Operation, call: Call) -> None:
    handler.require_key()
    handler.take_turn()
    fault = handler.fault()
    content_type = handler.headers.get("Content-Type", "")
    form = asked.read(operation, handler.body, handler.body.length, content_type)
    call.model = str(next(iter(form.values("model")), None) or "")[:100]
    if _is_stopped_before_work(handler, call, fault):
        return
    decoder = Decoder(handler.server.painter.gate)
    wish = asked.check(
        operation,
        form,
        handler.server.catalogue,
        look=decoder.look,
        on=handler.server.today() if handler.server.options.refuses_retired else None,
        fetch=lambda address: _own_result(handler, address),
    )
    _note(call, wish)
    if wish.request.output_format not in (None, *FORMATS):
        raise invalid_value("output_format", "The sandbox makes PNG, JPEG and WebP only.")
    if BLOCKED_WORDS in (wish.request.prompt or "").lower():
        raise blocked_by_moderation(handler.request_id)
    order = Order(handler, call, fault, decoder.work(wish))
    is_stream = bool(wish.request.stream) and fault.name not in NO_STREAM
    (streams if is_stream else plain).answer(order)


def _is_stopped_before_work(handler: "Handler", call: Call, fault: Fault) -> bool:
    if fault.status is not None:
        raise refusal_for(fault, handler.request_id, handler.wrong_key())
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


def _note(call: Call, wish: Asked) -> None:
    call.model = wish.model.id
    call.n = wish.request.n or 1
    call.streamed = bool(wish.request.stream)


def _own_result(handler: "Handler", address: str) -> Upload:
    """A picture that this sandbox made before. Other addresses are not opened."""
    begin = f"{handler.origin}/files/"
    if not address.startswith(begin):
        raise ProviderRejected("the sandbox opens addresses of its own results only.")
    try:
        path = handler.server.results.find(address.removeprefix(begin).partition("?")[0]).path
    except (Expired, Unknown):
        raise ProviderRejected("there is no such result (any more).") from None
    return Upload("image", path.name, f"image/{path.suffix[1:]}", path.read_bytes())
