"""What is drawn over a picture in the studio: sent as a drawing, or on a further picture, and kept."""

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from editor.imaging import masks
from editor.imaging.framing import Frame
from editor.jobs import partials
from editor.jobs.pictures import read
from editor.jobs.quotes import Drawing
from editor.jobs.run import run
from editor.jobs.submit import NotSubmitted, quote, submit
from editor.models import Edit, LedgerEntry, Status
from tests.canned_provider import Answer, pictures
from tests.drawing import mask_pixels, mask_png, photo_pixels, pixels_of

pytestmark = pytest.mark.django_db(transaction=True)

SIZE, BOX = (640, 480), (200, 150, 300, 250)
TAKES_NOT = "gpt-image-2"
CIRCLE = {"kind": "circle", "bounds": [210, 160, 290, 240], "width": 8, "colour": "#ff0000"}
ARROW = {"kind": "arrow", "from": [100, 100], "to": [220, 180], "width": 6, "colour": "#00ff00"}
FAR = {"kind": "line", "points": [[500, 400], [600, 440]], "width": 6, "colour": "#0000ff"}
PLAIN = {"n": 1, "size": "auto", "quality": "low"}


@pytest.fixture(scope="module")
def takes():
    """A model that takes a drawing."""
    from editor.jobs.provider import known_models

    served = known_models().serving("edit", None, at_openai=False)
    return next(model.id for model in served if model.takes("markup", "edit"))


def codes(refused):
    return {(problem.field, problem.code) for problem in refused.value.problems}


def sent_picture(canned, name):
    return np.asarray(Pillow.open(io.BytesIO(canned.requests[-1][name])))


def pictures_sent(canned):
    return [data for name, data in canned.files_sent[0] if name in ("image", "image[]")]


def carried(edit):
    run(edit.pk)
    edit.refresh_from_db()
    assert edit.status == Status.SUCCEEDED, edit.trouble_text
    return edit


def drawn_places(pixels):
    rows, columns = np.nonzero(pixels[..., 3])
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_a_drawing_is_sent_in_place_of_the_mask_and_our_mask_still_holds(
    canned, photo, new_edit, takes
):
    edit = carried(submit(new_edit(photo, model=takes, marks=[CIRCLE])))
    assert (edit.markup_as, edit.marks) == ("markup", [CIRCLE])
    sent = canned.requests[0]
    assert "mask" not in sent
    frame = Frame.from_dict(edit.frames[0])
    overlay = sent_picture(canned, "markup")
    assert overlay.shape == (frame.size[1], frame.size[0], 4)
    assert frame.scale == 1
    left, top, right, bottom = drawn_places(overlay)
    corner = frame.bounds
    assert abs(left + corner[0] - 206) <= 3 and abs(top + corner[1] - 156) <= 3
    assert abs(right + corner[0] - 294) <= 3 and abs(bottom + corner[1] - 244) <= 3
    result = edit.results.select_related("image").get()
    inside = masks.grow(mask_pixels(SIZE, BOX), edit.grow)
    found = pixels_of(read(result.image.original))
    assert np.array_equal(found[inside == 0], photo_pixels(SIZE)[inside == 0])
    assert result.outside_identical


def test_a_drawing_as_a_reference_is_on_a_further_picture_after_the_others(
    canned, photo, new_edit, make_photo, alice, takes
):
    other = make_photo(alice, size=(96, 64), name="other.png")
    edit = submit(
        new_edit(photo, model=takes, marks=[CIRCLE], markup_as="reference", references=(other,))
    )
    carried(edit)
    sent = canned.requests[0]
    assert "mask" in sent and "markup" not in sent
    images = pictures_sent(canned)
    assert len(images) == 3
    window = np.asarray(Pillow.open(io.BytesIO(images[0])).convert("RGB")).astype(int)
    shown = np.asarray(Pillow.open(io.BytesIO(images[2])).convert("RGB")).astype(int)
    assert Pillow.open(io.BytesIO(images[1])).size == (96, 64)
    assert shown.shape == window.shape
    red = (shown[..., 0] > 200) & (shown[..., 1] < 80) & (shown[..., 2] < 80)
    frame = Frame.from_dict(edit.frames[0])
    rows, columns = np.nonzero(red)
    assert abs(columns.min() + frame.bounds[0] - 206) <= 4
    assert abs(rows.max() + frame.bounds[1] - 244) <= 4
    apart = np.abs(shown - window).max(axis=2)
    assert np.count_nonzero(apart > 60) < 0.05 * apart.size


