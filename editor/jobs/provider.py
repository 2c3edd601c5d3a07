"""The provider that the settings name."""

import hashlib
import hmac
from datetime import date
from pathlib import Path

from django.conf import settings

from editor.images_api.catalogue import Catalogue, Model, load
from editor.images_api.client import Provider
from editor.models import Person


def provider() -> Provider:
    return Provider(
        base_url=settings.PROVIDER_BASE_URL,
        api_key=settings.PROVIDER_API_KEY,
        organization=settings.PROVIDER_ORGANIZATION or None,
        project=settings.PROVIDER_PROJECT or None,
        overall=settings.CALL_DEADLINE_S,
    )


def known_models() -> Catalogue:
    """The built-in models, and those of the operator's own file."""
    return load(Path(settings.CATALOGUE_FILE) if settings.CATALOGUE_FILE else None)


def offered_models(on: date | None = None) -> list[Model]:
    """The models to choose from for an edit, at the provider that the settings name."""
    return known_models().editing(on or date.today(), at_openai=settings.PROVIDER_IS_OPENAI)


def pseudonym(person: Person) -> str:
    """Who asks, for the provider's abuse checks: a keyed hash, never a name or an address."""
    secret = settings.SECRET_KEY.encode()
    return hmac.new(secret, f"person {person.pk}".encode(), hashlib.sha256).hexdigest()[:32]
