"""Charts of the portal, made from the rows of the table that stands beside each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from reports.charts.bars import Bar, BarChart
from reports.charts.strip import Strip, StripChart, numeral
from reports.charts.waterfall import Step, WaterfallChart

if TYPE_CHECKING:
    from reports.presenters.compared import ChangeLine, FigureRow
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


def change_chart(line: ChangeLine, parts: Sequence[str], limit: str) -> WaterfallChart:
    """One coefficient from a year to the next, part by part. ``limit`` is empty where none holds for it."""
    values = [None if text is None else float(text) for text in line.printed]
    steps = [
        Step(name, figure or "0", value)
        for name, figure, value in zip(parts, line.parts, values[1:], strict=True)
    ]  # fmt: skip
    told = "，".join(f"{step.name} {step.figure}" for step in steps)
    return WaterfallChart(
        title=f"{line.stage} {line.code} {line.name}：从 {line.before} 到 {line.after}".replace("  ", " "),
        description=f"以前 {line.before}；{told}；现在 {line.after}，合计 {line.change}。同样的数字见表。",
        steps=(
            Step("以前", line.before, values[0], is_whole=True), *steps,
            Step("现在", line.after, values[-1], is_whole=True),
        ),
        limit=float(limit) if limit else None,
        limit_words=f"上限 {limit}" if limit else "",
    )  # fmt: skip


def position_charts(rows: Sequence[FigureRow], names: Sequence[str], own: int = 0) -> list[tuple[str, StripChart]]:
    """Where counties stand with each coefficient, a chart a stage with the key of its ids. ``names`` are in the order
    of the figures of a row; ``own`` is the one the page is about, from 1 on."""
    signs = "，".join(f"{numeral(number)} {name}" for number, name in enumerate(names, start=1))
    charts = []
    for stage in dict.fromkeys(row.stage for row in rows):
        of_stage = [row for row in rows if row.stage == stage]
        strips = tuple(
            Strip(f"{row.code} {row.name}", tuple(_number(text) for text in row.printed), _number(row.limit))
            for row in of_stage
        )
        limits = {row.limit for row in of_stage}
        words = f"上限 {limits.pop()}" if len(limits) == 1 and None not in {strip.limit for strip in strips} else ""
        told = "；".join(f"{row.code} {row.name} {'、'.join(row.printed)}" for row in of_stage)
        chart = StripChart(f"{stage}：{len(names)} 个县的差异系数", f"{signs}。{told}。", strips, words, own)
        charts.append((f"position-{len(charts) + 1}", chart))
    return charts


def _number(text: str) -> float | None:
    """A figure as it is printed, as a number; None for words."""
    try:
        return float(text)
    except ValueError:
        return None
