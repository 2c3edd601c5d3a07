"""Which windows of the source an edit sends, and at which size."""

from collections.abc import Sequence
from typing import Any, Literal

from editor.images_api.catalogue import Model
from editor.images_api.messages import Operation
from editor.imaging import framing as windows
from editor.imaging import islands
from editor.imaging.framing import AROUND_MASK, Frame, Framing, Price, SizeRule
from editor.jobs.sizes import parse, rule_for, written

Size = tuple[int, int]
Bounds = tuple[int, int, int, int]
Fit = Literal["mask", "asked"]

SAME_SHAPE = 0.01  # by how much the ratios of two sizes may differ
LARGEST_SQUARE = 1024  # models that take squares only answer in no larger ones


def frames_for(
    model: Model,
    operation: Operation,
    source: Size | None,
    boxes: Sequence[Bounds],
    options: dict[str, Any],
    fit: Fit,
    *,
    drawing: Bounds | None = None,
    extends: bool = False,
    framing: Framing = AROUND_MASK,
    price: Price = windows.sent_pixels,
) -> tuple[Frame, ...]:
    """The frames of an edit, one call for each; none where pictures are sent as they are, or where
    there are none.

    `source` is the size of the canvas, and `boxes` hold what may change in its pixels; there are none
    without a mask. With `fit` "mask" the frames lie as `framing` says, by itself around the mask, and
    hold the `drawing` (bounds in the same pixels) with it; without a mask a drawing is of the whole
    picture. What is drawn, or added around the picture, is seen in one piece: that is one frame.
    `price` is that of one call, which decides whether several are worth it.
    "asked" is what callers of the API mean: a size that they name is the size of the whole picture,
    and only without one may the frame lie around the mask. There is one, however far apart its islands
    lie: a script that makes one call means one call, and pays for one.
    """
    if source is None or operation == "generate":
        return ()
    if operation == "vary":
        return (_middle_square(source, options),) if model.square_images else ()
    size = options.get("size")
    if not boxes:
        return _without_mask(source, rule_for(model, size), fit, framing, is_drawn=bool(drawing))
    if fit == "asked":
        if size and size != "auto":
            return _whole(source, parse(size))
        framing = AROUND_MASK
    if fit == "asked" or drawing or extends:
        boxes = (around(islands.joined(*boxes), drawing, source),)
    rule = rule_for(model, size)
    return framed(boxes, source, rule, framing, extends=extends, price=price)


def framed(
    boxes: Sequence[Bounds],
    canvas: Size,
    rule: SizeRule,
    framing: Framing,
    *,
    extends: bool,
    price: Price = windows.sent_pixels,
) -> tuple[Frame, ...]:
    """The frames for these boxes. What continues a picture needs to see more of it than what is
    put into it: a narrow margin alone would be sent with hardly anything beside it."""
    least = 64
    if extends:
        left, top, right, bottom = islands.joined(*boxes)
        least = max(64, round(max(right - left, bottom - top) / 3))
    return windows.frames_for(boxes, canvas, rule, framing, min_context=least, price=price)


def _without_mask(
    canvas: Size, rule: SizeRule, fit: Fit, framing: Framing, *, is_drawn: bool
) -> tuple[Frame, ...]:
    """Where something is drawn that is all of the picture. Where nothing is yet, it is what a person
    has chosen that does not depend on it."""
    if is_drawn or (framing.mode == "whole" and fit == "mask"):
        return (windows.whole_frame(canvas, rule),)
    if framing.mode == "own" and framing.own and fit == "mask":
        return windows.frames_for((framing.own,), canvas, rule, framing)
    return ()


def around(bounds: Bounds, drawing: Bounds | None, canvas: Size) -> Bounds:
    """The bounds, widened to hold as much of the drawing as lies on the canvas."""
    if drawing is None:
        return bounds
    left, top = max(0, drawing[0]), max(0, drawing[1])
    right, bottom = min(canvas[0], drawing[2]), min(canvas[1], drawing[3])
    if left >= right or top >= bottom:
        return bounds
    return (
        min(bounds[0], left),
        min(bounds[1], top),
        max(bounds[2], right),
        max(bounds[3], bottom),
    )


def sent_size(operation: Operation, options: dict[str, Any], frame: Frame | None) -> str | None:
    """The size that is asked of the provider: the chosen one, else the frame's; None: its default."""
    size: str | None = options.get("size")
    if size and size != "auto":
        return size
    return written(frame.size) if frame and operation == "edit" else size


def with_default_size(model: Model, options: dict[str, Any], fit: Fit) -> dict[str, Any]:
    """A call of the API that names no size means the model's default, where that is a size."""
    if fit == "mask" or options.get("size") or model.sizes.default == "auto":
        return options
    return {**options, "size": model.sizes.default}


def shapes_agree(one: Size, other: Size) -> bool:
    return abs(one[0] * other[1] - one[1] * other[0]) <= SAME_SHAPE * one[0] * other[1]


def _whole(source: Size, asked: Size) -> tuple[Frame, ...]:
    """All of the source; none where the answer will have another shape, or more pixels than it."""
    if not shapes_agree(source, asked) or asked[0] > source[0]:
        return ()
    return (Frame((0, 0, *source), asked),)


def _middle_square(source: Size, options: dict[str, Any]) -> Frame:
    side = min(source)
    left, top = (source[0] - side) // 2, (source[1] - side) // 2
    size = options.get("size")
    asked = parse(size)[0] if size and size != "auto" else LARGEST_SQUARE
    sent = min(side, asked, LARGEST_SQUARE)
    return Frame((left, top, left + side, top + side), (sent, sent))
