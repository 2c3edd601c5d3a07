"""What a person paints is never lost: not to a lost connection, a crash, another tab, or a session that ends."""

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Error, Locator, Page, Route, expect

from editor.models import Draft, Edit
from tests.browser.hands import View, drag, open_studio, saved_mask, set_brush, stored_mask
from tests.conftest import PASSWORD
from tests.drawing import mask_pixels, mask_png, pixels_of

HERE, THERE = [(100.0, 100.0), (250.0, 200.0)], [(400.0, 300.0), (500.0, 400.0)]
DRAFT = re.compile(r"/draft$")


@pytest.fixture
def studio(signed_in_page: Page, live_server: Any, photo: Any) -> Page:
    open_studio(signed_in_page, live_server, photo)
    set_brush(signed_in_page, 40)
    return signed_in_page


def state(page: Page) -> Locator:
    return page.locator("#draft-state")


def notice(page: Page) -> Locator:
    return page.locator("#draft-notice")


def wish(page: Page) -> Locator:
    return page.get_by_label("What should change?")


def expect_state(page: Page, name: str, **how: Any) -> None:
    expect(state(page)).to_have_attribute("data-state", name, **how)


class Connection:
    """Between the pages of a browser and the server's drafts."""

    def __init__(self, page: Page) -> None:
        self.is_cut = True
        page.context.route(DRAFT, lambda route: route.abort() if self.is_cut else route.continue_())

    def restore(self, page: Page) -> None:
        self.is_cut = False
        page.evaluate("dispatchEvent(new Event('online'))")


def crashed(page: Page, live_server: Any, photo: Any) -> Page:
    """The page's process dies; the person opens the studio in another one."""
    with pytest.raises(Error):
        page.goto("chrome://crash")
    again = page.context.new_page()
    open_studio(again, live_server, photo)
    return again


def assert_painted(mask: np.ndarray, here: bool, there: bool) -> None:
    assert (mask[150, 175], mask[350, 450]) == (here, there)


def test_without_a_connection_all_is_kept_here_and_sent_when_it_is_back(
    studio: Page, photo: Any
) -> None:
    connection = Connection(studio)
    drag(studio, *HERE)
    expect_state(studio, "kept")
    expect(notice(studio)).to_contain_text("Not connected. Your work is kept in this browser")
    assert not Draft.objects.exists()
    drag(studio, *THERE)
    mask = saved_mask(studio, photo, lambda: connection.restore(studio))
    assert_painted(mask, True, True)
    expect(notice(studio)).to_contain_text("Saved on the server again.")


def test_a_crash_without_a_connection_loses_nothing(
    studio: Page, live_server: Any, photo: Any
) -> None:
    connection = Connection(studio)
    wish(studio).fill("Take the lamp away")
    drag(studio, *HERE)
    expect_state(studio, "kept")
    assert not Draft.objects.exists()
    again = crashed(studio, live_server, photo)
    expect(wish(again)).to_have_value("Take the lamp away")
    expect(again.locator("#mask-share")).to_contain_text("Mask")
    expect_state(again, "kept")
    assert_painted(saved_mask(again, photo, lambda: connection.restore(again)), True, False)
    assert Draft.objects.get().prompt == "Take the lamp away"


def test_margins_marks_and_the_edge_come_through_a_crash_too(
    signed_in_page: Page, live_server: Any, photo: Any, alice: Any
) -> None:
    arrow = {"kind": "arrow", "from": [10, 20], "to": [110.5, 60], "width": 4, "colour": "#ff8800"}
    mask = mask_pixels((740, 480), (0, 0, 100, 480), (200, 150, 300, 250)).astype(bool)
    Draft.objects.create(
        person=alice, image=photo, margins=[100, 0, 0, 0], marks=[arrow], version=4,
        options={"grow": 12, "feather": 0, "quality": "high"},
        mask=mask_png((740, 480), (0, 0, 100, 480), (200, 150, 300, 250)),
    )  # fmt: skip
    open_studio(signed_in_page, live_server, photo)
    connection = Connection(signed_in_page)
    wish(signed_in_page).fill("Wider")
    expect_state(signed_in_page, "kept")
    again = crashed(signed_in_page, live_server, photo)
    assert (saved_mask(again, photo, lambda: connection.restore(again)) == mask).all()
    draft = Draft.objects.get()
    assert (draft.prompt, draft.margins, draft.marks) == ("Wider", [100, 0, 0, 0], [arrow])
    assert (draft.options["grow"], draft.options["feather"]) == (12, 0)
    assert draft.options["quality"] == "high"


