"""How the API says no: statuses, types, codes and sentences, as its users have seen them."""

from typing import Any

from editor.images_api.catalogue import Problem
from editor.images_api.entries import Model
from editor.images_api.errors import envelope
from editor.sandbox.faults import Fault

USER_ERROR = "image_generation_user_error"
REQUEST_ERROR = "invalid_request_error"
MIMETYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


class Refusal(Exception):
    """An answer other than 200. `body` is the API's error envelope."""

    def __init__(
        self,
        status: int,
        message: str,
        type: str = REQUEST_ERROR,
        param: str | None = None,
        code: str | None = None,
        *,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.body = envelope(message, type, param, code, **more)
        self.headers = headers or {}


def for_problem(problem: Problem, model: Model) -> Refusal:
    """What the API answers to this problem."""
    sentence, kind, code = _wording(problem, model)
    return Refusal(400, sentence, kind, problem.field, code)


def wrong_key() -> Refusal:
    sentence = (
        "Incorrect API key provided. You can find your API key at the place that the sandbox was "
        "started from (SANDBOX_KEY)."
    )
    return Refusal(401, sentence, REQUEST_ERROR, None, "invalid_api_key")


def no_key() -> Refusal:
    return Refusal(401, "You didn't provide an API key.", REQUEST_ERROR, None, None)


def unknown_model(name: str) -> Refusal:
    sentence = f"The model '{name[:100]}' does not exist or you do not have access to it."
    return Refusal(404, sentence, REQUEST_ERROR, "model", "model_not_found")


def missing(name: str) -> Refusal:
    sentence = f"Missing required parameter: '{name}'."
    return Refusal(400, sentence, REQUEST_ERROR, name, "missing_required_parameter")


def unknown_parameter(name: str) -> Refusal:
    sentence = f"Unknown parameter: '{name[:100]}'."
    return Refusal(400, sentence, REQUEST_ERROR, name[:100], "unknown_parameter")


def duplicate_parameter(name: str) -> Refusal:
    sentence = f"Duplicate parameter: '{name}'. You provided multiple values for this parameter, "
    sentence += "whereas only one is allowed. If you are trying to provide a list of values, use "
    sentence += f"the array syntax instead e.g. '{name}[]=<value>'."
    return Refusal(400, sentence, REQUEST_ERROR, name, "duplicate_parameter")


def not_a_file(name: str) -> Refusal:
    sentence = f"Invalid type for '{name}': expected a file, but got a string instead."
    return Refusal(400, sentence, REQUEST_ERROR, name, "invalid_type")


def not_a_number(name: str, value: str) -> Refusal:
    sentence = f"Invalid type for '{name}': expected an integer, but got {value[:40]!r} instead."
    return Refusal(400, sentence, REQUEST_ERROR, name, "invalid_type")


def bad_picture(index: int) -> Refusal:
    sentence = f"Invalid image file or mode for image {index}, please check your image file."
    return Refusal(400, sentence, USER_ERROR, "", "invalid_image_file")


def bad_mask() -> Refusal:
    sentence = "Invalid mask image format - the mask cannot be read as a PNG"
    return Refusal(400, sentence, USER_ERROR, None, "invalid_mask_image_format")


def unsupported_file(name: str, content_type: str, model: Model) -> Refusal:
    sentence = f"Invalid file '{name}': unsupported mimetype ('{content_type[:100]}'). "
    sentence += f"Supported file formats are {_listed(model.image_formats)}."
    return Refusal(400, sentence, REQUEST_ERROR, name, "unsupported_file_mimetype")


def blocked_by_moderation(request_id: str, stage: str = "input") -> Refusal:
    sentence = (
        "Your request was rejected by the safety system. If you believe this is an error, contact "
        f"the administrator and include the request ID {request_id}. safety_violations=[violence]."
    )
    details = {"moderation_stage": stage, "categories": ["violence"]}
    return Refusal(
        400, sentence, USER_ERROR, None, "moderation_blocked", moderation_details=details
    )


def for_fault(fault: Fault, request_id: str) -> Refusal:
    """The refusal that a fault with a status stands for."""
    if fault.name == "400-moderation":
        return blocked_by_moderation(request_id)
    if fault.name == "401":
        return wrong_key()
    if fault.name == "429":
        sentence = "Rate limit reached for images per min: Limit 5, Used 5, Requested 1."
        wait = {"retry-after": fault.argument or "1"}
        return Refusal(429, sentence, "rate_limit_error", None, "rate_limit_exceeded", headers=wait)
    if fault.name == "429-quota":
        sentence = "You exceeded your current quota, please check your plan and billing details."
        return Refusal(429, sentence, "insufficient_quota", None, "insufficient_quota")
    assert fault.status is not None
    sentence, kind, code = _STATUSES.get(
        fault.status, ("The request was refused.", REQUEST_ERROR, None)
    )
    return Refusal(fault.status, sentence, kind, None, code)


_STATUSES: dict[int, tuple[str, str, str | None]] = {
    403: ("Your organization must be verified to use this model.", REQUEST_ERROR, None),
    404: ("The model does not exist.", REQUEST_ERROR, "model_not_found"),
    500: ("The server had an error while processing your request.", "server_error", "server_error"),
    503: (
        "The server is overloaded. Please try again later.",
        "service_unavailable_error",
        "server_is_overloaded",
    ),
}


def _wording(problem: Problem, model: Model) -> tuple[str, str, str]:
    """(sentence, type, code). Where nobody has published the API's words, the catalogue's are used."""
    facts, name = problem.facts, problem.field
    value = facts.get("value", "")
    match name, problem.code:
        case _, "missing":
            sentence = f"Missing required parameter: '{name}'."
            return sentence, REQUEST_ERROR, "missing_required_parameter"
        case _, "not_taken":
            if name == "input_fidelity":
                sentence = (
                    f"The model '{model.id}' does not support the 'input_fidelity' parameter."
                )
                return sentence, USER_ERROR, "invalid_input_fidelity_model"
            return f"Unknown parameter: '{name}'.", REQUEST_ERROR, "unknown_parameter"
        case "prompt", "too_long":
            sentence = (
                f"Invalid 'prompt': string too long. Expected a string with maximum length "
                f"{facts['limit']}, but got a string with length {facts['length']} instead."
            )
            return sentence, REQUEST_ERROR, "string_above_max_length"
        case "n", "out_of_range":
            below = facts["value"] < facts["min"]
            word, bound = ("below minimum", "min") if below else ("above maximum", "max")
            sentence = f"Invalid 'n': integer {word} value. Expected a value "
            sentence += (
                f"{'>=' if below else '<='} {facts[bound]}, but got {facts['value']} instead."
            )
            return sentence, REQUEST_ERROR, f"integer_{word.replace(' ', '_')}_value"
        case "size", _:
            return f"Invalid size '{value}'. {_of_size(problem)}", USER_ERROR, "invalid_value"
        case "background", "not_offered" if value == "transparent":
            sentence = "Transparent background is not supported for this model."
            return sentence, USER_ERROR, "invalid_value"
        case _, "not_offered":
            sentence = f"Invalid value: '{value}'. Supported values are: "
            sentence += f"{_listed(facts['choices'])}."
            return sentence, REQUEST_ERROR, "invalid_value"
        case "image", "too_many":
            sentence = "Invalid 'image': array too long. Expected an array with maximum length "
            sentence += f"{facts['max']}, but got an array with length {facts['count']} instead."
            return sentence, REQUEST_ERROR, "array_above_max_length"
        case "image", "no_alpha":
            sentence = "Invalid input image - format must be in ['RGBA', 'LA', 'L'], got RGB."
            return sentence, REQUEST_ERROR, "invalid_image_format"
        case "image", "not_square":
            return "Uploaded image must be a square.", REQUEST_ERROR, "invalid_image_size"
        case "image", "format_not_taken":
            sentence = f"Uploaded image must be {_listed(facts['formats'])}."
            return sentence, REQUEST_ERROR, "invalid_image_format"
        case "mask", "no_alpha":
            sentence = "Invalid mask image format - mask image missing alpha channel"
            return sentence, USER_ERROR, "invalid_mask_image_format"
        case "mask", "wrong_size":
            sentence = "Invalid mask image format - mask size does not match image size"
            return sentence, USER_ERROR, "invalid_mask_image_format"
        case "mask", "format_not_taken":
            return (
                "Invalid mask image format - must be PNG",
                USER_ERROR,
                "invalid_mask_image_format",
            )
        case _, "too_many_bytes":
            limit = facts["limit"] // (1024 * 1024)
            sentence = f"Uploaded {name} must be a file with less than {limit} MB."
            return sentence, REQUEST_ERROR, "file_too_large"
    return problem.message, REQUEST_ERROR, "invalid_value"


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
    return f"Supported sizes are {', '.join(facts['choices'])}."


def _listed(values: Any) -> str:
    """`'image/png', 'image/webp', and 'image/jpeg'`; picture formats as their media types."""
    quoted = [f"'{MIMETYPES.get(value, value)}'" for value in values]
    if len(quoted) < 3:
        return " and ".join(quoted)
    return f"{', '.join(quoted[:-1])}, and {quoted[-1]}"
