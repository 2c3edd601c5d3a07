"""What pictures say of themselves when a script gets them: where they come from, and not where it was."""

import io
from typing import Any

import pytest
from PIL import Image

from editor.imaging import provenance
from editor.models import Team
from tests.drawing import photo_pixels
from tests.gateway.calling import MASK, SIZE, Gateway, picture_in, upload

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("provider", "worker"),
]

MAKE, GPS = 0x010F, 0x8825


def from_a_camera() -> bytes:
    picture = Image.fromarray(photo_pixels(SIZE))
    exif = picture.getexif()
    exif[MAKE] = "Camera & Co"
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(GPS)[2] = (48.0, 12.0, 30.0)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=95, exif=exif)
    return buffer.getvalue()


def answered(gateway: Gateway, **fields: Any) -> bytes:
    answer = gateway.edit(
        model="gpt-image-2", size=None, quality="low", **fields,
        files=[upload("image", from_a_camera(), "image/jpeg", "a.jpg"), upload("mask", MASK)],
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    return picture_in(answer.json()["data"][0])


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_every_format_says_where_it_comes_from_and_not_where_it_was(
    gateway: Gateway, format: str
) -> None:
    data = answered(gateway, output_format=format)
    picture = Image.open(io.BytesIO(data))
    assert picture.format == format.upper()
    told = provenance.xmp_of(data)
    assert told and b"digitalsourcetype/compositeSynthetic" in told
    assert picture.getexif()[MAKE] == "Camera & Co"
    assert not picture.getexif().get_ifd(GPS)


@pytest.mark.parametrize("format", ["png", "jpeg"])
def test_the_place_goes_along_where_the_team_keeps_it(gateway: Gateway, format: str) -> None:
    Team.objects.create(pk=1, keep_place=True)
    picture = Image.open(io.BytesIO(answered(gateway, output_format=format)))
    assert picture.getexif().get_ifd(GPS)[1] == "N"
