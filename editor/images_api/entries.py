"""The catalogue's entries as values, and the reading of its file. `catalogue` is what callers use."""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import date
from decimal import Decimal
from types import UnionType
from typing import Any, TypeVar, get_args

from editor.images_api.messages import PARAMETERS, Size

T = TypeVar("T")

PLAIN = (int, bool, str, Decimal, date)
SIZE_FORM = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})")


class CatalogueBroken(ValueError):
    """The catalogue's file says something impossible; `str()` says where and what."""


@dataclass(frozen=True)
class FreeSizes:
    """Any size within these limits. Areas are width x height in pixels, the ratio is long : short."""

    multiple: int
    max_edge: int
    max_ratio: Decimal
    min_pixels: int
    max_pixels: int
    comfortable_pixels: int


@dataclass(frozen=True)
class SizeRules:
    """Which sizes may be asked for. `default` is what no size at all means."""

    fixed: tuple[Size, ...]
    default: str
    auto: bool = False
    free: FreeSizes | None = None


@dataclass(frozen=True)
class Tiles:
    """Tokens of an input picture by square tiles, after its shortest side was scaled."""

    base: int
    per_tile: int
    tile: int
    shortest_side: int
    high_fidelity_square: int
    high_fidelity_other: int


@dataclass(frozen=True)
class Patches:
    """Tokens of an input picture by small square patches, up to a budget."""

    patch: int
    budget: int
    towards: int
    largest_growth: int


@dataclass(frozen=True)
class Table:
    """Tokens of an output picture by quality: for square, tall and wide pictures."""

    by_quality: Mapping[str, tuple[int, int, int]]


@dataclass(frozen=True)
class Grid:
    """Tokens of an output picture by quality: the patches along its longer side."""

    by_quality: Mapping[str, int]


@dataclass(frozen=True)
class Tokens:
    input: Tiles | Patches
    output: Table | Grid


@dataclass(frozen=True)
class Rates:
    """US dollars per million tokens."""

    text_in: Decimal
    image_in: Decimal
    image_out: Decimal
    text_out: Decimal = Decimal(0)


@dataclass(frozen=True)
class Model:
    """What one model takes and costs. Byte limits are exclusive: a file must be smaller."""

    id: str
    name: str
    family: str
    operations: tuple[str, ...]
    image_formats: tuple[str, ...]
    max_images: int
    max_image_bytes: int
    max_mask_bytes: int
    square_images: bool
    send_alpha: bool  # pictures should be sent with an alpha channel
    rerenders: bool  # answers differ from the source outside the mask too
    prompt_limit: int
    max_n: int
    parameters: tuple[str, ...]
    sizes: SizeRules
    qualities: tuple[str, ...]
    backgrounds: tuple[str, ...]
    output_formats: tuple[str, ...]
    response_formats: tuple[str, ...]
    input_fidelities: tuple[str, ...]
    answers: str
    price_date: date
    default_quality: str | None = None
    tokens: Tokens | None = None
    rates: Rates | None = None
    per_picture: Mapping[str, Decimal] = field(default_factory=dict)
    shutdown_date: date | None = None

    def takes(self, parameter: str) -> bool:
        return parameter in self.parameters

    def is_shut_down(self, on: date) -> bool:
        return self.shutdown_date is not None and self.shutdown_date <= on

    def choices(self, parameter: str) -> tuple[str, ...]:
        """What may be chosen for a parameter that has a list of choices."""
        choices: tuple[str, ...] = getattr(self, CHOICES[parameter])
        return choices


CHOICES = {
    "quality": "qualities",
    "background": "backgrounds",
    "output_format": "output_formats",
    "response_format": "response_formats",
    "input_fidelity": "input_fidelities",
}


def parse_size(text: str) -> Size | None:
    """`"1024x1536"` as (1024, 1536); None for everything else."""
    match = SIZE_FORM.fullmatch(text)
    return (int(match[1]), int(match[2])) if match else None


def read_models(file: Mapping[str, Any]) -> dict[str, Model]:
    """The models of a catalogue file (parsed TOML, floats as Decimal), by id, in their order.

    Raises CatalogueBroken.
    """
    models: dict[str, Model] = {}
    for number, entry in enumerate(_list_of_tables(file, "model"), start=1):
        where = f"model {entry.get('id', number)!r}"
        model = _model(file, entry, where)
        _require(model.id not in models, where, "stands there twice")
        models[model.id] = model
    _require(bool(models), "the catalogue", "names no model")
    return models


def _model(file: Mapping[str, Any], entry: Mapping[str, Any], where: str) -> Model:
    family = _named(file, "family", entry.get("family"), where)
    merged = {**family, **entry}
    merged["sizes"] = _sizes(file, {**family.get("sizes", {}), **entry.get("sizes", {})}, where)
    if "tokens" in merged:
        merged["tokens"] = _tokens(_named(file, "tokens", merged["tokens"], where), where)
    if "rates" in merged:
        merged["rates"] = _built(Rates, _named(file, "rates", merged["rates"], where), where)
    model = _built(Model, merged, where)
    _check(model, where)
    return model


