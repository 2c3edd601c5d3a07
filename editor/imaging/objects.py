"""Layers of indoor things and of flat shapes: still lives, a portrait, a pattern.

Things stand in a list of `Shape`, so that they can be painted with or without a ground.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .arrays import Floats
from .layers import Layer, Strip, Values, clouds, lay, line_noise, mix, rough_tile, sampled, smooth
from .palettes import Palette

Place = tuple[float, float]

Cover = Callable[[Values, Values, float], Values]
"""x, y and the side of a pixel -> 0 to 1."""

Tone = Callable[[Values, Values], Values]
"""x and y -> colours (…, 3)."""


@dataclass(frozen=True)
class Shape:
    """Something with an outline. `box` (left, top, right, bottom) holds all of it."""

    box: tuple[float, float, float, float]
    cover: Cover
    tone: Tone


def shown(shape: Shape) -> Layer:
    """A shape as a layer."""

    def layer(strip: Strip) -> None:
        part = _near(strip, shape.box)
        if part is not None:
            cover = shape.cover(part.x, part.y, strip.pixel)
            lay(part, cover, shape.tone(part.x, part.y))

    return Layer(layer)


def outlined(shapes: list[Shape]) -> Layer:
    """White where any of the shapes is: from this their transparency is taken."""

    def layer(strip: Strip) -> None:
        for shape in shapes:
            part = _near(strip, shape.box)
            if part is not None:
                cover = shape.cover(part.x, part.y, strip.pixel)
                lay(part, cover, np.full(3, 255, np.float32))

    return Layer(layer)


def wall(rng: np.random.Generator, colours: Palette, wide: float, light: float) -> Layer:
    """A plastered wall with light from one side (`light` -1 left to 1 right)."""
    base = mix(colours.haze, colours.middle, 0.45)
    dark = mix(base, colours.near, 0.72)
    plaster = clouds(rng, (4 * wide, 4), 6, (800, 600))

    def layer(strip: Strip) -> None:
        x, y = strip.x / wide - 0.5, strip.y - 0.35
        far = np.hypot(x - 0.42 * light, 0.8 * y)
        shade = smooth(0.0, 0.95, far)
        height, width = plaster.shape
        rows = np.clip(strip.y[:, 0] * height, 0, height - 1).astype(np.intp)
        columns = np.clip(strip.x[0] / wide * width, 0, width - 1).astype(np.intp)
        texture = 0.035 * plaster[rows][:, columns]
        lay(
            strip,
            np.ones(1, np.float32),
            mix(base, dark, np.clip(shade + texture, 0, 1)[..., None]),
        )

    return Layer(layer, 0.0)


def table(rng: np.random.Generator, colours: Palette, edge: float) -> Layer:
    """A wooden table from `edge` down, grain along it."""
    tile = rough_tile(rng, (8, 16, 32, 64))
    warm = mix(colours.lit, colours.shade, 0.4)
    dark = mix(colours.shade, colours.near, 0.6)

    def layer(strip: Strip) -> None:
        if strip.bottom < edge:
            return
        down = strip.y - edge
        cover = np.clip(down / strip.pixel + 0.5, 0, 1)
        scale = 1 / (0.35 + down)
        grain = sampled(tile, strip.x * 0.16 * scale, strip.y * 2.6 * scale)
        fine = sampled(tile, strip.x * 0.3 * scale + 0.5, strip.y * 9 * scale)
        tone = 0.42 - 0.3 * smooth(0, 0.45, down) + 0.1 * grain + 0.05 * fine
        tone = tone + 0.35 * smooth(0.012, 0.0, down)
        lay(
            strip,
            np.broadcast_to(cover, tone.shape),
            mix(warm, dark, np.clip(tone, 0, 1)[..., None]),
        )

    return Layer(layer, edge + 0.01)


def shadow(at: Place, wide: float, light: float, amount: float = 0.55) -> Layer:
    """What a thing standing at `at` throws on the table, away from the light."""

    def layer(strip: Strip) -> None:
        part = _near(strip, (at[0] - 4 * wide, at[1] - wide, at[0] + 4 * wide, at[1] + wide))
        if part is None:
            return
        x, y = (part.x - at[0] + 0.75 * wide * light) / wide, (part.y - at[1]) / (0.24 * wide)
        soft = np.exp(-0.9 * (x * x / 1.9 + y * y))
        contact = np.exp(-(((part.x - at[0]) / (0.8 * wide)) ** 2 + (y / 0.45) ** 2) * 1.2)
        lay(
            part,
            np.clip(amount * soft + 0.5 * contact, 0, 0.85),
            np.array((14, 10, 12), np.float32),
        )

    return Layer(layer)


def fruit(
    rng: np.random.Generator, at: Place, radius: float, colour: Floats, light: float
) -> list[Shape]:
    """A round fruit standing at `at` (its foot), with a highlight and a stalk."""
    middle = at[0], at[1] - radius * 0.93
    dark = colour * 0.22
    mottled = rough_tile(rng, (8, 16, 32))

    def cover(x: Values, y: Values, pixel: float) -> Values:
        distance = np.hypot(x - middle[0], (y - middle[1]) * 1.06)
        return np.clip((radius - distance) / pixel + 0.5, 0, 1)

    def tone(x: Values, y: Values) -> Values:
        across, down = (x - middle[0]) / radius, (y - middle[1]) / radius
        up = np.sqrt(np.clip(1 - across**2 - down**2, 0, 1))
        lit = 0.55 * light * across - 0.55 * down + 0.63 * up
        spots = 0.05 * sampled(mottled, x * 3 + 0.3, y * 3)
        body = mix(dark, colour, smooth(-0.55, 0.85, lit + spots)[..., None])
        gleam = np.exp(-((across - 0.42 * light) ** 2 + (down + 0.42) ** 2) / 0.035)
        body = mix(body, np.full(3, 255, np.float32), 0.6 * gleam[..., None])
        bounce = smooth(0.2, 1.0, down) * smooth(0.6, 1.0, np.hypot(across, down))
        return mix(body, colour * 0.75, 0.4 * bounce[..., None])

    box = (middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius)
    return [Shape(box, cover, tone), _stalk(middle, radius)]


def _stalk(middle: Place, radius: float) -> Shape:
    top = middle[1] - radius * 0.93

    def cover(x: Values, y: Values, pixel: float) -> Values:
        up = (top + 0.06 * radius - y) / (0.36 * radius)
        off = np.abs(x - middle[0] - 0.12 * radius * up * up) - 0.035 * radius * (1 + 0.6 * up)
        inside = np.minimum(up, 1 - up) * 0.36 * radius
        return np.clip(-off / pixel + 0.5, 0, 1) * np.clip(inside / pixel + 0.5, 0, 1)

    box = (
        middle[0] - 0.3 * radius,
        top - 0.4 * radius,
        middle[0] + 0.3 * radius,
        top + 0.1 * radius,
    )
    return Shape(box, cover, lambda x, y: np.array((58, 40, 26), np.float32))


def vessel(
    rng: np.random.Generator, at: Place, height: float, kind: str, colour: Floats, light: float
) -> Shape:
    """A turned vessel standing at `at`: "vase", "bottle", "jug" or "bowl"."""
    outline = _profile(kind, rng) * height
    top = at[1] - height
    band = rng.uniform(0.5, 0.72)
    glaze = clouds(rng, (5, 5), 5, (256, 256))
    second = (
        mix(colour, np.array((240, 232, 214), np.float32), 0.75) if rng.random() < 0.6 else colour
    )

    def half(y: Values) -> Values:
        return np.interp((y - top) / height, np.linspace(0, 1, len(outline)), outline)

    def cover(x: Values, y: Values, pixel: float) -> Values:
        wide = half(y)
        curve = 0.1 * wide * np.sqrt(np.clip(1 - ((x - at[0]) / np.maximum(wide, 1e-6)) ** 2, 0, 1))
        rim = np.minimum(y - top + 0.5 * curve, at[1] + curve * 0.8 - y)
        off = wide - np.abs(x - at[0])
        return np.clip(off / pixel + 0.5, 0, 1) * np.clip(rim / pixel + 0.5, 0, 1)

    def tone(x: Values, y: Values) -> Values:
        share = (y - top) / height
        across = np.clip((x - at[0]) / np.maximum(half(y), 1e-6), -1, 1)
        turned = np.arcsin(across)
        lit = np.cos(turned - 0.75 * light)
        rows = np.clip(share * 255, 0, 255).astype(np.intp)
        columns = np.clip((turned / math.pi + 0.5) * 255, 0, 255).astype(np.intp)
        mottled = 0.07 * glaze[rows, columns]
        edge = band + 0.018 * np.sin(turned * 7) + 0.01 * np.sin(turned * 17 + 1)
        own = mix(second, colour, smooth(edge - 0.012, edge + 0.012, share)[..., None])
        body = mix(own * 0.13, own, smooth(-0.75, 0.95, lit + mottled)[..., None])
        gleam = np.exp(-(((across - 0.5 * light) / 0.09) ** 2)) * smooth(0.12, 0.3, share)
        gleam = gleam * smooth(0.9, 0.5, share)
        return mix(body, np.full(3, 255, np.float32), 0.5 * gleam[..., None])

    wide = float(outline.max())
    return Shape((at[0] - wide, top - 0.02, at[0] + wide, at[1] + 0.15 * wide), cover, tone)


_PROFILES = {  # half widths from the rim to the foot, in heights
    "vase": (0.13, 0.105, 0.1, 0.13, 0.21, 0.27, 0.285, 0.265, 0.22, 0.165, 0.13),
    "bottle": (0.07, 0.06, 0.06, 0.062, 0.075, 0.13, 0.18, 0.19, 0.19, 0.187, 0.17),
    "jug": (0.17, 0.15, 0.16, 0.2, 0.25, 0.285, 0.3, 0.295, 0.27, 0.23, 0.18),
    "bowl": (0.98, 0.97, 0.94, 0.89, 0.82, 0.73, 0.62, 0.5, 0.39, 0.33, 0.34),
}


def _profile(kind: str, rng: np.random.Generator) -> Floats:
    points = np.array(_PROFILES[kind]) * rng.uniform(0.92, 1.1)
    known, wanted = np.linspace(0, 1, len(points)), np.linspace(0, 1, 160)
    line = np.interp(wanted, known, points)
    padded = np.pad(line, 9, mode="edge")
    return np.asarray(np.convolve(padded, np.full(19, 1 / 19), mode="valid"), np.float32)


def tiles(rng: np.random.Generator, colours: Palette, wide: float, rows: int) -> Layer:
    """A pattern of quarter circles, discs, bars and triangles in the colours of the palette."""
    inks = [colours.near, colours.water, colours.middle, colours.accent, colours.glow, colours.lit]
    inks += [mix(colours.haze, colours.sun, 0.4), colours.shade]
    columns = max(1, round(wide * rows))
    kinds = rng.integers(0, 9, (rows, columns))
    turns = rng.integers(0, 4, (rows, columns))
    shades = np.stack([rng.permutation(len(inks))[:3] for _ in range(rows * columns)])
    paper = rough_tile(rng, (64, 128))

    def layer(strip: Strip) -> None:
        for row in range(int(strip.top * rows), min(rows - 1, int(strip.bottom * rows)) + 1):
            for column in range(columns):
                left, top = column * wide / columns, row / rows
                part = _near(strip, (left, top, left + wide / columns, top + 1 / rows))
                if part is None:
                    continue
                ink = [inks[each] for each in shades[row * columns + column]]
                _tile(
                    part, int(kinds[row, column]), int(turns[row, column]), ink, (left, top), rows
                )
        strip.pixels[...] += 2.2 * sampled(paper, strip.x * 0.8, strip.y * 0.8)[..., None]

    return Layer(layer, 0.0)


def _tile(part: Strip, kind: int, turn: int, ink: list[Floats], corner: Place, rows: int) -> None:
    pixel = part.pixel * rows
    u, v = (part.x - corner[0]) * rows, (part.y - corner[1]) * rows
    u, v = [(u, v), (v, 1 - u), (1 - u, 1 - v), (1 - v, u)][turn]
    part.pixels[...] = ink[0]

    def inside(distance: Values) -> Values:
        return np.clip(distance / pixel + 0.5, 0, 1)

    match kind:
        case 0:
            lay(part, inside(1 - np.hypot(u, v)), ink[1])
        case 1:
            lay(part, inside(1 - np.hypot(u, v)), ink[1])
            lay(part, inside(0.5 - np.hypot(u, v)), ink[2])
        case 2:
            lay(part, inside(0.38 - np.hypot(u - 0.5, v - 0.5)), ink[1])
        case 3:
            lay(part, inside(u - v), ink[1])
        case 4:
            lay(part, inside(0.5 - np.hypot(u - 0.5, v)), ink[1])
            lay(part, inside(0.5 - np.hypot(u - 0.5, v - 1)), ink[2])
        case 5:
            lay(part, inside(0.125 - np.abs(u % 0.5 - 0.25)) + 0 * v, ink[1])
        case 6:
            for radius, colour in ((1.0, ink[1]), (0.75, ink[0]), (0.5, ink[2]), (0.25, ink[0])):
                lay(part, inside(radius - np.hypot(u, v)), colour)
        case 7:
            lay(part, inside(0.44 - np.hypot(u - 0.5, v - 0.5)), ink[1])
            lay(part, inside(0.44 - np.hypot(u - 0.5, v - 0.5)) * inside(u - 0.5), ink[2])
        case _:
            lay(part, inside(np.minimum(1 - np.hypot(u, v), 1 - np.hypot(1 - u, 1 - v))), ink[1])


def person(rng: np.random.Generator, colours: Palette, middle: float, light: float) -> list[Shape]:
    """Head and shoulders, without a face, as on a poster."""
    skin = np.array(
        [(236, 188, 150), (198, 142, 102), (141, 92, 62), (94, 60, 42)][int(rng.integers(4))],
        np.float32,
    )
    hair = np.array(
        [(32, 24, 26), (74, 44, 30), (150, 96, 48), (188, 182, 176)][int(rng.integers(4))],
        np.float32,
    )
    coat, long_hair = mix(colours.accent, colours.water, float(rng.random())), rng.random() < 0.5
    neck = _ellipse((middle, 0.66), (0.075, 0.15), skin * 0.86, light)
    body = _ellipse((middle, 1.16), (0.36, 0.44), coat, light, power=2.6)
    collar = _ellipse((middle, 0.735), (0.098, 0.055), skin * 0.9, light)
    head = _ellipse((middle, 0.44), (0.135, 0.19), skin, light, power=2.25)
    shift = float(rng.uniform(-0.03, 0.03))
    cap = _ellipse((middle + shift, 0.33), (0.158, 0.125), hair, light, power=2.3)
    back = _ellipse(
        (middle, 0.5 if long_hair else 0.4), (0.19, 0.3 if long_hair else 0.18), hair * 0.8, light
    )
    return [back, neck, body, collar, head, cap]


def _ellipse(
    middle: Place, radii: tuple[float, float], colour: Floats, light: float, power: float = 2.0
) -> Shape:
    """A (super)ellipse with a lit and a shaded half."""

    def reach(x: Values, y: Values) -> Values:
        across, down = np.abs(x - middle[0]) / radii[0], np.abs(y - middle[1]) / radii[1]
        return (across**power + down**power) ** (1 / power)

    def cover(x: Values, y: Values, pixel: float) -> Values:
        return np.clip((1 - reach(x, y)) * min(radii) / pixel + 0.5, 0, 1)

    def tone(x: Values, y: Values) -> Values:
        across = (x - middle[0]) / radii[0] * light - 0.35 * (y - middle[1]) / radii[1]
        return mix(colour * 0.66, colour, smooth(-0.5, 0.35, across)[..., None])

    box = middle[0] - radii[0], middle[1] - radii[1], middle[0] + radii[0], middle[1] + radii[1]
    return Shape(box, cover, tone)


def ribbons(rng: np.random.Generator, colours: Palette, wide: float, count: int) -> list[Layer]:
    """Broad translucent waves lying over each other."""
    inks = [colours.top, colours.water, colours.middle, colours.accent, colours.glow, colours.lit]
    return [
        _ribbon(rng, inks[int(rng.integers(len(inks)))], wide, (number + 0.5) / count)
        for number in range(count)
    ]


def _ribbon(rng: np.random.Generator, ink: Floats, wide: float, at: float) -> Layer:
    x = np.linspace(0, wide, 2000, dtype=np.float32)
    upper = at - 0.06 + 0.2 * line_noise(rng, x, 0.5 / wide, 2)
    deep = rng.uniform(0.12, 0.34)
    box = 0.0, float(upper.min()), wide, float(upper.max()) + deep

    def layer(whole: Strip) -> None:
        strip = _near(whole, box)
        if strip is None:
            return
        edge = np.interp(strip.x[0], x, upper)[None, :]
        below = strip.y - edge
        cover = np.clip(below / strip.pixel + 0.5, 0, 1) * smooth(deep, 0.0, below)
        shine = smooth(0.012, 0.0, below)
        lay(strip, 0.9 * cover, mix(ink, np.minimum(ink + 60, 255), 0.5 * shine[..., None]))

    return Layer(layer)


def _near(strip: Strip, box: tuple[float, float, float, float]) -> Strip | None:
    """The part of the strip that a box meets; None where they do not meet."""
    pixel = strip.pixel
    margin = 2 * pixel
    rows = (strip.y[:, 0] > box[1] - margin) & (strip.y[:, 0] < box[3] + margin)
    left, right = max(0, int(box[0] / pixel) - 2), max(0, int(box[2] / pixel) + 3)
    found = np.flatnonzero(rows)
    if not found.size or left >= min(right, strip.x.shape[1]):
        return None
    high, wide = slice(int(found[0]), int(found[-1]) + 1), slice(left, right)
    return Strip(strip.pixels[high, wide], strip.x[:, wide], strip.y[high], strip.rows, pixel)
