"""64 edits whose calls take 2 s each, on the one worker that is started: from the hints to the last success.

Of pictures of a megapixel, whose work takes these cores longer than the calls do, and of small ones, which show
what the way itself costs. Beside the calls alone stands what no order of the same work could go below.
"""

import os
import time
from datetime import datetime
from typing import Any

from benchmarks import drawing, people, processes
from benchmarks.figures import Figure
from benchmarks.provider import KEY, ExactProvider, exact_provider
from benchmarks.stack import running_stack

SIZES = {"1 megapixel": (1152, 864), "small": (320, 240)}
EDITS = 64
DELAY_S = 2.0
ALONE = 6
GOAL = 1.5
WITHIN_S = 300


def measure() -> list[Figure]:
    people.set_up()
    with exact_provider() as provider:
        variables = {"PROVIDER_BASE_URL": f"{provider.origin}/v1", "PROVIDER_API_KEY": KEY}
        with running_stack(**variables) as stack:
            worker = stack.process("worker")
            person = people.make_person(role="admin")
            figures = []
            for name, size in SIZES.items():
                photo = people.add_photo(person, drawing.png(size))
                provider.wait(0)
                one_by_one(worker, photo, 2)  # warms what only the first ones pay
                alone = one_by_one(worker, photo, ALONE)
                stack.require("worker", worker)
                provider.wait(DELAY_S)
                figures += all_at_once(name, provider, worker, photo, alone)
                stack.require("worker", worker)
    busy = processes.slowdown()
    return [*figures, Figure("other work on these cores", busy, "x", "plain work, against alone")]


def one_by_one(worker: int, photo: Any, count: int) -> float:
    """Processor seconds of the worker for one edit, when nothing else is asked of it."""
    before = processes.cpu_seconds(worker)
    for number in range(count):
        people.wait_for_success([people.submit(photo, mask(photo, number + EDITS))], 60)
    return (processes.cpu_seconds(worker) - before) / count


def all_at_once(
    name: str, provider: ExactProvider, worker: int, photo: Any, alone_cpu: float
) -> list[Figure]:
    from editor.jobs.hints import hint
    from editor.models import Edit, Spending

    Spending.switch(stopped=True, by=photo.created_by)  # so that all are queued before any is taken
    edits = [people.submit(photo, mask(photo, number)) for number in range(EDITS)]
    time.sleep(2)  # their own hints are over
    calls, cpu = provider.calls(), processes.cpu_seconds(worker)
    with processes.watched(worker) as memory:
        began_at, began = time.time(), time.perf_counter()
        Spending.switch(stopped=False, by=photo.created_by)
        for edit in edits:
            hint(edit.pk)
        people.wait_for_success(edits, WITHIN_S)
        makespan = time.perf_counter() - began
    cpu = processes.cpu_seconds(worker) - cpu
    if provider.calls() - calls != EDITS:
        raise RuntimeError(f"{provider.calls() - calls} calls for {EDITS} edits")
    done = list(
        Edit.objects.filter(pk__in=[edit.pk for edit in edits]).prefetch_related("attempts")
    )
    return told(name, makespan, began_at, done, cpu / EDITS, alone_cpu, memory.peak)


def told(
    name: str,
    makespan: float,
    began_at: float,
    edits: list[Any],
    cpu: float,
    alone_cpu: float,
    peak: int,
) -> list[Figure]:
    def until(moments: list[datetime]) -> float:
        return max(moment.timestamp() for moment in moments) - began_at

    cores = len(os.sched_getaffinity(0))
    work = DELAY_S + EDITS * alone_cpu / cores
    attempts = [edit.attempts.all()[0] for edit in edits]
    return [
        Figure(
            f"{name}: makespan", makespan, "s", f"one call: {DELAY_S:g} s", makespan / DELAY_S, GOAL,
            of_ratio=True,
        ),
        Figure(
            "  against the work it holds", makespan, "s",
            f"a call and {EDITS} edits' processor time on {cores} cores: {work:.1f} s", makespan / work,
        ),
        Figure("  all claimed", until([edit.started_at for edit in edits]), "s", "after the hints"),
        Figure("  all sent", until([one.sent_at for one in attempts]), "s", "after the hints"),
        Figure("  all answered", until([one.answered_at for one in attempts]), "s", "after the hints"),
        Figure(
            "  worker's processor time per edit", 1000 * cpu, "ms",
            f"alone: {1000 * alone_cpu:.0f} ms", cpu / alone_cpu,
        ),
        Figure("  worker's memory, at most", peak / 2**20, "MB", "with its children"),
    ]  # fmt: skip


def mask(photo: Any, number: int) -> bytes:
    """Another place for each edit: equal results would be stored once."""
    width, height = photo.size
    left, top = width // 8 + number % 16, height // 8 + number // 16
    return drawing.mask_png(photo.size, (left, top, left + width // 3, top + height // 3))
