"""`manage.py work`, `sweep --once`, `alive` and `first_admin`."""

import io
import os
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from editor.jobs import drain as draining
from editor.models import Edit, Heartbeat, Link, Person, Role, Status
from tests.canned_provider import Answer, error
from tests.services import free_port

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.django_db(transaction=True)


def said(command, *arguments, **options):
    out = io.StringIO()
    call_command(command, *arguments, stdout=out, **options)
    return out.getvalue()


@pytest.fixture(autouse=True)
def not_stopping():
    draining.stopping.clear()


def test_work_ends_everything_that_is_due_with_no_broker_at_all(canned, photo, make_edit, settings):
    settings.BROKER_URL = f"redis://127.0.0.1:{free_port()}/0"
    edits = [make_edit(photo) for _ in range(5)]
    assert said("work", threads=3) == "5 done\n"
    assert {edit.status for edit in Edit.objects.all()} == {Status.SUCCEEDED}
    assert canned.calls == len(edits)
    assert canned.most_calls_of_one_attempt() == 1


def test_work_leaves_what_has_to_wait(canned, photo, make_edit):
    canned.script = [Answer(429, error("rate_limit_exceeded"), {"retry-after": "60"})]
    edit = make_edit(photo)
    assert said("work", threads=2) == "1 done\n"
    edit.refresh_from_db()
    assert edit.status == Status.QUEUED
    assert said("work", threads=2) == "0 done\n"
    assert canned.calls == 1


def test_work_takes_up_what_a_dead_worker_left(canned, photo, make_edit):
    past = timezone.now() - timedelta(minutes=1)
    edit = make_edit(photo, status=Status.RUNNING, token=uuid4(), lease_until=past)
    assert said("work", threads=2) == "1 done\n"
    edit.refresh_from_db()
    assert edit.status == Status.SUCCEEDED


def test_sweep_once_puts_things_right_and_leaves(canned, photo, make_edit):
    past = timezone.now() - timedelta(minutes=1)
    edit = make_edit(photo, status=Status.RUNNING, token=uuid4(), lease_until=past)
    assert "requeued=1" in said("sweep", once=True)
    edit.refresh_from_db()
    assert edit.status == Status.QUEUED
    assert "requeued=0" in said("sweep", once=True)
    assert canned.calls == 0
    assert Heartbeat.last("sweeper") is not None


@pytest.mark.parametrize("name", ["worker", "sweeper"])
def test_alive_tells_by_its_exit_who_has_been_at_work_lately(name):
    with pytest.raises(CommandError, match=f"{name} has not been seen yet"):
        call_command("alive", name)
    Heartbeat.beat(name, timezone.now())
    call_command("alive", name)
    Heartbeat.objects.update(at=timezone.now() - timedelta(seconds=91))
    with pytest.raises(CommandError, match="not seen for 91 s"):
        call_command("alive", name)


def test_the_first_administrator_is_made_once_and_can_sign_in(client, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    out = said("first_admin")
    admin = Person.objects.get()
    assert admin.role == Role.ADMIN
    path = tmp_path / "first-login.txt"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    name, password = (line.partition(": ")[2] for line in path.read_text().splitlines())
    assert path.read_text() == f"username: {name}\npassword: {password}\n"
    assert out.startswith(path.read_text())
    assert admin.check_password(password)
    link = out.split("sign in once at: ")[1].strip()
    assert client.post(link).status_code == 302
    assert client.session["_auth_user_id"] == str(admin.pk)
    with pytest.raises(CommandError, match="people already"):
        call_command("first_admin")
    assert Person.objects.count() == Link.objects.count() == 1


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PROVIDER_STRIP", "colour", "no parameters that could be left out"),
        ("PROVIDER_EDITS_AS", "xml", "PROVIDER_EDITS_AS must be multipart or json"),
        ("PROVIDER_DEPLOYMENTS", "pictures", "PROVIDER_DEPLOYMENTS must be written as"),
        ("CATALOGUE_FILE", "/nowhere/models.toml", "/nowhere/models.toml cannot be read"),
    ],
)
def test_a_provider_or_catalogue_that_cannot_work_stops_the_start(tmp_path, variable, value, said):
    environment = {**os.environ, "DATA_DIR": str(tmp_path), variable: value}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
