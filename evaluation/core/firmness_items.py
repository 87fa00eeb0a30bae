"""Which single cells could turn an item besides the resource indicators (standard §4–§6). Pure.

Each rule of :mod:`evaluation.core.items` names the cells its figures hang on and the value at which they turn it. They
are suggestions: whoever tells one lets the kernel judge it first, so that a relaxation or a second school that fails
as well is never overlooked.
"""

from __future__ import annotations

import datetime
import heapq
import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import islice

import numpy as np

from evaluation.core.changes import OF_COUNTY, Change, scale_of, step_of
from evaluation.core.columns import CountyColumns, SchoolColumns
from evaluation.core.contradictions import Contradictions
from evaluation.core.firmness_rows import ENROLLMENTS
from evaluation.core.items import ItemResult, Ratio
from evaluation.core.population import STAGES, is_continuous
from evaluation.core.standard import Criterion, Standard
from evaluation.core.verdict import Judgement

#: So many suggestions of an item are tried.
_MOST_TRIED = 4
_MOST_LOOKED_AT = 40
_PREFIXES = ("primary", "junior")


def candidates(
    criterion: Criterion,
    judgement: Judgement,
    schools: SchoolColumns,
    figures: CountyColumns,
    as_of: datetime.date,
    is_met: bool,
    contradictions: Contradictions,
) -> list[Change]:
    """The closest changes of one cell that could turn an item of the one county judged, the closest first."""
    suggest = _SUGGESTIONS.get(criterion.rule)
    if suggest is None:
        return []
    found = suggest(_Looked(criterion, judgement, schools, figures, as_of, is_met))
    possible = [change for change in found if change.after >= 0 and change.after != change.before]
    near = heapq.nsmallest(_MOST_LOOKED_AT, possible, key=lambda change: (change.closeness, change.key, change.school))
    # What the checks would refuse turns nothing.
    return list(islice((change for change in near if not contradictions.has(change)), _MOST_TRIED))


def is_within_rounding(item: ItemResult, standard: Standard) -> bool:
    """Whether a ratio of an item lies nearer to its limit than half a unit of the last digit it is shown with.

    Whole numbers are not rounded, and the full share of 100 % is not near anything: nobody can have more.
    """
    for figure in item.figures.values():
        if not isinstance(figure, Ratio) or figure.limit is None:
            continue
        value = figure.at(0)
        places = standard.rounding.ratio_places if figure.places < 0 else figure.places
        if value is None or (value == figure.limit == 100 and figure.factor == 100):
            continue
        if abs(value - figure.limit) < Fraction(1, 2 * 10**places):
            return True
    return False


class _Looked:
    """What the suggestions look at: the cells of the one county, as they are reported."""

    def __init__(
        self,
        criterion: Criterion,
        judgement: Judgement,
        schools: SchoolColumns,
        figures: CountyColumns,
        as_of: datetime.date,
        is_met: bool,
    ) -> None:
        self.criterion, self.item = criterion, judgement.items[criterion.code]
        self.people, self.schools, self.figures = judgement.people, schools, figures
        self.as_of, self.is_met = as_of, is_met
        self._columns: dict[str, list[int]] = {}
        #: A failing item is turned only in the one school it fails in.
        short = self.item.short_schools
        self.chosen = range(len(schools)) if is_met or short is None else np.flatnonzero(short).tolist()
        if not is_met and len(self.chosen) > 1:
            self.chosen = []

    def cell(self, key: str, school: int) -> int | None:
        """A cell of a school, in whole units of its column; None where it cannot be used."""
        if key not in self._columns:
            self._columns[key] = self.schools.column(key).tolist()
        value = self._columns[key][school]
        return None if value < 0 else value

    def figure(self, code: str) -> int | None:
        value = int(self.figures.column(code)[0])
        return None if value < 0 else value

    def counted(self, stage: int) -> list[bool]:
        return self.people.counted[stage].tolist()  # type: ignore[no-any-return]

    def to(self, school: int, key: str, after: int) -> Iterator[Change]:
        before = self.cell(key, school)
        if before is not None:
            yield Change(school, key, before, after)

    def of_county(self, code: str, after: int) -> Iterator[Change]:
        before = self.figure(code)
        if before is not None:
            yield Change(OF_COUNTY, code, before, after)

    def reaching(self, key: str, least: Fraction | int) -> int:
        """The smallest step of a cell that is not below ``least``; the largest below it where the item is met."""
        step = step_of(key)
        return (math.ceil(least / Fraction(step)) - int(self.is_met)) * step

    def staying(self, key: str, most: Fraction | int) -> int:
        """The largest step of a cell that is not over ``most``; the smallest over it where the item is met."""
        step = step_of(key)
        return (math.floor(most / Fraction(step)) + int(self.is_met)) * step


