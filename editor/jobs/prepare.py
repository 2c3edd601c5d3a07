"""From an edit's row to the request that is sent: frame, cut, encode."""

from dataclasses import replace
from typing import Any

from editor.images_api import catalogue
from editor.images_api.catalogue import Model
from editor.images_api.errors import ProviderRejected
from editor.images_api.messages import FilePart, Operation, Request
from editor.imaging import files, framing, marks, masks
from editor.imaging import markup as drawings
from editor.jobs.canvas import (
    contract_bounds,
    contract_of,
    margins_of,
    pixels_of_canvas,
)
from editor.jobs.frames import Bounds, around, framed, sent_size
from editor.jobs.pictures import pixel_gate, pixels_of, read
from editor.jobs.provider import known_models, pseudonym
from editor.jobs.quotes import previews_wanted, with_helper
from editor.jobs.sizes import smaller_rule
from editor.models import Edit, Image, MarkupAs, Origin

LONGEST_REFERENCE = 3840  # pixels of its longer side: no model looks closer
JPEG_QUALITY = 95
NAMES_OF_USERS = ("safety_identifier", "user")  # the first that the model takes
NOT_SENT = ("n", "size", "partial_images")  # of the options: told in another way


def prepare(edit: Edit, frame_index: int = 0) -> Request:
    """The request for one of this edit's frames, checked against the catalogue: `frame_index` counts
    in edit.frames, and is 0 where pictures are sent as they are. Raises ProviderRejected when the
    model would not take it."""
    model = known_models().get(edit.model)
    with pixel_gate:
        request = _request(edit, model, frame_index)
    problems = catalogue.problems_of_request(model, request)
    if problems:
        raise ProviderRejected(problems[0].message, code=problems[0].code, param=problems[0].field)
    return request


def _request(edit: Edit, model: Model, frame_index: int) -> Request:
    """The request as its operation wants it."""
    if edit.operation == "generate":
        return Request(**_parameters(edit, model, None))
    assert edit.source is not None, "only generations have no source"
    references = tuple(_reference(each.image, model, each.number) for each in _references(edit))
    frame = framing.Frame.from_dict(edit.frames[frame_index]) if edit.frames else None
    if frame is None or _is_all_of(edit, edit.source, frame, model):
        return _as_it_is(edit, model, edit.source, references, frame)
    if edit.operation == "vary":
        window = framing.cut(pixels_of(edit.source), frame)
        return Request(images=(_window(window, model),), **_parameters(edit, model, frame))
    return _fitting(edit, model, references, frame, frame_index)


def _references(edit: Edit) -> Any:
    return edit.references.select_related("image").order_by("number")


def _parameters(edit: Edit, model: Model, frame: framing.Frame | None) -> dict[str, Any]:
    operation: Operation = edit.api_operation  # type: ignore[assignment]
    previews = previews_wanted(model, edit.options)
    who = [name for name in NAMES_OF_USERS if model.takes(name, operation)]
    chosen = {name: value for name, value in edit.options.items() if name not in NOT_SENT}
    return {
        "operation": operation,
        "model": model.id,
        "prompt": with_helper(edit.prompt, edit.helper) if operation != "vary" else None,
        "n": edit.n,
        "size": sent_size(operation, edit.options, frame),
        **chosen,
        "response_format": wanted_answer(model),
        **({"stream": True, "partial_images": previews} if previews else {}),
        **({who[0]: pseudonym(edit.created_by)} if who else {}),
    }


def wanted_answer(model: Model) -> str | None:
    """Where there is a choice, the picture in the answer itself: it cannot expire before it is fetched."""
    return "b64_json" if "b64_json" in model.response_formats else None


# --- a window of the source, and its mask ---------------------------------------------------------


def _fitting(
    edit: Edit,
    model: Model,
    references: tuple[FilePart, ...],
    frame: framing.Frame,
    frame_index: int,
) -> Request:
    """The request with its picture within the model's limit of bytes: a fixed-size model with a small
    limit may need the next smaller size. The frame that is sent takes its place in the edit's list."""
    pixels = pixels_of_canvas(edit)
    contract = contract_of(edit) if edit.mask else None
    request = _framed(edit, model, pixels, contract, frame, references)
    while contract is not None and len(request.images[0].data) >= model.max_image_bytes:
        rule = smaller_rule(model, frame.size)
        if rule is None:
            break
        frame = _reframed(edit, frame, rule)
        request = _framed(edit, model, pixels, contract, frame, references)
    if frame.to_dict() != edit.frames[frame_index]:
        edit.frames = [*edit.frames]
        edit.frames[frame_index] = frame.to_dict()
        edit.save(update_fields=["frames"])
    return request


def _reframed(edit: Edit, frame: framing.Frame, rule: framing.SizeRule) -> framing.Frame:
    """The same frame by another rule, as it was chosen, around what it answers for."""
    bounds = frame.part or contract_bounds(edit)
    assert bounds is not None, "only frames around a mask are framed anew"
    held = around(bounds, _drawn_bounds(edit), edit.canvas_size)
    chosen = framing.Framing.from_dict(edit.framing)
    (anew,) = framed((held,), edit.canvas_size, rule, chosen, extends=any(edit.margins))
    return replace(anew, part=frame.part)


