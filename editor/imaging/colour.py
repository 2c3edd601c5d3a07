"""From whatever colours a file has to 8-bit sRGB. Pillow images in and out."""

import io
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from PIL import Image, ImageChops, ImageCms, ImageFilter

from . import icc

_STRIP_PIXELS = 4_000_000
_LARGEST_PROFILE = 4_000_000
_RENDERING: dict[str, Any] = {
    "renderingIntent": ImageCms.Intent.RELATIVE_COLORIMETRIC,
    "flags": ImageCms.Flags.BLACKPOINTCOMPENSATION,
}


def flattened(image: Image.Image) -> Image.Image:
    """The picture in one of the modes L, LA, RGB, RGBA, CMYK or LAB, 8 bits a channel."""
    mode = image.mode
    if mode in ("LAB", "CMYK"):
        return image
    if mode in ("I", "F") or mode.startswith("I;16"):
        return _scaled_to_8_bits(image)
    if image.has_transparency_data:
        wanted = "LA" if mode in ("1", "L", "LA", "La") else "RGBA"
    else:
        wanted = "L" if mode in ("1", "L") else "RGB"
    return image if mode == wanted else image.convert(wanted)


def without_idle_alpha(image: Image.Image) -> Image.Image:
    """The picture without its alpha channel if that is opaque everywhere."""
    if image.mode not in ("LA", "RGBA"):
        return image
    if image.getextrema()[-1] != (255, 255):
        return image
    return image.convert(image.mode[:-1])


def shrunk(image: Image.Image, target: tuple[int, int]) -> Image.Image:
    """The picture at a smaller size; a large one first by a whole factor, which is quicker.

    With alpha Pillow works on a copy of the whole: there that is done strip by strip.
    """
    ratio = min(image.width / target[0], image.height / target[1])
    if "A" in image.getbands() and ratio >= 3.5:
        image = _reduced_in_strips(image, int(ratio / 1.75))
    return image.resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0)


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in mode RGB or RGBA, through its ICC profile where that can be used.

    A profile that is broken or does not go with the picture is dropped.
    """
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    colours = image.convert(image.mode[:-1]) if alpha else image
    colours = _by_profile(colours, profile) or _without_profile(colours)
    if alpha:
        colours.putalpha(alpha)
    return colours


def as_rgb(image: Image.Image) -> Image.Image:
    """A picture of mode L, LA, RGB or RGBA in RGB or RGBA, its values as they are."""
    wanted = "RGBA" if image.mode in ("LA", "RGBA") else "RGB"
    return image if image.mode == wanted else image.convert(wanted)


def profile_for(image: Image.Image, profile: bytes | None) -> bytes | None:
    """The profile, or for a grey picture with one of grey that of RGB which says the same."""
    if not profile or image.mode not in ("L", "LA"):
        return profile
    return icc.grey_as_rgb(profile) or profile


def can_be_kept(image: Image.Image, profile: bytes | None) -> bool:
    """Whether a picture of a flattened mode can be written as RGB with its values unchanged: with its
    profile where conversion knows that, without one where to_srgb would leave the values alone.
    """
    if image.mode not in ("L", "LA", "RGB", "RGBA"):
        return False
    if not profile or conversion(profile):
        return True
    sample = Image.new("L" if image.mode in ("L", "LA") else "RGB", (1, 1))
    return _by_profile(sample, profile) is None


@dataclass(frozen=True)
class Conversion:
    """Between sRGB and the colours of an RGB profile, 8 bits. Both are None for sRGB itself."""

    _to_srgb: ImageCms.ImageCmsTransform | None
    _from_srgb: ImageCms.ImageCmsTransform | None

    @property
    def is_identity(self) -> bool:
        return self._to_srgb is None

    def to_srgb(self, image: Image.Image) -> Image.Image:
        """What the function to_srgb makes of it; `image` is of mode RGB."""
        return _applied(self._to_srgb, image)

    def from_srgb(self, image: Image.Image) -> Image.Image:
        return _applied(self._from_srgb, image)


@lru_cache(maxsize=8)
def conversion(profile: bytes) -> Conversion | None:
    """None for a profile that is broken, not of RGB, or cannot be converted to."""
    if len(profile) > _LARGEST_PROFILE:
        return None
    with suppress(Exception):
        opened = ImageCms.getOpenProfile(io.BytesIO(profile))
        if opened.profile.xcolor_space.strip() != "RGB":
            return None
        if _is_srgb(opened):
            return Conversion(None, None)
        srgb = ImageCms.createProfile("sRGB")
        return Conversion(_transform(opened, srgb), _transform(srgb, opened))
    return None


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """The sRGB that everything is converted to and from."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _transform(source: Any, target: Any) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(source, target, "RGB", "RGB", **_RENDERING)


