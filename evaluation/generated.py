"""A nation that does not exist: counties, schools and figures from a seed, for measuring and for rehearsals.

Fictional provinces with division codes no real place has. Spreads differ by region and type of school; some counties
carry planted defects: cells left empty, schools far below the limits, figures that contradict nothing and fail
everything. Pure: numpy arrays and names, no database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indicators.catalogue import DECIMAL_SCALE
from schools.vocabulary import SchoolType, SponsorType, Stage, UrbanRural

#: Two digits that no real province's code begins with.
PROVINCE_PREFIXES = tuple(
    f"{n:02d}" for n in (*range(1, 11), *range(16, 21), *range(24, 31), *range(38, 41), *range(47, 50), *range(55, 58))
)
NATION = 2_853
SCHOOLS = 207_000
SHARE_WITH_DEFECTS = 0.10

TYPES = (
    SchoolType.PRIMARY_SCHOOL,
    SchoolType.TEACHING_POINT,
    SchoolType.JUNIOR_SCHOOL,
    SchoolType.NINE_YEAR,
    SchoolType.COMPLETE_MIDDLE,
    SchoolType.TWELVE_YEAR,
)
_TYPE_SHARES = (0.50, 0.10, 0.17, 0.19, 0.03, 0.01)
#: Pupils of a stage: median and spread of a lognormal, by place.
_SIZES = {
    UrbanRural.URBAN: ((1_100, 0.45), (900, 0.40)),
    UrbanRural.TOWN: ((650, 0.55), (650, 0.45)),
    UrbanRural.RURAL: ((180, 0.70), (260, 0.60)),
}
PLACES = tuple(_SIZES)
_PLACE_SHARES = (0.25, 0.40, 0.35)
_WEIGHTS = {Stage.PRIMARY: 1.0, Stage.JUNIOR: 1.1, "SENIOR": 1.32}

IntArray = npt.NDArray[np.int64]
Column = npt.NDArray[np.int64] | list[str]


@dataclass(frozen=True, slots=True)
class GeneratedCounty:
    """One county: division code, name, province prefix, columns by catalogue key (−1 is an empty cell), the areas of
    its music and art rooms as written, and its county figures as stored numbers."""

    code: str
    name: str
    prefix: str
    columns: dict[str, IntArray]
    codes: list[str]
    names: list[str]
    rooms: dict[str, list[str]]
    figures: dict[str, int]


def generated_counties(
    count: int = NATION, schools: int = SCHOOLS, seed: int = 1, year: int = 2026
) -> Iterator[GeneratedCounty]:
    """``count`` counties with about ``schools`` schools in all. The same seed gives the same schools every year, and
    figures that drift from year to year."""
    layout = np.random.default_rng([seed, 0])
    weights = layout.lognormal(0, 0.55, count)
    sizes = np.maximum(np.round(weights / weights.sum() * schools).astype(np.int64), 4)
    for number in range(count):
        prefix = PROVINCE_PREFIXES[number % len(PROVINCE_PREFIXES)]
        within = number // len(PROVINCE_PREFIXES)
        code = f"{prefix}{within // 12 + 1:02d}{within % 12 + 1:02d}"
        yield _county(code, prefix, int(sizes[number]), seed, year, number)


def _county(code: str, prefix: str, size: int, seed: int, year: int, number: int) -> GeneratedCounty:
    who = np.random.default_rng([seed, 1, number])
    types = who.choice(len(TYPES), size, p=_TYPE_SHARES)
    types[:2] = (0, 2)
    place = who.choice(len(PLACES), size, p=_PLACE_SHARES)
    place[types == TYPES.index(SchoolType.TEACHING_POINT)] = PLACES.index(UrbanRural.RURAL)
    private = who.random(size) < 0.06
    wealth = who.lognormal(0.30, 0.12)
    unevenness = who.uniform(0.02, 0.14)
    has_defects = who.random() < SHARE_WITH_DEFECTS
    chance = np.random.default_rng([seed, 2, number, year])
    columns = _basics(types, place, private, who)
    pupils = _pupils(types, place, who, chance)
    columns |= {f"{stage}_enrollment": counts for stage, counts in pupils.items()}
    rich = wealth * chance.lognormal(0, unevenness, size)
    for stage in ("primary", "junior"):
        columns |= _stage(stage, pupils[stage], rich, chance)
    columns |= _shared(pupils, columns, rich, chance)
    columns |= _retention(pupils["junior"], chance)
    rooms = _rooms(columns, pupils, chance)
    figures = _county_figures(pupils, chance)
    if has_defects:
        _plant_defects(columns, figures, chance)
    codes = [f"{code}{i + 1:04d}" for i in range(size)]
    names = [f"模拟{code}第{i + 1}{TYPES[t].label}" for i, t in enumerate(types.tolist())]
    return GeneratedCounty(code, f"模拟{code}县", prefix, columns, codes, names, rooms, figures)


def _basics(
    types: IntArray, place: IntArray, private: npt.NDArray[np.bool_], who: np.random.Generator
) -> dict[str, IntArray]:
    size = len(types)
    return {
        "school_type": types,
        "urban_rural": place,
        "sponsor_type": np.where(private, int(SponsorType.PRIVATE), int(SponsorType.COUNTY_EDUCATION)),
        "is_boarding": (who.random(size) < 0.15).astype(np.int64),
        "built_year": who.integers(1965, 2025, size),
        "is_dense_central": np.zeros(size, np.int64),
    }


def _pupils(
    types: IntArray, place: IntArray, who: np.random.Generator, chance: np.random.Generator
) -> dict[str, IntArray]:
    size = len(types)
    found = {}
    for position, stage in enumerate(Stage):
        runs = np.array([stage in t.stages for t in TYPES])[types]
        median = np.array([_SIZES[p][position][0] for p in PLACES], np.float64)[place]
        spread = np.array([_SIZES[p][position][1] for p in PLACES], np.float64)[place]
        own = median * np.exp(spread * who.standard_normal(size)) * chance.lognormal(0, 0.04, size)
        own[types == TYPES.index(SchoolType.TEACHING_POINT)] *= 0.3
        own[types == TYPES.index(SchoolType.NINE_YEAR)] *= 0.6
        own[types == TYPES.index(SchoolType.TWELVE_YEAR)] *= 0.6
        found[stage.value.lower()] = np.where(runs, np.clip(own, 8, 1_900).astype(np.int64), -1)
    senior = np.array([t.has_senior_stage for t in TYPES])[types]
    found["senior"] = np.where(senior, who.integers(300, 2_000, size), -1)
    return found


def _at_least(amount: npt.NDArray[np.float64], runs: npt.NDArray[np.bool_]) -> IntArray:
    return np.where(runs, np.ceil(amount).astype(np.int64), -1)


def _stage(
    stage: str, pupils: IntArray, rich: npt.NDArray[np.float64], chance: np.random.Generator
) -> dict[str, IntArray]:
    runs, size = pupils > 0, len(pupils)
    p = np.maximum(pupils, 0)
    largest, per_class = (45, 40) if stage == "primary" else (50, 44)
    classes = _at_least(p / per_class, runs)
    need = {"primary": (0.052, 0.0125, 0.0115), "junior": (0.066, 0.0125, 0.0115)}[stage]
    degrees, backbone, arts = (_at_least(share * p * rich * chance.lognormal(0, 0.08, size), runs) for share in need)
    teachers = _at_least(p * (0.062 if stage == "primary" else 0.082) * rich, runs)
    teachers = np.where(runs, np.maximum(teachers, degrees + 1), -1)
    columns = {
        f"{stage}_grades": np.where(runs, 6 if stage == "primary" else 3, -1),
        f"{stage}_classes": classes,
        f"{stage}_largest_class": np.where(runs, np.minimum(-(-p // np.maximum(classes, 1)) + 2, largest), -1),
        "primary_classes_over_45" if stage == "primary" else "junior_classes_over_50": np.where(runs, 0, -1),
        f"{stage}_in_zone_enrollment": pupils,
        f"{stage}_full_time_teachers": teachers,
        f"{stage}_backbone_teachers": backbone,
        f"{stage}_pe_teachers": np.where(runs, -(-arts // 2), -1),
        f"{stage}_music_teachers": np.where(runs, arts // 4, -1),
        f"{stage}_fine_art_teachers": np.where(runs, arts // 4, -1),
        f"{stage}_arts_teachers": np.where(runs, 0, -1),
        f"{stage}_shared_arts_teachers": np.where(runs, 0, -1),
        f"{stage}_staff": np.where(runs, teachers + 3, -1),
        f"{stage}_titled_teachers": np.where(runs, teachers // 2, -1),
    }
    parts = ("associate", "bachelor", "master", "doctor") if stage == "primary" else ("bachelor", "master", "doctor")
    left = np.maximum(degrees, 0)
    for part in parts:
        given = left if part == "bachelor" else left // 8
        columns[f"{stage}_{part}_teachers"] = np.where(runs, given, -1)
        left = left - given
    return columns


def _shared(
    pupils: dict[str, IntArray],
    columns: dict[str, IntArray],
    rich: npt.NDArray[np.float64],
    chance: np.random.Generator,
) -> dict[str, IntArray]:
    size = len(rich)
    weighted = sum(_WEIGHTS[s] * np.maximum(pupils[s.lower()], 0) for s in ("PRIMARY", "JUNIOR", "SENIOR"))
    amount = np.asarray(weighted, np.float64) * rich
    wan = DECIMAL_SCALE // 100

    def area(share: float, spread: float = 0.12) -> IntArray:
        return np.ceil(share * amount * chance.lognormal(0, spread, size) * 100).astype(np.int64) * wan

    compulsory = np.maximum(pupils["primary"], 0) + np.maximum(pupils["junior"], 0)
    funds = np.ceil(np.maximum(compulsory, 100) * 0.085 * 100).astype(np.int64) * wan
    teachers = np.maximum(columns["primary_full_time_teachers"], 0) + np.maximum(
        columns["junior_full_time_teachers"], 0
    )
    indoor = area(0.6)
    return {
        "migrant_enrollment": (compulsory * chance.uniform(0, 0.2, size)).astype(np.int64),
        "certified_teachers": teachers,
        "trained_teachers": teachers,
        "indoor_sports_area": indoor,
        "teaching_area": area(5.9) + indoor,
        "sports_ground_area": area(9.6),
        "other_sports_area": np.zeros(size, np.int64),
        "rented_sports_area": np.zeros(size, np.int64),
        "equipment_value": area(0.26),
        "multimedia_rooms": np.ceil(0.029 * amount * chance.lognormal(0, 0.10, size)).astype(np.int64),
        "funds_budget": funds,
        "funds_final": funds,
        "training_budget": funds // 16,
        "funds_allocated": funds,
        "computers": np.ceil(0.15 * amount).astype(np.int64),
        "books": np.ceil(28 * amount).astype(np.int64),
    }


def _retention(pupils: IntArray, chance: np.random.Generator) -> dict[str, IntArray]:
    runs = pupils > 0
    entrants = np.maximum(pupils // 3, 1)
    lost = (entrants * chance.uniform(0, 0.02, len(pupils))).astype(np.int64)
    return {
        "graduates": np.where(runs, entrants - lost, -1),
        "entrants_three_years_ago": np.where(runs, entrants, -1),
        **{key: np.where(runs, 0, -1) for key in ("transferred_in", "transferred_out", "deceased")},
    }


def _rooms(
    columns: dict[str, IntArray], pupils: dict[str, IntArray], chance: np.random.Generator
) -> dict[str, list[str]]:
    classes = np.maximum(columns["primary_classes"], 0) + np.maximum(columns["junior_classes"], 0)
    needed = np.maximum(-(-classes // 12), 1)
    return {
        key: [";".join(f"{least + spare}" for spare in range(count)) for count in needed.tolist()]
        for key, least in (("music_room_areas", 96), ("art_room_areas", 90))
    }


def _county_figures(pupils: dict[str, IntArray], chance: np.random.Generator) -> dict[str, int]:
    compulsory = int(np.maximum(pupils["primary"], 0).sum() + np.maximum(pupils["junior"], 0).sum())
    money = {
        "C05": 80_000,
        "C06": 9_000,
        "C07": 24_000,
        "C08": 46_000,
        "C09": 720,
        "C10": 940,
        "C13": 98_000,
        "C14": 92_000,
    }
    counts = {
        "C03": 18, "C04": 240, "C12": 90, "C15": 1_000, "C16": 130, "C17": 30, "C18": 2_000, "C19": 1_200, "C20": 600,
        "C21": 800, "C22": 700, "C23": 60, "C24": 200, "C25": 196, "C26": 60, "C39": 2018,
    }  # fmt: skip
    figures = {code: value * DECIMAL_SCALE for code, value in money.items()} | counts
    figures |= {"C01": compulsory * 9 * DECIMAL_SCALE // 10_000, "C02": compulsory * 4 * DECIMAL_SCALE // 10_000}
    figures["C11"] = 81 * DECIMAL_SCALE
    figures |= {f"C{27 + i}": int(chance.integers(3, 5)) for i in range(6)}
    figures |= {f"C{33 + i}": int(chance.integers(40_000, 140_000)) for i in range(6)}
    return figures


def _plant_defects(columns: dict[str, IntArray], figures: dict[str, int], chance: np.random.Generator) -> None:
    """One of several: cells left empty, a school far below, large classes, a county figure missing or too low."""
    keys = ("equipment_value", "multimedia_rooms", "teaching_area", "trained_teachers", "funds_allocated")
    for kind in chance.choice(5, 2, replace=False).tolist():
        school = int(chance.integers(len(columns["school_type"])))
        if kind == 0:
            columns[keys[int(chance.integers(len(keys)))]][school] = -1
        elif kind == 1:
            columns["sports_ground_area"][school] //= 5
        elif kind == 2:
            columns["primary_largest_class"][columns["primary_largest_class"] > 0] += 8
        elif kind == 3:
            figures.pop("C16")
        else:
            figures["C25"] = 150
