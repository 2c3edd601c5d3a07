"""Layers of outdoor scenes: sky, light, ridges, dunes, water, trees and houses.

Each function makes one layer (see `layers`); `wide` is the picture's width / height.
"""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Size
from .layers import (
    Layer,
    Strip,
    clouds,
    lay,
    line_noise,
    mix,
    rough_tile,
    sampled,
    smooth,
)
from .palettes import Palette

Point = tuple[float, float]


def sky(colours: Palette, horizon: float) -> Layer:
    """From the top's colour to the glow at the horizon."""

    def layer(strip: Strip) -> None:
        down = np.clip(strip.y / horizon, 0, 1)[..., None]
        upper = mix(colours.top, colours.middle, smooth(0.0, 0.75, down))
        strip.pixels[...] = mix(upper, colours.glow, smooth(0.45, 1.02, down))

    return Layer(layer)


def sun(colours: Palette, at: Point, radius: float, halo: float = 1.0) -> Layer:
    """A disc with a halo; the glow's colour far out, its own near by."""

    def layer(strip: Strip) -> None:
        distance = np.hypot(strip.x - at[0], strip.y - at[1])
        wide = np.exp(-distance / (4.5 * radius)) * 0.55 * halo
        lay(strip, wide.astype(np.float32), colours.glow)
        close = np.exp(-np.maximum(0, distance - radius) / (0.9 * radius)) * 0.45 * halo
        edge = smooth(radius * 1.02, radius * 0.98, distance)
        lay(strip, np.maximum(close, edge).astype(np.float32), colours.sun)

    return Layer(layer)


def moon(rng: np.random.Generator, colours: Palette, at: Point, radius: float) -> Layer:
    """A disc with seas, and a halo."""
    seas = clouds(rng, (5, 5), 4, (256, 256))
    glow = sun(colours, at, radius, halo=0.75)

    def layer(strip: Strip) -> None:
        glow.paint(strip)
        if strip.bottom < at[1] - radius or strip.top > at[1] + radius:
            return
        x, y = (strip.x - at[0]) / radius, (strip.y - at[1]) / radius
        inside = smooth(1.0, 0.96, np.hypot(x, y))
        across = np.clip((x + 1) * 127, 0, 255).astype(np.intp)
        down = np.clip((y + 1) * 127, 0, 255).astype(np.intp)
        dark = smooth(0.1, 1.3, seas[down, across]) * 0.22 + 0.1 * smooth(0.4, 1.1, np.hypot(x, y))
        lay(strip, inside * dark, colours.middle)

    return Layer(layer)


def stars(rng: np.random.Generator, wide: float, horizon: float, count: int) -> Layer:
    """Points of several sizes, fewer near the horizon, and a faint band of many."""
    places = np.stack(
        [rng.uniform(0, wide, count), horizon * rng.uniform(0, 1, count) ** 1.4], axis=1
    )
    sizes = 0.0005 + 0.0011 * rng.uniform(0, 1, count) ** 6
    bright = rng.uniform(0.25, 1, count) ** 2
    tints = 255 - rng.uniform(0, 45, (count, 3)) * rng.choice([0, 1], (count, 3))

    def layer(strip: Strip) -> None:
        pixel = strip.pixel
        near = (places[:, 1] > strip.top - 0.01) & (places[:, 1] < strip.bottom + 0.01)
        for (x, y), size, light, tint in zip(
            places[near], sizes[near], bright[near], tints[near], strict=True
        ):
            # a star smaller than a pixel is as much fainter
            drawn = max(size, 0.55 * pixel)
            reach = math.ceil(3 * drawn / pixel)
            column = int(x / pixel)
            columns = slice(max(0, column - reach), column + reach + 1)
            squared = (strip.x[:, columns] - x) ** 2 + (strip.y - y) ** 2
            cover = light * np.exp(-squared / (2 * drawn * drawn)) * min(1.0, 1.6 * size / drawn)
            window = strip.pixels[:, columns]
            window += cover[..., None] * (tint - window)

    return Layer(layer)


