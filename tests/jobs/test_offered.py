"""Which models forms offer, and what the provider's own list says about them."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from editor.jobs.listing import read_listing
from editor.jobs.provider import offered_models
from editor.jobs.provider import provider as provider_of_settings
from editor.models import Listing

TODAY = date(2026, 11, 21)


@pytest.fixture
def at_openai(settings):
    settings.PROVIDER_BASE_URL = settings.OPENAI_BASE_URL
    settings.PROVIDER_IS_OPENAI = True
    settings.PROVIDER_IS_SANDBOX = False


def offered(operation="edit", on=TODAY):
    return {each.model.id: each for each in offered_models(operation, on)}


@pytest.mark.django_db
def test_what_openai_has_shut_down_is_hidden_there(at_openai):
    models = offered()
    assert "gpt-image-1" not in models and "dall-e-2" not in models
    assert "gpt-image-2" in models
    assert not offered("vary")


@pytest.mark.django_db
def test_a_model_within_sixty_days_of_its_end_carries_a_warning(at_openai):
    ending = offered()["gpt-image-1.5"]
    assert (ending.is_ending, ending.shutdown_date, ending.days_left) == (
        True,
        date(2026, 12, 1),
        10,
    )
    assert not offered(on=date(2026, 10, 1))["gpt-image-1.5"].is_ending
    assert not offered()["gpt-image-2"].is_ending
    assert "gpt-image-1.5" not in offered(on=date(2026, 12, 1))


@pytest.mark.django_db
def test_elsewhere_only_what_that_server_says_hides_a_model():
    assert "dall-e-2" in offered("vary")
    past = (TODAY - timedelta(days=1)).isoformat()
    Listing.keep(
        provider_of_settings().base_url, {"dall-e-2": past, "gpt-image-2": None}, timezone.now()
    )
    models = offered()
    assert "dall-e-2" not in models
    assert models["gpt-image-2"].is_listed is True
    assert models["gpt-image-2.6-flare"].is_listed is False


@pytest.mark.django_db
def test_until_the_list_is_read_nothing_is_said_about_it():
    Listing.missed(provider_of_settings().base_url, "It does not answer.", timezone.now())
    assert offered()["gpt-image-2"].is_listed is None


def test_the_list_is_read_from_the_provider_and_kept(provider, db):
    assert read_listing()
    listing = Listing.objects.get()
    assert listing.provider == provider.base_url
    assert listing.listed["gpt-image-2"] is None
    assert listing.listed["gpt-image-1.5"] == "2026-12-01"


def test_a_list_that_cannot_be_read_leaves_the_one_before(canned, db):
    Listing.keep(canned.base_url, {"gpt-image-2": None}, timezone.now())
    assert not read_listing()
    listing = Listing.objects.get()
    assert listing.listed == {"gpt-image-2": None}
    assert listing.trouble


def test_the_settings_reach_the_provider(settings):
    settings.PROVIDER_BASE_URL = "https://example.openai.azure.com"
    settings.PROVIDER_AZURE_API_VERSION = "2025-04-01-preview"
    settings.PROVIDER_KEY_HEADER = "api-key"
    settings.PROVIDER_DEPLOYMENTS = {"gpt-image-2": "pictures"}
    settings.PROVIDER_STRIP = ["safety_identifier"]
    settings.PROVIDER_READ_TIMEOUT_S = 90.0
    made = provider_of_settings()
    assert made.azure_api_version == "2025-04-01-preview"
    assert made.deployments == {"gpt-image-2": "pictures"}
    assert made.strip >= {"safety_identifier"}
    assert (made.read_timeout, made.key_header) == (90.0, "api-key")
