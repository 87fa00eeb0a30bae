"""Questions on a cell or an item of what was signed: who asks, who answers, where they are seen."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse

from evaluation.models import Evaluation, Event, Message, Question
from evaluation.permissions import Refused
from evaluation.questions import answer, ask, why_not_answer, why_not_ask
from evaluation.workflow import State
from indicators.catalogue import COUNTY_SHEET, SCHOOL_SHEET
from schools.models import User
from tests.evaluation.reviewing import assign, cell_of, chief, city_reviewer, forwarded, sent_back
from tests.evaluation.walk import signed


@pytest.fixture
def city(county) -> User:
    return city_reviewer()


@pytest.fixture
def evaluation(standard, county, clerk, signer) -> Evaluation:
    return signed(county, clerk, signer)


@pytest.fixture
def cell(evaluation) -> str:
    return cell_of(evaluation.filing.submission, "teaching_area")


def test_a_question_on_a_cell_says_whose_and_which_it_is(city, evaluation, cell, clerk, signer):
    question = ask(city, evaluation, " 新校舍何时启用？ ", SCHOOL_SHEET, cell)
    school = evaluation.filing.submission.records.order_by("row").first().code
    assert (question.text, question.school, question.cell) == ("新校舍何时启用？", school, cell)
    assert question.header.startswith("教学及辅助用房")
    event = Event.objects.get(kind="question_asked")
    assert (event.evaluation, event.reason) == (evaluation, "新校舍何时启用？")
    assert json.loads(event.payload)["cell"] == cell
    told = Message.objects.filter(evaluation=evaluation, text__contains="提出一个问题")
    assert {line.person for line in told} == {clerk, signer}


def test_a_question_on_an_item_or_a_county_figure_names_it(city, evaluation):
    assert ask(city, evaluation, "批复在哪里？", criterion="G1").header
    figure = evaluation.filing.submission.figures.get(code="C01")
    assert ask(city, evaluation, "为什么不同？", COUNTY_SHEET, figure.cell).cell == figure.cell


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"criterion": "X9"}, "没有这一项"),
        ({"criterion": "L1"}, "没有这一项"),
        ({"sheet": SCHOOL_SHEET, "cell": "ZZ9"}, "没有"),
        ({"sheet": "", "cell": ""}, "没有"),
        ({"text": "  ", "criterion": "G1"}, "请写下问题"),
        ({"text": "字" * 2001, "criterion": "G1"}, "最多 2000 个字"),
    ],
)
def test_what_is_not_there_cannot_be_asked_about(city, evaluation, said, words):
    with pytest.raises(Refused, match=words):
        ask(city, evaluation, **({"text": "为什么？"} | said))
    assert not Question.objects.exists()


def test_only_whoever_holds_the_ball_asks(city, evaluation, inspector, clerk, signer):
    assign(inspector, evaluation.county, evaluation.school_year)
    boss = chief()
    for person in (inspector, clerk, signer, boss):
        with pytest.raises(Refused) as refused:
            ask(person, evaluation, "为什么？", criterion="G1")
        assert str(refused.value) == why_not_ask(person, evaluation)
    forwarded(evaluation, city)
    with pytest.raises(Refused, match="不在您手里"):
        ask(city, evaluation, "为什么？", criterion="G1")
    assert ask(inspector, evaluation, "为什么？", criterion="G1").asked_by == inspector


def test_a_question_asked_from_a_page_that_is_out_of_date_is_refused(city, evaluation):
    stale = Evaluation.objects.select_related("county__parent", "filing").get(pk=evaluation.pk)
    sent_back(city, evaluation, "teaching_area")
    assert stale.state_of is State.CITY_REVIEW
    with pytest.raises(Refused, match="已退回"):
        ask(city, stale, "为什么？", criterion="G1")


def test_the_clerk_or_the_signer_answers_once(city, evaluation, clerk, signer, other_clerk):
    question = ask(city, evaluation, "批复在哪里？", criterion="G1")
    for person in (city, other_clerk):
        with pytest.raises(Refused) as refused:
            answer(person, question, "见附件。")
        assert str(refused.value) == why_not_answer(person, evaluation)
    with pytest.raises(Refused, match="请写下答复"):
        answer(clerk, question, " ")
    answer(clerk, question, "见附件第 3 页。")
    assert (question.answer, question.answered_by) == ("见附件第 3 页。", clerk)
    with pytest.raises(Refused, match="已经答复过"):
        answer(signer, question, "另一个答复")
    assert Event.objects.filter(kind="question_answered").count() == 1
    assert Message.objects.filter(person=city, text__contains="答复了您提出的问题").exists()


def test_questions_are_seen_where_they_were_asked_and_on_the_page_of_the_evaluation(
    city, evaluation, clerk, client: Client
):
    version = evaluation.filing.submission
    record = version.records.order_by("row").first()
    ask(city, evaluation, "校舍何时启用？", SCHOOL_SHEET, cell_of(version, "teaching_area"))
    ask(city, evaluation, "批复在哪里？", criterion="G1")
    other = version.records.order_by("row")[1].code
    pages = {
        "evaluation": (reverse("evaluation", args=[evaluation.pk]), ("校舍何时启用？", "批复在哪里？")),
        "school": (reverse("school", args=[version.pk, record.code]), ("校舍何时启用？",)),
        "other school": (reverse("school", args=[version.pk, other]), ()),
        "item": (reverse("explain_item", args=[version.pk, "G1"]), ("批复在哪里？",)),
    }
    for person in (clerk, city):
        client.force_login(person)
        for name, (address, expected) in pages.items():
            page = client.get(address).content.decode()
            found = tuple(text for text in ("校舍何时启用？", "批复在哪里？") if text in page)
            assert found == expected, (name, person)
            assert ("保存答复" in page) == (person == clerk and bool(expected)), (name, person)
            assert (reverse("question_ask", args=[evaluation.pk]) in page) == (person == city and name != "evaluation")


def test_the_forms_ask_and_answer_and_come_back_to_their_page(city, evaluation, cell, clerk, client: Client):
    client.force_login(city)
    address = reverse("question_ask", args=[evaluation.pk])
    school = reverse("school", args=[evaluation.filing.submission_id, "9901010001"])
    said = {"cell": f"{SCHOOL_SHEET}!{cell}", "text": "为什么？", "back": f"{school}#review"}
    assert client.post(address, said).headers["Location"] == f"{school}#review"
    elsewhere = client.post(address, said | {"back": "https://example.org/"})
    assert elsewhere.headers["Location"] == reverse("evaluation", args=[evaluation.pk]) + "#questions"
    question = Question.objects.order_by("pk").first()
    client.force_login(clerk)
    client.post(reverse("question_answer", args=[question.pk]), {"text": "已核实。"})
    question.refresh_from_db()
    assert question.answer == "已核实。"


def test_for_others_there_is_no_question(city, evaluation, other_clerk, inspector, client: Client):
    question = ask(city, evaluation, "批复在哪里？", criterion="G1")
    for person in (other_clerk, inspector):  # another county; an inspector it was not assigned to
        client.force_login(person)
        assert client.post(reverse("question_answer", args=[question.pk]), {"text": "好"}).status_code == 404
        assert client.post(reverse("question_ask", args=[evaluation.pk]), {"text": "好"}).status_code == 404
