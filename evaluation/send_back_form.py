"""The form of a send-back: what may be chosen, what was, and with which reasons. It keeps what was typed while cells
are added, and needs no script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django import forms
from django.http import QueryDict

from evaluation.core.filing import FilingItem
from evaluation.evidence_queries import items_of
from evaluation.filed_cells import ADDED, FiledCell, FiledCells
from evaluation.models import Evaluation
from evaluation.sending_back import LONGEST_REASON, AskedBack, filing_of
from indicators.catalogue import ALL_FIELDS, SCHOOL_SHEET
from indicators.explanations import explanations_for
from indicators.models import ReportedProblem
from indicators.problem import Severity

#: Problems offered to be ticked; other cells are added by their school and column.
_PROBLEMS_OFFERED = 200
_SEPARATOR = "!"


class SendBackForm(forms.Form):
    """The part of the form that is not a list: reason and deadline."""

    reason = forms.CharField(
        label="退回理由",
        max_length=4000,
        help_text="总的说明：为什么退回，请县里做什么。",
        widget=forms.Textarea({"rows": 3}),
        error_messages={"required": "请写明退回的理由。"},
    )
    deadline = forms.DateField(
        label="期限",
        help_text="县里应在这一天前改好并再次签报，须是工作日。",
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "请写明期限。", "invalid": "请按 2026-09-01 的样子填写日期。"},
    )


@dataclass(frozen=True, slots=True)
class Offered:
    """One cell or item that may be sent back: ``key`` names it in the form, ``words`` say why it stands here."""

    key: str
    title: str
    place: str
    text: str
    words: str = ""
    is_chosen: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """Everything the form offers. ``unknown`` are addresses asked for that hold no figure."""

    cells: Sequence[Offered]
    items: Sequence[Offered]
    schools: Sequence[tuple[str, str]]
    columns: Sequence[tuple[str, str]]
    figures: Sequence[tuple[str, str]]
    unknown: Sequence[str]


def key_of(sheet: str, cell: str) -> str:
    """A cell as the form and the address of the page name it."""
    return f"{sheet}{_SEPARATOR}{cell}"


def choices(evaluation: Evaluation, asked: QueryDict, typed: QueryDict) -> Choices:
    """What may be sent back: the cells ``asked`` for in the address, those chosen or added in the form ``typed``, the
    problems of the filed version, and the items that rest on evidence."""
    version = filing_of(evaluation).submission
    cells = FiledCells(version)
    named = [*asked.getlist("cell"), *typed.getlist("cell"), *_added(cells, typed)]
    offered: dict[str, Offered] = {}
    unknown: list[str] = []
    for key in dict.fromkeys(named):
        found = cells.at(*_parts(key))
        if code := cells.missing_school(*_parts(key)):
            offered[key] = Offered(key, f"增加漏报的学校 {code}", "签报的数据里没有这所学校", "", is_chosen=True)
        elif found is None:
            unknown.append(key[:40])
        else:
            offered[key] = replace(_of_cell(key, found), is_chosen=True)
    problems = version.problems.filter(severity__in=(Severity.EXPLAIN, Severity.ERROR)).exclude(cell="")
    written = explanations_for(version)
    for problem in problems[:_PROBLEMS_OFFERED]:
        key = key_of(problem.sheet, problem.cell)
        found = cells.at(problem.sheet, problem.cell)
        if found is not None:
            explanation = written.get(problem.fingerprint)
            words = _problem_words(problem, explanation.text if explanation else "")
            offered[key] = replace(offered.get(key) or _of_cell(key, found), words=words)
    items = [_of_item(item) for item in items_of(evaluation.standard) if item.rests_on_evidence]
    chosen_items = {*asked.getlist("item"), *typed.getlist("item")}
    return Choices(
        cells=tuple(_typed(each, typed) for each in offered.values()),
        items=tuple(_typed(replace(each, is_chosen=each.key in chosen_items), typed) for each in items),
        schools=cells.schools(),
        columns=tuple((field.key, field.header) for field in ALL_FIELDS if field.key in cells.columns),
        figures=tuple((each.place.key, f"{each.place.key} {each.header}") for each in cells.figures()),
        unknown=tuple(unknown),
    )


def _problem_words(problem: ReportedProblem, explanation: str) -> str:
    if problem.severity == Severity.ERROR:
        return problem.message
    return f"{problem.message} 县里的说明：{explanation or '没有'}"


def _added(cells: FiledCells, typed: QueryDict) -> Iterable[str]:
    """The cell picked by school and column, and the county figure picked by its code."""
    school, column, figure = (typed.get(name, "") for name in ("add_school", "add_column", "add_figure"))
    for each in cells.of_school(school) if school else ():
        if each.place.key == column:
            yield key_of(each.sheet, each.cell)
    if missing := typed.get("add_missing", "").strip():
        yield key_of(SCHOOL_SHEET, f"{ADDED}{missing}")
    for each in cells.figures() if figure else ():
        if each.place.key == figure:
            yield key_of(each.sheet, each.cell)


def _parts(key: str) -> tuple[str, str]:
    sheet, _, cell = key.rpartition(_SEPARATOR)
    return sheet, cell


def _of_cell(key: str, cell: FiledCell) -> Offered:
    title = f"{cell.school_name} {cell.header}" if cell.school_name else cell.header
    return Offered(key, title, f"{cell.sheet} {cell.cell}", cell.text)


def _of_item(item: FilingItem) -> Offered:
    return Offered(item.code, f"{item.code} {item.name}", item.group, item.requirement)


def _typed(offered: Offered, typed: QueryDict) -> Offered:
    return replace(offered, reason=typed.get(f"reason-{offered.key}", "")[: 2 * LONGEST_REASON])


def asked_back(typed: QueryDict) -> list[AskedBack]:
    """What the form sends back, as it was typed."""
    cells = [(key, *_parts(key)) for key in typed.getlist("cell")]
    return [
        *(AskedBack(typed.get(f"reason-{key}", ""), sheet=sheet, cell=cell) for key, sheet, cell in cells),
        *(AskedBack(typed.get(f"reason-{code}", ""), criterion=code) for code in typed.getlist("item")),
    ]
