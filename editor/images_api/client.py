"""Calls to a provider. The only door to `requests`.

A paid call is one POST, whatever happens: it is never repeated here, its answer is on disk before
anybody looks at it, and every failure says whether something may have been bought.
"""

import errno
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from requests.exceptions import ConnectTimeout, RequestException, Timeout
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.fields import RequestField

from editor.images_api.connections import (
    AddressRefused,
    Exchange,
    IPAddress,
    anywhere,
    is_public,
    session,
)
from editor.images_api.errors import (
    OutcomeUnknown,
    ProviderUnavailable,
    ResultGone,
    ResultRefused,
    retry_after,
)
from editor.images_api.messages import (
    LONGEST_URL,
    AnswerMeta,
    Request,
    kept_headers,
)
from editor.images_api.spool import Spool, SpoolFailed

OPENAI_HOST = "api.openai.com"
DEFAULT_PORTS = {"http": 80, "https": 443}
CHUNK = 64 * 1024
URL_LIFETIME = timedelta(minutes=60)  # OpenAI's documentation; `se` in the URL tells it exactly
MOST_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
RETRYABLE_CLIENT_ERRORS = frozenset({408, 425, 429})
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Provider:
    """Where the API is served, and how long we wait for it. Times are in seconds.

    `base_url` ends in `/v1` at OpenAI and most others. `overall` bounds one call from looking up the
    name to the last byte, whatever the server does. Raises ValueError, without quoting the key, for
    an address or a key that cannot work.
    """

    base_url: str
    api_key: str = field(repr=False)
    organization: str | None = None
    project: str | None = None
    connect_timeout: float = 5
    between_bytes: float = 60
    overall: float = 600
    max_answer_bytes: int = 600 * MEGABYTE

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", self.base_url.strip().rstrip("/"))
        object.__setattr__(self, "api_key", self.api_key.strip())
        parts = urlsplit(self.base_url)
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
            raise ValueError("The provider's base URL must begin with http:// or https://.")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("The provider's base URL must not hold a password, '?' or '#'.")
        # `requests` would quote an impossible header value, and so the key, in its exception.
        if not (self.api_key.isascii() and self.api_key.isprintable()):
            raise ValueError("The provider's API key contains characters that no key has.")

    @property
    def host_and_port(self) -> tuple[str, int]:
        return _host_and_port(self.base_url)

    @property
    def is_openai(self) -> bool:
        """Shut-down models are gone there; other servers go on serving them."""
        return self.host_and_port[0] == OPENAI_HOST

    def headers(self) -> dict[str, str]:
        named = {
            "Authorization": f"Bearer {self.api_key}",
            "OpenAI-Organization": self.organization,
            "OpenAI-Project": self.project,
            **_PLAIN_HEADERS,
        }
        return {name: value for name, value in named.items() if value}

    def exchange(self, seconds: float) -> Exchange:
        return Exchange(seconds, connect=self.connect_timeout, between_bytes=self.between_bytes)


@dataclass(frozen=True)
class Reach:
    """What a health check found, with `detail` as a sentence."""

    is_reachable: bool
    is_key_accepted: bool
    detail: str

    @property
    def ok(self) -> bool:
        """Would a call have a chance?"""
        return self.is_reachable and self.is_key_accepted


