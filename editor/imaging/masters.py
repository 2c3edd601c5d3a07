"""Pictures as they were written: in their own colours and their own depth, to be put together again.

Everything else in this room works on 8-bit sRGB. What is stored must equal the source bit by bit where it
was not edited: so it is made from the master, and what comes from elsewhere is brought to it.
"""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from . import colour, decoding, deep_colour, exif, extending, png_writing
from .arrays import Bounds, Mask, Pixels, Size, size_of
from .extending import Margins
from .files import TRUSTED, with_alpha
from .png_writing import Samples

_STRIP_ROWS = 256


@dataclass(frozen=True, eq=False)
class Master:
    """A picture as it was written, upright.

    `pixels` is (height, width, 3) RGB or (height, width, 4) RGBA with straight alpha, uint8 or uint16, in the colours
    of `profile`: an ICC profile of RGB, to be written with them; None is sRGB. They cannot be written to.
    `exif` begins with its byte order, as png_writing and files take it. `is_rounded` tells how
    16 bits become 8: to the nearest, or to the higher byte.
    """

    pixels: Samples
    profile: bytes | None = None
    exif: bytes | None = None
    is_rounded: bool = False

    @property
    def size(self) -> Size:
        return size_of(self.pixels)

    @property
    def is_srgb(self) -> bool:
        """Whether the pixels' colours are sRGB, said by a profile or not."""
        found = self._conversion
        return found is None or found.is_identity

    def srgb(self, bounds: Bounds | None = None) -> Pixels:
        """(height, width, 3 or 4) uint8 within `bounds`: the values that files.open_picture gives there.

        As many channels as `pixels`. Not to be written to: a view, where the pixels are 8-bit sRGB.
        """
        left, top, right, bottom = bounds or (0, 0, *self.size)
        part = self.pixels[top:bottom, left:right]
        if part.dtype == np.uint8 and self.is_srgb:
            return part
        found = np.empty(part.shape, np.uint8)
        for rows in _strips(len(part)):
            found[rows] = self._converted(_reduced(part[rows], self.is_rounded))
        return found

    def native(self, pixels: Pixels) -> Samples:
        """sRGB (height, width, 3 or 4) uint8 as this picture would have them: its colours, its depth.

        The pixels themselves where nothing has to be done. Colours that the profile does not hold
        become the nearest that it does.
        """
        if self.pixels.dtype == np.uint8 and self.is_srgb:
            return pixels
        found = np.empty(pixels.shape, self.pixels.dtype)
        for rows in _strips(len(pixels)):
            found[rows] = self._native(pixels[rows])
        return found

    def extended(self, margins: Margins) -> "Master":
        """The canvas with `margins` around the picture, which stands in its place bit by bit.

        Around it is what extending.extended gives for the sRGB pixels, as far as the profile holds it.
        Raises ValueError for margins below 0.
        """
        if not any(margins):
            return self
        width, height = extending.canvas_size(self.size, margins)
        canvas = np.empty((height, width, self.pixels.shape[2]), self.pixels.dtype)
        for (left, top, right, bottom), part in extending.new_parts(self.srgb(), margins):
            canvas[top:bottom, left:right] = self.native(part)
        left, top, right, bottom = extending.place_of(self.size, margins)
        canvas[top:bottom, left:right] = self.pixels
        return _sealed(canvas, self.profile, self.exif, self.is_rounded)

    def _native(self, pixels: Pixels) -> Samples:
        conversion = self._conversion
        is_deep = self.pixels.dtype == np.uint16
        native: Samples = pixels.astype(np.uint16) * 257 if is_deep else pixels.copy()
        if self.profile is None or conversion is None or conversion.is_identity or not pixels.size:
            return native
        colours = np.ascontiguousarray(pixels[..., :3])
        deepened = deep_colour.from_srgb(self.profile) if is_deep else None
        if deepened:
            native[..., :3] = deepened(colours)
            return native
        native[..., :3] = np.asarray(conversion.from_srgb(Image.fromarray(colours)))
        if is_deep:
            native[..., :3] *= 257
        return native

    @property
    def _conversion(self) -> colour.Conversion | None:
        return colour.conversion(self.profile) if self.profile else None

    def _converted(self, pixels: Pixels) -> Pixels:
        conversion = self._conversion
        if conversion is None or conversion.is_identity or not pixels.size:
            return pixels
        colours = np.ascontiguousarray(pixels[..., :3])
        shown = np.asarray(conversion.to_srgb(Image.fromarray(colours)))
        return np.dstack([shown, pixels[..., 3:]])


def open_master(source: Path | bytes, *, keep_place: bool = False) -> Master:
    """The master of a picture that was accepted before, decoded in this process.

    Grey becomes RGB of equal values. PNG and TIFF of 16 bits keep them. CMYK, Lab, and
    pictures whose profile cannot be converted to are as files.open_picture gives them: 8-bit sRGB.
    EXIF goes along as exif.tidied leaves it. Raises ImageRefused if the file cannot be read.
    """
    decoded = decoding.decode(source, TRUSTED, in_own_colours=True)
    pixels = _deep(source, decoded)
    if pixels is None:
        pixels = _shallow(decoded.image)
    block = _data(source) if decoded.format == "tiff" else decoded.exif
    kept = exif.tidied(block, keep_place=keep_place) if block else None
    is_rounded = pixels.dtype == np.uint16 and decoded.rawmode.startswith("I;16")
    return _sealed(pixels, decoded.profile, kept, is_rounded)


