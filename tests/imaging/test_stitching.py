import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.imaging import masks
from editor.imaging.feathering import blend_weights
from editor.imaging.filling import drifted, procedural
from editor.imaging.framing import Frame, SizeRule, cut, frame_for, whole_frame
from editor.imaging.measuring import border_ratio
from editor.imaging.stitching import (
    default_feather,
    is_identical_outside,
    stitch,
    without_padding,
)

from .drawing import box_mask, disc_mask, noise, plain, smooth

FREE = SizeRule()
SQUARE = SizeRule(fixed=((256, 256),))
RED = (250, 10, 10)


def whole(size) -> Frame:
    return Frame((0, 0, *size), size)


def blend_weight(mask, feather):
    return np.concatenate([weight for _rows, weight in blend_weights(mask, feather)])


@settings(max_examples=120, deadline=None)
@given(
    st.integers(8, 700),
    st.integers(8, 700),
    st.integers(0, 2**31),
    st.sampled_from([FREE, SQUARE]),
    st.sampled_from([3, 4]),
    st.sampled_from([3, 4]),
)
def test_every_pixel_outside_the_mask_keeps_its_value(width, height, seed, rule, below, above):
    rng = np.random.default_rng(seed)
    source = noise((width, height), below, seed)
    mask = np.where(rng.random((height, width)) < rng.uniform(0, 0.3), 255, 0).astype(np.uint8)
    mask[int(rng.integers(height)), int(rng.integers(width))] = 255
    frame = frame_for(masks.bounds(mask), (width, height), rule)
    before = source.copy()
    stitched = stitch(source, noise(frame.size, above, seed + 1), mask, frame)
    assert np.array_equal(source, before)
    assert stitched.pixels.shape == source.shape
    assert np.array_equal(stitched.pixels[mask == 0], source[mask == 0])
    assert stitched.outside_identical
    assert stitched.pixels_compared == np.count_nonzero(mask == 0)
    assert stitched.pixels_changed == np.count_nonzero(mask)


def test_middle_of_the_mask_has_exactly_the_answers_pixels():
    size = (300, 200)
    source, answer = noise(size, seed=1), noise(size, seed=2)
    mask = box_mask(size, (50, 40, 250, 160))
    stitched = stitch(source, answer, mask, whole(size), feather=10)
    assert np.array_equal(stitched.pixels[55:145, 65:235], answer[55:145, 65:235])


def test_blend_runs_inside_the_mask_from_source_to_answer():
    size = (200, 200)
    mask = box_mask(size, (50, 50, 150, 150))
    pixels = stitch(plain(size, (0, 0, 0)), plain(size, (200, 200, 200)), mask, whole(size)).pixels
    row = pixels[100, :100, 0].astype(int)
    assert row[49] == 0
    assert 0 <= row[50] <= 5
    assert row[50 + default_feather((50, 50, 150, 150))] == 200
    assert np.all(np.diff(row) >= 0)


def test_feather_zero_replaces_the_whole_mask():
    size = (100, 100)
    mask = disc_mask(size, (50, 50), 30)
    pixels = stitch(noise(size), plain(size, RED), mask, whole(size), feather=0).pixels
    assert np.all(pixels[mask == 255] == RED)


@pytest.mark.parametrize("radius", [0, 1, 3, 6, 12])
def test_small_masks_are_wholly_replaced_in_the_middle(radius):
    size = (100, 100)
    mask = disc_mask(size, (50, 50), radius)
    pixels = stitch(plain(size, (0, 0, 0)), plain(size, RED), mask, whole(size)).pixels
    assert tuple(pixels[50, 50]) == RED


def test_thin_island_beside_a_large_one_is_replaced_too():
    size = (600, 400)
    mask = box_mask(size, (20, 20, 300, 380)) | box_mask(size, (400, 50, 403, 350))
    weight = blend_weight(mask, 64)
    assert weight[200, 401] == 1.0
    assert weight[200, 160] == 1.0


