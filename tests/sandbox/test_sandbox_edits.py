import base64
import threading
from pathlib import Path

import numpy as np
import pytest
import requests

from editor.images_api.catalogue import default
from editor.imaging import files
from tests.drawing import photo_pixels
from tests.sandbox.asking import (
    API_MASK,
    MASK,
    PICTURE,
    PNG,
    SIZE,
    ask,
    ask_small,
    edited,
    picture,
)
from tests.sandbox_server import Sandbox, running_sandbox

SOURCE = photo_pixels(SIZE)
OUTSIDE = MASK == 0


def test_a_model_that_keeps_the_rest_changes_the_masked_area_only(sandbox: Sandbox) -> None:
    (result,) = edited(sandbox, model="dall-e-2", response_format="b64_json")
    assert result.shape == (1024, 1024, 3)
    assert (result[OUTSIDE] == SOURCE[OUTSIDE]).all()
    assert (result[~OUTSIDE] != SOURCE[~OUTSIDE]).any(axis=1).mean() > 0.3


def test_what_is_filled_in_looks_like_its_surroundings(sandbox: Sandbox) -> None:
    spoiled = SOURCE.copy()
    spoiled[MASK > 0] = (255, 0, 255)
    upload = ("image", ("a.png", files.encode_png(spoiled), PNG))
    (result,) = edited(sandbox, model="dall-e-2", uploads=[upload])
    difference = np.abs(result[~OUTSIDE].astype(int) - SOURCE[~OUTSIDE].astype(int))
    assert difference.mean() < 12  # a smooth ramp continues; magenta would be about 110 away


def test_a_model_that_renders_anew_touches_everything_a_little(sandbox: Sandbox) -> None:
    (result,) = edited(sandbox)
    difference = np.abs(result[OUTSIDE].astype(int) - SOURCE[OUTSIDE].astype(int))
    assert (difference > 0).any(axis=1).mean() > 0.5
    assert 0.5 < difference.mean() < 15


def test_the_drift_can_be_turned_off_and_up(tmp_path: Path) -> None:
    differences = {}
    for drift in ("off", "mild", "strong"):
        with running_sandbox(tmp_path, SANDBOX_DRIFT=drift) as sandbox:
            (result,) = edited(sandbox)
        differences[drift] = np.abs(result[OUTSIDE].astype(int) - SOURCE[OUTSIDE].astype(int))
    assert differences["off"].max() == 0
    assert 0 < differences["mild"].mean() < differences["strong"].mean()


def test_the_same_request_gives_the_same_pictures(tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as first:
        once = edited(first, n=2)
    with running_sandbox(tmp_path) as second:
        again = edited(second, n=2)
    assert all((one == other).all() for one, other in zip(once, again, strict=True))


@pytest.mark.parametrize("model", ["gpt-image-2", "dall-e-2"])
def test_several_results_differ_from_each_other(sandbox: Sandbox, model: str) -> None:
    results = edited(sandbox, model=model, n=3)
    assert len(results) == 3
    for one, other in [(0, 1), (0, 2), (1, 2)]:
        assert (results[one] != results[other]).any()


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ("1536x1024", (1024, 1536)),
        ("1152x896", (896, 1152)),
        ("2048x2048", (2048, 2048)),
        ("auto", (1024, 1024)),
    ],
)
def test_the_answer_has_the_size_asked_for(
    sandbox: Sandbox, size: str, shape: tuple[int, int]
) -> None:
    (result,) = edited(sandbox, size=size)
    assert result.shape[:2] == shape


def test_auto_follows_the_shape_of_the_picture(sandbox: Sandbox) -> None:
    upload = ("image", ("a.png", picture((900, 600)), PNG))
    answer = ask(sandbox, uploads=[upload], mask=None, size="auto").json()
    assert answer["size"] == "1536x1024"


@pytest.mark.parametrize(
    ("chosen", "kind"),
    [
        ({"output_format": "webp"}, "webp"),
        ({"output_format": "jpeg", "output_compression": "60"}, "jpeg"),
        ({}, "png"),
    ],
)
def test_the_answer_has_the_format_asked_for(
    sandbox: Sandbox, chosen: dict[str, str], kind: str
) -> None:
    answer = ask(sandbox, **chosen).json()
    assert answer["output_format"] == kind
    assert files.sniff(base64.b64decode(answer["data"][0]["b64_json"])) == kind


def test_without_a_mask_the_whole_picture_is_rendered_softly(sandbox: Sandbox) -> None:
    (result,) = edited(sandbox, mask=None)
    assert (result != SOURCE).any(axis=2).mean() > 0.5
    assert np.abs(result.astype(int) - SOURCE.astype(int)).mean() < 25  # it is still that picture


