"""The life of an edit as a state machine: two edits, of one or two frames, any number of workers, in
any interleaving.

A worker that is not scheduled is frozen; one that is dropped is dead. The provider is played at the
spool: an answer is a file, as client.edit leaves it. PROTOCOL_EXAMPLES sets how many lives are tried.
"""

import json
import logging
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from editor.images_api.errors import (
    OutcomeUnknown,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
)
from editor.images_api.messages import AnswerMeta, Request
from editor.jobs import leases, outcome, spool
from editor.jobs.resolve import accept_loss, buy_again, cancel
from editor.jobs.run import keep_answer, next_frame, record_intent
from editor.jobs.store import store_held
from editor.jobs.submit import NewEdit, NotSubmitted, submit
from editor.jobs.sweep import sweep
from editor.models import (
    TERMINAL,
    Attempt,
    Budget,
    Edit,
    LedgerEntry,
    OverBudget,
    Piece,
    Result,
    Spending,
    Status,
)
from tests.canned_provider import error, pictures
from tests.drawing import mask_png

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("PROTOCOL_EXAMPLES", "300"))
SIZE = (64, 48)
WHICH = st.integers(0, 1)
ANSWERS: dict[str, tuple[int, bytes]] = {
    "pictures": (200, pictures(size=(8, 8))),
    "a page": (200, b"<html>"),
    "429": (429, error("rate_limit_exceeded")),
    "400": (400, error("moderation_blocked")),
    "401": (401, error("invalid_api_key")),
    "500": (500, error("server_error")),
}
MAY_BE_PAID = {"pictures", "a page", "500", "reset"}
EDGES = {
    (Status.QUEUED, Status.RUNNING),
    (Status.QUEUED, Status.CANCELED),
    (Status.QUEUED, Status.STORING),
    (Status.RUNNING, Status.QUEUED),
    (Status.RUNNING, Status.STORING),
    (Status.RUNNING, Status.FAILED),
    (Status.RUNNING, Status.CANCELED),
    (Status.RUNNING, Status.UNKNOWN),
    (Status.STORING, Status.QUEUED),
    (Status.STORING, Status.SUCCEEDED),
    (Status.STORING, Status.FAILED),
    (Status.STORING, Status.CANCELED),
    (Status.STORING, Status.UNKNOWN),
    (Status.UNKNOWN, Status.STORING),
    (Status.UNKNOWN, Status.FAILED),
    (Status.UNKNOWN, Status.QUEUED),
}


ALL_EDITS = 'SELECT * FROM "editor_edit"'
NOT_BETWEEN = ("RELEASE", "ROLLBACK", ALL_EDITS)  # the end of a transaction, and our own looking


@dataclass
class Worker:
    """What a worker's thread knows: it never looks at the row again unless the code under test does."""

    edit: Edit
    token: UUID
    stage: str = "claimed"  # intended, answered, spooled, troubled, kept
    attempt: Attempt | None = None
    answer: str = ""
    error: ProviderError | None = None
    meta: AnswerMeta | None = None


