"""The page of one evaluation: what may be done now and who is told, what was done, and what each item rests on."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from evaluation.event_words import kind_label, move_words
from evaluation.models import Evaluation, Event
from evaluation.permissions import Person
from evaluation.steps import why_not_step
from evaluation.telling import who_is_told
from evaluation.workflow import Step, lines_from
from indicators.models import Evidence
from reports.presenters.figures import Mark
from reports.presenters.verdict import SchoolRef, VerdictPage
from schools.models import User
from schools.vocabulary import Party

#: Which part of the page a step is taken in.
AREA_OF = {
    Step.SUBMIT: "signing",
    Step.WITHDRAW: "signing",
    Step.FORWARD: "reviewing",
    Step.SEND_BACK: "reviewing",
    Step.PROPOSE_CERTIFY: "proposing",
    Step.PROPOSE_DECLINE: "proposing",
    Step.REFUSE: "proposing",
    Step.APPROVE_CERTIFY: "proposing",
    Step.APPROVE_DECLINE: "proposing",
    Step.UPHOLD_OBJECTION: "noticing",
    Step.PUBLISH: "noticing",
    Step.REVOKE: "certifying",
    Step.SUPERSEDE: "certifying",
}


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step that can follow: ``why_not`` greys it, ``tells`` is who is told when it is taken."""

    label: str
    area: str
    target: str
    tells: str
    why_not: str


@dataclass(frozen=True, slots=True)
class EventLine:
    """One thing that was done."""

    number: int
    at: datetime.datetime
    who: str
    label: str
    change: str
    reason: str


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One item: what the figures and the inspector say, the files behind it, and how many questions are open."""

    code: str
    name: str
    requirement: str
    sentence: str
    opinion: str
    mark: Mark
    short: tuple[SchoolRef, ...]
    files: Sequence[Evidence]
    rests_on_evidence: bool
    questions: int


@dataclass(frozen=True, slots=True)
class ItemGroup:
    """The items of one part of the standard."""

    name: str
    count: str
    lines: tuple[ItemLine, ...]


def step_lines(
    user: Person,
    evaluation: Evaluation,
    reasons: Mapping[Step, str],
) -> tuple[StepLine, ...]:
    """Every step that can follow; ``reasons`` are what the areas have against it beyond state and party."""
    return tuple(
        StepLine(
            label=line.step.label,
            area=AREA_OF[line.step],
            target=line.target.label,
            tells="；".join(who_is_told(evaluation, line, user if isinstance(user, User) else None)),
            why_not=why_not_step(user, evaluation, line.step) or reasons.get(line.step, ""),
        )
        for line in lines_from(evaluation.state_of, is_direct=evaluation.county.is_directly_under_province)
    )


def event_lines(events: Iterable[Event]) -> tuple[EventLine, ...]:
    """What was done, the newest first."""
    return tuple(_event_line(event) for event in events)


def _event_line(event: Event) -> EventLine:
    party = f"（{Party(event.party).label}）" if event.party else ""
    return EventLine(
        number=event.number,
        at=event.at,
        who=f"{event.actor_name}{party}" if event.actor_name else "系统",
        label=kind_label(event.kind),
        change=move_words(event.source, event.target),
        reason=event.reason,
    )


def item_groups(
    page: VerdictPage,
    evidence: Iterable[Evidence],
    on_evidence: Collection[str],
    questions: Mapping[str, int],
) -> tuple[ItemGroup, ...]:
    """The items of a verdict side by side with their evidence and their open questions."""
    files: dict[str, list[Evidence]] = {}
    for each in evidence:
        files.setdefault(each.criterion, []).append(each)
    return tuple(
        ItemGroup(
            group.name,
            group.count,
            tuple(
                ItemLine(
                    code=line.code,
                    name=line.name,
                    requirement=line.requirement,
                    sentence=line.sentence,
                    opinion=line.opinion,
                    mark=line.mark,
                    short=line.short + line.unknown,
                    files=files.get(line.code, ()),
                    rests_on_evidence=line.code in on_evidence,
                    questions=questions.get(line.code, 0),
                )
                for line in group.lines
            ),
        )
        for group in page.groups
    )
