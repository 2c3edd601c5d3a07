import dataclasses
import re
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
from editor.images_api.entries import CatalogueBroken, Model
from editor.images_api.messages import OPERATIONS, FilePart, Operation, Params, Request, Svg
from editor.images_api.pricing import estimate

TODAY = date(2026, 11, 21)
MIB = 1024 * 1024
NAMES = [model.id for model in default().models()]
NEW = {"operation": "generate"}


def serving(operation: Operation, on: date | None, *, at_openai: bool = True) -> list[str]:
    return [model.id for model in default().serving(operation, on, at_openai=at_openai)]


def codes(model: str, **chosen: Any) -> set[tuple[str, str]]:
    params = Params(**{"model": model, "prompt": "Remove it", **chosen})
    return {(problem.field, problem.code) for problem in problems(default().get(model), params)}


def picture(**changes: Any) -> FilePart:
    given = {"name": "a.png", "data": b"x", "content_type": "image/png", "size": (256, 256)}
    return FilePart(**{**given, "has_alpha": True, **changes})


def request_codes(model: str, *images: FilePart, **more: Any) -> set[Any]:
    given = {"model": model, "prompt": "Remove it", "images": images}
    request = Request(**{**given, **more})
    found = problems_of_request(default().get(model), request)
    return {(problem.field, problem.code) for problem in found}


def test_the_eleven_models_are_known() -> None:
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
        "dall-e-3",
        "dall-e-2",
    ]


def test_no_model_name_stands_in_the_code() -> None:
    root = Path(__file__).resolve().parents[2]
    code = [*(root / "editor").rglob("*.py"), *(root / "static").rglob("*.js")]
    assert len(code) > 100
    name = re.compile("|".join(re.escape(each) for each in [*NAMES, "gpt-image", "dall-e"]), re.I)
    named = [path.name for path in code if name.search(path.read_text())]
    assert named == []


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(UnknownModel, match="'gpt-image-99' is not known"):
        default().get("gpt-image-99")


def test_shut_down_models_are_hidden_at_openai_only() -> None:
    everywhere = serving("edit", TODAY, at_openai=False)
    assert everywhere == [id for id in NAMES if id != "dall-e-3"]
    gone = {"gpt-image-1", "dall-e-2"}
    assert serving("edit", TODAY) == [id for id in everywhere if id not in gone]
    assert serving("edit", date(2026, 12, 1)) == NAMES[:5]
    assert "gpt-image-1.5" in serving("edit", date(2026, 11, 30))
    assert serving("edit", None) == everywhere
    known = [model.id for model in default().editing(TODAY, at_openai=True)]
    assert known == serving("edit", TODAY)


def test_each_operation_has_its_models() -> None:
    assert serving("generate", TODAY, at_openai=False) == NAMES
    assert serving("generate", TODAY) == NAMES[:8]
    assert serving("vary", None) == ["dall-e-2"]
    assert serving("vary", TODAY) == []


def test_each_operation_has_a_default_model_that_serves_it() -> None:
    for operation in OPERATIONS:
        assert operation in default().default(operation).operations
    assert default().default("vary").id == "dall-e-2"
    assert not default().default("edit").is_shut_down(TODAY)
    assert not default().default("generate").is_ending(TODAY)


def test_a_shutdown_is_announced_for_its_last_sixty_days() -> None:
    ending = default().get("gpt-image-1.5")  # on 1 December 2026
    assert (ending.days_left(TODAY), ending.is_ending(TODAY)) == (10, True)
    assert ending.is_ending(date(2026, 10, 2))
    assert not ending.is_ending(date(2026, 10, 1))
    assert ending.is_ending(date(2026, 11, 30))
    assert (ending.is_ending(date(2026, 12, 1)), ending.is_shut_down(date(2026, 12, 1))) == (
        False,
        True,
    )
    assert ending.days_left(date(2026, 12, 3)) == -2
    lasting = default().get("gpt-image-2")
    assert (lasting.days_left(TODAY), lasting.is_ending(TODAY)) == (None, False)


