"""The chain of events: each holds the hash of the one before, so that none can be changed, removed or put in between
without every later one showing it. Pure."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

#: What the first event holds as the hash before it.
ORIGIN = "0" * 64


@dataclass(frozen=True, slots=True)
class Link:
    """What of an event is hashed, in the order it is hashed. ``at`` has a time zone; ``payload`` is canonical JSON."""

    number: int
    at: datetime.datetime
    kind: str
    county: str
    evaluation: int
    actor: int
    actor_name: str
    party: str
    source: str
    target: str
    reason: str
    payload: str
    previous: str

    def sha256(self) -> str:
        """The hash of this link, the one before included."""
        told: list[Any] = [
            self.number, self.at.astimezone(datetime.UTC).isoformat(timespec="microseconds"), self.kind, self.county,
            self.evaluation, self.actor, self.actor_name, self.party, self.source, self.target, self.reason,
            self.payload, self.previous,
        ]  # fmt: skip
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8")).hexdigest()


@dataclass(frozen=True, slots=True)
class Broken:
    """Where a chain is broken, and how, in words."""

    number: int
    words: str


def verify(links: Iterable[tuple[Link, str]], head: tuple[int, str]) -> Iterator[Broken]:
    """What is wrong with a chain: links in the order of their numbers, each with the hash stored beside it, and the
    head that is kept apart (number and hash of the last). Nothing is yielded for a whole chain; after a first broken
    link the rest is compared with what is stored, so that each change is named once."""
    expected, previous = 1, ORIGIN
    for link, stored in links:
        if link.number != expected:
            yield Broken(expected, f"缺少第 {expected} 条至第 {link.number - 1} 条记录。")
        elif link.previous != previous:
            yield Broken(link.number, "所记的上一条散列值与上一条不符：中间的记录被改动、删除或插入过。")
        if link.sha256() != stored:
            yield Broken(link.number, "内容与散列值不符：这一条被改动过。")
        expected, previous = link.number + 1, stored
    if (expected - 1, previous) != head:
        yield Broken(expected, f"链尾与另存的链头不符：应有 {head[0]} 条，末尾的记录被删除或改动过。")