def test_mask_at_the_pictures_edge_is_not_feathered_there():
    mask = box_mask((100, 100), (0, 0, 60, 100))
    weight = blend_weight(mask, 8)
    assert weight[50, 0] == 1.0
    assert weight[0, 20] == 1.0
    assert weight[50, 60] == 0.0


def test_mask_over_everything_gives_the_answer():
    size = (64, 48)
    answer = noise(size, seed=5)
    mask = np.full((48, 64), 255, np.uint8)
    stitched = stitch(noise(size), answer, mask, whole(size))
    assert np.array_equal(stitched.pixels, answer)
    assert (stitched.pixels_compared, stitched.border_ratio) == (0, None)


def test_empty_mask_gives_the_source():
    source = noise((64, 48))
    stitched = stitch(
        source, noise((64, 48), seed=1), np.zeros((48, 64), np.uint8), whole((64, 48))
    )
    assert np.array_equal(stitched.pixels, source)
    assert stitched.pixels is not source
    assert stitched.pixels_changed == 0


@pytest.mark.parametrize("size", [(512, 512), (200, 200), (1024, 640), (37, 41)])
def test_answer_of_another_size_is_brought_to_the_window(size):
    source = smooth((900, 700))
    mask = box_mask((900, 700), (300, 250, 500, 450))
    frame = whole_frame((900, 700), FREE)
    answer = smooth(size) // 2 + 60
    stitched = stitch(source, answer, mask, frame, finish="model")
    wanted = smooth(frame.window) // 2 + 60
    wanted = wanted[frame.pad[1] :, frame.pad[0] :][:700, :900]
    middle = np.s_[300:400, 350:450]
    gap = np.abs(stitched.pixels[middle].astype(int) - wanted[middle])
    assert gap.max() <= 8


def test_answer_lands_where_it_was_cut_from_also_through_padding_and_shrinking():
    for image_size, box in (((90, 60), (40, 20, 70, 50)), ((3000, 900), (1400, 300, 2300, 700))):
        source = smooth(image_size)
        frame = frame_for(box, image_size, SQUARE)
        mask = box_mask(image_size, box)
        stitched = stitch(source, cut(source, frame), mask, frame)
        gap = np.abs(stitched.pixels.astype(int) - source)
        assert gap.max() <= 2


def test_transparent_parts_of_the_answer_let_the_source_through():
    size = (100, 100)
    answer = plain(size, (*RED, 255))
    answer[:, :50, 3] = 0
    source = noise(size)
    mask = box_mask(size, (10, 10, 90, 90))
    pixels = stitch(source, answer, mask, whole(size), feather=2).pixels
    assert np.array_equal(pixels[:, :50], source[:, :50])
    assert tuple(pixels[50, 70]) == RED


def test_opaque_answer_shows_on_a_transparent_source():
    size = (100, 100)
    source = plain(size, (0, 0, 0, 0))
    mask = box_mask(size, (10, 10, 90, 90))
    pixels = stitch(source, plain(size, RED), mask, whole(size)).pixels
    assert tuple(pixels[50, 50]) == (*RED, 255)
    assert tuple(pixels[5, 5]) == (0, 0, 0, 0)


def test_transparency_that_was_asked_for_stays_in_the_mask_alone():
    size = (100, 100)
    answer = plain(size, (*RED, 255))
    answer[:, :50, 3] = 0
    source = noise(size)
    mask = box_mask(size, (10, 10, 90, 90))
    stitched = stitch(source, answer, mask, whole(size), feather=4, keep_transparency=True)
    pixels, outside = stitched.pixels, mask == 0
    assert pixels.shape == (100, 100, 4)
    assert stitched.outside_identical
    assert np.array_equal(pixels[outside][:, :3], source[outside])
    assert (pixels[outside][:, 3] == 255).all()
    assert (pixels[20:80, 20:45, 3] == 0).all()
    assert tuple(pixels[50, 70]) == (*RED, 255)
    assert 0 < pixels[50, 11, 3] < 255  # the feather runs over transparency, too


