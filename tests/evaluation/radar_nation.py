"""A small nation for the radar's tests: random counties of two years with everything planted the rules look for."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

import numpy as np

from evaluation.core.columns import columns_of
from evaluation.core.radar.figures import NO_CODE, YearFigures
from indicators.catalogue import FIELD_BY_KEY, FIELDS, Kind
from indicators.checks.known import Threshold, Thresholds
from indicators.report import CountyReport, SchoolReport
from schools.vocabulary import SchoolType, Stage, UrbanRural
from tests.evaluation.random_counties import DEGREES, FACTORS, LIMITS, SHARED, SUBJECTS, prefix, random_county

NUMBERS = tuple(f.key for f in FIELDS if f.kind in (Kind.COUNT, Kind.AREA, Kind.MONEY))
AREAS = ("teaching_area", "sports_ground_area", "equipment_value")
WEIGHTS = (100.0, 110.0, 132.0)


def _plus(stage: Stage, code: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    own = prefix(stage)
    return {
        "L1": (tuple(f"{own}_{degree}_teachers" for degree in DEGREES[stage]), ()),
        "L2": ((f"{own}_backbone_teachers",), ()),
        "L3": (tuple(f"{own}_{subject}_teachers" for subject in SUBJECTS), ()),
        "L4": (("teaching_area",), ("indoor_sports_area",)),
        "L5": (("sports_ground_area", "indoor_sports_area"), ()),
        "L6": (("equipment_value",), ()),
        "L7": (("multimedia_rooms",), ()),
    }[code]


THRESHOLDS = Thresholds(
    tuple(
        Threshold(code, code, stage, float(limit), FACTORS[code], *_plus(stage, code), code in SHARED)
        for stage, limits in LIMITS.items()
        for code, limit in limits.items()
    ),
    WEIGHTS,
)


@dataclass(frozen=True)
class Year:
    """Reports by division code, and the same as columns."""

    reports: dict[int, CountyReport]

    def figures(self) -> YearFigures:
        schools, figures, ordered = columns_of(list(self.reports.values()))
        code = [int(str(school.values["code"])) if school.values.get("code") else NO_CODE for school in ordered]
        return YearFigures(
            schools,
            np.array(list(self.reports), np.int64),
            np.array(code, np.int64),
            np.array([school.row for school in ordered], np.int64),
            figures.is_population_certain,
        )


def nation(seed: int, counties: int = 9) -> tuple[Year, Year]:
    """This year and the year before; one county has no year before, one of last year is gone."""
    rng = Random(seed)
    now = {990101 + i: _county(rng, 990101 + i, seed * 100 + i) for i in range(counties)}
    before = {code: _year_before(rng, report) for code, report in now.items()}
    del before[990101 + counties - 1]
    before[989901] = _county(rng, 989901, seed)
    _plant_copies(rng, now)
    return Year({code: _report(schools, rng) for code, schools in now.items()}), Year(
        {code: _report(schools, rng) for code, schools in before.items()}
    )


def _report(schools: list[SchoolReport], rng: Random) -> CountyReport:
    order = list(schools)
    rng.shuffle(order)
    rows = tuple(SchoolReport(s.values, s.rejected, row) for row, s in enumerate(order, start=3))
    return CountyReport(schools=rows, figures={}, is_population_certain=rng.random() > 0.15)


def _county(rng: Random, county: int, seed: int) -> list[SchoolReport]:
    """Schools of some random counties under codes of their own, most of two types so that there are peers."""
    schools = [school for k in range(4) for school in random_county(seed * 10 + k).schools]
    found = []
    is_round, digit, is_alike = rng.random() < 0.25, rng.random() < 0.25, rng.random() < 0.7
    for number, school in enumerate(schools):
        values, rejected = dict(school.values), set(school.rejected)
        values["code"] = f"{county:06d}{number:04d}" if rng.random() > 0.03 else None
        if is_alike and not rejected:
            _make_ordinary(rng, values)
        if rng.random() < 0.08:
            _spoil(rng, values)
        for key in AREAS if is_round else ():
            if values.get(key):
                values[key] = Decimal(int(values[key]) // 100 * 100 + 100)
        if digit and values.get("primary_enrollment"):
            values["primary_enrollment"] = int(values["primary_enrollment"]) // 10 * 10
        found.append(SchoolReport(values, frozenset(rejected), number))
    return found


def _make_ordinary(rng: Random, values: dict[str, Any]) -> None:
    """A primary school like hundreds of others, often exactly at a limit."""
    pupils = rng.choice((120, 240, 500, 560, 580)) + rng.randint(0, 9)
    for key in NUMBERS:
        if FIELD_BY_KEY[key].stage is Stage.JUNIOR or key == "senior_enrollment":
            values[key] = None
    values |= {
        "school_type": SchoolType.PRIMARY_SCHOOL,
        "urban_rural": rng.choice(list(UrbanRural)),
        "primary_enrollment": pupils,
        "primary_classes": max(pupils // 40, 1),
        "primary_full_time_teachers": pupils // 16 + 1,
        "multimedia_rooms": pupils // 30 + rng.randint(0, 2),
    }
    for key, each in (("teaching_area", 6), ("sports_ground_area", 10), ("equipment_value", 0.3)):
        values[key] = Decimal(round(pupils * each * rng.uniform(0.9, 1.1) * 100)) / 100
    values["indoor_sports_area"] = Decimal(0)
    values["primary_bachelor_teachers"] = pupils // 20
    values["funds_budget"] = Decimal(pupils * 9) / 100
    if rng.random() < 0.4:
        values["sports_ground_area"] = Decimal(pupils * 75) / 10


def _spoil(rng: Random, values: dict[str, Any]) -> None:
    key = rng.choice(("teaching_area", "sports_ground_area", "equipment_value", "multimedia_rooms", "funds_budget"))
    if values.get(key):
        values[key] = values[key] * rng.choice((20, 40)) if rng.random() < 0.7 else values[key] / 20
        if key == "multimedia_rooms":
            values[key] = int(values[key])


def _year_before(rng: Random, schools: list[SchoolReport]) -> list[SchoolReport]:
    found = []
    is_carried, share_gone = rng.random() < 0.3, rng.choice((0, 0, 0.2))
    for school in schools:
        values = dict(school.values)
        chance = rng.random()
        if chance < share_gone:
            continue
        if chance > 0.95 or is_carried:
            if rng.random() < 0.6:
                values["multimedia_rooms"] = int(values.get("multimedia_rooms") or 0) + 1
        else:
            for key in NUMBERS:
                value = values.get(key)
                if value:
                    factor = rng.choice((1, 1, 1.02, 0.97, 1.05)) if rng.random() < 0.93 else rng.choice((0.2, 0.5, 3))
                    is_whole = isinstance(value, int)
                    values[key] = int(value * factor) if is_whole else round(value * Decimal(str(factor)), 6)
            if rng.random() < 0.15 and values.get("teaching_area") and values.get("primary_enrollment"):
                values["teaching_area"] = round(values["teaching_area"] / 2, 6)
                values["primary_enrollment"] = int(values["primary_enrollment"]) * 2
        found.append(SchoolReport(values, school.rejected, school.row))
    if rng.random() < 0.5:
        gone = [SchoolReport(s.values | {"code": f"98{k:08d}"}, s.rejected, s.row) for k, s in enumerate(found[:6])]
        found += gone
    return found


def _plant_copies(rng: Random, now: dict[int, list[SchoolReport]]) -> None:
    """Rows copied within a county and across, as a whole and in part; one county made after another."""
    counties = list(now)
    for _ in range(12):
        source, target = rng.choice(counties), rng.choice(counties)
        give, take = rng.choice(now[source]), rng.randrange(len(now[target]))
        keep = ("code", "name") if rng.random() < 0.5 else ("code", "name", "primary_enrollment", "primary_classes")
        mine = now[target][take].values
        now[target][take] = SchoolReport(give.values | {k: mine.get(k) for k in keep}, give.rejected, 0)
    first, second = counties[:2]
    for take in range(len(now[second]) // 2):
        give, mine = now[first][take % len(now[first])], now[second][take].values
        now[second][take] = SchoolReport(give.values | {"code": mine.get("code")}, give.rejected, 0)
