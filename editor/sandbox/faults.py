"""Faults that the sandbox can be told to show, so that tests and drills meet each case.

A fault is written `name` or `name:argument`; a comma separates those of successive calls, and the
last one stays: "500,ok" fails the first call only. Names:

    ok                                  nothing
    slow:SECONDS                        works, later
    400 400-moderation 401 402 403 404 413 415 422   refused
    408 409                             refused, perhaps after the work
    429:RETRY_AFTER 429-quota           asked too often; out of credit
    500 502 503 504                     failed, who knows when
    drop-before drop-after              connection closed before, or after, the work
    truncate                            half of the answer, then closed
    html error-200 bad-json empty-data bad-picture   a 200 that cannot be used
    drip never                          one byte every half second; no byte at all; for ever
    urls-403 urls-404 urls-500 urls-500-once urls-slow:SECONDS
    urls-private-redirect:URL urls-zeros             the result URLs of this call fail
"""

import re
import threading
from dataclasses import dataclass

STATUSES = frozenset({400, 402, 403, 404, 408, 409, 413, 415, 422, 500, 502, 503, 504})
NAMES = frozenset(
    {
        *(str(status) for status in STATUSES),
        *("ok", "slow", "400-moderation", "401", "429", "429-quota"),
        *("drop-before", "drop-after", "truncate", "drip", "never"),
        *("html", "error-200", "bad-json", "empty-data", "bad-picture"),
        *("urls-403", "urls-404", "urls-500", "urls-500-once", "urls-slow"),
        *("urls-private-redirect", "urls-zeros"),
    }
)


@dataclass(frozen=True)
class Fault:
    name: str = "ok"
    argument: str = ""

    @property
    def status(self) -> int | None:
        """The HTTP status that this fault answers with instead of working."""
        match = re.match(r"\d{3}", self.name)
        return int(match[0]) if match else None

    @property
    def is_of_urls(self) -> bool:
        return self.name.startswith("urls-")

    def seconds(self, default: float = 0.0) -> float:
        return float(self.argument) if self.argument else default


NONE = Fault()


def parse(text: str) -> list[Fault]:
    """Raises ValueError for a name that is none, or for seconds that are no number."""
    faults = [_one(part.strip()) for part in text.split(",") if part.strip()]
    return faults or [NONE]


class Schedule:
    """Which fault the next call meets. Safe to use from many threads."""

    def __init__(self, text: str = "") -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self.set(text)

    def set(self, text: str) -> None:
        faults = parse(text)
        with self._lock:
            self._faults = faults

    def take(self) -> Fault:
        with self._lock:
            return self._faults.pop(0) if len(self._faults) > 1 else self._faults[0]


def _one(text: str) -> Fault:
    name, _, argument = text.partition(":")
    if name not in NAMES:
        raise ValueError(f"{name!r} is not a fault; there are: {', '.join(sorted(NAMES))}")
    fault = Fault(name, argument)
    if name in ("slow", "urls-slow"):
        fault.seconds()
    return fault
