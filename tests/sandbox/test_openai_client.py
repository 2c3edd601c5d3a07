"""The official client against the sandbox: every operation, plain and streamed, and its errors."""

import base64
import io
from pathlib import Path
from typing import Any

import openai
import pytest
import requests

from editor.images_api.catalogue import default
from editor.imaging import files
from tests.sandbox.asking import API_MASK, PICTURE, PNG, SMALL, SMALL_MASK, picture
from tests.sandbox.streaming import SIZE
from tests.sandbox_server import Sandbox, running_sandbox

SMALL_PICTURE = SMALL[1][1]
EDITING = [model.id for model in default().models() if "edit" in model.operations]
STREAMING = [model.id for model in default().models() if model.max_partial_images]


@pytest.fixture
def official(sandbox: Sandbox) -> openai.OpenAI:
    return client(sandbox)


def client(sandbox: Sandbox, **options: Any) -> openai.OpenAI:
    given = {"base_url": sandbox.base_url, "api_key": sandbox.key, "max_retries": 0, **options}
    return openai.OpenAI(**given)


def named(data: bytes, name: str) -> io.BytesIO:
    file = io.BytesIO(data)
    file.name = name
    return file


def small_edit(official: openai.OpenAI, **fields: Any) -> Any:
    given = {
        "model": "gpt-image-2",
        "image": named(SMALL_PICTURE, "a.png"),
        "mask": named(SMALL_MASK, "mask.png"),
        "prompt": "Remove the sign",
        "quality": "low",
        **fields,
    }
    return official.images.edit(**given)


def sizes(answer: Any) -> list[tuple[int, int]]:
    """The sizes of an answer's pictures, inline or behind their addresses."""
    datas = [
        base64.b64decode(item.b64_json)
        if item.b64_json
        else requests.get(item.url, timeout=5).content
        for item in answer.data
    ]
    return [files.open_picture(data).size for data in datas]


@pytest.mark.parametrize("model", EDITING)
def test_every_model_that_edits_is_served(official: openai.OpenAI, model: str) -> None:
    is_described = default().get(model).tokens is not None
    more = {"quality": "low"} if is_described else {"quality": openai.omit}
    answer = small_edit(official, model=model, size="1024x1024", user="someone", **more)
    assert sizes(answer) == [(1024, 1024)]
    assert (answer.usage is not None) is is_described
    assert answer.quality == ("low" if is_described else None)


def test_an_edit_tells_size_quality_and_usage(official: openai.OpenAI) -> None:
    answer = small_edit(official, size="1024x1024", n=2)
    assert sizes(answer) == [(1024, 1024)] * 2
    assert (answer.size, answer.quality, answer.background) == ("1024x1024", "low", "opaque")
    assert answer.usage.total_tokens == answer.usage.input_tokens + 2 * 196


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
@pytest.mark.parametrize("form", ["url", "b64_json"])
def test_the_older_models_answer_in_either_form(official: openai.OpenAI, form: Any) -> None:
    edited = official.images.edit(
        model="dall-e-2", image=("a.png", SMALL_PICTURE, PNG), mask=("m.png", SMALL_MASK, PNG),
        prompt="Remove it", size="512x512", response_format=form,
    )  # fmt: skip
    made = official.images.generate(
        model="dall-e-3", prompt="An otter", size="1792x1024", style="natural", quality="hd",
        response_format=form,
    )  # fmt: skip
    varied = official.images.create_variation(
        image=named(SMALL_PICTURE, "a.png"), size="256x256", n=2, response_format=form
    )
    assert sizes(edited) == [(512, 512)]
    assert sizes(made) == [(1792, 1024)]
    assert sizes(varied) == [(256, 256)] * 2
    assert made.data is not None
    assert made.data[0].revised_prompt == "A natural-looking picture: An otter"
    for answer in (edited, made, varied):
        assert all(getattr(item, form) for item in answer.data or [])


