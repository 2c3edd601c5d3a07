"""The provider's own list of models."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from editor.images_api.connections import Cut, receive, send
from editor.images_api.errors import (
    OutcomeUnknown,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    error_for,
)
from editor.images_api.messages import kept_headers
from editor.images_api.provider import MEGABYTE, Provider

LONGEST_LIST = 16 * MEGABYTE
LONGEST_ID = 200
MOST_MODELS = 20_000
WITHOUT_A_LIST = frozenset({404, 405, 501})


@dataclass(frozen=True)
class ListedModel:
    """A model that the provider serves, with the day of its shutdown where one is told."""

    id: str
    shutdown_date: date | None = None


def models(provider: Provider, *, timeout: float = 10) -> tuple[ListedModel, ...]:
    """What the provider lists at `/models`, each id once, in its order. `timeout` is in seconds.

    Raises ProviderRejected (code "no_list" for a server that keeps no list, or refuses the key),
    ProviderUnavailable (no connection, 5xx, 429), ProviderError (what came is not a list).
    """
    status, headers, body = _asked(provider, timeout)
    if status in WITHOUT_A_LIST:
        raise ProviderRejected(
            "The provider keeps no list of models.", status=status, code="no_list"
        )
    if not 200 <= status < 300:
        raise _refused(status, headers, body, provider)
    items = _items(body)
    if items is None:
        sentence = "What the provider gives as its list of models is none."
        raise ProviderError(sentence, status=status, code="not_a_list")
    listed = (_listed(item) for item in items[:MOST_MODELS])
    return tuple({model.id: model for model in listed if model is not None}.values())


def _asked(provider: Provider, timeout: float) -> tuple[int, dict[str, str], bytes]:
    pieces: list[bytes] = []
    try:
        with (
            provider.exchange(timeout) as exchange,
            send("GET", provider.models_url, exchange, provider.headers()) as answer,
        ):
            receive(answer, exchange, pieces.append, max_bytes=LONGEST_LIST, is_late=lambda: False)
            return answer.status_code, kept_headers(answer.headers), b"".join(pieces)
    except Cut as error:
        cut = error
    raise ProviderUnavailable(
        f"The provider's list of models could not be read. {cut.sentence}", code=cut.code
    )


def _refused(
    status: int, headers: dict[str, str], body: bytes, provider: Provider
) -> ProviderError:
    error = error_for(status, headers, body, now=datetime.now(UTC), secret=provider.api_key)
    if isinstance(error, OutcomeUnknown):  # nothing is bought by reading a list
        sentence = f"The provider's list of models could not be read. {error.message}"
        return ProviderUnavailable(sentence, status=status, code=error.code)
    return error


def _items(body: bytes) -> list[Any] | None:
    """The entries, in the shapes in which servers give them."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if isinstance(said, dict):
        said = said.get("data", said.get("models"))
    return said if isinstance(said, list) else None


def _listed(item: Any) -> ListedModel | None:
    if isinstance(item, str):
        item = {"id": item}
    if not isinstance(item, dict):
        return None
    id = item.get("id")
    if not isinstance(id, str) or not 0 < len(id) <= LONGEST_ID or not id.isprintable():
        return None
    return ListedModel(id, _date(item.get("shutdown_date")))


def _date(value: object) -> date | None:
    """`"2026-12-01"`, also with a time behind it; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None
