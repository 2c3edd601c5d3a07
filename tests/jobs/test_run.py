"""What each kind of answer does to the edit, its attempt and its money; one call per attempt, always."""

import io
import logging
from datetime import timedelta
from uuid import uuid4

import numpy as np
import pytest
from django.utils import timezone
from PIL import Image

from editor.imaging import masks
from editor.jobs import leases
from editor.jobs.pictures import read
from editor.jobs.prepare import prepare
from editor.jobs.run import record_intent, run
from editor.models import Attempt, Budget, Edit, LedgerEntry, Spending, Status
from tests.canned_provider import Answer, error, pictures
from tests.drawing import mask_pixels, mask_png, photo_pixels, pixels_of

pytestmark = pytest.mark.django_db(transaction=True)


def entries():
    return list(LedgerEntry.objects.order_by("id").values_list("kind", flat=True))


def test_an_edit_succeeds_with_its_result_stored_and_its_cost_settled(canned, photo, make_edit):
    edit = make_edit(photo)
    assert run(edit.pk)
    edit.refresh_from_db()
    assert edit.status == Status.SUCCEEDED
    result = edit.results.get()
    assert result.outside_identical
    assert read(result.piece.raw)[:4] == b"\x89PNG"
    # 10 text and 90 picture tokens in, 200 out, at 5, 8 and 30 dollars a million
    assert edit.cost_microusd == 10 * 5 + 90 * 8 + 200 * 30
    assert entries() == ["hold", "settle"]
    budget = Budget.objects.get()
    assert (budget.held_microusd, budget.spent_microusd) == (0, edit.cost_microusd)
    assert canned.calls == 1


def test_nothing_outside_the_grown_mask_changes_at_full_resolution(
    canned, alice, make_photo, make_edit
):
    photo = make_photo(alice, size=(1600, 1200))
    edit = make_edit(photo, mask=mask_png(photo.size, (700, 500, 900, 650)))
    run(edit.pk)
    stitched = pixels_of(read(edit.results.get().image.original))
    source = photo_pixels((1600, 1200))
    painted = mask_pixels((1600, 1200), (700, 500, 900, 650))
    inside = masks.grow(painted, masks.grow_radius((700, 500, 900, 650))) > 0
    assert stitched.shape == source.shape
    assert np.array_equal(stitched[~inside], source[~inside])
    assert (stitched[inside] != source[inside]).any()


def test_the_request_holds_the_window_the_mask_and_a_pseudonym(canned, photo, make_edit):
    edit = make_edit(photo)
    run(edit.pk)
    sent = canned.requests[0]
    assert sent["prompt"] == b"Remove the sign"
    assert sent["model"] == b"gpt-image-2"
    width, height = map(int, sent["size"].split(b"x"))
    window = Image.open(io.BytesIO(sent["image"]))
    mask = Image.open(io.BytesIO(sent["mask"]))
    assert window.size == mask.size == (width, height)
    assert np.asarray(mask.getchannel("A")).min() == 0
    assert len(sent["safety_identifier"]) == 32
    assert b"alice" not in sent["safety_identifier"]


def test_a_repeated_hint_changes_nothing(canned, photo, make_edit):
    edit = make_edit(photo)
    assert run(edit.pk)
    assert not run(edit.pk)
    assert canned.calls == 1
    assert edit.results.count() == 1


REJECTED = [
    (400, "moderation_blocked", "image_generation_user_error"),
    (403, "unverified", "invalid_request_error"),
    (404, "model_not_found", "invalid_request_error"),
    (413, "too_large", "invalid_request_error"),
    (422, "nonsense", "invalid_request_error"),
]


