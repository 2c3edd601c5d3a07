"""Which window of the source goes to the provider, and at which size.

Geometry only, but for the two cutters at the end. The rules are those of the design's
stitching notes: context around the mask, kept inside the image by shifting, never upsampled,
never distorted.
"""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Bounds, Mask, Pixels, Size


@dataclass(frozen=True)
class SizeRule:
    """The sizes a model takes.

    `fixed` lists all of them; when it is empty any size is taken that keeps to the other
    fields. `comfortable_pixels` is the area we do not go beyond by ourselves.
    The defaults are the published rules of the free-size GPT Image models.
    """

    fixed: tuple[Size, ...] = ()
    multiple: int = 16
    max_edge: int = 3840
    max_ratio: float = 3.0
    min_pixels: int = 655_360
    max_pixels: int = 8_294_400
    comfortable_pixels: int = 2560 * 1440

    @property
    def target_pixels(self) -> int:
        return min(self.comfortable_pixels, self.max_pixels)

    def allows(self, size: Size) -> bool:
        if self.fixed:
            return size in self.fixed
        width, height = size
        return (
            width % self.multiple == 0
            and height % self.multiple == 0
            and max(size) <= self.max_edge
            and max(size) <= self.max_ratio * min(size)
            and self.min_pixels <= width * height <= self.max_pixels
        )


