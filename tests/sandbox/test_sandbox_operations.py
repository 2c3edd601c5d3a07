"""Generations, variations, and edits in JSON."""

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from editor.images_api.catalogue import default
from editor.imaging import files
from tests.sandbox.asking import (
    API_MASK,
    MASK,
    PICTURE,
    PNG,
    SMALL,
    ask,
    ask_small,
    picture,
    pixels_of,
)
from tests.sandbox.streaming import SIZE, generate
from tests.sandbox_server import Sandbox, running_sandbox

GENERATING = [model.id for model in default().models() if "generate" in model.operations]


def data_url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


def edit_json(sandbox: Sandbox, **fields: Any) -> requests.Response:
    given = {
        "model": "gpt-image-2",
        "prompt": "Remove the sign",
        "images": [{"image_url": data_url(PICTURE)}],
        "size": "1024x1024",
        **fields,
    }
    return requests.post(
        f"{sandbox.base_url}/images/edits",
        json=given,
        headers={"Authorization": f"Bearer {sandbox.key}"},
        timeout=30,
    )


def test_an_edit_in_json_is_the_edit_of_a_form(sandbox: Sandbox) -> None:
    form = ask(sandbox, size="1024x1024").json()
    answer = edit_json(sandbox, mask={"image_url": data_url(API_MASK)}).json()
    assert answer["data"] == form["data"]
    assert answer["usage"] == form["usage"]


def test_several_pictures_in_json_are_counted(sandbox: Sandbox) -> None:
    reference = {"image_url": data_url(picture((256, 256)))}
    images = [{"image_url": data_url(PICTURE)}, reference]
    one = edit_json(sandbox).json()["usage"]["input_tokens_details"]["image_tokens"]
    two = edit_json(sandbox, images=images).json()["usage"]["input_tokens_details"]
    assert two["image_tokens"] > one


def test_a_result_of_its_own_can_be_edited_by_its_address(sandbox: Sandbox, tmp_path: Path) -> None:
    url = ask_small(sandbox).json()["data"][0]["url"]
    answer = edit_json(sandbox, images=[{"image_url": url}])
    assert answer.status_code == 200, answer.text
    gone = edit_json(sandbox, images=[{"image_url": f"{sandbox.origin}/files/none"}])
    assert gone.json()["error"]["code"] == "invalid_image_url"


@pytest.mark.parametrize(
    "address",
    ["https://example.com/a.png", "http://127.0.0.1:1/files/a.png", "file:///etc/passwd"],
)
def test_other_addresses_are_not_opened(sandbox: Sandbox, address: str) -> None:
    error = edit_json(sandbox, images=[{"image_url": address}]).json()["error"]
    assert (error["code"], error["param"]) == ("invalid_image_url", "images[0].image_url")


def test_files_by_id_are_not_kept(sandbox: Sandbox) -> None:
    error = edit_json(sandbox, images=[{"file_id": "file-1"}]).json()["error"]
    assert error["param"] == "images[0].file_id"


@pytest.mark.parametrize("model", GENERATING)
def test_every_model_that_generates_gives_a_picture_of_the_size_asked_for(
    sandbox: Sandbox, model: str
) -> None:
    answer = generate(sandbox, model=model, size="1024x1024", quality=None).json()
    assert pixels_of(answer["data"][0]).shape == (1024, 1024, 3)
    has_usage = default().get(model).tokens is not None
    assert ("usage" in answer) is has_usage
    if has_usage:
        assert answer["usage"]["input_tokens_details"] == {"text_tokens": 2, "image_tokens": 0}


def test_generations_follow_the_prompt_and_only_it(tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as first, running_sandbox(tmp_path) as second:
        once, again = generate(first, n=2).json()["data"], generate(second, n=2).json()["data"]
        other = generate(first, prompt="A beaver").json()["data"]
    assert once == again
    assert once[0] != once[1]
    assert once[0] != other[0]


def test_the_model_with_styles_tells_how_it_read_the_prompt(sandbox: Sandbox) -> None:
    def revised(**fields: Any) -> str:
        answer = generate(sandbox, model="dall-e-3", size="1024x1024", quality="hd", **fields)
        text = answer.json()["data"][0]["revised_prompt"]
        assert isinstance(text, str)
        return text

    assert revised() == "A vivid and dramatic picture: An otter"
    assert (
        revised(style="natural", response_format="b64_json")
        == "A natural-looking picture: An otter"
    )
    assert "revised_prompt" not in generate(sandbox).json()["data"][0]


def test_a_transparent_ground_is_given_and_told(sandbox: Sandbox) -> None:
    answer = generate(sandbox, model="gpt-image-1.5", size="1024x1024", background="transparent")
    told = answer.json()
    assert told["background"] == "transparent"
    decoded = files.open_picture(base64.b64decode(told["data"][0]["b64_json"]))
    assert decoded.has_alpha
    assert (decoded.pixels[..., 3] == 0).any()
    assert generate(sandbox, background="auto").json()["background"] == "opaque"


def test_variations_resemble_their_picture_and_differ_from_each_other(sandbox: Sandbox) -> None:
    answer = ask_small(
        sandbox, path="/images/variations", prompt=None, mask=None, n=2,
        response_format="b64_json",
    ).json()  # fmt: skip
    assert set(answer) == {"created", "data"}
    first, second = (pixels_of(item) for item in answer["data"])
    assert first.shape == second.shape == (256, 256, 3)
    assert (first != second).any()
    source = files.open_picture(SMALL[1][1]).pixels
    assert 0 < np.abs(first.astype(int) - source.astype(int)).mean() < 90


def test_a_request_without_a_model_gets_the_default_one(sandbox: Sandbox) -> None:
    assert ask(sandbox, model=None).json()["size"]
    assert generate(sandbox, model=None).json()["size"] == SIZE
    no_model = ask_small(sandbox, path="/images/variations", prompt=None, mask=None, model=None)
    assert set(no_model.json()["data"][0]) == {"url"}
    assert [call["model"] for call in sandbox.calls()] == [
        default().default(operation).id for operation in ("edit", "generate", "vary")
    ]


@pytest.mark.parametrize("path", ["edits", "generations", "variations"])
def test_every_operation_has_both_forms_of_its_path(sandbox: Sandbox, path: str) -> None:
    for end in ("", "/"):
        answer = requests.post(
            f"{sandbox.base_url}/images/{path}{end}",
            data=b"{}",
            headers={"Authorization": f"Bearer {sandbox.key}", "Content-Type": "text/plain"},
            timeout=5,
            allow_redirects=False,
        )
        assert answer.json()["error"]["code"] == "unsupported_content_type"


def test_several_references_reach_the_work(sandbox: Sandbox) -> None:
    uploads = [("image[]", ("a.png", PICTURE, PNG))] * 16
    answer = ask(sandbox, uploads=uploads, mask=API_MASK, size="1024x1024")
    assert answer.json()["usage"]["input_tokens_details"]["image_tokens"] == 16 * 1024
    assert pixels_of(answer.json()["data"][0]).shape[:2] == MASK.shape
