"""What every chart is drawn with: a figure as wide as a phone, inks named by what they mean, and one way to write.

matplotlib is imported inside of functions: commands and pages without a chart must not wait for it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Drawing units, in which a letter of 12 is as large as the text around the chart on a phone of 360 pixels.
WIDTH = 300
#: A line with a name above and a bar below it; where in it the name and the bar stand.
LINE, NAME_AT, BAR_AT, BAR = 38, 13, 24, 10
SIZE, SMALL = 12.5, 11.5
_POINTS = 72
#: What XML cannot hold, and what would break a line.
_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

#: What a colour can mean. Pages colour them by class, documents by the palette of `picture`.
INKS = ("ink", "muted", "line", "track", "paper", "limit", "accent", "met", "not_met", "unknown", "above", "below")


@dataclass(frozen=True, slots=True)
class Pen:
    """The inks, as colours of matplotlib, and the families that text is measured with."""

    inks: Mapping[str, str]
    families: tuple[str, ...] = ("DejaVu Sans",)

    def write(
        self, axes: Axes, x: float, y: float, words: str, ink: str = "ink", *, anchor: str = "left",
        size: float = SIZE, is_strong: bool = False, across: bool = False,
    ) -> None:  # fmt: skip
        """Words at a place, as they are: nothing in them is markup. ``across`` takes x from 0 (left) to 1 (right)."""
        from matplotlib.text import Text

        axes.add_artist(
            Text(
                x, y, as_text(words), color=self.inks[ink], ha=anchor, va="baseline", fontsize=size,
                family=list(self.families), weight=700 if is_strong else 400, parse_math=False, clip_on=False,
                transform=axes.get_yaxis_transform() if across else axes.transData,
            )
        )  # fmt: skip

    def bar(self, axes: Axes, begin: float, end: float, y: float, ink: str, height: float = BAR) -> None:
        """A bar lying between two values, ``height`` down from y."""
        from matplotlib.patches import Rectangle

        # Artists and not Axes.barh: the scales are set, and looking for better ones costs most of the time of a chart.
        axes.add_artist(
            Rectangle((begin, y), end - begin, height, facecolor=self.inks[ink], linewidth=0, clip_on=False)
        )  # fmt: skip

    def line(
        self, axes: Axes, x: Sequence[float], y: Sequence[float], ink: str, width: float = 1.5, **options: Any
    ) -> None:
        """A line through points."""
        from matplotlib.lines import Line2D

        options = {"solid_capstyle": "butt", "dash_capstyle": "butt"} | options
        axes.add_artist(Line2D(x, y, color=self.inks[ink], linewidth=width, clip_on=False, **options))

    def dot(
        self, axes: Axes, x: float, y: float, ink: str, *, filling: str = "paper", size: float = 9, shape: str = "o"
    ) -> None:
        """A point, its edge in one ink and filled with another; ``shape`` is a marker of matplotlib."""
        self.line(
            axes, (x,), (y,), ink, 0, marker=shape, markersize=size, markerfacecolor=self.inks[filling],
            markeredgecolor=self.inks[ink], markeredgewidth=1.5,
        )  # fmt: skip


class Chart(Protocol):
    """One chart: what it shows, the same in words, how high it is, and how it is drawn. Charts are frozen, so that one
    drawn before need not be drawn again."""

    @property
    def title(self) -> str: ...

    @property
    def description(self) -> str: ...

    @property
    def height(self) -> int: ...

    def draw(self, figure: Figure, pen: Pen) -> None:
        """Draw it into an empty figure of WIDTH × ``height``."""


@lru_cache(maxsize=1)
def preload() -> None:
    """Import matplotlib and set what makes two drawings of one chart equal. The list of the machine's fonts, which it
    makes once, is kept beside the portal's other files."""
    os.environ.setdefault("MPLCONFIGDIR", str(settings.VAR_DIR / "matplotlib"))
    import matplotlib as mpl
    import matplotlib.backends.backend_agg
    import matplotlib.backends.backend_svg
    import matplotlib.figure

    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "chart", "path.simplify": False})


def figure_of(chart: Chart, pen: Pen) -> Figure:
    """The chart as a figure of matplotlib, in drawing units."""
    preload()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / _POINTS, chart.height / _POINTS), dpi=_POINTS)
    figure.patch.set_visible(False)
    chart.draw(figure, pen)
    return figure


def area(
    figure: Figure, height: int, x: tuple[float, float], *, y: tuple[float, float] | None = None,
    margins: tuple[float, float, float, float] = (0, 0, 0, 0),
) -> Axes:  # fmt: skip
    """Axes with a scale of values across, and drawing units from the top down unless ``y`` gives a scale. ``margins``
    are left, top, right, bottom."""
    left, top, right, bottom = margins
    axes = figure.add_axes(
        (left / WIDTH, bottom / height, (WIDTH - left - right) / WIDTH, (height - top - bottom) / height)
    )
    axes.set_axis_off()
    axes.set_xlim(*x)
    axes.set_ylim(*(y or (height, 0)))
    return axes


def as_text(words: str) -> str:
    """Words without what XML cannot hold and what would break a line."""
    return _NOT_TEXT.sub(" ", words)


def shortened(name: str, most: int = 14) -> str:
    """A name that fits above a bar, beside its figure."""
    return name if len(name) <= most else name[: most - 1] + "…"
