"""Framing at the server: what the studio asks about, keeps, and sends."""

from typing import Any

import pytest

from editor.imaging.framing import Framing
from editor.jobs.quotes import HELPER
from editor.jobs.submit import submit
from editor.models import Draft, Edit
from editor.web import asking
from tests.drawing import mask_png
from tests.web.test_studio import JSON, data_of, form, painted

pytestmark = pytest.mark.django_db

SIZE = (2400, 1600)
ISLANDS = ((150, 150, 350, 330), (2050, 1250, 2250, 1430))
BOUNDS = {"l": "150", "t": "150", "r": "2250", "b": "1430"}
ASKED = {"model": "gpt-image-2", "n": "1", "size": "auto", "quality": "low", "prompt_chars": "15"}


@pytest.fixture
def wide(make_photo: Any, alice: Any) -> Any:
    return make_photo(alice, SIZE)


@pytest.fixture
def estimate(wide: Any, alice: Any, as_person: Any) -> Any:
    client = as_person(alice)

    def asked(**query: Any) -> Any:
        return client.get(f"/images/{wide.pk}/estimate", {**ASKED, **BOUNDS, **query}).json()

    return asked


@pytest.fixture
def send(wide: Any, alice: Any, as_person: Any) -> Any:
    client = as_person(alice)

    def sent(**fields: Any) -> Any:
        mask = painted(SIZE, *ISLANDS)
        return client.post(f"/images/{wide.pk}/edit", form(**{"mask": mask, **fields}), **JSON)

    return sent


def text(*boxes: Any) -> str:
    return ",".join(str(number) for box in boxes for number in box)


# --- what is asked about --------------------------------------------------------------------------


def test_far_apart_islands_are_told_as_frames_that_are_sent_then(
    estimate: Any, wide: Any, new_edit: Any
) -> None:
    told = estimate(islands=text(*ISLANDS))
    edit = submit(new_edit(wide, mask=mask_png(SIZE, *ISLANDS), model="gpt-image-2"))
    assert [each["bounds"] for each in told["frames"]] == [each["bounds"] for each in edit.frames]
    assert len(told["frames"]) == 2
    assert told["frame"] == told["frames"][0]
    assert told["frames"][1]["label"].startswith("2 of 2 · sent at 100 % · ")
    assert told["splits"] is True
    one = estimate()
    percent = round(100 / one["frame"]["scale"])
    low, high = told["text"].split(" to ")
    assert told["framing"] == (
        f"2 frames, {low} to {high}; one frame would be sent at {percent}\u00a0% for {one['text']}."
    )
    assert (one["framing"], one["splits"], len(one["frames"])) == ("", False, 1)
    assert one["frame"]["label"].startswith("sent at ")


def test_whoever_wants_one_frame_is_told_what_several_would_cost(estimate: Any) -> None:
    told = estimate(islands=text(*ISLANDS), split="0")
    several = estimate(islands=text(*ISLANDS))
    assert len(told["frames"]) == 1
    assert told["text"] != several["text"]
    assert told["framing"] == f"2 frames would be sent at 100\u00a0% for {several['text']}."
    assert told["splits"] is True
    assert estimate(islands=text((150, 150, 2250, 1430)), split="0")["splits"] is False


@pytest.mark.parametrize(
    "islands",
    [
        "nonsense",
        text(*ISLANDS) + ",1",
        text(*ISLANDS, (0, 0, 10, 10)),  # beyond the mask's bounds
        text(ISLANDS[0]),  # not all of it
        text((350, 150, 150, 330), ISLANDS[1]),
        text(*(ISLANDS * 17)),
        "1e99," * 8,
        "," * 500,
    ],
)
def test_islands_that_make_no_sense_are_no_islands(estimate: Any, islands: str) -> None:
    assert len(estimate(islands=islands)["frames"]) == 1


def test_islands_that_overlap_are_one(estimate: Any) -> None:
    assert len(estimate(islands=text((150, 150, 2250, 900), (400, 800, 900, 1430)))["frames"]) == 1


def test_the_whole_picture_and_an_own_frame_are_told_as_they_are_sent(estimate: Any) -> None:
    box = {"l": "900", "t": "600", "r": "1100", "b": "750"}
    around = estimate(**box)["frame"]["bounds"]
    whole = estimate(**box, framing="whole")["frame"]["bounds"]
    assert whole[0] <= 0 and whole[1] <= 0 and whole[2] >= SIZE[0] and whole[3] >= SIZE[1]
    own = estimate(**box, framing="own", own="1000,100,2300,500")["frame"]["bounds"]
    assert own[0] <= 900 and own[1] <= 100 and own[2] >= 2300 and own[3] >= 750
    assert around not in (whole, own)
    assert estimate(**box, own="1000,100,2300,500")["frame"]["bounds"] == around  # not asked for


def test_context_widens_the_frame(estimate: Any) -> None:
    box = {"l": "900", "t": "600", "r": "1500", "b": "1000"}
    near, far = (estimate(**box, context=context)["frame"]["bounds"] for context in ("25", "100"))
    assert far[0] < near[0] and far[2] > near[2]


