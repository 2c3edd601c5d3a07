"""Making pixels without a model: what the local provider answers with.

Believable, deterministic and quick; not meant to compete with a generative model.
"""

import math
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from . import exemplars
from .arrays import Floats, Mask, Pixels, Size
from .masks import bounds

Drift = Literal["off", "mild", "strong"]

_MOST_ISLANDS = 3
"""Each costs up to a third of a second; more of them are filled in one go, less finely."""

_DRIFTS = {"mild": (1.04, 0.04, (2.1, 1.2), 0.0), "strong": (1.12, 0.065, (8.3, 5.2), 0.10)}
"""gain, cast, shift in px, gradient: the two simulated models of the stitching measurements."""


def fill_from_surroundings(pixels: Pixels, mask: Mask) -> Pixels:
    """`pixels` with the masked area continued from what surrounds it; a new array.

    Two layers: colours and broad shapes are put together from surrounding patches at a small
    size, texture and grain are taken from where those patches lie. Where hardly anything is
    known, the first is plain inpainting (Telea 2004) and the second mirrored at the border. Pixels outside the mask keep their
    values. A mask that covers everything gives a procedural picture, an empty one a copy.
    Raises ValueError when the two sizes differ.
    """
    if pixels.shape[:2] != mask.shape:
        raise ValueError(f"mask {mask.shape} is not of the picture's size {pixels.shape[:2]}")
    filled = pixels.copy()
    box = bounds(mask)
    if box is None:
        return filled
    if mask.all():
        filled[..., :3] = procedural((mask.shape[1], mask.shape[0]), int(pixels[::16, ::16].sum()))
        return filled
    unfilled = mask.copy()
    for island in _islands(mask):
        left, top, right, bottom = _with_margin(bounds(island) or box, mask.shape)
        # other islands in the window are not known yet, and come right in their own turn
        _fill_window(filled[top:bottom, left:right], unfilled[top:bottom, left:right])
        unfilled[island > 0] = 0
    return filled


def drifted(pixels: Pixels, strength: Drift, seed: int) -> Pixels:
    """`pixels` as a generative model gives them back: all of them touched a little; a new array.

    mild: gain 1.04, a cast of 4 % and a shift of 2.1/1.2 px; strong: gain 1.12, a cast of 6.5 %,
    a gradient of 10 % across the picture and a shift of 8.3/5.2 px. On mid grey that is 5 and 12 dE.
    The cast is warmer or cooler. `seed` chooses directions. Alpha is moved with the colours but not otherwise changed.
    """
    if strength == "off":
        return pixels.copy()
    gain, cast, shift, gradient = _DRIFTS[strength]
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1.0, 1.0], 2)
    moved = _shifted(pixels, (shift[0] * signs[0], shift[1] * signs[1]))
    gains = gain * (1 + cast * rng.choice([-1.0, 1.0]) * np.array([1, 0, -1]))
    slope = 1 + gradient * np.linspace(-0.5, 0.5, pixels.shape[1], dtype=np.float32) * signs[0]
    factors = (slope[:, None] * gains[None, :]).astype(np.float32)
    for channel in range(3):
        lit = moved[..., channel] * factors[None, :, channel]
        moved[..., channel] = np.clip(lit + 0.5, 0, 255)
    return moved


def procedural(size: Size, seed: int) -> Pixels:
    """A calm abstract landscape, (height, width, 3); the same for the same size and seed."""
    rng = np.random.default_rng(seed)
    width, height = size
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    sky, glow, ground = _palette(rng)
    picture = np.broadcast_to(sky * (1 - down) + glow * down, (height, width, 3)).copy()
    _add_sun(picture, rng, glow)
    for layer in range(1, 6):
        _add_ridge(picture, rng, layer / 5, glow, ground)
    picture += rng.normal(0, 2.2, (height, width, 1)).astype(np.float32)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _islands(mask: Mask) -> list[Mask]:
    """The islands of the mask, for each its own mask; all in one if there are many."""
    count, labels = cv2.connectedComponents(mask, connectivity=8)
    if count - 1 > _MOST_ISLANDS:
        return [mask]
    return [np.where(labels == label, 255, 0).astype(np.uint8) for label in range(1, count)]


