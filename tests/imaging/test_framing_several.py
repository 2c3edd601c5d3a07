"""What a person chooses of the frame, and when a mask is sent in several."""

import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.imaging import islands
from editor.imaging.framing import (
    AROUND_MASK,
    MOST_FRAMES,
    Frame,
    Framing,
    SizeRule,
    cut_mask,
    frame_for,
    frames_for,
    is_worth_splitting,
    sent_mask,
    sent_pixels,
    whole_frame,
)

from .drawing import box_mask, disc_mask
from .test_framing import FREE, RULES, SQUARES, THREE, assert_sound
from .test_islands import specks

CORNERS = ((100, 100, 250, 200), (5700, 3700, 5900, 3900))
PHOTO = (6000, 4000)


def holds(outer, inner):
    return (
        outer[0] <= inner[0]
        and outer[1] <= inner[1]
        and outer[2] >= inner[2]
        and outer[3] >= inner[3]
    )


def overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def shaped(frame: Frame) -> float:
    """A price that is not in proportion to pixels: a call by itself costs something, squares more."""
    return (2_000_000 + sent_pixels(frame)) * min(frame.size) / max(frame.size)


@st.composite
def islands_in_pictures(draw):
    width, height = draw(st.integers(1, 9000)), draw(st.integers(1, 9000))
    found = []
    for _ in range(draw(st.integers(1, 12))):
        left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
        right = min(width, left + draw(st.integers(1, 600)))
        found.append((left, top, right, min(height, top + draw(st.integers(1, 600)))))
    return (width, height), islands.disjoint(found)


@settings(max_examples=300, deadline=None)
@given(
    islands_in_pictures(),
    st.sampled_from(RULES),
    st.floats(0.25, 1.5),
    st.sampled_from([sent_pixels, shaped, lambda frame: 0]),
)
def test_frames_hold_their_boxes_keep_the_rules_and_are_never_dearer_than_one(
    case, rule, context, price
):
    image_size, boxes = case
    framing = Framing(context=context)
    frames = frames_for(boxes, image_size, rule, framing, price=price)
    (one,) = frames_for(boxes, image_size, rule, Framing(context=context, split=False))
    assert 1 <= len(frames) <= MOST_FRAMES
    assert sum(map(price, frames)) <= price(one)
    for frame in frames:
        assert_sound(frame, image_size, rule)
        assert 1 <= frame.scale <= one.scale
        assert Frame.from_dict(json.loads(json.dumps(frame.to_dict()))) == frame
    parts = [frame.part or islands.joined(*boxes) for frame in frames]
    for number, part in enumerate(parts):
        assert holds(frames[number].inner, part)
        assert not any(overlap(part, other) for other in parts[:number])
    for box in boxes:
        assert sum(holds(part, box) for part in parts) == 1
    if len(frames) == 1:
        assert frames[0] == one
    assert frames_for(boxes, image_size, rule, framing, price=price) == frames


@settings(max_examples=200, deadline=None)
@given(islands_in_pictures(), st.sampled_from(RULES), st.data())
def test_an_own_frame_holds_what_was_dragged_and_the_mask(case, rule, data):
    (width, height), boxes = case
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    own = (
        left,
        top,
        data.draw(st.integers(left + 1, width)),
        data.draw(st.integers(top + 1, height)),
    )
    (frame,) = frames_for(boxes, (width, height), rule, Framing("own", own=own))
    assert_sound(frame, (width, height), rule)
    assert holds(frame.inner, islands.joined(own, *boxes))
    assert frame.part is None


@settings(max_examples=60, deadline=None)
@given(islands_in_pictures(), st.sampled_from(RULES))
def test_the_whole_picture_is_one_frame_however_far_apart_the_islands_lie(case, rule):
    image_size, boxes = case
    frames = frames_for(boxes, image_size, rule, Framing("whole"))
    assert frames == (whole_frame(image_size, rule),)


@settings(max_examples=60, deadline=None)
@given(islands_in_pictures(), st.sampled_from(RULES), st.data())
def test_what_the_frames_send_together_is_all_of_the_mask(case, rule, data):
    (width, height), boxes = case
    if width * height > 4_000_000:
        boxes, width, height = ((0, 0, 9, 9), (1900, 1700, 1950, 1750)), 2000, 1800
    mask = np.zeros((height, width), np.uint8)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = 255
    covered = np.zeros_like(mask)
    for frame in frames_for(boxes, (width, height), rule):
        sent = cut_mask(mask, frame)
        assert set(np.unique(sent)) <= {0, 255}
        rows, columns = np.nonzero(mask)
        left, top = frame.bounds[:2]
        across = ((columns + 0.5 - left) * frame.size[0] / frame.window[0]).astype(int)
        down = ((rows + 0.5 - top) * frame.size[1] / frame.window[1]).astype(int)
        inside = (across >= 0) & (across < frame.size[0]) & (down >= 0) & (down < frame.size[1])
        here = np.zeros_like(inside)
        here[inside] = sent[down[inside], across[inside]] == 255
        covered[rows[here], columns[here]] = 255
    assert np.array_equal(covered, mask)


