"""What callers may send pictures as, and which pictures of ours they may name."""

import base64
import io
import json
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from django.test import RequestFactory
from django.utils import timezone

from editor.gateway.asking import wish_of
from editor.images_api import client
from editor.images_api.errors import ResultRefused
from editor.imaging import files, masks
from editor.jobs import pictures
from editor.models import Edit, Image, Origin, Person, Token
from tests.canned_provider import Answer
from tests.canned_provider import pictures as answer_of
from tests.drawing import mask_pixels, photo_pixels
from tests.gateway.calling import (
    BOX,
    MASK,
    PHOTO,
    SIZE,
    SMALL,
    SQUARE,
    SQUARE_BOX,
    Gateway,
    error_in,
    picture_in,
    pixels_of,
    png,
    upload,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("canned", "worker"),
]

MODEL = {"model": "gpt-image-2", "prompt": "Remove the sign", "size": None}


def data_url(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def edited_json(gateway: Gateway, image: dict[str, Any], **more: Any) -> Any:
    wish = {"model": "gpt-image-2", "prompt": "Remove the sign", "images": [image], **more}
    return gateway.post(json=wish)


def test_pictures_come_as_data_urls(gateway: Gateway, canned: Any) -> None:
    image, mask = {"image_url": data_url(PHOTO)}, {"image_url": data_url(MASK)}
    answer = edited_json(gateway, image, mask=mask)
    assert answer.status_code == 200, answer.text
    assert files.open_picture(picture_in(answer.json()["data"][0])).size == SIZE
    edit = Edit.objects.get()
    assert pictures.read(edit.source.original) == PHOTO
    mask_kept = masks.read_mask(pictures.read(edit.mask), SIZE)
    assert np.array_equal(mask_kept, mask_pixels(SIZE, BOX))


@pytest.mark.parametrize("form", ["img-{}", "{}"])
def test_a_picture_of_the_team_is_named_by_its_number(
    gateway: Gateway, bob: Person, make_photo: Callable[..., Any], form: str
) -> None:
    photo = make_photo(bob)
    answer = edited_json(gateway, {"file_id": form.format(photo.pk)})
    assert answer.status_code == 200
    edit = Edit.objects.get()
    assert edit.source == photo and edit.created_by.username == "alice"
    assert Image.objects.uploads().count() == 1


def test_who_is_outside_reaches_no_picture(gateway: Gateway, photo: Any, alice: Person) -> None:
    alice.is_active = False
    alice.save()
    refused = edited_json(gateway, {"file_id": str(photo.pk)})
    assert refused.status_code == 401
    assert not Edit.objects.exists()


def test_octets_without_a_name_are_taken_when_they_are_a_picture(gateway: Gateway) -> None:
    sent = [upload("image", PHOTO, "application/octet-stream", "upload")]
    answer = gateway.edit(files=sent, **MODEL)
    assert answer.status_code == 200
    assert Edit.objects.get().source.format == "png"


def test_the_same_picture_sent_again_is_stored_once(gateway: Gateway) -> None:
    for prompt in ("First", "Second"):
        gateway.edit(files=[upload("image", PHOTO)], **{**MODEL, "prompt": prompt})
    assert Edit.objects.count() == 2
    assert Image.objects.filter(origin=Origin.API).count() == 1


def test_the_pictures_own_transparency_is_the_older_models_mask(gateway: Gateway) -> None:
    alpha = 255 - mask_pixels(SQUARE, SQUARE_BOX)
    answer = gateway.edit(files=[upload("image", png(SQUARE, alpha=alpha))])
    assert answer.status_code == 200, answer.text
    edit = Edit.objects.get()
    kept = masks.read_mask(pictures.read(edit.mask), SQUARE)
    assert np.array_equal(kept, mask_pixels(SQUARE, SQUARE_BOX))


def test_a_mask_that_covers_all_lets_the_whole_picture_change(gateway: Gateway) -> None:
    everything = masks.api_mask_png(np.full(SIZE[::-1], 255, np.uint8))
    answer = gateway.edit(files=[upload("image", PHOTO), upload("mask", everything)], **MODEL)
    assert answer.status_code == 200, answer.text
    assert not Edit.objects.get().is_stitched


def test_a_body_without_a_length_is_read_to_its_end(alice: Person) -> None:
    """Programs that do not know the length beforehand send it in pieces; the server marks its end."""
    request: Any = RequestFactory().post("/v1/images/generations")
    request.META |= {
        "CONTENT_LENGTH": "",
        "CONTENT_TYPE": "application/json",
        "wsgi.input": io.BytesIO(b'{"prompt": "A lighthouse"}'),
        "wsgi.input_terminated": True,
    }
    request.token = Token.make(alice, "script")[0]
    request.request_id, request.called_at = "req_test", timezone.now()
    wish = wish_of(request, "generate", "")
    assert Edit.objects.get(pk=wish.edit_id).prompt == "A lighthouse"


def test_where_neither_length_nor_end_is_known_nothing_is_read(gateway: Gateway) -> None:
    refused = gateway.post(
        "/images/generations", data=iter([b'{"prompt": "A lighthouse"}']),
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    assert refused.status_code == 411
    assert error_in(refused)["code"] == "length_required"


def test_an_address_is_fetched_where_the_operator_allows_it(
    gateway: Gateway, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.GATEWAY_FETCH_URLS = True
    asked: list[str] = []

    def fetched(url: str, *, into: Any, deadline: float, max_bytes: int) -> str:
        asked.append(url)
        into.write_bytes(PHOTO)
        return "image/png"

    monkeypatch.setattr(client, "fetch_input", fetched, raising=False)
    address = "https://pictures.example/a.png"
    assert edited_json(gateway, {"image_url": address}).status_code == 200
    assert asked == [address]
    assert pictures.read(Edit.objects.get().source.original) == PHOTO


def test_an_address_within_the_house_is_refused(
    gateway: Gateway, settings: Any, live_server: Any
) -> None:
    settings.GATEWAY_FETCH_URLS = True
    port = urlsplit(live_server.url).port
    with socket.socket() as inner:
        inner.bind(("127.0.0.1", 0))
        for address in (f"https://127.0.0.1:{port}/", "https://localhost/", "https://[::1]/a.png"):
            refused = edited_json(gateway, {"image_url": address})
            assert refused.status_code == 400, address
            assert error_in(refused)["code"] == "invalid_image_url"
    assert not Edit.objects.exists()


def test_what_an_address_refuses_is_told(
    gateway: Gateway, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.GATEWAY_FETCH_URLS = True

    def refusing(*_: Any, **__: Any) -> str:
        raise ResultRefused("This address leads into a private network.", code="private_address")

    monkeypatch.setattr(client, "fetch_input", refusing, raising=False)
    refused = edited_json(gateway, {"image_url": "https://inner.example/a.png"})
    assert refused.status_code == 400
    assert "private network" in error_in(refused)["message"]


def test_the_caller_is_named_to_the_provider_by_our_pseudonym_alone(
    gateway: Gateway, canned: Any
) -> None:
    names = {"user": "carol@example.org", "safety_identifier": "person-17"}
    answer = gateway.edit(files=[upload("image", PHOTO)], **MODEL, **names)
    assert answer.json()["safety_identifier"] == "person-17"
    sent = b" ".join(canned.requests[0].values())
    assert b"carol" not in sent and b"person-17" not in sent and b"alice" not in sent


def test_a_size_of_the_pictures_shape_is_the_answers_size(gateway: Gateway, canned: Any) -> None:
    large, mask = (
        png((2048, 2048)),
        masks.api_mask_png(mask_pixels((2048, 2048), (500, 500, 900, 900))),
    )
    canned.usual = Answer(body=answer_of(size=(1024, 1024)))
    answer = gateway.edit(
        files=[upload("image", large), upload("mask", mask)], **{**MODEL, "size": "1024x1024"}
    ).json()
    pixels = pixels_of(picture_in(answer["data"][0]))
    assert (pixels.shape[:2], answer["size"]) == ((1024, 1024), "1024x1024")
    outside = mask_pixels((1024, 1024), (240, 240, 460, 460)) == 0
    shrunk = photo_pixels((2048, 2048))[::2, ::2].astype(int)
    assert np.abs(pixels.astype(int) - shrunk)[outside].max() <= 2


def test_what_is_not_stitched_is_the_providers_own_bytes(gateway: Gateway, canned: Any) -> None:
    answer = gateway.edit(files=[upload("image", PHOTO)], **MODEL).json()
    raw = base64.b64decode(json.loads(canned.usual.body)["data"][0]["b64_json"])
    assert picture_in(answer["data"][0]) == raw
    assert answer["size"] == "64x64"


def test_unknown_usage_is_left_out_and_never_zero(gateway: Gateway, canned: Any) -> None:
    body = json.loads(canned.usual.body)
    del body["usage"]
    canned.usual = Answer(body=json.dumps(body).encode())
    assert "usage" not in gateway.edit(files=[upload("image", PHOTO)], **MODEL).json()


def test_revised_words_are_handed_on(gateway: Gateway, canned: Any) -> None:
    body = json.loads(canned.usual.body)
    body["data"][0]["revised_prompt"] = "A tall lighthouse"
    canned.usual = Answer(body=json.dumps(body).encode())
    answer = gateway.edit(files=[upload("image", SMALL)], **MODEL).json()
    assert answer["data"][0]["revised_prompt"] == "A tall lighthouse"
