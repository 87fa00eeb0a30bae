"""How firm a verdict is, as a page: one sentence, then every finding by how little would turn it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from evaluation.core.changes import OF_COUNTY, Change, scale_of
from evaluation.core.firmness import Firmness, ItemFirmness
from evaluation.core.firmness_coefficients import CoefficientFirmness
from evaluation.core.gaps import natural
from evaluation.core.rounding import coefficient_text, figure, plain
from evaluation.core.standard import Standard
from evaluation.core.status import Status
from indicators.catalogue import COUNTY_ITEM_BY_CODE, FIELD_BY_KEY, Kind
from indicators.report import SchoolReport
from reports.presenters.figures import MARKS, Mark, mark_of
from reports.presenters.verdict import NO_NAME, SchoolRef

#: Rows listed; the closest of them, and every one with a value decided within rounding.
ROWS_LISTED = 50
_GRADES = "ⅠⅡⅢⅣⅤ"


@dataclass(frozen=True, slots=True)
class ChangeWords:
    """One change of one cell in words: whose cell, where it stands, from what to what, and how much that is."""

    school: SchoolRef | None
    header: str
    cell: str
    before: str
    after: str
    words: str
    share: str


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One coefficient or item: what it is, how it came out, and the smallest change that turns it."""

    code: str
    name: str
    stage: str
    figure: str
    mark: Mark
    is_borderline: bool
    change: ChangeWords | None


@dataclass(frozen=True, slots=True)
class RowLine:
    """One school at one stage."""

    school: SchoolRef
    stage: str
    mark: Mark
    borderline: tuple[str, ...]
    change: ChangeWords | None


@dataclass(frozen=True, slots=True)
class FirmnessPage:
    """Everything the page of firmness prints. ``rows_left_out`` counts those farther from their limits."""

    sentence: str
    borderline: int
    findings: tuple[FindingLine, ...]
    rows: tuple[RowLine, ...]
    rows_left_out: int


@dataclass(frozen=True, slots=True)
class Cells:
    """Where the cells of a version stand: its schools in the order of the columns, the letters of their columns, and
    the cells of the county figures."""

    schools: Sequence[SchoolReport]
    columns: Mapping[str, str]
    figures: Mapping[str, str]

    def school(self, position: int) -> SchoolRef:
        values = self.schools[position].values
        return SchoolRef(str(values.get("code") or ""), str(values.get("name") or NO_NAME))

    def address(self, change: Change) -> str:
        if change.school == OF_COUNTY:
            return self.figures.get(change.key, "")
        letter = self.columns.get(change.key, "")
        return f"{letter}{self.schools[change.school].row}" if letter else ""


def firmness_page(found: Firmness, result: Mapping[str, Any], standard: Standard, cells: Cells) -> FirmnessPage:
    """The page of firmness. ``result`` is the stored document of the verdict, for the sentences of its items."""
    findings = [(each.change, _coefficient(each, standard, cells)) for each in found.coefficients]
    findings += [(each.change, _item(each, result, cells)) for each in found.items if not _waits(each, result)]
    rows = sorted(found.rows, key=lambda each: _order(each[1].change))
    listed = [(stage, row) for n, (stage, row) in enumerate(rows) if n < ROWS_LISTED or row.borderline]
    return FirmnessPage(
        sentence=firmness_sentence(found, cells),
        borderline=found.borderline,
        findings=tuple(line for _, line in sorted(findings, key=lambda each: _order(each[0]))),
        rows=tuple(
            RowLine(
                cells.school(row.school),
                stage.label,
                mark_of(row.passed),
                row.borderline,
                _words(row.change, row.passed, cells),
            )
            for stage, row in listed
        ),
        rows_left_out=len(rows) - len(listed),
    )


def _order(change: Change | None) -> tuple[float, float]:
    return (math.inf, math.inf) if change is None else change.closeness


def _coefficient(each: CoefficientFirmness, standard: Standard, cells: Cells) -> FindingLine:
    names = {indicator.code: indicator.short_name for indicator in standard.indicators}
    text = coefficient_text(each.coefficient, each.passed, each.limit, standard.rounding.coefficient_places)
    return FindingLine(
        each.code,
        f"{names[each.code]}差异系数",
        each.stage.value,
        f"{each.stage.label} {text}，上限 {plain(each.limit, 2)}",
        mark_of(each.passed),
        each.is_borderline,
        _words(each.change, each.passed, cells),
    )


def _waits(each: ItemFirmness, result: Mapping[str, Any]) -> bool:
    """Whether an item only awaits an inspector or a result of the province: no figure decides it yet."""
    return each.change is None and result["criteria"][each.criterion.code]["status"] == Status.TO_JUDGE


def _item(each: ItemFirmness, result: Mapping[str, Any], cells: Cells) -> FindingLine:
    told = result["criteria"][each.criterion.code]
    return FindingLine(
        each.criterion.code,
        each.criterion.name,
        "",
        told["sentence"],
        MARKS[Status(told["status"])],
        each.is_borderline,
        _words(each.change, each.passed, cells),
    )


def firmness_sentence(found: Firmness, cells: Cells) -> str:
    """What is the smallest single change that turns the verdict, in one sentence."""
    if found.passed is None:
        return "有数据无法核算，结论还没有形成；补齐以后才能看出结论有多稳。"
    if found.change is None:
        if found.passed:
            return "没有找到只改一个数据就能使结论改变的地方。"
        return f"共有 {found.failing} 处不达标，没有找到只改一个数据就能使结论变为达标的地方。"
    words = _words(found.change, found.passed, cells)
    where = f"{words.school.name}的" if words.school else "县级数据的"
    cell = f"（{words.cell}）" if words.cell else ""
    opening = f"{where}“{words.header}”{cell}如果不是 {words.before} 而是 {words.after}"
    if found.passed:
        return f"结论最薄弱的一处：{opening}，结论就会变为未达标。"
    outcome = "结论就不再是未达标，但还有项目无法核算" if found.turns_to is None else "能够核算的各项就都达标"
    return f"结论只差一个数据：{opening}，{outcome}。"


def _words(change: Change | None, passed: bool | None, cells: Cells) -> ChangeWords | None:
    """多 1 名即不达标, 少 3 人即达标: the change as it is said."""
    if change is None:
        return None
    entry = FIELD_BY_KEY.get(change.key) or COUNTY_ITEM_BY_CODE[change.key]
    unit = natural(change.key)
    more = "多" if change.after > change.before else "少"
    header = entry.header if change.key in FIELD_BY_KEY else f"{change.key} {entry.name}"
    share = Fraction(abs(change.after - change.before), change.before) if change.before else None
    return ChangeWords(
        school=None if change.school == OF_COUNTY else cells.school(change.school),
        header=header,
        cell=cells.address(change),
        before=_value(change.key, change.before),
        after=_value(change.key, change.after),
        words=f"{more} {unit.words(abs(change.difference))}即{'不达标' if passed else '达标'}",
        share="" if share is None else f"{figure(share * 100, 1, Fraction(0))}%",
    )


def _value(key: str, value: int) -> str:
    entry = FIELD_BY_KEY.get(key) or COUNTY_ITEM_BY_CODE[key]
    if entry.kind is Kind.GRADE and 1 <= value <= len(_GRADES):
        return f"{_GRADES[value - 1]} 级"
    return plain(Fraction(value, scale_of(key)))