def write_png(
    pixels: Samples,
    *,
    profile: bytes | None = None,
    exif: bytes | None = None,
    xmp: bytes | None = None,
) -> bytes:
    """A PNG of a master's pixels, or of what was made from them. See png_writing.encoded."""
    return png_writing.encoded(pixels, profile=profile, exif=exif, xmp=xmp)


def is_identical_outside(master: Master, stored: bytes, mask: Mask) -> tuple[bool, int]:
    """Whether the stored PNG shows the master wherever the mask is not set; how many pixels were compared.

    Every channel of every pixel counts, in the master's own depth; where the master has no alpha, one
    that was added must be opaque. (False, 0) for a file that cannot be read, or has another size
    or depth. Beside the master one decoded picture is held in memory.
    """
    compared = int(mask.size - np.count_nonzero(mask))
    is_deep = master.pixels.dtype == np.uint16
    outcomes = [_compared(master, stored, mask, shift) for shift in ((8, 0) if is_deep else (0,))]
    if None in outcomes:
        return False, 0
    return all(outcomes), compared


def _compared(master: Master, stored: bytes, mask: Mask, shift: int) -> bool | None:
    """Of one byte of each sample, `shift` bits up: whether they agree; None for another kind of picture."""
    wanted = master.pixels
    bits = 8 * wanted.itemsize
    image = decoding.stored_png(stored, bits, is_less_significant=shift < bits - 8)
    if image is None or image.size != master.size or mask.shape != wanted.shape[:2]:
        return None
    if len(image.getbands()) < wanted.shape[2]:
        return bool(np.all(mask))
    return all(
        _is_same_outside(
            np.asarray(strip),
            (wanted[top : top + strip.height] >> shift).astype(np.uint8),
            mask[top : top + strip.height],
        )
        for top, strip in decoding.strips(image)
    )


def _is_same_outside(found: Pixels, wanted: Pixels, mask: Mask) -> bool:
    channels = wanted.shape[2]
    if np.any((found[..., channels:] != 255) & (mask == 0)[..., None]):
        return False  # alpha that was added, and is not opaque
    if np.array_equal(found[..., :channels], wanted):
        return True
    return not np.any((found[..., :channels] != wanted).any(axis=2) & (mask == 0))


def _shallow(image: Image.Image) -> Pixels:
    pixels = np.empty((image.height, image.width, len(image.getbands())), np.uint8)
    for top, strip in decoding.strips(image):
        pixels[top : top + strip.height] = np.asarray(strip)
    return pixels


def _deep(source: Path | bytes, decoded: decoding.Decoded) -> Samples | None:
    """The picture with 16 bits; None where it has no more than 8, or cannot be read with more."""
    rest = decoding.deeper(source, decoded)
    if rest is None:
        return None
    if rest.mode.startswith("I;16"):
        return np.repeat(np.asarray(rest).astype(np.uint16)[..., None], 3, axis=2)
    high = decoded.image
    is_nearly_opaque = rest.mode == "RGBA" and rest.getextrema()[-1] != (255, 255)
    channels = 4 if high.mode == "RGBA" or is_nearly_opaque else 3
    pixels = np.empty((high.height, high.width, channels), np.uint16)
    for (top, more), (_, less) in zip(decoding.strips(high), decoding.strips(rest), strict=True):
        rows = pixels[top : top + more.height]
        rows[:] = _with_alpha(np.asarray(more))[..., :channels]
        rows <<= 8
        # where no lower byte was written for alpha, it is 0 or 255 like the higher one
        rows |= _with_alpha(np.asarray(less), np.asarray(more))[..., :channels]
    return pixels


def _with_alpha(pixels: Pixels, like: Pixels | None = None) -> Pixels:
    """RGBA; alpha that is missing is that of `like`, or opaque."""
    if pixels.shape[2] == 4:
        return pixels
    if like is not None and like.shape[2] == 4:
        return np.dstack([pixels, like[..., 3]])
    return with_alpha(pixels)


def _reduced(pixels: Samples, is_rounded: bool) -> Pixels:
    if pixels.dtype == np.uint8:
        return pixels
    if is_rounded:
        return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return (pixels >> 8).astype(np.uint8)


def _data(source: Path | bytes) -> bytes | memoryview:
    if isinstance(source, bytes):
        return source
    with source.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _sealed(
    pixels: Samples, profile: bytes | None, block: bytes | None, is_rounded: bool
) -> Master:
    pixels.flags.writeable = False
    return Master(pixels, profile, block, is_rounded)


def _strips(rows: int) -> Iterator[slice]:
    for top in range(0, rows, _STRIP_ROWS):
        yield slice(top, min(top + _STRIP_ROWS, rows))
