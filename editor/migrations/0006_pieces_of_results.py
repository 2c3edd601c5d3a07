"""What a provider sent moves from results to pieces, and an edit's frame into its list of frames."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Func, JSONField

TOGETHER = 2_000
MOVED = ("raw", "raw_format", "raw_sha256", "raw_width", "raw_height", "revised_prompt")
MEASURED = ("outside_identical", "pixels_compared", "pixels_changed", "border_ratio", "drift_px")
# Until now answers were blended in as they came.
FINISH_UNTIL_NOW = "model"


class _InList(Func):
    """A list of one value, made by the database."""

    function = "JSONB_BUILD_ARRAY"
    output_field = JSONField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "JSON_ARRAY(JSON(%(expressions)s))"
        return self.as_sql(compiler, connection, template=template, **context)


def move(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    def rows_of(name: str) -> Any:
        return apps.get_model("editor", name).objects.using(schema_editor.connection.alias)

    piece, finished = apps.get_model("editor", "Piece"), apps.get_model("editor", "Finished")
    rows_of("Edit").exclude(frame={}).update(frames=_InList("frame"))
    results = rows_of("Result")
    results.filter(outside_identical__isnull=False).update(finish=FINISH_UNTIL_NOW)
    for some in _parts(results):
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