def milky_way(rng: np.random.Generator, colours: Palette, wide: float) -> Layer:
    """A soft band of light across the sky."""
    field = clouds(rng, (6, 5), 5)
    slope, start = float(rng.choice([-1, 1])) * rng.uniform(0.5, 0.9), rng.uniform(0.3, 0.7)

    def layer(strip: Strip) -> None:
        x, y = strip.x / wide, strip.y
        off = (y - 0.3 - slope * (x - start)) / 0.16
        cover = np.exp(-off * off) * smooth(-1.2, 2.2, _at(field, x, y)) * 0.55
        lay(strip, cover, mix(colours.glow, colours.sun, 0.35))

    return Layer(layer)


def cloud_banks(
    rng: np.random.Generator, colours: Palette, wide: float, horizon: float, amount: float
) -> Layer:
    """Clouds, flatter towards the horizon, lit from below or above as the palette has it."""
    field = clouds(rng, (3.2 * wide, 9), 6, (900, 600))
    lit, dark = mix(colours.sun, colours.glow, 0.35), mix(colours.middle, colours.haze, 0.5)

    def layer(strip: Strip) -> None:
        if strip.top > horizon:
            return
        x, y = strip.x / wide, strip.y / max(0.05, horizon)
        density = _at(field, x, y**1.5 * 0.98)
        lower = _at(field, x, np.clip(y + 0.035, 0, 1) ** 1.5 * 0.98)
        fade = smooth(1.0, 0.8, y) * smooth(-0.1, 0.3, y)
        cover = smooth(0.9 - amount, 2.3 - amount, density) * fade * 0.85
        shine = smooth(-0.5, 0.7, density - lower)[..., None]
        lay(strip, cover, mix(dark, lit, 0.35 + 0.65 * shine))

    return Layer(layer)


def ridge(crest: Floats, colour: Floats, foot: Floats, depth: float) -> Layer:
    """Everything below a crest (y for each column): `colour` there, `foot` at `depth` below."""

    def layer(strip: Strip) -> None:
        if strip.bottom < float(crest.min()):
            return
        below = strip.y - crest[None, :]
        cover = np.clip(below / strip.pixel + 0.5, 0, 1)
        lay(strip, cover, mix(colour, foot, smooth(0.0, depth, below)[..., None]))

    return Layer(layer, float(crest.max()) + 0.01)


def hills_crest(
    rng: np.random.Generator, x: Floats, base: float, height: float, frequency: float
) -> Floats:
    return np.asarray(base - height * line_noise(rng, x, frequency, 6, 0.46), np.float32)


def peaks_crest(
    rng: np.random.Generator, x: Floats, base: float, height: float, octaves: int = 7
) -> Floats:
    """Jagged: the folded noise of Musgrave's ridged terrain."""
    total = np.zeros(x.shape, np.float32)
    for octave in range(octaves):
        wave = line_noise(rng, x, 0.42 * 1.95**octave, 1)
        total += (1 - 2 * np.abs(wave)) * 0.45**octave
    return np.asarray(base - height * total / 1.5, np.float32)


def firs(
    rng: np.random.Generator,
    size: Size,
    ground: Floats,
    height: float,
    count: int,
    colour: Floats,
    foot: Floats,
) -> Layer:
    """Firs on the ground; `colour` fades to `foot` at the ground's mean height."""
    drawn = np.zeros((size[1], size[0]), np.uint8)
    for _ in range(count):
        column = int(rng.integers(size[0]))
        start = np.array([column, float(ground[column]) * size[1]])
        outline = _fir(rng) * height * rng.uniform(0.5, 1.0) * size[1] + start
        cv2.fillPoly(drawn, [np.rint(outline * 16).astype(np.int32)], (255,), cv2.LINE_AA, 4)
    upper, lower = float(ground.mean()) - 0.7 * height, float(ground.mean())

    def layer(strip: Strip) -> None:
        cover = drawn[strip.rows] * np.float32(1 / 255)
        lay(strip, cover, mix(colour, foot, smooth(upper, lower, strip.y)[..., None]))

    return Layer(layer)


