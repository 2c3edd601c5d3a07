"""Simple changes to a masked area, or to a whole picture.

Every function takes RGB or RGBA pixels and a mask of their size (None: the whole picture) and gives
a new array of the same shape; pixels outside the mask keep their values, and so does alpha.
`strength` is 1.0 for an ordinary change. Deterministic. All raise ValueError when sizes differ.
"""

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from .arrays import Floats, Mask, Pixels, Size, size_of
from .masks import bounds

Colour = tuple[int, int, int]
"""red, green, blue, 0 to 255."""

_EDGE = 5.0
"""The most pixels over which a change sets in, inside the mask."""


def blurred(pixels: Pixels, mask: Mask | None, strength: float = 1.0) -> Pixels:
    """Out of focus: so far, for a small area, that lettering in it cannot be read."""
    sigma = strength * _grain(pixels, mask, share=0.2, finest=4.0, coarsest=1 / 30)
    return _changed(pixels, mask, lambda window: _blur(window, sigma), reach=math.ceil(2 * sigma))


def pixelated(pixels: Pixels, mask: Mask | None, strength: float = 1.0) -> Pixels:
    """In squares of one colour, each the mean of what it covers; about five across a small area."""
    side = round(strength * _grain(pixels, mask, share=0.2, finest=6.0, coarsest=1 / 26))
    return _changed(pixels, mask, lambda window: _in_squares(window, max(2, side)), edge=0.0)


def recoloured(pixels: Pixels, mask: Mask | None, colour: Colour, strength: float = 1.0) -> Pixels:
    """In another colour, with the shading and texture it had.

    The lightness (CIE L*) is moved so that its median comes near that of `colour`; its hue is laid
    over it, fading towards white in highlights and towards black in shadows, as on a real surface.
    """
    _require_size(pixels, mask)
    lightness = _median_lightness(pixels, mask)
    amount = min(1.0, 0.6 + 0.4 * strength) if strength < 1 else 1.0
    return _changed(pixels, mask, lambda window: _dyed(window, lightness, colour, amount))


def brightened(pixels: Pixels, mask: Mask | None, strength: float = 1.0) -> Pixels:
    """Lighter, most of all in the middle tones."""
    return _changed(pixels, mask, lambda window: _by_gamma(window, 1 / (1 + 0.6 * strength)))


def darkened(pixels: Pixels, mask: Mask | None, strength: float = 1.0) -> Pixels:
    """Darker, most of all in the middle tones."""
    return _changed(pixels, mask, lambda window: _by_gamma(window, 1 + 0.7 * strength))


def greyed(pixels: Pixels, mask: Mask | None, strength: float = 1.0) -> Pixels:
    """Without colour, or with half of it where `strength` is below 1."""
    return _changed(pixels, mask, lambda window: _mixed(window, _grey(window), min(1.0, strength)))


def in_sepia(pixels: Pixels, mask: Mask | None, strength: float = 1.0) -> Pixels:
    """The browns of an old photograph."""
    return _changed(pixels, mask, lambda window: _mixed(window, _brown(window), min(1.0, strength)))


def retoned(pixels: Pixels, mask: Mask | None, seed: int) -> Pixels:
    """A little warmer or cooler, lighter or darker: another answer to the same request."""
    rng = np.random.default_rng(seed)
    gains = 1 + rng.choice([-1, 1]) * rng.uniform(0.04, 0.08) + rng.uniform(-0.04, 0.04, 3)
    tables = np.clip(np.arange(256)[:, None] * gains + 0.5, 0, 255).astype(np.uint8)
    return _changed(
        pixels, mask, lambda window: np.asarray(cv2.LUT(window, tables[None]), np.uint8)
    )


def placed(pixels: Pixels, mask: Mask, other: Pixels) -> Pixels:
    """Another picture in the masked area: it covers the mask's bounds, and its edges are soft."""
    box = bounds(mask)
    if box is None:
        return pixels.copy()
    fitted = _covering(other[..., :3], (box[2] - box[0], box[3] - box[1]))
    depth = 0.06 * min(box[2] - box[0], box[3] - box[1])
    return _changed(pixels, mask, lambda _window: fitted, edge=max(2.0, depth))


def side_by_side(pictures: Sequence[Pixels]) -> Pixels:
    """Several pictures in one of the first one's size, from left to right, melting into each other."""
    width, height = size_of(pictures[0])
    result = pictures[0].copy()
    across = np.arange(width, dtype=np.float32)
    for number, other in enumerate(pictures[1:], start=1):
        border, soft = width * number / len(pictures), max(1.0, 0.06 * width)
        share = np.clip((across - border) / soft + 0.5, 0, 1)
        share = np.broadcast_to(share * share * (3 - 2 * share), (height, width)).copy()
        fitted = _covering(other[..., :3], (width, height))
        result[..., :3] = _blended(np.ascontiguousarray(result[..., :3]), fitted, share)
    return result


