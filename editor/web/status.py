"""The one poller of a page: what it asks, and what it is answered.

A look costs three queries (session, person, edits) and is answered with 204 while nothing has changed. The
answer to a change brings its own next pause, and none when nothing is left to wait for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from editor.models import Edit
from editor.web import tiles, waiting
from editor.web.access import Request, load, signed_in
from editor.web.edits import page_context

MOST_WATCHED = 100


@dataclass(frozen=True)
class Activity:
    """What the poller of a page is to do next. Without a pause there is nothing to wait for."""

    edits: str
    version: str
    pause: int | None
    count: int

    @property
    def url(self) -> str:
        query = urlencode({"edits": self.edits, "version": self.version})
        return f"{reverse('activity')}?{query}"


def activity_of(edits: Iterable[Edit], *, is_fresh: bool = True) -> Activity:
    """The poller for those of these edits that are not finished. Not fresh: the page may show them as
    they were before, so the first look is answered with all of them."""
    unfinished = sorted((edit for edit in edits if edit.is_waited_for), key=lambda edit: edit.pk)
    unfinished = unfinished[:MOST_WATCHED]
    pause = waiting.pause_for(unfinished)
    return Activity(
        edits=".".join(str(edit.pk) for edit in unfinished),
        version=waiting.version(unfinished, pause) if is_fresh else "",
        pause=pause,
        count=len(unfinished),
    )


def watched_before(request: Request) -> list[Edit]:
    """The edits that the page waited for when it asked for more of itself."""
    numbers = _numbers(request.GET.get("watched", ""))
    if not numbers:
        return []
    return list(Edit.objects.for_person(request.user).filter(pk__in=numbers))


@signed_in
@require_safe
def activity(request: Request) -> HttpResponse:
    """The tiles of the edits that a page waits for, if anything about them has changed."""
    watched = _numbers(request.GET.get("edits", ""))
    edits = list(Edit.objects.for_person(request.user).filter(pk__in=watched).order_by("pk"))
    version = waiting.version(edits, waiting.pause_for(edits))
    if version == request.GET.get("version"):
        return HttpResponse(status=204)
    shown = tiles.with_pictures(Edit.objects.for_person(request.user).filter(pk__in=watched))
    context = {
        "activity": activity_of(edits),
        "tiles": [tiles.edit_tile(edit) for edit in shown],
    }
    return render(request, "gallery/_activity_answer.html", context)


@signed_in
@require_safe
def edit_status(request: Request, pk: int) -> HttpResponse:
    """The page of an edit without its frame, if anything has changed since `version`."""
    edit = load(Edit.objects.select_related("source", "created_by"), request.user, pk=pk)
    version = waiting.version([edit], waiting.pause_for([edit]))
    if request.htmx and version == request.GET.get("version"):
        return HttpResponse(status=204)
    return render(request, "edits/_edit.html", page_context(request, edit))


def _numbers(text: str) -> list[int]:
    numbers = [int(part) for part in text.split(".") if part.isdecimal() and len(part) < 19]
    return numbers[:MOST_WATCHED]