def edit(
    provider: Provider,
    request: Request,
    *,
    into: Path,
    key: str,
    clock: Callable[[], float] = time.monotonic,
    before_body: Callable[[], None] | None = None,
) -> AnswerMeta:
    """Send one edit, once, and spool the answer, whatever its status, at `into`.

    The bytes stream into `<into>.part`; when they are complete and synced, the meta data is made
    durable as `<into>.json`, and only then the file gets its final name. So `into` exists exactly
    when the whole answer does. Read it with `messages.read_answer`. `key` names the attempt and is
    sent as X-Client-Request-Id. `before_body` is called right before the first byte of the body.

    Raises ProviderUnavailable when nothing of the body was written (name, connection, TLS, or our
    own disk before sending), and OutcomeUnknown for everything after: reset, truncation, timeout,
    an answer over `max_answer_bytes`, or no space left for it (code "no_space"); bytes that did
    arrive stay in the `.part` file.
    """
    ends_at = clock() + provider.overall
    body = _Body(request, before_body, is_late=lambda: clock() >= ends_at)
    try:
        with (
            Spool(into) as spool,
            provider.exchange(provider.overall) as exchange,
            _post(provider, body, key, exchange) as answer,
        ):
            _receive(answer, spool, exchange, provider.max_answer_bytes, body.is_late)
            headers = kept_headers(answer.headers)
            meta = AnswerMeta(answer.status_code, headers, datetime.now(UTC), spool.written)
            _keep(spool, meta)
            return meta
    except SpoolFailed as failed:
        cut = _cut_by_disk(failed)
    except _Cut as error:
        cut = error
    # Raised out here, and "from None" in effect, because the exceptions of `requests` carry the
    # whole request, the key with it.
    if not body.has_begun:
        raise ProviderUnavailable(cut.sentence, code=cut.code)
    raise OutcomeUnknown(cut.sentence, code=cut.code, status=cut.status, request_id=cut.request_id)


def fetch(
    url: str,
    *,
    provider: Provider,
    into: Path,
    deadline: float,
    max_bytes: int = 100 * MEGABYTE,
) -> AnswerMeta:
    """Download a result URL to `into` (complete and durable, or not there) within `deadline` seconds.

    The URL comes from outside, so only public addresses are connected to, checked on the very
    address of the connection, for each of at most three redirects; the configured provider's own
    host and port are the one exception. No key is sent. Reading is free, so it may be repeated.

    Raises ResultGone (403, 404, 410 and the like), ResultRefused (private address, odd URL, too many
    redirects, over `max_bytes`), ProviderUnavailable (5xx, 429, connection, time, our disk).
    """
    ends_at = time.monotonic() + deadline
    try:
        with (
            Spool(into, keep_part=False) as spool,
            provider.exchange(deadline) as exchange,
            _get_following(url, provider, exchange) as answer,
        ):
            _require_result(answer, max_bytes)
            _receive(answer, spool, exchange, max_bytes, lambda: time.monotonic() >= ends_at)
            spool.finish()
            headers = kept_headers(answer.headers)
            return AnswerMeta(answer.status_code, headers, datetime.now(UTC), spool.written)
    except SpoolFailed as failed:
        cut = _cut_by_disk(failed)
    except _Cut as error:
        cut = error
    if cut.code == "too_large":
        raise ResultRefused("The result at the provider's URL is too large.", code=cut.code)
    raise ProviderUnavailable(f"The result could not be fetched yet. {cut.sentence}", code=cut.code)


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


def ping(provider: Provider, timeout: float = 3) -> Reach:
    """Ask for the list of models. Any answer but a 5xx means that the provider is there; so does 501,
    with which a server says that it keeps no such list."""
    try:
        with (
            provider.exchange(timeout) as exchange,
            _send("GET", f"{provider.base_url}/models", exchange, provider.headers()) as answer,
        ):
            status = answer.status_code
    except _Cut as cut:
        return Reach(False, False, cut.sentence)
    if status >= 500 and status != 501:
        return Reach(False, False, f"The provider answers with HTTP {status}.")
    if status == 401:
        return Reach(True, False, "The provider does not accept the API key.")
    return Reach(True, True, "The provider answers.")


_PLAIN_HEADERS = {
    "User-Agent": "Maskroom",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
}


class _Cut(Exception):
    """An exchange that did not come to its end, in our words."""

    def __init__(self, code: str, sentence: str, status: int | None = None, request_id: str = ""):
        super().__init__(code)
        self.code = code
        self.sentence = sentence
        self.status = status
        self.request_id = request_id


