"""Results after they were made: finished otherwise, compared with their source, and taken away."""

import logging
import tempfile
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from editor.jobs import downloads
from editor.jobs.finishing import difference_of, refinish
from editor.models import Finish, Result, Team
from editor.web import files, finishes
from editor.web.access import Request, load, signed_in
from editor.web.edits import page_context
from editor.web.finishes import TROUBLES
from editor.web.unchanging import ONLY_A_PICTURE

log = logging.getLogger(__name__)


@signed_in
@require_POST
def result_finish(request: Request, pk: int) -> HttpResponse:
    """Show a result otherwise. Where it was decided about, that is asked once more: the form that
    asks sends back the `version` that the person saw."""
    result = _load(request, pk)
    if not finishes.may_finish(request.user, result.edit):
        raise PermissionDenied
    wanted = request.POST.get("finish", "")
    is_asked = request.POST.get("version") == str(result.version)
    if is_asked or not finishes.is_decided_about(result, wanted):
        _finish(request, result, wanted)
    return _page(request, result, wanted)


def _finish(request: Request, result: Result, wanted: str) -> None:
    try:
        refinish(result, wanted, by=request.user)
    except TROUBLES as error:
        log.warning("result %s could not be finished as %r: %s", result.pk, wanted, error)
        messages.error(request, finishes.why_not(error))
    else:
        messages.success(request, _("Finish: %(finish)s") % {"finish": Finish(wanted).label})


def _page(request: Request, result: Result, wanted: str) -> HttpResponse:
    if not request.htmx:
        query = urlencode([("result", result.number), ("finish", wanted)])
        return redirect(f"{reverse('edit_show', args=[result.edit_id])}?{query}#finish")
    edit = _load(request, result.pk).edit
    context = page_context(request, edit, chosen=str(result.number), finish=wanted)
    return render(request, "edits/_swapped.html", context)


@signed_in
@require_safe
def result_difference(request: Request, pk: int) -> HttpResponseBase:
    """Where the present picture differs from its source. The address names the finish, so what it
    shows never changes."""
    result = _load(request, pk)
    if request.GET.get("finish") != result.finish:
        return redirect(f"{reverse('result_difference', args=[pk])}?finish={result.finish}")
    try:
        return files.send(request, difference_of(result))
    except TROUBLES as error:
        log.warning("no difference of result %s: %s", pk, error)
        status = 503 if isinstance(error, OSError) else 404
        headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
        return HttpResponse(finishes.why_not(error), status=status, headers=headers)


@signed_in
@require_safe
def result_download(request: Request, pk: int) -> HttpResponseBase:
    """The picture as it is stored, or `as` another format at a `quality`; with a small label where
    the team wants one."""
    result = _load(request, pk)
    image, wanted = result.image, request.GET.get("as", "")
    if wanted and wanted not in downloads.FORMATS:
        raise Http404
    has_label = Team.load().label_downloads
    is_stored = not wanted or wanted == image.format == "png"
    if is_stored and not has_label:
        return redirect("image_original", pk=image.pk)
    format = _format(wanted or image.format)
    try:
        data = downloads.download_of(image, format, quality=_quality(request), label=has_label)
    except TROUBLES as error:
        return _not_made(request, result, error)
    name = content_disposition_header(True, files.file_name(image.name, format))
    headers = {**ONLY_A_PICTURE, "Content-Disposition": name, "Cache-Control": "private, no-cache"}
    return HttpResponse(data, content_type=files.CONTENT_TYPES[format], headers=headers)


def _format(name: str) -> downloads.Format:
    return next((each for each in downloads.FORMATS if each == name), "png")


def _quality(request: Request) -> int:
    asked = request.GET.get("quality", "")
    given = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 4 else downloads.BEST
    return min(max(given, downloads.LEAST_QUALITY), downloads.MOST_QUALITY)


@signed_in
@require_safe
def result_record(request: Request, pk: int) -> HttpResponseBase:
    """Everything that made the result, in one ZIP. It is put together in a folder that is removed
    before the first byte is sent: the open file goes on until it was read."""
    result = _load(request, pk)
    references = result.edit.references.select_related("image")
    sent = [result.edit.source, *(reference.image for reference in references)]
    is_allowed = all(files.may_take_original(request, image) for image in sent if image)
    try:
        with tempfile.TemporaryDirectory(dir=settings.UPLOAD_DIR) as folder:
            made = downloads.record_of(result, Path(folder), with_originals=is_allowed)
            file = made.open("rb")
    except TROUBLES as error:
        return _not_made(request, result, error)
    name = files.file_name(f"{files.stem(result.edit.subject)} {result} record", "zip")
    answer = FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
    for header, value in {**ONLY_A_PICTURE, "Cache-Control": "private, no-store"}.items():
        answer[header] = value
    return answer


def _not_made(request: Request, result: Result, error: Exception) -> HttpResponse:
    """Back to where it was asked for, which says why."""
    log.warning("no download of result %s: %s", result.pk, error)
    messages.error(request, finishes.why_not(error))
    return redirect(f"{reverse('edit_show', args=[result.edit_id])}?result={result.number}")


def _load(request: Request, pk: int) -> Result:
    results = Result.objects.select_related("image", "attempt", "edit__source", "edit__created_by")
    result: Result = load(results, request.user, pk=pk)
    return result
