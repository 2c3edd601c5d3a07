"""Edits without a source, without a mask, with references: every page shows them for what they are."""

import re
from datetime import date
from typing import Any

import pytest
from django.core.cache import cache

from editor.models import Call, Edit, Token, decide
from tests.web.making import attempt_for, generation, result_for, unstitched

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    cache.clear()


def read(client: Any, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


def page_of(client: Any, edit: Any) -> str:
    return read(client, f"/edits/{edit.pk}/")


def facts(page: str) -> dict[str, str]:
    return dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page))


def test_a_generation_claims_nothing_about_a_mask(alice: Any, bob: Any, as_person: Any) -> None:
    result = result_for(generation(alice))
    page = page_of(as_person(bob), result.edit)
    assert "Made from words alone" in page
    assert "outside the mask" not in page
    assert "/mask" not in page
    assert "data-compare" not in page and 'name="compare"' not in page
    assert f'src="/images/{result.image_id}/preview"' in page
    assert f"Generation {result.edit_id}" in page
    assert facts(page)["Kind"] == "Generation"
    assert "Sent" not in facts(page) and "Mask" not in facts(page)


def test_a_generation_that_waits_has_a_stage_of_the_shape_that_was_asked_for(
    alice: Any, bob: Any, as_person: Any
) -> None:
    page = page_of(as_person(bob), generation(alice))
    assert 'class="compare ratio-68 waited blank"' in page  # 1024 x 1536
    assert "Nothing to see yet" in page
    assert "It waits for its turn." in page


def test_a_picture_sent_as_it_is_is_compared_where_the_shapes_agree(
    photo: Any, bob: Any, as_person: Any
) -> None:
    result = result_for(unstitched(photo), (320, 240))
    page = page_of(as_person(bob), result.edit)
    assert "The whole picture is the model’s" in page
    assert "Identical outside the mask" not in page
    assert "data-compare" in page and 'value="slider" checked' in page
    assert 'value="mask"' not in page
    assert facts(page)["Sent"] == "the whole picture"


def test_a_result_of_another_shape_is_shown_beside_its_source_only(
    photo: Any, bob: Any, as_person: Any
) -> None:
    result = result_for(unstitched(photo), (240, 240))
    page = page_of(as_person(bob), result.edit)
    assert "data-compare" not in page
    assert 'value="slider"' not in page and 'value="difference"' not in page
    assert 'value="alone" checked' in page and 'value="pair"' in page


def test_references_are_shown_in_order_with_links(
    photo: Any, alice: Any, bob: Any, make_photo: Any, as_person: Any
) -> None:
    second, first = make_photo(alice, (90, 60)), make_photo(alice, (60, 90))
    page = page_of(as_person(bob), unstitched(photo, first, second))
    listed = page[page.index('class="references"') :]
    assert re.findall(r'<a href="(/images/\d+/)"', listed)[:2] == [
        f"/images/{first.pk}/",
        f"/images/{second.pk}/",
    ]


def test_a_picture_lists_the_edits_that_took_it_for_a_reference(
    photo: Any, alice: Any, bob: Any, make_photo: Any, as_person: Any
) -> None:
    other = make_photo(alice, (60, 90))
    edit = unstitched(photo, other)
    assert f'id="edit-{edit.pk}"' in read(as_person(bob), f"/images/{other.pk}/")


def test_options_are_shown_as_chosen(alice: Any, bob: Any, as_person: Any) -> None:
    options = {
        "n": 2, "size": "1536x1024", "quality": "high", "background": "transparent",
        "output_format": "webp", "output_compression": 80, "moderation": "low", "partial_images": 2,
    }  # fmt: skip
    told = facts(page_of(as_person(bob), generation(alice, options=options)))
    assert told["Number"] == "2 pictures"
    assert told["Size"] == "1536 × 1024"
    assert (told["Background"], told["File format"], told["Compression"]) == (
        "transparent", "webp", "80 %",
    )  # fmt: skip
    assert (told["Quality"], told["Moderation"], told["Live previews"]) == ("high", "low", "2")


