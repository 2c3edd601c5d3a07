"""What the provider shows of a picture before it is done, kept until the final one is there.

Previews are made beside the call, never in its way: the loop that reads the answer hands them over
and goes on. One that comes when the edit has moved on is dropped.
"""

import logging
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Q

from editor.images_api.messages import PartialPicture
from editor.imaging import files, framing, previews
from editor.imaging.arrays import Bounds
from editor.jobs.canvas import small_canvas, without_padding
from editor.jobs.pictures import pixel_gate
from editor.models import Attempt, Edit, Partial, Status

log = logging.getLogger(__name__)
FOLDER = "partials"
KEEPERS = 2
MOST = 8  # of one attempt: a provider is asked for three at most

_pool = ThreadPoolExecutor(KEEPERS, thread_name_prefix="previews")


class Keeper:
    """Keeps the previews of one attempt, in the order of their coming. Call it with each."""

    def __init__(self, edit: Edit, attempt: Attempt, token: UUID) -> None:
        self.edit = edit
        self.attempt = attempt
        self.token = token
        self.seen = 0
        self.last: Future[None] | None = None

    def __call__(self, picture: PartialPicture) -> None:
        if self.seen < MOST:
            self.seen += 1
            before, number = self.last, self.seen
            self.last = _pool.submit(self._keep, picture.data, number, before)

    def _keep(self, data: bytes, number: int, before: "Future[None] | None") -> None:
        if before is not None:
            before.result()
        try:
            self._store(data, number)
        except files.ImageRefused as refused:
            log.warning("edit %s: preview %s is no picture: %s", self.edit.pk, number, refused.code)
        except Exception:
            log.exception("edit %s: preview %s could not be kept", self.edit.pk, number)
        finally:
            connection.close()

    def _store(self, data: bytes, number: int) -> None:
        if not self._is_running():
            return
        answer = _decoded(data)
        shown, size = self._shown(answer.pixels)
        stem = f"{FOLDER}/{self.attempt.key}.{number}"
        raw, preview = f"{stem}.{answer.format}", f"{stem}.preview.webp"
        default_storage.save(raw, ContentFile(data))
        default_storage.save(preview, ContentFile(shown))
        with transaction.atomic():
            # The change of the row comes first: it keeps whoever ends the edit waiting until the
            # preview's own row is there for them to remove.
            if Edit.objects.change(
                self.edit.pk, was=Status.RUNNING, where=Q(token=self.token), partial_count=number
            ):
                Partial.objects.create(
                    edit=self.edit,
                    attempt=self.attempt,
                    number=number,
                    raw=raw,
                    raw_format=answer.format,
                    preview=preview,
                    width=size[0],
                    height=size[1],
                )
                return
        _remove_files(raw, preview)

    def _is_running(self) -> bool:
        return Edit.objects.filter(
            pk=self.edit.pk, token=self.token, status=Status.RUNNING
        ).exists()

    def _shown(self, answer: Any) -> tuple[bytes, tuple[int, int]]:
        """The preview as people see it: within its source where the result will be stitched."""
        if not self.edit.is_stitched:
            inner = without_padding(self.edit, answer)
            return previews.preview_alone(answer if inner is None else inner)
        base, mask = self._ground
        height, width = base.shape[:2]
        scale = width / self.edit.canvas_size[0]
        frame = framing.Frame.from_dict(self.edit.frames[self.attempt.frame])
        shown = previews.preview_within(base, mask, answer, _scaled(frame.bounds, scale))
        return shown, (width, height)

    @cached_property
    def _ground(self) -> tuple[Any, Any]:
        """The canvas at a work preview's size, and what may change of it by this attempt."""
        with pixel_gate:
            base, mask = small_canvas(self.edit)
        part = framing.Frame.from_dict(self.edit.frames[self.attempt.frame]).part
        if part is None:
            return base, mask
        left, top, right, bottom = _scaled(part, base.shape[1] / self.edit.canvas_size[0])
        left, top = max(0, left), max(0, top)
        mine = mask * 0
        mine[top:bottom, left:right] = mask[top:bottom, left:right]
        return base, mine


def _scaled(bounds: Bounds, scale: float) -> Bounds:
    left, top, right, bottom = (round(side * scale) for side in bounds)
    return left, top, max(left + 1, right), max(top + 1, bottom)


def _decoded(data: bytes) -> files.Picture:
    """Decoded apart from this process: nobody has looked at these bytes."""
    with tempfile.TemporaryDirectory(dir=settings.UPLOAD_DIR) as folder:
        path = Path(folder) / "preview"
        path.write_bytes(data)
        return files.open_untrusted(path)


def forget_previews(edit: Edit) -> None:
    """Remove the previews of an edit that has ended, rows and files. Safe to call at any time again.

    Those of an edit that ended without its picture though it was paid for are not forgotten: they
    are all that there is.
    """
    if not edit.options.get("partial_images"):
        return
    for kept in Partial.objects.filter(edit=edit):
        kept.delete()
        _remove_files(kept.raw, kept.preview)


def forget_left_behind() -> int:
    """Remove the previews of edits that ended while nobody came to do it."""
    ended = Edit.objects.filter(status__in=(Status.SUCCEEDED, Status.CANCELED))
    left = list(ended.filter(partials__isnull=False).distinct())
    for edit in left:
        forget_previews(edit)
    return len(left)


def _remove_files(*names: str) -> None:
    for name in names:
        try:
            default_storage.delete(name)
        except OSError:
            log.warning("preview %s could not be removed", name)
