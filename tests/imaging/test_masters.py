"""What a picture is put together from: its own colours and depth, and what was written of it."""

import io
import struct
import tracemalloc
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from editor.imaging import colour, extending
from editor.imaging.files import ImageRefused, encode_png, open_picture
from editor.imaging.masters import Master, is_identical_outside, open_master, write_png

from .drawing import box_mask, noise, plain, png_chunk, png_header, png_of, saved, smooth
from .profiles import (
    ADOBE_PRIMARIES,
    P3_PRIMARIES,
    cmyk_profile,
    grey_profile,
    one_way_profile,
    rgb_profile,
    srgb_profile,
)
from .tiffs import tiff

PROFILES = {
    "none": None,
    "sRGB": srgb_profile(),
    "P3": rgb_profile(P3_PRIMARIES, gamma=None),
    "Adobe-like": rgb_profile(ADOBE_PRIMARIES, gamma=2.2),
    "linear": rgb_profile(gamma=1.0),
    "one way": one_way_profile(),
    "grey": grey_profile(),
    "CMYK": cmyk_profile(),
    "rubbish": b"rubbish",
    "zeros": b"\0" * 200,
}
BOUNDS = (7, 3, 31, 18)


def deep_noise(size, channels, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 65536, (size[1], size[0], channels), dtype=np.uint16)


def deep_png(values, *extra):
    """A PNG of 16 bits: grey, grey with alpha, RGB or RGBA."""
    height, width, channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    return png_of(png_header(width, height, 16, kind), rows, *extra)


def assert_shows_what_was_opened(data):
    """The whole and a part of the master's sRGB are what everybody else is given of this file."""
    master, opened = open_master(data), open_picture(data).pixels
    left, top, right, bottom = BOUNDS
    assert np.array_equal(master.srgb(), opened)
    assert np.array_equal(master.srgb(BOUNDS), opened[top:bottom, left:right])
    return master


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_srgb_is_what_opening_gives_for_every_format_and_profile(name, profile):
    image = Image.fromarray(noise((40, 30)))
    assert_shows_what_was_opened(saved(image, name, icc_profile=profile, quality=90))


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "CMYK", "LAB", "I;16"])
@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_srgb_is_what_opening_gives_for_every_mode(mode, profile):
    rgba = Image.fromarray(noise((40, 30), 4))
    if mode == "I;16":
        image = Image.fromarray(deep_noise((40, 30), 1)[..., 0])
    elif mode in ("CMYK", "LAB"):
        image = Image.frombytes(mode, (40, 30), noise((40, 30), len(mode)).tobytes())
    else:
        image = rgba.convert("RGB").convert(mode) if mode == "P" else rgba.convert(mode)
    name = "TIFF" if mode in ("CMYK", "LAB") else "PNG"
    assert_shows_what_was_opened(saved(image, name, icc_profile=profile))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("profile", [None, srgb_profile(), rgb_profile(), grey_profile()])
@pytest.mark.parametrize("orientation", [1, 6, 7])
def test_srgb_is_what_opening_gives_for_16_bits(channels, profile, orientation):
    values = deep_noise((40, 30), channels, seed=channels)
    extra = [png_chunk(b"eXIf", exif_of(orientation))]
    if profile:
        extra.append(png_chunk(b"iCCP", b"x\0\0" + zlib.compress(profile)))
    assert_shows_what_was_opened(deep_png(values, *extra))


def exif_of(orientation, order="<"):
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return mark + struct.pack(order + "IH", 8, 1) + entry + bytes(4)


UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["PNG", "PNG 16", "TIFF", "TIFF 16", "WEBP"])
def test_every_orientation_is_turned_upright_and_every_value_kept(name, orientation):
    wanted = noise((40, 30)) if "16" not in name else deep_noise((40, 30), 3)
    block = exif_of(orientation)
    if name == "PNG 16":
        data = deep_png(wanted, png_chunk(b"eXIf", block))
    elif name.startswith("TIFF"):
        data = tiff(wanted, {0x0112: orientation})
    else:
        data = saved(Image.fromarray(wanted), name, exif=b"Exif\0\0" + block, lossless=True)
    master = assert_shows_what_was_opened(data)
    assert master.pixels.dtype == wanted.dtype
    assert np.array_equal(master.pixels, UPRIGHT[orientation](wanted))


