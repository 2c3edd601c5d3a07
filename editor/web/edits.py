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
from editor.models import Attempt, Edit, Image, Origin, OverBudget, Result, Review, Status
from editor.web import tiles, waiting, words
from editor.web.access import Request, load, signed_in

MOST_ANCESTORS = 8
MOST_CHILDREN = 12
MOST_VERSIONS = 30


@signed_in
@require_safe
def edit_show(request: Request, pk: int) -> HttpResponse:
    edit = load(Edit.objects.select_related("source", "created_by"), request.user, pk=pk)
    return render(request, "edits/edit.html", page_context(request, edit))


@signed_in
@require_safe
def edit_again(request: Request, pk: int) -> HttpResponse:
    """The studio, with the mask and the words of this edit."""
    edit = load(Edit.objects, request.user, pk=pk)
    return redirect(f"{reverse('studio', args=[edit.source_id])}?from={edit.pk}")


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
class Ancestor:
    """One place in the line from the first source to this edit and on: a picture and what it is."""

    url: str
    image: Image
    title: str
    meta: str
    is_here: bool = False


@dataclass(frozen=True)
class Shown:
    """A result, and what a page says about it."""

    result: Result
    is_chosen: bool
    url: str
    label: str
    decisions: list[Review]

    @property
    def compared(self) -> str:
        return words.pixels(self.result.pixels_compared)

    @property
    def changed(self) -> str:
        image = self.result.image
        return words.percent(self.result.pixels_changed / (image.width * image.height))

    @property
    def state(self) -> str:
        return str(self.result.review)


def page_context(request: Request, edit: Edit) -> dict[str, Any]:
    results = _results(edit, request.GET.get("result", ""))
    attempts = list(edit.attempts.select_related("bought_by").order_by("-number"))
    pause = waiting.pause_for([edit])
    return {
        "edit": edit,
        "title": words.title_of(edit.prompt, 60),
        "results": results,
        "chosen": next((shown for shown in results if shown.is_chosen), None),
        "attempts": [_attempt(attempt) for attempt in attempts],
        "meaning": words.meaning(
            edit, has_results=bool(results), is_accepted_loss=_is_accepted_loss(edit, attempts)
        ),
        "trouble": words.trouble(edit) if edit.trouble else "",
        "said": words.providers_words(edit),
        "steps": waiting.steps(edit),
        "waiting": waiting.waiting(edit) if edit.is_waited_for else None,
        "took": words.seconds(edit.finished_at - edit.created_at) if edit.finished_at else "",
        "facts": _facts(edit, attempts),
        **_frame(edit),
        "ratio": tiles.ratio_class(*edit.source.size),
        "line": _line(edit, results),
        "hold": words.money(edit.hold_microusd) if edit.hold_microusd else "",
        "may_manage": request.user.may_manage(edit.created_by_id),
        "may_take_original": request.user.may_manage(edit.source.created_by_id),
        "created": words.moment(edit.created_at),
        "pause": pause,
        "status_url": f"{reverse('edit_status', args=[edit.pk])}?version={waiting.version([edit], pause)}",
    }


def _is_accepted_loss(edit: Edit, attempts: list[Attempt]) -> bool:
    open_ends = (Attempt.Outcome.UNKNOWN, Attempt.Outcome.SENT)
    return bool(edit.status == Status.FAILED and attempts and attempts[0].outcome in open_ends)


def _frame(edit: Edit) -> dict[str, Any]:
    """The part of the source that is sent, for drawing it."""
    if not edit.frame:
        return {}
    frame = Frame.from_dict(edit.frame)
    left, top, right, bottom = frame.inner
    return {"frame": frame, "frame_size": (right - left, bottom - top)}


def _results(edit: Edit, chosen: str) -> list[Shown]:
    reviews = Review.objects.select_related("by").order_by("-id")
    results = list(
        edit.results.select_related("image")
        .prefetch_related(Prefetch("reviews", queryset=reviews, to_attr="decisions"))
        .order_by("-attempt_id", "number")
    )
    choice = next((result for result in results if str(result.number) == chosen), None)
    choice = choice or (results[0] if results else None)
    return [_shown(edit, result, len(results), result is choice) for result in results]


def _shown(edit: Edit, result: Any, count: int, is_chosen: bool) -> Shown:
    label = _("Edit %(number)d") % {"number": edit.pk}
    if count > 1:
        label = f"{label}.{result.number}"
    url = f"{reverse('edit_show', args=[edit.pk])}?result={result.number}"
    return Shown(result, is_chosen, url, label, result.decisions)


def _facts(edit: Edit, attempts: list[Attempt]) -> list[tuple[str, str]]:
    """What was asked for and what it cost, as pairs of words."""
    facts = [(_("Model"), edit.model)]
    if edit.options.get("quality"):
        facts.append((_("Quality"), str(edit.options["quality"])))
    if edit.n > 1:
        facts.append((_("Number"), words.pictures(edit.n)))
    if edit.frame:
        frame = Frame.from_dict(edit.frame)
        facts.append((_("Sent"), words.frame(frame)))
    facts.append(
        (_("Mask"), _("%(share)s %% of the picture") % {"share": words.percent(edit.mask_share)})
    )
    facts.append((_("Cost"), _cost(edit)))
    facts.append((_("Estimate"), words.money(edit.estimate_microusd)))
    request_id = next((attempt.request_id for attempt in attempts if attempt.request_id), "")
    if request_id:
        facts.append((_("Request"), request_id))
    return facts


