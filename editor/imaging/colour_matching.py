"""What a model did to the colours of the whole picture, undone: learnt where nothing should have changed."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Pixels

ColourMatrix = NDArray[np.float32]
"""(3, 4): RGB from RGB and 1, in values from 0 to 255."""

MOST_SAMPLES = 20_000
KEPT = 0.85
"""Of the reference pixels; what fits worst, where the content itself was changed, is left out."""
MOST_MASKED = 0.6
"""Of a window; beyond it too little is left to learn from."""

_RIDGE = 30.0
"""Levels squared: as if the colours were spread by so much more, in favour of a matrix of plain gains."""
_PLAIN_GAINS = (0.8, 1.25)
_ROUNDS = 4
_LEAST_SAMPLES = 100
_CLIPPED = (3, 252)
_MOST_STEP = 48.0
"""Mean difference in levels beyond which it is another picture, not another light."""
_GAINS = (0.6, 1.6)
_MOST_MIXED = 0.5
_LEAST_STEP = 0.25
_MUST_HELP = 0.9
_MOST_SLOPE = 0.15
_SLOPE_MUST_HELP = 0.9
_SLOPE_RIDGE = 25.0
"""Levels squared: what cannot be told from the content's own colours is taken for level."""


@dataclass(frozen=True)
class Match:
    """`matrix` brings colours to the source's, once light that slopes was made even.

    `slope`: how much more of the answer's light is wanted at the right and at the lower edge of the window
    than in its middle, as shares of it; at the opposite edges it is so much less.
    """

    matrix: ColourMatrix
    slope: tuple[float, float] = (0.0, 0.0)

    def applied(self, pixels: Floats, across: Floats, down: Floats) -> Floats:
        """(height, width, 3) float32 in the source's colours.

        `across` (width,) and `down` (height,) say where the pixels lie in the window: -1 is its left
        or upper edge, 1 its right or lower one.
        """
        if any(self.slope):
            gain = 1 + self.slope[0] * across[None, :] + self.slope[1] * down[:, None]
            pixels = pixels * gain[..., None].astype(np.float32)
        return np.asarray(cv2.transform(pixels, self.matrix), np.float32)


def matched(source: Pixels, answer: Pixels, known: NDArray[np.bool_]) -> Match | None:
    """What brings the answer's colours nearest to the source's where both are known.

    Both (height, width, 3) uint8, of one size and aligned: the window. An affine map of colours by least
    squares, with the best 85 % of at most 20 000 pixels, in rounds; and the slope of the light where that
    explains much of what is left. None where there are too few, where no such map comes near, or
    where what it would do is no cast but another picture.
    """
    wanted, given, places = _samples(source, answer, known)
    if len(wanted) < _LEAST_SAMPLES:
        return None
    level, sloped = (_matched(wanted, given, places, may) for may in (False, True))
    match, even, kept, _ = sloped if sloped[3] <= _SLOPE_MUST_HELP * level[3] else level
    return match if _is_believable(match.matrix, wanted[kept], even[kept]) else None


def middles(first: float, last: float, start: int, stop: int) -> Floats:
    """Where the middles of the pixels from `start` to `stop` lie between `first` (-1) and `last` (1)."""
    place = np.arange(start, stop, dtype=np.float32) + 0.5
    return np.asarray(2 * (place - first) / (last - first) - 1, np.float32)


def distance(one: Pixels, other: Pixels, known: NDArray[np.bool_]) -> float | None:
    """The mean CIE76 dE between two pictures where both are known, of at most 20 000 pixels; None where
    nothing is. Both (height, width, 3) uint8."""
    taken = _spread(np.flatnonzero(known))
    if not len(taken):
        return None
    first, second = (_lab(each.reshape(-1, 3)[taken]) for each in (one, other))
    return float(np.linalg.norm(first - second, axis=-1).mean())


