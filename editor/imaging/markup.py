"""Draws marks (imaging.marks) as pixels.

The studio draws the same marks as SVG (static/editor/markup.js): shapes and numbers here follow that
module, and the other way round.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from . import files
from .arrays import Bounds, Pixels, Size
from .mark_letters import FINE, Letters, in_order
from .marks import Arrow, Box, Circle, Line, Mark, Text

_HEAD, _HEAD_SHARE = 5.0, 0.5
"""Length of an arrow's barbs: in widths of the line, and at most this share of the arrow."""

_HEAD_ANGLE = math.radians(30)
_RIM, _TEXT_RIM = 0.15, 0.05
"""The outline, as a share of a line's width and of a text's size; at least a picture's pixel."""

_DARK, _LIGHT = "#18181c", "#faf9f5"
_TILE = 256
_ROUND = 360  # sides of a circle's polygon
_SHIFT = 4
_UNITS = 1 << _SHIFT
"""OpenCV takes coordinates in sixteenths."""

_MOST_LETTER_PIXELS = 8_000_000  # that one text is written with, and twice that for all
_MOST_WORK = 400_000_000
"""Fine pixels that are written for a drawing: what needs more is drawn smaller, and enlarged."""


def drawn(marks: Iterable[Mark], bounds: Bounds, size: Size) -> Pixels:
    """What the marks look like in a window of the picture, as (height, width, 4) RGBA uint8.

    `bounds` is the window in pixels of the picture (it may reach beyond the picture), `size` what
    it is drawn at. Straight alpha, anti-aliased; each mark has a thin outline, dark around light
    colours and light around dark ones, so that it shows on any ground. Only tiles that a mark
    touches cost more than their memory. Where wide marks lie over each other many times, they are
    less sharp, so that no drawing takes longer than about two seconds.
    """
    marks = list(marks)
    shapes = _shapes(marks, bounds, size)
    work = sum(shape.work(size) for shape in shapes)
    if work <= _MOST_WORK:
        return _painted(shapes, size)
    share = math.sqrt(_MOST_WORK / work)
    small = max(1, round(size[0] * share)), max(1, round(size[1] * share))
    pixels = Image.fromarray(_painted(_shapes(marks, bounds, small), small))
    return np.asarray(pixels.resize(size, Image.Resampling.BICUBIC))


def _painted(shapes: "list[_Strokes | Letters]", size: Size) -> Pixels:
    width, height = size
    result = np.zeros((height, width, 4), np.uint8)
    for tile in _tiles(size):
        shown = [shape for shape in shapes if _meet(shape.box, tile)]
        if shown:
            left, top, right, bottom = tile
            result[top:bottom, left:right] = _tile(shown, tile)
    return result


def over(pixels: Pixels, overlay: Pixels) -> Pixels:
    """`overlay` (RGBA) laid over `pixels` (RGB or RGBA) of the same size; a new array like `pixels`.

    Pixels under a clear overlay are exactly as they were.
    """
    result = pixels.copy()
    left, top, width, height = cv2.boundingRect(overlay[..., 3])
    for row in range(top, top + height, _TILE):  # in strips: floats of a whole photo are large
        part = slice(row, min(row + _TILE, top + height)), slice(left, left + width)
        result[part] = _laid(pixels[part], overlay[part])
    return result


def resized(data: bytes, size: Size) -> Pixels:
    """A drawing that came as a file, at another size. RGBA if the file has transparency.

    Raises what files.open_picture raises for bytes that are no picture.
    """
    image = Image.fromarray(files.open_picture(data).pixels)
    return np.asarray(image.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0))


def reach(marks: Iterable[Mark]) -> Bounds | None:
    """The smallest whole-pixel bounds, in pixels of the picture, that hold all that is drawn."""
    boxes = np.array([shape.box for shape in _shapes(marks, (0, 0, 1, 1), (1, 1))])
    if not boxes.size:
        return None
    left, top = np.floor(boxes[:, :2].min(axis=0)).astype(int).tolist()
    right, bottom = np.ceil(boxes[:, 2:].max(axis=0)).astype(int).tolist()
    return left, top, right, bottom


def _tiles(size: Size) -> Iterator[Bounds]:
    for top in range(0, size[1], _TILE):
        for left in range(0, size[0], _TILE):
            yield left, top, min(left + _TILE, size[0]), min(top + _TILE, size[1])


