"""Downloads from addresses that somebody else chose: result URLs, and pictures named in a request.

Only public addresses are connected to, checked on the very address of the connection and again for
each redirect. No key is sent. Reading is free, so all of this may be repeated.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

from editor.images_api.connections import (
    DEFAULT_PORTS,
    PLAIN_HEADERS,
    AddressRefused,
    AddressRule,
    Answer,
    Cut,
    Exchange,
    IPAddress,
    host_and_port,
    is_public,
    receive,
    send,
    too_large,
)
from editor.images_api.errors import ProviderUnavailable, ResultGone, ResultRefused, retry_after
from editor.images_api.messages import LONGEST_URL, AnswerMeta, kept_headers
from editor.images_api.provider import MEGABYTE, Provider
from editor.images_api.spool import Spool, SpoolFailed

URL_LIFETIME = timedelta(minutes=60)  # OpenAI's documentation; `se` in the URL tells it exactly
MOST_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
RETRYABLE_CLIENT_ERRORS = frozenset({408, 425, 429})
CONNECT_SECONDS = 5.0


def fetch(
    url: str,
    *,
    provider: Provider,
    into: Path,
    deadline: float,
    max_bytes: int = 100 * MEGABYTE,
) -> AnswerMeta:
    """Download a result URL to `into` (complete and durable, or not there) within `deadline` seconds.

    The configured provider's own host and port are the one exception to the rule of public
    addresses.

    Raises ResultGone (403, 404, 410 and the like), ResultRefused (private address, odd URL, too many
    redirects, over `max_bytes`), ProviderUnavailable (5xx, 429, connection, time, our disk).
    """

    def rule(host: str, port: int, address: IPAddress) -> bool:
        return (host.lower(), port) == provider.host_and_port or is_public(address)

    wanted = _Wanted("The result", rule, home=provider.host_and_port)
    with provider.exchange(deadline) as exchange:
        return _downloaded(url, wanted, exchange, into, deadline, max_bytes)


def public(_host: str, _port: int, address: IPAddress) -> bool:
    """The rule for addresses that anybody may have written into a request."""
    return is_public(address)


def fetch_input(
    url: str, *, into: Path, deadline: float, max_bytes: int, rule: AddressRule = public
) -> str:
    """Download a picture that a request names by its URL to `into` (complete, or not there) within
    `deadline` seconds; gives the content type that its server says, "" for none.

    Only https, only where `rule` allows it, and at most three redirects of the same kind.

    Raises ResultGone (403, 404, 410 and the like), ResultRefused (private address, odd URL, too many
    redirects, over `max_bytes`), ProviderUnavailable (5xx, 429, connection, time, our disk).
    """
    wanted = _Wanted("The picture", rule, schemes=("https",), who="Its server")
    with Exchange(deadline, connect=CONNECT_SECONDS, silence=deadline) as exchange:
        meta = _downloaded(url, wanted, exchange, into, deadline, max_bytes)
    return meta.headers.get("content-type", "").partition(";")[0].strip().lower()


def url_expires_at(url: str, created: datetime) -> datetime:
    """When a result URL stops working: its own `se` where it has one (Azure's signed URLs, which
    OpenAI uses), else `created` + 60 minutes. Aware, UTC."""
    for said in parse_qs(urlsplit(url).query).get("se", []):
        try:
            ends = datetime.fromisoformat(said)
        except ValueError:
            continue
        return ends.replace(tzinfo=UTC) if ends.tzinfo is None else ends.astimezone(UTC)
    return created.astimezone(UTC) + URL_LIFETIME


@dataclass(frozen=True)
class _Wanted:
    """What is fetched, in words that begin a sentence, and where we go for it."""

    what: str
    rule: AddressRule
    schemes: tuple[str, ...] = tuple(DEFAULT_PORTS)
    home: tuple[str, int] | None = None  # host and port that may be odd
    who: str = "The provider"  # has it


def _downloaded(
    url: str, wanted: _Wanted, exchange: Exchange, into: Path, deadline: float, max_bytes: int
) -> AnswerMeta:
    ends_at = time.monotonic() + deadline
    try:
        with (
            Spool(into, keep_part=False) as spool,
            _get_following(url, wanted, exchange) as answer,
        ):
            _require_found(answer, wanted, max_bytes)
            receive(
                answer,
                exchange,
                spool.write,
                max_bytes=max_bytes,
                is_late=lambda: time.monotonic() >= ends_at,
            )
            spool.finish()
            headers = kept_headers(answer.headers)
            return AnswerMeta(answer.status_code, headers, datetime.now(UTC), spool.written)
    except (Cut, SpoolFailed) as failed:
        code, sentence = failed.code, failed.sentence.replace("The provider", wanted.who)
    if code == "too_large":
        raise ResultRefused(f"{wanted.what} at this URL is too large.", code=code)
    raise ProviderUnavailable(f"{wanted.what} could not be fetched yet. {sentence}", code=code)


def _get_following(url: str, wanted: _Wanted, exchange: Exchange) -> Answer:
    """The head of the answer behind at most MOST_REDIRECTS redirects, each held to the same rule."""
    for _ in range(MOST_REDIRECTS + 1):
        _require_ordinary(url, wanted)
        try:
            answer = send("GET", url, exchange, dict(PLAIN_HEADERS), rule=wanted.rule)
        except AddressRefused:
            sentence = f"{wanted.what}'s URL leads to a private address."
            raise ResultRefused(sentence, code="private_address") from None
        target = answer.headers.get("location")
        if answer.status_code not in REDIRECTS or not target:
            return answer
        answer.close()
        url = urljoin(url, target)
    raise ResultRefused(f"{wanted.what}'s URL redirects too often.", code="too_many_redirects")


def _require_ordinary(url: str, wanted: _Wanted) -> None:
    """Raises ResultRefused unless this is a URL such as people and providers give."""
    odd = ResultRefused(f"{wanted.what}'s URL is not a web address.", code="odd_url")
    try:
        parts = urlsplit(url)
        place = host_and_port(url)
    except (ValueError, KeyError):
        raise odd from None
    if not parts.hostname or "@" in parts.netloc or len(url) > LONGEST_URL:
        raise odd
    if parts.scheme not in wanted.schemes:
        sentence = f"{wanted.what}'s URL must begin with https://."
        raise ResultRefused(sentence, code="not_https")
    ports = [DEFAULT_PORTS[scheme] for scheme in wanted.schemes]
    if place[1] < 1024 and place[1] not in ports and place != wanted.home:
        raise ResultRefused(f"{wanted.what}'s URL leads to an odd port.", code="odd_port")


def _require_found(answer: Answer, wanted: _Wanted, max_bytes: int) -> None:
    status = answer.status_code
    if 200 <= status < 300:
        announced = answer.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > max_bytes:
            raise too_large()
        return
    if status >= 500 or status in RETRYABLE_CLIENT_ERRORS:
        wait = retry_after(kept_headers(answer.headers), datetime.now(UTC))
        raise ProviderUnavailable(
            f"{wanted.what}'s URL answers with HTTP {status}.",
            status=status,
            code=f"http_{status}",
            retry_after=wait,
        )
    raise ResultGone(
        f"{wanted.what}'s URL has expired or is wrong (HTTP {status}).",
        status=status,
        code=f"http_{status}",
    )
