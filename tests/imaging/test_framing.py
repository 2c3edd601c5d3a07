import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.imaging.framing import Frame, SizeRule, cut, cut_mask, frame_for, whole_frame

from .drawing import box_mask, noise, plain

FREE = SizeRule()
THREE = SizeRule(fixed=((1024, 1024), (1536, 1024), (1024, 1536)))
SQUARES = SizeRule(fixed=((256, 256), (512, 512), (1024, 1024)))
RULES = [FREE, THREE, SQUARES]


@st.composite
def masked_images(draw, largest=9000):
    width, height = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    right, bottom = draw(st.integers(left + 1, width)), draw(st.integers(top + 1, height))
    return (width, height), (left, top, right, bottom)


def assert_sound(frame: Frame, image_size, rule) -> None:
    (left, top, right, bottom), (width, height) = frame.bounds, frame.window
    assert rule.allows(frame.size)
    # never upsampled
    assert width >= frame.size[0]
    assert height >= frame.size[1]
    # undistorted: both sides have the same scale to within a source pixel
    assert -1e-6 < width - frame.size[0] * frame.scale < 1.001
    assert -1e-6 < height - frame.size[1] * frame.scale < 1.001
    # outside the image only along an axis that is too small, and then on both sides of it
    for low, high, side in ((left, right, image_size[0]), (top, bottom, image_size[1])):
        assert (low >= 0 and high <= side) or (low <= 0 and high >= side)
    inner = (max(0, left), max(0, top), min(image_size[0], right), min(image_size[1], bottom))
    assert frame.inner == inner
    assert min(frame.pad) >= 0


@settings(max_examples=400, deadline=None)
@given(masked_images(), st.sampled_from(RULES), st.floats(0, 1.5))
def test_every_frame_holds_its_mask_and_keeps_the_rules(case, rule, context):
    image_size, box = case
    frame = frame_for(box, image_size, rule, context=context)
    assert_sound(frame, image_size, rule)
    left, top, right, bottom = frame.inner
    assert (min(left, box[0]), min(top, box[1])) == (left, top)
    assert (max(right, box[2]), max(bottom, box[3])) == (right, bottom)


@settings(max_examples=200, deadline=None)
@given(masked_images(), st.sampled_from(RULES))
def test_every_whole_frame_holds_the_whole_image(case, rule):
    image_size, _ = case
    frame = whole_frame(image_size, rule)
    assert_sound(frame, image_size, rule)
    assert frame.inner == (0, 0, *image_size)


@settings(max_examples=60, deadline=None)
@given(masked_images(largest=1500), st.sampled_from(RULES))
def test_cutters_give_the_frames_size_and_cover_every_masked_pixel(case, rule):
    image_size, box = case
    frame = frame_for(box, image_size, rule)
    assert cut(plain(image_size, (9, 8, 7)), frame).shape == (*frame.size[::-1], 3)
    sent = cut_mask(box_mask(image_size, box), frame)
    assert sent.shape == frame.size[::-1]
    for x, y in ((box[0], box[1]), (box[2] - 1, box[3] - 1)):
        column = int((x + 0.5 - frame.bounds[0]) * frame.size[0] / frame.window[0])
        row = int((y + 0.5 - frame.bounds[1]) * frame.size[1] / frame.window[1])
        assert sent[row, column] == 255


def test_free_sizes_are_sent_at_native_pixels():
    frame = frame_for((1000, 1000, 1500, 1400), (6000, 4000), FREE)
    assert frame.window == frame.size
    assert frame.scale == 1.0


def test_context_is_half_the_side_and_at_least_64_pixels():
    frame = frame_for((2000, 1500, 3000, 2400), (6000, 4000), FREE)
    left, top, right, bottom = frame.bounds
    assert (2000 - left, right - 3000) == (500, 500)
    assert (1500 - top, bottom - 2400) == (454, 454)  # 450, rounded up to 16


def test_small_mask_in_a_large_image_gets_more_context_not_more_pixels():
    frame = frame_for((3000, 2000, 3010, 2010), (6000, 4000), FREE)
    assert frame.scale == 1.0
    assert FREE.min_pixels <= frame.size[0] * frame.size[1] <= 1.1 * FREE.min_pixels


