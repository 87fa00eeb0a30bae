"""Explanations: every figure opens, is computed again from the frozen figures, and agrees with the verdict or is not
shown."""

from __future__ import annotations

import copy
import dataclasses
import html
import json
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evaluation.actions import run_waiting_jobs, upload_workbook
from evaluation.core.decided import Decided, Grant, Judged, Supplied
from evaluation.core.items import RULES
from evaluation.core.standard import Standard, read_standard
from evaluation.core.status import Status
from evaluation.core.verdict import judge_report
from evaluation.models import Verdict
from indicators.catalogue import COUNTY_SHEET, SCHOOL_SHEET
from indicators.models import Submission
from indicators.queries import report_of
from indicators.report import CountyReport
from indicators.workbook.read import read_report
from reports.presenters.explain import Disagreement, Explanation, Frozen, Links
from reports.presenters.explain.coefficient import coefficient_explanation, composite_explanation
from reports.presenters.explain.item import RULES as RECOUNTED
from reports.presenters.explain.item import item_explanation, item_of, school_item_explanation
from reports.presenters.explain.page import questions_on
from reports.presenters.explain.recount import coefficient_of, composite_of
from reports.presenters.explain.value import value_explanation
from schools.vocabulary import SchoolType, Stage
from tests import builders
from tests.conftest import ROOT
from tests.evaluation.random_counties import AS_OF, random_county
from tests.evaluation.random_decisions import random_decided_county

STANDARDS = {
    code: read_standard(ROOT / f"fixtures/standards/{code}.toml")
    for code in ("2017-quality", "99-quality-2026", "2012-basic")
}
NATIONAL = STANDARDS["2017-quality"]
COUNTIES = 25
NINE_YEAR = "3142000004"
LINKS = Links("/submissions/7/", "/standards/2017-quality/method/")
COLUMNS = {key: f"{chr(65 + place // 26)}{chr(65 + place % 26)}" for place, key in enumerate(builders.KEYS)}


def frozen(report: CountyReport, standard: Standard = NATIONAL, decided: Decided | None = None, **more: Any) -> Frozen:
    decided = decided or Decided()
    result = judge_report(report, standard, AS_OF, decided)
    return Frozen(standard, result, report, AS_OF, decided, **({"columns": COLUMNS, "links": LINKS} | more))


def county_of(rows: list[builders.Row] | None = None, figures: builders.Figures | None = None) -> CountyReport:
    return read_report(builders.book_of(rows, figures)).report


def spoiled(row: int, **cells: Any) -> list[builders.Row]:
    rows = builders.good_rows()
    rows[row] |= cells
    return rows


def text_of(page: Explanation) -> str:
    return "\n".join(
        [page.sentence, *page.formulas]
        + [f"{step.label} {step.text}" for step in (*page.steps, *page.rounding)]
        + [each.words for each in page.why]
    )


def step(page: Explanation, label: str) -> str:
    return next(each.text for each in page.steps if each.label == label)


def indicator(code: str, standard: Standard = NATIONAL) -> Any:
    return next(each for each in standard.indicators if each.code == code)


def criterion(code: str, standard: Standard = NATIONAL) -> Any:
    return next(each for each in standard.criteria if each.code == code)


# ── Computed again, and the same ──────────────────────────────────────────────────────────────


def explain_everything(facts: Frozen) -> set[Status]:
    """Every page of a county; each raises where it does not agree with the verdict."""
    statuses = set()
    for stage in Stage:
        for each in facts.standard.indicators:
            coefficient_explanation(facts, stage, each)
            for school in facts.rows(stage):
                value_explanation(facts, school, stage, each)
        composite_explanation(facts, stage)
    for each in facts.standard.criteria:
        statuses.add(item_of(facts, each)[1])
        item_explanation(facts, each)
        for school in range(len(facts.schools)):
            school_item_explanation(facts, each, school)
    return statuses


