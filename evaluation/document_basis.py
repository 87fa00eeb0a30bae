"""What a document rests on: the filing, the proposal, the verdict; and whether that still is what stands."""

from __future__ import annotations

from evaluation.document_making import DocumentKind
from evaluation.models import DocumentOrder, Evaluation, Filing, Proposal
from evaluation.proposing import verdict_now
from evaluation.workflow import State

#: The documents that tell what was proposed or decided.
OF_A_PROPOSAL = (DocumentKind.OPINION, DocumentKind.FEEDBACK)


def standing_proposal(evaluation: Evaluation) -> Proposal | None:
    """The last proposal on what is signed now; None where it was refused, or where an objection to what was approved
    was upheld and the province has not proposed anew."""
    if evaluation.state_of is State.PROVINCE_REVIEW:
        return None
    return Proposal.objects.filter(evaluation=evaluation, filing=evaluation.filing_id).order_by("-pk").first()


def verdict_behind(evaluation: Evaluation, kind: DocumentKind) -> int | None:
    """The key of the verdict a document made now rests on: the county's own report on the one that was signed, all
    others on that of the proposal that stands, before there is one on the newest. None where nobody signed."""
    if kind is DocumentKind.SELF_ASSESSMENT:
        return Filing.objects.filter(pk=evaluation.filing_id).values_list("verdict", flat=True).first()
    if (proposal := standing_proposal(evaluation)) is not None:
        return proposal.verdict_id
    verdict = verdict_now(evaluation)
    return verdict.pk if verdict is not None else None


def why_outdated(order: DocumentOrder, evaluation: Evaluation) -> str:
    """Empty while an order of ``evaluation`` rests on what stands, otherwise what has changed, in words."""
    if order.filing_id != evaluation.filing_id or not evaluation.state_of.is_frozen:
        return "制作以后签报有了变化，这份文件不再是现在的情况。"
    kind = order.kind_of
    if kind in OF_A_PROPOSAL:
        if order.proposal is not None and order.proposal.outcome == Proposal.Outcome.REFUSED:
            return "它所依据的处理建议没有被采纳。"
        proposal = standing_proposal(evaluation)
        if proposal is None or proposal.pk != order.proposal_id:
            return "制作以后处理建议有了变化，这份文件不再是现在的情况。"
    # Of an order from before it was kept nobody knows the verdict. That of a report is fixed by its filing, that of
    # what tells a proposal by the proposal.
    is_pinned = kind is DocumentKind.SCHOOL_PLAN and order.verdict_id is not None
    if is_pinned and order.verdict_id != verdict_behind(evaluation, kind):
        return "制作以后省级评定或核算结果有了变化，这份文件不再是现在的情况。"
    return ""
