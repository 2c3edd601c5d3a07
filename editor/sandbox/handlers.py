"""The sandbox's front door: routes, headers, the key, and result files."""

import contextlib
import hmac
import ipaddress
import json
import logging
import re
import secrets
import select
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from editor.images_api import answers, refusals
from editor.images_api.messages import PATHS, Operation
from editor.images_api.refusals import Refusal
from editor.sandbox import operations
from editor.sandbox.bodies import Body, ChunkedBody
from editor.sandbox.faults import Fault, Schedule
from editor.sandbox.results import Expired, Result, Unknown

if TYPE_CHECKING:
    from editor.sandbox.server import Server

log = logging.getLogger(__name__)
MOST_CONTROL_BYTES = 10_000
PRIVATE_URL = "http://169.254.169.254/latest/meta-data/"
ZEROS = 2 * 1024 * 1024 * 1024
OPERATION_OF = {f"/v1{path}": operation for operation, path in PATHS.items()}
KEYS_COME_FROM = "Find it where the sandbox was started (SANDBOX_KEY)."
LENGTH_FORM = re.compile(r"[0-9]{1,15}")
Endpoints = Mapping[str, Callable[[], None]]  # by method


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_version = "sandbox"
    sys_version = ""
    timeout = 120  # seconds between bytes of a request

    # Before a request could be read, errors have these.
    request_id = ""
    began = 0.0
    turn_headers: Mapping[str, str] = {}

    def do_GET(self) -> None:
        self._answer_one()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_GET

    # What endpoints use

    def require_key(self) -> None:
        """Raises Refusal unless the bearer key is ours."""
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise refusals.no_key()
        wanted = self.server.options.key
        if not hmac.compare_digest(given.strip().encode(), wanted.encode()):
            raise self.wrong_key()

    def wrong_key(self) -> Refusal:
        return refusals.wrong_key(KEYS_COME_FROM)

    def take_turn(self) -> None:
        """Raises Refusal where the rate is reached; what is left of it is told with the answer."""
        self.turn_headers = self.server.bucket.take()

    @property
    def origin(self) -> str:
        """The address that the client knows us by."""
        return f"http://{self.headers.get('Host') or urlsplit(self.server.base_url).netloc}"

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
        self, status: int, content_type: str, length: int, headers: Mapping[str, str] | None = None
    ) -> None:
        self._send_head(status, {"Content-Length": str(length)}, content_type, headers or {})

    def send_stream_head(self) -> None:
        """The answer's end is told by `end_stream`; until then, pieces go out as they come."""
        self._is_chunked = self.request_version >= "HTTP/1.1"
        self.close_connection = self.close_connection or not self._is_chunked
        framing = {"Transfer-Encoding": "chunked"} if self._is_chunked else {}
        self._send_head(200, framing, answers.EVENT_STREAM, {"Cache-Control": "no-store"})

    def send_chunk(self, data: bytes) -> None:
        if self._is_chunked:
            self.send_pieces([b"%x\r\n" % len(data), data, b"\r\n"])
        else:
            self.send_pieces([data])

    def end_stream(self) -> None:
        if self._is_chunked:
            self.send_pieces([b"0\r\n\r\n"])

    def _send_head(
        self,
        status: int,
        framing: Mapping[str, str],
        content_type: str,
        headers: Mapping[str, str],
    ) -> None:
        self.send_response(status)
        ours = {
            "Content-Type": content_type,
            "x-request-id": self.request_id,
            "openai-version": "2020-10-01",
            "openai-organization": "sandbox",
            "openai-processing-ms": str(int(self.elapsed() * 1000)),
        }
        if self.close_connection:
            ours["Connection"] = "close"
        for name, value in {**ours, **framing, **self.turn_headers, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def send_pieces(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            if self.command != "HEAD":
                self.wfile.write(piece)

    def send_json(
        self, value: Any, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        body = json.dumps(value).encode()
        self.send_head(status, "application/json", len(body), headers)
        self.send_pieces([body])

    # Endpoints

    def _health(self) -> None:
        self.send_json({"status": "ok"})

    def _models(self) -> None:
        self.require_key()
        self.send_json(answers.models_list(self.server.served_models(), self.server.today()))

    def _model(self) -> None:
        self.require_key()
        name = unquote(self._path().rpartition("/")[2])
        served = self.server.served_models()
        for model in served:
            if model.id == name:
                self.send_json(answers.model_entry(model, self.server.today()))
                return
        raise refusals.unknown_model(name)

    def _operation(self, operation: Operation) -> None:
        operations.serve(self, operation)

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
                self.send_pieces([data])

    def _send_zeros(self) -> None:
        self.send_head(200, "image/png", ZEROS)
        self.close_connection = True
        piece = bytes(1024 * 1024)
        for _ in range(ZEROS // len(piece)):
            if self.server.stopping.is_set():
                break
            self.send_pieces([piece])

    def _send_storage_error(self, status: int, code: str, message: str) -> None:
        text = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code>'
        body = f"{text}<Message>{message}</Message></Error>".encode()
        self.send_head(status, "application/xml", len(body))
        self.send_pieces([body])

    # Routing

    def _endpoints(self, path: str) -> Endpoints:
        """What is served at this path; nothing where it is none of ours."""
        if path in OPERATION_OF:
            return {"POST": lambda: self._operation(OPERATION_OF[path])}
        if path.startswith("/v1/models/") and path.count("/") == 3:
            return {"GET": self._model}
        if path.startswith("/files/"):
            return {"GET": self._file}
        plain: Mapping[str, Endpoints] = {
            "/healthz": {"GET": self._health},
            "/v1/models": {"GET": self._models},
            "/__calls": {"GET": self._calls},
            "/__fault": {"POST": self._set_fault},
        }
        return plain.get(path, {})

    def _answer_one(self) -> None:
        self.began = time.monotonic()
        self.request_id = f"req_{secrets.token_hex(16)}"
        self.turn_headers = {}
        self.body: Body | ChunkedBody = Body(self.rfile, 0)
        try:
            self.body = self._body()
            self._endpoint()()
        except Refusal as refusal:
            self.send_json(refusal.body, refusal.status, refusal.headers)
        if not self.close_connection and not self.body.drain():
            self.close_connection = True

    def _endpoint(self) -> Callable[[], None]:
        path = self._path()
        endpoints = self._endpoints(path)
        method = "GET" if self.command == "HEAD" else self.command
        if not endpoints:
            raise refusals.unknown_path(self.command, path)
        if method not in endpoints:
            raise refusals.wrong_method(self.command, path, endpoints)
        return endpoints[method]

    def _path(self) -> str:
        return urlsplit(self.path).path.rstrip("/")

    def _body(self) -> Body | ChunkedBody:
        """Raises Refusal where nobody can know where the body ends."""
        length = self.headers.get("Content-Length")
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            if length is not None:  # two lengths are one too many: do not look for another request
                self.close_connection = True
            return ChunkedBody(self.rfile)
        if length is None and self.command in ("POST", "PUT", "PATCH"):
            self.close_connection = True
            raise refusals.no_length()
        if length is not None and not LENGTH_FORM.fullmatch(length):
            self.close_connection = True
            raise Refusal(400, "The Content-Length is no number.", code="invalid_content_length")
        return Body(self.rfile, int(length or 0))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """For requests that could not be read at all: the envelope here too, instead of a page."""
        if code == 501:  # a method that nobody knows
            refusal = refusals.wrong_method(self.command or "", self.path, ("GET", "POST"))
        else:
            refusal = Refusal(code, message or "The request cannot be read.", code="bad_request")
        self.request_id = f"req_{secrets.token_hex(16)}"
        self.began = time.monotonic()
        self.close_connection = True
        # A line without a version would get an answer without a head.
        self.request_version = self.protocol_version
        self.send_json(refusal.body, refusal.status, refusal.headers)

    def _require_loopback(self) -> None:
        """Raises Refusal unless client and server are the same machine."""
        ends = (str(self.client_address[0]), str(self.server.server_address[0]))
        if not all(ipaddress.ip_address(end).is_loopback for end in ends):
            raise Refusal(403, "Only for the machine that the sandbox runs on.")

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: result URLs hold their own keys, and edits are logged with their outcome."""
