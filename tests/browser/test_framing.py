"""What of the picture is sent: drawn live, and chosen by whoever edits."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from editor.jobs.quotes import HELPER
from editor.models import Draft, Edit
from tests.browser.hands import Touch, View, drag, key, open_studio, saved_mask, surface

Box = tuple[float, float, float, float]
SIZE = (2400, 1600)
NEAR = 4  # canvas pixels: a mouse only knows whole ones of the screen


@pytest.fixture
def wide(make_photo: Callable[..., Any], alice: Any) -> Any:
    return make_photo(alice, SIZE)


@pytest.fixture
def studio(signed_in_page: Page, live_server: Any, wide: Any) -> Page:
    with signed_in_page.expect_response(re.compile(r"/estimate\?")):  # the first one, of nothing
        open_studio(signed_in_page, live_server, wide)
    key(signed_in_page, "m")
    return signed_in_page


def frames(page: Page) -> Locator:
    return page.locator(".surface > .sent")


def labels(page: Page) -> Locator:
    return page.locator(".surface > .tag")


def way(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name="Frame", exact=True).get_by_role("radio", name=name)


def choose(page: Page, name: str) -> None:
    way(page, name).locator("xpath=..").click()


def own_numbers(page: Page) -> Locator:
    return page.get_by_role("group", name="The frame by numbers").get_by_role("spinbutton")


def own_box(page: Page) -> Box:
    left, top, width, height = (int(own_numbers(page).nth(each).input_value()) for each in range(4))
    return left, top, left + width, top + height


def sent(page: Page) -> list[Box]:
    """What is drawn, in pixels of the canvas."""
    view, found = View(page), []
    for each in frames(page).all():
        box = each.bounding_box()
        assert box
        left, top = view.on_canvas((box["x"], box["y"]))
        right, bottom = view.on_canvas((box["x"] + box["width"], box["y"] + box["height"]))
        found.append((left, top, right, bottom))
    return found


def estimated(page: Page, act: Callable[[], object]) -> dict[str, Any]:
    """Does something, and gives the estimate that follows it: the last one, for each takes the place of
    the one before."""
    asked: list[Request] = []

    def note(request: Request) -> None:
        if "/estimate?" in request.url:
            asked.append(request)

    page.on("request", note)
    act()
    for _ in range(20):
        count = len(asked)
        page.wait_for_timeout(500)
        if asked and len(asked) == count:
            break
    page.remove_listener("request", note)
    answer = asked[-1].response()
    assert answer
    told: dict[str, Any] = answer.json()
    expect(frames(page)).to_have_count(len(told["frames"]))
    return told


def near(box: Any, other: Any, within: float = NEAR) -> bool:
    return all(abs(one - two) <= within for one, two in zip(box, other, strict=True))


def holds(box: Any, other: Any) -> bool:
    return bool(
        box[0] <= other[0] + NEAR
        and box[1] <= other[1] + NEAR
        and box[2] >= other[2] - NEAR
        and box[3] >= other[3] - NEAR
    )


def test_far_apart_islands_get_frames_of_their_own_where_that_saves(
    studio: Page, wide: Any, accessible: Callable[[Page], None]
) -> None:
    page = studio
    several = page.get_by_label("Several frames where that saves")
    estimated(page, lambda: drag(page, (150, 150), (350, 330)))
    expect(labels(page)).to_have_text(re.compile(r"^sent at 100 % · \d+ × \d+$"))
    expect(several).to_be_hidden()
    told = estimated(page, lambda: drag(page, (2050, 1250), (2250, 1430)))
    assert len(told["frames"]) == 2
    for drawn, each, label in zip(sent(page), told["frames"], labels(page).all(), strict=True):
        assert near(drawn, each["bounds"])
        expect(label).to_have_text(each["label"])
    first, second = labels(page).all_inner_texts()
    assert first.startswith("1 of 2 · sent at 100 % ")
    assert second.startswith("2 of 2 · sent at 100 % ")
    note = page.locator("#framing-note")
    expect(note).to_have_text(
        re.compile(r"^2 frames, \$\S+ to \$\S+; one frame would be sent at \d+\s% for \$\S+ to \$")
    )
    accessible(page)

    # Labels stay on the view and beside each other, wherever the picture is.
    room = surface(page).bounding_box()
    assert room
    for presses in (["-", "-", "-", "-"], ["0"], ["ArrowUp"] * 6):
        key(page, *presses)
        View(page)
        boxes = [label.bounding_box() for label in labels(page).all() if label.is_visible()]
        assert boxes
        for box in boxes:
            assert box
            assert box["y"] >= room["y"]
            assert box["x"] >= room["x"]
            assert box["x"] + box["width"] <= room["x"] + room["width"]
        if len(boxes) == 2 and boxes[0] and boxes[1]:
            apart = abs(boxes[0]["y"] - boxes[1]["y"]) >= boxes[0]["height"]
            assert apart or abs(boxes[0]["x"] - boxes[1]["x"]) >= boxes[0]["width"]
    key(page, "0")

    told = estimated(page, several.uncheck)
    assert len(told["frames"]) == 1
    expect(note).to_have_text(re.compile(r"^2 frames would be sent at 100\s% for \$"))
    expect(several).to_be_visible()
    told = estimated(page, several.check)
    assert len(told["frames"]) == 2


def test_the_whole_picture_is_sent_where_that_is_wanted(studio: Page, wide: Any) -> None:
    page = studio
    estimated(page, lambda: drag(page, (1000, 700), (1300, 900)))
    context = page.get_by_label("Context")
    expect(context).to_be_visible()
    estimated(page, lambda: choose(page, "Whole picture"))
    assert near(sent(page)[0], (0, 0, *SIZE), 30)
    expect(context).to_be_hidden()

    saved_mask(page, wide, lambda: page.get_by_label("What should change?").fill("A red ball"))
    page.reload()
    expect(way(page, "Whole picture")).to_be_checked()
    expect(context).to_be_hidden()
    key(page, "?")
    page.keyboard.type("around the mask")
    page.get_by_role("option", name="Frame around the mask").click()
    expect(way(page, "Around the mask")).to_be_checked()


def test_context_says_how_much_around_the_mask_is_sent(studio: Page, wide: Any) -> None:
    page = studio
    estimated(page, lambda: drag(page, (900, 600), (1500, 1000)))
    [before] = sent(page)
    slider = page.get_by_label("Context")
    told = estimated(page, lambda: slider.fill("100"))
    expect(page.locator("output[for=context]")).to_have_text("100 %")
    [after] = sent(page)
    assert near(after, told["frames"][0]["bounds"])
    assert after[0] < before[0] - 200
    assert after[2] > before[2] + 200
    saved_mask(page, wide, lambda: slider.fill("150"))
    assert Draft.objects.get(image=wide).options["context"] == "150"
    page.reload()
    expect(slider).to_have_value("150")
    expect(slider).to_have_attribute("aria-valuetext", "150 %")


def test_a_frame_of_ones_own_is_dragged_moved_resized_and_undone(studio: Page, wide: Any) -> None:
    page = studio
    estimated(page, lambda: drag(page, (900, 600), (1100, 750)))
    [around] = sent(page)
    choose(page, "My own")
    expect(surface(page)).to_have_attribute("data-tool", "frame")
    assert near(own_box(page), around)  # something to begin with

    view = View(page)
    corner, beyond = view.whole((300, 200), (1700, 1300))
    told = estimated(page, lambda: drag(page, corner, beyond))
    assert near(own_box(page), (*corner, *beyond), 2)
    assert holds(sent(page)[0], own_box(page))
    assert near(sent(page)[0], told["frames"][0]["bounds"])

    drawn = own_box(page)
    edge, further = view.whole((drawn[2], 500), (drawn[2] + 300, 520))
    drag(page, edge, further)
    assert near(own_box(page), (*drawn[:2], drawn[2] + 300, drawn[3]), 2)
    inside, there = view.whole((800, 700), (900, 750))
    drag(page, inside, there)
    moved = own_box(page)
    assert near(moved, (drawn[0] + 100, drawn[1] + 50, drawn[2] + 400, drawn[3] + 50), 4)

    # A corner that leaves the mask out: what is sent holds it all the same.
    small, end = view.whole((2250, 100), (2390, 600))
    estimated(page, lambda: drag(page, small, end))
    assert near(own_box(page), (*small, *end), 2)
    assert holds(sent(page)[0], (900, 600, 1100, 750))
    assert holds(sent(page)[0], own_box(page))

    key(page, "Control+z")
    assert own_box(page) == moved
    key(page, "Control+z", "Control+z")
    assert own_box(page) == drawn
    estimated(page, lambda: key(page, "Control+z", "Control+z"))
    expect(way(page, "Around the mask")).to_be_checked()
    assert near(sent(page)[0], around)


def test_a_frame_of_ones_own_that_is_chosen_again_lies_where_it_was_in_the_picture(
    studio: Page,
) -> None:
    page = studio
    choose(page, "My own")
    corner, end = View(page).whole((600, 400), (1200, 900))
    drag(page, corner, end)
    drawn = own_box(page)
    left = page.get_by_role("group", name="New pixels on each side").get_by_label("Left")
    choose(page, "Around the mask")
    surface(page).focus()
    key(page, "c")
    left.fill("200")
    left.press("Enter")
    choose(page, "My own")
    assert own_box(page) == (drawn[0] + 200, drawn[1], drawn[2] + 200, drawn[3])


def test_choosing_ones_own_frame_once_more_takes_its_tool(studio: Page) -> None:
    page = studio
    choose(page, "My own")
    drawn = own_box(page)
    key(page, "b")
    expect(surface(page)).to_have_attribute("data-tool", "brush")
    choose(page, "My own")
    expect(surface(page)).to_have_attribute("data-tool", "frame")
    assert own_box(page) == drawn
    key(page, "Control+z")  # no step of its own
    expect(way(page, "Around the mask")).to_be_checked()


def test_a_frame_of_ones_own_by_keys_alone(studio: Page, wide: Any) -> None:
    page = studio
    estimated(page, lambda: drag(page, (900, 600), (1100, 750)))
    surface(page).focus()
    key(page, "f")
    expect(page.locator("#hint")).to_contain_text("Drag a box around what is to be sent")
    for _ in range(3):
        key(page, "Shift+ArrowUp", "Shift+ArrowLeft", "ArrowUp")
    key(page, " ")
    for _ in range(4):
        key(page, "Shift+ArrowDown", "Shift+ArrowRight")
    estimated(page, lambda: key(page, "Enter"))
    expect(way(page, "My own")).to_be_checked()
    left, top, right, bottom = own_box(page)
    scale = View(page).scale
    assert near((right - left, bottom - top), (200 / scale, 200 / scale), 3)
    assert holds(sent(page)[0], (left, top, right, bottom))

    own_numbers(page).nth(2).fill("1000")
    estimated(page, lambda: own_numbers(page).nth(2).press("Tab"))
    assert own_box(page) == (left, top, left + 1000, bottom)
    own_numbers(page).nth(3).fill("5")
    own_numbers(page).nth(3).press("Tab")
    expect(own_numbers(page).nth(3)).to_have_value(str(int(bottom - top)))  # too little to be meant

    surface(page).focus()
    estimated(page, lambda: key(page, "Escape"))
    expect(way(page, "Around the mask")).to_be_checked()
    estimated(page, lambda: key(page, "Control+z"))
    expect(way(page, "My own")).to_be_checked()
    assert own_box(page) == (left, top, left + 1000, bottom)
    page.get_by_role("button", name="No frame of my own").click()
    expect(way(page, "My own")).not_to_be_checked()


def test_a_frame_of_ones_own_by_touch(
    sign_in: Callable[..., Page], live_server: Any, wide: Any, alice: Any
) -> None:
    page = sign_in(alice, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    open_studio(page, live_server, wide)
    page.get_by_role("button", name="More tools").tap()
    page.get_by_role("button", name="Frame", exact=True).tap()
    touch, view = Touch(page), View(page)
    touch.put(f1=view.on_page((600, 400)))
    touch.move(f1=view.on_page((1000, 700)))
    touch.move(f1=view.on_page((1800, 1200)))
    touch.lift()
    assert near(own_box(page), (600, 400, 1800, 1200), 12)
    expect(way(page, "My own")).to_be_checked()
    # Twenty pixels beside the corner are still the corner's.
    x, y = view.on_page((1800, 1200))
    touch.put(f1=(x + 20, y + 20))
    touch.move(f1=(x + 40, y + 30))
    touch.move(f1=(x + 60, y + 45))
    estimated(page, touch.lift)
    after = own_box(page)
    assert near(after[:2], (600, 400), 12)
    assert after[2] > 1800 + 30 / view.scale
    assert after[3] > 1200 + 20 / view.scale


@pytest.mark.usefixtures("provider")
def test_the_draft_keeps_and_the_run_sends_how_it_is_framed(studio: Page, wide: Any) -> None:
    page = studio
    drag(page, (900, 600), (1100, 750))
    key(page, "f")
    view = View(page)
    corner, beyond = view.whole((400, 300), (1600, 1200))
    drag(page, corner, beyond)
    page.locator("#more-options > summary").click()
    expect(page.locator("#helper-help")).to_contain_text(HELPER)
    page.get_by_label("Helper sentence").check()
    expect(page.locator("[data-part=more-count]")).to_have_text("1 set")
    page.get_by_label("What should change?").fill("A red ball")
    own = list(own_box(page))
    expect(page.locator("#draft-state")).to_have_attribute("data-state", "saved")
    page.reload()
    expect(way(page, "My own")).to_be_checked()
    expect(page.get_by_label("Helper sentence")).to_be_checked()
    key(page, "f")
    assert list(own_box(page)) == own

    estimated(page, lambda: page.locator("label", has_text=re.compile("^Low$")).click())
    page.get_by_role("button", name="Run edit", exact=True).click()
    page.wait_for_url(re.compile(r"/edits/\d+/$"))
    edit = Edit.objects.get()
    assert edit.framing == {"mode": "own", "own": own}
    assert (edit.prompt, edit.helper) == ("A red ball", HELPER)
    [frame] = edit.frames
    assert holds(frame["bounds"], own)

    page.goto(f"/images/{wide.pk}/edit?from={edit.pk}")
    expect(way(page, "My own")).to_be_checked()
    expect(page.get_by_label("Helper sentence")).to_be_checked()
    expect(frames(page)).to_have_count(1)
    assert near(sent(page)[0], frame["bounds"])


@pytest.mark.parametrize("width", [320, 390, 1024])
def test_the_ways_to_frame_fit_into_the_panel(
    sign_in: Callable[..., Page], live_server: Any, wide: Any, alice: Any, width: int
) -> None:
    page = sign_in(alice, viewport={"width": width, "height": 760})
    open_studio(page, live_server, wide)
    assert page.locator(".panel").evaluate("panel => panel.scrollWidth <= panel.clientWidth")