def grained(pixels: Pixels, seed: int) -> Pixels:
    """The whole picture with a breath of noise, of 1.2 grey levels."""
    noise = np.random.default_rng(seed).normal(0, 1.2, pixels.shape[:2]).astype(np.float32)
    result = pixels.copy()
    result[..., :3] = np.clip(pixels[..., :3] + noise[..., None] + 0.5, 0, 255)
    return result


def pasted(pixels: Pixels, other: Pixels, mask: Mask) -> Pixels:
    """`pixels` with those of `other` (of the same size) where the mask is."""
    result = pixels.copy()
    result[mask > 0] = other[mask > 0]
    return result


def darker(one: Mask, other: Mask) -> Mask:
    """(height, width) uint8: the lower value of the two, for each pixel."""
    return np.minimum(one, other)


def reframed(pixels: Pixels, seed: int, *, mirrored: bool) -> Pixels:
    """A part of the picture, 75 to 88 % of its sides, brought to the size of the whole."""
    rng = np.random.default_rng(seed)
    width, height = size_of(pixels)
    share = rng.uniform(0.75, 0.88)
    wide, high = max(1, round(share * width)), max(1, round(share * height))
    left, top = int(rng.integers(width - wide + 1)), int(rng.integers(height - high + 1))
    part = pixels[top : top + high, left : left + wide]
    part = part[:, ::-1] if mirrored else part
    large = cv2.resize(np.ascontiguousarray(part), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8)


def turned(pixels: Pixels, degrees: float) -> Pixels:
    """The whole picture with all its hues turned (in CIE a*b*), in lightness as it was."""
    lab = _lab(np.ascontiguousarray(pixels[..., :3]))
    angle = math.radians(degrees)
    a, b = lab[..., 1].copy(), lab[..., 2].copy()
    lab[..., 1] = math.cos(angle) * a - math.sin(angle) * b
    lab[..., 2] = math.sin(angle) * a + math.cos(angle) * b
    result = pixels.copy()
    result[..., :3] = _rgb(lab)
    return result


def softened(pixels: Pixels) -> Pixels:
    """A soft rendering of the whole picture, its lightness in broad steps as in a poster."""
    soft = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.5), np.uint8)
    grey = soft[..., :3].mean(axis=2, dtype=np.float32)
    step = 10 * np.sin(grey * (2 * np.pi / 42))  # pulls towards the middle of each step of 42
    result = soft.copy()
    result[..., :3] = np.clip(soft[..., :3] + step[..., None] + 0.5, 0, 255)
    return result


