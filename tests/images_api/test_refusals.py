"""Every refusal of a server, with the status, type, code and param that the API's users have seen."""

import base64
import dataclasses
from typing import Any

import numpy as np
import pytest

from editor.images_api.asked import Looked, Upload, check
from editor.images_api.catalogue import Catalogue, default
from editor.images_api.refusals import Refusal, no_key, rate_limited, wrong_key, wrong_method
from editor.imaging import files, masks
from tests.drawing import mask_pixels
from tests.images_api.asking import (
    api_mask,
    asked,
    asked_json,
    facts,
    form,
    look,
    part,
    png,
    refused,
)
from tests.images_api.asking import read_body as read

USER = "image_generation_user_error"
REQUEST = "invalid_request_error"
OCTETS = "application/octet-stream"
JPEG = files.encode_jpeg(files.open_picture(png()).pixels)
NOISE = files.encode_png(np.random.default_rng(1).integers(0, 256, (1300, 1300, 4), np.uint8))
OTHER_MASK = masks.api_mask_png(mask_pixels((320, 320), (10, 10, 90, 90)))
DATA_URL = "data:image/png;base64," + base64.b64encode(png()).decode()
EDIT: dict[str, Any] = {
    "model": "gpt-image-2",
    "prompt": "Remove it",
    "images": [{"image_url": DATA_URL}],
}
IMAGE = part("image", png())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"model": "gpt-image-99"}, (404, REQUEST, "model_not_found", "model")),
        ({"model": ""}, (400, REQUEST, "missing_required_parameter", "model")),
        ({"model": "dall-e-3"}, (400, REQUEST, "invalid_value", "model")),
        ({"prompt": None}, (400, REQUEST, "missing_required_parameter", "prompt")),
        ({"prompt": " \u200b "}, (400, REQUEST, "missing_required_parameter", "prompt")),
        ({"prompt": "x" * 32_001}, (400, REQUEST, "string_above_max_length", "prompt")),
        ({"prompt": "a\0b"}, (400, REQUEST, "invalid_value", "prompt")),
        ({"parts": []}, (400, REQUEST, "missing_required_parameter", "image")),
        ({"n": "0"}, (400, REQUEST, "integer_below_min_value", "n")),
        ({"n": "11"}, (400, REQUEST, "integer_above_max_value", "n")),
        ({"n": "two"}, (400, REQUEST, "invalid_type", "n")),
        ({"n": "1.5"}, (400, REQUEST, "invalid_type", "n")),
        ({"n": ""}, (400, REQUEST, "invalid_type", "n")),
        ({"n": "9" * 40}, (400, REQUEST, "invalid_type", "n")),
        ({"n": ["1", "2"]}, (400, REQUEST, "duplicate_parameter", "n")),
        ({"size": "big"}, (400, USER, "invalid_value", "size")),
        ({"size": "1000x1000"}, (400, USER, "invalid_value", "size")),
        ({"size": "4096x4096"}, (400, USER, "invalid_value", "size")),
        ({"size": "576x1024"}, (400, USER, "invalid_value", "size")),
        ({"size": "3840x3840"}, (400, USER, "invalid_value", "size")),
        ({"size": "3072x512"}, (400, USER, "invalid_value", "size")),
        ({"quality": "hd"}, (400, REQUEST, "invalid_value", "quality")),
        ({"background": "transparent"}, (400, USER, "invalid_value", "background")),
        ({"background": "green"}, (400, REQUEST, "invalid_value", "background")),
        ({"output_format": "gif"}, (400, REQUEST, "invalid_value", "output_format")),
        ({"output_format": "svg"}, (400, REQUEST, "invalid_value", "output_format")),
        (
            {"model": "gpt-image-1.5", "background": "transparent", "output_format": "jpeg"},
            (400, REQUEST, "invalid_value", "background"),
        ),
        (
            {"output_compression": "101", "output_format": "webp"},
            (400, REQUEST, "integer_above_max_value", "output_compression"),
        ),
        ({"partial_images": "4"}, (400, REQUEST, "integer_above_max_value", "partial_images")),
        ({"partial_images": "-1"}, (400, REQUEST, "integer_below_min_value", "partial_images")),
        ({"stream": "perhaps"}, (400, REQUEST, "invalid_type", "stream")),
        ({"response_format": "url"}, (400, REQUEST, "unknown_parameter", "response_format")),
        ({"seed": "7"}, (400, REQUEST, "unknown_parameter", "seed")),
        ({"svg[model]": "x"}, (400, REQUEST, "unknown_parameter", "svg")),
        (
            {"svg[reasoning][effort]": "x"},
            (400, REQUEST, "missing_required_parameter", "svg.model"),
        ),
        ({"svg": "x"}, (400, REQUEST, "invalid_type", "svg")),
        ({"svg[colour]": "x"}, (400, REQUEST, "unknown_parameter", "svg[colour]")),
        ({"frame_count": "9"}, (400, REQUEST, "unknown_parameter", "frame_count")),
        ({"style": "vivid"}, (400, REQUEST, "unknown_parameter", "style")),
        ({"input_fidelity": "high"}, (400, USER, "invalid_input_fidelity_model", "input_fidelity")),
        (
            {"model": "gpt-image-1-mini", "input_fidelity": "high"},
            (400, REQUEST, "invalid_value", "input_fidelity"),
        ),
        ({"user": "x" * 513}, (400, REQUEST, "string_above_max_length", "user")),
        ({"image": "text"}, (400, REQUEST, "invalid_type", "image")),
        ({"image[]": "text", "parts": []}, (400, REQUEST, "invalid_type", "image[0]")),
        ({"mask": "text", "parts": [IMAGE]}, (400, REQUEST, "invalid_type", "mask")),
        ({"parts": [IMAGE, part("prompt", b"x")]}, (400, REQUEST, "invalid_type", "prompt")),
        ({"parts": [IMAGE, part("photo", b"x")]}, (400, REQUEST, "unknown_parameter", "photo")),
        ({"parts": [IMAGE, IMAGE]}, (400, REQUEST, "duplicate_parameter", "image")),
        (
            {"parts": [part("image[]", png())] * 17},
            (400, REQUEST, "array_above_max_length", "image"),
        ),
        (
            {"parts": [part("image", png(), "text/plain")]},
            (400, REQUEST, "unsupported_file_mimetype", "image"),
        ),
        (
            {"parts": [part("image", b"no picture", OCTETS)]},
            (400, REQUEST, "unsupported_file_mimetype", "image"),
        ),
        ({"parts": [part("image", b"no picture")]}, (400, USER, "invalid_image_file", "")),
        ({"parts": [part("image", b"")]}, (400, USER, "invalid_image_file", "")),
        ({"parts": [part("image", png()[:3000])]}, (400, USER, "invalid_image_file", "")),
        (
            {"parts": [IMAGE, part("mask", png())]},
            (400, USER, "invalid_mask_image_format", "mask"),
        ),
        (
            {"parts": [IMAGE, part("mask", OTHER_MASK)]},
            (400, USER, "invalid_mask_image_format", "mask"),
        ),
        (
            {"parts": [IMAGE, part("mask", b"no picture")]},
            (400, USER, "invalid_mask_image_format", "mask"),
        ),
        ({"parts": [IMAGE, part("mask", NOISE)]}, (400, REQUEST, "file_too_large", "mask")),
        (
            {"parts": [IMAGE, part("mask", api_mask()), part("mask[]", api_mask())]},
            (400, REQUEST, "duplicate_parameter", "mask"),
        ),
        (
            {"parts": [IMAGE, part("mask", api_mask()), part("mask", api_mask())]},
            (400, REQUEST, "duplicate_parameter", "mask"),
        ),
        (
            {
                "model": "gpt-image-2.5-flare",
                "parts": [IMAGE, part("mask", api_mask()), part("markup", api_mask())],
            },
            (400, REQUEST, "invalid_value", "markup"),
        ),
        (
            {"parts": [IMAGE, part("markup", api_mask())]},
            (400, REQUEST, "unknown_parameter", "markup"),
        ),
        (
            {"model": "gpt-image-2.5-flare", "parts": [IMAGE, part("markup", png())]},
            (400, USER, "invalid_markup_image_format", "markup"),
        ),
        (
            {"model": "gpt-image-2.5-flare", "parts": [IMAGE, part("markup", b"?")]},
            (400, USER, "invalid_markup_image_format", "markup"),
        ),
    ],
)
def test_edits_in_a_form_are_refused_as_the_api_does(
    given: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    refusal = refused(asked, **{"model": "gpt-image-2", **given})
    assert facts(refusal) == expected
    assert refusal.message
    assert refusal.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"prompt": "x" * 1001}, (REQUEST, "string_above_max_length", "prompt")),
        ({"size": "1536x1024"}, (USER, "invalid_value", "size")),
        ({"size": "auto"}, (USER, "invalid_value", "size")),
        ({"response_format": "file"}, (REQUEST, "invalid_value", "response_format")),
        ({"quality": "high"}, (REQUEST, "unknown_parameter", "quality")),
        ({"output_format": "webp"}, (REQUEST, "unknown_parameter", "output_format")),
        ({"stream": "true"}, (REQUEST, "unknown_parameter", "stream")),
        ({"partial_images": "1"}, (REQUEST, "unknown_parameter", "partial_images")),
        ({"parts": [IMAGE]}, (REQUEST, "invalid_image_format", "image")),
        ({"parts": [part("image[]", png())] * 2}, (REQUEST, "array_above_max_length", "image")),
        (
            {"parts": [part("image", png(256, 320)), part("mask", api_mask())]},
            (REQUEST, "invalid_image_size", "image"),
        ),
        (
            {"parts": [part("image", JPEG, "image/jpeg"), part("mask", api_mask())]},
            (REQUEST, "invalid_image_format", "image"),
        ),
        (
            {"parts": [part("image", JPEG, OCTETS), part("mask", api_mask())]},
            (REQUEST, "unsupported_file_mimetype", "image"),
        ),
        ({"parts": [part("image", NOISE)]}, (REQUEST, "file_too_large", "image")),
    ],
)
def test_the_older_model_refuses_by_its_own_limits(
    given: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    assert facts(refused(asked, **{"model": "dall-e-2", **given})) == (400, *expected)


def test_transparency_stands_in_for_the_older_models_mask() -> None:
    pixels = np.dstack([files.open_picture(png()).pixels, np.zeros((256, 256), np.uint8)])
    found = asked([part("image", files.encode_png(pixels))], model="dall-e-2")
    assert found.request.images[0].has_alpha
    assert found.request.mask is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"images": None}, (400, REQUEST, "missing_required_parameter", "images")),
        ({"images": []}, (400, REQUEST, "array_below_min_length", "images")),
        ({"images": EDIT["images"] * 17}, (400, REQUEST, "array_above_max_length", "images")),
        ({"images": DATA_URL}, (400, REQUEST, "invalid_type", "images")),
        ({"images": [DATA_URL]}, (400, REQUEST, "invalid_type", "images[0]")),
        ({"images": [{}]}, (400, REQUEST, "invalid_value", "images[0]")),
        (
            {"images": [{"image_url": DATA_URL, "file_id": "f"}]},
            (400, REQUEST, "invalid_value", "images[0]"),
        ),
        (
            {"images": [{"image_url": DATA_URL, "detail": "high"}]},
            (400, REQUEST, "unknown_parameter", "images[0].detail"),
        ),
        ({"images": [{"image_url": 7}]}, (400, REQUEST, "invalid_type", "images[0].image_url")),
        ({"images": [{"file_id": True}]}, (400, REQUEST, "invalid_type", "images[0].file_id")),
        (
            {"images": [{"image_url": "data:image/png;base64," + "A" * 20_971_520}]},
            (400, REQUEST, "string_above_max_length", "images[0].image_url"),
        ),
        (
            {"images": [{"image_url": "data:image/png;base64,////"}]},
            (400, USER, "invalid_image_file", ""),
        ),
        (
            {"images": [{"image_url": "data:image/png;base64,a"}]},
            (400, REQUEST, "invalid_image_url", "images[0].image_url"),
        ),
        (
            {"images": [{"image_url": "data:text/plain;base64,aGVsbG8="}]},
            (400, REQUEST, "unsupported_file_mimetype", "images[0].image_url"),
        ),
        (
            {"images": [{"image_url": "data:image/png,hello"}]},
            (400, REQUEST, "invalid_image_url", "images[0].image_url"),
        ),
        (
            {"images": [{"image_url": "file:///etc/passwd"}]},
            (400, REQUEST, "invalid_image_url", "images[0].image_url"),
        ),
        ({"mask": {"image_url": "ftp://x"}}, (400, REQUEST, "invalid_image_url", "mask.image_url")),
        ({"mask": "text"}, (400, REQUEST, "invalid_type", "mask")),
        (
            {"mask": {"image_url": "data:image/png;base64,////"}},
            (400, USER, "invalid_mask_image_format", "mask"),
        ),
        ({"image": DATA_URL}, (400, REQUEST, "unknown_parameter", "image")),
        ({"seed": None}, (400, REQUEST, "unknown_parameter", "seed")),
        ({"model": "dall-e-2"}, (400, REQUEST, "unsupported_content_type", "model")),
        ({"model": 7}, (400, REQUEST, "invalid_type", "model")),
        ({"response_format": "b64_json"}, (400, REQUEST, "unknown_parameter", "response_format")),
        ({"prompt": None}, (400, REQUEST, "missing_required_parameter", "prompt")),
        ({"prompt": ["p"]}, (400, REQUEST, "invalid_type", "prompt")),
        ({"prompt": "\ud800"}, (400, REQUEST, "invalid_value", "prompt")),
        ({"n": True}, (400, REQUEST, "invalid_type", "n")),
        ({"n": "2"}, (400, REQUEST, "invalid_type", "n")),
        ({"n": 1.5}, (400, REQUEST, "invalid_type", "n")),
        ({"n": 1e300}, (400, REQUEST, "integer_above_max_value", "n")),
        ({"n": {}}, (400, REQUEST, "invalid_type", "n")),
        ({"stream": 1}, (400, REQUEST, "invalid_type", "stream")),
        ({"size": 1024}, (400, REQUEST, "invalid_type", "size")),
        ({"user": {"id": 7}}, (400, REQUEST, "invalid_type", "user")),
        ({"svg": "x"}, (400, REQUEST, "invalid_type", "svg")),
        ({"svg": {"size": 7}}, (400, REQUEST, "unknown_parameter", "svg.size")),
        ({"svg": {"model": 7}}, (400, REQUEST, "invalid_type", "svg.model")),
        ({"svg": {"model": "x"}}, (400, REQUEST, "unknown_parameter", "svg")),
        ({"svg": {"model": "x", "reasoning": []}}, (400, REQUEST, "invalid_type", "svg.reasoning")),
        ({"frame_duration_ms": 200}, (400, REQUEST, "unknown_parameter", "frame_duration_ms")),
        ({"safety_identifier": "a\0b"}, (400, REQUEST, "invalid_value", "safety_identifier")),
    ],
)
def test_edits_in_json_are_refused_by_type_and_shape(
    change: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    refusal = refused(asked_json, {**EDIT, **change})
    assert facts(refusal) == expected
    assert len(refusal.message) < 700


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, REQUEST, "missing_required_parameter", "prompt")),
        ({"prompt": "p", "images": []}, (400, REQUEST, "unknown_parameter", "images")),
        ({"prompt": "p", "model": "dall-e-3", "n": 2}, (400, REQUEST, "integer_above_max_value", "n")),
        ({"prompt": "p", "model": "dall-e-3", "style": "dull"}, (400, REQUEST, "invalid_value", "style")),
        ({"prompt": "p", "model": "dall-e-3", "quality": "high"}, (400, REQUEST, "invalid_value", "quality")),
        ({"prompt": "x" * 4001, "model": "dall-e-3"}, (400, REQUEST, "string_above_max_length", "prompt")),
        ({"prompt": "p", "model": "dall-e-3", "size": "512x512"}, (400, USER, "invalid_value", "size")),
        ({"prompt": "p", "model": "gpt-image-2", "moderation": "off"}, (400, REQUEST, "invalid_value", "moderation")),
        ({"prompt": "p", "model": "gpt-image-2", "complexity": "low"}, (400, REQUEST, "unknown_parameter", "complexity")),
        ({"prompt": "p", "model": "gpt-image-2", "input_fidelity": "low"}, (400, USER, "invalid_input_fidelity_model", "input_fidelity")),
        ({"prompt": "p", "model": "gpt-image-2.6-flare", "complexity": "huge"}, (400, REQUEST, "invalid_value", "complexity")),
    ],
)  # fmt: skip
def test_generations_are_refused_by_their_models_rules(
    body: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    assert facts(refused(asked_json, body, "generate")) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"prompt": "p"}, (REQUEST, "unknown_parameter", "prompt")),
        ({"model": "gpt-image-2"}, (REQUEST, "invalid_value", "model")),
        ({"parts": []}, (REQUEST, "missing_required_parameter", "image")),
        ({"parts": [part("image[]", png())] * 2}, (REQUEST, "array_above_max_length", "image")),
        ({"parts": [part("image", png(256, 320))]}, (REQUEST, "invalid_image_size", "image")),
        ({"parts": [IMAGE, part("mask", api_mask())]}, (REQUEST, "unknown_parameter", "mask")),
        ({"size": "1792x1024"}, (USER, "invalid_value", "size")),
    ],
)
def test_variations_are_refused_by_their_models_rules(
    given: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    refusal = refused(asked, **{"operation": "vary", "parts": [IMAGE], **given})
    assert facts(refusal) == (400, *expected)


@pytest.mark.parametrize(
    ("given", "message"),
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
            {"parts": [part("image", b"?", OCTETS)]},
            "Invalid file 'image': unsupported mimetype ('application/octet-stream'). Supported "
            "file formats are 'image/png', 'image/webp', and 'image/jpeg'.",
        ),
        (
            {"parts": [IMAGE, part("mask", png())]},
            "Invalid mask image format - mask image missing alpha channel",
        ),
        (
            {"parts": [IMAGE, part("mask", OTHER_MASK)]},
            "Invalid mask image format - mask size does not match image size",
        ),
        (
            {"parts": [part("image", b"no picture")]},
            "Invalid image file or mode for image 1, please check your image file.",
        ),
        (
            {"input_fidelity": "high"},
            "The model 'gpt-image-2' does not support the 'input_fidelity' parameter.",
        ),
        ({"background": "transparent"}, "Transparent background is not supported for this model."),
        (
            {"image[]": "text"},
            "Invalid type for 'image[0]': expected a file, but got a string instead.",
        ),
        (
            {"parts": [IMAGE, part("mask", api_mask()), part("mask[]", api_mask())]},
            "Invalid parameter: 'mask'. This parameter already has a different value in your "
            "parameters.",
        ),
        (
            {"model": "dall-e-2", "parts": [IMAGE]},
            "Invalid input image - format must be in ['RGBA', 'LA', 'L'], got RGB.",
        ),
    ],
)
def test_published_sentences_are_said_word_for_word(given: dict[str, Any], message: str) -> None:
    assert refused(asked, **{"model": "gpt-image-2", **given}).message == message


