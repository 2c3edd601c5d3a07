"""The sandbox against the API's own description."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import requests

from editor.images_api.catalogue import default
from editor.images_api.entries import CHOICES
from editor.images_api.messages import FILE_PARAMETERS, PARAMETERS, Operation
from tests.images_api.contract import (
    BOUNDED,
    contract,
    description,
    half_transparent_png,
    hold,
    small_models,
)
from tests.sandbox.streaming import ask_stream, events
from tests.sandbox_server import Sandbox, running_sandbox

anything = contract()
newest = contract("gpt-image-2.6-flare")
oldest = contract("dall-e-2")
SCHEMAS = description()["components"]["schemas"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("contract")
    with running_sandbox(folder, CATALOGUE_FILE=small_models(folder)) as sandbox:
        yield sandbox


@anything.parametrize()
@BOUNDED
def test_whatever_is_sent_gets_a_documented_answer(case: Any, server: Sandbox) -> None:
    hold(case, server.base_url, server.key)


@newest.parametrize()
@BOUNDED
def test_the_newest_model_keeps_to_the_description(case: Any, server: Sandbox) -> None:
    hold(case, server.base_url, server.key)


@oldest.parametrize()
@BOUNDED
def test_the_oldest_model_keeps_to_the_description(case: Any, server: Sandbox) -> None:
    hold(case, server.base_url, server.key)


# What the description promises, one by one

BODIES: dict[str, tuple[str, Operation]] = {
    "EditForm": ("/images/edits", "edit"),
    "EditBody": ("/images/edits", "edit"),
    "GenerationBody": ("/images/generations", "generate"),
    "VariationForm": ("/images/variations", "vary"),
}
EXAMPLES = [
    (body, name)
    for body in BODIES
    for name, schema in SCHEMAS[body]["properties"].items()
    if "examples" in schema
]
PNG = half_transparent_png()


@pytest.mark.parametrize(("body", "name"), EXAMPLES)
def test_the_example_of_every_parameter_is_taken(sandbox: Sandbox, body: str, name: str) -> None:
    (value,) = SCHEMAS[body]["properties"][name]["examples"]
    path, operation = BODIES[body]
    model = model_taking(name, value, body, operation)
    given = {"model": model, "size": "1024x1024", name: value}
    if operation != "vary":
        given.setdefault("prompt", "An otter")
    answer = posted(sandbox, path, body, given)
    assert answer.status_code == 200, answer.text
    if name == "stream":
        assert [event.data["type"].partition(".")[2] for event in events(answer)] == ["completed"]
    else:
        assert problems("ImagesResponse", answer.json()) == []


@pytest.mark.parametrize("body", BODIES)
def test_every_parameter_that_some_model_takes_is_described(body: str) -> None:
    _, operation = BODIES[body]
    taken = {name for model in default().models() for name in model.parameters.get(operation, ())}
    not_in_json = {"response_format", "markup"} if body == "EditBody" else set()
    files = {"image", "image[]", "images"} & set(SCHEMAS[body]["properties"])
    assert set(SCHEMAS[body]["properties"]) - files == ({"model"} | taken) - not_in_json
    assert taken <= {*PARAMETERS, *FILE_PARAMETERS}


def test_events_have_the_shapes_described(sandbox: Sandbox) -> None:
    *previews, picture = events(ask_stream(sandbox, partial_images=2, safety_identifier="a"))
    assert [problems("PartialImageEvent", event.data) for event in previews] == [[], []]
    assert problems("CompletedEvent", picture.data) == []
    (error,) = events(ask_stream(sandbox, "stream-error:moderation_blocked"))
    assert problems("ErrorEvent", error.data) == []


def test_the_description_can_tell_right_from_wrong() -> None:
    assert problems("ImagesResponse", {"created": 1, "data": [{"url": "http://x/"}]}) == []
    assert problems("ImagesResponse", {"created": 1, "data": [{}]})
    assert problems("ImagesResponse", {"created": 1, "data": [{"url": "http://x/"}], "size": "big"})
    assert problems("Error", {"error": {"message": "No."}})


def model_taking(name: str, value: Any, body: str, operation: Operation) -> str:
    """The oldest model that takes this; JSON edits came after the models that say how they answer."""
    for model in reversed(default().models()):
        is_offered = name not in CHOICES or value in model.choices(name)
        is_taken = name in ("model", *model.parameters.get(operation, ()))
        if is_offered and is_taken and not (body == "EditBody" and model.takes("response_format")):
            return model.id
    raise AssertionError(f"no model takes {name}")


def posted(sandbox: Sandbox, path: str, body: str, given: dict[str, Any]) -> requests.Response:
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    if body.endswith("Body"):
        if body == "EditBody":
            url = "data:image/png;base64," + base64.b64encode(PNG).decode()
            given["images"] = [{"image_url": url}]
        return requests.post(sandbox.base_url + path, json=given, headers=headers, timeout=30)
    texts = {key: json.dumps(value).strip('"') for key, value in given.items()}
    files = [("image", ("a.png", PNG, "image/png"))]
    return requests.post(
        sandbox.base_url + path, data=texts, files=files, headers=headers, timeout=30
    )


def problems(name: str, value: Any) -> list[str]:
    """What is wrong with a value by one of the description's schemas."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    found = jsonschema_rs.validator_for(schema).iter_errors(value)
    return [error.message for error in found]
