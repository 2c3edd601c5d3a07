from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from editor.images_api import client
from editor.jobs import leases, spool
from editor.jobs.prepare import prepare
from editor.jobs.provider import provider
from editor.jobs.run import keep_answer, record_intent, run
from editor.jobs.store import store
from editor.jobs.sweep import purge_spool, sweep
from editor.models import Edit, Status
from tests.canned_provider import Answer, error

pytestmark = pytest.mark.django_db(transaction=True)


def sent(edit):
    """Take the edit as far as its intent, as a worker does: (token, attempt, request)."""
    token = uuid4()
    assert Edit.objects.claim(edit.pk, token=token, now=timezone.now(), lease=leases.length())
    edit.refresh_from_db()
    request = prepare(edit)
    return token, record_intent(edit, request, token), request


def lapse():
    Edit.objects.filter(lease_until__isnull=False).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


def answer_late(attempt, request):
    return client.edit(provider(), request, into=spool.answer(attempt.key), key=str(attempt.key))


def test_a_forgotten_edit_is_hinted_at_again_and_not_each_time(photo, make_edit):
    edit = make_edit(photo, hinted_at=timezone.now() - timedelta(minutes=1))
    hints = []
    now = timezone.now()
    assert sweep(now, hint=lambda pk: not hints.append(pk)).hinted == 1
    assert sweep(now, hint=lambda pk: not hints.append(pk)).hinted == 0
    assert hints == [edit.pk]


def test_a_broker_that_is_down_is_asked_once_per_sweep(photo, make_edit):
    for _ in range(3):
        make_edit(photo, hinted_at=None)
    asked = []

    def refuse(pk):
        asked.append(pk)
        return False

    assert sweep(timezone.now(), hint=refuse).hinted == 0
    assert len(asked) == 1
    assert Edit.objects.filter(hinted_at=None).count() == 3


def test_a_frozen_worker_whose_edit_was_given_up_is_adopted_when_its_bytes_arrive(
    canned, photo, make_edit
):
    edit = make_edit(photo)
    token, attempt, request = sent(edit)
    lapse()
    assert sweep(timezone.now()).unknown == 1
    edit.refresh_from_db()
    assert (edit.status, edit.trouble) == (Status.UNKNOWN, "worker_lost")
    meta = answer_late(attempt, request)
    assert not keep_answer(edit, attempt, meta, token=token) or edit.status == Status.UNKNOWN
    swept = sweep(timezone.now())
    assert swept.adopted == 1
    assert store(edit.pk)
    edit.refresh_from_db()
    assert edit.status == Status.SUCCEEDED
    assert canned.calls == 1


def test_a_frozen_worker_changes_nothing_after_its_lease(canned, photo, make_edit):
    edit = make_edit(photo)
    token, attempt, request = sent(edit)
    lapse()
    sweep(timezone.now())
    meta = answer_late(attempt, request)
    assert not keep_answer(edit, attempt, meta, token=token)
    edit.refresh_from_db()
    assert edit.status == Status.UNKNOWN


def test_an_answer_that_was_read_and_left_unknown_is_not_adopted(canned, photo, make_edit):
    canned.script = [Answer(500, error("server_error"))]
    edit = make_edit(photo)
    run(edit.pk)
    assert sweep(timezone.now()).adopted == 0
    edit.refresh_from_db()
    assert edit.status == Status.UNKNOWN


def test_a_living_worker_is_left_alone(canned, photo, make_edit):
    edit = make_edit(photo)
    token, _attempt, _request = sent(edit)
    swept = sweep(timezone.now())
    assert (swept.requeued, swept.unknown) == (0, 0)
    edit.refresh_from_db()
    assert (edit.status, edit.token) == (Status.RUNNING, token)


def test_renewed_leases_do_not_lapse(canned, photo, make_edit):
    edit = make_edit(photo)
    token, _attempt, _request = sent(edit)
    lapse()
    with leases.held(token):
        leases.renew()
    assert sweep(timezone.now()).unknown == 0


def test_the_spool_is_cleared_after_a_week_but_for_what_is_still_needed(
    canned, photo, make_edit, settings
):
    import os

    done, open_ = make_edit(photo), make_edit(photo)
    run(done.pk)
    canned.script = [Answer(500, error("server_error"))]
    run(open_.pk)
    old = timezone.now().timestamp() - 8 * 24 * 3600
    for path in settings.SPOOL_DIR.iterdir():
        os.utime(path, (old, old))
    purge_spool()
    left = {path.name.split(".")[0] for path in settings.SPOOL_DIR.iterdir()}
    assert left == {str(open_.attempts.get().key)}
