"""Every number is computed twice: the kernel against the second implementation, and the laws both must keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from evaluation.core.standard import Standard, read_standard
from evaluation.core.verdict import judge_report, judge_reports
from indicators.catalogue import COUNTY_ITEMS, FIELDS
from indicators.report import CountyReport, SchoolReport
from schools.vocabulary import SchoolType, Stage
from tests.alternative import judge_county
from tests.evaluation.differences import VALUED, differences, is_close
from tests.evaluation.random_counties import (
    AS_OF,
    DEGREES,
    FACTORS,
    ORDINARY_TYPES,
    SUBJECTS,
    just_enough,
    pair_on_the_limit,
    prefix,
    random_county,
    random_figures,
    random_school,
    write_school,
)

STANDARD_FILE = Path(__file__).resolve().parents[2] / "fixtures" / "standards" / "2017-quality.toml"

CHUNKS = 30
COUNTIES_PER_CHUNK = 100

with_fixed_examples = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
seeds = st.integers(min_value=0, max_value=10**6)


@pytest.fixture(scope="module")
def standard() -> Standard:
    return read_standard(STANDARD_FILE)


# ── The two implementations agree ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_kernel_and_the_second_implementation_agree_on_random_counties(standard: Standard, chunk: int) -> None:
    disagreements = {}
    for seed in range(chunk * COUNTIES_PER_CHUNK, (chunk + 1) * COUNTIES_PER_CHUNK):
        report = random_county(seed)
        found = differences(judge_report(report, standard, AS_OF), judge_county(report, AS_OF))
        if found:
            disagreements[seed] = found
    assert disagreements == {}


def test_random_counties_reach_every_verdict_every_status_and_the_limits_themselves() -> None:
    passed, rows, exact = set(), set(), set()
    statuses: dict[str, set[str]] = {}
    for seed in range(600):
        verdict = judge_county(random_county(seed), AS_OF)
        passed.add(verdict["passed"])
        rows |= {row["passed"] for row in verdict["schools"]}
        for code, item in verdict["criteria"].items():
            statuses.setdefault(code, set()).add(item["status"])
        for stage, judged in verdict["stages"].items():
            for indicator in judged["indicators"].values():
                if indicator["coefficient_squared"] == indicator["limit"] ** 2:
                    exact.add(stage)
    assert passed == rows == {True, False, None}
    assert exact == {"PRIMARY", "JUNIOR"}
    computed = {code: found for code, found in statuses.items() if found != {"to_judge"}}
    assert set(computed) == {*VALUED, "G13", "Q9", "P1"} - {"S1"}
    assert computed.pop("G8") == {"to_judge", "not_met", "unknown"}
    assert computed.pop("Q9") == {"met", "not_met", "unknown", "to_judge"}
    assert all(found == {"met", "not_met", "unknown"} for found in computed.values()), computed


# ── One kernel, one county or many ────────────────────────────────────────────────────────────


def test_many_counties_judged_at_once_come_out_as_each_alone(standard: Standard) -> None:
    reports = [random_county(seed) for seed in range(20_000, 20_150)]
    assert judge_reports(reports, standard, AS_OF) == [judge_report(report, standard, AS_OF) for report in reports]


@with_fixed_examples
@given(first=seeds, others=st.lists(seeds, max_size=5), place=st.integers(0, 5))
def test_a_county_is_judged_the_same_whoever_its_neighbours_are(
    standard: Standard, first: int, others: list[int], place: int
) -> None:
    reports = [random_county(seed) for seed in others]
    reports.insert(place, random_county(first))
    alone = judge_report(random_county(first), standard, AS_OF)
    assert judge_reports(reports, standard, AS_OF)[min(place, len(others))] == alone


def test_no_counties_give_no_verdicts(standard: Standard) -> None:
    assert judge_reports([], standard, AS_OF) == []


# ── Laws of the coefficient ───────────────────────────────────────────────────────────────────

#: What each coefficient is made of; the two areas share the indoor space and are scaled together.
SOURCES = {
    ("L1",): [f"{prefix(stage)}_{degree}_teachers" for stage in Stage for degree in DEGREES[stage]],
    ("L2",): [f"{prefix(stage)}_backbone_teachers" for stage in Stage],
    ("L3",): [f"{prefix(stage)}_{subject}_teachers" for stage in Stage for subject in SUBJECTS],
    ("L4", "L5"): ["teaching_area", "indoor_sports_area", "sports_ground_area"],
    ("L6",): ["equipment_value"],
    ("L7",): ["multimedia_rooms"],
}
AMOUNTS = [key for keys in SOURCES.values() for key in keys]


def scaled(school: SchoolReport, keys: list[str], factor: int) -> SchoolReport:
    """The same school with so many times of some figures."""
    values = dict(school.values)
    for key in keys:
        if values.get(key) is not None:
            values[key] *= factor
    return replace(school, values=values)


def coefficients(verdict: Mapping[str, Any]) -> dict[tuple[str, str], tuple[float | None, bool | None]]:
    return {
        (stage, code): (indicator["coefficient"], indicator["passed"])
        for stage, judged in verdict["stages"].items()
        for code, indicator in judged["indicators"].items()
    }


def changed(before: Mapping[Any, tuple[Any, Any]], after: Mapping[Any, tuple[Any, Any]]) -> dict[Any, Any]:
    """Coefficients that moved by more than a float's error, or whose judgement changed."""
    return {
        key: (before[key], after[key])
        for key in before
        if not is_close(after[key][0], before[key][0], 1) or after[key][1] is not before[key][1]
    }


