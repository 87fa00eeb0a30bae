"""A comparison as a workbook: texts alone, and none that a spreadsheet would run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO

from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from indicators.models import Submission
from reports.presenters.comparison import Change, Comparison, Turn

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_CHANGE_HEADERS = ("代码", "学校", "栏目", "单位", "原值", "原单元格", "现值", "现单元格")
_TURN_HEADERS = ("项目", "原判定", "原说明", "现判定", "现说明", "变化")


def comparison_workbook(page: Comparison, before: Submission, after: Submission) -> bytes:
    """Sheets for the cells, the county figures, the schools and the findings, and one that says what was compared."""
    book = Workbook()
    about = book.active or book.create_sheet()
    about.title = "说明"
    _fill(about, ("内容", "说明"), _about(page, before, after), (16, 80))
    _fill(book.create_sheet("学校数据"), _CHANGE_HEADERS, map(_cells_of, page.changes), (14, 30, 26, 8, 20, 18, 20, 18))
    _fill(book.create_sheet("县级数据"), _CHANGE_HEADERS, map(_cells_of, page.figures), (8, 8, 30, 8, 20, 14, 20, 14))
    schools = [("增加", s.code, s.name, str(s.row)) for s in page.added]
    schools += [("减少", s.code, s.name, str(s.row)) for s in page.removed]
    _fill(book.create_sheet("学校增减"), ("增减", "学校标识码", "学校名称", "所在行"), schools, (8, 16, 36, 8))
    if page.findings is not None:
        found = page.findings
        turns = (found.conclusion, *found.coefficients, *found.rows, *found.items)
        _fill(book.create_sheet("判定"), _TURN_HEADERS, map(_turn_cells, turns), (44, 12, 50, 12, 50, 20))
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def _about(page: Comparison, before: Submission, after: Submission) -> list[tuple[str, str]]:
    lines = [("县", after.county.full_name), ("比较", page.sentence)]
    for label, version in (("原版本", before), ("现版本", after)):
        when = f"{timezone.localtime(version.uploaded_at):%Y-%m-%d %H:%M}"
        words = f"{version.school_year_label}第 {version.version} 版，{version.filename}，{version.uploaded_by}，{when}"
        lines += [(label, words), (f"{label}校验码", version.file_id)]
    if page.without_verdict:
        lines.append(("判定", f"{page.without_verdict}没有判定结果，不能比较判定。"))
    return lines


def _cells_of(change: Change) -> tuple[str, ...]:
    return (
        change.code, change.school, change.header, change.unit,
        change.before, change.before_cell, change.after, change.after_cell,
    )  # fmt: skip


def _turn_cells(turn: Turn) -> tuple[str, ...]:
    return (turn.label, turn.before_mark.label, turn.before, turn.after_mark.label, turn.after, turn.words)


def _fill(sheet: Worksheet, headers: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> None:
    for number, texts in enumerate((headers, *rows), start=1):
        for position, text in enumerate(texts, start=1):
            clean = ILLEGAL_CHARACTERS_RE.sub("", text)
            if not clean:
                continue
            cell = sheet.cell(number, position)
            cell.value = clean
            # Kept as text even where it begins with "=", and when somebody edits the cell later.
            cell.data_type, cell.quotePrefix, cell.number_format = "s", clean.startswith(_FORMULA_STARTS), "@"
            if number == 1:
                cell.font = Font(bold=True)
    for position, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(position)].width = width
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