def test_a_picture_part_without_a_file_name_is_a_text() -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\n' + png() + b"\r\n--b--\r\n"
    refusal = refused(read, body, "multipart/form-data; boundary=b")
    assert facts(refusal) == (400, REQUEST, "invalid_type", "image")


@pytest.mark.parametrize("charset", ["oops", "idna", "undefined", "hex", "a\0b", "utf-16"])
def test_a_text_in_an_odd_alphabet_is_refused(charset: str) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="prompt"\r\nContent-Type: text/plain; '
    body = head + f"charset={charset}\r\n\r\n".encode() + b"\xff" * 3 + b"\r\n--b--\r\n"
    refusal = refused(read, body, "multipart/form-data; boundary=b")
    assert refusal.status == 400
    assert refusal.code in ("invalid_type", "invalid_multipart_form")


def test_pixels_that_the_server_cannot_take_are_refused_by_their_number() -> None:
    body, kind = form([part("image[]", png()), part("image[]", png(320))], {"prompt": "p"})

    def look_closely(upload: Upload) -> Looked:
        looked = look(upload)
        return dataclasses.replace(looked, mode_ok=looked.size == (256, 256))

    refusal = refused(check, "edit", read(body, kind), default(), look=look_closely)
    assert facts(refusal) == (400, USER, "invalid_image_file", "")
    assert "image 2" in refusal.message


