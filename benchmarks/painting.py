"""The studio under real input in Chromium without a GPU: what painting, looking and choosing cost the page.

Processor time of the main thread per move stands beside that of a plain canvas as large as the view
that only strokes a line, in the same browser and the same minutes.
"""

import asyncio
import base64
import io
import json
import os
import time
import urllib.request
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

import cv2
import numpy as np
from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from benchmarks import drawing, people, processes
from benchmarks.figures import Figure
from benchmarks.painting_hands import (
    PLAIN,
    PLAIN_SCRIPT,
    WATCH,
    Hands,
    Point,
    resident_bytes,
    wave,
)  # fmt: skip
from benchmarks.stack import Stack, running_stack

SIZES = {
    "1024²": (1024, 1024),
    "4096²": (4096, 4096),
    "24 MP": (6000, 4000),
    "50 MP": (8660, 5774),
}
MAIN = "24 MP"
LARGEST = "50 MP"
VIEW = {"width": 1440, "height": 900}
CHROMIUM = "/usr/bin/chromium"
MOVES = 200
STROKES = 100
LOOKS = 3
FRAME_MS = 16.8


@dataclass
class Found:
    """What was measured on one photo."""

    fresh: float = 0.0
    later: float = 0.0
    p95: float = 0.0
    paintable: list[float] = field(default_factory=list)
    first_paint: list[float] = field(default_factory=list)


def measure() -> list[Figure]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in this thread
    people.set_up()
    with running_stack() as stack:
        return asyncio.run(measure_pages(stack, photos_of(people.make_person())))


def photos_of(person: Any) -> dict[str, Any]:
    """Cut from one picture: to draw the largest takes seconds."""
    largest = drawing.photo(SIZES[LARGEST])
    photos = {}
    for name, (width, height) in SIZES.items():
        buffer = io.BytesIO()
        largest.crop((0, 0, width, height)).save(buffer, "JPEG", quality=90)
        photos[name] = people.add_photo(person, buffer.getvalue(), f"{width}.jpg")
    return photos


async def measure_pages(stack: Stack, photos: dict[str, Any]) -> list[Figure]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        studio = Studio(browser, stack, photos)
        await studio.open("1024²")  # whatever is only slow the first time
        plain = await plain_strokes(browser, studio.url)
        found = {name: await studio.painted(name) for name in SIZES}
        figures = [figure for name in SIZES for figure in strokes(name, found[name], plain)]
        figures += await studio.kept(found)
        figures += await studio.looked_at()
        figures += await studio.selected()
        await browser.close()
    figures.append(
        Figure("other work on these cores", processes.slowdown(5), "x", "plain work, against alone")
    )
    return figures


async def plain_strokes(browser: Browser, origin: str) -> Found:
    page = await browser.new_page(viewport=VIEW)  # type: ignore[arg-type]
    await page.add_init_script(WATCH)
    # at the app's own origin: elsewhere a page does not get all moves
    await page.route("**/plain", lambda route: route.fulfill(body=PLAIN, content_type="text/html"))
    await page.goto(f"{origin}/plain")
    await page.evaluate(PLAIN_SCRIPT)
    hands = await Hands.of(page)
    box = (0.0, 0.0, float(VIEW["width"]), float(VIEW["height"]))
    fresh = await hands.stroke(wave(box, MOVES))
    await many_strokes(hands, box)
    found = Found(fresh, await hands.stroke(wave(box, MOVES, 3)))
    await page.close()
    return found


async def many_strokes(hands: Hands, box: tuple[float, float, float, float]) -> None:
    for number in range(STROKES):
        await hands.quick_stroke(wave(box, 8, number))


def strokes(name: str, found: Found, plain: Found) -> list[Figure]:
    return [
        Figure(
            f"{name}: main thread per move", found.fresh, "ms", f"a plain canvas: {plain.fresh:.2f} ms",
            found.fresh / plain.fresh, 1.5,
        ),
        Figure(
            f"  after {STROKES} strokes", found.later, "ms", f"a plain canvas: {plain.later:.2f} ms",
            found.later / plain.later, 1.5,
        ),
        Figure("  frame interval, 95 of 100", found.p95, "ms", goal=FRAME_MS),
    ]  # fmt: skip


