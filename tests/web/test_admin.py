import re
from typing import Any

import pytest
from django.urls import reverse

from editor.models import (
    AuditEntry,
    Budget,
    Edit,
    Person,
    Result,
    Review,
    Spending,
    Token,
    decide,
)


def address(model: str, act: str, *args: Any) -> str:
    return reverse(f"admin:editor_{model}_{act}", args=args)


@pytest.fixture
def result(photo: Any, make_edit: Any, make_result: Any) -> Result:
    return make_result(make_edit(photo, prompt="Remove the sign"))


def act_on(
    client: Any, act: str, *chosen: Result | Token, model: str = "result", **more: str
) -> str:
    form = {"action": act, "_selected_action": [row.pk for row in chosen], **more}
    return client.post(address(model, "changelist"), form, follow=True).content.decode()


def test_results_are_listed_with_thumbnail_prompt_and_who_decided(
    adam: Person, vera: Person, as_person: Any, result: Result
) -> None:
    decide(result, "rejected", by=vera, reason="Visible seam")
    page = as_person(adam).get(address("result", "changelist")).content.decode()
    assert f'<img src="{reverse("image_thumb_small", args=[result.image_id])}"' in page
    assert "Remove the sign" in page
    assert "Vera: Visible seam" in page


def test_results_are_approved_from_the_list_and_on_record(
    adam: Person, as_person: Any, photo: Any, make_edit: Any, make_result: Any
) -> None:
    results = [make_result(make_edit(photo)) for _ in range(2)]
    assert "2 decisions recorded." in act_on(as_person(adam), "approve", *results)
    assert {result.review for result in Result.objects.all()} == {"approved"}
    assert [review.by for review in Review.objects.all()] == [adam, adam]
    assert AuditEntry.objects.filter(act="result approved", actor=adam).count() == 2


def test_rejecting_from_the_list_needs_a_reason(
    adam: Person, as_person: Any, result: Result
) -> None:
    client = as_person(adam)
    assert "Give the reason" in act_on(client, "reject", result, reason="  ")
    result.refresh_from_db()
    assert result.review == "pending"
    act_on(client, "reject", result, reason="Visible seam")
    result.refresh_from_db()
    assert (result.review, Review.objects.get().reason) == ("rejected", "Visible seam")


def test_what_is_decided_so_already_gets_no_second_record(
    adam: Person, vera: Person, as_person: Any, result: Result
) -> None:
    decide(result, "approved", by=vera)
    assert "0 decisions recorded." in act_on(as_person(adam), "approve", result)
    assert Review.objects.count() == 1


def test_edit_shows_its_attempts_and_nothing_to_type_into(
    adam: Person, as_person: Any, result: Result
) -> None:
    page = as_person(adam).get(address("edit", "change", result.edit_id)).content.decode()
    assert "req_test" in page
    assert "Remove the sign" in page
    form = page[page.index('id="edit_form"') :]
    assert not re.search(r'<(input type="text"|textarea|select)', form)


def test_posting_to_an_edit_changes_nothing(adam: Person, as_person: Any, result: Result) -> None:
    change = address("edit", "change", result.edit_id)
    response = as_person(adam).post(change, {"prompt": "Something else", "status": "failed"})
    assert response.status_code == 403
    edit = Edit.objects.get(pk=result.edit_id)
    assert (edit.prompt, edit.status) == ("Remove the sign", "succeeded")


@pytest.mark.parametrize("model", ["auditentry", "ledgerentry"])
@pytest.mark.parametrize("act", ["change", "delete"])
def test_records_can_not_be_changed_by_anybody(
    adam: Person, as_person: Any, result: Result, model: str, act: str
) -> None:
    decide(result, "approved", by=adam)
    rows = {"auditentry": AuditEntry, "ledgerentry": result.edit.ledger.model}[model].objects
    before = list(rows.order_by("pk").values())
    assert before
    response = as_person(adam).post(
        address(model, act, before[0]["id"]), {"act": "nothing", "post": "yes", "month": "1999-01"}
    )
    assert response.status_code == 403
    assert list(rows.order_by("pk").values())[: len(before)] == before


def test_records_offer_no_action_to_delete(adam: Person, as_person: Any, result: Result) -> None:
    client = as_person(adam)
    for model in ("auditentry", "ledgerentry", "result", "edit", "person", "budget"):
        assert "delete_selected" not in client.get(address(model, "changelist")).content.decode()


def test_spending_is_stopped_and_allowed_again_and_on_record(adam: Person, as_person: Any) -> None:
    client = as_person(adam)
    assert "Stop all spending" in client.get(address("spending", "changelist")).content.decode()
    client.post(address("spending", "stop"))
    assert Spending.load().stopped
    page = client.get(address("spending", "changelist")).content.decode()
    assert "All spending is stopped" in page
    client.post(address("spending", "allow"))
    assert not Spending.load().stopped
    acts = AuditEntry.objects.order_by("pk").values_list("act", "actor")
    assert list(acts) == [("spending stopped", adam.pk), ("spending allowed", adam.pk)]


