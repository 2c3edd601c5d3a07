"""What a person chooses of the frame, from the wish to the requests that are sent for it."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Pillow

from editor.imaging import islands, masks
from editor.imaging.framing import Frame, Framing, cut
from editor.jobs.prepare import prepare
from editor.jobs.provider import known_models
from editor.jobs.quotes import HELPER
from editor.jobs.submit import NotSubmitted, quote, submit
from editor.models import Edit, LedgerEntry
from tests.drawing import mask_pixels, mask_png, photo_pixels
from tests.jobs.test_drawings import CIRCLE

pytestmark = pytest.mark.django_db

SIZE = (2400, 1600)
NEAR, FAR = (60, 60, 160, 160), (2200, 1400, 2300, 1500)
BOX = (200, 150, 300, 250)
PLAIN = {"n": 1, "size": "auto", "quality": "low"}
MODEL = "gpt-image-2"


@pytest.fixture
def large(alice, make_photo):
    return make_photo(alice, size=SIZE)


@pytest.fixture
def apart(large, new_edit):
    """A wish with two islands in opposite corners."""

    def make(**fields):
        return new_edit(large, **{"mask": mask_png(SIZE, NEAR, FAR), **fields})

    return make


def codes(problems):
    return {(problem.field, problem.code) for problem in problems}


def frames_of(edit):
    return [Frame.from_dict(stored) for stored in edit.frames]


def holds(outer, inner):
    return all(a <= b for a, b in zip(outer[:2], inner[:2], strict=True)) and all(
        a >= b for a, b in zip(outer[2:], inner[2:], strict=True)
    )


def mask_of(request):
    return np.asarray(Pillow.open(io.BytesIO(request.mask.data)).getchannel("A")) == 0


def picture_of(request):
    return np.asarray(Pillow.open(io.BytesIO(request.images[0].data)))


# --- several frames -------------------------------------------------------------------------------


def test_islands_far_apart_are_several_frames_of_one_edit_each_with_its_part(apart):
    edit = submit(apart())
    assert edit.framing == {}
    parts = [frame.part for frame in frames_of(edit)]
    grown = [masks.grown_bounds(box, edit.grow, SIZE) for box in (NEAR, FAR)]
    assert parts == grown
    assert [frame.scale for frame in frames_of(edit)] == [1.0, 1.0]


def test_the_money_held_is_that_of_all_calls_and_no_more_than_one_frame_would_cost(apart):
    several = submit(apart())
    one = submit(apart(framing=Framing(split=False)))
    assert (len(several.frames), len(one.frames)) == (2, 1)
    assert 0 < several.hold_microusd <= one.hold_microusd
    assert one.framing == {"split": False}
    single = quote(several.source, NEAR, MODEL, PLAIN, len(several.prompt))
    assert several.hold_microusd == 2 * single.high_microusd


def test_what_is_estimated_with_the_islands_is_what_is_submitted(apart, large):
    edit = submit(apart())
    painted = mask_pixels(SIZE, NEAR, FAR)
    told = quote(
        large, masks.bounds(painted), MODEL, PLAIN, len(edit.prompt), boxes=islands.boxes(painted)
    )
    assert [frame.to_dict() for frame in told.frames] == edit.frames
    assert (told.low_microusd, told.high_microusd) == (
        edit.estimate_low_microusd,
        edit.hold_microusd,
    )
    assert told.frame == told.frames[0]


def test_a_quote_of_several_frames_tells_what_one_would_be(large):
    bounds = (*NEAR[:2], *FAR[2:])
    told = quote(large, bounds, MODEL, PLAIN, 15, boxes=(NEAR, FAR))
    one = quote(large, bounds, MODEL, PLAIN, 15, boxes=(NEAR, FAR), framing=Framing(split=False))
    assert told.one_frame == one
    assert one.one_frame is None
    assert (len(told.frames), len(one.frames)) == (2, 1)
    assert told.high_microusd <= one.high_microusd
    assert all(frame.scale <= one.frame.scale for frame in told.frames)


def test_what_every_call_pays_again_keeps_one_frame(large, alice, make_photo):
    """With many references, a second call costs more than its smaller frame saves."""
    references = (make_photo(alice, size=(1024, 1024)),) * 8
    bounds = (*NEAR[:2], *FAR[2:])
    told = quote(large, bounds, MODEL, PLAIN, 15, boxes=(NEAR, FAR), references=references)
    assert len(told.frames) == 1
    assert told.one_frame is None


def test_while_something_else_is_wrong_the_frames_are_told_all_the_same(large):
    bounds, wrong = (*NEAR[:2], *FAR[2:]), {**PLAIN, "n": 99}
    told = quote(large, bounds, MODEL, wrong, 15, boxes=(NEAR, FAR))
    assert codes(told.problems) == {("n", "out_of_range")}
    assert (len(told.frames), told.high_microusd) == (2, None)


@pytest.mark.parametrize(
    "boxes",
    [
        (NEAR,),
        (NEAR, (2200, 1400, 2200, 1500)),
        (NEAR, FAR, (5000, 5000, 5010, 5010)),
        (NEAR, FAR, (300, 300, 290, 290)),
        (NEAR, FAR, (-50, 60, -40, 70)),
    ],
)
def test_boxes_that_do_not_make_up_the_mask_are_not_gone_by(large, boxes):
    bounds = (*NEAR[:2], *FAR[2:])
    told = quote(large, bounds, MODEL, PLAIN, 15, boxes=boxes)
    assert told.frames == quote(large, bounds, MODEL, PLAIN, 15).frames
    assert len(told.frames) == 1


def test_several_results_of_several_frames_cost_as_many_pictures(large):
    def high(n):
        bounds, options = (*NEAR[:2], *FAR[2:]), {**PLAIN, "n": n}
        told = quote(large, bounds, MODEL, options, 15, boxes=(NEAR, FAR))
        assert len(told.frames) == 2
        return told.high_microusd

    assert high(1) < high(3) < 3 * high(1)


@pytest.mark.parametrize("fields", [{"margins": (10, 0, 0, 0)}, {"marks": [CIRCLE]}])
def test_what_is_added_or_drawn_is_seen_in_one_frame(apart, fields):
    size = (SIZE[0] + fields.get("margins", (0,))[0], SIZE[1])
    edit = submit(apart(mask=mask_png(size, NEAR, FAR), **fields))
    assert len(edit.frames) == 1
    assert holds(edit.frames[0]["bounds"], (*NEAR[:2], *FAR[2:]))


def test_a_scripts_call_is_one_call_however_far_apart_its_islands_lie(apart):
    edit = submit(apart(fit="asked"))
    assert len(edit.frames) == 1
    assert "part" not in edit.frames[0]


def test_each_frame_is_a_request_with_its_own_window_and_its_own_part_of_the_mask(apart):
    edit = submit(apart())
    contract = masks.grow(mask_pixels(SIZE, NEAR, FAR), edit.grow)
    counted = 0
    for number, frame in enumerate(frames_of(edit)):
        request = prepare(edit, number)
        assert request.size == f"{frame.size[0]}x{frame.size[1]}"
        assert np.array_equal(picture_of(request), cut(photo_pixels(SIZE), frame))
        sent = mask_of(request)
        left, top, right, bottom = frame.bounds
        assert np.array_equal(sent, contract[top:bottom, left:right] > 0)
        counted += np.count_nonzero(sent)
    assert counted == np.count_nonzero(contract)


def test_of_overlapping_windows_each_sends_its_own_part_alone(apart):
    edit = submit(apart())
    both = frames_of(submit(apart(framing=Framing(split=False))))[0]
    part = frames_of(edit)[1].part
    edit.frames = [edit.frames[0], replace(both, part=part).to_dict()]
    sent = mask_of(prepare(edit, 1))
    whole = Frame.from_dict(edit.frames[1])
    assert sent.any()
    first_row = (part[1] - whole.bounds[1]) * whole.size[1] // whole.window[1]
    assert not sent[:first_row].any()
    assert sent[first_row].any()


def test_too_many_bytes_frame_only_that_part_anew_and_keep_the_others(apart, settings, tmp_path):
    limit = 30_000
    settings.CATALOGUE_FILE = str(tmp_path / "catalogue.toml")
    (tmp_path / "catalogue.toml").write_text(
        f'[[model]]\nid = "dall-e-2"\nmax_image_bytes = {limit}\n'
    )
    edit = submit(apart(model="dall-e-2", options={"n": 1}, framing=Framing(split=False)))
    part = masks.grown_bounds(FAR, edit.grow, SIZE)
    first = Frame((0, 0, 1024, 1024), (1024, 1024), part=masks.grown_bounds(NEAR, edit.grow, SIZE))
    second = Frame((1376, 576, 2400, 1600), (1024, 1024), part=part)
    edit.frames = [first.to_dict(), second.to_dict()]
    edit.save()
    request = prepare(edit, 1)
    assert len(request.images[0].data) < limit
    edit.refresh_from_db()
    assert edit.frames[0] == first.to_dict()
    anew = frames_of(edit)[1]
    assert anew.part == part
    assert anew.size in ((512, 512), (256, 256))
    assert request.size == f"{anew.size[0]}x{anew.size[1]}"
    assert holds(anew.bounds, part)


# --- the whole picture, an own frame, and more or less around the mask ------------------------------


def test_the_whole_picture_is_sent_where_it_is_chosen(photo, new_edit):
    edit = submit(new_edit(photo, framing=Framing("whole")))
    assert edit.framing == {"mode": "whole"}
    (frame,) = frames_of(edit)
    assert frame.inner == (0, 0, 640, 480)


def test_an_own_frame_is_sent_where_it_is_chosen(large, new_edit):
    own = (100, 100, 1124, 740)
    edit = submit(new_edit(large, framing=Framing("own", own=own)))
    assert edit.framing == {"mode": "own", "own": list(own)}
    assert frames_of(edit) == [Frame(own, (1024, 640))]
    assert prepare(edit).size == "1024x640"


def test_context_is_kept_and_widens_the_frame(large, new_edit):
    wide = (600, 400, 1200, 900)
    mask = mask_png(SIZE, wide)
    narrow = submit(new_edit(large, mask=mask, framing=Framing(context=0.25)))
    plain = submit(new_edit(large, mask=mask))
    assert narrow.framing == {"context": 0.25}
    assert holds(plain.frames[0]["bounds"], narrow.frames[0]["bounds"])
    assert narrow.frames[0]["bounds"] != plain.frames[0]["bounds"]


def test_a_chosen_size_still_lies_around_the_mask(large, new_edit):
    edit = submit(new_edit(large, options={**PLAIN, "size": "1024x1024"}))
    (frame,) = frames_of(edit)
    assert (frame.size, frame.scale) == ((1024, 1024), 1.0)
    assert holds(frame.bounds, BOX)


def test_before_anything_is_painted_the_chosen_frame_is_told(large):
    assert quote(large, None, MODEL, PLAIN, 15).frames == ()
    (whole,) = quote(large, None, MODEL, PLAIN, 15, framing=Framing("whole")).frames
    assert whole.inner == (0, 0, *SIZE)
    own = (100, 100, 1124, 740)
    assert quote(large, None, MODEL, PLAIN, 15, framing=Framing("own", own=own)).frames == (
        Frame(own, (1024, 640)),
    )


WRONG = [
    (Framing("around"), ("framing", "not_offered")),  # type: ignore[arg-type]
    (Framing(context=0.2), ("context", "out_of_range")),
    (Framing(context=1.6), ("context", "out_of_range")),
    (Framing(context=float("nan")), ("context", "out_of_range")),
    (Framing("own"), ("own", "missing")),
    (Framing("own", own=(10, 10, 25, 60)), ("own", "too_small")),
    (Framing("own", own=(300, 200, 100, 100)), ("own", "too_small")),
    (Framing("own", own=(-1, 0, 100, 100)), ("own", "not_inside")),
    (Framing("own", own=(0, 0, 641, 100)), ("own", "not_inside")),
]


@pytest.mark.parametrize(("framing", "problem"), WRONG)
def test_a_frame_that_cannot_be_is_told_at_its_field_and_nothing_is_held(
    photo, new_edit, framing, problem
):
    told = quote(photo, BOX, MODEL, PLAIN, 15, framing=framing)
    assert codes(told.problems) == {problem}
    assert told.frames == quote(photo, BOX, MODEL, PLAIN, 15).frames
    with pytest.raises(NotSubmitted) as refused:
        submit(new_edit(photo, framing=framing))
    assert codes(refused.value.problems) == {problem}
    assert not Edit.objects.exists()
    assert not LedgerEntry.objects.exists()


def test_in_a_picture_below_the_smallest_frame_all_of_it_can_be_framed(alice, make_photo, new_edit):
    tiny = make_photo(alice, size=(10, 12))
    mask = mask_png(tiny.size, (2, 2, 3, 3))
    edit = submit(new_edit(tiny, mask=mask, framing=Framing("own", own=(0, 0, 10, 12))))
    assert holds(edit.frames[0]["bounds"], (0, 0, 10, 12))
    told = quote(tiny, (2, 2, 3, 3), MODEL, PLAIN, framing=Framing("own", own=(0, 0, 9, 12)))
    assert codes(told.problems) == {("own", "too_small")}


def test_spaces_around_the_prompt_are_not_paid_for(photo, new_edit):
    plain, spaced = (submit(new_edit(photo, prompt=text)) for text in ("A cat", "  A cat\n\n "))
    assert spaced.prompt == "A cat"
    assert spaced.estimate_microusd == plain.estimate_microusd


def test_a_wrong_frame_is_told_together_with_a_wrong_mask_and_a_wrong_edge(photo, new_edit):
    framing = Framing(context=9)
    for fields, other in (
        ({"mask": mask_png((640, 480))}, ("mask", "empty")),
        ({"grow": -1}, ("grow", "out_of_range")),
        ({"prompt": ""}, ("prompt", "missing")),
    ):
        with pytest.raises(NotSubmitted) as refused:
            submit(new_edit(photo, framing=framing, **fields))
        assert codes(refused.value.problems) == {("context", "out_of_range"), other}


def test_on_an_extended_canvas_an_own_frame_is_in_its_pixels(photo, new_edit):
    own = (600, 0, 740, 200)
    fields = {"mask": None, "margins": (100, 0, 0, 0), "framing": Framing("own", own=own)}
    edit = submit(new_edit(photo, **fields))
    assert holds(edit.frames[0]["bounds"], own)


# --- the same wish again --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        {"framing": Framing("whole")},
        {"framing": Framing(context=1.0)},
        {"framing": Framing(split=False)},
        {"helper": True},
    ],
)
def test_the_same_key_with_another_frame_or_helper_is_a_conflict(photo, new_edit, other):
    plain = new_edit(photo)
    chosen = new_edit(photo, **other)
    for first, second in ((plain, new_edit(photo, key=plain.key, **other)),
                          (chosen, new_edit(photo, key=chosen.key))):  # fmt: skip
        made = submit(first)
        assert submit(first).pk == made.pk
        with pytest.raises(NotSubmitted) as refused:
            submit(second)
        assert refused.value.conflict
    assert Edit.objects.count() == 2


# --- the helping sentence -------------------------------------------------------------------------


def test_the_helping_sentence_follows_the_prompt_which_stays_as_it_was_written(photo, new_edit):
    edit = submit(new_edit(photo, helper=True))
    assert (edit.prompt, edit.helper) == ("Remove the sign", HELPER)
    assert prepare(edit).prompt == f"Remove the sign\n\n{HELPER}"


def test_without_it_the_prompt_is_sent_as_it_was_written(photo, new_edit):
    edit = submit(new_edit(photo))
    assert edit.helper == ""
    assert prepare(edit).prompt == "Remove the sign"


def test_the_helping_sentence_is_paid_for_and_counted(photo, new_edit):
    with_it = quote(photo, BOX, MODEL, PLAIN, 15, helper=True)
    without = quote(photo, BOX, MODEL, PLAIN, 15)
    assert with_it.high_microusd > without.high_microusd
    edit = submit(new_edit(photo, helper=True))
    assert edit.hold_microusd == with_it.high_microusd
    limit = known_models().get(MODEL).prompt_limit
    with pytest.raises(NotSubmitted) as refused:
        submit(new_edit(photo, prompt="x" * (limit - 10), helper=True))
    assert codes(refused.value.problems) == {("prompt", "too_long")}


def test_the_helping_sentence_alone_is_no_prompt(photo, new_edit):
    with pytest.raises(NotSubmitted) as refused:
        submit(new_edit(photo, prompt="  ", helper=True))
    assert codes(refused.value.problems) == {("prompt", "missing")}


def test_where_a_drawing_is_sent_in_the_masks_place_nothing_is_said_of_a_mask(photo, new_edit):
    served = known_models().serving("edit", None, at_openai=False)
    takes = next(model.id for model in served if model.takes("markup", "edit"))
    wish = new_edit(photo, model=takes, marks=[CIRCLE], helper=True)
    edit = submit(wish)
    assert (edit.markup_as, edit.helper) == ("markup", "")
    assert submit(wish).pk == edit.pk


# --- the mask that is sent ------------------------------------------------------------------------


def test_a_grown_mask_is_sent_smoothed_and_one_that_is_not_to_the_pixel(photo, new_edit):
    ragged = mask_pixels((640, 480), BOX)
    ragged[190:195, 240:] = 0
    buffer = io.BytesIO()
    Pillow.fromarray(ragged).save(buffer, "PNG")
    for grow, is_closed in ((1, True), (0, False)):
        edit = submit(new_edit(photo, mask=buffer.getvalue(), grow=grow))
        left, top = edit.frames[0]["bounds"][:2]
        sent = mask_of(prepare(edit))[-top:, -left:][:480, :640]
        contract = masks.grow(ragged, grow) > 0
        assert sent[contract].all()
        assert sent[192, 260] == is_closed
        assert np.array_equal(sent, contract) != is_closed
