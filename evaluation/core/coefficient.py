"""The difference coefficient (standard §3): weighted by enrolment, two passes, population form. Pure.

X_i = x_i / P_i;  X̄ = Σ x_i / Σ P_i;  S = sqrt(Σ (P_i / P_N)·(X_i − X̄)²);  CV = S / X̄.
Sums run in the order of the rows (numpy.bincount adds one after another), so the same rows give the
same bytes on any machine, in one county or in all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import SupportsFloat

import numpy as np

from evaluation.core.columns import BoolArray, FloatArray, IntArray

#: A float this near to a limit is decided by exact arithmetic.
NEAR = 1e-9
#: A coefficient this large can only come from amounts that almost cancel; whether they do is decided exactly.
CANCELLING = 1e6


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Per group: X̄, S, CV; NaN where undefined (no rows, or a mean that is not positive)."""

    mean: FloatArray
    deviation: FloatArray
    coefficient: FloatArray


@dataclass(frozen=True, slots=True)
class Groups:
    """The rows of one computation: index of each row's group, pupils of each row, rows and pupils of each group."""

    index: IntArray
    pupils: FloatArray
    count: IntArray
    total: FloatArray

    @classmethod
    def of(cls, index: IntArray, pupils: FloatArray, n_groups: int) -> Groups:
        count = np.bincount(index, minlength=n_groups)
        total = np.bincount(index, weights=pupils, minlength=n_groups).astype(np.float64)
        return cls(index, pupils, count, total)


def grouped_coefficients(values: FloatArray, groups: Groups) -> Coefficients:
    """Difference coefficients of all groups at once. ``values`` are X_i per row; pupils must be positive."""
    n_groups = len(groups.count)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        mean = np.bincount(groups.index, weights=values * groups.pupils, minlength=n_groups) / groups.total
        distance = values - mean[groups.index]
        distance *= distance
        distance *= groups.pupils
        deviation = np.sqrt(np.bincount(groups.index, weights=distance, minlength=n_groups) / groups.total)
        # One school differs from nobody: exactly 0, whatever the last bit of its mean.
        deviation[(groups.count == 1) & np.isfinite(mean)] = 0.0
        coefficient = deviation / mean
    coefficient[~(mean > 0) | ~np.isfinite(coefficient)] = np.nan
    return Coefficients(mean, deviation, coefficient)


def difference_coefficient(amounts: Sequence[SupportsFloat], enrollments: Sequence[SupportsFloat]) -> float | None:
    """CV of the amounts x_i of schools with P_i pupils; None where it is undefined.

    Undefined are: no schools, a missing (None, NaN) or infinite number, a school without pupils, a mean
    that is not positive. One school gives 0. Raises ValueError for sequences of different length or
    negative enrolment. (standard §3)
    """
    if len(amounts) != len(enrollments):
        raise ValueError("amounts and enrollments must have the same length")
    x = np.array([_number(value) for value in amounts], np.float64)
    pupils = np.array([_number(value) for value in enrollments], np.float64)
    if (pupils < 0).any():
        raise ValueError("enrollment must not be negative")
    if not len(x) or not (np.isfinite(x).all() and np.isfinite(pupils).all()) or (pupils == 0).any():
        return None
    with np.errstate(over="ignore"):
        values = x / pupils
    groups = Groups.of(np.zeros(len(x), np.int64), pupils, 1)
    result = float(grouped_coefficients(values, groups).coefficient[0])
    return None if math.isnan(result) else result


def _number(value: SupportsFloat | None) -> float:
    return math.nan if value is None else float(value)


def settle_exactly(
    coefficients: Coefficients, limit: Fraction | None, numerator: IntArray, denominator: IntArray, groups: Groups
) -> BoolArray:
    """Whether CV ≤ limit, per group; what floats cannot decide is settled in rationals, and undefined is made NaN.
    Without a limit every defined coefficient is within it.

    ``numerator`` / ``denominator`` is X_i up to a constant factor, exactly. Within NEAR of the limit
    CV² = P_N·Σ P_i X_i² / (Σ P_i X_i)² − 1 decides; amounts that add up to nothing have no coefficient.
    """
    found = coefficients.coefficient
    bound = math.inf if limit is None else float(limit)
    with np.errstate(invalid="ignore"):
        within = found <= bound
        doubtful = np.flatnonzero((np.abs(found - bound) < NEAR) | (found > CANCELLING))
    for group in doubtful:
        pupils, total, squares = _exact_sums(numerator, denominator, groups, int(group))
        if total <= 0:
            coefficients.mean[group] = 0.0 if total == 0 else coefficients.mean[group]
            found[group] = np.nan
        within[group] = total > 0 and (limit is None or pupils * squares <= (1 + limit * limit) * total * total)
    return np.asarray(within)


def _exact_sums(
    numerator: IntArray, denominator: IntArray, groups: Groups, group: int
) -> tuple[int, Fraction, Fraction]:
    """P_N, Σ P_i·X_i and Σ P_i·X_i² of one group, exactly."""
    rows = np.flatnonzero(groups.index == group)
    x = [Fraction(int(numerator[r]), int(denominator[r])) for r in rows]
    p = [int(groups.pupils[r]) for r in rows]
    total = sum((q * v for q, v in zip(p, x, strict=True)), Fraction(0))
    squares = sum((q * v * v for q, v in zip(p, x, strict=True)), Fraction(0))
    return sum(p), total, squares


#: Digits a mean of square roots is settled with: far more than any two different ones of this size could share.
_DIGITS = 80


def settle_composite(
    composite: FloatArray, limit: Fraction, exact: Sequence[tuple[IntArray, IntArray]], groups: Groups
) -> BoolArray:
    """Whether the mean of several coefficients is at most ``limit``, per group; near the limit in eighty digits.

    ``exact`` holds numerator and denominator of X_i for each coefficient, as for ``settle_exactly``. Where the mean
    is undefined the answer is False and means nothing.
    """
    with np.errstate(invalid="ignore"):
        within = np.asarray(composite <= float(limit))
        doubtful = np.flatnonzero(np.abs(composite - float(limit)) < NEAR)
    for group in doubtful:
        with localcontext() as context:
            context.prec = _DIGITS
            roots = Decimal(0)
            for numerator, denominator in exact:
                pupils, total, squares = _exact_sums(numerator, denominator, groups, int(group))
                square = pupils * squares / (total * total) - 1
                roots += (Decimal(square.numerator) / Decimal(square.denominator)).sqrt()
            distance = roots - len(exact) * Decimal(limit.numerator) / Decimal(limit.denominator)
            # What is left of eighty digits of equal numbers is the dust of the roundings.
            within[group] = distance < Decimal(10) ** (20 - _DIGITS)
    return within
