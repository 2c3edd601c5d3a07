"""What our own API costs a script: the official client to the gateway to the sandbox, against the same
call straight to the sandbox.

One after the other, in pairs; then 50 at once while the sandbox takes 2 s for each, every one with a
picture of its own, with the memory of the web process that holds the waiting calls.
"""

import base64
import io
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

from openai import OpenAI

from benchmarks import drawing, people, processes
from benchmarks.figures import Figure
from benchmarks.stack import Stack, running_stack

SIZE = (1024, 1024)
BOX = (380, 300, 640, 560)
PAIRS = 12
GOAL_MS = 250
AT_ONCE = 50
DELAY_S = 2
GOAL_MAKESPAN = 1.3
GOAL_MEMORY_MB = 400
MODEL = "gpt-image-2"


def measure() -> list[Figure]:
    people.set_up()
    with running_stack(GATEWAY_CALLS_PER_MINUTE=10_000) as stack:
        direct = client(f"http://127.0.0.1:{stack.sandbox_port}/v1", "sandbox")
        through = client(f"http://127.0.0.1:{stack.port}/v1", token())
        web = stack.process("web")
        figures = alone(direct, through)
        figures += at_once(stack, direct, through, web)
        stack.require("web", web)
    return figures


def alone(direct: OpenAI, through: OpenAI) -> list[Figure]:
    for api in (direct, through):
        ask(api, -1)  # warms what only the first ones pay
    pairs = []
    busy = []
    for number in range(PAIRS):
        pairs.append((timed(direct, number), timed(through, number)))
        busy.append(processes.slowdown(3))
    added = [1000 * (gateway - plain) for plain, gateway in pairs]
    plain = median(plain for plain, _ in pairs)
    beside = f"beside the sandbox's own {1000 * plain:.0f} ms; worst {max(added):.0f} ms"
    ratio = median(gateway for _, gateway in pairs) / plain
    return [
        Figure("one call, added by the gateway", median(added), "ms", beside, ratio, GOAL_MS),
        Figure("  other work on these cores", median(busy), "x", "plain work, against alone"),
    ]


def at_once(stack: Stack, direct: OpenAI, through: OpenAI, web: int) -> list[Figure]:
    stack.sandbox_fault(f"slow:{DELAY_S}")
    plain = makespan(direct, 1000)
    with processes.watched(web) as memory:
        gateway = makespan(through, 2000)
    peak = memory.peak / 2**20
    return [
        Figure(
            f"{AT_ONCE} at once, makespan", gateway, "s", f"straight: {plain:.1f} s", gateway / plain,
            GOAL_MAKESPAN, of_ratio=True,
        ),
        Figure(
            "  web process's memory, at most", peak, "MB",
            f"{memory.before / 2**20:.0f} MB before", goal=GOAL_MEMORY_MB,
        ),
    ]  # fmt: skip


def makespan(api: OpenAI, first: int) -> float:
    with ThreadPoolExecutor(AT_ONCE) as callers:
        made = [request(first + number) for number in range(AT_ONCE)]
        began = time.perf_counter()
        for answer in callers.map(lambda files: edit(api, files), made):
            require_picture(answer)
        return time.perf_counter() - began


def timed(api: OpenAI, number: int) -> float:
    files = request(number)
    began = time.perf_counter()
    answer = edit(api, files)
    took = time.perf_counter() - began
    require_picture(answer)
    return took


def ask(api: OpenAI, number: int) -> None:
    require_picture(edit(api, request(number)))


def edit(api: OpenAI, files: dict[str, Any]) -> Any:
    size = f"{SIZE[0]}x{SIZE[1]}"
    return api.images.edit(model=MODEL, prompt="Remove the sign", size=size, quality="low", **files)


def request(number: int) -> dict[str, Any]:
    """A picture of its own for each call, and the mask as the API wants it."""
    picture = drawing.png(SIZE, seed=number + 7)
    return {
        "image": ("photo.png", picture, "image/png"),
        "mask": ("mask.png", drawing.api_mask_png(SIZE, BOX), "image/png"),
    }


def require_picture(answer: Any) -> None:
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(answer.data[0].b64_json))) as picture:
        if picture.size != SIZE:
            raise RuntimeError(f"the answer is {picture.size}")


def client(base_url: str, key: str) -> OpenAI:
    return OpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=300)


def token() -> str:
    from editor.models import Token

    return Token.make(people.make_person(), "benchmark")[1]