def _fir(rng: np.random.Generator) -> NDArray[np.floating[Any]]:
    """The outline of a fir one unit tall, its foot at (0, 0)."""
    tiers, half = int(rng.integers(9, 15)), rng.uniform(0.15, 0.22)
    sides = []
    for sign in (1, -1):
        down = (np.arange(1, tiers + 1) + rng.uniform(-0.25, 0.25, tiers)) / (tiers + 0.25)
        reach = half * down**0.9 * rng.uniform(0.8, 1.1, tiers)
        tips = np.stack([sign * reach, down - 1], axis=1)
        inner = np.stack([sign * 0.5 * reach, down - 1 - 0.35 / tiers], axis=1)
        sides.append(np.stack([tips, inner], axis=1).reshape(-1, 2))
    return np.concatenate([[[0.0, -1.0]], sides[0], [[0.0, 0.0]], sides[1][::-1]])


def snowy_peaks(
    rng: np.random.Generator, crest: Floats, slope: Floats, colours: Palette, far: float
) -> Layer:
    """Rock and snow below a crest, with faces in the light and in the shadow.

    `slope` is the crest without its teeth: snow lies by it. `far` (0 to 1) is how much haze.
    """
    tile = rough_tile(rng, (4, 8, 16, 32, 64, 128))
    rock = mix(colours.shade, colours.near, 0.45)
    sunny = mix(rock, colours.lit, 0.45)
    snow, blue = mix(colours.sun, colours.glow, 0.25), mix(colours.top, colours.haze, 0.45)
    side = float(rng.choice([-1.0, 1.0]))

    def layer(whole: Strip) -> None:
        strip, columns = whole.within(crest < whole.bottom)
        if not strip.x.size:
            return
        cover = np.clip((strip.y - crest[None, columns]) / whole.pixel + 0.5, 0, 1)
        lower = strip.y - slope[None, columns]
        folds = sampled(
            tile, strip.x * 1.1 + side * 0.9 * strip.y, strip.y * 0.9 - side * strip.x * 0.3
        )
        facets = smooth(-0.2, 0.2, folds)
        white = smooth(0.2, 0.1, lower - 0.05 * folds)
        light = mix(rock * 0.72, sunny, facets[..., None])
        cold = mix(blue, snow, facets[..., None])
        fog = np.clip(far + smooth(0.05, 0.42, lower) * 0.7, 0, 1)[..., None]
        lay(strip, cover, mix(mix(light, cold, white[..., None]), colours.haze, fog))

    return Layer(layer, float(crest.max()) + 0.01)


def dune(
    rng: np.random.Generator, x: Floats, colours: Palette, base: float, height: float, near: float
) -> Layer:
    """A dune with one or two sharp crests: one side in the light, the other in the shadow."""
    wide = float(x[-1]) if x.size > 1 else 1.0
    line = line_noise(rng, x, 0.35, 2)
    crest = base - 0.25 * height * line
    edges: list[tuple[float, float, float]] = []
    for _ in range(int(rng.integers(1, 3 if near < 0.8 else 2))):
        at = rng.uniform(0.05, 0.95) * wide
        left, right = rng.uniform(0.5, 0.95), rng.uniform(0.35, 0.7)
        off = x - at
        side = np.where(off < 0, -off / left, off / right)
        lift = height * rng.uniform(0.6, 1.0)
        crest = np.minimum(crest, base - lift * (1 - smooth(0, 1, side)) * np.exp(-0.9 * side))
        edges.append((at, rng.uniform(0.25, 0.6), rng.uniform(0, 6.28)))
    crest = crest.astype(np.float32)
    lit = mix(colours.haze, colours.lit, 0.35 + 0.65 * near)
    dark = mix(colours.haze, colours.shade, 0.25 + 0.75 * near)
    ripples = rough_tile(rng, (32, 64, 128))

    def layer(whole: Strip) -> None:
        strip, columns = whole.within(crest < whole.bottom)
        if not strip.x.size:
            return
        off = strip.y - crest[None, columns]
        below = np.maximum(off, 0)
        cover = np.clip(off / whole.pixel + 0.5, 0, 1)
        shadow = np.zeros(cover.shape, np.float32)
        for at, lean, phase in edges:
            wave = 0.05 * np.sin(7 * below + phase) - 0.05 * math.sin(phase)
            past = strip.x - (at - lean * below + wave)
            face = smooth(0, 0.004 + 0.03 * below, past) * np.exp(-np.maximum(past, 0) / 0.34)
            shadow = np.maximum(shadow, face)
        slow = 0.35 * smooth(0.0, 0.5, below)
        wind = np.sin(
            150 * (below + 0.12 * strip.x) / (0.6 + near)
            + 3 * sampled(ripples, strip.x * 0.35, below * 0.8)
        )
        grainy = 0.03 * near * wind * (1 - 0.7 * shadow)
        tone = np.clip(shadow * 0.92 + slow * (1 - shadow) + grainy, 0, 1)
        lay(strip, cover, mix(lit, dark, tone[..., None]))

    return Layer(layer, float(crest.max()) + 0.01)


