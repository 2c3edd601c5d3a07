import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.imaging import masks
from editor.imaging.extending import (
    canvas_size,
    extended,
    new_area,
    place_of,
    with_new_area,
)
from editor.imaging.framing import SizeRule, frame_for
from editor.imaging.masters import Master
from editor.imaging.stitching import Answer, stitch

from .drawing import box_mask, noise, plain, smooth

MARGINS = st.tuples(*[st.integers(0, 300)] * 4)
RULES = st.sampled_from([SizeRule(), SizeRule(fixed=((256, 256),))])


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 200), st.integers(1, 200), MARGINS, st.sampled_from([3, 4]))
def test_the_picture_stands_unchanged_in_its_place_on_the_canvas(width, height, margins, channels):
    source = noise((width, height), channels, seed=width)
    canvas = extended(source, margins)
    left, top, right, bottom = place_of((width, height), margins)
    assert canvas.shape == (
        height + margins[1] + margins[3],
        width + margins[0] + margins[2],
        channels,
    )
    assert np.array_equal(canvas[top:bottom, left:right], source)
    assert np.array_equal(extended(source, margins), canvas)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 400), st.integers(1, 400), MARGINS, st.integers(0, 2**31), st.integers(0, 40),
    st.none() | st.integers(0, 90), RULES, st.sampled_from([3, 4]), st.booleans(),
)  # fmt: skip
def test_an_extension_keeps_every_pixel_of_the_picture_outside_the_grown_mask(
    width, height, margins, seed, grow, feather, rule, channels, transparent
):
    rng = np.random.default_rng(seed)
    size = (width, height)
    canvas = extended(noise(size, channels, seed), margins)
    painted = np.where(rng.random(canvas.shape[:2]) < rng.uniform(0, 0.01), 255, 0).astype(np.uint8)
    contract = masks.grow(with_new_area(painted, size, margins), grow)
    box = masks.bounds(contract)
    if box is None:
        return
    frame = frame_for(box, canvas_size(size, margins), rule)
    stitched = stitch(Master(canvas), [Answer(noise(frame.size, 3, seed + 1), frame)], contract, feather=feather,
        keep_transparency=transparent, kept=place_of(size, margins), rim=grow,
    )  # fmt: skip
    outside = contract == 0
    assert np.array_equal(stitched.pixels[outside][:, :channels], canvas[outside])
    assert stitched.pixels_changed == np.count_nonzero(contract)


def test_all_that_is_new_is_the_answers_own_however_wide_the_feather():
    size, margins = (200, 120), (80, 0, 60, 90)
    canvas = extended(noise(size), margins)
    contract = masks.grow(new_area(size, margins), 6)
    frame = frame_for(masks.bounds(contract), canvas_size(size, margins), SizeRule())
    answer = plain(frame.size, (10, 200, 30))
    pixels = stitch(
        Master(canvas),
        [Answer(answer, frame)],
        contract,
        feather=64,
        kept=place_of(size, margins),
        rim=6,
    ).pixels
    assert np.all(pixels[new_area(size, margins) > 0] == (10, 200, 30))


def test_the_answer_fades_out_over_the_rim_without_a_step():
    size, margins = (100, 60), (50, 0, 0, 0)
    canvas = extended(plain(size, (0, 0, 0)), margins)
    contract = masks.grow(new_area(size, margins), 10)
    frame = frame_for(masks.bounds(contract), canvas_size(size, margins), SizeRule())
    answer = plain(frame.size, (200, 200, 200))
    row = (
        stitch(
            Master(canvas), [Answer(answer, frame)], contract, kept=place_of(size, margins), rim=10
        )
        .pixels[30, :, 0]
        .astype(int)
    )
    assert row[49] == 200
    assert row[50] > 190
    assert row[59] < 10
    assert row[60] == 0
    assert np.all(np.diff(row) <= 0)
    assert np.abs(np.diff(row)).max() < 40


