"""Who may open what. Every view is wrapped in one of the three decorators; objects come through `load`."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Protocol

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, resolve_url
from django.utils.cache import patch_cache_control, patch_vary_headers
from django_htmx.middleware import HtmxDetails

from editor.models import Person


class Request(HttpRequest):
    """The request as views behind the decorators below see it."""

    user: Person
    htmx: HtmxDetails


class ForPerson(Protocol):
    def for_person(self, person: Person) -> Any: ...


def load(rows: ForPerson, person: Person, **which: object) -> Any:
    """The one of `rows` that `which` names, if `person` may see it; else 404.

    `rows` is a manager or queryset with `for_person`: ``load(Edit.objects, request.user, pk=pk)``.
    """
    return get_object_or_404(rows.for_person(person), **which)


View = Callable[Concatenate[Any, ...], HttpResponseBase]


def signed_in(view: View) -> View:
    """Anybody of the team; others go to the sign-in page and come back from there."""
    return _behind(view, lambda person: True)


def reviewer_only(view: View) -> View:
    return _behind(view, lambda person: person.may_review)


def admin_only(view: View) -> View:
    return _behind(view, lambda person: person.is_admin)


def _behind(view: View, may: Callable[[Person], bool]) -> View:
    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return to_signin(request)
        if not may(request.user):
            raise PermissionDenied
        return kept_private(view(request, *args, **kwargs))

    return guarded


def to_signin(request: HttpRequest) -> HttpResponse:
    """The sign-in page, with the way back. A fragment's request moves the whole page there."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    if not htmx:
        return redirect_to_login(request.get_full_path())
    signin = redirect_to_login(
        htmx.current_url_abs_path or resolve_url(settings.LOGIN_REDIRECT_URL)
    )
    return HttpResponse(headers={"HX-Redirect": signin["Location"]})


def kept_private(response: HttpResponseBase) -> HttpResponseBase:
    """Pages are of one person, and one address has two forms: the page and the fragment for htmx."""
    if response.headers.get("Content-Type", "").startswith("text/html"):
        patch_vary_headers(response, ["HX-Request"])
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
    return response
