"""Extensions: the source in a larger canvas, of which all that is new is made, and the rest kept."""

import io
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from editor.imaging import extending, masks
from editor.imaging.framing import Frame
from editor.jobs import partials
from editor.jobs.pictures import add_upload, read
from editor.jobs.run import run
from editor.jobs.store import store
from editor.jobs.submit import NotSubmitted, quote, submit
from editor.models import Attempt, Edit, LedgerEntry, Status
from tests.drawing import mask_pixels, mask_png, photo_pixels, pixels_of, png

pytestmark = pytest.mark.django_db(transaction=True)

SIZE, MARGINS = (640, 480), (100, 0, 60, 40)
CANVAS = (800, 520)
PLAIN = {"n": 1, "size": "auto", "quality": "low"}


def codes(refused):
    return {(problem.field, problem.code) for problem in refused.value.problems}


def extension(new_edit, photo, **fields):
    return new_edit(photo, **{"mask": None, "margins": MARGINS, **fields})


def result_of(edit):
    run(edit.pk)
    edit.refresh_from_db()
    assert edit.status == Status.SUCCEEDED
    return edit.results.select_related("image").get()


def old_part(pixels, margins, size):
    left, top, right, bottom = extending.place_of(size, margins)
    return pixels[top:bottom, left:right]


def test_the_result_has_the_canvass_size_and_the_picture_in_its_place(canned, photo, new_edit):
    edit = submit(extension(new_edit, photo))
    result = result_of(edit)
    assert edit.operation == "extend"
    assert edit.margins == list(MARGINS)
    assert result.image.size == edit.canvas_size == CANVAS
    pixels = pixels_of(read(result.image.original))
    contract = masks.grow(extending.new_area(SIZE, MARGINS), edit.grow)
    kept = old_part(contract, MARGINS, SIZE) == 0
    assert np.array_equal(old_part(pixels, MARGINS, SIZE)[kept], photo_pixels(SIZE)[kept])
    assert result.outside_identical
    assert result.pixels_compared == np.count_nonzero(kept) > 0.9 * 640 * 480
    assert result.pixels_changed == np.count_nonzero(contract)


def test_to_the_provider_it_is_an_edit_of_the_canvas_with_the_new_area_masked(
    canned, photo, new_edit
):
    edit = submit(extension(new_edit, photo, grow=0))
    result_of(edit)
    assert canned.paths == ["/v1/images/edits"]
    sent = canned.requests[0]
    frame = Frame.from_dict(edit.frames[0])
    assert frame.inner == (0, 0, *CANVAS)
    window = np.asarray(Pillow.open(io.BytesIO(sent["image"])))
    mask = np.asarray(Pillow.open(io.BytesIO(sent["mask"])).getchannel("A")) == 0
    assert sent["size"].decode() == f"{frame.size[0]}x{frame.size[1]}"
    inner = np.s_[frame.pad[1] :, frame.pad[0] :]
    assert frame.scale == 1
    assert np.array_equal(
        mask[inner][: CANVAS[1], : CANVAS[0]], extending.new_area(SIZE, MARGINS) > 0
    )
    assert np.array_equal(old_part(window[inner], MARGINS, SIZE)[..., :3], photo_pixels(SIZE))


def test_a_mask_without_the_new_area_gets_it_here(canned, photo, new_edit):
    painted = mask_png(CANVAS, (300, 200, 340, 240))
    edit = submit(extension(new_edit, photo, mask=painted))
    stored = pixels_of(read(edit.mask))
    wanted = extending.with_new_area(mask_pixels(CANVAS, (300, 200, 340, 240)), SIZE, MARGINS)
    assert np.array_equal(stored > 0, wanted > 0)
    assert edit.mask_bounds == [0, 0, *CANVAS]
    result = result_of(edit)
    pixels = old_part(pixels_of(read(result.image.original)), MARGINS, SIZE)
    assert (pixels[200:240, 200:240] != photo_pixels(SIZE)[200:240, 200:240]).any()


