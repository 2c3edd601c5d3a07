"""Signing in and out: by password, or once by a link."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.backends import ModelBackend
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from editor.models import Link, Person, audit

BACKEND = "editor.web.signin.NameOrEmailBackend"
CAME_BY_LINK_UNTIL = "came_by_link_until"  # in the session of a person who came by a link
LINK_HOLDS_S = 15 * 60


class NameOrEmailBackend(ModelBackend):
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **more: Any,
    ) -> Person | None:
        if not username or password is None:
            return None
        person = person_named(username)
        if person is None:
            Person().set_password(password)  # an unknown name must take as long as a known one
            return None
        right = person.check_password(password)
        return person if right and self.user_can_authenticate(person) else None


def person_named(name: str) -> Person | None:
    """The person with this user name or, failing that, with this e-mail address; in any case of letters."""
    found = Person.objects.filter(Q(username__iexact=name) | Q(email__iexact=name))
    return min(found, key=lambda person: person.username.lower() != name.lower(), default=None)


class SignInForm(forms.Form):
    username = forms.CharField(
        label=gettext_lazy("Username or email"),
        max_length=254,
        widget=forms.TextInput(
            {
                "class": "input",
                "autocomplete": "username",
                "autocapitalize": "none",
                "autofocus": True,
            }
        ),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput({"class": "input", "autocomplete": "current-password"}),
    )

    def clean_username(self) -> str:
        # In lower case, so that nobody gets more guesses by writing Alice, aLice, alIce …
        return str(self.cleaned_data["username"]).strip().lower()


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def signin(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        return signin_in_place(request)
    if request.user.is_authenticated:
        return redirect(way_on(request))
    form = SignInForm(sent(request))
    if request.method == "POST" and form.is_valid():
        person = authenticate(request, **form.cleaned_data)
        if person is not None:
            enter(request, person, by="password")
            return redirect(way_on(request))
        form.add_error(None, wrong_pair())
    return signin_page(request, form, status=422 if form.is_bound else 200)


def wants_json(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def wrong_pair() -> str:
    return _("This name and password don’t belong together. Check both and try again.")


def signin_in_place(request: HttpRequest) -> HttpResponse:
    """For a page whose session has ended, and which must not be left. GET: who is signed in now, and
    the token that forms need now. POST: sign in; as nobody but `person`, whose work the page holds."""
    form = SignInForm(sent(request))
    if not form.is_bound:
        return JsonResponse(session_of(request))
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    wanted = request.POST.get("person", "")
    person = authenticate(request, **form.cleaned_data)
    if person is None:
        return JsonResponse({"errors": {"": [wrong_pair()]}}, status=422)
    if wanted and wanted != str(person.pk):
        another = _(
            "This page holds another person’s work. Sign in as that person to go on with it."
        )
        return JsonResponse({"errors": {"": [another]}}, status=422)
    enter(request, person, by="password")
    return JsonResponse(session_of(request))


def session_of(request: HttpRequest) -> dict[str, Any]:
    user = request.user
    person = {"id": user.pk, "name": user.name} if isinstance(user, Person) else None
    return {"csrf": get_token(request), "person": person}


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form was sent with, even if that is nothing at all; None when it is only looked at."""
    return request.POST if request.method == "POST" else None


def signin_page(request: HttpRequest, form: SignInForm, *, status: int) -> HttpResponse:
    context = {"form": form, "next": request.POST.get("next", request.GET.get("next", ""))}
    return render(request, "signin/signin.html", context, status=status)


def locked_out(request: HttpRequest, response: object, credentials: object) -> HttpResponse:
    """What django-axes answers when a name was guessed at too often."""
    form = SignInForm(request.POST)
    form.is_valid()
    too_many = _("Too many wrong tries for this name. Wait ten minutes, then try again.")
    form.add_error(None, too_many)
    page = signin_page(request, form, status=429)
    if wants_json(request):
        page = JsonResponse({"errors": {"": [too_many]}}, status=429)
    page["Retry-After"] = str(round(settings.AXES_COOLOFF_TIME * 3600))
    return page


def enter(request: HttpRequest, person: Person, *, by: str) -> None:
    login(request, person, backend=BACKEND)
    audit("signed in", f"person {person.pk}", actor=person, address=address_of(request), by=by)


def address_of(request: HttpRequest) -> str | None:
    return request.META.get("REMOTE_ADDR") or None


def way_on(request: HttpRequest) -> str:
    """Where the visitor wanted to go, if that is a page of ours."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if ours else resolve_url(settings.LOGIN_REDIRECT_URL)


@require_POST
def signout(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@never_cache
@require_http_methods(["GET", "POST"])
def signin_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """GET only shows a button: programs that look at links in messages must not use them up."""
    link = (
        Link.objects.usable(token, Link.Purpose.SIGNIN, timezone.now())
        .select_related("person")
        .first()
    )
    if link is None or link.person is None or not link.person.is_active:
        return render(request, "errors/link.html", {"purpose": "signin"}, status=404)
    if request.method == "POST" and link.use():
        enter(request, link.person, by="link")
        request.session[CAME_BY_LINK_UNTIL] = timezone.now().timestamp() + LINK_HOLDS_S
        return redirect("settings_password")
    if request.method == "POST":
        return render(request, "errors/link.html", {"purpose": "signin"}, status=404)
    return render(request, "signin/link.html", {"person": link.person})
