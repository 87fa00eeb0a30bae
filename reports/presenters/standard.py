"""A standard as a page: everything its document says, printed from the document itself."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from evaluation.core.rounding import plain
from evaluation.core.standard import CRITERION_GROUPS, Criterion, Indicator, Standard, parse_standard
from indicators.catalogue import FIELD_BY_KEY
from reports.presenters.verdict import percent
from schools.vocabulary import SponsorType, Stage

_BASIS = {"S": "学校数据", "C": "县级数据", "E": "督学评定"}


@lru_cache(maxsize=8)
def parsed(document: str) -> Standard:
    """The standard of a stored document; a document never changes, so it is read once."""
    return parse_standard(document.encode("utf-8"))


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
    """An indicator at one stage: its formula in headers of the form, its limit and the floor of it."""

    stage: str
    formula: str
    limit: str
    floor: str


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
    """One item of the rest, with its article and what it is judged from."""

    code: str
    name: str
    requirement: str
    article: str
    basis: str


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
    extends: str
    population: str
    exclusions: tuple[str, ...]
    sponsors: str
    split: str
    school_rule: str
    coefficient: str
    coefficient_limits: tuple[tuple[str, str], ...]
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
        extends=standard.extends,
        population=standard.population_words,
        exclusions=tuple(dict.fromkeys(exclusion.reason for exclusion in standard.exclusions)),
        sponsors="全部举办者类型"
        if standard.sponsors == set(SponsorType)
        else "、".join(sponsor.choice for sponsor in sorted(standard.sponsors)),
        split=standard.split_words,
        school_rule=standard.school_rule_words,
        coefficient=standard.coefficient_words,
        coefficient_limits=tuple(
            (stage.label, plain(limit, 2)) for stage, limit in standard.coefficient_limits.items()
        ),
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
        measures=tuple(
            MeasureLine(
                stage.label,
                _formula(indicator, stage),
                plain(indicator.stages[stage].limit),
                plain(indicator.stages[stage].limit * standard.floor_share),
            )
            for stage in Stage
        ),
        split="多学段学校先分摊" if indicator.shared else "各学段分别计算",
        article=indicator.article,
        source=indicator.source,
    )


def _formula(indicator: Indicator, stage: Stage) -> str:
    measure = indicator.stages[stage]
    text = " + ".join(FIELD_BY_KEY[key].header for key in measure.plus)
    text += "".join(f" − {FIELD_BY_KEY[key].header}" for key in measure.minus)
    if len(measure.plus) + len(measure.minus) > 1:
        text = f"({text})"
    times = f" × {indicator.factor}" if indicator.factor != 1 else ""
    return f"{text}{times} ÷ {stage.label}在校生数"


def _groups(standard: Standard) -> Iterable[CriterionGroupText]:
    for group, name in CRITERION_GROUPS.items():
        lines = tuple(_criterion(criterion) for criterion in standard.criteria if criterion.group == group)
        if lines:
            yield CriterionGroupText(name, lines)


def _criterion(criterion: Criterion) -> CriterionText:
    return CriterionText(
        code=criterion.code,
        name=criterion.name,
        requirement=criterion.requirement,
        article=criterion.article,
        basis="、".join(_BASIS[letter] for letter in criterion.basis),
    )