@pytest.mark.parametrize("model", NAMES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_model_takes_a_plain_request_of_what_it_serves(
    model: str, operation: Operation
) -> None:
    known = default().get(model)
    width, height = known.sizes.fixed[0]
    alike = picture(size=(width, height))
    chosen = {
        "operation": operation,
        "prompt": None if operation == "vary" else "A boat",
        "n": known.max_n,
        "size": f"{width}x{height}",
        "quality": known.default_quality,
        "user": "u",
        "images": () if operation == "generate" else (alike,),
        "mask": alike if operation == "edit" else None,
    }
    found = request_codes(model, **chosen)
    if operation in known.operations:
        assert found == set()
    else:
        assert found == {("model", f"cannot_{operation}")}


@pytest.mark.parametrize("prompt", ["", "   \n", "\u200b\u2060\ufeff"])
def test_an_invisible_prompt_is_missing(prompt: str) -> None:
    assert codes("gpt-image-2", prompt=prompt) == {("prompt", "missing")}


@pytest.mark.parametrize(
    ("model", "limit"), [("gpt-image-2", 32_000), ("dall-e-2", 1000), ("dall-e-3", 4000)]
)
def test_the_prompt_may_be_as_long_as_the_model_takes(model: str, limit: int) -> None:
    assert codes(model, operation="generate", prompt="é" * limit) == set()
    too_long = codes(model, operation="generate", prompt="é" * (limit + 1))
    assert too_long == {("prompt", "too_long")}


def test_a_variation_has_no_prompt() -> None:
    assert codes("dall-e-2", operation="vary", prompt=None) == set()
    assert codes("dall-e-2", operation="vary", prompt="A") == {("prompt", "not_taken")}


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
        ("dall-e-2", {"safety_identifier": "u"}, ("safety_identifier", "not_taken")),
        ("gpt-image-2", {"safety_identifier": "u"}, None),
        ("gpt-image-2", {"safety_identifier": "\ud800"}, ("safety_identifier", "not_text")),
        ("gpt-image-2", {"user": "a\0"}, ("user", "not_text")),
        ("gpt-image-2", {"moderation": "low"}, None),
        ("gpt-image-2", {"moderation": "none"}, ("moderation", "not_offered")),
        ("gpt-image-2", {"moderation": "low", **NEW}, None),
        ("dall-e-2", {"moderation": "low"}, ("moderation", "not_taken")),
        ("gpt-image-2", {"stream": True, "partial_images": 3}, None),
        ("gpt-image-2", {"stream": True, "partial_images": 0, **NEW}, None),
        ("gpt-image-2", {"partial_images": 4}, ("partial_images", "out_of_range")),
        ("gpt-image-2", {"partial_images": -1}, ("partial_images", "out_of_range")),
        ("dall-e-2", {"stream": True}, ("stream", "not_taken")),
        ("dall-e-2", {"stream": False}, None),
        ("dall-e-3", {"partial_images": 1, **NEW}, ("partial_images", "not_taken")),
        ("gpt-image-2", {"complexity": "high"}, ("complexity", "not_taken")),
        ("gpt-image-2.5-flare", {"complexity": "high"}, ("complexity", "not_taken")),
        ("gpt-image-2.6-flare", {"complexity": "high"}, None),
        ("gpt-image-2.6-flare", {"complexity": "low", **NEW}, None),
        ("gpt-image-2.6-flare", {"complexity": "xhigh"}, ("complexity", "not_offered")),
        ("gpt-image-2", {"style": "vivid", **NEW}, ("style", "not_taken")),
        ("dall-e-3", {"style": "vivid", "quality": "hd", **NEW}, None),
        ("dall-e-3", {"style": "bright", **NEW}, ("style", "not_offered")),
        ("dall-e-3", {"quality": "high", **NEW}, ("quality", "not_offered")),
        ("dall-e-3", {"n": 2, **NEW}, ("n", "out_of_range")),
        ("dall-e-3", {"size": "1792x1024", **NEW}, None),
        ("dall-e-3", {"size": "512x512", **NEW}, ("size", "not_offered")),
        ("dall-e-3", {}, ("model", "cannot_edit")),
        ("gpt-image-1.5", {"input_fidelity": "low", **NEW}, ("input_fidelity", "not_taken")),
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


@pytest.mark.parametrize(
    ("model", "more", "problem"),
    [
        ("gpt-image-2.5-flare", {"markup": picture()}, None),
        ("gpt-image-2.6-sunburst", {"markup": picture()}, None),
        ("gpt-image-2", {"markup": picture()}, ("markup", "not_taken")),
        ("dall-e-2", {"markup": picture()}, ("markup", "not_taken")),
        (
            "gpt-image-2.5-flare",
            {"markup": picture(), "mask": picture()},
            ("markup", "mask_and_markup"),
        ),
        (
            "gpt-image-2.5-flare",
            {"markup": picture(has_alpha=False)},
            ("markup", "no_transparency"),
        ),
        ("gpt-image-2.5-flare", {"markup": picture(size=(8, 8))}, ("markup", "wrong_size")),
        (
            "gpt-image-2.5-flare",
            {"markup": picture(content_type="image/webp")},
            ("markup", "format_not_taken"),
        ),
        (
            "gpt-image-2.5-flare",
            {"markup": picture(data=bytes(4 * MIB))},
            ("markup", "too_many_bytes"),
        ),
    ],
)
def test_a_markup_follows_the_models_rules(
    model: str, more: dict[str, Any], problem: tuple[str, str] | None
) -> None:
    assert request_codes(model, picture(), **more) == (set() if problem is None else {problem})


def test_generations_and_variations_take_only_the_files_that_belong_to_them() -> None:
    assert request_codes("gpt-image-2", picture(), **NEW) == {("image", "not_taken")}
    assert request_codes("gpt-image-2", mask=picture(), **NEW) == {("mask", "not_taken")}
    vary: dict[str, Any] = {"operation": "vary", "prompt": None}
    assert request_codes("dall-e-2", **vary) == {("image", "missing")}
    assert request_codes("dall-e-2", picture(), picture(), **vary) == {("image", "too_many")}
    assert request_codes("dall-e-2", picture(), mask=picture(), **vary) == {("mask", "not_taken")}
    assert request_codes("dall-e-2", picture(has_alpha=False), **vary) == set()


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
    assert known.get("gpt-image-2").operations == ("edit", "generate", "vary")
    assert known.default("edit").id == "gpt-image-2"
    assert len(known.models()) == 12
    assert default().get("gpt-image-2").name == "GPT Image 2"


def test_an_own_file_changes_just_the_keys_that_it_names(tmp_path: Path) -> None:
    known = extra(
        tmp_path,
        """
        [rates.two]
        image_out = 25
        [family.gpt-image]
        prompt_limit = 500
        [[model]]
        id = "gpt-image-2"
        shutdown_date = 2027-01-02
        sizes = { default = "1024x1536" }
        [[model]]
        id = "dall-e-2"
        per_picture = { "512x512" = 0.5 }
        """,
    )
    before, after = default().get("gpt-image-2"), known.get("gpt-image-2")
    assert after.shutdown_date == date(2027, 1, 2)
    assert (after.sizes.default, after.sizes.fixed) == ("1024x1536", before.sizes.fixed)
    assert (after.parameters, after.backgrounds) == (before.parameters, before.backgrounds)
    assert after.prompt_limit == 500
    assert after.rates is not None and before.rates is not None
    assert (after.rates.image_out, after.rates.image_in) == (25, before.rates.image_in)
    prices = known.get("dall-e-2").per_picture
    assert [str(prices[key]) for key in ("256x256", "512x512")] == ["0.016", "0.5"]


def test_the_default_moves_to_the_model_that_claims_it_last(tmp_path: Path) -> None:
    own = 'id = "own"\nname = "Own"\nfamily = "gpt-image"\ntokens = "tiles"\nrates = "one"\n'
    known = extra(
        tmp_path,
        f'[[model]]\nid = "gpt-image-2"\nmax_n = 4\n[[model]]\n{own}default_for = ["edit"]\n',
    )
    assert known.default("edit").id == "own"
    assert known.default("generate").id == "gpt-image-2"


GIFTED = """
[[model]]
id = "gpt-image-2"
output_formats = ["png", "gif", "svg"]
further_parameters = { edit = ["frame_count", "frame_duration_ms", "svg"] }
"""
GIF, SVG = {"output_format": "gif"}, {"output_format": "svg"}


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        ({**GIF, "frame_count": 9, "frame_duration_ms": 200}, None),
        ({**GIF, "frame_count": 1}, ("frame_count", "out_of_range")),
        ({**GIF, "frame_count": 17}, ("frame_count", "out_of_range")),
        ({**GIF, "frame_duration_ms": 0}, ("frame_duration_ms", "out_of_range")),
        ({"frame_count": 9}, ("frame_count", "needs_other_format")),
        ({**GIF, "stream": True}, ("stream", "needs_other_format")),
        ({**GIF, "partial_images": 1}, ("stream", "needs_other_format")),
        ({**GIF, "output_compression": 50}, ("output_compression", "needs_other_format")),
        ({**GIF, "mask": picture()}, ("mask", "needs_other_format")),
        ({**SVG, "svg": Svg("m", "high")}, None),
        ({"svg": Svg("m")}, ("svg", "needs_other_format")),
        ({**SVG, "n": 2}, ("n", "out_of_range")),
        ({**SVG, "stream": True}, ("stream", "needs_other_format")),
    ],
)
def test_moving_and_drawn_results_have_their_rules_where_an_operator_has_them(
    tmp_path: Path, chosen: dict[str, Any], problem: tuple[str, str] | None
) -> None:
    model = extra(tmp_path, GIFTED).get("gpt-image-2")
    request = Request(model=model.id, prompt="P", images=(picture(),), **chosen)
    found = {(each.field, each.code) for each in problems_of_request(model, request)}
    assert found == (set() if problem is None else {problem})


