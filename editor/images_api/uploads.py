"""The files of a request on a server: parts of a form, and what JSON refers to by address or id."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from editor.images_api import refusals
from editor.images_api.catalogue import Problem
from editor.images_api.entries import Model
from editor.images_api.errors import ProviderError
from editor.images_api.messages import FilePart, Operation, Size
from editor.images_api.refusals import MIMETYPES

LONGEST_ADDRESS = 20_971_520  # characters, of a data URL too; the API's own limit
LONGEST_FILE_ID = 512
LONGEST_FILE_NAME = 200

# What clients send for bytes of which they know nothing. The API refuses it; the bytes tell.
NO_TYPE = ("", "application/octet-stream", "binary/octet-stream")
KNOWN_TYPES = frozenset({*MIMETYPES.values(), "image/jpg"})
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_TYPE = 25  # where a PNG's header tells it
DATA_URL = re.compile(r"data:([^,;]{0,100})(?:;[^,;]{0,100}){0,5};base64,", re.IGNORECASE)


@dataclass(frozen=True)
class Upload:
    """One file as it came: the name of its field, its own name, its type ("" for none), its bytes."""

    name: str
    filename: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Looked:
    """What a decoder says about an upload. `format` as the catalogue writes it: png, jpeg, webp;
    `size` is the upright one; `mode_ok` is False for pixels that the server cannot take."""

    format: str
    size: Size
    has_alpha: bool
    mode_ok: bool = True


class LookFailed(Exception):
    """The bytes are no picture that can be decoded."""


Look = Callable[[Upload], Looked]
Fetch = Callable[[str], Upload]


@dataclass(frozen=True)
class Input:
    """A file that is here, or can be had. `param` is what the API calls it in its answers."""

    name: str  # image, mask, markup
    param: str
    get: Callable[[], Upload] = field(repr=False)


def uploaded(name: str, upload: Upload) -> Input:
    return Input(name, name, lambda: upload)


class References:
    """The inputs that a JSON body refers to, as `{"image_url": …}` or `{"file_id": …}`."""

    def __init__(self, fetch: Fetch | None, find_file: Fetch | None) -> None:
        self._fetch, self._find_file = fetch, find_file

    def images(self, given: object, most: int) -> list[Input]:
        """Raises Refusal unless `given` is an array of 1 to `most` references."""
        if given is None:
            raise refusals.missing("images")
        if not isinstance(given, list):
            raise refusals.wrong_type("images", "an array of objects", refusals.kind_of(given))
        if not given:
            raise refusals.too_few_items("images", 1)
        if len(given) > most:
            raise refusals.too_many_items("images", most, len(given))
        return [self.input("image", f"images[{index}]", value) for index, value in enumerate(given)]

    def input(self, name: str, param: str, given: object) -> Input:
        """Raises Refusal unless `given` is one reference."""
        if not isinstance(given, dict):
            raise refusals.wrong_type(param, "an object", refusals.kind_of(given))
        for key in given:
            if key not in ("image_url", "file_id"):
                raise refusals.unknown_parameter(f"{param}.{key}")
        named = {key: value for key, value in given.items() if value is not None}
        if len(named) != 1:
            sentence = f"Invalid '{param}': give exactly one of 'image_url' and 'file_id'."
            raise refusals.invalid_value(param, sentence)
        ((key, value),) = named.items()
        where = f"{param}.{key}"
        if not isinstance(value, str):
            raise refusals.wrong_type(where, "a string", refusals.kind_of(value))
        if key == "file_id":
            return Input(name, where, lambda: self._found(where, value))
        if len(value) > LONGEST_ADDRESS:
            raise refusals.too_long_text(where, LONGEST_ADDRESS, len(value))
        return Input(name, where, lambda: self._fetched(name, where, value))

    def _found(self, where: str, file_id: str) -> Upload:
        if self._find_file is None:
            raise refusals.invalid_value(where, "Files are not kept here: send an 'image_url'.")
        try:
            if len(file_id) > LONGEST_FILE_ID or not file_id.isprintable():
                raise LookupError
            return self._find_file(file_id)
        except LookupError:
            raise refusals.no_such_file(where, file_id) from None

    def _fetched(self, name: str, where: str, address: str) -> Upload:
        scheme = address[:10].partition(":")[0].lower()
        if scheme == "data":
            return _of_data_url(name, where, address)
        if scheme not in ("http", "https"):
            raise refusals.bad_address(where, "expected a data URL or an https address.")
        if self._fetch is None:
            sentence = "addresses are not fetched here; send the picture as a data URL."
            raise refusals.bad_address(where, sentence)
        try:
            return self._fetch(address)
        except ProviderError as error:
            raise refusals.bad_address(where, str(error)) from error


def looked_at(
    model: Model,
    images: list[Input],
    overlays: Mapping[str, Input],
    operation: Operation,
    look: Look,
) -> dict[str, Any]:
    """The files of a Request, by the names of its fields. Each is decoded by `look` only when its
    number, type and length are what the model takes. Raises Refusal."""
    most = 1 if operation == "vary" else model.max_images
    if len(images) > most:
        raise refusals.too_many_items("image", most, len(images))
    for name in overlays:
        if not model.takes(name, operation):
            raise refusals.unknown_parameter(name)
    parts = [_part_of_image(model, each, number, look) for number, each in enumerate(images, 1)]
    over = {name: _part_of_overlay(model, each, look) for name, each in overlays.items()}
    return {"images": tuple(parts), **over}


def _part_of_image(model: Model, waiting: Input, number: int, look: Look) -> FilePart:
    upload = waiting.get()
    _require_type(upload, waiting, model)
    _require_length(upload, "image", model.max_image_bytes, model)
    try:
        looked = look(upload)
    except LookFailed:
        raise refusals.bad_picture(number) from None
    if not looked.mode_ok:
        raise refusals.bad_picture(number)
    return _part(upload, looked)


def _part_of_overlay(model: Model, waiting: Input, look: Look) -> FilePart:
    upload = waiting.get()
    _require_length(upload, waiting.name, model.max_mask_bytes, model)
    try:
        looked = look(upload)
    except LookFailed:
        raise refusals.bad_overlay(waiting.name) from None
    # An alpha channel that is opaque everywhere is one all the same: nothing may change then.
    return _part(upload, replace(looked, has_alpha=looked.has_alpha or _has_channel(upload.data)))


def _has_channel(data: bytes) -> bool:
    """Whether a PNG's header tells of an alpha channel (grey or colour with alpha)."""
    return data.startswith(PNG_SIGNATURE) and data[COLOUR_TYPE : COLOUR_TYPE + 1] in (b"\4", b"\6")


