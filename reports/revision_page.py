"""What the page of a version says about putting its cells right: proposals, corrections, and what was changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from evaluation.permissions import Person
from evaluation.revisions import is_correctable, why_not_marked, why_not_revise, written
from indicators.catalogue import (
    ALL_FIELDS,
    COUNTY_ITEMS,
    COUNTY_SHEET,
    DECIMAL_SCALE,
    GRADES,
    SCHOOL_SHEET,
    CountyItem,
    Field,
    Kind,
)
from indicators.header_mapping import count_unknown
from indicators.kept import refused_file
from indicators.models import CellChange, SchoolRecord, Submission
from indicators.queries import school_report_of
from indicators.report import Value
from indicators.workbook.repairs import RepairKind, kind_of, repairs_of
from reports.presenters.problems import ProblemLine
from schools.vocabulary import SchoolType


@dataclass(frozen=True, slots=True)
class RepairGroup:
    """All proposals of one kind: the button that accepts them, and how many there are."""

    kind: str
    label: str
    count: int


def revision_context(user: Person, version: Submission, lines: Sequence[ProblemLine]) -> dict[str, Any]:
    """The part of a version's page about corrections; its ``problems`` take the place of those without proposals."""
    proposed = list(version.problems.exclude(fix=""))
    counts = Counter(kind for problem in proposed if (kind := kind_of(problem)) is not None)
    words = {
        problem.pk: "；".join(
            f"{repair.cell} 填 {repair.after}" if len(repairs) > 1 else f"填 {repair.after}" for repair in repairs
        )
        for problem in proposed
        if (repairs := repairs_of(problem, version.columns))
    }
    why_not = why_not_revise(user, version)
    can_correct = is_correctable(version)
    return {
        "problems": tuple(
            replace(
                line,
                repair=words.get(line.pk, ""),
                is_correctable=not why_not and can_correct(line.sheet, line.cell),
            )
            for line in lines
        ),
        "repair_groups": [RepairGroup(kind.value, kind.label, counts[kind]) for kind in RepairKind if counts[kind]],
        "why_not_revise": why_not,
        "why_not_marked": why_not_marked(version),
        "changes": _changes(version),
        "unknown_headers": count_unknown(version),
        "refused_file": refused_file(version),
        "county_sheet": COUNTY_SHEET,
        "county_figures": _county_figures(version, can_correct),
    }


@dataclass(frozen=True, slots=True)
class CountyFigureLine:
    """One row of 「县级数据」 as it was read: ``value`` is empty where none could be used, ``cell`` where its place is
    not known."""

    code: str
    name: str
    value: str
    unit: str
    cell: str
    is_correctable: bool


def _county_figures(version: Submission, can_correct: Callable[[str, str], bool]) -> list[CountyFigureLine]:
    """All rows of 「县级数据」 of a version in which any was read."""
    figures = {figure.code: figure for figure in version.figures.all()}
    if not figures:
        return []
    cells: dict[str, str] = {}
    if len(figures) < len(COUNTY_ITEMS):
        told = version.problems.filter(sheet=COUNTY_SHEET, rule__startswith="cell.").exclude(cell="")
        cells = {header: cell for cell, header in told.order_by("-position").values_list("cell", "header")}
    lines = []
    for item in COUNTY_ITEMS:
        figure = figures.get(item.code)
        cell = figure.cell if figure is not None else cells.get(item.name, "")
        value = "" if figure is None else _figure_text(item, figure.value)
        lines.append(
            CountyFigureLine(
                item.code, item.name, value, item.unit, cell, bool(cell) and can_correct(COUNTY_SHEET, cell)
            )
        )
    return lines


def _figure_text(item: CountyItem, stored: int) -> str:
    """A stored county figure as it would be typed into the form."""
    if item.kind is Kind.GRADE and 1 <= stored <= len(GRADES):
        return GRADES[stored - 1]
    return written(Decimal(stored) / DECIMAL_SCALE if item.kind.is_scaled else stored) or str(stored)


@dataclass(frozen=True, slots=True)
class CellChoice:
    """One cell of a school's row that may be corrected: its address, its column, and what counts there now."""

    cell: str
    header: str
    value: str


def correction_context(user: Person, version: Submission, record: SchoolRecord) -> dict[str, Any]:
    """The part of a school's page that corrects one of its cells."""
    values = school_report_of(record).values
    return {
        "why_not_revise": why_not_revise(user, version),
        "cell_choices": [
            CellChoice(
                f"{version.columns[field.key]}{record.row}",
                field.header,
                "填写的内容没有采用" if field.key in record.rejected else written(values.get(field.key)) or "空",
            )
            for field in ALL_FIELDS
            if field.key in version.columns and _is_of(record, field, values)
        ],
        "school_sheet": SCHOOL_SHEET,
    }


def _is_of(record: SchoolRecord, field: Field, values: Mapping[str, Value]) -> bool:
    """Whether a column has to do with a school: stages it does not have are left out, unless something stands there."""
    school_type = values.get("school_type")
    if field.stage is None or not isinstance(school_type, SchoolType) or field.stage in school_type.stages:
        return True
    return (field.key in values and values[field.key] is not None) or field.key in record.rejected


def _changes(version: Submission) -> list[CellChange]:
    """What was changed against the version this one is based on, each school by its name."""
    changes = list(version.changes.select_related("changed_by"))
    if changes:
        names = dict(version.records.exclude(code="").values_list("code", "name"))
        for change in changes:
            change.school = names.get(change.school) or change.school
    return changes
