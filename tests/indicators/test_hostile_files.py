"""A hostile or broken file costs a clerk one clear sentence and the site nothing; a good file is read as it is."""

from __future__ import annotations

import contextlib
import io
import os
import re
import resource
import signal
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from openpyxl.packaging.custom import IntProperty, StringProperty

from indicators.checks.rules import FILE_GROUP, RULES
from indicators.workbook import child, package, sandbox, sheet_xml
from indicators.workbook.archive import MAX_INFLATED, Refused
from indicators.workbook.sandbox import Book, DateValue, ErrorValue, FileRefused, Sheet
from tests.conftest import ROOT
from tests.indicators import hostile

#: Of processor time: a busy machine takes longer, and is no fault of the file.
MOST_SECONDS = 5.0
PEAK = 180 * 1024 * 1024

Build = Callable[[Path], Path]


def refusal(path: Path, filename: str = "") -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        sandbox.read_book(path, filename)
    return caught.value


def school_sheet(path: Path) -> Sheet:
    return next(sheet for sheet in sandbox.read_book(path).sheets if sheet.name == "学校数据")


def cells(sheet: Sheet) -> dict[str, Any]:
    """The values of a sheet by their addresses."""
    return {
        f"{sheet_xml.column_letters(index)}{number}": value
        for number, values in sheet.rows
        for index, value in enumerate(values, start=1)
        if value is not None
    }


# What is refused, why, and in which words


