from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.imaging.filling import drifted
from editor.imaging.fitting import fitted
from editor.imaging.scenes import Family, scene

from .drawing import box_mask, disc_mask, noise, plain, smooth

SIZE = (600, 400)
MASK = disc_mask(SIZE, (300, 200), 110)
KNOWN = MASK == 0
PHOTOS: tuple[Family, ...] = ("city", "forest", "still life", "portrait")


@cache
def photo(family: Family = "city", seed: int = 1):
    pixels = scene(SIZE, seed, family=family)
    pixels.setflags(write=False)
    return pixels


def edited(family: Family = "city", seed: int = 1):
    """What a model gives back: something new in the mask, the rest rendered anew."""
    answer = drifted(photo(family, seed), "strong", 3)
    answer[MASK > 0] = photo("waves", 2)[MASK > 0]
    return answer


def apart(one, other) -> float:
    return float(np.abs(one[KNOWN].astype(int) - other[KNOWN]).mean())


def turned(pixels, quarters: int, is_mirrored: bool = False):
    return np.ascontiguousarray(np.rot90(pixels[:, ::-1] if is_mirrored else pixels, quarters))


@pytest.mark.parametrize("family", PHOTOS)
def test_answer_of_the_windows_size_stays_as_it_came(family):
    answer = edited(family)
    found = fitted(answer, photo(family), MASK)
    assert np.array_equal(found.pixels, answer)
    assert (found.how, found.flag) == ("", "")
    assert found.likeness > 0.85


@pytest.mark.parametrize("family", PHOTOS)
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_rotated_answer_is_turned_back_and_told(family, quarters):
    answer = edited(family)
    found = fitted(turned(answer, quarters), photo(family), MASK)
    assert (found.how, found.flag) == ("turned", "turned")
    assert np.array_equal(found.pixels, answer)


@pytest.mark.parametrize("family", PHOTOS)
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_mirrored_answer_is_turned_back_and_told(family, quarters):
    answer = edited(family)
    found = fitted(turned(answer, quarters, is_mirrored=True), photo(family), MASK)
    assert (found.how, found.flag) == ("mirrored", "mirrored")
    assert np.array_equal(found.pixels, answer)


def test_rotated_answer_of_another_size_is_turned_back_too():
    answer = cv2.resize(edited(), (1200, 800), interpolation=cv2.INTER_CUBIC)
    found = fitted(turned(answer, 1), photo(), MASK)
    assert found.flag == "turned"
    assert apart(found.pixels, edited()) < 3


def test_answer_rotated_into_the_windows_own_aspect_is_recognised():
    """A model that keeps the size asked for can only squeeze or cut what it has turned."""
    answer = cv2.resize(turned(edited(), 1), SIZE, interpolation=cv2.INTER_AREA)
    found = fitted(answer, photo(), MASK)
    assert found.flag == "turned"
    assert apart(found.pixels, edited()) < 12


@pytest.mark.parametrize("value", [0, 255, 118])
def test_answer_all_black_or_of_any_one_colour_is_blank(value):
    found = fitted(plain(SIZE, (value, value, value)), photo(), MASK)
    assert found.flag == "blank"
    assert np.all(found.pixels == value)


def test_answer_of_black_with_the_noise_of_a_decoder_is_blank():
    answer = noise(SIZE, seed=4) // 64
    assert fitted(answer, photo(), MASK).flag == "blank"


def test_fully_transparent_answer_is_blank_whatever_its_colours():
    answer = np.dstack([photo(), np.zeros(SIZE[::-1], np.uint8)])
    found = fitted(answer, photo(), MASK)
    assert found.flag == "blank"
    assert np.all(found.pixels[..., 3] == 0)


def test_answer_that_is_transparent_outside_of_the_mask_is_no_other_picture():
    """There is nothing to be compared then."""
    answer = np.dstack([edited(), MASK])
    found = fitted(answer, photo(), MASK)
    assert (found.flag, found.likeness) == ("", None)
    assert np.array_equal(found.pixels, answer)


@pytest.mark.parametrize("size", [(300, 200), (1500, 1000), (768, 512), (97, 65)])
def test_answer_of_another_size_is_brought_to_the_windows(size):
    answer = cv2.resize(edited(), size, interpolation=cv2.INTER_AREA)
    found = fitted(answer, photo(), MASK)
    assert found.pixels.shape == photo().shape
    assert (found.how, found.flag) == ("resized", "")
    assert apart(found.pixels, edited()) < 12


def test_answer_of_another_aspect_that_shows_more_is_cut():
    answer = np.full((600, 600, 3), 90, np.uint8)
    answer[100:500] = edited()
    found = fitted(answer, photo(), MASK)
    assert (found.how, found.flag) == ("cropped", "")
    assert np.array_equal(found.pixels, edited())