def test_a_page_that_is_killed_in_mid_save_goes_on_without_a_conflict(
    studio: Page, live_server: Any, photo: Any
) -> None:
    drag(studio, *HERE)
    expect_state(studio, "saved")
    arrived: list[Route] = []

    def swallow(route: Route) -> None:  # the server has it, and the page never hears of that
        route.fetch()
        arrived.append(route)

    studio.context.route(DRAFT, swallow)
    drag(studio, *THERE)
    expect_state(studio, "saving")
    while not arrived:
        studio.wait_for_timeout(50)
    studio.context.unroute(DRAFT)
    again = crashed(studio, live_server, photo)
    mask = saved_mask(again, photo, lambda: wish(again).fill("Go on"))
    assert_painted(mask, True, True)
    expect(notice(again).locator(".note")).to_be_hidden()


def test_a_crash_of_a_connected_browser_loses_the_last_moments_at_most(
    studio: Page, live_server: Any, photo: Any
) -> None:
    drag(studio, *HERE)
    studio.wait_for_timeout(3000)
    again = crashed(studio, live_server, photo)
    assert_painted(stored_mask_of(photo), True, False)
    expect(again.locator("#mask-share")).to_contain_text("Mask")


def stored_mask_of(photo: Any) -> np.ndarray:
    return pixels_of(bytes(Draft.objects.get(image=photo).mask)).astype(bool)


def test_what_was_kept_of_another_picture_is_sent_from_wherever_the_person_is(
    studio: Page, live_server: Any, photo: Any, bob: Any, make_photo: Any
) -> None:
    other = make_photo(bob, (320, 240))
    connection = Connection(studio)
    drag(studio, *HERE)
    expect_state(studio, "kept")
    studio.close()
    page = studio.context.new_page()
    connection.is_cut = False
    with page.expect_response(re.compile(f"/images/{photo.pk}/draft$")):
        open_studio(page, live_server, other)
    assert_painted(stored_mask_of(photo), True, False)
    assert Draft.objects.count() == 1


def test_two_tabs_tell_each_other_and_nothing_is_overwritten_unasked(
    studio: Page, live_server: Any, photo: Any, accessible: Callable[[Page], None]
) -> None:
    other = studio.context.new_page()
    open_studio(other, live_server, photo)
    set_brush(other, 40)
    assert_painted(saved_mask(studio, photo, lambda: drag(studio, *HERE)), True, False)
    expect(notice(other)).to_contain_text("was saved in another tab or on another device")
    accessible(other)
    drag(other, *THERE)
    expect_state(other, "conflict")
    assert_painted(stored_mask_of(photo), True, False)

    with other.expect_response(DRAFT):
        other.get_by_role("button", name="Keep mine").click()
    expect_state(other, "saved")
    assert_painted(stored_mask_of(photo), False, True)

    expect(notice(studio)).to_contain_text("was saved in another tab")
    studio.get_by_role("button", name="Take the newer one").click()
    expect(notice(studio)).to_contain_text("This is the newer draft.")
    assert_painted(saved_mask(studio, photo, lambda: wish(studio).fill("On")), False, True)
    undone = saved_mask(
        studio, photo, lambda: notice(studio).get_by_role("button", name="Undo").click()
    )
    assert_painted(undone, True, False)


