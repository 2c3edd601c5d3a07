"""Streamed answers: signs of life, previews, pictures, errors, in the API's own events."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest
import requests

from editor.gateway import streaming
from editor.gateway.waiting import places
from editor.models import Call, Edit, Status
from tests.canned_provider import Answer, error, event, pictures
from tests.drawing import photo_png
from tests.gateway.calling import PHOTO, PNG, Gateway, events_in, upload
from tests.jobs.several import streamed_in_two_frames
from tests.sandbox_server import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

WISH = {"model": "gpt-image-2", "prompt": "Remove the sign", "stream": "true"}
FILES = [upload("image", PHOTO)]
DONE = "image_edit.completed"


@contextmanager
def streamed(gateway: Gateway, **fields: Any) -> Iterator[requests.Response]:
    headers = {"Authorization": f"Bearer {gateway.key}", **fields.pop("headers", {})}
    with requests.post(
        f"{gateway.base_url}/images/edits",
        data={**WISH, **fields},
        files=FILES,
        headers=headers,
        stream=True,
        timeout=20,
    ) as answer:
        yield answer


def read_to(answer: requests.Response, text: str) -> str:
    """What has come, once `text` is in it."""
    got = ""
    while piece := answer.raw.read1(65536):  # what is there, without waiting for more
        got += piece.decode()
        if text in got:
            return got
    pytest.fail(f"{text!r} did not come; this did: {got[:500]!r}")


@pytest.mark.usefixtures("worker")
def test_previews_come_while_the_provider_still_works(gateway: Gateway, canned: Any) -> None:
    go_on, first = threading.Event(), photo_png((1024, 768), shade=11)
    partial, done = "image_edit.partial_image", event(DONE, size=(1024, 768))
    canned.usual = Answer(
        stream=[event(partial, picture=first, partial_image_index=0), go_on, done]
    )
    with streamed(gateway, partial_images="2") as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["X-Accel-Buffering"] == "no"
        assert answer.headers["Cache-Control"] == "no-store"
        so_far = read_to(answer, '"}\n\n')
        assert DONE not in so_far
        go_on.set()
        rest = answer.raw.read().decode()
    (kind, preview), (last_kind, last) = events_in(so_far + rest)
    assert (kind, last_kind) == (partial, DONE)
    assert base64.b64decode(preview["b64_json"]) == first
    assert (preview["partial_image_index"], preview["type"]) == (0, partial)
    assert base64.b64decode(last["b64_json"]).startswith(b"\x89PNG")
    assert last["created_at"] == int(Edit.objects.get().finished_at.timestamp())


def test_the_first_bytes_come_at_once_and_signs_of_life_follow(
    gateway: Gateway, canned: Any, monkeypatch: pytest.MonkeyPatch, drain: Any
) -> None:
    monkeypatch.setattr(streaming, "KEEP_ALIVE_S", 0.05)
    with streamed(gateway) as answer:
        alive = read_to(answer, ": keep-alive\n\n" * 3)
        assert Edit.objects.get().status == Status.QUEUED
        assert not events_in(alive)
        drain()
        events = events_in(read_to(answer, DONE) + answer.raw.read().decode())
    assert [name for name, _ in events] == [DONE]


@pytest.mark.usefixtures("worker")
def test_no_previews_are_bought_that_nobody_asked_for(gateway: Gateway, canned: Any) -> None:
    with streamed(gateway) as answer:
        assert DONE in answer.text
    assert "partial_images" not in canned.requests[0]
    assert "partial_images" not in Edit.objects.get().options


@pytest.mark.usefixtures("worker")
def test_an_error_is_an_event_that_the_official_client_raises(
    gateway: Gateway, canned: Any
) -> None:
    canned.usual = Answer(400, error("moderation_blocked", "No.", "image_generation_user_error"))
    client = openai.OpenAI(base_url=gateway.base_url, api_key=gateway.key, max_retries=2)
    stream = client.images.edit(
        image=("a.png", PHOTO, PNG), prompt="p", model="gpt-image-2", stream=True
    )
    with pytest.raises(openai.APIError) as caught:
        list(stream)
    assert caught.value.code == "moderation_blocked"
    assert caught.value.type == "image_generation_user_error"
    assert canned.calls == 1


def test_what_is_wrong_from_the_start_is_no_stream(gateway: Gateway) -> None:
    with streamed(gateway, n="0") as answer:
        assert answer.status_code == 400
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json()["error"]["param"] == "n"


@pytest.mark.usefixtures("worker")
def test_each_picture_of_several_is_an_event_and_their_usage_adds_up(
    gateway: Gateway, canned: Any
) -> None:
    canned.usual = Answer(body=pictures(3))
    with streamed(gateway, n="3") as answer:
        events = events_in(answer.text)
    assert [name for name, _ in events] == [DONE] * 3
    assert len({data["b64_json"] for _, data in events}) == 3
    usages = [data["usage"] for _, data in events]
    assert sum(usage["output_tokens"] for usage in usages) == 200
    assert sum(usage["input_tokens_details"]["image_tokens"] for usage in usages) == 90


def test_a_stream_that_waited_too_long_says_so_and_the_retry_joins(
    gateway: Gateway, canned: Any, settings: Any, drain: Any
) -> None:
    settings.GATEWAY_WAIT_S = 0.2
    with streamed(gateway) as answer:
        ((name, data),) = events_in(answer.text)
    assert (name, data["error"]["code"]) == ("error", "still_running")
    settings.GATEWAY_WAIT_S = 20
    drain()
    with streamed(gateway, headers={"x-stainless-retry-count": "1"}) as answer:
        assert DONE in answer.text
    assert canned.calls == 1
    wait_until(lambda: Call.objects.get().delivered_at is not None)


def test_a_stream_that_is_closed_frees_its_place_and_the_edit_goes_on(
    gateway: Gateway, canned: Any, monkeypatch: pytest.MonkeyPatch, drain: Any
) -> None:
    monkeypatch.setattr(streaming, "KEEP_ALIVE_S", 0.02)
    with streamed(gateway) as answer:
        read_to(answer, ": keep-alive")
        assert places.taken == 1
    wait_until(lambda: places.taken == 0)
    drain()
    assert Edit.objects.get().status == Status.SUCCEEDED
    assert Call.objects.get().delivered_at is None


def test_a_mistake_of_ours_ends_the_stream_with_an_error(
    gateway: Gateway, canned: Any, monkeypatch: pytest.MonkeyPatch, drain: Any
) -> None:
    def broken(_edit_id: int) -> None:
        raise ValueError("the secret of it")

    monkeypatch.setattr(streaming, "ended", broken)
    with streamed(gateway) as answer:
        read_to(answer, ": keep-alive")
        drain()
        said = answer.raw.read().decode()
    ((name, data),) = events_in(said)
    assert (name, data["error"]["type"]) == ("error", "server_error")
    assert "secret" not in json.dumps(data)


@pytest.mark.usefixtures("worker")
def test_previews_of_all_frames_come_and_are_counted_on(
    gateway: Gateway, canned: Any, later: Any, photo: Any, make_edit: Any
) -> None:
    steps = threading.Event(), threading.Event()
    partial, usage = "image_edit.partial_image", {"input_tokens": 10, "output_tokens": 20}
    done = event(DONE, size=(1024, 640), usage={**usage, "total_tokens": 30})
    canned.script = [Answer(stream=[event(partial), step, done]) for step in steps]
    edit = streamed_in_two_frames(make_edit, photo)
    got: list[bytes] = []
    read = later(lambda: [got.append(piece) for piece in streaming.Events(edit.pk, "edit", "")])
    for number, step in enumerate(steps, start=1):
        wait_until(lambda wanted=number: len(previews_in(got)) == wanted, 20)
        step.set()
    read()
    events = events_in(b"".join(got).decode())
    assert [kind for kind, _ in events] == [partial, partial, DONE]
    assert [said["partial_image_index"] for said in previews_in(got)] == [0, 1]
    assert previews_in(got)[0]["size"] == "1024x640"
    assert events[-1][1]["usage"]["total_tokens"] == 60


def previews_in(pieces: list[bytes]) -> list[dict[str, Any]]:
    events = events_in(b"".join(pieces).decode())
    return [said for kind, said in events if kind == "image_edit.partial_image"]
