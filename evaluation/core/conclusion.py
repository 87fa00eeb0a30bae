"""The one plain sentence that stands before any figure, made from the same result as the figures. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from evaluation.core.rounding import coefficient_text, plain
from evaluation.core.standard import Indicator, Standard
from evaluation.core.status import UNKNOWN_TEXT, Status
from schools.vocabulary import Stage

#: How many items a sentence names before it only counts them.
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The verdict in one word and one sentence."""

    key: str
    word: str
    sentence: str


def conclusion(result: Mapping[str, Any], standard: Standard) -> Conclusion:
    """The verdict in one sentence, from the same numbers as the tables below it."""
    lost, unknown, waiting = _lost(result, standard), _unknown(result, standard), _waiting(result)
    opening = f"按{standard.short_name}标准核算："
    if result["passed"] is False:
        rest = f"另有 {'、'.join(unknown)}无法核算。" if unknown else ""
        return Conclusion("not_met", "未达标", f"{opening}未达标。{'；'.join(lost)}。{rest}")
    if result["passed"] is None:
        reason = f"{'、'.join(unknown)}无法核算。" if unknown else ""
        return Conclusion("unknown", "未能判定", f"{opening}未能判定。{reason}在能够核算以前，这些项目都不能视为达标。")
    if not result["complete"]:
        return Conclusion(
            "to_judge",
            "尚待评定",
            f"{opening}能够核算的各项均已达标，还有 {waiting} 项要求待评定，目前不能得出最终结论。",
        )
    if standard.decides_by_composite:
        return Conclusion("met", "达标", f"{opening}达标。各学段的综合差异系数均不高于上限。")
    relaxed = _only_with_relaxations(result)
    return Conclusion("met", "达标", f"{opening}达标。每所学校、每个差异系数和每项要求均已达标{relaxed}。")


def _only_with_relaxations(result: Mapping[str, Any]) -> str:
    without = result.get("without_relaxations")
    if without is None or without["passed"] is True:
        return ""
    return f"；其中使用了过渡规定，不使用时为“{'不达标' if without['passed'] is False else UNKNOWN_TEXT}”"


def _lost(result: Mapping[str, Any], standard: Standard) -> list[str]:
    parts = []
    coefficients = []
    if standard.decides_by_composite:
        parts += [_lost_composite(result["stages"][stage.value], stage, standard) for stage in Stage
                  if result["stages"][stage.value]["composite_passed"] is False]  # fmt: skip
    for stage, indicator, told in _each_coefficient(result, standard):
        if told["passed"] is False:
            limit = standard.coefficient_limits[stage]
            places = standard.rounding.coefficient_places
            text = coefficient_text(told["coefficient"], False, limit, places)
            coefficients.append(
                f"{stage.label} {indicator.code} {indicator.short_name}差异系数 {text}，高于 {plain(limit, 2)}"
            )
    if coefficients:
        more = f"；共 {len(coefficients)} 个差异系数高于上限" if len(coefficients) > _MOST_NAMED else ""
        parts.append("；".join(coefficients[:_MOST_NAMED]) + more)
    if schools := _count_schools(result, False):
        parts.append(f"{schools} 所学校未达到学校标准")
    items = [
        f"{criterion.code} {criterion.name}"
        for criterion in standard.criteria
        if result["criteria"][criterion.code]["status"] == Status.NOT_MET
    ]
    if items:
        more = f"等 {len(items)} 项要求" if len(items) > _MOST_NAMED else ""
        parts.append("、".join(items[:_MOST_NAMED]) + more + "不达标")
    return parts


def _lost_composite(told: Mapping[str, Any], stage: Stage, standard: Standard) -> str:
    limit = standard.coefficient_limits[stage]
    text = coefficient_text(told["composite"], False, limit, standard.rounding.coefficient_places)
    return f"{stage.label}综合差异系数 {text}，高于 {plain(limit, 2)}"


def _unknown(result: Mapping[str, Any], standard: Standard) -> list[str]:
    coefficients = sum(told["passed"] is None for _, _, told in _each_coefficient(result, standard))
    schools = _count_schools(result, None)
    items = [
        f"{criterion.code} {criterion.name}"
        for criterion in standard.criteria
        if result["criteria"][criterion.code]["status"] == Status.UNKNOWN
    ]
    more = f"等 {len(items)} 项要求" if len(items) > _MOST_NAMED else ""
    counted = ((coefficients, "个差异系数"), (schools, "所学校"))
    return [f"{count} {words}" for count, words in counted if count] + (
        ["、".join(items[:_MOST_NAMED]) + more] if items else []
    )


def _waiting(result: Mapping[str, Any]) -> int:
    return sum(told["status"] == Status.TO_JUDGE for told in result["criteria"].values())


def _count_schools(result: Mapping[str, Any], passed: bool | None) -> int:
    """Schools with a row of this outcome: a school failing in two stages is one school."""
    rows = [school for school in result["schools"] if school["passed"] is passed]
    return len({school["code"] for school in rows if school["code"]}) + sum(not school["code"] for school in rows)


def _each_coefficient(
    result: Mapping[str, Any], standard: Standard
) -> Iterable[tuple[Stage, Indicator, Mapping[str, Any]]]:
    for stage in Stage:
        for indicator in standard.indicators:
            yield stage, indicator, result["stages"][stage.value]["indicators"][indicator.code]
