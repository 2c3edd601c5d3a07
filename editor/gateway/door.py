"""The front door of /v1: who calls, how often, and that every answer is the API's JSON.

There is no session, no cookie and no redirect here: a client that followed one would turn its POST
into a GET and take an empty answer for a picture.
"""

import json
import logging
import math
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from editor.images_api import refusals
from editor.images_api.refusals import Refusal
from editor.models import Token
from editor.models.gateway import Allowance

log = logging.getLogger(__name__)

PREFIX = "/v1"
VERSION = "2020-10-01"  # of the API that is spoken, as its own servers name it
WHERE_KEYS_COME_FROM = "Tokens are made on Maskroom's settings page."

View = Callable[Concatenate[Any, ...], HttpResponseBase]


class Caller(HttpRequest):
    """The request as views behind `open_to` see it."""

    token: Token
    request_id: str
    called_at: datetime
    allowance: Allowance | None


def open_to(*methods: str, with_token: bool = True) -> Callable[[View], View]:
    """A view of the gateway for these methods; what it raises or returns is answered as the API does."""

    def opened(view: View) -> View:
        @csrf_exempt  # who calls is told by the token alone, which no browser sends by itself
        @wraps(view)
        def answered(request: Caller, *args: Any, **kwargs: Any) -> HttpResponseBase:
            began = time.monotonic()
            request.request_id = f"req_{secrets.token_hex(16)}"
            request.called_at = timezone.now()
            request.allowance = None
            try:
                _require_method(request, methods)
                _require_https(request)
                if with_token:
                    request.token = _token_of(request)
                    request.allowance = _counted(request)
                response = view(request, *args, **kwargs)
            except Refusal as refusal:
                response = refused(refusal)
            except Exception:
                log.exception("%s failed", request.request_id)
                response = refused(own_mistake())
            return _signed(request, response, began)

        return answered

    return opened


def refused(refusal: Refusal) -> HttpResponse:
    return as_json(refusal.body, refusal.status, dict(refusal.headers))


def as_json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """Never kept by anybody on the way: answers are for one caller."""
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return HttpResponse(
        json.dumps(value), status=status, content_type="application/json", headers=kept
    )


@open_to("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", with_token=False)
def nothing_here(request: Caller, rest: str = "") -> HttpResponseBase:
    raise refusals.unknown_path(request.method or "", request.path)


def is_ours(request: HttpRequest) -> bool:
    """Also asked of requests that no view has seen, such as one with a host name that is not ours."""
    return request.path_info == PREFIX or request.path_info.startswith(f"{PREFIX}/")


def plain_error(request: HttpRequest, status: int) -> HttpResponse:
    """What Django itself refuses under /v1, before or outside of a view."""
    sentences = {400: "The request could not be read.", 403: "This is not allowed."}
    if status == 404:
        refusal = refusals.unknown_path(request.method or "", request.path)
    elif status in sentences:
        refusal = Refusal(status, sentences[status], code="bad_request", retry=False)
    else:
        refusal = own_mistake()
    return refused(refusal)


def _require_method(request: HttpRequest, methods: tuple[str, ...]) -> None:
    if request.method not in methods:
        raise refusals.wrong_method(request.method or "", request.path, methods)


def _require_https(request: HttpRequest) -> None:
    """Where pages are redirected, a call is refused: its token has just been sent in the clear."""
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        sentence = "Use https. The token that came with this call was sent unencrypted: revoke it."
        raise Refusal(400, sentence, code="https_required", retry=False)


def _token_of(request: Caller) -> Token:
    secret = _secret_in(request)
    if not secret:
        raise refusals.no_key()
    token = Token.of(secret)
    if token is None:
        raise refusals.wrong_key(WHERE_KEYS_COME_FROM)
    token.used(request.called_at)
    return token


def _secret_in(request: HttpRequest) -> str:
    """The bearer token, or the header that clients made for Azure send instead."""
    kind, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
    if kind.lower() == "bearer" and secret.strip():
        return secret.strip()
    return request.headers.get("api-key", "").strip()


def _counted(request: Caller) -> Allowance:
    allowance = request.token.count_call(request.called_at, settings.GATEWAY_CALLS_PER_MINUTE)
    if allowance.wait_s:
        limit = f"Rate limit reached for this token: {allowance.limit} requests per minute."
        refusal = refusals.rate_limited(limit, math.ceil(allowance.wait_s))
        refusal.headers |= {"x-should-retry": "true", **_rate_headers(allowance)}
        raise refusal
    return allowance


def _signed(request: Caller, response: HttpResponseBase, began: float) -> HttpResponseBase:
    response["x-request-id"] = request.request_id
    response["openai-version"] = VERSION
    response["openai-processing-ms"] = str(int((time.monotonic() - began) * 1000))
    response["X-Content-Type-Options"] = "nosniff"
    if request.allowance:
        for name, value in _rate_headers(request.allowance).items():
            response[name] = value
    return response


def _rate_headers(allowance: Allowance) -> dict[str, str]:
    return {
        "x-ratelimit-limit-requests": str(allowance.limit),
        "x-ratelimit-remaining-requests": str(allowance.remaining),
        "x-ratelimit-reset-requests": f"{round(allowance.reset_s, 2):g}s",
    }


def own_mistake() -> Refusal:
    sentence = "The server had an error while processing your request."
    return Refusal(500, sentence, "server_error", None, "server_error", retry=False)
