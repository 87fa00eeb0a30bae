"""The published results of a county year by year: the deciding figure, its limit, and where the standard changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.safestring import SafeString

from evaluation.models import Certificate
from evaluation.workflow import State
from reports.charts.inline import svg
from reports.charts.years import YearPoint, YearsChart

#: A line needs two points.
_FEWEST = 2
_LARGEST, _COMPOSITE, _DECIDING = "各差异系数中最大的一个", "综合差异系数", "决定是否达标的差异系数"


@dataclass(frozen=True, slots=True)
class YearLine:
    """One year of one stage as the table prints it: which coefficient decided, the figure, and the limit then.
    ``breaks`` says that the standard is another one than the year before."""

    year: str
    standard: str
    name: str
    figure: str
    limit: str
    breaks: bool


@dataclass(frozen=True, slots=True)
class StageYears:
    """One stage over the years: the rows of the table, the oldest first, and the same as a chart."""

    key: str
    label: str
    words: str
    lines: tuple[YearLine, ...]
    chart: YearsChart

    @property
    def drawing(self) -> SafeString:
        """The chart of the page."""
        return svg(self.chart, f"years-{self.key}")


def years_of(history: Sequence[Certificate]) -> tuple[StageYears, ...]:
    """Both stages over the years; nothing where there are fewer than two. ``history`` is the newest first. Of a year
    the newest result counts; where that was revoked, the year has none: what it had superseded is not valid again."""
    newest: dict[int, Certificate] = {}
    for each in history:
        newest.setdefault(each.evaluation.school_year, each)
    newest = {year: each for year, each in newest.items() if each.evaluation.state_of is not State.REVOKED}
    if len(newest) < _FEWEST:
        return ()
    ordered = [newest[year] for year in sorted(newest)]
    told = [json.loads(each.record)["results"]["stages"] for each in ordered]
    return tuple(_stage(ordered, [stages[position] for stages in told]) for position in range(len(told[0])))


def _stage(certificates: Sequence[Certificate], told: Sequence[dict[str, Any]]) -> StageYears:
    words = {_COMPOSITE if stage["decides"] == "composite" else _LARGEST for stage in told}
    lines, points, before = [], [], ""
    for certificate, stage in zip(certificates, told, strict=True):
        evaluation = certificate.evaluation
        name, figure = _deciding(stage)
        standard, year = evaluation.standard_id, evaluation.school_year
        breaks = bool(before) and before != standard
        lines.append(YearLine(f"{year}—{year + 1}", evaluation.standard.name, name, figure, stage["limit"], breaks))
        points.append(YearPoint(year, figure, float(figure), float(stage["limit"]), standard))
        before = standard
    label, line_words = told[-1]["name"], words.pop() if len(words) == 1 else _DECIDING
    listed = "；".join(f"{line.year} {line.name} {line.figure}，上限 {line.limit}" for line in lines)
    broken = "标准变化处断开，前后不能直接相比。" if any(line.breaks for line in lines) else ""
    chart = YearsChart(f"{label}：历年{line_words}", f"{broken}{listed}。同样的数字见表。", line_words, tuple(points))
    return StageYears(told[-1]["stage"], label, line_words, tuple(lines), chart)


def _deciding(stage: dict[str, Any]) -> tuple[str, str]:
    """The coefficient that comes nearest to its limit, or the composite where that decides."""
    if stage["decides"] == "composite":
        return _COMPOSITE, stage["composite_printed"]
    largest = max(stage["coefficients"], key=lambda each: float(each["value"]))
    return f"{largest['code']} {largest['name']}", largest["printed"]


def change_sentence(certificate: Certificate, earlier: Certificate) -> str:
    """What became of the coefficients since the earlier result, in one sentence; where the standard is another one,
    that they do not compare."""
    if certificate.evaluation.standard_id != earlier.evaluation.standard_id:
        return "两个结果按不同的标准核算，差异系数不能直接相比。"
    before, now = _printed(earlier), _printed(certificate)
    moved = {key: Decimal(now[key]) - Decimal(before[key]) for key in now if key in before}
    fewer, more = sum(by < 0 for by in moved.values()), sum(by > 0 for by in moved.values())
    parts = (f"{fewer} 个变小（更均衡）", f"{more} 个变大", f"{len(moved) - fewer - more} 个没有变化")
    sentence = f"{len(moved)} 个差异系数中，{'，'.join(part for part in parts if not part.startswith('0 '))}"
    if not fewer and not more:
        return f"{sentence}。"
    key = max(moved, key=lambda each: abs(moved[each]))
    return f"{sentence}；变化最大的是{key}，从 {before[key]} 变为 {now[key]}。"


def _printed(certificate: Certificate) -> dict[str, str]:
    """Every coefficient as printed, by stage, code and name."""
    return {
        f"{stage['name']} {each['code']} {each['name']}": each["printed"]
        for stage in json.loads(certificate.record)["results"]["stages"]
        for each in stage["coefficients"]
    }
