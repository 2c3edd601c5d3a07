import base64
import socket
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from editor.imaging import files
from editor.sandbox.server import Options, running
from tests.sandbox.asking import ask_small, pixels_of
from tests.sandbox.streaming import SIZE, Event, ask_stream, events, generate, read_events
from tests.sandbox_server import Sandbox, running_sandbox, wait_until

DESCRIBED = {"size": SIZE, "quality": "low", "background": "opaque", "output_format": "png"}


def pixels(event: Event) -> np.ndarray:
    return pixels_of(event.data)


def decoded(event: Event) -> bytes:
    return base64.b64decode(event.data["b64_json"], validate=True)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


@pytest.mark.parametrize("count", [None, 0, 1, 3])
def test_as_many_previews_come_as_were_asked_for(sandbox: Sandbox, count: int | None) -> None:
    came = events(ask_stream(sandbox, partial_images=count))
    assert [event.name for event in came] == [
        *["image_edit.partial_image"] * (count or 0),
        "image_edit.completed",
    ]
    previews = came[:-1]
    assert [event.data["partial_image_index"] for event in previews] == list(range(count or 0))
    for event in came:
        assert event.data["type"] == event.name
        assert {name: event.data[name] for name in DESCRIBED} == DESCRIBED
        assert abs(event.data["created_at"] - time.time()) < 60
        assert pixels(event).shape[:2] == (640, 1024)


def test_previews_come_closer_to_the_picture(sandbox: Sandbox) -> None:
    for ask in (ask_stream, generate):
        *previews, last = events(ask(sandbox, partial_images=3, stream=True))
        away = [difference(pixels(preview), pixels(last)) for preview in previews]
        assert away == sorted(away, reverse=True)
        assert away[0] > away[-1] > 0


def test_the_stream_ends_with_the_picture_of_the_plain_answer(sandbox: Sandbox) -> None:
    plain = generate(sandbox).json()
    came = events(generate(sandbox, stream=True, partial_images=1))
    assert [event.name for event in came] == [
        "image_generation.partial_image",
        "image_generation.completed",
    ]
    assert came[1].data["b64_json"] == plain["data"][0]["b64_json"]
    edited = ask_stream(sandbox, stream=None).json()
    (last,) = events(ask_stream(sandbox))
    assert last.data["b64_json"] == edited["data"][0]["b64_json"]


def test_the_same_stream_comes_twice(sandbox: Sandbox) -> None:
    def told(answer: requests.Response) -> list[Any]:
        return [{**event.data, "created_at": 0} for event in events(answer)]

    assert told(ask_stream(sandbox, partial_images=2)) == told(
        ask_stream(sandbox, partial_images=2)
    )


def test_previews_have_the_format_asked_for(sandbox: Sandbox) -> None:
    came = events(ask_stream(sandbox, partial_images=1, output_format="webp"))
    assert [event.data["output_format"] for event in came] == ["webp", "webp"]
    for event in came:
        assert files.open_picture(decoded(event)).format == "webp"


def test_each_picture_has_its_own_event_and_its_own_share_of_the_usage(sandbox: Sandbox) -> None:
    plain = ask_stream(sandbox, stream=None, n=3).json()
    came = events(ask_stream(sandbox, n=3, partial_images=2))
    assert [event.name.partition(".")[2] for event in came] == [
        *["partial_image"] * 2,
        *["completed"] * 3,
    ]
    finished = came[2:]
    assert [event.data["b64_json"] for event in finished] == [
        item["b64_json"] for item in plain["data"]
    ]
    usages = [event.data["usage"] for event in finished]
    for name in ("input_tokens", "output_tokens", "total_tokens"):
        previews = 200 if name != "input_tokens" else 0
        assert sum(usage[name] for usage in usages) == plain["usage"][name] + previews


def test_a_preview_costs_a_hundred_tokens(sandbox: Sandbox) -> None:
    made = {
        count: events(ask_stream(sandbox, partial_images=count))[-1].data["usage"]["output_tokens"]
        for count in (0, 1, 3)
    }
    assert made[1] - made[0] == 100
    assert made[3] - made[0] == 300


