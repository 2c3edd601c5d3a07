"""The page around the editor: simple at first, all of it reachable, on every screen."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

DESK, TABLET, PHONE = (
    {"width": 1440, "height": 900}, {"width": 1024, "height": 768}, {"width": 390, "height": 844},
)  # fmt: skip


def open_studio(page: Page, photo: Any) -> Page:
    page.goto(f"/images/{photo.pk}/edit")
    expect(surface(page)).not_to_have_attribute("aria-busy", "true")
    return page


def surface(page: Page) -> Locator:
    return page.get_by_role("application", name="Mask editor")


def more(page: Page) -> Locator:
    return page.get_by_role("button", name="More tools")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_everybody_can_use_the_studio_with_menus_and_palette_open_and_closed(
    viewport: Any,
    scheme: str,
    sign_in: Any,
    alice: Any,
    photo: Any,
    accessible: Callable[[Page], None],
) -> None:
    touch = viewport is PHONE
    page = open_studio(
        sign_in(alice, viewport=viewport, color_scheme=scheme, has_touch=touch), photo
    )
    accessible(page)
    more(page).click()
    page.keyboard.press("Control+a")
    page.get_by_role("button", name="Run edit").click()
    expect(page.locator("#prompt-error")).to_be_visible()
    for tool in ("rectangle", "extend", "text"):
        page.locator(f"[data-act={tool}]").click()
        accessible(page)
    for name in ("Mask", "Look of the mask"):
        page.get_by_role("button", name=name, exact=True).click()
        accessible(page)
        page.keyboard.press("Escape")
    page.locator("#zoom").click()
    accessible(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Commands and keys")).to_be_visible()
    accessible(page)


def test_a_new_person_sees_little_and_more_tools_stay_open_for_who_wants_them(
    signed_in_page: Page, photo: Any
) -> None:
    page = open_studio(signed_in_page, photo)
    tools = page.get_by_role("navigation", name="Tools").get_by_role("button")
    names = ["Brush", "Eraser", "Lasso", "Object", "More tools", "Commands and keys"]
    assert [tool.get_attribute("aria-label") for tool in tools.all()] == names
    expect(page.locator("#hint")).to_have_text(
        "Paint over what should change, then say what it should become."
    )
    page.keyboard.press("w")  # its key works all the same
    expect(page.get_by_label("Tolerance")).to_be_visible()
    more(page).click()
    expect(page.get_by_role("button", name="Magic wand")).to_have_attribute("aria-pressed", "true")
    expect(more(page)).to_have_attribute("aria-expanded", "true")
    open_studio(page, photo)
    expect(tools).to_have_count(18)
    more(page).click()
    open_studio(page, photo)
    expect(tools).to_have_count(6)


def test_the_menus_do_what_they_say_and_the_look_is_remembered(
    signed_in_page: Page, photo: Any
) -> None:
    page = open_studio(signed_in_page, photo)
    share = page.locator("#mask-share")
    more(page).click()
    menu = page.get_by_role("group", name="Mask", exact=True)
    page.keyboard.press("m")
    page.get_by_role("group", name="A box by numbers").get_by_role("button", name="Apply").click()
    expect(share).to_have_text("Mask 25 % of the picture")
    page.get_by_role("button", name="Mask", exact=True).click()
    page.get_by_label("By how many pixels").fill("10")
    menu.get_by_role("button", name="Shrink the mask").click()
    # 300 × 220 of 640 × 480 are left
    expect(share).to_have_text("Mask 21.5 % of the picture")
    expect(menu).to_be_hidden()
    page.get_by_role("button", name="Look of the mask").click()
    look = page.get_by_role("group", name="Look of the mask")
    look.get_by_label("Green").check()
    look.get_by_role("button", name="Outline", exact=True).click()
    expect(look).to_be_visible()
    open_studio(page, photo)
    page.get_by_role("button", name="Look of the mask").click()
    expect(look.get_by_label("Green")).to_be_checked()
    expect(look.get_by_role("button", name="Outline", exact=True)).to_have_attribute(
        "aria-pressed", "false"
    )
    page.keyboard.press("Escape")
    page.locator("#zoom").click()
    page.get_by_role("button", name="200 %").click()
    expect(page.locator("#zoom")).to_have_text("200 %")


@pytest.mark.parametrize("viewport", [TABLET, {"width": 768, "height": 1024}, PHONE], ids=str)
def test_fingers_find_their_targets_and_the_page_stays_where_it_is(
    viewport: Any, sign_in: Any, alice: Any, photo: Any
) -> None:
    page = open_studio(sign_in(alice, viewport=viewport, has_touch=True, is_mobile=True), photo)
    more(page).click()
    for tool in ("brush", "wand", "rectangle", "extend", "arrow", "text"):
        page.locator(f"[data-act={tool}]").click()
        small = page.evaluate(
            """() => [...document.querySelectorAll(".rail button, .floating button, .view button, .bar a, .options :is(button, label)")]
              .filter((element) => element.checkVisibility() && !element.closest("[hidden]"))
              .map((element) => [element.ariaLabel ?? element.textContent.trim(), element.getBoundingClientRect()])
              .filter(([, { width, height }]) => Math.min(width, height) < 43.5)
              .map(([name, { width, height }]) => `${name}: ${width} x ${height}`)"""
        )
        assert not small, tool
    box = surface(page).bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)
    for kind, way in (("Start", 0), ("Move", 40), ("Move", 120), ("End", None)):
        points = [] if way is None else [{"x": x, "y": y - way}]
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    assert page.evaluate("[scrollX, scrollY, visualViewport.scale]") == [0, 0, 1]
    assert page.evaluate("document.scrollingElement.scrollWidth") == viewport["width"]
    run = page.get_by_role("button", name="Run edit")
    expect(run).to_be_in_viewport()