def test_a_side_without_a_margin_loses_nothing_of_the_picture():
    size, margins = (100, 60), (50, 0, 0, 0)
    source = noise(size)
    canvas = extended(source, margins)
    contract = masks.grow(new_area(size, margins), 4)
    frame = frame_for(masks.bounds(contract), canvas_size(size, margins), SizeRule())
    answer = plain(frame.size, (1, 2, 3))
    pixels = stitch(
        Master(canvas), [Answer(answer, frame)], contract, kept=place_of(size, margins), rim=4
    ).pixels
    assert np.array_equal(pixels[:, 54:], source[:, 4:])


def test_what_is_painted_far_from_the_new_area_keeps_its_own_feather():
    size, margins = (400, 300), (40, 0, 0, 0)
    painted = box_mask(canvas_size(size, margins), (250, 100, 350, 200))
    contract = with_new_area(painted, size, margins)
    frame = frame_for(masks.bounds(contract), canvas_size(size, margins), SizeRule())
    canvas = extended(plain(size, (0, 0, 0)), margins)
    answer = plain(frame.size, (200, 200, 200))
    row = (
        stitch(
            Master(canvas),
            [Answer(answer, frame)],
            contract,
            feather=20,
            kept=place_of(size, margins),
            rim=0,
        )
        .pixels[150, :, 0]
        .astype(int)
    )
    assert row[39] == 200
    assert row[40] == 0
    assert row[250] < 5
    assert 80 < row[260] < 120
    assert row[275] == 200


def test_the_ground_continues_the_picture_and_grows_softer_outward():
    source = smooth((300, 200)) // 2 + noise((300, 200)) // 4
    canvas = extended(source, (0, 0, 200, 0)).astype(int)
    seam = np.abs(canvas[:, 300] - canvas[:, 299]).mean()
    assert seam < 2
    detail = [np.abs(np.diff(canvas[:, x], axis=0)).mean() for x in (302, 330, 370, 480)]
    assert detail[0] > 1.5 * detail[1] > 3 * detail[2]
    assert detail[3] < 1
    assert abs(canvas[:, 300:].mean() - source[:, 100:].mean()) < 25


@pytest.mark.parametrize("margins", [(0, 0, 0, 1000), (1000, 0, 0, 0), (500, 700, 300, 900)])
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1)])
def test_a_picture_of_one_pixel_or_one_line_is_extended_in_its_own_colour(size, margins):
    assert np.all(extended(plain(size, (90, 120, 30)), margins) == (90, 120, 30))


def test_a_transparent_picture_is_continued_transparent():
    source = plain((60, 60), (200, 10, 10, 0))
    source[20:40, 20:40, 3] = 255
    canvas = extended(source, (10, 10, 10, 10))
    assert canvas.shape == (80, 80, 4)
    assert canvas[0, 0, 3] < 60
    assert canvas[40, 40, 3] == 255


def test_no_margins_give_the_picture_itself_as_a_new_array():
    source = noise((30, 20))
    canvas = extended(source, (0, 0, 0, 0))
    assert np.array_equal(canvas, source)
    assert canvas is not source


def test_all_that_is_new_is_masked_and_what_was_painted_stays():
    painted = box_mask((110, 90), (40, 40, 50, 50))
    mask = with_new_area(painted, (100, 80), (10, 0, 0, 10))
    assert np.all(mask[:, :10] == 255)
    assert np.all(mask[80:] == 255)
    assert np.array_equal(mask[:80, 10:], painted[:80, 10:])
    assert np.count_nonzero(painted) == 100


@pytest.mark.parametrize("margins", [(-1, 0, 0, 0), (0, 0, 0, -5)])
def test_margins_below_nothing_are_an_error(margins):
    with pytest.raises(ValueError, match="no margins"):
        extended(noise((10, 10)), margins)


def test_a_mask_of_another_size_than_the_canvas_is_an_error():
    with pytest.raises(ValueError, match="canvas"):
        with_new_area(box_mask((100, 80), (0, 0, 5, 5)), (100, 80), (1, 0, 0, 0))
