from typing import get_args

import cv2
import numpy as np
import pytest

from editor.imaging.palettes import Light
from editor.imaging.scenes import FAMILIES, Family, scene, subject

SIZE = (160, 120)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_picture_depends_on_its_arguments_alone(family: Family) -> None:
    first = scene(SIZE, 4, family=family)
    assert first.shape == (120, 160, 3) and first.dtype == np.uint8
    assert np.array_equal(first, scene(SIZE, 4, family=family))
    other = scene(SIZE, 5, family=family)
    assert np.abs(first.astype(int) - other).mean() > 4


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("light", get_args(Light))
def test_every_picture_has_contrast_and_is_not_burnt_out(family: Family, light: Light) -> None:
    for seed in range(2):
        grey = scene(SIZE, seed, family=family, light=light).mean(axis=2)
        assert grey.std() > 9
        assert (grey > 252).mean() < 0.25 and (grey < 3).mean() < 0.4


@pytest.mark.parametrize("family", FAMILIES)
def test_another_size_shows_the_same_scene(family: Family) -> None:
    small, large = scene((160, 120), 3, family=family), scene((640, 480), 3, family=family)
    shrunk = large.reshape(120, 4, 160, 4, 3).mean(axis=(1, 3))
    blurred = [each.reshape(12, 10, 16, 10, 3).mean(axis=(1, 3)) for each in (small, shrunk)]
    assert np.corrcoef(blurred[0].ravel(), blurred[1].ravel())[0, 1] > 0.85


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (300, 2), (48, 16), (16, 48)])
@pytest.mark.parametrize("family", FAMILIES)
def test_any_size_is_painted(size: tuple[int, int], family: Family) -> None:
    assert scene(size, 1, family=family).shape == (size[1], size[0], 3)
    assert subject(size, 1, family=family).shape == (size[1], size[0], 4)


def test_the_seed_chooses_what_is_left_open() -> None:
    pictures = [scene((64, 48), seed) for seed in range(12)]
    means = {tuple(np.round(picture.mean(axis=(0, 1)) / 8)) for picture in pictures}
    assert len(means) > 8


def test_night_is_darker_than_day() -> None:
    for family in set(FAMILIES) - {"night"}:  # which is always dark
        dark, light = (
            np.mean([scene((64, 48), seed, family=family, light=each).mean() for seed in range(3)])
            for each in ("night", "day")
        )
        assert dark < light


@pytest.mark.parametrize("family", FAMILIES)
def test_named_colours_lean_the_picture(family: Family) -> None:
    red, blue = (
        scene(SIZE, 2, family=family, light="day", colours=[colour]).mean(axis=(0, 1))
        for colour in ((212, 42, 42), (31, 79, 216))
    )
    assert red[0] - red[2] > blue[0] - blue[2] + 12


@pytest.mark.parametrize("family", FAMILIES)
def test_vivid_pictures_are_more_colourful(family: Family) -> None:
    def colourful(vividness: float) -> float:
        picture = scene(SIZE, 6, family=family, light="sunset", vividness=vividness).astype(int)
        return float((picture.max(axis=2) - picture.min(axis=2)).mean())

    assert colourful(0.6) < colourful(1.0) < colourful(1.3)


def test_a_subject_stands_on_nothing() -> None:
    for family in FAMILIES:
        for seed in range(3):
            alpha = subject((200, 200), seed, family=family)[..., 3]
            assert set(alpha[0]) == {0}  # nothing reaches the top edge
            assert 0.04 < (alpha == 255).mean() < 0.7
            assert (alpha == 0).mean() > 0.25


def test_the_rim_of_a_subject_has_its_own_colour_and_not_the_grounds() -> None:
    made = subject((400, 400), 3, family="still life", light="day")
    alpha, grey = made[..., 3], made[..., :3].mean(axis=2).astype(np.float32)
    opaque = np.where(alpha == 255, grey, 255).astype(np.float32)
    darkest_near = cv2.erode(opaque, np.ones((9, 9), np.uint8))
    rim = (alpha > 40) & (alpha < 215)
    assert rim.sum() > 100
    # mixed with black, half covered pixels would have half their brightness
    assert np.mean(grey[rim] > 0.7 * darkest_near[rim]) > 0.9
