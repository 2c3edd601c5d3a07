"""The studio's canvas at the server: extensions, the mask's edge, and drawings, asked about and sent."""

import io
import json
from typing import Any

import numpy as np
import pytest
from django.urls import reverse
from PIL import Image as Pillow

from editor.imaging import masks
from editor.jobs.provider import known_models
from editor.jobs.submit import submit
from editor.models import Draft, Edit
from tests.drawing import photo_pixels, pixels_of
from tests.web.test_studio import JSON, data_of, form, painted

pytestmark = pytest.mark.django_db

SIZE, MARGINS = (640, 480), (100, 0, 60, 40)
CANVAS = (800, 520)
CIRCLE = {"kind": "circle", "bounds": [210, 160, 290, 240], "width": 8, "colour": "#ff0000"}
ASKED = {"model": "gpt-image-2", "n": "1", "size": "auto", "quality": "low", "prompt_chars": "15"}


@pytest.fixture
def takes() -> str:
    served = known_models().serving("edit", None, at_openai=False)
    return next(model.id for model in served if model.takes("markup", "edit"))


@pytest.fixture
def estimate(photo: Any, alice: Any, as_person: Any) -> Any:
    client = as_person(alice)

    def asked(**query: Any) -> Any:
        return client.get(f"/images/{photo.pk}/estimate", {**ASKED, **query}).json()

    return asked


@pytest.fixture
def send(photo: Any, alice: Any, as_person: Any) -> Any:
    client = as_person(alice)
    return lambda **fields: client.post(f"/images/{photo.pk}/edit", form(**fields), **JSON)


def text(margins: Any) -> str:
    return ",".join(map(str, margins))


# --- what is asked about --------------------------------------------------------------------------


def test_the_estimate_tells_what_may_change_and_the_edges_own_numbers(estimate: Any) -> None:
    told = estimate(l="200", t="150", r="300", b="250")
    grow = masks.grow_radius((200, 150, 300, 250))
    assert told["grow"] == grow
    assert told["contract"] == [200 - grow, 150 - grow, 300 + grow, 250 + grow]
    assert told["feather"] == 8
    assert told["problems"] == {}


def test_the_estimate_takes_chosen_numbers(estimate: Any) -> None:
    told = estimate(l="200", t="150", r="300", b="250", grow="20", feather="3")
    assert (told["grow"], told["feather"]) == (20, 3)
    assert told["contract"] == [180, 130, 320, 270]


def test_the_estimate_of_an_extension_is_in_pixels_of_the_canvas(
    estimate: Any, photo: Any, new_edit: Any
) -> None:
    told = estimate(margins=text(MARGINS))
    assert told["contract"] == [0, 0, *CANVAS]
    left, top, right, bottom = told["frame"]["bounds"]
    assert left <= 0 and top <= 0 and right >= CANVAS[0] and bottom >= CANVAS[1]
    edit = submit(new_edit(photo, mask=None, margins=MARGINS))
    assert told["frame"]["bounds"] == edit.frames[0]["bounds"]


def test_a_mask_on_the_canvas_may_lie_beyond_the_picture(estimate: Any) -> None:
    told = estimate(margins=text(MARGINS), l="10", t="10", r="790", b="510")
    assert told["contract"] == [0, 0, *CANVAS]
    assert estimate(l="10", t="10", r="790", b="510")["contract"] is None


def test_a_drawing_is_counted_and_the_frame_holds_it(estimate: Any, takes: str) -> None:
    box = {"l": "200", "t": "150", "r": "220", "b": "170", "model": takes}
    alone = estimate(**box)
    drawn = estimate(**box, marks="1", marks_bounds="500,400,630,470", markup_as="reference")
    assert drawn["frame"]["bounds"][2] >= 630
    assert drawn["text"] != alone["text"]


def test_nothing_painted_is_no_problem_where_a_drawing_is_sent(estimate: Any, takes: str) -> None:
    told = estimate(model=takes, marks="2", markup_as="markup")
    assert told["problems"] == {}
    assert told["contract"] is None
    assert told["frame"]["size"][0] >= 640


def test_a_model_that_takes_no_drawing_is_told_at_its_field(estimate: Any) -> None:
    told = estimate(l="0", t="0", r="9", b="9", marks="1", markup_as="markup")
    assert list(told["problems"]) == ["markup_as"]
    assert "reference picture" in told["problems"]["markup_as"][0]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"margins": "1,2,3"}, "margins"), ({"margins": "a,b,c,d"}, "margins"),
        ({"margins": "-1,0,0,0"}, "margins"), ({"margins": "99999999,0,0,0"}, "margins"),
        ({"margins": "1.5,0,0,0"}, "margins"), ({"margins": "20000,20000,0,0"}, "margins"),
        ({"grow": "far"}, "grow"), ({"grow": "-3"}, "grow"), ({"grow": "1e9"}, "grow"),
        ({"feather": "2000"}, "feather"), ({"feather": "x"}, "feather"),
    ],
)  # fmt: skip
def test_rubbish_is_told_at_its_field(estimate: Any, query: Any, field: str) -> None:
    told = estimate(l="200", t="150", r="300", b="250", **query)
    assert list(told["problems"]) == [field]
    assert told["text"] == "Cost not known beforehand"


