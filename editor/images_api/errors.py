"""What can go wrong with a provider, as one class per reaction of the caller.

ProviderError            the base: tell the operator
|- ProviderUnavailable   nothing was bought: try later
|- ProviderRejected      nothing was bought: a person must change something; safe to show
|- OutcomeUnknown        it may have been done and billed: never repeat it unasked
|- UnusableAnswer        it was done and billed, and cannot be used; safe to show
|- ResultGone            a result URL has expired, or never led anywhere
`- ResultRefused         a result URL that we do not open, or that sends too much
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

RETRY_AFTER_BOUNDS = (
    1.0,
    600.0,
)  # seconds; what lies outside is pulled to the nearer end
LONGEST_MESSAGE = 500
LONGEST_QUOTED = 5000  # characters of a message that are searched
MOST_CATEGORIES = 20
MOST_DETAILS = 10

# Waiting does not mend these: somebody has to pay or to raise a limit. The `type` of such an answer
# often stays "insufficient_quota" whatever the code says, and one of them comes as a 400.
QUOTA_CODES = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "billing_hard_limit_reached",
    }
)
OUTCOME_UNKNOWN_STATUSES = frozenset({408, 409})  # besides every 5xx
RATE_LIMITS = frozenset({"rate_limit_exceeded", "rate_limit_error", "slow_down"})
KEY_CODES = frozenset({"invalid_api_key"})
# What the safety systems of OpenAI, then and now, and of Azure call their refusals.
MODERATION_CODES = frozenset(
    {"moderation_blocked", "content_policy_violation", "contentFilter", "content_filter"}
)
USER_ERRORS = frozenset({"image_generation_user_error", "invalid_request_error"})  # types


@dataclass(frozen=True)
class Moderation:
    """Why the provider's safety system refused: at which stage, and for which categories."""

    stage: str = ""
    categories: tuple[str, ...] = ()


