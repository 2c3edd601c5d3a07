"""The real stack in processes of its own: what `make run` starts, on free ports and in a folder of its own."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.services import free_port

ROOT = Path(__file__).resolve().parents[2]
MANAGE = [sys.executable, str(ROOT / "manage.py")]
READY = "Maskroom is ready"
READY_WITHIN_S = 90.0
PARTS = {
    "web": "gunicorn",
    "worker": "manage.py worker",
    "sweeper": "manage.py sweep",
    "sandbox": "manage.py sandbox",
}


def environment(data: Path, **more: object) -> dict[str, str]:
    """Nothing of the tests' own settings: as in a fresh terminal."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    given = {name: str(value) for name, value in more.items()}
    return {**kept, "DATA_DIR": str(data), "PYTHONUNBUFFERED": "1", **given}


class Stack:
    """`manage.py start` and what it starts. Its processes are known by their DATA_DIR."""

    def __init__(self, data: Path, **settings: object) -> None:
        self.data = data
        self.port = free_port()
        usual = {"LEASE": 3, "SWEEP_EVERY": 0.5, "WORKER_THREADS": 16, "PORT": self.port}
        self.environment = environment(data, **{**usual, **settings})
        self.process: subprocess.Popen[bytes] | None = None
        self.output = data.parent / f"{data.name}.out"

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # --- start and stop -------------------------------------------------------------------------

    def start(self) -> str:
        """Start, and wait until it says that it is ready; what it said."""
        process = self.launch()
        until(lambda: READY in self.said() or process.poll() is not None, READY_WITHIN_S)
        assert READY in self.said(), self.said() + self.logs()
        return self.said()

    def launch(self) -> "subprocess.Popen[bytes]":
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [*MANAGE, "start"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a terminal's Ctrl-C reaches a group of processes
            )
        return self.process

    def said(self) -> str:
        return self.output.read_text() if self.output.exists() else ""

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Ctrl-C (SIGINT, to the group as a terminal sends it) or SIGTERM; the exit code."""
        assert self.process is not None
        if sign == signal.SIGINT:
            os.killpg(self.process.pid, sign)
        else:
            self.process.send_signal(sign)
        return self.process.wait(75)

    def end(self) -> None:
        """Whatever happened in the test: nothing of this stack is left running."""
        if self.process is not None and self.process.poll() is None:
            for pid in self.processes():
                send(pid, signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        for pid in self.processes():
            send(pid, signal.SIGKILL)

    # --- its processes --------------------------------------------------------------------------

    def processes(self) -> list[int]:
        """All that run with this stack's DATA_DIR, whoever their parent is by now."""
        mark = f"DATA_DIR={self.data}\0".encode()
        return [pid for pid in pids() if mark in read(pid, "environ") + b"\0" and is_alive(pid)]

    def children(self) -> dict[str, int]:
        """The supervisor's own children by name."""
        assert self.process is not None
        found = {}
        for pid in pids():
            if parent(pid) != self.process.pid:
                continue
            command = read(pid, "cmdline").replace(b"\0", b" ").decode()
            found |= {name: pid for name, words in PARTS.items() if words in command}
        return found

    def kill(self, name: str) -> int | None:
        """SIGKILL this part; its pid, or None while it is being started again."""
        pid = self.children().get(name)
        if pid is not None:
            send(pid, signal.SIGKILL)
        return pid

    # --- what it knows --------------------------------------------------------------------------

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.data / "maskroom.sqlite3", timeout=20)) as database:
            with database:
                return database.execute(statement, values).fetchall()

    def statuses(self, *edits: int) -> list[str]:
        rows = dict(self.rows("SELECT id, status FROM editor_edit"))
        return [rows[edit] for edit in edits or sorted(rows)]

    def wait_for(self, status: str, *edits: int, within_s: float = 60) -> None:
        def reached() -> bool:
            return set(self.statuses(*edits)) == {status}

        until(reached, within_s, lambda: f"{self.statuses(*edits)}\n{self.logs()}")

    def health(self) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"{self.origin}/healthz", timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return 0, {}

    def logs(self) -> str:
        files = sorted((self.data / "logs").glob("*.log")) if self.data.exists() else []
        return "\n".join(f"== {path.name}\n{path.read_text()[-3000:]}" for path in files)

    # --- work for it ----------------------------------------------------------------------------

    def ask(self, *arguments: object) -> list[int]:
        """Submit edits from a process of their own, as `tests.drills.ask` describes; their ids."""
        done = self.run_python("-m", "tests.drills.ask", *arguments)
        assert done.returncode == 0, done.stderr
        edits: list[int] = json.loads(done.stdout)
        return edits

    def run_python(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            env={**self.environment, "DJANGO_SETTINGS_MODULE": "editor.settings"},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )


def until(
    holds: Callable[[], Any], within_s: float, otherwise: Callable[[], str] = lambda: ""
) -> None:
    ends = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends, f"not within {within_s:g} s. {otherwise()}"
        time.sleep(0.1)


def send(pid: int, sign: signal.Signals) -> None:
    """To a process of ours, which may have ended by itself."""
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        return


def pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:  # gone, or not ours
        return b""


def parent(pid: int) -> int:
    """0 when it is gone."""
    fields = read(pid, "stat").rpartition(b")")[2].split()
    return int(fields[1]) if len(fields) > 1 else 0


def is_alive(pid: int) -> bool:
    fields = read(pid, "stat").rpartition(b")")[2].split()
    return bool(fields) and fields[0] != b"Z"
