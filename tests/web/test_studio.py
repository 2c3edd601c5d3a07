"""The studio's server side: where it starts from, drafts, estimates, and one click that makes one edit."""

import json
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from editor.jobs.provider import known_models
from editor.models import Budget, Edit, Listing
from editor.web import words
from tests.drawing import mask_png

pytestmark = pytest.mark.django_db
JSON = {"HTTP_ACCEPT": "application/json"}
BOX = (200, 150, 300, 250)


def painted(size: tuple[int, int] = (640, 480), *boxes: Any) -> SimpleUploadedFile:
    return SimpleUploadedFile(
        "mask.png", mask_png(size, *(boxes or (BOX,))), content_type="image/png"
    )


def form(**fields: Any) -> dict[str, Any]:
    wish = {
        "key": str(uuid4()), "prompt": "Remove the sign", "model": "gpt-image-2", "n": "1",
        "size": "auto", "quality": "low", "mask": painted(),
    }  # fmt: skip
    return {name: value for name, value in {**wish, **fields}.items() if value is not None}


def data_of(page: Any) -> dict[str, Any]:
    found = re.search(
        r'<script id="studio-data" type="application/json">(.*?)</script>', page.content.decode()
    )
    assert found
    return dict(json.loads(found[1]))


def test_running_an_edit_queues_it_with_its_mask_and_leads_to_its_page(
    photo: Any, alice: Any, as_person: Any
) -> None:
    answer = as_person(alice).post(f"/images/{photo.pk}/edit", form(n="2"), **JSON)
    edit = Edit.objects.get()
    assert (answer.status_code, answer.json()) == (201, {"url": f"/edits/{edit.pk}/"})
    assert (edit.created_by, edit.source, edit.status) == (alice, photo, "queued")
    assert (edit.prompt, edit.n, edit.options["quality"]) == ("Remove the sign", 2, "low")
    assert default_storage.open(edit.mask).read() == mask_png((640, 480), BOX)
    assert edit.hold_microusd > 0


def test_a_form_sent_twice_is_one_edit(photo: Any, alice: Any, as_person: Any) -> None:
    key, client = str(uuid4()), as_person(alice)
    first = client.post(f"/images/{photo.pk}/edit", form(key=key, mask=painted()), **JSON)
    again = client.post(f"/images/{photo.pk}/edit", form(key=key, mask=painted()), **JSON)
    assert first.json() == again.json()
    assert (again.status_code, Edit.objects.count()) == (201, 1)


def test_the_same_key_for_another_wish_is_a_conflict(
    photo: Any, alice: Any, as_person: Any
) -> None:
    key, client = str(uuid4()), as_person(alice)
    client.post(f"/images/{photo.pk}/edit", form(key=key), **JSON)
    other = client.post(f"/images/{photo.pk}/edit", form(key=key, prompt="Another wish"), **JSON)
    assert other.status_code == 409
    assert "already used" in other.json()["errors"][""][0]
    assert Edit.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"prompt": "   "}, "prompt", "Say what should change."),
        (
            {"prompt": "x" * 1001, "model": "dall-e-2", "quality": ""},
            "prompt",
            "up to 1,000 characters",
        ),
        ({"n": "11"}, "n", "1 to 10 results"),
        ({"n": "0"}, "n", "1 to 10 results"),
        ({"n": "two"}, "n", "whole number"),
        ({"model": "crayon-9"}, "model", "not offered here"),
        ({"size": "17x9"}, "size", ""),
        ({"quality": "superb"}, "quality", "does not have this quality"),
        ({"quality": "high", "model": "dall-e-2"}, "quality", "no qualities"),
        ({"mask": None}, "mask", "Nothing is painted yet"),
        ({"mask": painted((640, 480), (0, 0, 1, 1), (0, 0, 0, 0))}, None, ""),
        ({"mask": SimpleUploadedFile("mask.png", b"no mask")}, "mask", "can't be read"),
        ({"key": "nonsense"}, "", "out of date"),
    ],
)
def test_what_cannot_be_done_is_said_at_its_field_and_holds_no_money(
    fields: dict[str, Any], field: str | None, said: str, photo: Any, alice: Any, as_person: Any
) -> None:
    answer = as_person(alice).post(f"/images/{photo.pk}/edit", form(**fields), **JSON)
    if field is None:
        assert answer.status_code == 201
        return
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert list(errors) == [field]
    assert said in errors[field][0]
    assert not Edit.objects.exists()
    assert not Budget.objects.filter(held_microusd__gt=0).exists()


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (lambda: painted((320, 240)), "does not fit this picture"),
        (lambda: painted((640, 480), (0, 0, 0, 0)), "Nothing is painted yet"),
        (lambda: painted((640, 480), (0, 0, 640, 480)), "covers the whole picture"),
    ],
    ids=["other size", "empty", "all"],
)
def test_a_mask_that_cannot_be_is_explained(
    mask: Any, said: str, photo: Any, alice: Any, as_person: Any
) -> None:
    answer = as_person(alice).post(f"/images/{photo.pk}/edit", form(mask=mask()), **JSON)
    assert answer.status_code == 422
    assert said in answer.json()["errors"]["mask"][0]
    assert not Edit.objects.exists()


