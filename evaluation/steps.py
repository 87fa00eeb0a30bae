"""Every step of an evaluation: may this person take it now, the change itself, one event, and who is told.

A step changes the evaluation by a conditional update on its state and version. Of two taken at once one wins; the
other is told who was first and when.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from evaluation.events import record_event
from evaluation.models import Evaluation, Event
from evaluation.permissions import Person, Refused, can_see_evaluation
from evaluation.workflow import State, Step, Transition, transition
from schools.models import User
from schools.vocabulary import Party

#: What else must be written when a step is taken: gets the evaluation as it was, inside the transaction.
Effect = Callable[[Evaluation], Mapping[str, Any] | None]
_LONGEST_REASON = 4_000


class Overtaken(Refused):
    """Somebody else took a step first."""


def why_not_step(user: Person, evaluation: Evaluation, step: Step) -> str:
    """Empty if ``user`` may take ``step`` now, otherwise the reason in words: for the greyed button and the refusal.
    What the step itself asks for is said by its own action."""
    line = transition(evaluation.state_of, step)
    if line is None:
        return f"现在是“{evaluation.state_of.label}”，不能“{step.label}”。"
    if not isinstance(user, User) or user.party != line.party or not can_see_evaluation(user, evaluation):
        return f"“{step.label}”由{Party(line.party).label}办理。"
    return ""


def take_step(
    user: User,
    evaluation: Evaluation,
    step: Step,
    seen_version: int,
    reason: str = "",
    effect: Effect | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Event:
    """Take a step. ``seen_version`` is the version the person looked at; ``effect`` writes what belongs to the step
    and may return plain values for the event; ``changes`` are further columns of the evaluation. Raises Refused, and
    Overtaken where somebody was first."""
    if words := why_not_step(user, evaluation, step):
        raise _overtaken_or(evaluation, seen_version, words)
    line = transition(evaluation.state_of, step)
    if line is None:
        raise Refused("没有这一步。")
    said = reason.strip()
    if line.needs_reason and not said:
        raise Refused(f"“{step.label}”须写明理由。")
    if len(said) > _LONGEST_REASON:
        raise Refused(f"理由有 {len(said)} 个字，最多 {_LONGEST_REASON} 个字。")
    with transaction.atomic():
        payload = effect(evaluation) if effect is not None else None
        _move(evaluation, line, seen_version, changes or {})
        return record_event(
            step.value,
            user,
            evaluation=evaluation,
            source=line.source.value,
            target=line.target.value,
            reason=said,
            payload=payload,
        )


def _move(evaluation: Evaluation, line: Transition, seen_version: int, changes: Mapping[str, Any]) -> None:
    """The conditional update: the only place where an evaluation changes its state."""
    moved = Evaluation.objects.filter(pk=evaluation.pk, state=line.source, version=seen_version).update(
        state=line.target, version=F("version") + 1, since=timezone.now(), **({"deadline": None} | dict(changes))
    )
    if not moved:
        raise _overtaken_or(evaluation, seen_version, "评估的状态已经改变，请刷新后再办理。")
    evaluation.refresh_from_db()


def _overtaken_or(evaluation: Evaluation, seen_version: int, words: str) -> Refused:
    """Who was first and when, where somebody was since the person looked; else the plain reason."""
    now = Evaluation.objects.get(pk=evaluation.pk)
    last = Event.objects.filter(evaluation=evaluation).exclude(target="").order_by("-number").first()
    if now.version == seen_version or last is None:
        return Refused(words)
    at = timezone.localtime(last.at)
    step = Step(last.kind).label if last.kind in set(Step) else last.kind
    return Overtaken(
        f"{last.actor_name}（{Party(last.party).label if last.party else '系统'}）已于 {at:%Y-%m-%d %H:%M:%S} "
        f"办理“{step}”，现在是“{State(now.state).label}”。您的操作没有生效，请刷新后再看。"
    )
