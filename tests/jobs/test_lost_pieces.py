"""Pieces that storage does not give back as they were sent: put back, waited for, and in the end left out."""

import signal
import subprocess
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from editor.imaging.decoders import nursery
from editor.jobs import spool
from editor.jobs.finishing import refinish
from editor.jobs.pictures import read
from editor.jobs.resolve import accept_loss
from editor.jobs.run import run
from editor.jobs.store import MOST_READINGS, store
from editor.models import Attempt, Budget, Edit, LedgerEntry, Status
from tests.canned_provider import Answer, error, pictures
from tests.jobs.several import in_two_frames

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def half(canned, photo, make_edit):
    """The first of two frames came."""
    canned.usual = Answer(body=pictures(size=(256, 256)))
    edit = in_two_frames(make_edit, photo)
    run(edit.pk)
    assert edit.pieces.count() == 1
    canned.usual = Answer(body=pictures(size=(512, 512)))  # another one: files are named by content
    return edit


def gone(piece):
    default_storage.delete(piece.raw)


def other(piece):
    default_storage.save(piece.raw, ContentFile(b"something else"))


def not_in_the_spool(piece):
    spool.answer(piece.attempt.key).unlink()


def again(edit):
    """Take up what is stored later; the minutes that it was to wait."""
    edit.refresh_from_db()
    wait = edit.not_before - timezone.now()
    Edit.objects.filter(pk=edit.pk).update(
        not_before=timezone.now(), lease_until=timezone.now() - timedelta(seconds=1)
    )
    assert store(edit.pk)
    edit.refresh_from_db()
    return round(wait.total_seconds() / 60)


def give_up(edit):
    waits = [again(edit) for _ in range(MOST_READINGS)]
    assert waits == [1, 2, 4, 8, 16, 32]


def accounts_are_closed():
    budget = Budget.objects.get()
    entries = LedgerEntry.objects.values_list("held_microusd", "spent_microusd")
    held, spent = (sum(column) for column in zip(*entries, strict=True))
    return (budget.held_microusd, held) == (0, 0) and budget.spent_microusd == spent


@pytest.mark.parametrize("happens", [gone, other])
def test_a_piece_that_storage_has_lost_is_put_back_from_the_spool(canned, half, happens):
    piece = half.pieces.get()
    sent = read(piece.raw)
    happens(piece)
    run(half.pk)
    half.refresh_from_db()
    assert (half.status, half.trouble) == (Status.SUCCEEDED, "")
    assert list(half.results.get().pieces.values_list("frame", flat=True)) == [0, 1]
    assert read(piece.raw) == sent
    assert canned.calls == 2


@pytest.mark.parametrize("happens", [gone, other])
def test_a_piece_that_nobody_has_is_waited_for_and_then_left_out_with_its_row_kept(
    canned, half, happens
):
    piece = half.pieces.get()
    happens(piece)
    not_in_the_spool(piece)
    run(half.pk)
    half.refresh_from_db()
    assert (half.status, half.trouble) == (Status.STORING, "storage_fails")
    give_up(half)
    assert (half.status, half.trouble) == (Status.SUCCEEDED, "frames_missing")
    assert list(half.results.get().pieces.values_list("frame", flat=True)) == [1]
    assert half.pieces.get(frame=0).result is None
    assert canned.calls == 2
    assert half.cost_microusd == 32_000
    assert accounts_are_closed()


def test_a_piece_that_comes_back_while_it_is_waited_for_is_put_in(canned, half):
    piece = half.pieces.get()
    sent = read(piece.raw)
    gone(piece)
    not_in_the_spool(piece)
    run(half.pk)
    default_storage.save(piece.raw, ContentFile(sent))
    again(half)
    assert (half.status, half.trouble) == (Status.SUCCEEDED, "")
    assert list(half.results.get().pieces.values_list("frame", flat=True)) == [0, 1]


def test_an_edit_of_which_all_pieces_are_lost_fails_with_its_cost_counted(canned, half, alice):
    canned.usual = Answer(500, error("server_error", "Something broke."))
    run(half.pk)
    half.refresh_from_db()
    assert half.status == Status.UNKNOWN
    gone(half.pieces.get())
    not_in_the_spool(half.pieces.get())
    assert accept_loss(half, by=alice)
    store(half.pk)
    give_up(half)
    assert (half.status, half.trouble) == (Status.FAILED, "answer_lost")
    assert half.pieces.count() == 1
    assert not half.results.exists()
    assert accounts_are_closed()


def test_another_finish_is_not_made_of_bytes_that_were_not_sent(canned, half, alice):
    run(half.pk)
    result = half.results.select_related("edit__source", "image").get()
    other(result.pieces.first())
    with pytest.raises(ValueError, match="damaged"):
        refinish(result, "hard", by=alice)
    assert result.finished.count() == 1


def killed(order, seconds):
    return subprocess.CompletedProcess([], -signal.SIGKILL, b"")


def test_a_decoder_that_the_system_kills_does_not_cost_the_answer(
    canned, photo, make_edit, monkeypatch
):
    edit = make_edit(photo)
    with monkeypatch.context() as busy:
        busy.setattr(nursery, "run", killed)
        run(edit.pk)
        edit.refresh_from_db()
        assert (edit.status, edit.trouble) == (Status.STORING, "storage_fails")
    assert again(edit) == 1
    assert (edit.status, edit.trouble) == (Status.SUCCEEDED, "")
    assert canned.calls == 1


def test_what_takes_too_long_to_decode_each_time_fails_in_the_end_with_its_bytes_kept(
    canned, photo, make_edit, monkeypatch
):
    edit = make_edit(photo)
    monkeypatch.setattr(nursery, "run", killed)
    run(edit.pk)
    give_up(edit)
    assert (edit.status, edit.trouble) == (Status.FAILED, "not_a_picture")
    assert edit.attempts.get().outcome == Attempt.Outcome.UNUSABLE
    assert accounts_are_closed()
