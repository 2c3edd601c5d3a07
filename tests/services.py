"""PostgreSQL and Redis of the tests' own, on free ports: `python -m tests.services COMMAND …` runs COMMAND on them."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


def main(command: list[str]) -> int:
    with ExitStack() as stack:
        environment = {
            **os.environ,
            "DATABASE_URL": stack.enter_context(postgres()),
            "BROKER_URL": stack.enter_context(redis()),
        }
        return subprocess.call(command, env=environment)


@contextmanager
def postgres() -> Iterator[str]:
    """A cluster that is thrown away afterwards; the URL of its superuser."""
    programs = postgres_programs()
    user = unprivileged_user()
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="maskroom-pg-") as folder:
        if user:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        data = f"{folder}/data"
        run_as(
            user,
            programs / "initdb",
            "-D",
            data,
            "-U",
            "maskroom",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
        )
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off -c max_connections=200"
        run_as(
            user,
            programs / "pg_ctl",
            "-D",
            data,
            "-w",
            "-l",
            f"{folder}/log",
            "-o",
            options,
            "start",
        )
        try:
            yield f"postgres://maskroom@127.0.0.1:{port}/postgres"
        finally:
            run_as(user, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")


@contextmanager
def redis(*, folder: Path | None = None) -> Iterator[str]:
    port = free_port()
    server = subprocess.Popen(
        [
            "redis-server",
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ],
        stdout=subprocess.DEVNULL,
        cwd=folder or tempfile.gettempdir(),
    )
    try:
        wait_for_port(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(timeout=10)


def postgres_programs() -> Path:
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    found = shutil.which("initdb") or (str(places[0]) if places else "")
    if not found:
        raise SystemExit("PostgreSQL's initdb is not here.")
    return Path(found).resolve().parent


def unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root: then as the user that its package made."""
    return "postgres" if os.geteuid() == 0 else None


def run_as(user: str | None, *command: object) -> None:
    words = [str(word) for word in command]
    if user:
        words = ["runuser", "-u", user, "--", *words]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/")
    if done.returncode:
        raise RuntimeError(f"{words}: {done.stdout} {done.stderr}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, within_s: float = 10) -> None:
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on {port}")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
