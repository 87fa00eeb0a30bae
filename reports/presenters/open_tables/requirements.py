"""Tables of what is asked: a standard, and the rules of the intake."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from reports.presenters.open_tables.shape import Cell, Column, Table, code_cell, columns, marked, numbers, texts
from reports.presenters.rules import RuleGroup, RuleLine
from reports.presenters.standard import IndicatorText, MeasureLine, StandardPage


def standard_tables(page: StandardPage) -> tuple[Table, ...]:
    """Everything the page of a standard says in tables."""
    found = [_changes(page)] if page.changes else []
    found += [_indicators(page), *_criteria(page)]
    if page.relaxations:
        found.append(_relaxations(page))
    return tuple(found)


def _changes(page: StandardPage) -> Table:
    """Where a standard is stricter than the one it extends."""
    rows = tuple(texts(each.item, each.label, each.before, each.after) for each in page.changes)
    heads = (*columns("项目", "内容"), *numbers("原标准", "本标准"))
    return Table("stricter", "加严", f"加严的内容，{len(rows)} 处", heads, rows)


def _indicators(page: StandardPage) -> Table:
    """The resource indicators: formula, limit and its floor for each stage."""
    heads = columns("指标", "学段", "计算方法")
    if page.has_limits:
        heads += numbers("不低于", page.floor)
    rows = tuple(
        row
        for each in page.indicators
        for row in (_indicator_row(each, number, measure, page.has_limits)
                    for number, measure in enumerate(each.measures))
    )  # fmt: skip
    sets = f"、要求和要求的 {page.floor}" if page.has_limits else "；不逐校设限"
    caption = f"{len(page.indicators)} 项指标：计算方法{sets}"
    return Table("indicators", "资源配置指标", caption, (*heads, Column("依据与来源")), rows, style="cards grouped")


def _indicator_row(each: IndicatorText, number: int, measure: MeasureLine, has_limits: bool) -> tuple[Cell, ...]:
    reach = 0 if number else len(each.measures)
    row = [
        code_cell(each.code, each.name, small=f"{each.unit} · {each.split}", rows=reach),
        Cell(measure.stage),
        Cell(measure.formula),
    ]
    if has_limits:
        before = f"原为 {measure.before}" if measure.before else ""
        row += [Cell(measure.limit or "—", small=before), *texts(measure.floor)]
    return (*row, Cell(each.article, small=each.source, rows=reach))


def _criteria(page: StandardPage) -> tuple[Table, ...]:
    """The items of each group; one sheet of a workbook."""
    return tuple(
        Table(
            "criteria",
            "逐项要求",
            f"{group.name}，{len(group.lines)} 项",
            columns("项目", "要求", "判定依据", "条款"),
            tuple(
                (
                    code_cell(line.code, line.name, small=line.mark),
                    Cell(line.requirement, small="\n".join(line.asks)),
                    *texts(line.basis, line.article),
                )
                for line in group.lines
            ),
            group_header="方面",
            group=group.name,
        )
        for group in page.groups
    )


def _relaxations(page: StandardPage) -> Table:
    """The dated relaxations of a standard."""
    rows = tuple(texts(each.code, each.criterion, each.words, each.in_force, each.article) for each in page.relaxations)
    heads = columns("代码", "涉及", "内容", "有效期", "出处")
    return Table("relaxations", "特殊规定", "有时限的特殊规定", heads, rows)


def rule_tables(groups: Iterable[RuleGroup], province: str, may_set: bool) -> tuple[Table, ...]:
    """The rules of each group; one sheet of a workbook. ``province`` is the reader's own, empty for the public."""
    heads = (*columns("规则", "级别", "依据"), Column("出现", is_number=True))
    if may_set:
        heads += (Column("设置", is_act=True),)
    return tuple(
        Table(
            "rules",
            "校验规则",
            f"{group.name}，{len(group.lines)} 条规则",
            heads,
            tuple(_rule_row(line, province, may_set) for line in group.lines),
            group_header="分类",
            group=group.name,
            style="cards rule-table",
            is_caption_shown=False,
        )
        for group in groups
    )


def _rule_row(line: RuleLine, province: str, may_set: bool) -> tuple[Cell, ...]:
    own = f"{province}现为{line.own.label}" if line.own is not None else ""
    row = (Cell(line.title, small=line.code), marked(line.mark, own), *texts(line.rests_on, line.fired))
    if not may_set:
        return row
    link = f"?{urlencode({'rule': line.code})}#set-rule" if line.may_be_set else ""
    return (*row, Cell("设置" if link else "—", link=link))
