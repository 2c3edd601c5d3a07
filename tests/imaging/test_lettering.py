import numpy as np
import pytest

from editor.imaging.lettering import inner_box, stamped, written
from editor.imaging.masks import bounds

from .drawing import box_mask, disc_mask, noise, plain

SIZE = (400, 300)
MASK = box_mask(SIZE, (50, 60, 350, 240))


def ink(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """255 where letters stand: nearer to the ink than to the ground."""
    changed = np.abs(after.astype(int) - before).max(axis=2)
    return np.where(changed > 100, 255, 0).astype(np.uint8)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(
    "mask", [MASK, disc_mask(SIZE, (200, 150), 100), disc_mask(SIZE, (20, 20), 60)]
)
def test_letters_stay_inside_the_mask(mask: np.ndarray, channels: int) -> None:
    pixels = noise(SIZE, channels)
    before = pixels.copy()
    for after in (written(pixels, mask, "A long text that fills it, Ágÿ"), stamped(pixels, mask)):
        assert np.array_equal(pixels, before)
        assert np.array_equal(after[mask == 0], pixels[mask == 0])
        assert not np.array_equal(after, pixels)


def test_a_word_is_as_large_as_its_area_allows() -> None:
    ground = plain(SIZE, (240, 240, 240))
    left, _top, right, _bottom = bounds(ink(ground, written(ground, MASK, "HELLO"))) or (0,) * 4
    assert 0.75 * 300 < right - left <= 300
    assert abs((left + right) / 2 - 200) < 8


def test_a_longer_text_is_wrapped_and_smaller() -> None:
    ground = plain(SIZE, (240, 240, 240))
    drawn = ink(ground, written(ground, MASK, "ONE TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE TEN"))
    rows = np.any(drawn > 0, axis=1).astype(int)
    assert (np.diff(rows) == 1).sum() >= 3
    assert rows.sum() > 0.35 * 180


@pytest.mark.parametrize(("shade", "light"), [(20, True), (235, False)])
def test_letters_stand_out_from_their_ground(shade: int, light: bool) -> None:
    ground = plain(SIZE, (shade, shade, shade))
    after = written(ground, MASK, "Open")
    letters = after[ink(ground, after) > 0]
    assert letters.mean() > 200 if light else letters.mean() < 60


def test_letters_on_a_busy_ground_have_a_halo() -> None:
    ground = noise(SIZE)
    after = written(ground, MASK, "I")
    changed = np.abs(after.astype(int) - ground).max(axis=2) > 12
    plain_ground = plain(SIZE, (20, 20, 20))
    without = written(plain_ground, MASK, "I") != plain_ground
    assert changed.sum() > 1.4 * without.any(axis=2).sum()


def test_letters_have_the_colour_that_is_asked_for() -> None:
    ground = plain(SIZE, (240, 240, 240))
    after = written(ground, MASK, "Open", (200, 20, 30))
    values, counts = np.unique(after[MASK > 0].reshape(-1, 3), axis=0, return_counts=True)
    assert tuple(values[np.argsort(counts)[-2]]) == (200, 20, 30)


def test_accents_and_other_scripts_have_letters_of_their_own() -> None:
    ground = plain(SIZE, (240, 240, 240))
    drawn = {
        text: written(ground, MASK, text).tobytes() for text in ("e", "é", "ß", "Ж", "λ", "好", "?")
    }
    assert len(set(drawn.values())) == len(drawn)


def test_a_letter_and_its_accent_apart_are_written_as_one() -> None:
    ground = plain(SIZE, (240, 240, 240))
    assert np.array_equal(written(ground, MASK, "e\u0301"), written(ground, MASK, "é"))


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 5000, "word " * 2000, "\x00\x1b", "😀"])
@pytest.mark.parametrize("box", [(0, 0, 1, 1), (3, 3, 40, 9), (0, 0, 400, 300)])
def test_any_text_and_any_area_give_a_picture(text: str, box: tuple[int, int, int, int]) -> None:
    mask = box_mask(SIZE, box)
    after = written(plain(SIZE, (200, 200, 200)), mask, text)
    assert after.shape == (300, 400, 3)
    assert np.all(after[mask == 0] == 200)


def test_text_makes_transparent_pixels_opaque() -> None:
    ground = np.zeros((300, 400, 4), np.uint8)
    after = written(ground, None, "Hi")
    assert (after[..., 3] == 255).mean() > 0.05
    assert (after[..., 3] == 0).mean() > 0.3


def test_a_stamp_is_light_and_small() -> None:
    ground = plain(SIZE, (110, 110, 110))
    for mask in (MASK, None):
        after = stamped(ground, mask)
        changed = np.abs(after.astype(int) - ground).max(axis=2)
        assert 0.002 < (changed > 25).mean() < 0.06
        assert changed.max() < 130


def test_a_stamp_has_letters_only_where_there_is_room() -> None:
    small = box_mask(SIZE, (100, 100, 140, 130))
    ground = plain(SIZE, (110, 110, 110))
    middle = np.s_[110:120, 112:128]
    assert np.array_equal(stamped(ground, small)[middle], ground[middle])
    assert np.any(stamped(ground, small) != ground)  # its contour
    tiny = box_mask(SIZE, (100, 100, 103, 103))
    assert np.array_equal(stamped(ground, tiny), ground)


def test_nothing_is_written_or_stamped_where_nothing_is_masked() -> None:
    empty, ground = np.zeros((300, 400), np.uint8), noise(SIZE)
    assert np.array_equal(written(ground, empty, "Hi"), ground)
    assert np.array_equal(stamped(ground, empty), ground)
    assert inner_box(empty) is None


@pytest.mark.parametrize("size", [(30, 20), (400, 300), (2000, 1500)])
def test_the_inner_box_is_masked_all_over_and_large(size: tuple[int, int]) -> None:
    mask = disc_mask(size, (size[0] // 2, size[1] // 2), 0.4 * size[1])
    left, top, right, bottom = inner_box(mask) or (0, 0, 0, 0)
    assert np.all(mask[top:bottom, left:right] == 255)
    largest = 2 * (0.4 * size[1]) ** 2  # of the rectangles in a disc, the square
    assert (right - left) * (bottom - top) > 0.8 * largest


def test_the_inner_box_of_an_l_is_one_of_its_arms() -> None:
    mask = box_mask(SIZE, (10, 10, 390, 70)) | box_mask(SIZE, (10, 10, 60, 200))
    left, top, right, bottom = inner_box(mask) or (0, 0, 0, 0)
    assert np.abs(np.array((left, top, right, bottom)) - (10, 10, 390, 70)).max() <= 4
