"""Another finish is made from what came: it calls nobody, costs nothing, and loses no picture."""

import base64
import json
import threading

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.db import connection

from editor.jobs.finishing import CannotRefinish, difference_of, finishes_of, refinish
from editor.jobs.pictures import read
from editor.jobs.run import run
from editor.models import AuditEntry, Finish, Finished, LedgerEntry, Result, ReviewState, decide
from tests.canned_provider import Answer, pictures
from tests.drawing import photo_pixels, pixels_of, png
from tests.jobs.several import in_two_frames

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def result(canned, photo, make_edit):
    """Of an edit whose answer is the whole picture in another light."""
    canned.usual = Answer(body=answer_with(in_another_light((944, 704))))
    edit = make_edit(photo, grow=0)
    run(edit.pk)
    return edit.results.select_related("edit__source", "image").get()


def in_another_light(size):
    """The window as a model sends it back: brighter, and with something new in its middle."""
    width, height = size
    pixels = photo_pixels((640, 480)).astype(float)
    left, top = (width - 640) // 2, (height - 480) // 2
    whole = np.pad(pixels, ((top, top), (left, left), (0, 0)), mode="reflect") * 1.06 + 3
    stripes = np.indices((100, 100)).sum(axis=0) // 5 % 2 * 120.0 + 40
    whole[top + 150 : top + 250, left + 200 : left + 300] = stripes[..., None]
    return whole.clip(0, 255).astype(np.uint8)


def answer_with(pixels):
    told = json.loads(pictures())
    told["data"] = [{"b64_json": base64.b64encode(png(pixels)).decode()}]
    return json.dumps(told).encode()


def shown(result):
    return pixels_of(read(result.image.original))


def test_a_result_can_be_finished_in_every_way_without_a_call_or_any_cost(canned, result, alice):
    entries, cost = LedgerEntry.objects.count(), result.edit.cost_microusd
    found = {}
    for finish in finishes_of(result):
        refinish(result, finish, by=alice)
        assert result.finish == finish
        found[finish] = shown(result)
    assert set(found) == set(Finish.values)
    source = photo_pixels((640, 480))
    outside = np.ones(source.shape[:2], bool)
    outside[150:250, 200:300] = False
    for finish in (Finish.NATURAL, Finish.MODEL, Finish.HARD):
        assert np.array_equal(found[finish][outside], source[outside])
    assert not np.array_equal(found[Finish.NATURAL], found[Finish.HARD])
    assert not np.array_equal(found[Finish.MODEL], found[Finish.NATURAL])
    assert found[Finish.RAW].shape == (704, 944, 3)
    result.edit.refresh_from_db()
    assert (canned.calls, LedgerEntry.objects.count()) == (1, entries)
    assert result.edit.cost_microusd == cost


def test_a_finish_that_was_made_before_is_shown_again_and_not_made_again(result, alice):
    first = result.image
    refinish(result, Finish.HARD, by=alice)
    refinish(result, Finish.NATURAL, by=alice)
    assert result.image == first
    assert result.finished.count() == 2
    assert result.outside_identical and result.pixels_changed


def test_the_measurements_are_those_of_the_picture_that_is_shown(result, alice):
    refinish(result, Finish.RAW, by=alice)
    stored = Result.objects.get(pk=result.pk)
    assert (stored.outside_identical, stored.border_ratio, stored.pixels_compared) == (
        None,
        None,
        0,
    )
    refinish(result, Finish.HARD, by=alice)
    stored.refresh_from_db()
    assert stored.outside_identical
    assert stored.border_ratio is not None


def test_two_who_finish_at_once_make_one_row(result, alice):
    def act():
        try:
            refinish(
                Result.objects.select_related("edit__source", "image").get(pk=result.pk),
                Finish.HARD,
                by=alice,
            )
        finally:
            connection.close()

    threads = [threading.Thread(target=act) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Finished.objects.filter(result=result, finish=Finish.HARD).count() == 1
    result.refresh_from_db()
    assert result.finish == Finish.HARD


def test_what_was_decided_is_to_be_decided_anew_and_both_are_on_record(result, alice, vera):
    decide(result, ReviewState.APPROVED, by=vera)
    refinish(result, Finish.MODEL, by=alice)
    assert result.review == ReviewState.PENDING
    decisions = list(result.reviews.order_by("id").values_list("decision", "by__username"))
    assert decisions == [("approved", "vera"), ("pending", "alice")]
    entry = AuditEntry.objects.get(act="finish chosen")
    assert entry.detail == {"was": "natural", "now": "model"}


def test_who_decides_about_the_picture_that_is_gone_decides_nothing(result, alice, vera):
    seen = Result.objects.get(pk=result.pk)
    refinish(result, Finish.MODEL, by=alice)
    assert not decide(seen, ReviewState.APPROVED, by=vera)
    result.refresh_from_db()
    assert result.review == ReviewState.PENDING


def test_choosing_what_is_shown_already_changes_nothing(result, alice, vera):
    decide(result, ReviewState.APPROVED, by=vera)
    refinish(result, Finish.NATURAL, by=alice)
    result.refresh_from_db()
    assert (result.review, result.reviews.count()) == (ReviewState.APPROVED, 1)


def test_several_frames_have_no_raw_finish(canned, photo, make_edit, alice):
    edit = in_two_frames(make_edit, photo)
    canned.usual = Answer(body=pictures(size=(256, 256)))
    run(edit.pk)
    run(edit.pk)
    result = edit.results.select_related("edit__source", "image").get()
    assert Finish.RAW not in finishes_of(result)
    with pytest.raises(CannotRefinish) as refused:
        refinish(result, Finish.RAW, by=alice)
    assert refused.value.code == "several_frames"
    refinish(result, Finish.HARD, by=alice)
    assert result.outside_identical


def test_an_unknown_finish_and_an_unstitched_result_are_refused(
    result, alice, make_edit, photo, make_result
):
    with pytest.raises(CannotRefinish) as refused:
        refinish(result, "shiny", by=alice)
    assert refused.value.code == "unknown_finish"
    whole = make_result(make_edit(photo, frames=[]))
    assert finishes_of(whole) == []
    with pytest.raises(CannotRefinish) as refused:
        refinish(whole, Finish.HARD, by=alice)
    assert refused.value.code == "not_stitched"


def test_a_raw_answer_that_is_gone_is_said_and_nothing_is_changed(result, alice):
    default_storage.delete(result.piece.raw)
    with pytest.raises(CannotRefinish) as refused:
        refinish(result, Finish.HARD, by=alice)
    assert refused.value.code == "file_gone"
    result.refresh_from_db()
    assert (result.finish, result.finished.count()) == (Finish.NATURAL, 1)


def test_the_difference_is_black_where_nothing_changed_and_made_once(result):
    name = difference_of(result)
    seen = pixels_of(read(name))
    outside = np.ones(seen.shape[:2], bool)
    outside[150:250, 200:300] = False
    assert seen.shape == (480, 640, 3)
    assert not seen[outside].any()
    assert seen[~outside].max() > 100
    assert difference_of(result) == name
    assert result.finished.get().difference == name


def test_each_finish_has_a_difference_of_its_own_and_the_raw_one_has_none(result, alice):
    first = difference_of(result)
    refinish(result, Finish.HARD, by=alice)
    assert difference_of(result) != first
    refinish(result, Finish.RAW, by=alice)
    with pytest.raises(CannotRefinish):
        difference_of(result)
