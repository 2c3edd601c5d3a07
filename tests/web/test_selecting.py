"""Object select: what the studio asks, and what it is answered."""

import base64
import io
import json
import time
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from editor.imaging import selecting as imaging
from editor.jobs.pictures import add_upload
from editor.web import selecting
from tests.drawing import png

pytestmark = pytest.mark.django_db

SIZE = (1280, 800)
BOX = [380, 180, 820, 620]


def scene() -> Any:
    pixels = np.full((SIZE[1], SIZE[0], 3), 170, np.uint8)
    pixels[200:600, 400:800] = (30, 60, 170)
    pixels[300:400, 1000:1100] = (30, 60, 170)
    return pixels


@pytest.fixture
def pictured(alice: Any, tmp_path: Any) -> Any:
    path = tmp_path / "scene.png"
    path.write_bytes(png(scene()))
    return add_upload(path, "scene.png", alice)


@pytest.fixture
def ask(pictured: Any, alice: Any, as_person: Any) -> Any:
    client = as_person(alice)

    def asked(**wish: Any) -> Any:
        told = {"box": BOX, "plus": [], "minus": [], "brush": 20, "previous": None, **wish}
        return client.post(
            f"/images/{pictured.pk}/select", json.dumps(told), content_type="application/json"
        )

    return asked


def mask_of(answer: Any) -> Any:
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png"), answer.content
    return np.asarray(Pillow.open(io.BytesIO(answer.content)).convert("L"))


def test_the_answer_is_a_mask_of_the_whole_picture_at_the_working_size(ask: Any) -> None:
    mask = mask_of(ask())
    assert mask.shape == (320, 512)
    wanted = np.zeros((320, 512), bool)
    wanted[80:240, 160:320] = True
    found = mask > 0
    assert np.count_nonzero(found & wanted) / np.count_nonzero(found | wanted) > 0.97


def test_the_answer_is_a_mask_of_one_bit_that_the_studio_reads_itself(ask: Any) -> None:
    assert ask().content[24:26] == b"\x01\x00"  # depth 1, grey


def test_an_answer_is_refined_by_lines(ask: Any) -> None:
    first = ask()
    line = [[1010, 310], [1090, 310], [1090, 390], [1010, 390], [1050, 350]]
    again = ask(previous=base64.b64encode(first.content).decode(), plus=[line], brush=40)
    mask = mask_of(again)
    assert mask[140, 420] == 255
    assert mask_of(first)[140, 420] == 0
    assert mask[160, 240] == 255


def test_answers_come_long_before_their_work_would_be_ended(ask: Any) -> None:
    """`make bench` has the goals of 2.5 s and 0.6 s; here other tests share the machine."""
    ask()  # starts the process that they are forked from
    started = time.monotonic()
    previous = base64.b64encode(ask().content).decode()
    ask(previous=previous, minus=[[[500, 300], [520, 320]]])
    assert time.monotonic() - started < imaging.SECONDS


@pytest.mark.parametrize(
    "wish",
    [
        {"box": None}, {"box": [1, 2, 3]}, {"box": [10, 10, 10, 20]}, {"box": ["a", 1, 2, 3]},
        {"box": [2000, 0, 3000, 100]}, {"box": [-50, -50, -1, -1]}, {"box": [0, 0, 1e300, 5]},
        {"box": [float("nan"), 0, 10, 10]}, {"box": [True, 0, 10, 10]},
        {"plus": "no"}, {"plus": [[]]}, {"plus": [[[1]]]}, {"plus": [[[1, None]]]},
        {"minus": [[[1, 2]]] * 501}, {"minus": [[[1, 2]] * 20_001]}, {"brush": "thick"},
        {"previous": 7}, {"previous": "not base64 at all"}, {"previous": "cnViYmlzaA=="},
        {"previous": base64.b64encode(png(np.zeros((10, 10), np.uint8))).decode()},
    ],
)  # fmt: skip
def test_rubbish_is_refused_in_words_and_costs_no_work(
    ask: Any, wish: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selecting, "_selected", None)
    answer = ask(**wish)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("The selection can")


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b'{"box":' * 1000, b"[" * 100_000])
def test_a_body_that_is_no_wish_is_refused(
    pictured: Any, alice: Any, as_person: Any, body: bytes
) -> None:
    answer = as_person(alice).post(
        f"/images/{pictured.pk}/select", body, content_type="application/json"
    )
    assert answer.status_code == 422


def test_a_body_too_long_is_not_read(pictured: Any, alice: Any, as_person: Any) -> None:
    body = b'{"box": [0, 0, 10, 10], "x": "' + b"x" * 1_100_000 + b'"}'
    answer = as_person(alice).post(
        f"/images/{pictured.pk}/select", body, content_type="application/json"
    )
    assert answer.status_code == 422


def test_when_all_places_are_taken_the_answer_says_so_and_when_to_ask_again(ask: Any) -> None:
    for _ in range(selecting.AT_ONCE):
        assert selecting._places.acquire(blocking=False)
    try:
        answer = ask()
    finally:
        for _ in range(selecting.AT_ONCE):
            selecting._places.release()
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert "Try again" in answer.json()["error"]
    assert ask().status_code == 200


def test_a_picture_that_takes_too_long_is_told_and_gives_its_place_back(
    ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(*_: Any) -> None:
        raise imaging.TookTooLong

    monkeypatch.setattr(imaging, "select_apart", too_long)
    for _ in range(selecting.AT_ONCE + 1):
        answer = ask()
        assert answer.status_code == 422
        assert "too long" in answer.json()["error"]


def test_nobody_selects_without_signing_in(pictured: Any, client: Any) -> None:
    answer = client.post(
        f"/images/{pictured.pk}/select", json.dumps({"box": BOX}), content_type="application/json"
    )
    assert answer.status_code == 302
    assert "/signin" in answer["Location"] or "sign" in answer["Location"]


def test_a_picture_that_is_not_there_is_not_found(alice: Any, as_person: Any) -> None:
    answer = as_person(alice).post(
        "/images/99999/select", json.dumps({"box": BOX}), content_type="application/json"
    )
    assert answer.status_code == 404


def test_only_a_few_wait_for_a_place_so_that_threads_are_left_for_others(ask: Any) -> None:
    taken = [(selecting._places, selecting.AT_ONCE), (selecting._queue, selecting.MOST_WAITING)]
    for places, count in taken:
        assert all(places.acquire(blocking=False) for _ in range(count))
    try:
        began = time.monotonic()
        answer = ask()
        waited = time.monotonic() - began
    finally:
        for places, count in taken:
            places.release(count)
    assert answer.status_code == 503
    assert waited < selecting.PATIENCE_S
    assert ask().status_code == 200
    assert selecting._queue._value == selecting.MOST_WAITING