def test_generations_take_every_parameter(official: openai.OpenAI) -> None:
    answer = official.images.generate(
        model="gpt-image-2.6-flare", prompt="An otter", size=SIZE, quality="max",
        background="opaque", output_format="webp", output_compression=50, moderation="low",
        n=1, user="someone", extra_body={"complexity": "low", "safety_identifier": "abc"},
    )  # fmt: skip
    assert answer.data is not None
    assert files.sniff(base64.b64decode(answer.data[0].b64_json or "")) == "webp"
    assert (answer.size, answer.output_format, answer.quality) == (SIZE, "webp", "max")
    assert answer.model_dump()["safety_identifier"] == "abc"


def test_edits_take_every_parameter(official: openai.OpenAI) -> None:
    answer = small_edit(
        official, model="gpt-image-1.5", size="1536x1024", quality="medium", n=1,
        background="transparent", output_format="webp", output_compression=90,
        input_fidelity="high", user="someone",
    )  # fmt: skip
    assert sizes(answer) == [(1536, 1024)]
    assert (answer.background, answer.output_format) == ("transparent", "webp")


def test_a_markup_goes_in_place_of_a_mask(official: openai.OpenAI) -> None:
    answer = small_edit(
        official, model="gpt-image-2.5-flare", size=SIZE, mask=openai.omit,
        markup=named(SMALL_MASK, "markup.png"),
    )  # fmt: skip
    assert sizes(answer) == [(1024, 640)]
    with pytest.raises(openai.BadRequestError) as caught:
        small_edit(official, model="gpt-image-2.5-flare", markup=named(SMALL_MASK, "markup.png"))
    assert caught.value.param == "markup"


def test_several_pictures_go_through_the_official_client(
    official: openai.OpenAI, sandbox: Sandbox
) -> None:
    pictures = [named(PICTURE, "a.png"), named(PICTURE, "b.png")]
    answer = official.images.edit(
        model="gpt-image-2", image=pictures, mask=named(API_MASK, "m.png"), prompt="Join them"
    )
    assert answer.usage is not None
    assert answer.usage.input_tokens_details.image_tokens == 2048
    assert sandbox.calls()[0]["worked"]


@pytest.mark.parametrize("model", STREAMING)
def test_every_model_that_streams_sends_previews_and_the_picture(
    official: openai.OpenAI, model: str
) -> None:
    stream = official.images.generate(
        model=model, prompt="An otter", size="1024x1024", quality="low", stream=True,
        partial_images=1,
    )  # fmt: skip
    preview, picture = stream
    assert preview.type == "image_generation.partial_image"
    assert preview.partial_image_index == 0
    assert picture.type == "image_generation.completed"
    assert picture.usage.output_tokens > 100
    for event in (preview, picture):
        assert files.open_picture(base64.b64decode(event.b64_json)).size == (1024, 1024)
        assert event.size == "1024x1024"


def test_a_streamed_edit_sends_events_of_its_own(official: openai.OpenAI) -> None:
    events = list(small_edit(official, size=SIZE, stream=True, partial_images=2, n=2))
    assert [event.type for event in events] == [
        *["image_edit.partial_image"] * 2,
        *["image_edit.completed"] * 2,
    ]
    assert events[2].usage.total_tokens == (
        events[2].usage.input_tokens + events[2].usage.output_tokens
    )
    assert events[3].usage.input_tokens == 0


def test_strict_validation_finds_nothing_amiss(sandbox: Sandbox) -> None:
    strict = client(sandbox, _strict_response_validation=True)
    assert small_edit(strict, size="1024x1024").usage.input_tokens > 0
    events = list(small_edit(strict, size="1024x1024", stream=True, partial_images=1))
    assert len(events) == 2
    assert "gpt-image-2" in [model.id for model in strict.models.list()]


