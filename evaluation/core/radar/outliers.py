"""Values far from those of the same type, stage and size nationwide, and values heaped on a limit. Pure."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from evaluation.core.columns import SCHOOL_TYPES, BoolArray, FloatArray, IntArray
from evaluation.core.radar.figures import EVERYONE, YearFigures, grouped_median, unit_of
from evaluation.core.radar.hits import Hits, hits, joined
from evaluation.core.radar.rules import RadarRule
from indicators.checks.known import Threshold, Thresholds
from indicators.checks.peers import OUTLIER_NUMBERS, SIZE_CLASSES
from indicators.checks.rows import ENROLLMENT, STAGES
from schools.vocabulary import Stage

_MAD = OUTLIER_NUMBERS[2]
#: Beyond this an amount in whole units would not fit into the products below; it is no credible figure.
_LARGEST = 2**62
_PERCENT = 100


def values_of(
    year: YearFigures, threshold: Threshold, weights: tuple[float, float, float]
) -> tuple[FloatArray, BoolArray]:
    """The value of an indicator at every school's stage, NaN where a figure is missing, and where it is looked at: the
    stage is there, with enough pupils. The same numbers as the intake's."""
    stage = threshold.stage
    pupils = year.amounts(ENROLLMENT[stage]).astype(np.float64)
    looked_at = year.present[stage] & (pupils >= SIZE_CLASSES[0])
    heads = pupils
    if threshold.is_shared:
        shared = np.zeros(len(year))
        for weight, key in zip(weights, EVERYONE, strict=True):
            shared = shared + weight * year.amounts(key)
        heads = shared / weights[0 if stage is Stage.PRIMARY else 1]
    lost = year.totals(threshold.minus) if threshold.minus else np.zeros(len(year))
    amount = (year.totals(threshold.plus) - lost) * threshold.factor
    value = np.full(len(year), np.nan)
    np.divide(amount, heads, out=value, where=looked_at)
    return value, looked_at


def find_outliers_nationwide(year: YearFigures, rule: RadarRule, thresholds: Thresholds) -> Hits:
    """Values of indicators far from the middle of all schools of the country of the same type, stage and size class.

    In logarithms, so that a tenth is as far as tenfold; median and median absolute deviation, which a few odd schools
    cannot move. Of one indicator a school is told once, at the stage that lies farther out."""
    school_type, size = year.stored("school_type"), year.size_class
    pieces = [_outliers(year, rule, limit, thresholds.weights, school_type, size) for limit in thresholds.limits]
    found = joined(pieces)
    order = np.lexsort((found.key, -found.weight, found.told["indicator"], found.school))
    school, indicator = found.school[order], found.told["indicator"][order]
    first = np.r_[True, (school[1:] != school[:-1]) | (indicator[1:] != indicator[:-1])][: len(order)]
    return found.only(order[first])


def _outliers(
    year: YearFigures,
    rule: RadarRule,
    limit: Threshold,
    weights: tuple[float, float, float],
    school_type: IntArray,
    size: IntArray,
) -> Hits:
    value, looked_at = values_of(year, limit, weights)
    is_given = looked_at & (value > 0) & (school_type >= 0) & (size >= 0)
    group = np.where(is_given, school_type * len(SIZE_CLASSES) + size, -1)
    logs = np.log(value, out=np.full(len(year), np.nan), where=is_given)
    middle, peers = grouped_median(logs, group)
    away = np.abs(logs - middle)
    spread, _ = grouped_median(away, group)
    deviations = away / np.maximum(_MAD * spread, rule.number("least_spread"))
    with np.errstate(invalid="ignore"):
        is_far = (deviations > rule.number("deviations")) & (away > math.log(rule.number("factor")))
    school = np.flatnonzero(is_far & (peers >= rule.whole("fewest_peers")))
    told = {
        "indicator": limit.code,
        "stage": limit.stage.value,
        "value": value[school],
        "middle": np.exp(middle[school]),
        "deviations": deviations[school],
        "peers": peers[school],
        "type": np.array([member.value for member in SCHOOL_TYPES])[school_type[school]],
        "size": size[school],
    }
    return hits(rule.code, year.county[school], school, limit.plus[0], deviations[school], told)


