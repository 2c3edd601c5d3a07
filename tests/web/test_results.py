"""Results after they were made: measured, finished otherwise, compared, and taken away."""

import errno
import io
import json
import re
import zipfile
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.files.storage import default_storage

from editor.imaging import masks
from editor.jobs import pictures as stored_pictures
from editor.jobs.finishing import refinish
from editor.jobs.pictures import read
from editor.jobs.run import run
from editor.models import Edit, Finish, Finished, Piece, Reference, Result, Team, decide
from tests.canned_provider import Answer, pictures
from tests.drawing import mask_pixels, photo_pixels, pixels_of
from tests.web.making import generation, result_for, unstitched

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
BOX = (200, 150, 300, 250)  # what make_edit paints


@pytest.fixture
def result(photo: Any, make_edit: Any, make_result: Any) -> Result:
    """One with a row for everything, whose pieces are as large as its source."""
    return make_result(make_edit(photo))


@pytest.fixture
def made(canned: Any, photo: Any, make_edit: Any) -> Result:
    """One that was really stitched."""
    canned.usual = Answer(body=pictures(size=(944, 704)))
    edit = make_edit(photo, grow=4)
    run(edit.pk)
    return edit.results.select_related("edit__source", "image").get()


def page_of(client: Any, result: Result, query: str = "") -> str:
    answer = client.get(f"/edits/{result.edit_id}/{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def section(page: str, name: str) -> str:
    found = re.search(rf'<section class="{name}".*?</section>', page, re.S)
    return found[0] if found else ""


def figures(page: str) -> dict[str, str]:
    listed = re.search(r'<dl class="figures">(.*?)</dl>', page, re.S)
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", listed[1] if listed else "")
    return {name: re.sub(r"<[^>]+>", "", value) for name, value in pairs}


def finish(client: Any, result: Result, what: str, **more: Any) -> Any:
    headers = more.pop("headers", None)
    form = {"finish": what, **more}
    return client.post(f"/results/{result.pk}/finish", form, headers=headers)


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


# --- what was measured ----------------------------------------------------------------------------


def test_everything_that_was_measured_is_told(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    measured = {
        "drift_px": 1.84, "drift_colour": 2.24, "border_ratio": 1.038, "wide_step": 0.41,
        "wide_step_p95": 1.02,
    }  # fmt: skip
    page = page_of(as_person(bob), make_result(make_edit(photo), **measured))
    assert figures(page) == {
        "Changed": "3.3 %",
        "Drift, corrected": "1.8 px",
        "Colour, corrected": "2.2 ΔE",
        "Seam, 1 is none": "1.04",
        "Step, 0 is none": "0.4 ΔE",
    }
    panel = section(page, "measured")
    assert "Along 95 % of it at most 1.0 ΔE." in panel
    assert "297\u00a0200 pixels compared, 0 differ" in panel
    assert "the stored file was read back" in panel


def test_what_could_not_be_measured_is_left_out(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    page = page_of(as_person(bob), make_result(make_edit(photo), border_ratio=None))
    assert figures(page) == {"Changed": "3.3 %"}
    assert "None" not in section(page, "measured")


@pytest.mark.parametrize(
    ("flag", "word"),
    [("blank", "Blank"), ("another_picture", "Another picture"), ("drifted", "Drifted"),
     ("turned", "Turned"), ("mirrored", "Mirrored"), ("brand_new", "Doubtful")],
)  # fmt: skip
def test_a_doubtful_result_says_so_wherever_it_is_judged(
    flag: str, word: str, photo: Any, vera: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    result, client = make_result(make_edit(photo), flag=flag), as_person(vera)
    panel = section(page_of(client, result), "measured")
    assert re.search(rf"#unknown.*<b>{word}\.</b> \w+", panel)
    assert "Identical outside the mask" in panel  # which it still is
    gallery = client.get("/").content.decode()
    assert f"doubtful: {word}" in gallery  # for who can't see the mark
    assert re.search(rf'class="mark said".*#unknown.*<span>{word}</span>', gallery)
    queue = client.get("/review/").content.decode()
    assert re.search(rf'class="state doubt".*#unknown.*<span>{word}</span>', queue)
    assert re.search(rf"<b>{word}\.</b> \w+", section(queue, "measured"))


def test_nothing_is_doubtful_where_nothing_is(result: Result, vera: Any, as_person: Any) -> None:
    client = as_person(vera)
    for url in (f"/edits/{result.edit_id}/", "/", "/review/"):
        page = client.get(url).content.decode()
        assert "doubt" not in page and "mark said" not in page


def test_a_doubtful_result_does_not_stand_for_its_edit_where_another_could(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    edit = make_edit(photo, options={"n": 2, "size": "auto", "quality": "low"})
    make_result(edit, 1, flag="blank")
    good = make_result(edit, 2)
    gallery = as_person(bob).get("/").content.decode()
    assert f"/images/{good.image_id}/thumb-small" in gallery
    assert "mark said" not in gallery


def test_a_reviewer_sees_seam_and_step(
    photo: Any, vera: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    make_result(make_edit(photo), border_ratio=1.3, wide_step=4.56)
    told = figures(as_person(vera).get("/review/").content.decode())
    assert (told["Seam, 1 is none"], told["Step, 0 is none"]) == ("1.30", "4.6 ΔE")


def test_a_manifest_in_what_came_is_told(result: Result, bob: Any, as_person: Any) -> None:
    said = "C2PA manifest kept in the raw file"
    assert said not in page_of(as_person(bob), result)
    Piece.objects.filter(result=result).update(has_c2pa=True)
    assert said in page_of(as_person(bob), result)


# --- several frames -------------------------------------------------------------------------------


def in_two_frames(result: Result) -> Result:
    frames = [
        {"bounds": [0, 0, 320, 240], "size": [320, 240], "pad": [0] * 4, "part": [0, 0, 320, 480]},
        {"bounds": [320, 240, 640, 480], "size": [160, 120], "pad": [0] * 4, "part": [320, 0, 640, 480]},
    ]  # fmt: skip
    Edit.objects.filter(pk=result.edit_id).update(frames=frames)
    first = result.piece
    other = default_storage.save("second.png", io.BytesIO(b"what came second"))
    Piece.objects.create(
        edit=result.edit, attempt=result.attempt, result=result, frame=1, number=9, raw=other,
        raw_format="png", raw_sha256=first.raw_sha256, raw_width=160, raw_height=120,
    )  # fmt: skip
    return result


def test_of_several_frames_each_is_told_drawn_and_can_be_taken(
    result: Result, bob: Any, as_person: Any
) -> None:
    in_two_frames(result)
    client = as_person(bob)
    page = page_of(client, result)
    told = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page))
    assert told["Sent"] == "2 frames, 1 call"
    assert (told["Frame 1"], told["Frame 2"]) == ("320 × 240 at 100 %", "160 × 120 at 50 %")
    assert " · frame 1 · " in page[page.index("Attempts") :]
    assert page.count('<rect class="light"') == 2
    links = re.findall(rf'href="(/results/{result.pk}/raw[^"]*)"', page)
    assert links == [f"/results/{result.pk}/raw?frame={number}" for number in (1, 2)]
    assert [body(client.get(link)) for link in links] == [
        read(result.piece.raw), b"what came second",
    ]  # fmt: skip
    assert 'raw 2.png"' in client.get(links[1])["Content-Disposition"]
    assert body(client.get(f"/results/{result.pk}/raw")) == read(result.piece.raw)
    assert client.get(f"/results/{result.pk}/raw?frame=3").status_code == 404
    assert "As it was sent" not in section(page, "finish")  # there is no one picture


def test_frames_that_did_not_come_are_told_with_the_providers_words(
    result: Result, bob: Any, as_person: Any
) -> None:
    Edit.objects.filter(pk=result.edit_id).update(
        trouble="frames_missing", trouble_text="Rejected by the safety system."
    )
    page = page_of(as_person(bob), result)
    assert "Not all of its frames came." in page
    assert "<q>Rejected by the safety system.</q>" in page


# --- another finish -------------------------------------------------------------------------------


def test_another_finish_is_made_and_shown_without_a_call(
    made: Result, canned: Any, alice: Any, as_person: Any
) -> None:
    client, before = as_person(alice), made.image_id
    answer = finish(client, made, "hard")
    assert answer["Location"] == f"/edits/{made.edit_id}/?result=1&finish=hard#finish"
    made.refresh_from_db()
    assert (made.finish, canned.calls) == ("hard", 1)
    assert made.image_id != before
    page = client.get(answer["Location"]).content.decode()
    assert f'src="/images/{made.image_id}/preview"' in page
    assert re.search(r'id="finish-hard"[^>]*aria-pressed="true"', page)
    assert "grown by 4 px, fading in over 0 px" in page
    assert "no new call, no cost" in page
    source = photo_pixels((640, 480))
    outside = masks.grow(mask_pixels((640, 480), BOX), 4) == 0
    assert np.array_equal(pixels_of(read(made.image.original))[outside], source[outside])


def test_with_script_the_page_is_swapped_as_it_is_then(
    made: Result, alice: Any, as_person: Any
) -> None:
    answer = finish(as_person(alice), made, "model", headers=HTMX)
    page = answer.content.decode()
    made.refresh_from_db()
    assert page.lstrip().startswith('<div class="page" id="edit"')
    assert f'src="/images/{made.image_id}/preview"' in page
    assert "Finish: The model’s colours" in page  # told in the corner
    assert "<details open>" in section(page, "finish")
    assert f"/results/{made.pk}/difference?finish=model" in page


def test_the_model_s_own_picture_is_shown_for_what_it_is(
    made: Result, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    finish(client, made, "raw")
    page = page_of(client, made)
    assert "As the model sent it" in page
    assert "Identical outside the mask" not in page
    assert "Edge" not in dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page))
    assert 'value="difference"' not in page and "data-compare" not in page
    assert 'value="alone" checked' in page and 'value="pair"' in page
    made.refresh_from_db()
    assert body(client.get(f"/images/{made.image_id}/original")) == read(made.piece.raw)


@pytest.mark.parametrize(
    ("who", "may"), [("alice", True), ("vera", True), ("adam", True), ("bob", False)]
)
def test_its_creator_reviewers_and_admins_choose_the_finish(
    who: str, may: bool, result: Result, request: Any, as_person: Any
) -> None:
    client = as_person(request.getfixturevalue(who))
    Finished.objects.create(result=result, finish="hard", image=result.image)
    panel = section(page_of(client, result), "finish")
    assert ("<button" in panel) is may
    assert "Natural" in panel
    assert (finish(client, result, "hard").status_code == 403) is not may
    result.refresh_from_db()
    assert (result.finish == "hard") is may


def test_what_was_decided_is_asked_about_before_anything_is_done(
    made: Result, alice: Any, vera: Any, as_person: Any
) -> None:
    decide(made, "approved", by=vera)
    client = as_person(alice)
    answer = finish(client, made, "hard")
    made.refresh_from_db()
    assert (made.finish, made.review, Finished.objects.count()) == ("natural", "approved", 1)
    panel = section(client.get(answer["Location"]).content.decode(), "finish")
    assert "another picture than the one that Vera decided about" in panel
    version = re.search(r'name="version" value="(\d+)"', panel)
    assert version
    finish(client, made, "hard", version=version[1])
    made.refresh_from_db()
    assert (made.finish, made.review) == ("hard", "pending")
    page = page_of(client, made)
    assert "Alice</b> · Chose another finish, to be decided anew" in page
    assert "Another finish was chosen" not in page  # the record's own words


def test_who_was_asked_about_an_earlier_decision_is_asked_again(
    made: Result, alice: Any, vera: Any, as_person: Any
) -> None:
    decide(made, "rejected", by=vera, reason="Seam")
    asked = made.version
    decide(made, "approved", by=vera)
    panel = section(
        finish(as_person(alice), made, "hard", version=asked, headers=HTMX).content.decode(),
        "finish",
    )
    assert "will wait to be decided about anew" in panel
    made.refresh_from_db()
    assert (made.finish, made.review) == ("natural", "approved")


def test_choosing_what_is_shown_asks_nothing_and_takes_no_decision_back(
    result: Result, alice: Any, vera: Any, as_person: Any
) -> None:
    decide(result, "approved", by=vera)
    page = finish(as_person(alice), result, "natural", headers=HTMX).content.decode()
    assert "decided about anew" not in page
    result.refresh_from_db()
    assert result.review == "approved"


def test_a_reviewer_whose_picture_was_exchanged_is_told_to_look_again(
    made: Result, alice: Any, vera: Any, as_person: Any
) -> None:
    form = {"decision": "approved", "version": made.version}
    refinish(made, "hard", by=alice)
    page = as_person(vera).post(f"/review/{made.pk}/decide", form).content.decode()
    assert "the page was out of date" in page
    made.refresh_from_db()
    assert made.review == "pending"


@pytest.mark.parametrize(
    ("wanted", "said"), [("shiny", "There is no such finish."), ("", "There is no such finish.")]
)
def test_a_finish_that_there_is_not_is_refused_in_words(
    wanted: str, said: str, result: Result, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    assert said in client.get(finish(client, result, wanted)["Location"]).content.decode()
    result.refresh_from_db()
    assert result.finish == "natural"


def test_one_frame_s_picture_is_not_offered_for_several(
    result: Result, alice: Any, as_person: Any
) -> None:
    in_two_frames(result)
    page = finish(as_person(alice), result, "raw", headers=HTMX).content.decode()
    assert "It was sent in several frames" in page


def test_files_that_are_gone_are_told_and_nothing_is_changed(
    made: Result, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    default_storage.delete(made.piece.raw)
    page = finish(client, made, "hard", headers=HTMX).content.decode()
    assert "is not in storage any more. What is shown stays as it is." in page
    page = client.get(f"/results/{made.pk}/record", follow=True).content.decode()
    assert "is not in storage any more" in page
    made.refresh_from_db()
    assert (made.finish, made.finished.count()) == ("natural", 1)


def test_what_can_not_be_read_any_more_is_told(made: Result, alice: Any, as_person: Any) -> None:
    path = default_storage.path(made.piece.raw)
    with open(path, "r+b") as file:
        file.truncate(100)
    page = finish(as_person(alice), made, "hard", headers=HTMX).content.decode()
    assert "can’t be read any more" in page


def test_a_full_disk_is_told_and_is_no_error_of_ours(
    made: Result, alice: Any, as_person: Any, monkeypatch: Any
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    client = as_person(alice)
    monkeypatch.setattr(stored_pictures, "save", full)
    assert "The disk is full." in finish(client, made, "hard", headers=HTMX).content.decode()
    difference = client.get(f"/results/{made.pk}/difference?finish=natural")
    assert difference.status_code == 503
    assert "The disk is full." in difference.content.decode()
    assert difference["Cache-Control"] == "no-store"


def test_results_that_are_not_stitched_have_no_finish(
    photo: Any, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    for edit in (generation(alice), unstitched(photo)):
        result = result_for(edit)
        assert section(page_of(client, result), "finish") == ""
        page = finish(client, result, "hard", headers=HTMX).content.decode()
        assert "This result was not put into a photo" in page
        assert "/difference" not in page_of(client, result)


# --- the difference -------------------------------------------------------------------------------


def test_the_difference_is_black_where_nothing_differs_and_eight_times_as_strong(
    made: Result, bob: Any, as_person: Any
) -> None:
    answer = as_person(bob).get(f"/results/{made.pk}/difference", follow=True)
    assert answer.redirect_chain == [(f"/results/{made.pk}/difference?finish=natural", 302)]
    assert answer["Content-Type"] == "image/png"
    shown = pixels_of(body(answer))[..., :3].astype(int)
    result = pixels_of(read(made.image.original))[..., :3].astype(int)
    apart = np.abs(result - photo_pixels((640, 480)).astype(int))
    assert np.array_equal(shown, np.minimum(8 * apart, 255))
    assert shown.any() and not shown[:100].any()


def test_a_difference_is_not_sent_twice_and_each_finish_has_its_own(
    made: Result, alice: Any, as_person: Any
) -> None:
    client, url = as_person(alice), f"/results/{made.pk}/difference?finish="
    first = client.get(f"{url}natural")
    assert "immutable" in first["Cache-Control"]
    again = client.get(f"{url}natural", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    finish(client, made, "hard")
    assert client.get(f"{url}natural")["Location"] == f"{url}hard"
    assert client.get(f"{url}hard")["ETag"] != first["ETag"]


def test_what_the_model_sent_has_no_difference(made: Result, alice: Any, as_person: Any) -> None:
    refinish(made, Finish.RAW, by=alice)
    answer = as_person(alice).get(f"/results/{made.pk}/difference?finish=raw")
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/plain")


# --- downloads ------------------------------------------------------------------------------------


def test_the_plain_download_is_one_link_to_the_stored_file(
    made: Result, bob: Any, as_person: Any
) -> None:
    client = as_person(bob)
    link = f"/images/{made.image_id}/original"
    assert f'href="{link}"' in page_of(client, made)
    for query in ("", "?as=png"):
        answer = client.get(f"/results/{made.pk}/download{query}", follow=True)
        assert answer.redirect_chain[-1][0] == link
        assert body(answer) == read(made.image.original)


@pytest.mark.parametrize(("format", "ending"), [("jpeg", "jpg"), ("webp", "webp")])
def test_other_formats_come_at_the_quality_that_was_chosen(
    format: str, ending: str, made: Result, bob: Any, as_person: Any
) -> None:
    client = as_person(bob)
    url = f"/results/{made.pk}/download?as={format}&quality="
    small, large = (client.get(f"{url}{quality}") for quality in (40, 100))
    assert small["Content-Type"] == f"image/{format}"
    assert small["Content-Disposition"].strip('"').endswith(f".{ending}")
    assert small["X-Content-Type-Options"] == "nosniff"
    assert len(small.content) < len(large.content)
    exact = pixels_of(read(made.image.original)).astype(int)
    assert np.abs(pixels_of(large.content).astype(int) - exact).mean() < 2


@pytest.mark.parametrize("quality", ["0", "39", "101", "-1", "best", "", "٩٠", "99999999999"])
def test_a_quality_that_there_is_not_is_taken_as_the_nearest(
    quality: str, result: Result, bob: Any, as_person: Any
) -> None:
    answer = as_person(bob).get(
        f"/results/{result.pk}/download", {"as": "jpeg", "quality": quality}
    )
    assert answer.content[:2] == b"\xff\xd8"


def test_formats_that_there_are_not_are_not_found(result: Result, bob: Any, as_person: Any) -> None:
    assert as_person(bob).get(f"/results/{result.pk}/download?as=svg").status_code == 404


def test_where_the_team_wants_a_label_every_download_has_it(
    made: Result, bob: Any, as_person: Any
) -> None:
    Team.objects.create(pk=1, label_downloads=True)
    client = as_person(bob)
    page = page_of(client, made)
    assert f'href="/results/{made.pk}/download"' in page
    assert f'href="/images/{made.image_id}/original"' not in page
    exact = pixels_of(read(made.image.original))
    png = client.get(f"/results/{made.pk}/download")
    assert png["Content-Type"] == "image/png"
    labelled = pixels_of(png.content)
    assert labelled.shape == exact.shape
    assert 0 < (labelled != exact).any(axis=2).mean() < 0.1


def test_a_download_that_can_not_be_made_leads_back_and_says_why(
    made: Result, bob: Any, as_person: Any
) -> None:
    default_storage.delete(made.image.original)
    answer = as_person(bob).get(f"/results/{made.pk}/download?as=jpeg", follow=True)
    assert answer.redirect_chain == [(f"/edits/{made.edit_id}/?result=1", 302)]
    assert "is not in storage any more" in answer.content.decode()


# --- the record -----------------------------------------------------------------------------------


def test_the_record_is_a_zip_with_everything_and_leaves_nothing_behind(
    made: Result, photo: Any, alice: Any, as_person: Any
) -> None:
    answer = as_person(alice).get(f"/results/{made.pk}/record")
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"].endswith(f' {made} record.zip"')
    assert list(settings.UPLOAD_DIR.iterdir()) == []
    data = body(answer)
    assert int(answer["Content-Length"]) == len(data)
    record = zipfile.ZipFile(io.BytesIO(data))
    assert record.testzip() is None
    assert record.read("source.png") == read(photo.original)
    assert record.read("raw-1.png") == read(made.piece.raw)
    assert record.read("result.png") == read(made.image.original)
    assert json.loads(record.read("record.json"))["edit"]["prompt"] == "Remove the sign"


def test_originals_are_in_the_record_of_who_may_take_all_of_them(
    made: Result, photo: Any, alice: Any, bob: Any, adam: Any, as_person: Any, make_photo: Any
) -> None:
    def source_for(person: Any) -> bytes:
        data = body(as_person(person).get(f"/results/{made.pk}/record"))
        return zipfile.ZipFile(io.BytesIO(data)).read("source.png")

    original = read(photo.original)
    theirs = source_for(bob)
    assert theirs != original
    assert np.array_equal(pixels_of(theirs), pixels_of(original))
    assert source_for(alice) == source_for(adam) == original
    Reference.objects.create(edit=made.edit, number=1, image=make_photo(bob, (90, 60)))
    assert source_for(alice) != original  # the reference is not hers to take
    assert source_for(adam) == original


def test_what_was_made_without_a_mask_or_a_source_has_its_record_and_formats_too(
    photo: Any, alice: Any, as_person: Any
) -> None:
    client = as_person(alice)
    for edit, names in (
        (generation(alice), {"raw-1.png", "result.png"}),
        (unstitched(photo), {"source.png", "raw-1.png", "result.png"}),
    ):
        result = result_for(edit)
        data = body(client.get(f"/results/{result.pk}/record"))
        record = zipfile.ZipFile(io.BytesIO(data))
        assert set(record.namelist()) == names | {"record.json", "README.txt"}
        assert client.get(f"/results/{result.pk}/download?as=webp").content[8:12] == b"WEBP"


def test_a_record_for_which_there_is_no_room_is_told_and_leaves_nothing(
    made: Result, alice: Any, as_person: Any, monkeypatch: Any
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    page = as_person(alice).get(f"/results/{made.pk}/record", follow=True).content.decode()
    assert "The disk is full. Nothing was lost" in page
    assert list(settings.UPLOAD_DIR.iterdir()) == []


# --- where a picture comes from -------------------------------------------------------------------


def test_a_picture_of_another_finish_still_finds_its_result(
    made: Result, alice: Any, bob: Any, as_person: Any, make_edit: Any
) -> None:
    first = made.image
    onward = make_edit(first, prompt="Then this")
    refinish(made, "hard", by=alice)
    client = as_person(bob)
    assert client.get(f"/images/{first.pk}/")["Location"] == f"/edits/{made.edit_id}/"
    line = client.get(f"/edits/{onward.pk}/").content.decode().split('aria-label="Lineage"')[1]
    assert re.findall(r"<b>([^<]+)</b>", line)[:3] == ["Source", "Remove the sign", "Then this"]
    line = page_of(client, made).split('aria-label="Lineage"')[1]
    assert "Then this" in line  # though it was made from the finish before
    versions = client.get(f"/images/{first.pk}/versions").content.decode()
    assert f'href="/edits/{made.edit_id}/"' in versions
