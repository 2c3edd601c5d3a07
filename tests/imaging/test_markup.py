"""Marks are read strictly, and drawn where they are at every size."""

import json
import math
import time
from typing import Any

import cv2
import numpy as np
import pytest

from editor.imaging import markup
from editor.imaging.mark_letters import in_order
from editor.imaging.marks import Arrow, Circle, Line, MarkupRefused, Text, listed, read
from editor.imaging.markup import drawn

from .drawing import noise, plain, saved

ARROW = {"kind": "arrow", "from": [10, 20.5], "to": [110, -20], "width": 8, "colour": "#ff3b30"}
CIRCLE = {"kind": "circle", "bounds": [20, 30, 180, 130], "width": 6.5, "colour": "#ffd60a"}
LINE = {"kind": "line", "points": [[10, 10], [60, 90], [110, 10]], "width": 12, "colour": "#0090ff"}
TEXT = {"kind": "text", "at": [20, 40], "text": "Größer, bitte", "size": 24, "colour": "#ffffff"}
ALL = [ARROW, CIRCLE, LINE, TEXT]


def alone(mark: dict[str, Any], size: tuple[int, int] = (200, 160), scale: float = 1) -> np.ndarray:
    pixels = round(size[0] * scale), round(size[1] * scale)
    return drawn(read([mark]), (0, 0, *size), pixels)


def of_colour(pixels: np.ndarray, colour: str) -> np.ndarray:
    wanted = np.array(list(bytes.fromhex(colour[1:])))
    near = np.abs(pixels[..., :3].astype(int) - wanted).max(axis=2) < 40
    return near & (pixels[..., 3] > 200)


# --- reading


def test_marks_are_kept_as_they_were_sent() -> None:
    marks = read(ALL)
    assert [type(mark) for mark in marks] == [Arrow, Circle, Line, Text]
    assert listed(marks) == ALL
    assert json.dumps(listed(marks)) == json.dumps(ALL)


def test_no_marks_are_none() -> None:
    assert read([]) == ()
    assert not drawn((), (0, 0, 10, 10), (5, 5)).any()
    assert markup.reach(()) is None


RUBBISH: list[Any] = [
    None, {}, "arrow", 1, [None], [[]], ["line"], [{}], [{"kind": "square"}],
    [{**ARROW, "more": 1}], [{**TEXT, "width": 3}], [{k: v for k, v in ARROW.items() if k != "width"}],
    [{**ARROW, "from": [1]}], [{**ARROW, "from": [1, 2, 3]}], [{**ARROW, "from": "12"}],
    [{**ARROW, "from": [True, 2]}], [{**ARROW, "from": [math.nan, 2]}], [{**ARROW, "from": [math.inf, 2]}],
    [{**ARROW, "from": [10**30, 2]}], [{**ARROW, "from": [0.25, 2]}], [{**ARROW, "from": ["1", 2]}],
    [{**ARROW, "width": 0}], [{**ARROW, "width": -3}], [{**ARROW, "width": 1e9}], [{**ARROW, "width": None}],
    [{**ARROW, "colour": "red"}], [{**ARROW, "colour": "#FF0000"}], [{**ARROW, "colour": "#ff0000;x"}],
    [{**ARROW, "colour": 255}], [{**CIRCLE, "bounds": [20, 30, 10, 130]}], [{**CIRCLE, "bounds": [1, 2, 3]}],
    [{**LINE, "points": []}], [{**LINE, "points": [[1, 2], [3]]}], [{**LINE, "points": "ab"}],
    [{**TEXT, "text": ""}], [{**TEXT, "text": "  "}], [{**TEXT, "text": 5}], [{**TEXT, "text": "a\nb"}],
    [{**TEXT, "text": "a\x00b"}], [{**TEXT, "text": "\ud800"}], [{**TEXT, "size": 0}], [{**TEXT, "size": 1e6}],
]  # fmt: skip


