"""Take a person's wish, check it, hold the money, and put it in the queue. Nothing is sent here."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from editor.images_api import catalogue
from editor.images_api.catalogue import Model, Problem
from editor.images_api.messages import Operation
from editor.imaging import extending, files, islands, markup, masks
from editor.imaging import marks as marked
from editor.imaging.arrays import Bounds
from editor.imaging.extending import NO_MARGINS, Margins
from editor.imaging.framing import AROUND_MASK, Framing
from editor.jobs import pictures
from editor.jobs.canvas import bounds_of
from editor.jobs.frames import Fit, with_default_size
from editor.jobs.hints import hint
from editor.jobs.quotes import (
    HELPER,
    Drawing,
    Quote,
    drawing_as,
    grow_of,
    kept_options,
    model_named,
    params_of,
    quote,
    too_many,
    with_helper,
    wrong_with_drawing,
    wrong_with_edge,
    wrong_with_framing,
    wrong_with_margins,
)
from editor.models import Edit, Image, MarkupAs, OverBudget, Person, Reference, hold
from editor.models.edits import Operation as EditOperation

__all__ = ["NewEdit", "NotSubmitted", "Quote", "quote", "submit"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class NewEdit:
    """What a person asks for; `key` makes it one edit however often it is sent.

    `mask` is a PNG of the canvas's size in which white means change, None for the whole picture.
    The canvas is the source with `margins` (left, top, right, bottom) around it, which are always
    changed. The mask is grown by `grow` pixels, and what changes fades in over `feather`; None is
    automatic, which for a script's mask (see `fit`) is not at all.
    `markup` is a script's drawing, a transparent PNG of the source's size, in place of a mask.
    `marks` are the studio's (imaging.marks.read takes them), sent as `markup_as` says ("" chooses).
    `references` are further pictures, in order. `options` are those of quotes.OPTIONS that were
    chosen: n, size ("WxH" or "auto"), quality and so on. `fit` says what a size means, see frames.
    `framing` says what is sent with the mask, its own frame in pixels of the canvas; what a script
    sends is framed as frames says. With `helper`, quotes.HELPER is sent after the prompt where a mask
    is sent.
    """

    person: Person
    operation: Operation = "edit"
    source: Image | None = None
    references: tuple[Image, ...] = ()
    mask: bytes | None = field(default=None, repr=False)
    markup: bytes | None = field(default=None, repr=False)
    margins: Margins = NO_MARGINS
    grow: int | None = None
    feather: int | None = None
    marks: Any = field(default_factory=list)
    markup_as: str = ""
    prompt: str = ""
    model: str
    options: dict[str, Any]
    key: UUID
    again: Edit | None = None
    fit: Fit = "mask"
    framing: Framing = AROUND_MASK
    helper: bool = False


class NotSubmitted(Exception):
    """Why nothing was submitted and no money is held: one problem per field."""

    def __init__(
        self, problems: Sequence[Problem], *, conflict: bool = False, over_budget: bool = False
    ) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = tuple(problems)
        self.conflict = conflict
        self.over_budget = over_budget


def submit(new: NewEdit, *, now: datetime | None = None) -> Edit:
    """Check against the catalogue, hold the estimate, and queue; one transaction, one hint on commit.

    The same key again gives the same edit. Raises NotSubmitted: with `conflict` for the same key over
    other content, with `over_budget` when the month does not cover it, else with what is to be mended.
    """
    digest = _mask_digest(new)
    before = Edit.objects.filter(key=new.key).first()
    if before:
        return _same(before, new, digest)
    checked = _checked(new)
    edit = _row(new, checked, digest)
    now = now or timezone.now()
    edit.created_at = edit.not_before = edit.hinted_at = now
    try:
        with transaction.atomic():
            edit.save()
            _refer(edit, new.references)
            hold(edit, checked.quote.high_microusd or 0, now=now)
            transaction.on_commit(partial(hint, edit.pk), robust=True)
    except IntegrityError:  # the same request twice at the same moment
        return _same(Edit.objects.get(key=new.key), new, digest)
    except OverBudget as over:
        raise NotSubmitted([_too_dear(over)], over_budget=True) from over
    log.info("edit %s queued by person %s", edit.pk, new.person.pk)
    return edit


@dataclass(frozen=True)
class Checked:
    """A wish that is taken: what its names and bytes stand for."""

    model: Model
    mask: Any | None  # as painted, with all that is new
    marks: tuple[marked.Mark, ...]
    drawing: Drawing | None
    helper: str
    quote: Quote


def _row(new: NewEdit, checked: Checked, digest: str) -> Edit:
    quoted = checked.quote
    edit = Edit(
        key=new.key,
        operation=_kind(new),
        created_by=new.person,
        source=new.source,
        again=new.again,
        margins=list(new.margins) if any(new.margins) else [],
        marks=marked.listed(checked.marks),
        markup_as=checked.drawing.sent_as if checked.drawing else "",
        prompt=new.prompt.strip(),
        model=checked.model.id,
        options=_options(new, checked.model),
        framing=new.framing.to_dict(),
        frames=[frame.to_dict() for frame in quoted.frames],
        helper=checked.helper,
        estimate_low_microusd=quoted.low_microusd,
        estimate_microusd=quoted.high_microusd,
        price_date=quoted.price_date,
    )
    if checked.mask is not None:
        # Written anew: what was uploaded is never served, whatever else its bytes may hold.
        edit.mask = pictures.save(digest, "mask.png", masks.mask_png(checked.mask))
        edit.mask_bounds = list(masks.bounds(checked.mask) or ())
        edit.mask_share = masks.share(checked.mask)
        edit.grow, edit.feather = quoted.grow, new.feather
    if new.markup is not None:
        edit.markup = _kept_markup(new.markup)
    return edit


def _kind(new: NewEdit) -> str:
    """What is asked for: to the API, an extension is an edit."""
    is_extension = new.operation == "edit" and any(new.margins)
    return str(EditOperation.EXTEND) if is_extension else new.operation


def _kept_markup(data: bytes) -> str:
    """Written anew as well; named by what was sent, as masks are."""
    pixels = files.with_alpha(files.open_picture(data).pixels)
    return pictures.save(_digest(data), "markup.png", files.encode_png(pixels))


def _refer(edit: Edit, references: tuple[Image, ...]) -> None:
    Reference.objects.bulk_create(
        Reference(edit=edit, number=number, image=image)
        for number, image in enumerate(references, start=1)
    )


def _checked(new: NewEdit) -> Checked:
    """What the wish stands for, or NotSubmitted with everything that is wrong with it at once."""
    model = model_named(new.model)
    if isinstance(model, Problem):
        raise NotSubmitted([model])
    options = _options(new, model)
    problems: list[Problem] = []
    if new.source is None and new.operation != "generate":
        problems.append(Problem("image", "missing", "There is no picture to change."))
    problems += _wrong_with_markup(new, model)
    marks: tuple[marked.Mark, ...] = ()
    drawing = None
    try:
        marks = marked.read(new.marks)
        drawing = _drawing(new, model, marks)
    except marked.MarkupRefused as refused:
        problems.append(Problem("marks", refused.code, str(refused), refused.facts))
    further = 1 if drawing and drawing.sent_as == MarkupAs.REFERENCE else 0
    problems += too_many(model, new.references, further)
    problems += wrong_with_drawing(model, new.operation, drawing)
    mask, grow, wrong = _mask_and_edge(new, drawing)
    problems += wrong
    helper = _helper(new, mask, drawing)
    prompt = None if new.operation == "vary" else with_helper(new.prompt, helper)
    problems[:0] = catalogue.problems(model, params_of(model, new.operation, options, prompt))
    if problems:
        raise NotSubmitted(problems)
    quoted = quote(
        new.source,
        _framing_bounds(mask),
        new.model,
        options,
        len(new.prompt.strip()),
        operation=new.operation,
        references=new.references,
        fit=new.fit,
        markup=new.markup is not None,
        margins=new.margins,
        grow=grow,
        feather=new.feather,
        drawing=drawing,
        boxes=_boxes(new, mask),
        framing=new.framing,
        helper=bool(helper),
    )
    if quoted.problems:
        raise NotSubmitted(quoted.problems)
    return Checked(model, mask, marks, drawing, helper, quoted)


def _helper(new: NewEdit, mask: Any | None, drawing: Drawing | None) -> str:
    """It speaks of the mask, and a drawing may be sent in the mask's place."""
    is_sent = mask is not None and not (drawing and drawing.sent_as == MarkupAs.MARKUP)
    return HELPER if new.helper and is_sent else ""


