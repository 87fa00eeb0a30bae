"""「学校数据」: from the rows of the sheet to typed school reports, with every problem at its cell. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from indicators.catalogue import ALL_FIELDS, FIELD_BY_KEY, FIELDS, Field, Kind
from indicators.checks.missing import find_missing, is_small_teaching_point
from indicators.checks.rows import ENROLLMENT, Finding, SchoolRows
from indicators.checks.rules import RULES
from indicators.checks.schools import SCHOOL_CHECKS
from indicators.report import SchoolReport, Value
from indicators.workbook.asked import Asked, asked_of
from indicators.workbook.headers import NO_ALIASES, Aliases, HeaderRow, find_school_header, read_header_row
from indicators.workbook.notes import Notes, Place, letters_of, place_of
from indicators.workbook.sandbox import Sheet
from indicators.workbook.sandbox import Value as CellValue
from indicators.workbook.values import TEN_DIGITS, Fault, is_empty, read_column, shown, with_numerals
from schools.vocabulary import Stage

_ASKED: Mapping[str, Asked] = {f.key: asked_of(f) for f in ALL_FIELDS}
#: A total ends with its word, or goes on with a remark; 合计乡中心小学 is a school.
_TOTAL = re.compile(r".{0,12}(?:合计|总计|小计)(?:[:：。]?|[(（\[].*|[0-9:：].*)")
#: Digits at the start of a 学校标识码 that schools of one county share in practice.
_COUNTY_DIGITS = 4
#: Rows read as schools; the largest county has about a thousand.
MOST_SCHOOLS = 2_000
UNCALCULATED = Fault(
    "cell.formula_without_value",
    "单元格是公式，但文件中没有保存计算结果。请用 Excel 或 WPS 打开文件，重新计算并保存后再上传；也可以直接填写数值。",
)


@dataclass(frozen=True, slots=True)
class SchoolPart:
    """What 「学校数据」 gave. ``columns`` maps keys to column letters; a key that is not there could not be read."""

    schools: tuple[SchoolReport, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    is_population_certain: bool = False


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows that are schools: sheet row, cells from column A on (equally long), and the columns (0 = A)
    whose formulas have no value."""

    numbers: list[int]
    cells: list[Sequence[CellValue]]
    uncalculated: list[frozenset[int]]


def read_schools(sheet: Sheet, notes: Notes, *, is_csv: bool, aliases: Aliases = NO_ALIASES) -> SchoolPart:
    """Read the sheet and note all its problems. Without a header row or without a school, there is nothing to judge."""
    header = read_header_row(sheet, notes, _columns_with_values(sheet, aliases), aliases)
    if header is None:
        words = f"找不到表头：没有一行含有“{FIELDS[0].header}”。请使用模板，或把模板的表头行复制到数据上方。"
        notes.add("sheet.no_header", words, Place(sheet.name), header=FIELDS[0].header)
        return SchoolPart()
    letters = {key: letters_of(index + 1) for key, index in header.columns.items()}
    rows = _school_rows(sheet, header, notes)
    if not rows.numbers:
        words = "表头下面没有任何学校。请每所学校填写一行。"
        notes.add("sheet.no_school", words, Place(sheet.name, header.row, min(header.columns.values(), default=0) + 1))
        return SchoolPart((), letters)
    if len(rows.numbers) > MOST_SCHOOLS:
        words = f"表头下面有 {len(rows.numbers)} 行，一个县不会有超过 {MOST_SCHOOLS} 所学校。请检查是否放错了数据。"
        notes.add("sheet.too_many_schools", words, Place(sheet.name))
        return SchoolPart((), letters, False)
    return _Typing(sheet.name, header, rows, notes, is_csv).part(letters, _is_formula_list_complete(sheet, notes))


def _columns_with_values(sheet: Sheet, aliases: Aliases) -> list[bool]:
    """Per column whether anything stands in it below the header row."""
    position = find_school_header(sheet, aliases)
    if position is None:
        return []
    below = [values for _, values in sheet.rows[position + 1 :]]
    return [not all(map(is_empty, column)) for column in zip_longest(*below)]


