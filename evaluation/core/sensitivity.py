"""Who makes a coefficient what it is (standard §3): each school's share of the variance, the coefficient without it,
and with it brought just to its limit. Pure.

Every "what if" is computed anew in two passes, never from differences of sums: one dominant school would leave nothing
of them but rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from evaluation.core.coefficient import Groups, grouped_coefficients, settle_exactly
from evaluation.core.columns import FloatArray, IntArray
from evaluation.core.gaps import Natural, natural, shortfall, weight_of
from evaluation.core.resources import IndicatorRows, StageResult
from evaluation.core.standard import Indicator, Standard

#: Counties tried at once: as many numbers as stay in the processor's cache.
_AT_ONCE = 200_000


@dataclass(frozen=True, slots=True)
class Influence:
    """One school's part in one coefficient. ``share`` of the variance (all add up to 1); None where every school is the
    same. ``without``: None where nothing is left to compare. ``lifted``: None where the school reaches its limit."""

    row: int
    share: float | None
    without: float | None
    lifted: float | None


@dataclass(frozen=True, slots=True)
class Lift:
    """A school to be brought to its limit: by how much of its cell, and the coefficient once it and those before it
    are."""

    row: int
    amount: Fraction
    natural: Natural
    coefficient: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """One coefficient taken apart. Everything is empty where the coefficient is undefined. ``rows`` are positions in
    the StageResult. ``lifts`` is None where no lifting of schools below their limit was found to bring the
    coefficient within its own, and empty where it already is."""

    coefficient: float | None
    mean: float | None
    influences: tuple[Influence, ...]
    lifts: tuple[Lift, ...] | None


def shares_of_variance(values: FloatArray, pupils: FloatArray) -> FloatArray | None:
    """P_i (X_i − X̄)² ÷ Σ of it, adding up to 1; None where no school differs from the mean."""
    if len(values) < 2 or (values == values[0]).all():
        return None
    mean = (values * pupils).sum() / pupils.sum()
    parts = pupils * (values - mean) ** 2
    total = parts.sum()
    return np.asarray(parts / total) if total > 0 else None


def coefficients_without(values: FloatArray, pupils: FloatArray) -> list[float | None]:
    """The coefficient of all schools but one, for each; None where it is undefined (nobody left, mean not positive)."""
    n = len(values)
    found: list[float | None] = []
    for rows in _blocks(n):
        weights = np.tile(pupils, (len(rows), 1))
        weights[np.arange(len(rows)), rows] = 0.0
        found += _coefficients(np.broadcast_to(values, weights.shape), weights, n - 1)
    return found


def coefficients_lifted(values: FloatArray, pupils: FloatArray, limit: float) -> list[float | None]:
    """The coefficient with one school's value raised to ``limit``, for each; None where it is not below it."""
    below = np.flatnonzero(values < limit)
    found: list[float | None] = [None] * len(values)
    for chosen in _blocks(len(below), len(values)):
        rows = below[chosen]
        lifted = np.tile(values, (len(rows), 1))
        lifted[np.arange(len(rows)), rows] = limit
        told = _coefficients(lifted, np.broadcast_to(pupils, lifted.shape), len(values))
        for row, coefficient in zip(rows, told, strict=True):
            found[int(row)] = coefficient
    return found


