"""Files of images, results and edits, served to people who are signed in.

Names of stored files come from their content, so what an address shows never changes.
"""

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from editor.jobs.pictures import full_picture
from editor.models import Edit, Image, Origin, Result, Status
from editor.web.access import Request, load, signed_in
from editor.web.unchanging import unchanging

CONTENT_TYPES = {
    "webp": "image/webp", "png": "image/png", "jpeg": "image/jpeg", "jpg": "image/jpeg",
    "gif": "image/gif", "avif": "image/avif", "tiff": "image/tiff", "tif": "image/tiff",
}  # fmt: skip
EXTENSIONS = {"jpeg": "jpg", "tiff": "tif"}
View = Callable[..., HttpResponseBase]


def _stored(field: str) -> View:
    """The view of one file of an image, named by `field`."""

    @signed_in
    @require_safe
    def image_file(request: Request, pk: int) -> HttpResponseBase:
        image = load(Image.objects, request.user, pk=pk)
        return send(request, getattr(image, field))

    return image_file


image_thumb = _stored("thumb")
image_thumb_small = _stored("thumb_small")
image_preview = _stored("preview")


@signed_in
@require_safe
def image_full(request: Request, pk: int) -> HttpResponseBase:
    image = load(Image.objects, request.user, pk=pk)
    return send(request, full_picture(image))


@signed_in
@require_safe
def image_original(request: Request, pk: int) -> HttpResponseBase:
    """The bytes as they came. A photo's may say where it was taken, so only its owner and
    administrators get them; a finished result says so only where the team wants that, and everyone
    may take it."""
    image = load(Image.objects, request.user, pk=pk)
    if not may_take_original(request, image):
        raise Http404
    save_as = file_name(image.name, image.format)
    return send(request, image.original, image.format, save_as=save_as)


def may_take_original(request: Request, image: Image) -> bool:
    is_ours = image.origin in (Origin.RESULT, Origin.SAMPLE)
    return is_ours or request.user.may_manage(image.created_by_id)


@signed_in
@require_safe
def result_raw(request: Request, pk: int) -> HttpResponseBase:
    """The provider's picture, untouched; of several frames the one that `frame` counts, from 1."""
    result = load(Result.objects.select_related("edit__source"), request.user, pk=pk)
    asked = request.GET.get("frame", "")
    pieces = {str(piece.frame + 1): piece for piece in result.pieces.order_by("-frame", "-number")}
    piece = pieces.get(asked) if asked else list(pieces.values())[-1]
    if piece is None:
        raise Http404
    name = f"{stem(result.edit.subject)} {result} raw {asked}".strip()
    save_as = file_name(name, piece.raw_format)
    return send(request, piece.raw, piece.raw_format, save_as=save_as)


@signed_in
@require_safe
def edit_mask(request: Request, pk: int) -> HttpResponseBase:
    edit = load(Edit.objects, request.user, pk=pk)
    if not edit.mask:
        raise Http404
    return send(request, edit.mask, "png")


@signed_in
@require_safe
def edit_partial(request: Request, pk: int, number: int) -> HttpResponseBase:
    """A preview of an edit that is worked on. Once it has its result there are none any more."""
    edit = load(Edit.objects, request.user, pk=pk)
    newest = edit.partials.filter(number=number).order_by("-attempt__number").first()
    if newest is None or edit.status in (Status.SUCCEEDED, Status.CANCELED):
        raise Http404
    return send(request, newest.preview)


def send(request: Request, name: str, format: str = "", *, save_as: str = "") -> HttpResponseBase:
    def stored() -> HttpResponseBase:
        try:
            file = default_storage.open(name)
        except FileNotFoundError:
            raise Http404 from None
        kind = format or PurePosixPath(name).suffix.lstrip(".").lower()
        type_ = CONTENT_TYPES.get(kind, "application/octet-stream")
        response = FileResponse(file, content_type=type_)
        if save_as:
            response["Content-Disposition"] = content_disposition_header(True, save_as)
        return response

    return unchanging(request, PurePosixPath(name).as_posix(), stored)


def file_name(name: str, format: str) -> str:
    """`name` with the ending of what is really in the file, and without anything that names a path."""
    plain = stem(re.sub(r"[\x00-\x1f\x7f/\\]+", " ", name)).strip(" .") or "image"
    return f"{plain[:120]}.{EXTENSIONS.get(format, format)}"


def stem(name: str) -> str:
    """`name` without the ending of a file; "7.1" and a sentence's end are none."""
    return re.sub(r"\.[A-Za-z]\w{1,4}$", "", name)
