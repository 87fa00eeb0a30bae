"""What the province decides: who may, what is refused and why, and that every verdict holds all of it."""

from __future__ import annotations

import datetime
import io
import json
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from openpyxl import Workbook

from evaluation import actions, judging
from evaluation.assigning import assign
from evaluation.decisions import (
    grant_relaxation,
    judge_item,
    judged_items,
    supply_monitoring,
    supply_survey,
    withdraw_relaxation,
)
from evaluation.models import (
    Evaluation,
    Event,
    ItemJudgement,
    Job,
    JobState,
    RelaxationGrant,
    SuppliedResult,
    Verdict,
)
from evaluation.permissions import Refused, why_not_judge_item
from evaluation.workflow import State
from indicators.models import Submission
from schools.actions import add_division, appoint, close_school, register_schools
from schools.models import County, Division, School, User
from schools.vocabulary import DivisionLevel, Party, SchoolType, SponsorType, UrbanRural
from tests.conftest import PASSWORD
from tests.evaluation.reviewing import city_reviewer, forwarded, sent_back
from tests.evaluation.walk import explained, sign
from tests.indicators.test_evidence_files import pdf

TODAY = timezone.localdate()
DAY = datetime.timedelta(days=1)
FILE = ("批文.pdf", pdf())
SURVEY = {
    "issued": 1000, "valid": 900, "satisfied": 800,
    "parents_issued": 500, "parents_valid": 450, "parents_satisfied": 400,
}  # fmt: skip
MONITORING: dict[str, int | Decimal] = {f"C{n}": 3 for n in range(27, 33)} | {
    f"C{n}": Decimal("0.12") for n in range(33, 39)
}


@pytest.fixture
def chief(county: County) -> User:
    return appoint("chief", "审定人甲", Party.CHIEF, Division.objects.get(pk="990000"), PASSWORD)


@pytest.fixture
def inspector(inspector: User, county: County, chief: User) -> User:
    """The one who answers for the county."""
    assign(chief, county, inspector, "分工", None)
    return inspector


@pytest.fixture
def school(county: County) -> School:
    """The school of 64 pupils in the story, as the register keeps it."""
    school = School(
        code="9901010017", name="望棠区山口教学点", county=county, school_type=SchoolType.TEACHING_POINT,
        sponsor_type=SponsorType.COUNTY_EDUCATION, urban_rural=UrbanRural.RURAL,
    )  # fmt: skip
    register_schools([school])
    return school


@pytest.fixture
def judged(uploaded: Submission) -> Submission:
    assert actions.run_waiting_jobs() == 1
    uploaded.refresh_from_db()
    return uploaded


@pytest.fixture
def reviewed(judged: Submission, clerk: User, signer: User, inspector: User, county: County) -> Submission:
    """The same signed, forwarded and with the inspector."""
    return with_the_province(judged, clerk, signer, county)


def with_the_province(version: Submission, clerk: User, signer: User, county: County) -> Submission:
    explained(clerk, version)
    forwarded(sign(county, signer, version.school_year).evaluation, city_reviewer(name="forwards"))
    return version


def grant(user: User, school: School, **changed: Any) -> RelaxationGrant:
    said = {
        "relaxation": "R1",
        "valid_from": TODAY,
        "valid_until": TODAY + 30 * DAY,
        "reason": "教师走教",
        "file": FILE,
    }
    return grant_relaxation(user, school.county, 2026, school, **(said | changed))


def result_of(version: Submission) -> dict[str, Any]:
    return json.loads(version.verdicts.first().document)


# ── Judging again ─────────────────────────────────────────────────────────────────────────────


def test_a_judged_item_gives_the_second_verdict_with_the_opinion_in_it(reviewed, inspector, county):
    first = reviewed.verdicts.get()
    judge_item(inspector, county, 2026, "G1", True, " 查阅规划文件，布局合理。 ")
    second = reviewed.verdicts.first()
    assert (first.number, second.number, second.as_of) == (1, 2, TODAY)
    assert (json.loads(first.document)["criteria"]["G1"]["status"], first.decided) == ("to_judge", "")
    told = result_of(reviewed)["criteria"]["G1"]
    assert (told["status"], told["opinion"]) == ("met", "查阅规划文件，布局合理。")
    assert "查阅规划文件" in second.decided
    assert second.findings.get(code="G1").status == "met"


