"""What is allowed for which model. The facts are in catalogue.toml, the rules are here."""

import dataclasses
import functools
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from editor.images_api import catalogue_file
from editor.images_api.entries import CHOICES, FreeSizes, Model, parse_size, written
from editor.images_api.messages import FilePart, Operation, Params, Request, Size

FILE = Path(__file__).with_name("catalogue.toml")
MEGABYTE = 1024 * 1024
COMPRESSIBLE = ("webp", "jpeg")
TRANSPARENT = ("png", "webp")
NOT_STREAMED = ("gif", "svg")
FRAMES = (2, 16)  # of a GIF; the openai package
FRAME_MS = (1, 655_350)


class UnknownModel(ValueError):
    """No model of this id is in the catalogue; `str()` may be shown."""


@dataclass(frozen=True)
class Problem:
    """One thing about a request that its model does not take.

    `field` is the parameter's name, `code` what is wrong with it (stable, for programs), `message`
    one English sentence, `facts` the numbers in it.
    """

    field: str
    code: str
    message: str
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class Catalogue:
    """All known models, in the order of the file."""

    def __init__(self, models: Mapping[str, Model]) -> None:
        self._models = dict(models)

    def get(self, id: str) -> Model:
        """Raises UnknownModel."""
        try:
            return self._models[id]
        except KeyError:
            raise UnknownModel(f"The model {id[:60]!r} is not known here.") from None

    def models(self) -> list[Model]:
        return list(self._models.values())

    def serving(self, operation: Operation, on: date | None, *, at_openai: bool) -> list[Model]:
        """The models to offer for an operation. What OpenAI has shut down by `on` (None: whenever) is
        hidden there only: compatible servers go on serving it."""
        return [
            model
            for model in self._models.values()
            if operation in model.operations
            and not (at_openai and on is not None and model.is_shut_down(on))
        ]

    def editing(self, on: date, *, at_openai: bool) -> list[Model]:
        """`serving` for edits."""
        return self.serving("edit", on, at_openai=at_openai)

    def default(self, operation: Operation) -> Model:
        """The model that is meant when a request names none. Raises UnknownModel where no model serves
        the operation at all."""
        for model in self._models.values():
            if operation in model.default_for:
                return model
        raise UnknownModel("A model must be named.")


@functools.cache
def load(extra: Path | None = None) -> Catalogue:
    """The catalogue; `extra` is a file of the same form that is laid over it (see `catalogue_file`).

    Raises CatalogueBroken with a sentence that says where and what.
    """
    file = catalogue_file.read(FILE)
    if extra is not None:
        file = catalogue_file.laid_over(file, catalogue_file.read(extra))
    return Catalogue(catalogue_file.models_of(file))


def default() -> Catalogue:
    """The catalogue that comes with Maskroom."""
    return load()


def problems(model: Model, params: Params) -> list[Problem]:
    """Everything about the chosen parameters that the model does not take for `params.operation`;
    empty when all is well."""
    if params.operation not in model.operations:
        return list(_operation(model, params.operation))
    chosen = [name for name in CHOICES if getattr(params, name) is not None]
    return [
        *_prompt(model, params),
        *_n(model, params),
        *_size(model, params),
        *(problem for name in chosen for problem in _choice(model, name, params)),
        *_compression(model, params),
        *_transparency(params),
        *_streaming(model, params),
        *_frames(model, params),
        *_svg(model, params),
        *_identifiers(model, params),
    ]


def problems_of_request(model: Model, request: Request) -> list[Problem]:
    """As `problems`, and the files: their number, formats, bytes and sizes."""
    found = problems(model, request)
    if request.operation in model.operations:
        found += [*_images(model, request), *_mask(model, request), *_markup(model, request)]
    return found


def _operation(model: Model, operation: Operation) -> Iterator[Problem]:
    if operation not in model.operations:
        sentence = f"{model.name} cannot {_ABILITIES[operation]}."
        yield Problem("model", f"cannot_{operation}", sentence, {"operation": operation})


_ABILITIES: Mapping[Operation, str] = {
    "edit": "edit pictures",
    "generate": "make pictures from a text alone",
    "vary": "make variations of a picture",
}


def _prompt(model: Model, params: Params) -> Iterator[Problem]:
    prompt = params.prompt or ""
    length, limit = len(prompt), model.prompt_limit
    if not model.takes("prompt", params.operation):
        if params.prompt is not None:
            yield _not_taken(model, "prompt")
        return
    if not any(_is_visible(character) for character in prompt):
        yield Problem("prompt", "missing", _MISSING_PROMPT[params.operation])
    elif length > limit:
        sentence = f"{model.name} takes up to {limit:,} characters; this has {length:,}."
        yield Problem("prompt", "too_long", sentence, {"limit": limit, "length": length})
    if not _is_text(prompt):
        yield Problem("prompt", "not_text", "The text contains a character that is none.")


