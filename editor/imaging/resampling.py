"""Reading pixels between pixels: enlarged, shrunk and moved in one step, to a fraction of a pixel.

OpenCV's warps know 32 places between two pixels, and its cubic ones move what they show by up to 0.05
of a pixel. Where nothing is turned, rows and columns are resampled by matrices here: exactly, and quicker.
"""

import math
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Bounds, Floats, Pixels, Size

Matrix: TypeAlias = NDArray[np.float64]
"""(2, 3): where a place (x, y, 1) lies in another picture. Whole numbers are middles of pixels."""

Array = TypeVar("Array", Pixels, Floats)

Box: TypeAlias = tuple[float, float, float, float]
"""(left, top, right, bottom) between pixels: their middles lie at halves."""

_TAPS = 4
"""Lanczos's kernel reaches so many pixels to each side."""
_TILE = 128
_EXACT = 1e-6
_NOTHING = np.empty((0, 0), np.float32)
_SKEW = 1e-9


def scaled(size: Size, box: Box) -> Matrix:
    """Where pixels of a picture of `size` lie in another whose part within `box` shows all of it."""
    across, down = (box[2] - box[0]) / size[0], (box[3] - box[1]) / size[1]
    return np.array(
        [
            [across, 0, box[0] + 0.5 * across - 0.5],
            [0, down, box[1] + 0.5 * down - 0.5],
        ]
    )


def moved(shift: tuple[float, float]) -> Matrix:
    return np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]])


def joined(outer: Matrix, inner: Matrix) -> Matrix:
    """`inner` first, then `outer`."""
    return np.asarray(_square(outer) @ _square(inner))[:2]


def inverse(matrix: Matrix) -> Matrix:
    return np.asarray(np.linalg.inv(_square(matrix)))[:2]


def reduced(pixels: Pixels, matrix: Matrix, box: Bounds) -> tuple[Pixels, Matrix]:
    """The part of `pixels` that lies under `box`, made smaller by a whole number if it is shrunk by so much.

    What resampled() gives for the two is the same, and takes less memory.
    """
    left, top, right, bottom = box
    part, corner = _needed(pixels, joined(matrix, moved((left, top))), (right - left, bottom - top))
    matrix = joined(moved((-corner[0], -corner[1])), matrix)
    steps = np.abs(matrix[:, :2]).sum(axis=1)
    times = [
        max(1, min(int(step), length))
        for step, length in zip(steps, part.shape[1::-1], strict=True)
    ]
    if max(times) == 1:
        return part, matrix
    size = part.shape[1] // times[0], part.shape[0] // times[1]
    whole = part[: size[1] * times[1], : size[0] * times[0]]
    less = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    less = np.asarray(less, np.uint8).reshape(size[1], size[0], -1)
    there = scaled((size[0] * times[0], size[1] * times[1]), (0, 0, *size))
    return less, joined(there, matrix)


def resampled(pixels: Array, matrix: Matrix, box: Bounds) -> Floats:
    """What `pixels` shows at the places of `box`, of which `matrix` says where they lie in it.

    (height, width, channels) float32. Enlarged by Lanczos's kernel, which can overshoot; shrunk by the mean of
    what lies under each pixel; at whole pixels the very values. Beyond its edges a picture
    goes on in the colour of the edge. Alpha is a channel like any other: multiply before.
    """
    if abs(matrix[0, 1]) > _SKEW or abs(matrix[1, 0]) > _SKEW:
        return _warped(pixels, matrix, box)
    left, top, right, bottom = box
    rows = _Line(matrix[1, 1], matrix[1, 2], top, bottom, pixels.shape[0])
    columns = _Line(matrix[0, 0], matrix[0, 2], left, right, pixels.shape[1])
    part = pixels[rows.first : rows.last, columns.first : columns.last]
    if rows.is_whole and columns.is_whole:
        found = np.take(np.take(part, rows.whole, axis=0), columns.whole, axis=1)
        return np.asarray(found, np.float32)
    across = columns.applied(_turned(part.astype(np.float32)), part.shape[2])
    return rows.applied(_turned(across), part.shape[2])


