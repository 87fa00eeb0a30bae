"""The only writer of events, and their readers. An event is written in the transaction of what it tells of."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import TruncDate
from django.utils import timezone

from evaluation.chain import ORIGIN, Broken, Link, verify
from evaluation.models import ChainHead, Evaluation, Event
from evaluation.permissions import Person
from schools.models import County, User

_EVENTS_AT_A_TIME = 5_000
#: The columns of a link, in its order.
_LINKED = (
    "number", "at", "kind", "county_id", "evaluation_id", "actor_id", "actor_name", "party", "source", "target",
    "reason", "payload", "previous",
)  # fmt: skip


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
        number, previous = head_for_writing()
        event = Event(
            number=number + 1,
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
            previous=previous,
        )
        event.sha256 = link_of(event).sha256()
        event.save(force_insert=True)
        ChainHead.objects.filter(pk=1).update(number=event.number, sha256=event.sha256)
    return event


def head_for_writing() -> tuple[int, str]:
    """Number and hash of the last event, held until the transaction ends. One writer at a time: the head is the lock,
    on SQLite the transaction is. Take it last: whoever holds it waits for no other row."""
    ChainHead.objects.get_or_create(pk=1, defaults={"sha256": ORIGIN})
    head = ChainHead.objects.select_for_update().get(pk=1)
    return head.number, head.sha256


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
    # Plain values: a model for each of many events would take twice the time.
    rows = Event.objects.order_by("number").values_list(*_LINKED, "sha256").iterator(_EVENTS_AT_A_TIME)
    return verify(((_link(row), row[-1]) for row in rows), head)


def _link(row: tuple[Any, ...]) -> Link:
    number, at, kind, county, evaluation, actor, *rest = row[:-1]
    return Link(number, at, kind, county or "", evaluation or 0, actor or 0, *rest)


def daily_heads(last: datetime.date, days: int) -> list[tuple[datetime.date, int, str]]:
    """Day, number and hash of the head at the end of each of so many days up to ``last``, newest first; days before the
    first event are left out. What is published: whoever kept one can tell later that nothing before it was changed."""
    first = last - datetime.timedelta(days=days - 1)
    start = timezone.make_aware(datetime.datetime.combine(first, datetime.time.min))
    by_day = Event.objects.filter(at__gte=start).annotate(day=TruncDate("at")).order_by().values_list("day")
    newest = dict(by_day.annotate(newest=Max("number")))
    hashes = dict(Event.objects.filter(number__in=newest.values()).values_list("number", "sha256"))
    heads, head = [], daily_head(first - datetime.timedelta(days=1))
    for day in (first + datetime.timedelta(days=passed) for passed in range(days)):
        if day in newest:
            head = (newest[day], hashes[newest[day]])
        if head is not None:
            heads.append((day, *head))
    return heads[::-1]


def daily_head(day: datetime.date) -> tuple[int, str] | None:
    """Number and hash of the last event of a day or before, None where there is none: what is published."""
    end = timezone.make_aware(datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time.min))
    return Event.objects.filter(at__lt=end).order_by("-number").values_list("number", "sha256").first()
