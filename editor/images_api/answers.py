"""The shapes of the API's answers, for servers.

Answers are made piece by piece: of a picture there is never a second copy, only the base64 text of
the piece at hand.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from editor.images_api.entries import Model
from editor.images_api.messages import Operation, Usage

KEEP_ALIVE = b": keep-alive\n\n"  # a comment of an event stream, which clients skip
EVENT_STREAM = "text/event-stream"
MODELS_CREATED = 1735689600  # 2025-01-01; the field must be there, and means nothing here
SLICE = 3 * 256 * 1024  # bytes encoded at a time; a multiple of three needs no padding

EVENTS: Mapping[Operation, str] = {"edit": "image_edit", "generate": "image_generation"}


@dataclass(frozen=True)
class Given:
    """One picture of an answer: its bytes, whole or in pieces, or a `url` where it can be had."""

    data: bytes | Iterable[bytes] = field(default=b"", repr=False)
    url: str = ""
    revised_prompt: str = ""


@dataclass(frozen=True, kw_only=True)
class Description:
    """What an answer says about its pictures. What is empty is left out."""

    size: str = ""  # "1024x1024"
    quality: str = ""
    background: str = ""  # transparent or opaque
    output_format: str = ""
    safety_identifier: str = ""

    def fields(self) -> dict[str, str]:
        return {name: value for name, value in vars(self).items() if value}


NOTHING = Description()


def response(
    created: int,
    pictures: Iterable[Given],
    description: Description = NOTHING,
    usage: Usage | None = None,
) -> Iterator[bytes]:
    """An ImagesResponse in JSON, in pieces; `created` in seconds since 1970. `pictures` are asked for
    one after the other, so they need not be in memory together."""
    yield b'{"created": %d, "data": [' % created
    for number, picture in enumerate(pictures):
        yield b", " if number else b""
        yield from _item(picture)
    after: dict[str, Any] = dict(description.fields())
    if usage is not None:
        after["usage"] = usage_fields(usage)
    yield b"]}" if not after else b"], " + json.dumps(after).encode()[1:]


def usage_fields(usage: Usage) -> dict[str, Any]:
    """The API's usage object. Tokens of which nobody knows what they were count as the picture's."""
    text_in, image_in = _split(
        usage.input_tokens, usage.input_text_tokens, usage.input_image_tokens
    )
    text_out, image_out = _split(
        usage.output_tokens, usage.output_text_tokens, usage.output_image_tokens
    )
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"text_tokens": text_in, "image_tokens": image_in},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"text_tokens": text_out, "image_tokens": image_out},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def partial_event(
    operation: Operation,
    data: bytes | Iterable[bytes],
    index: int,
    created: int,
    description: Description = NOTHING,
) -> bytes:
    """A preview as an event; `index` counts from 0. Only edits and generations have a stream."""
    more = {"created_at": created, "partial_image_index": index, **description.fields()}
    return _picture_event(f"{EVENTS[operation]}.partial_image", data, more)


def completed_event(
    operation: Operation,
    data: bytes | Iterable[bytes],
    created: int,
    description: Description = NOTHING,
    usage: Usage | None = None,
) -> bytes:
    """A finished picture as an event. Of several, each is counted by its own: clients add them up."""
    more: dict[str, Any] = {"created_at": created, **description.fields()}
    if usage is not None:
        more["usage"] = usage_fields(usage)
    return _picture_event(f"{EVENTS[operation]}.completed", data, more)


def error_event(body: Mapping[str, Any]) -> bytes:
    """The end of a stream that failed. `body` is the error envelope. The official client raises what
    stands under `error`, and takes an error that lies flat in the event for a picture."""
    return _event("error", json.dumps({"type": "error", **body}).encode())


def models_list(models: Iterable[Model], on: date) -> dict[str, Any]:
    return {"object": "list", "data": [model_entry(model, on) for model in models]}


def model_entry(model: Model, on: date) -> dict[str, Any]:
    """One served model. An end that is past is not told: whoever lists the model still serves it."""
    ends = None if model.is_shut_down(on) else model.shutdown_date
    return {
        "id": model.id,
        "object": "model",
        "created": MODELS_CREATED,
        "owned_by": "system",
        "shutdown_date": ends and ends.isoformat(),
    }


def _item(picture: Given) -> Iterator[bytes]:
    revised = {"revised_prompt": picture.revised_prompt} if picture.revised_prompt else {}
    if picture.url:
        yield json.dumps({"url": picture.url, **revised}).encode()
        return
    yield b'{"b64_json": "'
    yield from _encoded(picture.data)
    yield b'"' + (b", " + json.dumps(revised).encode()[1:] if revised else b"}")


def _encoded(data: bytes | Iterable[bytes]) -> Iterator[bytes]:
    """Base64 of bytes, a slice at a time."""
    rest = b""
    for piece in [data] if isinstance(data, bytes) else data:
        piece = rest + piece if rest else piece
        whole = len(piece) // 3 * 3
        for start in range(0, whole, SLICE):
            yield base64.b64encode(memoryview(piece)[start : min(start + SLICE, whole)])
        rest = piece[whole:]
    if rest:
        yield base64.b64encode(rest)


def _picture_event(type: str, data: bytes | Iterable[bytes], more: Mapping[str, Any]) -> bytes:
    head = json.dumps({"type": type, **more}).encode()[:-1]
    return _event(type, b"".join([head, b', "b64_json": "', *_encoded(data), b'"}']))


def _event(name: str, data: bytes) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), data)


def _split(total: int, text: int | None, image: int | None) -> tuple[int, int]:
    if text is None:
        text = 0 if image is None else max(total - image, 0)
    return text, total - text if image is None else image