def test_the_same_word_again_is_kept_but_is_no_new_verdict(reviewed, inspector, county):
    for _ in range(2):
        judge_item(inspector, county, 2026, "G1", True, "布局合理。")
    assert ItemJudgement.objects.count() == 2
    assert reviewed.verdicts.count() == 2


def test_the_newest_word_counts_and_the_one_before_stays(reviewed, inspector, county):
    judge_item(inspector, county, 2026, "V1", True, "未发现。")
    judge_item(inspector, county, 2026, "V1", False, "核实一所学校以考试方式招生。")
    assert result_of(reviewed)["criteria"]["V1"]["status"] == "not_met"
    assert reviewed.verdicts.first().passed is False
    assert [row.is_met for row in ItemJudgement.objects.order_by("pk")] == [True, False]


def test_a_decision_of_another_year_or_county_changes_nothing(judged, inspector, chief, county, other_county):
    assign(chief, other_county, inspector, "分工", None)
    supply_survey(inspector, county, 2025, SURVEY, "上一年。", TODAY)
    supply_survey(inspector, other_county, 2026, SURVEY, "别的县。", TODAY)
    assert judged.verdicts.count() == 1


def test_what_was_decided_before_the_first_upload_is_in_its_first_verdict(
    standard, inspector, clerk, county, story_workbook
):
    supply_survey(inspector, county, 2026, SURVEY, "省调查报告", TODAY)
    assert not Verdict.objects.exists()
    version = actions.upload_workbook(clerk, county, 2026, "a.xlsx", story_workbook("passes"))
    actions.run_waiting_jobs()
    assert version.verdicts.get().number == 1
    assert result_of(version)["criteria"]["S1"]["status"] == "met"


def test_with_everything_judged_and_supplied_the_county_passes(reviewed, inspector, county, standard_document):
    for item in judged_items(standard_document):
        judge_item(inspector, county, 2026, item.code, True, "符合要求。")
    supply_survey(inspector, county, 2026, SURVEY, "省调查报告", TODAY)
    newest = reviewed.verdicts.first()
    assert (newest.passed, newest.complete) == (True, True)
    supply_survey(inspector, county, 2026, SURVEY | {"satisfied": 764}, "更正的调查报告", TODAY)
    assert reviewed.verdicts.first().passed is False
    assert result_of(reviewed)["criteria"]["S1"]["document"] == f"更正的调查报告（{TODAY}）"


def test_monitoring_takes_the_place_of_what_the_county_reported(judged, inspector, county):
    assert result_of(judged)["criteria"]["Q9"]["status"] == "met"
    supply_monitoring(inspector, county, 2026, MONITORING | {"C29": 2}, "监测报告", TODAY)
    told = result_of(judged)["criteria"]["Q9"]
    assert (told["status"], told["document"]) == ("not_met", f"监测报告（{TODAY}）")


def test_a_decision_during_a_running_job_is_not_lost(uploaded, inspector, county, monkeypatch):
    judge = actions.judge_report

    def decide_meanwhile(*arguments: Any) -> dict[str, Any]:
        result = judge(*arguments)
        if not SuppliedResult.objects.exists():
            supply_survey(inspector, county, 2026, SURVEY, "核算期间录入。", TODAY)
        return result

    monkeypatch.setattr(actions, "judge_report", decide_meanwhile)
    assert actions.run_waiting_jobs() == 1
    assert not Verdict.objects.exists(), "a verdict without the decision was stored"
    assert uploaded.jobs.get().state == JobState.WAITING
    Job.objects.update(not_before=None)
    assert actions.run_waiting_jobs() == 1
    assert result_of(uploaded)["criteria"]["S1"]["status"] == "met"
    assert uploaded.verdicts.get().number == 1


def test_where_judging_fails_the_decision_is_not_kept_either(reviewed, inspector, county, monkeypatch):
    def fail(*arguments: Any) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(judging, "findings_of", fail)
    with pytest.raises(RuntimeError):
        judge_item(inspector, county, 2026, "G1", True, "布局合理。")
    assert not ItemJudgement.objects.exists()
    assert reviewed.verdicts.count() == 1


