"""What an administrator settles for the whole team."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Team(models.Model):
    """One row: what is written into pictures that leave the app."""

    prompt_in_files = models.BooleanField(
        _("write the prompt into finished pictures"), default=False
    )
    label_downloads = models.BooleanField(
        _("put a small label on downloaded pictures"), default=False
    )
    keep_place = models.BooleanField(
        _("keep the place where a photo was taken in finished pictures"), default=False
    )

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("team")
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="there_is_one_team"),
        ]

    def __str__(self) -> str:
        return "team"

    @classmethod
    def load(cls) -> "Team":
        """The row, or what it says as long as nobody has settled anything. Not saved by this."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)
