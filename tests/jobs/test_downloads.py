"""What people take away: exact as PNG, told as what it is in every format, and with the whole record."""

import hashlib
import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image as Pillow

from editor.imaging import files, masks, provenance
from editor.jobs.downloads import download_of, record_of
from editor.jobs.pictures import add_upload, read
from editor.jobs.run import run
from editor.jobs.submit import submit
from tests.canned_provider import Answer, pictures
from tests.drawing import mask_pixels, photo_pixels, pixels_of

pytestmark = pytest.mark.django_db(transaction=True)

BOX = (200, 150, 300, 250)


@pytest.fixture
def result(canned, photo, make_edit):
    canned.usual = Answer(body=pictures(size=(944, 704)))
    edit = make_edit(photo, grow=4)
    run(edit.pk)
    return edit.results.select_related("edit__source", "image").get()


def record(result, folder, with_originals=True):
    return zipfile.ZipFile(record_of(result, folder, with_originals=with_originals))


def test_a_png_is_the_stored_file(result):
    assert download_of(result.image, "png") == read(result.image.original)


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_every_format_says_that_a_model_took_part(result, format):
    data = download_of(result.image, format, quality=80)
    assert Pillow.open(io.BytesIO(data)).format.lower() == format
    said = provenance.xmp_of(data)
    assert b"digitalsourcetype/" in said
    assert result.edit.model.encode() in said


def test_a_higher_quality_is_nearer_to_the_picture(result):
    exact = pixels_of(read(result.image.original)).astype(int)
    apart = [
        np.abs(
            pixels_of(download_of(result.image, "jpeg", quality=quality)).astype(int) - exact
        ).mean()
        for quality in (50, 95)
    ]
    assert apart[1] < apart[0] < 4


def test_a_label_is_in_the_download_alone(result):
    exact = pixels_of(read(result.image.original))
    labelled = pixels_of(download_of(result.image, "png", label=True))
    assert labelled.shape == exact.shape
    rows, _ = np.nonzero((labelled != exact).any(axis=2))
    assert 20 < len(rows) < 0.1 * exact.shape[0] * exact.shape[1]
    assert np.array_equal(pixels_of(read(result.image.original)), exact)


def test_the_record_holds_everything_that_made_the_result(result, photo, tmp_path):
    zipped = record(result, tmp_path)
    told = json.loads(zipped.read("record.json"))
    assert zipped.read("source.png") == read(photo.original)
    assert zipped.read("raw-1.png") == read(result.piece.raw)
    assert zipped.read("result.png") == read(result.image.original)
    painted = mask_pixels(photo.size, BOX)
    assert np.array_equal(pixels_of(zipped.read("mask.png")) > 0, painted > 0)
    assert np.array_equal(pixels_of(zipped.read("contract.png")) > 0, masks.grow(painted, 4) > 0)
    edit = result.edit
    assert told["edit"]["prompt"] == edit.prompt
    assert told["edit"]["frames"] == edit.frames
    assert (told["edit"]["grow"], told["edit"]["options"]) == (4, edit.options)
    assert told["result"]["measured"]["outside_identical"] is True
    assert (
        told["result"]["pieces"][0]["sha256"]
        == hashlib.sha256(zipped.read("raw-1.png")).hexdigest()
    )
    assert told["calls"][0]["sent"]["model"] == edit.model
    assert told["calls"][0]["request_id"] == edit.attempts.get().request_id
    assert set(told["files"]) | {"record.json", "README.txt"} == set(zipped.namelist())


def test_the_record_alone_is_enough_to_make_the_result_again(result, tmp_path):
    from editor.imaging import masters, stitching
    from editor.imaging.framing import Frame

    zipped = record(result, tmp_path)
    told = json.loads(zipped.read("record.json"))
    contract = (pixels_of(zipped.read("contract.png")) > 0).astype(np.uint8) * 255
    answers = [
        stitching.Answer(files.open_picture(zipped.read(name)).pixels, Frame.from_dict(frame))
        for name, frame in zip(["raw-1.png"], told["edit"]["frames"], strict=True)
    ]
    again = stitching.stitch(
        masters.open_master(zipped.read("source.png")),
        answers,
        contract,
        finish=told["result"]["finish"],
        feather=told["edit"]["feather"],
    )
    assert np.array_equal(again.pixels, pixels_of(zipped.read("result.png")))


def test_who_may_not_have_the_original_gets_its_pixels_and_not_where_it_was_taken(
    canned, alice, make_edit, tmp_path
):
    buffer, exif = io.BytesIO(), Pillow.Exif()
    exif[0x010F] = "Camera"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    Pillow.fromarray(photo_pixels((640, 480))).save(buffer, "PNG", exif=exif)
    path = tmp_path / "here.png"
    path.write_bytes(buffer.getvalue())
    edit = make_edit(add_upload(path, "here.png", alice))
    run(edit.pk)
    result = edit.results.select_related("edit__source", "image").get()
    theirs = record(result, tmp_path, with_originals=False).read("source.png")
    found = Pillow.open(io.BytesIO(theirs)).getexif()
    assert not found.get_ifd(0x8825)
    assert np.array_equal(pixels_of(theirs), photo_pixels((640, 480)))
    assert record(result, tmp_path).read("source.png") == buffer.getvalue()


def test_the_record_holds_no_secret(result, tmp_path, settings):
    said = record(result, tmp_path).read("record.json").decode()
    assert settings.SECRET_KEY not in said
    assert settings.PROVIDER_API_KEY not in said.replace("sandbox", "")


def test_what_a_script_drew_over_the_picture_is_in_the_record(canned, photo, new_edit, tmp_path):
    drawing = np.zeros((480, 640, 4), np.uint8)
    drawing[20:40, 20:80] = (255, 0, 0, 255)
    wish = {"model": "gpt-image-2.5-flare", "mask": None, "markup": files.encode_png(drawing)}
    edit = submit(new_edit(photo, fit="asked", **wish))
    run(edit.pk)
    zipped = record(edit.results.select_related("edit__source", "image").get(), tmp_path)
    assert np.array_equal(pixels_of(zipped.read("markup.png")), drawing)
    assert "markup.png" in json.loads(zipped.read("record.json"))["files"]
