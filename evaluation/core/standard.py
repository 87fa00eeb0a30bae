"""A standard as a document: limits, wording, weights and rules read from TOML into frozen objects. Pure.

A document is hashed as it stands and never edited. Anything it says that this module does not know is
refused by name: a silently ignored limit would be a wrong verdict.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

from evaluation.core.criterion import CRITERION_GROUPS, Criterion, RatioPart, conditions_of, read_criterion
from evaluation.core.document import Document, StandardRefused, read_document
from evaluation.core.reader import Reader
from evaluation.core.softening import SOFTENINGS
from evaluation.core.values import PLACES, POSITIVE, SHARE, WHOLE, WHOLE_FACTOR, Bounds
from evaluation.core.variants import Change, Parent, Resolved, extended, extended_document
from indicators.catalogue import DECIMAL_SCALE, FIELD_BY_KEY
from schools.vocabulary import SchoolType, SponsorType, Stage

__all__ = [
    "CRITERION_GROUPS", "Criterion", "Exclusion", "Indicator", "OpenQuestion", "RatioPart", "Relaxation", "Rounding",
    "StageMeasure", "Standard", "StandardRefused", "conditions_of", "parse_standard", "read_standard",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Schools of ``school_type`` stay out: all of them, or those with fewer compulsory pupils than the bound."""

    school_type: SchoolType
    reason: str
    fewer_pupils_than: int | None


@dataclass(frozen=True, slots=True)
class StageMeasure:
    """How an indicator is taken at one stage: limit (exact, in the indicator's unit) and catalogue keys. A standard
    without a school rule may set no limit: then no school is held to one."""

    limit: Fraction | None
    plus: tuple[str, ...]
    minus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Indicator:
    """One resource indicator: value = (Σ plus − Σ minus) × factor ÷ pupils. ``shared`` assets are split
    between the stages of a school first. ``scale`` is the unit of the columns (millionths for decimals)."""

    code: str
    name: str
    short_name: str
    unit: str
    factor: int
    shared: bool
    article: str
    source: str
    scale: int
    stages: Mapping[Stage, StageMeasure]


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A dated switch that may be granted to a school; without a grant it changes nothing. ``criterion`` is the item
    or indicator it softens."""

    code: str
    criterion: str
    words: str
    article: str
    in_force_from: datetime.date
    in_force_until: datetime.date | None
    parameters: Mapping[str, str]

    def is_in_force(self, day: datetime.date) -> bool:
        """Whether the relaxation may be used on ``day``."""
        return self.in_force_from <= day and (self.in_force_until is None or day <= self.in_force_until)

    def number(self, name: str) -> Fraction:
        """A numeric parameter, exact."""
        return Fraction(self.parameters[name])


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question no text settles, the setting this document takes, and its effect in words."""

    code: str
    criterion: str
    question: str
    setting: str
    alternatives: tuple[str, ...]
    effect: str


@dataclass(frozen=True, slots=True)
class Rounding:
    """Places a figure is shown with, half up. Judging never uses them."""

    value_places: int
    mean_places: int
    coefficient_places: int
    ratio_places: int


@dataclass(frozen=True, slots=True)
class Standard:
    """One version of a standard. ``sha256`` is the hash of the document's bytes. One that extends another holds what
    both say together: ``parents`` are the documents under it, the nearest first, ``changes`` what it
    makes stricter, ``added`` the codes of its own items.

    ``has_school_rule`` is False where no school is judged by itself. ``decides_by_composite``: the mean of a stage's
    coefficients is held to ``coefficient_limits``, not each of them."""

    code: str
    name: str
    short_name: str
    document: str
    issued_on: datetime.date
    extends: str
    population_words: str
    sponsors: frozenset[SponsorType]
    sponsor_reason: str
    exclusions: tuple[Exclusion, ...]
    split_words: str
    weights: tuple[int, int, int]
    has_school_rule: bool
    school_rule_words: str
    attained_at_least: int
    floor_share: Fraction
    decides_by_composite: bool
    coefficient_words: str
    coefficient_limits: Mapping[Stage, Fraction]
    indicators: tuple[Indicator, ...]
    rounding: Rounding
    criteria: tuple[Criterion, ...]
    relaxations: tuple[Relaxation, ...]
    open_questions: tuple[OpenQuestion, ...]
    sha256: str
    parents: tuple[Parent, ...] = ()
    changes: tuple[Change, ...] = ()
    added: tuple[str, ...] = ()


def read_standard(path: Path) -> Standard:
    """The standard in the TOML file at ``path``; what it extends is read from files beside it, named by their codes.
    Raises StandardRefused with the line and the reason."""
    return parse_standard(path.read_bytes(), _Beside(path.parent))


