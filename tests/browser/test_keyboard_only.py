"""A whole edit by the keyboard: not one event of a mouse, a pen or a finger."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.storage import default_storage
from playwright.sync_api import Locator, Page, expect

from editor.models import Edit
from tests.conftest import PASSWORD
from tests.drawing import pixels_of

POINTER_EVENTS = (
    "window.pointers = 0; for (const name of ['pointerdown', 'mousedown', 'touchstart'])"
    + ("addEventListener(name, () => window.pointers++, true)")
)


def tab_to(page: Page, wanted: Locator) -> None:
    """As somebody without a mouse gets there; not at all is a failure."""
    for _ in range(80):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not lead to {wanted}")


@pytest.mark.usefixtures("worker")
def test_a_whole_edit_is_made_by_the_keyboard_alone(
    open_page: Callable[..., Page], live_server: Any, alice: Any, photo: Any
) -> None:
    page = open_page()
    page.add_init_script(POINTER_EVENTS)
    page.goto("/")
    tab_to(page, page.get_by_label("Username or email"))
    page.keyboard.type("alice")
    tab_to(page, page.get_by_label("Password"))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/")
    tab_to(page, page.get_by_role("link", name="Edit photo.png"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/images/{photo.pk}/edit")

    surface = page.get_by_role("application", name="Mask editor")
    expect(surface).not_to_have_attribute("aria-busy", "true")
    page.keyboard.press("]")
    tab_to(page, surface)
    page.keyboard.down("Space")
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    page.keyboard.up("Space")
    expect(page.locator("#mask-share")).to_contain_text("of the picture")

    run_palette(page, "fit")
    tab_to(page, surface)
    page.keyboard.press("/")
    prompt = page.get_by_label("What should change?")
    expect(prompt).to_be_focused()
    page.keyboard.type("Remove the sign / and its pole")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/edits/\d+/$"))
    expect(page.get_by_role("region", name="Status")).to_contain_text("Succeeded", timeout=60_000)
    slider = page.get_by_label("Share of the source shown")
    tab_to(page, slider)
    page.keyboard.press("End")
    expect(slider).to_have_value("100")
    assert page.evaluate("window.pointers") == 0

    edit = Edit.objects.get()
    assert edit.prompt == "Remove the sign / and its pole"
    with default_storage.open(edit.mask) as file:
        mask = pixels_of(file.read()).astype(bool)
    middle = mask[photo.height // 2]
    assert middle[photo.width // 2]
    assert middle.sum() > 70
    assert not mask[0].any()


def run_palette(page: Page, text: str) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("combobox", name="Search commands")).to_be_focused()
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_boxes_margins_and_shapes_are_made_by_numbers_and_keys(
    signed_in_page: Page, photo: Any
) -> None:
    page = signed_in_page
    page.goto(f"/images/{photo.pk}/edit")
    surface = page.get_by_role("application", name="Mask editor")
    expect(surface).not_to_have_attribute("aria-busy", "true")
    page.keyboard.press("m")
    box = page.get_by_role("group", name="A box by numbers")
    for name, value in (("X", 10), ("Y", 20), ("Width", 64), ("Height", 48)):
        tab_to(page, box.get_by_label(name))
        page.keyboard.press("Control+a")
        page.keyboard.type(str(value))
    page.keyboard.press("Enter")
    expect(page.locator("#mask-share")).to_have_text(
        "Mask 1 % of the picture"
    )  # 64 × 48 of 640 × 480
    page.keyboard.press("Escape")
    tab_to(page, surface)
    page.keyboard.press("c")
    margins = page.get_by_role("group", name="New pixels on each side")
    tab_to(page, margins.get_by_label("Right"))
    page.keyboard.press("Control+a")
    page.keyboard.type("160")
    page.keyboard.press("Enter")
    # the box, and all 160 × 480 that are new, of 800 × 480
    expect(page.locator("#mask-share")).to_have_text("Mask 20.8 % of the picture")
    tab_to(page, surface)
    page.keyboard.press("Control+z")
    expect(page.locator("#mask-share")).to_have_text("Mask 1 % of the picture")
