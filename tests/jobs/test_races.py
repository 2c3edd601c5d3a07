"""What happens between two statements of one act: a second process gets in between, and nothing is lost."""

import json
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from editor.images_api.errors import ProviderUnavailable
from editor.images_api.messages import AnswerMeta
from editor.jobs import leases, outcome, spool
from editor.jobs.prepare import prepare
from editor.jobs.resolve import buy_again, cancel
from editor.jobs.run import keep_answer, record_intent, run
from editor.jobs.store import store, store_held
from editor.jobs.sweep import sweep
from editor.models import Budget, Edit, Status
from editor.storage import DurableStorage
from tests.canned_provider import Answer, error, pictures

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def before_statement(number, starting_with, act):
    """Do `act` once, right before the `number`th statement that starts so."""
    seen = 0

    def watch(execute, sql, params, many, context):
        nonlocal seen
        seen += sql.startswith(starting_with)
        if seen == number:
            seen = number + 1
            act()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield


def claimed(edit):
    token = uuid4()
    assert Edit.objects.claim(edit.pk, token=token, now=timezone.now(), lease=leases.length())
    edit.refresh_from_db()
    return token


def sent(edit):
    token = claimed(edit)
    return token, record_intent(edit, prepare(edit), token)


def answered(edit, body=None):
    """As far as an answer in the spool and `storing`: the token that holds it, and the attempt."""
    token, attempt = sent(edit)
    path, body = spool.answer(attempt.key), body or pictures()
    meta = AnswerMeta(200, {}, timezone.now(), len(body))
    path.with_name(f"{path.name}.json").write_text(json.dumps(meta.to_dict()))
    path.write_bytes(body)
    assert keep_answer(edit, attempt, meta, token=token)
    return token, attempt


def lapse(edit):
    Edit.objects.filter(pk=edit.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_canceled_while_it_goes_back_to_the_queue_is_canceled_all_the_same(photo, make_edit, alice):
    edit = make_edit(photo)
    token, attempt = sent(edit)
    busy = ProviderUnavailable("Busy.", code="rate_limit_exceeded", status=429)

    def back_to_the_queue():
        assert outcome.wait(Edit.objects.get(pk=edit.pk), attempt, busy, token=token)

    # The first UPDATE looks for what is unsent, the second for what is sent.
    with before_statement(2, 'UPDATE "editor_edit"', back_to_the_queue):
        assert cancel(edit, by=alice) == "canceled"
    edit.refresh_from_db()
    assert edit.status == Status.CANCELED
    assert Budget.objects.get().held_microusd == 0


def test_canceled_while_it_is_claimed_again_never_leaves_it_waiting_for_ever(
    photo, make_edit, alice
):
    edit = make_edit(photo)
    token, attempt = sent(edit)
    busy = ProviderUnavailable("Busy.", code="rate_limit_exceeded", status=429)

    def claimed_again():
        assert outcome.wait(Edit.objects.get(pk=edit.pk), attempt, busy, token=token)
        Edit.objects.filter(pk=edit.pk).update(not_before=timezone.now())
        claimed(edit)

    with before_statement(2, 'UPDATE "editor_edit"', claimed_again):
        assert cancel(edit, by=alice) == "canceled"
    edit.refresh_from_db()
    assert (edit.status, edit.hold_microusd) == (Status.CANCELED, 0)


def test_canceled_after_it_was_sent_and_refused_a_place_costs_nothing(
    canned, photo, make_edit, alice
):
    canned.script = [Answer(429, error("rate_limit_exceeded"))]
    edit = make_edit(photo)
    token, attempt = sent(edit)
    assert cancel(edit, by=alice) == "will_be_kept"
    busy = ProviderUnavailable("Busy.", code="rate_limit_exceeded", status=429)
    assert outcome.conclude(edit, attempt, busy, token=token)
    edit.refresh_from_db()
    assert (edit.status, edit.cost_microusd) == (Status.CANCELED, 0)


def test_an_answer_whose_description_is_damaged_leaves_the_edit_unknown(photo, make_edit):
    edit = make_edit(photo)
    _token, attempt = sent(edit)
    spool.answer(attempt.key).write_bytes(pictures())
    lapse(edit)
    assert sweep(timezone.now()).unknown == 1
    edit.refresh_from_db()
    assert edit.status == Status.UNKNOWN


def test_a_late_answer_of_an_attempt_that_was_bought_again_is_not_taken_for_the_new_one(
    canned, photo, make_edit, alice
):
    edit = make_edit(photo)
    _token, first = sent(edit)
    lapse(edit)
    assert sweep(timezone.now()).unknown == 1
    body = pictures()
    path = spool.answer(first.key)
    meta = AnswerMeta(200, {}, timezone.now(), len(body))
    path.with_name(f"{path.name}.json").write_text(json.dumps(meta.to_dict()))
    path.write_bytes(body)

    def bought_again_and_unknown_again():
        assert buy_again(Edit.objects.get(pk=edit.pk), by=alice)
        canned.script = [Answer(500, error("server_error"))]
        run(edit.pk)

    # The sweeper has read the first attempt, and is about to take its answer.
    with before_statement(1, 'UPDATE "editor_edit"', bought_again_and_unknown_again):
        assert sweep(timezone.now()).adopted == 0
    edit.refresh_from_db()
    assert (edit.status, edit.trouble) == (Status.UNKNOWN, "server_error")
    assert edit.present_attempt().number == 2


def test_a_process_that_lost_its_lease_while_it_stored_adds_no_result(photo, make_edit):
    edit = make_edit(photo)
    stale, _attempt = answered(edit, pictures(2))
    lapse(edit)
    assert Edit.objects.claim_to_store(
        edit.pk, token=uuid4(), now=timezone.now(), lease=leases.length()
    )
    before = Edit.objects.values().get(pk=edit.pk)
    store_held(edit.pk, stale)
    assert not edit.results.exists()
    assert Edit.objects.values().get(pk=edit.pk) == before


def test_a_process_frozen_between_two_results_leaves_the_rest_to_the_next(
    photo, make_edit, monkeypatch
):
    edit = make_edit(photo)
    stale, _attempt = answered(edit, pictures(2))

    save, raw = DurableStorage.save, []

    def watched_save(storage, name, content, **more):
        if name.endswith(".raw.png"):
            raw.append(name)
            if len(raw) == 2:
                lapse(edit)
                assert store(edit.pk)
        return save(storage, name, content, **more)

    monkeypatch.setattr(DurableStorage, "save", watched_save)
    store_held(edit.pk, stale)
    edit.refresh_from_db()
    assert len(raw) >= 2
    assert edit.status == Status.SUCCEEDED
    assert list(edit.results.order_by("number").values_list("number", flat=True)) == [1, 2]
