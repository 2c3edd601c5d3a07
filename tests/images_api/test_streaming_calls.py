"""Streams as they arrive: previews while the rest is awaited, and every way in which they end."""

import base64
import json
import logging
import socket
import struct
import threading
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from editor.images_api.client import PartialPicture, send
from editor.images_api.errors import OutcomeUnknown, ProviderError, ProviderRejected
from editor.images_api.messages import AnswerMeta, picture_bytes, read_answer
from tests.images_api.drawing import a_provider, a_request
from tests.images_api.raw_server import Script, answering, raw_server, read_request, response

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nx-request-id: req_s\r\n"


def event(kind: str, picture: bytes, **said: object) -> bytes:
    body = {"type": kind, "b64_json": base64.b64encode(picture).decode(), **said}
    return f"event: {kind}\ndata: {json.dumps(body)}\n\n".encode()


def partial(index: int, picture: bytes = b"blurred") -> bytes:
    said = {"partial_image_index": index, "output_format": "webp", "size": "8x8"}
    return event("image_edit.partial_image", picture, **said)


FINISHED = event("image_edit.completed", b"sharp")


def streaming(*pieces: bytes, end: Callable[[socket.socket], None] | None = None) -> Script:
    """Sends the pieces as chunks of one stream, then ends it: properly, unless told how."""

    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        for piece in pieces:
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        if end is None:
            connection.sendall(b"0\r\n\r\n")
        else:
            end(connection)

    return script


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def call(
    script: Script, into: Path, on_partial: Callable[[PartialPicture], None], **changes: object
) -> AnswerMeta:
    request = a_request(256, stream=True, partial_images=2)
    with raw_server(script) as server:
        provider = a_provider(server.base_url, **changes)
        return send(provider, request, into=into, key="k", on_partial=on_partial)


def failure(script: Script, into: Path, **changes: object) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        call(script, into, lambda _: None, **changes)
    return caught.value


def test_previews_arrive_in_order_with_what_is_said_about_them(tmp_path: Path) -> None:
    seen: list[PartialPicture] = []
    pieces = [b": hi\n\n", partial(0, b"one"), partial(1, b"two"), FINISHED, b"data: [DONE]\n\n"]
    meta = call(streaming(*pieces), tmp_path / "a", seen.append)
    assert seen == [
        PartialPicture(0, b"one", "webp", "8x8"),
        PartialPicture(1, b"two", "webp", "8x8"),
    ]
    assert (tmp_path / "a").read_bytes() == b"".join(pieces)
    answer = read_answer(tmp_path / "a", meta)
    assert [picture_bytes(answer, 0), answer.request_id] == [b"sharp", "req_s"]


def test_a_preview_is_there_before_the_stream_ends(tmp_path: Path) -> None:
    arrived = threading.Event()

    def hold_back(connection: socket.socket) -> None:
        assert arrived.wait(10)  # the rest comes only when the preview was seen
        connection.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (len(FINISHED), FINISHED))

    script = streaming(partial(0), end=hold_back)
    meta = call(script, tmp_path / "a", lambda _: arrived.set())
    assert meta.bytes == len(partial(0) + FINISHED)


def test_a_preview_is_there_without_chunks_too(tmp_path: Path) -> None:
    arrived = threading.Event()

    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(HEAD + b"\r\n" + partial(0))
        assert arrived.wait(10)
        connection.sendall(FINISHED)

    call(script, tmp_path / "a", lambda _: arrived.set())
    assert (tmp_path / "a").read_bytes() == partial(0) + FINISHED


def test_events_cut_into_single_bytes_are_the_same(tmp_path: Path) -> None:
    seen: list[PartialPicture] = []
    stream = partial(0, b"one") + FINISHED
    pieces: Iterable[bytes] = (bytes([byte]) for byte in stream)
    call(streaming(*pieces), tmp_path / "a", seen.append)
    assert [each.data for each in seen] == [b"one"]
    assert (tmp_path / "a").read_bytes() == stream