def _applied(transform: ImageCms.ImageCmsTransform | None, image: Image.Image) -> Image.Image:
    if transform is None:
        return image
    return cast("Image.Image", ImageCms.applyTransform(image, transform))


def _scaled_to_8_bits(image: Image.Image) -> Image.Image:
    """Grey of more than 8 bits. Pillow's own conversion clips instead of scaling."""
    if image.mode.startswith("I;16"):
        # Pillow scales no 16 bits but those of its own machine's order
        image = image if image.mode == "I;16" else image.convert("I")
        return image.point(lambda value: value * (1 / 257) + 0.5).convert("L")
    darkest, brightest = cast("tuple[float, float]", image.getextrema())
    low, high = _tone_range(image.mode, darkest, brightest)
    scale = 255 / (high - low)
    offset = 0.5 - low * scale
    return image.point(lambda value: value * scale + offset).convert("L")


def _tone_range(mode: str, low: float, high: float) -> tuple[float, float]:
    """What counts as black and white: the usual ranges if the values fit, else their own."""
    for top in (1.0,) if mode == "F" else (255.0, 65535.0):
        if low >= 0 and high <= top:
            return 0.0, top
    return (low, high) if high > low else (low, low + 1)


def _reduced_in_strips(image: Image.Image, factor: int) -> Image.Image:
    width, height = -(-image.width // factor), -(-image.height // factor)
    small = Image.new(image.mode, (width, height))
    rows = max(1, _STRIP_PIXELS // image.width // factor) * factor
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        small.paste(strip.reduce(factor), (0, top // factor))
    return small


def _by_profile(image: Image.Image, data: bytes | None) -> Image.Image | None:
    """None without a usable profile."""
    if not data:
        return None
    with suppress(Exception):  # LittleCMS reports rubbish by several types of exception
        profile = ImageCms.getOpenProfile(io.BytesIO(data))
        if _is_srgb(profile) and image.mode in ("L", "RGB"):
            return image.convert("RGB")
        return _converted(_matching(image, profile), profile)
    return None


def _is_srgb(profile: Any) -> bool:
    """By name. Converting sRGB to sRGB costs a second on a large photo and moves values by one."""
    name = (profile.profile.profile_description or "").lower()
    return "srgb" in name and "linear" not in name and "scrgb" not in name


def _matching(image: Image.Image, profile: Any) -> Image.Image:
    """A grey picture may carry a colour profile, which wants three channels."""
    if image.mode == "L" and profile.profile.xcolor_space.strip() == "RGB":
        return image.convert("RGB")
    return image


def _converted(image: Image.Image, profile: Any) -> Image.Image | None:
    return ImageCms.profileToProfile(
        image,
        profile,
        ImageCms.createProfile("sRGB"),
        outputMode="RGB",
        **_RENDERING,
    )


def _without_profile(image: Image.Image) -> Image.Image:
    if image.mode == "CMYK":
        return _press_colours(image)
    if image.mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        return ImageCms.profileToProfile(  # type: ignore[return-value]
            image, lab, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    return image.convert("RGB")


def _press_colours(image: Image.Image) -> Image.Image:
    """CMYK without a profile, as coated offset paper shows it (Neugebauer's mixing, 1937).

    The plain inverse that decoders give is far too vivid. The eight mixtures of the three
    inks are the corners of a colour table, which interpolates as the dots on paper do;
    black ink then darkens what is there.
    """
    cyan, magenta, yellow, black = image.split()
    inks = Image.merge("RGB", (cyan, magenta, yellow))
    colours = inks.filter(_OFFSET_PRINT)
    tint = black.point(lambda value: 255 - value * 220 / 255)
    return ImageChops.multiply(colours, Image.merge("RGB", (tint, tint, tint)))


_OFFSET_PRINT = ImageFilter.Color3DLUT(
    2,
    [
        channel / 255
        for corner in (
            (255, 255, 255),  # paper
            (0, 174, 239),  # cyan
            (236, 0, 140),  # magenta
            (46, 49, 146),  # cyan and magenta
            (255, 242, 0),  # yellow
            (0, 166, 81),  # cyan and yellow
            (237, 28, 36),  # magenta and yellow
            (54, 54, 57),  # all three
        )
        for channel in corner
    ],
)
"""The sRGB values of solid inks (the familiar SWOP swatches), first ink varying fastest."""
