"""What a provider's settings change about a request: its URL, its key's header, its form and its parts."""

import base64
import json
import tracemalloc
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest

from editor.images_api import client
from editor.images_api.bodies import LONGEST_DATA_URL, body_of
from editor.images_api.client import Provider, edit, generate, send, vary
from editor.images_api.messages import FilePart, Request
from tests.images_api.drawing import CANARY, a_provider, a_request
from tests.images_api.raw_server import raw_server, read_request, response

GOOD = b'{"created": 1, "data": [{"b64_json": "aGVsbG8="}]}'
PNG = FilePart("image.png", b"\x89PNG 1", "image/png", (8, 8))


def sent(
    request: Request, into: Path, path: str = "/v1", **settings: Any
) -> tuple[str, Message, bytes]:
    """First line, headers and body of the one request that this makes."""
    seen: list[bytes] = []

    def script(connection: Any) -> None:
        seen.append(read_request(connection))
        connection.sendall(response(GOOD))

    with raw_server(script) as server:
        provider = a_provider(f"{server.origin}{path}", **settings)
        send(provider, request, into=into, key="attempt-1")
    (whole,) = seen
    line, _, rest = whole.partition(b"\r\n")
    head, _, body = rest.partition(b"\r\n\r\n")
    return line.decode(), BytesParser().parsebytes(head), body


def names(body: bytes) -> list[str]:
    return [
        line.split('name="')[1].split('"')[0]
        for line in body.decode(errors="replace").splitlines()
        if " name=" in line
    ]


def a_generation(**changes: Any) -> Request:
    return Request(
        **{"operation": "generate", "model": "gpt-image-2", "prompt": "Ä boat", **changes}
    )


def test_a_generation_is_json(tmp_path: Path) -> None:
    request = a_generation(n=2, stream=False, partial_images=0, moderation="low", user="u")
    line, headers, body = sent(request, tmp_path / "a")
    assert line == "POST /v1/images/generations HTTP/1.1"
    assert headers["Content-Type"] == "application/json"
    assert headers["Accept"] == "application/json"
    assert headers["X-Client-Request-Id"] == "attempt-1"
    assert json.loads(body) == {
        "model": "gpt-image-2",
        "prompt": "Ä boat",
        "n": 2,
        "stream": False,
        "partial_images": 0,
        "moderation": "low",
        "user": "u",
    }


def test_a_variation_is_a_form_with_one_picture(tmp_path: Path) -> None:
    request = Request(operation="vary", model="dall-e-2", n=2, size="256x256", images=(PNG,))
    line, headers, body = sent(request, tmp_path / "a", edits_as="json")
    assert line == "POST /v1/images/variations HTTP/1.1"
    assert headers.get_content_type() == "multipart/form-data"
    assert names(body) == ["model", "n", "size", "image"]


def test_an_edit_that_chooses_its_moderation_goes_as_json_which_can_carry_it(
    tmp_path: Path,
) -> None:
    request = a_request(256, moderation="low")
    _line, headers, body = sent(request, tmp_path / "a")
    assert headers["content-type"] == "application/json"
    assert json.loads(body)["moderation"] == "low"
    _line, headers, body = sent(request, tmp_path / "b", strip=frozenset({"moderation"}))
    assert headers["content-type"].startswith("multipart/form-data")
    assert b"moderation" not in body


def test_an_edit_as_json_has_its_pictures_as_data_urls(tmp_path: Path) -> None:
    pictures = [FilePart("x", bytes([each]) * 100_001, "image/webp", (8, 8)) for each in range(3)]
    request = a_request(256, images=tuple(pictures), stream=True, n=2)
    line, headers, body = sent(request, tmp_path / "a", edits_as="json")
    assert line == "POST /v1/images/edits HTTP/1.1"
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Length"] == str(len(body))
    said = json.loads(body)
    assert said == request.json()
    assert (said["n"], said["stream"], said["prompt"]) == (2, True, "Remove the sign")
    kind, _, encoded = said["images"][2]["image_url"].partition(",")
    assert kind == "data:image/webp;base64"
    assert base64.b64decode(encoded) == pictures[2].data
    assert request.mask is not None
    assert base64.b64decode(said["mask"]["image_url"].split(",")[1]) == request.mask.data


