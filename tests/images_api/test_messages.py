import base64
import json
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from editor.images_api.errors import ProviderRejected, UnusableAnswer
from editor.images_api.messages import (
    AnswerMeta,
    FilePart,
    ImagesResponse,
    Request,
    kept_headers,
    picture_bytes,
    read_answer,
)

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
PART = FilePart("image.png", b"picture", "image/png", (8, 8))
MASK = FilePart("mask.png", b"mask", "image/png", (8, 8), has_alpha=True)


def request(**changes: Any) -> Request:
    given: dict[str, Any] = {"model": "m", "prompt": "p", "images": (PART,)}
    return Request(**{**given, **changes})


def answer(path: Path, body: object, status: int = 200, **headers: str) -> ImagesResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    path.write_bytes(data)
    return read_answer(path, AnswerMeta(status, headers, NOW, len(data)), secret="s3cret")


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_one_picture_is_sent_as_image() -> None:
    fields, files = request(mask=MASK).multipart()
    assert [name for name, _ in files] == ["image", "mask"]
    assert files[0][1] == ("image.png", b"picture", "image/png")
    assert fields == [("prompt", "p"), ("model", "m")]


def test_several_pictures_are_sent_as_an_array() -> None:
    _, files = request(images=(PART, PART), mask=MASK).multipart()
    assert [name for name, _ in files] == ["image[]", "image[]", "mask"]


def test_only_what_was_chosen_is_sent() -> None:
    chosen = request(n=2, size="auto", quality="low", user="u", output_compression=0)
    assert chosen.multipart()[0] == [
        ("prompt", "p"),
        ("model", "m"),
        ("n", "2"),
        ("output_compression", "0"),
        ("quality", "low"),
        ("size", "auto"),
        ("user", "u"),
    ]


def test_file_bytes_are_not_in_a_repr() -> None:
    assert "picture" not in repr(request())


def test_meta_data_survives_json() -> None:
    meta = AnswerMeta(200, {"x-request-id": "req_1"}, NOW, 17)
    assert AnswerMeta.from_dict(json.loads(json.dumps(meta.to_dict()))) == meta
    assert meta.request_id == "req_1"


def test_only_harmless_headers_are_kept() -> None:
    given = {
        "X-Request-Id": "req_1",
        "X-RateLimit-Remaining-Images": "3",
        "Set-Cookie": "session=1",
        "Content-Type": "a" * 1000,
    }
    assert kept_headers(given) == {
        "x-request-id": "req_1",
        "x-ratelimit-remaining-images": "3",
        "content-type": "a" * 200,
    }


def test_azures_name_for_a_call_stands_in_for_openais() -> None:
    assert kept_headers({"apim-request-id": "a-1"}) == {"x-request-id": "a-1"}
    both = {"Apim-Request-Id": "a-1", "X-Request-Id": "req_1"}
    assert kept_headers(both) == {"x-request-id": "req_1"}


def test_inline_pictures_are_read_one_at_a_time(tmp_path: Path) -> None:
    pictures = [b"first", b"second", bytes(range(256)) * 100]
    body = {"created": 1, "data": [{"b64_json": encoded(each)} for each in pictures]}
    response = answer(tmp_path / "a", body)
    assert [picture.index for picture in response.pictures] == [0, 1, 2]
    assert all(picture.is_inline and picture.url is None for picture in response.pictures)
    assert [picture_bytes(response, index) for index in (2, 0, 1)] == [
        pictures[2],
        pictures[0],
        pictures[1],
    ]


def test_reading_a_large_answer_takes_little_memory(tmp_path: Path) -> None:
    large = encoded(bytes(24_000_000)).encode()
    path = tmp_path / "a"
    path.write_bytes(b'{"data": [{"b64_json": "%b"}, {"b64_json": "%b"}]}' % (large, large))
    meta = AnswerMeta(200, {}, NOW, path.stat().st_size)
    tracemalloc.start()
    response = read_answer(path, meta)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(response.pictures) == 2
    assert peak < 2_000_000


def test_url_pictures_and_revised_prompts_are_read(tmp_path: Path) -> None:
    items = [{"url": "https://x.test/1"}, {"b64_json": encoded(b"x"), "revised_prompt": "rp"}]
    response = answer(tmp_path / "a", {"data": items})
    assert response.pictures[0].url == "https://x.test/1"
    assert not response.pictures[0].is_inline
    assert response.pictures[1].revised_prompt == "rp"
    with pytest.raises(KeyError):
        picture_bytes(response, 0)
    with pytest.raises(KeyError):
        picture_bytes(response, 5)


def test_fewer_or_broken_items_leave_the_usable_ones_with_their_index(tmp_path: Path) -> None:
    items = [None, {"b64_json": ""}, {"url": ""}, {"b64_json": encoded(b"x")}, "text", {"b64": 1}]
    response = answer(tmp_path / "a", {"data": items})
    assert [picture.index for picture in response.pictures] == [3]


def test_texts_that_look_like_pictures_do_not_confuse(tmp_path: Path) -> None:
    prompt = '"b64_json": "AAAA" and 0'
    items = [{"revised_prompt": prompt, "b64_json": encoded(b"real")}]
    body = {"b64_json": "stray", "data": items, "created": 5}
    response = answer(tmp_path / "a", body)
    assert response.pictures[0].revised_prompt == prompt
    assert picture_bytes(response, 0) == b"real"


