"""What an answer needs to fit its window: found at a small size, and done strip by strip at full size."""

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from . import aligning, colour_matching, fitting, grain, membrane
from .aligning import NOT_ALIGNED, Alignment
from .arrays import Bounds, Floats, Mask, Pixels, Size, size_of
from .colour_matching import Match
from .framing import Frame
from .masters import Master
from .resampling import Matrix, inverse, joined, moved, reduced, resampled, scaled

Finish = Literal["natural", "model", "hard"]

MOST_SHIFT = 0.02
"""Of the window's diagonal: what lies further off is not moved back, but told."""
MOST_COLOUR = 12.0
"""Mean dE that may be left on unmasked pixels."""

_SMALL_SIDE = 800
_LARGE_SIDE = 1600
_MOST_SHRINK = 4
_LEAST_AFFINE = 0.3  # source pixels by which a corner must be off
_STILL = 0.05  # source pixels: nothing is gained by reading between pixels for less
_OPAQUE = 250
_CELL = 2  # small pixels: membranes are made of cells of an eighth
_FADE = 0.1
_CLIPPED = (244.0, 254.0)
_LEAST_CLIPPED = 60  # small pixels
_MOST_CLIPPED = 64.0
_STRIP_ROWS = 256
_LEAST_SHARE = 0.03
_GRAIN_TILE, _GRAIN_TILES = 192, 8
_NOTHING_OF_IT = ("blank", "another_picture")


@dataclass(frozen=True)
class Correction:
    """What was found of one frame's answer, and what was done to it before it was blended.

    `fitted` as Fitted.how has it. `shift` is by how many source pixels the answer's content lay to the right and
    below, `drift_px` its length: None where it could not be told. `drift_colour` is the mean
    CIE76 dE on unmasked pixels before colours were matched. `flag` is one of fitting.FLAGS or "".
    """

    fitted: str = ""
    shift: tuple[float, float] = (0.0, 0.0)
    drift_px: float | None = None
    is_affine: bool = False
    drift_colour: float | None = None
    is_coloured: bool = False
    flag: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "fitted": self.fitted,
            "shift": list(self.shift),
            "drift_px": self.drift_px,
            "is_affine": self.is_affine,
            "drift_colour": self.drift_colour,
            "is_coloured": self.is_coloured,
            "flag": self.flag,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Correction":
        across, down = stored["shift"]
        return cls(**{**stored, "shift": (float(across), float(down))})


@dataclass(frozen=True)
class Corrected:
    """An answer that fits its window.

    `matrix` says for each place of the picture where the answer shows it, and `cells` where it lies in the
    surfaces of `tone`; `window` is what colours were learnt from; `grain` is the deviation of the
    noise to add.
    """

    correction: Correction
    frame: Frame
    answer: Pixels
    matrix: Matrix
    tone: "_Tone"
    window: Bounds
    cells: Matrix
    grain: Floats | None = None

    def part(self, box: Bounds, weight: Floats) -> Pixels:
        """(height, width, 3 or 4) uint8 sRGB: what belongs into these bounds of the picture.

        `weight` is the share that it will have at each pixel.
        """
        found = _sampled(self.answer, self.matrix, box)
        came = np.ascontiguousarray(found[..., :3])
        colours = self._coloured(came, box)
        if self.tone.surface is not None:
            colours += _surface_at(self.tone.surface, self.cells, box)
        if self.tone.of_clipped is not None and came.max() > _CLIPPED[0]:
            colours += _clipped(came) * _surface_at(self.tone.of_clipped, self.cells, box)
        if self.grain is not None:
            size = box[2] - box[0], box[3] - box[1]
            colours += grain.noise(size, self.grain, self.frame.bounds, box[1]) * _louder(weight)
        if found.shape[2] == 3:
            return _rounded(colours)
        return _rounded(np.concatenate([colours, found[..., 3:]], axis=2))

    def _coloured(self, came: Floats, box: Bounds) -> Floats:
        if self.tone.match is None:
            return came.copy()
        left, top, right, bottom = self.window
        across = colour_matching.middles(left, right, box[0], box[2])
        return self.tone.match.applied(
            came, across, colour_matching.middles(top, bottom, box[1], box[3])
        )