def _meet(box: Box, tile: Bounds) -> bool:
    return box[0] < tile[2] and box[2] > tile[0] and box[1] < tile[3] and box[3] > tile[1]


def _tile(shapes: "list[_Strokes | Letters]", tile: Bounds) -> Pixels:
    width, height = tile[2] - tile[0], tile[3] - tile[1]
    fine = np.zeros((height * FINE, width * FINE, 4), np.uint8)
    for shape in shapes:
        shape.paint(fine, tile)
    # colours of clear pixels are 0, so their average is that of the others times the alpha
    average = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
    alpha = np.maximum(average[..., 3:], 1).astype(np.float32)
    colours = np.minimum(average[..., :3] * (255 / alpha) + 0.5, 255)
    return np.dstack([colours.astype(np.uint8), average[..., 3]])


def _laid(below: Pixels, above: Pixels) -> Pixels:
    share = above[..., 3:].astype(np.float32) / 255
    colours = below[..., :3].astype(np.float32)
    if below.shape[2] == 3:
        return (colours + share * (above[..., :3] - colours) + 0.5).astype(np.uint8)
    under = below[..., 3:].astype(np.float32) / 255
    alpha = share + under * (1 - share)
    weight = np.divide(share, alpha, out=np.zeros_like(share), where=alpha > 0)
    laid = np.dstack([colours + weight * (above[..., :3] - colours), 255 * alpha])
    return (laid + 0.5).astype(np.uint8)


def _shapes(marks: Iterable[Mark], bounds: Bounds, size: Size) -> "list[_Strokes | Letters]":
    """The marks in pixels of the drawing."""
    left, top, right, bottom = bounds
    scale = np.array([size[0] / (right - left), size[1] / (bottom - top)])
    marks = list(marks)
    texts = sum(isinstance(mark, Text) for mark in marks)
    return [
        _letters(mark, (left, top), scale, texts)
        if isinstance(mark, Text)
        else _strokes(mark, (left, top), scale)
        for mark in marks
    ]


def _strokes(
    mark: Arrow | Circle | Line, corner: tuple[int, int], scale: NDArray[np.float64]
) -> "_Strokes":
    points = (_points(mark) - corner) * scale
    unit = math.sqrt(scale.prod())
    ends = np.hstack([points[:, 0], points[:, 1]])
    rim = max(1.0, _RIM * mark.width)
    return _Strokes(ends, unit * mark.width / 2, unit * rim, *_inks(mark.colour))