@pytest.mark.parametrize("code", STANDARDS)
def test_every_figure_of_random_counties_is_the_figure_of_the_verdict(code: str) -> None:
    statuses: set[Status] = set()
    for seed in range(COUNTIES):
        statuses |= explain_everything(frozen(random_county(seed), STANDARDS[code]))
    if STANDARDS[code].criteria:
        assert statuses >= {Status.MET, Status.NOT_MET, Status.UNKNOWN, Status.TO_JUDGE}


@pytest.mark.parametrize("code", ["2017-quality", "99-quality-2026"])
def test_every_figure_is_the_verdicts_with_what_people_decided_beside_it(code: str) -> None:
    statuses: set[Status] = set()
    relaxed = 0
    for seed in range(COUNTIES * 2):
        report, decided = random_decided_county(seed)
        facts = frozen(report, STANDARDS[code], decided)
        statuses |= explain_everything(facts)
        relaxed += facts.is_relaxed
    assert statuses == set(Status)
    assert relaxed > 5


def test_every_rule_a_standard_may_name_can_be_explained() -> None:
    assert set(RECOUNTED) == set(RULES)


def test_a_value_in_the_verdict_that_is_not_that_of_the_figures_is_never_shown() -> None:
    facts = frozen(county_of())
    for change in (
        lambda told: told["schools"][0]["values"].update(L1=9.0),
        lambda told: told["schools"][0].update(attained=[]),
        lambda told: told["stages"]["PRIMARY"]["indicators"]["L1"].update(coefficient=0.1),
        lambda told: told["stages"]["PRIMARY"]["indicators"]["L1"].update(passed=False),
        lambda told: told["stages"]["PRIMARY"]["indicators"]["L1"].update(mean=None),
    ):
        told: Any = copy.deepcopy(facts.result)
        change(told)
        with pytest.raises(Disagreement):
            coefficient_explanation(dataclasses.replace(facts, result=told), Stage.PRIMARY, indicator("L1"))


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("G3", {"status": "not_met"}),
        ("G4", {"schools": ["3142000001"]}),
        ("G5", {"unknown_schools": ["3142000001"]}),
        ("G11", {"value": 10.0}),
        ("Q1", {"figures": {"share": 99.0}}),
        ("G1", {"status": "met"}),
    ],
)
def test_an_item_in_the_verdict_that_is_not_that_of_the_figures_is_never_shown(code: str, change: Any) -> None:
    facts = frozen(county_of())
    told: Any = copy.deepcopy(facts.result)
    told["criteria"][code] |= change
    item_explanation(facts, criterion(code))
    with pytest.raises(Disagreement):
        item_explanation(dataclasses.replace(facts, result=told), criterion(code))


def test_a_row_the_verdict_has_and_the_figures_do_not_is_never_shown() -> None:
    facts = frozen(county_of())
    told: Any = copy.deepcopy(facts.result)
    told["schools"].pop()
    stage = Stage(facts.result["schools"][-1]["stage"])
    with pytest.raises(Disagreement):
        dataclasses.replace(facts, result=told).rows(stage)


# ── What a page says ──────────────────────────────────────────────────────────────────────────


def test_a_value_says_its_formula_its_numbers_their_cells_and_its_rounding() -> None:
    facts = frozen(county_of())
    page = value_explanation(facts, facts.position("3142000001") or 0, Stage.PRIMARY, indicator("L2"))
    assert page.formulas == ("小学县级以上骨干教师数 × 100 ÷ 小学在校生数",)
    teachers, pupils = page.sources
    assert (teachers.what, pupils.what, pupils.value) == ("小学县级以上骨干教师数", "小学在校生数", "1260")
    assert step(page, "指标值").startswith(f"{teachers.value} × 100 ÷ 1260 ≈ ")
    assert teachers.cell == f"{COLUMNS['primary_backbone_teachers']}3"
    assert (teachers.sheet, teachers.form) == (SCHOOL_SHEET, "教基1102续")
    exact = Fraction(int(teachers.value) * 100, 1260)
    assert page.rounding[0].text.startswith(f"{exact.numerator}/{exact.denominator} ≈ ")
    assert [each.label for each in page.rounding] == ["准确值", "先判定", "后修约"]
    assert page.articles[0].place == "资源配置 第2项"
    assert page.method == "/standards/2017-quality/method/#L2"


