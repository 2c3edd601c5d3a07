"""Which windows of the source go to the provider, and at which size.

Geometry only, but for the cutters at the end. The rules are those of the design's
stitching notes: context around the mask, kept inside the image by shifting, never upsampled,
never distorted.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from . import islands
from .arrays import Bounds, Mask, Pixels, Size

MOST_FRAMES = 4  # each is a call of its own
Mode = Literal["mask", "whole", "own"]
MODES: tuple[Mode, ...] = get_args(Mode)
LEAST_CONTEXT, MOST_CONTEXT = 0.25, 1.5
LANDSCAPE = 1.6  # a picture's usual shape: its longer side by its shorter
SMOOTHED = 2  # px, radius: notches narrower than twice this are closed in a mask that is sent


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
    Of several frames of one edit each answers for the mask within its `part`, in source pixels:
    the parts never overlap. None: this frame answers for all of the mask.
    """

    bounds: Bounds
    size: Size
    pad: Bounds = (0, 0, 0, 0)
    part: Bounds | None = None

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
        told = {"bounds": list(self.bounds), "size": list(self.size), "pad": list(self.pad)}
        return told | ({"part": list(self.part)} if self.part else {})

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Frame":
        width, height = map(int, stored["size"])
        part = stored.get("part")
        return cls(
            _four(stored["bounds"]), (width, height), _four(stored["pad"]), part and _four(part)
        )


