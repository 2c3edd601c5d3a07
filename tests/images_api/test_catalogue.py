import dataclasses
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from editor.images_api.catalogue import (
    Catalogue,
    UnknownModel,
    default,
    load,
    problems,
    problems_of_request,
)
from editor.images_api.entries import CatalogueBroken
from editor.images_api.messages import FilePart, Params, Request

TODAY = date(2026, 11, 21)
MIB = 1024 * 1024
NAMES = [model.id for model in default().models()]


def codes(model: str, **chosen: Any) -> set[tuple[str, str]]:
    params = Params(**{"model": model, "prompt": "Remove it", **chosen})
    return {(problem.field, problem.code) for problem in problems(default().get(model), params)}


def picture(**changes: Any) -> FilePart:
    given = {"name": "a.png", "data": b"x", "content_type": "image/png", "size": (256, 256)}
    return FilePart(**{**given, "has_alpha": True, **changes})


def request_codes(model: str, *images: FilePart, mask: FilePart | None = None) -> set[Any]:
    request = Request(model=model, prompt="Remove it", images=images, mask=mask)
    found = problems_of_request(default().get(model), request)
    return {(problem.field, problem.code) for problem in found}


def test_the_ten_models_are_known() -> None:
    assert NAMES == [
        "gpt-image-2",
        "gpt-image-2.5-sunburst",
        "gpt-image-2.5-flare",
        "gpt-image-2.6-sunburst",
        "gpt-image-2.6-flare",
        "gpt-image-1.5",
        "chatgpt-image-latest",
        "gpt-image-1-mini",
        "gpt-image-1",
        "dall-e-2",
    ]


def test_no_model_name_stands_in_the_code() -> None:
    rooms = [Path("editor/images_api"), Path("editor/sandbox")]
    root = Path(__file__).resolve().parents[2]
    for room in rooms:
        for path in (root / room).rglob("*.py"):
            text = path.read_text()
            assert "dall-e" not in text, path
            assert "gpt-image-1" not in text, path
            if path.name != "pricing.py":
                assert "gpt-image" not in text, path


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(UnknownModel, match="'gpt-image-99' is not known"):
        default().get("gpt-image-99")


def test_shut_down_models_are_hidden_at_openai_only() -> None:
    def ids(models: Any) -> list[str]:
        return [model.id for model in models]

    assert ids(default().editing(TODAY, at_openai=False)) == NAMES
    gone = {"gpt-image-1", "dall-e-2"}
    assert ids(default().editing(TODAY, at_openai=True)) == [id for id in NAMES if id not in gone]
    later = ids(default().editing(date(2026, 12, 1), at_openai=True))
    assert later == NAMES[:5]
    assert "gpt-image-1.5" in ids(default().editing(date(2026, 11, 30), at_openai=True))


@pytest.mark.parametrize("model", NAMES)
def test_every_model_takes_a_plain_request(model: str) -> None:
    known = default().get(model)
    width, height = known.sizes.fixed[0]
    chosen = {"n": 2, "size": f"{width}x{height}", "quality": known.default_quality, "user": "u"}
    assert codes(model, **chosen) == set()
    alike = picture(size=(width, height))
    assert request_codes(model, alike, mask=alike) == set()


@pytest.mark.parametrize("prompt", ["", "   \n", "\u200b\u2060\ufeff"])
def test_an_invisible_prompt_is_missing(prompt: str) -> None:
    assert codes("gpt-image-2", prompt=prompt) == {("prompt", "missing")}


@pytest.mark.parametrize(("model", "limit"), [("gpt-image-2", 32_000), ("dall-e-2", 1000)])
def test_the_prompt_may_be_as_long_as_the_model_takes(model: str, limit: int) -> None:
    assert codes(model, prompt="é" * limit) == set()
    assert codes(model, prompt="é" * (limit + 1)) == {("prompt", "too_long")}


@pytest.mark.parametrize("prompt", ["a\0b", "a\ud800b"])
def test_characters_that_are_none_are_refused(prompt: str) -> None:
    assert codes("gpt-image-2", prompt=prompt) == {("prompt", "not_text")}


@pytest.mark.parametrize(("n", "taken"), [(1, True), (10, True), (0, False), (11, False)])
def test_one_to_ten_results_may_be_asked_for(n: int, taken: bool) -> None:
    assert codes("dall-e-2", n=n) == (set() if taken else {("n", "out_of_range")})