class ProviderError(Exception):
    """Something went wrong with a provider. `str()` is one plain sentence without secrets.

    `code`, `type` and `param` are the provider's own where it gave them, else `code` is one of ours;
    `status` is the HTTP status and `request_id` the provider's name for the call, where known.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str = "",
        type: str = "",
        param: str = "",
        request_id: str = "",
        moderation: Moderation | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.type = type
        self.param = param
        self.request_id = request_id
        self.moderation = moderation

    def facts(self) -> dict[str, Any]:
        """Everything but the sentence, ready for JSON."""
        return {
            "status": self.status,
            "code": self.code,
            "type": self.type,
            "param": self.param,
            "request_id": self.request_id,
            "moderation_stage": self.moderation.stage if self.moderation else "",
            "moderation_categories": list(self.moderation.categories) if self.moderation else [],
        }


class ProviderUnavailable(ProviderError):
    """Nothing was bought, and later it may work. `retry_after` is in seconds, None where not told."""

    def __init__(self, message: str, *, retry_after: float | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after


class ProviderRejected(ProviderError):
    """Nothing was bought, and the same request will never work. The message may be shown.

    `stops_everything`: the key, the credit or the limit is the trouble, so every other call would
    fail as well until an administrator has acted.
    """

    def __init__(self, message: str, *, stops_everything: bool = False, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.stops_everything = stops_everything


class OutcomeUnknown(ProviderError):
    """The request was sent, at least in part, and nobody here knows whether it was done and billed."""


class UnusableAnswer(ProviderError):
    """The provider did the work and said so, but what it sent cannot be used. It counts as spent."""


class ResultGone(ProviderError):
    """The result URL answers that there is nothing (any more)."""


class ResultRefused(ProviderError):
    """The result URL leads where we do not go (a private address, another scheme), or sends too much."""


def error_for(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    secret: str = "",
) -> ProviderError:
    """The error that an answer with this status other than 2xx means.

    `headers` have lower-case names, `body` may be the beginning only, `now` is aware and is what an
    HTTP date in Retry-After is compared with, and `secret` (the key) is blotted out of the message.
    Sources: the provider's error table (codes, types) and the outcome rules of the life of an edit.
    """
    said = _error_body(body)
    facts = _facts(said, status, _text(headers.get("x-request-id")))
    facts["code"] = facts["code"] or f"http_{status}"
    sentence = safe_sentence(said.get("message"), secret) or _sentence_for(status)
    if status >= 500 or status in OUTCOME_UNKNOWN_STATUSES:
        return OutcomeUnknown(sentence, **facts)
    if 300 <= status < 400:
        facts["code"] = "redirected"
        return ProviderRejected(_sentence_for(status), stops_everything=False, **facts)
    if status == 401:
        # The provider's own sentence quotes (part of) the key, so ours is shown instead.
        return ProviderRejected(_sentence_for(status), stops_everything=True, **facts)
    if status == 402 or {facts["code"], facts["type"]} & QUOTA_CODES:
        return ProviderRejected(sentence, stops_everything=True, **facts)
    if status == 429:
        return ProviderUnavailable(sentence, retry_after=retry_after(headers, now), **facts)
    return ProviderRejected(sentence, **facts)


def error_for_event(
    said: Mapping[str, Any], *, has_begun: bool, status: int, request_id: str = "", secret: str = ""
) -> ProviderError:
    """The error that an error event in a stream means, before any finished picture.

    `said` is its error object, `has_begun` whether a preview came before it: then even a rate limit
    does not mean that nothing was done.
    """
    facts = _facts(said, status, request_id)
    names = {facts["code"], facts["type"]}
    sentence = safe_sentence(said.get("message"), secret)
    sentence = sentence or "The provider reported an error while it was at work."
    facts["code"] = facts["code"] or "error_event"
    if names & KEY_CODES:
        return ProviderRejected(_sentence_for(401), stops_everything=True, **facts)
    if names & QUOTA_CODES:
        return ProviderRejected(sentence, stops_everything=True, **facts)
    if names & RATE_LIMITS and not has_begun:
        return ProviderUnavailable(sentence, **facts)
    if names & (MODERATION_CODES | USER_ERRORS):
        return ProviderRejected(sentence, **facts)
    return OutcomeUnknown(sentence, **facts)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait, within RETRY_AFTER_BOUNDS, from `retry-after-ms` or `retry-after` (seconds or
    an HTTP date); None where neither is there or can be read."""
    seconds = _seconds(headers.get("retry-after-ms"), scale=0.001)
    if seconds is None:
        seconds = _seconds(headers.get("retry-after"))
    if seconds is None:
        seconds = _seconds_until(headers.get("retry-after"), now)
    if seconds is None:
        return None
    lowest, highest = RETRY_AFTER_BOUNDS
    return min(max(seconds, lowest), highest)


def moderation_of(said: Mapping[str, Any]) -> Moderation | None:
    """The moderation details of an error object, None where it has none. The categories come from
    OpenAI's details, from Azure's filter results, or else from the sentence itself."""
    details = said.get("moderation_details")
    if not isinstance(details, dict):
        if _text(said.get("code")) not in MODERATION_CODES:
            return None
        return Moderation(categories=_filtered(said) or _violations(said.get("message")))
    categories = details.get("categories")
    named = categories if isinstance(categories, list) else []
    return Moderation(
        stage=_text(details.get("moderation_stage")),
        categories=tuple(_text(name) for name in named if isinstance(name, str))[:MOST_CATEGORIES],
    )


def safe_sentence(message: object, secret: str = "") -> str:
    """A provider's text made fit for a page and a log: one line, bounded, no keys; "" for no text."""
    if not isinstance(message, str):
        return ""
    if secret:
        message = message.replace(secret, "[key]")
    message = _KEY_LIKE.sub("[key]", message)
    line = " ".join(_UNPRINTABLE.sub(" ", message).split())
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 1] + "…"


