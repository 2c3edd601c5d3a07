from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox_server import Sandbox, running_sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path) as running:
        yield running
