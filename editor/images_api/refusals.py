"""How the API says no, for servers: statuses, types, codes and sentences, as its users have seen them.

Where nobody has published the API's own words, the sentences are ours.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from editor.images_api.catalogue import Problem
from editor.images_api.entries import Model
from editor.images_api.errors import envelope

USER_ERROR = "image_generation_user_error"
REQUEST_ERROR = "invalid_request_error"
MIMETYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
LONGEST_QUOTE = 100  # characters of what came that a sentence repeats
MEGABYTE = 1024 * 1024

# The same request may work at another time. Everything else that is refused would be refused again,
# and `x-should-retry: false` tells so to the clients that would repeat it.
WORTH_REPEATING = frozenset({408, 409, 425, 429})


class Refusal(Exception):
    """An answer other than 200. `body` is the API's error envelope, `headers` go with it.

    `retry` says whether the same request may work later; None: as the status says.
    """

    def __init__(
        self,
        status: int,
        message: str,
        type: str = REQUEST_ERROR,
        param: str | None = None,
        code: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        retry: bool | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.type = type
        self.body = envelope(message, type, param, code, **more)
        self.headers = dict(headers or {})
        may_work = (status in WORTH_REPEATING or status >= 500) if retry is None else retry
        if retry is not None or not may_work:
            self.headers["x-should-retry"] = "true" if may_work else "false"


def for_problem(problem: Problem, model: Model) -> Refusal:
    """What the API answers to this problem."""
    sentence, kind, code = _wording(problem, model)
    return Refusal(400, sentence, kind, problem.field, code)


# Who asks, and where


def no_key() -> Refusal:
    sentence = "You didn't provide an API key: send it as 'Authorization: Bearer KEY'."
    return Refusal(401, sentence, REQUEST_ERROR, None, None)


def wrong_key(hint: str) -> Refusal:
    """`hint` is a sentence that says where keys come from. The key itself is never repeated."""
    return Refusal(
        401, f"Incorrect API key provided. {hint}", REQUEST_ERROR, None, "invalid_api_key"
    )


def unknown_path(method: str, path: str) -> Refusal:
    return Refusal(404, f"Invalid URL ({method} {path[:200]})", REQUEST_ERROR, None, "unknown_url")


def wrong_method(method: str, path: str, allowed: Iterable[str]) -> Refusal:
    sentence = f"Not allowed to {method[:20]} on {path[:200]}."
    headers = {"Allow": ", ".join(allowed)}
    return Refusal(405, sentence, REQUEST_ERROR, None, "method_not_allowed", headers=headers)


def rate_limited(limit: str, seconds: int) -> Refusal:
    """`limit` is a sentence about what was reached; `seconds` until it may work."""
    headers = {"retry-after": str(seconds)}
    return Refusal(429, limit, "rate_limit_error", None, "rate_limit_exceeded", headers=headers)


# The body as a whole


def no_length() -> Refusal:
    return Refusal(411, "Send a Content-Length, or a chunked body.", code="length_required")


def too_large(limit: int) -> Refusal:
    sentence = f"The request is too large: at most {limit // MEGABYTE} MB are taken here."
    return Refusal(413, sentence, code="request_too_large")


def unsupported_content_type(content_type: str, taken: Iterable[str]) -> Refusal:
    sentence = f"Unsupported content type: '{_quoted(content_type)}'. "
    sentence += f"This operation takes {' or '.join(taken)}."
    return Refusal(400, sentence, code="unsupported_content_type")


def bad_form(what: str) -> Refusal:
    sentence = f"Could not parse your multipart form: {what}"
    return Refusal(400, sentence, code="invalid_multipart_form")


def bad_json(what: str) -> Refusal:
    sentence = f"We could not parse the JSON body of your request: {what}"
    return Refusal(400, sentence, code="invalid_json")


def multipart_only(model: Model) -> Refusal:
    sentence = (
        f"Edits with {model.name} take their pictures as files of a multipart/form-data body."
    )
    return Refusal(400, sentence, param="model", code="unsupported_content_type")


# Parameters


def unknown_model(name: str) -> Refusal:
    sentence = f"The model '{_quoted(name)}' does not exist or you do not have access to it."
    return Refusal(404, sentence, REQUEST_ERROR, "model", "model_not_found")


def missing(name: str) -> Refusal:
    sentence = f"Missing required parameter: '{name}'."
    return Refusal(400, sentence, REQUEST_ERROR, name, "missing_required_parameter")


def unknown_parameter(name: str) -> Refusal:
    sentence = f"Unknown parameter: '{_quoted(name)}'."
    return Refusal(400, sentence, REQUEST_ERROR, _quoted(name), "unknown_parameter")


def duplicate_parameter(name: str) -> Refusal:
    sentence = f"Duplicate parameter: '{_quoted(name)}'. You provided multiple values for this "
    sentence += "parameter, whereas only one is allowed. If you are trying to provide a list of "
    sentence += f"values, use the array syntax instead e.g. '{_quoted(name)}[]=<value>'."
    return Refusal(400, sentence, REQUEST_ERROR, _quoted(name), "duplicate_parameter")


def contradicting_parameter(name: str) -> Refusal:
    sentence = f"Invalid parameter: '{name}'. This parameter already has a different value in your "
    sentence += "parameters."
    return Refusal(400, sentence, REQUEST_ERROR, name, "duplicate_parameter")


def wrong_type(name: str, wanted: str, got: str) -> Refusal:
    """`wanted` and `got` with their articles: "an integer", "a string"."""
    sentence = f"Invalid type for '{name}': expected {wanted}, but got {got} instead."
    return Refusal(400, sentence, REQUEST_ERROR, name, "invalid_type")


def kind_of(value: object) -> str:
    """What a JSON value is, with its article."""
    kinds = {str: "a string", bool: "a boolean", int: "an integer", float: "a number"}
    if value is None:
        return "null"
    return kinds.get(type(value), "an array" if isinstance(value, list) else "an object")


def not_a_file(name: str) -> Refusal:
    return wrong_type(name, "a file", "a string")


def not_text(name: str) -> Refusal:
    sentence = f"Invalid '{name}': the text contains a character that is none."
    return Refusal(400, sentence, REQUEST_ERROR, name, "invalid_value")


def invalid_value(name: str, sentence: str) -> Refusal:
    return Refusal(400, sentence, REQUEST_ERROR, name, "invalid_value")


def too_long_text(name: str, limit: int, length: int) -> Refusal:
    sentence = f"Invalid '{name}': string too long. Expected a string with maximum length {limit}, "
    sentence += f"but got a string with length {length} instead."
    return Refusal(400, sentence, REQUEST_ERROR, name, "string_above_max_length")


# Files


def bad_picture(number: int) -> Refusal:
    """`number` counts from 1."""
    sentence = f"Invalid image file or mode for image {number}, please check your image file."
    return Refusal(400, sentence, USER_ERROR, "", "invalid_image_file")


def bad_overlay(name: str) -> Refusal:
    """`name` is mask or markup."""
    sentence = f"Invalid {name} image format - the {name} cannot be read as a PNG"
    return Refusal(400, sentence, USER_ERROR, name, f"invalid_{name}_image_format")


def mask_and_markup() -> Refusal:
    sentence = "Invalid parameter: 'markup' cannot be combined with 'mask'."
    return Refusal(400, sentence, REQUEST_ERROR, "markup", "invalid_value")


def too_many_items(name: str, most: int, count: int) -> Refusal:
    sentence = f"Invalid '{name}': array too long. Expected an array with maximum length {most}, "
    sentence += f"but got an array with length {count} instead."
    return Refusal(400, sentence, REQUEST_ERROR, name, "array_above_max_length")


def too_few_items(name: str, least: int) -> Refusal:
    sentence = f"Invalid '{name}': array too short. Expected at least {least}."
    return Refusal(400, sentence, REQUEST_ERROR, name, "array_below_min_length")


def unsupported_file(name: str, content_type: str, formats: Iterable[str]) -> Refusal:
    sentence = f"Invalid file '{name}': unsupported mimetype ('{_quoted(content_type)}'). "
    sentence += f"Supported file formats are {_listed(formats)}."
    return Refusal(400, sentence, REQUEST_ERROR, name, "unsupported_file_mimetype")


def no_such_file(name: str, file_id: str) -> Refusal:
    sentence = f"No such file: '{_quoted(file_id)}'."
    return Refusal(400, sentence, REQUEST_ERROR, name, "file_not_found")


def bad_address(name: str, why: str) -> Refusal:
    sentence = f"Invalid '{name}': {why}"
    return Refusal(400, sentence, REQUEST_ERROR, name, "invalid_image_url")


# The safety system


def blocked_by_moderation(
    request_id: str, *, stage: str = "input", categories: Iterable[str] = ("violence",)
) -> Refusal:
    named = list(categories)
    sentence = (
        "Your request was rejected by the safety system. If you believe this is an error, contact "
        f"the administrator and include the request ID {request_id}. "
        f"safety_violations=[{', '.join(named)}]."
    )
    details = {"moderation_stage": stage, "categories": named}
    return Refusal(
        400, sentence, USER_ERROR, None, "moderation_blocked", moderation_details=details
    )


def _wording(problem: Problem, model: Model) -> tuple[str, str, str]:
    """(sentence, type, code)."""
    name, facts = problem.field, problem.facts
    match name, problem.code:
        case _, "missing":
            return f"Missing required parameter: '{name}'.", REQUEST_ERROR, _MISSING
        case "input_fidelity", "not_taken":
            sentence = f"The model '{model.id}' does not support the 'input_fidelity' parameter."
            return sentence, USER_ERROR, "invalid_input_fidelity_model"
        case _, "not_taken":
            return f"Unknown parameter: '{name}'.", REQUEST_ERROR, "unknown_parameter"
        case "image", _:
            return _of_image(problem)
        case "mask" | "markup", _:
            return _of_overlay(problem)
        case "size", _:
            return (
                f"Invalid size '{facts.get('value', '')}'. {_of_size(problem)}",
                USER_ERROR,
                _VALUE,
            )
        case _, "too_long" if "limit" in facts and "length" in facts:
            refusal = too_long_text(name, facts["limit"], facts["length"])
            return str(refusal), REQUEST_ERROR, "string_above_max_length"
        case _, "out_of_range" if "value" in facts:
            return _of_range(problem)
        case "background", "not_offered" if facts.get("value") == "transparent":
            return "Transparent background is not supported for this model.", USER_ERROR, _VALUE
        case _, "not_offered" if "value" in facts and "choices" in facts:
            sentence = f"Invalid value: '{_quoted(facts['value'])}'. Supported values are: "
            return f"{sentence}{_listed(facts['choices'])}.", REQUEST_ERROR, _VALUE
    return problem.message, REQUEST_ERROR, _VALUE


_MISSING = "missing_required_parameter"
_VALUE = "invalid_value"


def _of_range(problem: Problem) -> tuple[str, str, str]:
    facts = problem.facts
    below = facts["value"] < facts["min"]
    word, sign, bound = ("below minimum", ">=", "min") if below else ("above maximum", "<=", "max")
    sentence = f"Invalid '{problem.field}': integer {word} value. Expected a value {sign} "
    sentence += f"{facts[bound]}, but got {facts['value']} instead."
    return sentence, REQUEST_ERROR, f"integer_{'below' if below else 'above'}_{bound}_value"


def _of_image(problem: Problem) -> tuple[str, str, str]:
    facts = problem.facts
    match problem.code:
        case "too_many":
            sentence = str(too_many_items("image", facts["max"], facts["count"]))
            return sentence, REQUEST_ERROR, "array_above_max_length"
        case "no_alpha":
            sentence = "Invalid input image - format must be in ['RGBA', 'LA', 'L'], got RGB."
            return sentence, REQUEST_ERROR, "invalid_image_format"
        case "not_square":
            return "Uploaded image must be a square.", REQUEST_ERROR, "invalid_image_size"
        case "format_not_taken":
            sentence = f"Uploaded image must be {_listed(facts['formats'])}."
            return sentence, REQUEST_ERROR, "invalid_image_format"
        case "too_many_bytes":
            return _too_many_bytes(problem)
    return problem.message, REQUEST_ERROR, _VALUE


def _of_overlay(problem: Problem) -> tuple[str, str, str]:
    """A mask, or a markup, which is refused by the same rules."""
    name = problem.field
    begin, code = f"Invalid {name} image format - ", f"invalid_{name}_image_format"
    match problem.code:
        case "no_alpha":
            return f"{begin}{name} image missing alpha channel", USER_ERROR, code
        case "no_transparency":
            return f"{begin}{name} image has no transparent pixels", USER_ERROR, code
        case "wrong_size":
            return f"{begin}{name} size does not match image size", USER_ERROR, code
        case "format_not_taken":
            return f"{begin}must be PNG", USER_ERROR, code
        case "too_many_bytes":
            return _too_many_bytes(problem)
        case "mask_and_markup":
            return str(mask_and_markup()), REQUEST_ERROR, _VALUE
    return problem.message, REQUEST_ERROR, _VALUE


def _too_many_bytes(problem: Problem) -> tuple[str, str, str]:
    limit = problem.facts["limit"] // MEGABYTE
    sentence = f"Uploaded {problem.field} must be a file with less than {limit} MB."
    return sentence, REQUEST_ERROR, "file_too_large"


def _of_size(problem: Problem) -> str:
    facts = problem.facts
    match problem.code:
        case "not_a_multiple":
            return f"Width and height must both be divisible by {facts['multiple']}."
        case "edge_too_long":
            return f"The longest edge must be less than or equal to {facts['max_edge']}."
        case "too_few_pixels":
            return "Requested resolution is below the current minimum pixel budget."
        case "too_many_pixels":
            return "Requested resolution exceeds the current maximum pixel budget."
        case "too_narrow":
            ratio = f"{facts['max_ratio']:g}"
            return f"The aspect ratio must be between 1:{ratio} and {ratio}:1."
    return f"Supported sizes are {', '.join(facts.get('choices', ()))}."


def _listed(values: Iterable[Any]) -> str:
    """`'image/png', 'image/webp', and 'image/jpeg'`; picture formats as their media types."""
    quoted = [f"'{MIMETYPES.get(value, value)}'" for value in values]
    if len(quoted) < 3:
        return " and ".join(quoted)
    return f"{', '.join(quoted[:-1])}, and {quoted[-1]}"


def _quoted(text: object) -> str:
    return str(text)[:LONGEST_QUOTE]
