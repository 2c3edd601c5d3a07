"""What a model did to the colours of the whole picture, undone: learnt where nothing should have changed."""

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Pixels

ColourMatrix = NDArray[np.float32]
"""(3, 4): RGB from RGB and 1, in values from 0 to 255."""

MOST_SAMPLES = 60_000
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
_MUST_HELP = 0.95


def matched(source: Pixels, answer: Pixels, known: NDArray[np.bool_]) -> ColourMatrix | None:
    """The affine map that brings the answer's colours nearest to the source's where both are known.

    Both (height, width, 3) uint8, of one size and aligned. Least squares, with the best 85 % of at most 60 000
    pixels, in rounds. None where there are too few, where no such map comes near, or where what
    it would do is no cast but another picture.
    """
    wanted, given = _samples(source, answer, known)
    if len(wanted) < _LEAST_SAMPLES:
        return None
    kept = np.ones(len(wanted), np.bool_)
    matrix = np.eye(3, 4, dtype=np.float32)
    for _ in range(_ROUNDS):
        matrix = _fitted(wanted[kept], given[kept])
        gaps = _gaps(matrix, wanted, given)
        kept = gaps <= np.quantile(gaps, KEPT)
    return matrix if _is_believable(matrix, wanted[kept], given[kept]) else None


def changed(pixels: Floats, matrix: ColourMatrix) -> Floats:
    """(height, width, 3) float32 through the matrix."""
    return np.asarray(cv2.transform(pixels, matrix), np.float32)


def distance(one: Pixels, other: Pixels, known: NDArray[np.bool_]) -> float | None:
    """The mean CIE76 dE between two pictures where both are known; None where nothing is."""
    if not known.any():
        return None
    first, second = (_lab(each[known]) for each in (one, other))
    return float(np.linalg.norm(first - second, axis=-1).mean())


def _samples(source: Pixels, answer: Pixels, known: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """(samples, 3) each: without what is clipped, unless nearly all is."""
    wanted, given = source[known], answer[known]
    step = max(1, -(-len(wanted) // MOST_SAMPLES))
    wanted, given = wanted[::step], given[::step]
    low, high = _CLIPPED
    both = np.concatenate([wanted, given], axis=1)
    whole = (both.min(axis=1) >= low) & (both.max(axis=1) <= high)
    if np.count_nonzero(whole) >= max(_LEAST_SAMPLES, 0.1 * len(whole)):
        wanted, given = wanted[whole], given[whole]
    return wanted.astype(np.float32), given.astype(np.float32)


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
    row = np.ascontiguousarray(colours[None, :, :3]).astype(np.float32) / 255
    return np.asarray(cv2.cvtColor(row, cv2.COLOR_RGB2LAB)[0], np.float32)
