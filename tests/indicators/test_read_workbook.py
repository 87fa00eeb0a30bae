"""From a file to a typed report: what is accepted, what is refused, and that everything wrong comes back at once."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from evaluation.core.standard import read_standard
from evaluation.core.verdict import judge_report
from indicators.catalogue import COUNTY_ITEM_BY_CODE, COUNTY_SHEET, FIELDS, SCHOOL_SHEET, Kind
from indicators.checks.rules import RULES
from indicators.problem import Severity
from indicators.workbook.read import ReadReport, read_report
from indicators.workbook.sandbox import Book, DateValue, ErrorValue, Sheet, read_book
from indicators.workbook.template import write_template
from schools.vocabulary import SchoolType, SponsorType, UrbanRural
from tests.builders import (
    KEYS,
    Row,
    book_of,
    cell_of,
    county_rows,
    figure_cell,
    good_figures,
    good_rows,
    special_row,
    write_csv,
    write_workbook,
)

STANDARD = Path(__file__).parents[2] / "fixtures/standards/2017-quality.toml"
AS_OF = datetime.date(2026, 3, 1)


def read(path: Path) -> ReadReport:
    return read_report(read_book(path))


def read_spoiled(position: int = 0, figures: dict[str, Any] | None = None, **cells: Any) -> ReadReport:
    """The good county with some cells of one school, or some figures, changed."""
    rows = good_rows()
    rows[position] |= cells
    return read_report(book_of(rows, good_figures() | (figures or {})))


def told(report: ReadReport) -> list[tuple[str, str]]:
    return [(problem.rule, problem.cell) for problem in report.problems]


# ── A good workbook ───────────────────────────────────────────────────────────────────────────


def test_nothing_is_said_about_a_good_workbook(tmp_path: Path) -> None:
    report = read(write_workbook(tmp_path / "county.xlsx"))
    assert report.problems == ()
    assert report.is_judgeable
    assert report.report.is_population_certain
    assert len(report.report.schools) == 6
    assert all(not school.rejected for school in report.report.schools)


def test_the_good_workbook_passes_the_standard_of_2017(tmp_path: Path) -> None:
    report = read(write_workbook(tmp_path / "county.xlsx", [*good_rows(), special_row()]))
    verdict = judge_report(report.report, read_standard(STANDARD), AS_OF)
    assert verdict["passed"] is True
    assert {school["passed"] for school in verdict["schools"]} == {True}


def test_nothing_is_said_about_a_county_of_300_schools() -> None:
    for seed in (1, 2, 3):
        report = read_report(book_of(county_rows(seed)))
        assert report.problems == ()
        assert len(report.report.schools) == 300
        assert judge_report(report.report, read_standard(STANDARD), AS_OF)["passed"] is True


def test_a_book_built_in_memory_reads_like_the_file(tmp_path: Path) -> None:
    assert read_report(book_of()) == read(write_workbook(tmp_path / "county.xlsx"))


def test_cells_become_typed_values(tmp_path: Path) -> None:
    report = read(write_workbook(tmp_path / "county.xlsx"))
    first, last = report.report.schools[0], report.report.schools[5]
    assert (first.row, last.row) == (3, 8)
    assert last.values["code"] == "0142000006"
    assert last.values["school_type"] is SchoolType.TEACHING_POINT
    assert last.values["sponsor_type"] is SponsorType.COUNTY_EDUCATION
    assert last.values["urban_rural"] is UrbanRural.RURAL
    assert last.values["is_boarding"] is False
    assert last.values["built_year"] == 2012
    assert first.values["primary_enrollment"] == 1260
    assert type(first.values["primary_enrollment"]) is int
    assert first.values["teaching_area"] == Decimal("9229.50")
    assert first.values["music_room_areas"] == (Decimal("96"), Decimal("98.5"), Decimal("102"))
    assert "junior_enrollment" not in first.values
    assert report.report.figures["C14"] == Decimal("96200.55")
    assert report.report.figures["C27"] == 4
    assert report.report.figures["C39"] == 2015


def test_the_report_says_where_its_columns_and_figures_stand(tmp_path: Path) -> None:
    report = read(write_workbook(tmp_path / "county.xlsx"))
    assert {key: f"{letters}3" for key, letters in report.columns.items()} == {key: cell_of(key, 0) for key in KEYS}
    assert dict(report.figure_cells) == {code: figure_cell(code) for code in COUNTY_ITEM_BY_CODE}


def test_the_template_filled_with_a_report_reads_back_as_the_same_report(tmp_path: Path) -> None:
    given_report = read_report(book_of()).report
    path = tmp_path / "template.xlsx"
    write_template(path, school_year=2025, schools=given_report.schools, figures=given_report.figures)
    report = read(path)
    assert report.problems == ()
    assert report.report.figures == given_report.figures
    assert [s.values for s in report.report.schools] == [s.values for s in given_report.schools]


def test_the_blank_template_asks_for_schools_and_figures_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    write_template(path, school_year=2025)
    report = read(path)
    assert {problem.rule for problem in report.problems} == {
        "sheet.no_school", "cell.missing", "county.monitoring_pending"
    }  # fmt: skip
    assert not report.is_judgeable


# ── Where things stand in the workbook ────────────────────────────────────────────────────────


def test_columns_may_come_in_any_order(tmp_path: Path) -> None:
    keys = list(KEYS)
    Random(7).shuffle(keys)
    report = read(write_workbook(tmp_path / "county.xlsx", keys=keys))
    assert report.problems == ()
    assert report.report == read_report(book_of()).report
    assert f"{report.columns['primary_enrollment']}3" == cell_of("primary_enrollment", 0, keys)


def test_group_titles_may_stand_above_the_header_row_or_not(tmp_path: Path) -> None:
    report = read(write_workbook(tmp_path / "county.xlsx", group_titles=False))
    assert report.problems == ()
    assert [school.row for school in report.report.schools] == [2, 3, 4, 5, 6, 7]


def test_rows_of_instructions_above_the_header_row_are_passed_over(tmp_path: Path) -> None:
    def explain(book: Workbook) -> None:
        book[SCHOOL_SHEET].insert_rows(1, 3)
        book[SCHOOL_SHEET]["A1"] = "学校标识码按 10 位数字填写"
        book[SCHOOL_SHEET]["C2"] = 2025

    report = read(write_workbook(tmp_path / "county.xlsx", edit=explain))
    assert report.problems == ()
    assert report.report.schools[0].row == 6


def test_a_header_may_be_broken_into_lines(tmp_path: Path) -> None:
    headers = {"teaching_area": "教学及辅助用房面积\n(㎡)", "code": " 学校标识码 "}
    assert read(write_workbook(tmp_path / "county.xlsx", headers=headers)).problems == ()


def test_a_missing_column_is_said_once_and_refused_for_every_school(tmp_path: Path) -> None:
    keys = [key for key in KEYS if key != "primary_enrollment"]
    report = read(write_workbook(tmp_path / "county.xlsx", keys=keys))
    assert told(report) == [("header.missing", "A2")]
    assert report.problems[0].header == "小学在校生数"
    assert all(school.rejected == {"primary_enrollment"} for school in report.report.schools)
    assert judge_report(report.report, read_standard(STANDARD), AS_OF)["passed"] is None


def test_a_misspelt_header_is_named_beside_the_missing_one(tmp_path: Path) -> None:
    report = read(write_workbook(tmp_path / "county.xlsx", headers={"primary_enrollment": "小学在校学生数"}))
    assert told(report) == [("header.missing", "A2"), ("header.unknown", cell_of("primary_enrollment", -1))]
    assert f"{cell_of('primary_enrollment', -1)} 的“小学在校学生数”" in report.problems[0].message


def test_data_in_a_column_without_a_header_is_pointed_out(tmp_path: Path) -> None:
    def scribble(book: Workbook) -> None:
        book[SCHOOL_SHEET]["BM5"] = "已核"

    report = read(write_workbook(tmp_path / "county.xlsx", keys=[*KEYS, "备注"], edit=scribble))
    assert told(report) == [("header.unknown", "BL2"), ("header.unknown", "BM2")]
    assert "没有表头" in report.problems[1].message
    wide = write_workbook(tmp_path / "wide.xlsx", headers={"built_year": ""})
    assert ("header.unknown", cell_of("built_year", -1)) in told(read(wide))


def test_empty_rows_are_passed_over(tmp_path: Path) -> None:
    rows: list[Row] = []
    for row in good_rows():
        rows += [row, {}, {"name": "  "}]
    report = read(write_workbook(tmp_path / "county.xlsx", rows))
    assert report.problems == ()
    assert [school.row for school in report.report.schools] == [3, 6, 9, 12, 15, 18]


@pytest.mark.parametrize(
    ("row", "cell"),
    [
        ({"code": "合计", "primary_enrollment": 2490}, "A9"),
        ({"name": "全县总计", "primary_enrollment": 2490}, "B9"),
        ({"code": "小 计：", "name": "6 所"}, "A9"),
        ({"name": "合计（6 所）", "primary_classes": 80}, "B9"),
        ({"name": "小学合计", "primary_classes": 80}, "B9"),
    ],
)
def test_rows_of_totals_are_no_schools(tmp_path: Path, row: Row, cell: str) -> None:
    report = read(write_workbook(tmp_path / "county.xlsx", [*good_rows(), row]))
    assert told(report) == [("row.total", cell)]
    assert report.problems[0].severity is Severity.WARNING
    assert len(report.report.schools) == 6
    assert report.report.is_population_certain


def test_a_school_may_have_a_total_in_its_name() -> None:
    report = read_spoiled(name="合计乡中心小学")
    assert report.problems == ()
    assert len(report.report.schools) == 6
    assert told(read_spoiled(name="合计乡中心小学", code=None)) == [("code.missing", "A3")]


def test_a_remark_under_the_schools_is_said_about_once() -> None:
    report = read_report(book_of([*good_rows(), {"code": "填表人：王某  审核人：李某"}]))
    assert told(report) == [("code.not_ten_digits", "A9")]
    assert "不是学校的行请删除" in report.problems[0].message


def test_a_row_without_a_code_is_a_school_in_doubt() -> None:
    report = read_report(book_of([*good_rows(), {"name": "新建小学", "school_type": "小学"}]))
    assert ("code.missing", "A9") in told(report)
    assert not report.report.is_population_certain
    assert {problem.school for problem in report.problems} == {"新建小学"}
    assert judge_report(report.report, read_standard(STANDARD), AS_OF)["passed"] is None


def test_a_row_of_formulas_without_values_does_not_vanish(tmp_path: Path) -> None:
    formulas = dict.fromkeys(KEYS, "=1+1")
    report = read(write_workbook(tmp_path / "county.xlsx", [*good_rows(), formulas]))
    assert told(report)[:2] == [("cell.formula_without_value", "A9"), ("cell.formula_without_value", "B9")]
    assert len(report.report.schools) == 7
    assert not report.report.is_population_certain


def test_formulas_without_values_beyond_those_listed_leave_the_population_in_doubt(tmp_path: Path) -> None:
    formulas = [row | dict.fromkeys(KEYS[8:], "=1+1") for row in county_rows(1, 30)]
    report = read(write_workbook(tmp_path / "county.xlsx", formulas))
    unlisted = [p.message for p in report.problems if p.rule == "cell.formula_without_value" and not p.cell]
    assert [message.split("没有")[0] for message in unlisted] == ["另有 650 个公式"]
    assert not report.report.is_population_certain


def test_sheets_may_stand_in_any_order_and_others_are_passed_over(tmp_path: Path) -> None:
    def shuffle(book: Workbook) -> None:
        book.move_sheet(COUNTY_SHEET, -2)
        book.create_sheet("草稿")["A1"] = "学校标识码"

    assert read(write_workbook(tmp_path / "county.xlsx", edit=shuffle)).problems == ()


def test_without_the_school_sheet_the_county_figures_are_still_checked(tmp_path: Path) -> None:
    def spoil(book: Workbook) -> None:
        book.remove(book[SCHOOL_SHEET])
        book[COUNTY_SHEET]["C2"] = "四十八万"

    report = read(write_workbook(tmp_path / "county.xlsx", edit=spoil))
    assert told(report) == [("sheet.missing", ""), ("cell.text", "C2")]
    assert not report.is_judgeable


def test_without_the_county_sheet_the_schools_are_still_judged(tmp_path: Path) -> None:
    report = read(write_workbook(tmp_path / "county.xlsx", edit=lambda book: book.remove(book[COUNTY_SHEET])))
    assert report.is_judgeable
    verdict = judge_report(report.report, read_standard(STANDARD), AS_OF)
    assert verdict["passed"] is None
    assert {school["passed"] for school in verdict["schools"]} == {True}


def test_county_figures_are_matched_by_code_wherever_they_stand(tmp_path: Path) -> None:
    def shuffle(book: Workbook) -> None:
        sheet = book[COUNTY_SHEET]
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
        Random(3).shuffle(rows)
        sheet.delete_rows(1, sheet.max_row)
        sheet.append(["2025—2026 学年县级数据"])
        sheet.append(["单位", "数值", "项目", "代码"])
        for code, name, value, unit in rows:
            sheet.append([unit, value, name, f" {str(code).lower()}"])

    report = read(write_workbook(tmp_path / "county.xlsx", edit=shuffle))
    assert report.problems == ()
    assert report.report.figures == read_report(book_of()).report.figures


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [("代码", "编号", "sheet.no_header"), ("数值", "数量", "header.missing"), ("单位", "数值", "header.twice")],
)
def test_a_county_sheet_without_its_headers_is_said_once(tmp_path: Path, old: str, new: str, rule: str) -> None:
    def rename(book: Workbook) -> None:
        for cell in book[COUNTY_SHEET][1]:
            cell.value = new if cell.value == old else cell.value

    report = read(write_workbook(tmp_path / "county.xlsx", edit=rename))
    assert [problem.rule for problem in report.problems] == [rule]
    assert report.report.figures == {}
    assert report.is_judgeable


# ── Template versions ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("version", "rule"),
    [
        ("2024.9", "template.old"),
        ("2025.0.9", "template.old"),
        ("2025.2", "template.unknown"),
        ("测试版", "template.unknown"),
    ],
)
def test_another_template_version_is_refused_with_a_way_to_move_the_data(
    tmp_path: Path, version: str, rule: str
) -> None:
    report = read(write_workbook(tmp_path / "county.xlsx", template_version=version))
    assert [problem.rule for problem in report.problems] == [rule]
    assert "下载当前模板" in report.problems[0].message
    assert "选择性粘贴" in report.problems[0].message
    assert not report.is_judgeable


def test_a_workbook_without_a_version_is_read_as_the_current_one(tmp_path: Path) -> None:
    report = read(write_workbook(tmp_path / "county.xlsx", template_version=None))
    assert told(report) == [("template.none", "")]
    assert report.is_judgeable


# ── Plain exports ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_file_gives_the_same_schools_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    report = read(write_csv(tmp_path / "schools.csv", encoding=encoding))
    assert told(report) == [("county.not_in_csv", "")]
    assert report.is_judgeable
    assert [s.values for s in report.report.schools] == [s.values for s in read_report(book_of()).report.schools]


def test_text_that_is_no_plain_numeral_is_refused_in_a_csv_file_too(tmp_path: Path) -> None:
    rows = good_rows()
    rows[0] |= {"primary_classes": "３０", "teaching_area": "9,229.5", "sponsor_type": "07", "code": "1.2E+09"}
    report = read(write_csv(tmp_path / "schools.csv", rows))
    assert told(report)[1:] == [
        ("code.scientific", "A2"),
        ("cell.text_number", re.sub(r"\d+", "2", cell_of("primary_classes", 0))),
        ("cell.text_number", re.sub(r"\d+", "2", cell_of("teaching_area", 0))),
    ]
    assert report.report.schools[0].values["sponsor_type"] is SponsorType.COUNTY_EDUCATION


# ── Everything at once ────────────────────────────────────────────────────────────────────────

PLANTED: Sequence[tuple[int, str, Any, str]] = (
    (0, "code", 142000001, "code.leading_zero"),
    (0, "primary_classes", "３０", "cell.text_number"),
    (0, "teaching_area", "#REF!", "cell.error_value"),
    (0, "music_room_areas", "96,98.5", "cell.rooms"),
    (0, "funds_budget", None, "cell.missing"),
    (1, "school_type", "中心校", "cell.choice"),
    (1, "is_boarding", "Y", "cell.choice"),
    (1, "primary_pe_teachers", -1, "cell.negative"),
    (1, "multimedia_rooms", 17.5, "cell.fraction"),
    (2, "built_year", datetime.date(2015, 9, 1), "cell.date"),
    (2, "junior_bachelor_teachers", 500, "teachers.degrees"),
    (2, "junior_in_zone_enrollment", 1151, "pupils.in_zone"),
    (2, "training_budget", "=1/0", "cell.formula_without_value"),
    (3, "primary_master_teachers", "—", "cell.placeholder"),
    (3, "migrant_enrollment", True, "cell.boolean"),
    (4, "junior_classes_over_50", 3, "classes.over_limit_without_large_class"),
    (4, "equipment_value", 99_000_000, "cell.too_large"),
    (5, "name", 6, "cell.not_text"),
)
PLANTED_FIGURES: Sequence[tuple[str, Any, str]] = (
    ("C16", "约 96", "cell.text"),
    ("C25", 131, "county.disabled_enrolled"),
)


def test_twenty_planted_faults_come_back_at_exactly_their_twenty_cells(tmp_path: Path) -> None:
    rows, figures = good_rows(), good_figures()
    for position, key, value, _ in PLANTED:
        rows[position][key] = value
    for code, value, _ in PLANTED_FIGURES:
        figures[code] = value
    report = read(write_workbook(tmp_path / "county.xlsx", rows, figures))
    expected = [(SCHOOL_SHEET, cell_of(key, position), rule) for position, key, _, rule in PLANTED]
    expected += [(COUNTY_SHEET, figure_cell(code), rule) for code, _, rule in PLANTED_FIGURES]
    assert len(expected) == 20
    assert sorted((p.sheet, p.cell, p.rule) for p in report.problems) == sorted(expected)


def test_problems_come_by_sheet_row_and_column(tmp_path: Path) -> None:
    keys = list(KEYS)
    Random(5).shuffle(keys)
    rows, figures = good_rows(), good_figures()
    for position, key, value, _ in PLANTED:
        rows[position][key] = value
    figures["C01"] = figures["C30"] = "无"
    report = read(write_workbook(tmp_path / "county.xlsx", rows, figures, keys=keys, template_version="2024.1"))

    def place(cell: str) -> tuple[int, int, str]:
        found = re.fullmatch("([A-Z]*)([0-9]*)", cell)
        assert found is not None
        return int(found[2] or 0), len(found[1]), found[1]

    order = [(["", SCHOOL_SHEET, COUNTY_SHEET].index(p.sheet), *place(p.cell)) for p in report.problems]
    assert order == sorted(order)
    assert len(order) == len(PLANTED) + 3


# ── Single cells ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "cell", [7.0, "7", "07", "县级教育部门", "7 县级教育部门", "7县级教育部门", " 7 县级教育部门 "]
)
def test_the_sponsor_may_be_given_by_code_or_by_name(cell: Any) -> None:
    report = read_spoiled(sponsor_type=cell)
    assert report.problems == ()
    assert report.report.schools[0].values["sponsor_type"] is SponsorType.COUNTY_EDUCATION


@pytest.mark.parametrize("cell", [11.0, 0.0, "70", True, "县级", "8县级教育部门"])
def test_any_other_sponsor_is_refused(cell: Any) -> None:
    report = read_spoiled(sponsor_type=cell)
    assert [problem.cell for problem in report.problems] == [cell_of("sponsor_type", 0)]
    assert "10 民办" in report.problems[0].message


@pytest.mark.parametrize(
    ("cell", "grade"),
    [("Ⅰ", 1), ("Ⅴ", 5), ("I", 1), ("II", 2), ("iii", 3), ("IV", 4), ("V", 5), (3.0, 3), ("3", 3), (" Ⅲ ", 3)],
)
def test_grades_may_be_roman_signs_letters_or_digits(cell: Any, grade: int) -> None:
    report = read_spoiled(figures={"C29": cell})
    assert report.problems == ()
    assert report.report.figures["C29"] == grade


@pytest.mark.parametrize("cell", [0.0, 6.0, 2.5, "Ⅵ", "VI", "Ⅲ级", True, "优"])
def test_any_other_grade_is_refused(cell: Any) -> None:
    report = read_spoiled(figures={"C29": cell})
    assert [(p.cell, p.severity) for p in report.problems] == [(figure_cell("C29"), Severity.ERROR)]
    assert "C29" not in report.report.figures


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("30", "30"), ("３０", "30"), (" 30 ", "30"), ("'30", "30"), ("30班", "30"), ("1,200", "1200"),
        ("１，２００", "1200"), ("30.0", "30.0"), ("+30", "30"),
    ],
)  # fmt: skip
def test_text_that_looks_like_a_number_is_refused_with_the_number_that_is_meant(cell: str, meant: str) -> None:
    report = read_spoiled(primary_classes=cell)
    assert told(report) == [("cell.text_number", cell_of("primary_classes", 0))]
    assert f"请改为数字 {meant}" in report.problems[0].message
    assert report.report.schools[0].values.get("primary_classes") is None
    assert report.report.schools[0].rejected == {"primary_classes"}


@pytest.mark.parametrize("cell", ["约 30", "三十", "30-32", "1,20", "12.3.4", "-5", "30 或 31 个班级"])
def test_text_that_may_mean_anything_is_refused_without_a_proposal(cell: str) -> None:
    report = read_spoiled(primary_classes=cell)
    assert told(report) == [("cell.text", cell_of("primary_classes", 0))]
    assert "请改为" not in report.problems[0].message


def test_an_amount_in_another_unit_is_not_proposed_as_it_stands() -> None:
    report = read_spoiled(equipment_value="3836700元")
    assert told(report) == [("cell.text_number", cell_of("equipment_value", 0))]
    assert "按本栏的单位（万元）换算" in report.problems[0].message
    assert "请改为数字 383.67" in read_spoiled(equipment_value="383.67万元").problems[0].message
    assert "请改为小数 0.12，" in read_spoiled(figures={"C33": "12%"}).problems[0].message


@pytest.mark.parametrize("cell", ["-", "—", "——", "/", "无", "N/A", "  — "])
def test_a_sign_for_nothing_is_refused_with_what_to_write(cell: str) -> None:
    report = read_spoiled(primary_arts_teachers=cell)
    assert told(report) == [("cell.placeholder", cell_of("primary_arts_teachers", 0))]
    assert "没有的填 0；学校没有小学部的，小学各栏请留空" in report.problems[0].message


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("senior_enrollment", "没有高中部的学校请留空"),
        ("music_room_areas", "没有音乐专用教室的请留空"),
        ("art_room_areas", "没有美术专用教室的请留空"),
        ("rented_sports_area", "没有的填 0"),
        ("built_year", "四位数字的年份"),
    ],
)
def test_what_to_write_for_nothing_follows_the_help_of_the_template(key: str, words: str) -> None:
    report = read_spoiled(**{key: "无"})
    assert [problem.cell for problem in report.problems] == [cell_of(key, 0)]
    assert words in report.problems[0].message


@pytest.mark.parametrize(
    ("cell", "value", "rule"),
    [
        (9229.5, "9229.5", ""),
        (9229.0, "9229", ""),
        (0.1 + 0.2 + 9000, "9000.3", ""),
        (9229.125, "9229.125", "cell.decimals"),
        (9229.123456, "9229.123456", "cell.decimals"),
        (9229.1234565, "9229.123457", "cell.rounded"),
        (9229.1234564, "9229.123456", "cell.rounded"),
        (27688.5 / 7, "3955.5", ""),
        (10000 / 3, "3333.333333", "cell.rounded"),
    ],
)
def test_areas_keep_up_to_six_decimals(cell: float, value: str, rule: str) -> None:
    report = read_spoiled(teaching_area=cell)
    assert [problem.rule for problem in report.problems] == ([rule] if rule else [])
    assert report.report.schools[0].values["teaching_area"] == Decimal(value)


def test_a_negative_zero_is_zero() -> None:
    report = read_spoiled(primary_arts_teachers=-0.0, rented_sports_area=-0.0)
    assert report.problems == ()
    values = report.report.schools[0].values
    assert (str(values["primary_arts_teachers"]), str(values["rented_sports_area"])) == ("0", "0")


@pytest.mark.parametrize(
    ("cell", "areas"),
    [
        ("96;98.5", ("96", "98.5")),
        ("96；98.5", ("96", "98.5")),
        (" 96 ; 98.50 ", ("96", "98.5")),
        ("96;98.5;", ("96", "98.5")),
        ("96", ("96",)),
        (96.25, ("96.25",)),
        (None, ()),
    ],
)
def test_rooms_are_areas_separated_by_semicolons(cell: Any, areas: tuple[str, ...]) -> None:
    report = read_spoiled(music_room_areas=cell)
    assert report.problems == ()
    assert report.report.schools[0].values["music_room_areas"] == tuple(map(Decimal, areas))


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("96;九十", "第 2 间的面积“九十”"),
        ("96;;98", "第 2 间的面积是空的"),
        ("96;0", "第 2 间的面积“0”应大于 0"),
        (0.0, "没有音乐专用教室的请留空"),
        (-96.0, "“-96”不是大于 0 的数字"),
        ("96㎡;98㎡", "请改为 96;98"),
        ("９６；９８", "请改为 96;98"),
        ("96 98.5", "请改为 96;98.5"),
    ],
)
def test_a_bad_area_among_the_rooms_is_named(cell: Any, words: str) -> None:
    report = read_spoiled(music_room_areas=cell)
    assert told(report) == [("cell.rooms", cell_of("music_room_areas", 0))]
    assert words in report.problems[0].message
    assert report.report.schools[0].rejected == {"music_room_areas"}


@pytest.mark.parametrize(
    ("cell", "rule", "words"),
    [
        (3142000001.0, "code.number", "3142000001"),
        ("3142000001 ", "code.outer_space", "前后有空格"),
        ("\u30003142000001", "code.outer_space", "前后有空格"),
        (142000001.0, "code.leading_zero", "只有 9 位"),
        ("142000001", "code.leading_zero", "开头的 0"),
        (31420000011.0, "code.not_ten_digits", "不是 10 位数字"),
        (3142000001.5, "code.not_ten_digits", "不是 10 位数字"),
        (-3142000001.0, "code.not_ten_digits", "不是 10 位数字"),
        ("3.142E+09", "code.scientific", "科学计数法"),
        ("31420 00001", "code.characters", "请改为 3142000001"),
        ("３１４２００００01", "code.characters", "请改为 3142000001"),
        ("'3142000001", "code.characters", "请改为 3142000001"),
        ("\ufeff3142000001", "code.characters", "请改为 3142000001"),
        ("31420", "code.not_ten_digits", "5 位"),
        ("待定", "code.not_ten_digits", "不是 10 位数字"),
        (DateValue("2025-09-01"), "cell.date", "不是10 位数字的学校标识码"),
        (ErrorValue("#N/A"), "cell.error_value", "#N/A"),
        (True, "cell.boolean", "TRUE"),
    ],
)
def test_codes_are_ten_digits_and_each_slip_has_its_own_words(cell: Any, rule: str, words: str) -> None:
    report = read_spoiled(code=cell)
    assert told(report) == [(rule, "A3")]
    assert words in report.problems[0].message
    is_accepted = report.problems[0].severity is Severity.WARNING
    assert report.report.schools[0].values.get("code") == ("3142000001" if is_accepted else None)
    assert report.report.is_population_certain is is_accepted
    assert report.problems[0].school == ("3142000001" if is_accepted else "清河县实验小学")


@pytest.mark.parametrize(
    ("key", "cell", "rule"),
    [
        ("name", DateValue("2025-09-01"), "cell.date"),
        ("school_type", ErrorValue("#N/A"), "cell.error_value"),
        ("is_boarding", True, "cell.boolean"),
        ("built_year", DateValue("2015-09-01"), "cell.date"),
        ("built_year", "2015年", "cell.text_number"),
        ("built_year", 2015.5, "cell.year"),
        ("music_room_areas", ErrorValue("#REF!"), "cell.error_value"),
        ("music_room_areas", DateValue("2025-03-04"), "cell.date"),
        ("music_room_areas", "96985;100001", "cell.too_large"),
        ("music_room_areas", "96.125", "cell.decimals"),
        ("music_room_areas", "96.1234567;98.125", "cell.rounded"),
        ("primary_classes", 1e300, "cell.too_large"),
        ("teaching_area", DateValue("30:00:00"), "cell.date"),
        ("teaching_area", "-12.5", "cell.text"),
    ],
)
def test_a_cell_of_another_kind_is_told_for_what_it_is(key: str, cell: Any, rule: str) -> None:
    report = read_spoiled(**{key: cell})
    assert told(report) == [(rule, cell_of(key, 0))]
    assert report.report.schools[0].rejected == ({key} if RULES[rule].is_error else set())


@pytest.mark.parametrize(
    ("cell", "rule"),
    [(ErrorValue("#REF!"), "cell.error_value"), ("—", "cell.grade"), (DateValue("2025-03-04"), "cell.date")],
)
def test_a_grade_of_another_kind_is_told_for_what_it_is(cell: Any, rule: str) -> None:
    assert told(read_spoiled(figures={"C30": cell})) == [(rule, figure_cell("C30"))]


def test_a_county_figure_that_was_never_calculated_is_refused(tmp_path: Path) -> None:
    report = read(write_workbook(tmp_path / "county.xlsx", figures=good_figures() | {"C05": "=C6*2"}))
    assert told(report) == [("cell.formula_without_value", figure_cell("C05"))]
    assert "C05" not in report.report.figures


def test_values_in_county_rows_without_a_code_are_pointed_out(tmp_path: Path) -> None:
    def scribble(book: Workbook) -> None:
        book[COUNTY_SHEET].append([None, "备注", 12])
        book[COUNTY_SHEET].append(["填表人：王某"])

    report = read(write_workbook(tmp_path / "county.xlsx", edit=scribble))
    assert told(report) == [("county.code_unknown", "A41")]


@pytest.mark.parametrize(
    ("cell", "found"), [(12.0, "12"), (0.1 + 0.2, "0.3"), (1e15, "1000000000000000"), (-5.0, "-5")]
)
def test_a_number_is_quoted_as_the_clerk_sees_it(cell: float, found: str) -> None:
    report = read_spoiled(name=cell)
    assert [problem.found for problem in report.problems] == [found]


def test_a_long_text_is_quoted_in_part() -> None:
    report = read_spoiled(primary_classes="很" * 4000)
    assert report.problems[0].found == "很" * 59 + "…"
    assert len(report.problems[0].message) < 200


# ── Whatever is in the cells ──────────────────────────────────────────────────────────────────

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-10, 3000).map(float),
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20),
    st.sampled_from(["96;98.5", "是", "小学", "7", "Ⅲ", "—", "1,200", "１２", "3142000001", "合计", "九年一贯制学校"]),
    st.builds(ErrorValue, st.sampled_from(["#REF!", "#N/A", "#DIV/0!"])),
    st.builds(DateValue, st.just("2025-09-01")),
)


@settings(max_examples=80)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, len(KEYS) - 1), JUNK), max_size=12), st.data())
def test_every_filled_cell_is_either_a_value_or_refused_with_a_problem(
    spoiled: list[tuple[int, int, Any]], data: st.DataObject
) -> None:
    book = book_of()
    school_rows = [(number, list(cells)) for number, cells in book.sheets[0].rows]
    for position, index, cell in spoiled:
        school_rows[position + 1][1][index] = cell
    county = [(number, list(cells)) for number, cells in book.sheets[1].rows]
    for index in data.draw(st.lists(st.integers(1, len(county) - 1), max_size=3)):
        county[index][1][2] = data.draw(JUNK)
    report = read_report(
        Book(
            "xlsx", book.template_version, (Sheet(SCHOOL_SHEET, False, school_rows), Sheet(COUNTY_SHEET, False, county))
        )
    )

    for problem in report.problems:
        assert problem.rule in RULES
        assert problem.message.endswith("。")
        assert "None" not in problem.message
    errors = {(p.cell, p.sheet) for p in report.problems if p.severity is Severity.ERROR}
    rows = dict(school_rows)
    for school in report.report.schools:
        for index, field in enumerate(FIELDS):
            cell, value = rows[school.row][index], school.values.get(field.key)
            is_filled = cell is not None and not (
                isinstance(cell, str) and not cell.strip("\u200b\u200c\u200d\u2060\ufeff \n")
            )
            if value is None and is_filled and str(cell).strip():
                assert field.key in school.rejected
            if field.key in school.rejected:
                assert value is None
                # A rule over several cells speaks at one of them, in the same row.
                assert any(c.endswith(str(school.row)) for c, sheet in errors if sheet == SCHOOL_SHEET)
            if field.kind.is_number and value is not None:
                assert isinstance(value, int | Decimal)
                assert 0 <= value <= field.greatest
            if field.kind is Kind.CODE and value is not None:
                assert re.fullmatch("[0-9]{10}", str(value))
    for code, value in report.report.figures.items():
        assert 0 <= value <= COUNTY_ITEM_BY_CODE[code].greatest
    assert {field.key for field in FIELDS} == set(report.columns)