def test_where_no_model_is_the_default_one_must_be_named() -> None:
    alone = Catalogue({"gpt-image-1": default().get("gpt-image-1")})
    body, kind = form([IMAGE], {"prompt": "p"})
    refusal = refused(check, "edit", read(body, kind), alone, look=look)
    assert facts(refusal) == (400, REQUEST, "missing_required_parameter", "model")


def test_a_text_of_megabytes_is_refused_before_it_is_read() -> None:
    body, kind = form([IMAGE], {"prompt": "x" * 2_000_000})
    assert facts(refused(read, body, kind)) == (400, REQUEST, "string_above_max_length", "prompt")


def test_a_refusal_says_whether_repeating_may_help() -> None:
    assert Refusal(400, "No.").headers == {"x-should-retry": "false"}
    assert Refusal(429, "Later.").headers == {}
    assert Refusal(429, "Never.", retry=False).headers == {"x-should-retry": "false"}
    assert Refusal(500, "Perhaps.").headers == {}
    assert Refusal(409, "Soon.", retry=True).headers == {"x-should-retry": "true"}
    assert rate_limited("Too often.", 7).headers == {"retry-after": "7"}
    assert wrong_method("GET", "/v1/x", ["POST"]).headers["Allow"] == "POST"


def test_keys_are_asked_for_without_repeating_them() -> None:
    assert facts(no_key()) == (401, REQUEST, None, None)
    assert facts(wrong_key("Keys are made elsewhere.")) == (401, REQUEST, "invalid_api_key", None)
