"""Where a picture comes from, as files say it: written into those we make, looked for in those we get.

Written is XMP with IPTC's digital source type (IPTC Photo Metadata Standard 2025.1, and its vocabulary
at cv.iptc.org). Looked for is the manifest of C2PA, which is only found here, never checked.
"""

import re
import zlib
from collections.abc import Iterator
from typing import Literal
from xml.sax.saxutils import escape

from .formats import HEAD_BYTES, sniff

_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_TRAINED = {
    "composite": "compositeWithTrainedAlgorithmicMedia",
    "generated": "trainedAlgorithmicMedia",
}
_WITHOUT_TRAINING = {"composite": "compositeSynthetic", "generated": "algorithmicMedia"}

_LONGEST_PROMPT = 24_000
"""Bytes, as written: it stands there twice, and all must fit a segment of a JPEG."""

_LONGEST_NAME = 2_000
_ILLEGAL = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_PACKET = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:maskroom="urn:maskroom:xmp:1.0:">
{facts}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""

_XMP_IN_PNG = b"XML:com.adobe.xmp\0"
_XMP_IN_JPEG = b"http://ns.adobe.com/xap/1.0/\0"
_MOST_XMP = 2**20

_MANIFEST_STORE = b"c2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71"
_MANIFEST_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_MOST_PARTS = 100_000

_Part = tuple[bytes, int, int]
"""Its kind, and where it begins and ends."""


def xmp(
    *,
    source: Literal["composite", "generated"],
    tool: str,
    edit: str,
    model: str,
    prompt: str = "",
    is_sandbox: bool = False,
) -> bytes:
    """The XMP packet of a picture that we made, at most 60,000 bytes.

    `source` tells whether a photo is in it. What the sandbox draws comes from an algorithm, but from
    none that was trained. Any text may be given; `prompt` goes along where it is not "".
    """
    types = _WITHOUT_TRAINING if is_sandbox else _TRAINED
    facts = {
        "xmp:CreatorTool": _safe(tool, _LONGEST_NAME),
        "Iptc4xmpExt:DigitalSourceType": _SOURCE_TYPES + types[source],
        "maskroom:Edit": _safe(edit, _LONGEST_NAME),
        "maskroom:Model": _safe(model, _LONGEST_NAME),
    }
    if not is_sandbox:
        facts["Iptc4xmpExt:AISystemUsed"] = facts["maskroom:Model"]
    words = _safe(prompt, _LONGEST_PROMPT)
    if words:
        facts["Iptc4xmpExt:AIPromptInformation"] = words
        default = f'<rdf:Alt><rdf:li xml:lang="x-default">{words}</rdf:li></rdf:Alt>'
        facts["dc:description"] = default
    lines = (f"   <{name}>{value}</{name}>" for name, value in facts.items() if value)
    return _PACKET.replace("{facts}", "\n".join(lines)).encode()


def xmp_of(data: bytes) -> bytes | None:
    """The XMP packet of a PNG, JPEG or WebP file; None without one. Never raises."""
    format_name = sniff(data[:HEAD_BYTES])
    if format_name == "png":
        found = (_png_text(data[a:b]) for kind, a, b in _png_chunks(data) if kind == b"iTXt")
    elif format_name == "jpeg":
        found = (_jpeg_text(data[a:b]) for kind, a, b in _jpeg_segments(data) if kind == b"\xe1")
    elif format_name == "webp":
        found = (data[a:b] for kind, a, b in _webp_chunks(data) if kind == b"XMP ")
    else:
        return None
    return next((text for text in found if text), None)


def has_c2pa(data: bytes) -> bool:
    """Whether a JPEG, PNG, WebP or AVIF file carries a manifest of C2PA (its specification, 2.2, appendix A).

    Only that it is there: not whether it is valid, or who signed it. Never raises; pixels are not
    looked at, so that a large file costs no more than a small one.
    """
    format_name = sniff(data[:HEAD_BYTES])
    if format_name == "png":
        return any(
            kind == b"caBX" and _is_store(data[a : min(b, a + 64)])
            for kind, a, b in _png_chunks(data)
        )
    if format_name == "webp":
        return any(
            kind == b"C2PA" and _is_store(data[a : min(b, a + 64)])
            for kind, a, b in _webp_chunks(data)
        )
    if format_name == "avif":
        return any(
            kind == b"uuid" and data[a : a + 16] == _MANIFEST_BOX for kind, a, _ in _boxes(data)
        )
    return format_name == "jpeg" and any(_is_store(box) for box in _jpeg_boxes(data))


