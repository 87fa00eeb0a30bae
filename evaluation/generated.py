"""A nation that does not exist: counties, schools and figures from a seed, for measuring and for rehearsals.

Fictional provinces with division codes no real place has. Spreads differ by region and type of school; some counties
carry planted defects, and say which: cells left empty, schools far below the limits, figures that contradict nothing
and fail everything. What belongs to a school stays with it from year to year and drifts a little; pupils move to the
towns, schools open and close. Every year is worked out on its own: the same seed and year give the same bytes,
whichever years were generated before. Pure: numpy arrays and names, no database.
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
#: The planted defects, in words.
DEFECTS = ("空缺一格", "一所学校运动场馆面积远低于要求", "小学班额超过上限", "缺少县级数据 C16", "县级数据 C25 过低")
#: Between these years every school that opens or closes does so, about as many each year.
_FIRST_YEAR, _LAST_YEAR = 2000, 2060
#: A year's growth of pupils and of equipment is counted from here.
_COUNTED_FROM = 2026
#: How much of a spread between schools is news of the year.
_NEWS = 1 / 6

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
#: By place: yearly growth of pupils, and the shares of schools that open and that close at some time.
_GROWTH = (0.015, 0.0, -0.03)
_OPENING, _CLOSING = (0.45, 0.30, 0.15), (0.15, 0.30, 0.45)
_RICHER = 0.01
#: Schools that there ever are, for one that there is in an average year.
_EVER = 1.38
_WEIGHTS = {Stage.PRIMARY: 1.0, Stage.JUNIOR: 1.1, "SENIOR": 1.32}

IntArray = npt.NDArray[np.int64]
Column = npt.NDArray[np.int64] | list[str]


@dataclass(frozen=True, slots=True)
class GeneratedCounty:
    """One county in one year: division code, name, province prefix, columns by catalogue key (−1 is an empty cell), the
    areas of its music and art rooms as written, its county figures as stored numbers, the year each school opened in (0
    where it always was), and the positions in DEFECTS of what was planted."""

    code: str
    name: str
    prefix: str
    columns: dict[str, IntArray]
    codes: list[str]
    names: list[str]
    rooms: dict[str, list[str]]
    figures: dict[str, int]
    opened: list[int]
    defects: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Draw:
    """Chances of a county: ``who`` gives the same every year, ``chance`` those of one year."""

    who: np.random.Generator
    chance: np.random.Generator
    size: int

    def spread(self, scale: float) -> npt.NDArray[np.float64]:
        """Factors around 1, one a school: what a school is known for, and a little news of the year."""
        lasting, news = self.who.standard_normal(self.size), self.chance.standard_normal(self.size)
        return np.exp(scale * (lasting + _NEWS * news))


def generated_counties(
    count: int = NATION, schools: int = SCHOOLS, seed: int = 1, year: int = 2026
) -> Iterator[GeneratedCounty]:
    """``count`` counties with about ``schools`` schools in all. A year's schools are those of the year before, but for
    the few that closed and opened, with figures that drifted."""
    layout = np.random.default_rng([seed, 0])
    weights = layout.lognormal(0, 0.55, count)
    sizes = np.maximum(np.round(weights / weights.sum() * schools).astype(np.int64), 4)
    for number in range(count):
        prefix = PROVINCE_PREFIXES[number % len(PROVINCE_PREFIXES)]
        within = number // len(PROVINCE_PREFIXES)
        code = f"{prefix}{within // 12 + 1:02d}{within % 12 + 1:02d}"
        yield _county(code, prefix, int(sizes[number]), seed, year, number)


def _county(code: str, prefix: str, size: int, seed: int, year: int, number: int) -> GeneratedCounty:
    ever = round(size * _EVER)
    who = np.random.default_rng([seed, 1, number])
    draw = _Draw(who, np.random.default_rng([seed, 2, number, year]), ever)
    types = who.choice(len(TYPES), ever, p=_TYPE_SHARES)
    types[:2] = (0, 2)
    place = who.choice(len(PLACES), ever, p=_PLACE_SHARES)
    place[types == TYPES.index(SchoolType.TEACHING_POINT)] = PLACES.index(UrbanRural.RURAL)
    private = who.random(ever) < 0.06
    wealth = who.lognormal(0.30, 0.12)
    unevenness = who.uniform(0.02, 0.14)
    opened, is_open = _terms(place, year, who)
    columns = _basics(types, place, private, opened, who)
    pupils = _pupils(types, place, year, draw)
    columns |= {f"{stage}_enrollment": counts for stage, counts in pupils.items()}
    rich = wealth * draw.spread(unevenness) * (1 + _RICHER * (year - _COUNTED_FROM))
    for stage in ("primary", "junior"):
        columns |= _stage(stage, pupils[stage], rich, draw)
    columns |= _shared(pupils, columns, rich, draw)
    columns |= _retention(pupils["junior"], draw.chance)
    there = np.flatnonzero(is_open)
    columns = {key: values[there] for key, values in columns.items()}
    rooms = _rooms(columns)
    figures = _county_figures({stage: counts[there] for stage, counts in pupils.items()}, draw.chance)
    has_defects = draw.chance.random() < SHARE_WITH_DEFECTS
    defects = _plant_defects(columns, figures, draw.chance) if has_defects else ()
    codes = [f"{code}{i + 1:04d}" for i in there.tolist()]
    names = [f"模拟{code}第{i + 1}{TYPES[t].label}" for i, t in zip(there.tolist(), types[there].tolist(), strict=True)]
    since = opened[there].tolist()
    return GeneratedCounty(code, f"模拟{code}县", prefix, columns, codes, names, rooms, figures, since, defects)


def _terms(place: IntArray, year: int, who: np.random.Generator) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """The year each school opened in (0 for those that always were), and which are open in a year: urban schools open
    rather than close, rural ones close rather than open."""
    size = len(place)
    opens = who.random(size) < np.array(_OPENING)[place]
    closes = who.random(size) < np.array(_CLOSING)[place]
    first = np.where(opens, who.integers(_FIRST_YEAR, _LAST_YEAR, size), 0)
    last = np.where(closes, who.integers(_FIRST_YEAR, _LAST_YEAR, size), 10_000)
    # A primary and a junior school stay: no county is without either stage.
    first[:2], last[:2] = 0, 10_000
    return first, (first <= year) & (year < last)


def _basics(
    types: IntArray, place: IntArray, private: npt.NDArray[np.bool_], opened: IntArray, who: np.random.Generator
) -> dict[str, IntArray]:
    size = len(types)
    return {
        "school_type": types,
        "urban_rural": place,
        "sponsor_type": np.where(private, int(SponsorType.PRIVATE), int(SponsorType.COUNTY_EDUCATION)),
        "is_boarding": (who.random(size) < 0.15).astype(np.int64),
        "built_year": np.where(opened > 0, opened, who.integers(1965, 2000, size)),
        "is_dense_central": np.zeros(size, np.int64),
    }


def _pupils(types: IntArray, place: IntArray, year: int, draw: _Draw) -> dict[str, IntArray]:
    growth = np.exp(np.array(_GROWTH)[place] * (year - _COUNTED_FROM))
    found = {}
    for position, stage in enumerate(Stage):
        runs = np.array([stage in t.stages for t in TYPES])[types]
        median = np.array([_SIZES[p][position][0] for p in PLACES], np.float64)[place]
        spread = np.array([_SIZES[p][position][1] for p in PLACES], np.float64)[place]
        own = median * growth * np.exp(spread * draw.who.standard_normal(draw.size))
        own *= draw.chance.lognormal(0, 0.03, draw.size)
        own[types == TYPES.index(SchoolType.TEACHING_POINT)] *= 0.3
        own[types == TYPES.index(SchoolType.NINE_YEAR)] *= 0.6
        own[types == TYPES.index(SchoolType.TWELVE_YEAR)] *= 0.6
        found[stage.value.lower()] = np.where(runs, np.clip(own, 8, 1_900).astype(np.int64), -1)
    senior = np.array([t.has_senior_stage for t in TYPES])[types]
    found["senior"] = np.where(senior, draw.who.integers(300, 2_000, draw.size), -1)
    return found


def _at_least(amount: npt.NDArray[np.float64], runs: npt.NDArray[np.bool_]) -> IntArray:
    return np.where(runs, np.ceil(amount).astype(np.int64), -1)


def _stage(stage: str, pupils: IntArray, rich: npt.NDArray[np.float64], draw: _Draw) -> dict[str, IntArray]:
    runs = pupils > 0
    p = np.maximum(pupils, 0)
    largest, per_class = (45, 40) if stage == "primary" else (50, 44)
    classes = _at_least(p / per_class, runs)
    need = {"primary": (0.052, 0.0125, 0.0115), "junior": (0.066, 0.0125, 0.0115)}[stage]
    degrees, backbone, arts = (_at_least(share * p * rich * draw.spread(0.08), runs) for share in need)
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
    draw: _Draw,
) -> dict[str, IntArray]:
    weighted = sum(_WEIGHTS[s] * np.maximum(pupils[s.lower()], 0) for s in ("PRIMARY", "JUNIOR", "SENIOR"))
    amount = np.asarray(weighted, np.float64) * rich
    wan = DECIMAL_SCALE // 100

    def area(share: float, spread: float = 0.12) -> IntArray:
        return np.ceil(share * amount * draw.spread(spread) * 100).astype(np.int64) * wan

    compulsory = np.maximum(pupils["primary"], 0) + np.maximum(pupils["junior"], 0)
    funds = np.ceil(np.maximum(compulsory, 100) * 0.085 * 100).astype(np.int64) * wan
    teachers = np.maximum(columns["primary_full_time_teachers"], 0) + np.maximum(
        columns["junior_full_time_teachers"], 0
    )
    indoor = area(0.6)
    return {
        "migrant_enrollment": (compulsory * draw.who.uniform(0, 0.2, draw.size)).astype(np.int64),
        "certified_teachers": teachers,
        "trained_teachers": teachers,
        "indoor_sports_area": indoor,
        "teaching_area": area(5.9) + indoor,
        "sports_ground_area": area(9.6),
        "other_sports_area": np.zeros(draw.size, np.int64),
        "rented_sports_area": np.zeros(draw.size, np.int64),
        "equipment_value": area(0.26),
        "multimedia_rooms": np.ceil(0.029 * amount * draw.spread(0.10)).astype(np.int64),
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


def _rooms(columns: dict[str, IntArray]) -> dict[str, list[str]]:
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


def _plant_defects(
    columns: dict[str, IntArray], figures: dict[str, int], chance: np.random.Generator
) -> tuple[int, ...]:
    """Two of DEFECTS; returns which."""
    keys = ("equipment_value", "multimedia_rooms", "teaching_area", "trained_teachers", "funds_allocated")
    kinds = tuple(sorted(chance.choice(len(DEFECTS), 2, replace=False).tolist()))
    for kind in kinds:
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
    return kinds
