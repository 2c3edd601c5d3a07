"""Lean HTTP clients over kept-open sockets: they share the cores with the server, and must cost it little."""

import selectors
import socket
import time
from dataclasses import dataclass, field
from pathlib import PurePath

RECEIVE = 1 << 18


def get_bytes(path: str, port: int, headers: dict[str, str]) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *_lines(headers)]
    return "\r\n".join([*lines, "", ""]).encode()


def upload_bytes(path: str, port: int, headers: dict[str, str], name: str, data: bytes) -> bytes:
    """A form with one file, as the page's script sends it."""
    mark = "-----------------------------benchmark"
    part = f'Content-Disposition: form-data; name="files"; filename="{PurePath(name).name}"'
    head = f"--{mark}\r\n{part}\r\nContent-Type: image/jpeg\r\n\r\n".encode()
    body = head + data + f"\r\n--{mark}--\r\n".encode()
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        *_lines(headers),
        f"Content-Type: multipart/form-data; boundary={mark}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def exchange(port: int, request: bytes, within_s: float = 120) -> tuple[int, bytes]:
    """One request on a connection of its own: the status and the body of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=within_s) as connection:
        connection.sendall(request)
        received = b""
        while (whole := _whole(received)) is None:
            more = connection.recv(RECEIVE)
            if not more:
                raise ConnectionError("the answer was cut off")
            received += more
    return whole


@dataclass
class Load:
    """What many clients got: how many answers of each status, and how long each waited, in seconds."""

    seconds: float
    statuses: dict[int, int] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    bytes: int = 0

    @property
    def per_second(self) -> float:
        return len(self.waits) / self.seconds


@dataclass
class _Client:
    connection: socket.socket
    asked_at: float = 0.0
    received: bytes = b""


def load(port: int, request: bytes, *, clients: int, seconds: float) -> Load:
    """Each of `clients` asks again as soon as it is answered, for `seconds`."""
    chosen = selectors.DefaultSelector()
    for _ in range(clients):
        _ask(_connected(chosen, port), request)
    began = time.perf_counter()
    found = Load(seconds)
    while (now := time.perf_counter()) - began < seconds:
        for key, _ in chosen.select(seconds):
            client: _Client = key.data
            more = client.connection.recv(RECEIVE)
            client.received += more
            answer = _whole(client.received)
            if answer:
                now = time.perf_counter()
                found.waits.append(now - client.asked_at)
                found.statuses[answer[0]] = found.statuses.get(answer[0], 0) + 1
                found.bytes += len(client.received)
            if not more or (answer and b"Connection: close" in client.received[:600]):
                chosen.unregister(client.connection)
                client.connection.close()
                client = _connected(chosen, port)
                _ask(client, request)
            elif answer:
                _ask(client, request)
    found.seconds = time.perf_counter() - began
    for key in list(chosen.get_map().values()):
        key.data.connection.close()
    chosen.close()
    return found


def _connected(chosen: selectors.BaseSelector, port: int) -> _Client:
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client = _Client(connection)
    chosen.register(connection, selectors.EVENT_READ, client)
    return client


def _ask(client: _Client, request: bytes) -> None:
    client.received = b""
    client.asked_at = time.perf_counter()
    client.connection.sendall(request)


def _whole(received: bytes) -> tuple[int, bytes] | None:
    """Status and body once the answer is there to its last byte; None before."""
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return None
    status = int(head[9:12])
    lowered = head.lower()
    if status in (204, 304):
        return status, b""
    if b"transfer-encoding: chunked" in lowered:
        return (status, _unchunked(body)) if body.endswith(b"0\r\n\r\n") else None
    at = lowered.find(b"content-length:")
    length = int(lowered[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
    return (status, body[:length]) if len(body) >= length else None


def _unchunked(body: bytes) -> bytes:
    pieces = []
    while body:
        size, _, body = body.partition(b"\r\n")
        pieces.append(body[: int(size, 16)])
        body = body[int(size, 16) + 2 :]
    return b"".join(pieces)


def _lines(headers: dict[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers.items()]
