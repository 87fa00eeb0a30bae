"""Tables to take away: the same figures as the page, character for character, and nothing a spreadsheet would run."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
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


def to_csv(table: pd.DataFrame) -> bytes:
    """UTF-8 with the mark that lets Excel read Chinese; texts that look like formulas begin with an apostrophe."""
    inert = table.copy()
    for name in inert.columns.intersection(_TEXT_COLUMNS):
        inert[name] = [f"'{text}" if text.startswith(_FORMULA_STARTS) else text for text in inert[name]]
    return inert.to_csv(index=False, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n").encode("utf-8-sig")


def to_xlsx(table: pd.DataFrame, about: Sequence[tuple[str, str]], sheet_name: str = _TABLE_SHEET) -> bytes:
    """One sheet with the table, numbers as numbers with the places shown, and one that says where it comes from."""
    target = BytesIO()
    clean = table.map(lambda text: ILLEGAL_CHARACTERS_RE.sub("", text))
    with pd.ExcelWriter(target, engine="openpyxl") as writer:
        clean.to_excel(writer, sheet_name=sheet_name, index=False)
        pd.DataFrame(about).to_excel(writer, sheet_name=_ABOUT_SHEET, index=False, header=False)
        sheet = writer.sheets[sheet_name]
        for position, name in enumerate(clean.columns, start=1):
            letter = get_column_letter(position)
            for cell in sheet[letter][1:]:
                _set(cell, is_text=name in _TEXT_COLUMNS)
            sheet.column_dimensions[letter].width = _width(name, clean[name])
        sheet.freeze_panes = "D2"
        sheet.auto_filter.ref = sheet.dimensions
        _lay_out_for_print(sheet)
        for row in writer.sheets[_ABOUT_SHEET].iter_rows():
            for cell in row:
                _set(cell, is_text=True)
        writer.sheets[_ABOUT_SHEET].column_dimensions["A"].width = 16
        writer.sheets[_ABOUT_SHEET].column_dimensions["B"].width = 70
        for cell in (*writer.sheets[_ABOUT_SHEET]["B"], *sheet[get_column_letter(len(clean.columns))][1:]):
            _wrap(cell)
        _fit_to_one_page_wide(writer.sheets[_ABOUT_SHEET])
    return target.getvalue()


def _lay_out_for_print(sheet: Worksheet) -> None:
    """All columns side by side on A4 landscape, the header row on every page."""
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E8EEF7")
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    sheet.row_dimensions[1].height = _HEADER_HEIGHT
    sheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.8)
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    _fit_to_one_page_wide(sheet)
    sheet.print_title_rows = "1:1"
    sheet.oddFooter.center.text = "第 &P 页，共 &N 页"


def _wrap(cell: Cell) -> None:
    """Long text over several lines, in a row high enough for them: not every program works the height out."""
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    width = cell.parent.column_dimensions[cell.column_letter].width
    lines = ceil(len(str(cell.value or "").encode("gbk", "replace")) / (width - 3))
    cell.parent.row_dimensions[cell.row].height = _LINE_HEIGHT * max(lines, 1)


def _fit_to_one_page_wide(sheet: Worksheet) -> None:
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0


def _set(cell: Cell, *, is_text: bool) -> None:
    text = "" if cell.value is None else str(cell.value)
    whole, _, decimals = text.removeprefix("-").partition(".")
    if not is_text and whole.isdecimal() and (decimals.isdecimal() or not decimals):
        cell.value = float(text) if decimals else int(text)
        cell.number_format = f"0.{'0' * len(decimals)}" if decimals else "0"
    elif text:
        # Kept as text even where it begins with "=", and when somebody edits the cell later.
        cell.data_type, cell.quotePrefix = "s", text.startswith(_FORMULA_STARTS)
        cell.number_format = "@"


def _width(name: str, texts: Iterable[str]) -> int:
    longest = max((len(text.encode("gbk", "replace")) for text in texts), default=0)
    # Headers wrap: a column is as wide as what stands below it.
    return min(max(longest, min(len(name.encode("gbk", "replace")), 10)) + 2, _WIDEST)
