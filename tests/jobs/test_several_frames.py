"""Edits of several frames: one call each, in order; whatever ends them, what came is put together."""

import json
import threading
import time
from datetime import timedelta
from uuid import uuid4

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from editor.images_api.messages import AnswerMeta
from editor.jobs import drain, leases, spool
from editor.jobs.pictures import read
from editor.jobs.prepare import prepare
from editor.jobs.resolve import accept_loss, buy_again, cancel
from editor.jobs.run import record_intent, run
from editor.jobs.store import store
from editor.jobs.sweep import sweep
from editor.models import Budget, Edit, LedgerEntry, OverBudget, Spending, Status
from tests.canned_provider import Answer, error, pictures, urls
from tests.drawing import photo_pixels, photo_png, pixels_of
from tests.jobs.several import LEFT, RIGHT, in_two_frames

pytestmark = pytest.mark.django_db(transaction=True)

PRICE = 16_000  # micro-dollars: of one picture of 256 x 256
ANSWER = pictures(size=(256, 256))
REJECTED = Answer(400, error("moderation_blocked", "Not with me."))
UNKNOWN = Answer(500, error("server_error", "Something broke."))


@pytest.fixture(autouse=True)
def usual_answer(canned):
    canned.usual = Answer(body=ANSWER)


@pytest.fixture
def two(photo, make_edit):
    return in_two_frames(make_edit, photo)


def run_all(edit):
    while run(edit.pk):
        pass
    edit.refresh_from_db()
    return edit


def ledger():
    return [
        (entry.kind, entry.held_microusd, entry.spent_microusd)
        for entry in LedgerEntry.objects.order_by("id")
    ]


def changed(result, box):
    """The share of this box's pixels that differ from the photo's."""
    left, top, right, bottom = box
    made = pixels_of(read(result.image.original))[top:bottom, left:right, :3]
    source = photo_pixels((640, 480))[top:bottom, left:right]
    return (made != source).any(axis=2).mean()


def test_each_frame_is_sent_once_in_order_and_all_are_put_together(canned, two):
    run_all(two)
    assert (two.status, two.trouble, canned.calls) == (Status.SUCCEEDED, "", 2)
    assert list(two.attempts.order_by("number").values_list("frame", flat=True)) == [0, 1]
    windows = [pixels_of(request["image"])[..., :3] for request in canned.requests]
    source = photo_pixels((640, 480))
    assert np.array_equal(windows[0], source[:256, :256])
    assert np.array_equal(windows[1], source[224:, 384:])
    result = two.results.get()
    assert (result.outside_identical, result.finish) == (True, "natural")
    assert changed(result, LEFT) > 0.9
    assert changed(result, RIGHT) > 0.9
    assert changed(result, (0, 0, 640, 50)) == changed(result, (200, 0, 480, 480)) == 0
    assert [piece.frame for piece in result.pieces.all()] == [0, 1]
    assert result.attempt.frame == 1


