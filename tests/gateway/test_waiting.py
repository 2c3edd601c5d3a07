"""Callers wait for their edits: bounded in number and time, without a connection each, and for nothing
that they break off."""

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.db import connections
from django.test import RequestFactory

from editor.gateway import asking, waiting
from editor.gateway.sending import Sending, is_gone
from editor.gateway.waiting import Room, Watcher, places, watcher
from editor.images_api.refusals import Refusal
from editor.models import Call, Edit, Image, Status
from tests.gateway.calling import CHEAP, CHEAP_FILES, Gateway, error_in
from tests.sandbox_server import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("provider")]


@pytest.fixture
def waiting_for() -> Callable[..., Any]:
    """One who waits in a thread; gives what it got, and how many connections it held meanwhile."""

    def begin(own: Watcher, edit: Edit, seconds: float = 10) -> Any:
        got: list[Any] = []

        def wait() -> None:
            with own.watching(edit.pk) as watch:
                first = watch.next(None, seconds)
                got.append(first)
                got.append(watch.next(first, seconds))
                got.append(len([one for one in connections.all() if one.connection]))

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        return thread, got

    return begin


def test_who_waits_is_woken_by_a_change_and_holds_no_connection(
    photo: Any, make_edit: Any, waiting_for: Any
) -> None:
    edit, own = make_edit(photo), Watcher()
    thread, got = waiting_for(own, edit)
    wait_until(lambda: len(got) == 1)
    assert got[0].status == Status.QUEUED and not got[0].is_over
    Edit.objects.filter(pk=edit.pk).update(status=Status.SUCCEEDED)
    thread.join(10)
    assert got[1].status == Status.SUCCEEDED and got[1].is_over
    assert got[2] == 0
    wait_until(own.is_idle)


