"""The workflow of an evaluation as one table: who may take which step, from where to where. Pure.

The picture in the README is printed from it, the actions move by it, and a test walks every line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from schools.vocabulary import Party


class State(StrEnum):
    """Where an evaluation stands; one county, one school year, one standard."""

    DRAFT = "draft"
    RETURNED = "returned"
    CITY_REVIEW = "city_review"
    PROVINCE_REVIEW = "province_review"
    PROPOSED = "proposed"
    NOTICE = "notice"
    DECLINED = "declined"
    PUBLISHED = "published"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def is_live(self) -> bool:
        """Whether the evaluation is under way or stands: only one such may exist for a county, year and standard."""
        return self not in (State.DECLINED, State.REVOKED, State.SUPERSEDED)

    @property
    def is_frozen(self) -> bool:
        """Whether the data behind it was signed and may not change."""
        return self not in (State.DRAFT, State.RETURNED)

    @property
    def is_public(self) -> bool:
        """Whether everybody may see the evaluation and the figures behind it."""
        return self in (State.NOTICE, State.PUBLISHED, State.REVOKED, State.SUPERSEDED)


_LABELS = {
    State.DRAFT: "填报中",
    State.RETURNED: "已退回",
    State.CITY_REVIEW: "市级复核",
    State.PROVINCE_REVIEW: "省级评估",
    State.PROPOSED: "待审定",
    State.NOTICE: "公示中",
    State.DECLINED: "不予认定",
    State.PUBLISHED: "已公布",
    State.REVOKED: "已撤销",
    State.SUPERSEDED: "已被取代",
}


class Step(StrEnum):
    """One step a person takes."""

    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    FORWARD = "forward"
    SEND_BACK = "send_back"
    PROPOSE_CERTIFY = "propose_certify"
    PROPOSE_DECLINE = "propose_decline"
    REFUSE = "refuse"
    APPROVE_CERTIFY = "approve_certify"
    APPROVE_DECLINE = "approve_decline"
    UPHOLD_OBJECTION = "uphold_objection"
    PUBLISH = "publish"
    REVOKE = "revoke"
    SUPERSEDE = "supersede"

    @property
    def label(self) -> str:
        return _STEP_LABELS[self]


_STEP_LABELS = {
    Step.SUBMIT: "签报提交",
    Step.WITHDRAW: "撤回签报",
    Step.FORWARD: "复核上报",
    Step.SEND_BACK: "退回",
    Step.PROPOSE_CERTIFY: "建议认定",
    Step.PROPOSE_DECLINE: "建议不予认定",
    Step.REFUSE: "不同意建议",
    Step.APPROVE_CERTIFY: "同意认定，开始公示",
    Step.APPROVE_DECLINE: "同意不予认定",
    Step.UPHOLD_OBJECTION: "异议成立，退回评估",
    Step.PUBLISH: "公布",
    Step.REVOKE: "撤销",
    Step.SUPERSEDE: "由更正取代",
}


class Within(StrEnum):
    """What people do within a state that the next step must have seen: it raises the version of the evaluation, so
    that whoever decides without having seen it is told who did it and when."""

    REPLY = "reply"
    FINISH_REPLIES = "finish_replies"
    ANSWER_REPLY = "answer_reply"
    OBJECT = "object"
    DISMISS_OBJECTION = "dismiss_objection"
    START_CORRECTION = "start_correction"

    @property
    def label(self) -> str:
        return _WITHIN_LABELS[self]


_WITHIN_LABELS = {
    Within.REPLY: "对处理建议提出意见",
    Within.FINISH_REPLIES: "答复完毕",
    Within.ANSWER_REPLY: "答复县级意见",
    Within.OBJECT: "提出异议",
    Within.DISMISS_OBJECTION: "答复异议",
    Within.START_CORRECTION: "启动更正",
}

#: Working days the county has to reply to a proposed decision.
REPLY_WORKING_DAYS = 5
#: Working days a 公示 lasts at least, the day it is put up not counted.
NOTICE_WORKING_DAYS = 5


@dataclass(frozen=True, slots=True)
class Transition:
    """One line of the table. ``tells`` is who holds the ball, or must know, afterwards; ``needs_reason``: without words
    the step is refused; ``is_direct``: the line is for counties directly under their province (True), which no city
    reviews, for those of a city (False), or for all."""

    source: State
    step: Step
    party: Party
    target: State
    tells: tuple[Party, ...]
    needs_reason: bool = False
    is_direct: bool | None = None


_DESK = (Party.CLERK, Party.SIGNER)
_TO_DECIDE = (*_DESK, Party.CHIEF)
_EVERYBODY = (*_DESK, Party.CITY_REVIEWER, Party.INSPECTOR, Party.CHIEF)

TRANSITIONS: tuple[Transition, ...] = (
    Transition(State.DRAFT, Step.SUBMIT, Party.SIGNER, State.CITY_REVIEW, (Party.CITY_REVIEWER,), is_direct=False),
    Transition(State.DRAFT, Step.SUBMIT, Party.SIGNER, State.PROVINCE_REVIEW, (Party.INSPECTOR,), is_direct=True),
    Transition(State.RETURNED, Step.SUBMIT, Party.SIGNER, State.CITY_REVIEW, (Party.CITY_REVIEWER,), is_direct=False),
    Transition(State.RETURNED, Step.SUBMIT, Party.SIGNER, State.PROVINCE_REVIEW, (Party.INSPECTOR,), is_direct=True),
    Transition(State.CITY_REVIEW, Step.WITHDRAW, Party.SIGNER, State.RETURNED, (Party.CITY_REVIEWER, *_DESK), True),
    Transition(State.CITY_REVIEW, Step.FORWARD, Party.CITY_REVIEWER, State.PROVINCE_REVIEW, (Party.INSPECTOR,), True),
    Transition(State.CITY_REVIEW, Step.SEND_BACK, Party.CITY_REVIEWER, State.RETURNED, _DESK, True),
    Transition(State.PROVINCE_REVIEW, Step.SEND_BACK, Party.INSPECTOR, State.RETURNED, _DESK, True),
    Transition(State.PROVINCE_REVIEW, Step.PROPOSE_CERTIFY, Party.INSPECTOR, State.PROPOSED, _TO_DECIDE, True),
    Transition(State.PROVINCE_REVIEW, Step.PROPOSE_DECLINE, Party.INSPECTOR, State.PROPOSED, _TO_DECIDE, True),
    Transition(State.PROPOSED, Step.REFUSE, Party.CHIEF, State.PROVINCE_REVIEW, (Party.INSPECTOR,), True),
    Transition(State.PROPOSED, Step.APPROVE_CERTIFY, Party.CHIEF, State.NOTICE, _EVERYBODY, True),
    Transition(State.PROPOSED, Step.APPROVE_DECLINE, Party.CHIEF, State.DECLINED, _EVERYBODY, True),
    Transition(State.NOTICE, Step.UPHOLD_OBJECTION, Party.CHIEF, State.PROVINCE_REVIEW, _EVERYBODY, True),
    Transition(State.NOTICE, Step.PUBLISH, Party.CHIEF, State.PUBLISHED, _EVERYBODY),
    Transition(State.PUBLISHED, Step.REVOKE, Party.CHIEF, State.REVOKED, _EVERYBODY, True),
    Transition(State.PUBLISHED, Step.SUPERSEDE, Party.CHIEF, State.SUPERSEDED, _EVERYBODY, True),
)  # fmt: skip


def transition(source: State, step: Step, *, is_direct: bool = False) -> Transition | None:
    """The line of the table for a step taken in a state, None where there is none. ``is_direct``: the county lies
    directly under its province."""
    return next((line for line in lines_from(source, is_direct=is_direct) if line.step is step), None)


def lines_from(source: State, *, is_direct: bool) -> tuple[Transition, ...]:
    """Every line that may follow in a state, in the order of the table."""
    return tuple(line for line in TRANSITIONS if line.source is source and line.is_direct in (None, is_direct))


def rounds_of(*, is_direct: bool) -> str:
    """The rounds of review that a certified county has been through, in words."""
    return "县级自评、省级评估" if is_direct else "县级自评、市级复核、省级评估"


def steps_from(source: State, party: Party) -> tuple[Transition, ...]:
    """What ``party`` may do in a state, in the order of the table."""
    return tuple(line for line in TRANSITIONS if line.source is source and line.party is party)


def holder(state: State) -> Party | None:
    """Who holds the ball: the party whose step the evaluation waits for; None where nobody's is needed."""
    return _HOLDERS.get(state)


_HOLDERS = {
    State.DRAFT: Party.SIGNER,
    State.RETURNED: Party.SIGNER,
    State.CITY_REVIEW: Party.CITY_REVIEWER,
    State.PROVINCE_REVIEW: Party.INSPECTOR,
    State.PROPOSED: Party.CHIEF,
    State.NOTICE: Party.CHIEF,
}


def diagram(lines: Iterable[Transition] = TRANSITIONS) -> str:
    """The table as the README prints it: one state a paragraph, one step a line."""
    printed: list[str] = []
    source = None
    for line in lines:
        if line.source is not source:
            source = line.source
            printed.append(f"{source.value} {source.label}")
        reason = "，须写明理由" if line.needs_reason else ""
        where = {None: "", True: "，省直管县", False: "，市属县"}[line.is_direct]
        who = f"{line.party.label}{where}{reason}"
        printed.append(f"  {line.step.label}（{who}）→ {line.target.value} {line.target.label}")
    return "\n".join(printed)
