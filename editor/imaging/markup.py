"""Marks drawn over a picture to show what is meant: arrows, circles, freehand lines, short texts.

Marks are in pixels of the picture, whose corner is the origin; they may lie beyond it. The studio
draws the same marks as SVG (static/editor/markup.js): shapes and numbers here follow that module,
and the other way round.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from . import files
from .arrays import Bounds, Pixels, Size
from .mark_letters import FINE, Box, Letters, in_order

Point: TypeAlias = tuple[float, float]

MOST_MARKS = 200
MOST_NUMBERS = 20_000
MOST_CHARACTERS = 200
MOST_CHARACTERS_IN_ALL = 2_000
FURTHEST = 100_000.0
THINNEST, WIDEST = 0.5, 2_000.0
SMALLEST_TEXT, LARGEST_TEXT = 2.0, 4_000.0

_COLOUR = re.compile(r"#[0-9a-f]{6}")
_UNWRITABLE = ("Cc", "Cs", "Zl", "Zp")


class MarkupRefused(ValueError):
    """Marks cannot be used. `code` is one of not_marks, too_many, too_long, too_much_text.

    str() is one English sentence for a person; `facts` has the numbers in it.
    """

    def __init__(self, code: str, sentence: str, **facts: object) -> None:
        super().__init__(sentence)
        self.code = code
        self.facts = facts


@dataclass(frozen=True)
class Arrow:
    """From its tail to its tip."""

    start: Point
    end: Point
    width: float  # of the line
    colour: str  # #rrggbb


@dataclass(frozen=True)
class Circle:
    """The ellipse inscribed in `bounds`."""

    bounds: Box
    width: float
    colour: str


@dataclass(frozen=True)
class Line:
    """Drawn freehand."""

    points: tuple[Point, ...]
    width: float
    colour: str


@dataclass(frozen=True)
class Text:
    """One line of words; `at` is the upper left corner of its box, `size` that of the letters."""

    at: Point
    text: str
    size: float
    colour: str


Mark: TypeAlias = Arrow | Circle | Line | Text


# --- reading -------------------------------------------------------------------------------------


def read(data: Any) -> tuple[Mark, ...]:
    """The marks in what a browser sent, parsed from JSON: a list of objects, each with exactly the
    keys of its kind. Numbers have at most one decimal.

    Raises MarkupRefused: not_marks (another form, a number out of bounds, a text that cannot be
    written), too_many (marks), too_long (numbers in all), too_much_text (in one mark, or in all).
    """
    if not isinstance(data, list):
        raise _not_marks()
    if len(data) > MOST_MARKS:
        raise MarkupRefused(
            "too_many",
            f"There are {len(data)} drawn marks, and at most {MOST_MARKS} can be kept: "
            "delete some of them.",
            found=len(data),
            limit=MOST_MARKS,
        )
    _require_few_numbers(data)
    marks = tuple(_mark(each) for each in data)
    _require_few_characters(marks)
    return marks


def listed(marks: Iterable[Mark]) -> list[dict[str, Any]]:
    """The marks in the form that `read` takes, for keeping as JSON."""
    return [_plain(mark) for mark in marks]


def _require_few_numbers(data: list[Any]) -> None:
    """Before any is looked at: most numbers are those of freehand lines."""
    found = sum(2 * len(each["points"]) for each in data if _has_points(each))
    if found + 5 * len(data) > MOST_NUMBERS:
        raise MarkupRefused(
            "too_long",
            "The drawn lines have more points than can be kept: draw fewer or shorter ones.",
            found=found,
            limit=MOST_NUMBERS,
        )


def _require_few_characters(marks: Iterable[Mark]) -> None:
    """Each letter costs time to write, however small it is."""
    found = sum(len(mark.text) for mark in marks if isinstance(mark, Text))
    if found > MOST_CHARACTERS_IN_ALL:
        raise MarkupRefused(
            "too_much_text",
            f"The drawn texts have {found} characters together, and at most "
            f"{MOST_CHARACTERS_IN_ALL} can be kept: shorten or delete some of them.",
            found=found,
            limit=MOST_CHARACTERS_IN_ALL,
        )


def _has_points(data: Any) -> bool:
    return isinstance(data, dict) and isinstance(data.get("points"), list)


def _mark(data: Any) -> Mark:
    match data:
        case {"kind": "arrow", "from": start, "to": end, **look}:
            return Arrow(_point(start), _point(end), **_stroke(look))
        case {"kind": "circle", "bounds": bounds, **look}:
            return Circle(_box(bounds), **_stroke(look))
        case {"kind": "line", "points": [_, *_] as points, **look}:
            return Line(tuple(_point(each) for each in points), **_stroke(look))
        case {"kind": "text", "at": at, "text": text, "size": size, "colour": colour, **rest} if (
            not rest
        ):
            size = _number(size, SMALLEST_TEXT, LARGEST_TEXT)
            return Text(_point(at), _words(text), size, _colour(colour))
    raise _not_marks()


def _stroke(look: dict[Any, Any]) -> dict[str, Any]:
    if look.keys() != {"width", "colour"}:
        raise _not_marks()
    width = _number(look["width"], THINNEST, WIDEST)
    return {"width": width, "colour": _colour(look["colour"])}


def _point(data: Any) -> Point:
    match data:
        case [x, y]:
            return _number(x), _number(y)
    raise _not_marks()


def _box(data: Any) -> Box:
    match data:
        case [_, _, _, _]:
            left, top, right, bottom = (_number(each) for each in data)
            if left <= right and top <= bottom:
                return left, top, right, bottom
    raise _not_marks()


def _number(data: Any, low: float = -FURTHEST, high: float = FURTHEST) -> float:
    if isinstance(data, bool) or not isinstance(data, int | float) or not low <= data <= high:
        raise _not_marks()
    value = round(float(data), 1)
    if abs(value - data) > 1e-6:
        raise _not_marks()
    return value


def _colour(data: Any) -> str:
    if not isinstance(data, str) or not _COLOUR.fullmatch(data):
        raise _not_marks()
    return data


def _words(data: Any) -> str:
    if not isinstance(data, str) or not data.strip():
        raise _not_marks()
    if len(data) > MOST_CHARACTERS:
        raise MarkupRefused(
            "too_much_text",
            f"A drawn text has {len(data)} characters, and at most {MOST_CHARACTERS} can be kept: "
            "shorten it.",
            found=len(data),
            limit=MOST_CHARACTERS,
        )
    if any(unicodedata.category(each) in _UNWRITABLE for each in data):
        raise _not_marks()
    return data


def _not_marks() -> MarkupRefused:
    return MarkupRefused(
        "not_marks", "The drawing cannot be read: reload the page and draw it again."
    )


def _plain(mark: Mark) -> dict[str, Any]:
    shape: dict[str, Any]
    match mark:
        case Arrow():
            shape = {"kind": "arrow", "from": _short(*mark.start), "to": _short(*mark.end)}
        case Circle():
            shape = {"kind": "circle", "bounds": _short(*mark.bounds)}
        case Line():
            shape = {"kind": "line", "points": [_short(*each) for each in mark.points]}
        case Text():
            (size,) = _short(mark.size)
            shape = {"kind": "text", "at": _short(*mark.at), "text": mark.text, "size": size}
            return {**shape, "colour": mark.colour}
    return {**shape, "width": _short(mark.width)[0], "colour": mark.colour}


def _short(*numbers: float) -> list[float]:
    """Whole numbers without their ".0", as JavaScript writes them."""
    return [int(each) if each == int(each) else each for each in numbers]


# --- drawing -------------------------------------------------------------------------------------

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
