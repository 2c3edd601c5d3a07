"""Where an answer shows what the source shows: found on what is not masked, at a small size.

The correlation that is made as large as it gets is that of Evangelidis and Psarakis (2008, "ECC"). Both
pictures lose their broad shades first, and are given the same contrast everywhere: a model's cast
and gradients would draw the maximum away. Each step is Gauss and Newton's, with the gradients of both pictures
(Benhimane and Malis 2004), which needs three of them where others need twenty.

What cannot be told is left alone: flat ground, ground that repeats, too little of it.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Pixels
from .resampling import Matrix, moved, resampled

STILL: Matrix = moved((0.0, 0.0))

_LEAST_SIDE = 64  # of the smallest picture that is looked at
_FINE, _BROAD = 0.6, 6.0  # what is between these deviations, in small pixels, is compared
_GRAIN = 1.5  # grey levels of detail that are taken for grain
_OUTLIER = 0.5
_STEPS = 6
_SETTLED = 0.004
_LEAST_PLACES = 400
_LEAST_DETAIL = 1.0
_ALIKE = 0.6
"""Correlation from which on two pictures show the same place."""
_UNLIKE = 0.3
_REPEATS = 0.75
_BY_MUCH = 0.8
"""What an affine motion may leave at most of the difference that a shift leaves."""
_MOST_SKEW = 0.03


@dataclass(frozen=True)
class Alignment:
    """`matrix` (2, 3) says for each place of the source where the answer shows it.

    `correlation` is that of both once aligned, -1 to 1; None where there was too little to compare,
    and then nothing is moved. `shift` is by how much the answer's content lies to the right and
    below of the source's, in pixels: also where that is too far to be believed (`is_lost`).
    """

    matrix: Matrix
    shift: tuple[float, float]
    correlation: float | None
    is_affine: bool = False
    is_lost: bool = False


NOT_ALIGNED = Alignment(STILL, (0.0, 0.0), None)


def align(
    source: Pixels, answer: Pixels, known: NDArray[np.bool_], most: float, least: float
) -> Alignment:
    """Both (height, width, 3) uint8, of one size; `known`: where both show the same, but for what moved.

    Shifts of more than `most` pixels are not believed. An affine motion is tried where it moves
    some corner by at least `least` pixels more than a shift does, and taken where that removes much.
    """
    if np.count_nonzero(known) < _LEAST_PLACES or min(known.shape) < 8:
        return NOT_ALIGNED
    pair = _Pair(_grey(source), _grey(answer), known.astype(np.float32))
    fine = pair.detailed()
    if not fine.has_detail:
        return NOT_ALIGNED
    if _is_repeating(fine, most):
        return NOT_ALIGNED
    shift, found = _shifted_most(pair, fine, most)
    if found.correlation < _ALIKE:
        return Alignment(STILL, shift, found.correlation, is_lost=found.correlation < _UNLIKE)
    if np.hypot(*shift) > most:
        return Alignment(STILL, shift, found.correlation, is_lost=True)
    affine = _affine(pair, fine, moved(shift), found.correlation, most, least)
    if affine is not None:
        return affine
    return Alignment(moved(shift), shift, found.correlation)


class _Step(NamedTuple):
    change: NDArray[np.float64]
    correlation: float


@dataclass(frozen=True)
class _Detail:
    """Both pictures without shades, of one contrast; `weight` is 1 where they are known, else 0."""

    source: Floats
    answer: Floats
    weight: Floats
    strength: float

    @property
    def has_detail(self) -> bool:
        return self.strength >= _LEAST_DETAIL

    def step(self, matrix: Matrix, is_affine: bool) -> _Step:
        """How much better a motion there is near this one, and what this one reaches."""
        height, width = self.source.shape
        box = (0, 0, width, height)
        there = resampled(self.answer[..., None], matrix, box)[..., 0]
        weight = self.weight * self._weight_at(matrix)
        gap = self.source - there
        correlation = _correlation(self.source, there, weight)
        slopes = [a + b for a, b in zip(_slopes(self.source), _slopes(there), strict=True)]
        weight /= 1 + (gap / _OUTLIER) ** 2
        if is_affine:
            slopes = [slope * part for slope in slopes for part in self._parts]
        return _Step(_solved(slopes, gap, weight), correlation)

    def _weight_at(self, matrix: Matrix) -> Floats:
        height, width = self.weight.shape
        flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        found = cv2.warpAffine(self.weight, matrix, (width, height), flags=flags)
        return np.asarray(found, np.float32)

    @property
    def _parts(self) -> list[Floats]:
        """What the affine parameters are multiplied with: 1 and the place, -1 to 1."""
        height, width = self.source.shape
        across = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
        down = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        return [np.ones((1, 1), np.float32), across, down]


@dataclass(frozen=True)
class _Pair:
    source: Floats
    answer: Floats
    weight: Floats

    def halved(self) -> "_Pair":
        return _Pair(
            _half(self.source),
            _half(self.answer),
            np.where(_half(self.weight) > 0.99, 1, 0).astype(np.float32),
        )

    def detailed(self) -> _Detail:
        spread = _blurred(self.weight, _BROAD) + 1e-3
        source, strength = _detail(self.source, self.weight, spread)
        answer, _ = _detail(self.answer, self.weight, spread)
        return _Detail(source, answer, self.weight, strength)


def _shifted_most(pair: _Pair, fine: _Detail, most: float) -> tuple[tuple[float, float], _Step]:
    """The shift, from the coarsest picture to the finest, and what it reached there."""
    shift = (
        _guessed(pair.halved(), most / 2) if min(pair.source.shape) > _LEAST_SIDE else (0.0, 0.0)
    )
    return _settled(fine, (2 * shift[0], 2 * shift[1]), most)


def _guessed(pair: _Pair, most: float) -> tuple[float, float]:
    """The shift as far as a coarse picture, and coarser ones, know of it."""
    shift = (0.0, 0.0)
    if min(pair.source.shape) > _LEAST_SIDE:
        coarser = _guessed(pair.halved(), most / 2)
        shift = 2 * coarser[0], 2 * coarser[1]
    if np.count_nonzero(pair.weight) < _LEAST_PLACES // 4:
        return shift
    found, step = _settled(pair.detailed(), shift, most)
    return found if step.correlation >= _ALIKE else shift


def _settled(
    detail: _Detail, shift: tuple[float, float], most: float
) -> tuple[tuple[float, float], _Step]:
    """The shift near this one at which nothing draws any further."""
    best, reached = shift, detail.step(moved(shift), is_affine=False)
    found = reached
    for _ in range(_STEPS):
        change = np.clip(found.change, -2, 2)
        shift = shift[0] + float(change[0]), shift[1] + float(change[1])
        if np.hypot(*shift) > 4 * most + 8:
            break
        found = detail.step(moved(shift), is_affine=False)
        if found.correlation >= reached.correlation:
            best, reached = shift, found
        if np.abs(found.change).max() < _SETTLED:
            break
    return best, reached


def _affine(
    pair: _Pair, fine: _Detail, start: Matrix, correlation: float, most: float, least: float
) -> Alignment | None:
    """An affine motion, if the picture asks for one and is much better explained by it."""
    coarse = pair.halved().detailed()
    if min(coarse.source.shape) < 16:
        return None
    matrix = _halved_motion(start)
    height, width = coarse.source.shape
    for _ in range(_STEPS):
        change = coarse.step(matrix, is_affine=True).change
        matrix = matrix + _motion(change, (width, height))
        if _off_corners(matrix, _halved_motion(start), (width, height)) < 0.5 * least:
            return None
        if np.abs(change).max() < 0.02:
            break
    matrix = _doubled_motion(matrix)
    height, width = fine.source.shape
    for _ in range(3):
        found = fine.step(matrix, is_affine=True)
        matrix = matrix + _motion(found.change, (width, height))
    reached = fine.step(matrix, is_affine=True).correlation
    apart = _off_corners(matrix, start, (width, height))
    is_better = 1 - reached <= _BY_MUCH * (1 - correlation)
    is_small = np.abs(matrix[:, :2] - np.eye(2)).max() <= _MOST_SKEW
    middle = matrix @ np.array([(width - 1) / 2, (height - 1) / 2, 1])
    shift = float(middle[0] - (width - 1) / 2), float(middle[1] - (height - 1) / 2)
    if not (is_better and is_small and apart >= least and np.hypot(*shift) <= most):
        return None
    return Alignment(matrix, shift, reached, is_affine=True)


def _motion(change: NDArray[np.float64], size: tuple[int, int]) -> Matrix:
    """What affine parameters, of places from -1 to 1, add to a matrix of pixels."""
    half = (size[0] - 1) / 2, (size[1] - 1) / 2
    rows = []
    for constant, across, down in (change[:3], change[3:]):
        rows.append([across / half[0], down / half[1], constant - across - down])
    return np.array(rows)


def _off_corners(matrix: Matrix, other: Matrix, size: tuple[int, int]) -> float:
    """How far apart two motions bring a corner, at most."""
    corners = np.array([[x, y, 1] for x in (0, size[0] - 1) for y in (0, size[1] - 1)])
    return float(np.linalg.norm(corners @ (matrix - other).T, axis=1).max())


def _halved_motion(matrix: Matrix) -> Matrix:
    """The same motion in pictures of half the size: their pixels lie at 2x + 0.5."""
    linear = matrix[:, :2]
    shift = (matrix[:, 2] + linear @ [0.5, 0.5] - 0.5) / 2
    return np.column_stack([linear, shift])


def _doubled_motion(matrix: Matrix) -> Matrix:
    linear = matrix[:, :2]
    return np.column_stack([linear, 2 * matrix[:, 2] + 0.5 - linear @ [0.5, 0.5]])


def _is_repeating(detail: _Detail, most: float) -> bool:
    """Whether the source looks the same a little further on: then no shift can be told from another."""
    reach = int(np.ceil(2 * most)) + 8
    alike = _likeness_to_itself(detail.source, detail.weight, reach)
    peaks = (alike >= _REPEATS) & (alike >= cv2.dilate(alike, np.ones((3, 3), np.uint8)))
    peaks[reach - 1 : reach + 2, reach - 1 : reach + 2] = False
    return bool(peaks.any())


def _likeness_to_itself(source: Floats, weight: Floats, reach: int) -> Floats:
    """(2 reach + 1)² float32: the correlation with itself, moved by up to `reach` each way.

    By Fourier's transform, of what is known at both places (Padfield 2012).
    """
    height, width = source.shape
    size = _quick(height + reach), _quick(width + reach)
    known = source * weight
    ones, values, squares = (np.fft.rfft2(each, size) for each in (weight, known, known * known))
    product = _wrapped(values * np.conj(values), size, reach)
    power = _wrapped(squares * np.conj(ones), size, reach)
    there = _wrapped(ones * np.conj(squares), size, reach)
    both = _wrapped(ones * np.conj(ones), size, reach)
    alike = product / np.sqrt(np.maximum(power * there, 1e-6))
    # of a sliver that overlaps little can be said
    return np.where(both > 0.25 * weight.sum(), alike, 0).astype(np.float32)


def _wrapped(spectrum: NDArray[np.complex128], size: tuple[int, int], reach: int) -> Floats:
    found = np.fft.irfft2(spectrum, size)
    rows, columns = (np.arange(-reach, reach + 1) % length for length in size)
    return np.asarray(found[rows][:, columns], np.float32)


def _quick(length: int) -> int:
    return int(cv2.getOptimalDFTSize(length))


def _solved(slopes: list[Floats], gap: Floats, weight: Floats) -> NDArray[np.float64]:
    """The motion by which the slopes explain the gap best. They are sums of two pictures' slopes."""
    count = len(slopes)
    square, right = np.empty((count, count)), np.empty(count)
    for one, slope in enumerate(slopes):
        weighted = slope * weight
        right[one] = 2 * float(np.vdot(weighted, gap))
        for other in range(one, count):
            square[one, other] = square[other, one] = float(np.vdot(weighted, slopes[other]))
    # a direction in which nothing changes is not moved along
    square += np.eye(count) * (1e-4 * np.trace(square) / count + 1e-6)
    return np.asarray(np.linalg.solve(square, right), np.float64)


