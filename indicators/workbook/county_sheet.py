"""「县级数据」: from rows matched by 代码 to typed county figures, with every problem at its cell. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from indicators.catalogue import COUNTY_COLUMNS, COUNTY_ITEM_BY_CODE, COUNTY_ITEMS, CountyItem, Kind
from indicators.checks.county import MONITORING_CODES, find_contradicting_figures
from indicators.checks.rules import RULES
from indicators.workbook.asked import asked_of
from indicators.workbook.headers import find_header_position, plain_form
from indicators.workbook.notes import Notes, Place, letters_of, place_of
from indicators.workbook.sandbox import Sheet
from indicators.workbook.sandbox import Value as CellValue
from indicators.workbook.school_sheet import UNCALCULATED
from indicators.workbook.values import is_empty, read_cell, shown

_CODE_HEADER, _, _VALUE_HEADER, _UNIT_HEADER = COUNTY_COLUMNS
_ASKED = {item.code: asked_of(item) for item in COUNTY_ITEMS}


@dataclass(frozen=True, slots=True)
class CountyPart:
    """What 「县级数据」 gave: the figures that can be used, and the address of each code's value, usable or not."""

    figures: Mapping[str, int | Decimal] = field(default_factory=dict)
    cells: Mapping[str, str] = field(default_factory=dict)


def read_figures(sheet: Sheet, notes: Notes) -> CountyPart:
    """Read the sheet and note all its problems."""
    position = find_header_position(sheet, _CODE_HEADER)
    if position is None:
        words = f"找不到表头：没有一行含有“{_CODE_HEADER}”。请使用模板中的「{sheet.name}」。"
        notes.add("sheet.no_header", words, Place(sheet.name), header=_CODE_HEADER)
        return CountyPart()
    row, cells = sheet.rows[position]
    headers = [plain_form(shown(cell)) for cell in cells]
    code_at = headers.index(_CODE_HEADER)
    if headers.count(_VALUE_HEADER) != 1:
        is_missing = _VALUE_HEADER not in headers
        rule, words = ("header.missing", "缺少") if is_missing else ("header.twice", "出现了不止一次")
        words = f"表头“{_VALUE_HEADER}”{words}，县级数据没有读取。请按模板改正表头。"
        index = code_at if is_missing else headers.index(_VALUE_HEADER)
        notes.add(rule, words, Place(sheet.name, row, index + 1), header=_VALUE_HEADER)
        return CountyPart()
    unit_at = headers.index(_UNIT_HEADER) if _UNIT_HEADER in headers else None
    return _Reading(sheet, notes, position, code_at, headers.index(_VALUE_HEADER), unit_at).part()


