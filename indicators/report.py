"""What one county reports, typed: the values behind the cells, and which of them cannot be used. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from schools.vocabulary import SchoolType, SponsorType, UrbanRural

#: A typed cell. Counts and years are int, areas and money Decimal, rooms one Decimal a room,
#: yes/no bool; an empty cell is None (an empty rooms cell is the empty tuple: no such room).
Value = str | int | bool | Decimal | SchoolType | SponsorType | UrbanRural | tuple[Decimal, ...] | None


@dataclass(frozen=True, slots=True)
class SchoolReport:
    """One row of 「学校数据」. ``values`` maps catalogue keys to typed values; a key that is not there is an
    empty cell. ``rejected`` holds the keys whose cells were filled but cannot be used: their value is None
    and, unlike an empty cell, never means "the school has no such stage". ``row`` is the sheet row."""

    values: Mapping[str, Value]
    rejected: frozenset[str] = frozenset()
    row: int = 0


@dataclass(frozen=True, slots=True)
class CountyReport:
    """Everything a county reported for one school year. ``figures`` maps C01…C39 to int (counts, years,
    grades 1–5) or Decimal. ``is_population_certain`` is False where a row's identity is in doubt (no usable
    school code, a code given twice): nobody can then say which schools the county has."""

    schools: tuple[SchoolReport, ...]
    figures: Mapping[str, int | Decimal] = field(default_factory=dict)
    is_population_certain: bool = True
