"""Where an answer shows what the source shows; and where that cannot be told."""

import math

import cv2
import numpy as np
import pytest

from editor.imaging.aligning import STILL, align

from .drawing import noise, plain
from .photographs import grainy, lit, middle_mask, photo

SIZE = (480, 320)
MOST = 0.02 * math.hypot(*SIZE)


def found(source, answer, mask=None, most=MOST):
    mask = middle_mask(SIZE) if mask is None else mask
    return align(source, answer, mask == 0, most, 0.2)


def waves(period, phase=0.0, direction=(1, 0)):
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    place = columns * direction[0] + rows * direction[1] + phase
    shade = 128 + 60 * np.sin(2 * np.pi * place / period)
    return np.dstack([shade.astype(np.uint8)] * 3)


@pytest.mark.parametrize("family", ["mountains", "still life", "city", "sea"])
@pytest.mark.parametrize("shift", [(0, 0), (0.5, -0.25), (2, 1.25), (-8.25, 5.25), (9.5, -3)])
def test_a_shift_is_found_to_a_twentieth_of_a_pixel_through_another_light(family, shift):
    source = photo(SIZE, family=family)
    answer = lit(photo(SIZE, shift, family=family), (1.12, 1.08, 1.1), gradient=0.1)
    alignment = found(source, answer, most=11)
    assert np.abs(np.subtract(alignment.shift, shift)).max() < 0.05
    assert not alignment.is_affine
    assert not alignment.is_lost


def test_what_was_made_anew_in_the_mask_does_not_draw_the_rest_along():
    mask = middle_mask(SIZE, 0.5)
    answer = photo(SIZE, (3, -2))
    answer[mask > 0] = photo(SIZE, (-9, 9), family="city")[mask > 0]
    assert np.abs(np.subtract(found(photo(SIZE), answer, mask).shift, (3, -2))).max() < 0.05


def test_something_changed_outside_the_mask_does_not_draw_the_rest_along():
    answer = photo(SIZE, (1.5, 1))
    answer[40:100, 30:130] = noise((100, 60))
    assert np.abs(np.subtract(found(photo(SIZE), answer).shift, (1.5, 1))).max() < 0.05


@pytest.mark.parametrize(("zoom", "angle"), [(1.01, 0), (1.02, 0), (0.99, 0.3), (1, 0.5)])
def test_a_zoom_or_a_turn_is_followed(zoom, angle):
    source = photo(SIZE)
    there = cv2.getRotationMatrix2D((SIZE[0] / 2, SIZE[1] / 2), angle, zoom)
    answer = cv2.warpAffine(
        source, there, SIZE, flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT_101
    )
    alignment = found(source, answer)
    assert alignment.is_affine
    corners = np.array([[x, y, 1] for x in (0, SIZE[0]) for y in (0, SIZE[1])])
    assert np.abs(corners @ (alignment.matrix - there).T).max() < 0.1


def test_a_shift_alone_is_never_taken_for_a_zoom():
    for seed in range(4):
        answer = grainy(lit(photo(SIZE, (2, 1)), gradient=0.1), 2, seed)
        assert not found(grainy(photo(SIZE), 2, seed + 9), answer).is_affine


FLAT = plain(SIZE, (120, 130, 140))


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        (FLAT, plain(SIZE, (140, 130, 120))),
        (grainy(FLAT, 2, 1), grainy(FLAT, 2, 2)),
        (waves(200), waves(200, 5)),
        (waves(400, direction=(1, 1)), waves(400, 9, direction=(1, 1))),
    ],
    ids=["one colour", "grain", "slow shade", "slanting shade"],
)
def test_flat_ground_is_left_where_it_is_and_not_called_lost(source, answer):
    alignment = found(source, answer)
    assert np.array_equal(alignment.matrix, STILL)
    assert not alignment.is_lost


def checks(period):
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    shade = 128 + 60 * np.sign((columns // period % 2) - 0.5) * np.sign((rows // period % 2) - 0.5)
    return np.dstack([cv2.GaussianBlur(shade, (0, 0), 0.8).astype(np.uint8)] * 3)


@pytest.mark.parametrize(
    "ground",
    [waves(6), waves(14), waves(14, direction=(1, 1)), checks(3), checks(8)],
    ids=["fine stripes", "stripes", "slanting stripes", "fine checks", "checks"],
)
@pytest.mark.parametrize("by", [1, 3, 7])
def test_repeating_ground_is_left_where_it_is_and_not_called_lost(ground, by):
    source, answer = grainy(ground, 2, 1), grainy(np.roll(ground, by, axis=1), 2, 2)
    alignment = found(source, answer)
    assert np.array_equal(alignment.matrix, STILL)
    assert not alignment.is_lost


@pytest.mark.parametrize(("by", "moved"), [(1, 1), (3, 3), (7, 0), (14, 0)])
def test_large_checks_are_moved_only_by_what_is_little_beside_them(by, moved):
    ground = checks(16)  # which looks the same 23 pixels further on
    alignment = found(grainy(ground, 2, 1), grainy(np.roll(ground, by, axis=1), 2, 2))
    assert alignment.shift == pytest.approx((moved, 0), abs=0.05)
    assert not alignment.is_lost


def test_stripes_over_part_of_a_photograph_do_not_hinder():
    source, answer = photo(SIZE), photo(SIZE, (3, 1))
    source[:, :48], answer[:, :48] = waves(14)[:, :48], waves(14, -3)[:, :48]
    assert np.abs(np.subtract(found(source, answer).shift, (3, 1))).max() < 0.1


def test_another_picture_is_lost_and_stays():
    alignment = found(photo(SIZE), photo(SIZE, family="city", seed=8))
    assert alignment.is_lost
    assert np.array_equal(alignment.matrix, STILL)


def test_a_shift_that_is_too_far_is_told_and_not_followed():
    alignment = found(photo(SIZE), photo(SIZE, (14, 9)))
    assert alignment.is_lost
    assert np.array_equal(alignment.matrix, STILL)
    assert np.abs(np.subtract(alignment.shift, (14, 9))).max() < 0.5


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (300, 5), (20, 20)])
def test_a_tiny_picture_is_left_where_it_is(size):
    source, answer = noise(size, seed=1), noise(size, seed=2)
    alignment = align(source, answer, np.ones((size[1], size[0]), bool), 5, 0.2)
    assert np.array_equal(alignment.matrix, STILL)


def test_nothing_known_leaves_it_where_it_is():
    source = photo(SIZE)
    alignment = align(source, photo(SIZE, (3, 0)), np.zeros((320, 480), bool), 9, 0.2)
    assert alignment.correlation is None
    assert np.array_equal(alignment.matrix, STILL)
