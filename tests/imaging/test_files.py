"""Which files become which pixels."""

import errno
import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from editor.imaging import large_webp
from editor.imaging.files import (
    ImageRefused,
    Limits,
    encode_jpeg,
    encode_png,
    encode_webp,
    ingest,
    open_picture,
    open_untrusted,
    sniff,
    with_alpha,
)

from .drawing import noise, plain, png_of, saved, smooth

LEFT_TOP, RIGHT_TOP = (220, 30, 40), (30, 200, 60)
LEFT_BOTTOM, RIGHT_BOTTOM = (40, 60, 210), (230, 210, 50)


def four_corners(size=(60, 40)):
    """A colour in each quarter, so that every turn shows."""
    width, height = size
    pixels = plain(size, RIGHT_BOTTOM)
    pixels[: height // 2, : width // 2] = LEFT_TOP
    pixels[: height // 2, width // 2 :] = RIGHT_TOP
    pixels[height // 2 :, : width // 2] = LEFT_BOTTOM
    return pixels


def assert_close(pixels, wanted, within=6):
    """Equal but for what lossy encoding does at the edges between colours."""
    assert pixels.shape == wanted.shape
    gap = np.abs(pixels.astype(int) - wanted).max(axis=2)
    assert np.count_nonzero(gap > within) <= 0.2 * gap.size


@pytest.mark.parametrize(
    ("name", "saving", "format_name"),
    [
        ("PNG", {}, "png"),
        ("JPEG", {"quality": 95, "subsampling": 0}, "jpeg"),
        ("JPEG", {"quality": 95, "progressive": True}, "jpeg"),
        ("WEBP", {"lossless": True}, "webp"),
        ("WEBP", {"quality": 95}, "webp"),
        ("AVIF", {"quality": 95}, "avif"),
        ("GIF", {}, "gif"),
        ("TIFF", {}, "tiff"),
        ("TIFF", {"compression": "tiff_lzw"}, "tiff"),
        ("TIFF", {"compression": "jpeg", "quality": 95}, "tiff"),
    ],
)
def test_each_format_gives_the_drawn_colours(name, saving, format_name):
    picture = open_picture(saved(Image.fromarray(four_corners()), name, **saving))
    assert (picture.format, picture.size, picture.has_alpha) == (format_name, (60, 40), False)
    assert picture.frames == 1
    assert_close(picture.pixels, four_corners())


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(name, orientation, tmp_path):
    undo = [
        None,
        Image.Transpose.FLIP_LEFT_RIGHT,
        Image.Transpose.ROTATE_180,
        Image.Transpose.FLIP_TOP_BOTTOM,
        Image.Transpose.TRANSPOSE,
        Image.Transpose.ROTATE_90,
        Image.Transpose.TRANSVERSE,
        Image.Transpose.ROTATE_270,
    ][orientation - 1]
    image = Image.fromarray(four_corners())
    stored = image.transpose(undo) if undo is not None else image
    exif = Image.Exif()
    exif[0x0112] = orientation
    settings = {"quality": 95} if name != "TIFF" else {}
    data = saved(stored, name, exif=exif, **settings)
    assert_close(open_picture(data).pixels, four_corners())
    path = tmp_path / "upload"
    path.write_bytes(data)
    assert ingest(path, tmp_path).size == (60, 40)
    assert_close(np.asarray(Image.open(tmp_path / "preview.webp")), four_corners(), within=12)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_is_ignored():
    data = saved(Image.fromarray(four_corners()), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert_close(open_picture(data).pixels, four_corners(), within=12)


def linear_light_profile() -> bytes:
    """A profile in which grey values mean light linearly, written by hand: little else to test."""
    tags = {b"rXYZ": (0.4360, 0.2225, 0.0139), b"gXYZ": (0.3851, 0.7169, 0.0971)}
    tags |= {b"bXYZ": (0.1431, 0.0606, 0.7141), b"wtpt": (0.9642, 1.0, 0.8249)}
    blobs = {
        name: b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in xyz))
        for name, xyz in tags.items()
    }
    blobs |= {name: b"curv\0\0\0\0" + struct.pack(">I", 0) for name in (b"rTRC", b"gTRC", b"bTRC")}
    text = b"Linear"
    blobs[b"desc"] = b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0" * 79
    blobs[b"cprt"] = b"text\0\0\0\0none\0\0\0\0"
    position = 128 + 4 + 12 * len(blobs)
    table, body = struct.pack(">I", len(blobs)), b""
    for name, blob in blobs.items():
        table += name + struct.pack(">II", position + len(body), len(blob))
        body += blob + b"\0" * (-len(blob) % 4)
    head = bytearray(128)
    head[0:4] = struct.pack(">I", position + len(body))
    head[8:12] = b"\x02\x40\0\0"
    head[12:24] = b"mntrRGB XYZ "
    head[36:40] = b"acsp"
    head[68:80] = struct.pack(">3i", 63190, 65536, 54061)
    return bytes(head) + table + body


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_colour_profile_is_converted_to_srgb(name):
    image = Image.fromarray(plain((40, 40), (55, 55, 55)))
    settings = {} if name == "TIFF" else {"quality": 95}
    data = saved(image, name, icc_profile=linear_light_profile(), **settings)
    # 55/255 of the light is 0.502 in sRGB
    assert np.abs(open_picture(data).pixels.astype(int) - 128).max() <= 3


def test_colour_profile_counts_for_previews_and_is_not_in_them(tmp_path):
    path = tmp_path / "upload"
    image = Image.fromarray(plain((40, 40), (55, 55, 55)))
    path.write_bytes(saved(image, icc_profile=linear_light_profile()))
    ingest(path, tmp_path)
    preview = Image.open(tmp_path / "preview.webp")
    assert np.abs(np.asarray(preview).astype(int) - 128).max() <= 4
    assert "icc_profile" not in preview.info


def test_profile_is_applied_to_alpha_pictures_too():
    image = Image.fromarray(plain((40, 40), (55, 55, 55, 100)))
    picture = open_picture(saved(image, icc_profile=linear_light_profile()))
    assert np.abs(picture.pixels[..., :3].astype(int) - 128).max() <= 2
    assert np.all(picture.pixels[..., 3] == 100)


@pytest.mark.parametrize("profile", [b"rubbish", b"\0" * 200, noise((1000, 300)).tobytes()])
@pytest.mark.parametrize("name", ["PNG", "JPEG"])
def test_broken_profile_is_dropped(profile, name):
    data = saved(Image.fromarray(four_corners()), name, icc_profile=profile, quality=95)
    assert_close(open_picture(data).pixels, four_corners(), within=12)


def test_profile_named_srgb_leaves_every_value_alone():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = noise((64, 48))
    picture = open_picture(saved(Image.fromarray(pixels), icc_profile=profile))
    assert np.array_equal(picture.pixels, pixels)


def test_sixteen_bit_grey_is_scaled_not_clipped():
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None, :].repeat(8, axis=0)
    for name in ("PNG", "TIFF"):
        picture = open_picture(saved(Image.fromarray(ramp), name))
        assert np.abs(picture.pixels[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_sixteen_bit_colour_is_scaled():
    rows = b"".join(
        b"\0" + b"".join(struct.pack(">3H", 257 * x, 65535 - 257 * x, 32768) for x in range(256))
        for _ in range(4)
    )
    picture = open_picture(png_of(struct.pack(">IIBBBBB", 256, 4, 16, 2, 0, 0, 0), rows))
    ramp = np.arange(256)
    assert np.abs(picture.pixels[0, :, 0].astype(int) - ramp).max() <= 1
    assert np.abs(picture.pixels[0, :, 1].astype(int) - ramp[::-1]).max() <= 1


@pytest.mark.parametrize("top", [1.0, 4000.0])
def test_float_tiff_fills_the_range(top):
    ramp = np.linspace(0, top, 256, dtype=np.float32)[None, :].repeat(8, axis=0)
    picture = open_picture(saved(Image.fromarray(ramp), "TIFF"))
    assert np.abs(picture.pixels[0, :, 0].astype(int) - np.arange(256)).max() <= 1


@pytest.mark.parametrize("name", ["JPEG", "TIFF"])
def test_cmyk_without_profile_looks_as_on_paper(name):
    inks = np.zeros((20, 60, 4), np.uint8)
    inks[:, 20:40] = (0, 255, 255, 0)
    inks[:, 40:] = (0, 0, 0, 255)
    settings = {"quality": 98, "subsampling": 0} if name == "JPEG" else {}
    picture = open_picture(saved(Image.fromarray(inks, "CMYK"), name, **settings))
    paper, red, black = (picture.pixels[10, x].astype(int) for x in (8, 30, 52))
    assert np.all(paper > 245)
    assert np.abs(red - (237, 28, 36)).max() <= 8
    assert np.all(black < 50)


def test_palette_with_transparency_keeps_it():
    image = Image.fromarray(four_corners()).quantize(8)
    clear = image.getpixel((0, 0))
    picture = open_picture(saved(image, transparency=clear))
    assert picture.has_alpha
    assert picture.pixels[5, 5, 3] == 0
    assert tuple(picture.pixels[35, 55]) == (*RIGHT_BOTTOM, 255)


def test_palette_without_transparency_is_rgb():
    picture = open_picture(saved(Image.fromarray(four_corners()).quantize(8)))
    assert np.array_equal(picture.pixels, four_corners())


def test_one_bit_grey_and_grey_with_alpha():
    half = np.zeros((20, 40), np.uint8)
    half[:, 20:] = 255
    one_bit = open_picture(saved(Image.fromarray(half).convert("1")))
    assert np.array_equal(one_bit.pixels, half[..., None].repeat(3, axis=2))
    grey = open_picture(saved(Image.fromarray(half)))
    assert np.array_equal(grey.pixels, one_bit.pixels)
    with_alpha = Image.merge("LA", (Image.fromarray(half), Image.fromarray(half)))
    picture = open_picture(saved(with_alpha))
    assert picture.has_alpha
    assert tuple(picture.pixels[0, 30]) == (255, 255, 255, 255)
    assert picture.pixels[0, 5, 3] == 0


def test_grey_jpeg_is_rgb():
    picture = open_picture(saved(Image.fromarray(four_corners()).convert("L"), "JPEG"))
    assert picture.pixels.shape == (40, 60, 3)


def test_lab_tiff_is_converted():
    lab = Image.merge("LAB", [Image.new("L", (20, 20), value) for value in (136, 128, 128)])
    picture = open_picture(saved(lab, "TIFF"))
    assert np.abs(picture.pixels.astype(int) - 126).max() <= 6


def test_alpha_that_is_opaque_everywhere_is_left_out():
    picture = open_picture(saved(Image.fromarray(plain((20, 20), (1, 2, 3, 255)))))
    assert picture.pixels.shape == (20, 20, 3)
    assert not picture.has_alpha


def test_alpha_is_kept_exactly():
    pixels = noise((64, 48), 4)
    assert np.array_equal(open_picture(saved(Image.fromarray(pixels))).pixels, pixels)


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_animation_gives_its_first_frame_and_says_how_many(name, tmp_path):
    frames = [
        Image.fromarray(plain((32, 32), colour)) for colour in (LEFT_TOP, RIGHT_TOP, (0, 0, 9))
    ]
    data = saved(frames[0], name, save_all=True, append_images=frames[1:])
    path = tmp_path / "upload"
    path.write_bytes(data)
    assert ingest(path, tmp_path).frames == 3
    picture = open_picture(data)
    assert picture.frames == 3
    assert np.abs(picture.pixels[..., :3].astype(int) - LEFT_TOP).max() <= 8


def test_jpeg_with_a_second_picture_inside_is_one_jpeg():
    first = Image.fromarray(four_corners())
    data = saved(
        first, "MPO", save_all=True, append_images=[Image.new("RGB", (30, 20))], quality=95
    )
    picture = open_picture(data)
    assert (picture.format, picture.frames, picture.size) == ("jpeg", 1, (60, 40))


@pytest.mark.parametrize("channels", [3, 4])
def test_large_webp_reader_gives_the_same_pixels_as_the_usual_one(channels):
    data = saved(Image.fromarray(noise((200, 100), channels)), "WEBP", quality=80)
    assert np.array_equal(np.asarray(large_webp.read(data)), open_picture(data).pixels)


def test_untrusted_and_trusted_reading_give_the_same_pixels(tmp_path):
    for number, pixels in enumerate((noise((700, 500)), noise((300, 600), 4))):
        path = tmp_path / f"{number}.png"
        path.write_bytes(encode_png(pixels))
        picture = open_untrusted(path)
        assert np.array_equal(picture.pixels, pixels)
        assert np.array_equal(open_picture(path).pixels, pixels)
        assert picture.has_alpha == (pixels.shape[2] == 4)
        picture.pixels[0, 0] = 0  # writable


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("level", [1, 6])
@pytest.mark.parametrize(
    "draw", [noise, lambda size, channels: plain(size, (9, 8, 7, 6)[:channels])]
)
def test_png_is_lossless(channels, level, draw):
    pixels = draw((123, 77), channels)
    decoded = np.asarray(Image.open(io.BytesIO(encode_png(pixels, level=level))))
    assert np.array_equal(decoded, pixels)


def test_png_of_one_pixel_is_lossless():
    assert np.asarray(Image.open(io.BytesIO(encode_png(plain((1, 1), (7, 8, 9)))))).tolist() == [
        [[7, 8, 9]]
    ]


def test_png_of_a_drawing_is_small():
    assert len(encode_png(plain((1000, 1000), (9, 80, 200)))) < 30_000


def test_jpeg_has_full_colour_resolution():
    image = Image.open(io.BytesIO(encode_jpeg(four_corners())))
    assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3
    assert_close(np.asarray(image), four_corners())


def test_jpeg_shows_transparency_as_white():
    image = Image.open(io.BytesIO(encode_jpeg(plain((16, 16), (0, 0, 0, 0)))))
    assert np.asarray(image).min() >= 254


def test_webp_keeps_alpha():
    image = Image.open(io.BytesIO(encode_webp(plain((16, 16), (200, 10, 10, 90)))))
    assert np.abs(np.asarray(image)[..., 3].astype(int) - 90).max() <= 1


def test_sniff_goes_by_content():
    image = Image.fromarray(smooth((8, 8)))
    for name in ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "TIFF"):
        assert sniff(saved(image, name)[:64]) == name.lower()
    for other in (
        b"",
        b"GIF",
        b"<svg",
        b"PK\3\4",
        b"BM",
        b"RIFF\0\0\0\0WAVE",
        b"\0\0\0\x18ftypheic",
    ):
        assert sniff(other) is None


def test_previews_have_the_promised_sides_and_are_upright(tmp_path):
    path = tmp_path / "upload"
    exif = Image.Exif()
    exif[0x0112] = 6
    path.write_bytes(saved(Image.fromarray(smooth((3000, 1500))), "JPEG", exif=exif))
    found = ingest(path, tmp_path)
    assert found.size == (1500, 3000)
    assert (found.preview_size, found.thumb_size) == ((1024, 2048), (256, 512))
    sizes = {name: Image.open(tmp_path / name).size for name in found.files}
    assert sizes == {
        "preview.webp": (1024, 2048),
        "thumb.webp": (256, 512),
        "thumb_small.webp": (160, 320),
    }
    assert found.placeholder.startswith("data:image/webp;base64,")
    assert len(found.placeholder) < 400


def test_small_pictures_are_not_enlarged(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(encode_png(noise((100, 50))))
    found = ingest(path, tmp_path)
    assert (found.preview_size, found.thumb_size) == ((100, 50), (100, 50))


def test_previews_look_like_the_original(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(encode_jpeg(smooth((5000, 3000))))
    ingest(path, tmp_path)
    assert_close(np.asarray(Image.open(tmp_path / "preview.webp")), smooth((2048, 1229)))
    assert_close(np.asarray(Image.open(tmp_path / "thumb.webp")), smooth((512, 307)))


def test_previews_carry_nothing_of_the_originals_metadata(tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "SECRETMAKER"
    exif.get_ifd(0x8825)[1] = "N"
    path = tmp_path / "upload"
    path.write_bytes(
        saved(
            Image.fromarray(four_corners()),
            "JPEG",
            exif=exif,
            comment=b"SECRETCOMMENT",
            xmp=b"<x:xmpmeta>SECRETXMP</x:xmpmeta>",
        )
    )
    assert path.read_bytes().count(b"SECRET") == 3
    found = ingest(path, tmp_path)
    for name in found.files:
        data = (tmp_path / name).read_bytes()
        assert b"SECRET" not in data
        assert (
            not {"exif", "xmp", "icc_profile", "comment"} & Image.open(io.BytesIO(data)).info.keys()
        )


def test_preview_keeps_alpha(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(encode_png(plain((3000, 2500), (200, 10, 10, 90))))
    assert ingest(path, tmp_path).has_alpha
    preview = np.asarray(Image.open(tmp_path / "preview.webp"))
    assert np.abs(preview.astype(int) - (200, 10, 10, 90)).max() <= 6


def test_tail_behind_a_picture_is_ignored(tmp_path):
    path = tmp_path / "upload"
    for name in ("JPEG", "PNG", "GIF", "WEBP"):
        path.write_bytes(saved(Image.fromarray(four_corners()), name) + b"PK\3\4<script>")
        assert ingest(path, tmp_path).size == (60, 40)
        assert b"<script>" not in (tmp_path / "preview.webp").read_bytes()


def test_file_that_is_not_there_is_not_called_a_bad_picture(tmp_path):
    with pytest.raises(FileNotFoundError):
        ingest(tmp_path / "nothing", tmp_path)


def test_limits_can_be_set(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(encode_png(noise((100, 50))))
    for limits, code in (
        (Limits(max_bytes=1000), "too_many_bytes"),
        (Limits(max_pixels=4999), "too_many_pixels"),
        (Limits(max_side=99), "too_many_pixels"),
        (Limits(min_side=64), "too_few_pixels"),
    ):
        with pytest.raises(ImageRefused) as refused:
            ingest(path, tmp_path, limits)
        assert refused.value.code == code


def test_large_pictures_with_alpha_look_like_the_original(tmp_path):
    """They are shrunk in strips: no strip may show, and clear pixels may not tint their edges."""
    path = tmp_path / "upload"
    pixels = np.dstack([smooth((8000, 1500)), np.full((1500, 8000), 255, np.uint8)])
    pixels[:, :4000] = (0, 255, 0, 0)
    path.write_bytes(encode_png(pixels))
    assert ingest(path, tmp_path).preview_size == (2048, 384)
    preview = np.asarray(Image.open(tmp_path / "preview.webp")).astype(int)
    assert preview[:, :1020, 3].max() <= 2
    assert preview[:, 1028:, 3].min() >= 253
    assert np.abs(preview[:, 1030:, :3] - smooth((2048, 384))[:, 1030:]).mean() < 3
    assert np.abs(np.diff(preview[:, 1500, 0])).max() <= 4


def test_pixels_get_an_opaque_alpha_channel_or_keep_their_own():
    rgb, rgba = noise((9, 7)), noise((9, 7), 4)
    opened = with_alpha(rgb)
    assert np.array_equal(opened[..., :3], rgb)
    assert np.all(opened[..., 3] == 255)
    assert np.array_equal(with_alpha(rgba), rgba)


def test_a_full_disk_is_not_taken_for_a_damaged_picture(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(encode_png(plain((64, 48), LEFT_TOP)))
    (tmp_path / "preview.webp").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as raised:
        ingest(path, tmp_path)
    assert raised.value.errno == errno.ENOSPC