def _check(model: Model, where: str) -> None:
    unknown = set(model.parameters) - set(PARAMETERS)
    _require(not unknown, where, f"takes unknown parameters {sorted(unknown)}")
    _require(model.answers in ("b64_json", "url"), where, "answers must be 'b64_json' or 'url'")
    _require(model.max_n >= 1 and model.max_images >= 1, where, "max_n and max_images start at 1")
    _require(
        bool(model.per_picture) or (model.tokens is not None and model.rates is not None),
        where,
        "needs prices: per_picture, or tokens and rates",
    )
    _require(
        model.default_quality is None or model.default_quality in model.qualities,
        where,
        "default_quality is not among its qualities",
    )
    if model.tokens is not None:
        unpriced = set(model.qualities) - {"auto"} - set(model.tokens.output.by_quality)
        _require(not unpriced, where, f"has no output tokens for {sorted(unpriced)}")
    if model.per_picture:
        fixed = {f"{width}x{height}" for width, height in model.sizes.fixed}
        _require(set(model.per_picture) == fixed, where, "per_picture must price each fixed size")


def _sizes(file: Mapping[str, Any], table: Mapping[str, Any], where: str) -> SizeRules:
    merged = dict(table)
    if "free" in merged:
        merged["free"] = _built(FreeSizes, _named(file, "free_sizes", merged["free"], where), where)
    sizes = [parse_size(text) for text in merged.get("fixed", [])]
    _require(bool(sizes) and None not in sizes, where, "sizes.fixed holds texts like '512x512'")
    rules = _built(SizeRules, {**merged, "fixed": sizes}, where)
    named = parse_size(rules.default) in rules.fixed or (rules.default == "auto" and rules.auto)
    _require(named, where, "sizes.default is not one of its sizes")
    return rules


def _tokens(table: Mapping[str, Any], where: str) -> Tokens:
    given, made = dict(table.get("input", {})), dict(table.get("output", {}))
    inputs: dict[str, Callable[[], Tiles | Patches]] = {
        "tiles": lambda: _built(Tiles, given, where),
        "patches": lambda: _built(Patches, given, where),
    }
    outputs: dict[str, Callable[[], Table | Grid]] = {
        "table": lambda: Table({quality: tuple(row) for quality, row in made.items()}),
        "grid": lambda: Grid(made),
    }
    input_rule, output_rule = given.pop("rule", None), made.pop("rule", None)
    _require(input_rule in inputs, where, f"input tokens follow a rule among {sorted(inputs)}")
    _require(output_rule in outputs, where, f"output tokens follow a rule among {sorted(outputs)}")
    return Tokens(inputs[input_rule](), outputs[output_rule]())


def _built(cls: type[T], table: Mapping[str, Any], where: str) -> T:
    """An entry from a table whose keys are the entry's fields; types are held to the annotations."""
    known = {each.name: each for each in fields(cls)}  # type: ignore[arg-type]
    unknown = set(table) - set(known)
    _require(not unknown, where, f"has unknown keys {sorted(unknown)}")
    needed = {
        name
        for name, each in known.items()
        if each.default is MISSING and each.default_factory is MISSING
    }
    missing = needed - set(table)
    _require(not missing, where, f"lacks {sorted(missing)}")
    values = {name: _typed(known[name].type, name, value, where) for name, value in table.items()}
    return cls(**values)


def _typed(wanted: Any, name: str, value: Any, where: str) -> Any:
    if isinstance(value, list):
        value = tuple(value)
    if wanted is Decimal and isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    wanted = get_args(wanted)[0] if isinstance(wanted, UnionType) else wanted  # `T | None`
    right = wanted not in PLAIN or type(value) is wanted
    if wanted == tuple[str, ...]:
        right = isinstance(value, tuple) and all(isinstance(text, str) for text in value)
    _require(right, where, f"has a wrong value for {name}: {value!r}")
    _require(not isinstance(value, int | Decimal) or value >= 0, where, f"{name} is negative")
    return value


def _named(file: Mapping[str, Any], kind: str, name: object, where: str) -> Mapping[str, Any]:
    table = file.get(kind, {}).get(name)
    _require(isinstance(table, dict), where, f"names the {kind} {name!r}, which does not exist")
    found: Mapping[str, Any] = table
    return found


def _list_of_tables(file: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    tables = file.get(name, [])
    right = isinstance(tables, list) and all(isinstance(table, dict) for table in tables)
    _require(right, "the catalogue", f"needs its {name}s as [[{name}]]")
    found: list[Mapping[str, Any]] = tables
    return found


def _require(holds: bool, where: str, what: str) -> None:
    if not holds:
        raise CatalogueBroken(f"Catalogue: {where} {what}.")
