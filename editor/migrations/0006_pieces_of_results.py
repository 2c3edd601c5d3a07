"""What a provider sent moves from results to pieces, and an edit's frame into its list of frames."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TOGETHER = 500
MOVED = ("raw", "raw_format", "raw_sha256", "raw_width", "raw_height", "revised_prompt")
MEASURED = ("outside_identical", "pixels_compared", "pixels_changed", "border_ratio", "drift_px")
# Until now answers were blended in as they came.
FINISH_UNTIL_NOW = "model"


def move(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    def rows_of(name: str) -> Any:
        return apps.get_model("editor", name).objects.using(schema_editor.connection.alias)

    edits, results = rows_of("Edit"), rows_of("Result")
    piece, finished = apps.get_model("editor", "Piece"), apps.get_model("editor", "Finished")
    for some in _parts(edits.exclude(frame={})):
        for each in some:
            each.frames = [each.frame]
        edits.bulk_update(some, ["frames"])
    for some in _parts(results.select_related("edit")):
        for each in some:
            each.finish = FINISH_UNTIL_NOW if each.outside_identical is not None else ""
        results.bulk_update(some, ["finish"])
        rows_of("Piece").bulk_create(
            piece(
                edit_id=each.edit_id,
                attempt_id=each.attempt_id,
                result=each,
                number=each.number,
                **{name: getattr(each, name) for name in MOVED},
            )
            for each in some
        )
        rows_of("Finished").bulk_create(
            finished(
                result=each,
                finish=each.finish,
                image_id=each.image_id,
                measured={name: getattr(each, name) for name in MEASURED},
                made_at=each.created_at,
            )
            for each in some
        )


def _parts(rows: Any) -> Iterator[list[Any]]:
    found = rows.order_by("pk").iterator(TOGETHER)
    while some := list(islice(found, TOGETHER)):
        yield some


class Migration(migrations.Migration):
    dependencies = [("editor", "0005_frames_and_finishes")]
    operations = [migrations.RunPython(move)]
