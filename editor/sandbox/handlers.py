"""The sandbox's front door: routes, headers, the key, and result files."""

import contextlib
import hmac
import ipaddress
import json
import logging
import secrets
import select
import socket
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from editor.sandbox import editing
from editor.sandbox.faults import Fault, Schedule
from editor.sandbox.refusals import REQUEST_ERROR, Refusal, no_key, wrong_key
from editor.sandbox.results import Expired, Result, Unknown

if TYPE_CHECKING:
    from editor.sandbox.server import Server

log = logging.getLogger(__name__)
MOST_CONTROL_BYTES = 10_000
PRIVATE_URL = "http://169.254.169.254/latest/meta-data/"
ZEROS = 2 * 1024 * 1024 * 1024
CHUNK = 64 * 1024
MODELS_CREATED = 1735689600  # 2025-01-01; the field must be there, and means nothing here


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_version = "sandbox"
    sys_version = ""
    timeout = 120  # seconds between bytes of a request

    def do_GET(self) -> None:
        self._route(
            {
                "/healthz": self._health,
                "/v1/models": self._models,
                "/__calls": self._calls,
                "/files": self._file,
            }
        )

    def do_POST(self) -> None:
        self._route({"/v1/images/edits": self._edit, "/__fault": self._set_fault})

    # What endpoints use

    def require_key(self) -> None:
        """Raises Refusal unless the bearer key is ours."""
        given = self.headers.get("Authorization", "")
        if not given.startswith("Bearer "):
            raise no_key()
        wanted = self.server.options.key
        if not hmac.compare_digest(given.removeprefix("Bearer ").encode(), wanted.encode()):
            raise wrong_key()

    def fault(self) -> Fault:
        """The fault of this call: its own header goes before the schedule."""
        own = self.headers.get("X-Sandbox-Fault")
        if own is None:
            return self.server.faults.take()
        try:
            return Schedule(own).take()
        except ValueError as error:
            raise Refusal(400, str(error), param="X-Sandbox-Fault") from None

    def pause(self, seconds: float) -> None:
        """Sleep, unless the server is stopped meanwhile."""
        if seconds > 0:
            self.server.stopping.wait(seconds)

    def elapsed(self) -> float:
        """Seconds since this request began."""
        return time.monotonic() - self.began

    def is_gone(self) -> bool:
        """Has the client closed its end?"""
        readable, _, _ = select.select([self.connection], [], [], 0)
        if not readable:
            return False
        try:
            return not self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def drop(self) -> None:
        """Close the connection as it is."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def send_head(
        self, status: int, content_type: str, length: int, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        self.send_header("x-request-id", self.request_id)
        self.send_header("openai-version", "2020-10-01")
        self.send_header("openai-processing-ms", str(int(self.elapsed() * 1000)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()

    def send_pieces(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            self.wfile.write(piece)

    def send_json(
        self, value: Any, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        body = json.dumps(value).encode()
        self.send_head(status, "application/json", len(body), headers)
        self.wfile.write(body)

    # Endpoints

    def _health(self) -> None:
        self.send_json({"status": "ok"})

    def _models(self) -> None:
        self.require_key()
        listed = [
            {
                "id": model.id,
                "object": "model",
                "created": MODELS_CREATED,
                "owned_by": "sandbox",
                "shutdown_date": model.shutdown_date and model.shutdown_date.isoformat(),
            }
            for model in self.server.catalogue.models()
        ]
        self.send_json({"object": "list", "data": listed})

    def _edit(self) -> None:
        editing.serve_edit(self)

    def _calls(self) -> None:
        self._require_loopback()
        self.send_json(self.server.calls.listed())

    def _set_fault(self) -> None:
        self._require_loopback()
        # A web page cannot send this type to us without asking first, and is then told no.
        if self.headers.get_content_type() != "application/json":
            raise Refusal(415, "Send the fault as application/json.")
        try:
            fault = json.loads(self.body.read(MOST_CONTROL_BYTES))["fault"]
            self.server.faults.set(str(fault))
        except (ValueError, KeyError, TypeError) as error:
            raise Refusal(400, f"Not a fault: {error}") from None
        self.send_json({"fault": fault})

    def _file(self) -> None:
        token = urlsplit(self.path).path.removeprefix("/files/")
        try:
            found = self.server.results.find(token)
        except Expired:
            self._send_storage_error(403, "AuthenticationFailed", "Signature not valid any more.")
        except Unknown:
            self._send_storage_error(404, "BlobNotFound", "The specified blob does not exist.")
        else:
            self._send_result(found)

    def _send_result(self, found: Result) -> None:
        match found.fault.name:
            case "urls-403":
                self._send_storage_error(403, "AuthenticationFailed", "Not allowed.")
            case "urls-404":
                self._send_storage_error(404, "BlobNotFound", "Not there.")
            case "urls-500":
                self._send_storage_error(500, "InternalError", "Try again.")
            case "urls-500-once" if found.tries == 0:
                self._send_storage_error(500, "InternalError", "Try again.")
            case "urls-private-redirect":
                target = found.fault.argument or PRIVATE_URL
                self.send_head(302, "text/plain", 0, {"Location": target})
            case "urls-zeros":
                self._send_zeros()
            case _:
                if found.fault.name == "urls-slow":
                    self.pause(found.fault.seconds(5.0))
                data = found.path.read_bytes()
                self.send_head(200, f"image/{found.path.suffix[1:]}", len(data))
                self.wfile.write(data)

    def _send_zeros(self) -> None:
        self.send_head(200, "image/png", ZEROS)
        self.close_connection = True
        piece = bytes(1024 * 1024)
        for _ in range(ZEROS // len(piece)):
            if self.server.stopping.is_set():
                break
            self.wfile.write(piece)

    def _send_storage_error(self, status: int, code: str, message: str) -> None:
        text = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code>'
        body = f"{text}<Message>{message}</Message></Error>".encode()
        self.send_head(status, "application/xml", len(body))
        self.wfile.write(body)

    # Routing

    def _route(self, endpoints: dict[str, Callable[[], None]]) -> None:
        self.began = time.monotonic()
        self.request_id = f"req_{secrets.token_hex(16)}"
        self.body = Body(self.rfile, self._length())
        path = urlsplit(self.path).path.rstrip("/")
        endpoint = endpoints.get("/files" if path.startswith("/files/") else path)
        try:
            if self.body.left < 0:
                raise Refusal(411, "Send a Content-Length.")
            if endpoint is None:
                sentence = f"Invalid URL ({self.command} {path[:200]})"
                raise Refusal(404, sentence, REQUEST_ERROR)
            endpoint()
        except Refusal as refusal:
            self.send_json(refusal.body, refusal.status, refusal.headers)
        if not self.close_connection:
            self.body.drain()

    def _length(self) -> int:
        """The body's length; -1 where a POST does not tell it."""
        text = self.headers.get("Content-Length")
        if text is None:
            self.close_connection = True if self.command == "POST" else self.close_connection
            return -1 if self.command == "POST" else 0
        return int(text) if text.isdecimal() else -1

    def _require_loopback(self) -> None:
        """Raises Refusal unless client and server are the same machine."""
        ends = (str(self.client_address[0]), str(self.server.server_address[0]))
        if not all(ipaddress.ip_address(end).is_loopback for end in ends):
            raise Refusal(403, "Only for the machine that the sandbox runs on.")

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: result URLs hold their own keys, and edits are logged with their outcome."""


class Body:
    """The bytes of one request's body and not one more, for the connection may carry another."""

    def __init__(self, stream: BufferedIOBase, length: int) -> None:
        self.stream = stream
        self.length = self.left = length

    def read(self, size: int = -1) -> bytes:
        wanted = self.left if size < 0 else min(size, self.left)
        data = self.stream.read(wanted) if wanted > 0 else b""
        self.left -= len(data)
        return data

    def drain(self) -> None:
        while self.left > 0 and self.read(CHUNK):
            pass