_MISSING_PROMPT: Mapping[Operation, str] = {
    "edit": "Say what should change.",
    "generate": "Say what the picture should show.",
    "vary": "Say what should change.",
}


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZ"


def _is_text(text: str) -> bool:
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)


def _n(model: Model, params: Params) -> Iterator[Problem]:
    n = params.n
    if n is None:
        return
    if not model.takes("n", params.operation):
        yield _not_taken(model, "n")
    elif not 1 <= n <= model.max_n:
        sentence = f"{model.name} gives 1 to {model.max_n} results at a time."
        if model.max_n == 1:
            sentence = f"{model.name} gives one result at a time."
        yield Problem("n", "out_of_range", sentence, {"min": 1, "max": model.max_n, "value": n})


def _size(model: Model, params: Params) -> Iterator[Problem]:
    rules, text = model.sizes, params.size
    if text is not None and not model.takes("size", params.operation):
        yield _not_taken(model, "size")
        return
    if text is None or (text == "auto" and rules.auto):
        return
    size = parse_size(text)
    if size in rules.fixed:
        return
    if size is not None and rules.free is not None:
        yield from _free_size(rules.free, size)
        return
    names = [*map(written, rules.fixed), *(["auto"] * rules.auto)]
    code = "not_a_size" if rules.free is not None else "not_offered"
    sentence = f"The size must be one of {', '.join(names)}"
    sentence += ", or WIDTHxHEIGHT." if rules.free is not None else "."
    yield Problem("size", code, sentence, {"choices": names, "value": text})


def _free_size(free: FreeSizes, size: Size) -> Iterator[Problem]:
    pixels, longest, shortest = size[0] * size[1], max(size), min(size)
    facts = {"value": f"{size[0]}x{size[1]}", "pixels": pixels}
    if any(side % free.multiple for side in size):
        sentence = f"Width and height must be multiples of {free.multiple}."
        yield Problem("size", "not_a_multiple", sentence, {**facts, "multiple": free.multiple})
    if longest > free.max_edge:
        sentence = f"No side may be longer than {free.max_edge} pixels."
        yield Problem("size", "edge_too_long", sentence, {**facts, "max_edge": free.max_edge})
    if longest > shortest * free.max_ratio:
        sentence = (
            f"The long side may be at most {free.max_ratio.normalize():f} times the short one."
        )
        yield Problem("size", "too_narrow", sentence, {**facts, "max_ratio": float(free.max_ratio)})
    if pixels < free.min_pixels:
        sentence = f"Width times height must be at least {free.min_pixels:,} pixels."
        yield Problem("size", "too_few_pixels", sentence, {**facts, "min_pixels": free.min_pixels})
    if pixels > free.max_pixels:
        sentence = f"Width times height may be at most {free.max_pixels:,} pixels."
        yield Problem("size", "too_many_pixels", sentence, {**facts, "max_pixels": free.max_pixels})


def _choice(model: Model, name: str, params: Params) -> Iterator[Problem]:
    value, choices = getattr(params, name), model.choices(name)
    if not model.takes(name, params.operation):
        yield _not_taken(model, name)
    elif value not in choices:
        label = name.replace("_", " ")
        sentence = f"The {label} must be one of {', '.join(choices)} with {model.name}."
        yield Problem(name, "not_offered", sentence, {"choices": list(choices), "value": value})


def _compression(model: Model, params: Params) -> Iterator[Problem]:
    value = params.output_compression
    if value is None:
        return
    if not model.takes("output_compression", params.operation):
        yield _not_taken(model, "output_compression")
    elif not 0 <= value <= 100:
        sentence = "The compression must be between 0 and 100."
        facts = {"min": 0, "max": 100, "value": value}
        yield Problem("output_compression", "out_of_range", sentence, facts)
    elif params.output_format not in COMPRESSIBLE and value < 100:
        sentence = "Only WebP and JPEG results can be compressed."
        yield Problem("output_compression", "needs_other_format", sentence)


def _transparency(params: Params) -> Iterator[Problem]:
    if params.background == "transparent" and params.output_format not in (None, *TRANSPARENT):
        sentence = "A transparent background needs PNG or WebP as the output format."
        yield Problem("background", "needs_other_format", sentence)


def _streaming(model: Model, params: Params) -> Iterator[Problem]:
    count, most = params.partial_images, model.max_partial_images
    if params.stream and not model.takes("stream", params.operation):
        yield _not_taken(model, "stream")
    elif (params.stream or count) and params.output_format in NOT_STREAMED:
        sentence = "GIF and SVG results cannot be streamed."
        yield Problem("stream", "needs_other_format", sentence)
    if count is not None and not model.takes("partial_images", params.operation):
        yield _not_taken(model, "partial_images")
    elif count is not None and not 0 <= count <= most:
        sentence = f"{model.name} gives 0 to {most} previews."
        facts = {"min": 0, "max": most, "value": count}
        yield Problem("partial_images", "out_of_range", sentence, facts)


