"""Mask algebra, and the one place that knows the API's polarity.

A mask is (height, width) uint8 with only 0 and 255; 255 = change here.
"""

import io
import math

import cv2
import numpy as np
from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from . import formats
from .arrays import Bounds, Mask, Size, size_of

THRESHOLD = 128
_STRIP_ROWS = 1024
MAX_API_MASK_BYTES = 4 * 1024 * 1024
"""The Images API takes masks below 4 MB."""

_FORMATS = (
    PngImagePlugin.PngImageFile.format,
    JpegImagePlugin.JpegImageFile.format,
    WebPImagePlugin.WebPImageFile.format,
)


class MaskRefused(ValueError):
    """A mask cannot be used. `code` is one of not_a_mask, wrong_size, empty, covers_all.

    str() is one English sentence for a person; `facts` has the numbers in it.
    """

    def __init__(self, code: str, sentence: str, **facts: object) -> None:
        super().__init__(sentence)
        self.code = code
        self.facts = facts


def read_mask(data: bytes, size: Size) -> Mask:
    """The mask in a PNG, WebP or JPEG where white means change; grey is split at 128.

    Transparent pixels count as black. Raises MaskRefused (not_a_mask, wrong_size); the size
    is compared before anything is decoded, so memory is bounded by `size`.
    """
    image = _opened(data, size)
    return _decided(_luminance(image))


def read_alpha_mask(data: bytes, size: Size) -> Mask:
    """The mask in a picture whose transparent pixels (alpha below 128) mean change.

    Raises MaskRefused (not_a_mask when there is no alpha channel, wrong_size).
    """
    image = _opened(data, size)
    if not image.has_transparency_data:
        raise MaskRefused(
            "not_a_mask",
            "This mask has no transparency: make the area to change transparent.",
        )
    return _alpha_to_mask(_alpha(image))


def require_area(mask: Mask) -> None:
    """Raises MaskRefused("empty") when nothing is painted."""
    if not mask.any():
        raise MaskRefused("empty", "The mask is empty: paint over what should change.")


def require_surroundings(mask: Mask) -> None:
    """Raises MaskRefused("covers_all") when no pixel is left unpainted."""
    if mask.all():
        raise MaskRefused(
            "covers_all", "The mask covers the whole picture: leave some of it unpainted."
        )


def share(mask: Mask) -> float:
    """The masked part of the picture, 0.0 to 1.0."""
    return float(np.count_nonzero(mask)) / mask.size if mask.size else 0.0


def bounds(mask: Mask) -> Bounds | None:
    """The smallest bounds that hold every masked pixel; None for an empty mask."""
    left, top, width, height = cv2.boundingRect(mask)
    return (left, top, left + width, top + height) if width else None


def diagonal(mask: Mask) -> float:
    """Length in pixels of the diagonal of the mask's bounds; 0.0 for an empty mask."""
    return _diagonal(bounds(mask))


def grow(mask: Mask, radius: int) -> Mask:
    """The mask with every pixel within `radius` pixels (Euclidean) of it. A new array.

    In strips, each with `radius` rows more on both sides, so that little more memory is taken.
    """
    grown = mask.copy()
    box = bounds(mask)
    if box is None or radius <= 0:
        return grown
    left, top, right, bottom = grown_bounds(box, radius, size_of(mask))
    for start in range(top, bottom, _STRIP_ROWS):
        stop = min(start + _STRIP_ROWS, bottom)
        first = max(0, start - radius)
        near = mask[first : stop + radius, left:right]
        if near.any():
            outside = cv2.distanceTransform(
                cv2.bitwise_not(near), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
            )[start - first : stop - first]
            grown[start:stop, left:right] = np.where(outside <= radius, 255, 0)
    return grown


def grown_bounds(box: Bounds, radius: int, size: Size) -> Bounds:
    """The bounds of a mask that is grown by `radius` within a picture of `size`."""
    return (
        max(0, box[0] - radius),
        max(0, box[1] - radius),
        min(size[0], box[2] + radius),
        min(size[1], box[3] + radius),
    )


def grow_radius(box: Bounds | None) -> int:
    """How far a painted mask within these bounds is grown: 4 px + 0.4 % of their diagonal."""
    return 4 + round(0.004 * _diagonal(box))


def mask_png(mask: Mask) -> bytes:
    """The form in which masks are stored: 1-bit grey PNG, white = change."""
    return _png(Image.fromarray(mask).convert("1", dither=Image.Dither.NONE), level=6)


def api_mask_png(mask: Mask) -> bytes:
    """What the Images API wants: an RGBA PNG of the same size, alpha 0 = change.

    Raises MaskRefused("not_a_mask") if the file cannot be brought below 4 MB.
    """
    rgba = np.zeros((*mask.shape, 4), np.uint8)
    rgba[..., 3] = cv2.bitwise_not(mask)
    for level in (3, 9):
        data = _png(Image.fromarray(rgba), level)
        if len(data) < MAX_API_MASK_BYTES:
            return data
    raise MaskRefused(
        "not_a_mask", "This mask is too fine to send: paint fewer, larger areas.", bytes=len(data)
    )


def api_mask_to_mask(data: bytes, size: Size) -> Mask:
    """The inverse of api_mask_png. Raises MaskRefused as read_alpha_mask does."""
    return read_alpha_mask(data, size)


def _diagonal(box: Bounds | None) -> float:
    return math.hypot(box[2] - box[0], box[3] - box[1]) if box else 0.0


def _alpha_to_mask(alpha: Mask) -> Mask:
    return np.where(alpha < THRESHOLD, 255, 0).astype(np.uint8)


def _opened(data: bytes, size: Size) -> Image.Image:
    try:
        _require_declared_size(data[: formats.HEAD_BYTES], size)
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
        _require_size(image.size, size)
        image.load()
    except MaskRefused:
        raise
    except Exception as error:  # decoders raise at least seven kinds on rubbish
        raise MaskRefused(
            "not_a_mask", "This mask cannot be read: send it as a PNG, WebP or JPEG."
        ) from error
    return image


def _require_declared_size(head: bytes, size: Size) -> None:
    """Before Pillow is asked, which allocates a WebP's canvas on opening."""
    declared = formats.declared_size(formats.sniff(head) or "", head)
    if declared:
        _require_size(declared, size)


def _require_size(found: Size, wanted: Size) -> None:
    if found == wanted:
        return
    raise MaskRefused(
        "wrong_size",
        f"The mask is {found[0]} x {found[1]} pixels, but the picture is "
        f"{wanted[0]} x {wanted[1]}: they must be the same size.",
        found=found,
        wanted=wanted,
    )


def _luminance(image: Image.Image) -> Mask:
    if image.mode.startswith("I;16"):
        # convert("L") clips 16-bit grey instead of scaling it
        return (np.asarray(image) >> 8).astype(np.uint8)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba)
    return np.asarray(image.convert("L"))


def _alpha(image: Image.Image) -> Mask:
    return np.asarray(image.convert("RGBA").getchannel("A"))


def _decided(grey: Mask) -> Mask:
    return np.where(grey >= THRESHOLD, 255, 0).astype(np.uint8)


def _png(image: Image.Image, level: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=level)
    return buffer.getvalue()
