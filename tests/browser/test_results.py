"""A result on its page: what changed, where, finished otherwise, and taken away."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import default_storage
from playwright.sync_api import Page, Route, expect

from editor.jobs.pictures import read
from editor.jobs.run import run
from editor.models import Result, decide
from tests.canned_provider import Answer, pictures
from tests.drawing import pixels_of

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def result(canned: Any, photo: Any, make_edit: Any) -> Result:
    canned.usual = Answer(body=pictures(size=(944, 704)))
    edit = make_edit(photo, grow=4)
    run(edit.pk)
    return edit.results.select_related("edit", "image").get()


@pytest.fixture
def page(signed_in_page: Page, result: Result) -> Page:
    signed_in_page.goto(f"/edits/{result.edit_id}/")
    return signed_in_page


def finish(page: Page) -> Any:
    return page.locator("#finish")


def choose(page: Page, name: str) -> Any:
    return finish(page).get_by_role("button", name=re.compile(f"^{name}"))


def look_at(page: Page, view: str) -> None:
    page.locator(".title .segments label", has_text=view).click()


def is_shown(page: Page, result: Result) -> None:
    """The picture that is compared is the result's present one."""
    result.refresh_from_db()
    shown = page.locator(f'.compare img[src="/images/{result.image_id}/preview"]')
    expect(shown).to_have_count(1)


def test_the_panel_leads_with_the_proof_and_tells_what_its_figures_mean(
    page: Page, result: Result, accessible: Callable[[Page], None]
) -> None:
    panel = page.locator("section.measured")
    expect(panel).to_contain_text("Identical outside the mask")
    expect(panel).to_contain_text("the stored file was read back")
    expect(panel.get_by_role("definition").first).to_have_text(re.compile(r"\d %"))
    panel.get_by_text("What these say").focus()
    page.keyboard.press("Enter")
    expect(panel).to_contain_text("How far colours step across the border")
    accessible(page)


