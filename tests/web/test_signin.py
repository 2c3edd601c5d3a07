from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from editor.models import AuditEntry, Link, Person
from editor.web import signin

PASSWORD = "a long password"


def sign_in(client: Client, name: str, password: str = PASSWORD, **more: str) -> Any:
    return client.post(reverse("signin"), {"username": name, "password": password, **more})


def who(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


@pytest.mark.parametrize(
    "name", ["alice", "ALICE", " Alice ", "alice@example.org", "Alice@Example.ORG"]
)
def test_name_or_email_in_any_case_signs_in(client: Client, alice: Person, name: str) -> None:
    response = sign_in(client, name)
    assert response.status_code == 302
    assert response["Location"] == reverse("gallery")
    assert who(client) == str(alice.pk)


def test_wrong_password_says_so_without_telling_which_names_exist(
    client: Client, alice: Person
) -> None:
    known = sign_in(client, "alice", "wrong").content.decode()
    unknown = sign_in(client, "nobody", "wrong").content.decode()
    assert who(client) is None
    sentence = "This name and password don’t belong together."
    assert sentence in known
    assert sentence in unknown


def test_unknown_name_costs_one_password_hash_like_a_known_one(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    backend = signin.NameOrEmailBackend()
    assert backend.authenticate(None, "alice", "wrong") is None
    for_known = len(hashed)
    assert backend.authenticate(None, "nobody", "wrong") is None
    assert (for_known, len(hashed) - for_known) == (1, 1)


def test_username_wins_over_the_same_text_as_anothers_email(make_person: Any) -> None:
    make_person("carol")
    Person.objects.filter(username="carol").update(email="twin@example.org")
    twin = make_person("twin@example.org")
    Person.objects.filter(pk=twin.pk).update(email="")
    assert signin.person_named("TWIN@example.org") == twin


def test_empty_email_matches_nobody(make_person: Any) -> None:
    Person.objects.filter(pk=make_person("carol").pk).update(email="")
    assert signin.NameOrEmailBackend().authenticate(None, "", PASSWORD) is None


def test_deactivated_person_can_not_sign_in(client: Client, alice: Person) -> None:
    Person.objects.filter(pk=alice.pk).update(is_active=False)
    assert sign_in(client, "alice").status_code == 422
    assert who(client) is None


def test_deactivated_person_is_out_at_the_next_request(alice: Person, as_person: Any) -> None:
    client = as_person(alice)
    assert client.get(reverse("settings_profile")).status_code == 200
    Person.objects.filter(pk=alice.pk).update(is_active=False)
    assert client.get(reverse("settings_profile"))["Location"].startswith(reverse("signin"))


def test_ten_wrong_tries_lock_the_name_out_with_a_clear_sentence(
    client: Client, alice: Person
) -> None:
    for number in range(10):
        name = "alice" if number % 2 else "ALICE"  # writing it otherwise gives no more tries
        last = sign_in(client, name, "wrong")
    assert last.status_code == 429
    assert "Wait ten minutes" in last.content.decode()
    assert last["Retry-After"] == "600"
    right = sign_in(client, "alice")
    assert right.status_code == 429
    assert who(client) is None


def test_right_password_clears_the_count_of_wrong_ones(client: Client, alice: Person) -> None:
    for _ in range(9):
        sign_in(client, "alice", "wrong")
    assert sign_in(client, "alice").status_code == 302
    client.post(reverse("signout"))
    assert sign_in(client, "alice", "wrong").status_code == 422


def test_sign_in_goes_on_to_the_page_that_was_wanted(client: Client, alice: Person) -> None:
    page = client.get(reverse("settings_profile"))
    assert page["Location"] == "/signin?next=/settings/"
    assert 'name="next" value="/settings/"' in client.get(page["Location"]).content.decode()
    assert sign_in(client, "alice", next="/settings/")["Location"] == "/settings/"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:///evil.example",
    ],
)
def test_sign_in_never_goes_on_to_another_site(
    client: Client, alice: Person, elsewhere: str
) -> None:
    assert sign_in(client, "alice", next=elsewhere)["Location"] == reverse("gallery")
    again = client.get(reverse("signin"), {"next": elsewhere})  # signed in already
    assert again["Location"] == reverse("gallery")


def test_sign_in_is_on_record_with_its_address(client: Client, alice: Person) -> None:
    sign_in(client, "alice")
    record = AuditEntry.objects.get(act="signed in")
    assert (record.actor, record.address, record.detail) == (alice, "127.0.0.1", {"by": "password"})


def test_sign_out_needs_a_post_and_ends_the_session(alice: Person, as_person: Any) -> None:
    client = as_person(alice)
    assert client.get(reverse("signout")).status_code == 405
    assert who(client) == str(alice.pk)
    assert client.post(reverse("signout"))["Location"] == reverse("signin")
    assert who(client) is None


def test_sign_in_refuses_a_form_without_its_token(alice: Person) -> None:
    client = Client(enforce_csrf_checks=True)
    response = sign_in(client, "alice")
    assert response.status_code == 403
    assert "This form was too old" in response.content.decode()
    assert who(client) is None


