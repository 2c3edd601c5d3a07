"""Generated photographs, and what a model makes of them: moved by known shifts, in another light."""

from functools import lru_cache

import cv2
import numpy as np

from editor.imaging.arrays import Mask, Pixels, Size
from editor.imaging.scenes import Family, scene

MARGIN = 16
_FINE = 4
"""Scenes are drawn so many times larger: moved by whole pixels there, they move by quarters here, exactly."""


def photo(
    size: Size, shift: tuple[float, float] = (0, 0), *, family: Family = "mountains", seed: int = 3
) -> Pixels:
    """A scene, and with `shift` (quarters of a pixel, below MARGIN) the same further right and down."""
    large = _large(size, seed, family)
    left, top = (round(_FINE * (MARGIN - by)) for by in shift)
    part = large[top : top + _FINE * size[1], left : left + _FINE * size[0]]
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)


def lit(
    pixels: Pixels, gains: tuple[float, float, float] = (1.05, 1.02, 0.97), gradient: float = 0.0
) -> Pixels:
    """In another light: a gain for each channel, and so much more of it on the right than on the left."""
    slope = 1 + gradient * np.linspace(-0.5, 0.5, pixels.shape[1])[None, :, None]
    colours = pixels[..., :3] * slope * np.array(gains)
    return np.dstack([np.clip(colours + 0.5, 0, 255).astype(np.uint8), pixels[..., 3:]])


def grainy(pixels: Pixels, deviation: float, seed: int = 0) -> Pixels:
    noise = np.random.default_rng(seed).normal(0, deviation, (*pixels.shape[:2], 1))
    return np.clip(pixels + noise + 0.5, 0, 255).astype(np.uint8)


def middle_mask(size: Size, share: float = 0.35) -> Mask:
    """An ellipse in the middle, of `share` of the sides to each side."""
    mask = np.zeros((size[1], size[0]), np.uint8)
    axes = round(share * size[0] / 2), round(share * size[1] / 2)
    cv2.ellipse(mask, (size[0] // 2, size[1] // 2), axes, 0, 0, 360, 255, -1)
    return mask


@lru_cache(maxsize=6)
def _large(size: Size, seed: int, family: Family) -> Pixels:
    return scene(
        (_FINE * (size[0] + 2 * MARGIN), _FINE * (size[1] + 2 * MARGIN)), seed, family=family
    )
