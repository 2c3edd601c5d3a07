from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor.images_api.catalogue import default, load
from editor.images_api.messages import Usage
from editor.images_api.pricing import Estimate, cost, estimate, input_tokens, output_tokens

SQUARE = (1024, 1024)


def quoted(model: str, **changes: Any) -> Estimate:
    usual: dict[str, Any] = {
        "size": "1024x1024",
        "quality": "high",
        "n": 1,
        "input_sizes": [SQUARE],
        "prompt_chars": 40,
        "mask": True,
    }
    return estimate(default().get(model), **{**usual, **changes})


@pytest.mark.parametrize(
    ("size", "tokens"),
    [
        ((1024, 1024), (196, 1756, 7024)),
        ((1536, 1024), (158, 1372, 5488)),
        ((1024, 1536), (158, 1372, 5488)),
        ((2048, 2048), (397, 3568, 14272)),
        ((3840, 2160), (371, 3336, 13342)),
    ],
)
def test_output_tokens_of_the_newer_models_are_those_measured(
    size: tuple[int, int], tokens: tuple[int, int, int]
) -> None:
    model = default().get("gpt-image-2")
    assert tuple(output_tokens(model, each, size) for each in ("low", "medium", "high")) == tokens


@pytest.mark.parametrize(
    ("size", "tokens"),
    [
        ((1024, 1024), (272, 1056, 4160)),
        ((1024, 1536), (408, 1584, 6240)),
        ((1536, 1024), (400, 1568, 6208)),
    ],
)
def test_output_tokens_of_the_older_models_are_those_published(
    size: tuple[int, int], tokens: tuple[int, int, int]
) -> None:
    model = default().get("gpt-image-1.5")
    assert tuple(output_tokens(model, each, size) for each in ("low", "medium", "high")) == tokens


@pytest.mark.parametrize(
    ("model", "size", "fidelity", "tokens"),
    [
        ("gpt-image-1", (1024, 1024), None, 194),
        ("gpt-image-1", (1024, 1536), None, 323),
        ("gpt-image-1", (1024, 1024), "high", 194 + 4160),
        ("gpt-image-1", (1024, 1536), "high", 323 + 6240),
        ("gpt-image-2", (1024, 1024), None, 1024),
        ("gpt-image-2", (512, 512), None, 1024),
        ("gpt-image-2", (256, 256), None, 256),
        ("gpt-image-2", (3840, 2160), None, 1536),
    ],
)
def test_input_tokens_follow_the_models_rule(
    model: str, size: tuple[int, int], fidelity: str | None, tokens: int
) -> None:
    assert input_tokens(default().get(model), size, fidelity) == tokens


@pytest.mark.parametrize(
    ("size", "microusd"), [("256x256", 16_000), ("512x512", 18_000), ("1024x1024", 20_000)]
)
def test_a_model_priced_by_the_picture_is_quoted_exactly(size: str, microusd: int) -> None:
    given = {"size": size, "quality": None, "n": 3}
    assert quoted("dall-e-2", **given) == Estimate(3 * microusd, 3 * microusd)


@pytest.mark.parametrize(
    ("quality", "size", "microusd"),
    [
        ("standard", "1024x1024", 40_000),
        ("standard", "1792x1024", 80_000),
        ("hd", "1024x1024", 80_000),
        ("hd", "1024x1792", 120_000),
        (None, "1024x1024", 40_000),
        (None, None, 40_000),
    ],
)
def test_a_price_may_depend_on_the_quality_too(
    quality: str | None, size: str | None, microusd: int
) -> None:
    given = {"operation": "generate", "size": size, "quality": quality, "input_sizes": []}
    assert quoted("dall-e-3", **given) == Estimate(microusd, microusd)
    spent_size, spent_quality = size or "1024x1024", quality or ""
    assert spent("dall-e-3", None, size=spent_size, quality=spent_quality) == microusd


def test_a_generation_pays_for_no_picture_that_goes_in() -> None:
    new = quoted("gpt-image-2", operation="generate")
    assert new.low == 10 * 5 + 7024 * 30
    assert new.high <= quoted("gpt-image-2").low


def test_every_reference_is_paid_for() -> None:
    alone, more = quoted("gpt-image-2"), quoted("gpt-image-2", input_sizes=[SQUARE] * 16)
    assert more.low - alone.low == 15 * 1024 * 8
    assert more.high - alone.high == 15 * 1024 * 8


