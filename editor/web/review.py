"""Reviewers look at results and approve or reject them, one at a time or many."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import push_url

from editor.models import Result, Review, ReviewState, decide
from editor.web import canvas, facts, words
from editor.web.access import Request, load, reviewer_only
from editor.web.proofs import Decided, Proof
from editor.web.queue import Queue, following, queue_for, shown

STATES = (ReviewState.PENDING, ReviewState.APPROVED, ReviewState.REJECTED)
REASONS: dict[str, str | Promise] = {  # what the record keeps, and what a page says
    "Not what the prompt asked": gettext_lazy("Not what the prompt asked"),
    "Light or shadow is wrong": gettext_lazy("Light or shadow is wrong"),
    "Visible seam": gettext_lazy("Visible seam"),
    "Artefacts or wrong detail": gettext_lazy("Artefacts or wrong detail"),
    "May not be shown": gettext_lazy("May not be shown"),
}
REASON_LENGTH = 500


@reviewer_only
@require_safe
def review(request: Request) -> HttpResponse:
    state = request.GET.get("state", ReviewState.PENDING)
    if state not in STATES:
        state = ReviewState.PENDING
    return review_page(request, queue_for(request.user, state))


@reviewer_only
@require_safe
def review_show(request: Request, pk: int) -> HttpResponse:
    result = load(shown(request.user), request.user, pk=pk)
    return review_page(request, queue_for(request.user, result.review, result))


def review_page(request: Request, queue: Queue, *, status: int = 200) -> HttpResponse:
    template = "review/_review.html" if request.htmx else "review/review.html"
    context = {
        "queue": queue,
        "pending_count": queue.waiting,  # the header need not count once more
        "states": [(state.value, state.label) for state in STATES],
        "reasons": [{"value": value, "label": label} for value, label in REASONS.items()],
        "other_reason": len(REASONS) + 1,
        "reason_length": REASON_LENGTH,
        "item": item_of(queue.current) if queue.current else None,
    }
    return render(request, template, context, status=status)


@dataclass(frozen=True)
class Item(Proof):
    """The result being looked at, with what is known about how it was made."""

    decisions: list[Decided]  # all there ever were, the newest first

    @property
    def title(self) -> str:
        return words.title(self.edit)

    @property
    def before(self) -> canvas.Before | None:
        return canvas.before_of(self.edit)

    @property
    def decision(self) -> Review | None:
        is_decided = self.result.review != ReviewState.PENDING
        return self.decisions[0].review if self.decisions and is_decided else None

    @property
    def cost(self) -> str:
        return facts.cost(self.edit)

    @property
    def estimate(self) -> str:
        return facts.estimate(self.edit)

    @property
    def is_from_sandbox(self) -> bool:
        return facts.is_from_sandbox(self.result.attempt)


def item_of(result: Result) -> Item:
    reviews = result.reviews.select_related("by").order_by("-pk")
    return Item(result.edit, result, [Decided(review) for review in reviews])


@reviewer_only
@require_POST
def review_decide(request: Request, pk: int) -> HttpResponse:
    result = load(shown(request.user), request.user, pk=pk)
    decision, reason = request.POST.get("decision", ""), reason_given(request)
    problem = problem_with(decision, reason)
    if decision == result.review == ReviewState.PENDING:
        problem = _("There is no decision to take back.")
    if problem:
        messages.error(request, problem)
        return review_page(request, queue_for(request.user, result.review, result), status=422)
    result.version = number_in(request.POST.get("version", ""))
    if not decide(result, decision, by=request.user, reason=reason):
        return already_decided(request, pk)
    if decision == ReviewState.PENDING:
        return go_to(request, result)
    messages.success(request, f"{result.get_review_display()}: {words.title(result.edit)}")
    return go_to(request, following(request.user, result))


def reason_given(request: Request) -> str:
    """Of the buttons, or in the person's own words; what was typed wins."""
    own_words = " ".join(request.POST.get("note", "").split())
    reason = own_words or request.POST.get("reason", "").strip()
    return reason.replace("\0", "")[:REASON_LENGTH]  # PostgreSQL keeps no NUL


def problem_with(decision: str, reason: str) -> str:
    if decision not in STATES:
        return _("Approve it or reject it.")
    if decision == ReviewState.REJECTED and not reason:
        return _("Say why it is rejected: choose a reason or write one.")
    return ""


def number_in(text: str) -> int:
    """What a hidden field says; -1, which is no result's version or id, if that is no number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else -1


def already_decided(request: Request, pk: int) -> HttpResponse:
    """Somebody was faster: the page as it is now, and nothing of this decision is kept."""
    result = load(shown(request.user), request.user, pk=pk)
    newest = result.reviews.select_related("by").order_by("-pk").first()
    if newest and not Decided(newest).is_by_finish:
        told = _("Not recorded: %(name)s decided meanwhile (%(decision)s).")
        facts = {"name": newest.by.name, "decision": newest.get_decision_display().lower()}
        messages.error(request, told % facts)
    else:
        messages.error(
            request, _("Not recorded: the page was out of date. Look again, then decide.")
        )
    return review_page(request, queue_for(request.user, result.review, result), status=409)


def go_to(request: Request, result: Result | None) -> HttpResponse:
    address = reverse("review_show", args=[result.pk]) if result else reverse("review")
    if not request.htmx:
        return redirect(address)
    current = shown(request.user).get(pk=result.pk) if result else None
    state = current.review if current else ReviewState.PENDING
    return push_url(review_page(request, queue_for(request.user, state, current)), address)


@reviewer_only
@require_POST
def review_decide_many(request: Request) -> HttpResponse:
    decision, reason = request.POST.get("decision", ""), reason_given(request)
    chosen = chosen_results(request)
    problem = problem_with(decision, reason) or ("" if chosen else _("Select results first."))
    if problem:
        messages.error(request, problem)
        return redirect("review") if not request.htmx else go_to(request, None)
    made = sum(decide(result, decision, by=request.user, reason=reason) for result in chosen)
    tell_how_many(request, decision, made, len(chosen) - made)
    waiting = queue_for(request.user, ReviewState.PENDING)
    return go_to(request, waiting.current)


def chosen_results(request: Request) -> list[Result]:
    """Results by checkboxes `id:version`, each with the version that the reviewer saw."""
    pairs = [choice.partition(":") for choice in request.POST.getlist("result")]
    seen = {number_in(pk): number_in(version) for pk, _colon, version in pairs}
    results = list(shown(request.user).filter(pk__in=seen))
    for result in results:
        result.version = seen[result.pk]
    return results


def tell_how_many(request: Request, decision: str, made: int, missed: int) -> None:
    if made and decision == ReviewState.APPROVED:
        done = ngettext("%(count)d result approved.", "%(count)d results approved.", made)
        messages.success(request, done % {"count": made})
    elif made:
        done = ngettext("%(count)d result rejected.", "%(count)d results rejected.", made)
        messages.success(request, done % {"count": made})
    if missed:
        late = ngettext(
            "%(count)d had been decided meanwhile and was left as it is.",
            "%(count)d had been decided meanwhile and were left as they are.",
            missed,
        )
        messages.error(request, late % {"count": missed})
