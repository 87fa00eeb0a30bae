"""Published counties side by side, and one county from a year to the next."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.core.rounding import exact, half_up, plain
from evaluation.core.standard import Standard
from evaluation.core.waterfall import PARTS, Waterfall
from evaluation.models import Certificate, PublishedFacts
from reports.presenters.figures import MISSING
from schools.vocabulary import Stage

_FEN = 100
#: In place of a part that is told with the next one.
JOINED = "并入后一项"
#: Pupils are told in round numbers: the whole less the judged schools would be those of a school not shown alone.
_ROUND, _ROUND_FROM = 100, 1000


@dataclass(frozen=True, slots=True)
class CountyColumn:
    """A county at the head of a column: its name, its address, and what it is compared by."""

    code: str
    name: str
    pupils: str
    town_share: str
    revenue: str
    distance: str


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One coefficient of every county, in the order of the columns."""

    stage: str
    code: str
    name: str
    limit: str
    printed: tuple[str, ...]


def county_column(facts: PublishedFacts, distance: float | None, sign: str = "") -> CountyColumn:
    """``distance`` is None for the county itself and for one somebody chose; ``sign`` is its numeral in a chart."""
    county = facts.certificate.evaluation.county
    return CountyColumn(
        code=facts.certificate.code,
        name=f"{sign} {county.full_name}".lstrip(),
        pupils=_about(facts.pupils),
        town_share=f"{facts.town_pupils * 100 / facts.pupils:.1f}%" if facts.pupils else MISSING.label,
        revenue=MISSING.label if facts.revenue is None else f"{facts.revenue / _FEN:.0f} 元",
        distance="" if distance is None else f"{distance:.1f} 步",
    )


def rounded_pupils(pupils: int) -> int:
    """Pupils of a county as they may be shown: the exact total less the schools shown gives a hidden one away."""
    step = _ROUND if pupils >= _ROUND_FROM else _ROUND // 10
    return round(pupils / step) * step


def _about(pupils: int) -> str:
    return f"约 {rounded_pupils(pupils)} 人"


def figure_rows(certificates: Sequence[Certificate]) -> tuple[FigureRow, ...]:
    """The coefficients as they stand in the published records, the same for every county of a standard."""
    records: list[dict[str, Any]] = [json.loads(each.record)["results"]["stages"] for each in certificates]
    return tuple(
        FigureRow(
            stage["name"],
            coefficient["code"],
            coefficient["name"],
            stage["limit"],
            tuple(_printed(record, stage["stage"], coefficient["code"]) for record in records),
        )
        for stage in records[0]
        for coefficient in stage["coefficients"]
    )


def _printed(stages: Iterable[dict[str, Any]], stage: str, code: str) -> str:
    return next(
        (each["printed"] for told in stages if told["stage"] == stage for each in told["coefficients"]
         if each["code"] == code),
        MISSING.label,
    )  # fmt: skip


# ── From a year to the next ───────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One figure from a year to the next: each part with its sign; empty where it moved nothing as printed, in words
    where one of the figures on both sides of it is undefined."""

    stage: str
    stage_key: str
    code: str
    name: str
    before: str
    parts: tuple[str, ...]
    after: str
    change: str
    #: The figures after each part as printed, the year before first; None where one is undefined.
    printed: tuple[str | None, ...]

    @property
    def key(self) -> str:
        """What an address calls it."""
        return f"{self.stage_key}.{self.code}".rstrip(".")

    @property
    def is_undefined(self) -> bool:
        """Whether neither year has a figure."""
        return self.printed[0] is None and self.printed[-1] is None


def change_lines(found: Iterable[Waterfall], standard: Standard, *, is_joined: bool = False) -> tuple[ChangeLine, ...]:
    """The parts are differences of the figures as printed, so that what is printed adds up. ``is_joined`` tells the
    first part, the schools, together with the second: alone it would be the figures of one school not shown alone."""
    names = {indicator.code: indicator.short_name for indicator in standard.indicators} | {"": "综合差异系数"}
    places = standard.rounding.coefficient_places
    return tuple(_change_line(each, names[each.code], places, is_joined) for each in found)


def _change_line(each: Waterfall, name: str, places: int, is_joined: bool) -> ChangeLine:
    printed = [None if value is None else half_up(exact(value), places) for value in each.values]
    parts = tuple(_difference(old, new, places) for old, new in itertools.pairwise(printed))
    if is_joined:
        parts = (JOINED, _difference(printed[0], printed[2], places), *parts[2:])
        printed[1] = printed[0]
    return ChangeLine(
        stage=each.stage.label,
        stage_key=each.stage.value,
        code=each.code,
        name=name,
        before=printed[0] or MISSING.label,
        parts=parts,
        after=printed[-1] or MISSING.label,
        change=_difference(printed[0], printed[-1], places) or "没有变化",
        printed=tuple(printed),
    )


def _difference(old: str | None, new: str | None, places: int) -> str:
    if old is None or new is None:
        return MISSING.label if old is new else "无法相比"
    steps = round((float(new) - float(old)) * 10**places)
    return f"{steps / 10**places:+.{places}f}".replace("-", "−") if steps else ""


def part_names() -> tuple[str, ...]:
    """The parts in their order."""
    return tuple(PARTS.values())


def change_named(lines: Sequence[ChangeLine], key: str) -> ChangeLine | None:
    """The line an address names; where it names none the one that changed most, of equals the first. None where there
    is no such line."""
    if key:
        return next((line for line in lines if line.key == key), None)
    return max(lines, key=_moved, default=None)


def _moved(line: ChangeLine) -> float:
    first, last = line.printed[0], line.printed[-1]
    return -1.0 if first is None or last is None else abs(float(last) - float(first))


def limit_of(line: ChangeLine, standard: Standard) -> str:
    """The limit that holds for a line today; empty for a coefficient that decides nothing."""
    if bool(line.code) is standard.decides_by_composite:
        return ""
    return plain(standard.coefficient_limits[Stage(line.stage_key)], 2)
