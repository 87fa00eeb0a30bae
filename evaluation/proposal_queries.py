"""What the page of a proposal shows: the findings with the county's word on each, and the answer to it."""

from __future__ import annotations

from dataclasses import dataclass

from evaluation.core.proposal import DECISION, ProposalFinding
from evaluation.core.status import Status
from evaluation.models import Evaluation, Proposal, Reply
from evaluation.permissions import Person
from evaluation.proposing import findings_of, proposals_of
from evaluation.queries import evaluations_visible_to
from evaluation.workflow import State
from schools.models import User
from schools.vocabulary import Party

_SIGNS = {
    Status.MET: "✓",
    Status.NOT_MET: "✗",
    Status.UNKNOWN: "?",
    Status.TO_JUDGE: "…",
    Status.EXEMPT: "◇",
}


@dataclass(frozen=True, slots=True)
class FindingLine:
    """A finding, and the county's word on it where it gave one. ``key`` names it in addresses."""

    finding: ProposalFinding
    reply: Reply | None

    @property
    def key(self) -> str:
        return key_of(self.finding.code, self.finding.stage)

    @property
    def sign(self) -> str:
        return _SIGNS[self.finding.status] if self.finding.status is not None else ""

    @property
    def is_decision(self) -> bool:
        return self.finding.code == DECISION

    @property
    def is_an_item(self) -> bool:
        """Whether its code is one of the standard's, to be printed."""
        return self.finding.code[:1].isupper()

    @property
    def waits(self) -> bool:
        """Whether the county disagrees and nobody answered yet."""
        return self.reply is not None and not self.reply.agrees and not self.reply.answer


def key_of(code: str, stage: str) -> str:
    """A finding in an address: L1.PRIMARY, G1."""
    return f"{code}.{stage}" if stage else code


def finding_lines(proposal: Proposal) -> list[FindingLine]:
    """Every finding the county may reply to, with what it said."""
    replies = proposal.replies.select_related("replied_by", "answered_by")
    said = {(each.finding, each.stage): each for each in replies}
    return [FindingLine(each, said.get((each.code, each.stage))) for each in findings_of(proposal)]


def may_have_proposals(user: Person, evaluation: Evaluation) -> bool:
    """Whether there is a page of proposals for ``user``: everybody who sees the evaluation once there is a proposal;
    before that, only those of the province."""
    if proposals_of(evaluation).exists():
        return True
    is_of_province = isinstance(user, User) and user.party in (Party.INSPECTOR, Party.CHIEF)
    return is_of_province and evaluation.state_of is State.PROVINCE_REVIEW


def reply_visible_to(user: Person, pk: int) -> Reply | None:
    """A reply of an evaluation that ``user`` may see, with the evaluation."""
    found = Reply.objects.select_related("proposal__evaluation__county__parent", "proposal__verdict__standard", "file")
    return found.filter(pk=pk, proposal__evaluation__in=evaluations_visible_to(user).order_by()).first()
