import base64
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from editor.images_api.asked import Upload, check
from editor.images_api.catalogue import default, load
from editor.images_api.errors import ProviderRejected
from editor.images_api.messages import Request, Svg
from editor.imaging import masks
from tests.drawing import mask_pixels
from tests.images_api.asking import (
    PNG,
    api_mask,
    asked,
    asked_json,
    facts,
    form,
    look,
    part,
    png,
    read_body,
    refused,
)

DATA_URL = "data:image/png;base64," + base64.b64encode(png()).decode()
MASK_URL = "data:image/png;base64," + base64.b64encode(api_mask()).decode()
EDIT = {"model": "gpt-image-2", "prompt": "Remove it", "images": [{"image_url": DATA_URL}]}
REQUEST = "invalid_request_error"


def test_a_form_becomes_a_request_with_typed_values() -> None:
    found = asked(model="gpt-image-2", n="2", stream="True", partial_images="3", quality="low")
    request = found.request
    assert (request.n, request.stream, request.partial_images) == (2, True, 3)
    assert (request.model, request.prompt, request.quality) == ("gpt-image-2", "Remove it", "low")
    assert request.images[0].data == png()
    assert (request.images[0].size, request.images[0].content_type) == ((256, 256), PNG)
    assert request.mask is not None
    assert (request.mask.has_alpha, request.mask.name) == (True, "mask.png")
    assert found.named_model


def test_the_default_model_is_meant_where_none_is_named() -> None:
    found = asked()
    assert found.model is default().default("edit")
    assert not found.named_model
    assert asked_json({"prompt": "An otter"}, "generate").model is default().default("generate")
    assert asked([part("image", png())], "vary").model.id == "dall-e-2"


@pytest.mark.parametrize(
    "names",
    [("image",), ("image[]",), ("images",), ("image[0]",), ("image[]", "image[]"),
     ("image[0]", "image[1]"), ("images", "images"), ("image", "image[]")],
)  # fmt: skip
def test_pictures_come_under_any_of_their_names_in_order(names: tuple[str, ...]) -> None:
    sides = [256, 320]
    found = asked([part(name, png(side)) for name, side in zip(names, sides, strict=False)])
    assert [each.size[0] for each in found.request.images] == sides[: len(names)]


@pytest.mark.parametrize("name", ["mask", "mask[]"])
def test_a_mask_comes_under_either_of_its_names(name: str) -> None:
    found = asked([part("image", png()), part(name, api_mask())])
    assert found.request.mask is not None


@pytest.mark.parametrize("kind", ["application/octet-stream", None, "image/png; charset=binary"])
def test_a_picture_without_a_useful_type_is_known_by_its_bytes(kind: str | None) -> None:
    found = asked([part("image", png(), kind)])
    assert found.request.images[0].content_type == PNG


def test_a_file_that_was_not_chosen_in_a_form_counts_as_none() -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nRemove it\r\n'
        b'--b\r\nContent-Disposition: form-data; name="mask"; filename=""\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n\r\n--b--\r\n"
    )
    assert read_body(body, "multipart/form-data; boundary=b").uploads == ()


def test_json_becomes_the_same_request_as_a_form() -> None:
    found = asked_json({**EDIT, "mask": {"image_url": MASK_URL}, "n": 2.0, "size": None})
    request = found.request
    assert (request.images[0].data, request.images[0].size) == (png(), (256, 256))
    assert request.mask is not None
    assert request.mask.data == api_mask()
    assert (request.n, request.size) == (2, None)


def test_models_with_more_formats_take_their_parameters(tmp_path: Path) -> None:
    more = tmp_path / "more.toml"
    more.write_text(
        '[[model]]\nid = "gpt-image-2"\noutput_formats = ["png", "gif", "svg"]\n'
        'further_parameters = { edit = ["frame_count", "svg"] }\n'
    )

    def check_edit(**fields: str) -> Request:
        body, kind = form([part("image", png())], {"model": "gpt-image-2", "prompt": "p", **fields})
        return check("edit", read_body(body, kind), load(more), look=look).request

    assert check_edit(output_format="gif", frame_count="9").frame_count == 9
    written = {"svg[model]": "writer", "svg[reasoning][effort]": "low"}
    assert check_edit(output_format="svg", **written).svg == Svg("writer", "low")
    body = {**EDIT, "output_format": "svg", "svg": {"model": "w", "reasoning": None}}
    read = read_body(json.dumps(body).encode(), "application/json")
    assert check("edit", read, load(more), look=look).request.svg == Svg("w")


def test_files_and_addresses_are_had_from_the_caller() -> None:
    def fetch(address: str) -> Upload:
        assert address == "https://example.org/a.png"
        return Upload("image", "a.png", PNG, png())

    def find_file(file_id: str) -> Upload:
        assert file_id == "file-7"
        return Upload("image", "b.png", PNG, png(320))

    images = [{"image_url": "https://example.org/a.png"}, {"file_id": "file-7", "image_url": None}]
    found = asked_json({**EDIT, "images": images}, fetch=fetch, find_file=find_file)
    assert [(each.name, each.size[0]) for each in found.request.images] == [
        ("a.png", 256),
        ("b.png", 320),
    ]