def test_the_same_mask_with_its_picture_elsewhere_is_stored_for_itself(photo, new_edit):
    painted = mask_png((650, 480))
    one = submit(extension(new_edit, photo, mask=painted, margins=(10, 0, 0, 0)))
    other = submit(extension(new_edit, photo, mask=painted, margins=(0, 0, 10, 0)))
    assert one.mask != other.mask
    assert pixels_of(read(one.mask))[:, 0].all() and not pixels_of(read(one.mask))[:, -1].any()
    assert pixels_of(read(other.mask))[:, -1].all() and not pixels_of(read(other.mask))[:, 0].any()


def test_the_same_margins_around_pictures_of_two_sizes_make_two_masks(
    alice, photo, make_photo, new_edit
):
    other = make_photo(alice, size=(320, 200))
    edits = [submit(extension(new_edit, each)) for each in (photo, other)]
    for edit in edits:
        stored = pixels_of(read(edit.mask))
        assert stored.shape[1::-1] == edit.canvas_size
        assert np.array_equal(stored > 0, extending.new_area(edit.source.size, MARGINS) > 0)


def test_a_mask_of_the_pictures_size_does_not_fit_an_extension(photo, new_edit):
    with pytest.raises(NotSubmitted) as refused:
        submit(extension(new_edit, photo, mask=mask_png(SIZE, (10, 10, 20, 20))))
    assert codes(refused) == {("mask", "wrong_size")}


def test_an_extension_that_would_keep_nothing_is_refused(photo, new_edit):
    with pytest.raises(NotSubmitted) as refused:
        submit(extension(new_edit, photo, mask=mask_png(CANVAS, (0, 0, *CANVAS))))
    assert codes(refused) == {("mask", "covers_all")}


@pytest.mark.parametrize(
    ("margins", "code"),
    [
        ((-1, 0, 0, 0), "not_margins"),
        ((0, 0, 0, -480), "not_margins"),
        ((10**9, 0, 0, 0), "too_many_pixels"),
        ((0, 0, 0, 200_000), "too_many_pixels"),
        ((30_000, 0, 0, 0), "side_too_long"),
    ],
)
def test_a_canvas_beyond_a_pictures_limits_is_refused_before_it_is_made(
    photo, new_edit, margins, code
):
    with pytest.raises(NotSubmitted) as refused:
        submit(extension(new_edit, photo, margins=margins))
    assert codes(refused) == {("margins", code)}
    told = quote(photo, None, "gpt-image-2", PLAIN, margins=margins)
    assert [(each.field, each.code) for each in told.problems] == [("margins", code)]
    assert told.frame is None
    assert not Edit.objects.exists()
    assert not LedgerEntry.objects.exists()


def test_a_canvas_may_have_as_many_pixels_as_an_upload(photo, new_edit, settings):
    settings.UPLOAD_MAX_PIXELS = CANVAS[0] * CANVAS[1]
    assert submit(extension(new_edit, photo)).operation == "extend"
    settings.UPLOAD_MAX_PIXELS -= 1
    with pytest.raises(NotSubmitted):
        submit(extension(new_edit, photo))


def test_what_is_estimated_of_an_extension_is_what_is_held(photo, new_edit):
    told = quote(photo, None, "gpt-image-2", PLAIN, 15, margins=MARGINS)
    edit = submit(extension(new_edit, photo))
    assert told.frame.to_dict() == edit.frames[0]
    assert told.contract == (0, 0, *CANVAS)
    assert told.grow == edit.grow
    assert told.high_microusd == edit.hold_microusd > 0


def test_a_narrow_margin_is_sent_with_much_of_the_picture_beside_it(alice, make_photo, new_edit):
    photo = make_photo(alice, size=(2400, 1500))
    edit = submit(extension(new_edit, photo, margins=(60, 0, 0, 0)))
    left, top, right, bottom = edit.frames[0]["bounds"]
    assert left <= 0 and top <= 0 and bottom >= 1500
    assert 60 + 500 <= right <= 60 + 1000


def test_a_model_of_fixed_sizes_extends_too(canned, photo, new_edit):
    edit = submit(extension(new_edit, photo, model="dall-e-2", options={"n": 1, "size": "256x256"}))
    result = result_of(edit)
    assert result.image.size == CANVAS
    assert result.outside_identical


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (3, 2)])
def test_a_picture_of_hardly_any_pixels_is_extended_and_kept(
    canned, alice, make_photo, new_edit, size
):
    tiny = make_photo(alice, size=size)
    edit = submit(extension(new_edit, tiny, margins=(50, 60, 70, 80)))
    result = result_of(edit)
    pixels = pixels_of(read(result.image.original))
    assert np.array_equal(old_part(pixels, (50, 60, 70, 80), size), photo_pixels(size))
    assert result.pixels_compared == size[0] * size[1]


