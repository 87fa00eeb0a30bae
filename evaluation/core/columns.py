"""Reports as columns: one integer array a field, so that one county and the nation take the same path. Pure.

Counts stand as they are, decimals in millionths (exact), code lists by their position. Two negative
values mark what is not there: an empty cell, and a filled cell whose value was refused. Both make a
figure unknown; only the empty one can mean "the school has no such stage".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from indicators.catalogue import ALL_FIELDS, COUNTY_ITEMS, DECIMAL_SCALE, Kind
from indicators.report import CountyReport, SchoolReport, Value
from schools.vocabulary import SchoolType, UrbanRural

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

EMPTY = -1
REJECTED = -2

SCHOOL_TYPES: tuple[SchoolType, ...] = tuple(SchoolType)
URBAN_RURAL: tuple[UrbanRural, ...] = tuple(UrbanRural)
_TYPE_INDEX = {member: i for i, member in enumerate(SCHOOL_TYPES)}
_URBAN_INDEX = {member: i for i, member in enumerate(URBAN_RURAL)}
_ROOM_KEYS = tuple(f.key for f in ALL_FIELDS if f.kind is Kind.ROOMS)
_COLUMN_FIELDS = tuple(f for f in ALL_FIELDS if f.kind not in (Kind.CODE, Kind.TEXT, Kind.ROOMS))


@dataclass(frozen=True, slots=True)
class RoomColumn:
    """Rooms of one kind of all schools, flat: position of the school and area in millionths of ㎡."""

    school: IntArray
    area: IntArray


@dataclass(frozen=True, slots=True)
class SchoolColumns:
    """One entry per school, in canonical order: by county, then by 学校标识码. ``county`` counts from 0 to
    ``n_counties`` − 1. A key that is not in ``columns`` is empty for every school."""

    county: IntArray
    n_counties: int
    columns: Mapping[str, IntArray]
    rooms: Mapping[str, RoomColumn] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.county)

    def column(self, key: str) -> IntArray:
        values = self.columns.get(key)
        return np.full(len(self), EMPTY, np.int64) if values is None else values


@dataclass(frozen=True, slots=True)
class CountyColumns:
    """One entry per county. ``is_population_certain`` is False where a row's identity is in doubt."""

    columns: Mapping[str, IntArray]
    is_population_certain: BoolArray

    def column(self, code: str) -> IntArray:
        values = self.columns.get(code)
        return np.full(len(self.is_population_certain), EMPTY, np.int64) if values is None else values


def canonical_order(report: CountyReport) -> list[SchoolReport]:
    """The schools of a report by 学校标识码; those without one come last, in the order of the sheet."""
    return sorted(report.schools, key=lambda s: (s.values.get("code") is None, str(s.values.get("code")), s.row))


def columns_of(reports: Sequence[CountyReport]) -> tuple[SchoolColumns, CountyColumns, list[SchoolReport]]:
    """Columns of ``reports``, one county each in the order given, and the schools in the order of the columns."""
    schools: list[SchoolReport] = []
    county: list[int] = []
    for index, report in enumerate(reports):
        ordered = canonical_order(report)
        schools.extend(ordered)
        county.extend([index] * len(ordered))
    columns: dict[str, IntArray] = {}
    for item in _COLUMN_FIELDS:
        key = item.key
        columns[key] = np.array(
            [EMPTY if (v := s.values.get(key)) is None else encode(v, item.kind.is_scaled) for s in schools], np.int64
        )
    for position, school in enumerate(schools):
        for key in school.rejected:
            if key in columns:
                columns[key][position] = REJECTED
    rooms = {key: _rooms(schools, key) for key in _ROOM_KEYS}
    for key in _ROOM_KEYS:
        columns[key] = np.array([REJECTED if key in s.rejected else 0 for s in schools], np.int64)
    figures = {
        item.code: np.array(
            [EMPTY if (v := r.figures.get(item.code)) is None else encode(v, item.kind.is_scaled) for r in reports],
            np.int64,
        )
        for item in COUNTY_ITEMS
    }
    certain = np.array([r.is_population_certain for r in reports], np.bool_)
    return (
        SchoolColumns(np.array(county, np.int64), len(reports), columns, rooms),
        CountyColumns(figures, certain),
        schools,
    )


def _rooms(schools: Sequence[SchoolReport], key: str) -> RoomColumn:
    position: list[int] = []
    area: list[int] = []
    for index, school in enumerate(schools):
        for room in school.values.get(key) or ():  # type: ignore[union-attr]
            position.append(index)
            area.append(encode(room, True))
    return RoomColumn(np.array(position, np.int64), np.array(area, np.int64))


def encode(value: Value, is_scaled: bool) -> int:
    """The integer that stands for a typed value in a column; decimals in millionths, exactly."""
    if isinstance(value, Decimal):
        return int(value * DECIMAL_SCALE)
    if isinstance(value, SchoolType):
        return _TYPE_INDEX[value]
    if isinstance(value, UrbanRural):
        return _URBAN_INDEX[value]
    if isinstance(value, int):
        return value * DECIMAL_SCALE if is_scaled else int(value)
    raise TypeError(f"no column holds {value!r}")
