"""The team's shared history, and each person's part of it."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from editor.jobs.provider import known_models
from editor.models import Person
from editor.web import status, tiles
from editor.web.access import Request, signed_in

PAGES_BY_THEMSELVES = (
    5  # then "Load more" waits to be pressed, so that the end of the page can be reached
)


@signed_in
@require_safe
def gallery(request: Request) -> HttpResponse:
    return _gallery(request, reverse("gallery"))


@signed_in
@require_safe
def person_gallery(request: Request, username: str) -> HttpResponse:
    owner = get_object_or_404(Person, username__iexact=username.replace("\x00", ""))
    return _gallery(request, reverse("person_gallery", args=[owner.username]), owner)


def _gallery(request: Request, here: str, owner: Person | None = None) -> HttpResponse:
    people = list(Person.objects.filter(is_active=True).order_by("username"))
    filters = _filters(request, people)
    after = tiles.Cursor.read(request.GET.get("after", ""))
    is_next_page = bool(request.htmx and request.htmx.target == "more")
    shown = replace(filters, person=owner) if owner else filters
    page = tiles.page_of(request.user, shown, after, continued=is_next_page)
    context: dict[str, Any] = {
        "here": here,
        "owner": owner,
        "filters": filters,
        "people": people,
        "models": _models(filters),
        "statuses": tiles.STATUSES,
        "reviews": tiles.REVIEWS,
        "operations": tiles.OPERATIONS,
        "is_later": after is not None and not is_next_page,
        **_shown(request, page, here, filters),
    }
    if not page.tiles and not after:
        context["is_new"] = not shown.are_set or (owner is not None and not filters.are_set)
    response = render(request, _template(request, is_next_page), context)
    if request.htmx and not is_next_page:
        _put_in_address(request, response, here, filters)
    return response


def _put_in_address(
    request: Request, response: HttpResponse, here: str, filters: tiles.Filters
) -> None:
    """The address bar follows the filters, without those that are not set."""
    query = urlencode(_query(filters))
    address = f"{here}?{query}" if query else here
    is_new = address != request.htmx.current_url_abs_path
    response["HX-Push-Url" if is_new else "HX-Replace-Url"] = address


def _template(request: Request, is_next_page: bool) -> str:
    if is_next_page:
        return "gallery/_page.html"
    return "gallery/_pictures.html" if request.htmx else "gallery/gallery.html"


def _shown(request: Request, page: tiles.Page, here: str, filters: tiles.Filters) -> dict[str, Any]:
    number = max(1, _whole(request.GET.get("page"), 1))
    edits = [tile.edit for tile in page.tiles if tile.edit]
    before = status.watched_before(request)
    more = {**_query(filters), "after": str(page.more)} if page.more else None
    return {
        "days": page.days,
        "more_url": f"{here}?{urlencode(more)}" if more else "",
        "more_fragment_url": f"{here}?{urlencode({**more, 'page': number + 1})}" if more else "",
        "more_by_itself": number < PAGES_BY_THEMSELVES,
        "page_number": number,
        "activity": status.activity_of(edits + before, is_fresh=not before),
    }


def _filters(request: Request, people: list[Person]) -> tiles.Filters:
    """What the address asks for; what it asks for that does not exist is left out."""
    asked = request.GET
    usernames = {person.username: person for person in people}
    return tiles.Filters(
        q=" ".join(asked.get("q", "").replace("\x00", "").split())[:200],
        person=usernames.get(asked.get("person", "")),
        status=_one_of(asked.get("status"), tiles.STATUSES),
        model=asked.get("model", "").replace("\x00", "")[:80],
        review=_one_of(asked.get("review"), tiles.REVIEWS),
        operation=_one_of(asked.get("operation"), tiles.OPERATIONS),
    )


def _query(filters: tiles.Filters) -> dict[str, str]:
    query = {
        "q": filters.q,
        "person": filters.person.username if filters.person else "",
        "status": filters.status,
        "model": filters.model,
        "review": filters.review,
        "operation": filters.operation,
    }
    return {name: value for name, value in query.items() if value}


def _models(filters: tiles.Filters) -> list[str]:
    """Of the catalogue, for asking the edits would read them all."""
    known = [model.id for model in known_models().models()]
    return known if filters.model in ("", *known) else [*known, filters.model]


def _one_of(value: str | None, choices: Any) -> str:
    return value if value and value in {known for known, _label in choices} else ""


def _whole(value: str | None, otherwise: int) -> int:
    return int(value) if value and value.isdecimal() and len(value) < 6 else otherwise
