"""One cell with another value: the smallest error that would turn a finding, and trying it out. Pure."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np
import numpy.typing as npt

from evaluation.core.columns import CountyColumns, IntArray, RoomColumn, SchoolColumns
from evaluation.core.decided import NO_COLUMNS, DecidedColumns
from evaluation.core.gaps import natural
from evaluation.core.standard import Standard
from evaluation.core.verdict import Judgement, judge
from indicators.catalogue import COUNTY_ITEM_BY_CODE, DECIMAL_SCALE, FIELD_BY_KEY, Kind

OF_COUNTY = -1


@dataclass(frozen=True, slots=True)
class Change:
    """The cell ``key`` of one school (its position in the school columns) or of the county (``OF_COUNTY``), before and
    after, in whole units of its column. ``room`` is the position in the room column where one of several rooms is
    meant."""

    school: int
    key: str
    before: int
    after: int
    room: int = -1

    @property
    def difference(self) -> Fraction:
        """By how much the cell grows, in the unit of the form."""
        return Fraction(self.after - self.before, scale_of(self.key))

    @property
    def closeness(self) -> tuple[float, int]:
        """For putting changes in order: the change as a share of the cell (an empty-handed 0 is farthest), then as
        an amount."""
        size = abs(self.after - self.before)
        return (size / self.before if self.before else math.inf, size)


@cache
def scale_of(key: str) -> int:
    """The unit of a column: millionths for decimals, one for counts."""
    kind = (FIELD_BY_KEY.get(key) or COUNTY_ITEM_BY_CODE[key]).kind
    return DECIMAL_SCALE if kind.is_scaled or kind is Kind.ROOMS else 1


@cache
def step_of(key: str) -> int:
    """The smallest step a change is told in, in whole units of the column."""
    return int(natural(key).step * scale_of(key))


def tried(
    schools: SchoolColumns,
    figures: CountyColumns,
    changes: Sequence[Change],
    standard: Standard,
    as_of: datetime.date,
    decided: DecidedColumns = NO_COLUMNS,
) -> Judgement:
    """One county judged once for every change, each alone: county i of the answer is the county with ``changes[i]``."""
    n, times = len(schools), len(changes)
    county = np.repeat(np.arange(times), n)
    columns = _repeated(schools.columns, times)
    rooms = {
        key: RoomColumn(
            np.tile(column.school, times) + np.repeat(np.arange(times) * n, len(column.school)),
            np.tile(column.area, times),
        )
        for key, column in schools.rooms.items()
    }
    of_county = _repeated(figures.columns, times)
    for index, change in enumerate(changes):
        if change.room >= 0:
            room = rooms[change.key]
            room.area[index * len(schools.rooms[change.key].area) + change.room] = change.after
        elif change.school == OF_COUNTY:
            of_county[change.key][index] = change.after
        else:
            columns[change.key][index * n + change.school] = change.after
    many = SchoolColumns(county, times, columns, rooms)
    counties = CountyColumns(of_county, np.tile(figures.is_population_certain, times))
    again = DecidedColumns(
        {code: np.tile(mask, times) for code, mask in decided.granted.items()},
        _repeated(decided.judged, times),
        {},
        {},
    )
    return judge(many, counties, standard, as_of, again)


def _repeated(columns: Mapping[str, npt.NDArray[np.int64]], times: int) -> dict[str, IntArray]:
    return {key: np.tile(values, times) for key, values in columns.items()}
