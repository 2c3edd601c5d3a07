"""Requests and answers of the Images API as values, and their form on the wire."""

import binascii
import json
import mmap
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from editor.images_api.errors import (
    OutcomeUnknown,
    ProviderError,
    UnusableAnswer,
    error_for,
    error_for_event,
    moderation_of,
    safe_sentence,
)
from editor.images_api.requested import (
    FILE_PARAMETERS,
    OPERATIONS,
    PARAMETERS,
    PATHS,
    FilePart,
    Operation,
    Params,
    Request,
    Size,
    Svg,
)
from editor.images_api.sse import (
    COMPLETED,
    PARTIAL,
    Event,
    EventReader,
    Span,
    error_in,
    kind_of,
    looks_like_events,
)

__all__ = [
    "FILE_PARAMETERS",
    "OPERATIONS",
    "PARAMETERS",
    "PATHS",
    "AnswerMeta",
    "FilePart",
    "ImagesResponse",
    "Operation",
    "Params",
    "PartialPicture",
    "PictureAnswer",
    "Request",
    "Size",
    "Svg",
    "Usage",
    "has_finished_picture",
    "kept_headers",
    "picture_bytes",
    "read_answer",
]

# What is left of an answer when its pictures are taken out: texts and numbers.
LONGEST_ANSWER_TEXT = 16 * 1024 * 1024
LONGEST_ERROR_BODY = 1024 * 1024
MOST_LINES_OF_A_STREAM = 1_000_000
BLOCK = 1024 * 1024
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
AZURE_REQUEST_ID = "apim-request-id"


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

    def __add__(self, other: "Usage") -> "Usage":
        """The sum; a part is known only where both know it."""
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            _sum(self.input_text_tokens, other.input_text_tokens),
            _sum(self.input_image_tokens, other.input_image_tokens),
            _sum(self.output_text_tokens, other.output_text_tokens),
            _sum(self.output_image_tokens, other.output_image_tokens),
        )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


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


@dataclass(frozen=True)
class PartialPicture:
    """A preview that came while the call was still under way; `index` is 0 for the first."""

    index: int
    data: bytes = field(repr=False)
    output_format: str = ""
    size: str = ""


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers worth keeping, with lower-case names and bounded values. Azure's name for a call
    stands in for OpenAI's where only that is there."""
    lowered = {name.lower(): value[:200] for name, value in headers.items()}
    if AZURE_REQUEST_ID in lowered:
        lowered.setdefault("x-request-id", lowered[AZURE_REQUEST_ID])
    return {
        name: value
        for name, value in lowered.items()
        if name in KEPT_HEADERS or name.startswith(KEPT_HEADER_PREFIX)
    }


def read_answer(path: Path, meta: AnswerMeta, *, secret: str = "") -> ImagesResponse:
    """The answer spooled at `path`, in JSON or as a stream of events.

    Base64 pictures stay in the file and are read one at a time with `picture_bytes`, so memory does
    not grow with the answer. Of a stream the finished pictures count, in their order, with the sum of
    their usage. `secret` is blotted out of messages. Raises by status and body as `errors.error_for`
    says; UnusableAnswer for a 2xx with no usable picture in it; and for a stream without a finished
    picture what its error event says, or OutcomeUnknown (code "stream_ended") where it just ends.
    """
    if not 200 <= meta.status < 300:
        with path.open("rb") as spooled:
            body = spooled.read(LONGEST_ERROR_BODY)
        raise error_for(meta.status, meta.headers, body, now=meta.received_at, secret=secret)
    with _content(path) as content:
        if _is_stream(content, meta):
            found = _from_events(content, meta, secret)
        else:
            found = _from_json(content, meta, secret)
    return ImagesResponse(
        path=path,
        created=_created(found.said.get("created", found.said.get("created_at")), meta),
        pictures=tuple(found.pictures),
        usage=found.usage,
        request_id=meta.request_id,
        **{name: safe_sentence(found.said.get(name))[:40] for name in _DESCRIPTIONS},
    )


def has_finished_picture(path: Path, meta: AnswerMeta) -> bool:
    """Is there a finished picture in this stream, of which the end may be missing?"""
    if not 200 <= meta.status < 300:
        return False
    with _content(path) as content:
        try:
            return _is_stream(content, meta) and bool(_from_events(content, meta, "").pictures)
        except ProviderError:
            return False


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
_INLINE = re.compile(rb'"b64_json"\s*+:\s*+"([^"]*+)"')
_DATA_URL = re.compile(rb"data:[a-z0-9.+/-]{0,100};base64,")


@dataclass
class _Found:
    """What an answer holds. `said` is the object that describes the first picture."""

    said: dict[str, Any] = field(default_factory=dict)
    pictures: list[PictureAnswer] = field(default_factory=list)
    usage: Usage | None = None
    items: int = 0  # with those that are no pictures