def processor_seconds() -> float:
    """What this process and those it started and waited for have used of the processor."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


REFUSED: list[tuple[Build, str, str]] = [
    (hostile.text_renamed, "file.not_a_workbook", "文本文件"),
    (hostile.nothing_at_all, "file.empty", "空的"),
    (hostile.web_page, "file.not_a_workbook", "网页"),
    (hostile.xml_table, "file.not_a_workbook", "XML"),
    (hostile.pdf, "file.not_a_workbook", "PDF"),
    (hostile.photo, "file.not_a_workbook", "图片"),
    (hostile.random_bytes, "file.not_a_workbook", "无法识别"),
    (hostile.open_document, "file.ods", ".ods"),
    (hostile.word_document, "file.not_a_workbook", "Word"),
    (hostile.zip_of_a_workbook, "file.not_a_workbook", "解压"),
    (hostile.encrypted, "file.encrypted", "打开密码"),
    (hostile.zip_with_password, "file.encrypted", "打开密码"),
    (hostile.enterprise_encrypted, "file.encrypted", "透明加密"),
    (hostile.old_xls, "file.old_xls", "旧版"),
    (hostile.old_word, "file.not_a_workbook", "Word"),
    (hostile.strict_open_xml, "file.strict_ooxml", "Strict"),
    (hostile.binary_workbook, "file.xlsb", ".xlsb"),
    (hostile.macros, "file.macros", "宏"),
    (hostile.macros_behind_a_plain_type, "file.macros", "宏"),
    (hostile.macro_sheet, "file.macros", "宏"),
    (hostile.external_link, "file.external_links", "断开链接"),
    (hostile.embedded_object, "file.embedded_objects", "嵌入"),
    (hostile.entities_in_the_sheet, "file.doctype", "DOCTYPE"),
    (hostile.entities_in_the_workbook, "file.doctype", "DOCTYPE"),
    (hostile.entities_in_the_strings, "file.doctype", "DOCTYPE"),
    (hostile.entities_behind_a_long_comment, "file.doctype", "DOCTYPE"),
    (hostile.entities_in_wide_letters, "file.doctype", "DOCTYPE"),
    (hostile.heavy_file, "file.too_large", "20 MB"),
    (hostile.bomb_in_the_sheet, "file.inflates_too_much", "128 MB"),
    (hostile.bomb_that_lies, "file.inflates_too_much", "128 MB"),
    (hostile.bomb_in_one_cell, "file.inflates_too_much", "第 1 行"),
    (hostile.bomb_in_the_strings, "file.inflates_too_much", "文字"),
    (hostile.bomb_in_a_picture, "file.inflates_too_much", "128 MB"),
    (hostile.bomb_in_the_rest, "file.inflates_too_much", "128 MB"),
    (hostile.bomb_of_one_part_many_times, "file.inflates_too_much", "128 MB"),
    (hostile.bomb_of_formatting, "file.inflates_too_much", "空白格式"),
    (hostile.far_corners, "file.too_many_cells", "XFD1048576"),
    (hostile.far_below, "file.too_many_cells", "IV1048576"),
    (hostile.far_right, "file.too_many_cells", "IW3"),
    (hostile.far_corners_of_another_sheet, "file.too_many_cells", "「备忘」"),
    (hostile.too_many_rows, "file.too_many_rows", "A20001"),
    (hostile.same_cell_twice, "file.duplicate_cells", "B2"),
    (hostile.rows_reversed, "file.rows_out_of_order", "第 2 行"),
    (hostile.same_row_twice, "file.rows_out_of_order", "第 1 行"),
    (hostile.too_many_sheets, "file.too_many_sheets", "51"),
    (hostile.too_many_parts, "file.too_many_parts", "200"),
    (hostile.two_data_sheets, "file.duplicate_sheets", "「学校数据」"),
    (hostile.truncated, "file.truncated", "不完整"),
    (hostile.without_its_middle, "file.truncated", "不完整"),
    (hostile.flipped_bit, "file.damaged", "校验不符"),
    (hostile.part_twice, "file.damaged", "重名"),
    (hostile.cell_in_the_wrong_row, "file.damaged", "损坏"),
    (hostile.unclosed_rows, "file.damaged", "损坏"),
    (hostile.sheet_cut_off, "file.damaged", "损坏"),
    (hostile.sheet_missing, "file.damaged", "缺少"),
    (hostile.text_missing, "file.damaged", "损坏"),
    (hostile.undefined_entity, "file.damaged", "损坏"),
    (hostile.broken_letters, "file.damaged", "损坏"),
    (hostile.unknown_cell_type, "file.damaged", "损坏"),
    (hostile.no_workbook_part, "file.not_a_workbook", "没有工作簿内容"),
]


@pytest.mark.parametrize(("build", "rule", "word"), REFUSED, ids=[build.__name__ for build, _, _ in REFUSED])
def test_a_file_that_cannot_be_used_is_refused_with_its_cause_and_the_way_on(
    build: Build, rule: str, word: str, tmp_path: Path
) -> None:
    path = build(tmp_path / "填报.xlsx")
    started = processor_seconds()
    reading = sandbox.start_reading(path)
    with pytest.raises(FileRefused) as caught:
        reading.result()
    assert processor_seconds() - started < MOST_SECONDS
    assert caught.value.rule == rule
    assert word in caught.value.message
    assert "请" in caught.value.message
    assert caught.value.message.count("。") <= 2
    assert not caught.value.detail
    assert reading.peak_memory is not None
    assert reading.peak_memory < PEAK


def test_every_builder_of_a_bad_file_is_used_by_a_test() -> None:
    bricks = {"zipped", "book", "sheet_book", "compound_file", "million_empty_rows", "bomb_of_one_long_text"}
    builders = {
        name
        for name, value in vars(hostile).items()
        if callable(value) and getattr(value, "__annotations__", {}).get("path") == "Path"
    }
    assert builders - bricks == {build.__name__ for build, _, _ in REFUSED}


#: Where a code is held that no file alone brings about: a test of this module, or of another.
HELD_ELSEWHERE = {
    "file.csv_encoding": "test_a_csv_has_the_limits_of_a_sheet",
    "file.csv_malformed": "test_a_csv_has_the_limits_of_a_sheet",
    "file.reader_stopped": "test_a_reader_that_runs_out_of_memory_takes_only_itself_away",
    "file.reader_unavailable": "test_a_child_that_cannot_be_started_is_not_blamed_on_the_file",
    "file.unreadable": "test_a_missing_file_is_a_refusal",
    "file.not_found": "test_a_file_that_is_not_there_is_an_object_with_a_problem_too",
}


def codes_said() -> set[str]:
    """Every code of a refusal that stands in the sources."""
    said = set()
    for folder in ("indicators", "evaluation"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.name != "rules.py":
                said |= set(re.findall(r'"(file\.[a-z_]+)"', path.read_text(encoding="utf-8")))
    return said


def test_every_code_of_a_refusal_is_in_the_table_of_rules_and_the_other_way_round() -> None:
    listed = {code for code, rule in RULES.items() if rule.group == FILE_GROUP}
    assert codes_said() == listed
    assert {code for code in RULES if code.startswith("file.")} == listed
    assert all(RULES[code].is_error for code in listed)


def test_every_code_of_a_refusal_is_held_by_a_file_that_brings_it_about() -> None:
    listed = {code for code, rule in RULES.items() if rule.group == FILE_GROUP}
    by_file = {rule for _, rule, _ in REFUSED}
    assert not by_file & set(HELD_ELSEWHERE)
    assert by_file | set(HELD_ELSEWHERE) == listed
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for code, name in HELD_ELSEWHERE.items():
        body = re.search(rf"(?:@pytest[^@]*?)?def {name}\(.*?(?=\n\n\n|\Z)", tests, re.DOTALL)
        assert body is not None, code
        assert f'"{code}"' in body[0], code


def test_a_missing_file_is_a_refusal(tmp_path: Path) -> None:
    assert refusal(tmp_path / "没有.xlsx").rule == "file.unreadable"


def test_the_area_of_a_sheet_may_reach_its_limit_but_not_pass_it(tmp_path: Path) -> None:
    def corners(last: int) -> Path:
        return hostile.book(
            tmp_path / "a.xlsx", hostile.ONE_ROW + f'<row r="{last}"><c r="CV{last}"><v>2</v></c></row>'
        )

    assert cells(school_sheet(corners(20_000))) == {"A1": 1.0, "CV20000": 2.0}
    assert "CV20001" in refusal(corners(20_001)).message


# Good files with a million formatted empty rows


@pytest.mark.parametrize("style", hostile.EMPTY_ROWS)
def test_a_million_formatted_empty_rows_below_the_data_change_nothing(style: str, tmp_path: Path) -> None:
    path = hostile.million_empty_rows(tmp_path / "填报.xlsx", style)
    plain = hostile.book(tmp_path / "plain.xlsx", hostile.data_rows())
    started = processor_seconds()
    reading = sandbox.start_reading(path)
    book = reading.result()
    assert processor_seconds() - started < MOST_SECONDS
    assert reading.peak_memory is not None
    assert reading.peak_memory < PEAK
    assert book == sandbox.read_book(plain)
    if style == "libreoffice":
        # Formatting is not counted: here it alone inflates beyond what anything else may.
        with zipfile.ZipFile(path) as archive:
            assert archive.getinfo(hostile.SHEET).file_size > MAX_INFLATED


def test_empty_formatted_cells_beyond_the_columns_are_ignored(tmp_path: Path) -> None:
    wide = "".join(f'<c r="{sheet_xml.column_letters(n)}1" s="1"/>' for n in range(2, 16_385))
    path = hostile.book(tmp_path / "a.xlsx", f'<row r="1"><c r="A1"><v>7</v></c>{wide}</row>')
    assert cells(school_sheet(path)) == {"A1": 7.0}


# The addresses and the values of good files


def test_a_workbook_of_openpyxl_comes_back_with_its_true_addresses(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "学校数据"
    sheet["B3"] = "学校标识码"
    sheet["D3"] = "0123456789"
    sheet["C5"] = 12.5
    sheet["E5"] = True
    sheet["AA7"] = datetime(2024, 9, 1, 8, 30)
    sheet["B7"] = "=1/0"
    sheet.merge_cells("H9:J10")
    sheet["H9"] = "合并"
    sheet.row_dimensions[5].hidden = True
    sheet.column_dimensions["D"].hidden = True
    book.create_sheet("备忘").append(["不读"])
    book["备忘"].sheet_state = "veryHidden"
    book.save(tmp_path / "a.xlsx")
    read = sandbox.read_book(tmp_path / "a.xlsx")
    assert read.kind == "xlsx"
    assert [(each.name, each.hidden) for each in read.sheets] == [("学校数据", False), ("备忘", True)]
    assert cells(read.sheets[0]) == {
        "B3": "学校标识码",
        "D3": "0123456789",
        "C5": 12.5,
        "E5": True,
        "AA7": DateValue("2024-09-01 08:30:00"),
        "H9": "合并",
    }
    assert [number for number, _ in read.sheets[0].rows] == [3, 5, 7, 9]
    assert {len(values) for _, values in read.sheets[0].rows} == {27}
    assert read.sheets[0].formulas_without_value == ("B7",)
    assert read.sheets[1].rows == []


def test_a_workbook_of_xlsxwriter_comes_back_with_its_true_addresses(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet("县级数据")
    percent, day, hours, bold = (
        book.add_format({"num_format": form}) if form else book.add_format({"bold": True})
        for form in ("0.00%", "yyyy-mm-dd", "[h]:mm", "")
    )
    sheet.write(4, 1, 0.256, percent)
    sheet.write_datetime(4, 2, datetime(2024, 9, 1), day)
    sheet.write_datetime(4, 3, timedelta(hours=30), hours)
    sheet.write_rich_string(9, 3, "富", bold, "文本")
    sheet.write_formula(9, 4, "=1+1", None, 2)
    sheet.write_formula(9, 5, '=""', None, "")
    sheet.write_blank(30, 30, None, bold)
    sheet.insert_textbox(1, 1, "说明")
    sheet.write_comment(4, 1, "批注")
    sheet.data_validation(0, 0, 99, 0, {"validate": "list", "source": ["是", "否"]})
    sheet.conditional_format(0, 0, 99, 9, {"type": "blanks", "format": bold})
    book.close()
    (read,) = sandbox.read_book(tmp_path / "a.xlsx").sheets
    assert cells(read) == {
        "B5": 0.256,
        "C5": DateValue("2024-09-01"),
        "D5": DateValue("30:00:00"),
        "D10": "富文本",
        "E10": 2.0,
    }
    assert all(isinstance(value, float) for value in (cells(read)["B5"], cells(read)["E10"]))


VALUES: list[tuple[str, str, Any]] = [
    ("a number", "<c r='A1'><v>1</v></c>", 1.0),
    ("a declared number", '<c r="A1" t="n"><v>1.5E-3</v></c>', 0.0015),
    ("a number with nineteen digits", '<c r="A1"><v>1234567890123456789</v></c>', 1234567890123456789.0),
    ("a number too large", '<c r="A1"><v>1e309</v></c>', ErrorValue("#NUM!")),
    ("no number at all", '<c r="A1"><v>NaN</v></c>', ErrorValue("#NUM!")),
    ("a text where a number is declared", '<c r="A1" t="n"><v>abc</v></c>', "abc"),
    ("true", '<c r="A1" t="b"><v>1</v></c>', True),
    ("false", '<c r="A1" t="b"><v>0</v></c>', False),
    ("an error", '<c r="A1" t="e"><f>1/0</f><v>#DIV/0!</v></c>', ErrorValue("#DIV/0!")),
    ("an error the reader does not know", '<c r="A1" t="e"><v>#GETTING_DATA</v></c>', ErrorValue("#GETTING_DATA")),
    ("the text of a formula", '<c r="A1" t="str"><f>A2</f><v>城区</v></c>', "城区"),
    ("an empty text of a formula", '<c r="A1" t="str"><f>A2</f><v></v></c>', None),
    ("a shared text", '<c r="A1" t="s"><v>0</v></c>', "共享"),
    ("a shared rich text", '<c r="A1" t="s"><v>1</v></c>', "富 文本"),
    ("a shared text that is empty", '<c r="A1" t="s"><v>2</v></c>', None),
    ("an inline text", '<c r="A1" t="inlineStr"><is><t xml:space="preserve"> 乡 村 </t></is></c>', " 乡 村 "),
    ("an inline text with markup", '<c r="A1" t="inlineStr"><is><t>a &lt; b &amp; c</t></is></c>', "a < b & c"),
    ("an inline rich text", '<c r="A1" t="inlineStr"><is><r><t>富</t></r><r><t>文本</t></r></is></c>', "富文本"),
    ("an empty inline text", '<c r="A1" t="inlineStr"><is><t/></is></c>', None),
    ("an inline text in the place of a value", '<c r="A1" t="inlineStr"><v>镇区</v></c>', "镇区"),
    ("a literal section", '<c r="A1" t="inlineStr"><is><t><![CDATA[<c r="B1">&]]></t></is></c>', '<c r="B1">&'),
    ("a commented-out cell", '<!-- <c r="B1"><v>9</v></c> --><c r="A1"><v>1</v></c>', 1.0),
    ("a day", '<c r="A1" s="1"><v>45536</v></c>', DateValue("2024-09-01")),
    ("a moment", '<c r="A1" s="4"><v>45536.25</v></c>', DateValue("2024-09-01 06:00:00")),
    ("an ISO day", '<c r="A1" t="d"><v>2024-09-01</v></c>', DateValue("2024-09-01")),
    ("a percentage", '<c r="A1" s="2"><v>0.5</v></c>', 0.5),
    ("a ten-digit code formatted as a day", '<c r="A1" s="1"><v>3501000001</v></c>', 3501000001.0),
    ("a huge number formatted as a day", '<c r="A1" s="1"><v>1E+300</v></c>', 1e300),
    ("a negative number formatted as a day", '<c r="A1" s="1"><v>-3</v></c>', -3.0),
    ("a style that does not exist", '<c r="A1" s="99"><v>3</v></c>', 3.0),
    ("escaped line ends and controls", '<c r="A1" t="str"><v>a_x000D_\nb_x0000_c_x0008_</v></c>', "a\nbc"),
    ("a long text", f'<c r="A1" t="str"><v>{"长" * 5000}</v></c>', "长" * 3999 + "…"),
    ("a text that looks like a formula", '<c r="A1" t="str"><v>=1+1</v></c>', "=1+1"),
]


@pytest.mark.parametrize(("xml", "value"), [(xml, value) for _, xml, value in VALUES], ids=[each[0] for each in VALUES])
def test_a_cell_is_read_as(xml: str, value: Any, tmp_path: Path) -> None:
    texts = hostile.shared_strings("<t>共享</t>", '<r><t>富</t></r><r><t xml:space="preserve"> 文本</t></r>', "<t></t>")
    path = hostile.book(tmp_path / "a.xlsx", f'<row r="1">{xml}</row>', {"xl/sharedStrings.xml": texts})
    sheet = school_sheet(path)
    assert cells(sheet) == ({} if value is None else {"A1": value})
    assert sheet.formulas_without_value_count == 0


SHAPES: list[tuple[str, str]] = [
    ("cells without an address", "<row r='4'><c/><c><v>1</v></c><c s='1'/><c t='str'><v>x</v></c></row>"),
    ("an address and then none", '<row r="4"><c r="B4"><v>1</v></c><c/><c t="str"><v>x</v></c></row>'),
    (
        "rows without a number",
        '<row/><row><c r="A2"/></row><row/><row><c/><c><v>1</v></c><c/><c t="str"><v>x</v></c></row>',
    ),
    ("a row numbered by its cells", '<row><c r="B4"><v>1</v></c><c r="D4" t="str"><v>x</v></c></row>'),
    ("columns out of order", '<row r="4"><c r="D4" t="str"><v>x</v></c><c r="B4"><v>1</v></c></row>'),
    (
        "attributes in another order",
        '<row spans="1:9" r="4"><c s="0" r="B4"><v>1</v></c><c t="str" r="D4"><v>x</v></c></row>',
    ),
    (
        "indented XML",
        '\n <row r="4" >\n  <c r="B4" >\n   <v>1</v>\n  </c>\n  <c r="D4" t="str"><v>x</v></c>\n </row>\n',
    ),
    (
        "an angle bracket in an attribute",
        '<row r="4" x="/>"><c r="B4" x=">"><v>1</v></c><c r="D4" t="str"><v>x</v></c></row>',
    ),
]


@pytest.mark.parametrize("rows", [rows for _, rows in SHAPES], ids=[name for name, _ in SHAPES])
def test_addresses_are_true_with(rows: str, tmp_path: Path) -> None:
    assert cells(school_sheet(hostile.book(tmp_path / "a.xlsx", rows))) == {"B4": 1.0, "D4": "x"}


def test_a_namespace_prefix_and_a_false_dimension_change_nothing(tmp_path: Path) -> None:
    xml = (
        f'<?xml version="1.0"?>\n<x:worksheet xmlns:x="{hostile.MAIN}"><x:dimension ref="A1:XFD1048576"/><x:sheetData>'
        '<x:row r="4"><x:c r="B4"><x:v>1</x:v></x:c><x:c r="D4" t="inlineStr"><x:is><x:t>x</x:t></x:is></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )
    assert cells(school_sheet(hostile.sheet_book(tmp_path / "a.xlsx", xml))) == {"B4": 1.0, "D4": "x"}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
def test_it_does_not_matter_where_a_sheet_is_cut_into_chunks(size: int) -> None:
    rows = "".join(
        f"<row r='{n * 9}'>{xml.replace('A1', f'A{n * 9}')}</row>" for n, (_, xml, _) in enumerate(VALUES, 1)
    )
    whole = hostile.worksheet(f"<!-- x -->{rows}<?pi?>").encode()

    def scanned(chunks: Iterator[bytes]) -> tuple[bytes, dict[int, dict[int, str]]]:
        scan = sheet_xml.SheetScan("学校数据", lambda _: None)
        return b"".join(scan.plain_xml(chunks)), scan.errors

    pieces = (whole[at : at + size] for at in range(0, len(whole), size))
    assert scanned(pieces) == scanned(iter([whole]))


def test_days_counted_from_1904_are_the_same_days(tmp_path: Path) -> None:
    properties = hostile.workbook_xml("学校数据", properties='<workbookPr date1904="1"/>')
    path = hostile.book(
        tmp_path / "a.xlsx", '<row r="1"><c r="A1" s="1"><v>44074</v></c></row>', {"xl/workbook.xml": properties}
    )
    assert cells(school_sheet(path)) == {"A1": DateValue("2024-09-01")}


def test_formulas_that_were_never_calculated_are_named(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1"><f>B1</f></c><c r="B1"><f>C1</f><v></v></c><c r="C1"><f t="shared" si="0"/><v/></c>'
        '<c r="D1"><f>1</f><v>1</v></c><c r="E1" t="str"><f>""</f><v></v></c><c r="F1" t="str"><f>A1</f></c></row>'
    )
    sheet = school_sheet(hostile.book(tmp_path / "a.xlsx", rows))
    assert sheet.formulas_without_value == ("A1", "B1", "C1", "F1")
    assert sheet.formulas_without_value_count == 4
    assert cells(sheet) == {"D1": 1.0}


def test_of_very_many_uncalculated_formulas_the_first_thousand_are_named(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><f>B{n}</f></c></row>' for n in range(1, 1501))
    sheet = school_sheet(hostile.book(tmp_path / "a.xlsx", rows))
    assert (len(sheet.formulas_without_value), sheet.formulas_without_value_count) == (1000, 1500)


def test_sheet_names_lose_their_spaces_and_only_data_sheets_have_rows(tmp_path: Path) -> None:
    path = hostile.zipped(tmp_path / "a.xlsx", hostile.good_parts(sheets=("填报说明", " 学校数据 ", "县级数据")))
    book = sandbox.read_book(path)
    assert [(sheet.name, len(sheet.rows)) for sheet in book.sheets] == [
        ("填报说明", 0),
        ("学校数据", 1),
        ("县级数据", 1),
    ]


def test_a_workbook_without_data_sheets_tells_the_names_it_has(tmp_path: Path) -> None:
    path = hostile.zipped(tmp_path / "a.xlsx", hostile.good_parts(sheets=("Sheet1", "学校数据 (2)")))
    assert [sheet.name for sheet in sandbox.read_book(path).sheets] == ["Sheet1", "学校数据 (2)"]


@pytest.mark.parametrize(
    ("properties", "version"),
    [
        ([StringProperty(name="模板版本", value="2024.1")], "2024.1"),
        ([StringProperty(name="template_version", value=" 3 ")], "3"),
        ([StringProperty(name="template_version", value="旧"), StringProperty(name="模板版本", value="新")], "新"),
        ([IntProperty(name="模板版本", value=7)], "7"),
        ([StringProperty(name="模板版本（旧）", value="1")], None),
        ([], None),
    ],
)
def test_the_template_version_is_a_custom_document_property(
    properties: list[Any], version: str | None, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    for each in properties:
        book.custom_doc_props.append(each)
    book.save(tmp_path / "a.xlsx")
    assert sandbox.read_book(tmp_path / "a.xlsx").template_version == version


def test_what_spreadsheet_programs_add_on_their_own_is_no_reason_to_refuse(tmp_path: Path) -> None:
    path = hostile.book(
        tmp_path / "a.xlsx",
        changes={
            "xl/printerSettings/printerSettings1.bin": bytes(900),
            "customXml/item1.xml": '<?xml version="1.0" encoding="utf-16"?><x/>'.encode("utf-16"),
            "xl/media/image1.png": b"\x89PNG\r\n\x1a\n<!DOCTYPE",
            "xl/drawings/vmlDrawing1.vml": "<xml/>",
            "xl/comments1.xml": f'<comments xmlns="{hostile.MAIN}"/>',
            "xl/ctrlProps/ctrlProp1.xml": "<formControlPr/>",
        },
    )
    assert cells(school_sheet(path)) == {"A1": 1.0}


def test_parts_written_with_backslashes_and_other_letter_case_are_found(tmp_path: Path) -> None:
    parts = hostile.good_parts()
    renamed = {name.replace("xl/worksheets/sheet1", "XL\\Worksheets\\Sheet1"): body for name, body in parts.items()}
    assert cells(school_sheet(hostile.zipped(tmp_path / "a.xlsx", renamed))) == {"A1": 1.0}


def test_a_workbook_written_as_a_stream_with_wide_sizes_is_read(tmp_path: Path) -> None:
    """Streaming writers do not know sizes beforehand and leave them to the 64-bit fields."""
    stream = io.BytesIO()
    unseekable: Any = stream
    with zipfile.ZipFile(unseekable, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in hostile.good_parts().items():
            with archive.open(name, "w", force_zip64=True) as part:
                part.write(str(body).encode())
    (tmp_path / "a.xlsx").write_bytes(stream.getvalue())
    assert cells(school_sheet(tmp_path / "a.xlsx")) == {"A1": 1.0}


def dense(path: Path, rows: int) -> Path:
    letters = [sheet_xml.column_letters(n) for n in range(1, 69)]
    row = '<row r="~">' + "".join(f'<c r="{letter}~"><v>12.5</v></c>' for letter in letters) + "</row>"
    xml = hostile.worksheet("".join(row.replace("~", str(n)) for n in range(1, rows + 1)))
    return hostile.zipped(path, hostile.good_parts() | {hostile.SHEET: xml}, level=1)


def test_seven_thousand_schools_are_read_within_the_limits_of_memory_and_time(tmp_path: Path) -> None:
    path = dense(tmp_path / "a.xlsx", 7_000)
    started = processor_seconds()
    reading = sandbox.start_reading(path)
    (sheet,) = reading.result().sheets
    assert processor_seconds() - started < MOST_SECONDS
    assert (len(sheet.rows), len(sheet.rows[-1][1])) == (7_000, 68)
    assert reading.peak_memory is not None
    assert reading.peak_memory < PEAK


def test_a_sheet_with_too_many_values_is_refused_before_they_take_memory(tmp_path: Path) -> None:
    reading = sandbox.start_reading(dense(tmp_path / "a.xlsx", 20_000))
    with pytest.raises(FileRefused, match="50 万") as caught:
        reading.result()
    assert caught.value.rule == "file.too_many_cells"
    assert reading.peak_memory is not None
    assert reading.peak_memory < 40 * 1024 * 1024


# Plain exports

HEADER = "学校标识码,学校名称,音乐专用教室面积(㎡)\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_csv_is_read_in_every_encoding_and_with_every_delimiter(
    encoding: str, delimiter: str, tmp_path: Path
) -> None:
    text = f"\r\n{HEADER}0350000001,实验小学,\r\n\r\n".replace(",", delimiter)
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    book = sandbox.read_book(tmp_path / "a.csv")
    assert (book.kind, book.template_version, [sheet.name for sheet in book.sheets]) == ("csv", None, ["学校数据"])
    assert book.sheets[0].rows == [
        (2, ["学校标识码", "学校名称", "音乐专用教室面积(㎡)"]),
        (3, ["0350000001", "实验小学", None]),
    ]


def test_the_header_decides_on_the_delimiter_not_the_values(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f'填报表;;;\n{HEADER}1,"实验,小学",96;98.5;100;1;2\n', encoding="utf-8")
    assert cells(sandbox.read_book(tmp_path / "a.csv").sheets[0])["B3"] == "实验,小学"
    assert cells(sandbox.read_book(tmp_path / "a.csv").sheets[0])["C3"] == "96;98.5;100;1;2"


def test_a_stored_upload_is_a_csv_by_the_name_it_came_with(tmp_path: Path) -> None:
    (tmp_path / "upload").write_text(HEADER, encoding="utf-8")
    assert sandbox.read_book(tmp_path / "upload", filename="学校.CSV").kind == "csv"
    assert refusal(tmp_path / "upload", filename="学校.xlsx").rule == "file.not_a_workbook"
    assert refusal(tmp_path / "upload").rule == "file.not_a_workbook"


def test_a_workbook_under_the_name_of_a_csv_is_still_a_workbook(tmp_path: Path) -> None:
    assert sandbox.read_book(hostile.book(tmp_path / "a.csv")).kind == "xlsx"


@pytest.mark.parametrize(
    ("content", "rule", "word"),
    [
        (HEADER.encode("utf-16"), "file.csv_encoding", "编码"),
        (HEADER.encode() + b"a\x00b", "file.csv_encoding", "编码"),
        (b"\x81\xff\xff\xff,1\n", "file.csv_encoding", "编码"),
        (HEADER.encode() + b'"' + b"x" * 200_000, "file.csv_malformed", "引号"),
        (b"x\n" * 20_001, "file.too_many_rows", "20001"),
        (b"x," * 256 + b"x\n", "file.too_many_cells", "257"),
        (b"," * 19_000_000, "file.csv_malformed", "过长"),
        (b"", "file.empty", "空的"),
    ],
    ids=["utf-16", "NUL", "no encoding", "open quote", "rows", "columns", "only commas", "empty"],
)
def test_a_csv_has_the_limits_of_a_sheet(content: bytes, rule: str, word: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    started = processor_seconds()
    refused = refusal(tmp_path / "a.csv")
    assert (refused.rule, word in refused.message) == (rule, True)
    assert processor_seconds() - started < MOST_SECONDS


# The child


def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let a shell script take the part of the child."""
    program = tmp_path / "child"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", str(program))


