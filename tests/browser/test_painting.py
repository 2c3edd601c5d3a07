"""What a person can do on the painting surface, and that it ends in the mask that is kept and sent."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import default_storage
from playwright.sync_api import Locator, Page, expect

from editor.models import Draft, Edit
from tests.drawing import photo_pixels, pixels_of


@pytest.fixture
def studio(signed_in_page: Page, live_server: Any, photo: Any) -> Page:
    open_studio(signed_in_page, live_server, photo)
    return signed_in_page


def open_studio(page: Page, live_server: Any, photo: Any) -> None:
    page.goto(f"{live_server.url}/images/{photo.pk}/edit")
    expect(surface(page)).not_to_have_attribute("aria-busy", "true")


def surface(page: Page) -> Locator:
    return page.get_by_role("application", name="Mask editor")


def fitted(page: Page, photo: Any, x: float, y: float) -> tuple[float, float]:
    """Where a fitted picture's point is on the page: in the middle of the surface's padding box."""
    left, top, across, down = surface(page).evaluate(
        """element => {
          const { left, top } = element.getBoundingClientRect();
          const { paddingLeft, paddingTop, width, height } = getComputedStyle(element);
          const [across, down] = [paddingLeft, paddingTop].map(parseFloat);
          const inside = [parseFloat(width), parseFloat(height)];
          const style = getComputedStyle(element);
          inside[0] -= across + parseFloat(style.paddingRight);
          inside[1] -= down + parseFloat(style.paddingBottom);
          return [left + across, top + down, ...inside];
        }"""
    )
    scale = min(across / photo.width, down / photo.height)
    return (
        left + (across - photo.width * scale) / 2 + x * scale,
        top + (down - photo.height * scale) / 2 + y * scale,
    )


def stroke(page: Page, photo: Any, *points: tuple[float, float], button: Any = "left") -> None:
    page.mouse.move(*fitted(page, photo, *points[0]))
    page.mouse.down(button=button)
    for point in points[1:]:
        page.mouse.move(*fitted(page, photo, *point), steps=5)
    page.mouse.up(button=button)


def set_brush(page: Page, size: int) -> None:
    """By the keys, as a person would: small steps down to one pixel, then up."""
    slider = page.get_by_label("Brush size")
    slider.fill("0")
    while int(re.sub(r"\D", "", slider.get_attribute("aria-valuetext") or "")) < size:
        page.keyboard.press("]")


def kept_mask(page: Page, photo: Any) -> np.ndarray:
    """The draft's mask on the server, once it is there."""
    expect(page.locator("#draft-state")).to_contain_text("draft saved")
    draft = Draft.objects.get(image=photo)
    if not draft.mask:
        return np.zeros((photo.height, photo.width), bool)
    return pixels_of(bytes(draft.mask)).astype(bool)


def changed_after(page: Page, act: Any) -> None:
    """Does something, and waits until a save that came after it is done."""
    with page.expect_response(re.compile("/draft$")):
        act()


def test_a_stroke_of_the_brush_is_the_mask_that_is_kept(studio: Page, photo: Any) -> None:
    set_brush(studio, 40)
    changed_after(studio, lambda: stroke(studio, photo, (100, 100), (300, 200), (300, 400)))
    mask = kept_mask(studio, photo)
    assert mask.shape == (photo.height, photo.width)
    assert mask[100, 100]
    assert mask[150, 200]
    assert mask[200, 300]
    assert mask[400, 300]
    assert mask[200, 315]
    assert not mask[200, 330]
    assert not mask[400, 100]
    assert not mask[100, 400]


def test_the_area_is_said_in_words(studio: Page, photo: Any) -> None:
    expect(studio.locator("#mask-share")).to_have_text(re.compile("No mask yet"))
    changed_after(studio, lambda: stroke(studio, photo, (100, 100), (500, 350)))
    share = 100 * kept_mask(studio, photo).mean()
    said = studio.locator("#mask-share").inner_text()
    assert said == f"Mask {round(share, 1):g} % of the picture"


def test_the_eraser_takes_out_what_it_touches(studio: Page, photo: Any) -> None:
    set_brush(studio, 60)
    stroke(studio, photo, (100, 240), (540, 240))
    studio.keyboard.press("e")
    expect(studio.get_by_role("button", name="Eraser")).to_have_attribute("aria-pressed", "true")
    changed_after(studio, lambda: stroke(studio, photo, (320, 100), (320, 400)))
    mask = kept_mask(studio, photo)
    assert mask[240, 150]
    assert mask[240, 500]
    assert not mask[240, 320]


