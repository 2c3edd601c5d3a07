"""Masks to be used again: which are offered to whom, how they look small, and copying one to another picture."""

import re
from typing import Any

import cv2
import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from editor.models import Draft, Edit
from editor.web import mask_library
from tests.drawing import mask_png
from tests.web.test_drafts import TAB, painted, save, start

pytestmark = pytest.mark.django_db
BOX = (200, 150, 300, 250)
OTHER_BOX = (10, 20, 600, 400)


def offered(client: Client, image: Any, query: str = "") -> list[str]:
    """The addresses of the masks that the dialog shows, in its order."""
    page = client.get(f"/images/{image.pk}/masks{query}").content.decode()
    return re.findall(r'data-mask="([^"]+)"', page)


def test_masks_of_edits_of_this_and_of_other_pictures_of_the_same_size_are_offered_newest_first(
    photo: Any, alice: Any, bob: Any, make_photo: Any, make_edit: Any, as_person: Any
) -> None:
    first = make_edit(photo, prompt="Remove the sign")
    small = make_photo(alice, (320, 240))
    make_edit(small, mask=mask_png((320, 240), (10, 10, 90, 90)))
    twin = make_photo(bob, name="twin.png")
    second = make_edit(twin, mask=mask_png((640, 480), OTHER_BOX), prompt="Warmer light")
    client = as_person(alice)
    assert offered(client, photo) == [f"/edits/{second.pk}/mask", f"/edits/{first.pk}/mask"]
    page = client.get(f"/images/{photo.pk}/masks").content.decode()
    assert all(text in page for text in ("Remove the sign", "Warmer light", "Bob", "Alice", "twin"))


def test_a_mask_that_was_used_again_is_offered_once_as_it_was_used_last(
    photo: Any, alice: Any, make_edit: Any, as_person: Any
) -> None:
    make_edit(photo, prompt="one")
    last = make_edit(photo, prompt="two")
    assert offered(as_person(alice), photo) == [f"/edits/{last.pk}/mask"]


def test_edits_without_a_mask_are_not_offered(
    photo: Any, alice: Any, make_edit: Any, as_person: Any
) -> None:
    Edit.objects.filter(pk=make_edit(photo).pk).update(mask="", mask_bounds=[])
    assert offered(as_person(alice), photo) == []


def test_own_drafts_of_such_pictures_are_offered_and_nobody_elses(
    photo: Any, alice: Any, bob: Any, make_photo: Any, as_person: Any
) -> None:
    twin = make_photo(bob, name="twin.png")
    save(as_person(alice), twin)
    save(as_person(alice), photo)  # this picture's own is on the page
    save(as_person(bob), twin)
    assert offered(as_person(alice), photo) == [f"/images/{twin.pk}/draft?version=1"]
    assert as_person(alice).get(offered(as_person(alice), photo)[0]).content == mask_png(
        (640, 480), BOX
    )
    Draft.objects.filter(person=alice).delete()
    assert offered(as_person(alice), photo) == []


def test_a_mask_of_an_extended_picture_says_where_the_picture_lies(
    photo: Any, alice: Any, bob: Any, make_photo: Any, as_person: Any
) -> None:
    twin = make_photo(bob, name="twin.png")
    client = as_person(alice)
    save(client, photo, margins="0,10,20,30", mask=painted((660, 520)))
    page = client.get(f"/images/{twin.pk}/masks").content.decode()
    assert 'data-margins="0,10,20,30"' in page


def test_what_does_not_fit_on_a_page_follows(
    photo: Any, alice: Any, make_edit: Any, as_person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mask_library, "PAGE", 2)
    edits = [make_edit(photo, mask=mask_png((640, 480), (i, i, 99, 99))) for i in range(1, 6)]
    client, found, query = as_person(alice), [], ""
    for _page in range(3):
        found += offered(client, photo, query)
        page = client.get(f"/images/{photo.pk}/masks{query}").content.decode()
        more = re.search(r'href="/images/\d+/masks(\?[^"]+)"', page)
        query = more[1].replace("&amp;", "&") if more else ""
    assert query == ""
    assert found == [f"/edits/{edit.pk}/mask" for edit in reversed(edits)]


