from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from editor.imaging import files, masks
from tests.drawing import mask_pixels
from tests.sandbox.asking import PICTURE, PNG, ask, picture
from tests.sandbox_server import Sandbox, running_sandbox

USER = "image_generation_user_error"
REQUEST = "invalid_request_error"
JPEG = files.encode_jpeg(files.open_picture(PICTURE).pixels)
SMALL_MASK = masks.api_mask_png(mask_pixels((512, 512), (10, 10, 90, 90)))
NOISE = np.random.default_rng(1).integers(0, 256, (1300, 1300, 4), np.uint8)


def image(data: bytes = PICTURE, name: str = "image", kind: str = PNG) -> Any:
    return (name, ("a.png", data, kind))


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"model": None}, (400, REQUEST, "missing_required_parameter", "model")),
        ({"model": "gpt-image-99"}, (404, REQUEST, "model_not_found", "model")),
        ({"prompt": None}, (400, REQUEST, "missing_required_parameter", "prompt")),
        ({"prompt": "x" * 32_001}, (400, REQUEST, "string_above_max_length", "prompt")),
        ({"uploads": []}, (400, REQUEST, "missing_required_parameter", "image")),
        ({"n": "0"}, (400, REQUEST, "integer_below_minimum_value", "n")),
        ({"n": "11"}, (400, REQUEST, "integer_above_maximum_value", "n")),
        ({"n": "many"}, (400, REQUEST, "invalid_type", "n")),
        ({"n": ["1", "2"]}, (400, REQUEST, "duplicate_parameter", "n")),
        ({"size": "big"}, (400, USER, "invalid_value", "size")),
        ({"size": "1000x1000"}, (400, USER, "invalid_value", "size")),
        ({"quality": "hd"}, (400, REQUEST, "invalid_value", "quality")),
        ({"background": "transparent"}, (400, USER, "invalid_value", "background")),
        ({"response_format": "url"}, (400, REQUEST, "unknown_parameter", "response_format")),
        ({"seed": "7"}, (400, REQUEST, "unknown_parameter", "seed")),
        ({"stream": "true"}, (400, REQUEST, "unsupported_value", "stream")),
        (
            {"input_fidelity": "high"},
            (400, USER, "invalid_input_fidelity_model", "input_fidelity"),
        ),
        ({"uploads": [image(), image()]}, (400, REQUEST, "duplicate_parameter", "image")),
        (
            {"uploads": [image(name="image[]")] * 17},
            (400, REQUEST, "array_above_max_length", "image"),
        ),
        (
            {"uploads": [image(kind="application/octet-stream")]},
            (400, REQUEST, "unsupported_file_mimetype", "image"),
        ),
        ({"uploads": [image(b"no picture")]}, (400, USER, "invalid_image_file", "")),
        ({"uploads": [image(PICTURE[:5000])]}, (400, USER, "invalid_image_file", "")),
        ({"image": "text"}, (400, REQUEST, "invalid_type", "image")),
        ({"image[]": "text", "uploads": []}, (400, REQUEST, "invalid_type", "image[0]")),
        ({"mask": PICTURE}, (400, USER, "invalid_mask_image_format", "mask")),
        ({"mask": SMALL_MASK}, (400, USER, "invalid_mask_image_format", "mask")),
        ({"mask": b"no picture"}, (400, USER, "invalid_mask_image_format", None)),
        (
            {"prompt": "a Moderation test, please"},
            (400, USER, "moderation_blocked", None),
        ),
    ],
)
def test_gpt_image_models_refuse_as_the_api_does(
    sandbox: Sandbox, fields: dict[str, Any], error: tuple[Any, ...]
) -> None:
    answer = ask(sandbox, **fields)
    said = answer.json()["error"]
    assert (answer.status_code, said["type"], said["code"], said["param"]) == error
    assert said["message"]
    assert [call["worked"] for call in sandbox.calls()] == [False]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"prompt": "x" * 1001}, (REQUEST, "string_above_max_length", "prompt")),
        ({"size": "1536x1024"}, (USER, "invalid_value", "size")),
        ({"size": "auto"}, (USER, "invalid_value", "size")),
        ({"response_format": "file"}, (REQUEST, "invalid_value", "response_format")),
        ({"quality": "high"}, (REQUEST, "unknown_parameter", "quality")),
        ({"output_format": "webp"}, (REQUEST, "unknown_parameter", "output_format")),
        ({"mask": None}, (REQUEST, "invalid_image_format", "image")),
        ({"mask": SMALL_MASK}, (USER, "invalid_mask_image_format", "mask")),
        (
            {"uploads": [image(name="image[]")] * 2},
            (REQUEST, "array_above_max_length", "image"),
        ),
        (
            {"uploads": [image(picture((512, 256)))], "mask": None},
            (REQUEST, "invalid_image_size", "image"),
        ),
        (
            {"uploads": [image(JPEG, kind="image/jpeg")]},
            (REQUEST, "invalid_image_format", "image"),
        ),
        (
            {"uploads": [image(files.encode_png(NOISE))], "mask": None},
            (REQUEST, "file_too_large", "image"),
        ),
    ],
)
def test_the_older_model_refuses_by_its_own_limits(
    sandbox: Sandbox, fields: dict[str, Any], error: tuple[Any, ...]
) -> None:
    answer = ask(sandbox, **{"model": "dall-e-2", **fields})
    said = answer.json()["error"]
    assert answer.status_code == 400
    assert (said["type"], said["code"], said["param"]) == error


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"size": "4096x4096"},
            "Invalid size '4096x4096'. The longest edge must be less than or equal to 3840.",
        ),
        (
            {"size": "576x1024"},
            "Invalid size '576x1024'. Requested resolution is below the current minimum pixel "
            "budget.",
        ),
        (
            {"size": "1792x936"},
            "Invalid size '1792x936'. Width and height must both be divisible by 16.",
        ),
        ({"response_format": "url"}, "Unknown parameter: 'response_format'."),
        (
            {"uploads": [image(kind="application/octet-stream")]},
            "Invalid file 'image': unsupported mimetype ('application/octet-stream'). Supported "
            "file formats are 'image/png', 'image/webp', and 'image/jpeg'.",
        ),
        (
            {"mask": PICTURE},
            "Invalid mask image format - mask image missing alpha channel",
        ),
        (
            {"mask": SMALL_MASK},
            "Invalid mask image format - mask size does not match image size",
        ),
        (
            {"uploads": [image(b"no picture")]},
            "Invalid image file or mode for image 1, please check your image file.",
        ),
        (
            {"input_fidelity": "high"},
            "The model 'gpt-image-2' does not support the 'input_fidelity' parameter.",
        ),
        ({"background": "transparent"}, "Transparent background is not supported for this model."),
    ],
)
def test_published_sentences_are_said_word_for_word(
    sandbox: Sandbox, fields: dict[str, Any], message: str
) -> None:
    assert ask(sandbox, **fields).json()["error"]["message"] == message


