"""Charts drawn on the server: SVG in the page, coloured by classes of the site's own sheet, told to screen readers.

No style attributes and no script: the page's content policy allows neither. Every chart has its table beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

#: Drawing units. A chart is drawn as wide as a phone, so that its letters are never smaller than the text around it.
_WIDTH, _LINE, _BAR = 300, 44, 12
_NAME_AT, _BAR_AT, _MOST_LETTERS = 16, 22, 14


@dataclass(frozen=True, slots=True)
class BarRow:
    """One bar: what it stands for, its length from 0 to 1, the figure beside it, and the class that colours it."""

    name: str
    length: float
    figure: str
    key: str


def bar_chart(name: str, title: str, description: str, rows: Sequence[BarRow]) -> SafeString:
    """Horizontal bars, the name above each and the figure at its right. ``name`` makes the ids unique on the page."""
    height = _LINE * len(rows) + 8
    bars = format_html_join(
        "\n",
        '<g class="chart-row"><text class="chart-name" x="0" y="{}">{}</text>'
        '<text class="chart-figure" x="{}" y="{}" text-anchor="end">{}</text>'
        '<rect class="chart-track" x="0" y="{}" width="{}" height="{}" rx="2"/>'
        '<rect class="chart-bar chart-{}" x="0" y="{}" width="{}" height="{}" rx="2"/></g>',
        (
            (
                i * _LINE + _NAME_AT, _shortened(row.name), _WIDTH, i * _LINE + _NAME_AT, row.figure,
                i * _LINE + _BAR_AT, _WIDTH, _BAR,
                row.key, i * _LINE + _BAR_AT, f"{min(max(row.length, 0.0), 1.0) * _WIDTH:.1f}", _BAR,
            )
            for i, row in enumerate(rows)
        ),
    )  # fmt: skip
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title {}-desc">\n'
        '<title id="{}-title">{}</title>\n<desc id="{}-desc">{}</desc>\n{}\n</svg>',
        _WIDTH, height, name, name, name, title, name, description, bars,
    )  # fmt: skip


def _shortened(name: str) -> str:
    return name if len(name) <= _MOST_LETTERS else name[: _MOST_LETTERS - 1] + "…"
