"""Object select: a box by mouse and keys, refined by lines, one step for each answer."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from editor.jobs.pictures import add_upload
from tests.browser.hands import View, drag, held, key, open_studio, saved_mask, set_brush
from tests.drawing import png

SIZE = (1200, 800)
DISC, RADIUS = (420, 400), 190
BOX = ((200.0, 180.0), (640.0, 620.0))


def scene() -> np.ndarray:
    """A blue disc and a red square on grey."""
    rng = np.random.default_rng(5)
    pixels = np.full((SIZE[1], SIZE[0], 3), 160.0)
    rows, columns = np.ogrid[: SIZE[1], : SIZE[0]]
    pixels[disc(rows, columns)] = (30, 60, 170)
    pixels[300:420, 900:1020] = (190, 40, 30)
    return np.clip(pixels + rng.normal(0, 6, pixels.shape), 0, 255).astype(np.uint8)


def disc(rows: Any, columns: Any) -> Any:
    return (rows + 0.5 - DISC[1]) ** 2 + (columns + 0.5 - DISC[0]) ** 2 <= RADIUS**2


def overlap(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.count_nonzero(found & wanted) / np.count_nonzero(found | wanted))


@pytest.fixture
def wanted() -> np.ndarray:
    return np.asarray(disc(*np.ogrid[: SIZE[1], : SIZE[0]]))


@pytest.fixture
def photo(alice: Any, tmp_path: Path) -> Any:
    path = tmp_path / "scene.png"
    path.write_bytes(png(scene()))
    return add_upload(path, "scene.png", alice)


@pytest.fixture
def studio(signed_in_page: Page, live_server: Any, photo: Any) -> Page:
    open_studio(signed_in_page, live_server, photo)
    key(signed_in_page, "k")
    return signed_in_page


def answered(page: Page, act: Any) -> None:
    with page.expect_response(re.compile(r"/select$")) as told:
        act()
    assert told.value.status == 200
    expect(page.locator("#busy")).to_be_hidden()  # the next press would give the answer up


def box(page: Page, *corners: Any) -> None:
    drag(page, *View(page).whole(*(corners or BOX)), steps=5)


def test_a_thing_in_a_box_is_masked_with_smooth_edges(
    studio: Page, photo: Any, wanted: np.ndarray
) -> None:
    mask = saved_mask(studio, photo, lambda: answered(studio, lambda: box(studio)))
    assert mask.shape == (800, 1200)
    assert overlap(mask, wanted) > 0.97
    # no stairs of the small picture, in which a pixel has 2.3 of the photo's
    edges = np.abs(np.diff(mask.astype(int), axis=1)).sum(axis=1)
    assert set(edges[260:540]) == {2}


def test_lines_refine_what_was_found_and_each_answer_is_undone_by_itself(
    studio: Page, photo: Any, wanted: np.ndarray
) -> None:
    set_brush(studio, 20)
    first = saved_mask(studio, photo, lambda: answered(studio, lambda: box(studio)))
    size = set_brush(studio, 40)

    def beside() -> None:
        with held(studio, "Alt"):
            drag(studio, *View(studio).whole((330, 300), (330, 500)), steps=8)

    with studio.expect_request(re.compile(r"/select$")) as asked:
        refined = saved_mask(studio, photo, lambda: answered(studio, beside))
    assert (asked.value.post_data_json or {})["brush"] == size
    assert first[300:500, 330].all()
    assert not refined[310:490, 330].any()
    undone = saved_mask(studio, photo, lambda: key(studio, "Control+z"))
    assert np.array_equal(undone, first)
    nothing = saved_mask(studio, photo, lambda: key(studio, "Control+z"))
    assert not nothing.any()


def test_a_second_box_adds_another_thing(studio: Page, photo: Any, wanted: np.ndarray) -> None:
    answered(studio, lambda: box(studio))

    def other() -> None:
        box(studio, (860.0, 260.0), (1060.0, 460.0))

    mask = saved_mask(studio, photo, lambda: answered(studio, other))
    square = np.zeros_like(mask)
    square[300:420, 900:1020] = True
    assert overlap(mask, wanted | square) > 0.96


def test_with_alt_a_thing_is_taken_away_from_the_mask(
    studio: Page, photo: Any, wanted: np.ndarray
) -> None:
    saved_mask(studio, photo, lambda: key(studio, "Control+a"))

    def away() -> None:
        with held(studio, "Alt"):
            box(studio)

    mask = saved_mask(studio, photo, lambda: answered(studio, away))
    assert overlap(~mask, wanted) > 0.97


def test_what_the_server_refuses_is_said_and_nothing_is_lost(
    studio: Page, photo: Any, wanted: np.ndarray
) -> None:
    first = saved_mask(studio, photo, lambda: answered(studio, lambda: box(studio)))
    studio.route(
        re.compile(r"/select$"),
        lambda route: route.fulfill(status=422, json={"error": "This picture takes too long."}),
    )
    drag(studio, *View(studio).whole((330, 300), (330, 400)), steps=4)
    expect(studio.get_by_text("This picture takes too long.").first).to_be_attached()
    studio.unroute(re.compile(r"/select$"))
    key(studio, "Enter", "b")
    mask = saved_mask(
        studio, photo, lambda: drag(studio, *View(studio).whole((1100, 100), (1110, 100)))
    )
    assert np.array_equal(mask[:, :1000], first[:, :1000])
    assert mask[100, 1105]


def test_a_box_that_is_given_up_changes_nothing(studio: Page, photo: Any) -> None:
    studio.route(
        re.compile(r"/select$"), lambda route: studio.wait_for_timeout(400) or route.continue_()
    )
    box(studio)
    key(studio, "Escape", "b")
    mask = saved_mask(
        studio, photo, lambda: drag(studio, *View(studio).whole((1100, 100), (1110, 100)))
    )
    assert not mask[:, :1000].any()
