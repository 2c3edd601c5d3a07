"""Picture files in and out: untrusted bytes become upright 8-bit sRGB pixels or a named refusal."""

import io
import json
import os
import signal
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from . import decoding, png_writing
from .arrays import Pixels, Size, size_of
from .decoders import nursery
from .formats import sniff
from .refusals import ImageRefused, Limits

__all__ = [
    "ImageRefused",
    "Ingested",
    "Limits",
    "Picture",
    "encode_jpeg",
    "encode_png",
    "encode_webp",
    "ingest",
    "open_picture",
    "open_untrusted",
    "sniff",
]

_SEGMENT_BYTES = 65_000
TRUSTED = Limits(max_bytes=2**40, max_pixels=2**30, max_side=2**20)


@dataclass(frozen=True)
class Picture:
    """A decoded picture. `format` is that of the file: png, jpeg, webp, avif, gif or tiff.

    `pixels` is (height, width, 3) RGB or, with `has_alpha`, (height, width, 4) RGBA, uint8, sRGB,
    upright, writable. `frames` counts the file's frames; only the first is here.
    """

    pixels: Pixels
    format: str
    frames: int
    has_alpha: bool

    @property
    def size(self) -> Size:
        return size_of(self.pixels)


@dataclass(frozen=True)
class Ingested:
    """What ingest() found and wrote. Sizes are (width, height).

    `size` is that of the upright original; `files` are the names written; `placeholder` is a data URL of a picture 16 px long;
    `peak_bytes` is the most memory that decoding took.
    """

    format: str
    size: Size
    frames: int
    has_alpha: bool
    thumb_size: Size
    preview_size: Size
    files: tuple[str, ...]
    placeholder: str
    peak_bytes: int


def ingest(path: Path, directory: Path, limits: Limits | None = None) -> Ingested:
    """Checks the untrusted file at `path` and writes its previews into `directory`.

    Decoding runs in a process of its own with bounded memory and time. Written are
    preview.webp (at most 2048 px long), thumb.webp (512) and thumb_small.webp (320), upright,
    sRGB, without metadata; nothing is written for a refused file.
    Raises ImageRefused; FileNotFoundError when there is no such file; OSError when the disk is full.
    """
    answer = _ask_child("previews", path, directory, limits or Limits())
    return Ingested(
        format=answer["format"],
        size=_size(answer["size"]),
        frames=answer["frames"],
        has_alpha=answer["has_alpha"],
        thumb_size=_size(answer["thumb_size"]),
        preview_size=_size(answer["preview_size"]),
        files=tuple(answer["files"]),
        placeholder=answer["placeholder"],
        peak_bytes=answer["peak_bytes"],
    )


def open_picture(source: Path | bytes) -> Picture:
    """A picture that was accepted before, decoded in this process at full size.

    The same file always gives the same pixels. Raises ImageRefused if it cannot be read.
    """
    decoded = decoding.decode(source, TRUSTED)
    width, height = decoded.image.size
    pixels = np.empty((height, width, 4 if decoded.has_alpha else 3), np.uint8)
    for top, strip in decoding.strips(decoded.image):
        pixels[top : top + strip.height] = np.asarray(strip)
    return Picture(pixels, decoded.format, decoded.frames, decoded.has_alpha)


def open_untrusted(path: Path, limits: Limits | None = None) -> Picture:
    """A picture from outside, decoded at full size in a process with bounded memory and time.

    Raises ImageRefused; FileNotFoundError when there is no such file; OSError when the disk is full.
    """
    with tempfile.TemporaryDirectory(prefix="pixels-") as directory:
        raw = Path(directory) / "pixels"
        answer = _ask_child("pixels", path, raw, limits or Limits())
        width, height = answer["size"]
        channels = answer["channels"]
        pixels = np.fromfile(raw, np.uint8).reshape(height, width, channels)
    return Picture(pixels, answer["format"], answer["frames"], channels == 4)


