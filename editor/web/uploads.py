"""Pictures in: one or many files per request, each taken or refused on its own."""

import errno
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from editor.imaging.files import ImageRefused
from editor.jobs.pictures import add_sample, add_upload
from editor.models import Image
from editor.web import reasons
from editor.web.access import Request, signed_in

log = logging.getLogger(__name__)


class SizeLimitHandler(FileUploadHandler):
    """Stops each file at the limit, before more of it reaches the disk. The files beside it go on.

    The rest of a file that is a little too large is read away, so that the browser gets to hear why.
    Where far more would follow, the whole request is cut off.
    """

    READ_AWAY_BYTES = 8 * settings.UPLOAD_MAX_BYTES

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],
        content_length: int,
        boundary: str,
        encoding: Any = None,
    ) -> None:
        self.announced = content_length
        self.received = 0
        self.of_file = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.of_file = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        self.of_file += len(raw_data)
        if self.of_file <= settings.UPLOAD_MAX_BYTES:
            return raw_data
        too_large_in(self.request).append(self.file_name or "")
        if self.announced - self.received > self.READ_AWAY_BYTES:
            raise StopUpload(connection_reset=True)
        raise SkipFile

    def file_complete(self, file_size: int) -> None:
        return None


def too_large_in(request: HttpRequest | None) -> list[str]:
    """The names of the files of this request that were stopped at the limit."""
    names: list[str] = request.__dict__.setdefault("files_too_large", []) if request else []
    return names


@dataclass
class Batch:
    taken: list[Image] = field(default_factory=list)
    refused: list[tuple[str, str, str]] = field(default_factory=list)  # name, code, sentence

    def refuse(self, name: str, code: str, facts: dict[str, Any] | None = None) -> None:
        self.refused.append((name, code, reasons.refusal(code, facts)))


@signed_in
@require_safe
def image_new(request: Request) -> HttpResponse:
    return render(request, "images/new.html")


@signed_in
@require_POST
def image_upload(request: Request) -> HttpResponse:
    """Takes what can be taken. Scripts send one file per request and get JSON; a plain form may send many."""
    batch = Batch()
    for file in request.FILES.getlist("files"):
        _take(request, file, batch)
    for name in too_large_in(request):
        batch.refuse(name, "too_many_bytes")
    if not batch.taken and not batch.refused:
        batch.refuse("", "no_file")
    return _as_page(request, batch) if _wants_page(request) else _as_json(batch)


@signed_in
@require_POST
def image_sample(request: Request) -> HttpResponse:
    return redirect("studio", pk=add_sample(request.user).pk)


def _take(request: Request, file: Any, batch: Batch) -> None:
    try:
        batch.taken.append(
            add_upload(Path(file.temporary_file_path()), file.name or "", request.user)
        )
    except ImageRefused as refused:
        log.info("upload by person %s refused: %s", request.user.pk, refused.code)
        batch.refuse(file.name or "", refused.code, refused.facts)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        log.error("no room for an upload by person %s: %s", request.user.pk, error.strerror)
        batch.refuse(file.name or "", "no_room")


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("Accept", "")


_STATUSES = {"too_many_bytes": 413, "no_room": 507}


def _as_json(batch: Batch) -> JsonResponse:
    if batch.taken:
        image = batch.taken[0]
        told = {
            "id": image.pk,
            "name": image.name,
            "url": reverse("studio", args=[image.pk]),
            "thumb_url": reverse("image_thumb_small", args=[image.pk]),
            "note": notice(image),
        }
        return JsonResponse(told, status=201)
    _name, code, sentence = batch.refused[0]
    return JsonResponse({"error": sentence, "code": code}, status=_STATUSES.get(code, 422))


def _as_page(request: Request, batch: Batch) -> HttpResponse:
    if batch.refused:
        context = {"refused": batch.refused, "taken": batch.taken}
        return render(request, "images/new.html", context, status=422)
    for image in batch.taken:
        if notice(image):
            messages.info(request, f"{image.name}: {notice(image)}")
    if len(batch.taken) == 1:
        return redirect("studio", pk=batch.taken[0].pk)
    count = len(batch.taken)
    said = ngettext("%(count)d picture was uploaded.", "%(count)d pictures were uploaded.", count)
    messages.success(request, said % {"count": count})
    return redirect("gallery")


def notice(image: Image) -> str:
    """What a person should know about a picture that was taken."""
    if image.frames > 1:
        return _("This file has several frames; the first one was taken.")
    return ""
