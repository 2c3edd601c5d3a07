"""Streamed answers as they are read back from the spool."""

import base64
import json
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from editor.images_api.errors import (
    OutcomeUnknown,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    UnusableAnswer,
)
from editor.images_api.messages import AnswerMeta, ImagesResponse, picture_bytes, read_answer

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
EVENTS = "text/event-stream; charset=utf-8"


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def event(kind: str, **said: Any) -> bytes:
    body = json.dumps({"type": kind, **said})
    return f"event: {kind}\ndata: {body}\n\n".encode()


def partial(index: int = 0, data: bytes = b"blurred") -> bytes:
    return event("image_edit.partial_image", b64_json=encoded(data), partial_image_index=index)


def completed(data: bytes, **said: Any) -> bytes:
    usual = {"created_at": int(NOW.timestamp()) - 3, "size": "8x8", "quality": "low"}
    return event("image_edit.completed", b64_json=encoded(data), **{**usual, **said})


def usage(given: int, made: int, **parts: Any) -> dict[str, Any]:
    return {"input_tokens": given, "output_tokens": made, **parts}


def read(path: Path, body: bytes, content_type: str = EVENTS) -> ImagesResponse:
    path.write_bytes(body)
    headers = {"content-type": content_type, "x-request-id": "req_5"}
    return read_answer(path, AnswerMeta(200, headers, NOW, len(body)), secret="s3cret")


def failure(path: Path, body: bytes, content_type: str = EVENTS) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        read(path, body, content_type)
    return caught.value


def test_the_finished_picture_of_a_stream_is_its_answer(tmp_path: Path) -> None:
    told = usage(50, 100, input_tokens_details={"text_tokens": 10, "image_tokens": 40})
    body = partial(0) + b": keep-alive\n\n" + partial(1) + completed(b"sharp", usage=told)
    answer = read(tmp_path / "a", body + b"data: [DONE]\n\n")
    assert [picture_bytes(answer, each.index) for each in answer.pictures] == [b"sharp"]
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.input_image_tokens) == (50, 40)
    assert (answer.size, answer.quality, answer.request_id) == ("8x8", "low", "req_5")
    assert NOW.timestamp() - answer.created.timestamp() == 3


def test_several_pictures_come_in_their_order_with_the_sum_of_their_usage(tmp_path: Path) -> None:
    details = {"text_tokens": 1, "image_tokens": 2}
    body = completed(b"one", usage=usage(3, 100, input_tokens_details=details))
    body += completed(b"two", usage=usage(3, 110, input_tokens_details=details), size="9x9")
    answer = read(tmp_path / "a", body)
    assert [picture.index for picture in answer.pictures] == [0, 1]
    assert [picture_bytes(answer, index) for index in (1, 0)] == [b"two", b"one"]
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (6, 210)
    assert (answer.usage.input_text_tokens, answer.usage.output_text_tokens) == (2, None)
    assert answer.size == "8x8"


def test_a_usage_that_one_picture_lacks_is_unknown_for_all(tmp_path: Path) -> None:
    body = completed(b"one", usage=usage(3, 100)) + completed(b"two")
    assert read(tmp_path / "a", body).usage is None
    assert (
        read(tmp_path / "b", completed(b"one") + completed(b"x", usage=usage(1, 1))).usage is None
    )


@pytest.mark.parametrize("label", [EVENTS, "application/json", "text/plain", ""])
def test_a_stream_is_known_by_its_bytes_whatever_its_label(tmp_path: Path, label: str) -> None:
    assert len(read(tmp_path / "a", completed(b"x"), label).pictures) == 1
    assert len(read(tmp_path / "a", b"\xef\xbb\xbf\n" + completed(b"x"), label).pictures) == 1


@pytest.mark.parametrize("label", [EVENTS, "application/json", ""])
def test_plain_json_in_place_of_a_stream_is_read_as_what_it_is(tmp_path: Path, label: str) -> None:
    body = json.dumps({"created": 1, "data": [{"b64_json": encoded(b"x")}]}).encode()
    assert picture_bytes(read(tmp_path / "a", body, label), 0) == b"x"


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_other_line_ends_change_nothing(tmp_path: Path, end: bytes) -> None:
    body = (partial() + completed(b"x")).replace(b"\n", end)
    assert picture_bytes(read(tmp_path / "a", body), 0) == b"x"


def test_an_event_is_known_by_its_name_where_its_text_has_no_type(tmp_path: Path) -> None:
    body = b'event: image_generation.completed\ndata: {"b64_json": "%b"}\n\n'
    answer = read(tmp_path / "a", body % encoded(b"x").encode())
    assert picture_bytes(answer, 0) == b"x"


def test_a_whole_answer_in_one_event_is_taken(tmp_path: Path) -> None:
    whole = {"created": 1, "data": [{"b64_json": encoded(b"x")}, {"url": "https://x.test/2"}]}
    answer = read(tmp_path / "a", b"data: %b\n\n" % json.dumps(whole).encode())
    assert picture_bytes(answer, 0) == b"x"
    assert answer.pictures[1].url == "https://x.test/2"


