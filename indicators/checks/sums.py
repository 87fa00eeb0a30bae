"""Rules that lay the figures of 「县级数据」 beside the sums of the schools. Pure.

A sum is only compared where every school that counts gave its part: a missing cell is asked for elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from indicators.catalogue import COUNTY_ITEM_BY_CODE
from indicators.checks.county import CountyFinding
from indicators.checks.known import Context
from indicators.checks.rows import ENROLLMENT, STAGES, Amount, Finding, SchoolRows, shown, stated
from schools.vocabulary import SchoolType, Stage

#: Schools with fewer pupils may leave their cells empty.
_MAY_BE_EMPTY = 50
_TOLERANCE, _TOLERATED = 0.1, 20
_PUPILS_OF_POPULATION = (0.03, 0.25)
_DISABLED_OF_PUPILS = 0.05
_QUOTA_OF_GRADUATES = 1.5
_FEWEST_PUPILS = 500
#: A workbook of a few schools is not all of a county: shares of its people are looked at from this many pupils on.
_FEWEST_PUPILS_FOR_SHARES = 5000
_NORM_SHARE = 0.9

_BOTH = {
    name: {stage: f"{stage.value.lower()}_{name}" for stage in STAGES}
    for name in ("full_time_teachers", "backbone_teachers")
}


def _sum_over_stages(rows: SchoolRows, keys: Mapping[Stage, str]) -> int | None:
    total = 0
    for stage, key in keys.items():
        part = _sum(rows, key, rows.present[stage], rows.amounts(ENROLLMENT[stage]))
        if part is None:
            return None
        total += part
    return total


def _sum(rows: SchoolRows, key: str, counted: Sequence[bool], pupils: Sequence[Amount]) -> int | None:
    total = 0
    for position, (value, is_counted) in enumerate(zip(rows.known(key), counted, strict=True)):
        if value is not None:
            total += int(value) if is_counted else 0
        elif is_counted and (pupils[position] >= _MAY_BE_EMPTY or key in rows.rejected[position]):
            return None
    return total


def _stated(code: str, value: Amount) -> str:
    item = COUNTY_ITEM_BY_CODE[code]
    return f"{code} {item.name} {shown(value)} {item.unit}"


def _far(one: float, other: float) -> bool:
    return abs(one - other) > max(_TOLERATED, _TOLERANCE * max(one, other))


def find_contradicting_sums(
    rows: SchoolRows, figures: Mapping[str, Amount], context: Context
) -> Iterator[CountyFinding]:
    """Every rule about a county figure and what the schools come to."""
    pupils = _sum_over_stages(rows, ENROLLMENT)
    if pupils is None or pupils < _FEWEST_PUPILS:
        return
    here = [any(rows.present[stage][position] for stage in STAGES) for position in range(len(rows))]
    everyone = [sum(parts) for parts in zip(*(rows.amounts(key) for key in ENROLLMENT.values()), strict=True)]
    migrants = _sum(rows, "migrant_enrollment", here, everyone)
    yield from _migrants(figures, migrants)
    yield from _teachers(rows, figures)
    yield from _people(rows, figures, pupils)
    graduates = _sum(rows, "graduates", rows.present[Stage.JUNIOR], rows.amounts(ENROLLMENT[Stage.JUNIOR]))
    places = figures.get("C18")
    if graduates and places is not None and places > _QUOTA_OF_GRADUATES * graduates:
        yield CountyFinding(
            "sums.quota", "C18",
            f"{_stated('C18', places)}，各校毕业班学生数合计只有 {graduates} 人。"
            "请核对是否含外县计划；属实的请说明。",
            (),
        )  # fmt: skip
    year = figures.get("C39")
    if year is not None and year > context.school_year:
        yield CountyFinding(
            "county.certified_future", "C39",
            f"{COUNTY_ITEM_BY_CODE['C39'].name} {year}，晚于本学年开始的 {context.school_year} 年。"
            "请核对；属实的请说明。",
            (),
        )  # fmt: skip


def _migrants(figures: Mapping[str, Amount], migrants: int | None) -> Iterator[CountyFinding]:
    if migrants is None:
        return
    eligible, enrolled = figures.get("C21"), [figures.get(code) for code in ("C22", "C23")]
    if eligible is not None and _far(float(eligible), migrants):
        yield CountyFinding(
            "sums.migrant", "C21",
            f"{_stated('C21', eligible)}，各校随迁子女在校生数合计 {migrants} 人。"
            "请核对；有不符合条件或未入学的请说明人数。",
            (),
        )  # fmt: skip
    counted = [value for value in enrolled if value is not None]
    if len(counted) == len(enrolled) and sum(counted) > migrants and _far(float(sum(counted)), migrants):
        yield CountyFinding(
            "sums.migrant_enrolled", "C22",
            f"C22、C23 就读的随迁子女合计 {shown(sum(counted))} 人，超过各校随迁子女在校生数合计 {migrants} 人。"
            "请核对；属实的请说明。", (),
        )  # fmt: skip


def _teachers(rows: SchoolRows, figures: Mapping[str, Amount]) -> Iterator[CountyFinding]:
    for rule, code, name, words in (
        ("sums.exchange_teachers", "C15", "full_time_teachers", "专任教师"),
        ("sums.exchanged_backbone", "C17", "backbone_teachers", "县级以上骨干教师"),
    ):
        value, total = figures.get(code), _sum_over_stages(rows, _BOTH[name])
        if value is not None and total is not None and value > total:
            yield CountyFinding(
                rule,
                code,
                f"{_stated(code, value)}，超过各校小学和初中{words}合计 {total} 人。请核对；属实的请说明。",
                (),
            )


def _people(rows: SchoolRows, figures: Mapping[str, Amount], pupils: int) -> Iterator[CountyFinding]:
    population = figures.get("C01")
    least, most = _PUPILS_OF_POPULATION
    if (
        population
        and pupils >= _FEWEST_PUPILS_FOR_SHARES
        and not least <= pupils / (float(population) * 10_000) <= most
    ):
        share = pupils / (float(population) * 10_000)
        yield CountyFinding(
            "sums.population", "C01",
            f"{_stated('C01', population)}，各校小学和初中在校生合计 {pupils} 人，占 {share:.1%}，"
            f"通常在 {least:.0%} 至 {most:.0%} 之间。请核对单位（万人）和学校是否填全；属实的请说明。", (),
        )  # fmt: skip
    disabled = figures.get("C24")
    if disabled is not None and disabled > _DISABLED_OF_PUPILS * pupils:
        yield CountyFinding(
            "sums.disabled", "C24",
            f"{_stated('C24', disabled)}，超过各校在校生合计 {pupils} 人的 {_DISABLED_OF_PUPILS:.0%}。"
            "请核对；属实的请说明。",
            (),
        )  # fmt: skip
    special, funded = figures.get("C26"), figures.get("C12")
    if special is not None and funded is not None and funded < special:
        yield CountyFinding(
            "sums.special_pupils", "C12",
            f"{_stated('C12', funded)}，少于 {_stated('C26', special)}。请核对；属实的请说明。", (),
        )  # fmt: skip
    if special and SchoolType.SPECIAL not in rows.types():
        yield CountyFinding(
            "sums.special_without_school", "C26",
            f"{_stated('C26', special)}，但填报的学校中没有特殊教育学校。请核对；在外县就读的不必更正。", (),
        )  # fmt: skip


def find_funds_below_norm(rows: SchoolRows, figures: Mapping[str, Amount]) -> Iterator[Finding]:
    """Public funds paid out below what the county's own norm a pupil comes to."""
    norms = {Stage.PRIMARY: figures.get("C09"), Stage.JUNIOR: figures.get("C10")}
    for position, allocated in enumerate(rows.known("funds_allocated")):
        here = [stage for stage in STAGES if rows.present[stage][position]]
        pupils = {stage: rows.known(ENROLLMENT[stage])[position] for stage in here}
        if allocated is None or not here or any(not pupils[stage] or norms[stage] is None for stage in here):
            continue
        parts = (Decimal(pupils[stage] or 0) * Decimal(norms[stage] or 0) for stage in here)
        due = sum(parts, start=Decimal(0)) / 10_000
        if float(allocated) < _NORM_SHARE * float(due):
            yield Finding(
                "funds.below_norm", position, "funds_allocated",
                f"{stated('funds_allocated', allocated)}，低于按 C09、C10 定额计算的 {shown(round(due, 2))} 万元。"
                "请核对；属实的请说明。",
            )  # fmt: skip
