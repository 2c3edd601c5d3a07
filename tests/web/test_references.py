"""The studio's references: which pictures go with an edit, in which order, and where they are chosen."""

import re
from typing import Any
from uuid import uuid4

import pytest

from editor.models import Draft, Edit, Image
from tests.drawing import mask_png
from tests.web.test_studio import JSON, data_of, form

pytestmark = pytest.mark.django_db
AREA = {"l": "200", "t": "150", "r": "300", "b": "250"}


@pytest.fixture
def pictures(alice: Any, bob: Any, make_photo: Any) -> list[Any]:
    return [
        make_photo(alice, (320, 240), "Jar.png"),
        make_photo(bob, (400, 300), "Light.png"),
        make_photo(alice, (300, 300), "Cloth.png"),
    ]


def listed(*pictures: Any) -> str:
    return ",".join(str(picture.pk) for picture in pictures)


def test_references_are_kept_with_the_edit_in_their_order(
    photo: Any, pictures: list[Any], alice: Any, as_person: Any
) -> None:
    jar, light, cloth = pictures
    sent = form(references=listed(cloth, jar, light))
    assert as_person(alice).post(f"/images/{photo.pk}/edit", sent, **JSON).status_code == 201
    kept = Edit.objects.get().references.values_list("number", "image")
    assert list(kept) == [(1, cloth.pk), (2, jar.pk), (3, light.pk)]


@pytest.mark.parametrize(
    ("references", "said"),
    [
        ("999999", "Reference 2 can't be found"),
        ("{jar},999999", "Reference 3 can't be found"),
        ("{jar},{light},{jar}", "Jar.png is a reference already"),
        ("{jar},x", "can't be read"),
        ("-1", "can't be read"),
        ("9" * 30, "can't be read"),
        ("²", "can't be read"),
        (",".join(map(str, range(1, 200))), "can't be read"),
    ],
)
def test_what_is_no_list_of_pictures_is_refused_in_words(
    references: str, said: str, photo: Any, pictures: list[Any], alice: Any, as_person: Any
) -> None:
    numbers = {"jar": pictures[0].pk, "light": pictures[1].pk}
    sent = form(references=references.format(**numbers))
    answer = as_person(alice).post(f"/images/{photo.pk}/edit", sent, **JSON)
    assert answer.status_code == 422
    assert said in answer.json()["errors"]["references"][0]
    assert not Edit.objects.exists()


def test_more_references_than_the_model_takes_are_refused_with_the_numbers(
    photo: Any, pictures: list[Any], alice: Any, make_photo: Any, as_person: Any
) -> None:
    many = [make_photo(alice, (64 + i, 64), f"{i}.png") for i in range(16)]
    client = as_person(alice)
    for sent, said in (
        (form(references=listed(*many)), "up to 15 references; these are 16"),
        (form(references=listed(many[0]), model="dall-e-2", quality=""), "up to 0 references"),
    ):
        answer = client.post(f"/images/{photo.pk}/edit", sent, **JSON)
        assert answer.status_code == 422
        assert said in answer.json()["errors"]["references"][0]
    assert client.post(
        f"/images/{photo.pk}/edit", form(references=listed(*many[:15])), **JSON
    ).json() == {"url": f"/edits/{Edit.objects.get().pk}/"}
    assert Edit.objects.get().references.count() == 15


def test_the_same_form_with_other_references_is_another_wish(
    photo: Any, pictures: list[Any], alice: Any, as_person: Any
) -> None:
    jar, light, _cloth = pictures
    client, key = as_person(alice), str(uuid4())
    client.post(f"/images/{photo.pk}/edit", form(key=key, references=listed(jar, light)), **JSON)
    turned = client.post(
        f"/images/{photo.pk}/edit", form(key=key, references=listed(light, jar)), **JSON
    )
    assert turned.status_code == 409
    assert Edit.objects.count() == 1


def test_references_cost_what_their_pixels_cost(
    photo: Any, pictures: list[Any], alice: Any, as_person: Any
) -> None:
    client, url = as_person(alice), f"/images/{photo.pk}/estimate"
    asked = {"model": "gpt-image-2", "quality": "low", "prompt_chars": "40", **AREA}
    alone = client.get(url, asked).json()
    with_two = client.get(url, {**asked, "references": listed(*pictures[:2])}).json()
    assert highest(with_two) > highest(alone)
    assert alone["prices"].startswith("prices of ")
    unknown = client.get(url, {**asked, "references": "999999"}).json()
    assert "can't be found" in unknown["problems"]["references"][0]


def highest(estimate: dict[str, Any]) -> float:
    return float(re.findall(r"\$([\d.]+)", estimate["text"])[-1])


