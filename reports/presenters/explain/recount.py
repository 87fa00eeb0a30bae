"""Values and coefficients of a county computed again in fractions, and held against its stored verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from evaluation.core.relaxations import added_keys
from evaluation.core.standard import Indicator
from reports.presenters.explain.frozen import Frozen
from reports.presenters.explain.page import Disagreement, check_agrees, root
from reports.presenters.school import Split
from schools.vocabulary import Stage

#: A stored coefficient is a float from two passes; the exact one lies this near.
_FLOAT = 1e-9
_DUST = Decimal(10) ** -50


@dataclass(frozen=True, slots=True)
class Value:
    """A value of one school taken apart. ``amount`` is what the whole school (or stage) has, ``share`` the part of it
    that falls to the stage, ``own`` = amount × share; value = own × factor ÷ pupils. ``added`` are the keys a
    relaxation adds. Numbers are None where a cell is missing: ``needed`` names the cells looked at."""

    plus: tuple[str, ...]
    minus: tuple[str, ...]
    added: tuple[str, ...]
    needed: tuple[str, ...]
    split: Split
    is_split: bool
    pupils: int | None
    amount: Fraction | None
    share: Fraction | None
    own: Fraction | None
    value: Fraction | None


_PUPIL_KEYS = {"小学": "primary_enrollment", "初中": "junior_enrollment", "高中": "senior_enrollment"}


def value_of(frozen: Frozen, school: int, stage: Stage, indicator: Indicator, *, relaxed: bool = True) -> Value:
    """A value computed again; without its relaxation where ``relaxed`` is False."""
    measure, split = indicator.stages[stage], frozen.split(school)
    relaxation = frozen.works(school, indicator.code) if relaxed else None
    # What a relaxation adds where the cell is empty or was refused is nothing.
    could_add = added_keys(relaxation, stage) if relaxation else ()
    added = tuple(key for key in could_add if frozen.number(school, key) is not None)
    is_split = indicator.shared and split.is_needed
    pupils_keys = [_PUPIL_KEYS[label] for label, _, _ in split.parts] if is_split else [_PUPIL_KEYS[stage.label]]
    needed = (*measure.plus, *measure.minus, *pupils_keys)
    plus, minus = ([frozen.number(school, key) for key in keys] for keys in ((*measure.plus, *added), measure.minus))
    pupils = frozen.pupils(school, stage)
    amount = None
    if None not in plus and None not in minus:
        amount = sum(plus, Fraction(0)) - sum(minus, Fraction(0))  # type: ignore[arg-type]
    share: Fraction | None = Fraction(1)
    if is_split:
        share = frozen.split_shares(school)[stage]
    own = amount * share if amount is not None and share is not None else None
    value = own * indicator.factor / pupils if own is not None and pupils else None
    return Value(measure.plus, measure.minus, added, needed, split, is_split, pupils, amount, share, own, value)


def checked_value(frozen: Frozen, school: int, stage: Stage, indicator: Indicator, told: Mapping[str, Any]) -> Value:
    """A value computed again that agrees with its row ``told`` in the verdict. Raises Disagreement."""
    found = value_of(frozen, school, stage, indicator)
    what = f"{told['code']} {stage.value} {indicator.code}"
    # The verdict keeps the float next to the exact value.
    check_agrees(what, None if found.value is None else float(found.value), told["values"][indicator.code])
    limit = indicator.stages[stage].limit
    if found.value is not None and limit is not None:
        attained = found.value >= limit
        check_agrees(f"{what} attained", attained, indicator.code in told["attained"])
        at_floor = not attained and found.value >= limit * frozen.standard.floor_share
        check_agrees(f"{what} at the floor", at_floor, indicator.code in told["at_85"])
    return found


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One coefficient computed again over the ``schools`` of a stage. ``square`` is CV² exactly, ``variance`` S²; all
    None where the coefficient is undefined."""

    stage: Stage
    indicator: Indicator
    schools: tuple[int, ...]
    values: tuple[Value, ...]
    pupils: int | None
    total: Fraction | None
    mean: Fraction | None
    variance: Fraction | None
    square: Fraction | None

    def parts(self) -> tuple[Fraction, ...]:
        """Each school's part in S², (P ÷ ΣP)·(X − M)²; empty where it is undefined. Raises Disagreement where they do
        not add up to it."""
        if self.mean is None or not self.pupils:
            return ()
        mean, pupils = self.mean, self.pupils
        parts = tuple(Fraction(each.pupils or 0, pupils) * ((each.value or 0) - mean) ** 2 for each in self.values)
        check_agrees("parts of the variance", sum(parts, Fraction(0)), self.variance)
        return parts

    def coefficient(self) -> Decimal | None:
        """CV to sixty digits."""
        return None if self.square is None else root(self.square)


