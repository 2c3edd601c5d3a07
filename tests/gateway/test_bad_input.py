"""Every bad input is refused with the API's own status, type, code and param, and nothing is stored."""

import base64
import json
from typing import Any

import numpy as np
import pytest
import requests
from django.test import Client

from editor.imaging import files
from editor.models import Call, Edit, Image, Token
from tests.gateway.calling import MASK, PHOTO, PNG, SMALL, SMALL_MASK, upload

pytestmark = pytest.mark.django_db

USER, REQUEST = "image_generation_user_error", "invalid_request_error"
MISSING, VALUE = "missing_required_parameter", "invalid_value"
NOISE = files.encode_png(np.random.default_rng(1).integers(0, 256, (1300, 1300, 3), np.uint8))
DATA_URL = "data:image/png;base64," + base64.b64encode(PHOTO).decode()
IMAGE = upload("image", PHOTO)
OLD = {"model": "dall-e-2", "size": "256x256"}


@pytest.fixture
def key(alice: Any) -> str:
    return Token.make(alice, "script")[1]


def post(key: str, body: bytes, kind: str, path: str = "/v1/images/edits") -> Any:
    headers = {"Authorization": f"Bearer {key}"}
    client = Client(raise_request_exception=False)
    return client.generic("POST", path, body, content_type=kind, headers=headers)


def form(given: dict[str, Any]) -> tuple[bytes, str]:
    """A form with a photo and a prompt, unless said otherwise."""
    parts = given.pop("parts", [IMAGE])
    fields = {"model": "gpt-image-2", "prompt": "Remove it", **given}
    fields = {name: value for name, value in fields.items() if value is not None}
    request = requests.Request("POST", "http://x/", data=fields, files=parts or [("", "")])
    prepared = request.prepare()
    assert isinstance(prepared.body, bytes)
    return prepared.body, prepared.headers["Content-Type"]


def facts_of(response: Any) -> tuple[Any, ...]:
    assert response["Content-Type"] == "application/json", response.content[:200]
    body = json.loads(response.content)
    assert set(body) == {"error"}
    error = body["error"]
    return response.status_code, error["type"], error["code"], error["param"]


def check(response: Any, expected: tuple[Any, ...]) -> None:
    assert facts_of(response) == expected
    assert response["x-should-retry"] == "false"
    assert response["x-request-id"].startswith("req_")
    for model in (Edit, Image, Call):
        assert not model.objects.exists()


