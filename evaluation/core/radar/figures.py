"""The figures of one school year as the radar's rules see them, and what they share. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from evaluation.core.columns import EMPTY, REJECTED, SCHOOL_TYPES, BoolArray, FloatArray, IntArray, SchoolColumns
from indicators.catalogue import DECIMAL_SCALE, FIELD_BY_KEY, FIELDS, STAGE_FIELDS, Kind
from indicators.checks.peers import SIZE_CLASSES
from indicators.checks.rows import ENROLLMENT, STAGES
from schools.vocabulary import Stage

NO_CODE = -1
#: Where a hit is about the county as a whole, or about nobody else.
NOBODY = -1
#: What is compared where rows are compared as a whole: the same figures as at the intake.
FIGURE_KEYS = tuple(f.key for f in FIELDS if f.kind in (Kind.COUNT, Kind.AREA, Kind.MONEY))
EVERYONE = (*ENROLLMENT.values(), "senior_enrollment")

_RUNS = {stage: np.array([stage in t.stages for t in SCHOOL_TYPES]) for stage in STAGES}
_IS_CONTINUOUS = np.array([t.is_continuous for t in SCHOOL_TYPES])


@dataclass(frozen=True)
class YearFigures:
    """Counties of one school year. ``county_code`` is the division code of each county as a number, ``code`` the
    学校标识码 of each school as a number (NO_CODE where it has none), ``row`` its row in the sheet, ``is_certain``
    whether it is beyond doubt which schools a county has."""

    schools: SchoolColumns
    county_code: IntArray
    code: IntArray
    row: IntArray
    is_certain: BoolArray
    _given: dict[str, IntArray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.schools)

    @property
    def county(self) -> IntArray:
        return self.schools.county

    def stored(self, key: str) -> IntArray:
        """A column as it is stored, EMPTY and REJECTED marked."""
        found = self._given.get(key)
        if found is None:
            found = self._given[key] = self.schools.column(key)
        return found

    def known(self, key: str) -> IntArray:
        """A column where what is missing and what was refused are the same: EMPTY."""
        return np.maximum(self.stored(key), EMPTY)

    def amounts(self, key: str) -> IntArray:
        """A column with 0 where a value is missing or refused."""
        return np.maximum(self.stored(key), 0)

    def figures(self, key: str) -> FloatArray:
        """A column in the unit of the form, NaN where a value is missing or refused."""
        stored = self.stored(key)
        return np.where(stored < 0, np.nan, stored / unit_of(key))

    def totals(self, keys: Sequence[str]) -> FloatArray:
        """The sum of some columns of one unit, NaN where one of them is not known. Added up as whole numbers."""
        columns = [self.stored(key) for key in keys]
        missing = np.logical_or.reduce([column < 0 for column in columns])
        return np.where(missing, np.nan, np.sum(columns, axis=0) / unit_of(keys[0]))

    @cached_property
    def present(self) -> dict[Stage, BoolArray]:
        """Which stages each school has, by the same rule as ``SchoolRows`` of the intake."""
        school_type = self.stored("school_type")
        typed = school_type >= 0
        blank = {stage: self._is_blank(stage) for stage in STAGES}
        found = {}
        for stage, other in zip(STAGES, STAGES[::-1], strict=True):
            pupils = self.stored(ENROLLMENT[stage])
            excused = _IS_CONTINUOUS[school_type] & blank[stage] & ~blank[other]
            may_be = np.where(typed, _RUNS[stage][school_type] & ~excused, pupils == REJECTED)
            found[stage] = np.where(pupils >= 0, pupils > 0, may_be).astype(np.bool_)
        return found

    def _is_blank(self, stage: Stage) -> BoolArray:
        return np.asarray(np.logical_and.reduce([self.stored(f.key) == EMPTY for f in STAGE_FIELDS[stage]]))

    @cached_property
    def pupils(self) -> IntArray:
        """All pupils of each school, the senior stage too."""
        return np.asarray(np.sum([self.amounts(key) for key in EVERYONE], axis=0))

    @cached_property
    def size_class(self) -> IntArray:
        """Size class of each school by all its pupils, −1 where it is too small to be compared."""
        return np.searchsorted(SIZE_CLASSES, self.pupils, side="right") - 1

    @cached_property
    def schools_of_county(self) -> IntArray:
        return np.bincount(self.county, minlength=self.schools.n_counties)


def unit_of(key: str) -> int:
    """By what a stored number is divided to have the figure of the form."""
    return DECIMAL_SCALE if FIELD_BY_KEY[key].kind.is_scaled else 1


def matched(now: YearFigures, before: YearFigures) -> IntArray:
    """For each school its position in the year before: the same code in the same county, NOBODY where there was none.
    Of several rows with one code the last of the sheet counts."""
    order = np.lexsort((before.row, before.code, before.county_code[before.county]))
    order = order[before.code[order] != NO_CODE]
    found = np.full(len(now), NOBODY, np.int64)
    if not len(order):
        return found
    there = _pairs(before.county_code[before.county[order]], before.code[order])
    mine = _pairs(now.county_code[now.county], now.code)
    place = np.searchsorted(there, mine, side="right") - 1
    is_same = (place >= 0) & (there[np.maximum(place, 0)] == mine) & (now.code != NO_CODE)
    found[is_same] = order[place[is_same]]
    return found


def _pairs(county: IntArray, code: IntArray) -> IntArray:
    """County and school as one number that orders as the two do: codes have ten digits, divisions six."""
    return county * 10**10 + np.maximum(code, 0)


def grouped_median(values: FloatArray, group: IntArray) -> tuple[FloatArray, IntArray]:
    """The median of the known values of each element's group, and how many are known; group −1 is none."""
    middle, count = np.full(len(values), np.nan), np.zeros(len(values), np.int64)
    known = np.flatnonzero((group >= 0) & ~np.isnan(values))
    if not len(known):
        return middle, count
    order = known[np.lexsort((values[known], group[known]))]
    ordered = group[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    counts = np.diff(np.r_[starts, len(ordered)])
    low, high = values[order[starts + (counts - 1) // 2]], values[order[starts + counts // 2]]
    groups = ordered[starts]
    place = np.minimum(np.searchsorted(groups, group), len(groups) - 1)
    is_there = (group >= 0) & (groups[place] == group)
    middle[is_there] = ((low + high) / 2)[place[is_there]]
    count[is_there] = counts[place[is_there]]
    return middle, count