def _boxes(new: NewEdit, mask: Any | None) -> tuple[Bounds, ...]:
    """Where the mask's islands lie, where there may be a frame for each."""
    may_split = new.fit == "mask" and new.framing.split and not any(new.margins)
    return islands.boxes(mask) if may_split and mask is not None else ()


def _drawing(new: NewEdit, model: Model, marks: tuple[marked.Mark, ...]) -> Drawing | None:
    reach = markup.reach(marks)
    if reach is None:
        return None
    left, top = new.margins[:2]
    bounds = (reach[0] + left, reach[1] + top, reach[2] + left, reach[3] + top)
    return Drawing(bounds, drawing_as(new.markup_as, model))


def _mask_and_edge(
    new: NewEdit, drawing: Drawing | None
) -> tuple[Any | None, int | None, list[Problem]]:
    """The mask as painted with all that is new, how far it is grown, and what is wrong with them."""
    wrong = [*wrong_with_margins(new.source, new.margins), *wrong_with_edge(new.grow, new.feather)]
    if wrong:
        return None, None, [*wrong, *_wrong_with_framing(new)]
    try:
        mask = _read_mask(new, drawing)
        grow = _grow(new, mask)
    except masks.MaskRefused as refused:
        refusal = Problem("mask", refused.code, str(refused), refused.facts)
        return None, None, [refusal, *_wrong_with_framing(new)]
    return mask, grow, _wrong_with_framing(new)