@pytest.mark.parametrize(
    ("script", "detail"),
    [
        ("kill -9 $$", "status -9"),
        ("kill -SEGV $$", "status -11"),
        ("kill -XCPU $$", "status -24"),
        ("exit 3", "status 3"),
        ("echo garbage", "answer JSONDecodeError"),
        ("echo '[]'", "answer TypeError"),
        ("echo '{}'", "answer KeyError"),
        ("printf '\\377\\376{'", "answer UnicodeDecodeError"),
        ('echo \'{"peak":0,"kind":"xlsx","template_version":null,"sheets":[{"name":"a","hidden":false,"rows":'
         '[[1,[NaN]]],"formulas":[],"formula_count":0}]}\'', "answer ValueError"),
        ('echo \'{"peak":0,"kind":"xlsx","template_version":null,"sheets":[{"name":"a","hidden":false,"rows":'
         '[[1,[1e999]]],"formulas":[],"formula_count":0}]}\'', "answer ValueError"),
        ('echo \'{"peak":0,"kind":"xlsx","template_version":null,"sheets":[{"name":"a","hidden":false,"rows":'
         '[[1,[[]]]],"formulas":[],"formula_count":0}]}\'', "answer ValueError"),
        ("head -c 200000 /dev/zero | tr '\\0' '['", "answer RecursionError"),
        ("yes", "answer too long"),
        ("exec sleep 30", "timeout"),
        ("exec >/dev/null; exec sleep 30", "timeout"),
    ],
)  # fmt: skip
def test_whatever_becomes_of_the_child_is_a_refusal(
    script: str, detail: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, script)
    monkeypatch.setattr(sandbox, "TIMEOUT_SECONDS", 1.0 if detail == "timeout" else 10.0)
    refused = refusal(tmp_path / "a.xlsx")
    assert (refused.rule, refused.detail) == ("file.reader_stopped", detail)
    assert "请下载空白模板" in refused.message