def test_what_cannot_be_seen_lends_no_colour_to_the_feather():
    size = (100, 100)
    mask = box_mask(size, (10, 10, 90, 90))
    source, answer = plain(size, (200, 100, 50)), plain(size, (0, 255, 0, 0))
    pixels = stitch(source, answer, mask, whole(size), feather=8, keep_transparency=True).pixels
    seen = pixels[pixels[..., 3] > 8][:, :3].astype(int)
    assert np.abs(seen - (200, 100, 50)).max() <= 2


def test_alpha_of_an_opaque_rgba_source_stays_opaque():
    size = (100, 100)
    mask = disc_mask(size, (50, 50), 30)
    pixels = stitch(plain(size, (9, 9, 9, 255)), noise(size, 4), mask, whole(size)).pixels
    assert np.all(pixels[..., 3] == 255)


def test_one_changed_value_outside_the_mask_is_noticed():
    source = noise((300, 1200), 4)
    mask = box_mask((300, 1200), (100, 100, 200, 1100))
    for at in ((0, 0, 0), (1199, 299, 3), (600, 99, 1)):
        spoilt = source.copy()
        spoilt[at] ^= 1
        assert not is_identical_outside(source, spoilt, mask)
    changed = source.copy()
    changed[mask == 255] = 0
    assert is_identical_outside(source, changed, mask)


def test_border_ratio_tells_a_hard_paste_from_a_feathered_one():
    size = (1024, 1024)
    source = procedural(size, 1)
    mask = disc_mask(size, (512, 512), 200)
    frame = frame_for(masks.bounds(mask), size, FREE)
    answer = drifted(cut(source, frame), "strong", 1)
    hard = stitch(source, answer, mask, frame, finish="model", feather=0).border_ratio
    soft = stitch(source, answer, mask, frame, finish="model").border_ratio
    assert hard > 2
    assert soft < 1.1
    assert soft > 0.8


def test_border_ratio_of_a_flat_picture_is_one_and_of_a_step_is_large():
    size = (200, 200)
    mask = disc_mask(size, (100, 100), 50)
    pixels = plain(size, (100, 100, 100))
    assert border_ratio(pixels, mask) == pytest.approx(1.0, abs=0.01)
    pixels[mask == 255] = 130
    assert border_ratio(pixels, mask) > 50


def test_default_feather_is_two_percent_of_the_diagonal_within_bounds():
    assert default_feather((0, 0, 30, 40)) == 8
    assert default_feather((0, 0, 900, 1200)) == 30
    assert default_feather((0, 0, 6000, 4000)) == 64


@pytest.mark.parametrize("scale", [1, 2, 0.5])
def test_the_padding_of_an_answer_is_cut_off_at_any_size(scale):
    frame = Frame((-20, -10, 180, 130), (200, 140), (20, 10, 40, 0))
    size = round(200 * scale), round(140 * scale)
    answer = plain(size, (0, 0, 0))
    answer[round(10 * scale) :, round(20 * scale) : round(160 * scale)] = RED
    inner = without_padding(answer, frame)
    assert inner.shape[:2] == (round(130 * scale), round(140 * scale))
    assert np.all(inner == RED)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (4, 1)])
def test_however_small_an_answer_is_some_of_it_is_left_without_its_padding(size):
    for pad in ((190, 130, 0, 0), (0, 0, 190, 130), (100, 70, 90, 60)):
        frame = Frame((0, 0, 200, 140), (200, 140), pad)
        assert without_padding(plain(size, RED), frame).size >= 3


def test_mask_or_frame_of_another_picture_is_a_mistake_of_the_caller():
    source = noise((50, 50))
    with pytest.raises(ValueError, match="mask"):
        stitch(source, source, box_mask((51, 50), (1, 1, 2, 2)), whole((50, 50)))
    with pytest.raises(ValueError, match="frame"):
        stitch(source, source, box_mask((50, 50), (1, 1, 2, 2)), whole((60, 50)))
