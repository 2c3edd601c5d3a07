"""Where a mask's islands lie: few boxes that hold all of it.

Islands are found on cells of 64 px, so that what is painted in dabs is one island, and a mask of
thousands of specks costs no more than one of a single brush stroke.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Bounds, Mask

CELL = 64  # px
MOST_BOXES = 32
_WORDS = CELL // 8  # a row of a cell, read as 64-bit words


def boxes(mask: Mask) -> tuple[Bounds, ...]:
    """The boxes of the mask's islands, exact to the pixel, the largest first; none for an empty mask.

    Islands in cells that touch, if only at a corner, are one. The boxes never overlap, hold every
    masked pixel, and are at most MOST_BOXES: what is beyond is joined into the nearest.
    """
    cells = _Cells(mask)
    count, found_labels = cv2.connectedComponents(cells.painted, connectivity=8)
    labels = np.asarray(found_labels, np.int32)
    found = np.column_stack(
        [
            _least(cells.left, labels, count),
            _least(cells.top, labels, count),
            _most(cells.right, labels, count),
            _most(cells.bottom, labels, count),
        ]
    )[1:]  # the first label is the ground
    return _ordered(disjoint(_ordered(_few(found))))


def disjoint(found: Sequence[Bounds]) -> tuple[Bounds, ...]:
    """The same boxes, those joined that overlap, until none do."""
    apart: list[Bounds] = []
    for box in found:
        while met := next((other for other in apart if _overlap(box, other)), None):
            apart.remove(met)
            box = joined(box, met)
        apart.append(box)
    return tuple(apart)


def joined(*found: Bounds) -> Bounds:
    """The smallest box that holds all of these."""
    return (
        min(box[0] for box in found),
        min(box[1] for box in found),
        max(box[2] for box in found),
        max(box[3] for box in found),
    )


def groupings(
    found: Sequence[Bounds], most: int, cost: Callable[[Bounds], float]
) -> Iterator[tuple[Bounds, ...]]:
    """Ways of putting the boxes into `most` down to two groups, each told as its groups' own boxes,
    which never overlap.

    Greedy: the two whose common box costs least beyond what they cost apart are joined first.
    """
    costs = cache(cost)
    groups = disjoint(found)
    while len(groups) > 1:
        if len(groups) <= most:
            yield groups
        one, other = min(
            combinations(groups, 2), key=lambda pair: costs(joined(*pair)) - sum(map(costs, pair))
        )
        rest = [group for group in groups if group not in (one, other)]
        groups = disjoint([*rest, joined(one, other)])


class _Cells:
    """Which cells hold masked pixels, and how far these reach within each; (rows, columns) arrays.

    `painted` is uint8, 0 or 1; `left`, `top`, `right` and `bottom` are pixels of the mask, and mean
    nothing where a cell is empty.
    """

    def __init__(self, mask: Mask) -> None:
        height, width = mask.shape
        rows, columns = -(-height // CELL), -(-width // CELL)
        # for each cell, which of its columns and of its rows hold anything
        across = np.zeros((rows, columns, CELL), bool)
        down = np.zeros((rows, columns, CELL), bool)
        strip = np.zeros((CELL, columns * CELL), np.uint8)
        for row in range(rows):
            part = mask[row * CELL : (row + 1) * CELL]
            strip[: len(part), :width] = part
            strip[len(part) :] = 0
            words = strip.view(np.uint64)
            in_columns = np.asarray(np.bitwise_or.reduce(words, axis=0))
            in_rows = np.asarray(np.bitwise_or.reduce(words.reshape(CELL, columns, _WORDS), axis=2))
            across[row] = in_columns.view(np.uint8).reshape(columns, CELL)
            down[row] = in_rows.T
        self.painted: Mask = np.asarray(across.any(axis=2), np.uint8)
        first_row, first_column = np.ogrid[:rows, :columns]
        self.left, self.right = _reach(across, first_column * CELL)
        self.top, self.bottom = _reach(down, first_row * CELL)


def _reach(
    is_set: NDArray[np.bool_], start: NDArray[np.int_]
) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """From the first that is set to behind the last, counted from `start`."""
    return start + is_set.argmax(axis=2), start + CELL - is_set[..., ::-1].argmax(axis=2)


def _least(values: NDArray[np.int_], labels: NDArray[np.int32], count: int) -> NDArray[np.int_]:
    found = np.full(count, np.iinfo(np.int_).max)
    np.minimum.at(found, labels, values)
    return found


def _most(values: NDArray[np.int_], labels: NDArray[np.int32], count: int) -> NDArray[np.int_]:
    found = np.zeros(count, np.int_)
    np.maximum.at(found, labels, values)
    return found


def _few(found: NDArray[np.int_]) -> list[Bounds]:
    """The largest boxes, and every other one joined into the nearest of these."""
    areas = (found[:, 2] - found[:, 0]) * (found[:, 3] - found[:, 1])
    by_size = np.lexsort((found[:, 0], found[:, 1], -areas))
    large, small = found[by_size[:MOST_BOXES]], found[by_size[MOST_BOXES:]]
    if len(small):
        nearest = _gaps(small, large).argmin(axis=1)
        np.minimum.at(large[:, :2], nearest, small[:, :2])
        np.maximum.at(large[:, 2:], nearest, small[:, 2:])
    return [(int(left), int(top), int(right), int(bottom)) for left, top, right, bottom in large]


def _gaps(these: NDArray[np.int_], those: NDArray[np.int_]) -> NDArray[np.int_]:
    """The distance of each of these boxes from each of those, in pixels, squared."""
    before = those[None, :, :2] - these[:, None, 2:]
    behind = these[:, None, :2] - those[None, :, 2:]
    apart = np.maximum(0, np.maximum(before, behind))
    return np.asarray((apart**2).sum(axis=2))


def _ordered(found: Sequence[Bounds]) -> tuple[Bounds, ...]:
    """The largest first; of equal ones the upper, then the left."""
    return tuple(
        sorted(found, key=lambda box: (-(box[2] - box[0]) * (box[3] - box[1]), box[1], box[0]))
    )


def _overlap(one: Bounds, other: Bounds) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
