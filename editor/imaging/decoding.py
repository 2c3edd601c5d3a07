"""Picture files to upright 8-bit sRGB, with Pillow alone: no numpy, so that a child starts fast."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# The plugins are named because Image.open knows only the oldest five by itself.
from PIL import (
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from . import colour, formats
from .refusals import ImageRefused, Limits

_PILLOW_NAMES = {
    "avif": AvifImagePlugin.AvifImageFile.format,
    "gif": GifImagePlugin.GifImageFile.format,
    "jpeg": JpegImagePlugin.JpegImageFile.format,
    "png": PngImagePlugin.PngImageFile.format,
    "tiff": TiffImagePlugin.TiffImageFile.format,
    "webp": WebPImagePlugin.WebPImageFile.format,
}

_ORIENTATION = 0x0112
_BITS_PER_SAMPLE = 0x0102
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TURNED = (5, 6, 7, 8)

STRIP_ROWS = 256
_LARGE_WEBP = 16_000_000


@dataclass(frozen=True)
class Decoded:
    """An upright picture (mode RGB or RGBA), maybe shrunk; `size` is that of the original.

    It is sRGB, or of `profile`, where its own colours were asked for. `bits` are those that the file has
    for each sample, `mode` is Pillow's of the file, `exif` the block as it was found.
    """

    image: Image.Image
    format: str
    frames: int
    size: tuple[int, int]
    mode: str = "RGB"
    bits: int = 8
    orientation: int = 1
    profile: bytes | None = None
    exif: bytes | None = None

    @property
    def has_alpha(self) -> bool:
        return self.image.mode == "RGBA"


def decode(
    source: Path | bytes,
    limits: Limits,
    *,
    long_side: int | None = None,
    in_own_colours: bool = False,
) -> Decoded:
    """The first frame of a picture file, upright, 8-bit, sRGB; alpha is kept unless all opaque.

    With `long_side` it is shrunk to that many pixels as early as possible, which saves time
    and memory; never enlarged. `in_own_colours` leaves a picture whose profile colour.conversion can
    use in the colours of that profile. Raises ImageRefused and nothing else, whatever the bytes.
    """
    with _only_refusals(), _stream(source) as file:
        file_size = file.seek(0, os.SEEK_END)
        image, format_name = _opened(file, file_size, limits)
        width, height = image.size
        try:
            return _decoded(image, format_name, file, long_side, in_own_colours)
        except MemoryError:
            raise ImageRefused("too_many_pixels", width=width, height=height) from None


def strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """(top, strip) pairs that cover the image: pixels leave Pillow without a second copy."""
    for top in range(0, image.height, STRIP_ROWS):
        yield top, image.crop((0, top, image.width, min(top + STRIP_ROWS, image.height)))


def _decoded(
    image: Image.Image,
    format_name: str,
    file: BinaryIO,
    long_side: int | None,
    in_own_colours: bool,
) -> Decoded:
    orientation = _orientation(image)
    profile = image.info.get("icc_profile")
    mode, bits = image.mode, _bits(image, format_name, file)
    size = image.size if orientation not in _TURNED else (image.height, image.width)
    target = _target(image.size, long_side)
    if target != image.size:
        image.draft(image.mode, target)  # JPEG: decodes at 1/2, 1/4 or 1/8 of the size
    opened = image
    image, frames = _loaded(opened, format_name, file)
    flat = colour.without_idle_alpha(colour.flattened(image))
    if flat.size != target:
        flat = colour.shrunk(flat, target)
    kept = colour.kept_profile(flat, profile) if in_own_colours else None
    shown = colour.as_rgb(flat) if kept else colour.to_srgb(flat, profile)
    upright = _turned(shown, orientation)
    return Decoded(upright, format_name, frames, size, mode, bits, orientation, kept, _exif(opened))


@contextmanager
def _only_refusals() -> Iterator[None]:
    try:
        yield
    except ImageRefused:
        raise
    except EOFError:
        raise ImageRefused("truncated") from None
    except UnidentifiedImageError:
        raise ImageRefused("broken") from None
    except Exception as error:  # decoders raise at least seven kinds on rubbish
        text = str(error).lower()
        raise ImageRefused("truncated" if "truncated" in text else "broken") from None


@contextmanager
def _stream(source: Path | bytes) -> Iterator[BinaryIO]:
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        yield file


def _opened(file: BinaryIO, file_size: int, limits: Limits) -> tuple[Image.Image, str]:
    """The picture with its header read and everything checked that a header can tell."""
    if file_size > limits.max_bytes:
        raise ImageRefused(
            "too_many_bytes",
            megabytes=_megabytes(file_size),
            limit=_megabytes(limits.max_bytes),
        )
    file.seek(0)
    head = file.read(formats.HEAD_BYTES)
    format_name = formats.require_taken(head)
    declared = formats.declared_size(format_name, head)
    if declared:
        formats.require_size(declared, limits)
    formats.require_whole(format_name, file, file_size)
    file.seek(0)
    image = Image.open(file, formats=[_PILLOW_NAMES[format_name]])
    formats.require_size(image.size, limits)
    return image, format_name


def _loaded(image: Image.Image, format_name: str, file: BinaryIO) -> tuple[Image.Image, int]:
    """The picture with its pixels, and its number of frames."""
    if format_name == "webp" and image.width * image.height > _LARGE_WEBP:
        frames = _frames(image)
        if frames == 1:
            # only here are numpy and OpenCV worth the time that it takes to import them
            from . import large_webp

            file.seek(0)
            return large_webp.read(file.read()), frames
    image.load()
    return image, _frames(image)


def _megabytes(count: int) -> str:
    return f"{count / 1024 / 1024:.1f}".removesuffix(".0")


def _orientation(image: Image.Image) -> int:
    """1 to 8; 1 for a broken EXIF block, and for TIFF, which Pillow turns by itself."""
    if image.format == TiffImagePlugin.TiffImageFile.format:
        return 1
    with suppress(Exception):
        return int(image.getexif().get(_ORIENTATION, 1))
    return 1


def _bits(image: Image.Image, format_name: str, file: BinaryIO) -> int:
    """Of each sample, as the file has them: Pillow opens colours of 16 bits with 8."""
    if format_name == "png":
        file.seek(24)
        return file.read(1)[0]
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        with suppress(Exception):
            return int(max(image.tag_v2[_BITS_PER_SAMPLE]))
    return 8


def _exif(image: Image.Image) -> bytes | None:
    """The block of EXIF as it was written; not for TIFF, where the file is its own."""
    found = image.info.get("exif")
    return found if isinstance(found, bytes) else None


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    method = _UPRIGHT.get(orientation)
    return image.transpose(method) if method is not None else image


def _frames(image: Image.Image) -> int:
    """Counted by walking the file; the second picture of an MPO is a preview, not a frame."""
    if isinstance(image, MpoImagePlugin.MpoImageFile):
        return 1
    with suppress(Exception):
        return int(getattr(image, "n_frames", 1))
    return 1


def _target(size: tuple[int, int], long_side: int | None) -> tuple[int, int]:
    if long_side is None or max(size) <= long_side:
        return size
    ratio = long_side / max(size)
    return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))
