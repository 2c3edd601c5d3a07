"""How scripts use Maskroom, and which servers Maskroom itself can use."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from editor.jobs.provider import known_models
from editor.web.access import Request, signed_in

BASE = "/v1"


@signed_in
@require_safe
def settings_api(request: Request) -> HttpResponse:
    context = {
        "base_url": request.build_absolute_uri(BASE),
        "model": known_models().default("edit").id,
        "calls_per_minute": settings.GATEWAY_CALLS_PER_MINUTE,
        "waits_minutes": round(settings.GATEWAY_WAIT_S / 60),
        "link_minutes": round(settings.GATEWAY_URL_LIFETIME_S / 60),
        "json_megabytes": settings.GATEWAY_MOST_JSON_BYTES // (1024 * 1024),
        "fetches": settings.GATEWAY_FETCH_URLS,
    }
    return render(request, "settings/api.html", context)
