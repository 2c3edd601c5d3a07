"""What was painted and not sent: kept on the server, by whoever saw the newest, and never twice alive."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client

from editor.models import Draft, Edit
from editor.web import drafts
from tests.drawing import mask_png, photo_png

pytestmark = pytest.mark.django_db
JSON = {"HTTP_ACCEPT": "application/json"}
BOX = (200, 150, 300, 250)
TAB, OTHER = "a" * 24, "b" * 24
ARROW = {"kind": "arrow", "from": [10, 20], "to": [110.5, 60], "width": 4, "colour": "#ff8800"}


def painted(size: tuple[int, int] = (640, 480), *boxes: Any) -> SimpleUploadedFile:
    return SimpleUploadedFile("mask.png", mask_png(size, *(boxes or (BOX,))), "image/png")


def save(client: Client, image: Any, **fields: Any) -> Any:
    """As a page does that has opened the picture without a draft and saves for the first time."""
    sent = {"prompt": "Half a wish", "tab": TAB, "number": "1", "version": "0", **fields}
    if not {"mask", "mask_empty"} & set(sent):
        sent["mask"] = painted()
    kept = {name: value for name, value in sent.items() if value is not None}
    return client.post(f"/images/{image.pk}/draft", kept)


def start(client: Client, image: Any, query: str = "") -> dict[str, Any]:
    """What the studio's page starts from."""
    page = client.get(f"/images/{image.pk}/edit{query}").content.decode()
    found = re.search(r'<script id="studio-data" type="application/json">(.*?)</script>', page)
    assert found
    return dict(json.loads(found[1])["draft"])


