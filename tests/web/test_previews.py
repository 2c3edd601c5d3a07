"""Previews while an edit is worked on: told by the poller, served to those who may see them, gone with its end."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.utils import timezone

from editor.models import Edit
from tests.web.making import attempt_for, generation, preview_for, result_for, unstitched

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    cache.clear()


def poller(page: str) -> tuple[str, str]:
    found = re.search(
        r'hx-get="(/(?:activity|edits/\d+/status)\?[^"]+)" hx-trigger="every (\d+)s"', page
    )
    assert found
    return found[1].replace("&amp;", "&"), found[2]


def preview_in(page: str) -> str:
    found = re.search(r'<img class="preview" src="([^"]+)"', page)
    return found[1] if found else ""


@pytest.mark.parametrize("address", ["/", "/edits/{pk}/"])
def test_a_new_preview_is_told_at_the_next_look(
    address: str, alice: Any, bob: Any, as_person: Any
) -> None:
    edit, client = generation(alice), as_person(bob)
    preview_for(edit)
    page = client.get(address.format(pk=edit.pk)).content.decode()
    first = preview_in(page)
    assert first.startswith(f"/edits/{edit.pk}/partial/1?")
    look, pause = poller(page)
    assert pause == "1"
    assert client.get(look, **HTMX).status_code == 204
    preview_for(edit)
    answer = client.get(look, **HTMX)
    assert answer.status_code == 200
    assert preview_in(answer.content.decode()).startswith(f"/edits/{edit.pk}/partial/2?")


@pytest.mark.parametrize("address", ["/", "/edits/{pk}/"])
def test_a_look_while_nothing_new_has_come_costs_three_queries(
    address: str, alice: Any, bob: Any, as_person: Any, django_assert_max_num_queries: Any
) -> None:
    edit, client = generation(alice), as_person(bob)
    preview_for(edit)
    look, _pause = poller(client.get(address.format(pk=edit.pk)).content.decode())
    with django_assert_max_num_queries(3):
        answer = client.get(look, **HTMX)
    assert (answer.status_code, answer.content) == (204, b"")


def test_what_is_worked_on_is_looked_at_every_second_however_long_it_takes(
    alice: Any, bob: Any, as_person: Any
) -> None:
    edit = generation(alice)
    preview_for(edit)
    long_ago = timezone.now() - timedelta(minutes=8)
    Edit.objects.filter(pk=edit.pk).update(created_at=long_ago, sent_at=long_ago)
    for address in ("/", f"/edits/{edit.pk}/"):
        assert poller(as_person(bob).get(address).content.decode())[1] == "1"


def test_a_preview_is_served_privately_and_for_good(alice: Any, bob: Any, as_person: Any) -> None:
    edit, client = generation(alice), as_person(bob)
    made = preview_for(edit)
    answer = client.get(f"/edits/{edit.pk}/partial/1")
    assert b"".join(answer.streaming_content) == default_storage.open(made.preview).read()
    assert answer["Content-Type"] == "image/webp"
    assert "private" in answer["Cache-Control"] and "immutable" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    again = client.get(f"/edits/{edit.pk}/partial/1", HTTP_IF_NONE_MATCH=answer["ETag"])
    assert again.status_code == 304
    assert client.get(f"/edits/{edit.pk}/partial/2").status_code == 404


def test_previews_are_gone_when_the_edit_has_its_result(
    alice: Any, bob: Any, as_person: Any
) -> None:
    edit, client = generation(alice), as_person(bob)
    preview_for(edit)
    result_for(edit)
    assert client.get(f"/edits/{edit.pk}/partial/1").status_code == 404
    for address in ("/", f"/edits/{edit.pk}/"):
        assert preview_in(client.get(address).content.decode()) == ""


def test_another_attempts_previews_have_another_address(
    alice: Any, bob: Any, as_person: Any
) -> None:
    edit, client = generation(alice), as_person(bob)
    preview_for(edit)
    first = preview_in(client.get("/").content.decode())
    Edit.objects.filter(pk=edit.pk).update(sent_at=timezone.now() + timedelta(seconds=9))
    second = preview_in(client.get("/").content.decode())
    assert first and second and first != second


def test_what_came_before_the_outcome_was_lost_is_still_shown(
    alice: Any, bob: Any, as_person: Any
) -> None:
    edit = generation(alice)
    preview_for(edit)
    Edit.objects.filter(pk=edit.pk).update(status="unknown", trouble="connection_lost")
    assert preview_in(as_person(bob).get(f"/edits/{edit.pk}/").content.decode())


def test_an_edit_without_previews_left_shows_none(alice: Any, bob: Any, as_person: Any) -> None:
    edit = generation(alice)
    attempt_for(edit)
    now = timezone.now()
    Edit.objects.filter(pk=edit.pk).update(status="failed", partial_count=2, sent_at=now)
    assert preview_in(as_person(bob).get(f"/edits/{edit.pk}/").content.decode()) == ""


def test_a_painted_edit_shows_its_preview_over_its_source_and_without_the_tint(
    photo: Any, bob: Any, as_person: Any, make_edit: Any
) -> None:
    edit = make_edit(photo)
    preview_for(edit, photo.size)
    page = as_person(bob).get(f"/edits/{edit.pk}/").content.decode()
    stage = page[page.index('<div class="stage') : page.index("</main>")]
    assert f'src="/images/{photo.pk}/preview"' in stage and preview_in(stage)
    assert "/mask" not in stage


def test_the_studios_list_of_versions_shows_the_preview(
    photo: Any, bob: Any, as_person: Any
) -> None:
    edit = unstitched(photo)
    preview_for(edit)
    page = as_person(bob).get(f"/images/{photo.pk}/versions").content.decode()
    assert preview_in(page).startswith(f"/edits/{edit.pk}/partial/1?")
