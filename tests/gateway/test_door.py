"""Who may call, how often, and that whatever is answered under /v1 is the API's JSON."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import SuspiciousOperation
from django.test import Client
from django.utils import timezone

from editor.gateway import listing
from editor.models import Token

Make = Callable[..., str]


def call(path: str, key: str = "", *, method: str = "get", **more: Any) -> Any:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    client = Client(raise_request_exception=False)
    return getattr(client, method)(path, headers={**headers, **more.pop("headers", {})}, **more)


def error_of(response: Any) -> dict[str, Any]:
    assert response["Content-Type"] == "application/json"
    body = json.loads(response.content)
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    assert set(error) >= {"message", "type", "param", "code"}
    return error


def test_every_answer_names_the_request_and_how_long_it_took(alice: Any, make_token: Make) -> None:
    first, second = (call("/v1/models", make_token(alice)) for _ in range(2))
    assert first["x-request-id"].startswith("req_")
    assert first["x-request-id"] != second["x-request-id"]
    assert first["openai-processing-ms"].isdecimal()
    assert first["openai-version"] == "2020-10-01"
    assert first["Cache-Control"] == "no-store"
    assert not first.cookies


def test_without_a_token_nothing_is_told(db: None) -> None:
    response = call("/v1/models")
    assert response.status_code == 401
    assert error_of(response)["type"] == "invalid_request_error"
    assert response["x-should-retry"] == "false"


@pytest.mark.parametrize("key", ["mr-" + "x" * 40, "sk-somebody-elses", "mr-", "ü" * 9])
def test_a_wrong_key_is_refused_and_not_repeated_in_the_answer(db: None, key: str) -> None:
    response = call("/v1/models", headers={"api-key": key})
    assert response.status_code == 401
    assert error_of(response)["code"] == "invalid_api_key"
    assert key not in response.content.decode()


def test_a_session_opens_nothing(alice: Any, as_person: Any) -> None:
    assert as_person(alice).get("/v1/models").status_code == 401


def test_the_header_of_azures_clients_is_taken(alice: Any, make_token: Make) -> None:
    assert call("/v1/models", headers={"api-key": make_token(alice)}).status_code == 200


def test_a_revoked_token_works_no_more_at_once(alice: Any, make_token: Make) -> None:
    key = make_token(alice)
    assert call("/v1/models", key).status_code == 200
    Token.objects.get().revoke(by=alice)
    assert error_of(call("/v1/models", key))["code"] == "invalid_api_key"


def test_who_was_deactivated_is_locked_out_at_once(alice: Any, make_token: Make) -> None:
    key = make_token(alice)
    alice.is_active = False
    alice.save()
    assert call("/v1/models", key).status_code == 401


def test_the_last_use_is_noted_at_most_once_a_minute(alice: Any, make_token: Make) -> None:
    key = make_token(alice)
    call("/v1/models", key)
    first = Token.objects.get().last_used_at
    assert first is not None and timezone.now() - first < timedelta(seconds=10)
    call("/v1/models", key)
    assert Token.objects.get().last_used_at == first


def test_calls_over_the_limit_are_told_when_to_come_back(
    alice: Any, make_token: Make, settings: Any
) -> None:
    settings.GATEWAY_CALLS_PER_MINUTE = 2
    key = make_token(alice)
    answers = [call("/v1/models", key) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    left = [answer["x-ratelimit-remaining-requests"] for answer in answers]
    assert left == ["1", "0", "0"]
    assert {answer["x-ratelimit-limit-requests"] for answer in answers} == {"2"}
    refused = answers[-1]
    assert error_of(refused)["code"] == "rate_limit_exceeded"
    assert 0 < int(refused["Retry-After"]) <= 60
    assert refused["x-should-retry"] == "true"
    assert call("/v1/models", make_token(alice, "another")).status_code == 200


def test_the_limit_is_over_after_a_minute(alice: Any, make_token: Make, settings: Any) -> None:
    settings.GATEWAY_CALLS_PER_MINUTE = 1
    key = make_token(alice)
    assert [call("/v1/models", key).status_code for _ in range(2)] == [200, 429]
    Token.objects.update(window_began_at=timezone.now() - timedelta(seconds=61))
    assert call("/v1/models", key).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/v1", "/v1/", "/v1/chat/completions", "/v1/images", "/v1/images/edits/7", "/v1//models"],
)
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_unknown_paths_are_answered_as_the_api_does(db: None, path: str, method: str) -> None:
    response = call(path, method=method)
    assert response.status_code == 404
    assert error_of(response)["message"] == f"Invalid URL ({method.upper()} {path})"


@pytest.mark.parametrize("path", ["/v1/images/edits", "/v1/images/generations/"])
def test_a_wrong_method_is_told_the_right_one(alice: Any, make_token: Make, path: str) -> None:
    response = call(path, make_token(alice))
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert error_of(response)["code"] == "method_not_allowed"


def test_no_other_site_may_call_from_a_browser(db: None) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    response = call("/v1/images/edits", method="options", headers=asked)
    assert response.status_code == 405
    assert not [name for name in response.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("operation", ["edits", "generations", "variations"])
def test_both_forms_of_each_path_are_served_without_a_redirect(
    alice: Any, make_token: Make, operation: str, slash: str
) -> None:
    asked = {"content_type": "text/plain", "data": "x"}
    response = call(f"/v1/images/{operation}{slash}", make_token(alice), method="post", **asked)
    assert response.status_code == 400
    assert error_of(response)["code"] == "unsupported_content_type"


def test_a_foreign_host_name_gets_json_too(db: None) -> None:
    response = call("/v1/models", headers={"Host": "elsewhere.example"})
    assert response.status_code == 400
    assert error_of(response)["type"] == "invalid_request_error"
    assert response["x-should-retry"] == "false"


def test_a_mistake_of_ours_is_json_and_quotes_nothing(
    alice: Any, make_token: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise SuspiciousOperation("the secret of it")

    monkeypatch.setattr(listing, "_served", broken)
    response = call("/v1/models", make_token(alice))
    assert response.status_code == 500
    assert error_of(response)["type"] == "server_error"
    assert "secret" not in response.content.decode()
    assert response["x-should-retry"] == "false"


def test_a_key_that_came_unencrypted_is_refused_instead_of_redirected(
    alice: Any, make_token: Make, settings: Any
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    response = call("/v1/models", make_token(alice))
    assert response.status_code == 400
    assert error_of(response)["code"] == "https_required"


def test_pages_keep_their_own_errors(alice: Any, as_person: Any) -> None:
    page = as_person(alice).get("/v2/models")
    assert page.status_code == 404
    assert page["Content-Type"].startswith("text/html")
    hostless = Client(raise_request_exception=False).get("/", headers={"Host": "elsewhere.example"})
    assert hostless.status_code == 400
    assert hostless["Content-Type"].startswith("text/html")
