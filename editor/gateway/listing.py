"""GET /v1/models, and the description of this API."""

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.http.response import HttpResponseBase

from editor.gateway.door import PREFIX, Caller, as_json, open_to
from editor.images_api import answers, refusals
from editor.images_api.messages import OPERATIONS
from editor.jobs.provider import Offered, known_models, offered_models

DESCRIPTION = Path(answers.__file__).with_name("openapi.json")


@open_to("GET", "HEAD")
def models(request: Caller) -> HttpResponseBase:
    return as_json({"object": "list", "data": [_entry(each) for each in _served()]})


@open_to("GET", "HEAD")
def model(request: Caller, id: str) -> HttpResponseBase:
    for each in _served():
        if each.model.id == id.removesuffix("/"):
            return as_json(_entry(each))
    raise refusals.unknown_model(id)


@open_to("GET", "HEAD", with_token=False)
def openapi(request: Caller) -> HttpResponseBase:
    servers = [{"url": request.build_absolute_uri(PREFIX)}]
    return as_json({**_description(), "servers": servers})


@cache
def _description() -> dict[str, Any]:
    described: dict[str, Any] = json.loads(DESCRIPTION.read_text())
    return described


def _served() -> list[Offered]:
    """Whatever can be asked for by one of the operations, in the catalogue's order."""
    offered = {each.model.id: each for name in OPERATIONS for each in offered_models(name)}
    return [offered[model.id] for model in known_models().models() if model.id in offered]


def _entry(offered: Offered) -> dict[str, Any]:
    ends = offered.shutdown_date
    own = answers.model_entry(offered.model, date.today())
    return {**own, "owned_by": "maskroom", "shutdown_date": ends and ends.isoformat()}
