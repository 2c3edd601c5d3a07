"""One picture's page."""

from typing import Any

import pytest

pytestmark = pytest.mark.django_db


def test_a_picture_shows_what_it_is_and_what_was_made_from_it(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    result = make_result(make_edit(photo, prompt="No sign"))
    page = as_person(bob).get(f"/images/{photo.pk}/").content.decode()
    assert "640 × 480" in page
    assert f'href="/images/{photo.pk}/edit"' in page
    assert f'id="edit-{result.edit_id}"' in page


def test_the_original_is_offered_to_those_who_get_it(
    photo: Any, alice: Any, bob: Any, as_person: Any
) -> None:
    offer = f'href="/images/{photo.pk}/original"'
    assert offer in as_person(alice).get(f"/images/{photo.pk}/").content.decode()
    assert offer not in as_person(bob).get(f"/images/{photo.pk}/").content.decode()


def test_a_result_is_shown_where_it_was_made(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    result = make_result(make_edit(photo))
    answer = as_person(bob).get(f"/images/{result.image_id}/")
    assert answer["Location"] == f"/edits/{result.edit_id}/"


def test_strangers_and_unknown_pictures(photo: Any, bob: Any, client: Any, as_person: Any) -> None:
    assert client.get(f"/images/{photo.pk}/")["Location"].startswith("/signin")
    assert as_person(bob).get("/images/999/").status_code == 404
