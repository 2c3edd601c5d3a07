import numpy as np
import pytest

from editor.imaging.colour_matching import Match, distance, matched, middles

from .drawing import noise, plain
from .photographs import grainy, lit, middle_mask, photo

SIZE = (320, 240)
KNOWN = middle_mask(SIZE) == 0


def applied(match: Match, pixels):
    height, width = pixels.shape[:2]
    across, down = middles(0, width, 0, width), middles(0, height, 0, height)
    return match.applied(pixels.astype(np.float32), across, down)


def corrected(answer, match):
    return np.clip(applied(match, answer) + 0.5, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("family", ["mountains", "still life", "city", "sea"])
def test_a_cast_is_undone_where_it_was_learnt_and_elsewhere(family):
    source = photo(SIZE, family=family)
    answer = lit(source, (1.08, 0.97, 0.9))
    after = corrected(answer, matched(source, answer, KNOWN))
    assert distance(source, answer, KNOWN) > 2
    assert distance(source, after, KNOWN) < 0.4
    assert distance(source, after, ~KNOWN) < 0.6


def test_a_mixing_of_channels_is_undone():
    source = photo(SIZE, family="still life")
    mixed = source @ np.array([[0.9, 0.1, 0], [0.05, 0.9, 0.05], [0, 0.1, 0.9]]).T
    answer = np.clip(mixed + 4.5, 0, 255).astype(np.uint8)
    after = corrected(answer, matched(source, answer, KNOWN))
    assert distance(source, answer, KNOWN) > 2.5
    assert distance(source, after, KNOWN) < 1


def test_changed_content_does_not_colour_the_rest():
    source = photo(SIZE)
    answer = lit(source, (1.06, 1.0, 0.95))
    answer[:40, :200] = (250, 20, 20)
    after = corrected(answer, matched(source, answer, KNOWN))
    untouched = KNOWN.copy()
    untouched[:40, :200] = False
    assert distance(source, after, untouched) < 0.6


@pytest.mark.parametrize("family", ["mountains", "still life", "city"])
def test_light_that_slopes_is_made_even_beyond_what_is_known(family):
    source = photo(SIZE, family=family)
    answer = lit(source, (0.95, 0.93, 0.9), gradient=0.12)
    left_half = np.zeros(KNOWN.shape, bool)
    left_half[:, : SIZE[0] // 2] = True
    match = matched(source, answer, left_half)
    assert match.slope[0] == pytest.approx(-0.06, abs=0.012)
    assert match.slope[1] == pytest.approx(0, abs=0.012)
    assert distance(source, answer, ~left_half) > 2
    assert distance(source, corrected(answer, match), ~left_half) < 0.8


def test_an_even_light_is_not_taken_for_one_that_slopes():
    source = grainy(photo(SIZE), 2, 1)
    match = matched(source, grainy(lit(photo(SIZE), (1.1, 1.05, 1.0)), 2, 2), KNOWN)
    assert match.slope == (0, 0)


def test_a_place_lies_between_the_edges_of_the_window():
    assert middles(0, 4, 0, 4).tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert middles(100, 300, 199, 201).tolist() == pytest.approx([-0.005, 0.005])


def test_ground_of_one_colour_gives_a_gain_and_leaves_other_colours_theirs():
    source, answer = plain(SIZE, (100, 110, 120)), plain(SIZE, (110, 110, 114))
    match = matched(source, answer, KNOWN)
    assert np.abs(corrected(answer, match).astype(int) - source).max() <= 1
    black = applied(match, plain((4, 4), (0, 0, 0)))
    assert np.abs(black).max() < 4


def test_colours_that_match_already_are_left_alone():
    assert matched(photo(SIZE), photo(SIZE), KNOWN) is None
    assert matched(grainy(photo(SIZE), 1, 1), grainy(photo(SIZE), 1, 2), KNOWN) is None


@pytest.mark.parametrize(
    "answer",
    [
        255 - photo(SIZE),
        photo(SIZE, family="city"),
        plain(SIZE, (250, 250, 250)),
        noise(SIZE, seed=2),
    ],
    ids=["negative", "another place", "white", "noise"],
)
def test_another_picture_is_not_taken_for_another_light(answer):
    assert matched(photo(SIZE), answer, KNOWN) is None


@pytest.mark.parametrize("grey", [True, False])
def test_a_negative_is_no_light_even_by_way_of_other_channels(grey):
    _rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    shade = 120 + 50 * np.sin(columns / 2)
    source = np.dstack([shade, shade, shade if grey else shade[:, ::-1]]).astype(np.uint8)
    assert matched(source, 240 - source, KNOWN) is None


def test_stripes_that_lie_elsewhere_do_not_make_the_light_flatter():
    _rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    stripes = np.dstack([(120 + 50 * np.sin(2 * np.pi * columns / 12)).astype(np.uint8)] * 3)
    assert matched(stripes, np.roll(stripes, 1, axis=1), KNOWN) is None


def test_too_few_pixels_say_nothing():
    few = np.zeros(KNOWN.shape, bool)
    few[:3, :20] = True
    assert matched(photo(SIZE), lit(photo(SIZE)), few) is None
    assert distance(photo(SIZE), photo(SIZE), few & False) is None


def test_distance_is_that_of_lab():
    grey, lighter = plain((8, 8), (119, 119, 119)), plain((8, 8), (145, 145, 145))
    assert distance(grey, lighter, np.ones((8, 8), bool)) == pytest.approx(10, abs=0.3)