def test_the_estimate_comes_with_its_range_and_the_date_of_its_prices(
    alice: Any, bob: Any, as_person: Any
) -> None:
    edit = generation(
        alice, estimate_low_microusd=41_000, estimate_microusd=53_000, hold_microusd=53_000,
        price_date=date(2026, 5, 1),
    )  # fmt: skip
    told = facts(page_of(as_person(bob), edit))
    assert told["Estimate"] == "$0.041 to $0.053"
    assert told["Cost"] == "$0.053 held"
    assert told["Prices of"] == "1 May 2026"


def test_what_it_came_to_stands_beside_the_estimate_on_page_and_card(
    alice: Any, bob: Any, as_person: Any
) -> None:
    options = {"n": 2, "size": "1024x1024"}
    edit = generation(
        alice, estimate_low_microusd=41_000, estimate_microusd=53_000, options=options
    )
    result_for(edit)
    Edit.objects.filter(pk=edit.pk).update(cost_microusd=48_000)
    client = as_person(bob)
    told = facts(page_of(client, edit))
    assert (told["Cost"], told["Estimate"]) == ("$0.048", "$0.041 to $0.053")
    for page in (page_of(client, edit), read(client, "/")):
        assert "$0.048 for 2 pictures, estimate $0.041 to $0.053" in page


def test_a_cost_that_nobody_knows_is_said_to_be_that(alice: Any, bob: Any, as_person: Any) -> None:
    edit = generation(alice)
    result_for(edit)
    Edit.objects.filter(pk=edit.pk).update(cost_microusd=None)
    client = as_person(bob)
    assert facts(page_of(client, edit))["Cost"] == "not known"
    for page in (page_of(client, edit), read(client, "/")):
        assert "not known, estimate not known" in page
        assert "$0.00" not in page


def test_the_providers_count_of_tokens_is_folded_away(alice: Any, bob: Any, as_person: Any) -> None:
    edit = generation(alice)
    usage = {
        "input_tokens": 1_074, "output_tokens": 1_756, "input_text_tokens": 50,
        "input_image_tokens": 1_024, "output_text_tokens": None, "output_image_tokens": None,
    }  # fmt: skip
    attempt_for(edit, usage=usage, outcome="succeeded", request_id="req_9")
    page = page_of(as_person(bob), edit)
    folded = page[page.index('<details class="tokens">') :]
    assert facts(folded[: folded.index("</details>")]) == {
        "Text in": "50",
        "Pictures in": "1\u00a0024",
        "In, all": "1\u00a0074",
        "Out, all": "1\u00a0756",
    }
    assert facts(page)["Request"] == "req_9"


def test_an_edit_through_the_api_names_its_token(alice: Any, bob: Any, as_person: Any) -> None:
    edit = generation(alice)
    token, _secret = Token.make(alice, "nightly build")
    Call.objects.create(token=token, edit=edit, fingerprint="x")
    assert facts(page_of(as_person(bob), edit))["Asked"] == "Through the API, token “nightly build”"


def test_results_of_the_sandbox_say_so_where_they_are_seen(
    alice: Any, bob: Any, vera: Any, as_person: Any, settings: Any
) -> None:
    settings.SANDBOX_PORT = 7123
    theirs, ours = generation(alice), generation(alice)
    attempt_for(theirs, provider="https://images.example.com/v1", outcome="succeeded")
    attempt_for(ours, provider="http://127.0.0.1:7123/v1", outcome="succeeded")
    shown = [page_of(as_person(bob), result_for(edit).edit) for edit in (theirs, ours)]
    assert ["Made by the sandbox" in page for page in shown] == [False, True]
    results = [edit.results.get() for edit in (theirs, ours)]
    shown = [read(as_person(vera), f"/review/{result.pk}/") for result in results]
    assert ["the sandbox, not a model" in page for page in shown] == [False, True]


