"""Django's own error answers: the API's JSON under /v1, the site's pages everywhere else."""

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from editor.gateway.door import is_ours, plain_error


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_ours(request):
        return plain_error(request, 400)
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_ours(request):
        return plain_error(request, 403)
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_ours(request):
        return plain_error(request, 404)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    return plain_error(request, 500) if is_ours(request) else defaults.server_error(request)
