"""Lying bars, a name above and a figure beside each; with a limit, or without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.charts.drawing import BAR, BAR_AT, LINE, NAME_AT, SMALL, WIDTH, Pen, area, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEAD, _OVER, _ROOM, _SHOULDER = 24, 4, 1.35, 34


@dataclass(frozen=True, slots=True)
class Bar:
    """What it stands for, its value (None: nothing to draw), the figure as the table prints it, and its ink.
    ``has_limit`` is False for one that is shown beside others and not judged by the limit of the chart."""

    name: str
    value: float | None
    figure: str
    ink: str
    has_limit: bool = True


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars over one scale that begins at nought. ``limit`` stands across them, with its words above."""

    title: str
    description: str
    bars: tuple[Bar, ...]
    limit: float | None = None
    limit_words: str = ""

    @property
    def height(self) -> int:
        return LINE * len(self.bars) + self._head + _OVER

    @property
    def _head(self) -> int:
        return 0 if self.limit is None else _HEAD

    def draw(self, figure: Figure, pen: Pen) -> None:
        largest = max((bar.value or 0.0 for bar in self.bars), default=0.0)
        top = max(largest, (self.limit or 0.0) * _ROOM) or 1.0
        axes = area(figure, self.height, (0, top))
        for number, bar in enumerate(self.bars):
            y = self._head + number * LINE
            pen.write(axes, 0, y + NAME_AT, shortened(bar.name))
            pen.write(axes, 1, y + NAME_AT, bar.figure, "ink" if bar.ink == "not_met" else "muted", anchor="right",
                      is_strong=bar.ink == "not_met", across=True)  # fmt: skip
            pen.bar(axes, 0, top, y + BAR_AT - _OVER, "track")
            if bar.value is not None:
                pen.bar(axes, 0, bar.value, y + BAR_AT - _OVER, bar.ink)
            if self.limit is not None and bar.has_limit:
                across = (y + BAR_AT - 2 * _OVER, y + BAR_AT + BAR)
                pen.line(axes, (self.limit, self.limit), across, "limit", 2)
        if self.limit is not None:
            at = min(max(self.limit / top * WIDTH, _SHOULDER), WIDTH - _SHOULDER) / WIDTH
            pen.write(axes, at, NAME_AT, self.limit_words, "ink", anchor="center", size=SMALL, across=True)