@pytest.mark.parametrize("chosen", [{"frame_count": 9}, {"svg": Svg("m")}])
def test_moving_and_drawn_results_are_not_taken_by_themselves(chosen: dict[str, Any]) -> None:
    assert {code for _, code in codes("gpt-image-2.6-flare", **chosen)} == {"not_taken"}


def test_an_operation_that_nobody_serves_has_no_default() -> None:
    with pytest.raises(UnknownModel):
        Catalogue({}).default("edit")


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
        ({"max_n": "0"}, "max_n starts at 1"),
        ({"max_images": "0"}, "needs image_formats and limits of pictures"),
        ({"qualities": '["auto", "ultra"]'}, "has no output tokens for ['ultra']"),
        ({"default_quality": '"ultra"'}, "default_quality is not among its qualities"),
        ({"parameters": '{ edit = ["seed"] }'}, "takes unknown parameters ['seed']"),
        ({"parameters": '["n"]'}, "needs parameters as a table"),
        ({"further_parameters": '{ draw = ["n"] }'}, "lists parameters under an operation among"),
        ({"further_parameters": '{ edit = ["style"] }'}, "takes ['style'] for 'edit'"),
        ({"further_parameters": '{ edit = "n" }'}, "wrong value for the parameters of 'edit'"),
        ({"operations": '["draw"]'}, "has unknown operations ['draw']"),
        ({"operations": "[]"}, "serves no operation"),
        ({"operations": '["vary"]'}, "lists no parameters for ['vary']"),
        ({"default_for": '["vary"]'}, "cannot be the default for ['vary']"),
        ({"max_partial_images": "0"}, "needs max_partial_images"),
        ({"per_picture": '{ "1024x1024" = 1 }'}, "per_picture must price each fixed size"),
        ({"per_picture": '{ any = "dear" }'}, "has a wrong value for per_picture.any"),
        ({"per_picture": "{ any = nan }"}, "is no number"),
        ({"per_picture": "3"}, "needs per_picture as a table"),
        ({"sizes": "3"}, "needs sizes as a table"),
        ({"sizes": '{ fixed = "big" }'}, "has a wrong value for sizes.fixed"),
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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[models]]\nid = 'm'", "the file extra.toml has unknown tables ['models']"),
        ("rates = 3", "needs each of its rates as [rates.name]"),
        ("[rates]\nown = 3", "needs each of its rates as [rates.name]"),
        ("[model]\nid = 'm'", "needs its models as [[model]]"),
        ("[[model]]\nname = 'M'", "a model of the extra file lacks its id"),
        ("[[model]]\nid = 'm'", "model 'm' is new, so it needs a family"),
        ("[[model]]\nid = 'dall-e-2'\n[[model]]\nid = 'dall-e-2'", "stands there twice"),
        ("[[model]]\nid = 'dall-e-2'\ndefault_for = 3", "has a wrong value for default_for: 3"),
        ("[[model]]\nid = 'dall-e-2'\ndefault_for = []", "one default for 'vary', not none"),
        ("[tokens.tiles]\noutput = { low = [1, 2] }", "are three numbers"),
        ("[tokens.tiles]\ninput = { rule = 'guess' }", "input tokens follow a rule among"),
        ("[tokens.tiles]\ninput = { tile = 0 }", "tiles or patches larger than 0"),
        ("[free_sizes.four-k]\nmultiple = 0", "multiples of 0"),
    ],
)
def test_a_broken_own_file_is_told_by_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(CatalogueBroken) as caught:
        extra(tmp_path, text)
    assert told in str(caught.value)


