"""Putting the provider's pixels back into the source, and measuring what that did.

Nothing outside the mask is ever written: the source is copied, and only masked pixels of the
frame's window are set. That this held is then measured, not assumed.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from . import masks
from .arrays import Bounds, Floats, Mask, Pixels, Size, size_of
from .feathering import blend_weights
from .framing import Frame

Blend = Callable[[Pixels, Pixels, Floats], Pixels]
Weights = Iterator[tuple[slice, Floats]]

FEATHER_SHARE = 0.02
FEATHER_RANGE = (8, 64)

_STRIP_ROWS = 64
_TILE = 512
_MAX_TILES = 48
_BORDER_BAND = 1.5
_SIDE_BAND = (4.0, 16.0)
_REACH = 18
"""How far around the mask border_ratio looks: the side band and a little."""


@dataclass(frozen=True)
class Stitched:
    """The finished picture and what was measured on it.

    `pixels` has the source's size and channels. `outside_identical` is the outcome of comparing
    all `pixels_compared` pixels outside the mask; `pixels_changed` counts those written.
    `border_ratio` is the mean gradient on the mask's border over that beside it (1.0 = no seam,
    None = no border to measure). `drift_px` is None as long as nothing is aligned.
    """

    pixels: Pixels
    outside_identical: bool
    pixels_compared: int
    pixels_changed: int
    border_ratio: float | None
    drift_px: float | None
    feather: int


def stitch(
    source: Pixels,
    answer: Pixels,
    mask: Mask,
    frame: Frame,
    *,
    feather: int | None = None,
    keep_transparency: bool = False,
    kept: Bounds | None = None,
    rim: int = 0,
) -> Stitched:
    """The answer's pixels in the masked part of the frame's window, the source's everywhere else.

    `answer` may have any size and either channel count: it is brought to the window's size. It
    is blended over `feather` pixels that lie inside the mask (default: 2 % of the mask's
    diagonal, 8 to 64; less in small islands, so that their middle is wholly replaced).
    Transparent parts of the answer let the source through; with `keep_transparency` they stay
    transparent, and the result has an alpha channel. `source` is never written to.
    `kept` are the bounds within which `source` shows something: outside of them (the new part of
    a canvas) the answer has its full share, which it loses over `rim` masked pixels inside of them.
    Raises ValueError when mask, frame and source do not belong together.
    """
    _require_fit(source, mask, frame)
    feather = default_feather(masks.bounds(mask)) if feather is None else feather
    left, top, right, bottom = frame.inner
    window_mask = mask[top:bottom, left:right]
    window_answer = _to_window(answer, frame)
    # alignment and colour matching belong here: the answer against the source in the window
    weights = blend_weights(window_mask, feather)
    if kept:
        weights = _filling_new(weights, window_mask, _within(kept, frame.inner), rim)
    if keep_transparency:
        source, window_answer = _with_alpha(source), _with_alpha(window_answer)
    blend = _between if keep_transparency else _over
    pixels = source.copy()
    written = _write(pixels[top:bottom, left:right], window_answer, window_mask, weights, blend)
    return Stitched(
        pixels=pixels,
        outside_identical=is_identical_outside(source, pixels, mask),
        pixels_compared=int(mask.size - np.count_nonzero(mask)),
        pixels_changed=written,
        border_ratio=border_ratio(pixels, mask),
        drift_px=None,
        feather=feather,
    )


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


def is_identical_outside(source: Pixels, pixels: Pixels, mask: Mask) -> bool:
    """Whether every channel of every pixel outside the mask has the same value in both."""
    for rows in _strips(source.shape[0]):
        before, after, inside = source[rows], pixels[rows], mask[rows]
        if np.array_equal(before, after):
            continue
        outside = inside == 0
        if any(
            np.any((before[..., channel] != after[..., channel]) & outside)
            for channel in range(source.shape[2])
        ):
            return False
    return True


def border_ratio(pixels: Pixels, mask: Mask) -> float | None:
    """Mean Lab gradient within 1.5 px of the mask's border over that 4 to 16 px beside it.

    About 1.0 where the border cannot be seen, 3 for a hard paste of a picture that has drifted.
    None when there is no border in the picture. Of long borders an even sample is measured.
    """
    box = _reaching(mask)
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


def _require_fit(source: Pixels, mask: Mask, frame: Frame) -> None:
    width, height = size_of(source)
    left, top, right, bottom = frame.inner
    if mask.shape != source.shape[:2]:
        raise ValueError(f"mask {size_of(mask)} is not of the source's size {width, height}")
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise ValueError(f"frame {frame.inner} does not lie in a source of {width, height}")


def _to_window(answer: Pixels, frame: Frame) -> Pixels:
    """The answer at the window's size, without the padding."""
    resized = _resized(answer, frame.window)
    left, top, right, bottom = frame.pad
    width, height = frame.window
    return resized[top : height - bottom, left : width - right]


