"""Whether a changed cell would contradict the rest of its row: such an error is refused by the checks and turns a
finding into 无法核算, never into its opposite. Pure.

The rules are those of the intake, asked of one row with and without the change.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from evaluation.core.changes import OF_COUNTY, Change
from evaluation.core.columns import EMPTY, REJECTED, SCHOOL_TYPES, URBAN_RURAL, CountyColumns, SchoolColumns
from indicators.catalogue import ALL_FIELDS, COUNTY_ITEMS, DECIMAL_SCALE, FIELD_BY_KEY, Kind
from indicators.checks.county import find_contradicting_figures
from indicators.checks.rows import SchoolRows
from indicators.checks.schools import SCHOOL_CHECKS
from indicators.report import Value
from schools.vocabulary import SponsorType

_TEXTS: Mapping[str, Value] = {"code": "0000000000", "name": ""}
_LETTERS = dict.fromkeys((field.key for field in ALL_FIELDS), "A")


class Contradictions:
    """The figures of one county as they are reported, to be asked about changes of them. What the checks find in a row
    as it stands is found once, however many changes of it are asked about."""

    def __init__(self, schools: SchoolColumns, figures: CountyColumns | None = None) -> None:
        """Without the county figures a change of one of them is taken as it is."""
        self._schools, self._figures = schools, figures
        self._rows: dict[int, _Row] = {}
        self._known: dict[Change, bool] = {}
        self._of_county = None if figures is None else _of_county(figures, None)

    def has(self, change: Change) -> bool:
        """Whether the checks refuse figures after the change that they did not refuse before it; rooms contradict
        nothing."""
        if change.room >= 0:
            return False
        # Several coefficients hang on the pupils of one school, and ask the same.
        if change not in self._known:
            self._known[change] = self._has(change)
        return self._known[change]

    def _has(self, change: Change) -> bool:
        if change.school == OF_COUNTY:
            known, figures = self._of_county, self._figures
            return known is not None and figures is not None and bool(_of_county(figures, change) - known)
        row = self._rows.get(change.school)
        if row is None:
            row = self._rows[change.school] = _Row(self._schools, change.school)
        return bool(row.refused_after(change) - row.refused)


class _Row:
    """One school as the checks of the intake see it; ``refused`` is what they refuse in it."""

    def __init__(self, schools: SchoolColumns, school: int) -> None:
        self._columns: dict[str, list[Value]] = {}
        self._rejected: set[str] = set()
        for field in ALL_FIELDS:
            key = field.key
            if key in _TEXTS:
                self._columns[key] = [_TEXTS[key]]
                continue
            if field.kind is Kind.ROOMS:
                self._columns[key] = [()]
                continue
            whole = int(schools.column(key)[school])
            if whole == REJECTED:
                self._rejected.add(key)
            self._columns[key] = [_typed(key, field.kind, whole)]
        self.refused = self._refused(self._columns)

    def refused_after(self, change: Change) -> set[tuple[str, str]]:
        """What they refuse in it after a change of one of its cells."""
        typed = _typed(change.key, FIELD_BY_KEY[change.key].kind, change.after)
        return self._refused(self._columns | {change.key: [typed]})

    def _refused(self, columns: dict[str, list[Value]]) -> set[tuple[str, str]]:
        # Some words name a cell: any address will do, nobody reads them here.
        rows = SchoolRows(columns, [self._rejected], _LETTERS, [0])
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
