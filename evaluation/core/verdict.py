"""The verdict on counties: the rooms of the kernel put together, and one county told in full. Pure.

``judge`` takes columns and gives columns, for one county or for all. ``describe`` turns one county of
that into the object that ``manage.py judge --json`` prints and that the portal stores.

Where a relaxation works, everything is judged a second time without it: an item that is met only with it is exempt,
and the county's result tells both.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluation.core.columns import BoolArray, CountyColumns, IntArray, SchoolColumns, columns_of
from evaluation.core.decided import NO_COLUMNS, NOTHING_DECIDED, Decided, DecidedColumns, columns_of_decided
from evaluation.core.items import EXEMPT, MET, NOT_MET, RULES, STATUSES, TO_JUDGE, UNKNOWN, Context, ItemResult
from evaluation.core.population import STAGES, Population, population
from evaluation.core.relaxations import Granted, working
from evaluation.core.resources import LOST, OPEN, PASSED, StageResult, judge_stage
from evaluation.core.standard import Criterion, Standard
from indicators.report import CountyReport, SchoolReport

_TRUTH: Mapping[int, bool | None] = {PASSED: True, LOST: False, OPEN: None}
_JUDGED_MET, _JUDGED_NOT_MET = 1, 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """All counties judged. ``outcome`` per county: PASSED, LOST, or OPEN where something is unknown;
    ``is_complete`` is True where nothing is left to judge. ``granted`` are the relaxations that work, and ``strict``
    the judgement without them, None where none does."""

    standard: Standard
    people: Population
    stages: Sequence[StageResult]
    items: Mapping[str, ItemResult]
    outcome: IntArray
    is_complete: BoolArray
    decided: DecidedColumns
    granted: tuple[Granted, ...]
    strict: Judgement | None


def judge(
    schools: SchoolColumns,
    figures: CountyColumns,
    standard: Standard,
    as_of: datetime.date,
    decided: DecidedColumns = NO_COLUMNS,
) -> Judgement:
    """Judge every county of the columns against ``standard`` as it stands on ``as_of``, with what was ``decided``
    beside the figures."""
    people = population(schools, standard)
    granted = working(schools, people, standard, decided.granted, as_of)
    strict = _judge(schools, figures, standard, as_of, people, decided, (), None)
    return _judge(schools, figures, standard, as_of, people, decided, granted, strict) if granted else strict


def _judge(
    schools: SchoolColumns,
    figures: CountyColumns,
    standard: Standard,
    as_of: datetime.date,
    people: Population,
    decided: DecidedColumns,
    granted: tuple[Granted, ...],
    strict: Judgement | None,
) -> Judgement:
    stages, is_certain = _judge_stages(schools, figures, standard, people, granted)
    context = Context(schools, people, figures, is_certain, standard, as_of, granted)
    items = {criterion.code: RULES[criterion.rule](context, criterion) for criterion in standard.criteria}
    for criterion in standard.criteria:
        _settle(items[criterion.code], criterion, decided, strict)

    lost = np.zeros(schools.n_counties, np.bool_)
    open_ = ~is_certain
    waits = np.zeros(schools.n_counties, np.bool_)
    for result in stages:
        lost[result.county[result.outcome == LOST]] = True
        open_[result.county[result.outcome == OPEN]] = True
        for indicator in result.results.values():
            lost |= indicator.outcome == LOST
            open_ |= indicator.outcome == OPEN
        if result.composite_outcome is not None:
            lost |= result.composite_outcome == LOST
            open_ |= result.composite_outcome == OPEN
    for item in items.values():
        lost |= item.status == NOT_MET
        open_ |= item.status == UNKNOWN
        waits |= item.status == TO_JUDGE
    outcome = np.where(lost, LOST, np.where(open_, OPEN, PASSED))
    return Judgement(standard, people, stages, items, outcome, ~open_ & ~waits, decided, granted, strict)


def _settle(item: ItemResult, criterion: Criterion, decided: DecidedColumns, strict: Judgement | None) -> None:
    """Put what an inspector judged beside what was computed: both must be met, and a figure that is not known stays
    unknown. An item met only through a relaxation is exempt."""
    judged = decided.judged.get(criterion.code)
    if judged is not None and "E" in criterion.basis:
        item.status[(judged == _JUDGED_MET) & (item.status == TO_JUDGE)] = MET
        item.status[judged == _JUDGED_NOT_MET] = NOT_MET
    if strict is not None:
        item.status[(item.status == MET) & (strict.items[criterion.code].status != MET)] = EXEMPT


def judge_resources(
    schools: SchoolColumns, figures: CountyColumns, standard: Standard
) -> tuple[Population, list[StageResult], BoolArray]:
    """Population, split, values, school rule and coefficients of every county; and whose population is certain."""
    people = population(schools, standard)
    return people, *_judge_stages(schools, figures, standard, people, ())


def _judge_stages(
    schools: SchoolColumns,
    figures: CountyColumns,
    standard: Standard,
    people: Population,
    granted: Sequence[Granted],
) -> tuple[list[StageResult], BoolArray]:
    is_certain = figures.is_population_certain.copy()
    is_certain[schools.county[~people.is_certain]] = False
    stages = [judge_stage(position, schools, people, standard, is_certain, granted) for position in range(len(STAGES))]
    return stages, is_certain


def judge_report(
    report: CountyReport, standard: Standard, as_of: datetime.date, decided: Decided = NOTHING_DECIDED
) -> dict[str, Any]:
    """One county judged and told in full (the object of forms C, without problems)."""
    return judge_reports([report], standard, as_of, [decided])[0]


def judge_reports(
    reports: Sequence[CountyReport],
    standard: Standard,
    as_of: datetime.date,
    decided: Sequence[Decided] | None = None,
) -> list[dict[str, Any]]:
    """Many counties judged by one call of the kernel, each told in full; ``decided`` has one entry a report."""
    judgement, schools, ordered = judgement_of(reports, standard, as_of, decided)
    return [describe(judgement, schools, ordered, county) for county in range(len(reports))]


def judgement_of(
    reports: Sequence[CountyReport],
    standard: Standard,
    as_of: datetime.date,
    decided: Sequence[Decided] | None = None,
) -> tuple[Judgement, SchoolColumns, list[SchoolReport]]:
    """Reports judged, with the columns they became and the schools in the order of the columns."""
    schools, figures, ordered = columns_of(reports)
    decisions = NO_COLUMNS
    if decided is not None:
        codes = [str(school.values.get("code") or "") for school in ordered]
        decisions, figures = columns_of_decided(decided, codes, schools.county, figures, as_of)
    return judge(schools, figures, standard, as_of, decisions), schools, ordered


def not_judged(standard: Standard) -> dict[str, Any]:
    """The result of a workbook that gave nothing to judge: every key is there, nothing is claimed."""
    return {
        "standard": standard.code,
        "passed": None,
        "complete": False,
        "stages": {},
        "schools": [],
        "excluded": [],
        "criteria": {},
    }


def describe(
    judgement: Judgement, schools: SchoolColumns, ordered: Sequence[SchoolReport], county: int
) -> dict[str, Any]:
    """One county of a judgement as plain values; numbers in full precision, None where undefined.

    Where relaxations were granted, ``relaxations`` lists each with its school and whether it works there, and
    ``without_relaxations`` holds what would be different without them.
    """
    first, last = (int(i) for i in np.searchsorted(schools.county, [county, county + 1]))
    told = _told(judgement, ordered, county, first, last)
    grants = _grants(judgement, ordered, first, last)
    if grants:
        strict = told if judgement.strict is None else _told(judgement.strict, ordered, county, first, last)
        told |= {"relaxations": grants, "without_relaxations": _differing(strict, told)}
    return told


def _grants(judgement: Judgement, ordered: Sequence[SchoolReport], first: int, last: int) -> list[dict[str, Any]]:
    works = {each.relaxation.code: each.mask for each in judgement.granted}
    return [
        _identity(ordered[int(i) + first])
        | {"relaxation": code, "works": bool(code in works and works[code][int(i) + first])}
        for code, mask in sorted(judgement.decided.granted.items())
        for i in np.flatnonzero(mask[first:last])
    ]


def _differing(strict: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """What of a result is different without the relaxations: the outcome always, rows, coefficients and items where
    they differ."""
    return {
        "passed": strict["passed"],
        "complete": strict["complete"],
        "stages": {
            stage: {
                "indicators": {
                    code: found
                    for code, found in strict["stages"][stage]["indicators"].items()
                    if found != with_them["indicators"][code]
                },
                "composite": strict["stages"][stage]["composite"],
            }
            for stage, with_them in told["stages"].items()
        },
        "schools": [row for row, with_them in zip(strict["schools"], told["schools"], strict=True) if row != with_them],
        "criteria": {code: found for code, found in strict["criteria"].items() if found != told["criteria"][code]},
    }


def _told(judgement: Judgement, ordered: Sequence[SchoolReport], county: int, first: int, last: int) -> dict[str, Any]:
    standard = judgement.standard
    return {
        "standard": standard.code,
        "passed": _TRUTH[int(judgement.outcome[county])],
        "complete": bool(judgement.is_complete[county]),
        "stages": {result.stage.value: _stage(result, standard, county) for result in judgement.stages},
        "schools": _rows(judgement, ordered, first, last),
        "excluded": [
            _identity(ordered[i]) | {"reason": judgement.people.reasons[judgement.people.reason[i]]}
            for i in range(first, last)
            if judgement.people.reason[i] >= 0
        ],
        "criteria": _criteria(judgement, ordered, county, first, last),
    }


def _identity(school: SchoolReport) -> dict[str, Any]:
    return {"code": school.values.get("code") or "", "name": school.values.get("name") or ""}


def _stage(result: StageResult, standard: Standard, county: int) -> dict[str, Any]:
    start, stop = (int(i) for i in result.first[county : county + 2])
    enrollment = result.enrollment[start:stop]
    indicators: dict[str, Any] = {}
    for indicator in standard.indicators:
        found = result.results[indicator.code]
        indicators[indicator.code] = {
            "mean": _finite(found.coefficients.mean[county]),
            "deviation": _finite(found.coefficients.deviation[county]),
            "coefficient": _finite(found.coefficients.coefficient[county]),
            "limit": None if standard.decides_by_composite else float(standard.coefficient_limits[result.stage]),
            "passed": _TRUTH[int(found.outcome[county])],
            "attained_schools": int(found.attained_schools[county]),
        }
    told: dict[str, Any] = {
        "schools": stop - start,
        "enrollment": None if (enrollment < 0).any() else int(enrollment.sum()),
        "indicators": indicators,
        "composite": _finite(result.composite[county]),
    }
    if result.composite_outcome is not None:
        told["composite_limit"] = float(standard.coefficient_limits[result.stage])
        told["composite_passed"] = _TRUTH[int(result.composite_outcome[county])]
    return told


def _rows(judgement: Judgement, ordered: Sequence[SchoolReport], first: int, last: int) -> list[dict[str, Any]]:
    keyed: list[tuple[int, int, dict[str, Any]]] = []
    for position, result in enumerate(judgement.stages):
        start, stop = (int(i) for i in np.searchsorted(result.school, [first, last]))
        window = slice(start, stop)
        columns = {
            code: (row.is_known[window].tolist(), row.value[window].tolist(), row.attained[window].tolist(),
                   row.reaches_floor[window].tolist())
            for code, row in result.rows.items()
        }  # fmt: skip
        enrollment, outcome = result.enrollment[window].tolist(), result.outcome[window].tolist()
        for i, school in enumerate(result.school[window].tolist()):
            keyed.append(
                (
                    school,
                    position,
                    _identity(ordered[school])
                    | {
                        "stage": result.stage.value,
                        "enrollment": enrollment[i] if enrollment[i] >= 0 else None,
                        "values": {
                            code: value[i] if known[i] else None for code, (known, value, _, _) in columns.items()
                        },
                        "attained": [code for code, (_, _, attained, _) in columns.items() if attained[i]],
                        "at_85": [
                            code for code, (_, _, attained, floor) in columns.items() if floor[i] and not attained[i]
                        ],
                        "passed": _TRUTH[outcome[i]],
                    },
                )
            )
    keyed.sort(key=lambda entry: entry[:2])
    return [entry for _, _, entry in keyed]


def _criteria(
    judgement: Judgement, ordered: Sequence[SchoolReport], county: int, first: int, last: int
) -> dict[str, Any]:
    told: dict[str, Any] = {}
    places = judgement.standard.rounding.ratio_places
    for criterion in judgement.standard.criteria:
        item = judgement.items[criterion.code]
        told[criterion.code] = {
            "status": STATUSES[int(item.status[county])].value,
            "value": item.value_at(county),
            "sentence": item.sentence_at(criterion, county, places),
        }
        if figures := item.figures_at(county):
            told[criterion.code]["figures"] = figures
        for key, words in (("opinion", judgement.decided.opinions), ("document", judgement.decided.documents)):
            # An opinion on what no inspector judges decided nothing, and is not told as if it had.
            if (key == "document" or "E" in criterion.basis) and (text := words.get((county, criterion.code))):
                told[criterion.code][key] = text
        for name, mask in (("schools", item.short_schools), ("unknown_schools", item.unknown_schools)):
            if mask is not None:
                hits = np.flatnonzero(mask[first:last]) + first
                told[criterion.code][name] = [ordered[int(i)].values.get("code") or "" for i in hits]
    return told


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
