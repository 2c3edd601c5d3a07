"""Links to results: signed, for an hour, for who holds them, and for nothing else."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.signing import Signer
from django.test import Client, RequestFactory
from django.utils import timezone

from editor.gateway.links import link_to
from editor.gateway.results import made_of
from editor.jobs import pictures
from editor.models import Edit, Piece, Result

pytestmark = pytest.mark.django_db


@pytest.fixture
def result(photo: Any, make_edit: Any, make_result: Any) -> Any:
    made = make_result(make_edit(photo))
    return Result.objects.select_related("edit", "image").get(pk=made.pk)


def link(result: Any) -> Any:
    request = RequestFactory().post("/v1/images/edits", headers={"Host": "127.0.0.1:9876"})
    return urlsplit(link_to(result, request))  # type: ignore[arg-type]


def opened(path: str) -> Any:
    return Client().get(path)


def test_a_link_leads_to_the_picture_without_any_sign_in(result: Any) -> None:
    address = link(result)
    assert (address.scheme, address.netloc) == ("http", "127.0.0.1:9876")
    answer = opened(f"{address.path}?{address.query}")
    assert answer.status_code == 200
    assert answer.content == pictures.read(result.image.original)
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "private" in answer["Cache-Control"]
    assert not answer.cookies


def test_a_link_tells_until_when_it_holds(result: Any, settings: Any) -> None:
    settings.GATEWAY_URL_LIFETIME_S = 3600
    (told,) = parse_qs(link(result).query)["se"]
    ends = datetime.strptime(told, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs(ends - timezone.now() - timedelta(hours=1)) < timedelta(seconds=10)


def test_after_its_hour_a_link_is_refused_whatever_it_says(result: Any, settings: Any) -> None:
    settings.GATEWAY_URL_LIFETIME_S = -1
    path = link(result).path
    for query in ("", "?se=2099-01-01T00:00:00Z"):
        answer = opened(path + query)
        assert answer.status_code == 403
        assert answer["Content-Type"] == "application/json"
        assert json.loads(answer.content)["error"]["code"] == "link_expired"


def test_a_link_that_was_changed_is_refused(result: Any) -> None:
    path = link(result).path
    body, _, signature = path.rpartition(":")
    for forged in (f"{path}x", body, f"{body}:{signature[::-1]}", f"{body[:-1]}:{signature}"):
        answer = opened(forged)
        assert answer.status_code == 403, forged
        assert json.loads(answer.content)["error"]["code"] == "invalid_link"


def test_signatures_of_other_purposes_open_nothing(result: Any) -> None:
    soon = int(timezone.now().timestamp()) + 60
    forged = Signer(salt="another").sign_object({"r": result.pk, "e": soon})
    assert opened(f"/v1/images/files/{forged}").status_code == 403


def test_a_link_gives_the_format_that_was_asked_for(result: Any) -> None:
    Edit.objects.update(options={"n": 1, "output_format": "jpeg", "output_compression": 40})
    result = Result.objects.select_related("edit", "image").get()
    answer = opened(link(result).path)
    assert answer["Content-Type"] == "image/jpeg"
    assert answer.content.startswith(b"\xff\xd8\xff")
    assert made_of(result).size == result.image.size


def test_a_file_that_is_gone_is_not_found(result: Any) -> None:
    path = link(result).path
    Piece.objects.update(raw="no/such.png")
    type(result.image).objects.update(original="no/such.png")
    assert opened(path).status_code == 404
