"""Every step of an evaluation: may this person take it now, the change itself, one event, and who is told.

A step changes the evaluation by a conditional update on its state and version. Of two taken at once one wins; the
other is told who was first and when.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from evaluation.events import record_event
from evaluation.freezing import lock_county
from evaluation.models import Evaluation, Event
from evaluation.permissions import Person, Refused, can_see_evaluation
from evaluation.telling import tell
from evaluation.workflow import State, Step, Transition, Within, transition
from schools.models import User
from schools.vocabulary import Party

#: What else must be written when a step is taken: gets the evaluation as it was, inside the transaction.
Effect = Callable[[Evaluation], Mapping[str, Any] | None]
_LONGEST_REASON = 4_000


class Overtaken(Refused):
    """Somebody else took a step first."""


def line_of(evaluation: Evaluation, step: Step) -> Transition | None:
    """The line of the table for a step of this evaluation now, None where there is none."""
    return transition(evaluation.state_of, step, is_direct=evaluation.county.is_directly_under_province)


def why_not_step(user: Person, evaluation: Evaluation, step: Step) -> str:
    """Empty if ``user`` may take ``step`` now, otherwise the reason in words: for the greyed button and the refusal.
    What the step itself asks for is said by its own action."""
    line = line_of(evaluation, step)
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
        raise overtaken_or(evaluation, seen_version, words)
    line = line_of(evaluation, step)
    if line is None:
        raise Refused("没有这一步。")
    said = reason.strip()
    if line.needs_reason and not said:
        raise Refused(f"“{step.label}”须写明理由。")
    if len(said) > _LONGEST_REASON:
        raise Refused(f"理由有 {len(said)} 个字，最多 {_LONGEST_REASON} 个字。")

    def taken() -> Event:
        payload = effect(evaluation) if effect is not None else None
        _move(evaluation, line, seen_version, changes or {})
        tell(evaluation, line, user, said)
        return record_event(
            step.value,
            user,
            evaluation=evaluation,
            source=line.source.value,
            target=line.target.value,
            reason=said,
            payload=payload,
        )

    return _alone(evaluation, seen_version, taken)


def act_within(
    user: Person | None,
    evaluation: Evaluation,
    kind: Within,
    seen_version: int | None,
    effect: Effect,
    reason: str = "",
) -> Event:
    """Do something within the state the evaluation is in, that the next step must have seen. ``user`` is None for the
    public, which sees no version. Raises Refused, and Overtaken where a step was first."""

    def done() -> Event:
        payload = effect(evaluation)
        _raise_version(evaluation, seen_version)
        return record_event(kind.value, user, evaluation=evaluation, reason=reason, payload=payload)

    return _alone(evaluation, seen_version, done)


def _alone(evaluation: Evaluation, seen_version: int | None, write: Callable[[], Event]) -> Event:
    """Write in one transaction, one writer of a county at a time. Locks are taken in one order: the county, its
    evaluation, the head of the chain. Whatever refuses the one who came second, they are told who was first."""
    try:
        with transaction.atomic():
            lock_county(evaluation.county_id)
            return write()
    except Overtaken:
        raise
    except Refused as refusal:
        if seen_version is None:
            raise
        raise overtaken_or(evaluation, seen_version, str(refusal)) from refusal
    except IntegrityError as fault:
        version = Evaluation.objects.values_list("version", flat=True).get(pk=evaluation.pk)
        if seen_version in (None, version):
            raise
        raise overtaken_or(evaluation, seen_version or 0, "评估的状态已经改变，请刷新后再办理。") from fault


def _raise_version(evaluation: Evaluation, seen_version: int | None) -> None:
    """The conditional update of what happens within a state."""
    found = Evaluation.objects.filter(pk=evaluation.pk, state=evaluation.state)
    if seen_version is not None:
        found = found.filter(version=seen_version)
    if not found.update(version=F("version") + 1):
        version = evaluation.version if seen_version is None else seen_version
        raise overtaken_or(evaluation, version, "评估的状态已经改变，请刷新后再办理。")
    evaluation.refresh_from_db()


def _move(evaluation: Evaluation, line: Transition, seen_version: int, changes: Mapping[str, Any]) -> None:
    """The conditional update: the only place where an evaluation changes its state."""
    moved = Evaluation.objects.filter(pk=evaluation.pk, state=line.source, version=seen_version).update(
        state=line.target, version=F("version") + 1, since=timezone.now(), **({"deadline": None} | dict(changes))
    )
    if not moved:
        raise overtaken_or(evaluation, seen_version, "评估的状态已经改变，请刷新后再办理。")
    evaluation.refresh_from_db()


def overtaken_or(evaluation: Evaluation, seen_version: int, words: str) -> Refused:
    """Who was first and when, where somebody was since the person looked; else the plain reason."""
    now = Evaluation.objects.get(pk=evaluation.pk)
    moving = ~Q(target="") | Q(kind__in=[kind.value for kind in Within])
    last = Event.objects.filter(moving, evaluation=evaluation).order_by("-number").first()
    if now.version == seen_version or last is None:
        return Refused(words)
    at = timezone.localtime(last.at)
    done = _done(last.kind)
    who = f"{last.actor_name}（{Party(last.party).label}）" if last.party else "公众"
    return Overtaken(
        f"{who}已于 {at:%Y-%m-%d %H:%M:%S} 办理“{done}”，"
        f"现在是“{State(now.state).label}”。您的操作没有生效，请刷新后再看。"
    )


def _done(kind: str) -> str:
    """A step, or something within a state, in words."""
    kinds: tuple[type[Step] | type[Within], ...] = (Step, Within)
    return next((each(kind).label for each in kinds if kind in set(each)), kind)
