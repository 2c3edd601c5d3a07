"""The process dies at each named point. Afterwards: the right status, no second call, nothing lost."""

import os
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from editor.jobs import crashing
from editor.jobs.run import run
from editor.jobs.store import store
from editor.jobs.sweep import sweep
from editor.models import Budget, Edit, LedgerEntry, Status

pytestmark = pytest.mark.django_db(transaction=True)

# point -> status after the sweeper, calls to the provider in the end
EXPECTED = {
    "after-claim": (Status.SUCCEEDED, 1),
    "before-intent": (Status.SUCCEEDED, 1),
    "after-intent": (Status.UNKNOWN, 0),
    "before-body": (Status.UNKNOWN, 0),
    "after-spool": (Status.SUCCEEDED, 1),
    "after-answered": (Status.SUCCEEDED, 1),
    "after-fetch": (Status.SUCCEEDED, 1),
    "after-raw": (Status.SUCCEEDED, 1),
    "after-result": (Status.SUCCEEDED, 1),
    "before-settle": (Status.SUCCEEDED, 1),
    "after-settle": (Status.SUCCEEDED, 1),
}


def in_a_process_that_dies_at(point, act):
    """Run `act` in a forked process; its exit code."""
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()
    child = os.fork()
    if child == 0:
        os.environ["CRASH_AT"] = point
        try:
            act()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def recover(edit):
    """What a sweeper and a worker do once the leases have lapsed."""
    Edit.objects.filter(pk=edit.pk, lease_until__isnull=False).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )
    for pk in sweep(timezone.now(), hint=run).to_store:
        store(pk)
    edit.refresh_from_db()


def test_every_named_point_is_tested():
    assert set(EXPECTED) == set(crashing.POINTS)


@pytest.mark.parametrize("point", crashing.POINTS)
def test_a_worker_killed_at_a_point_loses_nothing_and_pays_nothing_twice(
    canned, photo, make_edit, point
):
    status, calls = EXPECTED[point]
    edit = make_edit(photo, hinted_at=None)
    assert in_a_process_that_dies_at(point, lambda: run(edit.pk)) == 137
    recover(edit)
    assert edit.status == status
    assert canned.calls == calls
    if status == Status.SUCCEEDED:
        assert edit.results.count() == 1
        assert list(LedgerEntry.objects.order_by("id").values_list("kind", flat=True)) == [
            "hold",
            "settle",
        ]
        assert Budget.objects.get().held_microusd == 0
    else:
        assert edit.hold_microusd == Budget.objects.get().held_microusd > 0


@pytest.mark.parametrize("point", ["after-raw", "after-result", "before-settle"])
def test_a_store_killed_again_while_it_stores_again_still_ends_well(
    canned, photo, make_edit, point
):
    edit = make_edit(photo, hinted_at=None)
    in_a_process_that_dies_at("after-answered", lambda: run(edit.pk))
    Edit.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert in_a_process_that_dies_at(point, lambda: store(edit.pk)) == 137
    recover(edit)
    assert edit.status == Status.SUCCEEDED
    assert edit.results.count() == 1
    assert canned.calls == 1


def test_two_sweepers_at_once_do_no_more_than_one(canned, photo, make_edit):
    edit = make_edit(photo, hinted_at=None)
    in_a_process_that_dies_at("after-claim", lambda: run(edit.pk))
    Edit.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    now = timezone.now()
    first, second = sweep(now, hint=run), sweep(now, hint=run)
    assert (first.requeued, second.requeued) == (1, 0)
    edit.refresh_from_db()
    assert edit.status == Status.SUCCEEDED
    assert canned.calls == 1
