"""The official tables: every figure is the verdict's own, the workbook and the page say the same, and nothing runs."""

from __future__ import annotations

import datetime
import html
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from evaluation.actions import run_waiting_jobs, upload_workbook
from evaluation.core.decided import NOTHING_DECIDED, Decided, Grant, Judged
from evaluation.core.rounding import exact
from evaluation.core.standard import Standard as StandardDocument
from evaluation.core.verdict import judge_report
from indicators.models import Submission
from indicators.report import CountyReport, SchoolReport
from indicators.workbook.read import read_report
from reports.official_tables import official_workbook
from reports.presenters.tables import Heading, OfficialTables, Table, official_tables, why_no_tables
from reports.presenters.tables.layout import Cell, placed
from schools.vocabulary import SchoolType
from tests import builders
from tests.conftest import ROOT
from tests.evaluation.random_counties import AS_OF, random_county
from tests.evaluation.test_worked_examples import county_of

NAMES = ("表Ⅰ", "表Ⅱ-1", "表Ⅱ-2", "表Ⅲ", "表Ⅳ", "表Ⅴ", "表Ⅵ")
CODES = ("L1", "L2", "L3", "L4", "L5", "L6", "L7")
HEADING = Heading("示例省锦棠市望棠区", "2026—2027学年", 3, "优质均衡标准", datetime.date(2026, 11, 1), "ab" * 32)
#: Rows of a sheet above its header: title and two lines of heading.
ABOVE = 3
FIRST_VALUE, FIRST_COLUMN = 6, 2

Make = Callable[..., "Filled"]


class Filled:
    """The tables of one county, with the result and the report they come from."""

    def __init__(
        self,
        report: CountyReport,
        standard: StandardDocument,
        decided: Decided = NOTHING_DECIDED,
        **changes: Any,
    ) -> None:
        self.report, self.standard = report, standard
        self.result = judge_report(report, standard, AS_OF, decided) | changes
        self.official: OfficialTables = official_tables(self.result, standard, report, HEADING)
        self.by_name = {table.name: table for table in self.official.tables}

    def book(self) -> Workbook:
        return load_workbook(BytesIO(official_workbook(self.official)))

    def rows(self, stage: str) -> list[dict[str, Any]]:
        return [row for row in self.result["schools"] if row["stage"] == stage]

    def body(self, name: str) -> list[list[str]]:
        """The texts of a table's body, row by row, without what spans over from above."""
        return [[cell.text for cell in row] for row in self.by_name[name].body]


@pytest.fixture
def made(standard_document) -> Make:
    def make(rows: list[builders.Row] | None = None, figures: builders.Figures | None = None, **changes: Any) -> Filled:
        keys = tuple(builders.KEYS) + tuple(k for k in ("primary_staff", "junior_staff") if rows and k in rows[0])
        report = read_report(builders.book_of(rows, figures)).report if keys == builders.KEYS else _read(rows, keys)
        return Filled(report, standard_document, **changes)

    return make


def _read(rows: list[builders.Row] | None, keys: tuple[str, ...]) -> CountyReport:
    """Rows with columns beyond the form, as they are read."""
    report = read_report(builders.book_of(rows)).report
    extra = keys[len(builders.KEYS) :]
    schools = [
        replace(school, values={**school.values, **{key: row.get(key) for key in extra}})
        for school, row in zip(report.schools, rows or [], strict=True)
    ]
    return replace(report, schools=tuple(schools))


