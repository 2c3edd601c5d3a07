"""What is stored of a result: the source's own colours and depth, what it says of itself, and what is measured."""

import base64
import io
import json
import struct
import tomllib
import zlib
from pathlib import Path
from uuid import uuid4

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from editor.imaging import provenance
from editor.jobs.pictures import add_upload, read
from editor.jobs.run import run
from editor.jobs.stitch import TOOL
from editor.jobs.submit import NewEdit, submit
from editor.models import Edit, Status, Team
from editor.storage import DurableStorage
from tests.canned_provider import Answer
from tests.drawing import mask_pixels, mask_png, photo_pixels, photo_png, pixels_of

pytestmark = pytest.mark.django_db(transaction=True)

SIZE, BOX = (640, 480), (200, 150, 300, 250)
ORIENTATION, MAKE, GPS = 0x0112, 0x010F, 0x8825


@pytest.fixture
def uploaded(alice, tmp_path):
    """A picture of alice's, from its bytes."""

    def upload(data, name="photo.png"):
        path = tmp_path / str(uuid4())
        path.write_bytes(data)
        return add_upload(path, name, alice)

    return upload


@pytest.fixture
def result_of(make_edit):
    """The one result of an edit of this photo."""

    def made(photo, **fields):
        edit = make_edit(photo, grow=0, **fields)
        run(edit.pk)
        edit.refresh_from_db()
        assert edit.status == Status.SUCCEEDED
        return edit.results.get()

    return made


def outside():
    return mask_pixels(SIZE, BOX) == 0


def camera_jpeg(**saved):
    """A JPEG with a camera's EXIF: the maker, the place, and that it lies on its side."""
    picture = Image.fromarray(photo_pixels(SIZE))
    exif = picture.getexif()
    exif[MAKE], exif[ORIENTATION] = "Camera & Co", 1
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(GPS)[2] = (48.0, 12.0, 30.0)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=95, exif=exif, **saved)
    return buffer.getvalue()


def test_sixteen_bits_stay_sixteen_bits_outside_the_mask(canned, uploaded, result_of):
    deep = (
        photo_pixels(SIZE).astype(np.uint16) * 257 + np.arange(640, dtype=np.uint16)[None, :, None]
    )
    photo = uploaded(cv2.imencode(".png", deep[..., ::-1])[1].tobytes())
    result = result_of(photo)
    stored = np.frombuffer(read(result.image.original), np.uint8)
    made = cv2.imdecode(stored, cv2.IMREAD_UNCHANGED)[..., ::-1]
    assert made.dtype == np.uint16
    assert np.array_equal(made[outside()], deep[outside()])
    assert (made[~outside()] != deep[~outside()]).any()
    assert result.outside_identical
    assert result.pixels_compared == outside().sum()


def test_the_profile_and_the_cameras_words_stay_and_the_place_does_not(canned, uploaded, result_of):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    result = result_of(uploaded(camera_jpeg(icc_profile=profile), "photo.jpg"))
    stored = Image.open(io.BytesIO(read(result.image.original)))
    exif = stored.getexif()
    assert stored.format == "PNG"
    assert stored.info["icc_profile"] == profile
    assert exif[MAKE] == "Camera & Co"
    assert ORIENTATION not in exif
    assert not exif.get_ifd(GPS)


def test_the_place_stays_where_the_team_wants_it(canned, uploaded, result_of):
    Team.objects.create(pk=1, keep_place=True)
    result = result_of(uploaded(camera_jpeg(), "photo.jpg"))
    stored = Image.open(io.BytesIO(read(result.image.original)))
    assert stored.getexif().get_ifd(GPS)[1] == "N"


def test_a_stored_picture_says_where_it_comes_from(canned, photo, result_of, settings):
    settings.PROVIDER_IS_SANDBOX = False
    result = result_of(photo)
    told = provenance.xmp_of(read(result.image.original)).decode()
    assert "digitalsourcetype/compositeWithTrainedAlgorithmicMedia" in told
    assert f">{TOOL}<" in told
    assert f">{result.edit_id}<" in told
    assert ">gpt-image-2<" in told
    assert "Remove the sign" not in told


def test_the_prompt_is_in_it_where_the_team_wants_it(canned, photo, result_of):
    Team.objects.create(pk=1, prompt_in_files=True)
    told = provenance.xmp_of(read(result_of(photo).image.original)).decode()
    assert "Remove the sign" in told


def test_what_the_sandbox_draws_is_told_apart(canned, photo, result_of, settings):
    settings.PROVIDER_IS_SANDBOX = True
    told = provenance.xmp_of(read(result_of(photo).image.original)).decode()
    assert "digitalsourcetype/compositeSynthetic" in told


def test_the_tool_names_the_version_of_the_project():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert f"Maskroom {project['project']['version']}" == TOOL