def test_what_a_receiver_of_previews_raises_is_logged_without_the_picture(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[int] = []

    def fail(preview: PartialPicture) -> None:
        seen.append(preview.index)
        raise ValueError(preview.data)

    caplog.set_level(logging.ERROR)
    script = streaming(partial(0, b"s3cret"), partial(1), FINISHED)
    meta = call(script, tmp_path / "a", fail)
    assert seen == [0, 1]
    assert picture_bytes(read_answer(tmp_path / "a", meta), 0) == b"sharp"
    assert caplog.text.count("was lost: ValueError") == 2
    assert "in fail" in caplog.text
    assert "s3cret" not in caplog.text


def test_odd_previews_are_passed_over(tmp_path: Path) -> None:
    seen: list[PartialPicture] = []
    odd = [
        b"data: {not json}\n\n",
        b'data: {"type": "image_edit.partial_image", "b64_json": "!!"}\n\n',
        b'data: {"type": "image_edit.partial_image", "b64_json": "\xc3\xa4"}\n\n',
        b'data: {"type": "image_edit.partial_image", "b64_json": ""}\n\n',
        b'data: {"type": "image_edit.partial_image", "b64_json": 5}\n\n',
        event("image_edit.partial_image", b"x", partial_image_index=-1),
        event("image_edit.partial_image", b"x", partial_image_index="0"),
        b"data: [1]\n\n",
        b"data: " + b"[" * 50_000 + b"\n\n",
    ]
    call(streaming(*odd, partial(1), FINISHED), tmp_path / "a", seen.append)
    assert [each.index for each in seen] == [1]


def test_a_preview_of_many_megabytes_is_in_memory_only_while_it_is_handed_on(
    tmp_path: Path,
) -> None:
    sizes: list[int] = []
    large = partial(0, bytes(6_000_000))
    script = streaming(large, large, large, event("image_edit.completed", bytes(9_000_000)))
    tracemalloc.start()
    call(script, tmp_path / "a", lambda preview: sizes.append(len(preview.data)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sizes == [6_000_000] * 3
    assert peak < 80_000_000  # the server's four texts are in this process as well


def test_without_a_stream_nobody_is_told_of_previews(tmp_path: Path) -> None:
    seen: list[PartialPicture] = []
    with raw_server(streaming(partial(0), FINISHED)) as server:
        send(
            a_provider(server.base_url),
            a_request(256),
            into=tmp_path / "a",
            key="k",
            on_partial=seen.append,
        )
    assert seen == []


def test_plain_json_answering_a_stream_is_the_answer(tmp_path: Path) -> None:
    body = b'{"created": 1, "data": [{"b64_json": "aGVsbG8="}]}'
    seen: list[PartialPicture] = []
    meta = call(answering(response(body)), tmp_path / "a", seen.append)
    assert picture_bytes(read_answer(tmp_path / "a", meta), 0) == b"hello"
    assert seen == []


def test_an_error_answering_a_stream_is_a_plain_error(tmp_path: Path) -> None:
    body = b'{"error": {"message": "No.", "code": "moderation_blocked"}}'
    meta = call(answering(response(body, "400 Bad Request")), tmp_path / "a", lambda _: None)
    with pytest.raises(ProviderRejected) as caught:
        read_answer(tmp_path / "a", meta)
    assert caught.value.code == "moderation_blocked"


@pytest.mark.parametrize("end", [reset, lambda _: None])
def test_a_stream_that_is_cut_before_its_picture_leaves_the_outcome_unknown(
    tmp_path: Path, end: Callable[[socket.socket], None]
) -> None:
    error = failure(streaming(partial(0), FINISHED[:60], end=end), tmp_path / "a")
    assert type(error) is OutcomeUnknown
    assert (error.status, error.request_id) == (200, "req_s")
    assert not (tmp_path / "a").exists()
    assert (tmp_path / "a.part").read_bytes().startswith(partial(0))


@pytest.mark.parametrize("tail", [b"", b": bye", partial(1)[:30]])
def test_a_stream_that_is_cut_after_its_picture_is_an_answer(tmp_path: Path, tail: bytes) -> None:
    script = streaming(partial(0), FINISHED + tail, end=lambda _: None)
    meta = call(script, tmp_path / "a", lambda _: None)
    assert picture_bytes(read_answer(tmp_path / "a", meta), 0) == b"sharp"
    assert AnswerMeta.from_dict(json.loads((tmp_path / "a.json").read_text())) == meta
    assert meta.bytes == (tmp_path / "a").stat().st_size


def test_a_picture_that_came_before_the_deadline_is_an_answer(tmp_path: Path) -> None:
    def linger(connection: socket.socket) -> None:
        connection.recv(1)  # until the other side has had enough

    script = streaming(FINISHED, end=linger)
    meta = call(script, tmp_path / "a", lambda _: None, overall=0.7)
    assert picture_bytes(read_answer(tmp_path / "a", meta), 0) == b"sharp"


def test_a_stream_that_falls_silent_is_given_up(tmp_path: Path) -> None:
    def linger(connection: socket.socket) -> None:
        connection.recv(1)

    error = failure(streaming(partial(0), end=linger), tmp_path / "a", read_timeout=0.3)
    assert type(error) is OutcomeUnknown
    assert error.code == "read_timeout"


def test_keep_alive_comments_keep_a_stream_from_falling_silent(tmp_path: Path) -> None:
    waits = threading.Event()

    def speak(connection: socket.socket) -> None:
        for _ in range(8):
            waits.wait(0.1)
            connection.sendall(b"3\r\n:\n\n\r\n")
        connection.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (len(FINISHED), FINISHED))

    meta = call(streaming(end=speak), tmp_path / "a", lambda _: None, read_timeout=0.5)
    assert len(read_answer(tmp_path / "a", meta).pictures) == 1


def test_an_endless_stream_is_cut_at_the_limit(tmp_path: Path) -> None:
    def flood(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    error = failure(streaming(b"data: ", end=flood), tmp_path / "a", max_answer_bytes=500_000)
    assert type(error) is OutcomeUnknown
    assert error.code == "too_large"


def test_a_disk_that_fills_during_a_stream_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.part").symlink_to("/dev/full")
    error = failure(streaming(partial(0), FINISHED), tmp_path / "a")
    assert type(error) is OutcomeUnknown
    assert (error.code, error.request_id) == ("no_space", "req_s")