def test_all_that_is_wrong_is_said_at_once(photo: Any, alice: Any, as_person: Any) -> None:
    answer = as_person(alice).post(
        f"/images/{photo.pk}/edit", form(prompt="", mask=None, n="x"), **JSON
    )
    assert set(answer.json()["errors"]) == {"prompt", "mask", "n"}


def test_an_edit_beyond_the_budget_is_refused_with_the_amounts(
    photo: Any, alice: Any, as_person: Any, settings: Any
) -> None:
    settings.MONTHLY_BUDGET_MICROUSD = 1_000
    answer = as_person(alice).post(f"/images/{photo.pk}/edit", form(), **JSON)
    assert answer.status_code == 402
    assert "only $0.001 is left this month" in answer.json()["errors"][""][0]
    assert not Edit.objects.exists()


def test_without_a_script_the_page_comes_back_with_what_was_typed(
    photo: Any, alice: Any, as_person: Any
) -> None:
    sent = form(prompt="Make it blue", mask=None)
    answer = as_person(alice).post(f"/images/{photo.pk}/edit", sent, HTTP_ACCEPT="text/html")
    assert answer.status_code == 422
    assert "Nothing is painted yet" in answer.content.decode()
    assert data_of(answer)["draft"]["prompt"] == "Make it blue"
    assert sent["key"] in answer.content.decode()


def test_running_again_starts_from_the_same_mask_and_words(
    photo: Any, bob: Any, as_person: Any, make_edit: Any
) -> None:
    edit = make_edit(photo, prompt="First try", options={"n": 2, "size": "auto", "quality": "high"})
    client = as_person(bob)
    there = client.get(f"/edits/{edit.pk}/again")
    assert there["Location"] == f"/images/{photo.pk}/edit?from={edit.pk}"
    start = data_of(client.get(there["Location"]))["draft"]
    assert (start["prompt"], start["n"], start["quality"]) == ("First try", "2", "high")
    mask = b"".join(client.get(start["mask_url"]).streaming_content)
    assert mask == default_storage.open(edit.mask).read()
    client.post(f"/images/{photo.pk}/edit", form(from_edit=str(edit.pk)), **JSON)
    assert Edit.objects.latest("pk").again == edit


def test_what_was_run_without_a_mask_is_run_again_with_an_empty_one(
    photo: Any, alice: Any, as_person: Any, make_edit: Any
) -> None:
    edit = make_edit(photo, prompt="By a script")
    Edit.objects.filter(pk=edit.pk).update(mask="", mask_bounds=[])
    page = as_person(alice).get(f"/images/{photo.pk}/edit?from={edit.pk}")
    start = data_of(page)["draft"]
    assert (start["prompt"], start["mask_url"]) == ("By a script", None)


