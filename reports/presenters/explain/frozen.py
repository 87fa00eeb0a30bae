"""The frozen figures a verdict rests on, told school by school, with the address of every cell."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from evaluation.core.columns import canonical_order, columns_of
from evaluation.core.decided import NOTHING_DECIDED, Decided, supplied_key
from evaluation.core.population import STAGES, Population, population
from evaluation.core.rounding import plain
from evaluation.core.standard import Relaxation, Standard
from indicators.catalogue import (
    COUNTY_ITEM_BY_CODE,
    COUNTY_SHEET,
    DECIMAL_SCALE,
    FIELD_BY_KEY,
    GRADES,
    SCHOOL_SHEET,
    Kind,
)
from indicators.report import CountyReport, SchoolReport
from reports.presenters.explain.page import Links, SourceLine, check_agrees
from reports.presenters.school import Sheet, Split
from reports.presenters.verdict import NO_NAME
from schools.vocabulary import Stage

_PUPILS = ("primary_enrollment", "junior_enrollment")
_REFUSED, _EMPTY = "未采用", "未填写"


@dataclass(frozen=True)
class Frozen:
    """What one verdict rests on. ``result`` is its stored document; ``columns`` the letter of each field,
    ``figure_cells`` the cell of each county figure, ``found`` what stood in a refused cell: by sheet and cell, a county
    figure by sheet and code."""

    standard: Standard
    result: Mapping[str, Any]
    report: CountyReport
    as_of: datetime.date
    decided: Decided = NOTHING_DECIDED
    columns: Mapping[str, str] = field(default_factory=dict)
    figure_cells: Mapping[str, str] = field(default_factory=dict)
    found: Mapping[tuple[str, str], str] = field(default_factory=dict)
    links: Links = field(default_factory=Links)

    # ── Schools ───────────────────────────────────────────────────────────────────────────────

    @cached_property
    def schools(self) -> list[SchoolReport]:
        """The schools in the order of the verdict."""
        return canonical_order(self.report)

    @cached_property
    def people(self) -> Population:
        """Who counts, by the rule of the standard."""
        return population(columns_of([self.report])[0], self.standard)

    @cached_property
    def is_certain(self) -> bool:
        """Whether it is known which schools the county has."""
        return self.report.is_population_certain and bool(self.people.is_certain.all())

    def rows(self, stage: Stage) -> list[int]:
        """Positions of the schools that have a row at a stage. Raises Disagreement where the verdict has others."""
        counted = [int(i) for i in self.people.counted[STAGES.index(stage)].nonzero()[0]]
        told = [row["code"] for row in self.told_rows(stage)]
        check_agrees(f"rows of {stage.value}", [self.code(school) for school in counted], told)
        return counted

    def told_rows(self, stage: Stage) -> list[Mapping[str, Any]]:
        """The rows of a stage as the verdict tells them, in the same order."""
        return [row for row in self.result["schools"] if row["stage"] == stage.value]

    def in_population(self) -> list[int]:
        """Positions of the schools with a row at any stage."""
        return [int(i) for i in self.people.in_population.nonzero()[0]]

    def position(self, code: str) -> int | None:
        """The school with a 学校标识码, the first where several rows claim it; None where there is none."""
        return next((i for i in range(len(self.schools)) if code and self.code(i) == code), None)

    def code(self, school: int) -> str:
        return str(self.schools[school].values.get("code") or "")

    def name(self, school: int) -> str:
        return str(self.schools[school].values.get("name") or NO_NAME)

    @cached_property
    def _claims(self) -> Counter[str]:
        return Counter(self.code(school) for school in range(len(self.schools)))

    def is_ambiguous(self, school: int) -> bool:
        """Whether another row claims the same code: an address cannot tell them apart."""
        return self._claims[self.code(school)] > 1

    # ── The numbers of a school ───────────────────────────────────────────────────────────────

    def number(self, school: int, key: str) -> Fraction | None:
        """A number of a school's row in the unit of the form; None where the cell is empty or was refused."""
        value = self.schools[school].values.get(key)
        return None if value is None or key in self.schools[school].rejected else Fraction(value)  # type: ignore[arg-type]

    def whole(self, school: int, key: str) -> int | None:
        """A count or a year of a school's row."""
        number = self.number(school, key)
        return None if number is None else int(number)

    def is_refused(self, school: int, key: str) -> bool:
        return key in self.schools[school].rejected

    def counts(self, school: int, stage: Stage) -> bool:
        return bool(self.people.counted[STAGES.index(stage), school])

    def is_present(self, school: int, stage: Stage) -> bool:
        return bool(self.people.present[STAGES.index(stage), school])

    def pupils(self, school: int, stage: Stage) -> int | None:
        """Pupils of a stage; None where they are not known."""
        return self.whole(school, _PUPILS[STAGES.index(stage)])

    def sheet(self, school: int) -> Sheet:
        return Sheet(self.schools[school], self.columns)

    def works(self, school: int, criterion: str) -> Relaxation | None:
        """The granted relaxation that works for a school at an item or indicator, None where none does."""
        if school not in self._working:
            return None
        softening = (each for each in self.standard.relaxations if each.criterion == criterion)
        return next((each for each in softening if each.code in self._working[school]), None)

    @cached_property
    def _working(self) -> Mapping[int, frozenset[str]]:
        found: dict[int, frozenset[str]] = {}
        for grant in self.result.get("relaxations", ()):
            school = self.position(grant["code"])
            if grant["works"] and school is not None:
                found[school] = found.get(school, frozenset()) | {grant["relaxation"]}
        return found

    @property
    def is_relaxed(self) -> bool:
        """Whether any granted relaxation works."""
        return bool(self._working)

    def split(self, school: int) -> Split:
        """How the shared assets of a school are split between its stages."""
        return self._parts(school)[0]

    def split_shares(self, school: int) -> Mapping[Stage, Fraction | None]:
        """Which part of the shared assets falls to each stage; None where the pupils of a stage are not known."""
        return self._parts(school)[1]

    def _parts(self, school: int) -> tuple[Split, Mapping[Stage, Fraction | None]]:
        if school not in self._splits:
            judged = [stage for stage in Stage if self.counts(school, stage)]
            split = Split.of(self.sheet(school), self.standard, judged)
            total, weighted = split.total, {stage: split.weighted(stage) for stage in judged}
            shares = {stage: part[0] / total if part and total else None for stage, part in weighted.items()}
            self._splits[school] = split, shares
        return self._splits[school]

    @cached_property
    def _splits(self) -> dict[int, tuple[Split, Mapping[Stage, Fraction | None]]]:
        return {}

    def source(self, school: int, key: str, note: str = "") -> SourceLine:
        """A number of a school's row and the cell it stands in."""
        sheet, item = self.sheet(school), FIELD_BY_KEY[key]
        cell = sheet.cell(key)
        original = self.found.get((SCHOOL_SHEET, cell), "") if self.is_refused(school, key) else ""
        unit = "" if item.unit in item.header else item.unit
        return SourceLine(item.header, sheet.text(key), unit, SCHOOL_SHEET, cell, item.source, original, note)

    def lacks(self, school: int, keys: Iterable[str]) -> list[str]:
        """``校舍面积（AB12）未填写`` for each of the cells that gives no number."""
        words = []
        for key in keys:
            if self.number(school, key) is None:
                line = self.source(school, key)
                place = f"（{line.cell}）" if line.cell else ""
                stood = f"，原填“{line.original}”" if line.original else ""
                words.append(f"{line.what}{place}{line.value}{stood}")
        return words

    # ── County figures ────────────────────────────────────────────────────────────────────────

    @cached_property
    def _supplied(self) -> Mapping[str, tuple[int, str]]:
        """What the province entered, by the name of the figure: the stored whole number, and the document."""
        return {
            supplied_key(item, name): (value, each.document)
            for item, each in self.decided.supplied.items()
            for name, value in each.figures.items()
        }

    def figure(self, code: str) -> Fraction | None:
        """A county figure in its own unit; what the province entered takes the place of what the county reported."""
        if code in self._supplied:
            scaled = code in COUNTY_ITEM_BY_CODE and COUNTY_ITEM_BY_CODE[code].kind.is_scaled
            return Fraction(self._supplied[code][0], DECIMAL_SCALE if scaled else 1)
        value = self.report.figures.get(code)
        return None if value is None else Fraction(value)

    def figure_text(self, code: str) -> str:
        value = self.figure(code)
        if value is None:
            return _REFUSED if self._refused(code) else _EMPTY
        if COUNTY_ITEM_BY_CODE[code].kind is Kind.GRADE and 1 <= value <= len(GRADES):
            return GRADES[int(value) - 1]
        return plain(value)

    def _refused(self, code: str) -> str:
        return self.found.get((COUNTY_SHEET, code), "")

    def figure_source(self, code: str, note: str = "") -> SourceLine:
        """A county figure and where it stands: its cell, or the document the province entered it from."""
        item = COUNTY_ITEM_BY_CODE[code]
        unit = "" if item.kind is Kind.GRADE else item.unit
        if code in self._supplied:
            form = self._supplied[code][1]
            return SourceLine(f"{code} {item.name}", self.figure_text(code), unit, "省级录入", "", form, "", note)
        cell = self.figure_cells.get(code, "")
        original = self._refused(code) if self.figure(code) is None else ""
        text = self.figure_text(code)
        return SourceLine(f"{code} {item.name}", text, unit, COUNTY_SHEET, cell, "县级数据", original, note)

    def supplied_source(self, item: str, name: str, what: str, unit: str) -> SourceLine:
        """A figure only the province enters."""
        key = supplied_key(item, name)
        value, document = self._supplied.get(key, (None, ""))
        return SourceLine(what, "未录入" if value is None else str(value), unit, "省级录入", "", document)
