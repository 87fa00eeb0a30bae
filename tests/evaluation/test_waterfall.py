"""What made a coefficient another one: the parts are told apart, and add up."""

from __future__ import annotations

import dataclasses
import datetime

import pytest

from evaluation.core.decided import NOTHING_DECIDED
from evaluation.core.verdict import judge_report
from evaluation.core.waterfall import PARTS, MovedSchool, Year, closed_and_opened, waterfalls
from evaluation.demo import demo_county
from indicators.report import CountyReport, SchoolReport
from schools.vocabulary import Stage
from tests.evaluation.random_counties import random_county

TODAY = datetime.date(2026, 10, 1)


def year(report: CountyReport, standard) -> Year:
    return Year(report, standard, TODAY, NOTHING_DECIDED)


def changed(report: CountyReport, **values: object) -> CountyReport:
    """The same county with cells of its first school changed."""
    first, *others = report.schools
    school = SchoolReport(dict(first.values) | values, first.rejected, first.row)
    return dataclasses.replace(report, schools=(school, *others))


@pytest.fixture
def report(standard_document):
    told = demo_county("990101", "望棠区", "passes")
    return CountyReport(told.schools, told.figures, is_population_certain=True)


def moved(before: CountyReport, after: CountyReport, standard) -> set[str]:
    """Which parts moved anything."""
    found = set()
    for each in waterfalls(year(before, standard), year(after, standard)):
        for part, old, new in zip(PARTS, each.values, each.values[1:], strict=False):
            if old != new:
                found.add(part)
    return found


def test_nothing_moves_where_nothing_changed(report, standard_document):
    assert moved(report, report, standard_document) == set()


def test_more_pupils_move_only_the_part_of_pupils(report, standard_document):
    more = {
        key: report.schools[0].values[key] + 60
        for key in ("primary_enrollment", "junior_enrollment")
        if report.schools[0].values.get(key)
    }
    assert moved(report, changed(report, **more), standard_document) == {"enrollment"}


def test_new_rooms_move_only_the_part_of_resources(report, standard_document):
    area = report.schools[0].values["teaching_area"]
    assert moved(report, changed(report, teaching_area=area * 2), standard_document) == {"resources"}


def test_a_closed_school_and_a_new_one_move_only_the_part_of_schools_and_are_named(report, standard_document):
    smaller = dataclasses.replace(report, schools=report.schools[1:])
    assert moved(report, smaller, standard_document) == {"schools"}
    assert moved(smaller, report, standard_document) == {"schools"}
    values = report.schools[0].values
    gone = MovedSchool(values["code"], values["name"], ())
    before, after = year(report, standard_document), year(smaller, standard_document)
    assert closed_and_opened(before, after, ((), ())) == ((gone,), ())
    assert closed_and_opened(after, before, ((), ())) == ((), (gone,))


@pytest.mark.parametrize("seed", range(40))
def test_the_parts_lead_from_the_one_verdict_to_the_other_exactly(seed, standard_document):
    before, after = random_county(seed), random_county(seed + 1_000)
    results = [judge_report(each, standard_document, TODAY) for each in (before, after)]
    for each in waterfalls(year(before, standard_document), year(after, standard_document)):
        told = [result["stages"][each.stage.value] for result in results]
        expected = [
            stage["indicators"][each.code]["coefficient"] if each.code else stage["composite"] for stage in told
        ]
        assert [each.before, each.after] == expected
        assert len(each.values) == len(PARTS) + 1


def test_both_stages_and_every_indicator_are_told(report, standard_document):
    same = year(report, standard_document)
    told = {(each.stage, each.code) for each in waterfalls(same, same)}
    codes = [indicator.code for indicator in standard_document.indicators]
    assert told == {(stage, code) for stage in Stage for code in (*codes, "")}
