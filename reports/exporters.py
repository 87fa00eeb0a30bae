"""Tables to take away: the same figures as the page, character for character, and nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from math import ceil

import pandas as pd
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from reports.presenters.verdict import VerdictPage

#: A text beginning with one of these is a formula to a spreadsheet that opens a CSV file.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_TEXT_COLUMNS = (
    "学校标识码", "学校名称", "区划代码", "学段", "办学类型", "举办者类型", "是否达标", "备注",
    "时间", "事项", "县", "人", "身份", "状态变化", "理由", "内容", "上一条散列值", "散列值",
)  # fmt: skip
_TABLE_SHEET, _ABOUT_SHEET = "学校明细", "说明"
_WIDEST = 40
#: Points; room for the longest indicator name over six lines.
_HEADER_HEIGHT = 100
_LINE_HEIGHT = 16
#: A figure as pages print it; a difference with its sign, a share with %.
_NUMBER = re.compile(r"([+\-−]?)([0-9]+)(?:\.([0-9]+))?(%?)")


def school_table(page: VerdictPage) -> pd.DataFrame:
    """The rows of both stages as the page prints them."""
    indicators = [f"{indicator.code} {indicator.name}（{indicator.unit}）" for indicator in page.indicators]
    columns = [
        "序号", "学校标识码", "学校名称", "学段", "办学类型", "举办者类型", "在校生数", *indicators, "是否达标", "备注",
    ]  # fmt: skip
    rows = [
        [
            str(row.number), row.code, row.name, row.stage, row.school_type, row.sponsor, row.enrollment,
            *(cell.text for cell in row.cells), row.mark.label, row.remark,
        ]
        for stage in page.stages
        for row in stage.rows
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns, dtype=str)


def to_csv(table: pd.DataFrame, text_columns: Collection[str] = _TEXT_COLUMNS) -> bytes:
    """UTF-8 with the mark that lets Excel read Chinese; texts that look like formulas begin with an apostrophe, and
    nothing has characters that cannot be seen."""
    inert = table.map(lambda text: ILLEGAL_CHARACTERS_RE.sub("", text))
    # By position: two counties of one name are two columns of one header.
    for place, name in enumerate(inert.columns):
        is_text = name in text_columns
        inert.isetitem(place, [_inert(text, is_text=is_text) for text in inert.iloc[:, place]])
    inert.columns = pd.Index([_inert(name, is_text=True) for name in inert.columns])
    return inert.to_csv(index=False, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n").encode("utf-8-sig")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table on a sheet of its own; ``figures`` are the headers of the columns that hold numbers."""

    name: str
    table: pd.DataFrame
    figures: Collection[str]


def to_xlsx(table: pd.DataFrame, about: Sequence[tuple[str, str]], sheet_name: str = _TABLE_SHEET) -> bytes:
    """One sheet with the table, numbers as numbers with the places shown, and one that says where it comes from."""
    figures = [name for name in table.columns if name not in _TEXT_COLUMNS]
    return _to_xlsx([Sheet(sheet_name, table, figures)], about, header_height=_HEADER_HEIGHT, freeze="D2")


def sheets_to_xlsx(sheets: Sequence[Sheet], about: Sequence[tuple[str, str]]) -> bytes:
    """Several tables, a sheet for each, and one that says where they come from."""
    return _to_xlsx(sheets, about, header_height=2 * _LINE_HEIGHT, freeze="B2")


