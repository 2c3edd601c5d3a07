import base64
import json
from datetime import date
from typing import Any

import pytest

from editor.images_api import answers
from editor.images_api.answers import Description, Given
from editor.images_api.catalogue import default
from editor.images_api.messages import Usage

PICTURE = bytes(range(256)) * 5000  # more than a slice, and no multiple of three
DESCRIBED = Description(size="1024x1024", quality="low", background="opaque", output_format="png")


def read(pieces: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(b"".join(pieces))
    return answer


def event(data: bytes) -> tuple[str, dict[str, Any]]:
    name, text, *end = data.decode().split("\n")
    assert end == ["", ""]
    assert name.startswith("event: ") and text.startswith("data: ")
    return name[7:], json.loads(text[6:])


def test_an_answer_without_anything_but_pictures_says_nothing_else() -> None:
    answer = read(answers.response(7, [Given(url="http://x/"), Given(PICTURE)]))
    assert set(answer) == {"created", "data"}
    assert answer["created"] == 7
    assert answer["data"][0] == {"url": "http://x/"}
    assert base64.b64decode(answer["data"][1]["b64_json"], validate=True) == PICTURE


def test_an_answer_without_pictures_is_json_too() -> None:
    assert read(answers.response(7, [])) == {"created": 7, "data": []}


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 1000])
def test_pictures_in_pieces_of_any_size_become_one_text(size: int) -> None:
    step = max(size, 1)
    pieces = [PICTURE[start : start + step] for start in range(0, min(len(PICTURE), 5000), step)]
    answer = read(answers.response(7, [Given(iter([b"", *pieces, b""]))]))
    whole = b"".join(pieces)
    assert base64.b64decode(answer["data"][0]["b64_json"], validate=True) == whole


def test_an_answer_is_made_while_it_is_sent() -> None:
    made = []

    def pictures() -> Any:
        for number in range(2):
            made.append(number)
            yield Given(b"picture")

    pieces = answers.response(7, pictures())
    next(pieces)
    assert made == []
    read([b'{"data": [', *pieces])
    assert made == [0, 1]


def test_all_that_is_known_is_said_and_nothing_empty() -> None:
    usage = Usage(10, 20, input_text_tokens=4, input_image_tokens=6)
    given = Given(b"p", revised_prompt='A "nicer" otter')
    described = Description(size="1024x1024", safety_identifier="someone")
    answer = read(answers.response(7, [given], described, usage))
    assert answer["data"][0]["revised_prompt"] == 'A "nicer" otter'
    assert (answer["size"], answer["safety_identifier"]) == ("1024x1024", "someone")
    assert {"quality", "background", "output_format"}.isdisjoint(answer)
    assert answer["usage"]["total_tokens"] == 30


@pytest.mark.parametrize(
    ("usage", "given"),
    [
        (Usage(10, 20, 4, 6, 0, 20), (4, 6, 0, 20)),
        (Usage(10, 20), (0, 10, 0, 20)),
        (Usage(10, 20, input_image_tokens=3), (7, 3, 0, 20)),
        (Usage(10, 20, input_text_tokens=3), (3, 7, 0, 20)),
    ],
)
def test_tokens_of_unknown_kind_count_as_the_pictures(
    usage: Usage, given: tuple[int, int, int, int]
) -> None:
    fields = answers.usage_fields(usage)
    details = [fields["input_tokens_details"], fields["output_tokens_details"]]
    counted = [each[name] for each in details for name in ("text_tokens", "image_tokens")]
    assert tuple(counted) == given


def test_previews_and_pictures_are_events_with_their_own_names() -> None:
    name, data = event(answers.partial_event("edit", PICTURE, 2, 7, DESCRIBED))
    assert name == data["type"] == "image_edit.partial_image"
    assert (data["partial_image_index"], data["created_at"], data["size"]) == (2, 7, "1024x1024")
    assert base64.b64decode(data["b64_json"], validate=True) == PICTURE
    name, data = event(answers.completed_event("generate", PICTURE, 7, DESCRIBED, Usage(1, 2)))
    assert name == data["type"] == "image_generation.completed"
    assert data["usage"]["total_tokens"] == 3
    assert "partial_image_index" not in data


def test_an_error_stands_where_the_official_client_looks_for_it() -> None:
    name, data = event(answers.error_event({"error": {"message": "No.", "code": "c"}}))
    assert (name, data["type"]) == ("error", "error")
    assert data["error"] == {"message": "No.", "code": "c"}


def test_models_are_listed_with_their_last_day_until_it_is_past() -> None:
    listed = answers.models_list(default().models(), date(2026, 5, 11))
    assert listed["object"] == "list"
    days = {entry["id"]: entry["shutdown_date"] for entry in listed["data"]}
    assert days["gpt-image-2"] is None
    assert days["dall-e-2"] == "2026-05-12"
    assert {entry["object"] for entry in listed["data"]} == {"model"}
    retired = default().get("dall-e-2")
    assert answers.model_entry(retired, date(2026, 5, 12))["shutdown_date"] is None
