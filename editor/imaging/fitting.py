"""A provider's answer brought to the window that it is to fill, whatever came.

Whether it shows the window at all, turned or mirrored, is found by comparing what is not masked,
at a small size and without colours and broad shades: a model changes those, and pictures of
different places share them.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Bounds, Floats, Mask, Pixels, Size, size_of

Shape = Literal["", "stretched", "cropped", "inset"]
"""How an answer of another aspect shows the window: all of it squeezed, with more around it, or only
its middle."""

FLAGS = ("blank", "another_picture", "drifted", "turned", "mirrored")
"""What is told of an answer that does not fit; "drifted" is found when it is aligned."""

_LONGEST = 96
"""of the small pictures that are compared, in pixels"""
_SAMPLES = 8
"""At least so many pixels in a row make each of theirs, so that grain is averaged away."""
_SIGMAS = (0.8, 5.0)
"""Detail is what lies between these, in small pixels."""
_SEARCH = 3
"""How many small pixels an answer may lie beside the window and still be compared."""
_SAME_ASPECT = 1.02

_CLEAR = 0.93
"""Likeness from which on nothing else is tried. Strongly drifted answers reach 0.89 to 0.97."""
_LEAST, _BETTER = 0.6, 0.2
"""Likeness that is needed to take an answer otherwise than as it came, and how much more than so."""
_NEARLY_ALL = 0.4
"""Of what is missing to 1, so much may be left where less than _BETTER can be gained: faces are nearly
symmetric, and still no mirrored one may pass."""
_UNLIKE = 0.4
"""Likeness below which it is another picture. Unrelated pictures reach 0.39 where they fit best."""

_LEAST_CELLS = 300
_LEAST_DETAIL = 1.5
"""Standard deviation, in grey levels, below which a window is too flat to be compared."""
_FLAT = 6
_SAME_COLOUR = 48


@dataclass(frozen=True)
class Fitted:
    """An answer at the window's size, upright as the window is.

    `pixels` is (height, width, 3|4), uint8, of the window's size. `how` is what was done: "" (it came
    at that size), "resized", "stretched", "cropped", "inset", "turned" or "mirrored". `flag` is one
    of FLAGS or "". `likeness` is how far the unmasked parts resemble each other, -1 to 1; None
    where there was too little to compare.
    """

    pixels: Pixels
    how: str
    flag: str
    likeness: float | None


def fitted(answer: Pixels, window: Pixels, mask: Mask, *, pad: Bounds = (0, 0, 0, 0)) -> Fitted:
    """The answer at the size of `window`: resized, turned back where it was turned, and judged.

    `window` are the source's pixels in the frame, without padding, and `mask` is of its size; `pad`
    are the pixels by which the frame goes beyond them (left, top, right, bottom), which the answer
    shows too. Of an answer of another aspect the part that shows the window is taken; where
    it shows less than the window, the rest is the window's own. Alpha is kept as it came. `pixels` may
    share their memory with the answer.
    Takes any answer of at least one pixel, and never raises.
    """
    scene = _Scene(window, mask, pad)
    small = _shrunk(answer)
    if _is_blank(small) and not scene.is_as_flat_as(small):
        return _fitted(answer, window, pad, _as_it_came(size_of(answer), scene.full), "blank", None)
    way, likeness = _best_way(small, size_of(answer), scene)
    flag = "another_picture" if likeness is not None and likeness < _UNLIKE else ""
    if not way.is_plain:
        flag = way.name
    return _fitted(answer, window, pad, way, flag, likeness)


def _fitted(
    answer: Pixels, window: Pixels, pad: Bounds, way: "_Way", flag: str, likeness: float | None
) -> Fitted:
    pixels = _taken(answer, window, pad, way)
    how = way.name
    if not how and size_of(answer) != _padded_size(window, pad):
        how = "resized"
    return Fitted(pixels, how, flag, likeness)


@dataclass(frozen=True)
class _Way:
    """How an answer may have to be taken: mirrored left to right first, then turned by so many quarters
    anticlockwise; `shape` is "" where its aspect is the window's then."""

    quarters: int = 0
    is_mirrored: bool = False
    shape: Shape = ""

    @property
    def is_plain(self) -> bool:
        return not self.quarters and not self.is_mirrored

    @property
    def name(self) -> str:
        if self.is_mirrored:
            return "mirrored"
        return "turned" if self.quarters else self.shape

    def turned(self, pixels: Pixels) -> Pixels:
        pixels = pixels[:, ::-1] if self.is_mirrored else pixels
        return np.ascontiguousarray(np.rot90(pixels, self.quarters))

    def scales(self, size: Size, full: Size) -> tuple[float, float]:
        """Pixels of the frame per pixel of the turned answer, across and down."""
        across, down = full[0] / size[0], full[1] / size[1]
        if self.shape == "cropped":
            return max(across, down), max(across, down)
        if self.shape == "inset":
            return min(across, down), min(across, down)
        return across, down