def test_a_transparent_picture_keeps_its_transparency(canned, alice, tmp_path, new_edit):
    pixels = np.dstack([photo_pixels((60, 40)), np.full((40, 60), 255, np.uint8)])
    pixels[10:20, 10:20, 3] = 0
    path = tmp_path / "clear.png"
    path.write_bytes(png(pixels))
    photo = add_upload(path, "clear.png", alice)
    result = result_of(submit(extension(new_edit, photo, margins=(0, 30, 0, 0), grow=2)))
    found = pixels_of(read(result.image.original))
    assert found.shape == (70, 60, 4)
    assert np.array_equal(found[32:], pixels[2:])


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.tuples(*[st.integers(0, 400)] * 4).filter(any),
    st.none() | st.integers(0, 20),
    st.none() | st.integers(0, 80),
    st.booleans(),
)
def test_whatever_the_margins_the_picture_outside_the_grown_mask_is_kept(
    canned, photo, new_edit, margins, grow, feather, is_painted
):
    canvas = extending.canvas_size(SIZE, margins)
    box = (margins[0] + 300, margins[1] + 100, margins[0] + 340, margins[1] + 200)
    painted = mask_pixels(canvas, box) if is_painted else mask_pixels(canvas)
    mask = mask_png(canvas, box) if is_painted else None
    edit = submit(
        extension(new_edit, photo, margins=margins, mask=mask, grow=grow, feather=feather)
    )
    result = result_of(edit)
    contract = masks.grow(extending.with_new_area(painted, SIZE, margins), edit.grow)
    kept = old_part(contract, margins, SIZE) == 0
    pixels = pixels_of(read(result.image.original))
    assert np.array_equal(old_part(pixels, margins, SIZE)[kept], photo_pixels(SIZE)[kept])
    assert (result.image.size, result.outside_identical) == (canvas, True)


def test_storing_an_extension_twice_gives_one_result(canned, photo, new_edit):
    edit = submit(extension(new_edit, photo))
    first = result_of(edit)
    assert not store(edit.pk)
    assert not run(edit.pk)
    assert [each.pk for each in edit.results.all()] == [first.pk]


def test_an_extension_that_dies_while_it_is_stored_is_stored_again_alike(
    canned, photo, new_edit, monkeypatch
):
    edit = submit(extension(new_edit, photo))
    result = result_of(edit)
    Edit.objects.filter(pk=edit.pk).update(status=Status.STORING, finished_at=None)
    result.delete()
    Edit.objects.filter(pk=edit.pk).update(lease_until=edit.created_at, not_before=edit.created_at)
    assert store(edit.pk)
    again = edit.results.select_related("image").get()
    assert again.image.sha256 == result.image.sha256
    assert canned.calls == 1


def test_the_same_wish_with_other_margins_is_a_conflict(photo, new_edit):
    one = extension(new_edit, photo)
    assert submit(one).pk == submit(one).pk
    for other in (
        {"margins": (100, 0, 60, 41)},
        {"margins": (0, 0, 0, 0), "mask": new_edit(photo).mask},
    ):
        with pytest.raises(NotSubmitted) as refused:
            submit(extension(new_edit, photo, key=one.key, **other))
        assert refused.value.conflict


def test_previews_of_an_extension_show_the_whole_canvas(photo, new_edit):
    edit = submit(extension(new_edit, photo, options={**PLAIN, "partial_images": 1}))
    shown = partials.Keeper(edit, Attempt(edit=edit), uuid4())._shown(
        np.full((64, 64, 3), (255, 0, 0), np.uint8)
    )
    picture = np.asarray(Pillow.open(io.BytesIO(shown[0])).convert("RGB")).astype(int)
    assert shown[1] == CANVAS == (picture.shape[1], picture.shape[0])
    assert np.all(picture[:, :90, 0] > 200)
    source = photo_pixels(SIZE).astype(int)
    middle = np.s_[100:300, 200:500]
    assert np.abs(old_part(picture, MARGINS, SIZE)[middle] - source[middle]).mean() < 6
