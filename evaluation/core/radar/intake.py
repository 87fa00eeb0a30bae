"""The intake's own outlier and copy rules over columns: the rows they name are those the intake names. Pure.

Every number and every list of figures is the intake's; a test lays both beside each other on random counties.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evaluation.core.columns import SCHOOL_TYPES, URBAN_RURAL, FloatArray, IntArray
from evaluation.core.radar.copies import identical
from evaluation.core.radar.figures import FIGURE_KEYS, YearFigures, grouped_median, unit_of
from evaluation.core.radar.hits import Hits, hits
from evaluation.core.radar.outliers import values_of
from indicators.checks.known import Thresholds
from indicators.checks.last_year import (
    FEWEST_UNCHANGED,
    LARGEST_CHANGE,
    SCHOOL_CHANGES,
    TOTAL_NUMBERS,
    TREND_NUMBERS,
    Change,
)
from indicators.checks.peers import FEWEST_PEERS, HEAP_NUMBERS, OUTLIER_NUMBERS, RATIOS, SIZE_CLASSES, Ratio
from indicators.checks.rows import ENROLLMENT, STAGES
from indicators.checks.schools import FEWEST_SAME_FIGURES
from schools.vocabulary import Stage


def intake_hits(now: YearFigures, before: YearFigures | None, then: IntArray, thresholds: Thresholds) -> Iterator[Hits]:
    """Every rule; those against last year only where there is one."""
    yield find_same_figures(now)
    yield from find_outliers(now)
    yield from find_heaps(now, thresholds)
    if before is not None:
        for change in SCHOOL_CHANGES:
            yield find_change(now, before, then, change)
        for stage in STAGES:
            yield find_reversed_trends(now, before, then, stage)
        yield find_unchanged(now, before, then)
        yield find_changed_totals(now, before)


def find_same_figures(year: YearFigures) -> Hits:
    """As ``schools.find_same_figures``: rows of a county that are as an earlier one of its sheet."""
    group, said = identical(year, FIGURE_KEYS, FEWEST_SAME_FIGURES)
    order = np.lexsort((year.row, year.county, group))
    order = order[group[order] >= 0]
    pair = group[order] * year.schools.n_counties + year.county[order]
    starts = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]][: len(pair)])
    first = np.repeat(order[starts], np.diff(np.r_[starts, len(pair)]))
    is_later = order != first
    school, earlier = order[is_later], first[is_later]
    told = {"earlier": year.row[earlier]}
    return hits(
        "school.same_figures", year.county[school], school, "code", said[school], told, year.county[earlier], earlier
    )


def _ratio_values(year: YearFigures, ratio: Ratio) -> FloatArray:
    def side(keys: tuple[str, ...]) -> FloatArray:
        return np.asarray(np.sum([year.amounts(key) for key in keys], axis=0) / unit_of(keys[0]))

    above, below = side(ratio.above), side(ratio.below)
    amount = above - side((ratio.minus,)) if ratio.minus else above
    keys = {*ratio.above, *ratio.below, *((ratio.minus,) if ratio.minus else ())}
    refused = np.logical_or.reduce([year.stored(key) < -1 for key in sorted(keys)])
    is_known = (amount > 0) & (below > 0) & ~refused
    value = np.full(len(year), np.nan)
    np.divide(amount * ratio.factor, np.maximum(below, ratio.at_least), out=value, where=is_known)
    return value


def find_outliers(year: YearFigures) -> Iterator[Hits]:
    """As ``peers.find_outliers``, of every county at once."""
    deviations, factor, _, _ = OUTLIER_NUMBERS
    wide, narrow, is_near = _peers(year)
    for ratio in RATIOS:
        value = _ratio_values(year, ratio)
        near_middle, near_spread, near = _middle(value, narrow)
        wide_middle, wide_spread, all_of_them = _middle(value, wide)
        middle, spread = np.where(is_near, near_middle, wide_middle), np.where(is_near, near_spread, wide_spread)
        peers = np.where(is_near, near, all_of_them)
        with np.errstate(invalid="ignore"):
            is_far = (peers >= FEWEST_PEERS) & (np.abs(value - middle) > deviations * spread)
            is_far &= (value < middle / factor) | (value > middle * factor)
        school = np.flatnonzero(is_far)
        told = {"value": value[school], "middle": middle[school], "peers": peers[school]}
        weight = np.abs(np.log(value[school] / middle[school]))
        yield hits(ratio.rule, year.county[school], school, ratio.key, weight, told)


def _middle(value: FloatArray, group: IntArray) -> tuple[FloatArray, FloatArray, IntArray]:
    _, _, mad, least = OUTLIER_NUMBERS
    middle, known = grouped_median(value, group)
    away, _ = grouped_median(np.abs(value - middle), group)
    return middle, np.maximum(mad * away, least * middle), known


def _peers(year: YearFigures) -> tuple[IntArray, IntArray, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """The wide and the narrow group of every school, −1 where it has none, and whether it is judged by the narrow."""
    school_type, place, size = year.stored("school_type"), year.known("urban_rural"), year.size_class
    is_in = (school_type >= 0) & (size >= 0) & (year.present[STAGES[0]] | year.present[STAGES[1]])
    wide = np.where(is_in, (year.county * len(SCHOOL_TYPES) + school_type) * len(SIZE_CLASSES) + size, -1)
    narrow = np.where(is_in & (place >= 0), wide * len(URBAN_RURAL) + place, -1)
    is_near = (narrow >= 0) & (_members(narrow) >= FEWEST_PEERS)
    wide = np.where(_members(wide) >= FEWEST_PEERS, wide, -1)
    return wide, np.where(is_near & (wide >= 0), narrow, -1), is_near & (wide >= 0)


def _members(group: IntArray) -> IntArray:
    _, inverse, counts = np.unique(group, return_inverse=True, return_counts=True)
    return np.where(group >= 0, counts[inverse], 0) if len(group) else np.zeros(0, np.int64)


def find_heaps(year: YearFigures, thresholds: Thresholds) -> Iterator[Hits]:
    """As ``peers.find_heaps_above_limits``, of every county whose schools are beyond doubt."""
    fewest, fewest_heaped, share, near, times, touch = HEAP_NUMBERS
    n = year.schools.n_counties
    for limit in thresholds.limits:
        value, looked_at = values_of(year, limit, thresholds.weights)
        is_known = looked_at & ~np.isnan(value)
        with np.errstate(invalid="ignore"):
            distance = value / limit.limit - 1
            is_above, is_below = (-touch <= distance) & (distance <= near), (-near <= distance) & (distance < -touch)
        counts = [np.bincount(year.county[is_known & each], minlength=n) for each in (is_known, is_above, is_below)]
        known, above, below = counts
        least = np.maximum(np.maximum(fewest_heaped, share * known), times * below + 1)
        county = np.flatnonzero((known >= fewest) & (above >= least) & year.is_certain)
        told = {
            "indicator": limit.code,
            "stage": limit.stage.value,
            "limit": limit.limit,
            "above": above[county],
            "below": below[county],
            "of": known[county],
        }
        yield hits("limit.heaped", county, None, limit.plus[0], above[county] / known[county], told)


def _last(before: YearFigures, then: IntArray, keys: tuple[str, ...]) -> FloatArray:
    if not len(before):
        return np.full(len(then), np.nan)
    return np.where(then >= 0, before.totals(keys)[then], np.nan)


def find_change(now: YearFigures, before: YearFigures, then: IntArray, change: Change) -> Hits:
    """As ``last_year.Change``."""
    this, last = now.totals(change.keys), _last(before, then, change.keys)
    with np.errstate(invalid="ignore"):
        moved = np.abs(this - last)
        school = np.flatnonzero((this != last) & (moved >= change.floor) & (moved > LARGEST_CHANGE * last))
    told = {"now": this[school], "then": last[school]}
    weight = moved[school] / np.maximum(last[school], change.floor)
    return hits(
        change.rule, now.county[school], school, change.keys[0], weight, told, now.county[school], then[school], True
    )


def find_reversed_trends(now: YearFigures, before: YearFigures, then: IntArray, stage: Stage) -> Hits:
    """As the intake's rule that pupils and teachers do not move apart."""
    trend, trend_pupils, trend_teachers = TREND_NUMBERS
    pupils_key, key = (ENROLLMENT[stage],), (f"{stage.value.lower()}_full_time_teachers",)
    pupils, teachers = now.totals(pupils_key), now.totals(key)
    had, taught = _last(before, then, pupils_key), _last(before, then, key)
    more, staff = pupils - had, teachers - taught
    with np.errstate(invalid="ignore"):
        is_large = (np.abs(more) >= np.maximum(trend_pupils, trend * had)) & (
            np.abs(staff) >= np.maximum(trend_teachers, trend * taught)
        )
        school = np.flatnonzero(is_large & (more * staff < 0) & (had != 0) & (taught != 0))
    told = {"stage": stage.value, "pupils": pupils[school], "had": had[school]}
    told |= {"teachers": teachers[school], "taught": taught[school]}
    weight = np.abs(more[school] / had[school]) + np.abs(staff[school] / taught[school])
    return hits(
        "last_year.trend", now.county[school], school, key[0], weight, told, now.county[school], then[school], True
    )


