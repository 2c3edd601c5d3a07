"""One picture over another, in whatever depth both have: (height, width, channels) uint8 or uint16, straight alpha."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats

Samples = NDArray[Any]
"""uint8 or uint16; both pictures of a blend have the same."""


def over(below: Samples, above: Samples, weight: Floats) -> Samples:
    """`above` over `below` (Porter and Duff 1984), by a weight of 0 to 1, with the channels of `below`."""
    most = opaque(below)
    if above.shape[2] == 4:
        weight = weight * (above[..., 3].astype(np.float32) / np.float32(most))
    share = weight[..., None]
    colours, under = above[..., :3].astype(np.float32), below[..., :3].astype(np.float32)
    if below.shape[2] == 3:
        return _rounded(under + share * (colours - under), below)
    alpha = below[..., 3:].astype(np.float32) / most
    left = alpha * (1 - share)
    total = share + left
    mixed = (share * colours + left * under) / np.maximum(total, 1e-6)
    return _rounded(np.concatenate([mixed, total * most], axis=2), below)


def between(one: Samples, other: Samples, weight: Floats) -> Samples:
    """From `one` (weight 0) to `other` (weight 1), colour and transparency alike. Both RGBA.

    Mixed with colours multiplied by their alpha: what cannot be seen lends no colour."""
    share = weight[..., None]
    clear = one[..., 3:].astype(np.float32), other[..., 3:].astype(np.float32)
    alpha = clear[0] + share * (clear[1] - clear[0])
    weighted = (1 - share) * clear[0] * one[..., :3] + share * clear[1] * other[..., :3]
    colours = weighted / np.maximum(alpha, 1e-3)
    return _rounded(np.concatenate([colours, alpha], axis=2), one)


def with_alpha(pixels: Samples) -> Samples:
    """A copy as RGBA: opaque where it had no alpha."""
    if pixels.shape[2] == 4:
        return pixels.copy()
    found = np.empty((*pixels.shape[:2], 4), pixels.dtype)
    found[..., :3] = pixels
    found[..., 3] = opaque(pixels)
    return found


def opaque(pixels: Samples) -> int:
    """The alpha of what hides all that is below."""
    return int(np.iinfo(pixels.dtype).max)


def _rounded(values: Floats, like: Samples) -> Samples:
    return np.minimum(values + 0.5, opaque(like)).astype(like.dtype)
