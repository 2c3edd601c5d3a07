"""Parts die, freeze and hang while edits run. The provider counts the calls, and the books must agree."""

import hashlib
import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import requests

from tests.canned_provider import Answer, canned_provider, pictures
from tests.drills.stack import MANAGE, ROOT, environment, send, until
from tests.drills.visiting import Visitor
from tests.services import free_port, wait_for_port

KILLING_S = 15.0
ASKING = ["-m", "tests.drills.ask", "25", "--every", "0.4", "--two-frames-each", "3"]
ENDED = {"succeeded", "failed", "canceled", "unknown"}


def check_books(stack, sandbox) -> Counter:
    """What was paid, what is held and what is stored, by the provider's count and by ours."""
    keys = Counter(call["key"] for call in sandbox.calls())
    sent = stack.rows("SELECT key, edit_id, frame FROM editor_attempt WHERE sent_at IS NOT NULL")
    frame_of = {str(UUID(key)): (edit, frame) for key, edit, frame in sent}
    ours = {key: count for key, count in keys.items() if key in frame_of}
    assert max(ours.values(), default=0) <= 1, "an attempt was called twice"
    worked = {call["key"] for call in sandbox.calls() if call["worked"]}
    paid = Counter(frame_of[key] for key in ours if key in worked)
    assert max(paid.values(), default=0) <= 1, "a frame was bought twice"
    held = stack.rows("SELECT COALESCE(SUM(hold_microusd), 0) FROM editor_edit")[0][0]
    spent = stack.rows("SELECT COALESCE(SUM(spent_microusd), 0) FROM editor_ledgerentry")[0][0]
    assert stack.rows("SELECT held_microusd, spent_microusd FROM editor_budget") == [(held, spent)]
    check_files(stack)
    return Counter(stack.statuses())


def check_files(stack) -> None:
    """Each succeeded edit has all its results, and their files are what their names say."""
    results = Counter(row[0] for row in stack.rows("SELECT edit_id FROM editor_result"))
    pieces = Counter(row[0] for row in stack.rows("SELECT edit_id FROM editor_piece"))
    for edit, frames in stack.rows("SELECT id, frames FROM editor_edit WHERE status = 'succeeded'"):
        assert results[edit] == 1, f"edit {edit} succeeded with {results[edit]} results"
        assert pieces[edit] == len(json.loads(frames)), f"edit {edit} lacks a frame"
    files = stack.rows(
        "SELECT p.raw, p.raw_sha256 FROM editor_piece p"
        " UNION SELECT i.original, i.sha256 FROM editor_result r"
        " JOIN editor_image i ON i.id = r.image_id"
    )
    for name, digest in files:
        path = stack.data / "files" / name
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest, name


