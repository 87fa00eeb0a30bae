"""One difference coefficient explained, with every school's part in it; and the mean of all coefficients of a stage."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from evaluation.core.rounding import coefficient_text, half_up, plain
from evaluation.core.standard import Indicator
from evaluation.core.status import Status
from indicators.catalogue import FIELD_BY_KEY, SCHOOL_SHEET
from reports.presenters.explain.frozen import Frozen
from reports.presenters.explain.page import (
    Article,
    Cell,
    Column,
    Explanation,
    SourceLine,
    Step,
    Table,
    Text,
    decimal,
    questions_on,
    root,
    said,
)
from reports.presenters.explain.recount import Coefficient, Value, coefficient_of, composite_of, limit_of, passes
from reports.presenters.figures import MARKS, Mark, equals, mark_of
from reports.presenters.standard import formula_of
from schools.vocabulary import Stage

#: Significant digits a school's part of the variance is printed with, of the whole variance.
_PART_DIGITS = 8
#: Something printed that decides nothing.
_LISTED = Mark("plain", "", "只列出")


def coefficient_explanation(frozen: Frozen, stage: Stage, indicator: Indicator) -> Explanation:
    """The page of one coefficient. Raises Disagreement."""
    found = coefficient_of(frozen, stage, indicator)
    limit, told = limit_of(frozen, stage), frozen.result["stages"][stage.value]["indicators"][indicator.code]
    places = frozen.standard.rounding.coefficient_places
    text = coefficient_text(told["coefficient"], told["passed"], limit, places)
    subject = f"{stage.label} {indicator.code} {indicator.name}的差异系数"
    why = tuple(_why(found, frozen)) if found.square is None else ()
    return Explanation(
        kind="差异系数",
        title=f"{stage.label} {indicator.code} {indicator.name}：差异系数",
        sentence=_sentence(subject, found, text, limit, why, told["passed"]),
        mark=mark_of(told["passed"]),
        requirement="由各项的平均值（综合差异系数）决定，单项不设上限。"
        if limit is None
        else f"不高于 {plain(limit, 2)}。",
        formulas=tuple(_formulas(indicator, stage)),
        steps=tuple(_steps(found, limit, frozen)),
        why=why,
        sources=tuple(_sources(found, frozen)),
        tables=(_table(found, frozen),) if found.schools else (),
        rounding=tuple(_rounding(found, frozen, limit, text)),
        articles=(
            Article(frozen.standard.coefficient_words, f"{frozen.standard.name}（{frozen.standard.document}）"),
            Article(indicator.article, f"{frozen.standard.name}（{frozen.standard.document}）"),
        ),
        method=frozen.links.how("coefficient"),
        questions=questions_on(frozen.standard, "population", indicator.code),
        links=(
            Text("谁拉大了差距", frozen.links.influence(stage, indicator.code)),
            Text(f"{stage.label}综合差异系数", frozen.links.composite(stage)),
        ),
        notes=("仅一所学校，没有校际差异，差异系数为 0。",) if len(found.schools) == 1 and found.square == 0 else (),
    )


def _formulas(indicator: Indicator, stage: Stage) -> Iterable[str]:
    times = f" × {indicator.factor}" if indicator.factor != 1 else ""
    yield f"指标值 X = {formula_of(indicator, stage)}"
    yield f"全县平均值 M = Σx{times} ÷ ΣP（x 为各校数额，P 为各校在校生数）"
    yield "标准差 S = √( Σ (P ÷ ΣP) × (X − M)² )"
    yield "差异系数 CV = S ÷ M"


def _sentence(
    subject: str, found: Coefficient, text: str, limit: Fraction | None, why: tuple[Text, ...], passed: bool | None
) -> str:
    if passed is None:
        first = why[0].words if why else ""
        more = f"等 {len(why)} 处" if len(why) > 1 else ""
        return f"{subject}无法核算：{first}{more}。缺数据不能视为达标。"
    if limit is None:
        return f"{subject}为 {text}，计入综合差异系数。"
    words = "不高于" if passed else "高于"
    # A text such as 略高于0.50 says the comparison itself.
    opening = f"{subject}{text}" if not text[:1].isdigit() else f"{subject}为 {text}，{words}上限 {plain(limit, 2)}"
    return f"{opening}，{'达标' if passed else '不达标'}。"


def _why(found: Coefficient, frozen: Frozen) -> Iterable[Text]:
    if not found.schools:
        yield Text(f"没有参与计算的{found.stage.label}学校")
        return
    for school, value in zip(found.schools, found.values, strict=True):
        if value.value is None:
            words = "、".join(frozen.lacks(school, value.needed)) or "在校生数为 0"
            yield Text(f"{frozen.name(school)}：{words}", frozen.links.school(frozen.code(school)))
    if not frozen.is_certain:
        yield Text("有学校的标识码、办学类型或举办者不明确，本县有哪些学校不能确定")
    elif found.mean is not None and found.mean <= 0:
        yield Text(f"全县合计为 {plain(found.total or 0)}，平均值不是正数，差异系数没有意义")


def _long(value: Decimal, places: int = 12) -> str:
    return decimal(Fraction(value), places)


def _steps(found: Coefficient, limit: Fraction | None, frozen: Frozen) -> Iterable[Step]:
    if found.mean is None or found.total is None or not found.pupils or found.variance is None:
        return
    indicator = found.indicator
    times = f" × {indicator.factor}" if indicator.factor != 1 else ""
    total = decimal(found.total)
    yield Step("在校生合计 ΣP", f"{found.pupils} 人，{len(found.schools)} 所")
    yield Step("数额合计 Σx", f"{total if equals(found.total, total) == '=' else '≈ ' + total}{_unit(found)}")
    yield Step("平均值 M", f"{total}{times} ÷ {found.pupils} {said(found.mean)} {indicator.unit}")
    yield Step("方差 S²", f"各校 (P÷ΣP)×(X−M)² 之和 {said(found.variance)}")
    deviation = _long(root(found.variance))
    is_exact = Fraction(deviation) ** 2 == found.variance
    yield Step("标准差 S", f"√{decimal(found.variance)} {'=' if is_exact else '≈'} {deviation}")
    coefficient = found.coefficient()
    if coefficient is None or found.square is None:
        return
    text = _told_apart(coefficient, found.square, limit)
    is_exact = Fraction(text) ** 2 == found.square
    yield Step("差异系数 CV", f"{deviation} ÷ {decimal(found.mean)} {'=' if is_exact else '≈'} {text}")
    if limit is not None:
        passed = passes(found, limit)
        yield Step("与上限比较", f"{text} {'≤' if passed else '>'} {plain(limit, 2)}，{'达标' if passed else '不达标'}")
        if _misleads(found, frozen, limit):
            bound = limit * limit
            sign = "=" if found.square == bound else "<" if found.square < bound else ">"
            yield Step(
                "精确比较",
                f"不开方、不取小数，用整数和分数比较：CV² = ΣP × Σ(x² ÷ P) ÷ (Σx)² − 1，"
                f"{_apart(found.square, bound)} {sign} {plain(limit, 2)}² = {decimal(bound)}，"
                f"相差 {_difference(found.square - bound)}",
            )


def _apart(square: Fraction, bound: Fraction) -> str:
    """CV² with as many decimals as show that it is not ``bound``."""
    if square == bound:
        return decimal(square)
    places = max(12, 3 - int(f"{float(abs(square - bound)):e}".partition("e")[2]))
    return decimal(square, places)


def _told_apart(coefficient: Decimal, square: Fraction, limit: Fraction | None) -> str:
    """CV with twelve decimals; more, where they would put it on or across its limit."""
    text = _long(coefficient)
    for places in (20, 30, 45):
        if limit is None or _side(Fraction(text), limit) == _side(square, limit * limit):
            break
        text = _long(coefficient, places)
    return text


def _difference(value: Fraction) -> str:
    """A very small number as people can still read it: 3.2×10⁻¹⁷."""
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{float(value):.2e}".partition("e")
    return f"{mantissa} × 10^{int(exponent)}".replace("-", "−")


def _misleads(found: Coefficient, frozen: Frozen, limit: Fraction) -> bool:
    """Whether the usual places would print the coefficient on the other side of its limit, or onto it."""
    coefficient = found.coefficient()
    if coefficient is None or found.square is None:
        return False
    printed = Fraction(half_up(Fraction(coefficient), frozen.standard.rounding.coefficient_places))
    return _side(printed, limit) != _side(found.square, limit * limit) or found.square == limit * limit


def _is_blurred(text: str, square: Fraction, limit: Fraction) -> bool:
    """Whether the printed figure still stands on its limit or across it."""
    return text[:1].isdigit() and _side(Fraction(text), limit) != _side(square, limit * limit)


def _side(value: Fraction, limit: Fraction) -> int:
    return (value > limit) - (value < limit)


def _unit(found: Coefficient) -> str:
    unit = FIELD_BY_KEY[found.indicator.stages[found.stage].plus[0]].unit
    return f" {unit}" if unit else ""


def _sources(found: Coefficient, frozen: Frozen) -> Iterable[SourceLine]:
    """The columns read; the cells of a school are those of its row, which the table gives."""
    measure = found.indicator.stages[found.stage]
    pupils = f"{found.stage.value.lower()}_enrollment"
    keys = [(key, "") for key in measure.plus] + [(key, "减去") for key in measure.minus]
    split = [("primary_enrollment", "分摊用"), ("junior_enrollment", "分摊用"), ("senior_enrollment", "分摊用")]
    is_split = any(value.is_split for value in found.values)
    added = dict.fromkeys(key for value in found.values for key in value.added)
    keys += [(key, "按过渡规定计入") for key in added] + [(pupils, "")]
    keys += [each for each in split if each[0] != pupils] if is_split else []
    for key, note in keys:
        item, letter = FIELD_BY_KEY[key], frozen.columns.get(key, "")
        cell = f"{letter} 列" if letter else ""
        yield SourceLine(item.header, "各校见下表", "", SCHOOL_SHEET, cell, item.source, "", note)


def _table(found: Coefficient, frozen: Frozen) -> Table:
    indicator, stage = found.indicator, found.stage
    part_places, parts = _part_places(found.variance), found.parts()
    rows = []
    for place, (school, value) in enumerate(zip(found.schools, found.values, strict=True)):
        code = frozen.code(school)
        is_known = value.value is not None and value.own is not None
        href = "" if frozen.is_ambiguous(school) else frozen.links.value(code, stage, indicator.code)
        pupils = "——" if value.pupils is None else str(value.pupils)
        rows.append(
            (
                Cell(frozen.name(school), frozen.links.school(code)),
                Cell(_cells(frozen, school, value)),
                Cell(pupils),
                Cell(decimal(value.own, 6) if is_known and value.own is not None else "无法核算"),
                Cell(decimal(value.value, 6) if value.value is not None else "无法核算", href),
                Cell(half_up(parts[place], part_places) if parts else "——"),
            )
        )
    is_whole = found.total is not None and found.variance is not None
    foot = (
        "合计", "", str(found.pupils) if found.pupils else "——",
        decimal(found.total, 6) if is_whole and found.total is not None else "——",
        f"平均 {decimal(found.mean, 6)}" if found.mean is not None else "——",
        half_up(found.variance, part_places) if found.variance is not None else "——",
    )  # fmt: skip
    return Table(
        f"{stage.label} {len(rows)} 所学校，逐校列出，可以照此重算",
        (
            Column("学校", is_number=False),
            Column("单元格", is_number=False),
            Column("在校生数 P"),
            Column(f"数额 x{_bracket(_unit(found))}"),
            Column(f"指标值 X（{indicator.unit}）"),
            Column("对 S² 的贡献"),
        ),
        tuple(rows),
        foot,
        f"单元格在工作表「{SCHOOL_SHEET}」。对 S² 的贡献 = (P ÷ ΣP) × (X − M)²。点指标值看该校的算式。"
        "数额和指标值最多印 6 位小数，计算用准确值。",
    )


def _cells(frozen: Frozen, school: int, value: Value) -> str:
    """The cells a value was read from; a school whose columns are not known has its row alone."""
    sheet = frozen.sheet(school)
    keys = dict.fromkeys((*value.plus, *value.minus, *value.added, *value.needed))
    cells = [cell for key in keys if (cell := sheet.cell(key))]
    return "、".join(cells) or "——"


def _bracket(unit: str) -> str:
    return f"（{unit.strip()}）" if unit else ""


def _part_places(variance: Fraction | None) -> int:
    """Decimals that show a part to a hundred-millionth of the whole."""
    if not variance:
        return 6
    size = int(f"{float(variance):e}".partition("e")[2])
    return min(12, max(2, _PART_DIGITS - size))


def _rounding(found: Coefficient, frozen: Frozen, limit: Fraction | None, text: str) -> Iterable[Step]:
    coefficient = found.coefficient()
    if coefficient is None or found.mean is None:
        return
    rounding = frozen.standard.rounding
    precise = _long(coefficient, 20)
    yield Step("准确值", f"CV {'=' if Fraction(precise) ** 2 == found.square else '≈'} {precise}")
    if limit is not None:
        yield Step("先判定", "用准确值与上限比较，不用修约后的数")
    usual = half_up(Fraction(coefficient), rounding.coefficient_places)
    yield Step("后修约", f"四舍五入到 {rounding.coefficient_places} 位小数：{usual}")
    if usual != text:
        is_blurred = limit is not None and found.square is not None and _is_blurred(text, found.square, limit)
        more = "；这些位数仍看不出差别，以“精确比较”为准" if is_blurred else ""
        yield Step("多印几位", f"{usual} 会让人误判，所以印作 {text}{more}")
    yield Step(
        "平均值",
        f"四舍五入到 {rounding.mean_places} 位小数：{half_up(found.mean, rounding.mean_places)} {found.indicator.unit}",
    )


# ── The composite ─────────────────────────────────────────────────────────────────────────────


def composite_explanation(frozen: Frozen, stage: Stage) -> Explanation:
    """The page of the mean of a stage's coefficients. Raises Disagreement."""
    found, standard = composite_of(frozen, stage), frozen.standard
    told = frozen.result["stages"][stage.value]
    decides = standard.decides_by_composite
    limit = standard.coefficient_limits[stage] if decides else None
    text = coefficient_text(
        told["composite"], told.get("composite_passed"), limit, standard.rounding.coefficient_places
    )
    missing = [each for each in found.coefficients if each.square is None]
    count = len(found.coefficients)
    subject = f"{stage.label}综合差异系数"
    if found.mean is None:
        codes = "、".join(each.indicator.code for each in missing)
        sentence = f"{subject}无法核算：{codes} 的差异系数无法核算。"
    elif decides and limit is not None:
        verb = "不高于" if found.passed else "高于"
        compared = f"为 {text}，{verb}上限 {plain(limit, 2)}" if text[:1].isdigit() else text
        sentence = f"{subject}{compared}，{'达标' if found.passed else '不达标'}。"
    else:
        sentence = f"{subject}为 {text}，是 {count} 个差异系数的平均值，只列出，不决定是否达标。"
    steps: tuple[Step, ...] = ()
    if found.mean is not None and found.total is not None:
        terms = " + ".join(_long(each.coefficient() or Decimal(0), 6) for each in found.coefficients)
        steps = (
            Step("合计", f"{terms} ≈ {_long(found.total)}"),
            Step("平均", f"{_long(found.total)} ÷ {count} ≈ {_long(found.mean)}"),
        )
        if limit is not None:
            sign = "≤" if found.passed else ">"
            steps += (Step("与上限比较", f"{_long(found.mean, 20)} {sign} {plain(limit, 2)}（以六十位小数比较）"),)
    rows = tuple(
        (
            Cell(f"{each.indicator.code} {each.indicator.name}"),
            Cell(
                "无法核算" if each.square is None else _long(each.coefficient() or Decimal(0)),
                frozen.links.coefficient(stage, each.indicator.code),
            ),
        )
        for each in found.coefficients
    )
    return Explanation(
        kind="综合差异系数",
        title=f"{stage.label}综合差异系数",
        sentence=sentence,
        mark=mark_of(told["composite_passed"]) if decides else MARKS[Status.UNKNOWN] if found.mean is None else _LISTED,
        requirement="" if limit is None else f"不高于 {plain(limit, 2)}。",
        formulas=(f"综合差异系数 = {count} 个差异系数之和 ÷ {count}",),
        steps=steps,
        why=tuple(
            Text(
                f"{each.indicator.code} {each.indicator.name}：差异系数无法核算",
                frozen.links.coefficient(stage, each.indicator.code),
            )
            for each in missing
        ),
        sources=(),
        tables=(Table(f"{stage.label}各项差异系数", (Column("指标", is_number=False), Column("差异系数")), rows),),
        rounding=()
        if found.mean is None
        else (
            Step("准确值", f"≈ {_long(found.mean, 20)}"),
            Step(
                "后修约",
                f"四舍五入到 {standard.rounding.coefficient_places} 位小数："
                f"{half_up(Fraction(found.mean), standard.rounding.coefficient_places)}",
            ),
        ),
        articles=(Article(standard.coefficient_words, f"{standard.name}（{standard.document}）"),),
        method=frozen.links.how("composite"),
        questions=questions_on(standard, "population"),
        links=(),
    )
