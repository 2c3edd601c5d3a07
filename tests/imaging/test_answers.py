"""What providers send that is not what was asked for: usable pixels in the end, or a named refusal."""

import io
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from editor.imaging import oddities
from editor.imaging.files import ImageRefused, Limits, Picture, encode_png, open_untrusted
from editor.imaging.fitting import fitted
from editor.imaging.framing import Frame
from editor.imaging.masters import Master
from editor.imaging.scenes import scene
from editor.imaging.stitching import Answer, stitch

from .drawing import disc_mask, saved

SIZE = (480, 320)
MASK = disc_mask(SIZE, (240, 160), 70)
FRAME = Frame((0, 0, *SIZE), SIZE)


@cache
def source():
    pixels = scene(SIZE, 6, family="city")
    pixels.setflags(write=False)
    return pixels


@cache
def sent() -> bytes:
    """An answer as it should be: something else in the mask, the rest as it was."""
    pixels = source().copy()
    pixels[MASK > 0] = 255 - pixels[MASK > 0]
    return encode_png(pixels)


def opened(data: bytes, folder: Path, limits: Limits | None = None) -> Picture:
    path = folder / "answer"
    path.write_bytes(data)
    return open_untrusted(path, limits)


def came(name: str, folder: Path) -> Picture:
    return opened(oddities.odd(sent(), name), folder)


def wanted():
    return Image.open(io.BytesIO(sent()))


def off(picture: Picture) -> float:
    return float(np.abs(picture.pixels.astype(int) - np.asarray(wanted())).mean())


def test_answer_of_16_bits_is_read_as_8(tmp_path):
    picture = came("16-bit", tmp_path)
    assert picture.pixels.dtype == np.uint8
    assert off(picture) == 0


def test_answer_of_16_bits_with_alpha_keeps_both(tmp_path):
    alpha = np.linspace(0, 255, SIZE[0]).astype(np.uint8)[None, :].repeat(SIZE[1], 0)
    data = encode_png(np.dstack([source(), alpha]))
    picture = opened(oddities.odd(data, "16-bit"), tmp_path)
    assert np.array_equal(picture.pixels, np.dstack([source(), alpha]))


def test_answer_for_print_becomes_srgb(tmp_path):
    """Inks without a profile are taken as on paper, where no colour is as vivid: near, not equal."""
    picture = came("cmyk", tmp_path)
    assert picture.pixels.shape == source().shape
    assert 0 < off(picture) < 25


def test_animated_answer_is_its_first_frame(tmp_path):
    picture = came("animated", tmp_path)
    assert picture.frames == 3
    assert off(picture) == 0


@pytest.mark.parametrize("name", ["GIF", "WEBP"])
def test_animated_answer_of_other_formats_is_its_first_frame(name, tmp_path):
    later = [Image.fromarray(255 - source())]
    data = saved(wanted(), name, save_all=True, append_images=later, duration=100)
    picture = opened(data, tmp_path)
    assert picture.frames == 2
    assert off(picture) < 12


def test_answer_with_a_profile_is_converted_to_srgb(tmp_path):
    data = oddities.odd(sent(), "profile")
    raw = np.asarray(Image.open(io.BytesIO(data))).astype(int)
    assert np.abs(raw - np.asarray(wanted())).mean() > 1
    assert off(opened(data, tmp_path)) < 0.5


def test_truncated_answer_is_refused_by_name(tmp_path):
    with pytest.raises(ImageRefused) as refused:
        came("truncated", tmp_path)
    assert refused.value.code == "truncated"


def test_answer_of_100_megapixels_is_refused_before_it_is_decoded(tmp_path):
    """64 megapixels are the most that are decoded. The sentence says how large it is."""
    with pytest.raises(ImageRefused) as refused:
        came("huge", tmp_path)
    assert refused.value.code == "too_many_pixels"
    assert refused.value.facts["width"] * refused.value.facts["height"] >= 100_000_000
    assert refused.value.peak_bytes < 100_000_000


def test_answer_just_within_the_limit_is_decoded(tmp_path):
    limits = Limits(max_pixels=SIZE[0] * SIZE[1])
    assert off(opened(sent(), tmp_path, limits)) == 0
    with pytest.raises(ImageRefused):
        opened(sent(), tmp_path, Limits(max_pixels=SIZE[0] * SIZE[1] - 1))


@pytest.mark.parametrize(
    ("name", "how", "flag"),
    [
        ("rotated", "turned", "turned"),
        ("mirrored", "mirrored", "mirrored"),
        ("other", "", "another_picture"),
        ("other-size", "resized", ""),
        ("other-aspect", "stretched", ""),
        ("black", "", "blank"),
        ("transparent", "", "blank"),
        ("animated", "", ""),
        ("16-bit", "", ""),
        ("cmyk", "", ""),
        ("profile", "", ""),
    ],
)
def test_what_came_is_recognised_for_what_it_is(name, how, flag, tmp_path):
    found = fitted(came(name, tmp_path).pixels, source(), MASK)
    assert (found.how, found.flag) == (how, flag)


@pytest.mark.parametrize(
    "name", [name for name in oddities.NAMES if name not in ("truncated", "huge")]
)
@pytest.mark.parametrize("finish", ["natural", "model", "hard"])
def test_whatever_came_nothing_outside_of_the_mask_changes(name, finish, tmp_path):
    answer = Answer(came(name, tmp_path).pixels, FRAME)
    stitched = stitch(Master(source()), [answer], MASK, finish=finish)
    assert stitched.pixels.shape == source().shape
    assert np.array_equal(stitched.pixels[MASK == 0], source()[MASK == 0])


@pytest.mark.parametrize("name", ["rotated", "mirrored", "16-bit", "profile", "animated"])
def test_what_was_asked_for_is_in_the_mask_all_the_same(name, tmp_path):
    answer = Answer(came(name, tmp_path).pixels, FRAME)
    stitched = stitch(Master(source()), [answer], MASK)
    core = disc_mask(SIZE, (240, 160), 50) > 0
    assert np.abs(stitched.pixels[core].astype(int) - np.asarray(wanted())[core]).mean() < 4