def test_a_small_mask_shows_the_same_places(
    photo: Any, alice: Any, make_edit: Any, as_person: Any
) -> None:
    edit = make_edit(photo)
    answer = as_person(alice).get(f"/edits/{edit.pk}/mask/small")
    small = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert small.shape == (240, 320)
    assert (small[75:125, 100:150] == 255).all()
    assert small.sum() == 255 * 50 * 50
    again = as_person(alice).get(
        f"/edits/{edit.pk}/mask/small", headers={"If-None-Match": answer["ETag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_the_small_mask_of_a_draft_is_its_persons_alone(
    photo: Any, alice: Any, bob: Any, as_person: Any
) -> None:
    save(as_person(alice), photo)
    assert as_person(alice).get(f"/images/{photo.pk}/draft/mask").status_code == 200
    assert as_person(bob).get(f"/images/{photo.pk}/draft/mask").status_code == 404


def test_a_draft_whose_mask_is_damaged_has_no_small_one(
    photo: Any, alice: Any, as_person: Any
) -> None:
    mask = mask_png((640, 480), BOX)
    damaged = SimpleUploadedFile("mask.png", mask[:60] + b"\xff" * 20 + mask[80:])
    assert save(as_person(alice), photo, mask=damaged).status_code == 200
    assert as_person(alice).get(f"/images/{photo.pk}/draft/mask").status_code == 404


# --- to another picture -------------------------------------------------------------------------


def targets(client: Client, image: Any) -> list[str]:
    page = client.get(f"/images/{image.pk}/masks?to=1").content.decode()
    return re.findall(r'data-target="([^"]+)"', page)


def copy(client: Client, image: Any, **fields: Any) -> Any:
    return client.post(f"/images/{image.pk}/draft/mask", {"mask": painted(), **fields})


def test_a_mask_can_be_copied_to_pictures_of_the_same_size(
    photo: Any, alice: Any, bob: Any, make_photo: Any, as_person: Any
) -> None:
    twin, _small = make_photo(bob, name="twin.png"), make_photo(bob, (320, 240))
    client = as_person(alice)
    assert targets(client, photo) == [f"/images/{twin.pk}/draft/mask"]
    told = copy(client, twin).json()
    assert (told["url"], told["name"]) == (f"/images/{twin.pk}/edit", twin.name)
    assert client.get(start(client, twin)["mask_url"]).content == mask_png((640, 480), BOX)
    assert not Draft.objects.filter(person=bob).exists()


def test_the_words_and_marks_of_a_draft_without_a_mask_stay(
    photo: Any, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    save(client, photo, mask_empty="1", prompt="Keep these words")
    assert copy(client, photo, margins="5,0,0,0", mask=painted((645, 480))).status_code == 200
    draft = start(client, photo)
    assert (draft["prompt"], draft["margins"]) == ("Keep these words", [5, 0, 0, 0])
    assert bytes(Draft.objects.get().mask) == mask_png((645, 480), BOX)


def test_a_mask_that_is_there_is_replaced_only_when_asked_to(
    photo: Any, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    save(client, photo, mask=painted((640, 480), OTHER_BOX))
    asked = copy(client, photo)
    assert (asked.status_code, asked.json()["version"]) == (409, 1)
    assert "Replace it?" in asked.json()["error"]
    assert bytes(Draft.objects.get().mask) == mask_png((640, 480), OTHER_BOX)
    assert copy(client, photo, replace="1", version="1").status_code == 200
    assert bytes(Draft.objects.get().mask) == mask_png((640, 480), BOX)
    # the tab that has that picture open learns of it before it saves over it
    assert save(client, photo, number="2", version="1").status_code == 409


def test_a_mask_that_was_painted_on_since_the_question_is_not_replaced(
    photo: Any, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    save(client, photo)
    save(client, photo, tab=TAB, number="2", version="1", mask=painted((640, 480), OTHER_BOX))
    assert copy(client, photo, replace="1", version="1").status_code == 409
    assert copy(client, photo, replace="1").status_code == 409
    assert bytes(Draft.objects.get().mask) == mask_png((640, 480), OTHER_BOX)


@pytest.mark.parametrize(
    "fields",
    [{"mask": painted((320, 240))}, {"mask": ""}, {"margins": "1,1,1,1"}, {"person": "999"}],
)
def test_a_mask_that_does_not_fit_is_not_copied(
    fields: dict[str, Any], photo: Any, alice: Any, as_person: Any
) -> None:
    assert copy(as_person(alice), photo, **fields).status_code == 422
    assert not Draft.objects.exists()