def _special_rooms(at: _Looked) -> Iterator[Change]:
    """G3: classes at the edge of a dozen, and rooms at the edge of the least area."""
    per_room = int(at.criterion.number("classes_per_room"))
    smallest = {"music_room_areas": "music_area", "art_room_areas": "art_area"}
    rooms = {key: np.bincount(at.schools.rooms[key].school, minlength=len(at.schools)) for key in smallest}
    counted = [at.counted(stage) for stage in range(len(STAGES))]
    for school in at.chosen:
        keys = [f"{_PREFIXES[stage]}_classes" for stage in range(len(STAGES)) if counted[stage][school]]
        classes = {key: at.cell(key, school) for key in keys}
        total = sum(each for each in classes.values() if each is not None)
        have = min(int(each[school]) for each in rooms.values())
        for key, own in classes.items():
            if own is not None:
                yield from at.to(school, key, own + have * per_room - total + int(at.is_met))
    for key, parameter in smallest.items():
        least = int(at.criterion.number(parameter) * scale_of(key))
        chosen = set(at.chosen)
        column = at.schools.rooms[key]
        for index, (school, area) in enumerate(zip(column.school.tolist(), column.area.tolist(), strict=True)):
            if school not in chosen or (area >= least) is not at.is_met:
                continue
            # A school with a room to spare loses nothing by one that is too small.
            if not at.is_met or rooms[key][school] <= -(-_classes(at, school, counted) // per_room):
                yield Change(school, key, area, at.reaching(key, least), index)


def _classes(at: _Looked, school: int, counted: list[list[bool]]) -> int:
    cells = (at.cell(f"{_PREFIXES[s]}_classes", school) for s in range(len(STAGES)) if counted[s][school])
    return sum(each for each in cells if each is not None)


def _school_size(at: _Looked) -> Iterator[Change]:
    """G4: one pupil more than the largest size, or down to it."""
    continuous = is_continuous(at.schools.column("school_type")).tolist()
    counted = [at.counted(stage) for stage in range(len(STAGES))]
    for school in at.chosen:
        pupils = {s: at.cell(ENROLLMENTS[s], school) for s in range(len(STAGES)) if counted[s][school]}
        known = {s: each for s, each in pupils.items() if each is not None}
        for stage, own in known.items():
            name = "continuous" if continuous[school] else _PREFIXES[stage]
            others = sum(known.values()) - own if continuous[school] else 0
            yield from at.to(school, ENROLLMENTS[stage], int(at.criterion.number(name)) - others + int(at.is_met))


def _class_size(at: _Looked) -> Iterator[Change]:
    """G5: the largest class, and the first class over the limit."""
    for stage, over in enumerate(("primary_classes_over_45", "junior_classes_over_50")):
        limit, counted = int(at.criterion.number(_PREFIXES[stage])), at.counted(stage)
        for school in at.chosen:
            if counted[school]:
                yield from at.to(school, f"{_PREFIXES[stage]}_largest_class", limit + int(at.is_met))
                yield from at.to(school, over, int(at.is_met))


def _small_school_funds(at: _Looked) -> Iterator[Change]:
    """G6: what a small school was given, around what 100 pupils would bring it."""
    least = int(at.criterion.number("pupils"))
    rates = [at.figure(code) or 0 for code in ("C09", "C10")]
    for school in at.chosen:
        pupils = [at.cell(key, school) or 0 for key in ENROLLMENTS]
        compulsory = pupils[0] + pupils[1]
        if compulsory and sum(pupils) < least:
            rated = sum(rate * own for rate, own in zip(rates, pupils, strict=False))
            edge = Fraction(rated * least, 10_000 * compulsory)
            yield from at.to(school, "funds_allocated", at.reaching("funds_allocated", edge))


def _every_teacher(at: _Looked) -> Iterator[Change]:
    """G9, G12: one teacher without it, or all of them with it."""
    key = at.criterion.parameters["field"]
    counted = [at.counted(stage) for stage in range(len(STAGES))]
    for school in at.chosen:
        teachers = {
            name: at.cell(name, school)
            for name, here in zip([f"{prefix}_full_time_teachers" for prefix in _PREFIXES], counted, strict=True)
            if here[school]
        }
        have = at.cell(key, school)
        if not teachers or have is None or None in teachers.values():
            continue
        total = sum(each for each in teachers.values() if each is not None)
        yield from at.to(school, key, total - int(at.is_met))
        for name, own in teachers.items():
            if own is not None:
                yield from at.to(school, name, own + have - total + int(at.is_met))


def _in_zone_share(at: _Looked) -> Iterator[Change]:
    """G13: pupils of the zone in one school, as many as the whole county lacks or can spare."""
    for stage, prefix in enumerate(_PREFIXES):
        share = at.item.figures.get(f"{prefix}_share")
        if not isinstance(share, Ratio) or not share.is_known[0]:
            continue
        inside, total = int(share.numerator[0]), int(share.denominator[0])
        edge = math.ceil(at.criterion.number(prefix) * total / 100)
        difference = edge - inside - int(at.is_met)
        if (difference < 0) is not at.is_met:
            continue
        counted = at.counted(stage)
        for school in range(len(at.schools)):
            if counted[school] and (before := at.cell(f"{prefix}_in_zone_enrollment", school)):
                yield from at.to(school, f"{prefix}_in_zone_enrollment", before + difference)


def _retention(at: _Looked) -> Iterator[Change]:
    """Q1: pupils of the leaving class, or those who once began, of one school."""
    share = at.item.value
    if not isinstance(share, Ratio) or not share.is_known[0]:
        return
    stayed, began, limit = int(share.numerator[0]), int(share.denominator[0]), at.criterion.number("limit")
    more = math.ceil(limit * began / 100) - stayed - int(at.is_met)
    begin = math.floor(stayed * 100 / limit) - began + int(at.is_met)
    counted = at.counted(1)
    for school in range(len(at.schools)):
        if counted[school]:
            for key, difference in (("graduates", more), ("entrants_three_years_ago", begin)):
                if before := at.cell(key, school):
                    yield from at.to(school, key, before + difference)


def _training_funds(at: _Looked) -> Iterator[Change]:
    """Q4: the funds for training of one school, or all its public funds."""
    share = at.criterion.number("limit") / 100
    here = at.people.in_population.tolist()
    for school in at.chosen:
        training, funds = at.cell("training_budget", school), at.cell("funds_budget", school)
        if here[school] and training is not None and funds:
            yield from at.to(school, "training_budget", at.reaching("training_budget", share * funds))
            yield from at.to(school, "funds_budget", at.staying("funds_budget", training / share))


def _monitoring(at: _Looked) -> Iterator[Change]:
    """Q9: one grade, or one difference between schools, over its bound."""
    grade = int(at.criterion.number("grade"))
    for code in at.criterion.parameters["grades"].split(","):
        if (before := at.figure(code)) is not None and (before >= grade) is at.is_met:
            yield from at.of_county(code, grade - int(at.is_met))
    for code in at.criterion.parameters["differences"].split(","):
        bound = int(at.criterion.number("difference") * scale_of(code))
        if (before := at.figure(code)) is not None and (before < bound) is at.is_met:
            yield from at.of_county(code, bound if at.is_met else bound - step_of(code))


def _county_ratios(at: _Looked) -> Iterator[Change]:
    """Ratios of county figures: one of those above the line, or of those below it."""
    for part in at.criterion.parts:
        above, below = ({code: at.figure(code) for code in codes} for codes in (part.numerator, part.denominator))
        if None in above.values() or None in below.values() or not part.limit:
            continue
        numerator, denominator = (
            sum(Fraction(value or 0, scale_of(code)) for code, value in side.items()) for side in (above, below)
        )
        if not denominator or (numerator * part.factor >= denominator * part.limit) is not at.is_met:
            continue
        short = denominator * part.limit / part.factor - numerator
        more = numerator * part.factor / part.limit - denominator
        for code, value in above.items():
            yield from at.of_county(code, at.reaching(code, (value or 0) + short * scale_of(code)))
        for code, value in below.items():
            yield from at.of_county(code, at.staying(code, (value or 0) + more * scale_of(code)))


def _years_since(at: _Looked) -> Iterator[Change]:
    """P1: the year of the earlier certification."""
    yield from at.of_county(
        at.criterion.parameters["item"], at.as_of.year - int(at.criterion.number("years")) + int(at.is_met)
    )


_SUGGESTIONS: Mapping[str, Callable[[_Looked], Iterator[Change]]] = {
    "special_rooms": _special_rooms,
    "school_size": _school_size,
    "class_size": _class_size,
    "small_school_funds": _small_school_funds,
    "every_teacher": _every_teacher,
    "in_zone_share": _in_zone_share,
    "retention": _retention,
    "training_funds": _training_funds,
    "monitoring": _monitoring,
    "county_ratios": _county_ratios,
    "years_since": _years_since,
}
