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
from tests.canned_provider import Answer, error, pictures
from tests.jobs.several import in_two_frames

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
# of an edit of two frames: the point (@2: in the second), status after all, calls, results
EXPECTED_OF_TWO = {
    "after-claim": (Status.SUCCEEDED, 2),
    "before-intent": (Status.SUCCEEDED, 2),
    "after-intent": (Status.UNKNOWN, 0),
    "before-body": (Status.UNKNOWN, 0),
    "after-spool": (Status.SUCCEEDED, 2),
    "after-answered": (Status.SUCCEEDED, 2),
    "after-fetch": (Status.SUCCEEDED, 2),
    "after-raw": (Status.SUCCEEDED, 2),
    "before-next": (Status.SUCCEEDED, 2),
    "after-next": (Status.SUCCEEDED, 2),
    "after-result": (Status.SUCCEEDED, 2),
    "before-settle": (Status.SUCCEEDED, 2),
    "after-settle": (Status.SUCCEEDED, 2),
    "after-claim@2": (Status.SUCCEEDED, 2),
    "before-intent@2": (Status.SUCCEEDED, 2),
    "after-intent@2": (Status.UNKNOWN, 1),
    "before-body@2": (Status.UNKNOWN, 1),
    "after-spool@2": (Status.SUCCEEDED, 2),
    "after-answered@2": (Status.SUCCEEDED, 2),
    "after-fetch@2": (Status.SUCCEEDED, 2),
    "after-raw@2": (Status.SUCCEEDED, 2),
    "before-next@2": (Status.SUCCEEDED, 2),
    "after-next@2": (Status.SUCCEEDED, 2),
}
WHERE_IT_ENDS_EARLY = ("after-end", "after-fetch", "after-result", "before-settle", "after-settle")


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


def carry(edit):
    """What a sweeper and workers do until nothing is left to do."""
    for _ in range(6):
        Edit.objects.filter(status=Status.QUEUED).update(hinted_at=None)
        recover(edit)
        if edit.is_finished or edit.status == Status.UNKNOWN:
            return
    raise AssertionError(f"still {edit.status}")


def test_every_named_point_is_tested():
    of_two = {point.partition("@")[0] for point in EXPECTED_OF_TWO} | set(WHERE_IT_ENDS_EARLY)
    assert of_two == set(crashing.POINTS)
    assert set(EXPECTED) == of_two - {"before-next", "after-next", "after-end"}


@pytest.mark.parametrize("point", EXPECTED)
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


def run_all(edit):
    while run(edit.pk):
        pass


@pytest.mark.parametrize("point", EXPECTED_OF_TWO)
def test_a_worker_killed_between_or_within_two_frames_sends_each_once(
    canned, photo, make_edit, point
):
    status, calls = EXPECTED_OF_TWO[point]
    edit = in_two_frames(make_edit, photo, hinted_at=None)
    assert in_a_process_that_dies_at(point, lambda: run_all(edit)) == 137
    carry(edit)
    assert edit.status == status
    assert canned.calls == calls
    assert canned.most_calls_of_one_attempt() <= 1
    budget = Budget.objects.get()
    assert budget.held_microusd == edit.hold_microusd
    assert budget.spent_microusd == sum(
        edit.attempts.filter(outcome="succeeded").values_list("cost_microusd", flat=True)
    )
    if status == Status.SUCCEEDED:
        assert edit.hold_microusd == 0
        assert list(edit.results.get().pieces.values_list("frame", flat=True)) == [0, 1]
        assert list(LedgerEntry.objects.order_by("id").values_list("kind", flat=True)) == [
            "hold", "settle", "settle",
        ]  # fmt: skip
    else:
        assert edit.hold_microusd > 0
        assert edit.pieces.count() == calls
        assert not edit.results.exists()


@pytest.mark.parametrize("point", WHERE_IT_ENDS_EARLY)
def test_killed_while_what_came_is_put_together_it_is_put_together_later(
    canned, photo, make_edit, point
):
    canned.script = [Answer(body=pictures()), Answer(400, error("moderation_blocked", "No signs."))]
    edit = in_two_frames(make_edit, photo, hinted_at=None)
    run(edit.pk)
    assert in_a_process_that_dies_at(point, lambda: run(edit.pk)) == 137
    carry(edit)
    assert (edit.status, edit.trouble, edit.trouble_text) == (
        Status.SUCCEEDED, "frames_missing", "No signs.",
    )  # fmt: skip
    assert edit.results.count() == 1
    assert canned.calls == 2
    assert (edit.hold_microusd, Budget.objects.get().held_microusd) == (0, 0)


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
