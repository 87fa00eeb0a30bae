"""How a judged figure is shown: half up, with more places where the rounded figure alone would mislead. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

_MOST_PLACES = 12


def half_up(value: Fraction | float | int, places: int) -> str:
    """``value`` with ``places`` decimals, halves away from zero, computed from the exact value."""
    exact = Fraction(value)
    with localcontext() as context:
        context.prec = 60
        # One division of whole numbers after scaling: no digit is lost before the rounding.
        scaled = Decimal(exact.numerator * 10**places) / Decimal(exact.denominator)
        return f"{scaled.quantize(Decimal(1), ROUND_HALF_UP).scaleb(-places):f}"


def shown(value: Fraction | float | int, places: int, limit: Fraction | None = None) -> str:
    """``value`` at ``places`` decimals; more, where rounding would move it onto or across ``limit``."""
    text = half_up(value, places)
    if limit is None:
        return text
    side = _side(Fraction(value), limit)
    while _side(Fraction(text), limit) != side and places < _MOST_PLACES:
        places += 1
        text = half_up(value, places)
    return text


def _side(value: Fraction, limit: Fraction) -> int:
    return (value > limit) - (value < limit)
