"""What is refused, at which limits, and in which words."""

from dataclasses import dataclass
from typing import Any

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """How large a picture file may be, and what the process that decodes it may use."""

    max_bytes: int = 50 * MEBIBYTE
    max_pixels: int = 64_000_000
    min_side: int = 1
    max_side: int = 30_000
    max_memory: int = 1536 * MEBIBYTE
    """Address space of the decoding process in bytes; what it really touches is far less."""
    max_seconds: int = 30
    """Of processor time; twice that by the clock."""


class ImageRefused(ValueError):
    """A file is not taken. str() is one English sentence: what is wrong, and what to do.

    `code` is one of SENTENCES' keys; `facts` has the numbers that the sentence mentions.
    """

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(SENTENCES[code].format(**facts))
        self.code = code
        self.facts = facts
        self.peak_bytes = 0  # the most memory it took to find out, where that was measured


SENTENCES = {
    "empty": "This file is empty: choose it again.",
    "too_many_bytes": "This file has {megabytes} MB, more than the {limit} MB allowed: "
    "save it smaller or as a JPEG.",
    "not_a_picture": "This file is not a picture: use PNG, JPEG, WebP, AVIF, GIF or TIFF.",
    "format_not_taken": "{name} files are not taken: save it as PNG, JPEG, WebP, AVIF, GIF "
    "or TIFF.",
    "too_many_pixels": "This picture has {width} x {height} pixels, more than we can take: "
    "make it smaller.",
    "too_few_pixels": "This picture has {width} x {height} pixels, fewer than we can work with: "
    "choose a larger one.",
    "no_area": "This picture has no area ({width} x {height} pixels): save it again.",
    "truncated": "This file ends too early: copy or download it again.",
    "broken": "This file is damaged and cannot be read: open and save it again.",
    "too_slow": "This file takes too long to read: save it again as a PNG or JPEG.",
}