def _samples(
    source: Pixels, answer: Pixels, known: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats]:
    """(samples, 3) of each, and (samples, 2) where they lie: without what is clipped, unless nearly all is."""
    height, width = known.shape
    taken = _spread(np.flatnonzero(known))
    wanted, given = source.reshape(-1, 3)[taken], answer.reshape(-1, 3)[taken]
    low, high = _CLIPPED
    both = np.concatenate([wanted, given], axis=1)
    whole = (both.min(axis=1) >= low) & (both.max(axis=1) <= high)
    if np.count_nonzero(whole) >= max(_LEAST_SAMPLES, 0.1 * len(whole)):
        wanted, given, taken = wanted[whole], given[whole], taken[whole]
    across, down = middles(0, width, 0, width), middles(0, height, 0, height)
    places = np.stack([across[taken % width], down[taken // width]], axis=1)
    return wanted.astype(np.float32), given.astype(np.float32), places


def _spread(taken: NDArray[np.intp]) -> NDArray[np.intp]:
    """At most MOST_SAMPLES of them, one by chance out of each so many: even steps could fall in with stripes."""
    step = -(-len(taken) // MOST_SAMPLES)
    if step <= 1:
        return taken
    first = np.arange(0, len(taken) - step + 1, step)
    return taken[first + np.random.default_rng(0).integers(0, step, len(first))]


def _matched(
    wanted: Floats, given: Floats, places: Floats, may_slope: bool
) -> tuple[Match, Floats, NDArray[np.bool_], float]:
    """The match, the samples in even light, which of them count, and the mean gap that they leave."""
    kept = np.ones(len(wanted), np.bool_)
    slope = np.zeros(2, np.float32)
    even = given
    for _ in range(_ROUNDS):
        matrix = _fitted(wanted[kept], even[kept])
        if may_slope:
            slope += _steeper(matrix, wanted[kept], even[kept], places[kept])
            slope = np.clip(slope, -_MOST_SLOPE, _MOST_SLOPE)
            even = given * (1 + places @ slope)[:, None]
            matrix = _fitted(wanted[kept], even[kept])
        gaps = _gaps(matrix, wanted, even)
        kept = gaps <= np.quantile(gaps, KEPT)
    match = Match(matrix, (float(slope[0]), float(slope[1])))
    return match, even, kept, float(gaps[kept].mean())


def _steeper(matrix: ColourMatrix, wanted: Floats, even: Floats, places: Floats) -> Floats:
    """By how much the light slopes more: as far as another matrix does not explain the same."""
    lit = even @ matrix[:, :3].T
    left = wanted - lit - matrix[:, 3]
    colours = np.column_stack([even, np.ones(len(even), np.float32)])
    square = (colours.T @ colours).astype(np.float64) + np.eye(4)
    right, below = np.zeros(2), len(even) * _SLOPE_RIDGE * np.eye(2)
    for channel in range(3):
        more = lit[:, channel, None] * places
        more = more - colours @ np.linalg.solve(square, colours.T @ more).astype(np.float32)
        right += more.T @ left[:, channel]
        below += more.T @ more
    return np.linalg.solve(below, right).astype(np.float32)


def _fitted(wanted: Floats, given: Floats) -> ColourMatrix:
    """Least squares about the mean: the ridge then holds the matrix, never the offset."""
    middle, target = given.mean(axis=0, dtype=np.float64), wanted.mean(axis=0, dtype=np.float64)
    spread, goal = given - middle, wanted - target
    # where the colours leave it open, a light that has changed is a gain of each channel
    plain = np.diag(np.clip(target / np.maximum(middle, 1), *_PLAIN_GAINS))
    ridge = _RIDGE * len(given)
    square = spread.T @ spread + ridge * np.eye(3)
    linear = np.linalg.solve(square, spread.T @ goal + ridge * plain).T
    return np.column_stack([linear, target - linear @ middle]).astype(np.float32)


def _gaps(matrix: ColourMatrix, wanted: Floats, given: Floats) -> Floats:
    return np.asarray(
        np.abs(given @ matrix[:, :3].T + matrix[:, 3] - wanted).sum(axis=1), np.float32
    )


def _is_believable(matrix: ColourMatrix, wanted: Floats, given: Floats) -> bool:
    before = float(np.abs(given - wanted).mean())
    after = float(_gaps(matrix, wanted, given).mean()) / 3
    step = float(np.abs(given.mean(axis=0) - wanted.mean(axis=0)).max())
    gains = np.linalg.svd(matrix[:, :3], compute_uv=False)
    in_bounds = gains.min() >= _GAINS[0] and gains.max() <= _GAINS[1]
    helps = before >= _LEAST_STEP and after <= _MUST_HELP * before
    return bool(helps and step <= _MOST_STEP and in_bounds and _is_light(matrix[:, :3]))


def _is_light(linear: ColourMatrix) -> bool:
    """Whether greys stay about grey, and channels their own: a negative is no cast."""
    greys = linear.sum(axis=1)
    mixed = np.abs(linear - np.diag(linear.diagonal())).max()
    return bool(greys.min() >= _GAINS[0] and greys.max() <= _GAINS[1] and mixed <= _MOST_MIXED)


def _lab(colours: Pixels) -> Floats:
    row = colours[None].astype(np.float32) / 255
    return np.asarray(cv2.cvtColor(row, cv2.COLOR_RGB2LAB)[0], np.float32)