def test_only_edits_of_this_picture_can_be_run_again_on_it(
    photo: Any, alice: Any, make_photo: Any, as_person: Any, make_edit: Any
) -> None:
    other = make_edit(make_photo(alice, (320, 240)), mask=mask_png((320, 240), (10, 10, 90, 90)))
    for number in (other.pk, 999, "x", "9" * 30):
        assert as_person(alice).get(f"/images/{photo.pk}/edit?from={number}").status_code == 404


def test_the_estimate_follows_the_choices_and_shows_the_frame(
    photo: Any, alice: Any, as_person: Any, settings: Any
) -> None:
    settings.MONTHLY_BUDGET_MICROUSD = 20_000_000
    client, url = as_person(alice), f"/images/{photo.pk}/estimate"
    asked = {
        "model": "gpt-image-2",
        "n": "1",
        "size": "auto",
        "quality": "low",
        "prompt_chars": "40",
    }
    bare = client.get(url, asked).json()
    assert bare["frame"] is None
    assert bare["detail"] == "of $20.00 left this month"
    one = client.get(url, {**asked, "l": "200", "t": "150", "r": "300", "b": "250"}).json()
    left, top, right, bottom = one["frame"]["bounds"]
    assert left <= 200 and top <= 150 and right >= 300 and bottom >= 250
    width, height = one["frame"]["size"]
    assert f"{width} × {height}" in one["frame"]["label"]
    four = client.get(url, {**asked, "n": "4"}).json()
    dollars = [float(re.findall(r"\$([\d.]+)", told["text"])[-1]) for told in (bare, four)]
    assert dollars[1] > 1.5 * dollars[0] > 0


@pytest.mark.parametrize(
    "asked",
    [
        {}, {"model": "crayon-9"}, {"model": "gpt-image-2", "n": "many"},
        {"model": "gpt-image-2", "n": "99"}, {"model": "gpt-image-2", "size": "1x1"},
        {"model": "gpt-image-2", "l": "-5", "t": "0", "r": "1e9", "b": "4"},
        {"model": "gpt-image-2", "l": "9", "t": "9", "r": "3", "b": "3", "prompt_chars": "nan"},
    ],
)  # fmt: skip
def test_an_estimate_of_nonsense_is_an_answer_and_holds_nothing(
    asked: dict[str, str], photo: Any, alice: Any, as_person: Any
) -> None:
    answer = as_person(alice).get(f"/images/{photo.pk}/estimate", asked)
    assert answer.status_code == 200
    assert answer.json()["frame"] is None
    assert not Budget.objects.filter(held_microusd__gt=0).exists()


def test_options_are_kept_as_they_were_chosen(photo: Any, alice: Any, as_person: Any) -> None:
    chosen = {
        "background": "opaque", "output_format": "webp", "output_compression": "60",
        "moderation": "low", "partial_images": "1",
    }  # fmt: skip
    as_person(alice).post(f"/images/{photo.pk}/edit", form(**chosen), **JSON)
    options = Edit.objects.get().options
    numbers = {"output_compression": 60, "partial_images": 1}
    assert {name: options[name] for name in chosen} == {**chosen, **numbers}


