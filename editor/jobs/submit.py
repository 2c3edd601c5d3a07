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

from editor.images_api import catalogue, pricing
from editor.images_api.catalogue import Model, Problem, UnknownModel
from editor.images_api.messages import Params
from editor.imaging import framing, masks
from editor.jobs import pictures
from editor.jobs.hints import hint
from editor.jobs.provider import known_models
from editor.jobs.sizes import rule_for, written
from editor.models import Budget, Edit, Image, OverBudget, Person, hold

log = logging.getLogger(__name__)

Bounds = tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class NewEdit:
    """What a person asks for. `mask` is a PNG of the source's size in which white means change;
    `key` makes it one edit however often it is sent."""

    person: Person
    source: Image
    mask: bytes = field(repr=False)
    prompt: str
    model: str
    options: dict[str, Any]  # n: int, size: "WxH", "auto" or None, quality: str or None
    key: UUID
    again: Edit | None = None


@dataclass(frozen=True)
class Quote:
    """What an edit would cost, in micro-dollars (None: not known), what is left of this month's budget
    (None: no cap), and the frame that would be sent (None: nothing painted, or impossible)."""

    low_microusd: int | None
    high_microusd: int | None
    left_microusd: int | None
    frame: framing.Frame | None
    problems: tuple[Problem, ...]


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
    digest = hashlib.sha256(new.mask).hexdigest()
    before = Edit.objects.filter(key=new.key).first()
    if before:
        return _same(before, new, digest)
    model, mask, quoted = _checked(new)
    assert quoted.frame is not None
    edit = Edit(
        key=new.key,
        created_by=new.person,
        source=new.source,
        again=new.again,
        # Written anew: what was uploaded is never served, whatever else its bytes may hold.
        mask=pictures.save(digest, "mask.png", masks.mask_png(mask)),
        mask_bounds=list(masks.bounds(mask) or ()),
        mask_share=masks.share(mask),
        prompt=new.prompt.strip(),
        model=model.id,
        options=_kept_options(new.options),
        frame=quoted.frame.to_dict(),
        estimate_microusd=quoted.high_microusd,
    )
    now = now or timezone.now()
    edit.created_at = edit.not_before = edit.hinted_at = now
    try:
        with transaction.atomic():
            edit.save()
            hold(edit, quoted.high_microusd or 0, now=now)
            transaction.on_commit(partial(hint, edit.pk), robust=True)
    except IntegrityError:  # the same request twice at the same moment
        return _same(Edit.objects.get(key=new.key), new, digest)
    except OverBudget as over:
        raise NotSubmitted([_too_dear(over)], over_budget=True) from over
    log.info("edit %s queued by person %s", edit.pk, new.person.pk)
    return edit


def quote(
    image: Image,
    bounds: Bounds | None,
    model: str,
    options: dict[str, Any],
    prompt_chars: int = 0,
    *,
    now: datetime | None = None,
) -> Quote:
    """What `submit` would hold for a mask within `bounds` (source pixels), without holding it."""
    known = _model(model)
    if isinstance(known, Problem):
        return Quote(None, None, None, None, (known,))
    params = _params(known, options, prompt="x" * max(1, prompt_chars))
    problems = tuple(catalogue.problems(known, params))
    frame = None
    if bounds and not any(problem.field == "size" for problem in problems):
        frame = framing.frame_for(bounds, image.size, rule_for(known, options.get("size")))
    budget = Budget.of(now or timezone.now())
    estimate = _estimate(known, params, frame) if not problems else None
    return Quote(
        estimate.low if estimate else None,
        estimate.high if estimate else None,
        budget.left_microusd,
        frame,
        problems,
    )


def _checked(new: NewEdit) -> tuple[Model, Any, Quote]:
    """The model, the mask and the quote, or NotSubmitted with everything that is wrong at once."""
    model = _model(new.model)
    if isinstance(model, Problem):
        raise NotSubmitted([model])
    problems = list(catalogue.problems(model, _params(model, new.options, new.prompt)))
    mask = None
    try:
        mask = masks.read_mask(new.mask, new.source.size)
        masks.require_area(mask)
        masks.require_surroundings(mask)
    except masks.MaskRefused as refused:
        problems.append(Problem("mask", refused.code, str(refused), refused.facts))
    if problems or mask is None:
        raise NotSubmitted(problems)
    quoted = quote(new.source, masks.bounds(mask), new.model, new.options, len(new.prompt))
    if quoted.problems:
        raise NotSubmitted(quoted.problems)
    return model, mask, quoted


def _model(name: str) -> Model | Problem:
    try:
        return known_models().get(name)
    except UnknownModel as unknown:
        return Problem("model", "unknown_model", str(unknown), {"model": name})


def _params(model: Model, options: dict[str, Any], prompt: str) -> Params:
    return Params(
        model=model.id,
        prompt=prompt,
        n=options.get("n", 1),
        size=options.get("size") if options.get("size") != "auto" else None,
        quality=options.get("quality") or None,
    )


def _estimate(model: Model, params: Params, frame: framing.Frame | None) -> pricing.Estimate:
    size = frame.size if frame else (1024, 1024)
    return pricing.estimate(
        model,
        size=params.size or written(size),
        quality=params.quality,
        n=params.n or 1,
        input_sizes=[size],
        prompt_chars=len(params.prompt or ""),
        mask=True,
    )


def _kept_options(options: dict[str, Any]) -> dict[str, Any]:
    kept = {
        "n": options.get("n", 1),
        "size": options.get("size"),
        "quality": options.get("quality"),
    }
    return {name: value for name, value in kept.items() if value}


def _same(edit: Edit, new: NewEdit, digest: str) -> Edit:
    """The edit that this key made, if the request is the same one; a conflict else."""
    same = (
        edit.created_by_id == new.person.pk
        and edit.source_id == new.source.pk
        and edit.prompt == new.prompt.strip()
        and edit.model == new.model
        and edit.options == _kept_options(new.options)
        and digest in edit.mask
    )
    if not same:
        sentence = (
            "This form was already used for another edit. Open the studio again to start a new one."
        )
        raise NotSubmitted([Problem("", "key_used", sentence, {})], conflict=True)
    return edit


def _too_dear(over: OverBudget) -> Problem:
    facts = {"wanted_microusd": over.wanted_microusd, "left_microusd": over.left_microusd}
    sentence = "This month's budget does not cover the edit. Choose a cheaper one, or ask an administrator."
    return Problem("", "over_budget", sentence, facts)
