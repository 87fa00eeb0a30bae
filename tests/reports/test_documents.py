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
from evaluation.models import Certificate, Evaluation, Filing, PublicationRule, SendBack, Verdict
from evaluation.models.publication import MOST_FEWEST_PUPILS
from evaluation.published import PUBLIC_KINDS, CountyStanding, hidden_schools
from evaluation.workflow import State
from reports.documents import annual_report, county_facts
from reports.documents.case import Case, NothingSigned, case_of
from reports.documents.placeholders import PICTURE, SCHEMAS
from reports.documents.problems import problems, short_schools, stage_rows
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


def test_the_opinion_tells_process_decision_reason_and_counts_questions(counties, facts):
    told = facts[DocumentKind.OPINION]
    assert [row["经办"] for row in told["过程"]] == ["县级", "市级", "省级督学"]
    assert told["过程"][0]["日期"] == date_words(timezone.localdate(counties.failing.filing.signed_at))
    assert told["决定"] == "建议不予认定，待审定。"
    assert told["决定理由"] == "多所学校未达到学校标准。"
    asked = date_words(timezone.localdate(counties.failing.questions.get().asked_at))
    assert told["问答"] == f"{asked}，督学共提出 1 个问题，已答复 0 个，尚未答复 1 个。"
    returned = maker().facts(DocumentKind.OPINION, counties.returned.pk)
    (sent,) = returned["退回"]
    assert (sent["轮次"], sent["单位"], sent["处数"], sent["状态"]) == ("第一次", "市级复核", "1 处", "尚未重新签报")
    assert sent["期限"] == date_words(SendBack.objects.get(evaluation=counties.returned).deadline)
    assert returned["问答"] == "评估中没有提问。"
    assert maker().facts(DocumentKind.OPINION, counties.published.pk)["决定"] == "同意认定。"


def test_what_was_said_between_the_office_and_the_county_is_in_no_document_for_everybody(counties, facts):
    for kind in PUBLIC_KINDS:
        text = "".join(texts_in(facts[kind]))
        assert "请说明专用教室面积的测量依据" not in text
        text = "".join(texts_in(maker().facts(kind, counties.returned.pk)))
        assert "请核对运动场地面积" not in text


@pytest.fixture
def hidden(counties):
    """The schools of the failing county that are hidden under the strictest rule a province may set."""
    verdict = case_of(counties.failing.pk, DocumentKind.OPINION).verdict
    chief = counties.failing.proposals.get().proposed_by
    PublicationRule.objects.create(province_id=counties.province, fewest_pupils=MOST_FEWEST_PUPILS, set_by=chief)
    return hidden_schools(verdict, MOST_FEWEST_PUPILS)


@pytest.mark.parametrize("kind", list(PUBLIC_KINDS))
def test_a_document_for_everybody_names_no_school_that_the_page_hides(counties, facts, hidden, kind):
    case = case_of(counties.failing.pk, kind)
    names = {case.school(code).name for code in hidden}
    assert names
    assert any(name in each for each in texts_in(facts[kind]["问题"]) for name in names)
    told = maker().facts(kind, counties.failing.pk)
    assert not [each for each in texts_in(told) for name in names if name in each]
    assert fits(told, dict(SCHEMAS[kind]))
    # Counted all the same, and the figures of the county stay.
    note = re.compile(r"另有 ([0-9]+) 所在校生较少或可借以推算其数据的学校不单独列出。")
    assert any(note.fullmatch(each) for problem in told["问题"] for each in problem["事实"])
    assert [row["标题"] for row in told["问题"]] == [row["标题"] for row in facts[kind]["问题"]]
    for name in ("差异系数表", "差额合计", "学段", "维度"):
        assert told.get(name) == facts[kind].get(name)
    if "差距学校" in told:
        left_out = {row["学校"] for row in facts[kind]["差距学校"]} - {row["学校"] for row in told["差距学校"]}
        assert bool(left_out) is bool(note.fullmatch(told["差距学校说明"]))
        assert facts[kind]["差距学校说明"] == ""


def test_a_hidden_school_that_falls_short_is_counted_and_not_named(counties):
    case = case_of(counties.failing.pk, DocumentKind.FEEDBACK)
    everybody, note = short_schools(case, frozenset())
    assert everybody
    assert note == ""
    of_first = {page.code for page, _ in stage_rows(case) if page.name == everybody[0]["学校"]}
    shown, note = short_schools(case, of_first)
    assert shown == [row for row in everybody if row["学校"] != everybody[0]["学校"]]
    assert f"另有 {len(of_first)} 所" in note
    told = maker().facts(DocumentKind.FEEDBACK, counties.failing.pk) | {"差距学校": shown, "差距学校说明": note}
    assert note in text_of(maker().fill(DocumentKind.FEEDBACK, told, None, SEAL))


def test_a_coefficient_gives_no_hidden_school_away(counties, hidden):
    case = case_of(counties.failing.pk, DocumentKind.FEEDBACK)
    told = {row["标题"]: row for row in problems(case, BLANK, hidden)}
    for page in case.lost_coefficients:
        assert {line.code for line in page.lines} & hidden
        row = told[f"{page.stage.label} {page.indicator.code} {page.indicator.short_name}校际差距过大"]
        assert "所学校占差距的" not in row["内容"]
        assert page.coefficient in row["内容"]
        if {lift.code for lift in page.lifts} & hidden:
            assert not [each for each in row["事实"] if "补齐后差异系数降到" in each]
            assert row["要求"] == f"缩小校际差距，使差异系数不高于 {page.limit}。"


def test_a_plan_keeps_the_figures_of_a_school_that_is_hidden(counties, hidden):
    code = min(hidden & set(dict(maker().schools(counties.failing.pk))))
    case = case_of(counties.failing.pk, DocumentKind.SCHOOL_PLAN)
    told = maker().facts(DocumentKind.SCHOOL_PLAN, counties.failing.pk, code)
    shown = [[line["本校"] for line in stage["指标"]] for stage in told["学段"]]
    assert shown == [[line.cell.text for line in row.lines] for row in case.school(code).rows]


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
    told = problems(case, BLANK, ())
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
