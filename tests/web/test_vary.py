"""Variations of a picture: offered where a model makes them, and plain about what is sent."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from editor.models import Edit, Listing
from tests.web.making import result_for, unstitched

pytestmark = pytest.mark.django_db
MODEL = "dall-e-2"


def read(client: Any, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


def send(client: Any, photo: Any, **fields: Any) -> Any:
    form = {"key": str(uuid4()), "model": MODEL, "n": "1", "size": "512x512"}
    return client.post(f"/images/{photo.pk}/vary", {**form, **fields})


@pytest.fixture
def none_offered(settings: Any) -> None:
    settings.PROVIDER_IS_OPENAI = True  # there, the last model that makes them is retired


def test_pictures_and_results_lead_to_their_variations(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    result, client = make_result(make_edit(photo)), as_person(bob)
    assert f'href="/images/{photo.pk}/vary"' in read(client, f"/images/{photo.pk}/")
    assert f'href="/images/{result.image_id}/vary"' in read(client, f"/edits/{result.edit_id}/")


def test_where_no_model_makes_them_there_is_no_door(
    none_offered: None, photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    result, client = make_result(make_edit(photo)), as_person(bob)
    assert "/vary" not in read(client, f"/images/{photo.pk}/")
    assert "/vary" not in read(client, f"/edits/{result.edit_id}/")
    assert client.get(f"/images/{photo.pk}/vary").status_code == 404
    assert send(client, photo).status_code == 404


def test_a_variation_is_an_edit_of_its_own_without_words_or_mask(
    photo: Any, bob: Any, as_person: Any
) -> None:
    answer = send(as_person(bob), photo, n="3", prompt="ignored")
    edit = Edit.objects.get()
    assert answer["Location"] == f"/edits/{edit.pk}/"
    assert (edit.operation, edit.source, edit.mask, edit.prompt) == ("vary", photo, "", "")
    assert (edit.created_by, edit.options) == (bob, {"n": 3, "size": "512x512"})
    page = read(as_person(bob), f"/edits/{edit.pk}/")
    assert "Variation of photo.png" in page and "A variation takes none." in page


def test_the_page_says_which_part_of_a_picture_is_sent(
    photo: Any, alice: Any, bob: Any, make_photo: Any, as_person: Any
) -> None:
    client = as_person(bob)
    page = read(client, f"/images/{photo.pk}/vary")
    assert "square pictures only: the middle 480 × 480 is sent, at 480 × 480." in page
    assert '<rect class="light" x="80" y="0" width="480" height="480"/>' in page
    told = client.get(
        f"/images/{photo.pk}/vary/estimate", {"model": MODEL, "n": "1", "size": "256x256"}
    ).json()
    assert told["sent"].endswith("the middle 480 × 480 is sent, at 256 × 256.")
    square = make_photo(alice, (300, 300))
    page = read(client, f"/images/{square.pk}/vary")
    assert "The whole picture is sent, at 300 × 300." in page
    assert 'class="overlay cut"' not in page


def test_what_is_said_to_be_sent_is_what_the_edit_sends(
    photo: Any, bob: Any, as_person: Any
) -> None:
    send(as_person(bob), photo, size="256x256")
    frame = Edit.objects.get().frames[0]
    assert (frame["bounds"], frame["size"]) == ([80, 0, 560, 480], [256, 256])


def test_the_cost_is_by_the_picture_and_comes_with_its_day(
    photo: Any, bob: Any, as_person: Any
) -> None:
    client, url = as_person(bob), f"/images/{photo.pk}/vary/estimate"
    costs = [
        client.get(url, {"model": MODEL, "n": n, "size": "512x512"}).json() for n in ("1", "4")
    ]
    assert [cost["text"] for cost in costs] == ["About $0.018", "About $0.072"]
    assert costs[0]["prices"] == "prices of 12 May 2026"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"n": "11"}, "This model gives 1 to 10 results at a time."),
        ({"n": "x"}, "Give a whole number."),
        ({"size": "640x480"}, "This model does not give this size."),
        ({"model": "gpt-image-2"}, "This model can&#x27;t make variations."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    fields: dict[str, str], sentence: str, photo: Any, bob: Any, as_person: Any
) -> None:
    answer = send(as_person(bob), photo, **fields)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Edit.objects.exists()


def test_the_same_form_twice_is_one_edit_and_a_used_one_says_so(
    photo: Any, bob: Any, as_person: Any
) -> None:
    client, key = as_person(bob), str(uuid4())
    assert send(client, photo, key=key)["Location"] == send(client, photo, key=key)["Location"]
    answer = send(client, photo, key=key, n="2")
    assert answer.status_code == 409
    assert "already used for other variations" in answer.content.decode()
    assert Edit.objects.count() == 1


def test_running_again_leads_back_with_what_was_chosen(
    photo: Any, bob: Any, as_person: Any, make_photo: Any, alice: Any
) -> None:
    options = {"n": 2, "size": "256x256"}
    edit = unstitched(photo, operation="vary", prompt="", model=MODEL, options=options)
    client = as_person(bob)
    where = f"/images/{photo.pk}/vary?from={edit.pk}"
    assert client.get(f"/edits/{edit.pk}/again")["Location"] == where
    page = read(client, where)
    assert '<option value="256x256" selected' in page
    assert re.search(r'name="n"[^>]* value="2"', page)
    other = make_photo(alice, (90, 60))
    assert client.get(f"/images/{other.pk}/vary?from={edit.pk}").status_code == 404


def test_a_result_of_another_shape_says_what_it_is(photo: Any, bob: Any, as_person: Any) -> None:
    edit = unstitched(photo, operation="vary", prompt="", model=MODEL)
    result_for(edit, (256, 256))
    page = read(as_person(bob), f"/edits/{edit.pk}/")
    assert "The whole picture is the model’s" in page
    assert "A variation keeps no pixel of its source" in page
    assert "data-compare" not in page


def test_a_model_that_the_provider_has_shut_down_is_not_offered(
    photo: Any, bob: Any, as_person: Any, settings: Any
) -> None:
    Listing.keep(settings.PROVIDER_BASE_URL, {MODEL: "2026-05-12"}, timezone.now())
    assert as_person(bob).get(f"/images/{photo.pk}/vary").status_code == 404
