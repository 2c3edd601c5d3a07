import json
from datetime import UTC, datetime

import pytest

from editor.images_api.errors import (
    QUOTA_CODES,
    OutcomeUnknown,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    envelope,
    error_for,
    error_for_event,
    retry_after,
    safe_sentence,
)

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
KEY = "sk-canary-0123456789abcdef"


def error(
    status: int, said: object = None, headers: dict[str, str] | None = None, secret: str = ""
) -> ProviderError:
    body = json.dumps({"error": said}).encode() if said is not None else b""
    return error_for(status, headers or {}, body, now=NOW, secret=secret)


@pytest.mark.parametrize("status", [400, 402, 403, 404, 405, 410, 413, 415, 422, 451])
def test_a_refused_request_is_rejected(status: int) -> None:
    assert type(error(status)) is ProviderRejected


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 520, 599, 408, 409])
def test_a_failure_after_sending_leaves_the_outcome_unknown(status: int) -> None:
    said = {"message": "overloaded", "type": "server_error", "code": "server_is_overloaded"}
    assert type(error(status, said)) is OutcomeUnknown


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_rejected_as_a_wrong_address(status: int) -> None:
    refused = error(status)
    assert type(refused) is ProviderRejected
    assert refused.code == "redirected"
    assert "redirects" in refused.message


@pytest.mark.parametrize("code", sorted(QUOTA_CODES))
@pytest.mark.parametrize("status", [400, 403, 429])
def test_quota_and_credit_codes_stop_everything(code: str, status: int) -> None:
    refused = error(status, {"message": "m", "type": "insufficient_quota", "code": code})
    assert isinstance(refused, ProviderRejected)
    assert refused.stops_everything
    assert refused.code == code


def test_a_quota_type_without_a_code_stops_everything() -> None:
    refused = error(429, {"message": "m", "type": "insufficient_quota", "code": None})
    assert isinstance(refused, ProviderRejected)
    assert refused.stops_everything


def test_a_wrong_key_stops_everything_and_is_not_quoted() -> None:
    said = {"message": f"Incorrect API key provided: {KEY}.", "code": "invalid_api_key"}
    refused = error(401, said)
    assert isinstance(refused, ProviderRejected)
    assert refused.stops_everything
    assert "canary" not in refused.message


def test_a_forbidden_model_does_not_stop_the_others() -> None:
    said = {"message": "Your organization must be verified.", "type": "invalid_request_error"}
    refused = error(403, said)
    assert isinstance(refused, ProviderRejected)
    assert not refused.stops_everything
    assert refused.message == "Your organization must be verified."


def test_a_rate_limit_is_for_later() -> None:
    said = {"message": "slow down", "type": "rate_limit_error", "code": "rate_limit_exceeded"}
    later = error(429, said, {"retry-after": "7"})
    assert isinstance(later, ProviderUnavailable)
    assert later.retry_after == 7


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0"}, 1),
        ({"retry-after": "-20"}, 1),
        ({"retry-after": "1e99"}, 600),
        ({"retry-after": "inf"}, 600),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
        ({"retry-after-ms": "2500"}, 2.5),
        ({"retry-after-ms": "2500", "retry-after": "60"}, 2.5),
        ({"retry-after-ms": "x", "retry-after": "60"}, 60),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Sat, 21 Nov 2020 12:00:30 GMT"}, 1),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30"}, 30),
        ({"retry-after": "Sat, 99 Nov 2026 12:00:30 GMT"}, None),
    ],
)
def test_the_wait_asked_for_is_read_and_bounded(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers, NOW) == seconds


def test_moderation_details_are_kept() -> None:
    said = {
        "message": "Rejected by the safety system.",
        "type": "image_generation_user_error",
        "code": "moderation_blocked",
        "moderation_details": {"moderation_stage": "output", "categories": ["violence", 3]},
    }
    refused = error(400, said)
    assert isinstance(refused, ProviderRejected)
    assert not refused.stops_everything
    assert refused.moderation is not None
    assert refused.moderation.stage == "output"
    assert refused.moderation.categories == ("violence",)
    assert refused.facts()["moderation_categories"] == ["violence"]