def test_undo_and_redo_go_step_by_step(studio: Page, photo: Any) -> None:
    expect(studio.get_by_role("button", name="Undo")).to_be_disabled()
    stroke(studio, photo, (100, 100))
    stroke(studio, photo, (500, 400))
    changed_after(studio, lambda: studio.keyboard.press("Control+z"))
    mask = kept_mask(studio, photo)
    assert mask[100, 100]
    assert not mask[400, 500]
    changed_after(studio, lambda: studio.get_by_role("button", name="Redo").click())
    mask = kept_mask(studio, photo)
    assert mask[100, 100]
    assert mask[400, 500]
    expect(studio.get_by_role("button", name="Redo")).to_be_disabled()


def test_invert_and_clear_change_the_whole_mask(studio: Page, photo: Any) -> None:
    stroke(studio, photo, (100, 100))
    changed_after(studio, lambda: studio.get_by_role("button", name="Invert the mask").click())
    mask = kept_mask(studio, photo)
    assert not mask[100, 100]
    assert mask[0, 0]
    assert mask[479, 639]
    changed_after(studio, lambda: studio.keyboard.press("Delete"))
    assert not kept_mask(studio, photo).any()


def test_shift_and_click_draw_a_straight_line(studio: Page, photo: Any) -> None:
    set_brush(studio, 30)
    stroke(studio, photo, (100, 100))
    studio.keyboard.down("Shift")
    changed_after(studio, lambda: stroke(studio, photo, (500, 400)))
    studio.keyboard.up("Shift")
    mask = kept_mask(studio, photo)
    assert all(mask[100 + 30 * i, 100 + 40 * i] for i in range(11))
    assert not mask[100, 300]


def test_the_keyboard_alone_can_paint(studio: Page, photo: Any) -> None:
    set_brush(studio, 30)
    surface(studio).focus()
    studio.keyboard.press("Space")
    for _ in range(20):
        studio.keyboard.press("ArrowLeft")
    studio.keyboard.down("Space")
    for _ in range(5):
        studio.keyboard.press("ArrowUp")
    changed_after(studio, lambda: studio.keyboard.up("Space"))
    mask = kept_mask(studio, photo)
    parts = [np.nonzero(mask[:, :250]), np.nonzero(mask[:, 250:])]
    line, dot = ((np.ptp(columns), np.ptp(rows)) for rows, columns in parts)
    assert dot == pytest.approx((30, 30), abs=2)
    assert line == pytest.approx((30, 30 + 34), abs=3)


def test_the_spot_under_the_pointer_stays_there_while_the_wheel_zooms(
    studio: Page, photo: Any
) -> None:
    set_brush(studio, 10)
    studio.mouse.move(*fitted(studio, photo, 420, 130))
    for _ in range(6):
        studio.mouse.wheel(0, -150)
    expect(studio.locator("[data-act=zoom-100]")).not_to_have_text(re.compile("^1?.. %$"))

    def click() -> None:
        studio.mouse.down()
        studio.mouse.up()

    changed_after(studio, click)
    rows, columns = np.nonzero(kept_mask(studio, photo))
    assert abs(rows.mean() - 129.5) < 2
    assert abs(columns.mean() - 419.5) < 2
    assert np.ptp(rows) < 14


def test_dragging_with_space_or_the_middle_button_moves_the_picture_and_paints_nothing(
    studio: Page, photo: Any
) -> None:
    set_brush(studio, 10)
    studio.keyboard.down("Space")
    stroke(studio, photo, (100, 100), (200, 100))
    studio.keyboard.up("Space")
    stroke(studio, photo, (100, 100), (100, 160), button="middle")
    changed_after(studio, lambda: stroke(studio, photo, (400, 300)))
    rows, columns = np.nonzero(kept_mask(studio, photo))
    assert abs(rows.mean() - 239.5) < 3
    assert abs(columns.mean() - 299.5) < 3
    assert len(rows) < 150


def touches(page: Page, *steps: list[tuple[float, float]]) -> None:
    """One list of fingers after the other; the last one lifts them all."""
    session = page.context.new_cdp_session(page)
    down = 0
    for points in [*steps, []]:
        kind = "touchEnd" if not points else "touchStart" if len(points) > down else "touchMove"
        fingers = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
        down = len(points)
    session.detach()


