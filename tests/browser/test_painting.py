"""What is painted is kept, comes back, and is sent; and what the page says around it."""

import re
from typing import Any

import pytest
from django.core.files.storage import default_storage
from playwright.sync_api import Page, expect

from editor.models import Draft, Edit
from tests.browser.hands import (
    View,
    drag,
    key,
    open_studio,
    saved_mask,
    set_brush,
    stored_mask,
    surface,
)
from tests.drawing import pixels_of


@pytest.fixture
def studio(signed_in_page: Page, live_server: Any, photo: Any) -> Page:
    open_studio(signed_in_page, live_server, photo)
    return signed_in_page


def test_the_area_is_said_undone_inverted_and_cleared(studio: Page, photo: Any) -> None:
    expect(studio.locator("#mask-share")).to_have_text(re.compile("No mask yet"))
    expect(studio.get_by_role("button", name="Undo")).to_be_disabled()
    drag(studio, (100, 100), (500, 350), steps=5)
    mask = saved_mask(studio, photo, lambda: drag(studio, (500, 100)))
    said = studio.locator("#mask-share").inner_text()
    assert said == f"Mask {round(100 * mask.mean(), 1):g} % of the picture"
    expect(studio.locator("#said")).to_have_text(re.compile(f"^{re.escape(said)}, .*middle"))
    one = saved_mask(studio, photo, lambda: key(studio, "Control+z"))
    assert 0 < one.sum() < mask.sum()
    both = saved_mask(studio, photo, studio.get_by_role("button", name="Redo").click)
    assert (both == mask).all()
    expect(studio.get_by_role("button", name="Redo")).to_be_disabled()
    assert (saved_mask(studio, photo, lambda: key(studio, "Control+i")) == ~mask).all()
    assert not saved_mask(studio, photo, lambda: key(studio, "Delete")).any()


def test_mask_prompt_and_options_are_there_when_the_person_comes_back(
    studio: Page, live_server: Any, photo: Any
) -> None:
    studio.get_by_label("What should change?").fill("Take the lamp away")
    studio.get_by_role("radio", name="High").check(force=True)
    studio.get_by_role("button", name="More", exact=True).click()
    saved_mask(studio, photo, lambda: drag(studio, (100, 100), (300, 300), steps=5))
    before = stored_mask(studio, photo)
    said = studio.locator("#mask-share").inner_text()
    studio.goto(live_server.url)
    open_studio(studio, live_server, photo)
    expect(studio.get_by_label("What should change?")).to_have_value("Take the lamp away")
    expect(studio.get_by_role("radio", name="High")).to_be_checked()
    expect(studio.get_by_role("spinbutton", name="Number")).to_have_value("2")
    expect(studio.locator("#mask-share")).to_have_text(said)
    saved_mask(studio, photo, lambda: studio.keyboard.press("Control+i"))
    assert (stored_mask(studio, photo) == ~before).all()


def test_a_stored_mask_is_not_lost_to_somebody_who_types_before_it_is_there(
    studio: Page, live_server: Any, photo: Any
) -> None:
    saved_mask(studio, photo, lambda: drag(studio, (100, 100), (300, 300), steps=5))
    before = stored_mask(studio, photo)

    def slow(route: Any) -> None:
        if route.request.method == "GET":
            studio.wait_for_timeout(1500)
        route.continue_()

    studio.goto(live_server.url)
    studio.route(re.compile("/draft"), slow)
    open_studio(studio, live_server, photo)
    saved_mask(
        studio, photo, lambda: studio.get_by_label("What should change?").fill("Take the lamp away")
    )
    assert (stored_mask(studio, photo) == before).all()
    assert Draft.objects.get(image=photo).prompt == "Take the lamp away"


SLOW_SHELF = """
const all = IDBObjectStore.prototype.getAll;
IDBObjectStore.prototype.getAll = function (...of) {
  for (const until = Date.now() + 400; Date.now() < until; );
  return all.apply(this, of);
};
"""


# In one go: what is filled in two steps may have the stored text come in between.
TYPE = """(field, text) => {
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}"""


def test_what_is_typed_before_the_draft_is_there_holds(
    studio: Page, live_server: Any, photo: Any
) -> None:
    prompt = studio.get_by_label("What should change?")
    saved_mask(studio, photo, lambda: prompt.fill("Remove the lamp"))
    studio.add_init_script(SLOW_SHELF)
    studio.goto(live_server.url)
    studio.goto(f"{live_server.url}/images/{photo.pk}/edit", wait_until="commit")
    prompt.evaluate(TYPE, "Take the lamp away")
    expect(studio.locator("#draft-state")).to_have_text(re.compile("draft saved"))
    expect(prompt).to_have_value("Take the lamp away")


