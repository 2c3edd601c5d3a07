"""Plain calls of the gateway, as any program may send them, and what comes back."""

import base64
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import requests

from editor.imaging import files, masks
from tests.drawing import mask_pixels, photo_pixels

PNG = "image/png"
SIZE = (320, 240)
BOX = (100, 80, 180, 150)
SQUARE = (256, 256)
SQUARE_BOX = (80, 80, 120, 120)


def png(size: tuple[int, int] = SIZE, *, shade: int = 0, alpha: np.ndarray | None = None) -> bytes:
    pixels = photo_pixels(size, shade)
    return files.encode_png(pixels if alpha is None else np.dstack([pixels, alpha]))


def api_mask(size: tuple[int, int] = SIZE, box: Any = BOX) -> bytes:
    return masks.api_mask_png(mask_pixels(size, box))


PHOTO, MASK = png(), api_mask()
SMALL, SMALL_MASK = png(SQUARE), api_mask(SQUARE, SQUARE_BOX)
# The cheapest work that there is: tests that do not look at pixels use it.
CHEAP = {"model": "dall-e-2", "prompt": "Remove the sign", "size": "256x256"}


def upload(name: str, data: bytes, kind: str = PNG, filename: str = "a.png") -> Any:
    return (name, (filename, data, kind))


CHEAP_FILES = [upload("image", SMALL), upload("mask", SMALL_MASK)]


@dataclass(frozen=True)
class Gateway:
    """`base_url` ends in /v1; `key` is a token."""

    base_url: str
    key: str

    def post(
        self, path: str = "/images/edits", *, key: str | None = None, **request: Any
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {key or self.key}", **request.pop("headers", {})}
        return requests.post(
            self.base_url + path,
            headers={name: value for name, value in headers.items() if value},
            timeout=request.pop("timeout", 30),
            allow_redirects=False,
            **request,
        )

    def get(self, path: str, *, key: str | None = None, **request: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {key or self.key}", **request.pop("headers", {})}
        return requests.get(
            self.base_url + path, headers=headers, timeout=30, allow_redirects=False, **request
        )

    def edit(self, *, files: Any = None, headers: Any = None, **fields: Any) -> requests.Response:
        """An edit with a form, the cheapest there is unless said otherwise; None leaves a field out."""
        data = {name: value for name, value in {**CHEAP, **fields}.items() if value is not None}
        sent = CHEAP_FILES if files is None else files
        return self.post(data=data, files=sent or [("", ("", b""))], headers=headers or {})


def pixels_of(data: bytes) -> np.ndarray:
    return files.open_picture(data).pixels


def picture_in(item: Any) -> bytes:
    """The bytes of one item of an answer's data, of the official client or of plain JSON."""
    fields = item if isinstance(item, dict) else item.model_dump()
    if fields.get("url"):
        answer = requests.get(fields["url"], timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.content
    return base64.b64decode(fields["b64_json"], validate=True)


def error_in(response: requests.Response) -> dict[str, Any]:
    """The error, once it is sure that the answer is the API's in every way."""
    assert response.headers["Content-Type"] == "application/json", response.text
    assert response.headers["x-request-id"].startswith("req_")
    body = response.json()
    assert set(body) == {"error"}, body
    error: dict[str, Any] = body["error"]
    assert {"message", "type", "param", "code"} <= set(error)
    return error


def events_in(text: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream, without its comments."""
    blocks = [block for block in text.split("\n\n") if block and not block.startswith(":")]
    found = []
    for block in blocks:
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found