WRONG = ["3", "-1", "true", "'x'", "[]", "[3]", "{}", "{ x = 1 }", "2026-01-01", "nan", "['x']"]


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize("key", [each.name for each in dataclasses.fields(Model)])
def test_any_value_under_any_key_is_taken_or_told(tmp_path: Path, key: str, value: str) -> None:
    lines = {"id": "'gpt-image-2'", key: value}
    text = "\n".join(f"{name} = {each}" for name, each in lines.items())
    try:
        known = extra(tmp_path, f"[[model]]\n{text}\n")
    except CatalogueBroken:
        return
    model = known.get("gpt-image-2")  # what is taken can be worked with
    for operation in model.operations:
        problems(model, Params(operation=operation, model=model.id, prompt="p", size="64x64"))
        sizes: dict[str, Any] = {"size": None, "input_sizes": [(64, 64)], "mask": True}
        quote = estimate(model, quality=None, n=1, prompt_chars=1, operation=operation, **sizes)
        assert 0 <= quote.low <= quote.high


def test_a_missing_or_unreadable_own_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CatalogueBroken, match="cannot be read"):
        load(tmp_path / "none.toml")
    with pytest.raises(CatalogueBroken, match="is not TOML"):
        extra(tmp_path, "this is = = not TOML")


def test_entries_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        default().get("gpt-image-2").max_n = 100  # type: ignore[misc]
