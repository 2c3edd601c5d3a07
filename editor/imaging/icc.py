"""ICC profiles by their bytes (ICC.1:2010), as far as Pillow cannot take them apart or make them."""

import struct
from functools import lru_cache

_MOST_TAGS = 200
_LARGEST_CURVE = 200_000
_HEAD_BYTES = 128

# Red, green and blue of sRGB, and white, as XYZ under D50, in 1/65536: those of the sRGB that LittleCMS
# makes, so that grey stays exactly grey between the two.
_XYZ = {
    b"rXYZ": (28576, 14581, 912),
    b"gXYZ": (25239, 46983, 6361),
    b"bXYZ": (9375, 3972, 46787),
    b"wtpt": (63190, 65536, 54061),
}
_CURVES = (b"rTRC", b"gTRC", b"bTRC")


def tags(profile: bytes) -> dict[bytes, bytes]:
    """Each tag's bytes by its name. Raises struct.error for what is too short for a profile."""
    (count,) = struct.unpack_from(">I", profile, _HEAD_BYTES)
    found = {}
    for index in range(min(count, _MOST_TAGS)):
        name, start, size = struct.unpack_from(">4sII", profile, _HEAD_BYTES + 4 + 12 * index)
        found[name] = profile[start : start + size]
    return found


@lru_cache(maxsize=8)
def grey_as_rgb(profile: bytes) -> bytes | None:
    """A profile of RGB in which equal values look as they do in this profile of grey.

    A file of RGB cannot carry one of grey. None for another profile, or one without a curve.
    """
    if profile[16:20] != b"GRAY":
        return None
    try:
        curve = tags(profile).get(b"kTRC", b"")
    except struct.error:
        return None
    if curve[:4] not in (b"curv", b"para") or len(curve) > _LARGEST_CURVE:
        return None
    parts = {name: _xyz(values) for name, values in _XYZ.items()}
    parts |= {b"desc": _description(b"Grey"), b"cprt": b"text\0\0\0\0No copyright\0"}
    return _written(parts | dict.fromkeys(_CURVES, curve))


def _xyz(values: tuple[int, int, int]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *values)


def _description(name: bytes) -> bytes:
    """In ASCII alone: the two other forms are empty."""
    return b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name + bytes(79)


def _written(parts: dict[bytes, bytes]) -> bytes:
    """A profile of version 2.4 for a display; equal parts are written once."""
    at = _HEAD_BYTES + 4 + 12 * len(parts)
    table, body = struct.pack(">I", len(parts)), b""
    places: dict[bytes, int] = {}
    for name, part in parts.items():
        if part not in places:
            places[part] = at + len(body)
            body += part + bytes(-len(part) % 4)
        table += name + struct.pack(">II", places[part], len(part))
    head = bytearray(_HEAD_BYTES)
    head[0:4] = struct.pack(">I", at + len(body))
    head[8:12] = b"\x02\x40\0\0"
    head[12:24] = b"mntrRGB XYZ "
    head[36:40] = b"acsp"
    head[68:80] = _xyz(_XYZ[b"wtpt"])[8:]
    return bytes(head) + table + body
