"""One item of a standard besides the resource indicators: what it says, and that its rule can work with it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from evaluation.core.expression import ExpressionRefused, Level, Node, parse_condition
from evaluation.core.reader import Reader
from evaluation.core.strictness import OPTIONAL_PARAMETERS, PARAMETERS, parameter_refusal
from evaluation.core.values import FACTOR, NOT_NEGATIVE, PLACES, Words
from indicators.catalogue import COUNTY_ITEMS, Kind


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


CRITERION_GROUPS: Mapping[str, str] = {
    "guarantee": "政府保障程度",
    "quality": "教育质量",
    "recognition": "社会认可度",
    "veto": "一票否决情形",
    "precondition": "申请条件",
}


#: What may stand above or below the line of a ratio: figures that can be added up.
_RATIO_CODES = Words(
    tuple(item.code for item in COUNTY_ITEMS if item.kind in (Kind.COUNT, Kind.MONEY, Kind.DECIMAL)),
    "县级数据中可以相加的数的代码，例如 C15",
)
#: Items of a province's results: the rules that know how to take them in.
_RULES_OF_RESULTS = ("monitoring", "survey")


def conditions_of(criterion: Criterion) -> dict[str, Node]:
    """What an item that a province wrote as expressions asks, by parameter: ``where`` and ``condition``."""
    if criterion.rule != "expression":
        return {}
    level = Level(criterion.parameters["level"])
    return {
        name: parse_condition(criterion.parameters[name], level)
        for name in ("where", "condition")
        if name in criterion.parameters
    }


def read_criterion(reader: Reader) -> Criterion:
    """The item a table of a document describes. Raises StandardRefused."""
    parts = tuple(_read_part(part) for part in reader.tables("parts"))
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
        parts=parts,
        then=reader.text("then", "met"),
        waiting=reader.text("waiting", ""),
    )
    if result.group not in CRITERION_GROUPS:
        raise reader.refused(f"group = {result.group!r} 未知，应为 {'、'.join(CRITERION_GROUPS)} 之一", "group")
    _check_criterion(result, reader)
    reader.done()
    return result


def _read_part(part: Reader) -> RatioPart:
    for key in ("numerator", "denominator"):
        if message := _RATIO_CODES.refusal_of_list(key, part.texts(key)):
            raise part.refused(message, key)
    result = RatioPart(
        figure=part.text("figure"),
        numerator=part.texts("numerator"),
        denominator=part.texts("denominator"),
        factor=part.exact("factor", FACTOR),
        limit=part.exact("limit", NOT_NEGATIVE),
        places=part.whole("places", PLACES) if part.has("places") else -1,
    )
    part.done()
    return result


def _check_criterion(criterion: Criterion, reader: Reader) -> None:
    """Everything an item says is what its rule can work with; otherwise it is refused here and not while judging."""
    rule, parameters = criterion.rule, criterion.parameters
    if rule not in PARAMETERS:
        raise reader.refused(f"rule = {rule!r} 未知，应为 {'、'.join(filter(None, PARAMETERS))} 之一", "rule")
    if not criterion.basis or set(criterion.basis) - set("SCEP"):
        raise reader.refused(f"basis = {criterion.basis!r} 应由 S、C、E、P 组成", "basis")
    _check_basis(criterion, reader)
    if criterion.then not in ("met", "to_judge"):
        raise reader.refused(f"then = {criterion.then!r} 应为 met 或 to_judge", "then")
    for name, text in parameters.items():
        if message := parameter_refusal(rule, name, text):
            raise reader.refused(message, "parameters", name)
    missing = [name for name in PARAMETERS[rule] if name not in parameters and (rule, name) not in OPTIONAL_PARAMETERS]
    if missing:
        raise reader.refused(f"缺少参数 {'、'.join(missing)}", "parameters")
    if bool(criterion.parts) != (rule == "county_ratios"):
        raise reader.refused("county_ratios 要有 parts，其他规则不能有", "parts")
    figures = [part.figure for part in criterion.parts]
    if len(figures) != len(set(figures)):
        raise reader.refused("parts 的 figure 有重复，每个比例要有自己的名称", "parts")
    if rule == "monitoring" and len(parameters["grades"].split(",")) != len(parameters["differences"].split(",")):
        raise reader.refused("grades 和 differences 的项数应相同，每个科目各一项", "parameters", "differences")
    if rule == "expression":
        _check_expression(criterion, reader)


def _check_basis(criterion: Criterion, reader: Reader) -> None:
    """Somebody or something can give the item its status: who is what its basis says."""
    basis, rule = set(criterion.basis), criterion.rule
    if not rule and "E" not in basis:
        raise reader.refused(f"basis = {criterion.basis!r} 中没有 E：没有 rule 的项目由督学评定，要有佐证材料", "basis")
    if rule and not basis & set("SCP"):
        raise reader.refused(f"basis = {criterion.basis!r} 应有 S、C 或 P：有 rule 的项目按数据核算", "basis")
    if "P" in basis and rule not in _RULES_OF_RESULTS:
        words = f"basis 有 P（省级录入）的项目，rule 应为 {' 或 '.join(_RULES_OF_RESULTS)}"
        raise reader.refused(words, "basis")


def _check_expression(criterion: Criterion, reader: Reader) -> None:
    parameters = criterion.parameters
    if parameters["level"] not in list(Level):
        raise reader.refused(f"level = {parameters['level']!r} 应为 school 或 county", "parameters", "level")
    level = Level(parameters["level"])
    if level is Level.COUNTY and "where" in parameters:
        raise reader.refused('where 用来限定学校，只能用于 level = "school" 的项目', "parameters", "where")
    for name in ("where", "condition"):
        if name in parameters:
            try:
                parse_condition(parameters[name], level)
            except ExpressionRefused as error:
                raise reader.refused(f"{name} {error}", "parameters", name) from error
    named = set(re.findall(r"\{(.*?)\}", criterion.sentence))
    allowed = {"short", "checked"} if level is Level.SCHOOL else set()
    if named - allowed:
        words = f"只能用 {'、'.join(f'{{{name}}}' for name in sorted(allowed))}" if allowed else "不能用 {} 数值"
        raise reader.refused(f"sentence 中的 {'、'.join(sorted(named - allowed))} 未知，{words}", "sentence")
