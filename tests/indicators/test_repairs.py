"""Safe repairs: proposed where nothing is guessed, and put into a copy of the file that is otherwise the same."""

from __future__ import annotations

import zipfile
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from indicators.catalogue import COUNTY_SHEET, SCHOOL_SHEET
from indicators.problem import Problem
from indicators.workbook.parts import CannotEdit
from indicators.workbook.read import read_report
from indicators.workbook.repairs import RepairKind, all_repairs, kind_of, new_value, repairs_of
from indicators.workbook.revise import revise
from indicators.workbook.sandbox import read_book
from tests import builders
from tests.indicators.test_annotate import by_hand, by_openpyxl, by_prefixes, by_xlsxwriter


def problems_of(key: str, value: Any, position: int = 0) -> list[Problem]:
    """What is said about one spoilt cell of a good workbook."""
    rows = builders.good_rows()
    rows[position][key] = value
    cell = builders.cell_of(key, position)
    return [p for p in read_report(builders.book_of(rows)).problems if p.cell == cell]


@pytest.mark.parametrize(
    ("key", "typed", "fix", "kind"),
    [
        ("primary_enrollment", "１２６０", "1260", RepairKind.FULL_WIDTH),
        ("primary_enrollment", "1,260", "1260", RepairKind.SEPARATORS),
        ("primary_enrollment", "1，260", "1260", RepairKind.SEPARATORS),
        ("primary_enrollment", " 1260 ", "1260", RepairKind.SPACES),
        ("primary_enrollment", "1 260", "1260", RepairKind.SPACES),
        ("primary_enrollment", "1260", "1260", RepairKind.TEXT_NUMBER),
        ("primary_enrollment", "'1260", "1260", RepairKind.SPACES),
        ("primary_enrollment", "1260人", "1260", RepairKind.UNIT),
        ("built_year", "2008年", "2008", RepairKind.UNIT),
        ("equipment_value", "412.5万元", "412.5", RepairKind.UNIT),
        ("teaching_area", "８，２００．５", "8200.5", RepairKind.SEPARATORS),
        ("urban_rural", "城 区", "城区", RepairKind.SPACES),
        ("code", "３１４２０００００１", "3142000001", RepairKind.FULL_WIDTH),
        ("code", "3142 000001", "3142000001", RepairKind.SPACES),
        ("code", " 3142000001", "3142000001", RepairKind.SPACES),
        ("code", 3142000001, "3142000001", RepairKind.CODE_AS_NUMBER),
        ("code", "3.142000001E+09", "3142000001", RepairKind.SCIENTIFIC),
        ("music_room_areas", "96、98.5", "96;98.5", RepairKind.ROOMS),
        ("music_room_areas", "96㎡;98.5㎡", "96;98.5", RepairKind.ROOMS),
    ],
)
def test_a_slip_of_writing_gets_its_repair(key, typed, fix, kind):
    [problem] = [p for p in problems_of(key, typed) if p.fix]
    assert (problem.fix, kind_of(problem)) == (fix, kind)
    [repair] = repairs_of(problem, {})
    assert (repair.cell, repair.after, repair.kind) == (problem.cell, fix, kind)
    assert fix in repair.words


@pytest.mark.parametrize(
    ("key", "typed"),
    [
        ("primary_enrollment", "约1260"),
        ("primary_enrollment", "12 60"),
        ("primary_enrollment", "12万"),
        ("primary_enrollment", "1260班"),
        ("primary_enrollment", "12.5"),
        ("primary_enrollment", "-"),
        ("primary_enrollment", -3),
        ("primary_enrollment", "99999999"),
        ("equipment_value", "4125000元"),
        ("code", "3.14E+09"),
        ("code", "31420001"),
        ("code", "314200000"),
        ("built_year", "08年"),
        ("music_room_areas", "1,200"),
        ("music_room_areas", "96+98"),
        ("music_room_areas", "8*12"),
        ("urban_rural", "县城"),
    ],
)
def test_where_something_must_be_guessed_nothing_is_proposed(key, typed):
    problems = problems_of(key, typed)
    assert problems
    assert [p.fix for p in problems if p.fix] == []


