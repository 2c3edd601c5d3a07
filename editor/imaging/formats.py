"""What a file's first bytes say: its format, and where they tell, its size."""

import struct
import zlib
from typing import BinaryIO

from .refusals import ImageRefused, Limits

HEAD_BYTES = 64

_PNG = b"\x89PNG\r\n\x1a\n"
_PIECE = 1024 * 1024


def sniff(head: bytes) -> str | None:
    """The name of the format (png, jpeg, webp, avif, gif, tiff) that `head` opens, or None.

    64 bytes are enough. Only the magic number is looked at: the rest may still be rubbish.
    """
    if head.startswith(_PNG):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "tiff"
    if {b"avif", b"avis"} & _brands(head):
        return "avif"
    return None


def require_taken(head: bytes) -> str:
    """The format of `head`; raises ImageRefused (empty, format_not_taken, not_a_picture)."""
    if not head:
        raise ImageRefused("empty")
    format_name = sniff(head)
    if format_name:
        return format_name
    foreign = _foreign(head)
    if foreign:
        raise ImageRefused("format_not_taken", name=foreign)
    raise ImageRefused("not_a_picture")


def require_size(size: tuple[int, int], limits: Limits) -> None:
    """Raises ImageRefused (no_area, too_many_pixels, too_few_pixels)."""
    facts = {"width": size[0], "height": size[1]}
    if min(size) <= 0:
        raise ImageRefused("no_area", **facts)
    if size[0] * size[1] > limits.max_pixels or max(size) > limits.max_side:
        raise ImageRefused("too_many_pixels", **facts)
    if min(size) < limits.min_side:
        raise ImageRefused("too_few_pixels", **facts)


def declared_size(format_name: str, head: bytes) -> tuple[int, int] | None:
    """The size that a PNG or WebP head gives; None where it is deeper in the file.

    Pillow calls a picture without area unidentified, and allocates a WebP's canvas on opening:
    so this is asked before.
    """
    try:
        if format_name == "png":
            width, height = struct.unpack(">II", head[16:24])
            return width, height
        if format_name == "webp":
            return _webp_size(head)
    except struct.error:
        raise ImageRefused("truncated") from None
    return None


def require_whole(format_name: str, file: BinaryIO, size: int) -> None:
    """Raises ImageRefused (truncated, broken) for a PNG or WebP that is not what was written.

    Pillow accepts a PNG that has lost its last bytes, or whose pixels have been changed since.
    What follows the end is ignored.
    """
    if format_name == "png":
        _require_whole_png(file, size)
    if format_name == "webp":
        file.seek(4)
        if size < 8 + int.from_bytes(file.read(4), "little"):
            raise ImageRefused("truncated")


def _require_whole_png(file: BinaryIO, size: int) -> None:
    position = len(_PNG)
    kind = b""
    while kind != b"IEND":
        file.seek(position)
        head = file.read(8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        position += 12 + length
        if position > size:
            raise ImageRefused("truncated")
        if kind == b"IDAT" and not _checksum_holds(file, length):
            raise ImageRefused("broken")


def _checksum_holds(file: BinaryIO, length: int) -> bool:
    """Whether the pixels of a PNG chunk, at which the file stands, are those that were written."""
    check = zlib.crc32(b"IDAT")
    while length > 0:
        piece = file.read(min(length, _PIECE))
        check = zlib.crc32(piece, check)
        length -= len(piece)
    return int.from_bytes(file.read(4), "big") == check


def _webp_size(head: bytes) -> tuple[int, int] | None:
    kind = head[12:16]
    if kind == b"VP8X":
        width, height = head[24:27], head[27:30]
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    if kind == b"VP8L":
        bits = struct.unpack("<I", head[21:25])[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", head[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _brands(head: bytes) -> set[bytes]:
    """The brands of an ISO base media file: the major one and those it says it goes with."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(len(head), int.from_bytes(head[:4], "big"))
    return {head[8:12], *(head[i : i + 4] for i in range(16, end - 3, 4))}


def _foreign(head: bytes) -> str | None:
    """The name of a picture format that we know but do not take."""
    if {b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1"} & _brands(head):
        return "HEIC"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<svg", b"<?xml")) and (b"<svg" in text or text.startswith(b"<svg")):
        return "SVG"
    for magic, name in _FOREIGN.items():
        if head.startswith(magic):
            return name
    return None


_FOREIGN = {
    b"BM": "BMP",
    b"%PDF": "PDF",
    b"8BPS": "Photoshop",
    b"\0\0\1\0": "ICO",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"gimp xcf": "GIMP",
}