FORMS = {
    "missing image": ({"parts": []}, (400, REQUEST, MISSING, "image")),
    "missing prompt": ({"prompt": None}, (400, REQUEST, MISSING, "prompt")),
    "no transparency": (
        {**OLD, "parts": [upload("image", SMALL)]},
        (400, REQUEST, "invalid_image_format", "image"),
    ),
    "not square": ({**OLD, "parts": [IMAGE]}, (400, REQUEST, "invalid_image_size", "image")),
    "over 4 MB": (
        {**OLD, "parts": [upload("image", NOISE)]},
        (400, REQUEST, "file_too_large", "image"),
    ),
    "mask of another size": (
        {"parts": [IMAGE, upload("mask", SMALL_MASK)]},
        (400, USER, "invalid_mask_image_format", "mask"),
    ),
    "mask without alpha": (
        {"parts": [IMAGE, upload("mask", PHOTO)]},
        (400, USER, "invalid_mask_image_format", "mask"),
    ),
    "mask that is no picture": (
        {"parts": [IMAGE, upload("mask", b"nothing")]},
        (400, USER, "invalid_mask_image_format", "mask"),
    ),
    "text where a file belongs": (
        {"parts": [("image[]", (None, "a.png"))]},
        (400, REQUEST, "invalid_type", "image[0]"),
    ),
    "image given twice": (
        {"parts": [IMAGE, IMAGE]},
        (400, REQUEST, "duplicate_parameter", "image"),
    ),
    "mask and mask[]": (
        {"parts": [IMAGE, upload("mask", MASK), upload("mask[]", MASK)]},
        (400, REQUEST, "duplicate_parameter", "mask"),
    ),
    "n of two": ({"n": "two"}, (400, REQUEST, "invalid_type", "n")),
    "unknown size": ({"size": "big"}, (400, USER, VALUE, "size")),
    "size not of 16": ({"size": "1000x1000"}, (400, USER, VALUE, "size")),
    "edge too long": ({"size": "4096x1024"}, (400, USER, VALUE, "size")),
    "too few pixels": ({"size": "576x1024"}, (400, USER, VALUE, "size")),
    "too many pixels": ({"size": "3840x3840"}, (400, USER, VALUE, "size")),
    "too narrow": ({"size": "3072x512"}, (400, USER, VALUE, "size")),
    "response_format": (
        {"response_format": "url"},
        (400, REQUEST, "unknown_parameter", "response_format"),
    ),
    "transparent jpeg": (
        {"model": "gpt-image-1.5", "background": "transparent", "output_format": "jpeg"},
        (400, REQUEST, VALUE, "background"),
    ),
    "17 images": (
        {"parts": [upload("image[]", PHOTO)] * 17},
        (400, REQUEST, "array_above_max_length", "image"),
    ),
    "prompt too long": (
        {"prompt": "x" * 32_001},
        (400, REQUEST, "string_above_max_length", "prompt"),
    ),
    "unknown model": ({"model": "gpt-image-99"}, (404, REQUEST, "model_not_found", "model")),
    "part without a file name": (
        {"parts": [("image", (None, PHOTO, PNG))]},
        (400, REQUEST, "invalid_type", "image"),
    ),
    "no picture at all": (
        {"parts": [upload("image", b"\x89PNG\r\n\x1a\nnothing")]},
        (400, USER, "invalid_image_file", ""),
    ),
    "unknown parameter": ({"seed": "7"}, (400, REQUEST, "unknown_parameter", "seed")),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_bad_form_is_refused(key: str, name: str) -> None:
    given, expected = FORMS[name]
    check(post(key, *form(dict(given))), expected)


@pytest.mark.parametrize("n", ["0", "11"])
def test_a_number_out_of_range_is_refused(key: str, n: str) -> None:
    status, kind, code, param = facts_of(post(key, *form({"n": n})))
    assert (status, kind, param) == (400, REQUEST, "n")
    assert code.startswith("integer_")


EDIT = {"model": "gpt-image-2", "prompt": "Remove it", "images": [{"image_url": DATA_URL}]}
NO_PICTURE = "data:image/png;base64," + base64.b64encode(b"nothing").decode()
JSONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "not JSON": (b"{", (400, REQUEST, "invalid_json", None)),
    "not an object": (b"[]", (400, REQUEST, "invalid_json", None)),
    "not a number": (b'{"n": NaN}', (400, REQUEST, "invalid_json", None)),
    "nested without end": (b"[" * 100_000, (400, REQUEST, "invalid_json", None)),
    "data URL that is no picture": (
        {**EDIT, "images": [{"image_url": NO_PICTURE}]},
        (400, USER, "invalid_image_file", ""),
    ),
    "address that is not fetched": (
        {**EDIT, "images": [{"image_url": "https://example.org/a.png"}]},
        (400, REQUEST, "invalid_image_url", "images[0].image_url"),
    ),
    "file that is not there": (
        {**EDIT, "images": [{"file_id": "img-7"}]},
        (400, REQUEST, "file_not_found", "images[0].file_id"),
    ),
    "file id that is none": (
        {**EDIT, "images": [{"file_id": "../7"}]},
        (400, REQUEST, "file_not_found", "images[0].file_id"),
    ),
    "n of two": ({**EDIT, "n": "two"}, (400, REQUEST, "invalid_type", "n")),
    "no images": ({"prompt": "p"}, (400, REQUEST, MISSING, "images")),
}


@pytest.mark.parametrize("name", JSONS)
def test_a_bad_json_body_is_refused(key: str, name: str) -> None:
    given, expected = JSONS[name]
    body = given if isinstance(given, bytes) else json.dumps(given).encode()
    check(post(key, body, "application/json"), expected)


def test_a_json_body_of_30_mb_is_refused(key: str) -> None:
    body = b'{"prompt": "' + b"x" * (30 * 1024 * 1024) + b'"}'
    check(post(key, body, "application/json"), (413, REQUEST, "request_too_large", None))


def test_a_body_over_the_limit_is_refused(key: str, settings: Any) -> None:
    settings.GATEWAY_MOST_BODY_BYTES = 500
    check(post(key, *form({})), (413, REQUEST, "request_too_large", None))


def test_a_body_that_breaks_off_is_refused(key: str) -> None:
    body, kind = form({})
    check(post(key, body[: len(body) // 2], kind), (400, REQUEST, "invalid_multipart_form", None))


def test_another_kind_of_body_is_refused(key: str) -> None:
    expected = (400, REQUEST, "unsupported_content_type", None)
    check(post(key, b"x", "text/plain"), expected)
    check(post(key, *form({}), path="/v1/images/generations"), expected)


def test_a_model_that_openai_has_shut_down_is_unknown_there(key: str, settings: Any) -> None:
    settings.PROVIDER_IS_OPENAI = True
    response = post(key, *form({**OLD, "parts": [upload("image", SMALL)]}))
    check(response, (404, REQUEST, "model_not_found", "model"))
    headers = {"Authorization": f"Bearer {key}"}
    listed = json.loads(Client().get("/v1/models", headers=headers).content)["data"]
    assert OLD["model"] not in [model["id"] for model in listed]


def test_a_variation_takes_one_square_picture(key: str) -> None:
    path = "/v1/images/variations"
    body = requests.Request("POST", "http://x/", files=[upload("image", PHOTO)]).prepare()
    response = post(key, body.body, body.headers["Content-Type"], path)  # type: ignore[arg-type]
    check(response, (400, REQUEST, "invalid_image_size", "image"))


def test_a_generation_needs_words(key: str) -> None:
    response = post(key, b"{}", "application/json", "/v1/images/generations")
    check(response, (400, REQUEST, MISSING, "prompt"))
