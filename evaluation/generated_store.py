"""Puts a generated nation into the database: divisions, schools and one judged-ready version a county and year."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone

from evaluation.generated import PLACES, TYPES, GeneratedCounty
from indicators.actions import store_file
from indicators.catalogue import ALL_FIELDS, Kind
from indicators.models import CountyFigure, SchoolRecord, Submission
from schools.models import Division, School, User
from schools.vocabulary import DivisionLevel, Party

_COUNTIES_PER_CITY = 12
_FIRST_ROW = 3
_SCHOOL_YEAR_BEGINS = (9, 1)
_COUNTIES_AT_A_TIME = 60
_ROOMS = tuple(f.key for f in ALL_FIELDS if f.kind is Kind.ROOMS)


class NotEmpty(Exception):
    """The database already holds versions of that year for a generated county."""


def store_nation(counties: Iterable[GeneratedCounty], school_year: int) -> Iterator[tuple[int, int]]:
    """Store counties, some at a time in one transaction each; yields how many counties and schools are in. Raises
    NotEmpty rather than touch a county that has a version of the year."""
    done = schools = 0
    counties = iter(counties)
    while batch := list(itertools.islice(counties, _COUNTIES_AT_A_TIME)):
        with transaction.atomic():
            _store(batch, school_year)
        done, schools = done + len(batch), schools + sum(len(county.codes) for county in batch)
        yield done, schools


def _store(batch: Sequence[GeneratedCounty], school_year: int) -> None:
    codes = [county.code for county in batch]
    if Submission.objects.filter(county_id__in=codes, school_year=school_year).exists():
        raise NotEmpty(f"{codes[0]} 等县已有 {school_year} 学年的版本。")
    _store_divisions(batch)
    clerk, _ = User.objects.get_or_create(
        username="generated",
        defaults={"party": Party.CLERK, "place_id": codes[0], "full_name": "模拟数据", "is_active": False},
    )
    file = store_file("模拟数据，没有工作簿。".encode())
    now = timezone.now()
    submissions = Submission.objects.bulk_create(
        Submission(
            county_id=code,
            school_year=school_year,
            version=1,
            file=file,
            filename="模拟数据.xlsx",
            uploaded_by=clerk,
            read_at=now,
            is_readable=True,
        )
        for code in codes
    )
    _insert(
        School,
        (
            {
                "code": code,
                "name": name,
                "county_id": county.code,
                "school_type": TYPES[kind].value,
                "sponsor_type": sponsor,
                "urban_rural": PLACES[place].value,
                "opened_on": datetime.date(opened, *_SCHOOL_YEAR_BEGINS) if opened else None,
            }
            for county in batch
            for code, name, opened, kind, sponsor, place in zip(
                county.codes,
                county.names,
                county.opened,
                *(county.columns[key].tolist() for key in ("school_type", "sponsor_type", "urban_rural")),
                strict=True,
            )
        ),
        is_new_only=True,
    )
    _insert(SchoolRecord, (row for county, s in zip(batch, submissions, strict=True) for row in _records(county, s)))
    _close_what_is_gone(codes, submissions, school_year)
    _insert(
        CountyFigure,
        (
            {"submission_id": submission.pk, "code": code, "value": value, "cell": f"C{int(code[1:]) + 1}"}
            for county, submission in zip(batch, submissions, strict=True)
            for code, value in county.figures.items()
        ),
    )


def _close_what_is_gone(codes: Sequence[str], submissions: Sequence[Submission], school_year: int) -> None:
    """Schools of the register that report no more are closed there, with the end of the year before."""
    first = datetime.date(school_year, *_SCHOOL_YEAR_BEGINS)
    reporting = SchoolRecord.objects.filter(submission__in=submissions).values("code")
    gone = School.objects.filter(Q(opened_on=None) | Q(opened_on__lte=first), county__in=codes, closed_on=None)
    gone.exclude(code__in=reporting).update(closed_on=first - datetime.timedelta(days=1))


def refresh_statistics() -> None:
    """Let PostgreSQL look at tables that were filled a moment ago: until it has, it plans by numbers that are not
    true. A deployment's own autovacuum does this in its time."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _store_divisions(batch: Sequence[GeneratedCounty]) -> None:
    provinces = {f"{c.prefix}0000": f"模拟{c.prefix}省" for c in batch}
    cities = {f"{c.code[:4]}00": f"模拟{c.code[:4]}市" for c in batch}
    levels = (
        [Division(code=code, name=name, level=DivisionLevel.PROVINCE) for code, name in provinces.items()],
        [
            Division(code=code, name=name, level=DivisionLevel.CITY, parent_id=f"{code[:2]}0000")
            for code, name in cities.items()
        ],
        [
            Division(code=c.code, name=c.name, level=DivisionLevel.COUNTY, parent_id=f"{c.code[:4]}00")
            for c in batch
        ],
    )  # fmt: skip
    for level in levels:
        Division.objects.bulk_create(level, ignore_conflicts=True)


def _records(county: GeneratedCounty, submission: Submission) -> Iterator[dict[str, Any]]:
    size = len(county.codes)
    columns: dict[str, list[Any]] = {
        "submission_id": [submission.pk] * size,
        "row": list(range(_FIRST_ROW, _FIRST_ROW + size)),
        "rejected": ["[]"] * size,
        "code": county.codes,
        "name": county.names,
    }
    for field in ALL_FIELDS[2:]:
        if field.key in _ROOMS:
            columns[field.key] = county.rooms[field.key]
            continue
        values = county.columns[field.key].tolist()
        if field.key == "school_type":
            values = [TYPES[v].value for v in values]
        elif field.key == "urban_rural":
            values = [PLACES[v].value for v in values]
        elif field.kind is Kind.YES_NO:
            values = [None if v < 0 else bool(v) for v in values]
        else:
            values = [None if v < 0 else v for v in values]
        columns[field.key] = values
    return (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))


def _insert(model: type[models.Model], rows: Iterable[dict[str, Any]], is_new_only: bool = False) -> None:
    """Insert rows: by COPY on PostgreSQL, many at a time elsewhere. ``is_new_only`` leaves what is there as it is."""
    rows = iter(rows)
    if connection.vendor == "postgresql" and not is_new_only:
        _copy_in(model, rows)
        return
    if model is SchoolRecord:
        rows = (row | {"rejected": []} for row in rows)
    while some := list(itertools.islice(rows, 2_000)):
        model._default_manager.bulk_create([model(**row) for row in some], batch_size=400, ignore_conflicts=is_new_only)


def _copy_in(model: type[models.Model], rows: Iterator[dict[str, Any]]) -> None:
    first = next(rows, None)
    if first is None:
        return
    # No text here holds a tab, a line end or a backslash: names and codes are the generator's own.
    target = StringIO()
    for row in itertools.chain([first], rows):
        target.write("\t".join("\\N" if value is None else _text(value) for value in row.values()))
        target.write("\n")
    target.seek(0)
    columns = ",".join(f'"{column}"' for column in first)
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(f"COPY {model._meta.db_table} ({columns}) FROM STDIN", target)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    return value.isoformat() if isinstance(value, datetime.date) else str(value)
