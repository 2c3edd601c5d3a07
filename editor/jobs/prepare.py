"""From an edit's row to the request that is sent: frame, cut, encode."""

from typing import Any

from editor.images_api import catalogue
from editor.images_api.catalogue import Model
from editor.images_api.errors import ProviderRejected
from editor.images_api.messages import FilePart, Request
from editor.imaging import files, framing, masks
from editor.jobs.pictures import pixel_gate, read
from editor.jobs.provider import known_models, pseudonym
from editor.jobs.sizes import smaller_rule
from editor.models import Edit


def prepare(edit: Edit) -> Request:
    """The request for this edit, checked against the catalogue. Raises ProviderRejected when the
    model would not take it."""
    model = known_models().get(edit.model)
    with pixel_gate:
        pixels = files.open_picture(read(edit.source.original)).pixels
        mask = masks.read_mask(read(edit.mask), edit.source.size)
        request = _fitting(edit, model, pixels, mask)
    problems = catalogue.problems_of_request(model, request)
    if problems:
        raise ProviderRejected(problems[0].message, code=problems[0].code, param=problems[0].field)
    return request


def _fitting(edit: Edit, model: Model, pixels: Any, mask: Any) -> Request:
    """The request with its picture within the model's limit of bytes: a fixed-size model with a small
    limit may need the next smaller size."""
    frame = framing.Frame.from_dict(edit.frame)
    request = _request(edit, model, pixels, mask, frame)
    bounds = masks.bounds(mask)
    while bounds and len(request.images[0].data) >= model.max_image_bytes:
        rule = smaller_rule(model, frame.size)
        if rule is None:
            break
        frame = framing.frame_for(bounds, edit.source.size, rule)
        request = _request(edit, model, pixels, mask, frame)
    if frame.to_dict() != edit.frame:
        edit.frame = frame.to_dict()
        edit.save(update_fields=["frame"])
    return request


def _request(edit: Edit, model: Model, pixels: Any, mask: Any, frame: framing.Frame) -> Request:
    window = framing.cut(pixels, frame)
    if model.send_alpha:
        window = files.with_alpha(window)
    return Request(
        model=model.id,
        prompt=edit.prompt,
        n=edit.n,
        size=f"{frame.size[0]}x{frame.size[1]}",
        quality=edit.options.get("quality") or None,
        user=pseudonym(edit.created_by) if model.takes("user") else None,
        response_format=wanted_answer(model),
        images=(FilePart("image.png", files.encode_png(window), "image/png", frame.size),),
        mask=FilePart(
            "mask.png",
            masks.api_mask_png(framing.cut_mask(mask, frame)),
            "image/png",
            frame.size,
            has_alpha=True,
        ),
    )


def wanted_answer(model: Model) -> str | None:
    """Where there is a choice, the picture in the answer itself: it cannot expire before it is fetched."""
    return "b64_json" if "b64_json" in model.response_formats else None
