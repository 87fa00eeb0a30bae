"""Proposing, the right of reply, and the chief's decision: what each asks for, who may, and what is said instead."""

from __future__ import annotations

import datetime
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from evaluation import proposing
from evaluation.decisions import judge_item
from evaluation.models import Event, Message, Proposal, Reply
from evaluation.permissions import Refused
from evaluation.proposing import (
    answer_reply,
    approve,
    findings_of,
    finish_replies,
    missing_of,
    propose,
    refuse,
    reply,
    unanswered,
    why_not_decide,
    why_not_propose,
    why_not_reply,
)
from evaluation.steps import Overtaken, take_step
from evaluation.workflow import State, Step
from indicators.models import StoredFile
from schools.models import County, User
from tests.evaluation.walk import (
    People,
    forwarded,
    people_of_county,
    proposed,
    replied,
    reviewed,
    the_proposal,
)
from tests.indicators.test_evidence_files import pdf

CERTIFY, DECLINE = Proposal.Decision.CERTIFY, Proposal.Decision.DECLINE
DAY = datetime.timedelta(days=1)


@pytest.fixture
def people(standard, county: County, clerk: User, signer: User) -> People:
    return people_of_county(county, clerk, signer)


@pytest.fixture
def days(monkeypatch):
    """The calendar day of the actions, moved by the test."""

    def move(day: datetime.date) -> None:
        monkeypatch.setattr(proposing.timezone, "localdate", lambda *_: day)

    return move


# ── Proposing ─────────────────────────────────────────────────────────────────────────────────


def test_what_is_missing_is_named_item_by_item(people, county):
    evaluation = forwarded(county, people)
    missing = {each.code: each.words for each in missing_of(evaluation)}
    assert missing["G1"] == missing["V1"] == missing["P2"] == "还没有评定。"
    assert missing["S1"] == missing["Q9"] == "省级还没有录入结果。"
    assert "G3" not in missing  # computed from the figures, and met
    words = why_not_propose(people.inspector, evaluation, CERTIFY)
    assert words == f"还不能建议认定：{len(missing)} 项没有达标或还没有评定，逐项列在下面。"
    with pytest.raises(Refused, match="还不能建议认定"):
        propose(people.inspector, evaluation, CERTIFY, evaluation.version, "拟认定。")
    assert not Proposal.objects.exists()


def test_a_complete_passing_county_may_be_certified_and_the_proposal_keeps_its_verdict(people, county):
    evaluation = reviewed(county, people)
    assert missing_of(evaluation) == ()
    assert why_not_propose(people.inspector, evaluation, CERTIFY) == ""
    propose(people.inspector, evaluation, CERTIFY, evaluation.version, " 各项均已达标。 ")
    proposal = the_proposal(evaluation)
    assert (evaluation.state_of, evaluation.deadline) == (State.PROPOSED, proposal.reply_until)
    assert (proposal.verdict.passed, proposal.verdict.complete, proposal.reason) == (True, True, "各项均已达标。")
    assert proposal.filing == evaluation.filing
    event = Event.objects.get(kind="propose_certify")
    assert (event.actor, event.reason) == (people.inspector, "各项均已达标。")
    assert proposal.verdict.sha256 in event.payload


def test_one_item_judged_not_met_keeps_a_county_from_being_certified(people, county):
    evaluation = reviewed(county, people)
    judge_item(people.inspector, county, evaluation.school_year, "V2", False, "核实存在超编班。")
    (missing,) = missing_of(evaluation)
    assert (missing.code, missing.opinion) == ("V2", "核实存在超编班。")
    assert missing.words.startswith("存在一票否决情形。")
    with pytest.raises(Refused, match=r"还不能建议认定：.*存在一票否决情形"):
        propose(people.inspector, evaluation, CERTIFY, evaluation.version, "拟认定。")


