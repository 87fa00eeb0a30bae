"""The second step of checking: what was read, laid beside last year, the register, similar schools and limits. Pure.

The first step needs the workbook alone and decides what can be used. This one refuses nothing: whatever it finds is
possible, and is asked about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from indicators.catalogue import ALL_FIELDS, COUNTY_ITEM_BY_CODE, COUNTY_SHEET, FIELD_BY_KEY, SCHOOL_SHEET, Kind
from indicators.checks.county import CountyFinding
from indicators.checks.known import Context, ContextCheck, SheetFinding
from indicators.checks.last_year import find_changed_figures, find_changed_total, find_changes_since_last_year
from indicators.checks.peers import find_heaps_above_limits, find_outliers
from indicators.checks.plausible import PLAUSIBILITY_CHECKS
from indicators.checks.register import find_differences_from_register
from indicators.checks.rows import Amount, Finding, SchoolRows, shown
from indicators.checks.rules import RULES
from indicators.checks.sums import find_contradicting_sums, find_funds_below_norm
from indicators.problem import Problem
from indicators.report import CountyReport, Value
from indicators.workbook.notes import MOST_PROBLEMS, place_of
from schools.vocabulary import SchoolType, SponsorType, UrbanRural

CONTEXT_CHECKS: tuple[ContextCheck, ...] = (
    *PLAUSIBILITY_CHECKS,
    find_differences_from_register,
    find_changes_since_last_year,
    find_outliers,
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the figures of a report stand: the sheet column of each key, the cell of each county figure."""

    columns: Mapping[str, str] = field(default_factory=dict)
    figure_cells: Mapping[str, str] = field(default_factory=dict)


def check_context(report: CountyReport, context: Context, addresses: Addresses) -> tuple[Problem, ...]:
    """Every problem that shows only in context, school by school, then of the sheet, then of the county figures."""
    if not report.schools:
        return ()
    rows = rows_of(report, addresses.columns)
    findings: list[Finding | SheetFinding] = [finding for check in CONTEXT_CHECKS for finding in check(rows, context)]
    findings += find_funds_below_norm(rows, report.figures)
    county: list[CountyFinding] = []
    # Where it is in doubt which schools the county has, its sums say nothing.
    if report.is_population_certain:
        findings += find_heaps_above_limits(rows, context)
        findings += find_changed_total(rows, context)
        county += find_contradicting_sums(rows, report.figures, context)
    county += find_changed_figures(rows, report.figures, context)
    left_out = len(findings) - MOST_PROBLEMS
    problems = [
        _of_school(finding, rows) if isinstance(finding, Finding) else _of_sheet(finding)
        for finding in findings[:MOST_PROBLEMS]
    ]
    if left_out > 0:
        words = f"另有 {left_out} 处须核对的数据没有逐一列出。请先处理已列出的问题（可能整列填错或错位），再上传。"
        problems.insert(0, Problem(RULES["problems.too_many"].severity, "problems.too_many", words))
    return (*problems, *(_of_figure(finding, report.figures, addresses.figure_cells) for finding in county))


def rows_of(report: CountyReport, columns: Mapping[str, str]) -> SchoolRows:
    """The schools of a report as the checks see them."""
    empty: dict[str, Value] = {f.key: () if f.kind is Kind.ROOMS else None for f in ALL_FIELDS}
    values: dict[str, list[Value]] = {
        key: [school.values.get(key, nothing) for school in report.schools] for key, nothing in empty.items()
    }
    rejected = [school.rejected for school in report.schools]
    return SchoolRows(values, rejected, columns, [school.row for school in report.schools])


def in_sheet_order(first: tuple[Problem, ...], second: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """The problems of both steps by sheet, row and column, those of the first step first where a place is the same."""
    sheets = list(dict.fromkeys(problem.sheet for problem in first))
    for sheet in ("", SCHOOL_SHEET, COUNTY_SHEET):
        if sheet not in sheets:
            before = COUNTY_SHEET in sheets and sheet == SCHOOL_SHEET
            sheets.insert(sheets.index(COUNTY_SHEET) if before else len(sheets) if sheet else 0, sheet)
    order = {sheet: position for position, sheet in enumerate(sheets)}
    return tuple(sorted((*first, *second), key=lambda p: (order[p.sheet], p.row, place_of(p.cell)[1])))


def _of_school(finding: Finding, rows: SchoolRows) -> Problem:
    position, key = finding.position, finding.key
    code, name = rows.columns["code"][position], rows.columns["name"][position]
    return Problem(
        RULES[finding.rule].severity,
        finding.rule,
        finding.message,
        SCHOOL_SHEET,
        rows.address(key, position) if key in rows.letters else "",
        str(code or name or ""),
        FIELD_BY_KEY[key].header,
        _as_text(rows.columns[key][position]),
        rows.numbers[position],
    )


def _of_sheet(finding: SheetFinding) -> Problem:
    return Problem(
        RULES[finding.rule].severity,
        finding.rule,
        finding.message,
        SCHOOL_SHEET,
        school=finding.school,
        header=FIELD_BY_KEY[finding.key].header,
    )


def _of_figure(finding: CountyFinding, figures: Mapping[str, Amount], cells: Mapping[str, str]) -> Problem:
    cell, value = cells.get(finding.code, ""), figures.get(finding.code)
    return Problem(
        RULES[finding.rule].severity,
        finding.rule,
        finding.message,
        COUNTY_SHEET,
        cell,
        header=COUNTY_ITEM_BY_CODE[finding.code].name,
        found="" if value is None else shown(value),
        row=place_of(cell)[0],
    )


def _as_text(value: Value) -> str:
    """A typed value as a clerk would have written it."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ";".join(f"{area:f}" for area in value)
    if isinstance(value, SponsorType):
        return value.choice
    if isinstance(value, SchoolType | UrbanRural):
        return value.label
    return shown(value) if not isinstance(value, str | bool) else str(value)
