"""/healthz is 503 when any part is down, says which, and tells nothing else."""

import os
import shutil
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError, connection
from django.utils import timezone

from editor.jobs import health, leases
from editor.jobs.sweep import sweep
from editor.models import Edit, Heartbeat, Spending, Status
from tests.services import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture
def well(canned, settings, monkeypatch):
    """An installation in which every part works."""
    canned.files = {"/v1/models": []}
    settings.BROKER_URL = "filesystem://"
    settings.BROKER_DIR = settings.SPOOL_DIR.parent / "broker"
    (settings.BROKER_DIR / "messages").mkdir(parents=True)
    monkeypatch.setattr(health, "_provider_seen", None)
    for name in ("worker", "sweeper"):
        Heartbeat.beat(name, timezone.now())
    return settings


@contextmanager
def database_down():
    def refuse(execute, sql, params, many, context):
        raise OperationalError("down")

    with connection.execute_wrapper(refuse):
        yield


def seen(client):
    answer = client.get("/healthz")
    parts = answer.json()
    assert parts.pop("ok") == (answer.status_code == 200)
    return answer.status_code, {name for name, state in parts.items() if not state["ok"]}


def test_all_well_is_200(well, client):
    assert seen(client) == (200, set())


def test_each_part_that_is_down_is_named(well, client, monkeypatch):
    shutil.move(well.BROKER_DIR / "messages", well.BROKER_DIR / "away")
    assert seen(client) == (503, {"broker"})
    shutil.move(well.BROKER_DIR / "away", well.BROKER_DIR / "messages")
    well.BROKER_URL = f"redis://127.0.0.1:{free_port()}/0"
    assert seen(client) == (503, {"broker"})
    well.BROKER_URL = "filesystem://"
    monkeypatch.setattr(health, "_provider_seen", None)
    there, well.PROVIDER_BASE_URL = well.PROVIDER_BASE_URL, f"http://127.0.0.1:{free_port()}/v1"
    assert seen(client) == (503, {"provider"})
    well.PROVIDER_BASE_URL = there
    long_ago = timezone.now() - timedelta(minutes=5)
    for name in ("worker", "sweeper"):
        Heartbeat.objects.filter(name=name).update(at=long_ago)
        assert seen(client) == (503, {name})
        Heartbeat.beat(name, timezone.now())
    assert seen(client) == (200, set())


def test_a_folder_for_files_that_has_gone_is_storage_down(well, client):
    shutil.rmtree(default_storage.location)
    assert seen(client) == (503, {"storage"})


def test_without_its_database_everything_that_is_kept_there_is_down_at_once(well, client):
    with database_down():
        status, down = seen(client)
    assert status == 503
    assert down == {"database", "worker", "sweeper", "spending"}


def test_stopped_spending_is_told_and_is_no_fault(well, client, adam):
    Spending.switch(stopped=True, by=adam)
    assert seen(client) == (200, {"spending"})


def test_nothing_secret_is_told(well, client):
    well.BROKER_URL = f"redis://:hush@127.0.0.1:{free_port()}/0"
    text = client.get("/healthz").content.decode()
    assert "hush" not in text
    assert "127.0.0.1" not in text
    assert well.PROVIDER_API_KEY not in text
    assert os.fspath(well.DATA_DIR) not in text


def test_a_sweeper_that_stores_is_not_taken_for_a_worker(photo, make_edit):
    token = uuid4()
    make_edit(photo, status=Status.STORING, token=token, lease_until=timezone.now())
    with leases.held(token):
        leases.renew()
    assert Heartbeat.last("worker") is None


def test_an_edit_that_cannot_be_put_right_does_not_keep_the_others_from_it(photo, make_edit):
    past = timezone.now() - timedelta(minutes=1)
    broken = make_edit(photo, status=Status.RUNNING, token=None, lease_until=past)
    sound = make_edit(photo, status=Status.RUNNING, token=uuid4(), lease_until=past)
    assert sweep(timezone.now(), hint=lambda _pk: True).requeued == 1
    assert Edit.objects.get(pk=sound.pk).status == Status.QUEUED
    assert Edit.objects.get(pk=broken.pk).status == Status.RUNNING
