"""Thumbnails, the work preview, and the placeholder shown until they arrive.

WebP without EXIF, ICC, XMP or comments.
"""

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:  # numpy would cost the decoding child a tenth of a second
    from .arrays import Mask, Pixels

Bounds = tuple[int, int, int, int]

PREVIEW_SIDE = 2048
THUMB_SIDE = 512
SMALL_THUMB_SIDE = 320
PLACEHOLDER_SIDE = 16

PREVIEW = "preview.webp"
THUMB = "thumb.webp"
SMALL_THUMB = "thumb_small.webp"

# For thumbnails, which nobody paints on: hardly less sharp than Lanczos, at half of its work.
QUICK = Image.Resampling.HAMMING


@dataclass(frozen=True)
class Previews:
    """`files` are WebP bytes by name; sizes are (width, height); `placeholder` is a data URL."""

    files: dict[str, bytes]
    preview_size: tuple[int, int]
    thumb_size: tuple[int, int]
    placeholder: str


def previews_of(pixels: "Pixels") -> Previews:
    """The previews of pixels that we made ourselves."""
    return previews_of_image(Image.fromarray(pixels))


def previews_of_image(image: Image.Image) -> Previews:
    """The previews of an upright sRGB image (mode RGB or RGBA). Never larger than the image."""
    preview = within(image, PREVIEW_SIDE)
    thumb = within(preview, THUMB_SIDE, QUICK)
    files = {
        PREVIEW: _webp(preview, 82),
        THUMB: _webp(thumb, 80),
        SMALL_THUMB: _webp(within(thumb, SMALL_THUMB_SIDE, QUICK), 78),
    }
    return Previews(files, preview.size, thumb.size, _placeholder(thumb))


def preview_within(base: "Pixels", mask: "Mask | None", answer: "Pixels", frame: Bounds) -> bytes:
    """A preview in the making as WebP: `answer` shown in `frame` (left, top, right, bottom in pixels of
    `base`, which may reach beyond it) where `mask` is set, and `base` (a work preview) elsewhere.

    `base` is uint8 (height, width, 3 or 4), `mask` uint8 of the same height and width or None: all.
    """
    picture = Image.fromarray(base).convert("RGB")
    left, top, right, bottom = frame
    layer = Image.fromarray(answer).convert("RGB").resize((right - left, bottom - top))
    shown = picture.copy()
    shown.paste(layer, (left, top))
    if mask is not None:
        shown = Image.composite(shown, picture, Image.fromarray(mask))
    return _webp(shown, 80)


def preview_alone(answer: "Pixels") -> tuple[bytes, tuple[int, int]]:
    """A preview in the making that stands for the whole picture, as WebP, and its size."""
    picture = within(Image.fromarray(answer), PREVIEW_SIDE)
    return _webp(picture, 80), picture.size


def within(
    image: Image.Image, long_side: int, kernel: Image.Resampling = Image.Resampling.LANCZOS
) -> Image.Image:
    """The image shrunk so that its longer side is at most `long_side`; never enlarged."""
    if max(image.size) <= long_side:
        return image
    ratio = long_side / max(image.size)
    size = max(1, round(image.width * ratio)), max(1, round(image.height * ratio))
    return image.resize(size, kernel, reducing_gap=2.0)


def _placeholder(thumb: Image.Image) -> str:
    tiny = within(thumb, PLACEHOLDER_SIDE)
    return "data:image/webp;base64," + base64.b64encode(_webp(tiny, 40)).decode()


def _webp(image: Image.Image, quality: int) -> bytes:
    # Pillow copies what it finds in info unless told otherwise
    bare = {"exif": b"", "icc_profile": b"", "xmp": b""}
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=1, **bare)
    return buffer.getvalue()