def envelope(
    message: str,
    type: str,
    param: str | None = None,
    code: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The API's error body, for servers: `{"error": {message, type, param, code}}`."""
    return {
        "error": {
            "message": message,
            "type": type,
            "param": param,
            "code": code,
            **more,
        }
    }


_VIOLATIONS = re.compile(r"safety_violations=\[([a-z_/, -]{1,300})\]")
_KEY_LIKE = re.compile(r"\bsk-[A-Za-z0-9_*.\-]{4,}|(?<=Bearer )\S+")
# Control characters, and the marks that turn the reading direction of what follows.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069]")

_SENTENCES = {
    401: "The provider does not accept the API key.",
    402: "The provider wants to be paid first.",
    403: "The provider does not allow this request.",
    404: "The provider does not know this model or address.",
    408: "The provider gave up waiting for the request.",
    409: "The provider reports a conflict with another request.",
    413: "The request is too large for the provider.",
    415: "The provider does not take this kind of file.",
    429: "The provider is asked too often at the moment.",
}


def _sentence_for(status: int) -> str:
    if 300 <= status < 400:
        return "The provider's address redirects elsewhere; its base URL must be the final one."
    if status >= 500:
        return f"The provider failed with an error of its own (HTTP {status})."
    return _SENTENCES.get(status, f"The provider refused the request (HTTP {status}).")


def _facts(said: Mapping[str, Any], status: int, request_id: str) -> dict[str, Any]:
    return {
        "status": status,
        "code": _text(said.get("code")),
        "type": _text(said.get("type")),
        "param": _text(said.get("param")),
        "request_id": request_id,
        "moderation": moderation_of(said),
    }


def _error_body(body: bytes) -> dict[str, Any]:
    """The error object of a body in any of the shapes that servers give it."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(parsed, dict):
        return {}
    said = parsed.get("error")
    if isinstance(said, str):  # some compatible servers answer {"error": "text"}
        return {"message": said}
    if isinstance(said, dict):
        return said
    if "detail" in parsed:
        return _of_detail(parsed["detail"])
    return parsed if isinstance(parsed.get("message"), str) else {}


def _of_detail(detail: object) -> dict[str, Any]:
    """FastAPI's way to refuse: a text, or a list of what is wrong with which field."""
    items = detail if isinstance(detail, list) else [detail]
    texts, param = [], ""
    for item in items[:MOST_DETAILS]:
        if isinstance(item, str):
            texts.append(item)
        elif isinstance(item, dict) and isinstance(item.get("error"), dict):
            return dict(item["error"])
        elif isinstance(item, dict):
            place = item.get("loc")
            field = str(place[-1]) if isinstance(place, list) and place else ""
            said = str(item.get("msg") or item.get("message") or "")
            texts.append(f"{field}: {said}" if field and said else said)
            param = param or field
    return {"message": "; ".join(text for text in texts if text), "param": param}


def _filtered(said: Mapping[str, Any]) -> tuple[str, ...]:
    """The categories for which Azure's content filter refused."""
    inner = said.get("inner_error") or said.get("innererror")
    if not isinstance(inner, dict):
        return ()
    results = inner.get("content_filter_results") or inner.get("content_filter_result")
    if not isinstance(results, dict):
        return ()
    named = [name for name, found in results.items() if isinstance(found, dict)]
    return tuple(_text(name) for name in named if results[name].get("filtered") is True)


def _violations(message: object) -> tuple[str, ...]:
    """`safety_violations=[sexual, violence]` within a sentence."""
    found = _VIOLATIONS.search(message[:LONGEST_QUOTED]) if isinstance(message, str) else None
    names = found[1].split(",") if found else []
    return tuple(name.strip() for name in names if name.strip())[:MOST_CATEGORIES]


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return safe_sentence(str(value))[:100]


def _seconds(value: str | None, scale: float = 1.0) -> float | None:
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return None if math.isnan(seconds) else seconds * scale


def _seconds_until(value: str | None, now: datetime) -> float | None:
    try:
        return (parsedate_to_datetime(value or "").astimezone(now.tzinfo) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
