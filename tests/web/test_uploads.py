"""Pictures in: each file is taken or refused on its own, by name, with a sentence that says what to do."""

import errno
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image as PillowImage

from editor.models import Image
from editor.web import reasons
from tests.drawing import photo_pixels, photo_png

pytestmark = pytest.mark.django_db
JSON = {"HTTP_ACCEPT": "application/json"}
HTML = {"HTTP_ACCEPT": "text/html"}


def as_file(data: bytes, name: str = "photo.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="image/png")


def animated_gif() -> bytes:
    frames = [
        PillowImage.fromarray(np.full((40, 60, 3), shade, np.uint8)).convert("P")
        for shade in (250, 10, 120)
    ]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=100)
    return buffer.getvalue()


def test_an_uploaded_picture_is_stored_with_its_bytes_untouched(alice: Any, as_person: Any) -> None:
    data = photo_png((300, 200))
    answer = as_person(alice).post("/images/upload", {"files": as_file(data, "Hills.png")}, **JSON)
    image = Image.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": image.pk,
        "name": "Hills.png",
        "url": f"/images/{image.pk}/edit",
        "thumb_url": f"/images/{image.pk}/thumb-small",
        "note": "",
    }
    assert default_storage.open(image.original).read() == data
    assert (image.size, image.created_by) == ((300, 200), alice)


def test_the_same_file_twice_is_one_picture(alice: Any, as_person: Any) -> None:
    client = as_person(alice)
    first = client.post("/images/upload", {"files": as_file(photo_png())}, **JSON).json()
    again = client.post(
        "/images/upload", {"files": as_file(photo_png(), "copy.png")}, **JSON
    ).json()
    assert first["id"] == again["id"]
    assert Image.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"this is only text", "not_a_picture"),
        (b"<html><body>hello</body></html>", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", None),
        (photo_png((300, 200))[:-200], "truncated"),
    ],
    ids=["empty", "text", "html", "svg", "truncated"],
)
def test_what_is_no_picture_is_refused_by_name_and_leaves_nothing(
    data: bytes, code: str | None, alice: Any, as_person: Any
) -> None:
    answer = as_person(alice).post("/images/upload", {"files": as_file(data)}, **JSON)
    assert answer.status_code == 422
    told = answer.json()
    assert code is None or told["code"] == code
    assert told["error"] == reasons.refusal(told["code"])
    assert not Image.objects.exists()


def test_in_a_plain_form_the_refused_file_is_named_and_the_others_go_on(
    alice: Any, as_person: Any
) -> None:
    files = [
        as_file(photo_png((300, 200)), "good.png"),
        as_file(b"no picture", "bad <b>.png"),
        as_file(photo_png((200, 300)), "also good.png"),
    ]
    answer = as_person(alice).post("/images/upload", {"files": files}, **HTML)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert sorted(Image.objects.values_list("name", flat=True)) == ["also good.png", "good.png"]
    assert "bad &lt;b&gt;.png" in page
    assert str(reasons.refusal("not_a_picture")) in page


def test_one_file_in_a_plain_form_leads_to_its_studio(alice: Any, as_person: Any) -> None:
    answer = as_person(alice).post("/images/upload", {"files": as_file(photo_png())}, **HTML)
    assert answer["Location"] == f"/images/{Image.objects.get().pk}/edit"


def test_a_form_without_a_file_says_so(alice: Any, as_person: Any) -> None:
    answer = as_person(alice).post("/images/upload", {}, **HTML)
    assert answer.status_code == 422
    assert "No file was chosen" in answer.content.decode()


def test_an_animated_file_gives_its_first_frame_and_says_so(alice: Any, as_person: Any) -> None:
    answer = as_person(alice).post(
        "/images/upload", {"files": as_file(animated_gif(), "a.gif")}, **JSON
    )
    assert answer.json()["note"] == "This file has several frames; the first one was taken."
    image = Image.objects.get()
    with PillowImage.open(default_storage.open(image.thumb)) as thumb:
        assert np.asarray(thumb.convert("RGB")).mean() > 240


@pytest.fixture
def small_limit(settings: Any) -> int:
    settings.UPLOAD_MAX_BYTES = 100_000
    return 100_000


