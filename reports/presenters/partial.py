"""The preview of a partial workbook: which schools, which cells, from what to what, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from indicators.models import PartialWorkbook
from reports.presenters.problems import Window

State = PartialWorkbook.State


@dataclass(frozen=True, slots=True)
class CellLine:
    """One cell: its column, its address in the version, what stands there and what would."""

    header: str
    cell: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class SchoolGroup:
    """The cells of one school; ``row`` is its row in the version, for a new school the row it would get."""

    code: str
    name: str
    row: int
    is_new: bool
    lines: tuple[CellLine, ...]
    total: int


@dataclass(frozen=True, slots=True)
class PartialPage:
    """Everything the page prints. ``key`` colours the box, ``word`` and ``sentence`` stand in it; ``groups`` are those
    of one page of the table."""

    key: str
    word: str
    sentence: str
    groups: tuple[SchoolGroup, ...]
    cells: int
    window: Window


def partial_page(partial: PartialWorkbook, asked_for: str = "") -> PartialPage:
    """The page of a partial workbook that has been read; ``asked_for`` is the number of the page of its table."""
    changes = partial.changes
    window = Window.of(asked_for, len(changes))
    totals = {code: len(list(cells)) for code, cells in groupby(changes, lambda told: told["code"])}
    key, word, sentence = _said(partial, counted(changes))
    return PartialPage(key, word, sentence, _groups(changes[window.start : window.stop], totals), len(changes), window)


def counted(changes: Iterable[Mapping[str, Any]]) -> str:
    """What is done to how many schools and cells, new schools told apart."""
    told = list(changes)
    known = {change["code"] for change in told if not change["is_new"]}
    new = {change["code"] for change in told if change["is_new"]}
    cells = sum(not change["is_new"] for change in told)
    parts = [f"更新 {len(known)} 所学校的 {cells} 个单元格"] if known else []
    if new:
        parts.append(f"新增 {len(new)} 所学校（{len(told) - cells} 个单元格）")
    return "，".join(parts)


def _said(partial: PartialWorkbook, count: str) -> tuple[str, str, str]:
    base = f"第 {partial.base.version} 版"
    if partial.state == State.APPLIED and partial.result is not None:
        return "met", "已更新", f"已{count}，保存为第 {partial.result.version} 版；{base}保持不变。"
    if partial.state == State.DISCARDED:
        return "to_judge", "已放弃", "数据没有任何改动。需要时请重新上传这份文件。"
    if partial.state == State.REFUSED:
        return "not_met", "不能使用", "没有读到可以更新的学校，数据没有任何改动。请按下面的说明改好后重新上传。"
    if partial.faults:
        number = len(partial.faults)
        words = f"请在文件中更正这 {number} 处后重新上传。在此之前不能更新，{base}没有任何改动。"
        return "not_met", f"有 {number} 处必须先更正", words
    if not partial.changes:
        words = f"文件中各校的数据与{base}完全相同，没有需要更新的单元格。"
        return "to_judge", "没有变化", words
    return "unknown", "等待确认", f"将{count}。其余学校和「县级数据」不变。确认之前，{base}没有任何改动。"


def _groups(changes: Iterable[Mapping[str, Any]], totals: Mapping[str, int]) -> tuple[SchoolGroup, ...]:
    groups = []
    for code, cells in groupby(changes, lambda told: told["code"]):
        told = list(cells)
        lines = tuple(CellLine(each["header"], each["cell"], each["before"], each["after"]) for each in told)
        first = told[0]
        groups.append(SchoolGroup(code, first["school"], first["row"], first["is_new"], lines, totals[code]))
    return tuple(groups)
