"""Each relaxation at the edge of its words, by the kernel and by the second implementation.

One school in a county, sound but for what the relaxation is about; the rest of the county is of no account here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from evaluation.core.decided import Decided, Grant
from evaluation.core.standard import read_standard
from evaluation.core.verdict import judge_report
from indicators.report import CountyReport
from schools.vocabulary import SchoolType, Stage, UrbanRural
from tests.alternative import judge_county
from tests.evaluation.random_counties import AS_OF, SUBJECTS, Draft, just_enough, prefix, write_school

STANDARD = read_standard(Path(__file__).resolve().parents[2] / "fixtures" / "standards" / "2017-quality.toml")
CODE = "0000000001"
PRIMARY, JUNIOR = Stage.PRIMARY, Stage.JUNIOR
PRIMARY_SCHOOL, JUNIOR_SCHOOL = SchoolType.PRIMARY_SCHOOL, SchoolType.JUNIOR_SCHOOL
NINE_YEAR, TEACHING_POINT = SchoolType.NINE_YEAR, SchoolType.TEACHING_POINT
RURAL, TOWN = UrbanRural.RURAL, UrbanRural.TOWN

Judge = Callable[[CountyReport, Decided], Mapping[str, Any]]


def kernel(report: CountyReport, decided: Decided) -> Mapping[str, Any]:
    return judge_report(report, STANDARD, AS_OF, decided)


def second_implementation(report: CountyReport, decided: Decided) -> Mapping[str, Any]:
    return judge_county(report, AS_OF, decided)


both = pytest.mark.parametrize("judge", [kernel, second_implementation])


def school(school_type: SchoolType, pupils: dict[Stage, int], **values: Any) -> Draft:
    draft = write_school(Random(4), CODE, school_type, pupils, 0, just_enough(pupils))
    draft.values |= {"built_year": 2020, "urban_rural": TOWN, "is_dense_central": False, "migrant_enrollment": 0}
    draft.values |= values
    return draft


def granted(judge: Judge, relaxation: str, *drafts: Draft) -> Mapping[str, Any]:
    grant = Grant(relaxation, CODE, date(2025, 9, 1), date(2028, 8, 31))
    return judge(CountyReport(tuple(draft.report(0) for draft in drafts)), Decided((grant,)))


# ── R1: arts teachers of small rural schools ──────────────────────────────────────────────────


@both
@pytest.mark.parametrize(
    ("school_type", "place", "pupils", "works"),
    [
        (PRIMARY_SCHOOL, RURAL, {PRIMARY: 49}, False),
        (PRIMARY_SCHOOL, RURAL, {PRIMARY: 50}, True),
        (PRIMARY_SCHOOL, RURAL, {PRIMARY: 99}, True),
        (PRIMARY_SCHOOL, RURAL, {PRIMARY: 100}, False),
        (PRIMARY_SCHOOL, TOWN, {PRIMARY: 60}, False),
        (PRIMARY_SCHOOL, None, {PRIMARY: 60}, False),
        (TEACHING_POINT, TOWN, {PRIMARY: 60}, True),
        (TEACHING_POINT, None, {PRIMARY: 60}, True),
        (TEACHING_POINT, RURAL, {PRIMARY: 49}, False),
        (NINE_YEAR, RURAL, {PRIMARY: 49, JUNIOR: 50}, True),
        (NINE_YEAR, RURAL, {PRIMARY: 50, JUNIOR: 50}, False),
    ],
)
def test_visiting_arts_teachers_count_for_50_to_99_pupils_in_a_village_or_at_a_teaching_point(
    judge: Judge, school_type: SchoolType, place: UrbanRural | None, pupils: dict[Stage, int], works: bool
) -> None:
    draft = school(school_type, pupils, urban_rural=place)
    for stage in pupils:
        draft.values |= {f"{prefix(stage)}_{subject}_teachers": 0 for subject in SUBJECTS}
        draft.values[f"{prefix(stage)}_shared_arts_teachers"] = 1
    verdict = granted(judge, "R1", draft)
    assert [each["works"] for each in verdict["relaxations"]] == [works]
    assert {row["passed"] for row in verdict["schools"]} <= {works}
    assert {row["values"]["L3"] > 0 for row in verdict["schools"]} <= {works}


@both
@pytest.mark.parametrize("is_rejected", [True, False])
def test_visiting_teachers_nobody_wrote_down_add_nothing_and_lose_nothing(judge: Judge, is_rejected: bool) -> None:
    draft = school(PRIMARY_SCHOOL, {PRIMARY: 60}, urban_rural=RURAL)
    (draft.reject if is_rejected else draft.clear)("primary_shared_arts_teachers")
    verdict = granted(judge, "R1", draft)
    assert verdict["relaxations"][0]["works"] is True
    assert [row["passed"] for row in verdict["schools"]] == [True]


# ── R2: sports space of over-dense central schools ────────────────────────────────────────────


@both
@pytest.mark.parametrize(
    ("is_dense", "converted", "rented", "reaches"),
    [
        (True, "750", "750", True),
        (True, "1500", None, True),
        (True, None, "1500", True),
        (True, "750", "749.999999", False),
        (False, "750", "750", False),
        (None, "750", "750", False),
    ],
)
def test_converted_and_rented_space_counts_in_an_over_dense_centre(
    judge: Judge, is_dense: bool | None, converted: str | None, rented: str | None, reaches: bool
) -> None:
    """7.5 square metres for 1000 pupils are 7500, of which 6000 are there."""
    draft = school(PRIMARY_SCHOOL, {PRIMARY: 1000}, is_dense_central=is_dense)
    draft.values |= {"sports_ground_area": Decimal(6000), "indoor_sports_area": Decimal(0)}
    draft.values["other_sports_area"] = None if converted is None else Decimal(converted)
    draft.values["rented_sports_area"] = None if rented is None else Decimal(rented)
    verdict = granted(judge, "R2", draft)
    assert ("L5" in verdict["schools"][0]["attained"]) is reaches
    assert [each["works"] for each in verdict["relaxations"]] == [is_dense is True]


@both
def test_rented_space_is_shared_among_the_stages_like_the_rest(judge: Judge) -> None:
    """100 : 1.1 × 100 of 4200 square metres are 20 and 22 for each pupil."""
    draft = school(NINE_YEAR, {PRIMARY: 100, JUNIOR: 100}, is_dense_central=True)
    draft.values |= {"sports_ground_area": Decimal(2100), "indoor_sports_area": Decimal(0)}
    draft.values |= {"rented_sports_area": Decimal(2000), "other_sports_area": Decimal(100)}
    verdict = granted(judge, "R2", draft)
    assert {row["stage"]: row["values"]["L5"] for row in verdict["schools"]} == {"PRIMARY": 20, "JUNIOR": 22}
    strict = verdict["without_relaxations"]["schools"]
    assert {row["stage"]: row["values"]["L5"] for row in strict} == {"PRIMARY": 10, "JUNIOR": 11}


# ── R3: rooms for music and art ───────────────────────────────────────────────────────────────


@both
@pytest.mark.parametrize(
    ("school_type", "place", "built", "largest", "music", "art", "status"),
    [
        (PRIMARY_SCHOOL, TOWN, 2016, 45, "73", "67", "exempt"),
        (PRIMARY_SCHOOL, TOWN, 2016, 45, "72.999999", "67", "not_met"),
        (PRIMARY_SCHOOL, TOWN, 2016, 45, "73", "66.999999", "not_met"),
        (PRIMARY_SCHOOL, TOWN, 2017, 45, "73", "67", "not_met"),
        (PRIMARY_SCHOOL, TOWN, None, 45, "73", "67", "not_met"),
        (PRIMARY_SCHOOL, TOWN, 2016, 45, "96", "90", "met"),
        (PRIMARY_SCHOOL, RURAL, 2020, 29, "54", "54", "exempt"),
        (PRIMARY_SCHOOL, RURAL, 2020, 29, "53.999999", "54", "not_met"),
        (PRIMARY_SCHOOL, RURAL, 2020, 29, "54", "53.999999", "not_met"),
        (PRIMARY_SCHOOL, RURAL, 2020, 30, "54", "54", "not_met"),
        (PRIMARY_SCHOOL, RURAL, 2020, None, "54", "54", "not_met"),
        (PRIMARY_SCHOOL, TOWN, 2020, 29, "54", "54", "not_met"),
        (PRIMARY_SCHOOL, None, 2020, 29, "54", "54", "not_met"),
        (JUNIOR_SCHOOL, RURAL, 2020, 29, "61", "61", "exempt"),
        (JUNIOR_SCHOOL, RURAL, 2020, 29, "60.999999", "61", "not_met"),
        (NINE_YEAR, RURAL, 2020, 29, "61", "61", "exempt"),
        (NINE_YEAR, RURAL, 2020, 29, "61", "60.999999", "not_met"),
        # Where both cases apply, the smaller area counts.
        (JUNIOR_SCHOOL, RURAL, 2016, 29, "61", "61", "exempt"),
        (JUNIOR_SCHOOL, RURAL, 2016, 30, "61", "61", "not_met"),
    ],
)
def test_smaller_rooms_do_for_schools_built_until_2016_and_small_rural_ones(
    judge: Judge,
    school_type: SchoolType,
    place: UrbanRural | None,
    built: int | None,
    largest: int | None,
    music: str,
    art: str,
    status: str,
) -> None:
    pupils = dict.fromkeys(school_type.stages, 200)
    draft = school(school_type, pupils, urban_rural=place, built_year=built)
    draft.values |= {f"{prefix(stage)}_largest_class": largest for stage in pupils}
    draft.values |= {"music_room_areas": (Decimal(music),), "art_room_areas": (Decimal(art),)}
    assert granted(judge, "R3", draft)["criteria"]["G3"]["status"] == status


@both
def test_the_largest_class_of_all_stages_decides(judge: Judge) -> None:
    draft = school(NINE_YEAR, {PRIMARY: 100, JUNIOR: 100}, urban_rural=RURAL)
    draft.values |= {"music_room_areas": (Decimal(61),), "art_room_areas": (Decimal(61),)}
    draft.values |= {"primary_largest_class": 29, "junior_largest_class": 30}
    assert granted(judge, "R3", draft)["criteria"]["G3"]["status"] == "not_met"


@both
def test_the_number_of_rooms_is_not_relaxed(judge: Judge) -> None:
    draft = school(PRIMARY_SCHOOL, {PRIMARY: 585}, built_year=2010)
    draft.values |= {"primary_classes": 13, "music_room_areas": (Decimal(73),), "art_room_areas": (Decimal(90),) * 2}
    assert granted(judge, "R3", draft)["criteria"]["G3"]["status"] == "not_met"


# ── R4: large schools ─────────────────────────────────────────────────────────────────────────


@both
@pytest.mark.parametrize(
    ("school_type", "pupils", "built", "migrants", "status"),
    [
        (PRIMARY_SCHOOL, {PRIMARY: 2400}, 2010, 0, "exempt"),
        (PRIMARY_SCHOOL, {PRIMARY: 2401}, 2010, 0, "not_met"),
        (PRIMARY_SCHOOL, {PRIMARY: 2400}, 2011, 0, "not_met"),
        (PRIMARY_SCHOOL, {PRIMARY: 2400}, None, 0, "not_met"),
        (PRIMARY_SCHOOL, {PRIMARY: 2400}, 2011, 1200, "not_met"),
        (PRIMARY_SCHOOL, {PRIMARY: 2400}, 2011, 1201, "exempt"),
        (PRIMARY_SCHOOL, {PRIMARY: 2400}, 2011, None, "not_met"),
        (PRIMARY_SCHOOL, {PRIMARY: 2000}, 2010, 0, "met"),
        (JUNIOR_SCHOOL, {JUNIOR: 2400}, 2010, 0, "exempt"),
        (JUNIOR_SCHOOL, {JUNIOR: 2401}, None, 2401, "not_met"),
        (NINE_YEAR, {PRIMARY: 1500, JUNIOR: 1500}, 2010, 0, "exempt"),
        (NINE_YEAR, {PRIMARY: 1500, JUNIOR: 1501}, 2010, 0, "not_met"),
        (NINE_YEAR, {PRIMARY: 1500, JUNIOR: 1500}, 2011, 1500, "not_met"),
        (NINE_YEAR, {PRIMARY: 1500, JUNIOR: 1500}, 2011, 1501, "exempt"),
    ],
)
def test_more_pupils_may_go_to_schools_built_until_2010_or_with_more_than_half_from_elsewhere(
    judge: Judge,
    school_type: SchoolType,
    pupils: dict[Stage, int],
    built: int | None,
    migrants: int | None,
    status: str,
) -> None:
    draft = school(school_type, pupils, built_year=built, migrant_enrollment=migrants)
    assert granted(judge, "R4", draft)["criteria"]["G4"]["status"] == status


# ── To whom a grant belongs ───────────────────────────────────────────────────────────────────


@both
@pytest.mark.parametrize("relaxation", ["R2", "R3", "R4"])
def test_a_grant_works_on_nothing_at_a_school_outside_the_population(judge: Judge, relaxation: str) -> None:
    draft = school(SchoolType.SPECIAL, {PRIMARY: 300}, built_year=1990, is_dense_central=True)
    verdict = granted(judge, relaxation, draft)
    assert [each["works"] for each in verdict["relaxations"]] == [False]


@both
def test_a_grant_for_a_code_that_two_rows_claim_is_neither_s(judge: Judge) -> None:
    drafts = [school(PRIMARY_SCHOOL, {PRIMARY: 2400}, built_year=1990) for _ in range(2)]
    verdict = granted(judge, "R4", *drafts)
    assert verdict["criteria"]["G4"]["status"] == "not_met"
    assert "relaxations" not in verdict


@both
@pytest.mark.parametrize("relaxation", ["R1", "R2", "R3"])
def test_one_relaxation_does_not_stand_in_for_another(judge: Judge, relaxation: str) -> None:
    draft = school(PRIMARY_SCHOOL, {PRIMARY: 2400}, built_year=1990, is_dense_central=True)
    assert granted(judge, relaxation, draft)["criteria"]["G4"]["status"] == "not_met"
