"""What an edit would cost and send, before anything is held."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from editor.images_api import catalogue, pricing
from editor.images_api.catalogue import Model, Problem, UnknownModel
from editor.images_api.messages import Operation, Params
from editor.imaging.framing import Frame
from editor.jobs.frames import Bounds, Fit, Size, frame_for, sent_size, with_default_size
from editor.jobs.provider import known_models
from editor.jobs.sizes import written
from editor.models import Budget, Image

OPTIONS = (
    "n", "size", "quality", "background", "input_fidelity", "moderation", "output_format",
    "output_compression", "style", "complexity", "partial_images",
)  # fmt: skip


@dataclass(frozen=True)
class Quote:
    """What an edit would cost, in micro-dollars (None: not known), what is left of this month's budget
    (None: no cap), the frame that would be sent (None: nothing painted, or sent as it is), and the
    day that the prices are of."""

    low_microusd: int | None
    high_microusd: int | None
    left_microusd: int | None
    frame: Frame | None
    problems: tuple[Problem, ...]
    price_date: date | None = None


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
    now: datetime | None = None,
) -> Quote:
    """What `submit` would hold for a mask within `bounds` (source pixels), without holding it."""
    known = model_named(model)
    left = Budget.of(now or timezone.now()).left_microusd
    if isinstance(known, Problem):
        return Quote(None, None, left, None, (known,))
    options = with_default_size(known, options, fit)
    prompt = None if operation == "vary" else "x" * max(1, prompt_chars)
    params = params_of(known, operation, options, prompt)
    problems = (*catalogue.problems(known, params), *too_many(known, references))
    frame = None
    if not any(problem.field in ("size", "model") for problem in problems):
        frame = frame_for(known, operation, image.size if image else None, bounds, options, fit)
    if problems:
        return Quote(None, None, left, frame, problems, known.price_date)
    sizes = _sent_sizes(image, frame, references)
    estimate = _estimate(known, params, frame, sizes, fit=fit, mask=bounds is not None or markup)
    return Quote(estimate.low, estimate.high, left, frame, (), known.price_date)


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


def too_many(model: Model, references: tuple[Image, ...]) -> list[Problem]:
    most = max(0, model.max_images - 1)
    if len(references) <= most:
        return []
    sentence = f"{model.name} takes up to {most} references; these are {len(references)}."
    return [Problem("references", "too_many", sentence, {"max": most, "count": len(references)})]


def _sent_sizes(
    image: Image | None, frame: Frame | None, references: tuple[Image, ...]
) -> list[Size]:
    first = [] if image is None else [frame.size if frame else image.size]
    return first + [reference.size for reference in references]


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
