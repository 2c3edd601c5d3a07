"""Requests and answers of the Images API as values, and their form on the wire."""

import binascii
import json
import mmap
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from editor.images_api.errors import (
    UnusableAnswer,
    error_for,
    moderation_of,
    safe_sentence,
)

Size = tuple[int, int]

# What is left of an answer when its pictures are taken out: texts and numbers.
LONGEST_ANSWER_TEXT = 16 * 1024 * 1024
LONGEST_ERROR_BODY = 1024 * 1024
LONGEST_URL = 8192
LONGEST_REVISED_PROMPT = 100_000

# Response headers worth keeping. Cookies and the like stay out of files and rows.
KEPT_HEADERS = frozenset(
    {
        "content-type",
        "content-length",
        "date",
        "openai-processing-ms",
        "retry-after",
        "retry-after-ms",
        "x-request-id",
    }
)
KEPT_HEADER_PREFIX = "x-ratelimit-"


@dataclass(frozen=True)
class FilePart:
    """One file of a request: its bytes with what the catalogue's rules need to know about them."""

    name: str  # the file name that is sent, such as "image.png"
    data: bytes = field(repr=False)
    content_type: str  # "image/png"
    size: Size
    has_alpha: bool | None = None  # None: not looked at; masks need one


Operation = Literal["edit", "generate", "vary"]
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
PATHS: Mapping[Operation, str] = {
    "edit": "/images/edits",
    "generate": "/images/generations",
    "vary": "/images/variations",
}


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
    user: str | None = None

    def fields(self) -> list[tuple[str, str]]:
        """The text parts of the form, in a fixed order, without those that are None."""
        values = ((name, getattr(self, name)) for name in PARAMETERS)
        return [(name, _text_part(value)) for name, value in values if value is not None]


PARAMETERS = tuple(name for name in Params.__dataclass_fields__ if name != "operation")
FILE_PARAMETERS = ("mask", "markup")  # besides the pictures themselves


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
        for extra in ("mask", "markup"):
            part: FilePart | None = getattr(self, extra)
            if part is not None:
                files.append((extra, _file(part)))
        return self.fields(), files