@pytest.mark.parametrize("channels", [3, 4])
def test_png_of_16_bits_keeps_each_of_them(channels):
    values = deep_noise((23, 17), channels)
    assert np.array_equal(open_master(deep_png(values)).pixels, values)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_tiff_of_16_bits_keeps_each_of_them(channels, order):
    values = deep_noise((23, 17), channels)
    extra = {0x0152: 2} if channels == 4 else {}
    master = open_master(tiff(values, extra, order=order))
    wanted = np.repeat(values, 3, axis=2) if channels == 1 else values
    assert np.array_equal(master.pixels, wanted)


@pytest.mark.parametrize("compression", [5, 8, 32773])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_compressed_tiff_of_16_bits_keeps_each_of_them(channels, compression):
    values = deep_noise((40, 30), channels)
    backwards = values[..., [2, 1, 0, 3][:channels]] if channels > 1 else values
    setting = [cv2.IMWRITE_TIFF_COMPRESSION, compression]
    _, data = cv2.imencode(".tif", np.ascontiguousarray(backwards), setting)
    master = assert_shows_what_was_opened(data.tobytes())
    assert np.array_equal(master.pixels, values if channels > 1 else values[..., [0, 0, 0]])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
def test_grey_tiff_of_16_bits_is_turned_upright(order, orientation):
    values = deep_noise((40, 30), 1)
    master = assert_shows_what_was_opened(tiff(values, {0x0112: orientation}, order=order))
    assert np.array_equal(master.pixels, UPRIGHT[orientation](values)[..., [0, 0, 0]])


def test_grey_of_16_bits_becomes_equal_values_of_16_bits():
    values = deep_noise((23, 17), 1)
    master = open_master(deep_png(values))
    assert np.array_equal(master.pixels, np.repeat(values, 3, axis=2))


def test_grey_of_16_bits_with_alpha_keeps_both():
    values = deep_noise((23, 17), 2)
    master = open_master(deep_png(values))
    assert np.array_equal(master.pixels, values[..., [0, 0, 0, 1]])


def test_alpha_that_is_opaque_everywhere_is_dropped_at_16_bits_too():
    values = deep_noise((23, 17), 4)
    values[..., 3] = 65535
    assert np.array_equal(open_master(deep_png(values)).pixels, values[..., :3])


def test_alpha_that_is_opaque_only_to_8_bits_is_kept_as_it_is():
    values = deep_noise((23, 17), 4)
    values[..., 3] = 65400
    master = open_master(deep_png(values))
    assert np.array_equal(master.pixels, values)
    assert np.array_equal(master.srgb()[..., :3], open_picture(deep_png(values)).pixels)
    assert np.all(master.srgb()[..., 3] == 255)


def test_fourth_channel_that_is_no_alpha_is_left_out():
    values = deep_noise((23, 17), 4)
    assert np.array_equal(open_master(tiff(values, {0x0152: 0})).pixels, values[..., :3])


def test_alpha_that_is_multiplied_in_is_read_as_opening_does():
    data = tiff(deep_noise((40, 30), 4), {0x0152: 1})
    assert assert_shows_what_was_opened(data).pixels.dtype == np.uint8


def test_colour_that_stands_for_transparency_does_not_cost_the_16_bits():
    values = deep_noise((40, 30), 3)
    key = struct.pack(">3H", *(int(value) for value in values[0, 0]))
    master = assert_shows_what_was_opened(deep_png(values, png_chunk(b"tRNS", key)))
    assert np.array_equal(master.pixels, values)


def test_picture_keeps_its_own_colours_and_their_profile():
    pixels, profile = noise((40, 30)), rgb_profile()
    master = open_master(saved(Image.fromarray(pixels), icc_profile=profile))
    assert (master.profile, master.is_srgb) == (profile, False)
    assert np.array_equal(master.pixels, pixels)
    assert not np.array_equal(master.srgb(), pixels)


