"""The provider that the settings name, and the models to choose from there."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, cast

from django.conf import settings

from editor.images_api.catalogue import Catalogue, Model, load
from editor.images_api.client import Provider
from editor.images_api.messages import Operation
from editor.models import Listing, Person

WARNED = timedelta(days=60)


def provider() -> Provider:
    return Provider(
        base_url=settings.PROVIDER_BASE_URL,
        api_key=settings.PROVIDER_API_KEY,
        organization=settings.PROVIDER_ORGANIZATION or None,
        project=settings.PROVIDER_PROJECT or None,
        connect_timeout=settings.PROVIDER_CONNECT_TIMEOUT_S,
        read_timeout=settings.PROVIDER_READ_TIMEOUT_S,
        overall=settings.CALL_DEADLINE_S,
        key_header=cast(Literal["authorization", "api-key"], settings.PROVIDER_KEY_HEADER),
        azure_api_version=settings.PROVIDER_AZURE_API_VERSION or None,
        deployments=settings.PROVIDER_DEPLOYMENTS,
        edits_as=cast(Literal["multipart", "json"], settings.PROVIDER_EDITS_AS),
        strip=frozenset(settings.PROVIDER_STRIP),
    )


def is_sandbox(base_url: str) -> bool:
    """Whether this is our own local stand-in, also where the settings name another one by now."""
    sandbox = f"http://127.0.0.1:{settings.SANDBOX_PORT or settings.PORT + 1}/v1"
    is_ours: bool = settings.PROVIDER_IS_SANDBOX and base_url == settings.PROVIDER_BASE_URL
    return base_url == sandbox or is_ours


def known_models() -> Catalogue:
    """The built-in models, and those of the operator's own file."""
    return load(Path(settings.CATALOGUE_FILE) if settings.CATALOGUE_FILE else None)


@dataclass(frozen=True)
class Offered:
    """A model to choose from. `is_listed` says whether the provider names it in its own list, None
    while that list is not known; `is_ending` whether it shuts down within 60 days."""

    model: Model
    shutdown_date: date | None = None
    days_left: int | None = None
    is_ending: bool = False
    is_listed: bool | None = None


def offered_models(operation: Operation = "edit", on: date | None = None) -> list[Offered]:
    """The models to choose from, at the provider that the settings name. What has been shut down is
    left out: at OpenAI by the catalogue or its own list, elsewhere by that server's list alone,
    because compatible servers go on serving what OpenAI has retired."""
    on = on or date.today()
    listing = Listing.of(settings.PROVIDER_BASE_URL)
    listed = listing.listed if listing and listing.read_at else None
    models = known_models().serving(operation, on, at_openai=settings.PROVIDER_IS_OPENAI)
    offered = (_offered(model, listed, on) for model in models)
    return [each for each in offered if each.days_left is None or each.days_left > 0]


def _offered(model: Model, listed: dict[str, str | None] | None, on: date) -> Offered:
    told = (listed or {}).get(model.id)
    ends = date.fromisoformat(told) if told else None
    if settings.PROVIDER_IS_OPENAI and model.shutdown_date:
        ends = min(ends or model.shutdown_date, model.shutdown_date)
    left = ends - on if ends else None
    return Offered(
        model=model,
        shutdown_date=ends,
        days_left=left.days if left is not None else None,
        is_ending=left is not None and left <= WARNED,
        is_listed=None if listed is None else model.id in listed,
    )


def pseudonym(person: Person) -> str:
    """Who asks, for the provider's abuse checks: a keyed hash, never a name or an address."""
    secret = settings.SECRET_KEY.encode()
    return hmac.new(secret, f"person {person.pk}".encode(), hashlib.sha256).hexdigest()[:32]
