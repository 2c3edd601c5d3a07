"""What an edit would cost and send, before anything is held."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from editor.images_api import catalogue, pricing
from editor.images_api.catalogue import Model, Problem, UnknownModel
from editor.images_api.messages import Operation, Params
from editor.imaging import extending, islands, masks, stitching
from editor.imaging.extending import NO_MARGINS, Margins
from editor.imaging.files import Limits
from editor.imaging.framing import (
    AROUND_MASK,
    LEAST_CONTEXT,
    MODES,
    MOST_CONTEXT,
    Frame,
    Framing,
    sent_pixels,
)
from editor.jobs.frames import Bounds, Fit, Size, around, frames_for, sent_size, with_default_size
from editor.jobs.provider import known_models
from editor.jobs.sizes import written
from editor.models import Budget, Image, MarkupAs

OPTIONS = (
    "n", "size", "quality", "background", "input_fidelity", "moderation", "output_format",
    "output_compression", "style", "complexity", "partial_images",
)  # fmt: skip


HELPER = (
    "Change only the area that the mask marks. Leave everything else exactly as it is: framing, "
    "positions, colours, light and sharpness."
)
"""A sentence for models that take a mask as a hint only. It is sent after the prompt where a person
switches it on; the prompt itself stays as it was written."""


@dataclass(frozen=True)
class Quote:
    """What an edit would cost, in micro-dollars (None: not known), what is left of this month's budget
    (None: no cap), the frames that would be sent, one call for each (none: nothing painted, or sent
    as it is), and the day that the prices are of.

    `contract` bounds what may change, in pixels of the canvas (None: everything). `grow` and
    `feather` are the edge's numbers in pixels, also where they were left open. `one_frame` is what the
    same would be with a single frame; None where it is that already.
    """

    low_microusd: int | None
    high_microusd: int | None
    left_microusd: int | None
    frames: tuple[Frame, ...]
    problems: tuple[Problem, ...]
    price_date: date | None = None
    contract: Bounds | None = None
    grow: int = 0
    feather: int = 0
    one_frame: "Quote | None" = None

    @property
    def frame(self) -> Frame | None:
        """The first of its frames: for nearly all edits, the only one."""
        return self.frames[0] if self.frames else None


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
    boxes: Sequence[Bounds] = (),
    framing: Framing = AROUND_MASK,
    helper: bool = False,
    now: datetime | None = None,
) -> Quote:
    """What `submit` would hold for a mask within `bounds` (canvas pixels), without holding it.

    With `margins`, all that is new counts as painted. A `grow` or `feather` of None is automatic.
    `markup` is a script's drawing, which is sent as it is; `drawing` is one from the studio.
    `boxes` are those of the painted mask's islands, as imaging.islands finds them; without them it is
    one island. Several frames are told where they cost no more than one.
    """
    known = model_named(model)
    left = Budget.of(now or timezone.now()).left_microusd
    # with a wrong edge or framing the frames are told all the same: those of what was left open
    wrong_edge = wrong_with_edge(grow, feather)
    if wrong_edge:
        grow = feather = None
    canvas = extending.canvas_size(image.size, margins) if image else None
    wrong_framing = wrong_with_framing(framing, canvas)
    if wrong_framing:
        framing = AROUND_MASK
    edge = _edge(image, bounds, margins, grow, feather, fit)
    if isinstance(known, Problem):
        return replace(edge, left_microusd=left, problems=(known,))
    options = with_default_size(known, options, fit)
    params = params_of(known, operation, options, _stand_in(prompt_chars, operation, helper))
    further = 1 if drawing and drawing.sent_as == MarkupAs.REFERENCE else 0
    problems = (
        *catalogue.problems(known, params),
        *too_many(known, references, further),
        *wrong_with_margins(image, margins),
        *wrong_edge,
        *wrong_framing,
        *wrong_with_drawing(known, operation, drawing),
    )
    told = replace(edge, left_microusd=left, problems=problems, price_date=known.price_date)
    if any(problem.field in ("size", "model", "margins") for problem in problems):
        return told
    has_overlay = edge.contract is not None or markup or drawing is not None
    sent = _Sent(known, params, image, references, further, has_overlay, fit)
    held = _grown(boxes, edge, canvas)

    def framed(chosen: Framing) -> Quote:
        frames = frames_for(
            known, operation, canvas, held, options, fit,
            drawing=_drawn_bounds(drawing, canvas),
            extends=any(margins),
            framing=chosen,
            price=sent_pixels if problems else lambda frame: _estimate(sent, frame).high,
        )  # fmt: skip
        return _priced(replace(told, frames=frames), sent)

    quoted = framed(framing)
    if len(quoted.frames) < 2:
        return quoted
    return replace(quoted, one_frame=framed(replace(framing, split=False)))


def _stand_in(prompt_chars: int, operation: Operation, helper: bool) -> str | None:
    """A text as long as the one that is sent."""
    if operation == "vary":
        return None
    return with_helper("x" * max(1, prompt_chars), HELPER if helper else "")


@dataclass(frozen=True)
class _Sent:
    """What is sent beside the frames, which the price depends on."""

    model: Model
    params: Params
    image: Image | None
    references: tuple[Image, ...]
    further: int
    has_overlay: bool
    fit: Fit


def _priced(told: Quote, sent: _Sent) -> Quote:
    """With what its calls cost together: one for each frame, or one that sends pictures as they are."""
    if told.problems:
        return told
    calls = [_estimate(sent, frame) for frame in told.frames or (None,)]
    return replace(
        told,
        low_microusd=sum(call.low for call in calls),
        high_microusd=sum(call.high for call in calls),
    )


def _edge(
    image: Image | None,
    bounds: Bounds | None,
    margins: Margins,
    grow: int | None,
    feather: int | None,
    fit: Fit,
) -> Quote:
    """What may change, and its edge. What scripts send is taken as it is."""
    nothing = Quote(None, None, None, (), ())
    if image is None:
        return nothing
    painted = _with_new(image, bounds, margins)
    if painted is None:
        return replace(nothing, grow=grow or 0, feather=feather or 0)
    grow = grow_of(grow, painted, fit)
    contract = masks.grown_bounds(painted, grow, extending.canvas_size(image.size, margins))
    feather = stitching.default_feather(contract) if feather is None else feather
    return replace(nothing, contract=contract, grow=grow, feather=feather)


def _grown(boxes: Sequence[Bounds], edge: Quote, canvas: Size | None) -> tuple[Bounds, ...]:
    """Where the islands of what may change lie: those of the painted mask, each grown. Boxes that do
    not make up what may change, as with all that is new around a picture, say nothing of it."""
    if edge.contract is None or canvas is None:
        return ()
    whole = (edge.contract,)
    grown = islands.disjoint([masks.grown_bounds(box, edge.grow, canvas) for box in boxes])
    if not grown or any(left >= right or top >= bottom for left, top, right, bottom in boxes):
        return whole
    return grown if islands.joined(*grown) == edge.contract else whole


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
SMALLEST_OWN = 16  # pixels: a shorter side is a slip of the hand


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


def wrong_with_framing(framing: Framing, canvas: Size | None) -> list[Problem]:
    problems = []
    if framing.mode not in MODES:
        problems.append(Problem("framing", "not_offered", "Choose what is sent with the mask."))
    if not LEAST_CONTEXT <= framing.context <= MOST_CONTEXT:
        facts = {"min": LEAST_CONTEXT, "max": MOST_CONTEXT}
        sentence = f"Give {LEAST_CONTEXT} to {MOST_CONTEXT} of the mask's side."
        problems.append(Problem("context", "out_of_range", sentence, facts))
    if framing.mode == "own":
        problems += _wrong_with_own(framing.own, canvas)
    return problems


def _wrong_with_own(own: Bounds | None, canvas: Size | None) -> list[Problem]:
    if own is None:
        return [Problem("own", "missing", "Drag a frame over the picture.")]
    left, top, right, bottom = own
    wide, high = canvas or (SMALLEST_OWN, SMALLEST_OWN)
    if right - left < min(SMALLEST_OWN, wide) or bottom - top < min(SMALLEST_OWN, high):
        sentence = f"Neither side of a frame may be shorter than {SMALLEST_OWN} pixels."
        return [Problem("own", "too_small", sentence, {"min": SMALLEST_OWN})]
    if canvas and (min(left, top) < 0 or right > canvas[0] or bottom > canvas[1]):
        return [Problem("own", "not_inside", "The frame must lie inside the picture.")]
    return []


def with_helper(prompt: str, helper: str) -> str:
    """The text that is sent: what a person wrote, and the sentence that helps ("": none) after it."""
    written_by_hand = prompt.strip()
    return f"{written_by_hand}\n\n{helper}" if helper and written_by_hand else prompt


def _estimate(sent: _Sent, frame: Frame | None) -> pricing.Estimate:
    params = sent.params
    size = sent_size(params.operation, {"size": params.size}, frame)
    if size in (None, "auto") and params.operation == "edit" and sent.fit == "mask":
        size = written((1024, 1024))  # nothing is painted yet: something to go by
    return pricing.estimate(
        sent.model,
        operation=params.operation,
        size=size,
        quality=params.quality,
        n=params.n or 1,
        input_sizes=_sent_sizes(sent, frame),
        prompt_chars=len(params.prompt or ""),
        mask=sent.has_overlay,
        input_fidelity=params.input_fidelity,
        partial_images=previews_wanted(
            sent.model, {"n": params.n, "partial_images": params.partial_images}
        ),
    )


def _sent_sizes(sent: _Sent, frame: Frame | None) -> list[Size]:
    """A drawing that is sent as a picture is of the frame's size, as the first picture is."""
    first = [] if sent.image is None else [frame.size if frame else sent.image.size]
    further = [reference.size for reference in sent.references]
    return [*first, *further, *first[: sent.further]]