def test_moderation_tells_stage_and_categories(sandbox: Sandbox) -> None:
    answer = ask(sandbox, prompt="moderation test")
    said = answer.json()["error"]
    assert said["moderation_details"] == {"moderation_stage": "input", "categories": ["violence"]}
    assert answer.headers["x-request-id"] in said["message"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Bearer wrong", "invalid_api_key"),
        ("Bearer sandbo", "invalid_api_key"),
        ("Bearer ключ", "invalid_api_key"),
        ("sandbox", None),
        ("Basic c2FuZGJveA==", None),
    ],
)
def test_a_wrong_key_is_refused_and_not_repeated(
    sandbox: Sandbox, header: str, code: str | None
) -> None:
    answer = ask(sandbox, headers={"Authorization": header.encode()})  # type: ignore[dict-item]
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == code
    assert "wrong" not in answer.text


def test_the_key_can_be_chosen(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, SANDBOX_KEY="another key") as sandbox:
        assert sandbox.key == "another key"
        assert ask(sandbox).status_code == 200
        assert ask(sandbox, headers={"Authorization": "Bearer sandbox"}).status_code == 401


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b'{"prompt": "p"}', "application/json", 400, "invalid_content_type"),
        (b"x", "multipart/form-data", 400, "invalid_content_type"),
        (b"x", "multipart/form-data; boundary=b", 400, "invalid_multipart_form"),
        (b"--b\r\n", "multipart/form-data; boundary=b", 400, "invalid_multipart_form"),
        (b"--b--\r\n", "multipart/form-data; boundary=b", 400, "missing_required_parameter"),
        (
            b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n\xff\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
            400,
            "invalid_type",
        ),
    ],
)
def test_bodies_that_are_no_form_are_refused(
    sandbox: Sandbox, body: bytes, kind: str, status: int, code: str
) -> None:
    answer = requests.post(
        f"{sandbox.base_url}/images/edits",
        data=body,
        headers={"Authorization": f"Bearer {sandbox.key}", "Content-Type": kind},
        timeout=10,
    )
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code


def test_unknown_addresses_have_the_apis_envelope(sandbox: Sandbox) -> None:
    answer = requests.post(f"{sandbox.base_url}/images/nothing", data=b"x", timeout=5)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "Invalid URL (POST /v1/images/nothing)"
