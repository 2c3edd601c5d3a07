"""Edits, their attempts and results. Methods say how a status changes: always by compare-and-set.

Every change of status is one conditional UPDATE, so that of two processes that try the same change
exactly one succeeds. The transitions are those of the design's section 4.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from editor.models.images import Image
from editor.models.people import Person


class Status(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    STORING = "storing", _("Storing")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELED = "canceled", _("Canceled")
    UNKNOWN = "unknown", _("Unknown")


UNFINISHED = (Status.QUEUED, Status.RUNNING, Status.STORING)
TERMINAL = (Status.SUCCEEDED, Status.FAILED, Status.CANCELED)


class Operation(models.TextChoices):
    EDIT = "edit", _("Edit")
    EXTEND = "extend", _("Extension")
    GENERATE = "generate", _("Generation")
    VARY = "vary", _("Variation")


def operation_choices() -> list[tuple[str, Any]]:
    return Operation.choices


class MarkupAs(models.TextChoices):
    """How a drawing reaches the model: by itself, or as a further picture with the drawing on it."""

    MARKUP = "markup", _("Drawing")
    REFERENCE = "reference", _("Reference picture")


def markup_choices() -> list[tuple[str, Any]]:
    return MarkupAs.choices


LONGEST_SUBJECT = 60


def shortened(text: str) -> str:
    """The beginning of a text in one line."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1].rstrip()}…"


class EditQuerySet(models.QuerySet["Edit"]):
    def for_person(self, person: Person) -> "EditQuerySet":
        """Edits this person may see: the history is shared by the whole team."""
        return self if person.is_active else self.none()

    def unfinished(self) -> "EditQuerySet":
        return self.filter(status__in=UNFINISHED)

    def due(self, now: datetime) -> "EditQuerySet":
        return self.filter(status=Status.QUEUED, not_before__lte=now)

    def forgotten(self, now: datetime, after: timedelta) -> "EditQuerySet":
        """Due, and not hinted at for a while: their hints may have been lost."""
        return self.due(now).filter(Q(hinted_at=None) | Q(hinted_at__lt=now - after))

    def lapsed(self, now: datetime) -> "EditQuerySet":
        return self.filter(status=Status.RUNNING, lease_until__lt=now)

    def to_store(self, now: datetime) -> "EditQuerySet":
        """Answered and in nobody's hands, the earliest deadline first."""
        return self.filter(
            status=Status.STORING, lease_until__lt=now, not_before__lte=now
        ).order_by(models.F("expires_at").asc(nulls_last=True), "id")

    # compare-and-set: each returns whether it was this call that changed the row

    def claim(self, pk: int, *, token: uuid.UUID, now: datetime, lease: timedelta) -> bool:
        return bool(
            self.due(now)
            .filter(pk=pk)
            .update(
                status=Status.RUNNING,
                token=token,
                lease_until=now + lease,
                started_at=now,
                sent_at=None,
                trouble="",
                trouble_text="",
                partial_count=0,
            )
        )

    def claim_to_store(self, pk: int, *, token: uuid.UUID, now: datetime, lease: timedelta) -> bool:
        return bool(
            self.filter(
                pk=pk, status=Status.STORING, lease_until__lt=now, not_before__lte=now
            ).update(token=token, lease_until=now + lease)
        )

    def renew(self, tokens: Iterable[uuid.UUID], *, now: datetime, lease: timedelta) -> int:
        return self.filter(
            token__in=list(tokens), status__in=(Status.RUNNING, Status.STORING)
        ).update(lease_until=now + lease)

    def change(self, pk: int, *, was: Status | Iterable[Status], **to: Any) -> bool:
        """Set fields if the status is (one of) `was`; other conditions go in as `where=Q(…)`."""
        old = [was] if isinstance(was, str) else list(was)
        where = to.pop("where", Q())
        return bool(self.filter(where, pk=pk, status__in=old).update(**to))


