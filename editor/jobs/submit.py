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
from editor.imaging import files, masks
from editor.jobs import pictures
from editor.jobs.frames import Fit, with_default_size
from editor.jobs.hints import hint
from editor.jobs.quotes import Quote, kept_options, model_named, params_of, quote, too_many
from editor.models import Edit, Image, OverBudget, Person, Reference, hold

__all__ = ["NewEdit", "NotSubmitted", "Quote", "quote", "submit"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class NewEdit:
    """What a person asks for; `key` makes it one edit however often it is sent.

    `mask` is a PNG of the source's size in which white means change, None for the whole picture.
    `markup` is a transparent PNG of that size with a drawing on it, in place of a mask.
    `references` are further pictures, in order. `options` are those of quotes.OPTIONS that were
    chosen: n, size ("WxH" or "auto"), quality and so on. `fit` says what a size means, see frames.
    """

    person: Person
    operation: Operation = "edit"
    source: Image | None = None
    references: tuple[Image, ...] = ()
    mask: bytes | None = field(default=None, repr=False)
    markup: bytes | None = field(default=None, repr=False)
    prompt: str = ""
    model: str
    options: dict[str, Any]
    key: UUID
    again: Edit | None = None
    fit: Fit = "mask"


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
    digest = _digest(new.mask) if new.mask else ""
    before = Edit.objects.filter(key=new.key).first()
    if before:
        return _same(before, new, digest)
    model, mask, quoted = _checked(new)
    edit = _row(new, model, mask, digest, quoted)
    now = now or timezone.now()
    edit.created_at = edit.not_before = edit.hinted_at = now
    try:
        with transaction.atomic():
            edit.save()
            _refer(edit, new.references)
            hold(edit, quoted.high_microusd or 0, now=now)
            transaction.on_commit(partial(hint, edit.pk), robust=True)
    except IntegrityError:  # the same request twice at the same moment
        return _same(Edit.objects.get(key=new.key), new, digest)
    except OverBudget as over:
        raise NotSubmitted([_too_dear(over)], over_budget=True) from over
    log.info("edit %s queued by person %s", edit.pk, new.person.pk)
    return edit


def _row(new: NewEdit, model: Model, mask: Any | None, digest: str, quoted: Quote) -> Edit:
    edit = Edit(
        key=new.key,
        operation=new.operation,
        created_by=new.person,
        source=new.source,
        again=new.again,
        prompt=new.prompt.strip(),
        model=model.id,
        options=_options(new, model),
        frame=quoted.frame.to_dict() if quoted.frame else {},
        estimate_low_microusd=quoted.low_microusd,
        estimate_microusd=quoted.high_microusd,
        price_date=quoted.price_date,
    )
    if mask is not None:
        # Written anew: what was uploaded is never served, whatever else its bytes may hold.
        edit.mask = pictures.save(digest, "mask.png", masks.mask_png(mask))
        edit.mask_bounds = list(masks.bounds(mask) or ())
        edit.mask_share = masks.share(mask)
    if new.markup is not None:
        edit.markup = _kept_markup(new.markup)
    return edit


def _kept_markup(data: bytes) -> str:
    """Written anew as well; named by what was sent, as masks are."""
    pixels = files.with_alpha(files.open_picture(data).pixels)
    return pictures.save(_digest(data), "markup.png", files.encode_png(pixels))


def _refer(edit: Edit, references: tuple[Image, ...]) -> None:
    Reference.objects.bulk_create(
        Reference(edit=edit, number=number, image=image)
        for number, image in enumerate(references, start=1)
    )


def _checked(new: NewEdit) -> tuple[Model, Any | None, Quote]:
    """The model, the mask and the quote, or NotSubmitted with everything that is wrong at once."""
    model = model_named(new.model)
    if isinstance(model, Problem):
        raise NotSubmitted([model])
    options = _options(new, model)
    prompt = None if new.operation == "vary" else new.prompt
    problems = [
        *catalogue.problems(model, params_of(model, new.operation, options, prompt)),
        *too_many(model, new.references),
    ]
    if new.source is None and new.operation != "generate":
        problems.append(Problem("image", "missing", "There is no picture to change."))
    problems += _wrong_with_markup(new, model)
    mask = None
    try:
        mask = _read_mask(new)
    except masks.MaskRefused as refused:
        problems.append(Problem("mask", refused.code, str(refused), refused.facts))
    if problems:
        raise NotSubmitted(problems)
    quoted = quote(
        new.source,
        _framing_bounds(mask),
        new.model,
        options,
        len(new.prompt),
        operation=new.operation,
        references=new.references,
        fit=new.fit,
        markup=new.markup is not None,
    )
    if quoted.problems:
        raise NotSubmitted(quoted.problems)
    return model, mask, quoted


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


def _read_mask(new: NewEdit) -> Any | None:
    """What a person paints must leave something to keep; a script's mask is taken as it is."""
    if new.source is None or (new.mask is None and (new.fit == "asked" or new.markup)):
        return None
    if new.operation == "vary":
        return None
    mask = masks.read_mask(new.mask or b"", new.source.size)
    if new.fit == "mask":
        masks.require_area(mask)
        masks.require_surroundings(mask)
    return mask


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
        and edit.operation == new.operation
        and edit.source_id == (new.source.pk if new.source else None)
        and edit.prompt == new.prompt.strip()
        and edit.model == new.model
        and edit.options == _options(new, model)
        and (digest in edit.mask if digest else not edit.mask)
        and (_digest(new.markup) in edit.markup if new.markup else not edit.markup)
        and [each.image_id for each in edit.references.all()]
        == [image.pk for image in new.references]
    )
    if not same:
        sentence = (
            "This form was already used for another edit. Open the studio again to start a new one."
        )
        raise NotSubmitted([Problem("", "key_used", sentence, {})], conflict=True)
    return edit


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _too_dear(over: OverBudget) -> Problem:
    facts = {"wanted_microusd": over.wanted_microusd, "left_microusd": over.left_microusd}
    sentence = "This month's budget does not cover the edit. Choose a cheaper one, or ask an administrator."
    return Problem("", "over_budget", sentence, facts)
