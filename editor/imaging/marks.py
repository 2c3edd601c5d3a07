"""Marks drawn over a picture to show what is meant: arrows, circles, freehand lines, short texts.

Marks are in pixels of the picture, whose corner is the origin; they may lie beyond it. What they
look like is `markup`'s. The studio keeps the same marks, and to the same limits
(static/editor/markup.js).
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

Point: TypeAlias = tuple[float, float]
Box: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom

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
