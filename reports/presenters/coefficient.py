"""Who makes one difference coefficient what it is: one sentence, a chart, and the same schools as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import pandas as pd
from django.utils.safestring import SafeString

from evaluation.core.gaps import noun, row_gaps
from evaluation.core.resources import OPEN, PASSED, StageResult
from evaluation.core.rounding import coefficient_text, exact, figure, half_up, plain
from evaluation.core.sensitivity import Influence, Sensitivity
from evaluation.core.standard import Indicator, Standard
from indicators.report import SchoolReport
from reports.charts.bars import Bar, BarChart
from reports.charts.inline import svg
from reports.presenters.figures import MISSING, Mark, mark_of
from reports.presenters.verdict import NO_NAME
from schools.vocabulary import Stage

NOTHING = "——"
#: Schools drawn; the table has all of them.
_DRAWN = 12
#: The sentence names the fewest schools that make up this much of the spread.
_MOST_OF_IT = Fraction(1, 2)
_PERCENT_PLACES = 1


@dataclass(frozen=True, slots=True)
class InfluenceLine:
    """One school's part in the coefficient, as printed."""

    code: str
    name: str
    enrollment: str
    value: str
    deviation: str
    share: str
    without: str
    without_mark: Mark | None
    lifted: str
    lifted_mark: Mark | None
    gap: str


@dataclass(frozen=True, slots=True)
class LiftLine:
    """One school to bring to its limit, what that takes, and the coefficient from then on."""

    code: str
    name: str
    words: str
    coefficient: str


@dataclass(frozen=True, slots=True)
class CoefficientPage:
    """Everything the page of one coefficient prints."""

    stage: Stage
    indicator: Indicator
    sentence: str
    mark: Mark
    coefficient: str
    limit: str
    mean: str
    school_limit: str
    lines: tuple[InfluenceLine, ...]
    chart: SafeString | None
    lift_sentence: str
    lifts: tuple[LiftLine, ...]


def coefficient_page(
    result: StageResult, found: Sensitivity, indicator: Indicator, standard: Standard, schools: Sequence[SchoolReport]
) -> CoefficientPage:
    """The page of one coefficient of the one county judged. ``schools`` are in the order of the columns."""
    passed = {PASSED: True, OPEN: None}.get(int(result.results[indicator.code].outcome[0]), False)
    limit = standard.coefficient_limits[result.stage]
    school_limit = indicator.stages[result.stage].limit
    text = coefficient_text(found.coefficient, passed, limit, standard.rounding.coefficient_places)
    ordered = sorted(found.influences, key=lambda each: -(each.share or 0.0))
    lines = tuple(_line(each, result, found, indicator, standard, schools) for each in ordered)
    return CoefficientPage(
        stage=result.stage,
        indicator=indicator,
        sentence=_sentence(result, found, indicator, ordered, text, passed, limit),
        mark=mark_of(passed),
        coefficient=text,
        limit=plain(limit, 2),
        mean=MISSING.label if found.mean is None else half_up(exact(found.mean), standard.rounding.mean_places),
        school_limit="" if school_limit is None else plain(school_limit),
        lines=lines,
        chart=_chart(result, indicator, ordered, lines),
        lift_sentence=_lift_sentence(found, indicator, limit, standard, passed, school_limit is not None),
        lifts=tuple(
            LiftLine(
                *_named(result, each.row, schools),
                f"差 {each.natural.words(each.amount)}{noun(indicator)}",
                _coefficient(each.coefficient, limit, standard),
            )
            for each in found.lifts or ()
        ),
    )


def _named(result: StageResult, row: int, schools: Sequence[SchoolReport]) -> tuple[str, str]:
    values = schools[int(result.school[row])].values
    return str(values.get("code") or ""), str(values.get("name") or NO_NAME)


def _coefficient(value: float | None, limit: Fraction, standard: Standard) -> str:
    return NOTHING if value is None else figure(value, standard.rounding.coefficient_places, limit)


def _percent(share: float | Fraction) -> str:
    return f"{figure(Fraction(share) * 100, _PERCENT_PLACES, Fraction(100), Fraction(0))}%"