def test_a_model_that_takes_no_drawing_gets_it_as_a_reference(canned, photo, new_edit):
    edit = carried(submit(new_edit(photo, marks=[CIRCLE])))
    assert edit.markup_as == "reference"
    assert len(pictures_sent(canned)) == 2


def test_a_drawing_alone_is_of_the_whole_picture(canned, photo, new_edit, takes):
    edit = submit(new_edit(photo, model=takes, marks=[CIRCLE, FAR], mask=None))
    assert (edit.mask, edit.is_stitched) == ("", False)
    carried(edit)
    frame = Frame.from_dict(edit.frames[0])
    assert frame.inner == (0, 0, *SIZE)
    sent = canned.requests[0]
    assert "mask" not in sent
    assert sent_picture(canned, "markup").shape[:2] == sent_picture(canned, "image").shape[:2]
    assert edit.results.get().outside_identical is None


def test_what_came_of_a_whole_picture_has_its_shape_and_not_what_was_put_around_it(
    canned, photo, new_edit, takes
):
    canned.usual = Answer(body=pictures(size=(944, 704)))
    edit = carried(submit(new_edit(photo, model=takes, marks=[CIRCLE], mask=None)))
    frame = Frame.from_dict(edit.frames[0])
    assert (frame.size, frame.inner) == ((944, 704), (0, 0, *SIZE))  # the picture is smaller than
    result = edit.results.select_related("image").get()  # what the model takes
    assert result.image.size == SIZE
    assert (result.piece.raw_width, result.piece.raw_height) == (944, 704)
    whole, found = pixels_of(read(result.piece.raw)), pixels_of(read(result.image.original))
    left, top = frame.pad[:2]
    assert np.array_equal(found, whole[top : top + 480, left : left + 640])


def test_previews_of_a_whole_picture_have_its_shape_too(photo, new_edit, takes):
    edit = submit(new_edit(photo, model=takes, marks=[CIRCLE], mask=None))
    frame = Frame.from_dict(edit.frames[0])
    answer = np.zeros((704, 944, 3), np.uint8)
    left, top = frame.pad[:2]
    answer[top : top + 480, left : left + 640] = (250, 10, 10)
    data, size = partials.Keeper(edit, None, None)._shown(answer)
    shown = np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB"))
    assert size == SIZE == shown.shape[1::-1]
    assert (shown[..., 0] > 200).all()


def test_an_empty_mask_beside_a_drawing_is_none(photo, new_edit, takes):
    wish = new_edit(photo, model=takes, marks=[CIRCLE], mask=mask_png(SIZE))
    edit = submit(wish)
    assert edit.mask == ""
    assert submit(wish).pk == edit.pk


def test_a_drawing_that_is_no_drawing_to_the_model_needs_a_mask(photo, new_edit):
    with pytest.raises(NotSubmitted) as refused:
        submit(new_edit(photo, marks=[CIRCLE], mask=mask_png(SIZE)))
    assert codes(refused) == {("mask", "empty")}


def test_the_frame_holds_the_drawing_with_the_mask(photo, new_edit, takes):
    plain = submit(new_edit(photo, model="dall-e-2", options={"n": 1, "size": "256x256"}))
    drawn = submit(new_edit(photo, model=takes, marks=[FAR]))
    right, bottom = drawn.frames[0]["bounds"][2:]
    assert right >= 603 and bottom >= 443
    assert plain.frames[0]["bounds"][2] < 600


