"""Who is in the team, and what each may do. For administrators."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from editor.models import Link, Person, Role, audit
from editor.web.access import Request, admin_only
from editor.web.signin import address_of


class LastAdmin(Exception):
    """Nobody would be left who could administer."""


@admin_only
@require_safe
def people(request: Request) -> HttpResponse:
    return people_page(request)


def people_page(request: Request, **more: object) -> HttpResponse:
    everybody = Person.objects.order_by("-is_active", "username")
    context = {"people": everybody, "roles": Role.choices, **more}
    return render(request, "people/people.html", context)


@admin_only
@require_POST
def person_role(request: Request, pk: int) -> HttpResponse:
    person = get_object_or_404(Person, pk=pk)
    role = request.POST.get("role", "")
    if role not in Role.values:
        messages.error(request, _("There is no such role."))
    else:
        change(request, person, role=role)
    return redirect("people")


@admin_only
@require_POST
def person_active(request: Request, pk: int) -> HttpResponse:
    person = get_object_or_404(Person, pk=pk)
    change(request, person, is_active=request.POST.get("active") == "yes")
    return redirect("people")


def change(request: Request, person: Person, **fields: object) -> None:
    try:
        change_person(person, by=request.user, address=address_of(request), **fields)
    except LastAdmin:
        messages.error(
            request, _("Somebody must stay administrator. Make another person one first.")
        )
    else:
        messages.success(request, _("%(name)s: saved.") % {"name": person.name})


def change_person(
    person: Person, *, by: Person | None, address: str | None = None, **fields: object
) -> None:
    """Set role or is_active and put it on record; raises LastAdmin if no active admin would be left."""
    with transaction.atomic():
        admins = Person.objects.select_for_update().filter(role=Role.ADMIN, is_active=True)
        others = [admin.pk for admin in admins if admin.pk != person.pk]
        person.refresh_from_db()
        before = {name: getattr(person, name) for name in fields}
        for name, value in fields.items():
            setattr(person, name, value)
        if not others and not person.is_admin:
            raise LastAdmin
        person.save()
        if before != fields:
            target = f"person {person.pk}"
            audit("person changed", target, actor=by, address=address, before=before, after=fields)


@never_cache
@admin_only
@require_POST
def person_link(request: Request, pk: int) -> HttpResponse:
    """A link that signs the person in once: the way back for who forgot the password."""
    person = get_object_or_404(Person, pk=pk, is_active=True)
    token = Link.sign_in(person)
    audit("sign-in link made", f"person {pk}", actor=request.user, address=address_of(request))
    address = request.build_absolute_uri(reverse("signin_link", args=[token]))
    return people_page(request, link=address, link_for=person)
