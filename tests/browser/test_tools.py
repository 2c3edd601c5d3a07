"""The tools that select an area, and pictures of unusual shapes and sizes."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage
from playwright.sync_api import Page, expect

from tests.browser.hands import (
    EDGE,
    Point,
    View,
    assert_stroke,
    brush_size,
    distances,
    drag,
    held,
    key,
    open_studio,
    saved_mask,
    set_brush,
)
from tests.drawing import photo_pixels, png


@pytest.fixture
def studio(signed_in_page: Page, live_server: Any, photo: Any) -> Page:
    open_studio(signed_in_page, live_server, photo)
    return signed_in_page


@pytest.fixture
def stored(tmp_path: Path, alice: Any) -> Callable[[bytes], Any]:
    """A picture of these bytes, as an upload stores it."""
    from editor.jobs.pictures import add_upload

    def store(data: bytes) -> Any:
        path = tmp_path / "picture.png"
        path.write_bytes(data)
        return add_upload(path, "picture.png", alice)

    return store


def centres(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    ys, xs = np.mgrid[0 : shape[0], 0 : shape[1]] + 0.5
    return xs, ys


def in_polygon(shape: tuple[int, ...], corners: list[Point]) -> np.ndarray:
    """By the even-odd rule, for each pixel's centre."""
    xs, ys = centres(shape)
    inside = np.zeros(shape, bool)
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        if ay == by:
            continue
        crosses = (ay > ys) != (by > ys)
        inside ^= crosses & (xs > ax + (ys - ay) / (by - ay) * (bx - ax))
    return inside


def assert_same(mask: np.ndarray, wanted: np.ndarray, unsure: int = 0) -> None:
    """Pixels whose centre lies on an edge may be on either side of it."""
    assert (mask != wanted).sum() <= unsure, (mask != wanted).sum()


def test_areas_are_added_taken_away_and_intersected_exactly(studio: Page, photo: Any) -> None:
    page, view = studio, View(studio)
    box = view.whole((100.4, 80.3), (420, 300))
    round_ = view.whole((300, 150), (500, 400))
    loop = view.whole((60, 60), (600, 200), (350, 460), (200, 150))
    key(page, "m")
    mask = saved_mask(page, photo, lambda: drag(page, *box))
    xs, ys = centres(mask.shape)
    (left, top), (right, bottom) = box
    wanted = (xs > left) & (xs < right) & (ys > top) & (ys < bottom)
    assert_same(mask, wanted)

    key(page, "o")
    with held(page, "Alt"):
        mask = saved_mask(page, photo, lambda: drag(page, *round_))
    (left, top), (right, bottom) = round_
    across, down = (right - left) / 2, (bottom - top) / 2
    wanted &= ((xs - left - across) / across) ** 2 + ((ys - top - down) / down) ** 2 > 1
    assert_same(mask, wanted, unsure=2)

    key(page, "l")
    with held(page, "Shift", "Alt"):
        mask = saved_mask(page, photo, lambda: drag(page, *loop))
    wanted &= in_polygon(mask.shape, loop)
    assert_same(mask, wanted, unsure=2)

    key(page, "b", "x")  # the brush takes away now
    size = brush_size(page)
    line = view.whole((120, 120), (260, 200))
    less = saved_mask(page, photo, lambda: drag(page, *line))
    away = distances(mask.shape, line)
    assert not (less & (away < size / 2 - EDGE)).any()
    assert (less == mask)[away > size / 2 + EDGE].all()
    for _ in range(4):
        empty = saved_mask(page, photo, lambda: key(page, "Control+z"))
    assert not empty.any()


def test_a_polygon_is_clicked_corrected_and_closed(studio: Page, photo: Any) -> None:
    page, view = studio, View(studio)
    corners = view.whole((100, 100), (500, 140), (420, 400), (160, 330))
    spots = [view.on_page(corner) for corner in corners]
    key(page, "p")
    for spot in [*spots[:2], (spots[1][0] + 60, spots[1][1] + 200)]:
        page.mouse.click(*spot)
    key(page, "Backspace")
    page.mouse.click(*spots[2])
    page.mouse.click(*spots[3])
    mask = saved_mask(page, photo, lambda: key(page, "Enter"))
    assert_same(mask, in_polygon(mask.shape, corners), unsure=2)
    page.mouse.click(*spots[0])
    key(page, "Escape")
    key(page, "Delete")
    for spot in spots[:3]:
        page.mouse.click(*spot)
    again = saved_mask(page, photo, lambda: page.mouse.dblclick(*spots[3]))
    assert_same(again, in_polygon(mask.shape, corners), unsure=2)


