"""Edits that no studio sends: made from words alone, sent as they are, with references or a token."""

from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from editor.imaging import files
from editor.jobs.pictures import store_result
from editor.models import Attempt, Edit, Finished, Partial, Piece, Reference, Result
from tests.drawing import photo_png


def generation(person: Any, **fields: Any) -> Edit:
    """A queued edit made from words alone."""
    wish = {
        "prompt": "A lighthouse at dawn",
        "model": "gpt-image-2",
        "options": {"n": 1, "size": "1024x1536"},
    }
    return Edit.objects.create(created_by=person, operation="generate", **{**wish, **fields})


def unstitched(source: Any, *references: Any, **fields: Any) -> Edit:
    """A queued edit whose source is sent as it is, as scripts do."""
    wish = {"prompt": "Make it evening", "model": "gpt-image-2", "options": {"n": 1}}
    edit = Edit.objects.create(source=source, created_by=source.created_by, **{**wish, **fields})
    for number, image in enumerate(references, start=1):
        Reference.objects.create(edit=edit, number=number, image=image)
    return edit


def attempt_for(edit: Edit, **fields: Any) -> Attempt:
    now = timezone.now()
    facts = {"token": uuid4(), "provider": "http://127.0.0.1/v1", "sent_at": now, "number": 1}
    return Attempt.objects.create(edit=edit, **{**facts, **fields})


def result_for(edit: Edit, size: tuple[int, int] = (64, 96), **fields: Any) -> Result:
    """`edit` has succeeded with a picture that is as the model sent it."""
    now = timezone.now()
    attempt = edit.attempts.first() or attempt_for(edit, answered_at=now, outcome="succeeded")
    pixels = files.open_picture(photo_png(size)).pixels
    image = store_result(pixels, name=edit.subject, person=edit.created_by)
    facts = {"outside_identical": None, "number": 1}
    sent = {name: fields.pop(name) for name in ("raw", "revised_prompt") if name in fields}
    result = Result.objects.create(edit=edit, attempt=attempt, image=image, **{**facts, **fields})
    Piece.objects.create(**{
        "edit": edit, "attempt": attempt, "result": result, "number": result.number,
        "raw": image.original, "raw_format": "png", "raw_sha256": image.sha256,
        "raw_width": size[0], "raw_height": size[1], **sent,
    })  # fmt: skip
    Finished.objects.create(result=result, image=image)
    Edit.objects.filter(pk=edit.pk).update(status="succeeded", finished_at=now, cost_microusd=5_000)
    edit.refresh_from_db()
    return result


def preview_for(edit: Edit, size: tuple[int, int] = (64, 96), shade: int = 0) -> Partial:
    """`edit` is being worked on, and its next preview has come."""
    if edit.status != "running":
        now = timezone.now()
        Edit.objects.filter(pk=edit.pk).update(
            status="running", started_at=now, sent_at=now, lease_until=now
        )
        edit.refresh_from_db()
    attempt = edit.attempts.first() or attempt_for(edit)
    number = edit.partial_count + 1
    stem = f"partials/{attempt.key}.{number}"
    data = files.encode_webp(files.open_picture(photo_png(size, shade)).pixels)
    for name in (f"{stem}.webp", f"{stem}.preview.webp"):
        default_storage.save(name, ContentFile(data))
    made = Partial.objects.create(
        edit=edit, attempt=attempt, number=number, raw=f"{stem}.webp", raw_format="webp",
        preview=f"{stem}.preview.webp", width=size[0], height=size[1],
    )  # fmt: skip
    Edit.objects.filter(pk=edit.pk).update(partial_count=number)
    edit.refresh_from_db()
    return made