def test_a_value_on_the_limit_is_met_and_says_so_exactly() -> None:
    rows = spoiled(0, primary_enrollment=500, primary_backbone_teachers=5)
    facts = frozen(county_of(rows))
    page = value_explanation(facts, facts.position("3142000001") or 0, Stage.PRIMARY, indicator("L2"))
    assert "不低于要求的 1 人，达标" in page.sentence
    assert page.rounding[0].text == "1"
    assert page.rounding[1].text.endswith("1 ≥ 1")


def test_the_split_of_a_nine_year_school_is_shown_as_arithmetic_that_adds_up() -> None:
    rows = spoiled(
        3, primary_enrollment=166, junior_enrollment=210, teaching_area=24000, indoor_sports_area=774
    )  # the published example: 23226 ㎡ for 166 and 210 pupils
    facts = frozen(county_of(rows))
    school = facts.position(NINE_YEAR) or 0
    amounts = []
    for stage, part, weighted in ((Stage.PRIMARY, "166", "9711.627204"), (Stage.JUNIOR, "231", "13514.372795")):
        page = value_explanation(facts, school, stage, indicator("L4"))
        assert step(page, "小学加权学生数") == "1 × 166 = 166"
        assert step(page, "初中加权学生数") == "1.1 × 210 = 231"
        assert step(page, "加权学生数合计") == "166 + 231 = 397"
        assert step(page, f"{stage.label}分得").startswith(f"23226 × {part} ÷ 397 ≈ {weighted}")
        amounts.append(Fraction(step(page, f"{stage.label}分得").rpartition("≈ ")[2]))
        assert {line.what for line in page.sources} >= {"小学在校生数", "初中在校生数"}
    assert sum(amounts) == 23226


def test_a_teacher_indicator_of_a_school_with_two_stages_is_not_split() -> None:
    facts = frozen(county_of())
    page = value_explanation(facts, facts.position(NINE_YEAR) or 0, Stage.JUNIOR, indicator("L1"))
    assert not [each for each in page.steps if "加权" in each.label]


def test_what_a_relaxation_adds_is_named_with_its_cell_and_the_value_without_it() -> None:
    rows = spoiled(4, is_dense_central="是", sports_ground_area=1000, other_sports_area=40000, rented_sports_area=500)
    report = county_of(rows)
    grant = Grant("R2", "3142000005", AS_OF, AS_OF)
    facts = frozen(report, NATIONAL, Decided((grant,)))
    page = value_explanation(facts, facts.position("3142000005") or 0, Stage.JUNIOR, indicator("L5"))
    added = [line for line in page.sources if line.note == "按过渡规定计入"]
    assert [line.value for line in added] == ["40000", "500"]
    assert "不加 40500" in step(page, "不用过渡规定")
    assert any(each.place.startswith("R2") for each in page.articles)
    assert any("2019 规程" in question for question, _ in page.questions)
    ungranted = frozen(report)
    plain = value_explanation(ungranted, ungranted.position("3142000005") or 0, Stage.JUNIOR, indicator("L5"))
    assert not [line for line in plain.sources if line.note]


def test_a_coefficient_can_be_computed_again_from_its_table() -> None:
    facts = frozen(county_of())
    for stage in Stage:
        for each in facts.standard.indicators:
            page, found = coefficient_explanation(facts, stage, each), coefficient_of(facts, stage, each)
            rows = [[cell.words for cell in row] for row in page.tables[0].rows]
            pupils = [Fraction(row[2]) for row in rows]
            values = [Fraction(row[4]) for row in rows]
            mean = sum(Fraction(row[3]) for row in rows) * each.factor / sum(pupils)
            variance = sum(p * (x - mean) ** 2 for p, x in zip(pupils, values, strict=True)) / sum(pupils)
            assert found.square is not None
            assert float(variance / mean**2) == pytest.approx(float(found.square), rel=1e-4)
            assert sum(Fraction(row[5]) for row in rows) == pytest.approx(Fraction(page.tables[0].foot[5]), rel=1e-5)
            assert page.tables[0].foot[2] == str(sum(pupils))


