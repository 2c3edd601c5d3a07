"""The gallery by hand: filters and more pages without a reload, keys, and all of it without scripts."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from editor.models import Edit


@pytest.fixture
def long_history(photo: Any, alice: Any) -> None:
    now = timezone.now()
    Edit.objects.bulk_create(
        Edit(
            created_by=alice,
            source=photo,
            prompt=f"wish {number}",
            model="gpt-image-2",
            mask="x",
            status="failed" if number % 2 else "canceled",
            created_at=now - timedelta(minutes=number),
        )
        for number in range(300)
    )


def tiles(page: Page) -> Any:
    return page.locator(".tile")


@pytest.mark.usefixtures("long_history")
def test_scrolling_loads_more_five_times_and_then_asks(gallery: Page) -> None:
    page = gallery
    more = page.get_by_role("link", name="Load more")
    for count in (80, 120, 160, 200):
        more.scroll_into_view_if_needed()
        expect(tiles(page)).to_have_count(count)
    more.scroll_into_view_if_needed()
    page.wait_for_timeout(600)
    expect(tiles(page)).to_have_count(200)
    more.click()
    expect(tiles(page)).to_have_count(240)
    ids = tiles(page).evaluate_all("tiles => tiles.map((tile) => tile.id)")
    assert len(set(ids)) == 240


@pytest.mark.usefixtures("long_history")
def test_filters_narrow_without_a_reload_and_stay_in_the_address(gallery: Page) -> None:
    page = gallery
    page.evaluate("window.isStillHere = true")
    page.get_by_label("Status").select_option("Canceled")
    page.wait_for_url("**/?status=canceled")
    page.get_by_role("searchbox", name="Search").fill("wish 12")
    page.wait_for_url("**/?q=wish+12&status=canceled")
    expect(tiles(page)).to_have_count(6)  # 12, 120, 122, 124, 126, 128
    assert page.evaluate("window.isStillHere")
    page.reload()
    expect(tiles(page)).to_have_count(6)
    page.get_by_role("link", name="Clear", exact=True).click()
    expect(tiles(page)).to_have_count(40)


@pytest.mark.usefixtures("long_history")
def test_without_scripts_filters_and_pages_work(sign_in: Callable[..., Page], alice: Any) -> None:
    page = sign_in(alice, java_script_enabled=False)
    page.goto("/")
    page.get_by_label("Status").select_option("Failed")
    page.get_by_role("button", name="Filter").click()
    expect(tiles(page)).to_have_count(40)
    page.get_by_role("link", name="Load more").click()
    assert "status=failed" in page.url and "after=" in page.url
    expect(tiles(page)).to_have_count(40)
    page.get_by_role("link", name="Back to the newest").click()
    expect(tiles(page)).to_have_count(40)


@pytest.mark.usefixtures("long_history")
def test_arrows_move_between_tiles_and_slash_goes_to_the_search(gallery: Page) -> None:
    page = gallery
    page.locator(".tile > a").first.focus()
    page.keyboard.press("ArrowRight")
    focused = "document.activeElement.closest('.tile')?.id"
    second = tiles(page).nth(1).get_attribute("id")
    assert page.evaluate(focused) == second
    page.keyboard.press("ArrowDown")
    here = page.evaluate("document.activeElement.getBoundingClientRect().top")
    assert here > tiles(page).nth(1).bounding_box()["y"]
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_kind_of_tile_is_accessible(
    scheme: str, width: int, sign_in: Callable[..., Page], alice: Any, photo: Any, make_edit: Any,
    make_result: Any, accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    make_edit(photo)
    make_edit(photo, status="unknown", trouble="read_timeout")
    make_edit(photo, status="failed", trouble="moderation_blocked")
    make_result(make_edit(photo, prompt="done"))
    page = sign_in(alice, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto("/")
    expect(tiles(page)).to_have_count(5)
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
