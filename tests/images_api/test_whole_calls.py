"""Each operation and each form, from a request to its pictures and their price, at a server of the API."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from editor.images_api import client, pricing
from editor.images_api.catalogue import default, problems_of_request
from editor.images_api.client import PartialPicture, fetch, generate, send, url_expires_at, vary
from editor.images_api.messages import (
    ImagesResponse,
    Operation,
    Request,
    picture_bytes,
    read_answer,
)
from editor.imaging import files
from tests.images_api.drawing import a_provider, a_request, parts
from tests.sandbox_server import Sandbox, running_sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path) as running:
        yield running


def answered(
    sandbox: Sandbox, request: Request, into: Path, **ways: Any
) -> tuple[ImagesResponse, list[PartialPicture]]:
    seen: list[PartialPicture] = []
    provider = a_provider(sandbox.base_url, api_key=sandbox.key, **ways)
    meta = send(provider, request, into=into, key="k", on_partial=seen.append)
    return read_answer(into, meta), seen


def sizes(response: ImagesResponse) -> list[tuple[int, int]]:
    pictures = [picture_bytes(response, picture.index) for picture in response.pictures]
    return [files.open_picture(data).size for data in pictures]


def is_within_its_quote(request: Request, response: ImagesResponse) -> bool:
    model = default().get(request.model)
    quote = pricing.estimate(
        model,
        operation=request.operation,
        size=request.size,
        quality=request.quality,
        n=request.n or 1,
        input_sizes=[part.size for part in request.images],
        prompt_chars=len(request.prompt or ""),
        mask=request.mask is not None,
        partial_images=request.partial_images or 0,
    )
    n, size = len(response.pictures), response.size
    spent = pricing.cost(model, response.usage, n=n, size=size, quality=response.quality)
    return spent is not None and quote.low <= spent <= quote.high


def test_an_edit_is_streamed_with_its_previews(sandbox: Sandbox, tmp_path: Path) -> None:
    request = a_request(stream=True, partial_images=2, quality="low", output_format="webp")
    response, previews = answered(sandbox, request, tmp_path / "a")
    assert sizes(response) == [(1024, 1024)]
    assert [each.index for each in previews] == [0, 1]
    assert [each.size for each in previews] == ["1024x1024"] * 2
    assert [files.open_picture(each.data).size for each in previews] == [(1024, 1024)] * 2
    assert is_within_its_quote(request, response)


def test_two_pictures_are_generated_in_one_stream(sandbox: Sandbox, tmp_path: Path) -> None:
    request = Request(
        operation="generate",
        model="gpt-image-2",
        prompt="A boat",
        n=2,
        size="1024x1024",
        quality="low",
        stream=True,
        partial_images=1,
    )
    response, previews = answered(sandbox, request, tmp_path / "a")
    assert sizes(response) == [(1024, 1024)] * 2
    assert len(previews) >= 1
    assert is_within_its_quote(request, response)


def test_an_edit_with_references_goes_as_json_too(sandbox: Sandbox, tmp_path: Path) -> None:
    picture = parts()[0]
    request = a_request(images=(picture,) * 3, moderation="low", quality="low")
    as_json, _ = answered(sandbox, request, tmp_path / "a", edits_as="json")
    as_form, _ = answered(sandbox, request, tmp_path / "b")
    assert sizes(as_json) == sizes(as_form) == [(1024, 1024)]
    assert as_json.usage == as_form.usage
    assert is_within_its_quote(request, as_json)


def test_a_markup_guides_an_edit(sandbox: Sandbox, tmp_path: Path) -> None:
    markup = parts()[1]
    request = a_request(model="gpt-image-2.6-flare", mask=None, markup=markup, complexity="high")
    assert problems_of_request(default().get(request.model), request) == []
    assert sizes(answered(sandbox, request, tmp_path / "a")[0]) == [(1024, 1024)]


def test_a_variation_is_fetched_from_its_url(sandbox: Sandbox, tmp_path: Path) -> None:
    request = Request(
        operation="vary", model="dall-e-2", n=2, size="256x256", images=(parts(256)[0],)
    )
    provider = a_provider(sandbox.base_url, api_key=sandbox.key)
    meta = vary(provider, request, into=tmp_path / "a", key="k")
    response = read_answer(tmp_path / "a", meta)
    assert len(response.pictures) == 2
    for picture in response.pictures:
        assert picture.url is not None
        assert url_expires_at(picture.url, response.created) > response.created
        fetch(picture.url, provider=provider, into=tmp_path / "p", deadline=10)
        assert files.open_picture((tmp_path / "p").read_bytes()).size == (256, 256)


@pytest.mark.parametrize("id", [model.id for model in default().models()])
def test_every_model_generates(sandbox: Sandbox, tmp_path: Path, id: str) -> None:
    model = default().get(id)
    quality = model.qualities[-1] if model.qualities else None
    response_format = "b64_json" if model.response_formats else None
    size = f"{model.sizes.fixed[0][0]}x{model.sizes.fixed[0][1]}"
    request = Request(
        operation="generate",
        model=id,
        prompt="A boat",
        size=size,
        quality=quality,
        response_format=response_format,
    )
    assert problems_of_request(model, request) == []
    provider = a_provider(sandbox.base_url, api_key=sandbox.key)
    meta = generate(provider, request, into=tmp_path / "a", key="k")
    response = read_answer(tmp_path / "a", meta)
    assert sizes(response) == [model.sizes.fixed[0]]
    if model.tokens is not None:
        assert is_within_its_quote(request, response)


def test_the_servers_list_is_the_catalogue(sandbox: Sandbox) -> None:
    listed = client.models(a_provider(sandbox.base_url, api_key=sandbox.key))
    today = datetime.now(UTC).date()
    known = {
        model.id: None if model.is_shut_down(today) else model.shutdown_date
        for model in default().models()
    }
    assert {model.id: model.shutdown_date for model in listed} == known
    assert len(listed) == len(known)


@pytest.mark.parametrize("operation", ["edit", "generate", "vary"])
def test_each_operation_arrives_where_it_belongs(
    sandbox: Sandbox, tmp_path: Path, operation: Operation
) -> None:
    given: dict[str, Any] = {
        "edit": {"prompt": "Remove it", "images": (parts(256)[0],), "mask": parts(256)[1]},
        "generate": {"prompt": "A boat"},
        "vary": {"images": (parts(256)[0],)},
    }[operation]
    request = Request(operation=operation, model="dall-e-2", size="256x256", **given)
    answered(sandbox, request, tmp_path / "a")
    assert [call["operation"] for call in sandbox.calls()] == [operation]
