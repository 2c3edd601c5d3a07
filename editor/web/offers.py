"""What a form offers of each model, and what was chosen in it."""

import math
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from editor.images_api.catalogue import COMPRESSIBLE, Model
from editor.images_api.messages import Operation
from editor.jobs.provider import Offered
from editor.web import reasons, words

LISTED = ("background", "output_format", "input_fidelity", "moderation", "complexity", "style")
NUMBERS = ("n", "output_compression", "partial_images")
NAMES = ("model", "n", "size", "quality", *LISTED, "output_compression", "partial_images")
Choice = dict[str, str]


def fields() -> list[dict[str, Any]]:
    """The fields of "More options", shown where a model takes them. Previews have a form of their own."""
    names = ("background", "output_format", "output_compression", *LISTED[2:])
    return [
        {
            "name": name,
            "label": words.OPTIONS[name],
            "help": words.OPTION_HELP.get(name, ""),
            "is_number": name in NUMBERS,
        }
        for name in names
    ]


def offer(offered: Offered, operation: Operation = "edit") -> dict[str, Any]:
    """One model as the page's script needs it: what can be chosen of it, each with its label."""
    model = offered.model
    return {
        "id": model.id,
        "name": model.name,
        "label": _label(offered),
        "note": _note(offered),
        "warning": _warning(offered),
        "prompt_limit": model.prompt_limit,
        "n_max": model.max_n if model.takes("n", operation) else 1,
        "references_max": max(0, model.max_images - 1),
        "takes_markup": model.takes("markup", operation),
        "sizes": _sizes(model),
        "default_size": "auto",
        "qualities": _qualities(model, operation),
        "default_quality": model.default_quality or "",
        "options": _options(model, operation),
        "help": {name: _help(name, model) for name in LISTED},
        "compressible": _compressible(model, operation),
        **_previews(model, operation),
    }


def _label(offered: Offered) -> str:
    parts = [offered.model.name]
    if offered.is_ending and offered.shutdown_date:
        parts.append(words.ending(offered.shutdown_date))
    if offered.is_listed is False:
        parts.append(_("not listed"))
    return " · ".join(parts)


def _note(offered: Offered) -> str:
    if offered.is_listed is False:
        return _("The provider does not list this model, so it may refuse it.")
    return ""


def _warning(offered: Offered) -> str:
    if not offered.is_ending or not offered.shutdown_date:
        return ""
    ends = words.ending(offered.shutdown_date)
    return _("This model %(ends)s. What it made stays; it can't be run again then.") % {
        "ends": ends
    }


def _sizes(model: Model) -> list[Choice]:
    fixed = [{"value": f"{w}x{h}", "label": f"{w} × {h}"} for w, h in model.sizes.fixed]
    return [{"value": "auto", "label": _("Fits the frame")}, *fixed]


def _qualities(model: Model, operation: Operation) -> list[Choice]:
    if not model.takes("quality", operation):
        return []
    return [{"value": name, "label": words.quality(name)} for name in model.choices("quality")]


def _options(model: Model, operation: Operation) -> dict[str, list[Choice]]:
    """Of each option the choices; the first one stands where nothing was chosen."""
    return {
        name: _with_default(model.choices(name))
        for name in LISTED
        if model.takes(name, operation) and model.choices(name)
    }


def _help(name: str, model: Model) -> str:
    if name == "background" and "transparent" not in model.choices(name):
        return ""
    return str(words.OPTION_HELP.get(name, ""))


def _with_default(values: tuple[str, ...]) -> list[Choice]:
    """Nothing chosen is "auto" where there is such a value, and else what the provider means by it."""
    named = [{"value": value, "label": words.choice(value)} for value in values if value != "auto"]
    return [{"value": "", "label": words.choice("auto" if "auto" in values else "")}, *named]


def _compressible(model: Model, operation: Operation) -> list[str]:
    """The formats whose compression can be chosen."""
    if not model.takes("output_compression", operation):
        return []
    return [value for value in model.choices("output_format") if value in COMPRESSIBLE]


def _previews(model: Model, operation: Operation) -> dict[str, Any]:
    most = model.max_partial_images if model.takes("partial_images", operation) else 0
    if not most:
        return {"previews": [], "default_previews": "", "previews_note": ""}
    counts = [{"value": str(count), "label": str(count)} for count in range(1, most + 1)]
    return {
        "previews": [{"value": "0", "label": _("None")}, *counts],
        "default_previews": str(min(settings.PARTIAL_IMAGES, most)),
        "previews_note": _price_of_a_preview(model),
    }


def _price_of_a_preview(model: Model) -> str:
    said = _("The picture as it emerges. +%(tokens)d tokens each") % {
        "tokens": model.partial_tokens
    }
    if model.rates is None:
        return f"{said}."
    price = words.money(int(model.partial_tokens * model.rates.image_out))
    return said + ", " + _("about %(price)s.") % {"price": price}


# --- what was chosen ----------------------------------------------------------------------------


def options_of(sent: Mapping[str, str]) -> dict[str, Any]:
    """The options that a form or an address names, without those left open. Numbers are numbers, or
    as they came when they are none. Only a single result is shown while it is made."""
    options: dict[str, Any] = {}
    for name in NAMES[1:]:
        text = sent.get(name, "").strip()[:80]
        if text:
            options[name] = whole_or_text(text) if name in NUMBERS else text
    options.setdefault("n", 1)
    if options["n"] != 1:
        options.pop("partial_images", None)
    return options


def problems_of(options: Mapping[str, Any]) -> dict[str, list[str]]:
    """What the catalogue cannot judge, for it is no number at all."""
    wrong = [name for name in NUMBERS if isinstance(options.get(name), str)]
    return {name: [str(reasons.PROBLEMS[f"{name}.not_a_number"])] for name in wrong}


def texts_of(options: Mapping[str, Any]) -> dict[str, str]:
    """Kept options as a form holds them; what was not chosen is empty."""
    values = {name: options.get(name) for name in NAMES}
    return {name: "" if value is None else str(value) for name, value in values.items()}


def whole_or_text(text: str) -> int | str:
    number = whole(text)
    return text if number is None else number


def whole(text: str) -> int | None:
    try:
        number = float(text) if len(text) < 20 else math.nan
    except ValueError:
        return None
    return int(number) if math.isfinite(number) and number == int(number) else None
