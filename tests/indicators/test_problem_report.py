"""The list of problems as a workbook: complete, to filter, to print, and inert."""

from __future__ import annotations

import datetime
import time
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from indicators.problem import Severity
from indicators.workbook.annotate import FILLS
from indicators.workbook.problem_report import COLUMNS, HEADER_ROW, ReportLine, ReportTitle, write_problem_report

TITLE = ReportTitle(
    "示例省锦棠市望棠区",
    "2026—2027学年",
    3,
    "上报&终稿.xlsx",
    datetime.datetime(2026, 11, 21, 9, 5, tzinfo=datetime.UTC),
)
LINE = ReportLine(
    Severity.ERROR, "学校数据", "I3", "0142000006", "石桥教学点", "小学在校生数", "1,260", "“1,260”是文本。", "1260"
)


def written(lines: list[ReportLine]) -> bytes:
    target = BytesIO()
    write_problem_report(target, TITLE, lines)
    return target.getvalue()


def sheet_of(lines: list[ReportLine]) -> Any:
    return load_workbook(BytesIO(written(lines))).active


def test_one_row_a_problem_under_the_promised_headers():
    sheet = sheet_of([LINE])
    assert [cell.value for cell in sheet[HEADER_ROW]] == [header for header, _ in COLUMNS]
    assert [cell.value for cell in sheet[HEADER_ROW + 1]] == [
        1, "必须更正", "学校数据", "I3", "0142000006", "石桥教学点", "小学在校生数", "1,260", "“1,260”是文本。", "1260",
        None,
    ]  # fmt: skip


def test_what_the_county_explained_stands_in_the_row_and_makes_it_high_enough():
    explained = replace(
        LINE, severity=Severity.EXPLAIN, explanation="学校九月扩班，" * 20 + "\n（填报员甲，2026-11-21 09:05）"
    )
    sheet = sheet_of([replace(LINE, severity=Severity.EXPLAIN), explained])
    cells = [sheet.cell(HEADER_ROW + number, len(COLUMNS)) for number in (1, 2)]
    assert cells[0].value is None
    assert cells[1].value == explained.explanation
    assert cells[1].alignment.wrap_text
    heights = [sheet.row_dimensions[cell.row].height for cell in cells]
    assert heights[1] > heights[0] * 3


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "甲\x00乙"])
def test_an_explanation_stays_a_text(text):
    cell = sheet_of([replace(LINE, explanation=text)]).cell(HEADER_ROW + 1, len(COLUMNS))
    assert cell.data_type == "s"
    assert cell.value == text.replace("\x00", "")


def test_the_head_says_county_year_version_file_time_and_counts():
    sheet = sheet_of([LINE, LINE])
    head = "\n".join(str(sheet.cell(row, 1).value) for row in range(1, HEADER_ROW))
    for words in (
        "望棠区",
        "2026—2027学年",
        "第 3 版",
        "上报&终稿.xlsx",
        "2026-11-21 09:05",
        "必须更正 2 条",
        "提示 0 条",
    ):
        assert words in head


def test_it_can_be_filtered_printed_and_read_by_colour():
    sheet = sheet_of([LINE])
    assert sheet.auto_filter.ref == f"A{HEADER_ROW}:K{HEADER_ROW + 1}"
    assert sheet.freeze_panes == f"A{HEADER_ROW + 1}"
    assert sheet.page_setup.orientation == "landscape"
    assert (sheet.page_setup.paperSize, sheet.page_setup.fitToWidth) == (9, 1)
    assert sheet.print_title_rows == f"${HEADER_ROW}:${HEADER_ROW}"
    assert sheet.cell(HEADER_ROW + 1, 2).fill.fgColor.rgb == FILLS[Severity.ERROR]
    assert sheet.cell(HEADER_ROW + 1, 9).alignment.wrap_text


def test_whatever_was_typed_stays_a_text():
    for typed in (
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        '=HYPERLINK("http://x")',
        "_x0041_",
        "甲\x00\x0b乙",
        "长" * 40_000,
    ):
        line = ReportLine(Severity.WARNING, typed[:30], "A1", typed, typed, typed, typed, typed, typed, typed)
        for cell in sheet_of([line])[HEADER_ROW + 1][2:]:
            assert cell.data_type == "s"
            assert cell.quotePrefix == cell.value.startswith(("=", "+", "-", "@", "\t"))


def test_a_version_without_problems_says_so():
    sheet = sheet_of([])
    assert sheet.cell(HEADER_ROW, 1).value == "第 3 版没有发现数据问题。"
    assert sheet.auto_filter.ref is None


def test_the_same_problems_give_the_same_bytes():
    first = written([LINE])
    time.sleep(1.1)
    assert written([LINE]) == first
