"""Links to pictures of ours for who asked for URLs: signed, for an hour, without any sign-in."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from editor.gateway.door import Caller, open_to
from editor.gateway.results import Made, made_of
from editor.images_api import refusals
from editor.images_api.refusals import Refusal
from editor.models import Result

SALT = "maskroom.gateway.links"
CONTENT_TYPES = {name: f"image/{name}" for name in ("png", "jpeg", "webp", "gif", "avif", "tiff")}
NO_LINK = "This link is not one of ours."


def link_to(result: Result, request: Caller) -> str:
    """An address of this picture that holds for a while, under the host name that was called.

    `se` is for people and programs that want to know until when; what counts is signed.
    """
    ends = timezone.now() + timedelta(seconds=settings.GATEWAY_URL_LIFETIME_S)
    key = _signer().sign_object({"r": result.pk, "e": int(ends.timestamp())})
    path = reverse("v1_file", args=[key])
    told = ends.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{request.build_absolute_uri(path)}?{urlencode({'se': told})}"


@open_to("GET", "HEAD", with_token=False)
def image_file(request: Caller, key: str) -> HttpResponseBase:
    made, left_s = _behind(key, timezone.now())
    try:
        data = made.data()
    except FileNotFoundError:
        raise refusals.unknown_path(request.method or "", "this file") from None
    kind = CONTENT_TYPES.get(made.format, "application/octet-stream")
    response = HttpResponse(data, content_type=kind)
    response["Content-Disposition"] = "inline"
    response["Cache-Control"] = f"private, max-age={left_s}"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _behind(key: str, now: datetime) -> tuple[Made, int]:
    """The picture that a link leads to, and for how many seconds more. Raises Refusal (403)."""
    try:
        signed = _signer().unsign_object(key)
    except (BadSignature, ValueError):
        raise Refusal(403, NO_LINK, code="invalid_link", retry=False) from None
    left_s = int(signed["e"] - now.timestamp())
    if left_s <= 0:
        raise Refusal(403, "This link has expired.", code="link_expired", retry=False)
    result = Result.objects.select_related("edit", "image").filter(pk=signed["r"]).first()
    if result is None:
        raise Refusal(403, NO_LINK, code="invalid_link", retry=False)
    return made_of(result), left_s


def _signer() -> Signer:
    return Signer(salt=SALT)