def test_every_line_of_the_table_leads_to_the_value_it_shows() -> None:
    facts = frozen(county_of())
    page = coefficient_explanation(facts, Stage.JUNIOR, indicator("L6"))
    for school, row in zip(facts.rows(Stage.JUNIOR), page.tables[0].rows, strict=True):
        assert row[4].href == f"/submissions/7/explain/value/{facts.code(school)}/JUNIOR/L6/"
        assert row[1].words.startswith(f"{COLUMNS['equipment_value']}{facts.schools[school].row}")


def test_a_coefficient_just_over_its_limit_is_told_apart_in_whole_numbers() -> None:
    """Two schools of 997 pupils, a millionth of a square metre in ten million over: no float tells them apart."""
    outcomes = []
    for hair in ("-0.000001", "0", "0.000001"):
        rows = [
            builders.school_row(code, name, SchoolType.PRIMARY_SCHOOL, primary=997)
            for code, name in (("3142000001", "甲小学"), ("3142000002", "乙小学"))
        ]
        report = county_of(rows)
        for school, area in zip(report.schools, (Decimal(7_500_000) + Decimal(hair), Decimal(2_500_000)), strict=True):
            values: Any = school.values
            values |= {"teaching_area": area, "indoor_sports_area": Decimal(0)}
        page = coefficient_explanation(frozen(report), Stage.PRIMARY, indicator("L4"))
        outcomes.append((page.mark.label, re.search(r" ([<=>]) 0\.50²", step(page, "精确比较"))[1]))  # type: ignore[index]
        compared = step(page, "与上限比较").partition("，")[0]
        value, sign = re.fullmatch(r"(\S+) ([≤>]) 0\.50", compared).groups()  # type: ignore[union-attr]
        assert (Fraction(value) <= Fraction(1, 2)) == (sign == "≤")
    assert outcomes == [("达标", "<"), ("达标", "="), ("不达标", ">")]


def test_a_coefficient_far_from_its_limit_needs_no_exact_comparison() -> None:
    page = coefficient_explanation(frozen(county_of()), Stage.PRIMARY, indicator("L1"))
    assert "精确比较" not in [each.label for each in page.steps]


def test_one_school_alone_is_said_to_be_alone() -> None:
    rows = [builders.school_row("3142000001", "独一小学", SchoolType.PRIMARY_SCHOOL, primary=500)]
    page = coefficient_explanation(frozen(county_of(rows)), Stage.PRIMARY, indicator("L1"))
    assert page.notes == ("仅一所学校，没有校际差异，差异系数为 0。",)
    assert coefficient_explanation(frozen(county_of(rows)), Stage.JUNIOR, indicator("L1")).why[0].words == (
        "没有参与计算的初中学校"
    )


def test_a_mean_of_zero_has_no_coefficient_and_says_why() -> None:
    rows = builders.good_rows()
    for row in rows:
        if "primary_backbone_teachers" in row:
            row["primary_backbone_teachers"] = 0
    page = coefficient_explanation(frozen(county_of(rows)), Stage.PRIMARY, indicator("L2"))
    assert page.mark.label == "无法核算"
    assert "平均值不是正数" in page.sentence
    assert "0 × 100 ÷" in step(page, "平均值 M")


