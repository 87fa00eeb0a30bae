"""Random counties with what people decided about them: ``random_decided_county(seed)``.

Sound schools are brought to the edge a relaxation is made for (on it, or a hair to either side), and mostly granted
that relaxation; judgements and supplied results mostly meet what is asked for. So every outcome occurs, and each often
hangs on one decision.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from evaluation.core.decided import Decided, Grant, Judged, Supplied
from indicators.report import CountyReport
from schools.vocabulary import SchoolType, Stage, UrbanRural
from tests.evaluation.random_counties import (
    AS_OF,
    DAMAGES,
    PRIMARY,
    SUBJECTS,
    Draft,
    Pupils,
    damage_figures,
    just_enough,
    ordinary_county,
    prefix,
    random_figures,
    sound_amounts,
    tidy_enrollments,
    write_school,
)

JUNIOR = Stage.JUNIOR
RELAXATIONS = ("R1", "R2", "R3", "R4")
#: Items an inspector judges, and some nobody may judge: a judgement there must change nothing.
JUDGED = ("G1", "G2", "G8", "G10", "G15", "Q3", "Q5", "Q6", "Q7", "Q8", "V1", "V2", "V3", "V4", "V5", "V6", "P2")
NOT_TO_BE_JUDGED = ("G3", "G4", "G7", "G12", "Q1", "Q9", "S1", "P1", "L3", "X9")
MILLIONTH = Decimal("0.000001")
DAY = timedelta(days=1)


# ── Schools on the edge of a relaxation ───────────────────────────────────────────────────────


def _rewrite(rng: Random, draft: Draft, school_type: SchoolType, pupils: Pupils) -> None:
    """The same school with other pupils, sound again."""
    name, code = draft.values["name"], draft.values["code"]
    amounts = sound_amounts(rng, pupils, 0, Fraction(1)) if rng.random() < 0.5 else just_enough(pupils)
    draft.values = write_school(rng, code, school_type, pupils, 0, amounts).values | {"name": name}
    draft.rejected = set()


def _blur(rng: Random, draft: Draft, *keys: str) -> None:
    """Now and then one of the cells the relaxation rests on is empty or refused."""
    if rng.random() < 0.15:
        rng.choice((draft.clear, draft.reject))(rng.choice(keys))


def _few_pupils(rng: Random, draft: Draft) -> str:
    """R1: 50 to 99 pupils in a village or at a teaching point, whose own arts teachers are too few."""
    total = rng.choice((49, 50, 50, 73, 99, 99, 100))
    school_type = rng.choice(
        (SchoolType.PRIMARY_SCHOOL, SchoolType.TEACHING_POINT, SchoolType.JUNIOR_SCHOOL, SchoolType.NINE_YEAR)
    )
    first = {SchoolType.JUNIOR_SCHOOL: 0, SchoolType.NINE_YEAR: rng.randint(20, 30)}.get(school_type, total)
    pupils = {stage: p for stage, p in ((PRIMARY, first), (JUNIOR, total - first)) if p}
    _rewrite(rng, draft, school_type, pupils)
    draft.values["urban_rural"] = rng.choice((UrbanRural.RURAL, UrbanRural.RURAL, UrbanRural.TOWN))
    for stage in pupils:
        for subject in SUBJECTS:
            draft.values[f"{prefix(stage)}_{subject}_teachers"] = 0
        draft.values[f"{prefix(stage)}_shared_arts_teachers"] = rng.choice((1, 1, 1, 2, 0))
    _blur(rng, draft, "urban_rural", "primary_shared_arts_teachers", "junior_shared_arts_teachers")
    _blur(rng, draft, "primary_enrollment", "junior_enrollment", "primary_music_teachers")
    return "R1"


def _dense_centre(rng: Random, draft: Draft) -> str:
    """R2: part of the sports space is lent or converted, exactly as much as is missing, or a hair less."""
    draft.values["is_dense_central"] = rng.random() < 0.8
    if draft.values.get("sports_ground_area"):
        ground = draft.values["sports_ground_area"]
        lent = (ground * rng.choice((10, 30, 60)) / 100).quantize(MILLIONTH)
        converted = (lent * rng.choice((0, 40, 100)) / 100).quantize(MILLIONTH)
        draft.values["sports_ground_area"] = ground - lent
        draft.values["other_sports_area"] = converted
        draft.values["rented_sports_area"] = max(lent - converted - rng.choice((0, 0, 1)) * MILLIONTH, Decimal(0))
    _blur(rng, draft, "is_dense_central", "other_sports_area", "rented_sports_area", "sports_ground_area")
    return "R2"


def _old_rooms(rng: Random, draft: Draft) -> str:
    """R3, first case: rooms of schools built until 2016, or in the year after."""
    draft.values["built_year"] = rng.choice((1985, 2016, 2016, 2016, 2017))
    for key, least in (("music_room_areas", 73), ("art_room_areas", 67)):
        size = least - rng.choice((0, 0, 0, 0, 0, 0, 1)) * MILLIONTH
        draft.values[key] = tuple(size for _ in draft.values.get(key) or ())
    _blur(rng, draft, "built_year", "music_room_areas", "art_room_areas")
    return "R3"


def _small_rural_rooms(rng: Random, draft: Draft) -> str:
    """R3, second case: a village school whose largest class has 29 pupils, or 30."""
    school_type = rng.choice((SchoolType.PRIMARY_SCHOOL, SchoolType.JUNIOR_SCHOOL, SchoolType.NINE_YEAR))
    pupils = dict.fromkeys(school_type.stages, rng.choice((120, 200)))
    _rewrite(rng, draft, school_type, pupils)
    draft.values["urban_rural"] = rng.choice((UrbanRural.RURAL, UrbanRural.RURAL, UrbanRural.RURAL, UrbanRural.TOWN))
    draft.values["built_year"] = rng.choice((2000, 2016, 2017, 2017, 2020))
    for stage in pupils:
        draft.values[f"{prefix(stage)}_largest_class"] = rng.choice((12, 29, 29, 29, 29, 30))
    for key in ("music_room_areas", "art_room_areas"):
        size = rng.choice((54, 61, 61, 61, 67, 73)) - rng.choice((0, 0, 0, 0, 0, 0, 1)) * MILLIONTH
        draft.values[key] = tuple(size for _ in draft.values[key])
    _blur(rng, draft, "urban_rural", "built_year", "primary_largest_class", "junior_largest_class")
    return "R3"


def _large_school(rng: Random, draft: Draft) -> str:
    """R4: more pupils than others may have, built until 2010, or half of them from elsewhere."""
    school_type = rng.choice(
        (SchoolType.PRIMARY_SCHOOL, SchoolType.JUNIOR_SCHOOL, SchoolType.NINE_YEAR, SchoolType.TWELVE_YEAR)
    )
    if school_type.is_continuous:
        total = rng.choice((2500, 2501, 2800, 3000, 3000, 3001))
        first = rng.choice((1000, 2000, 2450))
        pupils = {PRIMARY: first, JUNIOR: total - first}
    else:
        total = rng.choice((2000, 2001, 2400, 2400, 2401))
        pupils = dict.fromkeys(school_type.stages, total)
    _rewrite(rng, draft, school_type, pupils)
    draft.values["built_year"] = rng.choice((1990, 2010, 2010, 2011, 2011, 2011))
    draft.values["migrant_enrollment"] = rng.choice((0, total // 2, total // 2, total // 2 + 1, total // 2 + 1, total))
    _blur(rng, draft, "built_year", "migrant_enrollment")
    return "R4"


EDGES: tuple[Callable[[Random, Draft], str], ...] = (
    _few_pupils,
    _dense_centre,
    _old_rooms,
    _small_rural_rooms,
    _large_school,
)


# ── Decisions ─────────────────────────────────────────────────────────────────────────────────


def random_days(rng: Random) -> tuple[date, date]:
    """Days around AS_OF: mostly it is one of them, often the first or the last, sometimes the day beside."""
    return rng.choice(
        (
            (date(2025, 9, 1), date(2028, 8, 31)),
            (date(2025, 9, 1), date(2028, 8, 31)),
            (AS_OF, AS_OF),
            (AS_OF, date(2028, 8, 31)),
            (date(2023, 9, 1), AS_OF),
            (date(2023, 9, 1), AS_OF - DAY),
            (AS_OF + DAY, date(2028, 8, 31)),
        )
    )


def random_grants(rng: Random, codes: list[str], edges: list[tuple[str, str]]) -> tuple[Grant, ...]:
    """Mostly for the schools on the edge of a relaxation; now and then for another, or for one nobody knows."""
    grants = [Grant(relaxation, code, *random_days(rng)) for code, relaxation in edges if rng.random() < 0.85]
    for _ in range(rng.choice((0, 0, 1, 4))):
        grants.append(Grant(rng.choice(RELAXATIONS), rng.choice([*codes, "9876543210"]), *random_days(rng)))
    if grants and rng.random() < 0.2:
        again = rng.choice(grants)
        grants.append(Grant(again.relaxation, again.school, *random_days(rng)))
    rng.shuffle(grants)
    return tuple(dict.fromkeys(grants))


def random_judgements(rng: Random) -> dict[str, Judged]:
    found = {code: Judged(True, f"{code} 查阅材料") for code in JUDGED}
    for _ in range(rng.choice((0, 0, 0, 0, 1, 15))):
        found.pop(rng.choice(list(JUDGED)), None)
    for _ in range(rng.choice((0, 0, 0, 0, 0, 1, 2))):
        found[rng.choice((*JUDGED, "G8", "G15"))] = Judged(False, "不符合")
    for _ in range(rng.choice((0, 0, 2))):
        found[rng.choice(NOT_TO_BE_JUDGED)] = Judged(rng.random() < 0.5, "")
    return found


def random_survey(rng: Random) -> Supplied:
    valid = 20 * rng.choice((1, 30, 50_000))
    satisfied = valid * 85 // 100 + rng.choice((0, 0, 0, 0, 0, 1, 1, -1))
    figures = {"issued": valid + 3, "valid": valid, "satisfied": satisfied, "visited": 40, "visited_satisfied": 30}
    if rng.random() < 0.5:
        figures |= {f"parents_{name}": amount // 2 for name, amount in figures.items()}
    if rng.random() < 0.15:
        del figures[rng.choice(("valid", "satisfied", "issued"))]
    if rng.random() < 0.05:
        figures = {key: amount for key, amount in figures.items() if key not in ("valid", "satisfied")}
    elif rng.random() < 0.05:
        figures |= {"valid": 0, "satisfied": 0}
    return Supplied(figures, "省教育督导〔2026〕3号")


def random_monitoring(rng: Random) -> Supplied:
    """Results of some subjects or of all."""
    grades = {f"C{number}": rng.choice((3, 4, 5)) for number in range(27, 33)}
    differences = {f"C{number}": rng.choice((149_999, 80_000)) for number in range(33, 39)}
    figures = grades | differences
    if rng.random() < 0.15:
        figures |= rng.choice(({"C28": 2}, {"C36": 150_000}, {"C36": 150_001}, {"C32": 1, "C33": 149_999}))
    for _ in range(rng.choice((0, 0, 0, 1, 11))):
        figures.pop(rng.choice(list(figures)))
    return Supplied(figures, "国家监测中心通报")


def random_supplies(rng: Random) -> dict[str, Supplied]:
    found = {}
    if rng.random() < 0.85:
        found["S1"] = random_survey(rng)
    if rng.random() < 0.5:
        found["Q9"] = random_monitoring(rng)
    return found


def random_decided(rng: Random, codes: list[str], edges: list[tuple[str, str]], is_calm: bool) -> Decided:
    grants = random_grants(rng, codes, edges)
    if is_calm:
        judged = {code: Judged(True, "") for code in JUDGED}
        return Decided(grants, judged, {"S1": Supplied({"issued": 900, "valid": 800, "satisfied": 680}, "省级调查")})
    chance = rng.random()
    if chance < 0.1:
        return Decided()
    if chance < 0.2:
        return Decided(grants)
    return Decided(grants, random_judgements(rng), random_supplies(rng))


# ── A county and what was decided about it ────────────────────────────────────────────────────


def random_decided_county(seed: int) -> tuple[CountyReport, Decided]:
    """The same county and the same decisions for the same seed."""
    rng = Random(f"decided {seed}")
    is_calm = rng.random() < 0.4  # one school on one edge, and everything else as it should be
    drafts = tidy_enrollments(rng, ordinary_county(rng, is_sound=True))
    edges = []
    for draft in rng.sample(drafts, min(len(drafts), 1 if is_calm else rng.choice((0, 1, 1, 2, 3, 15)))):
        edges.append((draft.values["code"], rng.choice(EDGES)(rng, draft)))
        if rng.random() < 0.1:
            edges.append((draft.values["code"], _dense_centre(rng, draft)))
    codes = [draft.values["code"] for draft in drafts]
    figures = random_figures(rng)
    is_certain = True
    if not is_calm:
        for _ in range(rng.choice((0, 0, 0, 1, 3))):
            rng.choice(DAMAGES)(rng, rng.choice(drafts))
        for _ in range(rng.choice((0, 0, 0, 0, 2))):
            damage_figures(rng, figures)
        is_certain = rng.random() > 0.05
    if not is_certain:
        rng.choice(drafts).values["code"] = rng.choice(codes)
    rng.shuffle(drafts)
    report = CountyReport(
        schools=tuple(draft.report(row) for row, draft in enumerate(drafts, start=2)),
        figures=figures,
        is_population_certain=is_certain,
    )
    return report, random_decided(rng, codes, edges, is_calm)


def in_another_order(decided: Decided, rng: Random) -> Decided:
    """The same decisions, written down in another order."""

    def shuffled(mapping: Any) -> dict[str, Any]:
        items = list(mapping.items())
        rng.shuffle(items)
        return dict(items)

    return Decided(
        tuple(rng.sample(decided.grants, len(decided.grants))),
        shuffled(decided.judged),
        {code: Supplied(shuffled(each.figures), each.document) for code, each in shuffled(decided.supplied).items()},
    )