@pytest.mark.parametrize("length", [1, 2, 3, 49151, 49152, 49153, 200_000])
def test_base64_made_in_pieces_is_the_same(length: int) -> None:
    part = FilePart("x", bytes(range(256)) * 800, "image/png", (8, 8))
    part = FilePart("x", part.data[:length], "image/png", (8, 8))
    body = body_of(a_request(256, images=(part,)), edits_as="json", stripped=frozenset())
    whole = b"".join(body.chunks())
    assert len(whole) == len(body)
    assert json.loads(whole)["images"][0]["image_url"] == part.data_url()


def test_a_picture_too_large_for_a_data_url_goes_as_a_form() -> None:
    def content_type(length: int) -> str:
        part = FilePart("x", bytes(length), "image/png", (8, 8))
        request = a_request(256, images=(part,))
        return body_of(request, edits_as="json", stripped=frozenset()).content_type

    most = (LONGEST_DATA_URL - len("data:image/png;base64,")) // 4 * 3
    assert content_type(most) == "application/json"
    assert content_type(most + 1).startswith("multipart/form-data")


@pytest.mark.parametrize("more", [{"markup": PNG, "mask": None}, {"response_format": "b64_json"}])
def test_what_the_json_form_does_not_know_goes_as_a_form(more: dict[str, Any]) -> None:
    body = body_of(a_request(256, **more), edits_as="json", stripped=frozenset())
    assert body.content_type.startswith("multipart/form-data")


def test_a_stripped_response_format_leaves_an_edit_in_json() -> None:
    request = a_request(256, response_format="b64_json")
    body = body_of(request, edits_as="json", stripped=frozenset({"response_format"}))
    assert body.content_type == "application/json"
    assert "response_format" not in json.loads(b"".join(body.chunks()))


@pytest.mark.parametrize("edits_as", ["multipart", "json"])
def test_a_body_is_made_without_copies_of_its_pictures(edits_as: str) -> None:
    part = FilePart("x", bytes(15_000_000), "image/png", (8, 8))
    request = a_request(256, images=(part,) * 4)
    tracemalloc.start()
    body = body_of(request, edits_as=edits_as, stripped=frozenset())
    length = sum(len(chunk) for chunk in body.chunks())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert length == len(body) > 60_000_000
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ("edit", "/openai/deployments/our%20model%2F1/images/edits?api-version=2025-04-01-preview"),
        (
            "generate",
            "/openai/deployments/our%20model%2F1/images/generations?api-version=2025-04-01-preview",
        ),
        ("vary", "/openai/images/variations?api-version=2025-04-01-preview"),
    ],
)
@pytest.mark.parametrize("endpoint", ["", "/", "/openai"])
def test_an_azure_deployment_has_its_name_in_the_url(
    tmp_path: Path, operation: str, path: str, endpoint: str
) -> None:
    request = Request(operation=operation, model="gpt-image-2", prompt="P", images=(PNG,))  # type: ignore[arg-type]
    settings = {
        "azure_api_version": "2025-04-01-preview",
        "key_header": "api-key",
        "deployments": {"gpt-image-2": "our model/1"},
    }
    line, headers, body = sent(request, tmp_path / "a", endpoint, **settings)
    assert line == f"POST {path} HTTP/1.1"
    assert headers["api-key"] == CANARY
    assert "Authorization" not in headers
    assert b"gpt-image-2" not in body
    assert b"our model" not in body


def test_a_model_without_a_listed_deployment_is_its_own_deployment(tmp_path: Path) -> None:
    line, _, body = sent(a_generation(), tmp_path / "a", "", azure_api_version="v")
    assert line == "POST /openai/deployments/gpt-image-2/images/generations?api-version=v HTTP/1.1"
    assert json.loads(body) == {"prompt": "Ä boat"}


