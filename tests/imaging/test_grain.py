import cv2
import numpy as np
import pytest

from editor.imaging import grain

from .drawing import plain
from .photographs import grainy, photo

SIZE = (192, 192)
ALL = np.ones((192, 192), bool)


@pytest.mark.parametrize("deviation", [1, 2.5, 6])
def test_the_strength_of_grain_is_measured_on_flat_ground_and_in_photographs(deviation):
    flat = grain.strength(grainy(plain(SIZE, (90, 120, 150)), deviation), ALL)
    assert np.abs(flat / deviation - 1).max() < 0.12
    place = grain.strength(grainy(photo(SIZE, family="sea"), deviation), ALL)
    assert 0.8 * deviation < place.mean() < 1.2 * deviation + 0.4


def test_masked_pixels_are_not_asked():
    pixels = grainy(plain(SIZE, (90, 120, 150)), 2)
    pixels[:, 96:] = grainy(plain(SIZE, (90, 120, 150)), 9)[:, 96:]
    known = ALL.copy()
    known[:, 96:] = False
    assert np.abs(grain.strength(pixels, known) / 2 - 1).max() < 0.12
    assert grain.strength(pixels, ~ALL) is None


def test_what_is_missing_is_what_brings_one_grain_to_the_other():
    source = grainy(plain(SIZE, (90, 120, 150)), 4)
    small = cv2.resize(source, (96, 96), interpolation=cv2.INTER_AREA)
    enlarged = cv2.resize(small, SIZE, interpolation=cv2.INTER_LANCZOS4)
    wanted, given = grain.strength(source, ALL), grain.strength(enlarged, ALL)
    lacking = grain.missing(wanted, given)
    added = enlarged + grain.noise(SIZE, lacking, (0, 0, 192, 192), 0)
    assert np.abs(grain.strength(added, ALL) / wanted - 1).max() < 0.12


def test_nothing_is_added_to_what_has_as_much():
    one = np.array([2.0, 2.0, 2.0], np.float32)
    assert grain.missing(one, one * 1.1) is None
    assert grain.missing(one, one * 0.999) is None
    assert grain.missing(None, one) is None


def test_a_frame_always_has_the_same_grain_and_another_frame_another():
    deviations = np.array([2.0, 2.0, 1.0], np.float32)
    first = grain.noise((50, 20), deviations, (0, 0, 90, 80), 5)
    assert np.array_equal(first, grain.noise((50, 20), deviations, (0, 0, 90, 80), 5))
    assert not np.array_equal(first, grain.noise((50, 20), deviations, (0, 0, 90, 81), 5))
    assert not np.array_equal(first, grain.noise((50, 20), deviations, (0, 0, 90, 80), 6))
    assert first.std(axis=(0, 1)) == pytest.approx(deviations, rel=0.1)
