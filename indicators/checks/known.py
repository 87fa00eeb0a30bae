"""What is known around a workbook when it is checked: last year, the register, thresholds. Pure, and plain data:
whoever asks for the checks brings it along."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from indicators.checks.rows import Finding, SchoolRows
from indicators.report import CountyReport
from schools.vocabulary import SchoolType, SponsorType, Stage, UrbanRural


@dataclass(frozen=True, slots=True)
class RegisteredSchool:
    """A school as the register keeps it."""

    code: str
    name: str
    school_type: SchoolType
    sponsor_type: SponsorType
    urban_rural: UrbanRural
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit somebody sets for a figure per pupil: (Σ ``plus`` − Σ ``minus``) × ``factor`` ÷ pupils of ``stage``;
    ``is_shared`` where the stages of a school share it by weight."""

    code: str
    name: str
    stage: Stage
    limit: float
    factor: int
    plus: tuple[str, ...]
    minus: tuple[str, ...]
    is_shared: bool


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The limits values are compared with, and the weights of a primary, a junior and a senior pupil."""

    limits: tuple[Threshold, ...] = ()
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Context:
    """Everything the second step of checking looks at besides the workbook. An empty register, no last year and no
    thresholds mean that nothing is known, and nothing is said about them. ``elsewhere`` are codes in the workbook that
    the register keeps under another county."""

    school_year: int
    last_year: CountyReport | None = None
    register: tuple[RegisteredSchool, ...] = ()
    thresholds: Thresholds = Thresholds()
    elsewhere: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SheetFinding:
    """What a rule found about 「学校数据」 as a whole, or about a school that has no row in it."""

    rule: str
    message: str
    key: str
    school: str = ""


ContextCheck = Callable[[SchoolRows, Context], Iterator[Finding | SheetFinding]]