class _Reading:
    """One pass over the rows below the header row."""

    def __init__(
        self, sheet: Sheet, notes: Notes, position: int, code_at: int, value_at: int, unit_at: int | None
    ) -> None:
        self._sheet = sheet
        self._notes = notes
        self._code_at = code_at
        self._value_at = value_at
        self._unit_at = unit_at
        self._units: dict[int, str] = {}
        self._header_row = sheet.rows[position][0]
        self._body = sheet.rows[position + 1 :]
        self._uncalculated = {place_of(address) for address in sheet.formulas_without_value}
        self._raw: dict[str, CellValue] = {}
        self._rows: dict[str, int] = {}
        self._figures: dict[str, int | Decimal] = {}
        self._refused: set[str] = set()

    def part(self) -> CountyPart:
        for code, rows in self._rows_by_code().items():
            for row, cell in rows:
                self._read(COUNTY_ITEM_BY_CODE[code], row, cell)
            if len(rows) > 1:
                self._note_repetition(COUNTY_ITEM_BY_CODE[code], [row for row, _ in rows])
        self._note_missing()
        for finding in find_contradicting_figures(dict(self._figures)):
            self._note(finding.rule, COUNTY_ITEM_BY_CODE[finding.code], finding.message, finding.rejects)
            self._refused.update(finding.rejects)
        letters = letters_of(self._value_at + 1)
        return CountyPart(
            {code: value for code, value in self._figures.items() if code not in self._refused},
            {code: f"{letters}{row}" for code, row in self._rows.items()},
        )

    def _rows_by_code(self) -> dict[str, list[tuple[int, CellValue]]]:
        """The rows of each code of the catalogue: sheet row and value. Filled rows of any other code are noted."""
        found: dict[str, list[tuple[int, CellValue]]] = {}
        for row, cells in self._body:
            code_cell, value = cells[self._code_at], cells[self._value_at]
            code = unicodedata.normalize("NFKC", shown(code_cell)).strip().upper()
            if self._unit_at is not None:
                self._units[row] = unicodedata.normalize("NFKC", shown(cells[self._unit_at])).strip()
            if code in COUNTY_ITEM_BY_CODE:
                found.setdefault(code, []).append((row, value))
            elif not is_empty(value):
                words = (
                    f"代码“{shown(code_cell)}”不在模板中，本行的数值不使用。" if code else "本行没有代码，数值不使用。"
                )
                place = Place(self._sheet.name, row, self._code_at + 1)
                self._notes.add("county.code_unknown", words, place, found=shown(code_cell))
        return found

    def _read(self, item: CountyItem, row: int, cell: CellValue) -> None:
        self._rows[item.code], self._raw[item.code] = row, cell
        if (row, self._value_at + 1) in self._uncalculated:
            self._refused.add(item.code)
            self._note(UNCALCULATED.rule, item, UNCALCULATED.message, (item.code,))
            return
        if not self._is_unit_right(item, row):
            self._refused.add(item.code)
            words = f"单位写的是“{self._units[row]}”，应为“{item.unit}”。请把数值换算成{item.unit}，并改回单位。"
            self._note("county.unit", item, words, (item.code,))
            return
        typed = read_cell(_ASKED[item.code], cell)
        if typed.fault is not None:
            is_error = RULES[typed.fault.rule].is_error
            rejects = (item.code,) if is_error else ()
            self._refused.update(rejects)
            self._note(typed.fault.rule, item, typed.fault.message, rejects, typed.fault.fix)
        if isinstance(typed.value, int | Decimal):
            self._figures[item.code] = typed.value

    def _is_unit_right(self, item: CountyItem, row: int) -> bool:
        """Whether the unit beside a value is the one the form asks for; an empty cell, or an item without one, is."""
        found = self._units.get(row, "")
        return not found or not item.unit or found == unicodedata.normalize("NFKC", item.unit)

    def _note_repetition(self, item: CountyItem, rows: list[int]) -> None:
        self._refused.add(item.code)
        self._figures.pop(item.code, None)
        letters = letters_of(self._code_at + 1)
        for row in rows:
            others = "、".join(f"{letters}{other}" for other in rows if other != row)
            words = f"代码 {item.code} 在 {others} 也出现了，无法确定用哪个数值。请只保留一行。"
            place = Place(self._sheet.name, row, self._code_at + 1)
            self._notes.add("county.code_twice", words, place, header=item.name, found=item.code, rejects=(item.code,))

    def _note_missing(self) -> None:
        """Figures that are not there. Without any monitoring result they await the State, which is no fault."""
        awaits_state = not any(code in self._figures or code in self._refused for code in MONITORING_CODES)
        if awaits_state:
            words = "C27 至 C38（质量监测等级和校际差异率）没有填写，待国家提供监测结果后补填。"
            first = COUNTY_ITEM_BY_CODE[MONITORING_CODES[0]]
            self._note("county.monitoring_pending", first, words)
        for item in COUNTY_ITEMS:
            if item.code in self._figures or item.code in self._refused:
                continue
            is_result = item.code in MONITORING_CODES
            if is_result and awaits_state:
                continue
            if item.code not in self._rows:
                words = f"缺少代码 {item.code}（{item.name}）这一行。请按模板补上并填写。"
                self._note("county.row_missing", item, words)
                continue
            if is_result:
                advice = "质量监测结果只填了一部分，请补填；没有监测结果的，C27 至 C38 全部留空。"
            elif item.kind is Kind.YEAR:
                advice = "请填写四位数字的年份。"
            elif item.kind is Kind.COUNT:
                advice = f"请填写（单位：{item.unit}），没有的填 0。"
            else:
                advice = f"请填写（单位：{item.unit}）。"
            self._note("cell.missing", item, f"{item.code} {item.name}未填写。{advice}")

    def _note(self, rule: str, item: CountyItem, message: str, rejects: tuple[str, ...] = (), fix: str = "") -> None:
        """Note a problem at the value of an item, or at the header row where the item has no row."""
        row = self._rows.get(item.code)
        if row is None:
            place = Place(self._sheet.name, self._header_row, self._code_at + 1)
        else:
            place = Place(self._sheet.name, row, self._value_at + 1)
        found = shown(self._raw.get(item.code))
        self._notes.add(rule, message, place, header=item.name, found=found, rejects=rejects, fix=fix)