def test_looking_at_a_sign_in_link_does_not_use_it_up(client: Client, alice: Person) -> None:
    address = reverse("signin_link", args=[Link.sign_in(alice)])
    for _ in range(2):
        assert "Hello, Alice" in client.get(address).content.decode()
    assert who(client) is None
    assert Link.objects.get().used_at is None


def test_sign_in_link_works_once(client: Client, alice: Person) -> None:
    address = reverse("signin_link", args=[Link.sign_in(alice)])
    assert client.post(address)["Location"] == reverse("settings_password")
    assert who(client) == str(alice.pk)
    stranger = Client()
    second = stranger.post(address)
    assert second.status_code == 404
    assert "This link can’t be used" in second.content.decode()
    assert who(stranger) is None


def test_link_used_by_somebody_faster_signs_nobody_else_in(
    client: Client, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = reverse("signin_link", args=[Link.sign_in(alice)])
    monkeypatch.setattr(Link, "use", lambda self: False)
    assert client.post(address).status_code == 404
    assert who(client) is None


@pytest.mark.parametrize("spoil", ["expired", "deactivated", "invitation", "made up"])
def test_sign_in_link_that_is_no_good_is_not_found(
    client: Client, alice: Person, adam: Person, spoil: str
) -> None:
    token = Link.sign_in(alice)
    if spoil == "expired":
        Link.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    if spoil == "deactivated":
        Person.objects.filter(pk=alice.pk).update(is_active=False)
    if spoil == "invitation":
        token = Link.invite(by=adam, role="admin")[1]
    if spoil == "made up":
        token = "x" * 43
    response = client.post(reverse("signin_link", args=[token]))
    assert response.status_code == 404
    assert "Ask an administrator for a new one" in response.content.decode()
    assert who(client) is None


def test_fragment_asked_for_without_a_session_moves_the_page_to_sign_in(
    client: Client, db: None
) -> None:
    response = client.get(
        reverse("settings_profile"),
        headers={
            "HX-Request": "true",
            "HX-Current-URL": "http://testserver/review/?state=approved",
        },
    )
    assert response["HX-Redirect"] == "/signin?next=/review/%3Fstate%3Dapproved"
    assert response.content == b""


# --- in place, for a page whose session has ended -----------------------------------------------

IN_PLACE = {"Accept": "application/json"}


def test_signing_in_in_place_gives_the_token_that_forms_need_from_now_on(alice: Person) -> None:
    client = Client(enforce_csrf_checks=True)
    before = client.get(reverse("signin"), headers=IN_PLACE).json()
    assert before["person"] is None
    sent = {"username": "alice", "password": PASSWORD, "person": str(alice.pk)}
    headers = {**IN_PLACE, "X-CSRFToken": before["csrf"]}
    answer = client.post(reverse("signin"), sent, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["person"] == {"id": alice.pk, "name": "Alice"}
    assert who(client) == str(alice.pk)
    assert client.post(reverse("signout"), headers={"X-CSRFToken": "x" * 64}).status_code == 403
    headers = {"X-CSRFToken": answer.json()["csrf"]}
    assert client.post(reverse("signout"), headers=headers).status_code == 302


def test_a_wrong_password_in_place_is_said_and_signs_nobody_in(
    client: Client, alice: Person
) -> None:
    sent = {"username": "alice", "password": "wrong", "person": str(alice.pk)}
    answer = client.post(reverse("signin"), sent, headers=IN_PLACE)
    assert answer.status_code == 422
    assert "don’t belong together" in answer.json()["errors"][""][0]
    missing = client.post(reverse("signin"), {"username": "alice"}, headers=IN_PLACE)
    assert (missing.status_code, list(missing.json()["errors"])) == (422, ["password"])
    assert who(client) is None


def test_another_person_is_refused_on_a_page_that_holds_somebodys_work(
    client: Client, alice: Person, bob: Person
) -> None:
    sent = {"username": "bob", "password": PASSWORD, "person": str(alice.pk)}
    answer = client.post(reverse("signin"), sent, headers=IN_PLACE)
    assert answer.status_code == 422
    assert "another person’s work" in answer.json()["errors"][""][0]
    assert who(client) is None


def test_who_is_signed_in_meanwhile_is_told_and_can_be_followed_by_the_pages_person(
    client: Client, alice: Person, bob: Person
) -> None:
    sign_in(client, "bob")
    told = client.get(reverse("signin"), headers=IN_PLACE).json()
    assert told["person"] == {"id": bob.pk, "name": "Bob"}
    sent = {"username": "alice", "password": PASSWORD, "person": str(alice.pk)}
    assert client.post(reverse("signin"), sent, headers=IN_PLACE).status_code == 200
    assert who(client) == str(alice.pk)


def test_too_many_guesses_in_place_are_refused_in_words(client: Client, alice: Person) -> None:
    sent = {"username": "alice", "password": "wrong"}
    answers = [client.post(reverse("signin"), sent, headers=IN_PLACE) for _ in range(11)]
    assert answers[-1].status_code == 429
    assert "Wait ten minutes" in answers[-1].json()["errors"][""][0]
    assert answers[-1]["Retry-After"] == "600"
