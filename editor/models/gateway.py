"""What scripts use of ours: personal tokens, and what was called with them."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from editor.models.edits import Edit
from editor.models.people import Person, digest_of
from editor.models.records import audit

PREFIX = "mr-"
SHOWN = 8  # characters of a token that lists show, so that people know which one it is
WINDOW = timedelta(minutes=1)
STAMP_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Allowance:
    """What is left of the calls that a token may make in a minute. `wait_s`: how long to wait, 0.0
    for a call that may go on; `reset_s`: when the minute is over."""

    limit: int
    remaining: int
    reset_s: float
    wait_s: float = 0.0


class TokenQuerySet(models.QuerySet["Token"]):
    def usable(self) -> "TokenQuerySet":
        return self.filter(revoked_at=None, person__is_active=True)


class Token(models.Model):
    """A personal key for the gateway. It is shown once; only its digest is kept."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    beginning = models.CharField(max_length=16)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    window_began_at = models.DateTimeField(default=timezone.now)
    window_calls = models.PositiveIntegerField(default=0)

    objects = TokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.beginning}…)"

    @classmethod
    def make(cls, person: Person, name: str, *, by: Person | None = None) -> tuple["Token", str]:
        """A new token and its secret, which is shown once and not stored."""
        secret = PREFIX + secrets.token_urlsafe(32)
        token = cls.objects.create(
            person=person,
            name=name,
            digest=digest_of(secret),
            beginning=secret[: len(PREFIX) + SHOWN],
        )
        audit("token made", f"token {token.pk}", actor=by or person, name=name)
        return token, secret

    @classmethod
    def of(cls, secret: str) -> "Token | None":
        """The usable token with this secret."""
        return (
            cls.objects.usable().select_related("person").filter(digest=digest_of(secret)).first()
        )

    def revoke(self, *, by: Person) -> bool:
        """False when it was revoked already."""
        revoked = Token.objects.filter(pk=self.pk, revoked_at=None).update(
            revoked_at=timezone.now()
        )
        if revoked:
            audit("token revoked", f"token {self.pk}", actor=by, name=self.name)
        return bool(revoked)

    def used(self, now: datetime) -> None:
        """Note the use, at most once a minute."""
        unnoted = Q(last_used_at=None) | Q(last_used_at__lt=now - STAMP_EVERY)
        Token.objects.filter(unnoted, pk=self.pk).update(last_used_at=now)

    def count_call(self, now: datetime, most: int) -> Allowance:
        """Count one call against `most` a minute.

        One conditional UPDATE each, so that the limit holds across processes.
        """
        row = Token.objects.filter(pk=self.pk)
        if row.filter(window_began_at__lte=now - WINDOW).update(
            window_began_at=now, window_calls=1
        ):
            return Allowance(most, most - 1, WINDOW.total_seconds())
        counted = row.filter(window_calls__lt=most).update(window_calls=F("window_calls") + 1)
        began, calls = row.values_list("window_began_at", "window_calls").get()
        left_s = max(0.5, (began + WINDOW - now).total_seconds())
        return Allowance(most, max(0, most - calls), left_s, wait_s=0.0 if counted else left_s)


class CallQuerySet(models.QuerySet["Call"]):
    def of_key(self, person: Person, idempotency_key: str) -> "CallQuerySet":
        return self.filter(token__person=person, idempotency_key=idempotency_key)

    def undelivered(self, token: Token, fingerprint: str, since: datetime) -> "CallQuerySet":
        """Calls whose answer nobody got, the newest first: what a client's own retry may join."""
        return self.filter(
            token=token, fingerprint=fingerprint, created_at__gte=since, delivered_at=None
        ).order_by("-id")


class Call(models.Model):
    """One request to the gateway that becomes an edit.

    The row is there before the edit and names its key, so that a repeat makes the same edit however
    far the first one came. `fingerprint` is of all that was asked, so that a client's own retry after
    a lost connection finds the edit that is running already.
    """

    token = models.ForeignKey(Token, models.CASCADE, related_name="calls")
    edit_key = models.UUIDField(default=uuid.uuid4)
    edit = models.ForeignKey(Edit, models.CASCADE, null=True, related_name="calls")
    fingerprint = models.CharField(max_length=64)
    idempotency_key = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True, blank=True)  # the whole answer was written

    objects = CallQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["token", "fingerprint", "-id"], name="calls_by_content")]
        constraints = [
            models.UniqueConstraint(
                fields=["token", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="one_call_per_idempotency_key",
            )
        ]

    def __str__(self) -> str:
        return f"call {self.pk} of edit {self.edit_id}"

    def became(self, edit: Edit) -> None:
        """Note the edit. A call that was forgotten meanwhile is put back."""
        self.edit = edit
        if not Call.objects.filter(pk=self.pk).update(edit=edit):
            Call.objects.bulk_create([self], ignore_conflicts=True)

    def forget(self) -> None:
        """It was refused, so there is nothing that a repeat could join."""
        Call.objects.filter(pk=self.pk, edit=None).delete()

    def delivered(self, now: datetime) -> None:
        Call.objects.filter(pk=self.pk, delivered_at=None).update(delivered_at=now)
