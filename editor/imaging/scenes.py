"""Procedural pictures from a seed: what the local provider gives for a prompt alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from . import landscapes as land
from . import objects
from .arrays import Floats, Pixels, Size
from .layers import Layer, mix, render
from .palettes import Colour, Light, Palette, palette

Family = Literal[
    "dunes",
    "hills",
    "mountains",
    "sea",
    "forest",
    "night",
    "city",
    "still life",
    "portrait",
    "shapes",
    "waves",
]
FAMILIES: tuple[Family, ...] = get_args(Family)


@dataclass(frozen=True)
class _Stage:
    """What a family is arranged on. `x` (width,) are the columns' places, from 0 to `wide`."""

    rng: np.random.Generator
    colours: Palette
    size: Size
    wide: float
    x: Floats
    detail: float


def scene(
    size: Size,
    seed: int,
    *,
    family: Family | None = None,
    light: Light | None = None,
    colours: Sequence[Colour] = (),
    vividness: float = 1.0,
    detail: float = 1.0,
) -> Pixels:
    """A picture (height, width, 3) uint8. What is not chosen the seed chooses.

    `colours` lean the palette; `vividness` scales its saturation, `detail` how much is in the picture
    (1.0 = ordinary). The same arguments always give the same picture, and another size gives
    the same scene at that size.
    """
    rng = np.random.default_rng(seed)
    chosen = family or FAMILIES[int(rng.integers(len(FAMILIES)))]
    if chosen == "night":
        light = "night"
    made = palette(rng, light, colours, vividness)
    stage = _stage(size, rng, made, detail)
    layers = _FAMILIES[chosen](stage)
    return render(size, layers, rng, grain=1.2 + 0.8 * detail)


def subject(
    size: Size,
    seed: int,
    *,
    family: Family | None = None,
    light: Light | None = None,
    colours: Sequence[Colour] = (),
    vividness: float = 1.0,
    detail: float = 1.0,
) -> Pixels:
    """As `scene`, but only the things in it, (height, width, 4): all else has alpha 0.

    That is a person for "portrait", and things of a still life for all other families.
    """
    rng = np.random.default_rng(seed)
    stage = _stage(size, rng, palette(rng, light, colours, vividness), detail)
    shapes, _ = _person(stage) if family == "portrait" else _things(stage)
    shown = render(size, [objects.shown(each) for each in shapes], rng, grain=1.0)
    alpha = render(size, [objects.outlined(shapes)], rng, grain=0.0)[..., :1]
    # colours at the rim were mixed with the black behind them
    share = np.maximum(alpha.astype(np.float32), 1) / 255
    colour = np.clip(shown / share, 0, 255) * (alpha > 0)
    return np.concatenate([colour.astype(np.uint8), alpha], axis=2)


def _stage(size: Size, rng: np.random.Generator, colours: Palette, detail: float) -> _Stage:
    width, height = size
    x = np.asarray((np.arange(width) + 0.5) / height, np.float32)
    return _Stage(rng, colours, size, width / height, x, detail)


def _still_life(stage: _Stage) -> list[Layer]:
    rng, colours = stage.rng, stage.colours
    shapes, feet = _things(stage)
    light = _side(stage)
    layers = [objects.wall(rng, colours, stage.wide, light), objects.table(rng, colours, 0.66)]
    layers += [objects.shadow(at, wide, light) for at, wide in feet]
    return layers + [objects.shown(each) for each in shapes]


def _things(stage: _Stage) -> tuple[list[objects.Shape], list[tuple[tuple[float, float], float]]]:
    """A vessel or two, and fruit around them; and where each stands, with its half width."""
    rng, colours, light = stage.rng, stage.colours, _side(stage)
    inks = [colours.accent, colours.water, colours.lit, colours.top, colours.middle]
    scale = min(1.0, stage.wide)
    middle = stage.wide / 2
    shapes: list[objects.Shape] = []
    feet: list[tuple[tuple[float, float], float]] = []
    kinds = rng.permutation(["vase", "bottle", "jug"])[: 2 if rng.random() < 0.6 else 1]
    start = -0.2 * scale * float(rng.choice([-1, 1]))
    for number, kind in enumerate(kinds):
        tall = scale * rng.uniform(0.5, 0.6) * (1.0 if number == 0 else 0.72)
        at = middle + start * (1 if number == 0 else -0.35), 0.76 + 0.02 * number
        ink = inks[int(rng.integers(len(inks)))]
        shapes.append(objects.vessel(rng, at, tall, str(kind), ink, light))
        feet.append((at, 0.25 * tall))
    fruits = np.linspace(-0.36, 0.36, int(rng.integers(3, 6)))
    fruits = fruits + rng.uniform(-0.06, 0.06, len(fruits))
    warm = [(214, 62, 44), (236, 168, 40), (122, 158, 58), (118, 44, 96), (226, 122, 46)]
    for number, off in enumerate(fruits):
        radius = scale * rng.uniform(0.055, 0.082)
        at = middle + float(off) * scale, 0.82 + 0.05 * (number % 2) + rng.uniform(0, 0.03)
        own = np.array(warm[int(rng.integers(len(warm)))], np.float32)
        ink = mix(own, colours.accent, 0.35)
        shapes += objects.fruit(rng, at, radius, ink, light)
        feet.append((at, radius * 0.95))
    return shapes, feet