def test_a_lost_zero_is_put_back_only_beside_codes_that_begin_alike():
    rows = builders.good_rows()
    rows[0]["code"] = "0142000001"
    rows[1]["code"] = "142000002"
    cell = builders.cell_of("code", 1)
    [problem] = [p for p in read_report(builders.book_of(rows)).problems if p.cell == cell]
    assert (problem.fix, kind_of(problem)) == ("0142000002", RepairKind.LEADING_ZERO)
    rows[1]["code"] = 142000001  # the code of the first school
    [problem] = [p for p in read_report(builders.book_of(rows)).problems if p.cell == cell]
    assert problem.fix == ""


def test_money_in_yuan_is_divided_where_the_result_is_credible():
    [problem] = [p for p in problems_of("funds_budget", 1234567.8) if p.rule == "money.looks_like_yuan"]
    assert (problem.fix, kind_of(problem)) == ("123.45678", RepairKind.YUAN)
    [problem] = [p for p in problems_of("funds_budget", 9_999_999, 5) if p.rule == "money.looks_like_yuan"]
    assert problem.fix == "999.9999"
    assert not any(p.fix for p in problems_of("funds_budget", 30_000.123))


def test_two_columns_changed_over_are_put_back_together():
    rows = builders.good_rows()
    row = rows[0]
    teachers, backbone = row["primary_full_time_teachers"], row["primary_backbone_teachers"]
    row["primary_full_time_teachers"], row["primary_backbone_teachers"] = backbone, teachers
    read = read_report(builders.book_of(rows))
    [problem] = [p for p in read.problems if p.rule == "teachers.backbone"]
    first, second = repairs_of(problem, read.columns)
    assert (first.cell, first.after) == (builders.cell_of("primary_backbone_teachers", 0), str(backbone))
    assert (second.cell, second.after) == (builders.cell_of("primary_full_time_teachers", 0), str(teachers))
    assert first.kind is second.kind is RepairKind.SWAPPED
    row["primary_bachelor_teachers"] -= 1
    [problem] = [p for p in read_report(builders.book_of(rows)).problems if p.rule == "teachers.backbone"]
    assert problem.fix == "", "without the proof of the degrees nobody knows that they were changed over"


@pytest.mark.parametrize(
    ("part", "total", "rule"),
    [
        ("indoor_sports_area", "teaching_area", "areas.indoor_sports"),
        ("training_budget", "funds_budget", "funds.training"),
    ],
)
def test_two_whole_columns_changed_over_are_put_back_only_where_every_school_says_so(part, total, rule):
    rows = builders.good_rows()
    for row in rows:
        row[part], row[total] = row[total], row[part]

    def found() -> tuple[Any, list[Any]]:
        read = read_report(builders.book_of(rows))
        return read, [problem for problem in read.problems if problem.rule == rule]

    read, problems = found()
    assert len(problems) == len(rows)
    repairs = all_repairs(problems, read.columns)
    for position, row in enumerate(builders.good_rows()):
        for key in (part, total):
            repair = repairs[SCHOOL_SHEET, builders.cell_of(key, position)]
            assert (Decimal(repair.after), repair.kind) == (Decimal(str(row[key])), RepairKind.SWAPPED)
    assert "两栏很可能填反了" in problems[0].message
    rows[-1][part], rows[-1][total] = rows[-1][total], rows[-1][part]
    assert [problem.fix for problem in found()[1]] == [""] * (len(rows) - 1), "one school says otherwise"


def test_percent_of_a_difference_becomes_a_decimal():
    figures = builders.good_figures() | {"C33": "12%"}
    [problem] = [p for p in read_report(builders.book_of(None, figures)).problems if p.rule == "cell.text_number"]
    assert (problem.fix, kind_of(problem)) == ("0.12", RepairKind.PERCENT)