# ── Relaxations ───────────────────────────────────────────────────────────────────────────────


def test_a_granted_relaxation_is_in_the_verdict_with_its_effect(judged, chief, school):
    grant(chief, school)
    told = result_of(judged)
    assert told["relaxations"] == [
        {"code": school.code, "name": school.name, "relaxation": "R1", "works": True},
    ]
    assert "without_relaxations" in told


def test_a_grant_is_used_to_its_last_day_and_not_at_the_next_computation_after(
    judged, chief, inspector, school, county, monkeypatch
):
    grant(chief, school, valid_until=TODAY + DAY)
    last, after = TODAY + DAY, TODAY + 2 * DAY
    for day, opinion, is_used in ((last, "最后一天。", True), (after, "过期之后。", False)):
        monkeypatch.setattr(judging.timezone, "localdate", lambda day=day: day)
        supply_survey(inspector, county, 2026, SURVEY, opinion, TODAY)
        assert ("relaxations" in result_of(judged)) is is_used
        assert judged.verdicts.first().as_of == day


def test_a_withdrawn_relaxation_no_longer_counts_and_stays_on_record(judged, chief, school):
    granted = grant(chief, school)
    withdraw_relaxation(chief, granted, 2026, "学校已并入中心校。")
    assert "relaxations" not in result_of(judged)
    assert judged.verdicts.count() == 3
    granted.refresh_from_db()
    assert (granted.withdrawn_by, granted.withdrawn_because) == (chief, "学校已并入中心校。")
    with pytest.raises(Refused, match="已经撤回"):
        withdraw_relaxation(chief, granted, 2026, "再撤一次。")
    assert grant(chief, school).pk != granted.pk


def test_the_database_holds_one_standing_grant_a_school_and_relaxation(standard, chief, school):
    granted = grant(chief, school)
    granted.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        granted.save()


@pytest.mark.django_db(transaction=True)
def test_of_two_grants_at_once_one_is_refused_in_words(standard, chief, school):
    answers: list[str] = []
    ready = threading.Barrier(2)

    def one() -> None:
        try:
            ready.wait(10)
            grant(chief, school)
            answers.append("granted")
        except Refused as refusal:
            answers.append(str(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == ["granted", f"{school.name}已有有效的 R1。如需改动，请先撤回原来的。"]


@pytest.mark.django_db(transaction=True)
def test_two_decisions_at_once_are_both_in_the_newest_verdict(
    standard, clerk, signer, inspector, county, story_workbook
):
    version = actions.upload_workbook(clerk, county, 2026, "a.xlsx", story_workbook("passes"))
    actions.run_waiting_jobs()
    version.refresh_from_db()
    with_the_province(version, clerk, signer, county)
    failed: list[BaseException] = []
    ready = threading.Barrier(3)

    def one(code: str) -> None:
        try:
            ready.wait(10)
            judge_item(inspector, county, 2026, code, True, "符合要求。")
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=[code]) for code in ("G1", "G10", "Q3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    told = result_of(version)["criteria"]
    assert {told[code]["status"] for code in ("G1", "G10", "Q3")} == {"met"}
    assert [verdict.number for verdict in version.verdicts.all()] == [4, 3, 2, 1]


# ── Refusals in words ─────────────────────────────────────────────────────────────────────────

ITEM: list[tuple[dict[str, Any], str]] = [
    ({"criterion": "G3"}, "由数据核算或由省级录入"),
    ({"criterion": "Q9"}, "由数据核算或由省级录入"),
    ({"criterion": "X1"}, "由数据核算或由省级录入"),
    ({"opinion": "  "}, "写明评定意见"),
    ({"opinion": "长" * 2001}, "有 2001 个字，最多 2000 个字"),
]


@pytest.mark.parametrize(("changed", "words"), ITEM)
def test_a_judgement_that_says_too_little_or_of_the_wrong_item_is_refused(reviewed, inspector, county, changed, words):
    said = {"criterion": "G1", "is_met": True, "opinion": "布局合理。"} | changed
    with pytest.raises(Refused, match=words):
        judge_item(inspector, county, 2026, **said)
    assert not ItemJudgement.objects.exists()


SURVEYS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"valid": 1001}, {}, "有效问卷不能多于发放问卷"),
    ({"satisfied": 901}, {}, "满意问卷不能多于有效问卷"),
    ({"issued": -1}, {}, "不能是负数"),
    ({"visited": 5}, {}, "要一起填写"),
    ({"visited": 5, "visited_satisfied": 6}, {}, "走访满意人数不能多于走访人数"),
    ({"parents_issued": 1001}, {}, "家长的数（1001）不能超过全部的数（1000）"),
    ({"pupils": 5}, {}, "没有这一项调查结果"),
    ({}, {"document": " "}, "出自哪份文件"),
    ({}, {"issued_on": TODAY + DAY}, "不能晚于今天"),
    ({}, {"file": ("a.pdf", b"MZ not a document")}, "程序"),
]


