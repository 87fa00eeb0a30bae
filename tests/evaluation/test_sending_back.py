"""Sending back: what is asked for, what is open then, what may come back, and what the reviewer sees of it."""

from __future__ import annotations

import datetime
import json

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evaluation.actions import run_waiting_jobs
from evaluation.evidence_actions import withdraw_evidence
from evaluation.models import Evaluation, Event, SendBack
from evaluation.permissions import Refused
from evaluation.revisions import correct_cell
from evaluation.sending_back import AskedBack, answered_items, forward, seal_of, send_back, why_not_resubmit
from evaluation.signing import withdraw
from evaluation.steps import Overtaken
from evaluation.workflow import State
from indicators.catalogue import COUNTY_SHEET, SCHOOL_SHEET
from indicators.models import Submission
from schools.models import User
from tests.evaluation.reviewing import assign, cell_of, city_reviewer, forwarded, sent_back, working_day
from tests.evaluation.walk import attached, explained, sign, signed, uploaded
from tests.indicators.test_evidence_files import docx

BOOKS, AREA = "multimedia_rooms", "teaching_area"


@pytest.fixture
def city(county) -> User:
    return city_reviewer()


@pytest.fixture
def evaluation(standard, county, clerk, signer) -> Evaluation:
    return signed(county, clerk, signer)


def corrected(clerk: User, sheet: str, cell: str, typed: str) -> Submission:
    """The newest version with one cell corrected, judged and explained."""
    newest = Submission.objects.order_by("-version").first()
    version = correct_cell(clerk, newest, sheet, cell, typed)
    run_waiting_jobs()
    version.refresh_from_db()
    explained(clerk, version)
    return version


def cell(evaluation: Evaluation, key: str = BOOKS, position: int = 0) -> str:
    return cell_of(evaluation.filing.submission, key, position)


# ── Asking ────────────────────────────────────────────────────────────────────────────────────


def test_the_city_sends_single_cells_and_items_back_with_reasons_and_a_deadline(city, evaluation):
    row = sent_back(city, evaluation, BOOKS, AREA, criteria=("G1",))
    assert evaluation.state_of is State.RETURNED
    assert (evaluation.deadline, row.filing, row.sent_by) == (row.deadline, evaluation.filing, city)
    school = evaluation.filing.submission.records.order_by("row").first().code
    told = [(item.sheet, item.cell, item.school, item.criterion) for item in row.items.all()]
    assert told == [
        (SCHOOL_SHEET, cell(evaluation), school, ""),
        (SCHOOL_SHEET, cell(evaluation, AREA), school, ""),
        ("", "", "", "G1"),
    ]
    event = Event.objects.get(kind="send_back")
    assert (event.reason, json.loads(event.payload)["send_back"]) == ("部分数据需要核实。", row.pk)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ([], "至少选一个"),
        ([AskedBack("", SCHOOL_SHEET, "F5")], "请写明退回"),
        ([AskedBack("字" * 1001, SCHOOL_SHEET, "F5")], "最多 1000 个字"),
        ([AskedBack("不符", SCHOOL_SHEET, "ZZ5")], "没有"),
        ([AskedBack("不符", SCHOOL_SHEET, "F99999")], "没有"),
        ([AskedBack("不符", "别的表", "F5")], "没有"),
        ([AskedBack("不符", SCHOOL_SHEET, "f5")], "没有"),
        ([AskedBack("不符", criterion="L1")], "由数据核算"),
        ([AskedBack("不符", criterion="XX")], "由数据核算"),
    ],
)
def test_what_is_not_asked_precisely_is_refused_and_changes_nothing(city, evaluation, asked, words):
    with pytest.raises(Refused, match=words):
        send_back(city, evaluation, evaluation.version, "请核实。", working_day(), asked)
    evaluation.refresh_from_db()
    assert evaluation.state_of is State.CITY_REVIEW
    assert not SendBack.objects.exists()


