from typing import Any

from playwright.sync_api import Page, expect

from editor.models import Token


def test_a_token_is_made_copied_and_revoked(signed_in_page: Page, accessible: Any) -> None:
    page = signed_in_page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/settings/tokens/")
    page.get_by_label("What it is for").fill("nightly script")
    page.get_by_role("button", name="Make a token").click()
    secret = page.get_by_label("Token", exact=True).input_value()
    assert Token.of(secret)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == secret
    accessible(page)
    page.reload()
    expect(page.get_by_text("nightly script")).to_be_visible()
    assert secret not in page.content()
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.get_by_role("button", name="Revoke nightly script").click()
    assert Token.of(secret) and "refused at once" in asked[0]
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Revoke nightly script").click()
    expect(page.get_by_role("status")).to_contain_text("is revoked")
    assert Token.of(secret) is None
    accessible(page)


def test_the_page_about_the_api_is_read_on_a_phone(
    sign_in: Any, alice: Any, accessible: Any
) -> None:
    page = sign_in(alice, viewport={"width": 390, "height": 800})
    page.goto("/settings/api/")
    expect(page.get_by_role("heading", name="What you can rely on")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    accessible(page)