def test_an_input_that_cannot_be_had_is_named() -> None:
    def fetch(address: str) -> Upload:
        raise ProviderRejected("The address is private.")

    def find_file(file_id: str) -> Upload:
        raise LookupError

    by_url = {**EDIT, "images": [EDIT["images"][0], {"image_url": "https://10.0.0.1/"}]}
    by_id = {**EDIT, "images": [{"file_id": "file-7"}]}
    refusal = refused(asked_json, by_url, fetch=fetch)
    assert facts(refusal) == (400, REQUEST, "invalid_image_url", "images[1].image_url")
    assert "The address is private." in refusal.message
    refusal = refused(asked_json, by_id, find_file=find_file)
    assert facts(refusal) == (400, REQUEST, "file_not_found", "images[0].file_id")
    assert facts(refused(asked_json, by_url))[2] == "invalid_image_url"
    assert facts(refused(asked_json, by_id))[2] == "invalid_value"


def test_nothing_is_fetched_for_a_request_that_is_refused_anyway() -> None:
    def fetch(address: str) -> Upload:
        raise AssertionError(address)

    wrong = {**EDIT, "images": [{"image_url": "https://example.org/a.png"}], "n": 11}
    assert facts(refused(asked_json, wrong, fetch=fetch))[3] == "n"


@pytest.mark.parametrize(
    ("day", "status"), [(date(2026, 5, 11), 200), (date(2026, 5, 12), 404), (None, 200)]
)
def test_a_model_is_unknown_from_its_last_day_on(day: date | None, status: int) -> None:
    body = {"model": "dall-e-3", "prompt": "An otter"}
    if status == 200:
        assert asked_json(body, "generate", on=day).model.id == "dall-e-3"
        return
    refusal = refused(asked_json, body, "generate", on=day)
    assert facts(refusal) == (404, REQUEST, "model_not_found", "model")


def test_a_body_without_an_announced_length_is_bounded_too() -> None:
    body, kind = form([part("image", png())], {"prompt": "p"})
    assert read_body(body, kind, length=None).values("prompt") == ["p"]
    limit = len(body) - 1
    assert refused(read_body, body, kind, length=None, max_bytes=limit).status == 413
    assert refused(read_body, body, kind, max_bytes=limit).status == 413


def test_thirty_megabytes_of_json_are_too_many() -> None:
    body = b'{"prompt": "' + b"x" * (30 * 1024 * 1024) + b'"}'
    for length in (-1, None):
        refusal = refused(read_body, body, "application/json", length=length)
        assert facts(refusal) == (413, REQUEST, "request_too_large", None)


@pytest.mark.parametrize(
    ("operation", "kind"),
    [("edit", "text/plain"), ("edit", ""), ("generate", "multipart/form-data; boundary=b"),
     ("vary", "application/json"), ("edit", "application/x-www-form-urlencoded"),
     ("generate", "image/png"), ("edit", "\xff\xfe;;==")],
)  # fmt: skip
def test_each_operation_takes_its_own_kinds_of_bodies(operation: Any, kind: str) -> None:
    refusal = refused(read_body, b"{}", kind, operation)
    assert facts(refusal) == (400, REQUEST, "unsupported_content_type", None)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"{'a': 1}", b'{"n": NaN}', b'{"n": Infinity}', b"\xff{}",
     b'{"n": ' + b"9" * 5000 + b"}", b"[" * 100_000, b'{"a":' * 100_000, b'\xef\xbb\xbf{}'],
)  # fmt: skip
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    refusal = refused(read_body, body, "application/json")
    assert facts(refusal) == (400, REQUEST, "invalid_json", None)
    assert len(refusal.message) < 400


def test_a_name_that_stands_twice_in_an_object_is_refused() -> None:
    refusal = refused(read_body, b'{"n": 1, "n": 2}', "application/json")
    assert facts(refusal) == (400, REQUEST, "duplicate_parameter", "n")


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"--b\r\n", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx',
     b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n",
     b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--b--\r\n',
     b'--b\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset=oops'
     b"\r\n\r\nx\r\n--b--\r\n",
     b"--b\r\n" + b"A: b\r\n" * 50 + b"\r\nx\r\n--b--\r\n",
     b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 200 + b"--b--\r\n"],
)  # fmt: skip
def test_what_is_no_form_is_refused(body: bytes) -> None:
    refusal = refused(read_body, body, "multipart/form-data; boundary=b")
    assert facts(refusal) == (400, REQUEST, "invalid_multipart_form", None)


def test_a_form_without_a_boundary_is_refused() -> None:
    refusal = refused(read_body, b"x", "multipart/form-data")
    assert facts(refusal)[2] == "invalid_multipart_form"


def test_a_mask_that_is_opaque_everywhere_has_an_alpha_channel_all_the_same() -> None:
    opaque = masks.api_mask_png(mask_pixels((256, 256), (0, 0, 0, 0)))
    assert not look(Upload("mask", "", PNG, opaque)).has_alpha  # the decoder has nothing to tell
    found = asked([part("image", png()), part("mask", opaque)])
    assert found.request.mask is not None and found.request.mask.has_alpha