def _wrong_with_framing(new: NewEdit) -> list[Problem]:
    canvas = extending.canvas_size(new.source.size, new.margins) if new.source else None
    return wrong_with_framing(new.framing, canvas)


def _grow(new: NewEdit, mask: Any | None) -> int | None:
    """How far the mask is grown. What a person paints must leave something to keep, so a number that
    nobody chose gives way; a script's mask is taken as it is."""
    if mask is None or new.fit == "asked":
        return new.grow
    masks.require_area(mask)
    masks.require_surroundings(mask)
    grow = grow_of(new.grow, masks.bounds(mask), new.fit)
    if not _covers_all(mask, grow):
        return grow
    if new.grow is None:
        return 0
    sentence = "Grown this far, the mask covers the whole picture: grow it less."
    raise masks.MaskRefused("grown_over_all", sentence)


def _covers_all(mask: Any, grow: int) -> bool:
    height, width = mask.shape
    reach = masks.grown_bounds(masks.bounds(mask) or (0, 0, 0, 0), grow, (width, height))
    return reach == (0, 0, width, height) and bool(masks.grow(mask, grow).all())


def _wrong_with_markup(new: NewEdit, model: Model) -> list[Problem]:
    if new.markup is None:
        return []
    if not model.takes("markup", new.operation):
        sentence = f"{model.name} takes no drawing over the picture."
        return [Problem("markup", "not_taken", sentence)]
    if new.mask is not None:
        return [Problem("markup", "mask_and_markup", "Give a mask or a drawing, not both.")]
    try:
        size = files.open_picture(new.markup).size
    except files.ImageRefused:
        return [Problem("markup", "not_a_picture", "The drawing cannot be read: send a PNG.")]
    if new.source is not None and size != new.source.size:
        return [Problem("markup", "wrong_size", "The drawing must be of the picture's size.")]
    return []


def _read_mask(new: NewEdit, drawing: Drawing | None) -> Any | None:
    """The mask with all that is new in it; None where the whole picture may change."""
    if new.source is None or new.operation != "edit":
        return None
    canvas = extending.canvas_size(new.source.size, new.margins)
    if new.mask is None and any(new.margins):
        return extending.new_area(new.source.size, new.margins)
    is_drawn = new.markup is not None or (drawing and drawing.sent_as == MarkupAs.MARKUP)
    if new.mask is None and (new.fit == "asked" or is_drawn):
        return None
    mask = masks.read_mask(new.mask or b"", canvas)
    if is_drawn and not mask.any() and not any(new.margins):
        return None
    if not any(new.margins):
        return mask
    return extending.with_new_area(mask, new.source.size, new.margins)