@pytest.mark.parametrize("data", RUBBISH)
def test_rubbish_is_refused_with_a_sentence(data: Any) -> None:
    with pytest.raises(MarkupRefused, match="The drawing cannot be read") as refused:
        read(data)
    assert refused.value.code == "not_marks"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ([ARROW] * 201, "too_many"),
        ([{**LINE, "points": [[1, 2]] * 10_001}], "too_long"),
        ([{**LINE, "points": [[1, 2]] * 60}] * 200, "too_long"),
        ([{**TEXT, "text": "m" * 201}], "too_much_text"),
        ([{**TEXT, "text": "m" * 11}] * 182, "too_much_text"),
    ],
)
def test_too_much_is_refused_with_what_to_do(data: Any, code: str) -> None:
    with pytest.raises(MarkupRefused, match=r"(delete|draw|shorten)") as refused:
        read(data)
    assert refused.value.code == code


# --- drawing


def test_a_line_is_as_wide_as_it_says_and_round_at_its_ends() -> None:
    mark = {"kind": "line", "points": [[40, 80], [160, 80]], "width": 20, "colour": "#ff0000"}
    red = of_colour(alone(mark), "#ff0000")
    rows, columns = np.nonzero(red)
    assert (rows.min(), rows.max() + 1) == (70, 90)
    assert (columns.min(), columns.max() + 1) == (30, 170)
    assert not red[71, 31]  # the corner of the box


@pytest.mark.parametrize("scale", [1.0, 0.37, 1.6])
def test_strokes_lie_where_exact_distances_put_them(scale: float) -> None:
    """The cover of each pixel, against 256 points in it that are within the width of the line."""
    mark = {"kind": "line", "points": [[30.5, 20], [170, 140.3]], "width": 15, "colour": "#ffffff"}
    size = round(200 * scale), round(160 * scale)
    found = alone(mark, scale=scale)[..., 3] / 255
    y, x = np.mgrid[: size[1] * 16, : size[0] * 16] + 0.5
    x, y = x / 16 * 200 / size[0], y / 16 * 160 / size[1]
    way = np.array([139.5, 120.3])
    at = np.clip(((x - 30.5) * way[0] + (y - 20) * way[1]) / (way @ way), 0, 1)
    inside = np.hypot(x - 30.5 - at * way[0], y - 20 - at * way[1]) <= 7.5 + 0.15 * 15
    wanted = inside.reshape(size[1], 16, size[0], 16).mean(axis=(1, 3))
    assert np.abs(found - wanted).max() < 0.15
    assert abs(found.sum() / wanted.sum() - 1) < 0.003


def test_a_circle_is_the_ellipse_in_its_box_and_empty_inside() -> None:
    pixels = alone(CIRCLE)
    rows, columns = np.nonzero(of_colour(pixels, "#ffd60a"))
    assert (columns.min(), columns.max()) == pytest.approx((17, 182), abs=1)
    assert (rows.min(), rows.max()) == pytest.approx((27, 132), abs=1)
    assert pixels[80, 100, 3] == 0
    assert pixels[36, 30, 3] == 0


def test_an_arrow_has_its_head_at_its_end() -> None:
    mark = {"kind": "arrow", "from": [20, 80], "to": [180, 80], "width": 8, "colour": "#ff3b30"}
    red = of_colour(alone(mark), "#ff3b30")
    high = red.sum(axis=0)
    assert high[20:130].max() <= 9
    assert np.ptp(np.nonzero(red[:, 147])[0]) > 36
    assert red[80, 182] and not red[80, 186]


@pytest.mark.parametrize(("colour", "rim"), [("#ffffff", 0), ("#ff3b30", 0), ("#111111", 255)])
def test_a_thin_outline_sets_a_mark_off_from_its_own_colour(colour: str, rim: int) -> None:
    mark = {"kind": "line", "points": [[20, 80], [180, 80]], "width": 10, "colour": colour}
    ground = plain((200, 160), tuple(bytes.fromhex(colour[1:])))
    pixels = markup.over(ground, alone(mark))
    assert np.abs(pixels[80, 100].astype(int) - ground[0, 0]).max() <= 1
    edge = pixels[74, 100].astype(int).mean()
    assert abs(edge - rim) < 60
    assert np.array_equal(pixels[60, 100], ground[0, 0])


def test_a_text_stands_in_its_box_with_capitals_of_its_size() -> None:
    mark = {"kind": "text", "at": [20, 40], "text": "HHH", "size": 50, "colour": "#ffffff"}
    rows, columns = np.nonzero(of_colour(alone(mark), "#ffffff"))
    assert columns.min() == pytest.approx(23, abs=2)
    assert columns.max() == pytest.approx(20 + 3 * 0.75 * 50 - 3, abs=2)
    assert rows.max() + 1 == pytest.approx(40 + 0.95 * 50, abs=1)
    assert np.ptp(rows) + 1 == pytest.approx(0.72 * 50, abs=1.5)


