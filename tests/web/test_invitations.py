import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from editor.models import AuditEntry, Link, Person
from editor.models.people import digest_of

GOOD = {
    "username": "carol",
    "display_name": "Carol",
    "email": "carol@example.org",
    "password": "correct horse battery",
}


def join(client: Client, token: str, **other: str) -> Any:
    return client.post(reverse("invitation", args=[token]), {**GOOD, **other})


def invited(adam: Person, **how: Any) -> str:
    return Link.invite(by=adam, **{"role": "member", **how})[1]


def test_admin_makes_a_link_that_is_shown_once_and_not_stored(adam: Person, as_person: Any) -> None:
    client = as_person(adam)
    page = client.post(reverse("invitations"), {"role": "reviewer", "email": "Carol@Example.org"})
    token = re.search(r'value="http://testserver/join/([^/"]+)/"', page.content.decode())
    assert token
    link = Link.objects.get()
    assert (link.role, link.email, link.created_by) == ("reviewer", "carol@example.org", adam)
    assert link.digest == digest_of(token[1])
    assert token[1] not in client.get(reverse("invitations")).content.decode()
    assert AuditEntry.objects.get(act="invitation made").detail == {
        "role": "reviewer",
        "email": "carol@example.org",
    }


def test_htmx_gets_the_list_alone(adam: Person, as_person: Any) -> None:
    page = as_person(adam).get(reverse("invitations"), headers={"HX-Request": "true"})
    assert "<html" not in page.content.decode()
    assert 'id="invitations"' in page.content.decode()


def test_invited_person_joins_with_the_role_of_the_invitation(client: Client, adam: Person) -> None:
    response = join(client, invited(adam, role="reviewer"))
    assert response["Location"] == reverse("gallery")
    carol = Person.objects.get(username="carol")
    assert (carol.role, carol.display_name, carol.email) == (
        "reviewer",
        "Carol",
        "carol@example.org",
    )
    assert carol.check_password("correct horse battery")
    assert client.session["_auth_user_id"] == str(carol.pk)
    assert Link.objects.get().person == carol


def test_role_can_not_be_chosen_by_who_joins(client: Client, adam: Person) -> None:
    join(client, invited(adam), role="admin", is_superuser="1")
    carol = Person.objects.get(username="carol")
    assert (carol.role, carol.is_superuser, carol.is_staff) == ("member", False, False)


def test_address_of_the_invitation_can_not_be_changed(client: Client, adam: Person) -> None:
    join(client, invited(adam, email="meant@example.org"), email="other@example.org")
    assert Person.objects.get(username="carol").email == "meant@example.org"


@pytest.mark.parametrize("spoil", ["used", "expired", "withdrawn", "made up", "sign-in link"])
def test_invitation_that_is_no_good_is_not_found_and_says_what_to_do(
    client: Client, adam: Person, spoil: str
) -> None:
    token = invited(adam)
    if spoil == "used":
        assert join(Client(), token, username="first", email="first@example.org").status_code == 302
    if spoil == "expired":
        Link.objects.update(expires_at=timezone.now())
    if spoil == "withdrawn":
        Link.objects.get().withdraw()
    if spoil == "made up":
        token = "x" * 43
    if spoil == "sign-in link":
        token = Link.sign_in(adam)
    for response in (client.get(reverse("invitation", args=[token])), join(client, token)):
        assert response.status_code == 404
        assert "ask the person who invited you for a new one" in response.content.decode()
    assert not Person.objects.filter(username="carol").exists()


def test_invitation_is_not_for_who_is_signed_in_already(
    adam: Person, alice: Person, as_person: Any
) -> None:
    token = invited(adam)
    response = as_person(alice).get(reverse("invitation", args=[token]))
    assert response.status_code == 404
    assert "You are signed in as Alice" in response.content.decode()
    assert Link.objects.get().is_usable


def test_of_two_who_use_one_link_at_once_only_the_first_comes_in(
    client: Client, adam: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = invited(adam)
    use = Link.use

    def after_somebody_else(self: Link, **how: Any) -> bool:
        Link.objects.update(used_at=timezone.now())
        return use(self, **how)

    monkeypatch.setattr(Link, "use", after_somebody_else)
    assert join(client, token).status_code == 404
    assert not Person.objects.filter(username="carol").exists()
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"username": "ALICE"}, "This name is taken."),
        ({"username": "a@b"}, "A user name can’t contain an @."),
        ({"username": "two words"}, "Enter a valid username."),
        ({"email": "ALICE@example.org"}, "Somebody with this address is in the team already."),
        ({"password": "short"}, "This password is too short."),
        ({"password": "carol@example.org"}, "The password is too similar to the email address."),
        ({"password": "1234567890123"}, "This password is entirely numeric."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_the_link_stays_good(
    client: Client, adam: Person, alice: Person, wrong: dict[str, str], sentence: str
) -> None:
    response = join(client, invited(adam), **wrong)
    page = response.content.decode()
    field = next(iter(wrong))
    assert response.status_code == 422
    errors = re.search(rf'<ul class="error" id="id_{field}_error">(.*?)</ul>', page, re.DOTALL)
    assert errors
    assert sentence in errors[1]
    assert Link.objects.get().is_usable
    assert GOOD["password"] not in page


def test_withdrawn_invitation_no_longer_works_and_is_listed_so(
    client: Client, adam: Person, as_person: Any
) -> None:
    token, admin = invited(adam), as_person(adam)
    link = Link.objects.get()
    assert "Open," in admin.get(reverse("invitations")).content.decode()
    page = admin.post(reverse("invitation_withdraw", args=[link.pk]), follow=True).content.decode()
    assert "Withdrawn" in page
    assert client.get(reverse("invitation", args=[token])).status_code == 404


def test_list_tells_used_from_expired(client: Client, adam: Person, as_person: Any) -> None:
    join(client, invited(adam))
    Link.invite(by=adam, role="member", lasts=timedelta(seconds=-1))
    page = as_person(adam).get(reverse("invitations")).content.decode()
    assert "Used by Carol" in page
    assert "Expired" in page


def test_used_invitation_can_not_be_withdrawn(client: Client, adam: Person, as_person: Any) -> None:
    join(client, invited(adam))
    address = reverse("invitation_withdraw", args=[Link.objects.get().pk])
    page = as_person(adam).post(address, follow=True).content.decode()
    assert "Too late" in page
    assert not AuditEntry.objects.filter(act="invitation withdrawn").exists()


def test_nobody_is_invited_twice_to_the_same_address(
    adam: Person, alice: Person, as_person: Any
) -> None:
    form = {"role": "member", "email": "alice@example.org"}
    response = as_person(adam).post(reverse("invitations"), form)
    assert response.status_code == 422
    assert not Link.objects.exists()
