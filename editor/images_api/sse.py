"""Server-sent events as places in a stream of bytes: nothing of their text is kept here.

Pictures of many megabytes stand in single lines, so a line is only ever looked for its end, in C and
once. Format: the WHATWG's HTML standard, section "Server-sent events", and what servers make of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Span = tuple[int, int]  # where it begins, and where it ends, in bytes from the stream's beginning

HEAD = 100  # bytes of a line that are looked at: enough for a field's name and an event's
MOST_LINES = 1000  # of data in one event; one that has more is dropped
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# `image_edit.partial_image`, `image_generation.completed`, …
PARTIAL = "partial_image"
COMPLETED = "completed"
FIELDS = (b"data", b"event", b"id", b"retry", b":")


@dataclass(frozen=True)
class Event:
    """One event. Its text is the bytes at `data`, joined with newlines. `name` is "" where the event
    has none; `is_closed` says whether the empty line that ends an event was there."""

    name: str
    data: tuple[Span, ...]
    is_closed: bool = True

    @property
    def length(self) -> int:
        return sum(stop - start for start, stop in self.data)


class EventReader:
    """Finds the events in the pieces of a stream, fed in order and cut anywhere."""

    def __init__(self) -> None:
        self.lines = 0  # seen so far
        self._position = 0  # of the next byte that comes
        self._line_start = 0
        self._head = b""
        self._after_cr = False  # a newline that comes now belongs to the line end before it
        self._name = ""
        self._data: list[Span] = []
        self._has_too_many_lines = False

    def feed(self, piece: bytes) -> Iterator[Event]:
        """The events that end within this piece."""
        if self._after_cr and piece[:1] == b"\n":
            piece = piece[1:]
            self._position += 1
            self._line_start += 1
            self._after_cr = False
        if piece:
            self._after_cr = piece[-1:] == b"\r"
        start = 0
        for end, following in _line_ends(piece):
            self._see(piece[start : min(end, start + HEAD)])
            event = self._end_line(self._position + end)
            start, self._line_start = following, self._position + following
            if event is not None:
                yield event
        self._see(piece[start : start + HEAD])
        self._position += len(piece)

    def end(self) -> Iterator[Event]:
        """What the stream's end leaves: an event whose empty line never came."""
        if self._head:
            self._end_line(self._position)
        event = self._take(is_closed=False)
        if event is not None:
            yield event

    def _see(self, beginning: bytes) -> None:
        self._head += beginning[: HEAD - len(self._head)]

    def _end_line(self, stop: int) -> Event | None:
        self.lines += 1
        start, head, self._head = self._line_start, self._head, b""
        if start == 0 and head.startswith(BYTE_ORDER_MARK):
            start, head = len(BYTE_ORDER_MARK), head.removeprefix(BYTE_ORDER_MARK)
        if not head:
            return self._take(is_closed=True)
        name, colon, value = head.partition(b":")
        if name == b"data":
            skipped = len(name) + len(colon) + value.startswith(b" ")
            self._has_too_many_lines |= len(self._data) >= MOST_LINES
            if not self._has_too_many_lines:
                self._data.append((start + skipped, stop))
        elif name == b"event":
            self._name = value.removeprefix(b" ").decode(errors="replace")
        return None  # comments, ids and whatever else: not for us

    def _take(self, *, is_closed: bool) -> Event | None:
        event = Event(self._name, tuple(self._data), is_closed)
        is_whole = bool(self._data) and not self._has_too_many_lines
        self._name, self._data, self._has_too_many_lines = "", [], False
        return event if is_whole else None


def kind_of(event: Event, said: Mapping[str, Any]) -> str:
    """What kind of event this is, from its JSON, or else from its name."""
    kind = said.get("type")
    return kind if isinstance(kind, str) else event.name


def error_in(event: Event, said: Mapping[str, Any]) -> dict[str, Any]:
    """The error object that an event brings, {} for an event that brings none. OpenAI's own client
    takes any event with an `error` in it for one; others send `{"type": "error", "message": ...}`."""
    error = said.get("error")
    if isinstance(error, dict) and error:
        return error
    if error:
        return {"message": error}
    is_error = bool(said) and "error" in (kind_of(event, said), event.name)
    return {**said, "type": None} if is_error else {}


def looks_like_events(beginning: bytes) -> bool | None:
    """Do these first bytes of a body begin a stream of events? None where they do not tell."""
    text = beginning.removeprefix(BYTE_ORDER_MARK).lstrip()
    if text[:1] in (b"{", b"[", b"<"):
        return False
    return True if text.startswith(FIELDS) else None


def _line_ends(piece: bytes) -> Iterator[tuple[int, int]]:
    """Where lines end in the piece, by LF, CR LF or CR, and where the next ones begin."""
    newline, carriage = piece.find(b"\n"), piece.find(b"\r")
    while newline >= 0 or carriage >= 0:
        end = min(place for place in (newline, carriage) if place >= 0)
        following = end + 2 if piece[end : end + 2] == b"\r\n" else end + 1
        yield end, following
        if 0 <= newline < following:
            newline = piece.find(b"\n", following)
        if 0 <= carriage < following:
            carriage = piece.find(b"\r", following)