@contextmanager
def _content(path: Path) -> Iterator[mmap.mmap | bytes]:
    if path.stat().st_size == 0:  # an empty file cannot be mapped
        yield b""
        return
    with (
        path.open("rb") as spooled,
        mmap.mmap(spooled.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        yield content


def _is_stream(content: mmap.mmap | bytes, meta: AnswerMeta) -> bool:
    """By what the bytes are, for servers mislabel both, and where these do not tell by the label."""
    told = looks_like_events(content[:1024])
    labelled = meta.headers.get("content-type", "").lower().startswith("text/event-stream")
    return labelled if told is None else told


def _from_json(content: mmap.mmap | bytes, meta: AnswerMeta, secret: str) -> _Found:
    text, spans = _without_pictures(content, [(0, len(content))])
    if text is None:
        raise _unusable("The provider's answer is not pictures.", "too_much_text", meta)
    said = _parsed(text, meta)
    pictures = _pictures(said.get("data"), spans)
    if said.get("error") and not pictures:
        raise _error_in_success(said["error"], meta, secret)
    if not pictures:
        raise _unusable("The provider answered without a picture.", "no_pictures", meta)
    return _Found(said, pictures, _usage(said))


def _from_events(content: mmap.mmap | bytes, meta: AnswerMeta, secret: str) -> _Found:
    found, has_begun = _Found(), False
    for event in _events(content):
        text, spans = _without_pictures(content, event.data)
        said = _object(text)
        if not said:
            continue
        kind = kind_of(event, said)
        if error := error_in(event, said):
            if found.pictures:  # what came before it was paid for
                break
            raise error_for_event(
                error,
                has_begun=has_begun,
                status=meta.status,
                request_id=meta.request_id,
                secret=secret,
            )
        has_begun |= kind.endswith(PARTIAL)
        if kind.endswith(COMPLETED) or (not kind and isinstance(said.get("data"), list)):
            _add_completed(found, said, spans)
    if found.pictures:
        return found
    if found.items:
        raise _unusable("The provider answered without a picture.", "no_pictures", meta)
    raise OutcomeUnknown(
        "The provider's answer ended before the picture was finished.",
        code="stream_ended",
        status=meta.status,
        request_id=meta.request_id,
    )


def _add_completed(found: _Found, said: dict[str, Any], spans: list[Span]) -> None:
    items = said["data"] if isinstance(said.get("data"), list) else [said]
    usage = _usage(said)
    if found.items:
        found.usage = found.usage + usage if found.usage and usage else None
    else:
        found.said, found.usage = said, usage
    for picture in _pictures(items, spans):
        found.pictures.append(replace(picture, index=found.items + picture.index))
    found.items += len(items)


def _events(content: mmap.mmap | bytes) -> Iterator[Event]:
    reader = EventReader()
    for start in range(0, len(content), BLOCK):
        yield from reader.feed(content[start : start + BLOCK])
        if reader.lines > MOST_LINES_OF_A_STREAM:
            return
    yield from reader.end()


def _without_pictures(
    content: mmap.mmap | bytes, regions: Sequence[Span]
) -> tuple[bytes | None, list[Span]]:
    """The JSON in these regions with each base64 text replaced by its number, and where those texts
    are. None for more text than an answer can have."""
    pieces: list[bytes] = []
    spans: list[Span] = []
    kept = 0
    for begin, finish in regions:
        end = begin
        for match in _INLINE.finditer(content, begin, finish):
            start, stop = match.span(1)
            kept += start - end
            if kept > LONGEST_ANSWER_TEXT:
                return None, []
            pieces += [content[end:start], b"%d" % len(spans)]
            spans.append((start, stop))
            end = stop
        kept += finish - end
        if kept > LONGEST_ANSWER_TEXT:
            return None, []
        pieces += [content[end:finish], b"\n"]
    return b"".join(pieces), spans


def _object(text: bytes | None) -> dict[str, Any]:
    """The JSON object in an event; {} for anything else, such as "[DONE]" or half an event."""
    try:
        said = json.loads(text or b"")
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


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


def _pictures(data: object, spans: list[Span]) -> list[PictureAnswer]:
    items = data if isinstance(data, list) else []
    pictures = (_picture(index, item, spans) for index, item in enumerate(items))
    return [picture for picture in pictures if picture is not None]


def _picture(index: int, item: object, spans: list[Span]) -> PictureAnswer | None:
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


def _usage(said: Mapping[str, Any]) -> Usage | None:
    """None where nothing usable is told, or not all: writing an SVG is counted apart, at the prices of
    another model."""
    value = said.get("usage")
    if not isinstance(value, dict) or said.get("svg_usage"):
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