@pytest.mark.parametrize("scale", [0.25, 0.5, 2.0, 3.3])
def test_the_same_marks_at_another_size_are_the_same_picture(scale: float) -> None:
    marks = read(ALL)
    bounds = (0, -40, 240, 160)
    size = round(240 * scale), round(200 * scale)
    full = drawn(marks, bounds, (960, 800))
    small = drawn(marks, bounds, size)
    wanted = cv2.resize(full[..., 3], size, interpolation=cv2.INTER_AREA)
    difference = np.abs(small[..., 3].astype(int) - wanted)
    assert difference.mean() < 2.5
    assert (difference > 128).mean() < 0.002


def test_a_window_shows_its_part_of_the_drawing_beyond_the_picture_too() -> None:
    marks = read([*ALL, {**TEXT, "at": [-30, 130], "text": "out there"}])
    whole = drawn(marks, (-50, -50, 250, 200), (600, 500))
    for left, top, right, bottom in [(0, 0, 120, 90), (-50, 110, 20, 200), (130, -50, 250, 60)]:
        part = drawn(marks, (left, top, right, bottom), (2 * (right - left), 2 * (bottom - top)))
        same = whole[2 * top + 100 : 2 * bottom + 100, 2 * left + 100 : 2 * right + 100]
        assert np.abs(part.astype(int) - same)[..., 3].max() < 64  # letters are fitted in 32nds


def test_marks_far_away_leave_a_window_empty() -> None:
    marks = read(
        [{**ARROW, "from": [90_000, 90_000], "to": [100_000, 99_000]}, {**TEXT, "at": [5000, 0]}]
    )
    assert not drawn(marks, (0, 0, 300, 200), (300, 200)).any()


def test_a_stroke_of_a_hundred_thousand_pixels_crosses_a_small_window() -> None:
    mark = {**LINE, "points": [[-100_000, -100_000], [100_000, 100_000]], "width": 4}
    pixels = drawn(read([mark]), (10, 10, 20, 20), (1000, 1000))
    assert of_colour(pixels, "#0090ff").diagonal().all()
    assert pixels[0, 999, 3] == pixels[999, 0, 3] == 0


def test_a_later_mark_covers_an_earlier_one() -> None:
    flat = {"kind": "line", "points": [[20, 80], [180, 80]], "width": 20, "colour": "#ff0000"}
    steep = {"kind": "line", "points": [[100, 20], [100, 140]], "width": 20, "colour": "#00ff00"}
    for marks, colour in (([flat, steep], "#00ff00"), ([steep, flat], "#ff0000")):
        assert of_colour(drawn(read(marks), (0, 0, 200, 160), (200, 160)), colour)[80, 100]


def test_the_reach_holds_all_that_is_drawn_and_little_more() -> None:
    for mark in ALL:
        left, top, right, bottom = markup.reach(read([mark])) or (0, 0, 0, 0)
        alpha = drawn(read([mark]), (-100, -100, 400, 300), (500, 400))[..., 3]
        x, y, width, height = cv2.boundingRect(alpha)
        assert left <= x - 100 and top <= y - 100
        assert right >= x - 100 + width and bottom >= y - 100 + height
        assert (right - left) * (bottom - top) < (width + 30) * (height + 30)


# --- letters


def test_other_scripts_have_letters_of_their_own() -> None:
    drawings = {
        alone({**TEXT, "text": text}).tobytes() for text in ("e", "é", "Ж", "λ", "好", "א", "?")
    }
    assert len(drawings) == 7


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("abc", "abc"),
        ("שלום", "םולש"),
        ("say שלום 12.5 now", "say 12.5 םולש now"),
        ("a (אב) b", "a (בא) b"),
        ("אב (12)!", "(12) בא!"),
        ("3 אב", "3 בא"),
        ("e\u0301\u200d", "é"),
    ],
)
def test_words_from_right_to_left_are_laid_out_so(text: str, shown: str) -> None:
    assert in_order(text) == shown


# --- over pictures


