"""What an edit would cost and send, before anything is held."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from editor.images_api import catalogue, pricing
from editor.images_api.catalogue import Model, Problem, UnknownModel
from editor.images_api.messages import Operation, Params
from editor.imaging import extending, masks, stitching
from editor.imaging.extending import NO_MARGINS, Margins
from editor.imaging.files import Limits
from editor.imaging.framing import Frame
from editor.jobs.frames import Bounds, Fit, Size, around, frame_for, sent_size, with_default_size
from editor.jobs.provider import known_models
from editor.jobs.sizes import written
from editor.models import Budget, Image, MarkupAs

OPTIONS = (
    "n", "size", "quality", "background", "input_fidelity", "moderation", "output_format",
    "output_compression", "style", "complexity", "partial_images",
)  # fmt: skip


@dataclass(frozen=True)
class Quote:
    """What an edit would cost, in micro-dollars (None: not known), what is left of this month's budget
    (None: no cap), the frame that would be sent (None: nothing painted, or sent as it is), and the
    day that the prices are of.

    `contract` bounds what may change, in pixels of the canvas (None: everything). `grow` and
    `feather` are the edge's numbers in pixels, also where they were left open.
    """

    low_microusd: int | None
    high_microusd: int | None
    left_microusd: int | None
    frame: Frame | None
    problems: tuple[Problem, ...]
    price_date: date | None = None
    contract: Bounds | None = None
    grow: int = 0
    feather: int = 0


@dataclass(frozen=True)
class Drawing:
    """Marks over the picture: where they lie, in pixels of the canvas (None: anywhere on it), and how
    they are told to the model, a MarkupAs."""

    bounds: Bounds | None
    sent_as: str


def quote(
    image: Image | None,
    bounds: Bounds | None,
    model: str,
    options: dict[str, Any],
    prompt_chars: int = 0,
    *,
    operation: Operation = "edit",
    references: tuple[Image, ...] = (),
    fit: Fit = "mask",
    markup: bool = False,
    margins: Margins = NO_MARGINS,
    grow: int | None = None,
    feather: int | None = None,
    drawing: Drawing | None = None,
    now: datetime | None = None,
) -> Quote:
    """What `submit` would hold for a mask within `bounds` (canvas pixels), without holding it.

    With `margins`, all that is new counts as painted. A `grow` or `feather` of None is automatic.
    `markup` is a script's drawing, which is sent as it is; `drawing` is one from the studio.
    """
    known = model_named(model)
    left = Budget.of(now or timezone.now()).left_microusd
    wrong_edge = wrong_with_edge(grow, feather)
    if wrong_edge:  # the frame is told all the same: that of an edge that was left open
        grow = feather = None
    edge = _edge(image, bounds, margins, grow, feather, fit)
    if isinstance(known, Problem):
        return replace(edge, left_microusd=left, problems=(known,))
    options = with_default_size(known, options, fit)
    prompt = None if operation == "vary" else "x" * max(1, prompt_chars)
    params = params_of(known, operation, options, prompt)
    further = 1 if drawing and drawing.sent_as == MarkupAs.REFERENCE else 0
    problems = (
        *catalogue.problems(known, params),
        *too_many(known, references, further),
        *wrong_with_margins(image, margins),
        *wrong_edge,
        *wrong_with_drawing(known, operation, drawing),
    )
    told = replace(edge, left_microusd=left, problems=problems, price_date=known.price_date)
    if not any(problem.field in ("size", "model", "margins") for problem in problems):
        canvas = extending.canvas_size(image.size, margins) if image else None
        shown = _drawn_bounds(drawing, canvas)
        extends = any(margins)
        frame = frame_for(known, operation, canvas, edge.contract, options, fit, shown, extends)
        told = replace(told, frame=frame)
    if problems:
        return told
    sizes = _sent_sizes(image, told.frame, references, further)
    has_overlay = edge.contract is not None or markup or drawing is not None
    estimate = _estimate(known, params, told.frame, sizes, fit=fit, mask=has_overlay)
    return replace(told, low_microusd=estimate.low, high_microusd=estimate.high)


def _edge(
    image: Image | None,
    bounds: Bounds | None,
    margins: Margins,
    grow: int | None,
    feather: int | None,
    fit: Fit,
) -> Quote:
    """What may change, and its edge. What scripts send is taken as it is."""
    nothing = Quote(None, None, None, None, ())
    if image is None:
        return nothing
    painted = _with_new(image, bounds, margins)
    if painted is None:
        return replace(nothing, grow=grow or 0, feather=feather or 0)
    grow = grow_of(grow, painted, fit)
    contract = masks.grown_bounds(painted, grow, extending.canvas_size(image.size, margins))
    feather = stitching.default_feather(contract) if feather is None else feather
    return replace(nothing, contract=contract, grow=grow, feather=feather)


def _with_new(image: Image, bounds: Bounds | None, margins: Margins) -> Bounds | None:
    new = extending.new_bounds(image.size, margins) if min(margins) >= 0 else None
    if new is None or bounds is None:
        return new or bounds
    return around(new, bounds, extending.canvas_size(image.size, margins))


def grow_of(grow: int | None, painted: Bounds | None, fit: Fit) -> int:
    """How far a mask within these bounds is grown: as chosen, else as suits it."""
    if grow is None:
        return 0 if fit == "asked" else masks.grow_radius(painted)
    return grow


def _drawn_bounds(drawing: Drawing | None, canvas: Size | None) -> Bounds | None:
    """Where a drawing lies. Of one that lies nobody knows where it is only known that it is there."""
    if drawing is None or canvas is None:
        return None
    return drawing.bounds or (0, 0, 0, 0)


def model_named(name: str) -> Model | Problem:
    try:
        return known_models().get(name)
    except UnknownModel as unknown:
        return Problem("model", "unknown_model", str(unknown), {"model": name})


def params_of(
    model: Model, operation: Operation, options: dict[str, Any], prompt: str | None
) -> Params:
    """The options as the catalogue judges them. "auto" as a size leaves the choice to the frame."""
    chosen = kept_options(options)
    size = chosen.pop("size", None)
    return Params(
        operation=operation,
        model=model.id,
        prompt=prompt,
        size=size if size != "auto" or model.sizes.auto else None,
        **{"n": 1, **chosen},
    )


def kept_options(options: dict[str, Any]) -> dict[str, Any]:
    """What was really chosen. Without previews nothing is asked about them."""
    kept = {name: options.get(name) for name in OPTIONS}
    kept["partial_images"] = kept["partial_images"] or None
    return {name: value for name, value in kept.items() if value is not None and value != ""}


def previews_wanted(model: Model, options: dict[str, Any]) -> int:
    """How many previews the provider is asked for. In which order those of several results come is
    documented nowhere, so only a single result is streamed."""
    if int(options.get("n", 1)) != 1:
        return 0
    return min(int(options.get("partial_images") or 0), model.max_partial_images)


def too_many(model: Model, references: tuple[Image, ...], further: int = 0) -> list[Problem]:
    """`further` counts pictures that are made for the model, beside those that were chosen."""
    most = max(0, model.max_images - 1)
    count = len(references) + further
    if count <= most:
        return []
    sentence = f"{model.name} takes up to {most} references; these are {count}."
    code = "too_many_with_drawing" if further else "too_many"
    return [Problem("references", code, sentence, {"max": most, "count": count})]


MOST_EDGE = 1000  # pixels: a wider edge is another mask


def wrong_with_edge(grow: int | None, feather: int | None) -> list[Problem]:
    facts = {"max": MOST_EDGE}
    return [
        Problem(name, "out_of_range", f"Give 0 to {MOST_EDGE} pixels, or leave it open.", facts)
        for name, value in (("grow", grow), ("feather", feather))
        if value is not None and not 0 <= value <= MOST_EDGE
    ]


def wrong_with_margins(image: Image | None, margins: Margins) -> list[Problem]:
    """The canvas is a picture, too: it keeps to the limits of one."""
    if image is None or not any(margins):
        return []
    if min(margins) < 0:
        return [Problem("margins", "not_margins", "Margins are whole pixels, 0 or more.")]
    width, height = extending.canvas_size(image.size, margins)
    longest, most = Limits().max_side, settings.UPLOAD_MAX_PIXELS
    facts = {"width": width, "height": height, "limit_mp": most // 1_000_000, "longest": longest}
    if width * height > most:
        sentence = f"{width} x {height} pixels are more than {most}: add less around the picture."
        return [Problem("margins", "too_many_pixels", sentence, facts)]
    if max(width, height) > longest:
        sentence = f"No side may be longer than {longest} pixels: add less around the picture."
        return [Problem("margins", "side_too_long", sentence, facts)]
    return []


def wrong_with_drawing(
    model: Model, operation: Operation, drawing: Drawing | None
) -> list[Problem]:
    if drawing is None:
        return []
    if drawing.sent_as not in MarkupAs.values:
        return [Problem("markup_as", "not_offered", "Choose how the drawing is sent.")]
    if drawing.sent_as == MarkupAs.MARKUP and not model.takes("markup", operation):
        sentence = f"{model.name} takes no drawing: send it as a reference picture."
        return [Problem("markup_as", "not_taken", sentence)]
    return []


def drawing_as(chosen: str, model: Model) -> str:
    """How a drawing is sent: as chosen, else as it reaches this model best."""
    if chosen:
        return chosen
    return MarkupAs.MARKUP if model.takes("markup", "edit") else MarkupAs.REFERENCE


def _sent_sizes(
    image: Image | None, frame: Frame | None, references: tuple[Image, ...], further: int
) -> list[Size]:
    """A drawing that is sent as a picture is of the frame's size, as the first picture is."""
    first = [] if image is None else [frame.size if frame else image.size]
    return [*first, *(reference.size for reference in references), *first[:further]]


def _estimate(
    model: Model,
    params: Params,
    frame: Frame | None,
    sizes: list[Size],
    *,
    fit: Fit,
    mask: bool,
) -> pricing.Estimate:
    size = sent_size(params.operation, {"size": params.size}, frame)
    if size in (None, "auto") and params.operation == "edit" and fit == "mask":
        size = written((1024, 1024))  # nothing is painted yet: something to go by
    return pricing.estimate(
        model,
        operation=params.operation,
        size=size,
        quality=params.quality,
        n=params.n or 1,
        input_sizes=sizes,
        prompt_chars=len(params.prompt or ""),
        mask=mask,
        input_fidelity=params.input_fidelity,
        partial_images=previews_wanted(
            model, {"n": params.n, "partial_images": params.partial_images}
        ),
    )
