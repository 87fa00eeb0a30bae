"""What leaves the database as columns is what the readers of single versions give, to the last number."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from evaluation.core.columns import columns_of
from evaluation.core.decided import Decided, Grant, Judged, Supplied
from evaluation.core.verdict import describe, judge, judge_reports
from evaluation.stored_columns import decided_columns, stored_counties
from indicators.actions import record_upload, save_report
from indicators.models import Submission
from indicators.queries import report_of
from indicators.workbook.read import ReadReport
from schools.actions import add_division
from schools.models import County
from schools.vocabulary import DivisionLevel
from tests.evaluation.random_counties import random_county

DAY = datetime.date(2026, 11, 1)
SEEDS = (4, 6, 20, *range(40, 61))


@pytest.fixture
def versions(county, clerk) -> list[Submission]:
    """Random counties as stored versions, refused cells, doubtful identities and exact limits among them."""
    stored = []
    for number, seed in enumerate(SEEDS):
        code = f"99{number + 2:02d}01"
        add_division(code, f"县{number}", DivisionLevel.COUNTY, "990100")
        submission, _ = record_upload(clerk, County.objects.get(pk=code), 2026, "a.xlsx", str(seed).encode())
        save_report(submission, ReadReport(random_county(seed), (), {}, {}, is_judgeable=True))
        stored.append(submission)
    return stored


def test_stored_versions_give_the_columns_of_their_reports(versions):
    keys = [version.pk for version in versions]
    found = stored_counties(keys[::-1])
    schools, figures, ordered = columns_of([report_of(version) for version in versions])
    assert found.submissions.tolist() == keys
    assert found.codes() == [str(school.values.get("code") or "") for school in ordered]
    np.testing.assert_array_equal(found.schools.county, schools.county)
    for key in schools.columns:
        np.testing.assert_array_equal(found.schools.column(key), schools.column(key), err_msg=key)
    for key, rooms in schools.rooms.items():
        np.testing.assert_array_equal(found.schools.rooms[key].school, rooms.school, err_msg=key)
        np.testing.assert_array_equal(found.schools.rooms[key].area, rooms.area, err_msg=key)
    for code in figures.columns:
        np.testing.assert_array_equal(found.figures.column(code), figures.column(code), err_msg=code)
    np.testing.assert_array_equal(found.figures.is_population_certain, figures.is_population_certain)
    assert (figures.is_population_certain == 0).any()
    assert (schools.column("teaching_area") == -2).any() or (schools.column("primary_enrollment") == -2).any()


def test_judged_from_columns_a_county_is_told_as_from_its_report(versions, standard_document):
    found = stored_counties([version.pk for version in versions])
    reports = [report_of(version) for version in versions]
    ordered = columns_of(reports)[2]
    judgement = judge(found.schools, found.figures, standard_document, DAY)
    told = [describe(judgement, found.schools, ordered, i) for i in range(len(reports))]
    assert told == judge_reports(reports, standard_document, DAY)


def test_decisions_stand_beside_stored_figures_as_beside_reports(versions, standard_document):
    found = stored_counties([version.pk for version in versions])
    reports = [report_of(version) for version in versions]
    schools, _, ordered = columns_of(reports)
    codes = {
        int(county): str(school.values.get("code")) for county, school in zip(schools.county, ordered, strict=True)
    }
    year = datetime.date(2026, 1, 1), datetime.date(2026, 12, 31)
    decided = [
        Decided(
            (Grant("R3", codes[i], *year), Grant("R4", codes[i], *year)),
            {"G1": Judged(i % 2 == 0, "看过规划")},
            {"S1": Supplied({"issued": 900, "valid": 800, "satisfied": 700 + i}, "调查报告")},
        )
        if i in codes
        else Decided()
        for i in range(len(reports))
    ]
    columns, figures = decided_columns(found, decided, DAY)
    judgement = judge(found.schools, figures, standard_document, DAY, columns)
    told = [describe(judgement, found.schools, ordered, i) for i in range(len(reports))]
    assert told == judge_reports(reports, standard_document, DAY, decided)
    assert any("relaxations" in each for each in told)


def test_no_versions_give_no_columns(db):
    found = stored_counties([])
    assert len(found.schools) == 0
    assert found.schools.n_counties == 0