@pytest.mark.parametrize("channels", [3, 4])
def test_a_drawing_over_a_picture_changes_nothing_beside_it(channels: int) -> None:
    ground = noise((200, 160), channels)
    before = ground.copy()
    overlay = alone(CIRCLE)
    result = markup.over(ground, overlay)
    assert np.array_equal(ground, before)
    clear = overlay[..., 3] == 0
    assert np.array_equal(result[clear], ground[clear])
    full = overlay[..., 3] == 255
    assert full.any()
    assert np.array_equal(result[full][:, :3], overlay[full][:, :3])
    half = (overlay[..., 3] > 100) & (overlay[..., 3] < 156)
    share = overlay[half][:, 3:] / 255
    wanted = ground[half][:, :3] * (1 - share) + overlay[half][:, :3] * share
    if channels == 3:
        assert np.abs(result[half] - wanted).max() < 1
    else:
        assert (result[full][:, 3] == 255).all()


def test_a_drawing_from_a_file_is_resized_without_dark_seams() -> None:
    pixels = np.zeros((100, 200, 4), np.uint8)
    pixels[20:60, 30:90] = (255, 255, 255, 255)
    data = saved(markup.Image.fromarray(pixels))
    small = markup.resized(data, (50, 25))
    assert small.shape == (25, 50, 4)
    assert small[10, 15].tolist() == [255, 255, 255, 255]
    assert small[2, 2, 3] == 0
    soft = (small[..., 3] > 20) & (small[..., 3] < 255)
    assert soft.any() and (small[soft][:, :3] > 240).all()


# --- time


def test_a_line_of_ten_thousand_points_is_drawn_in_a_moment() -> None:
    rng = np.random.default_rng(5)
    points = np.round(2000 + np.cumsum(rng.normal(0, 20, (9_900, 2)), axis=0), 1).tolist()
    marks = read([{"kind": "line", "points": points, "width": 24, "colour": "#ff0000"}])
    began = time.process_time()
    assert drawn(marks, (0, 0, 6000, 4000), (1536, 1024)).any()
    assert time.process_time() - began < 3


def test_as_many_texts_as_there_may_be_are_written_in_a_moment() -> None:
    texts = [{**TEXT, "at": [10, 20 * i], "text": f"Number {i}", "size": 90} for i in range(200)]
    marks = read(texts)
    began = time.process_time()
    assert drawn(marks, (0, 0, 6000, 4000), (1536, 1024)).any()
    assert time.process_time() - began < 6


WHOLE = [0, 0, 2048, 2048]
HEAVIEST = {
    "long texts": [{**TEXT, "text": "Wm&@" * 50, "size": 4_000}] * 10,
    "large texts": [{**TEXT, "text": "Wm&@ababab", "size": 4_000}] * 200,
    "texts": [{**TEXT, "at": [9 * i, 9 * i], "text": "Wm&@ababab", "size": 60} for i in range(200)],
    "circles": [{**CIRCLE, "bounds": WHOLE, "width": 2_000}] * 200,
    "thin circles": [{**CIRCLE, "bounds": WHOLE, "width": 10}] * 200,
    "a line": [{**LINE, "points": [[i % 2048, i * 7 % 2048] for i in range(9_900)], "width": 300}],
}


@pytest.mark.parametrize("name", HEAVIEST)
def test_no_drawing_that_is_accepted_keeps_the_machine_busy(name: str) -> None:
    marks = read(HEAVIEST[name])
    began = time.process_time()
    assert drawn(marks, (0, 0, 2048, 2048), (2048, 2048))[..., 3].any()
    assert time.process_time() - began < 6  # about two seconds on a machine that is not busy


def test_a_drawing_that_is_drawn_smaller_has_its_place_and_its_colours() -> None:
    circles = [{**CIRCLE, "bounds": [300, 300, 1700, 1700], "width": 100, "colour": "#00ff00"}]
    one = drawn(read(circles), (0, 0, 2048, 2048), (2048, 2048))
    many = drawn(read(circles * 200), (0, 0, 2048, 2048), (2048, 2048))
    is_other = np.abs(one[..., 3].astype(int) - many[..., 3]) > 128
    assert is_other.mean() < 0.01
    assert (many[980:1020, 280:320] == (0, 255, 0, 255)).all()
