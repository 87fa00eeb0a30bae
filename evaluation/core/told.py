"""A result told in lines for a terminal: the sentence, the coefficients, what is not met, and who. Pure."""

from __future__ import annotations

from typing import Any

from evaluation.core.conclusion import conclusion
from evaluation.core.rounding import coefficient_text, figure, plain
from evaluation.core.standard import Standard
from evaluation.core.status import UNKNOWN_TEXT, Status
from schools.vocabulary import Stage

_WORDS = {True: "达标", False: "不达标", None: UNKNOWN_TEXT}
_SETTLED = (Status.MET, Status.TO_JUDGE, Status.EXEMPT)


def told_in_lines(result: dict[str, Any], standard: Standard) -> list[str]:
    """The whole result as a person reads it, most important first."""
    lines = [conclusion(result, standard).sentence]
    for stage in Stage:
        lines += _stage(result["stages"][stage.value], stage, standard)
    lines += _items(result, standard)
    lines += _schools(result, standard)
    if result["excluded"]:
        lines += ["", "不参加计算的学校"]
        lines += [f"  {school['code']} {school['name']}  {school['reason']}" for school in result["excluded"]]
    return lines


def _stage(told: dict[str, Any], stage: Stage, standard: Standard) -> list[str]:
    bound = standard.coefficient_limits[stage]
    limit = None if standard.decides_by_composite else bound
    only = "，仅一所学校" if told["schools"] == 1 else ""
    whose = "综合差异系数" if standard.decides_by_composite else "差异系数"
    lines = ["", f"{stage.label}：{told['schools']} 所{only}，{whose}不高于 {plain(bound, 2)}"]
    places = standard.rounding
    for indicator in standard.indicators:
        found = told["indicators"][indicator.code]
        mean = UNKNOWN_TEXT if found["mean"] is None else figure(found["mean"], places.mean_places) + indicator.unit
        text = coefficient_text(found["coefficient"], found["passed"], limit, places.coefficient_places)
        judged = f"  {_WORDS[found['passed']]}  达标学校 {found['attained_schools']}/{told['schools']}" if limit else ""
        lines.append(f"  {indicator.code} {indicator.short_name}  平均 {mean}  差异系数 {text}{judged}")
    if standard.decides_by_composite:
        text = coefficient_text(told["composite"], told["composite_passed"], bound, places.coefficient_places)
        lines.append(f"  综合 {text}  {_WORDS[told['composite_passed']]}")
    elif told["composite"] is not None:
        lines.append(f"  综合 {figure(told['composite'], places.coefficient_places)}（只列出，不决定是否达标）")
    return lines


def _items(result: dict[str, Any], standard: Standard) -> list[str]:
    lines = []
    for criterion in standard.criteria:
        told = result["criteria"][criterion.code]
        if told["status"] not in _SETTLED:
            label = Status(told["status"]).label
            lines.append(f"  {criterion.code} {criterion.name}  {label}：{told['sentence']}")
    return ["", "不达标或无法核算的要求", *lines] if lines else []


def _schools(result: dict[str, Any], standard: Standard) -> list[str]:
    lines = []
    for row in result["schools"]:
        if row["passed"] is True:
            continue
        lacking, missing = [], []
        for indicator in standard.indicators:
            value, limit = row["values"][indicator.code], indicator.stages[Stage(row["stage"])].limit
            name = f"{indicator.code} {indicator.short_name}"
            if value is None:
                missing.append(name)
            elif limit is not None and indicator.code not in row["attained"]:
                text = figure(value, standard.rounding.value_places, limit)
                lacking.append(f"{name} {text}（要求 {plain(limit)}{indicator.unit}）")
        words = "；".join([*lacking, *([f"缺数据：{'、'.join(missing)}"] if missing else [])])
        lines.append(f"  {row['code']} {row['name']} {Stage(row['stage']).label}  {_WORDS[row['passed']]}：{words}")
    return ["", "未达到学校标准或数据缺失的学校", *lines] if lines else []
