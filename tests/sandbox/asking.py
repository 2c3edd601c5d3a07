"""Plain multipart requests to a sandbox, as any client may send them."""

import base64
from typing import Any

import numpy as np
import requests

from editor.imaging import files, masks
from tests.drawing import mask_pixels, photo_pixels
from tests.sandbox_server import Sandbox

SIZE = (1024, 1024)
BOX = (300, 300, 500, 500)
MASK = mask_pixels(SIZE, BOX)


def picture(size: tuple[int, int] = SIZE, *, alpha: np.ndarray | None = None) -> bytes:
    pixels = photo_pixels(size)
    return files.encode_png(pixels if alpha is None else np.dstack([pixels, alpha]))


PICTURE = picture()
API_MASK = masks.api_mask_png(MASK)
PNG = "image/png"
SMALL = ("image", ("a.png", picture((256, 256)), PNG))
SMALL_MASK = masks.api_mask_png(mask_pixels((256, 256), (80, 80, 120, 120)))


def ask(
    sandbox: Sandbox,
    *,
    uploads: list[tuple[str, tuple[str, bytes, str]]] | None = None,
    mask: bytes | None = API_MASK,
    headers: dict[str, str] | None = None,
    path: str = "/images/edits",
    **fields: Any,
) -> requests.Response:
    """One POST. Fields that are None are left out; a list is sent as repeated fields."""
    given: dict[str, Any] = {"model": "gpt-image-2", "prompt": "Remove the sign", **fields}
    sent = [("image", ("a.png", PICTURE, PNG))] if uploads is None else list(uploads)
    if mask is not None:
        sent.append(("mask", ("mask.png", mask, PNG)))
    return requests.post(
        sandbox.base_url + path,
        data={name: value for name, value in given.items() if value is not None},
        files=sent or [("", ("", b""))],
        headers={"Authorization": f"Bearer {sandbox.key}", **(headers or {})},
        timeout=30,
        allow_redirects=False,
    )


def ask_small(sandbox: Sandbox, **fields: Any) -> requests.Response:
    """As `ask`, with little work to do, for tests that care about everything but the pixels."""
    small = {"model": "dall-e-2", "size": "256x256", "uploads": [SMALL], "mask": SMALL_MASK}
    return ask(sandbox, **{**small, **fields})


def pixels_of(item: dict[str, str]) -> np.ndarray:
    """The pixels of one item of an answer's data, inline or behind its URL."""
    if "url" in item:
        answer = requests.get(item["url"], timeout=10)
        assert answer.status_code == 200
        return files.open_picture(answer.content).pixels
    return files.open_picture(base64.b64decode(item["b64_json"], validate=True)).pixels


def edited(sandbox: Sandbox, **fields: Any) -> list[np.ndarray]:
    answer = ask(sandbox, **fields)
    assert answer.status_code == 200, answer.text
    return [pixels_of(item) for item in answer.json()["data"]]
