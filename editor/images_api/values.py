"""The values of parameters as a server gets them, each of its type: texts of a form, or JSON.

Everything here raises Refusal for a value that is none.
"""

import re
from collections.abc import Mapping
from typing import Any

from editor.images_api import refusals
from editor.images_api.messages import Svg
from editor.images_api.refusals import kind_of, wrong_type

LONGEST_TEXT = 512  # of everything but the prompt
INTEGERS = frozenset(
    {"n", "output_compression", "partial_images", "frame_count", "frame_duration_ms"}
)
BOOLEANS = frozenset({"stream"})
SVG_FIELDS = ("svg[model]", "svg[reasoning][effort]")  # of a form


def typed(name: str, value: Any, is_json: bool) -> str | int | bool | None:
    """None for null, which stands for what is not sent."""
    if value is None:
        return None
    if name in INTEGERS:
        return _integer(name, value, is_json)
    if name in BOOLEANS:
        return _boolean(name, value, is_json)
    return _text(name, value)


def svg(fields: Mapping[str, Any], is_json: bool) -> Svg | None:
    """Who is to write an SVG, from the fields of a request."""
    if is_json:
        given = fields.get("svg")
        return None if given is None else _svg_of_json(given)
    if "svg" in fields:
        raise wrong_type("svg", "an object", "a string")
    model, effort = (fields.get(name) for name in SVG_FIELDS)
    if model is None and effort is None:
        return None
    return _svg(model, effort)


def _svg_of_json(given: object) -> Svg:
    named = _object("svg", given, ("model", "reasoning"))
    reasoning = named.get("reasoning")
    inner = {} if reasoning is None else _object("svg.reasoning", reasoning, ("effort",))
    return _svg(named.get("model"), inner.get("effort"))


def _svg(model: object, effort: object) -> Svg:
    if model is None:
        raise refusals.missing("svg.model")
    return Svg(
        _text("svg.model", model), None if effort is None else _text("svg.reasoning.effort", effort)
    )


def _object(name: str, given: object, keys: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise wrong_type(name, "an object", kind_of(given))
    for key in given:
        if key not in keys:
            raise refusals.unknown_parameter(f"{name}.{key}")
    return given


def _integer(name: str, value: Any, is_json: bool) -> int:
    if is_json:
        whole = isinstance(value, float) and value.is_integer()  # 2.0 is an integer in JSON
        if whole or (isinstance(value, int) and not isinstance(value, bool)):
            return int(value)
        raise wrong_type(name, "an integer", kind_of(value))
    if re.fullmatch(r"[+-]?[0-9]{1,18}", value):
        return int(value)
    raise wrong_type(name, "an integer", f"'{value[:40]}'")


def _boolean(name: str, value: Any, is_json: bool) -> bool:
    if is_json:
        if isinstance(value, bool):
            return value
        raise wrong_type(name, "a boolean", kind_of(value))
    if value.lower() in ("true", "false"):
        return bool(value.lower() == "true")
    raise wrong_type(name, "a boolean", f"'{value[:40]}'")


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise wrong_type(name, "a string", kind_of(value))
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value):
        raise refusals.not_text(name)
    if name != "prompt" and len(value) > LONGEST_TEXT:
        raise refusals.too_long_text(name, LONGEST_TEXT, len(value))
    return value