def find_unchanged(now: YearFigures, before: YearFigures, then: IntArray) -> Hits:
    """As the intake's rule that not every figure of a row is that of last year."""
    is_same = then >= 0
    said = np.zeros(len(now), np.int64)
    for key in FIGURE_KEYS if len(before) else ():
        column = now.known(key)
        is_same &= column == before.known(key)[then]
        said += column > 0
    school = np.flatnonzero(is_same & (said >= FEWEST_UNCHANGED))
    return hits(
        "last_year.unchanged", now.county[school], school, "code", said[school], {"same": said[school]},
        now.county[school], then[school], True,
    )  # fmt: skip


def find_changed_totals(now: YearFigures, before: YearFigures) -> Hits:
    """As ``last_year.find_changed_total``: all pupils of the compulsory stages of a county."""
    fewest, most = TOTAL_NUMBERS
    here = np.flatnonzero(np.isin(now.county_code, before.county_code) & now.is_certain)
    order = np.argsort(before.county_code)
    earlier = order[np.searchsorted(before.county_code, now.county_code[here], sorter=order)]
    pupils, had = (
        np.bincount(
            year.county, weights=np.sum([year.amounts(key) for key in ENROLLMENT.values()], axis=0),
            minlength=year.schools.n_counties,
        )
        for year in (now, before)
    )  # fmt: skip
    this, last = pupils[here], had[earlier]
    moved = np.abs(this - last)
    is_hit = (last >= fewest) & (moved > most * last)
    told = {"now": this[is_hit], "then": last[is_hit]}
    weight = moved[is_hit] / last[is_hit]
    return hits("last_year.county_pupils", here[is_hit], None, "primary_enrollment", weight, told)