def test_window_in_a_corner_is_shifted_inside():
    frame = frame_for((0, 0, 50, 50), (6000, 4000), FREE)
    assert frame.bounds[:2] == (0, 0)
    assert frame.pad == (0, 0, 0, 0)


def test_large_window_is_shrunk_to_the_comfortable_area():
    frame = whole_frame((6000, 4000), FREE)
    assert frame.size[0] * frame.size[1] <= FREE.comfortable_pixels
    assert frame.size[0] * frame.size[1] >= 0.9 * FREE.comfortable_pixels
    assert frame.bounds == (0, 0, 6000, 4000)
    assert frame.size[0] / frame.size[1] == pytest.approx(1.5, abs=0.01)


def test_whole_frame_of_a_size_that_is_no_multiple_is_padded_not_resampled():
    frame = whole_frame((1023, 1021), FREE)
    assert (frame.scale, frame.size) == (1.0, (1024, 1024))
    assert (frame.pad[0] + frame.pad[2], frame.pad[1] + frame.pad[3]) == (1, 3)


def test_tiny_image_is_padded_by_reflection():
    image_size = (100, 60)
    frame = frame_for((10, 10, 20, 20), image_size, FREE)
    assert_sound(frame, image_size, FREE)
    pixels = noise(image_size)
    sent = cut(pixels, frame)
    left, top = frame.pad[:2]
    assert np.array_equal(sent[top : top + 60, left : left + 100], pixels)
    assert np.array_equal(sent[top : top + 60, left - 1], pixels[:, 1])


def test_fixed_size_of_least_downscaling_is_chosen():
    wide = frame_for((1000, 1200, 2500, 1900), (6000, 4000), THREE)
    tall = frame_for((1200, 1000, 1900, 2500), (6000, 4000), THREE)
    small = frame_for((1000, 1000, 1100, 1100), (6000, 4000), THREE)
    assert (wide.size, tall.size) == ((1536, 1024), (1024, 1536))
    assert (small.size, small.scale) == ((1024, 1024), 1.0)


def test_context_gives_way_before_a_square_leaves_a_wide_image():
    frame = frame_for((1000, 100, 1900, 900), (4000, 1100), SQUARES)
    assert frame.pad == (0, 0, 0, 0)
    assert frame.window == (1100, 1100)


def test_bounds_outside_the_image_are_a_mistake_of_the_caller():
    for box in ((0, 0, 0, 10), (0, 0, 101, 10), (-1, 0, 5, 5)):
        with pytest.raises(ValueError, match="not inside"):
            frame_for(box, (100, 100), FREE)


def test_frame_survives_json():
    frame = frame_for((10, 10, 20, 20), (100, 60), THREE)
    assert Frame.from_dict(json.loads(json.dumps(frame.to_dict()))) == frame


def test_cut_at_native_size_gives_the_sources_own_values_in_a_new_array():
    pixels = noise((1200, 1000))
    frame = frame_for((500, 400, 600, 500), (1200, 1000), FREE)
    sent = cut(pixels, frame)
    left, top, right, bottom = frame.bounds
    assert np.array_equal(sent, pixels[top:bottom, left:right])
    sent[:] = 0
    assert pixels.any()


def test_cut_keeps_alpha():
    assert cut(noise((2000, 2000), 4), whole_frame((2000, 2000), THREE)).shape == (1024, 1024, 4)


def test_single_masked_pixel_survives_the_largest_shrinking():
    mask = box_mask((3000, 3000), (1501, 1499, 1502, 1500))
    sent = cut_mask(mask, whole_frame((3000, 3000), SizeRule(fixed=((256, 256),))))
    assert 1 <= np.count_nonzero(sent) <= 4


def test_padding_is_never_masked():
    frame = whole_frame((100, 60), FREE)
    sent = cut_mask(np.full((60, 100), 255, np.uint8), frame)
    left, top = frame.pad[:2]
    assert np.count_nonzero(sent) == 6000
    assert sent[top : top + 60, left : left + 100].all()
