"""Pictures as they were written: in their own colours and their own depth, to be put together again.

Everything else in this room works on 8-bit sRGB. What is stored must equal the source bit by bit where it
was not edited: so it is made from the master, and what comes from elsewhere is brought to it.
"""

import io
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from . import colour, decoding, exif, extending, formats, png_writing
from .arrays import Bounds, Mask, Pixels, Size, size_of
from .extending import Margins
from .files import TRUSTED
from .png_writing import Samples
from .refusals import ImageRefused

_STRIP_ROWS = 256
_OPAQUE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}
_RED_AND_BLUE = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}


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
        conversion = self._conversion
        is_deep = self.pixels.dtype == np.uint16
        if not is_deep and self.is_srgb:
            return pixels
        found = np.empty(pixels.shape, self.pixels.dtype)
        for rows in _strips(len(pixels)):
            found[rows] = pixels[rows]
            if conversion and not conversion.is_identity and pixels[rows].size:
                image = Image.fromarray(np.ascontiguousarray(pixels[rows][..., :3]))
                found[rows][..., :3] = np.asarray(conversion.from_srgb(image))
            if is_deep:
                found[rows] *= 257
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
    pixels: Samples = _shallow(decoded.image)
    is_rounded = False
    if decoded.bits == 16:
        is_rounded = decoded.mode.startswith("I;16")
        pixels = _agreed(_deep(source, decoded), pixels, is_rounded)
    block = _data(source) if decoded.format == "tiff" else decoded.exif
    kept = exif.tidied(block, keep_place=keep_place) if block else None
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
    found = _decoded_by_opencv(stored) if _is_whole_png(stored) else None
    wanted = master.pixels
    if found is None or found.ndim != 3 or found.dtype != wanted.dtype:
        return False, 0
    if found.shape[:2] != wanted.shape[:2] or mask.shape != wanted.shape[:2]:
        return False, 0
    compared = int(mask.size - np.count_nonzero(mask))
    if found.shape[2] < wanted.shape[2]:
        return compared == 0, compared
    is_same = all(
        _is_same_outside(_as_rgb(found[rows]), wanted[rows], mask[rows])
        for rows in _strips(len(wanted))
    )
    return is_same, compared


def _is_whole_png(stored: bytes) -> bool:
    try:
        formats.require_whole("png", io.BytesIO(stored), len(stored))
    except ImageRefused:
        return False
    return formats.sniff(stored[: formats.HEAD_BYTES]) == "png"


def _is_same_outside(found: Samples, wanted: Samples, mask: Mask) -> bool:
    channels = wanted.shape[2]
    if found.shape[2] > channels:
        if np.any((found[..., 3] != _OPAQUE[found.dtype]) & (mask == 0)):
            return False
        found = found[..., :channels]
    if np.array_equal(found, wanted):
        return True
    return not np.any((found != wanted).any(axis=2) & (mask == 0))


def _shallow(image: Image.Image) -> Pixels:
    pixels = np.empty((image.height, image.width, len(image.getbands())), np.uint8)
    for top, strip in decoding.strips(image):
        pixels[top : top + strip.height] = np.asarray(strip)
    return pixels


def _deep(source: Path | bytes, decoded: decoding.Decoded) -> Samples | None:
    """The same picture with 16 bits, through OpenCV: Pillow has no mode for that."""
    found = _decoded_by_opencv(_data(source))
    if found is None or found.dtype != np.uint16:
        return None
    if found.ndim == 2:
        found = np.repeat(found[..., None], 3, axis=2)
    else:
        for rows in _strips(len(found)):
            found[rows] = _as_rgb(found[rows])
    if decoded.format == "tiff":  # OpenCV has turned it already
        return found
    return _turned(found, decoded.orientation)


def _agreed(deep: Samples | None, shallow: Pixels, is_rounded: bool) -> Samples:
    """`deep`, where it is the very picture that was decoded to 8 bits; else that.

    They differ where the colours had to be converted, where alpha is multiplied in, and about what
    counts as alpha: what everybody has been shown decides.
    """
    if deep is None or deep.shape[:2] != shallow.shape[:2]:
        return shallow
    if deep.shape[2] == 4 and shallow.shape[2] == 3 and not _is_nearly_opaque(deep):
        deep = np.ascontiguousarray(deep[..., :3])
    for rows in _strips(len(deep)):
        reduced = _reduced(deep[rows], is_rounded)[..., : shallow.shape[2]]
        if not np.array_equal(reduced, shallow[rows]):
            return shallow
    return deep


def _is_nearly_opaque(pixels: Samples) -> bool:
    """Whether its alpha is opaque to 8 bits, but not to 16."""
    lowest = int(pixels[..., 3].min())
    return 255 * 256 <= lowest < 65535


def _reduced(pixels: Samples, is_rounded: bool) -> Pixels:
    if pixels.dtype == np.uint8:
        return pixels
    if is_rounded:
        return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return (pixels >> 8).astype(np.uint8)


def _turned(pixels: Samples, orientation: int) -> Samples:
    """Upright: what decoding does with EXIF's eight orientations."""
    if orientation not in range(2, 9):
        return pixels
    turned = pixels.swapaxes(0, 1) if orientation >= 5 else pixels
    if orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    if orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    return np.ascontiguousarray(turned)


def _decoded_by_opencv(data: bytes | memoryview) -> Samples | None:
    """As it is in the file: channels in the order BGR or BGRA, neither turned nor converted."""
    try:
        found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    return found if found is not None and found.dtype in _OPAQUE else None


def _as_rgb(strip: Samples) -> Samples:
    return np.asarray(cv2.cvtColor(strip, _RED_AND_BLUE[strip.shape[2]]), strip.dtype)


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
