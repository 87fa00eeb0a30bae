"""Random counties for the measure of 2012: ``random_county_2012(seed)``.

Either a random county with the extra columns of 2012 and mostly schools the county runs itself, or one whose mean of
eight coefficients lies exactly on its limit, or so close to it that no float can tell.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

from indicators.report import CountyReport, SchoolReport
from schools.vocabulary import SchoolType, SponsorType, Stage
from tests.evaluation.random_counties import (
    DEGREES,
    JUNIOR,
    PRIMARY,
    Draft,
    parts_of,
    prefix,
    random_county,
    to_decimal,
)

OWN_SPONSORS = (SponsorType.COUNTY_EDUCATION, SponsorType.COUNTY_EDUCATION, SponsorType.COUNTY_OTHER)
ASSETS = ("B1", "B2", "B3", "B4", "B5")
TEACHERS = ("B6", "B7", "B8")
#: The smallest step of an amount: a millionth of a square metre or of ten thousand yuan; one computer, book, person.
STEPS = {code: Fraction(1, 10**6) if code in ("B1", "B2", "B3") else Fraction(1) for code in (*ASSETS, *TEACHERS)}
#: The largest amounts the form lets through.
MOST = {code: 10_000_000 if code in ("B1", "B2", "B3", "B5") else 50_000 for code in STEPS}
#: Where the composites are laid; not used to judge anything.
COMPOSITES = {PRIMARY: Fraction(65, 100), JUNIOR: Fraction(55, 100)}
THOUSANDTH = Fraction(1, 1000)


# ── A mean of coefficients exactly on its limit ───────────────────────────────────────────────


def _with_sum(rng: Random, count: int, total: Fraction) -> list[Fraction]:
    """So many coefficients of whole thousandths that add up to ``total``; all equal, or scattered around that."""
    level = total / count // THOUSANDTH * THOUSANDTH
    found = [level] * count
    found[0] += total - level * count
    for _ in range(rng.choice((0, 6))):
        one, other = rng.sample(range(count), 2)
        moved = min(rng.randint(0, 200) * THOUSANDTH, found[other] - 100 * THOUSANDTH)
        if found[one] + moved <= Fraction(95, 100):
            found[one] += moved
            found[other] -= moved
    return found


def random_spreads(rng: Random, stages: tuple[Stage, ...]) -> dict[tuple[Stage | None, str], Fraction]:
    """Eight coefficients of each stage whose mean is its limit. The assets are shared, so theirs are the same in all
    stages of a school, and the teachers make up for it."""
    assets = dict(zip(ASSETS, _with_sum(rng, 5, 5 * Fraction(rng.randint(450, 650), 1000)), strict=True))
    if len(stages) == 1 and rng.random() < 0.4:
        assets = dict.fromkeys(ASSETS, COMPOSITES[stages[0]])
    spreads: dict[tuple[Stage | None, str], Fraction] = {(None, code): each for code, each in assets.items()}
    for stage in stages:
        rest = 8 * COMPOSITES[stage] - sum(assets.values())
        spreads |= {(stage, code): each for code, each in zip(TEACHERS, _with_sum(rng, 3, rest), strict=True)}
    return spreads


def _write(draft: Draft, rng: Random, stage: Stage | None, code: str, amount: Fraction) -> None:
    values = draft.values
    if code == "B1":
        values["teaching_area"] = to_decimal(amount)
    elif code == "B2":
        indoor = amount * rng.choice((0, 25)) / 100 // STEPS["B2"] * STEPS["B2"]
        values["indoor_sports_area"], values["sports_ground_area"] = to_decimal(indoor), to_decimal(amount - indoor)
    elif code == "B3":
        values["equipment_value"] = to_decimal(amount)
    elif stage is None:
        values["computers" if code == "B4" else "books"] = int(amount)
    elif code == "B7":
        keys = [f"{prefix(stage)}_{degree}_teachers" for degree in DEGREES[stage]]
        values.update(zip(keys, parts_of(rng, int(amount), len(keys)), strict=True))
    else:
        values[f"{prefix(stage)}_{'full_time' if code == 'B6' else 'titled'}_teachers"] = int(amount)


def pair_on_the_composite(
    rng: Random, stages: tuple[Stage, ...], ratio: int, nudge: tuple[str, int], first_code: int
) -> list[Draft]:
    """Two schools, the second with ratio² times the pupils of the first. With m(1 + ratio·c) and m(1 − c/ratio) per
    pupil a coefficient is exactly c; ``nudge`` moves one amount of the first school by so many of its smallest steps.
    """
    school_type = {(PRIMARY,): SchoolType.PRIMARY_SCHOOL, (JUNIOR,): SchoolType.JUNIOR_SCHOOL}.get(
        stages, SchoolType.NINE_YEAR
    )
    pupils = {stage: rng.choice((40, 100, 997)) for stage in stages}
    spreads = random_spreads(rng, stages)
    levels = {}
    for stage, code in spreads:
        greatest = MOST[code] // (4 * ratio**2) // 1000 * 1000
        levels[stage, code] = Fraction(rng.choice((1000, greatest)))
    drafts = []
    for number in range(2):
        draft = Draft(
            {
                "code": f"{first_code + number:010}",
                "name": f"第{first_code + number}学校",
                "school_type": school_type,
                "sponsor_type": rng.choice(OWN_SPONSORS),
            }
        )
        for stage, p in pupils.items():
            draft.values[f"{prefix(stage)}_enrollment"] = p if number == 0 else p * ratio**2
        for (stage, code), spread in spreads.items():
            level = levels[stage, code]
            amount = level * (1 + ratio * spread) if number == 0 else level * ratio * (ratio - spread)
            if number == 0 and code == nudge[0]:
                amount += nudge[1] * STEPS[code]
            _write(draft, rng, stage, code, amount)
        drafts.append(draft)
    return drafts


def _outsiders(rng: Random) -> list[Draft]:
    """Schools that do not count in 2012: not run by the county, and teaching points."""
    drafts = []
    for number in range(rng.choice((0, 0, 1, 3))):
        school_type = rng.choice((SchoolType.PRIMARY_SCHOOL, SchoolType.TEACHING_POINT, SchoolType.NINE_YEAR))
        sponsor = rng.choice([each for each in SponsorType if each not in OWN_SPONSORS])
        if school_type is SchoolType.TEACHING_POINT:
            sponsor = rng.choice(OWN_SPONSORS)
        values = {"code": f"{9_000_000 + number:010}", "school_type": school_type, "sponsor_type": sponsor}
        drafts.append(Draft(values | {"primary_enrollment": 300, "junior_enrollment": rng.choice((None, 20))}))
    return drafts


def composite_county(rng: Random) -> CountyReport:
    stages = rng.choice(((PRIMARY,), (JUNIOR,), (PRIMARY, JUNIOR)))
    nudge = (rng.choice(list(STEPS)), rng.choice((0, 0, 1, -1)))
    drafts = pair_on_the_composite(rng, stages, rng.choice((1, 2, 3)), nudge, 3_400_000)
    for stage in (PRIMARY, JUNIOR):
        if stage not in stages:
            drafts.append(pair_on_the_composite(rng, (stage,), 2, ("B1", 0), 5_500_000)[0])
    drafts += _outsiders(rng)
    rng.shuffle(drafts)
    return CountyReport(tuple(draft.report(row) for row, draft in enumerate(drafts, start=2)))


# ── Any county ────────────────────────────────────────────────────────────────────────────────


def _with_extra_columns(rng: Random, school: SchoolReport, is_sound: bool) -> SchoolReport:
    values: dict[str, Any] = dict(school.values)
    rejected = set(school.rejected)
    if rng.random() < 0.9 and "sponsor_type" not in rejected and values.get("sponsor_type") is not None:
        values["sponsor_type"] = rng.choice(OWN_SPONSORS)
    values["computers"] = rng.choice((0, rng.randint(20, 200)))
    values["books"] = rng.randint(2_000, 30_000)
    for stage in Stage:
        if values.get(f"{prefix(stage)}_enrollment"):
            values[f"{prefix(stage)}_titled_teachers"] = rng.randint(0, 60)
    if not is_sound and rng.random() < 0.1:
        key = rng.choice(("computers", "books", "primary_titled_teachers", "junior_titled_teachers", "sponsor_type"))
        values[key] = None
        if rng.random() < 0.5:
            rejected.add(key)
    return replace(school, values=values, rejected=frozenset(rejected))


def random_county_2012(seed: int) -> CountyReport:
    """The same county for the same seed."""
    rng = Random(f"2012 {seed}")
    if rng.random() < 0.4:
        return composite_county(rng)
    county = random_county(seed)
    is_sound = rng.random() < 0.7
    return replace(county, schools=tuple(_with_extra_columns(rng, each, is_sound) for each in county.schools))