def test_on_an_extended_canvas_a_drawing_stays_on_its_place_in_the_picture(
    canned, photo, new_edit, takes
):
    edit = submit(new_edit(photo, model=takes, marks=[CIRCLE], mask=None, margins=(100, 50, 0, 0)))
    carried(edit)
    frame = Frame.from_dict(edit.frames[0])
    left, top, _right, _bottom = drawn_places(sent_picture(canned, "markup"))
    assert abs((left * frame.scale + frame.bounds[0]) - 306) <= 4
    assert abs((top * frame.scale + frame.bounds[1]) - 206) <= 4


def test_a_drawing_counts_as_a_picture_where_it_is_sent_as_one(photo, new_edit, takes):
    def high(sent_as, model=takes):
        drawing = Drawing((206, 156, 294, 244), sent_as) if sent_as else None
        return quote(photo, BOX, model, PLAIN, 15, drawing=drawing)

    alone, drawn, further = high(None), high("markup"), high("reference")
    assert alone.problems == drawn.problems == further.problems == ()
    assert further.high_microusd > drawn.high_microusd
    edit = submit(new_edit(photo, model=takes, marks=[CIRCLE], markup_as="reference"))
    assert edit.hold_microusd == further.high_microusd


def test_one_reference_less_fits_beside_a_drawing(photo, new_edit, make_photo, alice):
    from editor.jobs.provider import known_models

    most = known_models().get(TAKES_NOT).max_images - 1
    images = tuple(make_photo(alice, size=(20 + i, 20)) for i in range(most))
    with pytest.raises(NotSubmitted) as refused:
        submit(new_edit(photo, marks=[CIRCLE], references=images))
    assert codes(refused) == {("references", "too_many_with_drawing")}
    assert submit(new_edit(photo, marks=[CIRCLE], references=images[1:])).pk


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"marks": [{"kind": "star"}]}, ("marks", "not_marks")),
        ({"marks": {"kind": "circle"}}, ("marks", "not_marks")),
        ({"marks": [CIRCLE] * 201}, ("marks", "too_many")),
        ({"marks": [CIRCLE], "markup_as": "markup"}, ("markup_as", "not_taken")),
        ({"marks": [CIRCLE], "markup_as": "sky writing"}, ("markup_as", "not_offered")),
    ],
)
def test_a_drawing_that_cannot_be_used_is_refused_and_nothing_is_held(
    photo, new_edit, changes, problem
):
    with pytest.raises(NotSubmitted) as refused:
        submit(new_edit(photo, **changes))
    assert problem in codes(refused)
    assert not Edit.objects.exists()
    assert not LedgerEntry.objects.exists()


def test_the_same_wish_with_another_drawing_is_a_conflict(photo, new_edit, takes):
    one = new_edit(photo, model=takes, marks=[CIRCLE])
    assert submit(one).pk == submit(one).pk
    for other in ({"marks": [ARROW]}, {"marks": [CIRCLE], "markup_as": "reference"}, {}):
        with pytest.raises(NotSubmitted) as refused:
            submit(new_edit(photo, model=takes, key=one.key, **other))
        assert refused.value.conflict


def test_a_drawing_alone_repeated_is_the_same_edit_whatever_edge_comes_with_it(
    photo, new_edit, takes
):
    one = new_edit(photo, model=takes, mask=None, marks=[CIRCLE], grow=5, feather=9)
    assert submit(one).pk == submit(one).pk
    assert Edit.objects.count() == LedgerEntry.objects.count() == 1


def test_the_same_wish_with_its_drawing_sent_another_way_by_default_is_a_conflict(
    photo, new_edit, takes
):
    one = new_edit(photo, model=takes, marks=[CIRCLE], markup_as="reference")
    submit(one)
    with pytest.raises(NotSubmitted) as refused:
        submit(new_edit(photo, model=takes, marks=[CIRCLE], key=one.key))
    assert refused.value.conflict


def test_a_drawing_is_drawn_again_alike_when_its_run_died_before_it_was_sent(
    canned, photo, new_edit, takes
):
    from editor.jobs.prepare import prepare

    edit = submit(new_edit(photo, model=takes, marks=[CIRCLE, ARROW]))
    assert prepare(edit).markup.data == prepare(Edit.objects.get(pk=edit.pk)).markup.data