@pytest.mark.parametrize(("figures", "changed", "words"), SURVEYS)
def test_a_survey_that_contradicts_itself_is_refused(standard, inspector, county, figures, changed, words):
    said = {"figures": SURVEY | figures, "document": "省调查报告", "issued_on": TODAY} | changed
    with pytest.raises(Refused, match=words):
        supply_survey(inspector, county, 2026, **said)
    assert not SuppliedResult.objects.exists()


@pytest.mark.parametrize("missing", ["issued", "parents_satisfied"])
def test_a_survey_without_a_figure_names_it(standard, inspector, county, missing):
    figures = {name: value for name, value in SURVEY.items() if name != missing}
    with pytest.raises(Refused, match=r"请填写(全部|家长)的"):
        supply_survey(inspector, county, 2026, figures, "省调查报告", TODAY)


RESULTS: list[tuple[dict[str, Any], str]] = [
    ({"C27": 0}, "质量监测等级：语文应为Ⅰ至Ⅴ"),
    ({"C27": 6}, "质量监测等级：语文应为Ⅰ至Ⅴ"),
    ({"C33": Decimal("-0.1")}, "校际差异率：语文应为小数"),
    ({"C33": Decimal("0.1234567")}, "最多六位小数"),
]


@pytest.mark.parametrize(("changed", "words"), RESULTS)
def test_monitoring_results_out_of_range_are_refused(standard, inspector, county, changed, words):
    with pytest.raises(Refused, match=words):
        supply_monitoring(inspector, county, 2026, MONITORING | changed, "监测报告", TODAY)


def test_monitoring_is_entered_whole_or_not_at_all(standard, inspector, county):
    results = {code: value for code, value in MONITORING.items() if code != "C38"}
    with pytest.raises(Refused, match="还缺：校际差异率：德育"):
        supply_monitoring(inspector, county, 2026, results, "监测报告", TODAY)


GRANTS: list[tuple[dict[str, Any], str]] = [
    ({"relaxation": "R9"}, "没有这一项过渡规定"),
    ({"reason": " "}, "授予的理由"),
    ({"valid_until": TODAY - DAY}, "截止日期早于起始日期"),
    ({"valid_from": datetime.date(2018, 12, 31)}, "自 2019-01-01 起施行"),
    ({"relaxation": "R3", "valid_until": TODAY.replace(year=TODAY.year + 4)}, "不能超过 3 年"),
    ({"file": ("批文.exe", pdf())}, "扩展名"),
]


@pytest.mark.parametrize(("changed", "words"), GRANTS)
def test_a_grant_the_rules_do_not_allow_is_refused(standard, chief, school, changed, words):
    with pytest.raises(Refused, match=words):
        grant(chief, school, **changed)
    assert not RelaxationGrant.objects.exists()


def test_only_open_schools_of_the_county_are_granted_a_relaxation(standard, chief, school, other_county):
    with pytest.raises(Refused, match="本县在办的学校"):
        grant_relaxation(chief, other_county, 2026, school, "R1", TODAY, TODAY, "走教", FILE)
    close_school(school, TODAY)
    school.refresh_from_db()
    with pytest.raises(Refused, match="本县在办的学校"):
        grant(chief, school)