def test_a_county_whose_figures_fail_cannot_be_certified_but_declined(people, county):
    evaluation = reviewed(county, people, "coefficient_over_by_a_hair")
    missing = missing_of(evaluation)
    assert any("差异系数" in each.name and "上限" in each.words for each in missing)
    with pytest.raises(Refused, match=r"还不能建议认定：.*差异系数"):
        propose(people.inspector, evaluation, CERTIFY, evaluation.version, "拟认定。")
    propose(people.inspector, evaluation, DECLINE, evaluation.version, "校际差异系数高于上限。")
    assert evaluation.state_of is State.PROPOSED


def test_a_passing_county_may_be_declined_in_writing_and_not_without(people, county):
    evaluation = reviewed(county, people)
    with pytest.raises(Refused, match="须写明理由"):
        propose(people.inspector, evaluation, DECLINE, evaluation.version, "  ")
    propose(people.inspector, evaluation, DECLINE, evaluation.version, "核查中发现材料不实。")
    assert the_proposal(evaluation).decision == DECLINE


@pytest.mark.parametrize("name", ["clerk", "signer", "city", "chief"])
def test_only_the_assigned_inspector_proposes(people, county, name):
    evaluation = reviewed(county, people)
    user = getattr(people, name)
    assert why_not_propose(user, evaluation, CERTIFY) == "“建议认定”由省级督学办理。"
    with pytest.raises(Refused, match="由省级督学办理"):
        propose(user, evaluation, CERTIFY, evaluation.version, "拟认定。")


def test_proposing_what_was_seen_before_a_step_is_told_who_was_first(people, county):
    evaluation = reviewed(county, people)
    stale = type(evaluation).objects.get(pk=evaluation.pk)
    propose(people.inspector, evaluation, CERTIFY, evaluation.version, "各项均已达标。")
    with pytest.raises(Overtaken, match=r"督学甲（省级督学）已于 .* 办理“建议认定”，现在是“待审定”"):
        propose(people.inspector, stale, DECLINE, stale.version, "不予认定。")
    assert Proposal.objects.count() == 1


def test_the_reply_term_is_five_working_days_and_never_beyond_the_calendar(people, county, days):
    evaluation = reviewed(county, people)
    days(datetime.date(2026, 9, 28))
    propose(people.inspector, evaluation, DECLINE, evaluation.version, "理由。")
    # The first of October to the seventh are holidays, the tenth is a worked Saturday.
    assert the_proposal(evaluation).reply_until == datetime.date(2026, 10, 10)


def test_a_term_that_would_end_beyond_the_calendar_is_refused_in_words(people, county, days):
    evaluation = reviewed(county, people)
    days(datetime.date(2027, 12, 30))
    with pytest.raises(Refused, match="不在工作日历内"):
        propose(people.inspector, evaluation, DECLINE, evaluation.version, "理由。")
    evaluation.refresh_from_db()
    assert evaluation.state_of is State.PROVINCE_REVIEW


# ── The right of reply ────────────────────────────────────────────────────────────────────────


def test_the_county_replies_to_the_decision_to_what_is_not_met_and_to_what_was_judged(people, county):
    evaluation = proposed(county, people, DECLINE, "coefficient_over_by_a_hair")
    codes = [(each.code, each.stage) for each in findings_of(the_proposal(evaluation))]
    assert codes[0] == ("decision", "")
    assert any(stage and code.startswith("L") for code, stage in codes)
    assert {"G1", "V1", "P2"} <= {code for code, _ in codes}
    assert ("G3", "") not in codes  # met, and nobody judged it


