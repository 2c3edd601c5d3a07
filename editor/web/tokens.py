"""Personal tokens: the keys with which a person's scripts use the gateway."""

from django import forms
from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from editor.models import Token
from editor.web.access import Request, signed_in

SHOWN = 100  # of a person's own, and of all others'


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("What it is for"),
        max_length=80,
        widget=forms.TextInput(
            {"class": "input", "autocomplete": "off", "placeholder": gettext_lazy("nightly script")}
        ),
    )


@never_cache
@signed_in
@require_safe
def settings_tokens(request: Request) -> HttpResponse:
    return tokens_page(request, TokenForm())


@never_cache
@signed_in
@require_POST
def token_make(request: Request) -> HttpResponse:
    """Answers with the page itself, for the secret is in no other answer than this one."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return tokens_page(request, form, status=422)
    token, secret = Token.make(request.user, form.cleaned_data["name"])
    return tokens_page(request, TokenForm(), made=token, secret=secret)


@signed_in
@require_POST
def token_revoke(request: Request, pk: int) -> HttpResponse:
    token = Token.objects.select_related("person").filter(pk=pk).first()
    if token is None or not request.user.may_manage(token.person_id):
        raise Http404
    if token.revoke(by=request.user):
        said = _("“%(name)s” is revoked. Scripts that use it are refused from now on.")
        messages.success(request, said % {"name": token.name})
    else:
        messages.error(request, _("This token was revoked already."))
    return redirect("settings_tokens")


def tokens_page(
    request: Request, form: TokenForm, *, status: int = 200, **more: object
) -> HttpResponse:
    usable_first = (F("revoked_at").asc(nulls_first=True), "-id")
    own = Token.objects.filter(person=request.user).order_by(*usable_first)[:SHOWN]
    others = Token.objects.none()
    if request.user.is_admin:
        usable = Token.objects.filter(revoked_at=None).exclude(person=request.user)
        others = usable.select_related("person").order_by("person__username", "-id")[:SHOWN]
    context = {"form": form, "own": own, "others": others, **more}
    template = "settings/_tokens.html" if request.htmx else "settings/tokens.html"
    return render(request, template, context, status=status)
