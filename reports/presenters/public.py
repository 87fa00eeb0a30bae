"""Published results in words: the country as tiles, the schools of a county by their distance to the standard, a
school for parents. Everything is made from frozen, published rows."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.core.standard import Standard
from evaluation.published import PublicCount
from indicators.catalogue import FIELD_BY_KEY
from reports.exporters import school_table
from reports.presenters.figures import Mark, mark_of
from reports.presenters.school import SchoolPage, StageRow
from reports.presenters.verdict import NO_NAME, VerdictPage
from schools.models import Division
from schools.vocabulary import Stage

_NUMERALS = "零一二三四五六七八九"


# ── The country ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Tile:
    """A province as a square of the map: where it stands, how much of it is certified. ``key`` is its shade."""

    code: str
    name: str
    column: int
    row: int
    words: str
    key: str


@dataclass(frozen=True, slots=True)
class ProvinceLine:
    """The same province as a line of the table."""

    code: str
    name: str
    count: PublicCount
    share: str


@lru_cache(maxsize=1)
def _places(path: Path) -> tuple[dict[str, Any], ...]:
    return tuple(tomllib.loads(path.read_text(encoding="utf-8"))["tile"])


def tiles(path: Path, counts: Mapping[str, PublicCount]) -> tuple[Tile, ...]:
    """The provinces as tiles, in the order in which they are read: row by row."""
    ordered = sorted(_places(path), key=lambda each: (each["row"], each["column"]))
    return tuple(_tile(each, counts.get(each["code"])) for each in ordered)


def _tile(place: Mapping[str, Any], count: PublicCount | None) -> Tile:
    if place.get("outside") or count is None or not count.counties:
        words, key = "不在评估范围" if place.get("outside") else "没有数据", "outside"
    else:
        words, key = f"{count.certified}/{count.counties}", shade(count)
    return Tile(place["code"], place["name"], place["column"], place["row"], words, key)


def shade(count: PublicCount) -> str:
    """Five shades by the share of certified counties; none at all has one of its own."""
    if not count.certified:
        return "none"
    share = count.certified / count.counties
    return next(key for limit, key in ((0.25, "low"), (0.5, "middle"), (1, "high"), (2, "all")) if share < limit)


def province_lines(provinces: Iterable[Division], counts: Mapping[str, PublicCount]) -> tuple[ProvinceLine, ...]:
    """Every province with counties, in the order of the codes."""
    return tuple(
        ProvinceLine(each.pk, each.name, count, f"{count.certified * 100 / count.counties:.1f}%")
        for each in provinces
        if (count := counts.get(each.pk)) is not None and count.counties
    )


# ── A county ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class SchoolDistance:
    """One row of a school: how many of its indicators are met, and which are not."""

    code: str
    name: str
    stage: str
    enrollment: str
    met: int
    of: int
    words: str
    missing: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class SchoolDistances:
    """The schools of a county, those furthest from the standard first; how many are too small to be shown alone."""

    lines: tuple[SchoolDistance, ...]
    hidden: int
    fewest_pupils: int


def school_distances(
    result: Mapping[str, Any], standard: Standard, small: Collection[str], fewest_pupils: int
) -> SchoolDistances:
    """``small`` are the 学校标识码 of the schools that are too small to be shown alone. A school without a code cannot
    be told from others and is counted with them."""
    lines = [
        _distance(row, standard) for row in result["schools"] if row["code"] and row["code"] not in small
    ]  # fmt: skip
    hidden = {row["code"] or (row["name"], row["stage"]) for row in result["schools"]} - {line.code for line in lines}
    ordered = sorted(lines, key=lambda line: (line.met - line.of, line.code, line.stage))
    return SchoolDistances(tuple(ordered), len(hidden), fewest_pupils)


def _distance(row: Mapping[str, Any], standard: Standard) -> SchoolDistance:
    limited = [each for each in standard.indicators if each.stages[Stage(row["stage"])].limit is not None]
    met = [each for each in limited if each.code in row["attained"]]
    missing = "、".join(each.short_name for each in limited if each not in met)
    return SchoolDistance(
        code=row["code"],
        name=row["name"] or NO_NAME,
        stage=Stage(row["stage"]).label,
        enrollment="" if row["enrollment"] is None else str(row["enrollment"]),
        met=len(met),
        of=len(limited),
        words=met_words(len(met), len(limited)),
        missing=missing,
        mark=mark_of(row["passed"]),
    )


def met_words(met: int, of: int) -> str:
    """七项中五项达标, in the words of a page for parents."""
    if not of:
        return "没有逐校的要求"
    if met == of:
        return f"{_numeral(of)}项全部达标"
    return f"{_numeral(of)}项中{_numeral(met)}项达标" if met else f"{_numeral(of)}项都未达标"


def _numeral(number: int) -> str:
    return _NUMERALS[number] if number < len(_NUMERALS) else str(number)


def schools_table(page: VerdictPage, small: Collection[str]) -> pd.DataFrame:
    """The table of schools to take away, without those too small to be shown alone, and without those that no code
    tells from others."""
    table = school_table(page)
    shown = table["学校标识码"].ne("") & ~table["学校标识码"].isin(list(small))
    return table[shown].drop(columns="序号")


# ── A school, for parents ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class SchoolSentence:
    """One stage of a school in one sentence."""

    stage: str
    sentence: str
    mark: Mark


#: The teachers that are counted together, and what each is called; one of 艺术 teaches music and fine art both.
_KINDS, _BOTH = {"pe": "体育", "music": "音乐", "fine_art": "美术"}, "arts"


def _without(stage: StageRow) -> str:
    """Which of the teachers that are counted together a school has none of, where it lacks some of them; empty where
    that is not known."""
    for line in stage.lines:
        found = {source.header: source.found for source in line.sources}
        had = {kind: found.get(_header(stage.key, kind)) for kind in (*_KINDS, _BOTH)}
        if not line.gap or None in had.values():
            continue
        none = [kind for kind, count in had.items() if count == "0" and kind in _KINDS]
        lacking = [kind for kind in none if kind == "pe" or had[_BOTH] == "0"]
        return f"（现在没有{'、'.join(_KINDS[kind] for kind in lacking)}专任教师）" if lacking else ""
    return ""


def _header(stage: str, kind: str) -> str:
    return FIELD_BY_KEY[f"{stage.lower()}_{kind}_teachers"].header


def school_sentences(page: SchoolPage, result: Mapping[str, Any], standard: Standard) -> tuple[SchoolSentence, ...]:
    """What parents ask first: how many of the requirements the school meets, and what is missing to the rest."""
    rows: Sequence[Mapping[str, Any]] = [row for row in result["schools"] if row["code"] == page.code]
    found = {Stage(row["stage"]).value: _distance(row, standard) for row in rows}
    return tuple(
        SchoolSentence(
            stage.label,
            f"{found[stage.key].words}{f'，{stage.gaps}' if stage.gaps else ''}{_without(stage)}。",
            found[stage.key].mark,
        )
        for stage in page.rows
        if stage.key in found
    )
