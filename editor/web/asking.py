"""What was made in the studio, as it is asked about and sent: margins, the edge, the frame, and marks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from editor.images_api.catalogue import Problem
from editor.imaging import islands
from editor.imaging.arrays import Bounds
from editor.imaging.extending import NO_MARGINS, Margins, canvas_size
from editor.imaging.framing import AROUND_MASK, MODES, Framing
from editor.imaging.islands import MOST_BOXES
from editor.jobs.quotes import Drawing, drawing_as, model_named
from editor.models import Image, MarkupAs
from editor.web import offers, reasons

MOST_MARKS_LETTERS = 1_000_000
ON, OFF = "1", "0"
LARGEST = 1_000_000  # pixels: what is more is no number that anybody has meant


@dataclass(frozen=True)
class Drawn:
    """What is drawn, and in `errors` what of it cannot be read. `marks` are as they came, `count` of them;
    `marks_bounds` is where they lie on the canvas, where that was told, and `boxes` where the mask's
    islands do."""

    margins: Margins = NO_MARGINS
    grow: int | None = None
    feather: int | None = None
    marks: Any = field(default_factory=list)
    count: int = 0
    markup_as: str = ""
    bounds: Bounds | None = None
    marks_bounds: Bounds | None = None
    boxes: tuple[Bounds, ...] = ()
    framing: Framing = AROUND_MASK
    helper: bool = False
    errors: dict[str, list[str]] = field(default_factory=dict)

    def drawing(self, model: str) -> Drawing | None:
        """The drawing as it would be sent to the model of that name."""
        known = model_named(model)
        if not self.count or isinstance(known, Problem):
            return None
        return Drawing(self.marks_bounds, drawing_as(self.markup_as, known))

    def stands_for_a_mask(self, model: str) -> bool:
        """Whether it says by itself what is to change."""
        drawing = self.drawing(model)
        return any(self.margins) or (drawing is not None and drawing.sent_as == MarkupAs.MARKUP)


def of_query(asked: Mapping[str, str], image: Image) -> Drawn:
    """From the estimate's address, which only counts the marks. `l`, `t`, `r` and `b` bound the mask on
    the canvas, and `islands` its pieces; nonsense in their place is no mask, or one in one piece."""
    margins, edge, errors = _common(asked)
    framing, of_framing = framing_of(asked)
    count = offers.whole(asked.get("marks", "")) or 0
    mask = _numbers(",".join(asked.get(side, "") for side in "ltrb"))
    marks = _numbers(asked.get("marks_bounds", ""))
    left, top = margins[:2]
    canvas = canvas_size(image.size, margins)
    bounds = _within(mask, canvas)
    return Drawn(
        margins,
        *edge,
        count=max(0, count),
        markup_as=asked.get("markup_as", ""),
        bounds=bounds,
        boxes=_islands(asked.get("islands", ""), bounds),
        framing=framing,
        helper=asked.get("helper", "") == ON,
        marks_bounds=marks and (marks[0] + left, marks[1] + top, marks[2] + left, marks[3] + top),
        errors={**errors, **of_framing},
    )


def of_form(sent: Mapping[str, str], image: Image) -> Drawn:
    """From what is sent off. What the marks say is judged when it is submitted."""
    margins, edge, errors = _common(sent)
    framing, of_framing = framing_of(sent)
    try:
        text = sent.get("marks", "") or "[]"
        marks = json.loads(text) if len(text) <= MOST_MARKS_LETTERS else None
    except (ValueError, RecursionError):
        marks = None
    if not isinstance(marks, list):
        errors["marks"] = [str(reasons.PROBLEMS["marks.not_marks"])]
        marks = []
    return Drawn(
        margins,
        *edge,
        marks=marks,
        count=len(marks),
        markup_as=sent.get("markup_as", ""),
        framing=framing,
        helper=sent.get("helper", "") == ON,
        errors={**errors, **of_framing},
    )


def framing_of(sent: Mapping[str, str]) -> tuple[Framing, dict[str, list[str]]]:
    """What is sent with the mask, and what of that cannot be read; what is not named is as it is by
    itself. `context` is in percent; `own` bounds a frame on the canvas, which only "own" asks for.
    Whether they are taken is judged where they are used."""
    mode = sent.get("framing", "") or AROUND_MASK.mode
    if mode not in MODES:
        return AROUND_MASK, {"framing": [str(reasons.PROBLEMS["framing.not_offered"])]}
    text = sent.get("context", "").strip()
    percent = offers.whole(text) if text else round(100 * AROUND_MASK.context)
    if percent is None or abs(percent) > LARGEST:
        return AROUND_MASK, {"framing": [str(reasons.PROBLEMS["context.not_a_number"])]}
    own = sent.get("own", "").strip() if mode == "own" else ""
    bounds = _numbers(own)
    if own and bounds is None:
        return AROUND_MASK, {"framing": [str(reasons.PROBLEMS["own.not_a_frame"])]}
    return Framing(mode, percent / 100, bounds, sent.get("split", "") != OFF), {}


def fields_of(framing: Framing) -> dict[str, Any]:
    """The same as the page's form has it."""
    return {
        "framing": framing.mode,
        "context": str(round(100 * framing.context)),
        "own": framing.own and list(framing.own),
        "split": ON if framing.split else OFF,
    }


def _common(
    sent: Mapping[str, str],
) -> tuple[Margins, tuple[int | None, int | None], dict[str, list[str]]]:
    errors: dict[str, list[str]] = {}
    text = sent.get("margins", "").strip()
    margins = _numbers(text) if text else NO_MARGINS
    if margins is None:
        errors["margins"] = [str(reasons.PROBLEMS["margins.not_margins"])]
    edge = {name: offers.whole(sent.get(name, "")) for name in ("grow", "feather")}
    for name, number in edge.items():
        if number is None and sent.get(name, "").strip():
            errors[name] = [str(reasons.PROBLEMS[f"{name}.not_a_number"])]
    return margins or NO_MARGINS, (edge["grow"], edge["feather"]), errors


def _numbers(text: str) -> Bounds | None:
    """Four whole numbers with commas between them."""
    numbers = [offers.whole(part.strip()) for part in text.split(",", 4)]
    if len(numbers) != 4 or any(each is None or abs(each) > LARGEST for each in numbers):
        return None
    left, top, right, bottom = (number or 0 for number in numbers)
    return left, top, right, bottom


def _islands(text: str, bounds: Bounds | None) -> tuple[Bounds, ...]:
    """Boxes in a row, four numbers each. They are all of the mask or nothing: together they reach as far
    as its bounds, and no further."""
    parts = text.split(",", 4 * MOST_BOXES)
    boxes = [_numbers(",".join(parts[at : at + 4])) for at in range(0, len(parts), 4)]
    found = [box for box in boxes if box and box[0] < box[2] and box[1] < box[3]]
    if len(found) != len(boxes) or len(found) > MOST_BOXES or islands.joined(*found) != bounds:
        return ()
    return islands.disjoint(found)


def _within(bounds: Bounds | None, size: tuple[int, int]) -> Bounds | None:
    if bounds is None:
        return None
    left, top, right, bottom = bounds
    is_inside = 0 <= left < right <= size[0] and 0 <= top < bottom <= size[1]
    return bounds if is_inside else None
