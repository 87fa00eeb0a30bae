"""What stands in the printed documents: the figures of the pages, in words an office would send."""

from __future__ import annotations

import json
import re

import pytest
from django.db import transaction
from django.test.utils import override_settings
from django.utils import timezone

from evaluation.actions import load_standard
from evaluation.document_making import DocumentKind, maker
from evaluation.models import Certificate, Evaluation, Filing, SendBack, Verdict
from evaluation.published import CountyStanding
from evaluation.workflow import State
from reports.documents import annual_report, county_facts
from reports.documents.case import Case, NothingSigned, case_of
from reports.documents.placeholders import PICTURE, SCHEMAS
from reports.documents.problems import problems
from reports.documents.words import BLANK, date_words, numeral, plain_facts, plain_text
from reports.presenters.verdict import verdict_page
from tests.conftest import STANDARD_PATH
from tests.evaluation.walk import uploaded
from tests.reports.documents import SEAL, Counties, every_document, text_of, texts_in, walked

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def counties(django_db_setup, django_db_blocker):
    hasher = {"PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"]}
    with django_db_blocker.unblock(), override_settings(**hasher), transaction.atomic():
        load_standard(STANDARD_PATH.read_bytes())
        yield walked()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def facts(counties: Counties):
    return every_document(maker(), counties)


def shape(told):
    """What a schema says of facts that are there: names, and what lies in lists."""
    if isinstance(told, dict):
        return {name: shape(each) for name, each in told.items()}
    if isinstance(told, list):
        return [shape(told[0])] if told else []
    return False if isinstance(told, bool) else ""


def fits(told, schema) -> bool:
    """Whether facts have exactly the names of a schema; an empty list fits any."""
    if isinstance(schema, dict):
        names = {name for name, each in schema.items() if each != PICTURE}
        return set(told) == names and all(fits(told[name], schema[name]) for name in names)
    if isinstance(schema, list):
        return isinstance(told, list) and all(fits(each, schema[0]) for each in told)
    return isinstance(told, bool) if schema is False else isinstance(told, str)


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_facts_have_every_name_a_template_may_use_and_no_other(facts, kind):
    assert fits(facts[kind], dict(SCHEMAS[kind])), shape(facts[kind])


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_facts_are_plain_json_and_say_nothing_twice_over(facts, kind):
    text = json.dumps(facts[kind], ensure_ascii=False, allow_nan=False)
    assert "None" not in text
    assert "nan" not in text
    for each in texts_in(facts[kind]):
        assert "。。" not in each, each
        assert "；。" not in each, each


def test_the_coefficients_are_those_of_the_page(counties, facts):
    case = case_of(counties.failing.pk, DocumentKind.OPINION)
    page = verdict_page(json.loads(case.verdict.document), case.standard, {})
    shown = [(s.label, line.code, line.coefficient, line.mean) for s in page.stages for line in s.lines]
    for kind in (DocumentKind.SELF_ASSESSMENT, DocumentKind.OPINION):
        rows = facts[kind]["差异系数表"]
        assert [(row["学段"], row["代码"], row["差异系数"], row["平均值"]) for row in rows] == shown
    assert len(shown) == 14
    assert any(not row["不高于上限"] for row in facts[DocumentKind.OPINION]["差异系数表"])


def test_the_self_assessment_rests_on_what_was_signed_and_the_opinion_on_the_proposal(counties):
    failing = counties.failing
    proposal = failing.proposals.get()
    assert case_of(failing.pk, DocumentKind.SELF_ASSESSMENT).verdict == failing.filing.verdict
    assert case_of(failing.pk, DocumentKind.OPINION).verdict == proposal.verdict


def test_items_stand_in_the_order_of_the_standard_with_their_verdicts(facts):
    told = facts[DocumentKind.SELF_ASSESSMENT]
    assert [row["代码"] for row in told["政府保障"]] == [f"G{n}" for n in range(1, 16)]
    assert [row["代码"] for row in told["教育质量"]] == [f"Q{n}" for n in range(1, 10)]
    found = {row["代码"]: row["结论"] for row in told["政府保障"]}
    assert found["G3"] == "不达标"
    assert found["G1"] == "待评定"
    assert "不达标" in told["政府保障说明"]
    assert "规划布局" in told["待评定说明"]