def _slopes(array: Floats) -> tuple[Floats, Floats]:
    across = cv2.Sobel(array, cv2.CV_32F, 1, 0, ksize=1, scale=0.5)
    down = cv2.Sobel(array, cv2.CV_32F, 0, 1, ksize=1, scale=0.5)
    return np.asarray(across, np.float32), np.asarray(down, np.float32)


def _correlation(one: Floats, other: Floats, weight: Floats) -> float:
    weighted = one * weight
    power = float(np.vdot(weighted, one)) * float(np.vdot(other * weight, other))
    return float(np.vdot(weighted, other)) / power**0.5 if power > 1e-9 else 0.0


def _detail(grey: Floats, weight: Floats, spread: Floats) -> tuple[Floats, float]:
    """A picture without shades and of one contrast, and how many grey levels its detail had."""
    shade = _blurred(grey * weight, _BROAD) / spread
    fine = (_blurred(grey, _FINE) - shade) * weight
    contrast = _blurred(fine * fine, _BROAD) / spread
    strength = float(np.sqrt((fine * fine).sum() / max(float(weight.sum()), 1.0)))
    return np.asarray(fine / np.sqrt(contrast + _GRAIN**2), np.float32), strength


def _blurred(array: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(array, (0, 0), sigma), np.float32)


def _half(array: Floats) -> Floats:
    height, width = array.shape[0] // 2 * 2, array.shape[1] // 2 * 2
    even = array[:height, :width]
    return np.asarray(
        cv2.resize(even, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.float32
    )


def _grey(pixels: Pixels) -> Floats:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)