def test_a_child_that_cannot_be_started_is_not_blamed_on_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    refused = refusal(tmp_path / "a.xlsx")
    assert refused.rule == "file.reader_unavailable"
    assert "稍后" in refused.message


def test_a_reader_that_runs_out_of_memory_takes_only_itself_away(tmp_path: Path) -> None:
    path = hostile.bomb_of_one_long_text(tmp_path / "a.xlsx")
    started = processor_seconds()
    refused = refusal(path)
    assert refused.rule == "file.reader_stopped"
    assert "内存" in refused.message
    assert processor_seconds() - started < MOST_SECONDS


def test_the_outcome_can_be_asked_for_again(tmp_path: Path) -> None:
    good = sandbox.start_reading(hostile.book(tmp_path / "a.xlsx"))
    assert good.result() is good.result()
    bad = sandbox.start_reading(hostile.pdf(tmp_path / "b.xlsx"))
    for _ in range(2):
        with pytest.raises(FileRefused, match="PDF"):
            bad.result()


def test_a_caller_who_gives_up_ends_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, f'echo $$ > "{tmp_path}/pid"; exec sleep 60')
    with sandbox.start_reading(tmp_path / "a.xlsx") as reading:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.01)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGCONT)
    with pytest.raises(FileRefused):
        reading.result()