def test_a_disagreement_needs_words_and_keeps_its_file(people, county):
    evaluation = proposed(county, people)
    proposal = the_proposal(evaluation)
    with pytest.raises(Refused, match="不同意须写明理由"):
        reply(people.signer, proposal, evaluation.version, "G1", "", False, " ")
    with pytest.raises(Refused, match="扩展名"):
        reply(people.signer, proposal, evaluation.version, "G1", "", False, "有依据。", ("依据.exe", pdf()))
    assert not Reply.objects.exists()
    seen = evaluation.version
    reply(people.signer, proposal, seen, "G1", "", False, "规划已修订。", ("依据.pdf", pdf()))
    evaluation.refresh_from_db()
    said = Reply.objects.get()
    assert (said.agrees, said.text, said.filename) == (False, "规划已修订。", "依据.pdf")
    assert bytes(StoredFile.objects.get(pk=said.file_id).content) == pdf()
    # The chief who decides must have seen it.
    assert evaluation.version == seen + 1
    assert Event.objects.filter(kind="reply", actor=people.signer).count() == 1


def test_what_was_replied_may_be_said_again_until_it_is_answered(people, county):
    evaluation = proposed(county, people)
    proposal = the_proposal(evaluation)
    reply(people.signer, proposal, evaluation.version, "G1", "", False, "先这样说。")
    reply(people.signer, proposal, evaluation.version, "G1", "", False, "再核实后这样说。")
    said = Reply.objects.get()
    assert said.text == "再核实后这样说。"
    answer_reply(people.inspector, said_of(said, evaluation), evaluation.version, "已核对。")
    with pytest.raises(Refused, match="已经答复，不能再改"):
        reply(people.signer, the_proposal(evaluation), evaluation.version, "G1", "", True, "")


def said_of(said: Reply, evaluation) -> Reply:
    """The reply as the inspector loads it: with the evaluation as it stands."""
    found = Reply.objects.select_related("proposal__evaluation__county__parent").get(pk=said.pk)
    found.proposal.evaluation = evaluation
    return found


def test_only_findings_of_the_proposal_can_be_replied_to(people, county):
    evaluation = proposed(county, people)
    for finding, stage in (("G3", ""), ("G1", "PRIMARY"), ("X9", "")):
        with pytest.raises(Refused, match="没有这一项"):
            reply(people.signer, the_proposal(evaluation), evaluation.version, finding, stage, False, "不对。")


@pytest.mark.parametrize("name", ["clerk", "city", "inspector", "chief"])
def test_only_the_signer_replies_for_the_county(people, county, name):
    evaluation = proposed(county, people)
    proposal = the_proposal(evaluation)
    assert why_not_reply(getattr(people, name), proposal) == "对处理建议的意见由本县签报人提出。"
    with pytest.raises(Refused, match="由本县签报人提出"):
        reply(getattr(people, name), proposal, evaluation.version, "decision", "", False, "不同意。")
    with pytest.raises(Refused, match="由本县签报人提出"):
        finish_replies(getattr(people, name), proposal, evaluation.version)


def test_after_its_term_and_after_it_has_finished_the_county_replies_no_more(people, county, days):
    evaluation = proposed(county, people)
    proposal = the_proposal(evaluation)
    days(proposal.reply_until)
    assert why_not_reply(people.signer, proposal) == ""
    days(proposal.reply_until + DAY)
    with pytest.raises(Refused, match=f"答复期限到 {proposal.reply_until} 为止"):
        reply(people.signer, proposal, evaluation.version, "decision", "", False, "不同意。")
    days(proposal.reply_until)
    finish_replies(people.signer, proposal, evaluation.version)
    evaluation.refresh_from_db()
    assert evaluation.deadline is None, "the term was the county's"
    with pytest.raises(Refused, match="答复完毕，不能再提出意见"):
        reply(people.signer, proposal, evaluation.version, "decision", "", False, "不同意。")


def test_finishing_tells_whoever_has_the_next_word(people, county):
    evaluation = proposed(county, people)
    reply(people.signer, the_proposal(evaluation), evaluation.version, "decision", "", False, "不同意。")
    finish_replies(people.signer, the_proposal(evaluation), evaluation.version)
    assert Message.objects.filter(person=people.inspector, text__contains="1 条不同意见").exists()
    assert not Message.objects.filter(person=people.chief, text__contains="可以审定").exists()
    answer_reply(people.inspector, said_of(Reply.objects.get(), evaluation), evaluation.version, "维持原建议。")
    assert Message.objects.filter(person=people.chief, text__contains="可以审定").exists()


