"""The figures of the fictional 示例省: counties that pass and counties that fail, each in one telling way.

Everything comes from a seed, so a demonstration looks the same on every machine. Pure.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from evaluation.core.coefficient import difference_coefficient
from indicators.report import SchoolReport, Value
from schools.vocabulary import SchoolType, SponsorType, Stage, UrbanRural

SEED = 20260901

#: Typical figures per pupil of a stage, comfortably above the limits of 2017.
_TYPICAL: dict[Stage, dict[str, float]] = {
    Stage.PRIMARY: {"degree": 0.056, "backbone": 0.0145, "arts": 0.0125},
    Stage.JUNIOR: {"degree": 0.071, "backbone": 0.0145, "arts": 0.0125},
}
_TYPICAL_ASSETS = {"teaching": 8.0, "ground": 12.5, "equipment": 0.34, "multimedia": 0.034}
_WEIGHTS = {Stage.PRIMARY: 1.0, Stage.JUNIOR: 1.1}
_SENIOR_WEIGHT = 1.32
#: The coefficient limit the two hair's-breadth stories are laid beside; a test holds that they still tell it.
_JUNIOR_LIMIT = 0.45

Row = dict[str, Value]


@dataclass(frozen=True, slots=True)
class DemoCounty:
    """The rows and county figures of one story, by catalogue key and code. ``spoiled`` puts raw cell contents in
    place of figures (school position, catalogue key, what the clerk typed)."""

    schools: tuple[SchoolReport, ...]
    figures: dict[str, int | Decimal]
    spoiled: tuple[tuple[int, str, str | float], ...] = ()


def demo_county(code: str, name: str, story: str) -> DemoCounty | None:
    """The county of ``story``, None for the one that has not reported yet."""
    if story == "nothing_yet":
        return None
    # Not a secret: the same figures on every machine are the point.
    chance = random.Random(f"{SEED}-{code}")  # noqa: S311
    rows = _ordinary_county(code, name, chance)
    spoiled = _STORIES[story](rows, code, name, chance)
    schools = tuple(SchoolReport(row, row=0) for row in rows)
    return DemoCounty(schools, _figures(rows), tuple(spoiled))


def register_of(county: DemoCounty) -> list[Row]:
    """Code, name, type, sponsor and place of each school, as the register keeps them."""
    keys = ("code", "name", "school_type", "sponsor_type", "urban_rural")
    return [{key: school.values.get(key) for key in keys} for school in county.schools]


_PRIMARY_NAMES = (
    "实验小学",
    "第一小学",
    "第二小学",
    "城关小学",
    "东门小学",
    "河湾小学",
    "石桥小学",
    "新村小学",
    "柳林小学",
    "南坪小学",
)
_JUNIOR_NAMES = ("第一初级中学", "第二初级中学", "第三初级中学", "城北初级中学", "河湾初级中学")


def _ordinary_county(code: str, name: str, chance: random.Random) -> list[Row]:
    rows: list[Row] = []

    def add(
        school_name: str, school_type: SchoolType, pupils: dict[Stage, int], place: UrbanRural, senior: int = 0
    ) -> None:
        number = f"{code}{len(rows) + 1:04d}"
        rows.append(_school(number, f"{name}{school_name}", school_type, pupils, place, chance, senior))

    for position, school_name in enumerate(_PRIMARY_NAMES):
        place = UrbanRural.URBAN if position < 4 else UrbanRural.TOWN if position < 7 else UrbanRural.RURAL
        size = chance.randint(700, 1600) if position < 4 else chance.randint(160, 620)
        add(school_name, SchoolType.PRIMARY_SCHOOL, {Stage.PRIMARY: size}, place)
    for position, school_name in enumerate(_JUNIOR_NAMES):
        place = UrbanRural.URBAN if position < 3 else UrbanRural.TOWN
        add(school_name, SchoolType.JUNIOR_SCHOOL, {Stage.JUNIOR: chance.randint(450, 1500)}, place)
    nine_year = {Stage.PRIMARY: chance.randint(300, 700), Stage.JUNIOR: chance.randint(200, 500)}
    add("育才学校", SchoolType.NINE_YEAR, nine_year, UrbanRural.TOWN)
    add("山口教学点", SchoolType.TEACHING_POINT, {Stage.PRIMARY: 64}, UrbanRural.RURAL)
    add("特殊教育学校", SchoolType.SPECIAL, {}, UrbanRural.URBAN)
    return rows


def _school(
    code: str,
    name: str,
    school_type: SchoolType,
    pupils: dict[Stage, int],
    place: UrbanRural,
    chance: random.Random,
    senior: int = 0,
) -> Row:
    """One school whose figures agree with each other and lie above every limit."""
    row: Row = {
        "code": code,
        "name": name,
        "school_type": school_type,
        "sponsor_type": SponsorType.COUNTY_EDUCATION,
        "urban_rural": place,
        "is_boarding": False,
        "built_year": chance.randint(1985, 2022),
        "is_dense_central": False,
    }
    if school_type.has_senior_stage:
        row["senior_enrollment"] = senior
    for stage, count in pupils.items():
        _fill_stage(row, stage, count, chance)
    _fill_school(row, pupils, senior, chance)
    return row


def _fill_stage(row: Row, stage: Stage, pupils: int, chance: random.Random) -> None:
    typical, prefix = _TYPICAL[stage], stage.value.lower()
    degree = math.ceil(pupils * typical["degree"] * chance.uniform(0.9, 1.5))
    teachers = math.ceil(degree * chance.uniform(1.02, 1.12))
    master, doctor = degree // 12, 1 if degree > 60 else 0
    row |= {
        f"{prefix}_enrollment": pupils,
        f"{prefix}_full_time_teachers": teachers,
        f"{prefix}_master_teachers": master,
        f"{prefix}_doctor_teachers": doctor,
        f"{prefix}_backbone_teachers": math.ceil(pupils * typical["backbone"] * chance.uniform(0.9, 1.9)),
        f"{prefix}_shared_arts_teachers": 0,
        f"{prefix}_in_zone_enrollment": pupils,
    }
    if stage is Stage.PRIMARY:
        associate = degree // 4
        row["primary_associate_teachers"] = associate
        row["primary_bachelor_teachers"] = degree - associate - master - doctor
    else:
        row["junior_bachelor_teachers"] = degree - master - doctor
    arts = max(4, math.ceil(pupils * typical["arts"] * chance.uniform(0.95, 1.6))) if pupils > 150 else 1
    row |= {
        f"{prefix}_pe_teachers": arts - 2 * (arts // 4),
        f"{prefix}_music_teachers": arts // 4,
        f"{prefix}_fine_art_teachers": arts // 4,
        f"{prefix}_arts_teachers": 0,
    }
    largest = 45 if stage is Stage.PRIMARY else 50
    grades = 6 if stage is Stage.PRIMARY else 3
    classes = max(grades if pupils > 120 else 3, math.ceil(pupils / (largest - 4)))
    row |= {
        f"{prefix}_grades": grades,
        f"{prefix}_classes": classes,
        f"{prefix}_largest_class": min(largest, math.ceil(pupils / classes) + 2),
        "primary_classes_over_45" if stage is Stage.PRIMARY else "junior_classes_over_50": 0,
    }
    if stage is Stage.JUNIOR:
        cohort = pupils // 3
        row |= {
            "graduates": cohort,
            "entrants_three_years_ago": cohort + 2,
            "transferred_in": 3,
            "transferred_out": 4,
            "deceased": 0,
        }


def _cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"))


def _fill_school(row: Row, pupils: dict[Stage, int], senior: int, chance: random.Random) -> None:
    total = sum(pupils.values())
    # Shared assets are split by weight: enough for the junior limits, which are the higher ones.
    weighted = sum(_WEIGHTS[stage] * count for stage, count in pupils.items()) + _SENIOR_WEIGHT * senior
    weighted = weighted or 60.0
    indoor = Decimal(str(round(weighted * 0.4, 2)))

    def asset(kind: str, places: int) -> Decimal:
        return Decimal(str(round(weighted * _TYPICAL_ASSETS[kind] * chance.uniform(0.95, 1.9), places)))

    classes = sum(_whole(row, f"{stage.value.lower()}_classes") for stage in pupils)
    rooms = math.ceil(classes / 12) or 1
    teachers = sum(_whole(row, f"{stage.value.lower()}_full_time_teachers") for stage in pupils)
    budget = Decimal(max(total, 100)) * Decimal("0.095")
    row |= {
        "migrant_enrollment": total // 20,
        "certified_teachers": teachers,
        "trained_teachers": teachers,
        "teaching_area": asset("teaching", 2) + indoor,
        "indoor_sports_area": indoor,
        "sports_ground_area": asset("ground", 2),
        "other_sports_area": Decimal(0),
        "rented_sports_area": Decimal(0),
        "equipment_value": asset("equipment", 4),
        "multimedia_rooms": math.ceil(weighted * _TYPICAL_ASSETS["multimedia"] * chance.uniform(0.95, 1.7)),
        "music_room_areas": tuple(Decimal(100 + i) for i in range(rooms)),
        "art_room_areas": tuple(Decimal("92.5") + i for i in range(rooms)),
        "funds_budget": budget,
        "funds_final": budget,
        "training_budget": budget * Decimal("0.06"),
        "funds_allocated": budget,
    }


def _figures(rows: Sequence[Row]) -> dict[str, int | Decimal]:
    pupils = sum(_whole(row, f"{stage.value.lower()}_enrollment") for row in rows for stage in Stage)
    migrants = pupils // 20
    return {
        "C01": _cents(Decimal(pupils * 9) / 10_000),
        "C02": _cents(Decimal(pupils * 4) / 10_000),
        "C03": 12,
        "C04": 168,
        "C05": Decimal(68_500),
        "C06": Decimal(5_120),
        "C07": Decimal(21_300),
        "C08": Decimal(43_800),
        "C09": Decimal(720),
        "C10": Decimal(940),
        "C11": Decimal("98.4"),
        "C12": 112,
        "C13": Decimal(101_200),
        "C14": Decimal(98_600),
        "C15": 320,
        "C16": 41,
        "C17": 10,
        "C18": 1_200,
        "C19": 660,
        "C20": 290,
        "C21": migrants,
        "C22": migrants - migrants // 12,
        "C23": 0,
        "C24": 150,
        "C25": 147,
        "C26": 61,
        **{f"C{27 + i}": 3 + i % 2 for i in range(6)},
        **{f"C{33 + i}": Decimal("0.09") + Decimal(i) / 200 for i in range(6)},
        "C39": 2016,
    }


# ── Stories: each changes the ordinary county in one way ───────────────────────────────────────
Spoiled = list[tuple[int, str, str | float]]
Story = Callable[[list[Row], str, str, random.Random], Spoiled]


def _passes(rows: list[Row], code: str, name: str, chance: random.Random) -> Spoiled:
    return []


def _one_school_short(rows: list[Row], code: str, name: str, chance: random.Random) -> Spoiled:
    row = rows[3]
    ground = Decimal(_whole(row, "primary_enrollment") * 6)
    row["sports_ground_area"] = ground - _decimal(row, "indoor_sports_area")
    return []


def _backbone_coefficient(junior: Sequence[Row]) -> float:
    amounts = [_whole(row, "junior_backbone_teachers") for row in junior]
    return difference_coefficient(amounts, [_whole(row, "junior_enrollment") for row in junior]) or 0.0


def _add_backbone(row: Row, count: int) -> None:
    row["junior_backbone_teachers"] = _whole(row, "junior_backbone_teachers") + count


def _raise_over_the_limit(rows: list[Row]) -> list[Row]:
    """Raise the backbone teachers of the largest junior school until their coefficient fails, then those of the
    others as long as it still fails; returns the others: one teacher more at any of them, and it is met."""
    junior = sorted(
        (row for row in rows if row.get("junior_enrollment")), key=lambda row: -_whole(row, "junior_enrollment")
    )
    while _backbone_coefficient(junior) <= _JUNIOR_LIMIT:
        _add_backbone(junior[0], 1)
    for row in junior[1:]:
        while _backbone_coefficient(junior) > _JUNIOR_LIMIT:
            _add_backbone(row, 1)
        _add_backbone(row, -1)
    return junior


def _whole(row: Row, key: str) -> int:
    value = row.get(key)
    return value if isinstance(value, int) else 0


def _decimal(row: Row, key: str) -> Decimal:
    value = row[key]
    return value if isinstance(value, Decimal) else Decimal(0)


def _coefficient_over_by_a_hair(rows: list[Row], code: str, name: str, chance: random.Random) -> Spoiled:
    _raise_over_the_limit(rows)
    return []


def _coefficient_within_by_a_hair(rows: list[Row], code: str, name: str, chance: random.Random) -> Spoiled:
    junior = _raise_over_the_limit(rows)
    after = {}
    for position in range(1, len(junior)):
        _add_backbone(junior[position], 1)
        after[_backbone_coefficient(junior)] = position
        _add_backbone(junior[position], -1)
    _add_backbone(junior[after[max(after)]], 1)
    return []


def _many_stages(rows: list[Row], code: str, name: str, chance: random.Random) -> Spoiled:
    for school_name, school_type, pupils, senior in (
        ("外国语学校", SchoolType.TWELVE_YEAR, {Stage.PRIMARY: 520, Stage.JUNIOR: 410}, 380),
        ("第一中学", SchoolType.COMPLETE_MIDDLE, {Stage.JUNIOR: 640}, 900),
        ("枫叶九年制学校", SchoolType.NINE_YEAR, {Stage.PRIMARY: 166, Stage.JUNIOR: 210}, 0),
    ):
        number = f"{code}{len(rows) + 1:04d}"
        rows.append(_school(number, f"{name}{school_name}", school_type, pupils, UrbanRural.URBAN, chance, senior))
    for row in rows:
        _fill_extra(row)
    return []


def _fill_extra(row: Row) -> None:
    """The columns a workbook may do without: they let the measure of 2012 be computed."""
    pupils = 0
    for stage in Stage:
        prefix = stage.value.lower()
        if teachers := _whole(row, f"{prefix}_full_time_teachers"):
            row |= {f"{prefix}_staff": teachers + teachers // 12, f"{prefix}_titled_teachers": teachers * 3 // 5}
            pupils += _whole(row, f"{prefix}_enrollment")
    pupils += _whole(row, "senior_enrollment")
    if pupils:
        row |= {"computers": pupils // 7, "books": pupils * 32}


def _cell_missing(rows: list[Row], code: str, name: str, chance: random.Random) -> Spoiled:
    rows[6]["primary_music_teachers"] = None
    return []


def _teaching_points(rows: list[Row], code: str, name: str, chance: random.Random) -> Spoiled:
    for school_name, pupils in (("岭上教学点", 49), ("岭下教学点", 50)):
        number = f"{code}{len(rows) + 1:04d}"
        rows.append(
            _school(
                number, name + school_name, SchoolType.TEACHING_POINT, {Stage.PRIMARY: pupils}, UrbanRural.RURAL, chance
            )
        )
    # Two relaxations matter here: a school of 50 pupils whose arts teachers come from elsewhere, and old small rooms.
    rows[-1] |= {"primary_pe_teachers": 0, "primary_shared_arts_teachers": 1}
    rows[7] |= {"built_year": 2009}
    for key, area in (("music_room_areas", 80), ("art_room_areas", 70)):
        rooms = rows[7][key]
        rows[7][key] = tuple(Decimal(area) for _ in rooms) if isinstance(rooms, tuple) else rooms
    return []


def _six_of_seven(rows: list[Row], code: str, name: str, chance: random.Random) -> Spoiled:
    row = rows[5]
    area = Decimal(_whole(row, "primary_enrollment") * 7)
    row["sports_ground_area"] = area - _decimal(row, "indoor_sports_area")
    return []


def _classes_too_large(rows: list[Row], code: str, name: str, chance: random.Random) -> Spoiled:
    rows[0] = _school(
        str(rows[0]["code"]),
        str(rows[0]["name"]),
        SchoolType.PRIMARY_SCHOOL,
        {Stage.PRIMARY: 2104},
        UrbanRural.URBAN,
        chance,
    )
    rows[1] |= {"primary_largest_class": 48, "primary_classes_over_45": 3}
    return []


def _cells_refused(rows: list[Row], code: str, name: str, chance: random.Random) -> Spoiled:
    return [
        (1, "primary_enrollment", "１２０８人"),
        (2, "primary_backbone_teachers", -3.0),
        (4, "equipment_value", "暂缺"),
        (7, "primary_bachelor_teachers", 900.0),
        (11, "junior_classes", 12.5),
    ]


def _fails_widely(rows: list[Row], code: str, name: str, chance: random.Random) -> Spoiled:
    for position, row in enumerate(rows):
        if position % 3 == 0 and row.get("primary_enrollment"):
            row["sports_ground_area"] = _cents(_decimal(row, "sports_ground_area") / 3)
            row["equipment_value"] = _cents(_decimal(row, "equipment_value") / 4)
        # The special school has no teachers of these stages to take two away from.
        if position % 4 == 1 and _whole(row, "trained_teachers") > 2:
            row["trained_teachers"] = _whole(row, "trained_teachers") - 2
    rows[0]["multimedia_rooms"] = 220
    rows[9]["music_room_areas"] = ()
    return []


_STORIES: dict[str, Story] = {
    "passes": _passes,
    "one_school_short": _one_school_short,
    "coefficient_over_by_a_hair": _coefficient_over_by_a_hair,
    "coefficient_within_by_a_hair": _coefficient_within_by_a_hair,
    "many_stages": _many_stages,
    "cell_missing": _cell_missing,
    "teaching_points": _teaching_points,
    "six_of_seven": _six_of_seven,
    "classes_too_large": _classes_too_large,
    "cells_refused": _cells_refused,
    "fails_widely": _fails_widely,
}


def large_county(size: int, code: str = "990101", name: str = "示例县") -> DemoCounty:
    """A county of ``size`` schools of all types, for benchmarks: the ordinary county, many times over."""
    chance = random.Random(f"{SEED}-large-{size}")  # noqa: S311
    kinds = (
        *[(SchoolType.PRIMARY_SCHOOL, {Stage.PRIMARY: (120, 1800)}, 0)] * 6,
        *[(SchoolType.JUNIOR_SCHOOL, {Stage.JUNIOR: (200, 1800)}, 0)] * 2,
        (SchoolType.NINE_YEAR, {Stage.PRIMARY: (150, 900), Stage.JUNIOR: (150, 700)}, 0),
        (SchoolType.TEACHING_POINT, {Stage.PRIMARY: (50, 99)}, 0),
        (SchoolType.COMPLETE_MIDDLE, {Stage.JUNIOR: (300, 900)}, 700),
    )
    rows = []
    for position in range(size):
        school_type, ranges, senior = kinds[position % len(kinds)]
        pupils = {stage: chance.randint(*bounds) for stage, bounds in ranges.items()}
        place = list(UrbanRural)[position % 3]
        number = f"{code}{position + 1:04d}"
        rows.append(_school(number, f"{name}第{position + 1}学校", school_type, pupils, place, chance, senior))
    return DemoCounty(tuple(SchoolReport(row) for row in rows), _figures(rows))
