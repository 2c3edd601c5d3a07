"""What colours still differ around a mask, carried into it: so that both sides meet without a step.

The surface over the mask whose edge is the difference found there, as smooth as it can be, as of
Poisson image editing (Perez et al. 2003) but of the difference alone, at a small size: content keeps its gradients. Filled by a
pyramid (push and pull: Gortler et al. 1996), then relaxed.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Floats

MOST = 24.0
"""Levels by which a colour is changed at most, where nothing else is said."""

_ROUNDS = 24
_SPREAD = 1.2  # cells over which differences are averaged along the ring


def filled(
    differences: Floats, known: NDArray[np.bool_], fade: float = 0.0, most: float = MOST
) -> Floats:
    """(height, width, 3) float32: what to add in each cell, where it is not known as well.

    `differences` are those of the cells that are `known`, in levels. With `fade` they are
    lost over so many cells of depth: where much is unknown, its middle keeps its own colours.
    At most `most` levels are added, and where nothing is known, nothing.
    """
    if not known.any():
        return np.zeros_like(differences)
    weight = known.astype(np.float32)
    clamped = np.clip(differences, -most, most) * weight[..., None]
    # what is beyond the clamp is content that has changed: it says little about the light
    trust = weight / (1 + (np.abs(differences).max(axis=2) / most) ** 2)
    near, amount = _near(clamped, trust, weight)
    surface = _relaxed(_pulled(near, amount), near, amount > 0)
    if fade > 0:
        depth = cv2.distanceTransform((~known).astype(np.uint8), cv2.DIST_L2, 5)
        surface *= np.exp(-np.asarray(depth, np.float32) / fade)[..., None]
    return np.asarray(np.clip(surface, -most, most), np.float32)


def _near(values: Floats, trust: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """The mean of what is known around each known cell, and its trust: 0 where nothing is."""
    total = cv2.GaussianBlur(values * trust[..., None], (0, 0), _SPREAD)
    amount = np.asarray(cv2.GaussianBlur(trust, (0, 0), _SPREAD), np.float32)
    mean = np.asarray(total) / np.maximum(amount, 1e-6)[..., None]
    return np.asarray(mean, np.float32), np.asarray(np.where(weight > 0, amount, 0), np.float32)


def _pulled(values: Floats, weight: Floats) -> Floats:
    """The values, and in cells without weight those of coarser cells around them."""
    height, width = weight.shape
    if min(height, width) <= 1 or (weight > 0).all():
        return _shared(values, weight)
    wide, high = (width + 1) // 2, (height + 1) // 2
    pads = 0, 2 * high - height, 0, 2 * wide - width
    total = cv2.copyMakeBorder(values * weight[..., None], *pads, cv2.BORDER_CONSTANT, value=0)
    amount = cv2.copyMakeBorder(weight, *pads, cv2.BORDER_CONSTANT, value=0)
    total = cv2.resize(total, (wide, high), interpolation=cv2.INTER_AREA)
    amount = np.asarray(cv2.resize(amount, (wide, high), interpolation=cv2.INTER_AREA), np.float32)
    mean = np.asarray(total / np.maximum(amount, 1e-9)[..., None], np.float32)
    # saturates: many cells of a ring say no more about the middle than some
    coarse = _pulled(mean, np.minimum(4 * amount, 1).astype(np.float32))
    large = cv2.resize(coarse, (2 * wide, 2 * high), interpolation=cv2.INTER_LINEAR)
    below = np.asarray(large, np.float32)[:height, :width]
    share = np.minimum(weight / 0.25, 1)[..., None]
    return np.asarray(below + share * (values - below), np.float32)


def _shared(values: Floats, weight: Floats) -> Floats:
    total = float(weight.sum())
    if total <= 0:
        return np.zeros_like(values)
    mean = (values * weight[..., None]).sum(axis=(0, 1)) / total
    return np.asarray(np.where(weight[..., None] > 0, values, mean), np.float32)


def _relaxed(surface: Floats, values: Floats, is_fixed: NDArray[np.bool_]) -> Floats:
    """Smoother where nothing is known, in place: a pyramid leaves traces of its squares."""
    fixed = is_fixed[..., None]
    for _ in range(_ROUNDS):
        np.copyto(surface, values, where=fixed)
        surface = np.asarray(cv2.blur(surface, (3, 3)), np.float32)
    np.copyto(surface, values, where=fixed)
    return surface
