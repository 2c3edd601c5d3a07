"""Files that must be refused by name, and what they may cost."""

import io
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from editor.imaging import decoding
from editor.imaging.files import ImageRefused, Limits, ingest, open_picture, open_untrusted
from editor.imaging.refusals import MEBIBYTE, SENTENCES

from .drawing import noise, png_chunk, png_header, png_of, saved, smooth

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "TIFF")


def drawn(name: str) -> bytes:
    return saved(Image.fromarray(noise((90, 70))), name)


def cut_short(data: bytes, by: float) -> bytes:
    return data[: int(len(data) * by)]


def webp_of(width: int, height: int) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + sides
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg_of(width: int, height: int) -> bytes:
    data = bytearray(drawn("JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def zeros(count: int) -> bytes:
    """`count` zero bytes, deflated in pieces."""
    packer = zlib.compressobj(9)
    piece = bytes(MEBIBYTE)
    done = [packer.compress(piece) for _ in range(count // MEBIBYTE)]
    return b"".join([*done, packer.compress(bytes(count % MEBIBYTE)), packer.flush()])


def vast_png(side: int) -> bytes:
    """One bit a pixel, all black: a few hundred kilobytes, however large."""
    packed = zeros((-(-side // 8) + 1) * side)
    parts = (b"IHDR", png_header(side, side, bits=1)), (b"IDAT", packed), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts)


BAD = {
    "empty": (lambda: b"", "empty"),
    "one byte": (lambda: b"\x89", "not_a_picture"),
    "png magic alone": (lambda: b"\x89PNG\r\n\x1a\n", "truncated"),
    "text": (lambda: b"Dear picture, how are you?" * 20, "not_a_picture"),
    "html": (lambda: b"<!DOCTYPE html><html><script>alert(1)</script></html>", "not_a_picture"),
    "svg": (lambda: b"<svg xmlns='x' onload='alert(1)'/>", "format_not_taken"),
    "svg with prolog": (lambda: b"<?xml version='1.0'?><svg onload='x'/>", "format_not_taken"),
    "zip": (lambda: b"PK\3\4" + bytes(200), "not_a_picture"),
    "heic": (lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100), "format_not_taken"),
    "pdf": (lambda: b"%PDF-1.7\n" + bytes(100), "format_not_taken"),
    "bmp": (lambda: saved(Image.fromarray(noise((9, 9))), "BMP"), "format_not_taken"),
    "gif and script": (lambda: b"GIF89a/*<script>alert(1)</script>*/=1;", None),
    "30000 x 30000 png": (lambda: vast_png(30_000), "too_many_pixels"),
    "65535 x 65535 png": (lambda: png_of(png_header(65535, 65535), b"\0" * 9), "too_many_pixels"),
    "long thin png": (lambda: png_of(png_header(2**31 - 1, 1), b"\0" * 9), "too_many_pixels"),
    "9500 x 9500 png": (lambda: vast_png(9500), "too_many_pixels"),
    "65500 x 65500 jpeg": (lambda: jpeg_of(65500, 65500), "too_many_pixels"),
    "16000 x 16000 webp": (lambda: webp_of(16000, 16000), "too_many_pixels"),
    "zero width png": (lambda: png_of(png_header(0, 10), b""), "no_area"),
    "zero height png": (lambda: png_of(png_header(10, 0), b""), "no_area"),
    "zero width jpeg": (lambda: jpeg_of(0, 10), None),
    "png without its last bytes": (lambda: drawn("PNG")[:-20], "truncated"),
    "png without its end": (lambda: drawn("PNG")[:-12], "truncated"),
    "png with a wrong checksum": (lambda: flipped(drawn("PNG"), 500), "broken"),
    "png text bomb": (
        lambda: with_chunk(b"zTXt", b"a\0\0" + zeros(200 * MEBIBYTE)),
        "broken",
    ),
    "png profile bomb": (
        lambda: with_chunk(b"iCCP", b"a\0\0" + zeros(300 * MEBIBYTE)),
        "broken",
    ),
}
BAD |= {
    f"{name.lower()} cut at {by:.0%}": (lambda name=name, by=by: cut_short(drawn(name), by), None)
    for name in FORMATS
    for by in (0.3, 0.6, 0.9, 0.98)
}


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def with_chunk(kind: bytes, body: bytes) -> bytes:
    return png_of(png_header(4, 4), b"\0" * 20, png_chunk(kind, body))


@pytest.mark.parametrize("name", BAD)
def test_bad_file_is_refused_by_name_and_leaves_nothing(name, tmp_path):
    make, code = BAD[name]
    path = tmp_path / "upload.png"
    path.write_bytes(make())
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ImageRefused) as refused:
        ingest(path, out)
    assert refused.value.code == code or (code is None and refused.value.code in SENTENCES)
    assert str(refused.value).endswith(".")
    assert "{" not in str(refused.value)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("name", ["text", "empty", "png without its end", "zero width png"])
def test_reading_pixels_refuses_as_ingesting_does(name, tmp_path):
    make, code = BAD[name]
    path = tmp_path / "upload"
    path.write_bytes(make())
    for act in (lambda: open_untrusted(path), lambda: open_picture(path.read_bytes())):
        with pytest.raises(ImageRefused) as refused:
            act()
        assert refused.value.code == code


def test_51_megabytes_are_refused_without_reading_them(tmp_path):
    path = tmp_path / "upload"
    with path.open("wb") as file:
        file.write(drawn("PNG"))
        file.truncate(51 * MEBIBYTE)
    with pytest.raises(ImageRefused) as refused:
        ingest(path, tmp_path)
    assert refused.value.code == "too_many_bytes"
    assert "51 MB" in str(refused.value)
    assert "50 MB" in str(refused.value)


def test_refusal_names_the_size_it_found(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(png_of(png_header(40_000, 300), b""))
    with pytest.raises(ImageRefused, match="40000 x 300"):
        ingest(path, tmp_path)


def test_vast_picture_costs_next_to_no_memory(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(vast_png(30_000))
    assert path.stat().st_size < 200_000
    with pytest.raises(ImageRefused) as refused:
        ingest(path, tmp_path)
    assert refused.value.peak_bytes < 50 * MEBIBYTE


def test_24_megapixel_jpeg_stays_far_below_600_megabytes(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(saved(Image.fromarray(smooth((600, 400))).resize((6000, 4000)), "JPEG"))
    assert 0 < ingest(path, tmp_path).peak_bytes < 150 * MEBIBYTE


@pytest.mark.parametrize(
    ("name", "mode", "saving"),
    [
        ("PNG", "RGBA", {"compress_level": 1}),
        ("JPEG", "RGB", {"progressive": True, "quality": 60}),
        ("WEBP", "RGBA", {"method": 0, "quality": 30}),
    ],
)
def test_64_megapixels_stay_below_600_megabytes(name, mode, saving, tmp_path):
    path = tmp_path / "upload"
    image = Image.new(mode, (8000, 8000), (200, 90, 30, 128)[: len(mode)])
    path.write_bytes(saved(image, name, **saving))
    found = ingest(path, tmp_path)
    assert found.size == (8000, 8000)
    assert 0 < found.peak_bytes < 600 * MEBIBYTE


def test_memory_beyond_the_limit_is_a_refusal(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(vast_png(7900))
    with pytest.raises(ImageRefused) as refused:
        ingest(path, tmp_path, Limits(max_memory=100 * MEBIBYTE))
    assert refused.value.code == "too_many_pixels"
    assert "7900 x 7900" in str(refused.value)


def test_decoding_that_takes_too_long_is_stopped(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(drawn("WEBP"))
    with pytest.raises(ImageRefused) as refused:
        ingest(path, tmp_path, Limits(max_seconds=0))
    assert refused.value.code == "too_slow"


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", FORMATS)
def test_mutated_files_are_decoded_or_refused_and_nothing_else(name):
    rng = random.Random(name)
    original = saved(Image.fromarray(smooth((40, 30))), name)
    outcomes = set()
    for _ in range(150):
        try:
            decoded = decoding.decode(mutated(original, rng), Limits(max_pixels=1_000_000))
            assert decoded.image.mode in ("RGB", "RGBA")
            outcomes.add("decoded")
        except ImageRefused as refused:
            outcomes.add(refused.code)
    assert len(outcomes) > 1


def mutated(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 2, 5, 20])):
        # most of what can go wrong is in the head
        end = rng.choice([64, len(changed)])
        changed[rng.randrange(min(end, len(changed)))] = rng.randrange(256)
    if rng.random() < 0.2:
        del changed[rng.randrange(len(changed)) :]
    return bytes(changed)


def test_refusal_codes_all_have_a_sentence_for_a_person():
    for code in SENTENCES:
        facts = dict.fromkeys(("width", "height", "megabytes", "limit"), "7") | {"name": "HEIC"}
        refused = ImageRefused(code, **facts)
        assert str(refused)[0].isupper()
        assert ": " in str(refused)


def test_decoding_child_sees_no_environment(tmp_path, monkeypatch):
    """Secrets of the parent are out of a decoder's reach."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "PIL.py").write_text("raise SystemExit(9)")
    path = tmp_path / "upload"
    path.write_bytes(drawn("PNG"))
    assert ingest(path, tmp_path).size == (90, 70)


def test_pixels_of_a_stored_picture_are_the_same_every_time():
    data = saved(Image.fromarray(smooth((200, 100))), "JPEG")
    assert np.array_equal(open_picture(data).pixels, open_picture(io.BytesIO(data).read()).pixels)
