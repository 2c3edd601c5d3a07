"""The bodies of requests, in pieces: pictures are never copied as a whole, in whatever form they go."""

import binascii
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from editor.images_api.requested import Request

CHUNK = 64 * 1024
BASE64_CHUNK = CHUNK // 4 * 3  # this many bytes are CHUNK characters of base64
LONGEST_DATA_URL = 20_971_520  # characters; OpenAI's description of edits in JSON


@dataclass(frozen=True)
class Base64:
    """The base64 text of some bytes, made while it is sent."""

    data: bytes

    def __len__(self) -> int:
        return -(-len(self.data) // 3) * 4

    def chunks(self) -> Iterator[bytes]:
        view = memoryview(self.data)
        for start in range(0, len(view), BASE64_CHUNK):
            yield binascii.b2a_base64(view[start : start + BASE64_CHUNK], newline=False)


@dataclass(frozen=True)
class Body:
    """A request's body with its content type. `len()` is its length in bytes."""

    content_type: str
    pieces: tuple[bytes | Base64, ...]

    def __len__(self) -> int:
        return sum(len(piece) for piece in self.pieces)

    def chunks(self) -> Iterator[bytes]:
        """The body from its beginning, in pieces of at most CHUNK bytes."""
        for piece in self.pieces:
            if isinstance(piece, Base64):
                yield from piece.chunks()
                continue
            view = memoryview(piece)
            for start in range(0, len(view), CHUNK):
                yield bytes(view[start : start + CHUNK])


def body_of(request: Request, *, edits_as: str, stripped: frozenset[str]) -> Body:
    """The body in which a request goes: generations in JSON, variations as a form, and edits in the
    form that is asked for, as far as that has room for them. An edit that chooses its moderation
    goes in JSON: the multipart form has no part for that, and dropping it would be a silent lie."""
    is_json = request.operation == "generate"
    chooses = request.moderation is not None and "moderation" not in stripped
    if request.operation == "edit" and (edits_as == "json" or chooses):
        is_json = _fits_json(request, stripped)
    return _as_json(request, stripped) if is_json else _as_form(request, stripped)


def _fits_json(request: Request, stripped: frozenset[str]) -> bool:
    """The JSON form of edits knows neither a markup nor the older models' response_format, and bounds
    the length of a data URL."""
    names_format = request.response_format is not None and "response_format" not in stripped
    if request.markup is not None or names_format:
        return False
    lengths = (
        len(f"data:{part.content_type};base64,") + len(Base64(part.data))
        for part in request.files()
    )
    return all(length <= LONGEST_DATA_URL for length in lengths)


def _as_form(request: Request, stripped: frozenset[str]) -> Body:
    boundary = secrets.token_hex(16)
    fields, files = request.multipart()
    pieces: list[bytes] = []
    for name, text in fields:
        if name.partition("[")[0] not in stripped:
            pieces += [_head(boundary, name), text.encode(), b"\r\n"]
    for name, (filename, data, content_type) in files:
        pieces += [_head(boundary, name, filename, content_type), data, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return Body(f"multipart/form-data; boundary={boundary}", tuple(pieces))


def _head(boundary: str, name: str, filename: str = "", content_type: str = "") -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_escaped(name)}"'
    if content_type:
        head += f'; filename="{_escaped(filename)}"\r\nContent-Type: {content_type}'
    return f"{head}\r\n\r\n".encode()


def _escaped(text: str) -> str:
    """As HTML's standard wants names in forms: bare UTF-8, with three characters escaped."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _as_json(request: Request, stripped: frozenset[str]) -> Body:
    """The JSON text, cut where pictures belong, with their base64 in between."""
    mark = secrets.token_hex(16)
    said = request.json(lambda part: f"data:{part.content_type};base64,{mark}")
    kept = {name: value for name, value in said.items() if name not in stripped}
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    texts = [piece.encode() for piece in re.split(mark, text)]
    pictures = [Base64(part.data) for part in request.files()]
    pairs = zip_longest(texts, pictures)
    return Body("application/json", tuple(each for pair in pairs for each in pair if each))