def test_previews_are_in_the_quote_as_far_as_they_may_come() -> None:
    without, with_them = quoted("gpt-image-2", n=2), quoted("gpt-image-2", n=2, partial_images=3)
    assert with_them.low == without.low
    assert with_them.high - without.high == 2 * 3 * 100 * 30


def test_high_fidelity_is_in_the_quote() -> None:
    usual, faithful = quoted("gpt-image-1.5"), quoted("gpt-image-1.5", input_fidelity="high")
    assert faithful.low - usual.low == 4160 * 8


def test_one_price_may_hold_for_all_sizes(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        '[[model]]\nid = "gpt-image-2"\nper_picture = { any = 0.01, "high:any" = 0.03 }'
    )
    own = load(path).get("gpt-image-2")
    usual = {"n": 2, "input_sizes": [SQUARE], "prompt_chars": 9, "mask": True}
    asked = {"size": "1536x864", "quality": "auto", **usual}
    assert estimate(own, **asked) == Estimate(20_000, 60_000)  # type: ignore[arg-type]
    assert cost(own, None, n=1, size="1536x864", quality="high") == 30_000
    assert cost(own, None, n=1, size="1536x864", quality="low") == 10_000


def test_no_size_means_the_models_default() -> None:
    assert quoted("dall-e-2", size=None, quality=None) == Estimate(20_000, 20_000)


def test_a_quote_brackets_the_published_price_of_a_picture() -> None:
    # $0.211 for the picture, and $0.0082 for one input picture of 1,024 tokens
    quote = quoted("gpt-image-2")
    assert quote.low <= 210_720 + 8_192 + 50 <= quote.high
    assert quote.high < 235_000


def test_auto_spans_all_that_it_may_become() -> None:
    span = quoted("gpt-image-2", quality="auto", size="auto")
    assert span.low <= quoted("gpt-image-2", quality="low", size="1536x1024").low
    assert span.high >= quoted("gpt-image-2", quality="high").high
    assert quoted("gpt-image-2", quality=None).high == quoted("gpt-image-2", quality="auto").high


@given(st.integers(1, 10), st.integers(0, 32_000), st.booleans())
def test_a_quote_is_never_below_what_its_parts_cost(n: int, characters: int, mask: bool) -> None:
    quote = quoted("gpt-image-2", n=n, prompt_chars=characters, mask=mask)
    assert n * 7024 * 30 + 1024 * 8 <= quote.low <= quote.high


def spent(model: str, usage: Usage | None, **changes: Any) -> int | None:
    return cost(default().get(model), usage, **{"n": 1, "size": "1024x1024", **changes})


def test_what_was_spent_is_counted_from_usage() -> None:
    usage = Usage(1151, 7024, input_text_tokens=127, input_image_tokens=1024)
    assert spent("gpt-image-2", usage) == 127 * 5 + 1024 * 8 + 7024 * 30


def test_text_that_a_model_writes_has_its_own_price() -> None:
    usage = Usage(10, 110, 10, 0, output_text_tokens=10, output_image_tokens=100)
    assert spent("gpt-image-1.5", usage) == 10 * 5 + 10 * 10 + 100 * 32
    assert spent("gpt-image-2", usage) == 10 * 5 + 110 * 30


def test_half_a_micro_dollar_is_rounded_up() -> None:
    assert spent("gpt-image-1-mini", Usage(1, 0, 0, 1)) == 3  # 2.5
    assert spent("gpt-image-1-mini", Usage(3, 0, 0, 3)) == 8  # 7.5


def test_tokens_without_a_split_count_as_pictures() -> None:
    assert spent("gpt-image-2", Usage(100, 10)) == 100 * 8 + 10 * 30
    assert spent("gpt-image-2", Usage(100, 10, input_image_tokens=40)) == 60 * 5 + 40 * 8 + 300
    assert spent("gpt-image-2", Usage(100, 10, input_text_tokens=900)) == 100 * 5 + 300


def test_an_unknown_cost_is_none() -> None:
    assert spent("gpt-image-2", None) is None
    assert spent("gpt-image-2", Usage(10**12, 1)) is None
    assert spent("gpt-image-2", Usage(0, 0)) is None
    assert spent("dall-e-3", None, size="1024x1024", quality="ultra") is None
    assert spent("dall-e-2", None, size="3x3") is None


def test_pictures_are_paid_by_their_number_whatever_usage_says() -> None:
    assert spent("dall-e-2", Usage(1, 1), n=2, size="512x512") == 36_000
