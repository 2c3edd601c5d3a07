"""What happens when a call is made twice: by its key, by a client that lost the connection, or meant so."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import openai
import pytest
import requests
from django.utils import timezone

from editor.models import Call, Edit, LedgerEntry, Status, Token
from tests.gateway.calling import (
    CHEAP,
    CHEAP_FILES,
    Gateway,
    error_in,
    png,
    upload,
)
from tests.sandbox_server import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("provider")]

RETRY = {"x-stainless-retry-count": "1"}


def drop_a_call(gateway: Gateway, queued: Callable[..., Any], count: int = 1, **more: Any) -> Edit:
    """A call whose connection breaks while its edit is waiting for its turn."""
    with pytest.raises(requests.Timeout):
        gateway.post(data=CHEAP, files=CHEAP_FILES, timeout=1, **more)
    edit: Edit = queued(count)
    return edit


def test_a_retry_after_a_dropped_connection_joins_the_running_edit(
    gateway: Gateway, queued: Any, worker_starts: Callable[[], None], provider: Any
) -> None:
    edit = drop_a_call(gateway, queued)
    worker_starts()
    answer = gateway.edit(headers=RETRY)
    assert answer.status_code == 200
    assert answer.headers["x-maskroom-edit"] == str(edit.pk)
    assert Edit.objects.get() == edit
    assert len(provider.calls()) == 1


def test_a_retry_gets_the_pictures_of_an_edit_that_ended_meanwhile(
    gateway: Gateway, queued: Any, drain: Callable[[], None], provider: Any
) -> None:
    edit = drop_a_call(gateway, queued)
    # The caller is gone, and nobody can tell: what was written went nowhere.
    drain()
    wait_until(lambda: Edit.objects.get().status == Status.SUCCEEDED)
    Call.objects.update(delivered_at=None)
    answer = gateway.edit(headers=RETRY)
    assert answer.headers["x-maskroom-edit"] == str(edit.pk)
    assert len(provider.calls()) == 1


def test_the_official_clients_own_retry_pays_once(
    gateway: Gateway, queued: Any, later: Any, worker_starts: Callable[[], None], provider: Any
) -> None:
    client = openai.OpenAI(
        base_url=gateway.base_url, api_key=gateway.key, max_retries=2, timeout=1.5
    )
    answer = later(
        client.images.edit,
        image=("a.png", CHEAP_FILES[0][1][1], "image/png"),
        mask=("mask.png", CHEAP_FILES[1][1][1], "image/png"),
        **CHEAP,
    )
    queued()
    wait_until(lambda: Token.objects.get().window_calls >= 2, 10)  # it has tried again
    worker_starts()
    assert answer().data[0].url
    assert Edit.objects.count() == 1
    assert len(provider.calls()) == 1


@pytest.mark.usefixtures("worker")
def test_a_plain_repeat_is_a_new_edit(gateway: Gateway) -> None:
    first, second = (gateway.edit() for _ in range(2))
    assert first.headers["x-maskroom-edit"] != second.headers["x-maskroom-edit"]
    assert Edit.objects.count() == 2


@pytest.mark.usefixtures("worker")
def test_a_retry_after_an_answer_that_arrived_is_a_new_edit(gateway: Gateway) -> None:
    first = gateway.edit()
    wait_until(lambda: not Call.objects.filter(delivered_at=None).exists())
    second = gateway.edit(headers=RETRY)
    assert first.headers["x-maskroom-edit"] != second.headers["x-maskroom-edit"]


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": "Remove the other sign"},
        {"size": "512x512"},
        {"response_format": "b64_json"},
        {"files": [upload("image", png((256, 256), shade=9)), CHEAP_FILES[1]]},
    ],
)
def test_a_retry_with_other_content_joins_nothing(
    gateway: Gateway, queued: Any, worker_starts: Callable[[], None], other: dict[str, Any]
) -> None:
    edit = drop_a_call(gateway, queued)
    worker_starts()
    answer = gateway.edit(headers=RETRY, **other)
    assert answer.headers["x-maskroom-edit"] != str(edit.pk)


def test_a_retry_joins_no_call_of_long_ago_and_none_of_another_token(
    gateway: Gateway, queued: Any, bob: Any, make_token: Any, worker_starts: Callable[[], None]
) -> None:
    edit = drop_a_call(gateway, queued)
    worker_starts()
    answer = gateway.post(data=CHEAP, files=CHEAP_FILES, headers=RETRY, key=make_token(bob))
    assert answer.headers["x-maskroom-edit"] != str(edit.pk)
    Call.objects.update(delivered_at=None, created_at=timezone.now() - timedelta(minutes=16))
    assert gateway.edit(headers=RETRY).headers["x-maskroom-edit"] != str(edit.pk)


@pytest.mark.usefixtures("worker")
def test_the_same_key_gives_the_first_answer_again(gateway: Gateway, provider: Any) -> None:
    headers = {"Idempotency-Key": "order 66"}
    fields = {"response_format": "b64_json", "headers": headers}
    first, second = (gateway.edit(**fields) for _ in range(2))
    assert first.json() == second.json()
    assert Edit.objects.count() == 1
    assert len(provider.calls()) == 1


@pytest.mark.usefixtures("worker")
def test_the_same_key_for_other_content_is_refused(gateway: Gateway) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    assert gateway.edit(headers=headers).status_code == 200
    refused = gateway.edit(headers=headers, prompt="Remove the other sign")
    assert refused.status_code == 409
    assert error_in(refused)["code"] == "idempotency_key_reused"
    assert refused.headers["x-should-retry"] == "false"
    assert Edit.objects.count() == 1


@pytest.mark.usefixtures("worker")
def test_keys_of_two_people_have_nothing_to_do_with_each_other(
    gateway: Gateway, bob: Any, make_token: Any
) -> None:
    headers = {"Idempotency-Key": "1"}
    gateway.edit(headers=headers)
    gateway.post(data=CHEAP, files=CHEAP_FILES, headers=headers, key=make_token(bob))
    assert sorted(Edit.objects.values_list("created_by__username", flat=True)) == ["alice", "bob"]


@pytest.mark.usefixtures("worker")
def test_the_same_key_at_the_same_moment_makes_one_edit(gateway: Gateway, provider: Any) -> None:
    headers = {"Idempotency-Key": "at once"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: gateway.edit(headers=headers), range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.headers["x-maskroom-edit"] for answer in answers}) == 1
    assert Edit.objects.count() == 1
    assert len(provider.calls()) == 1


@pytest.mark.usefixtures("worker")
def test_a_key_whose_call_died_before_its_edit_makes_it_still(gateway: Gateway, alice: Any) -> None:
    headers = {"Idempotency-Key": "half way"}
    gateway.edit(headers=headers)
    call = Call.objects.get()
    lost = Call.objects.create(
        token=call.token, fingerprint=call.fingerprint, idempotency_key="lost"
    )
    answer = gateway.edit(headers={"Idempotency-Key": "lost"})
    lost.refresh_from_db()
    assert answer.headers["x-maskroom-edit"] == str(lost.edit_id)
    assert lost.edit is not None and lost.edit.key == lost.edit_key


@pytest.mark.usefixtures("worker")
def test_a_refused_call_uses_its_key_up_for_nothing(gateway: Gateway) -> None:
    headers = {"Idempotency-Key": "again"}
    assert gateway.edit(headers=headers, n=11).status_code == 400
    assert gateway.edit(headers=headers).status_code == 200
    assert LedgerEntry.objects.filter(kind="hold").count() == 1


@pytest.mark.parametrize("key", ["x" * 256, "a\tb"])
def test_a_key_that_nobody_could_read_is_refused(gateway: Gateway, key: str) -> None:
    refused = gateway.edit(headers={"Idempotency-Key": key})
    assert refused.status_code == 400
    assert error_in(refused)["code"] == "invalid_idempotency_key"
    assert not Edit.objects.exists()


@pytest.mark.usefixtures("worker")
def test_an_edit_that_failed_gives_the_same_refusal_again_by_its_key(
    gateway: Gateway, provider: Any
) -> None:
    provider.fault("400-moderation,ok")
    headers = {"Idempotency-Key": "blocked"}
    first, second = (gateway.edit(headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (400, 400)
    assert error_in(first) == error_in(second)
    assert len(provider.calls()) == 1