def corrected(
    master: Master,
    answer: Pixels,
    frame: Frame,
    mask: Mask,
    finish: Finish,
    kept: Bounds | None = None,
) -> Corrected:
    """The answer fitted and aligned, and, unless the finish is "model", in the source's colours and grain.

    `mask` is the whole picture's; `kept` as stitch has it. What does not show the window is only brought to
    its size.
    """
    small = _Small(master, frame, mask, kept)
    laid = _laid(master, _without_idle_alpha(answer), frame, mask, small)
    shown, known = small.shown(laid.pixels, laid.matrix)
    found = NOT_ALIGNED
    if laid.flag not in _NOTHING_OF_IT:
        found = _aligned(small, shown, known)
    matrix = laid.matrix
    if not np.array_equal(found.matrix, aligning.STILL):
        matrix = joined(matrix, small.in_picture(found.matrix))
        shown, known = small.shown(laid.pixels, matrix)
    flag = laid.flag or ("drifted" if found.is_lost else "")
    tone = _Tone()
    if finish != "model" and flag not in (*_NOTHING_OF_IT, "drifted"):
        tone = small.tone(shown, known)
    before = colour_matching.distance(small.pixels, shown, known)
    after = before if tone.left is None else tone.left
    if after is not None and after > MOST_COLOUR:
        flag = flag or "drifted"
    shift = found.shift[0] * small.shrink, found.shift[1] * small.shrink
    correction = Correction(
        fitted=laid.how,
        shift=shift,
        drift_px=None if found.correlation is None else math.hypot(*shift),
        is_affine=found.is_affine,
        drift_colour=before,
        is_coloured=tone.match is not None,
        flag=flag,
    )
    lacking = None
    if finish != "model" and laid.flag not in _NOTHING_OF_IT:
        lacking = _lacking(master, laid.pixels, matrix, frame, mask)
    return Corrected(correction, frame, laid.pixels, matrix, tone, small.box, small.cells, lacking)


class _Laid(NamedTuple):
    """`matrix`: for each place of the picture where the answer shows it, as far as its shape tells."""

    pixels: Pixels
    matrix: Matrix
    how: str
    flag: str


def _laid(master: Master, answer: Pixels, frame: Frame, mask: Mask, small: "_Small") -> _Laid:
    """The answer over its window: turned and cut to it if it must be. Not resized, if it can be avoided."""
    # judged at a small size: what it takes is seen there, and a large window is 150 MB
    pad = tuple(round(side / small.shrink) for side in frame.pad)
    judged = fitting.fitted(
        answer, small.pixels, small.covered, pad=(pad[0], pad[1], pad[2], pad[3])
    )
    how, flag = judged.how, judged.flag
    if how in ("turned", "mirrored") and small.is_repeating:
        how, flag = "", ""  # tiles and stripes look like themselves whichever way they are turned
    if how in ("", "resized"):
        how = "" if size_of(answer) in (frame.size, frame.window) else "resized"
    if how in ("", "resized", "stretched"):
        return _Laid(answer, _over_frame(answer, frame), how, flag)
    left, top, right, bottom = frame.inner
    full = fitting.fitted(
        answer, master.srgb(frame.inner), mask[top:bottom, left:right], pad=frame.pad
    )
    return _Laid(full.pixels, moved((-left, -top)), full.how, full.flag)


def _over_frame(answer: Pixels, frame: Frame) -> Matrix:
    """An answer that shows all of the frame, padding included."""
    width, height = size_of(answer)
    left, top = frame.bounds[:2]
    return joined(scaled(frame.window, (0, 0, width, height)), moved((-left, -top)))


class _Tone(NamedTuple):
    """What is done to colours, and the mean dE that it leaves on unmasked pixels.

    `surface` is what to add, in cells, and `of_clipped` how much more where the answer is clipped: what
    highlights lack says nothing of what is beside them, and in one surface would lay a haze over dark
    things before a white wall.
    """

    match: Match | None = None
    surface: Floats | None = None
    of_clipped: Floats | None = None
    left: float | None = None


