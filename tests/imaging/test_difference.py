import numpy as np
import pytest

from editor.imaging.difference import difference

from .drawing import noise, plain


def test_identical_pictures_give_black():
    pixels = noise((300, 200), 4)
    assert not difference(pixels, pixels.copy()).any()


def test_difference_is_shown_eight_times_as_strong_and_per_channel():
    source = plain((30, 20), (100, 100, 100))
    result = plain((30, 20), (103, 90, 200))
    assert np.all(difference(source, result) == (24, 80, 255))
    assert np.all(difference(result, source, gain=2) == (6, 20, 200))


@pytest.mark.parametrize("at", [(0, 0), (1999, 2999), (1234, 777)])
def test_single_changed_pixel_stays_visible_however_much_is_shrunk(at):
    source = noise((3000, 2000), seed=1)
    result = source.copy()
    result[at] ^= 16
    shown = difference(source, result, longest=100)
    assert shown.shape == (67, 100, 3)
    (lit,) = np.argwhere(shown.any(axis=2))
    assert tuple(lit) == (at[0] // 30, at[1] // 30)
    assert np.all(shown[tuple(lit)] == 128)


@pytest.mark.parametrize("size", [(2048, 10), (2049, 10), (1, 5000), (4097, 3)])
def test_longest_side_is_kept_to(size):
    pixels = noise(size)
    shown = difference(pixels, 255 - pixels)
    assert max(shown.shape[:2]) <= 2048
    assert shown.any(axis=2).all()


def test_small_pictures_keep_their_size():
    assert difference(noise((64, 48)), noise((64, 48), seed=1)).shape == (48, 64, 3)


def test_changed_transparency_shows_where_the_colours_are_equal():
    source = noise((40, 30), 4)
    result = source.copy()
    result[10, 20, 3] ^= 4
    shown = difference(source, result)
    assert np.all(shown[10, 20] == 32)
    assert np.count_nonzero(shown) == 3


def test_picture_without_alpha_counts_as_opaque():
    colours = noise((40, 30))
    opaque = np.dstack([colours, np.full((30, 40), 255, np.uint8)])
    assert not difference(colours, opaque).any()
    opaque[5, 6, 3] = 250
    assert np.argwhere(difference(colours, opaque).any(axis=2)).tolist() == [[5, 6]]


def test_pictures_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match="cannot be compared"):
        difference(noise((40, 30)), noise((30, 40)))
