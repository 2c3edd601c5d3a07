"""ICC profiles written by hand, so that each test knows what it holds."""

import struct

import numpy as np
from PIL import ImageCms

from editor.imaging.arrays import Floats

# Red, green and blue as XYZ under D50 (ICC.1:2010, and Bradford's adaptation of the published ones).
SRGB_PRIMARIES = ((0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
P3_PRIMARIES = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
ADOBE_PRIMARIES = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
_WHITE = (0.9642, 1.0, 0.8249)


def rgb_profile(primaries=P3_PRIMARIES, gamma=2.2, name="Wide", kind=b"mntr"):
    """A profile of three primaries and one curve; gamma None is that of sRGB, 1024 values long."""
    blobs = {
        tag: _xyz(xyz)
        for tag, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ", b"wtpt"), (*primaries, _WHITE), strict=True)
    }
    blobs |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(gamma))
    return _profile(blobs, kind, b"RGB ", b"XYZ ", name)


def parametric_profile(kind, values, primaries=ADOBE_PRIMARIES, name="Parametric"):
    """Three primaries and a curve given by its numbers (ICC.1:2010, 10.16)."""
    numbers = struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))
    curve = b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + numbers
    tags = (b"rXYZ", b"gXYZ", b"bXYZ", b"wtpt")
    blobs = {tag: _xyz(xyz) for tag, xyz in zip(tags, (*primaries, _WHITE), strict=True)}
    blobs |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return _profile(blobs, b"mntr", b"RGB ", b"XYZ ", name)


def grey_profile(gamma=1.8, name="Grey"):
    blobs = {b"wtpt": _xyz(_WHITE), b"kTRC": _curve(gamma)}
    return _profile(blobs, b"mntr", b"GRAY", b"XYZ ", name)


def one_way_profile(name="Scanner"):
    """An RGB profile that tells what its colours are, but not which of its colours others are."""
    corners = np.stack(np.meshgrid([0.1, 0.9], [0.2, 0.8], [0.15, 0.85], indexing="ij"), axis=-1)
    return _profile(
        {b"wtpt": _xyz(_WHITE), b"A2B0": _table(corners)}, b"scnr", b"RGB ", b"Lab ", name
    )


def cmyk_profile(name="Press"):
    """A table from four inks to Lab: lighter with less ink, whatever the colour."""
    steps = np.stack(np.meshgrid(*[[0.0, 1.0]] * 4, indexing="ij"), axis=-1)
    light = np.clip(1 - steps @ np.array([0.25, 0.3, 0.1, 0.8]), 0.05, 1)
    lab = np.stack([light, np.full_like(light, 0.5), np.full_like(light, 0.5)], axis=-1)
    return _profile({b"wtpt": _xyz(_WHITE), b"A2B0": _table(lab)}, b"prtr", b"CMYK", b"Lab ", name)


def srgb_profile():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _table(grid: Floats) -> bytes:
    """lut8Type: a grid of two steps for each channel, straight curves around it."""
    channels = grid.ndim - 1
    straight = bytes(range(256))
    values = np.round(grid.reshape(-1, 3) * 255).astype(np.uint8).tobytes()
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    head = b"mft1\0\0\0\0" + bytes([channels, 3, 2, 0]) + matrix
    return head + straight * channels + values + straight * 3


def _xyz(values) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _curve(gamma) -> bytes:
    if gamma is not None:
        return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    step = np.linspace(0, 1, 1024)
    light = np.where(step <= 0.04045, step / 12.92, ((step + 0.055) / 1.055) ** 2.4)
    values = np.round(light * 65535).astype(">u2").tobytes()
    return b"curv\0\0\0\0" + struct.pack(">I", 1024) + values


def _profile(blobs, kind: bytes, space: bytes, between: bytes, name: str) -> bytes:
    text = name.encode("ascii")
    blobs[b"desc"] = b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0" * 79
    blobs[b"cprt"] = b"text\0\0\0\0none\0\0\0\0"
    position = 128 + 4 + 12 * len(blobs)
    table, body = struct.pack(">I", len(blobs)), b""
    for tag, blob in blobs.items():
        table += tag + struct.pack(">II", position + len(body), len(blob))
        body += blob + b"\0" * (-len(blob) % 4)
    head = bytearray(128)
    head[0:4] = struct.pack(">I", position + len(body))
    head[8:12] = b"\x02\x40\0\0"
    head[12:24] = kind + space + between
    head[36:40] = b"acsp"
    head[68:80] = struct.pack(">3i", 63190, 65536, 54061)
    return bytes(head) + table + body
