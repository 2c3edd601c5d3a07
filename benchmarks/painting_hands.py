"""A person at the studio, as Chromium's own input pipeline sees one, and what the page's main thread does meanwhile."""

import asyncio
import math
import os
from pathlib import Path
from typing import Any

from playwright.async_api import CDPSession, Page

Point = tuple[float, float]

# Before any script of the page: when it became paintable, how long its worker took, which moves came,
# which frames were late, and what left the page.
WATCH = """(() => {
  const seen = { tasks: [], long: [], gaps: [], frames: [], points: 0, sent: [], paintable: 0, undo: 0 };
  window.__seen = seen;
  new PerformanceObserver((list) => seen.long.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ type: "longtask" });
  addEventListener("pointermove", (event) => (seen.points += event.getCoalescedEvents?.().length || 1), true);
  let last = 0;
  requestAnimationFrame(function frame(now) {
    if (last) seen.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  });
  const { fetch } = window;
  window.fetch = (url, options = {}) => {
    const mask = options.body instanceof FormData && options.body.get("mask");
    if (mask instanceof Blob) seen.sent.push({ at: performance.now(), bytes: mask.size });
    return fetch(url, options);
  };
  const Plain = window.Worker;
  window.Worker = class extends Plain {
    #began = new Map();
    constructor(...how) {
      super(...how);
      this.addEventListener("message", ({ data: { id } }) => {
        const { task, at } = this.#began.get(id) ?? {};
        if (task) seen.tasks.push({ task, ms: performance.now() - at });
      });
    }
    postMessage(message, ...more) {
      this.#began.set(message.id, { task: message.task, at: performance.now() });
      super.postMessage(message, ...more);
    }
  };
  addEventListener("keydown", ({ timeStamp, key }) => {
    if (key !== "z") return;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => (seen.undo = performance.now() - timeStamp);
      channel.port2.postMessage(0); // handled once the frame is painted
    });
  }, true);
  new MutationObserver(() => {
    const surface = document.querySelector("#surface");
    if (!surface || seen.paintable || surface.hasAttribute("aria-busy")) return;
    seen.paintable = -1;
    requestAnimationFrame(() => (seen.paintable = performance.now()));
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-busy"] });
})();"""

# A canvas as large as the view that strokes a line, and nothing else: what painting costs at least.
PLAIN = """<!doctype html><style>* { margin: 0 } canvas { display: block; touch-action: none }</style><canvas></canvas>"""
PLAIN_SCRIPT = """() => {
  const canvas = document.querySelector("canvas");
  const context = canvas.getContext("2d");
  [canvas.width, canvas.height] = [innerWidth, innerHeight];
  Object.assign(context, { lineWidth: 20, lineCap: "round", lineJoin: "round", strokeStyle: "rgb(255 140 30 / 0.5)" });
  let last = null, waiting = [], asked = 0;
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = [event.clientX, event.clientY];
  };
  canvas.onpointerup = () => (last = null);
  canvas.onpointermove = (event) => {
    if (!last) return;
    for (const { clientX, clientY } of event.getCoalescedEvents()) waiting.push([clientX, clientY]);
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      context.beginPath();
      context.moveTo(...last);
      for (const point of waiting) context.lineTo(...(last = point));
      context.stroke();
      waiting = [];
    });
  };
}"""


class Hands:
    def __init__(self, page: Page, session: CDPSession) -> None:
        self.page = page
        self.session = session

    @classmethod
    async def of(cls, page: Page) -> "Hands":
        session = await page.context.new_cdp_session(page)
        # the processor time of the main thread, not the time on the wall: others may be at work
        await session.send("Performance.enable", {"timeDomain": "threadTicks"})
        return cls(page, session)

    async def mouse(self, kind: str, point: Point, button: str = "left", **more: Any) -> None:
        event = {"type": f"mouse{kind}", "x": point[0], "y": point[1], "button": button, **more}
        event.setdefault("buttons", 0 if kind == "Released" else 1)
        await self.session.send("Input.dispatchMouseEvent", {"clickCount": 1, **event})

    async def stroke(self, points: list[Point], button: str = "left") -> float:
        """One move per frame. Milliseconds of the main thread per move."""
        await self.hover(points[0])
        await self.mouse("Pressed", points[0], button)
        before = await self.busy_ms()
        for point in points[1:]:
            await self.mouse("Moved", point, button)
        spent = await self.busy_ms() - before
        await self.mouse("Released", points[-1], button)
        return spent / (len(points) - 1)

    async def quick_stroke(self, points: list[Point], every_s: float = 0.001) -> None:
        """Moves that do not wait for each other, as a mouse with 1000 Hz sends them."""
        await self.mouse("Pressed", points[0])
        clock = asyncio.get_running_loop()
        began = clock.time()
        sent = []
        for number, point in enumerate(points[1:], 1):
            await asyncio.sleep(max(0.0, began + number * every_s - clock.time()))
            sent.append(asyncio.create_task(self.mouse("Moved", point)))
        await asyncio.gather(*sent)
        await self.mouse("Released", points[-1])

    async def hover(self, point: Point) -> None:
        await self.mouse("Moved", point, "none", buttons=0)

    async def click(self, point: Point) -> None:
        await self.mouse("Pressed", point)
        await self.mouse("Released", point)

    async def wheel(self, point: Point, down: float) -> None:
        await self.mouse("Wheel", point, "none", buttons=0, deltaX=0, deltaY=down)

    async def busy_ms(self) -> float:
        """What the main thread has worked so far."""
        metrics = (await self.session.send("Performance.getMetrics"))["metrics"]
        return 1000 * next(one["value"] for one in metrics if one["name"] == "TaskDuration")

    async def seen(self, name: str) -> Any:
        return await self.page.evaluate("name => window.__seen[name]", name)

    async def forget(self) -> None:
        await self.page.evaluate(
            """() => Object.assign(window.__seen, { tasks: [], long: [], frames: [], points: 0, sent: [], undo: 0 })"""
        )

    async def surface(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the surface."""
        box = await self.page.locator("#surface").bounding_box()
        assert box
        return box["x"], box["y"], box["width"], box["height"]


def wave(box: tuple[float, float, float, float], count: int, number: int = 0) -> list[Point]:
    """A stroke over most of a box, another one for every number."""
    left, top, width, height = box
    return [
        (
            left + width * (0.15 + 0.7 * i / (count - 1)),
            top
            + height * (0.5 + 0.3 * math.sin(0.7 * number + 9 * i / count) * (1 - number % 7 / 9)),
        )
        for i in range(count)
    ]


def resident_bytes(browser_pid: int) -> int:
    """What the largest renderer below a browser holds."""
    from benchmarks import processes

    sizes = [0]
    for pid in processes.tree(browser_pid):
        if b"--type=renderer" in _read(pid, "cmdline"):
            sizes.append(int(_read(pid, "statm").split()[1]) * os.sysconf("SC_PAGE_SIZE"))
    return max(sizes)


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b"0 0" if name == "statm" else b""
