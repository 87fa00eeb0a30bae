"""The problems of a version as a table: counted by severity, filtered by it, a page at a time."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from indicators.models import Explanation
from indicators.problem import Severity
from reports.presenters.figures import Mark

#: Problems printed on one page.
PAGE_SIZE = 500

SEVERITY_MARKS = {
    Severity.ERROR: Mark("not_met", "✗", Severity.ERROR.label),
    Severity.EXPLAIN: Mark("unknown", "?", Severity.EXPLAIN.label),
    Severity.WARNING: Mark("to_judge", "i", Severity.WARNING.label),
}
_NEXT = {
    Severity.ERROR: "数据不能采用，按缺失处理，须更正后重新上传",
    Severity.EXPLAIN: "数据已采用，签报前须核实并说明",
    Severity.WARNING: "不影响判定，供参考",
}


@dataclass(frozen=True, slots=True)
class SeverityCount:
    """How many problems weigh this much, and what that means; ``is_chosen`` where the table shows these alone."""

    severity: str
    mark: Mark
    count: int
    words: str
    is_chosen: bool


def severity_counts(
    counts: Mapping[str, int], chosen: str, unexplained: int | None = None
) -> tuple[SeverityCount, ...]:
    """Every severity, those without problems too: a zero is an answer. ``unexplained`` is how many of those to be
    explained still wait for it."""
    words = dict(_NEXT)
    if unexplained is not None and counts.get(Severity.EXPLAIN):
        state = f"还有 {unexplained} 条没有说明" if unexplained else "均已说明"
        words[Severity.EXPLAIN] = f"{words[Severity.EXPLAIN]}；{state}"
    return tuple(
        SeverityCount(
            severity.value, SEVERITY_MARKS[severity], counts.get(severity.value, 0), words[severity], severity == chosen
        )
        for severity in words
    )


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the table on one page: rows ``start`` to ``stop``, the first one's number as people count, and
    the pages before and after (0: none)."""

    start: int
    first: int
    stop: int
    before: int
    after: int

    @classmethod
    def of(cls, asked_for: str, total: int) -> Window:
        """The page asked for in the address, or the nearest one there is: a table with problems is never empty."""
        last = max(-(-total // PAGE_SIZE), 1)
        number = int(asked_for) if asked_for.isdecimal() and len(asked_for) < 7 else 1
        number = min(max(number, 1), last)
        start = (number - 1) * PAGE_SIZE
        return cls(start, start + 1, min(start + PAGE_SIZE, total), number - 1, number + 1 if number < last else 0)


@dataclass(frozen=True, slots=True)
class ExplanationLine:
    """An explanation as printed beside the problem it stands for."""

    text: str
    written_by: str
    written_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class Explaining:
    """What is needed to show explanations: those ``written`` by fingerprint, the version, whether the reader may write
    one, and ``back``, the query string of the page to come back to."""

    written: Mapping[str, Explanation]
    submission: int
    may_write: bool
    back: str = ""

    def of(self, problem: Mapping[str, Any]) -> dict[str, Any]:
        """What a row shows of explanations: nothing where none is asked for."""
        if problem["severity"] != Severity.EXPLAIN:
            return {}
        found = self.written.get(problem["fingerprint"])
        address = reverse("explain", args=[self.submission, problem["position"]])
        return {
            "position": problem["position"],
            "explanation_box": True,
            "explanation": found and ExplanationLine(found.text, str(found.written_by), found.written_at),
            "explain_url": f"{address}?{self.back}" if self.may_write else "",
        }


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """One problem as a row; ``school_code`` is set where ``school`` is its name. ``explanation_box`` where an
    explanation is asked for: ``explain_url`` is where the form sends it, empty for those who may only read. ``repair``
    says what accepting the proposal changes, ``is_correctable`` that the cell may be corrected in the browser."""

    mark: Mark
    sheet: str
    cell: str
    school: str
    school_code: str
    header: str
    found: str
    message: str
    position: int = 0
    explanation_box: bool = False
    explanation: ExplanationLine | None = None
    explain_url: str = ""
    pk: int = 0
    repair: str = ""
    is_correctable: bool = False


def problem_lines(
    problems: Iterable[Mapping[str, Any]], names: Mapping[str, str], explaining: Explaining | None = None
) -> tuple[ProblemLine, ...]:
    """The stored problems as printed; ``names`` gives the school behind a 学校标识码."""
    return tuple(
        ProblemLine(
            mark=SEVERITY_MARKS[Severity(problem["severity"])],
            sheet=problem["sheet"],
            cell=problem["cell"],
            school=names.get(problem["school"]) or problem["school"],
            school_code=problem["school"] if names.get(problem["school"]) else "",
            header=problem["header"],
            found=problem["found"],
            message=problem["message"],
            pk=problem.get("id", 0),
            **(explaining.of(problem) if explaining else {}),
        )
        for problem in problems
    )
