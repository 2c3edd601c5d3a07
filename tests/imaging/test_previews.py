import base64
import io

import numpy as np
from PIL import Image

from editor.imaging.previews import previews_of

from .drawing import plain, smooth


def test_previews_of_our_own_pixels_have_the_promised_sides():
    made = previews_of(smooth((3000, 2000)))
    sizes = {name: Image.open(io.BytesIO(data)).size for name, data in made.files.items()}
    assert sizes == {
        "preview.webp": (2048, 1365),
        "thumb.webp": (512, 341),
        "thumb_small.webp": (320, 213),
    }
    assert (made.preview_size, made.thumb_size) == ((2048, 1365), (512, 341))


def test_previews_show_the_pixels():
    made = previews_of(smooth((3000, 2000)))
    thumb = np.asarray(Image.open(io.BytesIO(made.files["thumb.webp"])))
    assert np.abs(thumb.astype(int) - smooth((512, 341))).mean() < 3


def test_placeholder_is_a_tiny_picture_of_the_same_colours():
    made = previews_of(plain((1000, 500), (200, 40, 30)))
    head, _, data = made.placeholder.partition(",")
    tiny = Image.open(io.BytesIO(base64.b64decode(data)))
    assert head == "data:image/webp;base64"
    assert tiny.size == (16, 8)
    assert np.abs(np.asarray(tiny).astype(int) - (200, 40, 30)).max() <= 12


def test_previews_of_one_pixel_and_of_a_long_strip():
    assert previews_of(plain((1, 1), (1, 2, 3))).preview_size == (1, 1)
    made = previews_of(plain((6000, 2), (1, 2, 3)))
    assert (made.preview_size, made.thumb_size) == ((2048, 1), (512, 1))


def test_alpha_is_kept_in_previews():
    made = previews_of(plain((600, 600), (200, 10, 10, 90)))
    thumb = np.asarray(Image.open(io.BytesIO(made.files["thumb.webp"])))
    assert np.abs(thumb[..., 3].astype(int) - 90).max() <= 2