def _letters(
    mark: Text, corner: tuple[int, int], scale: NDArray[np.float64], texts: int
) -> Letters:
    at = (np.array(mark.at) - corner) * scale
    rim = max(1.0, _TEXT_RIM * mark.size) / mark.size
    most = min(_MOST_LETTER_PIXELS, 2 * _MOST_LETTER_PIXELS // texts)
    return Letters(in_order(mark.text), at, mark.size * scale, rim, most, *_inks(mark.colour))


def _points(mark: Arrow | Circle | Line) -> NDArray[np.float64]:
    """(n, 2, 2): the ends of straight strokes, in pixels of the picture."""
    match mark:
        case Arrow():
            return _arrow(np.array(mark.start), np.array(mark.end), mark.width)
        case Circle():
            return _ring(mark.bounds)
        case Line():
            points = np.array(mark.points if len(mark.points) > 1 else mark.points * 2)
            return np.stack([points[:-1], points[1:]], axis=1)


def _arrow(
    start: NDArray[np.float64], end: NDArray[np.float64], width: float
) -> NDArray[np.float64]:
    way = start - end
    length = math.hypot(*way)
    barb = way / length * min(_HEAD * width, _HEAD_SHARE * length) if length else way
    cos, sin = math.cos(_HEAD_ANGLE), math.sin(_HEAD_ANGLE)
    turned = [end + barb @ np.array([[cos, side * sin], [-side * sin, cos]]) for side in (1, -1)]
    return np.array([[start, end], [end, turned[0]], [end, turned[1]]])


def _ring(bounds: Box) -> NDArray[np.float64]:
    left, top, right, bottom = bounds
    angles = np.linspace(0, 2 * math.pi, _ROUND + 1)
    across = (left + right) / 2 + (right - left) / 2 * np.cos(angles)
    down = (top + bottom) / 2 + (bottom - top) / 2 * np.sin(angles)
    points = np.column_stack([across, down])
    return np.stack([points[:-1], points[1:]], axis=1)


def _inks(colour: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The mark's colour and that of its outline, RGBA."""
    red, green, blue, _alpha = ink = _rgba(colour)
    is_dark = 0.299 * red + 0.587 * green + 0.114 * blue < 80
    return ink, _rgba(_LIGHT if is_dark else _DARK)


def _rgba(colour: str) -> tuple[int, ...]:
    return *bytes.fromhex(colour[1:]), 255


@dataclass(frozen=True)
class _Strokes:
    """Straight strokes with round ends, in pixels of the drawing."""

    ends: NDArray[np.float64]  # (n, 4): x, y, x, y
    radius: float
    rim: float
    ink: tuple[int, ...]
    rim_ink: tuple[int, ...]

    @cached_property
    def box(self) -> Box:
        by = self.radius + self.rim
        left, top = np.minimum(self.ends[:, :2], self.ends[:, 2:]).min(axis=0) - by
        right, bottom = np.maximum(self.ends[:, :2], self.ends[:, 2:]).max(axis=0) + by
        return float(left), float(top), float(right), float(bottom)

    def work(self, size: Size) -> float:
        """About how many fine pixels are written for it in a drawing of this size, some many times."""
        by = self.radius + self.rim
        low = np.clip(np.minimum(self.ends[:, :2], self.ends[:, 2:]) - by, 0, size)
        high = np.clip(np.maximum(self.ends[:, :2], self.ends[:, 2:]) + by, 0, size)
        sides = high - low
        areas = np.minimum(sides.prod(axis=1), np.hypot(*sides.T) * 2 * by)
        return float(areas.sum()) * 3 * FINE**2  # the outline, the stroke, and its ends

    def paint(self, fine: Pixels, tile: Bounds) -> None:
        """Into the tile's finer pixels, in place."""
        ends = (self._near(tile) - (tile[0], tile[1]) * 2) * FINE - 0.5
        # OpenCV counts from the centres of pixels, and fills those on the border too: half a pixel less
        for radius, ink in ((self.radius + self.rim, self.rim_ink), (self.radius, self.ink)):
            _draw_capsules(fine, ends, max(0.25, radius * FINE - 0.5), ink)

    def _near(self, tile: Bounds) -> NDArray[np.float64]:
        """Only what can be seen in the tile of the strokes that come near it: a stroke may be long,
        and OpenCV's coordinates are short."""
        middle = np.array([tile[0] + tile[2], tile[1] + tile[3]]) / 2
        far = math.hypot(tile[2] - tile[0], tile[3] - tile[1]) / 2 + self.radius + self.rim + 1
        starts, ways = self.ends[:, :2], self.ends[:, 2:] - self.ends[:, :2]
        lengths = np.maximum(np.hypot(*ways.T), 1e-9)
        nearest = ((middle - starts) * ways).sum(axis=1) / lengths**2
        first = np.clip(nearest - far / lengths, 0, 1)[:, None]
        last = np.clip(nearest + far / lengths, 0, 1)[:, None]
        closest = starts + np.clip(nearest, 0, 1)[:, None] * ways
        near = np.hypot(*(closest - middle).T) <= far
        return np.hstack([starts + first * ways, starts + last * ways])[near]


def _draw_capsules(
    fine: Pixels, ends: NDArray[np.float64], radius: float, ink: tuple[int, ...]
) -> None:
    """In place. OpenCV's own thick lines have widths of odd whole pixels only."""
    ways = ends[:, 2:] - ends[:, :2]
    across = ways[:, ::-1] * (-1, 1) / np.maximum(np.hypot(*ways.T), 1e-9)[:, None] * radius
    starts, stops = ends[:, :2], ends[:, 2:]
    corners = np.stack([starts + across, stops + across, stops - across, starts - across], axis=1)
    for corner in _fixed(corners):
        cv2.fillConvexPoly(fine, corner, ink, cv2.LINE_8, _SHIFT)
    round_ends = np.unique(_fixed(np.vstack([starts, stops])), axis=0)
    for centre in round_ends.tolist():
        cv2.circle(fine, centre, round(radius * _UNITS), ink, cv2.FILLED, cv2.LINE_8, _SHIFT)


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.round(points * _UNITS).astype(np.int32)
