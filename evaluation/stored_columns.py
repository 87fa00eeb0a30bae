"""The figures of many counties from the database as the kernel's columns: never as objects.

On PostgreSQL rows leave by binary COPY and are read where they lie; elsewhere by a cursor, some thousand rows at a
time. One statement gives every figure as a whole number; what only few rows have (refused cells, rooms) is
fetched apart.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from io import BytesIO

import numpy as np
from django.db import connection
from django.db.models import QuerySet

from evaluation.core.columns import (
    EMPTY,
    REJECTED,
    SCHOOL_TYPES,
    URBAN_RURAL,
    CountyColumns,
    IntArray,
    RoomColumn,
    SchoolColumns,
)
from evaluation.core.decided import NO_COLUMNS, Decided, DecidedColumns, columns_of_decided
from indicators.catalogue import ALL_FIELDS, COUNTY_ITEM_BY_CODE, COUNTY_ITEMS, DECIMAL_SCALE, Field, Kind
from indicators.models import CountyFigure, SchoolRecord, Submission

_NO_CODE = -1
_ROWS_AT_A_TIME = 20_000
_FIELDS = tuple(f for f in ALL_FIELDS if f.kind not in (Kind.CODE, Kind.TEXT, Kind.ROOMS))
_ROOM_FIELDS = tuple(f for f in ALL_FIELDS if f.kind is Kind.ROOMS)
#: The binary format of COPY begins with a signature, flags and an extension's length, and ends with a count of −1.
_COPY_HEADER, _COPY_TRAILER = 19, 2


@dataclass(frozen=True, slots=True)
class StoredCounties:
    """Counties as columns. ``submissions`` are the versions in the order of the county index, ``code`` the
    学校标识码 of each school as a number, −1 where it has none, ``row`` its row in the sheet."""

    submissions: IntArray
    schools: SchoolColumns
    figures: CountyColumns
    code: IntArray
    row: IntArray

    def codes(self) -> list[str]:
        """学校标识码 of every school as it is written, empty where it has none."""
        return ["" if code == _NO_CODE else f"{code:010d}" for code in self.code.tolist()]


def stored_counties(submissions: Sequence[int], *, has_rooms: bool = True) -> StoredCounties:
    """The figures of some versions (one a county, by primary key), exactly as ``columns_of(report_of(…))`` would give
    them, in canonical order; without the single rooms, which take a third of the time, where nobody asks for them."""
    keys = np.array(sorted(submissions), np.int64)
    given = _whole_numbers(keys)
    county = np.searchsorted(keys, given[1])
    code = given[2]
    # Canonical order: by county, then by 学校标识码; a school without one comes last, by its row.
    order = np.lexsort((given[3], np.where(code == _NO_CODE, np.iinfo(np.int64).max, code), county))
    record, county, code, row = given[0][order], county[order], code[order], given[3][order]
    columns = {field.key: given[4 + i][order] for i, field in enumerate(_FIELDS)}
    del given
    columns |= {field.key: np.zeros(len(record), np.int64) for field in _ROOM_FIELDS}
    by_record = np.argsort(record)

    def places(records: Sequence[int]) -> IntArray:
        found = np.array(records, np.int64)
        return np.asarray(by_record[np.searchsorted(record, found, sorter=by_record)])

    for key, records in _refused_cells(keys).items():
        if key in columns:
            columns[key][places(records)] = REJECTED
    rooms = _rooms(keys, places) if has_rooms else {}
    schools = SchoolColumns(county, len(keys), columns, rooms)
    return StoredCounties(keys, schools, _figures(keys), code, row)


def decided_columns(
    stored: StoredCounties, decided: Sequence[Decided], day: datetime.date
) -> tuple[DecidedColumns, CountyColumns]:
    """What was decided about each county (in the order of the county index) beside its stored figures."""
    if not any(each.canonical() for each in decided):
        return NO_COLUMNS, stored.figures
    return columns_of_decided(decided, stored.codes(), stored.schools.county, stored.figures, day)


def _sql_of(field: Field) -> str:
    """A column as a whole number, EMPTY where it is NULL; code lists by their position."""
    if field.key in ("school_type", "urban_rural"):
        members: Sequence[str] = SCHOOL_TYPES if field.key == "school_type" else URBAN_RURAL
        cases = " ".join(f"WHEN '{member}' THEN {i}" for i, member in enumerate(members))
        return f"CAST(CASE {field.key} {cases} ELSE {EMPTY} END AS bigint)"
    if field.kind is Kind.YES_NO:
        return f"CAST(COALESCE(CAST({field.key} AS integer), {EMPTY}) AS bigint)"
    return f"CAST(COALESCE({field.key}, {EMPTY}) AS bigint)"


def _whole_numbers(keys: IntArray) -> list[IntArray]:
    """Record, submission, code, row and every figure of the schools, one array each."""
    columns = [
        "CAST(id AS bigint)",
        "CAST(submission_id AS bigint)",
        f"CAST(CASE code WHEN '' THEN {_NO_CODE} ELSE CAST(code AS bigint) END AS bigint)",
        "CAST(row AS bigint)" if connection.vendor == "sqlite" else 'CAST("row" AS bigint)',
        *(_sql_of(field) for field in _FIELDS),
    ]
    table = SchoolRecord._meta.db_table
    # Names come from the catalogue and numbers from arrays of integers: nothing a user typed is part of it.
    select = f"SELECT {', '.join(columns)} FROM {table} WHERE submission_id IN ({_listed(keys)})"  # noqa: S608
    if not len(keys):
        return [np.zeros(0, np.int64) for _ in columns]
    if connection.vendor == "postgresql":
        return _by_copy(select, len(columns))
    return _by_cursor(select, len(columns))


def _listed(keys: IntArray) -> str:
    return ",".join(map(str, keys.tolist()))


def _by_copy(select: str, width: int) -> list[IntArray]:
    target = BytesIO()
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(f"COPY ({select}) TO STDOUT (FORMAT binary)", target)
    # Every field is eight bytes behind its length, so that a row is a fixed record.
    record = np.dtype([("count", ">i2"), ("fields", [("length", ">i4"), ("value", ">i8")], (width,))])
    content = target.getbuffer()
    rows = np.frombuffer(content[_COPY_HEADER : len(content) - _COPY_TRAILER], record)
    values = rows["fields"]["value"]
    return [values[:, position].astype(np.int64) for position in range(width)]


def _by_cursor(select: str, width: int) -> list[IntArray]:
    with connection.cursor() as cursor:
        cursor.execute(select)
        pieces = [np.zeros((0, width), np.int64)]
        while piece := cursor.fetchmany(_ROWS_AT_A_TIME):
            pieces.append(np.array(piece, np.int64))
    table = np.concatenate(pieces)
    return [np.ascontiguousarray(table[:, position]) for position in range(width)]


def _refused_cells(keys: IntArray) -> dict[str, list[int]]:
    """The records with a refused cell, by the key of the cell."""
    found: dict[str, list[int]] = {}
    rows = SchoolRecord.objects.filter(submission__in=_versions(keys)).exclude(rejected=[])
    for record, rejected in rows.values_list("pk", "rejected").iterator(_ROWS_AT_A_TIME):
        for key in json.loads(rejected) if isinstance(rejected, str) else rejected:
            found.setdefault(key, []).append(record)
    return found


def _versions(keys: IntArray) -> QuerySet[Submission, dict[str, int]]:
    return Submission.objects.filter(pk__in=keys.tolist()).values("pk")


def _rooms(keys: IntArray, places: Callable[[Sequence[int]], IntArray]) -> dict[str, RoomColumn]:
    """The rooms of every kind, in the order of the schools; those of one school as they were written."""
    records: dict[str, list[int]] = {field.key: [] for field in _ROOM_FIELDS}
    areas: dict[str, list[int]] = {field.key: [] for field in _ROOM_FIELDS}
    rows = SchoolRecord.objects.filter(submission__in=_versions(keys)).values_list("pk", *records)
    for record, *texts in rows.iterator(_ROWS_AT_A_TIME):
        for key, text in zip(records, texts, strict=True):
            if text:
                own = _areas(text)
                records[key] += [record] * len(own)
                areas[key] += own
    found = {}
    for key, owners in records.items():
        school = places(owners)
        order = np.argsort(school, kind="stable")
        found[key] = RoomColumn(school[order], np.array(areas[key], np.int64)[order])
    return found


@lru_cache(maxsize=4096)
def _areas(text: str) -> tuple[int, ...]:
    """Areas as stored, separated by semicolons, in millionths of ㎡."""
    return tuple(_millionths(area) for area in text.split(";"))


def _millionths(text: str) -> int:
    whole, _, decimals = text.partition(".")
    if len(decimals) > len(str(DECIMAL_SCALE)) - 1 or not whole.isdecimal():
        return int(Decimal(text) * DECIMAL_SCALE)
    return int(whole) * DECIMAL_SCALE + int(decimals.ljust(6, "0"))


def _figures(keys: IntArray) -> CountyColumns:
    columns = {item.code: np.full(len(keys), EMPTY, np.int64) for item in COUNTY_ITEMS}
    rows = CountyFigure.objects.filter(submission__in=_versions(keys), code__in=COUNTY_ITEM_BY_CODE)
    position = {key: place for place, key in enumerate(keys.tolist())}
    for submission, code, value in rows.values_list("submission_id", "code", "value").iterator(_ROWS_AT_A_TIME):
        columns[code][position[submission]] = value
    certain = dict(Submission.objects.filter(pk__in=keys.tolist()).values_list("pk", "is_population_certain"))
    return CountyColumns(columns, np.array([certain[key] for key in keys.tolist()], np.bool_))