PEOPLE: dict[str, set[str]] = {
    "clerk": set(), "signer": set(), "city": set(), "steward": set(), "inspector_elsewhere": set(),
    "chief_elsewhere": set(), "inspector": {"judge", "supply"}, "chief": {"supply", "grant"},
}  # fmt: skip


@pytest.fixture
def people(county: County, clerk: User, signer: User, inspector: User, chief: User) -> dict[str, User]:
    province, city = Division.objects.get(pk="990000"), Division.objects.get(pk="990100")
    add_division("980000", "别省", DivisionLevel.PROVINCE)
    elsewhere = Division.objects.get(pk="980000")
    return {
        "clerk": clerk, "signer": signer, "inspector": inspector, "chief": chief,
        "city": appoint("city", "市级甲", Party.CITY_REVIEWER, city, PASSWORD),
        "steward": appoint("steward", "管理员甲", Party.STEWARD, province, PASSWORD),
        "inspector_elsewhere": appoint("inspector2", "督学乙", Party.INSPECTOR, elsewhere, PASSWORD),
        "chief_elsewhere": appoint("chief2", "审定人乙", Party.CHIEF, elsewhere, PASSWORD),
    }  # fmt: skip


@pytest.mark.parametrize("name", PEOPLE)
def test_each_decision_is_for_its_own_person_alone(reviewed, people, school, county, name):
    user = people[name]
    attempts: dict[str, Callable[[], object]] = {
        "judge": lambda: judge_item(user, county, 2026, "G1", True, "布局合理。"),
        "supply": lambda: supply_survey(user, county, 2026, SURVEY, "省调查报告", TODAY),
        "grant": lambda: grant(user, school),
    }
    for what, attempt in attempts.items():
        if what in PEOPLE[name]:
            attempt()
        else:
            with pytest.raises(Refused, match="省级"):
                attempt()


def test_a_name_with_a_path_keeps_its_last_part_alone(standard, chief, school):
    book = io.BytesIO()
    Workbook().save(book)
    assert grant(chief, school, file=("C:\\材料\\申请.xlsx", book.getvalue())).filename == "申请.xlsx"


# ── When: what a state allows ─────────────────────────────────────────────────────────────────


def test_items_are_judged_by_whom_the_county_was_assigned_to_while_the_province_reviews(
    judged, clerk, signer, inspector, chief, county
):
    def why_not() -> str:
        return why_not_judge_item(inspector, county, 2026)

    assert "还没有签报" in why_not()
    explained(clerk, judged)
    evaluation = sign(county, signer, 2026).evaluation
    assert "市级复核" in why_not()
    with pytest.raises(Refused, match="市级复核"):
        judge_item(inspector, county, 2026, "G1", True, "布局合理。")
    forwarded(evaluation, city_reviewer())
    assert why_not() == ""
    other = appoint("inspector9", "督学丙", Party.INSPECTOR, Division.objects.get(pk="990000"), PASSWORD)
    assert why_not_judge_item(other, county, 2026)
    sent_back(inspector, evaluation, "multimedia_rooms")
    assert "已退回" in why_not()


def test_what_a_proposal_rests_on_is_not_changed_any_more(reviewed, inspector, chief, school, county):
    granted = grant(chief, school)
    evaluation = Evaluation.objects.get(county=county)
    Evaluation.objects.filter(pk=evaluation.pk).update(state=State.PROPOSED)
    for attempt in (
        lambda: supply_survey(inspector, county, 2026, SURVEY, "省调查报告", TODAY),
        lambda: supply_monitoring(inspector, county, 2026, MONITORING, "监测报告", TODAY),
        lambda: withdraw_relaxation(chief, granted, 2026, "不再需要"),
        lambda: grant(chief, school, relaxation="R3"),
        lambda: judge_item(inspector, county, 2026, "G1", True, "布局合理。"),
    ):
        with pytest.raises(Refused, match="待审定"):
            attempt()


def test_a_decision_judges_what_was_signed_and_is_one_event(reviewed, inspector, county):
    judge_item(inspector, county, 2026, "G1", True, "布局合理。")
    event = Event.objects.order_by("-number").first()
    assert (event.kind, event.reason, event.evaluation.county_id) == ("item_judged", "布局合理。", county.pk)
    assert json.loads(event.payload)["criterion"] == "G1"