@pytest.mark.parametrize(
    ("model", "size", "code"),
    [
        ("gpt-image-2", "auto", None),
        ("gpt-image-2", "1024x1024", None),
        ("gpt-image-2", "1536x864", None),
        ("gpt-image-2", "3840x2160", None),
        ("gpt-image-2", "3840x1280", None),
        ("gpt-image-2", "1000x1000", "not_a_multiple"),
        ("gpt-image-2", "3856x2160", "edge_too_long"),
        ("gpt-image-2", "2064x672", "too_narrow"),
        ("gpt-image-2", "672x2064", "too_narrow"),
        ("gpt-image-2", "640x640", "too_few_pixels"),
        ("gpt-image-2", "3840x3840", "too_many_pixels"),
        ("gpt-image-2", "1536X864", "not_a_size"),
        ("gpt-image-2", "auto\n", "not_a_size"),
        ("gpt-image-2", "1024x1024\n", "not_a_size"),
        ("gpt-image-2", "0x1024", "not_a_size"),
        ("gpt-image-2", "１０２４x1024", "not_a_size"),
        ("gpt-image-2", "99999x99999", "edge_too_long"),
        ("gpt-image-1.5", "1024x1536", None),
        ("gpt-image-1.5", "1536x864", "not_offered"),
        ("dall-e-2", "512x512", None),
        ("dall-e-2", "auto", "not_offered"),
        ("dall-e-2", "1024x1536", "not_offered"),
    ],
)
def test_sizes_follow_the_models_rules(model: str, size: str, code: str | None) -> None:
    found = {each for _, each in codes(model, size=size)}
    assert found == set() if code is None else code in found


@pytest.mark.parametrize(
    ("model", "chosen", "problem"),
    [
        ("gpt-image-2", {"response_format": "url"}, ("response_format", "not_taken")),
        ("gpt-image-2", {"quality": "max"}, ("quality", "not_offered")),
        ("gpt-image-2.6-flare", {"quality": "max"}, None),
        ("gpt-image-2", {"quality": "hd"}, ("quality", "not_offered")),
        ("gpt-image-2", {"input_fidelity": "high"}, ("input_fidelity", "not_taken")),
        ("gpt-image-1.5", {"input_fidelity": "high"}, None),
        ("gpt-image-1-mini", {"input_fidelity": "high"}, ("input_fidelity", "not_offered")),
        ("gpt-image-2", {"background": "transparent"}, ("background", "not_offered")),
        ("gpt-image-1.5", {"background": "transparent"}, None),
        (
            "gpt-image-1.5",
            {"background": "transparent", "output_format": "jpeg"},
            ("background", "needs_other_format"),
        ),
        ("gpt-image-2", {"output_format": "gif"}, ("output_format", "not_offered")),
        ("gpt-image-2", {"output_format": "webp", "output_compression": 50}, None),
        (
            "gpt-image-2",
            {"output_format": "png", "output_compression": 50},
            ("output_compression", "needs_other_format"),
        ),
        (
            "gpt-image-2",
            {"output_format": "webp", "output_compression": 101},
            ("output_compression", "out_of_range"),
        ),
        ("dall-e-2", {"response_format": "url"}, None),
        ("dall-e-2", {"response_format": "b64_json"}, None),
        ("dall-e-2", {"response_format": "file"}, ("response_format", "not_offered")),
        ("dall-e-2", {"quality": "high"}, ("quality", "not_taken")),
        ("dall-e-2", {"background": "opaque"}, ("background", "not_taken")),
        ("dall-e-2", {"output_compression": 50}, ("output_compression", "not_taken")),
    ],
)
def test_parameters_follow_the_models_rules(
    model: str, chosen: dict[str, Any], problem: tuple[str, str] | None
) -> None:
    assert codes(model, **chosen) == (set() if problem is None else {problem})


def test_every_problem_is_one_sentence_that_names_no_code() -> None:
    params = Params(model="x", prompt="", n=99, size="1x1", quality="?", response_format="?")
    found = problems(default().get("gpt-image-2"), params)
    assert len(found) >= 5
    for problem in found:
        assert problem.message.endswith(".")
        assert problem.code not in problem.message


@pytest.mark.parametrize(
    ("model", "images", "problem"),
    [
        ("gpt-image-2", [], ("image", "missing")),
        ("gpt-image-2", [picture()] * 16, None),
        ("gpt-image-2", [picture()] * 17, ("image", "too_many")),
        ("gpt-image-2", [picture(content_type="image/jpeg")], None),
        ("gpt-image-2", [picture(content_type="image/gif")], ("image", "format_not_taken")),
        ("gpt-image-2", [picture(size=(256, 512))], None),
        ("gpt-image-2", [picture(data=bytes(50 * MIB))], ("image", "too_many_bytes")),
        ("dall-e-2", [picture()], None),
        ("dall-e-2", [picture()] * 2, ("image", "too_many")),
        ("dall-e-2", [picture(size=(256, 512))], ("image", "not_square")),
        ("dall-e-2", [picture(content_type="image/webp")], ("image", "format_not_taken")),
        ("dall-e-2", [picture(data=bytes(4 * MIB - 1))], None),
        ("dall-e-2", [picture(data=bytes(4 * MIB))], ("image", "too_many_bytes")),
        ("dall-e-2", [picture(has_alpha=False)], ("image", "no_alpha")),
    ],
)
def test_pictures_follow_the_models_rules(
    model: str, images: list[FilePart], problem: tuple[str, str] | None
) -> None:
    assert request_codes(model, *images) == (set() if problem is None else {problem})