def _framing_bounds(mask: Any | None) -> tuple[int, int, int, int] | None:
    """Where the mask lies; None for one that covers nothing, or all: there is nothing to stitch then."""
    if mask is None or masks.share(mask) == 1:
        return None
    return masks.bounds(mask)


def _options(new: NewEdit, model: Model) -> dict[str, Any]:
    return kept_options(with_default_size(model, {"n": 1, **new.options}, new.fit))


def _same(edit: Edit, new: NewEdit, digest: str) -> Edit:
    """The edit that this key made, if the request is the same one; a conflict else."""
    model = model_named(new.model)
    same = (
        not isinstance(model, Problem)
        and edit.created_by_id == new.person.pk
        and edit.operation == _kind(new)
        and edit.source_id == (new.source.pk if new.source else None)
        and edit.prompt == new.prompt.strip()
        and edit.model == new.model
        and edit.options == _options(new, model)
        and _is_mask_of(edit, new, digest)
        and (_digest(new.markup) in edit.markup if new.markup else not edit.markup)
        and _is_edge_of(edit, new)
        and edit.framing == new.framing.to_dict()
        and _has_helper_of(edit, new)
        and edit.marks == _listed(new.marks)
        and (not edit.marks or edit.markup_as == drawing_as(new.markup_as, model))
        and [each.image_id for each in edit.references.all()]
        == [image.pk for image in new.references]
    )
    if not same:
        sentence = (
            "This form was already used for another edit. Open the studio again to start a new one."
        )
        raise NotSubmitted([Problem("", "key_used", sentence, {})], conflict=True)
    return edit


def _has_helper_of(edit: Edit, new: NewEdit) -> bool:
    """Where no mask is sent there is no such sentence, whatever was chosen."""
    is_sent = bool(edit.mask) and edit.markup_as != MarkupAs.MARKUP
    return bool(edit.helper) == (new.helper and is_sent)


def _is_mask_of(edit: Edit, new: NewEdit, digest: str) -> bool:
    """Beside a drawing, a mask in which nothing is painted is none."""
    if edit.mask or not digest or not edit.marks or new.source is None:
        return digest in edit.mask if digest else not edit.mask
    try:
        return not masks.read_mask(new.mask or b"", new.source.size).any()
    except masks.MaskRefused:
        return False


def _is_edge_of(edit: Edit, new: NewEdit) -> bool:
    """Where nothing is painted there is no edge, whatever was said of it."""
    if not edit.mask:
        return True
    if edit.feather != new.feather or new.grow is not None:
        return edit.feather == new.feather and edit.grow == new.grow
    automatic = grow_of(None, bounds_of(edit.mask_bounds), new.fit)
    return edit.grow == automatic or (edit.grow == 0 and _gave_way(edit, automatic))


def _gave_way(edit: Edit, grow: int) -> bool:
    return _covers_all(masks.read_mask(pictures.read(edit.mask), edit.canvas_size), grow)


def _listed(marks: Any) -> list[dict[str, Any]] | None:
    try:
        return marked.listed(marked.read(marks))
    except marked.MarkupRefused:
        return None


def _mask_digest(new: NewEdit) -> str:
    """Of what the stored mask is made from: what was sent, and where the picture lies in it. Without
    a mask, its size is all that tells the canvas of one picture from another's."""
    if new.source is None or not any(new.margins):
        return _digest(new.mask) if new.mask else ""
    return _digest(b"%d,%d,%d,%d %d,%d " % (*new.margins, *new.source.size) + (new.mask or b""))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _too_dear(over: OverBudget) -> Problem:
    facts = {"wanted_microusd": over.wanted_microusd, "left_microusd": over.left_microusd}
    sentence = "This month's budget does not cover the edit. Choose a cheaper one, or ask an administrator."
    return Problem("", "over_budget", sentence, facts)
