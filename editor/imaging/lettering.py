"""Words in pictures: text written into an area, and the small mark of what was not really done.

Letters are of the face that OpenCV 5 brings: Latin, Greek, Cyrillic, Hebrew, Chinese and more,
laid out from left to right. What it lacks shows as question marks.
"""

import unicodedata
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Bounds, Floats, Mask, Pixels, size_of
from .masks import bounds

Colour = tuple[int, int, int]
"""red, green, blue, 0 to 255."""

_SMALLEST, _LARGEST = 6, 400
_MOST_CHARACTERS = 300
_DARK, _LIGHT = (24, 24, 28), (250, 249, 245)
_LINE = 1.2
"""Height of a line, in letter sizes."""

_CAPITALS = 0.7
"""Height of capitals, in letter sizes."""

_WEIGHT = 600

_MARK = "sandbox"
_SEARCHED = 96
"""Long side, in cells, at which free rectangles are looked for."""


@dataclass(frozen=True)
class _Setting:
    """Lines that fit a box at a size."""

    lines: tuple[str, ...]
    size: int  # of a letter, in px


def written(pixels: Pixels, mask: Mask | None, text: str, colour: Colour | None = None) -> Pixels:
    """`pixels` with `text` in the masked area (None: the whole picture), as large as it fits.

    It is wrapped, and stands in the largest upright rectangle inside the mask. Without a `colour`
    the letters are dark or light, whichever is easier to read there. RGB or RGBA uint8, a new array;
    nothing outside the mask changes.
    """
    result = pixels.copy()
    box = inner_box(mask) if mask is not None else (0, 0, *size_of(pixels))
    shown = " ".join(unicodedata.normalize("NFC", text).split())[:_MOST_CHARACTERS]
    if box is None or not shown:
        return result
    padded = _shrunk(box, 0.06)
    setting = _fitted(shown, padded[2] - padded[0], padded[3] - padded[1])
    cover = _cover(setting, box)
    area = result[box[1] : box[3], box[0] : box[2]]
    inside = None if mask is None else mask[box[1] : box[3], box[0] : box[2]]
    ink = colour or _legible(area)
    _lay(area, _halo(cover, setting.size), _opposite(ink), 0.55 * _busyness(area, ink), inside)
    _lay(area, cover, ink, 1.0, inside)
    return result


def stamped(pixels: Pixels, mask: Mask | None) -> Pixels:
    """`pixels` with a small, half transparent mark inside the mask (None: in the corner).

    A dashed contour, and "sandbox" where there is room for letters. RGB or RGBA uint8, a new array;
    nothing outside the mask changes.
    """
    result = pixels.copy()
    width, height = size_of(pixels)
    area = bounds(mask) if mask is not None else (0, 0, width, height)
    if area is None:
        return result
    if mask is not None:
        _dash(result, mask, area)
    box = inner_box(mask) if mask is not None else area
    if box is not None:
        _sign(result, box, mask)
    return result


