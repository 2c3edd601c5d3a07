"""What an edit takes beyond the provider's own time, as the provider itself tells it."""

import time
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from benchmarks import drawing, people, processes
from benchmarks.figures import Figure, middle_and_worst
from benchmarks.stack import Stack, running_stack

SIZE = (1152, 864)  # 1 megapixel
BOX = (420, 300, 720, 560)
GOAL_MS = 400
RUNS = {0: 12, 2: 8}  # by the provider's delay in seconds


@dataclass(frozen=True)
class Run:
    """Seconds. `parts` add up to what the edit took without the provider."""

    wall: float
    provider: float
    worker_cpu: float
    parts: dict[str, float]

    @property
    def overhead(self) -> float:
        return self.wall - self.provider


def measure() -> list[Figure]:
    people.set_up()
    with running_stack() as stack:
        photo = people.add_photo(people.make_person(), drawing.png(SIZE))
        worker = stack.process("worker")
        figures = []
        for delay, count in RUNS.items():
            stack.sandbox_fault(f"slow:{delay}")
            for _ in range(2):
                one_edit(stack, worker, photo)  # warms what only the first ones pay
            busy = [processes.slowdown(3)]
            runs = []
            for _ in range(count):
                runs.append(one_edit(stack, worker, photo))
                busy.append(processes.slowdown(3))
            stack.require("worker", worker)
            figures += told(delay, runs, median(busy))
    return figures


def one_edit(stack: Stack, worker: int, photo: Any) -> Run:
    mask = drawing.mask_png(SIZE, BOX)
    cpu = processes.cpu_seconds(worker)
    began_at, began = time.time(), time.perf_counter()
    edit = people.submit(photo, mask)
    people.wait_for_success([edit], 60)
    wall = time.perf_counter() - began
    edit.refresh_from_db()
    attempt = edit.attempts.get()
    provider = stack.sandbox_calls()[str(attempt.key)]["seconds"]
    answered_in = since(attempt.sent_at, attempt.answered_at)
    parts = {
        "submit, until it is a row": edit.created_at.timestamp() - began_at,
        "row to claim": since(edit.created_at, edit.started_at),
        "claim to sent": since(edit.started_at, attempt.sent_at),
        "on the way, and to the spool": answered_in - provider,
        "answered to succeeded": since(attempt.answered_at, edit.finished_at),
        "succeeded to seen": began_at + wall - edit.finished_at.timestamp(),
    }
    return Run(wall, provider, processes.cpu_seconds(worker) - cpu, parts)


def told(delay: int, runs: list[Run], busy: float) -> list[Figure]:
    usual, worst = middle_and_worst([run.overhead for run in runs])
    provider = median(run.provider for run in runs)
    beside = f"all of it, against the provider's own {1000 * provider:.0f} ms; worst {worst:.0f} ms"
    ratio = median(run.wall for run in runs) / provider
    figures = [Figure(f"provider waits {delay} s", usual, "ms", beside, ratio, goal=GOAL_MS)]
    for name in runs[0].parts:
        part = 1000 * median(run.parts[name] for run in runs)
        figures.append(Figure(f"  {name}", part, "ms", "of the overhead", part / usual))
    cpu = 1000 * median(run.worker_cpu for run in runs)
    figures.append(Figure("  worker's processor time", cpu, "ms", "of the overhead", cpu / usual))
    figures.append(Figure("  other work on these cores", busy, "x", "plain work, against alone"))
    return figures


def since(earlier: datetime | None, later: datetime | None) -> float:
    assert earlier and later
    return (later - earlier).total_seconds()