def test_profile_of_srgb_is_kept_to_be_written_and_changes_no_value():
    pixels, profile = noise((40, 30)), srgb_profile()
    master = open_master(saved(Image.fromarray(pixels), icc_profile=profile))
    assert (master.profile, master.is_srgb) == (profile, True)
    assert master.srgb() is not pixels
    assert np.shares_memory(master.srgb(BOUNDS), master.pixels)
    assert np.array_equal(master.native(pixels), pixels)


@pytest.mark.parametrize("name", ["one way", "grey", "CMYK", "rubbish", "zeros"])
def test_profile_that_cannot_be_converted_to_is_not_written_again(name):
    data = saved(Image.fromarray(noise((40, 30))), icc_profile=PROFILES[name])
    assert open_master(data).profile is None


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_grey_with_a_profile_of_grey_keeps_its_values_and_its_looks(mode):
    values = noise((40, 30), 1)[..., 0]
    if mode == "I;16":
        values = deep_noise((40, 30), 1)[..., 0]
    image = Image.fromarray(values).convert(mode) if mode == "LA" else Image.fromarray(values)
    if mode == "LA":
        image.putalpha(Image.fromarray(noise((40, 30), 1, seed=1)[..., 0]))
    master = assert_shows_what_was_opened(saved(image, icc_profile=grey_profile(gamma=1.8)))
    assert np.array_equal(master.pixels[..., :3], np.repeat(values[..., None], 3, axis=2))
    opened = ImageCms.getOpenProfile(io.BytesIO(master.profile))
    assert opened.profile.xcolor_space.strip() == "RGB"
    shown = master.srgb()[..., :3].astype(float)
    light = (values / np.iinfo(values.dtype).max) ** 1.8
    wanted = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255
    assert np.abs(shown - wanted[..., None]).max() <= 2.5
    assert np.all(shown == shown[..., :1])
    stored = write_png(master.pixels, profile=master.profile, exif=None, xmp=None)
    again = open_picture(stored).pixels.astype(int)
    # of 16 bits, grey is rounded to 8, and colours are cut off
    assert np.abs(again - master.srgb()).max() <= (2 if mode == "I;16" else 0)


def test_palette_with_transparency_becomes_rgba():
    image = Image.fromarray(noise((40, 30), 1)[..., 0], "P")
    image.putpalette(bytes(range(256)) * 3)
    master = assert_shows_what_was_opened(saved(image, transparency=7))
    clear = np.asarray(image) == 7
    assert np.array_equal(master.pixels[..., 3] == 0, clear)


def test_cmyk_jpeg_is_as_opening_gives_it():
    image = Image.frombytes("CMYK", (40, 30), noise((40, 30), 4).tobytes())
    for profile in (None, cmyk_profile()):
        master = assert_shows_what_was_opened(saved(image, "JPEG", icc_profile=profile))
        assert (master.profile, master.pixels.dtype) == (None, np.uint8)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_picture_of_one_pixel_is_opened_extended_and_written(channels):
    values = deep_noise((1, 1), channels)
    canvas = open_master(deep_png(values)).extended((1, 2, 3, 4))
    stored = write_png(canvas.pixels, profile=None, exif=None, xmp=None)
    again = open_master(stored)
    assert np.array_equal(again.pixels, canvas.pixels)
    wanted = values[0, 0] if channels > 2 else values[0, 0, [0, 0, 0, 1][: channels + 2]]
    assert np.array_equal(again.pixels[2, 1], wanted)


def test_master_cannot_be_written_to():
    for data in (encode_png(noise((9, 9))), deep_png(deep_noise((9, 9), 3))):
        master = open_master(data)
        with pytest.raises(ValueError, match="read-only"):
            master.pixels[0, 0] = 0
        with pytest.raises(ValueError, match="read-only"):
            master.extended((1, 0, 0, 0)).pixels[0, 0] = 0


