"""What a camera wrote about a photo, carried over into the pictures that are made from it.

The block is taken apart and put together anew: only what is known to hold for the new file goes along,
value by value and as it was written. EXIF 3.0 (CIPA DC-008), which builds on TIFF 6.0.
"""

import struct
from collections.abc import Mapping
from typing import NamedTuple

Bytes = bytes | memoryview


class _Value(NamedTuple):
    kind: int
    number: int
    raw: bytes


_Values = dict[int, _Value]

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 129: 1}
_LONG = 4
_MOST_VALUES = 500
_LARGEST_VALUE = 16_000
_LARGEST_BLOCK = 60_000
"""Of all together, so that it fits a segment of a JPEG."""

_CAMERA, _PLACE, _EXCHANGE = 0x8769, 0x8825, 0xA005

# Of the first directory, which in a TIFF also says how the pixels lie. Not the orientation: the picture
# is upright; nor the size of what may have been extended.
_ABOUT_THE_PICTURE = {
    0x010E,  # description
    0x010F,  # make
    0x0110,  # model
    0x011A,  # resolution across, down, and its unit
    0x011B,
    0x0128,
    0x0131,  # software
    0x0132,  # date and time
    0x013B,  # artist
    0x013C,  # host computer
    0x4746,  # rating, also in percent
    0x4749,
    0x8298,  # copyright
    0x9C9B,  # title, comment, author, keywords and subject as Windows has them
    0x9C9C,
    0x9C9D,
    0x9C9E,
    0x9C9F,
}

_NOT_OF_THE_CAMERA = {
    0x927C,  # maker's note: points into the file it was in, and may tell the place
    0xA002,  # width and height
    0xA003,
    0xEA1C,  # padding, and how far things were moved
    0xEA1D,
}


def tidied(block: Bytes, *, keep_place: bool = False) -> bytes | None:
    """The block (or the TIFF file that holds it) without orientation, thumbnail, maker's note and, unless
    `keep_place`, GPS.

    It begins with its byte order ("II" or "MM"), and is at most 60,000 bytes long. None where nothing
    is left or the block is broken; never raises, and its work is bounded whatever the bytes.
    """
    view = memoryview(block)
    if bytes(view[:6]) == b"Exif\0\0":
        view = view[6:]
    try:
        return _Source(view).tidied(keep_place)
    except (struct.error, ValueError):
        return None


class _Source:
    """A block to read values from."""

    def __init__(self, view: memoryview) -> None:
        self._view = view
        head = bytes(view[:4])
        if head not in (b"II*\0", b"MM\0*"):
            raise ValueError("not EXIF")
        self._order = "<" if head[:1] == b"I" else ">"

    def tidied(self, keep_place: bool) -> bytes | None:
        whole = self._directory(struct.unpack_from(self._order + "I", self._view, 4)[0])
        picture = {tag: value for tag, value in whole.items() if tag in _ABOUT_THE_PICTURE}
        camera = self._within(whole, _CAMERA)
        exchange = self._within(camera, _EXCHANGE)
        place = self._within(whole, _PLACE) if keep_place else {}
        for tag in (*_NOT_OF_THE_CAMERA, _EXCHANGE):
            camera.pop(tag, None)
        if not (picture or camera or place):
            return None
        parts = [picture, camera, exchange, place]
        _fit(parts)
        return _block(self._order, *parts)

    def _within(self, values: Mapping[int, _Value], tag: int) -> _Values:
        """The directory that a value points to; empty where there is none."""
        value = values.get(tag)
        if value is None or len(value.raw) != 4:
            return {}
        try:
            return self._directory(struct.unpack(self._order + "I", value.raw)[0])
        except (struct.error, ValueError):
            return {}

    def _directory(self, start: int) -> _Values:
        (count,) = struct.unpack_from(self._order + "H", self._view, start)
        values = {}
        for index in range(min(count, _MOST_VALUES)):
            at = start + 2 + 12 * index
            tag, kind, number = struct.unpack_from(self._order + "HHI", self._view, at)
            size = _SIZES.get(kind, 0) * number
            if not 0 < size <= _LARGEST_VALUE:
                continue
            if size > 4:
                at = struct.unpack_from(self._order + "I", self._view, at + 8)[0] - 8
            raw = bytes(self._view[at + 8 : at + 8 + size])
            if at >= 0 and len(raw) == size:
                values[tag] = _Value(kind, number, raw)
        return values


def _fit(parts: list[_Values]) -> None:
    """Drops the largest values until all fit."""
    values = [(len(value.raw), tag, part) for part in parts for tag, value in part.items()]
    values.sort(key=lambda value: value[:2])
    total = sum(size + 13 for size, _, _ in values) + 200
    while total > _LARGEST_BLOCK:
        size, tag, part = values.pop()
        del part[tag]
        total -= size + 13


def _block(
    order: str, picture: _Values, camera: _Values, exchange: _Values, place: _Values
) -> bytes:
    """The four directories one behind the other, each pointed to from the one it belongs to."""
    if exchange:
        camera[_EXCHANGE] = _pointer(order, 0)
    for tag, part in ((_CAMERA, camera), (_PLACE, place)):
        if part:
            picture[tag] = _pointer(order, 0)
    camera_at = 8 + _length(picture)
    exchange_at = camera_at + (_length(camera) if camera else 0)
    place_at = exchange_at + (_length(exchange) if exchange else 0)
    if exchange:
        camera[_EXCHANGE] = _pointer(order, exchange_at)
    if camera:
        picture[_CAMERA] = _pointer(order, camera_at)
    if place:
        picture[_PLACE] = _pointer(order, place_at)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    starts = (8, camera_at, exchange_at, place_at)
    parts = zip((picture, camera, exchange, place), starts, strict=True)
    return head + b"".join(_written(order, part, start) for part, start in parts if part)


def _pointer(order: str, offset: int) -> _Value:
    return _Value(_LONG, 1, struct.pack(order + "I", offset))


def _length(values: _Values) -> int:
    return 6 + sum(12 + _outside(value) for value in values.values())


def _outside(value: _Value) -> int:
    """How many bytes of it stand behind the directory: up to four fit into it. Offsets are even."""
    size = len(value.raw)
    return 0 if size <= 4 else size + size % 2


def _written(order: str, values: _Values, start: int) -> bytes:
    entries, behind = [], []
    free = start + 6 + 12 * len(values)
    for tag, value in sorted(values.items()):
        room = _outside(value)
        here = struct.pack(order + "I", free) if room else value.raw.ljust(4, b"\0")
        entries.append(struct.pack(order + "HHI", tag, value.kind, value.number) + here)
        behind.append(value.raw.ljust(room, b"\0") if room else b"")
        free += room
    count = struct.pack(order + "H", len(values))
    return count + b"".join(entries) + bytes(4) + b"".join(behind)
