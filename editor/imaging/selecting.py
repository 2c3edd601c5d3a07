"""Selecting a thing in a picture from a box around it, and from lines drawn on and beside it.

GrabCut (Rother, Kolmogorov and Blake 2004) on a small copy of the picture, in a process of its own
with bounded memory and time: how long it takes depends on the picture, and some are made to be slow.
"""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from . import decoding, masks
from .arrays import Bounds, Mask, Pixels, Size, size_of
from .decoders import Nursery
from .refusals import ImageRefused, Limits

LONG_SIDE = 512
FIRST_ROUNDS = 3
FURTHER_ROUNDS = 1
SECONDS = 5
_COARSE_LEAST = 64
_BAND = 6
_LIMITS = Limits(max_memory=1024 * 1024 * 1024, max_seconds=SECONDS)

Point = tuple[float, float]
Lines = Sequence[Sequence[Point]]

# Its own nursery: what it imports would make every decoder larger.
_nursery = Nursery()


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be selected, in pixels of the picture at its full size, `of` (width, height).

    `box` holds the thing. `plus` and `minus` are lines on it and beside it, drawn with a brush of
    `brush` pixels across. `previous` is the answer before, of working_size(of): it is refined.
    """

    of: Size
    box: Bounds
    plus: Lines = ()
    minus: Lines = ()
    brush: float = 1
    previous: Mask | None = None


class TookTooLong(Exception):
    """The picture keeps the machine busier than it may; whatever it did has been ended."""


def working_size(size: Size) -> Size:
    """The size at which a picture is looked at, and of the answer: at most LONG_SIDE to a side."""
    ratio = min(1.0, LONG_SIDE / max(size))
    return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))


def select_apart(path: Path, wish: Wish, *, seconds: float = SECONDS) -> Mask:
    """What is selected of the untrusted picture at `path`: a mask of working_size(wish.of).

    `path` may be a smaller copy of the picture. Runs in a process of its own, which is killed after
    `seconds`. Raises TookTooLong; ImageRefused where the file is no picture, or brings its reader down.
    """
    with tempfile.TemporaryDirectory(prefix="selecting-") as folder:
        target = Path(folder)
        _write(wish, target)
        order = {
            "act": "select",
            "path": str(path.resolve()),
            "target": str(target),
            "limits": asdict(_LIMITS),
        }
        done = _nursery.run(order, seconds=seconds)
        if done.returncode < 0:  # by a signal: its time was up, or its memory
            raise TookTooLong
        answer: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
        if "size" not in answer:
            raise ImageRefused(answer.get("refused", "broken"), **answer.get("facts", {}))
        width, height = answer["size"]
        return np.fromfile(target / "mask", np.uint8).reshape(height, width)


def select_file(path: Path, target: Path, limits: Limits) -> dict[str, Any]:
    """The other side of `select_apart`, in its process: reads the wish in the folder `target`, and
    leaves the mask there."""
    cv2.setNumThreads(2)  # on many cores, the memory set apart for each thread would be too much
    wish = _read(target)
    decoded = decoding.decode(path, limits, long_side=LONG_SIDE)
    pixels = np.asarray(decoded.image.convert("RGBA"))
    mask = selected(_at(pixels, working_size(wish.of)), wish)
    mask.tofile(target / "mask")
    return {"size": size_of(mask)}


def selected(pixels: Pixels, wish: Wish) -> Mask:
    """What is selected of `pixels` (RGB or RGBA, of working_size(wish.of)), as a mask of its size.

    The same wish always gets the same answer. Nothing outside of the box is selected but what lines
    say; where all is of one colour, all of the box is.
    """
    marks, window = _marks(wish), _window(wish)
    left, top, right, bottom = window
    part = np.ascontiguousarray(marks[top:bottom, left:right])
    _cut(_opaque(pixels)[top:bottom, left:right], part, wish.previous is not None)
    found = np.zeros(marks.shape, np.uint8)
    found[top:bottom, left:right] = np.where(_is_front(part), 255, 0)
    return found


def _cut(pixels: Pixels, marks: Mask, is_refined: bool) -> None:
    """GrabCut, in place: at half the size first, and then along the edge that this has found.

    Measured on a grainy picture of 512 x 342 pixels: half the time of three rounds at full size.
    """
    calm = cv2.bilateralFilter(np.ascontiguousarray(pixels), 7, 50, 3)
    height, width = marks.shape
    rounds = FURTHER_ROUNDS if is_refined else FIRST_ROUNDS
    if min(width, height) >= _COARSE_LEAST:
        small = width // 2, height // 2
        coarse = _resized(marks, small, cv2.INTER_NEAREST)
        if _grab(_resized(calm, small, cv2.INTER_AREA), coarse, rounds):
            _settle(marks, _resized(coarse, (width, height), cv2.INTER_NEAREST))
        rounds = 1
    _grab(np.asarray(calm, np.uint8), marks, rounds)


def _settle(marks: Mask, coarse: Mask) -> None:
    """Takes what was found at half the size for certain, but for a band along its edge."""
    front = _is_front(coarse).astype(np.uint8)
    reach = np.ones((2 * _BAND + 1, 2 * _BAND + 1), np.uint8)
    inner = cv2.erode(front, reach, borderValue=1) > 0
    outer = cv2.dilate(front, reach) == 0
    open_marks = (marks == cv2.GC_PR_FGD) | (marks == cv2.GC_PR_BGD)
    marks[open_marks] = np.where(front, cv2.GC_PR_FGD, cv2.GC_PR_BGD)[open_marks]
    marks[open_marks & inner] = cv2.GC_FGD
    marks[open_marks & outer] = cv2.GC_BGD


def _grab(pixels: Pixels, marks: Mask, rounds: int) -> bool:
    """False, and nothing done, where there is only one side to learn from."""
    front = _is_front(marks)
    least = 10  # its mixtures have five parts, and each wants a colour or two
    if np.count_nonzero(front) < least or np.count_nonzero(~front) < least:
        return False
    cv2.setRNGSeed(0)  # its clustering draws at random
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(pixels, marks, (0, 0, 0, 0), *models, rounds, cv2.GC_INIT_WITH_MASK)
    return True


def _is_front(marks: Mask) -> NDArray[np.bool_]:
    return np.asarray((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD))


def _marks(wish: Wish) -> Mask:
    """What is known of each pixel: surely beside the thing, perhaps on it, surely on it."""
    width, height = working_size(wish.of)
    marks = np.full((height, width), cv2.GC_BGD, np.uint8)
    scale = width / wish.of[0]
    left, top, right, bottom = _scaled(wish.box, wish.of)
    marks[top:bottom, left:right] = cv2.GC_PR_FGD
    if wish.previous is not None:
        for line in wish.plus:  # what they lead to out of the box may be part of it
            left, top, right, bottom = _around(line, wish)
            marks[top:bottom, left:right][marks[top:bottom, left:right] == 0] = cv2.GC_PR_BGD
        marks[(marks != cv2.GC_BGD) & (wish.previous == 0)] = cv2.GC_PR_BGD
        marks[wish.previous > 0] = cv2.GC_PR_FGD
    thick = max(2, round(wish.brush * scale))  # one pixel could be lost at half the size
    for lines, value in ((wish.plus, cv2.GC_FGD), (wish.minus, cv2.GC_BGD)):
        for line in lines:
            points = np.round(np.array(line, np.float64).reshape(-1, 2) * scale - 0.5)
            cv2.polylines(marks, [points.astype(np.int32)], False, int(value), thick)
    return marks


def _window(wish: Wish) -> Bounds:
    """The part that has to be looked at: the box with half as much around it, and all lines."""
    width, height = working_size(wish.of)
    left, top, right, bottom = _scaled(wish.box, wish.of)
    wide, high = max(16, (right - left) // 2), max(16, (bottom - top) // 2)
    box = np.array([left - wide, top - high, right + wide, bottom + high])
    scale = width / wish.of[0]
    points = np.array([point for line in (*wish.plus, *wish.minus) for point in line])
    if points.size:
        reach = wish.brush * scale / 2 + 16
        low, high_ends = points.min(axis=0) * scale - reach, points.max(axis=0) * scale + reach
        box = np.array([*np.minimum(box[:2], low), *np.maximum(box[2:], high_ends)])
    if wish.previous is not None and (held := masks.bounds(wish.previous)):
        box = np.array([*np.minimum(box[:2], held[:2]), *np.maximum(box[2:], held[2:])])
    ends = np.clip(box, 0, [width, height, width, height]).astype(int).tolist()
    return ends[0], ends[1], ends[2], ends[3]


def _around(line: Sequence[Point], wish: Wish) -> Bounds:
    """What a line reaches, and as much again as it is thick, at the working size."""
    points = np.array(line)
    low, high = points.min(axis=0) - 1.5 * wish.brush, points.max(axis=0) + 1.5 * wish.brush
    (left, top), (right, bottom) = low.astype(int).tolist(), np.ceil(high).astype(int).tolist()
    return _scaled((left, top, right, bottom), wish.of)


def _scaled(box: Bounds, of: Size) -> Bounds:
    """The box at the working size: never empty."""
    width, height = working_size(of)
    across, down = width / of[0], height / of[1]
    left = min(max(0, int(box[0] * across)), width - 1)
    top = min(max(0, int(box[1] * down)), height - 1)
    right, bottom = max(left + 1, round(box[2] * across)), max(top + 1, round(box[3] * down))
    return left, top, min(right, width), min(bottom, height)


def _opaque(pixels: Pixels) -> Pixels:
    """Transparency laid on grey: what cannot be seen has no colour of its own."""
    if pixels.shape[2] == 3:
        return pixels
    alpha = pixels[..., 3:].astype(np.float32) / 255
    return np.asarray(pixels[..., :3] * alpha + 128 * (1 - alpha) + 0.5, np.uint8)


def _at(pixels: Pixels, size: Size) -> Pixels:
    return pixels if size_of(pixels) == size else _resized(pixels, size, cv2.INTER_AREA)


def _resized(pixels: Any, size: Size, method: int) -> Any:
    return np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)


def _write(wish: Wish, folder: Path) -> None:
    told = asdict(wish) | {"previous": wish.previous is not None}
    (folder / "wish.json").write_text(json.dumps(told))
    if wish.previous is not None:
        wish.previous.tofile(folder / "previous")


def _read(folder: Path) -> Wish:
    told = json.loads((folder / "wish.json").read_text())
    of = (told["of"][0], told["of"][1])
    previous = None
    if told.pop("previous"):
        width, height = working_size(of)
        previous = np.fromfile(folder / "previous", np.uint8).reshape(height, width)
    return Wish(**{**told, "of": of, "previous": previous})
