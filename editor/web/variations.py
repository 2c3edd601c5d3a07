"""Variations of a picture: the model is given nothing else."""

from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from editor.jobs.submit import Quote, quote
from editor.models import Edit, Image
from editor.web import request_forms, tiles
from editor.web.access import Request, load, signed_in
from editor.web.request_forms import RequestForm


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def image_vary(request: Request, pk: int) -> HttpResponse:
    image: Image = load(Image.objects, request.user, pk=pk)
    models = request_forms.models_for("vary")
    if not models:
        raise Http404
    again = request_forms.run_again(request, "vary", source=image)
    if request.method == "POST":
        sent = request_forms.send(request, "vary", models, source=image, again=again)
        if isinstance(sent, Edit):
            return redirect("edit_show", pk=sent.pk)
        return _page(request, image, sent.form, again, status_code=sent.status)
    values = request_forms.chosen_in(request.GET)
    if again:
        values = request_forms.chosen_before(again, models)
    return _page(request, image, RequestForm("vary", models, values), again)


@signed_in
@never_cache
@require_safe
def image_vary_estimate(request: Request, pk: int) -> JsonResponse:
    image: Image = load(Image.objects, request.user, pk=pk)
    values = request_forms.chosen_in(request.GET)
    errors = request_forms.wrong_in(values)
    quoted = None if errors else _quoted(image, values)
    if quoted:
        errors = request_forms.errors_of(quoted.problems, "vary")
    told = {**request_forms.price_in_words(quoted), "problems": errors}
    return JsonResponse({**told, "sent": what_is_sent(image, quoted)})


def is_offered() -> bool:
    """Whether some model makes variations here; most do not any more."""
    return bool(request_forms.offered_models("vary"))


def _quoted(image: Image, values: dict[str, str]) -> Quote:
    options = request_forms.options_of(values)
    return quote(image, None, values["model"], options, operation="vary")


def _page(
    request: Request,
    image: Image,
    form: RequestForm,
    again: Edit | None,
    *,
    status_code: int = 200,
) -> HttpResponse:
    can_quote = not request_forms.wrong_in(form.effective)
    quoted = _quoted(image, form.effective) if can_quote else None
    context: dict[str, Any] = {
        "image": image,
        "ratio": tiles.ratio_class(*image.size),
        "form": form,
        "from_edit": again,
        "price": request_forms.price_in_words(quoted),
        "sent": what_is_sent(image, quoted),
        "gone_model": again.model if again and again.model != form.model["id"] else "",
        "square": None if image.width == image.height else _middle_square(image),
    }
    return render(request, "images/vary.html", context, status=status_code)


def what_is_sent(image: Image, quoted: Quote | None) -> str:
    """Which part of the picture the model is given, and at which size."""
    frame = quoted.frame if quoted else None
    if frame is None:
        return _("The whole picture is sent.")
    left, top, right, bottom = frame.bounds
    facts = {"part": f"{right - left} × {bottom - top}", "size": "{} × {}".format(*frame.size)}
    if (right - left, bottom - top) == image.size:
        return _("The whole picture is sent, at %(size)s.") % facts
    return (
        _("This model takes square pictures only: the middle %(part)s is sent, at %(size)s.")
        % facts
    )


def _middle_square(image: Image) -> dict[str, int]:
    side = min(image.size)
    return {"x": (image.width - side) // 2, "y": (image.height - side) // 2, "side": side}
