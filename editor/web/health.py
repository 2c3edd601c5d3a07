from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from editor.jobs.health import is_healthy, report


@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    states = report()
    healthy = is_healthy(states)
    return JsonResponse({"ok": healthy, **states}, status=200 if healthy else 503)
