import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from django.core.management import CommandError, call_command

from editor.sandbox.server import Options, options_from, running, serving
from tests.sandbox.asking import ask_small
from tests.sandbox_server import ROOT, sandbox_process


def test_a_sandbox_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    with sandbox_process(tmp_path, SANDBOX_FAULT="500,ok", SANDBOX_KEY="k") as sandbox:
        assert [ask_small(sandbox).status_code for _ in range(2)] == [500, 200]
        assert len(sandbox.calls()) == 2


def test_a_sandbox_serves_within_this_process() -> None:
    with serving(key="k") as base_url:
        headers = {"Authorization": "Bearer k"}
        listed = requests.get(f"{base_url}/models", headers=headers, timeout=5)
    assert len(listed.json()["data"]) == 10
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{base_url}/models", timeout=2)


def test_the_options_come_from_the_environment(tmp_path: Path) -> None:
    given = {
        "SANDBOX_KEY": "k",
        "SANDBOX_URL_TTL": "2.5",
        "SANDBOX_DRIFT": "strong",
        "SANDBOX_FAULT": "500",
        "SANDBOX_DELAY": "1",
        "SANDBOX_DIR": str(tmp_path),
    }
    assert options_from(given) == Options("k", 2.5, "strong", "500", 1.0, tmp_path)
    assert options_from({}) == Options("sandbox", 3600.0, "mild", "", 0.0, None)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SANDBOX_DRIFT", "wild", "SANDBOX_DRIFT must be off, mild or strong, not 'wild'."),
        ("SANDBOX_DELAY", "soon", "SANDBOX_DELAY must be a number of seconds, not 'soon'."),
        ("SANDBOX_URL_TTL", "-1", "SANDBOX_URL_TTL must be a number of seconds, not '-1'."),
        ("SANDBOX_URL_TTL", "nan", "SANDBOX_URL_TTL must be a number of seconds, not 'nan'."),
        ("SANDBOX_FAULT", "oops", "'oops' is not a fault"),
    ],
)
def test_a_wrong_variable_is_told_in_a_sentence(name: str, value: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        options_from({name: value})


def test_the_process_says_the_sentence_and_nothing_else(tmp_path: Path) -> None:
    started = subprocess.run(
        [sys.executable, "-m", "editor.sandbox", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "SANDBOX_DRIFT": "wild"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert started.returncode == 1
    told = "The sandbox cannot start: SANDBOX_DRIFT must be off, mild or strong, not 'wild'.\n"
    assert started.stderr == told


def test_a_taken_port_stops_the_command_with_a_sentence(tmp_path: Path) -> None:
    with running(options=Options(directory=tmp_path)) as server:
        with pytest.raises(CommandError, match=r"cannot start: .*in use"):
            call_command("sandbox", port=server.server_port)


def test_the_modules_import_no_django() -> None:
    code = "import sys, editor.sandbox.server, editor.images_api.client; print('django' in sys.modules)"
    environment = {key: value for key, value in os.environ.items() if "DJANGO" not in key}
    out = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert out.stdout == "False\n"
