"""What an edit will cost, and what it did cost. Money is in micro-dollars, as whole numbers.

Where OpenAI publishes no rule for counting tokens, the catalogue's are those that users measured, so
an estimate is a range; what was spent comes from the provider's own count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from editor.images_api.entries import (
    Grid,
    Model,
    Patches,
    Rates,
    Table,
    Tiles,
    parse_size,
    written,
)
from editor.images_api.messages import Operation, Size, Usage

MICRO = 1_000_000
# Of a prompt's characters: about four make a token in English, and one may be a token elsewhere.
CHARACTERS_PER_TOKEN = 4
# "Edits add undocumented extra text tokens": 127 were measured in one edit with a short prompt.
EXTRA_TEXT_TOKENS = 256
# No real edit comes near. A count beyond it is a broken server's, not a bill.
LARGEST_PLAUSIBLE_COUNT = 10_000_000


@dataclass(frozen=True)
class Estimate:
    """At least and at most, in micro-dollars. Hold `high`."""

    low: int
    high: int


def estimate(
    model: Model,
    *,
    operation: Operation = "edit",
    size: str | None,
    quality: str | None,
    n: int,
    input_sizes: Sequence[Size],
    prompt_chars: int,
    mask: bool,
    input_fidelity: str | None = None,
    partial_images: int = 0,
) -> Estimate:
    """The cost of a call before it is bought.

    `size` and `quality` as they will be sent ("auto" and None span all they may become),
    `input_sizes` of the pictures sent, the source first; a generation sends none. The mask is taken
    to cost nothing (as was measured) at the low end, and as much as the source at the high one; of
    `partial_images` none may come, or all for each result.
    """
    sizes = _possible_sizes(model, size)
    if model.per_picture:
        return _by_the_picture(model, sizes, _qualities(model, quality), n)
    assert model.rates is not None
    made = [
        output_tokens(model, level, each) for level in _qualities(model, quality) for each in sizes
    ]
    sent = () if operation == "generate" else input_sizes
    given = sum(input_tokens(model, each, input_fidelity) for each in sent)
    with_mask = given + (input_tokens(model, sent[0]) if mask and sent else 0)
    previews = n * partial_images * model.partial_tokens
    low = Usage(0, 0, text_tokens(prompt_chars), given, 0, n * min(made))
    high = Usage(0, 0, prompt_chars + EXTRA_TEXT_TOKENS, with_mask, 0, n * max(made) + previews)
    return Estimate(
        _whole(_microusd(model.rates, low)), _whole(_microusd(model.rates, high), ROUND_CEILING)
    )


def cost(model: Model, usage: Usage | None, *, n: int, size: str, quality: str = "") -> int | None:
    """What was spent, in micro-dollars, rounded half up; None when the answer does not tell.

    By `usage` where the model is priced by tokens, else by the `n` pictures of `size` and `quality`
    ("": the model's default) that came. Tokens that the provider did not split into text and image
    count at the dearer rate. A usage of nothing at all tells nothing.
    """
    if model.per_picture:
        price = model.price_per_picture(size, quality or model.default_quality or "")
        return None if price is None else _whole(price * n * MICRO)
    if usage is None or model.rates is None or usage.input_tokens + usage.output_tokens == 0:
        return None
    if max(usage.input_tokens, usage.output_tokens) > LARGEST_PLAUSIBLE_COUNT:
        return None
    return _whole(_microusd(model.rates, _split(usage, model.rates)))


def output_tokens(model: Model, quality: str, size: Size) -> int:
    """The tokens of one result. `quality` is a real one, not "auto"."""
    assert model.tokens is not None
    rule = model.tokens.output
    if isinstance(rule, Table):
        return _by_table(rule, quality, size)
    return _by_grid(rule, quality, size)


def input_tokens(model: Model, size: Size, input_fidelity: str | None = None) -> int:
    """The tokens of one picture sent."""
    assert model.tokens is not None
    rule = model.tokens.input
    if isinstance(rule, Tiles):
        return _by_tiles(rule, size, high_fidelity=input_fidelity == "high")
    return _by_patches(rule, size)


def text_tokens(characters: int) -> int:
    """The tokens of an English text of this many characters."""
    return -(-characters // CHARACTERS_PER_TOKEN)


def _possible_sizes(model: Model, size: str | None) -> tuple[Size, ...]:
    asked = parse_size(model.sizes.default if size is None else size)
    return model.sizes.fixed if asked is None else (asked,)


def _qualities(model: Model, quality: str | None) -> list[str]:
    asked = quality or model.default_quality
    if asked != "auto" and asked is not None:
        return [asked]
    return [level for level in model.qualities if level != "auto"]


def _by_the_picture(
    model: Model, sizes: Sequence[Size], qualities: Sequence[str], n: int
) -> Estimate:
    found = [
        model.price_per_picture(written(size), level)
        for size in sizes
        for level in qualities or [""]
    ]
    # A size that is not offered has no price of its own: it is refused, or costs as much as another.
    prices = [price for price in found if price is not None] or list(model.per_picture.values())
    return Estimate(_whole(min(prices) * n * MICRO), _whole(max(prices) * n * MICRO, ROUND_CEILING))


def _by_table(rule: Table, quality: str, size: Size) -> int:
    square, tall, wide = rule.by_quality[quality]
    if size[0] == size[1]:
        return square
    return tall if size[0] < size[1] else wide


def _by_grid(rule: Grid, quality: str, size: Size) -> int:
    """Found by users (community.openai.com, thread 1382699): reproduces OpenAI's price table and the
    measured 7,024 tokens of a 1024x1024 picture of high quality."""
    along, longest, shortest = rule.by_quality[quality], max(size), min(size)
    across = (2 * along * shortest + longest) // (2 * longest)
    return -(-along * across * (2_000_000 + size[0] * size[1]) // 4_000_000)


def _by_tiles(rule: Tiles, size: Size, *, high_fidelity: bool) -> int:
    """OpenAI's image guide: 194 for 1024x1024, 323 for 1024x1536."""
    shortest = min(size)
    across, down = (-(-side * rule.shortest_side // (shortest * rule.tile)) for side in size)
    tokens = rule.base + rule.per_tile * across * down
    if high_fidelity:
        tokens += rule.high_fidelity_square if size[0] == size[1] else rule.high_fidelity_other
    return tokens


def _by_patches(rule: Patches, size: Size) -> int:
    """Measured by users: 1,024 for 1024x1024, and never more than the budget."""
    longest = max(size)
    growth = min(Decimal(rule.largest_growth), max(Decimal(1), Decimal(rule.towards) / longest))
    across, down = ((side * growth / rule.patch).to_integral_value(ROUND_CEILING) for side in size)
    return int(min(across * down, Decimal(rule.budget)))


def _split(usage: Usage, rates: Rates) -> Usage:
    """The usage with every token assigned to text or image."""
    text_in = _share(usage.input_tokens, usage.input_text_tokens, usage.input_image_tokens)
    text_out = _share(usage.output_tokens, usage.output_text_tokens, usage.output_image_tokens)
    if rates.text_out == 0:  # all that comes out is the picture
        text_out = 0
    return Usage(
        usage.input_tokens,
        usage.output_tokens,
        input_text_tokens=text_in,
        input_image_tokens=usage.input_tokens - text_in,
        output_text_tokens=text_out,
        output_image_tokens=usage.output_tokens - text_out,
    )


def _share(total: int, text: int | None, image: int | None) -> int:
    """How many of `total` are text: what is not known to be text counts as image, which is dearer."""
    if text is None:
        return 0 if image is None else max(total - image, 0)
    return min(text, total)


def _microusd(rates: Rates, usage: Usage) -> Decimal:
    """Micro-dollars: dollars per million tokens are micro-dollars per token."""
    return (
        rates.text_in * (usage.input_text_tokens or 0)
        + rates.image_in * (usage.input_image_tokens or 0)
        + rates.text_out * (usage.output_text_tokens or 0)
        + rates.image_out * (usage.output_image_tokens or 0)
    )


def _whole(microusd: Decimal, rounding: str = ROUND_HALF_UP) -> int:
    return int(microusd.to_integral_value(rounding))