@pytest.mark.parametrize(
    ("fields", "error", "code", "param"),
    [
        ({"n": 11}, openai.BadRequestError, "integer_above_max_value", "n"),
        ({"model": "none"}, openai.NotFoundError, "model_not_found", "model"),
        ({"size": "4096x4096"}, openai.BadRequestError, "invalid_value", "size"),
        ({"response_format": "url"}, openai.BadRequestError, "unknown_parameter", "response_format"),
        ({"prompt": "a moderation test"}, openai.BadRequestError, "moderation_blocked", None),
        (
            {"mask": named(picture((256, 256)), "m.png")},
            openai.BadRequestError,
            "invalid_mask_image_format",
            "mask",
        ),
    ],
)  # fmt: skip
def test_the_official_client_raises_its_own_errors(
    official: openai.OpenAI, fields: Any, error: type[openai.APIStatusError], code: str, param: Any
) -> None:
    with pytest.raises(error) as caught:
        small_edit(official, **fields)
    assert (caught.value.code, caught.value.param) == (code, param)
    assert str(caught.value.request_id).startswith("req_")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("400", openai.BadRequestError),
        ("401", openai.AuthenticationError),
        ("403", openai.PermissionDeniedError),
        ("404", openai.NotFoundError),
        ("409", openai.ConflictError),
        ("422", openai.UnprocessableEntityError),
        ("429", openai.RateLimitError),
        ("500", openai.InternalServerError),
        ("drop-before", openai.APIConnectionError),
    ],
)
def test_each_fault_has_its_class(
    official: openai.OpenAI, sandbox: Sandbox, fault: str, error: type[openai.APIError]
) -> None:
    sandbox.fault(fault)
    with pytest.raises(error):
        official.images.generate(model="gpt-image-2", prompt="An otter")


@pytest.mark.parametrize(
    ("fault", "calls"),
    [("500,500,ok", 3), ("429:0,ok", 2), ("429-quota,ok", 1), ("401,ok", 1), ("400,ok", 1)],
)
def test_the_official_client_repeats_what_may_help_and_nothing_else(
    sandbox: Sandbox, fault: str, calls: int
) -> None:
    sandbox.fault(fault)
    patient = client(sandbox, max_retries=2)
    if calls > 1:
        patient.images.generate(model="dall-e-2", prompt="An otter", size="256x256")
    else:
        with pytest.raises(openai.APIStatusError):
            patient.images.generate(model="dall-e-2", prompt="An otter", size="256x256")
    assert len(sandbox.calls()) == calls


def streamed(official: openai.OpenAI, fault: str) -> list[Any]:
    stream = official.images.generate(
        model="gpt-image-2", prompt="An otter", size=SIZE, stream=True, partial_images=1,
        extra_headers={"X-Sandbox-Fault": fault},
    )  # fmt: skip
    return list(stream)


def test_an_error_within_a_stream_is_raised(official: openai.OpenAI) -> None:
    with pytest.raises(openai.APIError) as caught:
        streamed(official, "stream-error:moderation_blocked")
    assert caught.value.code == "moderation_blocked"
    assert caught.value.type == "image_generation_user_error"


def test_what_the_official_client_does_not_notice(official: openai.OpenAI) -> None:
    assert [event.type for event in streamed(official, "stream-ends")] == [
        "image_generation.partial_image"
    ]
    assert [event.type for event in streamed(official, "stream-flat-error")][-1] == "error"
    assert streamed(official, "plain-json") == []


def test_bytes_without_a_name_are_known_by_what_they_are(official: openai.OpenAI) -> None:
    answer = official.images.edit(model="gpt-image-2", image=PICTURE, prompt="p")
    assert sizes(answer) == [(1024, 1024)]
    with pytest.raises(openai.BadRequestError, match="unsupported mimetype"):
        official.images.edit(model="gpt-image-2", image=b"no picture", prompt="p")


def test_models_are_listed_and_told_about(official: openai.OpenAI) -> None:
    assert [model.id for model in official.models.list()] == [
        model.id for model in default().models()
    ]
    one = official.models.retrieve("dall-e-2")
    assert one.model_dump()["shutdown_date"] is None  # it is past, and served here all the same
    with pytest.raises(openai.NotFoundError):
        official.models.retrieve("none")
    with pytest.raises(openai.AuthenticationError):
        official.with_options(api_key="wrong").models.list()


def test_a_reached_rate_is_told_with_a_wait(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, SANDBOX_RATE="1/hour") as sandbox:
        official = client(sandbox, max_retries=2)
        official.images.generate(model="dall-e-2", prompt="An otter", size="256x256")
        with pytest.raises(openai.RateLimitError) as caught:
            official.images.generate(model="dall-e-2", prompt="An otter", size="256x256")
        assert caught.value.code == "rate_limit_exceeded"
        assert int(caught.value.response.headers["retry-after"]) > 3000
        assert len(sandbox.calls()) == 2  # the wait is longer than the client cares to wait