def _cost(edit: Edit) -> str:
    if edit.is_waited_for or edit.status == Status.UNKNOWN:
        held = {"held": words.money(edit.hold_microusd)}
        return _("%(held)s held") % held if edit.hold_microusd else _("not known yet")
    return words.money(edit.cost_microusd)


def _attempt(attempt: Attempt) -> dict[str, Any]:
    """One call in words: how it ended, how long it took, what it cost, what came back."""
    outcome = attempt.get_outcome_display()
    took = attempt.took
    came = [words.moment(attempt.sent_at)]
    if attempt.http_status:
        came.append(f"HTTP {attempt.http_status}")
    if attempt.bytes:
        came.append(_("%(size)s kept as received") % {"size": words.megabytes(attempt.bytes)})
    if attempt.bought_by:
        came.append(_("bought again by %(name)s") % {"name": attempt.bought_by.name})
    if attempt.bought_because:
        came.append(f"“{attempt.bought_because}”")
    is_open = attempt.outcome in (Attempt.Outcome.SENT, Attempt.Outcome.ANSWERED)
    return {
        "outcome": attempt.outcome,
        "said": f"{outcome}, {words.seconds(took)}" if took else outcome,
        "cost": "" if is_open else words.money(attempt.cost_microusd),
        "meta": " · ".join(came),
        "error": attempt.error_text,
    }


# --- where it comes from, and what came of it ---------------------------------------------------


def _line(edit: Edit, results: list[Shown]) -> list[Ancestor]:
    """From the first source over the edits in between to this one, and to what was made from it."""
    before = _ancestors(edit)
    chosen = next((shown for shown in results if shown.is_chosen), None)
    here = Ancestor(
        url=reverse("edit_show", args=[edit.pk]),
        image=chosen.result.image if chosen else edit.source,
        title=words.title_of(edit.prompt, 32),
        meta=_place(edit),
        is_here=True,
    )
    return [*before, here, *_children(results)]


def _ancestors(edit: Edit) -> list[Ancestor]:
    found: list[Ancestor] = []
    source = edit.source
    while source.origin == Origin.RESULT and len(found) < MOST_ANCESTORS:
        made_by = (
            Result.objects.select_related("edit__source__created_by", "edit__created_by")
            .filter(image=source)
            .first()
        )
        if made_by is None:
            break
        found.append(
            Ancestor(
                url=f"{reverse('edit_show', args=[made_by.edit_id])}?result={made_by.number}",
                image=source,
                title=words.title_of(made_by.edit.prompt, 32),
                meta=_place(made_by.edit),
            )
        )
        source = made_by.edit.source
    found.append(
        Ancestor(
            url=reverse("image_show", args=[source.pk]),
            image=source,
            title=_("Source"),
            meta=f"{source.created_by.name} · {source.width} × {source.height}",
        )
    )
    return found[::-1]


def _children(results: list[Shown]) -> list[Ancestor]:
    if not results:
        return []
    made = Edit.objects.filter(source__in=[shown.result.image_id for shown in results])
    newest = tiles.with_pictures(made).order_by("-created_at", "-pk")[:MOST_CHILDREN]
    return [
        Ancestor(
            url=tile.url,
            image=tile.image,
            title=words.title_of(tile.title, 32),
            meta=_place(tile.edit),
        )
        for tile in map(tiles.edit_tile, reversed(newest))
        if tile.edit
    ]


def _place(edit: Edit) -> str:
    number = _("Edit %(number)d") % {"number": edit.pk}
    told = (
        edit.created_by.name
        if edit.status == Status.SUCCEEDED
        else edit.get_status_display().lower()
    )
    return f"{number} · {told}"


# --- versions, for the studio -------------------------------------------------------------------


def versions_of(request: Request, image: Image) -> dict[str, Any]:
    """What was made from `image`, newest first, and the edit that `image` itself came from."""
    edits = Edit.objects.for_person(request.user).filter(source=image)
    newest = tiles.with_pictures(edits).order_by("-created_at", "-pk")[:MOST_VERSIONS]
    made_by = None
    if image.origin == Origin.RESULT:
        made_by = Result.objects.filter(image=image).select_related("edit__created_by").first()
    pause = waiting.pause_for(newest)
    version = waiting.version(newest, pause)
    return {
        "image": image,
        "versions": [_version(tiles.edit_tile(edit)) for edit in newest],
        "versions_version": version,
        "versions_url": f"{reverse('image_versions', args=[image.pk])}?version={version}",
        "versions_pause": pause,
        "made_by": made_by.edit if made_by else None,
        "made_by_title": words.title_of(made_by.edit.prompt, 60) if made_by else "",
    }


def _version(tile: tiles.Tile) -> dict[str, Any]:
    edit = tile.edit
    assert edit is not None
    parts = [tile.by.name, words.moment(tile.at)]
    if edit.status == Status.SUCCEEDED:
        parts.append(words.money(edit.cost_microusd))
    return {"tile": tile, "edit": edit, "meta": " · ".join(parts)}