# --- when there are several -----------------------------------------------------------------------


def test_islands_in_far_corners_are_two_frames_at_native_pixels():
    frames = frames_for(CORNERS, PHOTO, FREE)
    assert [frame.part for frame in frames] == list(CORNERS)
    assert [frame.scale for frame in frames] == [1.0, 1.0]
    (one,) = frames_for(CORNERS, PHOTO, FREE, Framing(split=False))
    assert one.scale > 2
    assert 2 * sum(map(sent_pixels, frames)) <= sent_pixels(one)


def test_islands_side_by_side_are_one_frame():
    frames = frames_for(((100, 100, 250, 200), (400, 100, 500, 200)), PHOTO, FREE)
    assert len(frames) == 1
    assert frames[0].part is None


def test_neighbours_share_a_frame_of_several():
    near = (300, 150, 400, 260)
    frames = frames_for((*CORNERS, near), PHOTO, FREE)
    assert [frame.part for frame in frames] == [islands.joined(CORNERS[0], near), CORNERS[1]]


def test_there_are_never_more_than_four_frames():
    corners = [(x, y) for x in (50, 5800) for y in (50, 3800)]
    eight = [(x + far, y, x + far + 40, y + 40) for x, y in corners for far in (0, 100)]
    frames = frames_for(eight, PHOTO, SizeRule(min_pixels=16_384))
    assert len(eight) == 2 * MOST_FRAMES
    assert len(frames) == MOST_FRAMES


def test_frames_come_in_reading_order():
    boxes = ((7600, 5600, 7700, 5700), (100, 5600, 200, 5700), (100, 100, 200, 200))
    free = SizeRule(min_pixels=16_384)
    parts = [frame.part for frame in frames_for(boxes, (8000, 6000), free)]
    assert parts == [(100, 100, 200, 200), (100, 5600, 200, 5700), (7600, 5600, 7700, 5700)]


def test_a_person_can_ask_for_one_frame():
    assert len(frames_for(CORNERS, PHOTO, FREE, Framing(split=False))) == 1


def test_a_dearer_call_by_call_price_keeps_one_frame():
    def flat(frame: Frame) -> float:
        return 1

    assert len(frames_for(CORNERS, PHOTO, FREE, price=flat)) == 1


def test_at_a_model_of_fixed_sizes_a_second_call_is_never_worth_its_price():
    for boxes in (CORNERS, ((0, 0, 900, 900), (5000, 3000, 5900, 3900))):
        assert len(frames_for(boxes, PHOTO, THREE)) == 1


def test_smaller_fixed_sizes_are_worth_it_where_they_are_cheaper_by_as_much():
    frames = frames_for(CORNERS, PHOTO, SQUARES)
    assert [frame.scale for frame in frames] == [1.0, 1.0]
    assert [frame.size for frame in frames] == [(512, 512), (512, 512)]


def test_what_would_lose_detail_is_not_worth_it():
    one = Frame((0, 0, 2000, 1000), (2000, 1000))
    small = Frame((0, 0, 400, 400), (300, 300))
    assert not is_worth_splitting(one, (small, small))
    assert is_worth_splitting(one, (Frame((0, 0, 400, 400), (400, 400)),) * 2)


def test_at_native_pixels_several_save_half_of_what_is_sent():
    one = Frame((0, 0, 2000, 1000), (2000, 1000))
    half = Frame((0, 0, 1000, 500), (1000, 500))
    assert is_worth_splitting(one, (half, half))
    assert not is_worth_splitting(one, (half, Frame((0, 0, 1000, 501), (1000, 501))))


# --- what a person chooses ------------------------------------------------------------------------


def test_more_context_widens_the_window():
    box = (2000, 1500, 2800, 2100)
    frames = [
        frames_for((box,), PHOTO, FREE, Framing(context=context))[0] for context in (0.25, 0.5, 1.0)
    ]
    assert [frame.window for frame in frames[:2]] == [(1200, 912), (1600, 1200)]
    assert frames[2].window >= (2400, 1800)
    assert [frame.scale for frame in frames[:2]] == [1.0, 1.0]