class Watch:
    """Sees every statement: holds each change of a status to the edges, and can let something else
    happen between two transactions."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[str, Any]] = {}
        self.depth = len(connection.savepoint_ids)
        self.countdown = 0
        self.meanwhile: Callable[[], None] = lambda: None
        self.something_changed = False
        self.forbidden = ""  # kept as well as raised: some code under test outlives any exception

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        between = len(connection.savepoint_ids) == self.depth and not sql.startswith(NOT_BETWEEN)
        if self.countdown and between:
            self.countdown -= 1
            if not self.countdown:
                self.meanwhile()
        done = execute(sql, params, many, context)
        if not sql.startswith("SELECT"):
            self.something_changed = True
        if sql.startswith(('UPDATE "editor_edit"', 'INSERT INTO "editor_edit"')):
            self.look()
        elif sql.startswith("ROLLBACK TO"):
            self.rows = rows_of_edits()
        return done

    def look(self) -> None:
        now = rows_of_edits()
        for pk, row in now.items():
            was, status = self.rows.get(pk, row)["status"], row["status"]
            if was != status and (was, status) not in EDGES:
                self.forbidden = f"{was} became {status}"
                raise AssertionError(self.forbidden)
        self.rows = now


def rows_of_edits() -> dict[int, dict[str, Any]]:
    """Past the ORM, which takes most of the time of a life."""
    with connection.cursor() as cursor:
        cursor.execute(ALL_EDITS)
        names = [column[0] for column in cursor.description]
        return {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}


class Buying(RuleBasedStateMachine):
    """Edits are asked for, and workers and sweepers do what they do, at any pace."""

    person: Any
    photo: Any
    record = staticmethod(record_intent)
    frames = (1, 1)  # of each edit
    compares_stale = True
    interleaved = False

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.keys = [uuid4(), uuid4()]
        self.pks: dict[int, int] = {}
        self.workers: list[Worker] = []
        self.calls: Counter[UUID] = Counter()
        self.paid: Counter[tuple[int, int]] = Counter()  # by edit and frame
        self.rebought: Counter[int] = Counter()
        self.ended: dict[int, dict[str, Any]] = {}
        self.watch = Watch()
        self.watching = connection.execute_wrapper(self.watch)
        self.watching.__enter__()

    def teardown(self) -> None:
        try:
            self.recover()
        finally:
            self.watching.__exit__(None, None, None)
            transaction.savepoint_rollback(self.savepoint)

    # --- a person -------------------------------------------------------------------------------

    @initialize()
    def submit_the_first(self) -> None:
        self.submit(0)

    @rule(which=WHICH)
    def submit(self, which: int) -> None:
        wish = NewEdit(
            person=self.person, source=self.photo, mask=MASK, prompt="Remove it",
            model="gpt-image-2", options={"n": 1, "size": "auto", "quality": "low"},
            key=self.keys[which],
        )  # fmt: skip
        try:
            edit = submit(wish)
        except NotSubmitted as refused:
            if refused.over_budget:
                return
            raise
        if which not in self.pks and self.frames[which] > 1:
            Edit.objects.filter(pk=edit.pk).update(frames=edit.frames * self.frames[which])
        assert self.pks.setdefault(which, edit.pk) == edit.pk

    # --- workers, each step on its own ----------------------------------------------------------

    @precondition(lambda self: self.any(Status.QUEUED, Status.RUNNING))
    @rule(which=WHICH)
    def a_hint_arrives(self, which: int) -> None:
        """Also one that is repeated, or late."""
        edit, token = self.edit(which), uuid4()
        if edit is None or not Spending.load().is_allowed:
            return
        if Edit.objects.claim(edit.pk, token=token, now=timezone.now(), lease=leases.length()):
            edit.refresh_from_db()
            self.workers.append(Worker(edit, token))

    @precondition(lambda self: self.at("claimed"))
    @rule(who=st.integers(0, 3))
    def write_the_intent(self, who: int) -> None:
        worker = self.pick("claimed", who)
        worker.attempt = self.as_(
            worker,
            lambda: self.record(worker.edit, REQUEST, worker.token, next_frame(worker.edit)),
        )
        worker.stage = "intended" if worker.attempt else "gone"

    @precondition(lambda self: self.at("intended"))
    @rule(who=st.integers(0, 3), answer=st.sampled_from([*ANSWERS, "refused", "reset", "pictures"]))
    def call(self, who: int, answer: str) -> None:
        worker = self.pick("intended", who)
        assert worker.attempt is not None
        sent = Attempt.objects.get(key=worker.attempt.key)
        assert sent.sent_at and sent.edit_id == worker.edit.pk, "an attempt exists before its call"
        self.calls[sent.key] += 1
        self.paid[worker.edit.pk, sent.frame] += answer in MAY_BE_PAID
        assert not sent.frame or worker.edit.pieces.exists(), (
            "a frame was sent before the first came"
        )
        worker.stage, worker.answer = "answered", answer
        if answer == "refused":
            worker.stage, worker.error = "troubled", ProviderUnavailable("No.", code="connect")
        elif answer == "reset":
            worker.stage, worker.error = "troubled", OutcomeUnknown("Reset.", code="reset")

    @precondition(lambda self: self.at("answered"))
    @rule(who=st.integers(0, 3))
    def spool_the_answer(self, who: int) -> None:
        worker = self.pick("answered", who)
        assert worker.attempt is not None
        status, body = ANSWERS[worker.answer]
        worker.meta = AnswerMeta(status, {"x-request-id": "req_1"}, timezone.now(), len(body))
        path = spool.answer(worker.attempt.key)
        path.with_name(f"{path.name}.json").write_text(json.dumps(worker.meta.to_dict()))
        path.write_bytes(body)
        worker.stage = "spooled"

    @precondition(lambda self: self.at("troubled"))
    @rule(who=st.integers(0, 3))
    def conclude(self, who: int) -> None:
        worker = self.pick("troubled", who)
        attempt, trouble = worker.attempt, worker.error
        assert attempt is not None
        assert trouble is not None
        conclude = outcome.conclude
        self.as_(worker, lambda: conclude(worker.edit, attempt, trouble, token=worker.token))
        worker.stage = "gone"

    @precondition(lambda self: self.at("spooled"))
    @rule(who=st.integers(0, 3))
    def keep_the_answer(self, who: int) -> None:
        worker = self.pick("spooled", who)
        attempt, meta = worker.attempt, worker.meta
        assert attempt is not None
        assert meta is not None
        kept = self.as_(worker, lambda: keep_answer(worker.edit, attempt, meta, token=worker.token))
        worker.stage = "kept" if kept else "gone"

    @precondition(lambda self: self.at("kept"))
    @rule(who=st.integers(0, 3))
    def store(self, who: int) -> None:
        worker = self.pick("kept", who)
        self.have_results(worker.edit)
        self.as_(worker, lambda: store_held(worker.edit.pk, worker.token))
        worker.stage = "gone"

    @precondition(lambda self: self.any(Status.STORING))
    @rule(which=WHICH)
    def take_up_to_store(self, which: int) -> None:
        edit, token, now = self.edit(which), uuid4(), timezone.now()
        if edit and Edit.objects.claim_to_store(
            edit.pk, token=token, now=now, lease=leases.length()
        ):
            self.workers.append(Worker(edit, token, stage="kept"))

    # --- time, and the sweeper ------------------------------------------------------------------

    @precondition(lambda self: self.workers)
    @rule(who=st.integers(0, 5))
    def renew(self, who: int) -> None:
        worker = self.workers[who % len(self.workers)]
        renew = Edit.objects.renew
        self.as_(worker, lambda: renew([worker.token], now=timezone.now(), lease=leases.length()))

    @precondition(lambda self: self.any(Status.RUNNING, Status.STORING))
    @rule(which=WHICH)
    def lapse(self, which: int) -> None:
        """Whoever holds this edit has been silent for longer than its lease."""
        past = timezone.now() - timedelta(seconds=1)
        Edit.objects.filter(pk=self.pks.get(which), status__in=("running", "storing")).update(
            lease_until=past
        )

    @precondition(lambda self: self.any(Status.QUEUED, Status.STORING))
    @rule()
    def time_passes(self) -> None:
        now = timezone.now()
        Edit.objects.filter(status__in=("queued", "storing")).update(not_before=now)
        Edit.objects.filter(status="queued").update(hinted_at=None)

    @rule(silent=st.sampled_from([None, 0, 1]))
    def sweep(self, silent: int | None) -> None:
        """`silent` names an edit whose holder has not been heard of for longer than its lease."""
        if silent is not None:
            self.lapse(silent)
        swept = sweep(timezone.now(), hint=lambda _pk: True)
        assert set(swept.to_store) <= set(self.pks.values())

    # --- what always holds ----------------------------------------------------------------------

    @invariant()
    def all_is_well(self) -> None:
        if self.watch.something_changed:
            self.watch.something_changed = False
            assert not self.watch.forbidden
            self.nothing_is_bought_twice_without_a_word()
            self.what_has_ended_never_changes()
            self.the_ledger_agrees()

    def nothing_is_bought_twice_without_a_word(self) -> None:
        assert all(count == 1 for count in self.calls.values()), "an attempt was called twice"
        for (pk, _frame), paid in self.paid.items():
            assert paid <= 1 + self.rebought[pk], "bought twice without a person's word"

    def what_has_ended_never_changes(self) -> None:
        for pk, row in self.watch.rows.items():
            assert self.ended.get(pk, row) == row, "an ended edit changed"
            if row["status"] in TERMINAL:
                self.ended[pk] = row
                assert row["hold_microusd"] == 0, "an ended edit holds money"
            elif row["ends_early"]:
                assert row["hold_microusd"] == 0, (
                    "an edit of which nothing more is sent holds money"
                )
            else:
                assert row["hold_microusd"] > 0, "an open edit holds nothing"

    def the_ledger_agrees(self) -> None:
        held = sum(row["hold_microusd"] for row in self.watch.rows.values())
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT COALESCE(SUM(held_microusd), 0), COALESCE(SUM(spent_microusd), 0)"
                ' FROM "editor_ledgerentry"'
            )
            entered = cursor.fetchone()
            cursor.execute('SELECT held_microusd, spent_microusd FROM "editor_budget"')
            budgets = cursor.fetchall()
        for budget in budgets:
            assert budget[0] == held == entered[0], "held is not what open edits hold"
            assert budget[1] == entered[1] >= 0, "spent is not what was settled"

    def recover(self) -> None:
        """Everybody is dead. A new worker and a sweeper are enough to end every edit."""
        self.workers.clear()
        Spending.switch(stopped=False, by=self.person)
        Spending.close_circuit(by=self.person)
        for _ in range(25):
            if not self.any(Status.QUEUED, Status.RUNNING, Status.STORING):
                break
            for which in self.pks:
                self.lapse(which)
            self.time_passes()
            self.sweep(None)
            for which in self.pks:
                self.a_hint_arrives(which)
                self.take_up_to_store(which)
            for worker in list(self.workers):
                self.carry(worker)
        unended = self.any(Status.QUEUED, Status.RUNNING, Status.STORING)
        assert not unended, "an edit never ends"
        self.all_is_well()

    def carry(self, worker: Worker) -> None:
        """One worker, undisturbed, from where it is to its end."""
        self.workers = [worker]
        steps: dict[str, Callable[[], None]] = {
            "claimed": lambda: self.write_the_intent(0),
            "intended": lambda: self.call(0, "pictures"),
            "answered": lambda: self.spool_the_answer(0),
            "spooled": lambda: self.keep_the_answer(0),
            "kept": lambda: self.store(0),
        }
        while worker.stage != "gone":
            steps[worker.stage]()

    # --- helpers --------------------------------------------------------------------------------

    def any(self, *statuses: Status) -> bool:
        return any(row["status"] in statuses for row in self.watch.rows.values())

    def edit(self, which: int) -> Edit | None:
        return Edit.objects.get(pk=self.pks[which]) if which in self.pks else None

    def at(self, stage: str) -> list[Worker]:
        self.workers = [worker for worker in self.workers if worker.stage != "gone"]
        return [worker for worker in self.workers if worker.stage == stage]

    def pick(self, stage: str, who: int) -> Worker:
        found = self.at(stage)
        return found[who % len(found)]

    def as_(self, worker: Worker, act: Callable[[], Any]) -> Any:
        """Do `act` as this worker: with a token that is stale it changes nothing."""
        row = self.watch.rows[worker.edit.pk]
        holds = UUID(str(row["token"])) == worker.token if row["token"] else False
        holds = holds and row["status"] in (Status.RUNNING, Status.STORING)
        before = None if holds or self.interleaved or not self.compares_stale else everything()
        done = act()
        assert before is None or everything() == before, "a stale token changed something"
        return done

    def have_results(self, edit: Edit) -> None:
        """The pictures' part of store is done already: `store` finds each step that is done."""
        edit = Edit.objects.get(pk=edit.pk)
        attempt = edit.present_attempt()
        if attempt is None:
            return
        if attempt.outcome == Attempt.Outcome.ANSWERED:
            if spool.answer(attempt.key).read_bytes() != ANSWERS["pictures"][1]:
                return
            self.have_piece(edit, attempt)
        is_last = attempt.frame == len(edit.frames) - 1
        if not (is_last or edit.ends_early or edit.cancel_requested_at):
            return
        pieces = list(edit.pieces.order_by("attempt__number"))
        if pieces:
            facts = {
                "edit": edit, "image": self.photo, "outside_identical": True,
                "pixels_compared": 1, "pixels_changed": 1,
            }  # fmt: skip
            Result.objects.get_or_create(attempt=pieces[-1].attempt, number=1, defaults=facts)

    def have_piece(self, edit: Edit, attempt: Attempt) -> None:
        sent = {
            "edit": edit, "frame": attempt.frame, "raw": "x", "raw_format": "png",
            "raw_sha256": "", "raw_width": 8, "raw_height": 8,
        }  # fmt: skip
        Piece.objects.get_or_create(attempt=attempt, number=1, defaults=sent)


