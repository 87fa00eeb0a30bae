"""The queue of whoever reviews: one line an evaluation, the most urgent first."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils import timezone

from evaluation.core.status import Status
from evaluation.models import Evaluation, Verdict
from evaluation.workflow import State, holder
from reports.presenters.figures import MARKS, Mark, mark_of
from schools.models import User
from schools.vocabulary import Party

#: What is under way; the rest is found by its own filter.
UNDER_WAY, ALL = "under_way", "all"
_OVER = (State.PUBLISHED, State.DECLINED, State.REVOKED, State.SUPERSEDED)


@dataclass(frozen=True, slots=True)
class Filter:
    """One way to narrow the queue down, and how many evaluations that leaves."""

    value: str
    label: str
    count: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of an evaluation waits beside its figures: explanations asked for, those still open, open questions; and how
    many places the radar points at, for those who see them."""

    explanations: int = 0
    unexplained: int = 0
    questions: int = 0
    pointed: int = 0


@dataclass(frozen=True, slots=True)
class DeskLine:
    """One evaluation in the queue. ``firmness`` is empty where it is not computed yet."""

    pk: int
    submission: int
    county: str
    about: str
    state: str
    holder: str
    is_mine: bool
    since: datetime.datetime
    days: int
    deadline: datetime.date | None
    due_words: str
    is_overdue: bool
    mark: Mark | None
    firmness: str
    borderline: int
    waiting: Waiting


def states_of(value: str) -> tuple[State, ...]:
    """The states a filter stands for; none for a filter there is not."""
    if value == ALL:
        return tuple(State)
    if value == UNDER_WAY:
        return tuple(state for state in State if state not in _OVER)
    return (State(value),) if value in set(State) else ()


def filters(counts: Mapping[str, int], chosen: str) -> tuple[Filter, ...]:
    """Every filter that leaves something, those for everything always."""
    found = Counter(counts)
    offered = [(UNDER_WAY, "办理中"), *((state.value, state.label) for state in State), (ALL, "全部")]
    told = [(value, label, sum(found[state] for state in states_of(value))) for value, label in offered]
    return tuple(
        Filter(value, label, count, value == chosen)
        for value, label, count in told
        if count or value in (UNDER_WAY, ALL, chosen)
    )


def sentence(lines: Iterable[DeskLine]) -> str:
    """What there is to do, before any line is read."""
    told = list(lines)
    mine, overdue = sum(line.is_mine for line in told), sum(line.is_overdue for line in told)
    if not told:
        return "这里没有评估。"
    opening = f"列出 {len(told)} 个评估，{mine} 个等您办理" if mine else f"列出 {len(told)} 个评估，没有等您办理的"
    return f"{opening}；{overdue} 个已超过期限。" if overdue else f"{opening}。"


def desk_line(
    evaluation: Evaluation,
    verdict: Verdict | None,
    firmness: tuple[str, int],
    waiting: Waiting,
    inspector: str,
    user: User,
    today: datetime.date,
) -> DeskLine:
    """One evaluation as the queue prints it."""
    party, deadline = holder(evaluation.state_of), evaluation.deadline
    # The clerk prepares what the signer signs: to the desk of a county both are its own.
    is_desk = user.party == Party.CLERK and party is Party.SIGNER
    name = inspector or "还没有分配" if party is Party.INSPECTOR else ""
    return DeskLine(
        pk=evaluation.pk,
        submission=evaluation.filing.submission_id if evaluation.filing is not None else 0,
        county=evaluation.county.full_name,
        about=f"{evaluation.school_year}—{evaluation.school_year + 1}学年",
        state=evaluation.state_of.label,
        holder=f"{party.label} {name}".strip() if party is not None else "",
        is_mine=party is not None and (user.party == party or is_desk),
        since=evaluation.since,
        days=(today - timezone.localdate(evaluation.since)).days,
        deadline=deadline,
        due_words=_due_words(deadline, today),
        is_overdue=deadline is not None and deadline < today,
        mark=None if verdict is None else _mark(verdict),
        firmness=firmness[0],
        borderline=firmness[1],
        waiting=waiting,
    )


def _mark(verdict: Verdict) -> Mark:
    # What waits for a judgement has not passed yet, however good its figures are.
    return MARKS[Status.TO_JUDGE] if verdict.passed and not verdict.complete else mark_of(verdict.passed)


def _due_words(deadline: datetime.date | None, today: datetime.date) -> str:
    if deadline is None:
        return "没有期限"
    days = (deadline - today).days
    if days < 0:
        return f"已超过 {-days} 天"
    return f"还有 {days} 天" if days else "今天到期"


def by_urgency(lines: Iterable[DeskLine]) -> list[DeskLine]:
    """What waits for the reader first; among those what is overdue, then what is due soonest, then the oldest."""

    def urgency(line: DeskLine) -> tuple[bool, bool, datetime.date, datetime.datetime]:
        return not line.is_mine, not line.is_overdue, line.deadline or datetime.date.max, line.since

    return sorted(lines, key=urgency)
