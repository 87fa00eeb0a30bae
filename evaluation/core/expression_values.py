"""Conditions of :mod:`evaluation.core.expression` over columns: true, false or unknown. Pure.

Floats decide what they can decide: every number carries a bound of its rounding error, without bound after a division
by something that may be zero. Where a comparison lies within it, that row alone is computed again in fractions. So the
answer is always the exact one.

What is not there: an empty or refused cell and a division by zero are unknown, and so is every number made of them.
A false part makes ``and`` false and a true one makes ``or`` true, whatever the others are. The fields of a stage that
a school does not have count as 0. ``sum``, ``count`` and ``share`` are over the schools of the population; one school
unknown leaves them unknown, and so does doubt about which schools there are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from evaluation.core.columns import REJECTED, BoolArray, CountyColumns, FloatArray, IntArray, SchoolColumns
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
)
from evaluation.core.population import STAGES, Population
from indicators.catalogue import COUNTY_ITEM_BY_CODE, DECIMAL_SCALE, FIELD_BY_KEY

_EPSILON = 2.0**-52
#: Added to every rounding error, for numbers so small that their last bit is lost.
_SMALLEST = 1e-290
_EXACT_IN_FLOAT = 2.0**53


@dataclass(frozen=True, slots=True)
class Truths:
    """A condition per school or county: known to hold, known not to hold; where neither, unknown."""

    true: BoolArray
    false: BoolArray

    @property
    def unknown(self) -> BoolArray:
        return np.asarray(~(self.true | self.false))


@dataclass(frozen=True, slots=True)
class Ground:
    """What conditions are about: the schools, who is counted, the county figures, and per county whether it is certain
    which schools it has."""

    schools: SchoolColumns
    people: Population
    figures: CountyColumns
    is_certain: BoolArray


def truths(condition: Node, level: Level, ground: Ground) -> Truths:
    """``condition`` for every school of the columns, or for every county."""
    with np.errstate(all="ignore"):
        return (_Schools(ground) if level is Level.SCHOOL else _Counties(ground)).truths(condition)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """``value`` lies within ``error`` of the exact number; where ``known`` is False both mean nothing."""

    value: FloatArray
    error: FloatArray
    known: BoolArray


@dataclass(frozen=True, slots=True)
class _Cells:
    """Whole numbers in units of 1 ÷ ``scale``, as the columns hold them."""

    whole: IntArray
    scale: int
    known: BoolArray


class _Rows(ABC):
    """Evaluation over ``size`` rows; the two kinds of rows differ in where their cells come from."""

    def __init__(self, ground: Ground, size: int) -> None:
        self.ground, self.size = ground, size
        self._kept: dict[Node, _Cells] = {}

    def cells(self, node: Node) -> _Cells:
        if node not in self._kept:
            self._kept[node] = self._find_cells(node)
        return self._kept[node]

    @abstractmethod
    def _find_cells(self, node: Node) -> _Cells:
        """The cells of a name, for the rows of this kind."""

    def truths(self, node: Node) -> Truths:
        match node:
            case YesNo():
                cells = self.cells(node)
                return Truths(cells.known & (cells.whole == 1), cells.known & (cells.whole == 0))
            case Compare(sign, left, right):
                return self._compare(sign, left, right)
            case Not(of):
                opposite = self.truths(of)
                return Truths(opposite.false, opposite.true)
            case AllOf(parts) | AnyOf(parts):
                each = [self.truths(part) for part in parts]
                every = np.logical_and.reduce, np.logical_or.reduce
                true, false = every if isinstance(node, AllOf) else every[::-1]
                return Truths(np.asarray(true([t.true for t in each])), np.asarray(false([t.false for t in each])))
        raise TypeError(f"no condition: {node!r}")

    def _compare(self, sign: str, left: Node, right: Node) -> Truths:
        a, b = self.numbers(left), self.numbers(right)
        known = a.known & b.known
        order = (a.value > b.value).astype(np.int8) - (a.value < b.value).astype(np.int8)
        is_settled = (np.abs(a.value - b.value) > 2 * (a.error + b.error)) | ((a.error == 0) & (b.error == 0))
        for row in np.flatnonzero(known & ~is_settled).tolist():
            exact_a, exact_b = self.exact(left, row), self.exact(right, row)
            if exact_a is None or exact_b is None:
                known[row] = False
            else:
                order[row] = (exact_a > exact_b) - (exact_a < exact_b)
        holds = {
            "<": order < 0,
            "<=": order <= 0,
            ">": order > 0,
            ">=": order >= 0,
            "==": order == 0,
            "!=": order != 0,
        }[sign]
        return Truths(known & holds, known & ~holds)

    def numbers(self, node: Node) -> _Numbers:
        match node:
            case Number():
                return self._constant(node.value)
            case Negative(of):
                inner = self.numbers(of)
                return _Numbers(-inner.value, inner.error, inner.known)
            case Total(terms):
                return self._total(terms, is_whole(node))
            case Product(factors):
                return self._product(factors, is_whole(node))
            case Extreme(is_largest, parts):
                each = [self.numbers(part) for part in parts]
                pick = np.maximum if is_largest else np.minimum
                return _Numbers(
                    np.asarray(pick.reduce([n.value for n in each])),
                    np.asarray(np.maximum.reduce([n.error for n in each])),
                    np.asarray(np.logical_and.reduce([n.known for n in each])),
                )
            case Sum() | Count() | Share():
                return self._aggregate(node)
        cells = self.cells(node)
        value = cells.whole.astype(np.float64)
        error = np.where(np.abs(value) < _EXACT_IN_FLOAT, 0.0, _EPSILON * np.abs(value))
        if cells.scale != 1:
            value /= cells.scale
            error = 2 * _EPSILON * np.abs(value)
        return _Numbers(value, error, cells.known)

    def _aggregate(self, node: Sum | Count | Share) -> _Numbers:
        raise TypeError("only a county has schools to be counted")

    def _constant(self, value: Fraction) -> _Numbers:
        nearest = float(value)
        error = 0.0 if Fraction(nearest) == value else _rounding(np.float64(nearest))
        return _Numbers(
            np.broadcast_to(np.float64(nearest), self.size),
            np.broadcast_to(np.float64(error), self.size),
            np.broadcast_to(np.True_, self.size),
        )

    def _total(self, terms: Iterable[tuple[bool, Node]], whole: bool) -> _Numbers:
        value, error = np.zeros(self.size), np.zeros(self.size)
        known = np.ones(self.size, np.bool_)
        for is_minus, term in terms:
            part = self.numbers(term)
            value = value - part.value if is_minus else value + part.value
            error = error + part.error + _rounding(value, whole)
            known = known & part.known
        return _Numbers(value, error, known)

    def _product(self, factors: tuple[tuple[bool, Node], ...], whole: bool) -> _Numbers:
        first = self.numbers(factors[0][1])
        value, error, known = first.value, first.error, first.known
        for divides, factor in factors[1:]:
            part = self.numbers(factor)
            size = np.abs(part.value)
            if divides:
                may_be_zero = ~(size > 2 * part.error)
                known = known & part.known & ~((size == 0) & (part.error == 0))
                value = value / part.value
                error = (error + np.abs(value) * part.error) / (size - part.error) + _rounding(value)
                # What may be zero by its rounding is left to the fractions.
                error = np.where(may_be_zero, np.inf, error)
            else:
                error = np.abs(value) * part.error + size * error + error * part.error
                value = value * part.value
                error = error + _rounding(value, whole)
                known = known & part.known
        return _Numbers(value, error, known)

    def exact(self, node: Node, row: int) -> Fraction | None:
        """The number of ``node`` at one row, None where it is unknown."""
        match node:
            case Number(value):
                return value
            case Negative(of):
                inner = self.exact(of, row)
                return None if inner is None else -inner
            case Total(terms):
                sum_of = Fraction(0)
                for is_minus, term in terms:
                    if (part := self.exact(term, row)) is None:
                        return None
                    sum_of += -part if is_minus else part
                return sum_of
            case Product(factors):
                product = Fraction(1)
                for divides, factor in factors:
                    if (part := self.exact(factor, row)) is None or (divides and part == 0):
                        return None
                    product = product / part if divides else product * part
                return product
            case Extreme(is_largest, parts):
                each = [part for part in (self.exact(p, row) for p in parts) if part is not None]
                if len(each) < len(parts):
                    return None
                return max(each) if is_largest else min(each)
            case Sum() | Count() | Share():
                return self._exact_aggregate(node, row)
        cells = self.cells(node)
        return Fraction(int(cells.whole[row]), cells.scale) if cells.known[row] else None

    def _exact_aggregate(self, node: Sum | Count | Share, row: int) -> Fraction | None:
        raise TypeError("only a county has schools to be counted")


class _Schools(_Rows):
    """One row a school."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground, len(ground.schools))

    def _find_cells(self, node: Node) -> _Cells:
        schools, people = self.ground.schools, self.ground.people
        match node:
            case CountyValue(code):
                column = self.ground.figures.column(code)[schools.county]
                return _Cells(np.maximum(column, 0), _scale_of(code), column >= 0)
            case Pupils():
                missing = (people.counted & (people.enrollment < 0)).any(axis=0)
                pupils = np.where(people.counted, np.maximum(people.enrollment, 0), 0).sum(axis=0)
                return _Cells(pupils, 1, np.asarray(~missing))
            case Rooms(key, least):
                rooms = schools.rooms.get(key)
                smallest = least * DECIMAL_SCALE
                is_large = None if rooms is None else rooms.area * smallest.denominator >= smallest.numerator
                large = np.zeros(0, np.int64) if rooms is None else rooms.school[is_large]
                return _Cells(np.bincount(large, minlength=self.size), 1, np.asarray(schools.column(key) != REJECTED))
            case FieldValue(key) | YesNo(key):
                field = FIELD_BY_KEY[key]
                column = people.senior if key == "senior_enrollment" else schools.column(key)
                known = column >= 0
                values = np.maximum(column, 0)
                if field.stage is not None:
                    here = people.counted[STAGES.index(field.stage)]
                    known, values = known | ~here, np.where(here, values, 0)
                return _Cells(values, DECIMAL_SCALE if field.kind.is_scaled else 1, known)
        raise TypeError(f"no cell of a school: {node!r}")


