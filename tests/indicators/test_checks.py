"""Every rule that can speak about a workbook, each by one spoiled workbook read through the real path."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from openpyxl import Workbook

from evaluation.core.columns import columns_of
from evaluation.core.population import STAGES, population
from evaluation.core.standard import read_standard
from indicators.catalogue import COUNTY_ITEM_BY_CODE, COUNTY_SHEET, FIELD_BY_KEY, FIELDS, SCHOOL_SHEET, STAGE_FIELDS
from indicators.checks.rows import SchoolRows
from indicators.checks.rules import FILE_GROUP, RULES
from indicators.workbook.aliases import known_aliases
from indicators.workbook.read import ReadReport, read_report
from indicators.workbook.sandbox import read_book
from indicators.workbook.school_sheet import MOST_SCHOOLS
from schools.vocabulary import SchoolType, Stage
from tests.builders import (
    KEYS,
    Figures,
    Row,
    book_of,
    cell_of,
    county_rows,
    figure_cell,
    good_figures,
    good_rows,
    school_row,
    special_row,
    write_csv,
    write_workbook,
)
from tests.evaluation.random_counties import random_county

COUNTED = [field.key for field in FIELDS if field.kind.is_number]

# Schools of the good workbook by their position.
TOWN, RURAL, JUNIOR, NINE_YEAR, COMPLETE, POINT = range(6)
NEXT = 6


@dataclass
class Draft:
    """A good workbook on its way to be spoiled."""

    rows: list[Row] = field(default_factory=good_rows)
    figures: Figures = field(default_factory=good_figures)
    options: dict[str, Any] = field(default_factory=dict)
    is_csv: bool = False

    def read(self, folder: Path) -> ReadReport:
        if self.is_csv:
            path = write_csv(folder / "schools.csv", self.rows)
        else:
            path = write_workbook(folder / "county.xlsx", self.rows, self.figures, **self.options)
        return read_report(read_book(path), known_aliases())


@dataclass(frozen=True)
class Case:
    """How a good workbook is spoiled, and where and how the rule must speak. ``cells`` are all its addresses;
    ``also`` are other rules that rightly speak about the same slip."""

    spoil: Callable[[Draft], object]
    words: str
    cells: tuple[str, ...]
    header: str = ""
    found: str = ""
    sheet: str = SCHOOL_SHEET
    rejects: tuple[str, ...] = ()
    also: frozenset[str] = frozenset()


def school(
    position: int,
    key: str,
    words: str,
    *,
    found: str | None = None,
    rejects: tuple[str, ...] | None = None,
    **cells: Any,
) -> Case:
    """Some cells of one school changed; the rule speaks at ``key`` and refuses that cell, unless said otherwise."""
    value = cells.get(key, good_rows()[position].get(key))

    def spoil(draft: Draft) -> None:
        draft.rows[position] |= cells

    text = "" if value is None else str(value)
    return Case(
        spoil, words, (cell_of(key, position),), FIELD_BY_KEY[key].header, text if found is None else found,
        rejects=(key,) if rejects is None else rejects,
    )  # fmt: skip


def replaced(position: int, row: Row, key: str, words: str, also: frozenset[str] = frozenset()) -> Case:
    """One school replaced or added; the rule speaks at ``key`` and refuses nothing."""

    def spoil(draft: Draft) -> None:
        draft.rows[position : position + 1] = [row]

    found = row.get(key)
    return Case(
        spoil,
        words,
        (cell_of(key, position),),
        FIELD_BY_KEY[key].header,
        "" if found is None else str(found),
        also=also,
    )


def figure(
    code: str, words: str, *, rejects: tuple[str, ...] | None = None, found: str | None = None, **figures: Any
) -> Case:
    """Some county figures changed; the rule speaks at ``code``."""
    value = figures.get(code, good_figures()[code])
    return Case(
        lambda draft: draft.figures.update(figures),
        words,
        (figure_cell(code),),
        COUNTY_ITEM_BY_CODE[code].name,
        ("" if value is None else str(value)) if found is None else found,
        COUNTY_SHEET,
        (code,) if rejects is None else rejects,
    )


def options(words: str, cells: tuple[str, ...], header: str = "", found: str = "", **given: Any) -> Case:
    """The workbook written in another way; see ``write_workbook``."""
    return Case(lambda draft: draft.options.update(given), words, cells, header, found)


def without_primary(**cells: Any) -> Row:
    """The 九年一贯制学校 with its junior stage alone."""
    return school_row("3142000004", "清河县滨江九年一贯制学校", SchoolType.NINE_YEAR, junior=420) | cells


def _append_county_row(*cells: Any) -> Callable[[Workbook], object]:
    return lambda book: book[COUNTY_SHEET].append(cells)


TEACHERS = good_rows()[TOWN]["primary_full_time_teachers"]
NO_TEACHERS = {
    f"primary_{subject}_teachers": 0
    for subject in ("full_time", "associate", "bachelor", "master", "backbone", "pe", "music", "fine_art")
} | {"certified_teachers": 0, "trained_teachers": 0}
DEGREES = ("primary_associate_teachers", "primary_bachelor_teachers", "primary_master_teachers")
BASIC = {field.key for field in FIELDS[:8]}
TEACHING, EQUIPMENT = "教学及辅助用房面积(㎡)", "教学仪器设备资产值(万元)"

CASES: dict[str, Case] = {
    "template.old": options("下载当前模板", ("",), "模板版本", "2024.3", template_version="2024.3"),
    "template.unknown": options("无法识别", ("",), "模板版本", "2999.1", template_version="2999.1"),
    "template.none": options("按当前模板读取", ("",), "模板版本", "", template_version=None),
    "sheet.missing": options(
        "不要改工作表的名称", ("",), "", "填报说明、数据、县级数据",
        edit=lambda book: setattr(book[SCHOOL_SHEET], "title", "数据"),
    ),
    "sheet.hidden": options(
        "取消隐藏", ("",), edit=lambda book: setattr(book[SCHOOL_SHEET], "sheet_state", "hidden"),
    ),
    "sheet.no_header": options(
        "找不到表头", ("",), "学校标识码", edit=lambda book: book[SCHOOL_SHEET].delete_rows(2),
    ),
    "sheet.no_school": Case(lambda draft: draft.rows.clear(), "每所学校填写一行", ("A2",)),
    "header.missing": options(
        "补上这一列", ("A2",), TEACHING, keys=[key for key in KEYS if key != "teaching_area"]
    ),
    "header.unit": options(
        "单位", (cell_of("equipment_value", -1),), EQUIPMENT, "教学仪器设备资产值(元)",
        headers={"equipment_value": "教学仪器设备资产值(元)"},
    ),
    "header.twice": options(
        "只保留一列", (cell_of("teaching_area", -1), "BL2"), TEACHING, TEACHING, keys=[*KEYS, "teaching_area"]
    ),
    "header.alias": options(
        "已按“教学及辅助用房面积(㎡)”读取", (cell_of("teaching_area", -1),), TEACHING, "教学及辅助用房面积(平方米)",
        headers={"teaching_area": "教学及辅助用房面积(平方米)"},
    ),
    "header.spelling": options(
        "略有不同", (cell_of("teaching_area", -1),), TEACHING, "教学及辅助用房面积（㎡）",
        headers={"teaching_area": "教学及辅助用房面积（㎡）"},
    ),
    "header.unknown": options("数据不使用", ("BL2",), "备注", "备注", keys=[*KEYS, "备注"]),
    "row.total": Case(
        lambda draft: draft.rows.append({"name": "合  计", "primary_enrollment": 2490}), "合计行", ("B9",), "", "合  计"
    ),
    "code.missing": school(TOWN, "code", "请填写 10 位数字", code=None, rejects=()),
    "code.leading_zero": school(POINT, "code", "开头的 0 会丢失", code=142000006),
    "code.scientific": school(TOWN, "code", "科学计数法", code="3.142E+09"),
    "code.characters": school(TOWN, "code", "请改为 3142000001", code="３１４２０００００１"),
    "code.not_ten_digits": school(TOWN, "code", "不是 10 位数字", code="31420000011"),
    "code.twice": Case(
        lambda draft: draft.rows[RURAL].update(code="3142000001"), "重复", ("A3", "A4"), "学校标识码", "3142000001"
    ),
    "code.number": school(TOWN, "code", "存成了数字", code=3142000001, rejects=()),
    "code.outer_space": school(TOWN, "code", "前后有空格", code=" 3142000001", rejects=()),
    "cell.missing": school(TOWN, "primary_pe_teachers", "没有的填 0", primary_pe_teachers=None, rejects=()),
    "cell.missing_for_relaxation": school(TOWN, "built_year", "特殊规定", built_year=None, rejects=()),
    "cell.error_value": school(TOWN, "teaching_area", "错误值 #REF!", teaching_area="#REF!"),
    "cell.formula_without_value": school(TOWN, "teaching_area", "重新计算并保存", teaching_area="=4000+600", found=""),
    "cell.date": school(
        TOWN, "primary_classes", "日期", primary_classes=datetime.date(2026, 3, 1), found="2026-03-01"
    ),
    "cell.boolean": school(TOWN, "primary_classes", "逻辑值", primary_classes=True, found="TRUE"),
    "cell.placeholder": school(TOWN, "primary_arts_teachers", "没有的填 0", primary_arts_teachers="—"),
    "cell.text_number": school(TOWN, "primary_classes", "请改为数字 30", primary_classes="３０"),
    "cell.text": school(TOWN, "primary_classes", "是文本，不是数字", primary_classes="约三十"),
    "cell.not_text": school(TOWN, "name", "不是学校名称", name=12),
    "cell.too_long": school(TOWN, "name", "最多 100 个字", name="校" * 101, found="校" * 59 + "…"),
    "cell.negative": school(TOWN, "teaching_area", "负数", teaching_area=-5.5),
    "cell.fraction": school(TOWN, "primary_classes", "整数", primary_classes=30.5),
    "cell.too_large": school(TOWN, "primary_in_zone_enrollment", "最大值 50000", primary_in_zone_enrollment=126000),
    "cell.decimals": school(TOWN, "teaching_area", "有 3 位", teaching_area=9000.125, rejects=()),
    "cell.rounded": school(
        TOWN, "equipment_value", "四舍五入", equipment_value=380.12345678, found="380.12345678", rejects=()
    ),
    "cell.year": school(TOWN, "built_year", "四位数字的年份", built_year=208),
    "cell.choice": school(TOWN, "urban_rural", "城区、镇区、乡村", urban_rural="城市"),
    "cell.rooms": school(TOWN, "music_room_areas", "请改为 96;98.5;102", music_room_areas="96、98.5、102"),
    "cell.grade": figure("C27", "监测等级", C27="优"),
    "school.no_figures": replaced(
        TOWN, {key: value for key, value in good_rows()[TOWN].items() if key in BASIC}, "primary_enrollment", "均未填写"
    ),
    "school.name_twice": Case(
        lambda draft: draft.rows[RURAL].update(name=draft.rows[TOWN]["name"]),
        "两所不同的学校", ("B3", "B4"), "学校名称", "清河县实验小学",
    ),
    "school.same_figures": replaced(
        NEXT, good_rows()[TOWN] | {"code": "3142000009", "name": "清河县第九小学"}, "code", "与第 3 行完全相同"
    ),
    "stage.not_reported": replaced(NINE_YEAR, without_primary(), "primary_enrollment", "小学各栏都是空的"),
    "stage.no_pupils": replaced(NINE_YEAR, without_primary(primary_enrollment=0), "primary_enrollment", "为 0"),
    "stage.not_run": replaced(
        TOWN, school_row("3142000001", "实验小学", SchoolType.PRIMARY_SCHOOL, primary=900, junior=90),
        "junior_enrollment", "请核对办学类型",
    ),
    "stage.figures_without_pupils": school(TOWN, "junior_grades", "初中各栏请留空", junior_grades=3, rejects=()),
    "grades.unusual": school(TOWN, "primary_grades", "是否与班级数混淆", primary_grades=30, rejects=()),
    "pupils.in_zone": school(
        TOWN, "primary_in_zone_enrollment", "超过小学在校生数 1260 人", primary_in_zone_enrollment=1261
    ),
    "pupils.migrant": school(NINE_YEAR, "migrant_enrollment", "合计 1050 人", migrant_enrollment=1051),
    "classes.none": school(TOWN, "primary_classes", "实际的班级数", primary_classes=0),
    "classes.largest_above_pupils": school(
        POINT, "primary_largest_class", "超过小学在校生数", primary_largest_class=61, primary_classes_over_45=1
    ),
    "classes.too_small_for_pupils": school(
        TOWN, "primary_largest_class", "最多容纳 860 人", primary_classes=20,
        rejects=("primary_classes", "primary_largest_class"),
    ),
    "classes.over_limit_above_classes": school(
        POINT, "primary_classes_over_45", "超过小学班级数 6 班", primary_classes_over_45=7, primary_largest_class=46
    ),
    "classes.over_limit_without_large_class": school(
        JUNIOR, "junior_classes_over_50", "没有超过 50 人", junior_classes_over_50=2, rejects=("junior_largest_class",)
    ),
    "classes.large_class_not_counted": school(
        TOWN, "primary_classes_over_45", "已超过 45 人", primary_largest_class=46
    ),
    "teachers.degrees": school(
        TOWN, "primary_bachelor_teachers", f"超过小学专任教师数 {TEACHERS} 人",
        primary_bachelor_teachers=80, rejects=DEGREES,
    ),
    "teachers.backbone": school(JUNIOR, "junior_backbone_teachers", "超过初中专任教师数", junior_backbone_teachers=200),
    "teachers.sports_and_arts": school(
        TOWN, "primary_pe_teachers", "合计", primary_pe_teachers=TEACHERS,
        rejects=("primary_pe_teachers", "primary_music_teachers", "primary_fine_art_teachers"),
    ),
    "teachers.none": school(TOWN, "primary_full_time_teachers", "由谁任教", rejects=(), **NO_TEACHERS),
    "teachers.certified": school(
        TOWN, "certified_teachers", f"合计 {TEACHERS} 人", certified_teachers=TEACHERS + 1
    ),
    "teachers.trained": school(TOWN, "trained_teachers", f"合计 {TEACHERS} 人", trained_teachers=TEACHERS + 1),
    "teachers.certified_with_senior": school(
        COMPLETE, "certified_teachers", "含高中教师", certified_teachers=200, rejects=()
    ),
    "teachers.trained_with_senior": school(
        COMPLETE, "trained_teachers", "含高中教师", trained_teachers=200, rejects=()
    ),
    "areas.indoor_sports": school(TOWN, "indoor_sports_area", "超过教学及辅助用房面积", indoor_sports_area=99999.5),
    "money.looks_like_yuan": school(TOWN, "equipment_value", "请除以 10000", equipment_value=3836700, rejects=()),
    "funds.training": school(TOWN, "training_budget", "超过公用经费预算总额", training_budget=900.25),
    "retention.deceased": school(JUNIOR, "deceased", "超过三年前入学学生数", deceased=900),
    "retention.above_all": school(JUNIOR, "graduates", "超过 100%", graduates=400, rejects=()),
    "retention.impossible": school(JUNIOR, "graduates", "不可能属实", graduates=600),
    "county.sheet_missing": Case(
        lambda draft: draft.options.update(edit=lambda book: book.remove(book[COUNTY_SHEET])),
        "从模板复制", ("",), sheet=COUNTY_SHEET,
    ),
    "county.not_in_csv": Case(lambda draft: setattr(draft, "is_csv", True), "只含学校数据", ("",), sheet=COUNTY_SHEET),
    "county.code_unknown": Case(
        lambda draft: draft.options.update(edit=_append_county_row("C99", "其他", 5)),
        "不在模板中", ("A41",), "", "C99", COUNTY_SHEET,
    ),
    "county.code_twice": Case(
        lambda draft: draft.options.update(edit=_append_county_row("C05", "年人均国内生产总值", 5)),
        "只保留一行", ("A6", "A41"), "年人均国内生产总值", "C05", COUNTY_SHEET, ("C05",),
    ),
    "county.row_missing": Case(
        lambda draft: draft.options.update(edit=lambda book: book[COUNTY_SHEET].delete_rows(6)),
        "缺少代码 C05", ("A1",), "年人均国内生产总值", "", COUNTY_SHEET,
    ),
    "county.monitoring_pending": figure(
        "C27", "待国家提供", rejects=(), **{f"C{number}": None for number in range(27, 39)}
    ),
    "county.agricultural": figure("C02", "超过 C01 人口总数 48.62 万人", C02=50.5),
    "county.rotation": figure("C16", "超过 C15", C16=821),
    "county.rotation_backbone": figure("C17", "超过 C16", C17=97),
    "county.quota": figure("C19", "超过 C18", C19=1001),
    "county.quota_rural": figure("C20", "超过 C19", C20=621),
    "county.migrant": figure("C22", "合计 420 人", C22=400, rejects=("C22", "C23")),
    "county.disabled_enrolled": figure("C25", "超过 C24", C25=131),
    "county.disabled_special": figure("C26", "超过 C25", C26=128),
    "sheet.too_many_schools": Case(
        lambda draft: setattr(draft, "rows", [{"code": f"{n:010d}"} for n in range(MOST_SCHOOLS + 1)]),
        "放错了数据", ("",),
    ),
    "problems.too_many": Case(
        lambda draft: setattr(draft, "rows", [row | dict.fromkeys(COUNTED, "甲") for row in county_rows(1, count=600)]),
        "没有逐一列出", ("",), sheet="", also=frozenset({"cell.text", "cell.year"}),
    ),
    "stage.hidden": school(TOWN, "primary_enrollment", "却填了小学年级数", primary_enrollment=0),
    "type.vocational": school(TOWN, "school_type", "职业学校不填报", school_type="职业学校"),
    "type.special_large": school(
        TOWN, "school_type", "学生有 1260 人", school_type="特殊教育学校", rejects=()
    ),
    "funds.none": school(TOWN, "funds_budget", "无法核算", funds_budget=0, training_budget=0, rejects=()),
    "stage.none_in_county": Case(
        lambda draft: setattr(draft, "rows", [draft.rows[TOWN]]),
        "全县没有一所学校填了初中在校生数", (cell_of("junior_enrollment", TOWN),), "初中在校生数",
    ),
    "county.unit": Case(
        lambda draft: draft.options.update(edit=lambda book: setattr(book[COUNTY_SHEET]["D12"], "value", "元")),
        "应为“万元”", (figure_cell("C11"),), "特殊教育学校公用经费", str(good_figures()["C11"]), COUNTY_SHEET, ("C11",),
    ),
    "county.no_denominator": figure("C21", "无法核算", C21=0, C22=0, C23=0, rejects=()),
    "county.no_rate": figure("C09", "不能为 0", C09=0),
    "county.difference": figure("C33", "填 0.12", C33=1.5),
}  # fmt: skip

# These are said at the header row or refuse a whole column or figure, not one cell of one school.
WIDE_REJECTS = {
    "header.missing": ("teaching_area",),
    "header.unit": ("equipment_value",),
    "header.twice": ("teaching_area",),
}


# The rules of the reader; those that look beyond the workbook are in test_context_checks.py, those that refuse the
# file as a whole in test_hostile_files.py.
READER_RULES = [code for code, rule in RULES.items() if not rule.needs_context and rule.group != FILE_GROUP]


def test_every_rule_has_a_case_and_every_case_a_rule() -> None:
    assert sorted(CASES) == sorted(READER_RULES)


def test_rules_have_titles_of_their_own() -> None:
    titles = [rule.title for rule in RULES.values()]
    assert len(set(titles)) == len(titles)
    assert all(code == rule.code for code, rule in RULES.items())


@cache
def spoiled(rule: str) -> tuple[Draft, ReadReport]:
    """The spoiled workbook of a rule and what reading it gave, read once for all tests."""
    draft = Draft()
    CASES[rule].spoil(draft)
    with TemporaryDirectory() as folder:
        return draft, draft.read(Path(folder))


@pytest.mark.parametrize("rule", READER_RULES)
def test_a_spoiled_workbook_is_told_at_its_cell(rule: str) -> None:
    case = CASES[rule]
    problems = spoiled(rule)[1].problems
    assert {p.rule for p in problems} == {rule} | case.also, [p.message for p in problems]
    told = [p for p in problems if p.rule == rule]
    assert tuple(p.cell for p in told) == case.cells
    for problem in told:
        assert problem.severity is RULES[rule].severity
        assert problem.header == case.header
        assert problem.found == case.found
        assert problem.rejects == WIDE_REJECTS.get(rule, case.rejects)
        assert case.words in problem.message
        if not rule.startswith("template."):
            assert problem.sheet == case.sheet


@pytest.mark.parametrize("rule", READER_RULES)
def test_a_problem_of_a_school_names_it(rule: str) -> None:
    draft, report = spoiled(rule)
    for problem in report.problems:
        if problem.row > 2 and problem.sheet == SCHOOL_SHEET and problem.rule != "row.total":
            row = draft.rows[problem.row - 3]
            named = next(s for s in report.report.schools if s.row == problem.row)
            assert problem.school == (named.values.get("code") or row["name"])
        else:
            assert problem.school == ""


def read_rows(rows: list[Row], figures: Figures | None = None) -> ReadReport:
    return read_report(book_of(rows, figures))


@pytest.mark.parametrize("rule", [code for code in READER_RULES if RULES[code].is_error])
def test_what_an_error_refuses_is_missing_from_the_report(rule: str) -> None:
    report = spoiled(rule)[1]
    for problem in report.problems:
        for name in problem.rejects:
            if name in COUNTY_ITEM_BY_CODE:
                assert name not in report.report.figures
            for school_report in report.report.schools:
                if name in FIELD_BY_KEY and school_report.row == (problem.row if problem.school else school_report.row):
                    assert name in school_report.rejected
                    assert school_report.values.get(name) is None


@pytest.mark.parametrize(
    "rule", ["code.missing", "code.leading_zero", "code.characters", "code.twice", "cell.error_value"]
)
def test_a_school_without_a_certain_code_leaves_the_population_in_doubt(rule: str) -> None:
    assert spoiled(rule)[1].report.is_population_certain is (rule == "cell.error_value")


def test_a_repeated_code_names_the_other_cells() -> None:
    rows = good_rows()
    for position in (RURAL, JUNIOR):
        rows[position]["code"] = rows[TOWN]["code"]
    told = [p.message for p in read_rows(rows).problems]
    assert [("A4、A5" in m, "A3、A5" in m, "A3、A4" in m) for m in told] == [
        (True, False, False), (False, True, False), (False, False, True),
    ]  # fmt: skip


def test_a_class_over_the_limit_still_counts_against_a_school_whose_figures_contradict_each_other() -> None:
    rows = good_rows()
    rows[TOWN] |= {"primary_largest_class": 60}
    told = read_rows(rows)
    assert [p.rule for p in told.problems] == ["classes.large_class_not_counted"]
    assert told.report.schools[TOWN].values["primary_largest_class"] == 60

    rows[TOWN] |= {"primary_classes": 10, "primary_classes_over_45": 3}
    told = read_rows(rows)
    assert [p.rule for p in told.problems] == ["classes.too_small_for_pupils"]
    assert told.report.schools[TOWN].rejected == {"primary_classes"}


def test_a_stage_of_an_ordinary_school_left_empty_is_missing_and_not_absent() -> None:
    rows = good_rows()
    for item in STAGE_FIELDS[Stage.PRIMARY]:
        rows[TOWN].pop(item.key, None)
    told = read_rows(rows).problems
    required = [f.key for f in STAGE_FIELDS[Stage.PRIMARY] if f.key != "primary_shared_arts_teachers"]
    assert [p.cell for p in told if p.rule == "cell.missing"] == [cell_of(key, TOWN) for key in required]


def test_a_stage_of_a_continuous_school_with_one_cell_filled_is_missing_the_rest() -> None:
    rows = good_rows()
    rows[NINE_YEAR] = without_primary(primary_classes=6)
    told = read_rows(rows).problems
    assert cell_of("primary_enrollment", NINE_YEAR) in {p.cell for p in told if p.rule == "cell.missing"}
    assert "stage.not_reported" not in {p.rule for p in told}
    assert all("小学各栏都应留空" in p.message for p in told if p.rule == "cell.missing")


@pytest.mark.parametrize(
    "row",
    [
        special_row(),
        school_row("3142000009", "清河县职业学校", SchoolType.VOCATIONAL),
        school_row("3142000009", "山前教学点", SchoolType.TEACHING_POINT)
        | {"primary_enrollment": 49, "funds_allocated": 8},
    ],
    ids=["special", "vocational", "small teaching point"],
)  # fmt: skip
def test_schools_that_stay_out_need_no_figures(row: Row) -> None:
    assert read_rows([*good_rows(), row]).problems == ()


def test_a_small_teaching_point_still_needs_what_its_funding_is_judged_by() -> None:
    row = school_row("3142000009", "山前教学点", SchoolType.TEACHING_POINT) | {"primary_enrollment": 49}
    told = read_rows([*good_rows(), row]).problems
    assert [(p.rule, p.cell) for p in told] == [("cell.missing", cell_of("funds_allocated", NEXT))]


def test_a_teaching_point_without_pupils_given_is_asked_for_them() -> None:
    row = school_row("3142000009", "山前教学点", SchoolType.TEACHING_POINT)
    told = read_rows([*good_rows(), row]).problems
    assert [(p.rule, p.cell) for p in told] == [("school.no_figures", cell_of("primary_enrollment", NEXT))]


def test_senior_pupils_are_asked_of_schools_with_a_senior_stage_only() -> None:
    rows = good_rows()
    rows[COMPLETE]["senior_enrollment"] = None
    told = read_rows(rows).problems
    assert [(p.rule, p.cell) for p in told] == [("cell.missing", cell_of("senior_enrollment", COMPLETE))]
    rows = good_rows()
    rows[TOWN]["senior_enrollment"] = 200
    told = read_rows(rows).problems
    assert [(p.rule, p.cell) for p in told] == [("stage.not_run", cell_of("senior_enrollment", TOWN))]


def test_empty_special_rooms_are_none_and_no_fault() -> None:
    rows = good_rows()
    rows[TOWN] |= {"music_room_areas": None, "art_room_areas": " "}
    told = read_rows(rows)
    assert told.problems == ()
    assert told.report.schools[TOWN].values["music_room_areas"] == ()
    assert told.report.schools[TOWN].values["art_room_areas"] == ()


def test_some_monitoring_results_ask_for_the_others() -> None:
    figures = good_figures() | {"C28": None, "C34": None}
    told = read_rows(good_rows(), figures).problems
    assert [(p.rule, p.cell) for p in told] == [
        ("cell.missing", figure_cell("C28")),
        ("cell.missing", figure_cell("C34")),
    ]
    assert all("C27 至 C38 全部留空" in p.message for p in told)


def test_a_refused_figure_is_told_once_and_not_as_missing_too() -> None:
    told = read_rows(good_rows(), good_figures() | {"C16": "—", "C13": "98,600元"}).problems
    assert [(p.rule, p.cell) for p in told] == [
        ("cell.text_number", figure_cell("C13")),
        ("cell.placeholder", figure_cell("C16")),
    ]


def test_stages_are_those_of_the_population() -> None:
    """The checks and the calculation must never disagree about which stages a school has."""
    standard = read_standard(Path(__file__).parents[2] / "fixtures/standards/2017-quality.toml")
    for seed in range(150):
        columns, _, schools = columns_of([random_county(seed)])
        people = population(columns, standard)
        rows = SchoolRows(
            {f.key: [s.values.get(f.key) for s in schools] for f in FIELDS},
            [s.rejected for s in schools],
            {},
            [s.row for s in schools],
        )
        for position, stage in enumerate(STAGES):
            assert np.array_equal(people.present[position], rows.present[stage]), seed
