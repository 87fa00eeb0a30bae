"""Events as people read them, on a page and in a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
from django.utils import timezone

from evaluation.event_words import kind_label, move_words, told_of
from evaluation.models import Event
from schools.vocabulary import Party

_COLUMNS = ("序号", "时间", "事项", "县", "人", "身份", "状态变化", "理由", "内容", "上一条散列值", "散列值")


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event in words."""

    event: Event
    kind: str
    county: str
    who: str
    party: str
    move: str
    told: str


def event_row(event: Event) -> EventRow:
    """An event in words; whoever has no account is the public, what nobody did is the system's."""
    party = Party(event.party).label if event.party else ""
    return EventRow(
        event=event,
        kind=kind_label(event.kind),
        county=event.county.full_name if event.county is not None else "",
        who=event.actor_name or "（无账号）",
        party=party,
        move=move_words(event.source, event.target),
        told=told_of(event.payload),
    )


def event_table(events: Iterable[Event]) -> pd.DataFrame:
    """The same as a table to take away, with the hashes that chain one to the next."""
    rows = []
    for row in map(event_row, events):
        event = row.event
        at = f"{timezone.localtime(event.at):%Y-%m-%d %H:%M:%S}"
        rows.append(
            [str(event.number), at, row.kind, row.county, row.who, row.party, row.move, event.reason, row.told,
             event.previous, event.sha256]
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(_COLUMNS), dtype=str)