def _resized(pixels: Pixels, size: Size) -> Pixels:
    if size_of(pixels) == size:
        return pixels
    grows = size[0] * size[1] > pixels.shape[0] * pixels.shape[1]
    method = cv2.INTER_LANCZOS4 if grows else cv2.INTER_AREA
    return np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)


def _with_alpha(pixels: Pixels) -> Pixels:
    if pixels.shape[2] == 4:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA), np.uint8)


def _write(window: Pixels, answer: Pixels, mask: Mask, weights: Weights, blend: Blend) -> int:
    """Writes the blend into the masked pixels of `window`, in place; returns how many."""
    box = masks.bounds(mask)
    if box is None:
        return 0
    columns = slice(box[0], box[2])
    written = 0
    for part, weight in weights:
        for strip in _strips(part.stop - part.start):
            rows = slice(part.start + strip.start, part.start + strip.stop)
            inside = mask[rows, columns] > 0
            target = window[rows, columns]
            blended = blend(target, answer[rows, columns], weight[strip, columns])
            target[inside] = blended[inside]
            written += int(np.count_nonzero(inside))
    return written


def _over(below: Pixels, above: Pixels, weight: Floats) -> Pixels:
    """`above` over `below` (Porter and Duff 1984, straight alpha), with the channels of `below`."""
    if above.shape[2] == 4:
        weight = weight * (above[..., 3].astype(np.float32) / np.float32(255))
    share = weight[..., None]
    colours, under = above[..., :3].astype(np.float32), below[..., :3].astype(np.float32)
    if below.shape[2] == 3:
        return (under + share * (colours - under) + 0.5).astype(np.uint8)
    alpha = below[..., 3:].astype(np.float32) / 255
    left = alpha * (1 - share)
    total = share + left
    mixed = (share * colours + left * under) / np.maximum(total, 1e-6)
    return (np.concatenate([mixed, total * 255], axis=2) + 0.5).astype(np.uint8)


def _between(one: Pixels, other: Pixels, weight: Floats) -> Pixels:
    """From `one` (weight 0) to `other` (weight 1), colour and transparency alike. Both RGBA.

    Mixed with colours multiplied by their alpha: what cannot be seen lends no colour."""
    share = weight[..., None]
    opaque = one[..., 3:].astype(np.float32), other[..., 3:].astype(np.float32)
    alpha = opaque[0] + share * (opaque[1] - opaque[0])
    weighted = (1 - share) * opaque[0] * one[..., :3] + share * opaque[1] * other[..., :3]
    colours = weighted / np.maximum(alpha, 1e-3)
    return (np.concatenate([np.minimum(colours, 255), alpha], axis=2) + 0.5).astype(np.uint8)


def _reaching(mask: Mask) -> Bounds | None:
    """The mask's bounds and what border_ratio needs around them."""
    box = masks.bounds(mask)
    if box is None:
        return None
    width, height = size_of(mask)
    return (
        max(0, box[0] - _REACH),
        max(0, box[1] - _REACH),
        min(width, box[2] + _REACH),
        min(height, box[3] + _REACH),
    )


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


def _strips(rows: int) -> Iterator[slice]:
    for top in range(0, rows, _STRIP_ROWS):
        yield slice(top, min(top + _STRIP_ROWS, rows))
