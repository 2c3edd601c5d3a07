"""Answers that show the same for ever, and are never rendered as a page.

Each has its own type, `nosniff`, and a policy that allows nothing.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control

YEAR_S = 31_536_000
ONLY_A_PICTURE = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def unchanging(
    request: HttpRequest, tag: str, make: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """The answer that `make` gives, or 304 to who has it. `tag` names what it shows, without quotes."""
    quoted = f'"{tag}"'
    is_known = quoted in request.headers.get("If-None-Match", "")
    answer = HttpResponseNotModified() if is_known else make()
    patch_cache_control(answer, private=True, max_age=YEAR_S, immutable=True)
    answer["ETag"] = quoted
    for name, value in ONLY_A_PICTURE.items():
        answer[name] = value
    return answer
