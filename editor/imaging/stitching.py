"""Putting the provider's pixels back into the source, and measuring what that did.

Nothing outside the mask is ever written: the source is copied, and only masked pixels of the
frames' windows are set.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from . import blending, fitting, masks, measuring
from .arrays import Bounds, Floats, Mask, Pixels, size_of
from .blending import Samples
from .correcting import Corrected, Correction, Finish, corrected
from .feathering import blend_weights
from .framing import Frame
from .masters import Master

__all__ = [
    "Answer",
    "Correction",
    "Finish",
    "Stitched",
    "default_feather",
    "stitch",
    "without_padding",
]

Blend = Callable[[Samples, Samples, Floats], Samples]
Weights = Iterator[tuple[slice, Floats]]

FEATHER_SHARE = 0.02
FEATHER_RANGE = (8, 64)

_STRIP_ROWS = 128
_MEASURED_AROUND = 240
"""How far around the mask measuring looks, at most."""
_MOST_CONVERTED = 16_000_000


@dataclass(frozen=True)
class Answer:
    """What came for one frame: `pixels` (height, width, 3 or 4) uint8 sRGB, of any size."""

    pixels: Pixels
    frame: Frame


@dataclass(frozen=True)
class Stitched:
    """The finished picture and what was measured on it.

    `pixels` has the master's size and depth, and its channels, or four. `pixels_changed` counts those
    that were written. For `border_ratio` and the wide steps (dE; of a canvas within what is kept) see
    measuring; None = no border to measure. The drifts are the largest of the frames' (None: not to be told), `flag` is the worst of theirs
    as fitting.FLAGS has them, and `corrections` has one of each answer, in order.
    """

    pixels: Samples
    pixels_changed: int
    border_ratio: float | None
    wide_step: float | None
    wide_step_p95: float | None
    drift_px: float | None
    drift_colour: float | None
    flag: str
    corrections: tuple[Correction, ...]
    feather: int


def stitch(
    master: Master,
    answers: Sequence[Answer],
    mask: Mask,
    *,
    finish: Finish = "natural",
    feather: int | None = None,
    keep_transparency: bool = False,
    kept: Bounds | None = None,
    rim: int = 0,
) -> Stitched:
    """The answers' pixels in the masked parts of their frames, the master's everywhere else.

    "natural": each answer is fitted, aligned, brought to the master's colours and grain, and fades in over `feather`
    pixels that lie inside the mask (default: 2 % of the mask's diagonal, 8 to 64; less in small
    islands, so that their middle is wholly replaced). "model": in its own colours. "hard": without a feather.
    Transparent parts of an answer let the master through; with `keep_transparency` they stay
    transparent, and the result has an alpha channel. The master is never written to.
    `kept` are the bounds within which it shows something: outside of them (the new part of
    a canvas) an answer has its full share, which it loses over `rim` masked pixels inside of them.
    Raises ValueError when mask, frames and master do not belong together.
    """
    for answer in answers:
        _require_fit(master, mask, answer.frame)
    feather = default_feather(masks.bounds(mask)) if feather is None else feather
    feather = 0 if finish == "hard" else feather
    pixels = blending.with_alpha(master.pixels) if keep_transparency else master.pixels.copy()
    blend = blending.between if keep_transparency else blending.over
    written, corrections = 0, []
    for answer in answers:
        box = _own_bounds(mask, answer.frame)
        if box is None:
            corrections.append(Correction())
            continue
        fit = corrected(master, answer.pixels, answer.frame, mask, finish, kept)
        corrections.append(fit.correction)
        weights = _weights(mask, box, feather, kept, rim)
        written += _write(pixels, master, fit, mask, box, weights, blend)
    return _measured(master, pixels, mask, kept, written, tuple(corrections), feather)


def without_padding(answer: Pixels, frame: Frame) -> Pixels:
    """The part of an answer that shows the picture, where the frame was sent with padding around it.

    Any size of answer; at least one pixel is left. A view, not a copy.
    """
    height, width = answer.shape[:2]
    left, top, right, bottom = frame.pad
    rows = _unpadded(height, top, bottom, frame.window[1])
    return answer[rows, _unpadded(width, left, right, frame.window[0])]


def default_feather(box: Bounds | None) -> int:
    """2 % of the diagonal of these bounds, a mask's, 8 to 64 px."""
    low, high = FEATHER_RANGE
    length = math.hypot(box[2] - box[0], box[3] - box[1]) if box else 0.0
    return min(max(round(FEATHER_SHARE * length), low), high)


def _require_fit(master: Master, mask: Mask, frame: Frame) -> None:
    width, height = size_of(master.pixels)
    left, top, right, bottom = frame.inner
    if mask.shape != master.pixels.shape[:2]:
        raise ValueError(f"mask {size_of(mask)} is not of the source's size {width, height}")
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise ValueError(f"frame {frame.inner} does not lie in a source of {width, height}")


def _own_bounds(mask: Mask, frame: Frame) -> Bounds | None:
    """The bounds of the mask that the frame answers for: all of it within them is this frame's."""
    left, top, right, bottom = frame.inner
    if frame.part:
        left, top = max(left, frame.part[0]), max(top, frame.part[1])
        right, bottom = min(right, frame.part[2]), min(bottom, frame.part[3])
    if left >= right or top >= bottom:
        return None
    box = masks.bounds(mask[top:bottom, left:right])
    return box and (left + box[0], top + box[1], left + box[2], top + box[3])