def test_one_finger_paints(studio: Page, photo: Any) -> None:
    set_brush(studio, 30)
    spots = [[fitted(studio, photo, x, 200)] for x in (100, 200, 300)]
    changed_after(studio, lambda: touches(studio, *spots))
    mask = kept_mask(studio, photo)
    assert mask[200, 100]
    assert mask[200, 200]
    assert mask[200, 300]
    assert not mask[250, 200]


def test_two_fingers_zoom_and_leave_no_dot(studio: Page, photo: Any) -> None:
    before = studio.locator("[data-act=zoom-100]").inner_text()
    (x1, y), (x2, _) = fitted(studio, photo, 280, 240), fitted(studio, photo, 360, 240)
    spread = [[(x1 - way, y), (x2 + way, y)] for way in (0, 20, 60, 120)]
    touches(studio, [(x1, y)], *spread)
    expect(studio.locator("[data-act=zoom-100]")).not_to_have_text(before)
    expect(studio.locator("#mask-share")).to_have_text(re.compile("No mask yet"))
    expect(studio.get_by_role("button", name="Undo")).to_be_disabled()


def test_mask_and_prompt_survive_a_reload_that_comes_at_once(studio: Page, photo: Any) -> None:
    set_brush(studio, 60)
    studio.get_by_label("What should change?").fill("Take the lamp away")
    stroke(studio, photo, (100, 100), (300, 300))
    said = studio.locator("#mask-share").inner_text()
    assert said.startswith("Mask ")
    studio.reload()
    expect(studio.get_by_label("What should change?")).to_have_value("Take the lamp away")
    expect(studio.locator("#mask-share")).to_have_text(said)
    mask = kept_mask(studio, photo)
    assert mask[200, 200]
    assert not mask[100, 300]


def test_mask_prompt_and_options_are_there_when_the_person_comes_back(
    studio: Page, live_server: Any, photo: Any
) -> None:
    studio.get_by_label("What should change?").fill("Take the lamp away")
    studio.get_by_role("radio", name="High").check(force=True)
    studio.get_by_role("button", name="More").click()
    changed_after(studio, lambda: stroke(studio, photo, (100, 100), (300, 300)))
    before = kept_mask(studio, photo)
    said = studio.locator("#mask-share").inner_text()
    studio.goto(live_server.url)
    open_studio(studio, live_server, photo)
    expect(studio.get_by_label("What should change?")).to_have_value("Take the lamp away")
    expect(studio.get_by_role("radio", name="High")).to_be_checked()
    expect(studio.get_by_label("Number")).to_have_value("2")
    expect(studio.locator("#mask-share")).to_have_text(said)
    changed_after(studio, lambda: studio.keyboard.press("Control+i"))
    assert (kept_mask(studio, photo) == ~before).all()


def test_a_stored_mask_is_not_lost_to_somebody_who_types_before_it_is_there(
    studio: Page, live_server: Any, photo: Any
) -> None:
    changed_after(studio, lambda: stroke(studio, photo, (100, 100), (300, 300)))
    before = kept_mask(studio, photo)

    def slow(route: Any) -> None:
        if route.request.method == "GET":
            studio.wait_for_timeout(1500)
        route.continue_()

    studio.goto(live_server.url)
    studio.route(re.compile("/draft"), slow)
    open_studio(studio, live_server, photo)
    changed_after(
        studio, lambda: studio.get_by_label("What should change?").fill("Take the lamp away")
    )
    assert (kept_mask(studio, photo) == before).all()
    assert Draft.objects.get(image=photo).prompt == "Take the lamp away"


def test_a_stored_mask_that_cannot_be_loaded_stays_on_the_server(
    studio: Page, live_server: Any, photo: Any
) -> None:
    changed_after(studio, lambda: stroke(studio, photo, (100, 100), (300, 300)))
    before = kept_mask(studio, photo)
    studio.goto(live_server.url)
    studio.route(re.compile(r"/draft\?"), lambda route: route.abort())
    open_studio(studio, live_server, photo)
    expect(studio.get_by_role("alert").first).to_contain_text("could not be loaded")
    changed_after(
        studio, lambda: studio.get_by_label("What should change?").fill("Take the lamp away")
    )
    assert (kept_mask(studio, photo) == before).all()