def test_what_is_open_is_told_neither_as_met_nor_as_missed(facts):
    found = {row["名称"]: row["结论"] for row in facts[DocumentKind.SELF_ASSESSMENT]["维度"]}
    assert found["政府保障程度"] == "不达标"
    assert found["教育质量"] == "待评定"
    assert found["一票否决情形"] == "待评定"


def test_a_short_school_is_told_in_absolute_amounts_with_its_cells(counties, facts):
    case = case_of(counties.failing.pk, DocumentKind.FEEDBACK)
    rows = [row for _, row in county_rows(case) if row.gaps]
    assert rows
    told = {row["差距"] for row in facts[DocumentKind.FEEDBACK]["差距学校"]}
    assert {row.gaps for row in rows} <= told
    words = "".join(each for problem in facts[DocumentKind.FEEDBACK]["问题"] for each in problem["事实"])
    assert re.search(r"差 [0-9.]+ ㎡（单元格 [A-Z]+[0-9]+", words)
    assert "万元教学仪器设备" in facts[DocumentKind.FEEDBACK]["差额合计"]


def county_rows(case):
    return [(code, row) for code in case.by_code for row in case.school(code).rows]


def test_a_problem_names_who_makes_a_coefficient_fail(facts):
    first = facts[DocumentKind.FEEDBACK]["问题"][0]
    assert "校际差距过大" in first["标题"]
    assert first["序号"] == "一"
    assert "占校际差距的" in first["事实"][0]
    assert first["要求"]


def test_a_term_is_named_where_one_was_set_and_left_to_write_where_not(counties, facts):
    assert facts[DocumentKind.FEEDBACK]["期限"] == f"整改期限：{BLANK}"
    deadline = SendBack.objects.get(evaluation=counties.returned).deadline
    told = maker().facts(DocumentKind.FEEDBACK, counties.returned.pk)
    assert told["期限"] == f"整改期限：{date_words(deadline)}"
    assert all(problem["期限"] == told["期限"] for problem in told["问题"])


def test_the_opinion_tells_process_decision_reason_and_questions(counties, facts):
    told = facts[DocumentKind.OPINION]
    assert [row["经办"] for row in told["过程"]] == ["县级", "市级", "省级督学"]
    assert told["过程"][0]["日期"] == date_words(timezone.localdate(counties.failing.filing.signed_at))
    assert told["决定"] == "建议不予认定，待审定。"
    assert told["决定理由"] == "多所学校未达到学校标准。"
    assert told["问答"][0]["问题"] == "请说明专用教室面积的测量依据。"
    assert told["问答"][0]["答复"] == "尚未答复"
    returned = maker().facts(DocumentKind.OPINION, counties.returned.pk)
    assert returned["退回"][0]["理由"] == "请核对运动场地面积。"
    assert maker().facts(DocumentKind.OPINION, counties.published.pk)["决定"] == "同意认定。"


def test_every_school_has_a_plan_with_its_seven_figures(counties):
    found = maker().schools(counties.failing.pk)
    assert [code for code, _ in found] == sorted(code for code, _ in found)
    case = case_of(counties.failing.pk, DocumentKind.SCHOOL_PLAN)
    short = 0
    for code, name in found:
        told = maker().facts(DocumentKind.SCHOOL_PLAN, counties.failing.pk, code)
        assert told["学校名称"] == name
        for stage, row in zip(told["学段"], case.school(code).rows, strict=True):
            assert [line["本校"] for line in stage["指标"]] == [line.cell.text for line in row.lines]
            short += bool(row.gaps)
            assert not row.gaps or told["任务"]
    assert short


