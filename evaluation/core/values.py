"""What a single value of a standard document may be: a plain number within bounds, or words of a list. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from indicators.catalogue import DECIMAL_PLACES, DECIMAL_SCALE

_PLAIN = re.compile(r"[0-9]+(\.[0-9]+)?")
_MOST_CHARACTERS = 30
#: Far above anything a document can mean, and in millionths still a number of 64 bits.
_MOST = 10**12


def number(value: Any) -> Fraction | None:
    """The exact number of a whole number or of a plain decimal such as 45 or 0.85; None where it is none. A fraction
    or an exponent is none: what a page prints is then the number as everybody reads it."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, int):
        return Fraction(value)
    return Fraction(value) if len(value) <= _MOST_CHARACTERS and _PLAIN.fullmatch(value) else None


@dataclass(frozen=True, slots=True)
class Bounds:
    """A number from ``least`` to ``most``; ``is_above``: more than ``least``. The kernel reckons in millionths, so it
    has no more decimals than they hold."""

    least: int = 0
    most: int = _MOST
    is_above: bool = False
    is_whole: bool = False

    def refusal(self, name: str, value: str | int) -> str:
        """Why ``value`` cannot be the value of ``name``; empty where it can."""
        found, told = number(value), f"{name} = {_short(value)}"
        if found is None:
            return f"{told} 不是数，应写作普通的小数，例如 45 或 0.85"
        if found < self.least or (self.is_above and found == self.least):
            return f"{told} 应{'大于' if self.is_above else '不小于'} {self.least}"
        if found > self.most:
            return f"{told} 应不大于 {self.most}"
        if self.is_whole and found.denominator != 1:
            return f"{told} 应为整数"
        return f"{told} 最多 {DECIMAL_PLACES} 位小数" if (found * DECIMAL_SCALE).denominator != 1 else ""


@dataclass(frozen=True, slots=True)
class Words:
    """One or more of ``choices``, each once, with commas between; ``is_one``: exactly one. ``what`` says what they are
    where they are too many to be listed."""

    choices: tuple[str, ...]
    what: str = ""
    is_one: bool = False

    def refusal(self, name: str, value: str | int) -> str:
        """Why ``value`` cannot be the value of ``name``; empty where it can."""
        return self.refusal_of_list(name, str(value).split(","))

    def refusal_of_list(self, name: str, given: Sequence[str]) -> str:
        """The same of a list that is written as one."""
        expected = self.what or " 或 ".join(self.choices)
        if not given:
            return f"{name} 是空的，应为 {expected}"
        for each in given:
            if each not in self.choices:
                return f"{name} 的 {_short(each)} 不能用，应为 {expected}"
        if self.is_one and len(given) > 1:
            return f"{name} 只能写一个，应为 {expected}"
        return f"{name} 有重复" if len(given) != len(set(given)) else ""


#: What is declared about a value.
Values = Bounds | Words

POSITIVE = Bounds(is_above=True)
NOT_NEGATIVE = Bounds()
WHOLE = Bounds(is_above=True, is_whole=True, most=10**9)
FACTOR = Bounds(least=1, most=10**9)
WHOLE_FACTOR = Bounds(least=1, most=10**9, is_whole=True)
PLACES = Bounds(most=12, is_whole=True)
SHARE = Bounds(most=1, is_above=True)
PERCENT = Bounds(most=100)
YEAR = Bounds(least=1900, most=2100, is_whole=True)


def _short(value: str | int) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