def water(
    rng: np.random.Generator, colours: Palette, horizon: float, shine_at: float, calm: float
) -> Layer:
    """Water from the horizon down, with waves in perspective and the light's path at `shine_at`."""
    tile = rough_tile(rng)
    far, deep = mix(colours.glow, colours.water, 0.45), mix(colours.water, colours.near, 0.55)

    def layer(strip: Strip) -> None:
        if strip.bottom <= horizon:
            return
        down = np.maximum(strip.y - horizon, 1e-4)
        cover = np.broadcast_to(
            np.clip((strip.y - horizon) / strip.pixel + 0.5, 0, 1),
            (strip.y.shape[0], strip.x.shape[1]),
        ).astype(np.float32)
        distance = 0.16 / (down + 0.012)
        across = (strip.x - shine_at) * (0.25 + 0.22 * distance)
        waves = sampled(tile, across * 0.55 + 0.2, distance * 1.15)
        share = smooth(0.0, 1 - horizon, down)
        base = mix(far, deep, np.broadcast_to(share, waves.shape)[..., None] ** 0.8)
        tone = waves * (0.34 - 0.2 * calm) * smooth(0, 0.1, down)
        base = mix(base, colours.haze, np.clip(tone, 0, 0.5)[..., None])
        base = mix(base, colours.near, np.clip(-tone, 0, 0.5)[..., None])
        path = np.exp(-(((strip.x - shine_at) / (0.03 + 0.28 * down)) ** 2))
        glint = path * smooth(0.15, 1.1, waves + 1.15 * path - 0.45) * (1 - 0.35 * share)
        base = mix(base, mix(colours.sun, colours.glow, 0.3), np.clip(glint, 0, 0.95)[..., None])
        lay(strip, cover, base)

    return Layer(layer, horizon + 0.01)


def mist(colours: Palette, at: float, depth: float, amount: float) -> Layer:
    """A bank of mist lying at a height."""

    def layer(strip: Strip) -> None:
        if abs(strip.top - at) > 4 * depth and abs(strip.bottom - at) > 4 * depth:
            return
        cover = amount * np.exp(-(((strip.y - at) / depth) ** 2))
        lay(strip, np.asarray(cover, np.float32), colours.haze)

    return Layer(layer)


def boat(colours: Palette, at: Point, height: float) -> Layer:
    """A small boat with two sails."""

    def layer(strip: Strip) -> None:
        if strip.bottom < at[1] - 1.1 * height or strip.top > at[1] + 0.2 * height:
            return
        x, y, pixel = (strip.x - at[0]) / height, (strip.y - at[1]) / height, strip.pixel / height
        up = -y
        sail = _inside(pixel, x - 0.02, 0.02 + 0.42 * (1 - up) - x, up - 0.08, 1.0 - up)
        jib = _inside(pixel, -0.01 - x, x + 0.01 + 0.3 * (0.86 - up), up - 0.1, 0.86 - up)
        hull = _inside(
            pixel, x + 0.4 - 0.5 * (0.06 - up), 0.5 - 0.7 * (0.06 - up) - x, 0.06 - up, up + 0.09
        )
        lay(strip, sail, mix(colours.sun, colours.glow, 0.2))
        lay(strip, jib, mix(colours.accent, colours.glow, 0.25))
        lay(strip, hull, colours.near)

    return Layer(layer)