@dataclass(frozen=True)
class Frame:
    """A window of the source, and the size at which it is sent.

    `bounds` are in source pixels and leave the image only along an axis in which the image is
    too small; by how much is `pad` (left, top, right, bottom), filled by reflection.
    """

    bounds: Bounds
    size: Size
    pad: Bounds = (0, 0, 0, 0)

    @property
    def window(self) -> Size:
        """Width and height of the window in source pixels, padding included."""
        left, top, right, bottom = self.bounds
        return right - left, bottom - top

    @property
    def inner(self) -> Bounds:
        """The part of the window that lies in the image, in source pixels."""
        return (
            self.bounds[0] + self.pad[0],
            self.bounds[1] + self.pad[1],
            self.bounds[2] - self.pad[2],
            self.bounds[3] - self.pad[3],
        )

    @property
    def scale(self) -> float:
        """Source pixels per sent pixel; 1.0 = native, never below."""
        # the longer ratio belongs to the side that was rounded up to whole pixels
        return min(self.window[0] / self.size[0], self.window[1] / self.size[1])

    def to_dict(self) -> dict[str, list[int]]:
        return {"bounds": list(self.bounds), "size": list(self.size), "pad": list(self.pad)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Frame":
        left, top, right, bottom = map(int, stored["bounds"])
        width, height = map(int, stored["size"])
        pad_left, pad_top, pad_right, pad_bottom = map(int, stored["pad"])
        return cls(
            (left, top, right, bottom), (width, height), (pad_left, pad_top, pad_right, pad_bottom)
        )


def frame_for(
    mask_bounds: Bounds,
    image_size: Size,
    rule: SizeRule,
    *,
    context: float = 0.5,
    min_context: int = 64,
) -> Frame:
    """The frame around a mask, with max(min_context px, context x side) on each side.

    Always contains `mask_bounds`, which must lie in the image and not be empty (ValueError).
    Context gives way where it would force padding; the mask never does.
    """
    left, top, right, bottom = mask_bounds
    if not (0 <= left < right <= image_size[0] and 0 <= top < bottom <= image_size[1]):
        raise ValueError(f"bounds {mask_bounds} are not inside a picture of {image_size}")
    wide = (
        max(min_context, math.ceil(context * (right - left))),
        max(min_context, math.ceil(context * (bottom - top))),
    )
    wanted = _widened(mask_bounds, wide, image_size)
    core = _widened(mask_bounds, (min_context, min_context), image_size)
    return _frame(wanted, core, image_size, rule)


def whole_frame(image_size: Size, rule: SizeRule) -> Frame:
    """The frame that holds the whole image."""
    whole = (0, 0, *image_size)
    return _frame(whole, whole, image_size, rule)


def cut(pixels: Pixels, frame: Frame) -> Pixels:
    """The frame's window of `pixels` at the frame's size, a new array.

    Shrunk by area averaging; the source's own values when window and size are equal.
    """
    left, top, right, bottom = frame.inner
    padded = _padded(pixels[top:bottom, left:right], frame.pad, cv2.BORDER_REFLECT_101)
    if frame.window == frame.size:
        return np.ascontiguousarray(padded)
    return np.asarray(cv2.resize(padded, frame.size, interpolation=cv2.INTER_AREA), np.uint8)


def cut_mask(mask: Mask, frame: Frame) -> Mask:
    """The frame's window of `mask` at the frame's size, a new array.

    A sent pixel is 255 as soon as any source pixel under it is; padding is 0.
    """
    left, top, right, bottom = frame.inner
    padded = _padded(mask[top:bottom, left:right], frame.pad, cv2.BORDER_CONSTANT)
    if frame.window == frame.size:
        return np.ascontiguousarray(padded)
    covered = _any_under(_any_under(padded > 0, frame.size[1]).T, frame.size[0]).T
    return np.where(covered, 255, 0).astype(np.uint8)


def _frame(wanted: Bounds, core: Bounds, image_size: Size, rule: SizeRule) -> Frame:
    sizes = rule.fixed or _free_sizes(_extent(wanted), _extent(core), image_size, rule)
    frames = [_placed(size, wanted, core, image_size) for size in sizes]
    return min(frames, key=lambda frame: _cost(frame, wanted))


def _cost(frame: Frame, wanted: Bounds) -> tuple[float, int]:
    """Least downscaling, then least area; padding and lost context weigh four times their share."""
    width, height = frame.window
    inner = _extent(frame.inner)
    padded = 1 - inner[0] * inner[1] / (width * height)
    wide, high = _extent(wanted)
    lost = 1 - min(1.0, inner[0] / wide) * min(1.0, inner[1] / high)
    return round(frame.scale * (1 + 4 * (padded + lost)), 3), width * height


def _placed(size: Size, wanted: Bounds, core: Bounds, image_size: Size) -> Frame:
    """The window of this size's aspect around `core`, as much of `wanted` as the image allows."""
    scale = _scale_for(size, _extent(wanted), _extent(core), image_size)
    # the tight side is exact; rounding guards against 1023.9999 and 1024.0001
    window = tuple(math.ceil(round(scale * side, 6)) for side in size)
    left, right = _span(window[0], (wanted[0], wanted[2]), (core[0], core[2]), image_size[0])
    top, bottom = _span(window[1], (wanted[1], wanted[3]), (core[1], core[3]), image_size[1])
    pad = (
        max(0, -left),
        max(0, -top),
        max(0, right - image_size[0]),
        max(0, bottom - image_size[1]),
    )
    return Frame((left, top, right, bottom), size, pad)


def _scale_for(size: Size, wanted: Size, core: Size, image_size: Size) -> float:
    covers_wanted = max(wanted[0] / size[0], wanted[1] / size[1])
    covers_core = max(core[0] / size[0], core[1] / size[1])
    stays_inside = min(image_size[0] / size[0], image_size[1] / size[1])
    return max(1.0, covers_core, min(covers_wanted, stays_inside))


def _span(
    length: int, wanted: tuple[int, int], core: tuple[int, int], limit: int
) -> tuple[int, int]:
    """Where a window of `length` lies along one axis of `limit` pixels."""
    if length >= limit:
        start = -((length - limit) // 2)
        return start, start + length
    start = (wanted[0] + wanted[1] - length) // 2
    start = max(min(start, core[0]), core[1] - length)
    start = max(0, min(start, limit - length))
    return start, start + length


def _free_sizes(wanted: Size, core: Size, image_size: Size, rule: SizeRule) -> list[Size]:
    """The sizes worth weighing: native pixels if they fit, else all that come close in aspect."""
    native = _native_size(wanted, image_size, rule)
    if native:
        return [native]
    # every size has an area of at most target_pixels, so that the window must be shrunk
    aspect = min(max(wanted[0] / wanted[1], 1 / rule.max_ratio), rule.max_ratio)
    step = rule.multiple
    sizes = [
        (width, height)
        for width in range(step, rule.max_edge + 1, step)
        for height in _neighbours(width / aspect, step)
        if rule.allows((width, height)) and width * height <= rule.target_pixels
    ]
    best = min(_scale_for(size, wanted, core, image_size) for size in sizes)
    return [s for s in sizes if _scale_for(s, wanted, core, image_size) <= 1.1 * best]


def _neighbours(value: float, step: int) -> set[int]:
    return {math.floor(value / step) * step, math.ceil(value / step) * step}


def _native_size(wanted: Size, image_size: Size, rule: SizeRule) -> Size | None:
    """The size that sends `wanted` at scale 1, or None if that is too large for comfort."""
    step = rule.multiple
    caps = tuple(
        side // step * step if need <= side // step * step else _up(side, step)
        for need, side in zip(wanted, image_size, strict=True)
    )
    width, height = (_up(side, step) for side in wanted)
    width, height = _at_least(width, height, caps, rule)
    width, height = _within_ratio(width, height, rule)
    size = width, height
    return size if rule.allows(size) and width * height <= rule.target_pixels else None


def _at_least(width: int, height: int, caps: tuple[int, ...], rule: SizeRule) -> Size:
    """Widened to the smallest allowed area: in proportion first, inside the image if it can."""
    step = rule.multiple
    if width * height >= rule.min_pixels:
        return width, height
    width, height = _within_ratio(width, height, rule)
    factor = max(1.0, math.sqrt(rule.min_pixels / (width * height)))
    wide = max(min(_up(width * factor, step), caps[0]), step)
    high = max(min(_up(height * factor, step), caps[1]), step)
    if wide * high < rule.min_pixels:
        wide = max(wide, min(_up(rule.min_pixels / high, step), caps[0]))
        high = max(high, min(_up(rule.min_pixels / wide, step), caps[1]))
    if wide * high >= rule.min_pixels:
        return wide, high
    # the whole image is smaller than the smallest size: in proportion, by padding
    wide, high = _within_ratio(wide, high, rule)
    factor = max(1.0, math.sqrt(rule.min_pixels / (wide * high)))
    return _up(wide * factor, step), _up(high * factor, step)


def _within_ratio(width: int, height: int, rule: SizeRule) -> Size:
    """The shorter side widened until the ratio is allowed."""
    width = max(width, _up(height / rule.max_ratio, rule.multiple))
    height = max(height, _up(width / rule.max_ratio, rule.multiple))
    return width, height


def _widened(box: Bounds, by: tuple[int, int], image_size: Size) -> Bounds:
    return (
        max(0, box[0] - by[0]),
        max(0, box[1] - by[1]),
        min(image_size[0], box[2] + by[0]),
        min(image_size[1], box[3] + by[1]),
    )


def _extent(box: Bounds) -> Size:
    return box[2] - box[0], box[3] - box[1]


def _up(value: float, step: int) -> int:
    return math.ceil(round(value / step, 6)) * step


def _padded(array: NDArray[np.uint8], pad: Bounds, border: int) -> NDArray[np.uint8]:
    if not any(pad):
        return array.copy()
    left, top, right, bottom = pad
    return np.asarray(
        cv2.copyMakeBorder(array, top, bottom, left, right, border, value=0), np.uint8
    )


def _any_under(covered: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """`covered` in `count` rows, each true where any row it overlaps is. Exact, unlike a resize."""
    rows = covered.shape[0]
    edges = np.arange(count + 1) * rows / count
    first = np.floor(np.round(edges[:-1], 6)).astype(int)
    last = np.ceil(np.round(edges[1:], 6)).astype(int)
    counted = np.zeros((rows + 1, covered.shape[1]), np.int32)
    np.cumsum(covered, axis=0, dtype=np.int32, out=counted[1:])
    return np.asarray(counted[last] > counted[first])
