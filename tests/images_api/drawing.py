"""Requests with real pictures for calls to a server."""

from functools import cache
from typing import Any

from editor.images_api.client import Provider
from editor.images_api.messages import FilePart, Request
from editor.imaging import files, masks
from tests.drawing import mask_pixels, photo_pixels

SIDE = 1024
BOX = (300, 300, 500, 500)
CANARY = "sk-canary-4fJ92kLmQ8"


@cache
def parts(side: int = SIDE) -> tuple[FilePart, FilePart]:
    """A picture and a mask with one square to change."""
    size = (side, side)
    box = tuple(edge * side // SIDE for edge in BOX)
    picture = files.encode_png(photo_pixels(size))
    mask = masks.api_mask_png(mask_pixels(size, box))  # type: ignore[arg-type]
    return (
        FilePart("image.png", picture, "image/png", size),
        FilePart("mask.png", mask, "image/png", size, has_alpha=True),
    )


def a_request(side: int = SIDE, **changes: Any) -> Request:
    picture, mask = parts(side)
    given = {"model": "gpt-image-2", "prompt": "Remove the sign", "size": f"{side}x{side}"}
    return Request(**{**given, "images": (picture,), "mask": mask, **changes})


def a_provider(base_url: str, **changes: Any) -> Provider:
    given = {"base_url": base_url, "api_key": CANARY, "connect_timeout": 2.0, "overall": 20.0}
    return Provider(**{**given, **changes})
