"""Faults that the sandbox can be told to show, so that tests and drills meet each case.

A fault is written `name` or `name:argument`; a comma separates those of successive calls, and the
last one stays: "500,ok" fails the first call only. Names:

    ok                                  nothing
    slow:SECONDS                        works, later
    400 400-moderation 400-policy 400-billing 401 402 403 404 413 415 422   refused
    408 409                             refused, perhaps after the work
    429:RETRY_AFTER 429-slow-down 429-quota:CODE   asked too often; out of credit (insufficient_quota)
    500 502 503 504                     failed, who knows when
    drop-before drop-after              connection closed before, or after, the work
    truncate                            half of the answer, then closed
    html error-200 bad-json empty-data bad-picture   a 200 that cannot be used
    drip never                          one byte every half second; no byte at all; for ever
    urls-403 urls-404 urls-500 urls-500-once urls-slow:SECONDS
    urls-private-redirect:URL urls-zeros             the result URLs of this call fail

Pictures that are not what was asked for; previews stay as they are, but for the drift:

    drift-mild drift-strong             all of an edit drifts so much, whatever the model, SANDBOX_DRIFT
                                        and the prompt say
    answer-rotated answer-mirrored      turned by a quarter; left to right
    answer-other                        another picture
    answer-other-size answer-other-aspect    three quarters as large; squeezed to two thirds
    answer-black answer-transparent     nothing to be seen
    answer-animated answer-16-bit answer-cmyk answer-profile   a PNG of three frames, a PNG of 16 bits,
                                        a JPEG for print, a PNG in wider colours
    answer-truncated                    half of the picture's bytes
    answer-huge                         of 100 megapixels

Of a call that is answered with a stream, and of no other:

    stream-cut                          connection closed after the first preview
    stream-ends                         a clean end, without any finished picture
    stream-error:CODE stream-flat-error:CODE   an error instead of the pictures (server_error), in
                                        the form that the official client raises, or lying flat
    plain-json                          answered with plain JSON
    slow-partials:SECONDS               a pause before each preview

In a stream, `bad-json` spoils the events, `truncate` sends half of them, and `empty-data` none.
"""

import re
import threading
from dataclasses import dataclass

from editor.images_api.refusals import REQUEST_ERROR, USER_ERROR, Refusal, blocked_by_moderation
from editor.imaging import oddities
from editor.imaging.filling import Drift

DRIFTS: dict[str, Drift] = {"mild": "mild", "strong": "strong"}
NO_PICTURE = b"This is not a picture."
STATUSES = frozenset({400, 402, 403, 404, 408, 409, 413, 415, 422, 500, 502, 503, 504})
NAMES = frozenset(
    {
        *(str(status) for status in STATUSES),
        *("ok", "slow", "400-moderation", "400-policy", "400-billing"),
        *("401", "429", "429-slow-down", "429-quota"),
        *("drop-before", "drop-after", "truncate", "drip", "never"),
        *("html", "error-200", "bad-json", "empty-data", "bad-picture"),
        *("urls-403", "urls-404", "urls-500", "urls-500-once", "urls-slow"),
        *("urls-private-redirect", "urls-zeros"),
        *("stream-cut", "stream-ends", "stream-error", "stream-flat-error"),
        *("plain-json", "slow-partials"),
        *(f"drift-{strength}" for strength in DRIFTS),
        *(f"answer-{oddity}" for oddity in oddities.NAMES),
    }
)
LONGEST = 100_000.0  # seconds
TIMED = ("slow", "urls-slow", "slow-partials")


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

    @property
    def drift(self) -> Drift | None:
        """How much the whole picture drifts; None: as without this fault."""
        return DRIFTS.get(self.name.removeprefix("drift-"))

    def spoiled(self, picture: bytes) -> bytes:
        """The picture, or what is sent instead of it."""
        if self.name.startswith("answer-"):
            return oddities.odd(picture, self.name.removeprefix("answer-"))
        return NO_PICTURE if self.name == "bad-picture" else picture

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


def refusal_for(fault: Fault, request_id: str, wrong_key: Refusal) -> Refusal:
    """The refusal that a fault with a status stands for."""
    if fault.name == "400-moderation":
        return blocked_by_moderation(request_id)
    if fault.name == "401":
        return wrong_key
    if fault.name == "429-quota":
        sentence = "You exceeded your current quota, please check your plan and billing details."
        kind = "insufficient_quota"  # whatever the code says
        return Refusal(429, sentence, kind, None, fault.argument or kind, retry=False)
    assert fault.status is not None
    sentence, kind, code = _REFUSALS.get(
        fault.name, ("The request was refused.", REQUEST_ERROR, None)
    )
    wait = {"retry-after": fault.argument or "1"} if fault.status == 429 else {}
    return Refusal(fault.status, sentence, kind, None, code, headers=wait)


def error_in_stream(fault: Fault, request_id: str) -> Refusal:
    """The error that a stream ends with; only its body is sent."""
    code = fault.argument or "server_error"
    if code == "moderation_blocked":
        return blocked_by_moderation(request_id, stage="output")
    kind, sentence = _ERRORS_IN_STREAMS.get(
        code, ("server_error", "The server had an error while processing your request.")
    )
    return Refusal(500, sentence, kind, None, code)


def _one(text: str) -> Fault:
    name, _, argument = text.partition(":")
    if name not in NAMES:
        raise ValueError(f"{name!r} is not a fault; there are: {', '.join(sorted(NAMES))}")
    fault = Fault(name, argument)
    if name in TIMED and not 0 <= fault.seconds() < LONGEST:
        raise ValueError(f"{argument} seconds are too long, or none at all, for the fault {name}")
    return fault


_REFUSALS: dict[str, tuple[str, str, str | None]] = {
    "400-billing": (
        "Billing hard limit has been reached",
        REQUEST_ERROR,
        "billing_hard_limit_reached",
    ),
    "400-policy": (
        "Your request was rejected as a result of our safety system.",
        REQUEST_ERROR,
        "content_policy_violation",
    ),
    "403": ("Your organization must be verified to use this model.", REQUEST_ERROR, None),
    "404": ("The model does not exist.", REQUEST_ERROR, "model_not_found"),
    "429": (
        "Rate limit reached for images per min: Limit 5, Used 5, Requested 1.",
        "rate_limit_error",
        "rate_limit_exceeded",
    ),
    "429-slow-down": (
        "Requests grew too fast. Please slow down.",
        "rate_limit_error",
        "slow_down",
    ),
    "500": (
        "The server had an error while processing your request.",
        "server_error",
        "server_error",
    ),
    "503": (
        "The server is overloaded. Please try again later.",
        "service_unavailable_error",
        "server_is_overloaded",
    ),
}
_ERRORS_IN_STREAMS = {
    "rate_limit_exceeded": ("rate_limit_error", "Rate limit reached for images per min."),
    "moderation_blocked": (USER_ERROR, "Your request was rejected by the safety system."),
    "image_generation_user_error": (USER_ERROR, "The picture could not be made from this."),
    "invalid_request_error": (REQUEST_ERROR, "The request is not valid."),
}