def test_another_device_that_was_faster_is_noticed_when_saving_and_its_draft_can_come_back(
    studio: Page, sign_in: Callable[..., Page], live_server: Any, photo: Any, alice: Any
) -> None:
    tablet = sign_in(alice, viewport={"width": 1024, "height": 768})
    open_studio(tablet, live_server, photo)
    set_brush(tablet, 40)
    saved_mask(studio, photo, lambda: (wish(studio).fill("First"), drag(studio, *HERE)))
    expect(notice(tablet).locator(".note")).to_be_hidden()
    drag(tablet, *THERE)
    expect(notice(tablet)).to_contain_text("was saved in another tab or on another device")
    assert_painted(stored_mask_of(photo), True, False)
    with tablet.expect_response(DRAFT):
        tablet.get_by_role("button", name="Keep mine").click()
    expect_state(tablet, "saved")
    assert_painted(stored_mask_of(photo), False, True)
    notice(tablet).get_by_role("button", name="Undo").click()
    expect(wish(tablet)).to_have_value("First")
    tablet.wait_for_timeout(1000)
    assert_painted(stored_mask(tablet, photo), True, False)


def test_when_the_session_is_over_the_person_signs_in_in_place_and_nothing_is_lost(
    studio: Page, photo: Any, alice: Any, bob: Any, accessible: Callable[[Page], None]
) -> None:
    Session.objects.all().delete()
    drag(studio, *HERE)
    assert_asked_in_place(studio, accessible)
    assert_painted(stored_mask(studio, photo), True, False)
    assert Draft.objects.get().person == alice


def assert_asked_in_place(studio: Page, accessible: Callable[[Page], None]) -> None:
    """The dialog takes the page's person alone, and forgets the password."""
    dialog = studio.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_contain_text("Nothing is lost")
    expect(dialog.get_by_label("Username or email")).to_have_value("alice")
    accessible(studio)
    dialog.get_by_label("Username or email").fill("bob")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_role("alert")).to_contain_text("another person’s work")
    expect(dialog.get_by_label("Password")).to_have_value("")
    dialog.get_by_label("Username or email").fill("alice")
    dialog.get_by_label("Password").fill(PASSWORD)
    with studio.expect_response(lambda answer: bool(DRAFT.search(answer.url)) and answer.ok):
        studio.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    assert PASSWORD not in studio.content()
    assert studio.locator("#again-password").input_value() == ""


def test_what_the_page_asks_for_by_itself_does_not_take_it_away_when_the_session_is_over(
    studio: Page, live_server: Any, photo: Any, make_edit: Any
) -> None:
    make_edit(photo)  # is under way, so the list of versions is asked for again and again
    open_studio(studio, live_server, photo)
    wish(studio).fill("Half a sentence")
    expect_state(studio, "saved")
    with studio.expect_response(re.compile("/versions"), timeout=30_000) as asking:
        Session.objects.all().delete()
    while "hx-redirect" not in asking.value.headers:
        with studio.expect_response(re.compile("/versions"), timeout=30_000) as asking:
            pass
    studio.wait_for_timeout(500)
    assert studio.url.endswith(f"/images/{photo.pk}/edit")
    expect(wish(studio)).to_have_value("Half a sentence")


def test_another_person_who_signs_in_meanwhile_gets_none_of_it(
    studio: Page, live_server: Any, photo: Any, alice: Any, bob: Any
) -> None:
    wish(studio).fill("Of Alice")
    expect_state(studio, "saved")
    other = studio.context.new_page()
    studio.context.clear_cookies()
    other.goto("/")
    other.get_by_label("Username or email").fill("bob")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    other.wait_for_url("**/")
    drag(studio, *HERE)
    dialog = studio.get_by_role("dialog", name="Sign in again")
    expect(dialog.get_by_role("alert")).to_have_text("Bob is signed in in this browser now.")
    dialog.get_by_role("button", name="Later").click()
    studio.get_by_role("button", name=re.compile("Run edit")).click()
    expect(dialog).to_be_visible()
    assert not Draft.objects.filter(person=bob).exists()
    assert not Edit.objects.exists()
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    studio.wait_for_url(re.compile(r"/edits/\d+/"))
    assert Edit.objects.get().created_by == alice


def test_who_signs_in_later_goes_on_painting_and_it_is_kept_here(studio: Page, photo: Any) -> None:
    Session.objects.all().delete()
    drag(studio, *HERE)
    dialog = studio.get_by_role("dialog", name="Sign in again")
    dialog.get_by_role("button", name="Later").click()
    expect_state(studio, "signedOut")
    drag(studio, *THERE)
    assert not Draft.objects.exists()
    notice(studio).get_by_role("button", name="Sign in").click()
    dialog.get_by_label("Password").fill(PASSWORD)
    with studio.expect_response(lambda answer: bool(DRAFT.search(answer.url)) and answer.ok):
        dialog.get_by_role("button", name="Sign in").click()
    expect_state(studio, "saved")
    assert_painted(stored_mask_of(photo), True, True)