def half_up(value: float, text: str) -> str:
    """A full-precision value with as many places as ``text`` has, halves up, computed apart from the portal."""
    number = exact(value)
    places = len(text.partition(".")[2])
    with localcontext() as context:
        context.prec = 60
        decimal = Decimal(number.numerator) / Decimal(number.denominator)
        return str(decimal.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def shown(sheet: Worksheet, row: int, column: int) -> str:
    """A cell as a spreadsheet shows it."""
    cell = sheet.cell(row, column)
    if isinstance(cell.value, int | float):
        places = len(cell.number_format.partition(".")[2])
        assert re.fullmatch(r"0(\.0+)?", cell.number_format), cell.number_format
        return f"{cell.value:.{places}f}"
    return cell.value or ""


def below_head(sheet: Worksheet, table: Table) -> int:
    """The sheet's row of the first body row."""
    assert sheet["A1"].value == table.title
    return ABOVE + len(table.head) + 1


def is_shaded(sheet: Worksheet, row: int, column: int) -> bool:
    return sheet.cell(row, column).fill.fill_type == "solid"


def value_cells(table: Table) -> Iterator[tuple[int, int, Cell]]:
    return placed(table.body)


def damaged_rows() -> list[builders.Row]:
    """A county in which every kind of value occurs: met, at 85 %, under it, missing."""
    rows = [*builders.county_rows(3, 40), builders.special_row()]
    judged = [row for row in rows if row.get("primary_enrollment", 0) >= 200 and "junior_enrollment" not in row]
    judged[0]["primary_backbone_teachers"] = 0
    judged[1]["multimedia_rooms"] = None
    # 100 pupils of whom a floor can be told exactly: 90 % of the limit.
    judged[2]["equipment_value"] = round(judged[2]["primary_enrollment"] * 0.18, 4)
    return rows


# ── Figures ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rows", [None, damaged_rows()], ids=["good", "damaged"])
def test_every_value_of_a_school_is_the_half_up_of_the_verdicts_own(made, rows):
    county = made(rows)
    lines = [line for line in county.body("表Ⅱ-2") if len(line) == FIRST_VALUE + 9 and line[0].isdecimal()]
    assert len(lines) == len(county.result["schools"])
    judged = [*county.rows("PRIMARY"), *county.rows("JUNIOR")]
    for line, row in zip(lines, judged, strict=True):
        assert line[1] == row["name"]
        assert line[3] == str(row["enrollment"])
        for code, text in zip(CODES, line[FIRST_VALUE : FIRST_VALUE + 7], strict=True):
            value = row["values"][code]
            assert text == ("无法核算" if value is None else half_up(value, text))
            assert value is None or len(text.partition(".")[2]) >= 2
        assert line[13] == {True: "达标", False: "不达标", None: "无法核算"}[row["passed"]]


def test_primary_rows_stand_before_junior_rows_and_each_is_numbered_from_one(made):
    county = made()
    numbers = [line[0] for line in county.body("表Ⅱ-2") if len(line) > 10 and line[0].isdecimal()]
    assert numbers == ["1", "2", "3", "4", "1", "2", "3"]
    titles = [line[0] for line in county.body("表Ⅱ-2") if len(line) == 1]
    assert titles[0].startswith("一、小学")
    assert titles[0].endswith("共 4 所")
    assert titles[1].startswith("二、初中")
    assert "小学中：一贯制学校小学部 1 所，50 人及以上的教学点 1 所。" in titles
    assert "初中中：一贯制学校初中部 1 所，完全中学初中部 1 所。" in titles


def test_the_remark_names_what_is_met_and_what_reaches_only_the_floor(made):
    rows = builders.good_rows()
    rows[1]["equipment_value"] = 540 * 0.18
    county = made(rows)
    [line] = [line for line in county.body("表Ⅱ-2") if line[1:2] == ["清河县柳林镇中心小学"]]
    assert line[-1] == "达标：L1、L2、L3、L4、L5、L7；仅达85%：L6"
    assert line[-2] == "达标"


def test_counts_of_the_summary_are_counts_of_the_rows(made):
    county = made(damaged_rows())
    for position, stage in enumerate(("PRIMARY", "JUNIOR")):
        counts, shares = county.body("表Ⅱ-1")[2 * position : 2 * position + 2]
        rows = county.rows(stage)
        told = county.result["stages"][stage]["indicators"]
        expected = [sum(code in row["attained"] for row in rows) for code in CODES]
        assert [int(text) for text in counts[2:9]] == expected == [told[code]["attained_schools"] for code in CODES]
        assert int(counts[9]) == sum(row["passed"] is True for row in rows)
        for count, share in zip(counts[2:], shares[1:], strict=True):
            assert share == half_up(float(Fraction(int(count) * 100, len(rows))), share)
            assert (share == "100.0") == (int(count) == len(rows))


def test_no_share_is_rounded_to_all_schools(standard_document):
    one = read_report(builders.book_of()).report.schools[1].values
    values = [{**one, "code": f"{n:010}"} for n in range(2000)]
    values[7]["primary_backbone_teachers"] = 0
    report = CountyReport(tuple(SchoolReport(each) for each in values))
    assert Filled(report, standard_document).body("表Ⅱ-1")[1][2] == "99.95"


@pytest.mark.parametrize("seed", range(40))
def test_means_and_coefficients_are_the_half_up_of_the_verdicts_own(standard_document, seed):
    county = Filled(random_county(seed), standard_document)
    for position, stage in enumerate(("PRIMARY", "JUNIOR")):
        means, coefficients = county.body("表Ⅲ")[2 * position : 2 * position + 2]
        told = county.result["stages"][stage]
        assert means[-1] == "——"
        for i, code in enumerate(CODES):
            mean, coefficient = told["indicators"][code]["mean"], told["indicators"][code]["coefficient"]
            text = means[2 + i]
            assert text == ("无法核算" if mean is None else half_up(mean, "0.00"))
            text = coefficients[1 + i]
            if coefficient is None:
                assert text == "无法核算"
            elif not text.startswith("略高于"):
                assert text == half_up(coefficient, text)
                assert len(text.partition(".")[2]) >= 3
        composite = told["composite"]
        assert coefficients[-1] == ("无法核算" if composite is None else half_up(composite, "0.000"))


def test_a_published_county_prints_a_coefficient_that_shows_why_it_fails(standard_document):
    examples = tomllib.loads((ROOT / "fixtures/worked_examples.toml").read_text(encoding="utf-8"), parse_float=Decimal)
    [table] = examples["county_table"]
    judged = judge_report(county_of(table), standard_document, AS_OF)["stages"]
    # The example's amounts are scaled to be whole; a coefficient does not know its unit, the means are the published.
    for code, mean in zip(CODES, table["mean"], strict=True):
        judged["PRIMARY"]["indicators"][code]["mean"] = float(mean)
    county = Filled(county_of(table), standard_document, stages=judged)
    means, coefficients = county.by_name["表Ⅲ"].body[:2]
    assert [cell.text for cell in coefficients[1:]] == [
        "0.298", "0.502", "0.402", "0.288", "0.375", "0.313", "0.394", "0.368",
    ]  # fmt: skip
    assert [cell.text for cell in coefficients if cell.is_short] == ["0.502"]
    assert [cell.text for cell in means[2:]] == ["5.52", "0.89", "0.88", "4.56", "7.93", "2496.67", "2.78", "——"]


def test_a_value_a_hair_under_its_limit_is_not_printed_as_the_limit(made):
    rows = builders.good_rows()
    # 8.999… per 100 and not 0.90: 4199 persons short of nothing at two places.
    rows[0]["equipment_value"] = 1260 * 0.2 - 0.0005
    county = made(rows)
    [row] = [row for row in county.by_name["表Ⅱ-2"].body if len(row) > 10 and row[1].text == "清河县实验小学"]
    cell = row[FIRST_VALUE + 5]
    assert Fraction(cell.text) < 2000
    assert cell.text.startswith("1999.99")
    assert cell.is_short


# ── 表Ⅰ ───────────────────────────────────────────────────────────────────────────────────────


def first_table(county: Filled) -> dict[str, str]:
    [line] = county.body("表Ⅰ")
    assert line[0] == "全县总计"
    return {f"L{number}": text for number, text in enumerate(line[1:], start=1)}


def test_table_one_holds_the_county_and_its_schools_in_24_numbered_columns(made):
    rows = [*builders.good_rows(), builders.special_row()]
    for row in rows:
        row |= {"primary_staff": 30 if "primary_enrollment" in row else None}
        row |= {"junior_staff": 40 if "junior_enrollment" in row else None}
    county = made(rows)
    told = first_table(county)
    assert [told[f"L{n}"] for n in range(1, 9)] == ["48.62", "30.15", "14", "212", "52381", "4210", "19860", "36540"]
    assert [told[f"L{n}"] for n in range(9, 17)] == ["2", "1", "1", "1", "0", "1", "1", "1"]
    sums = {
        key: sum(row.get(key) or 0 for row in rows) for key in rows[0] | rows[2] if str(key).startswith(("pri", "jun"))
    }
    assert told["L17"] == str(sums["primary_classes"])
    assert told["L18"] == str(sums["junior_classes"])
    assert told["L19"] == str(1260 + 540 + 630 + 60)
    assert told["L20"] == str(1150 + 420 + 600)
    assert (told["L21"], told["L23"]) == ("120", "120")
    assert told["L22"] == str(sums["primary_full_time_teachers"])
    assert told["L24"] == str(sums["junior_full_time_teachers"])
    assert [cell.text for cell in county.by_name["表Ⅰ"].head[3]] == [f"L{n}" for n in range(1, 25)]


def test_what_nobody_reported_is_said_so_and_is_never_nought(made):
    figures = builders.good_figures()
    del figures["C07"]
    told = first_table(made(None, figures))
    assert told["L7"] == "未填报"
    assert (told["L21"], told["L23"]) == ("未填报", "未填报")


def test_a_sum_with_a_school_missing_is_unknown_and_says_how_many(made):
    rows = builders.good_rows()
    rows[0]["primary_classes"] = None
    county = made(rows)
    assert first_table(county)["L17"] == "无法核算"
    assert any("L17 小学班级数：1 所学校" in note for note in county.by_name["表Ⅰ"].notes)
    assert first_table(county)["L19"] == "2490"


def test_a_small_teaching_point_counts_in_table_one_and_stands_outside_the_rows(made):
    rows = builders.good_rows()
    rows[5] = builders.school_row("0142000006", "柳林镇石桥教学点", SchoolType.TEACHING_POINT, primary=30)
    county = made(rows)
    told = first_table(county)
    assert (told["L15"], told["L16"]) == ("1", "0")
    assert told["L19"] == str(1260 + 540 + 630 + 30)
    lines = county.body("表Ⅱ-2")
    assert lines[-1] == ["1", "柳林镇石桥教学点", "0142000006", "不足 50 人的教学点不参与校际均衡计算"]
    assert lines[-3] == ["三、不参与计算的学校，共 1 所"]


def test_a_county_without_a_stage_has_nought_of_it(made):
    told = first_table(made(builders.good_rows()[:2]))
    assert (told["L18"], told["L20"], told["L23"], told["L24"]) == ("0", "0", "0", "0")
    county = made(builders.good_rows()[:2])
    assert county.body("表Ⅱ-1")[3] == ["达标学校比例（%）", *["——"] * 8]
    assert county.body("表Ⅲ")[3][1] == "无法核算"


def test_where_the_schools_are_in_doubt_nothing_is_counted(made):
    rows = builders.good_rows()
    rows[1]["code"] = rows[0]["code"]
    county = made(rows)
    told = first_table(county)
    assert {told[f"L{n}"] for n in range(9, 25)} == {"无法核算"}
    assert any("标识码或办学类型不能确认" in note for note in county.by_name["表Ⅰ"].notes)


# ── 表Ⅳ, 表Ⅴ, 表Ⅵ ─────────────────────────────────────────────────────────────────────────────


def test_guarantee_has_fifteen_items_and_quality_nine_each_with_its_sentence(made):
    county = made(damaged_rows())
    for name, prefix, count in (("表Ⅳ", "G", 15), ("表Ⅴ", "Q", 9)):
        lines = county.body(name)
        assert [line[0] for line in lines] == [str(n) for n in range(1, count + 1)]
        for line in lines:
            told = county.result["criteria"][f"{prefix}{line[0]}"]
            assert told["sentence"] in line[2]
            labels = {"met": "达标", "not_met": "不达标", "unknown": "无法核算", "to_judge": "待评定", "exempt": "豁免"}
            assert line[3] == labels[told["status"]]
    assert county.body("表Ⅳ")[3][2] == "超过2000人的小学0所，初中0所，超过2500人的一贯制学校0所"


def test_what_an_inspector_judged_stands_with_the_opinion(made, standard_document):
    decided = Decided(judged={"G1": Judged(True, "布局合理"), "G10": Judged(False, "编制未统筹")})
    county = Filled(read_report(builders.book_of()).report, standard_document, decided)
    lines = county.body("表Ⅳ")
    assert (lines[0][2], lines[0][3]) == ("评定意见：布局合理", "达标")
    assert (lines[9][2], lines[9][3]) == ("评定意见：编制未统筹", "不达标")
    assert [cell.is_short for cell in county.by_name["表Ⅳ"].body[9]] == [False, False, True, True]


def test_a_later_calculation_of_the_same_version_says_which_it_is(made):
    assert made().official.heading[0][2] == "版本：第3版"
    assert replace(HEADING, calculation=2).lines[0][2] == "版本：第3版（第2次核算）"


def test_items_a_province_adds_stand_last_and_are_marked(made, standard_document):
    own = next(criterion for criterion in standard_document.criteria if criterion.code == "G3")
    more = replace(own, code="G16", name="心理辅导室", requirement="每校设心理辅导室", rule="", basis="E", sentence="")
    wider = replace(standard_document, criteria=(more, *standard_document.criteria))
    county = Filled(read_report(builders.book_of()).report, wider)
    lines = county.body("表Ⅳ")
    assert len(lines) == 16
    assert lines[-1][:2] == ["16", "【省级】心理辅导室：每校设心理辅导室"]
    assert not any("【省级】" in line[1] for line in lines[:-1])
    assert any("省级标准增加" in note for note in county.by_name["表Ⅳ"].notes)


def test_the_survey_waits_until_it_is_supplied(made):
    county = made()
    assert county.body("表Ⅵ") == [["计", *["待评定"] * 7], ["其中：家长", *["待评定"] * 7]]


@pytest.mark.parametrize(("satisfied", "rate"), [(849, "84.9"), (850, "85.0"), (8499, "84.99"), (84999, "84.999")])
def test_a_supplied_survey_prints_counts_and_rates(made, satisfied, rate, standard_document):
    valid = 10 ** len(str(satisfied))
    counts = {"issued": valid + 20, "valid": valid, "satisfied": satisfied, "visited": 30, "visited_satisfied": 29}
    counts |= {"parents_valid": 600, "parents_satisfied": 0, "parents_issued": 610}
    criteria = tuple(
        replace(each, parameters={**each.parameters, "limit": "85"}) if each.code == "S1" else each
        for each in standard_document.criteria
    )
    report = read_report(builders.book_of()).report
    before = judge_report(report, standard_document, AS_OF)["criteria"]
    status = "met" if satisfied * 100 >= valid * 85 else "not_met"
    changed = before | {"S1": before["S1"] | {"status": status, "figures": counts}}
    county = Filled(report, replace(standard_document, criteria=criteria), criteria=changed)
    total, parents = county.by_name["表Ⅵ"].body
    assert [cell.text for cell in total[1:]] == [
        str(valid + 20), str(valid), str(satisfied), rate, "30", "29", "96.7",
    ]  # fmt: skip
    assert [cell.text for cell in parents[1:]] == ["610", "600", "0", "0.0", "待评定", "待评定", "待评定"]
    assert [cell.text for cell in total if cell.is_short] == ([] if status == "met" else [rate])


# ── Relaxations ───────────────────────────────────────────────────────────────────────────────


def test_a_used_relaxation_is_named_with_the_outcome_without_it(made):
    before = made()
    row = next(row for row in before.result["schools"] if row["name"] == "柳林镇石桥教学点")
    without = {
        "passed": False,
        "complete": False,
        "stages": {stage: {"indicators": {}, "composite": None} for stage in ("PRIMARY", "JUNIOR")},
        "schools": [row | {"passed": False}],
        "criteria": {"G3": before.result["criteria"]["G3"] | {"status": "not_met"}},
    }
    granted = [
        {"code": "0142000006", "name": "柳林镇石桥教学点", "relaxation": "R1", "works": True},
        {"code": "3142000001", "name": "清河县实验小学", "relaxation": "R3", "works": True},
        {"code": "3142000002", "name": "清河县柳林镇中心小学", "relaxation": "R1", "works": False},
    ]
    county = made(relaxations=granted, without_relaxations=without)
    notes = {name: "".join(table.notes) for name, table in county.by_name.items()}
    for name in ("表Ⅱ-1", "表Ⅱ-2", "表Ⅲ"):
        assert "过渡规定 R1" in notes[name]
        assert "用于 L3：柳林镇石桥教学点，共 1 所" in notes[name]
        assert "全部不使用过渡规定时，本县的判定为“未达标”" in notes[name]
    assert "不使用过渡规定时：柳林镇石桥教学点（小学）不达标。" in notes["表Ⅱ-2"]
    assert "过渡规定 R3" in notes["表Ⅳ"]
    assert "清河县实验小学，共 1 所" in notes["表Ⅳ"]
    assert "音乐、美术专用教室不达标" in notes["表Ⅳ"]
    assert not any("过渡规定" in notes[name] for name in ("表Ⅰ", "表Ⅴ", "表Ⅵ"))


def test_a_relaxation_that_was_granted_changes_the_figures_and_is_told_under_them(standard_document):
    rows = builders.good_rows()
    none = dict.fromkeys(("primary_pe_teachers", "primary_music_teachers", "primary_arts_teachers"), 0)
    rows[5] |= none | {"primary_fine_art_teachers": 0, "primary_shared_arts_teachers": 1}
    report = read_report(builders.book_of(rows)).report
    granted = Decided((Grant("R1", "0142000006", AS_OF, AS_OF),))
    for decided, text, label in ((NOTHING_DECIDED, "0.00", "不达标"), (granted, "1.67", "达标")):
        county = Filled(report, standard_document, decided)
        [row] = [row for row in county.by_name["表Ⅱ-2"].body if len(row) > 10 and row[1].text == "柳林镇石桥教学点"]
        assert (row[FIRST_VALUE + 2].text, row[-2].text) == (text, label)
        assert row[FIRST_VALUE + 2].is_short == (label == "不达标")
        notes = "".join(county.by_name["表Ⅱ-2"].notes)
        assert ("柳林镇石桥教学点（小学）不达标" in notes) == (decided is granted)
        assert ("全部不使用过渡规定时，本县的判定为“未达标”" in notes) == (decided is granted)


# ── The workbook ──────────────────────────────────────────────────────────────────────────────


def test_the_workbook_has_a_sheet_a_table_each_with_title_heading_and_signatures(made):
    county = made()
    book = county.book()
    assert tuple(book.sheetnames) == NAMES
    for table in county.official.tables:
        sheet = book[table.name]
        assert sheet["A1"].value == table.title
        assert sheet["A1"].value.startswith(table.name)
        assert "示例省锦棠市望棠区" in sheet["A2"].value
        assert "第3版" in sheet["A2"].value
        assert "判定日期：2026-11-01" in sheet["A2"].value
        assert "ab" * 32 in sheet["A3"].value
        last = sheet.cell(sheet.max_row, 1).value
        assert all(words in last for words in ("填报单位（盖章）：", "填表人：", "负责人：", "日期："))
        assert sheet["A1"].font.name == "宋体"


@pytest.mark.parametrize("rows", [None, damaged_rows()], ids=["good", "damaged"])
def test_every_cell_of_the_structure_stands_in_its_place_with_its_merge(made, rows):
    county = made(rows)
    book = county.book()
    for table in county.official.tables:
        sheet = book[table.name]
        merged = {(m.min_row, m.min_col, m.max_row, m.max_col) for m in sheet.merged_cells.ranges}
        below_head(sheet, table)
        expected = set()
        for row, column, cell in placed((*table.head, *table.body)):
            place = (ABOVE + 1 + row, column + 1)
            assert shown(sheet, *place) == cell.text
            if cell.rows > 1 or cell.columns > 1:
                expected.add((*place, place[0] + cell.rows - 1, place[1] + cell.columns - 1))
        lines = {m for m in merged if m[3] == len(table.widths) and m[1] == 1 and m not in expected}
        assert merged - lines == expected
        assert len(lines) == 3 + len(table.notes) + 1
        # No cell is printed twice, and the grid has no hole.
        covered = [
            (row + r, column + c)
            for row, column, cell in placed((*table.head, *table.body))
            for r in range(cell.rows)
            for c in range(cell.columns)
        ]
        assert len(covered) == len(set(covered)) == (len(table.head) + len(table.body)) * len(table.widths)


def test_exactly_what_misses_its_limit_is_shaded(made):
    county = made(damaged_rows())
    book = county.book()
    sheet, table = book["表Ⅱ-2"], county.by_name["表Ⅱ-2"]
    first = below_head(sheet, table)
    judged = iter([*county.rows("PRIMARY"), *county.rows("JUNIOR")])
    seen = 0
    for number, row in enumerate(table.body):
        shaded = {c for c in range(1, len(table.widths) + 1) if is_shaded(sheet, first + number, c)}
        if len(row) < 10:
            assert not shaded
            continue
        told = next(judged)
        short = {
            FIRST_VALUE + 1 + i
            for i, code in enumerate(CODES)
            if told["values"][code] is not None and code not in told["attained"]
        }
        short |= {FIRST_VALUE + 8} if told["passed"] is False else set()
        assert shaded == short, told
        seen += len(short)
    assert seen >= 3
    sheet, table = book["表Ⅲ"], county.by_name["表Ⅲ"]
    first = below_head(sheet, table)
    for position, stage in enumerate(("PRIMARY", "JUNIOR")):
        told = county.result["stages"][stage]["indicators"]
        shaded = [is_shaded(sheet, first + 2 * position + 1, 3 + i) for i in range(7)]
        assert shaded == [told[code]["passed"] is False for code in CODES]
    for name, prefix in (("表Ⅳ", "G"), ("表Ⅴ", "Q")):
        sheet, table = book[name], county.by_name[name]
        first = below_head(sheet, table)
        for number in range(len(table.body)):
            is_lost = county.result["criteria"][f"{prefix}{number + 1}"]["status"] == "not_met"
            assert [is_shaded(sheet, first + number, c) for c in (1, 2, 3, 4)] == [False, False, is_lost, is_lost]
    assert not any(is_shaded(book[n], r, c) for n in ("表Ⅰ", "表Ⅱ-1") for r in range(1, 15) for c in range(1, 26))


def test_figures_are_numbers_and_words_are_words(made):
    book = made(damaged_rows()).book()
    kinds: dict[bool, int] = {True: 0, False: 0}
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is None:
                    continue
                is_number = re.fullmatch(r"[0-9]+(\.[0-9]+)?", str(cell.value)) is not None
                if cell.data_type == "n":
                    assert is_number
                    kinds[True] += 1
                else:
                    assert cell.data_type == "s"
                    kinds[False] += 1
    assert min(kinds.values()) > 100


def test_a_school_called_by_a_number_stays_a_text(made):
    rows = builders.good_rows()
    rows[0]["name"] = "0071"
    sheet = made(rows).book()["表Ⅱ-2"]
    [cell] = [cell for cell in sheet["B"] if cell.value == "0071"]
    assert (cell.data_type, cell.number_format) == ("s", "@")


@pytest.mark.parametrize("name", ["=1+1", "+86", "-1", "@SUM(A1)", '=HYPERLINK("http://x","y")', "=cmd|' /C calc'!A0"])
def test_a_name_that_looks_like_a_formula_is_inert_everywhere(standard_document, name):
    report = read_report(builders.book_of([*builders.good_rows(), builders.special_row()])).report
    schools = tuple(replace(school, values={**school.values, "name": name}) for school in report.schools)
    county = Filled(replace(report, schools=schools), standard_document)
    cells = [cell for sheet in county.book() for row in sheet.iter_rows() for cell in row if cell.value == name]
    assert len(cells) == 8
    assert all((cell.data_type, cell.quotePrefix, cell.number_format) == ("s", True, "@") for cell in cells)


def test_a_name_of_200_characters_wraps_in_a_row_that_is_high_enough(standard_document):
    report = read_report(builders.book_of()).report
    name = "清河县" + "长" * 197
    schools = (replace(report.schools[0], values={**report.schools[0].values, "name": name}), *report.schools[1:])
    sheet = Filled(replace(report, schools=schools), standard_document).book()["表Ⅱ-2"]
    [cell] = [cell for cell in sheet["B"] if cell.value == name]
    assert cell.alignment.wrap_text
    assert 150 < sheet.row_dimensions[cell.row].height <= 409


def test_control_characters_do_not_break_the_file(standard_document):
    report = read_report(builders.book_of()).report
    values = {**report.schools[0].values, "name": "清河\x00\x0b小学"}
    schools = (replace(report.schools[0], values=values), *report.schools[1:])
    book = Filled(replace(report, schools=schools), standard_document).book()
    assert any(cell.value == "清河小学" for cell in book["表Ⅱ-2"]["B"])


def test_every_sheet_is_laid_out_for_a4_with_its_header_on_every_page(made):
    county = made()
    book = county.book()
    for table in county.official.tables:
        sheet = book[table.name]
        assert int(sheet.page_setup.paperSize) == 9
        assert sheet.page_setup.orientation == ("portrait" if table.name in ("表Ⅳ", "表Ⅴ") else "landscape")
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.print_title_rows == f"${ABOVE + 1}:${ABOVE + len(table.head)}"


# ── The page ──────────────────────────────────────────────────────────────────────────────────


def page_of(county: Filled) -> str:
    context = {"official": county.official, "submission": SimpleNamespace(pk=1, version=3)}
    return render_to_string("reports/tables.html", context)


def grids(text: str) -> Iterable[list[tuple[int, int, str]]]:
    """Each table of the page as (rows, columns, text) of its cells in order, without what only readers aloud hear."""
    text = re.sub(r'<span class="visually-hidden">[^<]*</span>', "", text)
    for grid in re.findall(r'<table class="official-table.*?</table>', text, re.DOTALL):
        cells = []
        for attributes, content in re.findall(r"<t[hd](?=[ >])([^>]*)>(.*?)</t[hd]>", grid, re.DOTALL):
            spans = [re.search(rf'{name}="(\d+)"', attributes) for name in ("rowspan", "colspan")]
            cells.append((*(int(span[1]) if span else 1 for span in spans), html.unescape(content)))
        yield cells


@pytest.mark.parametrize("rows", [None, damaged_rows()], ids=["good", "damaged"])
def test_page_and_workbook_hold_the_same_cells(made, rows):
    county = made(rows)
    book, text = county.book(), page_of(county)
    found = list(grids(text))
    assert len(found) == len(NAMES)
    for cells, table in zip(found, county.official.tables, strict=True):
        sheet = book[table.name]
        merged = {(m.min_row, m.min_col): (m.size["rows"], m.size["columns"]) for m in sheet.merged_cells.ranges}
        in_book = [
            (*merged.get((ABOVE + 1 + row, column + 1), (1, 1)), shown(sheet, ABOVE + 1 + row, column + 1))
            for row, column, _ in placed((*table.head, *table.body))
        ]
        assert cells == in_book
        texts = {str(cell.value) for cell in sheet["A"] if cell.value}
        for words in (table.title, *table.notes, *("　　".join(parts) for parts in county.official.heading)):
            assert words in texts
        for words in (table.title, *table.notes, *(part for parts in county.official.heading for part in parts)):
            assert html.escape(words) in text
    assert text.count("（未达到要求）") == sum(
        cell.is_short for table in county.official.tables for _, _, cell in value_cells(table)
    )


def test_a_name_with_markup_is_only_text_on_the_page(standard_document):
    report = read_report(builders.book_of()).report
    values = {**report.schools[0].values, "name": "<script>alert(1)</script>"}
    schools = (replace(report.schools[0], values=values), *report.schools[1:])
    text = page_of(Filled(replace(report, schools=schools), standard_document))
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


# ── Doors ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def version(standard, clerk, county, tmp_path) -> Submission:
    content = builders.write_workbook(tmp_path / "a.xlsx").read_bytes()
    submission = upload_workbook(clerk, county, 2026, "清河县.xlsx", content)
    run_waiting_jobs()
    submission.refresh_from_db()
    return submission


def addresses(version: Submission) -> list[str]:
    return [reverse(name, args=[version.pk]) for name in ("submission_tables", "submission_tables_export")]


def test_the_verdict_leads_to_the_page_and_the_page_to_the_workbook(version, client: Client, clerk):
    client.force_login(clerk)
    page, export = addresses(version)
    assert page in client.get(reverse("submission", args=[version.pk])).content.decode()
    text = client.get(page).content.decode()
    assert export in text
    verdict = version.verdicts.get()
    assert verdict.sha256 in text
    assert "示例省锦棠市望棠区" in text
    answer = client.get(export)
    book = load_workbook(BytesIO(b"".join(answer.streaming_content)))
    assert tuple(book.sheetnames) == NAMES
    assert verdict.sha256 in book["表Ⅰ"]["A3"].value
    assert "_%E7%94%B3%E6%8A%A5%E8%A1%A8.xlsx" in answer["Content-Disposition"]


def test_the_tables_are_for_the_county_alone(version, client: Client, signer, other_clerk, inspector):
    for address in addresses(version):
        client.logout()
        assert client.get(address).status_code == 302
        client.force_login(signer)
        assert client.get(address).status_code == 200
        assert client.post(address).status_code == 405
        for person in (other_clerk, inspector):
            client.force_login(person)
            assert client.get(address).status_code == 404


def test_before_the_verdict_there_are_no_tables(standard, clerk, county, client: Client, tmp_path):
    content = builders.write_workbook(tmp_path / "a.xlsx").read_bytes()
    waiting = upload_workbook(clerk, county, 2026, "a.xlsx", content)
    client.force_login(clerk)
    for address in addresses(waiting):
        assert client.get(address).status_code == 404


def test_a_standard_without_a_school_rule_is_refused_with_the_reason(
    standard_document, monkeypatch, version, client, clerk
):
    assert why_no_tables(standard_document) == ""
    older = replace(standard_document, has_school_rule=False, name="基本均衡")
    assert why_no_tables(older).startswith("《基本均衡》没有逐校达标的要求")
    fewer = replace(standard_document, indicators=standard_document.indicators[1:])
    assert "没有 L1—L7 七项指标" in why_no_tables(fewer)
    monkeypatch.setattr("reports.table_views.parsed_standard", lambda row: older)
    client.force_login(clerk)
    for address in addresses(version):
        answer = client.get(address, follow=True)
        assert answer.redirect_chain == [(reverse("submission", args=[version.pk]), 302)]
        assert "没有逐校达标的要求" in answer.content.decode()
