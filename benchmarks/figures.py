"""What a benchmark found, and how it is told."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

COLUMNS = ("", "figure", "goal", "ratio", "verdict", "beside")


@dataclass(frozen=True)
class Figure:
    """One number, and what stands beside it in the same run.

    `ratio` is the figure against `beside`. With `at_least` the goal is a floor, else a ceiling; it is
    held against the ratio where `of_ratio`, else against the value. No goal: told only.
    """

    name: str
    value: float
    unit: str
    beside: str = ""
    ratio: float | None = None
    goal: float | None = None
    at_least: bool = False
    of_ratio: bool = False

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        found = self.ratio if self.of_ratio and self.ratio is not None else self.value
        if self.goal == 0:
            return "met" if found <= 0 else "missed"
        share = self.goal / max(found, 1e-9) if self.at_least else found / self.goal
        if share <= 1:
            return "met"
        return f"missed by {100 * (share - 1):.0f} %" if share < 2 else f"missed {share:.1f} x"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": self.verdict}


def table(title: str, figures: Iterable[Figure]) -> str:
    rows = [(title, *COLUMNS[1:]), *map(_row, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    return "\n".join(_line(row, widths) for row in rows)


def middle_and_worst(seconds: list[float]) -> tuple[float, float]:
    """Median and longest, in milliseconds."""
    return 1000 * median(seconds), 1000 * max(seconds)


def _row(figure: Figure) -> tuple[str, ...]:
    goal = ""
    if figure.goal is not None:
        unit = "x" if figure.of_ratio else figure.unit
        goal = f"{'>=' if figure.at_least else '<='} {figure.goal:g} {unit}"
    ratio = f"{figure.ratio:.2f} x" if figure.ratio is not None else ""
    value = f"{_short(figure.value)} {figure.unit}"
    return (f"  {figure.name}", value, goal, ratio, figure.verdict, figure.beside)


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    first, *numbers, verdict, beside = (
        text.ljust(width) if column in (0, 4, 5) else text.rjust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join((first, *numbers, verdict, beside)).rstrip()