class _Beside(Mapping[str, bytes]):
    """The documents of a folder by code, read when asked for. A code is checked before it becomes a name of a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, code: str) -> bytes:
        try:
            return (self._folder / f"{code}.toml").read_bytes()
        except OSError as error:
            raise KeyError(code) from error

    def __iter__(self) -> Iterator[str]:
        return (path.stem for path in sorted(self._folder.glob("*.toml")))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def parse_standard(content: bytes, known: Mapping[str, bytes] = MappingProxyType({})) -> Standard:
    """The standard whose document is ``content`` (UTF-8 TOML). ``known`` holds, by code, the documents it may extend.
    Raises StandardRefused."""
    return _parse(read_document(content), known, ())[1]


def _parse(document: Document, known: Mapping[str, bytes], line: tuple[str, ...]) -> tuple[Resolved, Standard]:
    resolved = Resolved(document.tables, document)
    if document.extends:
        parent = extended_document(document, known, line)
        try:
            under, _ = _parse(parent, known, (*line, document.code))
        except StandardRefused as error:
            raise StandardRefused(f"所依据的标准 {parent.code}：{error}") from error
        resolved = extended(document, under)
    return resolved, _standard(Reader(resolved.tables, resolved.refusal), resolved)


def _standard(reader: Reader, resolved: Resolved) -> Standard:
    population, split = reader.table("population"), reader.table("split")
    school_rule = reader.table("school_rule") if reader.has("school_rule") else None
    coefficient = reader.table("coefficient")
    if population.texts("stages") != tuple(stage.value for stage in Stage):
        raise population.refused(f"stages 应为 {[s.value for s in Stage]}", "stages")
    limits = coefficient.table("limits")
    decides = coefficient.text("decides", "each")
    if decides not in ("each", "composite"):
        raise coefficient.refused(f"decides = {decides!r} 应为 each 或 composite", "decides")
    weights = split.table("weights")
    indicators = tuple(_indicator(each, school_rule is not None) for each in reader.tables("indicators"))
    if not indicators:
        raise reader.refused("没有指标", "indicators")
    result = Standard(
        code=reader.text("code"),
        name=reader.text("name"),
        short_name=reader.text("short_name"),
        document=reader.text("document"),
        issued_on=reader.take("issued_on", datetime.date),
        extends=reader.text("extends", ""),
        population_words=population.text("words") + f"（{population.text('article')}）",
        sponsors=_sponsors(population),
        sponsor_reason=population.text("sponsor_reason"),
        exclusions=tuple(_exclusion(each) for each in population.tables("excluded")),
        split_words=split.text("words") + f"（{split.text('article')}）",
        weights=_whole_weights(weights),
        has_school_rule=school_rule is not None,
        school_rule_words=school_rule.text("words") + f"（{school_rule.text('article')}）" if school_rule else "",
        attained_at_least=school_rule.whole("attained_at_least", Bounds(1, len(indicators))) if school_rule else 0,
        floor_share=school_rule.exact("floor_share", SHARE) if school_rule else Fraction(0),
        decides_by_composite=decides == "composite",
        coefficient_words=coefficient.text("words") + f"（{coefficient.text('article')}）",
        coefficient_limits={stage: limits.exact(stage.value, POSITIVE) for stage in Stage},
        indicators=indicators,
        rounding=_rounding(reader.table("rounding")),
        criteria=tuple(read_criterion(each) for each in reader.tables("criteria")),
        relaxations=tuple(_relaxation(each) for each in reader.tables("relaxations")),
        open_questions=tuple(_open_question(each) for each in reader.tables("open_questions")),
        sha256=resolved.document.sha256,
        parents=resolved.parents,
        changes=resolved.changes,
        added=resolved.added,
    )
    for part in (reader, population, split, weights, school_rule, coefficient, limits):
        if part is not None:
            part.done()
    codes = [i.code for i in result.indicators] + [c.code for c in result.criteria]
    codes += [r.code for r in result.relaxations]
    if len(codes) != len(set(codes)):
        raise reader.refused("指标、项目或过渡规定的代码重复")
    _check_softened(result, reader)
    return result


#: A weight, and the whole numbers all of them come to: larger ones would leave the kernel's 64 bits.
_WEIGHT = Bounds(most=100, is_above=True)
_MOST_WHOLE_WEIGHT = 10_000


def _whole_weights(reader: Reader) -> tuple[int, int, int]:
    """1 : 1.1 : 1.32 as the smallest whole numbers, so that a split is exact integer arithmetic."""
    weights = [reader.exact(name, _WEIGHT) for name in ("PRIMARY", "JUNIOR", "SENIOR")]
    common = math.lcm(*(weight.denominator for weight in weights))
    whole = [int(weight * common) for weight in weights]
    shrink = math.gcd(*whole)
    if max(whole) // shrink > _MOST_WHOLE_WEIGHT:
        raise reader.refused(f"权重化为整数比后不能大于 {_MOST_WHOLE_WEIGHT}，请用较少的小数位")
    return whole[0] // shrink, whole[1] // shrink, whole[2] // shrink


def _sponsors(population: Reader) -> frozenset[SponsorType]:
    codes = population.take("sponsors", list)
    for position, code in enumerate(codes):
        if isinstance(code, bool) or code not in list(SponsorType):
            raise population.refused(f"sponsors 的 {code!r} 不是举办者类型代码，应为 1 至 10", "sponsors", position)
    return frozenset(SponsorType(code) for code in codes)


def _exclusion(reader: Reader) -> Exclusion:
    bound = reader.whole("fewer_pupils_than", WHOLE) if reader.has("fewer_pupils_than") else None
    result = Exclusion(reader.member("school_type", SchoolType), reader.text("reason"), bound)
    reader.done()
    return result


def _indicator(reader: Reader, needs_limits: bool) -> Indicator:
    stages = {}
    scales = set[int]()
    for stage in Stage:
        measure = reader.table(stage.value)
        limit = measure.exact("limit", POSITIVE) if needs_limits else None
        stages[stage] = StageMeasure(limit, measure.texts("plus"), measure.texts("minus"))
        measure.done()
        for key in (*stages[stage].plus, *stages[stage].minus):
            if key not in FIELD_BY_KEY or not FIELD_BY_KEY[key].kind.is_number:
                raise measure.refused(f"{key} 不是填报表的数值字段")
            scales.add(DECIMAL_SCALE if FIELD_BY_KEY[key].kind.is_scaled else 1)
    if len(scales) != 1:
        raise reader.refused("各字段的计量单位不一致")
    result = Indicator(
        code=reader.text("code"),
        name=reader.text("name"),
        short_name=reader.text("short_name"),
        unit=reader.text("unit"),
        factor=reader.whole("factor", WHOLE_FACTOR),
        shared=bool(reader.take("shared", bool)),
        article=reader.text("article"),
        source=reader.text("source"),
        scale=scales.pop(),
        stages=stages,
    )
    reader.done()
    return result


def _rounding(reader: Reader) -> Rounding:
    reader.text("words")
    if reader.text("mode") != "half_up":
        raise reader.refused("mode 只支持 half_up", "mode")
    result = Rounding(
        reader.whole("value_places", PLACES),
        reader.whole("mean_places", PLACES),
        reader.whole("coefficient_places", PLACES),
        reader.whole("ratio_places", PLACES),
    )
    reader.done()
    return result


RELAXATION_CODES = tuple(SOFTENINGS)


def _check_softened(standard: Standard, reader: Reader) -> None:
    """What a relaxation softens is there, and is what the kernel takes it for."""
    softened: dict[str, str | int] = {each.code: each.scale for each in standard.indicators}
    softened |= {each.code: each.rule for each in standard.criteria}
    for table, relaxation in zip(reader.tables("relaxations"), standard.relaxations, strict=True):
        declared = SOFTENINGS[relaxation.code]
        if softened.get(declared.criterion) != declared.softens:
            raise table.refused(
                f"这个标准没有 {declared.criterion}，或者它不是 {relaxation.code} 所放宽的那一项", "criterion"
            )


def _relaxation(reader: Reader) -> Relaxation:
    until = reader.take("in_force_until", datetime.date, datetime.date.max)
    result = Relaxation(
        code=reader.text("code"),
        criterion=reader.text("criterion"),
        words=reader.text("words"),
        article=reader.text("article"),
        in_force_from=reader.take("in_force_from", datetime.date),
        in_force_until=None if until == datetime.date.max else until,
        parameters=reader.strings("parameters"),
    )
    declared = SOFTENINGS.get(result.code)
    if declared is None:
        raise reader.refused(f"code = {result.code!r} 不是已知的过渡规定", "code")
    if result.criterion != declared.criterion:
        words = f"criterion = {result.criterion!r} 应为 {declared.criterion}，{result.code} 只放宽这一项"
        raise reader.refused(words, "criterion")
    if unknown := [name for name in result.parameters if name not in declared.parameters]:
        words = f"没有参数 {'、'.join(unknown)}，可用的参数：{'、'.join(declared.parameters)}"
        raise reader.refused(words, "parameters", unknown[0])
    if missing := [name for name in declared.parameters if name not in result.parameters]:
        raise reader.refused(f"缺少参数 {'、'.join(missing)}", "parameters")
    for name, values in declared.parameters.items():
        if message := values.refusal(name, result.parameters[name]):
            raise reader.refused(message, "parameters", name)
    reader.done()
    return result


def _open_question(reader: Reader) -> OpenQuestion:
    result = OpenQuestion(
        code=reader.text("code"),
        criterion=reader.text("criterion"),
        question=reader.text("question"),
        setting=reader.text("setting"),
        alternatives=reader.texts("alternatives"),
        effect=reader.text("effect"),
    )
    if result.setting not in result.alternatives:
        raise reader.refused(f"setting = {result.setting!r} 不在可选项中", "setting")
    reader.done()
    return result
