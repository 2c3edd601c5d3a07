"""Generating by hand: the form follows the model, says what it costs, and works without scripts."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from editor.models import Edit
from tests.web.making import generation, result_for

MODEL = "gpt-image-2"


def prompt(page: Page) -> Any:
    return page.get_by_label("What should it show?")


@pytest.mark.usefixtures("worker")
def test_from_words_to_a_picture_that_is_edited_on(gallery: Page) -> None:
    page = gallery
    page.get_by_role("link", name="Generate", exact=True).click()
    prompt(page).fill("A lighthouse at dawn")
    page.get_by_label("Model").select_option(MODEL)
    page.get_by_label("Size").select_option("1024x1024")
    page.get_by_text("Low", exact=True).first.click()
    page.get_by_role("button", name="Generate").click()
    page.wait_for_url(re.compile(r"/edits/\d+/$"))
    expect(page.get_by_role("region", name="Status")).to_contain_text("Succeeded", timeout=60_000)
    expect(page.get_by_text("Made from words alone")).to_be_visible()
    edit = Edit.objects.get()
    result = edit.results.get()
    picture = page.locator(f'img.alone[src="/images/{result.image_id}/preview"]')
    assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 100
    page.get_by_role("link", name="Edit this result").click()
    page.wait_for_url(f"**/images/{result.image_id}/edit")
    page.goto(f"/edits/{edit.pk}/")
    page.get_by_role("link", name="Run again").click()
    page.wait_for_url(f"**/generate?from={edit.pk}")
    expect(prompt(page)).to_have_value("A lighthouse at dawn")
    expect(page.get_by_label("Size")).to_have_value("1024x1024")
    expect(page.get_by_label("Low", exact=True).first).to_be_checked()


def test_the_form_follows_the_model_and_remembers_wishes(signed_in_page: Page) -> None:
    page = signed_in_page
    page.goto("/generate")
    page.get_by_text("More options").click()
    background = page.get_by_label("Background")
    background.select_option("opaque")
    page.get_by_label("Size").select_option("1536x1024")
    expect(page.get_by_label("Compression")).to_be_hidden()
    page.get_by_label("File format").select_option("webp")
    expect(page.get_by_label("Compression")).to_be_visible()
    page.get_by_label("Model").select_option("dall-e-3")
    expect(background).to_be_hidden()
    expect(page.get_by_label("Style")).to_be_visible()
    expect(page.get_by_label("HD", exact=True)).to_be_attached()
    expect(page.get_by_label("Size")).to_have_value("1024x1024")
    page.get_by_label("Model").select_option(MODEL)
    expect(background).to_have_value("opaque")
    expect(page.get_by_label("Size")).to_have_value("1536x1024")
    expect(page.get_by_label("Style")).to_be_hidden()
    expect(page.get_by_label("Width")).to_be_hidden()
    page.get_by_label("Size").select_option("own")
    expect(page.get_by_label("Width")).to_be_visible()


def test_what_it_costs_follows_what_is_chosen(signed_in_page: Page) -> None:
    page = signed_in_page
    page.goto("/generate?model=dall-e-2&size=1024x1024")
    cost = page.locator('[data-part="cost"]')
    expect(cost).to_have_text("About $0.02")
    page.get_by_label("Number").fill("5")
    expect(cost).to_have_text("About $0.10")
    page.get_by_label("Number").fill("50")
    expect(page.get_by_text("This model gives 1 to 10 results at a time.")).to_be_visible()
    page.get_by_label("Number").fill("2")
    expect(page.get_by_text("This model gives 1 to 10 results at a time.")).to_be_hidden()
    expect(cost).to_have_text("About $0.04")


def test_hidden_fields_are_not_sent(signed_in_page: Page) -> None:
    page = signed_in_page
    page.goto(f"/generate?model={MODEL}")
    page.get_by_text("More options").click()
    page.get_by_label("File format").select_option("jpeg")
    page.get_by_label("Compression").fill("40")
    page.get_by_label("Model").select_option("dall-e-3")
    prompt(page).fill("A windmill")
    prompt(page).press("Control+Enter")
    page.wait_for_url(re.compile(r"/edits/\d+/$"))
    edit = Edit.objects.get()
    assert (edit.model, edit.prompt) == ("dall-e-3", "A windmill")
    assert not {"output_format", "output_compression", "partial_images"} & set(edit.options)


def test_an_error_leads_back_to_the_form_as_it_was(signed_in_page: Page) -> None:
    page = signed_in_page
    page.goto(f"/generate?model={MODEL}")
    prompt(page).fill("Kept words")
    page.get_by_label("Size").select_option("own")
    page.get_by_label("Width").fill("1000")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_text("Width and height must be multiples of 16.")).to_be_visible()
    expect(page.get_by_label("Size")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Size")).to_be_focused()
    expect(prompt(page)).to_have_value("Kept words")
    expect(page.get_by_label("Width")).to_have_value("1000")
    assert not Edit.objects.exists()


def test_without_scripts_it_works_too(sign_in: Callable[..., Page], alice: Any) -> None:
    page = sign_in(alice, java_script_enabled=False)
    page.goto("/generate")
    prompt(page).fill("A windmill")
    page.get_by_label("Model").select_option("dall-e-3")
    page.get_by_role("button", name="Show what this model takes").click()
    expect(prompt(page)).to_have_value("A windmill")
    page.get_by_text("More options").click()
    page.get_by_label("Style").select_option("natural")
    page.get_by_role("button", name="Generate").click()
    page.wait_for_url(re.compile(r"/edits/\d+/$"))
    edit = Edit.objects.get()
    assert (edit.model, edit.options["style"]) == ("dall-e-3", "natural")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_it_is_accessible(
    scheme: str, width: int, sign_in: Callable[..., Page], alice: Any,
    accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    result = result_for(generation(alice))
    page = sign_in(alice, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto("/generate?size=own&n=50")
    page.get_by_text("More options").click()
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"/edits/{result.edit_id}/")
    accessible(page)


def test_what_is_chosen_before_the_script_is_there_counts(signed_in_page: Page) -> None:
    page = signed_in_page
    late: list[Route] = []
    page.route("**/generate*.js", lambda route: late.append(route))
    page.goto("/generate?model=dall-e-2&size=1024x1024", wait_until="commit")
    page.get_by_label("Number").fill("5")
    page.get_by_label("Model").select_option("dall-e-2")
    page.wait_for_function("() => document.readyState === 'interactive'")
    for route in late:
        route.continue_()
    expect(page.locator('[data-part="cost"]')).to_have_text("About $0.10")