def test_a_plan_says_what_part_the_school_has_in_a_coefficient(counties):
    case = case_of(counties.failing.pk, DocumentKind.SCHOOL_PLAN)
    page = case.lost_coefficients[0]
    first = page.lines[0]
    told = maker().facts(DocumentKind.SCHOOL_PLAN, counties.failing.pk, first.code)["差异系数影响"]
    row = next(each for each in told if each["代码"] == page.indicator.code)
    assert (row["本校占比"], row["位次"]) == (first.share, f"1 / {len(page.lines)}")
    assert row["全县差异系数"] == page.coefficient


def test_a_school_that_is_not_in_the_filing_has_no_plan(counties):
    with pytest.raises(KeyError):
        maker().facts(DocumentKind.SCHOOL_PLAN, counties.failing.pk, "0000000000")


def test_the_annual_report_knows_only_what_was_published(counties, facts):
    told = facts[DocumentKind.ANNUAL_REPORT]
    assert [row["代码"] for row in told["县情况"]] == ["990101", "990102", "990103"]
    assert [row["状态"] for row in told["县情况"]] == ["未公布", "未公布", "有效"]
    assert told["本年认定数"] == "1"
    assert len(told["差异系数分布"]) == 14
    record = json.loads(counties.published.certificate.record)
    first = record["results"]["stages"][0]["coefficients"][0]
    assert {told["差异系数分布"][0][name] for name in ("最小", "中位", "最大")} == {first["printed"]}
    # Nothing of a county that is declined or under way: neither its reason nor its figures.
    text = "".join(texts_in(told))
    assert "多所学校未达到学校标准" not in text
    assert "望棠区" in text
    assert maker().province_facts("990000", 2001)["差异系数分布"] == []


def of_standard(found: Certificate, standard: str, decides: str, limit: str) -> Certificate:
    """The same certificate as another standard would have it, not stored."""
    record = json.loads(found.record)
    record["standard"] |= {"code": standard, "name": standard}
    for stage in record["results"]["stages"]:
        stage |= {"decides": decides, "limit": limit}
    return Certificate(evaluation=found.evaluation, record=json.dumps(record))


def test_coefficients_of_two_standards_are_told_apart_each_with_its_own_limit(counties):
    found = counties.published.certificate
    one, two = of_standard(found, "甲", "each", "0.50"), of_standard(found, "乙", "each", "0.45")
    told = annual_report._distribution([one, two, one])
    assert len(told) == 28
    limits = {(row["名称"].rpartition("（")[2], row["学段"], row["上限"], row["县数"]) for row in told}
    assert limits == {("甲）", "小学", "0.50", "2"), ("甲）", "初中", "0.50", "2"),
                      ("乙）", "小学", "0.45", "1"), ("乙）", "初中", "0.45", "1")}  # fmt: skip


def test_where_the_composite_decides_it_has_the_limit_and_the_coefficients_have_none(counties):
    found = counties.published.certificate
    told = annual_report._distribution([of_standard(found, "甲", "composite", "0.65")])
    assert len(told) == 16
    assert {row["上限"] for row in told if row["代码"] != "综合"} == {"——"}
    composites = [row for row in told if row["代码"] == "综合"]
    assert [(row["学段"], row["上限"], row["县数"]) for row in composites] == [
        ("小学", "0.65", "1"), ("初中", "0.65", "1"),
    ]  # fmt: skip
    stage = json.loads(found.record)["results"]["stages"][0]
    assert composites[0]["中位"] == stage["composite_printed"]


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        (State.PUBLISHED, None, "首次公布认定的 1 个"),
        (State.PUBLISHED, State.PUBLISHED, "再次公布认定的 1 个"),
        (State.PUBLISHED, State.REVOKED, "以前学年公布的结果已撤销或取代、本学年重新公布认定的 1 个"),
        (State.REVOKED, State.PUBLISHED, "本学年公布后又撤销或取代的 1 个"),
        (State.REVOKED, None, "本学年公布后又撤销或取代的 1 个"),
        (None, State.PUBLISHED, "以前学年有公布结果、本学年尚未再次公布的 1 个"),
        (None, State.REVOKED, "以前学年公布的结果已撤销或取代、本学年没有公布的 1 个"),
        (None, None, "本学年与以前学年都没有公布的结果"),
    ],
)
def test_what_changed_for_a_county_is_told_once_and_by_what_stands(counties, now, before, words):
    county = counties.published.county
    certificates = [
        {county.pk: Certificate(evaluation=Evaluation(county=county, state=state))} if state else {}
        for state in (now, before)
    ]
    told = annual_report._changes([CountyStanding(county, None, None)], *certificates)
    assert len(told) == 1
    assert told[0].startswith(words)