def test_an_interrupted_wait_ends_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery's soft time limit arrives as an exception in the middle of waiting."""

    def interrupted(*_: object) -> bytes:
        raise KeyboardInterrupt

    stand_in(tmp_path, monkeypatch, "exec sleep 60")
    monkeypatch.setattr(sandbox, "_read_all", interrupted)
    reading = sandbox.start_reading(tmp_path / "a.xlsx")
    with pytest.raises(KeyboardInterrupt):
        reading.result()
    assert own_children() == []


def own_children() -> list[str]:
    return [
        pid
        for task in Path("/proc/self/task").iterdir()
        for pid in (task / "children").read_text().split()
        if "indicators.workbook.child" in Path(f"/proc/{pid}/cmdline").read_text()
        or ") Z " in Path(f"/proc/{pid}/stat").read_text()
    ]


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [
        hostile.book(tmp_path / "a.xlsx"),
        hostile.pdf(tmp_path / "b.xlsx"),
        hostile.far_corners(tmp_path / "c.xlsx"),
    ]
    for path in files:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TMPDIR", str(tmp_path))
            sandbox.start_reading(path).close()
            try:
                sandbox.read_book(path)
            except FileRefused:
                continue
    descriptors = set(os.listdir("/proc/self/fd"))
    for path in files * 3:
        sandbox.start_reading(path).close()
    stand_in(tmp_path, monkeypatch, "kill -9 $$")
    refusal(files[0])
    assert set(os.listdir("/proc/self/fd")) == descriptors
    assert own_children() == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.xlsx", "b.xlsx", "c.xlsx", "child"]


