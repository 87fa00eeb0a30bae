"""Proposing a decision, the county's right of reply, and the chief's decision.

An inspector proposes; the county replies finding by finding until its term is over or it says that it has finished;
every disagreement is answered by the inspector; then the chief decides, who is never the one who proposed.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from evaluation.core.decided import Decided
from evaluation.core.proposal import ProposalFinding, findings_to_reply, missing_for_certifying
from evaluation.core.working_days import BeyondCalendar, add_working_days
from evaluation.judging import judge_again
from evaluation.models import Evaluation, Notice, Proposal, Reply, Verdict
from evaluation.parties import people_of
from evaluation.permissions import Person, Refused, can_see_evaluation
from evaluation.standards import parsed_standard
from evaluation.steps import act_within, overtaken_or, take_step, why_not_step
from evaluation.telling import notify_all
from evaluation.workflow import NOTICE_WORKING_DAYS, REPLY_WORKING_DAYS, State, Step, Within
from evaluation.working_calendar import working_calendar
from indicators.actions import store_file
from indicators.evidence_files import EvidenceRefused, check_evidence_file
from schools.models import User
from schools.vocabulary import Party

LONGEST_TEXT = 2_000
MOST_NOTICE_DAYS = 30
#: Missing items a refusal names before it only counts them; the page lists all.
_MOST_NAMED = 3
_FILENAME_LENGTH = Reply._meta.get_field("filename").max_length or 0
_STEPS = {
    Proposal.Decision.CERTIFY: (Step.PROPOSE_CERTIFY, Step.APPROVE_CERTIFY),
    Proposal.Decision.DECLINE: (Step.PROPOSE_DECLINE, Step.APPROVE_DECLINE),
}


# ── What a proposal rests on ──────────────────────────────────────────────────────────────────


def verdict_now(evaluation: Evaluation) -> Verdict | None:
    """The newest verdict of what was signed last, by the standard of the evaluation."""
    if evaluation.filing is None:
        return None
    found = Verdict.objects.filter(submission=evaluation.filing.submission_id, standard=evaluation.standard_id)
    return found.select_related("standard").order_by("-number").first()


def missing_of(evaluation: Evaluation) -> tuple[ProposalFinding, ...]:
    """Everything that keeps the county from being certified as it stands now, one by one; empty where it may be."""
    verdict = verdict_now(evaluation)
    return () if verdict is None else _missing(verdict)


def _missing(verdict: Verdict) -> tuple[ProposalFinding, ...]:
    standard = parsed_standard(verdict.standard)
    return missing_for_certifying(json.loads(verdict.document), standard, Decided.of(verdict.decided))


def findings_of(proposal: Proposal) -> tuple[ProposalFinding, ...]:
    """What the county may reply to, in the order of the standard, the decision as a whole first."""
    verdict = proposal.verdict
    standard = parsed_standard(verdict.standard)
    return findings_to_reply(json.loads(verdict.document), standard, Decided.of(verdict.decided))


def open_proposal(evaluation: Evaluation) -> Proposal | None:
    """The proposal the chief has still to decide, None where there is none."""
    return proposals_of(evaluation).filter(outcome=Proposal.Outcome.OPEN).first()


def proposals_of(evaluation: Evaluation) -> QuerySet[Proposal]:
    """The proposals made so far, the newest first."""
    found = evaluation.proposals.select_related("verdict__standard", "proposed_by", "decided_by", "finished_by")
    return found.order_by("-pk")


# ── The inspector proposes ────────────────────────────────────────────────────────────────────


def why_not_propose(user: Person, evaluation: Evaluation, decision: Proposal.Decision) -> str:
    """Empty if ``user`` may propose ``decision`` now, otherwise the reason in words. What is missing for certifying is
    told one by one by :func:`missing_of`."""
    step, _ = _STEPS[decision]
    if reason := why_not_step(user, evaluation, step):
        return reason
    if verdict_now(evaluation) is None:
        return "签报的数据还没有结论，不能提出处理建议。"
    if decision is Proposal.Decision.CERTIFY and (missing := missing_of(evaluation)):
        return f"还不能建议认定：{len(missing)} 项没有达标或还没有评定，逐项列在下面。"
    return ""


def propose(user: User, evaluation: Evaluation, decision: Proposal.Decision, seen_version: int, reason: str) -> None:
    """Propose to certify or to decline, with the reason. What was decided up to now is judged into the verdict the
    proposal rests on. Raises Refused, and Overtaken where a step was taken meanwhile."""
    step, _ = _STEPS[decision]
    reply_until = _working_day_from(timezone.localdate(), REPLY_WORKING_DAYS)

    def write(seen: Evaluation) -> Mapping[str, Any]:
        verdict = judge_again(seen.county, seen.school_year)
        if verdict is None or seen.filing is None or verdict.submission_id != seen.filing.submission_id:
            raise Refused("签报的数据还没有结论，不能提出处理建议。")
        missing = _missing(verdict) if decision is Proposal.Decision.CERTIFY else ()
        if missing:
            named = "、".join(f"{each.name}（{each.words.rstrip('。')}）" for each in missing[:_MOST_NAMED])
            more = f"等 {len(missing)} 项" if len(missing) > _MOST_NAMED else ""
            raise Refused(f"还不能建议认定：{named}{more}。")
        proposal = Proposal.objects.create(
            evaluation=seen,
            filing=seen.filing,
            verdict=verdict,
            decision=decision,
            reason=reason.strip(),
            reply_until=reply_until,
            proposed_by=user,
        )
        until = reply_until.isoformat()
        return {"proposal": proposal.pk, "decision": decision.value, "verdict": verdict.sha256, "reply_until": until}

    take_step(user, evaluation, step, seen_version, reason, effect=write, changes={"deadline": reply_until})


def _working_day_from(day: datetime.date, count: int) -> datetime.date:
    try:
        return add_working_days(working_calendar(), day, count)
    except BeyondCalendar as beyond:
        raise Refused(str(beyond)) from beyond


# ── The county replies ────────────────────────────────────────────────────────────────────────


def is_reply_over(proposal: Proposal, day: datetime.date) -> bool:
    """Whether the county has no more time to reply, or said that it has finished."""
    return proposal.finished_at is not None or day > proposal.reply_until


def why_not_reply(user: Person, proposal: Proposal) -> str:
    """Empty if ``user`` may reply for the county now, otherwise the reason in words."""
    evaluation = proposal.evaluation
    is_signer = isinstance(user, User) and user.party == Party.SIGNER and user.place_id == evaluation.county_id
    if not is_signer:
        return "对处理建议的意见由本县签报人提出。"
    if evaluation.state_of is not State.PROPOSED or proposal.outcome != Proposal.Outcome.OPEN:
        return "这一处理建议已经审定，不能再提出意见。"
    if proposal.finished_at is not None:
        return f"本县已于 {timezone.localtime(proposal.finished_at):%Y-%m-%d %H:%M} 答复完毕，不能再提出意见。"
    if timezone.localdate() > proposal.reply_until:
        return f"答复期限到 {proposal.reply_until} 为止，已经过期。"
    return ""


def reply(
    user: User,
    proposal: Proposal,
    seen_version: int,
    finding: str,
    stage: str,
    agrees: bool,
    text: str,
    file: tuple[str, bytes] | None = None,
) -> None:
    """Say whether the county agrees with a finding (its code and stage) and why not, with a file where there is one.
    Said again it takes the place of what was said, as long as that is not answered. Raises Refused."""
    _check(why_not_reply(user, proposal))
    known = {(each.code, each.stage) for each in findings_of(proposal)}
    if (finding, stage) not in known:
        raise Refused("处理建议里没有这一项。")
    words = text.strip()
    if not agrees and not words:
        raise Refused("不同意须写明理由：哪里不对、依据是什么。")
    _check_length("意见", words)
    name = _checked_file(file)

    def write(_: Evaluation) -> Mapping[str, Any]:
        earlier = Reply.objects.filter(proposal=proposal, finding=finding, stage=stage).first()
        if earlier is not None and earlier.answer:
            raise Refused("这一项已经答复，不能再改。")
        said = earlier or Reply(proposal=proposal, finding=finding, stage=stage)
        said.agrees, said.text, said.replied_by = agrees, words, user
        if file is not None:
            said.file, said.filename = store_file(file[1]), name
        elif agrees:
            said.file, said.filename = None, ""
        said.save()
        return {"proposal": proposal.pk, "finding": finding, "stage": stage, "agrees": agrees, "text": words}

    act_within(user, proposal.evaluation, Within.REPLY, seen_version, write)


def finish_replies(user: User, proposal: Proposal, seen_version: int) -> None:
    """Say that the county has said all it wanted: the term ends now. Raises Refused."""
    _check(why_not_reply(user, proposal))

    def write(_: Evaluation) -> Mapping[str, Any]:
        Proposal.objects.filter(pk=proposal.pk).update(finished_by=user, finished_at=timezone.now())
        # The term was the county's; whoever decides now has none.
        Evaluation.objects.filter(pk=proposal.evaluation_id).update(deadline=None)
        _tell_of_replies(proposal, "县里对处理建议答复完毕")
        return {"proposal": proposal.pk}

    act_within(user, proposal.evaluation, Within.FINISH_REPLIES, seen_version, write)
    proposal.refresh_from_db()


def _tell_of_replies(proposal: Proposal, words: str) -> None:
    """Tell whoever has the next word: the inspector while disagreements wait for an answer, then the chief."""
    count = unanswered(proposal).count()
    party = Party.INSPECTOR if count else Party.CHIEF
    asked = f"有 {count} 条不同意见，请您逐条答复。" if count else "可以审定。"
    notify_all(people_of(proposal.evaluation, (party,))[party], proposal.evaluation, f"{words}，{asked}")


def unanswered(proposal: Proposal) -> QuerySet[Reply]:
    """The disagreements that nobody answered yet."""
    return Reply.objects.filter(proposal=proposal, agrees=False, answer="")


def why_not_answer_reply(user: Person, proposal: Proposal) -> str:
    """Empty if ``user`` may answer the county's disagreements now: the inspector who proposed, or whoever the county
    was assigned to since. Otherwise the reason in words."""
    evaluation = proposal.evaluation
    if reason := _why_not_party(user, evaluation, Party.INSPECTOR, "县级意见由提出建议的督学答复。"):
        return reason
    if proposal.outcome != Proposal.Outcome.OPEN:
        return "这一处理建议已经审定。"
    return ""


def answer_reply(user: User, said: Reply, seen_version: int, answer: str) -> None:
    """Answer a disagreement of the county. Raises Refused."""
    proposal = said.proposal
    _check(why_not_answer_reply(user, proposal))
    words = answer.strip()
    if not words:
        raise Refused("请写明答复：核对了什么、结论是什么。")
    _check_length("答复", words)

    def write(_: Evaluation) -> Mapping[str, Any]:
        changed = Reply.objects.filter(pk=said.pk, answer="").update(
            answer=words, answered_by=user, answered_at=timezone.now()
        )
        if not changed:
            raise Refused("这一项已经答复。")
        if is_reply_over(proposal, timezone.localdate()) and not unanswered(proposal).exists():
            _tell_of_replies(proposal, "县里的不同意见已逐条答复")
        return {"proposal": proposal.pk, "finding": said.finding, "stage": said.stage, "text": words}

    act_within(user, proposal.evaluation, Within.ANSWER_REPLY, seen_version, write)


# ── The chief decides ─────────────────────────────────────────────────────────────────────────


def why_not_decide(user: Person, evaluation: Evaluation) -> str:
    """Empty if ``user`` may decide the open proposal now, otherwise the reason in words."""
    if reason := why_not_step(user, evaluation, Step.REFUSE):
        return reason
    proposal = open_proposal(evaluation)
    if proposal is None:
        return "没有待审定的处理建议。"
    return _why_not_ripe(user, proposal)


def _why_not_ripe(user: Person, proposal: Proposal) -> str:
    if isinstance(user, User) and proposal.proposed_by_id == user.pk:
        return "处理建议由您提出，须由另一位审定人审定。"
    if not is_reply_over(proposal, timezone.localdate()):
        return f"县级答复期到 {proposal.reply_until} 为止，期满或县里答复完毕以后才能审定。"
    if count := unanswered(proposal).count():
        return f"县里有 {count} 条不同意见还没有答复，由督学逐条答复以后才能审定。"
    return ""


def approve(
    user: User, evaluation: Evaluation, seen_version: int, words: str, notice_days: int = NOTICE_WORKING_DAYS
) -> None:
    """Agree with what was proposed: a certification goes into 公示 for ``notice_days`` working days after today, a
    decline is final. Raises Refused, and Overtaken where somebody was first."""
    proposal = _proposal_to_decide(user, evaluation, seen_version)
    if proposal.decision == Proposal.Decision.DECLINE:
        _decide(user, proposal, evaluation, Step.APPROVE_DECLINE, seen_version, words)
        return
    if not NOTICE_WORKING_DAYS <= notice_days <= MOST_NOTICE_DAYS:
        raise Refused(f"公示期应为 {NOTICE_WORKING_DAYS} 至 {MOST_NOTICE_DAYS} 个工作日。")
    opens_on = timezone.localdate()
    closes_on = _working_day_from(opens_on, notice_days)

    def announce(seen: Evaluation) -> Mapping[str, Any]:
        notice = Notice.objects.create(
            evaluation=seen,
            filing=proposal.filing,
            proposal=proposal,
            opens_on=opens_on,
            closes_on=closes_on,
            opened_by=user,
        )
        return {"notice": notice.pk, "opens_on": opens_on.isoformat(), "closes_on": closes_on.isoformat()}

    _decide(user, proposal, evaluation, Step.APPROVE_CERTIFY, seen_version, words, announce, closes_on)


def refuse(user: User, evaluation: Evaluation, seen_version: int, words: str) -> None:
    """Disagree with what was proposed, with the reason: back to the inspector. Raises Refused, and Overtaken where
    somebody was first."""
    proposal = _proposal_to_decide(user, evaluation, seen_version)
    _decide(user, proposal, evaluation, Step.REFUSE, seen_version, words)


def _proposal_to_decide(user: User, evaluation: Evaluation, seen_version: int) -> Proposal:
    proposal, reason = open_proposal(evaluation), why_not_step(user, evaluation, Step.REFUSE)
    if proposal is None or reason:
        raise overtaken_or(evaluation, seen_version, reason or "没有待审定的处理建议。")
    return proposal


def _decide(
    user: User,
    proposal: Proposal,
    evaluation: Evaluation,
    step: Step,
    seen_version: int,
    words: str,
    announce: Callable[[Evaluation], Mapping[str, Any]] | None = None,
    deadline: datetime.date | None = None,
) -> None:
    """Write the decision and take the step. That nobody decided meanwhile is held by the step alone."""

    def write(seen: Evaluation) -> Mapping[str, Any]:
        current = Proposal.objects.select_related("evaluation").get(pk=proposal.pk)
        _check(_why_not_ripe(user, current))
        if step is not Step.REFUSE and verdict_now(seen) != current.verdict:
            raise Refused("建议提出以后结论又有变化。请先“不同意”，由督学按最新的结论重新建议。")
        outcome = Proposal.Outcome.REFUSED if step is Step.REFUSE else Proposal.Outcome.APPROVED
        Proposal.objects.filter(pk=proposal.pk).update(
            outcome=outcome, words=words.strip(), decided_by=user, decided_at=timezone.now()
        )
        told = {"proposal": proposal.pk, "decision": proposal.decision, "verdict": proposal.verdict.sha256}
        return told | dict(announce(seen) if announce is not None else {})

    take_step(user, evaluation, step, seen_version, words, effect=write, changes={"deadline": deadline})
    proposal.refresh_from_db()


# ── Shared by the actions above ───────────────────────────────────────────────────────────────


def _why_not_party(user: Person, evaluation: Evaluation, party: Party, words: str) -> str:
    if not isinstance(user, User) or user.party != party or not can_see_evaluation(user, evaluation):
        return words
    return ""


def _checked_file(file: tuple[str, bytes] | None) -> str:
    if file is None:
        return ""
    name = PurePath(file[0].replace("\\", "/")).name[-_FILENAME_LENGTH:]
    try:
        check_evidence_file(name, file[1])
    except EvidenceRefused as refusal:
        raise Refused(str(refusal)) from refusal
    return name


def _check_length(label: str, words: str) -> None:
    if len(words) > LONGEST_TEXT:
        raise Refused(f"{label}有 {len(words)} 个字，最多 {LONGEST_TEXT} 个字。")


def _check(reason: str) -> None:
    if reason:
        raise Refused(reason)
