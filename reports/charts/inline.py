"""A chart as SVG inside of a page: shapes and text of matplotlib, without its styles, ids and metadata.

The content policy of the pages allows no style attribute, so colours become classes, which static/site.css fills in by
the reader's scheme; everything else becomes an attribute. Text stays text, in the fonts of the page.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from defusedxml.ElementTree import fromstring
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from reports.charts.drawing import INKS, SIZE, WIDTH, Chart, Pen, as_text, figure_of

_SVG, _HREF = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
#: A colour of nobody for each ink: what is drawn in it gets the ink's class.
_PEN = Pen({ink: f"#f000{number:02x}" for number, ink in enumerate(INKS)})
_INK_OF = {colour: ink for ink, colour in _PEN.inks.items()}
_NUMBER = re.compile(r"-?\d+\.\d+")
_KEPT = ("stroke-width", "stroke-dasharray", "stroke-linecap")
#: Charts kept drawn in each process. What a certificate says never changes, so most are asked for again.
_KEPT_CHARTS = 512


@lru_cache(maxsize=_KEPT_CHARTS)
def svg(chart: Chart, name: str) -> SafeString:
    """The chart for a page; ``name`` makes its ids the only ones there. The same chart gives the same bytes."""
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title {}-desc">'
        '<title id="{}-title">{}</title><desc id="{}-desc">{}</desc>{}</svg>',
        WIDTH, chart.height, name, name, name, as_text(chart.title), name, as_text(chart.description),
        format_html_join("", "{}", ((each,) for each in _marks(_drawn(chart)))),
    )  # fmt: skip


def _drawn(chart: Chart) -> str:
    """What matplotlib draws, in the inks of nobody."""
    figure, target = figure_of(chart, _PEN), io.StringIO()
    from matplotlib.backends.backend_svg import RendererSVG

    class Renderer(RendererSVG):  # type: ignore[misc,no-any-unimported]
        """Text is placed by its anchor and set by the reader's browser: nobody need measure it, with whatever fonts
        this machine has."""

        def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> tuple[float, float, float]:
            return len(s) * prop.get_size(), prop.get_size(), 0.0

    renderer = Renderer(WIDTH, chart.height, target, image_dpi=72, metadata={"Date": None})
    figure.draw(renderer)
    renderer.finalize()
    return target.getvalue()


def _marks(source: str) -> Iterator[SafeString]:
    """Every shape and every word in the order in which they were drawn."""
    root = fromstring(source, forbid_dtd=False)
    shapes = {each.get("id"): each for each in root.iter(f"{_SVG}path") if each.get("id")}
    inside = {id(each) for defs in root.iter(f"{_SVG}defs") for each in defs.iter()}
    for element in root.iter():
        if id(element) in inside:
            continue
        if element.tag == f"{_SVG}path":
            yield _path(element.get("d", ""), _style(element), "")
        elif element.tag == f"{_SVG}use":
            shape = shapes[element.get(_HREF, "")[1:]]
            at = f"translate({_short(element.get('x', '0'))} {_short(element.get('y', '0'))})"
            yield _path(shape.get("d", ""), _style(shape) | _style(element), at)
        elif element.tag == f"{_SVG}text":
            yield _text(element.text or "", _style(element), element.get("x", "0"), element.get("y", "0"))


def _style(element: Any) -> dict[str, str]:
    pairs = (pair.partition(":") for pair in element.get("style", "").split(";") if ":" in pair)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _short(numbers: str) -> str:
    """A tenth of a unit is finer than anybody's screen."""
    return _NUMBER.sub(lambda found: f"{round(float(found[0]), 1):g}", numbers)


def _path(d: str, style: Mapping[str, str], transform: str) -> SafeString:
    inks = [f"chart-{kind}-{_INK_OF[style[kind]]}" for kind in ("fill", "stroke") if style.get(kind, "none") in _INK_OF]
    kept = [(key, _short(style[key])) for key in _KEPT if key in style and "stroke" in style]
    kept += [("transform", transform)] if transform else []
    kept += [("fill", "none")] if not any(ink.startswith("chart-fill") for ink in inks) else []
    attributes = format_html_join("", ' {}="{}"', [("class", " ".join(inks)), *kept])
    return format_html('<path{} d="{}"/>', attributes, _short(" ".join(d.split())))


def _text(words: str, style: Mapping[str, str], x: str, y: str) -> SafeString:
    attributes = [("class", f"chart-fill-{_INK_OF[style['fill']]}"), ("x", _short(x)), ("y", _short(y))]
    if (anchor := style.get("text-anchor", "start")) != "start":
        attributes.append(("text-anchor", anchor))
    if (size := float(style["font-size"].removesuffix("px"))) != SIZE:
        attributes.append(("font-size", f"{size:g}"))
    if weight := style.get("font-weight"):
        attributes.append(("font-weight", weight))
    return format_html("<text{}>{}</text>", format_html_join("", ' {}="{}"', attributes), words)
