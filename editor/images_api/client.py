"""Calls to a provider.

A paid call is one POST, whatever happens: it is never repeated here, its answer is on disk before
anybody looks at it, and every failure says whether something may have been bought.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from editor.images_api.bodies import Body, body_of
from editor.images_api.connections import Answer, Cut, Exchange, late, receive
from editor.images_api.connections import send as exchanged
from editor.images_api.errors import OutcomeUnknown, ProviderUnavailable
from editor.images_api.fetching import fetch, fetch_input, url_expires_at
from editor.images_api.listing import ListedModel, models
from editor.images_api.messages import (
    AnswerMeta,
    Operation,
    PartialPicture,
    Request,
    has_finished_picture,
    kept_headers,
)
from editor.images_api.previews import OnPartial, Previews
from editor.images_api.provider import Provider
from editor.images_api.spool import Spool, SpoolFailed

__all__ = [
    "ListedModel",
    "PartialPicture",
    "Provider",
    "Reach",
    "edit",
    "fetch",
    "fetch_input",
    "generate",
    "models",
    "ping",
    "send",
    "url_expires_at",
    "vary",
]


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


def send(
    provider: Provider,
    request: Request,
    *,
    into: Path,
    key: str,
    clock: Callable[[], float] = time.monotonic,
    before_body: Callable[[], None] | None = None,
    on_partial: OnPartial | None = None,
) -> AnswerMeta:
    """Send one request, once, and spool the answer, whatever its status, at `into`.

    The bytes stream into `<into>.part`; when they are complete and synced, the meta data is made
    durable as `<into>.json`, and only then the file gets its final name. So `into` exists exactly
    when the whole answer does. Read it with `messages.read_answer`. `key` names the attempt and is
    sent as X-Client-Request-Id. `before_body` is called right before the first byte of the body.
    The previews of a stream go to `on_partial` while the rest is awaited, in the thread of the call;
    what it raises is logged and changes nothing.

    Raises ProviderUnavailable when nothing of the body was written (name, connection, TLS, or our
    own disk before sending), and OutcomeUnknown for everything after: reset, truncation, timeout,
    an answer over `max_answer_bytes`, or no space left for it (code "no_space"); bytes that did
    arrive stay in the `.part` file. A stream that is cut after a finished picture is an answer.
    """
    ends_at = clock() + provider.overall
    named = replace(request, model=provider.deployment(request.model))
    content = body_of(named, edits_as=provider.edits_as, stripped=provider.stripped)
    body = _OneBody(content, before_body, is_late=lambda: clock() >= ends_at)
    headers = {
        **provider.headers(),
        "Content-Type": content.content_type,
        "X-Client-Request-Id": key,
    }
    url = provider.url(request.operation, request.model)
    try:
        with (
            Spool(into) as spool,
            provider.exchange(provider.overall) as exchange,
            exchanged("POST", url, exchange, headers, body) as answer,
        ):
            previews = Previews(spool.part, on_partial) if on_partial and request.stream else None
            return _spooled(answer, exchange, spool, provider, body, previews)
    except (Cut, SpoolFailed) as error:
        cut = error
    # Raised out here, so that nothing hangs on it as its context.
    if not body.has_begun:
        raise ProviderUnavailable(cut.sentence, code=cut.code)
    raise OutcomeUnknown(cut.sentence, code=cut.code, status=cut.status, request_id=cut.request_id)


def edit(provider: Provider, request: Request, **more: Any) -> AnswerMeta:
    """`send` for an edit. Raises ValueError for a request of another operation."""
    return _of("edit", provider, request, more)


def generate(provider: Provider, request: Request, **more: Any) -> AnswerMeta:
    """`send` for a generation. Raises ValueError for a request of another operation."""
    return _of("generate", provider, request, more)


def vary(provider: Provider, request: Request, **more: Any) -> AnswerMeta:
    """`send` for a variation. Raises ValueError for a request of another operation."""
    return _of("vary", provider, request, more)


def ping(provider: Provider, timeout: float = 3) -> Reach:
    """Ask for the list of models. Any answer but a 5xx means that the provider is there; so does 501,
    with which a server says that it keeps no such list."""
    url, headers = provider.models_url, provider.headers()
    try:
        with provider.exchange(timeout) as exchange:
            with exchanged("GET", url, exchange, headers) as answer:
                status = answer.status_code
    except Cut as cut:
        return Reach(False, False, cut.sentence)
    if status >= 500 and status != 501:
        return Reach(False, False, f"The provider answers with HTTP {status}.")
    if status == 401:
        return Reach(True, False, "The provider does not accept the API key.")
    return Reach(True, True, "The provider answers.")


class _OneBody:
    """A body that is sent once, and that knows whether any of it was."""

    def __init__(
        self, body: Body, before: Callable[[], None] | None, is_late: Callable[[], bool]
    ) -> None:
        self.is_late = is_late
        self.has_begun = False
        self._body = body
        self._before = before

    def __len__(self) -> int:
        return len(self._body)

    def __iter__(self) -> Iterator[bytes]:
        if self._before is not None:
            self._before()
        self.has_begun = True
        for chunk in self._body.chunks():
            if self.is_late():
                raise late()
            yield chunk


def _of(
    operation: Operation, provider: Provider, request: Request, more: dict[str, Any]
) -> AnswerMeta:
    if request.operation != operation:
        raise ValueError(f"This is a request to {request.operation}, not to {operation}.")
    return send(provider, request, **more)


def _spooled(
    answer: Answer,
    exchange: Exchange,
    spool: Spool,
    provider: Provider,
    body: _OneBody,
    previews: Previews | None,
) -> AnswerMeta:
    """The whole answer under its final name. Raises Cut and SpoolFailed with the answer's status."""

    def write(chunk: bytes) -> None:
        spool.write(chunk)
        if previews is not None:
            previews.see(chunk)

    headers = kept_headers(answer.headers)
    try:
        cut = _received(answer, exchange, write, provider, body)
        meta = AnswerMeta(answer.status_code, headers, datetime.now(UTC), spool.written)
        if cut is not None and not has_finished_picture(spool.part, meta):
            raise cut
        spool.finish(meta.to_dict())
    except (Cut, SpoolFailed) as error:
        error.status, error.request_id = answer.status_code, headers.get("x-request-id", "")
        raise
    return meta


def _received(
    answer: Answer,
    exchange: Exchange,
    write: Callable[[bytes], None],
    provider: Provider,
    body: _OneBody,
) -> Cut | None:
    """Why the answer did not come to its end; None where it did. Raises SpoolFailed."""
    try:
        receive(answer, exchange, write, max_bytes=provider.max_answer_bytes, is_late=body.is_late)
    except Cut as cut:
        return cut
    return None
