"""表Ⅳ, 表Ⅴ, 表Ⅵ: government guarantee, education quality, and what people say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from evaluation.core.rounding import figure, plain
from evaluation.core.standard import Standard
from evaluation.core.status import UNKNOWN_TEXT, Status
from reports.presenters.tables.layout import (
    PROVINCIAL,
    Align,
    Cell,
    Row,
    Table,
    column_head,
    figure_cell,
    numbered_notes,
    row_head,
)
from reports.presenters.verdict import CriterionLine, VerdictPage

#: Codes of the national items; what a province adds has a higher number.
_NATIONAL = {"guarantee": ("G", 15), "quality": ("Q", 9)}
_TITLES = {
    "guarantee": ("表Ⅳ", "table-4", "表Ⅳ　政府保障程度情况"),
    "quality": ("表Ⅴ", "table-5", "表Ⅴ　教育质量情况"),
}
_SHORT_NOTE = "底色加深并加粗的，是不达标的项目。"
_RECOGNITION = "S1"
#: Figures of the survey: counts, and the shares made from two of them.
_SURVEY: tuple[tuple[str, str], ...] = (
    ("issued", ""), ("valid", ""), ("satisfied", ""), ("satisfied", "valid"),
    ("visited", ""), ("visited_satisfied", ""), ("visited_satisfied", "visited"),
)  # fmt: skip
_SURVEY_HEADERS = (
    "问卷总数\n（份）", "有效问卷数\n（份）", "满意问卷数\n（份）", "综合满意度\n（%）", "实地走访人数\n（人）",
    "满意人数\n（人）", "满意度\n（%）",
)  # fmt: skip


def criterion_table(group: str, page: VerdictPage, standard: Standard) -> Table:
    """表Ⅳ or 表Ⅴ: the items of ``group``, the national ones first, those of a province after them and marked."""
    codes = {criterion.code for criterion in standard.criteria if criterion.group == group}
    lines = [line for each in page.groups for line in each.lines if line.code in codes]
    lines.sort(key=lambda line: _is_provincial(group, line.code))
    name, key, title = _TITLES[group]
    notes = ["比例保留一位小数。" if standard.rounding.ratio_places == 1 else "", _SHORT_NOTE]
    if any(_is_provincial(group, line.code) for line in lines):
        notes.append(f"标有{PROVINCIAL}的是省级标准增加的要求。")
    return Table(
        name=name,
        key=key,
        title=title,
        widths=(6, 36, 40, 10),
        head=(tuple(column_head(text) for text in ("序号", "名称", "指标值或简要结论", "是否达标")),),
        body=tuple(_item_row(number, line, group) for number, line in enumerate(lines, start=1)),
        notes=numbered_notes([note for note in notes if note]),
        is_portrait=True,
    )


def recognition_table(result: Mapping[str, Any], page: VerdictPage, standard: Standard) -> Table:
    """表Ⅵ: the survey as the State or the province supplied it; what is not supplied yet is 待评定."""
    told = result["criteria"].get(_RECOGNITION, {})
    figures, status = told.get("figures") or {}, told.get("status")
    limit = next((c.parameters.get("limit") for c in standard.criteria if c.code == _RECOGNITION), None)
    rows = []
    for label, prefix in (("计", ""), ("其中：家长", "parents_")):
        decides = {"satisfied": Fraction(limit)} if limit and not prefix else {}
        is_lost = status == Status.NOT_MET and not prefix
        cells = [
            _survey_cell(figures, prefix, part, whole, decides.get(part), standard.rounding.ratio_places, is_lost)
            for part, whole in _SURVEY
        ]
        rows.append((row_head(label), *cells))
    line = next((each for group in page.groups for each in group.lines if each.code == _RECOGNITION), None)
    notes = ["满意度 = 满意数 ÷ 有效问卷数（走访人数）；数据由国家或省级调查提供，尚未提供的写“待评定”。"]
    if line is not None:
        notes.append(f"要求：{line.requirement}。结论：{line.mark.label}。")
    return Table(
        name="表Ⅵ",
        key="table-6",
        title="表Ⅵ　社会认可度情况",
        widths=(14, *(15,) * len(_SURVEY)),
        head=(
            (column_head("对象", rows=3), column_head("问卷调查", columns=4), column_head("实地走访", columns=3)),
            tuple(column_head(text) for text in _SURVEY_HEADERS),
            tuple(column_head(f"L{number}") for number in range(1, len(_SURVEY) + 1)),
        ),
        body=tuple(rows),
        notes=numbered_notes(notes),
    )


def _is_provincial(group: str, code: str) -> bool:
    prefix, last = _NATIONAL[group]
    found = re.fullmatch(rf"{prefix}([0-9]+)", code, re.ASCII)
    return found is None or int(found[1]) > last


def _item_row(number: int, line: CriterionLine, group: str) -> Row:
    is_short = line.mark.key == Status.NOT_MET
    mark = PROVINCIAL if _is_provincial(group, line.code) else ""
    words = "；".join(filter(None, (line.sentence, f"评定意见：{line.opinion}" if line.opinion else "")))
    return (
        figure_cell(str(number)),
        row_head(f"{mark}{line.name}：{line.requirement}", align=Align.LEFT),
        Cell(words, align=Align.LEFT, is_short=is_short, is_unknown=line.mark.key == Status.UNKNOWN),
        figure_cell(line.mark.label, is_short=is_short),
    )


def _survey_cell(
    figures: Mapping[str, Any], prefix: str, part: str, whole: str, limit: Fraction | None, places: int, is_lost: bool
) -> Cell:
    count = figures.get(prefix + part)
    if not whole:
        return figure_cell(Status.TO_JUDGE.label if count is None else plain(Fraction(count)))
    total = figures.get(prefix + whole)
    if count is None or total is None:
        return figure_cell(Status.TO_JUDGE.label)
    if not total:
        return figure_cell(UNKNOWN_TEXT)
    share = Fraction(count) * 100 / Fraction(total)
    # The rate of all who answered is what the item is judged by.
    return figure_cell(figure(share, places, *filter(None, [limit])), is_short=is_lost and part == "satisfied")
