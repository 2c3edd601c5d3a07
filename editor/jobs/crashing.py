"""Named points at which a test lets the process die, so that every window has a deterministic test."""

import os

POINTS = (
    "after-claim",
    "before-intent",
    "after-intent",
    "before-body",
    "after-spool",
    "after-answered",
    "after-fetch",
    "after-raw",
    "after-result",
    "before-settle",
    "after-settle",
)


def crash(point: str) -> None:
    """Die like a killed process, without cleaning up, if CRASH_AT names `point`; else do nothing."""
    if os.environ.get("CRASH_AT") == point:
        os._exit(137)