@dataclass(frozen=True)
class Framing:
    """What a person chooses of the frame: around the mask, the whole picture, or `own` bounds in source
    pixels. `context` is the part of the mask's side that is sent with it on each side, and `split`
    whether there may be several frames; both are only for frames around the mask.
    """

    mode: Mode = "mask"
    context: float = 0.5
    own: Bounds | None = None
    split: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Only what differs from the default."""
        told = {"mode": self.mode, "context": self.context, "own": self.own and list(self.own)}
        kept = {name: value for name, value in told.items() if value != getattr(AROUND_MASK, name)}
        return kept | ({} if self.split else {"split": False})

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Framing":
        own = stored.get("own")
        return cls(
            mode=stored.get("mode", "mask"),
            context=float(stored.get("context", 0.5)),
            own=_four(own) if own else None,
            split=bool(stored.get("split", True)),
        )


AROUND_MASK = Framing()
Price = Callable[[Frame], float]


def sent_pixels(frame: Frame) -> int:
    """The price of a frame where nothing else is known of it."""
    return frame.size[0] * frame.size[1]


def frames_for(
    boxes: Sequence[Bounds],
    image_size: Size,
    rule: SizeRule,
    framing: Framing = AROUND_MASK,
    *,
    min_context: int = 64,
    price: Price = sent_pixels,
) -> tuple[Frame, ...]:
    """The frames for a mask whose islands lie in `boxes` (see islands.boxes): nearly always one.

    Several, each with a `part`, at most MOST_FRAMES and in reading order, where the mask's islands lie
    so far apart that `is_worth_splitting` holds; of the ways to do so, the one that costs least.
    `price` is that of one call, in whatever unit.
    An own frame is widened to hold the mask, and to what the model takes.
    Raises ValueError without a box, or with one that is not in the picture, as an own frame must be.
    """
    if not boxes:
        raise ValueError("there is nothing to frame")
    bounds = islands.joined(*boxes)
    _require_inside(bounds, image_size)
    if framing.mode == "whole":
        return (whole_frame(image_size, rule),)
    if framing.mode == "own":
        return (_own_frame(framing, bounds, image_size, rule),)

    def around(part: Bounds) -> Frame:
        return frame_for(part, image_size, rule, context=framing.context, min_context=min_context)

    def cost(box: Bounds) -> float:
        by = _context(box, framing.context, min_context)
        width, height = _extent(_widened(box, by, image_size))
        return max(width * height, _least_pixels(rule))

    one = around(bounds)
    ways: list[tuple[Frame, ...]] = [(one,)]
    for parts in islands.groupings(boxes, MOST_FRAMES, cost) if framing.split else ():
        in_order = sorted(parts, key=lambda part: (part[1], part[0]))
        several = tuple(replace(around(part), part=part) for part in in_order)
        if is_worth_splitting(one, several, price):
            ways.append(several)
    return min(ways, key=lambda frames: (sum(map(price, frames)), _worst_scale(frames)))


def is_worth_splitting(one: Frame, several: Sequence[Frame], price: Price = sent_pixels) -> bool:
    """Whether several frames save detail and money.

    None may show less detail than the one, together they may not cost more, and they show at most half
    as much of the picture as it does (the design's rule: a job for each cluster when the area around
    all is more than twice their sum). So of a frame that is sent at native pixels half of what is sent
    is saved; in place of one that is shrunk all of its detail comes, for no more money.

    With fixed sizes a second call is paid for in full, however little it shows. Two frames of the one's
    own size cost twice as much, and a mask is only split where smaller sizes hold its parts and are
    cheaper by as much.
    """
    keeps_detail = _worst_scale(several) <= one.scale
    shows_half = 2 * sum(map(_shown_pixels, several)) <= _shown_pixels(one)
    return keeps_detail and shows_half and sum(map(price, several)) <= price(one)


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
    _require_inside(mask_bounds, image_size)
    wanted = _widened(mask_bounds, _context(mask_bounds, context, min_context), image_size)
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
    """The frame's window of `mask` at the frame's size, a new array: of its part alone, if it has one.

    A sent pixel is 255 as soon as any source pixel under it is; padding is 0.
    """
    left, top, right, bottom = frame.inner
    window = mask[top:bottom, left:right]
    if frame.part:
        window = _only(window, _shifted(frame.part, -left, -top))
    padded = _padded(window, frame.pad, cv2.BORDER_CONSTANT)
    if frame.window == frame.size:
        return np.ascontiguousarray(padded)
    return _any_under(_any_under(padded, frame.size[1]).T, frame.size[0]).T.copy()


def sent_mask(mask: Mask, frame: Frame) -> Mask:
    """The mask as it is sent: as `cut_mask` gives it, smoothed.

    Notches and holes in it that are narrower than twice SMOOTHED are closed, such as the steps of an
    edge that was painted smooth and then decided pixel by pixel. Nothing is taken away, nothing is
    added beyond the bounds of what is there.
    """
    cut_out = cut_mask(mask, frame)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * SMOOTHED + 1, 2 * SMOOTHED + 1))
    rim = slice(SMOOTHED, -SMOOTHED)  # without one, what lies near the edge would be joined to it
    closed = cv2.morphologyEx(np.pad(cut_out, SMOOTHED), cv2.MORPH_CLOSE, disc)
    return np.ascontiguousarray(np.asarray(closed, np.uint8)[rim, rim])


def _own_frame(framing: Framing, bounds: Bounds, image_size: Size, rule: SizeRule) -> Frame:
    if framing.own is None:
        raise ValueError("an own frame needs its bounds")
    _require_inside(framing.own, image_size)
    held = islands.joined(framing.own, bounds)
    return _frame(held, held, image_size, rule)


def _context(box: Bounds, context: float, least: int) -> tuple[int, int]:
    width, height = _extent(box)
    return max(least, math.ceil(context * width)), max(least, math.ceil(context * height))


def _require_inside(box: Bounds, image_size: Size) -> None:
    left, top, right, bottom = box
    if not (0 <= left < right <= image_size[0] and 0 <= top < bottom <= image_size[1]):
        raise ValueError(f"bounds {box} are not inside a picture of {image_size}")


def _least_pixels(rule: SizeRule) -> int:
    return min((width * height for width, height in rule.fixed), default=rule.min_pixels)


def _worst_scale(frames: Sequence[Frame]) -> float:
    return max(frame.scale for frame in frames)


def _shown_pixels(frame: Frame) -> int:
    return frame.window[0] * frame.window[1]


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
    """Widened to the smallest allowed area: lengthened first, then in proportion, inside the image if
    it can."""
    step = rule.multiple
    if width * height >= rule.min_pixels:
        return width, height
    width, height = _within_ratio(width, height, rule)
    is_wide = width > height or (width == height and caps[0] >= caps[1])
    # beyond this the other side would grow for the ratio's sake alone, in a strip by padding
    longest = _up(math.sqrt(rule.min_pixels * rule.max_ratio), step)
    caps = min(caps[0], max(width, longest)), min(caps[1], max(height, longest))
    longer = _lengthened(max(width, height), min(width, height), rule)
    long_width, long_height = (longer, height) if is_wide else (width, longer)
    factor = max(1.0, math.sqrt(rule.min_pixels / (long_width * long_height)))
    wide = max(min(_up(long_width * factor, step), caps[0]), step)
    high = max(min(_up(long_height * factor, step), caps[1]), step)
    if wide * high < rule.min_pixels:
        wide = max(wide, min(_up(rule.min_pixels / high, step), caps[0]))
        high = max(high, min(_up(rule.min_pixels / wide, step), caps[1]))
    if wide * high >= rule.min_pixels:
        return wide, high
    # the whole image is smaller than the smallest size: in proportion, by padding
    wide, high = _within_ratio(wide, high, rule)
    factor = max(1.0, math.sqrt(rule.min_pixels / (wide * high)))
    return _up(wide * factor, step), _up(high * factor, step)


def _lengthened(longer: int, shorter: int, rule: SizeRule) -> float:
    """The longer side where there is room to choose. Squares are the dearest shape there is: by
    OpenAI's price table 1024x1024 costs more than 1536x1024."""
    return max(longer, min(LANDSCAPE * shorter, rule.min_pixels / shorter))


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


def _only(window: Mask, part: Bounds) -> Mask:
    left, top, right, bottom = (max(0, side) for side in part)
    only = np.zeros_like(window)
    only[top:bottom, left:right] = window[top:bottom, left:right]
    return only


def _shifted(box: Bounds, x: int, y: int) -> Bounds:
    return box[0] + x, box[1] + y, box[2] + x, box[3] + y


def _four(numbers: Sequence[Any]) -> Bounds:
    left, top, right, bottom = map(int, numbers)
    return left, top, right, bottom


def _any_under(mask: Mask, count: int) -> Mask:
    """`mask` in `count` rows, each 255 where any row it overlaps is. Exact, unlike a resize."""
    rows, columns = mask.shape
    edges = np.arange(count + 1) * rows / count
    first = np.floor(np.round(edges[:-1], 6)).astype(int)
    last = np.ceil(np.round(edges[1:], 6)).astype(int)
    mask = np.ascontiguousarray(mask)
    under = np.empty((count, columns), np.uint8)
    for row in range(count):
        np.maximum.reduce(mask[first[row] : last[row]], axis=0, out=under[row])
    return under