def test_previews_asked_for_without_a_stream_are_neither_sent_nor_counted(sandbox: Sandbox) -> None:
    plain = ask_stream(sandbox, stream=None, partial_images=3).json()
    assert plain["usage"] == ask_stream(sandbox, stream="false").json()["usage"]


def test_the_identifier_is_given_back(sandbox: Sandbox) -> None:
    (last,) = events(ask_stream(sandbox, safety_identifier="someone"))
    assert last.data["safety_identifier"] == "someone"
    assert generate(sandbox, safety_identifier="someone").json()["safety_identifier"] == "someone"
    assert "safety_identifier" not in generate(sandbox).json()


def test_signs_of_life_come_while_nothing_else_does(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, SANDBOX_DELAY="0.6", SANDBOX_KEEP_ALIVE="0.1") as sandbox:
        answer = ask_stream(sandbox)
    assert answer.content.startswith(b": keep-alive\n\n")
    assert answer.content.count(b": keep-alive\n\n") >= 3
    assert len(events(answer)) == 1


def test_the_delay_is_spread_over_the_previews(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, SANDBOX_DELAY="0.9") as sandbox:
        began, arrived = time.monotonic(), []
        with requests.post(
            f"{sandbox.base_url}/images/generations",
            json={"prompt": "An otter", "size": SIZE, "stream": True, "partial_images": 2},
            headers={"Authorization": f"Bearer {sandbox.key}"},
            stream=True,
            timeout=30,
        ) as answer:
            for line in answer.iter_lines():
                if line.startswith(b"event: "):
                    arrived.append(time.monotonic() - began)
    assert len(arrived) == 3
    assert arrived[0] >= 0.3
    assert arrived[1] - arrived[0] >= 0.1
    assert arrived[2] >= 0.9


def test_calls_tell_what_was_asked_and_how_it_was_answered(sandbox: Sandbox) -> None:
    ask_stream(sandbox, partial_images=1)
    generate(sandbox)
    ask_small(sandbox, path="/images/variations", prompt=None, mask=None)
    told = [(call["operation"], call["streamed"], call["worked"]) for call in sandbox.calls()]
    assert told == [("edit", True, True), ("generate", False, True), ("vary", False, True)]


# Faults


def test_a_cut_stream_has_its_first_preview_and_no_end(sandbox: Sandbox) -> None:
    received = b""
    with pytest.raises(requests.exceptions.ChunkedEncodingError):  # noqa: PT012
        with requests.post(
            f"{sandbox.base_url}/images/generations",
            json={"prompt": "An otter", "size": SIZE, "stream": True, "partial_images": 2},
            headers={"Authorization": f"Bearer {sandbox.key}", "X-Sandbox-Fault": "stream-cut"},
            stream=True,
            timeout=30,
        ) as answer:
            for piece in answer.iter_content(None):
                received += piece
    (event,) = read_events(received)
    assert event.name == "image_generation.partial_image"
    assert [call["worked"] for call in sandbox.calls()] == [True]


def test_a_stream_may_end_without_its_picture(sandbox: Sandbox) -> None:
    came = events(ask_stream(sandbox, "stream-ends", partial_images=2))
    assert [event.name for event in came] == ["image_edit.partial_image"] * 2
    assert sandbox.calls()[0]["outcome"] == "200 stream-ends"


@pytest.mark.parametrize(
    ("argument", "code", "kind"),
    [
        ("", "server_error", "server_error"),
        (":rate_limit_exceeded", "rate_limit_exceeded", "rate_limit_error"),
        (":moderation_blocked", "moderation_blocked", "image_generation_user_error"),
    ],
)
def test_a_stream_may_end_with_an_error(
    sandbox: Sandbox, argument: str, code: str, kind: str
) -> None:
    *previews, last = events(ask_stream(sandbox, f"stream-error{argument}", partial_images=1))
    assert len(previews) == 1
    assert (last.name, last.data["type"]) == ("error", "error")
    assert (last.data["error"]["code"], last.data["error"]["type"]) == (code, kind)
    (flat,) = events(ask_stream(sandbox, f"stream-flat-error{argument}"))
    assert (flat.data["type"], flat.data["code"]) == ("error", code)
    assert "error" not in flat.data