def test_the_deadline_is_a_working_day_to_come_and_the_whole_needs_words(city, evaluation):
    asked = [AskedBack("不符", SCHOOL_SHEET, cell(evaluation))]
    saturday = timezone.localdate() + datetime.timedelta(days=(5 - timezone.localdate().weekday()) % 7 + 7)
    for deadline, words in (
        (timezone.localdate(), "晚于今天"),
        (saturday, "不是工作日"),
        (datetime.date(2199, 1, 1), "不在工作日历内"),
    ):
        with pytest.raises(Refused, match=words):
            send_back(city, evaluation, evaluation.version, "请核实。", deadline, asked)
    with pytest.raises(Refused, match="须写明理由"):
        send_back(city, evaluation, evaluation.version, "  ", working_day(), asked)


def test_whoever_does_not_hold_the_ball_sends_nothing_back(city, evaluation, inspector, signer, clerk):
    assign(inspector, evaluation.county, evaluation.school_year)
    for person in (inspector, signer, clerk):
        with pytest.raises(Refused):
            sent_back(person, evaluation, BOOKS)
    forwarded(evaluation, city)
    with pytest.raises(Refused, match="省级督学"):
        sent_back(city, evaluation, BOOKS)
    sent_back(inspector, evaluation, BOOKS)
    assert evaluation.state_of is State.RETURNED


def test_forwarding_needs_an_opinion_and_of_two_at_once_one_wins(city, evaluation):
    stale = Evaluation.objects.get(pk=evaluation.pk)
    with pytest.raises(Refused, match="须写明理由"):
        forward(city, evaluation, evaluation.version, " ")
    sent_back(city, evaluation, BOOKS)
    with pytest.raises(Overtaken, match="退回"):
        forward(city, stale, stale.version, "同意。")


# ── Back at the county ────────────────────────────────────────────────────────────────────────


def test_only_the_opened_cell_may_have_changed_when_it_is_signed_again(city, evaluation, clerk, signer, county):
    filed = evaluation.filing
    row = sent_back(city, evaluation, BOOKS)
    version = corrected(clerk, SCHOOL_SHEET, cell(evaluation), "61")
    assert why_not_resubmit(evaluation, version) == ""
    filing = sign(county, signer)
    row.refresh_from_db()
    assert (row.answered_by, row.filing) == (filing, filed)
    evaluation.refresh_from_db()
    assert (evaluation.state_of, evaluation.filing) == (State.CITY_REVIEW, filing)


def test_a_cell_that_was_not_opened_keeps_the_version_from_being_signed(city, evaluation, clerk, signer, county):
    sent_back(city, evaluation, BOOKS)
    before = evaluation.filing.submission.records.order_by("row").first()
    version = corrected(clerk, SCHOOL_SHEET, cell(evaluation, AREA), "99999.5")
    words = why_not_resubmit(evaluation, version)
    assert before.name in words
    assert cell(evaluation, AREA) in words
    assert "99999.5" in words
    with pytest.raises(Refused, match="没有开放的内容有改动"):
        sign(county, signer)
    evaluation.refresh_from_db()
    assert evaluation.state_of is State.RETURNED


def test_the_same_field_of_another_school_was_not_opened(city, evaluation, clerk):
    sent_back(city, evaluation, BOOKS)
    version = corrected(clerk, SCHOOL_SHEET, cell(evaluation, BOOKS, 1), "62")
    assert "没有开放的内容有改动" in why_not_resubmit(evaluation, version)


def test_a_county_figure_is_opened_like_a_cell(city, evaluation, clerk):
    figure = evaluation.filing.submission.figures.get(code="C04")
    asked = [AskedBack("与统计公报不符", COUNTY_SHEET, figure.cell)]
    send_back(city, evaluation, evaluation.version, "请核实。", working_day(), asked)
    assert why_not_resubmit(evaluation, corrected(clerk, COUNTY_SHEET, figure.cell, "9")) == ""
    other = evaluation.filing.submission.figures.get(code="C03")
    assert "县级数据" in why_not_resubmit(evaluation, corrected(clerk, COUNTY_SHEET, other.cell, "8"))


def test_other_schools_than_before_are_changes_too(city, evaluation, clerk, county):
    sent_back(city, evaluation, BOOKS)
    version = uploaded(county, clerk, "teaching_points")
    words = why_not_resubmit(evaluation, version)
    assert "多了一所学校" in words
    assert "岭上教学点" in words


