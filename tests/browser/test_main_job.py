"""The main job, as people do it: sign in, upload, paint, say what should change, see, compare, approve."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import default_storage
from PIL import Image as PillowImage
from playwright.sync_api import Page, expect

from editor.imaging.masks import grow
from editor.models import Edit, Result
from tests.drawing import photo_pixels, photo_png


def paint(page: Page) -> None:
    """One stroke across the middle of the picture."""
    surface = page.get_by_role("application", name="Mask editor")
    expect(surface).not_to_have_attribute("aria-busy", "true")
    box = surface.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 60, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 20, steps=8)
    page.mouse.up()


def submit(page: Page, prompt: str) -> Edit:
    page.get_by_label("What should change?").fill(prompt)
    page.get_by_role("button", name="Run edit", exact=True).click()
    page.wait_for_url(re.compile(r"/edits/\d+/$"))
    return Edit.objects.latest("pk")


@pytest.mark.usefixtures("worker")
def test_from_a_photo_to_an_approved_result(
    sign_in: Callable[..., Page],
    alice: Any,
    vera: Any,
    tmp_path: Path,
    accessible: Callable[[Page], None],
) -> None:
    path = tmp_path / "Hills.png"
    path.write_bytes(photo_png((800, 600)))
    page = sign_in(alice)
    page.goto("/")
    page.get_by_label("Upload images").set_input_files(path)
    page.wait_for_url(re.compile(r"/images/\d+/edit$"))
    paint(page)
    edit = submit(page, "Remove the sign")
    status = page.get_by_role("region", name="Status")
    expect(status).to_contain_text("Succeeded", timeout=60_000)  # without a reload
    figures = page.get_by_role("region", name="Results").get_by_role("figure")
    expect(figures).to_have_count(1)
    expect(page.get_by_text("Identical outside the mask")).to_be_visible()
    accessible(page)

    result = Result.objects.get(edit=edit)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download", exact=True).click()
    assert_only_the_mask_changed(Path(download.value.path()), edit)

    slider = page.get_by_label("Share of the source shown")
    at = "document.querySelector('[data-compare]').style.getPropertyValue('--at')"
    slider.focus()
    page.keyboard.press("Home")
    assert page.evaluate(at) == "0%"
    box = slider.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    page.mouse.up()
    assert abs(float(page.evaluate(at).rstrip("%")) - 75) < 1.5
    page.get_by_text("Side by side").click()
    expect(page.locator(".pair")).to_be_visible()
    expect(page.locator("[data-compare]")).to_be_hidden()

    page.goto("/")
    expect(page.locator(f"#edit-{edit.pk}")).to_be_visible()
    page.goto("/people/alice/")
    expect(page.locator(f"#edit-{edit.pk}")).to_be_visible()

    reviewer = sign_in(vera)
    reviewer.goto(f"/edits/{edit.pk}/")
    reviewer.get_by_role("link", name="Review this result").click()
    reviewer.wait_for_url(f"**/review/{result.pk}/")
    reviewer.get_by_role("button", name="Approve").first.click()
    expect(reviewer.get_by_role("status")).not_to_be_empty()
    page.goto(f"/edits/{edit.pk}/")
    expect(page.get_by_text("Approved").first).to_be_visible()
    expect(page.get_by_text("Vera").first).to_be_visible()
    result.refresh_from_db()
    assert result.review == "approved"


def assert_only_the_mask_changed(downloaded: Path, edit: Edit) -> None:
    """Full size, another picture inside the mask, and not one pixel changed outside its grown edge."""
    with PillowImage.open(downloaded) as picture:
        result = np.asarray(picture.convert("RGB"))
    with PillowImage.open(default_storage.open(edit.mask)) as picture:
        painted = np.asarray(picture.convert("L"))
    assert 4 <= edit.grow < 20
    mask = grow(painted, edit.grow) > 127
    source = photo_pixels((800, 600))
    assert result.shape == source.shape
    assert (result[~mask] == source[~mask]).all()
    assert 0 < mask.sum() < mask.size / 2
    assert (result[mask] != source[mask]).any()


@pytest.mark.usefixtures("worker")
def test_a_result_is_edited_on_and_an_edit_is_run_again(
    signed_in_page: Page, photo: Any, make_edit: Any, make_result: Any
) -> None:
    result, page = make_result(make_edit(photo, prompt="First")), signed_in_page
    page.goto(f"/edits/{result.edit_id}/")
    page.get_by_role("link", name="Edit this result").click()
    page.wait_for_url(f"**/images/{result.image_id}/edit")
    paint(page)
    second = submit(page, "Second")
    assert second.source_id == result.image_id
    page.goto(f"/edits/{result.edit_id}/")
    page.get_by_role("link", name="Run again").click()
    page.wait_for_url(f"**/images/{photo.pk}/edit?from={result.edit_id}")
    expect(page.get_by_label("What should change?")).to_have_value("First")
    expect(page.get_by_text(re.compile(r"Mask 3\.3"))).to_be_visible()
    third = submit(page, "First, but softer")
    assert third.again_id == result.edit_id
    assert third.mask_bounds == result.edit.mask_bounds


def test_a_running_edit_can_be_canceled_where_it_is_shown(
    signed_in_page: Page, photo: Any, make_edit: Any, accessible: Callable[[Page], None]
) -> None:
    edit, page = make_edit(photo), signed_in_page
    page.goto(f"/edits/{edit.pk}/")
    accessible(page)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("region", name="Status")).to_contain_text("Canceled")
    edit.refresh_from_db()
    assert edit.status == "canceled"


def test_the_gallery_shows_a_finished_edit_without_a_reload(
    signed_in_page: Page, photo: Any, make_edit: Any, make_result: Any
) -> None:
    edit, page = make_edit(photo), signed_in_page
    page.goto("/")
    tile = page.locator(f"#edit-{edit.pk}")
    expect(tile).to_contain_text("Queued")
    expect(page).to_have_title("(1) Team gallery · Maskroom")
    page.evaluate("window.isStillHere = true")
    result = make_result(edit)
    expect(tile.locator(f'img[src="/images/{result.image_id}/thumb-small"]')).to_be_visible()
    expect(page).to_have_title("Team gallery · Maskroom")
    assert page.evaluate("window.isStillHere")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("status", ["unknown", "failed"])
def test_what_went_wrong_is_accessible(
    status: str, scheme: str, sign_in: Callable[..., Page], alice: Any, photo: Any, make_edit: Any,
    accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    edit = make_edit(photo, status=status, trouble="read_timeout", trouble_text="No answer.")
    page = sign_in(alice, color_scheme=scheme)
    page.goto(f"/edits/{edit.pk}/")
    if status == "unknown":
        page.get_by_text("Buy again").click()
        expect(page.get_by_label("Why")).to_be_visible()
    accessible(page)


def test_a_finger_drags_the_line_between_before_and_after(
    sign_in: Callable[..., Page], alice: Any, photo: Any, make_edit: Any, make_result: Any
) -> None:
    edit = make_result(make_edit(photo)).edit
    page = sign_in(alice, viewport={"width": 390, "height": 844}, has_touch=True)
    page.goto(f"/edits/{edit.pk}/")
    box = page.get_by_label("Share of the source shown").bounding_box()
    assert box
    touch = page.context.new_cdp_session(page)
    y = box["y"] + box["height"] / 2
    for kind, share in (("Start", 0.5), ("Move", 0.4), ("Move", 0.3), ("Move", 0.2), ("End", None)):
        points = [{"x": box["x"] + box["width"] * share, "y": y}] if share else []
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    at = "document.querySelector('[data-compare]').style.getPropertyValue('--at')"
    assert (
        abs(float(page.evaluate(at).rstrip("%")) - 20) < 5
    )  # Chromium takes off a few pixels of slop
