"""Hits into the database: by COPY on PostgreSQL, some hundred at a time elsewhere."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any, Protocol

from django.db import connection

from evaluation.core.columns import IntArray
from evaluation.core.radar.figures import NOBODY, YearFigures
from evaluation.core.radar.hits import Hits
from evaluation.models import RadarHit, RadarScan

_COLUMNS = ("scan_id", "rule", "submission_id", "row", "key", "other_id", "other_row", "weight", "told")
_AT_A_TIME = 500
#: What would end a field or a row of COPY's text format.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class _Scanned(Protocol):
    @property
    def figures(self) -> YearFigures: ...
    @property
    def submissions(self) -> IntArray: ...


def store_hits(scan: RadarScan, found: Sequence[Hits], now: _Scanned, before: _Scanned) -> None:
    """Store the hits of a scan; call inside the transaction that ends its job."""
    rows = itertools.chain.from_iterable(_rows(scan, hits, now, before) for hits in found)
    if connection.vendor == "postgresql":
        _copy_in(rows)
        return
    while some := list(itertools.islice(rows, _AT_A_TIME)):
        RadarHit.objects.bulk_create(RadarHit(**dict(zip(_COLUMNS, row, strict=True))) for row in some)


def _rows(scan: RadarScan, hits: Hits, now: _Scanned, before: _Scanned) -> Iterator[tuple[Any, ...]]:
    other = before if hits.is_other_before else now
    school, other_school, other_county = hits.school.tolist(), hits.other_school.tolist(), hits.other_county.tolist()
    versions, other_versions = now.submissions.tolist(), other.submissions.tolist()
    numbers, other_numbers = now.figures.row.tolist(), other.figures.row.tolist()
    # A school of the year before may stand under another county's index: its own version is the one that counts.
    counties = other.figures.county.tolist()
    weights = hits.weight.tolist()
    for position, county in enumerate(hits.county.tolist()):
        place, beside = school[position], other_school[position]
        if beside != NOBODY:
            version = other_versions[counties[beside]]
        else:
            version = None if other_county[position] == NOBODY else other_versions[other_county[position]]
        yield (
            scan.pk,
            hits.rule,
            versions[county],
            0 if place == NOBODY else numbers[place],
            str(hits.key[position]),
            version,
            0 if beside == NOBODY else other_numbers[beside],
            weights[position],
            hits.told_at(position),
        )


def _copy_in(rows: Iterator[tuple[Any, ...]]) -> None:
    target = StringIO()
    for row in rows:
        target.write("\t".join(map(_text, row)))
        target.write("\n")
    if not target.tell():
        return
    target.seek(0)
    columns = ",".join(f'"{column}"' for column in _COLUMNS)
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(f"COPY {RadarHit._meta.db_table} ({columns}) FROM STDIN", target)


def _text(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return str(value).translate(_ESCAPES)
