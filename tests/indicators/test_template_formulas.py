"""The trial sheet: what a clerk sees while typing is what the kernel computes from the same cells."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from evaluation.core.standard import Standard
from evaluation.core.verdict import judge_report
from evaluation.trial import trial_rules
from indicators.catalogue import FIELDS, SCHOOL_SHEET
from indicators.report import CountyReport
from indicators.workbook.read import read_report
from indicators.workbook.sandbox import read_book
from indicators.workbook.template import write_template
from indicators.workbook.trial_sheet import (
    FIRST_ROW,
    MET,
    NOT_MET,
    TO_CORRECT,
    TRIAL_SHEET,
    UNKNOWN,
    value_columns,
)
from schools.vocabulary import SchoolType, SponsorType, Stage
from tests import builders
from tests.evaluation.random_counties import AS_OF

#: Functions that Excel, WPS and LibreOffice share and compute alike.
SHARED_FUNCTIONS = {
    *("ABS", "AND", "COUNT", "COUNTA", "COUNTIF", "FALSE", "IF", "INDEX", "INT", "ISBLANK", "ISNUMBER", "LEFT", "LEN"),
    *("MIN", "N", "NOT", "OR", "SQRT", "SUM", "SUMPRODUCT", "TRIM", "VLOOKUP"),
}
#: Sheet row of the first school in 「学校数据」.
FIRST_SCHOOL = 5
SUMMARY = {"mean": "全县平均值", "deviation": "标准差", "coefficient": "差异系数", "passed": "差异系数是否达标"}

Recalculated = Callable[..., list[list[Any]]]


@pytest.fixture
def rules(standard_document: Standard):
    return trial_rules(standard_document)


@pytest.fixture
def recalculated(rules, tmp_path: Path) -> Recalculated:
    """The trial sheet of the given rows as an office program computes it: cells from A1 on."""
    if shutil.which("soffice") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("soffice is not on PATH: the formulas of the template cannot be tested")
        pytest.skip("NOT TESTED: soffice is not on PATH, so no office program has computed the trial sheet")

    def compute(rows: list[builders.Row], edit: Callable[[Any], object] | None = None) -> list[list[Any]]:
        source = tmp_path / "in.xlsx"
        write_template(source, school_year=2026, schools=report_of(rows).schools, trial=rules, row_count=20)
        book = load_workbook(source)
        # What a clerk types, also where the reader refuses it later.
        for number, row in enumerate(rows, FIRST_SCHOOL):
            for position, field in enumerate(FIELDS, 1):
                book[SCHOOL_SHEET].cell(number, position).value = row.get(field.key)
        if edit is not None:
            edit(book[SCHOOL_SHEET])
        book.save(source)
        subprocess.run(
            [
                "soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless",
                "--convert-to", "xlsx", "--outdir", str(tmp_path / "out"), str(source),
            ],
            check=True, capture_output=True, timeout=180,
        )  # fmt: skip
        saved = CalamineWorkbook.from_path(tmp_path / "out" / "in.xlsx")
        return saved.get_sheet_by_name(TRIAL_SHEET).to_python(skip_empty_area=False)

    return compute


def report_of(rows: list[builders.Row]) -> CountyReport:
    return read_report(builders.book_of(rows)).report


def column(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def summary(cells: list[list[Any]], what: str, letter: str) -> Any:
    return next(row for row in cells if row[0] == SUMMARY[what])[column(letter)]


def stage_columns(rules, stage: Stage) -> list[int]:
    return [column(letter) for (s, _), letter in value_columns(rules).items() if s is stage]


def assert_same(cells: list[list[Any]], report: CountyReport, standard: Standard, rules) -> None:
    """Every value, school verdict and county figure on the sheet is the kernel's."""
    told = judge_report(report, standard, AS_OF)
    judged = {(school["code"], school["stage"]): school for school in told["schools"]}
    seen = 0
    for row, school in enumerate(report.schools):
        line = cells[FIRST_ROW - 1 + row]
        for stage in Stage:
            columns = stage_columns(rules, stage)
            expected = judged.get((school.values.get("code"), stage.value))
            pupils, result = line[columns[0] - 1], line[columns[-1] + 1]
            if expected is None:
                assert [pupils, result, *(line[c] for c in columns)] == [""] * (len(columns) + 2), (row, stage)
                continue
            seen += 1
            assert pupils == (UNKNOWN if expected["enrollment"] is None else expected["enrollment"])
            for place, value in zip(columns, expected["values"].values(), strict=True):
                assert_equal(line[place], value, (row, stage, place))
            words = {True: MET, False: NOT_MET, None: UNKNOWN}[expected["passed"]]
            assert result.startswith(words), (row, stage, result, expected)
            if expected["passed"] is not None and len(expected["attained"]) < len(columns):
                assert f"（{len(expected['attained'])}项" in result
    assert seen == len(judged)
    for (stage, code), letter in value_columns(rules).items():
        stage_told = told["stages"].get(stage.value, {"indicators": {}})
        expected = stage_told["indicators"].get(code)
        if expected is None or not stage_told["schools"]:
            assert summary(cells, "coefficient", letter) == ""
            continue
        for what in ("mean", "deviation", "coefficient"):
            assert_equal(summary(cells, what, letter), expected[what], (stage, code, what))
        words = {True: MET, False: NOT_MET, None: UNKNOWN}[expected["passed"]]
        assert summary(cells, "passed", letter) == words, (stage, code)


