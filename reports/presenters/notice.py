"""A 公示 in words: what was decided, how the dimensions came out, and where the 公示 stands."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluation.core.standard import CRITERION_GROUPS, Standard
from evaluation.core.status import Status
from evaluation.workflow import State, rounds_of
from schools.models import County


@dataclass(frozen=True, slots=True)
class DimensionLine:
    """One dimension: how many of its items are met (of a veto, how many stand), and the words for it. ``key`` and
    ``sign`` draw the mark."""

    name: str
    words: str
    key: str
    sign: str
    label: str
    met: int
    of: int


def decision_sentence(county: County, school_year: int, standard: str) -> str:
    """What is put up: the decision in one sentence."""
    return (
        f"经{rounds_of(is_direct=county.is_directly_under_province)}，拟认定{county.full_name}"
        f"{school_year}—{school_year + 1}学年达到《{standard}》的要求，现予公示。"
    )


def dimension_lines(result: Mapping[str, Any], standard: Standard) -> list[DimensionLine]:
    """资源配置 from the schools and coefficients, then each group of items, with how many of them are met."""
    lines = []
    if standard.has_school_rule:
        schools = {(row["code"], row["name"]): True for row in result["schools"]}
        for row in result["schools"]:
            schools[row["code"], row["name"]] &= row["passed"] is True
        lines.append(_line("资源配置：学校达标", sum(schools.values()), len(schools), "所"))
    stages = result["stages"].values()
    if standard.decides_by_composite:
        passed = [stage["composite_passed"] for stage in stages]
    else:
        passed = [told["passed"] for stage in stages for told in stage["indicators"].values()]
    lines.append(_line("资源配置：差异系数", sum(each is True for each in passed), len(passed), "个"))
    for group, name in CRITERION_GROUPS.items():
        met = [
            Status(result["criteria"][criterion.code]["status"]) in (Status.MET, Status.EXEMPT)
            for criterion in standard.criteria
            if criterion.group == group
        ]
        if met and group == "veto":
            lines.append(_veto_line(name, len(met) - sum(met), len(met)))
        elif met:
            lines.append(_line(name, sum(met), len(met), "项"))
    return lines


def _line(name: str, met: int, of: int, unit: str) -> DimensionLine:
    key, sign, label = ("met", "✓", "达标") if met == of else ("not_met", "✗", "不达标")
    return DimensionLine(name, f"{met} / {of} {unit}", key, sign, label, met, of)


def _veto_line(name: str, standing: int, of: int) -> DimensionLine:
    """A veto is not met but absent."""
    key, sign, label = ("not_met", "✗", "存在") if standing else ("met", "✓", "不存在")
    return DimensionLine(name, f"{standing} 项", key, sign, label, standing, of)


def standing_of(state: State, is_current: bool, today: datetime.date, last_day: datetime.date) -> str:
    """Where a 公示 stands, in one sentence."""
    if not is_current:
        return "这次公示已经终止，评估退回重新办理。以前公示的数据不再显示。"
    if state is State.NOTICE:
        return "正在公示。" if today <= last_day else "公示期已满，等待公布。"
    if state is State.PUBLISHED:
        return "公示期已满，结果已公布。"
    return f"结果公布以后{state.label}。"
