import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from editor.models import AuditEntry, Person
from editor.web.people import LastAdmin, change_person


def set_role(client: Client, person: Person, role: str) -> Any:
    return client.post(reverse("person_role", args=[person.pk]), {"role": role}, follow=True)


def set_active(client: Client, person: Person, active: str) -> Any:
    return client.post(reverse("person_active", args=[person.pk]), {"active": active}, follow=True)


def test_admin_sees_everybody_with_role(
    adam: Person, alice: Person, vera: Person, as_person: Any
) -> None:
    page = as_person(adam).get(reverse("people")).content.decode()
    for person in (adam, alice, vera):
        assert person.email in page
    selected = re.findall(r'aria-label="Role of (\w+)".*?value="(\w+)" selected', page, re.DOTALL)
    assert dict(selected) == {"Adam": "admin", "Alice": "member", "Vera": "reviewer"}


def test_admin_changes_a_role_and_it_is_on_record(
    adam: Person, alice: Person, as_person: Any
) -> None:
    set_role(as_person(adam), alice, "reviewer")
    alice.refresh_from_db()
    assert alice.may_review
    record = AuditEntry.objects.get(act="person changed")
    assert (record.actor, record.target) == (adam, f"person {alice.pk}")
    assert record.detail == {"before": {"role": "member"}, "after": {"role": "reviewer"}}


def test_role_that_does_not_exist_changes_nothing(
    adam: Person, alice: Person, as_person: Any
) -> None:
    page = set_role(as_person(adam), alice, "owner")
    alice.refresh_from_db()
    assert alice.role == "member"
    assert "There is no such role." in page.content.decode()


def test_new_admin_reaches_the_back_office_and_a_demoted_one_no_longer(
    adam: Person, alice: Person, as_person: Any
) -> None:
    set_role(as_person(adam), alice, "admin")
    client = as_person(alice)
    assert client.get(reverse("admin:index")).status_code == 200
    set_role(as_person(adam), alice, "member")
    assert client.get(reverse("admin:index")).status_code == 403


def test_deactivating_ends_sessions_and_activating_lets_back_in(
    adam: Person, alice: Person, as_person: Any
) -> None:
    client, admin = as_person(alice), as_person(adam)
    set_active(admin, alice, "no")
    assert client.get(reverse("settings_profile")).status_code == 302
    set_active(admin, alice, "yes")
    assert as_person(alice).get(reverse("settings_profile")).status_code == 200


def test_last_admin_can_not_be_demoted_or_deactivated(adam: Person, as_person: Any) -> None:
    client = as_person(adam)
    for page in (set_role(client, adam, "member"), set_active(client, adam, "no")):
        assert "Somebody must stay administrator." in page.content.decode()
        adam.refresh_from_db()
        assert adam.is_admin
    assert not AuditEntry.objects.filter(act="person changed").exists()


def test_deactivated_admin_does_not_count_as_one_who_stays(adam: Person, make_person: Any) -> None:
    other = make_person("eve", "admin")
    change_person(other, by=adam, is_active=False)
    with pytest.raises(LastAdmin):
        change_person(adam, by=adam, role="member")
    adam.refresh_from_db()
    assert adam.is_admin


def test_admin_can_step_down_while_another_stays(
    adam: Person, make_person: Any, as_person: Any
) -> None:
    make_person("eve", "admin")
    response = as_person(adam).post(reverse("person_role", args=[adam.pk]), {"role": "member"})
    assert response.status_code == 302
    adam.refresh_from_db()
    assert (adam.role, adam.is_superuser) == ("member", False)


def test_sign_in_link_made_by_an_admin_lets_the_person_in(
    adam: Person, alice: Person, as_person: Any, client: Client
) -> None:
    page = as_person(adam).post(reverse("person_link", args=[alice.pk])).content.decode()
    address = re.search(r'value="(http://testserver/enter/[^"]+)"', page)
    assert address
    client.post(address[1])
    assert client.session["_auth_user_id"] == str(alice.pk)
    assert AuditEntry.objects.get(act="sign-in link made").actor == adam


def test_no_sign_in_link_for_a_deactivated_person(
    adam: Person, alice: Person, as_person: Any
) -> None:
    change_person(alice, by=adam, is_active=False)
    assert as_person(adam).post(reverse("person_link", args=[alice.pk])).status_code == 404
    assert not alice.links.exists()


def test_names_are_shown_as_text_never_as_markup(
    adam: Person, alice: Person, as_person: Any
) -> None:
    Person.objects.filter(pk=alice.pk).update(display_name="<img src=x onerror=alert(1)>")
    page = as_person(adam).get(reverse("people")).content.decode()
    assert "<img src=x" not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 3
