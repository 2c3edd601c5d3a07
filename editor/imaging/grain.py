"""The grain that an enlarged answer lacks: measured in the source beside the mask, and made again."""

import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Bounds, Floats, Pixels

ENLARGED = 1.5
"""From this on an answer lacks grain that is seen."""

_BLOCK = 8
_LEAST_BLOCKS = 12
_QUIET = 0.25
"""Of the blocks: those with the least detail show the grain by itself."""
_MOST = 12.0
_FINE = 1.0
_PASSED = 0.848
"""Deviation of white noise after what lies below _FINE is taken from it."""
_CHANCE = 0.93
"""By how much the quietest quarter of blocks of one noise is below its deviation."""


def strength(pixels: Pixels | Floats, known: NDArray[np.bool_]) -> Floats | None:
    """The deviation of the grain in each channel, in levels, where `known`; None where too little is.

    `pixels` is (height, width, 3). Taken from the blocks of 8 x 8 with the least detail.
    """
    height, width = (side // _BLOCK * _BLOCK for side in known.shape)
    if not height or not width:
        return None
    whole = _blocks(known[:height, :width, None].astype(np.float32)).min(axis=(1, 2))[..., 0] > 0
    if np.count_nonzero(whole) < _LEAST_BLOCKS:
        return None
    values = np.asarray(pixels[:height, :width], np.float32)
    fine = values - np.asarray(cv2.GaussianBlur(values, (0, 0), _FINE), np.float32)
    spread = np.sqrt((_blocks(fine) ** 2).mean(axis=(1, 2)))[whole]
    total = spread.sum(axis=1)
    quiet = spread[total <= np.quantile(total, _QUIET)]
    return np.asarray(quiet.mean(axis=0) / (_PASSED * _CHANCE), np.float32)


def missing(wanted: Floats | None, given: Floats | None) -> Floats | None:
    """The deviation of the noise that brings one grain to the other; None where nothing lacks."""
    if wanted is None or given is None:
        return None
    lacking = np.sqrt(np.clip(wanted**2 - given**2, 0, _MOST**2)).astype(np.float32)
    return lacking if lacking.max() >= 0.2 else None


def noise(size: tuple[int, int], deviations: Floats, frame: Bounds, row: int) -> Floats:
    """(height, width, 3) float32 of grain: the same for the same frame and row, whenever it is made.

    One noise for all channels, as grain of light is.
    """
    seed = zlib.crc32(repr((frame, row)).encode())
    made = np.random.default_rng(seed).standard_normal((size[1], size[0], 1), np.float32)
    return made * deviations


def _blocks(array: Floats) -> Floats:
    """(blocks, 8, 8, channels)."""
    height, width, channels = array.shape
    cut = array.reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK, channels)
    return np.asarray(cut.swapaxes(1, 2).reshape(-1, _BLOCK, _BLOCK, channels), np.float32)
