"""The verdict on counties: the rooms of the kernel put together, and one county told in full. Pure.

``judge`` takes columns and gives columns, for one county or for all. ``describe`` turns one county of
that into the object that ``manage.py judge --json`` prints and that the portal stores.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluation.core.columns import CountyColumns, IntArray, SchoolColumns, columns_of
from evaluation.core.items import NOT_MET, RULES, STATUSES, TO_JUDGE, UNKNOWN, Context, ItemResult
from evaluation.core.population import STAGES, Population, population
from evaluation.core.resources import LOST, OPEN, PASSED, StageResult, judge_stage
from evaluation.core.standard import Standard
from indicators.report import CountyReport, SchoolReport

_TRUTH: Mapping[int, bool | None] = {PASSED: True, LOST: False, OPEN: None}


@dataclass(frozen=True, slots=True)
class Judgement:
    """All counties judged. ``outcome`` per county: PASSED, LOST, or OPEN where something is unknown;
    ``is_complete`` is True where nothing is left to judge."""

    standard: Standard
    people: Population
    stages: Sequence[StageResult]
    items: Mapping[str, ItemResult]
    outcome: IntArray
    is_complete: np.ndarray[Any, np.dtype[np.bool_]]


def judge(schools: SchoolColumns, figures: CountyColumns, standard: Standard, as_of: datetime.date) -> Judgement:
    """Judge every county of the columns against ``standard`` as it stands on ``as_of``."""
    people, stages, is_certain = judge_resources(schools, figures, standard)
    context = Context(schools, people, figures, is_certain, standard, as_of)
    items = {criterion.code: RULES[criterion.rule](context, criterion) for criterion in standard.criteria}

    lost = np.zeros(schools.n_counties, np.bool_)
    open_ = ~is_certain
    waits = np.zeros(schools.n_counties, np.bool_)
    for result in stages:
        lost[result.county[result.outcome == LOST]] = True
        open_[result.county[result.outcome == OPEN]] = True
        for indicator in result.results.values():
            lost |= indicator.outcome == LOST
            open_ |= indicator.outcome == OPEN
    for item in items.values():
        lost |= item.status == NOT_MET
        open_ |= item.status == UNKNOWN
        waits |= item.status == TO_JUDGE
    outcome = np.where(lost, LOST, np.where(open_, OPEN, PASSED))
    return Judgement(standard, people, stages, items, outcome, ~open_ & ~waits)


def judge_resources(
    schools: SchoolColumns, figures: CountyColumns, standard: Standard
) -> tuple[Population, list[StageResult], np.ndarray[Any, np.dtype[np.bool_]]]:
    """Population, split, values, school rule and coefficients of every county; and whose population is certain."""
    people = population(schools, standard)
    is_certain = figures.is_population_certain.copy()
    is_certain[schools.county[~people.is_type_known]] = False
    stages = [judge_stage(position, schools, people, standard, is_certain) for position in range(len(STAGES))]
    return people, stages, is_certain


def judge_report(report: CountyReport, standard: Standard, as_of: datetime.date) -> dict[str, Any]:
    """One county judged and told in full (the object of forms C, without problems)."""
    return judge_reports([report], standard, as_of)[0]


def judge_reports(reports: Sequence[CountyReport], standard: Standard, as_of: datetime.date) -> list[dict[str, Any]]:
    """Many counties judged by one call of the kernel, each told in full."""
    schools, figures, ordered = columns_of(reports)
    judgement = judge(schools, figures, standard, as_of)
    return [describe(judgement, schools, ordered, county) for county in range(len(reports))]


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
    """One county of a judgement as plain values; numbers in full precision, None where undefined."""
    standard = judgement.standard
    first, last = (int(i) for i in np.searchsorted(schools.county, [county, county + 1]))
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
    coefficients: list[float | None] = []
    for indicator in standard.indicators:
        found = result.results[indicator.code]
        coefficients.append(_finite(found.coefficients.coefficient[county]))
        indicators[indicator.code] = {
            "mean": _finite(found.coefficients.mean[county]),
            "deviation": _finite(found.coefficients.deviation[county]),
            "coefficient": coefficients[-1],
            "limit": float(standard.coefficient_limits[result.stage]),
            "passed": _TRUTH[int(found.outcome[county])],
            "attained_schools": int(found.attained_schools[county]),
        }
    defined = [c for c in coefficients if c is not None]
    return {
        "schools": stop - start,
        "enrollment": None if (enrollment < 0).any() else int(enrollment.sum()),
        "indicators": indicators,
        "composite": sum(defined) / len(defined) if len(defined) == len(coefficients) else None,
    }


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
        for name, mask in (("schools", item.short_schools), ("unknown_schools", item.unknown_schools)):
            if mask is not None:
                hits = np.flatnonzero(mask[first:last]) + first
                told[criterion.code][name] = [ordered[int(i)].values.get("code") or "" for i in hits]
    return told


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