class _Body:
    """The multipart body in pieces, so that no second copy of the pictures is made and so that we
    know whether any of it was written."""

    def __init__(
        self,
        request: Request,
        before: Callable[[], None] | None,
        is_late: Callable[[], bool],
    ) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self.is_late = is_late
        self.has_begun = False
        self._before = before
        self._pieces = _pieces(request, boundary.encode())

    def __len__(self) -> int:
        return sum(len(piece) for piece in self._pieces)

    def __iter__(self) -> Iterator[bytes]:
        if self._before is not None:
            self._before()
        self.has_begun = True
        for piece in self._pieces:
            view = memoryview(piece)
            for start in range(0, len(view), CHUNK):
                if self.is_late():
                    raise _late()
                yield bytes(view[start : start + CHUNK])


def _pieces(request: Request, boundary: bytes) -> list[bytes]:
    fields, files = request.multipart()
    pieces: list[bytes] = []
    for name, text in fields:
        part = RequestField(name, text)
        part.make_multipart()
        pieces += [_head(part, boundary), text.encode(), b"\r\n"]
    for name, (filename, data, content_type) in files:
        part = RequestField(name, data, filename=filename)
        part.make_multipart(content_type=content_type)
        pieces += [_head(part, boundary), data, b"\r\n"]
    return [*pieces, b"--" + boundary + b"--\r\n"]


def _head(part: RequestField, boundary: bytes) -> bytes:
    return b"--" + boundary + b"\r\n" + part.render_headers().encode()


def _post(provider: Provider, body: _Body, key: str, exchange: Exchange) -> requests.Response:
    headers = {
        **provider.headers(),
        "Content-Type": body.content_type,
        "X-Client-Request-Id": key,
    }
    return _send("POST", f"{provider.base_url}/images/edits", exchange, headers, body)


def _send(
    method: str,
    url: str,
    exchange: Exchange,
    headers: dict[str, str],
    body: _Body | None = None,
    rule: Callable[[str, int, IPAddress], bool] = anywhere,
) -> requests.Response:
    """The answer's head; its body is still on the line. Raises _Cut, and AddressRefused by `rule`."""
    try:
        return session(exchange, rule).request(
            method,
            url,
            data=body,
            headers=headers,
            timeout=(exchange.connect_seconds(), exchange.between_bytes),
            allow_redirects=False,
            stream=True,
        )
    except (RequestException, HTTPError, OSError, UnicodeError) as error:
        raise _cut_by(error, exchange) from None


def _receive(
    answer: requests.Response,
    spool: Spool,
    exchange: Exchange,
    max_bytes: int,
    is_late: Callable[[], bool],
) -> None:
    """Write the answer's body to the spool as it comes. Raises _Cut."""
    cut: _Cut | None = None
    try:
        # read1 hands over what has arrived; read would hold back up to a chunk, and lose it when
        # the connection ends early.
        while chunk := answer.raw.read1(CHUNK, decode_content=True):
            spool.write(chunk)
            if is_late():
                cut = _late()
                break
            if spool.written > max_bytes:
                cut = _too_large()
                break
    except SpoolFailed as failed:
        cut = _cut_by_disk(failed)
    except (RequestException, HTTPError, OSError, ValueError) as error:
        cut = _cut_by(error, exchange)
    if cut is None and exchange.is_over:  # our own shutdown can look like the answer's proper end
        cut = _late()
    if cut is not None:
        cut.status = answer.status_code
        cut.request_id = kept_headers(answer.headers).get("x-request-id", "")
        raise cut


def _keep(spool: Spool, meta: AnswerMeta) -> None:
    try:
        spool.finish(meta.to_dict())
    except SpoolFailed as failed:
        cut = _cut_by_disk(failed)
        cut.status, cut.request_id = meta.status, meta.request_id
        raise cut from None


