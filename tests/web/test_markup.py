"""What was drawn over an edit's source is shown by itself, and on the edit's page."""

from typing import Any

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from editor.imaging import marks, markup
from editor.models import Edit
from tests.drawing import pixels_of, png

pytestmark = pytest.mark.django_db

LINE = {"kind": "line", "points": [[100, 240], [540, 240]], "width": 40, "colour": "#ff3b30"}
RED = [0xFF, 0x3B, 0x30, 255]


@pytest.fixture
def marked(photo: Any, make_edit: Any) -> Any:
    edit = make_edit(photo)
    return changed(edit, marks=[LINE], markup_as="reference")


@pytest.fixture
def scripted(photo: Any, make_edit: Any) -> Any:
    """Sent by a script: a file with a drawing, and no mask."""
    pixels = np.zeros((photo.height, photo.width, 4), np.uint8)
    pixels[100:200, 300:400] = RED
    name = default_storage.save("aa/markup.png", ContentFile(png(pixels)))
    return changed(make_edit(photo), mask="", markup=name)


def changed(edit: Any, **fields: Any) -> Any:
    Edit.objects.filter(pk=edit.pk).update(**fields)
    edit.refresh_from_db()
    return edit


def shown(client: Any, edit: Any) -> np.ndarray:
    answer = client.get(f"/edits/{edit.pk}/markup")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    return pixels_of(answer.content)


def page(client: Any, edit: Any) -> str:
    answer = client.get(f"/edits/{edit.pk}/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_marks_are_drawn_at_the_size_of_the_preview(marked: Any, bob: Any, as_person: Any) -> None:
    pixels = shown(as_person(bob), marked)
    assert pixels.shape == (480, 640, 4)
    assert np.array_equal(pixels, markup.drawn(marks.read([LINE]), (0, 0, 640, 480), (640, 480)))
    assert pixels[240, 300].tolist() == RED
    assert pixels[100, 300, 3] == 0


def test_the_drawing_of_a_large_picture_is_small(
    alice: Any, make_photo: Any, make_edit: Any, as_person: Any
) -> None:
    photo = make_photo(alice, (4096, 1024))
    edit = changed(make_edit(photo), marks=[LINE])
    pixels = shown(as_person(alice), edit)
    assert pixels.shape == (512, 2048, 4)
    assert pixels[120, 150].tolist() == RED
    assert pixels[140, 150, 3] == 0


def test_a_drawing_beyond_the_picture_is_shown_with_its_margins(
    photo: Any, make_edit: Any, bob: Any, as_person: Any
) -> None:
    beyond = {**LINE, "points": [[-60, -30], [-60, 100]]}
    edit = changed(make_edit(photo), marks=[beyond], margins=[100, 50, 0, 10])
    pixels = shown(as_person(bob), edit)
    assert pixels.shape == (540, 740, 4)
    assert pixels[60, 40].tolist() == RED
    assert pixels[60, 100, 3] == 0
    assert 'x="100" y="50" width="640" height="480"' in page(as_person(bob), edit)


def test_a_drawing_on_a_small_picture_far_extended_is_no_larger_than_a_preview(
    photo: Any, bob: Any, as_person: Any, make_edit: Any
) -> None:
    edit = make_edit(photo, mask=None, margins=(0, 0, 4480, 1000), marks=[LINE])
    pixels = shown(as_person(bob), edit)
    assert pixels.shape == (592, 2048, 4)
    assert pixels[round(240 * 0.4), round(300 * 0.4)].tolist() == RED


def test_a_file_that_a_script_sent_is_shown_too(scripted: Any, bob: Any, as_person: Any) -> None:
    pixels = shown(as_person(bob), scripted)
    assert pixels.shape == (480, 640, 4)
    assert pixels[150, 350].tolist() == RED
    assert pixels[150, 250, 3] == 0


def test_the_page_shows_the_drawing_over_its_source_and_says_how_it_was_sent(
    marked: Any, photo: Any, bob: Any, as_person: Any
) -> None:
    read = page(as_person(bob), marked)
    assert f'<image href="/edits/{marked.pk}/markup" width="640" height="480"' in read
    assert f'<image href="/images/{photo.pk}/preview"' in read
    assert "a copy of the picture with the drawing on it" in read
    alone = page(as_person(bob), changed(marked, markup_as="markup"))
    assert "in place of the mask. The mask still says what may change." in alone


def test_the_page_of_a_scripts_edit_says_that_its_drawing_was_sent_by_itself(
    scripted: Any, bob: Any, as_person: Any
) -> None:
    read = page(as_person(bob), scripted)
    assert f"/edits/{scripted.pk}/markup" in read
    assert "Sent by itself, over the whole picture." in read


def test_an_edit_without_a_drawing_has_none(
    photo: Any, make_edit: Any, bob: Any, as_person: Any
) -> None:
    edit = make_edit(photo)
    assert as_person(bob).get(f"/edits/{edit.pk}/markup").status_code == 404
    assert "/markup" not in page(as_person(bob), edit)


def test_a_drawing_whose_file_is_gone_is_not_found(scripted: Any, bob: Any, as_person: Any) -> None:
    default_storage.delete(scripted.markup)
    assert as_person(bob).get(f"/edits/{scripted.pk}/markup").status_code == 404


def test_a_drawing_comes_with_headers_that_let_a_browser_do_nothing_with_it(
    marked: Any, bob: Any, as_person: Any
) -> None:
    answer = as_person(bob).get(f"/edits/{marked.pk}/markup")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "private" in answer["Cache-Control"] and "immutable" in answer["Cache-Control"]


def test_an_unchanged_drawing_is_not_sent_again(marked: Any, bob: Any, as_person: Any) -> None:
    client = as_person(bob)
    url = f"/edits/{marked.pk}/markup"
    tag = client.get(url)["ETag"]
    again = client.get(url, HTTP_IF_NONE_MATCH=tag)
    assert (again.status_code, again.content) == (304, b"")
    changed(marked, marks=[{**LINE, "width": 2}])
    assert client.get(url, HTTP_IF_NONE_MATCH=tag).status_code == 200


def test_who_is_signed_in_nowhere_sees_no_drawing(marked: Any, client: Any) -> None:
    answer = client.get(f"/edits/{marked.pk}/markup")
    assert answer.status_code == 302 and "/signin" in answer["Location"]
