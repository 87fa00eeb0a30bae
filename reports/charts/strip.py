"""Where counties stand beside each other on one scale: a strip for each figure, a numeral for each county."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.charts.drawing import NAME_AT, SMALL, WIDTH, Pen, area

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEAD, _NAME, _FLOOR, _ROOM, _SHOULDER = 24, 22, 17, 1.35, 34
#: Numerals nearer to each other than this are set one above the other.
_APART = 15
_NUMERALS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫"


def numeral(number: int) -> str:
    """The sign of a county in the chart and at the head of its column, from 1 on."""
    return _NUMERALS[number - 1]


@dataclass(frozen=True, slots=True)
class Strip:
    """One figure of every county in the order of the numerals; None where there is none to draw. ``limit`` is None
    where the counties were judged by different ones, or by none."""

    name: str
    values: tuple[float | None, ...]
    limit: float | None


@dataclass(frozen=True, slots=True)
class StripChart:
    """Strips over one scale. ``own`` is the county the page is about, from 1 on; 0 where there is none."""

    title: str
    description: str
    strips: tuple[Strip, ...]
    limit_words: str
    own: int = 0

    @property
    def height(self) -> int:
        return _HEAD + sum(_NAME + _FLOOR * depth for depth in self._depths())

    @property
    def _top(self) -> float:
        values = [value for strip in self.strips for value in strip.values if value is not None]
        return max([*values, *((strip.limit or 0.0) * _ROOM for strip in self.strips)], default=0.0) or 1.0

    def _depths(self) -> list[int]:
        return [max([1, *(floor + 1 for _, floor, _ in self._placed(strip))]) for strip in self.strips]

    def _placed(self, strip: Strip) -> list[tuple[int, int, float]]:
        """Number, floor and value of every county; on each floor numerals keep their distance."""
        known = [(value, number) for number, value in enumerate(strip.values, start=1) if value is not None]
        return stacked(sorted(known), _APART * self._top / WIDTH)

    def draw(self, figure: Figure, pen: Pen) -> None:
        top, y = self._top, float(_HEAD)
        axes = area(figure, self.height, (-top * 0.03, top * 1.03))
        for strip, depth in zip(self.strips, self._depths(), strict=True):
            pen.write(axes, 0, y + NAME_AT, strip.name, across=True)
            base = y + _NAME
            pen.bar(axes, -top * 0.03, top * 1.03, base - 3, "track", _FLOOR * depth - 1)
            if strip.limit is not None:
                pen.line(axes, (strip.limit, strip.limit), (base - 5, base + _FLOOR * depth - 2), "limit", 2)
            for number, floor, value in self._placed(strip):
                is_own = number == self.own
                pen.write(axes, value, base + floor * _FLOOR + 10, numeral(number), "accent" if is_own else "muted",
                          anchor="center", size=15, is_strong=is_own)  # fmt: skip
            y += _NAME + _FLOOR * depth
        at = ((self.strips[0].limit or 0.0) + top * 0.03) / (top * 1.06) * WIDTH
        at = min(max(at, _SHOULDER), WIDTH - _SHOULDER) / WIDTH
        pen.write(axes, at, NAME_AT, self.limit_words, anchor="center", size=SMALL, across=True)


def stacked(points: Sequence[tuple[float, int]], apart: float) -> list[tuple[int, int, float]]:
    """Each point on the lowest floor where nothing stands nearer than ``apart``; points from small to large."""
    last: list[float] = []
    placed = []
    for value, number in points:
        floor = next((at for at, before in enumerate(last) if value - before >= apart), len(last))
        last[floor:floor + 1] = [value]  # fmt: skip
        placed.append((number, floor, value))
    return placed
