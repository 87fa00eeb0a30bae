"""The second step of checking: every rule that looks beyond the workbook, each by one spoiled county."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from evaluation.context import thresholds_of
from evaluation.core.standard import read_standard
from evaluation.demo import demo_county
from indicators.catalogue import COUNTY_ITEM_BY_CODE, COUNTY_SHEET, FIELD_BY_KEY, SCHOOL_SHEET
from indicators.checks.context import Addresses, check_context, in_sheet_order
from indicators.checks.known import Context, RegisteredSchool, Thresholds
from indicators.checks.rules import RULE_GROUPS, RULES
from indicators.problem import Problem, Severity
from indicators.report import CountyReport
from indicators.workbook.read import ReadReport, read_report
from schools.vocabulary import SchoolType, SponsorType, Stage, UrbanRural
from tests.builders import (
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
)
from tests.evaluation.random_counties import random_county

SCHOOL_YEAR = 2026
TOWN, RURAL, JUNIOR, NINE_YEAR, COMPLETE, POINT, SPECIAL, PEER = range(8)
PEERS = range(PEER, PEER + 10)
STANDARD = read_standard(Path(__file__).parents[2] / "fixtures/standards/2017-quality.toml")
LIMITS = thresholds_of(STANDARD)


def county() -> list[Row]:
    """The good county with a special school and ten primary schools much like each other."""
    peers = [
        school_row(f"31420001{n:02d}", f"清河县第{n}小学", SchoolType.PRIMARY_SCHOOL, primary=400 + 10 * n, plenty=1.1)
        for n in range(10)
    ]
    return [*good_rows(), special_row(), *peers]


def figures_of(rows: list[Row]) -> Figures:
    """County figures that go with the schools."""
    pupils = sum(row.get("primary_enrollment", 0) + row.get("junior_enrollment", 0) for row in rows)
    migrants = sum(row.get("migrant_enrollment", 0) for row in rows)
    return good_figures() | {
        "C01": round(pupils / 1000, 2), "C02": round(pupils / 2000, 2), "C15": 300, "C16": 40, "C17": 10,
        "C21": migrants, "C22": migrants - 20, "C23": 10, "C26": 60,
    }  # fmt: skip


def year_before(rows: list[Row]) -> list[Row]:
    """The same county a year ago: every school had a migrant pupil more."""
    return [row | {"migrant_enrollment": row.get("migrant_enrollment", 0) + 1} for row in rows]


@dataclass
class Draft:
    """A good county with its last year and its register, on its way to be spoiled."""

    rows: list[Row] = field(default_factory=county)
    figures: Figures = field(default_factory=lambda: figures_of(county()))
    before: list[Row] = field(default_factory=lambda: year_before(county()))
    figures_before: Figures = field(default_factory=lambda: figures_of(county()))
    register: dict[str, RegisteredSchool] = field(default_factory=lambda: register_of(county()))
    elsewhere: frozenset[str] = frozenset()

    def find(self) -> tuple[ReadReport, tuple[Problem, ...]]:
        found = read(self.rows, self.figures)
        before = read(self.before, self.figures_before).report
        context = Context(SCHOOL_YEAR, before, tuple(self.register.values()), LIMITS, self.elsewhere)
        return found, check_context(found.report, context, Addresses(found.columns, found.figure_cells))

    def both_years(self, position: int, **cells: Any) -> None:
        """Cells that stood there last year too."""
        self.rows[position] |= cells
        self.before[position] |= cells


def read(rows: list[Row], figures: Figures) -> ReadReport:
    return read_report(book_of(deepcopy(rows), figures))


def register_of(rows: list[Row]) -> dict[str, RegisteredSchool]:
    schools = read(rows, good_figures()).report.schools
    return {
        str(s.values["code"]): RegisteredSchool(
            *(s.values[key] for key in ("code", "name", "school_type", "sponsor_type", "urban_rural"))  # type: ignore[arg-type]
        )
        for s in schools
    }


@dataclass(frozen=True)
class Case:
    """How the good county is spoiled, at which cells the rule must speak and with which words; ``also`` are other
    rules that rightly speak about the same slip."""

    spoil: Callable[[Draft], object]
    words: str
    cells: tuple[str, ...]
    sheet: str = SCHOOL_SHEET
    also: frozenset[str] = frozenset()


def school(position: int, key: str, words: str, *also: str, **cells: Any) -> Case:
    """Cells of one school, the same as last year, so that nothing but the rule speaks."""
    return Case(
        lambda draft: draft.both_years(position, **cells), words, (cell_of(key, position),), also=frozenset(also)
    )


def changed(position: int, key: str, words: str, *also: str, **cells: Any) -> Case:
    """Cells of one school that were other last year."""
    return Case(
        lambda draft: draft.before[position].update(cells), words, (cell_of(key, position),), also=frozenset(also)
    )


def figure(code: str, words: str, *also: str, **figures: Any) -> Case:
    """County figures, the same as last year."""

    def spoil(draft: Draft) -> None:
        draft.figures |= figures
        draft.figures_before |= figures

    return Case(spoil, words, (figure_cell(code),), COUNTY_SHEET, frozenset(also))


def registered(position: int, key: str, words: str, *also: str, **particulars: Any) -> Case:
    """The register knows a school otherwise."""
    code = county()[position]["code"]

    def spoil(draft: Draft) -> None:
        old = draft.register[code]
        names = ("code", "name", "school_type", "sponsor_type", "urban_rural", "is_closed")
        draft.register[code] = RegisteredSchool(**{n: particulars.get(n, getattr(old, n)) for n in names})

    return Case(spoil, words, (cell_of(key, position),), also=frozenset(also))


def heap(draft: Draft) -> None:
    for position in PEERS:
        row = draft.rows[position]
        area = round(row["primary_enrollment"] * 7.54 - row["indoor_sports_area"], 2)
        draft.both_years(position, sports_ground_area=area)


def scaled(draft: Draft) -> None:
    for row in draft.before:
        if row.get("primary_enrollment", 0) >= 400:
            row |= {"primary_enrollment": round(row["primary_enrollment"] * 0.78)}


TWINS = {
    f"{stage}_{name}_teachers": count
    for stage in ("primary", "junior")
    for name, count in {
        "full_time": 30, "bachelor": 26, "master": 4, "doctor": 0, "backbone": 6,
        "pe": 4, "music": 3, "fine_art": 3, "arts": 0,
    }.items()
} | {"primary_associate_teachers": 0, "certified_teachers": 60, "trained_teachers": 60}  # fmt: skip
LARGE_POINT = {
    key: value
    for key, value in school_row(
        "0142000006", "柳林镇石桥教学点", SchoolType.TEACHING_POINT, primary=340, place="乡村", plenty=1.2
    ).items()
    if key != "migrant_enrollment"
}
NO_ARTS = {f"primary_{subject}_teachers": 0 for subject in ("pe", "music", "fine_art", "arts")}

CASES: dict[str, Case] = {
    # One school
    "school.name_against_type": Case(
        lambda draft: (
            draft.both_years(JUNIOR, name="清河县东门小学"),
            draft.register.update(register_of(draft.rows)),
        ),
        "像是小学", (cell_of("school_type", JUNIOR),),
    ),
    "point.large": school(POINT, "school_type", "通常不超过 300 人", **LARGE_POINT),
    "classes.over_limit_above_pupils": school(
        POINT, "primary_classes_over_45", "合计至少 92 人", "classes.uneven",
        primary_classes_over_45=2, primary_largest_class=46,
    ),
    "classes.uneven": school(
        RURAL, "primary_largest_class", "平均每班 13.5 人", "peers.class_size",
        primary_classes=40, primary_largest_class=44,
    ),
    "classes.fewer_than_grades": school(
        PEER, "primary_classes", "少于小学年级数 6 个", primary_classes=5, primary_largest_class=80,
        primary_classes_over_45=5,
    ),
    "teachers.ratio": school(
        TOWN, "primary_full_time_teachers", "平均每位教师 63.0 名学生", primary_full_time_teachers=20,
        primary_associate_teachers=0, primary_bachelor_teachers=20, primary_master_teachers=0,
        primary_backbone_teachers=13, primary_pe_teachers=4, primary_music_teachers=2, primary_fine_art_teachers=2,
        certified_teachers=20, trained_teachers=20,
    ),
    "teachers.same_in_both_stages": school(NINE_YEAR, "junior_full_time_teachers", "只能计入一个学段", **TWINS),
    "teachers.few_degrees": school(
        TOWN, "primary_bachelor_teachers", "请核对是否漏填", primary_associate_teachers=0, primary_bachelor_teachers=2,
        primary_master_teachers=0,
    ),
    "arts.none": school(RURAL, "primary_pe_teachers", "都是 0", **NO_ARTS),
    "arts.most_of_teachers": school(RURAL, "primary_pe_teachers", "的一半", primary_pe_teachers=25),
    "arts.counted_twice": school(RURAL, "primary_arts_teachers", "同一人只计一次", primary_arts_teachers=2),
    "arts.shared_without_need": school(
        RURAL, "primary_shared_arts_teachers", "农村小规模", primary_shared_arts_teachers=2
    ),
    "areas.teaching": school(
        JUNIOR, "teaching_area", "核对单位和小数点", teaching_area=120_000.5, indoor_sports_area=0
    ),
    "areas.sports_ground": school(JUNIOR, "sports_ground_area", "平均每人 347.83 ㎡", sports_ground_area=400_000),
    "multimedia.above_classes": school(JUNIOR, "multimedia_rooms", "设备台数", multimedia_rooms=300),
    "rooms.size": school(JUNIOR, "music_room_areas", "960 ㎡", music_room_areas="960;98"),
    "rooms.above_classes": school(
        POINT, "music_room_areas", "填了 7 间", music_room_areas="40;40;40;40;40;40;40", teaching_area=500
    ),
    "rooms.above_teaching_area": school(
        POINT, "teaching_area", "合计 186 ㎡", teaching_area=150, indoor_sports_area=0
    ),
    "built_year.future": school(TOWN, "built_year", "晚于本学年", built_year=2028),
    "funds.per_pupil": school(
        JUNIOR, "funds_budget", "平均每人 22000 元", funds_budget=2530, funds_final=2530, funds_allocated=2530,
        training_budget=130,
    ),
    "funds.final": school(JUNIOR, "funds_final", "相差超过一半", funds_final=10),
    "funds.allocated": school(JUNIOR, "funds_allocated", "相差超过一半", funds_allocated=190),
    "funds.below_norm": school(JUNIOR, "funds_allocated", "108.1 万元", funds_allocated=80),
    "retention.cohort": school(
        JUNIOR, "graduates", "是否填成了全校人数", graduates=800, entrants_three_years_ago=801
    ),
    "retention.transfers": school(JUNIOR, "transferred_in", "的一半", transferred_in=300, transferred_out=190),
    # County figures against schools
    "sums.migrant": figure("C21", "合计", C21=2000, C22=200),
    "sums.migrant_enrolled": figure("C22", "超过各校随迁子女", "sums.migrant", C21=3000, C22=2000),
    "sums.exchange_teachers": figure("C15", "超过各校小学和初中专任教师合计", C15=5000),
    "sums.exchanged_backbone": figure("C17", "骨干教师合计", C15=600, C16=500, C17=400),
    "sums.population": figure("C01", "通常在 3% 至 25%", C01=500),
    "sums.disabled": figure("C24", "5%", C24=900),
    "sums.special_pupils": figure("C12", "少于 C26", C12=20),
    "sums.quota": figure("C18", "毕业班学生数合计", C18=5000),
    "county.certified_future": figure("C39", "晚于本学年", C39=2030),
    "sums.special_without_school": Case(
        lambda draft: (draft.rows.pop(SPECIAL), draft.before.pop(SPECIAL), draft.register.pop("3142000007")),
        "没有特殊教育学校", (figure_cell("C26"),), COUNTY_SHEET,
    ),
    # Register
    "register.name": registered(TOWN, "name", "名录中的名称是“清河县第一小学”", name="清河县第一小学"),
    "register.type": registered(TOWN, "school_type", "名录中是“九年一贯制学校”", school_type=SchoolType.NINE_YEAR),
    "register.sponsor": registered(TOWN, "sponsor_type", "名录中是“民办”", sponsor_type=SponsorType.PRIVATE),
    "register.urban_rural": registered(TOWN, "urban_rural", "名录中是“乡村”", urban_rural=UrbanRural.RURAL),
    "register.closed": registered(TOWN, "code", "已停办", is_closed=True),
    "register.unknown": Case(
        lambda draft: draft.register.pop("3142000001"), "不在本县的学校名录中", (cell_of("code", TOWN),)
    ),
    "register.elsewhere": Case(
        lambda draft: (
            draft.register.pop("3142000001"), setattr(draft, "elsewhere", frozenset({"3142000001"})),
        ),
        "属于另一个县", (cell_of("code", TOWN),),
    ),
    "register.missing": Case(
        lambda draft: draft.register.update(
            {"3142009999": RegisteredSchool(
                "3142009999", "清河县失踪小学", SchoolType.PRIMARY_SCHOOL, SponsorType.PRIVATE, UrbanRural.TOWN
            )}
        ),
        "“清河县失踪小学”（小学）没有填报", ("",),
    ),
    # Last year
    "last_year.pupils": changed(
        PEER, "primary_enrollment", "上年 280 人，增加 43%", primary_enrollment=280, primary_in_zone_enrollment=280
    ),
    "last_year.senior_pupils": changed(COMPLETE, "senior_enrollment", "上年 300 人", senior_enrollment=300),
    "last_year.classes": changed(
        TOWN, "primary_classes", "上年 50 班，减少 40%", primary_classes=50, primary_largest_class=43
    ),
    "last_year.teachers": changed(TOWN, "primary_full_time_teachers", "上年 160 人", primary_full_time_teachers=160),
    "last_year.degrees": changed(
        TOWN, "primary_bachelor_teachers", "小学高于规定学历教师数", primary_bachelor_teachers=20
    ),
    "last_year.backbone": changed(TOWN, "primary_backbone_teachers", "上年 5 人", primary_backbone_teachers=5),
    "last_year.sports_and_arts": changed(TOWN, "primary_pe_teachers", "上年 28 人", primary_pe_teachers=20),
    "last_year.teaching_area": changed(TOWN, "teaching_area", "上年 4000 ㎡", teaching_area=4000),
    "last_year.sports_area": changed(TOWN, "sports_ground_area", "运动场馆面积", sports_ground_area=4000),
    "last_year.equipment": changed(TOWN, "equipment_value", "上年 200 万元", equipment_value=200),
    "last_year.multimedia": changed(TOWN, "multimedia_rooms", "上年 20 间", multimedia_rooms=20),
    "last_year.trend": changed(
        TOWN, "primary_full_time_teachers", "却从 74 人到 86 人", primary_full_time_teachers=74,
        primary_enrollment=1500, primary_associate_teachers=0, primary_in_zone_enrollment=1260, primary_classes=36,
    ),
    "last_year.unchanged": Case(
        lambda draft: draft.before.__setitem__(TOWN, dict(draft.rows[TOWN])), "完全相同", (cell_of("code", TOWN),)
    ),
    "last_year.county_figure": Case(
        lambda draft: draft.figures_before.update(C13=60_000), "C13 义务教育教师年平均工资收入 98600 元，上年 60000 元",
        (figure_cell("C13"),), COUNTY_SHEET,
    ),
    "last_year.county_pupils": Case(scaled, "全县小学和初中在校生合计", ("",)),
    "last_year.built_year": changed(TOWN, "built_year", "上年填的是 1990", built_year=1990),
    "last_year.not_reported": Case(
        lambda draft: draft.before.append(
            school_row("3142000088", "清河县旧小学", SchoolType.PRIMARY_SCHOOL, primary=120)
        ),
        "上年填报的“清河县旧小学”今年没有填报", ("",),
    ),
    # Peers
    "peers.pupils_per_teacher": school(
        PEER, "primary_full_time_teachers", "本县同类学校（镇区小学，300–599 人）", primary_full_time_teachers=9,
        primary_associate_teachers=0, primary_bachelor_teachers=9, primary_master_teachers=0,
        primary_backbone_teachers=6, primary_pe_teachers=2, primary_music_teachers=1, primary_fine_art_teachers=1,
        certified_teachers=9, trained_teachers=9,
    ),
    "peers.class_size": school(
        PEER, "primary_classes", "平均班额约 16 人", primary_classes=25, primary_largest_class=20
    ),
    "peers.teaching_area": school(PEER, "teaching_area", "生均教学及辅助用房面积约", teaching_area=12_000),
    "peers.sports_area": school(PEER, "sports_ground_area", "生均运动场馆面积约", sports_ground_area=20_000),
    "peers.equipment": school(PEER, "equipment_value", "生均教学仪器设备值约", equipment_value=700),
    "peers.multimedia": school(PEER, "multimedia_rooms", "网络多媒体教室数约", multimedia_rooms=39),
    "peers.funds": school(
        PEER, "funds_budget", "生均公用经费预算约", funds_budget=160, funds_final=160, funds_allocated=160
    ),
    # Limits
    "limit.heaped": Case(heap, "超过限值不到 1%", ("",)),
}  # fmt: skip


@pytest.mark.parametrize("rule", CASES)
def test_a_spoiled_county_is_told_at_its_cell(rule: str) -> None:
    draft, case = Draft(), CASES[rule]
    case.spoil(draft)
    found, problems = draft.find()
    assert not [p for p in found.problems if p.severity is Severity.ERROR], [p.message for p in found.problems]
    assert {p.rule for p in problems} == {rule} | case.also, [(p.rule, p.cell, p.message) for p in problems]
    told = [p for p in problems if p.rule == rule]
    assert tuple(p.cell for p in told) == case.cells, [p.message for p in told]
    for problem in told:
        assert problem.severity is RULES[rule].severity
        assert problem.sheet == case.sheet
        assert case.words in problem.message, problem.message
        assert problem.rejects == ()
        known = {f.header for f in FIELD_BY_KEY.values()} | {item.name for item in COUNTY_ITEM_BY_CODE.values()}
        assert problem.header in known


def test_every_rule_in_need_of_context_has_a_case_and_every_case_a_rule() -> None:
    assert sorted(CASES) == sorted(code for code, rule in RULES.items() if rule.needs_context)


def test_no_rule_of_the_second_step_refuses_a_figure() -> None:
    assert not [rule.code for rule in RULES.values() if rule.needs_context and rule.is_error]


def test_there_are_over_a_hundred_rules_each_with_what_it_rests_on_and_a_group() -> None:
    assert len(RULES) >= 100
    assert all(rule.rests_on and rule.group in RULE_GROUPS for rule in RULES.values())


def test_a_good_county_is_told_nothing_in_any_context() -> None:
    found, problems = Draft().find()
    assert found.problems == problems == ()


def test_without_register_last_year_and_limits_nothing_is_said_about_them() -> None:
    found = read(county(), figures_of(county()))
    context = Context(SCHOOL_YEAR, None, (), Thresholds())
    assert check_context(found.report, context, Addresses(found.columns, found.figure_cells)) == ()


@pytest.mark.parametrize(
    "story", ["passes", "six_of_seven", "coefficient_over_by_a_hair", "many_stages", "teaching_points"]
)
def test_the_demo_counties_do_not_drown_in_questions(story: str) -> None:
    for code in ("990101", "990102", "990201", "990301"):
        told = demo_county(code, "示例县", story)
        assert told is not None
        report = CountyReport(told.schools, told.figures)
        assert check_context(report, Context(SCHOOL_YEAR, None, (), LIMITS), Addresses()) == ()


@pytest.mark.parametrize("seed", range(3))
def test_a_large_county_of_every_type_is_told_nothing(seed: int) -> None:
    rows = county_rows(seed)
    found = read(rows, figures_of(rows))
    before = read(year_before(rows), figures_of(rows)).report
    context = Context(SCHOOL_YEAR, before, tuple(register_of(rows).values()), LIMITS)
    addresses = Addresses(found.columns, found.figure_cells)
    problems = check_context(found.report, context, addresses)
    assert [p.message for p in problems] == []


def test_more_problems_than_anybody_reads_are_counted_and_not_listed(monkeypatch) -> None:
    monkeypatch.setattr("indicators.checks.context.MOST_PROBLEMS", 2)
    draft = Draft()
    for position in PEERS:
        draft.both_years(position, built_year=2050)
    told = draft.find()[1]
    assert [p.rule for p in told] == ["problems.too_many", "built_year.future", "built_year.future"]
    assert "另有 8 处" in told[0].message


def test_small_numbers_do_not_fire() -> None:
    draft = Draft()
    draft.before[POINT] |= {"primary_enrollment": 40, "primary_full_time_teachers": 8, "primary_classes": 5}
    assert draft.find()[1] == ()


def test_fewer_than_eight_peers_are_no_measure() -> None:
    draft = Draft()
    for rows in (draft.rows, draft.before):
        del rows[PEER + 6 :]
        rows[PEER] |= {"equipment_value": 900}
    del draft.figures["C21"], draft.figures["C22"]
    draft.register = {}
    assert "peers.equipment" not in {p.rule for p in draft.find()[1]}


def test_where_a_place_has_too_few_peers_those_of_all_places_are_the_measure() -> None:
    draft = Draft()
    for position in PEERS:
        draft.both_years(position, urban_rural="镇区" if position % 2 else "乡村")
    draft.both_years(PEER, equipment_value=700)
    draft.register = {}
    [told] = draft.find()[1]
    assert told.rule == "peers.equipment"
    assert "（小学，300–599 人）" in told.message


def test_a_sum_of_which_a_part_is_missing_says_nothing() -> None:
    draft = Draft()
    draft.rows[TOWN] |= {"primary_full_time_teachers": None}
    draft.figures |= {"C15": 5000}
    draft.figures_before |= {"C15": 5000}
    assert "sums.exchange_teachers" not in {p.rule for p in draft.find()[1]}


def test_a_workbook_whose_schools_are_in_doubt_is_not_summed_up() -> None:
    draft = Draft()
    draft.rows[RURAL] |= {"code": draft.rows[TOWN]["code"]}
    draft.figures |= {"C15": 5000}
    draft.figures_before |= {"C15": 5000}
    found, problems = draft.find()
    assert not found.report.is_population_certain
    assert "sums.exchange_teachers" not in {p.rule for p in problems}


def test_a_heap_needs_hardly_anyone_just_below() -> None:
    draft = Draft()
    heap(draft)
    for position in list(PEERS)[:4]:
        row = draft.rows[position]
        area = round(row["primary_enrollment"] * 7.46 - row["indoor_sports_area"], 2)
        draft.both_years(position, sports_ground_area=area)
    assert draft.find()[1] == ()


def test_an_assets_value_is_shared_by_weight_before_it_is_laid_beside_a_limit() -> None:
    limit = next(t for t in LIMITS.limits if t.code == "L5" and t.stage is Stage.JUNIOR)
    assert (limit.limit, limit.is_shared) == (10.2, True)
    assert LIMITS.weights[1] / LIMITS.weights[0] == pytest.approx(1.1)


def test_both_steps_are_told_in_the_order_of_the_workbook() -> None:
    draft = Draft()
    draft.rows[RURAL] |= {"primary_pe_teachers": None}
    draft.figures |= {"C16": 9999}
    draft.rows[TOWN] |= {"built_year": 2028}
    draft.before[TOWN] |= {"built_year": 2028}
    draft.rows[JUNIOR] |= {"multimedia_rooms": 300}
    draft.before[JUNIOR] |= {"multimedia_rooms": 300}
    draft.figures |= {"C39": 2030}
    found, problems = draft.find()
    told = in_sheet_order(found.problems, problems)
    assert [p.rule for p in told] == [
        "built_year.future", "cell.missing", "multimedia.above_classes", "county.rotation", "county.certified_future",
    ]  # fmt: skip


def test_a_message_names_no_row_so_that_an_explanation_survives_a_moved_row() -> None:
    draft = Draft()
    CASES["multimedia.above_classes"].spoil(draft)
    [told] = draft.find()[1]
    for rows in (draft.rows, draft.before):
        rows.reverse()
    [moved] = draft.find()[1]
    assert told.cell != moved.cell
    assert told.fingerprint == moved.fingerprint


def test_no_county_whatever_it_reports_breaks_the_second_step() -> None:
    letters = dict.fromkeys(FIELD_BY_KEY, "A")
    for seed in range(200):
        report, before = random_county(seed), random_county(seed + 1)
        register = tuple(
            RegisteredSchool(
                str(s.values.get("code")),
                "甲校",
                SchoolType.NINE_YEAR,
                SponsorType.PRIVATE,
                UrbanRural.TOWN,
                bool(n % 5),
            )
            for n, s in enumerate(before.schools)
        )
        context = Context(SCHOOL_YEAR, before, register, LIMITS)
        for columns in (letters, {}):
            for problem in check_context(report, context, Addresses(columns)):
                assert RULES[problem.rule].needs_context
                assert problem.severity is not Severity.ERROR
                assert problem.message
                assert len(problem.fingerprint) == 64
