import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from editor.models import AuditEntry, Person, Result, Review, decide

HTMX = {"HX-Request": "true"}


@pytest.fixture
def results(photo: Any, make_edit: Any, make_result: Any) -> list[Result]:
    return [make_result(make_edit(photo, prompt=f"Wish number {number}")) for number in (1, 2, 3)]


def decision(client: Client, result: Result, what: str, *, headers: Any = None, **more: Any) -> Any:
    form = {"decision": what, "version": result.version, **more}
    return client.post(reverse("review_decide", args=[result.pk]), form, headers=headers)


def state_of(result: Result) -> str:
    return Result.objects.get(pk=result.pk).review


def queue_of(page: str) -> list[str]:
    listed = re.search(r"<ol>(.*?)</ol>", page, re.DOTALL)
    assert listed
    return re.findall(r">(Wish number \d)</a>", listed[1])


def test_queue_shows_what_waits_oldest_first_with_all_it_takes_to_decide(
    vera: Person, as_person: Any, results: list[Result]
) -> None:
    page = as_person(vera).get(reverse("review")).content.decode()
    assert queue_of(page) == ["Wish number 1", "Wish number 2", "Wish number 3"]
    first = results[0]
    for address in (
        reverse("image_preview", args=[first.image_id]),
        reverse("image_preview", args=[first.edit.source_id]),
        reverse("edit_mask", args=[first.edit_id]),
        reverse("edit_show", args=[first.edit_id]),
    ):
        assert address in page
    assert '<p class="quote">Wish number 1</p>' in page
    assert "Identical outside the mask" in page
    assert "1 of 3" in page


def test_approving_is_kept_with_who_and_leads_to_the_next(
    vera: Person, as_person: Any, results: list[Result]
) -> None:
    response = decision(as_person(vera), results[0], "approved")
    assert response["Location"] == reverse("review_show", args=[results[1].pk])
    assert state_of(results[0]) == "approved"
    record = Review.objects.get()
    assert (record.result, record.by, record.decision) == (results[0], vera, "approved")
    audited = AuditEntry.objects.get(act="result approved")
    assert (audited.actor, audited.target) == (vera, f"result {results[0].pk}")


def test_rejecting_keeps_the_reason_and_shows_it(
    vera: Person, as_person: Any, results: list[Result]
) -> None:
    client = as_person(vera)
    decision(client, results[0], "rejected", reason="Visible seam")
    page = client.get(reverse("review_show", args=[results[0].pk])).content.decode()
    assert "Rejected: Visible seam" in re.sub(r"\s+", " ", page)
    assert Review.objects.get().reason == "Visible seam"


def test_own_words_win_over_a_reason_from_the_list(
    vera: Person, as_person: Any, results: list[Result]
) -> None:
    words = "  The   lid is <b>missing</b> "
    client = as_person(vera)
    decision(client, results[0], "rejected", reason="Visible seam", note=words)
    assert Review.objects.get().reason == "The lid is <b>missing</b>"
    page = client.get(reverse("review_show", args=[results[0].pk])).content.decode()
    assert "The lid is &lt;b&gt;missing&lt;/b&gt;" in page


@pytest.mark.parametrize(("note", "kept"), [("a\0b", "ab"), ("x" * 600, "x" * 500)])
def test_reason_is_cut_to_what_the_record_can_keep(
    vera: Person, as_person: Any, results: list[Result], note: str, kept: str
) -> None:
    decision(as_person(vera), results[0], "rejected", note=note)
    assert Review.objects.get().reason == kept


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("rejected", "Say why it is rejected"),
        ("maybe", "Approve it or reject it."),
        ("pending", "There is no decision to take back."),
    ],
)
def test_decision_that_makes_no_sense_is_refused(
    vera: Person, as_person: Any, results: list[Result], what: str, sentence: str
) -> None:
    response = decision(as_person(vera), results[0], what)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert (state_of(results[0]), Review.objects.count()) == ("pending", 0)


def test_second_of_two_reviewers_is_told_and_changes_nothing(
    vera: Person, adam: Person, as_person: Any, results: list[Result]
) -> None:
    seen_by_both = results[0]
    decision(as_person(adam), seen_by_both, "rejected", reason="Visible seam")
    response = decision(as_person(vera), seen_by_both, "approved")
    assert response.status_code == 409
    assert "Not recorded: Adam decided meanwhile (rejected)." in response.content.decode()
    assert (state_of(seen_by_both), Review.objects.count()) == ("rejected", 1)


@pytest.mark.parametrize("version", ["", "one", "-1", "9" * 30])
def test_decision_without_a_good_version_is_not_recorded(
    vera: Person, as_person: Any, results: list[Result], version: str
) -> None:
    address = reverse("review_decide", args=[results[0].pk])
    response = as_person(vera).post(address, {"decision": "approved", "version": version})
    assert response.status_code == 409
    assert state_of(results[0]) == "pending"


def test_decision_taken_back_waits_again_and_both_stay_on_record(
    vera: Person, as_person: Any, results: list[Result]
) -> None:
    client = as_person(vera)
    decision(client, results[0], "approved")
    page = client.get(reverse("review")).content.decode()
    assert "Undo your last decision: Wish number 1" in page
    now = Result.objects.get(pk=results[0].pk)
    response = decision(client, now, "pending")
    assert response["Location"] == reverse("review_show", args=[now.pk])
    assert state_of(now) == "pending"
    assert list(Review.objects.order_by("pk").values_list("decision", flat=True)) == [
        "approved",
        "pending",
    ]
    page = client.get(reverse("review_show", args=[now.pk])).content.decode()
    assert page.index("Took the decision back") < page.index("Approved</p>")