class _Counties(_Rows):
    """One row a county."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground, ground.schools.n_counties)
        self._schools = _Schools(ground)
        self._here = ground.people.in_population
        self._totals: dict[Node, Truths] = {}

    def _find_cells(self, node: Node) -> _Cells:
        if not isinstance(node, CountyValue):
            raise TypeError(f"no cell of a county: {node!r}")
        column = self.ground.figures.column(node.code)
        return _Cells(np.maximum(column, 0), _scale_of(node.code), column >= 0)

    def _by_county(self, mask: BoolArray) -> IntArray:
        return np.bincount(self.ground.schools.county[mask], minlength=self.size)

    def _aggregate(self, node: Sum | Count | Share) -> _Numbers:
        if isinstance(node, Sum):
            return self._sum(node.of)
        found = self._conditions(node.of)
        known = (self._by_county(self._here & found.unknown) == 0) & self.ground.is_certain
        count = self._by_county(self._here & found.true).astype(np.float64)
        if isinstance(node, Count):
            return _Numbers(count, np.zeros(self.size), known)
        schools = self._by_county(self._here)
        share = count / np.maximum(schools, 1)
        return _Numbers(share, _rounding(share), known & (schools > 0))

    def _conditions(self, of: Node) -> Truths:
        if of not in self._totals:
            self._totals[of] = self._schools.truths(of)
        return self._totals[of]

    def _sum(self, of: Node) -> _Numbers:
        each = self._schools.numbers(of)
        used = self._here & each.known
        county = self.ground.schools.county[used]
        value, size, error = (
            np.bincount(county, part[used], self.size).astype(np.float64)
            for part in (each.value, np.abs(each.value), each.error)
        )
        known = (self._by_county(self._here & ~each.known) == 0) & self.ground.is_certain
        if is_whole(of):
            rounding = np.where(size < _EXACT_IN_FLOAT, 0.0, _EPSILON * size * self._by_county(used))
        else:
            rounding = (_EPSILON * size + _SMALLEST) * self._by_county(used)
        return _Numbers(value, error + rounding, known)

    def _exact_aggregate(self, node: Sum | Count | Share, row: int) -> Fraction | None:
        county = self.ground.schools.county
        first, last = np.searchsorted(county, [row, row + 1])
        schools = (np.flatnonzero(self._here[first:last]) + first).tolist()
        if not self.ground.is_certain[row]:
            return None
        if isinstance(node, Sum):
            total = Fraction(0)
            for school in schools:
                if (part := self._schools.exact(node.of, school)) is None:
                    return None
                total += part
            return total
        found = self._conditions(node.of)
        if found.unknown[schools].any():
            return None
        count = int(found.true[schools].sum())
        if isinstance(node, Count):
            return Fraction(count)
        return Fraction(count, len(schools)) if schools else None


def is_whole(node: Node) -> bool:
    """Whether a number can only be whole, so that floats below 2**53 hold it exactly."""
    match node:
        case Number(value):
            return value.denominator == 1
        case FieldValue(key):
            return not FIELD_BY_KEY[key].kind.is_scaled
        case CountyValue(code):
            return _scale_of(code) == 1
        case Total(parts) | Product(parts):
            is_divided = isinstance(node, Product) and any(divides for divides, _ in parts)
            return not is_divided and all(is_whole(part) for _, part in parts)
        case Extreme(_, parts):
            return all(is_whole(part) for part in parts)
        case Negative(of) | Sum(of):
            return is_whole(of)
    return isinstance(node, Pupils | Rooms | Count)


def _rounding(value: FloatArray | np.float64, whole: bool = False) -> FloatArray:
    """The most that one operation with this result may have been rounded by."""
    size = np.abs(value)
    rounded = np.asarray(_EPSILON * size + _SMALLEST)
    return np.where(size < _EXACT_IN_FLOAT, 0.0, rounded) if whole else rounded


def _scale_of(code: str) -> int:
    return DECIMAL_SCALE if COUNTY_ITEM_BY_CODE[code].kind.is_scaled else 1
