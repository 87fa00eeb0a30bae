"""The published worked examples come out to the last printed digit, from the kernel and from its second implementation.

The figures are laid into school rows and judged, so that it is the judged numbers that are compared with print.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from evaluation.core.coefficient import difference_coefficient
from evaluation.core.standard import read_standard
from evaluation.core.verdict import judge_report
from indicators.report import CountyReport, SchoolReport
from schools.vocabulary import SchoolType, SponsorType
from tests.alternative import judge_county, judge_county_2012

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
EXAMPLES = tomllib.loads((FIXTURES / "worked_examples.toml").read_text(encoding="utf-8"), parse_float=Decimal)
STANDARD = read_standard(FIXTURES / "standards" / "2017-quality.toml")
STANDARD_2012 = read_standard(FIXTURES / "standards" / "2012-basic.toml")
AS_OF = date(2026, 3, 1)
CODES = ("L1", "L2", "L3", "L4", "L5", "L6", "L7")

Judge = Callable[[CountyReport], Mapping[str, Any]]


def kernel(report: CountyReport) -> Mapping[str, Any]:
    return judge_report(report, STANDARD, AS_OF)


def second_implementation(report: CountyReport) -> Mapping[str, Any]:
    return judge_county(report, AS_OF)


def kernel_2012(report: CountyReport) -> Mapping[str, Any]:
    return judge_report(report, STANDARD_2012, AS_OF)


def second_implementation_2012(report: CountyReport) -> Mapping[str, Any]:
    return judge_county_2012(report, AS_OF)


both = pytest.mark.parametrize("judge", [kernel, second_implementation])
both_2012 = pytest.mark.parametrize("judge", [kernel_2012, second_implementation_2012])


def printed(number: float | Fraction | Decimal, like: Decimal | str) -> str:
    """A number half-up with as many places as the printed one has."""
    exact = Fraction(number)
    with localcontext() as context:
        context.prec = 60
        decimal = Decimal(exact.numerator) / Decimal(exact.denominator)
        return str(decimal.quantize(Decimal(str(like)), ROUND_HALF_UP))


def primary_school(number: int, enrollment: int, **values: Any) -> SchoolReport:
    basics = {
        "code": f"{number:010}",
        "name": f"第{number}小学",
        "school_type": SchoolType.PRIMARY_SCHOOL,
        "primary_enrollment": enrollment,
        "indoor_sports_area": Decimal(0),
    }
    return SchoolReport({**basics, **values})


def two_primary_schools(sides: Sequence[tuple[int, Sequence[Decimal]]]) -> CountyReport:
    """Two schools of so many pupils with so much a pupil of L1 to L7. Counts come in thousands of millions a pupil,
    to be whole: a coefficient does not know in what unit its amounts are counted."""
    schools = []
    for number, (enrollment, values) in enumerate(sides):
        people = [int(value * 10**6) * enrollment for value in (*values[:3], values[6])]
        backbone = {
            "primary_associate_teachers": people[0],
            "primary_bachelor_teachers": 0,
            "primary_master_teachers": 0,
            "primary_doctor_teachers": 0,
            "primary_backbone_teachers": people[1],
            "primary_pe_teachers": people[2],
            "primary_music_teachers": 0,
            "primary_fine_art_teachers": 0,
            "primary_arts_teachers": 0,
            "multimedia_rooms": people[3],
        }
        areas = {
            "teaching_area": values[3] * enrollment,
            "sports_ground_area": values[4] * enrollment,
            "equipment_value": values[5] * enrollment,
        }
        schools.append(primary_school(number, enrollment, **backbone, **areas))
    return CountyReport(tuple(schools))


# ── The example that circulates with the measure ──────────────────────────────────────────────


@pytest.mark.parametrize("example", EXAMPLES["coefficient"])
def test_the_circulated_example_has_its_coefficient_to_twelve_places(example: Mapping[str, Any]) -> None:
    coefficient = difference_coefficient(example["amount"], example["enrollment"])
    assert coefficient is not None
    assert printed(coefficient, example["coefficient"]) == str(example["coefficient"])
    assert printed(coefficient, example["coefficient_printed"]) == example["coefficient_printed"]


@both
@pytest.mark.parametrize("example", EXAMPLES["coefficient"])
def test_the_circulated_example_has_its_mean_deviation_and_coefficient_as_printed(
    judge: Judge, example: Mapping[str, Any]
) -> None:
    schools = [
        primary_school(number, enrollment, teaching_area=Decimal(amount))
        for number, (enrollment, amount) in enumerate(zip(example["enrollment"], example["amount"], strict=True))
    ]
    indicator = judge(CountyReport(tuple(schools)))["stages"]["PRIMARY"]["indicators"]["L4"]
    for figure in ("mean", "deviation", "coefficient"):
        expected = example[f"{figure}_printed"]
        assert (figure, printed(indicator[figure], expected)) == (figure, expected)
    assert indicator["passed"] is False  # an unweighted formula gives 0.488771 and would let it pass


# ── Shared assets of a nine-year school ───────────────────────────────────────────────────────


@both
@pytest.mark.parametrize("example", EXAMPLES["split"])
def test_a_nine_year_school_is_split_as_published(judge: Judge, example: Mapping[str, Any]) -> None:
    enrollments = {"PRIMARY": example["primary_enrollment"], "JUNIOR": example["junior_enrollment"]}
    school = SchoolReport(
        {
            "code": "0000000001",
            "school_type": SchoolType.NINE_YEAR,
            "primary_enrollment": enrollments["PRIMARY"],
            "junior_enrollment": enrollments["JUNIOR"],
            "teaching_area": Decimal(example["total"]),
            "indoor_sports_area": Decimal(0),
        }
    )
    rows = {row["stage"]: row for row in judge(CountyReport((school,)))["schools"]}
    amounts = {stage: Fraction(rows[stage]["values"]["L4"]) * enrollment for stage, enrollment in enrollments.items()}
    assert printed(amounts["PRIMARY"], example["primary_amount"]) == str(example["primary_amount"])
    assert printed(amounts["JUNIOR"], example["junior_amount"]) == str(example["junior_amount"])
    assert printed(sum(amounts.values()), "0.000001") == f"{example['total']}.000000"
    weighted_pupils = example["total"] / Fraction(rows["PRIMARY"]["values"]["L4"])
    assert printed(weighted_pupils, "0.000001") == f"{example['weighted_pupils']}.000000"


# ── A published county table ──────────────────────────────────────────────────────────────────


def county_of(table: Mapping[str, Any]) -> CountyReport:
    """The smallest county with the published means and deviations: two equal schools, one deviation to either side."""
    pairs = list(zip(table["mean"], table["deviation"], strict=True))
    return two_primary_schools(
        [
            (1000, [mean + deviation for mean, deviation in pairs]),
            (1000, [mean - deviation for mean, deviation in pairs]),
        ]
    )


@both
@pytest.mark.parametrize("table", EXAMPLES["county_table"])
def test_a_published_county_table_has_its_seven_coefficients_to_six_places(
    judge: Judge, table: Mapping[str, Any]
) -> None:
    assert table["stage"] == "PRIMARY"
    indicators = judge(county_of(table))["stages"]["PRIMARY"]["indicators"]
    found = [printed(indicators[code]["coefficient"], "0.000001") for code in CODES]
    assert found == [f"{coefficient:.6f}" for coefficient in table["coefficient"]]


@both
@pytest.mark.parametrize("table", EXAMPLES["county_table"])
def test_a_published_county_table_has_the_plain_mean_as_its_composite(judge: Judge, table: Mapping[str, Any]) -> None:
    composite = judge(county_of(table))["stages"]["PRIMARY"]["composite"]
    assert printed(composite, table["composite"]) == str(table["composite"])


@both
@pytest.mark.parametrize("table", EXAMPLES["county_table"])
def test_a_coefficient_over_its_limit_fails_though_it_prints_as_the_limit(
    judge: Judge, table: Mapping[str, Any]
) -> None:
    indicators = judge(county_of(table))["stages"]["PRIMARY"]["indicators"]
    assert [code for code in CODES if indicators[code]["passed"] is not True] == table["failing"]
    for code in table["failing"]:
        assert indicators[code]["passed"] is False
        assert printed(indicators[code]["coefficient"], "0.01") == printed(indicators[code]["limit"], "0.01")


# ── The older measure: eight coefficients and their plain mean ────────────────────────────────


def two_schools_of_2012(coefficients: Sequence[Decimal]) -> CountyReport:
    """Two schools with exactly these coefficients of the eight indicators. With a fifth of the pupils, twice as far
    above the mean as the rest is half as far below."""
    schools = []
    for number, (enrollment, side) in enumerate(((100, Decimal(2)), (400, Decimal("-0.5")))):
        # Two thousand of everything for a hundred pupils: every amount is then a whole number.
        amounts = [2000 * (enrollment // 100) * (1 + side * coefficient) for coefficient in coefficients]
        degrees = dict.fromkeys((f"primary_{degree}_teachers" for degree in ("associate", "master", "doctor")), 0)
        values = {
            "sponsor_type": SponsorType.COUNTY_EDUCATION,
            "teaching_area": amounts[0],
            "sports_ground_area": amounts[1],
            "equipment_value": amounts[2],
            "computers": int(amounts[3]),
            "books": int(amounts[4]),
            "primary_full_time_teachers": int(amounts[5]),
            "primary_bachelor_teachers": int(amounts[6]),
            "primary_titled_teachers": int(amounts[7]),
        }
        schools.append(primary_school(number, enrollment, **values, **degrees))
    return CountyReport(tuple(schools))


@both_2012
@pytest.mark.parametrize("example", EXAMPLES["composite"])
def test_a_published_composite_is_the_plain_mean_of_its_eight_coefficients(
    judge: Judge, example: Mapping[str, Any]
) -> None:
    primary = judge(two_schools_of_2012(example["coefficients"]))["stages"]["PRIMARY"]
    found = [printed(indicator["coefficient"], "0.001") for indicator in primary["indicators"].values()]
    assert found == [str(coefficient) for coefficient in example["coefficients"]]
    assert printed(primary["composite"], example["composite_printed"]) == example["composite_printed"]
    # A single one may be far over 0.65 (up to 1.299 here): only their mean decides.
    assert primary["composite_passed"] is True


@both_2012
@pytest.mark.parametrize("example", EXAMPLES["coefficient"])
def test_the_circulated_example_comes_out_as_the_books_of_the_measure_it_circulates_with(
    judge: Judge, example: Mapping[str, Any]
) -> None:
    schools = [
        primary_school(number, enrollment, sponsor_type=SponsorType.COUNTY_EDUCATION, books=amount)
        for number, (enrollment, amount) in enumerate(zip(example["enrollment"], example["amount"], strict=True))
    ]
    indicator = judge(CountyReport(tuple(schools)))["stages"]["PRIMARY"]["indicators"]["B5"]
    for figure in ("mean", "deviation", "coefficient"):
        expected = example[f"{figure}_printed"]
        assert (figure, printed(indicator[figure], expected)) == (figure, expected)
    assert printed(indicator["coefficient"], example["coefficient"]) == str(example["coefficient"])


# ── Nothing published is left out ─────────────────────────────────────────────────────────────


def test_every_kind_of_published_example_is_met_here() -> None:
    assert set(EXAMPLES) == {"coefficient", "split", "county_table", "composite"}
    assert all(EXAMPLES.values())
