"""Bodies as clients send them, read and checked as a server does."""

import io
import json
from datetime import date
from functools import cache
from typing import Any

import requests

from editor.images_api.asked import Asked, Form, Looked, LookFailed, Upload, check, read
from editor.images_api.catalogue import default
from editor.images_api.messages import Operation
from editor.images_api.refusals import Refusal
from editor.imaging import files, masks
from tests.drawing import mask_pixels, photo_pixels

PNG = "image/png"
Parts = list[tuple[str, tuple[Any, ...]]]


@cache
def png(side: int = 256, high: int = 0) -> bytes:
    return files.encode_png(photo_pixels((side, high or side)))


@cache
def api_mask(side: int = 256) -> bytes:
    return masks.api_mask_png(mask_pixels((side, side), (80, 80, 120, 120)))


def part(name: str, data: bytes, kind: str | None = PNG, filename: str = "a.png") -> Any:
    return (name, (filename, data, kind) if kind is not None else (filename, data))


def look(upload: Upload) -> Looked:
    try:
        picture = files.open_picture(upload.data)
    except files.ImageRefused:
        raise LookFailed from None
    return Looked(picture.format, picture.size, picture.has_alpha)


def form(parts: Parts, fields: dict[str, Any] | None = None) -> tuple[bytes, str]:
    """A multipart body and its content type. A list sends its field repeatedly."""
    sent = requests.Request("POST", "http://x/", data=fields or {}, files=parts or [("", "")])
    prepared = sent.prepare()
    assert isinstance(prepared.body, bytes)
    return prepared.body, prepared.headers["Content-Type"]


def read_body(
    body: bytes, kind: str, operation: Operation = "edit", length: int | None = -1, **limits: int
) -> Form:
    given = len(body) if length == -1 else length
    return read(operation, io.BytesIO(body), given, kind, **limits)


def asked(parts: Parts | None = None, operation: Operation = "edit", **fields: Any) -> Asked:
    """A multipart request. Fields that are None are left out."""
    if parts is None:
        parts = [part("image", png()), part("mask", api_mask(), filename="mask.png")]
    given = {"prompt": "Remove it", **fields} if operation == "edit" else fields
    body, kind = form(parts, {name: value for name, value in given.items() if value is not None})
    return check(operation, read_body(body, kind, operation), default(), look=look)


def asked_json(
    body: object, operation: Operation = "edit", *, on: date | None = None, **more: Any
) -> Asked:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    read = read_body(text, "application/json", operation)
    return check(operation, read, default(), look=look, on=on, **more)


def refused(call: Any, *given: Any, **more: Any) -> Refusal:
    """The refusal that a call ends in."""
    try:
        answer = call(*given, **more)
    except Refusal as refusal:
        return refusal
    raise AssertionError(f"it was not refused: {answer}")


def facts(refusal: Refusal) -> tuple[Any, ...]:
    said = refusal.body["error"]
    return refusal.status, said["type"], said["code"], said["param"]