def test_random_kills_lose_nothing_and_pay_nothing_twice(stack, sandbox):
    seed = int(os.environ.get("DRILL_SEED") or random.randrange(10**6))
    print(f"DRILL_SEED={seed}")
    choose = random.Random(seed)
    asking = subprocess.Popen(
        [*MANAGE[:1], *ASKING],
        env={**stack.environment, "DJANGO_SETTINGS_MODULE": "editor.settings"},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    killed: Counter = Counter()
    ends = time.monotonic() + KILLING_S
    while time.monotonic() < ends:
        time.sleep(choose.uniform(0.7, 1.3))
        name = choose.choice(["worker", "worker", "sweeper", "web"])
        killed[name] += stack.kill(name) is not None
    assert asking.wait(60) == 0
    until(lambda: set(stack.statuses()) <= ENDED, 60, lambda: f"{stack.statuses()} {stack.logs()}")
    until(lambda: stack.health()[0] == 200, 60, lambda: str(stack.health()))
    print(f"killed {dict(killed)}, ended {dict(check_books(stack, sandbox))}")
    assert sum(killed.values()) >= 5
    assert len(stack.statuses()) >= 25


def test_a_worker_frozen_past_its_lease_pays_once_and_its_answer_is_kept(stack, sandbox):
    sandbox.fault("slow:3,ok")
    until(lambda: "worker" in stack.children(), 20)
    (edit,) = stack.ask(1)
    sent = "SELECT 1 FROM editor_attempt WHERE edit_id = ?"
    until(lambda: stack.rows(sent, edit), 30, stack.logs)
    worker = stack.children()["worker"]
    send(worker, signal.SIGSTOP)
    try:
        stack.wait_for("unknown", edit, within_s=30)
    finally:
        send(worker, signal.SIGCONT)
    stack.wait_for("succeeded", edit, within_s=30)
    assert stack.children()["worker"] == worker
    check_books(stack, sandbox)


def test_an_emptied_broker_delays_edits_and_loses_none(stack, sandbox):
    until(lambda: "worker" in stack.children(), 20)
    worker = stack.children()["worker"]
    send(worker, signal.SIGSTOP)
    try:
        edits = stack.ask(3)
        messages = list((stack.data / "broker" / "messages").iterdir())
        assert len(messages) >= len(edits)
        for message in messages:
            message.unlink()
    finally:
        send(worker, signal.SIGCONT)
    stack.wait_for("succeeded", *edits)
    check_books(stack, sandbox)


def test_a_web_process_that_dies_between_commit_and_hint_loses_no_edit(stack, sandbox):
    before = len(stack.statuses())
    done = stack.run_python("-m", "tests.drills.ask", 1, "--die-before-hint")
    assert done.returncode == 137
    (edit,) = (row[0] for row in stack.rows("SELECT MAX(id) FROM editor_edit"))
    assert len(stack.statuses()) == before + 1
    stack.rows("UPDATE editor_edit SET hinted_at = '2020-01-01' WHERE id = ?", edit)
    stack.wait_for("succeeded", edit, within_s=30)
    check_books(stack, sandbox)


@pytest.mark.parametrize("name", ["web", "worker", "sweeper"])
def test_a_part_that_is_killed_is_started_again(stack, name):
    until(lambda: name in stack.children(), 30)
    killed = stack.kill(name)
    until(lambda: stack.children().get(name) not in (None, killed), 30, stack.logs)
    until(lambda: stack.health()[0] == 200, 30, lambda: str(stack.health()))


@pytest.mark.parametrize("name", ["worker", "sweeper"])
def test_health_names_a_frozen_part(stack, name):
    until(lambda: name in stack.children(), 30)
    pid = stack.children()[name]
    other = stack.children()["sweeper"]  # it sends the canary that tells of the worker
    frozen = {pid, other}
    for one in frozen:
        send(one, signal.SIGSTOP)
    try:
        stack.rows("UPDATE editor_heartbeat SET at = '2020-01-01' WHERE name = ?", name)
        # The web server may itself be coming back from an earlier drill: it is asked until it answers.
        until(lambda: stack.health()[0] != 0, 30, stack.logs)
        status, parts = stack.health()
        assert status == 503
        assert not parts[name]["ok"]
        assert "not seen" in parts[name]["detail"]
        assert parts["database"]["ok"]
    finally:
        for one in frozen:
            send(one, signal.SIGCONT)
    if name == "worker":  # the next canary, which it runs by itself, may be half a minute away
        stack.rows("UPDATE editor_heartbeat SET at = datetime('now') WHERE name = ?", name)
    until(lambda: stack.health()[1].get(name, {}).get("ok"), 30, lambda: str(stack.health()))


def test_a_hung_broker_holds_up_nobody(make_stack, sandbox, tmp_path):
    port = free_port()
    redis = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
        stdout=subprocess.DEVNULL,
        cwd=tmp_path,
    )
    try:
        wait_for_port(port)
        stack = make_stack(
            BROKER_URL=f"redis://127.0.0.1:{port}/0",
            PROVIDER_BASE_URL=sandbox.base_url,
            PROVIDER_API_KEY=sandbox.key,
        )
        stack.start()
        visitor, picture, size = settled_visitor(stack)
        send(redis.pid, signal.SIGSTOP)
        took = []
        for _ in range(3):
            began = time.monotonic()
            assert visitor.ask(picture, size).url.split("/")[3] == "edits"
            took.append(time.monotonic() - began)
        assert max(took) < 3, took
        status, parts = stack.health()
        assert (status, parts["broker"]["ok"], parts["database"]["ok"]) == (503, False, True)
        # The sweeper goes on meanwhile: a lapsed lease is found without any broker.
        edit = stack.rows("SELECT MIN(id) FROM editor_edit WHERE status = 'queued'")[0][0]
        stack.rows(
            "UPDATE editor_edit SET status='running', token=?, lease_until='2020-01-01'"
            " WHERE id = ?",
            uuid4().hex,
            edit,
        )
        stack.wait_for("queued", edit, within_s=30)
        send(redis.pid, signal.SIGCONT)
        stack.wait_for("succeeded")
        check_books(stack, sandbox)
    finally:
        send(redis.pid, signal.SIGCONT)
        redis.terminate()
        redis.wait(10)


