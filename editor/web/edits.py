"""One edit: how it stands, what came of it, what made it, and what a person may do about it."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from editor.imaging.framing import Frame
from editor.jobs import resolve
from editor.models import (
    Attempt,
    Edit,
    Finish,
    Image,
    Operation,
    Origin,
    OverBudget,
    Partial,
    Review,
    Status,
    Team,
)
from editor.web import canvas, facts, lineage, tiles, troubles, variations, waiting, words
from editor.web.access import Request, load, signed_in
from editor.web.finishes import finishes_for
from editor.web.proofs import Decided, Proof

MOST_VERSIONS = 30


@signed_in
@require_safe
def edit_show(request: Request, pk: int) -> HttpResponse:
    edit = load(Edit.objects.select_related("source", "created_by"), request.user, pk=pk)
    return render(request, "edits/edit.html", page_context(request, edit))


@signed_in
@require_safe
def edit_again(request: Request, pk: int) -> HttpResponse:
    """Where edits of its kind are begun, with everything as it was in this one."""
    edit: Edit = load(Edit.objects, request.user, pk=pk)
    return redirect(f"{_where_begun(edit)}?from={edit.pk}")


def _where_begun(edit: Edit) -> str:
    if edit.operation == Operation.GENERATE:
        return reverse("generate")
    if edit.operation == Operation.VARY:
        return reverse("image_vary", args=[edit.source_id])
    return reverse("studio", args=[edit.source_id])


@signed_in
@require_POST
def edit_cancel(request: Request, pk: int) -> HttpResponse:
    edit = _manageable(request, pk)
    done = resolve.cancel(edit, by=request.user)
    messages.info(request, str(words.CANCELED_WORDS[done]))
    return redirect("edit_show", pk=pk)


@signed_in
@require_POST
def edit_accept_loss(request: Request, pk: int) -> HttpResponse:
    edit = _manageable(request, pk)
    if not resolve.accept_loss(edit, by=request.user):
        messages.info(request, _("Somebody else had already decided this."))
    return redirect("edit_show", pk=pk)


@signed_in
@require_POST
def edit_buy_again(request: Request, pk: int) -> HttpResponse:
    edit = _manageable(request, pk)
    because = " ".join(request.POST.get("because", "").replace("\x00", "").split())[:200]
    try:
        if not resolve.buy_again(edit, by=request.user, because=because):
            messages.info(request, _("Somebody else had already decided this."))
    except OverBudget as over:
        left = words.money(over.left_microusd)
        messages.error(
            request,
            _("This month's budget has only %(left)s left, so it was not bought again.")
            % {"left": left},
        )
    return redirect("edit_show", pk=pk)


def _manageable(request: Request, pk: int) -> Edit:
    edit: Edit = load(Edit.objects, request.user, pk=pk)
    if not request.user.may_manage(edit.created_by_id):
        raise PermissionDenied
    return edit


# --- the page -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown(Proof):
    """A result, and what a page says about it."""

    is_chosen: bool
    url: str
    label: str
    decisions: list[Decided]

    @property
    def state(self) -> str:
        return str(self.result.review)

    @property
    def price(self) -> str:
        return facts.price_tag(self.edit)

    @property
    def before(self) -> canvas.Before | None:
        return canvas.before_of(self.edit)

    @property
    def ratio(self) -> str:
        return tiles.ratio_class(*self.result.image.size)

    @property
    def is_from_sandbox(self) -> bool:
        return facts.is_from_sandbox(self.result.attempt)


def page_context(
    request: Request, edit: Edit, *, chosen: str = "", finish: str = ""
) -> dict[str, Any]:
    """`chosen` is the number of the result that is shown large, and `finish` one that was chosen for it;
    by themselves, what the address says."""
    results = _results(edit, chosen or request.GET.get("result", ""))
    finish = finish or request.GET.get("finish", "")
    front = next((shown for shown in results if shown.is_chosen), None)
    attempts = list(edit.attempts.select_related("bought_by").order_by("-number"))
    pause = waiting.pause_for([edit])
    come = waiting.frames_come(edit) if edit.is_waited_for else 0
    return {
        "edit": edit,
        "frames_come": come,
        "frame_now": waiting.frame_now(edit, come),
        "title": words.title(edit),
        "results": results,
        "chosen": front,
        "finishes": finishes_for(request.user, edit, front.result, finish) if front else None,
        "has_label": front is not None and Team.load().label_downloads,
        "attempts": [facts.attempt_in_words(attempt, len(edit.frames)) for attempt in attempts],
        "refused": troubles.moderation(attempts[0].error) if attempts else "",
        "meaning": words.meaning(
            edit, has_results=bool(results), is_accepted_loss=_is_accepted_loss(edit, attempts)
        ),
        "trouble": troubles.trouble(edit) if edit.trouble else "",
        "said": troubles.providers_words(edit),
        "steps": waiting.steps(edit),
        "waiting": waiting.waiting(edit) if edit.is_waited_for else None,
        "took": words.seconds(edit.finished_at - edit.created_at) if edit.finished_at else "",
        "facts": facts.facts(edit, attempts, front.result.finish if front else Finish.NATURAL),
        "tokens": facts.tokens(attempts),
        "references": list(edit.references.select_related("image")),
        "before": canvas.before_of(edit),
        "frames": [_drawn(Frame.from_dict(frame)) for frame in edit.frames],
        **_stage(edit),
        "line": lineage.line_of(
            edit, [shown.result for shown in results], front.result if front else None
        ),
        "hold": words.money(edit.hold_microusd) if edit.hold_microusd else "",
        "may_vary": front is not None and variations.is_offered(),
        "may_manage": request.user.may_manage(edit.created_by_id),
        "created": words.moment(edit.created_at),
        "pause": pause,
        "status_url": f"{reverse('edit_status', args=[edit.pk])}?version={waiting.version([edit], pause)}",
    }


def _is_accepted_loss(edit: Edit, attempts: list[Attempt]) -> bool:
    open_ends = (Attempt.Outcome.UNKNOWN, Attempt.Outcome.SENT)
    return bool(edit.status == Status.FAILED and attempts and attempts[0].outcome in open_ends)


def _drawn(frame: Frame) -> dict[str, int]:
    """The part of the source that is sent, for drawing it."""
    left, top, right, bottom = frame.inner
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


def _stage(edit: Edit) -> dict[str, Any]:
    """What is shown before there is a result: the newest preview, and in which shape."""
    size = tiles.expected_size(edit)
    newest = _newest_preview(edit)
    if newest and not edit.is_stitched:
        size = (newest.width, newest.height)
    return {
        "preview": waiting.preview_of(edit) if newest else None,
        "ratio": tiles.ratio_class(*size),
    }


def _newest_preview(edit: Edit) -> Partial | None:
    if not edit.partial_count or edit.status in (Status.SUCCEEDED, Status.CANCELED):
        return None
    newest = edit.partials.filter(number=edit.partial_count)
    return newest.order_by("-attempt__number").first()


def _results(edit: Edit, chosen: str) -> list[Shown]:
    reviews = Review.objects.select_related("by").order_by("-id")
    results = list(
        edit.results.select_related("image", "attempt")
        .prefetch_related(Prefetch("reviews", queryset=reviews, to_attr="decisions"))
        .order_by("-attempt_id", "number")
    )
    choice = next((result for result in results if str(result.number) == chosen), None)
    choice = choice or (results[0] if results else None)
    return [_shown(edit, result, len(results), result is choice) for result in results]


def _shown(edit: Edit, result: Any, count: int, is_chosen: bool) -> Shown:
    label = str(edit) if count == 1 else f"{edit}.{result.number}"
    url = f"{reverse('edit_show', args=[edit.pk])}?result={result.number}"
    decisions = [Decided(review) for review in result.decisions]
    return Shown(edit, result, is_chosen, url, label, decisions)


# --- versions, for the studio -------------------------------------------------------------------


def versions_of(request: Request, image: Image) -> dict[str, Any]:
    """What was made from `image`, newest first, and the edit that `image` itself came from."""
    edits = Edit.objects.for_person(request.user).filter(source=image)
    newest = tiles.with_pictures(edits).order_by("-created_at", "-pk")[:MOST_VERSIONS]
    made_by = None
    if image.origin == Origin.RESULT:
        made_by = lineage.maker_of(image)
    pause = waiting.pause_for(newest)
    version = waiting.version(newest, pause)
    return {
        "image": image,
        "versions": [_version(tiles.edit_tile(edit)) for edit in newest],
        "versions_version": version,
        "versions_url": f"{reverse('image_versions', args=[image.pk])}?version={version}",
        "versions_pause": pause,
        "made_by": made_by.edit if made_by else None,
        "made_by_title": words.title(made_by.edit) if made_by else "",
    }


def _version(tile: tiles.Tile) -> dict[str, Any]:
    edit = tile.edit
    assert edit is not None
    parts = [tile.by.name, words.moment(tile.at)]
    if edit.status == Status.SUCCEEDED:
        parts.append(words.money(edit.cost_microusd))
    return {"tile": tile, "edit": edit, "meta": " · ".join(parts)}