def test_the_watcher_asks_once_for_all_and_ends_with_the_last(
    photo: Any, make_edit: Any, waiting_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[set[int]] = []
    own, edits = Watcher(), [make_edit(photo) for _ in range(3)]
    states_of = waiting._states_of

    def counted(ids: set[int]) -> Any:
        asked.append(ids)
        return states_of(ids)

    monkeypatch.setattr(waiting, "_states_of", counted)
    threads = [waiting_for(own, edit)[0] for edit in edits]
    wait_until(lambda: any(len(ids) == 3 for ids in asked))
    assert len([one for one in threading.enumerate() if one.name == "watcher"]) == 1
    Edit.objects.update(status=Status.FAILED)
    for thread in threads:
        thread.join(10)
    wait_until(own.is_idle)


def test_a_preview_wakes_too(photo: Any, make_edit: Any, waiting_for: Any) -> None:
    edit, own = make_edit(photo, status="running"), Watcher()
    thread, got = waiting_for(own, edit)
    wait_until(lambda: len(got) == 1)
    Edit.objects.filter(pk=edit.pk).update(partial_count=1)
    thread.join(10)
    assert got[1].partial_count == 1 and not got[1].is_over


def test_the_watcher_gets_over_a_database_that_fails(
    photo: Any, make_edit: Any, waiting_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit, own, states_of = make_edit(photo), Watcher(), waiting._states_of
    failures = iter([OSError("gone")])

    def failing(ids: set[int]) -> Any:
        for error in failures:
            raise error
        return states_of(ids)

    monkeypatch.setattr(waiting, "TROUBLE_PAUSE", 0.01)
    monkeypatch.setattr(waiting, "_states_of", failing)
    thread, got = waiting_for(own, edit, 5)
    wait_until(lambda: len(got) == 1)
    Edit.objects.update(status=Status.FAILED)
    thread.join(10)
    assert got[1].status == Status.FAILED


def test_waiting_asks_less_often_the_longer_it_takes() -> None:
    assert [waiting._pause(seconds) for seconds in (0, 4.9, 5, 59, 60, 600)] == [
        0.025, 0.025, 0.15, 0.15, 0.4, 0.4,
    ]  # fmt: skip


def test_one_too_many_is_turned_away_before_anything_is_stored(
    gateway: Gateway, settings: Any, later: Any, worker_starts: Callable[[], None]
) -> None:
    settings.GATEWAY_MOST_WAITING = 1
    answer = later(gateway.edit)
    wait_until(lambda: places.taken == 1)
    refused = gateway.edit(prompt="Another")
    assert refused.status_code == 503
    assert error_in(refused)["code"] == "server_is_overloaded"
    assert refused.headers["x-should-retry"] == "true"
    assert int(refused.headers["Retry-After"]) > 0
    worker_starts()
    assert answer().status_code == 200
    assert Edit.objects.get().prompt == CHEAP["prompt"]
    assert gateway.edit().status_code == 200  # the place is free again


def test_calls_that_would_not_fit_into_memory_together_come_one_after_the_other() -> None:
    room = Room(100)
    with room.of(60):
        with pytest.raises(Refusal) as told, room.of(41):
            pass
        assert (told.value.status, told.value.headers["x-should-retry"]) == (503, "true")
        with room.of(40):
            pass
    with room.of(100):
        pass


def test_a_call_that_is_too_much_at_once_is_turned_away_unread(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "room", Room(100))
    refused = gateway.edit()
    assert refused.status_code == 503
    assert error_in(refused)["code"] == "server_is_overloaded"
    assert not Image.objects.exists()


def test_a_refused_call_frees_its_place(gateway: Gateway, settings: Any) -> None:
    settings.GATEWAY_MOST_WAITING = 1
    assert [gateway.edit(n=11).status_code for _ in range(3)] == [400] * 3


def test_who_waited_long_is_told_that_it_goes_on_and_the_retry_gets_it(
    gateway: Gateway, settings: Any, worker_starts: Callable[[], None]
) -> None:
    settings.GATEWAY_WAIT_S = 0.3
    told = gateway.edit()
    assert told.status_code == 504
    error = error_in(told)
    edit = Edit.objects.get()
    assert error["code"] == "still_running"
    assert f"Edit {edit.pk} " in error["message"]
    assert told.headers["x-should-retry"] == "true"
    settings.GATEWAY_WAIT_S = 30
    worker_starts()
    answer = gateway.edit(headers={"x-stainless-retry-count": "1"})
    assert answer.status_code == 200
    assert Edit.objects.get() == edit


def test_a_client_that_disconnects_does_not_cancel(
    gateway: Gateway, queued: Any, drain: Callable[[], None]
) -> None:
    with pytest.raises(requests.Timeout):
        gateway.post(data=CHEAP, files=CHEAP_FILES, timeout=0.8)
    edit = queued()
    assert edit.cancel_requested_at is None
    drain()
    edit.refresh_from_db()
    assert edit.status == Status.SUCCEEDED
    assert edit.results.count() == 1


def test_many_who_wait_are_served_by_one_watcher(
    gateway: Gateway, later: Any, queued: Any, worker_starts: Callable[[], None]
) -> None:
    answers = [later(gateway.edit) for _ in range(4)]
    queued(4)
    wait_until(lambda: len(watcher._watches) == 4)
    assert len([one for one in threading.enumerate() if one.name == "watcher"]) == 1
    worker_starts()
    assert [answer().status_code for answer in answers] == [200] * 4


def test_an_answer_to_who_has_hung_up_is_not_taken_for_delivered() -> None:
    ours, theirs = socket.socketpair()
    request = RequestFactory().get("/v1/models")
    request.META["gunicorn.socket"] = ours
    assert not is_gone(request)  # type: ignore[arg-type]
    theirs.close()
    assert is_gone(request)  # type: ignore[arg-type]
    ours.close()
    told: list[str] = []
    sending = Sending(
        [b"a", b"b"],
        is_gone=lambda: is_gone(request),  # type: ignore[arg-type]
        on_sent=lambda: told.append("sent"),
        on_closed=lambda: told.append("closed"),
    )
    assert list(sending) == []
    sending.close()
    assert told == ["closed"]


def test_who_hangs_up_before_the_last_piece_did_not_get_the_answer() -> None:
    gone, told = iter([False, False, True]), []
    sending = Sending(
        iter([b"alive", b"alive", b"picture"]),
        is_gone=lambda: next(gone),
        on_sent=lambda: told.append("sent"),
        on_closed=lambda: told.append("closed"),
    )
    assert list(sending) == [b"alive", b"alive"]
    assert told == []


def test_an_answer_that_breaks_off_is_not_taken_for_delivered() -> None:
    told: list[str] = []
    sending = Sending(
        [b"a", b"b"],
        is_gone=lambda: False,
        on_sent=lambda: told.append("sent"),
        on_closed=lambda: told.append("closed"),
    )
    pieces = iter(sending)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    sending.close()
    assert told == ["closed"]


@pytest.mark.usefixtures("worker")
def test_an_answer_that_arrived_is_noted_as_delivered(gateway: Gateway) -> None:
    gateway.edit()
    wait_until(lambda: Call.objects.get().delivered_at is not None)


def test_a_call_that_is_refused_stores_nothing(gateway: Gateway) -> None:
    assert gateway.edit(size="100x100").status_code == 400
    assert not Image.objects.exists() and not Call.objects.exists()
