"""Whether a changed cell would contradict the rest of its row: such an error is refused by the checks and turns a
finding into 无法核算, never into its opposite. Pure.

The rules are those of the intake, asked of one row with and without the change.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from evaluation.core.changes import OF_COUNTY, Change
from evaluation.core.columns import EMPTY, REJECTED, SCHOOL_TYPES, URBAN_RURAL, CountyColumns, SchoolColumns
from indicators.catalogue import ALL_FIELDS, COUNTY_ITEMS, DECIMAL_SCALE, Kind
from indicators.checks.county import find_contradicting_figures
from indicators.checks.rows import SchoolRows
from indicators.checks.schools import SCHOOL_CHECKS
from indicators.report import Value
from schools.vocabulary import SponsorType

_TEXTS: Mapping[str, Value] = {"code": "0000000000", "name": ""}


def is_contradicting(change: Change, schools: SchoolColumns, figures: CountyColumns | None = None) -> bool:
    """Whether the checks refuse figures after the change that they did not refuse before it. Without the county
    figures a change of one of them is taken as it is; rooms contradict nothing."""
    if change.room >= 0:
        return False
    if change.school == OF_COUNTY:
        return figures is not None and bool(_of_county(figures, change) - _of_county(figures, None))
    return bool(_of_school(schools, change.school, change) - _of_school(schools, change.school, None))


def _of_school(schools: SchoolColumns, school: int, change: Change | None) -> set[tuple[str, str]]:
    columns: dict[str, list[Value]] = {}
    rejected: set[str] = set()
    for field in ALL_FIELDS:
        key = field.key
        if key in _TEXTS:
            columns[key] = [_TEXTS[key]]
            continue
        if field.kind is Kind.ROOMS:
            columns[key] = [()]
            continue
        whole = int(schools.column(key)[school])
        if whole == REJECTED:
            rejected.add(key)
        columns[key] = [_typed(key, field.kind, change.after if change is not None and change.key == key else whole)]
    # Some words name a cell: any address will do, nobody reads them here.
    rows = SchoolRows(columns, [rejected], dict.fromkeys(columns, "A"), [0])
    found = (finding for check in SCHOOL_CHECKS for finding in check(rows))
    return {(finding.rule, key) for finding in found for key in finding.rejects}


def _typed(key: str, kind: Kind, whole: int) -> Value:
    if whole <= EMPTY:
        return None
    if key == "school_type":
        return SCHOOL_TYPES[whole]
    if key == "urban_rural":
        return URBAN_RURAL[whole]
    if key == "sponsor_type":
        return SponsorType(whole)
    if kind is Kind.YES_NO:
        return bool(whole)
    return Decimal(whole) / DECIMAL_SCALE if kind.is_scaled else whole


def _of_county(figures: CountyColumns, change: Change | None) -> set[tuple[str, str]]:
    known: dict[str, int | Decimal] = {}
    for item in COUNTY_ITEMS:
        whole = int(figures.column(item.code)[0])
        if change is not None and change.key == item.code:
            whole = change.after
        if whole >= 0:
            known[item.code] = Decimal(whole) / DECIMAL_SCALE if item.kind.is_scaled else whole
    return {(finding.rule, code) for finding in find_contradicting_figures(known) for code in finding.rejects}
