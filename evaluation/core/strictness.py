"""Which way every limit and parameter of a standard gets stricter: what a variant may change, and what not. Pure.

Whatever has no direction here may not be changed at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any


class Direction(StrEnum):
    """How a value may differ from the one it replaces."""

    UP = "up"  # a floor: only higher
    DOWN = "down"  # a ceiling: only lower
    GROWS = "grows"  # a list with commas: nothing may leave it
    KIND = "kind"  # one of several words, in an order
    WORDS = "words"  # wording: decides nothing
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Rule:
    """The direction of one value. ``order`` lists the words of a KIND, the strictest last; ``label`` is what the value
    is called on a page."""

    direction: Direction
    label: str = ""
    order: tuple[str, ...] = ()


def _up(label: str) -> Rule:
    return Rule(Direction.UP, label)


def _down(label: str) -> Rule:
    return Rule(Direction.DOWN, label)


def _grows(label: str) -> Rule:
    return Rule(Direction.GROWS, label)


_FIXED = Rule(Direction.FIXED)
_WORDS = Rule(Direction.WORDS)

#: Every rule of evaluation/core/items.py, and every parameter it takes.
PARAMETERS: Mapping[str, Mapping[str, Rule]] = {
    "": {},
    "special_rooms": {
        "classes_per_room": _down("每间专用教室对应的班级数上限"),
        "music_area": _up("音乐专用教室面积下限（㎡）"),
        "art_area": _up("美术专用教室面积下限（㎡）"),
        "counting": Rule(Direction.KIND, "专用教室计数方式", ("summed", "each_kind")),
    },
    "school_size": {
        "primary": _down("小学规模上限（人）"),
        "junior": _down("初中规模上限（人）"),
        "continuous": _down("一贯制学校规模上限（人）"),
    },
    "class_size": {"primary": _down("小学班额上限（人）"), "junior": _down("初中班额上限（人）")},
    "small_school_funds": {"pupils": _up("规模较小学校核定公用经费的人数（人）")},
    "every_teacher": {"field": _FIXED},
    "in_zone_share": {
        "primary": _up("小学就近划片入学比例下限（%）"),
        "junior": _up("初中就近划片入学比例下限（%）"),
        "public_sponsors": _grows("计为公办的举办者类型"),
        "places": _grows("纳入的城乡类型"),
    },
    "retention": {"limit": _up("下限（%）")},
    "training_funds": {"limit": _up("下限（%）")},
    "monitoring": {
        "grade": _up("监测等级下限"),
        "difference": _down("校际差异率上限"),
        "grades": _FIXED,
        "differences": _FIXED,
    },
    "county_ratios": {"needs": _FIXED},
    "years_since": {"item": _FIXED, "years": _up("认定后的年数下限（年）")},
    "survey": {"limit": _up("下限（%）")},
    "expression": {"level": _FIXED, "where": _FIXED, "condition": _FIXED},
}
#: Parameters a rule may do without.
OPTIONAL_PARAMETERS = frozenset({("county_ratios", "needs"), ("expression", "where")})
_WHOLE = frozenset(
    {
        *(("special_rooms", name) for name in ("classes_per_room",)),
        *(("school_size", name) for name in ("primary", "junior", "continuous")),
        *(("class_size", name) for name in ("primary", "junior")),
        *(("small_school_funds", "pupils"), ("monitoring", "grade"), ("years_since", "years")),
    }
)

#: The single values of a document outside its items, and of its items outside their parameters.
SCHOOL_RULE: Mapping[str, Rule] = {
    "attained_at_least": _up("每所学校至少达到要求的指标数"),
    "floor_share": _up("余项不低于要求的比例"),
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
    "then": Rule(Direction.KIND, "核算达标后", ("met", "to_judge")),
}
PART: Mapping[str, Rule] = {"figure": _FIXED, "limit": _up("下限")}

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
    if declared.direction in (Direction.UP, Direction.DOWN):
        value = number(text)
        if value is None:
            return f"{name} = {text!r} 不是数"
        if value <= 0:
            return f"{name} = {text!r} 应大于 0"
        if (rule, name) in _WHOLE and (value.denominator != 1 or value > 10**9):
            return f"{name} = {text!r} 应为整数"
    if declared.direction is Direction.KIND and text not in declared.order:
        return f"{name} = {text!r} 应为 {' 或 '.join(declared.order)}"
    return ""


def looser(rule: Rule, before: Any, after: Any) -> str:
    """Why ``after`` may not take the place of ``before``; empty where it may. Numbers are texts or whole numbers."""
    if after == before or rule.direction is Direction.WORDS:
        return ""
    label = rule.label
    match rule.direction:
        case Direction.UP | Direction.DOWN:
            old, new = number(before), number(after)
            if old is None or new is None:
                return f"{label or '限值'} {after!r} 不是数"
            if (new < old) if rule.direction is Direction.UP else (new > old):
                side = "低于" if rule.direction is Direction.UP else "高于"
                return f"{label} {told(rule, after)} {side}所依据标准的 {told(rule, before)}，不得放宽"
            return ""
        case Direction.GROWS:
            gone = [each for each in _listed(before) if each not in _listed(after)]
            return f"{label}少了 {'、'.join(gone)}，范围只能扩大" if gone else ""
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
    return "、".join(_listed(value)) if rule.direction is Direction.GROWS else str(value)


def number(value: Any) -> Fraction | None:
    """The exact number of a text or a whole number, None where it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    try:
        # Fraction would also take 1e999999999 and compute it.
        return Fraction(value) if isinstance(value, int) or _is_plain(value) else None
    except (ValueError, ZeroDivisionError):
        return None


def _is_plain(text: str) -> bool:
    return len(text) <= 30 and text.isascii() and not set(text) - set("0123456789.+-/")


def _listed(text: Any) -> list[str]:
    return [part.strip() for part in str(text).split(",") if part.strip()]
