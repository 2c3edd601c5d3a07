"""What becomes of the pixels: exactness, seams, alignment, time, memory, and what a no-op leaves.

On generated photographs, with the mild and the strong drift of the sandbox: rendered anew at source
pixels, and sent at 1536 x 1024 as real models do. The contact sheet and the picture of the first screen
of the README are drawn along the way, into docs/.
"""

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean
from typing import Any

import cv2
import numpy as np
from PIL import Image

from benchmarks import drawing, people, processes
from benchmarks import stitching_cases as cases
from benchmarks import stitching_exact as exact
from benchmarks.figures import Figure
from benchmarks.stack import Stack, running_stack
from editor.imaging import measuring
from editor.imaging.filling import Drift
from editor.imaging.masters import Master, open_master, write_png
from editor.imaging.stitching import Answer, Stitched, stitch

RUNS = 5
STEP_GOALS: dict[Drift, tuple[float, float]] = {"mild": (0.4, 1.0), "strong": (1.2, 3.2)}
BORDER_GOAL, ALIGNMENT_GOAL, PSNR_GOAL = 1.06, 0.1, 45
STITCH_MS, STORE_MS, MEMORY_MB = 750, 1500, 900
MODEL = "gpt-image-2"


def measure() -> list[Figure]:
    people.set_up()
    from benchmarks import stitching_sheet

    figures = seams() + exactness() + times() + through_the_app()
    stitching_sheet.draw()
    figures.append(
        Figure("other work on these cores", processes.slowdown(), "x", "plain work, against alone")
    )
    return figures


def exactness() -> list[Figure]:
    exact.prove_comparison()
    outcomes = exact.run()
    compared = sum(outcome.compared for outcome in outcomes)
    wrong = sum(not outcome.is_told_right for outcome in outcomes)
    if wrong:
        raise RuntimeError(f"the app's own comparison was wrong {wrong} times")
    beside = f"of {compared / 1e6:,.0f} million, in {len(outcomes)} random cases; all told right"
    count = sum(outcome.differing for outcome in outcomes)
    return [Figure("pixels outside that differ", count, "", beside, goal=0)]


@dataclass(frozen=True)
class Seam:
    border: float
    strict: tuple[float, float]  # measuring.colour_steps, p50 and p95
    excess: tuple[float, float]  # measuring.wide_steps
    off: float  # px


def seams() -> list[Figure]:
    found: dict[str, list[Seam]] = {"mild": [], "strong": []}
    plain: dict[str, list[Seam]] = {"mild": [], "strong": []}
    for family in cases.FAMILIES:
        photo = cases.photo(family)
        for drift in STEP_GOALS:
            done, pasted = one_seam(photo, drift)
            found[drift].append(done)
            plain[drift].append(pasted)
    both = found["mild"] + found["strong"]
    pasted = plain["mild"] + plain["strong"]
    figures = [
        Figure(
            "border ratio, mean", mean(seam.border for seam in both), "",
            f"worst {max(seam.border for seam in both):.3f}; pasted hard {mean(seam.border for seam in pasted):.2f}",
            goal=BORDER_GOAL,
        )
    ]  # fmt: skip
    for drift, goals in STEP_GOALS.items():
        for at, (words, goal) in enumerate(zip(("p50", "p95"), goals, strict=True)):
            figures.append(step_figure(drift, words, at, goal, found[drift], plain[drift]))
    figures.append(
        Figure(
            "alignment error, mean", mean(seam.off for seam in both), "px",
            f"worst {max(seam.off for seam in both):.3f}; drifts of 2.4 and 9.8 px",
            goal=ALIGNMENT_GOAL,
        )
    )  # fmt: skip
    return figures


def step_figure(
    drift: str, words: str, at: int, goal: float, found: list[Seam], plain: list[Seam]
) -> Figure:
    worst = max(seam.strict[at] for seam in found)
    lengths = mean(seam.excess[at] for seam in found)
    before = mean(seam.strict[at] for seam in plain)
    beside = f"worst picture {worst:.2f}; in length alone {lengths:.2f}; pasted {before:.1f}"
    value = mean(seam.strict[at] for seam in found)
    return Figure(f"wide step, {drift}, {words}", value, "dE", beside, goal=goal)


def one_seam(photo: Any, drift: Drift) -> tuple[Seam, Seam]:
    mask, frame = cases.ellipse(), cases.WINDOW
    answer = cases.rendered_anew(photo, frame, drift)
    stitched = stitch(Master(photo), [Answer(answer, frame)], mask)
    moved = stitched.corrections[0].shift
    wanted = cases.drift_of(drift)
    off = float(np.hypot(moved[0] - wanted[0], moved[1] - wanted[1]))
    return seam_of(photo, stitched.pixels, off), seam_of(photo, pasted_hard(photo, answer), 0.0)


def seam_of(photo: Any, pixels: Any, off: float) -> Seam:
    mask = cases.ellipse()
    border = measuring.border_ratio(pixels, mask)
    strict = measuring.colour_steps(photo, pixels, mask)
    excess = measuring.wide_steps(photo, pixels, mask)
    assert border is not None and strict is not None and excess is not None
    return Seam(border, strict, excess, off)