def test_the_difference_is_the_servers_own_picture(
    page: Page, result: Result, accessible: Callable[[Page], None]
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response(re.compile("/difference")) as came:
        look_at(page, "Difference")
    expect(page.locator(".differs.is-there")).to_be_visible()
    expect(page.get_by_text("Eight times as strong as it is.")).to_be_visible()
    expect(page.locator(".coming")).to_be_hidden()
    accessible(page)
    assert sum("/difference" in url for url in asked) == 1
    assert pixels_of(came.value.body()).any()
    box = page.locator(".compare").bounding_box()
    assert box
    shown = pixels_of(page.screenshot(clip=box))[..., :3].astype(int)  # type: ignore[arg-type]
    height, width = shown.shape[:2]
    inside = shown[
        round(height * 0.38) : round(height * 0.45), round(width * 0.37) : round(width * 0.42)
    ]
    assert inside.max() > 40
    assert shown[20 : round(height * 0.25), 20:-20].max() == 0  # nothing differs there
    look_at(page, "Slider")
    expect(page.locator(".differs")).to_be_hidden()
    expect(page.get_by_text("Eight times as strong as it is.")).to_be_hidden()


def test_a_difference_is_not_asked_for_before_it_is_looked_at(page: Page, result: Result) -> None:
    page.wait_for_load_state("networkidle")
    assert result.finished.get().difference == ""


def test_a_difference_that_can_not_be_made_says_so_and_can_be_tried_again(
    page: Page, accessible: Callable[[Page], None]
) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=503, body="no room")

    page.route("**/difference*", refuse)
    look_at(page, "Difference")
    expect(page.get_by_text("The difference can’t be shown")).to_be_visible()
    accessible(page)
    page.unroute("**/difference*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".differs.is-there")).to_be_visible()
    expect(page.get_by_text("The difference can’t be shown")).to_be_hidden()


def test_a_result_is_finished_otherwise_by_mouse_and_what_was_compared_stays(
    page: Page, result: Result, canned: Any, accessible: Callable[[Page], None]
) -> None:
    look_at(page, "Side by side")
    finish(page).locator("summary").click()
    accessible(page)
    choose(page, "Hard edge").click()
    expect(choose(page, "Hard edge")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("status").filter(has_text="Finish: Hard edge")).to_be_visible()
    is_shown(page, result)
    assert (result.finish, canned.calls) == ("hard", 1)
    expect(page.locator(".pair")).to_be_visible()
    look_at(page, "Slider")
    slider = page.get_by_label("Share of the source shown")
    slider.fill("80")
    choose(page, "Natural").click()
    expect(choose(page, "Natural")).to_have_attribute("aria-pressed", "true")
    expect(slider).to_have_value("80")
    at = "document.querySelector('[data-compare]').style.getPropertyValue('--at')"
    assert page.evaluate(at) == "80%"
    is_shown(page, result)


def test_finishes_are_gone_through_by_keyboard(page: Page, result: Result) -> None:
    finish(page).locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(choose(page, "Natural")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(choose(page, "The model’s colours")).to_have_attribute("aria-pressed", "true")
    expect(choose(page, "The model’s colours")).to_be_focused()
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_text("As the model sent it")).to_be_visible()
    expect(choose(page, "As it was sent")).to_be_focused()
    expect(page.locator(".title .segments label")).to_have_count(2)  # result, side by side
    result.refresh_from_db()
    assert result.finish == "raw"


def test_while_another_finish_is_made_it_says_so_and_takes_no_second_one(
    page: Page, result: Result, canned: Any
) -> None:
    held: list[Route] = []
    page.route("**/finish", lambda route: held.append(route))
    finish(page).locator("summary").click()
    choose(page, "Hard edge").click()
    expect(finish(page).get_by_text("It is being made")).to_be_visible()
    page.keyboard.press("Enter")
    assert len(held) == 1
    held[0].continue_()
    expect(choose(page, "Hard edge")).to_have_attribute("aria-pressed", "true")
    expect(finish(page).get_by_text("It is being made")).to_be_hidden()


def test_what_was_decided_is_asked_about_first(
    page: Page, result: Result, vera: Any, accessible: Callable[[Page], None]
) -> None:
    decide(result, "approved", by=vera)
    finish(page).locator("summary").click()
    choose(page, "Hard edge").click()
    expect(finish(page)).to_contain_text("another picture than the one that Vera decided about")
    accessible(page)
    finish(page).get_by_role("link", name="Leave it as it is").click()
    expect(finish(page)).not_to_contain_text("Vera decided about")
    result.refresh_from_db()
    assert (result.finish, result.review) == ("natural", "approved")
    finish(page).locator("summary").click()
    choose(page, "Hard edge").click()
    expect(finish(page).get_by_role("button", name="Choose it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(choose(page, "Hard edge")).to_be_focused()
    expect(page.locator(".review-state")).to_contain_text("Pending")
    result.refresh_from_db()
    assert (result.finish, result.review) == ("hard", "pending")


def test_without_javascript_a_result_is_finished_compared_and_taken(
    open_page: Callable[..., Page], alice: Any, result: Result
) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"/edits/{result.edit_id}/")
    page.get_by_label("Username or email").fill("alice")
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Sign in").click()
    finish(page).locator("summary").click()
    choose(page, "Hard edge").click()
    expect(choose(page, "Hard edge")).to_have_attribute("aria-pressed", "true")
    is_shown(page, result)
    look_at(page, "Difference")
    expect(page.locator(".difference")).to_be_visible()
    page.wait_for_load_state("networkidle")  # no browser is lazy without scripts
    assert result.finished.get(finish="hard").difference
    page.locator("#downloads summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="WebP").click()
    assert Path(download.value.path()).read_bytes()[8:12] == b"WEBP"


def test_the_picture_is_one_click_and_other_formats_are_in_a_menu(
    page: Page, result: Result, accessible: Callable[[Page], None]
) -> None:
    with page.expect_download() as exact:
        page.get_by_role("link", name="Download", exact=True).click()
    assert Path(exact.value.path()).read_bytes() == read(result.image.original)
    menu = page.locator("#downloads")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(menu.get_by_text("nothing is identical any more")).to_be_visible()
    accessible(page)
    sizes = []
    for quality in (40, 95):
        menu.get_by_label("Quality").fill(str(quality))
        expect(menu.locator("output")).to_have_text(str(quality))
        with page.expect_download() as download:
            menu.get_by_role("button", name="JPEG").click()
        assert download.value.suggested_filename.endswith(".jpg")
        sizes.append(len(Path(download.value.path()).read_bytes()))
    assert sizes[0] < sizes[1]
    with page.expect_download() as raw:
        menu.get_by_role("link", name="As received").click()
    assert Path(raw.value.path()).read_bytes() == read(result.piece.raw)
    page.keyboard.press("Escape")
    expect(menu.get_by_label("Quality")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()


def test_the_record_holds_what_made_it(page: Page, result: Result, photo: Any) -> None:
    with page.expect_download() as download:
        page.get_by_role("link", name="Download with record").click()
    assert download.value.suggested_filename.endswith(f"{result} record.zip")
    record = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    told = json.loads(record.read("record.json"))
    assert told["edit"]["prompt"] == result.edit.prompt
    assert set(told["files"]) == {
        "source.png", "mask.png", "contract.png", "raw-1.png", "result.png",
    }  # fmt: skip
    assert np.array_equal(pixels_of(record.read("source.png")), pixels_of(read(photo.original)))


def test_a_download_that_fails_stays_on_the_page_and_says_why(page: Page, result: Result) -> None:
    default_storage.delete(result.piece.raw)
    page.get_by_role("link", name="Download with record").click()
    expect(page.get_by_role("status").filter(has_text="not in storage any more")).to_be_visible()
    expect(page.get_by_role("link", name="Download with record")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_everything_is_in_reach(
    scheme: str,
    sign_in: Callable[..., Page],
    alice: Any,
    result: Result,
    accessible: Callable[[Page], None],
) -> None:
    Result.objects.filter(pk=result.pk).update(flag="another_picture")
    page = sign_in(alice, color_scheme=scheme, **PHONE)
    page.goto(f"/edits/{result.edit_id}/")
    page.locator("#downloads summary").tap()
    accessible(page)
    with page.expect_download():
        page.locator("#downloads").get_by_role("button", name="JPEG").tap()
    look_at(page, "Difference")
    expect(page.locator(".differs.is-there")).to_be_visible()
    finish(page).locator("summary").tap()
    accessible(page)
    for target in ("#finish li button", "#downloads summary", "#finish summary"):
        box = page.locator(target).first.bounding_box()
        assert box and box["height"] >= 44, target
    choose(page, "Hard edge").tap()
    expect(choose(page, "Hard edge")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1000, 390])
def test_doubtful_results_are_accessible_where_they_are_listed(
    width: int, scheme: str, sign_in: Callable[..., Page], vera: Any, photo: Any, make_edit: Any,
    make_result: Any, accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    for flag in ("another_picture", "blank"):
        make_result(make_edit(photo, prompt=f"Wish {flag}"), flag=flag)
    page = sign_in(vera, color_scheme=scheme, viewport={"width": width, "height": 844})
    for url in ("/", "/review/"):
        page.goto(url)
        expect(page.get_by_text("Another picture").first).to_be_attached()
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.locator("section.measured")).to_contain_text("it does not resemble the source")