def test_a_draft_survives_and_its_mask_comes_back_bit_for_bit(
    photo: Any, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    saved = save(client, photo, model="gpt-image-2", n="3", size="auto")
    assert (saved.status_code, saved.json()["version"]) == (200, 1)
    draft = start(client, photo)
    assert (draft["prompt"], draft["model"], draft["n"]) == ("Half a wish", "gpt-image-2", "3")
    assert client.get(draft["mask_url"]).content == mask_png((640, 480), BOX)


def test_margins_marks_and_the_edge_are_kept_with_it(
    photo: Any, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    fields = {
        "margins": "0,10,20,30", "marks": json.dumps([ARROW]), "grow": "12", "feather": "0",
        "markup_as": "reference", "mask": painted((660, 520)),
    }  # fmt: skip
    assert save(client, photo, **fields).status_code == 200
    draft = start(client, photo)
    assert (draft["margins"], draft["marks"]) == ([0, 10, 20, 30], [ARROW])
    assert (draft["grow"], draft["feather"], draft["markup_as"]) == (12, 0, "reference")
    save(client, photo, version="1", number="2", grow="", feather="")
    draft = start(client, photo)
    assert (draft["margins"], draft["marks"]) == ([0, 0, 0, 0], [])
    assert (draft["grow"], draft["feather"], draft["markup_as"]) == (None, None, "")


def test_a_draft_keeps_every_option(photo: Any, alice: Any, as_person: Any) -> None:
    client = as_person(alice)
    chosen = {
        "model": "gpt-image-1.5", "background": "transparent", "output_format": "webp",
        "output_compression": "0", "input_fidelity": "high", "moderation": "low",
        "complexity": "low", "style": "vivid", "partial_images": "0",
    }  # fmt: skip
    save(client, photo, mask_empty="1", **chosen)
    draft = start(client, photo)
    assert {name: draft[name] for name in chosen} == chosen


def test_a_draft_without_a_new_mask_keeps_the_old_one_and_an_emptied_one_is_empty(
    photo: Any, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    save(client, photo)
    save(client, photo, mask=None, prompt="two", number="2", version="1", margins="9,0,0,0")
    draft = Draft.objects.get()
    assert (draft.prompt, draft.margins) == ("two", [0, 0, 0, 0])  # the mask would not fit others
    assert bytes(draft.mask) == mask_png((640, 480), BOX)
    save(client, photo, mask_empty="1", prompt="three", number="3", version="2")
    assert bytes(Draft.objects.get().mask) == b""
    assert start(client, photo)["mask_url"] is None
    assert client.get(f"/images/{photo.pk}/draft").status_code == 404


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"mask": SimpleUploadedFile("mask.png", b"no mask")}, "mask"),
        ({"mask": SimpleUploadedFile("mask.png", b"")}, "mask"),
        ({"mask": SimpleUploadedFile("mask.png", photo_png((320, 240)))}, "mask"),
        ({"mask": SimpleUploadedFile("mask.png", mask_png((640, 480), BOX)[:-9])}, "mask"),
        ({"margins": "10,0,0,0"}, "mask"),  # the mask must be of the canvas
        ({"margins": "-1,0,0,0"}, "margins"),
        ({"margins": "1,2,3"}, "margins"),
        ({"margins": "1.5,0,0,0"}, "margins"),
        ({"margins": "99999,99999,0,0"}, "margins"),
        ({"marks": "[{}]"}, "marks"),
        ({"marks": "nonsense"}, "marks"),
        ({"marks": "[" * 100_000}, "marks"),
        ({"marks": json.dumps([{**ARROW, "colour": "url(#x)"}])}, "marks"),
        ({"grow": "1001"}, "grow"),
        ({"grow": "-1"}, "grow"),
        ({"feather": "wide"}, "feather"),
        ({"person": "999"}, "person"),
    ],
)
def test_what_cannot_be_a_draft_is_refused_at_its_field_and_changes_nothing(
    fields: dict[str, Any], field: str, photo: Any, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    save(client, photo, prompt="Before")
    answer = save(client, photo, number="2", version="1", **fields)
    assert answer.status_code == 422
    [(named, sentences)] = answer.json()["errors"].items()
    assert (named, bool(sentences[0])) == (field, True)
    draft = Draft.objects.get()
    assert (draft.prompt, draft.version) == ("Before", 1)
    assert bytes(draft.mask) == mask_png((640, 480), BOX)


def test_a_mask_that_is_too_large_is_none_even_if_it_begins_and_ends_like_one(
    photo: Any, alice: Any, as_person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "MASK_MAX_BYTES", 100)
    mask = mask_png((640, 480), BOX)
    assert len(mask) > 100
    assert save(as_person(alice), photo).status_code == 422
    assert not Draft.objects.exists()


def test_drafts_are_nobody_elses(photo: Any, alice: Any, bob: Any, as_person: Any) -> None:
    save(as_person(alice), photo, prompt="secret")
    assert "prompt" not in start(as_person(bob), photo)
    url = f"/images/{photo.pk}/draft"
    assert as_person(bob).get(url).status_code == 404
    assert "secret" not in as_person(bob).get(f"{url}?as=json").content.decode()
    save(as_person(bob), photo, prompt="mine")
    assert start(as_person(alice), photo)["prompt"] == "secret"


# --- two tabs, two devices ----------------------------------------------------------------------


def test_who_has_not_seen_the_newest_draft_is_told_so_and_overwrites_nothing(
    photo: Any, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    save(client, photo, prompt="first tab")
    answer = save(client, photo, prompt="second tab", tab=OTHER)
    assert answer.status_code == 409
    told = answer.json()
    assert (told["version"], told["tab"], told["is_sent"]) == (1, TAB, False)
    assert told["updated_at"]
    assert Draft.objects.get().prompt == "first tab"


def test_who_has_seen_it_may_save_over_it_and_then_the_first_is_told(
    photo: Any, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    save(client, photo, prompt="first tab")
    assert save(client, photo, prompt="second", tab=OTHER, version="1").json()["version"] == 2
    answer = save(client, photo, prompt="first again", number="2", version="1")
    assert (answer.status_code, answer.json()["tab"]) == (409, OTHER)
    assert Draft.objects.get().prompt == "second"


def test_a_saving_whose_answer_was_lost_is_repeated_without_a_conflict(
    photo: Any, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    assert save(client, photo).json()["version"] == 1
    assert save(client, photo).json()["version"] == 1  # the same once more
    again = save(client, photo, prompt="and more", number="2", version="0")
    assert (again.status_code, again.json()["version"]) == (200, 2)
    assert Draft.objects.get().prompt == "and more"


def test_an_older_saving_that_comes_late_is_dropped(photo: Any, alice: Any, as_person: Any) -> None:
    client = as_person(alice)
    save(client, photo, prompt="newer", number="2")
    late = save(client, photo, prompt="older", number="1")
    assert (late.status_code, late.json()["version"]) == (200, 1)
    assert Draft.objects.get().prompt == "newer"


def test_a_page_that_knows_of_no_draft_replaces_none(
    photo: Any, alice: Any, as_person: Any, make_edit: Any
) -> None:
    client, edit = as_person(alice), make_edit(photo)
    save(client, photo, prompt="long work")
    assert "version" not in start(client, photo, f"?from={edit.pk}")
    answer = save(client, photo, prompt="run again", tab=OTHER, version="")
    assert answer.status_code == 409
    assert Draft.objects.get().prompt == "long work"


@pytest.mark.django_db(transaction=True)
def test_of_pages_that_save_at_the_same_moment_one_is_taken_and_the_others_are_told(
    photo: Any, alice: Any
) -> None:
    def save_first(number: int) -> tuple[int, bool]:
        try:
            saver = drafts.Saver(f"{number:024x}", 1)
            draft, is_kept = drafts.keep(alice, photo, {"prompt": str(number)}, saver, seen)
            return draft.version, is_kept
        finally:
            connections.close_all()

    for seen in (0, 1):
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(save_first, range(6)))
        assert sorted(is_kept for _version, is_kept in answers) == [False] * 5 + [True]
        assert {version for version, _is_kept in answers} == {seen + 1}
        winner = [is_kept for _version, is_kept in answers].index(True)
        assert Draft.objects.get().prompt == str(winner)


# --- after it was sent --------------------------------------------------------------------------


def run(client: Client, image: Any, **fields: Any) -> Any:
    wish = {
        "key": str(uuid4()), "prompt": "Remove the sign", "model": "gpt-image-2", "n": "1",
        "size": "auto", "quality": "low", "mask": painted(), **fields,
    }  # fmt: skip
    return client.post(f"/images/{image.pk}/edit", wish, **JSON)


def test_what_was_run_is_no_draft_any_more(photo: Any, alice: Any, as_person: Any) -> None:
    client = as_person(alice)
    save(client, photo)
    assert run(client, photo).status_code == 201
    draft = start(client, photo)
    assert (draft["prompt"], draft["mask_url"], draft["version"]) == ("", None, 2)
    assert client.get(f"/images/{photo.pk}/draft").status_code == 404


@pytest.mark.parametrize("saved_before", [True, False])
@pytest.mark.parametrize("names_itself", [True, False])
def test_a_saving_that_comes_after_its_edit_was_sent_does_not_come_to_life(
    saved_before: bool, names_itself: bool, photo: Any, alice: Any
) -> None:
    version = "0"
    sent = {"draft_tab": TAB, "draft_version": version} if names_itself else None
    changes = {"prompt": "late", "mask": mask_png((640, 480), BOX)}
    if saved_before:
        drafts.keep(alice, photo, changes, drafts.Saver(TAB, 1), 0)
    drafts.discard(alice, photo, sent)
    late = drafts.keep(alice, photo, changes, drafts.Saver(TAB, 2), 1 if saved_before else 0)
    draft = Draft.objects.get()
    assert late == (draft, False)  # a page that is still there is told that the edit was sent
    assert (draft.prompt, bytes(draft.mask)) == ("", b"")


def test_another_tab_that_saves_after_the_edit_was_sent_is_told_that_it_was(
    photo: Any, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    save(client, photo)
    run(client, photo)
    answer = save(client, photo, prompt="still painting", tab=OTHER, version="1")
    assert (answer.status_code, answer.json()["is_sent"]) == (409, True)
    seen = answer.json()["version"]
    assert save(client, photo, prompt="mine", tab=OTHER, version=str(seen)).status_code == 200


def test_what_another_tab_has_saved_since_is_not_discarded_with_what_was_sent(
    photo: Any, alice: Any
) -> None:
    drafts.keep(alice, photo, {"prompt": "mine"}, drafts.Saver(TAB, 1), 0)
    drafts.keep(alice, photo, {"prompt": "of the other tab"}, drafts.Saver(OTHER, 1), 1)
    drafts.discard(alice, photo, {"draft_tab": TAB, "draft_version": "1"})
    assert Draft.objects.get().prompt == "of the other tab"


# --- bad luck -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="a limit of pages is SQLite's")
def test_a_full_database_says_that_there_is_no_room_and_keeps_what_it_has(
    photo: Any, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    save(client, photo, prompt="Before")
    noise = mask_png(
        (640, 480), *((x, y, x + 1, y + 1) for x in range(0, 640, 3) for y in range(x % 7, 480, 5))
    )
    large = SimpleUploadedFile("mask.png", noise[:-12] + b"\0" * 3_000_000 + noise[-12:])
    with connection.cursor() as cursor:
        most = cursor.execute("PRAGMA max_page_count").fetchone()[0]
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count={pages}")
    try:
        answer = save(client, photo, mask=large, prompt="After", number="2", version="1")
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA max_page_count={most}")
    assert answer.status_code == 507
    assert "no room left" in answer.json()["error"]
    draft = Draft.objects.get()
    assert (draft.prompt, draft.version) == ("Before", 1)


def test_a_full_disk_for_uploads_does_not_concern_drafts(
    photo: Any, alice: Any, as_person: Any, settings: Any
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = "/dev/full"  # nothing can be made in there
    assert save(as_person(alice), photo).status_code == 200
    assert bytes(Draft.objects.get().mask) == mask_png((640, 480), BOX)


def test_a_forged_saving_is_refused(photo: Any, alice: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice, backend="editor.web.signin.NameOrEmailBackend")
    assert save(client, photo).status_code == 403
    client.get(f"/images/{photo.pk}/edit")
    token = client.get("/signin", headers={"Accept": "application/json"}).json()["csrf"]
    sent = {"prompt": "x", "mask": painted(), "tab": TAB, "number": "1", "version": "0"}
    answer = client.post(f"/images/{photo.pk}/draft", sent, headers={"X-CSRFToken": token})
    assert answer.status_code == 200


def test_strangers_are_sent_to_sign_in_and_save_nothing(client: Client, photo: Any) -> None:
    assert save(client, photo)["Location"].startswith("/signin")
    assert not Draft.objects.exists()
    assert not Edit.objects.exists()


@pytest.mark.parametrize("version", ["-5", "1e19", "2147483647", "9e300", "nan"])
def test_a_version_that_no_draft_has_is_none_that_was_seen(
    photo: Any, alice: Any, as_person: Any, version: str
) -> None:
    client = as_person(alice)
    assert client.get(f"/images/{photo.pk}/draft?version={version}").status_code == 404
    assert save(client, photo, version=version).json()["version"] == 1
    draft = Draft.objects.get()
    drafts.discard(alice, photo, {"draft_tab": OTHER, "draft_version": version})
    assert Draft.objects.get().prompt == draft.prompt
    draft.delete()
    drafts.discard(alice, photo, {"draft_tab": OTHER, "draft_version": version})
    assert Draft.objects.get().version == 1
