"""The reading of the catalogue's file: TOML laid over TOML, held to the entries' types, and checked.

Everything that is wrong raises CatalogueBroken with one sentence that says where and what.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args

from editor.images_api.entries import (
    CHOICES,
    CatalogueBroken,
    FreeSizes,
    Grid,
    Model,
    Patches,
    Rates,
    SizeRules,
    Table,
    Tiles,
    Tokens,
    parse_size,
    written,
)
from editor.images_api.messages import FILE_PARAMETERS, OPERATIONS, PARAMETERS, Operation

T = TypeVar("T")

KINDS = ("family", "free_sizes", "tokens", "rates")
PLAIN = (int, bool, str, Decimal, date)


def read(path: Path) -> dict[str, Any]:
    """A catalogue file as plain values, with its models unchecked. Raises CatalogueBroken."""
    try:
        with path.open("rb") as file:
            read = tomllib.load(file, parse_float=Decimal)
    except OSError as error:
        raise CatalogueBroken(f"Catalogue: {path} cannot be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        raise CatalogueBroken(f"Catalogue: {path} is not TOML: {error}.") from error
    where = f"the file {path.name}"
    unknown = set(read) - {*KINDS, "model"}
    _require(not unknown, where, f"has unknown tables {sorted(unknown)}")
    for kind in KINDS:
        tables = read.setdefault(kind, {})
        right = isinstance(tables, dict) and all(isinstance(each, dict) for each in tables.values())
        _require(right, where, f"needs each of its {kind} as [{kind}.name]")
    models = read.setdefault("model", [])
    right = isinstance(models, list) and all(isinstance(each, dict) for each in models)
    _require(right, where, "needs its models as [[model]]")
    return read


def laid_over(file: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    """`file` with what `extra` adds and changes. A model of `extra` without a family changes the keys
    that it names; one with a family replaces what had its id. Raises CatalogueBroken."""
    models = {entry["id"]: entry for entry in file["model"]}
    named: set[object] = set()
    for entry in extra["model"]:
        id = entry.get("id")
        _require(isinstance(id, str), "a model of the extra file", "lacks its id")
        _require(id not in named, f"model {id!r}", "stands there twice")
        _require("family" in entry or id in models, f"model {id!r}", "is new, so it needs a family")
        named.add(id)
        known = models.get(id, {})
        inherited = {"default_for": known.get("default_for", [])}
        models[id] = {**inherited, **entry} if "family" in entry else _merged(known, entry)
    for claim in [entry for entry in extra["model"] if entry.get("default_for")]:
        _give_up_defaults([each for each in models.values() if each["id"] != claim["id"]], claim)
    tables = {kind: _merged(file[kind], extra[kind]) for kind in KINDS}
    return {**tables, "model": list(models.values())}


def models_of(file: Mapping[str, Any]) -> dict[str, Model]:
    """The models of a file that `read` or `laid_over` gave, by id, in their order.

    Raises CatalogueBroken.
    """
    models: dict[str, Model] = {}
    for number, entry in enumerate(file["model"], start=1):
        where = f"model {entry.get('id', number)!r}"
        model = _model(file, entry, where)
        _require(model.id not in models, where, "stands there twice")
        models[model.id] = model
    _require(bool(models), "the catalogue", "names no model")
    _check_defaults(models.values())
    return models


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Tables are merged key by key, all else is replaced."""
    merged = {**under, **over}
    for name in under.keys() & over.keys():
        if isinstance(under[name], dict) and isinstance(over[name], dict):
            merged[name] = _merged(under[name], over[name])
    return merged


def _give_up_defaults(others: Iterable[dict[str, Any]], claim: Mapping[str, Any]) -> None:
    """Who claims to be a default last is it."""
    where = f"model {claim['id']!r}"
    claimed = _typed(tuple[str, ...], "default_for", claim["default_for"], where)
    for entry in others:
        entry["default_for"] = [
            each for each in entry.get("default_for", []) if each not in claimed
        ]