def test_a_decimal_string_as_base64_is_read_from_the_file(tmp_path: Path) -> None:
    response = answer(tmp_path / "a", {"data": [{"b64_json": "1234"}]})
    assert picture_bytes(response, 0) == base64.b64decode("1234")


def test_escaped_slashes_and_data_urls_are_taken(tmp_path: Path) -> None:
    data = bytes([255] * 30)
    escaped = encoded(data).replace("/", "\\/").encode()
    body = b'{"data": [{"b64_json": "%b"}, {"b64_json": "data:image/png;base64,%b"}]}'
    response = answer(tmp_path / "a", body % (escaped, encoded(data).encode()))
    assert picture_bytes(response, 0) == data
    assert picture_bytes(response, 1) == data


@pytest.mark.parametrize("text", ["!!!!", "AAAA AAAA", "AAA", "=AAA", "AAAA\\nAAAA"])
def test_damaged_base64_is_unusable(tmp_path: Path, text: str) -> None:
    response = answer(tmp_path / "a", b'{"data": [{"b64_json": "%b"}]}' % text.encode())
    with pytest.raises(UnusableAnswer) as caught:
        picture_bytes(response, 0)
    assert caught.value.code == "bad_base64"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"<!doctype html><h1>502</h1>", "not_json"),
        (b'{"created": 1, "data": [{"b64_json": "AAAA', "not_json"),
        (b"[1]", "not_json"),
        (b"null", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"{}", "no_pictures"),
        (b'{"data": []}', "no_pictures"),
        (b'{"data": {"b64_json": "AAAA"}}', "no_pictures"),
        (b'{"data": [{}]}', "no_pictures"),
        (b'{"data": [{"b64_json": ""}]}', "no_pictures"),
        (b'{"error": {"message": "m", "code": null}}', "error_body"),
        (b'{"error": "text"}', "error_body"),
        (b'{"data": [], "text": "' + b"x" * 17_000_000 + b'"}', "too_much_text"),
    ],
)
def test_a_success_that_cannot_be_used_is_named(tmp_path: Path, body: bytes, code: str) -> None:
    with pytest.raises(UnusableAnswer) as caught:
        answer(tmp_path / "a", body, **{"x-request-id": "req_9"})
    assert caught.value.code == code
    assert caught.value.status == 200
    assert caught.value.request_id == "req_9"


def test_an_error_in_a_success_says_what_the_provider_said(tmp_path: Path) -> None:
    said = {"message": "Blocked by s3cret rules.", "code": "moderation_blocked", "type": "t"}
    with pytest.raises(UnusableAnswer) as caught:
        answer(tmp_path / "a", {"error": said, "data": []})
    assert caught.value.code == "moderation_blocked"
    assert caught.value.message == "Blocked by [key] rules."
    assert caught.value.moderation is not None


def test_a_picture_beside_an_error_is_not_lost(tmp_path: Path) -> None:
    body = {"error": {"message": "one failed"}, "data": [{"b64_json": encoded(b"x")}]}
    assert picture_bytes(answer(tmp_path / "a", body), 0) == b"x"


def test_an_error_status_raises_from_the_tree(tmp_path: Path) -> None:
    said = {"message": "No.", "type": "t", "param": "size", "code": "invalid_value"}
    with pytest.raises(ProviderRejected) as caught:
        answer(tmp_path / "a", {"error": said}, status=400)
    assert caught.value.param == "size"


def test_usage_is_read_with_its_parts(tmp_path: Path) -> None:
    usage = {
        "input_tokens": 50,
        "output_tokens": 100,
        "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
    }
    body = {"data": [{"b64_json": "AAAA"}], "usage": usage, "size": "8x8", "quality": "low"}
    response = answer(tmp_path / "a", body)
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens) == (50, 100)
    assert (response.usage.input_text_tokens, response.usage.input_image_tokens) == (10, 40)
    assert response.usage.output_image_tokens is None
    assert (response.size, response.quality) == ("8x8", "low")


@pytest.mark.parametrize(
    "usage",
    [None, [], "x", {}, {"input_tokens": -1, "output_tokens": 1}, {"input_tokens": 1},
     {"input_tokens": True, "output_tokens": 1}, {"input_tokens": 1.5, "output_tokens": 1}],
)  # fmt: skip
def test_nonsense_usage_is_none(tmp_path: Path, usage: object) -> None:
    body = {"data": [{"b64_json": "AAAA"}], "usage": usage}
    assert answer(tmp_path / "a", body).usage is None


def test_the_cost_of_an_svg_is_not_told_by_the_usage_of_its_picture(tmp_path: Path) -> None:
    counts = {"input_tokens": 1, "output_tokens": 1}
    body = {"data": [{"b64_json": "AAAA"}], "usage": counts, "svg_usage": {"model": "m", **counts}}
    assert answer(tmp_path / "a", body).usage is None
    assert answer(tmp_path / "a", {**body, "svg_usage": None}).usage is not None


@pytest.mark.parametrize("created", [1, -5, 10**18, True, "now", None])
def test_an_absurd_creation_time_gives_way_to_our_own(tmp_path: Path, created: object) -> None:
    body = {"data": [{"b64_json": "AAAA"}], "created": created}
    assert answer(tmp_path / "a", body).created == NOW


def test_a_plausible_creation_time_is_believed(tmp_path: Path) -> None:
    made = NOW - timedelta(seconds=90)
    body = {"data": [{"b64_json": "AAAA"}], "created": int(made.timestamp())}
    assert answer(tmp_path / "a", body).created == made
