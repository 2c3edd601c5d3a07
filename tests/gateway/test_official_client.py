"""The official client does every operation against the gateway, plain and streamed."""

import base64
import io
from typing import Any

import numpy as np
import openai
import pytest

from editor.imaging import files
from editor.jobs import pictures
from editor.models import Edit, Image, Origin, Status
from tests.drawing import mask_pixels, photo_pixels
from tests.gateway.calling import BOX, MASK, PHOTO, SIZE, SMALL, SMALL_MASK, picture_in, pixels_of

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("provider", "worker"),
]


def named(data: bytes, name: str = "photo.png") -> io.BytesIO:
    file = io.BytesIO(data)
    file.name = name
    return file


def edited(official: openai.OpenAI, **fields: Any) -> Any:
    wish = {
        "model": "gpt-image-2", "image": named(PHOTO), "mask": named(MASK, "mask.png"),
        "prompt": "Remove the sign", "quality": "low",
    }  # fmt: skip
    return official.images.edit(**{**wish, **fields})


def test_an_edit_without_a_size_changes_nothing_outside_the_mask(
    official: openai.OpenAI, alice: Any
) -> None:
    answer = edited(official)
    pixels = pixels_of(picture_in(answer.data[0]))
    inside = mask_pixels(SIZE, BOX) > 0
    assert pixels.shape == photo_pixels(SIZE).shape
    assert np.array_equal(pixels[~inside], photo_pixels(SIZE)[~inside])
    assert not np.array_equal(pixels[inside], photo_pixels(SIZE)[inside])
    assert (answer.size, answer.quality, answer.output_format) == ("320x240", "low", "png")
    edit = Edit.objects.get()
    assert (edit.created_by, edit.status, edit.prompt) == (
        alice,
        Status.SUCCEEDED,
        "Remove the sign",
    )
    assert (edit.source.origin, edit.source.name) == (Origin.API, "photo.png")
    assert answer.usage.total_tokens == sum(
        edit.attempts.get().usage[name] for name in ("input_tokens", "output_tokens")
    )


def test_an_edit_gives_as_many_pictures_as_were_asked_for(official: openai.OpenAI) -> None:
    answer = edited(official, n=2)
    first, second = [pixels_of(picture_in(item)) for item in answer.data]
    assert first.shape == second.shape
    assert Edit.objects.get().results.count() == 2
    assert [result.review for result in Edit.objects.get().results.all()] == ["pending"] * 2


def test_several_pictures_are_a_source_and_its_references(official: openai.OpenAI) -> None:
    images = [named(PHOTO, "a.png"), named(SMALL, "b.png")]
    answer = edited(official, image=images, mask=openai.omit)
    edit = Edit.objects.get()
    assert edit.source.name == "a.png"
    assert [each.image.name for each in edit.references.all()] == ["b.png"]
    assert answer.data[0].b64_json


def test_a_drawing_over_the_picture_is_kept_and_sent(
    official: openai.OpenAI, provider: Any
) -> None:
    drawing = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    drawing[20:40, 20:80] = (255, 0, 0, 255)
    markup = named(files.encode_png(drawing), "markup.png")
    model = "gpt-image-2.5-flare"
    answer = edited(official, model=model, mask=openai.omit, markup=markup)
    edit = Edit.objects.get()
    assert np.array_equal(pixels_of(pictures.read(edit.markup)), drawing)
    assert picture_in(answer.data[0]) == pictures.read(edit.results.get().piece.raw)


def test_the_older_model_answers_with_links(official: openai.OpenAI) -> None:
    answer = official.images.edit(
        model="dall-e-2",
        image=("a.png", SMALL, "image/png"),
        mask=("mask.png", SMALL_MASK, "image/png"),
        prompt="Remove the sign",
        size="256x256",
    )
    assert answer.data[0].b64_json is None
    assert answer.usage is None and answer.size is None
    assert files.open_picture(picture_in(answer.data[0])).size == (256, 256)