def houses(
    rng: np.random.Generator,
    x: Floats,
    base: float,
    height: float,
    body: Floats,
    lamp: Floats,
    share: float,
) -> Layer:
    """A row of towers on a line, with windows of which a `share` is lit."""
    crest = np.full(x.shape, base, np.float32)
    ids = np.zeros(x.shape, np.intp)
    inner = np.zeros(x.shape, np.float32)
    left, number = float(x[0]) - 0.05, 0
    while left < float(x[-1]) + 0.05:
        wide = rng.uniform(0.035, 0.085)
        columns = (x >= left) & (x < left + wide)
        tall = (
            height
            * rng.uniform(0.3, 1.0)
            * (0.75 + 0.5 * math.exp(-((left / max(0.1, float(x[-1])) - 0.5) ** 2) * 9))
        )
        crest[columns] = base - tall
        if rng.random() < 0.3:
            roof = np.abs(x - left - wide / 2) < wide * rng.uniform(0.12, 0.3)
            crest[columns & roof] -= tall * rng.uniform(0.05, 0.16)
        if rng.random() < 0.18:
            crest[np.abs(x - left - wide / 2) < 0.0016] = base - tall * 1.3
        ids[columns], inner[columns] = number, ((x - left) / wide)[columns]
        left += wide * rng.uniform(0.92, 1.12)
        number += 1
    columns_of = rng.integers(3, 7, number + 1)
    lit = rng.random((number + 1, 64, 8)) < share
    warm = rng.uniform(0.55, 1.0, (number + 1, 64, 8)).astype(np.float32)

    def layer(strip: Strip) -> None:
        if strip.bottom < float(crest.min()) or strip.top > base:
            return
        below = strip.y - crest[None, :]
        cover = np.clip(below / strip.pixel + 0.5, 0, 1) * (strip.y < base)
        shade = 1 - 0.25 * np.clip(inner, 0, 1)[None, :, None]
        lay(strip, cover.astype(np.float32), body * shade)
        down, across = below / 0.0125, inner[None, :] * columns_of[ids][None, :]
        storey, window = down.astype(np.intp) % 64, (across.astype(np.intp) % 8)
        which = (
            np.broadcast_to(ids[None, :], below.shape),
            storey,
            np.broadcast_to(window, below.shape),
        )
        pane = (down % 1 > 0.3) & (down % 1 < 0.78) & (across % 1 > 0.24) & (across % 1 < 0.76)
        on = (pane & (below > 0.012) & lit[which]) * warm[which] * (strip.y < base)
        lay(strip, on.astype(np.float32), lamp)

    return Layer(layer)


def _at(field: Floats, x: Floats, y: Floats) -> Floats:
    """A field stretched over the picture, read at shares of its sides."""
    height, width = field.shape
    across, down = np.clip(x, 0, 1) * (width - 1), np.clip(y, 0, 1) * (height - 1)
    left, top = np.floor(across).astype(np.intp), np.floor(down).astype(np.intp)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    over, under = across - left, down - top
    if x.shape[0] == 1 and y.shape[1] == 1:  # a grid: rows first, then columns
        rows = field[top[:, 0]] * (1 - under) + field[bottom[:, 0]] * under
        return np.asarray(rows[:, left[0]] * (1 - over) + rows[:, right[0]] * over, np.float32)
    upper = field[top, left] * (1 - over) + field[top, right] * over
    lower = field[bottom, left] * (1 - over) + field[bottom, right] * over
    return np.asarray(upper * (1 - under) + lower * under, np.float32)


def _inside(pixel: float, *distances: Floats) -> Floats:
    """Covered where all distances to the edges are positive, with soft edges."""
    shape = np.broadcast_shapes(*(distance.shape for distance in distances))
    cover = np.ones(shape, np.float32)
    for distance in distances:
        cover *= np.clip(distance / pixel + 0.5, 0, 1)
    return cover
