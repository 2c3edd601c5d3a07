"""Named points at which a test lets the process die, so that every window has a deterministic test."""

import os
from collections import Counter

POINTS = (
    "after-claim",
    "before-intent",
    "after-intent",
    "before-body",
    "after-spool",
    "after-answered",
    "after-fetch",
    "after-raw",
    "before-next",
    "after-next",
    "after-end",
    "after-result",
    "before-settle",
    "after-settle",
)


_passed: Counter[str] = Counter()


def crash(point: str) -> None:
    """Die like a killed process, without cleaning up, if CRASH_AT names `point`; else do nothing.

    ``point@2`` dies there when it is passed for the second time.
    """
    wanted = os.environ.get("CRASH_AT", "")
    if wanted and wanted.partition("@")[0] == point:
        _passed[point] += 1
        if _passed[point] >= int(wanted.partition("@")[2] or 1):
            os._exit(137)
