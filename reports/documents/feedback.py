"""反馈意见: what was done well, every problem with the schools and cells behind it, what is to be put right by when."""

from __future__ import annotations

from typing import Any

from evaluation.models import Evaluation
from reports.documents import county_facts as county
from reports.documents.case import Case, hidden_in
from reports.documents.problems import problems, short_schools, shortage_words, term_of


def feedback(case: Case, evaluation: Evaluation) -> dict[str, Any]:
    """Everything the 反馈意见 prints."""
    term, hidden = term_of(evaluation), hidden_in(case, evaluation)
    short, short_note = short_schools(case, hidden)
    return {
        **case.heading(),
        "维度": county.dimensions(case),
        "成效": county.done_well(case) or ["本次核查没有可以确认为达标的事项。"],
        "问题": problems(case, term, hidden),
        "差额合计": shortage_words(case),
        "差距学校": short,
        "差距学校说明": short_note,
        "期限": f"整改期限：{term}",
    }