class Life(Buying):
    """The whole protocol: people decide, workers die, and one act happens in the middle of another."""

    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        if edit := self.edit(which):
            said = cancel(edit, by=self.person)
            edit.refresh_from_db()
            assert said != "canceled" or edit.status == Status.CANCELED
            assert said != "finished" or edit.status in TERMINAL

    @precondition(lambda self: self.any(Status.UNKNOWN))
    @rule(which=WHICH)
    def accept_loss(self, which: int) -> None:
        if edit := self.edit(which):
            accept_loss(edit, by=self.person)

    @precondition(lambda self: self.any(Status.UNKNOWN))
    @rule(which=WHICH)
    def buy_again(self, which: int) -> None:
        if edit := self.edit(which):
            try:
                self.rebought[edit.pk] += buy_again(edit, by=self.person)
            except OverBudget:
                edit.refresh_from_db()
                assert edit.status == Status.UNKNOWN

    @rule(stopped=st.booleans())
    def switch_spending(self, stopped: bool) -> None:
        Spending.switch(stopped=stopped, by=self.person)
        Spending.close_circuit(by=self.person)

    @precondition(lambda self: self.at("claimed"))
    @rule(who=st.integers(0, 3))
    def refuse_to_prepare(self, who: int) -> None:
        worker = self.pick("claimed", who)
        refused = ProviderRejected("Too large.", code="too_large")
        self.as_(worker, lambda: outcome.fail(worker.edit, refused, token=worker.token))
        worker.stage = "gone"

    @precondition(lambda self: self.workers)
    @rule(who=st.integers(0, 5))
    def die(self, who: int) -> None:
        self.workers.pop(who % len(self.workers))

    @rule(
        act=st.sampled_from(["cancel", "sweep", "accept_loss", "buy_again", "submit", "store"]),
        after=st.integers(1, 8),
        meanwhile=st.lists(
            st.sampled_from(
                ["cancel", "sweep", "accept_loss", "buy_again", "hint", "step", "lapse", "time"]
            ),
            min_size=1,
            max_size=3,
        ),
        which=WHICH,
    )
    def interleave(self, act: str, after: int, meanwhile: list[str], which: int) -> None:
        """While one act is between two of its transactions, others happen."""
        acts: dict[str, Callable[[], None]] = {
            "cancel": lambda: self.cancel(which),
            "sweep": lambda: self.sweep(which),
            "accept_loss": lambda: self.accept_loss(which),
            "buy_again": lambda: self.buy_again(which),
            "submit": lambda: self.submit(which),
            "store": lambda: self.at("kept") and self.store(0),
            "hint": lambda: self.a_hint_arrives(which),
            "step": self.step,
            "lapse": lambda: self.lapse(which),
            "time": self.time_passes,
        }
        self.watch.countdown = after
        self.watch.meanwhile = lambda: [acts[name]() for name in meanwhile] and None
        self.interleaved = True
        try:
            acts[act]()
        finally:
            self.watch.countdown = 0
            self.interleaved = False

    def step(self) -> None:
        """Some worker goes one step on."""
        steps = {
            "claimed": self.write_the_intent,
            "answered": self.spool_the_answer,
            "spooled": self.keep_the_answer,
            "troubled": self.conclude,
        }
        for stage, take in steps.items():
            if self.at(stage):
                take(0)
                return