def test_nobody_is_offered_to_undo_what_somebody_else_decided_since(
    vera: Person, adam: Person, as_person: Any, results: list[Result]
) -> None:
    decide(results[0], "approved", by=vera)
    decide(results[0], "rejected", by=adam, reason="Visible seam")
    page = as_person(vera).get(reverse("review")).content.decode()
    assert "Undo your last decision" not in page


def test_many_are_approved_at_once(vera: Person, as_person: Any, results: list[Result]) -> None:
    chosen = [f"{result.pk}:{result.version}" for result in results[:2]]
    form = {"decision": "approved", "result": chosen}
    page = as_person(vera).post(reverse("review_decide_many"), form, follow=True).content.decode()
    assert [state_of(result) for result in results] == ["approved", "approved", "pending"]
    assert "2 results approved." in page
    assert Review.objects.filter(by=vera).count() == 2


def test_many_rejected_at_once_need_a_reason(
    vera: Person, as_person: Any, results: list[Result]
) -> None:
    client, chosen = as_person(vera), [f"{result.pk}:0" for result in results]
    form = {"decision": "rejected", "result": chosen}
    page = client.post(reverse("review_decide_many"), form, follow=True).content.decode()
    assert "Say why it is rejected" in page
    assert {state_of(result) for result in results} == {"pending"}
    client.post(reverse("review_decide_many"), {**form, "reason": "May not be shown"})
    assert {state_of(result) for result in results} == {"rejected"}
    assert {review.reason for review in Review.objects.all()} == {"May not be shown"}


def test_of_many_those_decided_meanwhile_are_left_as_they_are(
    vera: Person, adam: Person, as_person: Any, results: list[Result]
) -> None:
    chosen = [f"{result.pk}:{result.version}" for result in results]
    decide(results[1], "rejected", by=adam, reason="Visible seam")
    form = {"decision": "approved", "result": chosen}
    page = as_person(vera).post(reverse("review_decide_many"), form, follow=True).content.decode()
    assert [state_of(result) for result in results] == ["approved", "rejected", "approved"]
    assert "1 had been decided meanwhile and was left as it is." in page


@pytest.mark.parametrize("chosen", [[], ["x:0"], ["999999:0"], [f"{'9' * 40}:0"], [""]])
def test_selection_of_nothing_is_said(
    vera: Person, as_person: Any, results: list[Result], chosen: list[str]
) -> None:
    form = {"decision": "approved", "result": chosen}
    page = as_person(vera).post(reverse("review_decide_many"), form, follow=True).content.decode()
    assert "Select results first." in page
    assert {state_of(result) for result in results} == {"pending"}


def test_empty_queue_says_so(vera: Person, as_person: Any) -> None:
    page = as_person(vera).get(reverse("review")).content.decode()
    assert "Nothing waits for a decision" in page


def test_last_decision_leads_to_the_empty_queue(
    vera: Person, as_person: Any, photo: Any, make_edit: Any, make_result: Any
) -> None:
    result = make_result(make_edit(photo))
    assert decision(as_person(vera), result, "approved")["Location"] == reverse("review")


def test_old_decisions_are_listed_newest_first(
    vera: Person, as_person: Any, results: list[Result]
) -> None:
    for result in results[:2]:
        decide(result, "approved", by=vera)
    page = as_person(vera).get(reverse("review"), {"state": "approved"}).content.decode()
    assert queue_of(page) == ["Wish number 2", "Wish number 1"]
    assert "Take back" in page


def test_htmx_decision_answers_with_the_next_item_and_its_address(
    vera: Person, as_person: Any, results: list[Result]
) -> None:
    response = decision(as_person(vera), results[0], "approved", headers=HTMX)
    page = response.content.decode()
    assert response["HX-Push-Url"] == reverse("review_show", args=[results[1].pk])
    assert "<html" not in page
    assert '<p class="quote">Wish number 2</p>' in page
    assert '<p class="toast success">Approved: Wish number 1</p>' in page
    assert re.search(r'id="pending-count" hx-swap-oob="true">2<', page)


def test_decided_result_stays_in_sight_of_who_decided(
    vera: Person, as_person: Any, results: list[Result]
) -> None:
    client = as_person(vera)
    decision(client, results[0], "approved")
    page = client.get(reverse("review")).content.decode()
    assert queue_of(page) == ["Wish number 1", "Wish number 2", "Wish number 3"]
    assert page.count('class="done"') == 1
    assert "2 of 3" in page


def test_page_costs_the_same_queries_however_long_the_queue(
    vera: Person, as_person: Any, photo: Any, make_edit: Any, make_result: Any
) -> None:
    edit, client = make_edit(photo), as_person(vera)
    for number in (1, 2, 3):
        make_result(edit, number)
    client.get(reverse("review"))  # the first look makes the row of the spending switch
    with CaptureQueriesContext(connection) as for_three:
        client.get(reverse("review"))
    for number in range(4, 16):
        make_result(edit, number)
    with CaptureQueriesContext(connection) as for_fifteen:
        client.get(reverse("review"))
    assert len(for_three) == len(for_fifteen) <= 11


def test_result_outside_of_its_mask_is_not_called_identical(
    vera: Person, as_person: Any, photo: Any, make_edit: Any, make_result: Any
) -> None:
    make_result(make_edit(photo), outside_identical=False)
    page = as_person(vera).get(reverse("review")).content.decode()
    assert "Not identical outside the mask" in page
    assert "Identical outside the mask" not in page