def _is_formula_list_complete(sheet: Sheet, notes: Notes) -> bool:
    more = sheet.formulas_without_value_count - len(sheet.formulas_without_value)
    if more > 0:
        notes.add(
            "cell.formula_without_value",
            f"另有 {more} 个公式没有计算结果，没有逐一列出。{UNCALCULATED.message}",
            Place(sheet.name),
        )
    return more <= 0


def _school_rows(sheet: Sheet, header: HeaderRow, notes: Notes) -> _Rows:
    """The rows below the header that hold anything in a column that is read; rows of totals are noted and left out."""
    used = sorted(header.columns.values())
    uncalculated: dict[int, set[int]] = {}
    for address in sheet.formulas_without_value:
        number, column = place_of(address)
        if number > header.row and column - 1 in used:
            uncalculated.setdefault(number, set()).add(column - 1)
    below = [(number, values) for number, values in sheet.rows[header.position + 1 :] if number > header.row]
    width = len(sheet.rows[header.position][1])
    # A row of nothing but formulas without values is not in the sheet's rows, and is a school all the same.
    lost = uncalculated.keys() - {number for number, _ in below}
    if lost:
        empty: list[CellValue] = [None] * width
        below = sorted([*below, *((number, empty) for number in lost)], key=lambda row: row[0])

    code_at, name_at, type_at = (header.columns.get(key) for key in ("code", "name", "school_type"))
    rows = _Rows([], [], [])
    for number, raw in below:
        cells = raw if len(raw) >= width else [*raw, *([None] * (width - len(raw)))]
        code = cells[code_at] if code_at is not None else None
        if code is None and number not in uncalculated and all(is_empty(cells[index]) for index in used):
            continue
        if not (isinstance(code, str) and TEN_DIGITS.fullmatch(code)):
            total_at = _total_word_at(cells, (code_at, name_at))
            # A row with a type is a school, whatever it calls itself.
            if total_at is not None and (type_at is None or is_empty(cells[type_at])):
                words = "这是合计行，不作为学校读取。合计由系统计算，可以删除本行。"
                place = Place(sheet.name, number, total_at + 1)
                notes.add("row.total", words, place, found=shown(cells[total_at]))
                continue
            if number not in uncalculated and all(is_empty(cells[index]) for index in used):
                continue
        rows.numbers.append(number)
        rows.cells.append(cells)
        rows.uncalculated.append(frozenset(uncalculated.get(number, ())))
    return rows


def _total_word_at(cells: Sequence[CellValue], columns: Sequence[int | None]) -> int | None:
    """The column in which a row calls itself a total, or None."""
    for column in columns:
        cell = None if column is None else cells[column]
        if isinstance(cell, str) and _TOTAL.fullmatch(re.sub(r"\s", "", cell)):
            return column
    return None