def _cut_by(error: Exception, exchange: Exchange) -> _Cut:
    if exchange.is_over:
        return _late()
    if isinstance(error, ConnectTimeout):  # also a ConnectionError: asked first
        return _Cut("connect_timeout", "The provider could not be reached in time.")
    if isinstance(error, Timeout | ReadTimeoutError | TimeoutError):
        return _Cut("read_timeout", "The provider fell silent.")
    text = str(error)
    if "NameResolutionError" in text:
        return _Cut("name_not_found", "The provider's name could not be found.")
    if "NewConnectionError" in text:
        return _Cut("not_connected", "The provider could not be reached.")
    if isinstance(error, requests.exceptions.SSLError):
        return _Cut("tls_failed", "The secure connection to the provider failed.")
    if "IncompleteRead" in text:
        return _Cut("truncated", "The connection ended before the answer did.")
    return _Cut("connection_lost", "The connection to the provider was lost.")


def _late() -> _Cut:
    return _Cut("deadline", "The provider took longer than we wait.")


def _too_large() -> _Cut:
    return _Cut("too_large", "The provider's answer is too large.")


def _cut_by_disk(failed: SpoolFailed) -> _Cut:
    if failed.cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return _Cut("no_space", "There is no space left to keep the provider's answer.")
    return _Cut("not_kept", "The provider's answer could not be written to disk.")


def _get_following(url: str, provider: Provider, exchange: Exchange) -> requests.Response:
    """The head of the answer behind at most MOST_REDIRECTS redirects, each held to the same rule."""

    def rule(host: str, port: int, address: IPAddress) -> bool:
        return (host.lower(), port) == provider.host_and_port or is_public(address)

    for _ in range(MOST_REDIRECTS + 1):
        _require_ordinary(url, provider)
        try:
            answer = _send("GET", url, exchange, dict(_PLAIN_HEADERS), rule=rule)
        except AddressRefused:
            raise ResultRefused(
                "The result's URL leads to a private address.", code="private_address"
            ) from None
        target = answer.headers.get("location")
        if answer.status_code not in REDIRECTS or not target:
            return answer
        answer.close()
        url = urljoin(url, target)
    raise ResultRefused("The result's URL redirects too often.", code="too_many_redirects")


def _require_ordinary(url: str, provider: Provider) -> None:
    """Raises ResultRefused unless this is an http(s) URL such as a provider gives."""
    try:
        parts = urlsplit(url)
        host_and_port = _host_and_port(url)
    except (ValueError, KeyError):
        raise ResultRefused("The result's URL is not a web address.", code="odd_url") from None
    if not parts.hostname or "@" in parts.netloc or len(url) > LONGEST_URL:
        raise ResultRefused("The result's URL is not a web address.", code="odd_url")
    port = host_and_port[1]
    well_known = port < 1024 and port not in DEFAULT_PORTS.values()
    if well_known and host_and_port != provider.host_and_port:
        raise ResultRefused("The result's URL leads to an odd port.", code="odd_port")


def _require_result(answer: requests.Response, max_bytes: int) -> None:
    status = answer.status_code
    if 200 <= status < 300:
        announced = answer.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > max_bytes:
            raise _too_large()
        return
    if status >= 500 or status in RETRYABLE_CLIENT_ERRORS:
        wait = retry_after(kept_headers(answer.headers), datetime.now(UTC))
        raise ProviderUnavailable(
            f"The result's URL answers with HTTP {status}.",
            status=status,
            code=f"http_{status}",
            retry_after=wait,
        )
    raise ResultGone(
        f"The result's URL has expired or is wrong (HTTP {status}).",
        status=status,
        code=f"http_{status}",
    )


def _host_and_port(url: str) -> tuple[str, int]:
    """Raises KeyError for another scheme than http(s), ValueError for a broken URL."""
    parts = urlsplit(url)
    standard = DEFAULT_PORTS[parts.scheme]
    return (parts.hostname or "").lower(), parts.port or standard
