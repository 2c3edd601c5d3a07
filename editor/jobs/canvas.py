"""What an edit is made on: its source with what extending adds, and what of that may change."""

from typing import Any

from editor.imaging import extending, files, framing, masks, previews, stitching
from editor.imaging.arrays import Bounds
from editor.imaging.extending import NO_MARGINS, Margins
from editor.imaging.masters import Master
from editor.jobs.pictures import master_of, pixels_of, read
from editor.models import Edit, Image


def margins_of(edit: Edit) -> Margins:
    left, top, right, bottom = edit.margins or NO_MARGINS
    return left, top, right, bottom


def pixels_of_canvas(edit: Edit) -> Any:
    """The source's pixels in their place, as imaging.extending has them; not to be written to."""
    pixels = pixels_of(_source(edit))
    return extending.extended(pixels, margins_of(edit)) if any(edit.margins) else pixels


def master_of_canvas(edit: Edit, *, keep_place: bool) -> Master:
    """The same as it is stored: in its own colours and depth, with what a camera wrote."""
    master = master_of(_source(edit), keep_place=keep_place)
    return master.extended(margins_of(edit)) if any(edit.margins) else master


def contract_of(edit: Edit) -> Any:
    """What may change: the painted mask, grown, (height, width) uint8 of the canvas's size."""
    painted = masks.read_mask(read(edit.mask), edit.canvas_size)
    return masks.grow(painted, edit.grow)


def contract_bounds(edit: Edit) -> Bounds | None:
    """The bounds of `contract_of`, without reading the mask. None where nothing is painted."""
    painted = bounds_of(edit.mask_bounds)
    return masks.grown_bounds(painted, edit.grow, edit.canvas_size) if painted else None


def bounds_of(numbers: list[int]) -> Bounds | None:
    """Stored bounds; None for those of nothing, which are kept as an empty list."""
    if len(numbers) != 4:
        return None
    left, top, right, bottom = numbers
    return left, top, right, bottom


def kept_of(edit: Edit) -> Bounds | None:
    """Where the source lies on the canvas; None where the canvas is the source."""
    return extending.place_of(_source(edit).size, margins_of(edit)) if any(edit.margins) else None


def without_padding(edit: Edit, answer: Any) -> Any | None:
    """An answer that is the whole picture by itself, without what was put around the picture to send
    it; None where nothing was."""
    frame = first_frame(edit)
    if frame is None or not any(frame.pad):
        return None
    return stitching.without_padding(answer, frame)


def first_frame(edit: Edit) -> framing.Frame | None:
    """None where pictures are sent as they are."""
    return frame_of(edit, 0)


def frame_of(edit: Edit, index: int) -> framing.Frame | None:
    """The frame of this index; None where pictures are sent as they are."""
    return framing.Frame.from_dict(edit.frames[index]) if edit.frames else None


def small_canvas(edit: Edit) -> tuple[Any, Any]:
    """The canvas at the size of a work preview, made from the source's own, and the contract at
    that size."""
    pixels, margins = _small_source(edit)
    if any(margins):
        pixels = extending.extended(pixels, margins)
    size = (int(pixels.shape[1]), int(pixels.shape[0]))
    whole = framing.Frame((0, 0, *edit.canvas_size), size)
    return pixels, framing.cut_mask(contract_of(edit), whole)


def source_in_place(edit: Edit) -> Any:
    """The small canvas with the source on it, and nothing around: (height, width, 4) RGBA uint8."""
    pixels, margins = _small_source(edit)
    return extending.placed(files.with_alpha(pixels), margins)


def _small_source(edit: Edit) -> tuple[Any, Margins]:
    """The source's work preview, and the margins, at the size that the whole canvas is shown at."""
    source = _source(edit)
    pixels = files.open_picture(read(source.preview)).pixels
    if not any(edit.margins):
        return pixels, NO_MARGINS
    shrink = min(1.0, previews.PREVIEW_SIDE / max(edit.canvas_size))
    left, top, right, bottom = (round(side * shrink) for side in edit.margins)
    return _smaller(pixels, source, shrink), (left, top, right, bottom)


def _smaller(pixels: Any, source: Image, shrink: float) -> Any:
    """A work preview at `shrink` of its source's size; never larger than it is."""
    height, width = pixels.shape[:2]
    size = max(1, round(source.width * shrink)), max(1, round(source.height * shrink))
    return framing.cut(pixels, framing.Frame((0, 0, width, height), size))


def _source(edit: Edit) -> Image:
    assert edit.source is not None, "only what has a source has a canvas"
    return edit.source
