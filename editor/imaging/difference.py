"""Where two versions of a picture differ, made visible."""

from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Pixels, size_of

_STRIP_PIXELS = 1_000_000


def difference(source: Pixels, result: Pixels, *, gain: int = 8, longest: int = 2048) -> Pixels:
    """`gain` times the difference of each channel, (height, width, 3) uint8; black where identical.

    At most `longest` px long: each pixel then shows the largest difference under it, so that a
    single changed pixel is never averaged away. Of alpha, which counts as 255 where a picture
    has none, the difference shows in all three channels. Raises ValueError when sizes differ.
    """
    if source.shape[:2] != result.shape[:2]:
        raise ValueError(f"{size_of(source)} and {size_of(result)} pixels cannot be compared")
    height, width = source.shape[:2]
    cells = -(-max(height, width) // longest)
    columns = np.arange(0, width, cells)
    shown = np.zeros((-(-height // cells), len(columns), 3), np.uint8)
    for strip, rows in _strips(height, width, cells):
        apart = _apart(source[rows], result[rows])
        if apart is None:
            continue
        if cells > 1:
            down = np.maximum.reduceat(apart, np.arange(0, len(apart), cells), axis=0)
            apart = np.maximum.reduceat(down, columns, axis=1)
        shown[strip] = cv2.convertScaleAbs(apart, alpha=gain)
    return shown


def _strips(height: int, width: int, cells: int) -> Iterator[tuple[slice, slice]]:
    """Rows of what is shown, and the rows of the pictures that they stand for."""
    each = max(1, _STRIP_PIXELS // (width * cells))
    ends = [*range(0, -(-height // cells), each), -(-height // cells)]
    for first, last in pairwise(ends):
        yield slice(first, last), slice(first * cells, min(last * cells, height))


def _apart(one: Pixels, other: Pixels) -> NDArray[np.uint8] | None:
    """(height, width, 3); None where nothing differs."""
    if np.array_equal(one, other):
        return None
    apart = cv2.absdiff(_colours(one), _colours(other))
    if one.shape[2] == 4 or other.shape[2] == 4:
        np.maximum(apart, cv2.absdiff(_alpha(one), _alpha(other))[..., None], out=apart)
    return np.asarray(apart, np.uint8)


def _colours(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(pixels[..., :3])


def _alpha(pixels: Pixels) -> NDArray[np.uint8]:
    if pixels.shape[2] == 4:
        return np.ascontiguousarray(pixels[..., 3])
    return np.full(pixels.shape[:2], 255, np.uint8)