@pytest.mark.parametrize(
    "query",
    [
        {"marks": "many"},
        {"marks": "-4"},
        {"marks_bounds": "1,2"},
        {"marks": "1", "marks_bounds": "x"},
    ],
)
def test_rubbish_about_marks_does_not_break_the_estimate(estimate: Any, query: Any) -> None:
    assert estimate(l="200", t="150", r="300", b="250", **query)["frame"]


def test_too_large_a_canvas_is_refused_in_words_that_name_it(estimate: Any) -> None:
    told = estimate(margins="9000,0,0,9000")
    assert told["problems"]["margins"] == [
        "The extended picture would have 9,640 × 9,480 pixels, more than 64 megapixels. "
        "Add less around it."
    ]


# --- what is sent ---------------------------------------------------------------------------------


def test_an_extension_is_submitted_with_its_margins(send: Any) -> None:
    answer = send(mask=painted(CANVAS, (300, 200, 340, 240)), margins=text(MARGINS))
    edit = Edit.objects.get()
    assert answer.status_code == 201
    assert (edit.operation, edit.margins, edit.canvas_size) == ("extend", list(MARGINS), CANVAS)


def test_an_extension_needs_no_mask_of_its_own(send: Any) -> None:
    assert send(mask=None, margins=text(MARGINS)).status_code == 201
    assert Edit.objects.get().mask_bounds == [0, 0, *CANVAS]


def test_margins_of_nothing_are_an_edit(send: Any) -> None:
    assert send(margins="0,0,0,0").status_code == 201
    assert (Edit.objects.get().operation, Edit.objects.get().margins) == ("edit", [])


def test_the_edge_is_kept_with_the_edit(send: Any) -> None:
    assert send(grow="12", feather="0").status_code == 201
    assert (Edit.objects.get().grow, Edit.objects.get().feather) == (12, 0)


def test_a_drawing_alone_is_submitted_to_a_model_that_takes_it(send: Any, takes: str) -> None:
    answer = send(mask=None, marks=json.dumps([CIRCLE]), markup_as="markup", model=takes)
    assert answer.status_code == 201, answer.content
    edit = Edit.objects.get()
    assert (edit.marks, edit.markup_as, edit.mask) == ([CIRCLE], "markup", "")


