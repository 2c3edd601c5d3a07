import base64
import io

import openai
import pytest
import requests

from editor.imaging import files
from tests.sandbox.asking import API_MASK, PICTURE, PNG
from tests.sandbox_server import Sandbox


@pytest.fixture
def official(sandbox: Sandbox) -> openai.OpenAI:
    return openai.OpenAI(base_url=sandbox.base_url, api_key=sandbox.key, max_retries=0)


def named(data: bytes, name: str) -> io.BytesIO:
    file = io.BytesIO(data)
    file.name = name
    return file


def test_the_official_client_edits_with_a_gpt_image_model(official: openai.OpenAI) -> None:
    answer = official.images.edit(
        model="gpt-image-2",
        image=named(PICTURE, "a.png"),
        mask=named(API_MASK, "mask.png"),
        prompt="Remove the sign",
        size="1024x1024",
        quality="low",
        n=2,
    )
    assert answer.data is not None
    assert answer.usage is not None
    assert [files.sniff(base64.b64decode(item.b64_json or "")) for item in answer.data] == [
        "png",
        "png",
    ]
    assert (answer.size, answer.quality) == ("1024x1024", "low")
    assert answer.usage.total_tokens == answer.usage.input_tokens + 2 * 196


def test_the_official_client_edits_with_the_older_model(official: openai.OpenAI) -> None:
    answer = official.images.edit(
        model="dall-e-2",
        image=("a.png", PICTURE, PNG),
        mask=("mask.png", API_MASK, PNG),
        prompt="Remove the sign",
        size="512x512",
        user="someone",
    )
    assert answer.data is not None
    data = requests.get(answer.data[0].url or "", timeout=5).content
    assert files.open_picture(data).size == (512, 512)


def test_several_pictures_go_through_the_official_client(
    official: openai.OpenAI, sandbox: Sandbox
) -> None:
    pictures = [named(PICTURE, "a.png"), named(PICTURE, "b.png")]
    answer = official.images.edit(model="gpt-image-2", image=pictures, prompt="Join them")
    assert answer.usage is not None
    assert answer.usage.input_tokens_details.image_tokens == 2048
    assert sandbox.calls()[0]["worked"]


def test_the_official_client_raises_its_own_errors(official: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        official.images.edit(model="gpt-image-2", image=named(PICTURE, "a.png"), prompt="p", n=11)
    assert caught.value.param == "n"
    assert caught.value.request_id
    assert caught.value.request_id.startswith("req_")
    with pytest.raises(openai.NotFoundError):
        official.images.edit(model="none", image=named(PICTURE, "a.png"), prompt="p")
    with pytest.raises(openai.AuthenticationError):
        official.with_options(api_key="wrong").models.list()


def test_bytes_without_a_name_are_known_by_what_they_are(official: openai.OpenAI) -> None:
    answer = official.images.edit(model="gpt-image-2", image=PICTURE, prompt="p")
    assert answer.data is not None
    with pytest.raises(openai.BadRequestError, match="unsupported mimetype"):
        official.images.edit(model="gpt-image-2", image=b"no picture", prompt="p")


def test_the_official_client_lists_the_models(official: openai.OpenAI) -> None:
    assert "gpt-image-2" in [model.id for model in official.models.list()]
