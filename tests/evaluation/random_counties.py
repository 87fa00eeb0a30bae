"""Random counties for holding the two implementations against each other: ``random_county(seed)``.

A county starts sound and is then damaged, so that every verdict occurs and each often hangs on one cell. Values are
laid on the limits themselves wherever whole numbers or six decimals allow it, and a hair to either side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from random import Random
from typing import Any

from indicators.catalogue import COUNTY_ITEMS, FIELDS, STAGE_FIELDS, Kind
from indicators.report import CountyReport, SchoolReport
from schools.vocabulary import SchoolType, SponsorType, Stage, UrbanRural

AS_OF = date(2026, 3, 1)
PRIMARY, JUNIOR = Stage.PRIMARY, Stage.JUNIOR
OWN = ("L1", "L2", "L3")
SHARED = ("L4", "L5", "L6", "L7")

#: Where values are laid; not used to judge anything.
LIMITS = {
    PRIMARY: {"L1": "4.2", "L2": "1", "L3": "0.9", "L4": "4.5", "L5": "7.5", "L6": "2000", "L7": "2.3"},
    JUNIOR: {"L1": "5.3", "L2": "1", "L3": "0.9", "L4": "5.8", "L5": "10.2", "L6": "2500", "L7": "2.4"},
}
FACTORS = {"L1": 100, "L2": 100, "L3": 100, "L4": 1, "L5": 1, "L6": 10000, "L7": 100}
#: The smallest step an amount can move by: one person or room, or the sixth decimal.
STEPS = {code: Fraction(1, 10**6) if code in ("L4", "L5", "L6") else Fraction(1) for code in FACTORS}
WEIGHTS = {PRIMARY: Fraction(1), JUNIOR: Fraction(11, 10), None: Fraction(132, 100)}
DEGREES = {PRIMARY: ("associate", "bachelor", "master", "doctor"), JUNIOR: ("bachelor", "master", "doctor")}
SUBJECTS = ("pe", "music", "fine_art", "arts")

#: Enrolments at which limits and their 85 % fall on whole numbers, and the edges of the size rules.
ROUND_ENROLLMENTS = (100, 200, 300, 500, 540, 1000, 1080, 1100, 2000)
HUGE_ENROLLMENTS = (1999, 2001, 10000, 20000)

ORDINARY_TYPES = (
    SchoolType.PRIMARY_SCHOOL,
    SchoolType.PRIMARY_SCHOOL,
    SchoolType.PRIMARY_SCHOOL,
    SchoolType.JUNIOR_SCHOOL,
    SchoolType.JUNIOR_SCHOOL,
    SchoolType.NINE_YEAR,
    SchoolType.NINE_YEAR,
    SchoolType.TWELVE_YEAR,
    SchoolType.COMPLETE_MIDDLE,
    SchoolType.TEACHING_POINT,
    SchoolType.SPECIAL,
    SchoolType.VOCATIONAL,
)

Pupils = dict[Stage, int]
Amounts = dict[tuple[Stage | None, str], Fraction]


@dataclass
class Draft:
    """A school or a county being written, before it becomes a report."""

    values: dict[str, Any] = field(default_factory=dict)
    rejected: set[str] = field(default_factory=set)

    def clear(self, key: str) -> None:
        self.values[key] = None
        self.rejected.discard(key)

    def reject(self, key: str) -> None:
        self.values[key] = None
        self.rejected.add(key)

    def number(self, key: str) -> Any:
        return self.values.get(key) or 0

    def report(self, row: int) -> SchoolReport:
        return SchoolReport(dict(self.values), frozenset(self.rejected), row)


def prefix(stage: Stage) -> str:
    return "primary" if stage is PRIMARY else "junior"


def to_decimal(amount: Fraction) -> Decimal:
    """Six decimals, exactly; an amount that needs more is an error of the generator."""
    scaled = amount * 10**6
    if scaled.denominator != 1:
        raise ValueError(f"{amount} has more than six decimals")
    return Decimal(scaled.numerator).scaleb(-6)


def on_step(amount: Fraction, step: Fraction, rounding: Callable[[Fraction], int] = ceil) -> Fraction:
    return rounding(amount / step) * step


def parts_of(rng: Random, total: int, count: int) -> list[int]:
    cuts = sorted(rng.randint(0, total) for _ in range(count - 1))
    return [high - low for low, high in zip([0, *cuts], [*cuts, total], strict=True)]


# ── One sound school ──────────────────────────────────────────────────────────────────────────


def needed(stage: Stage, code: str, pupils: Pupils, senior: int) -> Fraction:
    """The amount with which a stage reaches its limit exactly."""
    limit = Fraction(LIMITS[stage][code]) / FACTORS[code]
    if code in OWN:
        return limit * pupils[stage]
    weighted = sum((WEIGHTS[own] * p for own, p in pupils.items()), WEIGHTS[None] * senior)
    return limit * weighted / WEIGHTS[stage]


def sound_amounts(rng: Random, pupils: Pupils, senior: int, generosity: Fraction) -> Amounts:
    """Enough of everything: some of it exactly enough, and at most one indicator only at 85 %."""
    modest = rng.choice((*FACTORS, None, None, None))
    amounts: Amounts = {}
    for (stage, code), least in just_enough(pupils, senior).items():
        amount = least
        if code == modest:
            exact = max(needed(own, code, pupils, senior) for own in ([stage] if stage else pupils))
            amount = exact * Fraction(85, 100)
        elif rng.random() < 0.6:
            amount = least * generosity * Fraction(rng.randint(100, 140), 100)
        amounts[stage, code] = on_step(amount, STEPS[code])
    return amounts


def just_enough(pupils: Pupils, senior: int = 0) -> Amounts:
    """The least of everything with which every stage reaches every limit."""
    return {
        (stage, code): on_step(
            max(needed(own, code, pupils, senior) for own in ([stage] if stage else pupils)), STEPS[code]
        )
        for code in FACTORS
        for stage in (pupils if code in OWN else (None,))
    }


def rough_amounts(rng: Random, pupils: Pupils, senior: int) -> Amounts:
    """Amounts on a limit, on its 85 %, a step to either side, none at all, or anything."""
    amounts: Amounts = {}
    for code in FACTORS:
        stages = list(pupils) if code in OWN else [None]
        for stage in stages:
            limit = needed(stage or rng.choice(list(pupils)), code, pupils, senior)
            target = limit * rng.choice((1, 1, Fraction(85, 100)))
            amount = on_step(target, STEPS[code], rng.choice((ceil, floor)))
            amount += rng.choice((0, 0, 0, 1, -1)) * STEPS[code]
            chance = rng.random()
            if chance < 0.3:
                amount = on_step(limit * Fraction(rng.randint(0, 300), 100), STEPS[code])
            elif chance < 0.35:
                amount = Fraction(0)
            amounts[stage, code] = max(amount, Fraction(0))
    return amounts


def write_amounts(rng: Random, draft: Draft, amounts: Amounts) -> None:
    values = draft.values
    teachers = 0
    for (stage, code), amount in amounts.items():
        if stage is None:
            continue
        if code == "L1":
            keys = [f"{prefix(stage)}_{degree}_teachers" for degree in DEGREES[stage]]
            full_time = int(amount) + rng.choice((0, 0, 1, 7))
            values[f"{prefix(stage)}_full_time_teachers"] = full_time
            teachers += full_time
        elif code == "L2":
            keys = [f"{prefix(stage)}_backbone_teachers"]
        else:
            keys = [f"{prefix(stage)}_{subject}_teachers" for subject in SUBJECTS]
        values.update(zip(keys, parts_of(rng, int(amount), len(keys)), strict=True))
    indoor = on_step(amounts[None, "L5"] * Fraction(rng.choice((0, 0, 10, 25)), 100), Fraction(1, 100), floor)
    values["indoor_sports_area"] = to_decimal(indoor)
    values["teaching_area"] = to_decimal(amounts[None, "L4"] + indoor)
    values["sports_ground_area"] = to_decimal(amounts[None, "L5"] - indoor)
    values["equipment_value"] = to_decimal(amounts[None, "L6"])
    values["multimedia_rooms"] = int(amounts[None, "L7"])
    values["certified_teachers"] = values["trained_teachers"] = teachers


def write_basics(rng: Random, draft: Draft, code: str, school_type: SchoolType) -> None:
    draft.values.update(
        code=code,
        name=f"第{code}学校",
        school_type=school_type,
        sponsor_type=rng.choice((SponsorType.COUNTY_EDUCATION, *SponsorType)),
        urban_rural=rng.choice(list(UrbanRural)),
        is_boarding=rng.random() < 0.3,
        built_year=rng.randint(1960, 2024),
        is_dense_central=rng.random() < 0.1,
    )


def write_conditions(rng: Random, draft: Draft, pupils: Pupils, senior: int) -> None:
    """Classes, zones, rooms, funds, retention: all as the items ask, often only just."""
    values = draft.values
    classes = 0
    for stage, enrollment in pupils.items():
        most = 45 if stage is PRIMARY else 50
        own = ceil(enrollment / most)
        classes += own
        values[f"{prefix(stage)}_enrollment"] = enrollment
        values[f"{prefix(stage)}_grades"] = 6 if stage is PRIMARY else 3
        values[f"{prefix(stage)}_classes"] = own
        values[f"{prefix(stage)}_largest_class"] = min(most, enrollment)
        values["primary_classes_over_45" if stage is PRIMARY else "junior_classes_over_50"] = 0
        values[f"{prefix(stage)}_in_zone_enrollment"] = enrollment if stage is PRIMARY else ceil(enrollment * 95 / 100)
    if senior:
        values["senior_enrollment"] = senior
    rooms = ceil(classes / 12) + rng.choice((0, 0, 1))
    values["music_room_areas"] = tuple(rng.choice((Decimal(96), Decimal("98.5"))) for _ in range(rooms))
    values["art_room_areas"] = tuple(rng.choice((Decimal(90), Decimal("92.25"))) for _ in range(rooms))
    budget = Fraction(rng.randint(2_000, 900_000), 100)
    values["funds_budget"] = values["funds_final"] = to_decimal(budget)
    values["training_budget"] = to_decimal(budget * rng.choice((5, 5, 6)) / 100)
    values["funds_allocated"] = to_decimal(budget + 20)
    values["migrant_enrollment"] = rng.randint(0, 30)
    if JUNIOR in pupils:
        entrants = rng.choice((20, 100, 340))
        values["deceased"] = rng.choice((0, 0, 20)) if entrants > 20 else 0
        values["entrants_three_years_ago"] = entrants
        values["transferred_in"], values["transferred_out"] = rng.randint(0, 5), rng.randint(0, 5)
        stayed = (entrants - values["deceased"]) * rng.choice((95, 100)) // 100
        values["graduates"] = max(0, stayed + values["transferred_in"] - values["transferred_out"])


def random_enrollment(rng: Random) -> int:
    chance = rng.random()
    if chance < 0.4:
        return rng.choice(ROUND_ENROLLMENTS)
    if chance < 0.43:
        return rng.choice(HUGE_ENROLLMENTS)
    if chance < 0.55:
        return rng.randint(1, 99)
    return rng.randint(60, 1900)


def random_pupils(rng: Random, school_type: SchoolType) -> tuple[Pupils, int]:
    if school_type is SchoolType.TEACHING_POINT:
        return {PRIMARY: rng.choice((49, 50, rng.randint(1, 120)))}, 0
    stages = school_type.stages or (rng.choice((PRIMARY, JUNIOR)),)
    pupils = {stage: random_enrollment(rng) for stage in stages}
    senior = rng.choice((random_enrollment(rng), 0)) if school_type.has_senior_stage else 0
    return pupils, senior


def random_school(rng: Random, code: str, school_type: SchoolType, is_sound: bool, generosity: Fraction) -> Draft:
    pupils, senior = random_pupils(rng, school_type)
    amounts = sound_amounts(rng, pupils, senior, generosity) if is_sound else rough_amounts(rng, pupils, senior)
    return write_school(rng, code, school_type, pupils, senior, amounts)


def write_school(
    rng: Random, code: str, school_type: SchoolType, pupils: Pupils, senior: int, amounts: Amounts
) -> Draft:
    draft = Draft()
    write_basics(rng, draft, code, school_type)
    write_conditions(rng, draft, pupils, senior)
    write_amounts(rng, draft, amounts)
    if school_type.has_senior_stage:
        draft.values["senior_enrollment"] = senior
    return draft


# ── Counties whose coefficient is exactly the limit ───────────────────────────────────────────


def pair_on_the_limit(
    rng: Random, stages: tuple[Stage, ...], code: str, limit: Fraction, ratio: int, nudge: int, first_code: int
) -> list[Draft]:
    """Two schools, the second with ratio² times the pupils of the first; their coefficient of ``code`` is exactly
    ``limit``, for m(1 + ratio·limit) and m(1 − limit/ratio) per pupil spread just so; ``nudge`` steps from it."""
    school_type = {(PRIMARY,): SchoolType.PRIMARY_SCHOOL, (JUNIOR,): SchoolType.JUNIOR_SCHOOL}.get(
        stages, SchoolType.NINE_YEAR
    )
    small = {stage: rng.choice((40, 100, 150)) for stage in stages}
    large = {stage: ratio**2 * p for stage, p in small.items()}
    level = rng.choice((3, 3, 40, 1000)) if code in SHARED[:3] else 3
    drafts = []
    base = {
        (stage, each): on_step(
            level * max(needed(own, each, small, 0) for own in ([stage] if stage else small)),
            Fraction(60) if STEPS[each] == 1 else Fraction(6, 10),
        )
        for each in FACTORS
        for stage in (stages if each in OWN else (None,))
    }
    sides = ((small, 1 + ratio * limit, 1), (large, 1 - limit / ratio, ratio**2))
    for number, (pupils, spread, size) in enumerate(sides):
        amounts = {}
        for (stage, each), amount in base.items():
            amounts[stage, each] = amount * size
            if each == code:
                amounts[stage, each] = amount * size * spread + (nudge * STEPS[each] if number == 0 else 0)
        drafts.append(write_school(rng, f"{first_code + number:010}", school_type, pupils, 0, amounts))
    return drafts


def limit_county(rng: Random) -> list[Draft]:
    stages = rng.choice(((PRIMARY,), (JUNIOR,), (PRIMARY, JUNIOR)))
    limit = Fraction("0.50") if stages == (PRIMARY,) or rng.random() < 0.2 else Fraction("0.45")
    nudge = rng.choice((0, 0, 1, -1))
    drafts = pair_on_the_limit(rng, stages, rng.choice(list(FACTORS)), limit, rng.choice((1, 2, 3)), nudge, 3400000)
    for stage in (PRIMARY, JUNIOR):
        if stage not in stages:
            only = SchoolType.PRIMARY_SCHOOL if stage is PRIMARY else SchoolType.JUNIOR_SCHOOL
            drafts.append(random_school(rng, "0000000777", only, True, Fraction(1)))
    return drafts


# ── The county's own figures ──────────────────────────────────────────────────────────────────


def random_figures(rng: Random) -> dict[str, int | Decimal]:
    """Every item met, half of them exactly on the limit."""

    def at_least(base: int, percent: int) -> int:
        return base * rng.choice((percent, percent, 100)) // 100

    disabled = rng.choice((20, 40, 137))
    rotating = 100 * rng.choice((1, 3))
    salary = Decimal(rng.randint(6_000_000, 12_000_000)) / 100
    figures: dict[str, int | Decimal] = {
        item.code: Decimal("12.34") if item.kind.is_scaled else 7 for item in COUNTY_ITEMS[:8]
    }
    figures |= {"C09": Decimal(rng.choice((650, 720))), "C10": Decimal(rng.choice((850, 940)))}
    figures |= {"C11": Decimal("0.8") * disabled + rng.choice((0, Decimal("0.000001"))), "C12": disabled}
    figures |= {"C13": salary + rng.choice((0, 500)), "C14": salary}
    figures |= {"C15": 10 * rotating, "C16": rotating, "C17": at_least(rotating, 20)}
    figures |= {"C18": 600, "C19": at_least(600, 50), "C20": 100}
    figures |= {"C21": 400, "C22": 300, "C23": rng.choice((40, 40, 41, 100))}
    figures |= {"C24": 200, "C25": at_least(200, 95), "C26": 60}
    if rng.random() < 0.8:
        for number in range(6):
            figures[f"C{27 + number}"] = rng.choice((3, 4, 5))
            figures[f"C{33 + number}"] = rng.choice((Decimal("0.149999"), Decimal("0.08")))
    figures["C39"] = AS_OF.year - rng.choice((3, 3, 9))
    return figures


def damage_figures(rng: Random, figures: dict[str, int | Decimal]) -> None:
    damaged = {
        "C09": (None,),
        "C10": (None,),
        "C11": (None, Decimal("0"), Decimal("15.999999")),
        "C12": (None, 0),
        "C13": (None, Decimal("59999.99"), Decimal(0)),
        "C14": (None, Decimal(0), Decimal("130000.01")),
        "C15": (None, 0, 3001, 999),
        "C16": (None, 0, 99),
        "C17": (None, 0, 19, 59),
        "C18": (None, 0, 1201),
        "C19": (None, 0, 299),
        "C21": (None, 0, 401),
        "C22": (None, 0, 299),
        "C23": (None, 0, 39),
        "C24": (None, 0, 201),
        "C25": (None, 0, 189),
        "C27": (None, 2, 1),
        "C30": (None, 2),
        "C33": (None, Decimal("0.15"), Decimal("0.150001")),
        "C38": (None, Decimal("0.15")),
        "C39": (None, AS_OF.year - 2, AS_OF.year),
    }
    code = rng.choice(list(damaged))
    value = rng.choice(damaged[code])
    if value is None:
        figures.pop(code, None)
    else:
        figures[code] = value


def graze_a_ratio(rng: Random, figures: dict[str, int | Decimal]) -> None:
    """One in a million more, less, or exactly the share asked for."""
    amount, base, percent = rng.choice(
        (("C16", "C15", 10), ("C17", "C16", 20), ("C19", "C18", 50), ("C22", "C21", 85), ("C25", "C24", 95))
    )
    figures[base] = 10**6
    figures[amount] = 10**4 * percent + rng.choice((-1, 0, 1))
    if amount == "C22":
        figures["C23"] = 0
    if rng.random() < 0.3:
        figures["C14"] = Decimal("98765.43")
        figures["C13"] = figures["C14"] + rng.choice((-1, 0, 1)) * Decimal("0.01")


# ── Damage to one school ──────────────────────────────────────────────────────────────────────

KEYS = tuple(f.key for f in FIELDS if f.key not in ("code", "name"))
NUMBER_KEYS = tuple(f.key for f in FIELDS if f.kind in (Kind.COUNT, Kind.AREA, Kind.MONEY))
ENROLLMENT_KEYS = ("primary_enrollment", "junior_enrollment", "senior_enrollment")


def _lose_a_cell(rng: Random, draft: Draft) -> None:
    key = rng.choice(KEYS)
    rng.choice((draft.clear, draft.reject, lambda k: draft.values.pop(k, None)))(key)


def _lose_an_enrollment(rng: Random, draft: Draft) -> None:
    rng.choice((draft.clear, draft.reject))(rng.choice(ENROLLMENT_KEYS))


def _lose_a_stage(rng: Random, draft: Draft) -> None:
    """Every cell of one stage empty, or all but one; sometimes of both."""
    for stage in rng.choice(((PRIMARY,), (JUNIOR,), (PRIMARY, JUNIOR))):
        for each in STAGE_FIELDS[stage]:
            draft.clear(each.key)
        if rng.random() < 0.3:
            key = rng.choice(STAGE_FIELDS[stage]).key
            if rng.random() < 0.5:
                draft.reject(key)
            else:
                draft.values[key] = rng.choice((0, 3))


def _set_an_enrollment(rng: Random, draft: Draft) -> None:
    """Pupils in a stage: none, a few, or around the limits of size, also where the type has no such stage."""
    draft.values[rng.choice(ENROLLMENT_KEYS)] = rng.choice((0, 0, 1, 30, 2000, 2001, 2500, 2501))


def _grow_to_the_limit(rng: Random, draft: Draft) -> None:
    if draft.values.get("school_type") in (SchoolType.NINE_YEAR, SchoolType.TWELVE_YEAR):
        first = rng.choice((1200, 2100))
        draft.values["primary_enrollment"] = first
        draft.values["junior_enrollment"] = 2500 - first + rng.choice((0, 1))
    else:
        for key in ENROLLMENT_KEYS[:2]:
            if draft.values.get(key):
                draft.values[key] = 2000 + rng.choice((0, 1))


def _forget_the_type(rng: Random, draft: Draft) -> None:
    rng.choice((draft.clear, draft.reject))("school_type")


def _step_one_number(rng: Random, draft: Draft) -> None:
    key = rng.choice(NUMBER_KEYS)
    value = draft.values.get(key)
    if value is not None:
        step = Decimal("0.000001") if isinstance(value, Decimal) else 1
        draft.values[key] = max(value + rng.choice((step, -step)), 0 * step)


def _zero_a_number(rng: Random, draft: Draft) -> None:
    key = rng.choice(NUMBER_KEYS)
    if draft.values.get(key) is not None:
        draft.values[key] = Decimal(0) if isinstance(draft.values[key], Decimal) else 0


def _harm_rooms(rng: Random, draft: Draft) -> None:
    key, small = rng.choice((("music_room_areas", Decimal("95.99")), ("art_room_areas", Decimal("89.999999"))))
    areas = draft.values.get(key) or ()
    chance = rng.random()
    if chance < 0.2:
        draft.reject(key)
    elif chance < 0.4:
        draft.values[key] = ()
    elif chance < 0.5:
        draft.values.pop(key, None)
    elif chance < 0.75:
        draft.values[key] = areas[1:]
    else:
        draft.values[key] = (small, *areas[1:])


def _crowd_classes(rng: Random, draft: Draft) -> None:
    key, value = rng.choice(
        (
            ("primary_largest_class", 46),
            ("junior_largest_class", 51),
            ("junior_largest_class", 46),
            ("primary_classes_over_45", 1),
            ("junior_classes_over_50", 1),
        )
    )
    draft.values[key] = value


def _lose_teachers_papers(rng: Random, draft: Draft) -> None:
    key = rng.choice(("trained_teachers", "certified_teachers"))
    draft.values[key] = max(0, draft.number(key) + rng.choice((-1, -1, 5)))


def _leave_the_zone(rng: Random, draft: Draft) -> None:
    stage = rng.choice((PRIMARY, JUNIOR))
    key = f"{prefix(stage)}_in_zone_enrollment"
    draft.values[key] = max(0, draft.number(key) - 1)
    draft.values["urban_rural"] = rng.choice((UrbanRural.URBAN, UrbanRural.TOWN))
    draft.values["is_boarding"] = False


def _blur_who_counts_for_zones(rng: Random, draft: Draft) -> None:
    rng.choice((draft.clear, draft.reject))(rng.choice(("sponsor_type", "urban_rural", "is_boarding")))


def _lose_graduates(rng: Random, draft: Draft) -> None:
    if draft.values.get("graduates"):
        draft.values["graduates"] -= 1
    if rng.random() < 0.3:
        values = {"entrants_three_years_ago": 40_000, "deceased": 0, "transferred_in": 7, "transferred_out": 9}
        draft.values |= values | {"graduates": 38_000 - 2 + rng.choice((-1, 0, 1))}
    if rng.random() < 0.1:
        draft.values["deceased"] = draft.number("entrants_three_years_ago") + rng.choice((0, 1))


def _squeeze_training(rng: Random, draft: Draft) -> None:
    if draft.values.get("funds_budget") is not None:
        exact = Fraction(draft.values["funds_budget"]) * 5 / 100
        least = on_step(exact, Fraction(1, 10**6), floor)
        draft.values["training_budget"] = to_decimal(least - rng.choice((0, 1)) * Fraction(1, 10**6))
    if rng.random() < 0.15:
        draft.values["funds_budget"] = Decimal(0)


def _shrink_and_squeeze_funds(rng: Random, draft: Draft) -> None:
    """A small school whose funds are exactly those of a hundred pupils, or a hair from it."""
    pupils = {
        stage: rng.choice((1, 20, 40, 99))
        for stage in (PRIMARY, JUNIOR)
        if draft.values.get(f"{prefix(stage)}_enrollment")
    }
    if not pupils:
        return
    amounts = {PRIMARY: rng.choice((650, 720)), JUNIOR: rng.choice((850, 940))}
    total = sum(pupils.values())
    exact = Fraction(100 * sum(p * amounts[stage] for stage, p in pupils.items()), total) / 10000
    allocated = on_step(exact, Fraction(1, 10**6), rng.choice((ceil, floor)))
    allocated += rng.choice((0, 0, 1, -1)) * Fraction(1, 10**6)
    draft.values["funds_allocated"] = to_decimal(allocated)
    for stage, p in pupils.items():
        draft.values[f"{prefix(stage)}_enrollment"] = p
    if draft.values.get("senior_enrollment"):
        draft.values["senior_enrollment"] = rng.choice((0, 1, 60))


def _put_sports_inside(rng: Random, draft: Draft) -> None:
    """More indoor sports space than teaching space: not possible, but to be computed all the same."""
    if draft.values.get("teaching_area") is not None:
        draft.values["indoor_sports_area"] = draft.values["teaching_area"] * rng.choice((1, 2))


def _write_the_greatest(rng: Random, draft: Draft) -> None:
    """The largest figures the form lets through, down to the sixth decimal."""
    for each in FIELDS:
        if each.kind in (Kind.COUNT, Kind.AREA, Kind.MONEY) and draft.values.get(each.key) and rng.random() < 0.7:
            if each.kind is Kind.COUNT:
                draft.values[each.key] = each.greatest - rng.choice((0, 0, 1))
            else:
                draft.values[each.key] = each.greatest - rng.choice((0, 0, 1)) * Decimal("0.000001")


DAMAGES = (
    _lose_a_cell,
    _lose_a_cell,
    _lose_a_cell,
    _lose_an_enrollment,
    _lose_a_stage,
    _set_an_enrollment,
    _grow_to_the_limit,
    _forget_the_type,
    _step_one_number,
    _step_one_number,
    _zero_a_number,
    _harm_rooms,
    _crowd_classes,
    _lose_teachers_papers,
    _leave_the_zone,
    _blur_who_counts_for_zones,
    _lose_graduates,
    _squeeze_training,
    _shrink_and_squeeze_funds,
    _put_sports_inside,
    _write_the_greatest,
)


def _zero_an_indicator(rng: Random, drafts: list[Draft]) -> None:
    """Nobody in the county has any: a mean of nothing."""
    keys = rng.choice(
        (
            [f"{prefix(stage)}_backbone_teachers" for stage in Stage],
            [f"{prefix(stage)}_{subject}_teachers" for stage in Stage for subject in SUBJECTS],
            ["multimedia_rooms"],
            ["equipment_value"],
            ["sports_ground_area", "indoor_sports_area"],
        )
    )
    for draft in drafts:
        for key in keys:
            if draft.values.get(key) is not None:
                draft.values[key] = Decimal(0) if isinstance(draft.values[key], Decimal) else 0


def _blur_identities(rng: Random, drafts: list[Draft]) -> None:
    """A code that cannot be used, or one given twice."""
    draft = rng.choice(drafts)
    if rng.random() < 0.5:
        draft.reject("code")
    else:
        draft.values["code"] = rng.choice(drafts).values["code"]


# ── A county ──────────────────────────────────────────────────────────────────────────────────


def ordinary_county(rng: Random, is_sound: bool) -> list[Draft]:
    codes = rng.sample(range(10**9), rng.randint(1, 15))
    types = [rng.choice(ORDINARY_TYPES) for _ in codes]
    if len(types) > 2:
        types[:2] = [SchoolType.PRIMARY_SCHOOL, SchoolType.JUNIOR_SCHOOL]
    return [
        random_school(rng, f"{code:010}", school_type, is_sound, Fraction(rng.randint(100, 130), 100))
        for code, school_type in zip(codes, types, strict=True)
    ]


def tidy_enrollments(rng: Random, drafts: list[Draft]) -> list[Draft]:
    """Sound schools small enough for every item to be met."""
    rewritten = []
    for draft in drafts:
        school_type = draft.values["school_type"]
        pupils = {}
        for stage in (PRIMARY, JUNIOR):
            enrollment = draft.values.get(f"{prefix(stage)}_enrollment")
            if enrollment:
                pupils[stage] = min(enrollment, 1250 if school_type.is_continuous else 2000)
        senior = draft.number("senior_enrollment")
        amounts = sound_amounts(rng, pupils, senior, Fraction(1))
        rewritten.append(write_school(rng, draft.values["code"], school_type, pupils, senior, amounts))
    return rewritten


def random_county(seed: int) -> CountyReport:
    """The same county for the same seed."""
    rng = Random(seed)
    chance = rng.random()
    if chance < 0.3:
        drafts = limit_county(rng)
    elif chance < 0.8:
        drafts = tidy_enrollments(rng, ordinary_county(rng, is_sound=True))
    else:
        drafts = ordinary_county(rng, is_sound=False)
    figures = random_figures(rng)
    for _ in range(rng.choice((0, 0, 0, 1, 1, 1, 2, 3, 8))):
        rng.choice(DAMAGES)(rng, rng.choice(drafts))
    if rng.random() < 0.03:
        _zero_an_indicator(rng, drafts)
    for _ in range(rng.choice((0, 0, 0, 0, 1, 3))):
        damage_figures(rng, figures)
    if rng.random() < 0.15:
        graze_a_ratio(rng, figures)
    is_certain = rng.random() > 0.03
    if not is_certain:
        _blur_identities(rng, drafts)
    rng.shuffle(drafts)
    return CountyReport(
        schools=tuple(draft.report(row) for row, draft in enumerate(drafts, start=2)),
        figures=figures,
        is_population_certain=is_certain,
    )