def assert_equal(found: Any, expected: float | None, where: object) -> None:
    if expected is None:
        assert found == UNKNOWN, where
    else:
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9), where


def test_every_value_and_coefficient_is_the_kernels_in_a_county_of_all_types(recalculated, standard_document, rules):
    rows = builders.county_rows(11, 60)
    cells = recalculated(rows)
    assert_same(cells, report_of(rows), standard_document, rules)
    assert len({summary(cells, "coefficient", letter) for letter in value_columns(rules).values()}) == 14


def test_a_poor_school_and_one_at_85_percent_are_told_apart_as_the_kernel_does(recalculated, standard_document, rules):
    rows = builders.good_rows()
    # Exactly 85 % of the limit of 1 backbone teacher, then one teacher fewer; and limits met to the last digit.
    rows[0] |= {"primary_enrollment": 2000, "primary_backbone_teachers": 17}
    rows[1] |= {"primary_backbone_teachers": 0}
    rows[2] |= {
        "junior_enrollment": 1000,
        "junior_backbone_teachers": 10,
        "teaching_area": 5800,
        "indoor_sports_area": 0,
    }
    assert_same(recalculated(rows), report_of(rows), standard_document, rules)


def test_missing_figures_are_never_nought(recalculated, standard_document, rules):
    rows = builders.good_rows()
    rows[1]["primary_backbone_teachers"] = None
    rows[3]["teaching_area"] = None
    rows[4]["senior_enrollment"] = None
    cells = recalculated(rows)
    assert_same(cells, report_of(rows), standard_document, rules)
    columns = value_columns(rules)
    assert summary(cells, "coefficient", columns[Stage.PRIMARY, "L2"]) == UNKNOWN
    assert summary(cells, "coefficient", columns[Stage.JUNIOR, "L7"]) == UNKNOWN
    assert isinstance(summary(cells, "coefficient", columns[Stage.PRIMARY, "L1"]), float)


def test_a_hair_below_a_limit_is_below_it(recalculated, standard_document, rules):
    rows = builders.good_rows()
    rows[0] |= {"indoor_sports_area": 0, "sports_ground_area": 1260 * 7.5, "teaching_area": 1260 * 4.5 - 0.000001}
    rows[1] |= {"indoor_sports_area": 0, "sports_ground_area": 540 * 7.5 * 0.85, "teaching_area": 540 * 4.5}
    rows[2] |= {"indoor_sports_area": 0, "sports_ground_area": 11730, "teaching_area": 6669.999999}
    assert_same(recalculated(rows), report_of(rows), standard_document, rules)


def test_more_teachers_of_a_kind_than_teachers_give_no_value_as_after_the_upload(
    recalculated, standard_document, rules
):
    rows = builders.good_rows()
    rows[2]["junior_master_teachers"] = 500
    rows[3] |= {"indoor_sports_area": 9999, "teaching_area": 5000}
    cells = recalculated(rows)
    assert_same(cells, report_of(rows), standard_document, rules)
    assert summary(cells, "coefficient", value_columns(rules)[Stage.JUNIOR, "L1"]) == UNKNOWN


def test_missing_pupils_of_a_stage_the_school_has_make_the_county_unknown(recalculated, standard_document, rules):
    rows = builders.good_rows()
    rows[0]["primary_enrollment"] = None
    rows[5]["primary_enrollment"] = None
    rows[2]["junior_enrollment"] = 0
    assert_same(recalculated(rows), report_of(rows), standard_document, rules)


