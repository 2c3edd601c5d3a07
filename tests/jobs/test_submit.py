import threading
from uuid import uuid4

import pytest
from django.db import connection

from editor.jobs.pictures import read
from editor.jobs.submit import NotSubmitted, quote, submit
from editor.models import Budget, Edit, LedgerEntry, Status
from tests.drawing import mask_pixels, mask_png, pixels_of


def codes(refused):
    return {(problem.field, problem.code) for problem in refused.value.problems}


def test_an_accepted_wish_is_queued_with_its_money_held(photo, new_edit):
    edit = submit(new_edit(photo))
    assert edit.status == Status.QUEUED
    assert edit.hold_microusd == edit.estimate_microusd > 0
    budget = Budget.objects.get()
    assert (budget.held_microusd, budget.spent_microusd) == (edit.hold_microusd, 0)
    entry = LedgerEntry.objects.get()
    assert (entry.kind, entry.held_microusd, entry.edit_id) == ("hold", edit.hold_microusd, edit.pk)


def test_the_same_key_twice_is_one_edit_and_one_hold(photo, new_edit):
    wish = new_edit(photo)
    first, second = submit(wish), submit(wish)
    assert first.pk == second.pk
    assert Edit.objects.count() == LedgerEntry.objects.count() == 1


def test_the_same_key_with_another_prompt_is_a_conflict(photo, new_edit):
    wish = new_edit(photo)
    submit(wish)
    with pytest.raises(NotSubmitted) as refused:
        submit(new_edit(photo, key=wish.key, prompt="Something else"))
    assert refused.value.conflict
    assert Edit.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_parallel_clicks_make_one_edit(photo, new_edit):
    wish = new_edit(photo)
    made: list[int] = []

    def click() -> None:
        try:
            made.append(submit(wish).pk)
        finally:
            connection.close()

    clicks = [threading.Thread(target=click) for _ in range(20)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert len(made) == 20
    assert len(set(made)) == 1
    assert Edit.objects.count() == LedgerEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"prompt": "  "}, ("prompt", "missing")),
        ({"prompt": "x" * 32_001}, ("prompt", "too_long")),
        ({"options": {"n": 0}}, ("n", "out_of_range")),
        ({"options": {"n": 11}}, ("n", "out_of_range")),
        ({"model": "no-such-model"}, ("model", "unknown_model")),
        ({"model": "dall-e-2", "options": {"n": 1, "quality": "high"}}, ("quality", "not_taken")),
        ({"mask": mask_png((640, 480))}, ("mask", "empty")),
        ({"mask": mask_png((640, 480), (0, 0, 640, 480))}, ("mask", "covers_all")),
        ({"mask": mask_png((639, 480), (0, 0, 20, 20))}, ("mask", "wrong_size")),
        ({"mask": b"nonsense"}, ("mask", "not_a_mask")),
    ],
)
def test_what_the_model_does_not_take_is_said_at_the_field_and_nothing_is_held(
    photo, new_edit, changes, problem
):
    with pytest.raises(NotSubmitted) as refused:
        submit(new_edit(photo, **changes))
    assert problem in codes(refused)
    assert not Edit.objects.exists()
    assert not LedgerEntry.objects.exists()


def test_everything_that_is_wrong_is_said_at_once(photo, new_edit):
    with pytest.raises(NotSubmitted) as refused:
        submit(new_edit(photo, prompt="", mask=mask_png(photo.size), options={"n": 99}))
    assert {field for field, _code in codes(refused)} == {"prompt", "mask", "n"}


def test_over_budget_is_refused_and_holds_nothing(photo, new_edit, settings):
    settings.MONTHLY_BUDGET_MICROUSD = 10
    with pytest.raises(NotSubmitted) as refused:
        submit(new_edit(photo))
    assert refused.value.over_budget
    assert not Edit.objects.exists()
    assert not Budget.objects.exclude(held_microusd=0).exists()


@pytest.mark.django_db(transaction=True)
def test_a_burst_never_holds_more_than_the_cap(photo, new_edit, settings):
    one = quote(photo, (200, 150, 300, 250), "gpt-image-2", {"n": 1, "quality": "low"}, 16)
    assert one.high_microusd
    settings.MONTHLY_BUDGET_MICROUSD = one.high_microusd * 3 + one.high_microusd // 2
    outcomes: list[bool] = []

    def try_one() -> None:
        try:
            submit(new_edit(photo, key=uuid4()))
            outcomes.append(True)
        except NotSubmitted as refused:
            outcomes.append(not refused.over_budget)
        finally:
            connection.close()

    tries = [threading.Thread(target=try_one) for _ in range(12)]
    for thread in tries:
        thread.start()
    for thread in tries:
        thread.join()
    assert outcomes.count(True) == 3
    assert outcomes.count(False) == 9
    budget = Budget.objects.get()
    assert budget.held_microusd == sum(Edit.objects.values_list("hold_microusd", flat=True))
    assert budget.held_microusd <= settings.MONTHLY_BUDGET_MICROUSD


def test_a_quote_tells_the_frame_and_what_is_left(photo, settings):
    settings.MONTHLY_BUDGET_MICROUSD = 20_000_000
    quoted = quote(photo, (200, 150, 300, 250), "gpt-image-2", {"n": 2, "quality": "low"}, 10)
    assert quoted.left_microusd == 20_000_000
    assert quoted.frame is not None
    left, top, right, bottom = quoted.frame.bounds
    assert left <= 200
    assert top <= 150
    assert right >= 300
    assert bottom >= 250
    assert 0 < quoted.low_microusd <= quoted.high_microusd


def test_two_results_are_quoted_dearer_than_one(photo):
    def high(n: int) -> int:
        return quote(photo, None, "gpt-image-2", {"n": n, "quality": "low"}, 10).high_microusd or 0

    assert high(2) > high(1) > 0


def test_of_an_uploaded_mask_only_its_pixels_are_kept(photo, new_edit):
    hostile = mask_png(photo.size, (200, 150, 300, 250)) + b"<script>alert(1)</script>"
    stored = read(submit(new_edit(photo, mask=hostile)).mask)
    assert b"script" not in stored
    kept = pixels_of(stored).astype(bool)
    assert (kept == (mask_pixels(photo.size, (200, 150, 300, 250)) > 0)).all()


def test_the_same_key_with_another_number_of_results_is_a_conflict(photo, new_edit):
    wish = new_edit(photo)
    first = submit(wish)
    with pytest.raises(NotSubmitted) as refused:
        submit(new_edit(photo, key=wish.key, options={**wish.options, "n": 4}))
    assert refused.value.conflict
    first.refresh_from_db()
    assert (Edit.objects.count(), first.n) == (1, 1)
