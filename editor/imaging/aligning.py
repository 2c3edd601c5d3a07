"""Where an answer shows what the source shows: found on what is not masked, at a small size.

The correlation that is made as large as it gets is that of Evangelidis and Psarakis (2008, "ECC"). Both
pictures lose their broad shades first, and are given the same contrast everywhere: a model's cast
and gradients would draw the maximum away. Each step is Gauss and Newton's, with the gradients of both pictures
(Benhimane and Malis 2004), which needs three of them where others need twenty.

What cannot be told is left alone: flat ground, ground that repeats, too little of it.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Pixels, Size, size_of
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
_SURELY = 0.8
_SEARCHED, _FAR = 2, 8
"""The level at which all shifts are tried, and how many of its pixels far, where none is sure."""
_UNLIKE = 0.3
_REPEATS = 0.6
"""Correlation with itself, a little further on, of what repeats. Photographs reach 0.4, and more where
little but a narrow ring of them is known."""
_CLEARLY = 0.15
"""By how much the answer must correlate better than that: a place that is taken for another does not."""
_FAR_APART, _LITTLE, _WELL = 16, 0.26, 0.85
"""What repeats only so many pixels further on is moved nevertheless, by at most this share of the distance
and where it then correlates so well: lines of text, tiles of a floor."""
_BY_MUCH = 0.8
"""What an affine motion may leave at most of the difference that a shift leaves."""
_AS_AFFINE = 0.85
"""Correlation that an affine motion must reach: on a narrow ring, six numbers explain much by chance."""
_MOST_SKEW = 0.03
_ENOUGH = 0.3
"""Of what is known, so much must lie away from its edges for the edges to be left out."""


@dataclass(frozen=True)
class Alignment:
    """`matrix` (2, 3) says for each place of the source where the answer shows it.

    `correlation` is that of both once aligned, -1 to 1; None where nothing can be told, and then nothing
    is moved. `shift` is by how much the answer's content lies to the right and
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
    levels = _levels(_Pair(_grey(source), _grey(answer), known.astype(np.float32)))
    if levels[0].strength < _LEAST_DETAIL:
        return NOT_ALIGNED
    again = _repeated(levels[0], most)
    shift, correlation = _shifted_most(levels, most)
    is_near = np.hypot(*shift) <= most
    start = moved(shift) if correlation >= _ALIKE and is_near else None
    if again is not None and correlation < again.likeness + _CLEARLY:
        if start is not None and again.leaves_no_doubt(shift, correlation):
            return Alignment(start, shift, correlation)
        return NOT_ALIGNED
    affine = _affine(levels, start, correlation, most, least)
    if affine is not None:
        return affine
    if start is not None:
        return Alignment(start, shift, correlation)
    if correlation >= _ALIKE:
        return Alignment(STILL, shift, correlation, is_lost=True)
    # what has no detail but grain looks like nothing, and is not lost
    says_enough = levels[min(2, len(levels) - 1)].strength >= _LEAST_DETAIL
    return replace(NOT_ALIGNED, is_lost=says_enough and correlation < _UNLIKE)


def is_repeating(source: Pixels, known: NDArray[np.bool_], most: float) -> bool:
    """Whether the source looks the same within twice `most` pixels, as tiles and stripes do."""
    if np.count_nonzero(known) < _LEAST_PLACES:
        return False
    grey = _grey(source)
    return _repeated(_Pair(grey, grey, known.astype(np.float32)).detailed(), most) is not None


class _Step(NamedTuple):
    change: NDArray[np.float64]
    correlation: float


@dataclass(frozen=True)
class _Detail:
    """Both pictures without shades, of one contrast; `weight` is 1 where they are known, else 0.

    `strength`: how many grey levels the source's detail had.
    """

    source: Floats
    answer: Floats
    weight: Floats
    strength: float

    @property
    def size(self) -> Size:
        return size_of(self.source)

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
        spread = _blurred(self.weight, _BROAD)
        source, strength = _detail(self.source, self.weight, spread + 1e-3)
        answer, _ = _detail(self.answer, self.weight, spread + 1e-3)
        # shades are taken from what is known: beside its edges they stay where they are, and hold back
        inner = self.weight * _away_from_edges(spread)
        enough = inner.sum() >= _ENOUGH * self.weight.sum()
        return _Detail(source, answer, inner if enough else self.weight, strength)


def _levels(pair: _Pair) -> list[_Detail]:
    """The finest first: each half the size of the one before."""
    levels = [pair.detailed()]
    while min(pair.source.shape) > _LEAST_SIDE:
        pair = pair.halved()
        if np.count_nonzero(pair.weight) < _LEAST_PLACES // 4:
            break
        levels.append(pair.detailed())
    return levels


def _shifted_most(levels: list[_Detail], most: float) -> tuple[tuple[float, float], float]:
    """The shift, found from the coarsest level to the finest, and the correlation that it reaches."""
    found = _followed(levels, (0.0, 0.0), most)
    if found[1] >= _SURELY:
        return found
    # a coarse level of a narrow ring has few pixels, and may have led astray
    enough = [detail for detail in levels if np.count_nonzero(detail.weight) >= _LEAST_PLACES]
    level = max(0, min(len(enough) - 1, _SEARCHED))
    other = _followed(levels[: level + 1], _searched(levels[level], most / 2**level), most)
    return max(found, other, key=lambda way: way[1])


def _followed(
    levels: list[_Detail], shift: tuple[float, float], most: float
) -> tuple[tuple[float, float], float]:
    """From a shift at the coarsest of these levels to the finest."""
    correlation = 0.0
    for level, detail in reversed(list(enumerate(levels))):
        found, correlation = _settled(detail, shift, most / 2**level)
        if correlation >= _ALIKE or level == 0:
            shift = found
        if level:
            shift = 2 * shift[0], 2 * shift[1]
    return shift, correlation