@pytest.mark.parametrize(("status", "code", "kind"), REJECTED)
def test_a_refusal_fails_the_edit_and_gives_the_money_back(
    canned, photo, make_edit, status, code, kind
):
    canned.script = [Answer(status, error(code, "Not with me.", kind))]
    edit = make_edit(photo)
    run(edit.pk)
    edit.refresh_from_db()
    assert (edit.status, edit.trouble, edit.trouble_text) == (Status.FAILED, code, "Not with me.")
    assert entries() == ["hold", "release"]
    assert Budget.objects.get().held_microusd == 0
    attempt = edit.attempts.get()
    assert (attempt.outcome, attempt.http_status, attempt.request_id) == (
        "rejected",
        status,
        "req_canned",
    )
    assert Spending.load().is_allowed
    assert canned.calls == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "invalid_api_key"), (429, "insufficient_quota"), (400, "billing_hard_limit_reached")],
)
def test_key_and_quota_troubles_open_the_circuit_and_nothing_more_is_sent(
    canned, photo, make_edit, new_edit, adam, status, code
):
    canned.script = [Answer(status, error(code))]
    first, second = make_edit(photo), make_edit(photo)
    run(first.pk)
    first.refresh_from_db()
    assert first.status == Status.FAILED
    assert Spending.load().circuit == code
    assert not run(second.pk)
    second.refresh_from_db()
    assert second.status == Status.QUEUED
    assert canned.calls == 1
    Spending.close_circuit(by=adam)
    assert run(second.pk)
    assert canned.calls == 2


def test_the_stop_switch_keeps_everything_queued(canned, photo, make_edit, adam):
    edit = make_edit(photo)
    Spending.switch(stopped=True, by=adam)
    assert not run(edit.pk)
    assert canned.calls == 0
    Spending.switch(stopped=False, by=adam)
    assert run(edit.pk)
    assert canned.calls == 1


def test_a_rate_limit_waits_as_asked_and_keeps_the_hold(canned, photo, make_edit):
    canned.script = [Answer(429, error("rate_limit_exceeded"), {"retry-after": "40"})]
    edit = make_edit(photo)
    before = timezone.now()
    run(edit.pk)
    edit.refresh_from_db()
    assert edit.status == Status.QUEUED
    assert 39 <= (edit.not_before - before).total_seconds() <= 60
    assert not run(edit.pk)
    assert entries() == ["hold"]
    assert edit.attempts.get().outcome == "busy"
    Edit.objects.update(not_before=timezone.now())
    assert run(edit.pk)
    edit.refresh_from_db()
    assert edit.status == Status.SUCCEEDED
    assert canned.calls == 2
    assert canned.most_calls_of_one_attempt() == 1


def test_a_refused_connection_is_tried_later_and_not_for_ever(photo, make_edit, settings):
    settings.PROVIDER_BASE_URL = "http://127.0.0.1:9/v1"
    edit = make_edit(photo)
    for _ in range(30):
        Edit.objects.filter(pk=edit.pk).update(not_before=timezone.now())
        if not run(edit.pk):
            break
    edit.refresh_from_db()
    assert edit.status == Status.FAILED
    assert {attempt.outcome for attempt in edit.attempts.all()} == {"not_sent"}
    assert edit.attempts.count() == 9
    assert entries() == ["hold", "release"]


UNKNOWN = [
    Answer(500, error("server_error")),
    Answer(503, error("server_is_overloaded")),
    Answer(408, b""),
    Answer(409, b""),
    Answer(drop="after"),
    Answer(body=pictures(), drop="half"),
]


@pytest.mark.parametrize("answer", UNKNOWN, ids=lambda answer: f"{answer.status}{answer.drop}")
def test_what_may_have_been_paid_is_unknown_and_never_repeated(canned, photo, make_edit, answer):
    canned.script = [answer]
    edit = make_edit(photo)
    run(edit.pk)
    edit.refresh_from_db()
    assert edit.status == Status.UNKNOWN
    assert entries() == ["hold"]
    assert edit.hold_microusd > 0
    assert not run(edit.pk)
    assert canned.calls == 1


