"""Resource allocation: the seven values of a row, the school rule, the coefficients (standard §2, §3). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from evaluation.core.coefficient import (
    Coefficients,
    Groups,
    grouped_coefficients,
    settle_composite,
    settle_exactly,
)
from evaluation.core.columns import BoolArray, FloatArray, IntArray, SchoolColumns
from evaluation.core.exact import reaches, scaled_quotient
from evaluation.core.population import STAGES, Population
from evaluation.core.relaxations import Granted, added_keys
from evaluation.core.standard import Indicator, Standard
from schools.vocabulary import Stage

PASSED, LOST, OPEN = 1, 0, -1


@dataclass(frozen=True, slots=True)
class IndicatorRows:
    """One indicator over the rows of one stage. ``numerator`` / ``denominator`` × factor ÷ scale is the exact
    value; where ``is_known`` is False the numbers beside it mean nothing. Without a limit no row attains it."""

    numerator: IntArray
    denominator: IntArray
    is_known: BoolArray
    value: FloatArray
    attained: BoolArray
    reaches_floor: BoolArray


@dataclass(frozen=True, slots=True)
class IndicatorResult:
    """Coefficients of one indicator per county. ``outcome``: PASSED, LOST, or OPEN where undefined; where the
    composite decides, a defined coefficient is PASSED."""

    coefficients: Coefficients
    outcome: IntArray
    attained_schools: IntArray


@dataclass(frozen=True, slots=True)
class StageResult:
    """One stage of all counties: its rows in canonical order, and what each county comes to.

    ``school`` is the position in the school columns, ``county`` the county index, ``outcome`` the school
    rule per row. ``enrollment`` is negative where unknown. ``first`` holds, per county and one past
    the last, where its rows begin. ``composite`` is the plain mean of the coefficients per county, NaN where one of
    them is undefined; ``composite_outcome`` is None where it decides nothing.
    """

    stage: Stage
    school: IntArray
    county: IntArray
    enrollment: IntArray
    rows: Mapping[str, IndicatorRows]
    outcome: IntArray
    first: IntArray
    results: Mapping[str, IndicatorResult]
    composite: FloatArray
    composite_outcome: IntArray | None


def judge_stage(
    position: int,
    schools: SchoolColumns,
    people: Population,
    standard: Standard,
    is_certain: BoolArray,
    granted: Sequence[Granted] = (),
) -> StageResult:
    """Judge the rows of one stage (``position`` in STAGES) in all counties.

    ``is_certain`` says per county whether its population is known; where it is not, no coefficient is. ``granted``
    are the relaxations that work, and for which schools.
    """
    stage = STAGES[position]
    school = np.flatnonzero(people.counted[position])
    county = schools.county.take(school)
    first = np.searchsorted(county, np.arange(schools.n_counties + 1))
    enrollment = people.enrollment[position].take(school)
    # Unknown pupils divide by one, and the row is marked unknown: its value is never looked at.
    pupils = Divisor.of(enrollment, 1)
    split = Divisor.of(people.split_total.take(school), standard.weights[position])
    groups = Groups.of(county, pupils.whole.astype(np.float64), schools.n_counties)

    rows: dict[str, IndicatorRows] = {}
    results: dict[str, IndicatorResult] = {}
    for indicator in standard.indicators:
        row = _row_values(schools, indicator, stage, school, split if indicator.shared else pupils, standard, granted)
        rows[indicator.code] = row
        coefficients = grouped_coefficients(row.value, groups)
        limit = None if standard.decides_by_composite else standard.coefficient_limits[stage]
        within = settle_exactly(coefficients, limit, row.numerator, row.denominator, groups)
        # Without knowing which schools there are, neither mean nor deviation is the county's.
        for figure in (coefficients.mean, coefficients.deviation, coefficients.coefficient):
            figure[~is_certain] = np.nan
        outcome = np.where(np.isnan(coefficients.coefficient), OPEN, within)
        attained = np.concatenate(([0], np.cumsum(row.attained)))
        results[indicator.code] = IndicatorResult(coefficients, outcome, np.diff(attained[first]))
    composite = _composite([result.coefficients.coefficient for result in results.values()])
    decides = None
    if standard.decides_by_composite:
        exact = [(row.numerator, row.denominator) for row in rows.values()]
        within = settle_composite(composite, standard.coefficient_limits[stage], exact, groups)
        decides = np.where(np.isnan(composite), OPEN, within)
    return StageResult(
        stage, school, county, enrollment, rows, _school_rule(rows, standard), first, results, composite, decides
    )


def _composite(coefficients: Sequence[FloatArray]) -> FloatArray:
    """The plain mean, added in the order of the indicators."""
    total = coefficients[0].copy()
    for each in coefficients[1:]:
        total += each
    return total / len(coefficients)


@dataclass(frozen=True, slots=True)
class Divisor:
    """What amounts are divided by, per row: pupils, or Σ weight × pupils with the stage's own ``weight``.

    ``whole`` is positive everywhere; ``is_known`` is None where every row is known."""

    whole: IntArray
    weight: int
    is_known: BoolArray | None

    @classmethod
    def of(cls, whole: IntArray, weight: int) -> Divisor:
        if not len(whole) or whole.min() > 0:
            return cls(whole, weight, None)
        is_known = whole > 0
        return cls(np.where(is_known, whole, 1), weight, is_known)


def _row_values(
    schools: SchoolColumns,
    indicator: Indicator,
    stage: Stage,
    school: IntArray,
    divisor: Divisor,
    standard: Standard,
    granted: Sequence[Granted],
) -> IndicatorRows:
    measure = indicator.stages[stage]
    amount = np.zeros(len(school), np.int64)
    is_known = divisor.is_known
    for step, keys in ((np.add, measure.plus), (np.subtract, measure.minus)):
        for key in keys:
            part = schools.column(key).take(school)
            if len(part) and part.min() < 0:
                is_known = part >= 0 if is_known is None else is_known & (part >= 0)
            step(amount, part, out=amount)
    for each in granted:
        if each.relaxation.criterion == indicator.code:
            for key in added_keys(each.relaxation, stage):
                # An empty or refused cell adds nothing; it takes nothing away either.
                amount += np.where(each.mask.take(school), np.maximum(schools.column(key).take(school), 0), 0)
    if divisor.weight != 1:
        amount *= divisor.weight
    factor = Fraction(indicator.factor, indicator.scale)
    value, is_rounded_once = scaled_quotient(amount, divisor.whole, factor)
    attained, reaches_floor = (
        np.zeros(len(school), np.bool_)
        if limit is None
        else reaches(value, is_rounded_once, amount, divisor.whole, factor, limit)
        for limit in (measure.limit, None if measure.limit is None else measure.limit * standard.floor_share)
    )
    if is_known is None:
        is_known = np.ones(len(school), np.bool_)
    else:
        value[~is_known] = np.nan
        attained &= is_known
        reaches_floor &= is_known
    return IndicatorRows(amount, divisor.whole, is_known, value, attained, reaches_floor)


def _school_rule(rows: Mapping[str, IndicatorRows], standard: Standard) -> IntArray:
    """At least six of seven attained and the rest at 85 %: PASSED, LOST, or OPEN where a value could still decide.

    Counted in known values: below the limit is known and not attained, below the floor is known and not reached.
    Without a school rule a row is PASSED where all of it is known.
    """
    known, attained, floor = (
        sum_of_masks([getattr(row, name) for row in rows.values()])
        for name in ("is_known", "attained", "reaches_floor")
    )
    lost = (floor < known) | (known - attained > len(rows) - standard.attained_at_least)
    if not standard.has_school_rule:
        lost = np.zeros(len(known), np.bool_)
    return np.where(lost, LOST, np.where(known < len(rows), OPEN, PASSED))


def sum_of_masks(masks: Sequence[BoolArray]) -> npt.NDArray[np.int8]:
    """How many of the masks are set, row by row."""
    total = masks[0].astype(np.int8)
    for mask in masks[1:]:
        total += mask.view(np.int8)
    return total
