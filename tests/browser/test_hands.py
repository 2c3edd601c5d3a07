"""Mouse, pen, fingers and keys, as they really come, end in the mask that the server has."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import (
    EDGE,
    Pen,
    Touch,
    View,
    assert_stroke,
    distances,
    drag,
    flood_of_moves,
    held,
    key,
    open_studio,
    saved_mask,
    set_brush,
    stored_mask,
    surface,
)

Studio = Callable[..., Page]


@pytest.fixture
def studio(sign_in: Any, live_server: Any, alice: Any, photo: Any) -> Studio:
    def opened(**options: Any) -> Page:
        page: Page = sign_in(alice, **options)
        open_studio(page, live_server, photo)
        return page

    return opened


def undo(page: Page) -> None:
    key(page, "Control+z")


@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_a_stroke_is_exact_at_every_zoom_and_density(
    studio: Studio, photo: Any, ratio: int
) -> None:
    page = studio(device_scale_factor=ratio)
    size = set_brush(page, 37)
    for zoom, points in (
        ("0", [(80.3, 90.2), (300, 200), (310, 410)]),
        ("1", [(250, 200), (400, 290)]),
        ("2", [(300, 230), (330, 250)]),
    ):
        key(page, zoom)
        spots = View(page).whole(*points)
        mask = saved_mask(page, photo, lambda: drag(page, *spots))  # noqa: B023
        assert_stroke(mask, spots, size)
        undo(page)


def test_the_mouse_moves_and_zooms_the_picture_and_paints_where_it_was_meant(
    studio: Studio, photo: Any
) -> None:
    page = studio()
    size = set_brush(page, 9)
    [spot] = View(page).whole((420, 130))
    page.mouse.move(*View(page).on_page(spot))
    for _ in range(6):
        page.mouse.wheel(0, -150)
    near = View(page)
    assert near.scale > 1.5
    assert near.on_page(spot) == pytest.approx(View(page).on_page(spot), abs=1)
    with held(page, "Space"):
        drag(page, (420, 130), (400, 120))
    drag(page, (420, 130), (430, 150), button="middle")
    drag(page, (420, 130), (430, 150), button="right")
    with held(page, "Alt"):
        page.mouse.wheel(0, -100)  # a larger brush
    moved = View(page)
    assert moved.left - near.left == pytest.approx(-10 * near.scale, abs=2)
    line = moved.whole((400, 110), (425, 150))
    page.mouse.move(*moved.on_page(line[0]))
    page.mouse.click(*moved.on_page(line[0]))
    with held(page, "Shift"):
        mask = saved_mask(page, photo, lambda: page.mouse.click(*moved.on_page(line[1])))
    assert_stroke(mask, line, size + 1)


def test_a_stroke_goes_on_outside_and_outlives_a_lost_pointer_and_a_context_menu(
    studio: Studio, photo: Any
) -> None:
    page = studio()
    size = set_brush(page, 30)
    view = View(page)
    line = view.whole((600, 300), (900, 240), (620, 200))  # beyond the picture, over the panel
    mask = saved_mask(page, photo, lambda: drag(page, *line))
    assert_stroke(mask, line, size)
    other = view.whole((100, 100), (200, 120), (250, 300))
    spots = [view.on_page(point) for point in other]
    page.mouse.move(*spots[0])
    page.mouse.down()
    page.mouse.move(*spots[1])
    lose = """element => {
      const event = new MouseEvent("contextmenu", { cancelable: true, bubbles: true });
      element.dispatchEvent(event);
      for (let id = 0; id < 20; id++) if (element.hasPointerCapture(id)) element.releasePointerCapture(id);
      return event.defaultPrevented;
    }"""
    assert surface(page).evaluate(lose)
    page.mouse.move(*spots[2])  # no longer captured: not a part of it
    both = saved_mask(page, photo, page.mouse.up)
    away = np.minimum(distances(mask.shape, line), distances(mask.shape, other[:2]))
    assert both[away <= size / 2 - EDGE].all()
    assert not both[away > size / 2 + EDGE].any()
    undo(page)
    undo(page)
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()


def test_a_thousand_points_a_second_are_all_painted(studio: Studio, photo: Any) -> None:
    page = studio()
    size = set_brush(page, 8)
    view = View(page)
    turns = np.linspace(0, 8 * np.pi, 240)
    points = [(320 + t * 6 * np.cos(t), 240 + t * 6 * np.sin(t)) for t in turns]
    spots = view.whole(*points)
    flood_of_moves(page, spots)
    mask = saved_mask(page, photo, page.mouse.up)
    assert_stroke(mask, spots, size)


def test_one_finger_paints_two_move_and_taps_undo_and_redo(studio: Studio, photo: Any) -> None:
    page = studio(viewport={"width": 768, "height": 900}, has_touch=True, device_scale_factor=2)
    size = set_brush(page, 30)
    view, touch = View(page), Touch(page)
    line = [(100.0, 100.0), (140.0, 130.0), (300.0, 140.0)]
    spots = [view.on_page(point) for point in line]

    def stroke() -> None:
        touch.put(f1=spots[0])
        touch.move(f1=spots[1])
        touch.move(f1=spots[2])

    stroke()
    mask = saved_mask(page, photo, touch.lift)
    assert_stroke(mask, line, size)

    # A pinch: the first finger begins alone, and leaves nothing.
    middle = view.on_page((320, 240))
    touch.put(f1=(middle[0] - 20, middle[1]))
    touch.put(f2=(middle[0] + 20, middle[1]))
    for way in (30, 50, 80):
        touch.move(f1=(middle[0] - way, middle[1]), f2=(middle[0] + way, middle[1]))
    touch.lift()
    near = View(page)
    assert near.scale == pytest.approx(view.scale * 4, rel=0.2)
    page.wait_for_timeout(50)
    assert (stored_mask(page, photo) == mask).all()

    def tap(fingers: int) -> None:
        spread = [near.on_page((300 + 20 * i, 240)) for i in range(fingers)]
        for i in range(fingers):
            touch.put(**{f"f{i}": spread[i]})
        touch.lift()

    assert not saved_mask(page, photo, lambda: tap(2)).any()
    assert (saved_mask(page, photo, lambda: tap(3)) == mask).all()

    # What was drawn before the second finger came, and what the system takes away, stays.
    key(page, "0")
    undo(page)
    stroke()
    page.wait_for_timeout(300)
    touch.put(f2=view.on_page((500, 300)))
    kept = saved_mask(page, photo, touch.lift)
    assert (kept == mask).all()
    undo(page)
    stroke()
    page.wait_for_timeout(300)
    assert (saved_mask(page, photo, touch.cancel) == mask).all()


def test_a_pens_pressure_is_its_width_and_fingers_beside_it_only_move_the_picture(
    studio: Studio, photo: Any
) -> None:
    page = studio(has_touch=True)
    size = set_brush(page, 60)
    pen, touch = Pen(page), Touch(page)
    mask = saved_mask(page, photo, lambda: pen.stroke((100, 100, 0.5), (300, 120, 0.5)))
    assert_stroke(mask, [(100, 100), (300, 120)], size * (0.1 + 0.9 * 0.5))
    before = View(page)
    spot = before.on_page((400, 300))
    touch.put(f1=spot)
    touch.move(f1=(spot[0] + 30, spot[1] + 10))
    touch.move(f1=(spot[0] + 60, spot[1] + 20))
    touch.lift()
    moved = View(page)
    assert moved.left - before.left > 20
    widening = [(100, 300, 0.1), (200, 300, 0.4), (300, 300, 0.7), (400, 300, 1.0)]
    both = saved_mask(page, photo, lambda: pen.stroke(*widening))
    widths = both[220:380, [105, 200, 300, 395]].sum(axis=0)
    assert (both[:200] == mask[:200]).all()
    assert (np.diff(widths) > 10).all()
    assert widths[-1] == pytest.approx(size, abs=3)
    with held(page, "e"):
        pass
    erased = saved_mask(page, photo, lambda: pen.stroke((200, 0, 1), (200, 400, 1)))
    assert not erased[:, 200].any()
    assert erased[300, 300]


def test_the_eraser_end_of_a_pen_erases_whatever_the_tool(studio: Studio, photo: Any) -> None:
    page = studio()
    size = set_brush(page, 40)
    key(page, "Control+a")
    key(page, "m")
    pen = Pen(page)
    pen.turn_round()
    mask = saved_mask(page, photo, lambda: pen.stroke((100, 100, 1), (300, 120, 1)))
    assert_stroke(~mask, [(100, 100), (300, 120)], size)


def test_keys_alone_paint_select_and_hear_what_they_did(studio: Studio, photo: Any) -> None:
    page = studio()
    size = set_brush(page, 30)
    surface(page).focus()
    view = View(page)
    box = surface(page).bounding_box()
    assert box
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    with held(page, "Space"):
        key(page, "ArrowUp", "ArrowUp", "Shift+ArrowLeft")
    said = page.locator("#said")
    path = [middle, (middle[0], middle[1] - 20), (middle[0] - 50, middle[1] - 20)]
    expect(said).to_contain_text("of the picture")
    line = [view.on_canvas(spot) for spot in path]
    assert_stroke(stored_mask(page, photo), line, size)

    # A box: a short press at one corner, Enter at the other.
    key(page, "Control+z", "m", "Space")
    key(page, "Shift+ArrowRight", "Shift+ArrowDown", "ArrowDown")
    mask = saved_mask(page, photo, lambda: key(page, "Enter"))
    left, top = line[2]
    right, bottom = view.on_canvas((path[2][0] + 50, path[2][1] + 60))
    rows, columns = np.nonzero(mask)
    assert (columns.min(), columns.max() + 1) == pytest.approx((left, right), abs=1)
    assert (rows.min(), rows.max() + 1) == pytest.approx((top, bottom), abs=1)
    assert mask.sum() == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    expect(said).to_contain_text("middle")
    key(page, "i")
    expect(said).to_have_text(re.compile(r"^\d+ across, \d+ down$"))
    key(page, "ArrowUp", "ArrowLeft", "i", "ArrowRight", "ArrowDown")
    expect(said).to_have_text(re.compile(r"^\d+ across, \d+ down, masked$"))

    # A polygon: a corner at each press; Backspace takes one back.
    key(page, "Delete", "p", "Space")
    for _ in range(6):
        key(page, "ArrowLeft")
    key(page, "Space", "Shift+ArrowUp", "Space", "Backspace", "Shift+ArrowUp", "Space")
    mask = saved_mask(page, photo, lambda: key(page, "Enter"))
    corner = (path[2][0] + 50, path[2][1] + 60)
    corners = [corner, (corner[0] - 60, corner[1]), (corner[0] - 60, corner[1] - 100)]
    a, b, c = (view.on_canvas(spot) for spot in corners)
    assert mask.sum() == pytest.approx((a[0] - b[0]) * (b[1] - c[1]) / 2, rel=0.05)
    key(page, "Escape", "b")
    expect(said).to_have_text("Brush")
