import numpy as np

from editor.imaging.membrane import MOST, filled

from .photographs import middle_mask

SIZE = (96, 64)
KNOWN = middle_mask(SIZE, 0.5) == 0
ROWS, COLUMNS = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float32)


def layers(surface):
    return np.dstack([surface] * 3).astype(np.float32)


def hidden(differences):
    """Only what is known is given; the rest would be seen at once."""
    return np.where(KNOWN[..., None], differences, 999).astype(np.float32)


def test_one_difference_all_around_is_the_same_within():
    surface = filled(hidden(np.full((*KNOWN.shape, 3), (5, -3, 0.5))), KNOWN)
    assert np.abs(surface - (5, -3, 0.5)).max() < 0.05


def test_a_slope_goes_on_through_the_mask():
    slope = layers((COLUMNS - 48) / 8)
    surface = filled(hidden(slope), KNOWN)
    assert np.abs(surface - slope)[~KNOWN].max() < 1.2
    assert np.abs(surface - slope)[~KNOWN].mean() < 0.4


def test_both_sides_meet_at_the_border():
    waves = layers(6 * np.sin(COLUMNS / 9) + 4 * np.cos(ROWS / 7))
    surface = filled(hidden(waves), KNOWN)
    across = np.abs(np.diff(surface, axis=1))[(KNOWN[:, 1:] != KNOWN[:, :-1])]
    assert across.max() < 1.5


def test_no_colour_is_changed_beyond_the_clamp():
    surface = filled(hidden(layers(np.full(KNOWN.shape, 90.0))), KNOWN)
    assert np.abs(surface).max() <= MOST


def test_a_changed_thing_at_the_border_weighs_less_than_the_light():
    differences = layers(np.full(KNOWN.shape, 2.0))
    differences[:, :30] = 200
    surface = filled(hidden(differences), KNOWN)
    assert surface[32, 60].max() < 6


def test_with_much_unknown_the_middle_keeps_its_own_colours():
    surface = filled(hidden(layers(np.full(KNOWN.shape, 8.0))), KNOWN, fade=4)
    assert surface[32, 48].max() < 0.5
    border = KNOWN & (np.roll(KNOWN, 1, axis=1) != KNOWN)
    assert np.abs(surface[border] - 8).max() < 0.5


def test_nothing_known_adds_nothing_and_all_known_adds_the_differences():
    nothing = filled(layers(COLUMNS), np.zeros(KNOWN.shape, bool))
    assert not nothing.any()
    everything = filled(layers(np.full(KNOWN.shape, 3.0)), np.ones(KNOWN.shape, bool))
    assert np.abs(everything - 3).max() < 0.01


def test_one_known_cell_is_enough():
    one = np.zeros(KNOWN.shape, bool)
    one[0, 0] = True
    surface = filled(layers(np.where(one, 4.0, 999)), one)
    assert np.abs(surface - 4).max() < 0.1