class _Line:
    """How the pixels from `first` to `last` along one axis make those from `start` to `stop` of another.

    `step` is how far apart two of these lie, and `offset` where the one of place 0 does.
    """

    def __init__(self, step: float, offset: float, start: int, stop: int, length: int) -> None:
        self._step = step
        self._centres = step * np.arange(start, stop, dtype=np.float64) + offset
        self._length = length
        reach = self._reach
        self.first = _clamped(math.floor(self._centres.min()) - reach, length)
        self.last = _clamped(math.floor(self._centres.max()) + reach + 1, length) + 1

    @property
    def is_whole(self) -> bool:
        near = np.abs(self._centres - np.rint(self._centres)).max() < _EXACT
        return bool(near) and abs(self._step - 1) < _EXACT

    @property
    def whole(self) -> NDArray[np.intp]:
        places = np.rint(self._centres).astype(np.intp)
        return np.clip(places, 0, self._length - 1) - self.first

    def applied(self, array: Floats, channels: int) -> Floats:
        """The first axis of `array`, which begins at `first`, resampled; in tiles, for most weights are 0."""
        across = array.shape[1]
        flat = array.reshape(array.shape[0], across * channels)
        found = np.empty((len(self._centres), flat.shape[1]), np.float32)
        for start in range(0, len(self._centres), _TILE):
            centres = self._centres[start : start + _TILE]
            first, weights = self._weights(centres)
            begin = first - self.first
            part = flat[begin : begin + weights.shape[1]]
            # not numpy's product: its threads wait by spinning, and two workers would fight
            found[start : start + _TILE] = cv2.gemm(weights, part, 1, _NOTHING, 0)
        return found.reshape(len(self._centres), across, channels)

    def _weights(self, centres: NDArray[Any]) -> tuple[int, Floats]:
        """The first pixel that these places need, and each one's share in each place from it on."""
        reach = self._reach
        nearest = np.floor(centres).astype(np.intp)
        around = nearest[:, None] + np.arange(-reach, reach + 2)
        shares = self._shares(around - centres[:, None])
        shares /= shares.sum(axis=1, keepdims=True)
        taken = np.clip(around, 0, self._length - 1)
        first = int(taken.min())
        weights = np.zeros((len(centres), int(taken.max()) - first + 1))
        np.add.at(weights, (np.arange(len(centres))[:, None], taken - first), shares)
        return first, weights.astype(np.float32)

    def _shares(self, distance: NDArray[Any]) -> NDArray[np.float64]:
        if self._step > 1:
            half = self._step / 2
            covered = np.minimum(distance + 0.5, half) - np.maximum(distance - 0.5, -half)
            return np.asarray(np.clip(covered, 0, 1))
        inside = np.abs(distance) < _TAPS
        return np.asarray(np.sinc(distance) * np.sinc(distance / _TAPS) * inside)

    @property
    def _reach(self) -> int:
        return math.ceil(self._step / 2) + 1 if self._step > 1 else _TAPS


def _turned(array: Floats) -> Floats:
    return np.asarray(cv2.transpose(array), np.float32)


def _clamped(place: int, length: int) -> int:
    return min(max(place, 0), length - 1)


def _warped(pixels: Array, matrix: Matrix, box: Bounds) -> Floats:
    """The same through a matrix that turns or shears."""
    left, top, right, bottom = box
    there = joined(matrix, moved((left, top)))
    size = right - left, bottom - top
    part, corner = _needed(pixels, there, size)
    there = joined(moved((-corner[0], -corner[1])), there)
    found = cv2.warpAffine(
        part.astype(np.float32),
        there,
        size,
        flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(found, np.float32).reshape(size[1], size[0], -1)


def _needed(pixels: Array, matrix: Matrix, size: Size) -> tuple[Array, tuple[int, int]]:
    """The part of `pixels` that lies under a picture of `size`, and its corner.

    OpenCV's warps take no side of more than 32767.
    """
    corners = np.array([[x, y, 1] for x in (0, size[0]) for y in (0, size[1])]) @ matrix.T
    height, width = pixels.shape[:2]
    reach = _TAPS + 1 + np.abs(matrix[:, :2]).sum(axis=1)
    low, high = corners.min(axis=0) - reach, corners.max(axis=0) + reach
    left, top = _clamped(math.floor(low[0]), width), _clamped(math.floor(low[1]), height)
    right, bottom = _clamped(math.ceil(high[0]), width), _clamped(math.ceil(high[1]), height)
    return pixels[top : bottom + 1, left : right + 1], (left, top)


@lru_cache(maxsize=1)
def _last_row() -> Matrix:
    return np.array([[0.0, 0.0, 1.0]])


def _square(matrix: Matrix) -> Matrix:
    return np.concatenate([matrix, _last_row()])
