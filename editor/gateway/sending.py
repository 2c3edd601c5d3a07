"""Answers on their way: written piece by piece, and noted as delivered only when all was written."""

import socket
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing

from django.http import StreamingHttpResponse

from editor.gateway.door import Caller


class Sending:
    """The pieces of one answer. The server calls `close` however the sending ended."""

    def __init__(
        self,
        pieces: Iterable[bytes],
        *,
        is_gone: Callable[[], bool],
        on_sent: Callable[[], None],
        on_closed: Callable[[], None],
    ) -> None:
        self._pieces = pieces
        self._is_gone = is_gone
        self._on_sent = on_sent
        self._on_closed = on_closed

    def __iter__(self) -> Iterator[bytes]:
        with closing(_generated(self._pieces)) as pieces:
            for piece in pieces:
                # The first bytes to a peer that hung up are lost without any error: look before.
                if self._is_gone():
                    return
                yield piece
        self._on_sent()

    def close(self) -> None:
        self._on_closed()


def _generated(pieces: Iterable[bytes]) -> Generator[bytes, None, None]:
    yield from pieces


def sent(
    sending: Sending, content_type: str, *, status: int = 200, headers: dict[str, str] | None = None
) -> StreamingHttpResponse:
    kept = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", **(headers or {})}
    return StreamingHttpResponse(sending, status=status, content_type=content_type, headers=kept)


def is_gone(request: Caller) -> bool:
    """Whether the caller has closed the connection, as far as the web server lets us see it."""
    connection: socket.socket | None = request.META.get("gunicorn.socket")
    if connection is None:
        return False
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except ValueError:  # encrypted by the server itself: it cannot be peeked into
        return False
    except OSError:
        return True
