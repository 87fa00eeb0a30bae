"""One figure over the years. Where the standard changed, the line breaks: figures on both sides do not compare."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from reports.charts.drawing import SMALL, Pen, area

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEIGHT, _HEAD, _FOOT = 200, 22, 24
_ROOM = 1.18
#: Parts of the height: a figure stands below its point, over it where that would be under the ground line.
_BELOW, _OVER, _LOW, _YEARS = 0.12, 0.06, 0.2, 0.11
#: More labels than these would run into each other.
_MOST_LABELS = 6


@dataclass(frozen=True, slots=True)
class YearPoint:
    """A school year: the figure as printed and as drawn, the limit then, and the standard it was made by."""

    year: int
    figure: str
    value: float
    limit: float
    standard: str


@dataclass(frozen=True, slots=True)
class YearsChart:
    """Points in the order of the years; ``words`` say what the line is."""

    title: str
    description: str
    words: str
    points: tuple[YearPoint, ...]

    @property
    def height(self) -> int:
        return _HEIGHT

    def draw(self, figure: Figure, pen: Pen) -> None:
        first, last = self.points[0].year, self.points[-1].year
        top = max(max(point.value, point.limit) for point in self.points) * _ROOM
        axes = area(
            figure, _HEIGHT, (first - 0.5, last + 0.5), y=(0, top), margins=(0, _HEAD, 0, _FOOT)
        )  # fmt: skip
        pen.line(axes, (first - 0.5, last + 0.5), (0, 0), "line", 1)
        head = area(figure, _HEIGHT, (0, 1))
        pen.dot(head, 0.02, 10, "accent", filling="accent", size=7)
        pen.write(head, 0.045, 14, self.words, size=SMALL)
        pen.line(head, (0.66, 0.71), (10, 10), "limit", 1.5, dashes=(4, 3))
        pen.write(head, 0.725, 14, "当年的上限", size=SMALL)
        for before, after in pairwise(self.points):
            if before.standard != after.standard:
                at = (before.year + after.year) / 2
                pen.line(axes, (at, at), (0, top * 0.9), "muted", 1, dashes=(1, 3))
                pen.write(axes, at, top * 0.94, "标准变了", "muted", anchor="center", size=SMALL)
        for _, group in groupby(self.points, key=lambda point: point.standard):
            same = list(group)
            years, values = [point.year for point in same], [point.value for point in same]
            pen.line(axes, (years[0] - 0.4, years[-1] + 0.4), (same[0].limit, same[0].limit), "limit", dashes=(4, 3))
            pen.line(axes, years, values, "accent", 2.5)
        every = -(-len(self.points) // _MOST_LABELS)
        for number, point in enumerate(self.points):
            pen.dot(axes, point.year, point.value, "accent", filling="accent", size=8)
            if number % every == 0 or number == len(self.points) - 1:
                aside = _OVER if point.value < top * _LOW else -_BELOW
                pen.write(
                    axes, point.year, point.value + top * aside, point.figure, anchor="center", is_strong=True
                )  # fmt: skip
                words = f"{point.year}—{(point.year + 1) % 100:02d}"
                pen.write(axes, point.year, -top * _YEARS, words, "muted", anchor="center", size=SMALL)