def _line(
    each: Influence,
    result: StageResult,
    found: Sensitivity,
    indicator: Indicator,
    standard: Standard,
    schools: Sequence[SchoolReport],
) -> InfluenceLine:
    limit, school_limit = standard.coefficient_limits[result.stage], indicator.stages[result.stage].limit
    rows, places = result.rows[indicator.code], standard.rounding.value_places
    value = Fraction(int(rows.numerator[each.row]), int(rows.denominator[each.row]))
    value *= Fraction(indicator.factor, indicator.scale)
    away = value - exact(found.mean or 0.0)
    gaps = [gap for gap in row_gaps(result, each.row, standard) if gap.indicator.code == indicator.code]
    bounds = () if school_limit is None else (school_limit,)
    return InfluenceLine(
        *_named(result, each.row, schools),
        enrollment=str(int(result.enrollment[each.row])),
        value=figure(value, places, *bounds),
        deviation=f"{'+' if away > 0 else '−' if away < 0 else ''}{half_up(abs(away), places)}",
        share=NOTHING if each.share is None else _percent(each.share),
        without=_coefficient(each.without, limit, standard),
        without_mark=None if each.without is None else mark_of(exact(each.without) <= limit),
        lifted=_coefficient(each.lifted, limit, standard),
        lifted_mark=None if each.lifted is None else mark_of(exact(each.lifted) <= limit),
        gap=gaps[0].words if gaps else "",
    )


def _sentence(
    result: StageResult,
    found: Sensitivity,
    indicator: Indicator,
    ordered: Sequence[Influence],
    text: str,
    passed: bool | None,
    limit: Fraction,
) -> str:
    """小学 L2 县级以上骨干教师的差异系数 0.502，高于 0.50：3 所学校占差距的 61.0%。"""
    subject = f"{result.stage.label} {indicator.code} {indicator.short_name}的差异系数"
    if found.coefficient is None:
        return f"{subject}无法核算，没有差距可分析。请先补齐判定结果页列出的数据。"
    opening = f"{subject} {text}，{'不高于' if passed else '高于'} {plain(limit, 2)}："
    shares = [Fraction(each.share) for each in ordered if each.share is not None]
    if not shares:
        return f"{opening}{'仅一所学校，没有校际差距' if len(ordered) == 1 else '各校相同，没有校际差距'}。"
    count, together = 0, Fraction(0)
    while count < len(shares) and together < _MOST_OF_IT:
        together += shares[count]
        count += 1
    return f"{opening}{count} 所学校占差距的 {_percent(min(together, Fraction(1)))}。"


def _lift_sentence(
    found: Sensitivity,
    indicator: Indicator,
    limit: Fraction,
    standard: Standard,
    passed: bool | None,
    has_limit: bool,
) -> str:
    """What bringing schools to their own limit would do; empty where the coefficient is within its limit anyway."""
    if passed is not False or not has_limit:
        return ""
    bound = plain(limit, 2)
    if not found.lifts:
        if not any(each.lifted is not None for each in found.influences):
            return f"各校都已达到要求，差距在已达标的学校之间：缩小它们之间的差距，差异系数才能降到 {bound} 以内。"
        return (
            f"只把低于要求的学校提高到要求，没有找到能使差异系数降到 {bound} 以内的办法；还要缩小已达标学校之间的差距。"
        )
    total = sum((each.amount for each in found.lifts), Fraction(0))
    unit = found.lifts[0].natural
    last = _coefficient(found.lifts[-1].coefficient, limit, standard)
    return (
        f"把下列 {len(found.lifts)} 所学校提高到要求，共差 {unit.words(total)}{noun(indicator)}，"
        f"差异系数降到 {last}，不高于 {bound}。"
    )


def _chart(
    result: StageResult, indicator: Indicator, ordered: Sequence[Influence], lines: Sequence[InfluenceLine]
) -> SafeString | None:
    """The schools with the largest shares, longest first; None where there is no spread to divide."""
    drawn = [(each, line) for each, line in zip(ordered, lines, strict=True) if each.share][:_DRAWN]
    if not drawn:
        return None
    bars = tuple(
        Bar(
            line.name,
            each.share,
            f"{line.share}　{'低于平均' if line.deviation.startswith('−') else '高于平均'}",
            "below" if line.deviation.startswith("−") else "above",
        )
        for each, line in drawn
    )
    title = f"{result.stage.label} {indicator.code} {indicator.short_name}：各校占差距的比例"
    words = "；".join(f"{line.name} {line.share}" for _, line in drawn[:3])
    description = f"从大到小列出 {len(drawn)} 所学校，其中{words}。全部学校见下表。"
    return svg(BarChart(title, description, bars), "influence-chart")


def influence_table(page: CoefficientPage) -> pd.DataFrame:
    """The table of the page as one to take away, character for character; shares in per cent without their sign."""
    columns = [
        "学校标识码", "学校名称", "在校生数", f"{page.indicator.code} {page.indicator.name}（{page.indicator.unit}）",
        "与全县平均值之差", "占差距的比例（%）", "去掉该校后的差异系数", "该校提高到要求后的差异系数", "备注",
    ]  # fmt: skip
    rows = [
        [
            line.code, line.name, line.enrollment, line.value, line.deviation.replace("−", "-").removeprefix("+"),
            line.share.removesuffix("%"), line.without, line.lifted, line.gap,
        ]
        for line in page.lines
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns, dtype=str)
