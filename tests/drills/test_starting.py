"""Starting, being refused to start, stopping, and starting again."""

import re
import signal
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from tests.drills.stack import MANAGE, environment, until
from tests.drills.visiting import Visitor
from tests.services import free_port


def refused(data: Path, **settings: object) -> str:
    """What `manage.py start` says when it does not start: one line, and no traceback."""
    done = subprocess.run(
        [*MANAGE, "start"],
        env=environment(data, **{"PORT": free_port(), **settings}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    said = (done.stdout + done.stderr).strip()
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1, said
    return said


def test_a_taken_port_is_named_in_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port} is taken" in refused(tmp_path / "data", PORT=port)
    assert not (tmp_path / "data" / "first-login.txt").exists()


def test_a_data_folder_that_takes_no_file_is_named_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    said = refused(tmp_path / "file" / "data")
    assert "DATA_DIR" in said
    assert "can't be written" in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("LEASE", "-1"),
        ("DATABASE_URL", "mysql://somewhere/db"),
        ("BROKER_URL", "nonsense"),
        ("STORAGE_URL", "ftp://somewhere"),
        ("PROVIDER_BASE_URL", "api.example.org"),
        ("MONTHLY_BUDGET_USD", "a lot"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_variable_is_named_in_one_sentence(tmp_path, name, value):
    assert name in refused(tmp_path / "data", **{name: value})


def test_a_database_that_is_not_there_is_said_in_one_sentence(tmp_path):
    url = f"postgres://maskroom@127.0.0.1:{free_port()}/maskroom"
    assert "database can't be used" in refused(tmp_path / "data", DATABASE_URL=url)


def test_the_first_start_says_how_to_sign_in_and_keeps_it_for_its_owner_alone(shared):
    path = shared.data / "first-login.txt"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lines = path.read_text().splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["username", "password"]
    said = shared.said()
    name, password = (line.partition(": ")[2] for line in lines)
    assert said.count(password) == 1
    assert f"username {name}, password {password}" in said
    assert f"Maskroom is ready: {shared.origin}" in said
    assert Visitor(shared.origin).sign_in(name, password)


def test_the_printed_link_signs_in_once(shared):
    link = re.search(r"Sign in once by this link: (\S+)", shared.said())[1]
    assert Visitor(shared.origin).enter(link)
    assert not Visitor(shared.origin).enter(link)


def test_ctrl_c_leaves_no_process_and_a_second_start_keeps_all_data(make_stack, data):
    stack = make_stack()
    assert "password" not in stack.start(), "the first administrator is there already"
    assert set(stack.children()) == {"web", "worker", "sweeper", "sandbox"}
    edits = stack.ask(2)
    stack.wait_for("succeeded", *edits)
    before = stack.rows(
        "SELECT r.id, r.image_id, p.raw_sha256 FROM editor_result r JOIN editor_piece p ON p.result_id = r.id ORDER BY r.id"
    )
    assert len(before) == 2
    assert stack.stop(signal.SIGINT) == 0
    until(lambda: not stack.processes(), 15, lambda: str(stack.processes()))
    assert "Traceback" not in stack.said()
    stack.start()
    assert (
        stack.rows(
            "SELECT r.id, r.image_id, p.raw_sha256 FROM editor_result r JOIN editor_piece p ON p.result_id = r.id ORDER BY r.id"
        )
        == before
    )
    lines = (data / "first-login.txt").read_text().splitlines()
    assert Visitor(stack.origin).sign_in(*(line.partition(": ")[2] for line in lines))
    assert stack.stop(signal.SIGTERM) == 0
    until(lambda: not stack.processes(), 15, lambda: str(stack.processes()))


def test_ctrl_c_before_it_is_ready_ends_without_a_traceback(make_stack):
    stack = make_stack()
    stack.launch()
    until(stack.children, 60)
    stack.stop(signal.SIGINT)
    until(lambda: not stack.processes(), 15, lambda: str(stack.processes()))
    assert "Traceback" not in stack.said()
