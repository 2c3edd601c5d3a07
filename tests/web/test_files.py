"""Files are served to those who may have them, and never as anything but what they are."""

from typing import Any

import pytest
from django.core.files.storage import default_storage

pytestmark = pytest.mark.django_db


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


@pytest.fixture
def result(photo: Any, make_edit: Any, make_result: Any) -> Any:
    return make_result(make_edit(photo))


def test_each_file_is_served_as_it_is_stored(
    photo: Any, result: Any, bob: Any, as_person: Any
) -> None:
    client = as_person(bob)
    stored = {
        f"/images/{photo.pk}/thumb": photo.thumb,
        f"/images/{photo.pk}/thumb-small": photo.thumb_small,
        f"/images/{photo.pk}/preview": photo.preview,
        f"/images/{result.image_id}/original": result.image.original,
        f"/results/{result.pk}/raw": result.piece.raw,
        f"/edits/{result.edit_id}/mask": result.edit.mask,
    }
    for url, name in stored.items():
        assert body(client.get(url)) == default_storage.open(name).read(), url


def test_files_come_with_headers_that_let_a_browser_do_nothing_with_them(
    photo: Any, result: Any, bob: Any, as_person: Any
) -> None:
    urls = [
        f"/images/{photo.pk}/preview", f"/images/{photo.pk}/full", f"/results/{result.pk}/raw",
        f"/edits/{result.edit_id}/mask", f"/images/{result.image_id}/original",
    ]  # fmt: skip
    for url in urls:
        answer = as_person(bob).get(url)
        assert answer["Content-Type"] in ("image/webp", "image/png", "image/jpeg")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "private" in answer["Cache-Control"] and "immutable" in answer["Cache-Control"]


def test_an_unchanged_file_is_not_sent_again(photo: Any, bob: Any, as_person: Any) -> None:
    client = as_person(bob)
    tag = client.get(f"/images/{photo.pk}/thumb")["ETag"]
    again = client.get(f"/images/{photo.pk}/thumb", HTTP_IF_NONE_MATCH=tag)
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == tag


def test_the_original_of_an_upload_goes_to_its_owner_and_to_admins_only(
    photo: Any, alice: Any, bob: Any, vera: Any, adam: Any, as_person: Any
) -> None:
    url = f"/images/{photo.pk}/original"
    assert [as_person(person).get(url).status_code for person in (alice, bob, vera, adam)] == [
        200, 404, 404, 200,
    ]  # fmt: skip


def test_downloads_are_named_after_the_picture_with_the_true_ending(
    alice: Any, make_photo: Any, as_person: Any
) -> None:
    photo = make_photo(alice, name='my "best" photo.exe')
    answer = as_person(alice).get(f"/images/{photo.pk}/original")
    assert answer["Content-Disposition"] == 'attachment; filename="my \\"best\\" photo.png"'


def test_a_file_that_is_gone_is_not_found(photo: Any, alice: Any, as_person: Any) -> None:
    default_storage.delete(photo.thumb)
    assert as_person(alice).get(f"/images/{photo.pk}/thumb").status_code == 404


def test_strangers_get_no_file(photo: Any, result: Any, client: Any) -> None:
    for url in (
        f"/images/{photo.pk}/thumb",
        f"/results/{result.pk}/raw",
        f"/edits/{result.edit_id}/mask",
    ):
        assert client.get(url)["Location"].startswith("/signin?next=")


def test_unknown_files_are_not_found(alice: Any, as_person: Any) -> None:
    for url in ("/images/999/thumb", "/images/999/full", "/results/999/raw", "/edits/999/mask"):
        assert as_person(alice).get(url).status_code == 404