def test_transparency_is_the_mask_where_none_is_sent(sandbox: Sandbox) -> None:
    upload = ("image", ("a.png", picture(alpha=255 - MASK), PNG))
    (result,) = edited(sandbox, model="dall-e-2", uploads=[upload], mask=None)
    assert (result[OUTSIDE] == SOURCE[OUTSIDE]).all()
    assert (result[~OUTSIDE] != SOURCE[~OUTSIDE]).any()


def test_the_answer_of_a_token_priced_model_is_described(sandbox: Sandbox) -> None:
    answer = ask(sandbox, quality="high", size="1024x1024").json()
    described = {name: answer[name] for name in ("size", "quality", "background", "output_format")}
    assert described == {
        "size": "1024x1024",
        "quality": "high",
        "background": "opaque",
        "output_format": "png",
    }
    assert answer["usage"] == {
        "input_tokens": 1028,
        "input_tokens_details": {"text_tokens": 4, "image_tokens": 1024},
        "output_tokens": 7024,
        "output_tokens_details": {"text_tokens": 0, "image_tokens": 7024},
        "total_tokens": 8052,
    }


def test_usage_counts_every_picture_in_and_out(sandbox: Sandbox) -> None:
    uploads = [("image[]", ("a.png", PICTURE, PNG)), ("image[]", ("b.png", PICTURE, PNG))]
    usage = ask(sandbox, uploads=uploads, quality="low", size="1024x1024", n=2).json()["usage"]
    assert usage["input_tokens_details"]["image_tokens"] == 2048
    assert usage["output_tokens"] == 2 * 196


def test_both_forms_of_the_path_are_served(sandbox: Sandbox) -> None:
    assert len(ask(sandbox, path="/images/edits/").json()["data"]) == 1


def test_every_answer_has_the_apis_headers(sandbox: Sandbox) -> None:
    answers = [
        ask(sandbox),
        ask(sandbox, model="none"),
        requests.get(f"{sandbox.base_url}/models", timeout=5),
        requests.get(f"{sandbox.origin}/nowhere", timeout=5),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 401, 404]
    identities = {answer.headers["x-request-id"] for answer in answers}
    assert len(identities) == 4
    assert all(identity.startswith("req_") for identity in identities)
    assert int(answers[0].headers["openai-processing-ms"]) > 0


def test_one_connection_carries_many_requests(sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    with requests.Session() as session:
        for fields in ({"model": "none"}, {"model": "gpt-image-2"}):
            answer = session.post(
                f"{sandbox.base_url}/images/edits",
                data={"prompt": "Remove it", **fields},
                files=[("image", ("a.png", PICTURE, PNG)), ("mask", ("m.png", API_MASK, PNG))],
                headers=headers,
                timeout=30,
            )
        assert answer.status_code == 200
        assert session.get(f"{sandbox.origin}/healthz", timeout=5).json() == {"status": "ok"}


def test_the_models_are_listed_with_their_last_day(sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    listed = requests.get(f"{sandbox.base_url}/models", headers=headers, timeout=5).json()["data"]
    days = {model["id"]: model["shutdown_date"] for model in listed}
    assert days["gpt-image-2"] is None
    assert days["dall-e-2"] is None  # it is past, and served here all the same
    assert list(days) == [model.id for model in default().models()]


def test_one_model_is_told_about_by_its_name(sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    answer = requests.get(f"{sandbox.base_url}/models/dall-e-3/", headers=headers, timeout=5)
    assert (answer.json()["id"], answer.json()["object"]) == ("dall-e-3", "model")
    answer = requests.get(f"{sandbox.base_url}/models/none", headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


def test_the_sandbox_counts_its_calls(sandbox: Sandbox) -> None:
    ask_small(sandbox, headers={"X-Client-Request-Id": "first"}, n=2)
    ask_small(sandbox, headers={"X-Client-Request-Id": "second"}, n=99)
    ask_small(sandbox, headers={"X-Client-Request-Id": "third", "Authorization": "Bearer wrong"})
    counted = [
        (call["key"], call["model"], call["n"], call["outcome"], call["worked"])
        for call in sandbox.calls()
    ]
    assert counted == [
        ("first", "dall-e-2", 2, "200", True),
        ("second", "dall-e-2", 0, "400 integer_above_max_value", False),
        ("third", "", 0, "401 invalid_api_key", False),
    ]


def test_sixty_four_slow_calls_take_hardly_longer_than_one(tmp_path: Path) -> None:
    statuses: list[int] = []
    with running_sandbox(tmp_path, SANDBOX_DELAY=2) as sandbox:
        threads = [
            threading.Thread(target=lambda: statuses.append(ask_small(sandbox).status_code))
            for _ in range(64)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        calls = sandbox.calls()
    assert statuses == [200] * 64
    ends = [call["time"] + call["seconds"] for call in calls]
    # one after the other they would take 128 s
    assert max(ends) - min(call["time"] for call in calls) < 30
