"""What a county falls short of, as a document tells it: each problem with the schools and cells behind it, what closes
it, and by when. Everybody may read these documents once the result is published: what the page of the result hides
(``hidden``, see ``reports.documents.case.hidden_in``) is counted here and not named."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from evaluation.core.status import Status
from evaluation.models import Evaluation, SendBack
from indicators.catalogue import SCHOOL_SHEET
from reports.documents.case import Case
from reports.documents.words import BLANK, date_words, numeral, sentence
from reports.presenters.coefficient import CoefficientPage, InfluenceLine
from reports.presenters.school import ItemLine, SchoolPage, Source, StageRow
from reports.presenters.verdict import CriterionLine, SchoolRef

Row = dict[str, Any]
_WHERE = f"括号中是「{SCHOOL_SHEET}」工作表的单元格。"
_RECOMPUTE = "补齐、更正数据后重新核算；在此以前不视为达标。"
_LARGEST_SHARES = 3
_MOST_NAMED = 6
#: A problem names this many schools one by one; a table beside it has all of them.
_MOST_FACTS = 40


def term_of(evaluation: Evaluation) -> str:
    """Until when, where a deadline was set for what was sent back and is not answered; otherwise a line to fill in."""
    open_ones = SendBack.objects.filter(evaluation=evaluation, answered_by=None).order_by("-pk")
    deadline = open_ones.values_list("deadline", flat=True).first()
    return BLANK if deadline is None else date_words(deadline)


def problems(case: Case, term: str, hidden: Collection[str]) -> list[Row]:
    """Every problem in the order of the standard: coefficients, schools, items; then what could not be computed.
    ``hidden`` are the codes of the schools that are not named."""
    found = [*_coefficients(case, hidden), *_schools(case, hidden), *_items(case, hidden), *_unknown(case, hidden)]
    numbered = enumerate(found, start=1)
    return [{"序号": numeral(number), **problem, "期限": f"整改期限：{term}"} for number, problem in numbered]


def _problem(title: str, words: str, facts: list[str], demand: str, left_out: int = 0) -> Row:
    more = len(facts) - _MOST_FACTS
    if more > 0:
        facts = [*facts[:_MOST_FACTS], f"另有 {more} 处，见学校差距表和各校的一校一策。"]
    if left_out:
        facts = [*facts, left_out_words(left_out)]
    return {"标题": title, "内容": words, "事实": facts, "要求": demand}


def left_out_words(count: int) -> str:
    """How many schools a list leaves out, and why; empty where it has all."""
    return f"另有 {count} 所在校生较少或可借以推算其数据的学校不单独列出。" if count else ""


def _split(schools: Iterable[SchoolRef], hidden: Collection[str]) -> tuple[list[SchoolRef], int]:
    """Those that are named, and how many are not."""
    every = list(schools)
    named = [school for school in every if school.code not in hidden]
    return named, len(every) - len(named)


# ── Coefficients ──────────────────────────────────────────────────────────────────────────────


def _coefficients(case: Case, hidden: Collection[str]) -> Iterable[Row]:
    for page in case.lost_coefficients:
        title = f"{page.stage.label} {page.indicator.code} {page.indicator.short_name}校际差距过大"
        unnamed = sum(line.code in hidden for line in page.lines)
        # How few schools make most of the spread, or what lifting them takes, may be one hidden school's figure.
        words = f"{page.sentence.rpartition('：')[0]}。" if unnamed else page.sentence
        demand = f"缩小校际差距，使差异系数不高于 {page.limit}。"
        if page.lift_sentence and not any(lift.code in hidden for lift in page.lifts):
            demand = page.lift_sentence
        facts = [*_largest(page, hidden), *_lifts(page, hidden)]
        yield _problem(title, words, facts, demand, unnamed)
    if case.page.decides_by_composite:
        for stage in case.page.stages:
            if stage.composite_mark is not None and stage.composite_mark.key == "not_met":
                words = f"{stage.label}综合差异系数 {stage.composite}，高于 {stage.limit}。"
                yield _problem(f"{stage.label}综合差异系数过高", words, [], f"缩小校际差距，降到 {stage.limit} 以内。")


def _largest(page: CoefficientPage, hidden: Collection[str]) -> list[str]:
    unit = page.indicator.unit
    named = [line for line in page.lines if line.code not in hidden]
    return [
        f"{line.name}：{line.value} {unit}，{away(line, unit)}，占校际差距的 {line.share}；"
        f"不计该校时差异系数为 {line.without}。"
        for line in named[:_LARGEST_SHARES]
    ]


def away(line: InfluenceLine, unit: str) -> str:
    """低于全县平均 2.51 间: how far a school lies from the mean, in words."""
    side = "低于" if line.deviation.startswith("−") else "高于"
    return f"{side}全县平均 {line.deviation.lstrip('+−')} {unit}"


def _lifts(page: CoefficientPage, hidden: Collection[str]) -> list[str]:
    named = [line for line in page.lifts if line.code not in hidden]
    if len(named) < len(page.lifts):
        # Each coefficient rests on the lifts before it: a hidden one could be computed from the next.
        return [f"{line.name}：{line.words}。" for line in named]
    return [f"{line.name}：{line.words}，补齐后差异系数降到 {line.coefficient}。" for line in named]


# ── Schools ───────────────────────────────────────────────────────────────────────────────────


def _schools(case: Case, hidden: Collection[str]) -> Iterable[Row]:
    lost = [(page, row) for page, row in stage_rows(case) if row.mark.key == "not_met"]
    if not lost:
        return
    total = len({page.code for page, _ in lost})
    named = {page.code: page.name for page, _ in lost if page.code not in hidden}
    names = list(named.values())
    if not names:
        words = f"共 {total} 所学校未达到学校标准。"
    elif total > _MOST_NAMED or total > len(names):
        words = f"{'、'.join(names[:_MOST_NAMED])}等 {total} 所未达到学校标准。{_WHERE}"
    else:
        words = f"{'、'.join(names)}（共 {total} 所）未达到学校标准。{_WHERE}"
    facts = [f"{page.name}（{row.label}）：{school_words(row)}" for page, row in lost if page.code in named]
    demand = f"逐校补齐差额，先补到底线（要求的 {case.page.floor}）以上；每校的任务见一校一策。{case.page.school_rule}"
    yield _problem("学校资源配置未达到学校标准", words, facts, demand, total - len(named))


def stage_rows(case: Case) -> Iterable[tuple[SchoolPage, StageRow]]:
    """Every row of every school that has a code, in the order of the codes."""
    for code in case.by_code:
        page = case.school(code)
        for row in page.rows:
            yield page, row


def school_words(row: StageRow) -> str:
    """What a row falls short of: each indicator with value, limit and cell; then all of it in absolute amounts."""
    short = [
        f"{line.code} {line.name} {line.cell.text} {line.unit}，要求 {line.limit}，{line.gap}{cells_of(line.sources)}"
        for line in row.lines
        if line.gap
    ]
    return f"{'；'.join(short)}。" if short else f"{row.gaps or row.mark.label}。"


def cells_of(sources: Iterable[Source]) -> str:
    """（单元格 K7、L7）: the cells a figure was made from; empty where nobody knows them."""
    cells = "、".join(source.cell for source in sources if source.cell)
    return f"（单元格 {cells}）" if cells else ""


def short_schools(case: Case, hidden: Collection[str]) -> tuple[list[Row], str]:
    """Every row below a limit, or that cannot be computed, with what is missing in absolute amounts; and how many
    schools are not named among them."""
    rows, unnamed = [], set()
    for page, row in stage_rows(case):
        unknown = [line.code for line in row.lines if line.cell.mark.key == "unknown"]
        words = [row.gaps] if row.gaps else []
        words += [f"{'、'.join(unknown)} 无法核算"] if unknown else []
        if words and page.code in hidden:
            unnamed.add(page.code)
        elif words:
            rows.append({"学校": page.name, "学段": row.label, "差距": "；".join(words), "结论": row.mark.label})
    return rows, left_out_words(len(unnamed))


def shortage_words(case: Case) -> str:
    """All that is missing in the county, indicator by indicator."""
    total: dict[str, Any] = {}
    for _, row in stage_rows(case):
        for line in row.lines:
            if line.missing is not None:
                amount, schools = total.get(line.code, (0, 0))
                total[line.code] = amount + line.missing.to_limit, schools + 1
    if not total:
        return "各校各项指标均达到要求，没有差额。"
    parts = []
    for indicator in case.page.indicators:
        if indicator.code in total:
            amount, schools = total[indicator.code]
            natural = _natural(case, indicator.code)
            parts.append(f"{natural.words(amount)}{indicator.short_name.removesuffix('值')}（{schools} 所次）")
    return f"对照每项指标的要求，全县合计差 {'、'.join(parts)}。"


def _natural(case: Case, code: str) -> Any:
    return next(
        line.missing.natural
        for _, row in stage_rows(case)
        for line in row.lines
        if line.code == code and line.missing is not None
    )


# ── Items, and what is unknown ────────────────────────────────────────────────────────────────


def _items(case: Case, hidden: Collection[str]) -> Iterable[Row]:
    for line in _criterion_lines(case, Status.NOT_MET):
        is_veto = any(each.code == line.code and each.group == "veto" for each in case.standard.criteria)
        title = f"{line.code} {line.name}{'：存在一票否决情形' if is_veto else '不达标'}"
        opinion = f"评定意见：{line.opinion}" if line.opinion else ""
        named, unnamed = _split(line.short, hidden)
        words = f"要求：{line.requirement}。{sentence([line.sentence, opinion])}{_WHERE if named else ''}"
        yield _problem(
            title, words, _school_items(case, line, named), f"对照要求整改到位：{line.requirement}。", unnamed
        )


def _school_items(case: Case, line: CriterionLine, schools: Iterable[SchoolRef]) -> list[str]:
    facts = []
    for school in schools:
        if school.code in case.by_code:
            found = next((each for each in case.school(school.code).items if each.code == line.code), None)
            facts.append(f"{school.name}：{source_words(found)}。" if found else f"{school.name}。")
        else:
            facts.append(f"{school.name}。")
    return facts


def source_words(item: ItemLine) -> str:
    """What the row of a school says about an item: 小学班数 26、音乐专用教室面积 无（单元格 F9、T9）."""
    told = "、".join(f"{source.header} {source.found}" for source in item.sources)
    return f"{told}{cells_of(item.sources)}"


def _unknown(case: Case, hidden: Collection[str]) -> Iterable[Row]:
    for stage in case.page.stages:
        for line in stage.lines:
            if line.mark.key == "unknown":
                named, unnamed = _split(line.missing, hidden)
                words = f"{stage.label} {line.code} {line.name}的差异系数无法核算。{line.explanation.rstrip('：')}"
                facts = [f"{school.name}：数据缺失或未采用。" for school in named]
                yield _problem(f"{stage.label} {line.code} 无法核算", words, facts, _RECOMPUTE, unnamed)
    for item in _criterion_lines(case, Status.UNKNOWN):
        named, unnamed = _split(item.unknown, hidden)
        facts = [f"{school.name}：数据缺失或未采用。" for school in named]
        words = f"要求：{item.requirement}。无法核算。{item.sentence}"
        yield _problem(f"{item.code} {item.name}无法核算", words, facts, _RECOMPUTE, unnamed)


def _criterion_lines(case: Case, status: Status) -> list[CriterionLine]:
    return [line for group in case.page.groups for line in group.lines if line.mark.key == status.value]