# ── The chief decides ─────────────────────────────────────────────────────────────────────────


def test_the_chief_waits_for_the_term_or_for_the_county_to_finish(people, county, days):
    evaluation = proposed(county, people)
    until = the_proposal(evaluation).reply_until
    days(until)
    assert why_not_decide(people.chief, evaluation).startswith(f"县级答复期到 {until} 为止")
    for act in (approve, refuse):
        with pytest.raises(Refused, match="期满或县里答复完毕以后才能审定"):
            act(people.chief, evaluation, evaluation.version, "意见。")
    days(until + DAY)
    assert why_not_decide(people.chief, evaluation) == ""
    approve(people.chief, evaluation, evaluation.version, "同意。")
    assert evaluation.state_of is State.NOTICE


def test_every_disagreement_is_answered_before_the_chief_decides(people, county, days):
    evaluation = proposed(county, people)
    proposal = the_proposal(evaluation)
    reply(people.signer, proposal, evaluation.version, "G1", "", False, "规划已修订。")
    reply(people.signer, proposal, evaluation.version, "V1", "", True, "")
    finish_replies(people.signer, proposal, evaluation.version)
    assert unanswered(proposal).count() == 1
    assert "1 条不同意见还没有答复" in why_not_decide(people.chief, evaluation)
    with pytest.raises(Refused, match="还没有答复"):
        refuse(people.chief, evaluation, evaluation.version, "再核。")
    said = said_of(Reply.objects.get(agrees=False), evaluation)
    with pytest.raises(Refused, match="由提出建议的督学答复"):
        answer_reply(people.chief, said, evaluation.version, "已核对。")
    with pytest.raises(Refused, match="请写明答复"):
        answer_reply(people.inspector, said, evaluation.version, " ")
    answer_reply(people.inspector, said, evaluation.version, "修订稿未经批准，维持。")
    with pytest.raises(Refused, match="已经答复"):
        answer_reply(people.inspector, said, evaluation.version, "再答一次。")
    assert why_not_decide(people.chief, evaluation) == ""


def test_a_reply_that_came_after_the_chief_looked_stops_the_decision(people, county, days):
    evaluation = proposed(county, people)
    seen, proposal = evaluation.version, the_proposal(evaluation)
    chiefs = type(evaluation).objects.get(pk=evaluation.pk)
    finish_replies(people.signer, proposal, evaluation.version)
    with pytest.raises(Overtaken, match=r"签报人甲（签报人）已于 .* 办理“答复完毕”，现在是“待审定”"):
        approve(people.chief, chiefs, seen, "同意。")
    assert Proposal.objects.get().outcome == "open"


def test_refusing_gives_the_evaluation_back_to_the_inspector_with_words(people, county):
    evaluation = replied(county, people)
    with pytest.raises(Refused, match="须写明理由"):
        refuse(people.chief, evaluation, evaluation.version, "")
    refuse(people.chief, evaluation, evaluation.version, "V1 的依据不足，请补核。")
    assert (evaluation.state_of, evaluation.deadline) == (State.PROVINCE_REVIEW, None)
    proposal = Proposal.objects.get()
    assert (proposal.outcome, proposal.words, proposal.decided_by) == (
        "refused",
        "V1 的依据不足，请补核。",
        people.chief,
    )
    propose(people.inspector, evaluation, CERTIFY, evaluation.version, "已补核。")
    assert Proposal.objects.count() == 2


