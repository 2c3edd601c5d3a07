"""The picture before an edit, as it is laid beside or under what came of it."""

import hashlib
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from editor.imaging import files
from editor.jobs.canvas import source_in_place
from editor.jobs.pictures import pixel_gate
from editor.models import Edit
from editor.web.access import Request, load, signed_in
from editor.web.unchanging import unchanging


@dataclass(frozen=True)
class Before:
    """A picture of the canvas's shape that shows the source; `width` and `height` are in canvas pixels."""

    url: str
    small_url: str
    width: int
    height: int


def before_of(edit: Edit) -> Before | None:
    """None for what was made from words alone."""
    if edit.source is None:
        return None
    if any(edit.margins):
        url = reverse("edit_source", args=[edit.pk])
        return Before(url, url, *edit.canvas_size)
    preview, small = (
        reverse(name, args=[edit.source_id]) for name in ("image_preview", "image_thumb_small")
    )
    return Before(preview, small, *edit.source.size)


@signed_in
@require_safe
def edit_source(request: Request, pk: int) -> HttpResponseBase:
    """The source in its place on the canvas that it was extended to, the rest transparent."""
    edit = load(Edit.objects.select_related("source"), request.user, pk=pk)
    if edit.source is None or not any(edit.margins):
        raise Http404
    shown = f"{edit.source.sha256} {edit.margins}"
    tag = hashlib.sha256(shown.encode()).hexdigest()[:32]
    return unchanging(request, tag, lambda: _in_place(edit))


def _in_place(edit: Edit) -> HttpResponse:
    try:
        with pixel_gate:
            data = files.encode_webp(source_in_place(edit), quality=82)
    except FileNotFoundError:
        raise Http404 from None
    return HttpResponse(data, content_type="image/webp")