def pasted_hard(photo: Any, answer: Any) -> Any:
    """What a line of code does that resizes and pastes."""
    left, top, right, bottom = cases.WINDOW.bounds
    result = photo.copy()
    window = cv2.resize(answer, (right - left, bottom - top), interpolation=cv2.INTER_CUBIC)
    inside = cases.ellipse()[top:bottom, left:right] > 0
    result[top:bottom, left:right][inside] = window[inside]
    return result


def times() -> list[Figure]:
    """A window of 6.7 megapixels, into a photograph of 24."""
    photo = cases.photo_24mp()
    left, top = 1412, 941
    bounds = (left, top, left + 3176, top + 2117)
    frame = cases.Frame(bounds, (1536, 1024))
    mask = cases.ellipse((6000, 4000))
    answer = cases.rendered_anew(photo, frame, "mild")
    photo.setflags(write=False)
    master = Master(photo)
    stitched, stitching, plain = [], [], []
    for _ in range(RUNS):
        took, done = timed(lambda: stitch(master, [Answer(answer, frame)], mask))
        stitching.append(took)
        stitched.append(done)
        plain.append(timed(lambda: paste(photo, answer, mask, bounds))[0])
    return [
        against("to stitch 6.7 into 24 megapixels", stitching, plain, "resized and pasted", STITCH_MS),
        *stored(stitched[-1]),
    ]  # fmt: skip


def stored(stitched: Stitched) -> list[Figure]:
    ours, pillow = [], []
    for _ in range(3):
        took, data = timed(lambda: write_png(stitched.pixels))
        ours.append(took)
        took, other = timed(lambda: by_pillow(stitched.pixels))
        pillow.append(took)
    if not np.array_equal(open_master(data).pixels, stitched.pixels):
        raise RuntimeError("the stored picture is another one")
    size = f"Pillow's PNG at its quickest ({len(data) / 2**20:.0f} against {len(other) / 2**20:.0f} MB)"
    return [against("to write 24 megapixels as PNG", ours, pillow, size, STORE_MS)]


def by_pillow(pixels: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def paste(photo: Any, answer: Any, mask: Any, bounds: Any) -> Any:
    """The least that any program does."""
    left, top, right, bottom = bounds
    result = photo.copy()
    window = cv2.resize(answer, (right - left, bottom - top), interpolation=cv2.INTER_LANCZOS4)
    cv2.copyTo(window, mask[top:bottom, left:right], result[top:bottom, left:right])
    return result


def against(name: str, ours: list[float], plain: list[float], words: str, goal_ms: float) -> Figure:
    best, least = 1000 * min(ours), 1000 * min(plain)
    return Figure(
        name, best, "ms", f"best of {len(ours)}; {words}: {least:.0f} ms", best / least, goal_ms
    )


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    done = act()
    return time.perf_counter() - began, done


def through_the_app() -> list[Figure]:
    """Edits from submit to the stored result, with everything in between running as it does."""
    with running_stack(SANDBOX_DRIFT="strong") as stack:
        alice = people.make_person()
        return [*no_op(alice), memory(stack, alice)]


def no_op(alice: Any) -> list[Figure]:
    size, box = (2000, 1500), (700, 500, 1200, 900)
    photo = people.add_photo(alice, drawing.png(size))
    edit = people.submit(photo, drawing.mask_png(size, box), "Change nothing")
    people.wait_for_success([edit], 120)
    before, after = pixels_of(photo), pixels_of(edit.results.get().image)
    contract = np.asarray(contract_mask(edit))
    edit.refresh_from_db()
    frame = cases.Frame.from_dict(edit.frames[0])
    if frame.scale != 1:
        raise RuntimeError(f"the frame was not sent at native pixels but at {frame.scale:.2f}")
    value = cases.psnr(before, after, contract)
    beside = "inside the mask, from submit to the stored file; 99: not a bit differs"
    return [Figure("a no-op edit", value, "dB", beside, goal=PSNR_GOAL, at_least=True)]


def memory(stack: Stack, alice: Any) -> Figure:
    """Of the worker and all below it, while an edit of 50 megapixels is framed, sent, stitched and stored."""
    size, box = (8660, 5780), (2400, 1600, 6200, 4200)
    photo = people.add_photo(alice, drawing.jpeg(size), "large.jpg")
    worker = stack.process("worker")
    with processes.watched(worker) as found:
        edit = people.submit(photo, drawing.mask_png(size, box), "Change nothing")
        people.wait_for_success([edit], 300)
    stack.require("worker", worker)
    beside = f"at rest: {found.before / 2**20:.0f} MB; a mask of {(box[2] - box[0]) * (box[3] - box[1]) / 1e6:.0f} megapixels"
    return Figure(
        "worker's memory at 50 megapixels", found.peak / 2**20, "MB", beside, goal=MEMORY_MB
    )


def pixels_of(image: Any) -> Any:
    from editor.jobs import pictures

    return open_master(pictures.read(image.original)).srgb()


def contract_mask(edit: Any) -> Any:
    from editor.jobs.canvas import contract_of

    return contract_of(edit)
