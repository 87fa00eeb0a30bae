"""Problems of one workbook as they are found, handed back in the order of the workbook. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from indicators.checks.rules import RULES
from indicators.problem import Problem

_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9][0-9]*)")
_LETTERS = 26
#: Problems kept one by one: far more than anybody reads, and a bound for what a hostile file can make us hold.
MOST_PROBLEMS = 20_000


@cache
def letters_of(column: int) -> str:
    """The letters of a column, 1 = A."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, _LETTERS)
        letters = chr(ord("A") + rest) + letters
    return letters


def place_of(address: str) -> tuple[int, int]:
    """Row and column (1 = A) of an A1 address; zeros where it is none."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return 0, 0
    column = 0
    for letter in found[1]:
        column = column * _LETTERS + ord(letter) - ord("A") + 1
    return int(found[2]), column


class Place(NamedTuple):
    """Where something was found: sheet, row and column counted from 1; 0 where the sheet as a whole is meant."""

    sheet: str
    row: int = 0
    column: int = 0


class Notes:
    """Collects problems. ``sheets`` are the names of the workbook's sheets in their order."""

    def __init__(self, sheets: Sequence[str]) -> None:
        self._order = {name: position for position, name in enumerate(sheets)}
        self._problems: list[tuple[int, int, int, Problem]] = []
        self._left_out = 0

    def add(
        self,
        rule: str,
        message: str,
        place: Place,
        *,
        school: str = "",
        header: str = "",
        found: str = "",
        rejects: tuple[str, ...] = (),
        fix: str = "",
    ) -> None:
        """Note a problem; its severity is that of the rule. Raises ``KeyError`` for a rule that is not in the table."""
        if len(self._problems) >= MOST_PROBLEMS:
            self._left_out += 1
            return
        sheet, row, column = place
        cell = f"{letters_of(column)}{row}" if row and column else ""
        problem = Problem(RULES[rule].severity, rule, message, sheet, cell, school, header, found, row, rejects, fix)
        self._problems.append((self._order.get(sheet, -1), row, column, problem))

    def in_order(self) -> tuple[Problem, ...]:
        """All problems by sheet, row and column; at one cell in the order they were found. Beyond MOST_PROBLEMS the
        first of them says how many more there are."""
        problems = [problem for *_, problem in sorted(self._problems, key=lambda entry: entry[:3])]
        if self._left_out:
            words = f"另有 {self._left_out} 处问题没有逐一列出。请先更正已列出的问题（可能整列填错或错位），再上传。"
            problems.insert(0, Problem(RULES["problems.too_many"].severity, "problems.too_many", words))
        return tuple(problems)
