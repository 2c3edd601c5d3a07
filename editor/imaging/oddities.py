"""Pictures as no provider should send them, for the local provider to send: what is made of them is
tested and tried out with these."""

import io
import struct
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image, ImageCms

from .arrays import Pixels, size_of
from .files import encode_png, open_picture, with_alpha
from .filling import procedural

HUGE_PIXELS = 100_000_000


def odd(picture: bytes, name: str) -> bytes:
    """The picture of a file that open_picture can read, as another file with one thing wrong about it.

    `name` is one of NAMES (KeyError); "truncated" keeps the file and takes half of its bytes away.
    """
    if name == "truncated":
        return picture[: len(picture) // 2]
    return _ODDITIES[name](open_picture(picture).pixels)


def _rotated(pixels: Pixels) -> bytes:
    return encode_png(np.ascontiguousarray(np.rot90(pixels)))


def _mirrored(pixels: Pixels) -> bytes:
    return encode_png(np.ascontiguousarray(pixels[:, ::-1]))


def _other(pixels: Pixels) -> bytes:
    return encode_png(procedural(size_of(pixels), int(pixels[::16, ::16].sum())))


def _other_size(pixels: Pixels) -> bytes:
    return encode_png(_resized(pixels, 0.75, 0.75))


def _other_aspect(pixels: Pixels) -> bytes:
    return encode_png(_resized(pixels, 2 / 3, 1.0))


def _black(pixels: Pixels) -> bytes:
    return encode_png(np.zeros((*pixels.shape[:2], 3), np.uint8))


def _transparent(pixels: Pixels) -> bytes:
    clear = with_alpha(pixels).copy()
    clear[..., 3] = 0
    return encode_png(clear)


def _animated(pixels: Pixels) -> bytes:
    later = [Image.fromarray(255 - pixels), Image.fromarray(pixels // 2)]
    return _saved(Image.fromarray(pixels), "PNG", save_all=True, append_images=later, duration=200)


def _of_16_bits(pixels: Pixels) -> bytes:
    order = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
    done, data = cv2.imencode(".png", cv2.cvtColor(pixels, order).astype(np.uint16) * 257)
    if not done:
        raise ValueError("the pixels could not be encoded as PNG")
    return data.tobytes()


def _for_print(pixels: Pixels) -> bytes:
    return _saved(Image.fromarray(pixels[..., :3]).convert("CMYK"), "JPEG", quality=95)


def _in_wider_colours(pixels: Pixels) -> bytes:
    profile = _display_p3()
    image = Image.fromarray(pixels[..., :3])
    wide = ImageCms.profileToProfile(
        image, ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(profile))
    )
    return _saved(wide or image, "PNG", compress_level=1, icc_profile=profile)


def _huge(pixels: Pixels) -> bytes:
    """Grey, for a quarter of the memory."""
    width, height = size_of(pixels)
    factor = (HUGE_PIXELS / (width * height)) ** 0.5
    grey = cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_RGB2GRAY)
    size = round(width * factor) + 1, round(height * factor) + 1
    large = cv2.resize(grey, size, interpolation=cv2.INTER_NEAREST)
    return _saved(Image.fromarray(large), "PNG", compress_level=1)


_ODDITIES: dict[str, Callable[[Pixels], bytes]] = {
    "rotated": _rotated,
    "mirrored": _mirrored,
    "other": _other,
    "other-size": _other_size,
    "other-aspect": _other_aspect,
    "black": _black,
    "transparent": _transparent,
    "animated": _animated,
    "16-bit": _of_16_bits,
    "cmyk": _for_print,
    "profile": _in_wider_colours,
    "huge": _huge,
}
NAMES = (*_ODDITIES, "truncated")


def _resized(pixels: Pixels, across: float, down: float) -> Pixels:
    width, height = size_of(pixels)
    size = max(1, round(across * width)), max(1, round(down * height))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _saved(image: Image.Image, format_name: str, **settings: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **settings)
    return buffer.getvalue()


def _display_p3() -> bytes:
    """An ICC profile (version 2.4) of Display P3's primaries, adapted to D50, with a gamma of 2.2."""
    red, green, blue = (0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)
    gamma = struct.pack(">4sIIH", b"curv", 0, 1, round(2.2 * 256)) + b"\0\0"
    name = b"Wide\0"
    words = struct.pack(">4sII", b"desc", 0, len(name)) + name + bytes(78)
    tags = {b"desc": words, b"cprt": struct.pack(">4sI", b"text", 0) + b"None\0\0\0\0"}
    tags |= {b"wtpt": _xyz((0.9642, 1.0, 0.8249)), b"rXYZ": _xyz(red)}
    tags |= {b"gXYZ": _xyz(green), b"bXYZ": _xyz(blue)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), gamma)
    return _profile(tags)


def _xyz(values: tuple[float, float, float]) -> bytes:
    return struct.pack(">4sI3i", b"XYZ ", 0, *(round(value * 65536) for value in values))


def _profile(tags: dict[bytes, bytes]) -> bytes:
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        padded = data + bytes(-len(data) % 4)
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += padded
    white = struct.pack(">3i", round(0.9642 * 65536), 65536, round(0.8249 * 65536))
    head = struct.pack(
        ">I4xI4s4s4s12x4s24x", start + len(body), 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp"
    )
    return (head + bytes(4) + white).ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body