# The process that waits for the next file


@pytest.fixture
def waiting() -> Iterator[int]:
    """The process id of a reader that waits."""
    sandbox.keep_one_ready()
    yield sandbox._ready[0].pid
    sandbox.forget_ready()


def is_gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if ") Z " in Path(f"/proc/{pid}/stat").read_text():
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


def test_a_waiting_process_reads_one_file_like_any_other_and_ends(waiting: int, tmp_path: Path) -> None:
    files = [hostile.book(tmp_path / "a.xlsx", hostile.data_rows()), hostile.pdf(tmp_path / "b.xlsx")]
    sandbox.keep_one_ready()
    with sandbox.start_reading(files[0]) as reading:
        assert reading._process is not None
        assert reading._process.pid == waiting
        book = reading.result()
    assert book == sandbox.read_book(files[0])
    assert is_gone(waiting)
    sandbox.keep_one_ready()
    assert refusal(files[1]).rule == "file.not_a_workbook"
    assert own_children() == []


def test_a_waiting_process_is_bound_and_knows_nothing_before_it_has_a_file(waiting: int) -> None:
    place = Path(f"/proc/{waiting}")
    while f" {child.MAX_MEMORY} " not in (place / "limits").read_text():
        assert not is_gone(waiting) or (place / "limits").exists()
    assert (place / "environ").read_bytes() == b""
    assert len(list((place / "fd").iterdir())) <= 4