@pytest.mark.parametrize(
    ("said", "categories"),
    [
        ({"code": "moderation_blocked", "message": "safety_violations=[sexual]."}, ("sexual",)),
        (
            {
                "code": "content_policy_violation",
                "message": "x safety_violations=[sexual, violence]",
            },
            ("sexual", "violence"),
        ),
        ({"code": "contentFilter", "message": "Your task failed."}, ()),
        (
            {
                "code": "content_policy_violation",
                "inner_error": {
                    "code": "ResponsibleAIPolicyViolation",
                    "content_filter_results": {
                        "hate": {"filtered": False},
                        "violence": {"filtered": True, "severity": "high"},
                        "jailbreak": 3,
                    },
                },
            },
            ("violence",),
        ),
        (
            {
                "code": "content_filter",
                "innererror": {"content_filter_result": {"sexual": {"filtered": True}}},
            },
            ("sexual",),
        ),
        ({"code": "content_filter", "inner_error": [1], "message": 3}, ()),
        ({"code": "content_filter", "inner_error": {"content_filter_results": 7}}, ()),
    ],
)
def test_older_and_azures_ways_to_block_name_their_categories(
    said: dict[str, object], categories: tuple[str, ...]
) -> None:
    refused = error(400, said)
    assert isinstance(refused, ProviderRejected)
    assert not refused.stops_everything
    assert refused.moderation is not None
    assert refused.moderation.categories == categories


@pytest.mark.parametrize(
    ("detail", "message", "param"),
    [
        ("Not Found", "Not Found", ""),
        (
            [{"loc": ["body", "size"], "msg": "Field required", "type": "missing"}],
            "size: Field required",
            "size",
        ),
        ([{"loc": ["body", "n"], "msg": "Too many"}, "And more"], "n: Too many; And more", "n"),
        ({"message": "No model loaded"}, "No model loaded", ""),
        ({"error": {"message": "Inner", "param": "model"}}, "Inner", "model"),
        ([], "The provider refused the request (HTTP 422).", ""),
        ([{"loc": [], "msg": None}, 7], "The provider refused the request (HTTP 422).", ""),
    ],
)
def test_what_other_frameworks_call_detail_is_shown(
    detail: object, message: str, param: str
) -> None:
    refused = error_for(422, {}, json.dumps({"detail": detail}).encode(), now=NOW)
    assert type(refused) is ProviderRejected
    assert (refused.message, refused.param) == (message, param)


def test_an_error_without_its_envelope_is_shown() -> None:
    body = json.dumps({"object": "error", "message": "Bad size", "code": 40003}).encode()
    refused = error_for(400, {}, body, now=NOW)
    assert (refused.message, refused.code) == ("Bad size", "40003")


USER_ERROR, REQUEST_ERROR = "image_generation_user_error", "invalid_request_error"


@pytest.mark.parametrize(
    ("status", "type", "code", "kind", "stops"),
    [
        (400, USER_ERROR, "moderation_blocked", ProviderRejected, False),
        (400, USER_ERROR, "invalid_image_file", ProviderRejected, False),
        (400, USER_ERROR, "invalid_mask_image_format", ProviderRejected, False),
        (400, USER_ERROR, "invalid_value", ProviderRejected, False),
        (400, USER_ERROR, "invalid_input_fidelity_model", ProviderRejected, False),
        (400, REQUEST_ERROR, "unsupported_file_mimetype", ProviderRejected, False),
        (400, REQUEST_ERROR, "unknown_parameter", ProviderRejected, False),
        (400, REQUEST_ERROR, "duplicate_parameter", ProviderRejected, False),
        (400, REQUEST_ERROR, "billing_hard_limit_reached", ProviderRejected, True),
        (400, REQUEST_ERROR, "content_policy_violation", ProviderRejected, False),
        (401, REQUEST_ERROR, "invalid_api_key", ProviderRejected, True),
        (403, REQUEST_ERROR, None, ProviderRejected, False),
        (404, REQUEST_ERROR, "model_not_found", ProviderRejected, False),
        (429, "rate_limit_error", "rate_limit_exceeded", ProviderUnavailable, None),
        (429, None, "slow_down", ProviderUnavailable, None),
        (429, "insufficient_quota", "insufficient_quota", ProviderRejected, True),
        (429, "insufficient_quota", "credit_balance_exhausted", ProviderRejected, True),
        (429, None, "organization_spend_limit_exceeded", ProviderRejected, True),
        (429, "insufficient_quota", "project_spend_limit_exceeded", ProviderRejected, True),
        (429, "insufficient_quota", "organization_usage_limit_exceeded", ProviderRejected, True),
        (500, "server_error", "server_error", OutcomeUnknown, None),
        (503, "service_unavailable_error", "server_is_overloaded", OutcomeUnknown, None),
    ],
)
def test_each_documented_error_has_its_reaction(
    status: int, type: str | None, code: str | None, kind: type[ProviderError], stops: bool | None
) -> None:
    said = {"message": "What happened.", "type": type, "param": None, "code": code}
    met = error(status, said)
    assert met.__class__ is kind
    assert (met.code, met.type) == (code or f"http_{status}", type or "")
    assert getattr(met, "stops_everything", None) == stops


