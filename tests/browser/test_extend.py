"""Extending a picture beyond its edges: by hand, by an aspect, by numbers."""

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from editor.models import Draft
from tests.browser.hands import View, assert_stroke, drag, key, open_studio, saved_mask, set_brush


@pytest.fixture
def studio(signed_in_page: Page, live_server: Any, photo: Any) -> Page:
    open_studio(signed_in_page, live_server, photo)
    return signed_in_page


def margins(photo: Any) -> list[int]:
    return list(Draft.objects.get(image=photo).margins) or [0, 0, 0, 0]


def is_new(mask: np.ndarray, photo: Any, left: int, top: int) -> np.ndarray:
    new = np.ones(mask.shape, bool)
    new[top : top + photo.height, left : left + photo.width] = False
    return new


def test_edges_and_corners_are_dragged_outward_and_what_is_new_is_masked(
    studio: Page, photo: Any
) -> None:
    page = studio
    size = set_brush(page, 30)
    key(page, "-", "-")  # room around the picture
    view = View(page)
    line = view.whole((600, 100), (560, 200))
    drag(page, *line)
    key(page, "c")
    [inside] = view.whole((638, 240))
    [outside] = view.whole((760, 250))
    mask = saved_mask(page, photo, lambda: drag(page, inside, outside))
    right = round(outside[0] - inside[0])
    assert margins(photo) == [0, 0, right, 0]
    assert mask.shape == (480, 640 + right)
    new = is_new(mask, photo, 0, 0)
    assert mask[new].all()
    assert_stroke(np.where(new, False, mask)[:, :640], line, size)

    view = View(page)
    corner, further = view.whole((1, 1), (-80, -60))
    mask = saved_mask(page, photo, lambda: drag(page, corner, further))
    left, top = round(corner[0] - further[0]), round(corner[1] - further[1])
    assert margins(photo) == [left, top, right, 0]
    assert mask.shape == (480 + top, 640 + left + right)
    assert mask[is_new(mask, photo, left, top)].all()
    assert_stroke(mask[top:, left : left + 640], line, size)

    # What is new stays masked under the eraser, and the rest goes.
    key(page, "e")
    path = View(page).whole((20, top + 150), (left + 620, top + 150))
    erased = saved_mask(page, photo, lambda: drag(page, *path))
    assert erased[is_new(mask, photo, left, top)].all()
    assert not erased[top + 150, left : left + 600].any()

    # Back again, step by step.
    for wanted in ([left, top, right, 0], [0, 0, right, 0], [0, 0, 0, 0]):
        mask = saved_mask(page, photo, lambda: key(page, "Control+z"))
        assert margins(photo) == wanted
    assert_stroke(mask, line, size)


def test_an_aspect_extends_both_sides_and_numbers_each_of_them(studio: Page, photo: Any) -> None:
    page = studio
    key(page, "c")
    mask = saved_mask(page, photo, lambda: page.get_by_label("Aspect").select_option("16:9"))
    assert margins(photo) == [106, 0, 107, 0]
    assert mask.sum() == 213 * 480
    expect(page.locator("#said")).to_contain_text("853")
    numbers = page.get_by_role("group", name="New pixels on each side").get_by_role("spinbutton")
    expect(numbers.nth(2)).to_have_value("107")

    def type_top() -> None:
        numbers.nth(1).fill("40")
        numbers.nth(1).press("Tab")

    mask = saved_mask(page, photo, type_top)
    assert margins(photo) == [106, 40, 107, 0]
    assert mask.shape == (520, 853)
    page.reload()
    open_again = page.get_by_role("application", name="Mask editor")
    expect(open_again).not_to_have_attribute("aria-busy", "true")
    key(page, "c")
    expect(numbers.nth(1)).to_have_value("40")
    numbers.nth(0).fill("30000")
    numbers.nth(0).press("Tab")
    expect(page.locator("#warning")).to_contain_text("too large")
    expect(numbers.nth(0)).to_have_value("106")
    open_again.focus()
    key(page, "b")
    expect(page.locator("#warning")).to_be_hidden()