def test_what_is_undefined_names_the_empty_and_the_refused_cells() -> None:
    rows = spoiled(0, primary_backbone_teachers=None)
    rows[1]["primary_backbone_teachers"] = "若干"
    read = read_report(builders.book_of(rows))
    report = read.report
    cell = f"{COLUMNS['primary_backbone_teachers']}{report.schools[1].row}"
    facts = frozen(report, found={(SCHOOL_SHEET, cell): "若干"})
    page = coefficient_explanation(facts, Stage.PRIMARY, indicator("L2"))
    assert [each.words for each in page.why] == [
        f"清河县实验小学：小学县级以上骨干教师数（{COLUMNS['primary_backbone_teachers']}3）未填写",
        f"清河县柳林镇中心小学：小学县级以上骨干教师数（{cell}）未采用，原填“若干”",
    ]
    assert not page.steps
    value = value_explanation(facts, facts.position("3142000002") or 0, Stage.PRIMARY, indicator("L2"))
    assert value.sources[0].original == "若干"
    assert "原填“若干”" in value.sentence
    assert not value.steps


def test_doubt_about_which_schools_there_are_is_the_reason_given() -> None:
    report = dataclasses.replace(county_of(), is_population_certain=False)
    page = coefficient_explanation(frozen(report), Stage.PRIMARY, indicator("L1"))
    assert "不能确定" in page.sentence


def test_a_school_rows_share_their_code_with_has_no_link_that_leads_to_the_other() -> None:
    report = county_of()
    values: Any = report.schools[1].values
    values["code"] = "3142000001"
    facts = frozen(dataclasses.replace(report, is_population_certain=False))
    page = coefficient_explanation(facts, Stage.PRIMARY, indicator("L1"))
    links = {row[0].words: row[4].href for row in page.tables[0].rows}
    assert links["清河县实验小学"] == links["清河县柳林镇中心小学"] == ""
    assert links["柳林镇石桥教学点"]


def test_the_composite_of_the_older_measure_decides_and_that_of_the_newer_is_only_listed() -> None:
    report = county_of()
    listed = composite_explanation(frozen(report), Stage.PRIMARY)
    assert "不决定是否达标" in listed.sentence
    undefined = composite_explanation(frozen(report, STANDARDS["2012-basic"]), Stage.PRIMARY)
    assert "无法核算" in undefined.sentence
    assert {each.words.partition(" ")[0] for each in undefined.why} >= {"B4", "B5"}
    found = composite_of(frozen(report), Stage.PRIMARY)
    assert found.mean is not None


# ── Items ─────────────────────────────────────────────────────────────────────────────────────


def test_an_item_names_the_schools_that_fall_short_first_with_their_own_numbers() -> None:
    facts = frozen(county_of(spoiled(2, music_room_areas="96;95.99;96")))
    page = item_explanation(facts, criterion("G3"))
    first = page.tables[0].rows[0]
    assert first[0].words == "清河县第二中学"
    assert "不小于 96 ㎡的音乐教室 2 间" in first[2].words
    assert first[3].mark is not None
    assert first[3].mark.label == "未达到"
    own = school_item_explanation(facts, criterion("G3"), facts.position("3142000003") or 0)
    assert own is not None
    assert first[2].words in own.sentence
    assert [line.value for line in own.sources if line.what.startswith("音乐")] == ["96；95.99；96"]


def test_a_county_item_shows_its_ratios_with_their_figures_and_cells() -> None:
    facts = frozen(county_of(), figure_cells={"C15": "C16", "C16": "C17", "C17": "C18"})
    page = item_explanation(facts, criterion("G11"))
    assert [each.text for each in page.steps] == ["96 × 100 ÷ 360 ≈ 26.666666666667 ≥ 10", "24 × 100 ÷ 96 = 25 ≥ 20"]
    assert [(line.cell, line.sheet) for line in page.sources] == [
        ("C17", COUNTY_SHEET), ("C16", COUNTY_SHEET), ("C18", COUNTY_SHEET),
    ]  # fmt: skip
    assert any("80/3 ≈ 26.666666666667 → 26.7" in each.text for each in page.rounding)


def test_a_missing_county_figure_is_named_and_what_was_refused_is_quoted() -> None:
    facts = frozen(
        county_of(figures=builders.good_figures() | {"C15": None}),
        figure_cells={"C15": "C16"}, found={(COUNTY_SHEET, "C15"): "很多"},
    )  # fmt: skip
    page = item_explanation(facts, criterion("G11"))
    assert [each.words for each in page.why] == ["县级数据 C15 符合交流条件教师数（C16）未采用，原填“很多”"]


