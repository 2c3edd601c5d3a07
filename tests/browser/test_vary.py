"""Variations by hand."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from editor.models import Edit


@pytest.mark.usefixtures("worker")
def test_variations_are_made_of_the_middle_of_a_picture(signed_in_page: Page, photo: Any) -> None:
    page = signed_in_page
    page.goto(f"/images/{photo.pk}/")
    page.get_by_role("link", name="Variations").click()
    page.get_by_label("Size").select_option("256x256")
    expect(page.locator("#sent")).to_contain_text("the middle 480 × 480 is sent, at 256 × 256")
    page.get_by_label("Number").fill("2")
    expect(page.locator('[data-part="cost"]')).to_have_text("About $0.032")
    page.get_by_role("button", name="Make variations").click()
    page.wait_for_url(re.compile(r"/edits/\d+/$"))
    expect(page.get_by_role("region", name="Status")).to_contain_text("Succeeded", timeout=60_000)
    expect(page.get_by_role("region", name="Results").get_by_role("figure")).to_have_count(2)
    expect(page.get_by_text("The whole picture is the model’s")).to_be_visible()
    edit = Edit.objects.get()
    assert [result.image.size for result in edit.results.all()] == [(256, 256)] * 2
    page.get_by_text("Side by side").click()
    expect(page.locator(".pair")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_it_is_accessible(
    scheme: str, width: int, sign_in: Callable[..., Page], alice: Any, photo: Any,
    accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    page = sign_in(alice, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(f"/images/{photo.pk}/vary")
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
