"""The commands and programs of the API's own documentation, played as they stand there."""

import base64
import io
import json
import shlex
from typing import Any

import openai
import pytest
import requests

from editor.images_api.catalogue import default
from tests.sandbox.asking import API_MASK, PICTURE, pixels_of
from tests.sandbox_server import Sandbox

FILES = {
    "otter.png": PICTURE,
    "example-file": PICTURE,
    "image_edit_original.png": PICTURE,
    "mask.png": API_MASK,
}
EDIT_OF_THE_OLDER_MODEL = """
curl --request POST \
  --url https://api.openai.com/v1/images/edits \
  --header 'Authorization: Bearer <token>' \
  --header 'Content-Type: multipart/form-data' \
  --form 'prompt=A cute baby sea otter wearing a beret' \
  --form model=dall-e-2 \
  --form n=1 \
  --form size=1024x1024 \
  --form response_format=url \
  --form user=user-1234 \
  --form image=@example-file \
  --form mask=@mask.png
"""
EDIT_WITHOUT_A_MODEL = """
curl https://api.openai.com/v1/images/edits \
  -H "Authorization: Bearer $OPENAI_API_KEY" \
  -F image="@otter.png" \
  -F mask="@mask.png" \
  -F prompt="A cute baby sea otter wearing a beret" \
  -F n=2 \
  -F size="1024x1024"
"""
EDIT_IN_JSON = """
curl https://api.openai.com/v1/images/edits \
    -H 'Content-Type: application/json' \
    -H "Authorization: Bearer $OPENAI_API_KEY" \
    -d '{
          "images": [
            {
              "image_url": "https://example.com/source-image.png"
            }
          ],
          "prompt": "Add a watercolor effect to this image",
          "background": "transparent",
          "model": "gpt-image-1.5",
          "moderation": "auto",
          "n": 1,
          "output_compression": 100,
          "output_format": "png",
          "partial_images": 1,
          "quality": "high",
          "size": "1024x1024",
          "user": "user-1234"
        }'
"""
GENERATION = """
curl https://api.openai.com/v1/images/generations \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer $OPENAI_API_KEY" \
  -d '{
    "model": "dall-e-3",
    "prompt": "A cute baby sea otter",
    "n": 1,
    "size": "1024x1024"
  }'
"""
VARIATION = """
curl https://api.openai.com/v1/images/variations \
  -H "Authorization: Bearer $OPENAI_API_KEY" \
  -F image="@otter.png" \
  -F n=2 \
  -F size="1024x1024"
"""


@pytest.mark.parametrize(
    ("command", "items", "kind"),
    [
        (EDIT_OF_THE_OLDER_MODEL, 1, "url"),
        (EDIT_WITHOUT_A_MODEL, 2, "b64_json"),
        (EDIT_IN_JSON, 1, "b64_json"),
        (GENERATION, 1, "url"),
        (VARIATION, 2, "url"),
    ],
)
def test_a_documented_command_gives_pictures(
    sandbox: Sandbox, command: str, items: int, kind: str
) -> None:
    answer = played(sandbox, command)
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert len(data) == items
    assert all(kind in item for item in data)
    assert pixels_of(data[-1]).shape[:2] == (1024, 1024)


def test_a_documented_edit_is_described_as_documented(sandbox: Sandbox) -> None:
    answer = played(sandbox, EDIT_IN_JSON).json()
    told = {name: answer[name] for name in ("background", "output_format", "quality", "size")}
    assert told == {
        "background": "transparent",
        "output_format": "png",
        "quality": "high",
        "size": "1024x1024",
    }
    assert set(answer["usage"]) == {
        "input_tokens",
        "input_tokens_details",
        "output_tokens",
        "output_tokens_details",
        "total_tokens",
    }


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
def test_the_documented_programs_run(sandbox: Sandbox) -> None:
    client = openai.OpenAI(base_url=sandbox.base_url, api_key=sandbox.key, max_retries=0)
    edited = client.images.edit(
        image=opened("otter.png"),
        mask=opened("mask.png"),
        prompt="A cute baby sea otter wearing a beret",
        n=2,
        size="1024x1024",
    )
    made = client.images.generate(
        model="dall-e-3", prompt="A cute baby sea otter", n=1, size="1024x1024"
    )
    varied = client.images.create_variation(
        image=opened("image_edit_original.png"), n=2, size="1024x1024"
    )
    assert [len(answer.data or []) for answer in (edited, made, varied)] == [2, 1, 2]
    assert [call["model"] for call in sandbox.calls()] == [
        default().default("edit").id,
        "dall-e-3",
        default().default("vary").id,
    ]


def opened(name: str) -> io.BytesIO:
    file = io.BytesIO(FILES[name])
    file.name = name
    return file


def played(sandbox: Sandbox, command: str) -> requests.Response:
    """Send what curl would send, to the sandbox instead."""
    words = iter(shlex.split(command)[1:])
    headers: dict[str, str] = {}
    fields: list[tuple[str, str]] = []
    uploads: list[tuple[str, Any]] = []
    url, body = "", None
    for word in words:
        if word in ("-H", "--header"):
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word in ("-F", "--form"):
            name, _, value = next(words).partition("=")
            if value.startswith("@"):
                uploads.append((name, (value[1:], FILES[value[1:]], "image/png")))
            else:
                fields.append((name, value))
        elif word == "-d":
            body = with_own_picture(next(words))
        elif word != "--request":
            url = word if word.startswith("https://") else url
    headers["Authorization"] = f"Bearer {sandbox.key}"
    if uploads:
        headers.pop("Content-Type", None)  # curl adds the boundary to it
    return requests.post(
        url.replace("https://api.openai.com/v1", sandbox.base_url),
        headers=headers,
        data=body if body is not None else fields,
        files=uploads or None,
        timeout=30,
    )


def with_own_picture(text: str) -> str:
    """The body with a picture of ours, since the documented address leads nowhere."""
    body = json.loads(text)
    for image in body.get("images", []):
        image["image_url"] = "data:image/png;base64," + base64.b64encode(PICTURE).decode()
    return json.dumps(body)
