"""How a change fades in: the answer's share at each pixel of a mask, strip by strip.

At 64 megapixels a whole picture of depths takes 256 MB, and one of islands as much again.
"""

import math
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Mask

STRIP_ROWS = 256

Touching = list[tuple[int, int]]


def blend_weights(
    mask: Mask, feather: int, strip_rows: int = STRIP_ROWS
) -> Iterator[tuple[slice, Floats]]:
    """For each strip of rows in which something is masked, the answer's share at each of its pixels.

    float32 0.0 to 1.0: smoothstep of the depth in the mask, exactly 0 outside of it. In an island
    less than four feathers wide the ramp takes at most half of its depth. How many rows a strip has
    changes the memory that is taken, and at most the last bit of a share.
    """
    reach = math.ceil(2 * feather) + 1  # deeper than this is deep enough for a whole ramp
    strips = list(_strips(mask.shape[0], max(strip_rows, reach)))
    for rows, ramps in zip(strips, _ramps(mask, feather, strips, reach), strict=True):
        if len(ramps) == 1:
            continue
        share = _depth(mask, rows, feather + 1) - 0.5
        share /= ramps[_islands(mask[rows])[1]]
        np.clip(share, 0, 1, out=share)
        slope = 3 - 2 * share
        share *= share
        share *= slope
        yield rows, share


def _ramps(mask: Mask, feather: int, strips: list[slice], reach: int) -> list[Floats]:
    """For each strip the width of the ramp by its islands' labels."""
    deepest: list[Floats] = []
    touching: Touching = []
    before, first = None, 0
    for rows in strips:
        count, labels = _islands(mask[rows])
        deepest.append(_island_depths(mask, rows, reach, count, labels))
        if before is not None:
            touching += _touching(before, labels[0], first - len(deepest[-2]), first)
        before, first = labels[-1].copy(), first + count
    depths = np.concatenate(deepest)
    _join(depths, touching)
    ramps = np.maximum(np.minimum(feather, 0.5 * depths), 0.5).astype(np.float32)
    return np.split(ramps, np.cumsum([len(each) for each in deepest])[:-1])


def _islands(mask: Mask) -> tuple[int, NDArray[Any]]:
    """How many labels there are, that of the ground (0) included, and the label of each pixel."""
    if not mask.any():
        return 1, np.zeros(mask.shape, np.int32)
    count, labels = cv2.connectedComponents(mask, connectivity=8)
    return count, labels


def _island_depths(mask: Mask, rows: slice, reach: int, count: int, labels: NDArray[Any]) -> Floats:
    """The greatest depth of each island within the strip, by its label; 0.0 for what is no island."""
    deepest = np.zeros(count, np.float32)
    if count == 2:
        deepest[1] = _depth(mask, rows, reach).max()
    elif count > 2:
        np.maximum.at(deepest, labels.ravel(), _depth(mask, rows, reach).ravel())
    return deepest


def _depth(mask: Mask, rows: slice, reach: int) -> Floats:
    """How deep in the mask each pixel of the strip lies: exact up to `reach`, and beyond it no less."""
    first = max(0, rows.start - reach)
    near = mask[first : rows.stop + reach]
    depth = cv2.distanceTransform(near, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(depth[rows.start - first : rows.stop - first], np.float32)


def _touching(above: NDArray[Any], below: NDArray[Any], first: int, next_first: int) -> Touching:
    """Which islands of two strips are one, from the rows where these meet: by labels that count on
    from strip to strip, from `first` and `next_first`."""
    pairs = []
    for one, other in ((above, below), (above[1:], below[:-1]), (above[:-1], below[1:])):
        met = (one > 0) & (other > 0)
        pairs.append(np.stack([one[met] + first, other[met] + next_first], axis=1))
    found = np.unique(np.concatenate(pairs), axis=0).tolist()
    return [(one, other) for one, other in found]


def _join(depths: Floats, touching: Touching) -> None:
    """Parts of one island are as deep as the deepest of them: in place."""
    parents: dict[int, int] = {}

    def top(label: int) -> int:
        while parents.setdefault(label, label) != label:
            parents[label] = label = parents[parents[label]]
        return label

    for one, other in touching:
        parents[top(one)] = top(other)
    for label in list(parents):
        depths[top(label)] = max(depths[top(label)], depths[label])
    for label in list(parents):
        depths[label] = depths[top(label)]


def _strips(rows: int, each: int) -> Iterator[slice]:
    for top in range(0, rows, each):
        yield slice(top, min(top + each, rows))