def test_a_result_that_was_revoked_in_its_own_year_is_not_awaited(counties):
    with transaction.atomic():
        Evaluation.objects.filter(pk=counties.published.pk).update(state=State.REVOKED)
        told = maker().province_facts(counties.province, counties.published.school_year)
        transaction.set_rollback(True)
    assert told["变化"] == ["本学年公布后又撤销或取代的 1 个：棠北县。"]


def test_a_county_that_passes_has_no_problems_and_says_so(counties):
    told = maker().facts(DocumentKind.FEEDBACK, counties.published.pk)
    assert told["问题"] == []
    assert told["差距学校"] == []
    assert told["差额合计"] == "各校各项指标均达到要求，没有差额。"
    filled = text_of(maker().fill(DocumentKind.FEEDBACK, told, None, SEAL))
    assert "没有发现不达标或无法核算的项目" in filled


def test_what_cannot_be_computed_is_said_as_such_and_is_neither_zero_nor_blank(counties):
    county, clerk = counties.returned.county, counties.returned.filing.submission.uploaded_by
    version = uploaded(county, clerk, "cell_missing")
    verdict = Verdict.objects.get(submission=version)
    filing = Filing(evaluation=counties.returned, number="x", submission=version, verdict=verdict, sha256="0" * 64)
    case = Case(filing, verdict)
    unknown = [row for row in county_facts.coefficients(case) if row["差异系数"] == "无法核算"]
    assert [(row["学段"], row["代码"], row["结论"]) for row in unknown] == [("小学", "L3", "无法核算")]
    assert unknown[0]["不高于上限"] is False
    told = problems(case, BLANK)
    assert any("无法核算" in problem["标题"] for problem in told)
    dimension = next(row for row in county_facts.dimensions(case) if row["名称"] == "资源配置：差异系数")
    assert dimension["结论"] == "无法核算"


def test_nothing_is_made_of_what_nobody_signed(counties):
    from schools.models import County

    standard = counties.failing.standard
    draft = Evaluation.objects.create(county=County.objects.get(pk="990101"), school_year=2001, standard=standard)
    with pytest.raises(NothingSigned):
        maker().facts(DocumentKind.SELF_ASSESSMENT, draft.pk)


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_a_document_prints_its_facts_its_number_and_its_hash(facts, kind):
    filled = maker().fill(kind, facts[kind], None, SEAL)
    text = text_of(filled)
    assert SEAL.number in text
    assert SEAL.sha256 in text
    assert SEAL.address in text
    assert "{{" not in text
    assert "{%" not in text
    for row in facts[kind].get("差异系数表", ()):
        assert row["差异系数"] in text
    for row in facts[kind].get("任务", ()):
        assert row["任务"] in text
    assert maker().fill(kind, facts[kind], None, SEAL) == filled


def test_texts_are_made_plain():
    assert plain_text(" 甲\u202e乙\x07\x0c\n丙\ufeff ") == "甲乙 丙"
    assert len(plain_text("长" * 9000)) < 4100
    assert plain_facts({"a": ["x\ty", 1, True, None]}) == {"a": ["x y", 1, True, None]}
    with pytest.raises(TypeError):
        plain_facts({"a": 1.5})


def test_numerals_stand_before_headings():
    assert [numeral(n) for n in (1, 10, 11, 20, 35, 99, 100)] == ["一", "十", "十一", "二十", "三十五", "九十九", "100"]
