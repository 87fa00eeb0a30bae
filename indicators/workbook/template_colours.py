"""Colours of 「学校数据」 that follow the typing: what is still to fill in, and what contradicts itself. Pure.

A handful of what the checks ask for after the upload, cheap enough to show in every row: which cells are asked for is
taken from the same table as the check of missing figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from openpyxl.formatting.rule import FormulaRule  # type: ignore[import-untyped]
from openpyxl.styles import Font, PatternFill  # type: ignore[import-untyped]
from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]

from indicators.catalogue import FIELDS, Field
from indicators.checks.missing import BASIC_KEYS, RELAXATION_KEYS, SHARED_KEYS, SMALL_TEACHING_POINT
from schools.vocabulary import SchoolType, Stage

#: openpyxl carries no types; the name says what is meant.
Sheet = Any

_EMPTY_FILL, _FAULT_FILL, _FAULT_INK = "FFF9D6", "F8CBAD", "C00000"
_COLUMNS = {field.key: get_column_letter(column) for column, field in enumerate(FIELDS, 1)}
_DEGREES = {
    Stage.PRIMARY: ("associate", "bachelor", "master", "doctor"),
    Stage.JUNIOR: ("bachelor", "master", "doctor"),
}
_SUBJECTS = ("pe", "music", "fine_art", "arts")


def colour_rule(test: str, fill: str = "", ink: str = "", *, stop: bool = False) -> Any:
    """A conditional colour: ``test`` is a formula for the top left cell of its area."""
    return FormulaRule(
        formula=[test],
        fill=PatternFill(bgColor=fill, fill_type="solid") if fill else None,
        font=Font(color=ink) if ink else None,
        stopIfTrue=stop,
    )


def colour_school_rows(sheet: Sheet, first_row: int, last_row: int) -> None:
    """Red for amounts that contradict each other, yellow for cells that are asked for and still empty."""
    for keys, test in _faults(first_row):
        area = " ".join(f"{_COLUMNS[key]}{first_row}:{_COLUMNS[key]}{last_row}" for key in keys)
        sheet.conditional_formatting.add(area, colour_rule(test, _FAULT_FILL, _FAULT_INK))
    for keys, test in _gaps(first_row):
        area = f"{_COLUMNS[keys[0]]}{first_row}:{_COLUMNS[keys[-1]]}{last_row}"
        sheet.conditional_formatting.add(area, colour_rule(test, _EMPTY_FILL))


def _faults(row: int) -> Iterator[tuple[tuple[str, ...], str]]:
    """The columns to mark and when: a part larger than its whole."""

    def larger(parts: Sequence[str], whole: str) -> tuple[tuple[str, ...], str]:
        amount = f"SUM({','.join(f'${_COLUMNS[key]}{row}' for key in parts)})"
        of = f"${_COLUMNS[whole]}{row}"
        return (whole, *parts), f"AND(ISNUMBER({of}),{amount}>{of})"

    for stage in Stage:
        of = stage.value.lower()
        teachers, pupils = f"{of}_full_time_teachers", f"{of}_enrollment"
        yield larger([f"{of}_{degree}_teachers" for degree in _DEGREES[stage]], teachers)
        yield larger([f"{of}_{subject}_teachers" for subject in _SUBJECTS], teachers)
        yield larger([f"{of}_backbone_teachers"], teachers)
        yield larger([f"{of}_in_zone_enrollment"], pupils)
        yield larger([f"{of}_largest_class"], pupils)
        over = "primary_classes_over_45" if stage is Stage.PRIMARY else "junior_classes_over_50"
        yield larger([over], f"{of}_classes")
    yield larger(["indoor_sports_area"], "teaching_area")
    yield larger(["training_budget"], "funds_budget")


def _gaps(row: int) -> Iterator[tuple[tuple[str, ...], str]]:
    """Runs of neighbouring columns that are asked for, and when; the cell itself is relative to the run's first."""
    kind = f"${_COLUMNS['school_type']}{row}"
    pupils = {stage: f"N(${_COLUMNS[f'{stage.value.lower()}_enrollment']}{row})" for stage in Stage}
    anybody = "+".join(pupils.values())
    point = f'AND({kind}="{SchoolType.TEACHING_POINT.label}",{anybody}<{SMALL_TEACHING_POINT})'
    counted = f'{anybody}>0,{kind}<>"{SchoolType.SPECIAL.label}",NOT({point})'
    with_senior = ",".join(f'{kind}="{t.label}"' for t in SchoolType if t.has_senior_stage)

    def condition(field: Field) -> str:
        if field.key in BASIC_KEYS:
            return f"LEN(${_COLUMNS['code']}{row})>0"
        if field.key in RELAXATION_KEYS:
            return ""
        if field.stage is not None:
            return f"{pupils[field.stage]}>0,{counted}"
        if field.key == "senior_enrollment":
            return f"{counted},OR({with_senior})"
        return counted if field.key in SHARED_KEYS else ""

    for test, run in groupby(FIELDS, key=condition):
        keys = tuple(field.key for field in run)
        if test:
            yield keys, f"AND({test},ISBLANK({_COLUMNS[keys[0]]}{row}))"
