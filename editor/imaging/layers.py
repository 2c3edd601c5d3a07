"""Painting a picture strip by strip from layers, so that a large one needs little memory.

Coordinates do not depend on the size in pixels: y runs from 0 at the top to 1 at the bottom, and x
from 0 to width / height.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Pixels, Size

Values: TypeAlias = NDArray[np.floating[Any]]

_STRIP_PIXELS = 120_000
"""A strip's arrays then fit the processor's cache."""

_TILE = 512


@dataclass(frozen=True)
class Strip:
    """Some whole rows of the picture. `pixels` (rows, width, 3) float32, 0 to 255, is painted on."""

    pixels: Floats
    x: Floats  # (1, width)
    y: Floats  # (rows, 1)
    rows: slice  # where they are in the picture
    pixel: float  # the side of a pixel

    @property
    def top(self) -> float:
        return float(self.y[0, 0])

    @property
    def bottom(self) -> float:
        return float(self.y[-1, 0])

    def within(self, shown: NDArray[np.bool_]) -> tuple["Strip", slice]:
        """The part of the strip from the first to the last of these columns, and which they are."""
        found = np.flatnonzero(shown)
        columns = slice(int(found[0]), int(found[-1]) + 1) if found.size else slice(0, 0)
        part = Strip(self.pixels[:, columns], self.x[:, columns], self.y, self.rows, self.pixel)
        return part, columns


@dataclass(frozen=True)
class Layer:
    """`paint` changes a strip's pixels. Below `full_below` (a y) nothing under the layer shows."""

    paint: Callable[[Strip], None]
    full_below: float = math.inf


def render(size: Size, layers: Sequence[Layer], rng: np.random.Generator, grain: float) -> Pixels:
    """The layers one over the other, (height, width, 3) uint8.

    `grain` is the standard deviation of the noise over all, in grey levels: it also hides the
    steps of slow gradients.
    """
    width, height = size
    result = np.empty((height, width, 3), np.uint8)
    deep = min(height, max(1, _STRIP_PIXELS // width))
    noise = rng.normal(0, grain, (deep, width + 997, 1)).astype(np.float32)
    x = _centres(0, width, height)[None, :]
    for top in range(0, height, deep):
        rows = slice(top, min(height, top + deep))
        count = rows.stop - top
        y = _centres(top, rows.stop, height)[:, None]
        strip = Strip(np.zeros((count, width, 3), np.float32), x, y, rows, 1 / height)
        hidden = [number for number, each in enumerate(layers) if strip.top > each.full_below]
        for layer in layers[max(hidden, default=0) :]:
            layer.paint(strip)
        shift = top * 389 % 997
        strip.pixels[...] += noise[:count, shift : shift + width]
        np.clip(strip.pixels, 0, 255, out=strip.pixels)
        result[rows] = strip.pixels + 0.5
    return result


def _centres(start: int, stop: int, unit: int) -> Floats:
    return np.asarray((np.arange(start, stop) + 0.5) / unit, np.float32)


def lay(strip: Strip, cover: Values, colour: Values) -> None:
    """A colour over the strip: `cover` (rows or 1, width or 1), 0 to 1; `colour` fits (…, 3)."""
    if not cover.any():
        return
    strip.pixels[...] += cover.astype(np.float32, copy=False)[..., None] * (colour - strip.pixels)


def smooth(low: float | Values, high: float | Values, value: Values) -> Floats:
    """0 below `low`, 1 above `high`, an S-curve between."""
    share = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def mix(one: Values, other: Values, share: float | Values) -> Floats:
    return np.asarray(one + share * (other - one), np.float32)


def clouds(
    rng: np.random.Generator, cells: tuple[float, float], octaves: int, shape: Size = (640, 480)
) -> Floats:
    """Fractal noise of a `shape`, mean 0 and standard deviation 1; `cells` across and down."""
    width, height = shape
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        across = min(width, max(2, round(cells[0] * 2**octave)))
        down = min(height, max(2, round(cells[1] * 2**octave)))
        grid = rng.normal(0, 1, (down + 3, across + 3)).astype(np.float32)
        large = cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        total += np.asarray(large, np.float32) * 0.55**octave
    return np.asarray((total - total.mean()) / max(1e-6, float(total.std())), np.float32)


def rough_tile(rng: np.random.Generator, octaves: tuple[int, ...] = (8, 16, 32, 64, 128)) -> Floats:
    """(512, 512) noise that can be laid edge to edge, mean 0, standard deviation 1."""
    total = np.zeros((_TILE, _TILE), np.float32)
    for number, cells in enumerate(octaves):
        grid = rng.normal(0, 1, (cells, cells)).astype(np.float32)
        wrapped = cv2.copyMakeBorder(grid, 2, 2, 2, 2, cv2.BORDER_WRAP)
        scale = _TILE // cells
        large = cv2.resize(wrapped, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        cut = np.asarray(large, np.float32)[2 * scale : -2 * scale, 2 * scale : -2 * scale]
        total += cut * 0.7**number
    return np.asarray(total / total.std(), np.float32)


def sampled(tile: Floats, x: Values, y: Values) -> Floats:
    """A tile read at coordinates in tiles (any real numbers), which are broadcast together."""
    shape = np.broadcast_shapes(x.shape, y.shape)
    across = np.broadcast_to(x % 1 * _TILE, shape).astype(np.float32)
    down = np.broadcast_to(y % 1 * _TILE, shape).astype(np.float32)
    found = cv2.remap(tile, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return np.asarray(found, np.float32)


def line_noise(
    rng: np.random.Generator, x: Floats, frequency: float, octaves: int, roughness: float = 0.5
) -> Floats:
    """A wavy line over `x` (any shape), about -1 to 1; `frequency` is waves per unit of x."""
    total = np.zeros(x.shape, np.float32)
    weight = 0.0
    for octave in range(octaves):
        share = roughness**octave
        pace = frequency * 2**octave * rng.uniform(0.8, 1.25)
        total += share * np.sin(2 * math.pi * pace * x + rng.uniform(0, 2 * math.pi))
        total += 0.5 * share * np.sin(3.3 * math.pi * pace * x + rng.uniform(0, 2 * math.pi))
        weight += share
    return np.asarray(total / (1.3 * weight), np.float32)
