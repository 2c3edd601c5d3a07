"""What the provider says it serves: its answer to `GET /v1/models`, as last read."""

from datetime import datetime
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Listing(models.Model):
    """The last list of models of one provider. `listed` maps ids to a shutdown date or None."""

    provider = models.CharField(max_length=200, unique=True)  # its base URL
    listed = models.JSONField(default=dict)
    read_at = models.DateTimeField(null=True)
    trouble = models.TextField(blank=True)  # why the last try failed; the list is older then
    tried_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("provider's list of models")
        verbose_name_plural = _("provider's lists of models")

    def __str__(self) -> str:
        return self.provider

    @classmethod
    def of(cls, provider: str) -> "Listing | None":
        return cls.objects.filter(provider=provider).first()

    @classmethod
    def keep(cls, provider: str, listed: dict[str, Any], now: datetime) -> None:
        cls.objects.update_or_create(
            provider=provider,
            defaults={"listed": listed, "read_at": now, "tried_at": now, "trouble": ""},
        )

    @classmethod
    def missed(cls, provider: str, trouble: str, now: datetime) -> None:
        cls.objects.update_or_create(
            provider=provider, defaults={"trouble": trouble, "tried_at": now}
        )
