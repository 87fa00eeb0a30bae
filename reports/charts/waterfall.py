"""From one value to another, step by step: what each part added or took away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.charts.drawing import BAR, BAR_AT, LINE, NAME_AT, SMALL, WIDTH, Pen, area

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEAD, _OVER, _ROOM, _SHOULDER = 24, 4, 1.15, 34
#: A step too small to be seen as a bar is drawn as wide as a line.
_LEAST = 0.006


@dataclass(frozen=True, slots=True)
class Step:
    """One part: its name, the figure as the table prints it, the value it leads to; None where that is undefined.
    ``is_whole`` stands for a value itself (before, now) and not for a change."""

    name: str
    figure: str
    to: float | None
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class WaterfallChart:
    """The steps from the first value to the last. A rise of the coefficient is a greater difference between schools."""

    title: str
    description: str
    steps: tuple[Step, ...]
    limit: float | None = None
    limit_words: str = ""

    @property
    def height(self) -> int:
        return LINE * len(self.steps) + _HEAD + _OVER

    def draw(self, figure: Figure, pen: Pen) -> None:
        known = [step.to for step in self.steps if step.to is not None]
        top = max([*known, self.limit or 0.0], default=0.0) * _ROOM or 1.0
        axes = area(figure, self.height, (0, top))
        stands: float | None = None
        for number, step in enumerate(self.steps):
            y = _HEAD + number * LINE
            pen.write(axes, 0, y + NAME_AT, step.name, is_strong=step.is_whole)
            pen.write(axes, 1, y + NAME_AT, step.figure, "ink" if step.is_whole else "muted", anchor="right",
                      is_strong=step.is_whole, across=True)  # fmt: skip
            pen.bar(axes, 0, top, y + BAR_AT - _OVER, "track")
            if step.to is not None:
                if step.is_whole:
                    pen.bar(axes, 0, step.to, y + BAR_AT - _OVER, "accent")
                elif stands is not None:
                    least = top * _LEAST
                    low, high = min(stands, step.to), max(stands, step.to)
                    ink = "met" if step.to < stands else "not_met" if step.to > stands else "limit"
                    pen.bar(axes, low, max(high, low + least), y + BAR_AT - _OVER, ink)
            stands = step.to
        if self.limit is not None:
            begin = _HEAD + BAR_AT - 2 * _OVER
            for number in range(len(self.steps)):
                at = begin + number * LINE
                pen.line(axes, (self.limit, self.limit), (at, at + BAR + 2 * _OVER), "limit", 2)
            middle = min(max(self.limit / top * WIDTH, _SHOULDER), WIDTH - _SHOULDER) / WIDTH
            pen.write(axes, middle, NAME_AT, self.limit_words, anchor="center", size=SMALL, across=True)