class _Small:
    """A frame's window at a size at which everything can be found quickly.

    `pixels` is (height, width, 3) uint8 sRGB; of `known` pixels nothing is masked or transparent.
    `masked_share` is that of the source: what a canvas adds is new, and was not masked by choice.
    """

    def __init__(self, master: Master, frame: Frame, mask: Mask, kept: Bounds | None) -> None:
        left, top, right, bottom = frame.inner
        longest = max(right - left, bottom - top)
        least = max(1, min(_MOST_SHRINK, -(-longest // _SMALL_SIDE)))
        self.shrink = min(max(least, -(-longest // _LARGE_SIDE)), right - left, bottom - top)
        self.size = (right - left) // self.shrink, (bottom - top) // self.shrink
        width, height = (side * self.shrink for side in self.size)
        self.box = left, top, left + width, top + height
        self.places = scaled(self.size, self.box)
        self.diagonal = math.hypot(right - left, bottom - top)
        shown = self._shrunk(master)
        self.pixels = np.ascontiguousarray(shown[..., :3])
        window = mask[top : top + height, left : left + width]
        # any masked pixel under a small one counts: a mean of 0.4 would be rounded to 0
        self.covered = _any_under(window, self.shrink)
        self.masked_share = _masked_share(mask, _common(self.box, kept) if kept else self.box)
        # one pixel more: what is masked shines into its neighbours where pictures are shrunk
        near = cv2.dilate(self.covered, np.ones((3, 3), np.uint8))
        self.known = near == 0
        if shown.shape[2] == 4:
            self.known &= shown[..., 3] >= _OPAQUE

    def _shrunk(self, master: Master) -> Pixels:
        left, top, right, bottom = self.box
        strips = []
        step = _STRIP_ROWS // self.shrink * self.shrink or self.shrink
        for start in range(top, bottom, step):
            stop = min(start + step, bottom)
            part = master.srgb((left, start, right, stop))
            strips.append(_area(part, (self.size[0], (stop - start) // self.shrink)))
        return np.concatenate(strips)

    def shown(self, answer: Pixels, matrix: Matrix) -> tuple[Pixels, NDArray[np.bool_]]:
        """What an answer shows of the window, (height, width, 3), and where both are known."""
        there = joined(matrix, self.places)
        found = _sampled(answer, there, (0, 0, *self.size))
        known = self.known
        if found.shape[2] == 4:
            known = known & (found[..., 3] >= _OPAQUE)
        return _rounded(np.ascontiguousarray(found[..., :3])), known

    def in_picture(self, matrix: Matrix) -> Matrix:
        """A motion of small pixels as one of the picture's."""
        return joined(joined(self.places, matrix), inverse(self.places))

    @property
    def most_shift(self) -> float:
        """In small pixels."""
        return MOST_SHIFT * self.diagonal / self.shrink

    @property
    def is_repeating(self) -> bool:
        return aligning.is_repeating(self.pixels, self.known, self.most_shift)

    @property
    def cells(self) -> Matrix:
        """Where places of the picture lie in the membrane's cells."""
        left, top, _, _ = self.box
        side = self.shrink * _CELL
        width, height = self._cell_size
        return inverse(
            scaled((width, height), (left, top, left + width * side, top + height * side))
        )

    @property
    def _cell_size(self) -> Size:
        return -(-self.size[0] // _CELL), -(-self.size[1] // _CELL)

    def tone(self, shown: Pixels, known: NDArray[np.bool_]) -> _Tone:
        match = None
        if self.masked_share <= colour_matching.MOST_MASKED:
            match = colour_matching.matched(self.pixels, shown, known)
        changed = shown.astype(np.float32)
        white = _clipped(changed)
        if match is not None:
            across, down = (colour_matching.middles(0, side, 0, side) for side in self.size)
            changed = match.applied(changed, across, down)
        gaps, share = self.pixels - changed, known.astype(np.float32)[..., None]
        parts = share * (1 - white), share * white
        if min(np.count_nonzero(part > 0.5) for part in parts) < _LEAST_CLIPPED:
            parts = share, share * 0
        left = colour_matching.distance(self.pixels, _rounded(changed), parts[0][..., 0] > 0)
        if left is not None and left > MOST_COLOUR:
            return _Tone(match, left=left)
        surface = self._surface(gaps, parts[0])
        if not parts[1].any():
            return _Tone(match, surface, None, left)
        of_clipped = self._surface(gaps, parts[1], _MOST_CLIPPED) - surface
        return _Tone(match, surface, of_clipped, left)

    def _surface(self, gaps: Floats, weight: Floats, most: float = membrane.MOST) -> Floats:
        """The membrane, from the gaps in the cells of which most is known."""
        total = self._in_cells(gaps * weight)
        amount = self._in_cells(weight)[..., 0]
        differences = np.asarray(total / np.maximum(amount, 1e-3)[..., None], np.float32)
        fade = 0.0
        if self.masked_share > colour_matching.MOST_MASKED:
            fade = _FADE * self.diagonal / (self.shrink * _CELL)
        return membrane.filled(differences, amount > 0.6, fade, most)

    def _in_cells(self, array: Floats) -> Floats:
        width, height = self._cell_size
        pads = 0, height * _CELL - array.shape[0], 0, width * _CELL - array.shape[1]
        whole = cv2.copyMakeBorder(array, *pads, cv2.BORDER_CONSTANT, value=0)
        found = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(found, np.float32).reshape(height, width, -1)


def _aligned(small: _Small, shown: Pixels, known: NDArray[np.bool_]) -> Alignment:
    found = aligning.align(
        small.pixels,
        shown,
        known,
        most=small.most_shift,
        least=_LEAST_AFFINE / small.shrink,
    )
    is_still = not found.is_affine and math.hypot(*found.shift) * small.shrink < _STILL
    return replace(found, matrix=aligning.STILL) if is_still else found


def _lacking(
    master: Master, answer: Pixels, matrix: Matrix, frame: Frame, mask: Mask
) -> Floats | None:
    """The grain that the answer lacks by having been enlarged, or None."""
    enlarged = 1 / math.sqrt(max(abs(np.linalg.det(matrix[:, :2])), 1e-9))
    if enlarged <= grain.ENLARGED:
        return None
    wanted, given = [], []
    for box in _tiles_beside(mask, frame.inner):
        known = mask[box[1] : box[3], box[0] : box[2]] == 0
        of_source = grain.strength(master.srgb(box)[..., :3], known)
        of_answer = grain.strength(_sampled(answer, matrix, box)[..., :3], known)
        if of_source is not None and of_answer is not None:
            wanted.append(of_source)
            given.append(of_answer)
    if not wanted:
        return None
    return grain.missing(np.median(wanted, axis=0), np.median(given, axis=0))


def _tiles_beside(mask: Mask, window: Bounds) -> list[Bounds]:
    """Some tiles of the window, spread over it, of which most is not masked."""
    left, top, right, bottom = window
    side = min(_GRAIN_TILE, right - left, bottom - top)
    tiles = [
        (x, y, x + side, y + side)
        for y in range(top, bottom - side + 1, side)
        for x in range(left, right - side + 1, side)
    ]
    free = [box for box in tiles if _masked_share(mask, box) < 0.5]
    return free[:: max(1, len(free) // _GRAIN_TILES)][:_GRAIN_TILES]


def _masked_share(mask: Mask, box: Bounds) -> float:
    part = mask[box[1] : box[3], box[0] : box[2]]
    return float(np.count_nonzero(part)) / part.size if part.size else 1.0


def _common(one: Bounds, other: Bounds) -> Bounds:
    """What lies in both; nothing where they do not meet."""
    left, top = max(one[0], other[0]), max(one[1], other[1])
    return left, top, max(left, min(one[2], other[2])), max(top, min(one[3], other[3]))


def _without_idle_alpha(answer: Pixels) -> Pixels:
    if answer.shape[2] == 4 and answer[..., 3].min() == 255:
        return np.ascontiguousarray(answer[..., :3])
    return answer


def _sampled(pixels: Pixels, matrix: Matrix, box: Bounds) -> Floats:
    """As resampled, of pixels that may have alpha: what cannot be seen lends no colour."""
    pixels, matrix = reduced(pixels, matrix, box)
    if pixels.shape[2] == 3:
        return resampled(pixels, matrix, box)
    alpha = pixels[..., 3:].astype(np.float32)
    weighted = np.concatenate([pixels[..., :3] * (alpha / 255), alpha], axis=2)
    found = resampled(weighted, matrix, box)
    found[..., :3] /= np.maximum(found[..., 3:], 1) / 255
    return found


def _louder(weight: Floats) -> Floats:
    """By how much noise must be stronger where it is mixed with other grain: two that are alike
    in strength and nothing else make one of 0.7 in their middle."""
    return np.sqrt((2 - weight) / np.maximum(weight, _LEAST_SHARE))[..., None]


def _surface_at(surface: Floats, cells: Matrix, box: Bounds) -> Floats:
    left, top, right, bottom = box
    found = cv2.warpAffine(
        surface,
        joined(cells, moved((left, top))),
        (right - left, bottom - top),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(found, np.float32).reshape(bottom - top, right - left, -1)


def _area(pixels: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    found = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(found, np.uint8).reshape(size[1], size[0], *pixels.shape[2:])


def _clipped(came: Floats) -> Floats:
    """(height, width, 1), 0 to 1: how far an answer's colours have reached white, in any channel."""
    low, high = _CLIPPED
    brightest = np.maximum(np.maximum(came[..., 0], came[..., 1]), came[..., 2])
    share = np.clip((brightest - low) / (high - low), 0, 1)
    return np.asarray(share, np.float32)[..., None]


def _any_under(mask: Mask, shrink: int) -> Mask:
    """(height, width) of small pixels: 255 where anything under them is masked."""
    height, width = mask.shape
    rows = mask.reshape(height // shrink, shrink, width).max(
        axis=1
    )  # both axes at once take ten times as long
    return np.maximum.reduceat(rows, np.arange(0, width, shrink), axis=1)


def _rounded(values: Floats) -> Pixels:
    return np.clip(values + 0.5, 0, 255).astype(np.uint8)
