"""The gateway against the API's own description: whatever is sent, the answer is a documented one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
import requests
from hypothesis import settings

from editor.models import Edit
from tests.gateway.calling import Gateway
from tests.images_api.contract import BOUNDED, contract, description, hold, small_models

pytestmark = pytest.mark.django_db(transaction=True)

# Each example is a whole edit: fewer of them than the sandbox alone is held to.
FEW, MORE = settings(BOUNDED, max_examples=6), settings(BOUNDED, max_examples=15)
anything = contract()
newest = contract("gpt-image-2.6-flare")


@pytest.fixture
def server(
    gateway: Gateway, canned: Any, worker: None, settings: Any, tmp_path: Path
) -> Iterator[Gateway]:
    settings.GATEWAY_CALLS_PER_MINUTE = 100_000
    settings.CATALOGUE_FILE = str(small_models(tmp_path))
    yield gateway
    assert not Edit.objects.unfinished().exists()


@anything.parametrize()
@MORE
def test_whatever_is_sent_gets_a_documented_answer(case: Any, server: Gateway) -> None:
    hold(case, server.base_url, server.key)


@newest.parametrize()
@FEW
def test_the_newest_model_keeps_to_the_description(case: Any, server: Gateway) -> None:
    hold(case, server.base_url, server.key)


def test_the_description_is_served_under_its_own_address(gateway: Gateway) -> None:
    answer = requests.get(f"{gateway.base_url}/openapi.json", timeout=5)
    assert answer.headers["Content-Type"] == "application/json"
    served = answer.json()
    assert served["servers"] == [{"url": gateway.base_url}]
    assert {**served, "servers": 0} == {**description(), "servers": 0}


def test_models_have_the_shape_that_the_official_client_expects(gateway: Gateway) -> None:
    client = openai.OpenAI(
        base_url=gateway.base_url, api_key=gateway.key, _strict_response_validation=True
    )
    listed = list(client.models.list())
    assert [model.object for model in listed] == ["model"] * len(listed)
