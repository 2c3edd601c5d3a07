"""Pictures and masks drawn for the tests of this room."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from editor.imaging.arrays import Bounds, Mask, Pixels, Size


def noise(size: Size, channels: int = 3, seed: int = 0) -> Pixels:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (size[1], size[0], channels), dtype=np.uint8)


def plain(size: Size, colour: tuple[int, ...]) -> Pixels:
    return np.full((size[1], size[0], len(colour)), colour, np.uint8)


def smooth(size: Size) -> Pixels:
    """Slow gradients in three directions: survives resizing and lossy encoding well."""
    across = np.linspace(20, 220, size[0])[None, :]
    down = np.linspace(40, 200, size[1])[:, None]
    layers = [across + 0 * down, 0 * across + down, (across + down) / 2]
    return np.stack(layers, axis=2).astype(np.uint8)


def box_mask(size: Size, box: Bounds) -> Mask:
    mask = np.zeros((size[1], size[0]), np.uint8)
    mask[box[1] : box[3], box[0] : box[2]] = 255
    return mask


def disc_mask(size: Size, centre: tuple[int, int], radius: float) -> Mask:
    rows, columns = np.ogrid[: size[1], : size[0]]
    inside = (rows - centre[1]) ** 2 + (columns - centre[0]) ** 2 <= radius**2
    return np.where(inside, 255, 0).astype(np.uint8)


def saved(image: Image.Image, name: str = "PNG", **settings: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, name, **settings)
    return buffer.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def png_of(header: bytes, rows: bytes, *extra: bytes) -> bytes:
    """A PNG put together by hand; `header` is the body of IHDR, `rows` are filtered already."""
    data = png_chunk(b"IDAT", zlib.compress(rows))
    parts = [png_chunk(b"IHDR", header), *extra, data, png_chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def png_header(width: int, height: int, bits: int = 8, colour: int = 0) -> bytes:
    return struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
