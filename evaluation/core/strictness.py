"""Which way every limit and parameter of a standard gets stricter: what a variant may change, and what not. Pure.

Whatever has no direction here may not be changed at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from evaluation.core.values import NOT_NEGATIVE, POSITIVE, SHARE, WHOLE, Bounds, Values, Words, number
from indicators.catalogue import ALL_FIELDS, COUNTY_ITEMS, Kind
from schools.vocabulary import SponsorType, UrbanRural


class Direction(StrEnum):
    """How a value may differ from the one it replaces."""

    UP = "up"  # a floor: only higher
    DOWN = "down"  # a ceiling: only lower
    KIND = "kind"  # one of several words, in an order
    WORDS = "words"  # wording: decides nothing
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Rule:
    """The direction of one value. ``order`` lists the words of a KIND, the strictest last; ``label`` is what the value
    is called on a page; ``values`` is what it may be at all, None where only the kernel's own reader can tell."""

    direction: Direction
    label: str = ""
    order: tuple[str, ...] = ()
    values: Values | None = None


def _up(label: str, values: Values = POSITIVE) -> Rule:
    return Rule(Direction.UP, label, values=values)


def _down(label: str, values: Values = POSITIVE) -> Rule:
    return Rule(Direction.DOWN, label, values=values)


def _kind(label: str, *order: str) -> Rule:
    return Rule(Direction.KIND, label, order, Words(order, is_one=True))


def _fixed(values: Values) -> Rule:
    return Rule(Direction.FIXED, values=values)


_FIXED = Rule(Direction.FIXED)
_WORDS = Rule(Direction.WORDS)
_GRADE = Bounds(least=1, most=5, is_whole=True)

#: Headcounts of the teachers of a whole school, which all its full-time teachers can be compared with.
_TEACHERS = tuple(
    f.key for f in ALL_FIELDS if f.kind is Kind.COUNT and f.stage is None and f.unit == "人" and f.group == "教师"
)
_GRADES = tuple(item.code for item in COUNTY_ITEMS if item.kind is Kind.GRADE)
#: Of the decimal figures those without a unit: the differences between schools.
_DIFFERENCES = tuple(item.code for item in COUNTY_ITEMS if item.kind is Kind.DECIMAL and not item.unit)
_YEARS = tuple(item.code for item in COUNTY_ITEMS if item.kind is Kind.YEAR)
_COUNTY_CODES = tuple(item.code for item in COUNTY_ITEMS)

#: Every rule of evaluation/core/items.py, and every parameter it takes.
PARAMETERS: Mapping[str, Mapping[str, Rule]] = {
    "": {},
    "special_rooms": {
        "classes_per_room": _down("每间专用教室对应的班级数上限", WHOLE),
        "music_area": _up("音乐专用教室面积下限（㎡）"),
        "art_area": _up("美术专用教室面积下限（㎡）"),
        "counting": _kind("专用教室计数方式", "summed", "each_kind"),
    },
    "school_size": {
        "primary": _down("小学规模上限（人）", WHOLE),
        "junior": _down("初中规模上限（人）", WHOLE),
        "continuous": _down("一贯制学校规模上限（人）", WHOLE),
    },
    "class_size": {"primary": _down("小学班额上限（人）", WHOLE), "junior": _down("初中班额上限（人）", WHOLE)},
    "small_school_funds": {"pupils": _up("规模较小学校核定公用经费的人数（人）", WHOLE)},
    "every_teacher": {"field": _fixed(Words(_TEACHERS, "学校教师人数的字段：" + "、".join(_TEACHERS), is_one=True))},
    "in_zone_share": {
        "primary": _up("小学就近划片入学比例下限（%）"),
        "junior": _up("初中就近划片入学比例下限（%）"),
        # The share is one of all these schools together: more schools may lift it, so more is not stricter.
        "public_sponsors": _fixed(Words(tuple(str(sponsor.value) for sponsor in SponsorType))),
        "places": _fixed(Words(tuple(place.value for place in UrbanRural))),
    },
    "retention": {"limit": _up("下限（%）")},
    "training_funds": {"limit": _up("下限（%）")},
    "monitoring": {
        "grade": _up("监测等级下限", _GRADE),
        "difference": _down("校际差异率上限"),
        "grades": _fixed(Words(_GRADES, "质量监测等级的代码 C27–C32")),
        "differences": _fixed(Words(_DIFFERENCES, "校际差异率的代码 C33–C38")),
    },
    "county_ratios": {"needs": _fixed(Words(_COUNTY_CODES, "县级数据的代码"))},
    "years_since": {"item": _fixed(Words(_YEARS, is_one=True)), "years": _up("认定后的年数下限（年）", WHOLE)},
    "survey": {"limit": _up("下限（%）")},
    "expression": {"level": _FIXED, "where": _FIXED, "condition": _FIXED},
}
#: Parameters a rule may do without.
OPTIONAL_PARAMETERS = frozenset({("county_ratios", "needs"), ("expression", "where")})

