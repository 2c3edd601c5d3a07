"""Small pictures of known colours, and masks."""

import io

import numpy as np
from PIL import Image

Box = tuple[int, int, int, int]


def photo_pixels(size: tuple[int, int], shade: int = 0) -> np.ndarray:
    """A smooth picture in which every pixel is known: red runs across, green down."""
    width, height = size
    across = np.linspace(20, 230, width)[None, :].repeat(height, 0)
    down = np.linspace(20, 230, height)[:, None].repeat(width, 1)
    blue = np.full((height, width), 90 + shade % 120)
    return np.dstack([across, down, blue]).astype(np.uint8)


def photo_png(size: tuple[int, int] = (640, 480), shade: int = 0) -> bytes:
    return png(photo_pixels(size, shade))


def mask_pixels(size: tuple[int, int], *boxes: Box) -> np.ndarray:
    mask = np.zeros((size[1], size[0]), np.uint8)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = 255
    return mask


def mask_png(size: tuple[int, int], *boxes: Box) -> bytes:
    """As the studio sends it: 1 bit, white = change."""
    buffer = io.BytesIO()
    Image.fromarray(mask_pixels(size, *boxes)).convert("1").save(buffer, "PNG")
    return buffer.getvalue()


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))
