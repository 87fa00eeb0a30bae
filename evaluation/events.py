"""The only writer of events, and their readers. An event is written in the transaction of what it tells of."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from evaluation.chain import ORIGIN, Broken, Link, verify
from evaluation.models import ChainHead, Evaluation, Event
from evaluation.permissions import Person
from schools.models import County, User

_EVENTS_AT_A_TIME = 5_000


def record_event(
    kind: str,
    actor: Person | None,
    *,
    county: County | None = None,
    evaluation: Evaluation | None = None,
    source: str = "",
    target: str = "",
    reason: str = "",
    payload: Mapping[str, Any] | None = None,
) -> Event:
    """Add an event to the chain; call inside the transaction of what happened. ``payload`` holds plain values."""
    person = actor if isinstance(actor, User) else None
    with transaction.atomic():
        ChainHead.objects.get_or_create(pk=1, defaults={"sha256": ORIGIN})
        # One writer at a time: the head is the lock, on SQLite the transaction is.
        head = ChainHead.objects.select_for_update().get(pk=1)
        event = Event(
            number=head.number + 1,
            at=timezone.now(),
            kind=kind,
            county=county if county is not None else evaluation.county if evaluation is not None else None,
            evaluation=evaluation,
            actor=person,
            actor_name=str(person) if person is not None else "",
            party=person.party if person is not None else "",
            source=source,
            target=target,
            reason=reason,
            payload=json.dumps(payload or {}, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
            previous=head.sha256,
        )
        event.sha256 = link_of(event).sha256()
        event.save(force_insert=True)
        ChainHead.objects.filter(pk=1).update(number=event.number, sha256=event.sha256)
    return event


def link_of(event: Event) -> Link:
    """The hashed part of an event."""
    return Link(
        event.number,
        event.at,
        event.kind,
        event.county_id or "",
        event.evaluation_id or 0,
        event.actor_id or 0,
        event.actor_name,
        event.party,
        event.source,
        event.target,
        event.reason,
        event.payload,
        event.previous,
    )


def broken_links() -> Iterator[Broken]:
    """What is wrong with the stored chain; nothing for a whole one."""
    head = ChainHead.objects.filter(pk=1).values_list("number", "sha256").first() or (0, ORIGIN)
    events = Event.objects.order_by("number").iterator(_EVENTS_AT_A_TIME)
    return verify(((link_of(event), event.sha256) for event in events), head)


def daily_head(day: datetime.date) -> tuple[int, str] | None:
    """Number and hash of the last event of a day or before, None where there is none: what is published."""
    end = timezone.make_aware(datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time.min))
    return Event.objects.filter(at__lt=end).order_by("-number").values_list("number", "sha256").first()