def test_who_stays_out_stays_out_with_the_reason(recalculated, standard_document, rules):
    rows = [*builders.good_rows(), builders.special_row()]
    rows[5] = builders.school_row("0142000006", "石桥教学点", SchoolType.TEACHING_POINT, primary=49, place="乡村")
    nine_year = rows[3]
    for key in [key for key in nine_year if key.startswith("primary_")]:
        nine_year[key] = None
    cells = recalculated(rows)
    assert_same(cells, report_of(rows), standard_document, rules)
    standing = [line[1] for line in cells[FIRST_ROW - 1 :]]
    assert standing[:4] == ["计入"] * 4
    assert standing[5].startswith("不计入：不足 50 人的教学点")
    assert standing[6].startswith("不计入：特殊教育学校")
    assert set(standing[7:20]) == {""}


def test_a_school_in_doubt_leaves_the_county_without_coefficients(recalculated, rules):
    rows = builders.good_rows()

    def spoil(sheet) -> None:
        sheet.cell(5, 1).value = sheet.cell(6, 1).value
        sheet.cell(7, 3).value = None
        sheet.cell(8, 1).value = None

    cells = recalculated(rows, spoil)
    standing = [line[1] for line in cells[FIRST_ROW - 1 :]]
    assert [words.startswith(TO_CORRECT) for words in standing[:6]] == [True, True, True, True, False, False]
    for letter in value_columns(rules).values():
        assert summary(cells, "coefficient", letter) == UNKNOWN


def test_a_line_of_totals_is_no_school_and_a_text_is_no_number(recalculated, standard_document, rules):
    rows = builders.good_rows()

    def move(sheet) -> None:
        # A line of totals below the schools, and a text where a number belongs.
        sheet.cell(12, 2).value = "合计"
        sheet.cell(12, 9).value = 99999
        sheet.cell(5, 1 + [f.key for f in FIELDS].index("multimedia_rooms")).value = "约40"

    cells = recalculated(rows, move)
    rows[0]["multimedia_rooms"] = "约40"
    assert_same(cells, report_of(rows), standard_document, rules)


def test_a_county_of_nothing_shows_nothing(recalculated, rules):
    cells = recalculated([builders.special_row()])
    assert summary(cells, "mean", value_columns(rules)[Stage.PRIMARY, "L1"]) == ""
    assert all(cell == "" for line in cells[FIRST_ROW:] for cell in line[:20])


def test_only_functions_that_every_office_program_knows_are_used(rules):
    target = BytesIO()
    write_template(target, school_year=2026, trial=rules, row_count=3)
    book = load_workbook(target)
    texts = [getattr(cell.value, "text", cell.value) for row in book[TRIAL_SHEET].iter_rows() for cell in row]
    texts += [
        formula
        for sheet in book
        for rules_of in sheet.conditional_formatting
        for rule in rules_of.rules
        for formula in rule.formula
    ]
    formulas = [text for text in texts if isinstance(text, str)]
    assert len(formulas) > 50
    for text in formulas:
        assert len(text) < 8192
        used = set(re.findall(r"([A-Z][A-Z0-9.]*)\(", re.sub(r'"[^"]*"', "", text)))
        assert used <= SHARED_FUNCTIONS, used - SHARED_FUNCTIONS


def test_no_formula_names_a_single_row_of_the_schools_so_that_deleting_one_breaks_nothing(rules):
    target = BytesIO()
    write_template(target, school_year=2026, trial=rules, row_count=3)
    sheet = load_workbook(target)[TRIAL_SHEET]
    for row in sheet.iter_rows(min_row=FIRST_ROW):
        for cell in row:
            for rows in re.findall(r"学校数据'?!\$[A-Z]+\$(\d+(?::\$[A-Z]+\$\d+)?)", cell.value or ""):
                assert re.fullmatch(r"1:\$[A-Z]+\$2000", rows), cell.value


def test_the_sheet_is_protected_without_a_password_and_read_by_nobody(rules, tmp_path):
    path = tmp_path / "填好.xlsx"
    report = report_of(builders.good_rows())
    write_template(path, school_year=2026, schools=report.schools, trial=rules)
    sheet = load_workbook(path)[TRIAL_SHEET]
    assert sheet.protection.sheet
    assert not sheet.protection.password
    with_sheet = read_report(read_book(path))
    plain = tmp_path / "不带试算.xlsx"
    write_template(plain, school_year=2026, schools=report.schools)
    assert with_sheet == read_report(read_book(plain))
    assert [school.values for school in with_sheet.report.schools] == [school.values for school in report.schools]


def test_a_standard_that_leaves_sponsors_out_gives_no_trial_sheet(standard_document):
    some = replace(standard_document, sponsors=frozenset({SponsorType.COUNTY_EDUCATION}))
    assert trial_rules(some) is None