def test_a_waiting_process_that_died_costs_nobody_anything(waiting: int, tmp_path: Path) -> None:
    os.kill(waiting, signal.SIGKILL)
    assert is_gone(waiting)
    assert sandbox.read_book(hostile.book(tmp_path / "a.xlsx")).kind == "xlsx"
    sandbox.keep_one_ready()
    assert sandbox._ready[0].pid != waiting


def test_a_waiting_process_ends_with_the_one_that_started_it() -> None:
    script = "import os; from indicators.workbook import sandbox; sandbox.keep_one_ready();"
    told = subprocess.run(
        [sys.executable, "-c", script + "print(sandbox._ready[0].pid, flush=True); os._exit(0)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(child.__file__).parents[2],
    )
    assert is_gone(int(told.stdout))


def test_a_fork_of_a_worker_neither_uses_nor_keeps_the_waiting_process(waiting: int) -> None:
    report, told = os.pipe()
    fork = os.fork()
    if not fork:
        os.write(told, b"%d" % len(sandbox._ready))
        time.sleep(30)
        os._exit(0)
    try:
        assert os.read(report, 1) == b"0"
        # The last end of its pipe that is open is ours: its reader sees the end of the file, not a signal.
        process = sandbox._ready.pop()
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0
        assert process.stdout is not None
        process.stdout.close()
    finally:
        os.kill(fork, signal.SIGKILL)
        os.waitpid(fork, 0)
        os.close(report)
        os.close(told)


# A sheet that nobody reads


def with_another_sheet(path: Path, rows: str) -> Path:
    parts = hostile.good_parts(sheets=("学校数据", "试算"))
    return hostile.zipped(path, parts | {"xl/worksheets/sheet2.xml": hostile.worksheet(rows)})


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ('<c r="A~" s="1"><f>B~*2</f><v /></c><c r="B~" s="1" t="n" />', ""),
        ('<c r="A~"><f>B~*2</f></c>', ""),
        ('<c r="A~" t="str"><f>B~&amp;""</f><v></v></c>', ""),
        ('<c r="A~"><v>45536.25</v></c>', "file.too_many_rows"),
        ('<c r="A~" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="B~"><f>1</f><v/></c>', "file.too_many_rows"),
        ('<c r="A~" t="inlineStr"><is><t>甲</t></is></c>', "file.too_many_rows"),
        ('<c r="A~" t="zzz"><v>1</v></c>', "file.damaged"),
        ('<c r="A~"><v>1</v></c><c r="A~"><v>2</v></c>', "file.duplicate_cells"),
        ('<c r="A~"><v>1</v></c><c r="IW~"><v>2</v></c>', "file.too_many_cells"),
    ],
)
def test_a_sheet_that_nobody_reads_keeps_the_limits_too(cell: str, rule: str, tmp_path: Path) -> None:
    rows = "".join(f'<row r="{n}">{cell.replace("~", str(n))}</row>' for n in range(1, sheet_xml.MAX_ROWS + 2))
    path = with_another_sheet(tmp_path / "a.xlsx", rows)
    if rule:
        assert refusal(path).rule == rule
    else:
        assert cells(school_sheet(path)) == {"A1": 1.0}


