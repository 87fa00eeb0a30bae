"""The official tables as a workbook for Excel and for paper: a sheet a table, texts and numbers as on the page."""

from __future__ import annotations

from copy import copy
from io import BytesIO
from math import ceil

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from reports.presenters.tables import OfficialTables, Table
from reports.presenters.tables import layout as official

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: A text beginning with one of these is a formula to a spreadsheet in which somebody edits the cell.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_FONT = "宋体"
_TITLES = ("col", "colgroup")
_SHADE = "D9D9D9"
#: Points: a line of ten-point text with its leading, and the highest row Excel knows.
_LINE_HEIGHT, _ROW_PADDING, _HIGHEST = 14, 6, 409
#: Characters of a column that its text cannot use.
_COLUMN_PADDING = 1.5
_HEADING_ROWS = 3
_GAP = "　　"
_MARGINS = PageMargins(left=0.5, right=0.5, top=0.6, bottom=0.7, header=0.3, footer=0.35)

_THIN = Side(style="thin", color="000000")
_GRID = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)


def official_workbook(tables: OfficialTables) -> bytes:
    """表Ⅰ to 表Ⅵ as one .xlsx file, laid out for A4."""
    book = Workbook()
    book.properties.title, book.properties.creator = "县域义务教育优质均衡发展督导评估申报表", "督导评估平台"
    looks = _Looks(book)
    for position, table in enumerate(tables.tables):
        sheet = book.worksheets[0] if position == 0 else book.create_sheet()
        sheet.title = table.name
        _write(sheet, table, tables, looks)
    target = BytesIO()
    book.save(target)
    return target.getvalue()


class _Looks:
    """Styles of cells, each made once: setting them cell by cell would take most of the time."""

    def __init__(self, book: Workbook) -> None:
        self._sheet = book.worksheets[0]
        self._made: dict[tuple[str, str, bool, bool], Cell] = {}

    def dress(self, cell: Cell, look: official.Cell) -> None:
        key = (look.number_format, look.align, look.is_short, look.scope in _TITLES)
        if key not in self._made:
            self._made[key] = self._model(look)
        cell._style = copy(self._made[key]._style)
        cell.quotePrefix = look.text.startswith(_FORMULA_STARTS)

    def _model(self, look: official.Cell) -> Cell:
        model = Cell(self._sheet)
        model.border, model.number_format = _GRID, look.number_format
        model.font = Font(name=_FONT, size=10, bold=look.is_short or look.scope in _TITLES)
        indent = int(look.align is official.Align.LEFT)
        model.alignment = Alignment(horizontal=str(look.align), vertical="center", wrap_text=True, indent=indent)
        if look.is_short:
            model.fill = PatternFill("solid", fgColor=_SHADE)
        return model


def _write(sheet: Worksheet, table: Table, tables: OfficialTables, looks: _Looks) -> None:
    columns = len(table.widths)
    for position, width in enumerate(table.widths, start=1):
        sheet.column_dimensions[get_column_letter(position)].width = width
    _line(sheet, 1, table.title, columns, Font(name=_FONT, size=16, bold=True), "center")
    for row, parts in enumerate(tables.heading, start=2):
        _line(sheet, row, _GAP.join(parts), columns, Font(name=_FONT, size=10), "left")
    first = _HEADING_ROWS + 1
    body = first + len(table.head)
    _fill(sheet, first, table.head, table, looks)
    _fill(sheet, body, table.body, table, looks)
    below = body + len(table.body)
    for position, note in enumerate(table.notes):
        _line(sheet, below + position, note, columns, Font(name=_FONT, size=9), "left")
    _line(
        sheet,
        below + len(table.notes) + 1,
        (_GAP * 4).join(tables.signatures),
        columns,
        Font(name=_FONT, size=11),
        "left",
    )
    sheet.freeze_panes = sheet.cell(body, table.frozen + 1).coordinate
    _lay_out_for_print(sheet, table, first, body - 1)


def _fill(sheet: Worksheet, first: int, rows: tuple[official.Row, ...], table: Table, looks: _Looks) -> None:
    heights: dict[int, float] = {}
    for row, column, look in official.placed(rows):
        cell = sheet.cell(first + row, column + 1)
        _set(cell, look)
        looks.dress(cell, look)
        width = sum(table.widths[column : column + look.columns])
        needed = _height(look.text, width, 10) / look.rows
        for r in range(row, row + look.rows):
            heights[r] = max(heights.get(r, 0), needed)
        if look.rows > 1 or look.columns > 1:
            sheet.merge_cells(
                start_row=cell.row, start_column=cell.column,
                end_row=cell.row + look.rows - 1, end_column=cell.column + look.columns - 1,
            )  # fmt: skip
    for row, height in heights.items():
        sheet.row_dimensions[first + row].height = min(height, _HIGHEST)


def _set(cell: Cell, look: official.Cell) -> None:
    if look.number_format != "@":
        cell.value = float(look.text) if "." in look.text else int(look.text)
        return
    text = ILLEGAL_CHARACTERS_RE.sub("", look.text)
    if text:
        cell.value = text
        # Kept as text even where it begins with "=".
        cell.data_type = "s"


def _line(sheet: Worksheet, row: int, text: str, columns: int, font: Font, align: str) -> None:
    """A line of text across the whole table."""
    cell = sheet.cell(row, 1)
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)
    cell.data_type, cell.number_format, cell.font = "s", "@", font
    cell.alignment = Alignment(horizontal=align, vertical="center", wrap_text=True)
    sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=columns)
    width = sum(dimension.width for dimension in sheet.column_dimensions.values())
    sheet.row_dimensions[row].height = min(_height(text, width, float(font.size)), _HIGHEST)


def _height(text: str, width: float, size: float) -> float:
    """Points a text needs in a column of ``width`` characters: no program works this out for merged cells."""
    room = max((width - _COLUMN_PADDING) * 10 / size, 1)
    lines = sum(max(ceil(len(part.encode("gbk", "replace")) / room), 1) for part in text.split("\n"))
    return lines * _LINE_HEIGHT * size / 10 + _ROW_PADDING


def _lay_out_for_print(sheet: Worksheet, table: Table, first_head: int, last_head: int) -> None:
    """A4, all columns side by side, the header rows on every page."""
    sheet.page_setup.orientation = "portrait" if table.is_portrait else "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_margins = copy(_MARGINS)
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.print_title_rows = f"{first_head}:{last_head}"
    sheet.print_options.horizontalCentered = True
    sheet.oddFooter.center.text = f"{table.name}　第 &P 页，共 &N 页"
