"""Filling a hole in a small picture with patches of what surrounds it.

Wexler, Shechtman and Irani, "Space-Time Completion of Video" (2007): from coarse to fine, each
patch that touches the hole looks for its most similar patch in the known part, and the pixels
of the hole become the mean of what those patches say. At these sizes the search is exhaustive.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Mask, Size

_RADIUS = 2
_SIDE = 2 * _RADIUS + 1
_ROWS_AT_ONCE = 512
_WORK = 1.0e9
"""Products per search: about a twentieth of a second."""

_UPWARDS = 500.0
_ASIDE = 30.0
"""What moving by the whole picture costs, as a difference in grey levels over a patch."""

Points = NDArray[np.intp]


@dataclass(frozen=True)
class Synthesis:
    """A filled picture (height, width, channels) float32, and where each pixel was found.

    `origins` is (height, width, 2): row and column of the best match; itself outside the hole.
    """

    pixels: Floats
    origins: Points


def comfortable_side(hole: Mask) -> int:
    """The long side, 48 to 144, at which a hole of this share can be searched exhaustively."""
    share = min(0.75, max(0.02, np.count_nonzero(hole) / hole.size))
    flat = min(hole.shape) / max(hole.shape)
    work = share * (1 - share) * flat**2 * _SIDE**2 * 3
    return int(min(144, max(48, (_WORK / work) ** 0.25)))


def synthesize(guess: Floats, hole: Mask) -> Synthesis | None:
    """The hole filled from the rest, starting from `guess`; None if too little is known."""
    size = (hole.shape[1], hole.shape[0])
    found: Synthesis | None = None
    for shrink, rounds in ((4, 5), (2, 3), (1, 2)):
        smaller = _smaller(size, shrink)
        level_hole = _shrunk_hole(hole, smaller)
        level = _shrunk(guess, smaller)
        if found is None:
            level = _peeled(level, level_hole)
        else:
            before = cv2.resize(found.pixels, smaller, interpolation=cv2.INTER_LINEAR)
            level = np.where(level_hole[..., None] > 0, before.reshape(level.shape), level)
        found = _improved(level, level_hole, rounds) or found
    return found if found is not None and found.pixels.shape == guess.shape else None


def _smaller(size: Size, shrink: int) -> Size:
    return max(1, math.ceil(size[0] / shrink)), max(1, math.ceil(size[1] / shrink))


def _shrunk(pixels: Floats, size: Size) -> Floats:
    resized = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(resized.reshape(size[1], size[0], -1), np.float32)


def _shrunk_hole(hole: Mask, size: Size) -> Mask:
    covered = cv2.resize(hole.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.where(covered > 0, 255, 0).astype(np.uint8)


def _peeled(pixels: Floats, hole: Mask) -> Floats:
    """Filled ring by ring from the border inwards, by what is known of each patch.

    Without this the search would begin from a wash of colours, and find the flattest patches.
    """
    sources = np.argwhere(_whole_patches(_touching(hole)))
    if not len(sources):
        return pixels
    pixels, unknown = pixels.copy(), hole.copy()
    known = _described(pixels, sources)
    while unknown.any():
        eroded = cv2.erode(unknown, np.ones((3, 3), np.uint8), borderValue=255)
        inner = np.asarray(eroded, np.uint8)
        ring = np.argwhere((unknown > 0) & (inner == 0))
        if not len(ring):
            break
        surely = _patches((unknown == 0).astype(np.float32)[..., None], ring)
        matches = sources[_nearest(_described(pixels, ring), known, surely)]
        pixels[ring[:, 0], ring[:, 1]] = pixels[matches[:, 0], matches[:, 1]]
        unknown = inner
    return pixels


def _improved(pixels: Floats, hole: Mask, rounds: int) -> Synthesis | None:
    near = _touching(hole)
    targets, sources = np.argwhere(near > 0), np.argwhere(_whole_patches(near))
    if len(sources) < 4 * _SIDE**2 or not len(targets):
        return None
    trust = _trust(hole)
    surely = _patches(trust[..., None], targets)
    known = _described(pixels, sources)
    matches = targets
    for _ in range(rounds):
        matches = sources[_nearest(_described(pixels, targets), known, surely)]
        pixels = _voted(pixels, hole, targets, matches, trust[targets[:, 0], targets[:, 1]])
    origins = np.moveaxis(np.indices(hole.shape), 0, -1).astype(np.intp)
    origins[targets[:, 0], targets[:, 1]] = matches
    return Synthesis(pixels, origins)


def _touching(hole: Mask) -> Mask:
    """The centres of all patches that touch the hole."""
    return np.asarray(cv2.dilate(hole, np.ones((_SIDE, _SIDE), np.uint8)), np.uint8)


def _whole_patches(near: Mask) -> NDArray[np.bool_]:
    """Centres of patches that lie in the picture and do not touch the hole."""
    free = near == 0
    free[:_RADIUS], free[-_RADIUS:] = False, False
    free[:, :_RADIUS], free[:, -_RADIUS:] = False, False
    return free


def _trust(hole: Mask) -> Floats:
    """What is near the border of the hole is surer than what is deep in it."""
    depth = cv2.distanceTransform(hole, cv2.DIST_L2, 5)
    return np.asarray(1.3**-depth, np.float32)


def _described(pixels: Floats, centres: Points) -> Floats:
    """The patches, and as two more values where they lie: like is sought beside like.

    Scenes lie in layers (sky, hills, table): going up or down counts more than going aside.
    """
    height, width = pixels.shape[:2]
    unit = np.array([_UPWARDS / height, _ASIDE / width], np.float32)
    return np.concatenate([_patches(pixels, centres), centres * unit], axis=1).astype(np.float32)


def _patches(pixels: Floats, centres: Points) -> Floats:
    """(count, values) float32: the patches around the centres, flattened."""
    padded = cv2.copyMakeBorder(pixels, *(_RADIUS,) * 4, cv2.BORDER_REFLECT_101)
    padded = padded.reshape(*padded.shape[:2], -1)
    parts = [
        padded[centres[:, 0] + row, centres[:, 1] + column]
        for row in range(_SIDE)
        for column in range(_SIDE)
    ]
    return np.concatenate(parts, axis=1)


def _nearest(wanted: Floats, known: Floats, trust: Floats) -> Points:
    """The index of the nearest known patch for each wanted one.

    `trust` is (wanted, pixels of a patch): how much each pixel's difference counts.
    """
    channels = (wanted.shape[1] - 2) // trust.shape[1]
    place = np.ones((len(trust), 2), np.float32)
    weight = np.concatenate([np.repeat(trust, channels, axis=1), place], axis=1)
    squared = known * known
    best = np.empty(len(wanted), np.intp)
    for top in range(0, len(wanted), _ROWS_AT_ONCE):
        rows = slice(top, top + _ROWS_AT_ONCE)
        cross = (weight[rows] * wanted[rows]) @ known.T
        best[rows] = np.argmin(weight[rows] @ squared.T - 2 * cross, axis=1)
    return best


def _voted(pixels: Floats, hole: Mask, targets: Points, matches: Points, trust: Floats) -> Floats:
    """The hole's pixels as the trusted mean of what all patches over them say."""
    total = np.zeros((hole.shape[0] + 2 * _RADIUS, hole.shape[1] + 2 * _RADIUS, pixels.shape[2]))
    weight = np.zeros(total.shape[:2])
    for row in range(-_RADIUS, _RADIUS + 1):
        for column in range(-_RADIUS, _RADIUS + 1):
            at = targets[:, 0] + row + _RADIUS, targets[:, 1] + column + _RADIUS
            said = pixels[matches[:, 0] + row, matches[:, 1] + column]
            total[at] += said * trust[:, None]
            weight[at] += trust
    inner = np.s_[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]
    mean = total[inner] / np.maximum(weight[inner], 1e-9)[..., None]
    return np.where(hole[..., None] > 0, mean, pixels).astype(np.float32)
