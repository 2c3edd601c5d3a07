"""How well the changed part of a picture joins the rest: figures, not pixels.

A step at the border itself is seen as a line (border_ratio); one between what lies on both sides
of it, however softly it is crossed, as a patch of another colour (wide_steps).
"""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from . import masks
from .arrays import Bounds, Floats, Mask, Pixels, size_of

_TILE = 256
_MAX_TILES = 96
_BORDER_BAND = 1.5
_SIDE_BAND = (4.0, 16.0)
_REACH = 18
"""How far around the mask border_ratio looks: the side band and a little."""

_SPAN_SHARE, _SPAN_RANGE = 0.02, (8, 64)
"""How far in the mask wide_steps begins to look: a feather, as wide as stitching makes it by itself."""
_CELLS = 8
"""wide_steps looks at cells of which so many make a span."""
_BAND = 0.75
"""Width of the bands that wide_steps compares, in spans."""


def border_ratio(pixels: Pixels, mask: Mask) -> float | None:
    """Mean Lab gradient within 1.5 px of the mask's border over that 4 to 16 px beside it.

    About 1.0 where the border cannot be seen, 3 for a hard paste of a picture that has drifted.
    None when there is no border in the picture. Of long borders an even sample is measured.
    """
    box = _reaching(mask, _REACH)
    if box is None:
        return None
    sums = np.zeros(4)
    for tile in _border_tiles(mask, box):
        sums += _band_sums(pixels, mask, tile)
    border_sum, border_count, side_sum, side_count = sums
    if not border_count or not side_count:
        return None
    # a hundredth of a just visible step keeps flat drawings from dividing nothing by nothing
    return float((border_sum / border_count + 0.02) / (side_sum / side_count + 0.02))


def wide_steps(source: Pixels, pixels: Pixels, mask: Mask) -> tuple[float, float] | None:
    """By how much the colour steps more across the mask's border than in `source`: median and p95.

    CIE76 dE between the mean colours of two bands, one outside of the border and one inside of it
    behind the feather, around each place of the border; less that of `source`, at least 0. Where
    content goes on across the border, 1 can hardly be seen and 5 is a patch; where the edit puts
    another thing there, it says only that. None without a border, or where the mask is nowhere
    deep enough. Deterministic; the whole border is measured, on cells of an eighth of a feather.
    """
    found = _steps(source, pixels, mask)
    if found is None:
        return None
    before, after = (np.linalg.norm(steps, axis=1) for steps in found)
    return _middle_and_high(np.maximum(after - before, 0))


def colour_steps(source: Pixels, pixels: Pixels, mask: Mask) -> tuple[float, float] | None:
    """As wide_steps, but counting any other step as new, one that is smaller as well: what a picture
    of unchanged content is to be held against. Median and p95, CIE76 dE."""
    found = _steps(source, pixels, mask)
    if found is None:
        return None
    before, after = found
    return _middle_and_high(np.linalg.norm(after - before, axis=1))


def _middle_and_high(steps: Floats) -> tuple[float, float]:
    middle, high = np.percentile(steps, (50, 95))
    return float(middle), float(high)


