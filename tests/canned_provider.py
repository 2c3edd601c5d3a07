"""A provider that answers what a test tells it to, over real HTTP, and counts the calls by attempt."""

import base64
import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.drawing import photo_png


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drop: str = ""  # "before": close without reading on; "after": read all, then close; "half": half the body
    hold: threading.Event | None = None  # wait for this before answering
    stream: list[bytes | threading.Event] | None = (
        None  # sent piece by piece; events are waited for
    )


class Canned:
    """`script` is what the next calls get, in order; when it is empty, `usual` is."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.script: list[Answer] = []
        self.usual = Answer(body=pictures())
        self.keys: list[str] = []
        self.paths: list[str] = []
        self.requests: list[dict[str, bytes]] = []
        self.files_sent: list[list[tuple[str, bytes]]] = []  # all of one request, in their order
        self.files: dict[str, list[Answer]] = {}
        self.file_calls: Counter[str] = Counter()

    @property
    def root(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    @property
    def base_url(self) -> str:
        return f"{self.root}/v1"

    @property
    def calls(self) -> int:
        return len(self.keys)

    def most_calls_of_one_attempt(self) -> int:
        return max(Counter(self.keys).values(), default=0)


def pictures(
    n: int = 1, *, size: tuple[int, int] = (64, 64), usage: dict[str, Any] | None = None
) -> bytes:
    """A whole answer with `n` inline pictures."""
    encoded = [base64.b64encode(photo_png(size, shade=50 + index)).decode() for index in range(n)]
    usual = {
        "input_tokens": 100,
        "output_tokens": 200,
        "total_tokens": 300,
        "input_tokens_details": {"text_tokens": 10, "image_tokens": 90},
    }
    data = [{"b64_json": text} for text in encoded]
    return json.dumps({"created": 1, "data": data, "usage": usage or usual}).encode()


def event(
    kind: str,
    shade: int = 90,
    *,
    size: tuple[int, int] = (64, 64),
    picture: bytes = b"",
    **more: Any,
) -> bytes:
    """One event of a stream with a picture in it, such as image_edit.partial_image."""
    encoded = base64.b64encode(picture or photo_png(size, shade=shade)).decode()
    said = {
        "type": kind,
        "b64_json": encoded,
        "created_at": 1,
        "size": f"{size[0]}x{size[1]}",
        "quality": "low",
        "background": "opaque",
        "output_format": "png",
        **more,
    }
    return f"event: {kind}\ndata: {json.dumps(said)}\n\n".encode()


def urls(*addresses: str, created: int = 1) -> bytes:
    return json.dumps({"created": created, "data": [{"url": url} for url in addresses]}).encode()


def error(code: str, message: str = "No.", kind: str = "invalid_request_error") -> bytes:
    return json.dumps(
        {"error": {"message": message, "type": kind, "param": None, "code": code}}
    ).encode()


@contextmanager
def canned_provider() -> Iterator[Canned]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    canned = Canned(server.server_address[:2])  # type: ignore[arg-type]
    server.canned = canned  # type: ignore[attr-defined]
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    try:
        yield canned
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        canned: Canned = self.server.canned  # type: ignore[attr-defined]
        answer = canned.script.pop(0) if canned.script else canned.usual
        length = int(self.headers.get("Content-Length", 0))
        body = b"" if answer.drop == "before" else self.rfile.read(length)
        if len(body) < length:  # never arrived whole: nobody would do it or bill it
            self._hang_up()
            return
        canned.keys.append(self.headers.get("X-Client-Request-Id", ""))
        canned.paths.append(self.path)
        parts = _parts(self.headers["Content-Type"], body)
        canned.requests.append({name: data for name, data, _ in parts})
        canned.files_sent.append([(name, data) for name, data, is_file in parts if is_file])
        self._answer(answer)

    def do_GET(self) -> None:
        canned: Canned = self.server.canned  # type: ignore[attr-defined]
        canned.file_calls[self.path] += 1
        script = canned.files.get(self.path, [])
        answer = (script.pop(0) if len(script) > 1 else script[0]) if script else Answer(404)
        self._answer(answer)

    def _answer(self, answer: Answer) -> None:
        if answer.hold:
            answer.hold.wait(20)
        if answer.drop == "after":
            self._hang_up()
            return
        self.send_response(answer.status)
        if answer.stream is not None:
            self._stream(answer.stream)
            return
        headers = {
            "Content-Type": "application/json",
            "x-request-id": "req_canned",
            **answer.headers,
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        half = answer.drop == "half"
        self.wfile.write(answer.body[: len(answer.body) // 2] if half else answer.body)
        if half:
            self._hang_up()

    def _stream(self, pieces: list[bytes | threading.Event]) -> None:
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("x-request-id", "req_canned")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for piece in pieces:
            if isinstance(piece, bytes):
                self.wfile.write(piece)
                self.wfile.flush()
            else:
                piece.wait(20)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        pass


def _parts(content_type: str, body: bytes) -> list[tuple[str, bytes, bool]]:
    """(name, bytes, whether it is a file) of each part, or of each value of a JSON object."""
    if content_type == "application/json":
        return [(name, str(value).encode(), False) for name, value in json.loads(body).items()]
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
    )
    return [
        (
            str(part.get_param("name", header="content-disposition")),
            part.get_payload(decode=True) or b"",
            part.get_filename() is not None,
        )
        for part in message.iter_parts()
    ]
