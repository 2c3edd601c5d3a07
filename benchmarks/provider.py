"""A provider that answers each edit after an exact time and costs almost nothing itself.

`python -m benchmarks.provider` prints its address. GET /__delay/2.5 sets the seconds; GET /__calls counts;
GET /__partials tells when the previews of streamed calls were sent.
"""

import base64
import json
import re
import struct
import subprocess
import sys
import threading
import time
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks import drawing

ROOT = Path(__file__).resolve().parent.parent
KEY = "exact"
SIZE_FIELD = re.compile(rb'name="size"\r\n(?:[^\r]+\r\n)*\r\n(\d+)x(\d+)\r\n')
STREAM_FIELD = b'name="stream"\r\n\r\ntrue\r\n'
END_CHUNK = 12  # bytes of a PNG's IEND


@dataclass(frozen=True)
class ExactProvider:
    origin: str

    def wait(self, seconds: float) -> None:
        """Answer after so many seconds from the arrival of the request."""
        self._get(f"/__delay/{seconds}")

    def calls(self) -> int:
        return int(self._get("/__calls"))

    def partials(self) -> list[float]:
        """When each preview was sent, in seconds since 1970."""
        moments: list[float] = json.loads(self._get("/__partials"))
        return moments

    def _get(self, path: str) -> str:
        with urllib.request.urlopen(self.origin + path, timeout=10) as answer:
            text: str = answer.read().decode()
            return text


@contextmanager
def exact_provider() -> Iterator[ExactProvider]:
    """Running in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.provider"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield ExactProvider(process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait(10)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    delay = 0.0
    calls = 0
    partials: list[float] = []
    lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path.startswith("/__delay/"):
            self.server.delay = float(self.path.rpartition("/")[2])
        if self.path == "/__partials":
            self._answer(json.dumps(self.server.partials).encode())
            return
        self._answer(str(self.server.calls).encode())

    def do_POST(self) -> None:
        began = time.monotonic()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.calls += 1
            number = self.server.calls
        found = SIZE_FIELD.search(body)
        size = (int(found[1]), int(found[2])) if found else (1024, 1024)
        if STREAM_FIELD in body:
            self._stream(size, number, began)
            return
        answer = answer_of(size, number)
        time.sleep(max(0.0, self.server.delay - (time.monotonic() - began)))
        self._answer(answer)

    def _stream(self, size: drawing.Size, number: int, began: float) -> None:
        """A preview halfway, and the picture at the end."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for share, kind in ((0.5, "partial_image"), (1.0, "completed")):
            event = event_of(f"image_edit.{kind}", size, number)
            time.sleep(max(0.0, share * self.server.delay - (time.monotonic() - began)))
            if kind == "partial_image":
                self.server.partials.append(time.time())
            self.wfile.write(event)

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-request-id", "req_exact")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def event_of(kind: str, size: drawing.Size, number: int) -> bytes:
    answer = json.loads(answer_of(size, number))
    said = {"type": kind, "b64_json": answer["data"][0]["b64_json"], "usage": answer["usage"]}
    more = {"partial_image_index": 0, "size": f"{size[0]}x{size[1]}", "output_format": "png"}
    return f"event: {kind}\ndata: {json.dumps({**said, **more})}\n\n".encode()


def answer_of(size: drawing.Size, number: int) -> bytes:
    """A whole answer with one picture. The bytes differ by `number`, for equal ones are stored once."""
    text = b"tEXt" + b"number\x00%d" % number
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    picture = picture_of(size)
    encoded = base64.b64encode(picture[:-END_CHUNK] + chunk + picture[-END_CHUNK:])
    usage = {
        "input_tokens": 100,
        "output_tokens": 200,
        "total_tokens": 300,
        "input_tokens_details": {"text_tokens": 10, "image_tokens": 90},
    }
    return b'{"created": %d, "data": [{"b64_json": "%s"}], "usage": %s}' % (
        time.time(),
        encoded,
        json.dumps(usage).encode(),
    )


@cache
def picture_of(size: drawing.Size) -> bytes:
    return drawing.png(size, seed=2)


if __name__ == "__main__":
    with Server(("127.0.0.1", 0), Handler) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()