def coarsened(pixels: Pixels, cells: int) -> Pixels:
    """The whole picture as if it were only `cells` pixels long, soft, at its own size."""
    width, height = size_of(pixels)
    shrink = max(1.0, max(width, height) / max(1, cells))
    small = max(1, round(width / shrink)), max(1, round(height / shrink))
    reduced = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(reduced, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _changed(
    pixels: Pixels,
    mask: Mask | None,
    change: Callable[[Pixels], Pixels],
    *,
    reach: int = 0,
    edge: float = _EDGE,
) -> Pixels:
    """`change` done to the RGB window around the mask (`reach` px wider), and blended in."""
    _require_size(pixels, mask)
    result = pixels.copy()
    if mask is None:
        result[..., :3] = change(np.ascontiguousarray(pixels[..., :3]))
        return result
    box = bounds(mask)
    if box is None:
        return result
    rows = slice(max(0, box[1] - reach), box[3] + reach)
    columns = slice(max(0, box[0] - reach), box[2] + reach)
    window = np.ascontiguousarray(pixels[rows, columns, :3])
    weight = _weight(mask, rows, columns, edge)
    result[rows, columns, :3] = _blended(window, change(window), weight)
    return result


def _require_size(pixels: Pixels, mask: Mask | None) -> None:
    if mask is not None and mask.shape != pixels.shape[:2]:
        raise ValueError(f"mask {mask.shape} is not of the picture's size {pixels.shape[:2]}")


def _weight(mask: Mask, rows: slice, columns: slice, edge: float) -> Floats:
    """0 outside; inside it rises to 1 over `edge` pixels, less in a small area."""
    if edge <= 0:
        return (mask[rows, columns] > 0).astype(np.float32)
    # what lies beyond the picture is as masked as its border is
    ringed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    wider = ringed[rows.start : rows.stop + 2, columns.start : columns.stop + 2]
    depth = cv2.distanceTransform(wider, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1]
    edge = max(1.0, min(edge, float(depth.max()) / 4))
    return np.clip(depth / edge, 0, 1, dtype=np.float32)


def _blended(below: Pixels, above: Pixels, weight: Floats) -> Pixels:
    return np.asarray(cv2.blendLinear(above, below, weight, 1 - weight), np.uint8)


def _mixed(below: Pixels, above: Pixels, amount: float) -> Pixels:
    return np.asarray(cv2.addWeighted(above, amount, below, 1 - amount, 0), np.uint8)


def _grain(
    pixels: Pixels, mask: Mask | None, *, share: float, finest: float, coarsest: float
) -> float:
    """A length in px: a share of the area's shorter side, within what suits the picture."""
    width, height = size_of(pixels)
    box = (0, 0, width, height) if mask is None else bounds(mask) or (0, 0, 1, 1)
    side = min(box[2] - box[0], box[3] - box[1])
    return max(finest, min(share * side, coarsest * max(width, height)))


def _blur(window: Pixels, sigma: float) -> Pixels:
    """Wide blurs are made at a smaller size, which cannot be told from the real thing."""
    shrink = max(1, int(sigma / 4))
    width, height = size_of(window)
    small = max(1, width // shrink), max(1, height // shrink)
    reduced = cv2.resize(window, small, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(reduced, (0, 0), sigma / shrink, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _in_squares(window: Pixels, side: int) -> Pixels:
    width, height = size_of(window)
    right, bottom = -width % side, -height % side
    padded = cv2.copyMakeBorder(window, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
    small = (width + right) // side, (height + bottom) // side
    means = np.asarray(cv2.resize(padded, small, interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(means.repeat(side, axis=0).repeat(side, axis=1)[:height, :width])


def _median_lightness(pixels: Pixels, mask: Mask | None) -> float:
    step = max(1, int(math.sqrt(mask.size if mask is not None else pixels[..., 0].size) / 1000))
    sampled = pixels[::step, ::step, :3]
    if mask is not None and mask[::step, ::step].any():
        sampled = sampled[mask[::step, ::step] > 0][None]
    return float(np.median(_lab(np.ascontiguousarray(sampled))[..., 0]))


def _dyed(window: Pixels, median: float, colour: Colour, amount: float) -> Pixels:
    wanted = _lab(np.array([[colour]], np.uint8))[0, 0]
    # an all too dark or light surface keeps some of its own lightness: otherwise it looks flat
    middle = median + 0.85 * amount * (wanted[0] - median)
    lab = _lab(window)
    lightness = lab[..., 0] - median
    above = np.clip((100 - middle) / max(1.0, 100 - median), 0.5, 1.5)
    below = np.clip(middle / max(1.0, median), 0.4, 1.4)
    lightness = np.clip(middle + np.where(lightness > 0, above, below) * lightness, 0, 100)
    fading = np.where(
        lightness > middle, (100 - lightness) / max(1.0, 100 - middle), lightness / max(1.0, middle)
    )
    chroma = np.clip(fading, 0, 1) ** 0.7
    lab[..., 0] = lightness
    for channel in (1, 2):
        lab[..., channel] += amount * (chroma * wanted[channel] - lab[..., channel])
    return _rgb(lab)


def _lab(window: Pixels) -> Floats:
    """(height, width, 3) float32: L* 0 to 100, a*, b*."""
    scaled = window.astype(np.float32) / 255
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2Lab), np.float32)


def _rgb(lab: Floats) -> Pixels:
    scaled = cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_Lab2RGB)
    return np.clip(scaled * 255 + 0.5, 0, 255).astype(np.uint8)


def _by_gamma(window: Pixels, gamma: float) -> Pixels:
    table = (255 * (np.arange(256) / 255) ** gamma + 0.5).astype(np.uint8)
    return np.asarray(cv2.LUT(window, table), np.uint8)


def _grey(window: Pixels) -> Pixels:
    grey = cv2.cvtColor(window, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)


def _brown(window: Pixels) -> Pixels:
    """Shadows near (35, 22, 12), paper near (255, 240, 208), and a warm middle."""
    tone = np.arange(256, dtype=np.float32) / 255
    dark, middle, paper = (35, 22, 12), (158, 122, 84), (255, 240, 208)
    curves = [np.interp(tone, (0, 0.5, 1), each) for each in zip(dark, middle, paper, strict=True)]
    table = np.stack(curves, axis=1).astype(np.uint8)[None]
    return np.asarray(cv2.LUT(_grey(window), table), np.uint8)


def _covering(other: Pixels, size: Size) -> Pixels:
    """The largest centred part of a picture that has the shape of `size`, at that size."""
    width, height = size_of(other)
    scale = max(size[0] / width, size[1] / height)
    wide, high = min(width, round(size[0] / scale)), min(height, round(size[1] / scale))
    left, top = (width - max(1, wide)) // 2, (height - max(1, high)) // 2
    part = other[top : top + max(1, high), left : left + max(1, wide)]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(part), size, interpolation=how), np.uint8)