def test_the_wand_and_what_reshapes_the_mask_are_exact(
    signed_in_page: Page, live_server: Any, stored: Callable[[bytes], Any]
) -> None:
    pixels = photo_pixels((640, 480))
    pixels[100:200, 150:300] = (250, 10, 10)
    pixels[130:160, 200:240] = (10, 10, 250)  # a hole in the red
    pixels[300:350, 400:450] = (250, 10, 10)  # red elsewhere
    image = stored(png(pixels))
    page = signed_in_page
    open_studio(page, live_server, image)
    key(page, "w")
    spot = View(page).on_page((160, 110))
    mask = saved_mask(page, image, lambda: page.mouse.click(*spot))
    red = np.zeros((480, 640), bool)
    red[100:200, 150:300] = True
    red[130:160, 200:240] = False
    assert_same(mask, red)
    page.get_by_text("Only what touches").uncheck()
    page.get_by_role("application").focus()
    everywhere = saved_mask(page, image, lambda: page.mouse.click(*spot))
    red[300:350, 400:450] = True
    assert_same(everywhere, red)

    def command(name: str) -> np.ndarray:
        key(page, "?")
        page.get_by_role("dialog").get_by_role("combobox").fill(name)
        return saved_mask(page, image, lambda: key(page, "Enter"))

    filled = command("Fill holes")
    red[130:160, 200:240] = True
    assert_same(filled, red)
    grown = command("Grow")
    away = cv2.distanceTransform((~red).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    by = int(page.locator("#amount").input_value())
    assert_same(grown, away <= by + 1e-4)
    shrunk = command("Shrink")
    within = cv2.distanceTransform(grown.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    assert_same(shrunk, within > by + 1e-4)


def test_a_box_by_numbers_needs_no_pointer(studio: Page, photo: Any) -> None:
    key(studio, "m")
    box = studio.get_by_role("group", name="A box by numbers")
    for name, value in (("X", "17"), ("Y", "33"), ("Width", "101"), ("Height", "57")):
        box.get_by_label(name, exact=True).fill(value)
    mask = saved_mask(studio, photo, box.get_by_role("button", name="Apply").click)
    wanted = np.zeros((480, 640), bool)
    wanted[33:90, 17:118] = True
    assert_same(mask, wanted)


@pytest.mark.parametrize("size", [(1, 400), (400, 1)])
def test_a_picture_one_pixel_wide_or_high_can_be_painted(
    signed_in_page: Page, live_server: Any, alice: Any, make_photo: Any, size: tuple[int, int]
) -> None:
    image, page = make_photo(alice, size=size), signed_in_page
    open_studio(page, live_server, image)
    brush = set_brush(page, 16)
    view = View(page)
    [spot] = view.whole((size[0] / 2, size[1] / 2))
    mask = saved_mask(page, image, lambda: drag(page, spot))
    assert_stroke(mask, [spot], brush)
    assert 10 < mask.sum() < 20


def test_a_transparent_picture_is_painted_like_any_other(
    signed_in_page: Page, live_server: Any, stored: Callable[[bytes], Any]
) -> None:
    pixels = np.dstack([photo_pixels((300, 200)), np.zeros((200, 300), np.uint8)])
    pixels[50:150, 100:200, 3] = 255
    image, page = stored(png(pixels)), signed_in_page
    open_studio(page, live_server, image)
    size = set_brush(page, 20)
    line = View(page).whole((30, 30), (280, 170))
    mask = saved_mask(page, image, lambda: drag(page, *line))
    assert_stroke(mask, line, size)
    key(page, "Delete", "w")
    spot = View(page).on_page((150, 100))
    page.get_by_label("Tolerance").fill("128")
    page.get_by_role("application").focus()
    solid = saved_mask(page, image, lambda: page.mouse.click(*spot))
    assert_same(solid, pixels[:, :, 3] > 0)


def test_a_picture_of_64_megapixels_opens_and_is_painted_exactly(
    signed_in_page: Page, live_server: Any, stored: Callable[[bytes], Any]
) -> None:
    file = io.BytesIO()
    PillowImage.new("RGB", (8000, 8000), (90, 120, 70)).save(file, "PNG", compress_level=1)
    image, page = stored(file.getvalue()), signed_in_page
    open_studio(page, live_server, image)
    size = set_brush(page, 400)
    line = View(page).whole((1000, 1200), (7000, 6900))
    mask = saved_mask(page, image, lambda: drag(page, *line, steps=20))
    assert mask.shape == (8000, 8000)
    part = mask[::16, ::16]
    xs, ys = np.meshgrid(np.arange(0, 8000, 16) + 0.5, np.arange(0, 8000, 16) + 0.5)
    (ax, ay), (bx, by) = line
    along = np.clip(
        ((xs - ax) * (bx - ax) + (ys - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2), 0, 1
    )
    away = np.hypot(xs - ax - along * (bx - ax), ys - ay - along * (by - ay))
    # Between its ends the mouse only knows whole pixels, which are several of the picture's.
    slack = 1 / View(page).scale
    assert part[away <= size / 2 - slack].all()
    assert not part[away > size / 2 + slack].any()
    expect(page.locator("#mask-share")).to_have_text(re.compile("of the picture"))