@pytest.mark.parametrize("data", [b"", b"rubbish", encode_png(noise((50, 50)))[:-200]])
def test_what_cannot_be_read_is_refused(data):
    with pytest.raises(ImageRefused):
        open_master(data)


def test_master_of_a_path_is_that_of_its_bytes(tmp_path):
    for index, data in enumerate(
        [
            deep_png(deep_noise((40, 30), 3)),
            tiff(deep_noise((40, 30), 3), {0x010F: "Maker"}),
            saved(Image.fromarray(noise((40, 30))), "JPEG"),
        ]
    ):
        path = tmp_path / str(index)
        path.write_bytes(data)
        by_path, by_bytes = open_master(path), open_master(data)
        assert np.array_equal(by_path.pixels, by_bytes.pixels)
        assert by_path.exif == by_bytes.exif


@pytest.mark.parametrize("channels", [3, 4])
def test_colours_brought_to_a_profile_look_the_same_there(channels):
    master = Master(plain((4, 4), (0,) * channels), rgb_profile())
    shown = smooth((60, 40))
    shown = shown if channels == 3 else np.dstack([shown, noise((60, 40), 1)])
    native = master.native(shown)
    assert np.abs(native.astype(int)[..., :3] - shown[..., :3]).max() > 3
    back = Master(native, rgb_profile()).srgb().astype(int)
    assert np.abs(back - shown).max() <= 4
    assert np.abs(back - shown).mean() < 0.3
    assert np.array_equal(native[..., 3:], shown[..., 3:])


def test_8_bits_brought_to_16_show_the_same_8_bits():
    for data in (deep_png(deep_noise((9, 9), 3)), deep_png(deep_noise((9, 9), 1))):
        master, shown = open_master(data), noise((60, 40))
        native = master.native(shown)
        assert native.dtype == np.uint16
        assert np.array_equal(native, shown.astype(np.uint16) * 257)
        assert np.array_equal(Master(native, None, None, master.is_rounded).srgb(), shown)


def test_nothing_is_copied_where_nothing_has_to_be_done():
    master, shown = open_master(encode_png(noise((9, 9)))), noise((60, 40))
    assert master.native(shown) is shown
    assert master.extended((0, 0, 0, 0)) is master


@pytest.mark.parametrize("margins", [(5, 0, 40, 3), (0, 90, 0, 0), (1, 1, 1, 1)])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_canvas_of_a_master_is_that_of_the_picture_and_its_place_the_master(
    dtype, channels, margins
):
    pixels = noise((40, 30), channels) if dtype == np.uint8 else deep_noise((40, 30), channels)
    data = encode_png(pixels) if dtype == np.uint8 else deep_png(pixels)
    master = open_master(data).extended(margins)
    left, top, right, bottom = extending.place_of((40, 30), margins)
    assert np.array_equal(master.pixels[top:bottom, left:right], pixels)
    assert np.array_equal(master.srgb(), extending.extended(open_picture(data).pixels, margins))


def test_canvas_in_other_colours_shows_what_that_of_the_picture_shows():
    data = saved(Image.fromarray(smooth((90, 60))), icc_profile=rgb_profile())
    master = open_master(data).extended((30, 20, 10, 0))
    wanted = extending.extended(open_picture(data).pixels, (30, 20, 10, 0))
    gap = np.abs(master.srgb().astype(int) - wanted)
    assert np.mean(gap) < 0.3
    assert gap.max() <= 6  # in dark blue the profile has fewer values
    assert np.array_equal(master.pixels[20:, 30:-10], smooth((90, 60)))