def test_what_was_measured_is_in_its_rows(canned, photo, result_of):
    result = result_of(photo)
    finished, piece = result.finished.get(), result.pieces.get()
    assert (finished.finish, result.finish, finished.image) == ("natural", "natural", result.image)
    assert {name: getattr(result, name) for name in finished.measured} == finished.measured
    assert set(finished.measured) == {
        "outside_identical", "pixels_compared", "pixels_changed", "border_ratio", "wide_step",
        "wide_step_p95", "drift_px", "drift_colour", "flag",
    }  # fmt: skip
    assert result.pixels_changed == 100 * 100
    assert set(piece.measured) >= {"fitted", "shift", "drift_px", "flag"}


def test_an_answer_that_shows_something_else_is_kept_and_flagged(canned, photo, result_of):
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 255, (768, 1024, 3), np.uint8)
    canned.usual = Answer(body=answer_with(Image.fromarray(noise)))
    result = result_of(photo)
    assert result.flag
    assert result.outside_identical
    assert result.pieces.get().measured["flag"] == result.flag


def test_what_lies_in_storage_is_compared_and_not_what_was_meant_to(
    canned, photo, result_of, monkeypatch
):
    save = DurableStorage.save

    def one_pixel_off(storage, name, content, max_length=None):
        if name.endswith(".png") and not name.endswith(".raw.png") and "mask" not in name:
            pixels = pixels_of(content.read()).copy()
            pixels[5, 5, 0] ^= 1
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "PNG")
            content.file = io.BytesIO(buffer.getvalue())
        return save(storage, name, content, max_length)

    monkeypatch.setattr(DurableStorage, "save", one_pixel_off)
    assert result_of(photo).outside_identical is False


def answer_with(picture, *chunks):
    """An answer with this picture as a PNG, with further chunks in front of its pixels."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    data = buffer.getvalue()
    data = data[:33] + b"".join(chunks) + data[33:]
    encoded = base64.b64encode(data).decode()
    return json.dumps({"created": 1, "data": [{"b64_json": encoded}]}).encode()


def manifest():
    """A chunk that holds a C2PA manifest store, as far as one can see without reading it."""
    described = b"jumd" + b"c2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71" + b"\3c2pa\0"
    described = struct.pack(">I", len(described) + 4) + described
    box = struct.pack(">I", len(described) + 8) + b"jumb" + described
    return (
        struct.pack(">I", len(box)) + b"caBX" + box + struct.pack(">I", zlib.crc32(b"caBX" + box))
    )


@pytest.mark.parametrize("chunks", [(), (manifest(),)], ids=["without", "with"])
def test_a_manifest_in_what_came_is_noticed_and_its_bytes_stay(canned, photo, result_of, chunks):
    answer = answer_with(Image.fromarray(photo_pixels((64, 64), 50)), *chunks)
    canned.usual = Answer(body=answer)
    piece = result_of(photo).pieces.get()
    assert piece.has_c2pa is bool(chunks)
    assert read(piece.raw) == base64.b64decode(json.loads(answer)["data"][0]["b64_json"])


def test_what_is_not_put_into_a_source_is_stored_as_it_came(canned, alice):
    answer = answer_with(Image.fromarray(photo_pixels((64, 64), 50)), manifest())
    canned.usual = Answer(body=answer)
    edit = submit(
        NewEdit(
            person=alice, operation="generate", prompt="A lighthouse", model="gpt-image-2",
            options={"n": 1, "quality": "low"}, key=uuid4(),
        )
    )  # fmt: skip
    run(edit.pk)
    result = edit.results.get()
    assert read(result.image.original) == base64.b64decode(
        json.loads(answer)["data"][0]["b64_json"]
    )
    assert (result.finish, result.outside_identical, result.piece.has_c2pa) == ("", None, True)
    assert [(each.finish, each.image) for each in result.finished.all()] == [("", result.image)]


def test_an_answer_whose_padding_is_cut_off_says_that_it_was_made(
    canned, make_photo, alice, make_edit
):
    edit = make_edit(
        make_photo(alice, size=(320, 240)), mask=mask_png((320, 240), (10, 10, 90, 90))
    )
    frame = {"bounds": [-160, -120, 480, 360], "size": [1024, 768], "pad": [160, 120, 160, 120]}
    Edit.objects.filter(pk=edit.pk).update(mask="", mask_bounds=[], frames=[frame])
    canned.usual = Answer(body=answer_with(Image.fromarray(photo_pixels((1024, 768), 50))))
    run(edit.pk)
    result = edit.results.get()
    data = read(result.image.original)
    assert (result.finish, result.image.size) == ("", (512, 384))
    assert b"digitalsourcetype/algorithmicMedia" in provenance.xmp_of(data)
    assert np.array_equal(pixels_of(data), photo_pixels((1024, 768), 50)[192:576, 256:768])


def test_a_png_of_a_photo_is_the_source_of_its_pixels_twice(canned, uploaded, result_of):
    """What was stored is a picture like any other: it can be edited again, and keeps what it says."""
    first = result_of(uploaded(camera_jpeg(), "photo.jpg"))
    second = result_of(first.image)
    assert Image.open(io.BytesIO(read(second.image.original))).getexif()[MAKE] == "Camera & Co"
    assert second.outside_identical
    assert photo_png(SIZE) != read(second.image.original)