def _as_it_came(size: Size, full: Size) -> _Way:
    """What is taken for granted as long as nothing speaks for another way."""
    return _Way(shape="" if _is_same_aspect(size, full) else "cropped")


def _ways(size: Size, full: Size) -> Iterator[_Way]:
    shapes: tuple[Shape, ...] = ("stretched", "cropped", "inset")
    for quarters in range(4):
        turned = size[::-1] if quarters % 2 else size
        for is_mirrored in (False, True):
            for shape in ("",) if _is_same_aspect(turned, full) else shapes:
                yield _Way(quarters, is_mirrored, shape)


def _is_same_aspect(size: Size, full: Size) -> bool:
    ratio = size[0] * full[1] / (size[1] * full[0])
    # rounded to whole pixels, narrow sizes are never quite of the same aspect
    slack = _SAME_ASPECT + 1 / min(*size, *full)
    return 1 / slack <= ratio <= slack


class _Scene:
    """What is known of the window: its unmasked detail, at a small size."""

    def __init__(self, window: Pixels, mask: Mask, pad: Bounds) -> None:
        self.full = _padded_size(window, pad)
        self.corner = pad[:2]
        self.size = size_of(window)
        self.small = _shrunk(window)
        covered = _shrunk(mask[..., None])[..., 0]
        self.known = (covered <= _FLAT) & _is_opaque(self.small)
        self.detail = _detail(self.small, self.known)

    @property
    def is_comparable(self) -> bool:
        seen = self.detail[self.known]
        return len(seen) >= _LEAST_CELLS and float(seen.std()) >= _LEAST_DETAIL

    def is_as_flat_as(self, small: Pixels) -> bool:
        """Whether all that is known of the window has one colour, about that of `small`."""
        seen = self.small[self.known][:, :3].astype(np.float32)
        if not len(seen) or not _is_opaque(small).any():
            return False
        apart = np.abs(seen.mean(axis=0) - small[..., :3].mean(axis=(0, 1)))
        return bool(np.ptp(seen, axis=0).max() <= 2 * _FLAT and apart.max() <= _SAME_COLOUR)

    def likeness(self, small: Pixels, size: Size, way: _Way, most: int) -> float | None:
        """The best correlation of what is known in both, with the answer moved by at most so many small pixels.

        None where too little of the answer can be compared.
        """
        laid, is_shown = self._laid(small, size, way)
        known = self.known & is_shown
        if np.count_nonzero(known) < _LEAST_CELLS:
            return None
        other = _detail(laid, known)
        moves = [(down, right) for down, right in product(range(-most, most + 1), repeat=2)]
        return max(_correlation(self.detail, other, known, move) for move in moves)

    def _laid(self, small: Pixels, size: Size, way: _Way) -> tuple[Pixels, NDArray[np.bool_]]:
        """The small answer over the small window, and where it shows something."""
        turned = way.turned(small)
        answer_size = size[::-1] if way.quarters % 2 else size
        matrix = np.zeros((2, 3))
        scales, grid = way.scales(answer_size, self.full), size_of(self.small)
        for axis in range(2):
            source, target = size_of(turned)[axis], self.size[axis] / grid[axis]
            step = source / answer_size[axis] / scales[axis]  # small pixels of answer per window's
            middle = self.full[axis] / 2 - self.corner[axis]
            matrix[axis, axis] = target * step
            matrix[axis, 2] = (0.5 * target - middle) * step + source / 2 - 0.5
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        laid = cv2.warpAffine(turned, matrix, grid, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        there = np.ones(turned.shape[:2], np.uint8)
        is_there = cv2.warpAffine(
            there, matrix, grid, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        )
        shown = np.asarray(laid.reshape(grid[1], grid[0], -1), np.uint8)
        return shown, (np.asarray(is_there) > 0) & _is_opaque(shown)


def _best_way(small: Pixels, size: Size, scene: _Scene) -> tuple[_Way, float | None]:
    """The way in which the answer resembles the window most, and how far it does."""
    first = _as_it_came(size, scene.full)
    came = scene.likeness(small, size, first, 0) if scene.is_comparable else None
    if came is None or (came >= _CLEAR and not first.shape):
        return first, came
    found = [(scene.likeness(small, size, way, _SEARCH), way) for way in _ways(size, scene.full)]
    likely = {way: likeness for likeness, way in found if likeness is not None}
    came = likely.get(first, came)
    best = max(likely, key=lambda way: likely[way], default=first)
    if best != first and _is_surely_better(likely[best], came, is_plain=best.is_plain):
        return best, likely[best]
    return first, came


def _is_surely_better(likeness: float, came: float, *, is_plain: bool) -> bool:
    if likeness < _LEAST:
        return False
    is_nearly_all = 1 - likeness <= _NEARLY_ALL * (1 - came)
    return is_plain or is_nearly_all or likeness >= came + _BETTER


def _detail(small: Pixels, known: NDArray[np.bool_]) -> Floats:
    """What is finer than broad shades and coarser than grain, of what is known alone. (h, w, 3)."""
    weight = known.astype(np.float32)
    weighted = np.ascontiguousarray(small[..., :3]).astype(np.float32) * weight[..., None]
    fine, broad = (_mean_around(weighted, weight, sigma) for sigma in _SIGMAS)
    return np.asarray((fine - broad) * weight[..., None], np.float32)


def _mean_around(weighted: Floats, weight: Floats, sigma: float) -> NDArray[Any]:
    total = cv2.GaussianBlur(weighted, (0, 0), sigma)
    return np.asarray(total / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3)[..., None])


