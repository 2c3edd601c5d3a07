"""What a server of the Images API was asked for: from a body to a checked request, or a Refusal.

`read` takes the body apart, `check` holds it against the catalogue. Pixels are not known here: the
caller's `look` tells what each picture is.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NoReturn, Protocol

import multipart

from editor.images_api import catalogue as rules
from editor.images_api import refusals, values
from editor.images_api.catalogue import Catalogue, UnknownModel
from editor.images_api.entries import Model
from editor.images_api.messages import PARAMETERS, Operation, Request
from editor.images_api.refusals import MEGABYTE
from editor.images_api.uploads import (
    Fetch,
    Input,
    Look,
    Looked,
    LookFailed,
    References,
    Upload,
    looked_at,
    uploaded,
)

__all__ = ["Asked", "Form", "LookFailed", "Looked", "Upload", "check", "read"]

MOST_BODY_BYTES = 820 * MEGABYTE  # 16 pictures of 50 MB, and a mask
MOST_JSON_BYTES = 25 * MEGABYTE
MOST_TEXT_BYTES = MEGABYTE  # of one text part; the longest prompt is 32,000 characters

MULTIPART, JSON = "multipart/form-data", "application/json"
TAKEN: Mapping[Operation, tuple[str, ...]] = {
    "edit": (MULTIPART, JSON),
    "generate": (JSON,),
    "vary": (MULTIPART,),
}
# Names under which clients send the picture. `image` alone may not be repeated.
IMAGE_NAME = re.compile(r"images?(\[\d{0,3}\])?")
MASK_NAMES = ("mask", "mask[]")
OVERLAYS = (*MASK_NAMES, "markup")


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True)
class Form:
    """A body taken apart. `fields` are texts from a form, and typed values from JSON."""

    fields: tuple[tuple[str, Any], ...]
    uploads: tuple[Upload, ...] = field(default=(), repr=False)
    is_json: bool = False

    def values(self, name: str) -> list[Any]:
        return [value for key, value in self.fields if key == name]


@dataclass(frozen=True)
class Asked:
    """A request that its model takes. `named_model` tells whether the model was named at all."""

    model: Model
    request: Request
    named_model: bool


def read(
    operation: Operation,
    stream: Readable,
    length: int | None,
    content_type: str,
    *,
    max_bytes: int = MOST_BODY_BYTES,
    max_json_bytes: int = MOST_JSON_BYTES,
) -> Form:
    """The body in `stream`, which is read to its end.

    `length` is the announced length in bytes, None where there is none (a chunked body); the limits
    hold either way. Raises Refusal for a type that the operation does not take (400), a body that is
    broken (400) or too large (413).
    """
    kind, options = multipart.parse_options_header(content_type)
    if kind not in TAKEN[operation]:
        raise refusals.unsupported_content_type(content_type, TAKEN[operation])
    limit = max_json_bytes if kind == JSON else max_bytes
    if length is not None and length > limit:
        raise refusals.too_large(limit)
    bounded = _Bounded(stream, limit)
    if kind == JSON:
        return _read_json(bounded)
    return _read_multipart(bounded, length, options.get("boundary", ""), limit)


def check(
    operation: Operation,
    form: Form,
    catalogue: Catalogue,
    *,
    look: Look,
    on: date | None = None,
    default: Model | None = None,
    fetch: Fetch | None = None,
    find_file: Fetch | None = None,
) -> Asked:
    """The request in `form`, held against all rules of its model. Raises Refusal, never anything else
    for what a client may send.

    `look` says what an upload's bytes are, or raises LookFailed. `on`: models shut down by that day
    are refused like unknown ones; None serves all. `default` is meant where no model is named (None:
    the catalogue's own). `fetch` gets the file behind an http(s) address (ProviderError: it cannot be
    had), `find_file` that of a file id (LookupError: there is none); without them such inputs are
    refused.
    """
    _require_known_names(operation, form)
    model, is_named = _model(operation, form, catalogue, on, default)
    if form.is_json and operation == "edit" and _is_multipart_only(model):
        raise refusals.multipart_only(model)
    names = [name for name in PARAMETERS if name not in ("model", "svg")]
    parameters: dict[str, Any] = {name: _value(form, name) for name in names}
    parameters["svg"] = values.svg(dict(form.fields), form.is_json)
    bare = Request(operation=operation, model=model.id, **parameters)
    _refuse_first(rules.problems(model, bare), model)
    references = References(fetch, find_file)
    images = _images(operation, form, model, references)
    overlays = _overlays(form, references)
    parts = looked_at(model, images, overlays, operation, look)
    request = Request(operation=operation, model=model.id, **parameters, **parts)
    _refuse_first(rules.problems_of_request(model, request), model)
    return Asked(model, request, is_named)


# Reading


class _Bounded:
    """A stream that refuses to give more than `limit` bytes."""

    def __init__(self, stream: Readable, limit: int) -> None:
        self._stream, self._limit, self._left = stream, limit, limit

    def read(self, size: int = -1) -> bytes:
        wanted = self._left + 1 if size < 0 else min(size, self._left + 1)
        data = self._stream.read(wanted)
        self._left -= len(data)
        if self._left < 0:
            raise refusals.too_large(self._limit)
        return data

    def read_all(self) -> bytes:
        pieces = []
        while piece := self.read():
            pieces.append(piece)
        return b"".join(pieces) if len(pieces) != 1 else pieces[0]


def _read_json(stream: _Bounded) -> Form:
    try:
        text = stream.read_all().decode()
        body = json.loads(text, object_pairs_hook=_unrepeated, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise refusals.bad_json("it is not UTF-8.") from None
    except RecursionError:
        raise refusals.bad_json("it is nested too deeply.") from None
    except ValueError as error:
        raise refusals.bad_json(f"{error}."[:200]) from None
    if not isinstance(body, dict):
        raise refusals.bad_json("it is not an object.")
    return Form(tuple(body.items()), is_json=True)


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """One object of a JSON text, whose names stand there once."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise refusals.duplicate_parameter(name)
        found[name] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _read_multipart(stream: _Bounded, length: int | None, boundary: str, limit: int) -> Form:
    if not boundary:
        raise refusals.bad_form("its type names no boundary.")
    parser = multipart.MultipartParser(
        stream, boundary, content_length=-1 if length is None else length, disk_limit=limit
    )
    fields: list[tuple[str, Any]] = []
    uploads: list[Upload] = []
    try:
        for part in parser:
            _add(part, fields, uploads)
            part.close()
    except (multipart.MultipartError, LookupError) as error:  # LookupError: an unknown charset
        raise refusals.bad_form(f"{error}."[:200]) from None
    return Form(tuple(fields), tuple(uploads))