def test_the_helper_sentence_is_paid_for(estimate: Any) -> None:
    high = {"quality": "high", "prompt_chars": "1"}
    assert estimate(**high, helper="1")["text"] != estimate(**high)["text"]
    assert estimate(**high, helper="yes")["text"] == estimate(**high)["text"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"framing": "sideways"}, "Choose one of the ways"),
        ({"context": "lots"}, "25 to 150 %."),
        ({"context": "10"}, "25 to 150 %."),
        ({"context": "1e9"}, "25 to 150 %."),
        ({"framing": "own"}, "Drag a frame over the picture"),
        ({"framing": "own", "own": "1,2,3"}, "can't be read"),
        ({"framing": "own", "own": "100,100,105,400"}, "shorter than 16 pixels"),
        ({"framing": "own", "own": "-10,0,400,400"}, "outside of the picture"),
    ],
)
def test_framing_that_cannot_be_is_said_at_its_field(
    fields: dict[str, str], said: str, estimate: Any, send: Any
) -> None:
    told = estimate(**fields)["problems"]
    refused = send(**fields)
    assert refused.status_code == 422
    for errors in (told, refused.json()["errors"]):
        assert list(errors) == ["framing"]
        assert said in errors["framing"][0]
    assert not Edit.objects.exists()


# --- what is sent and kept ------------------------------------------------------------------------


def test_what_was_chosen_is_kept_with_the_edit_and_starts_the_next_one(
    send: Any, wide: Any, alice: Any, as_person: Any
) -> None:
    chosen = {"framing": "own", "own": "100,80,2300,1500", "context": "80", "split": "0"}
    assert send(**chosen, helper="1").status_code == 201
    edit = Edit.objects.get()
    assert Framing.from_dict(edit.framing) == Framing("own", 0.8, (100, 80, 2300, 1500), False)
    assert (edit.prompt, edit.helper) == ("Remove the sign", HELPER)
    again = data_of(as_person(alice).get(f"/images/{wide.pk}/edit?from={edit.pk}"))["draft"]
    assert {name: again[name] for name in ("framing", "own", "context", "split", "helper")} == {
        **chosen,
        "own": [100, 80, 2300, 1500],
        "helper": "1",
    }


def test_nothing_chosen_is_around_the_mask_in_as_many_frames_as_save_something(
    send: Any, wide: Any, alice: Any, as_person: Any
) -> None:
    assert send().status_code == 201
    edit = Edit.objects.get()
    assert (edit.framing, edit.helper, len(edit.frames)) == ({}, "", 2)
    again = data_of(as_person(alice).get(f"/images/{wide.pk}/edit?from={edit.pk}"))["draft"]
    names = ("framing", "own", "context", "split", "helper")
    assert [again[name] for name in names] == ["mask", None, "50", "1", ""]


def test_a_draft_keeps_how_it_is_framed(wide: Any, alice: Any, as_person: Any) -> None:
    client = as_person(alice)
    chosen = {"framing": "own", "own": "10,20,300,400", "context": "75", "split": "0"}
    sent = {"prompt": "A cat", **chosen, "helper": "1", "tab": "a" * 24, "number": "1"}
    assert client.post(f"/images/{wide.pk}/draft", sent).status_code == 200
    kept = client.get(f"/images/{wide.pk}/draft?as=json").json()
    names = ("framing", "own", "context", "split", "helper")
    assert [kept[name] for name in names] == ["own", [10, 20, 300, 400], "75", "0", "1"]
    # What cannot be read is as at first: a draft is never refused for it.
    nonsense = {"framing": "own", "own": "1,2", "context": "x", "helper": "perhaps"}
    client.post(f"/images/{wide.pk}/draft", {**sent, **nonsense, "number": "2"})
    assert Draft.objects.get().options["framing"] == "mask"
    kept = client.get(f"/images/{wide.pk}/draft?as=json").json()
    assert [kept[name] for name in names] == ["mask", None, "50", "1", ""]


def test_a_draft_of_before_framing_was_kept_starts_as_at_first(
    wide: Any, alice: Any, as_person: Any
) -> None:
    Draft.objects.create(person=alice, image=wide, prompt="A cat", options={"n": "2"})
    start = data_of(as_person(alice).get(f"/images/{wide.pk}/edit"))["draft"]
    assert (start["framing"], start["context"], start["n"]) == ("mask", "50", "2")


def test_the_page_without_a_script_starts_again_from_what_was_refused(
    wide: Any, alice: Any, as_person: Any
) -> None:
    fields = form(mask=painted(SIZE, *ISLANDS), prompt="", framing="whole", context="120")
    answer = as_person(alice).post(f"/images/{wide.pk}/edit", {**fields, "helper": "1"})
    start = data_of(answer)["draft"]
    assert (start["framing"], start["context"], start["helper"]) == ("whole", "120", "1")
    assert HELPER in answer.content.decode()


def test_fields_and_framing_say_the_same() -> None:
    for framing in (Framing(), Framing("whole"), Framing("own", 1.2, (1, 2, 30, 40), False)):
        fields = asking.fields_of(framing)
        own = text(fields["own"]) if fields["own"] else ""
        assert asking.framing_of({**fields, "own": own}) == (framing, {})
