import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from editor.imaging.decoders import Nursery
from editor.imaging.refusals import Limits
from tests.drawing import photo_png

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def order(tmp_path):
    picture = tmp_path / "picture.png"
    picture.write_bytes(photo_png((320, 200)))
    paths = {"path": str(picture), "target": str(tmp_path / "pixels")}
    return {"act": "pixels", **paths, "limits": asdict(Limits())}


def nurseries_of(pid: int) -> set[int]:
    said = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True
    )
    return {int(line.split()[0]) for line in said.stdout.splitlines() if "imaging.child" in line}


def wait_until_gone(pid: int, seconds: float = 5) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True
        ).stdout
        if not state.strip() or state.strip().startswith("Z"):
            return True
        time.sleep(0.05)
    return False


def test_many_at_once_each_get_their_own_answer(order, tmp_path):
    nursery, widths = Nursery(), range(20, 60, 5)
    told: dict[int, bytes] = {}

    def decode(width: int) -> None:
        picture = tmp_path / f"{width}.png"
        picture.write_bytes(photo_png((width, 10)))
        mine = {**order, "path": str(picture), "target": str(tmp_path / f"{width}.pixels")}
        told[width] = nursery.run(mine, seconds=20).stdout

    threads = [threading.Thread(target=decode, args=(width,)) for width in widths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {width: f"[{width}, 10]".encode() in told[width] for width in widths} == dict.fromkeys(
        widths, True
    )


def test_a_decoder_that_takes_too_long_is_killed_and_the_next_one_works(order, tmp_path):
    os.mkfifo(tmp_path / "silent")  # opening it waits for ever
    nursery = Nursery()
    began = time.monotonic()
    stuck = nursery.run({**order, "path": str(tmp_path / "silent")}, seconds=0.5)
    assert stuck.returncode == -signal.SIGKILL
    assert time.monotonic() - began < 10
    assert nursery.run(order, seconds=20).returncode == 0


def test_a_nursery_that_was_killed_is_started_again(order):
    before = nurseries_of(os.getpid())
    nursery = Nursery()
    assert nursery.run(order, seconds=20).returncode == 0
    (mine,) = nurseries_of(os.getpid()) - before
    os.kill(mine, signal.SIGKILL)
    assert wait_until_gone(mine)
    assert nursery.run(order, seconds=20).returncode == 0


def test_a_nursery_leaves_when_its_owner_is_killed(order, tmp_path):
    script = (
        "import sys, json, time\n"
        "from editor.imaging.decoders import Nursery\n"
        "Nursery().run(json.loads(sys.argv[1]), seconds=20); print('ready', flush=True); time.sleep(60)"
    )

    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            script.replace("Nursery().run", "nursery = Nursery(); nursery.run"),
            json.dumps(order),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert owner.stdout
    assert owner.stdout.readline() == b"ready\n"
    (nursery,) = nurseries_of(owner.pid)
    owner.kill()
    owner.wait(10)
    assert wait_until_gone(nursery)
