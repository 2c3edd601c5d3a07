"""What the sandbox understands of a prompt. The rules are told to people in docs/sandbox.md.

English words, in any case, anywhere in a sentence; the first rule that fits holds.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Literal, TypeVar

from editor.imaging.palettes import Light
from editor.imaging.scenes import Family
from editor.sandbox.colour_names import Colour, colour_asked_for, colours_named

Act = Literal[
    "write",
    "remove",
    "pixelate",
    "blur",
    "grayscale",
    "sepia",
    "recolour",
    "brighten",
    "darken",
    "keep",
    "other",
]


@dataclass(frozen=True)
class Wish:
    """What is to be done to an area. `strength` is 1.0 unless the prompt says more or less."""

    act: Act
    strength: float = 1.0
    colour: Colour | None = None  # of recolouring, and of letters where one is named
    text: str = ""  # to be written


def read_wish(prompt: str) -> Wish:
    """What a prompt asks to be done to the masked area, or to the whole picture."""
    text, plain = quoted(prompt), _without_quotes(prompt).casefold()
    for act, fits in _RULES:
        if fits(plain, bool(text)):
            return Wish(
                act,
                strength=_strength(plain),
                colour=_colour(act, plain),
                text=text if act == "write" else "",
            )
    return Wish("other")


def quoted(prompt: str) -> str:
    """The text in quotation marks; of several the one after "with", "to", "by" or "into"; "" if none."""
    found = list(islice(_QUOTED.finditer(prompt), 20))
    if not found:
        return ""
    preferred = [
        each for each in found if _LEADS_TO.search(prompt, max(0, each.start() - 40), each.start())
    ]
    chosen = (preferred or found)[0]
    return next(group for group in chosen.groups() if group is not None).strip()


# An apostrophe is no quotation mark: single marks do not count inside a word. The length is
# bounded, so that a prompt of nothing but opening marks is read in no time.
_QUOTED = re.compile(
    r"""
      "([^"]{1,300})"
    | “([^“”"]{1,300})[”“"]
    | „([^„“”"]{1,300})[“”"]
    | «([^«»]{1,300})»
    | »([^«»]{1,300})«
    | ‹([^‹›]{1,300})›
    | (?<!\w)‘(.{1,300}?)’(?!\w)
    | (?<!\w)'(.{1,300}?)'(?!\w)
    """,
    re.VERBOSE | re.DOTALL,
)
_LEADS_TO = re.compile(
    r"\b(?:with|to|by|into|say|read)\s*(?:the\s+(?:text|words?)\s*)?:?\s*\Z", re.I
)


def _without_quotes(prompt: str) -> str:
    return _QUOTED.sub(" … ", prompt)


def _any_of(*patterns: str) -> Callable[[str, bool], bool]:
    found = re.compile(rf"\b(?:{'|'.join(patterns)})\b")
    return lambda plain, _has_text: found.search(plain) is not None


_WRITES = _any_of(
    r"writ(?:e|es|ing|ten)",
    r"print(?:s|ed|ing)?",
    r"letter(?:ed|ing)?",
    r"inscribe",
    r"engrave",
    r"type",
    r"add",
    r"put",
    r"insert",
    r"draw",
    r"replace",
    r"change",
    r"say",
    r"read",
)
_RECOLOURS = _any_of(
    r"re-?colou?r(?:s|ed|ing)?",
    r"colou?r(?:s|ed|ing|i[sz]e)?",
    r"paint(?:s|ed|ing)?",
    r"repaint(?:ed|ing)?",
    r"dy(?:e|ed|eing)",
    r"tint(?:ed|ing)?",
    r"make",
    r"making",
    r"turn(?:s|ed|ing)?",
    r"chang(?:e|ed|ing)",
)

_RULES: tuple[tuple[Act, Callable[[str, bool], bool]], ...] = (
    ("write", lambda plain, has_text: has_text and _WRITES(plain, True)),
    (
        "grayscale",
        _any_of(
            r"gr[ae]y-?\s?scale",
            r"black[ -](?:and|&)[ -]white",
            r"b ?& ?w",
            r"monochrome",
            r"desaturat\w*",
            r"(?:remov\w*|without|drain\w*)\s+(?:(?:all|the|its)\s+){0,2}colou?rs?",
        ),
    ),
    (
        "remove",
        _any_of(
            r"remov(?:e|es|ed|ing|al)",
            r"eras(?:e|es|ed|ing)",
            r"delet(?:e|es|ed|ing)",
            r"clean(?:ed|ing)?(?:\s+\w+){0,3}?\s+(?:up|away)",
            r"get(?:ting)? rid of",
            r"take(?:\s+\w+){0,4}?\s+(?:out|away)",
            r"disappear",
            r"vanish",
        ),
    ),
    ("pixelate", _any_of(r"pixell?at\w*", r"mosaic\w*", r"censor\w*", r"anonymi[sz]\w*")),
    ("blur", _any_of(r"blur\w*", r"out[ -]of[ -]focus", r"defocus\w*", r"soften\w*")),
    ("sepia", _any_of(r"sepia")),
    (
        "recolour",
        lambda plain, _: _RECOLOURS(plain, False) and colour_asked_for(plain) is not None,
    ),
    ("brighten", _any_of(r"bright(?:en\w*|er)", r"light(?:en\w*|er)", r"make it (?:bright|light)")),
    ("darken", _any_of(r"dark(?:en\w*|er)", r"dim(?:med|mer|ming)?", r"make it dark")),
    (
        "keep",
        _any_of(
            r"(?:do|chang(?:e|ing)|alter(?:ing)?|edit(?:ing)?)\s+nothing(?!\s+(?:else|but|except))",
            r"nothing\s+(?:is|must|should|needs)\s+(?:to\s+)?(?:be\s+)?changed?",
            r"no\s+changes?",
            r"keep\s+(?:everything|all|it|this|that)(?!\s+else)",
            r"leav(?:e|ing)\s+(?:everything|all|it|this|that|the\s+\w+)(?:\s+exactly|\s+just)?"
            r"\s+(?:as\s+(?:it|they)\s+(?:is|are|was|were)|alone|unchanged|untouched)",
        ),
    ),
    ("write", lambda _plain, has_text: has_text),
)

_LESS = re.compile(r"\b(?:slight(?:ly)?|a (?:little|bit|touch)|gent(?:ly|le)|subtl[ey]|softly)\b")
_MORE = re.compile(r"\b(?:very|much|a lot|strong(?:ly)?|heav(?:y|ily)|extreme(?:ly)?|completely)\b")


def _strength(plain: str) -> float:
    if _LESS.search(plain):
        return 0.5
    return 1.6 if _MORE.search(plain) else 1.0


def _colour(act: Act, plain: str) -> Colour | None:
    if act == "recolour":
        return colour_asked_for(plain)
    if act == "write":
        named = colours_named(plain)
        return named[-1] if named else None
    return None


@dataclass(frozen=True)
class SceneWish:
    """What a picture from nothing is to show. None: the seed decides."""

    family: Family | None
    light: Light | None
    colours: tuple[Colour, ...]
    text: str  # in quotation marks: written on the picture


def read_scene(prompt: str) -> SceneWish:
    """What a prompt says about a picture that is made from nothing."""
    plain = _without_quotes(prompt).casefold()
    return SceneWish(
        family=_first_named(_FAMILY_WORDS, plain),
        light=_first_named(_LIGHT_WORDS, plain),
        colours=tuple(colours_named(plain)[:3]),
        text=quoted(prompt),
    )


Named = TypeVar("Named")


def _first_named(words: dict[Named, str], plain: str) -> Named | None:
    """The one whose word stands first in the text."""
    found = {name: re.search(rf"\b(?:{pattern})s?\b", plain) for name, pattern in words.items()}
    starts = {name: match.start() for name, match in found.items() if match}
    return min(starts, key=lambda name: starts[name]) if starts else None


_FAMILY_WORDS: dict[Family, str] = {
    "dunes": "dune|desert|sahara|sand|pyramid",
    "hills": "hill|meadow|field|valley|landscape|countryside|vineyard|farm|village|garden",
    "mountains": "mountain|alp|peak|snow|glacier|lake|winter|fjord|cliff|volcano",
    "sea": "sea|ocean|beach|coast|harbour|harbor|boat|ship|sail|sailboat|island|water",
    "forest": "forest|wood|tree|fir|pine|jungle|deer|fox|wolf|bear|owl",
    "night": "moon|star|galaxy|milky way|universe|space|planet|astronaut|night sky",
    "city": "city|cities|skyline|town|street|building|tower|house|skyscraper|architecture|bridge",
    "still life": (
        "still life|still lives|vase|bottle|jug|fruit|apple|orange|lemon|plum|bowl|table|kitchen|"
        "food|cup|mug|product|flower|plant|object|icon|sticker|toy"
    ),
    "portrait": (
        "portrait|person|people|woman|women|man|men|girl|boy|child|children|face|selfie|avatar|"
        "king|queen|artist|character|robot"
    ),
    "shapes": (
        "shape|abstract|geometric|pattern|bauhaus|tile|mosaic|logo|poster|circle|square|triangle|"
        "minimal|minimalist"
    ),
    "waves": "wave|ribbon|gradient|wallpaper|background|texture|silk|flow|fluid|smoke|aurora",
}

_LIGHT_WORDS: dict[Light, str] = {
    "night": "night|midnight|moonlight|moonlit|nocturnal|star|moon|darkness|in the dark|dark (?:forest|sky|sea|city)",
    "sunset": "sunset|dusk|evening|dawn|sunrise|golden hour|twilight|autumn|warm",
    "mist": "mist|misty|fog|foggy|haze|hazy|rain|rainy|overcast|winter|snow",
    "day": "day|daylight|noon|morning|midday|sunny|summer|spring|blue sky",
}
