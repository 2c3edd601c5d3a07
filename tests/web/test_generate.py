"""Generating from words: the form offers what the model takes, says what it costs, and loses nothing."""

import json
import re
from datetime import date, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.utils import timezone

from editor.jobs.provider import known_models
from editor.models import Budget, Edit, Listing
from tests.web.making import generation, result_for

pytestmark = pytest.mark.django_db
MODEL = "gpt-image-2"


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    cache.clear()


def read(client: Any, url: str = "/generate") -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


def send(client: Any, **fields: Any) -> Any:
    form = {"key": str(uuid4()), "prompt": "A lighthouse", "model": MODEL, "n": "1"}
    return client.post("/generate", {**form, **fields})


def models_in(page: str) -> list[dict[str, Any]]:
    found = re.search(r'<script id="request-models" type="application/json">(.*?)</script>', page)
    assert found
    data: list[dict[str, Any]] = json.loads(found[1])
    return data


def is_shown(page: str, field: str) -> bool:
    found = re.search(rf'<(?:div|fieldset) class="field" data-field="{field}"([^>]*)>', page)
    return bool(found) and "hidden" not in found[1]  # type: ignore[index]


def error_of(page: str, field: str) -> str:
    found = re.search(rf'data-part="{field}-error"([^>]*)>([^<]*)</p>', page)
    return unescape(found[2]) if found and "hidden" not in found[1] else ""


def value_of(page: str, field: str) -> str:
    select = re.search(rf'<select[^>]* name="{field}"[^>]*>(.*?)</select>', page, re.S)
    if select:
        chosen = re.search(r'<option value="([^"]*)" selected', select[1])
        return chosen[1] if chosen else ""
    found = re.search(rf'<input[^>]* name="{field}"[^>]* value="([^"]*)"', page)
    return found[1] if found else ""


def test_what_is_asked_for_becomes_a_queued_edit_without_a_source(
    alice: Any, as_person: Any
) -> None:
    answer = send(
        as_person(alice), prompt="A lighthouse\r\nat dawn", n="2", size="1536x1024", quality="low",
        background="transparent", output_format="webp", output_compression="80", moderation="low",
        model="gpt-image-2.5-flare",
    )  # fmt: skip
    edit = Edit.objects.get()
    assert answer["Location"] == f"/edits/{edit.pk}/"
    assert (edit.operation, edit.source, edit.mask, edit.frames) == ("generate", None, "", [])
    assert (edit.status, edit.created_by) == ("queued", alice)
    assert edit.prompt == "A lighthouse\nat dawn"
    assert edit.options == {
        "n": 2, "size": "1536x1024", "quality": "low", "background": "transparent",
        "output_format": "webp", "output_compression": 80, "moderation": "low",
    }  # fmt: skip
    assert edit.hold_microusd == edit.estimate_microusd
    assert edit.estimate_microusd


def test_a_model_shows_only_what_it_takes_for_generations(alice: Any, as_person: Any) -> None:
    client = as_person(alice)
    page = read(client, "/generate?model=dall-e-3")
    assert is_shown(page, "style") and is_shown(page, "quality") and is_shown(page, "size")
    for field in ("background", "output_format", "output_compression", "moderation"):
        assert not is_shown(page, field)
    assert not is_shown(page, "partial_images")
    page = read(client, f"/generate?model={MODEL}")
    assert not is_shown(page, "style")
    for field in ("background", "output_format", "output_compression", "partial_images"):
        assert is_shown(page, field)


def test_the_script_gets_every_model_with_its_choices(alice: Any, as_person: Any) -> None:
    models = {model["id"]: model for model in models_in(read(as_person(alice)))}
    assert next(iter(models)) == MODEL  # the one that is meant by default
    assert [each["value"] for each in models["dall-e-3"]["sizes"]] == [
        "1024x1024", "1792x1024", "1024x1792",
    ]  # fmt: skip
    assert [each["value"] for each in models["dall-e-3"]["options"]["style"]] == [
        "", "vivid", "natural",
    ]  # fmt: skip
    assert models["dall-e-3"]["n_max"] == 1
    assert models["dall-e-2"]["qualities"] == []
    assert {"auto", "own", "2048x1152"} <= {each["value"] for each in models[MODEL]["sizes"]}
    assert "own" not in {each["value"] for each in models["gpt-image-1.5"]["sizes"]}