class Studio:
    """The page, one photo after the other, each in a browser window of its own."""

    def __init__(self, browser: Browser, stack: Stack, photos: dict[str, Any]) -> None:
        self.browser = browser
        self.photos = photos
        self.url = f"http://127.0.0.1:{stack.port}"
        self.cookies = people.cookies_of(photos[MAIN].created_by)
        self.scripts: set[str] = set()
        self.shared: set[str] = set()  # what every page asks for
        self.page: Page | None = None

    async def open(self, name: str) -> Hands:
        """A window in which nothing is painted yet, whatever the one before has kept."""
        from editor.models import Draft

        if self.page:
            await self.page.context.close()
        Draft.objects.all().delete()
        context = await self.browser.new_context(viewport=VIEW)  # type: ignore[arg-type]
        pairs = (pair.split("=", 1) for pair in self.cookies.split("; "))
        await context.add_cookies(
            [{"name": name, "value": value, "url": self.url} for name, value in pairs]
        )
        await context.add_init_script(WATCH)
        self.page = await context.new_page()
        if not self.scripts:
            await self.look_up_scripts(context, name)
        await self.page.goto(self.address(name))
        await self.page.wait_for_function("() => window.__seen.paintable > 0")
        return await Hands.of(self.page)

    def address(self, name: str) -> str:
        return f"{self.url}/images/{self.photos[name].pk}/edit"

    async def look_up_scripts(self, context: Any, name: str) -> None:
        """Which files the gallery asks for, and which the studio."""
        for address, asked in ((self.url, self.shared), (self.address(name), self.scripts)):
            page = await context.new_page()

            def note(request: Any, asked: set[str] = asked) -> None:
                asked.add(request.url)

            context.on("request", note)
            await page.goto(address, wait_until="networkidle")
            context.remove_listener("request", note)
            await page.close()

    async def painted(self, name: str) -> Found:
        found = Found()
        for _ in range(LOOKS if name == MAIN else 1):
            hands = await self.open(name)
            found.paintable.append(await hands.seen("paintable"))
            found.first_paint.append(
                await hands.page.evaluate("performance.getEntriesByType('paint')[0].startTime")
            )
        await hands.page.wait_for_timeout(500)
        box = await hands.surface()
        await hands.forget()
        found.fresh = await hands.stroke(wave(box, MOVES))
        found.p95 = quantiles(await hands.seen("frames"), n=20)[18]
        await many_strokes(hands, box)
        found.later = await hands.stroke(wave(box, MOVES, 3))
        if name == MAIN:
            self.resident = resident_bytes(os.getpid())
            self.undo = [await one_undo(hands) for _ in range(7)]
            self.steps = await bytes_of_steps(hands.page, SIZES[name])
        return found

    # ---- what is kept and what leaves the page

    async def kept(self, found: dict[str, Found]) -> list[Figure]:
        hands = await self.open(MAIN)
        box = await hands.surface()
        sent, got, parts = await self.fast_stroke(hands, box)
        export = await self.export(hands, box)
        main = found[MAIN]
        return [
            Figure("1000 Hz: moves that came", got, "", f"of {sent} sent", got / sent, sent, at_least=True),
            Figure("  parts of its stroke", parts, "", "one: it has no gaps", goal=1),
            Figure(f"{MAIN}: photo chosen to paintable", median(main.paintable), "ms", goal=350),
            Figure("  first paint", median(main.first_paint), "ms", goal=1000),
            Figure("  undo to the next frame", max(self.undo), "ms", f"worst of {len(self.undo)}", goal=50),
            Figure("  50 undo steps", self.steps / 1e6, "MB", "strokes over the whole photo", goal=25),
            Figure(f"  renderer after {STROKES} strokes", self.resident / 1e6, "MB", goal=350),
            Figure("  mask leaves the page", export["ms"], "ms", "from Run edit to its request", goal=100),
            Figure("  its file", export["bytes"] / 1e3, "KB", goal=150),
            Figure("script and style of the studio", self.weight() / 1e3, "KB", "compressed", goal=60),
        ]  # fmt: skip

    async def fast_stroke(self, hands: Hands, box: Any) -> tuple[int, int, int]:
        """Moves that were sent and that the page got, and into how many parts the mask fell."""
        points = wave(box, MOVES * 5)
        await hands.hover(points[0])
        await hands.forget()
        async with hands.page.expect_response(lambda answer: "/draft" in answer.url):
            await hands.quick_stroke(points)
            got = await hands.seen("points")
        mask = await self.draft_mask(MAIN)
        return len(points) - 1, got, cv2.connectedComponents(mask)[0] - 1

    async def draft_mask(self, name: str) -> np.ndarray:
        from editor.models import Draft

        draft = Draft.objects.get(image=self.photos[name])
        return np.asarray(Image.open(io.BytesIO(bytes(draft.mask))).convert("L"))

    async def export(self, hands: Hands, box: Any) -> dict[str, float]:
        """From the key that runs the edit to the request that carries the mask; the request is not sent."""
        page = hands.page
        await page.route("**/edit", lambda route: route.fulfill(status=422, json={"errors": {}}))
        await page.locator("#prompt").fill("A clear sky")
        await many_strokes(hands, box)
        await hands.stroke(wave(box, 20, 5))
        await hands.forget()
        began = await page.evaluate("performance.now()")
        await page.keyboard.press("Control+Enter")
        await page.wait_for_function("() => window.__seen.sent.length > 0")
        sent = (await hands.seen("sent"))[-1]
        await page.unroute("**/edit")
        return {"ms": sent["at"] - began, "bytes": sent["bytes"]}

    def weight(self) -> int:
        """Bytes as served of our own scripts and sheets that the studio asked for."""
        own = [url for url in self.scripts - self.shared if "/static/editor/" in url]
        return sum(len(read(url)) for url in own if url.endswith((".js", ".css")))

    # ---- looking, and heavy tools

    async def looked_at(self) -> list[Figure]:
        hands = await self.open(LARGEST)
        box = await hands.surface()
        await many_strokes(hands, box)
        middle = (box[0] + box[2] / 2, box[1] + box[3] / 2)
        zoom = await self.zoomed(hands, middle)
        for _ in range(30):
            await hands.wheel(middle, 240)
        near_fit = await self.panned(hands, box)
        await hands.page.keyboard.press("1")
        await hands.page.wait_for_timeout(2500)  # for the photo's own pixels
        actual = await self.panned(hands, box)
        return [
            Figure(f"{LARGEST}: zoom", zoom, "fps", goal=48, at_least=True),
            Figure("  pan near fit", near_fit, "fps", goal=48, at_least=True),
            Figure("  pan at 100 %", actual, "fps", goal=48, at_least=True),
        ]

    async def zoomed(self, hands: Hands, middle: Point) -> float:
        for _ in range(2):  # the first round fetches the photo's own pixels
            await hands.forget()
            for number in range(80):
                await hands.wheel(middle, -60 if number < 40 else 60)
            frames = await hands.seen("frames")
            await hands.page.wait_for_timeout(1500)
        return 1000 * len(frames) / sum(frames)

    async def panned(self, hands: Hands, box: Any) -> float:
        points = wave(box, 90)
        await hands.hover(points[0])
        await hands.forget()
        await hands.stroke(points, "middle")
        frames = await hands.seen("frames")
        return 1000 * len(frames) / sum(frames)

    async def selected(self) -> list[Figure]:
        hands = await self.open(MAIN)
        left, top, width, height = await hands.surface()
        await hands.page.wait_for_timeout(500)
        figures = []
        await hands.page.keyboard.press("w")
        figures += await self.blocked(
            hands, "wand", hands.click((left + width / 2, top + height / 2)), "wand"
        )
        for name in ("grow", "shrink"):
            button = hands.page.locator(f'[data-act="{name}"]').first
            figures += await self.blocked(
                hands, name, button.evaluate("node => node.click()"), name
            )
        return figures + await self.object_select()

    async def blocked(self, hands: Hands, name: str, act: Any, task: str) -> list[Figure]:
        await hands.forget()
        await act
        await hands.page.wait_for_function(
            "task => window.__seen.tasks.some((each) => each.task === task)",
            arg=task,
            timeout=20_000,
        )
        await hands.page.wait_for_timeout(300)
        longest = max([*(await hands.seen("long")), max(await hands.seen("frames")) - 1000 / 60, 0])
        took = [each["ms"] for each in await hands.seen("tasks") if each["task"] == task]
        beside = f"its worker: {took[0]:.0f} ms"
        return [Figure(f"{name}: page blocked", longest, "ms", beside, goal=50)]

    async def object_select(self) -> list[Figure]:
        """The server's answers, as the studio asks for them."""
        width, height = SIZES[MAIN]
        box = [width // 4, height // 4, 3 * width // 4, 3 * height // 4]
        wish: dict[str, Any] = {"box": box, "plus": [], "minus": [], "brush": 80, "previous": None}
        first, answer = self.select(wish)
        wish["previous"] = base64.b64encode(answer).decode()
        waits = []
        for number in range(3):
            wish["plus"] = [[[width / 2, height / 2], [width / 2 + 300 + number, height / 2]]]
            wait, answer = self.select(wish)
            waits.append(wait)
        return [
            Figure("object select", first, "s", goal=2.5),
            Figure("  refined", max(waits), "s", f"worst of {len(waits)}", goal=0.6),
        ]

    def select(self, wish: dict[str, Any]) -> tuple[float, bytes]:
        url = f"{self.url}/images/{self.photos[MAIN].pk}/select"
        headers = {
            "Cookie": self.cookies, "X-CSRFToken": people.form_token(), "Content-Type": "application/json",
        }  # fmt: skip
        request = urllib.request.Request(url, json.dumps(wish).encode(), headers)
        began = time.perf_counter()
        with urllib.request.urlopen(request, timeout=30) as response:
            answer: bytes = response.read()
        return time.perf_counter() - began, answer


async def one_undo(hands: Hands) -> float:
    await hands.forget()
    await hands.page.keyboard.press("Control+z")
    await hands.page.wait_for_function("() => window.__seen.undo > 0")
    return float(await hands.seen("undo"))


async def bytes_of_steps(page: Page, size: tuple[int, int]) -> int:
    """Of 50 strokes over the whole photo, by the page's own history."""
    from django.templatetags.static import static

    return int(
        await page.evaluate(
            """async ([width, height, maskUrl, historyUrl]) => {
              const { Mask } = await import(maskUrl);
              const { History } = await import(historyUrl);
              const mask = new Mask(width, height);
              const history = new History(mask);
              for (let step = 0; step < 50; step++) {
                history.begin();
                let last = { x: width * 0.1, y: (height * (step + 1)) / 52 };
                for (let i = 1; i <= 200; i++) {
                  const y = height * (0.5 + 0.4 * Math.sin(step + i / 20));
                  const point = { x: width * (0.1 + (0.8 * i) / 200), y };
                  const bounds = mask.capsuleBounds(last, point, 60);
                  history.touch(bounds);
                  mask.fillCapsule(last, point, 60, 255);
                  last = point;
                }
                history.commit();
              }
              return history.size;
            }""",
            [*size, static("editor/mask.js"), static("editor/history.js")],
        )
    )


def read(url: str) -> bytes:
    request = urllib.request.Request(url, headers={"Accept-Encoding": "br"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        data: bytes = answer.read()
        return data
