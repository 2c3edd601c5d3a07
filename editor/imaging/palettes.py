"""Colours that go together, for painted scenes."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import cv2
import numpy as np

from .arrays import Floats

Colour = tuple[int, int, int]
"""red, green, blue, 0 to 255."""

Light = Literal["day", "sunset", "night", "mist"]


@dataclass(frozen=True)
class Palette:
    """Colours by their part in a scene, each (3,) float32, 0 to 255."""

    top: Floats  # of the sky
    middle: Floats
    glow: Floats  # at the horizon
    sun: Floats  # or moon
    haze: Floats  # what is far away
    near: Floats  # what is close
    water: Floats
    lit: Floats  # sand and stone in the light
    shade: Floats  # … and in the shadow
    accent: Floats
    light: Light


_TABLE: dict[Light, tuple[str, ...]] = {
    # top, middle, glow, sun, haze, near, water, lit, shade, accent
    "day": (
        "2c6fae 86b8dc f4ecd8 fffaea c3d8e2 1f4a3d 246a86 e8c48c 9a6a45 d9583b",
        "3b8698 a9d3cf fdeccb fff8e0 cfe0d6 2b5240 2f7f86 ecd0a0 98714f e2a13a",
        "4a73b8 a7bfe6 f9e6dc fffaf0 ccd3e6 34446a 3d62a0 ead2b4 8d7069 d8694f",
    ),
    "sunset": (
        "2c2d63 b0507f ffb36b fff2cb f2946f 22152f 4b3a70 f3a463 6b2f3f ffd27a",
        "3a5183 e58a7c ffdc9c fff6d8 f0b08c 2b2440 54688f f0b070 7a3f45 e8543f",
        "51306a d9577a ff9f70 ffe9c0 e87f7c 2a1030 5f3a74 ef9a6a 64294a ffc65c",
    ),
    "night": (
        "050a1e 12244f 33528c f5f2e0 2a416f 04070f 0d1a38 7788b8 182040 f2c66d",
        "0a0922 2b1d55 6b4c90 f4eaf2 3d2d68 07050f 1a1338 8c7fb4 231a45 f59a76",
        "04131c 0d3344 2f7474 f0f5e4 205458 02090c 0a2a36 7aa0a0 12303a ffd58a",
    ),
    "mist": (
        "8ea4b8 c3ccd2 f3e6d8 fffaf2 d7dcdd 33434c 7f97a4 ddcdb6 8f8478 c4694b",
        "7d9a94 bccdc4 f5ecd7 fffbee d3dcd2 2c4640 6f918c dccfb0 85836c d39a4a",
        "9a93ab cbc4d0 f6e3dc fffaf5 dcd5dc 413d55 8a86a2 dec9bd 8c7a84 c65f6a",
    ),
}


def palette(
    rng: np.random.Generator,
    light: Light | None,
    colours: Sequence[Colour] = (),
    vividness: float = 1.0,
) -> Palette:
    """One of a light's palettes, leaning towards the wanted colours; without a light, of any."""
    lights: list[Light] = ["day", "sunset", "night", "mist"]
    chosen = light or lights[int(rng.choice(4, p=(0.35, 0.35, 0.12, 0.18)))]
    rows = _TABLE[chosen]
    values = rows[int(rng.integers(len(rows)))].split()
    parts: dict[str, Any] = {
        name: _colour(value) for name, value in zip(_PARTS, values, strict=True)
    }
    made = Palette(**parts, light=chosen)
    leaning = _leaning(made, colours) if colours else _turned(made, float(rng.uniform(-0.12, 0.12)))
    return _with_vividness(leaning, vividness)


def _colour(value: str) -> Floats:
    return np.array([int(value[at : at + 2], 16) for at in (0, 2, 4)], np.float32)


def _leaning(made: Palette, colours: Sequence[Colour]) -> Palette:
    """Every part keeps its lightness; the first colour rules, the last one has light and accent."""
    first, last = _lab(np.array(colours[0], np.float32)), _lab(np.array(colours[-1], np.float32))
    changed: dict[str, Any] = {}
    for name in _PARTS:
        wanted = last if name in ("glow", "accent", "lit") else first
        lab = _lab(getattr(made, name))
        strength = float(
            np.clip(np.hypot(lab[1], lab[2]) / max(8.0, np.hypot(*wanted[1:])), 0.35, 1)
        )
        share = 0.35 if name in ("sun", "glow") and len(colours) == 1 else 0.8
        lab[1:] += share * (wanted[1:] * strength - lab[1:])
        if name == "accent":
            lab = wanted
        changed[name] = _rgb(lab)
    return replace(made, **changed)


def _turned(made: Palette, angle: float) -> Palette:
    """All hues turned by an angle (radians): no two pictures have quite the same colours."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    changed: dict[str, Any] = {}
    for name in _PARTS:
        lab = _lab(getattr(made, name))
        lab[1:] = turn @ lab[1:]
        changed[name] = _rgb(lab)
    return replace(made, **changed)


def _with_vividness(made: Palette, vividness: float) -> Palette:
    changed: dict[str, Any] = {}
    for name in _PARTS:
        lab = _lab(getattr(made, name))
        lab[1:] *= vividness
        changed[name] = _rgb(lab)
    return replace(made, **changed)


_PARTS = tuple(field.name for field in fields(Palette) if field.name != "light")


def _lab(colour: Floats) -> Floats:
    scaled = np.asarray(colour, np.float32).reshape(1, 1, 3) / np.float32(255)
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2Lab), np.float32)[0, 0].copy()


def _rgb(lab: Floats) -> Floats:
    scaled = cv2.cvtColor(np.asarray(lab, np.float32).reshape(1, 1, 3), cv2.COLOR_Lab2RGB)
    return np.clip(np.asarray(scaled, np.float32)[0, 0] * 255, 0, 255, dtype=np.float32)
