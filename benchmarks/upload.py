"""A 24-megapixel JPEG through the running web server, until its thumbnail has been received."""

import io
import json
import threading
import time
from statistics import median
from typing import Any

from PIL import Image

from benchmarks import drawing, people, processes, traffic
from benchmarks.figures import Figure
from benchmarks.stack import Stack, running_stack

SIZE = (6000, 4000)
RUNS = 4
AT_ONCE = 4
GOAL_MB = 600


def measure() -> list[Figure]:
    people.set_up()
    data = drawing.jpeg(SIZE)
    with running_stack() as stack:
        cookies = people.cookies_of(people.make_person())
        web = stack.process("web")
        one_upload(stack, cookies, drawing.with_comment(data, 0))
        alone, plain = [], []
        with processes.watched(web) as memory:
            for number in range(1, RUNS + 1):
                plain.append(plainly(data))
                alone.append(one_upload(stack, cookies, drawing.with_comment(data, number)))
        with processes.watched(web) as crowded:
            together = many_uploads(stack, cookies, data)
    return told(alone, plain, together, memory, crowded, len(data))


def one_upload(stack: Stack, cookies: str, data: bytes) -> float:
    """Seconds from the first byte sent to the last byte of the thumbnail."""
    headers = {"Cookie": cookies, "X-CSRFToken": people.form_token(), "Accept": "application/json"}
    request = traffic.upload_bytes("/images/upload", stack.port, headers, "photo.jpg", data)
    began = time.perf_counter()
    status, body = traffic.exchange(stack.port, request)
    if status != 201:
        raise RuntimeError(f"the upload was answered with {status}: {body[:300]!r}")
    thumb = traffic.get_bytes(json.loads(body)["thumb_url"], stack.port, {"Cookie": cookies})
    status, picture = traffic.exchange(stack.port, thumb)
    took = time.perf_counter() - began
    if status != 200 or Image.open(io.BytesIO(picture)).size != (320, 213):
        raise RuntimeError(f"the thumbnail was answered with {status}, {len(picture)} bytes")
    return took


def plainly(data: bytes) -> float:
    """The least that any program does: decode, shrink to preview and thumbnail, encode them."""
    began = time.perf_counter()
    picture: Image.Image = Image.open(io.BytesIO(data))
    for side in (2048, 320):
        picture = picture.resize((side, side * SIZE[1] // SIZE[0]), Image.Resampling.LANCZOS)
        picture.save(io.BytesIO(), "WEBP", quality=82, method=2)
    return time.perf_counter() - began


def many_uploads(stack: Stack, cookies: str, data: bytes) -> float:
    """Different files at the same moment; seconds until the last one has its thumbnail."""
    errors: list[Exception] = []

    def upload(number: int) -> None:
        try:
            one_upload(stack, cookies, drawing.with_comment(data, number))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=upload, args=(100 + n,)) for n in range(AT_ONCE)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return time.perf_counter() - began


def told(
    alone: list[float],
    plain: list[float],
    together: float,
    memory: Any,
    crowded: Any,
    size: int,
) -> list[Figure]:
    usual, least = median(alone), median(plain)
    beside = f"decoded, shrunk and encoded by Pillow alone: {1000 * least:.0f} ms"
    return [
        Figure("to the thumbnail", 1000 * usual, "ms", beside, usual / least),
        Figure(
            f"  {AT_ONCE} files at once, to the last", 1000 * together, "ms",
            f"{AT_ONCE} x Pillow alone", together / (AT_ONCE * least),
        ),
        Figure(
            "web server's memory, at most", memory.peak / 2**20, "MB",
            f"at rest: {memory.before / 2**20:.0f} MB", memory.peak / memory.before, GOAL_MB,
        ),
        Figure(
            f"  {AT_ONCE} files at once", crowded.peak / 2**20, "MB",
            f"at rest: {crowded.before / 2**20:.0f} MB", crowded.peak / crowded.before, GOAL_MB,
        ),
        Figure("size of the file", size / 2**20, "MB", "with the grain of a sensor"),
        Figure("other work on these cores", processes.slowdown(), "x", "plain work, against alone"),
    ]  # fmt: skip