@pytest.mark.parametrize("key_header", ["authorization", "api-key"])
def test_azures_newer_api_takes_the_deployment_as_the_model(
    tmp_path: Path, key_header: str
) -> None:
    settings = {"deployments": {"gpt-image-2": "ours"}, "key_header": key_header}
    line, headers, body = sent(a_generation(), tmp_path / "a", "/openai/v1", **settings)
    assert line == "POST /openai/v1/images/generations HTTP/1.1"
    assert json.loads(body)["model"] == "ours"
    expected = {"authorization": f"Bearer {CANARY}", "api-key": CANARY}
    assert headers[key_header] == expected[key_header]
    assert len({"Authorization", "api-key"} & set(headers)) == 1


def test_what_a_provider_does_not_take_is_left_out(tmp_path: Path) -> None:
    strip = frozenset({"user", "partial_images", "stream"})
    given = {"user": "u", "partial_images": 1, "stream": True, "n": 1}
    body = sent(a_request(256, **given), tmp_path / "a", strip=strip)[2]
    assert names(body) == ["prompt", "model", "n", "size", "image", "mask"]
    said = json.loads(sent(a_generation(**given), tmp_path / "b", strip=strip)[2])
    assert said == {"model": "gpt-image-2", "prompt": "Ä boat", "n": 1}
    said = json.loads(
        sent(a_request(256, **given), tmp_path / "c", strip=strip, edits_as="json")[2]
    )
    assert set(said) == {"model", "prompt", "n", "size", "images", "mask"}


def test_each_name_sends_its_own_operation_only(tmp_path: Path) -> None:
    calls = {"edit": edit, "generate": generate, "vary": vary}
    provider = a_provider("http://127.0.0.1:9/v1")
    for asked, call in calls.items():
        for operation in set(calls) - {asked}:
            request = Request(operation=operation, model="m", prompt="p")  # type: ignore[arg-type]
            with pytest.raises(ValueError, match=f"a request to {operation}, not to {asked}"):
                call(provider, request, into=tmp_path / "a", key="k")
    assert list(tmp_path.glob("a*")) == []


@pytest.mark.parametrize(
    ("ways", "told"),
    [
        ({"key_header": "cookie"}, "authorization or api-key"),
        ({"edits_as": "xml"}, "multipart or json"),
        ({"strip": frozenset({"seed"})}, r"no parameters that could be left out: \['seed'\]"),
    ],
)
def test_settings_that_cannot_work_are_told(ways: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Provider("http://x.test/v1", CANARY, **ways)


def test_the_usual_waits_are_long_enough_for_a_picture() -> None:
    usual = Provider("http://x.test/v1", CANARY)
    assert (usual.connect_timeout, usual.read_timeout, usual.overall) == (5, 600, 600)


@pytest.mark.parametrize(
    "ways", [{}, {"key_header": "api-key"}, {"azure_api_version": "v", "key_header": "api-key"}]
)
def test_the_key_is_not_in_a_providers_repr_or_urls(ways: dict[str, Any]) -> None:
    provider = Provider("http://x.test/v1", CANARY, **ways)
    assert CANARY not in repr(provider) + provider.url("edit", "m") + provider.models_url
    assert CANARY in " ".join(provider.headers().values())
    assert hash(provider) == hash(Provider("http://x.test/v1", CANARY, **ways))


@pytest.mark.parametrize("key_header", ["authorization", "api-key"])
def test_a_ping_shows_the_key_in_the_providers_header(key_header: str) -> None:
    seen: list[bytes] = []

    def script(connection: Any) -> None:
        seen.append(read_request(connection))
        connection.sendall(response(b"{}"))

    with raw_server(script) as server:
        settings: dict[str, Any] = {"azure_api_version": "v", "key_header": key_header}
        assert client.ping(a_provider(server.origin, **settings)).ok
    assert seen[0].startswith(b"GET /openai/models?api-version=v HTTP/1.1\r\n")
    assert seen[0].count(CANARY.encode()) == 1