def test_an_own_frame_of_an_allowed_size_is_sent_as_it_is():
    own = (1000, 800, 2536, 1824)
    for rule in (FREE, THREE):
        (frame,) = frames_for(((1200, 900, 1300, 1000),), PHOTO, rule, Framing("own", own=own))
        assert (frame.bounds, frame.size, frame.scale) == (own, (1536, 1024), 1.0)


def test_a_small_own_frame_is_widened_not_enlarged():
    own = (1000, 1000, 1016, 1016)
    (frame,) = frames_for(((1004, 1004, 1006, 1006),), PHOTO, FREE, Framing("own", own=own))
    assert frame.scale == 1.0
    assert FREE.allows(frame.size)


def test_an_own_frame_beside_the_mask_is_widened_to_hold_it():
    own, box = (3000, 1000, 4000, 2000), (2500, 1500, 2600, 1600)
    (frame,) = frames_for((box,), PHOTO, FREE, Framing("own", own=own))
    assert holds(frame.bounds, islands.joined(own, box))


@pytest.mark.parametrize("own", [None, (0, 0, 0, 5), (-1, 0, 50, 50), (0, 0, 6001, 50)])
def test_an_own_frame_outside_the_picture_is_a_mistake_of_the_caller(own):
    with pytest.raises(ValueError, match=r"own frame|not inside"):
        frames_for(CORNERS, PHOTO, FREE, Framing("own", own=own))


def test_nothing_to_frame_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="nothing to frame"):
        frames_for((), PHOTO, FREE)


def test_only_what_differs_from_the_default_is_kept():
    assert AROUND_MASK.to_dict() == {}
    chosen = Framing("own", 1.25, (1, 2, 30, 40), False)
    kept = {"mode": "own", "context": 1.25, "own": [1, 2, 30, 40], "split": False}
    assert chosen.to_dict() == kept
    assert Framing.from_dict(json.loads(json.dumps(kept))) == chosen
    assert Framing.from_dict({}) == AROUND_MASK


def test_small_frames_are_landscape_along_the_mask_or_else_the_picture():
    """A square of as many pixels costs half as much again."""
    assert frame_for((3000, 2000, 3010, 2010), PHOTO, FREE).size == (1024, 640)
    assert frame_for((2000, 3000, 2010, 3010), (4000, 6000), FREE).size == (640, 1024)
    wide, high = frame_for((3000, 2000, 3010, 2300), PHOTO, FREE).size
    assert wide < high


# --- bad luck -------------------------------------------------------------------------------------

EXTREME = [(1, 8000), (8000, 1), (1, 1), (3, 2000)]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("image_size", [(40, 30), (700, 500), (1023, 700), *EXTREME])
def test_a_picture_smaller_than_the_smallest_size_is_padded_and_keeps_its_scale(image_size, rule):
    (frame,) = frames_for(((0, 0, 1, 1),), image_size, rule)
    assert_sound(frame, image_size, rule)
    mask = box_mask(image_size, (0, 0, 1, 1))
    assert 1 <= np.count_nonzero(cut_mask(mask, frame)) <= 4


@pytest.mark.parametrize(
    ("image_size", "size"),
    [((3000, 40), (1408, 480)), ((9000, 250), (1408, 480)), ((40, 3000), (480, 1408))],
)
def test_a_strip_is_padded_no_further_than_to_the_smallest_size(image_size, size):
    frame = frame_for((10, 10, 20, 20), image_size, FREE)
    assert (frame.size, frame.scale) == (size, 1.0)


def test_a_mask_of_one_pixel_is_sent_in_the_smallest_frame():
    (frame,) = frames_for(((3000, 2000, 3001, 2001),), PHOTO, FREE)
    assert sent_pixels(frame) == FREE.min_pixels
    sent = cut_mask(box_mask(PHOTO, (3000, 2000, 3001, 2001)), frame)
    assert np.count_nonzero(sent) == 1
    assert sent[2000 - frame.bounds[1], 3000 - frame.bounds[0]] == 255


def test_a_mask_of_the_whole_picture_is_a_frame_of_the_whole_picture():
    (frame,) = frames_for(((0, 0, *PHOTO),), PHOTO, FREE)
    assert frame.inner == (0, 0, *PHOTO)
    assert cut_mask(np.full((4000, 6000), 255, np.uint8), frame).all()


