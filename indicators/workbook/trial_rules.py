"""What the trial sheet of the template needs to know of a standard, as plain data. Pure.

What a county reports knows no limits: whoever knows the standard hands them in (``evaluation.trial``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from schools.vocabulary import SchoolType, Stage


@dataclass(frozen=True, slots=True)
class TrialMeasure:
    """One indicator at one stage: its limit, the least value that may still pass, and the catalogue keys it adds and
    subtracts."""

    limit: Decimal
    floor: Decimal
    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrialIndicator:
    """value = (Σ plus − Σ minus) × factor ÷ pupils; ``is_shared`` amounts are split between the stages first."""

    code: str
    name: str
    unit: str
    factor: int
    is_shared: bool
    stages: Mapping[Stage, TrialMeasure]


@dataclass(frozen=True, slots=True)
class TrialExclusion:
    """Schools of a type that stay out: all of them, or those with fewer compulsory pupils than the bound."""

    school_type: SchoolType
    reason: str
    fewer_pupils_than: int | None = None


@dataclass(frozen=True, slots=True)
class TrialRules:
    """A standard as far as resources go. ``weights`` are those of a primary, a junior and a senior pupil as whole
    numbers; a school passes with ``attained_at_least`` indicators at their limit and the rest at their floor."""

    name: str
    weights: tuple[int, int, int]
    attained_at_least: int
    coefficient_limits: Mapping[Stage, Decimal]
    exclusions: tuple[TrialExclusion, ...]
    indicators: tuple[TrialIndicator, ...]