def test_a_file_over_the_limit_is_stopped_and_nothing_of_it_stays_on_the_disk(
    alice: Any, as_person: Any, settings: Any, small_limit: int
) -> None:
    data = photo_png((300, 200)) + bytes(small_limit)
    answer = as_person(alice).post("/images/upload", {"files": as_file(data)}, **JSON)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_many_bytes"
    assert not Image.objects.exists()
    assert list(Path(settings.UPLOAD_DIR).iterdir()) == []


def test_a_file_over_the_limit_does_not_stop_the_files_beside_it(
    alice: Any, as_person: Any, small_limit: int
) -> None:
    files = [
        as_file(bytes(small_limit + 1), "large.png"),
        as_file(photo_png((60, 40)), "small.png"),
    ]
    answer = as_person(alice).post("/images/upload", {"files": files}, **HTML)
    assert [image.name for image in Image.objects.all()] == ["small.png"]
    assert "<b>large.png</b>" in answer.content.decode()


def test_the_limit_holds_for_each_file_and_not_for_all_together(
    alice: Any, as_person: Any, small_limit: int
) -> None:
    noise = np.random.default_rng(4)
    files = []
    for number in range(3):
        buffer = io.BytesIO()
        pixels = noise.integers(0, 255, (150, 180, 3), dtype=np.uint8)
        PillowImage.fromarray(pixels).save(buffer, "PNG")
        files.append(as_file(buffer.getvalue(), f"{number}.png"))
    assert sum(file.size or 0 for file in files) > small_limit
    as_person(alice).post("/images/upload", {"files": files}, **HTML)
    assert Image.objects.count() == 3


def test_a_request_far_over_the_limit_is_cut_off(
    alice: Any, as_person: Any, small_limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from editor.web.uploads import SizeLimitHandler

    monkeypatch.setattr(SizeLimitHandler, "READ_AWAY_BYTES", 50_000)
    files = [as_file(bytes(small_limit * 4), "huge.png"), as_file(photo_png((60, 40)), "after.png")]
    answer = as_person(alice).post("/images/upload", {"files": files}, **HTML)
    assert "<b>huge.png</b>" in answer.content.decode()
    assert not Image.objects.exists()


def test_the_sample_picture_opens_in_the_studio(alice: Any, as_person: Any) -> None:
    client = as_person(alice)
    answer = client.post("/images/sample")
    sample = Image.objects.get()
    assert answer["Location"] == f"/images/{sample.pk}/edit"
    assert sample.origin == "sample"
    client.post("/images/sample")
    assert Image.objects.count() == 1


def test_the_picker_is_on_every_page_under_its_name(alice: Any, as_person: Any) -> None:
    for url in ("/", "/images/new", "/people/alice/"):
        page = as_person(alice).get(url).content.decode()
        assert page.count('type="file"') == 1
        assert "Upload images" in page
        assert "data-upload" in page


def test_previews_carry_no_place(alice: Any, as_person: Any) -> None:
    picture = PillowImage.fromarray(photo_pixels((300, 200)))
    exif = PillowImage.Exif()
    exif[0x010E] = "the house of alice"
    exif.get_ifd(0x8825)[1] = "N"
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", exif=exif)
    client = as_person(alice)
    client.post("/images/upload", {"files": as_file(buffer.getvalue(), "home.jpg")}, **JSON)
    image = Image.objects.get()
    for name in ("thumb", "thumb-small", "preview", "full"):
        served = b"".join(client.get(f"/images/{image.pk}/{name}").streaming_content)
        assert b"house of alice" not in served
        with PillowImage.open(io.BytesIO(served)) as shown:
            assert not shown.getexif()


def test_strangers_upload_nothing(client: Any, db: None) -> None:
    answer = client.post("/images/upload", {"files": as_file(photo_png())}, **JSON)
    assert answer["Location"].startswith("/signin")
    assert not Image.objects.exists()


def test_a_server_without_room_says_so_and_stores_nothing(
    alice: Any, as_person: Any, monkeypatch: Any
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("editor.web.uploads.add_upload", full)
    answer = as_person(alice).post("/images/upload", {"files": as_file(photo_png())}, **JSON)
    assert (answer.status_code, answer.json()["code"]) == (507, "no_room")
    assert "no room left" in answer.json()["error"]
    page = as_person(alice).post("/images/upload", {"files": as_file(photo_png())}, **HTML)
    assert "no room left" in page.content.decode()
    assert not Image.objects.exists()
