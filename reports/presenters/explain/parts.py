"""What computing an item again gives: one school's part in it, and the county's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from evaluation.core.status import Status
from reports.presenters.explain.frozen import Frozen
from reports.presenters.explain.page import Step, decimal

Figure = Fraction | int | str | None


class State(StrEnum):
    """How one school stands to an item: met, short of it, its data missing, or not asked."""

    MET = "met"
    SHORT = "short"
    UNKNOWN = "unknown"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class SchoolPart:
    """One school's part in an item: the requirement with its numbers in ``words``, and the ``keys`` of the cells."""

    school: int
    state: State
    words: str
    keys: tuple[str, ...]
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemCount:
    """An item computed again, before what people decided. ``value`` is the figure that decides, ``figures`` those of
    its sentence; ``codes`` the county figures read. ``lists_short``: the verdict lists the schools that fall short."""

    status: Status
    value: Fraction | int | None = None
    figures: Mapping[str, Figure] = field(default_factory=dict)
    parts: tuple[SchoolPart, ...] = ()
    steps: tuple[Step, ...] = ()
    codes: tuple[str, ...] = ()
    lists_short: bool = False

    def schools(self, state: State) -> list[int]:
        """The schools in a state, in the order of the verdict."""
        return [part.school for part in self.parts if part.state is state]


def school_by_school(frozen: Frozen, parts: Sequence[SchoolPart]) -> Status:
    """An item every school must meet: one short school fails it, one unknown leaves it open."""
    states = {part.state for part in parts}
    if State.SHORT in states:
        return Status.NOT_MET
    return Status.UNKNOWN if State.UNKNOWN in states or not frozen.is_certain else Status.MET


def shown_number(value: Fraction | int | None) -> str:
    """A number of a row in a formula; what is missing is said."""
    return "缺" if value is None else decimal(value, 6)


def share_text(above: Fraction | int, below: Fraction | int, factor: Fraction | int) -> str:
    """``120 × 100 ÷ 150 = 80``."""
    found = Fraction(above) * factor / below
    text = decimal(found)
    times = f" × {decimal(Fraction(factor))}" if factor != 1 else ""
    return f"{decimal(above)}{times} ÷ {decimal(below)} {'=' if Fraction(text) == found else '≈'} {text}"
