"""Simple changes to pictures, inside a mask or to the whole.

Every function gives a new array of the same shape; pixels outside the mask keep their values, and
so does alpha. Deterministic.
"""

import cv2
import numpy as np

from .arrays import Pixels, size_of


def coarsened(pixels: Pixels, cells: int) -> Pixels:
    """The picture as if it were only `cells` pixels long, soft, at its own size.

    RGB or RGBA uint8 in and out.
    """
    width, height = size_of(pixels)
    shrink = max(1.0, max(width, height) / max(1, cells))
    small = max(1, round(width / shrink)), max(1, round(height / shrink))
    reduced = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(reduced, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def softened(pixels: Pixels) -> Pixels:
    """A soft, slightly flattened rendering of the whole picture."""
    soft = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.3), np.uint8)
    flat = soft // 24 * 24 + 12
    return np.asarray(cv2.addWeighted(soft, 0.5, flat, 0.5, 0), np.uint8)
