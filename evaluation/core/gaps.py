"""What a school lacks, in persons, rooms, ㎡ and 万元: the least that reaches a limit, never less. Pure.

A value is amount × ``per_unit``: for what a stage has of its own ``per_unit`` is factor ÷ pupils, for its share of what
several stages use together weight × factor ÷ Σ weight × pupils. So the amounts told are those of the cell of the form,
of the whole school where assets are shared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from evaluation.core.resources import StageResult
from evaluation.core.rounding import plain
from evaluation.core.standard import Indicator, Standard
from indicators.catalogue import COUNTY_ITEM_BY_CODE, FIELD_BY_KEY, Kind

_PERSON = "人"
#: ㎡ and 万元 are told and counted in hundredths; a rate of the monitoring in thousandths.
_HUNDREDTH, _THOUSANDTH = Fraction(1, 100), Fraction(1, 1000)


@dataclass(frozen=True, slots=True)
class Natural:
    """What one more of something is called, and the smallest step it is counted in."""

    unit: str
    step: Fraction

    def words(self, amount: Fraction) -> str:
        """2 名, 310 ㎡, 8.4 万元."""
        return f"{plain(amount)} {self.unit}".rstrip()


def natural(key: str) -> Natural:
    """The unit and step of a catalogue field or of a county figure (by its code)."""
    entry = FIELD_BY_KEY.get(key) or COUNTY_ITEM_BY_CODE[key]
    if entry.kind in (Kind.AREA, Kind.ROOMS):
        return Natural("㎡", _HUNDREDTH)
    if entry.kind is Kind.MONEY:
        return Natural(entry.unit, _HUNDREDTH)
    if entry.kind is Kind.DECIMAL:
        return Natural(entry.unit, _THOUSANDTH)
    if entry.kind is Kind.GRADE:
        return Natural("级", Fraction(1))
    is_teacher = key.endswith("_teachers")
    return Natural("名" if is_teacher and entry.unit == _PERSON else entry.unit, Fraction(1))


def shortfall(amount: Fraction, per_unit: Fraction, limit: Fraction, step: Fraction) -> Fraction:
    """The smallest multiple of ``step`` that has to be added to ``amount`` for amount × per_unit ≥ limit; 0 where it is
    reached. ``per_unit`` must be positive."""
    short = limit / per_unit - amount
    return Fraction(0) if short <= 0 else math.ceil(short / step) * step


def slack(amount: Fraction, per_unit: Fraction, limit: Fraction, step: Fraction) -> Fraction:
    """The smallest multiple of ``step`` that has to be taken from ``amount`` for amount × per_unit < limit; 0 where it
    is below already, or where there is not so much to take."""
    spare = amount - limit / per_unit
    less = Fraction(0) if spare < 0 else (math.floor(spare / step) + 1) * step
    return less if less <= amount else Fraction(0)


@dataclass(frozen=True, slots=True)
class Gap:
    """One indicator of one row below its limit: what is missing to the limit and to its floor (0 where the floor is
    reached), in the unit of the cell."""

    indicator: Indicator
    natural: Natural
    to_limit: Fraction
    to_floor: Fraction

    @classmethod
    def of(
        cls, indicator: Indicator, key: str, amount: Fraction, per_unit: Fraction, limit: Fraction, floor: Fraction
    ) -> Gap | None:
        """None where the limit is reached. ``key`` is the cell that would grow."""
        unit = natural(key)
        to_limit = shortfall(amount, per_unit, limit, unit.step)
        if not to_limit:
            return None
        return cls(indicator, unit, to_limit, shortfall(amount, per_unit, floor, unit.step))

    @property
    def is_under_floor(self) -> bool:
        return self.to_floor > 0

    @property
    def words(self) -> str:
        """差 2 名."""
        return f"差 {self.natural.words(self.to_limit)}"

    @property
    def floor_words(self) -> str:
        """差 1 名; empty where the floor is reached."""
        return f"差 {self.natural.words(self.to_floor)}" if self.is_under_floor else ""


def joined(gaps: Sequence[Gap]) -> str:
    """差 2 名体育艺术专任教师、310 ㎡体育运动场馆、8.4 万元教学仪器设备; empty where nothing is missing."""
    return _joined([(gap, gap.to_limit) for gap in gaps])


def joined_to_floor(gaps: Sequence[Gap]) -> str:
    """The same for what is missing to the floor, of those under it."""
    return _joined([(gap, gap.to_floor) for gap in gaps if gap.is_under_floor])


def _joined(parts: Sequence[tuple[Gap, Fraction]]) -> str:
    words = [f"{gap.natural.words(amount)}{noun(gap.indicator)}" for gap, amount in parts]
    return f"差 {'、'.join(words)}" if words else ""


def noun(indicator: Indicator) -> str:
    """What is missing, as a thing: of 教学仪器设备值 it is 教学仪器设备."""
    return indicator.short_name.removesuffix("值")


def row_gaps(result: StageResult, row: int, standard: Standard) -> tuple[Gap, ...]:
    """The gaps of one row of a judged stage, in the order of the indicators; unknown values and indicators without a
    limit have none."""
    found = []
    for indicator in standard.indicators:
        measure, rows = indicator.stages[result.stage], result.rows[indicator.code]
        if measure.limit is None or not rows.is_known[row]:
            continue
        weight = weight_of(indicator, result, standard)
        amount = Fraction(int(rows.numerator[row]), weight * indicator.scale)
        per_unit = Fraction(weight * indicator.factor, int(rows.denominator[row]))
        floor = measure.limit * standard.floor_share
        if gap := Gap.of(indicator, measure.plus[0], amount, per_unit, measure.limit, floor):
            found.append(gap)
    return tuple(found)


def weight_of(indicator: Indicator, result: StageResult, standard: Standard) -> int:
    """What the amount of the cell was multiplied by in the numerator of a row."""
    return standard.weights[list(type(result.stage)).index(result.stage)] if indicator.shared else 1