def _blocks(n: int, width: int = 0) -> Iterator[IntArray]:
    size = max(1, _AT_ONCE // max(width or n, 1))
    for start in range(0, n, size):
        yield np.arange(start, min(start + size, n))


def _coefficients(values: FloatArray, pupils: FloatArray, count: int) -> list[float | None]:
    """One coefficient per line of two tables; ``count`` schools have pupils in each."""
    if not count:
        return [None] * len(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = pupils.sum(axis=1)
        mean = (values * pupils).sum(axis=1) / total
        deviation = np.sqrt((pupils * (values - mean[:, None]) ** 2).sum(axis=1) / total)
        if count == 1:
            deviation = np.zeros_like(mean)
        found = deviation / mean
    return [float(each) if m > 0 and np.isfinite(each) else None for m, each in zip(mean, found, strict=True)]


def sensitivity(result: StageResult, indicator: Indicator, standard: Standard, county: int = 0) -> Sensitivity:
    """One coefficient of one county taken apart, school by school."""
    start, stop = (int(i) for i in result.first[county : county + 2])
    rows = result.rows[indicator.code]
    coefficients = result.results[indicator.code].coefficients
    coefficient = float(coefficients.coefficient[county])
    if not np.isfinite(coefficient):
        return Sensitivity(None, None, (), None)
    values = rows.value[start:stop]
    pupils = result.enrollment[start:stop].astype(np.float64)
    limit = indicator.stages[result.stage].limit
    shares = shares_of_variance(values, pupils)
    without = coefficients_without(values, pupils)
    lifted: list[float | None] = [None] * len(values)
    if limit is not None:
        lifted = coefficients_lifted(values, pupils, float(limit))
        # A value a hair under its limit and the same as a float is lifted nowhere, and is not attained all the same.
        for i in np.flatnonzero((values >= float(limit)) & ~rows.attained[start:stop]):
            lifted[int(i)] = coefficient
        for i in np.flatnonzero(rows.attained[start:stop]):
            lifted[int(i)] = None
    influences = tuple(
        Influence(start + i, None if shares is None else float(shares[i]), without[i], lifted[i])
        for i in range(len(values))
    )
    return Sensitivity(
        coefficient, float(coefficients.mean[county]), influences, schools_to_lift(result, indicator, standard, county)
    )


def schools_to_lift(
    result: StageResult, indicator: Indicator, standard: Standard, county: int = 0
) -> tuple[Lift, ...] | None:
    """Schools below their limit whose lifting to it, in whole persons and rooms, brings the coefficient within its own;
    each is the one that lowers the coefficient most after those before it. One school is the fewest possible; of
    several that is not claimed. None where no such step is left, or where the coefficient has no limit."""
    start, stop = (int(i) for i in result.first[county : county + 2])
    limit = indicator.stages[result.stage].limit
    if standard.decides_by_composite or limit is None:
        return None
    bound = standard.coefficient_limits[result.stage]
    rows = result.rows[indicator.code]
    window = slice(start, stop)
    state = _State(rows.numerator[window].copy(), rows.denominator[window], result.enrollment[window], indicator)
    if state.is_within(bound):
        return ()
    unit, weight = natural(indicator.stages[result.stage].plus[0]), weight_of(indicator, result, standard)
    amounts = _amounts(rows, window, indicator, weight, limit, unit.step)
    raised = state.numerator + np.array([int(amount * indicator.scale) * weight for amount in amounts], np.int64)
    left = [i for i, amount in enumerate(amounts) if amount]
    lifts: list[Lift] = []
    found = state.coefficient()
    while left:
        best = left[int(np.argmin(state.approximate(left, raised)))]
        state.numerator[best] = raised[best]
        lower = state.coefficient()
        if lower >= found:
            return None
        found = lower
        left.remove(best)
        lifts.append(Lift(start + best, amounts[best], unit, found))
        if state.is_within(bound):
            return tuple(lifts)
    return None


def _amounts(
    rows: IndicatorRows, window: slice, indicator: Indicator, weight: int, limit: Fraction, step: Fraction
) -> list[Fraction]:
    """What each school lacks to its limit, in its cell's unit; 0 where it reaches it."""
    numbers = zip(rows.numerator[window].tolist(), rows.denominator[window].tolist(), strict=True)
    return [
        shortfall(Fraction(above, weight * indicator.scale), Fraction(weight * indicator.factor, below), limit, step)
        for above, below in numbers
    ]


@dataclass(slots=True)
class _State:
    """The schools of one coefficient while some of them are lifted."""

    numerator: IntArray
    denominator: IntArray
    enrollment: IntArray
    indicator: Indicator

    def _groups(self) -> Groups:
        return Groups.of(np.zeros(len(self.numerator), np.int64), self.enrollment.astype(np.float64), 1)

    def values(self, numerator: IntArray) -> FloatArray:
        return numerator * (self.indicator.factor / self.indicator.scale) / self.denominator

    def coefficient(self) -> float:
        return float(grouped_coefficients(self.values(self.numerator), self._groups()).coefficient[0])

    def is_within(self, bound: Fraction) -> bool:
        groups = self._groups()
        found = grouped_coefficients(self.values(self.numerator), groups)
        return bool(settle_exactly(found, bound, self.numerator, self.denominator, groups)[0])

    def approximate(self, chosen: list[int], raised: IntArray) -> FloatArray:
        """CV² + 1 with each of the chosen schools raised alone: good enough to put them in order."""
        pupils = self.enrollment.astype(np.float64)
        values = self.values(self.numerator)
        higher = self.values(raised)[chosen]
        own, lower = pupils[chosen], values[chosen]
        total = (pupils * values).sum() + own * (higher - lower)
        squares = (pupils * values**2).sum() + own * (higher**2 - lower**2)
        return np.asarray(pupils.sum() * squares / total**2)
