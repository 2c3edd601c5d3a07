"""Boxes of a mask's islands: few, apart from each other, and exact."""

import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.imaging import islands
from editor.imaging.islands import CELL, MOST_BOXES, boxes, disjoint, groupings, joined

from .drawing import disc_mask


def masked(size, *found):
    mask = np.zeros((size[1], size[0]), np.uint8)
    for left, top, right, bottom in found:
        mask[top:bottom, left:right] = 255
    return mask


def specks(count: int, size=(6000, 4000)):
    rng = np.random.default_rng(5)
    mask = np.zeros((size[1], size[0]), np.uint8)
    rows, columns = rng.integers(0, size[1] - 4, count), rng.integers(0, size[0] - 4, count)
    for row, column in zip(rows, columns, strict=True):
        mask[row : row + 4, column : column + 4] = 255
    return mask


def area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


def overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def assert_boxes_of(mask, found):
    left_over = mask.copy()
    for number, box in enumerate(found):
        left, top, right, bottom = box
        inside = mask[top:bottom, left:right]
        # exact edges: there is something masked on every one of them
        assert inside[0].any() and inside[-1].any()
        assert inside[:, 0].any() and inside[:, -1].any()
        left_over[top:bottom, left:right] = 0
        assert not any(overlap(box, other) for other in found[:number])
    assert not left_over.any()
    assert len(found) <= MOST_BOXES
    assert list(map(area, found)) == sorted(map(area, found), reverse=True)


@st.composite
def masks_of_rectangles(draw):
    width, height = draw(st.integers(1, 900)), draw(st.integers(1, 900))
    found = []
    for _ in range(draw(st.integers(0, 60))):
        left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
        right = draw(st.integers(left + 1, min(width, left + 90)))
        found.append((left, top, right, draw(st.integers(top + 1, min(height, top + 90)))))
    return masked((width, height), *found)


@settings(max_examples=150, deadline=None)
@given(masks_of_rectangles())
def test_boxes_hold_every_masked_pixel_never_overlap_and_are_exact(mask):
    found = boxes(mask)
    assert_boxes_of(mask, found)
    assert boxes(mask) == found


def test_an_empty_mask_has_no_islands():
    assert boxes(np.zeros((70, 130), np.uint8)) == ()


@pytest.mark.parametrize("size", [(1, 1), (63, 65), (64, 64), (129, 200)])
def test_a_mask_of_the_whole_picture_is_one_island(size):
    assert boxes(masked(size, (0, 0, *size))) == ((0, 0, *size),)


def test_a_mask_of_one_pixel_is_one_island():
    assert boxes(masked((1000, 700), (999, 699, 1000, 700))) == ((999, 699, 1000, 700),)


def test_islands_in_cells_that_touch_at_a_corner_are_one():
    assert boxes(masked((400, 400), (60, 60, 62, 62), (130, 66, 131, 67), (70, 70, 71, 71))) == (
        (60, 60, 131, 71),
    )


def test_islands_with_a_free_cell_between_them_are_two():
    near, far = (10, 10, 60, 20), (2 * CELL, 10, 2 * CELL + 5, 20)
    assert boxes(masked((400, 400), far, near)) == (near, far)


def test_an_island_inside_another_ones_box_is_part_of_it():
    mask = disc_mask((1200, 1200), (600, 600), 500) ^ disc_mask((1200, 1200), (600, 600), 480)
    mask |= disc_mask((1200, 1200), (600, 600), 30)
    assert len(boxes(mask)) == 1
    assert_boxes_of(mask, boxes(mask))


def test_a_mask_along_the_border_is_one_island_with_the_pictures_edges():
    mask = masked((1300, 900), (0, 0, 1300, 900))
    mask[8:-8, 8:-8] = 0
    assert boxes(mask) == ((0, 0, 1300, 900),)


def test_more_islands_than_are_told_join_the_nearest():
    large = [(column * 400, 0, column * 400 + 60, 60) for column in range(MOST_BOXES)]
    small = (5 * 400 + 20, 200, 5 * 400 + 25, 205)
    found = boxes(masked((13_000, 300), *large, small))
    assert len(found) == MOST_BOXES
    assert found[0] == joined(large[5], small)


def test_thousands_of_islands_far_apart_are_told_as_few_boxes():
    mask = np.zeros((4000, 6000), np.uint8)
    mask[10 :: 2 * CELL, 10 :: 2 * CELL] = 255
    assert np.count_nonzero(mask) > 1400
    assert_boxes_of(mask, boxes(mask))


def test_five_thousand_islands_on_24_megapixels_take_little_time_and_memory():
    mask = specks(5000)
    taken = []
    for _ in range(5):
        start = time.thread_time()
        found = boxes(mask)
        taken.append(time.thread_time() - start)
    assert_boxes_of(mask, found)
    assert min(taken) < 0.1
    tracemalloc.start()
    boxes(mask)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000


def test_joined_boxes_that_come_to_overlap_a_third_take_it_in():
    assert disjoint([(0, 0, 10, 10), (5, 5, 30, 30), (20, 0, 40, 6)]) == ((0, 0, 40, 30),)


def test_boxes_that_only_touch_stay_apart():
    apart = ((0, 0, 10, 10), (10, 0, 20, 10))
    assert disjoint(apart) == apart


def test_groups_are_of_those_whose_common_box_costs_least():
    found = [(0, 0, 10, 10), (12, 0, 22, 10), (500, 0, 510, 10), (515, 0, 525, 10)]
    four, three, two = groupings(found, 4, area)
    assert sorted(four) == found
    assert sorted(three) == [(0, 0, 22, 10), (500, 0, 510, 10), (515, 0, 525, 10)]
    assert sorted(two) == [(0, 0, 22, 10), (500, 0, 525, 10)]


def test_no_more_groups_are_told_than_wanted():
    found = [(step * 100, 0, step * 100 + 10, 10) for step in range(20)]
    assert [len(groups) for groups in groupings(found, 3, area)] == [3, 2]
    assert list(groupings(found[:1], 4, area)) == []


def test_islands_are_found_in_a_mask_that_is_a_view_of_another():
    mask = masked((900, 900), (100, 200, 150, 260))
    assert islands.boxes(mask[50:, 40:]) == ((60, 150, 110, 210),)
    assert islands.boxes(mask.T) == ((200, 100, 260, 150),)
