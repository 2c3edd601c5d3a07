"""The page of an edit: what came of it, what made it, and what a person may do about it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from editor.models import Attempt, AuditEntry, Budget, Edit, decide
from editor.web import words

pytestmark = pytest.mark.django_db


def read(client: Any, edit: Any, query: str = "") -> str:
    answer = client.get(f"/edits/{edit.pk}/{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def region(page: str, name: str) -> str:
    found = re.search(rf'<section[^>]*aria-label="{name}".*?</section>', page, re.S)
    return found[0] if found else ""


def facts(page: str) -> dict[str, str]:
    return dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page))


def sent(edit: Any, **fields: Any) -> Any:
    """As if a call for it were under way, or had ended as `fields` say."""
    now = timezone.now()
    Edit.objects.filter(pk=edit.pk).update(
        **{"status": "running", "started_at": now, "sent_at": now, "lease_until": now, **fields}
    )
    edit.refresh_from_db()
    return edit


def test_each_result_is_a_figure_in_the_results_region(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    edit = make_edit(photo, options={"n": 3, "size": "auto", "quality": "low"})
    results = [make_result(edit, number) for number in (1, 2, 3)]
    shown = region(read(as_person(bob), edit), "Results")
    assert shown.count("<figure") == 3
    for result in results:
        assert f"/images/{result.image_id}/" in shown


def test_a_result_is_compared_with_its_source_and_leads_on(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    result = make_result(make_edit(photo))
    page = read(as_person(bob), result.edit)
    assert f'src="/images/{photo.pk}/preview"' in page
    assert f'src="/images/{result.image_id}/preview"' in page
    assert 'type="range"' in region(page, "Results")
    assert f'href="/images/{result.image_id}/edit"' in page  # edit this result
    assert f'href="/edits/{result.edit_id}/again"' in page
    assert f'href="/images/{result.image_id}/original"' in page
    assert f'href="/results/{result.pk}/raw"' in page


def test_another_result_can_be_chosen_by_its_number(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    edit = make_edit(photo)
    make_result(edit)
    second = make_result(edit, 2)
    page = read(as_person(bob), edit, "?result=2")
    assert f'href="/images/{second.image_id}/original"' in page
    assert as_person(bob).get(f"/edits/{edit.pk}/?result=junk").status_code == 200


def test_the_gates_are_shown_with_their_counts(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    page = read(as_person(bob), make_result(make_edit(photo)).edit)
    assert "Identical outside the mask" in page
    assert "297\u00a0200 pixels compared, 0 differ" in page
    bad = make_result(make_edit(photo, prompt="other"), outside_identical=False)
    page = read(as_person(bob), bad.edit)
    assert "Not identical outside the mask" in page
    assert "0 differ" not in page


def test_everything_that_made_it_is_shown(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    result = make_result(make_edit(photo, prompt="Remove the <sign>"), revised_prompt="No sign")
    page = read(as_person(bob), result.edit)
    told = facts(page)
    width, height = result.edit.frames[0]["size"]
    assert told["Model"] == "gpt-image-2"
    assert told["Quality"] == "low"
    assert told["Sent"].startswith(f"{width} × {height} at ")
    assert told["Mask"] == "3.3 % of the picture"
    assert told["Cost"] == "$0.005"
    assert told["Request"] == "req_test"
    assert "Remove the &lt;sign&gt;" in page
    assert "No sign" in page
    assert "/people/alice/" in page


def test_a_cost_that_is_not_known_is_never_shown_as_nothing(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    result = make_result(make_edit(photo))
    Edit.objects.filter(pk=result.edit_id).update(cost_microusd=None)
    assert facts(read(as_person(bob), result.edit))["Cost"] == "not known"


def test_while_it_waits_the_page_shows_the_steps_and_looks_again(
    photo: Any, bob: Any, as_person: Any, make_edit: Any
) -> None:
    edit = make_edit(photo)
    page = read(as_person(bob), edit)
    status = region(page, "Status")
    assert "Queued" in status and "Preparing" in status and "Storing" in status
    assert re.search(r'aria-current="step"[^>]*>.*?Queued', status, re.S)
    assert "Nothing has been sent yet" in status
    assert f'hx-get="/edits/{edit.pk}/status?version=' in page
    status = region(read(as_person(bob), sent(edit)), "Status")
    assert re.search(r'aria-current="step" class="now">.*?</svg>Sent', status, re.S)
    assert "Running" in status


def test_a_finished_edit_is_not_looked_at_again(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    page = read(as_person(bob), make_result(make_edit(photo)).edit)
    assert "hx-trigger" not in page
    assert "Succeeded" in region(page, "Status")


def test_canceling_before_it_is_sent_is_free(
    photo: Any, alice: Any, as_person: Any, make_edit: Any
) -> None:
    edit, client = make_edit(photo), as_person(alice)
    assert "canceling is free" in region(read(client, edit), "Status")
    page = client.post(f"/edits/{edit.pk}/cancel", follow=True).content.decode()
    edit.refresh_from_db()
    assert (edit.status, edit.hold_microusd, edit.cost_microusd) == ("canceled", 0, 0)
    assert "Nothing was sent, and it costs nothing." in page
    assert "Canceled" in region(page, "Status")


def test_canceling_after_it_was_sent_says_that_it_is_kept(
    photo: Any, alice: Any, as_person: Any, make_edit: Any
) -> None:
    edit, client = sent(make_edit(photo)), as_person(alice)
    assert "be called back" in region(read(client, edit), "Status")
    page = client.post(f"/edits/{edit.pk}/cancel", follow=True).content.decode()
    edit.refresh_from_db()
    assert (edit.status, edit.cancel_requested_at is not None) == ("running", True)
    assert "will be kept, and shown as canceled" in page
    assert f'action="/edits/{edit.pk}/cancel"' not in page


@pytest.mark.parametrize("act", ["cancel", "accept-loss", "buy-again"])
def test_only_its_creator_and_admins_decide_about_an_edit(
    act: str, photo: Any, bob: Any, vera: Any, adam: Any, as_person: Any, make_edit: Any
) -> None:
    edit = sent(make_edit(photo), status="queued" if act == "cancel" else "unknown", sent_at=None)
    for person in (bob, vera):
        assert f'action="/edits/{edit.pk}/{act}"' not in read(as_person(person), edit)
        assert as_person(person).post(f"/edits/{edit.pk}/{act}").status_code == 403
    edit.refresh_from_db()
    assert edit.status == ("queued" if act == "cancel" else "unknown")
    assert f'action="/edits/{edit.pk}/{act}"' in read(as_person(adam), edit)
    assert as_person(adam).post(f"/edits/{edit.pk}/{act}").status_code == 302


def test_decisions_are_made_by_post_only(
    photo: Any, alice: Any, as_person: Any, make_edit: Any
) -> None:
    edit = make_edit(photo)
    for act in ("cancel", "accept-loss", "buy-again"):
        assert as_person(alice).get(f"/edits/{edit.pk}/{act}").status_code == 405
    edit.refresh_from_db()
    assert edit.status == "queued"


def test_an_unknown_outcome_is_explained_with_what_can_be_done(
    photo: Any, alice: Any, as_person: Any, make_edit: Any
) -> None:
    edit = sent(
        make_edit(photo), status="unknown", trouble="read_timeout", trouble_text="internal words"
    )
    status = region(read(as_person(alice), edit), "Status")
    assert "Unknown" in status
    assert "it may have been paid for" in status
    assert "stopped answering after the request was sent" in status
    assert "internal words" not in status  # ours, and said already
    assert "Accept the loss" in status and "Buy again" in status
    assert words.money(edit.hold_microusd) in status


def test_accepting_the_loss_ends_it_as_failed_and_counts_the_hold_as_spent(
    photo: Any, alice: Any, as_person: Any, make_edit: Any
) -> None:
    edit = sent(make_edit(photo), status="unknown")
    Attempt.objects.create(
        edit=edit, number=1, token=edit.key, provider="x", sent_at=timezone.now(), outcome="unknown"
    )
    held, client = edit.hold_microusd, as_person(alice)
    client.post(f"/edits/{edit.pk}/accept-loss")
    assert "the loss was accepted" in region(read(client, edit), "Status")
    assert facts(read(client, edit))["Cost"] == "not known"
    edit.refresh_from_db()
    budget = Budget.objects.get()
    assert edit.status == "failed"
    assert (budget.held_microusd, budget.spent_microusd) == (0, held)


def test_buying_again_queues_it_with_a_new_hold_and_keeps_why(
    photo: Any, alice: Any, as_person: Any, make_edit: Any
) -> None:
    edit = sent(make_edit(photo), status="unknown")
    as_person(alice).post(f"/edits/{edit.pk}/buy-again", {"because": "the client waits"})
    edit.refresh_from_db()
    assert (edit.status, edit.bought_by, edit.bought_because) == (
        "queued",
        alice,
        "the client waits",
    )
    assert AuditEntry.objects.filter(target=f"edit {edit.pk}", actor=alice).exists()


def test_buying_again_beyond_the_budget_changes_nothing_and_says_so(
    photo: Any, alice: Any, as_person: Any, make_edit: Any
) -> None:
    edit = sent(make_edit(photo), status="unknown")
    Budget.objects.update(cap_microusd=edit.hold_microusd)
    page = as_person(alice).post(f"/edits/{edit.pk}/buy-again", follow=True).content.decode()
    edit.refresh_from_db()
    assert edit.status == "unknown"
    assert "so it was not bought again" in page


def test_a_decision_that_came_second_says_so(
    photo: Any, alice: Any, as_person: Any, make_edit: Any
) -> None:
    edit, client = sent(make_edit(photo), status="unknown"), as_person(alice)
    client.post(f"/edits/{edit.pk}/accept-loss")
    page = client.post(f"/edits/{edit.pk}/buy-again", follow=True).content.decode()
    assert "already decided" in page


def test_a_failure_is_told_in_words_and_in_the_providers_own(
    photo: Any, bob: Any, as_person: Any, make_edit: Any
) -> None:
    edit = make_edit(
        photo, status="failed", trouble="moderation_blocked", trouble_text="Rejected by the <safety> system.",
        cost_microusd=0, hold_microusd=0, sent_at=timezone.now(),
    )  # fmt: skip
    page = read(as_person(bob), edit)
    status = region(page, "Status")
    assert "Change the prompt or the picture, then run it again." in status
    assert "Rejected by the &lt;safety&gt; system." in status
    assert f'href="/edits/{edit.pk}/again"' in page
    assert facts(page)["Cost"] == "$0.00"


def test_what_failed_before_it_was_sent_is_not_put_in_the_providers_mouth(
    photo: Any, bob: Any, as_person: Any, make_edit: Any
) -> None:
    said = "The picture must be under 4 MB for DALL-E 2."
    edit = make_edit(photo, status="failed", trouble="too_many_bytes", trouble_text=said)
    status = region(read(as_person(bob), edit), "Status")
    assert status.count(said) == 1
    assert "In the provider" not in status


def test_a_code_without_words_still_gets_a_sentence(
    photo: Any, bob: Any, as_person: Any, make_edit: Any
) -> None:
    edit = make_edit(photo, status="failed", trouble="brand_new_code", trouble_text="")
    assert "The edit could not be done." in region(read(as_person(bob), edit), "Status")


def test_a_canceled_edit_that_was_sent_keeps_and_shows_its_results(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    result = make_result(make_edit(photo))
    Edit.objects.filter(pk=result.edit_id).update(status="canceled", sent_at=timezone.now())
    page = read(as_person(bob), result.edit)
    assert "what came back is kept" in region(page, "Status")
    assert region(page, "Results").count("<figure") == 1


def test_decisions_stay_and_are_shown_with_who_and_why(
    photo: Any, bob: Any, vera: Any, adam: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    result = make_result(make_edit(photo))
    decide(result, "rejected", by=vera, reason="The edge is soft.")
    decide(result, "approved", by=adam)
    page = read(as_person(bob), result.edit)
    assert "Vera" in page and "The edge is soft." in page and "Adam" in page
    assert f'href="/review/{result.pk}/"' not in page
    assert f'href="/review/{result.pk}/"' in read(as_person(vera), result.edit)


def test_the_line_goes_from_the_first_source_to_what_was_made_of_the_result(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    first = make_result(make_edit(photo, prompt="One more lemon"))
    second = make_result(make_edit(first.image, prompt="White jar"))
    third = make_edit(second.image, prompt="Glossy")
    page = read(as_person(bob), second.edit)
    line = page[
        page.index('aria-label="Lineage"') : page.index("</ol>", page.index('aria-label="Lineage"'))
    ]
    assert re.findall(r"<b>([^<]+)</b>", line) == [
        "Source",
        "One more lemon",
        "White jar",
        "Glossy",
    ]
    assert re.findall(r'<a href="([^"]+)"', line) == [
        f"/images/{photo.pk}/", f"/edits/{first.edit_id}/?result=1", f"/edits/{second.edit_id}/",
        f"/edits/{third.pk}/",
    ]  # fmt: skip


def test_a_long_line_is_cut_and_not_followed_for_ever(
    photo: Any,
    bob: Any,
    as_person: Any,
    make_edit: Any,
    make_result: Any,
    django_assert_max_num_queries: Any,
) -> None:
    image = photo
    for number in range(10):
        result = make_result(make_edit(image, prompt=f"step {number}"))
        image = result.image
    client = as_person(bob)
    with django_assert_max_num_queries(24):
        page = read(client, result.edit)
    assert "step 9" in page and "step 0" not in page


def test_attempts_are_listed_with_what_each_cost(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    result = make_result(make_edit(photo))
    result.attempt.sent_at = result.attempt.answered_at - timedelta(seconds=21.4)
    result.attempt.cost_microusd = 48_000
    result.attempt.bytes = 3_000_000
    result.attempt.save()
    page = read(as_person(bob), result.edit)
    attempts = page[page.index("Attempts") :]
    assert "Succeeded, 21 s" in attempts
    assert "$0.048" in attempts
    assert "2.9 MB kept as received" in attempts


def test_unknown_edits_and_strangers(
    photo: Any, alice: Any, client: Any, as_person: Any, make_edit: Any
) -> None:
    edit = make_edit(photo)
    for url in (f"/edits/{edit.pk}/", f"/edits/{edit.pk}/again", f"/edits/{edit.pk}/status"):
        assert client.get(url)["Location"].startswith("/signin")
    for act in ("", "again", "status"):
        assert as_person(alice).get(f"/edits/999/{act}").status_code == 404


@pytest.mark.parametrize(
    ("microusd", "said"),
    [(0, "$0.00"), (400, "$0.00040"), (5_000, "$0.005"), (48_000, "$0.048"), (50_000, "$0.05"),
     (1_234_567, "$1.23"), (20_000_000, "$20.00"), (None, "not known")],
)  # fmt: skip
def test_amounts_have_as_many_decimals_as_they_need(microusd: int | None, said: str) -> None:
    assert words.money(microusd) == said


def test_the_comparison_starts_in_the_middle_of_what_changed(
    photo, make_edit, make_result, as_person, alice
):
    result = make_result(make_edit(photo))  # the mask reaches from 200 to 300 of 640
    page = as_person(alice).get(f"/edits/{result.edit_id}/").content.decode()
    assert re.search(r'type="range"[^>]*value="39"', page)
