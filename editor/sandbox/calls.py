"""What the sandbox was asked for, counted by itself: tests and drills compare it with our own books."""

import time
from collections import deque
from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import Any

REMEMBERED = 100_000


@dataclass
class Call:
    """One POST that arrived. `worked` says whether a real provider would have billed it."""

    key: str  # the caller's X-Client-Request-Id
    request_id: str
    operation: str = "edit"
    streamed: bool = False
    time: float = field(default_factory=time.time)
    model: str = ""
    n: int = 0
    outcome: str = "running"  # then "200", "400 moderation_blocked", "dropped", "gone" ...
    worked: bool = False
    seconds: float = 0.0  # until the answer was ready, and in the end until it was sent
    ended: bool = False


class Calls:
    """All calls since the start, the oldest first."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=REMEMBERED)
        self._lock = Lock()

    def add(self, call: Call) -> Call:
        with self._lock:
            self._calls.append(call)
        return call

    def listed(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(call) for call in self._calls]