def test_a_zero_denominator_is_said_to_have_no_meaning() -> None:
    page = item_explanation(frozen(county_of(figures=builders.good_figures() | {"C24": 0, "C25": 0})), criterion("Q2"))
    assert page.mark.label == "无法核算"
    assert "为 0，比例没有意义" in page.why[-1].words
    assert any("分母为 0" in question for question, _ in page.questions)


def test_a_judged_item_shows_the_opinion_and_who_decides() -> None:
    open_item = item_explanation(frozen(county_of()), criterion("G1"))
    assert "还没有评定" in open_item.sentence
    assert open_item.notes == ("由督学根据佐证材料评定，系统不核算。",)
    assert "评定为不达标的，本项不达标" in item_explanation(frozen(county_of()), criterion("G8")).notes[1]
    decided = Decided(judged={"G1": Judged(False, "规划未覆盖新区")})
    judged = item_explanation(frozen(county_of(), NATIONAL, decided), criterion("G1"))
    assert judged.mark.label == "不达标"
    assert step(judged, "督学评定") == "不达标：规划未覆盖新区"


def test_a_supplied_result_shows_its_document_and_that_the_county_cannot_enter_it() -> None:
    supplied = Supplied({"issued": 600, "valid": 500, "satisfied": 425}, "省教育督导〔2026〕3号")
    page = item_explanation(frozen(county_of(), NATIONAL, Decided(supplied={"S1": supplied})), criterion("S1"))
    assert page.mark.label == "达标"
    assert step(page, "认可度") == "425 × 100 ÷ 500 = 85（%） ≥ 85"
    assert step(page, "录入依据") == "省教育督导〔2026〕3号"
    assert {line.form for line in page.sources} == {"省教育督导〔2026〕3号"}
    assert "县不能填报" in page.notes[0]


def test_an_item_met_only_through_a_relaxation_is_exempt_and_says_so() -> None:
    rows = spoiled(0, primary_enrollment=2300, built_year=2008)
    decided = Decided((Grant("R4", "3142000001", AS_OF, AS_OF),))
    facts = frozen(county_of(rows), NATIONAL, decided)
    page = item_explanation(facts, criterion("G4"))
    assert page.mark.label == "豁免"
    assert "只因批准的过渡规定才达标" in page.sentence
    own = school_item_explanation(facts, criterion("G4"), facts.position("3142000001") or 0)
    assert own is not None
    assert "2300 ≤ 2400" in own.sentence
    assert own.articles[1].place.startswith("R4")


def test_an_item_of_a_province_shows_its_condition_in_words_and_both_its_sides() -> None:
    standard = STANDARDS["99-quality-2026"]
    rows = spoiled(1, primary_full_time_teachers=20)
    facts = frozen(county_of(rows), standard)
    page = item_explanation(facts, criterion("X1", standard))
    assert page.formulas[0].startswith("针对的学校：小学在校生数 高于 0")
    assert page.tables[0].rows[0][2].words == "540 ≤ 380：不成立"
    county = item_explanation(facts, criterion("X2", standard))
    assert len(county.steps) == 2
    assert all("：成立" in each.text or "：不成立" in each.text for each in county.steps)


def test_a_school_an_item_does_not_look_at_has_no_such_page() -> None:
    rows = [*builders.good_rows(), builders.special_row()]
    facts = frozen(county_of(rows))
    special = facts.position("3142000007")
    assert special is not None
    assert school_item_explanation(facts, criterion("G5"), special) is None
    assert school_item_explanation(facts, criterion("G1"), 0) is None


