"""One value of one school explained: formula, numbers, split of shared assets, relaxation, cells, rounding."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from evaluation.core.rounding import half_up, plain
from evaluation.core.standard import Indicator
from indicators.catalogue import FIELD_BY_KEY
from reports.presenters.explain.frozen import Frozen
from reports.presenters.explain.page import (
    Article,
    Explanation,
    SourceLine,
    Step,
    Text,
    decimal,
    exactly,
    questions_on,
    said,
)
from reports.presenters.explain.recount import Value, checked_value, value_of
from reports.presenters.standard import formula_of
from reports.presenters.verdict import percent, value_cell
from schools.vocabulary import Stage


def value_explanation(frozen: Frozen, school: int, stage: Stage, indicator: Indicator) -> Explanation:
    """The page of one value. ``school`` is a position that has a row at ``stage``. Raises Disagreement."""
    told = frozen.told_rows(stage)[frozen.rows(stage).index(school)]
    found = checked_value(frozen, school, stage, indicator, told)
    relaxation = frozen.works(school, indicator.code)
    softened = [relaxation.code] if relaxation and found.added else []
    cell = value_cell(indicator, told, frozen.standard, stage)
    lacking = frozen.lacks(school, found.needed) if found.value is None else []
    name, code = frozen.name(school), frozen.code(school)
    subject = f"{name}{stage.label}的{indicator.name}"
    return Explanation(
        kind="指标值",
        title=f"{name} {stage.label} {indicator.code} {indicator.name}",
        sentence=_sentence(subject, found, indicator, stage, frozen, cell.text, cell.mark.key, lacking),
        mark=cell.mark,
        requirement=_requirement(indicator, stage, frozen),
        formulas=tuple(_formulas(found, indicator, stage, frozen)),
        steps=tuple(_steps(found, indicator, stage, frozen, school)) if found.value is not None else (),
        why=tuple(Text(words, frozen.links.school(code)) for words in lacking),
        sources=tuple(_sources(found, indicator, frozen, school)),
        tables=(),
        rounding=tuple(_rounding(found, indicator, stage, frozen, cell.text)),
        articles=tuple(_articles(found, indicator, frozen, school)),
        method=frozen.links.how(indicator.code),
        questions=questions_on(frozen.standard, indicator.code, "population", *softened),
        links=(
            Text("本校全部指标", frozen.links.school(code)),
            Text(f"全县{stage.label} {indicator.code} 的差异系数", frozen.links.coefficient(stage, indicator.code)),
        ),
        notes=("有几行填了同一个学校标识码，这里是其中的第一行。",) if frozen.is_ambiguous(school) else (),
    )


def _sentence(
    subject: str,
    found: Value,
    indicator: Indicator,
    stage: Stage,
    frozen: Frozen,
    text: str,
    key: str,
    lacking: list[str],
) -> str:
    limit = indicator.stages[stage].limit
    if found.value is None:
        reason = "；".join(lacking) or "在校生数为 0"
        return f"{subject}无法核算：{reason}。缺数据不能视为达标。"
    opening = f"{subject}为 {text} {indicator.unit}"
    if limit is None:
        return f"{opening}；本标准不逐校设限。"
    floor = percent(frozen.standard.floor_share)
    least = f"要求的 {plain(limit)} {indicator.unit}"
    words = {
        "met": f"不低于{least}，达标",
        "floor": f"低于{least}，但不低于其 {floor}（{plain(limit * frozen.standard.floor_share)}）",
    }
    return f"{opening}，{words.get(key, f'低于{least}，也不足其 {floor}')}。"


def _requirement(indicator: Indicator, stage: Stage, frozen: Frozen) -> str:
    limit = indicator.stages[stage].limit
    if limit is None:
        return "本标准不逐校设限，只看全县的差异系数。"
    floor = limit * frozen.standard.floor_share
    unit, share = indicator.unit, percent(frozen.standard.floor_share)
    return f"不低于 {plain(limit)} {unit}；其 {share} 为 {plain(floor)} {unit}。"


def _formulas(found: Value, indicator: Indicator, stage: Stage, frozen: Frozen) -> Iterable[str]:
    if found.is_split:
        times = f" × {indicator.factor}" if indicator.factor != 1 else ""
        whole = " + ".join(FIELD_BY_KEY[key].header for key in found.plus)
        yield f"全校数额 = {whole}{''.join(f' − {FIELD_BY_KEY[key].header}' for key in found.minus)}"
        yield "本学段数额 = 全校数额 × 本学段权重 × 本学段在校生数 ÷ Σ(各学段权重 × 该学段在校生数)"
        yield f"指标值 = 本学段数额{times} ÷ {stage.label}在校生数"
    else:
        yield formula_of(indicator, stage)
    if found.added:
        yield f"按过渡规定另加：{'、'.join(FIELD_BY_KEY[key].header for key in found.added)}"


def _terms(found: Value, frozen: Frozen, school: int) -> str:
    sheet = frozen.sheet(school)
    text = " + ".join(f"{_name(key)} {sheet.text(key)}" for key in (*found.plus, *found.added))
    text += "".join(f" − {_name(key)} {sheet.text(key)}" for key in found.minus)
    return text


def _name(key: str) -> str:
    return FIELD_BY_KEY[key].header.partition("(")[0]


def _steps(found: Value, indicator: Indicator, stage: Stage, frozen: Frozen, school: int) -> Iterable[Step]:
    if found.value is None or found.own is None or found.amount is None or not found.pupils:
        return
    terms = _terms(found, frozen, school)
    if found.is_split:
        yield Step("全校数额", f"{terms} = {decimal(found.amount)}" if " " in terms else terms)
        yield from _split_steps(found, stage)
    else:
        many = len(found.plus) + len(found.added) + len(found.minus) > 1
        yield Step("数额", f"{terms} = {decimal(found.amount)}" if many else terms)
    times = f" × {indicator.factor}" if indicator.factor != 1 else ""
    own = decimal(found.own)
    yield Step("指标值", f"{own}{times} ÷ {found.pupils} {said(found.value)} {indicator.unit}")
    if found.added:
        strict = value_of(frozen, school, stage, indicator, relaxed=False).value
        if strict is not None:
            limit = indicator.stages[stage].limit
            reached = "" if limit is None else "，达到要求" if strict >= limit else "，达不到要求"
            added = sum((frozen.number(school, key) or Fraction(0) for key in found.added), Fraction(0))
            yield Step("不用过渡规定", f"不加 {plain(added)}，为 {decimal(strict)} {indicator.unit}{reached}")


def _split_steps(found: Value, stage: Stage) -> Iterable[Step]:
    split, total = found.split, found.split.total
    for label, weight, pupils in split.parts:
        if pupils is not None:
            times = Fraction(weight, split.unit)
            yield Step(f"{label}加权学生数", f"{plain(times)} × {pupils} = {decimal(times * pupils)}")
    weighted = split.weighted(stage)
    if weighted is None or not total or found.share is None or found.own is None or found.amount is None:
        return
    terms = " + ".join(
        decimal(Fraction(weight * pupils, split.unit)) for _, weight, pupils in split.parts if pupils is not None
    )
    yield Step("加权学生数合计", f"{terms} = {decimal(total)}")
    part = decimal(weighted[0])
    yield Step(f"{stage.label}所占份额", f"{part} ÷ {decimal(total)} {said(found.share)}")
    yield Step(f"{stage.label}分得", f"{decimal(found.amount)} × {part} ÷ {decimal(total)} {said(found.own)}")


def _sources(found: Value, indicator: Indicator, frozen: Frozen, school: int) -> Iterable[SourceLine]:
    for key in found.plus:
        yield frozen.source(school, key)
    for key in found.minus:
        yield frozen.source(school, key, "减去")
    for key in found.added:
        yield frozen.source(school, key, "按过渡规定计入")
    for key in found.needed[len(found.plus) + len(found.minus) :]:
        yield frozen.source(school, key)


def _rounding(found: Value, indicator: Indicator, stage: Stage, frozen: Frozen, text: str) -> Iterable[Step]:
    if found.value is None:
        return
    limit, places = indicator.stages[stage].limit, frozen.standard.rounding.value_places
    yield Step("准确值", exactly(found.value))
    if limit is not None:
        sign = "≥" if found.value >= limit else "<"
        yield Step("先判定", f"用准确值与要求比较：{decimal(found.value)} {sign} {plain(limit)}")
    usual = half_up(found.value, places)
    yield Step("后修约", f"四舍五入到 {places} 位小数：{usual}")
    if usual != text:
        yield Step("多印几位", f"{usual} 会让人误判，所以印作 {text}")


def _articles(found: Value, indicator: Indicator, frozen: Frozen, school: int) -> Iterable[Article]:
    document = f"{frozen.standard.name}（{frozen.standard.document}）"
    yield Article(indicator.article, document)
    if found.is_split:
        yield Article(frozen.standard.split_words, document)
    relaxation = frozen.works(school, indicator.code) if found.added else None
    if relaxation:
        yield Article(f"{relaxation.code}：{relaxation.words}", relaxation.article)
