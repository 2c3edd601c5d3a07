import json
import socket
import time
import traceback
from datetime import date

import pytest

from editor.images_api.client import ListedModel, models
from editor.images_api.errors import ProviderError, ProviderRejected, ProviderUnavailable
from tests.images_api.drawing import CANARY, a_provider
from tests.images_api.raw_server import Script, answering, raw_server, read_request, response


def listed(script: Script, timeout: float = 5, **settings: object) -> tuple[ListedModel, ...]:
    with raw_server(script) as server:
        return models(a_provider(server.base_url, **settings), timeout=timeout)


def listing(said: object) -> tuple[ListedModel, ...]:
    return listed(answering(response(json.dumps(said).encode())))


def failure(script: Script, timeout: float = 5) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        listed(script, timeout)
    return caught.value


def test_models_are_listed_with_their_shutdown_dates() -> None:
    items = [
        {"id": "one", "object": "model", "created": 1, "owned_by": "o", "shutdown_date": None},
        {"id": "two", "shutdown_date": "2026-12-01"},
        {"id": "three"},
    ]
    assert listing({"object": "list", "data": items}) == (
        ListedModel("one"),
        ListedModel("two", date(2026, 12, 1)),
        ListedModel("three"),
    )


def test_the_key_is_shown_when_asking() -> None:
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(response(b'{"data": []}'))

    assert listed(script, organization="org-1") == ()
    assert seen[0].startswith(b"GET /v1/models HTTP/1.1\r\n")
    assert f"Authorization: Bearer {CANARY}\r\n".encode() in seen[0]
    assert b"OpenAI-Organization: org-1\r\n" in seen[0]


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2026-12-01T10:00:00Z", date(2026, 12, 1)),
        ("soon", None),
        ("2026-13-01", None),
        ("", None),
        (1_796_083_200, None),
        (True, None),
        ([], None),
    ],
)
def test_an_odd_shutdown_date_is_none(said: object, day: date | None) -> None:
    assert listing({"data": [{"id": "m", "shutdown_date": said}]}) == (ListedModel("m", day),)


@pytest.mark.parametrize("said", [["a", "b"], {"models": [{"id": "a"}, {"id": "b"}]}])
def test_lists_of_other_shapes_are_read(said: object) -> None:
    assert [model.id for model in listing(said)] == ["a", "b"]


def test_entries_that_are_no_models_are_passed_over() -> None:
    odd = [None, 3, {}, {"id": 3}, {"id": ""}, {"id": "a\n"}, {"id": "x" * 201}, [], {"name": "n"}]
    assert listing({"data": [*odd, {"id": "real"}, {"id": "real"}]}) == (ListedModel("real"),)


def test_ten_thousand_models_are_read() -> None:
    found = listing({"data": [{"id": f"model-{number}"} for number in range(10_000)]})
    assert len(found) == 10_000
    assert found[-1] == ListedModel("model-9999")


@pytest.mark.parametrize(
    "body", [b"", b"<!doctype html>", b"{}", b'{"data": {}}', b"null", b"[" * 100_000, b"\xff"]
)
def test_what_is_no_list_is_told(body: bytes) -> None:
    error = failure(answering(response(body)))
    assert type(error) is ProviderError
    assert error.code == "not_a_list"
    assert error.message.endswith(".")


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_server_without_a_list_says_so(status: int) -> None:
    error = failure(answering(response(b"<html>", f"{status} No")))
    assert type(error) is ProviderRejected
    assert error.code == "no_list"


@pytest.mark.parametrize("status", [500, 502, 503, 408, 409, 429])
def test_a_list_that_cannot_be_had_now_is_for_later(status: int) -> None:
    error = failure(answering(response(b"<html>", f"{status} Sorry", retry_after="7")))
    assert type(error) is ProviderUnavailable
    assert error.status == status


def test_a_refused_key_is_told_without_quoting_it() -> None:
    said = {
        "error": {"message": f"Incorrect API key provided: {CANARY}", "code": "invalid_api_key"}
    }
    error = failure(answering(response(json.dumps(said).encode(), "401 Unauthorized")))
    assert isinstance(error, ProviderRejected)
    assert error.stops_everything
    assert CANARY not in "".join(traceback.format_exception(error))


def test_a_redirected_list_is_not_followed() -> None:
    with raw_server(answering(response(b'{"data": []}'))) as other:
        error = failure(answering(response(b"", "302 Found", location=other.base_url)))
        assert other.connections == 0
    assert error.code == "redirected"


def test_an_endless_list_is_cut() -> None:
    def flood(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(bytes(65536))

    error = failure(flood)
    assert type(error) is ProviderUnavailable
    assert error.code == "too_large"


def test_a_silent_or_missing_server_is_for_later() -> None:
    def say_nothing(connection: socket.socket) -> None:
        read_request(connection)
        connection.recv(1)

    began = time.monotonic()
    assert type(failure(say_nothing, timeout=0.4)) is ProviderUnavailable
    assert time.monotonic() - began < 3
    with pytest.raises(ProviderUnavailable) as caught:
        models(a_provider("http://127.0.0.1:9/v1"))
    assert caught.value.code == "not_connected"
    assert caught.value.__context__ is None