def _frames(model: Model, params: Params) -> Iterator[Problem]:
    for name, least, most in (("frame_count", *FRAMES), ("frame_duration_ms", *FRAME_MS)):
        value, label = getattr(params, name), name.replace("_", " ")
        if value is None:
            continue
        if not model.takes(name, params.operation):
            yield _not_taken(model, name)
        elif params.output_format != "gif":
            yield Problem(name, "needs_other_format", f"Only GIF results have a {label}.")
        elif not least <= value <= most:
            sentence = f"The {label} must be between {least} and {most}."
            yield Problem(
                name, "out_of_range", sentence, {"min": least, "max": most, "value": value}
            )


def _svg(model: Model, params: Params) -> Iterator[Problem]:
    if params.svg is not None and not model.takes("svg", params.operation):
        yield _not_taken(model, "svg")
    elif params.svg is not None and params.output_format != "svg":
        yield Problem("svg", "needs_other_format", "Only SVG results have an author.")
    if params.output_format == "svg" and (params.n or 1) > 1:
        facts = {"min": 1, "max": 1, "value": params.n}
        yield Problem("n", "out_of_range", "SVG results come one at a time.", facts)


def _identifiers(model: Model, params: Params) -> Iterator[Problem]:
    for name in ("user", "safety_identifier"):
        value = getattr(params, name)
        if value is not None and not model.takes(name, params.operation):
            yield _not_taken(model, name)
        elif value is not None and not _is_text(value):
            yield Problem(name, "not_text", "The identifier contains a character that is none.")


def _images(model: Model, request: Request) -> Iterator[Problem]:
    count = len(request.images)
    if request.operation == "generate":
        if count:
            yield Problem("image", "not_taken", "A new picture is made from the text alone.")
        return
    most = 1 if request.operation == "vary" else model.max_images
    if count == 0:
        yield Problem("image", "missing", "There is no picture to change.")
    if count > most:
        sentence = f"{model.name} takes up to {most} pictures; these are {count}."
        yield Problem("image", "too_many", sentence, {"max": most, "count": count})
    for part in request.images:
        yield from _file(model, "image", part, model.image_formats, model.max_image_bytes)
        if model.square_images and part.size[0] != part.size[1]:
            sentence = f"{model.name} takes square pictures only."
            yield Problem("image", "not_square", sentence, {"size": list(part.size)})
        needs_alpha = model.send_alpha and request.operation == "edit" and request.mask is None
        if needs_alpha and part.has_alpha is False:
            sentence = f"{model.name} needs a mask, or a picture with transparency."
            yield Problem("image", "no_alpha", sentence)


def _mask(model: Model, request: Request) -> Iterator[Problem]:
    mask = request.mask
    if mask is None:
        return
    if not model.takes("mask", request.operation):
        yield _not_taken(model, "mask")
        return
    if request.output_format == "gif":
        yield Problem("mask", "needs_other_format", "GIF results are made without a mask.")
    yield from _file(model, "mask", mask, ("png",), model.max_mask_bytes)
    if not mask.has_alpha:
        yield Problem("mask", "no_alpha", "The mask has no alpha channel.")
    yield from _same_size(request, "mask", mask)


def _markup(model: Model, request: Request) -> Iterator[Problem]:
    markup = request.markup
    if markup is None:
        return
    if not model.takes("markup", request.operation):
        yield _not_taken(model, "markup")
        return
    if request.mask is not None:
        sentence = "A mask and a markup cannot be sent together."
        yield Problem("markup", "mask_and_markup", sentence)
    yield from _file(model, "markup", markup, ("png",), model.max_mask_bytes)
    if not markup.has_alpha:
        yield Problem("markup", "no_transparency", "The markup has no transparent pixels.")
    yield from _same_size(request, "markup", markup)


def _same_size(request: Request, field: str, part: FilePart) -> Iterator[Problem]:
    if request.images and part.size != request.images[0].size:
        sentence = f"The {field} must be of the same size as the picture."
        facts = {"size": list(part.size), "image_size": list(request.images[0].size)}
        yield Problem(field, "wrong_size", sentence, facts)


def _file(
    model: Model, field: str, part: FilePart, formats: tuple[str, ...], limit: int
) -> Iterator[Problem]:
    what = "picture" if field == "image" else field
    if part.content_type not in {f"image/{name}" for name in formats}:
        names = ", ".join(name.upper() for name in formats)
        sentence = f"The {what} must be {names} for {model.name}."
        facts = {"formats": list(formats), "content_type": part.content_type}
        yield Problem(field, "format_not_taken", sentence, facts)
    if len(part.data) >= limit:
        sentence = f"The {what} must be under {limit // MEGABYTE} MB for {model.name}."
        yield Problem(field, "too_many_bytes", sentence, {"limit": limit, "bytes": len(part.data)})


def _not_taken(model: Model, name: str) -> Problem:
    sentence = f"{model.name} does not take the parameter {name.replace('_', ' ')}."
    return Problem(name, "not_taken", sentence)
