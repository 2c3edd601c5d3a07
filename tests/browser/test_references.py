"""What a person can do with references and further options, and that it is what is kept and sent."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from editor.models import Draft, Edit
from tests.browser.hands import drag, open_studio
from tests.drawing import photo_png


def changed_after(page: Page, act: Callable[[], object]) -> None:
    """Does something, and waits until a save that came after it is done."""
    with page.expect_response(re.compile("/draft$")):
        act()


@pytest.fixture
def pictures(alice: Any, make_photo: Any) -> list[Any]:
    """As many as there is to put in order, the newest last."""
    names = ("Cloth.png", "Light.png", "Jar.png")
    return [make_photo(alice, (300 + i, 200), name) for i, name in enumerate(names)]


@pytest.fixture
def studio(signed_in_page: Page, live_server: Any, photo: Any, pictures: list[Any]) -> Page:
    open_studio(signed_in_page, live_server, photo)
    return signed_in_page


def section(page: Page) -> Locator:
    return page.get_by_role("group", name="References, in this order")


def handles(page: Page) -> Locator:
    return section(page).get_by_role("button", name=re.compile(r"^Reference \d+ "))


def expect_references(page: Page, *names: str) -> None:
    texts = [f"Reference {number} {name}" for number, name in enumerate(names, start=2)]
    expect(handles(page)).to_have_text(texts)


def choose(page: Page, *names: str) -> None:
    section(page).get_by_role("button", name="Add references").click()
    dialog = page.get_by_role("dialog", name="Choose references")
    for name in names:
        dialog.get_by_role("button", name=name, exact=True).click()
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_be_hidden()


def kept(page: Page, photo: Any) -> list[int]:
    expect(page.locator("#draft-state")).to_contain_text("draft saved")
    numbers: list[int] = Draft.objects.get(image=photo).options["references"]
    return numbers


def expect_said(page: Page, text: str) -> None:
    expect(page.locator("#said")).to_have_text(text)


def test_chosen_references_are_sent_in_their_order(
    studio: Page, photo: Any, pictures: list[Any]
) -> None:
    cloth, light, jar = pictures
    drag(studio, (200, 200), (300, 250), steps=5)
    studio.get_by_label("What should change?").fill("Like the others")
    choose(studio, "Jar.png", "Cloth.png", "Light.png")
    expect_references(studio, "Jar.png", "Cloth.png", "Light.png")
    studio.keyboard.press("Control+Enter")
    studio.wait_for_url(re.compile(r"/edits/\d+/"))
    sent = Edit.objects.get().references.values_list("number", "image")
    assert list(sent) == [(1, jar.pk), (2, cloth.pk), (3, light.pk)]


def test_the_dialog_finds_by_name_and_takes_out_again(studio: Page) -> None:
    choose(studio, "Jar.png", "Cloth.png")
    section(studio).get_by_role("button", name="Add references").click()
    dialog = studio.get_by_role("dialog", name="Choose references")
    expect(dialog).to_contain_text("2 of 15")
    dialog.get_by_label("Search by name").fill("jar")
    expect(dialog.locator("[data-picture]")).to_have_count(1)
    jar = dialog.get_by_role("button", name="Jar.png")
    expect(jar).to_have_attribute("aria-pressed", "true")
    jar.click()
    expect(jar).to_have_attribute("aria-pressed", "false")
    expect(dialog).to_contain_text("1 of 15")
    studio.keyboard.press("Escape")
    expect_references(studio, "Cloth.png")


def test_the_dialog_shows_more_where_there_is_more(
    studio: Page, alice: Any, make_photo: Any
) -> None:
    one = make_photo(alice, (64, 64), "Base.png")
    for number in range(30):
        one.pk, one.sha256, one.name = None, f"{number:064}", f"Tile {number}.png"
        one.save(force_insert=True)
    section(studio).get_by_role("button", name="Add references").click()
    dialog = studio.get_by_role("dialog", name="Choose references")
    expect(dialog.locator("[data-picture]")).to_have_count(24)
    dialog.get_by_role("link", name="Show more").focus()
    studio.keyboard.press("Enter")
    expect(dialog.locator("[data-picture]")).to_have_count(35)
    expect(dialog.locator("[data-picture]").nth(24)).to_be_focused()
    studio.keyboard.press("Space")
    studio.keyboard.press("Escape")
    expect_references(studio, "Tile 5.png")


def test_uploaded_files_become_references_in_their_order(
    studio: Page, photo: Any, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("One.png", "Two.png")]
    for number, file in enumerate(files):
        file.write_bytes(photo_png((240 + number, 200)))
    section(studio).get_by_role("button", name="Add references").click()
    with studio.expect_response(re.compile("/draft$")):
        studio.get_by_label("Upload", exact=True).set_input_files(files)
        expect_references(studio, "One.png", "Two.png")
    assert len(kept(studio, photo)) == 2


def drop(
    page: Page,
    target: Locator,
    *files: tuple[str, bytes],
    events: tuple[str, ...] = ("dragenter", "dragover", "drop"),
) -> None:
    """As the browser does when files are dragged in from outside."""
    listed = [(name, list(data)) for name, data in files]
    transfer = page.evaluate_handle(
        """files => {
          const transfer = new DataTransfer();
          for (const [name, bytes] of files) transfer.items.add(new File([new Uint8Array(bytes)], name));
          return transfer;
        }""",
        listed,
    )
    for event in events:
        target.dispatch_event(event, {"dataTransfer": transfer})


def test_a_file_dropped_onto_the_section_becomes_a_reference(studio: Page) -> None:
    drop(studio, section(studio), ("Dropped.png", photo_png((200, 120))))
    expect_references(studio, "Dropped.png")
    expect_said(studio, "Dropped.png is reference 2")


def test_the_section_stays_in_sight_while_a_file_is_dragged_over_the_page(studio: Page) -> None:
    veil = studio.get_by_text("Drop the photo to upload it")
    drop(studio, studio.locator("#surface"), ("Dropped.png", b""), events=("dragenter",))
    expect(veil).to_be_visible()
    box = section(studio).bounding_box()
    assert box
    at = [box["x"] + 10, box["y"] + 10]
    over = """([x, y]) => {
      document.querySelector("#drop").style.pointerEvents = "auto"; // else it counts as nowhere
      return Boolean(document.elementFromPoint(x, y).closest("#references"));
    }"""
    assert studio.evaluate(over, at)
    drop(studio, section(studio), ("Dropped.png", b""), events=("dragenter",))
    expect(veil).to_be_hidden()
    expect(section(studio)).to_contain_text("Drop it here to add it as a reference.")


def test_a_file_that_is_no_picture_is_refused_in_words_and_the_others_stay(studio: Page) -> None:
    drop(
        studio,
        section(studio),
        ("Notes.png", b"not a picture"),
        ("Good.png", photo_png((200, 120))),
    )
    expect_references(studio, "Good.png")
    expect(studio.locator("#references-error")).to_have_text(re.compile("Notes.png: This is not a"))


def test_a_picture_pasted_into_the_section_becomes_a_reference(studio: Page) -> None:
    section(studio).get_by_role("button", name="Add references").focus()
    studio.evaluate(
        """bytes => {
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([new Uint8Array(bytes)], "image.png", { type: "image/png" }));
          const paste = new ClipboardEvent("paste", { clipboardData, cancelable: true, bubbles: true });
          document.activeElement.dispatchEvent(paste);
        }""",
        list(photo_png((200, 120))),
    )
    expect_references(studio, "image.png")


def test_an_edit_waits_for_what_is_being_uploaded(studio: Page, photo: Any) -> None:
    def slow(route: Any) -> None:
        studio.wait_for_timeout(1000)
        route.continue_()

    drag(studio, (200, 200), (300, 250), steps=5)
    studio.get_by_label("What should change?").fill("Like this one")
    studio.route("**/images/upload", slow)
    drop(studio, section(studio), ("Dropped.png", photo_png((200, 120))))
    studio.keyboard.press("Control+Enter")
    studio.wait_for_url(re.compile(r"/edits/\d+/"))
    names = Edit.objects.get().references.values_list("image__name", flat=True)
    assert list(names) == ["Dropped.png"]


def test_an_edit_is_not_sent_without_a_file_that_is_refused_meanwhile(
    studio: Page, photo: Any
) -> None:
    drag(studio, (200, 200), (300, 250), steps=5)
    studio.get_by_label("What should change?").fill("Like this one")
    held: list[Route] = []
    studio.route("**/images/upload", lambda route: held.append(route))
    with studio.expect_request("**/images/upload"):
        drop(studio, section(studio), ("Notes.png", b"not a picture"))
    studio.keyboard.press("Control+Enter")  # while nobody knows yet what becomes of the file
    held[0].continue_()
    expect(studio.locator("#references-error")).to_contain_text("Notes.png")
    run = studio.get_by_role("button", name="Run edit", exact=True)
    expect(run).to_be_enabled()
    assert not Edit.objects.exists()
    run.click()  # now that this is known
    studio.wait_for_url(re.compile(r"/edits/\d+/"))
    assert Edit.objects.get().references.count() == 0


def test_a_finger_that_rests_first_drags_a_reference(
    sign_in: Any, live_server: Any, alice: Any, photo: Any, pictures: list[Any]
) -> None:
    page = sign_in(alice, viewport={"width": 390, "height": 844}, has_touch=True)
    open_studio(page, live_server, photo)
    choose(page, "Jar.png", "Cloth.png")
    section(page).scroll_into_view_if_needed()
    boxes = [handles(page).nth(at).bounding_box() for at in (0, 1)]
    (x1, y1), (x2, y2) = ((box["x"] + 30, box["y"] + 20) for box in boxes if box)
    touch = page.context.new_cdp_session(page)

    def finger(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": x, "y": y} for x, y in points]
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": at})

    finger("Start", (x1, y1))
    page.wait_for_timeout(500)
    for step in range(1, 6):
        finger("Move", (x1 + (x2 - x1) * step / 5, y1 + (y2 - y1) * step / 5))
    finger("End")
    expect_references(page, "Cloth.png", "Jar.png")


def test_dragging_puts_a_reference_in_another_place(
    studio: Page, photo: Any, pictures: list[Any]
) -> None:
    cloth, light, jar = pictures
    choose(studio, "Jar.png", "Cloth.png", "Light.png")

    def drag() -> None:
        boxes = [handles(studio).nth(at).bounding_box() for at in (2, 0)]
        (x1, y1), (x2, y2) = ((box["x"] + box["width"] / 2, box["y"] + 20) for box in boxes if box)
        studio.mouse.move(x1, y1)
        studio.mouse.down()
        studio.mouse.move((x1 + x2) / 2, y1, steps=4)
        studio.mouse.move(x2, y2, steps=4)
        expect_references(studio, "Light.png", "Jar.png", "Cloth.png")
        studio.mouse.up()

    changed_after(studio, drag)
    assert kept(studio, photo) == [light.pk, jar.pk, cloth.pk]
    expect(handles(studio).first).to_be_focused()
    expect_said(studio, "Light.png is reference 2")


def test_a_drag_that_is_given_up_changes_nothing(studio: Page) -> None:
    choose(studio, "Jar.png", "Cloth.png")
    box = handles(studio).first.bounding_box()
    other = handles(studio).nth(1).bounding_box()
    assert box
    assert other
    studio.mouse.move(box["x"] + 20, box["y"] + 20)
    studio.mouse.down()
    studio.mouse.move(other["x"] + 20, other["y"] + 20, steps=5)
    expect_references(studio, "Cloth.png", "Jar.png")
    studio.keyboard.press("Escape")
    expect_references(studio, "Jar.png", "Cloth.png")
    studio.mouse.up()
    expect_references(studio, "Jar.png", "Cloth.png")


def test_keys_move_a_reference_and_take_it_out_and_leave_the_mask_alone(
    studio: Page, photo: Any, pictures: list[Any]
) -> None:
    cloth, light, _jar = pictures
    drag(studio, (200, 200), (300, 250), steps=5)
    said = studio.locator("#mask-share").inner_text()
    choose(studio, "Jar.png", "Cloth.png", "Light.png")
    handles(studio).first.focus()
    studio.keyboard.press("ArrowRight")
    expect_references(studio, "Cloth.png", "Jar.png", "Light.png")
    expect(handles(studio).nth(1)).to_be_focused()
    studio.keyboard.press("ArrowDown")
    expect_references(studio, "Cloth.png", "Light.png", "Jar.png")
    expect_said(studio, "Jar.png is reference 4")
    studio.keyboard.press("ArrowRight")  # it is the last one
    expect_references(studio, "Cloth.png", "Light.png", "Jar.png")
    studio.keyboard.press("ArrowUp")
    changed_after(studio, lambda: studio.keyboard.press("Delete"))
    expect_references(studio, "Cloth.png", "Light.png")
    expect_said(studio, "Jar.png was taken out")
    expect(handles(studio).nth(1)).to_be_focused()
    assert kept(studio, photo) == [cloth.pk, light.pk]
    expect(studio.locator("#mask-share")).to_have_text(said)


def test_buttons_move_the_chosen_reference_and_take_it_out(studio: Page) -> None:
    choose(studio, "Jar.png", "Cloth.png")
    acts = section(studio).get_by_role("group", name="The chosen reference")
    expect(acts).to_contain_text("3 Cloth.png")
    up, down = (acts.get_by_role("button", name=name) for name in ("Move up", "Move down"))
    expect(down).to_have_attribute("aria-disabled", "true")
    up.focus()
    studio.keyboard.press("Enter")
    expect_references(studio, "Cloth.png", "Jar.png")
    expect(acts).to_contain_text("2 Cloth.png")
    expect(up).to_be_focused()
    expect(up).to_have_attribute("aria-disabled", "true")
    handles(studio).nth(1).click()
    expect(acts).to_contain_text("3 Jar.png")
    acts.get_by_role("button", name="Take out").click()
    expect_references(studio, "Cloth.png")
    acts.get_by_role("button", name="Take out").click()
    expect(acts).to_be_hidden()
    expect(section(studio).get_by_role("button", name="Add references")).to_be_focused()


def test_references_and_options_survive_a_reload_that_comes_at_once(studio: Page) -> None:
    choose(studio, "Jar.png", "Cloth.png")
    studio.get_by_text("More options").click()
    studio.get_by_label("Background").select_option("opaque")
    studio.reload()
    expect_references(studio, "Jar.png", "Cloth.png")
    expect(studio.get_by_label("Background")).to_have_value("opaque")  # still unfolded, too


def test_references_and_options_are_there_when_the_person_comes_back(
    studio: Page, live_server: Any, photo: Any
) -> None:
    choose(studio, "Jar.png", "Cloth.png")
    studio.get_by_text("More options").click()
    studio.get_by_label("File format").select_option("webp")
    studio.get_by_label("Compression").fill("40")
    changed_after(studio, lambda: studio.get_by_text("None", exact=True).click())
    studio.goto(live_server.url)
    open_studio(studio, live_server, photo)
    expect_references(studio, "Jar.png", "Cloth.png")
    expect(studio.get_by_label("File format")).to_have_value("webp")
    expect(studio.get_by_label("Compression")).to_have_value("40")
    expect(studio.get_by_role("radio", name="None")).to_be_checked()
    expect(studio.get_by_text("More options")).to_contain_text("3 set")


def test_another_model_keeps_what_it_takes_and_shows_nothing_else(studio: Page, photo: Any) -> None:
    model = studio.get_by_label("Model", exact=True)
    choose(studio, "Jar.png")
    studio.get_by_text("More options").click()
    model.select_option("gpt-image-1.5")
    studio.get_by_label("Background").select_option("transparent")
    studio.get_by_label("Input fidelity").select_option("high")
    model.select_option("gpt-image-2.5-flare")
    expect(studio.get_by_label("Background")).to_have_value("transparent")
    expect(studio.get_by_label("Input fidelity")).to_be_hidden()
    model.select_option("dall-e-2")
    options = studio.locator("#more-options [data-option]")
    expect(options.filter(visible=True)).to_have_count(0)
    expect(studio.get_by_label("Helper sentence")).to_be_visible()  # any model can be told
    expect(section(studio)).to_contain_text("takes one picture only: these are not sent")
    expect(section(studio).get_by_role("button", name="Add references")).to_be_hidden()
    changed_after(studio, lambda: model.select_option("gpt-image-1.5"))
    expect(studio.get_by_label("Background")).to_have_value("transparent")
    expect(studio.get_by_label("Input fidelity")).to_have_value("high")
    expect_references(studio, "Jar.png")


def test_what_a_model_does_not_take_is_not_sent_but_kept_for_the_next(
    studio: Page, photo: Any, pictures: list[Any]
) -> None:
    drag(studio, (200, 200), (300, 250), steps=5)
    studio.get_by_label("What should change?").fill("Alone")
    choose(studio, "Jar.png")
    studio.get_by_text("More options").click()
    studio.get_by_label("Background").select_option("opaque")
    model = studio.get_by_label("Model", exact=True)
    changed_after(studio, lambda: model.select_option("dall-e-2"))
    assert kept(studio, photo) == [pictures[2].pk]
    assert Draft.objects.get(image=photo).options["background"] == "opaque"
    studio.keyboard.press("Control+Enter")
    studio.wait_for_url(re.compile(r"/edits/\d+/"))
    edit = Edit.objects.get()
    assert edit.references.count() == 0
    assert set(edit.options) <= {"n", "size"}


def test_chosen_options_are_sent(studio: Page, photo: Any) -> None:
    drag(studio, (200, 200), (300, 250), steps=5)
    studio.get_by_label("What should change?").fill("As chosen")
    studio.get_by_text("More options").click()
    expect(studio.get_by_label("Compression")).to_be_hidden()
    studio.get_by_label("File format").select_option("jpeg")
    studio.get_by_label("Compression").fill("70")
    studio.get_by_role("group", name="Live previews").get_by_text("3", exact=True).click()
    studio.keyboard.press("Control+Enter")
    studio.wait_for_url(re.compile(r"/edits/\d+/"))
    options = Edit.objects.get().options
    chosen = {"output_format": "jpeg", "output_compression": 70, "partial_images": 3}
    assert {name: options.get(name) for name in chosen} == chosen


def test_previews_are_for_a_single_result(studio: Page) -> None:
    studio.get_by_text("More options").click()
    previews = studio.get_by_role("group", name="Live previews")
    expect(previews).to_contain_text("+100 tokens each")
    expect(previews.get_by_role("radio", name="2")).to_be_checked()
    studio.get_by_role("button", name="More", exact=True).click()
    expect(previews).to_contain_text("Only while a single result is made; 2 are asked for.")
    expect(previews.get_by_role("radio", name="2")).to_be_disabled()
    studio.get_by_role("button", name="Fewer").click()
    expect(previews.get_by_role("radio", name="2")).to_be_enabled()


def test_what_does_not_go_together_is_said_at_once_and_taken_back(studio: Page) -> None:
    studio.get_by_label("Model", exact=True).select_option("gpt-image-1.5")
    studio.get_by_text("More options").click()
    studio.get_by_label("Background").select_option("transparent")
    studio.get_by_label("File format").select_option("jpeg")
    expect(studio.locator("#background-error")).to_contain_text("needs PNG or WebP")
    studio.get_by_label("File format").select_option("webp")
    expect(studio.locator("#background-error")).to_be_hidden()


def test_the_estimate_asks_for_all_that_will_be_sent(studio: Page, pictures: list[Any]) -> None:
    asked: list[str] = []
    studio.on(
        "request", lambda request: asked.append(request.url) if "/estimate" in request.url else None
    )
    choose(studio, "Jar.png", "Light.png")
    studio.get_by_text("More options").click()
    with studio.expect_response(re.compile("background=opaque")):
        studio.get_by_label("Background").select_option("opaque")
    assert f"references={pictures[2].pk}%2C{pictures[1].pk}" in asked[-1]
    assert "partial_images=2" in asked[-1]
    expect(studio.locator("#cost")).to_contain_text(re.compile(r"prices of \d+ \w+ \d{4}"))


def test_running_again_starts_with_the_same_references(
    signed_in_page: Page, live_server: Any, photo: Any, pictures: list[Any], make_edit: Any
) -> None:
    options = {"n": 1, "size": "auto", "quality": "low", "background": "opaque"}
    edit = make_edit(photo, references=tuple(pictures), options=options)
    signed_in_page.goto(f"{live_server.url}/images/{photo.pk}/edit?from={edit.pk}")
    expect_references(signed_in_page, "Cloth.png", "Light.png", "Jar.png")
    signed_in_page.get_by_text("More options").click()
    expect(signed_in_page.get_by_label("Background")).to_have_value("opaque")
    expect(signed_in_page.get_by_role("radio", name="None")).to_be_checked()


def test_as_many_references_as_the_model_takes(
    studio: Page, photo: Any, alice: Any, make_photo: Any, live_server: Any
) -> None:
    many = [
        make_photo(alice, (64 + i, 64), f"Tile {i:02} {'of a long name ' * 8}.png")
        for i in range(16)
    ]
    Draft.objects.update_or_create(
        person=alice,
        image=photo,
        defaults={"options": {"references": [one.pk for one in many[:15]]}},
    )
    open_studio(studio, live_server, photo)
    expect(handles(studio)).to_have_count(15)
    expect(section(studio)).to_contain_text("15 of 15")
    expect(section(studio).get_by_role("button", name="Add references")).to_be_hidden()
    drop(studio, section(studio), ("More.png", photo_png((200, 120))))
    expect(studio.locator("#references-error")).to_have_text("This model takes up to 15 references")
    expect(handles(studio)).to_have_count(15)
    handles(studio).first.click()
    panel = "document.querySelector('.panel')"
    assert studio.evaluate(f"{panel}.scrollWidth - {panel}.clientWidth") == 0


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_the_form_fits_its_panel_with_every_model(
    width: int, sign_in: Any, live_server: Any, alice: Any, photo: Any
) -> None:
    page = sign_in(alice, viewport={"width": width, "height": 844})
    open_studio(page, live_server, photo)
    page.get_by_text("More options").click()
    model = page.get_by_label("Model", exact=True)
    for option in model.locator("option").all():
        model.select_option(option.get_attribute("value"))
        panel = "document.querySelector('.panel')"
        assert page.evaluate(f"{panel}.scrollWidth - {panel}.clientWidth") == 0


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["desk", "phone"])
def test_everybody_can_use_references_and_options(
    size: tuple[int, int], sign_in: Any, live_server: Any, alice: Any, photo: Any,
    pictures: list[Any], accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    width, height = size
    page = sign_in(alice, viewport={"width": width, "height": height}, has_touch=width < 400)
    open_studio(page, live_server, photo)
    section(page).get_by_role("button", name="Add references").click()
    dialog = page.get_by_role("dialog", name="Choose references")
    dialog.get_by_role("button", name="Jar.png").click()
    accessible(page)
    dialog.get_by_role("button", name="Done").click()
    page.get_by_text("More options").click()
    page.get_by_label("Model", exact=True).select_option("gpt-image-1.5")
    accessible(page)
    page.get_by_label("Model", exact=True).select_option("dall-e-2")
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_controls_are_large_enough_for_a_finger(
    sign_in: Any, live_server: Any, alice: Any, photo: Any, pictures: list[Any]
) -> None:
    page = sign_in(alice, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    open_studio(page, live_server, photo)
    choose(page, "Jar.png", "Cloth.png")
    page.get_by_text("More options").click()
    small = page.evaluate(
        """() => [...document.querySelectorAll(".panel form :is(button, select, summary, [type=number]:not(.stepper *))")]
             .filter((control) => control.checkVisibility())
             .map((control) => [control.outerHTML.slice(0, 80), control.getBoundingClientRect()])
             .filter(([, { width, height }]) => height < 43.5 || width < 31.5)
             .map(([what]) => what)"""
    )
    assert small == [], json.dumps(small, indent=1)
