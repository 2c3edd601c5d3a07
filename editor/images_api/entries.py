"""The catalogue's entries as values. `catalogue` is what callers use, `catalogue_file` reads them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from editor.images_api.messages import Operation, Size

ENDING_DAYS = 60  # a shutdown within so many days is worth a warning
SIZE_FORM = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})")


class CatalogueBroken(ValueError):
    """The catalogue's file says something impossible; `str()` says where and what."""


@dataclass(frozen=True)
class FreeSizes:
    """Any size within these limits. Areas are width x height in pixels, the ratio is long : short."""

    multiple: int
    max_edge: int
    max_ratio: Decimal
    min_pixels: int
    max_pixels: int
    comfortable_pixels: int


@dataclass(frozen=True)
class SizeRules:
    """Which sizes may be asked for. `default` is what no size at all means."""

    fixed: tuple[Size, ...]
    default: str
    auto: bool = False
    free: FreeSizes | None = None


@dataclass(frozen=True)
class Tiles:
    """Tokens of an input picture by square tiles, after its shortest side was scaled."""

    base: int
    per_tile: int
    tile: int
    shortest_side: int
    high_fidelity_square: int
    high_fidelity_other: int


@dataclass(frozen=True)
class Patches:
    """Tokens of an input picture by small square patches, up to a budget."""

    patch: int
    budget: int
    towards: int
    largest_growth: int


@dataclass(frozen=True)
class Table:
    """Tokens of an output picture by quality: for square, tall and wide pictures."""

    by_quality: Mapping[str, tuple[int, int, int]]


@dataclass(frozen=True)
class Grid:
    """Tokens of an output picture by quality: the patches along its longer side."""

    by_quality: Mapping[str, int]


@dataclass(frozen=True)
class Tokens:
    input: Tiles | Patches
    output: Table | Grid


@dataclass(frozen=True)
class Rates:
    """US dollars per million tokens."""

    text_in: Decimal
    image_in: Decimal
    image_out: Decimal
    text_out: Decimal = Decimal(0)


@dataclass(frozen=True)
class Model:
    """What one model takes and costs. Byte limits are exclusive: a file must be smaller."""

    id: str
    name: str
    family: str
    operations: tuple[Operation, ...]
    parameters: Mapping[Operation, tuple[str, ...]]
    prompt_limit: int  # characters
    max_n: int
    sizes: SizeRules
    answers: str  # how pictures come unless asked otherwise: "b64_json" or "url"
    price_date: date
    default_for: tuple[Operation, ...] = ()  # meant where a request names no model
    image_formats: tuple[str, ...] = ()
    max_images: int = 0
    max_image_bytes: int = 0
    max_mask_bytes: int = 0
    square_images: bool = False
    send_alpha: bool = False  # pictures should be sent with an alpha channel
    rerenders: bool = False  # answers differ from the source outside the mask too
    qualities: tuple[str, ...] = ()
    default_quality: str | None = None
    backgrounds: tuple[str, ...] = ()
    output_formats: tuple[str, ...] = ()
    response_formats: tuple[str, ...] = ()
    input_fidelities: tuple[str, ...] = ()
    moderations: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    complexities: tuple[str, ...] = ()
    max_partial_images: int = 0  # 0: it cannot stream
    partial_tokens: int = 0  # output tokens that each partial image costs
    tokens: Tokens | None = None
    rates: Rates | None = None
    # US dollars by "512x512", "hd:1024x1024", or "any" for every size that is not named
    per_picture: Mapping[str, Decimal] = field(default_factory=dict)
    shutdown_date: date | None = None

    def takes(self, parameter: str, operation: Operation = "edit") -> bool:
        return parameter in self.parameters.get(operation, ())

    def choices(self, parameter: str) -> tuple[str, ...]:
        """What may be chosen for a parameter that has a list of choices."""
        choices: tuple[str, ...] = getattr(self, CHOICES[parameter])
        return choices

    def price_per_picture(self, size: str, quality: str) -> Decimal | None:
        """US dollars for one result; None where the model is not priced so, or not for this."""
        named = (f"{quality}:{size}", size, f"{quality}:any", "any")
        prices = (self.per_picture[name] for name in named if name in self.per_picture)
        return next(prices, None)

    def is_shut_down(self, on: date) -> bool:
        return self.shutdown_date is not None and self.shutdown_date <= on

    def days_left(self, on: date) -> int | None:
        """Days until its shutdown, negative after it; None where none is known."""
        return None if self.shutdown_date is None else (self.shutdown_date - on).days

    def is_ending(self, on: date) -> bool:
        """Will it be shut down within 60 days? No longer, once it is."""
        left = self.days_left(on)
        return left is not None and 0 < left <= ENDING_DAYS


CHOICES: Mapping[str, str] = {
    "quality": "qualities",
    "background": "backgrounds",
    "output_format": "output_formats",
    "response_format": "response_formats",
    "input_fidelity": "input_fidelities",
    "moderation": "moderations",
    "style": "styles",
    "complexity": "complexities",
}


def parse_size(text: str) -> Size | None:
    """`"1024x1536"` as (1024, 1536); None for everything else."""
    match = SIZE_FORM.fullmatch(text)
    return (int(match[1]), int(match[2])) if match else None


def written(size: Size) -> str:
    """`(1024, 1536)` as "1024x1536"."""
    return f"{size[0]}x{size[1]}"
