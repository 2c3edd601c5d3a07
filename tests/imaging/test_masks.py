import io

import cv2
import numpy as np
import pytest
from PIL import Image

from editor.imaging import masks

from .drawing import box_mask, disc_mask, noise, png_header, png_of, saved

SIZE = (40, 30)
BOX = (5, 6, 20, 17)


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
@pytest.mark.parametrize("saved_as", [{"name": "PNG"}, {"name": "WEBP", "lossless": True}])
def test_white_means_change_in_every_mode(mode, saved_as):
    mask = box_mask(SIZE, BOX)
    data = saved(Image.fromarray(mask).convert(mode), **saved_as)
    assert np.array_equal(masks.read_mask(data, SIZE), mask)


def test_grey_is_split_at_128():
    grey = np.tile(np.array([0, 127, 128, 255], np.uint8), (3, 1))
    mask = masks.read_mask(saved(Image.fromarray(grey)), (4, 3))
    assert mask[0].tolist() == [0, 0, 255, 255]


def test_sixteen_bit_grey_is_scaled_not_clipped():
    grey = np.tile(np.array([0, 300, 32000, 33000, 65535], np.uint16), (3, 1))
    mask = masks.read_mask(saved(Image.fromarray(grey)), (5, 3))
    assert mask[0].tolist() == [0, 0, 0, 255, 255]


def test_transparent_white_is_not_painted():
    rgba = np.full((*SIZE[::-1], 4), 255, np.uint8)
    rgba[..., 3] = box_mask(SIZE, BOX)
    data = saved(Image.fromarray(rgba))
    assert np.array_equal(masks.read_mask(data, SIZE), box_mask(SIZE, BOX))


def test_jpeg_mask_is_read_without_grey_edges():
    mask = box_mask((64, 64), (16, 16, 48, 48))
    read = masks.read_mask(saved(Image.fromarray(mask), "JPEG", quality=95), (64, 64))
    assert np.array_equal(read, mask)


@pytest.mark.parametrize("wrong", [(30, 40), (41, 30), (40, 29), (80, 60)])
def test_mask_of_another_size_is_refused_with_both_sizes(wrong):
    data = saved(Image.fromarray(box_mask(wrong, (1, 1, 3, 3))))
    with pytest.raises(masks.MaskRefused) as refused:
        masks.read_mask(data, SIZE)
    assert refused.value.code == "wrong_size"
    assert refused.value.facts == {"found": wrong, "wanted": SIZE}
    assert f"{wrong[0]} x {wrong[1]}" in str(refused.value)


def test_vast_mask_is_refused_by_its_header():
    data = png_of(png_header(60_000, 60_000, bits=1), b"")
    with pytest.raises(masks.MaskRefused, match="60000 x 60000"):
        masks.read_mask(data, SIZE)


@pytest.mark.parametrize("data", [b"", b"hello", b"<svg/>", b"\x89PNG\r\n\x1a\n", b"GIF89a/*"])
def test_rubbish_is_not_a_mask(data):
    with pytest.raises(masks.MaskRefused) as refused:
        masks.read_mask(data, SIZE)
    assert refused.value.code == "not_a_mask"


def test_formats_beyond_png_webp_and_jpeg_are_not_masks():
    data = saved(Image.fromarray(box_mask(SIZE, BOX)), "BMP")
    with pytest.raises(masks.MaskRefused, match="PNG, WebP or JPEG"):
        masks.read_mask(data, SIZE)


