"""Putting answers back: promise 1 first, then how well what is new joins what is old."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.imaging import masks, measuring
from editor.imaging.extending import new_area, place_of
from editor.imaging.feathering import blend_weights
from editor.imaging.framing import Frame, SizeRule, cut, frame_for, whole_frame
from editor.imaging.masters import Master
from editor.imaging.stitching import (
    Answer,
    Correction,
    default_feather,
    stitch,
    without_padding,
)

from .drawing import box_mask, disc_mask, noise, plain, smooth
from .photographs import grainy, lit, middle_mask, photo
from .profiles import P3_PRIMARIES, rgb_profile

FREE = SizeRule()
SQUARE = SizeRule(fixed=((256, 256),))
RED = (250, 10, 10)


def whole(size) -> Frame:
    return Frame((0, 0, *size), size)


def put(source, answer, mask, frame=None, **settings):
    """One answer into pixels of 8-bit sRGB."""
    frame = frame or whole((source.shape[1], source.shape[0]))
    return stitch(Master(source), [Answer(answer, frame)], mask, **settings)


def blend_weight(mask, feather):
    return np.concatenate([weight for _rows, weight in blend_weights(mask, feather)])


def psnr(one, other):
    gap = np.mean((one.astype(float) - other) ** 2)
    return 10 * np.log10(255**2 / max(gap, 1e-6))


def mask_of(kind, size, rng):
    width, height = size
    mask = np.zeros((height, width), np.uint8)
    if kind == "speckled":
        mask[rng.random((height, width)) < rng.uniform(0, 0.3)] = 255
    if kind == "box":
        (left, right), (top, bottom) = (np.sort(rng.integers(0, side, 2)) for side in size)
        mask[top : bottom + 1, left : right + 1] = 255
    if kind == "disc":
        centre = int(rng.integers(width)), int(rng.integers(height))
        cv2.circle(mask, centre, int(rng.integers(1, max(size) + 1)), 255, -1)
    if kind == "border":
        mask[:] = 255
        mask[2:-2, 2:-2] = 0
    if kind == "whole":
        mask[:] = 255
    mask[int(rng.integers(height)), int(rng.integers(width))] = 255
    return mask


@settings(max_examples=100, deadline=None)
@given(
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    kind=st.sampled_from(["speckled", "box", "disc", "border", "whole", "pixel"]),
    ground=st.sampled_from(["noise", "smooth", "flat"]),
    depth=st.sampled_from([np.uint8, np.uint16]),
    channels=st.tuples(st.sampled_from([3, 4]), st.sampled_from([3, 4])),
    rule=st.sampled_from([FREE, SQUARE]),
    answer_size=st.none() | st.tuples(st.integers(1, 300), st.integers(1, 300)),
    finish=st.sampled_from(["natural", "model", "hard"]),
    feather=st.none() | st.integers(0, 90),
    transparent=st.booleans(),
    seed=st.integers(0, 2**31),
)  # fmt: skip
def test_every_pixel_outside_the_mask_keeps_its_value(
    size, kind, ground, depth, channels, rule, answer_size, finish, feather, transparent, seed
):
    rng = np.random.default_rng(seed)
    source = grounds(ground, size, channels[0], seed).astype(depth)
    source *= 257 if depth == np.uint16 else 1
    mask = mask_of(kind, size, rng)
    frame = frame_for(masks.bounds(mask), size, rule)
    answer = grounds(ground, answer_size or frame.size, channels[1], seed + 1)
    before = source.copy()
    stitched = stitch(
        Master(source), [Answer(answer, frame)], mask, finish=finish, feather=feather,
        keep_transparency=transparent,
    )  # fmt: skip
    assert np.array_equal(source, before)
    assert stitched.pixels.dtype == depth
    assert stitched.pixels.shape == (*source.shape[:2], 4 if transparent else channels[0])
    outside = mask == 0
    assert np.array_equal(stitched.pixels[outside][:, : channels[0]], source[outside])
    if transparent and channels[0] == 3:
        assert np.all(stitched.pixels[outside][:, 3] == np.iinfo(depth).max)
    assert stitched.pixels_changed == np.count_nonzero(mask)


def grounds(kind, size, channels, seed):
    if kind == "noise":
        return noise(size, channels, seed)
    alpha = noise(size, 1, seed)[..., : channels - 3]
    if kind == "flat":
        return np.dstack([plain(size, (seed % 256, 90, 200)), alpha])
    return np.dstack([smooth(size), alpha])


def test_middle_of_the_mask_has_exactly_the_answers_pixels():
    size = (300, 200)
    source, answer = noise(size, seed=1), noise(size, seed=2)
    mask = box_mask(size, (50, 40, 250, 160))
    stitched = put(source, answer, mask, whole(size), feather=10)
    assert np.array_equal(stitched.pixels[55:145, 65:235], answer[55:145, 65:235])


def test_blend_runs_inside_the_mask_from_source_to_answer():
    size = (200, 200)
    mask = box_mask(size, (50, 50, 150, 150))
    pixels = put(plain(size, (0, 0, 0)), plain(size, (200, 200, 200)), mask, whole(size)).pixels
    row = pixels[100, :100, 0].astype(int)
    assert row[49] == 0
    assert 0 <= row[50] <= 5
    assert row[50 + default_feather((50, 50, 150, 150))] == 200
    assert np.all(np.diff(row) >= 0)


def test_feather_zero_replaces_the_whole_mask():
    size = (100, 100)
    mask = disc_mask(size, (50, 50), 30)
    pixels = put(noise(size), plain(size, RED), mask, whole(size), feather=0).pixels
    assert np.all(pixels[mask == 255] == RED)


@pytest.mark.parametrize("radius", [0, 1, 3, 6, 12])
def test_small_masks_are_wholly_replaced_in_the_middle(radius):
    size = (100, 100)
    mask = disc_mask(size, (50, 50), radius)
    pixels = put(plain(size, (0, 0, 0)), plain(size, RED), mask, whole(size)).pixels
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
    stitched = put(noise(size), answer, mask, whole(size))
    assert np.array_equal(stitched.pixels, answer)
    assert (stitched.pixels_changed, stitched.border_ratio) == (64 * 48, None)


def test_empty_mask_gives_the_source():
    source = noise((64, 48))
    stitched = put(source, noise((64, 48), seed=1), np.zeros((48, 64), np.uint8), whole((64, 48)))
    assert np.array_equal(stitched.pixels, source)
    assert stitched.pixels is not source
    assert stitched.pixels_changed == 0


@pytest.mark.parametrize("size", [(512, 512), (200, 200), (1024, 640), (37, 41)])
def test_answer_of_another_size_is_brought_to_the_window(size):
    source = smooth((900, 700))
    mask = box_mask((900, 700), (300, 250, 500, 450))
    frame = whole_frame((900, 700), FREE)
    answer = smooth(size) // 2 + 60
    stitched = put(source, answer, mask, frame, finish="model")
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
        stitched = put(source, cut(source, frame), mask, frame)
        gap = np.abs(stitched.pixels.astype(int) - source)
        assert gap.max() <= 2


def test_transparent_parts_of_the_answer_let_the_source_through():
    size = (100, 100)
    answer = plain(size, (*RED, 255))
    answer[:, :50, 3] = 0
    source = noise(size)
    mask = box_mask(size, (10, 10, 90, 90))
    pixels = put(source, answer, mask, whole(size), feather=2).pixels
    assert np.array_equal(pixels[:, :50], source[:, :50])
    assert tuple(pixels[50, 70]) == RED


def test_opaque_answer_shows_on_a_transparent_source():
    size = (100, 100)
    source = plain(size, (0, 0, 0, 0))
    mask = box_mask(size, (10, 10, 90, 90))
    pixels = put(source, plain(size, RED), mask, whole(size)).pixels
    assert tuple(pixels[50, 50]) == (*RED, 255)
    assert tuple(pixels[5, 5]) == (0, 0, 0, 0)


def test_transparency_that_was_asked_for_stays_in_the_mask_alone():
    size = (100, 100)
    answer = plain(size, (*RED, 255))
    answer[:, :50, 3] = 0
    source = noise(size)
    mask = box_mask(size, (10, 10, 90, 90))
    stitched = put(source, answer, mask, whole(size), feather=4, keep_transparency=True)
    pixels, outside = stitched.pixels, mask == 0
    assert pixels.shape == (100, 100, 4)
    assert np.array_equal(pixels[outside][:, :3], source[outside])
    assert (pixels[outside][:, 3] == 255).all()
    assert (pixels[20:80, 20:45, 3] == 0).all()
    assert tuple(pixels[50, 70]) == (*RED, 255)
    assert 0 < pixels[50, 11, 3] < 255  # the feather runs over transparency, too


def test_what_cannot_be_seen_lends_no_colour_to_the_feather():
    size = (100, 100)
    mask = box_mask(size, (10, 10, 90, 90))
    source, answer = plain(size, (200, 100, 50)), plain(size, (0, 255, 0, 0))
    pixels = put(source, answer, mask, whole(size), feather=8, keep_transparency=True).pixels
    seen = pixels[pixels[..., 3] > 8][:, :3].astype(int)
    assert np.abs(seen - (200, 100, 50)).max() <= 2


def test_alpha_of_an_opaque_rgba_source_stays_opaque():
    size = (100, 100)
    mask = disc_mask(size, (50, 50), 30)
    pixels = put(plain(size, (9, 9, 9, 255)), noise(size, 4), mask, whole(size)).pixels
    assert np.all(pixels[..., 3] == 255)


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
        put(source, source, box_mask((51, 50), (1, 1, 2, 2)), whole((50, 50)))
    with pytest.raises(ValueError, match="frame"):
        put(source, source, box_mask((50, 50), (1, 1, 2, 2)), whole((60, 50)))


PHOTO = (640, 480)
DRIFTS = {
    "mild": ((2, -1.25), (1.05, 1.03, 1.04), 0.0),
    "strong": ((-8.25, 5.25), (1.13, 1.08, 1.11), 0.1),
}
FAMILIES = ["mountains", "still life", "city", "sea"]


def drifted_photo(family, strength):
    """A photograph, and what a model that changes nothing makes of it."""
    shift, gains, gradient = DRIFTS[strength]
    moved = photo(PHOTO, shift, family=family)
    return photo(PHOTO, family=family), lit(moved, gains, gradient)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("strength", "steps"), [("mild", (0.4, 1.0)), ("strong", (1.2, 3.2))])
def test_a_drifted_answer_joins_without_a_seam_and_without_a_patch(family, strength, steps):
    source, answer = drifted_photo(family, strength)
    mask = middle_mask(PHOTO, 0.4)
    rough = put(source, answer, mask, finish="model", feather=0)
    stitched = put(source, answer, mask)
    # a gradient at a border of so few pixels is counted coarsely
    assert stitched.border_ratio < 1.1
    assert stitched.wide_step <= steps[0]
    assert stitched.wide_step_p95 <= steps[1]
    assert rough.wide_step_p95 > 2 * stitched.wide_step_p95
    assert psnr(stitched.pixels[mask > 0], source[mask > 0]) > 30
    correction = stitched.corrections[0]
    assert np.abs(np.subtract(correction.shift, DRIFTS[strength][0])).max() < 0.1
    assert stitched.drift_px == pytest.approx(np.hypot(*DRIFTS[strength][0]), abs=0.1)
    assert correction.is_coloured
    assert stitched.flag == ""


@pytest.mark.parametrize("family", FAMILIES)
def test_an_answer_that_changed_nothing_changes_nothing(family):
    source = grainy(photo(PHOTO, family=family), 2)
    mask = middle_mask(PHOTO, 0.4)
    stitched = put(source, source, mask)
    assert psnr(stitched.pixels[mask > 0], source[mask > 0]) >= 45
    assert stitched.drift_px < 0.05


def test_new_content_keeps_its_own_colours_in_the_sources_light():
    source = photo(PHOTO)
    mask = middle_mask(PHOTO, 0.4)
    wanted = source.copy()
    wanted[mask > 0] = photo(PHOTO, family="still life")[mask > 0]
    stitched = put(source, lit(wanted, (1.08, 1.05, 1.02)), mask)
    deep = cv2.erode(mask, np.ones((31, 31))) > 0
    assert psnr(stitched.pixels[deep], wanted[deep]) > 32


def test_keeping_the_models_colours_aligns_but_does_not_colour():
    source, answer = drifted_photo("mountains", "mild")
    mask = middle_mask(PHOTO, 0.4)
    stitched = put(source, answer, mask, finish="model", feather=4)
    deep = cv2.erode(mask, np.ones((25, 25))) > 0
    wanted = lit(source, DRIFTS["mild"][1])
    assert psnr(stitched.pixels[deep], wanted[deep]) > 36
    assert not stitched.corrections[0].is_coloured
    assert stitched.corrections[0].drift_px > 2


def test_a_hard_edge_has_no_feather_and_the_sources_colours():
    source, answer = drifted_photo("mountains", "mild")
    mask = middle_mask(PHOTO, 0.4)
    answer[cv2.dilate(mask, np.ones((9, 9))) > 0] = RED
    stitched = put(source, answer, mask, finish="hard")
    rim = (mask > 0) & (cv2.erode(mask, np.ones((3, 3))) == 0)
    soft = put(source, answer, mask).pixels[rim].astype(int)
    assert np.abs(stitched.pixels[rim].astype(int)[:, 1] - RED[1]).mean() < 60
    assert np.abs(soft - source[rim]).mean() < 12
    assert stitched.feather == 0
    assert stitched.corrections[0].is_coloured


@pytest.mark.parametrize("by", [1, 3, 7])
@pytest.mark.parametrize("kind", ["one colour", "grain", "stripes", "checks"])
def test_on_flat_or_repeating_ground_nothing_is_moved(kind, by):
    rows, columns = np.mgrid[:360, :480]
    ground = {
        "one colour": np.full((360, 480), 120),
        "grain": np.full((360, 480), 120),
        "stripes": 120 + 50 * np.sin(2 * np.pi * columns / 12),
        "checks": 120 + 50 * np.sign((columns // 9 % 2) - 0.5) * np.sign((rows // 9 % 2) - 0.5),
    }[kind]
    source = np.dstack([ground.astype(np.uint8)] * 3)
    answer = np.roll(source, by, axis=1)
    if kind == "grain":
        source, answer = grainy(source, 3, 1), grainy(answer, 3, 2)
    stitched = put(source, answer, middle_mask((480, 360), 0.4), feather=2)
    assert stitched.corrections[0].shift == (0, 0)
    assert not stitched.corrections[0].is_affine
    deep = np.s_[150:210, 200:280]
    gap = np.abs(stitched.pixels[deep].astype(int) - answer[deep])
    assert gap.mean() < 1


@pytest.mark.parametrize("family", ["mountains", "sea"])
def test_an_enlarged_answer_has_the_sources_grain(family):
    size = (800, 600)
    source = grainy(cv2.resize(photo((400, 300), family=family), size), 4)
    mask = middle_mask(size, 0.5)
    frame = Frame((0, 0, *size), (400, 300))
    answer = cut(source, frame)
    deep = np.s_[250:350, 320:480]

    def fine(pixels):
        part = pixels[deep].astype(np.float32)
        return float((part - cv2.GaussianBlur(part, (0, 0), 1)).std())

    stitched = put(source, answer, mask, frame)
    assert fine(put(source, answer, mask, frame, finish="model").pixels) < 0.6 * fine(source)
    assert fine(stitched.pixels) == pytest.approx(fine(source), rel=0.15)
    again = put(source, answer, mask, frame)
    assert np.array_equal(again.pixels, stitched.pixels)


def test_a_mask_over_most_of_the_window_keeps_the_models_colours_in_its_middle():
    source = photo(PHOTO)
    mask = box_mask(PHOTO, (40, 40, 600, 440))
    answer = lit(source, (1.06, 1.0, 0.94))
    stitched = put(source, answer, mask)
    assert not stitched.corrections[0].is_coloured
    middle = np.s_[200:280, 280:360]
    assert psnr(stitched.pixels[middle], answer[middle]) > 40
    rough = put(source, answer, mask, finish="model")
    assert stitched.wide_step < 0.6 * rough.wide_step


def test_sixteen_bits_stay_where_nothing_changes_and_blend_without_steps():
    size = (300, 200)
    rows, columns = np.mgrid[:200, :300]
    source = np.dstack([(20000 + 37 * columns + 11 * rows).astype(np.uint16)] * 3)
    mask = box_mask(size, (100, 50, 200, 150))
    answer = (source >> 8).astype(np.uint8)
    stitched = put(source, answer, mask, whole(size), feather=20)
    assert stitched.pixels.dtype == np.uint16
    assert np.array_equal(stitched.pixels[mask == 0], source[mask == 0])
    assert np.abs(stitched.pixels.astype(int) - source).max() <= 2 * 257
    near = stitched.pixels[100, 100:106, 0].astype(int) - source[100, 100:106, 0]
    assert np.abs(near).max() < 80


def test_a_wide_gamut_source_keeps_its_values_and_gets_its_own_colours():
    source = photo(PHOTO)
    master = Master(source, profile=rgb_profile(P3_PRIMARIES, gamma=None))
    mask = middle_mask(PHOTO, 0.4)
    stitched = stitch(master, [Answer(master.srgb(), whole(PHOTO))], mask)
    assert np.array_equal(stitched.pixels[mask == 0], source[mask == 0])
    assert psnr(stitched.pixels[mask > 0], source[mask > 0]) > 38


def two_frames(size):
    """Two islands far apart, each with its frame and its part."""
    boxes = (60, 60, 160, 140), (460, 320, 580, 420)
    mask = box_mask(size, boxes[0]) | box_mask(size, boxes[1])
    frames = [replace(frame_for(box, size, SQUARE), part=box) for box in boxes]
    return mask, frames


def test_each_frames_answer_lands_in_its_own_part_alone():
    mask, frames = two_frames(PHOTO)
    source = photo(PHOTO)
    answers = [Answer(plain(frame.size, colour), frame) for frame, colour in zip(
        frames, [(200, 0, 0), (0, 0, 200)], strict=True)]  # fmt: skip
    stitched = stitch(Master(source), answers, mask, feather=2)
    assert np.array_equal(stitched.pixels[mask == 0], source[mask == 0])
    assert tuple(stitched.pixels[100, 110]) == (200, 0, 0)
    assert tuple(stitched.pixels[370, 520]) == (0, 0, 200)
    assert stitched.pixels_changed == np.count_nonzero(mask)
    assert len(stitched.corrections) == 2


def test_a_frame_without_an_answer_leaves_its_part_as_it_was():
    mask, frames = two_frames(PHOTO)
    source = photo(PHOTO)
    stitched = stitch(Master(source), [Answer(plain((256, 256), RED), frames[1])], mask)
    assert np.array_equal(stitched.pixels[:300], source[:300])
    assert tuple(stitched.pixels[370, 520]) == RED
    assert stitched.pixels_changed == 120 * 100


def test_each_frame_is_aligned_and_lit_by_itself_and_the_worst_is_told():
    size = (800, 400)
    source = photo(size)
    boxes = (120, 140, 240, 260), (560, 140, 680, 260)
    mask = box_mask(size, boxes[0]) | box_mask(size, boxes[1])
    halves = Frame((0, 0, 400, 400), (400, 400), part=boxes[0]), Frame(
        (400, 0, 800, 400), (400, 400), part=boxes[1])  # fmt: skip
    moved = [lit(cut(photo(size, shift), half), gains) for shift, gains, half in (
        ((2, 1), (1.06, 1, 1), halves[0]), ((-5, 3), (1, 1, 1.1), halves[1]))]  # fmt: skip
    answers = [Answer(pixels, half) for pixels, half in zip(moved, halves, strict=True)]
    stitched = stitch(Master(source), answers, mask)
    first, second = stitched.corrections
    assert np.abs(np.subtract(first.shift, (2, 1))).max() < 0.1
    assert np.abs(np.subtract(second.shift, (-5, 3))).max() < 0.1
    assert stitched.drift_px == second.drift_px
    assert psnr(stitched.pixels[mask > 0], source[mask > 0]) > 32


@pytest.mark.parametrize(
    ("answer", "flag"),
    [
        (photo(PHOTO, family="city", seed=8), "another_picture"),
        (plain(PHOTO, (0, 0, 0)), "blank"),
        (plain(PHOTO, (0, 0, 0, 0)), "blank"),
        (photo(PHOTO, (14, 15)), "drifted"),
        (np.rot90(photo(PHOTO)), "turned"),
        (photo(PHOTO)[:, ::-1], "mirrored"),
    ],
    ids=["another picture", "black", "clear", "too far off", "turned", "mirrored"],
)
def test_an_answer_that_ignored_the_picture_is_told_and_still_put_in(answer, flag):
    source = photo(PHOTO)
    mask = middle_mask(PHOTO, 0.3)
    stitched = put(source, np.ascontiguousarray(answer), mask, whole(PHOTO))
    assert stitched.flag == flag
    assert stitched.corrections[0].flag == flag
    assert np.array_equal(stitched.pixels[mask == 0], source[mask == 0])
    assert stitched.pixels_changed == np.count_nonzero(mask)


@pytest.mark.parametrize("answer", [np.rot90(photo(PHOTO)), photo(PHOTO)[:, ::-1]])
def test_a_turned_or_mirrored_answer_is_turned_back(answer):
    source = photo(PHOTO)
    mask = middle_mask(PHOTO, 0.3)
    stitched = put(source, np.ascontiguousarray(answer), mask, whole(PHOTO))
    assert psnr(stitched.pixels[mask > 0], source[mask > 0]) > 30


def test_colours_far_from_the_sources_are_told():
    source = photo(PHOTO)
    answer = (source * 0.45).astype(np.uint8)
    stitched = put(source, answer, middle_mask(PHOTO, 0.3))
    assert stitched.flag == "drifted"
    assert stitched.drift_colour > 12
    assert not stitched.corrections[0].is_coloured


def test_five_thousand_islands_are_each_put_in():
    size = (800, 600)
    mask = np.zeros((600, 800), np.uint8)
    mask[2::8, 2::12] = mask[3::8, 2::12] = mask[2::8, 3::12] = 255
    assert cv2.connectedComponents(mask)[0] - 1 >= 5000
    source = photo(size)
    stitched = put(source, plain(size, RED), mask)
    assert np.array_equal(stitched.pixels[mask == 0], source[mask == 0])
    assert np.abs(stitched.pixels[mask > 0].astype(int) - RED).mean() < 80


@pytest.mark.parametrize("at", [(0, 0), (639, 479), (320, 0), (300, 200)])
def test_a_mask_of_one_pixel_has_the_answers(at):
    source, answer = photo(PHOTO), plain(PHOTO, RED)
    mask = np.zeros((480, 640), np.uint8)
    mask[at[1], at[0]] = 255
    stitched = put(source, answer, mask, frame_for(masks.bounds(mask), PHOTO, SQUARE))
    assert tuple(stitched.pixels[at[1], at[0]]) == RED
    assert stitched.pixels_changed == 1


def test_an_answer_of_a_hundred_megapixels_is_brought_to_its_window():
    source = photo(PHOTO)
    answer = cv2.resize(source, (11_600, 8_700), interpolation=cv2.INTER_NEAREST)
    mask = middle_mask(PHOTO, 0.3)
    stitched = put(source, answer, mask)
    assert psnr(stitched.pixels[mask > 0], source[mask > 0]) > 36
    assert stitched.corrections[0].fitted == "resized"


@pytest.mark.parametrize("strength", ["mild", "strong"])
@pytest.mark.parametrize("added", [160, 400])
def test_an_extension_joins_the_original_without_a_step_of_colour(strength, added):
    size, margins = (800 - added, 400), (0, 0, added, 0)
    scene = photo((800, 400))
    source = np.ascontiguousarray(scene[:, : size[0]])
    master = Master(source).extended(margins)
    contract = masks.grow(new_area(size, margins), 12)
    frame = Frame((200, 0, 800, 400), (600, 400))
    left, top, right, bottom = frame.inner
    shift, gains, gradient = DRIFTS[strength]
    answer = lit(photo((800, 400), shift), gains, gradient)[top:bottom, left:right]
    settings = {"kept": place_of(size, margins), "rim": 12}
    stitched = stitch(master, [Answer(answer, frame)], contract, **settings)
    rough = stitch(master, [Answer(answer, frame)], contract, finish="model", **settings)
    assert np.array_equal(stitched.pixels[contract == 0], master.pixels[contract == 0])
    assert stitched.corrections[0].is_coloured
    near = np.s_[:, size[0] : size[0] + 100]
    gap = np.abs(stitched.pixels[near].astype(float) - scene[near]).mean()
    assert gap < 4
    assert gap < 0.4 * np.abs(rough.pixels[near].astype(float) - scene[near]).mean()
    assert stitched.wide_step < 1.2


def test_of_an_extension_only_what_is_known_of_the_picture_is_held_against_it():
    size, margins = (500, 400), (0, 0, 300, 0)
    scene = photo((800, 400), family="city")
    master = Master(np.ascontiguousarray(scene[:, : size[0]])).extended(margins)
    contract = masks.grow(new_area(size, margins), 12)
    frame = Frame((200, 0, 800, 400), (600, 400))
    settings = {"kept": place_of(size, margins), "rim": 12}
    perfect = stitch(master, [Answer(cut(scene, frame), frame)], contract, **settings)
    assert np.abs(perfect.pixels.astype(int) - scene).max() <= 1
    assert measuring.wide_steps(master.srgb(), scene, contract)[1] > 4
    assert perfect.wide_step_p95 < 0.1
    rough = stitch(
        master, [Answer(lit(cut(scene, frame), (1.2, 1.2, 1.2)), frame)], contract, finish="model",
        **settings,
    )  # fmt: skip
    assert rough.wide_step_p95 > 1


def test_a_clipped_highlight_lays_no_haze_over_what_stands_before_it():
    source = grainy(plain(PHOTO, (244, 242, 226)), 1)
    source[:, 260:380] = grainy(plain((120, 480), (60, 36, 20)), 1)
    mask = box_mask(PHOTO, (200, 160, 440, 320))
    answer = lit(source, (1.2, 1.15, 1.1))
    assert answer[10, 10].min() >= 248
    pixels = put(source, answer, mask).pixels.astype(float)
    gap = np.abs(pixels - source)[200:280]
    assert gap[:, 275:365].mean() < 2  # what is dark
    assert gap[:, 220:250].mean() < 3  # what is light


@pytest.mark.parametrize("family", ["city", "sea", "still life"])
@pytest.mark.parametrize("rim", [0.05, 0.08])
def test_a_narrow_ring_is_enough_to_align(family, rim):
    size = (1000, 700)
    source, answer = photo(size, family=family), photo(size, (8.25, -5.25), family=family)
    across, down = round(rim * size[0]), round(rim * size[1])
    mask = box_mask(size, (across, down, size[0] - across, size[1] - down))
    correction = put(source, lit(answer), mask).corrections[0]
    assert not correction.is_affine
    assert np.abs(np.subtract(correction.shift, (8.25, -5.25))).max() < 0.7


def lines_of_text(size, shift=(0.0, 0.0)):
    page = plain((size[0] + 40, size[1] + 40), (245, 243, 238))
    for top in range(0, size[1] + 40, 40):
        words = "The quick brown fox jumps over the lazy dog 0123456789"
        cv2.putText(page, words, (2, top), 0, 0.9, (25, 20, 30), 2, cv2.LINE_AA)
    matrix = np.array([[1.0, 0, shift[0] - 20], [0, 1, shift[1] - 20]])
    return cv2.warpAffine(page, matrix, size, flags=cv2.INTER_CUBIC)


def tiled_floor(size, shift=(0.0, 0.0)):
    rows, columns = np.mgrid[: size[1], : size[0]] - np.array(shift[::-1])[:, None, None]
    shade = np.where((rows // 48 + columns // 48) % 2, 170, 90)
    shade[(rows % 48 < 3) | (columns % 48 < 3)] = 205
    return np.dstack([shade, shade, shade - 20]).astype(np.uint8)


@pytest.mark.parametrize("drawn", [lines_of_text, tiled_floor])
@pytest.mark.parametrize("shift", [(2, 1), (-6, 5)])
def test_text_and_tiles_that_repeat_far_apart_are_moved_by_what_is_little_beside_that(drawn, shift):
    source, answer = drawn(PHOTO), lit(drawn(PHOTO, shift), (0.95, 0.95, 0.93))
    stitched = put(source, answer, middle_mask(PHOTO, 0.4))
    assert np.abs(np.subtract(stitched.corrections[0].shift, shift)).max() < 0.1
    assert stitched.flag == ""
    assert stitched.wide_step_p95 < 2


def test_measures_are_those_of_the_picture_that_was_made():
    source, answer = drifted_photo("city", "strong")
    mask = middle_mask(PHOTO, 0.4)
    stitched = put(source, answer, mask, finish="model", feather=0)
    assert stitched.border_ratio == measuring.border_ratio(stitched.pixels, mask)
    assert (stitched.wide_step, stitched.wide_step_p95) == measuring.wide_steps(
        source, stitched.pixels, mask
    )
    assert stitched.wide_step > 2


def test_a_correction_is_stored_and_read_back():
    source, answer = drifted_photo("mountains", "mild")
    correction = put(source, answer, middle_mask(PHOTO, 0.4)).corrections[0]
    assert Correction.from_dict(correction.to_dict()) == correction
    assert isinstance(correction.drift_colour, float)
