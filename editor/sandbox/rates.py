"""How often may be asked: a bucket that fills again as time goes by."""

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from editor.images_api.refusals import rate_limited

UNITS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}


@dataclass(frozen=True)
class Rate:
    """At most `count` requests in `seconds`."""

    count: int
    seconds: float


PLENTY = Rate(100_000, 60.0)


def parse(text: str) -> Rate:
    """`"5/minute"` as a Rate. Raises ValueError with a sentence."""
    match = re.fullmatch(r"([1-9][0-9]{0,6})/(second|minute|hour)", text.strip())
    if match is None:
        raise ValueError(f"A rate is written like 5/minute, 1/second or 100/hour, not {text!r}.")
    return Rate(int(match[1]), UNITS[match[2]])


class Bucket:
    """Counts the requests of all callers together. Safe to use from many threads."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._left = float(rate.count)
        self._at = clock()
        self._lock = Lock()

    def take(self) -> dict[str, str]:
        """Count one request; gives the headers that say what is left. Raises Refusal (429) where
        nothing is, with the time until one may be asked again."""
        with self._lock:
            self._fill()
            is_enough = self._left >= 1
            if is_enough:
                self._left -= 1
            left = self._left
        headers = {
            "x-ratelimit-limit-requests": str(self._rate.count),
            "x-ratelimit-remaining-requests": str(int(left)),
            "x-ratelimit-reset-requests": written((self._rate.count - left) * self._seconds_each),
        }
        if not is_enough:
            sentence = f"Rate limit reached: {self._rate.count} requests in "
            sentence += f"{self._rate.seconds:g} s. Please try again later."
            refusal = rate_limited(sentence, math.ceil((1 - left) * self._seconds_each))
            refusal.headers.update(headers)
            raise refusal
        return headers

    @property
    def _seconds_each(self) -> float:
        return self._rate.seconds / self._rate.count

    def _fill(self) -> None:
        now = self._clock()
        grown = self._left + (now - self._at) / self._seconds_each
        self._left, self._at = min(float(self._rate.count), grown), now


def written(seconds: float) -> str:
    """Seconds as the API writes them: `1m2.5s`, `7.25s`, `12ms`."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    minutes, rest = divmod(round(seconds, 3), 60)
    shown = f"{rest:.3f}".rstrip("0").rstrip(".")
    return f"{int(minutes)}m{shown}s" if minutes else f"{shown}s"
