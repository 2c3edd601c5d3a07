"""Reviewers decide by mouse, by keyboard, on a phone, and without JavaScript."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from editor.models import Image, Result, Review, decide
from tests.drawing import photo_png, pixels_of

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def results(photo: Any, make_edit: Any, make_result: Any) -> list[Result]:
    return [make_result(make_edit(photo, prompt=f"Wish number {number}")) for number in (1, 2, 3)]


@pytest.fixture
def review_page(sign_in: Callable[..., Page], vera: Any, results: list[Result]) -> Page:
    page = sign_in(vera)
    page.goto("/review/")
    expect(quote(page)).to_have_text("Wish number 1")
    return page


def quote(page: Page) -> Any:
    return page.locator(".quote")


def states() -> list[str]:
    return list(Result.objects.order_by("pk").values_list("review", flat=True))


def shown_pixel(page: Page, across: float, down: float) -> tuple[int, int, int]:
    """The colour that the stage shows at a place of the picture, given in shares of it."""
    box = page.locator(".item figure").bounding_box()
    assert box
    image = page.locator(".item .over")
    ratio = image.evaluate("image => image.naturalWidth / image.naturalHeight")
    width = min(box["width"], box["height"] * ratio)
    height = width / ratio
    left = box["x"] + (box["width"] - width) / 2 + across * width
    top = box["y"] + (box["height"] - height) / 2 + down * height
    png = page.screenshot(clip={"x": left, "y": top, "width": 1, "height": 1})

    red, green, blue = pixels_of(png)[0, 0][:3]
    return int(red), int(green), int(blue)


def test_by_mouse_a_result_is_approved_and_the_next_comes_without_a_reload(
    review_page: Page, accessible: Callable[[Page], None]
) -> None:
    accessible(review_page)
    review_page.evaluate("window.sameDocument = true")
    review_page.get_by_role("region", name="Decide").get_by_role("button", name="Approve").click()
    expect(quote(review_page)).to_have_text("Wish number 2")
    expect(review_page.locator("#pending-count")).to_contain_text("2")
    expect(review_page.get_by_role("status").first).to_contain_text("Approved: Wish number 1")
    assert review_page.evaluate("window.sameDocument") is True
    assert review_page.url.endswith(f"/review/{Result.objects.order_by('pk')[1].pk}/")
    assert states() == ["approved", "pending", "pending"]
    accessible(review_page)


def test_by_keys_alone_all_is_decided(review_page: Page) -> None:
    review_page.keyboard.press("a")
    expect(quote(review_page)).to_have_text("Wish number 2")
    review_page.keyboard.press("r")
    review_page.keyboard.press("3")
    expect(quote(review_page)).to_have_text("Wish number 3")
    review_page.keyboard.press("r")
    review_page.keyboard.press("6")
    review_page.keyboard.type("The jar floats, a bit")  # a, r, u, x are letters here, not keys
    review_page.keyboard.press("Enter")
    expect(review_page.get_by_text("Nothing waits for a decision")).to_be_visible()
    assert states() == ["approved", "rejected", "rejected"]
    reasons = list(Review.objects.order_by("pk").values_list("reason", flat=True))
    assert reasons == ["", "Visible seam", "The jar floats, a bit"]


def test_u_takes_the_last_decision_back(review_page: Page) -> None:
    review_page.keyboard.press("a")
    expect(quote(review_page)).to_have_text("Wish number 2")
    review_page.keyboard.press("u")
    expect(quote(review_page)).to_have_text("Wish number 1")
    assert states() == ["pending"] * 3


@pytest.mark.parametrize(("onward", "back"), [("j", "k"), ("ArrowDown", "ArrowUp")])
def test_keys_go_through_the_queue_and_back(review_page: Page, onward: str, back: str) -> None:
    for wanted in ("Wish number 2", "Wish number 3"):
        review_page.keyboard.press(onward)
        expect(quote(review_page)).to_have_text(wanted)
    review_page.keyboard.press(onward)  # there is no further one
    review_page.keyboard.press(back)
    expect(quote(review_page)).to_have_text("Wish number 2")
    review_page.go_back()
    expect(quote(review_page)).to_have_text("Wish number 3")
    assert states() == ["pending"] * 3


def test_selection_outlives_moving_on_and_is_approved_at_once(review_page: Page) -> None:
    review_page.keyboard.press("x")
    review_page.keyboard.press("j")
    expect(quote(review_page)).to_have_text("Wish number 2")
    review_page.keyboard.press("j")
    expect(quote(review_page)).to_have_text("Wish number 3")
    review_page.keyboard.press("x")
    review_page.reload()
    checked = review_page.locator('.queue [name="result"]:checked')
    expect(checked).to_have_count(2)
    expect(review_page.get_by_role("group", name="What is selected")).to_contain_text("2")
    review_page.keyboard.press("Shift+A")
    expect(quote(review_page)).to_have_text("Wish number 2")
    assert states() == ["approved", "pending", "approved"]


def test_enter_in_the_selections_reason_does_not_approve(review_page: Page) -> None:
    review_page.keyboard.press("x")
    chosen = review_page.get_by_role("group", name="What is selected")
    chosen.locator("summary").click()
    chosen.get_by_label("Or in your own words").fill("All too dark")
    review_page.keyboard.press("Enter")
    review_page.wait_for_timeout(300)
    assert states() == ["pending"] * 3
    chosen.get_by_role("button", name="Reject the selected").click()
    expect(quote(review_page)).to_have_text("Wish number 2")
    assert states() == ["rejected", "pending", "pending"]
    assert Review.objects.get().reason == "All too dark"


def test_keys_pressed_in_a_hurry_never_load_a_whole_page(review_page: Page) -> None:
    review_page.evaluate("window.sameDocument = true")
    for key in ("j", "j", "k", "k", "j"):
        before = quote(review_page).inner_text()
        review_page.keyboard.press(key)
        review_page.wait_for_function(
            "before => document.querySelector('.quote')?.textContent !== before",
            arg=before,
            polling=1,
        )
    expect(quote(review_page)).to_have_text("Wish number 2")
    assert review_page.evaluate("window.sameDocument") is True


def test_shift_a_without_a_selection_decides_nothing(review_page: Page) -> None:
    review_page.keyboard.press("Shift+A")
    review_page.keyboard.press("j")
    expect(quote(review_page)).to_have_text("Wish number 2")
    assert states() == ["pending"] * 3


def test_key_held_down_decides_once(review_page: Page) -> None:
    review_page.keyboard.down("a")
    review_page.keyboard.down("a")  # what a held key sends: the same again, marked as a repeat
    review_page.keyboard.down("a")
    review_page.keyboard.up("a")
    expect(quote(review_page)).to_have_text("Wish number 2")
    assert states() == ["approved", "pending", "pending"]


def test_keys_can_be_turned_off_for_good(review_page: Page) -> None:
    review_page.get_by_label("Use these keys").uncheck()
    review_page.keyboard.press("a")
    review_page.reload()
    review_page.keyboard.press("j")
    expect(quote(review_page)).to_have_text("Wish number 1")
    expect(review_page.get_by_label("Use these keys")).not_to_be_checked()
    assert states() == ["pending"] * 3


def test_backslash_shows_the_source_while_it_is_held(review_page: Page) -> None:
    result = shown_pixel(review_page, 0.5, 0.5)
    review_page.keyboard.down("\\")
    source = shown_pixel(review_page, 0.5, 0.5)
    review_page.keyboard.up("\\")
    assert abs(result[2] - source[2]) > 20  # the blue of the two differs, see the fixtures
    assert shown_pixel(review_page, 0.5, 0.5) == result
    expect(review_page.get_by_label("Result", exact=True)).to_be_checked()


def test_mask_tints_what_may_change_and_nothing_else(review_page: Page) -> None:
    review_page.keyboard.down("\\")
    inside, outside = (
        (0.39, 0.41),
        (0.8, 0.8),
    )  # the fixtures paint (200, 150, 300, 250) of 640 x 480
    source_inside, source_outside = (shown_pixel(review_page, *at) for at in (inside, outside))
    review_page.keyboard.up("\\")
    review_page.locator("label", has_text="Mask").click()
    review_page.wait_for_function("document.querySelector('.item .mask-look').complete")
    tinted, untouched = (shown_pixel(review_page, *at) for at in (inside, outside))
    assert tinted[0] > source_inside[0] + 30
    assert tinted[2] < source_inside[2] - 20
    assert untouched == source_outside


def test_second_reviewer_sees_what_the_first_decided(
    review_page: Page, adam: Any, results: list[Result]
) -> None:
    decide(results[0], "rejected", by=adam, reason="Visible seam")
    review_page.keyboard.press("a")
    expect(review_page.get_by_role("status").first).to_contain_text("Adam decided meanwhile")
    expect(review_page.get_by_role("complementary", name="About this result")).to_contain_text(
        re.compile("Adam.*Rejected: Visible seam", re.DOTALL)
    )
    assert states() == ["rejected", "pending", "pending"]


def test_without_javascript_results_are_decided_by_plain_forms(
    open_page: Callable[..., Page], vera: Any, results: list[Result]
) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/review/")
    page.get_by_label("Username or email").fill("vera")
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("region", name="Decide").get_by_role("button", name="Approve").click()
    expect(quote(page)).to_have_text("Wish number 2")
    page.locator("#reject summary").click()
    page.get_by_role("button", name="May not be shown").click()
    expect(quote(page)).to_have_text("Wish number 3")
    page.locator(".queue .pick").last.click()
    page.get_by_role("group", name="What is selected").get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Nothing waits for a decision")).to_be_visible()
    assert states() == ["approved", "rejected", "approved"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_everything_is_in_reach(
    sign_in: Callable[..., Page],
    vera: Any,
    results: list[Result],
    accessible: Callable[[Page], None],
    scheme: str,
) -> None:
    page = sign_in(vera, color_scheme=scheme, **PHONE)
    page.goto("/")
    page.get_by_role("link", name=re.compile("Review")).click()
    accessible(page)
    page.get_by_role("region", name="Decide").get_by_role("link", name="Next").click()
    expect(quote(page)).to_have_text("Wish number 2")
    page.locator("#reject summary").click()
    accessible(page)
    page.get_by_role("button", name="Visible seam").click()
    expect(quote(page)).to_have_text("Wish number 3")
    assert states() == ["pending", "rejected", "pending"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_theme_is_seen_at_once_and_kept(sign_in: Callable[..., Page], alice: Any) -> None:
    page = sign_in(alice, color_scheme="dark")
    page.goto("/settings/")
    page.locator("label", has_text="Light").click()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved.")
    page.goto("/")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"


@pytest.mark.parametrize(
    "where",
    [
        "/settings/",
        "/settings/password/",
        "/settings/people/",
        "/settings/invitations/",
        "/nowhere",
    ],
)
@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_settings_are_accessible(
    sign_in: Callable[..., Page],
    adam: Any,
    accessible: Callable[[Page], None],
    where: str,
    options: Any,
) -> None:
    page = sign_in(adam, **options)
    page.goto(where)
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_menu_opens_and_closes_by_keyboard(
    sign_in: Callable[..., Page], alice: Any, accessible: Any
) -> None:
    page = sign_in(alice)
    page.goto("/settings/")
    menu = page.locator("header .menu")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(menu.get_by_role("button", name="Sign out")).to_be_visible()
    accessible(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(menu.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()


def test_invitation_is_made_copied_and_used(
    sign_in: Callable[..., Page], open_page: Callable[..., Page], adam: Any, accessible: Any
) -> None:
    page = sign_in(adam, permissions=["clipboard-read", "clipboard-write"])
    page.goto("/settings/invitations/")
    page.get_by_label("Role").select_option("reviewer")
    page.get_by_role("button", name="Make a link").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status").first).to_contain_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")
    accessible(page)
    guest = open_page()
    guest.goto(link)
    accessible(guest)
    guest.get_by_label("User name").fill("carol")
    guest.get_by_label("E-mail address").fill("carol@example.org")
    guest.get_by_label("Password").fill("correct horse battery")
    guest.get_by_role("button", name="Join").click()
    expect(guest.get_by_role("status").first).to_contain_text("Welcome, carol.")
    expect(guest.get_by_role("link", name=re.compile("Review"))).to_be_visible()


def test_picture_uploaded_from_any_page_opens_in_the_studio(review_page: Page) -> None:
    picture = {"name": "dropped.png", "mimeType": "image/png", "buffer": photo_png((320, 200), 5)}
    review_page.get_by_label("Upload images").set_input_files(picture)
    review_page.wait_for_url("**/images/*/edit")
    expect(review_page.get_by_role("heading", name="dropped.png")).to_be_visible()
    assert Image.objects.get(name="dropped.png").size == (320, 200)
