"""What the page of an evaluation says about proposing: what may be done now, and what stands against it."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from evaluation.models import Evaluation, Proposal
from evaluation.permissions import Person
from evaluation.proposal_queries import FindingLine, may_have_proposals
from evaluation.proposing import (
    is_reply_over,
    missing_of,
    open_proposal,
    proposals_of,
    unanswered,
    why_not_answer_reply,
    why_not_decide,
    why_not_propose,
    why_not_reply,
)
from evaluation.workflow import Step


def section(user: Person, evaluation: Evaluation) -> dict[str, Any]:
    """The context of templates/evaluation/sections/proposing.html."""
    why_not_certify = why_not_propose(user, evaluation, Proposal.Decision.CERTIFY)
    why_not_decline = why_not_propose(user, evaluation, Proposal.Decision.DECLINE)
    undecided = why_not_decide(user, evaluation)
    current = open_proposal(evaluation)
    if current is not None:
        current.evaluation = evaluation
    return {
        "is_shown": may_have_proposals(user, evaluation),
        "current": current,
        "last": proposals_of(evaluation).first(),
        "can_propose": not why_not_decline,
        "missing": [FindingLine(each, None) for each in missing_of(evaluation)] if not why_not_decline else [],
        "can_reply": current is not None and not why_not_reply(user, current),
        "can_answer": current is not None and not why_not_answer_reply(user, current),
        "can_decide": not undecided,
        "unanswered": unanswered(current).count() if current is not None else 0,
        "is_over": current is not None and is_reply_over(current, timezone.localdate()),
        "why_not": {
            Step.PROPOSE_CERTIFY: why_not_certify,
            Step.PROPOSE_DECLINE: why_not_decline,
            Step.REFUSE: undecided,
            Step.APPROVE_CERTIFY: undecided or _other(current, Proposal.Decision.CERTIFY),
            Step.APPROVE_DECLINE: undecided or _other(current, Proposal.Decision.DECLINE),
        },
    }


def _other(current: Proposal | None, decision: Proposal.Decision) -> str:
    """Why a proposal cannot be approved as something else than what was proposed."""
    if current is None or current.decision == decision:
        return ""
    return f"督学的处理建议是“{current.get_decision_display()}”。"