def _portrait(stage: _Stage) -> list[Layer]:
    rng, colours, light = stage.rng, stage.colours, _side(stage)
    shapes, _ = _person(stage)
    ground = objects.wall(rng, colours, stage.wide, light)
    disc = land.sun(colours, (stage.wide / 2, 0.46), 0.33 * min(1.0, stage.wide), halo=0.4)
    return [ground, disc, *(objects.shown(each) for each in shapes)]


def _person(stage: _Stage) -> tuple[list[objects.Shape], list[tuple[tuple[float, float], float]]]:
    return objects.person(stage.rng, stage.colours, stage.wide / 2, _side(stage)), []


def _side(stage: _Stage) -> float:
    """Where the light comes from: -1 left, 1 right. Asked for again and again, so not drawn anew."""
    return 1.0 if float(stage.colours.top.sum()) % 2 < 1 else -1.0


def _shapes(stage: _Stage) -> list[Layer]:
    rows = max(2, round((4 if stage.wide < 1.2 else 3) * (0.75 + 0.25 * stage.detail)))
    return [
        objects.tiles(stage.rng, stage.colours, stage.wide, rows + int(stage.rng.integers(0, 2)))
    ]


def _waves(stage: _Stage) -> list[Layer]:
    ground = land.sky(stage.colours, 1.1)
    count = round(11 * stage.detail)
    return [ground, *objects.ribbons(stage.rng, stage.colours, stage.wide, count)]


def _dunes(stage: _Stage) -> list[Layer]:
    rng, colours = stage.rng, stage.colours
    horizon = rng.uniform(0.36, 0.46)
    at = (rng.uniform(0.15, 0.85) * stage.wide, horizon * rng.uniform(0.35, 0.8))
    layers = [land.sky(colours, horizon), *_light_in_the_sky(stage, at, horizon, 0.05)]
    far = land.hills_crest(rng, stage.x, horizon, 0.012, 0.9)
    layers.append(land.ridge(far, mix(colours.haze, colours.shade, 0.25), colours.haze, 0.05))
    for number in range(5):
        near = (number + 1) / 5
        base = horizon + 0.03 + 0.42 * near**1.5
        layers.append(land.dune(rng, stage.x, colours, base, 0.08 + 0.2 * near, near))
    return layers


def _hills(stage: _Stage) -> list[Layer]:
    rng, colours = stage.rng, stage.colours
    horizon = rng.uniform(0.4, 0.55)
    at = (rng.uniform(0.2, 0.8) * stage.wide, horizon * rng.uniform(0.4, 0.85))
    layers = [land.sky(colours, horizon + 0.1), *_light_in_the_sky(stage, at, horizon, 0.055)]
    count = 7
    for number in range(count):
        near = number / (count - 1)
        base = horizon + 0.04 + (0.93 - horizon) * near**1.15
        crest = land.hills_crest(rng, stage.x, base, 0.05 + 0.03 * near, 0.55 + 0.25 * near)
        colour = mix(colours.haze, colours.near, near**1.3)
        if number >= count - 3:
            tall, crowd = 0.045 + 0.11 * (near - 0.6), int(80 * stage.wide * stage.detail)
            layers.append(land.firs(rng, stage.size, crest + 0.006, tall, crowd, colour, colour))
        layers.append(land.ridge(crest, colour, mix(colour, colours.haze, 0.62), 0.2))
    return layers


def _mountains(stage: _Stage) -> list[Layer]:
    rng, colours = stage.rng, stage.colours
    horizon = rng.uniform(0.6, 0.68)
    at = (rng.uniform(0.2, 0.8) * stage.wide, rng.uniform(0.14, 0.3))
    layers = [land.sky(colours, horizon), *_light_in_the_sky(stage, at, horizon, 0.045)]
    for far, height, base in ((0.55, 0.2, 0.44), (0.2, 0.26, 0.53)):
        state = rng.bit_generator.state
        slope = land.peaks_crest(rng, stage.x, base, height, octaves=3)
        rng.bit_generator.state = state
        crest = land.peaks_crest(rng, stage.x, base, height)
        layers.append(land.snowy_peaks(rng, crest, slope, colours, far))
    layers.append(land.mist(colours, horizon, 0.05, 0.6))
    shore = land.hills_crest(rng, stage.x, horizon - 0.005, 0.012, 0.8)
    dark = mix(colours.near, colours.haze, 0.22)
    crowd = int(150 * stage.wide * stage.detail)
    layers.append(land.firs(rng, stage.size, shore + 0.015, 0.08, crowd, dark, dark))
    layers.append(land.ridge(shore, dark, mix(dark, colours.haze, 0.3), 0.1))
    layers.append(land.water(rng, colours, horizon + 0.012, at[0], calm=0.8))
    return layers


