"""一校一策: one school's figures against their limits, what is missing in absolute amounts, what closes it, and a list
of tasks to sign."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from evaluation.models import Evaluation
from reports.documents.case import Case
from reports.documents.problems import away, cells_of, source_words, term_of
from reports.documents.words import NONE, paired
from reports.presenters.coefficient import CoefficientPage
from reports.presenters.school import IndicatorLine, SchoolPage, StageRow

Row = dict[str, Any]


def school_plan(case: Case, evaluation: Evaluation, code: str) -> Row:
    """Everything the 一校一策 of a school prints. Raises KeyError where the filing has no such school."""
    page, term = case.school(code), term_of(evaluation)
    return {
        **case.heading(),
        "学校名称": page.name,
        "学校标识码": page.code,
        "学校情况": paired(page.facts, "项目", "内容"),
        "学校标准": page.school_rule or "本标准不逐校判定。",
        "学校结论": _conclusion(page),
        "分摊说明": page.split,
        "学段": [_stage(row) for row in page.rows],
        "不达标项目": [_item(each) for each in page.items],
        "差异系数影响": _influences(case, page),
        "任务": _tasks(page, term),
        "期限": f"整改期限：{term}",
    }


def _conclusion(page: SchoolPage) -> str:
    if page.reason_excluded:
        return f"本校不参与校际均衡计算：{page.reason_excluded}。"
    if not page.rows:
        return "本校没有参与计算的学段。"
    words = [f"{row.label}{row.mark.label}{f'，{row.gaps}' if row.gaps else ''}" for row in page.rows]
    return f"{'；'.join(words)}。"


def _stage(row: StageRow) -> Row:
    return {
        "名称": row.label,
        "在校生": row.enrollment,
        "结论": row.mark.label,
        "指标": [_indicator(line) for line in row.lines],
        "差额": f"{row.gaps}。" if row.gaps else "各项指标没有差额。",
        "先补": f"先补到底线：{row.floor_gaps}。" if row.floor_gaps else "",
    }


def _indicator(line: IndicatorLine) -> Row:
    return {
        "代码": line.code,
        "名称": line.name,
        "单位": line.unit,
        "要求": f"≥ {line.limit}" if line.limit else NONE,
        "底线": f"≥ {line.floor}" if line.floor else NONE,
        "本校": line.cell.text,
        "结论": line.cell.mark.label,
        "差额": line.gap or NONE,
    }


def _item(each: Any) -> Row:
    return {
        "代码": each.code,
        "名称": each.name,
        "要求": each.requirement,
        "结论": each.mark.label,
        "情况": source_words(each) or NONE,
    }


# ── Coefficients that fail, and this school's part in them ────────────────────────────────────


def _influences(case: Case, page: SchoolPage) -> list[Row]:
    stages = {row.key for row in page.rows}
    rows = (_influence(found, page.code) for found in case.lost_coefficients if found.stage.value in stages)
    return [row for row in rows if row is not None]


def _influence(found: CoefficientPage, code: str) -> Row | None:
    place = next((n for n, line in enumerate(found.lines, start=1) if line.code == code), None)
    if place is None:
        return None
    line = found.lines[place - 1]
    return {
        "学段": found.stage.label,
        "代码": found.indicator.code,
        "名称": found.indicator.name,
        "全县差异系数": found.coefficient,
        "上限": found.limit,
        "本校占比": line.share,
        "位次": f"{place} / {len(found.lines)}",
        "补齐后": line.lifted,
        "说明": _influence_words(found, place),
    }


def _influence_words(found: CoefficientPage, place: int) -> str:
    line = found.lines[place - 1]
    begin = f"{found.stage.label} {found.indicator.code} 全县差异系数 {found.coefficient}，高于 {found.limit}；"
    part = f"本校占校际差距的 {line.share}，在 {len(found.lines)} 所学校中居第 {place}"
    after = f"，补齐后全县差异系数为 {line.lifted}" if line.lifted != NONE else ""
    return f"{begin}{part}，{away(line, found.indicator.unit)}{after}。"


# ── The list to sign ──────────────────────────────────────────────────────────────────────────


def _tasks(page: SchoolPage, term: str) -> list[Row]:
    found = [*_gap_tasks(page), *_item_tasks(page)]
    return [{"序号": str(number), **task, "期限": term} for number, task in enumerate(found, start=1)]


def _gap_tasks(page: SchoolPage) -> Iterable[Row]:
    for row in page.rows:
        for line in row.lines:
            if line.gap:
                first = f"（先补到底线：{line.floor_gap}）" if line.floor_gap else ""
                words = f"{row.label} {line.code} {line.name}：{line.gap}{first}{cells_of(line.sources)}"
                yield {"任务": words, "验收": f"≥ {line.limit} {line.unit}"}
            elif line.cell.mark.key == "unknown":
                words = f"{row.label} {line.code} {line.name}：无法核算，补齐或更正数据{cells_of(line.sources)}"
                yield {"任务": words, "验收": "能够核算并达到要求"}


def _item_tasks(page: SchoolPage) -> Iterable[Row]:
    for item in page.items:
        verb = "补齐或更正数据" if item.mark.key == "unknown" else "整改到位"
        yield {"任务": f"{item.code} {item.name}：{verb}；{source_words(item)}", "验收": item.requirement}
