"""Requests of the Images API as values, and their forms on the wire.

Names, order and file parts are those of OpenAI's own client, so that a provider cannot tell them apart.
"""

import binascii
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Size = tuple[int, int]
Operation = Literal["edit", "generate", "vary"]
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
PATHS: Mapping[Operation, str] = {
    "edit": "/images/edits",
    "generate": "/images/generations",
    "vary": "/images/variations",
}


@dataclass(frozen=True)
class FilePart:
    """One file of a request: its bytes with what the catalogue's rules need to know about them."""

    name: str  # the file name that is sent, such as "image.png"
    data: bytes = field(repr=False)
    content_type: str  # "image/png"
    size: Size
    # None: not looked at. A mask needs an alpha channel, a markup pixels that are transparent.
    has_alpha: bool | None = None

    def data_url(self) -> str:
        """The file as a `data:` URL, a second and larger copy of it."""
        encoded = binascii.b2a_base64(self.data, newline=False).decode()
        return f"data:{self.content_type};base64,{encoded}"


@dataclass(frozen=True)
class Svg:
    """Who writes an SVG, and with how much reasoning ("none" to "max")."""

    model: str
    effort: str | None = None

    def to_dict(self) -> dict[str, Any]:
        reasoning = {} if self.effort is None else {"reasoning": {"effort": self.effort}}
        return {"model": self.model, **reasoning}


@dataclass(frozen=True, kw_only=True)
class Params:
    """What is chosen for a call. None means: not sent, the provider's default holds.

    `operation` says which of the three endpoints is asked; it is no parameter on the wire. The others
    stand in the order in which OpenAI's own client sends them.
    """

    operation: Operation = "edit"
    prompt: str | None = None  # variations take none
    background: str | None = None
    complexity: str | None = None
    frame_count: int | None = None  # of a GIF
    frame_duration_ms: int | None = None
    input_fidelity: str | None = None
    model: str
    moderation: str | None = None
    n: int | None = None
    output_compression: int | None = None
    output_format: str | None = None
    partial_images: int | None = None
    quality: str | None = None
    response_format: str | None = None
    safety_identifier: str | None = None
    size: str | None = None  # "1024x1024" or "auto"
    stream: bool | None = None
    style: str | None = None
    svg: Svg | None = None
    user: str | None = None

    def chosen(self) -> dict[str, Any]:
        """What is not None, by its name on the wire, as JSON has it."""
        values = {name: getattr(self, name) for name in PARAMETERS}
        if self.svg is not None:
            values["svg"] = self.svg.to_dict()
        return {name: value for name, value in values.items() if value is not None}

    def fields(self) -> list[tuple[str, str]]:
        """The text parts of a multipart form. Its schema for edits has no `moderation`; generations
        and edits in JSON do."""
        return [
            field
            for name, value in self.chosen().items()
            if not (name == "moderation" and self.operation == "edit")
            for field in _text_parts(name, value)
        ]


PARAMETERS = tuple(name for name in Params.__dataclass_fields__ if name != "operation")
FILE_PARAMETERS = ("markup", "mask")  # besides the pictures themselves


@dataclass(frozen=True, kw_only=True)
class Request(Params):
    """A whole request. `images[0]` is the picture being changed, the others are references; there are
    none for a generation. `mask` and `markup` belong to `images[0]` and exclude each other."""

    images: tuple[FilePart, ...] = ()
    mask: FilePart | None = None
    markup: FilePart | None = None

    def multipart(
        self,
    ) -> tuple[list[tuple[str, str]], list[tuple[str, tuple[str, bytes, str]]]]:
        """`(fields, files)` named as OpenAI's own client names them: `image` for one picture and
        `image[]` for each of several. Every file is a 3-tuple with a content type, because
        `requests` sends none for shorter ones and the API then refuses the file."""
        name = "image" if len(self.images) == 1 else "image[]"
        files = [(name, _file(part)) for part in self.images]
        files += [(extra, _file(part)) for extra, part in self._extras().items()]
        return self.fields(), files

    def json(self, url_of: Callable[[FilePart], str] = FilePart.data_url) -> dict[str, Any]:
        """The JSON form, with files as `{"image_url": url_of(file)}`: `images` for an edit or a
        variation, and `mask` and `markup` where there are any."""
        chosen = self.chosen()
        first: dict[str, Any] = {}
        for name in [name for name in ("model", "stream") if name in chosen]:
            first[name] = chosen.pop(name)
        files: dict[str, Any] = {}
        if self.images:
            files["images"] = [{"image_url": url_of(part)} for part in self.images]
        extras = {name: {"image_url": url_of(part)} for name, part in self._extras().items()}
        return {**first, **chosen, **files, **extras}

    def files(self) -> tuple[FilePart, ...]:
        """All files, in the order in which they are sent."""
        return (*self.images, *self._extras().values())

    def _extras(self) -> dict[str, FilePart]:
        parts = {name: getattr(self, name) for name in FILE_PARAMETERS}
        return {name: part for name, part in parts.items() if part is not None}


def _text_parts(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """What is within an object gets a name such as `svg[reasoning][effort]`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _text_parts(f"{name}[{key}]", inner)
    else:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)


def _file(part: FilePart) -> tuple[str, bytes, str]:
    return part.name, part.data, part.content_type
