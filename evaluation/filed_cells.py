"""The cells of one version by their addresses, and what differs between two versions cell by cell: what a send-back
opens, and whether anything else was touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from evaluation.revisions import county_cells, written
from indicators.catalogue import (
    ALL_FIELDS,
    COUNTY_ITEM_BY_CODE,
    COUNTY_ITEMS,
    COUNTY_SHEET,
    DECIMAL_SCALE,
    FIELD_BY_KEY,
    GRADES,
    SCHOOL_SHEET,
    Kind,
)
from indicators.models import SchoolRecord, Submission
from indicators.queries import school_report_of
from indicators.workbook.notes import letters_of, place_of

EMPTY, REFUSED, NO_SCHOOL = "空", "未采用", "（没有学校名称）"
#: The value of a county figure that is not there: only those that can be used are kept.
NO_FIGURE = "空或未采用"

#: In place of an address: a school, by its 学校标识码, that is to be added.
ADDED = "新增"
_CODE_LENGTH = 10

#: A school of a version: its code, its name where it has no code, and which of those that share both it is.
SchoolKey = tuple[str, str, int]
_CODE = "code"


@dataclass(frozen=True, slots=True)
class Place:
    """What a cell means, wherever it stands: the field of a school, or (``school`` is None) a county figure."""

    school: SchoolKey | None
    key: str


@dataclass(frozen=True, slots=True)
class FiledCell:
    """One cell of a version: where it stands, what it means and what stands in it. ``school`` is the 学校标识码, or
    the name of a school without one; both empty for a county figure."""

    place: Place
    sheet: str
    cell: str
    header: str
    school: str
    school_name: str
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs: a cell, or a whole school that is new or gone (``place.key`` is empty)."""

    place: Place
    words: str


class FiledCells:
    """The cells of one version; four queries however large it is."""

    def __init__(self, submission: Submission) -> None:
        self.columns: dict[str, str] = submission.columns
        self.records = _by_school(submission.records.all())
        self._key_in = {letter: key for key, letter in self.columns.items() if key in FIELD_BY_KEY}
        self._school_in = {record.row: key for key, record in self.records.items()}
        self.figure_rows = {figure.code: figure for figure in submission.figures.all()}
        self._code_in = county_cells(submission)
        self._cell_of_code = {code: cell for cell, code in self._code_in.items()}
        told = submission.problems.exclude(found="").exclude(cell="").order_by("-position")
        self._found = {(sheet, cell): text for sheet, cell, text in told.values_list("sheet", "cell", "found")}

    def at(self, sheet: str, cell: str) -> FiledCell | None:
        """The cell at an address; None where no value is read from there."""
        if sheet == COUNTY_SHEET:
            code = self._code_in.get(cell)
            return None if code is None else self.of(Place(None, code))
        row, column = place_of(cell) if sheet == SCHOOL_SHEET else (0, 0)
        if not row or f"{letters_of(column)}{row}" != cell:
            return None
        school, key = self._school_in.get(row), self._key_in.get(letters_of(column))
        return None if school is None or key is None else self.of(Place(school, key))

    def missing_school(self, sheet: str, cell: str) -> str:
        """The 学校标识码 of a school the version does not have, where that is to be added; empty otherwise."""
        code = cell.removeprefix(ADDED) if sheet == SCHOOL_SHEET and cell.startswith(ADDED) else ""
        is_code = len(code) == _CODE_LENGTH and code.isascii() and code.isdecimal()
        return code if is_code and (code, "", 0) not in self.records else ""

    def of(self, place: Place) -> FiledCell | None:
        """The cell that means this; None where the version has no such school, or no address for it."""
        if place.school is None:
            item, cell = COUNTY_ITEM_BY_CODE.get(place.key), self._cell_of_code.get(place.key, "")
            if item is None:
                return None
            return FiledCell(place, COUNTY_SHEET, cell, item.name, "", "", self._text(place, cell))
        record, letter = self.records.get(place.school), self.columns.get(place.key, "")
        if record is None:
            return None
        cell = f"{letter}{record.row}" if letter else ""
        school = record.code or record.name
        text, name = self._text(place, cell), record.name or NO_SCHOOL
        return FiledCell(place, SCHOOL_SHEET, cell, FIELD_BY_KEY[place.key].header, school, name, text)

    def of_school(self, code: str) -> tuple[FiledCell, ...]:
        """The cells of a school by its 学校标识码, in the order of the form."""
        keys = [key for key in self.records if key[0] == code]
        found = [self.of(Place(school, field.key)) for school in keys for field in ALL_FIELDS]
        return tuple(cell for cell in found if cell is not None and cell.cell)

    def schools(self) -> tuple[tuple[str, str], ...]:
        """Code and name of every school that has a code."""
        return tuple((key[0], record.name or NO_SCHOOL) for key, record in self.records.items() if key[0])

    def figures(self) -> tuple[FiledCell, ...]:
        """The county figures whose cells are known, in the order of the form."""
        found = [self.of(Place(None, item.code)) for item in COUNTY_ITEMS]
        return tuple(cell for cell in found if cell is not None and cell.cell)

    def _text(self, place: Place, cell: str) -> str:
        """What stands in a cell as people write it; what was typed where that was refused."""
        if place.school is None:
            figure = self.figure_rows.get(place.key)
            if figure is None:
                return self._found.get((COUNTY_SHEET, cell), NO_FIGURE)
            return _figure_text(place.key, figure.value)
        record = self.records[place.school]
        if place.key in record.rejected:
            found = self._found.get((SCHOOL_SHEET, cell), "")
            return f"“{found}”（{REFUSED}）" if found else REFUSED
        return written(school_report_of(record).values.get(place.key)) or EMPTY


