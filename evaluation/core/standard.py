"""A standard as a document: limits, wording, weights and rules read from TOML into frozen objects. Pure.

A document is hashed as it stands and never edited. Anything it says that this module does not know is
refused by name: a silently ignored limit would be a wrong verdict.
"""

from __future__ import annotations

import datetime
import hashlib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from indicators.catalogue import DECIMAL_SCALE, FIELD_BY_KEY
from schools.vocabulary import SchoolType, SponsorType, Stage


class StandardRefused(ValueError):
    """The document cannot be used; the message names the place in it and what is wrong."""


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
class RatioPart:
    """One ratio of a county item: Σ numerator × factor ÷ Σ denominator, at least ``limit``."""

    figure: str
    numerator: tuple[str, ...]
    denominator: tuple[str, ...]
    factor: Fraction
    limit: Fraction
    places: int


@dataclass(frozen=True, slots=True)
class Criterion:
    """One item besides the resource indicators. ``basis``: S school rows, C county figures, E evidence, P results the
    province enters. ``rule`` names a function of :mod:`evaluation.core.items`; empty means that an inspector judges
    it. ``then`` is the status of an item whose computed part is met; ``waiting`` is said while it is to be judged."""

    code: str
    group: str
    name: str
    requirement: str
    article: str
    basis: str
    rule: str
    sentence: str
    parameters: Mapping[str, str]
    parts: tuple[RatioPart, ...]
    then: str
    waiting: str

    def number(self, name: str) -> Fraction:
        """A numeric parameter, exact."""
        return Fraction(self.parameters[name])


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
    """One version of a standard. ``sha256`` is the hash of the document's bytes.

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


CRITERION_GROUPS: Mapping[str, str] = {
    "guarantee": "政府保障程度",
    "quality": "教育质量",
    "recognition": "社会认可度",
    "veto": "一票否决情形",
    "precondition": "申请条件",
}


def read_standard(path: Path) -> Standard:
    """The standard in the TOML file at ``path``. Raises StandardRefused with the place and the reason."""
    return parse_standard(path.read_bytes())


def parse_standard(content: bytes) -> Standard:
    """The standard whose document is ``content`` (UTF-8 TOML). Raises StandardRefused."""
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StandardRefused(f"标准文件不是有效的 TOML：{error}") from error
    return _Reader(table, "标准").standard(hashlib.sha256(content).hexdigest())


class _Reader:
    """Takes values out of one table and, when done, refuses whatever was not taken."""

    def __init__(self, table: Any, where: str) -> None:
        if not isinstance(table, dict):
            raise StandardRefused(f"{where}：应为一个表")
        self._table, self._where, self._taken = table, where, set[str]()

    def take(self, key: str, kind: type, default: Any = None) -> Any:
        self._taken.add(key)
        value = self._table.get(key, default)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise StandardRefused(f"{self._where}：{key} 缺失或类型不对")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        return str(self.take(key, str, default))

    def whole(self, key: str, default: int | None = None) -> int:
        return int(self.take(key, int, default))

    def exact(self, key: str, default: str | None = None) -> Fraction:
        text = self.text(key, default)
        try:
            return Fraction(text)
        except (ValueError, ZeroDivisionError) as error:
            raise StandardRefused(f"{self._where}：{key} = {text!r} 不是数") from error

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(str(item) for item in self.take(key, list))

    def table(self, key: str) -> _Reader:
        return _Reader(self.take(key, dict), f"{self._where}.{key}")

    def tables(self, key: str) -> list[_Reader]:
        return [_Reader(item, f"{self._where}.{key}[{i + 1}]") for i, item in enumerate(self.take(key, list, []))]

    def strings(self, key: str) -> dict[str, str]:
        return {str(k): str(v) for k, v in self.take(key, dict, {}).items()}

    def done(self) -> None:
        unknown = sorted(set(self._table) - self._taken)
        if unknown:
            raise StandardRefused(f"{self._where}：未知的内容 {'、'.join(unknown)}")

    def standard(self, sha256: str) -> Standard:
        population, split = self.table("population"), self.table("split")
        school_rule = self.table("school_rule") if "school_rule" in self._table else None
        coefficient = self.table("coefficient")
        stages = tuple(Stage(text) for text in population.texts("stages"))
        if stages != tuple(Stage):
            raise StandardRefused(f"{self._where}.population：stages 应为 {[s.value for s in Stage]}")
        limits = coefficient.table("limits")
        decides = coefficient.text("decides", "each")
        if decides not in ("each", "composite"):
            raise StandardRefused(f"{coefficient._where}：decides = {decides!r} 未知")
        weights = split.table("weights")
        result = Standard(
            code=self.text("code"),
            name=self.text("name"),
            short_name=self.text("short_name"),
            document=self.text("document"),
            issued_on=self.take("issued_on", datetime.date),
            extends=self.text("extends", ""),
            population_words=population.text("words") + f"（{population.text('article')}）",
            sponsors=frozenset(SponsorType(code) for code in population.take("sponsors", list)),
            sponsor_reason=population.text("sponsor_reason"),
            exclusions=tuple(_exclusion(reader) for reader in population.tables("excluded")),
            split_words=split.text("words") + f"（{split.text('article')}）",
            weights=_whole_weights([weights.exact(name) for name in ("PRIMARY", "JUNIOR", "SENIOR")]),
            has_school_rule=school_rule is not None,
            school_rule_words=school_rule.text("words") + f"（{school_rule.text('article')}）" if school_rule else "",
            attained_at_least=school_rule.whole("attained_at_least") if school_rule else 0,
            floor_share=school_rule.exact("floor_share") if school_rule else Fraction(0),
            decides_by_composite=decides == "composite",
            coefficient_words=coefficient.text("words") + f"（{coefficient.text('article')}）",
            coefficient_limits={stage: limits.exact(stage.value) for stage in Stage},
            indicators=tuple(_indicator(reader, school_rule is not None) for reader in self.tables("indicators")),
            rounding=_rounding(self.table("rounding")),
            criteria=tuple(_criterion(reader) for reader in self.tables("criteria")),
            relaxations=tuple(_relaxation(reader) for reader in self.tables("relaxations")),
            open_questions=tuple(_open_question(reader) for reader in self.tables("open_questions")),
            sha256=sha256,
        )
        for reader in (self, population, split, weights, school_rule, coefficient, limits):
            if reader is not None:
                reader.done()
        codes = [i.code for i in result.indicators] + [c.code for c in result.criteria]
        if len(codes) != len(set(codes)) or not result.indicators:
            raise StandardRefused(f"{self._where}：指标或项目代码重复，或没有指标")
        return result


def _whole_weights(weights: list[Fraction]) -> tuple[int, int, int]:
    """1 : 1.1 : 1.32 as the smallest whole numbers, so that a split is exact integer arithmetic."""
    common = 1
    for weight in weights:
        common *= weight.denominator
    whole = [int(weight * common) for weight in weights]
    shrink = math.gcd(*whole)
    return whole[0] // shrink, whole[1] // shrink, whole[2] // shrink


def _exclusion(reader: _Reader) -> Exclusion:
    bound = reader.whole("fewer_pupils_than", 0)
    result = Exclusion(SchoolType(reader.text("school_type")), reader.text("reason"), bound or None)
    reader.done()
    return result


def _indicator(reader: _Reader, needs_limits: bool) -> Indicator:
    stages = {}
    scales = set[int]()
    for stage in Stage:
        measure = reader.table(stage.value)
        limit = measure.exact("limit") if needs_limits else None
        stages[stage] = StageMeasure(limit, measure.texts("plus"), measure.texts("minus"))
        measure.done()
        for key in (*stages[stage].plus, *stages[stage].minus):
            if key not in FIELD_BY_KEY or not FIELD_BY_KEY[key].kind.is_number:
                raise StandardRefused(f"{measure._where}：{key} 不是填报表的数值字段")
            scales.add(DECIMAL_SCALE if FIELD_BY_KEY[key].kind.is_scaled else 1)
    if len(scales) != 1:
        raise StandardRefused(f"{reader._where}：各字段的计量单位不一致")
    result = Indicator(
        code=reader.text("code"),
        name=reader.text("name"),
        short_name=reader.text("short_name"),
        unit=reader.text("unit"),
        factor=reader.whole("factor"),
        shared=bool(reader.take("shared", bool)),
        article=reader.text("article"),
        source=reader.text("source"),
        scale=scales.pop(),
        stages=stages,
    )
    reader.done()
    return result


def _rounding(reader: _Reader) -> Rounding:
    reader.text("words")
    if reader.text("mode") != "half_up":
        raise StandardRefused(f"{reader._where}：mode 只支持 half_up")
    result = Rounding(
        reader.whole("value_places"),
        reader.whole("mean_places"),
        reader.whole("coefficient_places"),
        reader.whole("ratio_places"),
    )
    reader.done()
    return result


def _criterion(reader: _Reader) -> Criterion:
    parts = []
    for part in reader.tables("parts"):
        parts.append(
            RatioPart(
                figure=part.text("figure"),
                numerator=part.texts("numerator"),
                denominator=part.texts("denominator"),
                factor=part.exact("factor"),
                limit=part.exact("limit"),
                places=part.whole("places", -1),
            )
        )
        part.done()
    result = Criterion(
        code=reader.text("code"),
        group=reader.text("group"),
        name=reader.text("name"),
        requirement=reader.text("requirement"),
        article=reader.text("article"),
        basis=reader.text("basis"),
        rule=reader.text("rule", ""),
        sentence=reader.text("sentence", ""),
        parameters=reader.strings("parameters"),
        parts=tuple(parts),
        then=reader.text("then", "met"),
        waiting=reader.text("waiting", ""),
    )
    if result.group not in CRITERION_GROUPS:
        raise StandardRefused(f"{reader._where}：group = {result.group!r} 未知")
    reader.done()
    return result


#: What a relaxation means is the kernel's; a document sets its dates and numbers.
RELAXATION_CODES = ("R1", "R2", "R3", "R4")


def _relaxation(reader: _Reader) -> Relaxation:
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
    if result.code not in RELAXATION_CODES:
        raise StandardRefused(f"{reader._where}：code = {result.code!r} 不是已知的过渡规定")
    reader.done()
    return result


def _open_question(reader: _Reader) -> OpenQuestion:
    result = OpenQuestion(
        code=reader.text("code"),
        criterion=reader.text("criterion"),
        question=reader.text("question"),
        setting=reader.text("setting"),
        alternatives=reader.texts("alternatives"),
        effect=reader.text("effect"),
    )
    if result.setting not in result.alternatives:
        raise StandardRefused(f"{reader._where}：setting = {result.setting!r} 不在可选项中")
    reader.done()
    return result