def test_a_size_of_ones_own_is_sent_as_typed(alice: Any, as_person: Any) -> None:
    send(as_person(alice), size="own", width="1600", height="912")
    assert Edit.objects.get().options["size"] == "1600x912"


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"prompt": " \n"}, "prompt", "Say what the picture should show."),
        ({"prompt": "x" * 32_001}, "prompt", "This model takes up to 32,000 characters"),
        ({"n": "two"}, "n", "Give a whole number."),
        ({"n": "11"}, "n", "This model gives 1 to 10 results at a time."),
        ({"model": "nonsense"}, "model", "This model is not offered here."),
        ({"size": "own", "width": "", "height": "9"}, "size", "Give a width and a height"),
        ({"size": "own", "width": "1000", "height": "1024"}, "size", "must be multiples of 16"),
        ({"size": "own", "width": "512", "height": "512"}, "size", "at least 655,360 pixels"),
        ({"size": "own", "width": "3856", "height": "1936"}, "size", "longer than 3,840 pixels"),
        ({"quality": "max"}, "quality", "This model does not have this quality."),
        ({"output_compression": "50"}, "output_compression", "Only WebP and JPEG"),
        ({"output_format": "jpeg", "output_compression": "101"}, "output_compression", "0 to 100"),
        ({"output_compression": "much"}, "output_compression", "whole number"),
        ({"style": "vivid"}, "run", "This model has no styles to choose from."),
        ({"partial_images": "9"}, "partial_images", "up to 3 previews"),
    ],
)
def test_each_thing_that_is_wrong_is_said_at_its_field(
    fields: dict[str, str], field: str, sentence: str, alice: Any, as_person: Any
) -> None:
    answer = send(as_person(alice), **fields)
    assert answer.status_code == 422
    assert sentence in error_of(answer.content.decode(), field)
    assert not Edit.objects.exists()


def test_nothing_typed_or_chosen_is_lost_on_an_error(alice: Any, as_person: Any) -> None:
    key = str(uuid4())
    page = send(
        as_person(alice), key=key, prompt='Two <b> & "quotes"', model="gpt-image-2.5-flare", n="11",
        size="own", width="1600", height="912", quality="high", background="transparent",
        output_format="webp", output_compression="70", moderation="low", partial_images="3",
    ).content.decode()  # fmt: skip
    assert "Two &lt;b&gt; &amp; &quot;quotes&quot;</textarea>" in page
    kept = {name: value_of(page, name) for name in (
        "key", "model", "n", "size", "width", "height", "background", "output_format",
        "output_compression", "moderation", "partial_images",
    )}  # fmt: skip
    assert kept == {
        "key": key, "model": "gpt-image-2.5-flare", "n": "11", "size": "own", "width": "1600",
        "height": "912", "background": "transparent", "output_format": "webp",
        "output_compression": "70", "moderation": "low", "partial_images": "3",
    }  # fmt: skip
    assert re.search(r'name="quality" value="high" checked', page)
    assert '<details class="further" data-part="further" open>' in page


def test_the_same_form_twice_is_one_edit(alice: Any, as_person: Any) -> None:
    client, key = as_person(alice), str(uuid4())
    first, second = send(client, key=key), send(client, key=key)
    assert first["Location"] == second["Location"]
    assert Edit.objects.count() == 1


def test_a_used_form_with_other_words_says_so_and_can_be_sent_once_more(
    alice: Any, as_person: Any
) -> None:
    client, key = as_person(alice), str(uuid4())
    send(client, key=key)
    answer = send(client, key=key, prompt="A windmill")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "already used for another picture" in error_of(page, "run")
    assert value_of(page, "key") != key
    send(client, key=value_of(page, "key"), prompt="A windmill")
    assert sorted(Edit.objects.values_list("prompt", flat=True)) == ["A lighthouse", "A windmill"]


def test_a_form_without_a_key_is_not_taken(alice: Any, as_person: Any) -> None:
    answer = send(as_person(alice), key="")
    assert answer.status_code == 422
    assert "out of date" in error_of(answer.content.decode(), "run")
    assert not Edit.objects.exists()


def test_more_than_the_month_has_left_is_refused_with_both_sums(alice: Any, as_person: Any) -> None:
    Budget.of(timezone.now())
    Budget.objects.update(cap_microusd=1_000)
    answer = send(as_person(alice), quality="high", size="1024x1024")
    assert answer.status_code == 402
    assert "only $0.001 is left this month" in error_of(answer.content.decode(), "run")
    assert not Edit.objects.exists()


def test_the_estimate_is_a_range_with_what_is_left_and_the_day_of_the_prices(
    alice: Any, as_person: Any
) -> None:
    Budget.of(timezone.now())
    Budget.objects.update(cap_microusd=20_000_000)
    question = {"model": MODEL, "n": "1", "size": "1024x1024", "prompt_chars": "40"}
    told = as_person(alice).get("/generate/estimate", question).json()
    assert re.fullmatch(r"\$0\.0\d+ to \$0\.2\d+", told["text"])  # any quality
    assert told["detail"] == "of $20.00 left this month"
    assert told["prices"] == "prices of 21 Nov 2026"
    one = as_person(alice).get("/generate/estimate", {**question, "quality": "high"}).json()
    four = as_person(alice).get("/generate/estimate", {**question, "n": "4"}).json()
    assert len({told["text"], one["text"], four["text"]}) == 3
    assert not Edit.objects.exists()


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"n": "x"}, "n"), ({"model": "x"}, "model"), ({"size": "own", "width": "7"}, "size")],
)
def test_an_estimate_of_what_cannot_be_says_why(
    asked: dict[str, str], field: str, alice: Any, as_person: Any
) -> None:
    told = as_person(alice).get("/generate/estimate", {"model": MODEL, "n": "1", **asked}).json()
    assert told["text"] == "Cost not known beforehand"
    assert told["problems"][field]