def test_an_edit_that_is_run_when_the_session_is_over_is_sent_once_after_signing_in(
    studio: Page, photo: Any, alice: Any
) -> None:
    wish(studio).fill("Take the lamp away")
    saved_mask(studio, photo, lambda: drag(studio, *HERE))
    Session.objects.all().delete()
    studio.get_by_role("button", name=re.compile("Run edit")).click()
    dialog = studio.get_by_role("dialog", name="Sign in again")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    studio.wait_for_url(re.compile(r"/edits/\d+/"))
    assert Edit.objects.get().created_by == alice
    draft = Draft.objects.get()
    assert (draft.prompt, bytes(draft.mask)) == ("", b"")


def test_a_tab_learns_that_the_draft_was_run_from_another_one(
    studio: Page, live_server: Any, photo: Any
) -> None:
    wish(studio).fill("Take the lamp away")
    saved_mask(studio, photo, lambda: drag(studio, *HERE))
    other = studio.context.new_page()
    open_studio(other, live_server, photo)
    expect(wish(other)).to_have_value("Take the lamp away")
    studio.get_by_role("button", name=re.compile("Run edit")).click()
    studio.wait_for_url(re.compile(r"/edits/\d+/"))
    expect(notice(other)).to_contain_text("was run from another tab or device")
    other.get_by_role("button", name="Start afresh").click()
    expect(wish(other)).to_have_value("")
    expect(other.locator("#mask-share")).not_to_contain_text("%")
    notice(other).get_by_role("button", name="Undo").click()
    expect(wish(other)).to_have_value("Take the lamp away")
    expect(other.locator("#mask-share")).to_contain_text("%")


def test_a_server_without_room_is_said_and_the_draft_is_kept_here_until_there_is_some(
    studio: Page, photo: Any
) -> None:
    said = json.dumps({"error": "The server has no room left."})
    studio.route(
        DRAFT, lambda route: route.fulfill(status=507, content_type="application/json", body=said)
    )
    drag(studio, *HERE)
    expect_state(studio, "noRoom")
    expect(notice(studio)).to_contain_text(
        "The server has no room left. It is kept in this browser"
    )
    studio.unroute(DRAFT)
    assert_painted(saved_mask(studio, photo, lambda: drag(studio, *THERE)), True, True)
    expect(notice(studio)).to_contain_text("Saved on the server again.")


def test_running_an_edit_again_asks_before_it_replaces_a_draft(
    studio: Page, live_server: Any, photo: Any, make_edit: Any
) -> None:
    saved_mask(studio, photo, lambda: (wish(studio).fill("Long work"), drag(studio, *THERE)))
    edit = make_edit(photo, prompt="Earlier")
    studio.goto(f"{live_server.url}/images/{photo.pk}/edit?from={edit.pk}")
    expect(wish(studio)).to_have_value("Earlier")
    wish(studio).fill("Earlier, warmer")
    expect_state(studio, "conflict")
    assert Draft.objects.get().prompt == "Long work"
    with studio.expect_response(DRAFT):
        studio.get_by_role("button", name="Keep mine").click()
    expect_state(studio, "saved")
    studio.reload()
    expect(wish(studio)).to_have_value("Earlier, warmer")


def leave_in_mid_stroke(page: Page) -> None:
    view = View(page)
    page.mouse.move(*view.on_page(HERE[0]))
    page.mouse.down()
    page.mouse.move(*view.on_page(HERE[1]), steps=3)
    page.goto("about:blank")
    page.mouse.up()


def test_a_stroke_under_way_when_the_page_goes_is_no_loss(studio: Page, photo: Any) -> None:
    address = studio.url
    connection = Connection(studio)
    # What a page sends in its last moment may pass by the routes of its context.
    studio.evaluate(
        "() => { const send = window.fetch; window.fetch = (url, how = {}) =>"
        " how.keepalive ? Promise.reject(new TypeError('offline')) : send(url, how) }"
    )
    leave_in_mid_stroke(studio)
    studio.goto(address)
    expect_state(studio, "kept")
    assert_painted(saved_mask(studio, photo, lambda: connection.restore(studio)), True, False)


