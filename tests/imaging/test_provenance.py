"""What our files say of themselves, read back by Pillow and byte by byte; and what others' files carry."""

import io
import struct
import time
import xml.etree.ElementTree as ET
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from editor.imaging import files
from editor.imaging.exif import tidied
from editor.imaging.masters import open_master, write_png
from editor.imaging.provenance import has_c2pa, xmp, xmp_of

from .drawing import noise, png_chunk, saved, smooth
from .profiles import rgb_profile
from .tiffs import directories

VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
NAMES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "iptc": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "maskroom": "urn:maskroom:xmp:1.0:",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}
ENCODERS = {"png": files.encode_png, "jpeg": files.encode_jpeg, "webp": files.encode_webp}
MODEL = 0x0110


def packet(**facts):
    given = {"source": "composite", "tool": "Maskroom", "edit": "e-1", "model": "painter-2"}
    return xmp(**(given | facts))


def told(data):
    """The facts of a packet by their short names."""
    root = ET.fromstring(data)
    found = {}
    for short, name in (("tool", "xmp:CreatorTool"), ("type", "iptc:DigitalSourceType"),
                        ("edit", "maskroom:Edit"), ("model", "maskroom:Model"),
                        ("system", "iptc:AISystemUsed"), ("prompt", "iptc:AIPromptInformation"),
                        ("description", "dc:description/rdf:Alt/rdf:li")):  # fmt: skip
        element = root.find(f".//{name}", NAMES)
        found[short] = None if element is None else element.text
    return found


@pytest.mark.parametrize(
    ("source", "is_sandbox", "kind"),
    [
        ("composite", False, "compositeWithTrainedAlgorithmicMedia"),
        ("generated", False, "trainedAlgorithmicMedia"),
        ("composite", True, "compositeSynthetic"),
        ("generated", True, "algorithmicMedia"),
    ],
)
def test_packet_tells_where_the_picture_comes_from(source, is_sandbox, kind):
    facts = told(packet(source=source, is_sandbox=is_sandbox))
    assert facts["type"] == VOCABULARY + kind
    assert (facts["tool"], facts["edit"], facts["model"]) == ("Maskroom", "e-1", "painter-2")
    assert facts["system"] == (None if is_sandbox else "painter-2")


def test_packet_has_the_prompt_only_where_it_is_given():
    assert told(packet())["prompt"] is None
    assert told(packet())["description"] is None
    with_words = told(packet(prompt="a red boat\nat dusk"))
    assert with_words["prompt"] == with_words["description"] == "a red boat\nat dusk"


def test_packet_is_wrapped_as_xmp_wants_it():
    data = packet()
    assert data.startswith('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'.encode())
    assert data.endswith(b'<?xpacket end="r"?>')


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(), max_size=200), st.text(st.characters(), max_size=50))
def test_any_text_is_told_as_it_is_but_for_what_xml_cannot_hold(prompt, edit):
    facts = told(packet(prompt=prompt, edit=edit))
    plain = prompt.replace("\r\n", "\n").replace("\r", "\n")
    wanted = "".join(c for c in plain if c in "\t\n" or (ord(c) >= 32 and not _is_illegal(c)))
    assert (facts["prompt"] or "") == wanted


def _is_illegal(character):
    return 0xD800 <= ord(character) <= 0xDFFF or ord(character) in (0xFFFE, 0xFFFF)


@pytest.mark.parametrize("letter", ["x", "&", "漢", "🛶", "]]>"])
def test_endless_prompt_is_cut_so_that_a_jpeg_can_carry_it(letter):
    data = packet(prompt=letter * 32_000)
    assert 20_000 < len(data) <= 60_000
    words = told(data)["prompt"]
    assert words.endswith("…")
    assert (letter * 32_000).startswith(words[:-1])
    stored = files.encode_jpeg(noise((9, 9)), xmp=data)
    assert xmp_of(stored) == data


def test_tag_in_a_prompt_stays_a_text():
    words = '</rdf:li><script src="x">&amp;{facts}<?xpacket end="w"?>'
    assert told(packet(prompt=words))["prompt"] == words


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("name", ENCODERS)
def test_each_format_carries_profile_exif_and_xmp(name, channels):
    pixels = smooth((60, 40))
    pixels = pixels if channels == 3 else np.dstack([pixels, noise((60, 40), 1)])
    block, profile = tidied(directories({MODEL: "Z"})), rgb_profile()
    data = ENCODERS[name](pixels, profile=profile, exif=block, xmp=packet())
    image = Image.open(io.BytesIO(data))
    image.load()
    assert image.info["icc_profile"] == profile
    assert image.getexif()[MODEL] == "Z"
    assert told(image.info["xmp"])["edit"] == "e-1"
    assert parts_of(name, data) == (profile, block, packet())
    assert xmp_of(data) == packet()
    bare = ENCODERS[name](pixels)
    opened, untouched = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(bare))
    assert np.array_equal(np.asarray(opened), np.asarray(untouched))


