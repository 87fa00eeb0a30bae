"""The one plain sentence that stands before any figure, made from the same result as the figures. Pure."""

from __future__ import annotations

from typing import Any

from evaluation.core.rounding import shown
from evaluation.core.standard import Standard
from evaluation.core.status import Status
from schools.vocabulary import Stage

_MOST_NAMED = 4


def conclusion(result: dict[str, Any], standard: Standard) -> str:
    """Verdict and reasons in one sentence: what is not met, or what is missing, or what is left to judge."""
    opening = f"按{standard.short_name}标准核算，全县"
    if result["passed"] is False:
        return f"{opening}未达到标准：{'；'.join(_listed(_failures(result, standard)))}。"
    if result["passed"] is None:
        return f"{opening}无法核算：{'；'.join(_listed(_gaps(result)))}。数据缺失不能视为达标。"
    waiting = [code for code, told in result["criteria"].items() if told["status"] == Status.TO_JUDGE]
    if waiting:
        return f"{opening}可核算的项目全部达标，另有 {len(waiting)} 项待评定，尚不是最终结论。"
    return f"{opening}达到标准：所有项目均已达标。"


def _listed(reasons: list[str]) -> list[str]:
    if len(reasons) <= _MOST_NAMED:
        return reasons
    return [*reasons[:_MOST_NAMED], f"另有 {len(reasons) - _MOST_NAMED} 处"]


def _failures(result: dict[str, Any], standard: Standard) -> list[str]:
    reasons = []
    places = standard.rounding.coefficient_places
    for stage in Stage:
        limit = standard.coefficient_limits[stage]
        lost = [row for row in result["schools"] if row["stage"] == stage and row["passed"] is False]
        if lost:
            reasons.append(f"{stage.label} {len(lost)} 所学校未达到学校标准")
        for code, told in result["stages"][stage]["indicators"].items():
            if told["passed"] is False:
                value = shown(told["coefficient"], places, limit)
                reasons.append(f"{stage.label} {code} 差异系数 {value}，高于 {float(limit):.2f}")
    reasons += [f"{code} 不达标" for code, told in result["criteria"].items() if told["status"] == Status.NOT_MET]
    return reasons


def _gaps(result: dict[str, Any]) -> list[str]:
    reasons = []
    for stage in Stage:
        rows = [row for row in result["schools"] if row["stage"] == stage]
        unknown = [row for row in rows if row["passed"] is None]
        undefined = [code for code, told in result["stages"][stage]["indicators"].items() if told["passed"] is None]
        if unknown:
            reasons.append(f"{stage.label} {len(unknown)} 所学校数据缺失")
        if not rows:
            reasons.append(f"没有{stage.label}数据")
        elif undefined:
            reasons.append(f"{stage.label} {'、'.join(undefined)} 差异系数无法核算")
    missing = [code for code, told in result["criteria"].items() if told["status"] == Status.UNKNOWN]
    if missing:
        reasons.append(f"{'、'.join(missing)} 数据缺失")
    return reasons or ["学校范围不明确"]
