"""A running sandbox for tests: `with running_sandbox(tmp_path) as sandbox: …`."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from editor.sandbox.server import options_from, running

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 30.0


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that is answering. `base_url` ends in /v1."""

    base_url: str
    key: str

    @property
    def origin(self) -> str:
        return self.base_url.removesuffix("/v1")

    def calls(self) -> list[dict[str, Any]]:
        """The edits that it was asked for so far, counted by the sandbox itself."""
        calls: list[dict[str, Any]] = json.loads(_read(f"{self.origin}/__calls"))
        return calls

    def fault(self, text: str) -> None:
        """The next calls meet these faults: "500,ok" the next one only."""
        body = json.dumps({"fault": text}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.origin}/__fault", data=body, headers=headers)
        _read(request)


@contextmanager
def running_sandbox(tmp_path: Path, **env: object) -> Iterator[Sandbox]:
    """A sandbox in a thread of this process, on a free port.

    Keywords are its environment: `running_sandbox(tmp_path, SANDBOX_URL_TTL=2)`.
    """
    with running(options=options_from(_environment(tmp_path, env))) as server:
        yield Sandbox(server.base_url, server.options.key)


@contextmanager
def sandbox_process(tmp_path: Path, *, port: int = 0, **env: object) -> Iterator[Sandbox]:
    """A sandbox in a process of its own, which survives whatever happens to the others."""
    environment = {**os.environ, **_environment(tmp_path, env)}
    process = subprocess.Popen(
        [sys.executable, "-m", "editor.sandbox", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()  # printed once the port is open
        if "http" not in said:
            raise RuntimeError(f"the sandbox did not start: {process.wait(START_SECONDS)}")
        yield Sandbox(said.split()[-1], environment.get("SANDBOX_KEY", "sandbox"))
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def wait_until(holds: Any, seconds: float = 10.0) -> None:
    """Wait for a condition, instead of sleeping and hoping."""
    ends_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends_at, "it did not come true in time"
        time.sleep(0.01)


def _environment(tmp_path: Path, env: dict[str, object]) -> dict[str, str]:
    given = {name: str(value) for name, value in env.items()}
    return {"SANDBOX_DIR": str(tmp_path / "sandbox"), **given}


def _read(request: Any) -> bytes:
    with urllib.request.urlopen(request, timeout=10) as answer:
        data: bytes = answer.read()
        return data
