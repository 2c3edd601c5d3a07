"""The gateway as scripts meet it: over the network, in front of a provider, with a worker beside."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from django.db import connection

from tests.gateway.calling import Gateway
from tests.sandbox_server import wait_until


@pytest.fixture
def make_token(db: None) -> Callable[..., str]:
    from editor.models import Token

    return lambda person, name="script": Token.make(person, name)[1]


@pytest.fixture
def gateway(live_server: Any, alice: Any, make_token: Callable[..., str]) -> Iterator[Gateway]:
    """What alice's scripts call. Nobody waits there any more when the test is over."""
    from editor.gateway.waiting import places, watcher

    yield Gateway(f"{live_server.url}/v1", make_token(alice))
    wait_until(lambda: watcher.is_idle() and places.taken == 0, 20)


@pytest.fixture
def official(gateway: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=gateway.base_url, api_key=gateway.key, max_retries=0, timeout=30)


@pytest.fixture
def worker_starts(gateway: Gateway) -> Iterator[Callable[[], None]]:
    """Runs what is queued, straight from the database, from when it is called until the test ends."""
    from editor.jobs.drain import drain

    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.02):
            drain(4)
        connection.close()

    thread = threading.Thread(target=work, daemon=True)
    yield thread.start
    stop.set()
    if thread.ident:
        thread.join(30)


@pytest.fixture
def worker(worker_starts: Callable[[], None]) -> None:
    worker_starts()


@pytest.fixture
def later() -> Iterator[Callable[..., Any]]:
    """Calls a function in a thread: `answer = later(call, …)`, and `answer()` waits for its result."""
    threads: list[threading.Thread] = []

    def begin(act: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[[], Any]:
        found: list[Any] = []

        def run() -> None:
            try:
                found.append(act(*args, **kwargs))
            except Exception as error:
                found.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        threads.append(thread)

        def result() -> Any:
            thread.join(30)
            assert found, "it did not end in time"
            return found[0]

        return result

    yield begin
    for thread in threads:
        thread.join(30)


@pytest.fixture
def queued() -> Callable[..., Any]:
    """Waits until so many edits are queued, and gives the newest."""
    from editor.models import Edit

    def wait(count: int = 1, seconds: float = 15) -> Any:
        wait_until(lambda: Edit.objects.count() >= count, seconds)
        return Edit.objects.order_by("-id").first()

    return wait