#: The single values of a document outside its items, and of its items outside their parameters.
SCHOOL_RULE: Mapping[str, Rule] = {
    # How many indicators there are only the whole document tells: its reader bounds this one.
    "attained_at_least": Rule(Direction.UP, "每所学校至少达到要求的指标数"),
    "floor_share": _up("余项不低于要求的比例", SHARE),
    "words": _WORDS,
    "article": _WORDS,
}
COEFFICIENT: Mapping[str, Rule] = {"words": _WORDS, "article": _WORDS}
COEFFICIENT_LIMIT = _down("差异系数上限")
INDICATOR: Mapping[str, Rule] = {"code": _FIXED, "article": _WORDS}
INDICATOR_LIMIT = _up("下限")
CRITERION: Mapping[str, Rule] = {
    "code": _FIXED,
    "requirement": _WORDS,
    "article": _WORDS,
    "waiting": _WORDS,
    "then": _kind("核算达标后", "met", "to_judge"),
}
PART: Mapping[str, Rule] = {"figure": _FIXED, "limit": _up("下限", NOT_NEGATIVE)}

_KIND_WORDS: Mapping[str, str] = {
    "summed": "两种合计",
    "each_kind": "每种分别计算",
    "met": "即为达标",
    "to_judge": "仍由督学评定",
}


def parameter_refusal(rule: str, name: str, text: str) -> str:
    """Why ``text`` cannot be the value of a parameter of ``rule``; empty where it can."""
    declared = PARAMETERS[rule].get(name)
    if declared is None:
        return f"没有参数 {name}，可用的参数：{'、'.join(PARAMETERS[rule]) or '无'}"
    return declared.values.refusal(name, text) if declared.values else ""


def looser(rule: Rule, before: Any, after: Any) -> str:
    """Why ``after`` may not take the place of ``before``; empty where it may. Numbers are texts or whole numbers."""
    if after == before or rule.direction is Direction.WORDS:
        return ""
    label = rule.label
    match rule.direction:
        case Direction.UP | Direction.DOWN:
            old, new = number(before), number(after)
            if old is None or new is None:
                return POSITIVE.refusal(label, before if old is None else after)
            if (new < old) if rule.direction is Direction.UP else (new > old):
                side = "低于" if rule.direction is Direction.UP else "高于"
                return f"{label} {told(rule, after)} {side}所依据标准的 {told(rule, before)}，不得放宽"
            return ""
        case Direction.KIND:
            if after not in rule.order or before not in rule.order:
                return f"{label} {after!r} 应为 {' 或 '.join(rule.order)}"
            if rule.order.index(after) < rule.order.index(before):
                return f"{label}由“{told(rule, before)}”改为“{told(rule, after)}”，不得放宽"
            return ""
    return "与所依据的标准不同，这一项不能修改"


def told(rule: Rule, value: Any) -> str:
    """A limit as a page prints it: numbers as the document writes them."""
    if rule.direction is Direction.KIND:
        return _KIND_WORDS.get(str(value), str(value))
    return str(value)


def is_same(rule: Rule, before: Any, after: Any) -> bool:
    """Whether both are the same value, as 45 and 45.0 are the same limit."""
    is_number = rule.direction in (Direction.UP, Direction.DOWN)
    return after == before or (is_number and (value := number(before)) is not None and value == number(after))
