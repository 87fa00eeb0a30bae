"""Who makes a coefficient what it is: every "what if" is worked out anew, one school left out or raised at a time."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from evaluation.core.coefficient import difference_coefficient
from evaluation.core.columns import columns_of
from evaluation.core.gaps import row_gaps
from evaluation.core.resources import LOST, StageResult
from evaluation.core.sensitivity import (
    Sensitivity,
    coefficients_lifted,
    coefficients_without,
    schools_to_lift,
    sensitivity,
    shares_of_variance,
)
from evaluation.core.standard import Indicator, Standard
from evaluation.core.verdict import judge, judge_report
from indicators.report import CountyReport, SchoolReport
from indicators.workbook.read import read_report
from schools.vocabulary import Stage
from tests import builders
from tests.evaluation.random_counties import AS_OF, random_county

NEAR = 1e-12
SEEDS = range(80)


@pytest.fixture(scope="module")
def standard(standard_document: Standard) -> Standard:
    return standard_document


def stages_of(report: CountyReport, standard: Standard) -> tuple[list[StageResult], list[SchoolReport]]:
    schools, figures, ordered = columns_of([report])
    return list(judge(schools, figures, standard, AS_OF).stages), ordered


def each_coefficient(standard: Standard) -> Iterator[tuple[StageResult, Indicator, Sensitivity]]:
    for seed in SEEDS:
        for result in stages_of(random_county(seed), standard)[0]:
            for indicator in standard.indicators:
                yield result, indicator, sensitivity(result, indicator, standard)


def exact_values(result: StageResult, indicator: Indicator) -> list[Fraction]:
    rows = result.rows[indicator.code]
    factor = Fraction(indicator.factor, indicator.scale)
    return [Fraction(int(n), int(d)) * factor for n, d in zip(rows.numerator, rows.denominator, strict=True)]


def close(found: float | None, expected: float | None) -> bool:
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= NEAR * max(1.0, abs(expected))


def test_left_out_and_lifted_coefficients_are_those_of_the_county_so_changed(standard: Standard) -> None:
    seen = {"without": 0, "lifted": 0, "undefined": 0}
    for result, indicator, found in each_coefficient(standard):
        if found.coefficient is None:
            assert (found.mean, found.influences, found.lifts) == (None, (), None)
            seen["undefined"] += 1
            continue
        values, pupils = exact_values(result, indicator), [int(p) for p in result.enrollment]
        limit = indicator.stages[result.stage].limit
        assert limit is not None
        for i, each in enumerate(found.influences):
            rest = [j for j in range(len(values)) if j != i]
            alone = difference_coefficient([values[j] * pupils[j] for j in rest], [pupils[j] for j in rest])
            assert close(each.without, alone), (each, alone)
            seen["without"] += 1
            if values[i] >= limit:
                assert each.lifted is None
                continue
            raised = [limit if j == i else value for j, value in enumerate(values)]
            expected = difference_coefficient([v * p for v, p in zip(raised, pupils, strict=True)], pupils)
            assert close(each.lifted, expected), (each, expected)
            seen["lifted"] += 1
    assert min(seen.values()) > 20, seen


def test_shares_of_the_variance_add_up_to_one_and_follow_the_distance_from_the_mean(standard: Standard) -> None:
    seen = 0
    for result, indicator, found in each_coefficient(standard):
        shares = [each.share for each in found.influences]
        if not shares or None in shares:
            continue
        values, pupils = exact_values(result, indicator), [int(p) for p in result.enrollment]
        mean = sum(v * p for v, p in zip(values, pupils, strict=True)) / sum(pupils)
        parts = [p * (v - mean) ** 2 for v, p in zip(values, pupils, strict=True)]
        assert sum(s for s in shares if s is not None) == pytest.approx(1, abs=NEAR)
        # Values that agree to eight digits have differences of eight digits, and no better shares.
        if found.coefficient is not None and found.coefficient > 1e-5:
            assert shares == pytest.approx([float(part / sum(parts)) for part in parts], abs=1e-9)
            seen += 1
    assert seen > 100


def test_one_school_alone_has_no_share_and_leaves_nothing_behind() -> None:
    values, pupils = np.array([4.2]), np.array([500.0])
    assert shares_of_variance(values, pupils) is None
    assert coefficients_without(values, pupils) == [None]
    assert coefficients_lifted(values, pupils, 5.0) == [0.0]
    assert coefficients_lifted(values, pupils, 4.2) == [None]


def test_of_two_schools_the_other_one_alone_differs_from_nobody() -> None:
    values, pupils = np.array([1.0, 3.0]), np.array([500.0, 100.0])
    assert coefficients_without(values, pupils) == [0.0, 0.0]


def test_the_only_school_that_has_anything_leaves_a_mean_of_zero_and_no_coefficient() -> None:
    values, pupils = np.array([0.0, 0.0, 2.0]), np.array([500.0, 300.0, 100.0])
    assert coefficients_without(values, pupils)[2] is None
    shares = shares_of_variance(values, pupils)
    assert shares is not None
    assert shares.sum() == pytest.approx(1, abs=NEAR)


def test_without_the_only_school_that_differs_the_coefficient_is_nothing_but_rounding() -> None:
    """From sums of all schools less one it would be the root of their rounding errors, a hundred million times more."""
    values, pupils = np.array([0.1] * 200 + [1e6]), np.array([333.0] * 200 + [7.0])
    assert coefficients_without(values, pupils)[-1] == pytest.approx(0, abs=1e-14)


def test_many_schools_are_worked_through_in_blocks_with_the_same_results() -> None:
    random = np.random.default_rng(3)
    values, pupils = random.uniform(0, 5, 700), random.integers(20, 2000, 700).astype(float)
    without, lifted = coefficients_without(values, pupils), coefficients_lifted(values, pupils, 2.3)
    for i in (0, 1, 285, 286, 699):
        keep = np.arange(700) != i
        assert close(without[i], difference_coefficient(list((values * pupils)[keep]), list(pupils[keep])))
        if values[i] < 2.3:
            raised = np.where(keep, values, 2.3)
            assert close(lifted[i], difference_coefficient(list(raised * pupils), list(pupils)))


def typed(amount: Fraction, like: Any) -> Any:
    """An amount as the cell it is added to holds it."""
    return int(amount) if isinstance(like, int) else Decimal(amount.numerator) / amount.denominator


def lifted_report(
    report: CountyReport, schools: list[SchoolReport], result: StageResult, found: Sensitivity, key: str
) -> CountyReport:
    """The report with every told amount in the cell it is told for."""
    changed = {}
    for lift in found.lifts or ():
        school = schools[int(result.school[lift.row])]
        value = school.values[key]
        changed[id(school)] = SchoolReport(
            {**school.values, key: value + typed(lift.amount, value)}, school.rejected, school.row
        )
    return CountyReport(
        tuple(changed.get(id(school), school) for school in report.schools),
        report.figures,
        report.is_population_certain,
    )


def test_lifting_the_listed_schools_by_the_told_amounts_brings_the_coefficient_within_its_limit(
    standard: Standard,
) -> None:
    helped = given_up = 0
    for seed in range(200):
        report = random_county(seed)
        results, schools = stages_of(report, standard)
        for result in results:
            for indicator in standard.indicators:
                if int(result.results[indicator.code].outcome[0]) != LOST:
                    continue
                found = sensitivity(result, indicator, standard)
                if found.lifts is None:
                    given_up += 1
                    continue
                assert found.lifts
                key = indicator.stages[result.stage].plus[0]
                told = judge_report(lifted_report(report, schools, result, found, key), standard, AS_OF)
                after = told["stages"][result.stage.value]["indicators"][indicator.code]
                assert after["passed"] is True, (seed, indicator.code, found.lifts)
                assert after["coefficient"] == pytest.approx(found.lifts[-1].coefficient, abs=1e-9)
                helped += 1
    assert helped > 20
    assert given_up > 20


def test_a_coefficient_within_its_limit_needs_no_school_lifted(standard: Standard) -> None:
    for result in stages_of(read_report(builders.book_of()).report, standard)[0]:
        for indicator in standard.indicators:
            assert schools_to_lift(result, indicator, standard) == ()


def test_gaps_from_the_judged_rows_are_the_smallest_amounts_that_reach_the_limit(standard: Standard) -> None:
    """Of a school with several stages it is the amount of the whole school."""
    seen = set()
    for seed in range(30):
        report = random_county(seed)
        results, schools = stages_of(report, standard)
        for result in results:
            for row in range(len(result.school)):
                school = schools[int(result.school[row])]
                for gap in row_gaps(result, row, standard):
                    code = gap.indicator.code
                    key = gap.indicator.stages[result.stage].plus[0]
                    told = (code, school.values["school_type"], gap.is_under_floor)
                    if told in seen:
                        continue
                    seen.add(told)
                    for amount, mark in ((gap.to_limit, "attained"), (gap.to_floor, "at_85")):
                        for more, reached in ((amount, True), (amount - gap.natural.step, False)):
                            if not amount:
                                continue
                            assert reaches(report, school, result.stage, code, key, more, mark, standard) is reached
    assert {code for code, _, _ in seen} == {indicator.code for indicator in standard.indicators}


def reaches(
    report: CountyReport,
    school: SchoolReport,
    stage: Stage,
    code: str,
    key: str,
    more: Fraction,
    mark: str,
    standard: Standard,
) -> bool:
    value = school.values[key]
    changed = SchoolReport({**school.values, key: value + typed(more, value)}, school.rejected, school.row)
    schools = tuple(changed if each is school else each for each in report.schools)
    result = stages_of(CountyReport(schools, report.figures, report.is_population_certain), standard)[0]
    judged = result[list(Stage).index(stage)]
    position = next(i for i, each in enumerate(columns_of([CountyReport(schools)])[2]) if each is changed)
    [row] = np.flatnonzero(judged.school == position)
    rows = judged.rows[code]
    return bool(rows.attained[row] if mark == "attained" else rows.reaches_floor[row])
