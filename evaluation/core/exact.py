"""Comparisons with a limit that never depend on a rounded float. Pure.

A quotient of two whole numbers below 2**53 is rounded once by the processor, and rounding keeps order: where
the rounded value lies above the rounded limit, so does the exact one. Only where both are the same float
must whole numbers decide. Larger numbers are always decided by unbounded integers.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from evaluation.core.columns import BoolArray, FloatArray, IntArray

_EXACT_IN_FLOAT = 2**53
_SAFE = 2**62


def scaled_quotient(numerator: IntArray, denominator: IntArray, factor: Fraction) -> tuple[FloatArray, bool]:
    """numerator × factor ÷ denominator as floats, and whether each of them is the correctly rounded value."""
    times, divided_by = factor.numerator, factor.denominator
    if _largest(numerator) * times < _EXACT_IN_FLOAT and _largest(denominator) * divided_by < _EXACT_IN_FLOAT:
        above, below = numerator.astype(np.float64), denominator.astype(np.float64)
        if times != 1:
            above *= times
        if divided_by != 1:
            below *= divided_by
        return np.divide(above, below, out=above), True
    exact = (Fraction(int(n), int(d)) * factor for n, d in zip(numerator, denominator, strict=True))
    return np.array([float(value) for value in exact], np.float64), False


def reaches(
    value: FloatArray,
    is_rounded_once: bool,
    numerator: IntArray,
    denominator: IntArray,
    factor: Fraction,
    limit: Fraction,
) -> BoolArray:
    """Whether numerator × factor ÷ denominator ≥ limit, exactly; ``value`` is that quotient as floats."""
    result = np.asarray(value > float(limit))
    doubtful = np.flatnonzero(value == float(limit)) if is_rounded_once else np.arange(len(value))
    if len(doubtful):
        result[doubtful] = at_least(numerator[doubtful], denominator[doubtful], factor, limit)
    return result


def at_least(numerator: IntArray, denominator: IntArray, factor: Fraction, limit: Fraction) -> BoolArray:
    """Whether numerator × factor ÷ denominator ≥ limit > 0, in whole numbers; denominators must be positive."""
    share = factor / limit
    return product_at_least(numerator, share.numerator, denominator, share.denominator)


def product_at_least(a: IntArray, times_a: int, b: IntArray, times_b: int) -> BoolArray:
    """Whether a × times_a ≥ b × times_b, with unbounded integers where 64 bits could overflow."""
    if _largest(a) * abs(times_a) < _SAFE and _largest(b) * abs(times_b) < _SAFE:
        return np.asarray(a * times_a >= b * times_b)
    return np.asarray(a.astype(object) * times_a >= b.astype(object) * times_b, np.bool_)


def _largest(values: IntArray) -> int:
    return max(int(values.max()), -int(values.min())) if len(values) else 0
