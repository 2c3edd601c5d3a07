"""What of a source's EXIF goes along into what is made from it."""

import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from editor.imaging.exif import tidied
from editor.imaging.files import encode_png
from editor.imaging.masters import open_master

from .drawing import noise, saved
from .tiffs import directories, tiff

MAKE, MODEL, TURN, WHEN, ARTIST = 0x010F, 0x0110, 0x0112, 0x0132, 0x013B
CAMERA, PLACE, EXCHANGE = 0x8769, 0x8825, 0xA005
EXPOSURE, SPEED, MAKERS_NOTE, WIDTH, COMMENT = 0x829A, 0x8827, 0x927C, 0xA002, 0x9286
LATITUDE = 0x0002


def block(order="<"):
    return directories(
        {
            MAKE: "Kamera & Söhne",
            MODEL: "Z",
            TURN: 6,
            WHEN: "2026:11:21 12:00:00",
            CAMERA: {
                EXPOSURE: [(1, 250)],
                SPEED: 400,
                MAKERS_NOTE: b"secret note" * 20,
                WIDTH: 6000,
                EXCHANGE: {0x0001: "R98"},
            },
            PLACE: {0x0001: "N", LATITUDE: [(52, 1), (31, 1), (12, 1)]},
        },
        order=order,
        following={0x0201: 1234, 0x0202: 99},
    )


def read(data):
    """By Pillow: (first directory, the camera's, the place's, the exchange's), without pointers."""
    found = Image.Exif()
    found.load(b"Exif\0\0" + data)
    parts = [dict(found), *(dict(found.get_ifd(tag)) for tag in (CAMERA, PLACE, EXCHANGE))]
    return tuple(
        {tag: value for tag, value in part.items() if tag not in (CAMERA, PLACE, EXCHANGE)}
        for part in parts
    )


@pytest.mark.parametrize("order", ["<", ">"])
def test_what_the_camera_wrote_is_kept(order):
    picture, camera, _, exchange = read(tidied(block(order)))
    assert (picture[MODEL], picture[WHEN]) == ("Z", "2026:11:21 12:00:00")
    assert (camera[EXPOSURE], camera[SPEED]) == (1 / 250, 400)
    assert exchange == {1: "R98"}
    assert tidied(block(order))[:2] == (b"II" if order == "<" else b"MM")


def test_text_is_kept_byte_by_byte():
    assert "Kamera & Söhne".encode() in tidied(block())


def test_orientation_thumbnail_size_and_makers_note_are_left_out():
    data = tidied(block())
    picture, camera, _, _ = read(data)
    assert TURN not in picture
    assert not {MAKERS_NOTE, WIDTH} & camera.keys()
    assert b"secret" not in data
    entries = struct.unpack_from("<H", data, 8)[0]
    assert struct.unpack_from("<I", data, 10 + 12 * entries) == (0,)


def test_place_is_left_out_unless_asked_for():
    without, kept = tidied(block()), tidied(block(), keep_place=True)
    assert read(without)[2] == {}
    assert struct.pack("<2I", 31, 1) not in without
    assert read(kept)[2] == {1: "N", LATITUDE: (52.0, 31.0, 12.0)}
    assert read(kept)[:2] == read(without)[:2]


def test_tidying_twice_changes_nothing_more():
    once = tidied(block(), keep_place=True)
    assert tidied(once, keep_place=True) == once
    assert tidied(b"Exif\0\0" + once, keep_place=True) == once


def test_block_that_tells_only_the_orientation_is_dropped():
    assert tidied(directories({TURN: 6})) is None


@pytest.mark.parametrize(
    "rubbish",
    [b"", b"Exif\0\0", b"II", b"rubbish" * 40, b"II*\0" + b"\xff" * 40, b"MM\0*\0\0\0\x08\xff\xff" * 9,
     b"II+\0" + bytes(60)],
)  # fmt: skip
def test_rubbish_is_dropped(rubbish):
    assert tidied(rubbish) is None


def test_value_that_points_outside_is_dropped_and_the_others_are_kept():
    data = bytearray(block())
    at = data.index(struct.pack("<HH", MAKE, 2))
    struct.pack_into("<I", data, at + 8, 2**31)
    picture, camera, _, _ = read(tidied(data))
    assert MAKE not in picture
    assert (picture[MODEL], camera[SPEED]) == ("Z", 400)


def test_directory_that_points_to_itself_is_read_once():
    data = bytearray(block())
    at = data.index(struct.pack("<HH", CAMERA, 4))
    struct.pack_into("<I", data, at + 8, 8)
    assert len(tidied(data)) < 2 * len(data)


def test_block_always_fits_a_segment_of_a_jpeg():
    large = {COMMENT + index: b"x" * 15_000 for index in range(8)} | {SPEED: 400}
    data = tidied(directories({MODEL: "Z", CAMERA: large}))
    assert 40_000 < len(data) <= 60_000
    picture, camera, _, _ = read(data)
    assert (picture[MODEL], camera[SPEED]) == ("Z", 400)


def test_one_huge_value_is_dropped_alone():
    data = tidied(directories({MODEL: "Z", ARTIST: "x" * 70_000}))
    assert read(data)[0] == {MODEL: "Z"}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_is_spoiled_nothing_is_raised_and_what_is_left_can_be_tidied_again(data):
    spoiled = bytearray(block(data.draw(st.sampled_from("<>"))))
    for _ in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.integers(0, len(spoiled) - 1))
        spoiled[place] = data.draw(st.integers(0, 255))
    kept = tidied(bytes(spoiled[: data.draw(st.integers(0, len(spoiled)))]), keep_place=True)
    if kept is not None:
        assert len(kept) <= 60_000
        assert tidied(kept, keep_place=True) == kept


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_master_carries_the_tidied_block_of_every_format(name):
    data = saved(Image.fromarray(noise((40, 30))), name, exif=b"Exif\0\0" + block())
    # by value: Pillow puts the block of an AVIF together anew, and turns what is not ASCII into "?"
    for keep_place in (False, True):
        kept = read(open_master(data, keep_place=keep_place).exif)
        wanted = read(tidied(block(), keep_place=keep_place))
        assert kept[1:] == wanted[1:]
        assert (kept[0][MODEL], kept[0].keys()) == ("Z", wanted[0].keys())
    assert open_master(data).size == (30, 40)


def test_master_of_a_tiff_carries_what_stands_in_the_file_itself():
    data = tiff(noise((40, 30)), {MAKE: "Maker", TURN: 6, CAMERA: {SPEED: 400}, 0x830E: b"place"})
    picture, camera, _, _ = read(open_master(data).exif)
    assert (picture, camera) == ({MAKE: "Maker"}, {SPEED: 400})


@pytest.mark.parametrize("rubbish", [b"Exif\0\0rubbish", b"\xff" * 400])
def test_master_of_a_photo_with_broken_exif_has_none(rubbish):
    data = saved(Image.fromarray(noise((40, 30))), "JPEG", exif=rubbish)
    assert open_master(data).exif is None


def test_block_written_into_a_png_is_found_there():
    data = encode_png(noise((9, 9)), exif=tidied(block()))
    assert Image.open(io.BytesIO(data)).getexif()[MODEL] == "Z"
    assert open_master(data).exif == tidied(block())