def sound_county(seed: int) -> CountyReport:
    """Ten undamaged schools of random types."""
    rng = Random(seed)
    types = [rng.choice(ORDINARY_TYPES) for _ in range(10)]
    drafts = [random_school(rng, f"{n:010}", t, rng.random() < 0.5, Fraction(1)) for n, t in enumerate(types)]
    return CountyReport(tuple(draft.report(row) for row, draft in enumerate(drafts)), random_figures(rng))


@with_fixed_examples
@given(seed=seeds, which=st.integers(0, 9))
def test_a_school_split_into_two_equal_halves_changes_no_coefficient(standard: Standard, seed: int, which: int) -> None:
    county = sound_county(seed)
    half = county.schools[which]
    if half.values["school_type"] is SchoolType.TEACHING_POINT:
        half = replace(half, values={**half.values, "school_type": SchoolType.PRIMARY_SCHOOL})
    enrollments = [f"{stage}_enrollment" for stage in ("primary", "junior", "senior")]
    whole = scaled(half, [*AMOUNTS, *enrollments], 2)
    other_half = replace(half, values={**half.values, "code": "9999999999"})
    rest = [school for number, school in enumerate(county.schools) if number != which]
    before = judge_report(replace(county, schools=(*rest, whole)), standard, AS_OF)
    after = judge_report(replace(county, schools=(*rest, half, other_half)), standard, AS_OF)
    assert changed(coefficients(before), coefficients(after)) == {}


@with_fixed_examples
@given(seed=seeds, which=st.sampled_from(list(SOURCES)), factor=st.integers(2, 1000))
def test_so_many_times_as_much_of_one_thing_in_every_school_leaves_its_coefficient(
    standard: Standard, seed: int, which: tuple[str, ...], factor: int
) -> None:
    county = sound_county(seed)
    before = judge_report(county, standard, AS_OF)
    more = replace(county, schools=tuple(scaled(school, SOURCES[which], factor) for school in county.schools))
    assert changed(coefficients(before), coefficients(judge_report(more, standard, AS_OF))) == {}