def test_open_questions_stand_where_they_touch() -> None:
    def asked(code: str) -> list[str]:
        return [question for question, _ in questions_on(NATIONAL, code)]

    assert any("两种合计" in question for question in asked("G3"))
    for code in ("G3", "G4", "G5", "G9", "Q4"):
        assert any("不足 50 人的教学点" in question for question in asked(code)), code
    assert asked("G6")
    assert not any("不足 50 人的教学点是否纳入" in question for question in asked("G6"))
    assert not asked("G10")


# ── The pages ─────────────────────────────────────────────────────────────────────────────────

Judgeable = Callable[..., Submission]


@pytest.fixture
def judged(standard, clerk, county, tmp_path) -> Judgeable:
    def make(rows: list[builders.Row] | None = None, **options: Any) -> Submission:
        path = builders.write_workbook(tmp_path / "filled.xlsx", rows, **options)
        submission = upload_workbook(clerk, county, 2026, "清河县.xlsx", path.read_bytes())
        run_waiting_jobs()
        submission.refresh_from_db()
        return submission

    return make


@pytest.fixture
def as_clerk(client, clerk) -> Client:
    client.force_login(clerk)
    return client


def pages_of(pk: int, school: str = NINE_YEAR) -> list[str]:
    return [
        reverse("explain_value", args=[pk, school, "PRIMARY", "L4"]),
        reverse("explain_coefficient", args=[pk, "JUNIOR", "L2"]),
        reverse("explain_composite", args=[pk, "PRIMARY"]),
        reverse("explain_item", args=[pk, "G3"]),
        reverse("explain_school_item", args=[pk, "G3", school]),
    ]


def test_an_explanation_exists_for_its_own_county_alone(judged, client, clerk, signer, other_clerk, inspector):
    addresses = pages_of(judged().pk)
    for person, status in ((clerk, 200), (signer, 200), (other_clerk, 404), (inspector, 404)):
        client.force_login(person)
        assert {client.get(address).status_code for address in addresses} == {status}
    client.logout()
    assert {client.get(address).status_code for address in addresses} == {302}


def test_what_is_not_there_is_not_found(judged, as_clerk):
    pk = judged().pk
    for name, args in (
        ("explain_value", (NINE_YEAR, "PRIMARY", "L8")),
        ("explain_value", (NINE_YEAR, "SENIOR", "L1")),
        ("explain_value", ("3142000001", "JUNIOR", "L1")),
        ("explain_value", ("9999999999", "PRIMARY", "L1")),
        ("explain_coefficient", ("primary", "L1")),
        ("explain_coefficient", ("PRIMARY", "G3")),
        ("explain_composite", ("ALL",)),
        ("explain_item", ("G99",)),
        ("explain_school_item", ("G1", NINE_YEAR)),
        ("explain_school_item", ("G3", "9999999999")),
    ):
        assert as_clerk.get(reverse(name, args=[pk, *args])).status_code == 404, (name, args)
    assert as_clerk.post(pages_of(pk)[0]).status_code == 405


def test_a_version_without_a_verdict_has_nothing_to_explain(standard, as_clerk, clerk, county):
    version = upload_workbook(clerk, county, 2026, "坏.xlsx", b"not a workbook")
    run_waiting_jobs()
    assert {as_clerk.get(address).status_code for address in pages_of(version.pk)} == {404}


def links_in(page: str) -> set[str]:
    return {html.unescape(found) for found in re.findall(r'href="(/[^"#]*)', page) if "static" not in found}


def test_every_link_to_and_from_an_explanation_leads_somewhere(judged, as_clerk):
    version = judged([*builders.good_rows(), builders.special_row()])
    starts = {reverse("submission", args=[version.pk]), reverse("school", args=[version.pk, NINE_YEAR])}
    seen, waiting = set[str](), set(starts)
    explained = 0
    while waiting:
        address = waiting.pop()
        seen.add(address)
        answer = as_clerk.get(address)
        assert answer.status_code in (200, 302), address
        # The way back from another page stands in its query.
        is_explanation = "/explain/" in address.partition("?")[0]
        explained += is_explanation
        if is_explanation or address in starts:
            waiting |= {each for each in links_in(answer.content.decode()) if "logout" not in each} - seen
    values, coefficients, composites = (4 + 3) * 7, 2 * 7, 2
    # Seven items look at six schools, the retention of juniors at three, the funds of small schools at one.
    of_schools = 7 * 6 + 3 + 1
    assert explained == values + coefficients + composites + len(NATIONAL.criteria) + of_schools


