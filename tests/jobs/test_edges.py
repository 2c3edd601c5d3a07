"""What may change: the painted mask, grown; and over how far inside of it a change fades in."""

import io
import uuid

import numpy as np
import pytest
from PIL import Image as Pillow

from editor.images_api.messages import Operation
from editor.imaging import masks
from editor.imaging.framing import Frame
from editor.jobs.pictures import read
from editor.jobs.run import run
from editor.jobs.submit import NotSubmitted, quote, submit
from editor.models import Edit, LedgerEntry, Status
from tests.drawing import mask_pixels, mask_png, photo_pixels, pixels_of
from tests.jobs.test_operations import wish

pytestmark = pytest.mark.django_db(transaction=True)

SIZE, BOX = (640, 480), (200, 150, 300, 250)
EDIT: Operation = "edit"


def contract(grow, box=BOX, size=SIZE):
    return masks.grow(mask_pixels(size, box), grow)


def sent_mask(canned):
    return np.asarray(Pillow.open(io.BytesIO(canned.requests[-1]["mask"])).getchannel("A")) == 0


def codes(refused):
    return {(problem.field, problem.code) for problem in refused.value.problems}


def result_of(edit):
    run(edit.pk)
    edit.refresh_from_db()
    assert edit.status == Status.SUCCEEDED
    return edit.results.select_related("image").get()


@pytest.mark.parametrize(("asked", "kept"), [(None, 5), (0, 0), (25, 25)])
def test_the_mask_that_is_sent_and_written_to_is_the_painted_one_grown(
    canned, photo, new_edit, asked, kept
):
    edit = submit(new_edit(photo, grow=asked))
    assert edit.grow == kept
    result = result_of(edit)
    frame, inside = Frame.from_dict(edit.frames[0]), contract(kept)
    assert frame.scale == 1
    sent = sent_mask(canned)[-frame.bounds[1] :, -frame.bounds[0] :][: SIZE[1], : SIZE[0]]
    assert np.array_equal(sent, inside > 0)
    assert np.count_nonzero(sent_mask(canned)) == np.count_nonzero(inside)
    pixels = pixels_of(read(result.image.original))
    assert np.array_equal(pixels[inside == 0], photo_pixels(SIZE)[inside == 0])
    assert result.outside_identical
    assert result.pixels_compared == np.count_nonzero(inside == 0)
    assert result.pixels_changed == np.count_nonzero(inside)


def test_the_frame_lies_around_the_grown_mask(photo, new_edit):
    edit = submit(new_edit(photo, grow=40, model="dall-e-2", options={"n": 1, "size": "256x256"}))
    left, top, right, bottom = edit.frames[0]["bounds"]
    grown = masks.bounds(contract(40))
    assert left <= grown[0] and top <= grown[1] and right >= grown[2] and bottom >= grown[3]


@pytest.mark.parametrize("feather", [0, 10, 40])
def test_a_change_fades_in_over_as_many_pixels_as_were_chosen(canned, photo, new_edit, feather):
    edit = submit(new_edit(photo, grow=0, feather=feather))
    assert edit.feather == feather
    pixels = pixels_of(read(result_of(edit).image.original)).astype(int)
    source = photo_pixels(SIZE).astype(int)
    middle = np.abs(pixels - source)[200, 200:300].sum(axis=1) / np.maximum(
        1, np.abs(pixels[200, 250] - source[200, 250]).sum()
    )
    assert middle[feather // 2] > 0.4
    if feather:
        assert middle[0] < 0.1
        assert middle[feather // 4] < 0.5


def test_what_is_estimated_is_what_is_submitted(photo, new_edit):
    told = quote(photo, BOX, "gpt-image-2", {"n": 1, "size": "auto", "quality": "low"}, 15)
    edit = submit(new_edit(photo))
    assert told.grow == edit.grow == masks.grow_radius(BOX)
    assert told.contract == masks.bounds(contract(edit.grow))
    assert told.frame.to_dict() == edit.frames[0]
    assert told.high_microusd == edit.hold_microusd


def test_what_a_script_sends_is_not_grown(canned, photo):
    edit = submit(
        wish(photo.created_by, source=photo, mask=mask_png(SIZE, BOX), fit="asked", operation=EDIT)
    )
    assert (edit.grow, edit.feather) == (0, None)
    result = result_of(edit)
    assert result.pixels_changed == 100 * 100


def test_a_number_that_nobody_chose_gives_way_where_nothing_would_be_kept(
    canned, alice, make_photo, new_edit
):
    tiny = make_photo(alice, size=(8, 6))
    edit = submit(new_edit(tiny, mask=mask_png((8, 6), (0, 0, 7, 6))))
    assert edit.grow == 0
    assert result_of(edit).pixels_compared == 6


def test_a_chosen_growth_that_covers_everything_is_refused_in_words(alice, make_photo, new_edit):
    tiny = make_photo(alice, size=(80, 60))
    with pytest.raises(NotSubmitted) as refused:
        submit(new_edit(tiny, mask=mask_png((80, 60), (30, 20, 50, 40)), grow=60))
    assert codes(refused) == {("mask", "grown_over_all")}


@pytest.mark.parametrize("name", ["grow", "feather"])
@pytest.mark.parametrize("value", [-1, 1001, 10**9])
def test_an_edge_out_of_range_is_refused_and_nothing_is_held(photo, new_edit, name, value):
    with pytest.raises(NotSubmitted) as refused:
        submit(new_edit(photo, **{name: value}))
    assert codes(refused) == {(name, "out_of_range")}
    assert not Edit.objects.exists()
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("name", ["grow", "feather"])
@pytest.mark.parametrize("value", [-(10**9), -500, -1, 1001, 10**9])
def test_an_edge_out_of_range_is_told_with_the_estimate(photo, name, value):
    told = quote(photo, BOX, "gpt-image-2", {"n": 1}, 15, **{name: value})
    assert [(each.field, each.code) for each in told.problems] == [(name, "out_of_range")]
    assert told.high_microusd is None
    assert told.frame == quote(photo, BOX, "gpt-image-2", {"n": 1}, 15).frame


def test_the_same_wish_twice_is_one_edit_and_another_edge_is_a_conflict(photo, new_edit):
    one = new_edit(photo, key=uuid.uuid4(), grow=7, feather=3)
    assert submit(one).pk == submit(one).pk
    for other in ({"grow": 8, "feather": 3}, {"grow": 7, "feather": 4}, {"grow": 7}):
        with pytest.raises(NotSubmitted) as refused:
            submit(new_edit(photo, key=one.key, **other))
        assert refused.value.conflict


def test_a_wish_without_numbers_repeated_is_the_same_edit(photo, new_edit):
    one = new_edit(photo)
    assert submit(one).pk == submit(one).pk


@pytest.mark.parametrize("first", [0, 25])
def test_a_chosen_growth_left_open_afterwards_is_a_conflict(photo, new_edit, first):
    one = new_edit(photo, grow=first)
    submit(one)
    with pytest.raises(NotSubmitted) as refused:
        submit(new_edit(photo, key=one.key))
    assert refused.value.conflict
    assert Edit.objects.get().grow == first


def test_a_growth_that_gave_way_repeated_is_the_same_edit(photo, new_edit):
    one = new_edit(photo, mask=mask_png(SIZE, (1, 1, 639, 479)))
    assert submit(one).grow == 0
    assert submit(one).pk == Edit.objects.get().pk