def test_stopped_spending_is_said_on_every_page_and_only_admins_get_the_switch(
    adam: Person, alice: Person, as_person: Any
) -> None:
    Spending.switch(stopped=True, by=adam)
    for person, has_switch in ((alice, False), (adam, True)):
        page = as_person(person).get(reverse("gallery")).content.decode()
        assert "Spending is stopped." in page
        assert (address("spending", "changelist") in page) is has_switch


def test_circuit_tells_why_it_opened_and_is_closed_by_an_admin(
    adam: Person, alice: Person, as_person: Any
) -> None:
    Spending.open_circuit("insufficient_quota", "You have no credit left.")
    assert "You have no credit left." in as_person(alice).get(reverse("gallery")).content.decode()
    client = as_person(adam)
    page = client.get(address("spending", "changelist")).content.decode()
    assert "insufficient_quota" in page
    client.post(address("spending", "close_circuit"))
    assert Spending.load().circuit == ""
    assert AuditEntry.objects.get(act="circuit closed").actor == adam
    after = as_person(alice).get(reverse("gallery")).content.decode()
    assert "You have no credit left." not in after


@pytest.mark.parametrize("act", ["stop", "allow", "close_circuit"])
def test_switches_need_a_post(adam: Person, as_person: Any, act: str) -> None:
    Spending.switch(stopped=act == "allow", by=adam)
    Spending.open_circuit("http_401", "Bad key.")
    before = Spending.objects.values().get()
    assert as_person(adam).get(address("spending", act)).status_code == 405
    assert Spending.objects.values().get() == before


def test_cap_is_set_in_dollars_and_leaves_held_and_spent_alone(
    adam: Person, as_person: Any, result: Result
) -> None:
    budget = Budget.objects.get()
    form = {"cap_usd": "12.5", "spent_microusd": "0", "held_microusd": "0"}
    client = as_person(adam)
    client.get(address("budget", "change", budget.pk))
    Budget.objects.update(held_microusd=777)  # an edit is submitted while the page is open
    client.post(address("budget", "change", budget.pk), form)
    after = Budget.objects.get()
    assert (after.cap_microusd, after.held_microusd) == (12_500_000, 777)
    assert after.spent_microusd == budget.spent_microusd > 0
    assert AuditEntry.objects.get(act="budget changed").detail["after"] == 12_500_000


def test_empty_cap_means_no_cap(adam: Person, as_person: Any, result: Result) -> None:
    Budget.objects.update(cap_microusd=5)
    address_of = address("budget", "change", Budget.objects.get().pk)
    as_person(adam).post(address_of, {"cap_usd": ""})
    assert Budget.objects.get().cap_microusd is None


def test_person_is_renamed_but_not_promoted_in_the_back_office(
    adam: Person, alice: Person, as_person: Any
) -> None:
    form = {
        "username": "alice", "display_name": "Alice Liddell", "email": "alice@example.org",
        "theme": "dark", "role": "admin", "is_superuser": "on", "is_active": "", "password": "x",
    }  # fmt: skip
    as_person(adam).post(address("person", "change", alice.pk), form)
    before = alice.password
    alice.refresh_from_db()
    assert (alice.display_name, alice.theme) == ("Alice Liddell", "dark")
    assert (alice.role, alice.is_superuser, alice.is_active) == ("member", False, True)
    assert alice.password == before
    assert AuditEntry.objects.get(act="person changed").detail == {
        "fields": ["display_name", "theme"]
    }


def test_an_administrator_revokes_a_members_token_and_never_sees_its_secret(
    adam: Person, alice: Person, as_person: Any
) -> None:
    token, secret = Token.make(alice, "nightly")
    client = as_person(adam)
    assert secret not in client.get(address("token", "change", token.pk)).content.decode()
    assert "1 token revoked." in act_on(client, "revoke", token, model="token")
    assert Token.of(secret) is None
    assert AuditEntry.objects.get(act="token revoked").actor == adam


def test_back_office_has_no_second_sign_in(client: Any, adam: Person) -> None:
    form = {"username": "adam", "password": "a long password"}
    response = client.post(reverse("admin:login"), form)
    assert response["Location"].startswith(reverse("signin"))
    assert "_auth_user_id" not in client.session


def test_signing_out_of_the_back_office_signs_out_of_all(adam: Person, as_person: Any) -> None:
    client = as_person(adam)
    assert client.post(reverse("admin:logout"))["Location"] == reverse("signin")
    assert "_auth_user_id" not in client.session


def test_back_office_offers_what_is_ours_and_no_groups(adam: Person, as_person: Any) -> None:
    page = as_person(adam).get(reverse("admin:index")).content.decode()
    listed = set(re.findall(r'href="/admin/(\w+/\w+)/"', page))
    names = (
        "auditentry", "budget", "call", "edit", "ledgerentry", "listing", "person", "result",
        "spending", "token",
    )  # fmt: skip
    assert listed == {f"editor/{name}" for name in names}