def test_the_verdict_the_school_and_the_coefficient_page_open_their_figures(judged, as_clerk):
    pk = judged().pk
    verdict = links_in(as_clerk.get(reverse("submission", args=[pk])).content.decode())
    assert {reverse("explain_coefficient", args=[pk, s, f"L{n}"]) for s in Stage for n in range(1, 8)} <= verdict
    assert {reverse("explain_composite", args=[pk, s]) for s in Stage} <= verdict
    assert {reverse("explain_item", args=[pk, each.code]) for each in NATIONAL.criteria} <= verdict
    school = links_in(as_clerk.get(reverse("school", args=[pk, NINE_YEAR])).content.decode())
    assert {reverse("explain_value", args=[pk, NINE_YEAR, s, f"L{n}"]) for s in Stage for n in range(1, 8)} <= school
    who = links_in(as_clerk.get(reverse("coefficient", args=[pk, "PRIMARY", "L1"])).content.decode())
    assert reverse("explain_value", args=[pk, NINE_YEAR, "PRIMARY", "L1"]) in who


def test_a_page_shows_the_cell_of_the_uploaded_workbook_and_what_was_refused_there(judged, as_clerk):
    rows = spoiled(1, primary_backbone_teachers="若干")
    version = judged(rows, figures=builders.good_figures() | {"C15": "很多"})
    cell = builders.cell_of("primary_backbone_teachers", 1)
    page = as_clerk.get(reverse("explain_value", args=[version.pk, "3142000002", "PRIMARY", "L2"])).content.decode()
    assert f"（{cell}）未采用，原填“若干”" in page
    assert reverse("submission_annotated", args=[version.pk]) in page
    item = as_clerk.get(reverse("explain_item", args=[version.pk, "G11"])).content.decode()
    assert f"（{builders.figure_cell('C15')}）未采用，原填“很多”" in item


def test_nothing_typed_in_a_workbook_runs_on_a_page_and_no_page_needs_a_script(judged, as_clerk):
    rows = spoiled(3, name="<script>alert(1)</script>校", primary_backbone_teachers="<img src=x>")
    version = judged(rows)
    for address in [*pages_of(version.pk), reverse("explain_value", args=[version.pk, NINE_YEAR, "PRIMARY", "L2"])]:
        page = as_clerk.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x>" not in page
        main = page[page.index("<main") : page.index("</main>")]
        assert "<script" not in main
        assert "hx-" not in main
        assert "style=" not in main


def test_a_page_asks_the_database_the_same_few_questions_however_many_schools_there_are(
    judged, as_clerk, django_assert_max_num_queries
):
    for rows in (builders.good_rows(), builders.county_rows(1, 60)):
        version = judged(rows)
        school = version.records.filter(school_type=SchoolType.NINE_YEAR).first().code
        for address in pages_of(version.pk, school):
            with django_assert_max_num_queries(11):
                assert as_clerk.get(address).status_code == 200


def test_the_newest_verdict_of_a_version_is_the_one_explained(judged, as_clerk, inspector):
    version = judged()
    first = version.verdicts.get()
    decided = Decided(judged={"G1": Judged(True, "已查阅规划")})
    told = judge_report(report_of(version), NATIONAL, first.as_of, decided)
    Verdict.objects.create(
        submission=version, standard=first.standard, number=2, as_of=first.as_of, decided=decided.canonical(),
        passed=told["passed"], complete=told["complete"], document=json.dumps(told), sha256="0" * 64,
    )  # fmt: skip
    page = as_clerk.get(reverse("explain_item", args=[version.pk, "G1"])).content.decode()
    assert "已查阅规划" in page
