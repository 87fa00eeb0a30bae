"""Items a province wrote as expressions, evaluated again node by node in fractions. None is unknown everywhere."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from evaluation.core.expression import (
    AllOf,
    AnyOf,
    Compare,
    Count,
    CountyValue,
    Extreme,
    FieldValue,
    Level,
    Negative,
    Node,
    Not,
    Number,
    Product,
    Pupils,
    Rooms,
    Share,
    Sum,
    Total,
    YesNo,
    in_words,
    keys_read,
)
from evaluation.core.standard import Criterion, conditions_of
from evaluation.core.status import Status
from indicators.catalogue import COUNTY_ITEM_BY_CODE, FIELD_BY_KEY
from reports.presenters.explain.frozen import Frozen
from reports.presenters.explain.page import Step, decimal
from reports.presenters.explain.parts import Figure, ItemCount, SchoolPart, State, school_by_school
from schools.vocabulary import Stage

_SIGNS: Mapping[str, tuple[str, Callable[[Fraction, Fraction], bool]]] = {
    "<": ("<", operator.lt), "<=": ("≤", operator.le), ">": (">", operator.gt), ">=": ("≥", operator.ge),
    "==": ("=", operator.eq), "!=": ("≠", operator.ne),
}  # fmt: skip


def truth(frozen: Frozen, node: Node, school: int | None) -> bool | None:
    """Whether a condition holds for a school, or for the county where ``school`` is None."""
    match node:
        case YesNo(key):
            found = _cell(frozen, key, school)
            return None if found is None else bool(found)
        case Compare(sign, left, right):
            sides = number(frozen, left, school), number(frozen, right, school)
            return None if sides[0] is None or sides[1] is None else _SIGNS[sign][1](sides[0], sides[1])
        case Not(of):
            found_of = truth(frozen, of, school)
            return None if found_of is None else not found_of
        case AllOf(parts) | AnyOf(parts):
            found_parts = [truth(frozen, part, school) for part in parts]
            # One false part decides `and`, one true part `or`, whatever is unknown beside it.
            decisive = isinstance(node, AnyOf)
            if decisive in found_parts:
                return decisive
            return None if None in found_parts else not decisive
    raise TypeError(f"no condition: {node!r}")


def number(frozen: Frozen, node: Node, school: int | None) -> Fraction | None:
    """A number of an expression; None where a cell of it is missing or a divisor is 0."""
    match node:
        case Number(value):
            return value
        case CountyValue(code):
            return frozen.figure(code)
        case FieldValue(key):
            return _cell(frozen, key, school)
        case Pupils() | Rooms():
            return _counted(frozen, node, school)
        case Negative(of):
            found = number(frozen, of, school)
            return None if found is None else -found
        case Total(terms):
            return _folded([(minus, number(frozen, term, school)) for minus, term in terms], Fraction(0), _add)
        case Product(factors):
            return _folded([(by, number(frozen, factor, school)) for by, factor in factors], Fraction(1), _times)
        case Extreme(is_largest, parts):
            found_parts = [number(frozen, part, school) for part in parts]
            known = [each for each in found_parts if each is not None]
            return None if None in found_parts else (max if is_largest else min)(known)
        case Sum() | Count() | Share():
            return _aggregate(frozen, node)
    raise TypeError(f"no number: {node!r}")


def _add(so_far: Fraction, is_minus: bool, value: Fraction) -> Fraction | None:
    return so_far - value if is_minus else so_far + value


def _times(so_far: Fraction, divides: bool, value: Fraction) -> Fraction | None:
    if divides and not value:
        return None
    return so_far / value if divides else so_far * value


def _folded(
    parts: Sequence[tuple[bool, Fraction | None]],
    start: Fraction,
    step: Callable[[Fraction, bool, Fraction], Fraction | None],
) -> Fraction | None:
    found: Fraction | None = start
    for flag, value in parts:
        if found is None or value is None:
            return None
        found = step(found, flag, value)
    return found


def _cell(frozen: Frozen, key: str, school: int | None) -> Fraction | None:
    if school is None:
        raise TypeError(f"no cell of a county: {key}")
    stage = FIELD_BY_KEY[key].stage
    if stage is not None and not frozen.counts(school, stage):
        return Fraction(0)
    if key == "senior_enrollment":
        senior = int(frozen.people.senior[school])
        return Fraction(senior) if senior >= 0 else None
    return frozen.number(school, key)


def _counted(frozen: Frozen, node: Pupils | Rooms, school: int | None) -> Fraction | None:
    if school is None:
        raise TypeError(f"no cell of a county: {node!r}")
    if isinstance(node, Pupils):
        pupils = [frozen.pupils(school, stage) for stage in Stage if frozen.counts(school, stage)]
        return None if None in pupils else Fraction(sum(each or 0 for each in pupils))
    if frozen.is_refused(school, node.key):
        return None
    areas = frozen.schools[school].values.get(node.key) or ()
    return Fraction(sum(Fraction(area) >= node.least for area in areas))  # type: ignore[union-attr, arg-type]


def _aggregate(frozen: Frozen, node: Sum | Count | Share) -> Fraction | None:
    if not frozen.is_certain:
        return None
    schools = frozen.in_population()
    if isinstance(node, Sum):
        return _folded([(False, number(frozen, node.of, school)) for school in schools], Fraction(0), _add)
    found = [truth(frozen, node.of, school) for school in schools]
    if None in found:
        return None
    count = Fraction(found.count(True))
    if isinstance(node, Count):
        return count
    return count / len(schools) if schools else None


# ── The item ──────────────────────────────────────────────────────────────────────────────────


def expression(frozen: Frozen, criterion: Criterion, relaxed: bool) -> ItemCount:
    """A condition that every school has to meet, those alone that ``where`` names, or one about the whole county."""
    asked = conditions_of(criterion)
    condition, where = asked["condition"], asked.get("where")
    met = Status(criterion.then)
    codes = tuple(key for node in asked.values() for key in keys_read(node) if key in COUNTY_ITEM_BY_CODE)
    if criterion.parameters["level"] == Level.COUNTY:
        found = truth(frozen, condition, None)
        status = {True: met, False: Status.NOT_MET, None: Status.UNKNOWN}[found]
        steps = tuple(Step(label, text) for label, text in compared(frozen, condition, None))
        return ItemCount(status, None, {}, (), steps, tuple(dict.fromkeys(codes)))
    parts = [_part(frozen, condition, where, school) for school in frozen.in_population()]
    short = sum(part.state is State.SHORT for part in parts)
    figures: dict[str, Figure] = {"short": short, "checked": sum(part.state is not State.OUTSIDE for part in parts)}
    status = school_by_school(frozen, parts)
    step = Step("逐校判定", f"针对 {figures['checked']} 所：未达到 {short} 所")
    return ItemCount(
        met if status is Status.MET else status,
        short,
        figures,
        tuple(parts),
        (step,),
        tuple(dict.fromkeys(codes)),
        True,
    )


def _part(frozen: Frozen, condition: Node, where: Node | None, school: int) -> SchoolPart:
    is_asked = True if where is None else truth(frozen, where, school)
    holds = truth(frozen, condition, school)
    if is_asked is False:
        state = State.OUTSIDE
    elif holds is True:
        state = State.MET
    else:
        state = State.SHORT if holds is False and is_asked else State.UNKNOWN
    nodes = [node for node in (where, condition) if node is not None]
    read = dict.fromkeys(key for node in nodes for key in keys_read(node))
    keys = tuple(key for key in read if key in FIELD_BY_KEY)
    words = "；".join(text for _, text in compared(frozen, condition, school)) or in_words(condition)
    return SchoolPart(
        school, state, "不在这项要求针对的学校之内" if state is State.OUTSIDE else words, keys,
        tuple(key for key in read if key in COUNTY_ITEM_BY_CODE),
    )  # fmt: skip


def compared(frozen: Frozen, node: Node, school: int | None) -> list[tuple[str, str]]:
    """Every comparison in a condition: its words, and both its sides as numbers."""
    match node:
        case Compare(sign, left, right):
            sides = [number(frozen, side, school) for side in (left, right)]
            words = ["无法核算" if side is None else decimal(side, 6) for side in sides]
            holds = truth(frozen, node, school)
            verdict = {True: "成立", False: "不成立", None: "无法核算"}[holds]
            return [(in_words(node), f"{words[0]} {_SIGNS[sign][0]} {words[1]}：{verdict}")]
        case YesNo():
            found = truth(frozen, node, school)
            return [(in_words(node), {True: "是", False: "否", None: "缺"}[found])]
        case Not(of):
            return compared(frozen, of, school)
        case AllOf(parts) | AnyOf(parts):
            return [each for part in parts for each in compared(frozen, part, school)]
    return []