def parts_of(name, data):
    """(profile, EXIF, XMP) by the letter of each format, without any library."""
    return {"png": parts_of_png, "jpeg": parts_of_jpeg, "webp": parts_of_webp}[name](data)


def parts_of_png(data):
    found, at = {}, 8
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + body)
        assert kind == b"IDAT" or kind not in found
        assert not (kind in (b"iCCP", b"eXIf", b"iTXt") and b"IDAT" in found)
        found[kind] = body
        at += 12 + length
    assert found[b"IEND"] == b""
    keyword, _, rest = found[b"iTXt"].partition(b"\0")
    assert (keyword, rest[:4]) == (b"XML:com.adobe.xmp", bytes(4))
    return zlib.decompress(found[b"iCCP"].split(b"\0", 2)[2]), found[b"eXIf"], rest[4:]


def parts_of_jpeg(data):
    profile = block = words = None
    at = 2
    while data[at + 1] != 0xDA:
        length = struct.unpack_from(">H", data, at + 2)[0]
        body = data[at + 4 : at + 2 + length]
        if data[at + 1] == 0xE2 and body.startswith(b"ICC_PROFILE\0\1\1"):
            profile = body[14:]
        if data[at + 1] == 0xE1 and body.startswith(b"Exif\0\0"):
            block = body[6:]
        if data[at + 1] == 0xE1 and body.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
            words = body[29:]
        at += 2 + length
    return profile, block, words


def parts_of_webp(data):
    assert struct.unpack_from("<4sI4s", data) == (b"RIFF", len(data) - 8, b"WEBP")
    found, at = {}, 12
    while at < len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        found[kind] = data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    return found[b"ICCP"], found[b"EXIF"], found[b"XMP "]


def test_png_of_a_higher_level_carries_them_too():
    block, profile = tidied(directories({MODEL: "Z"})), rgb_profile()
    pixels = smooth((60, 40))
    data = files.encode_png(pixels, level=6, profile=profile, exif=block, xmp=packet())
    assert parts_of_png(data) == (profile, block, packet())
    assert np.array_equal(open_master(data).pixels, pixels)


def test_png_of_16_bits_carries_them_too():
    block, profile = tidied(directories({MODEL: "Z"})), rgb_profile()
    pixels = smooth((60, 40)).astype(np.uint16) * 251
    data = write_png(pixels, profile=profile, exif=block, xmp=packet())
    assert parts_of_png(data) == (profile, block, packet())
    again = open_master(data)
    assert (again.profile, again.exif) == (profile, block)
    assert np.array_equal(again.pixels, pixels)


def test_what_does_not_fit_a_segment_of_a_jpeg_is_left_out():
    data = files.encode_jpeg(noise((9, 9)), exif=b"II*\0" + bytes(70_000), xmp=b"x" * 70_000)
    assert "exif" not in Image.open(io.BytesIO(data)).info
    assert xmp_of(data) is None


def test_files_say_nothing_that_was_not_asked_for():
    for encode in ENCODERS.values():
        data = encode(noise((9, 9)))
        assert not {"icc_profile", "exif", "xmp"} & Image.open(io.BytesIO(data)).info.keys()
        assert xmp_of(data) is None


def test_compressed_xmp_of_a_png_is_read_but_not_without_end():
    def png(text):
        body = b"XML:com.adobe.xmp\0\1\0\0\0" + text
        return files.encode_png(noise((9, 9)))[:33] + png_chunk(b"iTXt", body)

    assert xmp_of(png(zlib.compress(packet()))) == packet()
    assert len(xmp_of(png(zlib.compress(bytes(50_000_000))))) == 2**20
    assert xmp_of(png(b"rubbish")) is None


MANIFEST_BOX = bytes.fromhex("D8FEC3D6 1B0E 483C 9297 5828877EC481")
# C2PA 2.2, 11.1: the store's own kind begins with its letters
STORE = bytes.fromhex("63327061 0011 0010 8000 00AA00389B71")


def box(kind, body, *, is_long=False):
    if is_long:
        return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body
    return struct.pack(">I4s", 8 + len(body), kind) + body