def test_approving_a_certification_opens_a_notice_of_five_working_days_or_more(people, county, days):
    evaluation = replied(county, people)
    for count in (4, 31):
        with pytest.raises(Refused, match="公示期应为 5 至 30 个工作日"):
            approve(people.chief, evaluation, evaluation.version, "同意。", count)
    days(datetime.date(2026, 2, 10))
    approve(people.chief, evaluation, evaluation.version, "同意。", 5)
    notice = evaluation.notices.get()
    # Over 春节: the fourteenth is worked, the fifteenth to the twenty-third are not.
    assert (notice.opens_on, notice.closes_on) == (datetime.date(2026, 2, 10), datetime.date(2026, 2, 24))
    assert (evaluation.state_of, evaluation.deadline) == (State.NOTICE, notice.closes_on)
    assert notice.proposal == Proposal.objects.get(outcome="approved")


def test_approving_a_decline_ends_the_evaluation_without_a_notice(people, county):
    evaluation = replied(county, people, DECLINE)
    approve(people.chief, evaluation, evaluation.version, "同意不予认定。")
    assert evaluation.state_of is State.DECLINED
    assert not evaluation.notices.exists()


def test_who_proposed_does_not_decide_even_as_a_chief_meanwhile(people, county):
    evaluation = replied(county, people)
    User.objects.filter(pk=people.inspector.pk).update(party="chief")
    promoted = User.objects.get(pk=people.inspector.pk)
    assert why_not_decide(promoted, evaluation) == "处理建议由您提出，须由另一位审定人审定。"
    with pytest.raises(Refused, match="须由另一位审定人审定"):
        approve(promoted, evaluation, evaluation.version, "同意。")
    with pytest.raises(IntegrityError, match="proposal_is_decided_by_another"), transaction.atomic():
        Proposal.objects.update(outcome="approved", decided_by=promoted, decided_at=timezone.now())


@pytest.mark.parametrize("name", ["clerk", "signer", "city", "inspector"])
def test_only_the_chief_decides(people, county, name):
    evaluation = replied(county, people)
    for act in (approve, refuse):
        with pytest.raises(Refused, match="由审定人办理"):
            act(getattr(people, name), evaluation, evaluation.version, "意见。")


def test_a_verdict_that_changed_after_the_proposal_is_not_approved(people, county):
    evaluation = replied(county, people)
    # No action lets that happen; somebody with a hand in the database might.
    verdict = the_proposal(evaluation).verdict
    verdict.pk, verdict.number, verdict.passed = None, verdict.number + 1, False
    verdict.save(force_insert=True)
    with pytest.raises(Refused, match="建议提出以后结论又有变化"):
        approve(people.chief, evaluation, evaluation.version, "同意。")
    refuse(people.chief, evaluation, evaluation.version, "结论有变化，请重新建议。")
    assert evaluation.state_of is State.PROVINCE_REVIEW


def test_a_county_may_still_be_sent_back_instead_of_proposed(people, county):
    evaluation = reviewed(county, people)
    take_step(people.inspector, evaluation, Step.SEND_BACK, evaluation.version, "一处数据存疑。")
    with pytest.raises(Overtaken, match="办理“退回”"):
        propose(people.inspector, evaluation, CERTIFY, evaluation.version - 1, "拟认定。")


# ── The page ──────────────────────────────────────────────────────────────────────────────────


def page(answer) -> str:
    """The words of an answer, without marks."""
    return re.sub(r"<[^>]+>", "", answer.content.decode())


