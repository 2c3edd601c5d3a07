"""What a caller is told of an edit that ended otherwise than with all its pictures."""

import json
from collections.abc import Callable
from typing import Any

import openai
import pytest

from editor.gateway.failures import failure_of
from editor.jobs.resolve import accept_loss, cancel
from editor.models import Attempt, Budget, Call, Edit, Image, Spending, Status
from tests.canned_provider import Answer, error, pictures
from tests.gateway.calling import PHOTO, Gateway, error_in, picture_in, upload

pytestmark = pytest.mark.django_db(transaction=True)

MODERATED = {
    "error": {
        "message": "Your request was rejected by the safety system.",
        "type": "image_generation_user_error",
        "param": None,
        "code": "moderation_blocked",
        "moderation_details": {"moderation_stage": "output", "categories": ["violence"]},
    }
}


@pytest.mark.usefixtures("worker")
def test_the_providers_refusal_is_handed_on_with_its_details(gateway: Gateway, canned: Any) -> None:
    canned.usual = Answer(400, json.dumps(MODERATED).encode())
    refused = gateway.edit()
    assert refused.status_code == 400
    assert error_in(refused) == MODERATED["error"]
    assert refused.headers["x-should-retry"] == "false"
    assert Edit.objects.get().status == Status.FAILED


@pytest.mark.usefixtures("worker")
def test_the_official_client_repeats_no_refusal(gateway: Gateway, canned: Any) -> None:
    canned.usual = Answer(429, error("insufficient_quota", kind="insufficient_quota"))
    client = openai.OpenAI(base_url=gateway.base_url, api_key=gateway.key, max_retries=2)
    with pytest.raises(openai.RateLimitError) as caught:
        client.images.edit(image=("a.png", PHOTO, "image/png"), prompt="p", model="gpt-image-2")
    assert caught.value.code == "insufficient_quota"
    assert canned.calls == 1
    assert Edit.objects.count() == 1


@pytest.mark.usefixtures("worker")
def test_a_key_that_the_provider_refuses_is_not_told_as_the_callers(
    gateway: Gateway, canned: Any
) -> None:
    canned.usual = Answer(401, error("invalid_api_key", "Incorrect API key provided: sk-ab…"))
    refused = gateway.edit()
    assert refused.status_code == 503
    assert error_in(refused)["code"] == "provider_refuses"
    assert refused.headers["x-should-retry"] == "false"
    assert "sk-" not in refused.text


@pytest.mark.usefixtures("worker")
def test_an_unknown_outcome_is_never_repeated_unasked(gateway: Gateway, canned: Any) -> None:
    canned.usual = Answer(drop="after")
    told = gateway.edit()
    assert told.status_code == 502
    told_error = error_in(told)
    assert told_error["code"] == "outcome_unknown"
    assert "may have been paid for" in told_error["message"]
    assert f"/edits/{Edit.objects.get().pk}/" in told_error["message"]
    assert told.headers["x-should-retry"] == "false"
    assert canned.calls == 1


@pytest.mark.usefixtures("worker")
def test_an_answer_that_cannot_be_used_says_that_it_was_paid_for(
    gateway: Gateway, canned: Any
) -> None:
    canned.usual = Answer(body=b"<html>no</html>")
    told = gateway.edit()
    assert told.status_code == 502
    assert "paid for" in error_in(told)["message"]
    assert told.headers["x-should-retry"] == "false"


@pytest.mark.usefixtures("worker")
def test_pictures_that_are_missing_keep_nobody_from_the_others(
    gateway: Gateway, canned: Any
) -> None:
    body = json.loads(pictures(2))
    body["data"][0]["b64_json"] = "AAAA"
    canned.usual = Answer(body=json.dumps(body).encode())
    answer = gateway.edit(model="gpt-image-2", size=None, n=2, files=[upload("image", PHOTO)])
    assert answer.status_code == 200
    assert len(answer.json()["data"]) == 1
    assert picture_in(answer.json()["data"][0]).startswith(b"\x89PNG")


def test_a_canceled_edit_is_a_conflict(gateway: Gateway, queued: Any, later: Any) -> None:
    answer = later(gateway.edit)
    edit = queued()
    cancel(edit, by=edit.created_by)
    told = answer()
    assert told.status_code == 409
    assert error_in(told)["code"] == "canceled"
    assert told.headers["x-should-retry"] == "false"