def test_a_mask_along_the_border_stays_inside_the_picture():
    mask = box_mask((3000, 2000), (0, 0, 3000, 2000))
    mask[5:-5, 5:-5] = 0
    frames = frames_for(islands.boxes(mask), (3000, 2000), FREE)
    assert len(frames) == 1
    assert frames[0].inner == (0, 0, 3000, 2000)


def test_five_thousand_islands_are_framed_by_their_boxes():
    mask = specks(5000)
    boxes = islands.boxes(mask)
    (frame,) = frames_for(boxes, PHOTO, FREE)
    assert holds(frame.bounds, islands.joined(*boxes))
    assert frame.scale > 2


def test_as_many_boxes_as_there_may_be_are_grouped_while_a_person_paints():
    many = [
        (column * 700, row * 900, column * 700 + 9, row * 900 + 9)
        for column in range(8)
        for row in range(4)
    ]
    assert len(many) == islands.MOST_BOXES
    start = time.thread_time()
    frames_for(many, PHOTO, FREE)
    assert time.thread_time() - start < 0.25


def test_of_several_frames_each_sends_its_own_part_of_the_mask():
    left, right = (500, 400, 600, 500), (900, 420, 1000, 520)
    mask = box_mask((2000, 1500), left) | box_mask((2000, 1500), right)
    frame = Frame((300, 200, 1324, 840), (1024, 640), part=left)
    both = Frame((300, 200, 1324, 840), (1024, 640))
    assert np.count_nonzero(cut_mask(mask, both)) == 20_000
    sent = cut_mask(mask, frame)
    assert np.count_nonzero(sent) == 10_000
    assert sent[200:300, 200:300].all()
    assert mask[420:520, 900:1000].all()


def test_a_part_is_cut_with_the_windows_padding():
    mask = np.full((60, 100), 255, np.uint8)
    frame = whole_frame((100, 60), FREE)
    left, top = frame.pad[:2]
    sent = cut_mask(mask, Frame(frame.bounds, frame.size, frame.pad, part=(10, 20, 40, 30)))
    assert np.count_nonzero(sent) == 300
    assert sent[top + 20 : top + 30, left + 10 : left + 40].all()


# --- the mask as it is sent -----------------------------------------------------------------------

NATIVE = Frame((0, 0, 600, 400), (600, 400))


def test_a_ragged_edge_is_closed_and_nothing_painted_is_lost():
    ragged = disc_mask((600, 400), (300, 200), 90)
    rng = np.random.default_rng(2)
    edge = disc_mask((600, 400), (300, 200), 92) > 0
    ragged[edge & (ragged == 0) & (rng.random(ragged.shape) < 0.5)] = 255
    ragged[199, 330:392] = 0
    sent = sent_mask(ragged, NATIVE)
    assert (sent[ragged > 0] == 255).all()
    assert sent[199, 330:380].all()
    steps = [np.count_nonzero(np.diff((mask > 0).astype(int), axis=1)) for mask in (ragged, sent)]
    assert steps[1] < steps[0]
    assert masks_bounds(sent) == masks_bounds(ragged)


@pytest.mark.parametrize(
    "box", [(0, 0, 1, 1), (0, 0, 600, 400), (2, 2, 598, 398), (50, 60, 90, 61)]
)
def test_what_has_no_notches_is_sent_as_it_is_also_at_the_border(box):
    mask = box_mask((600, 400), box)
    assert np.array_equal(sent_mask(mask, NATIVE), mask)


def test_a_gap_as_wide_as_a_brush_stays_open():
    mask = box_mask((600, 400), (100, 100, 200, 200)) | box_mask((600, 400), (206, 100, 300, 200))
    assert np.array_equal(sent_mask(mask, NATIVE), mask)


def test_at_reduced_size_the_mask_that_is_sent_covers_every_pixel_it_was_made_from():
    mask = disc_mask((600, 400), (300, 200), 90)
    mask[200, 20] = 255
    frame = Frame((0, 0, 600, 400), (150, 100))
    sent = sent_mask(mask, frame)
    rows, columns = np.nonzero(mask)
    assert (sent[rows // 4, columns // 4] == 255).all()
    assert sent[50, 5] == 255
    assert np.count_nonzero(sent) < 1.2 * np.count_nonzero(mask) / 16 + 40


def test_padding_is_not_part_of_a_smoothed_mask_either():
    frame = whole_frame((100, 60), FREE)
    sent = sent_mask(np.full((60, 100), 255, np.uint8), frame)
    assert np.count_nonzero(sent) == 6000


def masks_bounds(mask):
    rows, columns = np.nonzero(mask)
    return rows.min(), rows.max(), columns.min(), columns.max()
