"""Picture files to upright 8-bit sRGB, with Pillow alone: no numpy, so that a child starts fast."""

import io
import os
import sys
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
    ImageFile,
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

_FOREIGN = "B" if sys.byteorder == "little" else "L"
_OTHER_BYTES = {
    f"{bands};16{order}": f"{bands};16{other}"
    for bands in ("RGB", "RGBA", "RGBX")
    for order, other in (("B", "L"), ("L", "B"), ("N", _FOREIGN))
} | {"LA;16B": "RGBA"}  # the four bytes of each pixel

STRIP_ROWS = 256
_LARGE_WEBP = 16_000_000


@dataclass(frozen=True)
class Decoded:
    """An upright picture (mode RGB or RGBA), maybe shrunk; `size` is that of the original.

    It is sRGB, or of `profile`, where its own colours were asked for. `has_own_colours` tells whether
    its values are those of the file; `bits` are those that the file has for each sample, `rawmode` how
    Pillow calls what lies there, `exif` is the block as it was found.
    """

    image: Image.Image
    format: str
    frames: int
    size: tuple[int, int]
    bits: int = 8
    rawmode: str = ""
    orientation: int = 1
    has_own_colours: bool = False
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


def deeper(source: Path | bytes, decoded: Decoded) -> Image.Image | None:
    """What `decoded` has lost of a file with 16 bits, upright: grey whole (mode I;16 or I;16B), and of
    colours the less significant bytes (mode RGB or RGBA). None for what Pillow cannot read so.
    """
    if decoded.bits != 16 or not decoded.has_own_colours:
        return None
    with _only_refusals(), _stream(source) as file:
        image: Image.Image = Image.open(file, formats=[_PILLOW_NAMES[decoded.format]])
        if not image.mode.startswith("I;16") and not _read_other_bytes(image):
            return None
        image.load()
        if decoded.rawmode == "LA;16B":
            _, grey, _, alpha = image.split()
            image = Image.merge("RGBA", (grey, grey, grey, alpha))
        return _turned(image, decoded.orientation)


def stored_png(data: bytes, bits: int, *, is_less_significant: bool = False) -> Image.Image | None:
    """A PNG that we wrote, as it is in the file, of any size: mode RGB or RGBA, and of 16 bits the more or
    the less significant bytes. None if it is not whole, no PNG of such colours, or of other bits.
    """
    with suppress(Exception):  # as many kinds as for other rubbish
        file = io.BytesIO(data)
        formats.require_whole("png", file, len(data))
        file.seek(0)
        image = PngImagePlugin.PngImageFile(file)
        if data[24] != bits or image.mode not in ("RGB", "RGBA"):
            return None
        if is_less_significant and not _read_other_bytes(image):
            return None
        image.load()
        return image
    return None


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
    rawmode = _rawmode(image)  # first: looking for EXIF may load a PNG, which forgets it
    bits, orientation = _bits(image, format_name, file), _orientation(image)
    profile = image.info.get("icc_profile")
    size = image.size if orientation not in _TURNED else (image.height, image.width)
    target = _target(image.size, long_side)
    if target != image.size:
        image.draft(image.mode, target)  # JPEG: decodes at 1/2, 1/4 or 1/8 of the size
    opened = image
    image, frames = _loaded(opened, format_name, file)
    flat = colour.without_idle_alpha(colour.flattened(image))
    if flat.size != target:
        flat = colour.shrunk(flat, target)
    profile = colour.profile_for(flat, profile)
    is_own = in_own_colours and colour.can_be_kept(flat, profile)
    shown = colour.as_rgb(flat) if is_own else colour.to_srgb(flat, profile)
    return Decoded(
        _turned(shown, orientation),
        format_name,
        frames,
        size,
        bits,
        rawmode,
        orientation,
        has_own_colours=is_own,
        profile=profile if is_own and profile and colour.conversion(profile) else None,
        exif=_exif(opened),
    )


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
        position = file.tell()
        file.seek(24)
        bits = file.read(1)[0]
        file.seek(position)
        return bits
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        with suppress(Exception):
            return int(max(image.tag_v2[_BITS_PER_SAMPLE]))
    return 8


def _rawmode(image: Image.Image) -> str:
    tiles = getattr(image, "tile", None)
    if not tiles:
        return ""
    arguments = tiles[0].args
    found = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return found if isinstance(found, str) else ""


def _read_other_bytes(image: Image.Image) -> bool:
    """Makes Pillow read the less significant byte of each sample, as if their order were the other.

    It has no mode for colours of 16 bits, and keeps the more significant one by itself.
    """
    other = _OTHER_BYTES.get(_rawmode(image))
    if other is None or not isinstance(image, ImageFile.ImageFile):
        return False
    image.tile = [
        tile._replace(args=(other, *tile.args[1:]) if isinstance(tile.args, tuple) else other)
        for tile in image.tile
    ]
    return True


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