def _correlation(
    one: Floats, other: Floats, known: NDArray[np.bool_], move: tuple[int, int]
) -> float:
    """Normalised, of what is known in both when `other` lies `move` (down, right) from its place."""
    rows, columns = (_overlap(by, side) for by, side in zip(move, known.shape, strict=True))
    here, there = (rows[0], columns[0]), (rows[1], columns[1])
    both = known[here] & known[there]
    a, b = one[here][both], other[there][both]
    norm = math.sqrt(float(np.vdot(a, a)) * float(np.vdot(b, b)))
    return float(np.vdot(a, b)) / norm if norm > 1e-6 else 0.0


def _overlap(by: int, length: int) -> tuple[slice, slice]:
    return slice(max(0, -by), min(length, length - by)), slice(max(0, by), min(length, length + by))


def _is_opaque(small: Pixels) -> NDArray[np.bool_]:
    if small.shape[2] == 3:
        return np.ones(small.shape[:2], np.bool_)
    return np.asarray(small[..., 3] >= 128)


def _is_blank(small: Pixels) -> bool:
    """All of one colour, or nothing to be seen."""
    if small.shape[2] == 4 and small[..., 3].max() <= _FLAT:
        return True
    return bool(np.ptp(small[..., :3], axis=(0, 1)).max() <= _FLAT)


def _shrunk(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(height, width, channels) at most _LONGEST long; of large ones only some pixels are looked at."""
    width, height = size_of(array)
    ratio = min(1.0, _LONGEST / max(width, height))
    size = max(1, round(width * ratio)), max(1, round(height * ratio))
    apart = max(1, int(1 / (_SAMPLES * ratio)))
    down, across = min(apart, -(-height // size[1])), min(apart, -(-width // size[0]))
    sampled = np.ascontiguousarray(array[::down, ::across])
    small = cv2.resize(sampled, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small.reshape(size[1], size[0], -1), np.uint8)


def _padded_size(window: Pixels, pad: Bounds) -> Size:
    width, height = size_of(window)
    return width + pad[0] + pad[2], height + pad[1] + pad[3]


def _taken(answer: Pixels, window: Pixels, pad: Bounds, way: _Way) -> Pixels:
    """The answer's part that shows the window, at the window's size."""
    full, (width, height) = _padded_size(window, pad), size_of(window)
    turned = answer if way.is_plain else way.turned(answer)
    scales = way.scales(size_of(turned), full)
    if way.shape == "cropped":
        turned = _middle(turned, (full[0] / scales[0], full[1] / scales[1]))
    if way.shape == "inset":
        return _inset(turned, window, pad, scales[0])
    resized = _resized(turned, full)
    return resized[pad[1] : pad[1] + height, pad[0] : pad[0] + width]


def _middle(pixels: Pixels, wanted: tuple[float, float]) -> Pixels:
    width, height = size_of(pixels)
    wide, high = (
        min(max(1, round(side)), most) for side, most in zip(wanted, (width, height), strict=True)
    )
    left, top = (width - wide) // 2, (height - high) // 2
    return np.ascontiguousarray(pixels[top : top + high, left : left + wide])


def _inset(answer: Pixels, window: Pixels, pad: Bounds, scale: float) -> Pixels:
    """The answer in the middle of the frame, and the window's own pixels around it."""
    full = _padded_size(window, pad)
    size = tuple(
        min(max(1, round(scale * side)), most)
        for side, most in zip(size_of(answer), full, strict=True)
    )
    resized = _resized(answer, (size[0], size[1]))
    left, top = (full[0] - size[0]) // 2 - pad[0], (full[1] - size[1]) // 2 - pad[1]
    laid = _with_channels(window, answer.shape[2])
    width, height = size_of(window)
    rows, columns = (
        slice(max(0, top), min(height, top + size[1])),
        slice(max(0, left), min(width, left + size[0])),
    )
    laid[rows, columns] = resized[
        rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
    ]
    return laid


def _with_channels(pixels: Pixels, channels: int) -> Pixels:
    """A copy with so many channels."""
    if channels == 3 or pixels.shape[2] == 4:
        return pixels[..., :channels].copy()
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA), np.uint8)


def _resized(pixels: Pixels, size: Size) -> Pixels:
    if size_of(pixels) == size:
        return pixels
    grows = size[0] * size[1] > pixels.shape[0] * pixels.shape[1]
    method = cv2.INTER_LANCZOS4 if grows else cv2.INTER_AREA
    return np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)
