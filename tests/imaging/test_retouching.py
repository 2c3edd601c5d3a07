import cv2
import numpy as np
import pytest

from editor.imaging import retouching
from editor.imaging.cutting import subject_alpha

from .drawing import box_mask, disc_mask, noise, plain, smooth

SIZE = (160, 120)
MASK = disc_mask(SIZE, (80, 60), 40)
WITHIN = disc_mask(SIZE, (80, 60), 30) > 0  # where a change has fully set in

CHANGES = {
    "blurred": retouching.blurred,
    "pixelated": retouching.pixelated,
    "brightened": retouching.brightened,
    "darkened": retouching.darkened,
    "greyed": retouching.greyed,
    "in_sepia": retouching.in_sepia,
    "recoloured": lambda pixels, mask: retouching.recoloured(pixels, mask, (0, 128, 128)),
    "retoned": lambda pixels, mask: retouching.retoned(pixels, mask, 1),
}


def lightness(pixels: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(pixels[..., :3], cv2.COLOR_RGB2GRAY).astype(float)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("name", CHANGES)
def test_only_the_colours_inside_the_mask_change(name: str, channels: int) -> None:
    pixels = noise(SIZE, channels)
    before = pixels.copy()
    changed = CHANGES[name](pixels, MASK)
    assert np.array_equal(pixels, before)
    assert np.array_equal(changed[MASK == 0], pixels[MASK == 0])
    assert np.array_equal(changed[..., 3:], pixels[..., 3:])
    assert np.any(changed[WITHIN] != pixels[WITHIN], axis=1).mean() > 0.9


@pytest.mark.parametrize("name", CHANGES)
def test_without_a_mask_all_of_the_picture_changes(name: str) -> None:
    pixels = noise(SIZE)
    changed = CHANGES[name](pixels, None)
    assert np.any(changed != pixels, axis=2).mean() > 0.9


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize(
    "box", [(0, 0, 1, 1), (49, 39, 50, 40), (0, 0, 50, 1), (0, 0, 50, 40), None]
)
def test_any_mask_is_taken(name: str, box: tuple[int, int, int, int] | None) -> None:
    mask = box_mask((50, 40), box) if box else np.zeros((40, 50), np.uint8)
    changed = CHANGES[name](noise((50, 40)), mask)
    assert changed.shape == (40, 50, 3)
    assert np.array_equal(changed[mask == 0], noise((50, 40))[mask == 0])


@pytest.mark.parametrize("name", CHANGES)
def test_a_mask_of_another_size_is_a_mistake_of_the_caller(name: str) -> None:
    with pytest.raises(ValueError, match="size"):
        CHANGES[name](noise((50, 40)), box_mask((60, 40), (1, 1, 9, 9)))


def test_blurring_takes_the_detail_and_keeps_the_mean() -> None:
    pixels = noise((400, 300))
    mask = box_mask((400, 300), (100, 100, 300, 200))
    inner = np.s_[120:180, 130:270]
    changed = retouching.blurred(pixels, mask)[inner].astype(float)
    assert changed.std(axis=(0, 1)).max() < 0.1 * pixels[inner].std()
    assert abs(changed.mean() - pixels[inner].mean()) < 3


def test_letters_cannot_be_read_after_blurring_or_pixelating() -> None:
    plate = plain((300, 100), (255, 255, 255))
    cv2.putText(plate, "ABC 123", (10, 75), cv2.FONT_HERSHEY_SIMPLEX, 2.1, (0, 0, 0), 6)
    mask = box_mask((300, 100), (0, 0, 300, 100))
    strokes = lightness(plate)
    for change in (retouching.blurred, retouching.pixelated):
        changed = lightness(change(plate, mask))
        # nothing is left of black strokes on white but grey without edges of their own
        assert (
            np.corrcoef(
                cv2.Laplacian(strokes, cv2.CV_64F).ravel(),
                cv2.Laplacian(changed, cv2.CV_64F).ravel(),
            )[0, 1]
            < 0.15
        )
        assert changed.std() < 0.75 * strokes.std()


def test_pixelating_gives_squares_of_the_mean_colour() -> None:
    pixels = noise((200, 200))
    changed = retouching.pixelated(pixels, box_mask((200, 200), (50, 50, 150, 150)))
    area = changed[50:150, 50:150]
    steps = np.flatnonzero(np.any(area[:, 1:] != area[:, :-1], axis=(0, 2))) + 1
    side = int(steps[0])
    assert side > 5 and np.array_equal(steps, np.arange(side, 100, side))
    first = pixels[50 : 50 + side, 50 : 50 + side].reshape(-1, 3).mean(axis=0)
    assert np.abs(area[0, 0] - first).max() < 1.1


@pytest.mark.parametrize(
    "colour", [(31, 79, 216), (127, 25, 25), (247, 211, 19), (20, 20, 24), (245, 245, 245)]
)
@pytest.mark.parametrize("ground", [(200, 200, 200), (60, 40, 30), (30, 160, 60)])
def test_recolouring_gives_the_colour_and_keeps_the_texture(
    colour: tuple[int, int, int], ground: tuple[int, int, int]
) -> None:
    grain = np.random.default_rng(1).normal(0, 6, (*SIZE[::-1], 1))
    pixels = np.clip(plain(SIZE, ground) + grain, 0, 255).astype(np.uint8)
    changed = retouching.recoloured(pixels, MASK, colour)
    got = np.median(changed[WITHIN], axis=0)
    before = np.abs(np.array(ground) - colour).sum()
    assert np.abs(got - colour).sum() < min(0.45 * before, 120)
    texture = np.corrcoef(lightness(pixels)[WITHIN], lightness(changed)[WITHIN])[0, 1]
    assert texture > 0.85


def test_brighter_is_lighter_and_darker_is_darker_and_more_is_more() -> None:
    pixels = smooth(SIZE)
    lights = [
        lightness(change(pixels, None, strength)).mean()
        for change, strength in [
            (retouching.darkened, 1.6),
            (retouching.darkened, 0.5),
            (retouching.brightened, 0.5),
            (retouching.brightened, 1.6),
        ]
    ]
    assert lights == sorted(lights)
    assert lights[1] < lightness(pixels).mean() < lights[2]
    assert lights[3] - lights[0] > 60


def test_grey_has_no_colour_and_the_same_lightness() -> None:
    pixels = noise(SIZE)
    changed = retouching.greyed(pixels, None)
    assert np.all(changed == changed[..., :1])
    assert np.abs(lightness(changed) - lightness(pixels)).max() <= 1


def test_sepia_is_brown_from_dark_to_light() -> None:
    steps = plain((3, 1), (0, 0, 0))
    steps[0, 1], steps[0, 2] = 128, 255
    dark, middle, light = retouching.in_sepia(steps, None)[0].astype(int)
    for red, green, blue in (dark, middle, light):
        assert red > green > blue
    assert dark.sum() < middle.sum() < light.sum()


def test_a_picture_is_fitted_into_the_masks_bounds_with_soft_edges() -> None:
    pixels, other = plain(SIZE, (10, 10, 10)), plain((300, 300), (250, 250, 250))
    other[:, :150] = (250, 0, 0)
    mask = box_mask(SIZE, (40, 20, 120, 100))
    laid = retouching.placed(pixels, mask, other)
    assert tuple(laid[60, 50]) == (250, 0, 0) and tuple(laid[60, 110]) == (250, 250, 250)
    assert np.array_equal(laid[mask == 0], pixels[mask == 0])
    assert 10 < laid[60, 118].max() < 250


def test_a_wide_picture_is_cropped_and_not_distorted() -> None:
    other = plain((400, 100), (0, 0, 0))
    other[:, 150:250] = 255  # a white square in the middle
    laid = retouching.placed(plain((100, 100), (9, 9, 9)), np.full((100, 100), 255, "u1"), other)
    assert np.all(laid[10:90, 10:90] == 255)


def test_pictures_stand_side_by_side_and_melt() -> None:
    red, blue = plain(SIZE, (255, 0, 0)), plain((50, 200), (0, 0, 255))
    both = retouching.side_by_side([red, blue])
    assert both.shape == red.shape
    assert tuple(both[60, 20]) == (255, 0, 0) and tuple(both[60, 140]) == (0, 0, 255)
    assert 100 < both[60, 80, 0] < 155 and 100 < both[60, 80, 2] < 155


def test_a_softened_picture_has_less_detail_and_is_the_same_picture() -> None:
    pixels = np.clip(smooth((300, 200)) + noise((300, 200)) / 8.0, 0, 255).astype(np.uint8)
    soft = retouching.softened(pixels)
    assert (
        np.abs(np.diff(soft.astype(int), axis=1)).mean()
        < 0.5 * np.abs(np.diff(pixels.astype(int), axis=1)).mean()
    )
    assert 1 < np.abs(soft.astype(int) - pixels).mean() < 20


def test_fewer_cells_are_coarser() -> None:
    pixels = noise((256, 128))
    detail = [float(retouching.coarsened(pixels, cells).std()) for cells in (8, 32, 128, 1000)]
    assert detail == sorted(detail)
    assert detail[0] < 0.2 * detail[3]
    assert np.array_equal(retouching.coarsened(pixels, 1000), pixels)


def test_a_reframed_picture_is_a_part_of_it_and_may_be_mirrored() -> None:
    pixels = smooth((200, 100))
    part = retouching.reframed(pixels, 3, mirrored=False)
    other = retouching.reframed(pixels, 3, mirrored=True)
    assert part.shape == pixels.shape
    assert np.array_equal(part, other[:, ::-1])
    spread = int(part[..., 0].max()) - int(part[..., 0].min())
    whole = int(pixels[..., 0].max()) - int(pixels[..., 0].min())
    assert 0.7 * whole < spread < 0.92 * whole


def test_turning_hues_keeps_the_lightness_and_a_full_turn_changes_nothing() -> None:
    pixels = np.clip(smooth(SIZE) // 3 + 90, 0, 255).astype(np.uint8)
    turned = retouching.turned(pixels, 120)
    difference = np.abs(turned.astype(int) - pixels)
    assert difference.max() > 15
    wanted, got = (cv2.cvtColor(each, cv2.COLOR_RGB2Lab)[..., 0] for each in (pixels, turned))
    assert np.abs(wanted.astype(int) - got).max() <= 4
    assert np.abs(retouching.turned(pixels, 360).astype(int) - pixels).max() <= 1


def test_the_same_seed_gives_the_same_pixels() -> None:
    pixels = noise(SIZE)
    for change in (retouching.grained, lambda p, seed: retouching.retoned(p, None, seed)):
        assert np.array_equal(change(pixels, 5), change(pixels, 5))
        assert not np.array_equal(change(pixels, 5), change(pixels, 6))


def test_pixels_are_pasted_where_the_mask_is() -> None:
    pasted = retouching.pasted(plain(SIZE, (1, 2, 3)), plain(SIZE, (9, 8, 7)), MASK)
    assert np.all(pasted[MASK > 0] == (9, 8, 7)) and np.all(pasted[MASK == 0] == (1, 2, 3))


def test_what_stands_in_the_middle_is_told_from_the_ground() -> None:
    pixels = np.clip(plain((400, 300), (60, 140, 70)) + noise((400, 300)) / 16.0, 0, 255)
    pixels = pixels.astype(np.uint8)
    thing = disc_mask((400, 300), (200, 150), 80) > 0
    pixels[thing] = (210, 60, 40)
    alpha = subject_alpha(pixels)
    assert alpha.shape == thing.shape
    assert ((alpha > 127) != thing).mean() < 0.01
    assert np.array_equal(alpha, subject_alpha(pixels))


@pytest.mark.parametrize("size", [(1, 1), (5, 200), (64, 64)])
def test_where_nothing_stands_out_all_is_subject(size: tuple[int, int]) -> None:
    assert np.all(subject_alpha(plain(size, (80, 90, 100))) == 255)
