import re
from typing import Any

import pytest
from django.urls import reverse

from editor.models import AuditEntry, Person, Token


def make(client: Any, name: str = "nightly", **headers: str) -> Any:
    return client.post(reverse("token_make"), {"name": name}, headers=headers)


def secret_in(page: Any) -> str:
    found = re.search(r'value="(mr-[^"]+)"', page.content.decode())
    assert found
    return found[1]


def test_the_secret_is_shown_once_and_kept_by_nobody(alice: Person, as_person: Any) -> None:
    client = as_person(alice)
    page = make(client)
    secret = secret_in(page)
    token = Token.of(secret)
    assert token is not None and (token.person, token.name) == (alice, "nightly")
    assert "no-store" in page["Cache-Control"]
    again = client.get(reverse("settings_tokens")).content.decode()
    assert secret not in again
    assert f"{token.beginning}…" in again


def test_with_script_only_the_list_is_exchanged(alice: Person, as_person: Any) -> None:
    page = make(as_person(alice), **{"HX-Request": "true"})
    assert page.content.decode().lstrip().startswith('<div id="tokens">')
    assert Token.of(secret_in(page))


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_token_needs_a_name(name: str, alice: Person, as_person: Any) -> None:
    page = make(as_person(alice), name)
    assert page.status_code == 422
    assert 'id="id_name_error"' in page.content.decode()
    assert not Token.objects.exists()


def test_a_revoked_token_works_no_more_and_the_list_says_so(alice: Person, as_person: Any) -> None:
    token, secret = Token.make(alice, "nightly")
    client = as_person(alice)
    page = client.post(reverse("token_revoke", args=[token.pk]), follow=True).content.decode()
    assert Token.of(secret) is None
    assert "“nightly” is revoked" in page
    assert f'action="{reverse("token_revoke", args=[token.pk])}"' not in page
    assert AuditEntry.objects.get(act="token revoked").actor == alice
    second = client.post(reverse("token_revoke", args=[token.pk]), follow=True).content.decode()
    assert "was revoked already" in second


def test_revoking_asks_first(alice: Person, as_person: Any) -> None:
    Token.make(alice, "nightly")
    assert 'data-confirm="Revoke “nightly”?' in (
        as_person(alice).get(reverse("settings_tokens")).content.decode()
    )


def test_another_persons_token_is_neither_seen_nor_revoked(
    alice: Person, bob: Person, as_person: Any
) -> None:
    token, secret = Token.make(alice, "of alice")
    client = as_person(bob)
    assert "of alice" not in client.get(reverse("settings_tokens")).content.decode()
    assert client.post(reverse("token_revoke", args=[token.pk])).status_code == 404
    assert Token.of(secret) == token


def test_an_administrator_sees_and_revokes_everybodys(
    alice: Person, adam: Person, as_person: Any
) -> None:
    token, secret = Token.make(alice, "of alice")
    client = as_person(adam)
    page = client.get(reverse("settings_tokens")).content.decode()
    assert "of alice" in page and token.beginning in page
    client.post(reverse("token_revoke", args=[token.pk]))
    assert Token.of(secret) is None
    assert AuditEntry.objects.get(act="token revoked").actor == adam


def test_a_token_of_who_was_deactivated_works_no_more(alice: Person) -> None:
    secret = Token.make(alice, "nightly")[1]
    alice.is_active = False
    alice.save()
    assert Token.of(secret) is None
