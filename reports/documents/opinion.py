"""督导评估意见书: how the evaluation went, what was found, what was decided and why, what is asked of the county."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from evaluation.models import Evaluation, Event, Proposal, SendBack
from evaluation.proposing import proposals_of
from evaluation.workflow import Step, rounds_of
from reports.documents import county_facts as county
from reports.documents.case import Case, hidden_in
from reports.documents.problems import problems, term_of
from reports.documents.words import date_words, numeral

_LONGEST = 200


def opinion(case: Case, evaluation: Evaluation) -> dict[str, Any]:
    """Everything the 督导评估意见书 prints."""
    proposal = proposals_of(evaluation).filter(filing=evaluation.filing_id).first()
    found = problems(case, term_of(evaluation), hidden_in(case, evaluation))
    return {
        **case.heading(),
        **county.standards(case),
        "程序": rounds_of(is_direct=evaluation.county.is_directly_under_province),
        "过程": _process(evaluation, proposal),
        "维度": county.dimensions(case),
        "学段": county.stages(case),
        "差异系数表": county.coefficients(case),
        "差异系数说明": county.coefficient_words(case),
        "政府保障": county.items(case, "guarantee"),
        "政府保障说明": county.items_words(case, "guarantee"),
        "教育质量": county.items(case, "quality"),
        "教育质量说明": county.items_words(case, "quality"),
        "社会认可": county.items(case, "recognition"),
        "否决事项": county.items(case, "veto"),
        "否决事项说明": county.items_words(case, "veto"),
        "待评定说明": county.to_judge_words(case),
        "决定": _decision(proposal),
        "决定理由": _shortened(proposal.reason) if proposal else "省级督学尚未提出处理建议。",
        "审定意见": _shortened(proposal.words) if proposal and proposal.words else "尚无审定意见。",
        "县级意见": _replies(proposal),
        "退回": _send_backs(evaluation),
        "问答": _questions(evaluation),
        "问题": found,
        "整改要求": _demands(found, term_of(evaluation)),
    }


def _decision(proposal: Proposal | None) -> str:
    if proposal is None:
        return "尚未作出决定。"
    certify = proposal.decision == Proposal.Decision.CERTIFY
    if proposal.outcome == Proposal.Outcome.APPROVED:
        return "同意认定。" if certify else "不予认定。"
    if proposal.outcome == Proposal.Outcome.REFUSED:
        return f"审定不同意“{proposal.get_decision_display()}”的处理建议，退回继续评估。"
    return f"{proposal.get_decision_display()}，待审定。"


# ── How it went ───────────────────────────────────────────────────────────────────────────────


def _process(evaluation: Evaluation, proposal: Proposal | None) -> list[dict[str, str]]:
    """Every step with its day, from the first signature on."""
    steps = [*_signed(evaluation), *_reviewed(evaluation), *_proposed(proposal), *_notices(evaluation)]
    steps.sort(key=lambda each: each[0])
    return [{"日期": date_words(timezone.localdate(at)), "事项": what, "经办": who} for at, what, who in steps]


_Steps = Iterable[tuple[datetime.datetime, str, str]]


def _signed(evaluation: Evaluation) -> _Steps:
    for filing in evaluation.filings.select_related("submission"):
        words = f"签报提交第{filing.submission.version}版数据，签报编号 {filing.number}"
        yield filing.signed_at, words, "县级"


def _reviewed(evaluation: Evaluation) -> _Steps:
    for event in Event.objects.filter(evaluation=evaluation, kind=Step.FORWARD.value):
        yield event.at, "复核后上报省级", "市级"
    for sent in SendBack.objects.filter(evaluation=evaluation).select_related("sent_by"):
        words = f"退回修改 {sent.items.count()} 处，期限 {date_words(sent.deadline)}"
        yield sent.sent_at, words, sent.sent_by.get_party_display()


def _proposed(proposal: Proposal | None) -> _Steps:
    if proposal is None:
        return
    term = date_words(proposal.reply_until)
    yield proposal.proposed_at, f"{proposal.get_decision_display()}，征求县级意见至{term}", "省级督学"
    if proposal.finished_at is not None:
        yield proposal.finished_at, "县级答复完毕", "县级"
    if proposal.decided_at is not None:
        yield proposal.decided_at, f"审定：{proposal.get_outcome_display()}", "审定人"


def _notices(evaluation: Evaluation) -> _Steps:
    for notice in evaluation.notices.all():
        words = f"公示，自{date_words(notice.opens_on)}至{date_words(notice.closes_on)}"
        yield notice.opened_at, words, "省级"
    for event in Event.objects.filter(evaluation=evaluation, kind=Step.PUBLISH.value):
        yield event.at, "公布结果，颁发证书", "省级"


# ── What was said ─────────────────────────────────────────────────────────────────────────────


def _replies(proposal: Proposal | None) -> str:
    """The county's word on the proposal, counted: what it said stands in the portal."""
    if proposal is None:
        return "尚未征求县级意见。"
    replies = list(proposal.replies.all())
    against = [reply for reply in replies if not reply.agrees]
    if not replies:
        return "县级没有提出不同意见。" if proposal.finished_at else "尚未收到县级意见。"
    words = f"县级对 {len(replies)} 项判定表示了意见，同意 {len(replies) - len(against)} 项，不同意 {len(against)} 项"
    answered = sum(bool(reply.answer) for reply in against)
    return f"{words}；不同意的意见已答复 {answered} 项。" if against else f"{words}。"


def _send_backs(evaluation: Evaluation) -> list[dict[str, str]]:
    """Every round of corrections, counted. What was asked back and why is said between the office and the county, names
    schools and persons, and stands in the portal; everybody may read this document."""
    sent = SendBack.objects.filter(evaluation=evaluation).select_related("sent_by").prefetch_related("items")
    return [
        {
            "轮次": f"第{numeral(number)}次",
            "日期": date_words(timezone.localdate(each.sent_at)),
            "单位": each.sent_by.get_party_display(),
            "处数": f"{len(each.items.all())} 处",
            "期限": date_words(each.deadline),
            "状态": "已重新签报" if each.answered_by_id else "尚未重新签报",
        }
        for number, each in enumerate(sent.order_by("pk"), start=1)
    ]


def _questions(evaluation: Evaluation) -> str:
    """Questions and answers, counted for the same reason."""
    asked = list(evaluation.questions.order_by("pk").values_list("asked_at", "answer"))
    if not asked:
        return "评估中没有提问。"
    days = list(dict.fromkeys(date_words(timezone.localdate(at)) for at, _ in asked))
    when = days[0] if len(days) == 1 else f"{days[0]}至{days[-1]}"
    answered = sum(bool(answer) for _, answer in asked)
    told = "均已答复" if answered == len(asked) else f"已答复 {answered} 个，尚未答复 {len(asked) - answered} 个"
    return f"{when}，督学共提出 {len(asked)} 个问题，{told}。"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}……"


def _demands(found: list[dict[str, Any]], term: str) -> list[str]:
    if not found:
        return ["巩固达标成果，持续保障资源配置，防止校际差距反弹；如有影响结论的变化，及时报告。"]
    told = [f"{each['标题']}：{each['要求']}" for each in found]
    return [*told, f"整改期限：{term}。整改结果附佐证材料，经复核后重新核算。"]