def test_a_draft_keeps_references_in_their_order(
    photo: Any, pictures: list[Any], alice: Any, as_person: Any
) -> None:
    jar, light, _cloth = pictures
    client = as_person(alice)
    saved = {"prompt": "x", "references": listed(light, jar), "mask_empty": "1"}
    assert client.post(f"/images/{photo.pk}/draft", saved).status_code == 200
    assert Draft.objects.get().options["references"] == [light.pk, jar.pk]
    start = data_of(client.get(f"/images/{photo.pk}/edit"))["draft"]
    assert start["pictures"] == [
        {"id": light.pk, "name": "Light.png", "thumb_url": f"/images/{light.pk}/thumb-small"},
        {"id": jar.pk, "name": "Jar.png", "thumb_url": f"/images/{jar.pk}/thumb-small"},
    ]


def test_a_draft_with_nonsense_for_references_is_kept_without_them(
    photo: Any, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    for references in ("x,y", "999999"):
        client.post(f"/images/{photo.pk}/draft", {"prompt": "Kept", "references": references})
        start = data_of(client.get(f"/images/{photo.pk}/edit"))["draft"]
        assert (start["prompt"], start["pictures"]) == ("Kept", [])


def test_running_again_brings_references_and_options_back(
    photo: Any, pictures: list[Any], alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    chosen = {"model": "gpt-image-1.5", "background": "transparent", "output_format": "webp",
              "output_compression": "0", "input_fidelity": "high", "partial_images": "3"}  # fmt: skip
    sent = form(references=listed(*pictures[::-1]), **chosen)
    client.post(f"/images/{photo.pk}/edit", sent, **JSON)
    edit = Edit.objects.get()
    start = data_of(client.get(f"/images/{photo.pk}/edit?from={edit.pk}"))["draft"]
    assert [picture["name"] for picture in start["pictures"]] == [
        "Cloth.png",
        "Light.png",
        "Jar.png",
    ]
    assert {name: start[name] for name in chosen} == chosen


def test_a_form_without_a_script_comes_back_with_its_references(
    photo: Any, pictures: list[Any], alice: Any, as_person: Any
) -> None:
    sent = form(references=listed(pictures[0]), mask=None)
    answer = as_person(alice).post(f"/images/{photo.pk}/edit", sent, HTTP_ACCEPT="text/html")
    assert answer.status_code == 422
    assert [one["name"] for one in data_of(answer)["draft"]["pictures"]] == ["Jar.png"]


# --- choosing from the team's pictures ----------------------------------------------------------


def names_in(answer: Any) -> list[str]:
    return re.findall(r'data-name="([^"]*)"', answer.content.decode())


def test_pictures_to_choose_from_are_the_teams_newest_first(
    photo: Any, pictures: list[Any], make_edit: Any, make_result: Any, vera: Any, as_person: Any
) -> None:
    make_result(make_edit(photo))
    answer = as_person(vera).get("/images/choose")
    assert names_in(answer) == ["photo.png 1", "Cloth.png", "Light.png", "Jar.png", "photo.png"]
    assert "<html" not in answer.content.decode()


def test_pictures_are_found_by_a_part_of_their_name(
    pictures: list[Any], alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    assert names_in(client.get("/images/choose", {"q": "  LIGH "})) == ["Light.png"]
    nothing = client.get("/images/choose", {"q": "<boat>"}).content.decode()
    assert "No picture has “&lt;boat&gt;” in its name." in nothing


def test_every_picture_is_on_one_page_of_them(alice: Any, make_photo: Any, as_person: Any) -> None:
    one = make_photo(alice, (64, 64), "Base.png")
    for number in range(50):
        one.pk, one.sha256, one.name = None, f"{number:064}", f"Tile {number}.png"
        one.save(force_insert=True)
    client, address, seen = as_person(alice), "/images/choose?q=tile", []
    while address:
        answer = client.get(address)
        seen.append(names_in(answer))
        found = re.search(r'hx-get="([^"]*)"', answer.content.decode())
        address = found[1].replace("&amp;", "&") if found else ""
    assert [len(page) for page in seen] == [24, 24, 2]
    names = [name for page in seen for name in page]
    assert names == [f"Tile {number}.png" for number in reversed(range(50))]
    assert Image.objects.count() == 51


def test_a_team_without_pictures_is_told_so(alice: Any, as_person: Any) -> None:
    assert "There are no pictures yet" in as_person(alice).get("/images/choose").content.decode()


@pytest.mark.parametrize("before", ["x", "-5", "9" * 40, "²"])
def test_a_page_that_cannot_be_is_the_first_one(
    before: str, pictures: list[Any], alice: Any, as_person: Any
) -> None:
    answer = as_person(alice).get("/images/choose", {"before": before})
    assert len(names_in(answer)) == 3


def test_masks_belong_to_the_source_whatever_the_references_are(
    photo: Any, pictures: list[Any], alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    client.post(f"/images/{photo.pk}/edit", form(references=listed(pictures[0])), **JSON)
    edit = Edit.objects.get()
    assert (edit.source, edit.mask_bounds) == (photo, [200, 150, 300, 250])
    assert client.get(f"/edits/{edit.pk}/mask").status_code == 200
    assert mask_png((640, 480), (200, 150, 300, 250)) == b"".join(
        client.get(f"/edits/{edit.pk}/mask").streaming_content
    )