def test_answer_of_another_aspect_that_shows_all_is_stretched():
    answer = cv2.resize(edited(), (500, 500), interpolation=cv2.INTER_AREA)
    found = fitted(answer, photo(), MASK)
    assert (found.how, found.flag) == ("stretched", "")
    assert apart(found.pixels, edited()) < 8


def test_answer_of_another_aspect_that_shows_less_keeps_the_windows_pixels_beside_it():
    answer = np.ascontiguousarray(edited()[:, 100:500])
    found = fitted(answer, photo(), MASK)
    assert (found.how, found.flag) == ("inset", "")
    assert np.array_equal(found.pixels[:, 100:500], answer)
    assert np.array_equal(found.pixels[:, :100], photo()[:, :100])
    assert np.array_equal(found.pixels[:, 500:], photo()[:, 500:])


@pytest.mark.parametrize("family", PHOTOS)
@pytest.mark.parametrize("other", [("mountains", 5), ("waves", 6), ("shapes", 7), ("sea", 8)])
def test_another_picture_is_told(family, other):
    found = fitted(photo(*other), photo(family), MASK)
    assert found.flag == "another_picture"
    assert np.array_equal(found.pixels, photo(*other))


def test_noise_is_another_picture():
    assert fitted(noise(SIZE), photo(), MASK).flag == "another_picture"


@pytest.mark.parametrize("answer", ["same", "another", "turned"])
def test_picture_whose_mask_covers_nearly_all_is_not_flagged_for_want_of_evidence(answer):
    mask = box_mask(SIZE, (4, 4, 596, 396))
    given = {"same": edited(), "another": photo("sea", 8), "turned": turned(edited(), 2)}[answer]
    found = fitted(given, photo(), mask)
    assert (found.flag, found.likeness) == ("", None)
    assert np.array_equal(found.pixels, given)


def test_all_black_answer_to_a_mask_of_the_whole_picture_is_blank():
    mask = np.full(SIZE[::-1], 255, np.uint8)
    assert fitted(plain(SIZE, (0, 0, 0)), photo(), mask).flag == "blank"


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (90, 140, 200)])
def test_flat_picture_is_not_flagged(colour):
    window = plain(SIZE, colour)
    answer = window.copy()
    answer[MASK > 0] = photo()[MASK > 0]
    assert fitted(answer, window, MASK).flag == ""
    assert fitted(window, window, MASK).flag == ""


def test_flat_picture_with_grain_is_not_flagged():
    rng = np.random.default_rng(2)
    grain = (150 + rng.normal(0, 6, (*SIZE[::-1], 3))).astype(np.uint8)
    other = (156 + rng.normal(0, 6, (*SIZE[::-1], 3))).astype(np.uint8)
    assert fitted(other, grain, MASK).flag == ""
    assert fitted(smooth(SIZE), smooth(SIZE), MASK).flag == ""


def test_black_answer_to_a_white_wall_is_blank():
    assert fitted(plain(SIZE, (0, 0, 0)), plain(SIZE, (250, 250, 250)), MASK).flag == "blank"


@pytest.mark.parametrize("quarters", [0, 1, 2])
def test_answer_with_padding_loses_it(quarters):
    pad = (60, 20, 0, 40)
    answer = cv2.copyMakeBorder(edited(), 20, 40, 60, 0, cv2.BORDER_REFLECT_101)
    found = fitted(turned(answer, quarters), photo(), MASK, pad=pad)
    assert np.array_equal(found.pixels, edited())
    assert found.flag == ("turned" if quarters else "")


def test_restyled_answer_is_still_the_same_picture():
    """Darker, greener and without half of its contrast, as an edit may ask for."""
    answer = (edited() * np.array([0.35, 0.5, 0.4]) + 10).astype(np.uint8)
    assert fitted(answer, photo(), MASK).flag == ""


def test_symmetric_picture_is_not_told_mirrored():
    half = photo("portrait")[:, :300]
    window = np.ascontiguousarray(np.hstack([half, half[:, ::-1]]))
    assert fitted(drifted(window, "strong", 2), window, MASK).flag == ""


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 140),
    st.integers(1, 140),
    st.integers(1, 140),
    st.integers(1, 140),
    st.tuples(*[st.integers(0, 30)] * 4),
    st.sampled_from([3, 4]),
    st.sampled_from([3, 4]),
    st.integers(0, 2**31),
)
def test_any_answer_fits_any_window(wide, high, width, height, pad, channels, below, seed):
    window = noise((width, height), below, seed)
    answer = noise((wide, high), channels, seed + 1)
    mask = np.where(noise((width, height), 1, seed)[..., 0] > 200, 255, 0).astype(np.uint8)
    found = fitted(answer, window, mask, pad=pad)
    assert found.pixels.shape == (height, width, channels)
    assert found.pixels.dtype == np.uint8


def test_window_is_not_written_to():
    answer = np.ascontiguousarray(edited()[:, 100:500])
    window = photo().copy()
    fitted(answer, window, MASK).pixels[...] = 7
    assert np.array_equal(window, photo())