def _searched(detail: _Detail, most: float) -> tuple[float, float]:
    """The best of all shifts by whole pixels."""
    reach = min(int(np.ceil(most)), _FAR, min(detail.source.shape) - 1)
    best, reached = (0.0, 0.0), -1.0
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            here, there = _overlapping(down, right, detail.source.shape)
            weight = detail.weight[here] * detail.weight[there]
            if weight.sum() < _LEAST_PLACES / 4:
                continue
            found = _correlation(detail.source[here], detail.answer[there], weight)
            if found > reached:
                best, reached = (float(right), float(down)), found
    return best


def _overlapping(
    down: int, right: int, shape: tuple[int, ...]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """What of two pictures lies together, if the second is moved by so many pixels."""
    pairs = [
        (slice(max(0, -by), length - max(0, by)), slice(max(0, by), length - max(0, -by)))
        for by, length in zip((down, right), shape, strict=True)
    ]
    return (pairs[0][0], pairs[1][0]), (pairs[0][1], pairs[1][1])


def _settled(
    detail: _Detail, shift: tuple[float, float], most: float
) -> tuple[tuple[float, float], float]:
    """The shift near this one at which nothing draws any further."""
    found = detail.step(moved(shift), is_affine=False)
    best, reached = shift, found.correlation
    for _ in range(_STEPS):
        change = np.clip(found.change, -2, 2)
        shift = shift[0] + float(change[0]), shift[1] + float(change[1])
        if np.hypot(*shift) > 4 * most + 8:
            break
        found = detail.step(moved(shift), is_affine=False)
        if found.correlation >= reached:
            best, reached = shift, found.correlation
        if np.abs(change).max() < _SETTLED:
            break
    return best, reached


def _affine(
    levels: list[_Detail], start: Matrix | None, correlation: float, most: float, least: float
) -> Alignment | None:
    """An affine motion, if the picture asks for one and is much better explained by it.

    From the shift `start` on; where no shift explains anything, from the coarsest level.
    """
    deepest = min(1 if start is not None else len(levels) - 1, len(levels) - 1)
    matrix = STILL if start is None else start
    for _ in range(deepest):
        matrix = _halved_motion(matrix)
    for level in range(deepest, -1, -1):
        first = matrix
        for _ in range(_STEPS):
            change = levels[level].step(matrix, is_affine=True).change
            matrix = matrix + _motion(np.clip(change, -2, 2), levels[level].size)
            if np.abs(change).max() < (_SETTLED if level == 0 else 0.02):
                break
        off = _off_corners(matrix, first, levels[level].size)
        if level == deepest and start is not None and off * 2**level < least:
            return None
        matrix = _doubled_motion(matrix) if level else matrix
    reached = levels[0].step(matrix, is_affine=True).correlation
    shift = _shift_of_middle(matrix, levels[0].size)
    is_better = reached >= _AS_AFFINE and 1 - reached <= _BY_MUCH * (1 - correlation)
    is_small = np.abs(matrix[:, :2] - np.eye(2)).max() <= _MOST_SKEW
    if not (is_better and is_small and np.hypot(*shift) <= most):
        return None
    return Alignment(matrix, shift, reached, is_affine=True)


def _shift_of_middle(matrix: Matrix, size: Size) -> tuple[float, float]:
    middle = np.array([(size[0] - 1) / 2, (size[1] - 1) / 2])
    off = matrix @ [*middle, 1] - middle
    return float(off[0]), float(off[1])


def _motion(change: NDArray[np.float64], size: Size) -> Matrix:
    """What affine parameters, of places from -1 to 1, add to a matrix of pixels."""
    half = (size[0] - 1) / 2, (size[1] - 1) / 2
    rows = []
    for constant, across, down in (change[:3], change[3:]):
        rows.append([across / half[0], down / half[1], constant - across - down])
    return np.array(rows)


def _off_corners(matrix: Matrix, other: Matrix, size: Size) -> float:
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


@dataclass(frozen=True)
class _Repeated:
    """How much a source looks like itself further on, at most, and how many pixels further on at least."""

    likeness: float
    distance: float

    def leaves_no_doubt(self, shift: tuple[float, float], correlation: float) -> bool:
        is_little = float(np.hypot(*shift)) <= _LITTLE * self.distance
        return self.distance >= _FAR_APART and is_little and correlation >= _WELL


def _repeated(detail: _Detail, most: float) -> _Repeated | None:
    """Where the source looks the same a little further on, and one shift looks like another; else None."""
    reach = int(np.ceil(2 * most)) + 8
    alike = _likeness_to_itself(detail.source, detail.weight, reach)
    peaks = (alike >= _REPEATS) & (alike >= cv2.dilate(alike, np.ones((3, 3), np.uint8)))
    peaks[reach - 1 : reach + 2, reach - 1 : reach + 2] = False
    if not peaks.any():
        return None
    distances = np.linalg.norm(np.argwhere(peaks) - reach, axis=1)
    return _Repeated(float(alike[peaks].max()), float(distances.min()))


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


def _wrapped(spectrum: NDArray[np.complex128], size: Size, reach: int) -> Floats:
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


def _away_from_edges(spread: Floats) -> Floats:
    away = np.where(spread >= 0.9, 1, 0).astype(np.float32)
    reach = round(_BROAD)
    away[:reach] = away[-reach:] = 0
    away[:, :reach] = away[:, -reach:] = 0
    return away


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