def _model(file: Mapping[str, Any], entry: Mapping[str, Any], where: str) -> Model:
    family = _named(file, "family", entry.get("family"), where)
    merged = {**family, **entry}
    for name in ("sizes", "parameters"):
        both = [each.get(name, {}) for each in (family, entry)]
        _require(all(isinstance(each, dict) for each in both), where, f"needs {name} as a table")
        merged[name] = both[0] | both[1]
    merged["parameters"] = _parameters(merged, where)
    merged["sizes"] = _sizes(file, merged["sizes"], where)
    if "tokens" in merged:
        merged["tokens"] = _tokens(_named(file, "tokens", merged["tokens"], where), where)
    if "rates" in merged:
        merged["rates"] = _built(Rates, _named(file, "rates", merged["rates"], where), where)
    if "per_picture" in merged:
        merged["per_picture"] = _table_of(Decimal, merged["per_picture"], "per_picture", where)
    model = _built(Model, merged, where)
    _check(model, where)
    return model


def _parameters(merged: dict[str, Any], where: str) -> dict[Operation, tuple[str, ...]]:
    """Per operation what its family takes, and `further_parameters`, which is taken out of `merged`."""
    lists = [merged["parameters"], merged.pop("further_parameters", {})]
    found: dict[Operation, tuple[str, ...]] = {}
    for each in lists:
        right = isinstance(each, dict) and set(each) <= set(OPERATIONS)
        _require(right, where, f"lists parameters under an operation among {list(OPERATIONS)}")
        for operation, names in each.items():
            names = _typed(tuple[str, ...], f"the parameters of {operation!r}", names, where)
            unknown = sorted(set(names) - {*PARAMETERS, *FILE_PARAMETERS} - {"model"})
            _require(not unknown, where, f"takes unknown parameters {unknown}")
            found[operation] = (*found.get(operation, ()), *names)
    return found


def _check(model: Model, where: str) -> None:
    for name, operations in (("operations", model.operations), ("default_for", model.default_for)):
        unknown = sorted(set(operations) - set(OPERATIONS))
        _require(not unknown, where, f"has unknown {name} {unknown}")
    _require(bool(model.operations), where, "serves no operation")
    foreign = sorted(set(model.default_for) - set(model.operations))
    _require(not foreign, where, f"cannot be the default for {foreign}, which it does not serve")
    silent = sorted(set(model.operations) - set(model.parameters))
    _require(not silent, where, f"lists no parameters for {silent}")
    _require(model.answers in ("b64_json", "url"), where, "answers must be 'b64_json' or 'url'")
    _require(model.max_n >= 1, where, "max_n starts at 1")
    takes_pictures = {"edit", "vary"} & set(model.operations)
    limits = (model.max_images, model.max_image_bytes, model.image_formats)
    _require(not takes_pictures or all(limits), where, "needs image_formats and limits of pictures")
    _check_choices(model, where)
    _check_prices(model, where)


def _check_choices(model: Model, where: str) -> None:
    quality = model.default_quality
    known = quality is None or quality in model.qualities
    _require(known, where, "default_quality is not among its qualities")
    for operation, names in model.parameters.items():
        empty = sorted(name for name in names if name in CHOICES and not model.choices(name))
        _require(not empty, where, f"takes {empty} for {operation!r}, but lists no choices")
        streams = "stream" in names or "partial_images" in names
        _require(not streams or model.max_partial_images > 0, where, "needs max_partial_images")


def _check_prices(model: Model, where: str) -> None:
    by_tokens = model.tokens is not None and model.rates is not None
    _require(
        bool(model.per_picture) or by_tokens,
        where,
        "needs prices: per_picture, or tokens and rates",
    )
    if model.tokens is not None:
        unpriced = set(model.qualities) - {"auto"} - set(model.tokens.output.by_quality)
        _require(not unpriced, where, f"has no output tokens for {sorted(unpriced)}")
        _require(bool(model.qualities), where, "is priced by tokens, so it needs qualities")
    if model.per_picture:
        levels = [level for level in model.qualities if level != "auto"]
        for size in map(written, model.sizes.fixed):
            prices = [model.price_per_picture(size, level) for level in levels or [""]]
            _require(
                None not in prices, where, f"per_picture must price each fixed size, also {size}"
            )
        anything = model.price_per_picture("", levels[0] if levels else "") is not None
        _require(
            anything or model.sizes.free is None, where, "has free sizes: per_picture needs any"
        )


