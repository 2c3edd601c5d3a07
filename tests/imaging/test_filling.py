import numpy as np
import pytest

from editor.imaging.filling import drifted, fill_from_surroundings, procedural

from .drawing import box_mask, disc_mask, noise, plain, smooth


def test_pixels_outside_the_mask_are_untouched_and_the_input_is_kept():
    pixels = noise((200, 150))
    before = pixels.copy()
    mask = disc_mask((200, 150), (100, 70), 40)
    filled = fill_from_surroundings(pixels, mask)
    assert np.array_equal(pixels, before)
    assert np.array_equal(filled[mask == 0], pixels[mask == 0])


def test_object_on_a_plain_ground_disappears():
    size = (400, 300)
    pixels = plain(size, (120, 160, 90))
    mask = disc_mask(size, (200, 150), 60)
    pixels[disc_mask(size, (200, 150), 55) == 255] = (250, 0, 250)
    filled = fill_from_surroundings(pixels, mask)
    assert np.abs(filled.astype(int) - (120, 160, 90)).max() <= 3


def test_gradient_is_continued_across_the_hole():
    size = (600, 400)
    truth = smooth(size)
    mask = disc_mask(size, (300, 200), 80)
    spoilt = truth.copy()
    spoilt[mask == 255] = 0
    filled = fill_from_surroundings(spoilt, mask)
    assert np.abs(filled.astype(int) - truth).mean(where=(mask == 255)[..., None]) < 10


def test_grain_of_the_surroundings_is_matched():
    size = (600, 400)
    grain = np.random.default_rng(0).normal(0, 12, (400, 600, 1))
    pixels = np.clip(128 + grain, 0, 255).astype(np.uint8).repeat(3, axis=2)
    mask = box_mask(size, (200, 120, 400, 280))
    filled = fill_from_surroundings(pixels, mask)
    assert filled[130:270, 210:390].std() == pytest.approx(12, rel=0.25)


@pytest.mark.parametrize(
    "box", [(0, 0, 50, 40), (0, 0, 49, 40), (0, 0, 50, 1), (49, 39, 50, 40), (10, 0, 20, 40)]
)
@pytest.mark.parametrize("channels", [3, 4])
def test_any_mask_gives_a_picture_of_the_same_shape(box, channels):
    pixels = noise((50, 40), channels)
    mask = box_mask((50, 40), box)
    filled = fill_from_surroundings(pixels, mask)
    assert filled.shape == pixels.shape
    assert np.array_equal(filled[mask == 0], pixels[mask == 0])


def test_one_pixel_pictures_are_filled():
    for mask_value in (0, 255):
        filled = fill_from_surroundings(plain((1, 1), (5, 6, 7)), np.full((1, 1), mask_value, "u1"))
        assert filled.shape == (1, 1, 3)


def test_filling_twice_gives_the_same_pixels():
    pixels, mask = noise((120, 90)), disc_mask((120, 90), (60, 45), 20)
    assert np.array_equal(
        fill_from_surroundings(pixels, mask), fill_from_surroundings(pixels, mask)
    )


def test_mask_of_another_size_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="size"):
        fill_from_surroundings(noise((50, 40)), box_mask((40, 50), (1, 1, 2, 2)))


def test_drift_off_gives_an_equal_copy():
    pixels = noise((30, 20))
    copy = drifted(pixels, "off", 1)
    assert np.array_equal(copy, pixels)
    assert copy is not pixels


@pytest.mark.parametrize(("strength", "gain"), [("mild", 1.04), ("strong", 1.12)])
def test_drift_lightens_by_its_gain(strength, gain):
    pixels = plain((200, 200), (100, 100, 100))
    middle = drifted(pixels, strength, 3)[100, 100].astype(float)
    assert np.abs(middle / 100 - gain).max() < 0.08
    assert middle.mean() > 101


@pytest.mark.parametrize(("strength", "shift"), [("mild", (2.1, 1.2)), ("strong", (8.3, 5.2))])
def test_drift_moves_by_its_shift(strength, shift):
    mask = disc_mask((200, 200), (100, 100), 20)
    moved = drifted((mask // 2)[..., None].repeat(3, axis=2), strength, 3)[..., 0].astype(float)
    rows, columns = np.indices(moved.shape)
    found = (columns * moved).sum() / moved.sum(), (rows * moved).sum() / moved.sum()
    assert abs(abs(found[0] - 100) - shift[0]) < 0.3
    assert abs(abs(found[1] - 100) - shift[1]) < 0.3


def test_drift_keeps_size_and_alpha_of_an_opaque_picture():
    pixels = noise((60, 40), 4)
    pixels[..., 3] = 255
    moved = drifted(pixels, "strong", 2)
    assert moved.shape == pixels.shape
    assert np.all(moved[..., 3] == 255)
    assert not np.array_equal(moved, pixels)


def test_procedural_picture_depends_on_size_and_seed_alone():
    first = procedural((80, 60), 4)
    assert first.shape == (60, 80, 3)
    assert np.array_equal(first, procedural((80, 60), 4))
    assert not np.array_equal(first, procedural((80, 60), 5))
    assert first.std() > 15


def test_procedural_picture_of_one_pixel():
    assert procedural((1, 1), 0).shape == (1, 1, 3)


def test_edge_between_two_grounds_is_continued_through_the_hole():
    size = (400, 300)
    truth = plain(size, (190, 190, 185))
    truth[150:] = (120, 80, 50)
    mask = disc_mask(size, (200, 150), 50)
    spoilt = truth.copy()
    spoilt[mask == 255] = (20, 60, 200)
    filled = fill_from_surroundings(spoilt, mask)
    gap = np.abs(filled.astype(int) - truth).max(axis=2)[mask == 255]
    assert np.mean(gap > 25) < 0.12


def test_several_islands_are_all_filled():
    size = (200, 150)
    pixels = plain(size, (120, 160, 90))
    for count in (2, 5):
        mask = np.zeros((150, 200), np.uint8)
        for number in range(count):
            mask |= disc_mask(size, (20 + 37 * number, 75), 12)
        spoilt = pixels.copy()
        spoilt[mask == 255] = (250, 0, 250)
        filled = fill_from_surroundings(spoilt, mask)
        assert np.abs(filled.astype(int) - pixels).max() <= 3