def test_a_cell_with_two_different_proposals_gets_none():
    [problem] = [p for p in problems_of("primary_enrollment", "1,260") if p.fix]
    other = Problem(
        problem.severity, "money.looks_like_yuan", "", problem.sheet, problem.cell, found=problem.found, fix="3"
    )
    assert all_repairs([problem, other], {}) == {}
    assert [r.after for r in all_repairs([problem, problem], {}).values()] == ["1260"]


def test_numbers_go_in_as_numbers_and_texts_as_texts():
    assert new_value(SCHOOL_SHEET, "小学在校生数", "1260") == Decimal(1260)
    assert new_value(SCHOOL_SHEET, "学校标识码", "0142000001") == "0142000001"
    assert new_value(SCHOOL_SHEET, "音乐专用教室面积(㎡)", "96") == "96"
    assert new_value(COUNTY_SHEET, "人口总数", "48.62") == Decimal("48.62")
    assert new_value(SCHOOL_SHEET, "小学在校生数", "=1+1") == "=1+1"
    assert new_value(SCHOOL_SHEET, "小学在校生数", "") is None


# ── Put into the file ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("maker", [by_openpyxl, by_xlsxwriter, by_prefixes, by_hand])
def test_only_the_changed_cells_differ(maker, tmp_path):
    content = maker(tmp_path / "a.xlsx")
    values = {(SCHOOL_SHEET, "C4"): Decimal("12.50"), (SCHOOL_SHEET, "BQ5"): "=危险", (COUNTY_SHEET, "A3"): None}
    before, after = (load_workbook(BytesIO(c)) for c in (content, revise(content, values, {})))
    assert after[SCHOOL_SHEET]["C4"].value == 12.5
    assert (after[SCHOOL_SHEET]["BQ5"].value, after[SCHOOL_SHEET]["BQ5"].data_type) == ("=危险", "s")
    assert after[COUNTY_SHEET]["A3"].value is None
    for name in before.sheetnames:
        for row in before[name].iter_rows():
            for cell in row:
                now = after[name][cell.coordinate]
                assert cell.number_format == now.number_format
                assert repr(cell.fill) == repr(now.fill)
                if (name, cell.coordinate) not in values and not hasattr(cell.value, "ref"):
                    assert cell.value == now.value, cell.coordinate


def with_formula(path: Path, address: str, formula: str) -> bytes:
    def edit(book: Workbook) -> None:
        book[SCHOOL_SHEET][address] = formula

    return builders.write_workbook(path, edit=edit).read_bytes()


def test_a_figure_that_is_a_formula_stops_the_change_with_words(tmp_path):
    content = with_formula(tmp_path / "a.xlsx", "K5", "=I5+J5")
    with pytest.raises(CannotEdit, match=r"「学校数据」K5 是公式.*重新计算"):
        revise(content, {(SCHOOL_SHEET, "I5"): Decimal(3)}, {SCHOOL_SHEET: {"K5", "I5"}})
    revised = revise(content, {(SCHOOL_SHEET, "K5"): Decimal(3)}, {SCHOOL_SHEET: {"K5", "I5"}})
    assert load_workbook(BytesIO(revised))[SCHOOL_SHEET]["K5"].value == 3


@pytest.mark.parametrize(
    ("formula", "rests"),
    [
        ("=I5+J5", True), ("=SUM($I$3:I9)", True), ("=ROUND(I5*1.5,2)", True), ("=L6", True), ("=Sheet2!A1", True),
        ('=INDIRECT("I"&5)', True), ("=在校生", True), ("=SUM(I:I)", True), ("=I6+J6", False), ("=SUM(I6:I9)/2", False),
        ('=IF(J5>0,"I5",3)', False), ("=1200+60", False), ("=ROUND(J5,0)+LOG10(J5)", False),
    ],
)  # fmt: skip
def test_only_figures_that_may_rest_on_the_changed_cell_stop_it(tmp_path, formula, rests):
    def edit(book: Workbook) -> None:
        book[SCHOOL_SHEET]["K5"] = formula
        book[SCHOOL_SHEET]["L6"] = "=I5*2"

    content = builders.write_workbook(tmp_path / "a.xlsx", edit=edit).read_bytes()
    change = {(SCHOOL_SHEET, "I5"): Decimal(3)}
    if rests:
        with pytest.raises(CannotEdit, match="K5 是公式"):
            revise(content, change, {SCHOOL_SHEET: {"K5", "I5"}})
    else:
        assert revise(content, change, {SCHOOL_SHEET: {"K5", "I5"}})