def _text_part(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class AnswerMeta:
    """What is known about a spooled answer besides its bytes. `headers` have lower-case names."""

    status: int
    headers: dict[str, str]
    received_at: datetime  # aware, UTC
    bytes: int

    @property
    def request_id(self) -> str:
        return self.headers.get("x-request-id", "")

    def to_dict(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "headers": dict(self.headers),
            "received_at": self.received_at.isoformat(),
            "bytes": self.bytes,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "AnswerMeta":
        return cls(
            status=int(data["status"]),
            headers={str(name): str(value) for name, value in data["headers"].items()},
            received_at=datetime.fromisoformat(data["received_at"]).astimezone(UTC),
            bytes=int(data["bytes"]),
        )


@dataclass(frozen=True)
class Usage:
    """Tokens as the provider counted them. The parts are None where it gave only totals."""

    input_tokens: int
    output_tokens: int
    input_text_tokens: int | None = None
    input_image_tokens: int | None = None
    output_text_tokens: int | None = None
    output_image_tokens: int | None = None


@dataclass(frozen=True)
class PictureAnswer:
    """One picture of an answer: base64 text at `span` of the spooled file, or a URL."""

    index: int  # position in the answer's `data`
    span: tuple[int, int] | None = None
    url: str | None = None
    revised_prompt: str = ""

    @property
    def is_inline(self) -> bool:
        return self.span is not None


@dataclass(frozen=True)
class ImagesResponse:
    """An answer with at least one picture. `path` is the spooled file that spans point into."""

    path: Path
    created: datetime  # aware, UTC
    pictures: tuple[PictureAnswer, ...]
    usage: Usage | None = None
    size: str = ""
    quality: str = ""
    background: str = ""
    output_format: str = ""
    request_id: str = ""


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers worth keeping, with lower-case names and bounded values."""
    lowered = ((name.lower(), value) for name, value in headers.items())
    return {
        name: value[:200]
        for name, value in lowered
        if name in KEPT_HEADERS or name.startswith(KEPT_HEADER_PREFIX)
    }


def read_answer(path: Path, meta: AnswerMeta, *, secret: str = "") -> ImagesResponse:
    """The answer spooled at `path`.

    Base64 pictures stay in the file and are read one at a time with `picture_bytes`, so memory does
    not grow with the answer. Raises by status and body as `errors.error_for` says, and
    UnusableAnswer for a 2xx with no usable picture in it. `secret` is blotted out of messages.
    """
    if not 200 <= meta.status < 300:
        with path.open("rb") as spooled:
            body = spooled.read(LONGEST_ERROR_BODY)
        raise error_for(meta.status, meta.headers, body, now=meta.received_at, secret=secret)
    text, spans = _without_pictures(path, meta)
    answer = _parsed(text, meta)
    pictures = _pictures(answer.get("data"), spans)
    if answer.get("error") and not pictures:
        raise _error_in_success(answer["error"], meta, secret)
    if not pictures:
        raise _unusable("The provider answered without a picture.", "no_pictures", meta)
    return ImagesResponse(
        path=path,
        created=_created(answer.get("created"), meta),
        pictures=pictures,
        usage=_usage(answer.get("usage")),
        request_id=meta.request_id,
        **{name: safe_sentence(answer.get(name))[:40] for name in _DESCRIPTIONS},
    )


def picture_bytes(response: ImagesResponse, index: int) -> bytes:
    """The decoded bytes of the inline picture whose `index` this is; nobody has looked at them yet.

    Raises UnusableAnswer for text that is not strict base64 or is empty, KeyError where there is no
    inline picture of that index.
    """
    spans = {picture.index: picture.span for picture in response.pictures}
    span = spans[index]
    if span is None:
        raise KeyError(index)
    with response.path.open("rb") as spooled:
        spooled.seek(span[0])
        encoded = spooled.read(span[1] - span[0])
    try:
        data = binascii.a2b_base64(_bare(encoded), strict_mode=True)
    except binascii.Error as error:
        raise UnusableAnswer(
            "The provider sent a picture whose base64 text is damaged.",
            code="bad_base64",
            request_id=response.request_id,
        ) from error
    if not data:
        raise UnusableAnswer(
            "The provider sent an empty picture.",
            code="empty_picture",
            request_id=response.request_id,
        )
    return data


_DESCRIPTIONS = ("size", "quality", "background", "output_format")
# A quote inside a JSON string is always escaped, so this cannot match within a text. Base64 has no
# quotes of its own.
_INLINE = re.compile(rb'"b64_json"\s*:\s*"([^"]*)"')
_DATA_URL = re.compile(rb"data:[a-z0-9.+/-]{0,100};base64,")


def _file(part: FilePart) -> tuple[str, bytes, str]:
    return part.name, part.data, part.content_type


def _without_pictures(path: Path, meta: AnswerMeta) -> tuple[bytes, list[tuple[int, int]]]:
    """The answer's JSON with each base64 text replaced by its number, and where the texts are."""
    if path.stat().st_size == 0:  # an empty file cannot be mapped
        return b"", []
    pieces: list[bytes] = []
    spans: list[tuple[int, int]] = []
    kept = end = 0
    with (
        path.open("rb") as spooled,
        mmap.mmap(spooled.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        for match in _INLINE.finditer(content):
            start, stop = match.span(1)
            kept += start - end
            if kept > LONGEST_ANSWER_TEXT:
                break
            pieces += [content[end:start], b"%d" % len(spans)]
            spans.append((start, stop))
            end = stop
        if kept + len(content) - end > LONGEST_ANSWER_TEXT:
            raise _unusable("The provider's answer is not pictures.", "too_much_text", meta)
        pieces.append(content[end:])
    return b"".join(pieces), spans


def _parsed(text: bytes, meta: AnswerMeta) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict):
        return answer
    if text.lstrip()[:1] == b"<":
        raise _unusable("The provider answered with a web page.", "not_json", meta)
    raise _unusable("The provider's answer is not the JSON it should be.", "not_json", meta)


def _error_in_success(said: object, meta: AnswerMeta, secret: str) -> UnusableAnswer:
    error = said if isinstance(said, dict) else {"message": said}
    code = error.get("code")
    return UnusableAnswer(
        safe_sentence(error.get("message"), secret) or "The provider answered with an error.",
        status=meta.status,
        code=code[:100] if isinstance(code, str) and code else "error_body",
        type=safe_sentence(error.get("type"))[:100],
        param=safe_sentence(error.get("param"))[:100],
        request_id=meta.request_id,
        moderation=moderation_of(error),
    )


def _pictures(data: object, spans: list[tuple[int, int]]) -> tuple[PictureAnswer, ...]:
    items = data if isinstance(data, list) else []
    pictures = (_picture(index, item, spans) for index, item in enumerate(items))
    return tuple(picture for picture in pictures if picture is not None)


def _picture(index: int, item: object, spans: list[tuple[int, int]]) -> PictureAnswer | None:
    if not isinstance(item, dict):
        return None
    encoded, url, revised = (
        item.get("b64_json"),
        item.get("url"),
        item.get("revised_prompt"),
    )
    text = revised[:LONGEST_REVISED_PROMPT] if isinstance(revised, str) else ""
    if isinstance(encoded, str) and encoded.isdecimal() and int(encoded) < len(spans):
        span = spans[int(encoded)]
        if span[1] > span[0]:
            return PictureAnswer(index, span=span, revised_prompt=text)
    if isinstance(url, str) and 0 < len(url) <= LONGEST_URL:
        return PictureAnswer(index, url=url, revised_prompt=text)
    return None


def _bare(encoded: bytes) -> bytes:
    """Base64 text without what some servers wrap around it: `\\/` for `/`, and a data: prefix."""
    encoded = encoded.replace(b"\\/", b"/") if b"\\" in encoded else encoded
    prefix = _DATA_URL.match(encoded[:150])
    return encoded[prefix.end() :] if prefix else encoded


def _created(value: object, meta: AnswerMeta) -> datetime:
    """When the answer says it was made, unless that is absurd: deadlines of URLs hang on it."""
    if isinstance(value, int) and abs(value - meta.received_at.timestamp()) < 24 * 3600:
        return datetime.fromtimestamp(value, UTC)
    return meta.received_at


def _usage(value: object) -> Usage | None:
    if not isinstance(value, dict):
        return None
    given, made = _count(value, "input_tokens"), _count(value, "output_tokens")
    if given is None or made is None:
        return None
    return Usage(
        input_tokens=given,
        output_tokens=made,
        input_text_tokens=_count(value.get("input_tokens_details"), "text_tokens"),
        input_image_tokens=_count(value.get("input_tokens_details"), "image_tokens"),
        output_text_tokens=_count(value.get("output_tokens_details"), "text_tokens"),
        output_image_tokens=_count(value.get("output_tokens_details"), "image_tokens"),
    )


def _count(counts: object, name: str) -> int | None:
    value = counts.get(name) if isinstance(counts, dict) else None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return value


def _unusable(sentence: str, code: str, meta: AnswerMeta) -> UnusableAnswer:
    return UnusableAnswer(sentence, status=meta.status, code=code, request_id=meta.request_id)