def test_what_a_safety_system_found_is_told(alice: Any, bob: Any, as_person: Any) -> None:
    edit = generation(alice, status="failed", trouble="moderation_blocked")
    error = {"moderation_stage": "input", "moderation_categories": ["violence", "sexual"]}
    attempt_for(edit, outcome="rejected", error=error)
    assert "Found in the request: violence, sexual" in page_of(as_person(bob), edit)


def test_a_line_begins_with_what_was_made_from_words(
    alice: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    first = result_for(generation(alice, prompt="A lighthouse"), (640, 480))
    second = make_result(make_edit(first.image, prompt="No clouds"))
    line = page_of(as_person(bob), second.edit).split('aria-label="Lineage"')[1]
    assert re.findall(r"<b>([^<]+)</b>", line)[:2] == ["A lighthouse", "No clouds"]
    assert "<b>Source</b>" not in line
    line = page_of(as_person(bob), first.edit).split('aria-label="Lineage"')[1]
    assert re.findall(r"<b>([^<]+)</b>", line)[:2] == ["A lighthouse", "No clouds"]


def test_the_gallery_shows_every_kind_and_narrows_to_one(
    photo: Any, alice: Any, bob: Any, as_person: Any, make_edit: Any
) -> None:
    waiting, done = generation(alice), result_for(generation(alice)).edit
    failed = generation(alice, status="failed", trouble="server_error")
    varied = unstitched(photo, operation="vary", prompt="", options={"n": 1})
    painted = make_edit(photo)
    client = as_person(bob)

    def keys(url: str) -> list[str]:
        return re.findall(r'<article class="tile[^"]*" id="(edit-\d+)"', read(client, url))

    made = [f"edit-{edit.pk}" for edit in (failed, done, waiting)]
    assert keys("/?operation=generate") == made
    assert keys("/?operation=vary") == [f"edit-{varied.pk}"]
    assert keys("/?operation=edit") == [f"edit-{painted.pk}"]
    assert keys("/?operation=nonsense") == keys("/")
    assert "Variation of photo.png" in read(client, "/")


def test_reviewers_see_what_there_is_to_see(
    photo: Any, alice: Any, vera: Any, as_person: Any
) -> None:
    made = result_for(generation(alice))
    sent = result_for(unstitched(photo), (320, 240))
    client = as_person(vera)
    page = read(client, f"/review/{made.pk}/")
    assert "Made from words alone" in page
    assert 'value="source"' not in page and 'value="mask"' not in page
    page = read(client, f"/review/{sent.pk}/")
    assert "The whole picture is the model’s" in page
    assert 'value="source"' in page and 'value="mask"' not in page
    assert f"/edits/{sent.edit_id}/mask" not in page
    varied = result_for(unstitched(photo, operation="vary", prompt=""))
    decide(varied, "approved", by=vera)
    assert "Undo your last decision: Variation of photo.png" in read(client, "/review/")


def test_there_is_no_mask_to_serve_and_the_raw_picture_has_a_name(
    alice: Any, bob: Any, as_person: Any
) -> None:
    result = result_for(generation(alice, prompt="A lighthouse"))
    client = as_person(bob)
    assert client.get(f"/edits/{result.edit_id}/mask").status_code == 404
    raw = client.get(f"/results/{result.pk}/raw")
    assert raw["Content-Disposition"] == f'attachment; filename="A lighthouse {result} raw.png"'


def test_originals_that_scripts_sent_are_as_private_as_uploads(
    photo: Any, alice: Any, bob: Any, as_person: Any
) -> None:
    photo.origin = "api"
    photo.save()
    url = f"/images/{photo.pk}/original"
    assert [as_person(person).get(url).status_code for person in (alice, bob)] == [200, 404]
    assert url not in read(as_person(bob), f"/images/{photo.pk}/")
