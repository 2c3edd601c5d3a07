from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.imaging.measuring import border_ratio, colour_steps, wide_steps
from editor.imaging.scenes import scene

from .drawing import box_mask, disc_mask, noise, plain

SIZE = (600, 400)
MASK = disc_mask(SIZE, (300, 200), 120)
INSIDE = MASK > 0


@cache
def photo():
    return scene(SIZE, 4, family="hills")


def softly(source, other, width: int):
    """`other` in the mask, setting in over so many pixels inside of it."""
    depth = cv2.distanceTransform(MASK, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    share = np.clip(depth / width, 0, 1)[..., None]
    return (source + share * (other.astype(np.float32) - source) + 0.5).astype(np.uint8)


def lighter(source, factor: float):
    return np.clip(source * factor + 0.5, 0, 255).astype(np.uint8)


def test_untouched_picture_has_a_border_ratio_of_about_one():
    assert border_ratio(photo(), MASK) == pytest.approx(1.0, abs=0.05)


def test_hard_edge_raises_the_border_ratio_and_a_feather_does_not():
    hard = photo().copy()
    hard[INSIDE] = lighter(photo(), 1.2)[INSIDE]
    assert border_ratio(hard, MASK) > 2
    assert border_ratio(softly(photo(), lighter(photo(), 1.2), 16), MASK) < 1.1


@pytest.mark.parametrize(
    "mask",
    [np.zeros((400, 600), np.uint8), np.full((400, 600), 255, np.uint8)],
    ids=["nothing", "everything"],
)
def test_where_no_border_is_there_is_nothing_to_measure(mask):
    assert border_ratio(photo(), mask) is None
    assert wide_steps(photo(), photo(), mask) is None
    assert colour_steps(photo(), photo(), mask) is None


def test_unchanged_picture_steps_nowhere():
    assert wide_steps(photo(), photo(), MASK) == (0, 0)
    assert colour_steps(photo(), photo(), MASK) == (0, 0)


@pytest.mark.parametrize("width", [0.01, 8])
def test_patch_of_another_lightness_is_measured_whether_its_edge_is_hard_or_soft(width):
    """sRGB grey 120 is L* 50.4, and 140 is 58.4: 8 dE apart."""
    source, other = plain(SIZE, (120, 120, 120)), plain(SIZE, (140, 140, 140))
    middle, high = wide_steps(source, softly(source, other, width), MASK)
    assert middle == pytest.approx(8, abs=0.1)
    assert high == pytest.approx(8, abs=0.1)


def test_step_of_the_source_itself_does_not_count():
    source = plain(SIZE, (120, 120, 120))
    source[INSIDE] = 170
    assert wide_steps(source, source, MASK) == (0, 0)
    result = source.copy()
    result[INSIDE] = 178
    middle, _high = wide_steps(source, result, MASK)
    assert middle == pytest.approx(3.0, abs=0.1)


def test_step_that_is_gone_is_no_excess_but_another_colour():
    """Something was taken away: it joins better than it did before."""
    source, result = plain(SIZE, (120, 120, 120)), plain(SIZE, (120, 120, 120))
    source[INSIDE] = 170
    assert wide_steps(source, result, MASK) == (0, 0)
    middle, _high = colour_steps(source, result, MASK)
    assert middle == pytest.approx(19, abs=1)


def test_p95_finds_what_the_median_does_not():
    source = plain(SIZE, (120, 120, 120))
    result = source.copy()
    result[150:250, 300:][INSIDE[150:250, 300:]] = 150
    middle, high = wide_steps(source, result, MASK)
    assert middle < 0.5
    assert high > 6


def test_fine_texture_is_no_step():
    rng = np.random.default_rng(1)
    source = (120 + rng.normal(0, 6, (400, 600, 3))).astype(np.uint8)
    result = source.copy()
    result[INSIDE] = np.roll(source, 50, axis=1)[INSIDE]
    middle, high = wide_steps(source, result, MASK)
    assert middle < 0.5
    assert high < 1.2


def test_same_picture_larger_measures_nearly_the_same():
    large, mask = (
        cv2.resize(each, (2400, 1600), interpolation=method)
        for each, method in ((photo(), cv2.INTER_CUBIC), (MASK, cv2.INTER_NEAREST))
    )
    changed = np.where(INSIDE[..., None], lighter(photo(), 1.1), photo())
    enlarged = np.where(mask[..., None] > 0, lighter(large, 1.1), large)
    small_step, large_step = (
        colour_steps(photo(), changed, MASK),
        colour_steps(large, enlarged, mask),
    )
    assert small_step[0] > 2
    assert large_step == pytest.approx(small_step, rel=0.1)


@pytest.mark.parametrize("at", [(0, 0), (300, 200), (599, 399)])
def test_single_pixel_is_measured(at):
    mask = box_mask(SIZE, (at[0], at[1], at[0] + 1, at[1] + 1))
    source = plain(SIZE, (120, 120, 120))
    result = source.copy()
    result[mask > 0] = 140
    assert wide_steps(source, result, mask)[0] == pytest.approx(8, abs=0.1)


def test_many_islands_are_each_measured_for_themselves():
    mask = np.zeros((400, 600), np.uint8)
    mask[20:380:20, 20:580:20] = 255
    mask = cv2.dilate(mask, np.ones((9, 9), np.uint8))
    source = plain(SIZE, (120, 120, 120))
    result = source.copy()
    result[mask > 0] = 140
    assert wide_steps(source, result, mask)[1] == pytest.approx(8, abs=0.2)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 150),
    st.integers(1, 150),
    st.floats(0, 1),
    st.sampled_from([3, 4]),
    st.integers(0, 2**31),
)
def test_any_mask_of_any_picture_is_measured_or_none(width, height, share, channels, seed):
    rng = np.random.default_rng(seed)
    mask = np.where(rng.random((height, width)) < share, 255, 0).astype(np.uint8)
    source, result = noise((width, height), channels, seed), noise((width, height), 3, seed + 1)
    ratio, steps = border_ratio(result, mask), wide_steps(source, result, mask)
    assert ratio is None or ratio >= 0
    assert steps is None or 0 <= steps[0] <= steps[1] < 300
    assert steps == wide_steps(source, result, mask)
