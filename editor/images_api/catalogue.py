"""What is allowed for which model. The facts are in catalogue.toml, the rules are here."""

import dataclasses
import functools
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from editor.images_api.entries import (
    CHOICES,
    CatalogueBroken,
    FreeSizes,
    Model,
    parse_size,
    read_models,
)
from editor.images_api.messages import FilePart, Params, Request, Size

FILE = Path(__file__).with_name("catalogue.toml")
MEGABYTE = 1024 * 1024
COMPRESSIBLE = ("webp", "jpeg")
TRANSPARENT = ("png", "webp")


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

    def editing(self, on: date, *, at_openai: bool) -> list[Model]:
        """The models to offer for edits. What OpenAI has shut down is hidden there only: compatible
        servers go on serving it."""
        return [
            model
            for model in self._models.values()
            if "edit" in model.operations and not (at_openai and model.is_shut_down(on))
        ]


@functools.cache
def load(extra: Path | None = None) -> Catalogue:
    """The catalogue; `extra` is a file of the same form whose entries add to it or replace.

    Raises CatalogueBroken with a sentence that says where and what.
    """
    file = _read(FILE)
    if extra is not None:
        file = _joined(file, _read(extra))
    return Catalogue(read_models(file))


def default() -> Catalogue:
    """The catalogue that comes with Maskroom."""
    return load()


def problems(model: Model, params: Params) -> list[Problem]:
    """Everything about the chosen parameters that the model does not take; empty when all is well."""
    return [
        *_operation(model),
        *_prompt(model, params.prompt),
        *_n(model, params.n),
        *_size(model, params.size),
        *(problem for name in CHOICES for problem in _choice(model, name, getattr(params, name))),
        *_compression(model, params),
        *_transparency(params),
    ]


def problems_of_request(model: Model, request: Request) -> list[Problem]:
    """As `problems`, and the files: their number, formats, bytes and sizes."""
    return [
        *problems(model, request),
        *_images(model, request),
        *(_mask(model, request.mask, request.images) if request.mask is not None else ()),
    ]


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file, parse_float=Decimal)
    except OSError as error:
        raise CatalogueBroken(f"Catalogue: {path} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise CatalogueBroken(f"Catalogue: {path} is not TOML: {error}.") from error


def _joined(file: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    joined = {
        name: {**file.get(name, {}), **extra.get(name, {})} for name in {*file, *extra} - {"model"}
    }
    models = {entry.get("id"): entry for entry in [*file["model"], *extra.get("model", [])]}
    return {**joined, "model": list(models.values())}


def _operation(model: Model) -> Iterator[Problem]:
    if "edit" not in model.operations:
        yield Problem("model", "cannot_edit", f"{model.name} cannot edit pictures.")


def _prompt(model: Model, prompt: str | None) -> Iterator[Problem]:
    prompt = prompt or ""
    length, limit = len(prompt), model.prompt_limit
    if not any(_is_visible(character) for character in prompt):
        yield Problem("prompt", "missing", "Say what should change.")
    elif length > limit:
        sentence = f"{model.name} takes up to {limit:,} characters; this has {length:,}."
        yield Problem("prompt", "too_long", sentence, {"limit": limit, "length": length})
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in prompt):
        yield Problem("prompt", "not_text", "The text contains a character that is none.")


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZ"


def _n(model: Model, n: int | None) -> Iterator[Problem]:
    if n is not None and not model.takes("n"):
        yield _not_taken(model, "n")
    elif n is not None and not 1 <= n <= model.max_n:
        sentence = f"{model.name} gives 1 to {model.max_n} results at a time."
        yield Problem("n", "out_of_range", sentence, {"min": 1, "max": model.max_n, "value": n})


def _size(model: Model, text: str | None) -> Iterator[Problem]:
    rules = model.sizes
    if text is None or (text == "auto" and rules.auto):
        return
    size = parse_size(text)
    if size in rules.fixed:
        return
    if size is not None and rules.free is not None:
        yield from _free_size(rules.free, size)
        return
    names = [*(f"{width}x{height}" for width, height in rules.fixed), *(["auto"] * rules.auto)]
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


def _choice(model: Model, name: str, value: str | None) -> Iterator[Problem]:
    if value is None:
        return
    choices = model.choices(name)
    if not model.takes(name):
        yield _not_taken(model, name)
    elif value not in choices:
        label = name.replace("_", " ")
        sentence = f"The {label} must be one of {', '.join(choices)} with {model.name}."
        yield Problem(name, "not_offered", sentence, {"choices": list(choices), "value": value})


def _compression(model: Model, params: Params) -> Iterator[Problem]:
    value = params.output_compression
    if value is None:
        return
    if not model.takes("output_compression"):
        yield _not_taken(model, "output_compression")
    elif not 0 <= value <= 100:
        sentence = "The compression must be between 0 and 100."
        yield Problem("output_compression", "out_of_range", sentence, {"min": 0, "max": 100})
    elif params.output_format not in COMPRESSIBLE and value < 100:
        sentence = "Only WebP and JPEG results can be compressed."
        yield Problem("output_compression", "needs_other_format", sentence)


def _transparency(params: Params) -> Iterator[Problem]:
    if params.background == "transparent" and params.output_format not in (None, *TRANSPARENT):
        sentence = "A transparent background needs PNG or WebP as the output format."
        yield Problem("background", "needs_other_format", sentence)


def _images(model: Model, request: Request) -> Iterator[Problem]:
    count = len(request.images)
    if count == 0:
        yield Problem("image", "missing", "There is no picture to change.")
    if count > model.max_images:
        sentence = f"{model.name} takes up to {model.max_images} pictures; these are {count}."
        yield Problem("image", "too_many", sentence, {"max": model.max_images, "count": count})
    for part in request.images:
        yield from _file(model, "image", part, model.image_formats, model.max_image_bytes)
        if model.square_images and part.size[0] != part.size[1]:
            sentence = f"{model.name} takes square pictures only."
            yield Problem("image", "not_square", sentence, {"size": list(part.size)})
        if model.send_alpha and request.mask is None and part.has_alpha is False:
            sentence = f"{model.name} needs a mask, or a picture with transparency."
            yield Problem("image", "no_alpha", sentence)


def _mask(model: Model, mask: FilePart, images: tuple[FilePart, ...]) -> Iterator[Problem]:
    yield from _file(model, "mask", mask, ("png",), model.max_mask_bytes)
    if not mask.has_alpha:
        yield Problem("mask", "no_alpha", "The mask has no alpha channel.")
    if images and mask.size != images[0].size:
        sentence = "The mask must be of the same size as the picture."
        facts = {"size": list(mask.size), "image_size": list(images[0].size)}
        yield Problem("mask", "wrong_size", sentence, facts)


def _file(
    model: Model, field: str, part: FilePart, formats: tuple[str, ...], limit: int
) -> Iterator[Problem]:
    what = "picture" if field == "image" else "mask"
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