def _weights(mask: Mask, box: Bounds, feather: int, kept: Bounds | None, rim: int) -> Weights:
    """The answer's share at each pixel of `box`, strip by strip: rows and columns are the box's."""
    # a pixel more on each side: at the edge of what it is given, a mask does not fade
    wide = masks.grown_bounds(box, 1, size_of(mask))
    before = box[0] - wide[0], box[1] - wide[1]
    around = mask[wide[1] : wide[3], wide[0] : wide[2]]
    weights = blend_weights(around, feather)
    if kept:
        weights = _filling_new(weights, around, _within(kept, wide), rim)
    height, width = box[3] - box[1], box[2] - box[0]
    for rows, weight in weights:
        first, last = max(rows.start - before[1], 0), min(rows.stop - before[1], height)
        if first < last:
            skipped = first + before[1] - rows.start
            part = weight[skipped : skipped + last - first, before[0] : before[0] + width]
            yield slice(first, last), part


def _filling_new(weights: Weights, mask: Mask, kept: Bounds, rim: int) -> Weights:
    """The weights with full share outside `kept`, falling to none over `rim` pixels inside of it.

    A wide feather would show the canvas's makeshift ground at the picture's edge.
    """
    height, width = mask.shape
    across = _shares(width, kept[0], kept[2], rim)[None, :]
    down = _shares(height, kept[1], kept[3], rim)[:, None]
    for rows, weight in weights:
        np.maximum(weight, across, out=weight)
        np.maximum(weight, down[rows], out=weight)
        weight[mask[rows] == 0] = 0
        yield rows, weight


def _shares(length: int, first: int, last: int, rim: int) -> Floats:
    """The share that an answer has at least, along one axis: 1 before `first` and from `last` on."""
    place = np.arange(length, dtype=np.float32)
    depths = [place + 0.5 - first] if first > 0 else []
    depths += [last - place - 0.5] if last < length else []
    if not depths:
        return np.zeros(length, np.float32)
    depth = np.clip(np.minimum.reduce(depths) / max(rim, 0.5), 0, 1)
    return np.asarray(1 - depth * depth * (3 - 2 * depth), np.float32)


def _within(box: Bounds, window: Bounds) -> Bounds:
    """The bounds from the window's corner, cut off at its edges."""
    width, height = window[2] - window[0], window[3] - window[1]
    left, right = (min(max(side - window[0], 0), width) for side in (box[0], box[2]))
    top, bottom = (min(max(side - window[1], 0), height) for side in (box[1], box[3]))
    return left, top, right, bottom


def _unpadded(length: int, before: int, behind: int, window: int) -> slice:
    """What is left of `length` pixels of an answer along one axis of a padded window: at least one."""
    first = min(round(before * length / window), length - 1)
    return slice(first, max(first + 1, length - round(behind * length / window)))


def _write(
    pixels: Samples,
    master: Master,
    fit: Corrected,
    mask: Mask,
    box: Bounds,
    weights: Weights,
    blend: Blend,
) -> int:
    """Writes the blend into the masked pixels within `box`, in place; returns how many."""
    left, top, right, _ = box
    written = 0
    for part, weight in weights:
        for strip in _strips(part.stop - part.start):
            first, last = (top + part.start + row for row in (strip.start, strip.stop))
            inside = mask[first:last, left:right] > 0
            if not inside.any():
                continue
            answer = fit.part((left, first, right, last), weight[strip])
            if blend is blending.between:
                answer = blending.with_alpha(answer)
            target = pixels[first:last, left:right]
            blended = blend(target, master.native(answer), weight[strip])
            np.copyto(target, blended, where=inside[..., None])
            written += int(np.count_nonzero(inside))
    return written


def _measured(
    master: Master,
    pixels: Samples,
    mask: Mask,
    kept: Bounds | None,
    written: int,
    corrections: tuple[Correction, ...],
    feather: int,
) -> Stitched:
    ratio, steps = None, None
    box = _measured_bounds(master, mask)
    if box is not None:
        after = replace(master, pixels=pixels).srgb(box)
        around = mask[box[1] : box[3], box[0] : box[2]]
        ratio = measuring.border_ratio(after, around)
        # what a canvas adds is makeshift ground: its steps say nothing of how the picture goes on
        shown = _within(kept or box, box)
        steps = measuring.wide_steps(
            *(_cut(each, shown) for each in (master.srgb(box), after, around))
        )
    return Stitched(
        pixels=pixels,
        pixels_changed=written,
        border_ratio=ratio,
        wide_step=steps[0] if steps else None,
        wide_step_p95=steps[1] if steps else None,
        drift_px=_largest([each.drift_px for each in corrections]),
        drift_colour=_largest([each.drift_colour for each in corrections]),
        flag=_worst([each.flag for each in corrections]),
        corrections=corrections,
        feather=feather,
    )


def _measured_bounds(master: Master, mask: Mask) -> Bounds | None:
    """Where to look at the joint: around the mask.

    Of pictures that must be converted for it, no more than _MOST_CONVERTED: from the mask's upper edge on.
    """
    box = masks.bounds(mask)
    if box is None:
        return None
    left, top, right, bottom = masks.grown_bounds(box, _MEASURED_AROUND, size_of(mask))
    if master.pixels.dtype != np.uint8 or not master.is_srgb:
        bottom = min(bottom, top + max(4 * _MEASURED_AROUND, _MOST_CONVERTED // (right - left)))
    return left, top, right, bottom


def _cut(array: NDArray[np.uint8], box: Bounds) -> NDArray[np.uint8]:
    return array[box[1] : box[3], box[0] : box[2]]


def _largest(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _worst(flags: Sequence[str]) -> str:
    told = [flag for flag in flags if flag]
    return min(told, key=fitting.FLAGS.index, default="")


def _strips(rows: int) -> Iterator[slice]:
    for top in range(0, rows, _STRIP_ROWS):
        yield slice(top, min(top + _STRIP_ROWS, rows))
