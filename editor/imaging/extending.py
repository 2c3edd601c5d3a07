"""Making room around a picture: the canvas that an extension is made on.

Everything new is filled with plausible ground, for a model to start from: the picture reflected at its
edges, softer the further out. The picture itself is copied into its place, bit by bit.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Bounds, Floats, Mask, Pixels, Size, size_of

Margins = tuple[int, int, int, int]
"""(left, top, right, bottom): whole pixels that are added, 0 or more."""

NO_MARGINS: Margins = (0, 0, 0, 0)

_SOFT_SIDE = 256  # of the small picture that the softness is taken from
_SOFTNESS = 0.04  # of its longer side: the deviation of the blur
_REACH = 0.25  # of the picture's shorter side: how far out nothing sharp is left
_STRIP_ROWS = 256


def canvas_size(size: Size, margins: Margins) -> Size:
    """(width, height) of a picture of `size` with `margins` around it."""
    left, top, right, bottom = margins
    return size[0] + left + right, size[1] + top + bottom


def place_of(size: Size, margins: Margins) -> Bounds:
    """Where the picture lies on its canvas."""
    left, top = margins[:2]
    return left, top, left + size[0], top + size[1]


def extended(pixels: Pixels, margins: Margins) -> Pixels:
    """The canvas: (height, width, 3 or 4) uint8, as many channels as `pixels`, a new array.

    `pixels` stands unchanged at (margins.left, margins.top). Margins may be larger than the picture,
    which is then reflected again and again; the same input always gives the same canvas. Beside
    the canvas only strips are held in memory. Raises ValueError for margins below 0.
    """
    _require_margins(margins)
    width, height = canvas_size(size_of(pixels), margins)
    canvas = np.empty((height, width, pixels.shape[2]), np.uint8)
    for (left, top, right, bottom), part in new_parts(pixels, margins):
        canvas[top:bottom, left:right] = part
    left, top, right, bottom = place_of(size_of(pixels), margins)
    canvas[top:bottom, left:right] = pixels
    return canvas


def new_parts(pixels: Pixels, margins: Margins) -> Iterator[tuple[Bounds, Pixels]]:
    """All that is new on the canvas, in parts of a few rows, each with its bounds there.

    Raises ValueError for margins below 0.
    """
    _require_margins(margins)
    if not any(margins):
        return
    size = size_of(pixels)
    width, height = canvas_size(size, margins)
    left, top, right, bottom = place_of(size, margins)
    rows, columns = _reflected(size[1], margins[1], height), _reflected(size[0], margins[0], width)
    soft = _softened(pixels, margins)
    out_rows, out_columns = _outside(height, top, bottom), _outside(width, left, right)
    reach = max(8.0, _REACH * min(size))
    for strip in _new_strips((width, height), (left, top, right, bottom)):
        across, down = slice(strip[0], strip[2]), slice(strip[1], strip[3])
        sharp = pixels[rows[down]][:, columns[across]]
        blurred = _enlarged(soft, (width, height), strip)
        far = np.hypot(out_rows[down, None], out_columns[None, across])
        share = np.minimum(far / reach, 1)[..., None]
        yield strip, (sharp + share * (blurred - sharp) + 0.5).astype(np.uint8)


def placed(pixels: Pixels, margins: Margins) -> Pixels:
    """The canvas with nothing around the picture: RGBA stays RGBA, and all that is new is clear."""
    _require_margins(margins)
    width, height = canvas_size(size_of(pixels), margins)
    canvas = np.zeros((height, width, pixels.shape[2]), np.uint8)
    left, top, right, bottom = place_of(size_of(pixels), margins)
    canvas[top:bottom, left:right] = pixels
    return canvas


def with_new_area(mask: Mask, size: Size, margins: Margins) -> Mask:
    """The mask (of the canvas's size) with all that lies outside the picture in it. A new array.

    Raises ValueError for a mask of another size.
    """
    if size_of(mask) != canvas_size(size, margins):
        raise ValueError(f"mask {size_of(mask)} is not of the canvas's size")
    whole = mask.copy()
    width, height = size_of(mask)
    for left, top, right, bottom in _bands((width, height), place_of(size, margins)):
        whole[top:bottom, left:right] = 255
    return whole


def new_area(size: Size, margins: Margins) -> Mask:
    """The mask of what is new alone."""
    width, height = canvas_size(size, margins)
    return with_new_area(np.zeros((height, width), np.uint8), size, margins)


def new_bounds(size: Size, margins: Margins) -> Bounds | None:
    """The smallest bounds that hold everything new; None without margins."""
    bands = _bands(canvas_size(size, margins), place_of(size, margins))
    if not bands:
        return None
    lefts, tops, rights, bottoms = zip(*bands, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _require_margins(margins: Margins) -> None:
    if len(margins) != 4 or min(margins) < 0:
        raise ValueError(f"{margins} are no margins")


def _reflected(length: int, before: int, count: int) -> NDArray[np.intp]:
    """For each of `count` places of the canvas, which of the picture's `length` it shows."""
    place = (np.arange(count) - before) % (2 * length)
    return np.where(place < length, place, 2 * length - 1 - place)


def _outside(count: int, first: int, last: int) -> Floats:
    """How far each of `count` places lies before `first` or behind `last`, in pixels; 0 between."""
    place = np.arange(count, dtype=np.float32)
    return np.maximum(np.maximum(first - place, place - (last - 1)), 0)


def _softened(pixels: Pixels, margins: Margins) -> Floats:
    """A small canvas, reflected and blurred: float32, its longer side _SOFT_SIDE or less."""
    size = size_of(pixels)
    width, height = canvas_size(size, margins)
    shrink = max(1.0, max(width, height) / _SOFT_SIDE)
    small = max(1, round(size[0] / shrink)), max(1, round(size[1] / shrink))
    less = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
    less = np.asarray(less, np.float32).reshape(small[1], small[0], -1)
    wide, high = max(1, round(width / shrink)), max(1, round(height / shrink))
    rows = _reflected(small[1], round(margins[1] / shrink), high)
    columns = _reflected(small[0], round(margins[0] / shrink), wide)
    ground = np.ascontiguousarray(less[rows][:, columns])
    blurred = cv2.GaussianBlur(ground, (0, 0), max(0.5, _SOFTNESS * max(wide, high)))
    return np.asarray(blurred, np.float32).reshape(high, wide, -1)


def _enlarged(soft: Floats, canvas: Size, strip: Bounds) -> Floats:
    """The part of the small canvas that lies under `strip`, at the canvas's size."""
    left, top, right, bottom = strip
    across = (np.arange(left, right, dtype=np.float32) + 0.5) * (soft.shape[1] / canvas[0]) - 0.5
    down = (np.arange(top, bottom, dtype=np.float32) + 0.5) * (soft.shape[0] / canvas[1]) - 0.5
    shape = bottom - top, right - left
    # a strip at a time: remap takes a place for every pixel, and no more than 32767 to a side
    found = cv2.remap(
        soft,
        np.broadcast_to(across[None, :], shape).copy(),
        np.broadcast_to(down[:, None], shape).copy(),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(found, np.float32).reshape(*shape, -1)


def _new_strips(canvas: Size, place: Bounds) -> Iterator[Bounds]:
    for left, top, right, bottom in _bands(canvas, place):
        for start in range(top, bottom, _STRIP_ROWS):
            yield left, start, right, min(start + _STRIP_ROWS, bottom)


def _bands(canvas: Size, place: Bounds) -> list[Bounds]:
    """What lies around `place`, in up to four parts that do not overlap."""
    left, top, right, bottom = place
    width, height = canvas
    bands = [
        (0, 0, width, top),
        (0, bottom, width, height),
        (0, top, left, bottom),
        (right, top, width, bottom),
    ]
    return [band for band in bands if band[0] < band[2] and band[1] < band[3]]