class Edit(models.Model):
    """One request to change pictures.

    `key` comes from the form: the same key is the same edit, however often it is sent.
    `token` names the process that holds the edit now; a process whose token is gone changes nothing.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    operation = models.CharField(max_length=16, choices=operation_choices, default=Operation.EDIT)
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="edits")
    created_at = models.DateTimeField(default=timezone.now)
    # None for a generation, which is made from words alone
    source = models.ForeignKey(Image, models.PROTECT, null=True, related_name="edits")
    again = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="runs_again"
    )
    mask = models.CharField(max_length=200, blank=True)  # empty: the whole picture may change
    # left, top, right, bottom: pixels added around the source; empty: none. The mask is of the
    # canvas that this makes, and covers all that is new
    margins = models.JSONField(default=list)
    # how far the painted mask is grown, in pixels: the grown mask is what may change
    grow = models.PositiveSmallIntegerField(default=0)
    # how many pixels inside the mask the change fades in over; None: as wide as suits the mask
    feather = models.PositiveSmallIntegerField(null=True, blank=True)
    # a drawing over the source that shows what is meant: what was drawn in the studio (see
    # imaging.marks), or a script's transparent picture; both empty: none
    marks = models.JSONField(default=list)
    markup = models.CharField(max_length=200, blank=True)
    markup_as = models.CharField(max_length=12, choices=markup_choices, blank=True)
    mask_bounds = models.JSONField(default=list)  # left, top, right, bottom in canvas pixels
    mask_share = models.FloatField(default=0)
    prompt = models.TextField(blank=True)  # variations have none
    model = models.CharField(max_length=80)
    options = models.JSONField(default=dict)  # n, size, quality and the like, as chosen
    # what a person chose: imaging.framing.Framing.to_dict(); empty: around the mask
    framing = models.JSONField(default=dict)
    # imaging.framing.Frame.to_dict() of each, known from submit on: one call is made for each; empty:
    # pictures are sent as they are, and what comes back is not stitched
    frames = models.JSONField(default=list)
    # no further frame is sent: what has come is put together
    ends_early = models.BooleanField(default=False)
    helper = models.CharField(max_length=500, blank=True)  # a sentence sent after the prompt

    status = models.CharField(max_length=12, choices=Status.choices, default=Status.QUEUED)
    trouble = models.CharField(max_length=60, blank=True)  # a code; web says it in words
    trouble_text = models.TextField(blank=True)  # the provider's own words, where safe
    finished_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)

    not_before = models.DateTimeField(default=timezone.now)
    waits = models.PositiveIntegerField(default=0)  # how often it went back to the queue
    hinted_at = models.DateTimeField(null=True, blank=True)
    token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)  # of the present attempt
    expires_at = models.DateTimeField(
        null=True, blank=True
    )  # of the earliest result URL not yet fetched

    partial_count = models.PositiveSmallIntegerField(default=0)  # previews of the present attempt

    bought_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    bought_because = models.CharField(max_length=200, blank=True)

    estimate_low_microusd = models.BigIntegerField(null=True, blank=True)
    estimate_microusd = models.BigIntegerField(null=True, blank=True)  # at most
    price_date = models.DateField(null=True, blank=True)  # of the prices behind the estimate
    hold_microusd = models.BigIntegerField(default=0)  # reserved now
    hold_month = models.CharField(max_length=7, blank=True)  # the budget that it is reserved in
    cost_microusd = models.BigIntegerField(null=True, blank=True)  # None: not known

    objects = EditQuerySet.as_manager()

    class Meta:
        verbose_name = _("edit")
        verbose_name_plural = _("edits")
        indexes = [
            models.Index(fields=["status", "not_before"], name="edits_by_status"),
            models.Index(fields=["-created_at", "-id"], name="edits_newest"),
            models.Index(fields=["created_by", "-created_at", "-id"], name="edits_by_person"),
            models.Index(fields=["model", "-created_at", "-id"], name="edits_by_model"),
            models.Index(fields=["status", "-created_at", "-id"], name="edits_by_status_newest"),
            models.Index(fields=["operation", "-created_at", "-id"], name="edits_by_operation"),
            models.Index(
                fields=["-id"],
                name="edits_unfinished",
                condition=Q(status__in=["queued", "running", "storing"]),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="edit_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(hold_microusd__gte=0), name="edit_hold_is_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_operation_display()} {self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.status in TERMINAL

    @property
    def is_waited_for(self) -> bool:
        return self.status in UNFINISHED

    @property
    def n(self) -> int:
        return int(self.options.get("n", 1))

    @property
    def canvas_size(self) -> tuple[int, int]:
        """Width and height of the source with what is added around it: the mask's size."""
        assert self.source is not None, "only what has a source has a canvas"
        left, top, right, bottom = self.margins or (0, 0, 0, 0)
        return self.source.width + left + right, self.source.height + top + bottom

    @property
    def mask_centre(self) -> int:
        """Where the middle of the mask is, from left to right, in percent of the canvas's width."""
        if len(self.mask_bounds) != 4 or self.source is None:
            return 50
        left, _top, right, _bottom = self.mask_bounds
        return round(50 * (left + right) / self.canvas_size[0])

    @property
    def api_operation(self) -> str:
        """What it is to the API, which knows an extension as an edit."""
        return Operation.EDIT if self.operation == Operation.EXTEND else str(self.operation)

    @property
    def is_stitched(self) -> bool:
        """Whether results are put back into the source; else they are what the provider sent."""
        return bool(self.mask and self.frames)

    @property
    def subject(self) -> str:
        """What the edit is of, for names and titles: its source, or else its words."""
        return self.source.name if self.source else shortened(self.prompt)

    def present_attempt(self) -> "Attempt | None":
        return self.attempts.order_by("-number").first()


