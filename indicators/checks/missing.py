"""Which empty cells are missing figures, and what to do about each. Pure.

An empty cell is no fault where the form says to leave it empty: a stage the school does not have, a kind
of room it does not have, figures of a school that stays out of every calculation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from indicators.catalogue import FIELD_BY_KEY, FIELDS, GROUPS, STAGE_FIELDS, Kind
from indicators.checks.rows import ENROLLMENT, STAGES, Finding, SchoolRows, name_of
from schools.vocabulary import SchoolType

#: Teaching points with fewer pupils stay out of the coefficients of every national measure.
SMALL_TEACHING_POINT = 50

#: Asked of every school, whatever its type; the code has a rule of its own.
BASIC_KEYS = ("name", "school_type", "sponsor_type", "urban_rural", "is_boarding")
#: Looked at only where a relaxation is granted: empty, they cost the school nothing but the relaxation.
RELAXATION_KEYS = (
    "built_year",
    "is_dense_central",
    "primary_shared_arts_teachers",
    "junior_shared_arts_teachers",
    "other_sports_area",
    "rented_sports_area",
)
#: Asked of every school with a stage of its own in the calculation, whatever its stages.
SHARED_KEYS = tuple(
    f.key
    for f in FIELDS
    if f.group != GROUPS[0]
    and f.stage is None
    and f.kind is not Kind.ROOMS
    and f.key != "senior_enrollment"
    and f.key not in RELAXATION_KEYS
)
#: A teaching point that stays out of the coefficients is still funded as a small school (G6).
FUNDS_OF_SMALL_POINT = "funds_allocated"
_FIGURE_KEYS = tuple(f.key for f in FIELDS if f.group != GROUPS[0])


def find_missing(rows: SchoolRows) -> Iterator[Finding]:
    """Every required cell that is empty, and every cell whose emptiness only costs a relaxation."""
    everyone = range(len(rows))
    schools = [position for position in everyone if not _is_remark(rows, position)]
    for key in BASIC_KEYS:
        yield from _empty(rows, key, schools)

    counted = [position for position in everyone if _is_counted(rows, position)]
    silent = {position for position in counted if _is_silent(rows, position)}
    for position in sorted(silent):
        stage = next(s for s in STAGES if rows.present[s][position])
        if _has_column(rows, ENROLLMENT[stage]):
            yield Finding(
                "school.no_figures", position, ENROLLMENT[stage],
                "该校只有基本信息，在校生数及其他各项数据均未填写。请填写；学校已撤并的请删除本行。",
            )  # fmt: skip
    asked = [position for position in counted if position not in silent]
    for key in SHARED_KEYS:
        yield from _empty(rows, key, asked)
    for stage in STAGES:
        here = [position for position in asked if rows.present[stage][position]]
        for field in STAGE_FIELDS[stage]:
            yield from _empty(rows, field.key, here)
    types = rows.types()
    with_senior = [p for p in asked if (school_type := types[p]) is not None and school_type.has_senior_stage]
    yield from _empty(rows, "senior_enrollment", with_senior)
    for key in RELAXATION_KEYS:
        if FIELD_BY_KEY[key].stage is None:
            yield from _empty(rows, key, asked)

    points = [position for position in everyone if is_small_teaching_point(rows, position)]
    yield from _empty(rows, FUNDS_OF_SMALL_POINT, points)


def _empty(rows: SchoolRows, key: str, positions: Sequence[int]) -> Iterator[Finding]:
    """The empty cells of one column among the schools at ``positions``; a missing column has its own problem."""
    column = rows.columns[key]
    if None not in column or not _has_column(rows, key):
        return
    for position in positions:
        if column[position] is not None or key in rows.rejected[position]:
            continue
        if key in RELAXATION_KEYS:
            words = f"{name_of(key)}未填写，只影响特殊规定的适用，不影响一般要求。{_advice(rows, key, position)}"
            yield Finding("cell.missing_for_relaxation", position, key, words)
        else:
            words = f"{name_of(key)}是必填项，未填写。{_advice(rows, key, position)}"
            yield Finding("cell.missing", position, key, words)


def _advice(rows: SchoolRows, key: str, position: int) -> str:
    """What to do about an empty cell, in line with the template's own help."""
    field = FIELD_BY_KEY[key]
    if field.choices:
        return f"请填写：{'、'.join(field.choices)}。"
    if field.kind is Kind.YEAR:
        return "请填写四位数字的年份。"
    if field.kind is Kind.TEXT:
        return "请填写与公章一致的全称。"
    school_type = rows.types()[position]
    if field.stage is not None and school_type is not None and school_type.is_continuous:
        return f"请填写，没有的填 0；学校没有{field.stage.label}部的，{field.stage.label}各栏都应留空。"
    return "请填写，没有的填 0。"


def _has_column(rows: SchoolRows, key: str) -> bool:
    return key in rows.letters


def _is_counted(rows: SchoolRows, position: int) -> bool:
    """Whether a stage of the school enters a calculation, so that its figures are needed."""
    if rows.types()[position] in (SchoolType.SPECIAL, SchoolType.VOCATIONAL) or is_small_teaching_point(rows, position):
        return False
    return any(rows.present[stage][position] for stage in STAGES)


def is_small_teaching_point(rows: SchoolRows, position: int) -> bool:
    """A teaching point known to have fewer pupils than enter the coefficients, but some."""
    if rows.types()[position] is not SchoolType.TEACHING_POINT:
        return False
    if any(rows.present[stage][position] and rows.columns[ENROLLMENT[stage]][position] is None for stage in STAGES):
        return False
    pupils = sum(int(rows.amounts(ENROLLMENT[stage])[position]) for stage in STAGES)
    return 0 < pupils < SMALL_TEACHING_POINT


def _is_silent(rows: SchoolRows, position: int) -> bool:
    """Whether nothing but the basic information was filled in."""
    return not any(_is_filled(rows, key, position) for key in _FIGURE_KEYS)


def _is_remark(rows: SchoolRows, position: int) -> bool:
    """Whether a row holds nothing but something that is no code: 填表人 and the like, said about once."""
    if rows.columns["code"][position] is not None:
        return False
    return not any(_is_filled(rows, field.key, position) for field in FIELDS[1:])


def _is_filled(rows: SchoolRows, key: str, position: int) -> bool:
    """Whether something stands in a cell, usable or not; an empty cell for rooms has the value of no rooms."""
    if not _has_column(rows, key):
        return False
    return rows.columns[key][position] not in (None, ()) or key in rows.rejected[position]
