"""Masks from elsewhere and for elsewhere: of earlier edits, for another picture, out of files and into files."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from editor.models import Draft
from tests.browser.hands import drag, open_studio, saved_mask, set_brush, stored_mask
from tests.drawing import mask_pixels, mask_png, pixels_of, png

BOX = (200, 150, 300, 250)
WHOLE = (640, 480)


@pytest.fixture
def studio(signed_in_page: Page, live_server: Any, photo: Any) -> Page:
    open_studio(signed_in_page, live_server, photo)
    return signed_in_page


def library(page: Page, shown: str = "Masks of other edits") -> Locator:
    """The dialog, opened as from the palette, where every command is found by its name."""
    page.keyboard.press("?")
    page.get_by_role("combobox", name="Search commands").fill(shown)
    page.keyboard.press("Enter")
    return page.get_by_role("dialog", name="Masks", exact=True)


def file(data: bytes, name: str = "lamp.png") -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": data}


def boxed(*boxes: tuple[int, int, int, int], size: tuple[int, int] = WHOLE) -> np.ndarray:
    return mask_pixels(size, *boxes).astype(bool)


def test_a_mask_of_an_earlier_edit_is_seen_over_its_picture_and_combined_as_chosen(
    studio: Page, photo: Any, make_edit: Any, accessible: Callable[[Page], None]
) -> None:
    make_edit(photo, prompt="Remove the sign")
    set_brush(studio, 40)
    saved_mask(studio, photo, lambda: drag(studio, (100.0, 100.0), (160.0, 100.0)))
    dialog = library(studio)
    choice = dialog.get_by_role("button", name="Remove the sign")
    expect(choice).to_contain_text("Alice")
    expect(choice.locator("svg.masked rect.tint")).to_be_visible()
    accessible(studio)
    added = saved_mask(studio, photo, choice.click)
    assert added[100, 130]
    assert (added | ~boxed(BOX)).all()
    dialog = library(studio)
    dialog.get_by_text("Replace", exact=True).click()
    replaced = saved_mask(studio, photo, dialog.get_by_role("button", name="Remove the sign").click)
    assert (replaced == boxed(BOX)).all()
    undone = saved_mask(studio, photo, lambda: studio.keyboard.press("Control+z"))
    assert (undone == added).all()


def test_the_mask_is_copied_to_another_picture_after_asking_where_one_is(
    studio: Page, photo: Any, bob: Any, alice: Any, make_photo: Any
) -> None:
    other = make_photo(bob, name="twin.png")
    Draft.objects.create(person=alice, image=other, mask=mask_png(WHOLE, BOX), version=3)
    set_brush(studio, 40)
    mine = saved_mask(studio, photo, lambda: drag(studio, (100.0, 100.0), (160.0, 100.0)))
    dialog = library(studio)
    dialog.get_by_role("button", name="Copy this mask to").click()
    dialog.get_by_role("button", name="twin").click()
    expect(dialog.get_by_role("status")).to_contain_text("Replace it?")
    assert (pixels_of(bytes(Draft.objects.get(image=other).mask)).astype(bool) == boxed(BOX)).all()
    dialog.get_by_role("button", name="Replace it").click()
    expect(dialog.get_by_role("status")).to_contain_text("Copied to twin")
    copied = pixels_of(bytes(Draft.objects.get(image=other).mask)).astype(bool)
    assert (copied == mine).all()
    dialog.get_by_role("link", name="Open it").click()
    studio.wait_for_url(f"**/images/{other.pk}/edit")
    expect(studio.locator("#mask-share")).to_contain_text("Mask")


def test_a_list_that_is_late_is_not_pressed_for_the_one_before(
    studio: Page, photo: Any, bob: Any, alice: Any, make_photo: Any
) -> None:
    other = make_photo(bob, name="twin.png")
    Draft.objects.create(person=alice, image=other, mask=mask_png(WHOLE, BOX), version=3)
    dialog = library(studio)
    twin = dialog.get_by_role("button", name="twin")
    expect(twin).to_be_visible()
    late: list[Route] = []
    studio.route("**/masks?to=1", lambda route: late.append(route))
    dialog.get_by_role("button", name="Copy this mask to").click()
    expect(twin).to_have_count(0)
    dialog.locator("[data-list=use]").click()
    expect(twin).to_be_visible()
    for route in late:
        route.continue_()
    studio.wait_for_timeout(300)
    assert dialog.locator("[data-target]").count() == 0


def test_files_are_read_by_transparency_or_by_white_and_resized_only_when_asked(
    studio: Page, photo: Any
) -> None:
    clear = np.dstack([np.full((480, 640, 3), 90, np.uint8), 255 - mask_pixels(WHOLE, BOX)])
    dialog = library(studio)

    def choose(data: bytes, name: str = "lamp.png") -> None:
        dialog.locator("[type=file]").set_input_files(file(data, name))

    by_alpha = saved_mask(studio, photo, lambda: choose(png(clear)))
    assert (by_alpha == boxed(BOX)).all()
    expect(studio.locator("#said")).to_have_text("What is transparent in lamp.png is masked.")
    library(studio)
    choose(b"no picture at all", "notes.png")
    expect(dialog.get_by_role("status")).to_have_text("notes.png can’t be read as a mask.")
    choose(mask_png((320, 240), (0, 0, 20, 10)))
    expect(dialog.get_by_role("status")).to_have_text(
        "lamp.png has 320 × 240 pixels, this picture 640 × 480."
    )
    assert (stored_mask(studio, photo) == boxed(BOX)).all()
    resized = saved_mask(
        studio, photo, lambda: dialog.get_by_role("button", name="Resize it to fit").click()
    )
    assert (resized == boxed(BOX, (0, 0, 40, 20))).all()


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_a_file_can_be_dropped_on_the_picture_or_pasted_into_the_dialog(
    way: str, studio: Page, photo: Any
) -> None:
    if way == "paste":
        expect(library(studio)).to_be_visible()
    bytes_ = list(mask_png(WHOLE, BOX))
    give = """([way, bytes]) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], "lamp.png", { type: "image/png" }));
      const how = { bubbles: true, cancelable: true, dataTransfer: data, clipboardData: data };
      const event = way === "drop" ? new DragEvent("drop", how) : new ClipboardEvent("paste", how);
      document.querySelector(way === "drop" ? "#surface" : "#mask-library").dispatchEvent(event);
    }"""
    mask = saved_mask(studio, photo, lambda: studio.evaluate(give, [way, bytes_]))
    assert (mask == boxed(BOX)).all()
    expect(studio.get_by_role("dialog", name="Masks", exact=True)).to_be_hidden()


@pytest.mark.parametrize("by", ["Export", "Export for APIs"])
def test_the_mask_leaves_as_a_file_white_or_transparent_where_it_changes(
    by: str, studio: Page, photo: Any, tmp_path: Path
) -> None:
    set_brush(studio, 40)
    mine = saved_mask(studio, photo, lambda: drag(studio, (100.0, 100.0), (160.0, 100.0)))
    dialog = library(studio)
    with studio.expect_download() as downloading:
        dialog.get_by_role("button", name=by, exact=True).click()
    assert downloading.value.suggested_filename == "photo mask.png"
    found = Picture.open(io.BytesIO(Path(downloading.value.path()).read_bytes()))
    assert found.size == WHOLE
    if by == "Export":
        assert (np.asarray(found.convert("L")) == np.where(mine, 255, 0)).all()
    else:
        assert found.mode == "RGBA"
        assert (np.asarray(found)[..., 3] == np.where(mine, 0, 255)).all()
