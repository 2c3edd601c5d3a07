"""A small label that says in the picture itself how it was made."""

import math

import cv2
import numpy as np

from .arrays import Bounds, Floats, Pixels, size_of
from .mark_letters import FINE, Letters, in_order

_SHARE = 0.016
"""Of the picture's shorter side: the size of the letters."""

_SMALLEST, _ILLEGIBLE = 11, 5  # px
_LINE_HEIGHT = 1.2  # all that follows in letter sizes
_AROUND = (0.5, 0.2)  # letters and the plate's edge: across, down
_FROM_THE_EDGE = 0.6

_PLATE, _INK = (16, 16, 18), (255, 255, 255)
_COVER = 0.72
"""Of the plate. White letters on it have a contrast of at least 7 to 1, even before white."""


def labelled(pixels: Pixels, text: str) -> Pixels:
    """`pixels` with `text` on a dark plate in the lower right corner; RGB or RGBA uint8, a new array.

    A line of up to about 40 letters, 1.6 % of the shorter side high, at least 11 px; smaller only
    where it would not fit otherwise, and left out where nobody could read it (below 5 px). Nothing
    but the plate's pixels changes.
    """
    result = pixels.copy()
    line = in_order(" ".join(text.split()))
    if not line:
        return result
    size = _letter_size(size_of(pixels), line)
    if size < _ILLEGIBLE:
        return result
    box = _box(size_of(pixels), line, size)
    area = result[box[1] : box[3], box[0] : box[2]]
    _lay(area, _PLATE, np.full(area.shape[:2], _COVER, np.float32))
    _lay(area, _INK, _cover(line, size, box))
    return result


def _letter_size(picture: tuple[int, int], line: str) -> float:
    wanted = max(_SMALLEST, _SHARE * min(picture))
    sizes = _letters(line, 1.0).length + 2 * (_AROUND[0] + _FROM_THE_EDGE)
    high = _LINE_HEIGHT + 2 * (_AROUND[1] + _FROM_THE_EDGE)
    return float(min(wanted, picture[0] / sizes, picture[1] / high))


def _box(picture: tuple[int, int], line: str, size: float) -> Bounds:
    """Of the plate; at least a pixel of the picture."""
    width = math.ceil((_letters(line, size).length + 2 * _AROUND[0]) * size)
    height = math.ceil((_LINE_HEIGHT + 2 * _AROUND[1]) * size)
    right = max(1, picture[0] - round(_FROM_THE_EDGE * size))
    bottom = max(1, picture[1] - round(_FROM_THE_EDGE * size))
    return max(0, right - width), max(0, bottom - height), right, bottom


def _letters(line: str, size: float) -> Letters:
    at = np.array(_AROUND) * size
    return Letters(line, at, np.array([size, size]), 0.0, 4_000_000, (255,), (0,))


def _cover(line: str, size: float, box: Bounds) -> Floats:
    """How much of each of the plate's pixels is letter, 0 to 1."""
    width, height = box[2] - box[0], box[3] - box[1]
    fine = np.zeros((height * FINE, width * FINE, 1), np.uint8)
    _letters(line, size).paint(fine, (0, 0, width, height))
    cover = cv2.resize(fine[..., 0], (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cover, np.float32) / np.float32(255)


def _lay(area: Pixels, colour: tuple[int, ...], cover: Floats) -> None:
    """A colour over the pixels, in place; what was transparent shows it too (Porter and Duff's over)."""
    share = cover[..., None]
    if area.shape[2] == 3:
        area[:] = np.round(area + share * (np.array(colour) - area))
        return
    below = area[..., 3:].astype(np.float32) / 255
    alpha = share + below * (1 - share)
    mixed = np.array(colour) * share + area[..., :3] * below * (1 - share)
    area[..., :3] = np.round(mixed / np.maximum(alpha, 1e-6))
    area[..., 3:] = np.round(255 * alpha)
