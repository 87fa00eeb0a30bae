"""The measure of 2012: the kernel against the second implementation, down to composites no float can tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest

from evaluation.core.decided import Decided, Judged
from evaluation.core.standard import Standard, read_standard
from evaluation.core.verdict import judge_report, judge_reports
from indicators.report import CountyReport, SchoolReport
from schools.vocabulary import SchoolType, SponsorType, Stage
from tests.alternative import is_mean_of_roots_within, judge_county_2012, square_root
from tests.evaluation.differences import differences
from tests.evaluation.random_2012 import ASSETS, STEPS, TEACHERS, pair_on_the_composite, random_county_2012
from tests.evaluation.random_counties import AS_OF
from tests.evaluation.random_decisions import random_decided_county

STANDARD_FILE = Path(__file__).resolve().parents[2] / "fixtures" / "standards" / "2012-basic.toml"

CHUNKS = 12
COUNTIES_PER_CHUNK = 100
HAIR = Decimal("1e-12")


@pytest.fixture(scope="module")
def standard() -> Standard:
    return read_standard(STANDARD_FILE)


def distance_from_limit(stage: Mapping[str, Any]) -> Decimal | None:
    """Of a composite, to fifty digits and more; None where there is none."""
    squares = [indicator["coefficient_squared"] for indicator in stage["indicators"].values()]
    if None in squares:
        return None
    limit = stage["composite_limit"]
    mean = sum((square_root(square) for square in squares), Decimal(0)) / len(squares)
    return mean - Decimal(limit.numerator) / Decimal(limit.denominator)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_both_agree_on_random_counties_by_the_measure_of_2012(standard: Standard, chunk: int) -> None:
    disagreements = {}
    for seed in range(chunk * COUNTIES_PER_CHUNK, (chunk + 1) * COUNTIES_PER_CHUNK):
        report = random_county_2012(seed)
        found = differences(judge_report(report, standard, AS_OF), judge_county_2012(report, AS_OF))
        if found:
            disagreements[seed] = found
    assert disagreements == {}


def test_random_counties_of_2012_reach_every_outcome_the_limit_itself_and_a_hair_to_both_sides() -> None:
    passed, composites, places = set(), set(), set()
    for seed in range(600):
        verdict = judge_county_2012(random_county_2012(seed), AS_OF)
        passed.add(verdict["passed"])
        for name, stage in verdict["stages"].items():
            composites.add((name, stage["composite_passed"]))
            distance = distance_from_limit(stage)
            if distance is not None and abs(distance) < HAIR:
                is_exact = abs(distance) < Decimal("1e-50")
                places.add((name, "on" if is_exact else "below" if distance < 0 else "above"))
    assert passed == {True, False, None}
    assert composites == {(stage.value, outcome) for stage in Stage for outcome in (True, False, None)}
    assert places == {(stage.value, place) for stage in Stage for place in ("below", "on", "above")}


@pytest.mark.parametrize("stages", [(Stage.PRIMARY,), (Stage.JUNIOR,), (Stage.PRIMARY, Stage.JUNIOR)])
@pytest.mark.parametrize("ratio", [1, 2, 3])
@pytest.mark.parametrize("code", [*ASSETS, *TEACHERS])
def test_a_composite_exactly_on_its_limit_passes_and_a_step_more_fails(
    standard: Standard, stages: tuple[Stage, ...], ratio: int, code: str
) -> None:
    outcomes = {}
    for nudge in (-1, 0, 1):
        drafts = pair_on_the_composite(Random(7), stages, ratio, (code, nudge), 1)
        verdict = judge_report(CountyReport(tuple(draft.report(0) for draft in drafts)), standard, AS_OF)
        outcomes[nudge] = [verdict["stages"][stage.value]["composite_passed"] for stage in stages]
    one = [True] * len(stages)
    assert outcomes == {-1: one, 0: one, 1: [False] * len(stages)}
    assert set(STEPS) == {*ASSETS, *TEACHERS}


def test_no_coefficient_decides_by_itself_and_no_school_is_judged(standard: Standard) -> None:
    """Two schools far apart in books alone, and equal in everything else."""
    drafts = pair_on_the_composite(Random(7), (Stage.PRIMARY,), 1, ("B1", 0), 1)
    even, rich = (dict(draft.values) for draft in (drafts[0], drafts[0]))
    rich |= {"code": "0000000002", "books": 50 * even["books"]}
    verdict = judge_report(CountyReport((SchoolReport(even), SchoolReport(rich))), standard, AS_OF)
    primary = verdict["stages"]["PRIMARY"]
    assert primary["indicators"]["B5"]["coefficient"] > 0.9
    assert (primary["indicators"]["B5"]["limit"], primary["indicators"]["B5"]["passed"]) == (None, True)
    assert primary["composite"] == pytest.approx(primary["indicators"]["B5"]["coefficient"] / 8)
    assert primary["composite_passed"] is True
    assert [(row["attained"], row["at_85"], row["passed"]) for row in verdict["schools"]] == [([], [], True)] * 2


@pytest.mark.parametrize("key", ["computers", "books", "primary_titled_teachers", "primary_full_time_teachers"])
def test_a_missing_figure_of_one_school_leaves_the_composite_unknown(standard: Standard, key: str) -> None:
    drafts = pair_on_the_composite(Random(7), (Stage.PRIMARY,), 1, ("B1", -1), 1)
    drafts[0].clear(key)
    verdict = judge_report(CountyReport(tuple(draft.report(0) for draft in drafts)), standard, AS_OF)
    primary = verdict["stages"]["PRIMARY"]
    assert (primary["composite"], primary["composite_passed"], verdict["passed"]) == (None, None, None)
    assert [row["passed"] for row in verdict["schools"]] == [None, True]


@pytest.mark.parametrize(
    ("sponsor", "is_inside"),
    [(each, each in (SponsorType.COUNTY_EDUCATION, SponsorType.COUNTY_OTHER)) for each in SponsorType],
)
def test_only_schools_the_county_runs_count(standard: Standard, sponsor: SponsorType, is_inside: bool) -> None:
    drafts = pair_on_the_composite(Random(7), (Stage.PRIMARY,), 1, ("B1", 0), 1)
    drafts[0].values["sponsor_type"] = sponsor
    verdict = judge_report(CountyReport(tuple(draft.report(0) for draft in drafts)), standard, AS_OF)
    assert [school["code"] for school in verdict["excluded"]] == ([] if is_inside else ["0000000001"])
    assert verdict["stages"]["PRIMARY"]["composite_passed"] is True


@pytest.mark.parametrize("is_rejected", [True, False])
@pytest.mark.parametrize(
    ("school_type", "is_doubtful"),
    [
        (SchoolType.PRIMARY_SCHOOL, True),
        (SchoolType.NINE_YEAR, True),
        (SchoolType.TEACHING_POINT, False),
        (SchoolType.SPECIAL, False),
    ],
)
def test_a_school_of_which_nobody_knows_who_runs_it_leaves_the_county_unknown(
    standard: Standard, school_type: SchoolType, is_doubtful: bool, is_rejected: bool
) -> None:
    """Whether it counts cannot be told; one that is outside whoever runs it does no harm."""
    drafts = pair_on_the_composite(Random(7), (Stage.PRIMARY, Stage.JUNIOR), 1, ("B1", 0), 1)
    report = CountyReport(tuple(draft.report(0) for draft in drafts))
    third = replace(
        report.schools[0],
        values=report.schools[0].values | {"code": "0000000003", "school_type": school_type, "sponsor_type": None},
        rejected=frozenset({"sponsor_type"} if is_rejected else ()),
    )
    both = replace(report, schools=(*report.schools, third))
    assert judge_report(report, standard, AS_OF)["passed"] is True
    assert judge_report(both, standard, AS_OF)["passed"] is (None if is_doubtful else True)
    assert judge_county_2012(both, AS_OF)["passed"] is (None if is_doubtful else True)


def test_many_counties_judged_at_once_come_out_as_each_alone(standard: Standard) -> None:
    reports = [random_county_2012(seed) for seed in range(40_000, 40_150)]
    assert judge_reports(reports, standard, AS_OF) == [judge_report(report, standard, AS_OF) for report in reports]


def test_decisions_about_the_measure_of_2017_leave_that_of_2012_alone(standard: Standard) -> None:
    for seed in range(60):
        report, decided = random_decided_county(seed)
        plain = judge_report(report, standard, AS_OF)
        with_decisions = judge_report(report, standard, date(2026, 3, 1), decided)
        assert {key: with_decisions[key] for key in plain} == plain
        assert not any(each["works"] for each in with_decisions.get("relaxations", ()))
    assert judge_report(report, standard, AS_OF, Decided(judged={"G1": Judged(False, "")}))["passed"] is plain["passed"]


def test_the_mean_of_roots_is_compared_without_a_doubt() -> None:
    """The second implementation itself: rational roots as fractions, others to as many digits as they need."""
    limit = Fraction(13, 20)
    assert is_mean_of_roots_within([limit**2] * 8, limit)
    hair = Fraction(1, 10**300)
    assert not is_mean_of_roots_within([limit**2] * 7 + [(limit + hair) ** 2], limit)
    assert not is_mean_of_roots_within([limit**2] * 7 + [limit**2 + hair], limit)
    assert is_mean_of_roots_within([limit**2] * 7 + [limit**2 - hair], limit)
    assert is_mean_of_roots_within([Fraction(2), Fraction(2)], Fraction(14143, 10000))
    assert not is_mean_of_roots_within([Fraction(2), Fraction(2)], Fraction(14142, 10000))