def test_a_school_that_was_left_out_may_be_asked_for_and_one_by_its_code_may_go(city, evaluation, clerk, county):
    missing = [AskedBack("名录里有，没有填报", SCHOOL_SHEET, f"新增{code}") for code in ("9901010019", "9901010020")]
    there = [AskedBack("没有填报", SCHOOL_SHEET, "新增9901010001")]
    with pytest.raises(Refused, match="没有"):  # it is not missing
        send_back(city, evaluation, evaluation.version, "请核实。", working_day(), there)
    row = send_back(city, evaluation, evaluation.version, "请核实。", working_day(), missing)
    words = why_not_resubmit(evaluation, uploaded(county, clerk, "teaching_points"))
    assert "没有开放的内容有改动" in words
    assert "多了一所学校" not in words
    assert [each.before for each in answered_items(row)] == ["没有这所学校"] * 2


def test_many_changes_are_counted_and_the_first_are_named(city, evaluation, clerk, county):
    sent_back(city, evaluation, BOOKS)
    words = why_not_resubmit(evaluation, uploaded(county, clerk, "fails_widely"))
    assert words.count("；") == 4
    assert "等，共" in words


def test_evidence_changes_on_opened_items_alone(city, evaluation, clerk, county):
    version = evaluation.filing.submission
    sent_back(city, evaluation, criteria=("G1",))
    attached(county, clerk, "G1", docx(), "补充.docx")
    assert why_not_resubmit(evaluation, version) == ""
    other = attached(county, clerk, "G2", docx(), "别的.docx")
    assert "G2 增加了佐证材料“别的.docx”" in why_not_resubmit(evaluation, version)
    withdraw_evidence(clerk, other)
    assert why_not_resubmit(evaluation, version) == ""


def test_evidence_withdrawn_though_not_opened_is_named_until_the_same_file_is_there_again(
    city, evaluation, clerk, county
):
    version = evaluation.filing.submission
    sent_back(city, evaluation, BOOKS)
    withdraw_evidence(clerk, county.evidence.get(criterion="G1"))
    assert "G1 的佐证材料“通知.pdf”被撤回" in why_not_resubmit(evaluation, version)
    attached(county, clerk)
    assert why_not_resubmit(evaluation, version) == ""


def test_a_corrected_code_is_the_same_school_and_its_other_cells_stay_closed(city, evaluation, clerk):
    sent_back(city, evaluation, "code", position=16)
    version = corrected(clerk, SCHOOL_SHEET, cell(evaluation, "code", 16), "9901010099")
    assert version.records.filter(code="9901010099").exists()
    assert why_not_resubmit(evaluation, version) == ""
    again = corrected(clerk, SCHOOL_SHEET, cell(evaluation, AREA, 16), "9999")
    assert "9999" in why_not_resubmit(evaluation, again)


def test_taking_an_answer_back_opens_nothing_else(city, evaluation, clerk, signer, county):
    sent_back(city, evaluation, BOOKS)
    corrected(clerk, SCHOOL_SHEET, cell(evaluation), "61")
    sign(county, signer)
    evaluation.refresh_from_db()
    withdraw(signer, evaluation, evaluation.version, "还有一处要改。")
    assert seal_of(evaluation) is not None
    assert why_not_resubmit(evaluation, corrected(clerk, SCHOOL_SHEET, cell(evaluation), "62")) == ""
    assert why_not_resubmit(evaluation, corrected(clerk, SCHOOL_SHEET, cell(evaluation, AREA), "9999"))


def test_what_the_county_took_back_itself_is_open_as_a_whole(evaluation, clerk, signer, county):
    withdraw(signer, evaluation, evaluation.version, "发现错误。")
    assert seal_of(evaluation) is None
    assert why_not_resubmit(evaluation, uploaded(county, clerk, "fails_widely")) == ""


# ── What came back ────────────────────────────────────────────────────────────────────────────


def test_the_reviewer_sees_each_opened_cell_before_and_after_the_changed_ones_first(
    city, evaluation, clerk, signer, county
):
    row = sent_back(city, evaluation, AREA, BOOKS, criteria=("G1",))
    assert [each.is_changed for each in answered_items(row)] == [False] * 3
    was = evaluation.filing.submission.records.order_by("row").first().multimedia_rooms
    corrected(clerk, SCHOOL_SHEET, cell(evaluation), str(was + 1))
    attached(county, clerk, "G1", docx(), "补充.docx")
    sign(county, signer)
    row.refresh_from_db()
    told = answered_items(row)
    assert [each.is_changed for each in told] == [True, True, False]
    assert (told[0].before, told[0].after) == (str(was), str(was + 1))
    assert "增加“补充.docx”" in told[1].after
    assert told[2].before == told[2].after