def test_pictures_keep_their_places_beside_unusable_ones(tmp_path: Path) -> None:
    whole = {"data": [{}, {"b64_json": encoded(b"one")}], "usage": usage(1, 10)}
    body = b"data: %b\n\n" % json.dumps(whole).encode()
    body += completed(b"", usage=usage(1, 10)) + completed(b"two", usage=usage(1, 10))
    answer = read(tmp_path / "a", body)
    assert [picture.index for picture in answer.pictures] == [1, 3]
    assert [picture_bytes(answer, index) for index in (1, 3)] == [b"one", b"two"]
    assert answer.usage is not None
    assert answer.usage.output_tokens == 30


def test_json_over_several_lines_is_one_event(tmp_path: Path) -> None:
    said = json.dumps({"type": "image_edit.completed", "b64_json": encoded(b"x")}, indent=1)
    body = "".join(f"data: {line}\n" for line in said.splitlines()) + "\n"
    assert picture_bytes(read(tmp_path / "a", body.encode()), 0) == b"x"


def test_the_last_event_counts_without_its_empty_line_if_it_is_whole(tmp_path: Path) -> None:
    whole = completed(b"x")
    assert picture_bytes(read(tmp_path / "a", whole.rstrip(b"\n")), 0) == b"x"
    cut = failure(tmp_path / "b", whole.rstrip(b"}\n"))
    assert type(cut) is OutcomeUnknown


@pytest.mark.parametrize("body", [b"", b": keep-alive\n\n", b"data: [DONE]\n\n", partial()])
def test_a_stream_without_a_finished_picture_leaves_the_outcome_unknown(
    tmp_path: Path, body: bytes
) -> None:
    ended = failure(tmp_path / "a", body)
    assert type(ended) is OutcomeUnknown
    assert (ended.code, ended.status, ended.request_id) == ("stream_ended", 200, "req_5")


def test_a_finished_event_without_a_picture_is_unusable(tmp_path: Path) -> None:
    assert type(failure(tmp_path / "a", completed(b""))) is UnusableAnswer


BLOCKED = {
    "message": "Rejected by s3cret rules. safety_violations=[violence]",
    "type": "image_generation_user_error",
    "code": "moderation_blocked",
    "moderation_details": {"moderation_stage": "output", "categories": ["violence"]},
}


def test_a_stream_that_is_blocked_says_why(tmp_path: Path) -> None:
    refused = failure(tmp_path / "a", partial() + event("error", error=BLOCKED))
    assert type(refused) is ProviderRejected
    assert refused.message.startswith("Rejected by [key] rules.")
    assert refused.moderation is not None
    assert (refused.moderation.stage, refused.moderation.categories) == ("output", ("violence",))
    assert refused.request_id == "req_5"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (
            b'data: {"type": "error", "code": "moderation_blocked", "message": "No"}',
            ProviderRejected,
        ),
        (b'event: error\ndata: {"code": "rate_limit_exceeded"}', ProviderUnavailable),
        (b'data: {"error": "text"}', OutcomeUnknown),
        (b'data: {"error": {"type": "server_error", "message": "Oops"}}', OutcomeUnknown),
        (b'data: {"error": {"type": "invalid_request_error"}}', ProviderRejected),
    ],
)
def test_an_error_event_counts_in_each_of_its_shapes(
    tmp_path: Path, body: bytes, kind: type[ProviderError]
) -> None:
    assert type(failure(tmp_path / "a", body + b"\n\n")) is kind


def test_a_rate_limit_after_a_preview_leaves_the_outcome_unknown(tmp_path: Path) -> None:
    late = event("error", error={"code": "rate_limit_exceeded", "message": "Slow down."})
    assert type(failure(tmp_path / "a", late + partial())) is ProviderUnavailable
    assert type(failure(tmp_path / "b", partial() + late)) is OutcomeUnknown


def test_pictures_that_came_before_an_error_are_the_answer(tmp_path: Path) -> None:
    body = completed(b"one") + event("error", error=BLOCKED) + completed(b"two")
    answer = read(tmp_path / "a", body)
    assert [picture_bytes(answer, each.index) for each in answer.pictures] == [b"one"]


def test_reading_a_large_stream_takes_little_memory(tmp_path: Path) -> None:
    large = completed(bytes(18_000_000))
    path = tmp_path / "a"
    with path.open("wb") as file:
        for piece in (partial(0, bytes(12_000_000)), large, large):
            file.write(piece)
    meta = AnswerMeta(200, {"content-type": EVENTS}, NOW, path.stat().st_size)
    del large
    tracemalloc.start()
    answer = read_answer(path, meta)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(answer.pictures) == 2
    assert peak < 4_000_000


def test_an_endless_chatter_of_events_is_given_up(tmp_path: Path) -> None:
    ended = failure(tmp_path / "a", b":\n" * 1_500_000)
    assert (type(ended), ended.code) == (OutcomeUnknown, "stream_ended")


PIECES = [
    b"data: ", b"event: image_edit.completed", b"event: error", b"\n", b"\r", b"\n\n", b"{", b"}",
    b'"b64_json": "AAAA"', b'"type": "error"', b'"error": {}', b'"data": [', b"]", b":", b"null", b"\xff",
    b'{"b64_json": "AAAA"}', b'{"error": 1}',
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join))
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_give_pictures_or_an_error_of_the_tree(tmp_path: Path, body: bytes) -> None:
    try:
        answer = read(tmp_path / "a", body)
    except ProviderError:
        return
    for picture in answer.pictures:
        if picture.is_inline:
            picture_bytes(answer, picture.index)
