"""How a change fades in: by strips, and yet as over the whole mask at once."""

import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.imaging.feathering import blend_weights

from .drawing import box_mask, disc_mask


def by_strips(mask, feather, strip_rows):
    whole = np.zeros(mask.shape, np.float32)
    for rows, weight in blend_weights(mask, feather, strip_rows):
        whole[rows] = weight
    return whole


def at_once(mask, feather):
    """The same from its definition, island by island."""
    count, labels = cv2.connectedComponents(mask, connectivity=8)
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    whole = np.zeros(mask.shape, np.float32)
    for label in range(1, count):
        island = labels == label
        ramp = np.float32(max(min(feather, 0.5 * depth[island].max()), 0.5))
        share = np.clip((depth[island] - 0.5) / ramp, 0, 1)
        whole[island] = share * share * (3 - 2 * share)
    return whole


def assert_alike(found, wanted):
    """But for the last bit of a float: OpenCV's roots differ in it with what lies beside them."""
    assert np.array_equal(found > 0, wanted > 0)
    assert np.abs(found - wanted).max(initial=0) < 1e-6


@settings(max_examples=60, deadline=None)
@given(
    st.integers(3, 160),
    st.integers(3, 160),
    st.integers(0, 2**31),
    st.floats(0.02, 0.9),
    st.integers(1, 12),
    st.integers(0, 30),
)
def test_in_strips_it_fades_as_over_the_whole_mask(width, height, seed, share, blur, feather):
    rng = np.random.default_rng(seed)
    ground = cv2.blur(rng.random((height, width)), (blur, blur))
    mask = np.where(ground < np.quantile(ground, share), 255, 0).astype(np.uint8)
    assert_alike(by_strips(mask, feather, 5), at_once(mask, feather))


def test_an_island_that_is_deep_in_one_strip_alone_has_one_ramp_in_all():
    mask = disc_mask((60, 400), (30, 40), 25) | box_mask((60, 400), (28, 40, 33, 390))
    weight = by_strips(mask, 6, 13)
    assert_alike(weight, at_once(mask, 6))
    assert weight[300, 30] < 0.5  # by itself this far end would be replaced wholly


@pytest.mark.parametrize("feather", [8, 64])
def test_no_more_than_some_strips_are_held_in_memory(feather):
    mask = np.full((8000, 500), 255, np.uint8)
    mask[400:7600, 100:400] = 0
    tracemalloc.start()
    try:
        strips = sum(1 for _strip in blend_weights(mask, feather))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert strips > 20
    assert peak < 4 * mask.size / 2  # depths of half the mask
