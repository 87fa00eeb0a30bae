"""自评报告: what a county says of itself, from the verdict it signed."""

from __future__ import annotations

from typing import Any

from evaluation.models import Evaluation
from reports.documents import county_facts as county
from reports.documents.case import Case, hidden_in
from reports.documents.problems import problems, short_schools, shortage_words, term_of


def self_assessment(case: Case, evaluation: Evaluation) -> dict[str, Any]:
    """Everything the 自评报告 prints."""
    hidden = hidden_in(case, evaluation)
    found = problems(case, term_of(evaluation), hidden)
    short, short_note = short_schools(case, hidden)
    return {
        **case.heading(),
        **county.basics(case),
        **county.standards(case),
        "维度": county.dimensions(case),
        "学段": county.stages(case),
        "达标情况表": county.attainment(case),
        "差异系数表": county.coefficients(case),
        "差异系数说明": county.coefficient_words(case),
        "政府保障": county.items(case, "guarantee"),
        "政府保障说明": county.items_words(case, "guarantee"),
        "教育质量": county.items(case, "quality"),
        "教育质量说明": county.items_words(case, "quality"),
        "社会认可": county.items(case, "recognition"),
        "社会认可度表": county.survey(case),
        "否决事项": county.items(case, "veto"),
        "否决事项说明": county.items_words(case, "veto"),
        "成效": county.done_well(case),
        "问题": found,
        "差额合计": shortage_words(case),
        "差距学校": short,
        "差距学校说明": short_note,
        "待评定说明": county.to_judge_words(case),
        "下一步": _next(case, len(found)),
    }


def _next(case: Case, count: int) -> str:
    if not count:
        return "我县将巩固已达到的水平，每学年核对一次数据，防止校际差距反弹。"
    return f"我县将针对以上 {count} 个问题逐项整改，逐校落实差额，整改后重新核算并接受复核。"