def settled_visitor(stack) -> tuple[Visitor, int, tuple[int, int]]:
    lines = (stack.data / "first-login.txt").read_text().splitlines()
    visitor = Visitor(stack.origin)
    assert visitor.sign_in(*(line.partition(": ")[2] for line in lines))
    picture = visitor.sample()
    size = stack.rows("SELECT width, height FROM editor_image WHERE id = ?", picture)[0]
    return visitor, picture, size


def test_one_worker_process_holds_64_calls_in_flight(make_stack, data: Path):
    import threading

    answer_now = threading.Event()
    with canned_provider() as canned:
        canned.usual = Answer(body=pictures(size=(256, 256)), hold=answer_now)
        settings = {
            "PROVIDER_BASE_URL": canned.base_url,
            "PROVIDER_API_KEY": "sk-test",
            "WORKER_THREADS": 64,
            "LEASE": 30,
        }
        stack = make_stack(**settings)  # its folder and settings only: the worker runs alone
        edits = stack.ask(64)
        worker = subprocess.Popen(
            [*MANAGE, "worker"],
            env=stack.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            until(lambda: canned.calls == 64, 60, lambda: f"{canned.calls} calls")
            assert set(stack.statuses(*edits)) == {"running"}
            assert stack.processes() == [worker.pid]
            answer_now.set()
            stack.wait_for("succeeded", *edits, within_s=90)
        finally:
            answer_now.set()
            worker.terminate()
            worker.wait(30)
        assert canned.calls == 64
        assert canned.most_calls_of_one_attempt() == 1


def test_a_web_server_without_anything_else_says_what_is_missing(data: Path):
    port, nothing = free_port(), free_port()
    settings = {
        "DATABASE_URL": f"postgres://maskroom@127.0.0.1:{nothing}/maskroom",
        "BROKER_URL": f"redis://127.0.0.1:{nothing}/0",
        "PROVIDER_BASE_URL": f"http://127.0.0.1:{nothing}/v1",
        "PROVIDER_API_KEY": "sk-test",
    }
    web = subprocess.Popen(
        [*MANAGE[:1], "-m", "gunicorn", "editor.wsgi", "--bind", f"127.0.0.1:{port}",
         "--worker-class", "gthread", "--threads", "4", "--no-control-socket", "--timeout", "120"],
        env=environment(data, **settings),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for_port(port, 30)
        answer = requests.get(f"http://127.0.0.1:{port}/healthz", timeout=30)
        assert answer.status_code == 503
        parts = answer.json()
        down = {name for name, part in parts.items() if name != "ok" and not part["ok"]}
        assert {"database", "broker", "provider", "worker", "sweeper"} <= down
        assert parts["storage"]["ok"]
        assert str(nothing) not in answer.text, "no addresses on a page for everybody"
    finally:
        web.terminate()
        web.wait(20)
