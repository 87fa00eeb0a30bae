"""The only writers of register proposals: what an upload suggests is kept, a person decides, and only then does the
register change, through ``schools.actions``."""

from __future__ import annotations

import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from indicators.models import RegisterProposal, Submission
from indicators.queries import register_of
from indicators.register_changes import ChangeKind, Proposal, propose_changes
from indicators.report import CountyReport
from schools import actions as register_actions
from schools.models import School, User
from schools.vocabulary import Party

Kind, State = RegisterProposal.Kind, RegisterProposal.State
#: Kinds that may be confirmed all at once. Closing a school takes a look at each.
BULK_KINDS = (Kind.OPENED, Kind.RENAMED, Kind.RETYPED)


class DecisionRefused(ValueError):
    """A proposal could not be decided; the message is meant for the person who asked."""


def can_see_register(user: Any, county_code: str) -> bool:
    """The proposals of a county's uploads belong to its own desk, like its trial data."""
    return isinstance(user, User) and user.party in (Party.CLERK, Party.SIGNER) and user.place_id == county_code


def why_not_decide(user: Any, county_code: str) -> str:
    """Empty if ``user`` may decide the proposals of a county, otherwise the reason in words."""
    if not can_see_register(user, county_code):
        return "只有本县的填报员可以确认学校名录的变更。"
    if user.party != Party.CLERK:
        return "签报人不改学校名录：请由填报员确认变更。"
    return ""


def proposals_of(county_code: str) -> QuerySet[RegisterProposal]:
    """Everything ever proposed for a county, with the version it came from."""
    proposals = RegisterProposal.objects.filter(submission__county_id=county_code)
    return proposals.select_related("submission", "decided_by", "merged_into").order_by("school_code", "kind")


def open_proposals(county_code: str) -> QuerySet[RegisterProposal]:
    """What waits for a decision."""
    return proposals_of(county_code).filter(state=State.PROPOSED)


def save_proposals(submission: Submission, report: CountyReport) -> None:
    """Keep what a version suggests, instead of what older versions suggested and nobody decided. Call inside the
    transaction that ends its job, after its report is saved.

    What a person has turned down is not asked again while the upload says the same.
    """
    if not submission.is_readable or _has_newer(submission):
        return
    open_proposals(submission.county_id).order_by().delete()
    register = register_of(submission.county)
    rejected = [
        (proposal.kind, proposal.school_code, proposal.after)
        for proposal in proposals_of(submission.county_id).filter(state=State.REJECTED)
    ]
    RegisterProposal.objects.bulk_create(
        (
            _row(submission, proposal)
            for proposal in propose_changes(report, register)
            if (proposal.kind.value, proposal.school_code, dict(proposal.after)) not in rejected
        ),
        batch_size=200,
    )


def _has_newer(submission: Submission) -> bool:
    """Whether a later version has been read already: jobs may end in another order than they began."""
    later = Q(school_year__gt=submission.school_year) | Q(
        school_year=submission.school_year, version__gt=submission.version
    )
    return Submission.objects.filter(later, county_id=submission.county_id, is_readable=True).exists()


def _row(submission: Submission, proposal: Proposal) -> RegisterProposal:
    return RegisterProposal(
        submission=submission,
        kind=proposal.kind.value,
        school_code=proposal.school_code,
        before=dict(proposal.before),
        after=dict(proposal.after),
    )


@transaction.atomic
def decide_proposal(
    user: User, proposal: RegisterProposal, confirm: bool, merged_into: School | None = None
) -> RegisterProposal:
    """Confirm a proposal, which changes the register, or turn it down. A closed school may be confirmed as merged into
    another one of the county. Raises DecisionRefused; then nothing has changed."""
    county_code = proposal.submission.county_id
    if reason := why_not_decide(user, county_code):
        raise DecisionRefused(reason)
    kind = proposal.kind
    if confirm and merged_into is not None:
        if kind != Kind.CLOSED:
            raise DecisionRefused("只有停办的学校可以并入其他学校。")
        kind = Kind.MERGED
    decided = RegisterProposal.objects.filter(pk=proposal.pk, state=State.PROPOSED).update(
        state=State.CONFIRMED if confirm else State.REJECTED,
        kind=kind,
        merged_into=merged_into if confirm else None,
        decided_by=user,
        decided_at=timezone.now(),
    )
    if not decided:
        raise DecisionRefused("这一项已经有人处理，或已被新上传的版本取代，请刷新页面。")
    if confirm:
        try:
            _apply(proposal, merged_into)
        except register_actions.RegisterRefused as refusal:
            raise DecisionRefused(str(refusal)) from refusal
    proposal.refresh_from_db()
    return proposal


def decide_all(user: User, county_code: str, kind: str) -> tuple[int, list[str]]:
    """Confirm every open proposal of a kind; how many were confirmed, and why the others could not be. Raises
    DecisionRefused where the kind asks for a look at each."""
    if reason := why_not_decide(user, county_code):
        raise DecisionRefused(reason)
    if kind not in BULK_KINDS:
        raise DecisionRefused("停办和合并请逐校确认。")
    confirmed, refused = 0, []
    for proposal in open_proposals(county_code).filter(kind=kind):
        try:
            decide_proposal(user, proposal, confirm=True)
            confirmed += 1
        except DecisionRefused as refusal:
            refused.append(f"{proposal.school_code}：{refusal}")
    return confirmed, refused


def _apply(proposal: RegisterProposal, merged_into: School | None) -> None:
    """Change the register as the proposal says; figures are taken on 1 September, so a school closes then."""
    county_code, code = proposal.submission.county_id, proposal.school_code
    if proposal.kind == ChangeKind.OPENED:
        register_actions.open_school(code, county_code, **proposal.after)
        return
    school = School.objects.filter(pk=code, county_id=county_code).first()
    if school is None:
        raise register_actions.RegisterRefused("这所学校已不在本县的名录中。")
    closed_on = datetime.date(proposal.submission.school_year, 9, 1)
    if proposal.kind == ChangeKind.RENAMED:
        register_actions.rename_school(school, proposal.after["name"])
    elif proposal.kind == ChangeKind.RETYPED:
        register_actions.retype_school(school, **proposal.after)
    elif merged_into is not None:
        register_actions.merge_school(school, merged_into, closed_on)
    else:
        register_actions.close_school(school, closed_on)
