"""Forms that ask for pictures without painting: what they offer of each model, what was chosen, what it costs.

The server knows everything, so a form works without scripts; with them it follows the chosen model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from editor.images_api.catalogue import Model
from editor.images_api.entries import parse_size
from editor.images_api.messages import Operation
from editor.jobs.provider import Offered, known_models, offered_models
from editor.jobs.submit import NewEdit, NotSubmitted, Quote, submit
from editor.models import Edit, Image
from editor.web import offers, reasons, words
from editor.web.access import Request, load

Errors = dict[str, list[str]]
OWN = "own"  # the choice of a size that is typed as width and height
# Beside the fixed ones, where a model gives any size; within what providers call well tried.
FURTHER_SIZES = ((1536, 1536), (2048, 1152), (1152, 2048))
OPTIONS = (
    "background", "output_format", "output_compression", "style", "complexity", "moderation",
    "partial_images",
)  # fmt: skip
NAMES = ("prompt", "model", "n", "size", "width", "height", "quality", *OPTIONS)


@dataclass(frozen=True)
class Field:
    """One field of the form, as the chosen model has it."""

    name: str
    label: str
    help: str
    choices: list[offers.Choice]
    value: str
    errors: list[str]
    is_shown: bool

    @property
    def is_number(self) -> bool:
        return self.name == "output_compression"


@dataclass(frozen=True)
class RequestForm:
    """A form for one operation. `models` is also what the page's script gets."""

    operation: Operation
    models: list[dict[str, Any]]
    values: dict[str, str]
    errors: Errors = field(default_factory=dict)
    key: str = field(default_factory=lambda: str(uuid4()))

    @property
    def model(self) -> dict[str, Any]:
        """The chosen model, else the first one: forms are shown only where there is one."""
        chosen = (model for model in self.models if model["id"] == self.values["model"])
        return next(chosen, self.models[0])

    @property
    def effective(self) -> dict[str, str]:
        """The values as the form shows them: with the model's own where nothing was chosen."""
        shown = {"model": self.model["id"], "size": self.size.value, "quality": self.quality.value}
        return {**self.values, **shown}

    @property
    def quality(self) -> Field:
        value = self.values["quality"] or self.model["default_quality"]
        return self._field("quality", self.model["qualities"], value)

    @property
    def size(self) -> Field:
        value = self.values["size"] or self.model["default_size"]
        return self._field("size", self.model["sizes"], value)

    @property
    def options(self) -> list[Field]:
        return [self._option(name) for name in OPTIONS]

    @property
    def has_options(self) -> bool:
        return any(option.is_shown for option in self.options)

    @property
    def has_chosen_options(self) -> bool:
        """Whether the folded part holds something that is to be seen."""
        return any(
            option.errors
            or (option.is_shown and option.value not in ("", self.model["default_previews"]))
            for option in self.options
        )

    @property
    def general_errors(self) -> list[str]:
        """Those of the whole, and those of fields that the chosen model does not have."""
        shown = {"prompt", "model", "n", "size", "quality"}
        shown |= {option.name for option in self.options if option.is_shown}
        return [text for name, texts in self.errors.items() if name not in shown for text in texts]

    @property
    def first_error(self) -> str:
        """Where the page begins after a refusal: the first field that is to be mended, else the whole."""
        if not self.errors:
            return ""
        shown = ["prompt", "model", "size", "n"]
        shown += [option.name for option in self.options if option.is_shown]
        return next((name for name in shown if name in self.errors), "run")

    def _option(self, name: str) -> Field:
        if name == "partial_images":
            value = self.values[name] or self.model["default_previews"]
            return self._field(name, self.model["previews"], value)
        if name == "output_compression":
            return self._field(
                name, [], self.values[name], is_shown=bool(self.model["compressible"])
            )
        return self._field(name, self.model["options"].get(name, []), self.values[name])

    def _field(
        self,
        name: str,
        choices: list[offers.Choice],
        value: str,
        *,
        is_shown: bool | None = None,
    ) -> Field:
        label = words.ASKED[name]
        help = self.model["help"].get(name, words.OPTION_HELP.get(name, ""))
        if name == "partial_images":
            help = self.model["previews_note"]
        shown = bool(choices) if is_shown is None else is_shown
        return Field(name, str(label), str(help), choices, value, self.errors.get(name, []), shown)


# --- what is offered ----------------------------------------------------------------------------


def models_for(operation: Operation) -> list[dict[str, Any]]:
    """What the form can choose from, the model that is meant by default first."""
    offered = offered_models(operation)
    default = known_models().default(operation).id if offered else ""
    offered.sort(key=lambda each: (each.model.id != default, each.is_listed is False))
    return [_offer(each, operation) for each in offered]


def _offer(offered: Offered, operation: Operation) -> dict[str, Any]:
    model = offered.model
    return {
        **offers.offer(offered, operation),
        "sizes": _sizes(model),
        "default_size": model.sizes.default,
        "takes_squares": model.square_images,
    }


