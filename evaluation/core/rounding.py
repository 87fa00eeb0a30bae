"""How a judged figure is shown: half up, with more places where the rounded figure alone would mislead. Pure."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction

from evaluation.core.status import UNKNOWN_TEXT

_MOST_PLACES = 12
#: Before a limit that a figure lies above by less than can be printed.
_JUST_ABOVE = "略高于"
#: A limit or an amount is printed with at most this many decimals; the forms take no more.
_PLAIN_PLACES = 6
#: A value further from a limit than so many of its last printed places cannot be rounded onto it or across it.
_FAR = 2
_WIDE = Context(prec=60, rounding=ROUND_HALF_UP)
#: Floats of everyday size, whose digits fit into that.
_EVERYDAY = 1e15


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


def exact(value: float) -> Fraction:
    """The number a stored float stands for: 4.2 is 21/5 and not its binary neighbour."""
    return Fraction(repr(value))


def plain(value: Fraction | int, least_places: int = 0) -> str:
    """A number as people write it: no zeros at the end beyond ``least_places``, at most six decimals."""
    whole, _, decimals = half_up(value, _PLAIN_PLACES).partition(".")
    decimals = decimals.rstrip("0").ljust(least_places, "0")
    return f"{whole}.{decimals}" if decimals else whole


def figure(value: Fraction | float, places: int, *limits: Fraction) -> str:
    """``value`` at ``places`` decimals; more, where they would put it on or across one of ``limits``."""
    if isinstance(value, float) and abs(value) < _EVERYDAY:
        margin = _FAR / 10**places
        if all(abs(value - limit) > margin for limit in limits):
            # Nearly every figure of a long table: the digits of the float, rounded once, without fractions.
            return f"{Decimal(repr(value + 0.0)).quantize(Decimal(1).scaleb(-places), context=_WIDE):f}"
    number = exact(value) if isinstance(value, float) else Fraction(value)
    for limit in limits:
        places = max(places, _places(shown(number, places, limit)))
    return half_up(number, places)


def _places(text: str) -> int:
    return len(text.partition(".")[2])


def coefficient_text(coefficient: float | None, passed: bool | None, limit: Fraction | None, places: int) -> str:
    """A difference coefficient beside its limit, if it has one: never printed on the other side of its own verdict."""
    if coefficient is None:
        return UNKNOWN_TEXT
    value = exact(coefficient)
    if limit is None:
        return half_up(value, places)
    # Decided in rationals; the float beside it may lie a last bit off the limit.
    if passed is not None and (value <= limit) != passed:
        return plain(limit, places) if passed else f"{_JUST_ABOVE}{plain(limit, places)}"
    return figure(value, places, limit)


def printed_number(text: str) -> float | None:
    """The number that ``coefficient_text`` printed, for programs: None where it is unknown, and the next number above
    the limit where words say that it lies just above."""
    if text == UNKNOWN_TEXT:
        return None
    is_above = text.startswith(_JUST_ABOVE)
    number = float(text.removeprefix(_JUST_ABOVE))
    return math.nextafter(number, math.inf) if is_above else number