def _add(part: Any, fields: list[tuple[str, Any]], uploads: list[Upload]) -> None:
    if part.filename is None:
        fields.append((part.name, _text_of(part)))
    elif part.filename or part.size:  # a browser sends an empty part for a file that was not chosen
        given = next((value for name, value in part.headerlist if name == "Content-Type"), "")
        content_type = given.split(";")[0].strip().lower()
        uploads.append(Upload(part.name, part.filename, content_type, part.raw))


def _text_of(part: Any) -> str:
    if IMAGE_NAME.fullmatch(part.name) or part.name in OVERLAYS:
        raise refusals.not_a_file(part.name.replace("[]", "[0]"))
    if part.size > MOST_TEXT_BYTES:
        raise refusals.too_long_text(part.name[:100], MOST_TEXT_BYTES, part.size)
    try:
        text: str = part.value
    except ValueError:  # some codecs that a part may name raise no more than that
        raise refusals.wrong_type(part.name[:100], "a string", "bytes that are no text") from None
    return text


# Names, model, values


def _require_known_names(operation: Operation, form: Form) -> None:
    files = ("images", "mask") if form.is_json and operation == "edit" else ()
    known = {*PARAMETERS, *files, *(() if form.is_json else values.SVG_FIELDS)}
    for name, _ in form.fields:
        if name not in known:
            raise refusals.unknown_parameter(name)
    for upload in form.uploads:
        if upload.name in PARAMETERS:
            raise refusals.wrong_type(upload.name, "a string", "a file")
        is_overlay = operation == "edit" and upload.name in OVERLAYS
        if not is_overlay and not IMAGE_NAME.fullmatch(upload.name):
            raise refusals.unknown_parameter(upload.name)


def _model(
    operation: Operation, form: Form, catalogue: Catalogue, on: date | None, default: Model | None
) -> tuple[Model, bool]:
    name = _value(form, "model")
    if name is None:
        model = default or _default(operation, catalogue)
    elif not name:
        raise refusals.missing("model")
    else:
        try:
            model = catalogue.get(str(name))
        except UnknownModel:
            raise refusals.unknown_model(str(name)) from None
    if on is not None and model.is_shut_down(on):
        raise refusals.unknown_model(model.id)
    return model, name is not None


def _default(operation: Operation, catalogue: Catalogue) -> Model:
    try:
        return catalogue.default(operation)
    except UnknownModel:
        raise refusals.missing("model") from None


def _is_multipart_only(model: Model) -> bool:
    """The JSON form has no `response_format`: models that answer as it says came before that form."""
    return model.takes("response_format", "edit")


def _value(form: Form, name: str) -> str | int | bool | None:
    given = form.values(name)
    if len(given) > 1:
        raise refusals.duplicate_parameter(name)
    return values.typed(name, given[0], form.is_json) if given else None


def _refuse_first(problems: list[rules.Problem], model: Model) -> None:
    if problems:
        raise refusals.for_problem(problems[0], model)


# Files


def _images(operation: Operation, form: Form, model: Model, references: References) -> list[Input]:
    if operation == "generate":
        return []
    if form.is_json:
        return references.images(_given(form, "images"), model.max_images)
    sent = [upload for upload in form.uploads if IMAGE_NAME.fullmatch(upload.name)]
    if sum(upload.name == "image" for upload in sent) > 1:
        raise refusals.duplicate_parameter("image")
    if not sent:
        raise refusals.missing("image")
    return [uploaded("image", upload) for upload in sent]


def _overlays(form: Form, references: References) -> dict[str, Input]:
    """What lies over the first picture, by parameter: a mask, or a markup."""
    if form.is_json:
        mask = _given(form, "mask")
        return {} if mask is None else {"mask": references.input("mask", "mask", mask)}
    names = [upload.name for upload in form.uploads if upload.name in OVERLAYS]
    if set(MASK_NAMES) <= set(names):
        raise refusals.contradicting_parameter("mask")
    for name in names:
        if names.count(name) > 1:
            raise refusals.duplicate_parameter(name.removesuffix("[]"))
    if len(names) > 1:
        raise refusals.mask_and_markup()
    found = {upload.name: upload for upload in form.uploads if upload.name in OVERLAYS}
    return {
        name.removesuffix("[]"): uploaded(name.removesuffix("[]"), upload)
        for name, upload in found.items()
    }


def _given(form: Form, name: str) -> Any:
    return next(iter(form.values(name)), None)
