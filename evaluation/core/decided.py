"""What people and the State decided about a county beside its own figures: relaxations granted to schools, items
judged by inspectors, results the province entered. Pure.

Together with the figures, the standard and the day these are everything a verdict rests on: kept beside it, they
give the same verdict again, to the byte.
"""

from __future__ import annotations

import datetime
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from evaluation.core.columns import EMPTY, BoolArray, CountyColumns, IntArray


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A relaxation granted to one school (by its 学校标识码) from one day until another, both included."""

    relaxation: str
    school: str
    valid_from: datetime.date
    valid_until: datetime.date

    def is_valid(self, day: datetime.date) -> bool:
        return self.valid_from <= day <= self.valid_until


@dataclass(frozen=True, slots=True)
class Judged:
    """What an inspector found of an item from evidence: met or not met, with the opinion in words."""

    is_met: bool
    opinion: str


@dataclass(frozen=True, slots=True)
class Supplied:
    """Results of one item that the province entered, as stored whole numbers by figure name (decimals in millionths),
    and the document they come from."""

    figures: Mapping[str, int]
    document: str


@dataclass(frozen=True, slots=True)
class Decided:
    """Everything decided about one county of one school year; ``judged`` and ``supplied`` by the code of the item."""

    grants: tuple[Grant, ...] = ()
    judged: Mapping[str, Judged] = field(default_factory=dict)
    supplied: Mapping[str, Supplied] = field(default_factory=dict)

    def canonical(self) -> str:
        """The same text for the same decisions; empty where nothing was decided."""
        if not (self.grants or self.judged or self.supplied):
            return ""
        told = {
            "grants": [
                [g.relaxation, g.school, g.valid_from.isoformat(), g.valid_until.isoformat()]
                for g in sorted(self.grants)
            ],
            "judged": {code: [each.is_met, each.opinion] for code, each in self.judged.items()},
            "supplied": {code: [dict(each.figures), each.document] for code, each in self.supplied.items()},
        }
        return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def of(cls, text: str) -> Decided:
        """The decisions behind a canonical text."""
        if not text:
            return NOTHING_DECIDED
        told: dict[str, Any] = json.loads(text)
        return cls(
            tuple(
                Grant(code, school, datetime.date.fromisoformat(first), datetime.date.fromisoformat(last))
                for code, school, first, last in told["grants"]
            ),
            {code: Judged(is_met, opinion) for code, (is_met, opinion) in told["judged"].items()},
            {code: Supplied(figures, document) for code, (figures, document) in told["supplied"].items()},
        )


NOTHING_DECIDED = Decided()

#: Position of an item nobody judged yet.
NOT_JUDGED = -1


@dataclass(frozen=True, slots=True)
class DecidedColumns:
    """Decisions as columns. ``granted``: per relaxation, which schools hold a grant valid on the day; ``judged``: per
    item and county, 1 met, 0 not met, NOT_JUDGED; ``opinions`` and ``documents`` by county and item."""

    granted: Mapping[str, BoolArray]
    judged: Mapping[str, IntArray]
    opinions: Mapping[tuple[int, str], str]
    documents: Mapping[tuple[int, str], str]


NO_COLUMNS = DecidedColumns(*(MappingProxyType({}) for _ in range(4)))


def supplied_key(item: str, figure: str) -> str:
    """Name of the county column that holds a supplied figure. A county code stands for itself: what the province
    enters takes the place of what the county reported."""
    return figure if figure[:1] == "C" and figure[1:].isdecimal() else f"{item}.{figure}"


def columns_of_decided(
    decided: Sequence[Decided],
    codes: Sequence[str],
    county: IntArray,
    figures: CountyColumns,
    day: datetime.date,
) -> tuple[DecidedColumns, CountyColumns]:
    """Decisions of each county as columns beside the schools (``codes`` their 学校标识码 in the order of the columns,
    ``county`` their county index), and the county figures with the supplied results among them."""
    if not any(each.grants or each.judged or each.supplied for each in decided):
        return NO_COLUMNS, figures
    keys = list(zip(county.tolist(), codes, strict=True))
    # Where two rows claim one code, nobody can say which of them a grant was made for.
    claims = Counter(keys)
    position = {key: place for place, key in enumerate(keys) if claims[key] == 1}
    granted: dict[str, BoolArray] = {}
    judged: dict[str, IntArray] = {}
    opinions: dict[tuple[int, str], str] = {}
    documents: dict[tuple[int, str], str] = {}
    columns = dict(figures.columns)
    fresh = set[str]()
    for index, each in enumerate(decided):
        for grant in each.grants:
            place = position.get((index, grant.school))
            mask = granted.setdefault(grant.relaxation, np.zeros(len(codes), np.bool_))
            if place is not None and grant.is_valid(day):
                mask[place] = True
        for code, judgement in each.judged.items():
            judged.setdefault(code, np.full(len(decided), NOT_JUDGED, np.int64))[index] = int(judgement.is_met)
            opinions[index, code] = judgement.opinion
        for code, supplied in each.supplied.items():
            documents[index, code] = supplied.document
            for name, value in supplied.figures.items():
                key = supplied_key(code, name)
                if key not in fresh:
                    columns[key] = columns[key].copy() if key in columns else np.full(len(decided), EMPTY, np.int64)
                    fresh.add(key)
                columns[key][index] = value
    return (
        DecidedColumns(granted, judged, opinions, documents),
        CountyColumns(columns, figures.is_population_certain),
    )
