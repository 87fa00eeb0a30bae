"""Who is told of a step, and how: a line in the inbox, an e-mail, a bot. All of it is written in the transaction of the
step; what goes outside waits in the outbox (evaluation/outbox.py)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse

from evaluation.models import Evaluation, Message, OutboxEntry
from evaluation.parties import party_words, people_of
from evaluation.subscribing import announce
from evaluation.subscription_letters import letter_of_step
from evaluation.webhooks import read_webhooks
from evaluation.workflow import State, Transition, holder
from schools.models import User
from schools.vocabulary import Party

_REASON_SHOWN = 120


def told_people(evaluation: Evaluation, line: Transition, actor: User | None = None) -> list[User]:
    """Everybody who is told of a step, without the one who takes it. Where no inspector is assigned yet the chiefs are
    told instead: it is theirs to assign one."""
    told: dict[int, User] = {}
    for people in _told_by_party(evaluation, line).values():
        told |= {person.pk: person for person in people}
    if actor is not None:
        told.pop(actor.pk, None)
    return list(told.values())


def who_is_told(evaluation: Evaluation, line: Transition, actor: User | None = None) -> list[str]:
    """The same in words, before the step is taken: one line for each party, and where nobody is there yet."""
    told = []
    for party, people in _told_by_party(evaluation, line).items():
        others = [person for person in people if person != actor]
        if not others and people:  # the actor alone
            continue
        unassigned = party is Party.INSPECTOR and any(person.party != party for person in people)
        told.append(
            f"{party.label}尚未分配，先告知{party_words(Party.CHIEF, others)}"
            if unassigned
            else party_words(party, others)
        )
    return told


def _told_by_party(evaluation: Evaluation, line: Transition) -> dict[Party, list[User]]:
    """The people behind each party of a step; for an inspector nobody assigned yet, the chiefs."""
    found = people_of(evaluation, (*line.tells, Party.CHIEF))
    return {party: found[party] or (found[Party.CHIEF] if party is Party.INSPECTOR else []) for party in line.tells}


def tell(evaluation: Evaluation, line: Transition, actor: User, reason: str = "") -> None:
    """Tell everybody of a step that was just taken; call inside its transaction, ``evaluation`` as it stands now."""
    said = f"{actor}（{actor.get_party_display()}）办理了“{line.step.label}”，现在是“{line.target.label}”"
    short = reason if len(reason) <= _REASON_SHOWN else f"{reason[:_REASON_SHOWN]}…"
    because = f"理由：{short}" if short else ""
    for person in told_people(evaluation, line, actor):
        notify(person, evaluation, f"{said}{_asked(evaluation, line, person)}。{because}")
    next_party = holder(line.target)
    waits_for = f"，由{next_party.label}办理" if next_party else ""
    _tell_bots(evaluation, f"“{line.step.label}”已办理，现在是“{line.target.label}”{waits_for}。")
    if letter := letter_of_step(evaluation, line, reason):
        announce(evaluation, letter)


def _asked(evaluation: Evaluation, line: Transition, person: User) -> str:
    """What is asked of somebody now, and until when."""
    is_next, is_desk = person.party == holder(line.target), person.party in (Party.CLERK, Party.SIGNER)
    until = f"{evaluation.deadline:%Y-%m-%d}" if evaluation.deadline is not None else ""
    if line.target is State.RETURNED and is_desk:
        return f"，请在 {until} 前更正并重新签报" if until else "，请更正后重新签报"
    if line.target is State.PROPOSED and until and is_desk:
        return f"，可在 {until} 前提出意见"
    if line.target is State.PROPOSED and until:
        return f"，县里可在 {until} 前提出意见，之后由审定人审定"
    if line.target is State.NOTICE and until:
        return f"，公示到 {until} 为止，期满后由您公布" if is_next else f"，公示到 {until} 为止"
    return "，请您办理" if is_next else ""


def notify(person: User, evaluation: Evaluation, words: str, key: str = "") -> bool:
    """Put a line into somebody's inbox, and an e-mail into the outbox where they have an address. With a ``key`` the
    same is said to a person only once; returns whether it was said now."""
    text, link = f"{_about(evaluation)}：{words}", address_of(evaluation)
    limit = Message._meta.get_field("text").max_length or 0
    line = Message(person=person, evaluation=evaluation, text=text[:limit], link=link, key=key)
    try:
        with transaction.atomic():
            line.save()
            if person.email:
                body = _body(text, link) | {"subject": f"督导评估：{_about(evaluation)}"}
                OutboxEntry.objects.create(kind=OutboxEntry.Kind.EMAIL, target=person.email, body=body)
    except IntegrityError:
        if key and Message.objects.filter(person=person, key=key).exists():
            return False
        raise
    return True


def notify_all(people: Iterable[User], evaluation: Evaluation, words: str, key: str = "") -> int:
    """The same for many; returns how many were told now."""
    return sum(notify(person, evaluation, words, key) for person in people)


def address_of(evaluation: Evaluation) -> str:
    """Where an evaluation is found, without the site."""
    return reverse("evaluation", args=[evaluation.pk])


def _about(evaluation: Evaluation) -> str:
    return f"{evaluation.county.name}{evaluation.school_year}—{evaluation.school_year + 1}学年"


def _body(text: str, link: str) -> dict[str, str]:
    """What waits in the outbox. The id stays the same however often it is sent."""
    return {"id": uuid.uuid4().hex, "text": text, "link": f"{settings.SITE_URL}{link}"}


def _tell_bots(evaluation: Evaluation, words: str) -> None:
    county = evaluation.county
    places = {"", county.pk, county.parent_id, county.parent.parent_id if county.parent else None}
    text, link = f"{county.full_name}{_about(evaluation).removeprefix(county.name)}：{words}", address_of(evaluation)
    OutboxEntry.objects.bulk_create(
        OutboxEntry(kind=OutboxEntry.Kind.WEBHOOK, target=webhook.name, body=_body(text, link))
        for webhook in read_webhooks(settings.WEBHOOKS).values()
        if webhook.place in places
    )
