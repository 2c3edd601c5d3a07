"""Stored pictures and what a person is about to ask of one."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from editor.models.people import Person


class Origin(models.TextChoices):
    UPLOAD = "upload", _("Uploaded")
    RESULT = "result", _("Result of an edit")
    SAMPLE = "sample", _("Sample")
    API = "api", _("Sent by a script")


class ImageQuerySet(models.QuerySet["Image"]):
    def for_person(self, person: Person) -> "ImageQuerySet":
        """Pictures this person may see: the history is shared by the whole team."""
        return self if person.is_active else self.none()

    def uploads(self) -> "ImageQuerySet":
        return self.exclude(origin=Origin.RESULT)


class Image(models.Model):
    """A stored picture. `original` holds its bytes untouched; the other files are made from them.

    Files are named by the SHA-256 of the original, so that identical bytes are stored once
    even when two people upload them. `width` and `height` are those of the upright picture, in pixels.
    """

    sha256 = models.CharField(max_length=64, db_index=True)
    name = models.CharField(max_length=200)
    origin = models.CharField(max_length=16, choices=Origin.choices, default=Origin.UPLOAD)
    format = models.CharField(max_length=8)
    bytes = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    frames = models.PositiveIntegerField(default=1)
    has_alpha = models.BooleanField(default=False)
    original = models.CharField(max_length=200)
    preview = models.CharField(max_length=200)
    preview_width = models.PositiveIntegerField()
    preview_height = models.PositiveIntegerField()
    thumb = models.CharField(max_length=200)
    thumb_small = models.CharField(max_length=200)
    full = models.CharField(
        max_length=200, blank=True
    )  # upright, sRGB, no metadata; made when first asked for
    placeholder = models.CharField(max_length=2000, blank=True)
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="images")
    created_at = models.DateTimeField(default=timezone.now)

    objects = ImageQuerySet.as_manager()

    class Meta:
        verbose_name = _("image")
        verbose_name_plural = _("images")
        indexes = [
            models.Index(
                fields=["-created_at", "-id"],
                name="images_newest",
                condition=~models.Q(origin="result"),
            ),
            models.Index(
                fields=["created_by", "-created_at", "-id"],
                name="images_by_person",
                condition=~models.Q(origin="result"),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["sha256", "created_by"],
                name="one_upload_per_person_and_content",
                condition=~models.Q(origin="result"),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def size(self) -> tuple[int, int]:
        return (self.width, self.height)

    @property
    def ratio(self) -> float:
        return self.width / self.height


class Draft(models.Model):
    """What a person has painted and typed for a picture and not yet sent."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="drafts")
    image = models.ForeignKey(Image, models.CASCADE, related_name="drafts")
    mask = models.BinaryField(
        blank=True, default=b""
    )  # a PNG, 1 bit, white = change; empty: nothing painted
    prompt = models.TextField(blank=True)
    options = models.JSONField(default=dict)  # model, n, size, quality, grow, feather, markup_as
    margins = models.JSONField(default=list)  # as in Edit; the mask is of the canvas that they make
    marks = models.JSONField(default=list)  # as in Edit
    # counts the savings; who saves says which one was seen last, so that no tab overwrites another's
    version = models.PositiveIntegerField(default=0)
    saved_by = models.CharField(max_length=36, blank=True)  # the tab that saved it last
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "image"], name="one_draft_per_person_and_image"
            )
        ]
