"""From a multipart body to a checked request, refusing as the API does."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import multipart

from editor.images_api import catalogue
from editor.images_api.catalogue import Catalogue, UnknownModel
from editor.images_api.entries import Model
from editor.images_api.messages import PARAMETERS, FilePart, Request
from editor.imaging import files, masks
from editor.sandbox import refusals
from editor.sandbox.refusals import Refusal

MOST_BODY_BYTES = 820 * 1024 * 1024  # 16 pictures of 50 MB, and a mask
MOST_PIXELS = 64_000_000
NUMBERS = ("n", "output_compression")
IMAGE_NAMES = ("image", "image[]")
ACCEPTED_SILENTLY = frozenset({"safety_identifier"})
ONLY_WITHOUT = {"stream": "false", "partial_images": "0"}  # may be sent, with this value only


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True)
class Upload:
    """One file part as it came."""

    name: str
    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True)
class Form:
    fields: list[tuple[str, str]]
    uploads: list[Upload]

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]


@dataclass(frozen=True)
class Checked:
    """A request that the model takes, with its pictures decoded. `mask` is None where none was sent."""

    model: Model
    request: Request
    source: Any  # pixels of the first picture
    mask: Any | None  # 255 = change


def read_form(stream: Readable, length: int, content_type: str) -> Form:
    """Raises Refusal for a body that is not multipart, is cut short, or is too large."""
    kind, options = multipart.parse_options_header(content_type)
    if kind != "multipart/form-data" or not options.get("boundary"):
        sentence = "Invalid Content-Type header: expected multipart/form-data."
        raise Refusal(400, sentence, code="invalid_content_type")
    if length > MOST_BODY_BYTES:
        raise Refusal(413, "The request is too large.", code="request_too_large")
    parser = multipart.MultipartParser(
        stream, options["boundary"], content_length=length, disk_limit=MOST_BODY_BYTES
    )
    form = Form([], [])
    try:
        for part in parser:
            _add(form, part)
            part.close()
    except multipart.MultipartError as error:
        sentence = f"Could not parse your multipart form: {error}"
        raise Refusal(400, sentence, code="invalid_multipart_form") from error
    except UnicodeDecodeError as error:
        raise Refusal(400, "A field of your form is not UTF-8.", code="invalid_type") from error
    return form


def check(form: Form, known: Catalogue, gate: AbstractContextManager[Any]) -> Checked:
    """The request in this form. `gate` is held while pictures are decoded. Raises Refusal."""
    _require_known_names(form)
    model = _model(form, known)
    names = [name for name in PARAMETERS if name != "model"]
    parameters: dict[str, Any] = {name: _parameter(form, name) for name in names}
    if parameters["prompt"] is None:
        raise refusals.missing("prompt")
    uploads = _images(form)
    for upload in uploads:
        if upload.content_type not in {f"image/{name}" for name in ("png", "jpeg", "webp")}:
            raise refusals.unsupported_file("image", upload.content_type, model)
    bare = Request(model=model.id, images=(), **parameters)
    _refuse_first(catalogue.problems(model, bare), model)
    if not uploads:
        raise refusals.missing("image")
    masks_sent = [upload for upload in form.uploads if upload.name in ("mask", "mask[]")]
    if len(masks_sent) > 1:
        raise refusals.duplicate_parameter("mask")
    with gate:
        return _decoded(model, parameters, uploads, masks_sent[0] if masks_sent else None)


def _decoded(
    model: Model, parameters: dict[str, Any], uploads: list[Upload], sent_mask: Upload | None
) -> Checked:
    pictures = [_picture(upload, number) for number, upload in enumerate(uploads, start=1)]
    parts = [_part(upload, picture) for upload, picture in zip(uploads, pictures, strict=True)]
    mask_part = None
    if sent_mask is not None:
        mask_part = _part(sent_mask, _mask_picture(sent_mask))
    request = Request(model=model.id, images=tuple(parts), mask=mask_part, **parameters)
    _refuse_first(catalogue.problems_of_request(model, request), model)
    mask = None
    if mask_part is not None:
        mask = masks.api_mask_to_mask(mask_part.data, mask_part.size)
    elif model.send_alpha:  # the picture's own transparency is the mask then
        mask = masks.api_mask_to_mask(parts[0].data, parts[0].size)
    return Checked(model, request, pictures[0].pixels[..., :3], mask)


def _add(form: Form, part: Any) -> None:
    if part.filename is None:
        form.fields.append((part.name, part.value))
    else:
        content_type = part.content_type.split(";")[0].strip().lower()
        # A picture without a type arrives as octet-stream; the API refuses it, and so do we.
        upload = Upload(
            part.name, part.filename, content_type or "application/octet-stream", part.raw
        )
        form.uploads.append(upload)


def _require_known_names(form: Form) -> None:
    for name, value in form.fields:
        if name in ("image", "image[]", "mask"):
            raise refusals.not_a_file(name.replace("[]", "[0]"))
        if name in ONLY_WITHOUT and value != ONLY_WITHOUT[name]:
            sentence = f"The sandbox does not serve '{name}'."
            raise Refusal(400, sentence, param=name, code="unsupported_value")
        if name not in {*PARAMETERS, *ACCEPTED_SILENTLY, *ONLY_WITHOUT}:
            raise refusals.unknown_parameter(name)
    for upload in form.uploads:
        if upload.name not in (*IMAGE_NAMES, "mask", "mask[]"):
            raise refusals.unknown_parameter(upload.name)


def _model(form: Form, known: Catalogue) -> Model:
    name = _single(form, "model")
    if not name:
        raise refusals.missing("model")
    try:
        return known.get(name)
    except UnknownModel:
        raise refusals.unknown_model(name) from None


def _parameter(form: Form, name: str) -> str | int | None:
    text = _single(form, name)
    if text is None or name not in NUMBERS:
        return text
    try:
        return int(text[:20])
    except ValueError:
        raise refusals.not_a_number(name, text) from None


def _single(form: Form, name: str) -> str | None:
    values = form.values(name)
    if len(values) > 1:
        raise refusals.duplicate_parameter(name)
    return values[0] if values else None


def _images(form: Form) -> list[Upload]:
    single = [upload for upload in form.uploads if upload.name == "image"]
    if len(single) > 1:
        raise refusals.duplicate_parameter("image")
    return [upload for upload in form.uploads if upload.name in IMAGE_NAMES]


def _refuse_first(problems: list[catalogue.Problem], model: Model) -> None:
    if problems:
        raise refusals.for_problem(problems[0], model)


def _picture(upload: Upload, number: int) -> files.Picture:
    try:
        picture = files.open_picture(upload.data)
    except files.ImageRefused:
        raise refusals.bad_picture(number) from None
    if picture.size[0] * picture.size[1] > MOST_PIXELS:
        raise refusals.bad_picture(number)
    return picture


def _mask_picture(upload: Upload) -> files.Picture:
    try:
        return files.open_picture(upload.data)
    except files.ImageRefused:
        raise refusals.bad_mask() from None


def _part(upload: Upload, picture: files.Picture) -> FilePart:
    """The part with its type as the bytes say, which is what the model's rules are about."""
    return FilePart(
        upload.filename,
        upload.data,
        f"image/{picture.format}",
        picture.size,
        has_alpha=picture.has_alpha,
    )