def test_the_page_lists_what_is_open_to_the_county_and_what_changed_to_the_city(
    city, evaluation, clerk, signer, county, client: Client
):
    address = reverse("evaluation", args=[evaluation.pk])
    sent_back(city, evaluation, BOOKS, criteria=("G1",))
    client.force_login(clerk)
    page = client.get(address).content.decode()
    assert "只有下列内容可以修改" in page
    assert reverse("checklist_item", args=["G1"]) in page
    was = evaluation.filing.submission.records.order_by("row").first()
    corrected(clerk, SCHOOL_SHEET, cell(evaluation), str(was.multimedia_rooms + 1))
    sign(county, signer)
    client.force_login(city)
    page = client.get(address).content.decode()
    assert "1 处已改</strong>，1 处与退回前相同" in page
    assert f"<ins>{was.multimedia_rooms + 1}</ins>" in page
    first, second = evaluation.filings.order_by("pk").values_list("submission", flat=True)
    assert reverse("submission_compare", args=[first, second]) in page


# ── The form ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def as_city(city, client: Client) -> Client:
    client.force_login(city)
    return client


def test_a_cell_named_in_the_address_stands_ticked_in_the_form(as_city, evaluation):
    address = reverse("evaluation_send_back", args=[evaluation.pk])
    key = f"{SCHOOL_SHEET}!{cell(evaluation)}"
    page = as_city.get(address, {"cell": [key, f"{SCHOOL_SHEET}!ZZ1"]}).content.decode()
    assert f'value="{key}" checked' in page
    assert f"没有 {SCHOOL_SHEET}!ZZ1 这个单元格" in page
    assert "签报人 签报人甲" in page


def test_a_cell_is_added_without_losing_what_was_typed(as_city, evaluation):
    address = reverse("evaluation_send_back", args=[evaluation.pk])
    key = f"{SCHOOL_SHEET}!{cell(evaluation)}"
    school = evaluation.filing.submission.records.order_by("row").first().code
    typed = {"cell": key, f"reason-{key}": "与年报不符", "reason": "请核实", "deadline": "2026-", "version": "1"}
    answer = as_city.post(
        address,
        typed
        | {"add": "1", "add_school": school, "add_column": AREA, "add_figure": "C04", "add_missing": "9901010099"},
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert page.count(" checked>") == 4
    assert "增加漏报的学校 9901010099" in page
    assert 'value="与年报不符"' in page
    assert ">\n请核实</textarea>" in page
    assert evaluation.state_of is State.CITY_REVIEW


def test_the_form_sends_back_and_a_refused_one_keeps_what_was_typed(as_city, evaluation):
    address = reverse("evaluation_send_back", args=[evaluation.pk])
    key = f"{SCHOOL_SHEET}!{cell(evaluation)}"
    typed = {"cell": key, "item": "G1", "reason": "请核实", "deadline": working_day().isoformat()}
    typed |= {"version": str(evaluation.version), f"reason-{key}": "与年报不符"}
    refused = as_city.post(address, typed)
    assert refused.status_code == 422
    assert "请写明退回 G1 的理由" in refused.content.decode()
    assert 'value="与年报不符"' in refused.content.decode()
    answer = as_city.post(address, typed | {"reason-G1": "缺文件"})
    assert answer.status_code == 302
    evaluation.refresh_from_db()
    assert evaluation.state_of is State.RETURNED
    assert SendBack.objects.get().items.count() == 2


def test_whoever_comes_second_is_told_who_was_first_and_finds_no_form(as_city, city, evaluation):
    stale = {
        "version": str(evaluation.version),
        "reason": "请核实",
        "deadline": working_day().isoformat(),
        "item": "G1",
    }
    forwarded(evaluation, city)
    answer = as_city.post(
        reverse("evaluation_send_back", args=[evaluation.pk]), stale | {"reason-G1": "缺"}, follow=True
    )
    assert "办理“复核上报”" in answer.content.decode()
    assert as_city.get(reverse("evaluation_send_back", args=[evaluation.pk])).status_code == 302
    assert not SendBack.objects.exists()
