import json
import socket
import struct
import zlib
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
JSON = b'{"model": "dall-e-2", "prompt": "An otter", "size": "256x256"}'
NOISE = np.random.default_rng(1).integers(0, 256, (1300, 1300, 4), np.uint8)


def image(data: bytes = PICTURE, name: str = "image", kind: str = PNG) -> Any:
    return (name, ("a.png", data, kind))


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"model": "gpt-image-99"}, (404, REQUEST, "model_not_found", "model")),
        ({"prompt": None}, (400, REQUEST, "missing_required_parameter", "prompt")),
        ({"prompt": "x" * 32_001}, (400, REQUEST, "string_above_max_length", "prompt")),
        ({"uploads": []}, (400, REQUEST, "missing_required_parameter", "image")),
        ({"n": "0"}, (400, REQUEST, "integer_below_min_value", "n")),
        ({"n": "11"}, (400, REQUEST, "integer_above_max_value", "n")),
        ({"n": "many"}, (400, REQUEST, "invalid_type", "n")),
        ({"n": ["1", "2"]}, (400, REQUEST, "duplicate_parameter", "n")),
        ({"size": "big"}, (400, USER, "invalid_value", "size")),
        ({"size": "1000x1000"}, (400, USER, "invalid_value", "size")),
        ({"quality": "hd"}, (400, REQUEST, "invalid_value", "quality")),
        ({"background": "transparent"}, (400, USER, "invalid_value", "background")),
        ({"response_format": "url"}, (400, REQUEST, "unknown_parameter", "response_format")),
        ({"seed": "7"}, (400, REQUEST, "unknown_parameter", "seed")),
        ({"partial_images": "4"}, (400, REQUEST, "integer_above_max_value", "partial_images")),
        ({"stream": "perhaps"}, (400, REQUEST, "invalid_type", "stream")),
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
            {"uploads": [image(kind="text/plain")]},
            (400, REQUEST, "unsupported_file_mimetype", "image"),
        ),
        ({"uploads": [image(b"no picture")]}, (400, USER, "invalid_image_file", "")),
        ({"uploads": [image(PICTURE[:5000])]}, (400, USER, "invalid_image_file", "")),
        ({"image": "text"}, (400, REQUEST, "invalid_type", "image")),
        ({"image[]": "text", "uploads": []}, (400, REQUEST, "invalid_type", "image[0]")),
        ({"mask": PICTURE}, (400, USER, "invalid_mask_image_format", "mask")),
        ({"mask": SMALL_MASK}, (400, USER, "invalid_mask_image_format", "mask")),
        ({"mask": b"no picture"}, (400, USER, "invalid_mask_image_format", "mask")),
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
            {"uploads": [image(b"no picture", kind="application/octet-stream")]},
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


def test_a_picture_of_absurd_size_is_refused_before_it_is_unpacked(sandbox: Sandbox) -> None:
    declared = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + declared
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    png += struct.pack(">I", zlib.crc32(chunk)) + bytes(100)
    error = ask(sandbox, uploads=[image(png)]).json()["error"]
    assert error["code"] == "invalid_image_file"


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
        (b'{"prompt": "p"}', "application/json", 400, "missing_required_parameter"),
        (b'{"prompt": "p"', "application/json", 400, "invalid_json"),
        (b'{"prompt": "p"}', "text/plain", 400, "unsupported_content_type"),
        (b"x", "multipart/form-data", 400, "invalid_multipart_form"),
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


def test_thirty_megabytes_of_json_are_refused_and_the_connection_lives_on(sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {sandbox.key}", "Content-Type": "application/json"}
    body = b'{"prompt": "' + b"x" * (30 * 1024 * 1024) + b'"}'
    with requests.Session() as session:
        answer = session.post(
            f"{sandbox.base_url}/images/generations", data=body, headers=headers, timeout=20
        )
        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "request_too_large"
        assert session.get(f"{sandbox.origin}/healthz", timeout=5).json() == {"status": "ok"}


def test_unknown_addresses_have_the_apis_envelope(sandbox: Sandbox) -> None:
    for path in ("/images/nothing", "/images", "/", "/models/a/b"):
        answer = requests.post(sandbox.base_url + path, data=b"x", timeout=5)
        assert answer.status_code == 404
        shown = ("/v1" + path).rstrip("/")
        assert answer.json()["error"]["message"] == f"Invalid URL (POST {shown})"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/images/edits", "POST"),
        ("DELETE", "/v1/images/generations/", "POST"),
        ("PUT", "/v1/images/variations", "POST"),
        ("POST", "/v1/models", "GET"),
        ("PATCH", "/v1/models/gpt-image-2", "GET"),
        ("BREW", "/v1/images/edits", "GET, POST"),
    ],
)
def test_another_method_is_told_which_is_allowed(
    sandbox: Sandbox, method: str, path: str, allowed: str
) -> None:
    answer = requests.request(method, sandbox.origin + path, timeout=5)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
    assert answer.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST /v1/images/edits HTTP/1.1\r\nHost: x\r\n\r\n", 411),
        (b"POST /v1/images/edits HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST /v1/images/edits HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST /v1/images/edits HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
    ],
)
def test_what_is_no_request_is_answered_in_json(sandbox: Sandbox, sent: bytes, status: int) -> None:
    head, _, body = sent_raw(sandbox, sent).partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == str(status).encode()
    assert b"application/json" in head
    assert set(json.loads(body)["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("chunks", "status"),
    [
        (b"%x\r\n%s\r\n0\r\n\r\n" % (len(JSON), JSON), 200),
        (b"2;a=b\r\n%s\r\n%X\r\n%s\r\n0\r\nA: b\r\n\r\n" % (JSON[:2], len(JSON) - 2, JSON[2:]), 200),
        (b"zz\r\n", 400),
        (b"-2\r\n{}\r\n0\r\n\r\n", 400),
        (b"2\r\n{}XX0\r\n\r\n", 400),
    ],
)  # fmt: skip
def test_a_body_in_chunks_is_taken_when_they_are_sound(
    sandbox: Sandbox, chunks: bytes, status: int
) -> None:
    head = (
        f"POST /v1/images/generations HTTP/1.1\r\nAuthorization: Bearer {sandbox.key}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    answer = sent_raw(sandbox, head.encode() + chunks)
    assert answer.split(b" ")[1] == str(status).encode()
    assert (b'"created"' in answer) is (status == 200)


def test_retired_models_are_refused_when_told_so(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, SANDBOX_RETIRED="refuse") as sandbox:
        answer = ask(sandbox, model="dall-e-2")
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "model_not_found"
        headers = {"Authorization": f"Bearer {sandbox.key}"}
        listed = requests.get(f"{sandbox.base_url}/models", headers=headers, timeout=5).json()
        one = requests.get(f"{sandbox.base_url}/models/dall-e-2", headers=headers, timeout=5)
    names = {entry["id"] for entry in listed["data"]}
    assert "gpt-image-2" in names
    assert "dall-e-2" not in names
    assert one.status_code == 404


def sent_raw(sandbox: Sandbox, data: bytes) -> bytes:
    """All that comes back for bytes that no client library would send."""
    port = int(sandbox.origin.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(data)
        pieces = []
        while piece := client.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)
