"""One installation is set up once; every drill that needs one of its own gets a copy."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.drills.stack import MANAGE, Stack, environment
from tests.sandbox_server import Sandbox, sandbox_process
from tests.services import free_port

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.drill)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after a first start that started nothing: migrated, with an administrator."""
    data = tmp_path_factory.mktemp("prepared") / "data"
    done = subprocess.run(
        [*MANAGE, "start", "--prepare-only"],
        env=environment(data, PORT=free_port()),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return data


@pytest.fixture
def data(prepared: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "data"
    shutil.copytree(prepared, copy)
    return copy


@pytest.fixture
def make_stack(data: Path) -> Iterator[Callable[..., Stack]]:
    """A stack over `data` that is not started yet; its end is seen to."""
    made: list[Stack] = []

    def make(**settings: object) -> Stack:
        made.append(Stack(data, **settings))
        return made[-1]

    yield make
    for stack in made:
        stack.end()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The provider lives outside the stack, so that it counts through every crash."""
    with sandbox_process(tmp_path_factory.mktemp("sandbox"), SANDBOX_DELAY=0.3) as process:
        yield process


@pytest.fixture(scope="session")
def shared(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One stack from its very first start, for all drills that leave it well."""
    stack = Stack(
        tmp_path_factory.mktemp("shared") / "data",
        PROVIDER_BASE_URL=sandbox.base_url,
        PROVIDER_API_KEY=sandbox.key,
    )
    try:
        stack.start()
        yield stack
    finally:
        stack.end()


@pytest.fixture
def stack(shared: Stack, sandbox: Sandbox) -> Iterator[Stack]:
    """The shared stack, well before and well after."""
    sandbox.fault("ok")
    yield shared
    sandbox.fault("ok")