def test_a_stream_may_be_answered_with_plain_json(sandbox: Sandbox) -> None:
    answer = ask_stream(sandbox, "plain-json", partial_images=2)
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.json()["data"][0]) == {"b64_json"}


def test_previews_may_come_slowly(sandbox: Sandbox) -> None:
    began = time.monotonic()
    assert len(events(ask_stream(sandbox, "slow-partials:0.3", partial_images=2))) == 3
    assert time.monotonic() - began >= 0.6


def test_a_slow_stream_begins_at_once_and_brings_its_previews_in_between(sandbox: Sandbox) -> None:
    began, seen = time.monotonic(), []
    with requests.post(
        f"{sandbox.base_url}/images/generations",
        json={"prompt": "An otter", "size": SIZE, "stream": True, "partial_images": 1},
        headers={"Authorization": f"Bearer {sandbox.key}", "X-Sandbox-Fault": "slow:1.5"},
        stream=True,
        timeout=30,
    ) as answer:
        seen.append(time.monotonic() - began)
        for line in answer.iter_lines():
            if line.startswith(b"event: "):
                seen.append(time.monotonic() - began)
    head, preview, picture = seen
    assert preview - head > 0.3
    assert picture - preview > 0.3
    assert picture >= 1.5


def test_old_faults_spoil_streams_too(sandbox: Sandbox) -> None:
    assert ask_stream(sandbox, "429:3").status_code == 429
    assert ask_stream(sandbox, "html").headers["Content-Type"] == "text/html"
    assert "error" in ask_stream(sandbox, "error-200").json()
    assert events(ask_stream(sandbox, "empty-data")) == []
    (bad,) = events(ask_stream(sandbox, "bad-picture"))
    assert decoded(bad) == b"This is not a picture."
    spoiled = ask_stream(sandbox, "bad-json").content
    assert spoiled.startswith(b"event: image_edit.completed\ndata: {")
    assert b'"}' not in spoiled
    for fault in ("truncate", "drop-before", "drop-after"):
        with pytest.raises(requests.RequestException):
            ask_stream(sandbox, fault)
    assert [call["worked"] for call in sandbox.calls()][-3:] == [True, False, True]


def test_faults_of_streams_leave_plain_answers_alone(sandbox: Sandbox) -> None:
    for fault in ("stream-cut", "stream-ends", "stream-error", "plain-json", "slow-partials:9"):
        answer = ask_small(sandbox, headers={"X-Sandbox-Fault": fault})
        assert len(answer.json()["data"]) == 1


def test_an_error_of_the_sandbox_itself_ends_the_stream_with_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(options=Options(directory=tmp_path)) as server:
        monkeypatch.setattr(server.painter, "paint", lambda work: 1 / 0)
        (last,) = events(ask_stream(Sandbox(server.base_url, "sandbox")))
        assert last.data["error"]["code"] == "server_error"
        wait_until(lambda: server.calls.listed()[0]["ended"])
        assert server.calls.listed()[0]["outcome"] == "500 crashed"


def test_a_client_that_leaves_a_stream_frees_the_sandbox(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, SANDBOX_DELAY="0.5", SANDBOX_KEEP_ALIVE="0.05") as sandbox:
        body = b'{"prompt": "An otter", "size": "1024x640", "stream": true}'
        head = (
            f"POST /v1/images/generations HTTP/1.1\r\nAuthorization: Bearer {sandbox.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        port = int(sandbox.origin.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(head.encode() + body)
            assert client.recv(15) == b"HTTP/1.1 200 OK"
        wait_until(lambda: sandbox.calls()[0]["ended"])
        assert sandbox.calls()[0]["outcome"] == "gone"


def test_an_older_protocol_is_streamed_to_until_the_connection_closes(sandbox: Sandbox) -> None:
    body = b'{"prompt": "An otter", "size": "1024x640", "stream": true}'
    head = (
        f"POST /v1/images/generations HTTP/1.0\r\nAuthorization: Bearer {sandbox.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    port = int(sandbox.origin.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(head.encode() + body)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    _, _, content = answer.partition(b"\r\n\r\n")
    assert [event.name for event in read_events(content)] == ["image_generation.completed"]
