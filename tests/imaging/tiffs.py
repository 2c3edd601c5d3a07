"""TIFF files and EXIF blocks written by hand, value by value."""

import struct

import numpy as np


def tiff(values, extra=None, *, order="<"):
    """An uncompressed TIFF of (height, width, channels) uint8 or uint16; `extra` are values by tag."""
    height, width, channels = values.shape
    data = values.astype(values.dtype.newbyteorder(order)).tobytes()
    tags = {
        0x0100: width,
        0x0101: height,
        0x0102: [8 * values.itemsize] * channels,
        0x0103: 1,
        0x0106: 1 if channels < 3 else 2,
        0x0111: data,
        0x0115: channels,
        0x0117: [len(data)],
    }
    return directories(tags | (extra or {}), order=order)


def directories(tags, *, order="<", following=None):
    """A TIFF's head and first directory; a value that is a dict is a directory of its own.

    int and list of int are SHORT (LONG where they do not fit), str is ASCII, bytes are UNDEFINED, a list
    of pairs is RATIONAL. The strip's own bytes stand at tag 0x0111. `following` is the second
    directory, in which cameras keep a thumbnail.
    """
    mark = b"II*\0" if order == "<" else b"MM\0*"
    out = bytearray(mark + struct.pack(order + "I", 8))
    _write(out, tags, order, following)
    return bytes(out)


def _write(out, tags, order, following=None):
    start = len(out)
    out += bytes(2 + 12 * len(tags) + 4)
    struct.pack_into(order + "H", out, start, len(tags))
    for index, (tag, value) in enumerate(sorted(tags.items())):
        kind, number, raw = _value(value, tag, out, order)
        if len(raw) > 4:
            raw, place = struct.pack(order + "I", len(out)), raw
            out += place + b"\0" * (len(place) % 2)
        at = start + 2 + 12 * index
        struct.pack_into(order + "HHI", out, at, tag, kind, number)
        out[at + 8 : at + 12] = raw.ljust(4, b"\0")
    if following:
        struct.pack_into(order + "I", out, start + 2 + 12 * len(tags), len(out))
        _write(out, following, order)


def _value(value, tag, out, order):
    if isinstance(value, dict):
        place = len(out)
        _write(out, value, order)
        return 4, 1, struct.pack(order + "I", place)
    if tag == 0x0111:
        place = len(out)
        out += value + b"\0" * (len(value) % 2)
        return 4, 1, struct.pack(order + "I", place)
    if isinstance(value, bytes):
        return 7, len(value), value
    if isinstance(value, str):
        raw = value.encode() + b"\0"
        return 2, len(raw), raw
    values = np.atleast_1d(value)
    if values.ndim == 2:
        return 5, len(values), struct.pack(f"{order}{values.size}I", *values.ravel().tolist())
    kind, code = (3, "H") if values.max() < 65536 else (4, "I")
    return kind, len(values), struct.pack(f"{order}{len(values)}{code}", *values.tolist())