def _with_margin(box: tuple[int, int, int, int], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The mask's bounds with enough around them to learn texture from."""
    left, top, right, bottom = box
    margin = max(32, max(right - left, bottom - top) // 2)
    return (
        max(0, left - margin),
        max(0, top - margin),
        min(shape[1], right + margin),
        min(shape[0], bottom + margin),
    )


def _fill_window(window: Pixels, hole: Mask) -> None:
    """Fills the hole in place: broad shapes from a small picture, texture at full size."""
    small, shrink = _small_size(hole)
    known = _shrunk_known(window, hole, small)
    shrunk = cv2.resize(hole.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    covered = np.asarray(shrunk, np.float32)
    small_hole = np.where(covered > 0, 255, 0).astype(np.uint8)
    guess = _guessed(known, covered)
    found = exemplars.synthesize(guess, small_hole)
    base = _enlarged(found.pixels if found else guess, hole)
    rows, columns = _from_origins(found, hole, shrink) if found else _mirrored(hole)
    blurred = _blurred_around(window, hole, max(1.5, 0.8 * shrink))
    texture = window[rows, columns].astype(np.float32) - blurred[rows, columns]
    at = np.nonzero(hole)
    window[at] = np.clip(base[at] + texture + 0.5, 0, 255)


def _small_size(hole: Mask) -> tuple[Size, float]:
    height, width = hole.shape
    shrink = max(1.0, max(width, height) / exemplars.comfortable_side(hole))
    return (max(1, round(width / shrink)), max(1, round(height / shrink))), shrink


def _guessed(known: Pixels, covered: Floats) -> Floats:
    """A first filling. Where a small pixel is partly known, what is known of it stands."""
    unknown = np.where(covered > 254, 255, 0).astype(np.uint8)
    return _softened_inside(_inpainted(known, unknown), unknown)


def _enlarged(small: Floats, hole: Mask) -> Floats:
    height, width = hole.shape
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large.reshape(height, width, -1), np.float32)


def _from_origins(
    found: exemplars.Synthesis, hole: Mask, shrink: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """For each pixel of the hole the one whose texture it takes: as far away as its patch is."""
    inside = np.stack(np.nonzero(hole), axis=1)
    last_small = np.array(found.origins.shape[:2]) - 1
    small = np.minimum((inside / shrink).astype(np.intp), last_small)
    moved = found.origins[small[:, 0], small[:, 1]] - small
    taken = _reflected(inside + np.rint(moved * shrink).astype(np.intp), hole.shape)
    lands_inside = hole[taken[:, 0], taken[:, 1]] > 0
    if lands_inside.any():
        rows, columns = _mirrored(hole)
        taken[lands_inside] = np.stack([rows, columns], axis=1)[lands_inside]
    return taken[:, 0], taken[:, 1]


def _shrunk_known(window: Pixels, hole: Mask, small: Size) -> Pixels:
    """The window at a small size, averaged over the pixels outside the hole only."""
    weight = (hole == 0).astype(np.float32)
    weighted = window.astype(np.float32) * weight[..., None]
    total = cv2.resize(weighted, small, interpolation=cv2.INTER_AREA)
    count = cv2.resize(weight, small, interpolation=cv2.INTER_AREA)[..., None]
    return np.clip(total / np.maximum(count, 1e-3) + 0.5, 0, 255).astype(np.uint8)


def _inpainted(known: Pixels, hole: Mask) -> Pixels:
    if not hole.any():
        return known
    colours = cv2.inpaint(np.ascontiguousarray(known[..., :3]), hole, 4, cv2.INPAINT_TELEA)
    if known.shape[2] == 3:
        return np.asarray(colours, np.uint8)
    alpha = cv2.inpaint(np.ascontiguousarray(known[..., 3]), hole, 4, cv2.INPAINT_TELEA)
    return np.dstack([colours, alpha]).astype(np.uint8)


def _softened_inside(painted: Pixels, hole: Mask) -> Floats:
    """Blurred more the farther from the border: inpainting leaves streaks in the middle."""
    result = painted.astype(np.float32)
    depth = cv2.distanceTransform(hole, cv2.DIST_L2, 5)
    for sigma in (2.0, 5.0):
        weight = np.clip(depth / (3 * sigma), 0, 1)[..., None]
        result += weight * (cv2.GaussianBlur(result, (0, 0), sigma) - result)
    return result


def _blurred_around(window: Pixels, hole: Mask, sigma: float) -> Floats:
    """The window blurred, taking nothing from the hole."""
    weight = (hole == 0).astype(np.float32)
    blurred = _blurred(window.astype(np.float32) * weight[..., None], sigma)
    return np.asarray(blurred / np.maximum(_blurred(weight, sigma), 1e-3)[..., None], np.float32)


def _blurred(array: Floats, sigma: float) -> Floats:
    """Two box blurs come near a Gaussian, and cost the same however wide."""
    side = 2 * round(math.sqrt(1.5 * sigma * sigma + 0.25) - 0.5) + 1
    return np.asarray(cv2.blur(cv2.blur(array, (side, side)), (side, side)), np.float32)


def _mirrored(hole: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """For each pixel of the hole a pixel outside it: its mirror image across the border."""
    _, labels = cv2.distanceTransformWithLabels(
        hole, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    known = np.nonzero(hole == 0)
    nearest = np.zeros((labels.max() + 1, 2), np.intp)
    nearest[labels[known]] = np.stack(known, axis=1)
    inside = np.stack(np.nonzero(hole), axis=1)
    border = nearest[labels[hole > 0]]
    mirror = _reflected(2 * border - inside, hole.shape)
    lands_inside = hole[mirror[:, 0], mirror[:, 1]] > 0
    mirror[lands_inside] = border[lands_inside]
    return mirror[:, 0], mirror[:, 1]


def _reflected(points: NDArray[np.intp], shape: tuple[int, ...]) -> NDArray[np.intp]:
    last = np.array(shape) - 1
    folded = np.abs(points)
    return np.clip(np.where(folded > last, 2 * last - folded, folded), 0, last)


def _shifted(pixels: Pixels, shift: tuple[float, float]) -> Pixels:
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float64)
    size = (pixels.shape[1], pixels.shape[0])
    moved = cv2.warpAffine(
        pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(moved, np.uint8)


def _palette(rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """sky, glow at the horizon, darkest ground: three colours of one mood."""
    hue = rng.uniform(0, 180)
    hsv = [
        (hue, rng.uniform(70, 120), 205),
        ((hue + rng.uniform(60, 110)) % 180, rng.uniform(35, 80), 245),
        ((hue + rng.uniform(-20, 20)) % 180, rng.uniform(90, 140), 60),
    ]
    colours = cv2.cvtColor(np.array([hsv], np.uint8), cv2.COLOR_HSV2RGB)[0].astype(np.float32)
    return colours[0], colours[1], colours[2]


def _add_sun(picture: Floats, rng: np.random.Generator, glow: Floats) -> None:
    height, width = picture.shape[:2]
    x, y = rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.4) * height
    radius = 0.07 * math.sqrt(width * height)
    rows, columns = np.ogrid[:height, :width]
    distance = np.sqrt((rows - y) ** 2 + (columns - x) ** 2).astype(np.float32)
    disc = np.clip(radius - distance + 0.5, 0, 1)
    halo = 0.5 * np.exp(-np.maximum(0, distance - radius) / (2 * radius))
    amount = np.maximum(disc, halo)[..., None]
    picture += amount * (np.minimum(glow + 25, 255) - picture)


def _add_ridge(
    picture: Floats, rng: np.random.Generator, near: float, glow: Floats, ground: Floats
) -> None:
    """One layer of hills: `near` runs from 0 (far, in haze) to 1 (near, dark)."""
    height, width = picture.shape[:2]
    across = np.linspace(0, 2 * np.pi, width, dtype=np.float32)
    crest = np.full(width, 0.42 + 0.42 * near, np.float32)
    for octave in (1, 2, 3, 5, 9, 17):
        amount = 0.055 * rng.uniform(0.4, 1) / octave**0.9
        crest += amount * np.sin(octave * across * rng.uniform(0.6, 1.2) + rng.uniform(0, 6.3))
    rows = np.arange(height, dtype=np.float32)[:, None]
    cover = np.clip(rows - crest[None, :] * height + 0.5, 0, 1)[..., None]
    colour = glow + (ground - glow) * near**0.8
    depth = 1 - 0.25 * rows[..., None] / height
    picture += cover * (colour * depth - picture)
