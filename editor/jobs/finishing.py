"""Another finish for a result: made anew from what came, without a call and without cost.

Each finish that was ever made is kept, for its picture may be the source of other edits.
"""

import logging
from typing import Any

from django.db import transaction
from django.db.models import F

from editor.imaging import files
from editor.imaging.difference import difference
from editor.jobs import pictures
from editor.jobs.canvas import pixels_of_canvas
from editor.jobs.stitch import Came, Made, Maker
from editor.models import Finish, Finished, Person, Result, Review, ReviewState, audit

log = logging.getLogger(__name__)

UNMEASURED: dict[str, Any] = {
    "outside_identical": None,
    "pixels_compared": 0,
    "pixels_changed": 0,
    "border_ratio": None,
    "wide_step": None,
    "wide_step_p95": None,
    "drift_px": None,
    "drift_colour": None,
    "flag": "",
}
REASON = "Another finish was chosen"


class CannotRefinish(Exception):
    """`code` is one of not_stitched, unknown_finish, several_frames, file_gone."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def finishes_of(result: Result) -> list[str]:
    """What can be chosen. What was sent for several frames is no picture by itself."""
    if not result.edit.is_stitched:
        return []
    several = len(result.edit.frames) > 1
    return [each for each in Finish.values if each != Finish.RAW or not several]


def refinish(result: Result, finish: str, *, by: Person) -> Finished:
    """Show `result` as `finish` makes it; `result` comes with its edit and is changed as well.

    Safe to repeat: what was made before is only shown again. A result that was decided about is to
    be decided about anew, for it is another picture. Raises CannotRefinish, and then nothing is changed.
    """
    choices = finishes_of(result)
    if finish not in choices:
        raise CannotRefinish(_why_not(result, finish))
    finished = result.finished.select_related("image").filter(finish=finish).first()
    if finished is None:
        finished = _made(result, finish, by)
    _show(result, finished, by)
    return finished


def difference_of(result: Result) -> str:
    """The storage name of a picture of the present picture's difference to its source, made when it is
    first asked for: eight times as large as it is, black where nothing differs. Raises CannotRefinish
    where the two cannot be compared."""
    finished = result.finished.select_related("image").get(finish=result.finish)
    if finished.difference:
        return finished.difference
    if not result.edit.is_stitched or finished.image.size != result.edit.canvas_size:
        raise CannotRefinish("not_stitched")
    with pictures.pixel_gate:
        try:
            shown = difference(pixels_of_canvas(result.edit), pictures.pixels_of(finished.image))
        except FileNotFoundError:
            raise CannotRefinish("file_gone") from None
        data = files.encode_png(shown, level=6)
    name = pictures.save(finished.image.sha256, f"{result.pk}.difference.png", data)
    Finished.objects.filter(pk=finished.pk).update(difference=name)
    return name


def _why_not(result: Result, finish: str) -> str:
    if not result.edit.is_stitched:
        return "not_stitched"
    return "several_frames" if finish == Finish.RAW else "unknown_finish"


def _made(result: Result, finish: str, by: Person) -> Finished:
    """The row and its picture. Of two who make the same one at once, one makes the row."""
    edit = result.edit
    with pictures.pixel_gate:
        try:
            group = [Came.of(piece) for piece in result.pieces.order_by("frame")]
            maker = Maker(edit, result.attempt)
            made = _as_sent(group[0]) if finish == Finish.RAW else maker.make(group, finish)
        except FileNotFoundError:
            raise CannotRefinish("file_gone") from None
    with transaction.atomic():
        Result.objects.select_for_update().get(pk=result.pk)
        other = result.finished.select_related("image").filter(finish=finish).first()
        if other:
            return other
        image = made.stored.add(name=result.image.name, person=result.image.created_by)
        log.info("result %s finished as %s by person %s", result.pk, finish, by.pk)
        return Finished.objects.create(
            result=result, finish=finish, image=image, measured=made.measured, made_by=by
        )


def _as_sent(came: Came) -> Made:
    """What the provider sent for the one frame: a picture of its own, of another size than the source."""
    piece = came.piece
    stored = pictures.stored_answer(came.picture, piece.raw, piece.raw_sha256, came.bytes)
    return Made(stored, Finish.RAW, {}, ({},))


def _show(result: Result, finished: Finished, by: Person) -> None:
    measured = {name: finished.measured.get(name, value) for name, value in UNMEASURED.items()}
    with transaction.atomic():
        now = Result.objects.select_for_update().get(pk=result.pk)
        if now.finish != finished.finish:
            changes = {"image": finished.image, "finish": finished.finish, **measured}
            if now.review != ReviewState.PENDING:
                changes |= {"review": ReviewState.PENDING}
                pending = ReviewState.PENDING
                Review.objects.create(result=now, decision=pending, reason=REASON, by=by)
            # Also what waits for a decision: nobody shall decide about a picture that is gone.
            Result.objects.filter(pk=now.pk).update(version=F("version") + 1, **changes)
            detail = {"was": now.finish, "now": finished.finish}
            audit("finish chosen", f"result {now.pk}", actor=by, **detail)
    result.refresh_from_db()
