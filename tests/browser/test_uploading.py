"""Pictures come in by the picker, by drag and drop and by paste; each file is its own matter."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage
from playwright.sync_api import Page, expect

from editor.models import Image
from tests.drawing import photo_png


def save(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def animated_gif() -> bytes:
    frames = [PillowImage.fromarray(np.full((40, 60), shade, np.uint8)) for shade in (250, 10)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def hand_over(page: Page, event: str, names: list[str]) -> None:
    """A real DataTransfer with small drawn pictures, dropped on the page or pasted into it."""
    page.evaluate(
        """async ([event, names]) => {
          const transfer = new DataTransfer();
          for (const [i, name] of names.entries()) {
            const canvas = Object.assign(document.createElement("canvas"), {width: 40 + i, height: 30});
            canvas.getContext("2d").fillRect(0, 0, 9, 9);
            const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
            transfer.items.add(new File([blob], name, {type: "image/png"}));
          }
          const options = {bubbles: true, cancelable: true, dataTransfer: transfer, clipboardData: transfer};
          if (event === "paste") document.body.dispatchEvent(new ClipboardEvent("paste", options));
          else for (const type of ["dragenter", "dragover", event]) {
            document.body.dispatchEvent(new DragEvent(type, options));
          }
        }""",
        [event, names],
    )


def test_one_picture_goes_straight_on_to_its_studio(gallery: Page, tmp_path: Path) -> None:
    page = gallery
    page.get_by_label("Upload images").set_input_files(save(tmp_path, "hills.png", photo_png()))
    page.wait_for_url(re.compile(r"/images/\d+/edit$"))
    expect(page.get_by_role("application", name="Mask editor")).to_be_visible()


def test_a_refused_file_is_named_while_the_others_go_on(
    gallery: Page, tmp_path: Path, accessible: Callable[[Page], None]
) -> None:
    page = gallery
    page.get_by_label("Upload images").set_input_files(
        [
            save(tmp_path, "good.png", photo_png((320, 240))),
            save(tmp_path, "report.png", b"this is no picture"),
            save(tmp_path, "moving.gif", animated_gif()),
        ]
    )
    panel = page.get_by_role("region", name="Uploads")
    expect(panel.get_by_role("heading")).to_have_text("2 of 3 uploaded, 1 not taken")
    rows = panel.get_by_role("listitem")
    expect(rows.filter(has_text="report.png")).to_contain_text("This is not a picture")
    expect(rows.filter(has_text="moving.gif")).to_contain_text("the first one was taken")
    good = Image.objects.get(name="good.png")
    link = rows.filter(has_text="good.png").get_by_role("link")
    expect(link).to_have_attribute("href", f"/images/{good.pk}/edit")
    expect(page.locator(f"#image-{good.pk}")).to_be_visible()  # the gallery behind has it already
    accessible(page)


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(
    gallery: Page, tmp_path: Path
) -> None:
    page, sent = gallery, []
    page.on(
        "request", lambda request: sent.append(request.url) if request.method == "POST" else None
    )
    path = save(tmp_path, "huge.png", b"")
    with path.open("r+b") as file:
        file.truncate(51 * 1024 * 1024)
    page.get_by_label("Upload images").set_input_files(path)
    panel = page.get_by_role("region", name="Uploads")
    expect(panel.get_by_role("listitem")).to_contain_text("larger than 50 MB")
    assert sent == []


def test_files_dropped_anywhere_are_uploaded(gallery: Page) -> None:
    page = gallery
    hand_over(page, "drop", ["one.png", "two.png"])
    panel = page.get_by_role("region", name="Uploads")
    expect(panel.get_by_role("heading")).to_have_text("2 of 2 uploaded")
    assert sorted(Image.objects.values_list("name", "width")) == [("one.png", 40), ("two.png", 41)]


def test_a_file_dropped_in_the_studio_is_uploaded_and_what_was_typed_is_kept(
    gallery: Page, photo: Any
) -> None:
    page = gallery
    page.goto(f"/images/{photo.pk}/edit")
    page.get_by_label("What should change?").fill("Half a wish")
    hand_over(page, "drop", ["next.png", "other.png"])
    panel = page.get_by_role("region", name="Uploads")
    expect(panel.get_by_role("heading")).to_have_text("2 of 2 uploaded")
    assert page.url.endswith(f"/images/{photo.pk}/edit")
    panel.get_by_role("link", name="Edit next.png").click()
    page.wait_for_url(f"**/images/{Image.objects.get(name='next.png').pk}/edit")
    page.goto(f"/images/{photo.pk}/edit")
    expect(page.get_by_label("What should change?")).to_have_value("Half a wish")


def test_dragging_files_over_the_page_says_what_would_happen(gallery: Page) -> None:
    page = gallery
    hand_over(page, "dragover", ["one.png", "two.png", "three.png"])
    expect(page.get_by_text("Drop 3 photos to upload")).to_be_visible()


def test_a_pasted_picture_goes_straight_on_to_its_studio(gallery: Page) -> None:
    page = gallery
    hand_over(page, "paste", ["image.png"])
    page.wait_for_url(re.compile(r"/images/\d+/edit$"))
    assert Image.objects.get().name == "image.png"


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["desktop", "phone"])
def test_the_empty_gallery_leads_to_a_first_edit_with_a_sample(
    size: tuple[int, int],
    sign_in: Callable[..., Page],
    alice: Any,
    accessible: Callable[[Page], None],
) -> None:
    page = sign_in(alice, viewport={"width": size[0], "height": size[1]})
    page.goto("/")
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Try it on a sample").click()
    page.wait_for_url(re.compile(r"/images/\d+/edit$"))


def test_without_scripts_a_plain_form_uploads(
    sign_in: Callable[..., Page], alice: Any, tmp_path: Path
) -> None:
    page = sign_in(alice, java_script_enabled=False)
    page.goto("/")
    page.get_by_role("link", name="Upload pictures").click()
    files = [save(tmp_path, "a.png", photo_png((90, 60))), save(tmp_path, "b.png", b"nothing")]
    page.get_by_label("Upload images").set_input_files(files)
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_role("region", name="Not taken")).to_contain_text("b.png")
    assert [image.name for image in Image.objects.all()] == ["a.png"]


def test_the_upload_page_and_its_refusals_are_accessible(
    gallery: Page, accessible: Callable[[Page], None]
) -> None:
    page = gallery
    page.goto("/images/new")
    accessible(page)