def test_the_child_binds_itself_before_it_reads() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import resource as r; from indicators.workbook import child; child.limit_resources();"
            "print([r.getrlimit(x)[0] for x in (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_CORE, r.RLIMIT_FSIZE)])",
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(child.__file__).parents[2],
    )
    assert told.stdout.strip() == f"[{child.MAX_MEMORY}, {child.MAX_CPU_SECONDS}, 0, 0]"
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY


def test_the_child_learns_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "geheim")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    stand_in(tmp_path, monkeypatch, f'/usr/bin/env > "{tmp_path}/seen"; exit 3')
    refusal(tmp_path / "a.xlsx")
    seen = (tmp_path / "seen").read_text()
    assert "SECRET_KEY" not in seen
    assert "PYTHONPATH" not in seen


def test_reading_starts_before_the_caller_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, f'touch "{tmp_path}/began"; exec sleep 60')
    started = time.monotonic()
    with sandbox.start_reading(tmp_path / "a.xlsx"):
        assert time.monotonic() - started < 30.0
        while not (tmp_path / "began").exists():
            time.sleep(0.01)


def test_the_child_loads_no_heavy_module() -> None:
    told = subprocess.run(
        [
            sys.executable, "-E", "-s", "-c",
            "import sys; from indicators.workbook import child;"
            "print(*{'openpyxl', 'numpy', 'django', 'zipfile', 'dataclasses', 'typing', 'asyncio'} & {*sys.modules})",
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(child.__file__).parents[2],
    )  # fmt: skip
    assert told.stdout.split() == []


def test_an_answer_is_a_book_of_plain_values(tmp_path: Path) -> None:
    assert sandbox.read_book(hostile.book(tmp_path / "a.xlsx")) == Book(
        "xlsx", None, (Sheet("学校数据", False, [(1, [1.0])]),)
    )


def test_the_pre_check_never_raises_anything_but_a_refusal(tmp_path: Path) -> None:
    """Every byte of a small workbook damaged in turn."""
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        for name, content in hostile.good_parts().items():
            archive.writestr(name, str(content))
    whole = (tmp_path / "a.xlsx").read_bytes()
    for at in range(0, len(whole), 3):
        for change in (b"\x00", b"<", b"\xff"):
            with contextlib.suppress(Refused):
                package.check(whole[:at] + change + whole[at + 1 :])