def test_a_stroke_during_which_the_stored_mask_comes_is_whole_and_saved(
    studio: Page, live_server: Any, photo: Any
) -> None:
    set_brush(studio, 30)
    saved_mask(studio, photo, lambda: drag(studio, (100, 100), (300, 100), steps=5))
    studio.goto(live_server.url)
    waiting: list[Any] = []
    studio.route(re.compile(r"/draft\?"), lambda route: waiting.append(route))
    open_studio(studio, live_server, photo)
    while not waiting:
        studio.wait_for_timeout(20)
    view = View(studio)
    studio.mouse.move(*view.on_page((100, 300)))
    studio.mouse.down()
    studio.mouse.move(*view.on_page((200, 300)), steps=3)
    with studio.expect_response(re.compile(r"/draft\?")):
        waiting.pop().continue_()
    studio.wait_for_timeout(300)
    studio.mouse.move(*view.on_page((500, 300)), steps=3)
    mask = saved_mask(studio, photo, studio.mouse.up)
    assert mask[300, [100, 200, 350, 500]].all()
    assert mask[100, [100, 200, 300]].all()


def test_a_stored_mask_that_cannot_be_loaded_stays_on_the_server(
    studio: Page, live_server: Any, photo: Any
) -> None:
    saved_mask(studio, photo, lambda: drag(studio, (100, 100), (300, 300), steps=5))
    before = stored_mask(studio, photo)
    studio.goto(live_server.url)
    studio.route(re.compile(r"/draft\?"), lambda route: route.abort())
    open_studio(studio, live_server, photo)
    expect(studio.get_by_role("alert").first).to_contain_text("could not be loaded")
    saved_mask(
        studio, photo, lambda: studio.get_by_label("What should change?").fill("Take the lamp away")
    )
    assert (stored_mask(studio, photo) == before).all()


def test_a_draft_saved_during_a_stroke_does_not_cut_it(studio: Page, photo: Any) -> None:
    set_brush(studio, 30)
    drag(studio, (100, 100), steps=5)
    studio.mouse.move(*View(studio).on_page((100, 300)))
    studio.mouse.down()
    studio.mouse.move(*View(studio).on_page((200, 300)), steps=3)
    studio.wait_for_timeout(1500)
    studio.mouse.move(*View(studio).on_page((500, 300)), steps=3)
    saved_mask(studio, photo, studio.mouse.up)
    mask = stored_mask(studio, photo)
    assert mask[300, [100, 200, 350, 500]].all()
    saved_mask(studio, photo, lambda: studio.keyboard.press("Control+z"))
    mask = stored_mask(studio, photo)
    assert mask[100, 100]
    assert not mask[300].any()


def test_letters_typed_into_the_prompt_are_no_commands(studio: Page, photo: Any) -> None:
    size = studio.get_by_label("Brush size").get_attribute("aria-valuetext")
    studio.get_by_label("What should change?").press_sequentially("be [h] 012?")
    expect(studio.get_by_role("button", name="Brush")).to_have_attribute("aria-pressed", "true")
    expect(studio.get_by_role("dialog")).to_have_count(0)
    assert studio.get_by_label("Brush size").get_attribute("aria-valuetext") == size
    assert studio.get_by_label("What should change?").input_value() == "be [h] 012?"


def test_no_canvas_is_larger_than_its_surface(
    signed_in_page: Page, live_server: Any, alice: Any, make_photo: Any
) -> None:
    open_studio(signed_in_page, live_server, make_photo(alice, size=(3000, 2200)))
    for zoom in ("0", "1", "2"):
        key(signed_in_page, zoom)
        sizes = surface(signed_in_page).evaluate(
            """element => [...document.querySelectorAll("canvas")].map(({ width, height }) =>
                 [width / devicePixelRatio - element.clientWidth,
                  height / devicePixelRatio - element.clientHeight])"""
        )
        assert len(sizes) >= 2
        assert all(beyond < 1 for size in sizes for beyond in size)


def test_run_edit_sends_the_painted_mask_once(studio: Page, photo: Any, alice: Any) -> None:
    set_brush(studio, 60)
    drag(studio, (200, 200), (300, 250), steps=5)
    studio.get_by_label("What should change?").fill("Remove the sign")
    studio.keyboard.press("Control+Enter")
    studio.wait_for_url(re.compile(r"/edits/\d+/"))
    edit = Edit.objects.get()
    assert (edit.prompt, edit.created_by, edit.source) == ("Remove the sign", alice, photo)
    with default_storage.open(edit.mask) as file:
        mask = pixels_of(file.read()).astype(bool)
    assert mask[225, 250]
    assert not mask[100, 100]
    draft = Draft.objects.get()
    assert (draft.prompt, bytes(draft.mask)) == ("", b"")


def test_what_is_missing_is_said_at_its_field(studio: Page, photo: Any) -> None:
    drag(studio, (200, 200), (300, 250), steps=5)
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

    drag(studio, (200, 200), (300, 250), steps=5)
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
    drag(studio, (200, 200), (300, 250), steps=5)
    frame = studio.locator(".surface > .sent")
    expect(frame).to_be_visible()
    expect(studio.locator(".surface > .tag")).to_contain_text("sent at")
    box = frame.bounding_box()
    assert box
    left, top = View(studio).on_page((200, 200))
    right, bottom = View(studio).on_page((300, 250))
    assert box["x"] <= left
    assert box["x"] + box["width"] >= right
    assert box["y"] <= top
    assert box["y"] + box["height"] >= bottom
