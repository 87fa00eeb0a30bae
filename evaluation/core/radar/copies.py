"""Rows and counties that resemble others too closely. Pure.

Whoever invents figures rarely invents them twice: a copied row with another name is the commonest trace. Equal hashes
only bring rows together; what is called identical was compared figure by figure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evaluation.core.columns import BoolArray, IntArray
from evaluation.core.radar.figures import FIGURE_KEYS, NOBODY, YearFigures
from evaluation.core.radar.hits import Hits, hits
from evaluation.core.radar.rules import RadarRule

COPIED_ROW, COPIED_PART, COPIED_COUNTY = "radar.copied_row", "radar.copied_part", "radar.copied_county"
#: Of a row that stands in more places than these only the first are laid against each other, in canonical order.
MOST_PLACES = 50
_ODD, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(29)


def identical(year: YearFigures, keys: Sequence[str], fewest: int) -> tuple[IntArray, IntArray]:
    """A number of its group for every school whose figures under ``keys`` another school has too, NOBODY for the rest;
    and how many of the figures are neither empty nor 0. Only rows with at least ``fewest`` of those are compared."""
    said = np.zeros(len(year), np.int64)
    mixed = np.zeros(len(year), np.uint64)
    for key in keys:
        column = year.known(key)
        said += column > 0
        mixed = (mixed ^ column.astype(np.uint64)) * _ODD
        mixed ^= mixed >> _SHIFT
    group = np.full(len(year), NOBODY, np.int64)
    compared = np.flatnonzero(said >= fewest)
    _, inverse, counts = np.unique(mixed[compared], return_inverse=True, return_counts=True)
    alike = compared[counts[inverse] > 1]
    if len(alike):
        rows = np.stack([year.known(key)[alike] for key in keys], axis=1)
        _, exact, times = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
        exact = exact.reshape(-1)
        group[alike] = np.where(times[exact] > 1, exact, NOBODY)
    return group, said


def _others(group: IntArray, county: IntArray, is_across: bool) -> IntArray:
    """For every school of a group the first other one in canonical order, of another county where ``is_across``;
    NOBODY where there is none."""
    other = np.full(len(group), NOBODY, np.int64)
    order = np.flatnonzero(group >= 0)
    order = order[np.argsort(group[order], kind="stable")]
    if not len(order):
        return other
    numbers = group[order]
    starts = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]])
    first = np.repeat(starts, np.diff(np.r_[starts, len(numbers)]))
    places = np.arange(len(order))
    differs = county[order] != county[order[first]] if is_across else places != first
    # The first place of each group that is not the first school's own county (or not the first school).
    second = np.minimum.reduceat(np.where(differs, places, len(order)), starts)
    second = np.repeat(second, np.diff(np.r_[starts, len(numbers)]))
    found = np.where(differs, first, second)
    has = found < len(order)
    other[order[has]] = order[found[has]]
    return other


def find_copied_rows(year: YearFigures, rule: RadarRule) -> Hits:
    """Schools of different counties with the very same figures."""
    group, said = identical(year, FIGURE_KEYS, rule.whole("fewest_figures"))
    other = _others(group, year.county, is_across=True)
    return _rows(rule, year, group, said, np.flatnonzero(other >= 0), other)


def find_copied_parts(year: YearFigures, rule: RadarRule, copied: Hits) -> Hits:
    """Schools with the very same buildings and equipment, to the last decimal, that are not copied as a whole."""
    group, said = identical(year, rule.keys("block"), rule.whole("fewest_figures"))
    other = _others(group, year.county, is_across=False)
    found = other >= 0
    found[copied.school] = False
    # A row copied as a whole within the county is said by the intake's own rule.
    whole, _ = identical(year, FIGURE_KEYS, rule.whole("fewest_figures"))
    found &= (whole < 0) | (whole != whole[other])
    return _rows(rule, year, group, said, np.flatnonzero(found), other)


def _rows(
    rule: RadarRule, year: YearFigures, group: IntArray, said: IntArray, school: IntArray, other: IntArray
) -> Hits:
    places = np.bincount(group[group >= 0]) if (group >= 0).any() else np.zeros(1, np.int64)
    told = {"same": said[school], "places": places[group[school]]}
    return hits(
        rule.code, year.county[school], school, "code", said[school], told, year.county[other[school]], other[school]
    )


def find_copied_counties(year: YearFigures, rule: RadarRule) -> Hits:
    """Counties many of whose schools stand in one other county too, by their buildings and equipment."""
    group, _ = identical(year, rule.keys("block"), rule.whole("fewest_figures"))
    school, there = _pairs_across(group, year.county)
    n = year.schools.n_counties
    # One school counts once for a county it resembles, however many of its rows are alike.
    pairs = np.unique(np.stack([school, there]), axis=1)
    both, counts = np.unique(year.county[pairs[0]] * n + pairs[1], return_counts=True)
    here, other = both // n, both % n
    is_hit = _is_share(counts, year.schools_of_county[here], rule)
    here, other, counts = here[is_hit], other[is_hit], counts[is_hit]
    of = year.schools_of_county[here]
    told = {"same": counts, "of": of}
    return hits(rule.code, here, None, "", counts / np.maximum(of, 1), told, other)


def _is_share(counts: IntArray, of: IntArray, rule: RadarRule) -> BoolArray:
    share = rule.number("least_share")
    return np.asarray((counts >= rule.whole("fewest_schools")) & (counts >= share * of))


def _pairs_across(group: IntArray, county: IntArray) -> tuple[IntArray, IntArray]:
    """Every school of a group with the county of every other of its first places, where that is another county."""
    order = np.flatnonzero(group >= 0)
    order = order[np.argsort(group[order], kind="stable")]
    numbers = group[order]
    starts = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]]) if len(numbers) else np.zeros(0, np.int64)
    counts = np.diff(np.r_[starts, len(numbers)])
    rank = np.arange(len(order)) - np.repeat(starts, counts)
    order, counts = order[rank < MOST_PLACES], np.minimum(counts, MOST_PLACES)
    starts = np.cumsum(counts) - counts
    # Each school as often as its group has members, beside each of them.
    times = np.repeat(counts, counts)
    school = np.repeat(order, times)
    offset = np.arange(len(school)) - np.repeat(np.cumsum(times) - times, times)
    there = county[order[np.repeat(np.repeat(starts, counts), times) + offset]]
    across = there != county[school]
    return school[across], there[across]
