"""What an earlier version has kept is still there after an update."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

BEFORE, AFTER = "0004_studio_in_full", "0007_frames_and_pieces_only"
FRAME = {"bounds": [0, 0, 64, 64], "size": [1024, 1024], "pad": [0, 0, 0, 0]}


@pytest.fixture
def earlier(tmp_path: Any, django_db_blocker: Any) -> Iterator[Any]:
    """A database of its own, as it was before results had pieces."""
    default = connections.databases["default"]
    connections.databases["earlier"] = {
        **default,
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(tmp_path / "earlier.sqlite3"),
        "OPTIONS": {},
    }
    with django_db_blocker.unblock():
        yield connections["earlier"]
        connections["earlier"].close()
    del connections["earlier"], connections.databases["earlier"]


def models_at(connection: Any, name: str) -> Any:
    executor = MigrationExecutor(connection)
    state = executor.migrate([("editor", name)])
    return state.apps


def fill(apps: Any) -> None:
    def new(of: str, /, **fields: Any) -> Any:
        return apps.get_model("editor", of).objects.using("earlier").create(**fields)

    person = new("Person", username="alice")
    image = new(
        "Image", sha256="a" * 64, name="photo.png", format="png", bytes=10, width=64, height=64,
        preview_width=64, preview_height=64, created_by=person,
    )  # fmt: skip
    for number, frame in enumerate((FRAME, {}), start=1):
        edit = new("Edit", created_by=person, source=image, model="m", frame=frame, mask="m.png")
        attempt = new(
            "Attempt", edit=edit, number=1, token=uuid4(), provider="p", sent_at=timezone.now()
        )
        new(
            "Result", edit=edit, attempt=attempt, number=1, image=image, raw=f"raw{number}.png",
            raw_format="png", raw_sha256="b" * 64, raw_width=1024, raw_height=1024,
            revised_prompt="a jar", outside_identical=True if frame else None, pixels_compared=9,
        )  # fmt: skip


def test_results_of_an_earlier_version_keep_what_was_sent_and_measured(earlier: Any) -> None:
    fill(models_at(earlier, BEFORE))
    apps = models_at(earlier, AFTER)
    stitched, whole = apps.get_model("editor", "Result").objects.using("earlier").order_by("pk")
    assert [stitched.edit.frames, whole.edit.frames] == [[FRAME], []]
    assert [stitched.finish, whole.finish] == ["model", ""]
    piece = stitched.pieces.get()
    assert (piece.raw, piece.raw_width, piece.revised_prompt) == ("raw1.png", 1024, "a jar")
    assert (piece.edit_id, piece.attempt_id) == (stitched.edit_id, stitched.attempt_id)
    finished = stitched.finished.get()
    assert (finished.image_id, finished.measured["pixels_compared"]) == (stitched.image_id, 9)
    assert whole.pieces.get().raw == "raw2.png"
