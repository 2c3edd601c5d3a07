"""Pictures from words alone."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from editor.jobs.submit import Quote, quote
from editor.models import Edit, Operation
from editor.web import request_forms, status, tiles
from editor.web.access import Request, signed_in
from editor.web.request_forms import RequestForm

MOST_SHOWN = 12


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def generate(request: Request) -> HttpResponse:
    models = request_forms.models_for("generate")
    again = request_forms.run_again(request, "generate")
    if request.method == "POST" and models:
        sent = request_forms.send(request, "generate", models, again=again)
        if isinstance(sent, Edit):
            return redirect("edit_show", pk=sent.pk)
        return _page(request, sent.form, again, status_code=sent.status)
    values = request_forms.chosen_in(request.GET)
    if again:
        values = request_forms.chosen_before(again, models)
    return _page(request, RequestForm("generate", models, values), again)


@signed_in
@never_cache
@require_safe
def generate_estimate(request: Request) -> JsonResponse:
    values = request_forms.chosen_in(request.GET)
    errors = request_forms.wrong_in(values)
    chars = request.GET.get("prompt_chars", "")
    count = int(chars) if chars.isdecimal() and len(chars) < 8 else 0
    quoted = None if errors else _quoted(values, count)
    if quoted:
        errors = request_forms.errors_of(quoted.problems, "generate")
    return JsonResponse({**request_forms.price_in_words(quoted), "problems": errors})


def _quoted(values: dict[str, str], prompt_chars: int) -> Quote:
    options = request_forms.options_of(values)
    return quote(None, None, values["model"], options, prompt_chars, operation="generate")


def _page(
    request: Request, form: RequestForm, again: Edit | None, *, status_code: int = 200
) -> HttpResponse:
    newest = _newest(request)
    context: dict[str, Any] = {
        "form": form,
        "from_edit": again,
        "tiles": newest,
        "activity": status.activity_of(tile.edit for tile in newest if tile.edit),
    }
    if form.models:
        can_quote = not request_forms.wrong_in(form.effective)
        quoted = _quoted(form.effective, len(form.values["prompt"])) if can_quote else None
        context["price"] = request_forms.price_in_words(quoted)
        context["gone_model"] = again.model if again and again.model != form.model["id"] else ""
    return render(request, "generate/generate.html", context, status=status_code)


def _newest(request: Request) -> list[tiles.Tile]:
    """What was made from words lately."""
    made = Edit.objects.for_person(request.user).filter(operation=Operation.GENERATE)
    newest = tiles.with_pictures(made).order_by("-created_at", "-pk")[:MOST_SHOWN]
    return [tiles.edit_tile(edit) for edit in newest]
