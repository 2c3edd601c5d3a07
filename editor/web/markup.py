"""What was drawn over an edit's source, by itself: from marks, or from the file that a script sent."""

import hashlib

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from editor.imaging import files, marks, markup
from editor.imaging.arrays import Bounds, Size
from editor.imaging.previews import PREVIEW_SIDE
from editor.jobs import pictures
from editor.models import Edit
from editor.web.access import Request, load, signed_in
from editor.web.unchanging import unchanging


@signed_in
@require_safe
def edit_markup(request: Request, pk: int) -> HttpResponseBase:
    """The drawing as a transparent PNG at the size of a preview, margins included."""
    edit = load(Edit.objects.select_related("source"), request.user, pk=pk)
    if edit.source is None or not (edit.marks or edit.markup):
        raise Http404
    return unchanging(
        request, _digest(edit), lambda: HttpResponse(_drawing(edit), content_type="image/png")
    )


def _digest(edit: Edit) -> str:
    shown = f"{edit.pk} {edit.margins} {edit.marks} {edit.markup}"
    return hashlib.sha256(shown.encode()).hexdigest()[:32]


def _drawing(edit: Edit) -> bytes:
    window, size = _window(edit)
    with pictures.pixel_gate:
        if edit.marks:
            pixels = markup.drawn(marks.read(edit.marks), window, size)
        else:
            try:
                pixels = markup.resized(pictures.read(edit.markup), size)
            except FileNotFoundError:
                raise Http404 from None
        return files.encode_png(pixels)


def _window(edit: Edit) -> tuple[Bounds, Size]:
    """The canvas in pixels of the picture, and its size on a page that shows the preview."""
    assert edit.source is not None, "looked at before"
    left, top, _right, _bottom = edit.margins or (0, 0, 0, 0)
    width, height = edit.canvas_size
    # of a small picture the preview is not shrunk, but what was put around it may be a great deal
    scale = min(edit.source.preview_width / edit.source.width, PREVIEW_SIDE / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return (-left, -top, width - left, height - top), size
