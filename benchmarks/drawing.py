"""Pictures that cost what photographs cost: smooth shapes with fine grain, the same ones every time."""

import io

import numpy as np
from PIL import Image

Size = tuple[int, int]
Box = tuple[int, int, int, int]
GRAIN = 6


def photo(size: Size, seed: int = 1) -> Image.Image:
    """Clouds of colour at many scales, and the grain of a sensor over them."""
    random = np.random.default_rng(seed)
    width, height = size
    pixels = np.full((height, width, 3), 118, np.int16)
    for cells, weight in ((4, 70), (16, 34), (64, 16), (256, 8)):
        pixels += _cloud(random, size, cells, weight)
    grain = random.integers(-GRAIN, GRAIN + 1, (height, width, 1), dtype=np.int16)
    return Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8))


def jpeg(size: Size, seed: int = 1, quality: int = 92) -> bytes:
    buffer = io.BytesIO()
    photo(size, seed).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def png(size: Size, seed: int = 1) -> bytes:
    buffer = io.BytesIO()
    photo(size, seed).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def mask_png(size: Size, box: Box) -> bytes:
    """As the studio sends it: 1 bit, white = change."""
    mask = Image.new("1", size)
    mask.paste(1, box)
    buffer = io.BytesIO()
    mask.save(buffer, "PNG")
    return buffer.getvalue()


def api_mask_png(size: Size, box: Box) -> bytes:
    """As scripts send it: transparent = change."""
    mask = Image.new("RGBA", size, (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), box)
    buffer = io.BytesIO()
    mask.save(buffer, "PNG")
    return buffer.getvalue()


def with_comment(data: bytes, number: int) -> bytes:
    """The same JPEG as another file: identical bytes would be stored once."""
    comment = b"number %d" % number
    return data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:]


def _cloud(random: np.random.Generator, size: Size, cells: int, weight: int) -> np.ndarray:
    few = random.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
    cloud = Image.fromarray(few).resize(size, Image.Resampling.BICUBIC)
    return (np.asarray(cloud).astype(np.int16) - 128) * weight // 128