def inner_box(mask: Mask) -> Bounds | None:
    """A large upright rectangle inside the mask; None where the mask is empty.

    Found on a coarse grid: never larger than the largest there is, and nearly as large.
    """
    area = bounds(mask)
    if area is None:
        return None
    left, top, right, bottom = area
    window = mask[top:bottom, left:right]
    cell = max(1, -(-max(window.shape) // _SEARCHED))
    rows, columns = window.shape[0] // cell, window.shape[1] // cell
    if not rows or not columns:
        return left, top, left + 1, top + 1
    cut = window[: rows * cell, : columns * cell]
    full = cut.reshape(rows, cell, columns, cell).min(axis=(1, 3)) > 0
    found = _largest_rectangle(full)
    if found is None:
        return None
    return (
        left + found[0] * cell,
        top + found[1] * cell,
        left + found[2] * cell,
        top + found[3] * cell,
    )


def _largest_rectangle(full: NDArray[np.bool_]) -> Bounds | None:
    """The largest rectangle of true cells: for each row the largest under its histogram."""
    best, box = 0, None
    heights = np.zeros(full.shape[1], np.intp)
    for row, cells in enumerate(full):
        heights = np.where(cells, heights + 1, 0)
        stack: list[tuple[int, int]] = []  # (first column, height), heights rising
        for column, height in enumerate([*heights.tolist(), 0]):
            start = column
            while stack and stack[-1][1] >= height:
                start, high = stack.pop()
                if high * (column - start) > best:
                    best = high * (column - start)
                    box = (start, row + 1 - high, column, row + 1)
            stack.append((start, height))
    return box


def _shrunk(box: Bounds, share: float) -> Bounds:
    by = round(share * min(box[2] - box[0], box[3] - box[1]))
    return box[0] + by, box[1] + by, box[2] - by, box[3] - by


def _fitted(text: str, width: int, height: int) -> _Setting:
    """The largest setting that fits; at the smallest size what does not fit is cut off."""
    low, high = _SMALLEST, max(_SMALLEST, min(_LARGEST, height))
    best = _set(text, low, width, height)
    while low < high:
        middle = (low + high + 1) // 2
        setting = _set(text, middle, width, height)
        if setting is None:
            high = middle - 1
        else:
            low, best = middle, setting
    return best or _squeezed(text, width, height)


def _set(text: str, size: int, width: int, height: int) -> _Setting | None:
    """The text wrapped at spaces, or None where it does not fit at this size."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        if _length(word, size) > width:
            return None
        longer = f"{line} {word}" if line else word
        if line and _length(longer, size) > width:
            lines.append(line)
            longer = word
        line = longer
    lines.append(line)
    if ((len(lines) - 1) * _LINE + 1) * size > height:
        return None
    return _Setting(tuple(lines), size)


def _squeezed(text: str, width: int, height: int) -> _Setting:
    """Broken anywhere, at the smallest size, as far as there is room."""
    most = max(1, round(height / (_SMALLEST * _LINE)))
    each = max(1, width // max(1, _length("n", _SMALLEST)))
    lines = [text[start : start + each] for start in range(0, len(text), each)]
    return _Setting(tuple(lines[:most]), _SMALLEST)


def _length(text: str, size: int) -> int:
    box = cv2.getTextSize((0, 0), text, (0, 0), _face(), size, _WEIGHT)
    return int(box[2])


def _face() -> cv2.FontFace:
    return cv2.FontFace("sans")  # kept by OpenCV: the second one costs nothing


def _cover(setting: _Setting, box: Bounds) -> Floats:
    """(height, width) float32, 0 to 1: how much of each pixel of the box is letter."""
    width, height = box[2] - box[0], box[3] - box[1]
    drawn = np.zeros((height, width), np.uint8)
    size = setting.size
    # the middle of capitals, not of the line with its descenders, looks centred
    first = (height - (len(setting.lines) - 1) * size * _LINE + _CAPITALS * size) / 2
    for number, line in enumerate(setting.lines):
        left = (width - _length(line, size)) // 2
        _draw(drawn, line, (left, round(first + number * size * _LINE)), size)
    return _shares(drawn)


def _draw(drawn: Mask, text: str, start: tuple[int, int], size: int) -> None:
    """White letters from the left end of their baseline; in place."""
    # a wrapping range: without one, letters beyond the right edge would begin a new line
    beyond = (start[0], start[0] + 1_000_000)
    cv2.putText(drawn, text, start, (255,), _face(), size, _WEIGHT, wrap=beyond)


def _legible(area: Pixels) -> Colour:
    return _DARK if _brightness(area) > 128 else _LIGHT


def _brightness(area: Pixels) -> float:
    red, green, blue = np.median(area[..., :3].reshape(-1, 3)[::7], axis=0)
    return float(0.299 * red + 0.587 * green + 0.114 * blue)


def _opposite(ink: Colour) -> Colour:
    return _LIGHT if 0.299 * ink[0] + 0.587 * ink[1] + 0.114 * ink[2] < 128 else _DARK


def _busyness(area: Pixels, ink: Colour) -> float:
    """0 on a calm ground that sets off the ink, 1 where letters would get lost."""
    grey = area[..., :3].mean(axis=2)
    own = 0.299 * ink[0] + 0.587 * ink[1] + 0.114 * ink[2]
    unclear = 1 - min(1.0, abs(float(np.median(grey)) - own) / 120)
    return min(1.0, max(float(grey.std()) / 40, unclear))


def _shares(drawn: Mask) -> Floats:
    return np.asarray(drawn * np.float32(1 / 255), np.float32)


def _halo(cover: Floats, size: float) -> Floats:
    wide = cv2.GaussianBlur(cover, (0, 0), max(1.0, size / 9))
    return np.clip(2.2 * np.asarray(wide, np.float32), 0, 1, dtype=np.float32)


def _lay(area: Pixels, cover: Floats, ink: Colour, opacity: float, inside: Mask | None) -> None:
    """Ink on the colours of an area, in place; transparent pixels become as opaque as the ink."""
    weight = cover * np.float32(opacity)
    if inside is not None:
        weight = np.where(inside > 0, weight, 0)
    ground = area[..., :3].astype(np.float32)
    ground += weight[..., None] * (np.array(ink, np.float32) - ground)
    area[..., :3] = np.clip(ground + 0.5, 0, 255)
    if area.shape[2] == 4:
        area[..., 3] = np.maximum(area[..., 3], (255 * weight).astype(np.uint8))


def _dash(result: Pixels, mask: Mask, area: Bounds) -> None:
    """A dashed line along the mask's contour, a little inside of it; in place."""
    left, top, right, bottom = area
    side = min(right - left, bottom - top)
    line = 1 + side // 250
    inset = 2 * line + side // 60
    if side < 4 * inset:
        return
    ringed = cv2.copyMakeBorder(mask[top:bottom, left:right], 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    depth = cv2.distanceTransform(ringed, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1]
    inner = np.where(depth > inset, 255, 0).astype(np.uint8)
    contours, _ = cv2.findContours(inner, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cover = np.zeros(inner.shape, np.uint8)
    for contour in contours:
        _draw_dashes(cover, contour[:, 0, :].astype(np.int32), line, dash=6 * line)
    window = result[top:bottom, left:right]
    inside = mask[top:bottom, left:right]
    weight = _shares(cover)
    _lay(window, _halo(weight, 9.0), _DARK, 0.16, inside)
    _lay(window, weight, _LIGHT, 0.6, inside)


def _draw_dashes(cover: Mask, points: NDArray[np.int32], line: int, dash: int) -> None:
    steps = np.hypot(*np.diff(points, axis=0, append=points[:1]).T)
    along = np.concatenate([[0.0], np.cumsum(steps)[:-1]])
    # a whole number of dashes goes round, so that no seam shows
    period = steps.sum() / max(2, round(steps.sum() / (2 * dash)))
    number, phase = np.divmod(along, period)
    for each in np.unique(number):
        run = points[(number == each) & (phase < period / 2)]
        cv2.polylines(cover, [run.astype(np.int32)], False, 255, line, cv2.LINE_AA)


def _sign(result: Pixels, box: Bounds, mask: Mask | None) -> None:
    """The word in the lower right corner of the box, if it is not too small for it; in place."""
    width, height = box[2] - box[0], box[3] - box[1]
    size = round(min(36.0, 0.14 * height, 0.06 * width + 4))
    if size < 9 or width < 7 * size:
        return
    margin = max(6, round(0.9 * size)) + min(width, height) // 60
    drawn = np.zeros((height, width), np.uint8)
    _draw(drawn, _MARK, (width - margin - _length(_MARK, size), height - margin), size)
    cover = _shares(drawn)
    area = result[box[1] : box[3], box[0] : box[2]]
    inside = None if mask is None else mask[box[1] : box[3], box[0] : box[2]]
    _lay(area, _halo(cover, size), _DARK, 0.3, inside)
    _lay(area, cover, _LIGHT, 0.72, inside)
