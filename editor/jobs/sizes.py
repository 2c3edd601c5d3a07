"""From the catalogue's words about sizes to the frame's."""

from editor.images_api.catalogue import Model
from editor.imaging.framing import SizeRule

Size = tuple[int, int]


def rule_for(model: Model, chosen: str | None) -> SizeRule:
    """Which sizes the frame may have: the chosen one alone, or all that the model takes."""
    if chosen and chosen != "auto":
        return SizeRule(fixed=(parse(chosen),))
    if model.sizes.free is None:
        return SizeRule(fixed=model.sizes.fixed)
    free = model.sizes.free
    return SizeRule(
        multiple=free.multiple,
        max_edge=free.max_edge,
        max_ratio=float(free.max_ratio),
        min_pixels=free.min_pixels,
        max_pixels=free.max_pixels,
        comfortable_pixels=free.comfortable_pixels,
    )


def smaller_rule(model: Model, size: Size) -> SizeRule | None:
    """The model's fixed sizes below `size`, for a picture that came out with too many bytes."""
    area = size[0] * size[1]
    smaller = [fixed for fixed in model.sizes.fixed if fixed[0] * fixed[1] < area]
    return (
        SizeRule(fixed=(max(smaller, key=lambda fixed: fixed[0] * fixed[1]),)) if smaller else None
    )


def parse(size: str) -> Size:
    width, height = size.split("x")
    return (int(width), int(height))


def written(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