def _check_defaults(models: Iterable[Model]) -> None:
    for operation in OPERATIONS:
        ids = [model.id for model in models if operation in model.default_for]
        served = any(operation in model.operations for model in models)
        told = f"needs one default for {operation!r}, not {ids or 'none'}"
        _require(len(ids) == 1 or not (ids or served), "the catalogue", told)


def _sizes(file: Mapping[str, Any], table: Mapping[str, Any], where: str) -> SizeRules:
    merged = dict(table)
    if "free" in merged:
        merged["free"] = _built(FreeSizes, _named(file, "free_sizes", merged["free"], where), where)
        _require(merged["free"].multiple > 0, where, "sizes cannot be multiples of 0")
    texts = _typed(tuple[str, ...], "sizes.fixed", merged.get("fixed", []), where)
    sizes = tuple(size for text in texts if (size := parse_size(text)) is not None)
    right = bool(texts) and len(sizes) == len(texts)
    _require(right, where, "sizes.fixed holds texts like '512x512'")
    rules = _built(SizeRules, {**merged, "fixed": sizes}, where)
    named = parse_size(rules.default) in rules.fixed or (rules.default == "auto" and rules.auto)
    _require(named, where, "sizes.default is not one of its sizes")
    return rules


def _tokens(table: Mapping[str, Any], where: str) -> Tokens:
    halves = [table.get(name, {}) for name in ("input", "output")]
    right = set(table) == {"input", "output"} and all(isinstance(half, dict) for half in halves)
    _require(right, where, "needs input and output in its tokens, as tables")
    given, made = (dict(half) for half in halves)
    inputs: dict[str, Callable[[], Tiles | Patches]] = {
        "tiles": lambda: _built(Tiles, given, where),
        "patches": lambda: _built(Patches, given, where),
    }
    outputs: dict[str, Callable[[], Table | Grid]] = {
        "table": lambda: Table({quality: _row(row, where) for quality, row in made.items()}),
        "grid": lambda: Grid(_table_of(int, made, "the output grid", where)),
    }
    input_rule, output_rule = str(given.pop("rule", None)), str(made.pop("rule", None))
    _require(input_rule in inputs, where, f"input tokens follow a rule among {sorted(inputs)}")
    _require(output_rule in outputs, where, f"output tokens follow a rule among {sorted(outputs)}")
    tokens = Tokens(inputs[input_rule](), outputs[output_rule]())
    divisors = [getattr(tokens.input, name, 1) for name in ("tile", "patch")]
    _require(all(divisors), where, "input tokens need tiles or patches larger than 0")
    return tokens


def _row(row: Any, where: str) -> tuple[int, int, int]:
    right = isinstance(row, list) and [type(each) for each in row] == [int] * 3
    _require(right, where, "output tokens are three numbers: square, tall, wide")
    _require(min(row) >= 0, where, "output tokens are negative")
    return (row[0], row[1], row[2])


def _table_of(kind: type[T], table: Any, name: str, where: str) -> dict[str, T]:
    _require(isinstance(table, dict), where, f"needs {name} as a table")
    return {key: _typed(kind, f"{name}.{key}", value, where) for key, value in table.items()}


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
    wanted = get_args(wanted)[0] if isinstance(wanted, UnionType) else wanted  # `T | None`
    if isinstance(value, list):
        value = tuple(value)
    if wanted is Decimal and type(value) is int:
        value = Decimal(value)
    if wanted in PLAIN:
        right = type(value) is wanted
    elif wanted in (tuple[str, ...], tuple[Operation, ...]):
        right = isinstance(value, tuple) and all(isinstance(text, str) for text in value)
    else:
        right = True  # built and held to its own types before
    _require(right, where, f"has a wrong value for {name}: {value!r}")
    if isinstance(value, int | Decimal):
        _require(Decimal(value).is_finite(), where, f"{name} is no number")
        _require(value >= 0, where, f"{name} is negative")
    return value


def _named(file: Mapping[str, Any], kind: str, name: object, where: str) -> Mapping[str, Any]:
    tables: Mapping[object, Mapping[str, Any]] = file[kind]
    there = isinstance(name, str) and name in tables
    _require(there, where, f"names the {kind} {name!r}, which does not exist")
    return tables[name]


def _require(holds: bool, where: str, what: str) -> None:
    if not holds:
        raise CatalogueBroken(f"Catalogue: {where} {what}.")
