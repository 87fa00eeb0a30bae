"""Headers of older exports: read under another name where there is no doubt, and never silently."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from indicators.catalogue import FIELD_BY_KEY, FIELDS
from indicators.problem import Severity
from indicators.workbook.aliases import AliasesRefused, known_aliases, parse_aliases
from indicators.workbook.headers import plain_form
from indicators.workbook.read import ReadReport, read_report
from indicators.workbook.sandbox import read_book
from tests.builders import KEYS, cell_of, good_rows, write_workbook

HEADER = "表头,字段,来源\n"


def read(path: Path) -> ReadReport:
    return read_report(read_book(path), known_aliases())


def one_alias_each() -> dict[str, str]:
    """The first other name of every field that has one."""
    return {alias.key: alias.header for alias in reversed(list(known_aliases().values()))}


def told(report: ReadReport, rule: str) -> list[str]:
    return [problem.cell for problem in report.problems if problem.rule == rule]


def test_a_workbook_in_other_names_gives_the_same_report_with_an_advice_at_each_header(tmp_path):
    names = one_alias_each()
    assert len(names) > 45
    given = read(write_workbook(tmp_path / "template.xlsx"))
    found = read(write_workbook(tmp_path / "export.xlsx", headers=names))
    assert found.report == given.report
    assert found.columns == given.columns
    advice = [problem for problem in found.problems if problem.rule == "header.alias"]
    assert {problem.rule for problem in found.problems} - {p.rule for p in given.problems} == {"header.alias"}
    assert [problem.cell for problem in advice] == [cell_of(key, -1) for key in KEYS if key in names]
    for problem in advice:
        assert problem.severity is Severity.WARNING
        assert problem.fix == problem.header
        assert f"“{problem.found}”" in problem.message
        assert f"按“{problem.header}”读取（来源：" in problem.message
        assert problem.rejects == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_in_other_names_is_read(tmp_path, encoding):
    names = one_alias_each() | {"code": "学校（机构）标识码"}
    path = tmp_path / "教基导出.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["2025年教育事业统计"])
        writer.writerow([names.get(key, FIELD_BY_KEY[key].header) for key in KEYS])
        writer.writerows([["" if row.get(key) is None else row[key] for key in KEYS] for row in good_rows()])
    found = read(path)
    assert len(found.report.schools) == 6
    assert found.report.schools[0].values["primary_enrollment"] == 1260
    assert not [problem for problem in found.problems if problem.severity is Severity.ERROR]


def test_the_templates_own_header_comes_before_another_name(tmp_path):
    rows = [row | {"小学在校学生数": 1} for row in good_rows()]
    found = read(write_workbook(tmp_path / "both.xlsx", rows, keys=[*KEYS, "小学在校学生数"]))
    assert found.report.schools[0].values["primary_enrollment"] == 1260
    assert told(found, "header.unknown") == ["BL2"]
    assert told(found, "header.alias") == []


def test_two_other_names_of_one_column_are_both_left_unread(tmp_path):
    rows = [row | {"小学在校生": 1} for row in good_rows()]
    names = {"primary_enrollment": "小学在校学生数"}
    found = read(write_workbook(tmp_path / "two.xlsx", rows, keys=[*KEYS, "小学在校生"], headers=names))
    assert told(found, "header.twice") == [cell_of("primary_enrollment", -1), "BL2"]
    assert "primary_enrollment" in found.report.schools[0].rejected
    assert "primary_enrollment" not in found.report.schools[0].values


def test_money_without_its_unit_is_never_guessed(tmp_path):
    for header in ("教学仪器设备资产值", "教学仪器设备值", "教学仪器设备资产值(元)"):
        found = read(write_workbook(tmp_path / "money.xlsx", headers={"equipment_value": header}))
        assert "equipment_value" in found.report.schools[0].rejected, header


def test_without_a_table_only_the_templates_headers_are_read(tmp_path):
    path = write_workbook(tmp_path / "export.xlsx", headers={"teaching_area": "教学及辅助用房面积(平方米)"})
    found = read_report(read_book(path))
    assert "teaching_area" in found.report.schools[0].rejected
    assert told(found, "header.alias") == []


def test_a_page_of_words_above_the_table_is_no_header_row(tmp_path):
    def explain(book) -> None:
        sheet = book["学校数据"]
        sheet["A1"], sheet["B1"] = "学校机构标识码", "说明：从教基报表导出"

    found = read(write_workbook(tmp_path / "words.xlsx", headers={"code": "机构标识码"}, edit=explain))
    assert len(found.report.schools) == 6
    assert told(found, "header.alias") == ["A2"]


def test_the_table_names_only_fields_of_the_catalogue_and_keeps_money_in_ten_thousands():
    table = known_aliases()
    assert set(table) == {plain_form(alias.header) for alias in table.values()}
    assert not {plain_form(field.header) for field in FIELDS} & set(table)
    for alias in table.values():
        if FIELD_BY_KEY[alias.key].unit == "万元":
            assert "(万元)" in alias.header, alias


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("表头,字段\n", "列应为"),
        (HEADER + "小学生,pupils,教基3112\n", "第 2 行：没有字段 pupils"),
        (HEADER + "小学在校生数,primary_enrollment,教基3112\n", "就是模板的表头"),
        (HEADER + "小学生,primary_enrollment,甲\n小学 生,junior_enrollment,乙\n", "第 3 行：表头“小学 生”重复"),
        (HEADER + "小学生,primary_enrollment\n", "第 2 行：应有 3 栏"),
        (HEADER + "小学生,primary_enrollment,\n", "第 2 行：应有 3 栏，都要填写"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_its_line(text, words):
    with pytest.raises(AliasesRefused, match=words):
        parse_aliases([("jiaoji.csv", text)])
