"""The studio's server side: what the page starts from, the estimate, and sending an edit off."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from editor.imaging import masks
from editor.imaging.framing import Frame, Framing
from editor.jobs.canvas import bounds_of
from editor.jobs.provider import offered_models
from editor.jobs.quotes import HELPER
from editor.jobs.submit import NewEdit, NotSubmitted, Quote, quote, submit
from editor.models import Edit, Image
from editor.web import asking, drafts, offers, reasons, references, words
from editor.web.access import Request, load, signed_in
from editor.web.edits import versions_of

Errors = dict[str, list[str]]


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def studio(request: Request, pk: int) -> HttpResponse:
    image = load(Image.objects, request.user, pk=pk)
    if request.method == "POST":
        return _submit(request, image)
    again = _again(request, image)
    return _page(
        request,
        image,
        _started_from(again) if again else drafts.start_of(request.user, image),
        again=again,
    )


def _page(
    request: Request,
    image: Image,
    start: dict[str, Any] | None,
    *,
    again: Edit | None = None,
    errors: Errors | None = None,
    key: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "image": image,
        "studio": _studio(image, start),
        "key": key or str(uuid4()),
        "from_edit": again,
        "errors": errors or {},
        "options": offers.fields(),
        "helper": HELPER,
        **versions_of(request, image),
    }
    return render(request, "images/edit.html", context, status=status)


def _studio(image: Image, start: dict[str, Any] | None) -> dict[str, Any]:
    def of_image(name: str) -> str:
        return reverse(name, args=[image.pk])

    return {
        "image": {"id": image.pk, "name": image.name, "width": image.width, "height": image.height},
        "preview_url": of_image("image_preview"),
        "preview_width": image.preview_width,
        "preview_height": image.preview_height,
        "full_url": of_image("image_full"),
        "draft": start,
        "draft_url": of_image("image_draft"),
        "estimate_url": of_image("image_estimate"),
        "submit_url": of_image("studio"),
        "select_url": of_image("image_select"),
        "upload_url": reverse("image_upload"),
        "upload_max_bytes": settings.UPLOAD_MAX_BYTES,
        "models": [offers.offer(offered) for offered in offered_models()],
        "provider": {"is_sandbox": settings.PROVIDER_IS_SANDBOX},
    }


# --- where the page starts ----------------------------------------------------------------------


def _again(request: Request, image: Image) -> Edit | None:
    """The edit to be run again, if it is one of this picture."""
    number = request.GET.get("from") or request.POST.get("from_edit") or ""
    if not number:
        return None
    if not number.isdecimal() or len(number) > 18:
        raise Http404
    edit: Edit = load(Edit.objects, request.user, pk=int(number), source=image)
    return edit


def _started_from(edit: Edit) -> dict[str, Any]:
    return {
        "prompt": edit.prompt,
        **offers.texts_of(edit.options),
        "model": edit.model,
        **_previews_of(edit),
        "pictures": references.pictures_of_edit(edit),
        "mask_url": reverse("edit_mask", args=[edit.pk]) if edit.mask else None,
        "margins": edit.margins or [0, 0, 0, 0],
        "marks": edit.marks,
        "markup_as": edit.markup_as,
        **_edge_of(edit),
        **asking.fields_of(Framing.from_dict(edit.framing)),
        "helper": asking.ON if edit.helper else "",
        "updated_at": edit.created_at.isoformat(),
    }


def _edge_of(edit: Edit) -> dict[str, str]:
    """A growth that is what automatic means for its mask is left open: so it follows the next mask."""
    automatic = edit.grow == masks.grow_radius(bounds_of(edit.mask_bounds))
    return {
        "grow": "" if automatic or not edit.mask else str(edit.grow),
        "feather": "" if edit.feather is None else str(edit.feather),
    }


def _previews_of(edit: Edit) -> dict[str, str]:
    """None are a choice where there could have been some, which is with a single result."""
    wanted = edit.options.get("partial_images") or (0 if edit.n == 1 else "")
    return {"partial_images": str(wanted)}


@signed_in
@require_safe
def image_versions(request: Request, pk: int) -> HttpResponse:
    """The list of versions alone, if anything about it has changed since `version`."""
    context = versions_of(request, load(Image.objects, request.user, pk=pk))
    if request.htmx and context["versions_version"] == request.GET.get("version"):
        return HttpResponse(status=204)
    return render(request, "edits/_versions_list.html", context)


# --- the estimate -------------------------------------------------------------------------------


@signed_in
@never_cache
@require_safe
def image_estimate(request: Request, pk: int) -> JsonResponse:
    image = load(Image.objects, request.user, pk=pk)
    asked = request.GET
    options = offers.options_of(asked)
    drawn = asking.of_query(asked, image)
    unreadable = {**offers.problems_of(options), **drawn.errors}
    if unreadable:
        return JsonResponse(_told_problems(unreadable))
    chars = offers.whole(asked.get("prompt_chars", "0")) or 0
    further = references.chosen(request.user, asked)

    def quoted(framing: Framing) -> Quote:
        return quote(
            image,
            drawn.bounds,
            asked.get("model", ""),
            options,
            min(max(chars, 0), 1_000_000),
            references=further.images,
            margins=drawn.margins,
            grow=drawn.grow,
            feather=drawn.feather,
            drawing=drawn.drawing(asked.get("model", "")),
            boxes=drawn.boxes,
            framing=framing,
            helper=drawn.helper,
        )

    told = _told(quoted(drawn.framing), further.problems)
    if not drawn.framing.split and len(drawn.boxes) > 1:
        told |= _of_splitting(quoted(replace(drawn.framing, split=True)))
    return JsonResponse(told)


def _told(quoted: Quote, of_references: list[str]) -> dict[str, Any]:
    """Frames and contract are in pixels of the canvas; `frame` is the first."""
    frames = [_told_frame(quoted.frames, number) for number in range(len(quoted.frames))]
    problems = _errors(quoted.problems)
    if of_references:
        problems["references"] = of_references
    return {
        "text": words.money_between(quoted.low_microusd, quoted.high_microusd),
        "detail": _left(quoted),
        "prices": words.prices_of(quoted.price_date) if quoted.price_date else "",
        "frames": frames,
        "frame": frames[0] if frames else None,
        "framing": words.frames_and_one(quoted),
        "splits": len(frames) > 1,
        "contract": quoted.contract and list(quoted.contract),
        "grow": quoted.grow,
        "feather": quoted.feather,
        "problems": problems,
    }


def _told_frame(frames: tuple[Frame, ...], number: int) -> dict[str, Any]:
    frame = frames[number]
    return {
        "bounds": list(frame.bounds),
        "size": list(frame.size),
        "scale": frame.scale,
        "label": words.frame_tag(frame, number + 1, len(frames)),
    }


def _of_splitting(several: Quote) -> dict[str, Any]:
    """What somebody who wants one frame would get with several."""
    return {"framing": words.frames_instead(several), "splits": len(several.frames) > 1}


def _told_problems(problems: Errors) -> dict[str, Any]:
    return {**_told(Quote(None, None, None, (), ()), []), "problems": problems}


def _left(quoted: Quote) -> str:
    if quoted.left_microusd is None:
        return ""
    return _("of %(left)s left this month") % {"left": words.money(quoted.left_microusd)}


# --- sending it off -----------------------------------------------------------------------------


def _submit(request: Request, image: Image) -> HttpResponse:
    again = _again(request, image)
    further = references.chosen(request.user, request.POST)
    drawn = asking.of_form(request.POST, image)
    errors = _missing(request, further, drawn)
    if errors:
        return _refused(request, image, again, errors, 422)
    try:
        edit = submit(_new_edit(request, image, again, further.images, drawn))
    except NotSubmitted as refused:
        return _refused(request, image, again, _errors(refused.problems), _status_of(refused))
    drafts.discard(request.user, image, request.POST)
    if _wants_json(request):
        return JsonResponse({"url": reverse("edit_show", args=[edit.pk])}, status=201)
    return redirect("edit_show", pk=edit.pk)


def _missing(request: Request, further: references.Chosen, drawn: asking.Drawn) -> Errors:
    """What the catalogue cannot judge: what is not there, no number, or no picture."""
    errors: Errors = {}
    if _key(request) is None:
        errors[""] = [str(reasons.PROBLEMS["key_missing"])]
    if not drafts.text_in(request, "prompt").strip():
        errors["prompt"] = [str(reasons.PROBLEMS["prompt.missing"])]
    if further.problems:
        errors["references"] = further.problems
    errors |= offers.problems_of(offers.options_of(request.POST))
    errors |= drawn.errors
    if "mask" not in request.FILES and not drawn.stands_for_a_mask(request.POST.get("model", "")):
        errors["mask"] = [str(reasons.PROBLEMS["mask.empty"])]
    return errors


def _new_edit(
    request: Request,
    image: Image,
    again: Edit | None,
    further: tuple[Image, ...],
    drawn: asking.Drawn,
) -> NewEdit:
    key = _key(request)
    assert key is not None
    return NewEdit(
        person=request.user,
        source=image,
        references=further,
        mask=drafts.mask_in(request) if "mask" in request.FILES else None,
        margins=drawn.margins,
        grow=drawn.grow,
        feather=drawn.feather,
        marks=drawn.marks,
        markup_as=drawn.markup_as,
        prompt=drafts.text_in(request, "prompt"),
        model=request.POST.get("model", ""),
        options=offers.options_of(request.POST),
        framing=drawn.framing,
        helper=drawn.helper,
        key=key,
        again=again,
    )


def _status_of(refused: NotSubmitted) -> int:
    if refused.conflict:
        return 409
    return 402 if refused.over_budget else 422


def _refused(
    request: Request, image: Image, again: Edit | None, errors: Errors, status: int
) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"errors": errors}, status=status)
    start = drafts.start_of(request.user, image)
    start |= {name: drafts.text_in(request, name) for name in ("prompt", *offers.NAMES)}
    numbers = references.numbers_in(request.POST) or []
    start["pictures"] = references.pictures_of(request.user, numbers)
    drawn = asking.of_form(request.POST, image)
    start |= {"margins": list(drawn.margins), "marks": drawn.marks, "markup_as": drawn.markup_as}
    start |= {name: drafts.text_in(request, name) for name in ("grow", "feather", "helper")}
    start |= asking.fields_of(drawn.framing)
    return _page(
        request,
        image,
        start,
        again=again,
        errors=errors,
        key=str(_key(request) or ""),
        status=status,
    )


def _errors(problems: Any) -> Errors:
    errors: Errors = {}
    for found in problems:
        field = "framing" if found.field in ("context", "own") else found.field
        errors.setdefault(field, []).append(reasons.problem(found))
    return errors


def _key(request: Request) -> UUID | None:
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return None


def _wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("Accept", "")
