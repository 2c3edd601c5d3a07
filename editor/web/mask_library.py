"""Masks that were painted before, for a picture of the same size: to be used again, and to be copied."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.core.files.storage import default_storage
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from editor.imaging.mask_previews import mask_thumb
from editor.imaging.masks import MaskRefused
from editor.jobs.pictures import pixel_gate
from editor.models import Draft, Edit, Image
from editor.web import drafts, offers
from editor.web.access import Request, load, signed_in
from editor.web.unchanging import ONLY_A_PICTURE, unchanging

PAGE = 24


@dataclass(frozen=True)
class Listed:
    """One mask of the list. `margins` is what its canvas has around the picture."""

    id: str
    source: Image
    margins: list[int]
    title: str
    by: str
    at: datetime
    url: str
    small_url: str

    @property
    def canvas(self) -> tuple[int, int]:
        return drafts.canvas_of(self.source, self.margins)


@signed_in
@never_cache
@require_safe
def image_masks(request: Request, pk: int) -> HttpResponse:
    """As a fragment for the studio's dialog: masks that fit this picture, those of one's own drafts
    first, then the team's, newest first; with ?to=1 the pictures that its mask fits."""
    image = load(Image.objects, request.user, pk=pk)
    before = offers.whole(request.GET.get("before", "")) or 0
    if request.GET.get("to"):
        return _pictures(request, image, before)
    rows = _edits(request, image)
    if before > 0:
        rows = rows.filter(pk__lt=before)
    edits = list(rows[: PAGE + 1])
    masks = [] if before else [_of_draft(draft) for draft in _own_drafts(request, image)]
    masks += [_of_edit(edit, image) for edit in edits[:PAGE]]
    more = _more_url(image, {"before": edits[PAGE - 1].pk}) if len(edits) > PAGE else ""
    context = {"image": image, "masks": masks, "is_later": before > 0, "more_url": more}
    return render(request, "images/_masks.html", context)


def _edits(request: Request, image: Image) -> QuerySet[Edit]:
    """Each mask once, as it was used last."""
    rows: QuerySet[Edit] = Edit.objects.for_person(request.user).exclude(mask="")
    again = rows.filter(mask=OuterRef("mask"), source=OuterRef("source"), pk__gt=OuterRef("pk"))
    rows = rows.filter(source__width=image.width, source__height=image.height)
    return rows.exclude(Exists(again)).select_related("source", "created_by").order_by("-pk")


def _own_drafts(request: Request, image: Image) -> list[Draft]:
    """Of other pictures: this one's is on the page."""
    same = Draft.objects.filter(
        person=request.user, image__width=image.width, image__height=image.height
    )
    rows = same.exclude(mask=b"").exclude(image=image).select_related("image", "person")
    return list(islice(rows.order_by("-updated_at"), PAGE))


def _of_edit(edit: Edit, image: Image) -> Listed:
    source = edit.source
    assert source is not None
    return Listed(
        id=f"edit-{edit.pk}",
        source=source,
        margins=edit.margins or drafts.NO_MARGINS,
        title=edit.prompt or source.name,
        by=edit.created_by.name,
        at=edit.created_at,
        url=reverse("edit_mask", args=[edit.pk]),
        small_url=reverse("edit_mask_small", args=[edit.pk]),
    )


def _of_draft(draft: Draft) -> Listed:
    version = f"?version={draft.version}"
    return Listed(
        id=f"draft-{draft.image_id}",
        source=draft.image,
        margins=draft.margins or drafts.NO_MARGINS,
        title=_("Draft of %(name)s") % {"name": draft.image.name},
        by=draft.person.name,
        at=draft.updated_at,
        url=reverse("image_draft", args=[draft.image_id]) + version,
        small_url=reverse("image_draft_mask", args=[draft.image_id]) + version,
    )


def _pictures(request: Request, image: Image, before: int) -> HttpResponse:
    same = Image.objects.for_person(request.user).filter(width=image.width, height=image.height)
    rows = same.exclude(pk=image.pk).order_by("-pk")
    if before > 0:
        rows = rows.filter(pk__lt=before)
    images = list(rows[: PAGE + 1])
    more = ""
    if len(images) > PAGE:
        more = _more_url(image, {"to": "1", "before": images[PAGE - 1].pk})
    context = {
        "image": image,
        "images": images[:PAGE],
        "is_later": before > 0,
        "more_url": more,
    }
    return render(request, "images/_mask_targets.html", context)


def _more_url(image: Image, query: dict[str, Any]) -> str:
    return f"{reverse('image_masks', args=[image.pk])}?{urlencode(query)}"


# --- small masks --------------------------------------------------------------------------------


@signed_in
@require_safe
def edit_mask_small(request: Request, pk: int) -> HttpResponseBase:
    edit = load(Edit.objects.select_related("source"), request.user, pk=pk)
    if not edit.mask or edit.source is None:
        raise Http404
    size = drafts.canvas_of(edit.source, edit.margins)
    return unchanging(request, f"{edit.mask}:small", lambda: _small(_stored(edit.mask), size))


def _stored(name: str) -> bytes:
    try:
        data: bytes = default_storage.open(name).read()
    except FileNotFoundError:
        raise Http404 from None
    return data


def _small(data: bytes, size: tuple[int, int]) -> HttpResponse:
    try:
        with pixel_gate:
            thumb = mask_thumb(data, size)
    except MaskRefused:
        raise Http404 from None
    return HttpResponse(thumb, content_type="image/png", headers=ONLY_A_PICTURE)


# --- a mask for another picture -----------------------------------------------------------------


@drafts.with_mask_in_memory
@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def image_draft_mask(request: Request, pk: int) -> HttpResponse:
    """GET: the mask of this person's draft, small. POST: put the mask that is sent into the draft of
    this picture; one that is there is replaced only where `replace` says so."""
    image = load(Image.objects, request.user, pk=pk)
    if request.method == "POST":
        return drafts.saving(lambda: _copy(request, image))
    draft = Draft.objects.filter(person=request.user, image=image).exclude(mask=b"").first()
    if draft is None:
        raise Http404
    return _small(bytes(draft.mask), drafts.canvas_of(image, draft.margins))


def _copy(request: Request, image: Image) -> JsonResponse:
    drafts.require_same_person(request)
    margins = drafts.margins_in(request.POST, image)
    if "mask" not in request.FILES:
        raise drafts.Unusable("mask", _("Nothing is painted yet, so there is nothing to copy."))
    changes = {"margins": margins, "mask": drafts.fitting_mask(request, image, margins)}
    draft = Draft.objects.filter(person=request.user, image=image).first()
    if draft and draft.mask and not request.POST.get("replace"):
        asked = _("“%(name)s” has a mask of yours already. Replace it?") % {"name": image.name}
        return JsonResponse({"error": asked, "version": draft.version}, status=409)
    seen = drafts.version_in(request.POST.get("version", "")) if draft and draft.mask else None
    version = draft.version if draft and not draft.mask else seen or 0
    kept, is_kept = drafts.keep(request.user, image, changes, None, version)
    if not is_kept:  # it was painted on between the question and the answer
        return JsonResponse({"error": _("It has changed meanwhile. Try again.")}, status=409)
    url = reverse("studio", args=[image.pk])
    return JsonResponse({"version": kept.version, "url": url, "name": image.name})
