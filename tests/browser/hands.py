"""Real input for the mask editor, by the browser's own protocol, and what has to come of it.

Places are pixels of the canvas: the picture with its margins. Where those are on the page is read
from the transform of the layer that tools draw on, not from the editor's own reckoning. What a
stroke should have masked is reckoned here anew, by exact distances.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from playwright.sync_api import CDPSession, Locator, Page, expect

from editor.models import Draft
from tests.drawing import pixels_of

Point = tuple[float, float]
EDGE = 0.02  # nearer to an edge than this, a pixel's centre may fall on either side of it


def open_studio(page: Page, live_server: Any, photo: Any) -> None:
    page.goto(f"{live_server.url}/images/{photo.pk}/edit")
    surface(page).and_(page.locator(":not([aria-busy=true])")).wait_for()


def surface(page: Page) -> Locator:
    return page.get_by_role("application", name="Mask editor")


def key(page: Page, *names: str) -> None:
    for name in names:
        page.keyboard.press(name)


class View:
    """Where the canvas lies on the page."""

    def __init__(self, page: Page) -> None:
        self.scale, self.left, self.top = page.evaluate(
            """() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => {
              const layer = document.querySelector("[data-space=canvas]");
              const { left, top } = layer.closest(".surface").getBoundingClientRect();
              const { a, e, f } = layer.transform.baseVal.consolidate().matrix;
              resolve([a, left + e, top + f]);
            })))"""
        )

    def on_page(self, point: Point) -> Point:
        return (self.left + point[0] * self.scale, self.top + point[1] * self.scale)

    def on_canvas(self, spot: Point) -> Point:
        return ((spot[0] - self.left) / self.scale, (spot[1] - self.top) / self.scale)

    def whole(self, *points: Point) -> list[Point]:
        """The places nearest to these that a mouse can be at, which only knows whole pixels."""
        spots = (self.on_page(point) for point in points)
        return [self.on_canvas((round(x), round(y))) for x, y in spots]


# --- what somebody does ---------------------------------------------------------------------------


def drag(page: Page, *points: Point, button: Any = "left", steps: int = 1) -> None:
    """With the mouse; give places that are `whole`."""
    view = View(page)
    page.mouse.move(*view.on_page(points[0]))
    page.mouse.down(button=button)
    for point in points[1:]:
        page.mouse.move(*view.on_page(point), steps=steps)
    page.mouse.up(button=button)


@contextmanager
def held(page: Page, *names: str) -> Iterator[None]:
    for name in names:
        page.keyboard.down(name)
    yield
    for name in reversed(names):
        page.keyboard.up(name)


class Touch:
    """Fingers on the glass, each with a number."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.session = page.context.new_cdp_session(page)
        self.fingers: dict[int, Point] = {}

    def put(self, **fingers: Point) -> None:
        self.fingers |= {int(name[1:]): spot for name, spot in fingers.items()}
        self._send("touchStart")

    def move(self, **fingers: Point) -> None:
        self.fingers |= {int(name[1:]): spot for name, spot in fingers.items()}
        self._send("touchMove")

    def lift(self, *names: str) -> None:
        for name in names or [f"f{number}" for number in self.fingers]:
            del self.fingers[int(name[1:])]
        self._send("touchEnd")

    def cancel(self) -> None:
        self.fingers.clear()
        self._send("touchCancel")

    def _send(self, kind: str) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in self.fingers.items()]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