def test_a_draft_that_cannot_be_saved_says_so_and_is_saved_later(studio: Page, photo: Any) -> None:
    studio.route(re.compile("/draft$"), lambda route: route.abort())
    stroke(studio, photo, (100, 100))
    expect(studio.locator("#draft-state")).to_contain_text("draft not saved")
    studio.unroute(re.compile("/draft$"))
    changed_after(studio, lambda: stroke(studio, photo, (300, 300)))
    mask = kept_mask(studio, photo)
    assert mask[100, 100]
    assert mask[300, 300]


def test_a_draft_saved_during_a_stroke_does_not_cut_it(studio: Page, photo: Any) -> None:
    set_brush(studio, 30)
    stroke(studio, photo, (100, 100))
    studio.mouse.move(*fitted(studio, photo, 100, 300))
    studio.mouse.down()
    studio.mouse.move(*fitted(studio, photo, 200, 300), steps=3)
    studio.wait_for_timeout(1500)
    studio.mouse.move(*fitted(studio, photo, 500, 300), steps=3)
    changed_after(studio, studio.mouse.up)
    mask = kept_mask(studio, photo)
    assert mask[300, [100, 200, 350, 500]].all()
    changed_after(studio, lambda: studio.keyboard.press("Control+z"))
    mask = kept_mask(studio, photo)
    assert mask[100, 100]
    assert not mask[300].any()


def test_letters_typed_into_the_prompt_are_no_commands(studio: Page, photo: Any) -> None:
    size = studio.get_by_label("Brush size").get_attribute("aria-valuetext")
    studio.get_by_label("What should change?").press_sequentially("be [h] 012?")
    expect(studio.get_by_role("button", name="Brush")).to_have_attribute("aria-pressed", "true")
    expect(studio.get_by_role("dialog")).to_have_count(0)
    assert studio.get_by_label("Brush size").get_attribute("aria-valuetext") == size
    assert studio.get_by_label("What should change?").input_value() == "be [h] 012?"


def shown_at(page: Page, photo: Any, x: int, y: int) -> np.ndarray:
    left, top = fitted(page, photo, x, y)
    clip: Any = {"x": left - 1, "y": top - 1, "width": 3, "height": 3}
    return pixels_of(page.screenshot(clip=clip))[1, 1, :3].astype(int)


def test_the_mask_is_tinted_and_held_away_by_the_backslash(studio: Page, photo: Any) -> None:
    set_brush(studio, 80)
    stroke(studio, photo, (320, 240), (340, 240))
    source = photo_pixels(photo.size)[240, 320].astype(int)
    studio.mouse.move(5, 5)
    studio.wait_for_timeout(100)
    tinted = shown_at(studio, photo, 320, 240)
    assert tinted[0] > source[0] + 30
    assert tinted[2] < source[2] - 20
    studio.keyboard.down("\\")
    studio.wait_for_timeout(100)
    assert np.abs(shown_at(studio, photo, 320, 240) - source).max() < 12
    studio.keyboard.up("\\")
    studio.wait_for_timeout(100)
    assert np.abs(shown_at(studio, photo, 320, 240) - tinted).max() < 4
    studio.keyboard.press("h")
    studio.wait_for_timeout(100)
    assert np.abs(shown_at(studio, photo, 320, 240) - source).max() < 12


def test_no_canvas_is_larger_than_its_surface(
    signed_in_page: Page, live_server: Any, alice: Any, make_photo: Any
) -> None:
    open_studio(signed_in_page, live_server, make_photo(alice, size=(3000, 2200)))
    for key in ("0", "1", "2"):
        signed_in_page.keyboard.press(key)
        sizes = surface(signed_in_page).evaluate(
            """element => [...document.querySelectorAll("canvas")].map(({ width, height }) =>
                 [width / devicePixelRatio - element.clientWidth,
                  height / devicePixelRatio - element.clientHeight])"""
        )
        assert len(sizes) == 2
        assert all(abs(beyond) < 1 for size in sizes for beyond in size)


def test_run_edit_sends_the_painted_mask_once(studio: Page, photo: Any, alice: Any) -> None:
    set_brush(studio, 60)
    stroke(studio, photo, (200, 200), (300, 250))
    studio.get_by_label("What should change?").fill("Remove the sign")
    studio.keyboard.press("Control+Enter")
    studio.wait_for_url(re.compile(r"/edits/\d+/"))
    edit = Edit.objects.get()
    assert (edit.prompt, edit.created_by, edit.source) == ("Remove the sign", alice, photo)
    with default_storage.open(edit.mask) as file:
        mask = pixels_of(file.read()).astype(bool)
    assert mask[225, 250]
    assert not mask[100, 100]
    assert not Draft.objects.exists()


