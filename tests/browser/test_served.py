"""The studio from the files as they are served: collected, shortened and under hashed names."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, Route, expect

from editor.models import Draft
from tests.drawing import pixels_of

MOST_KB = 60
OF_EVERY_PAGE = ("base", "people", "upload", "waiting")  # there already when the studio is opened
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@pytest.fixture
def collected(settings: Any, tmp_path: Path) -> Path:
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "editor.storage.StaticStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path / "static"


@pytest.fixture
def served(collected: Path, signed_in_page: Page) -> tuple[Page, set[Path]]:
    """A page that gets collected files only, and which of them it asked for."""
    asked: set[Path] = set()
    signed_in_page.goto("about:blank")  # nothing of the page before is asked for any more

    def answer(route: Route) -> None:
        path = collected / re.sub(r"^.*?/static/|[?#].*$", "", route.request.url)
        asked.add(path)
        route.fulfill(path=path, content_type=TYPES[path.suffix])

    signed_in_page.context.route("**/static/**", answer)
    return signed_in_page, asked


def test_the_studio_runs_from_the_files_as_they_are_served_and_is_small(
    served: tuple[Page, set[Path]], photo: Any
) -> None:
    page, asked = served
    page.goto(f"/images/{photo.pk}/edit")
    surface = page.get_by_role("application", name="Mask editor")
    expect(surface).not_to_have_attribute("aria-busy", "true")
    page.keyboard.press("m")
    page.get_by_role("group", name="A box by numbers").get_by_role("button", name="Apply").click()
    page.keyboard.press("?")
    page.keyboard.type("smooth")
    with page.expect_response(re.compile(r"/draft$")):  # the box may just be saved
        page.keyboard.press("Enter")  # in the worker
    page.wait_for_timeout(1500)
    expect(page.locator("#draft-state")).to_have_text(re.compile("draft saved"))
    mask = pixels_of(bytes(Draft.objects.get(image=photo).mask)).astype(bool)
    assert mask[240, 320]
    assert not mask[100, 100]
    assert 0.2 < mask.mean() < 0.25  # a quarter, but for smoothed corners

    ours = {path for path in asked if path.parent.name == "editor" and path.suffix != ".svg"}
    assert all(re.search(r"\.[0-9a-f]{12}\.(js|css)$", path.name) for path in ours)
    own = {path for path in ours if path.name.partition(".")[0] not in OF_EVERY_PAGE}
    assert len(own) == 5  # one script with its worker, three sheets
    total = sum(map(bytes_of, own)) / 1000
    told = ", ".join(sorted(f"{path.name} {bytes_of(path) / 1000:.1f}" for path in own))
    assert total < MOST_KB, (
        f"The studio's own scripts and sheets are {total:.1f} KB compressed, {MOST_KB} at most: {told}"
    )


def test_what_is_no_mask_is_told_by_the_files_as_they_are_served(
    served: tuple[Page, set[Path]], photo: Any
) -> None:
    page, _asked = served
    page.goto(f"/images/{photo.pk}/edit")
    expect(page.get_by_role("application")).not_to_have_attribute("aria-busy", "true")
    frame = page.get_by_role("group", name="Frame", exact=True)
    with page.expect_request(re.compile(r"/estimate\?.*framing=own")):
        frame.get_by_text("My own").click()
    expect(frame.get_by_role("radio", name="My own")).to_be_checked()
    page.keyboard.press("c")
    left = page.get_by_role("group", name="New pixels on each side").get_by_label("Left")
    with page.expect_request(re.compile(r"/estimate\?.*margins=40%2C0%2C0%2C0")):
        left.fill("40")
        left.press("Enter")


RULES = """text => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return [...sheet.cssRules].map(rule => rule.cssText.replace(/\\s+/g, " "));
}"""


def test_sheets_mean_the_same_as_they_are_served(collected: Path, open_page: Any) -> None:
    page = open_page()
    served = json.loads((collected / "staticfiles.json").read_text())["paths"]
    sheets = sorted((Path(__file__).parents[2] / "static/editor").glob("*.css"))
    assert len(sheets) > 5
    for sheet in sheets:
        sent = (collected / served[f"editor/{sheet.name}"]).read_text()
        assert len(sent) < sheet.stat().st_size
        assert page.evaluate(RULES, sent) == page.evaluate(RULES, sheet.read_text()), sheet.name


def bytes_of(path: Path) -> int:
    """What is sent of it; the smallest files are not worth packing."""
    packed = path.with_name(f"{path.name}.br")
    return (packed if packed.exists() else path).stat().st_size