@with_fixed_examples
@given(seed=seeds, shuffler=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing_at_all(standard: Standard, seed: int, shuffler: Random) -> None:
    county = random_county(seed)
    codes = [school.values["code"] for school in county.schools]
    assume(None not in codes and len(set(codes)) == len(codes))
    shuffled = list(county.schools)
    shuffler.shuffle(shuffled)
    again = judge_report(replace(county, schools=tuple(shuffled)), standard, AS_OF)
    assert again == judge_report(county, standard, AS_OF)


@pytest.mark.parametrize(
    ("stages", "limit"),
    [((Stage.PRIMARY,), "0.50"), ((Stage.JUNIOR,), "0.45"), ((Stage.PRIMARY, Stage.JUNIOR), "0.45")],
)
@pytest.mark.parametrize("code", FACTORS)
@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_a_coefficient_exactly_on_its_limit_passes_and_a_step_more_fails(
    standard: Standard, stages: tuple[Stage, ...], limit: str, code: str, ratio: int
) -> None:
    outcomes = {}
    for nudge in (-1, 0, 1):
        drafts = pair_on_the_limit(Random(7), stages, code, Fraction(limit), ratio, nudge, 1)
        verdict = judge_report(CountyReport(tuple(draft.report(0) for draft in drafts)), standard, AS_OF)
        outcomes[nudge] = verdict["stages"][stages[-1].value]["indicators"][code]
    assert {nudge: indicator["passed"] for nudge, indicator in outcomes.items()} == {-1: True, 0: True, 1: False}
    assert outcomes[0]["coefficient"] == pytest.approx(float(limit), rel=1e-12)


@pytest.mark.parametrize(
    ("school_type", "key"), [(SchoolType.PRIMARY_SCHOOL, "primary"), (SchoolType.JUNIOR_SCHOOL, "junior")]
)
def test_a_millionth_of_a_square_metre_in_ten_million_decides(
    standard: Standard, school_type: SchoolType, key: str
) -> None:
    """Floats cannot tell these coefficients from their limit; the verdict must."""
    more, less = {"primary": (7_500_000, 2_500_000), "junior": (7_250_000, 2_750_000)}[key]
    outcomes = []
    for hair in ("-0.000001", "0", "0.000001"):
        schools = [
            SchoolReport(
                {
                    "code": code,
                    "school_type": school_type,
                    f"{key}_enrollment": 997,
                    "teaching_area": Decimal(area),
                    "indoor_sports_area": Decimal(0),
                }
            )
            for code, area in (("0000000001", Decimal(more) + Decimal(hair)), ("0000000002", less))
        ]
        verdict = judge_report(CountyReport(tuple(schools)), standard, AS_OF)
        outcomes.append(verdict["stages"][key.upper()]["indicators"]["L4"]["passed"])
    assert outcomes == [True, True, False]


# ── Missing data is never a pass ──────────────────────────────────────────────────────────────

CELLS = [field.key for field in FIELDS if field.key not in ("code", "name")]
#: An empty cell here says "none" or "no such stage", which the form asks for; the rest must be filled.
MAY_STAY_EMPTY = {field.key for field in FIELDS if field.stage is not None} | {"senior_enrollment"}
#: All twelve monitoring results may be absent together: the State has not supplied them yet.
MONITORING = {f"C{number}" for number in range(27, 39)}


def without_cell(county: CountyReport, which: int, key: str, is_rejected: bool) -> CountyReport:
    schools = list(county.schools)
    school = schools[which % len(schools)]
    rejected = school.rejected | {key} if is_rejected else school.rejected - {key}
    schools[which % len(schools)] = SchoolReport({**school.values, key: None}, rejected, school.row)
    return replace(county, schools=tuple(schools))


@settings(with_fixed_examples, max_examples=200)
@given(seed=seeds, which=st.integers(0, 14), key=st.sampled_from(CELLS))
def test_a_cell_that_cannot_be_used_never_makes_a_county_pass(
    standard: Standard, seed: int, which: int, key: str
) -> None:
    county = random_county(seed)
    before = judge_report(county, standard, AS_OF)["passed"]
    after = judge_report(without_cell(county, which, key, is_rejected=True), standard, AS_OF)["passed"]
    assert (before, after) not in {(None, True), (False, True)}


@settings(with_fixed_examples, max_examples=200)
@given(seed=seeds, which=st.integers(0, 14), key=st.sampled_from([key for key in CELLS if key not in MAY_STAY_EMPTY]))
def test_an_empty_cell_never_makes_a_county_pass(standard: Standard, seed: int, which: int, key: str) -> None:
    county = random_county(seed)
    school = county.schools[which % len(county.schools)]
    assume(key not in school.rejected)
    before = judge_report(county, standard, AS_OF)["passed"]
    after = judge_report(without_cell(county, which, key, is_rejected=False), standard, AS_OF)["passed"]
    assert (before, after) not in {(None, True), (False, True)}


@settings(with_fixed_examples, max_examples=120)
@given(seed=seeds, code=st.sampled_from([item.code for item in COUNTY_ITEMS if item.code not in MONITORING]))
def test_a_missing_county_figure_never_makes_a_county_pass(standard: Standard, seed: int, code: str) -> None:
    county = random_county(seed)
    before = judge_report(county, standard, AS_OF)["passed"]
    figures = {key: figure for key, figure in county.figures.items() if key != code}
    after = judge_report(replace(county, figures=figures), standard, AS_OF)["passed"]
    assert (before, after) not in {(None, True), (False, True)}


@settings(with_fixed_examples, max_examples=60)
@given(seed=seeds, which=st.integers(0, 14), key=st.sampled_from([key for key in CELLS if key != "school_type"]))
def test_a_cell_that_cannot_be_used_never_makes_a_passing_county_fail(
    standard: Standard, seed: int, which: int, key: str
) -> None:
    county = random_county(seed)
    assume(judge_report(county, standard, AS_OF)["passed"] is True)
    after = judge_report(without_cell(county, which, key, is_rejected=True), standard, AS_OF)["passed"]
    assert after is not False


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("school_type", [t for t in SchoolType if t.stages])
def test_a_number_of_pupils_that_cannot_be_used_is_never_taken_for_no_pupils(
    standard: Standard, school_type: SchoolType, stage: Stage
) -> None:
    rng = Random(11)
    types = (SchoolType.PRIMARY_SCHOOL, SchoolType.JUNIOR_SCHOOL, school_type)
    pupils = [dict.fromkeys(t.stages, 500) for t in types]
    drafts = [
        write_school(rng, f"{n:010}", t, p, 0, just_enough(p))
        for n, (t, p) in enumerate(zip(types, pupils, strict=True))
    ]
    sound = CountyReport(tuple(draft.report(0) for draft in drafts), random_figures(rng))
    drafts[2].reject(f"{prefix(stage)}_enrollment")
    verdict = judge_report(replace(sound, schools=tuple(draft.report(0) for draft in drafts)), standard, AS_OF)
    rows = {(row["code"], row["stage"]): row["enrollment"] for row in verdict["schools"]}
    assert judge_report(sound, standard, AS_OF)["passed"] is True
    assert verdict["passed"] is None
    assert rows["0000000002", stage.value] is None
    assert verdict["stages"][stage.value]["enrollment"] is None


@pytest.mark.parametrize("others", [0, 1, 3])
def test_a_stage_with_one_missing_value_has_no_mean_no_deviation_and_no_coefficient(
    standard: Standard, others: int
) -> None:
    rng = Random(12)
    pupils = {Stage.PRIMARY: 500}
    drafts = [
        write_school(rng, f"{n:010}", SchoolType.PRIMARY_SCHOOL, pupils, 0, just_enough(pupils))
        for n in range(others + 1)
    ]
    drafts[0].clear("primary_backbone_teachers")
    verdict = judge_report(CountyReport(tuple(draft.report(0) for draft in drafts)), standard, AS_OF)
    indicator = verdict["stages"]["PRIMARY"]["indicators"]["L2"]
    assert {key: indicator[key] for key in ("mean", "deviation", "coefficient", "passed")} == {
        "mean": None,
        "deviation": None,
        "coefficient": None,
        "passed": None,
    }


def test_amounts_that_add_up_to_nothing_have_no_coefficient(standard: Standard) -> None:
    """Only an impossible area below zero, which the checks refuse, can cancel out; still it is not a number over 0."""
    outcomes = []
    for pupils in ((544, 973, 1792), (1787, 804, 1366), (500, 500, 500)):
        schools = [
            SchoolReport(
                {
                    "code": f"{number:010}",
                    "school_type": SchoolType.PRIMARY_SCHOOL,
                    "primary_enrollment": enrollment,
                    "teaching_area": Decimal(4_000_000) + teaching,
                    "indoor_sports_area": Decimal(4_000_000),
                }
            )
            for number, (enrollment, teaching) in enumerate(
                zip(pupils, (Decimal("2870.14"), Decimal("-717.53"), Decimal("-2152.61")), strict=True)
            )
        ]
        verdict = judge_report(CountyReport(tuple(schools)), standard, AS_OF)
        outcomes.append(verdict["stages"]["PRIMARY"]["indicators"]["L4"])
    assert [(outcome["coefficient"], outcome["passed"]) for outcome in outcomes] == [(None, None)] * 3
