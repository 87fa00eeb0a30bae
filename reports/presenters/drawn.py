"""Charts of the portal, made from the rows of the table that stands beside each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from reports.charts.bars import Bar, BarChart

if TYPE_CHECKING:
    from reports.presenters.verdict import StageView

_INKS = ("met", "not_met", "unknown")


def coefficient_chart(stage: StageView, decides_by_composite: bool) -> BarChart:
    """The coefficients of one stage against their limit; the composite against it where that decides."""
    bars = [
        Bar(
            f"{line.code} {line.short_name}",
            line.value,
            line.coefficient if decides_by_composite else f"{line.coefficient} {line.mark.sign}",
            line.mark.key if line.mark.key in _INKS and not decides_by_composite else "accent",
            has_limit=not decides_by_composite,
        )
        for line in stage.lines
    ]
    words = f"上限 {stage.limit}"
    if decides_by_composite and stage.composite_mark is not None:
        mark = stage.composite_mark
        bars.append(Bar("综合差异系数", stage.composite_value, f"{stage.composite} {mark.sign}", mark.key))
        words = f"综合的上限 {stage.limit}"
    told = "，".join(f"{bar.name} {bar.figure.split()[0]}" for bar in bars)
    judged = "" if decides_by_composite else _judged(line.mark.key for line in stage.lines)
    return BarChart(
        title=f"{stage.label}：{len(stage.lines)} 个差异系数与上限相比",
        description=f"{words}。{judged}{told}。同样的数字见表。",
        bars=tuple(bars),
        limit=float(stage.limit),
        limit_words=words,
    )


def _judged(keys: Iterable[str]) -> str:
    """In the words of somebody who looks at the chart: how many stay within the limit."""
    counted = list(keys)
    words = [
        f"{number} 个{label}"
        for key, label in (("met", "不高于上限"), ("not_met", "高于上限"), ("unknown", "无法核算"))
        if (number := counted.count(key))
    ]
    return f"{'，'.join(words)}：" if words else ""