def test_truncated_mask_is_refused():
    data = saved(Image.fromarray(noise(SIZE)[..., 0]))
    with pytest.raises(masks.MaskRefused):
        masks.read_mask(data[: len(data) // 2], SIZE)


def test_empty_mask_is_refused_as_empty():
    with pytest.raises(masks.MaskRefused) as refused:
        masks.require_area(np.zeros((5, 5), np.uint8))
    assert refused.value.code == "empty"
    masks.require_area(box_mask((5, 5), (4, 4, 5, 5)))


def test_mask_over_everything_is_refused_as_covers_all():
    with pytest.raises(masks.MaskRefused) as refused:
        masks.require_surroundings(np.full((5, 5), 255, np.uint8))
    assert refused.value.code == "covers_all"
    masks.require_surroundings(box_mask((5, 5), (0, 0, 5, 4)))


def test_share_counts_masked_pixels():
    assert masks.share(box_mask((10, 10), (0, 0, 5, 4))) == pytest.approx(0.2)


def test_bounds_are_exclusive_on_the_right_and_bottom():
    assert masks.bounds(box_mask(SIZE, BOX)) == BOX
    assert masks.bounds(box_mask(SIZE, (39, 29, 40, 30))) == (39, 29, 40, 30)
    assert masks.bounds(np.zeros((30, 40), np.uint8)) is None


def test_grow_adds_exactly_the_pixels_within_the_radius():
    dot = box_mask((41, 41), (20, 20, 21, 21))
    assert np.array_equal(masks.grow(dot, 7), disc_mask((41, 41), (20, 20), 7))


def test_grow_stops_at_the_picture_and_keeps_the_given_mask():
    mask = box_mask(SIZE, (0, 0, 4, 4))
    before = mask.copy()
    grown = masks.grow(mask, 3)
    assert masks.bounds(grown) == (0, 0, 7, 7)
    assert np.array_equal(mask, before)


@pytest.mark.parametrize("radius", [1, 9, 40])
def test_a_mask_taller_than_a_strip_grows_as_if_it_were_grown_at_once(radius):
    rng = np.random.default_rng(radius)
    mask = np.where(rng.random((2500, 60)) < 0.002, 255, 0).astype(np.uint8)
    apart = cv2.distanceTransform(255 - mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    assert np.array_equal(masks.grow(mask, radius) > 0, apart <= radius)


def test_bounds_of_a_grown_mask_are_known_without_growing_it():
    mask = box_mask((90, 70), (5, 20, 30, 68))
    for radius in (0, 1, 4, 30):
        grown = masks.bounds(masks.grow(mask, radius))
        assert grown == masks.grown_bounds((5, 20, 30, 68), radius, (90, 70))


def test_grow_of_an_empty_mask_is_empty():
    assert not masks.grow(np.zeros((9, 9), np.uint8), 4).any()


def test_grow_radius_follows_the_diagonal_of_the_mask():
    assert masks.grow_radius((0, 0, 3, 4)) == 4
    assert masks.grow_radius((0, 0, 600, 800)) == 4 + 4


def test_api_mask_is_transparent_where_the_mask_says_change():
    mask = box_mask(SIZE, BOX)
    image = Image.open(io.BytesIO(masks.api_mask_png(mask)))
    assert (image.mode, image.size) == ("RGBA", SIZE)
    alpha = np.asarray(image)[..., 3]
    assert np.array_equal(alpha == 0, mask == 255)
    assert set(np.unique(alpha)) == {0, 255}


def test_api_mask_comes_back_as_the_same_mask():
    mask = disc_mask(SIZE, (20, 15), 9)
    assert np.array_equal(masks.api_mask_to_mask(masks.api_mask_png(mask), SIZE), mask)


def test_api_mask_of_the_finest_noise_stays_below_four_megabytes():
    mask = np.where(noise((3840, 2160), 1)[..., 0] < 128, 255, 0).astype(np.uint8)
    assert len(masks.api_mask_png(mask)) < masks.MAX_API_MASK_BYTES


def test_alpha_mask_without_transparency_is_refused():
    data = saved(Image.fromarray(box_mask(SIZE, BOX)))
    with pytest.raises(masks.MaskRefused, match="transparent"):
        masks.read_alpha_mask(data, SIZE)


def test_half_transparent_pixels_are_split_at_128():
    rgba = np.zeros((2, 4, 4), np.uint8)
    rgba[..., 3] = [0, 127, 128, 255]
    mask = masks.read_alpha_mask(saved(Image.fromarray(rgba)), (4, 2))
    assert mask[0].tolist() == [255, 255, 0, 0]


def test_stored_mask_is_one_bit_and_reads_back():
    mask = disc_mask(SIZE, (20, 15), 9)
    data = masks.mask_png(mask)
    assert Image.open(io.BytesIO(data)).mode == "1"
    assert np.array_equal(masks.read_mask(data, SIZE), mask)
