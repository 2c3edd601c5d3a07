"""Photographs, masks, and models that are known to the last pixel: what stitching is measured with."""

from functools import lru_cache

import cv2
import numpy as np

from editor.imaging import filling, framing
from editor.imaging.arrays import Mask, Pixels, Size
from editor.imaging.filling import Drift
from editor.imaging.framing import Frame
from editor.imaging.scenes import Family, scene

PHOTO = (3600, 2400)
FAMILIES: tuple[Family, ...] = ("hills", "city", "still life", "forest", "sea", "portrait")
# as the method was measured: an ellipse of 1450 x 1060, in a window of 6.7 megapixels, sent at 1536 x 1024
WINDOW = Frame((212, 141, 3388, 2258), (1536, 1024))
AXES = (725, 530)


@lru_cache(maxsize=2)
def photo(family: Family, size: Size = PHOTO, seed: int = 5) -> Pixels:
    pixels = scene(size, seed, family=family)
    pixels.setflags(write=False)
    return pixels


def photo_24mp() -> Pixels:
    """As costly as a photograph of that size, and quicker drawn: a smaller one with grain."""
    pixels = cv2.resize(photo("city", (1500, 1000)), (6000, 4000), interpolation=cv2.INTER_CUBIC)
    return grained(np.asarray(pixels, np.uint8))


def grained(pixels: Pixels, deviation: float = 2.5) -> Pixels:
    height, width = pixels.shape[:2]
    tile = np.random.default_rng(1).normal(128, deviation, (512, 512)).round().astype(np.uint8)
    grain = np.tile(tile, (-(-height // 512), -(-width // 512)))[:height, :width]
    lighter = cv2.add(pixels, cv2.merge([cv2.subtract(grain, 128)] * 3))
    return np.asarray(cv2.subtract(lighter, cv2.merge([cv2.subtract(128, grain)] * 3)), np.uint8)


def ellipse(size: Size = PHOTO, axes: tuple[int, int] = AXES) -> Mask:
    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.ellipse(mask, (size[0] // 2, size[1] // 2), axes, 0, 0, 360, 255, -1)
    return mask


def rendered_anew(pixels: Pixels, frame: Frame, drift: Drift, seed: int = 3) -> Pixels:
    """What a model sends back of this frame: all of it drifted, by pixels of the source, at the size sent."""
    native = framing.cut(pixels[..., :3], Frame(frame.bounds, frame.window, frame.pad))
    moved = filling.drifted(native, drift, seed)
    return framing.cut(moved, Frame((0, 0, *frame.window), frame.size))


def drift_of(drift: Drift, seed: int = 3) -> tuple[float, float]:
    """By how many pixels `rendered_anew` moves to the right and down: found as nobody has to find it, on
    a picture of one dot."""
    dot = np.zeros((101, 101, 3), np.uint8)
    cv2.circle(dot, (50, 50), 12, (100, 100, 100), -1)
    moved = filling.drifted(dot, drift, seed)[..., 1].astype(float)
    rows, columns = np.indices(moved.shape)
    total = moved.sum()
    return float((columns * moved).sum() / total - 50), float((rows * moved).sum() / total - 50)


def psnr(one: Pixels, other: Pixels, where: Mask) -> float:
    """In decibels, of the colours in the mask; 99 where they are equal."""
    inside = where > 0
    error = one[inside][:, :3].astype(np.float64) - other[inside][:, :3]
    mean = float((error * error).mean())
    return min(99.0, 10 * np.log10(255**2 / mean)) if mean else 99.0
