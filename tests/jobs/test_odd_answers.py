"""Pictures that are not what was asked for: what becomes of them, and of the bytes that were paid for."""

import base64
import hashlib
import json

import pytest
from django.core.files.storage import default_storage

from editor.imaging import files, framing, oddities
from editor.imaging.framing import Frame
from editor.imaging.scenes import scene
from editor.jobs.pictures import add_upload
from editor.jobs.run import run
from editor.models import Image, LedgerEntry, Status
from tests.canned_provider import Answer, pictures
from tests.drawing import photo_png

pytestmark = pytest.mark.django_db(transaction=True)


def answering(picture: bytes) -> Answer:
    body = json.loads(pictures())
    body["data"][0]["b64_json"] = base64.b64encode(picture).decode()
    return Answer(body=json.dumps(body).encode())


@pytest.mark.parametrize("name", ["truncated", "huge"])
def test_answer_that_is_refused_leaves_its_raw_bytes_kept(name, canned, photo, make_edit):
    data = oddities.odd(photo_png((640, 480)), name)
    canned.script = [answering(data)]
    edit = make_edit(photo)
    before = Image.objects.count()
    run(edit.pk)
    edit.refresh_from_db()
    assert (edit.status, edit.trouble) == (Status.FAILED, "not_a_picture")
    sha256 = hashlib.sha256(data).hexdigest()
    with default_storage.open(f"{sha256[:2]}/{sha256[2:4]}/{sha256}.unusable", "rb") as kept:
        assert kept.read() == data
    assert LedgerEntry.objects.get(kind="settle").assumed
    assert Image.objects.count() == before


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("rotated", "turned"),
        ("mirrored", "mirrored"),
        ("other", "another_picture"),
        ("other-size", ""),
        ("black", "blank"),
        ("transparent", "blank"),
        ("animated", ""),
        ("16-bit", ""),
        ("cmyk", ""),
        ("profile", ""),
    ],
)
def test_odd_answer_becomes_a_result_that_says_so(name, flag, canned, alice, make_edit, tmp_path):
    pixels = scene((640, 480), 6, family="city")
    path = tmp_path / "city.png"
    path.write_bytes(files.encode_png(pixels))
    edit = make_edit(add_upload(path, "city.png", alice))
    answer = files.encode_png(framing.cut(pixels, Frame.from_dict(edit.frames[0])))
    canned.script = [answering(oddities.odd(answer, name))]
    run(edit.pk)
    edit.refresh_from_db()
    assert edit.status == Status.SUCCEEDED
    result = edit.results.get()
    assert result.outside_identical
    assert result.flag == flag
