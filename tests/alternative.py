"""The second implementation: one county judged in fractions and loops, straight from the words of the standard.

It shares nothing with evaluation/core but the form in which decisions are written down, and does not read the
standard document either. The limits below are written out by hand from the text, so that a slip in the document, in
the kernel or here shows as a disagreement.
It is slow and plain on purpose; tests/evaluation/test_kernel_agrees.py and test_kernel_agrees_decided.py hold the
two against each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from math import isqrt
from typing import Any

from evaluation.core.decided import Decided
from indicators.catalogue import STAGE_FIELDS
from indicators.report import CountyReport, SchoolReport
from schools.vocabulary import SchoolType, Stage, UrbanRural

PRIMARY, JUNIOR = Stage.PRIMARY, Stage.JUNIOR
CODES = ("L1", "L2", "L3", "L4", "L5", "L6", "L7")

CODES_2012 = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8")

MET, NOT_MET, UNKNOWN, TO_JUDGE, EXEMPT = "met", "not_met", "unknown", "to_judge", "exempt"

# Section 2: what a school must have for its pupils.
LIMITS: dict[Stage, dict[str, Fraction]] = {
    PRIMARY: {
        "L1": Fraction("4.2"),
        "L2": Fraction(1),
        "L3": Fraction("0.9"),
        "L4": Fraction("4.5"),
        "L5": Fraction("7.5"),
        "L6": Fraction(2000),
        "L7": Fraction("2.3"),
    },
    JUNIOR: {
        "L1": Fraction("5.3"),
        "L2": Fraction(1),
        "L3": Fraction("0.9"),
        "L4": Fraction("5.8"),
        "L5": Fraction("10.2"),
        "L6": Fraction(2500),
        "L7": Fraction("2.4"),
    },
}
# Section 2, school rule: the floors as the standard prints them, 85 % of each limit.
FLOORS: dict[Stage, dict[str, Fraction]] = {
    PRIMARY: {
        "L1": Fraction("3.57"),
        "L2": Fraction("0.85"),
        "L3": Fraction("0.765"),
        "L4": Fraction("3.825"),
        "L5": Fraction("6.375"),
        "L6": Fraction(1700),
        "L7": Fraction("1.955"),
    },
    JUNIOR: {
        "L1": Fraction("4.505"),
        "L2": Fraction("0.85"),
        "L3": Fraction("0.765"),
        "L4": Fraction("4.93"),
        "L5": Fraction("8.67"),
        "L6": Fraction(2125),
        "L7": Fraction("2.04"),
    },
}
COEFFICIENT_LIMITS = {PRIMARY: Fraction("0.50"), JUNIOR: Fraction("0.45")}

WEIGHTS = {"PRIMARY": Fraction(1), "JUNIOR": Fraction("1.1"), "SENIOR": Fraction("1.32")}

# Section 8: no coefficient decides by itself, the mean of the eight does.
COMPOSITE_LIMITS = {PRIMARY: Fraction("0.65"), JUNIOR: Fraction("0.55")}

# Sections 4 to 6: an inspector alone judges these, from evidence …
JUDGED_BY_PEOPLE = ("G1", "G2", "G10", "Q3", "Q5", "Q6", "Q7", "Q8", "V1", "V2", "V3", "V4", "V5", "V6", "P2")
# … and these beside a figure.
JUDGED_BESIDE_A_FIGURE = ("G8", "G15")

# Section 7: what the 2019 rules may grant, and since when.
RELAXATIONS = ("R1", "R2", "R3", "R4")
RELAXATIONS_SINCE = date(2019, 1, 1)


# ── Cells ─────────────────────────────────────────────────────────────────────────────────────


def _cell(school: SchoolReport, key: str) -> Any:
    """The value of a cell, None where it is empty or cannot be used."""
    if key in school.rejected:
        return None
    return school.values.get(key)


def _number(school: SchoolReport, key: str) -> Fraction | None:
    value = _cell(school, key)
    return None if value is None else Fraction(value)


def _is_empty(school: SchoolReport, key: str) -> bool:
    """Nothing was written there. A cell with something unusable in it is not empty."""
    return key not in school.rejected and school.values.get(key) is None


def _sum(parts: list[Fraction | None]) -> Fraction | None:
    """The sum, None as soon as one part is missing."""
    total = Fraction(0)
    for part in parts:
        if part is None:
            return None
        total += part
    return total


def _lower(stage: Stage) -> str:
    return "primary" if stage is PRIMARY else "junior"


# ── Who counts ────────────────────────────────────────────────────────────────────────────────


@dataclass
class _School:
    """A school of the county: the pupils of the stages it has (None: it has the stage, the number is unknown)."""

    report: SchoolReport
    code: str
    name: str
    type: SchoolType | None
    pupils: dict[Stage, Fraction | None]
    senior: Fraction | None
    reason: str  # why it is outside the population; empty for a school inside
    relaxed: frozenset[str] = frozenset()  # the relaxations it was granted and fulfils the conditions of

    @property
    def stages(self) -> list[Stage]:
        return [stage for stage in (PRIMARY, JUNIOR) if stage in self.pupils]


def _has_nothing_of(school: SchoolReport, stage: Stage) -> bool:
    return all(_is_empty(school, field.key) for field in STAGE_FIELDS[stage])


def _pupils_by_stage(school: SchoolReport, school_type: SchoolType | None) -> dict[Stage, Fraction | None]:
    pupils: dict[Stage, Fraction | None] = {}
    for stage, other in ((PRIMARY, JUNIOR), (JUNIOR, PRIMARY)):
        key = f"{_lower(stage)}_enrollment"
        enrollment = _number(school, key)
        if enrollment is not None:
            if enrollment > 0:
                pupils[stage] = enrollment
        elif not _is_empty(school, key):
            pupils[stage] = None
        elif school_type is not None and stage in school_type.stages:
            may_lack_a_stage = school_type in (SchoolType.NINE_YEAR, SchoolType.TWELVE_YEAR)
            if may_lack_a_stage and _has_nothing_of(school, stage) and not _has_nothing_of(school, other):
                continue
            pupils[stage] = None
    return pupils


def _senior_pupils(school: SchoolReport, school_type: SchoolType | None) -> Fraction | None:
    if _is_empty(school, "senior_enrollment"):
        runs_senior = school_type in (SchoolType.COMPLETE_MIDDLE, SchoolType.TWELVE_YEAR)
        return None if runs_senior else Fraction(0)
    return _number(school, "senior_enrollment")


def _reason_outside(school_type: SchoolType | None, pupils: dict[Stage, Fraction | None]) -> str:
    if school_type is SchoolType.SPECIAL:
        return "special school"
    if school_type is SchoolType.VOCATIONAL:
        return "vocational school"
    if not pupils:
        return "no pupils"
    if school_type is SchoolType.TEACHING_POINT:
        total = _sum(list(pupils.values()))
        if total is not None and total < 50:
            return "teaching point with fewer than 50 pupils"
    return ""


def _schools(report: CountyReport) -> list[_School]:
    schools = []
    for school in report.schools:
        school_type = _cell(school, "school_type")
        pupils = _pupils_by_stage(school, school_type)
        schools.append(
            _School(
                report=school,
                code=_cell(school, "code") or "",
                name=_cell(school, "name") or "",
                type=school_type,
                pupils=pupils,
                senior=_senior_pupils(school, school_type),
                reason=_reason_outside(school_type, pupils),
            )
        )
    return sorted(schools, key=lambda school: (school.code == "", school.code))


# ── Relaxations ───────────────────────────────────────────────────────────────────────────────


def _is_granted(school: _School, relaxation: str, decided: Decided, as_of: date) -> bool:
    """Somebody granted it to this school, and the day is one of those it was granted for, the first and last too."""
    return any(
        grant.relaxation == relaxation
        and grant.school == school.code
        and grant.valid_from <= as_of
        and as_of <= grant.valid_until
        for grant in decided.grants
    )


def _is_built_by(school: _School, year: int) -> bool:
    built = _number(school.report, "built_year")
    return built is not None and built <= year


def _is_small_and_rural(school: _School) -> bool:
    """In a village, and no class of any of its stages has thirty pupils."""
    if _cell(school.report, "urban_rural") is not UrbanRural.RURAL or not school.stages:
        return False
    for stage in school.stages:
        largest = _number(school.report, f"{_lower(stage)}_largest_class")
        if largest is None or largest >= 30:
            return False
    return True


def _fulfils(school: _School, relaxation: str) -> bool:
    """The school is one the relaxation is made for. What is not known fulfils nothing."""
    compulsory = _sum(list(school.pupils.values()))
    if relaxation == "R1":
        is_rural = _cell(school.report, "urban_rural") is UrbanRural.RURAL
        is_right_kind = is_rural or school.type is SchoolType.TEACHING_POINT
        return is_right_kind and compulsory is not None and 50 <= compulsory <= 99
    if relaxation == "R2":
        return _cell(school.report, "is_dense_central") is True
    if relaxation == "R3":
        return _is_built_by(school, 2016) or _is_small_and_rural(school)
    migrants = _number(school.report, "migrant_enrollment")
    has_many_migrants = migrants is not None and compulsory is not None and migrants * 2 > compulsory
    return _is_built_by(school, 2010) or has_many_migrants


def _relax(schools: list[_School], decided: Decided, as_of: date) -> list[dict[str, Any]]:
    """Mark each school with the relaxations that work for it; every grant of the day, and whether it works.

    Where two rows claim one code, nobody can say which of them a grant was made for: then it is neither.
    """
    told = []
    codes = [school.code for school in schools]
    for relaxation in RELAXATIONS:
        for school in schools:
            if codes.count(school.code) != 1 or not _is_granted(school, relaxation, decided, as_of):
                continue
            works = as_of >= RELAXATIONS_SINCE and not school.reason and _fulfils(school, relaxation)
            if works:
                school.relaxed = school.relaxed | {relaxation}
            told.append({"code": school.code, "name": school.name, "relaxation": relaxation, "works": works})
    return told


# ── Rows: one stage of one school ─────────────────────────────────────────────────────────────


def _own_teachers(school: _School, keys: list[str], enrollment: Fraction | None) -> Fraction | None:
    """So many teachers for every hundred pupils of the stage."""
    return _per_hundred(_sum([_number(school.report, key) for key in keys]), enrollment)


def _per_hundred(people: Fraction | None, enrollment: Fraction | None) -> Fraction | None:
    return None if people is None or enrollment is None else people * 100 / enrollment


def _share_of(school: _School, stage: Stage) -> Fraction | None:
    """The part of the shared assets that belongs to a stage."""
    weighted: dict[str, Fraction | None] = {}
    for own in school.stages:
        enrollment = school.pupils[own]
        weighted[own.value] = None if enrollment is None else WEIGHTS[own.value] * enrollment
    if school.senior is None:
        weighted["SENIOR"] = None
    elif school.senior > 0:
        weighted["SENIOR"] = WEIGHTS["SENIOR"] * school.senior
    if len(weighted) == 1:
        return Fraction(1)
    total = _sum(list(weighted.values()))
    mine = weighted[stage.value]
    return None if total is None or mine is None else mine / total


def _shared_asset(school: _School, stage: Stage, total: Fraction | None) -> Fraction | None:
    """So much of a shared asset for every pupil of the stage."""
    enrollment = school.pupils[stage]
    share = _share_of(school, stage)
    if total is None or enrollment is None or share is None:
        return None
    return share * total / enrollment


def _row_values(school: _School, stage: Stage) -> dict[str, Fraction | None]:
    enrollment = school.pupils[stage]
    teaching = _number(school.report, "teaching_area")
    indoor = _number(school.report, "indoor_sports_area")
    ground = _number(school.report, "sports_ground_area")
    equipment = _number(school.report, "equipment_value")
    multimedia = _number(school.report, "multimedia_rooms")
    degrees = ["associate", "bachelor", "master", "doctor"] if stage is PRIMARY else ["bachelor", "master", "doctor"]
    prefix = _lower(stage)
    visiting = lent = Fraction(0)
    if "R1" in school.relaxed:
        visiting = _number(school.report, f"{prefix}_shared_arts_teachers") or Fraction(0)
    if "R2" in school.relaxed:
        for key in ("other_sports_area", "rented_sports_area"):
            lent += _number(school.report, key) or Fraction(0)
    artists = [
        _number(school.report, f"{prefix}_{subject}_teachers") for subject in ("pe", "music", "fine_art", "arts")
    ]
    return {
        "L1": _own_teachers(school, [f"{prefix}_{degree}_teachers" for degree in degrees], enrollment),
        "L2": _own_teachers(school, [f"{prefix}_backbone_teachers"], enrollment),
        "L3": _per_hundred(_sum([*artists, visiting]), enrollment),
        "L4": _shared_asset(school, stage, None if teaching is None or indoor is None else teaching - indoor),
        "L5": _shared_asset(school, stage, _sum([ground, indoor, lent])),
        "L6": _shared_asset(school, stage, None if equipment is None else equipment * 10000),
        "L7": _shared_asset(school, stage, None if multimedia is None else multimedia * 100),
    }


def _judge_row(school: _School, stage: Stage) -> dict[str, Any]:
    values = _row_values(school, stage)
    attained, at_85, below_floor, missing = [], [], [], []
    for code in CODES:
        value = values[code]
        if value is None:
            missing.append(code)
        elif value >= LIMITS[stage][code]:
            attained.append(code)
        elif value >= FLOORS[stage][code]:
            at_85.append(code)
        else:
            below_floor.append(code)
    passed: bool | None
    if below_floor or len(at_85) >= 2:
        passed = False
    elif missing:
        passed = None
    else:
        passed = True
    return {
        "code": school.code,
        "name": school.name,
        "stage": stage.value,
        "enrollment": school.pupils[stage],
        "values": values,
        "attained": attained,
        "at_85": at_85,
        "passed": passed,
    }


# ── The difference coefficient ────────────────────────────────────────────────────────────────


def square_root(square: Fraction) -> Decimal:
    """To forty digits and more."""
    with localcontext() as context:
        context.prec = 60
        return (Decimal(square.numerator) / Decimal(square.denominator)).sqrt()


def spread(values: list[Fraction], enrollments: list[Fraction]) -> tuple[Fraction, Fraction]:
    """The mean and the squared standard deviation of values per pupil, each school weighing as many as its pupils."""
    pupils = sum(enrollments, Fraction(0))
    mean = sum((value * p for value, p in zip(values, enrollments, strict=True)), Fraction(0)) / pupils
    variance = Fraction(0)
    for value, p in zip(values, enrollments, strict=True):
        variance += p / pupils * (value - mean) ** 2
    return mean, variance


def _judge_indicator(rows: list[dict[str, Any]], limit: Fraction | None, code: str, is_certain: bool) -> dict[str, Any]:
    """Where no limit is set for it, a coefficient only has to be known."""
    result: dict[str, Any] = {
        "mean": None,
        "deviation": None,
        "deviation_squared": None,
        "coefficient": None,
        "coefficient_squared": None,
        "limit": limit,
        "passed": None,
        "attained_schools": sum(1 for row in rows if code in row["attained"]),
    }
    values = [row["values"][code] for row in rows]
    enrollments = [row["enrollment"] for row in rows]
    if not is_certain or not rows or None in values or None in enrollments:
        return result
    mean, variance = spread(values, enrollments)
    result["mean"] = mean
    result["deviation_squared"] = variance
    result["deviation"] = float(square_root(variance))
    if mean > 0:
        squared = variance / mean**2
        result["coefficient_squared"] = squared
        result["coefficient"] = float(square_root(squared))
        result["passed"] = limit is None or squared <= limit**2
    return result


def _judge_stage(rows: list[dict[str, Any]], stage: Stage, is_certain: bool) -> dict[str, Any]:
    indicators = {code: _judge_indicator(rows, COEFFICIENT_LIMITS[stage], code, is_certain) for code in CODES}
    squares = [indicators[code]["coefficient_squared"] for code in CODES]
    composite = None
    if None not in squares:
        composite = float(sum((square_root(square) for square in squares), Decimal(0)) / 7)
    return {
        "schools": len(rows),
        "enrollment": _sum([row["enrollment"] for row in rows]),
        "indicators": indicators,
        "composite": composite,
    }


# ── Items computed from the schools ───────────────────────────────────────────────────────────


def _over_all(findings: list[str], is_certain: bool) -> str:
    """One school known to fall short decides; else one that is not known; else all meet it."""
    if NOT_MET in findings:
        return NOT_MET
    if UNKNOWN in findings or not is_certain:
        return UNKNOWN
    return MET


def _count_short(findings: list[str], is_certain: bool) -> dict[str, Any]:
    return {"status": _over_all(findings, is_certain), "value": findings.count(NOT_MET)}


def _rooms_finding(school: _School) -> str:
    """Short as soon as the classes that are known ask for more rooms of a kind than there are."""
    classes = [_number(school.report, f"{_lower(stage)}_classes") for stage in school.stages]
    needed = -(-sum((c for c in classes if c is not None), Fraction(0)) // 12)
    findings = [UNKNOWN] if None in classes else []
    music, art = 96, 90
    if "R3" in school.relaxed and _is_built_by(school, 2016):
        music, art = 73, 67
    if "R3" in school.relaxed and _is_small_and_rural(school):
        small = 61 if JUNIOR in school.stages else 54
        music, art = min(music, small), min(art, small)
    for key, smallest in (("music_room_areas", music), ("art_room_areas", art)):
        areas = _cell(school.report, key)
        if areas is None:
            if key in school.report.rejected:
                findings.append(UNKNOWN)
                continue
            areas = ()
        large_enough = sum(1 for area in areas if Fraction(area) >= smallest)
        findings.append(MET if large_enough >= needed else NOT_MET)
    return _over_all(findings, True)


def _size_finding(school: _School) -> str:
    pupils = list(school.pupils.values())
    known = [p for p in pupils if p is not None]
    most, most_continuous = (2400, 3000) if "R4" in school.relaxed else (2000, 2500)
    if school.type in (SchoolType.NINE_YEAR, SchoolType.TWELVE_YEAR):
        is_over = sum(known, Fraction(0)) > most_continuous
    else:
        is_over = any(p > most for p in known)
    if is_over:
        return NOT_MET
    return UNKNOWN if None in pupils else MET


def _class_size_finding(school: _School) -> str:
    findings = []
    for stage in school.stages:
        if stage is PRIMARY:
            largest, over, most = "primary_largest_class", "primary_classes_over_45", 45
        else:
            largest, over, most = "junior_largest_class", "junior_classes_over_50", 50
        for figure, greatest in ((_number(school.report, largest), most), (_number(school.report, over), 0)):
            if figure is None:
                findings.append(UNKNOWN)
            else:
                findings.append(MET if figure <= greatest else NOT_MET)
    return _over_all(findings, True)


def _small_school_finding(school: _School, c09: Fraction | None, c10: Fraction | None) -> str:
    """Schools under a hundred pupils must have been funded as if they had a hundred."""
    if not school.pupils:
        return MET
    pupils = [*school.pupils.values(), school.senior]
    if sum((p for p in pupils if p is not None), Fraction(0)) >= 100:
        return MET
    if None in pupils:
        return UNKNOWN
    amounts = {PRIMARY: c09, JUNIOR: c10}
    funds = _number(school.report, "funds_allocated")
    compulsory = _sum(list(school.pupils.values()))
    weighted = Fraction(0)
    for stage, enrollment in school.pupils.items():
        amount = amounts[stage]
        if amount is None or amount == 0:
            return UNKNOWN
        weighted += enrollment * amount
    if funds is None:
        return UNKNOWN
    return MET if funds * 10000 >= 100 * weighted / compulsory else NOT_MET


def _every_teacher(population: list[_School], key: str, is_certain: bool) -> dict[str, Any]:
    findings = []
    counted = teachers = Fraction(0)
    is_complete = True
    for school in population:
        of_stages = [_number(school.report, f"{_lower(stage)}_full_time_teachers") for stage in school.stages]
        own = sum((number for number in of_stages if number is not None), Fraction(0))
        count = _number(school.report, key)
        if count is None or (None in of_stages and count >= own):
            findings.append(UNKNOWN)
            is_complete = False
            continue
        if None in of_stages:
            is_complete = False
        findings.append(MET if count >= own else NOT_MET)
        counted += min(count, own)
        teachers += own
    value = None
    if is_complete:
        if teachers > 0:
            value = 100 * counted / teachers
        else:
            findings.append(UNKNOWN)
    return {"status": _over_all(findings, is_certain), "value": value}


def _counts_for_zones(school: _School) -> bool | None:
    """Public, in a city or a town, no boarders; None where that cannot be told."""
    sponsor = _cell(school.report, "sponsor_type")
    place = _cell(school.report, "urban_rural")
    boarding = _cell(school.report, "is_boarding")
    answers = [
        None if sponsor is None else 1 <= int(sponsor) <= 9,
        None if place is None else place in (UrbanRural.URBAN, UrbanRural.TOWN),
        None if boarding is None else not boarding,
    ]
    if False in answers:
        return False
    return None if None in answers else True


def _in_zone(population: list[_School], is_certain: bool) -> dict[str, Any]:
    findings = []
    for stage, least in ((PRIMARY, 100), (JUNIOR, 95)):
        pupils = in_zone = Fraction(0)
        is_known = True
        for school in population:
            if stage not in school.pupils:
                continue
            counts = _counts_for_zones(school)
            if counts is False:
                continue
            enrollment = school.pupils[stage]
            inside = _number(school.report, f"{_lower(stage)}_in_zone_enrollment")
            if counts is None or enrollment is None or inside is None:
                is_known = False
                continue
            pupils += enrollment
            in_zone += inside
        if not is_known:
            findings.append(UNKNOWN)
        elif pupils == 0:
            findings.append(MET)
        else:
            findings.append(MET if 100 * in_zone / pupils >= least else NOT_MET)
    return {"status": _over_all(findings, is_certain), "value": None}


def _retention(population: list[_School], is_certain: bool) -> dict[str, Any]:
    stayed: Fraction | None = Fraction(0)
    began: Fraction | None = Fraction(0)
    for school in population:
        if JUNIOR not in school.pupils:
            continue
        graduates = _number(school.report, "graduates")
        arrived = _number(school.report, "transferred_in")
        left = _number(school.report, "transferred_out")
        entrants = _number(school.report, "entrants_three_years_ago")
        deceased = _number(school.report, "deceased")
        minus_arrived = None if arrived is None else -arrived
        minus_deceased = None if deceased is None else -deceased
        stayed = _sum([stayed, graduates, minus_arrived, left])
        began = _sum([began, entrants, minus_deceased])
    if stayed is None or began is None or began <= 0:
        return {"status": UNKNOWN, "value": None}
    value = 100 * stayed / began
    return {"status": _over_all([MET if value >= 95 else NOT_MET], is_certain), "value": value}


def _training_funds_finding(school: _School) -> str:
    training = _number(school.report, "training_budget")
    budget = _number(school.report, "funds_budget")
    if training is None or budget is None or budget == 0:
        return UNKNOWN
    return MET if training * 100 >= 5 * budget else NOT_MET


# ── Items computed from the county's figures ──────────────────────────────────────────────────


def _ratios(parts: list[tuple[list[Fraction | None], Fraction | None, int, int]]) -> dict[str, Any]:
    """Each part: figures added up, the figure they are divided by, a factor, and what must be reached."""
    findings = []
    shares: list[Fraction | None] = []
    for figures, base, factor, least in parts:
        amount = _sum(figures)
        if amount is None or base is None or base == 0:
            findings.append(UNKNOWN)
            shares.append(None)
            continue
        share = amount * factor / base
        findings.append(MET if share >= least else NOT_MET)
        shares.append(share)
    return {"status": _over_all(findings, True), "value": shares[0]}


def _monitoring(figures: dict[str, Fraction | None]) -> dict[str, Any]:
    grades = [figures[f"C{number}"] for number in range(27, 33)]
    differences = [figures[f"C{number}"] for number in range(33, 39)]
    is_lost = any(grade is not None and grade < 3 for grade in grades) or any(
        difference is not None and difference >= Fraction("0.15") for difference in differences
    )
    missing = (grades + differences).count(None)
    if is_lost:
        status = NOT_MET
    elif missing == 12:
        status = TO_JUDGE
    elif missing:
        status = UNKNOWN
    else:
        status = MET
    return {"status": status, "value": None}


def _survey(figures: Mapping[str, int] | None) -> dict[str, Any]:
    """So many of a hundred valid answers are content; it waits where neither number was supplied yet."""
    valid, satisfied = (figures.get(key) if figures else None for key in ("valid", "satisfied"))
    if valid is None and satisfied is None:
        return {"status": TO_JUDGE, "value": None}
    if not valid or satisfied is None:
        return {"status": UNKNOWN, "value": None}
    share = Fraction(100 * satisfied, valid)
    return {"status": MET if share >= 85 else NOT_MET, "value": share}


def _years_since(recognised: Fraction | None, as_of: date) -> dict[str, Any]:
    if recognised is None:
        return {"status": UNKNOWN, "value": None}
    years = as_of.year - recognised
    return {"status": MET if years >= 3 else NOT_MET, "value": years}


def _after_the_inspector(code: str, status: str, is_met: bool | None) -> str:
    """What an item comes to once an inspector has judged it, or has not yet (None)."""
    if is_met is False:
        return NOT_MET
    if code in JUDGED_BY_PEOPLE:
        return MET if is_met else TO_JUDGE
    if code == "G8" and status == MET and is_met is None:
        return TO_JUDGE  # the salaries are right, the whole sum of merit pay is still to be looked at
    return status


def _criteria(
    schools: list[_School], figures: dict[str, Fraction | None], is_certain: bool, as_of: date, decided: Decided
) -> dict[str, dict[str, Any]]:
    population = [school for school in schools if not school.reason]
    funded = [school for school in schools if school.type not in (SchoolType.SPECIAL, SchoolType.VOCATIONAL)]
    c = figures
    criteria = {code: {"status": TO_JUDGE, "value": None} for code in JUDGED_BY_PEOPLE}
    criteria["G3"] = _count_short([_rooms_finding(school) for school in population], is_certain)
    criteria["G4"] = _count_short([_size_finding(school) for school in population], is_certain)
    criteria["G5"] = _count_short([_class_size_finding(school) for school in population], is_certain)
    criteria["G6"] = _count_short(
        [_small_school_finding(school, c["C09"], c["C10"]) for school in funded],
        is_certain,
    )
    criteria["G7"] = _ratios([([c["C11"]], c["C12"], 10000, 8000)])
    criteria["G8"] = _ratios([([c["C13"]], c["C14"], 100, 100)])
    criteria["G9"] = _every_teacher(population, "trained_teachers", is_certain)
    criteria["G11"] = _ratios([([c["C16"]], c["C15"], 100, 10), ([c["C17"]], c["C16"], 100, 20)])
    criteria["G12"] = _every_teacher(population, "certified_teachers", is_certain)
    criteria["G13"] = _in_zone(population, is_certain)
    criteria["G14"] = _ratios([([c["C19"]], c["C18"], 100, 50), ([c["C20"]], c["C19"], 100, 0)])
    criteria["G15"] = _ratios([([c["C22"], c["C23"]], c["C21"], 100, 85)])
    criteria["Q1"] = _retention(population, is_certain)
    criteria["Q2"] = _ratios([([c["C25"]], c["C24"], 100, 95)])
    criteria["Q4"] = _count_short([_training_funds_finding(school) for school in population], is_certain)
    criteria["Q9"] = _monitoring(c)
    criteria["S1"] = _survey(decided.supplied["S1"].figures if "S1" in decided.supplied else None)
    criteria["P1"] = _years_since(c["C39"], as_of)
    for code in (*JUDGED_BY_PEOPLE, *JUDGED_BESIDE_A_FIGURE):
        is_met = decided.judged[code].is_met if code in decided.judged else None
        criteria[code]["status"] = _after_the_inspector(code, criteria[code]["status"], is_met)
    return criteria


def _county_figures(report: CountyReport, decided: Decided) -> dict[str, Fraction | None]:
    """C01 to C39. Results of the monitoring that the province entered take the place of those reported."""
    figures: dict[str, Fraction | None] = {}
    for number in range(1, 40):
        figure = report.figures.get(f"C{number:02}")
        figures[f"C{number:02}"] = None if figure is None else Fraction(figure)
    if "Q9" in decided.supplied:
        entered = decided.supplied["Q9"].figures
        for number in range(27, 39):
            if f"C{number}" in entered:
                unit = 1 if number <= 32 else 10**6
                figures[f"C{number}"] = Fraction(entered[f"C{number}"], unit)
    return figures


# ── The county ────────────────────────────────────────────────────────────────────────────────


def _passed(outcomes: Iterable[bool | None], is_certain: bool) -> bool | None:
    known = list(outcomes)
    if False in known:
        return False
    return None if None in known or not is_certain else True


def _excluded(schools: list[_School]) -> list[dict[str, Any]]:
    return [{"code": school.code, "name": school.name, "reason": school.reason} for school in schools if school.reason]


def _judge(schools: list[_School], report: CountyReport, as_of: date, decided: Decided) -> dict[str, Any]:
    is_certain = report.is_population_certain and all(school.type is not None for school in schools)
    rows = []
    for school in schools:
        if not school.reason:
            rows.extend(_judge_row(school, stage) for stage in school.stages)
    stages = {
        stage.value: _judge_stage([row for row in rows if row["stage"] == stage.value], stage, is_certain)
        for stage in (PRIMARY, JUNIOR)
    }
    criteria = _criteria(schools, _county_figures(report, decided), is_certain, as_of, decided)
    outcomes: list[bool | None] = [row["passed"] for row in rows]
    for stage in stages.values():
        outcomes.extend(indicator["passed"] for indicator in stage["indicators"].values())
    outcomes.extend({NOT_MET: False, UNKNOWN: None}.get(item["status"], True) for item in criteria.values())
    passed = _passed(outcomes, is_certain)
    waits = any(item["status"] == TO_JUDGE for item in criteria.values())
    return {
        "passed": passed,
        "complete": None not in outcomes and is_certain and not waits,
        "stages": stages,
        "schools": rows,
        "excluded": _excluded(schools),
        "criteria": criteria,
    }


def judge_county(report: CountyReport, as_of: date, decided: Decided | None = None) -> dict[str, Any]:
    """One county judged, in the shape of ``judge --json`` with fractions for numbers.

    Deviations and coefficients come as their exact squares (``deviation_squared``, ``coefficient_squared``),
    which are what is compared, and as the float nearest to their roots.

    Where relaxations are granted on the day, ``relaxations`` tells each and whether it works, and
    ``without_relaxations`` is the whole verdict without any (of which ``judge --json`` tells what is different).
    """
    decided = decided or Decided()
    strict = _judge(_schools(report), report, as_of, decided)
    schools = _schools(report)
    relaxations = _relax(schools, decided, as_of)
    if not relaxations:
        return strict
    told = _judge(schools, report, as_of, decided)
    told["relaxations"] = relaxations
    for code, item in told["criteria"].items():
        if item["status"] == MET and strict["criteria"][code]["status"] != MET:
            item["status"] = EXEMPT
    told["without_relaxations"] = strict
    return told


# ── Section 8: the measure of 2012 ────────────────────────────────────────────────────────────


def _runs_it(school: _School) -> bool | None:
    """The county runs the school itself (举办者 7 or 8); None where nobody wrote who does."""
    sponsor = _cell(school.report, "sponsor_type")
    return None if sponsor is None else int(sponsor) in (7, 8)


def _row_2012(school: _School, stage: Stage) -> dict[str, Any]:
    enrollment = school.pupils[stage]
    prefix = _lower(stage)
    degrees = ["associate", "bachelor", "master", "doctor"] if stage is PRIMARY else ["bachelor", "master", "doctor"]

    def asset(factor: int, *keys: str) -> Fraction | None:
        total = _sum([_number(school.report, key) for key in keys])
        return _shared_asset(school, stage, None if total is None else total * factor)

    def teachers(*kinds: str) -> Fraction | None:
        people = _sum([_number(school.report, f"{prefix}_{kind}_teachers") for kind in kinds])
        return None if people is None or enrollment is None else people / enrollment

    values = {
        "B1": asset(1, "teaching_area"),
        "B2": asset(1, "sports_ground_area", "indoor_sports_area"),
        "B3": asset(10000, "equipment_value"),
        "B4": asset(100, "computers"),
        "B5": asset(1, "books"),
        "B6": teachers("full_time"),
        "B7": teachers(*degrees),
        "B8": teachers("titled"),
    }
    return {
        "code": school.code,
        "name": school.name,
        "stage": stage.value,
        "enrollment": enrollment,
        "values": values,
        "attained": [],
        "at_85": [],
        "passed": None if None in values.values() else True,
    }


def _exact_root(square: Fraction) -> Fraction | None:
    top, bottom = isqrt(square.numerator), isqrt(square.denominator)
    root = Fraction(top, bottom)
    return root if root**2 == square else None


def is_mean_of_roots_within(squares: list[Fraction], limit: Fraction) -> bool:
    """Whether the mean of the square roots is at most ``limit``, without a doubt.

    Positive roots that are not all rational cannot add up to a rational number: then the mean is not the limit
    itself, and with enough digits it is seen on which side it lies.
    """
    roots = [_exact_root(square) for square in squares]
    rational = [root for root in roots if root is not None]
    if len(rational) == len(squares):
        return sum(rational, Fraction(0)) <= limit * len(squares)
    digits = 20
    while True:
        scale = 10**digits
        # Each root cut off after so many digits lies at most one unit of the last too low.
        least = sum(isqrt(square.numerator * scale**2 // square.denominator) for square in squares)
        if least > limit * len(squares) * scale:
            return False
        if least + len(squares) < limit * len(squares) * scale:
            return True
        digits *= 2


def _stage_2012(rows: list[dict[str, Any]], stage: Stage, is_certain: bool) -> dict[str, Any]:
    indicators = {code: _judge_indicator(rows, None, code, is_certain) for code in CODES_2012}
    squares = [indicator["coefficient_squared"] for indicator in indicators.values()]
    is_known = None not in squares
    limit = COMPOSITE_LIMITS[stage]
    return {
        "schools": len(rows),
        "enrollment": _sum([row["enrollment"] for row in rows]),
        "indicators": indicators,
        "composite": float(sum((square_root(s) for s in squares), Decimal(0)) / 8) if is_known else None,
        "composite_limit": limit,
        "composite_passed": is_mean_of_roots_within(squares, limit) if is_known else None,
    }


def judge_county_2012(report: CountyReport, as_of: date) -> dict[str, Any]:
    """One county judged by the measure of 2012, in the same shape; ``as_of`` is not asked for by any of its rules."""
    schools = _schools(report)
    is_certain = report.is_population_certain and all(school.type is not None for school in schools)
    for school in schools:
        if school.type is SchoolType.TEACHING_POINT:
            school.reason = "teaching point"
        elif not school.reason and _runs_it(school) is False:
            school.reason = "not run by the county"
        elif not school.reason and _runs_it(school) is None:
            is_certain = False
    rows = []
    for school in schools:
        if not school.reason:
            rows.extend(_row_2012(school, stage) for stage in school.stages)
    stages = {
        stage.value: _stage_2012([row for row in rows if row["stage"] == stage.value], stage, is_certain)
        for stage in (PRIMARY, JUNIOR)
    }
    outcomes = [stage["composite_passed"] for stage in stages.values()]
    return {
        "passed": _passed(outcomes, is_certain),
        "complete": None not in outcomes and is_certain,
        "stages": stages,
        "schools": rows,
        "excluded": _excluded(schools),
        "criteria": {},
    }
