"""How people come in: administrators invite them by a link that works once."""

from datetime import timedelta

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.password_validation import (
    password_validators_help_text_html,
    validate_password,
)
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from editor.models import AuditEntry, Link, Person, Role, audit
from editor.web.access import Request, admin_only
from editor.web.signin import address_of, enter, sent

SHOWN = 100


class InvitationForm(forms.Form):
    role = forms.ChoiceField(
        label=gettext_lazy("Role"), choices=Role.choices, widget=forms.Select({"class": "input"})
    )
    email = forms.EmailField(
        label=gettext_lazy("For the e-mail address"),
        required=False,
        widget=forms.EmailInput({"class": "input", "autocomplete": "off"}),
    )

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if email and Person.objects.filter(email__iexact=email).exists():
            raise ValidationError(_("Somebody with this address is in the team already."))
        return email


@never_cache
@admin_only
@require_http_methods(["GET", "POST"])
def invitations(request: Request) -> HttpResponse:
    form = InvitationForm(sent(request))
    if request.method == "POST" and form.is_valid():
        link = invite(request, **form.cleaned_data)
        return invitations_page(request, InvitationForm(), link=link)
    return invitations_page(request, form, status=422 if form.is_bound else 200)


def invite(request: Request, *, role: str, email: str) -> str:
    """Make an invitation; the address it is accepted at, which can't be shown a second time."""
    lasts = timedelta(days=settings.INVITATION_DAYS)
    link, token = Link.invite(by=request.user, role=role, email=email, lasts=lasts)
    audit(
        "invitation made",
        f"invitation {link.pk}",
        actor=request.user,
        address=address_of(request),
        role=role,
        email=email,
    )
    return request.build_absolute_uri(reverse("invitation", args=[token]))


def invitations_page(
    request: Request, form: InvitationForm, *, status: int = 200, **more: object
) -> HttpResponse:
    made = Link.objects.filter(purpose=Link.Purpose.INVITATION)
    newest = list(made.select_related("person", "created_by").order_by("-id")[:SHOWN])
    withdrawn = withdrawn_among(newest)
    rows = [(link, state_of(link, withdrawn)) for link in newest]
    context = {"form": form, "rows": rows, "days": settings.INVITATION_DAYS, **more}
    template = "people/_invitations.html" if request.htmx else "people/invitations.html"
    return render(request, template, context, status=status)


def withdrawn_among(links: list[Link]) -> set[int]:
    targets = {f"invitation {link.pk}": link.pk for link in links}
    records = AuditEntry.objects.filter(act="invitation withdrawn", target__in=targets)
    return {targets[target] for target in records.values_list("target", flat=True)}


def state_of(link: Link, withdrawn: set[int]) -> str:
    if link.used_at:
        return "used"
    if link.is_usable:
        return "open"
    return "withdrawn" if link.pk in withdrawn else "expired"


@admin_only
@require_POST
def invitation_withdraw(request: Request, pk: int) -> HttpResponse:
    link = get_object_or_404(Link, pk=pk, purpose=Link.Purpose.INVITATION)
    if link.is_usable and link.withdraw():
        target, address = f"invitation {pk}", address_of(request)
        audit("invitation withdrawn", target, actor=request.user, address=address)
        messages.success(request, _("The invitation is withdrawn. Its link no longer works."))
    else:
        messages.error(request, _("Too late: the invitation was used or has expired."))
    return redirect("invitations")


class JoinForm(forms.Form):
    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=150,
        help_text=gettext_lazy("Letters, digits and . - + _ without spaces."),
        validators=[UnicodeUsernameValidator()],
        widget=forms.TextInput(
            {"class": "input", "autocomplete": "username", "autocapitalize": "none"}
        ),
    )
    display_name = forms.CharField(
        label=gettext_lazy("Your name, as others see it"),
        max_length=80,
        required=False,
        widget=forms.TextInput({"class": "input", "autocomplete": "name"}),
    )
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        widget=forms.EmailInput({"class": "input", "autocomplete": "email"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=1000,
        help_text=password_validators_help_text_html(),
        widget=forms.PasswordInput({"class": "input", "autocomplete": "new-password"}),
    )

    def __init__(self, *args: object, link: Link, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if link.email:
            self.fields["email"].disabled = True
            self.fields["email"].initial = link.email

    def clean_username(self) -> str:
        username = str(self.cleaned_data["username"])
        if "@" in username:  # it would be taken for somebody's e-mail address when signing in
            raise ValidationError(_("A user name can’t contain an @."))
        if Person.objects.filter(username__iexact=username).exists():
            raise ValidationError(_("This name is taken."))
        return username

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if Person.objects.filter(email__iexact=email).exists():
            raise ValidationError(_("Somebody with this address is in the team already."))
        return email

    def clean(self) -> dict[str, object]:
        data = self.cleaned_data
        likely = ("username", "display_name", "email")
        person = Person(**{name: data.get(name, "") for name in likely})
        try:
            validate_password(data.get("password", ""), person)
        except ValidationError as error:
            if data.get("password"):
                self.add_error("password", error)
        return data


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    usable = Link.objects.usable(token, Link.Purpose.INVITATION, timezone.now())
    link = usable.select_related("created_by").first()
    if link is None or request.user.is_authenticated:
        return unusable(request)
    form = JoinForm(sent(request), link=link)
    if request.method == "POST" and form.is_valid():
        try:
            person = join(link, form)
        except LinkUsed:
            return unusable(request)
        if person is not None:
            enter(request, person, by="invitation")
            messages.success(request, _("Welcome, %(name)s.") % {"name": person.name})
            return redirect(settings.LOGIN_REDIRECT_URL)
    context = {"form": form, "link": link}
    return render(request, "people/join.html", context, status=422 if form.is_bound else 200)


def unusable(request: HttpRequest) -> HttpResponse:
    return render(request, "errors/link.html", {"purpose": "invitation"}, status=404)


class LinkUsed(Exception):
    """Somebody was faster: nothing of the new person may stay."""


def join(link: Link, form: JoinForm) -> Person | None:
    """The new person, or None if the name has just been taken; raises LinkUsed."""
    try:
        with transaction.atomic():
            person = Person.objects.create_user(role=link.role, **form.cleaned_data)
            if not link.use(person=person):
                raise LinkUsed
            audit("joined", f"person {person.pk}", actor=person, invitation=link.pk, role=link.role)
            return person
    except IntegrityError:
        form.add_error("username", _("This name or address has just been taken."))
        return None
