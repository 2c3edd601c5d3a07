import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.management import CommandError, call_command

from editor.sandbox.rates import Rate
from editor.sandbox.server import VARIABLES, Options, options_from, running, serving
from tests.sandbox.asking import ask_small
from tests.sandbox_server import ROOT, running_sandbox, sandbox_process


def test_a_sandbox_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    with sandbox_process(tmp_path, SANDBOX_FAULT="500,ok", SANDBOX_KEY="k") as sandbox:
        assert [ask_small(sandbox).status_code for _ in range(2)] == [500, 200]
        assert len(sandbox.calls()) == 2


def test_a_sandbox_serves_within_this_process() -> None:
    with serving(key="k") as base_url:
        headers = {"Authorization": "Bearer k"}
        listed = requests.get(f"{base_url}/models", headers=headers, timeout=5)
    assert "gpt-image-2" in [model["id"] for model in listed.json()["data"]]
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
        "SANDBOX_KEEP_ALIVE": "0.5",
        "SANDBOX_RATE": "5/minute",
        "SANDBOX_RETIRED": "refuse",
        "CATALOGUE_FILE": str(tmp_path / "more.toml"),
    }
    assert options_from(given) == Options(
        key="k",
        url_ttl=2.5,
        drift="strong",
        fault="500",
        delay=1.0,
        directory=tmp_path,
        keep_alive=0.5,
        rate=Rate(5, 60.0),
        refuses_retired=True,
        catalogue=tmp_path / "more.toml",
    )
    assert options_from({}) == Options("sandbox", 3600.0, "mild", "", 0.0, None, 5.0)


def test_every_variable_that_is_read_is_told_about(tmp_path: Path) -> None:
    read: set[str] = set()

    class Noting(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            read.add(name)
            return default

    options_from(Noting())
    assert read == {line.split()[0] for line in VARIABLES.splitlines()}


def test_models_of_the_operators_own_are_served(tmp_path: Path) -> None:
    more = tmp_path / "more.toml"
    more.write_text(
        '[[model]]\nid = "home-made"\nname = "Home-made"\nfamily = "gpt-image"\n'
        'tokens = "patches"\nrates = "two"\n'
    )
    with running_sandbox(tmp_path, CATALOGUE_FILE=more) as sandbox:
        answer = ask_small(sandbox, model="home-made", size="1024x1024")
        assert answer.json()["size"] == "1024x1024"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SANDBOX_DRIFT", "wild", "SANDBOX_DRIFT must be off, mild or strong, not 'wild'."),
        ("SANDBOX_DELAY", "soon", "SANDBOX_DELAY must be a number of seconds, not 'soon'."),
        ("SANDBOX_URL_TTL", "-1", "SANDBOX_URL_TTL must be a number of seconds, not '-1'."),
        ("SANDBOX_URL_TTL", "nan", "SANDBOX_URL_TTL must be a number of seconds, not 'nan'."),
        ("SANDBOX_FAULT", "oops", "'oops' is not a fault"),
        ("SANDBOX_RETIRED", "maybe", "SANDBOX_RETIRED must be serve or refuse, not 'maybe'."),
        ("SANDBOX_RATE", "often", "SANDBOX_RATE: A rate is written like 5/minute, 1/second"),
        ("SANDBOX_RATE", "0/minute", "SANDBOX_RATE: A rate is written like"),
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


def test_the_help_tells_the_variables_and_what_is_understood(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        call_command("sandbox", "--help")
    told = capsys.readouterr().out
    assert VARIABLES.splitlines()[0] in told
    for word in ("SANDBOX_RATE", "CATALOGUE_FILE", "remove", "pixelate", "/v1/images/edits"):
        assert word in told
    assert "other" not in told.split("understands:")[1].split("(")[0]


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
