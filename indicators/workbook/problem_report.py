"""The problems of one version as a workbook: to filter, to hand round, to print. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook  # type: ignore[import-untyped]
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side  # type: ignore[import-untyped]
from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]
from openpyxl.worksheet.properties import PageSetupProperties  # type: ignore[import-untyped]

from indicators.problem import Severity
from indicators.workbook.annotate import FILLS

SHEET = "问题清单"
#: Header and width of each column, in characters.
COLUMNS = (
    ("序号", 6), ("级别", 10), ("工作表", 11), ("单元格", 9), ("学校标识码", 13), ("学校名称", 24), ("项目", 26),
    ("填写内容", 18), ("问题和处理办法", 56), ("建议填入", 16), ("说明（必须说明的数据）", 36),
)  # fmt: skip
HEADER_ROW = 4

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: What a spreadsheet would read as one escaped character.
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_LONGEST_TEXT = 2_000
_LINE = 15.0
_INK = "FF17202C"


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One problem as it is listed; ``school_name`` is empty where the school is not known by its code. ``explanation``
    is what the county has written about it, by whom and when."""

    severity: Severity
    sheet: str
    cell: str
    school_code: str
    school_name: str
    header: str
    found: str
    message: str
    fix: str = ""
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class ReportTitle:
    """What the list is about, for its head and for every printed page."""

    county: str
    school_year: str
    version: int
    filename: str
    uploaded_at: datetime


def write_problem_report(target: BinaryIO, title: ReportTitle, lines: Sequence[ReportLine]) -> None:
    """Write the list into ``target``; a version without problems gets a sentence that says so. The same arguments
    give the same bytes."""
    book: Any = Workbook()
    sheet = book.active
    sheet.title = SHEET
    _write_head(sheet, title, lines)
    if lines:
        _write_table(sheet, lines)
    else:
        sheet.merge_cells(start_row=HEADER_ROW, end_row=HEADER_ROW, start_column=1, end_column=len(COLUMNS))
        cell = sheet.cell(HEADER_ROW, 1)
        _put(cell, f"第 {title.version} 版没有发现数据问题。")
        cell.font = Font(name="宋体", size=12, color=_INK)
    for number, (_, width) in enumerate(COLUMNS, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    _set_up_page(sheet, title)
    moment = title.uploaded_at.replace(tzinfo=None)
    book.properties.creator, book.properties.title = "县域义务教育优质均衡督导评估平台", SHEET
    book.properties.created = book.properties.modified = moment
    whole = BytesIO()
    book.save(whole)
    _write_dated(target, whole, moment)


def _write_head(sheet: Any, title: ReportTitle, lines: Sequence[ReportLine]) -> None:
    counts = "，".join(
        f"{severity.label} {sum(line.severity is severity for line in lines)} 条" for severity in Severity
    )
    texts = (
        f"{title.county} {title.school_year} 数据问题清单（第 {title.version} 版）",
        f"文件：{title.filename}　上传时间：{title.uploaded_at:%Y-%m-%d %H:%M}",
        f"共 {len(lines)} 条：{counts}。必须更正的数据按缺失处理；必须说明的须在签报前写明原因；提示不影响判定。",
    )
    for row, text in enumerate(texts, start=1):
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(COLUMNS))
        cell = sheet.cell(row, 1)
        _put(cell, text)
        cell.font = Font(name="宋体", size=16 if row == 1 else 10, bold=row == 1, color=_INK)
        cell.alignment = Alignment(vertical="center", wrap_text=True)
        sheet.row_dimensions[row].height = 27 if row == 1 else 18


def _write_table(sheet: Any, lines: Sequence[ReportLine]) -> None:
    thin = Side(style="thin", color="FFB7C0CE")
    border = Border(left=thin, right=thin, top=thin, bottom=thin)
    top, centred = Alignment(vertical="top", wrap_text=True), Alignment(horizontal="center", vertical="top")
    head_fill, head_font = PatternFill("solid", fgColor="FFE3E9F2"), Font(name="宋体", size=10, bold=True, color=_INK)
    body = Font(name="宋体", size=10, color=_INK)
    fills = {severity: PatternFill("solid", fgColor=colour) for severity, colour in FILLS.items()}
    for number, (header, _) in enumerate(COLUMNS, start=1):
        cell = sheet.cell(HEADER_ROW, number)
        _put(cell, header)
        cell.font, cell.fill, cell.border = head_font, head_fill, border
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    sheet.row_dimensions[HEADER_ROW].height = 22
    for number, line in enumerate(lines, start=1):
        row = HEADER_ROW + number
        texts = (
            line.severity.label, line.sheet, line.cell, line.school_code, line.school_name, line.header, line.found,
            line.message, line.fix, line.explanation,
        )  # fmt: skip
        sheet.cell(row, 1, number)
        for column, text in enumerate(texts, start=2):
            _put(sheet.cell(row, column), text)
        for column in range(1, len(COLUMNS) + 1):
            cell = sheet.cell(row, column)
            cell.font, cell.border, cell.alignment = body, border, centred if column in (1, 2, 4) else top
        sheet.cell(row, 2).fill = fills[line.severity]
        needed = (_lines(text, width) for text, (_, width) in zip(texts, COLUMNS[1:], strict=True))
        sheet.row_dimensions[row].height = min(_LINE * max(needed) + 3, 400)
    sheet.freeze_panes = sheet.cell(HEADER_ROW + 1, 1)
    last = get_column_letter(len(COLUMNS))
    sheet.auto_filter.ref = f"A{HEADER_ROW}:{last}{HEADER_ROW + len(lines)}"


def _set_up_page(sheet: Any, title: ReportTitle) -> None:
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top, sheet.page_margins.bottom = 0.6, 0.8
    sheet.page_margins.header = sheet.page_margins.footer = 0.35
    # An ampersand begins a code in a footer.
    about = f"{title.county} {title.school_year} 第 {title.version} 版".replace("&", "&&")
    sheet.oddFooter.left.text = about
    sheet.oddFooter.right.text = "第 &P 页，共 &N 页"


def _put(cell: Any, text: str) -> None:
    """Write a text that stays a text, also where it begins like a formula, and when somebody edits the cell later."""
    kept = _NOT_XML.sub("", text)
    if not kept:
        return
    kept = kept if len(kept) <= _LONGEST_TEXT else kept[: _LONGEST_TEXT - 1] + "…"
    cell.value = _ESCAPE.sub("_x005F_", kept)
    cell.data_type = "s"
    cell.quotePrefix = kept.startswith(_FORMULA_STARTS)
    cell.number_format = "@"


def _lines(text: str, width: int) -> int:
    """The lines a text takes in a column, a Chinese character counted as two of its units of width."""
    return sum(1 + max(len(line.encode("gbk", "replace")) - 1, 0) // max(width - 1, 1) for line in text.split("\n"))


def _write_dated(target: BinaryIO, whole: BytesIO, moment: datetime) -> None:
    """Write the package with the moment of the upload in place of the clock's."""
    date = (max(moment.year, 1980), moment.month, moment.day, moment.hour, moment.minute, moment.second)
    with ZipFile(whole) as old, ZipFile(target, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "docProps/core.xml":
                stamp = f"{moment:%Y-%m-%dT%H:%M:%SZ}".encode()
                data = re.sub(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z", stamp, data)
            info = ZipInfo(name, date)
            info.compress_type = ZIP_DEFLATED
            new.writestr(info, data)
