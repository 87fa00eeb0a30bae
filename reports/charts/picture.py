"""The same charts as PNG, for documents: on white paper, in Simplified Chinese letters."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from reports.charts.drawing import WIDTH, Chart, Pen, area, figure_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

#: The colours of static/site.css on white paper; each keeps its contrast in print.
_INKS = {
    "ink": "#17202c", "muted": "#4b586a", "line": "#d3dae4", "track": "#eef2f8", "paper": "#ffffff", "limit": "#17202c",
    "accent": "#174589", "met": "#17603a", "not_met": "#a01c22", "unknown": "#744500", "above": "#174589",
    "below": "#a01c22",
}  # fmt: skip
#: Between two charts side by side, in drawing units.
_GAP = 20
#: Families with Simplified Chinese shapes. A .ttc file holds a face for each region: by family the right one is taken,
#: by file it would be the first, which is Japanese.
_FAMILIES = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "Microsoft YaHei")


@lru_cache(maxsize=64)
def png(chart: Chart, dots_an_inch: int = 220) -> bytes:
    """The chart as a picture on white. The same chart gives the same bytes on one machine."""
    figure = figure_of(chart, Pen(_INKS, (*_present(), "DejaVu Sans")))
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(dots_an_inch)
    figure.patch.set_visible(True)
    figure.patch.set_facecolor("#ffffff")
    target = io.BytesIO()
    FigureCanvasAgg(figure).print_png(target, metadata={"Software": None}, pil_kwargs={"optimize": True})
    return target.getvalue()


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a chart, drawn above it where no page stands around it to say it."""

    title: str
    description: str = ""
    height: int = 22

    def draw(self, figure: Figure, pen: Pen) -> None:
        pen.write(area(figure, self.height, (0, 1)), 0, 15, self.title, is_strong=True)


@lru_cache(maxsize=64)
def beside(charts: tuple[Chart, ...], dots_an_inch: int = 220) -> bytes:
    """Charts side by side as one picture, the title above each."""
    from PIL import Image

    columns = [(_opened(Heading(chart.title), dots_an_inch), _opened(chart, dots_an_inch)) for chart in charts]
    wide, gap = columns[0][0].width, columns[0][0].width * _GAP // WIDTH
    height = max(sum(part.height for part in column) for column in columns)
    # With an edge on the right: figures stand there, and programs that scale a picture eat into its last letters.
    whole = Image.new("RGB", (len(columns) * (wide + gap) - gap // 2, height), "#ffffff")
    for number, (heading, chart) in enumerate(columns):
        whole.paste(heading, (number * (wide + gap), 0))
        whole.paste(chart, (number * (wide + gap), heading.height))
    target = io.BytesIO()
    # Few colours are enough for flat ink and its edges, and make the file a third as large.
    whole.quantize(64).save(target, format="PNG", optimize=True)
    return target.getvalue()


def _opened(chart: Chart, dots_an_inch: int) -> Image:
    from PIL import Image

    return Image.open(io.BytesIO(png(chart, dots_an_inch))).convert("RGB")


@lru_cache(maxsize=1)
def _present() -> tuple[str, ...]:
    """Those of the families that this machine has: asking for another one makes matplotlib warn at each letter."""
    from matplotlib.font_manager import fontManager

    found = tuple(family for family in _FAMILIES if family in set(fontManager.get_font_names()))
    if not found:
        logging.getLogger(__name__).warning("no font with Chinese letters: charts in documents will lack their words")
    return found
