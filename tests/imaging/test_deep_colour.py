"""Colours with 16 bits: finer than Pillow's conversion, and never other than it."""

import struct

import numpy as np
import pytest
from PIL import Image

from editor.imaging import colour, deep_colour
from editor.imaging.masters import Master

from .drawing import noise, plain
from .profiles import (
    ADOBE_PRIMARIES,
    SRGB_PRIMARIES,
    cmyk_profile,
    grey_profile,
    one_way_profile,
    parametric_profile,
    rgb_profile,
)

SPACES = {
    "P3, a table": rgb_profile(gamma=None),
    "Adobe-like, one power": rgb_profile(ADOBE_PRIMARIES, gamma=2.2),
    "linear": rgb_profile(gamma=1.0),
    "ProPhoto-like": parametric_profile(3, (1.8, 1.0, 0.0, 0.0625, 0.031248)),
    "power": parametric_profile(0, (2.4,)),
    "sRGB's curve": parametric_profile(3, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)),
    "all seven": parametric_profile(4, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, 0, 0)),
}


@pytest.mark.parametrize("profile", SPACES.values(), ids=SPACES)
def test_16_bits_agree_with_8_for_every_kind_of_curve(profile):
    shown = noise((200, 100))
    deepened = deep_colour.from_srgb(profile)
    assert deepened is not None
    by_pillow = np.asarray(colour.conversion(profile).from_srgb(Image.fromarray(shown)))
    gap = np.abs(deepened(shown) / 257 - by_pillow)
    assert np.percentile(gap, 98) <= 1
    assert gap.max() <= 3  # Pillow's takes deep shadows coarsely where the curve is a mere power


def test_16_bits_tell_apart_what_8_would_make_the_same():
    profile = SPACES["ProPhoto-like"]
    shades = plain((256, 1), (0, 0, 0))
    shades[0] = np.arange(256)[:, None]
    deep = deep_colour.from_srgb(profile)(shades)[0, :, 1].astype(int)
    shallow = np.asarray(colour.conversion(profile).from_srgb(Image.fromarray(shades)))[0, :, 1]
    assert np.all(np.diff(deep) > 0)
    assert len(np.unique(shallow)) < 250


def test_grey_of_the_same_curve_keeps_its_values():
    profile = rgb_profile(SRGB_PRIMARIES, gamma=None, name="Ours by another name")
    shades = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    deep = deep_colour.from_srgb(profile)(shades).astype(int)
    assert np.abs(deep - shades.astype(int) * 257).max() <= 40


def test_black_and_white_are_black_and_white():
    for profile in SPACES.values():
        ends = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)
        deep = deep_colour.from_srgb(profile)(ends)
        assert deep[0, 0].max() <= 60
        assert deep[0, 1].min() >= 65535 - 60


@pytest.mark.parametrize(
    "profile",
    [b"rubbish", b"", b"\0" * 300, one_way_profile(), grey_profile(), cmyk_profile(),
     rgb_profile()[:300], rgb_profile(((0.1, 0.1, 0.1),) * 3)],
)  # fmt: skip
def test_other_profiles_are_left_to_pillow(profile):
    assert deep_colour.from_srgb(profile) is None


def test_profile_whose_parts_lie_elsewhere_raises_nothing():
    whole = rgb_profile()
    for index in range(9):
        for start, size in ((2**31, 20), (0, 0), (len(whole) - 4, 2**31)):
            spoiled = bytearray(whole)
            struct.pack_into(">II", spoiled, 132 + 12 * index + 4, start, size)
            deep_colour.from_srgb(bytes(spoiled))


@pytest.mark.parametrize("channels", [3, 4])
def test_master_of_16_bits_is_given_16_bits_in_its_own_colours(channels):
    profile, shown = SPACES["ProPhoto-like"], noise((300, 600), channels)
    master = Master(np.zeros((4, 4, channels), np.uint16), profile)
    native = master.native(shown)
    assert native.dtype == np.uint16
    assert np.array_equal(native[..., :3], deep_colour.from_srgb(profile)(shown[..., :3]))
    assert np.array_equal(native[..., 3:], shown[..., 3:].astype(np.uint16) * 257)
    assert np.count_nonzero(native[..., :3] % 257) > 0.9 * native[..., :3].size
