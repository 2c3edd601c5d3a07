"""Short texts among drawn marks, written with the letters of `lettering` at any size and place."""

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Bounds, Mask, Pixels, size_of
from .marks import Box

FINE = 4
"""Pixels are drawn as 4 x 4 finer ones and averaged: sixteen steps of cover."""

_BASELINE = 0.95
_LINE_HEIGHT = 1.2
"""Of a text's box, in sizes; the letters stand on the baseline, which counts from its top."""

_LETTERS = 0.96
"""OpenCV's letter size in sizes: its capitals are then as high as a browser's, 0.72 sizes."""

_WEIGHT = 600
_FULL_LETTERS = 200
_LONGEST = 30_000
"""OpenCV fits in pictures with sides of up to 32,767 pixels."""


@dataclass
class Letters:
    """A line of text, in pixels of the drawing. It is written once, large, and fitted into tiles."""

    text: str
    at: NDArray[np.float64]
    size: NDArray[np.float64]  # across and down
    rim: float  # in sizes
    most_pixels: int
    ink: tuple[int, ...]
    rim_ink: tuple[int, ...]

    @cached_property
    def length(self) -> float:
        """In sizes."""
        return sum(map(_advance, self.text)) * _LETTERS

    @cached_property
    def box(self) -> Box:
        # accents and the outline may stand out of the line's own box
        left, top = self.at - self.size / 2
        right, bottom = self.at + self.size * (self.length + 0.5, _LINE_HEIGHT + 0.5)
        return float(left), float(top), float(right), float(bottom)

    def work(self, size: tuple[int, int]) -> float:
        """About what its letters cost in a drawing of this size, in fine pixels written."""
        low, high = np.clip(self.box[:2], 0, size), np.clip(self.box[2:], 0, size)
        return float((high - low).prod()) * 6 * FINE**2

    def paint(self, fine: Pixels, tile: Bounds) -> None:
        """Into the tile's finer pixels, in place."""
        letters, rims, fit = self._written
        left, top, right, bottom = _common(self.box, tile)
        part = fine[
            (top - tile[1]) * FINE : (bottom - tile[1]) * FINE,
            (left - tile[0]) * FINE : (right - tile[0]) * FINE,
        ]
        # from a fine pixel's number to sizes from the corner, and from there to a written pixel's
        first = (np.array([left, top]) + 0.5 / FINE - self.at) / self.size
        step, start = fit[0] / (FINE * self.size), fit[0] * first + fit[1] - 0.5
        matrix = np.array([[step[0], 0, start[0]], [0, step[1], start[1]]])
        way = cv2.INTER_LINEAR + cv2.WARP_INVERSE_MAP
        for cover, ink in ((rims, self.rim_ink), (letters, self.ink)):
            part[cv2.warpAffine(cover, matrix, size_of(part), flags=way) >= 128] = ink

    @cached_property
    def _written(self) -> tuple[Mask, Mask, NDArray[np.float64]]:
        """How much of each pixel is letter and how much is letter or outline, and [pixels in a size,
        pixel of the box's corner], each across and down."""
        wanted = float(self.size.max()) * FINE * _LETTERS
        per_size = self.length / _LETTERS + 2
        largest = min(_LONGEST / per_size, math.sqrt(self.most_pixels / per_size / 2.5))
        # OpenCV places small letters on whole pixels, which adds up: so they are written larger
        size = int(max(8, min(max(wanted, _FULL_LETTERS), largest)))
        shrink = max(1, int(size / wanted))
        rim = self.rim * size / _LETTERS
        pad = math.ceil((0.5 * size + rim) / shrink) * shrink
        foot = pad + size
        length = _length(self.text, size)
        width = -(-(length + 2 * pad) // shrink) * shrink
        height = -(-(foot + pad) // shrink) * shrink
        letters = np.zeros((height, width), np.uint8)
        _write(letters, self.text, (pad, foot), size)
        away = cv2.distanceTransform(255 - letters, cv2.DIST_L2, cv2.DIST_MASK_5)
        rims = np.where(away <= rim, 255, letters).astype(np.uint8)
        across = length / self.length if self.length else size / _LETTERS
        scale = np.array([across, size / _LETTERS])
        corner = np.array([pad, foot - _BASELINE * scale[1]])
        return _shrunk(letters, shrink), _shrunk(rims, shrink), np.array([scale, corner]) / shrink


def _common(box: Box, tile: Bounds) -> Bounds:
    """The whole pixels of the tile that the box touches; they must meet."""
    left, top = max(tile[0], math.floor(box[0])), max(tile[1], math.floor(box[1]))
    return left, top, min(tile[2], math.ceil(box[2])), min(tile[3], math.ceil(box[3]))


def _face() -> cv2.FontFace:
    return cv2.FontFace("sans")


@lru_cache(maxsize=4096)
def _advance(character: str) -> float:
    """In OpenCV's letter sizes. There is no kerning, so a text is as long as its characters are."""
    return _length(character, 1000) / 1000


def _length(text: str, size: int) -> int:
    return int(cv2.getTextSize((0, 0), text, (0, 0), _face(), size, _WEIGHT)[2])


def _write(letters: Mask, text: str, start: tuple[int, int], size: int) -> None:
    # a wrapping range: without one, letters beyond the right edge would begin a new line
    beyond = (start[0], start[0] + 1_000_000)
    cv2.putText(letters, text, start, (255,), _face(), size, _WEIGHT, wrap=beyond)


def _shrunk(mask: Mask, by: int) -> Mask:
    width, height = size_of(mask)
    small = cv2.resize(mask, (width // by, height // by), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


_MIRRORED = dict(zip("()[]{}<>«»", ")(][}{><»«", strict=True))
_KINDS = {"R": "R", "AL": "R", "EN": "1", "AN": "1", "CS": ".", "ES": ".", "L": "L"}


def in_order(text: str) -> str:
    """The text as its letters stand from left to right, which is how OpenCV lays them out.

    Words that are written from right to left are turned round, with the numbers among them as they
    are: the Unicode bidirectional algorithm for a line that begins at the left, without its
    embeddings and levels of brackets.
    """
    shown = [
        each for each in unicodedata.normalize("NFC", text) if unicodedata.category(each) != "Cf"
    ]
    letters: list[str] = []
    for each in shown:
        if letters and unicodedata.combining(each):
            letters[-1] += each
        else:
            letters.append(each)
    kinds = "".join(_KINDS.get(unicodedata.bidirectional(each[0]), " ") for each in letters)
    for run in re.finditer(r"R(?:[R1. ]*[R1])?", kinds):
        start, end = run.span()
        while _closes(letters[end : end + 1], letters[start:end]):
            end += 1
        letters[start:end] = _turned(letters[start:end], kinds[start:end])
    return "".join(letters)


def _closes(following: list[str], run: list[str]) -> bool:
    """Whether what follows is the end of a bracket that was opened in the run."""
    if not following or following[0] not in ")]}>»":
        return False
    return run.count(_MIRRORED[following[0]]) > run.count(following[0])


def _turned(letters: list[str], kinds: str) -> list[str]:
    for number in re.finditer(r"1+(?:\.1+)*", kinds):
        part = slice(*number.span())
        letters[part] = letters[part][::-1]
    return [_MIRRORED.get(each, each) for each in reversed(letters)]