def _figure_text(code: str, stored: int) -> str:
    kind = COUNTY_ITEM_BY_CODE[code].kind
    if kind is Kind.GRADE and 1 <= stored <= len(GRADES):
        return GRADES[stored - 1]
    return written(Decimal(stored) / DECIMAL_SCALE if kind.is_scaled else stored) or str(stored)


def _by_school(records: Iterable[SchoolRecord]) -> dict[SchoolKey, SchoolRecord]:
    """The rows by 学校标识码, by name where there is none; where several share it, the first with the first."""
    seen: Counter[tuple[str, str]] = Counter()
    rows: dict[SchoolKey, SchoolRecord] = {}
    for record in sorted(records, key=lambda each: (each.code, each.row)):
        key = (record.code, "" if record.code else record.name)
        rows[*key, seen[key]] = record
        seen[key] += 1
    return rows


def differences(before: FiledCells, after: FiledCells, successors: dict[SchoolKey, SchoolKey]) -> Iterator[Difference]:
    """What differs, places as they are in ``before``. ``successors`` says which school of ``after`` takes the place of
    one whose 学校标识码 was corrected."""
    taken = set(successors.values())
    for key, record in before.records.items():
        later = after.records.get(successors.get(key, key))
        if later is None:
            yield Difference(Place(key, ""), f"少了一所学校：{record.name or NO_SCHOOL}（第 {record.row} 行）")
            continue
        for field in ALL_FIELDS:
            same = getattr(record, field.key) == getattr(later, field.key)
            if not same or (field.key in record.rejected) != (field.key in later.rejected):
                yield _changed(before, after, Place(key, field.key), Place(successors.get(key, key), field.key))
    for key, record in after.records.items():
        if key not in before.records and key not in taken:
            yield Difference(Place(key, ""), f"多了一所学校：{record.name or NO_SCHOOL}（第 {record.row} 行）")
    for item in COUNTY_ITEMS:
        place = Place(None, item.code)
        was, now = before.figure_rows.get(item.code), after.figure_rows.get(item.code)
        if (was and was.value) != (now and now.value):
            yield _changed(before, after, place, place)


def _changed(before: FiledCells, after: FiledCells, was_at: Place, is_at: Place) -> Difference:
    was, now = before.of(was_at), after.of(is_at)
    if was is None or now is None:  # both sides hold the place: the caller found it there
        return Difference(was_at, was_at.key)
    where = f"{was.school_name}“{was.header}”" if was.school_name else f"县级数据“{was.header}”"
    cell = f"（{was.cell or now.cell}）" if was.cell or now.cell else ""
    return Difference(was_at, f"{where}{cell}由 {was.text} 改为 {now.text}")


def successors_of(before: FiledCells, after: FiledCells, opened: Iterable[Place]) -> dict[SchoolKey, SchoolKey]:
    """Which school of ``after`` each one is whose opened 学校标识码 was corrected: the new one of the same name, else
    the one in the same row."""
    added = {key: record for key, record in after.records.items() if key not in before.records}
    found: dict[SchoolKey, SchoolKey] = {}
    for place in opened:
        record = before.records.get(place.school) if place.school is not None and place.key == _CODE else None
        if record is None or place.school is None or place.school in after.records:
            continue
        same_name = [key for key, each in added.items() if each.name and each.name == record.name]
        same_row = [key for key, each in added.items() if each.row == record.row]
        candidates = [key for key in (*same_name, *same_row) if key not in found.values()]
        if candidates:
            found[place.school] = candidates[0]
    return found