def _framed(
    edit: Edit,
    model: Model,
    pixels: Any,
    contract: Any | None,
    frame: framing.Frame,
    references: tuple[FilePart, ...],
) -> Request:
    window = framing.cut(pixels, frame)
    drawing = _drawing(edit, frame)
    mask = markup = None
    if drawing is not None and edit.markup_as == MarkupAs.REFERENCE:
        shown = drawings.over(window, drawing)
        references += (_encoded(shown, model, f"reference-{len(references) + 1}"),)
    elif drawing is not None:  # the API takes a drawing in place of a mask
        data = files.encode_png(drawing, level=6)
        markup = FilePart("markup.png", data, "image/png", frame.size, has_alpha=True)
    if contract is not None and markup is None:
        # what is not grown is meant to the pixel
        cut = framing.sent_mask if edit.grow else framing.cut_mask
        mask = _mask_part(cut(contract, frame), frame.size)
    return Request(
        images=(_window(window, model), *references),
        mask=mask,
        markup=markup,
        **_parameters(edit, model, frame),
    )


def _drawing(edit: Edit, frame: framing.Frame) -> Any | None:
    """What was drawn, as it lies in the frame's window; None where nothing was."""
    if not edit.marks:
        return None
    left, top = margins_of(edit)[:2]
    bounds = frame.bounds
    window = bounds[0] - left, bounds[1] - top, bounds[2] - left, bounds[3] - top
    return drawings.drawn(marks.read(edit.marks), window, frame.size)


def _drawn_bounds(edit: Edit) -> Bounds | None:
    reach = drawings.reach(marks.read(edit.marks))
    if reach is None:
        return None
    left, top = margins_of(edit)[:2]
    return reach[0] + left, reach[1] + top, reach[2] + left, reach[3] + top


def _window(window: Any, model: Model) -> FilePart:
    height, width = window.shape[:2]
    if model.send_alpha:
        window = files.with_alpha(window)
    return FilePart("image.png", files.encode_png(window), "image/png", (width, height))


def _mask_part(mask: Any, size: tuple[int, int]) -> FilePart:
    return FilePart("mask.png", masks.api_mask_png(mask), "image/png", size, has_alpha=True)


# --- pictures as they are -------------------------------------------------------------------------


def _is_all_of(edit: Edit, source: Image, frame: framing.Frame, model: Model) -> bool:
    """Whether the frame holds the whole picture of a script, pixel for pixel: nothing has to be cut."""
    whole = frame.bounds == (0, 0, *source.size) and frame.size == source.size
    is_plain = not any(edit.margins) and not edit.marks and not edit.grow
    return whole and is_plain and source.origin == Origin.API and not model.send_alpha


def _as_it_is(
    edit: Edit,
    model: Model,
    source: Image,
    references: tuple[FilePart, ...],
    frame: framing.Frame | None,
) -> Request:
    mask = None
    if edit.mask:
        mask = _mask_part(masks.read_mask(read(edit.mask), source.size), source.size)
    markup = None
    if edit.markup:
        drawn = read(edit.markup)
        markup = FilePart("markup.png", drawn, "image/png", source.size, has_alpha=True)
    return Request(
        images=(_whole(source, model, "image"), *references),
        mask=mask,
        markup=markup,
        **_parameters(edit, model, frame),
    )


def _whole(image: Image, model: Model, name: str) -> FilePart:
    """The picture as its script sent it; anything else upright, and without what a camera wrote."""
    data = read(image.original)
    sent_by_script = image.origin == Origin.API and image.format in model.image_formats
    if sent_by_script and len(data) < model.max_image_bytes and not _has_exif(data):
        kind = f"image/{image.format}"
        return FilePart(f"{name}.{image.format}", data, kind, image.size, has_alpha=image.has_alpha)
    return _encoded(files.open_picture(data).pixels, model, name)


def _has_exif(data: bytes) -> bool:
    """A picture that may lie on its side, as it is told by a JPEG, a PNG or a WebP."""
    return any(mark in data for mark in (b"Exif\0\0", b"eXIf", b"EXIF"))


def _reference(image: Image, model: Model, number: int) -> FilePart:
    name = f"reference-{number}"
    if image.origin == Origin.API:
        return _whole(image, model, name)
    pixels = files.open_picture(read(image.original)).pixels
    longest = max(image.size)
    if longest > LONGEST_REFERENCE:
        width, height = (max(1, side * LONGEST_REFERENCE // longest) for side in image.size)
        pixels = framing.cut(pixels, framing.Frame((0, 0, *image.size), (width, height)))
    return _encoded(pixels, model, name)


def _encoded(pixels: Any, model: Model, name: str) -> FilePart:
    """As JPEG where that loses nothing that matters: a photo for a model to look at."""
    size = (int(pixels.shape[1]), int(pixels.shape[0]))
    opaque = pixels.shape[2] == 3
    if opaque and not model.send_alpha and "jpeg" in model.image_formats:
        data = files.encode_jpeg(pixels, JPEG_QUALITY)
        return FilePart(f"{name}.jpg", data, "image/jpeg", size, has_alpha=False)
    if model.send_alpha:
        pixels = files.with_alpha(pixels)
    data = files.encode_png(pixels)
    return FilePart(
        f"{name}.png", data, "image/png", size, has_alpha=not opaque or model.send_alpha
    )