UNUSABLE = [
    (Answer(body=b"<html>login</html>", headers={"Content-Type": "text/html"}), "not_json"),
    (Answer(body=error("moderation_blocked")), "moderation_blocked"),
    (Answer(body=b'{"data": [}'), "not_json"),
    (Answer(body=b'{"created": 1, "data": []}'), "no_pictures"),
    (Answer(body=b'{"data": [{"b64_json": "%%%"}]}'), "bad_base64"),
    (Answer(body=b'{"data": [{"b64_json": "bm8gcGljdHVyZQ=="}]}'), "not_a_picture"),
]


@pytest.mark.parametrize(("answer", "code"), UNUSABLE)
def test_an_answer_that_cannot_be_used_counts_as_spent_and_its_bytes_are_kept(
    canned, photo, make_edit, settings, answer, code
):
    canned.script = [answer]
    edit = make_edit(photo)
    held = edit.hold_microusd
    run(edit.pk)
    edit.refresh_from_db()
    assert (edit.status, edit.trouble) == (Status.FAILED, code)
    assert edit.cost_microusd is None
    settled = LedgerEntry.objects.get(kind="settle")
    assert (settled.spent_microusd, settled.assumed) == (held, True)
    spooled = settings.SPOOL_DIR / f"{edit.attempts.get().key}.answer"
    assert spooled.read_bytes() == answer.body


def test_without_usage_the_cost_is_unknown_and_the_hold_is_taken_for_it(canned, photo, make_edit):
    canned.script = [Answer(body=pictures().replace(b'"usage"', b'"other"'))]
    edit = make_edit(photo)
    run(edit.pk)
    edit.refresh_from_db()
    assert (edit.status, edit.cost_microusd) == (Status.SUCCEEDED, None)
    assert LedgerEntry.objects.get(kind="settle").assumed
    assert Budget.objects.get().spent_microusd == edit.estimate_microusd


def test_a_worker_that_lost_its_claim_writes_no_intent(canned, photo, make_edit):
    edit = make_edit(photo)
    stale, fresh = uuid4(), uuid4()
    now = timezone.now()
    assert Edit.objects.claim(edit.pk, token=stale, now=now, lease=leases.length())
    Edit.objects.filter(pk=edit.pk).update(status=Status.QUEUED, token=None)
    assert Edit.objects.claim(edit.pk, token=fresh, now=now, lease=leases.length())
    edit.refresh_from_db()
    assert record_intent(edit, prepare(edit), stale) is None
    assert not Attempt.objects.exists()
    assert record_intent(edit, prepare(edit), fresh) is not None


def test_an_edit_that_waits_is_not_claimed_before_its_time(canned, photo, make_edit):
    edit = make_edit(photo, not_before=timezone.now() + timedelta(minutes=1))
    assert not run(edit.pk)
    assert canned.calls == 0


def test_a_missing_source_is_tried_again_and_then_fails_without_a_call(
    canned, alice, make_photo, make_edit, tmp_path
):
    photo = make_photo(alice, size=(641, 479))  # no other test has it: its pixels are not at hand
    edit = make_edit(photo)
    (tmp_path / "files" / photo.original).unlink()
    for _ in range(10):
        Edit.objects.filter(pk=edit.pk).update(not_before=timezone.now())
        if not run(edit.pk):
            break
    edit.refresh_from_db()
    assert (edit.status, edit.trouble) == (Status.FAILED, "not_prepared")
    assert canned.calls == 0
    assert entries() == ["hold", "release"]


def test_the_key_is_in_no_log_and_in_no_row(canned, photo, make_edit, caplog):
    caplog.set_level(logging.DEBUG)
    canned.script = [
        Answer(401, error("invalid_api_key", "Incorrect API key provided: sk-canary-1234567890."))
    ]
    edit = make_edit(photo)
    run(edit.pk)
    rows = (
        str(list(Edit.objects.values()))
        + str(list(Attempt.objects.values()))
        + str(list(Spending.objects.values()))
    )
    assert "sk-canary" not in rows
    assert "sk-canary" not in caplog.text
