"""Which window of the source an edit sends, and at which size."""

from typing import Any, Literal

from editor.images_api.catalogue import Model
from editor.images_api.messages import Operation
from editor.imaging import framing
from editor.imaging.framing import Frame, SizeRule
from editor.jobs.sizes import parse, rule_for, written

Size = tuple[int, int]
Bounds = tuple[int, int, int, int]
Fit = Literal["mask", "asked"]

SAME_SHAPE = 0.01  # by how much the ratios of two sizes may differ
LARGEST_SQUARE = 1024  # models that take squares only answer in no larger ones


def frame_for(
    model: Model,
    operation: Operation,
    source: Size | None,
    bounds: Bounds | None,
    options: dict[str, Any],
    fit: Fit,
    drawing: Bounds | None = None,
    extends: bool = False,
) -> Frame | None:
    """The frame of an edit; None where pictures are sent as they are, or where there are none.

    `source` is the size of the canvas, and `bounds` are those of what may change in its pixels,
    None without a mask. With `fit` "mask" the frame lies around the mask, and holds the `drawing`
    (bounds in the same pixels) with it; without a mask a drawing is of the whole picture.
    "asked" is what callers of the API mean: a size that they name is the size of the whole picture,
    and only without one may the frame lie around the mask.
    """
    if source is None or operation == "generate":
        return None
    if operation == "vary":
        return _middle_square(source, options) if model.square_images else None
    size = options.get("size")
    if bounds is None:
        return framing.whole_frame(source, rule_for(model, size)) if drawing else None
    if fit == "asked" and size and size != "auto":
        return _whole(source, parse(size))
    return framed(around(bounds, drawing, source), source, rule_for(model, size), extends)


def framed(bounds: Bounds, canvas: Size, rule: SizeRule, extends: bool) -> Frame:
    """The frame around these bounds. What continues a picture needs to see more of it than what is
    put into it: a narrow margin alone would be sent with hardly anything beside it."""
    if not extends:
        return framing.frame_for(bounds, canvas, rule)
    longer = max(bounds[2] - bounds[0], bounds[3] - bounds[1])
    return framing.frame_for(bounds, canvas, rule, min_context=max(64, round(longer / 3)))


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


def _whole(source: Size, asked: Size) -> Frame | None:
    """All of the source; None where the answer will have another shape, or more pixels than it."""
    if not shapes_agree(source, asked) or asked[0] > source[0]:
        return None
    return Frame((0, 0, *source), asked)


def _middle_square(source: Size, options: dict[str, Any]) -> Frame:
    side = min(source)
    left, top = (source[0] - side) // 2, (source[1] - side) // 2
    size = options.get("size")
    asked = parse(size)[0] if size and size != "auto" else LARGEST_SQUARE
    sent = min(side, asked, LARGEST_SQUARE)
    return Frame((left, top, left + side, top + side), (sent, sent))