def store(*, is_long=False, kind=STORE, size=500):
    """A manifest store: what it is, and something in it."""
    description = box(b"jumd", kind + b"\3c2pa\0")
    return box(b"jumb", description + box(b"jumb", noise((size, 1), 1).tobytes()), is_long=is_long)


def in_png(body, kind=b"caBX"):
    data = files.encode_png(noise((30, 20)))
    return data[:33] + png_chunk(kind, body) + data[33:]


def in_jpeg(body, *, room=60_000, before=b""):
    """In as many segments as are needed, each with the head of the box again."""
    data = files.encode_jpeg(noise((30, 20)))
    head = 16 if body[:4] == b"\0\0\0\1" else 8
    rest, segments = body[head:], b""
    for number, at in enumerate(range(0, len(rest), room), start=1):
        piece = b"JP" + struct.pack(">HI", 211, number) + body[:head] + rest[at : at + room]
        segments += b"\xff\xeb" + struct.pack(">H", 2 + len(piece)) + piece
    return data[:2] + before + segments + data[2:]


def in_webp(body, kind=b"C2PA"):
    data = saved(Image.fromarray(noise((30, 20))), "WEBP", exif=b"Exif\0\0II*\0")
    data += kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def in_avif(uuid=MANIFEST_BOX, *, is_long=False):
    data = saved(Image.fromarray(noise((30, 20))), "AVIF")
    body = uuid + bytes(4) + b"manifest\0" + bytes(8) + store()
    end = struct.unpack_from(">I", data)[0]
    return data[:end] + box(b"uuid", body, is_long=is_long) + data[end:]


@pytest.mark.parametrize(
    "data",
    [
        in_png(store()), in_png(store(is_long=True)), in_jpeg(store()),
        in_jpeg(store(size=200_000)), in_jpeg(store(is_long=True)), in_jpeg(store(), room=10),
        in_jpeg(store(), before=b"\xff\xff\xff\xe0\0\4ab"), in_webp(store()),
        in_webp(store(size=501)), in_avif(), in_avif(is_long=True),
    ],
    ids=["png", "png, long box", "jpeg", "jpeg, four segments", "jpeg, long box", "jpeg, in shreds",
         "jpeg, padded", "webp", "webp, odd length", "avif", "avif, long box"],
)  # fmt: skip
def test_manifest_is_found(data):
    assert has_c2pa(data)


@pytest.mark.parametrize(
    "data",
    [
        *(encode(noise((30, 20))) for encode in ENCODERS.values()),
        saved(Image.fromarray(noise((30, 20))), "AVIF"), saved(Image.fromarray(noise((30, 20))), "GIF"),
        in_png(store(), kind=b"caBY"), in_png(store(kind=b"other kind of it")), in_png(b"c2pa" * 99),
        in_jpeg(store(kind=b"other kind of it")), in_webp(store(), kind=b"C2PX"), in_webp(b""),
        in_avif(bytes(16)), b"", b"caBX", STORE, files.encode_jpeg(noise((9, 9)), xmp=store()),
    ],
)  # fmt: skip
def test_manifest_is_not_found_where_there_is_none(data):
    assert not has_c2pa(data)


@pytest.mark.parametrize("data", [in_png(store()), in_jpeg(store()), in_webp(store()), in_avif()])
def test_truncated_files_raise_nothing(data):
    for length in range(0, len(data), 7):
        has_c2pa(data[:length])
        xmp_of(data[:length])


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([in_png(store()), in_jpeg(store()), in_webp(store()), in_avif()]), st.data())
def test_spoiled_files_raise_nothing(data, draw):
    spoiled = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 30))):
        spoiled[draw.draw(st.integers(0, min(700, len(data) - 1)))] = draw.draw(st.integers(0, 255))
    assert has_c2pa(bytes(spoiled)) in (True, False)
    assert xmp_of(bytes(spoiled)) is None or isinstance(xmp_of(bytes(spoiled)), bytes)


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n" + bytes(20_000_000),
        b"\xff\xd8\xff\xe0" + b"\0\2\xff\xe0" * 5_000_000,
        b"\xff\xd8\xff" + b"\xff" * 20_000_000,
        b"RIFF\xff\xff\xff\xffWEBP" + bytes(20_000_000),
        b"\0\0\0\x1cftypavif" + bytes(16) + b"\0\0\0\x08free" * 2_500_000,
        b"\xff\xd8" + (b"\xff\xeb\0\x12JP\0\1\0\0\0\1" + bytes(8)) * 900_000,
    ],
)
def test_hostile_files_are_given_up_soon(data):
    began = time.process_time()
    assert not has_c2pa(data)
    assert xmp_of(data) is None
    assert time.process_time() - began < 3  # a file walked to its end takes far longer