def coefficient_of(frozen: Frozen, stage: Stage, indicator: Indicator) -> Coefficient:
    """A coefficient computed again, agreeing with the verdict in every value, in mean, deviation, coefficient and
    outcome. Raises Disagreement."""
    schools = frozen.rows(stage)
    told_rows = frozen.told_rows(stage)
    values = tuple(
        checked_value(frozen, school, stage, indicator, told) for school, told in zip(schools, told_rows, strict=True)
    )
    found = _coefficient(frozen, stage, indicator, schools, values)
    _check(frozen, found)
    return found


def _coefficient(
    frozen: Frozen, stage: Stage, indicator: Indicator, schools: Sequence[int], values: tuple[Value, ...]
) -> Coefficient:
    known = [(each.own, each.pupils) for each in values if each.value is not None and each.own is not None]
    is_whole = len(known) == len(values) > 0
    pupils = sum(p for _, p in known if p) if is_whole else None
    total = sum((own for own, _ in known if own is not None), Fraction(0)) if is_whole else None
    mean = variance = square = None
    if pupils and total is not None and frozen.is_certain:
        mean = total * indicator.factor / pupils
        # Σ P·X² ÷ ΣP − M² is the same S², exactly, with half the work.
        squares = sum(((each.pupils or 0) * (each.value or 0) ** 2 for each in values), Fraction(0))
        variance = squares / pupils - mean**2
        square = variance / mean**2 if mean > 0 else None
    return Coefficient(stage, indicator, tuple(schools), values, pupils, total, mean, variance, square)


def _check(frozen: Frozen, found: Coefficient) -> None:
    told = frozen.result["stages"][found.stage.value]["indicators"][found.indicator.code]
    what = f"{found.stage.value} {found.indicator.code}"
    scale = float(found.mean or 1)
    for name, exact in (
        ("mean", None if found.mean is None else float(found.mean)),
        ("deviation", None if found.variance is None else float(root(found.variance))),
    ):
        _check_near(f"{what} {name}", exact, told[name], scale)
    coefficient = found.coefficient()
    _check_near(f"{what} coefficient", None if coefficient is None else float(coefficient), told["coefficient"], 1.0)
    check_agrees(f"{what} outcome", passes(found, limit_of(frozen, found.stage)), told["passed"])


def limit_of(frozen: Frozen, stage: Stage) -> Fraction | None:
    """What each coefficient of a stage is held to; None where the composite decides."""
    return None if frozen.standard.decides_by_composite else frozen.standard.coefficient_limits[stage]


def passes(found: Coefficient, limit: Fraction | None) -> bool | None:
    """CV ≤ limit, decided without a root: CV² ≤ limit². None where undefined, True without a limit."""
    if found.square is None:
        return None
    return limit is None or found.square <= limit * limit


def _check_near(what: str, found: float | None, stored: float | None, scale: float) -> None:
    if found is None or stored is None:
        check_agrees(what, found, stored)
    elif not math.isclose(found, stored, rel_tol=_FLOAT, abs_tol=_FLOAT * max(abs(scale), 1.0)):
        raise Disagreement(what, found, stored)


@dataclass(frozen=True, slots=True)
class Composite:
    """The plain mean of the coefficients of a stage, to fifty digits; None where one of them is undefined."""

    coefficients: tuple[Coefficient, ...]
    total: Decimal | None
    mean: Decimal | None
    passed: bool | None


def composite_of(frozen: Frozen, stage: Stage) -> Composite:
    """The composite computed again, agreeing with the verdict. Raises Disagreement."""
    coefficients = tuple(coefficient_of(frozen, stage, indicator) for indicator in frozen.standard.indicators)
    roots = [found.coefficient() for found in coefficients]
    total = mean = passed = None
    with localcontext() as context:
        context.prec = 60
        if all(each is not None for each in roots):
            total = sum((each for each in roots if each is not None), Decimal(0))
            mean = total / len(roots)
            limit = frozen.standard.coefficient_limits[stage]
            # What is left of sixty digits of equal numbers is the dust of the roundings.
            passed = mean - Decimal(limit.numerator) / Decimal(limit.denominator) < _DUST
    told = frozen.result["stages"][stage.value]
    _check_near(f"{stage.value} composite", None if mean is None else float(mean), told["composite"], 1.0)
    if frozen.standard.decides_by_composite:
        check_agrees(f"{stage.value} composite outcome", passed, told["composite_passed"])
    return Composite(coefficients, total, mean, passed)
