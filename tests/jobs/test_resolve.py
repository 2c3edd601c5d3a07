import threading

import pytest
from django.db import connection

from editor.jobs.resolve import accept_loss, buy_again, cancel
from editor.jobs.run import run
from editor.models import AuditEntry, Budget, Edit, LedgerEntry, OverBudget, Status
from tests.canned_provider import Answer, error

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def unknown(canned, photo, make_edit):
    canned.script = [Answer(500, error("server_error"))]
    edit = make_edit(photo)
    run(edit.pk)
    edit.refresh_from_db()
    assert edit.status == Status.UNKNOWN
    return edit


def test_canceled_while_queued_is_free_and_never_sent(canned, photo, make_edit, alice):
    edit = make_edit(photo)
    assert cancel(edit, by=alice) == "canceled"
    assert not run(edit.pk)
    edit.refresh_from_db()
    assert (edit.status, edit.hold_microusd) == (Status.CANCELED, 0)
    assert Budget.objects.get().held_microusd == 0
    assert canned.calls == 0


def test_canceling_what_is_finished_says_so(canned, photo, make_edit, alice):
    edit = make_edit(photo)
    run(edit.pk)
    assert cancel(edit, by=alice) == "finished"
    edit.refresh_from_db()
    assert edit.status == Status.SUCCEEDED


def test_canceling_an_unknown_one_asks_for_another_decision(unknown, alice):
    assert cancel(unknown, by=alice) == "unknown"
    unknown.refresh_from_db()
    assert unknown.status == Status.UNKNOWN


def test_canceled_during_a_rate_limit_wait_is_not_sent_again(canned, photo, make_edit, alice):
    canned.script = [Answer(429, error("rate_limit_exceeded"))]
    edit = make_edit(photo)
    run(edit.pk)
    assert cancel(edit, by=alice) == "canceled"
    edit.refresh_from_db()
    assert edit.status == Status.CANCELED
    assert canned.calls == 1


def test_an_accepted_loss_counts_as_spent_and_says_who(unknown, alice):
    held = unknown.hold_microusd
    assert accept_loss(unknown, by=alice)
    unknown.refresh_from_db()
    assert (unknown.status, unknown.hold_microusd) == (Status.FAILED, 0)
    budget = Budget.objects.get()
    assert (budget.held_microusd, budget.spent_microusd) == (0, held)
    assert AuditEntry.objects.get(act="loss accepted").actor == alice


def test_bought_again_is_a_new_attempt_with_a_hold_of_its_own(canned, unknown, alice):
    held = unknown.hold_microusd
    assert buy_again(unknown, by=alice, because="needed today")
    budget = Budget.objects.get()
    assert (budget.held_microusd, budget.spent_microusd) == (held, held)
    assert run(unknown.pk)
    unknown.refresh_from_db()
    assert unknown.status == Status.SUCCEEDED
    first, second = unknown.attempts.order_by("number")
    assert first.outcome == "unknown"
    assert (second.outcome, second.bought_by, second.bought_because) == (
        "succeeded",
        alice,
        "needed today",
    )
    assert canned.calls == 2
    assert canned.most_calls_of_one_attempt() == 1


def test_buying_again_over_budget_changes_nothing(unknown, alice, settings):
    settings.MONTHLY_BUDGET_MICROUSD = unknown.hold_microusd
    with pytest.raises(OverBudget):
        buy_again(unknown, by=alice)
    unknown.refresh_from_db()
    assert unknown.status == Status.UNKNOWN
    assert unknown.hold_microusd > 0
    assert LedgerEntry.objects.count() == 1


def test_of_two_who_resolve_at_once_one_wins(unknown, alice, adam):
    wins = []

    def resolve(act, by):
        try:
            wins.append(act(Edit.objects.get(pk=unknown.pk), by=by))
        finally:
            connection.close()

    threads = [
        threading.Thread(target=resolve, args=pair)
        for pair in ((accept_loss, alice), (buy_again, adam))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(wins) == [False, True]
    assert LedgerEntry.objects.filter(kind="settle").count() == 1
