import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.imaging.resampling import inverse, joined, moved, reduced, resampled, scaled

from .drawing import noise, plain, smooth


def wave(length, period, phase=0.0):
    """(4, length, 3): a row of it, and three more."""
    row = 128 + 60 * np.sin(2 * np.pi * (np.arange(length) + phase) / period)
    return np.repeat(np.repeat(row[None, :, None], 4, 0), 3, 2).astype(np.float32)


@pytest.mark.parametrize("by", [0.1, 0.37, 0.5, 3.21, -5.2])
@pytest.mark.parametrize("period", [6, 9.3, 30])
def test_a_wave_moved_between_pixels_is_the_wave_itself(by, period):
    found = resampled(wave(300, period), moved((by, 0)), (50, 0, 250, 4))
    assert np.abs(found - wave(300, period, by)[:, 50:250]).max() < 0.6


def test_whole_pixels_are_the_very_values():
    pixels = noise((40, 30), 4)
    found = resampled(pixels, moved((3, -2)), (5, 6, 25, 26))
    assert np.array_equal(found, pixels[4:24, 8:28])


def test_beyond_its_edges_a_picture_goes_on_in_their_colour():
    pixels = noise((20, 10))
    found = resampled(pixels, moved((-5, -7)), (0, 0, 20, 10))
    assert np.array_equal(found[0, 0], pixels[0, 0])
    assert np.array_equal(found[7:, 0], pixels[:3, 0])


@pytest.mark.parametrize("size", [(331, 97), (60, 45), (100, 260)])
def test_a_ramp_stays_a_ramp_at_any_size(size):
    found = resampled(smooth((120, 90)), scaled(size, (0, 0, 120, 90)), (0, 0, *size))
    inner = (slice(size[1] // 8, -(size[1] // 8)), slice(size[0] // 8, -(size[0] // 8)))
    assert np.abs(found - smooth(size))[inner].max() <= 3


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 60), st.integers(1, 60), st.integers(1, 150), st.integers(1, 150),
    st.floats(-200, 200), st.floats(-200, 200),
)  # fmt: skip
def test_one_colour_stays_this_colour_whatever_is_done(width, height, wide, high, across, down):
    there = joined(moved((across, down)), scaled((wide, high), (0, 0, width, height)))
    pixels, there = reduced(plain((width, height), (9, 130, 250)), there, (0, 0, wide, high))
    found = resampled(pixels, there, (0, 0, wide, high))
    assert found.shape == (high, wide, 3)
    assert np.abs(found - (9, 130, 250)).max() < 0.05


def test_parts_are_parts_of_the_whole():
    pixels = noise((50, 40))
    there = joined(scaled((113, 91), (0, 0, 50, 40)), moved((0.3, 0.6)))
    whole = resampled(pixels, there, (0, 0, 113, 91))
    for box in ((0, 0, 113, 10), (60, 33, 61, 34), (100, 80, 113, 91)):
        part = resampled(pixels, there, box)
        assert np.abs(part - whole[box[1] : box[3], box[0] : box[2]]).max() < 0.01


def test_shrinking_takes_the_mean_of_what_lies_under_a_pixel():
    pixels = noise((90, 60))
    found = resampled(pixels, scaled((30, 20), (0, 0, 90, 60)), (0, 0, 30, 20))
    means = pixels.reshape(20, 3, 30, 3, 3).mean(axis=(1, 3))
    assert np.abs(found - means).max() < 0.1


def test_a_large_picture_is_made_smaller_first_and_looks_the_same():
    pixels = smooth((2000, 1200))
    there = scaled((100, 60), (0, 0, 2000, 1200))
    less, less_there = reduced(pixels, there, (0, 0, 100, 60))
    assert less.size * 300 < pixels.size
    direct = resampled(pixels, there, (0, 0, 100, 60))
    assert np.abs(resampled(less, less_there, (0, 0, 100, 60)) - direct).max() < 1


def test_a_turn_is_followed_where_it_leads():
    turned = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 29.0]])
    pixels = noise((30, 30))
    found = resampled(pixels, turned, (0, 0, 30, 30))
    assert np.abs(found[8:22, 8:22] - np.rot90(pixels, 3)[8:22, 8:22]).max() < 1


def test_an_inverse_leads_back():
    there = joined(moved((3, -4)), np.array([[1.1, 0.2, 3], [0.1, 0.9, -8]]))
    assert np.allclose(joined(inverse(there), there), moved((0, 0)))
