import numpy as np
import pytest

from editor.imaging.labelling import labelled

from .drawing import noise, plain, smooth

TEXT = "Edited with AI · Maskroom"


def plate_of(before, after):
    """(left, top, right, bottom) of what has changed."""
    rows, columns = np.nonzero((before != after).any(axis=2))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def light(pixels):
    """Relative luminance, as contrast is reckoned (WCAG 2.2)."""
    share = pixels[..., :3] / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ (0.2126, 0.7152, 0.0722)


@pytest.mark.parametrize(
    "ground", [plain((400, 300), (255, 255, 255)), plain((400, 300), (40, 40, 42)), smooth((400, 300))]
)  # fmt: skip
def test_label_stands_in_the_lower_right_corner_and_can_be_read(ground):
    before = ground.copy()
    after = labelled(ground, TEXT)
    assert np.array_equal(ground, before)
    left, top, right, bottom = plate_of(ground, after)
    assert 0 < 400 - right < 12
    assert 0 < 300 - bottom < 12
    plate = light(after[top:bottom, left:right])
    letters, around = np.percentile(plate, 97), np.percentile(plate, 40)
    assert (letters + 0.05) / (around + 0.05) >= 7
    assert 0.08 < np.mean(plate > 0.5) < 0.4


def test_nothing_changes_outside_the_plate():
    ground = noise((400, 300), 4)
    after = labelled(ground, TEXT)
    left, top, right, bottom = plate_of(ground, after)
    assert (right - left) * (bottom - top) < 0.05 * ground[..., 0].size
    kept = np.ones(ground.shape[:2], bool)
    kept[top:bottom, left:right] = False
    assert np.array_equal(after[kept], ground[kept])


def test_label_grows_with_the_shorter_side_of_the_picture():
    heights = {}
    for size in ((400, 300), (700, 300), (4000, 1500), (3000, 3000)):
        ground = plain(size, (255, 255, 255))
        _, top, _, bottom = plate_of(ground, labelled(ground, TEXT))
        heights[size] = bottom - top
    assert heights[(400, 300)] == heights[(700, 300)] == 18  # 11 px letters
    assert heights[(4000, 1500)] == pytest.approx(1.6 * 24, abs=1)
    assert heights[(3000, 3000)] == pytest.approx(1.6 * 48, abs=1)


def test_label_shrinks_to_fit_a_narrow_picture():
    ground = plain((120, 300), (255, 255, 255))
    left, _, right, _ = plate_of(ground, labelled(ground, TEXT))
    assert 0 < left < 10
    assert 110 < right < 120


@pytest.mark.parametrize("size", [(1, 1), (30, 20), (3, 900)])
def test_label_that_nobody_could_read_is_left_out(size):
    assert np.array_equal(labelled(noise(size), TEXT), noise(size))


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_no_text_is_no_label(text):
    ground = noise((400, 300))
    after = labelled(ground, text)
    assert np.array_equal(after, ground)
    assert not np.shares_memory(after, ground)


def test_label_shows_where_the_picture_is_clear():
    ground = np.zeros((300, 400, 4), np.uint8)
    ground[..., :3] = 255
    after = labelled(ground, TEXT)
    left, top, right, bottom = plate_of(ground, after)
    plate = after[top:bottom, left:right]
    assert plate[..., 3].min() >= 180
    assert np.median(plate[..., :3]) < 30
    assert plate[..., 3].max() == 255
    assert not np.any(after[: top - 1, :, 3])


def test_words_from_right_to_left_are_written_too():
    ground = plain((400, 300), (255, 255, 255))
    latin, hebrew = labelled(ground, "abc"), labelled(ground, "אבג")
    assert not np.array_equal(latin, hebrew)
    assert np.mean(light(hebrew[-30:, -60:]) > 0.9) > 0.05
