"""What is seen of the editor, by the pixels of screenshots and of the canvas that shows the mask."""

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from editor.imaging import masks
from editor.jobs.pictures import add_upload
from editor.models import Draft
from tests.browser.hands import Touch, View, drag, key, open_studio, saved_mask, set_brush, surface
from tests.drawing import photo_pixels, pixels_of, png

DOT = 217  # the alpha of the dotted line's light squares


@pytest.fixture
def studio(signed_in_page: Page, live_server: Any, photo: Any) -> Page:
    open_studio(signed_in_page, live_server, photo)
    return signed_in_page


def at_rest(page: Page) -> None:
    """Until the last look is painted and measured."""
    page.wait_for_timeout(450)


def seen(page: Page) -> np.ndarray:
    """The window in device pixels, (height, width, 3)."""
    return pixels_of(page.screenshot())[..., :3].astype(int)


def seen_at(page: Page, x: float, y: float) -> np.ndarray:
    """The colour at a place of the canvas."""
    left, top = View(page).on_page((x, y))
    clip: Any = {"x": int(left), "y": int(top), "width": 1, "height": 1}
    return pixels_of(page.screenshot(clip=clip))[0, 0, :3].astype(int)


def mask_shown(page: Page) -> np.ndarray:
    """What the mask's canvas holds, (height, width, 4)."""
    data = page.locator(".surface > canvas.mask").evaluate("node => node.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2]))))


def look(page: Page, name: str) -> None:
    page.locator(f"#look-menu [data-act={name}]").evaluate("node => node.click()")
    page.mouse.move(3, 3)
    at_rest(page)


def test_the_spot_under_the_pointer_stays_there_however_far_the_wheel_zooms(studio: Page) -> None:
    x, y = View(studio).on_page((420, 130))
    spot = (round(x), round(y))
    before = View(studio).on_canvas(spot)
    studio.mouse.move(*spot)
    for turns, down in ((14, -150), (5, 220), (9, -90)):
        for _ in range(turns):
            studio.mouse.wheel(0, down)
        view = View(studio)
        after = view.on_canvas(spot)
        assert np.hypot(after[0] - before[0], after[1] - before[1]) * view.scale < 1
    assert view.scale > 4


@pytest.mark.parametrize("ratio", [1, 2])
def test_at_200_percent_every_pixel_of_the_picture_is_a_square_of_its_own(
    sign_in: Callable[..., Page], live_server: Any, alice: Any, tmp_path: Path, ratio: int
) -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    (tmp_path / "noise.png").write_bytes(png(pixels))
    page = sign_in(alice, device_scale_factor=ratio)
    with page.expect_response(re.compile("/full")):
        open_studio(page, live_server, add_upload(tmp_path / "noise.png", "noise.png", alice))
        key(page, "2")
    page.mouse.move(3, 3)
    at_rest(page)
    view = View(page)
    assert view.scale * ratio == 2
    left, top = (round(edge * ratio) for edge in view.on_page((100, 80)))
    shown = seen(page)[top : top + 240, left : left + 240]
    squares = shown[::2, ::2]
    assert np.array_equal(shown, squares.repeat(2, 0).repeat(2, 1))
    # the picture is served without what its file may tell, which costs it a trace
    assert np.abs(squares - pixels[80:200, 100:220]).mean() < 12


@pytest.mark.parametrize("ratio", [1, 2])
@pytest.mark.parametrize("zoom", ["0", "1", "4"])
def test_the_dotted_line_lies_where_the_server_grows_the_mask_to(
    sign_in: Callable[..., Page], live_server: Any, photo: Any, alice: Any, ratio: int, zoom: str
) -> None:
    page = sign_in(alice, device_scale_factor=ratio)
    open_studio(page, live_server, photo)
    set_brush(page, 40)
    mask = saved_mask(page, photo, lambda: drag(page, (250, 180), (330, 300), (420, 260), steps=4))
    if zoom == "4":
        for _ in range(4):
            key(page, "+")
    else:
        key(page, zoom)
    page.mouse.move(3, 3)
    at_rest(page)
    shown, painted = mask_shown(page), mask.astype(np.uint8) * 255
    grown = masks.grow(painted, masks.grow_radius(masks.bounds(painted)))
    thick = 1 if ratio == 1 else 2  # pixels of the line
    assert_edge(shown, on_screen(page, grown, shown), thick)


def on_screen(page: Page, grown: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Whether each pixel of the mask's canvas shows what may change; by the centres of pixels."""
    view, box = View(page), surface(page).bounding_box()
    assert box
    density = shown.shape[1] / box["width"]
    columns = (np.arange(shown.shape[1]) + 0.5) / density - (view.left - box["x"])
    rows = (np.arange(shown.shape[0]) + 0.5) / density - (view.top - box["y"])
    padded = np.pad(grown, 1)  # nothing changes beyond the canvas
    across = np.clip(np.floor(columns / view.scale).astype(int) + 1, 0, padded.shape[1] - 1)
    down = np.clip(np.floor(rows / view.scale).astype(int) + 1, 0, padded.shape[0] - 1)
    return padded[down[:, None], across[None, :]] > 0


def assert_edge(shown: np.ndarray, wanted: np.ndarray, thick: int) -> None:
    """To a pixel of the screen: within is tinted, outside is clear but for the line of dots."""
    square = np.ones((3, 3), np.uint8)
    inner = cv2.erode(wanted.astype(np.uint8), square) > 0
    outer = cv2.dilate(wanted.astype(np.uint8), square, iterations=1 + thick) > 0
    alpha = shown[..., 3]
    deep = cv2.erode(inner.astype(np.uint8), square) > 0
    assert wanted.any()
    assert (alpha[deep] > 0).all()
    assert not alpha[~outer].any()
    dots = (alpha == DOT) & (shown[..., :3] > 250).all(axis=2)
    rim = outer & ~deep
    assert not dots[~rim].any()
    assert dots.sum() > 0.25 * np.count_nonzero(rim) / 4


def test_the_mask_is_tinted_fades_towards_its_edge_and_is_outlined(
    studio: Page, photo: Any
) -> None:
    near = 240 - set_brush(studio, 120) / 2 - 4  # beside what is painted, within what may change
    drag(studio, (200, 240), (440, 240), steps=4)
    studio.mouse.move(3, 3)
    at_rest(studio)
    source = photo_pixels(photo.size).astype(int)
    deep, edge = seen_at(studio, 320, 240), seen_at(studio, 320, near)
    assert deep[0] > source[240, 320][0] + 40
    assert deep[2] < source[240, 320][2] - 20
    faint = edge[0] - source[int(near), 320][0]
    assert 2 < faint < (deep[0] - source[240, 320][0]) / 2
    shown = mask_shown(studio)
    opaque = shown[shown[..., 3] == 255][:, :3]
    assert (opaque == 255).all(axis=1).any(), "light dashes"
    assert (shown[..., 3] == 0xBF).any(), "dark ones"


def test_nothing_is_left_of_what_was_undone(studio: Page) -> None:
    key(studio, "m")
    drag(studio, (20, 20), (120, 110))
    at_rest(studio)
    alone = mask_shown(studio)[..., 3] > 0
    drag(studio, (300, 200), (600, 440))
    at_rest(studio)
    assert (mask_shown(studio)[..., 3] > 0).sum() > alone.sum()
    key(studio, "Control+z")
    at_rest(studio)
    left = (mask_shown(studio)[..., 3] > 0) & ~alone
    assert not left.any(), f"{left.sum()} pixels"


def test_h_hides_the_mask_and_the_backslash_shows_the_picture_alone(
    studio: Page, photo: Any
) -> None:
    set_brush(studio, 80)
    drag(studio, (320, 240), (340, 240))
    expect(studio.locator(".surface > .sent")).to_be_visible()
    studio.mouse.move(3, 3)
    at_rest(studio)
    source = photo_pixels(photo.size)[240, 320].astype(int)
    tinted = seen_at(studio, 320, 240)
    assert np.abs(tinted - source).max() > 40
    studio.keyboard.down("\\")
    assert np.abs(seen_at(studio, 320, 240) - source).max() < 12
    expect(studio.locator(".surface > .sent")).to_be_hidden()
    studio.keyboard.up("\\")
    assert np.abs(seen_at(studio, 320, 240) - tinted).max() < 4
    key(studio, "h")
    assert np.abs(seen_at(studio, 320, 240) - source).max() < 12
    key(studio, "h")
    assert np.abs(seen_at(studio, 320, 240) - tinted).max() < 4


def test_the_inverse_view_tints_what_is_kept_and_the_mask_alone_is_black_and_white(
    studio: Page, photo: Any
) -> None:
    set_brush(studio, 100)
    drag(studio, (200, 240), (300, 240), steps=3)
    source = photo_pixels(photo.size).astype(int)
    look(studio, "inverse")
    assert np.abs(seen_at(studio, 250, 240) - source[240, 250]).max() < 12
    assert seen_at(studio, 560, 100)[0] - source[100, 560][0] > 5
    assert seen_at(studio, 560, 100)[2] < source[100, 560][2] - 20
    look(studio, "inverse")
    look(studio, "only")
    assert seen_at(studio, 250, 240).tolist() == [255, 255, 255]
    assert seen_at(studio, 560, 100).tolist() == [0, 0, 0]


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_ants_move_unless_motion_is_to_be_reduced(
    sign_in: Callable[..., Page], live_server: Any, photo: Any, alice: Any, motion: str
) -> None:
    page = sign_in(alice, reduced_motion=motion)
    open_studio(page, live_server, photo)
    drag(page, (200, 240), (300, 240), steps=3)
    at_rest(page)
    before = mask_shown(page)
    page.wait_for_timeout(400)
    changed = (mask_shown(page) != before).any(axis=2)
    assert changed.any() == (motion == "no-preference")
    assert not changed[before[..., 3] < 0xBF].any(), "only the outline"


def test_margins_are_seen_masked_beside_the_photo(
    signed_in_page: Page, live_server: Any, photo: Any, alice: Any
) -> None:
    Draft.objects.create(person=alice, image=photo, margins=[160, 0, 0, 120])
    open_studio(signed_in_page, live_server, photo)
    signed_in_page.mouse.move(3, 3)
    at_rest(signed_in_page)
    source = photo_pixels(photo.size).astype(int)
    shown = seen_at(signed_in_page, 160 + 500, 100)
    assert np.abs(shown - source[100, 500]).max() < 12
    for x, y in ((40, 200), (500, 560)):
        assert seen_at(signed_in_page, x, y)[0] > seen_at(signed_in_page, x, y)[2] + 40, "tinted"
    key(signed_in_page, "h")
    squares = {tuple(seen_at(signed_in_page, x, 300)) for x in range(20, 120, 7)}
    assert len(squares) == 2, "a checker"
    assert all(len(set(square)) == 1 for square in squares), "of greys"


def test_a_finger_that_paints_has_a_loupe_above_it(studio: Page) -> None:
    touch, view = Touch(studio), View(studio)
    touch.put(f1=view.on_page((320, 300)))
    touch.move(f1=view.on_page((340, 300)))
    touch.move(f1=view.on_page((360, 300)))
    box = studio.locator(".surface > .loupe").bounding_box()
    assert box
    x, y = view.on_page((360, 300))
    assert abs(box["x"] + box["width"] / 2 - x) < 2
    assert box["y"] + box["height"] < y - 20
    touch.lift()
    expect(studio.locator(".surface > .loupe")).to_have_count(0)
