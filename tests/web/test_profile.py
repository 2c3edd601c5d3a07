from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from editor.models import AuditEntry, Link, Person

OLD, NEW = "a long password", "quite another one 77"


def change_password(client: Client, **fields: str) -> Any:
    form = {"old_password": OLD, "new_password1": NEW, "new_password2": NEW, **fields}
    return client.post(reverse("settings_password"), form)


def test_display_name_and_theme_are_kept_on_the_server(alice: Person, as_person: Any) -> None:
    client = as_person(alice)
    client.post(reverse("settings_profile"), {"display_name": "Alice B.", "theme": "dark"})
    alice.refresh_from_db()
    assert (alice.display_name, alice.theme) == ("Alice B.", "dark")
    elsewhere = as_person(alice).get(reverse("settings_profile")).content.decode()
    assert '<html lang="en" data-theme="dark">' in elsewhere
    assert "Alice B." in elsewhere


def test_profile_form_changes_nothing_else(alice: Person, as_person: Any) -> None:
    form = {
        "display_name": "A",
        "theme": "light",
        "role": "admin",
        "username": "root",
        "is_staff": "1",
    }
    as_person(alice).post(reverse("settings_profile"), form)
    alice.refresh_from_db()
    assert (alice.role, alice.username, alice.is_staff) == ("member", "alice", False)


def test_unknown_theme_is_refused_and_the_header_keeps_the_stored_name(
    alice: Person, as_person: Any
) -> None:
    form = {"display_name": "Typed", "theme": "sepia"}
    response = as_person(alice).post(reverse("settings_profile"), form)
    page = response.content.decode()
    assert response.status_code == 422
    assert "sepia is not one of the available choices" in page
    assert 'aria-label="Alice, menu"' in page
    alice.refresh_from_db()
    assert alice.theme == "system"


def test_password_change_keeps_this_session_and_ends_the_others(
    alice: Person, as_person: Any
) -> None:
    here, elsewhere = as_person(alice), as_person(alice)
    assert change_password(here)["Location"] == reverse("settings_profile")
    assert here.get(reverse("settings_profile")).status_code == 200
    assert elsewhere.get(reverse("settings_profile")).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert AuditEntry.objects.get(act="password changed").actor == alice


@pytest.mark.parametrize(
    "wrong",
    [
        {"old_password": "wrong"},
        {"new_password2": "something else entirely"},
        {"new_password1": "short", "new_password2": "short"},
    ],
)
def test_wrong_or_weak_password_changes_nothing(
    alice: Person, as_person: Any, wrong: dict[str, str]
) -> None:
    assert change_password(as_person(alice), **wrong).status_code == 422
    alice.refresh_from_db()
    assert alice.check_password(OLD)


def test_who_came_by_a_link_sets_a_password_without_the_old_one(
    client: Client, alice: Person
) -> None:
    client.post(reverse("signin_link", args=[Link.sign_in(alice)]))
    assert "old_password" not in client.get(reverse("settings_password")).content.decode()
    client.post(reverse("settings_password"), {"new_password1": NEW, "new_password2": NEW})
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert "old_password" in client.get(reverse("settings_password")).content.decode()


def test_old_password_is_asked_for_again_a_while_after_the_link(
    client: Client, alice: Person
) -> None:
    client.post(reverse("signin_link", args=[Link.sign_in(alice)]))
    session = client.session
    session["came_by_link_until"] -= 16 * 60
    session.save()
    response = client.post(
        reverse("settings_password"), {"new_password1": NEW, "new_password2": NEW}
    )
    assert response.status_code == 422
    alice.refresh_from_db()
    assert alice.check_password(OLD)


def test_old_password_is_always_asked_for_without_a_link(alice: Person, as_person: Any) -> None:
    response = as_person(alice).post(
        reverse("settings_password"), {"new_password1": NEW, "new_password2": NEW}
    )
    assert response.status_code == 422
