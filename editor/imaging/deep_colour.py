"""From sRGB to the colours of a profile with 16 bits, which Pillow's colour management does not have.

In a wide space such as ProPhoto, 8 bits are too few: neighbouring shadows of an answer would become one.
Done by hand for profiles of three primaries and curves (ICC.1:2010, annex F.3), which are all that
photos of 16 bits usually have; and only where it agrees with Pillow's own conversion.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from . import colour, icc
from .arrays import Floats, Pixels

Deepening = Callable[[Pixels], NDArray[np.uint16]]

_STEPS = 65536
_AGREED = (0.4, 4.0)
"""In 8-bit levels, on average and at most: rounding, and how coarsely Pillow's takes deep shadows."""


@lru_cache(maxsize=8)
def from_srgb(profile: bytes) -> Deepening | None:
    """What makes of sRGB (height, width, 3) uint8 the same in the profile's colours, uint16.

    None for a profile that is not made so, or whose own tables say otherwise.
    """
    conversion = colour.conversion(profile)
    space, srgb = _read(profile), _read(colour.srgb_profile())
    if conversion is None or space is None or srgb is None:
        return None
    deepening = _deepening(srgb, space)
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    sample = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(len(steps), -1, 3)
    wanted = np.asarray(conversion.from_srgb(Image.fromarray(sample)), np.float32)
    gap = np.abs(deepening(sample) / np.float32(257) - wanted)
    return deepening if gap.mean() <= _AGREED[0] and gap.max() <= _AGREED[1] else None


@dataclass(frozen=True)
class _Space:
    """`primaries` are columns of XYZ under D50; `curves` light for each of _STEPS values, 0 to 1."""

    primaries: NDArray[np.float64]
    curves: tuple[Floats, Floats, Floats]


def _deepening(source: _Space, target: _Space) -> Deepening:
    light = [curve[:: _STEPS // 255] for curve in source.curves]  # 65535 is 257 times 255
    mix = (np.linalg.inv(target.primaries) @ source.primaries).astype(np.float32)
    values = np.arange(_STEPS, dtype=np.float32)

    def deepened(pixels: Pixels) -> NDArray[np.uint16]:
        lights = [light[channel][pixels[..., channel]] for channel in range(3)]
        mixed = np.stack(lights, axis=-1) @ mix.T
        found = np.empty(pixels.shape, np.uint16)
        for channel, curve in enumerate(target.curves):
            found[..., channel] = np.interp(mixed[..., channel], curve, values) + 0.5
        return found

    return deepened


def _read(profile: bytes) -> _Space | None:
    try:
        tags = icc.tags(profile)
        primaries = [_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
        red, green, blue = (_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC"))
        space = _Space(np.array(primaries).T, (red, green, blue))
        np.linalg.inv(space.primaries)
    except (KeyError, ValueError, struct.error, np.linalg.LinAlgError):
        return None
    return space


def _xyz(tag: bytes) -> tuple[float, ...]:
    return tuple(value / 65536 for value in struct.unpack_from(">3i", tag, 8))


def _curve(tag: bytes) -> Floats:
    """The light of each value, from dark to bright."""
    values = np.linspace(0, 1, _STEPS)
    kind = tag[:4]
    if kind == b"curv":
        light = _tabled(tag, values)
    elif kind == b"para":
        light = _reckoned(tag, values)
    else:
        raise ValueError(f"no curve: {kind!r}")
    return np.maximum.accumulate(np.clip(light, 0, 1)).astype(np.float32)


def _tabled(tag: bytes, values: NDArray[np.float64]) -> NDArray[np.float64]:
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return values
    if count == 1:
        return np.asarray(values ** (struct.unpack_from(">H", tag, 12)[0] / 256))
    table = np.frombuffer(tag, ">u2", count, 12)
    return np.interp(values, np.linspace(0, 1, count), table / 65535)


def _reckoned(tag: bytes, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """A parametric curve: (a·x + b)^g + e from d on, c·x + f below it."""
    (kind,) = struct.unpack_from(">H", tag, 8)
    number = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}.get(kind)
    if number is None:
        raise ValueError(f"no parametric curve: {kind}")
    given = [value / 65536 for value in struct.unpack_from(f">{number}i", tag, 12)]
    g, a, b, c, d, e, f = given + [0.0] * (7 - number) if number > 1 else [*given, 1, 0, 0, 0, 0, 0]
    if kind in (1, 2):  # flat below where the power begins, at the height given
        c, d, e, f = 0.0, -b / a if a else 0.0, c, c
    power = np.maximum(a * values + b, 0) ** g + e
    return np.asarray(np.where(values >= d, power, c * values + f))
