"""The description of the API (openapi.json) as something to hold servers to.

schema = contract()  # or contract("gpt-image-2.6-flare")

@schema.parametrize()
@BOUNDED
def test_...(case, server):
    hold(case, server.base_url, server.key)
"""

import base64
import copy
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig

from editor.images_api.catalogue import Catalogue, default, load
from editor.images_api.entries import CHOICES, Model
from editor.images_api.messages import PATHS, Operation
from editor.imaging import files
from tests.drawing import photo_pixels

DESCRIPTION = Path(__file__).resolve().parents[2] / "editor/images_api/openapi.json"
OPERATION_OF: dict[str, Operation] = {
    "EditForm": "edit",
    "EditBody": "edit",
    "GenerationBody": "generate",
    "VariationForm": "vary",
}
SMALL_MODELS = """
[[model]]
id = "gpt-image-2"
max_n = 2
sizes = { fixed = ["256x256"], default = "auto", auto = true }

[[model]]
id = "gpt-image-2.6-flare"
max_n = 2
sizes = { fixed = ["256x256"], default = "auto", auto = true }

[[model]]
id = "dall-e-2"
max_n = 2
"""
SIZES = ["auto", "256x256", "512x512", "1024x1024", "1024x640", "1792x1024"]
BOUNDED = settings(
    max_examples=12,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
# What a description cannot tell: whether bytes are a picture that the model named beside them takes.
NOT_HELD = ("positive_data_acceptance",)
# In a form everything is a text, so `true` is a prompt like any other.
NOT_HELD_OF_FORMS = (*NOT_HELD, "negative_data_rejection")


@cache
def description() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DESCRIPTION.read_text())
    return found


@cache
def half_transparent_png() -> bytes:
    """A picture that is fit to be a source of any model, a mask and a markup."""
    alpha = np.full((256, 256), 255, np.uint8)
    alpha[80:160, 80:160] = 0
    return files.encode_png(np.dstack([photo_pixels((256, 256)), alpha]))


def small_models(folder: Path) -> Path:
    """A catalogue file for the server under test: the same models, with little to do for each call."""
    path = folder / "small.toml"
    path.write_text(SMALL_MODELS)
    return path


def contract(model: str | None = None) -> Any:
    """The description as schemathesis reads it, with models and sizes that exist, so that what it
    makes up gets past the first hurdle; with only what one (small) model takes, if one is named."""
    _register_pictures()
    narrowed = copy.deepcopy(description())
    for name, operation in OPERATION_OF.items():
        _narrow(narrowed["components"]["schemas"][name], operation, model)
    if model is not None:
        _keep_paths_of(narrowed["paths"], _small_catalogue().get(model))
    generation = GenerationConfig(deterministic=True, max_examples=12)
    project = ProjectConfig(generation=generation)
    config = SchemathesisConfig(seed=1, projects=ProjectsConfig(default=project))
    return schemathesis.openapi.from_dict(narrowed, config=config)


def hold(case: Any, base_url: str, key: str) -> Any:
    """Send the case; the answer must be documented: status, type, headers and shape."""
    is_form = case.media_type == "multipart/form-data"
    return case.call_and_validate(
        base_url=base_url,
        headers={"Authorization": f"Bearer {key}"},
        excluded_checks=CHECKS.get_by_names(NOT_HELD_OF_FORMS if is_form else NOT_HELD),
        timeout=30,
    )


def _narrow(schema: dict[str, Any], operation: Operation, model: str | None) -> None:
    parameters = schema["properties"]
    if model is None:
        _choose(parameters, "model", [each.id for each in default().models()])
        _choose(parameters, "size", SIZES)
        return
    found = _small_catalogue().get(model)
    _choose(parameters, "model", [model])
    _choose(parameters, "size", ["256x256"])
    parameters["n"]["maximum"] = found.max_n
    for name in set(parameters) - {"model", "size", "image", "image[]", "images"}:
        if not found.takes(name, operation):
            del parameters[name]
        elif name in CHOICES:
            _choose(parameters, name, list(found.choices(name)))
    if found.max_images < 2 and "image[]" in parameters:
        del parameters["image[]"], schema["anyOf"]
        schema["required"] = ["image", *schema["required"]]


@cache
def _small_catalogue() -> Catalogue:
    with tempfile.TemporaryDirectory() as folder:
        return load(small_models(Path(folder)))


def _choose(parameters: dict[str, Any], name: str, values: list[str]) -> None:
    parameter = parameters[name]
    has_null = name != "model" and "null" in parameter["type"]
    parameter["enum"] = [*values, *([None] if has_null else [])]
    parameter.pop("pattern", None)


def _keep_paths_of(paths: dict[str, Any], model: Model) -> None:
    for path in [path for path in paths if path.startswith("/models")]:
        del paths[path]
    for operation, path in PATHS.items():
        if operation not in model.operations:
            del paths[path]
    if "/images/edits" in paths and model.takes("response_format"):
        del paths["/images/edits"]["post"]["requestBody"]["content"]["application/json"]


def _register_pictures() -> None:
    png = half_transparent_png()
    url = "data:image/png;base64," + base64.b64encode(png).decode()
    pictures = st.sampled_from([png, png, png, b"no picture", b""])
    addresses = st.sampled_from([url, url, url, "data:image/png;base64,AAAA", "https://[::1]/a"])
    schemathesis.openapi.format("binary", pictures)
    schemathesis.openapi.format("uri", addresses)
