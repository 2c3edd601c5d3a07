"""Polling: cheap while nothing changes, told at once when something does, and over when nothing is left."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from editor.models import Edit, Piece
from editor.web import waiting
from tests.jobs.several import in_two_frames
from tests.web.making import attempt_for

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    cache.clear()


def poller(page: str) -> tuple[str, str]:
    """Where the page looks again, and how often; two empty texts when it does not."""
    found = re.search(
        r'hx-get="(/(?:activity|edits/\d+/status)\?[^"]+)" hx-trigger="every (\d+)s"', page
    )
    return (found[1].replace("&amp;", "&"), found[2]) if found else ("", "")


def change(edit: Any, **fields: Any) -> None:
    Edit.objects.filter(pk=edit.pk).update(**fields)


def test_a_look_at_unchanged_edits_costs_three_queries_and_no_content(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        make_edit(photo, prompt=f"wish {number}")
    client = as_person(bob)
    url, _pause = poller(client.get("/").content.decode())
    with django_assert_max_num_queries(3):
        answer = client.get(url, **HTMX)
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_look_at_an_unchanged_edit_costs_three_queries_and_no_content(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, django_assert_max_num_queries: Any
) -> None:
    client = as_person(bob)
    url, _pause = poller(client.get(f"/edits/{make_edit(photo).pk}/").content.decode())
    with django_assert_max_num_queries(3):
        answer = client.get(url, **HTMX)
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_page_has_one_poller_for_all_its_unfinished_edits(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    edits = [make_edit(photo, prompt=f"wish {number}") for number in range(3)]
    make_result(make_edit(photo))
    page = as_person(bob).get("/").content.decode()
    assert page.count('hx-trigger="every') == 1
    asked = re.search(r"edits=([\d.]+)", poller(page)[0])
    assert asked and asked[1] == ".".join(str(edit.pk) for edit in edits)
    assert 'data-running="3"' in page


def test_what_has_changed_comes_with_its_tile_and_the_poller_goes_on_for_the_rest(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    first, second = make_edit(photo, prompt="one"), make_edit(photo, prompt="two")
    client = as_person(bob)
    url, _pause = poller(client.get("/").content.decode())
    result = make_result(first)
    answer = client.get(url, **HTMX).content.decode()
    assert re.search(rf'<article [^>]*id="edit-{first.pk}" hx-swap-oob="true"', answer)
    assert f"/images/{result.image_id}/thumb-small" in answer
    again, _pause = poller(answer)
    assert re.search(r"edits=([\d.]+)", again)[1] == str(second.pk)  # type: ignore[index]
    assert client.get(again, **HTMX).status_code == 204


def test_when_nothing_is_left_to_wait_for_the_poller_stops(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    edit, client = make_edit(photo), as_person(bob)
    url, _pause = poller(client.get("/").content.decode())
    make_result(edit)
    answer = client.get(url, **HTMX).content.decode()
    assert 'id="activity"' in answer
    assert "hx-trigger" not in answer and "hx-get" not in answer
    assert poller(client.get("/").content.decode()) == ("", "")


def test_the_page_of_an_edit_shows_the_result_at_the_next_look(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    edit, client = make_edit(photo), as_person(bob)
    url, _pause = poller(client.get(f"/edits/{edit.pk}/").content.decode())
    result = make_result(edit)
    answer = client.get(url, **HTMX).content.decode()
    assert answer.lstrip().startswith('<div class="page" id="edit" data-status="succeeded"')
    assert f'src="/images/{result.image_id}/preview"' in answer
    assert poller(answer) == ("", "")


@pytest.mark.parametrize(
    ("status", "word"),
    [("running", "Running"), ("storing", "Storing"), ("failed", "Failed"), ("unknown", "Unknown"),
     ("canceled", "Canceled")],
)  # fmt: skip
def test_each_change_of_status_is_told(
    status: str, word: str, photo: Any, bob: Any, as_person: Any, make_edit: Any
) -> None:
    edit, client = make_edit(photo), as_person(bob)
    url, _pause = poller(client.get(f"/edits/{edit.pk}/").content.decode())
    change(edit, status=status, started_at=timezone.now(), sent_at=timezone.now())
    answer = client.get(url, **HTMX).content.decode()
    region = re.search(r'aria-label="Status">(.*?)</section>', answer, re.S)
    assert region and f"<b>{word}</b>" in region[1]
    assert bool(poller(answer)[0]) == (status in ("running", "storing"))


def test_asking_to_cancel_and_going_back_to_the_queue_are_changes_too(
    photo: Any, bob: Any, as_person: Any, make_edit: Any
) -> None:
    edit, client = make_edit(photo), as_person(bob)
    for fields in ({"cancel_requested_at": timezone.now()}, {"waits": 1, "trouble": "http_429"}):
        url, _pause = poller(client.get(f"/edits/{edit.pk}/").content.decode())
        change(edit, **fields)
        assert client.get(url, **HTMX).status_code == 200


@pytest.mark.parametrize(("seconds", "pause"), [(2, 1), (30, 2), (120, 5), (2000, 15)])
def test_the_longer_nothing_happens_the_less_often_it_looks(
    seconds: int, pause: int, photo: Any, bob: Any, as_person: Any, make_edit: Any
) -> None:
    edit = make_edit(photo, created_at=timezone.now() - timedelta(seconds=seconds))
    for url in ("/", f"/edits/{edit.pk}/"):
        assert poller(as_person(bob).get(url).content.decode())[1] == str(pause)


def test_a_longer_pause_is_told_even_when_nothing_else_has_changed(
    photo: Any, bob: Any, as_person: Any, make_edit: Any
) -> None:
    edit, client = make_edit(photo), as_person(bob)
    url, pause = poller(client.get("/").content.decode())
    assert pause == "1"
    moment = timezone.now() + timedelta(seconds=30)
    assert waiting.pause_for([edit], moment) == 2
    assert waiting.version([edit], 1) != waiting.version([edit], 2)
    change(edit, created_at=timezone.now() - timedelta(seconds=30))
    assert poller(client.get(url, **HTMX).content.decode())[1] == "2"


def test_more_of_the_gallery_brings_one_poller_that_watches_what_was_there_before(
    photo: Any, bob: Any, as_person: Any, make_edit: Any
) -> None:
    before, client = make_edit(photo, prompt="shown before"), as_person(bob)
    answer = client.get(
        "/", {"watched": str(before.pk)}, **HTMX, HTTP_HX_TARGET="more"
    ).content.decode()
    assert answer.count('id="activity"') == 1
    assert re.search(r'id="activity"[^>]*hx-swap-oob="true"', answer)
    url, _pause = poller(answer)
    assert str(before.pk) in url
    # What the page shows of it may be old: the first look brings the tile whatever has changed.
    assert f'id="edit-{before.pk}"' in client.get(url, **HTMX).content.decode()


@pytest.mark.parametrize(
    "edits", ["", "x", "1.2.3", "9" * 40, "-1", "1;drop", ".".join(["7"] * 5000)]
)
def test_a_look_at_nonsense_does_no_harm(edits: str, bob: Any, as_person: Any) -> None:
    assert as_person(bob).get("/activity", {"edits": edits}, **HTMX).status_code in (200, 204)


def test_the_usual_time_is_told_from_earlier_calls(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    for number in range(4):
        result = make_result(make_edit(photo, prompt=f"earlier {number}"))
        attempt = result.attempt
        attempt.answered_at = attempt.sent_at + timedelta(seconds=10 + number)
        attempt.save()
    edit = make_edit(photo, prompt="now")
    change(edit, status="running", started_at=timezone.now(), sent_at=timezone.now())
    page = as_person(bob).get(f"/edits/{edit.pk}/").content.decode()
    assert "usually 11 to 12 s" in page
    change(edit, sent_at=timezone.now() - timedelta(seconds=40))
    assert "longer than usual" in as_person(bob).get(f"/edits/{edit.pk}/").content.decode()


def test_someone_signed_out_is_led_to_sign_in_by_the_next_look(client: Any, db: None) -> None:
    answer = client.get("/activity?edits=1", **HTMX, HTTP_HX_CURRENT_URL="http://testserver/?q=x")
    assert answer["HX-Redirect"].startswith("/signin?next=")


def test_the_studios_versions_are_looked_at_while_one_of_them_is_under_way(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    edit, client = make_edit(photo), as_person(bob)
    page = client.get(f"/images/{photo.pk}/edit").content.decode()
    asked = re.search(r'id="versions"[^>]*hx-get="([^"]+)" hx-trigger="every 1s"', page)
    assert asked
    assert client.get(asked[1], **HTMX).status_code == 204
    result = make_result(edit)
    answer = client.get(asked[1], **HTMX).content.decode()
    assert f"/images/{result.image_id}/thumb-small" in answer
    assert "hx-trigger" not in answer


def test_an_edit_that_went_back_to_the_queue_says_why_and_when_it_is_tried_again(
    photo: Any, bob: Any, as_person: Any, make_edit: Any
) -> None:
    moment = timezone.localtime() + timedelta(seconds=30)
    for trouble, said in (
        ("rate_limit_exceeded", "too busy"),
        ("not_connected", "reached at the moment"),
    ):
        edit = make_edit(photo, trouble=trouble, waits=1, not_before=moment)
        page = as_person(bob).get(f"/edits/{edit.pk}/").content.decode()
        assert said in page
        assert f"next at {moment:%H:%M:%S}" in page


def test_of_several_frames_it_is_told_which_one_is_waited_for_and_what_canceling_means_then(
    photo: Any, alice: Any, as_person: Any, make_edit: Any
) -> None:
    edit, client = in_two_frames(make_edit, photo), as_person(alice)

    def page() -> str:
        return client.get(f"/edits/{edit.pk}/").content.decode()

    assert "frame 1 of 2" in page()
    assert "canceling is free" in page()
    attempt = attempt_for(edit, outcome="succeeded")
    Piece.objects.create(
        edit=edit, attempt=attempt, number=1, raw="raw.png", raw_format="png", raw_sha256="0" * 64,
        raw_width=256, raw_height=256,
    )  # fmt: skip
    assert "frame 2 of 2" in page()
    assert "What has come is kept and paid for" in page()
    assert "canceling is free" not in page()
    change(edit, ends_early=True, status="storing")
    assert "frame 2 of 2" not in page()
