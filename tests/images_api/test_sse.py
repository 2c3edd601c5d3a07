import json
import time
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.images_api.sse import EventReader, looks_like_events

Found = list[tuple[str, bytes, bool]]


def events(stream: bytes, *cuts: int) -> Found:
    """Name, text and closedness of each event, with the stream fed in pieces cut at `cuts`."""
    reader, found = EventReader(), []
    edges = [0, *sorted(cuts), len(stream)]
    for start, stop in pairwise(edges):
        found += list(reader.feed(stream[start:stop]))
    found += list(reader.end())
    return [
        (event.name, b"\n".join(stream[a:b] for a, b in event.data), event.is_closed)
        for event in found
    ]


def test_events_have_their_name_and_their_text() -> None:
    stream = b'event: image_edit.partial_image\ndata: {"a": 1}\n\nevent:x\ndata:{}\n\n'
    assert events(stream) == [
        ("image_edit.partial_image", b'{"a": 1}', True),
        ("x", b"{}", True),
    ]


def test_an_event_needs_no_name() -> None:
    assert events(b"data: 1\n\n") == [("", b"1", True)]


def test_a_name_belongs_to_its_own_event_only() -> None:
    assert events(b"event: a\n\ndata: 1\n\n") == [("", b"1", True)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_may_end_in_each_way(end: bytes) -> None:
    stream = b": hi\n\nevent: a\ndata: 1\ndata: 2\n\ndata: 3\n\n".replace(b"\n", end)
    assert events(stream) == [("a", b"1\n2", True), ("", b"3", True)]


def test_comments_ids_and_a_byte_order_mark_are_passed_over() -> None:
    stream = b"\xef\xbb\xbfdata: 1\n: keep-alive\nid: 7\nretry: 5\nodd\n:\n\n"
    assert events(stream) == [("", b"1", True)]


def test_only_one_space_before_the_text_is_dropped() -> None:
    assert events(b"data:  1\n\ndata:1\n\ndata\n\n") == [
        ("", b" 1", True),
        ("", b"1", True),
        ("", b"", True),
    ]


@pytest.mark.parametrize("tail", [b"data: 1", b"data: 1\n", b"data: 1\r"])
def test_what_the_end_cuts_off_is_told_apart(tail: bytes) -> None:
    assert events(b"data: 0\n\n" + tail) == [("", b"0", True), ("", b"1", False)]
    assert events(b"data: 0\n\nevent: x\n: bye") == [("", b"0", True)]


STREAM = b"".join(
    [
        b'\xef\xbb\xbfevent: a\r\ndata: {"x": "AAAA"}\r\n\r\n',
        b": c\r\rdata: 1\ndata: 2\n\n",
        b"data: 3\r\n\ndata: 4\r\rdata: 5\r\n",
    ]
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=len(STREAM)))
@settings(deadline=None)
def test_events_do_not_depend_on_how_the_bytes_arrive(cuts: list[int]) -> None:
    assert events(STREAM, *cuts) == [
        ("a", b'{"x": "AAAA"}', True),
        ("", b"1\n2", True),
        ("", b"3", True),
        ("", b"4", True),
        ("", b"5", False),
    ]


def test_events_are_the_same_byte_by_byte() -> None:
    assert events(STREAM, *range(1, len(STREAM))) == events(STREAM)


def test_an_event_of_endless_lines_is_dropped_and_the_next_one_kept() -> None:
    stream = b"data:\n" * 100_000 + b"\ndata: 1\n\n"
    assert events(stream) == [("", b"1", True)]


def test_a_picture_of_many_megabytes_takes_neither_time_nor_memory() -> None:
    reader, found = EventReader(), 0
    piece = b"A" * 65536
    tracemalloc.start()
    began = time.process_time()
    found += len(list(reader.feed(b'data: {"b64_json": "')))
    for _ in range(1000):  # 64 MB in one line
        found += len(list(reader.feed(piece)))
    (event,) = reader.feed(b'"}\n\n')
    took, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert event.length == len(json.dumps({"b64_json": ""})) + 1000 * len(piece)
    assert found == 0
    assert took < 2
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("beginning", "told"),
    [
        (b"event: x", True),
        (b"\n\ndata: {", True),
        (b"\xef\xbb\xbf: keep-alive", True),
        (b' {"created": 1', False),
        (b"<!doctype html>", False),
        (b"[1]", False),
        (b"", None),
        (b"hello", None),
    ],
)
def test_the_first_bytes_tell_events_from_other_answers(
    beginning: bytes, told: bool | None
) -> None:
    assert looks_like_events(beginning) is told