def encode_png(
    pixels: Pixels,
    *,
    level: int = 1,
    profile: bytes | None = None,
    exif: bytes | None = None,
    xmp: bytes | None = None,
) -> bytes:
    """A lossless PNG of RGB or RGBA pixels.

    Level 1 is for speed (24 MP in about half a second); higher levels are zlib's. What the file
    says beside them: `profile` is the ICC profile whose colours `pixels` are in, `exif` begins with
    its byte order ("II" or "MM"), `xmp` is a packet, as provenance.xmp makes it.
    """
    if level <= 1:
        return png_writing.encoded(pixels, profile=profile, exif=exif, xmp=xmp)
    order = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
    settings = [cv2.IMWRITE_PNG_COMPRESSION, level]
    done, data = cv2.imencode(".png", cv2.cvtColor(pixels, order), settings)
    if not done:
        raise ValueError("the pixels could not be encoded as PNG")
    return png_writing.with_facts(data.tobytes(), profile=profile, exif=exif, xmp=xmp)


def encode_jpeg(
    pixels: Pixels,
    quality: int = 95,
    *,
    profile: bytes | None = None,
    exif: bytes | None = None,
    xmp: bytes | None = None,
) -> bytes:
    """A JPEG without colour subsampling (4:4:4); transparency is laid on white.

    `profile`, `exif` and `xmp` as for encode_png. EXIF or XMP of more than 65,000 bytes is left out:
    it does not fit a segment.
    """
    beside = _beside(profile, exif if _fits(exif) else None, xmp if _fits(xmp) else None)
    return _encoded(_on_white(pixels), "JPEG", quality=quality, subsampling=0, **beside)


def encode_webp(
    pixels: Pixels,
    quality: int = 80,
    *,
    profile: bytes | None = None,
    exif: bytes | None = None,
    xmp: bytes | None = None,
) -> bytes:
    """A lossy WebP of RGB or RGBA pixels. `profile`, `exif` and `xmp` as for encode_png."""
    beside = _beside(profile, exif, xmp)
    return _encoded(Image.fromarray(pixels), "WEBP", quality=quality, method=2, **beside)


def with_alpha(pixels: Pixels) -> Pixels:
    """The same picture as RGBA: opaque where it had no alpha."""
    if pixels.shape[2] == 4:
        return pixels
    return np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])


def _ask_child(act: str, path: Path, target: Path, limits: Limits) -> dict[str, Any]:
    if not path.stat().st_size:
        raise ImageRefused("empty")
    order: dict[str, Any] = {
        "act": act,
        "path": str(path.resolve()),
        "target": str(target.resolve()),
    }
    order |= {"limits": asdict(limits)}
    return _answer(nursery.run(order, seconds=2 * limits.max_seconds))


def _answer(done: "subprocess.CompletedProcess[bytes]") -> dict[str, Any]:
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise ImageRefused("too_slow")
    if done.returncode != 0:  # a decoder that crashed
        raise ImageRefused("broken")
    answer: dict[str, Any] = json.loads(done.stdout)
    if "no_room" in answer:
        raise OSError(answer["no_room"], os.strerror(answer["no_room"]))
    if "refused" in answer:
        refused = ImageRefused(answer["refused"], **answer["facts"])
        refused.peak_bytes = answer["peak_bytes"]
        raise refused
    return answer


def _size(pair: list[int]) -> Size:
    return pair[0], pair[1]


def _beside(profile: bytes | None, exif: bytes | None, xmp: bytes | None) -> dict[str, bytes]:
    """As Pillow's save() takes them, which looks for no byte order but for the head that JPEG has."""
    given = {"icc_profile": profile, "exif": exif and b"Exif\0\0" + exif, "xmp": xmp}
    return {name: value for name, value in given.items() if value}


def _fits(value: bytes | None) -> bool:
    return value is not None and len(value) <= _SEGMENT_BYTES


def _on_white(pixels: Pixels) -> Image.Image:
    image = Image.fromarray(pixels)
    if image.mode == "RGB":
        return image
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _encoded(image: Image.Image, format_name: str, **settings: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **settings)
    return buffer.getvalue()