def test_margins_below_none_are_refused():
    with pytest.raises(ValueError, match="no margins"):
        open_master(encode_png(noise((9, 9)))).extended((-1, 0, 0, 0))


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (301, 203)])
def test_png_written_holds_every_value(channels, deep, size):
    pixels = deep_noise(size, channels) if deep else noise(size, channels)
    stored = write_png(pixels, profile=None, exif=None, xmp=None)
    by_opencv = cv2.imdecode(np.frombuffer(stored, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(by_opencv[..., [2, 1, 0, 3][:channels]], pixels)
    by_pillow = np.asarray(Image.open(io.BytesIO(stored)))
    assert np.array_equal(by_pillow, pixels >> 8 if deep else pixels)


def test_png_of_a_part_of_a_picture_is_that_part():
    pixels = noise((50, 40), 4)
    stored = write_png(pixels[5:30, 7:40, :3], profile=None, exif=None, xmp=None)
    assert np.array_equal(open_picture(stored).pixels, pixels[5:30, 7:40, :3])


@pytest.mark.parametrize("deep", [False, True])
def test_writing_holds_little_beside_the_file(deep):
    pixels = deep_noise((2000, 1500), 3) if deep else noise((2000, 3000))
    tracemalloc.start()
    try:
        stored = write_png(pixels, profile=None, exif=None, xmp=None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(stored) > 0.9 * pixels.nbytes
    assert peak < 1.25 * len(stored) + 15_000_000 < 2.2 * pixels.nbytes


@pytest.mark.parametrize(
    "pixels", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)]
)  # fmt: skip
def test_what_is_no_picture_is_not_written(pixels):
    with pytest.raises(ValueError, match="pixels"):
        write_png(pixels, profile=None, exif=None, xmp=None)


def written(pixels):
    return write_png(pixels, profile=rgb_profile(), exif=exif_of(6), xmp=b"<x/>")


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("deep", [False, True])
def test_one_step_in_one_channel_outside_the_mask_is_found(channels, deep):
    size, mask = (70, 600), box_mask((70, 600), (10, 10, 60, 590))
    pixels = deep_noise(size, channels) if deep else noise(size, channels)
    pixels[..., 3:] = 77
    master = Master(pixels)
    outside = np.count_nonzero(mask == 0)
    changed = pixels.copy()
    changed[mask > 0] += 1
    assert is_identical_outside(master, written(changed), mask) == (True, outside)
    for place in ((0, 0), (599, 69), (300, 9)):
        for channel in range(channels):
            spoiled = changed.copy()
            spoiled[place][channel] ^= 1
            assert is_identical_outside(master, written(spoiled), mask) == (False, outside)


def test_added_alpha_must_be_opaque_outside_the_mask():
    pixels, mask = noise((40, 30)), box_mask((40, 30), (10, 10, 20, 20))
    alpha = np.where(mask, 9, 255).astype(np.uint8)
    master = Master(pixels)
    assert is_identical_outside(master, written(np.dstack([pixels, alpha])), mask) == (True, 1100)
    alpha[0, 0] = 254
    assert is_identical_outside(master, written(np.dstack([pixels, alpha])), mask) == (False, 1100)


def test_lost_alpha_is_a_difference():
    pixels, mask = noise((40, 30), 4), box_mask((40, 30), (10, 10, 20, 20))
    pixels[..., 3] = 255
    assert is_identical_outside(Master(pixels), written(pixels[..., :3]), mask) == (False, 1100)


def test_other_depth_size_or_rubbish_is_not_identical():
    pixels, mask = noise((40, 30)), box_mask((40, 30), (0, 0, 40, 30))
    whole = written(pixels)
    others = [
        written(pixels.astype(np.uint16) * 257),
        written(noise((41, 30))),
        whole[: len(whole) // 2],
        whole[:-12],
        whole[:3000] + bytes([whole[3000] ^ 1]) + whole[3001:],
        b"",
        b"rubbish",
        saved(Image.fromarray(pixels[..., 0], "L")),
    ]
    assert is_identical_outside(Master(pixels), whole, mask) == (True, 0)
    for other in others:
        assert is_identical_outside(Master(pixels), other, mask) == (False, 0)


def test_conversion_is_made_once_for_a_profile():
    profile = rgb_profile(name="Made once")
    colour.conversion.cache_clear()
    for _ in range(3):
        Master(noise((9, 9)), profile).srgb()
    assert colour.conversion.cache_info().misses == 1
