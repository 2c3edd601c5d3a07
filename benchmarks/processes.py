"""What processes cost, as /proc tells: memory and processor time of a process and all below it."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
EVERY_S = 0.02


def tree(pid: int) -> list[int]:
    """`pid` and all its descendants that are there now."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            stat = _stat(int(entry))
            if stat:
                children.setdefault(int(stat[1]), []).append(int(entry))
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += children.get(one, [])
    return found


def child_named(pid: int, words: str) -> int:
    """The descendant of `pid` whose command line contains `words`, the topmost one."""
    for one in tree(pid)[1:]:
        command = _read(one, "cmdline").replace("\x00", " ")
        if words in command:
            return one
    raise LookupError(f"no process under {pid} runs “{words}”")


def cpu_seconds(pid: int) -> float:
    """Processor time of the tree under `pid` so far, with children that have ended and were waited for."""
    ticks = 0
    for one in tree(pid):
        stat = _stat(one)
        ticks += sum(map(int, stat[11:15])) if stat else 0
    return ticks / TICKS


def memory_bytes(pid: int) -> int:
    """What the tree under `pid` holds; pages that several processes share count once (PSS)."""
    return sum(_pss(one) for one in tree(pid))


def slowdown(rounds: int = 20) -> float:
    """How many times longer than alone plain work takes now, for others work on these cores as well."""
    ratios = []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        sum(number * number for number in range(50_000))
        ratios.append((time.perf_counter() - wall) / (time.process_time() - cpu))
    return sum(ratios) / len(ratios)


@dataclass
class Memory:
    before: int = 0
    peak: int = 0
    looks: int = 0


@contextmanager
def watched(pid: int) -> Iterator[Memory]:
    """Look at the memory of a tree every 20 ms while the block runs."""
    memory = Memory(before=memory_bytes(pid))
    memory.peak = memory.before
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            began = time.monotonic()
            memory.peak = max(memory.peak, memory_bytes(pid))
            memory.looks += 1
            done.wait(max(0.0, EVERY_S - (time.monotonic() - began)))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        done.set()
        thread.join()


def _pss(pid: int) -> int:
    for line in _read(pid, "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _stat(pid: int) -> list[str]:
    """The fields after the name, which may hold blanks: state, parent, …"""
    return _read(pid, "stat").rpartition(")")[2].split()


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except OSError:  # it has ended
        return ""
