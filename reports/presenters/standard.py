"""A standard as a page: everything its document says, printed from the document itself."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from evaluation.core.expression import in_words
from evaluation.core.rounding import plain
from evaluation.core.standard import CRITERION_GROUPS, RELAXATION_CODES, Criterion, Indicator, Standard, conditions_of
from evaluation.core.variants import Parent
from indicators.catalogue import FIELD_BY_KEY
from reports.presenters.verdict import percent
from schools.vocabulary import SponsorType, Stage

_BASIS = {"S": "学校数据", "C": "县级数据", "E": "督学评定", "P": "省级录入"}
_ASKS = {"where": "针对的学校", "condition": "核算条件"}


@dataclass(frozen=True, slots=True)
class Rule:
    """How a verdict is made, in the numbers of a standard."""

    indicators: int
    coefficients: int
    school_rule: str

    @classmethod
    def of(cls, standard: Standard) -> Rule:
        count = len(standard.indicators)
        return cls(count, count * len(Stage), standard.school_rule_words)


@dataclass(frozen=True, slots=True)
class MeasureLine:
    """An indicator at one stage: its formula in headers of the form, its limit and the floor of it, both empty where
    the standard sets none; ``before`` is the limit of the standard it makes stricter, empty where it is the same."""

    stage: str
    formula: str
    limit: str
    floor: str
    before: str


@dataclass(frozen=True, slots=True)
class IndicatorText:
    """A resource indicator as the standard page prints it."""

    code: str
    name: str
    unit: str
    measures: tuple[MeasureLine, ...]
    split: str
    article: str
    source: str


@dataclass(frozen=True, slots=True)
class CriterionText:
    """One item of the rest, with its article and what it is judged from. ``asks`` tells an item a province wrote as
    expressions in words; ``mark`` says where it adds to the standard it extends."""

    code: str
    name: str
    requirement: str
    article: str
    basis: str
    asks: tuple[str, ...]
    mark: str


@dataclass(frozen=True, slots=True)
class ChangeText:
    """One value that is stricter than in the standard at the root."""

    item: str
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class CriterionGroupText:
    """Items of one group, in the order of the document."""

    name: str
    lines: tuple[CriterionText, ...]


@dataclass(frozen=True, slots=True)
class RelaxationText:
    """A dated relaxation and when it is in force."""

    code: str
    criterion: str
    words: str
    article: str
    in_force: str


@dataclass(frozen=True, slots=True)
class StandardPage:
    """Everything a standard document says, as text."""

    name: str
    document: str
    issued_on: datetime.date
    parents: tuple[Parent, ...]
    changes: tuple[ChangeText, ...]
    added: tuple[str, ...]
    population: str
    exclusions: tuple[str, ...]
    sponsors: str
    split: str
    school_rule: str
    coefficient: str
    coefficient_limits: tuple[tuple[str, str, str], ...]
    decides_by_composite: bool
    has_limits: bool
    floor: str
    indicators: tuple[IndicatorText, ...]
    groups: tuple[CriterionGroupText, ...]
    relaxations: tuple[RelaxationText, ...]
    open_questions: tuple[tuple[str, str, str], ...]
    sha256: str


def standard_page(standard: Standard) -> StandardPage:
    """Everything the page of a standard prints."""
    return StandardPage(
        name=standard.name,
        document=standard.document,
        issued_on=standard.issued_on,
        parents=standard.parents,
        changes=tuple(_changes(standard)),
        added=tuple(f"{c.code} {c.name}" for c in standard.criteria if c.code in standard.added),
        population=standard.population_words,
        exclusions=tuple(dict.fromkeys(exclusion.reason for exclusion in standard.exclusions)),
        sponsors="全部举办者类型"
        if standard.sponsors == set(SponsorType)
        else "、".join(sponsor.choice for sponsor in sorted(standard.sponsors)),
        split=standard.split_words,
        school_rule=standard.school_rule_words,
        coefficient=standard.coefficient_words,
        coefficient_limits=tuple(
            (stage.label, plain(limit, 2), _before(standard, "差异系数", f"{stage.label}差异系数上限"))
            for stage, limit in standard.coefficient_limits.items()
        ),
        decides_by_composite=standard.decides_by_composite,
        has_limits=standard.has_school_rule,
        floor=percent(standard.floor_share),
        indicators=tuple(_indicator(indicator, standard) for indicator in standard.indicators),
        groups=tuple(_groups(standard)),
        relaxations=tuple(
            RelaxationText(
                relaxation.code,
                relaxation.criterion,
                relaxation.words,
                relaxation.article,
                f"{relaxation.in_force_from:%Y-%m-%d} 起"
                + (f"，至 {relaxation.in_force_until:%Y-%m-%d}" if relaxation.in_force_until else ""),
            )
            for relaxation in standard.relaxations
        ),
        open_questions=tuple((q.criterion, q.question, q.effect) for q in standard.open_questions),
        sha256=standard.sha256,
    )


def _indicator(indicator: Indicator, standard: Standard) -> IndicatorText:
    return IndicatorText(
        code=indicator.code,
        name=indicator.name,
        unit=indicator.unit,
        measures=tuple(_measure(indicator, stage, standard) for stage in Stage),
        split="多学段学校先分摊" if indicator.shared else "各学段分别计算",
        article=indicator.article,
        source=indicator.source,
    )


def _measure(indicator: Indicator, stage: Stage, standard: Standard) -> MeasureLine:
    limit = indicator.stages[stage].limit
    return MeasureLine(
        stage.label,
        formula_of(indicator, stage),
        "" if limit is None else plain(limit),
        "" if limit is None else plain(limit * standard.floor_share),
        _before(standard, indicator.code, f"{stage.label}下限"),
    )


def _before(standard: Standard, item: str, label: str) -> str:
    """The value of the standard at the root where this one makes it stricter, empty elsewhere."""
    return next((c.before for c in standard.changes if (c.item, c.label) == (item, label)), "")


def _changes(standard: Standard) -> Iterable[ChangeText]:
    names = {i.code: i.short_name for i in standard.indicators} | {c.code: c.name for c in standard.criteria}
    for change in standard.changes:
        name = f"{change.item} {names[change.item]}" if change.item in names else change.item
        if change.item in RELAXATION_CODES:
            name = f"特殊规定 {change.item}"
        yield ChangeText(name, change.label, change.before, change.after)


def formula_of(indicator: Indicator, stage: Stage) -> str:
    """An indicator at a stage in the headers of the form: (A + B − C) × factor ÷ pupils."""
    measure = indicator.stages[stage]
    text = " + ".join(FIELD_BY_KEY[key].header for key in measure.plus)
    text += "".join(f" − {FIELD_BY_KEY[key].header}" for key in measure.minus)
    if len(measure.plus) + len(measure.minus) > 1:
        text = f"({text})"
    times = f" × {indicator.factor}" if indicator.factor != 1 else ""
    return f"{text}{times} ÷ {stage.label}在校生数"


def _groups(standard: Standard) -> Iterable[CriterionGroupText]:
    for group, name in CRITERION_GROUPS.items():
        lines = tuple(_criterion(criterion, standard) for criterion in standard.criteria if criterion.group == group)
        if lines:
            yield CriterionGroupText(name, lines)


def _criterion(criterion: Criterion, standard: Standard) -> CriterionText:
    asked = {name: in_words(condition) for name, condition in conditions_of(criterion).items()}
    is_changed = any(change.item == criterion.code for change in standard.changes)
    return CriterionText(
        code=criterion.code,
        name=criterion.name,
        requirement=criterion.requirement,
        article=criterion.article,
        basis="、".join(_BASIS[letter] for letter in criterion.basis),
        asks=tuple(f"{_ASKS[name]}：{words}" for name, words in asked.items()),
        mark="新增" if criterion.code in standard.added else "加严" if is_changed else "",
    )