def find_heaps_on_limits(year: YearFigures, rule: RadarRule, thresholds: Thresholds) -> Hits:
    """Counties in which an indicator only just reaches its limit far more often than it only just misses it.

    An amount that lies by chance is as often in the step above what is needed as in the one below it or the one after.
    A step is one teacher or room, or the share ``near`` of what is needed where that is more; a school that needs only
    few steps says nothing. Compared in whole numbers; how improbable the heap is, is computed exactly. Only counties
    whose schools are beyond doubt."""
    return joined([_heaps(year, rule, limit, thresholds.weights) for limit in thresholds.limits])


def _heaps(year: YearFigures, rule: RadarRule, limit: Threshold, weights: tuple[float, float, float]) -> Hits:
    percent, fewest_steps = round(rule.number("near") * _PERCENT), rule.whole("fewest_steps")
    step, looked_at = steps_from_limit(year, limit, weights, percent, fewest_steps)
    n = year.schools.n_counties
    above, below, beyond = (np.bincount(year.county[looked_at & (step == k)], minlength=n) for k in (0, -1, 1))
    total = np.bincount(year.county[looked_at], minlength=n)
    beside = np.maximum(below, beyond)
    may_be = (total >= rule.whole("fewest_values")) & (above > beside) & year.is_certain
    chance = Fraction(1, rule.whole("chance"))
    county = np.array(
        [c for c in np.flatnonzero(may_be).tolist() if _tail(int(above[c]), int(above[c] + beside[c])) <= chance],
        np.int64,
    )
    told = {
        "indicator": limit.code,
        "stage": limit.stage.value,
        "limit": limit.limit,
        "above": above[county],
        "below": below[county],
        "beyond": beyond[county],
        "of": total[county],
    }
    return hits(rule.code, county, None, limit.plus[0], above[county] - beside[county], told)


def steps_from_limit(
    year: YearFigures, limit: Threshold, weights: tuple[float, float, float], percent: int, fewest_steps: int
) -> tuple[IntArray, BoolArray]:
    """In which step from its limit an indicator lies at each school, 0 the first that reaches it, −1 the last that does
    not; and at which schools it is looked at. A step is one in units that are counted, and ``percent`` of what is
    needed where that is more. In whole numbers: amount × factor × denominators against limit × weighted pupils."""
    value, looked_at = values_of(year, limit, weights)
    looked_at = looked_at & ~np.isnan(value)
    exact = Fraction(str(limit.limit))
    whole = [Fraction(str(weight)) for weight in weights]
    common = math.lcm(*(weight.denominator for weight in whole))
    heads, own = year.amounts(ENROLLMENT[limit.stage]), 1
    if limit.is_shared:
        heads = np.sum([int(w * common) * year.amounts(key) for w, key in zip(whole, EVERYONE, strict=True)], axis=0)
        own = int(whole[STAGES.index(limit.stage)] * common)
    unit = unit_of(limit.plus[0])
    amount = np.sum([year.amounts(key) for key in limit.plus], axis=0)
    if limit.minus:
        amount = amount - np.sum([year.amounts(key) for key in limit.minus], axis=0)
    scale = limit.factor * exact.denominator * own
    # Floats only decide whether the whole numbers fit.
    fits = np.abs(amount.astype(np.float64)) * scale * _PERCENT < _LARGEST
    fits &= heads.astype(np.float64) * exact.numerator * unit * _PERCENT < _LARGEST
    looked_at = looked_at & fits
    needed = np.where(looked_at, heads, 1) * exact.numerator * unit
    over = np.where(looked_at, amount, 0) * scale - needed
    width = np.maximum(_PERCENT * scale if unit == 1 else 1, percent * needed)
    return (_PERCENT * over) // width, looked_at & (_PERCENT * needed >= fewest_steps * width)


def _tail(hits: int, of: int) -> Fraction:
    """How probable at least ``hits`` heads of ``of`` throws of a fair coin are, exactly."""
    return Fraction(sum(math.comb(of, k) for k in range(hits, of + 1)), 2**of)