def everything() -> list[Any]:
    tables = (Edit, Attempt, Piece, Result, Budget, LedgerEntry)
    return [list(table.objects.order_by("pk").values()) for table in tables]


MASK = mask_png(SIZE, (20, 15, 30, 25))
REQUEST = Request(model="gpt-image-2", prompt="Remove it", n=1, size="1024x1024", images=())


@pytest.fixture
def machine(alice, make_photo, settings):
    photo = make_photo(alice, size=SIZE)
    settings.MONTHLY_BUDGET_MICROUSD = 30_000
    logging.disable()
    yield lambda kind, **more: type("Lives", (kind,), {"person": alice, "photo": photo, **more})
    logging.disable(logging.NOTSET)


def profile(examples: int, *, steps: int = 30, **more: Any) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
        **more,
    )


@pytest.mark.parametrize("frames", [(1, 1), (2, 1)], ids=["one frame", "two frames"])
def test_no_interleaving_of_two_edits_breaks_the_protocol(machine, frames):
    run_state_machine_as_test(machine(Life, frames=frames), settings=profile(EXAMPLES // 2))


def unfenced(edit: Edit, request: Request, token: UUID, frame: int) -> Attempt | None:
    """record_intent as it would be if it trusted that the edit is still its own."""
    now = timezone.now()
    Edit.objects.filter(pk=edit.pk, status=Status.RUNNING).update(sent_at=now)
    edit.refresh_from_db()
    return Attempt.objects.create(
        edit=edit, number=edit.attempts.count() + 1, frame=frame, token=token, provider="x",
        sent_at=now,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "compares_stale", "found"),
    [
        (Life, True, "a stale token changed something"),
        (Buying, False, "bought twice without a person's word"),
    ],
)
def test_the_machine_finds_an_unfenced_intent(machine, kind, compares_stale, found):
    broken = machine(kind, record=staticmethod(unfenced), compares_stale=compares_stale)
    seek = profile(3_000, steps=24, derandomize=True, database=None, phases=[Phase.generate])
    with pytest.raises(AssertionError, match=found):
        run_state_machine_as_test(broken, settings=seek)