def _part(upload: Upload, looked: Looked) -> FilePart:
    """The part with its type as the bytes say, which is what the model's rules are about."""
    return FilePart(
        upload.filename[:LONGEST_FILE_NAME] or f"{upload.name}.{looked.format}",
        upload.data,
        f"image/{looked.format}",
        looked.size,
        has_alpha=looked.has_alpha,
    )


def _require_type(upload: Upload, waiting: Input, model: Model) -> None:
    declared = upload.content_type
    if declared in NO_TYPE:
        is_taken = _sniffed(upload.data) in model.image_formats
    else:
        is_taken = declared in KNOWN_TYPES
    if not is_taken:
        shown = declared or NO_TYPE[1]
        raise refusals.unsupported_file(waiting.param, shown, model.image_formats)


def _require_length(upload: Upload, name: str, limit: int, model: Model) -> None:
    if len(upload.data) >= limit:
        facts = {"limit": limit, "bytes": len(upload.data)}
        raise refusals.for_problem(Problem(name, "too_many_bytes", "", facts), model)


def _sniffed(data: bytes) -> str | None:
    """The format that the first bytes announce."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    return "webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def _of_data_url(name: str, where: str, address: str) -> Upload:
    match = DATA_URL.match(address)
    if match is None:
        raise refusals.bad_address(
            where, "expected a data URL with base64, like data:image/png;base64,…"
        )
    try:
        data = base64.b64decode(address[match.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise refusals.bad_address(where, "the base64 text of the data URL is damaged.") from None
    return Upload(name, "", match[1].strip().lower(), data)