class Pen:
    """A pen with pressure; places are pixels of the canvas."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.session: CDPSession = page.context.new_cdp_session(page)

    def stroke(self, *points: tuple[float, float, float]) -> None:
        """Each point with its pressure."""
        view = View(self.page)
        spots = [(*view.on_page((x, y)), force) for x, y, force in points]
        self._send("mousePressed", *spots[0], 1)
        for spot in spots[1:]:
            self._send("mouseMoved", *spot, 1)
        self._send("mouseReleased", *spots[-1][:2], 0, 0)

    def turn_round(self) -> None:
        """The protocol knows no eraser end: what tells it is put into the events as they come."""
        self.page.evaluate(
            """() => {
              for (const name of ["pointerdown", "pointermove"]) window.addEventListener(name, (event) => {
                if (event.pressure) Object.defineProperty(event, "buttons", { value: 32 });
              }, { capture: true });
            }"""
        )

    def hover(self, point: Point) -> None:
        self._send("mouseMoved", *View(self.page).on_page(point), 0, 0)

    def _send(self, kind: str, x: float, y: float, force: float, buttons: int) -> None:
        event = {
            "type": kind, "x": x, "y": y, "force": force, "pointerType": "pen",
            "buttons": buttons, "button": "left" if buttons or kind != "mouseMoved" else "none",
            "clickCount": 0 if kind == "mouseMoved" else 1, "tiltX": 20, "tiltY": -10,
        }  # fmt: skip
        self.session.send("Input.dispatchMouseEvent", event)


def flood_of_moves(page: Page, points: Sequence[Point]) -> None:
    """A mouse that tells far more places than there are frames: none is waited for.

    The button stays down: on a busy machine this takes longer than a response is waited for.
    """
    view, session = View(page), page.context.new_cdp_session(page)
    spots = [(round(x), round(y)) for x, y in map(view.on_page, points)]
    page.mouse.move(*spots[0])
    page.mouse.down()
    send: Any = session._impl_obj.send  # the way without waiting has no public name
    # A move that names no button lets the browser take the capture away: the stroke would end there.
    moved = {"type": "mouseMoved", "button": "left", "buttons": 1}
    moves = [
        send("Input.dispatchMouseEvent", {**moved, "x": x, "y": y}, None) for x, y in spots[1:]
    ]
    loop: Any = page._loop
    sent = [loop.create_task(move) for move in moves]
    while not all(task.done() for task in sent):
        page.wait_for_timeout(20)
    page.mouse.move(*spots[-1])


def set_brush(page: Page, size: int) -> int:
    """By the keys, as a person would: down to one pixel, then up. What it is then."""
    slider = page.get_by_label("Brush size")
    slider.fill("0")
    while brush_size(page) < size:
        page.keyboard.press("]")
    return brush_size(page)


def brush_size(page: Page) -> int:
    text = page.get_by_label("Brush size").get_attribute("aria-valuetext") or ""
    return int(re.sub(r"\D", "", text))


# --- what the server has --------------------------------------------------------------------------


def saved_mask(page: Page, photo: Any, act: Callable[[], object]) -> np.ndarray:
    """Does something, waits until the draft is saved after it, and reads its mask."""
    done: list[bool] = []  # an earlier saving may be answered while it is done
    with page.expect_response(lambda answer: bool(done) and answer.url.endswith("/draft")):
        act()
        done.append(True)
    return stored_mask(page, photo)


def stored_mask(page: Page, photo: Any) -> np.ndarray:
    expect(page.locator("#draft-state")).to_have_attribute("data-state", "saved")
    draft = Draft.objects.get(image=photo)
    left, top, right, bottom = draft.margins or (0, 0, 0, 0)
    if not draft.mask:
        return np.zeros((top + photo.height + bottom, left + photo.width + right), bool)
    return pixels_of(bytes(draft.mask)).astype(bool)


# --- what should be masked ------------------------------------------------------------------------


def distances(shape: tuple[int, int], points: Sequence[Point]) -> np.ndarray:
    """From the centre of each pixel to the line through the points."""
    height, width = shape
    ys, xs = np.mgrid[0:height, 0:width] + 0.5
    nearest = np.full(shape, np.inf)
    for (ax, ay), (bx, by) in zip(points, points[1:] or points, strict=False):
        dx, dy = bx - ax, by - ay
        length = dx * dx + dy * dy
        along = np.clip(((xs - ax) * dx + (ys - ay) * dy) / length, 0, 1) if length else 0
        np.minimum(nearest, np.hypot(xs - ax - along * dx, ys - ay - along * dy), out=nearest)
    return nearest


def assert_stroke(mask: np.ndarray, points: Sequence[Point], size: float) -> None:
    """Every pixel whose centre is within half the size of the line is masked, and no other."""
    away = distances(mask.shape, points)
    radius = max(size / 2, np.sqrt(0.5))
    assert mask[away <= radius - EDGE].all()
    assert not mask[away > radius + EDGE].any()
