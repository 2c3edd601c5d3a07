"""People, and the links that let them in."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    MEMBER = "member", _("Member")
    REVIEWER = "reviewer", _("Reviewer")
    ADMIN = "admin", _("Admin")


class Theme(models.TextChoices):
    SYSTEM = "system", _("As the system")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


def role_choices() -> list[tuple[str, Any]]:
    return Role.choices


def theme_choices() -> list[tuple[str, Any]]:
    return Theme.choices


class PersonManager(UserManager["Person"]):
    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **more: object
    ) -> "Person":
        return self.create_user(username, email, password, role=Role.ADMIN)


class Person(AbstractUser):
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(_("email address"), blank=True)
    display_name = models.CharField(_("display name"), max_length=80, blank=True)
    role = models.CharField(_("role"), max_length=16, choices=role_choices, default=Role.MEMBER)
    theme = models.CharField(
        _("colour theme"), max_length=16, choices=theme_choices, default=Theme.SYSTEM
    )

    objects = PersonManager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(Lower("username"), name="one_person_per_username"),
            models.UniqueConstraint(
                Lower("email"), name="one_person_per_email", condition=~models.Q(email="")
            ),
        ]

    def save(self, *args: object, **kwargs: object) -> None:
        # The role is the one place that says what a person may do; Django's admin reads these two.
        self.is_staff = self.is_superuser = self.role == Role.ADMIN
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.display_name or self.username

    @property
    def initial(self) -> str:
        return self.name[:1].upper()

    @property
    def may_review(self) -> bool:
        return self.is_active and self.role in (Role.REVIEWER, Role.ADMIN)

    @property
    def is_admin(self) -> bool:
        return self.is_active and self.role == Role.ADMIN

    def may_manage(self, owner_id: int | None) -> bool:
        """Whether this person may cancel or resolve what `owner_id` started."""
        return self.is_admin or self.pk == owner_id


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class LinkQuerySet(models.QuerySet["Link"]):
    def usable(self, token: str, purpose: str, now: datetime) -> "LinkQuerySet":
        return self.filter(
            digest=digest_of(token), purpose=purpose, used_at=None, expires_at__gt=now
        )


class Link(models.Model):
    """A link that works once: an invitation, or a way to sign in. Only the token's digest is kept."""

    class Purpose(models.TextChoices):
        INVITATION = "invitation", _("Invitation")
        SIGNIN = "signin", _("Sign in")

    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    digest = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=16, choices=role_choices, default=Role.MEMBER)
    email = models.EmailField(blank=True)
    person = models.ForeignKey(Person, models.CASCADE, null=True, related_name="links")
    created_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects = LinkQuerySet.as_manager()

    @classmethod
    def invite(
        cls, *, by: Person, role: str, email: str = "", lasts: timedelta = timedelta(days=7)
    ) -> tuple["Link", str]:
        """A new invitation and its token, which is shown once and not stored."""
        token = secrets.token_urlsafe(32)
        link = cls.objects.create(
            purpose=cls.Purpose.INVITATION,
            digest=digest_of(token),
            role=role,
            email=email,
            created_by=by,
            expires_at=timezone.now() + lasts,
        )
        return link, token

    @classmethod
    def sign_in(cls, person: Person, *, lasts: timedelta = timedelta(hours=24)) -> str:
        token = secrets.token_urlsafe(32)
        cls.objects.create(
            purpose=cls.Purpose.SIGNIN,
            digest=digest_of(token),
            person=person,
            expires_at=timezone.now() + lasts,
        )
        return token

    def use(self, *, person: Person | None = None, now: datetime | None = None) -> bool:
        """Use the link up. False when somebody else was faster, or it has expired."""
        now = now or timezone.now()
        changes: dict[str, object] = {"used_at": now}
        if person is not None:
            changes["person"] = person
        unused = Link.objects.filter(pk=self.pk, used_at=None, expires_at__gt=now)
        return unused.update(**changes) == 1

    def withdraw(self) -> bool:
        return Link.objects.filter(pk=self.pk, used_at=None).update(expires_at=timezone.now()) == 1

    @property
    def is_usable(self) -> bool:
        return self.used_at is None and self.expires_at > timezone.now()

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"
