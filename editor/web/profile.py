"""What people may change about themselves."""

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from editor.models import Person, Theme, audit
from editor.web.access import Request, signed_in
from editor.web.signin import CAME_BY_LINK_UNTIL, address_of, sent


class ProfileForm(forms.ModelForm):
    theme = forms.ChoiceField(
        label=gettext_lazy("Colours"), choices=Theme.choices, widget=forms.RadioSelect
    )

    class Meta:
        model = Person
        fields = ["display_name", "theme"]
        widgets = {"display_name": forms.TextInput({"class": "input", "autocomplete": "name"})}


@signed_in
@require_http_methods(["GET", "POST"])
def settings_profile(request: Request) -> HttpResponse:
    # A fresh copy: what is typed must not show as the person's name before it is saved.
    person = Person.objects.get(pk=request.user.pk)
    form = ProfileForm(sent(request), instance=person)
    if request.method == "POST" and form.is_valid():
        person.save(update_fields=["display_name", "theme"])
        messages.success(request, _("Saved."))
        return redirect("settings_profile")
    return render(
        request, "settings/profile.html", {"form": form}, status=422 if form.is_bound else 200
    )


class OldAndNewPassword(PasswordChangeForm):
    """Asks for the present password first."""


class NewPassword(SetPasswordForm):
    """For who has just come in by a one-time link, and may have forgotten the present one."""


@never_cache
@sensitive_post_parameters()
@signed_in
@require_http_methods(["GET", "POST"])
def settings_password(request: Request) -> HttpResponse:
    form_class = NewPassword if came_by_link(request) else OldAndNewPassword
    form = form_class(request.user, sent(request))
    for field in form.fields.values():
        field.widget.attrs["class"] = "input"
    if request.method == "POST" and form.is_valid():
        keep_new_password(request, form)
        messages.success(
            request, _("The password is changed. You were signed out everywhere else.")
        )
        return redirect("settings_profile")
    context = {"form": form, "came_by_link": form_class is NewPassword}
    return render(request, "settings/password.html", context, status=422 if form.is_bound else 200)


def came_by_link(request: Request) -> bool:
    until = request.session.get(CAME_BY_LINK_UNTIL, 0)
    return bool(until > timezone.now().timestamp())


def keep_new_password(request: Request, form: SetPasswordForm) -> None:
    person = form.save()
    request.session.pop(CAME_BY_LINK_UNTIL, None)
    update_session_auth_hash(request, person)  # this session stays, all others end
    target = f"person {person.pk}"
    audit("password changed", target, actor=person, address=address_of(request))