def test_one_county_is_proposed_replied_to_answered_and_decided_on_the_page(client, people, county):
    evaluation = reviewed(county, people)
    base = f"/evaluations/{evaluation.pk}/proposal/"

    def send(user: User, address: str, prefix: str, **said):
        client.force_login(user)
        seen = type(evaluation).objects.values_list("version", flat=True).get(pk=evaluation.pk)
        return client.post(address, {f"{prefix}-{key}": value for key, value in (said | {"version": seen}).items()})

    client.force_login(people.inspector)
    assert "可以建议认定" in page(client.get(base))
    assert (
        send(people.inspector, f"{base}propose/", "propose", decision="certify", reason="均已达标。").status_code == 302
    )
    refused = send(people.signer, f"{base}findings/G1/", "reply-G1", agrees="no", text=" ")
    assert refused.status_code == 422
    assert "不同意须写明理由" in page(refused)
    file = SimpleUploadedFile("依据.pdf", pdf())
    said = send(people.signer, f"{base}findings/G1/", "reply-G1", agrees="no", text="规划已修订。", file=file)
    assert said.status_code == 302
    assert said.headers["Location"] == f"{base}#finding-G1"
    reply_pk = Reply.objects.get().pk
    for user, status in ((people.inspector, 200), (people.city, 200), (people.clerk, 200)):
        client.force_login(user)
        assert client.get(f"/replies/{reply_pk}/file/").status_code == status
    assert send(people.signer, f"{base}finish/", "finish").status_code == 302
    early = send(people.chief, f"{base}decide/", "decide", choice="approve", words="同意。", notice_days=5)
    assert early.status_code == 422
    assert "1 条不同意见还没有答复" in page(early)
    assert send(people.inspector, f"/replies/{reply_pk}/answer/", "answer-G1", answer="未经批准。").status_code == 302
    client.force_login(people.chief)
    told = page(client.get(base))
    assert "规划已修订。" in told
    assert "未经批准。" in told
    assert "同意后通知" in told
    short = send(people.chief, f"{base}decide/", "decide", choice="approve", words="同意。", notice_days=4)
    assert short.status_code == 422
    assert "公示期至少 5 个工作日" in page(short)
    done = send(people.chief, f"{base}decide/", "decide", choice="approve", words="同意。", notice_days=5)
    assert done.status_code == 302
    evaluation.refresh_from_db()
    assert evaluation.state_of is State.NOTICE


def test_what_is_missing_stands_on_the_page_and_a_refused_form_keeps_its_words(client, people, county):
    evaluation = forwarded(county, people)
    base = f"/evaluations/{evaluation.pk}/proposal/"
    client.force_login(people.inspector)
    assert "还没有评定。" in page(client.get(base))
    said = {"propose-decision": "certify", "propose-reason": "我写了很多字。", "propose-version": evaluation.version}
    refused = client.post(f"{base}propose/", said)
    assert refused.status_code == 422
    assert "还不能建议认定" in page(refused)
    assert "我写了很多字。" in refused.content.decode()


def test_a_form_seen_before_somebody_was_first_says_so_and_goes_on_from_what_is_there(client, people, county):
    evaluation = proposed(county, people)
    base, seen = f"/evaluations/{evaluation.pk}/proposal/", evaluation.version
    reply(people.signer, the_proposal(evaluation), seen, "V1", "", True, "")
    client.force_login(people.signer)
    said = {"reply-G1-agrees": "no", "reply-G1-text": "规划已修订。", "reply-G1-version": seen}
    refused = client.post(f"{base}findings/G1/", said)
    assert refused.status_code == 422
    assert "签报人甲（签报人）已于" in page(refused)
    assert "规划已修订。" in refused.content.decode()
    assert f'name="reply-G1-version" value="{seen + 1}"' in refused.content.decode()


def test_the_county_sees_no_page_before_there_is_a_proposal_and_others_never(client, people, county, other_clerk):
    evaluation = reviewed(county, people)
    base = f"/evaluations/{evaluation.pk}/proposal/"
    for user in (people.clerk, people.signer, people.city):
        client.force_login(user)
        assert client.get(base).status_code == 404
    propose(people.inspector, evaluation, CERTIFY, evaluation.version, "均已达标。")
    for user in (people.clerk, people.signer, people.city, people.chief):
        client.force_login(user)
        assert client.get(base).status_code == 200
    client.force_login(other_clerk)
    assert client.get(base).status_code == 404
    for address in (f"{base}propose/", f"{base}findings/G1/", f"{base}finish/", f"{base}decide/"):
        assert client.get(address).status_code == client.post(address).status_code == 404
