"""How everything is computed, printed from a standard's document and the list of the method, each step with a worked
example that the kernel computed from a small county."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from evaluation.core.method import STEP_BY_KEY, MethodStep
from evaluation.core.rounding import plain
from evaluation.core.standard import CRITERION_GROUPS, Criterion, Indicator, Standard
from indicators.catalogue import FIELD_BY_KEY
from reports.presenters.explain import Frozen
from reports.presenters.explain.coefficient import coefficient_explanation, composite_explanation
from reports.presenters.explain.item import item_explanation, school_item_explanation
from reports.presenters.explain.page import Step, questions_on, said
from reports.presenters.explain.recount import Coefficient, coefficient_of
from reports.presenters.explain.value import value_explanation
from reports.presenters.standard import formula_of
from reports.presenters.verdict import NO_NAME, percent, verdict_page
from schools.vocabulary import SchoolType, Stage

#: Decimals of a worked example; more would hide the way.
_PLACES = 9


@dataclass(frozen=True, slots=True)
class Limit:
    """What something is held to; ``before`` is the value of the standard made stricter, empty where it is the same."""

    label: str
    text: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class MethodEntry:
    """One step, indicator or item. ``example`` is worked with the example county, ``outcome`` its sentence."""

    anchor: str
    code: str
    title: str
    mark: str
    words: tuple[str, ...]
    formulas: tuple[str, ...]
    limits: tuple[Limit, ...]
    form: str
    article: str
    example_of: str
    example: tuple[Step, ...]
    outcome: str
    questions: tuple[tuple[str, str], ...]
    function: str
    test: str


@dataclass(frozen=True, slots=True)
class MethodSection:
    """Entries of one kind, in the order of the document."""

    anchor: str
    title: str
    entries: tuple[MethodEntry, ...]


@dataclass(frozen=True, slots=True)
class MethodPage:
    """Everything the method page prints; ``schools`` are those of the example county: name, type, pupils, and
    whether it counts."""

    name: str
    sections: tuple[MethodSection, ...]
    schools: tuple[tuple[str, str, str, str], ...]
    conclusion: str


def method_page(standard: Standard, example: Frozen) -> MethodPage:
    """The page of a standard. ``example`` is the example county judged against it. Raises Disagreement where the worked
    example does not agree with the kernel."""
    sections = [
        MethodSection("steps", "总的步骤", tuple(_steps(standard, example))),
        MethodSection(
            "indicators", "资源配置指标", tuple(_indicator(each, standard, example) for each in standard.indicators)
        ),
    ]
    for group, name in CRITERION_GROUPS.items():
        entries = tuple(_criterion(each, standard, example) for each in standard.criteria if each.group == group)
        if entries:
            sections.append(MethodSection(group, name, entries))
    return MethodPage(
        standard.name,
        tuple(sections),
        tuple(_schools(example)),
        verdict_page(example.result, standard, {}).conclusion.sentence,
    )


def _schools(example: Frozen) -> Iterable[tuple[str, str, str, str]]:
    excluded = {school["code"]: school["reason"] for school in example.result["excluded"]}
    for school, report in enumerate(example.schools):
        kind = report.values["school_type"]
        pupils = "，".join(
            f"{stage.label} {example.pupils(school, stage)} 人" for stage in Stage if example.is_present(school, stage)
        )
        yield (
            str(report.values.get("name") or NO_NAME),
            kind.label if isinstance(kind, SchoolType) else "",
            pupils,
            excluded.get(example.code(school), "参与计算"),
        )


# ── The steps that are no item ────────────────────────────────────────────────────────────────


def _entry(step: MethodStep, anchor: str, words: Iterable[str] = (), **more: object) -> MethodEntry:
    told: dict[str, object] = {
        "code": "", "title": step.title, "mark": "", "limits": (), "form": "", "article": "", "example_of": "",
        "example": (), "outcome": "", "questions": (), "formulas": (step.formula,) if step.formula != "——" else (),
    }  # fmt: skip
    return MethodEntry(
        anchor=anchor,
        words=(*filter(None, words), step.words),
        function=f"evaluation/core/{step.function[0]}.py {step.function[1]}",
        test=f"tests/evaluation/{step.test[0]}.py {step.test[1]}",
        **(told | more),  # type: ignore[arg-type]
    )


def _steps(standard: Standard, example: Frozen) -> Iterable[MethodEntry]:
    first = standard.indicators[0]
    stage = next(stage for stage in Stage if example.rows(stage))
    counted = [example.name(school) for school in example.rows(stage)]
    yield _entry(
        STEP_BY_KEY["population"], "population", [standard.population_words],
        example_of=f"示例县{stage.label}", example=(Step("参与计算", "、".join(counted)),),
        questions=questions_on(standard, "population"),
    )  # fmt: skip
    yield _split(standard, example)
    yield _entry(STEP_BY_KEY["value"], "value")
    if standard.has_school_rule:
        yield _entry(STEP_BY_KEY["attained"], "attained", limits=(Limit("规定比例", percent(standard.floor_share)),))
        yield _school_rule(standard, example)
    coefficient = coefficient_explanation(example, stage, first)
    each_school = _contributions(example, coefficient_of(example, stage, first))
    limits = tuple(_coefficient_limits(standard))
    is_each = not standard.decides_by_composite
    yield _entry(
        STEP_BY_KEY["coefficient"], "coefficient", [standard.coefficient_words], limits=limits if is_each else (),
        example_of=f"示例县{stage.label} {first.code}", example=(*each_school, *coefficient.steps),
        outcome=coefficient.sentence,
    )  # fmt: skip
    if is_each:
        yield _entry(STEP_BY_KEY["settled"], "settled")
    composite = composite_explanation(example, stage)
    yield _entry(
        STEP_BY_KEY["composite"], "composite", limits=() if is_each else limits, example_of=f"示例县{stage.label}",
        example=composite.steps, outcome=composite.sentence,
    )  # fmt: skip
    if standard.relaxations:
        codes = (each.code for each in standard.relaxations)
        yield _entry(STEP_BY_KEY["relaxations"], "relaxations", questions=questions_on(standard, *codes))
    for key in ("sensitivity", "firmness"):
        yield _entry(STEP_BY_KEY[key], key)
    verdict = verdict_page(example.result, standard, {}).conclusion
    yield _entry(STEP_BY_KEY["verdict"], "verdict", example_of="示例县", outcome=verdict.sentence)
    yield _entry(STEP_BY_KEY["conclusion"], "conclusion")


def _coefficient_limits(standard: Standard) -> Iterable[Limit]:
    for stage, limit in standard.coefficient_limits.items():
        label = f"{stage.label}差异系数上限"
        before = next((c.before for c in standard.changes if (c.item, c.label) == ("差异系数", label)), "")
        yield Limit(label, plain(limit, 2), before)


def _contributions(example: Frozen, found: Coefficient) -> Iterable[Step]:
    """Every school of a coefficient: pupils, amount, value, part of the variance."""
    for school, value, part in zip(found.schools, found.values, found.parts(), strict=True):
        told = [f"x {said(value.own or Fraction(0), _PLACES)}", f"X {said(value.value or Fraction(0), _PLACES)}"]
        told.append(f"(P÷ΣP)×(X−M)² {said(part, _PLACES)}")
        yield Step(example.name(school), f"P = {value.pupils}，{'，'.join(told)}")


def _split(standard: Standard, example: Frozen) -> MethodEntry:
    shared = next((each for each in standard.indicators if each.shared), None)
    school = next((i for i in range(len(example.schools)) if all(example.counts(i, stage) for stage in Stage)), None)
    told = {}
    if shared is not None and school is not None:
        explained = value_explanation(example, school, Stage.JUNIOR, shared)
        told = {
            "example_of": f"{example.name(school)} {shared.code} {shared.short_name}，{Stage.JUNIOR.label}",
            "example": explained.steps,
        }
    return _entry(STEP_BY_KEY["split"], "split", [standard.split_words], **told)


def _school_rule(standard: Standard, example: Frozen) -> MethodEntry:
    rows = [row for stage in verdict_page(example.result, standard, {}).stages for row in stage.rows]
    return _entry(
        STEP_BY_KEY["school_rule"], "school_rule", [standard.school_rule_words],
        limits=(
            Limit("规定项数", f"{standard.attained_at_least} 项，共 {len(standard.indicators)} 项"),
            Limit("规定比例", percent(standard.floor_share)),
        ),
        example_of="示例县各校",
        example=tuple(Step(f"{row.name} {row.stage}", f"{row.mark.label}；{row.remark}") for row in rows),
    )  # fmt: skip


# ── Indicators and items ──────────────────────────────────────────────────────────────────────


def _indicator(indicator: Indicator, standard: Standard, example: Frozen) -> MethodEntry:
    stage = next(stage for stage in Stage if example.rows(stage))
    school = next((i for i in example.rows(stage) if len(_stages(example, i)) > 1), example.rows(stage)[0])
    explained = value_explanation(example, school, stage, indicator)
    coefficient = coefficient_explanation(example, stage, indicator)
    limits = []
    for at in Stage:
        limit = indicator.stages[at].limit
        if limit is not None:
            before = _before(standard, indicator.code, f"{at.label}下限")
            limits.append(Limit(f"{at.label}不低于", f"{plain(limit)} {indicator.unit}", before))
            limits.append(Limit(f"其 {percent(standard.floor_share)}", f"{plain(limit * standard.floor_share)}"))
    forms = dict.fromkeys(
        FIELD_BY_KEY[key].source
        for measure in indicator.stages.values()
        for key in (*measure.plus, *measure.minus)
        if FIELD_BY_KEY[key].source
    )
    return _entry(
        STEP_BY_KEY["value"], indicator.code,
        [f"{indicator.name}，单位{indicator.unit}。{'多学段学校先分摊' if indicator.shared else '各学段分别计算'}"],
        code=indicator.code, title=indicator.name, mark=_mark(standard, indicator.code),
        formulas=tuple(formula_of(indicator, at) for at in Stage), limits=tuple(limits),
        form=indicator.source or "、".join(forms), article=indicator.article,
        example_of=f"{example.name(school)} {stage.label}",
        example=(*explained.steps, *(step for step in coefficient.steps if step.label in _COUNTY_STEPS)),
        outcome=f"{explained.sentence}{coefficient.sentence}",
        questions=questions_on(standard, indicator.code),
    )  # fmt: skip


_COUNTY_STEPS = ("平均值 M", "标准差 S", "差异系数 CV", "与上限比较")


def _stages(example: Frozen, school: int) -> list[Stage]:
    return [stage for stage in Stage if example.counts(school, stage)]


def _before(standard: Standard, item: str, label: str) -> str:
    return next((c.before for c in standard.changes if (c.item, c.label) == (item, label)), "")


def _mark(standard: Standard, code: str) -> str:
    if code in standard.added:
        return "新增"
    return "加严" if any(change.item == code for change in standard.changes) else ""


def _criterion(criterion: Criterion, standard: Standard, example: Frozen) -> MethodEntry:
    explained = item_explanation(example, criterion)
    step = STEP_BY_KEY[criterion.rule]
    schools = [
        page
        for page in (school_item_explanation(example, criterion, i) for i in range(len(example.schools)))
        if page is not None
    ]
    lines = tuple(Step(page.title.partition("：")[0], f"{page.steps[0].text}（{page.mark.label}）") for page in schools)
    read = [line for page in (*schools, explained) for line in page.sources]
    forms = dict.fromkeys(f"{line.form}：{line.what}" if line.form != "县级数据" else line.what for line in read)
    return _entry(
        step, criterion.code, [criterion.requirement],
        code=criterion.code, title=criterion.name, mark=_mark(standard, criterion.code),
        formulas=explained.formulas,
        limits=tuple(Limit(c.label, c.after, c.before) for c in standard.changes if c.item == criterion.code),
        form="；".join(forms), article=criterion.article, example_of="示例县" if lines or explained.steps else "",
        example=(*lines, *explained.steps), outcome=explained.sentence, questions=explained.questions,
    )  # fmt: skip