def _to_xlsx(sheets: Sequence[Sheet], about: Sequence[tuple[str, str]], header_height: int, freeze: str) -> bytes:
    target = BytesIO()
    with pd.ExcelWriter(target, engine="openpyxl") as writer:
        for each in sheets:
            clean = each.table.map(lambda text: ILLEGAL_CHARACTERS_RE.sub("", text))
            clean.to_excel(writer, sheet_name=each.name, index=False)
            sheet = writer.sheets[each.name]
            _fill_sheet(sheet, clean, each.figures, header_height)
            sheet.freeze_panes = freeze
            sheet.auto_filter.ref = sheet.dimensions
        told = pd.DataFrame(about).map(lambda text: ILLEGAL_CHARACTERS_RE.sub("", text))
        told.to_excel(writer, sheet_name=_ABOUT_SHEET, index=False, header=False)
        for row in writer.sheets[_ABOUT_SHEET].iter_rows():
            for cell in row:
                _set(cell, is_text=True)
        writer.sheets[_ABOUT_SHEET].column_dimensions["A"].width = 16
        writer.sheets[_ABOUT_SHEET].column_dimensions["B"].width = 70
        for cell in writer.sheets[_ABOUT_SHEET]["B"]:
            _wrap(cell)
        _fit_to_one_page_wide(writer.sheets[_ABOUT_SHEET])
    return target.getvalue()


def _fill_sheet(sheet: Worksheet, table: pd.DataFrame, figures: Collection[str], header_height: int) -> None:
    _lay_out_for_print(sheet, header_height)
    for position, name in enumerate(table.columns, start=1):
        letter = get_column_letter(position)
        sheet.column_dimensions[letter].width = _width(name, table.iloc[:, position - 1])
        _set(sheet[f"{letter}1"], is_text=True)
        is_last = position == len(table.columns)
        for cell in sheet[letter][1:]:
            _set(cell, is_text=name not in figures)
            cell.alignment = Alignment(vertical="top")
            if name not in figures and (is_last or _is_wide(str(cell.value or ""))):
                _wrap(cell)


def _is_wide(text: str) -> bool:
    """Whether a text does not fit into the widest column, or has lines of its own."""
    return "\n" in text or len(text.encode("gbk", "replace")) + 2 > _WIDEST


def _lay_out_for_print(sheet: Worksheet, header_height: int) -> None:
    """All columns side by side on A4 landscape, the header row on every page."""
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E8EEF7")
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    sheet.row_dimensions[1].height = header_height
    sheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.8)
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    _fit_to_one_page_wide(sheet)
    sheet.print_title_rows = "1:1"
    sheet.oddFooter.center.text = "第 &P 页，共 &N 页"


def _wrap(cell: Cell) -> None:
    """Long text over several lines, in a row high enough for them: not every program works the height out."""
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    width = cell.parent.column_dimensions[cell.column_letter].width
    lines = sum(
        max(ceil(len(line.encode("gbk", "replace")) / (width - 3)), 1) for line in str(cell.value or "").split("\n")
    )
    height = cell.parent.row_dimensions[cell.row].height or 0
    cell.parent.row_dimensions[cell.row].height = max(_LINE_HEIGHT * max(lines, 1), height)


def _fit_to_one_page_wide(sheet: Worksheet) -> None:
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0


def _inert(text: str, *, is_text: bool) -> str:
    if not text.startswith(_FORMULA_STARTS) or (not is_text and _NUMBER.fullmatch(text)):
        return text
    return f"'{text}"


def _set(cell: Cell, *, is_text: bool) -> None:
    text = "" if cell.value is None else str(cell.value)
    found = None if is_text else _NUMBER.fullmatch(text)
    if found is not None:
        sign, whole, decimals, percent = found.groups()
        places = f"0.{'0' * len(decimals)}{percent}" if decimals else f"0{percent}"
        # A difference keeps its sign, as the page shows it.
        cell.number_format = f"+{places};−{places};0" if sign in ("+", "−") else places
        value = float(f"{whole}.{decimals or 0}") if decimals or percent else int(whole)
        cell.value = (-1 if sign in ("-", "−") else 1) * (value / 100 if percent else value)
    elif text:
        # Kept as text even where it begins with "=", and when somebody edits the cell later.
        cell.data_type, cell.quotePrefix = "s", text.startswith(_FORMULA_STARTS)
        cell.number_format = "@"


def _width(name: str, texts: Iterable[str]) -> int:
    lines = (line for text in texts for line in text.split("\n"))
    longest = max((len(line.encode("gbk", "replace")) for line in lines), default=0)
    # Headers wrap: a column is as wide as what stands below it.
    return min(max(longest, min(len(name.encode("gbk", "replace")), 10)) + 2, _WIDEST)
