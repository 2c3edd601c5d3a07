"""All commands in one place under `?`, with their keys; and keys that can be switched off."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect


@pytest.fixture
def studio(signed_in_page: Page, photo: Any) -> Page:
    open_studio(signed_in_page, photo)
    return signed_in_page


def open_studio(page: Page, photo: Any) -> None:
    page.goto(f"/images/{photo.pk}/edit")
    expect(surface(page)).not_to_have_attribute("aria-busy", "true")


def surface(page: Page) -> Locator:
    return page.get_by_role("application", name="Mask editor")


def palette(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Commands and keys")


def chosen(page: Page) -> Locator:
    """The option that Enter would run, as a screen reader is told."""
    search = page.get_by_role("combobox", name="Search commands")
    return page.locator(f"#{search.get_attribute('aria-activedescendant')}")


def test_the_palette_lists_every_command_in_groups_with_its_keys(studio: Page) -> None:
    commands = studio.evaluate(
        "import('/static/editor/commands.js').then(({ COMMANDS }) => COMMANDS.map(({ id }) => id))"
    )
    studio.keyboard.press("?")
    options = palette(studio).get_by_role("option")
    expect(options).to_have_count(len(commands))
    assert len(commands) > 50
    for name, keys in (("Brush", "B"), ("Redo", "CtrlShiftZ"), ("Much smaller brush", "{")):
        option = palette(studio).get_by_role("option", name=name, exact=True)
        assert keys in "".join(option.locator("kbd").all_inner_texts())
    expect(palette(studio).get_by_role("group", name="Zoom").get_by_role("option")).to_have_count(8)
    studio.keyboard.press("Escape")
    expect(palette(studio)).to_be_hidden()


def test_the_palette_finds_and_runs_commands(studio: Page) -> None:
    studio.keyboard.press("Control+k")
    studio.keyboard.type("everything")
    studio.keyboard.press("Enter")
    expect(palette(studio)).to_be_hidden()
    expect(studio.locator("#mask-share")).to_have_text("Mask 100 % of the picture")
    studio.keyboard.press("?")
    studio.keyboard.type("the mask")
    before = chosen(studio).inner_text()
    studio.keyboard.press("ArrowDown")
    assert chosen(studio).inner_text() != before
    studio.keyboard.press("ArrowUp")
    assert chosen(studio).inner_text() == before
    studio.keyboard.press("ArrowUp")  # from the first to the last
    expect(chosen(studio)).to_be_visible()
    palette(studio).get_by_role("option", name="Clear the mask").click()
    expect(studio.locator("#mask-share")).to_contain_text("No mask yet")
    studio.keyboard.press("?")
    studio.keyboard.type("magic")
    studio.keyboard.press("Enter")
    expect(studio.get_by_label("Tolerance")).to_be_visible()
    studio.keyboard.press("?")
    studio.keyboard.type("xyzzy")
    expect(palette(studio)).to_contain_text("No command is called that.")


def test_the_next_key_is_a_command_again_as_soon_as_one_was_chosen(studio: Page) -> None:
    studio.keyboard.press("?")
    studio.keyboard.type("magic")
    focused = studio.get_by_role("combobox", name="Search commands").evaluate(
        """search => {
          search.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
          return document.activeElement === search;
        }"""
    )
    expect(palette(studio)).to_be_hidden()
    assert not focused, "before the next frame"


def test_what_can_do_nothing_now_is_shown_so_and_does_not_run(studio: Page) -> None:
    studio.keyboard.press("?")
    studio.keyboard.type("undo")
    expect(palette(studio).get_by_role("option", name="Undo")).to_be_disabled()
    studio.keyboard.press("Enter")
    expect(palette(studio)).to_be_visible()


def test_keys_without_ctrl_can_be_switched_off_for_good(studio: Page, photo: Any) -> None:
    eraser = studio.get_by_role("button", name="Eraser")
    studio.keyboard.press("?")
    palette(studio).get_by_label("Keys without Ctrl").uncheck()
    studio.keyboard.press("Escape")
    open_studio(studio, photo)
    studio.keyboard.press("e")
    studio.keyboard.press("?")
    expect(palette(studio)).to_be_hidden()
    expect(eraser).to_have_attribute("aria-pressed", "false")
    studio.keyboard.press("Control+a")
    expect(studio.locator("#mask-share")).to_have_text("Mask 100 % of the picture")
    surface(studio).focus()  # over the focused picture they are its own
    studio.keyboard.press("e")
    expect(eraser).to_have_attribute("aria-pressed", "true")
    studio.keyboard.press("Control+k")
    palette(studio).get_by_label("Keys without Ctrl").check()
    studio.keyboard.press("Escape")
    studio.locator("body").evaluate("() => document.activeElement.blur()")
    studio.keyboard.press("b")
    expect(eraser).to_have_attribute("aria-pressed", "false")
