"""Names of colours in English sentences: those of CSS Color 4, and everyday ones beside them."""

import colorsys
import re

Colour = tuple[int, int, int]
"""red, green, blue, 0 to 255, sRGB."""

NAMES: dict[str, int] = {
    "amber": 0xFFBF00,
    "apricot": 0xFBCEB1,
    "aqua": 0x00CFCF,
    "aquamarine": 0x7FFFD4,
    "azure": 0x2A8CE0,
    "beige": 0xE8DCC0,
    "black": 0x16161A,
    "blue": 0x1F4FD8,
    "bronze": 0xB0763A,
    "brown": 0x7A4A2A,
    "burgundy": 0x800020,
    "champagne": 0xF1DDBF,
    "charcoal": 0x36454F,
    "chartreuse": 0x9FE000,
    "chocolate": 0x6B3F22,
    "cobalt": 0x0047AB,
    "copper": 0xB87333,
    "coral": 0xFF7F50,
    "cream": 0xF8EFD2,
    "crimson": 0xDC143C,
    "cyan": 0x00C8E0,
    "emerald": 0x0F9D6B,
    "firebrick": 0xB22222,
    "forest green": 0x228B22,
    "fuchsia": 0xE312B5,
    "gold": 0xE2B007,
    "golden": 0xE2B007,
    "goldenrod": 0xDAA520,
    "gray": 0x858585,
    "green": 0x2E9E3F,
    "grey": 0x858585,
    "hot pink": 0xFF69B4,
    "indigo": 0x4B2AA8,
    "ivory": 0xFBF8E6,
    "jade": 0x00A86B,
    "khaki": 0xC3B078,
    "lavender": 0xC3B1E8,
    "lemon": 0xFFF04D,
    "lilac": 0xC8A2C8,
    "lime": 0x9BE01E,
    "lime green": 0x32CD32,
    "magenta": 0xE312B5,
    "maroon": 0x800000,
    "mauve": 0xB784A7,
    "midnight blue": 0x191970,
    "mint": 0x98E6C0,
    "mustard": 0xD9A820,
    "navy": 0x14285A,
    "navy blue": 0x14285A,
    "ochre": 0xC77822,
    "olive": 0x808000,
    "olive green": 0x6B7A2A,
    "orange": 0xF58216,
    "orchid": 0xDA70D6,
    "peach": 0xFFC9A3,
    "periwinkle": 0xA0A8E8,
    "petrol": 0x005F6A,
    "pink": 0xF58FB4,
    "plum": 0x8E4585,
    "purple": 0x7D2FB0,
    "red": 0xD42A2A,
    "rose": 0xE8608A,
    "royal blue": 0x4169E1,
    "ruby": 0xC2185B,
    "rust": 0xB7410E,
    "salmon": 0xFA8072,
    "sand": 0xD8C49A,
    "sapphire": 0x0F52BA,
    "scarlet": 0xF02A14,
    "sea green": 0x2E8B57,
    "sienna": 0xA0522D,
    "silver": 0xC4C8CC,
    "sky blue": 0x6FBFEB,
    "slate": 0x5F6B7A,
    "slate grey": 0x708090,
    "steel blue": 0x4682B4,
    "tan": 0xD2B48C,
    "teal": 0x008080,
    "terracotta": 0xC8623C,
    "tomato": 0xFF6347,
    "turquoise": 0x30C8BE,
    "vermilion": 0xE34234,
    "violet": 0x8A3FD1,
    "white": 0xF7F7F5,
    "wine": 0x722F37,
    "yellow": 0xF7D313,
}

_SHADES = {  # factors of lightness and of saturation, in HLS
    "dark": (0.6, 1.0),
    "darker": (0.6, 1.0),
    "deep": (0.68, 1.15),
    "light": (1.4, 0.95),
    "lighter": (1.4, 0.95),
    "pale": (1.55, 0.7),
    "pastel": (1.5, 0.75),
    "bright": (1.1, 1.3),
    "vivid": (1.05, 1.4),
    "dull": (0.95, 0.5),
    "muted": (0.95, 0.55),
}


def colours_named(text: str) -> list[Colour]:
    """All colours named in a text in lower case, in order: "dark red", "lightblue", "#ff8800"."""
    return [_value(match) for match in _NAMED.finditer(text)]


def colour_asked_for(text: str) -> Colour | None:
    """The colour that something is to have, or None.

    That is the last one, because of "from red to blue". A colour after an article that points at
    what is there ("the blue car", "these red ones") is a description, and so is one that comes
    after "instead of".
    """
    asked = _INSTEAD.split(text, maxsplit=1)[0]
    wanted = [
        match
        for match in _NAMED.finditer(asked)
        if not _DESCRIBES.search(asked, max(0, match.start() - 12), match.start())
    ]
    return _value(wanted[-1]) if wanted else None


def _alternatives(names: list[str]) -> str:
    """The longest first; parts may be joined, spaced or hyphened."""
    longest_first = sorted(names, key=len, reverse=True)
    return "|".join(r"[\s-]?".join(name.split()) for name in longest_first)


_NAMED = re.compile(
    rf"\b(?P<shades>(?:(?:{_alternatives(list(_SHADES))})[\s-]?){{0,2}})"
    rf"(?P<name>{_alternatives(list(NAMES))})(?:ish)?\b|#(?P<hex>[0-9a-f]{{6}}|[0-9a-f]{{3}})\b"
)
_INSTEAD = re.compile(r"\b(?:instead of|rather than|not)\b")
_DESCRIBES = re.compile(r"\b(?:the|this|that|these|those|his|her|its|my|your|our|their)\s+\Z")
_JOINED = {name.replace(" ", ""): value for name, value in NAMES.items()}


def _value(match: re.Match[str]) -> Colour:
    if match["hex"]:
        digits = match["hex"] if len(match["hex"]) == 6 else "".join(c * 2 for c in match["hex"])
        return _of(int(digits, 16))
    colour = _of(_JOINED[re.sub(r"[\s-]", "", match["name"])])
    for shade, factors in _SHADES.items():
        if re.search(rf"{shade}(?:[\s-]|\Z)", match["shades"]):
            colour = _shaded(colour, *factors)
    return colour


def _of(number: int) -> Colour:
    return number >> 16, number >> 8 & 255, number & 255


def _shaded(colour: Colour, lighter: float, purer: float) -> Colour:
    hue, lightness, saturation = colorsys.rgb_to_hls(*(value / 255 for value in colour))
    shaded = colorsys.hls_to_rgb(hue, min(0.92, lightness * lighter), min(1.0, saturation * purer))
    red, green, blue = (round(255 * value) for value in shaded)
    return red, green, blue