def test_the_page_itself_says_what_the_chosen_model_costs(alice: Any, as_person: Any) -> None:
    page = read(as_person(alice), "/generate?model=dall-e-2")
    found = re.search(r'data-part="cost">([^<]+)<', page)
    assert found and found[1] == "About $0.02"
    assert "prices of 12 May 2026" in page


def test_without_scripts_another_model_is_chosen_by_a_button_and_nothing_is_made(
    alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    assert '<noscript><button type="submit" class="button" name="change"' in read(client)
    answer = send(client, model="dall-e-3", prompt="Kept", change="model")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert is_shown(page, "style") and not is_shown(page, "background")
    assert ">Kept</textarea>" in page
    assert not Edit.objects.exists()


def test_running_again_starts_with_everything_filled_in(alice: Any, as_person: Any) -> None:
    options = {"n": 3, "size": "1600x912", "quality": "high", "output_format": "webp"}
    edit = generation(alice, prompt="A lighthouse", options=options)
    client = as_person(alice)
    assert client.get(f"/edits/{edit.pk}/again")["Location"] == f"/generate?from={edit.pk}"
    page = read(client, f"/generate?from={edit.pk}")
    assert ">A lighthouse</textarea>" in page
    told = [value_of(page, name) for name in ("model", "n", "size", "width", "height")]
    assert told == [MODEL, "3", "own", "1600", "912"]
    assert re.search(r'name="quality" value="high" checked', page)
    assert value_of(page, "output_format") == "webp"
    assert value_of(page, "partial_images") == "2"  # several results have none, so the default
    send(client, from_edit=str(edit.pk))
    assert Edit.objects.latest("pk").again == edit


def test_running_again_without_previews_asks_for_none(alice: Any, as_person: Any) -> None:
    edit = generation(alice)
    page = read(as_person(alice), f"/generate?from={edit.pk}")
    assert value_of(page, "partial_images") == "0"


def test_a_model_that_is_gone_is_said_to_be_and_another_one_chosen(
    alice: Any, as_person: Any
) -> None:
    edit = generation(alice, model="picture-model-0")
    page = read(as_person(alice), f"/generate?from={edit.pk}")
    assert "picture-model-0 is not offered any more" in page
    assert value_of(page, "model") == MODEL


def test_only_a_generation_can_be_begun_from(
    photo: Any, alice: Any, as_person: Any, make_edit: Any
) -> None:
    client = as_person(alice)
    for number in (str(make_edit(photo).pk), "999", "x", "9" * 30):
        assert client.get(f"/generate?from={number}").status_code == 404


def test_models_that_end_soon_are_marked_and_those_that_have_ended_hidden(
    alice: Any, as_person: Any, settings: Any
) -> None:
    soon, past = date.today() + timedelta(days=10), date.today() - timedelta(days=1)
    listed = {MODEL: soon.isoformat(), "gpt-image-1": past.isoformat()}
    Listing.keep(settings.PROVIDER_BASE_URL, listed, timezone.now())
    models = {model["id"]: model for model in models_in(read(as_person(alice)))}
    ends = f"ends on {soon.day} {soon:%B %Y}"
    assert ends in models[MODEL]["label"] and ends in models[MODEL]["warning"]
    assert "gpt-image-1" not in models
    assert "not listed" in models["dall-e-3"]["label"]


def test_results_can_be_opened_in_the_studio_and_the_newest_are_shown(
    alice: Any, as_person: Any
) -> None:
    result, client = result_for(generation(alice)), as_person(alice)
    page = read(client)
    assert f'id="edit-{result.edit_id}"' in page
    page = read(client, f"/edits/{result.edit_id}/")
    assert f'href="/images/{result.image_id}/edit"' in page
    assert client.get(f"/images/{result.image_id}/edit").status_code == 200


def test_the_way_to_it_is_in_the_header_and_in_an_empty_gallery(alice: Any, as_person: Any) -> None:
    page = read(as_person(alice), "/")
    assert page.count('href="/generate"') == 2
    assert "Generate one from words" in page
    assert re.search(r'href="/generate" aria-current="page"', read(as_person(alice)))


def test_where_no_model_makes_pictures_from_words_the_page_says_so(
    alice: Any, as_person: Any, settings: Any
) -> None:
    gone = {model.id: "2020-01-01" for model in known_models().models()}
    Listing.keep(settings.PROVIDER_BASE_URL, gone, timezone.now())
    client = as_person(alice)
    assert "No model that makes pictures from words is offered" in read(client)
    assert send(client).status_code == 200
    assert not Edit.objects.exists()