def _steps(source: Pixels, pixels: Pixels, mask: Mask) -> tuple[Floats, Floats] | None:
    """(places, 3) Lab from outside to inside at each place of the border: of both pictures."""
    span = _span(masks.bounds(mask))
    box = _reaching(mask, math.ceil(2 * (1 + _BAND) * span))
    if box is None:
        return None
    cell = max(1, min(span // _CELLS, box[2] - box[0], box[3] - box[1]))
    bands = _Bands(_in_cells(mask, box, cell), span / cell)
    if not bands.places.any():
        return None
    return bands.steps(_in_cells(source, box, cell)), bands.steps(_in_cells(pixels, box, cell))


def _span(box: Bounds | None) -> int:
    low, high = _SPAN_RANGE
    length = math.hypot(box[2] - box[0], box[3] - box[1]) if box else 0.0
    return min(max(round(_SPAN_SHARE * length), low), high)


class _Bands:
    """The bands on both sides of a mask's border, and the places of the border that both are near.

    `covered` is the mask in cells, `span` a number of cells. What lies in cells that the border
    runs through says nothing, and is left out.
    """

    def __init__(self, covered: NDArray[np.uint8], span: float) -> None:
        width = _BAND * span
        inside = np.where(covered >= 128, 255, 0).astype(np.uint8)
        # 0.5: the border runs between the cells
        depth, distance = _depth(inside) - 0.5, _depth(255 - inside) - 0.5
        begin = _begin(inside, depth, span)
        self._inner = (covered == 255) & (depth > begin) & (depth <= begin + width)
        self._outer = (covered == 0) & (distance <= 1 + width)
        self._side = 2 * math.ceil(span + width) + 1
        near_both = (self._sum(self._inner) > 0.5) & (self._sum(self._outer) > 0.5)
        self.places = (inside > 0) & (depth < 1) & near_both

    def steps(self, cells: NDArray[np.uint8]) -> Floats:
        """(places, 3): Lab of the inner band less that of the outer one."""
        colours = np.ascontiguousarray(cells[..., :3]).astype(np.float32) / 255
        lab = cv2.cvtColor(colours, cv2.COLOR_RGB2LAB)
        inner, outer = (self._mean(lab, band) for band in (self._inner, self._outer))
        return np.asarray(inner - outer, np.float32)

    def _mean(self, lab: NDArray[Any], band: NDArray[np.bool_]) -> NDArray[np.float64]:
        total = self._sum(lab * band[..., None])[self.places]
        return np.asarray(total / self._sum(band)[self.places][:, None], np.float64)

    def _sum(self, array: NDArray[Any]) -> NDArray[np.float64]:
        """Over the square around each cell."""
        side = (self._side, self._side)
        summed = cv2.boxFilter(
            array.astype(np.float64), -1, side, normalize=False, borderType=cv2.BORDER_CONSTANT
        )
        return np.asarray(summed, np.float64)


def _begin(inside: Mask, depth: Floats, span: float) -> Floats:
    """The depth at which the inner band begins: half of an island's own where that is less."""
    count, found = cv2.connectedComponents(inside, connectivity=8)
    labels = np.asarray(found, np.intp)
    deepest = np.zeros(count, np.float32)
    np.maximum.at(deepest, labels.ravel(), depth.ravel())
    return np.asarray(np.minimum(span, 0.5 * deepest)[labels], np.float32)


def _in_cells(array: NDArray[np.uint8], box: Bounds, cell: int) -> NDArray[np.uint8]:
    """The mean of each cell of the bounds; what is left over at their end is left out."""
    width, height = (box[2] - box[0]) // cell, (box[3] - box[1]) // cell
    window = array[box[1] : box[1] + height * cell, box[0] : box[0] + width * cell]
    if cell == 1:
        return window
    return np.asarray(cv2.resize(window, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _reaching(mask: Mask, reach: int) -> Bounds | None:
    """The mask's bounds and so many pixels more on each side, within the picture."""
    box = masks.bounds(mask)
    return masks.grown_bounds(box, reach, size_of(mask)) if box else None


def _border_tiles(mask: Mask, box: Bounds) -> list[Bounds]:
    """Tiles of the bounds in which masked and unmasked pixels meet; at most _MAX_TILES of them."""
    tiles = [
        (left, top, min(left + _TILE, box[2]), min(top + _TILE, box[3]))
        for top in range(box[1], box[3], _TILE)
        for left in range(box[0], box[2], _TILE)
    ]
    met = [tile for tile in tiles if _is_mixed(mask[tile[1] : tile[3], tile[0] : tile[2]])]
    step = max(1, -(-len(met) // _MAX_TILES))
    return met[::step]


def _is_mixed(mask: Mask) -> bool:
    return bool(mask.any()) and not bool(mask.all())


def _band_sums(pixels: Pixels, mask: Mask, tile: Bounds) -> NDArray[np.float64]:
    """Sum and count of the gradient on the border, then beside it, within one tile."""
    left, top, right, bottom = tile
    inside = mask[top:bottom, left:right]
    gradient = _lab_gradient(pixels[top:bottom, left:right, :3])
    # 0.5: the border runs between the pixels
    distance = np.maximum(_depth(inside), _depth(255 - inside)) - 0.5
    on_border = distance <= _BORDER_BAND
    beside = (distance >= _SIDE_BAND[0]) & (distance <= _SIDE_BAND[1])
    return np.array(
        [
            gradient[on_border].sum(dtype=np.float64),
            np.count_nonzero(on_border),
            gradient[beside].sum(dtype=np.float64),
            np.count_nonzero(beside),
        ]
    )


def _depth(mask: Mask) -> Floats:
    return np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, 5), np.float32)


def _lab_gradient(pixels: Pixels) -> Floats:
    """Length of the colour gradient in Lab units per pixel, by central differences."""
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    across = cv2.Sobel(lab, cv2.CV_32F, 1, 0, ksize=1, scale=0.5)
    down = cv2.Sobel(lab, cv2.CV_32F, 0, 1, ksize=1, scale=0.5)
    squared = np.einsum("hwc,hwc->hw", across, across) + np.einsum("hwc,hwc->hw", down, down)
    return np.asarray(np.sqrt(squared), np.float32)
