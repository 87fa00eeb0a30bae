"""What the documents of a county print of its verdict: basics, the four dimensions, coefficients and items, as rows of
texts. The figures are those of the portal's own pages; nothing is computed here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from evaluation.core.rounding import plain
from evaluation.core.standard import CRITERION_GROUPS
from evaluation.core.status import UNKNOWN_TEXT, Status
from reports.documents.case import Case
from reports.documents.words import NONE, paired, sentence
from reports.presenters.tables.layout import Cell, Table, placed
from reports.presenters.verdict import CriterionLine, StageView, percent_of
from schools.vocabulary import Stage

_UNKNOWN, _TO_JUDGE = Status.UNKNOWN.value, Status.TO_JUDGE.value
_UNIT = re.compile(r"（[所个人元万亿]+）")
Row = dict[str, Any]


def basics(case: Case) -> Row:
    """表Ⅰ in a paragraph, and in rows of two pairs."""
    pairs = _county_pairs(case)
    return {"基本情况表": paired(pairs, "项目", "数值"), "基本情况": _basics_sentence(dict(pairs))}


def _county_pairs(case: Case) -> list[tuple[str, str]]:
    """Every column of 表Ⅰ with its name and what stands in it."""
    if case.tables is None:
        return []
    table = case.tables.tables[0]
    return list(zip(_column_names(table), [cell.text for cell in table.body[0][1:]], strict=True))


def _column_names(table: Table) -> Iterable[str]:
    """The header of each column in one line: what stands above it, from the widest down, its unit at the end."""
    over: dict[int, list[str]] = {}
    for row, column, cell in placed(table.head[:-1]):
        for at in range(column, column + cell.columns):
            over.setdefault(at, []).append(_header(cell, row))
    for at in sorted(over)[1:]:
        name = "：".join(part for part in over[at] if part).replace("：其中：", "，其中：")
        unit = _UNIT.search(name)
        yield f"{_UNIT.sub('', name, count=1)}{unit[0]}" if unit else name


def _header(cell: Cell, row: int) -> str:
    """A header as a part of a name; the topmost heads of figures only say what kind they are."""
    return "" if row == 0 and cell.text in ("自然情况", "经济情况") else cell.text.replace("\n", "")


def _basics_sentence(told: dict[str, str]) -> str:
    """人口、学校、学生、教师 in prose; what is missing is said as such."""

    def of(begin: str) -> str:
        name = next((name for name in told if name.startswith(begin)), "")
        unit = name.rpartition("（")[2].removesuffix("）") if "（" in name else ""
        value = told.get(name, UNKNOWN_TEXT)
        return f"{value} {unit}".rstrip() if value[:1].isdecimal() else value

    if not told:
        return ""
    return (
        f"全县人口总数 {of('人口总数')}，其中农业人口 {of('农业人口数')}；设乡镇（街道）{of('乡镇数')}、"
        f"行政村 {of('行政村数')}。年人均国内生产总值 {of('年人均国内生产总值')}，"
        f"年人均地方财政收入 {of('年人均地方财政收入')}。"
    )  # fmt: skip


def stages(case: Case) -> list[Row]:
    """Each stage: schools, pupils, how many schools pass."""
    return [_stage(case, stage) for stage in case.page.stages]


def _stage(case: Case, stage: StageView) -> Row:
    failed, unknown = len(stage.failed), len(stage.unknown)
    text = f"{stage.label}参与计算的学校 {stage.schools} 所，{stage.enrollment}。"
    if case.page.has_limits:
        parts = [f"达到学校标准的 {stage.passed} 所", f"未达到的 {failed} 所"]
        parts += [f"数据不全、无法核算的 {unknown} 所"] if unknown else []
        text += f"其中{'，'.join(parts)}。"
    return {
        "名称": stage.label,
        "学校数": str(stage.schools),
        "在校生": stage.enrollment,
        "达标学校数": str(stage.passed),
        "未达标学校数": str(failed),
        "无法核算学校数": str(unknown),
        "说明": text,
    }


def attainment(case: Case) -> list[Row]:
    """表Ⅱ: each indicator with its limits and how many schools attain it, and the school rule as the last row."""
    primary, junior = case.page.stages
    rows = []
    for position, indicator in enumerate(case.page.indicators):
        row: Row = {"代码": indicator.code, "名称": indicator.name, "单位": indicator.unit}
        for stage in (primary, junior):
            limit = indicator.stages[Stage(stage.key)].limit
            line = stage.lines[position]
            row[f"{stage.label}要求"] = NONE if limit is None else f"≥ {plain(limit)}"
            row[f"{stage.label}达标数"] = line.attained if limit is not None else NONE
            row[f"{stage.label}达标比例"] = (line.attained_share if limit is not None else "") or NONE
        rows.append(row)
    if case.page.has_limits:
        last: Row = {"代码": "综合", "名称": "学校综合评估达标", "单位": "所"}
        for stage in (primary, junior):
            last[f"{stage.label}要求"] = "每校达标"
            last[f"{stage.label}达标数"] = f"{stage.passed} / {len(stage.rows)}"
            share = percent_of(stage.passed, len(stage.rows), case.standard.rounding.ratio_places)
            last[f"{stage.label}达标比例"] = share or NONE
        rows.append(last)
    return rows


def coefficients(case: Case) -> list[Row]:
    """表Ⅲ: mean and difference coefficient of each indicator of each stage against its limit."""
    rows = []
    for stage in case.page.stages:
        for line in stage.lines:
            rows.append(
                {
                    "学段": stage.label,
                    "代码": line.code,
                    "名称": line.name,
                    "简称": line.short_name,
                    "平均值": line.mean,
                    "差异系数": line.coefficient,
                    "上限": line.limit or NONE,
                    "结论": line.mark.label,
                    "不高于上限": line.mark.key == "met",
                }
            )
    return rows


def coefficient_words(case: Case) -> str:
    """How many coefficients are within their limits, which are not, and the composites beside them."""
    parts = []
    for stage in case.page.stages:
        within = sum(line.mark.key == "met" for line in stage.lines)
        over = [f"{line.code}（{line.coefficient}）" for line in stage.lines if line.mark.key == "not_met"]
        unknown = [line.code for line in stage.lines if line.mark.key == _UNKNOWN]
        words = f"{stage.label} {len(stage.lines)} 项差异系数中，不高于 {stage.limit} 的 {within} 项"
        words += f"，高于上限的 {len(over)} 项：{'、'.join(over)}" if over else ""
        words += f"，无法核算的 {len(unknown)} 项：{'、'.join(unknown)}" if unknown else ""
        parts.append(words)
    composite = "，".join(f"{stage.label} {stage.composite}" for stage in case.page.stages)
    if case.page.decides_by_composite:
        return f"综合差异系数（决定是否达标）：{composite}。"
    return f"{sentence(parts)}综合差异系数（各项平均值，只列出，不决定是否达标）：{composite}。"


def dimensions(case: Case) -> list[Row]:
    """资源配置 from schools and coefficients, then each group of items: how many are met, and what keeps the rest."""
    page = case.page
    lines = []
    if page.has_limits:
        passed, failed, unknown = (
            sum(n) for n in zip(*((s.passed, len(s.failed), len(s.unknown)) for s in page.stages), strict=True)
        )
        lines.append(_dimension("资源配置：学校达标", {"met": passed, "not_met": failed, "unknown": unknown}, "校次"))
    if page.decides_by_composite:
        keys = [stage.composite_mark.key for stage in page.stages if stage.composite_mark is not None]
    else:
        keys = [line.mark.key for stage in page.stages for line in stage.lines]
    lines.append(_dimension("资源配置：差异系数", Counter(keys), "个"))
    for group, name in CRITERION_GROUPS.items():
        if found := _lines(case, group):
            lines.append(_dimension(name, Counter(line.mark.key for line in found), "项", is_veto=group == "veto"))
    return lines


def _dimension(name: str, counts: Mapping[str, int], unit: str, *, is_veto: bool = False) -> Row:
    """One line: 共 15 项，达标 11 项，待评定 4 项. What is open is never told as met, and not as missed either."""
    total, met = sum(counts.values()), counts.get("met", 0) + counts.get("exempt", 0)
    words = {"met": "不存在", "not_met": "存在"} if is_veto else {"met": "达标", "not_met": "不达标"}
    words |= {"exempt": "豁免", "unknown": UNKNOWN_TEXT, "to_judge": Status.TO_JUDGE.label}
    told = "，".join(f"{word} {counts[key]} {unit}" for key, word in words.items() if counts.get(key))
    worst = next((key for key in ("not_met", "unknown", "to_judge") if counts.get(key)), "met")
    verdict = words[worst] if met < total else words["met"]
    return {"名称": name, "情况": f"共 {total} {unit}" + (f"，{told}" if told else ""), "结论": verdict}


def to_judge_words(case: Case) -> str:
    """What nobody judged yet; empty where everything is."""
    waiting = [line.name for group in case.page.groups for line in group.lines if line.mark.key == _TO_JUDGE]
    if not waiting:
        return ""
    return f"另有 {len(waiting)} 项须由督学评定或由省级录入结果，尚待评定：{'、'.join(waiting)}。"


def items(case: Case, group: str) -> list[Row]:
    """The items of one group of the standard with what was found."""
    return [_item(number, line, group) for number, line in enumerate(_lines(case, group), start=1)]


def _item(number: int, line: CriterionLine, group: str) -> Row:
    found = "；".join(filter(None, (line.sentence.rstrip("。"), f"评定意见：{line.opinion}" if line.opinion else "")))
    return {
        "序号": str(number),
        "代码": line.code,
        "名称": line.name,
        "要求": line.requirement,
        "情况": found or line.mark.label,
        "结论": _veto_word(line) if group == "veto" else line.mark.label,
    }


def _veto_word(line: CriterionLine) -> str:
    return {"met": "不存在", "not_met": "存在"}.get(line.mark.key, line.mark.label)


def _lines(case: Case, group: str) -> list[CriterionLine]:
    codes = {criterion.code for criterion in case.standard.criteria if criterion.group == group}
    return [line for each in case.page.groups for line in each.lines if line.code in codes]


def items_words(case: Case, group: str) -> str:
    """共 15 项：达标 12 项，不达标 2 项，无法核算 1 项。"""
    lines = _lines(case, group)
    words: dict[str, int] = {}
    for line in lines:
        word = _veto_word(line) if group == "veto" else line.mark.label
        words[word] = words.get(word, 0) + 1
    told = "，".join(f"{word} {count} 项" for word, count in words.items())
    return f"共 {len(lines)} 项：{told}。" if lines else "本标准没有这一类要求。"


def survey(case: Case) -> list[Row]:
    """表Ⅵ as it stands: who was asked, and how many are content."""
    names = ("发放", "有效", "满意", "满意度", "走访", "走访满意", "走访满意度")
    if case.tables is None:
        return []
    table = case.tables.tables[-1]
    return [{"对象": row[0].text, **dict(zip(names, (c.text for c in row[1:]), strict=True))} for row in table.body]


def done_well(case: Case) -> list[str]:
    """What may be praised: only what was judged as met, counted."""
    found = []
    for stage in case.page.stages:
        if stage.schools and case.page.has_limits and stage.passed == len(stage.rows):
            found.append(f"{stage.label} {stage.schools} 所学校全部达到学校标准。")
        within = [line.code for line in stage.lines if line.mark.key == "met"]
        if len(within) == len(stage.lines) and stage.lines:
            found.append(f"{stage.label} {len(within)} 项差异系数全部不高于 {stage.limit}，校际差距控制在标准以内。")
        elif within:
            found.append(f"{stage.label} {'、'.join(within)} 等 {len(within)} 项差异系数不高于 {stage.limit}。")
    for group, name in (("guarantee", "政府保障程度"), ("quality", "教育质量"), ("recognition", "社会认可度")):
        met = [line for line in _lines(case, group) if line.mark.key in ("met", "exempt")]
        if not met:
            continue
        named = "、".join(line.name for line in met)
        found.append(f"{name}方面，{named}{f'等 {len(met)} 项' if len(met) > 1 else ''}达到要求。")
    return found


def standards(case: Case) -> Row:
    """The rules a document explains before it prints figures."""
    rules = case.page
    limits = "，".join(f"{stage.label}不高于 {stage.limit}" for stage in rules.stages)
    return {"学校标准": rules.school_rule or "本标准不逐校判定。", "差异系数要求": f"{limits}。"}