class Reference(models.Model):
    """A further picture that an edit was given, after its source; numbers count from 1, in order."""

    edit = models.ForeignKey(Edit, models.CASCADE, related_name="references")
    number = models.PositiveSmallIntegerField()
    image = models.ForeignKey(Image, models.PROTECT, related_name="referred_to")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["edit", "number"], name="one_reference_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.edit_id} reference {self.number}"


class Attempt(models.Model):
    """One call to the provider. The row exists from just before the call: whatever happens, it is known."""

    class Outcome(models.TextChoices):
        SENT = "sent", _("Sent")
        ANSWERED = "answered", _("Answered")
        SUCCEEDED = "succeeded", _("Succeeded")
        NOT_SENT = "not_sent", _("Not sent")
        BUSY = "busy", _("Busy, tried later")
        REJECTED = "rejected", _("Rejected")
        UNUSABLE = "unusable", _("Unusable answer")
        UNKNOWN = "unknown", _("Outcome unknown")

    edit = models.ForeignKey(Edit, models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    frame = models.PositiveSmallIntegerField(default=0)  # which of the edit's frames it sends
    key = models.UUIDField(
        default=uuid.uuid4, unique=True
    )  # names the spool file; sent as a header
    token = models.UUIDField()
    provider = models.CharField(max_length=200)
    sent = models.JSONField(default=dict)  # the parameters as sent, without bytes
    sent_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.SENT)
    http_status = models.PositiveIntegerField(null=True)
    request_id = models.CharField(max_length=200, blank=True)
    error_code = models.CharField(max_length=100, blank=True)
    error_text = models.TextField(blank=True)
    error = models.JSONField(default=dict)  # ProviderError.facts(): type, param, moderation
    bytes = models.PositiveBigIntegerField(null=True)
    usage = models.JSONField(null=True)
    hold_microusd = models.BigIntegerField(default=0)
    cost_microusd = models.BigIntegerField(null=True)  # None: not known
    bought_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    bought_because = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["edit", "number"], name="one_attempt_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.edit_id}/{self.number}"

    @property
    def took(self) -> timedelta | None:
        return self.answered_at - self.sent_at if self.answered_at else None


class Partial(models.Model):
    """A preview that the provider sent while it worked. Deleted, with its files, once the edit ends."""

    edit = models.ForeignKey(Edit, models.CASCADE, related_name="partials")
    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="partials")
    number = models.PositiveSmallIntegerField()  # from 1, in the order of their coming
    raw = models.CharField(max_length=200)  # as it came
    raw_format = models.CharField(max_length=8)
    preview = models.CharField(max_length=200)  # within its source, of the source's preview size
    width = models.PositiveIntegerField()  # of the preview
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "number"], name="one_partial_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.edit_id} partial {self.number}"


class ReviewState(models.TextChoices):
    PENDING = "pending", _("Pending")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")


class ResultQuerySet(models.QuerySet["Result"]):
    def for_person(self, person: Person) -> "ResultQuerySet":
        return self if person.is_active else self.none()

    def pending(self) -> "ResultQuerySet":
        return self.filter(review=ReviewState.PENDING)