def test_a_picture_is_made_from_words_alone(official: openai.OpenAI) -> None:
    answer = official.images.generate(
        model="gpt-image-2", prompt="A lighthouse", size="1024x1024", quality="low", n=1
    )
    edit = Edit.objects.get()
    assert (edit.operation, edit.source, edit.mask) == ("generate", None, "")
    picture = files.open_picture(picture_in(answer.data[0]))
    assert (picture.size, picture.format) == ((1024, 1024), "png")
    assert answer.size == "1024x1024"
    assert not Image.objects.exclude(origin=Origin.RESULT).exists()


def test_a_generation_comes_in_the_format_that_was_asked_for(official: openai.OpenAI) -> None:
    answer = official.images.generate(
        model="gpt-image-2", prompt="A lighthouse", quality="low", output_format="webp"
    )
    assert files.sniff(picture_in(answer.data[0])) == "webp"
    assert answer.output_format == "webp"


def test_a_stitched_picture_comes_in_the_format_that_was_asked_for(
    official: openai.OpenAI,
) -> None:
    best = picture_in(edited(official, output_format="jpeg").data[0])
    small = picture_in(edited(official, output_format="jpeg", output_compression=10).data[0])
    assert (files.sniff(best), files.sniff(small)) == ("jpeg", "jpeg")
    assert files.open_picture(best).size == SIZE
    assert len(small) < len(best)


def test_a_variation_of_a_picture_needs_no_words(official: openai.OpenAI) -> None:
    answer = official.images.create_variation(
        model="dall-e-2", image=named(SMALL), n=2, size="256x256", response_format="b64_json"
    )
    edit = Edit.objects.get()
    assert (edit.operation, edit.prompt, edit.n) == ("vary", "", 2)
    sizes = [files.open_picture(picture_in(item)).size for item in answer.data]
    assert sizes == [(256, 256)] * 2


def test_an_edit_is_streamed_with_its_previews(official: openai.OpenAI) -> None:
    events = list(edited(official, stream=True, partial_images=2))
    kinds = [event.type for event in events]
    assert kinds[-1] == "image_edit.completed"
    assert set(kinds[:-1]) <= {"image_edit.partial_image"}
    done = events[-1]
    pixels = pixels_of(base64.b64decode(done.b64_json))
    inside = mask_pixels(SIZE, BOX) > 0
    assert np.array_equal(pixels[~inside], photo_pixels(SIZE)[~inside])
    assert done.usage.output_tokens > 0
    assert (done.size, done.quality) == ("320x240", "low")


def test_a_generation_of_several_is_streamed_picture_by_picture(official: openai.OpenAI) -> None:
    stream = official.images.generate(
        model="gpt-image-2", prompt="A lighthouse", quality="low", n=2, stream=True
    )
    events = list(stream)
    assert [event.type for event in events] == ["image_generation.completed"] * 2
    usage = Edit.objects.get().attempts.get().usage
    assert sum(event.usage.output_tokens for event in events) == usage["output_tokens"]
    assert sum(event.usage.input_tokens for event in events) == usage["input_tokens"]


def test_the_models_are_listed_and_looked_up(official: openai.OpenAI) -> None:
    listed = list(official.models.list())
    assert {"gpt-image-2", "dall-e-2"} <= {model.id for model in listed}
    assert official.models.retrieve("gpt-image-2").object == "model"
    with pytest.raises(openai.NotFoundError) as caught:
        official.models.retrieve("none")
    assert caught.value.code == "model_not_found"


def test_errors_are_the_official_clients_own(official: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        edited(official, n=11)
    assert caught.value.param == "n"
    assert caught.value.request_id.startswith("req_")
    with pytest.raises(openai.AuthenticationError):
        official.with_options(api_key="mr-wrong").models.list()
    assert not Edit.objects.exists()


def test_clients_made_for_azure_work_too(gateway: Any) -> None:
    client = openai.AzureOpenAI(
        base_url=gateway.base_url, api_key=gateway.key, api_version="2025-04-01-preview"
    )
    assert "gpt-image-2" in [model.id for model in client.models.list()]
    answer = edited(client)
    assert files.open_picture(picture_in(answer.data[0])).size == SIZE
