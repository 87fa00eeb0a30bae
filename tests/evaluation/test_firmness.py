"""How firm a verdict is: every change told is put into the report and judged again, and one step less of it as well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from evaluation.core.changes import OF_COUNTY, Change, scale_of, step_of
from evaluation.core.columns import columns_of
from evaluation.core.contradictions import Contradictions
from evaluation.core.decided import Decided, Grant, columns_of_decided
from evaluation.core.firmness import Firmness, ItemFirmness, firmness
from evaluation.core.firmness_coefficients import CoefficientFirmness
from evaluation.core.resources import PASSED
from evaluation.core.standard import Standard
from evaluation.core.status import Status
from evaluation.core.verdict import Judgement, judge, judge_report, judge_reports
from indicators.catalogue import COUNTY_ITEM_BY_CODE, FIELD_BY_KEY, Kind
from indicators.report import CountyReport, SchoolReport
from indicators.workbook.read import read_report
from schools.vocabulary import SchoolType, Stage
from tests import builders
from tests.builders import book_of, good_rows
from tests.evaluation.random_counties import (
    AS_OF,
    just_enough,
    pair_on_the_limit,
    random_county,
    random_figures,
    write_school,
)

SEEDS = range(160)


@pytest.fixture(scope="module")
def standard(standard_document: Standard) -> Standard:
    return standard_document


@dataclass(frozen=True)
class Told:
    """One county, what was told about it, and the county with a change in it."""

    report: CountyReport
    schools: Sequence[SchoolReport]
    firm: Firmness

    @classmethod
    def about(cls, report: CountyReport, standard: Standard) -> Told:
        schools, figures, ordered = columns_of([report])
        return cls(report, ordered, firmness(schools, figures, standard, AS_OF))

    def with_cell(self, change: Change, value: int) -> CountyReport:
        """The report with the cell of ``change`` holding ``value`` (in units of its column)."""
        typed = typed_value(change.key, value)
        if change.school == OF_COUNTY:
            return replace(self.report, figures={**self.report.figures, change.key: typed})
        school = self.schools[change.school]
        if change.room >= 0:
            first = sum(len(each.values.get(change.key) or ()) for each in self.schools[: change.school])
            rooms = list(school.values[change.key])
            rooms[change.room - first] = typed
            typed = tuple(rooms)
        changed = replace(school, values={**school.values, change.key: typed})
        # The order of the columns is kept: schools without a code, and codes given twice, stay where they are.
        return replace(self.report, schools=tuple(changed if each is school else each for each in self.schools))

    def just_before(self, change: Change) -> CountyReport | None:
        """One step less of the change; None where that is the report itself."""
        away = 1 if change.after > change.before else -1
        value = change.after - away * step_of(change.key)
        return self.with_cell(change, value) if (value - change.before) * away > 0 else None

    def both(self, change: Change) -> Iterator[tuple[CountyReport, bool]]:
        """The report where the change turns what it is told for, and where it must not yet."""
        yield self.with_cell(change, change.after), True
        if (before := self.just_before(change)) is not None:
            yield before, False


def typed_value(key: str, value: int) -> int | Decimal:
    kind = (FIELD_BY_KEY.get(key) or COUNTY_ITEM_BY_CODE[key]).kind
    return Decimal(value) / scale_of(key) if kind.is_scaled or kind is Kind.ROOMS else value


def judged(report: CountyReport, standard: Standard) -> Judgement:
    schools, figures, _ = columns_of([report])
    return judge(schools, figures, standard, AS_OF)


@pytest.fixture(scope="module")
def counties(standard: Standard) -> list[Told]:
    return [Told.about(random_county(seed), standard) for seed in SEEDS]


def test_a_change_told_for_a_school_turns_its_row_and_one_step_less_does_not(
    counties: list[Told], standard: Standard
) -> None:
    seen: set[tuple[bool, str, bool]] = set()
    for county in counties:
        # A few rows of every county, so that every kind of school comes up and the suite stays short.
        for stage, row in Random(len(county.firm.rows)).sample(county.firm.rows, min(4, len(county.firm.rows))):
            if row.change is None:
                continue
            for report, turns in county.both(row.change):
                result = judged(report, standard).stages[list(Stage).index(stage)]
                [passed] = result.outcome[result.school == row.school] == PASSED
                assert (bool(passed) != row.passed) is turns, (row, turns)
            seen.add((bool(row.passed), row.change.key, row.change.after > row.change.before))
    assert {(passed, more) for passed, _, more in seen} == {(True, True), (True, False), (False, True), (False, False)}
    assert {key for _, key, _ in seen} >= {"primary_enrollment", "junior_enrollment", "senior_enrollment"}


def test_a_change_told_for_a_coefficient_turns_it_and_one_step_less_does_not(
    counties: list[Told], standard: Standard
) -> None:
    seen: set[tuple[bool, bool, bool]] = set()
    tried: list[tuple[CoefficientFirmness, bool, CountyReport]] = [
        (told, turns, report)
        for county in counties
        for told in county.firm.coefficients
        if told.change is not None
        for report, turns in county.both(told.change)
    ]
    results = judge_reports([report for _, _, report in tried], standard, AS_OF)
    for (told, turns, _), result in zip(tried, results, strict=True):
        found = result["stages"][told.stage.value]["indicators"][told.code]
        assert (found["passed"] is not told.passed) is turns, (told, turns, found)
        assert told.change is not None
        seen.add((bool(told.passed), "enrollment" in told.change.key, told.change.after > told.change.before))
    assert len(seen) == 8, seen


def test_a_change_told_for_an_item_turns_it(counties: list[Told], standard: Standard) -> None:
    seen: dict[str, set[bool]] = {}
    tried: list[tuple[ItemFirmness, bool, CountyReport]] = [
        (told, turns, report)
        for county in counties
        for told in county.firm.items
        if told.change is not None
        for report, turns in county.both(told.change)
    ]
    results = judge_reports([report for _, _, report in tried], standard, AS_OF)
    for (told, turns, _), result in zip(tried, results, strict=True):
        is_lost = Status(result["criteria"][told.criterion.code]["status"]) is Status.NOT_MET
        # One step less leaves the item as it was; it may be unknown where a denominator fell to 0.
        assert is_lost is (told.passed if turns else not told.passed), (told, turns)
        seen.setdefault(told.criterion.code, set()).add(bool(told.passed))
    computed = {criterion.code for criterion in standard.criteria if criterion.rule} - {"S1"}
    assert set(seen) == computed
    # A class too large shows in two cells that must agree: no single one mends it.
    assert {code for code, both in seen.items() if len(both) == 1} <= {"G8", "G5"}


def test_a_change_told_for_the_verdict_turns_the_verdict(counties: list[Told], standard: Standard) -> None:
    seen = set()
    for county in counties:
        before = judge_report(county.report, standard, AS_OF)["passed"]
        assert county.firm.passed is before
        if county.firm.change is None:
            continue
        after = judge_report(county.with_cell(county.firm.change, county.firm.change.after), standard, AS_OF)["passed"]
        assert after is county.firm.turns_to
        assert (after is False) is (before is True)
        seen.add((before, after))
    assert {(True, False), (False, True)} <= seen


def test_no_smaller_change_of_any_one_amount_or_number_of_pupils_turns_a_small_county_coefficient(
    standard: Standard,
) -> None:
    """Everything nearer than what is told is tried, step by step, in a county of three schools."""
    rng = Random(5)
    pupils = [{Stage.PRIMARY: 40}, {Stage.PRIMARY: 60}, {Stage.PRIMARY: 50, Stage.JUNIOR: 30}]
    types = (SchoolType.PRIMARY_SCHOOL, SchoolType.PRIMARY_SCHOOL, SchoolType.NINE_YEAR)
    drafts = [
        write_school(rng, f"{n:010}", t, p, 0, just_enough(p))
        for n, (t, p) in enumerate(zip(types, pupils, strict=True))
    ]
    for draft, rooms in zip(drafts, (9, 14, 8), strict=True):
        draft.values["multimedia_rooms"] = rooms
    report = CountyReport(tuple(draft.report(0) for draft in drafts), random_figures(rng))
    told = Told.about(report, standard)
    [line] = [c for c in told.firm.coefficients if c.stage is Stage.PRIMARY and c.code == "L7"]
    assert line.change is not None
    nearer = [
        Change(school, key, int(value), after)
        for school, each in enumerate(told.schools)
        for key in ("multimedia_rooms", "primary_enrollment")
        if (value := each.values[key])
        for after in range(1 if key == "primary_enrollment" else 0, 4 * int(value))
        if abs(after - int(value)) / int(value) < line.change.closeness[0]
    ]
    contradictions = Contradictions(columns_of([report])[0])
    nearer = [change for change in nearer if not contradictions.has(change)]
    assert len(nearer) > 20
    for change in nearer:
        found = judge_report(told.with_cell(change, change.after), standard, AS_OF)["stages"]["PRIMARY"]["indicators"]
        assert found["L7"]["passed"] is line.passed, change


@pytest.mark.parametrize("nudge", [0, 1])
def test_a_coefficient_exactly_on_its_limit_turns_by_the_first_step(standard: Standard, nudge: int) -> None:
    drafts = pair_on_the_limit(Random(7), (Stage.PRIMARY,), "L7", Fraction("0.50"), 1, nudge, 1)
    told = Told.about(CountyReport(tuple(draft.report(0) for draft in drafts)), standard)
    [line] = [c for c in told.firm.coefficients if c.stage is Stage.PRIMARY and c.code == "L7"]
    assert line.passed is (nudge == 0)
    assert line.is_borderline is (nudge == 0)
    assert line.change is not None
    assert abs(line.change.after - line.change.before) == 1


def test_a_value_exactly_on_its_limit_is_decided_within_rounding_and_turns_by_one_teacher(standard: Standard) -> None:
    """21 teachers for 500 pupils is exactly 4.2; with the backbone teachers only at 85 % one teacher less fails."""
    rng, pupils = Random(1), {Stage.PRIMARY: 500}
    amounts = {key: amount * 3 for key, amount in just_enough(pupils).items()}
    amounts[Stage.PRIMARY, "L1"], amounts[Stage.PRIMARY, "L2"] = Fraction(21), Fraction(5)
    draft = write_school(rng, "0000000001", SchoolType.PRIMARY_SCHOOL, pupils, 0, amounts)
    draft.values |= {f"primary_{degree}_teachers": 0 for degree in ("associate", "master", "doctor")}
    draft.values["primary_bachelor_teachers"] = 21
    draft.values["primary_backbone_teachers"] = 5
    told = Told.about(CountyReport((draft.report(0),)), standard)
    [(_, row)] = told.firm.rows
    assert row.passed is True
    assert set(row.borderline) == {"L1", "L2"}
    draft.values |= {"primary_backbone_teachers": 4, "primary_bachelor_teachers": 21}
    [(_, lost)] = Told.about(CountyReport((draft.report(0),)), standard).firm.rows
    assert lost.passed is False
    assert lost.change is not None
    # 4 backbone teachers are under 85 % of 5; they are 85 % of the 1 a hundred for 470 pupils.
    assert (lost.change.key, lost.change.before, lost.change.after) == ("primary_enrollment", 500, 470)


def rows_of(firm: Firmness) -> Iterable[Any]:
    return (row for _, row in firm.rows)


def test_what_is_unknown_is_never_told_to_turn(counties: list[Told]) -> None:
    for county in counties:
        for line in (*county.firm.coefficients, *county.firm.items, *rows_of(county.firm)):
            if line.passed is None:
                assert line.change is None, line
        if county.firm.passed is None:
            assert county.firm.change is None


def test_a_county_with_two_failing_schools_is_not_said_to_hang_on_one_cell(standard: Standard) -> None:
    rows = builders.good_rows()
    for position in (0, 1):
        rows[position] |= {"primary_backbone_teachers": 0}
    told = Told.about(read_report(builders.book_of(rows)).report, standard)
    assert told.firm.passed is False
    assert told.firm.failing >= 2
    assert told.firm.change is None


def test_a_county_that_fails_by_one_teacher_is_told_which(standard: Standard) -> None:
    rows = builders.good_rows()
    rows[0]["certified_teachers"] -= 1
    told = Told.about(read_report(builders.book_of(rows)).report, standard)
    assert (told.firm.passed, told.firm.failing, told.firm.turns_to) == (False, 1, True)
    change = told.firm.change
    assert change is not None
    assert told.schools[change.school].values["name"] == "清河县实验小学"
    assert abs(change.difference) == 1


def test_full_shares_are_not_marked_as_near_their_limit(standard: Standard) -> None:
    """Everybody certified is 100 %, as it should be, and no rounding decides it."""
    told = Told.about(read_report(builders.book_of()).report, standard)
    assert not any(item.is_borderline for item in told.firm.items if item.criterion.code in ("G9", "G12", "G13"))
    figures = builders.good_figures() | {"C18": 10_000, "C19": 5_004}
    near = Told.about(read_report(builders.book_of(None, figures)).report, standard)
    assert [item.criterion.code for item in near.firm.items if item.is_borderline] == ["G14"]


def test_a_school_that_passes_only_with_a_relaxation_is_told_nothing_its_relaxation_does_not_outlive(
    standard: Standard,
) -> None:
    """With 100 pupils the shared teachers no longer count: what is told must turn the row with the grant in force."""
    rows = builders.good_rows()
    rows[5] |= {"primary_pe_teachers": 0, "primary_arts_teachers": 0, "primary_shared_arts_teachers": 2}
    report = read_report(builders.book_of(rows)).report
    grant = Grant("R1", str(rows[5]["code"]), AS_OF, AS_OF)
    schools, figures, ordered = columns_of([report])
    codes = [str(each.values["code"]) for each in ordered]
    decided, figures = columns_of_decided([Decided((grant,))], codes, schools.county, figures, AS_OF)
    strict = firmness(schools, figures, standard, AS_OF)
    relaxed = firmness(schools, figures, standard, AS_OF, decided)
    position = next(i for i, each in enumerate(ordered) if each.values["code"] == rows[5]["code"])
    [before], [after] = ([r for _, r in firm.rows if r.school == position] for firm in (strict, relaxed))
    assert (before.passed, after.passed) == (False, True)
    told = Told(report, ordered, relaxed)
    for _, row in relaxed.rows:
        if row.change is not None:
            again, other, _ = columns_of([told.with_cell(row.change, row.change.after)])
            result = judge(again, other, standard, AS_OF, decided)
            outcomes = {int(r.outcome[r.school == row.school][0]) for r in result.stages if row.school in r.school}
            assert (outcomes == {PASSED}) is not row.passed, row


def test_no_change_is_told_that_the_checks_would_refuse(counties: list[Told], standard: Standard) -> None:
    told = 0
    for county in counties:
        schools, figures, _ = columns_of([county.report])
        contradictions = Contradictions(schools, figures)
        changes = [each.change for each in (*county.firm.items, *county.firm.coefficients)] + [county.firm.change]
        for change in filter(None, changes):
            assert not contradictions.has(change), change
            told += 1
    assert told > 100


def test_pupils_of_the_zone_are_never_told_to_be_more_than_the_pupils(standard: Standard) -> None:
    rows = good_rows()
    short = next(i for i, row in enumerate(rows) if row.get("primary_in_zone_enrollment"))
    rows[short]["primary_in_zone_enrollment"] -= 200
    report = read_report(book_of(rows)).report
    told = Told.about(report, standard)
    [line] = [each for each in told.firm.items if each.criterion.code == "G13"]
    assert line.passed is False
    assert line.change is not None
    school = told.schools[line.change.school]
    assert line.change.after <= school.values["primary_enrollment"]
