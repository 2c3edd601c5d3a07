"""The poller of a page: how many looks a second the running web server answers, and what one look asks of the database."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from statistics import median
from typing import Any
from uuid import uuid4

from benchmarks import drawing, people, processes, traffic
from benchmarks.figures import Figure
from benchmarks.stack import Stack, free_ports, running_stack

SIZE = (640, 480)
CLIENTS = 8
SECONDS = 5.0
WATCHED = 3  # edits that the page waits for
GOAL_QUERIES = 3
GOAL_PER_SECOND = 300


def measure() -> list[Figure]:
    people.set_up()
    with running_stack() as stack, plain_server() as plain_port:
        person = people.make_person()
        edits = waited_for(people.add_photo(person, drawing.png(SIZE)))
        headers = {"Cookie": people.cookies_of(person), "HX-Request": "true"}
        unchanged, changed = urls(edits)
        floor = polled(plain_port, "/", {}, 200)
        still, still_cpu = polled_with_cpu(stack, unchanged, headers, 204)
        moved, moved_cpu = polled_with_cpu(stack, changed, headers, 200)
        page, _ = polled_with_cpu(stack, "/", headers, 200)
    return [
        per_second("unchanged (204)", still, floor, GOAL_PER_SECOND),
        Figure("  web server's processor time", still_cpu, "ms", "per poll"),
        Figure("  queries", queries(person, unchanged, 204), "", "per poll", goal=GOAL_QUERIES),
        per_second(f"changed, {WATCHED} tiles (200)", moved, floor, None),
        Figure("  web server's processor time", moved_cpu, "ms", "per poll"),
        Figure("  queries", queries(person, changed, 200), "", "per poll"),
        per_second("the gallery's page", page, floor, None),
        Figure("other work on these cores", processes.slowdown(), "x", "plain work, against alone"),
    ]


def waited_for(photo: Any) -> list[Any]:
    """Edits that were sent an hour ago and are held by a process that stays: nothing will change."""
    from django.utils import timezone

    from editor.models import Edit, Status

    now = timezone.now()
    before = now - timedelta(hours=1)
    frame = {"bounds": [0, 0, *SIZE], "size": list(SIZE)}
    return [
        Edit.objects.create(
            created_by=photo.created_by, source=photo, mask="none", prompt="Wait", frame=frame,
            model="gpt-image-2", options={"n": 1}, status=Status.RUNNING, token=uuid4(),
            lease_until=now + timedelta(days=1), created_at=before, started_at=before, sent_at=before,
        )
        for _ in range(WATCHED)
    ]  # fmt: skip


def urls(edits: list[Any]) -> tuple[str, str]:
    """What the page asks while nothing changes, and what it asks when it knows an older state."""
    from editor.web.status import activity_of

    return activity_of(edits).url, activity_of(edits, is_fresh=False).url


def polled(port: int, path: str, headers: dict[str, str], status: int) -> traffic.Load:
    request = traffic.get_bytes(path, port, headers)
    traffic.load(port, request, clients=CLIENTS, seconds=0.5)
    found = traffic.load(port, request, clients=CLIENTS, seconds=SECONDS)
    if set(found.statuses) != {status}:
        raise RuntimeError(f"{path} was answered with {found.statuses}, not {status}")
    return found


def polled_with_cpu(
    stack: Stack, path: str, headers: dict[str, str], status: int
) -> tuple[traffic.Load, float]:
    """The load, and the web server's processor time for one answer in milliseconds."""
    web = stack.process("web")
    before = processes.cpu_seconds(web)
    found = polled(stack.port, path, headers, status)
    answered = len(found.waits) * (SECONDS + 0.5) / SECONDS  # those of the warm-up as well
    return found, 1000 * (processes.cpu_seconds(web) - before) / answered


def per_second(name: str, found: traffic.Load, floor: traffic.Load, goal: float | None) -> Figure:
    beside = (
        f"an empty answer by the same server: {floor.per_second:.0f} per s; "
        f"median wait {1000 * median(found.waits):.0f} ms, worst {1000 * max(found.waits):.0f} ms"
    )
    ratio = found.per_second / floor.per_second
    return Figure(name, found.per_second, "per s", beside, ratio, goal, at_least=True)


def queries(person: Any, path: str, status: int) -> int:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="127.0.0.1", headers={"HX-Request": "true"})
    client.force_login(person, backend="editor.web.signin.NameOrEmailBackend")
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        answer = client.get(path)
    if answer.status_code != status:
        raise RuntimeError(f"{path} was answered with {answer.status_code}, not {status}")
    return len(captured)


@contextmanager
def plain_server() -> Iterator[int]:
    """gunicorn with the same threads, and an application that does nothing."""
    (port,) = free_ports(1)
    command = [
        sys.executable, "-m", "gunicorn", "benchmarks.plain:application", "--bind", f"127.0.0.1:{port}",
        "--worker-class", "gthread", "--workers", "1", "--threads", "12", "--no-control-socket",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ)
    )
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def wait_for(port: int) -> None:
    ends = time.monotonic() + 30
    while True:
        try:
            traffic.exchange(port, traffic.get_bytes("/", port, {}), 5)
            return
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)