@pytest.mark.parametrize(
    ("said", "has_begun", "kind", "stops"),
    [
        ({"type": USER_ERROR, "code": "moderation_blocked"}, True, ProviderRejected, False),
        ({"code": "moderation_blocked"}, False, ProviderRejected, False),
        ({"type": REQUEST_ERROR, "code": "invalid_value"}, False, ProviderRejected, False),
        ({"type": USER_ERROR}, True, ProviderRejected, False),
        (
            {"type": REQUEST_ERROR, "code": "billing_hard_limit_reached"},
            False,
            ProviderRejected,
            True,
        ),
        ({"type": REQUEST_ERROR, "code": "invalid_api_key"}, False, ProviderRejected, True),
        ({"code": "rate_limit_exceeded"}, False, ProviderUnavailable, None),
        ({"type": "rate_limit_error"}, False, ProviderUnavailable, None),
        ({"code": "rate_limit_exceeded"}, True, OutcomeUnknown, None),
        ({"type": "server_error", "code": "server_error"}, False, OutcomeUnknown, None),
        ({}, False, OutcomeUnknown, None),
        ({"code": ["odd"], "type": {"odd": 1}}, False, OutcomeUnknown, None),
    ],
)
def test_an_error_within_a_stream_has_its_reaction(
    said: dict[str, object], has_begun: bool, kind: type[ProviderError], stops: bool | None
) -> None:
    met = error_for_event(
        {"message": "Hm.", **said}, has_begun=has_begun, status=200, request_id="req_1"
    )
    assert met.__class__ is kind
    assert (met.request_id, met.status) == ("req_1", 200)
    assert getattr(met, "stops_everything", None) == stops


def test_everything_the_provider_said_is_on_the_error() -> None:
    said = {"message": "Bad size.", "type": "user_error", "code": "invalid_value", "param": "size"}
    refused = error(400, said, {"x-request-id": "req_1"})
    assert refused.facts() == {
        "status": 400,
        "code": "invalid_value",
        "type": "user_error",
        "param": "size",
        "request_id": "req_1",
        "moderation_stage": "",
        "moderation_categories": [],
    }
    assert str(refused) == "Bad size."


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'{"error": 3}',
        b'{"error": {"message": {"a": 1}, "code": [], "type": null}}',
        b"[" * 100_000,
        b"\xff\xfe\x00",
    ],
)
def test_a_body_in_any_shape_gives_a_sentence(body: bytes) -> None:
    refused = error_for(400, {}, body, now=NOW)
    assert type(refused) is ProviderRejected
    assert refused.message == "The provider refused the request (HTTP 400)."
    assert refused.code == "http_400"


def test_an_error_that_is_a_plain_text_is_shown() -> None:
    assert error(422, "The field size is missing").message == "The field size is missing"


def test_the_key_is_blotted_out_of_messages() -> None:
    assert "0123" not in error(400, {"message": f"key {KEY} is bad"}, secret=KEY).message
    assert "0123" not in safe_sentence(f"key {KEY} is bad")
    assert "s3cret" not in safe_sentence("Authorization: Bearer s3cret was sent")
    assert "plain-key" not in safe_sentence("key plain-key is bad", "plain-key")


def test_a_message_becomes_one_bounded_line_without_direction_marks() -> None:
    line = safe_sentence("a\nb\x00c\u202ed" + "e" * 1000)
    assert line.startswith("a b c de")
    assert len(line) == 500


def test_the_envelope_has_all_four_members() -> None:
    assert envelope("No.", "invalid_request_error") == {
        "error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": None}
    }