def test_between_two_frames_it_is_queued_with_what_came_kept_and_the_rest_held(canned, two):
    held = two.hold_microusd
    two.waits = 3
    two.save(update_fields=["waits"])
    assert run(two.pk)
    two.refresh_from_db()
    assert (two.status, two.token, two.sent_at, two.waits) == (Status.QUEUED, None, None, 0)
    assert two.hinted_at and two.not_before <= timezone.now()
    assert two.pieces.get().result is None
    assert not two.results.exists()
    assert two.hold_microusd == Budget.objects.get().held_microusd == held - held // 2
    assert ledger() == [("hold", held, 0), ("settle", -(held // 2), PRICE)]
    assert Budget.objects.get().spent_microusd == PRICE


def test_it_costs_what_its_calls_cost_together(two):
    run_all(two)
    assert two.cost_microusd == 2 * PRICE
    assert (Budget.objects.get().held_microusd, two.hold_microusd) == (0, 0)
    assert Budget.objects.get().spent_microusd == 2 * PRICE
    assert [kind for kind, *_ in ledger()] == ["hold", "settle", "settle"]


def test_of_frames_that_differ_in_size_each_takes_its_share_of_the_hold(canned, photo, make_edit):
    small, large = in_two_frames(make_edit, photo).frames
    large = {**large, "size": [512, 512], "bounds": [128, 0, 640, 480], "pad": [0, 0, 0, 32]}
    edit = in_two_frames(make_edit, photo, frames=[small, large])
    held = edit.hold_microusd
    run(edit.pk)
    edit.refresh_from_db()
    assert edit.hold_microusd == held - held // 5


@pytest.mark.parametrize("answer", [REJECTED, Answer(401, error("invalid_api_key", "No key."))])
def test_a_second_frame_that_is_refused_leaves_the_first_and_gives_the_rest_back(
    canned, two, answer
):
    canned.script = [Answer(body=ANSWER), answer]
    run_all(two)
    words = two.attempts.get(number=2).error_text
    assert (two.status, two.trouble, two.trouble_text) == (
        Status.SUCCEEDED, "frames_missing", words,
    )  # fmt: skip
    assert two.ends_early
    assert words
    result = two.results.get()
    assert changed(result, LEFT) > 0.9
    assert changed(result, RIGHT) == 0
    assert (two.cost_microusd, two.hold_microusd, Budget.objects.get().held_microusd) == (
        PRICE, 0, 0,
    )  # fmt: skip
    assert [kind for kind, *_ in ledger()] == ["hold", "settle", "release"]
    assert canned.calls == 2
    Spending.objects.update(circuit="")
    assert not run(two.pk)


def test_a_first_frame_that_is_refused_fails_it_and_nothing_more_is_sent(canned, two):
    canned.script = [REJECTED]
    run_all(two)
    assert (two.status, two.trouble) == (Status.FAILED, "moderation_blocked")
    assert canned.calls == 1
    assert [kind for kind, *_ in ledger()] == ["hold", "release"]


@pytest.mark.parametrize("frame", [0, 1])
def test_a_frame_that_comes_as_no_picture_counts_as_spent_and_gives_the_rest_back(
    canned, two, frame
):
    canned.script = [Answer(body=ANSWER)] * frame + [Answer(body=b"<html>")]
    held = two.hold_microusd
    run_all(two)
    share = held // 2 if frame == 0 else held - held // 2
    assert two.status == (Status.SUCCEEDED if frame else Status.FAILED)
    assert two.trouble == ("frames_missing" if frame else "not_json")
    assert two.cost_microusd is None
    assert ledger()[-1] == ("settle", -(held if frame == 0 else share), share)
    assert Budget.objects.get().held_microusd == two.hold_microusd == 0
    assert two.results.count() == frame
    assert canned.calls == frame + 1


def test_a_first_frame_whose_outcome_is_unknown_keeps_all_that_is_held(canned, two):
    canned.script = [UNKNOWN]
    held = two.hold_microusd
    run_all(two)
    assert (two.status, two.hold_microusd, canned.calls) == (Status.UNKNOWN, held, 1)


@pytest.fixture
def half_unknown(canned, two):
    """The first frame came; whether the second was made nobody knows."""
    canned.script = [Answer(body=ANSWER), UNKNOWN]
    run_all(two)
    assert two.status == Status.UNKNOWN
    assert two.pieces.count() == 1
    return two


def test_a_loss_that_is_accepted_leaves_what_came(canned, half_unknown, alice):
    edit, held = half_unknown, half_unknown.hold_microusd
    assert accept_loss(edit, by=alice)
    edit.refresh_from_db()
    assert (edit.status, edit.ends_early, edit.hold_microusd) == (Status.STORING, True, 0)
    assert ledger()[-1] == ("settle", -held, held)
    assert store(edit.pk)
    edit.refresh_from_db()
    assert (edit.status, edit.trouble, edit.trouble_text) == (
        Status.SUCCEEDED, "frames_missing", "Something broke.",
    )  # fmt: skip
    assert edit.cost_microusd is None
    assert changed(edit.results.get(), LEFT) > 0.9
    assert canned.calls == 2


def test_buying_again_repeats_the_frame_that_is_unknown_and_no_other(canned, half_unknown, alice):
    edit, held = half_unknown, half_unknown.hold_microusd
    assert buy_again(edit, by=alice)
    edit.refresh_from_db()
    assert (edit.status, edit.hold_microusd) == (Status.QUEUED, held)
    run_all(edit)
    assert edit.status == Status.SUCCEEDED
    assert list(edit.attempts.order_by("number").values_list("frame", "outcome")) == [
        (0, "succeeded"), (1, "unknown"), (1, "succeeded"),
    ]  # fmt: skip
    assert canned.calls == 3
    assert Budget.objects.get().held_microusd == 0
    assert changed(edit.results.get(), RIGHT) > 0.9


def test_a_first_frame_bought_again_holds_for_both_and_says_so_of_that_call_alone(
    canned, two, alice
):
    canned.script = [UNKNOWN]
    held = two.hold_microusd
    run_all(two)
    assert buy_again(two, by=alice, because="it is needed")
    assert ledger()[1:] == [("settle", -held, held // 2), ("hold", held, 0)]
    run_all(two)
    assert two.status == Status.SUCCEEDED
    assert list(two.attempts.order_by("number").values_list("bought_by__username", flat=True)) == [
        None, "alice", None,
    ]  # fmt: skip


@pytest.mark.parametrize("short", [1, 0])
def test_buying_again_needs_what_the_lost_call_may_have_cost_and_all_that_is_held(
    canned, two, alice, short
):
    canned.script = [UNKNOWN]
    run_all(two)
    held, before = two.hold_microusd, ledger()
    Budget.objects.update(cap_microusd=held // 2 + held - short)
    if not short:
        assert buy_again(two, by=alice)
        assert Budget.objects.get().left_microusd == 0
        return
    with pytest.raises(OverBudget):
        buy_again(two, by=alice)
    two.refresh_from_db()
    assert (two.status, two.hold_microusd, ledger()) == (Status.UNKNOWN, held, before)
    assert (Budget.objects.get().held_microusd, Budget.objects.get().spent_microusd) == (held, 0)


def late(attempt):
    """The answer of an attempt that was given up for lost lies in the spool after all."""
    path = spool.answer(attempt.key)
    meta = AnswerMeta(200, {}, timezone.now(), len(ANSWER))
    path.with_name(f"{path.name}.json").write_text(json.dumps(meta.to_dict()))
    path.write_bytes(ANSWER)


def test_late_bytes_of_a_frame_are_kept_and_the_next_is_sent(canned, two):
    token = uuid4()
    assert Edit.objects.claim(two.pk, token=token, now=timezone.now(), lease=leases.length())
    attempt = record_intent(two, prepare(two, 0), token, 0)
    Edit.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert sweep(timezone.now()).unknown == 1
    late(attempt)
    assert sweep(timezone.now()).adopted == 1
    assert store(two.pk)
    two.refresh_from_db()
    assert (two.status, two.pieces.count(), canned.calls) == (Status.QUEUED, 1, 0)
    run_all(two)
    assert (two.status, canned.calls) == (Status.SUCCEEDED, 1)


def test_canceled_between_two_frames_sends_no_more_and_keeps_what_came(canned, two, alice):
    run(two.pk)
    assert cancel(two, by=alice) == "will_be_kept"
    two.refresh_from_db()
    assert (two.status, two.hold_microusd) == (Status.STORING, 0)
    assert store(two.pk)
    assert not run(two.pk)
    two.refresh_from_db()
    assert (two.status, two.trouble, two.cost_microusd) == (
        Status.CANCELED, "frames_missing", PRICE,
    )  # fmt: skip
    assert changed(two.results.get(), LEFT) > 0.9
    assert canned.calls == 1
    assert [kind for kind, *_ in ledger()] == ["hold", "settle", "release"]


def test_canceled_while_the_first_frame_is_made_no_other_is_sent(canned, two, alice):
    arrived = threading.Event()
    canned.script = [Answer(body=ANSWER, hold=arrived)]
    worker = threading.Thread(target=run, args=(two.pk,))
    worker.start()
    ends = time.monotonic() + 20
    while not Edit.objects.filter(pk=two.pk, sent_at__isnull=False).exists():
        assert time.monotonic() < ends
        time.sleep(0.02)
    assert cancel(two, by=alice) == "will_be_kept"
    arrived.set()
    worker.join(20)
    run_all(two)
    assert (two.status, two.trouble) == (Status.CANCELED, "frames_missing")
    assert (canned.calls, two.results.count(), two.cost_microusd) == (1, 1, PRICE)
    assert Budget.objects.get().held_microusd == 0


def test_a_second_frame_that_waits_for_the_provider_is_sent_later(canned, two):
    canned.script = [Answer(body=ANSWER), Answer(429, error("rate_limit_exceeded"))]
    run_all(two)
    assert (two.status, two.pieces.count()) == (Status.QUEUED, 1)
    Edit.objects.update(not_before=timezone.now())
    run_all(two)
    assert (two.status, canned.calls) == (Status.SUCCEEDED, 3)


def test_a_provider_that_is_busy_for_too_long_leaves_what_came(canned, two):
    run(two.pk)
    canned.usual = Answer(429, error("rate_limit_exceeded", "Too many."))
    for _ in range(12):
        Edit.objects.filter(status=Status.QUEUED).update(not_before=timezone.now())
        run(two.pk)
    two.refresh_from_db()
    assert (two.status, two.trouble, two.trouble_text) == (
        Status.SUCCEEDED, "frames_missing", "Too many.",
    )  # fmt: skip
    assert two.hold_microusd == Budget.objects.get().held_microusd == 0


def test_a_frame_without_a_known_cost_is_taken_to_cost_its_share(canned, photo, make_edit):
    edit = in_two_frames(
        make_edit, photo, model="gpt-image-1", options={"n": 1, "quality": "low"},
    )  # fmt: skip
    Edit.objects.filter(pk=edit.pk).update(frames=[
        {**frame, "size": [1024, 1024], "bounds": [-192, -272, 832, 752], "pad": [192, 272, 192, 272]}
        for frame in edit.frames
    ])  # fmt: skip
    canned.usual = Answer(body=ANSWER.replace(b'"usage"', b'"other"'))
    held = edit.hold_microusd
    run_all(edit)
    assert (edit.status, edit.cost_microusd) == (Status.SUCCEEDED, None)
    assert sum(spent for _, _, spent in ledger()) == held
    assert list(LedgerEntry.objects.filter(kind="settle").values_list("assumed", flat=True)) == [
        True, True,
    ]  # fmt: skip


def test_results_are_made_of_the_pieces_of_the_same_number(canned, photo, make_edit):
    whole = json.loads(pictures(2, size=(256, 256)))
    broken = {**whole, "data": [whole["data"][0], {"b64_json": "bm8gcGljdHVyZQ=="}]}
    canned.script = [Answer(body=json.dumps(each).encode()) for each in (whole, broken)]
    edit = run_all(in_two_frames(make_edit, photo, options={"n": 2}))
    assert (edit.status, edit.trouble) == (Status.SUCCEEDED, "some_missing")
    first, second = edit.results.order_by("number")
    assert [piece.frame for piece in first.pieces.all()] == [0, 1]
    assert [piece.frame for piece in second.pieces.all()] == [0]
    assert changed(first, RIGHT) > 0.9
    assert changed(second, RIGHT) == 0
    assert changed(second, LEFT) > 0.9


def test_frames_that_come_by_url_are_fetched_before_anything_else(canned, two):
    picture = Answer(body=photo_png((256, 256)), headers={"Content-Type": "image/png"})
    canned.files = {"/a.png": [Answer(500), picture]}
    canned.usual = Answer(body=urls(f"{canned.root}/a.png", created=int(time.time())))
    run(two.pk)
    two.refresh_from_db()
    assert (two.status, two.trouble) == (Status.STORING, "fetching_again")
    Edit.objects.update(not_before=timezone.now(), lease_until=timezone.now())
    assert store(two.pk)
    two.refresh_from_db()
    assert (two.status, two.expires_at, two.pieces.count()) == (Status.QUEUED, None, 1)
    run_all(two)
    assert (two.status, canned.calls) == (Status.SUCCEEDED, 2)


def test_one_call_of_work_carries_an_edit_through_all_its_frames(canned, two):
    drain.drain(2)
    two.refresh_from_db()
    assert (two.status, canned.calls) == (Status.SUCCEEDED, 2)


def test_a_hint_puts_together_what_ended_early(canned, two, alice):
    run(two.pk)
    cancel(two, by=alice)
    drain.serve(two.pk)
    two.refresh_from_db()
    assert (two.status, two.results.count()) == (Status.CANCELED, 1)


def test_what_is_left_to_put_together_is_found_by_the_sweeper(canned, two, alice):
    run(two.pk)
    cancel(two, by=alice)
    assert sweep(timezone.now()).to_store == (two.pk,)


def test_an_edit_of_one_frame_takes_four_transactions(canned, photo, make_edit):
    edit = make_edit(photo)
    Spending.load()
    with CaptureQueriesContext(connection) as seen:
        run(edit.pk)
    edit.refresh_from_db()
    assert edit.status == Status.SUCCEEDED
    begun = [each["sql"] for each in seen.captured_queries if each["sql"].startswith("BEGIN")]
    assert len(begun) == 4, "the intent, the answer, the result, the end"
