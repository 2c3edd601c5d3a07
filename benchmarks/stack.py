"""The whole app as `make run` starts it, on free ports, over the data folder of this benchmark."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

from benchmarks import processes

ROOT = Path(__file__).resolve().parent.parent
READY_S = 120.0
STOP_S = 75.0


@dataclass(frozen=True)
class Stack:
    pid: int  # of the supervisor
    port: int
    sandbox_port: int

    def process(self, name: str) -> int:
        words = {"web": "gunicorn editor.wsgi", "worker": "manage.py worker"}[name]
        return processes.child_named(self.pid, words)

    def require(self, name: str, pid: int) -> None:
        """Raises, with what its log says, when the process is not the one that was measured any more."""
        if self.process(name) != pid:
            logs = Path(os.environ["DATA_DIR"]) / "logs"
            said = "".join(tail(logs / file) for file in (f"{name}.log", "supervisor.log"))
            raise RuntimeError(f"the {name} ended and was started again:\n{said}")

    def sandbox_calls(self) -> dict[str, dict[str, Any]]:
        """What the sandbox was asked for, by the key of the attempt."""
        calls = json.loads(read(f"http://127.0.0.1:{self.sandbox_port}/__calls"))
        return {call["key"]: call for call in calls}

    def sandbox_fault(self, fault: str) -> None:
        """What the sandbox's calls meet from now on: `ok`, `slow:2`."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.sandbox_port}/__fault",
            data=json.dumps({"fault": fault}).encode(),
            headers={"Content-Type": "application/json"},
        )
        read(request)


@contextmanager
def running_stack(**variables: object) -> Iterator[Stack]:
    """Started by `manage.py start`; `variables` are added to its environment. Stopped afterwards."""
    port, sandbox_port = free_ports(2)
    environment = {
        **os.environ,
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        **{name: str(value) for name, value in variables.items()},
    }
    log = Path(os.environ["DATA_DIR"]).parent / "start.log"
    with log.open("a") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "start"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until_ready(process, port, log)
        yield Stack(process.pid, port, sandbox_port)
    finally:
        stop(process)


def wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    ends = time.monotonic() + READY_S
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise RuntimeError(f"the app did not start:\n{log.read_text()[-2000:]}")
        try:
            read(f"http://127.0.0.1:{port}/healthz")
            return
        except (URLError, OSError):
            time.sleep(0.1)
    raise TimeoutError(f"the app is not ready after {READY_S:.0f} s:\n{log.read_text()[-2000:]}")


def stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def tail(file: Path) -> str:
    return file.read_text(errors="replace")[-2000:] if file.exists() else ""


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def read(request: Any) -> bytes:
    with urllib.request.urlopen(request, timeout=10) as answer:
        data: bytes = answer.read()
        return data
