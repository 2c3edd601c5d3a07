"""The ledger: what a month may cost, what is held, what is spent; and the switches that stop spending.

All amounts are whole micro-dollars. Holds are one conditional UPDATE each, so that a cap holds however
many processes reserve money at once.
"""

from datetime import datetime
from fractions import Fraction

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from editor.models.edits import Attempt, Edit
from editor.models.people import Person
from editor.models.records import LedgerEntry, audit

ALL = Fraction(1)  # of a hold


class OverBudget(Exception):
    """What is left this month does not cover the hold."""

    def __init__(self, wanted_microusd: int, left_microusd: int) -> None:
        super().__init__(f"wanted {wanted_microusd}, left {left_microusd}")
        self.wanted_microusd = wanted_microusd
        self.left_microusd = left_microusd


def month_of(moment: datetime) -> str:
    return f"{moment:%Y-%m}"


class Budget(models.Model):
    month = models.CharField(max_length=7, unique=True)
    cap_microusd = models.BigIntegerField(null=True, blank=True)  # None: as MONTHLY_BUDGET_USD says
    held_microusd = models.BigIntegerField(default=0)
    spent_microusd = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")
        constraints = [
            models.CheckConstraint(condition=Q(held_microusd__gte=0), name="held_is_not_negative"),
        ]

    def __str__(self) -> str:
        return self.month

    @classmethod
    def of(cls, moment: datetime) -> "Budget":
        return cls.objects.get_or_create(month=month_of(moment))[0]

    @property
    def limit_microusd(self) -> int | None:
        """What the month may cost: its own cap, else the setting; None where there is neither."""
        if self.cap_microusd is not None:
            return self.cap_microusd
        limit: int | None = settings.MONTHLY_BUDGET_MICROUSD
        return limit

    @property
    def left_microusd(self) -> int | None:
        if self.limit_microusd is None:
            return None
        return max(0, self.limit_microusd - self.held_microusd - self.spent_microusd)


def hold(edit: Edit, amount: int, *, now: datetime) -> None:
    """Reserve `amount` for `edit`, or raise OverBudget. Call inside the transaction that needs it."""
    budget = Budget.of(now)
    limit = budget.limit_microusd
    fits = Q() if limit is None else Q(held_microusd__lte=limit - amount - F("spent_microusd"))
    rows = Budget.objects.filter(fits, pk=budget.pk).update(
        held_microusd=F("held_microusd") + amount
    )
    if not rows:
        budget.refresh_from_db()
        raise OverBudget(amount, budget.left_microusd or 0)
    Edit.objects.filter(pk=edit.pk).update(hold_microusd=amount, hold_month=budget.month)
    edit.hold_microusd, edit.hold_month = amount, budget.month
    _enter(LedgerEntry.Kind.HOLD, edit, held=amount)


def settle(edit: Edit, cost: int | None, *, attempt: Attempt | None, share: Fraction = ALL) -> None:
    """Turn the hold into what it cost, and give back the rest of it. An unknown cost (None) is counted
    as the `share` of the hold that was meant for it, and marked so.

    Call in the transaction of a compare-and-set on the edit's status: that makes it happen once.
    """
    held = _held_now(edit)
    _settle(edit, held, cost, _share(held, share), attempt)


def settle_part(edit: Edit, cost: int | None, *, attempt: Attempt, share: Fraction) -> None:
    """Turn the `share` of the hold that was meant for one of several calls into what that cost. The
    rest stays held for the others. Same rules as settle()."""
    part = _share(_held_now(edit), share)
    _settle(edit, part, cost, part, attempt)


def release(edit: Edit, *, attempt: Attempt | None = None) -> None:
    """Give back what is held: nothing (more) was bought. Same rule of calling as settle()."""
    held = _held_now(edit)
    _move(edit, held=-held, spent=0)
    _enter(LedgerEntry.Kind.RELEASE, edit, attempt=attempt, held=-held)


def _held_now(edit: Edit) -> int:
    edit.refresh_from_db(fields=["hold_microusd", "hold_month"])
    return edit.hold_microusd


def _share(held: int, share: Fraction) -> int:
    return min(held, int(held * share))


def _settle(edit: Edit, held: int, cost: int | None, assumed: int, attempt: Attempt | None) -> None:
    spent = assumed if cost is None else cost
    _move(edit, held=-held, spent=spent)
    _enter(
        LedgerEntry.Kind.SETTLE,
        edit,
        attempt=attempt,
        held=-held,
        spent=spent,
        assumed=cost is None,
    )


def _move(edit: Edit, *, held: int, spent: int) -> None:
    Budget.objects.filter(month=edit.hold_month).update(
        held_microusd=F("held_microusd") + held, spent_microusd=F("spent_microusd") + spent
    )
    Edit.objects.filter(pk=edit.pk).update(hold_microusd=F("hold_microusd") + held)


def _enter(
    kind: str,
    edit: Edit,
    *,
    attempt: Attempt | None = None,
    held: int = 0,
    spent: int = 0,
    assumed: bool = False,
) -> None:
    LedgerEntry.objects.create(
        kind=kind,
        month=edit.hold_month,
        edit=edit,
        attempt=attempt,
        held_microusd=held,
        spent_microusd=spent,
        assumed=assumed,
    )


class Spending(models.Model):
    """One row: whether anything may be sent to the provider at all."""

    stopped = models.BooleanField(_("all spending is stopped"), default=False)
    circuit = models.CharField(max_length=60, blank=True)  # the code that opened it; empty: closed
    circuit_text = models.TextField(blank=True)
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("spending")
        verbose_name_plural = _("spending")

    def __str__(self) -> str:
        return str(_("Spending"))

    @classmethod
    def load(cls) -> "Spending":
        return cls.objects.get_or_create(pk=1)[0]

    @property
    def is_allowed(self) -> bool:
        return not self.stopped and not self.circuit

    @classmethod
    def open_circuit(cls, code: str, text: str) -> bool:
        """Send nothing more until an administrator says so. True if it was closed until now."""
        cls.load()
        opened = cls.objects.filter(pk=1, circuit="").update(
            circuit=code, circuit_text=text, changed_at=timezone.now(), changed_by=None
        )
        if opened:
            audit("circuit opened", "spending", code=code)
        return bool(opened)

    @classmethod
    def close_circuit(cls, *, by: Person) -> bool:
        closed = (
            cls.objects.filter(pk=1)
            .exclude(circuit="")
            .update(circuit="", circuit_text="", changed_at=timezone.now(), changed_by=by)
        )
        if closed:
            audit("circuit closed", "spending", actor=by)
        return bool(closed)

    @classmethod
    def switch(cls, *, stopped: bool, by: Person) -> bool:
        cls.load()
        switched = cls.objects.filter(pk=1, stopped=not stopped).update(
            stopped=stopped, changed_at=timezone.now(), changed_by=by
        )
        if switched:
            audit("spending stopped" if stopped else "spending allowed", "spending", actor=by)
        return bool(switched)


class Heartbeat(models.Model):
    """When a process last did its work: `worker` runs hints, `sweeper` sweeps."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    @classmethod
    def beat(cls, name: str, now: datetime) -> None:
        if not cls.objects.filter(name=name).update(at=now):
            cls.objects.get_or_create(name=name, defaults={"at": now})

    @classmethod
    def last(cls, name: str) -> datetime | None:
        return cls.objects.filter(name=name).values_list("at", flat=True).first()
