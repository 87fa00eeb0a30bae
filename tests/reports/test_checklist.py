"""The checklist: where every item of a filing stands, who is on it, and that it counts what is there."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evaluation.actions import run_waiting_jobs, upload_workbook
from evaluation.core.items import RULES
from evaluation.evidence_actions import attach_evidence, set_task, withdraw_evidence
from indicators.catalogue import COUNTY_SHEET, FIELD_BY_KEY, SCHOOL_SHEET
from indicators.models import Explanation, Submission
from indicators.problem import Severity
from reports.presenters.checklist import (
    RULE_FIELDS,
    Checklist,
    Filing,
    FoundProblem,
    Line,
    Task,
    VersionState,
    checklist,
    due_words,
    fields_of_criterion,
    fields_of_indicator,
)
from schools.queries import current_school_year
from tests import builders
from tests.indicators.test_evidence_files import pdf

TODAY = datetime.date(2026, 11, 21)
READ = Filing(VersionState.READ, 3)


def line_of(page: Checklist, code: str) -> Line:
    return next(line for group in page.groups for line in group.lines if line.item.code == code)


def error(key: str) -> FoundProblem:
    return FoundProblem(Severity.ERROR, SCHOOL_SHEET, FIELD_BY_KEY[key].header)


def to_explain(key: str, is_explained: bool = False) -> FoundProblem:
    return FoundProblem(Severity.EXPLAIN, SCHOOL_SHEET, FIELD_BY_KEY[key].header, is_explained)


def at_county(severity: Severity, header: str) -> FoundProblem:
    return FoundProblem(severity, COUNTY_SHEET, header)


# ── Where an item stands ──────────────────────────────────────────────────────────────────────

TABLE: dict[str, tuple[str, Filing, str, str]] = {
    "nothing is uploaded": ("L1", Filing(), "缺", "还没有上传数据"),
    "a version waits": ("L1", Filing(VersionState.UNREAD, 2), "缺", "第 2 版还没有处理完"),
    "the file was refused": ("G5", Filing(VersionState.REFUSED, 2), "有误", "无法使用"),
    "everything is there": ("L1", READ, "已交", "数据见第 3 版"),
    "a figure of the item is wrong": (
        "L2", replace(READ, problems=(error("primary_backbone_teachers"),)), "有误", "1 处",
    ),
    "a figure of another item is wrong": (
        "L1", replace(READ, problems=(error("primary_backbone_teachers"),)), "已交", "",
    ),
    "the pupils are wrong": ("L7", replace(READ, problems=(error("junior_enrollment"),)), "有误", "1 处"),
    "a share is wrong": ("L4", replace(READ, problems=(error("senior_enrollment"),)), "有误", "1 处"),
    "a share is wrong that is not split": ("L1", replace(READ, problems=(error("senior_enrollment"),)), "已交", ""),
    "a school's code is wrong": ("G9", replace(READ, problems=(error("code"),)), "有误", "1 处"),
    "a code says nothing about county figures": ("G7", replace(READ, problems=(error("code"),)), "已交", ""),
    "the field that a parameter names is wrong": (
        "G9", replace(READ, problems=(error("trained_teachers"),)), "有误", "",
    ),
    "the field of the sister item is wrong": ("G12", replace(READ, problems=(error("trained_teachers"),)), "已交", ""),
    "a county figure is wrong": (
        "G14", replace(READ, problems=(at_county(Severity.ERROR, "分配名额"),)), "有误", "1 处",
    ),
    "a monitoring figure is wrong": (
        "Q9", replace(READ, problems=(at_county(Severity.ERROR, "校际差异率：科学"),)), "有误", "1 处",
    ),
    "the year of certification is wrong": (
        "P1", replace(READ, problems=(at_county(Severity.ERROR, "基本均衡认定年份"),)), "有误", "1 处",
    ),
    "a header of one sheet on the other": (
        "L1", replace(READ, problems=(at_county(Severity.ERROR, "小学在校生数"),)), "已交", "",
    ),
    "the county's sheet is missing": (
        "Q2", replace(READ, problems=(FoundProblem(Severity.ERROR, COUNTY_SHEET, ""),)), "有误", "1 处",
    ),
    "the county's sheet says nothing of schools": (
        "L1", replace(READ, problems=(FoundProblem(Severity.ERROR, COUNTY_SHEET, ""),)), "已交", "",
    ),
    "the file as a whole is wrong": ("L1", replace(READ, problems=(FoundProblem(Severity.ERROR, "", ""),)), "有误", ""),
    "figures are missing": ("L3", replace(READ, open_codes=frozenset({"L3"})), "缺", "数据不全，无法核算"),
    "wrong weighs more than missing": (
        "L2", replace(READ, open_codes=frozenset({"L2"}), problems=(error("junior_backbone_teachers"),)), "有误", "",
    ),
    "an explanation is missing": ("L6", replace(READ, problems=(to_explain("equipment_value"),)), "待说明", "1 处"),
    "an explanation is given": ("L6", replace(READ, problems=(to_explain("equipment_value", True),)), "已交", ""),
    "one of two explanations is given": (
        "L6", replace(READ, problems=(to_explain("equipment_value", True), to_explain("primary_enrollment"))),
        "待说明", "1 处必须说明",
    ),
    "missing weighs more than unexplained": (
        "L6", replace(READ, open_codes=frozenset({"L6"}), problems=(to_explain("equipment_value"),)), "缺", "",
    ),
    "advice does not count": (
        "L6", replace(READ, problems=(FoundProblem(Severity.WARNING, SCHOOL_SHEET, "教学仪器设备资产值(万元)"),)),
        "已交", "",
    ),
    "evidence is missing": ("G1", READ, "缺", "还没有佐证材料"),
    "evidence is there": ("G1", replace(READ, evidence={"G1": 2}), "已交", "佐证材料 2 份"),
    "evidence stands without any version": ("V3", Filing(evidence={"V3": 1}), "已交", "佐证材料 1 份"),
    "evidence is not of another item": ("G10", replace(READ, evidence={"G1": 2}), "缺", ""),
    "the survey is the province's to enter": (
        "S1", replace(READ, open_codes=frozenset({"S1"})), "待省级录入", "由省级录入，尚未录入",
    ),
    "the survey is there": ("S1", READ, "已交", "省级已录入"),
    "figures and evidence: evidence is missing": ("G8", READ, "缺", "数据见第 3 版；还没有佐证材料"),
    "figures and evidence: figures are missing": (
        "G8", Filing(evidence={"G8": 1}), "缺", "还没有上传数据；佐证材料 1 份",
    ),
    "figures and evidence: both are there": ("G8", replace(READ, evidence={"G8": 1}), "已交", ""),
    "figures and evidence: a figure is wrong": (
        "G15", replace(READ, evidence={"G15": 1}, problems=(at_county(Severity.ERROR, "公办学校就读"),)),
        "有误", "1 处",
    ),
    "the State's results need no file": ("Q9", READ, "已交", "数据见第 3 版"),
    "the State's results are not there": (
        "Q9", replace(READ, open_codes=frozenset({"Q9"}), evidence={"Q9": 1}), "缺", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_an_item_stands_where_its_worse_part_stands(standard_document, name):
    code, filing, label, words = TABLE[name]
    line = line_of(checklist(standard_document, filing, TODAY), code)
    assert line.mark.label == label
    assert words in line.sentence
    expected = {"有误": "error", "待说明": "explain"}.get(label, "")
    assert line.severity == expected


def test_every_rule_a_standard_may_name_says_which_fields_it_reads(standard_document):
    assert {name for name in RULES if name} == set(RULE_FIELDS)
    for criterion in standard_document.criteria:
        # The survey stands in no cell of the workbook.
        rests_on_cells = criterion.rule not in ("", "survey")
        assert bool(fields_of_criterion(criterion)) == rests_on_cells, criterion.code
    for indicator in standard_document.indicators:
        assert {"primary_enrollment", "junior_enrollment", "code"} <= fields_of_indicator(indicator)


def test_the_sentence_counts_every_item_once(standard_document):
    filing = replace(READ, evidence={"G1": 1}, problems=(error("graduates"), to_explain("training_budget")))
    page = checklist(standard_document, filing, TODAY)
    lines = [line for group in page.groups for line in group.lines]
    assert len(lines) == 40
    numbers = [int(n) for n in re.findall(r"(\d+) 项(?:已交|缺|有误|待说明)", page.sentence)]
    assert sum(numbers) == 40
    assert page.sentence.startswith("40 项中 ")
    assert "1 项有误，1 项待说明" in page.sentence
    assert [(g.name, len(g.lines)) for g in page.groups] == [
        ("资源配置", 7), ("政府保障程度", 15), ("教育质量", 9), ("社会认可度", 1), ("一票否决情形", 6), ("申请条件", 2),
    ]  # fmt: skip


def test_a_county_that_handed_in_everything_is_told_so_without_a_word_of_missing(standard_document):
    codes = [criterion.code for criterion in standard_document.criteria]
    page = checklist(standard_document, replace(READ, evidence=dict.fromkeys(codes, 1)), TODAY)
    assert page.sentence == "40 项中 40 项已交。"


@pytest.mark.parametrize(
    ("days", "handed_in", "words"),
    [
        (None, False, "未定期限"),
        (9, False, "还有 9 天"),
        (1, False, "还有 1 天"),
        (0, False, "今天到期"),
        (-2, False, "已超期 2 天"),
        (-2, True, "已交"),
    ],
)
def test_the_time_left_is_said_in_words(days, handed_in, words):
    due = None if days is None else TODAY + datetime.timedelta(days=days)
    assert due_words(due, TODAY, handed_in) == words


def test_only_what_is_not_handed_in_can_be_overdue(standard_document):
    past = TODAY - datetime.timedelta(days=1)
    tasks = {"G1": Task("甲", past), "G2": Task("乙", past), "G10": Task("丙", TODAY)}
    page = checklist(standard_document, Filing(evidence={"G1": 1}, tasks=tasks), TODAY)
    assert page.overdue == 1
    assert "有 1 项已超期" in page.sentence
    assert [line_of(page, code).is_overdue for code in ("G1", "G2", "G10")] == [False, True, False]


# ── The page ──────────────────────────────────────────────────────────────────────────────────

Judged = Callable[..., Submission]


@pytest.fixture
def judged(standard, clerk, county, tmp_path) -> Judged:
    def make(rows: list[builders.Row] | None = None, **options: Any) -> Submission:
        path = builders.write_workbook(tmp_path / "filled.xlsx", rows, **options)
        year = current_school_year()
        submission = upload_workbook(clerk, county, year, "清河县.xlsx", path.read_bytes())
        run_waiting_jobs()
        submission.refresh_from_db()
        return submission

    return make


@pytest.fixture
def as_clerk(client, clerk) -> Client:
    client.force_login(clerk)
    return client


def page_of(client: Client) -> str:
    answer = client.get(reverse("checklist"))
    assert answer.status_code == 200
    return answer.content.decode()


def mark_on(text: str, code: str) -> str:
    row = re.search(rf'<span class="code">{code}</span>.*?</tr>', text, re.S)
    assert row is not None
    found = re.search(r'aria-hidden="true">[^<]*</span>([^<]+)</span>', row[0])
    assert found is not None
    return found[1]


def test_before_anything_is_uploaded_all_of_the_countys_own_is_missing(standard, as_clerk):
    text = page_of(as_clerk)
    assert "40 项中 0 项已交，39 项缺，1 项待省级录入。" in text
    assert "还没有上传过数据" in text


def test_the_page_follows_the_newest_version(judged, as_clerk):
    rows = builders.good_rows()
    rows[0]["primary_backbone_teachers"] = -3
    rows[1]["equipment_value"] = None
    judged(rows)
    text = page_of(as_clerk)
    assert (mark_on(text, "L2"), mark_on(text, "L1"), mark_on(text, "G14")) == ("有误", "已交", "已交")
    assert mark_on(text, "L6") in ("缺", "有误")
    newest = judged()
    text = page_of(as_clerk)
    assert [mark_on(text, f"L{n}") for n in range(1, 8)] == ["已交"] * 7
    assert "数据见第 2 版" in text
    assert reverse("submission", args=[newest.pk]) in text


def test_a_refused_file_makes_every_item_of_figures_wrong_and_no_item_of_evidence(standard, clerk, county, as_clerk):
    upload_workbook(clerk, county, current_school_year(), "甲.xlsx", "不是工作簿".encode())
    assert mark_on(page_of(as_clerk), "L1") == "缺"
    run_waiting_jobs()
    text = page_of(as_clerk)
    assert (mark_on(text, "L1"), mark_on(text, "G14"), mark_on(text, "G1")) == ("有误", "有误", "缺")


def test_results_that_the_state_has_not_supplied_are_missing(judged, as_clerk):
    figures = {code: value for code, value in builders.good_figures().items() if not "C27" <= code <= "C38"}
    judged(figures=figures)
    text = page_of(as_clerk)
    assert (mark_on(text, "Q9"), mark_on(text, "Q2")) == ("缺", "已交")


def test_an_explanation_counts_for_its_own_value_county_and_year(judged, as_clerk, clerk, county, other_county):
    submission = judged()
    problem = submission.problems.create(
        position=900,
        severity=Severity.EXPLAIN,
        rule="equipment.jump",
        sheet=SCHOOL_SHEET,
        header=FIELD_BY_KEY["equipment_value"].header,
        message="与上年相差较大，请说明。",
        fingerprint="f" * 64,
    )
    assert mark_on(page_of(as_clerk), "L6") == "待说明"
    said = {"rule": problem.rule, "text": "新购设备", "written_by": clerk}
    year = submission.school_year
    Explanation.objects.create(county=other_county, school_year=year, fingerprint=problem.fingerprint, **said)
    Explanation.objects.create(county=county, school_year=year - 1, fingerprint=problem.fingerprint, **said)
    Explanation.objects.create(county=county, school_year=year, fingerprint="0" * 64, **said)
    assert mark_on(page_of(as_clerk), "L6") == "待说明"
    Explanation.objects.create(county=county, school_year=year, fingerprint=problem.fingerprint, **said)
    assert mark_on(page_of(as_clerk), "L6") == "已交"


def test_evidence_counts_while_it_stands(standard, clerk, county, as_clerk):
    year, day = current_school_year(), datetime.date(2025, 3, 1)
    evidence, _ = attach_evidence(clerk, county, year, "V3", "a.pdf", pdf(), "县教育局", day, "第1页")
    attach_evidence(clerk, county, year - 1, "V4", "a.pdf", pdf(), "县教育局", day, "第1页")
    text = page_of(as_clerk)
    assert (mark_on(text, "V3"), mark_on(text, "V4")) == ("已交", "缺")
    assert "佐证材料（1 份）" in text
    withdraw_evidence(clerk, evidence)
    assert mark_on(page_of(as_clerk), "V3") == "缺"


def test_the_page_names_the_person_and_the_days_left_and_prints_what_was_typed(standard, clerk, county, as_clerk):
    today = timezone.localdate()
    set_task(clerk, county, current_school_year(), "L1", "王<b>老师", today + datetime.timedelta(days=5))
    set_task(clerk, county, current_school_year(), "L2", "李老师", today - datetime.timedelta(days=3))
    text = page_of(as_clerk)
    for words in ("王&lt;b&gt;老师", "还有 5 天", "已超期 3 天", "李老师", "有 1 项已超期"):
        assert words in text, words
    assert "王<b>" not in text


def test_the_checklist_is_the_countys_own(judged, client, clerk, signer, inspector, other_clerk):
    judged()
    for person, status in ((clerk, 200), (signer, 200), (other_clerk, 200), (inspector, 404)):
        client.force_login(person)
        assert client.get(reverse("checklist")).status_code == status, person
    client.force_login(other_clerk)
    assert "40 项中 0 项已交" in page_of(client)
    client.logout()
    assert client.get(reverse("checklist")).url.startswith(reverse("login"))


def test_the_signer_reads_the_checklist_and_sets_nothing(judged, client, signer):
    judged()
    client.force_login(signer)
    text = page_of(client)
    assert "签报人不维护佐证材料和分工" in text
    assert 'name="task-person"' not in text


def test_every_link_of_the_checklist_leads_somewhere(judged, as_clerk):
    rows = builders.good_rows()
    rows[0]["primary_backbone_teachers"] = -3
    judged(rows)
    links = {
        link.partition("#")[0] for link in re.findall(r'href="(/[^"]*)"', page_of(as_clerk)) if "static" not in link
    }
    assert len(links) > 40
    for link in links:
        assert as_clerk.get(link).status_code == 200, link
    assert reverse("checklist") in as_clerk.get(reverse("workspace")).content.decode()


def test_without_a_loaded_standard_there_is_no_checklist(clerk, client):
    client.force_login(clerk)
    assert client.get(reverse("checklist")).status_code == 404


def test_the_page_costs_the_same_queries_however_much_there_is(
    judged, as_clerk, clerk, county, django_assert_num_queries
):
    judged()
    with django_assert_num_queries(12):
        page_of(as_clerk)
    judged([row | {"primary_backbone_teachers": -3} for row in builders.county_rows(1, 60)])
    for number, code in enumerate(("G1", "G2", "Q3", "V1")):
        set_task(clerk, county, current_school_year(), code, "甲", None)
        content = pdf(tail=b"\n" * number)
        day = datetime.date(2025, 3, 1)
        attach_evidence(clerk, county, current_school_year(), code, "a.pdf", content, "甲", day, "1")
    with django_assert_num_queries(12):
        page_of(as_clerk)