def _sea(stage: _Stage) -> list[Layer]:
    rng, colours = stage.rng, stage.colours
    horizon = rng.uniform(0.5, 0.6)
    at = (rng.uniform(0.25, 0.75) * stage.wide, horizon * rng.uniform(0.45, 0.9))
    layers = [land.sky(colours, horizon), *_light_in_the_sky(stage, at, horizon, 0.06)]
    island = land.hills_crest(rng, stage.x, horizon + 0.012, 0.03, 0.6)
    layers.append(land.ridge(island, mix(colours.haze, colours.near, 0.35), colours.haze, 0.06))
    layers.append(land.water(rng, colours, horizon, at[0], calm=rng.uniform(0, 0.5)))
    place = stage.wide * (0.28 if at[0] > stage.wide / 2 else 0.72)
    layers.append(land.boat(colours, (place, horizon + 0.06), 0.13))
    return layers


def _forest(stage: _Stage) -> list[Layer]:
    rng, colours = stage.rng, stage.colours
    at = (rng.uniform(0.3, 0.7) * stage.wide, rng.uniform(0.25, 0.4))
    layers = [land.sky(colours, 0.85), land.sun(colours, at, 0.05, halo=1.3)]
    for number in range(6):
        near = (number + 1) / 6
        ground = land.hills_crest(rng, stage.x, 0.6 + 0.4 * near, 0.025, 0.7)
        colour = mix(colours.haze, colours.near, near**1.25)
        foot = mix(colour, colours.haze, 0.8 * (1 - near) + 0.1)
        crowd = max(4, int(stage.wide * stage.detail * (48 - 40 * near)))
        layers.append(land.firs(rng, stage.size, ground, 0.24 + 0.5 * near, crowd, colour, foot))
        layers.append(land.ridge(ground, foot, mix(foot, colours.haze, 0.3), 0.12))
        layers.append(land.mist(colours, 0.66 + 0.3 * near, 0.07, 0.4 * (1 - near)))
    return layers


def _night(stage: _Stage) -> list[Layer]:
    rng, colours = stage.rng, stage.colours
    horizon = rng.uniform(0.62, 0.72)
    at = (rng.uniform(0.2, 0.8) * stage.wide, rng.uniform(0.16, 0.34))
    layers = [
        land.sky(colours, horizon),
        land.milky_way(rng, colours, stage.wide),
        land.stars(rng, stage.wide, horizon, int(700 * stage.wide * stage.detail)),
        land.moon(rng, colours, at, rng.uniform(0.05, 0.085)),
    ]
    for number in range(3):
        near = (number + 1) / 3
        crest = land.peaks_crest(rng, stage.x, horizon - 0.02 + 0.03 * near, 0.14 - 0.07 * near)
        colour = mix(colours.haze, colours.near, near)
        layers.append(land.ridge(crest, colour, mix(colour, colours.haze, 0.5), 0.16))
    layers.append(land.water(rng, colours, horizon + 0.03, at[0], calm=0.6))
    return layers


def _city(stage: _Stage) -> list[Layer]:
    rng, colours = stage.rng, stage.colours
    horizon = rng.uniform(0.7, 0.78)
    at = (rng.uniform(0.2, 0.8) * stage.wide, horizon * rng.uniform(0.3, 0.6))
    layers = [land.sky(colours, horizon), *_light_in_the_sky(stage, at, horizon, 0.05)]
    lit = {"night": 0.5, "sunset": 0.3, "mist": 0.12, "day": 0.1}[colours.light]
    lamp = mix(colours.accent, colours.sun, 0.5)
    for number in range(3):
        near = number / 2
        body = mix(colours.haze, colours.near, 0.2 + 0.75 * near)
        tall = 0.46 - 0.12 * near
        lamps = mix(body, lamp, 0.35 + 0.65 * near)
        layers.append(land.houses(rng, stage.x, horizon, tall, body, lamps, lit))
        layers.append(land.mist(colours, horizon, 0.09, 0.35 * (1 - near)))
    layers.append(land.water(rng, colours, horizon, at[0], calm=0.7))
    return layers


def _light_in_the_sky(
    stage: _Stage, at: tuple[float, float], horizon: float, radius: float
) -> list[Layer]:
    """Sun and clouds, or moon and stars."""
    rng, colours = stage.rng, stage.colours
    if colours.light == "night":
        count = int(500 * stage.wide * stage.detail)
        return [
            land.stars(rng, stage.wide, horizon, count),
            land.moon(rng, colours, at, radius),
        ]
    amount = rng.uniform(0.1, 1.0)
    return [
        land.sun(colours, at, radius),
        land.cloud_banks(rng, colours, stage.wide, horizon, amount),
    ]


_FAMILIES: dict[Family, Callable[[_Stage], list[Layer]]] = {
    "dunes": _dunes,
    "hills": _hills,
    "mountains": _mountains,
    "sea": _sea,
    "forest": _forest,
    "night": _night,
    "city": _city,
    "still life": _still_life,
    "portrait": _portrait,
    "shapes": _shapes,
    "waves": _waves,
}