def test_a_stroke_under_way_when_the_page_goes_may_still_reach_the_server(
    studio: Page, photo: Any
) -> None:
    address = studio.url
    leave_in_mid_stroke(studio)
    studio.goto(address)
    expect(studio.locator("#mask-share")).to_contain_text("%")
    studio.wait_for_timeout(1500)  # a page that still has to send it has done so by then
    assert_painted(stored_mask_of(photo), True, False)
    expect(notice(studio)).to_be_hidden()


def test_a_mask_that_takes_long_to_be_had_is_saved_when_it_is_there(
    signed_in_page: Page, live_server: Any, photo: Any
) -> None:
    signed_in_page.add_init_script(
        "const post = Worker.prototype.postMessage; Worker.prototype.postMessage = function (message, ...more) {"
        " setTimeout(() => post.call(this, message, ...more), message.task === 'encode' ? 3000 : 0) }"
    )
    open_studio(signed_in_page, live_server, photo)
    set_brush(signed_in_page, 40)
    drag(signed_in_page, *HERE)
    expect_state(signed_in_page, "saved", timeout=20_000)
    assert_painted(stored_mask_of(photo), True, False)


def test_without_locks_two_pages_never_save_under_one_name(
    signed_in_page: Page, live_server: Any, photo: Any
) -> None:
    one = signed_in_page
    one.context.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'locks', {value: undefined})"
    )
    open_studio(one, live_server, photo)
    set_brush(one, 40)
    connection = Connection(one)
    drag(one, *HERE)
    expect_state(one, "kept")
    other = one.context.new_page()
    open_studio(other, live_server, photo)
    set_brush(other, 40)
    assert_painted(saved_mask(other, photo, lambda: connection.restore(other)), True, False)
    drag(one, *THERE)
    expect_state(one, "conflict")
    assert_painted(stored_mask_of(photo), True, False)
    one.reload()
    expect_state(one, "conflict")
    expect(notice(other)).not_to_contain_text("was saved")


def test_a_page_whose_draft_has_moved_on_before_it_came_shows_the_newer_one(
    signed_in_page: Page, live_server: Any, photo: Any, alice: Any
) -> None:
    size = (photo.width, photo.height)
    draft = Draft.objects.create(
        person=alice, image=photo, prompt="Old", version=1, mask=mask_png(size, (0, 0, 9, 9))
    )

    def newer(route: Route) -> None:
        Draft.objects.filter(pk=draft.pk, version=1).update(
            prompt="New", version=2, mask=mask_png(size, (150, 100, 200, 200))
        )
        route.continue_()

    signed_in_page.route(re.compile(r"/draft\?version=1$"), newer)
    open_studio(signed_in_page, live_server, photo)
    expect(wish(signed_in_page)).to_have_value("New")
    expect(signed_in_page.locator("#warning")).to_be_hidden()
    mask = saved_mask(signed_in_page, photo, lambda: wish(signed_in_page).fill("Newer"))
    assert_painted(mask, True, False)
    assert Draft.objects.get().version == 3


def test_a_refusal_that_signing_in_does_not_cure_is_not_asked_about_without_end(
    studio: Page,
) -> None:
    asked: list[Route] = []

    def refuse(route: Route) -> None:
        asked.append(route)
        route.fulfill(status=403, body="blocked")

    studio.route(DRAFT, refuse)
    wish(studio).fill("Forbidden words")
    expect_state(studio, "failed")
    studio.wait_for_timeout(1000)
    assert len(asked) == 2


def test_signing_in_again_goes_on_when_another_tab_was_faster(studio: Page, photo: Any) -> None:
    Session.objects.all().delete()
    drag(studio, *HERE)
    dialog = studio.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_be_visible()
    other = studio.context.new_page()
    other.goto(studio.url)
    other.get_by_label("Username or email").fill("alice")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    other.wait_for_url("**/edit")
    other.close()
    studio.bring_to_front()
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_be_hidden()
    expect_state(studio, "saved")
    assert_painted(stored_mask_of(photo), True, False)
