"""What is written once and kept for ever: decisions of reviewers, the ledger's entries, the audit log.

These tables refuse change and deletion here, and by triggers in the database.
"""

from typing import Any, NoReturn

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from editor.models.edits import Attempt, Edit, Result, ReviewState
from editor.models.people import Person


class Unchangeable(Exception):
    """A record that is kept for ever was to be changed or deleted."""


class RecordQuerySet(models.QuerySet[Any]):
    def update(self, **changes: object) -> NoReturn:
        raise Unchangeable(f"{self.model.__name__} rows are never changed")

    def delete(self) -> NoReturn:
        raise Unchangeable(f"{self.model.__name__} rows are never deleted")


class Record(models.Model):
    at = models.DateTimeField(default=timezone.now, editable=False)

    objects = RecordQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise Unchangeable(f"{type(self).__name__} rows are never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise Unchangeable(f"{type(self).__name__} rows are never deleted")


class Review(Record):
    """A reviewer's decision about a result. The newest one is in force."""

    result = models.ForeignKey(Result, models.PROTECT, related_name="reviews")
    decision = models.CharField(max_length=12, choices=ReviewState.choices)
    reason = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")


def decide(result: Result, decision: str, *, by: Person, reason: str = "") -> bool:
    """Record `decision` about `result` if nobody decided since it was read (`result.version`).

    Deciding `pending` takes a decision back; the decisions made stay on record.
    """
    with transaction.atomic():
        changed = Result.objects.filter(pk=result.pk, version=result.version).update(
            review=decision, version=F("version") + 1
        )
        if not changed:
            return False
        Review.objects.create(result=result, decision=decision, reason=reason, by=by)
        audit(f"result {decision}", f"result {result.pk}", actor=by, reason=reason)
    result.review, result.version = decision, result.version + 1
    return True


class LedgerEntry(Record):
    class Kind(models.TextChoices):
        HOLD = "hold", _("Hold")
        SETTLE = "settle", _("Settle")
        RELEASE = "release", _("Release")

    kind = models.CharField(max_length=8, choices=Kind.choices)
    month = models.CharField(max_length=7)
    edit = models.ForeignKey(Edit, models.PROTECT, related_name="ledger")
    attempt = models.ForeignKey(Attempt, models.PROTECT, null=True, related_name="ledger")
    held_microusd = models.BigIntegerField()  # change of what is held
    spent_microusd = models.BigIntegerField()  # change of what is spent
    assumed = models.BooleanField(
        default=False
    )  # the true cost is not known: the hold was taken for it

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger")


class AuditEntry(Record):
    """Who did what. `target` is a word and an id, such as ``edit 7``."""

    actor = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    act = models.CharField(max_length=60)
    target = models.CharField(max_length=120, blank=True)
    detail = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        indexes = [models.Index(fields=["target", "-id"], name="audit_by_target")]

    def __str__(self) -> str:
        return f"{self.act} {self.target}"


def audit(
    act: str,
    target: str = "",
    *,
    actor: Person | None = None,
    address: str | None = None,
    **detail: object,
) -> AuditEntry:
    return AuditEntry.objects.create(
        actor=actor, act=act, target=target, address=address, detail=detail
    )
