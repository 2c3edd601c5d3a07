"""No code reaches a page without words of its own."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from editor.imaging.refusals import SENTENCES
from editor.models import Status
from editor.web import reasons, troubles, words

SPOKEN_OF_ELSEWHERE = {
    *("key_used", "over_budget", "unknown_model"),  # problems, not troubles
    *("no_list", "not_a_list"),  # of the provider's list of models
}
# What these modules say is said to scripts that call us, in the API's own sentences.
SERVER_SIDE = {"asked.py", "refusals.py", "answers.py"}


def codes_in(*rooms: str) -> set[str]:
    """Every code that these rooms give to what went wrong, as their source says."""
    text = "".join(
        path.read_text()
        for room in rooms
        for path in Path(settings.BASE_DIR, "editor", room).glob("*.py")
        if path.name not in SERVER_SIDE
    )
    named = re.findall(r'\b(?:code|trouble)="([a-z_]+)"', text)
    cut = re.findall(r'\bCut\(\s*"([a-z_]+)"', text)
    unusable = re.findall(r'_unusable\(\s*"[^"]+",\s*"([a-z_]+)"', text)
    postponed = re.findall(r'Postponed\(\s*"([a-z_]+)"', text)
    assert named and cut and unusable and postponed
    return {*named, *cut, *unusable, *postponed}


def test_every_refusal_of_a_file_has_words() -> None:
    for code in SENTENCES:
        assert code in reasons.REFUSALS
        assert "%(" not in reasons.refusal(code)


def test_every_trouble_that_the_code_knows_has_words() -> None:
    assert codes_in("images_api", "jobs") - set(troubles.TROUBLES) - SPOKEN_OF_ELSEWHERE == set()


@pytest.mark.parametrize(
    "text", [*troubles.TROUBLES.values(), *reasons.REFUSALS.values(), *words.MEANINGS.values()]
)
def test_what_is_said_is_whole_sentences(text: object) -> None:
    said = str(text)
    assert said[0].isupper()
    assert said.endswith(".")


def test_every_status_has_a_meaning_but_failed_which_has_its_trouble() -> None:
    assert set(Status) - set(words.MEANINGS) == {Status.FAILED}


def test_an_error_of_the_providers_own_is_named_as_that(photo, make_edit):
    edit = make_edit(photo, status="unknown", trouble="server_error")
    assert troubles.trouble(edit) == "The provider had an error of its own."
