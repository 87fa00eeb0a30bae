"""Ten thousand workbooks with faults planted at random: no crash, and every fault is told at its own cell."""

from __future__ import annotations

import random
from typing import Any

import pytest

from indicators.catalogue import COUNTY_ITEMS, COUNTY_SHEET, FIELDS, SCHOOL_SHEET, Field, Kind
from indicators.problem import Severity
from indicators.workbook.read import read_report
from indicators.workbook.sandbox import DateValue, ErrorValue
from tests.builders import book_of, cell_of, figure_cell, good_figures, good_rows

CHUNKS, WORKBOOKS_PER_CHUNK = 20, 500

_NEVER_A_NUMBER: tuple[Any, ...] = (
    "abc", "１２", "1,200", "12人", "-", "无", "#REF!", "=1+1", "\u202e12", "😀", "9" * 400, " 7 7 ", True,
    ErrorValue("#DIV/0!"), DateValue("2024-09-01"), -1.0, -0.5, 1e12, 1e300,
)  # fmt: skip
_NEVER_A_CHOICE: tuple[Any, ...] = ("不详", "小 学 校", 99.0, "0", True, ErrorValue("#N/A"), DateValue("2024-09-01"))
_NEVER_A_CODE: tuple[Any, ...] = ("12345", "3.1E+09", "31420000０1", 314200000.0, True, ErrorValue("#N/A"), "甲" * 10)
_NEVER_ROOMS: tuple[Any, ...] = ("96;甲", "96、98", -96.0, "0", "96;;-1", True, ErrorValue("#N/A"))
_ANYTHING: tuple[Any, ...] = (*_NEVER_A_NUMBER, *_NEVER_ROOMS, None, "", 0.0, -0.0, 0.1 + 0.2, 1 / 3, 1e-300, "合计")


def fault_for(field: Field, chance: random.Random) -> Any:
    """Something that can never stand in a cell of this field."""
    if field.kind is Kind.CODE:
        return chance.choice(_NEVER_A_CODE)
    if field.kind in (Kind.CHOICE, Kind.YES_NO):
        return chance.choice(_NEVER_A_CHOICE)
    if field.kind is Kind.ROOMS:
        return chance.choice(_NEVER_ROOMS)
    if field.kind is Kind.COUNT and chance.random() < 0.2:
        return chance.choice((2.5, 0.1 + 0.2))
    return chance.choice(_NEVER_A_NUMBER)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_planted_fault_is_told_at_its_own_cell(chunk: int) -> None:
    chance = random.Random(f"mutated-{chunk}")
    fields = [field for field in FIELDS if field.kind is not Kind.TEXT]
    for number in range(WORKBOOKS_PER_CHUNK):
        rows, figures = good_rows(), good_figures()
        planted = set()
        for _ in range(chance.randint(1, 4)):
            position, field = chance.randrange(len(rows)), chance.choice(fields)
            rows[position][field.key] = fault_for(field, chance)
            planted.add((SCHOOL_SHEET, cell_of(field.key, position)))
        if chance.random() < 0.3:
            item = chance.choice(COUNTY_ITEMS)
            figures[item.code] = chance.choice(("abc", -1.0, True, ErrorValue("#REF!"), DateValue("2024-09-01"), 1e300))
            planted.add((COUNTY_SHEET, figure_cell(item.code)))
        told = {(p.sheet, p.cell) for p in read_report(book_of(rows, figures)).problems if p.severity is Severity.ERROR}
        assert planted <= told, (chunk, number, planted - told)


@pytest.mark.parametrize("chunk", range(4))
def test_whatever_stands_in_the_cells_reading_ends_with_an_answer(chunk: int) -> None:
    chance = random.Random(f"anything-{chunk}")
    for _ in range(250):
        rows, figures = good_rows(), good_figures()
        for _ in range(chance.randint(5, 120)):
            rows[chance.randrange(len(rows))][chance.choice(FIELDS).key] = chance.choice(_ANYTHING)
        for _ in range(chance.randint(0, 20)):
            figures[chance.choice(COUNTY_ITEMS).code] = chance.choice(_ANYTHING)
        found = read_report(book_of(rows, figures))
        assert len(found.report.schools) <= len(rows)
        assert all(problem.message for problem in found.problems)