def test_what_is_missing_is_said_at_its_field(studio: Page, photo: Any) -> None:
    stroke(studio, photo, (200, 200), (300, 250))
    studio.get_by_role("button", name="Run edit").click()
    prompt = studio.get_by_label("What should change?")
    expect(prompt).to_have_attribute("aria-invalid", "true")
    expect(prompt).to_be_focused()
    expect(studio.locator("#prompt-error")).to_be_visible()
    studio.keyboard.type("Remove the sign")
    expect(prompt).not_to_have_attribute("aria-invalid", "true")
    studio.keyboard.press("Control+Enter")
    studio.wait_for_url(re.compile(r"/edits/\d+/"))
    assert Edit.objects.count() == 1


def test_an_answer_that_got_lost_makes_no_second_edit(studio: Page, photo: Any) -> None:
    def lose(route: Any) -> None:
        if route.request.method == "POST":
            route.fetch()
            route.abort()
        else:
            route.continue_()

    stroke(studio, photo, (200, 200), (300, 250))
    studio.get_by_label("What should change?").fill("Remove the sign")
    studio.route(re.compile(r"/images/\d+/edit$"), lose)
    run = studio.get_by_role("button", name="Run edit", exact=True)
    run.click()
    expect(studio.locator("#run-error")).to_contain_text("not be run twice")
    studio.unroute(re.compile(r"/images/\d+/edit$"))
    run.click()
    studio.wait_for_url(re.compile(r"/edits/\d+/"))
    assert Edit.objects.count() == 1


def test_each_model_offers_what_it_takes(studio: Page) -> None:
    model = studio.get_by_label("Model")
    quality = studio.get_by_role("group", name="Quality")
    model.select_option("gpt-image-2")
    expect(quality).to_be_visible()
    model.select_option("dall-e-2")
    expect(quality).to_be_hidden()
    sizes = studio.get_by_label("Size", exact=True).locator("option").all_inner_texts()
    assert "1024 × 1024" in sizes
    assert "1536 × 1024" not in sizes


def test_the_frame_that_will_be_sent_is_drawn_around_the_mask(studio: Page, photo: Any) -> None:
    stroke(studio, photo, (200, 200), (300, 250))
    frame = studio.locator(".surface > .frame")
    expect(frame).to_be_visible()
    expect(frame).to_contain_text("sent at")
    box = frame.bounding_box()
    assert box
    left, top = fitted(studio, photo, 200, 200)
    right, bottom = fitted(studio, photo, 300, 250)
    assert box["x"] <= left
    assert box["x"] + box["width"] >= right
    assert box["y"] <= top
    assert box["y"] + box["height"] >= bottom


def test_a_draft_saved_while_an_edit_is_sent_does_not_outlive_it(studio: Page, photo: Any) -> None:
    stroke(studio, photo, (200, 200), (300, 250))
    studio.get_by_label("What should change?").fill("Remove the sign")
    studio.get_by_role("button", name="Run edit").click()
    studio.wait_for_url(re.compile(r"/edits/\d+/"))
    studio.wait_for_timeout(1000)
    assert not Draft.objects.exists()


def test_everybody_can_use_the_studio_at_a_desk(
    studio: Page, photo: Any, accessible: Callable[[Page], None]
) -> None:
    stroke(studio, photo, (200, 200), (300, 250))
    studio.get_by_role("button", name="Run edit").click()
    expect(studio.locator("#prompt-error")).to_be_visible()
    accessible(studio)
    studio.keyboard.press("Escape")
    surface(studio).focus()
    studio.keyboard.press("?")
    expect(studio.get_by_role("dialog", name="Keys and help")).to_be_visible()
    accessible(studio)


def test_everybody_can_use_the_studio_on_a_phone(
    sign_in: Any, live_server: Any, alice: Any, photo: Any, accessible: Callable[[Page], None]
) -> None:
    page = sign_in(alice, viewport={"width": 390, "height": 844}, has_touch=True)
    open_studio(page, live_server, photo)
    accessible(page)
    page.get_by_role("button", name="The whole form").click()
    expect(page.get_by_label("What should change?")).to_be_hidden()
    expect(page.get_by_role("button", name="Run edit")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