def test_a_shared_formula_is_not_torn(tmp_path):
    with pytest.raises(CannotEdit, match="共用"):
        revise(by_hand(tmp_path / "a.xlsx"), {(SCHOOL_SHEET, "K3"): Decimal(1)}, {})


def test_formulas_elsewhere_are_worked_out_anew_when_the_file_is_opened(tmp_path):
    content = with_formula(tmp_path / "a.xlsx", "BZ4", "=I4*2")
    revised = revise(content, {(SCHOOL_SHEET, "I4"): Decimal(3)}, {SCHOOL_SHEET: {"I4"}})
    assert b'fullCalcOnLoad="1"' in zipfile.ZipFile(BytesIO(revised)).read("xl/workbook.xml")
    assert load_workbook(BytesIO(revised))[SCHOOL_SHEET]["BZ4"].value == "=I4*2"


def test_the_list_of_formulas_goes_when_one_of_them_goes(tmp_path):
    content = with_formula(tmp_path / "a.xlsx", "K5", "=I5+J5")
    out = BytesIO()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.calcChain+xml"
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "[Content_Types].xml":
                data = data.replace(
                    b"</Types>", f'<Override PartName="/xl/calcChain.xml" ContentType="{kind}"/></Types>'.encode()
                )
            if name == "xl/_rels/workbook.xml.rels":
                data = data.replace(
                    b"</Relationships>",
                    b'<Relationship Id="rIdC" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships'
                    b'/calcChain" Target="calcChain.xml"/></Relationships>',
                )
            new.writestr(name, data)
        new.writestr("xl/calcChain.xml", '<calcChain><c r="K5" i="2"/></calcChain>')
    revised = zipfile.ZipFile(BytesIO(revise(out.getvalue(), {(SCHOOL_SHEET, "K5"): Decimal(3)}, {})))
    assert "xl/calcChain.xml" not in revised.namelist()
    assert b"calcChain" not in revised.read("[Content_Types].xml") + revised.read("xl/_rels/workbook.xml.rels")


def test_accepting_every_repair_leaves_nothing_to_repair(tmp_path):
    rows = builders.good_rows()
    rows[0] |= {"primary_enrollment": "1,260", "code": " 3142000001", "equipment_value": "520.5万元"}
    rows[1] |= {"primary_classes": "１４", "urban_rural": "镇 区", "funds_budget": 5292000}
    rows[2] |= {"junior_enrollment": "1150人", "music_room_areas": "96、98.5、102"}
    path = builders.write_workbook(tmp_path / "a.xlsx", rows, headers={"teaching_area": "教学及辅助用房面积（㎡）"})
    read = read_report(read_book(path))
    repairs = all_repairs(read.problems, read.columns)
    assert {r.kind for r in repairs.values()} >= {RepairKind.SEPARATORS, RepairKind.YUAN, RepairKind.HEADER}
    values = {place: new_value(r.sheet, r.header, r.after) for place, r in repairs.items()}
    fixed = tmp_path / "b.xlsx"
    fixed.write_bytes(revise(path.read_bytes(), values, {}))
    again = read_report(read_book(fixed))
    assert [p for p in again.problems if p.fix] == []
    spoilt = {(p.sheet, p.cell) for p in read.problems if p.fix}
    assert [p for p in again.problems if (p.sheet, p.cell) in spoilt] == []
