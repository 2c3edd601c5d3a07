"""What a person has painted and typed for a picture and not yet sent: kept on the server."""

from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from editor.models import Draft, Image, Person
from editor.web import offers, references, words
from editor.web.access import Request, load, signed_in

MASK_MAX_BYTES = 16 * 1024 * 1024  # one bit per pixel: 64 megapixels of noise are 8 MB
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def image_draft(request: Request, pk: int) -> HttpResponse:
    """GET: the mask of this person's draft. POST: save it."""
    image = load(Image.objects, request.user, pk=pk)
    if request.method == "POST":
        return _save(request, image)
    draft = Draft.objects.filter(person=request.user, image=image).exclude(mask=b"").first()
    if draft is None:
        raise Http404
    headers = {"Content-Security-Policy": "default-src 'none'; sandbox"}
    return HttpResponse(bytes(draft.mask), content_type="image/png", headers=headers)


def _save(request: Request, image: Image) -> HttpResponse:
    changes: dict[str, Any] = {
        "prompt": text_in(request, "prompt")[:100_000],
        "options": {
            **{name: text_in(request, name)[:80] for name in offers.NAMES},
            "references": references.numbers_in(request.POST) or [],
        },
    }
    if request.POST.get("mask_empty"):
        changes["mask"] = b""
    elif "mask" in request.FILES:
        mask = mask_in(request)
        if not _is_png_of(mask, image):
            errors = {"mask": [words.PROBLEMS["mask.not_a_mask"]]}
            return JsonResponse({"errors": errors}, status=422)
        changes["mask"] = mask
    Draft.objects.update_or_create(person=request.user, image=image, defaults=changes)
    return HttpResponse(status=204)


def _is_png_of(data: bytes, image: Image) -> bool:
    """Whether the header says so; the whole file is read when the edit is submitted."""
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    return data.startswith(PNG_SIGNATURE) and (width, height) == image.size


# --- for the studio -----------------------------------------------------------------------------


def start_of(person: Person, image: Image) -> dict[str, Any] | None:
    """This person's draft as the studio's page starts from it; None: there is none."""
    draft = Draft.objects.filter(person=person, image=image).first()
    if draft is None:
        return None
    stamp = int(draft.updated_at.timestamp() * 1000)
    mask_url = f"{reverse('image_draft', args=[image.pk])}?at={stamp}"
    return {
        "prompt": draft.prompt,
        **offers.texts_of(draft.options),
        "pictures": references.pictures_of(person, draft.options.get("references", [])),
        "mask_url": mask_url if draft.mask else None,
        "updated_at": draft.updated_at.isoformat(),
    }


def discard(person: Person, image: Image) -> None:
    """What was sent off is no draft any more."""
    Draft.objects.filter(person=person, image=image).delete()


def mask_in(request: Request) -> bytes:
    """The mask's bytes. More than any mask has is cut off, and so is not a mask any more."""
    file: Any = request.FILES["mask"]
    return bytes(file.read(MASK_MAX_BYTES))


def text_in(request: Request, name: str) -> str:
    return str(request.POST.get(name, "")).replace("\r\n", "\n").replace("\x00", "")
