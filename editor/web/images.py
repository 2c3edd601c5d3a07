"""One picture: what it is, where it comes from, what was made from it."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from editor.models import Edit, Image, Origin
from editor.web import status, tiles, uploads, variations, words
from editor.web.access import Request, load, signed_in
from editor.web.files import may_take_original
from editor.web.lineage import made_with, maker_of

MOST_EDITS = 60


@signed_in
@require_safe
def image_show(request: Request, pk: int) -> HttpResponse:
    image = load(Image.objects.select_related("created_by"), request.user, pk=pk)
    if image.origin == Origin.RESULT:
        return _to_its_edit(image)
    edits = Edit.objects.for_person(request.user).filter(made_with([image.pk]))
    shown = [
        tiles.edit_tile(edit)
        for edit in tiles.with_pictures(edits).order_by("-created_at", "-pk")[:MOST_EDITS]
    ]
    context = {
        "image": image,
        "ratio": tiles.ratio_class(*image.size),
        "tiles": shown,
        "size": words.megabytes(image.bytes),
        "megapixels": f"{image.width * image.height / 1e6:.1f}",
        "when": words.moment(image.created_at),
        "note": uploads.notice(image),
        "may_vary": variations.is_offered(),
        "may_take_original": may_take_original(request, image),
        "activity": status.activity_of(tile.edit for tile in shown if tile.edit),
    }
    return render(request, "images/show.html", context)


def _to_its_edit(image: Image) -> HttpResponse:
    """A result is best seen where it was made: beside its source."""
    result = maker_of(image)
    return redirect("edit_show", pk=result.edit_id) if result else redirect("studio", pk=image.pk)