def _sizes(model: Model) -> list[offers.Choice]:
    sizes = [*model.sizes.fixed]
    if model.sizes.free:
        sizes += FURTHER_SIZES
    choices = [{"value": f"{w}x{h}", "label": f"{w} × {h}"} for w, h in sizes]
    auto = [{"value": "auto", "label": _("The model chooses")}] if model.sizes.auto else []
    own = [{"value": OWN, "label": _("Another size")}] if model.sizes.free else []
    return [*auto, *choices, *own]


# --- what was chosen ----------------------------------------------------------------------------


def chosen_in(sent: Mapping[str, str]) -> dict[str, str]:
    """The form's fields as they were sent, nothing lost."""
    prompt = str(sent.get("prompt", "")).replace("\r\n", "\n").replace("\x00", "")
    texts = {name: str(sent.get(name, "")).replace("\x00", "").strip()[:80] for name in NAMES}
    return {**texts, "prompt": prompt}


def chosen_before(edit: Edit, models: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The form's fields as they were for `edit`."""
    values = {**dict.fromkeys(NAMES, ""), **offers.texts_of(edit.options)}
    values |= {"prompt": edit.prompt, "model": edit.model}
    if edit.n == 1:  # there could have been previews: none were a choice, too
        values["partial_images"] = values["partial_images"] or "0"
    model = next((model for model in models if model["id"] == edit.model), None)
    offered = {choice["value"] for choice in model["sizes"]} if model else set()
    size = parse_size(values["size"])
    if size and OWN in offered and values["size"] not in offered:
        values |= {"size": OWN, "width": str(size[0]), "height": str(size[1])}
    return values


def options_of(values: Mapping[str, str]) -> dict[str, Any]:
    """The options that were chosen, as jobs take them."""
    size = values["size"]
    if size == OWN:
        size = f"{values['width']}x{values['height']}"
    return offers.options_of({**values, "size": size})


def run_again(request: Request, operation: Operation, **which: Any) -> Edit | None:
    """The edit that this form was begun from, if any."""
    number = request.GET.get("from") or request.POST.get("from_edit") or ""
    if not number:
        return None
    if not number.isdecimal() or len(number) > 18:
        raise Http404
    edit: Edit = load(Edit.objects, request.user, pk=int(number), operation=operation, **which)
    return edit


# --- sending it off -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Refused:
    """What was not taken: the form with everything that was chosen, and what is to be mended."""

    form: RequestForm
    status: int


def send(
    request: Request,
    operation: Operation,
    models: list[dict[str, Any]],
    *,
    source: Image | None = None,
    again: Edit | None = None,
) -> Edit | Refused:
    """The edit that was asked for; the same form again is the same edit."""
    values, key = chosen_in(request.POST), _key(request)
    form = RequestForm(operation, models, values, key=str(key or uuid4()))
    if request.POST.get("change"):  # without scripts: show what another model takes
        return Refused(form, 200)
    errors = wrong_in(values)
    if key is None:
        errors[""] = [str(reasons.PROBLEMS["key_missing"])]
    if errors or key is None:
        return Refused(replace(form, errors=errors), 422)
    new = NewEdit(
        person=request.user,
        operation=operation,
        source=source,
        prompt=values["prompt"] if operation == "generate" else "",
        model=values["model"],
        options=options_of(values),
        key=key,
        again=again,
    )
    try:
        return submit(new)
    except NotSubmitted as refused:
        return _refused(form, refused)


def _refused(form: RequestForm, refused: NotSubmitted) -> Refused:
    form = replace(form, errors=errors_of(refused.problems, form.operation))
    if refused.conflict:  # sent once more, it is an edit of its own
        return Refused(replace(form, key=str(uuid4())), 409)
    return Refused(form, 402 if refused.over_budget else 422)


def _key(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return None


# --- what is wrong, and what it costs -----------------------------------------------------------


def wrong_in(values: Mapping[str, str]) -> Errors:
    """What the catalogue cannot judge, for it is no number at all."""
    return offers.problems_of(options_of(values))


def errors_of(problems: Sequence[Any], operation: Operation) -> Errors:
    errors: Errors = {}
    for found in problems:
        errors.setdefault(found.field, []).append(reasons.problem(found, operation))
    return errors


def price_in_words(quoted: Quote | None) -> dict[str, str]:
    """About how much, out of how much, and by the prices of which day."""
    if quoted is None:
        return {"text": words.money_between(None, None), "detail": "", "prices": ""}
    left = quoted.left_microusd
    is_known = quoted.high_microusd is not None
    return {
        "text": words.money_between(quoted.low_microusd, quoted.high_microusd),
        "detail": ""
        if left is None
        else _("of %(left)s left this month") % {"left": words.money(left)},
        "prices": words.prices_of(quoted.price_date) if quoted.price_date and is_known else "",
    }