@pytest.mark.parametrize(
    ("mask", "problem"),
    [
        (picture(), None),
        (picture(has_alpha=False), ("mask", "no_alpha")),
        (picture(has_alpha=None), ("mask", "no_alpha")),
        (picture(size=(256, 255)), ("mask", "wrong_size")),
        (picture(content_type="image/webp"), ("mask", "format_not_taken")),
        (picture(data=bytes(4 * MIB)), ("mask", "too_many_bytes")),
    ],
)
@pytest.mark.parametrize("model", ["gpt-image-2", "dall-e-2"])
def test_masks_follow_the_rules(
    model: str, mask: FilePart, problem: tuple[str, str] | None
) -> None:
    assert request_codes(model, picture(), mask=mask) == (set() if problem is None else {problem})


def extra(tmp_path: Path, text: str) -> Catalogue:
    path = tmp_path / "extra.toml"
    path.write_text(text)
    return load(path)


def test_an_own_file_adds_models_and_replaces_them(tmp_path: Path) -> None:
    known = extra(
        tmp_path,
        """
        [rates.own]
        text_in = 1
        image_in = 2.5
        image_out = 3.00
        [[model]]
        id = "house-model"
        name = "House Model"
        family = "gpt-image"
        tokens = "patches"
        rates = "own"
        [[model]]
        id = "gpt-image-2"
        name = "Ours"
        family = "dall-e-2"
        per_picture = { "256x256" = 0.1, "512x512" = 0.2, "1024x1024" = 0.3 }
        """,
    )
    assert known.get("house-model").rates is not None
    assert known.get("gpt-image-2").name == "Ours"
    assert len(known.models()) == 11
    assert default().get("gpt-image-2").name == "GPT Image 2"


GOOD = {"id": '"m"', "name": '"M"', "family": '"gpt-image"', "tokens": '"tiles"', "rates": '"one"'}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"family": '"none"'}, "model 'm' names the family 'none', which does not exist"),
        ({"rates": '"none"'}, "names the rates 'none'"),
        ({"tokens": '"none"'}, "names the tokens 'none'"),
        ({"rates": None}, "needs prices"),
        ({"name": None}, "lacks ['name']"),
        ({"colour": '"red"'}, "has unknown keys ['colour']"),
        ({"prompt_limit": '"many"'}, "has a wrong value for prompt_limit: 'many'"),
        ({"prompt_limit": "true"}, "has a wrong value for prompt_limit: True"),
        ({"prompt_limit": "-1"}, "prompt_limit is negative"),
        ({"max_n": "0"}, "max_n and max_images start at 1"),
        ({"qualities": '["auto", "ultra"]'}, "has no output tokens for ['ultra']"),
        ({"default_quality": '"ultra"'}, "default_quality is not among its qualities"),
        ({"parameters": '["seed"]'}, "takes unknown parameters ['seed']"),
        ({"answers": '"carrier pigeon"'}, "answers must be"),
        ({"sizes": '{ fixed = ["big"] }'}, "sizes.fixed holds texts like '512x512'"),
        ({"sizes": '{ default = "1x1" }'}, "sizes.default is not one of its sizes"),
        ({"sizes": '{ free = "none" }'}, "names the free_sizes 'none'"),
        ({"shutdown_date": '"soon"'}, "has a wrong value"),
    ],
)
def test_a_broken_entry_is_told_by_name(
    tmp_path: Path, changes: dict[str, str | None], told: str
) -> None:
    lines = {**GOOD, **changes}
    text = "\n".join(f"{key} = {value}" for key, value in lines.items() if value is not None)
    with pytest.raises(CatalogueBroken) as caught:
        extra(tmp_path, f"[[model]]\n{text}\n")
    assert told in str(caught.value)


def test_a_missing_or_unreadable_own_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CatalogueBroken, match="cannot be read"):
        load(tmp_path / "none.toml")
    with pytest.raises(CatalogueBroken, match="is not TOML"):
        extra(tmp_path, "this is = = not TOML")


def test_entries_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        default().get("gpt-image-2").max_n = 100  # type: ignore[misc]