class Finish(models.TextChoices):
    """How an answer is put into the source. Another one can be chosen at any time, for nothing."""

    NATURAL = "natural", _("Natural")
    MODEL = "model", _("The model’s colours")
    HARD = "hard", _("Hard edge")
    RAW = "raw", _("As it was sent")


def finish_choices() -> list[tuple[str, Any]]:
    return Finish.choices


class Result(models.Model):
    """One picture that an edit gave: what came for each frame, and the stitched picture made from it.

    The measurements are those of the present picture; see imaging.stitching. None: not measured.
    """

    edit = models.ForeignKey(Edit, models.CASCADE, related_name="results")
    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="results")  # the last one
    number = models.PositiveIntegerField()  # from 1
    image = models.ForeignKey(Image, models.PROTECT, related_name="results")
    # empty: not stitched, it is what the provider sent
    finish = models.CharField(max_length=8, choices=finish_choices, blank=True)
    outside_identical = models.BooleanField(null=True)  # None: not stitched, nothing is outside
    pixels_compared = models.PositiveBigIntegerField(default=0)
    pixels_changed = models.PositiveBigIntegerField(default=0)
    border_ratio = models.FloatField(null=True)
    wide_step = models.FloatField(null=True)  # median, in Lab units
    wide_step_p95 = models.FloatField(null=True)
    drift_px = models.FloatField(null=True)  # before it was corrected, in pixels of the source
    drift_colour = models.FloatField(null=True)  # before it was corrected, in Lab units
    flag = models.CharField(max_length=20, blank=True)  # why it is doubtful: imaging.fitting.FLAGS
    created_at = models.DateTimeField(default=timezone.now)
    review = models.CharField(
        max_length=12, choices=ReviewState.choices, default=ReviewState.PENDING
    )
    version = models.PositiveIntegerField(default=0)  # counts decisions

    objects = ResultQuerySet.as_manager()

    class Meta:
        verbose_name = _("result")
        verbose_name_plural = _("results")
        ordering = ["edit_id", "number"]
        indexes = [models.Index(fields=["review", "id"], name="results_by_review")]
        constraints = [
            models.UniqueConstraint(
                fields=["attempt", "number"], name="one_result_per_answer_picture"
            )
        ]

    def __str__(self) -> str:
        return f"{self.edit_id}.{self.number}"

    @property
    def piece(self) -> "Piece":
        """What came for the first frame: for nearly all edits, all that came."""
        return next(iter(self.pieces.all()))


class Piece(models.Model):
    """One picture that a call brought, for one frame: its bytes are kept untouched. A result is made of
    one for each frame that was answered."""

    edit = models.ForeignKey(Edit, models.CASCADE, related_name="pieces")
    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="pieces")
    # None: its edit still waits for other frames
    result = models.ForeignKey(Result, models.SET_NULL, null=True, related_name="pieces")
    frame = models.PositiveSmallIntegerField(default=0)  # which of the edit's
    number = models.PositiveIntegerField()  # from 1: which of those that the call brought
    raw = models.CharField(max_length=200)
    raw_format = models.CharField(max_length=8)
    raw_sha256 = models.CharField(max_length=64)
    raw_width = models.PositiveIntegerField()
    raw_height = models.PositiveIntegerField()
    has_c2pa = models.BooleanField(default=False)  # whether the bytes carry a C2PA manifest
    revised_prompt = models.TextField(blank=True)
    measured = models.JSONField(default=dict)  # imaging.stitching.Correction.to_dict()

    class Meta:
        ordering = ["frame", "number"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "number"], name="one_piece_per_picture")
        ]

    def __str__(self) -> str:
        return f"{self.edit_id}.{self.number} frame {self.frame}"


class Finished(models.Model):
    """A result as one finish makes it. Kept once made: a picture may be the source of others."""

    result = models.ForeignKey(Result, models.CASCADE, related_name="finished")
    finish = models.CharField(max_length=8, choices=finish_choices, blank=True)
    image = models.ForeignKey(Image, models.PROTECT, related_name="finished")
    measured = models.JSONField(default=dict)  # Result's fields of the same names
    difference = models.CharField(
        max_length=200, blank=True
    )  # a picture; made when first asked for
    made_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["result", "finish"], name="one_picture_per_finish")
        ]

    def __str__(self) -> str:
        return f"{self.result_id} {self.finish}"
