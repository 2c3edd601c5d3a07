import json
import os
import time
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from editor.imaging import selecting
from editor.imaging.refusals import ImageRefused
from editor.imaging.selecting import TookTooLong, Wish, select_apart, selected, working_size

from .drawing import disc_mask, noise, saved

SIZE = (1600, 1000)
DISC, RADIUS = (600, 500), 260
AROUND = (300, 200, 900, 800)


def scene(size=SIZE, grain=0):
    """A blue disc and a red square on a grey ground that is lit from one side."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8) + 150
    pixels = (pixels * np.linspace(0.7, 1.2, size[0])[None, :, None]).astype(np.uint8)
    pixels[disc_mask(size, DISC, RADIUS) > 0] = (30, 60, 170)
    pixels[400:600, 1200:1400] = (190, 40, 30)
    if grain:
        rng = np.random.default_rng(3)
        pixels = np.clip(pixels + rng.normal(0, grain, pixels.shape), 0, 255).astype(np.uint8)
    return pixels


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.webp"
    path.write_bytes(saved(Image.fromarray(scene()), "WEBP", quality=82))
    return path


def small(mask):
    return cv2.resize(mask, working_size(SIZE), interpolation=cv2.INTER_AREA) >= 128


def overlap(found, wanted):
    found = found > 0
    return np.count_nonzero(found & wanted) / np.count_nonzero(found | wanted)


def test_a_thing_is_found_in_the_box_around_it(picture):
    found = select_apart(picture, Wish(of=SIZE, box=AROUND))
    assert found.shape == (320, 512)
    assert set(np.unique(found)) == {0, 255}
    assert overlap(found, small(disc_mask(SIZE, DISC, RADIUS))) > 0.97


def test_a_thing_is_found_on_a_grainy_picture(tmp_path):
    path = tmp_path / "grainy.png"
    path.write_bytes(saved(Image.fromarray(scene(grain=30))))
    found = select_apart(path, Wish(of=SIZE, box=AROUND))
    assert overlap(found, small(disc_mask(SIZE, DISC, RADIUS))) > 0.95


def test_the_same_wish_gets_the_same_answer(picture):
    wish = Wish(of=SIZE, box=AROUND)
    assert np.array_equal(select_apart(picture, wish), select_apart(picture, wish))


def test_a_line_adds_what_the_box_left_out_and_keeps_what_was_found(picture):
    first = select_apart(picture, Wish(of=SIZE, box=AROUND))
    wish = Wish(
        of=SIZE, box=AROUND, previous=first, brush=40,
        plus=[[(1220, 420), (1380, 420), (1380, 580), (1220, 580), (1220, 500), (1380, 500)]],
    )  # fmt: skip
    found = select_apart(picture, wish)
    square = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    square[430:570, 1230:1370] = 255
    assert np.count_nonzero(found[small(square)]) > 0.8 * np.count_nonzero(small(square))
    disc = small(disc_mask(SIZE, DISC, RADIUS))
    assert np.count_nonzero(found[disc]) > 0.95 * np.count_nonzero(disc)


def test_a_line_beside_the_thing_takes_away_what_is_under_it(picture):
    first = select_apart(picture, Wish(of=SIZE, box=(200, 100, 1500, 900)))
    square = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    square[410:590, 1210:1390] = 255
    assert np.count_nonzero(first[small(square)]) > 0
    wish = Wish(
        of=SIZE, box=(200, 100, 1500, 900), previous=first, brush=150,
        minus=[[(1240, 440), (1360, 440), (1360, 560), (1240, 560), (1300, 500)]],
    )  # fmt: skip
    found = select_apart(picture, wish)
    assert np.count_nonzero(found[small(square)]) == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (7, 3), (40, 40)])
def test_a_picture_of_hardly_any_pixels_gives_a_mask_of_its_size(tmp_path, size):
    path = tmp_path / "tiny.png"
    path.write_bytes(saved(Image.fromarray(noise(size))))
    found = select_apart(path, Wish(of=size, box=(0, 0, *size)))
    assert (found.shape[1], found.shape[0]) == working_size(size)


def test_where_all_is_of_one_colour_the_box_is_what_is_selected():
    pixels = np.full((100, 200, 3), 90, np.uint8)
    found = selected(pixels, Wish(of=(200, 100), box=(50, 20, 150, 80)))
    assert np.count_nonzero(found[:, :50]) == np.count_nonzero(found[:20]) == 0
    assert found.max() in (0, 255)


def test_what_is_transparent_is_ground():
    pixels = np.zeros((100, 100, 4), np.uint8)
    pixels[..., :3] = (200, 30, 30)
    pixels[30:70, 30:70, 3] = 255
    found = selected(pixels, Wish(of=(100, 100), box=(20, 20, 80, 80)))
    wanted = pixels[..., 3] > 0
    assert overlap(found, wanted) > 0.9


@pytest.mark.parametrize("data", [b"", b"rubbish", b"\x89PNG\r\n\x1a\n" + b"x" * 100])
def test_what_is_no_picture_is_refused(tmp_path, data):
    path = tmp_path / "rubbish"
    path.write_bytes(data)
    with pytest.raises(ImageRefused):
        select_apart(path, Wish(of=SIZE, box=AROUND))


def children_of(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(each) for each in (task / "children").read_text().split()]
    return found


def nurseries():
    return [
        pid
        for pid in children_of(os.getpid())
        if b"editor.imaging.child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def test_a_picture_that_takes_too_long_is_given_up_and_its_work_is_ended(picture, tmp_path):
    select_apart(picture, Wish(of=SIZE, box=AROUND))  # what is imported once is imported now
    slow = tmp_path / "slow.png"
    slow.write_bytes(saved(Image.fromarray(noise((2048, 2048)))))
    started = time.monotonic()
    with pytest.raises(TookTooLong):
        select_apart(slow, Wish(of=(2048, 2048), box=(10, 10, 2000, 2000)), seconds=0.05)
    assert time.monotonic() - started < 2
    deadline = time.monotonic() + 5
    while any(children_of(pid) for pid in nurseries()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [children_of(pid) for pid in nurseries()] == [[] for _ in nurseries()]


def test_a_hostile_picture_cannot_take_longer_than_five_seconds(tmp_path):
    """Noise with no thing in it is the longest that the algorithm can be kept busy with."""
    path = tmp_path / "noise.png"
    path.write_bytes(saved(Image.fromarray(noise((2048, 2048)))))
    started = time.monotonic()
    with suppress(TookTooLong):
        select_apart(path, Wish(of=(4000, 4000), box=(100, 100, 3900, 3900)))
    assert time.monotonic() - started < selecting.SECONDS + 1


def test_a_file_with_more_pixels_than_may_be_read_is_refused_and_not_decoded(tmp_path):
    from .drawing import png_header, png_of

    path = tmp_path / "bomb.png"
    path.write_bytes(png_of(png_header(60_000, 60_000), b"\0" * 1000))
    with pytest.raises(ImageRefused):
        select_apart(path, Wish(of=SIZE, box=AROUND))


def test_a_wish_reaches_the_other_process_as_it_is(tmp_path):
    previous = np.where(np.random.default_rng(1).random((320, 512)) < 0.5, 255, 0)
    wish = Wish(
        of=SIZE, box=AROUND, plus=[[(1.5, 2.5), (3, 4)]], minus=[[(9, 9)]], brush=12.5,
        previous=previous.astype(np.uint8),
    )  # fmt: skip
    selecting._write(wish, tmp_path)
    found = selecting._read(tmp_path)
    assert np.array_equal(found.previous, wish.previous)
    assert (found.of, tuple(found.box), found.brush) == (SIZE, AROUND, 12.5)
    assert json.dumps(found.plus) == json.dumps([[[1.5, 2.5], [3, 4]]])
