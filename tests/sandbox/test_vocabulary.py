"""What a prompt is understood as."""

import re
import time
from pathlib import Path
from typing import get_args

import pytest

from editor.imaging.palettes import Light
from editor.imaging.scenes import FAMILIES
from editor.sandbox.vocabulary import Act, Wish, quoted, read_scene, read_wish

DOCUMENT = Path(__file__).parents[2] / "docs" / "sandbox.md"
ROWS = re.findall(r"^\| (\w+) \| (.+?) \| .+? \| `(.+?)` \|$", DOCUMENT.read_text(), re.MULTILINE)
KINDS = re.findall(r"^\| ([\w ]+) \| ([\w, ]+) \|$", DOCUMENT.read_text(), re.MULTILINE)


def test_the_document_tells_every_rule() -> None:
    assert {rule for rule, _words, _example in ROWS} == set(get_args(Act))
    assert {kind for kind, _words in KINDS if kind != "kind"} == set(FAMILIES)


@pytest.mark.parametrize(("rule", "_words", "example"), ROWS)
def test_an_example_of_the_document_is_understood_as_it_says(
    rule: str, _words: str, example: str
) -> None:
    for prompt in (example, example.upper(), f"Would you kindly {example}, thank you."):
        assert read_wish(prompt).act == rule


def words_of(*rules: str) -> list[tuple[str, str]]:
    return [
        (rule, word)
        for rule, words, _example in ROWS
        if rule in rules
        for word in words.split(", ")
        if not word.startswith("with a")
    ]


@pytest.mark.parametrize(
    ("rule", "word"),
    words_of("grayscale", "remove", "pixelate", "blur", "sepia", "brighten", "darken", "keep"),
)
def test_every_documented_word_does_what_it_says(rule: str, word: str) -> None:
    assert read_wish(f"Please {word} it").act == rule


@pytest.mark.parametrize(("rule", "word"), words_of("recolour"))
def test_every_documented_verb_recolours_where_a_colour_is_named(rule: str, word: str) -> None:
    assert read_wish(f"{word} it teal").colour == (0, 128, 128)
    assert read_wish(f"{word} it teal").act == rule
    assert read_wish(f"{word} it nice").act == "other"


@pytest.mark.parametrize(
    ("kind", "word"),
    [(kind, word) for kind, words in KINDS if kind != "kind" for word in words.split(", ")],
)
def test_every_documented_word_chooses_its_kind_of_picture(kind: str, word: str) -> None:
    assert read_scene(f"An old {word}, painted").family == kind
    assert read_scene(f"Two {word.upper()} in 1925").family == kind


@pytest.mark.parametrize(
    ("prompt", "act"),
    [
        ("Remove the sign that says 'STOP'", "remove"),
        ('Erase the text and write "Open"', "write"),
        ("Replace the old label with “Jam”", "write"),
        ("remove all the colour", "grayscale"),
        ("remove the coloured balloon", "remove"),
        ("take that ugly bin away", "remove"),
        ("don't touch the dogs' bowl or the cats' toys", "other"),
        ("blurred, then removed", "remove"),
        ("Blue sky", "other"),
        ("a red hat", "other"),
        ("make it bright", "brighten"),
        ("make it bright yellow", "recolour"),
        ("make the salmon larger", "other"),
        ("", "other"),
    ],
)
def test_the_first_rule_that_fits_holds(prompt: str, act: str) -> None:
    assert read_wish(prompt).act == act


@pytest.mark.parametrize(
    ("prompt", "colour"),
    [
        ("make it blue", (31, 79, 216)),
        ("change it from red to blue", (31, 79, 216)),
        ("paint the red car blue", (31, 79, 216)),
        ("paint it blue instead of red", (31, 79, 216)),
        ("turn it #0af", (0, 170, 255)),
        ("turn it #10A0b0", (16, 160, 176)),
        ("colour it navy blue", (20, 40, 90)),
        ("colour it navyblue", (20, 40, 90)),
        ("dye it forest-green", (34, 139, 34)),
    ],
)
def test_the_colour_asked_for_is_found(prompt: str, colour: tuple[int, int, int]) -> None:
    assert read_wish(prompt) == Wish("recolour", colour=colour)


def test_shades_make_a_colour_darker_and_lighter() -> None:
    sums = {}
    for shade in ("dark ", "", "light ", "pale "):
        colour = read_wish(f"paint it {shade}red").colour
        assert colour is not None and colour[0] > colour[1]
        sums[shade] = sum(colour)
    assert sums["dark "] < sums[""] < sums["light "] < sums["pale "]


@pytest.mark.parametrize(
    ("prompt", "strength"),
    [("blur it", 1.0), ("blur it slightly", 0.5), ("a bit darker", 0.5), ("much darker", 1.6)],
)
def test_less_and_more_are_heard(prompt: str, strength: float) -> None:
    assert read_wish(prompt).strength == strength


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ('write "Open"', "Open"),
        ("write 'It's on'", "It's on"),
        ("write “Ouvert”", "Ouvert"),
        ("write ‘Ouvert’", "Ouvert"),
        ("write „Offen“", "Offen"),
        ("write «Ouvert»", "Ouvert"),
        ("write »Offen«", "Offen"),
        ('replace "Sale" with "Sold"', "Sold"),
        ('write "Sold" under "Sale"', "Sold"),
        ("the cats' and the dogs' toys", ""),
        ('an inch is 1"', ""),
    ],
)
def test_quoted_text_is_found(prompt: str, text: str) -> None:
    assert quoted(prompt) == text


def test_letters_have_the_colour_that_is_named_outside_the_quotes() -> None:
    assert read_wish('write "Red wine" in teal').colour == (0, 128, 128)
    assert read_wish('write "Red wine"').colour is None


def test_words_in_quotes_are_text_and_not_orders() -> None:
    assert read_wish('write "Please remove your shoes"').text == "Please remove your shoes"
    assert read_scene('a poster that says "Night at the sea"').family == "shapes"


@pytest.mark.parametrize(
    ("prompt", "light"),
    [
        ("a harbour at sunset", "sunset"),
        ("hills in the morning fog, at night", "day"),
        ("a moonlit lake", "night"),
        ("fir trees in mist", "mist"),
        ("a dark red vase", None),
    ],
)
def test_the_light_of_a_picture_is_heard(prompt: str, light: Light | None) -> None:
    assert read_scene(prompt).light == light


def test_the_colours_of_a_picture_are_heard() -> None:
    assert read_scene("waves in teal and gold").colours == ((0, 128, 128), (226, 176, 7))


@pytest.mark.parametrize(
    "piece", ["“a ", "‘a ", "'a ", '"a ', "make red ", "clean a b ", "take a "]
)
def test_the_longest_prompts_are_read_quickly(piece: str) -> None:
    prompt = (piece * 32_000)[:32_000]
    started = time.process_time()
    read_wish(prompt)
    read_scene(prompt)
    assert time.process_time() - started < 1.0  # measured: at most 0.2 s


@pytest.mark.parametrize(
    ("prompt", "act"),
    [
        ("Change nothing.", "keep"),
        ("Please don't do anything: leave the picture exactly as it is", "keep"),
        ("nothing should change", "keep"),
        ("Remove the lamp, keep everything else", "remove"),
        ("Blur the face and leave the wall as it is", "blur"),
        ("A blue sky. Leave everything else exactly as it is.", "other"),
        ("Change nothing but the sky", "other"),
        ('Change nothing: "Open"', "write"),
    ],
)
def test_keeping_is_understood_only_where_nothing_else_is_asked_for(prompt: str, act: str) -> None:
    assert read_wish(prompt).act == act