class _Typing:
    """One pass over the columns of a sheet: types them, runs the checks, and puts the schools together."""

    def __init__(self, sheet: str, header: HeaderRow, rows: _Rows, notes: Notes, is_csv: bool) -> None:
        self._sheet = sheet
        self._header = header
        self._rows = rows
        self._notes = notes
        self._is_csv = is_csv
        self._has_uncalculated = any(rows.uncalculated)
        self._raw: dict[str, Sequence[CellValue]] = {}
        self._values: dict[str, list[Value]] = {}
        self._rejected: list[set[str]] = [set(header.unusable) for _ in rows.numbers]
        self._labels: list[str] = [""] * len(rows.numbers)

    def part(self, letters: Mapping[str, str], is_complete: bool) -> SchoolPart:
        faults = {field.key: self._typed(field) for field in ALL_FIELDS}
        self._labels = [
            str(code or name or "") for code, name in zip(self._values["code"], self._values["name"], strict=True)
        ]
        for key, column_faults in faults.items():
            for position, fault in column_faults:
                is_error = RULES[fault.rule].is_error
                rejects = (key,) if is_error else ()
                self._note(fault.rule, position, key, fault.message, rejects, self._certain(fault, position))
        for position in self._without_code():
            words = "学校标识码未填写，无法确定是哪一所学校。请填写 10 位数字的学校标识码；不是学校的行请删除。"
            self._note("code.missing", position, "code", words)

        schools = SchoolRows(self._values, self._rejected, letters, self._rows.numbers)
        findings = [finding for check in (*SCHOOL_CHECKS, find_missing) for finding in check(schools)]
        for finding in findings:
            self._note_finding(finding)
        self._doubt_small_teaching_points(schools, findings)
        is_repeated = any(finding.rule == "code.twice" for finding in findings)
        is_certain = is_complete and not is_repeated and None not in self._values["code"]
        return SchoolPart(self._reports(), letters, is_certain)

    def _typed(self, field: Field) -> list[tuple[int, Fault]]:
        """Type one column; its refused cells are remembered."""
        key, count = field.key, len(self._rows.numbers)
        index = self._header.columns.get(key)
        if index is None:
            self._raw[key], self._values[key] = [None] * count, [None] * count
            return []
        cells = [row[index] for row in self._rows.cells]
        self._raw[key] = cells
        asked = _ASKED[key]
        if self._is_csv and field.kind.is_number:
            cells = with_numerals(cells)
        values, faults = read_column(asked, cells)
        if field.kind is Kind.ROOMS:
            # An empty cell says that there is no such room; the short way leaves None there.
            values = [() if value is None else value for value in values]
        if self._has_uncalculated:
            empty = [position for position, columns in enumerate(self._rows.uncalculated) if index in columns]
            faults += [(position, UNCALCULATED) for position in empty]
        for position, fault in faults:
            if RULES[fault.rule].is_error:
                values[position] = None
                self._rejected[position].add(key)
        self._values[key] = values
        return faults

    def _without_code(self) -> list[int]:
        if "code" in self._header.unusable:
            return []
        return [
            position
            for position, code in enumerate(self._values["code"])
            if code is None and "code" not in self._rejected[position]
        ]

    def _certain(self, fault: Fault, position: int) -> str:
        """The repair of a fault. A lost 0 is put back only before a code that begins like others of the file, and not
        where the file already has that code."""
        if fault.rule != "code.leading_zero" or not fault.fix:
            return fault.fix
        known = [str(code) for code in self._values["code"] if code is not None]
        is_county = any(code.startswith(fault.fix[:_COUNTY_DIGITS]) for code in known)
        return fault.fix if is_county and fault.fix not in known else ""

    def _note(
        self, rule: str, position: int, key: str, message: str, rejects: tuple[str, ...] = (), fix: str = ""
    ) -> None:
        column = self._header.columns.get(key)
        self._notes.add(
            rule,
            message,
            Place(self._sheet, self._rows.numbers[position], 0 if column is None else column + 1),
            school=self._labels[position],
            header=FIELD_BY_KEY[key].header,
            found=shown(self._raw[key][position]),
            rejects=rejects,
            fix=fix,
        )

    def _note_finding(self, finding: Finding) -> None:
        self._note(finding.rule, finding.position, finding.key, finding.message, finding.rejects, finding.fix)
        self._rejected[finding.position].update(finding.rejects)

    def _doubt_small_teaching_points(self, schools: SchoolRows, findings: list[Finding]) -> None:
        """A teaching point so small that it is not counted must not be in contradiction with itself: its number of
        pupils, which keeps it out, is refused along with what contradicts it."""
        for finding in findings:
            if finding.rejects and is_small_teaching_point(schools, finding.position):
                self._rejected[finding.position].add(ENROLLMENT[Stage.PRIMARY])

    def _reports(self) -> tuple[SchoolReport, ...]:
        keys = tuple(self._values)
        reports: list[SchoolReport] = []
        rows = zip(zip(*self._values.values(), strict=True), self._rejected, self._rows.numbers, strict=True)
        for values, rejected, number in rows:
            typed = {key: value for key, value in zip(keys, values, strict=True) if value is not None}
            for key in rejected:
                typed.pop(key, None)
            reports.append(SchoolReport(typed, frozenset(rejected), number))
        return tuple(reports)