def test_a_drawing_alone_is_not_enough_for_other_models(send: Any) -> None:
    answer = send(mask=None, marks=json.dumps([CIRCLE]))
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["mask"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"margins": "nonsense"}, "margins"), ({"margins": "9000,0,0,9000"}, "margins"),
        ({"margins": "10,10,10,10"}, "mask"),  # the mask is of the picture's size
        ({"grow": "x"}, "grow"), ({"grow": "1001"}, "grow"), ({"feather": "-1"}, "feather"),
        ({"marks": "nonsense"}, "marks"), ({"marks": "{}"}, "marks"), ({"marks": "[1]"}, "marks"),
        ({"marks": "[" * 100_000}, "marks"),
        ({"marks": json.dumps([CIRCLE] * 201)}, "marks"),
        ({"marks": json.dumps([CIRCLE]), "markup_as": "markup"}, "markup_as"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said_at_its_field_and_nothing_is_queued(
    send: Any, fields: Any, field: str
) -> None:
    answer = send(**fields)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert not Edit.objects.exists()


def test_without_scripts_the_page_comes_back_with_all_that_was_sent(
    photo: Any, alice: Any, as_person: Any
) -> None:
    fields = form(grow="x", feather="7", margins="1,2,3,4", marks=json.dumps([CIRCLE]))
    page = as_person(alice).post(f"/images/{photo.pk}/edit", fields)
    assert page.status_code == 422
    draft = data_of(page)["draft"]
    assert (draft["grow"], draft["feather"]) == ("x", "7")
    assert (draft["margins"], draft["marks"]) == ([1, 2, 3, 4], [CIRCLE])


def test_what_was_sent_is_no_draft_any_more(send: Any, photo: Any, alice: Any) -> None:
    Draft.objects.create(person=alice, image=photo, margins=list(MARGINS), prompt="Wider")
    assert send(mask=None, margins=text(MARGINS)).status_code == 201
    left = Draft.objects.filter(person=alice, image=photo).first()
    assert left is None or (left.margins in ([], [0, 0, 0, 0]) and not left.prompt)


# --- running it again -----------------------------------------------------------------------------


def again(as_person: Any, alice: Any, edit: Any) -> dict[str, Any]:
    page = as_person(alice).get(f"/edits/{edit.pk}/again", follow=True)
    return dict(data_of(page)["draft"])


def test_an_extension_is_run_again_with_its_margins_and_mask(
    photo: Any, alice: Any, as_person: Any, new_edit: Any
) -> None:
    edit = submit(new_edit(photo, mask=None, margins=MARGINS, grow=30, feather=12))
    start = again(as_person, alice, edit)
    assert (start["margins"], start["grow"], start["feather"]) == (list(MARGINS), "30", "12")
    mask = as_person(alice).get(start["mask_url"])
    assert Pillow.open(io.BytesIO(b"".join(mask.streaming_content))).size == CANVAS


def test_an_edge_that_was_left_open_is_left_open_again(
    photo: Any, alice: Any, as_person: Any, new_edit: Any
) -> None:
    start = again(as_person, alice, submit(new_edit(photo)))
    assert (start["margins"], start["grow"], start["feather"]) == ([0, 0, 0, 0], "", "")


def test_a_drawing_is_run_again(
    photo: Any, alice: Any, as_person: Any, new_edit: Any, takes: str
) -> None:
    edit = submit(new_edit(photo, model=takes, mask=None, marks=[CIRCLE]))
    start = again(as_person, alice, edit)
    assert (start["marks"], start["markup_as"], start["mask_url"]) == ([CIRCLE], "markup", None)


# --- the pages that show it -----------------------------------------------------------------------


@pytest.fixture
def extension(photo: Any, new_edit: Any, make_result: Any) -> Any:
    edit = submit(new_edit(photo, mask=None, margins=MARGINS, feather=9))
    make_result(edit)
    return edit


def test_an_extensions_page_compares_with_the_source_in_its_place(
    extension: Any, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    page = client.get(f"/edits/{extension.pk}/").content.decode()
    source = reverse("edit_source", args=[extension.pk])
    assert f'<img src="{source}" width="800" height="520"' in page
    assert 'value="slider" checked' in page
    assert 'viewBox="0 0 800 520"' in page
    picture = Pillow.open(io.BytesIO(client.get(source).content))
    pixels = np.asarray(picture.convert("RGBA"))
    assert picture.size == CANVAS
    assert not pixels[:, :99, 3].any() and not pixels[481:, :, 3].any()
    placed = pixels[:480, 100:740]
    assert placed[..., 3].min() == 255
    assert np.abs(placed[..., :3].astype(int) - photo_pixels(SIZE)).mean() < 6


def test_an_extensions_page_says_what_was_added_and_how_its_edge_was_taken(
    extension: Any, alice: Any, as_person: Any
) -> None:
    page = as_person(alice).get(f"/edits/{extension.pk}/").content.decode()
    assert "<dd>Extension</dd>" in page
    assert "left 100, right 60, below 40 px, to 800 × 520" in page
    assert f"grown by {extension.grow} px, fading in over 9 px" in page
    assert f"mask grown by {extension.grow} px" in page


def test_an_edits_page_tells_the_automatic_feather_too(
    photo: Any, alice: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    edit = make_edit(photo, grow=0)
    make_result(edit)
    page = as_person(alice).get(f"/edits/{edit.pk}/").content.decode()
    assert "as painted, fading in over 8 px" in page


def test_the_source_in_its_place_is_not_sent_twice(
    extension: Any, alice: Any, as_person: Any
) -> None:
    client, url = as_person(alice), reverse("edit_source", args=[extension.pk])
    tag = client.get(url)["ETag"]
    assert client.get(url, HTTP_IF_NONE_MATCH=tag).status_code == 304


def test_the_gallery_can_be_narrowed_to_extensions(
    extension: Any, photo: Any, alice: Any, as_person: Any, make_edit: Any
) -> None:
    other = make_edit(photo, prompt="Something painted")
    page = as_person(alice).get("/", {"operation": "extend"}).content.decode()
    assert f"/edits/{extension.pk}/" in page
    assert f"/edits/{other.pk}/" not in page


def test_a_reviewer_sees_the_source_in_its_place(extension: Any, vera: Any, as_person: Any) -> None:
    page = as_person(vera).get("/review/").content.decode()
    source = reverse("edit_source", args=[extension.pk])
    assert f'<img class="under" src="{source}" width="800" height="520"' in page
    assert f"mask grown by {extension.grow} px" in page


def test_an_extension_of_an_extension_has_both_in_its_line(
    extension: Any, alice: Any, as_person: Any, new_edit: Any
) -> None:
    wider = extension.results.get().image
    edit = submit(new_edit(wider, mask=None, margins=(0, 30, 0, 0), person=alice))
    page = as_person(alice).get(f"/edits/{edit.pk}/").content.decode()
    line = page[page.index('class="lineage"') :]
    assert f"/edits/{extension.pk}/?result=1" in line
    assert edit.canvas_size == (800, 550)


def test_the_mask_is_served_as_it_was_painted_with_the_new_area(
    extension: Any, alice: Any, as_person: Any
) -> None:
    served = as_person(alice).get(f"/edits/{extension.pk}/mask")
    mask = pixels_of(b"".join(served.streaming_content))
    assert mask.shape == (520, 800)
    assert mask[:, :100].all() and not mask[:480, 100:740].any()
