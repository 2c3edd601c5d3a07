"""What the provider says it serves, read from time to time and kept for the forms."""

import logging
from datetime import datetime

from django.utils import timezone

from editor.images_api import client
from editor.images_api.errors import ProviderError
from editor.jobs.provider import provider
from editor.models import Listing

log = logging.getLogger(__name__)


def read_listing(now: datetime | None = None) -> bool:
    """Ask for the list and keep it. False when it could not be had: the one before stays."""
    now = now or timezone.now()
    asked = provider()
    try:
        listed = client.models(asked)
    except ProviderError as error:
        log.info("the provider's list of models could not be read: %s", error.code)
        Listing.missed(asked.base_url, error.message, now)
        return False
    dates = {each.id: each.shutdown_date and each.shutdown_date.isoformat() for each in listed}
    Listing.keep(asked.base_url, dates, now)
    return True
