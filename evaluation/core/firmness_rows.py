"""How near each row is to the other side of the school rule, in whole cells and exactly (standard §2). Pure.

Looked at are the cells that count for one indicator alone, and the pupils of the school's stages. Everything is
decided in whole numbers: a value reaches a limit where numerator × a ≥ denominator × b.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from evaluation.core.changes import Change, step_of
from evaluation.core.columns import SCHOOL_TYPES, IntArray, SchoolColumns
from evaluation.core.gaps import weight_of
from evaluation.core.population import STAGES, Population
from evaluation.core.resources import OPEN, PASSED, StageResult
from evaluation.core.standard import Indicator, Standard

ENROLLMENTS = ("primary_enrollment", "junior_enrollment", "senior_enrollment")


@dataclass(frozen=True, slots=True)
class RowFirmness:
    """One row: whether it passes (None: unknown), the smallest change of one cell that turns it (None: none was
    found), and the indicators decided within the rounding of the page."""

    school: int
    passed: bool | None
    change: Change | None
    borderline: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """One indicator at one stage: reaches its limit where numerator × ``a`` ≥ denominator × ``b``, its floor with
    ``floor_a`` and ``floor_b``. ``per_step``: how much the numerator grows with one ``step`` of a cell. ``keys`` are
    the cells that count for this indicator alone."""

    indicator: Indicator
    keys: tuple[str, ...]
    step: int
    per_step: int
    a: int
    b: int
    floor_a: int
    floor_b: int


def measured(result: StageResult, standard: Standard) -> list[Measured] | None:
    """The indicators of a stage with their limits; None where the standard holds no school to them."""
    if not standard.has_school_rule:
        return None
    found = []
    for indicator in standard.indicators:
        limit = indicator.stages[result.stage].limit
        if limit is None:
            return None
        keys = own_cells(indicator, result, standard)
        step = step_of(indicator.stages[result.stage].plus[0])
        share = Fraction(indicator.factor, indicator.scale) / limit
        floor = share / standard.floor_share
        per_step = step * weight_of(indicator, result, standard)
        found.append(
            Measured(
                indicator, keys, step, per_step, share.numerator, share.denominator, floor.numerator, floor.denominator
            )
        )
    return found


def own_cells(indicator: Indicator, result: StageResult, standard: Standard) -> tuple[str, ...]:
    """The cells added up for an indicator that no other indicator of the stage looks at."""
    others = {
        key
        for each in standard.indicators
        if each.code != indicator.code
        for key in (*each.stages[result.stage].plus, *each.stages[result.stage].minus)
    }
    return tuple(key for key in indicator.stages[result.stage].plus if key not in others)


def pupils_to_spare(schools: SchoolColumns, people: Population, standard: Standard) -> IntArray:
    """How many pupils each school can lose without leaving the population: it would then be no row at all."""
    spare = np.where(people.present, np.maximum(people.enrollment, 0), 0).sum(axis=0)
    for exclusion in standard.exclusions:
        if exclusion.fewer_pupils_than is not None:
            of_type = schools.column("school_type") == SCHOOL_TYPES.index(exclusion.school_type)
            spare[of_type] -= exclusion.fewer_pupils_than
    return np.asarray(spare)


def firmness_of_rows(
    result: StageResult, schools: SchoolColumns, people: Population, standard: Standard
) -> list[RowFirmness]:
    """Every row of a stage of one county. A row with something unknown is never told to turn."""
    indicators = measured(result, standard)
    borderline = _borderline(result, standard)
    passed = [None if each == OPEN else each == PASSED for each in result.outcome.tolist()]
    if indicators is None:
        return [
            RowFirmness(school, row_passed, None, ())
            for school, row_passed in zip(result.school.tolist(), passed, strict=True)
        ]
    numbers = _Numbers(result, schools, people, standard, indicators)
    return [
        RowFirmness(
            school,
            passed[row],
            min(numbers.changes(row, school), key=lambda change: change.closeness, default=None),
            tuple(borderline.get(row, ())),
        )
        for row, school in enumerate(result.school.tolist())
    ]


def _borderline(result: StageResult, standard: Standard) -> dict[int, list[str]]:
    """Indicators of each row nearer to their limit, or below it to their floor, than half a unit of the last digit."""
    half = Fraction(1, 2 * 10**standard.rounding.value_places)
    found: dict[int, list[str]] = {}
    for indicator in standard.indicators:
        limit = indicator.stages[result.stage].limit
        if limit is None:
            continue
        rows = result.rows[indicator.code]
        factor = Fraction(indicator.factor, indicator.scale)
        for bound, mask in (
            (limit, rows.is_known),
            (limit * standard.floor_share, rows.is_known & ~rows.attained),
        ):
            near = mask & (abs(rows.value - float(bound)) <= float(half) * 1.01)
            for row in near.nonzero()[0].tolist():
                value = Fraction(int(rows.numerator[row]), int(rows.denominator[row])) * factor
                if abs(value - bound) < half:
                    found.setdefault(row, []).append(indicator.code)
    return found


class _Numbers:
    """The whole numbers of a stage as lists, so that thousands of rows are looked at without converting each."""

    def __init__(
        self,
        result: StageResult,
        schools: SchoolColumns,
        people: Population,
        standard: Standard,
        indicators: Sequence[Measured],
    ) -> None:
        self._standard, self._indicators = standard, indicators
        self._position = STAGES.index(result.stage)
        rows = [result.rows[each.indicator.code] for each in indicators]
        self._numerators = [each.numerator.tolist() for each in rows]
        self._denominators = [each.denominator.tolist() for each in rows]
        self._attained = [each.attained.tolist() for each in rows]
        self._floors = [each.reaches_floor.tolist() for each in rows]
        self._known = [each.is_known.tolist() for each in rows]
        keys = {key for each in indicators for key in each.keys}
        self._cells = {key: schools.column(key).tolist() for key in keys}
        present = [(people.present[s] & (people.enrollment[s] > 0)).tolist() for s in range(len(STAGES))]
        self._pupils = [people.enrollment[s].tolist() for s in range(len(STAGES))] + [people.senior.tolist()]
        self._present = [*present, (people.senior > 0).tolist()]
        self._spare = pupils_to_spare(schools, people, standard).tolist()

    def changes(self, row: int, school: int) -> Iterator[Change]:
        """Every smallest change of one cell that turns the row, one a cell and direction."""
        if not all(known[row] for known in self._known):
            return
        attained = sum(each[row] for each in self._attained)
        above_floor = sum(each[row] for each in self._floors)
        n, needed = len(self._indicators), self._standard.attained_at_least
        is_passing = above_floor == n and attained >= needed
        for k, indicator in enumerate(self._indicators):
            others = attained - self._attained[k][row]
            if not is_passing and (above_floor - self._floors[k][row] < n - 1 or others < needed - 1):
                continue
            # With six of the others attained the seventh only has to reach the floor.
            a, b = (indicator.floor_a, indicator.floor_b) if others >= needed else (indicator.a, indicator.b)
            spare = self._numerators[k][row] * a - self._denominators[k][row] * b
            per_step = indicator.per_step * a
            steps = -(spare // per_step + 1) if is_passing else -(spare // per_step)
            if change := self._amount(indicator, school, steps):
                yield change
        yield from self._pupil_changes(row, school, is_passing)

    def _amount(self, indicator: Measured, school: int, steps: int) -> Change | None:
        """The largest cell of the indicator so many steps higher (lower where negative), if it can be."""
        key = max(indicator.keys, key=lambda each: self._cells[each][school], default=None)
        if key is None or not steps:
            return None
        before = self._cells[key][school]
        after = before + steps * indicator.step
        return Change(school, key, before, after) if after >= 0 else None

    def _pupil_changes(self, row: int, school: int, is_passing: bool) -> Iterator[Change]:
        """Pupils only ever lower values: the row passes up to so many of a stage, and not beyond."""
        for stage, key in enumerate(ENROLLMENTS):
            if not self._present[stage][school]:
                continue
            more = self._pupils_more(row, stage)
            if more is None:
                continue
            pupils = self._pupils[stage][school]
            after = pupils + more + 1 if is_passing else pupils + more
            stays = after >= 1 and (stage >= len(STAGES) or pupils - after <= self._spare[school])
            if stays and (after > pupils) == is_passing:
                yield Change(school, key, pupils, after)

    def _pupils_more(self, row: int, stage: int) -> int | None:
        """The most pupils of ``stage`` that may be added (negative: fewer) with the row passing; None where they
        decide nothing."""
        limits: list[int] = []
        floors: list[int] = []
        lost = 0
        for k, each in enumerate(self._indicators):
            if not each.indicator.shared and stage != self._position:
                # The teachers of one stage do not care for the pupils of another.
                if not self._floors[k][row]:
                    return None
                lost += not self._attained[k][row]
                continue
            above, below = self._numerators[k][row], self._denominators[k][row]
            weight = self._standard.weights[stage] if each.indicator.shared else 1
            limits.append((above * each.a // each.b - below) // weight)
            floors.append((above * each.floor_a // each.floor_b - below) // weight)
        # So many may fall below their limit, those already below among them.
        allowed = len(self._indicators) - self._standard.attained_at_least - lost
        if allowed < 0 or not floors:
            return None
        return min(min(floors), sorted(limits)[allowed]) if allowed < len(limits) else min(floors)