def test_a_result_kept_after_canceling_counts_as_canceled(
    photo: Any, make_edit: Any, make_result: Any
) -> None:
    edit = make_result(make_edit(photo)).edit
    edit.status = Status.CANCELED
    assert failure_of(edit, edit.present_attempt()).code == "canceled"


def test_a_loss_that_was_accepted_is_still_an_unknown_outcome(photo: Any, make_edit: Any) -> None:
    edit = make_edit(photo, status="unknown", trouble="deadline")
    attempt = Attempt(edit=edit, outcome=Attempt.Outcome.UNKNOWN)
    assert accept_loss(edit, by=edit.created_by)
    edit.refresh_from_db()
    refusal = failure_of(edit, attempt)
    assert (refusal.status, refusal.code) == (502, "outcome_unknown")


@pytest.mark.parametrize(
    ("outcome", "status", "code", "may_repeat"),
    [
        (Attempt.Outcome.BUSY, 429, "rate_limit_exceeded", "true"),
        (Attempt.Outcome.NOT_SENT, 503, "provider_unreachable", "true"),
        (Attempt.Outcome.UNUSABLE, 502, "not_json", "false"),
        (Attempt.Outcome.SENT, 502, "outcome_unknown", "false"),
    ],
)
def test_only_where_nothing_was_bought_a_repeat_is_advised(
    outcome: str, status: int, code: str, may_repeat: str
) -> None:
    edit = Edit(pk=7, status=Status.FAILED, trouble="not_json", trouble_text="It failed.")
    refusal = failure_of(edit, Attempt(edit=edit, outcome=outcome))
    assert (refusal.status, refusal.code) == (status, code)
    assert refusal.headers["x-should-retry"] == may_repeat
    assert ("retry-after" in refusal.headers) == (may_repeat == "true")


def test_what_was_refused_before_it_was_sent_is_the_requests_fault_or_ours() -> None:
    refused = Edit(pk=7, status=Status.FAILED, trouble="too_many_bytes", trouble_text="Too large.")
    assert (failure_of(refused, None).status, failure_of(refused, None).message) == (
        400,
        "Too large.",
    )
    lost = Edit(pk=7, status=Status.FAILED, trouble="not_prepared", trouble_text="Not read.")
    assert failure_of(lost, None).status == 500


def test_a_month_that_does_not_cover_it_is_told_as_a_quota(
    gateway: Gateway, provider: Any, settings: Any
) -> None:
    settings.MONTHLY_BUDGET_MICROUSD = 10
    refused = gateway.edit()
    assert refused.status_code == 429
    assert error_in(refused)["code"] == "insufficient_quota"
    assert refused.headers["x-should-retry"] == "false"
    assert not Edit.objects.exists() and not Call.objects.exists()
    assert not Budget.objects.filter(held_microusd__gt=0).exists()


@pytest.mark.parametrize("stop", ["switch", "circuit"])
def test_where_spending_is_stopped_nothing_is_stored(
    gateway: Gateway, adam: Any, stop: str
) -> None:
    if stop == "switch":
        Spending.switch(stopped=True, by=adam)
    else:
        Spending.open_circuit("invalid_api_key", "The provider does not accept the key.")
    refused = gateway.edit()
    assert refused.status_code == 503
    assert error_in(refused)["code"] == "spending_stopped"
    assert refused.headers["x-should-retry"] == "false"
    assert not Edit.objects.exists() and not Image.objects.exists() and not Call.objects.exists()


@pytest.mark.usefixtures("worker")
def test_a_stopped_house_still_gives_the_first_answer_again(
    gateway: Gateway, provider: Any, adam: Any
) -> None:
    headers = {"Idempotency-Key": "before"}
    fields = {"headers": headers, "response_format": "b64_json"}
    first = gateway.edit(**fields)
    Spending.switch(stopped=True, by=adam)
    assert gateway.edit(**fields).json() == first.json()


@pytest.mark.usefixtures("worker")
def test_a_gateways_edit_is_reviewed_like_any_other(
    gateway: Gateway, provider: Any, vera: Any, as_person: Callable[[Any], Any]
) -> None:
    gateway.edit()
    result = Edit.objects.get().results.get()
    assert as_person(vera).get(f"/review/{result.pk}/").status_code == 200
    assert result.review == "pending"
