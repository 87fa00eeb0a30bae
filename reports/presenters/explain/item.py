"""One item besides the resource indicators explained: for the county, and for one school of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from evaluation.core.expression import in_words
from evaluation.core.method import STEP_BY_KEY
from evaluation.core.rounding import shown
from evaluation.core.standard import Criterion, Relaxation, conditions_of
from evaluation.core.status import Status
from indicators.catalogue import COUNTY_ITEM_BY_CODE
from reports.presenters.explain import county_rules, school_rules
from reports.presenters.explain.expressions import expression
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
    check_agrees,
    exactly,
    questions_on,
)
from reports.presenters.explain.parts import Figure, ItemCount, SchoolPart, State
from reports.presenters.figures import MARKS, Mark

RULES: Mapping[str, Callable[[Frozen, Criterion, bool], ItemCount]] = {
    "": county_rules.awaits_inspector,
    "special_rooms": school_rules.special_rooms,
    "school_size": school_rules.school_size,
    "class_size": school_rules.class_size,
    "small_school_funds": school_rules.small_school_funds,
    "every_teacher": school_rules.every_teacher,
    "in_zone_share": school_rules.in_zone_share,
    "retention": school_rules.retention,
    "training_funds": school_rules.training_funds,
    "monitoring": county_rules.monitoring,
    "county_ratios": county_rules.county_ratios,
    "years_since": county_rules.years_since,
    "survey": county_rules.survey,
    "expression": expression,
}
_STATE_MARKS = {
    State.MET: MARKS[Status.MET],
    State.SHORT: Mark("not_met", "✗", "未达到"),
    State.UNKNOWN: MARKS[Status.UNKNOWN],
    State.OUTSIDE: Mark("plain", "", "不计入"),
}
#: An item that sums over schools asks nothing of a single one: its schools are counted or not.
_COUNTED = Mark("plain", "", "计入")
_ORDER = (State.SHORT, State.UNKNOWN, State.MET, State.OUTSIDE)
_WHO = {
    "E": "由督学根据佐证材料评定，系统不核算。",
    "P": "结果由国家或省级提供，由省级录入；县不能填报。",
    "C": "由县级数据核算。",
    "S": "由学校数据核算。",
}


# ── Computed again and held against the verdict ───────────────────────────────────────────────


def item_of(frozen: Frozen, criterion: Criterion) -> tuple[ItemCount, Status]:
    """An item computed again, and its status after what people decided; both agree with the verdict. Raises
    Disagreement."""
    found = RULES[criterion.rule](frozen, criterion, True)
    status = _settled(frozen, criterion, found.status)
    if frozen.is_relaxed and status is Status.MET:
        strict = _settled(frozen, criterion, RULES[criterion.rule](frozen, criterion, False).status)
        status = Status.MET if strict is Status.MET else Status.EXEMPT
    _check(frozen, criterion, found, status)
    return found, status


def _settled(frozen: Frozen, criterion: Criterion, status: Status) -> Status:
    """What an inspector judged beside what was computed: both must be met."""
    judged = frozen.decided.judged.get(criterion.code)
    if judged is None or "E" not in criterion.basis:
        return status
    if not judged.is_met:
        return Status.NOT_MET
    return Status.MET if status is Status.TO_JUDGE else status


def _check(frozen: Frozen, criterion: Criterion, found: ItemCount, status: Status) -> None:
    told = frozen.result["criteria"][criterion.code]
    check_agrees(f"{criterion.code} status", status.value, told["status"])
    check_agrees(f"{criterion.code} value", _plain_float(found.value), told["value"])
    figures = {name: _plain_value(figure) for name, figure in found.figures.items()}
    check_agrees(f"{criterion.code} figures", figures, told.get("figures", {}))
    if found.lists_short:
        check_agrees(f"{criterion.code} schools", _codes(frozen, found, State.SHORT), told["schools"])
    if "unknown_schools" in told:
        check_agrees(f"{criterion.code} unknown", _codes(frozen, found, State.UNKNOWN), told["unknown_schools"])


def _codes(frozen: Frozen, found: ItemCount, state: State) -> list[str]:
    return [frozen.code(school) for school in found.schools(state)]


def _plain_float(value: Fraction | int | None) -> float | int | None:
    return float(value) if isinstance(value, Fraction) else value


def _plain_value(figure: Figure) -> float | int | str | None:
    if isinstance(figure, Fraction):
        return int(figure) if figure.denominator == 1 else float(figure)
    return figure


# ── The county's page ─────────────────────────────────────────────────────────────────────────


def item_explanation(frozen: Frozen, criterion: Criterion) -> Explanation:
    """The page of one item of the county. Raises Disagreement."""
    found, status = item_of(frozen, criterion)
    told = frozen.result["criteria"][criterion.code]
    return Explanation(
        kind="逐项要求",
        title=f"{criterion.code} {criterion.name}",
        sentence=_sentence(frozen, criterion, status, told),
        mark=MARKS[status],
        requirement=criterion.requirement,
        formulas=tuple(_formulas(criterion)),
        steps=(*found.steps, *_people_steps(frozen, criterion, told)),
        why=tuple(_why(frozen, criterion, found)) if status is Status.UNKNOWN else (),
        sources=tuple(_sources(frozen, criterion, found)),
        tables=tuple(_tables(frozen, criterion, found)),
        rounding=tuple(_rounding(frozen, criterion, found)),
        articles=_articles(frozen, criterion),
        method=frozen.links.how(criterion.code),
        questions=questions_on(frozen.standard, *_subjects(frozen, criterion)),
        links=(),
        notes=tuple(_who(criterion)),
    )


def _who(criterion: Criterion) -> Iterable[str]:
    """Who decides the item. What is judged beside a figure can only refuse it or complete it."""
    if not criterion.rule:
        yield _WHO["E"]
        return
    yield from (_WHO[letter] for letter in criterion.basis if letter != "E")
    if "E" in criterion.basis:
        completes = "未评定的，本项待评定；" if criterion.then == Status.TO_JUDGE else ""
        yield f"核算之外，督学还根据佐证材料评定：{completes}评定为不达标的，本项不达标。"


def _sentence(frozen: Frozen, criterion: Criterion, status: Status, told: Mapping[str, Any]) -> str:
    label = MARKS[status].label
    words = told["sentence"]
    if status is Status.EXEMPT:
        return f"{criterion.name}：{words or '有学校用了过渡规定'}；只因批准的过渡规定才达标，记为{label}。"
    if words:
        return f"{criterion.name}：{words}，{label}。"
    judged = frozen.decided.judged.get(criterion.code)
    if judged is not None and "E" in criterion.basis:
        return f"{criterion.name}：督学评定为{label}。"
    if status is Status.TO_JUDGE:
        waits = "还没有评定" if "E" in criterion.basis else "结果还没有录入"
        return f"{criterion.name}：{waits}，{label}，不能视为达标。"
    return f"{criterion.name}：{label}。"


def _formulas(criterion: Criterion) -> Iterable[str]:
    asked = {name: in_words(condition) for name, condition in conditions_of(criterion).items()}
    if asked:
        if "where" in asked:
            yield f"针对的学校：{asked['where']}"
        yield f"条件：{asked['condition']}"
    elif criterion.parts:
        for part in criterion.parts:
            above, below = (_added(codes) for codes in (part.numerator, part.denominator))
            times = f" × {exactly(part.factor)}" if part.factor != 1 else ""
            least = f" ≥ {exactly(part.limit)}" if part.limit else "（只列出，不设限值）"
            yield f"{above}{times} ÷ {below}{least}"
    elif criterion.rule:
        yield STEP_BY_KEY[criterion.rule].formula


def _added(codes: Iterable[str]) -> str:
    names = [COUNTY_ITEM_BY_CODE[code].name for code in codes]
    return names[0] if len(names) == 1 else f"({' + '.join(names)})"


def _people_steps(frozen: Frozen, criterion: Criterion, told: Mapping[str, Any]) -> Iterable[Step]:
    judged = frozen.decided.judged.get(criterion.code)
    if "E" in criterion.basis:
        if judged is None:
            yield Step("督学评定", "还没有评定")
        else:
            opinion = f"：{judged.opinion}" if judged.opinion else ""
            yield Step("督学评定", f"{'达标' if judged.is_met else '不达标'}{opinion}")
    if told.get("document"):
        yield Step("录入依据", told["document"])


def _why(frozen: Frozen, criterion: Criterion, found: ItemCount) -> Iterable[Text]:
    for code in found.codes:
        if frozen.figure(code) is None:
            line = frozen.figure_source(code)
            place = f"（{line.cell}）" if line.cell else ""
            stood = f"，原填“{line.original}”" if line.original else ""
            yield Text(f"县级数据 {line.what}{place}{line.value}{stood}")
    for part in found.parts:
        if part.state is State.UNKNOWN:
            lacking = "、".join(_lacking(frozen, part)) or part.words
            yield Text(f"{frozen.name(part.school)}：{lacking}", frozen.links.school(frozen.code(part.school)))
    if not frozen.is_certain:
        yield Text("有学校的标识码、办学类型或举办者不明确，本县有哪些学校不能确定")
    for part in criterion.parts:
        below = [frozen.figure(code) for code in part.denominator]
        if None not in below and not sum(below, Fraction(0)):  # type: ignore[arg-type]
            yield Text(f"{_added(part.denominator)}为 0，比例没有意义")


def _lacking(frozen: Frozen, part: SchoolPart) -> list[str]:
    """The cells of a school that give no number; a stage it does not have and rooms it does not have are no lack."""
    school = frozen.schools[part.school]
    missing = [
        key
        for key in part.keys
        if school.values.get(key) is None or key in school.rejected
        if key != "senior_enrollment" or int(frozen.people.senior[part.school]) < 0
    ]
    words = []
    for key in missing:
        line = frozen.source(part.school, key)
        place = f"（{line.cell}）" if line.cell else ""
        stood = f"，原填“{line.original}”" if line.original else ""
        words.append(f"{line.what}{place}{line.value}{stood}")
    return words


def _sources(frozen: Frozen, criterion: Criterion, found: ItemCount) -> Iterable[SourceLine]:
    yield from (frozen.figure_source(code) for code in found.codes)
    if criterion.rule == "survey":
        supplied = frozen.decided.supplied.get(criterion.code)
        for name, what in _SURVEY_NAMES.items():
            if supplied is not None and name in supplied.figures:
                yield frozen.supplied_source(criterion.code, name, what, "份" if "走访" not in what else "人")


_SURVEY_COUNTS = {
    "issued": "发放问卷", "valid": "有效问卷", "satisfied": "满意问卷", "visited": "走访人数",
    "visited_satisfied": "走访中满意的",
}  # fmt: skip
_SURVEY_NAMES = _SURVEY_COUNTS | {f"parents_{name}": f"其中家长：{what}" for name, what in _SURVEY_COUNTS.items()}


def _tables(frozen: Frozen, criterion: Criterion, found: ItemCount) -> Iterable[Table]:
    if not found.parts:
        return
    ordered = sorted(found.parts, key=lambda part: _ORDER.index(part.state))
    rows = tuple(
        (
            Cell(frozen.name(part.school), _school_href(frozen, criterion, part.school)),
            Cell(str(frozen.schools[part.school].row) if frozen.schools[part.school].row else "——"),
            Cell(part.words),
            Cell("", "", _mark(part, found)),
        )
        for part in ordered
    )
    short = sum(part.state is State.SHORT for part in found.parts)
    counted = f"，未达到的 {short} 所在前" if short else ""
    columns = (Column("学校", False), Column("行"), Column("代入该校数据", False), Column("该校", False))
    note = "“行”是「学校数据」的行号。点学校看所用的每个单元格。"
    yield Table(f"逐校列出，{len(rows)} 所{counted}", columns, rows, note=note)


def _mark(part: SchoolPart, found: ItemCount) -> Mark:
    return _COUNTED if part.state is State.MET and not found.lists_short else _STATE_MARKS[part.state]


def _school_href(frozen: Frozen, criterion: Criterion, school: int) -> str:
    return "" if frozen.is_ambiguous(school) else frozen.links.school_item(criterion.code, frozen.code(school))


def _rounding(frozen: Frozen, criterion: Criterion, found: ItemCount) -> Iterable[Step]:
    places, limits = frozen.standard.rounding.ratio_places, {part.figure: part for part in criterion.parts}
    is_ratio = criterion.rule != "years_since"
    for name, figure in found.figures.items():
        if isinstance(figure, Fraction) and is_ratio and (criterion.rule != "survey" or name == "share"):
            part = limits.get(name)
            own_places = part.places if part is not None and part.places >= 0 else places
            limit = part.limit if part is not None else _limit(criterion, name)
            printed = shown(figure, own_places, limit)
            yield Step("准确值 → 印出", f"{exactly(figure)} → {printed}（{own_places} 位小数，四舍五入，先判定后修约）")


def _limit(criterion: Criterion, figure: str) -> Fraction | None:
    named = figure.removesuffix("_share")
    name = "limit" if "limit" in criterion.parameters else named
    if criterion.rule == "every_teacher":
        return Fraction(100)
    return criterion.number(name) if name in criterion.parameters else None


def _articles(frozen: Frozen, criterion: Criterion, *relaxations: Relaxation) -> tuple[Article, ...]:
    document = f"{frozen.standard.name}（{frozen.standard.document}）"
    return (
        Article(criterion.article, document),
        *(Article(f"{each.code}：{each.words}", each.article) for each in relaxations),
    )


def _subjects(frozen: Frozen, criterion: Criterion) -> tuple[str, ...]:
    softening = (each.code for each in frozen.standard.relaxations if each.criterion == criterion.code)
    return (criterion.code, criterion.rule, *(softening if frozen.is_relaxed else ()))


# ── One school ────────────────────────────────────────────────────────────────────────────────


def school_item_explanation(frozen: Frozen, criterion: Criterion, school: int) -> Explanation | None:
    """The page of one item at one school; None where the item does not look at that school. Raises Disagreement."""
    found, status = item_of(frozen, criterion)
    part = next((each for each in found.parts if each.school == school), None)
    if part is None:
        return None
    relaxation = frozen.works(school, criterion.code)
    name = frozen.name(school)
    mark = _mark(part, found)
    lacking = _lacking(frozen, part) if part.state is State.UNKNOWN else []
    return Explanation(
        kind="逐项要求：一所学校",
        title=f"{name}：{criterion.code} {criterion.name}",
        sentence=f"{name}：{part.words}，{mark.label}。",
        mark=mark,
        requirement=criterion.requirement,
        formulas=tuple(_formulas(criterion)),
        steps=(Step("代入", part.words), Step("全县这一项", MARKS[status].label)),
        why=tuple(Text(words, frozen.links.school(frozen.code(school))) for words in lacking),
        sources=(
            *(frozen.source(school, key) for key in part.keys),
            *(frozen.figure_source(code) for code in part.codes),
        ),
        tables=(),
        rounding=(Step("不修约", "比较用填报的准确值，单个学校的结果不修约"),),
        articles=_articles(frozen, criterion, *((relaxation,) if relaxation else ())),
        method=frozen.links.how(criterion.code),
        questions=questions_on(frozen.standard, *_subjects(frozen, criterion)),
        links=(
            Text(f"全县 {criterion.code} {criterion.name}", frozen.links.item(criterion.code)),
            Text("本校全部指标", frozen.links.school(frozen.code(school))),
        ),
        notes=("有几行填了同一个学校标识码，这里是其中的第一行。",) if frozen.is_ambiguous(school) else (),
    )