def test_several_results_are_not_asked_for_previews(photo: Any, alice: Any, as_person: Any) -> None:
    as_person(alice).post(f"/images/{photo.pk}/edit", form(n="2", partial_images="3"), **JSON)
    assert "partial_images" not in Edit.objects.get().options


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        (
            {"background": "transparent", "output_format": "jpeg", "model": "gpt-image-1.5"},
            "background",
            "needs PNG or WebP",
        ),
        ({"background": "plaid"}, "background", "Choose one of the list"),
        (
            {"output_compression": "50", "output_format": "png"},
            "output_compression",
            "Only WebP and JPEG",
        ),
        ({"output_compression": "101", "output_format": "webp"}, "output_compression", "0 to 100"),
        ({"output_compression": "half"}, "output_compression", "whole number from 0 to 100"),
        ({"input_fidelity": "high"}, "input_fidelity", "fidelity"),
        ({"partial_images": "4"}, "partial_images", "3"),
        ({"partial_images": "some"}, "partial_images", "Choose one of the numbers"),
        ({"complexity": "high"}, "complexity", "complexity"),
    ],
)
def test_options_that_the_model_does_not_take_are_refused_at_their_field(
    fields: dict[str, str], field: str, said: str, photo: Any, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    answer = client.post(f"/images/{photo.pk}/edit", form(**fields), **JSON)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert said in answer.json()["errors"][field][0]
    assert not Edit.objects.exists()
    asked = {"model": "gpt-image-2", "quality": "low", **fields}
    estimate = client.get(f"/images/{photo.pk}/estimate", asked).json()
    assert estimate["problems"][field] == answer.json()["errors"][field]


@pytest.mark.parametrize(("n", "starts_with"), [("1", "0"), ("2", "")])
def test_a_single_result_that_was_made_without_previews_is_made_again_without(
    n: str, starts_with: str, photo: Any, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    client.post(f"/images/{photo.pk}/edit", form(n=n, partial_images="0"), **JSON)
    again = client.get(f"/images/{photo.pk}/edit?from={Edit.objects.get().pk}")
    assert data_of(again)["draft"]["partial_images"] == starts_with


def test_the_estimate_says_of_when_its_prices_are_and_that_it_knows_none(
    photo: Any, alice: Any, as_person: Any
) -> None:
    client, url = as_person(alice), f"/images/{photo.pk}/estimate"
    known = client.get(url, {"model": "gpt-image-2", "quality": "low"}).json()
    priced = known_models().get("gpt-image-2").price_date
    assert known["prices"] == f"prices of {priced.day} {priced:%b %Y}"
    unknown = client.get(url, {"model": "crayon-9"}).json()
    assert (unknown["text"], unknown["prices"]) == ("Cost not known beforehand", "")


def test_previews_are_in_the_estimate(photo: Any, alice: Any, as_person: Any) -> None:
    client, url = as_person(alice), f"/images/{photo.pk}/estimate"
    asked = {"model": "gpt-image-2", "quality": "low", "prompt_chars": "40"}
    costs = [
        float(
            re.findall(
                r"\$([\d.]+)", client.get(url, {**asked, "partial_images": n}).json()["text"]
            )[-1]
        )
        for n in ("0", "3")
    ]
    assert costs[1] - costs[0] == pytest.approx(
        0.009, abs=0.0011
    )  # 3 x 100 tokens at $30 a million


def model_of(page: Any, id: str) -> dict[str, Any]:
    return next(model for model in data_of(page)["models"] if model["id"] == id)


def test_each_model_offers_the_options_that_it_takes(
    photo: Any, alice: Any, as_person: Any, settings: Any
) -> None:
    settings.PARTIAL_IMAGES = 1
    page = as_person(alice).get(f"/images/{photo.pk}/edit")
    old, new, best = (model_of(page, id) for id in ("dall-e-2", "gpt-image-2", "gpt-image-1.5"))
    assert (old["options"], old["previews"], old["references_max"]) == ({}, [], 0)
    assert new["references_max"] == 15
    assert "input_fidelity" not in new["options"]
    fidelity = [choice["value"] for choice in best["options"]["input_fidelity"]]
    assert fidelity == ["", "low", "high"]
    background = {choice["value"]: choice["label"] for choice in best["options"]["background"]}
    assert background == {"": "Auto", "opaque": "Opaque", "transparent": "Transparent"}
    assert new["compressible"] == ["webp", "jpeg"]
    assert [choice["value"] for choice in new["previews"]] == ["0", "1", "2", "3"]
    assert new["default_previews"] == "1"
    assert "+100 tokens each, about $0.003" in new["previews_note"]


def test_models_that_end_soon_or_are_not_listed_say_so(
    photo: Any, alice: Any, as_person: Any, settings: Any
) -> None:
    ends = timezone.localdate() + timedelta(days=10)
    listed = {"gpt-image-2": None, "gpt-image-1.5": ends.isoformat()}
    Listing.keep(settings.PROVIDER_BASE_URL, listed, timezone.now())
    page = as_person(alice).get(f"/images/{photo.pk}/edit")
    told = words.ending(ends)
    assert str(ends.year) in told
    assert model_of(page, "gpt-image-2")["label"] == "GPT Image 2"
    assert model_of(page, "gpt-image-1.5")["label"] == f"GPT Image 1.5 · {told}"
    assert told in model_of(page, "gpt-image-1.5")["warning"]
    unlisted = model_of(page, "dall-e-2")
    assert unlisted["label"].endswith(" · not listed")
    assert "does not list" in unlisted["note"]
    assert (unlisted["warning"], model_of(page, "gpt-image-2")["note"]) == ("", "")


@pytest.mark.parametrize("is_sandbox", [True, False])
def test_what_the_sandbox_understands_is_said_where_it_answers(
    is_sandbox: bool, photo: Any, alice: Any, as_person: Any, settings: Any
) -> None:
    settings.PROVIDER_IS_SANDBOX = is_sandbox
    page = as_person(alice).get(f"/images/{photo.pk}/edit").content.decode()
    assert ("What the sandbox understands" in page) == is_sandbox
    assert ("Results come from the built-in sandbox" in page) == is_sandbox


def test_models_come_with_what_they_take(photo: Any, alice: Any, as_person: Any) -> None:
    models = {
        model["id"]: model
        for model in data_of(as_person(alice).get(f"/images/{photo.pk}/edit"))["models"]
    }
    assert models["dall-e-2"]["prompt_limit"] == 1000
    assert models["dall-e-2"]["qualities"] == []
    assert [size["value"] for size in models["dall-e-2"]["sizes"]] == [
        "auto",
        "256x256",
        "512x512",
        "1024x1024",
    ]
    assert "high" in [quality["value"] for quality in models["gpt-image-2"]["qualities"]]


def test_what_openai_has_shut_down_is_hidden_at_openai_only(
    photo: Any, alice: Any, as_person: Any, settings: Any
) -> None:
    settings.PROVIDER_IS_OPENAI = True
    models = data_of(as_person(alice).get(f"/images/{photo.pk}/edit"))["models"]
    assert "dall-e-2" not in [model["id"] for model in models]
    assert models


def test_versions_list_what_was_made_from_the_picture_and_where_it_comes_from(
    photo: Any, alice: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    result = make_result(make_edit(photo, prompt="White jar"))
    page = as_person(alice).get(f"/images/{photo.pk}/edit").content.decode()
    versions = page[page.index('aria-label="Versions"') :]
    assert f'href="/edits/{result.edit_id}/">White jar</a>' in versions
    assert f'href="/images/{photo.pk}/">Source</a>' in versions
    inner = as_person(alice).get(f"/images/{result.image_id}/edit").content.decode()
    assert (
        f'href="/edits/{result.edit_id}/">White jar</a>'
        in inner[inner.index('aria-label="Versions"') :]
    )


def test_strangers_and_unknown_pictures(
    photo: Any, alice: Any, client: Any, as_person: Any
) -> None:
    assert client.post(f"/images/{photo.pk}/edit", form(), **JSON)["Location"].startswith("/signin")
    assert not Edit.objects.exists()
    for url in ("/images/999/edit", "/images/999/draft", "/images/999/estimate"):
        assert as_person(alice).get(url).status_code == 404