def _safe(text: str, longest: int) -> str:
    """As it may stand in XML, and not longer than that many bytes: what is cut off shows."""
    plain = _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    whole = escape(plain)
    if len(whole.encode()) <= longest:
        return whole
    kept, room = [], longest - len("…".encode())
    for character in plain[:longest]:
        written = escape(character)
        room -= len(written.encode())
        if room < 0:
            break
        kept.append(written)
    return "".join(kept) + "…"


def _is_store(box: bytes) -> bool:
    """Whether these bytes begin with the JUMBF box that holds C2PA's manifests."""
    start = 16 if box[:4] == b"\0\0\0\1" else 8  # a size of 1: the real one follows, in 8 bytes
    if box[4:8] != b"jumb" or box[start + 4 : start + 8] != b"jumd":
        return False
    return box[start + 8 : start + 24] == _MANIFEST_STORE


def _jpeg_boxes(data: bytes) -> Iterator[bytes]:
    """How each JUMBF box begins: one may lie in several segments (ISO 19566-5, D.2)."""
    begun: dict[bytes, bytes] = {}
    for kind, start, end in _jpeg_segments(data):
        if kind != b"\xeb" or data[start : start + 2] != b"JP":
            continue
        number = data[start + 2 : start + 4]
        body = data[start + 8 : min(end, start + 8 + 256)]
        if number in begun:  # each segment says the box's size and kind again
            body = body[16 if body[:4] == b"\0\0\0\1" else 8 :]
        begun[number] = (begun.get(number, b"") + body)[:256]
        yield begun[number]


def _png_chunks(data: bytes) -> Iterator[_Part]:
    at = 8
    for _ in range(_MOST_PARTS):
        head = data[at : at + 8]
        if len(head) < 8:
            return
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        yield kind, at + 8, at + 8 + length
        at += 12 + length


def _webp_chunks(data: bytes) -> Iterator[_Part]:
    at = 12
    for _ in range(_MOST_PARTS):
        head = data[at : at + 8]
        if len(head) < 8:
            return
        length = int.from_bytes(head[4:], "little")
        yield head[:4], at + 8, at + 8 + length
        at += 8 + length + length % 2


def _jpeg_segments(data: bytes) -> Iterator[_Part]:
    """What stands before the pixels."""
    at = 2
    for _ in range(_MOST_PARTS):
        head = data[at : at + 4]
        if len(head) < 4 or head[0] != 0xFF or head[1] == 0xDA:
            return
        if head[1] == 0xFF:  # padding
            at += 1
            continue
        length = int.from_bytes(head[2:], "big")
        yield head[1:2], at + 4, at + 2 + length
        at += 2 + max(2, length)


def _boxes(data: bytes) -> Iterator[_Part]:
    """Of an ISO base media file, those of the first level."""
    at = 0
    for _ in range(_MOST_PARTS):
        head = data[at : at + 16]
        if len(head) < 8:
            return
        length, start = int.from_bytes(head[:4], "big"), at + 8
        if length == 1:
            length, start = int.from_bytes(head[8:], "big"), at + 16
        yield head[4:8], start, at + length
        if length < 8:  # 0: the rest of the file
            return
        at += length


def _jpeg_text(segment: bytes) -> bytes | None:
    return segment[len(_XMP_IN_JPEG) :] if segment.startswith(_XMP_IN_JPEG) else None


def _png_text(chunk: bytes) -> bytes | None:
    """The text of an iTXt chunk: behind its keyword two flags, a language and a translation."""
    if not chunk.startswith(_XMP_IN_PNG):
        return None
    flags, rest = chunk[len(_XMP_IN_PNG) :][:2], chunk[len(_XMP_IN_PNG) + 2 :]
    text = rest.partition(b"\0")[2].partition(b"\0")[2]
    if flags[:1] != b"\1":
        return text
    try:
        return zlib.decompressobj().decompress(text, _MOST_XMP)
    except zlib.error:
        return None
