"""A county's schools against themselves a year before. Pure.

What the nation does in a year is the measure: where all schools buy tablets, one that did is no outlier.
"""

from __future__ import annotations

import math

import numpy as np

from evaluation.core.columns import BoolArray, IntArray
from evaluation.core.radar.figures import FIGURE_KEYS, NO_CODE, YearFigures
from evaluation.core.radar.hits import Hits, hits, joined
from evaluation.core.radar.rules import RadarRule
from indicators.checks.last_year import SCHOOL_CHANGES, Change
from indicators.checks.peers import OUTLIER_NUMBERS

_MAD = OUTLIER_NUMBERS[2]


def find_carried_rows(now: YearFigures, before: YearFigures, then: IntArray, rule: RadarRule) -> Hits:
    """Schools whose moving figures, pupils and money above all, are all those of last year, though others changed."""
    same, known = _same(now, before, then, rule)
    changed = np.zeros(len(now), np.bool_)
    matched = then >= 0
    for key in FIGURE_KEYS:
        changed[matched] |= (now.known(key) != before.known(key)[then])[matched]
    changed &= now.pupils >= rule.whole("fewest_pupils")
    school = np.flatnonzero(changed & (known >= rule.whole("fewest_figures")) & (same == known))
    return hits(
        rule.code, now.county[school], school, "code", same[school], {"same": same[school]},
        now.county[school], then[school], is_other_before=True,
    )  # fmt: skip


def find_carried_counties(now: YearFigures, before: YearFigures, then: IntArray, rule: RadarRule) -> Hits:
    """Counties many of whose moving figures are those of last year."""
    n = now.schools.n_counties
    same, known = (
        np.bincount(now.county, weights=counts, minlength=n).astype(np.int64)
        for counts in _same(now, before, then, rule)
    )
    is_hit = (known >= rule.whole("fewest_figures")) & (same >= rule.number("least_share") * known)
    county = np.flatnonzero(is_hit)
    told = {"same": same[county], "of": known[county]}
    return hits(rule.code, county, None, "", same[county] / known[county], told)


def _same(now: YearFigures, before: YearFigures, then: IntArray, rule: RadarRule) -> tuple[IntArray, IntArray]:
    """How many moving figures of each school are the same as a year before, and how many were given in both years."""
    same, known = np.zeros(len(now), np.int64), np.zeros(len(now), np.int64)
    matched = np.flatnonzero(then >= 0)
    for key in rule.keys("moving"):
        this, last = now.known(key)[matched], before.known(key)[then[matched]]
        is_given = (this > 0) & (last >= 0)
        known[matched] += is_given
        same[matched] += is_given & (this == last)
    return same, known


def find_jumps(now: YearFigures, before: YearFigures, then: IntArray, rule: RadarRule) -> Hits:
    """Figures of a school that moved much more in a year than the same figure does at schools all over the country.

    In logarithms around the nation's own median change; whatever the intake would ask about at least."""
    return joined([_jumps(now, before, then, rule, change) for change in SCHOOL_CHANGES])


def _jumps(now: YearFigures, before: YearFigures, then: IntArray, rule: RadarRule, change: Change) -> Hits:
    this, last = now.totals(change.keys), before.totals(change.keys)
    last = np.where(then >= 0, last[then] if len(last) else np.nan, np.nan)
    is_known = (this > 0) & (last > 0)
    logs = np.log(np.divide(this, last, out=np.ones(len(now)), where=is_known))
    usual = float(np.median(logs[is_known])) if is_known.any() else 0.0
    away = np.abs(logs - usual)
    spread = _MAD * float(np.median(away[is_known])) if is_known.any() else 0.0
    deviations = away / max(spread, rule.number("least_spread"))
    is_far = is_known & (deviations > rule.number("deviations")) & (away > math.log(rule.number("factor")))
    school = np.flatnonzero(is_far & (np.abs(this - last) >= change.floor))
    told = {"change": change.rule, "now": this[school], "then": last[school], "usual": math.exp(usual) - 1}
    return hits(
        rule.code, now.county[school], school, change.keys[0], deviations[school], told,
        now.county[school], then[school], is_other_before=True,
    )  # fmt: skip


def find_moved_apart(now: YearFigures, before: YearFigures, then: IntArray, rule: RadarRule) -> Hits:
    """Fewer pupils and more room at once: the two ways to a better value a pupil, together."""
    pupils, area = now.pupils.astype(np.float64), now.figures("teaching_area")
    had = np.where(then >= 0, before.pupils[then] if len(before) else 0, 0).astype(np.float64)
    room = np.where(then >= 0, before.figures("teaching_area")[then] if len(before) else np.nan, np.nan)
    fewer, more = had - pupils, area - room
    fell = (pupils > 0) & (fewer >= np.maximum(rule.number("fewest_pupils"), rule.number("fall") * had))
    with np.errstate(invalid="ignore"):
        grew = (room > 0) & (more >= np.maximum(rule.number("fewest_area"), rule.number("rise") * room))
    school = np.flatnonzero(fell & grew & (then >= 0))
    told = {"pupils": pupils[school], "had": had[school], "area": area[school], "room": room[school]}
    weight = np.log(had[school] / pupils[school]) + np.log(area[school] / room[school])
    return hits(
        rule.code, now.county[school], school, "teaching_area", weight, told, now.county[school], then[school], True
    )


def find_vanished(now: YearFigures, before: YearFigures, rule: RadarRule) -> Hits:
    """Counties many of whose schools of last year are reported nowhere this year: the weak ones left out help."""
    gone = ~np.isin(before.code, now.code) & (before.code != NO_CODE)
    here = np.flatnonzero(np.isin(now.county_code, before.county_code))
    order = np.argsort(before.county_code)
    earlier = order[np.searchsorted(before.county_code, now.county_code[here], sorter=order)]
    n = before.schools.n_counties
    counts, of = (np.bincount(before.county[chosen], minlength=n) for chosen in (gone, before.code != NO_CODE))
    return _counted(rule, here, counts[earlier], of[earlier], now)


def find_appeared(now: YearFigures, before: YearFigures, rule: RadarRule) -> Hits:
    """Counties many of whose schools were reported nowhere a year before."""
    new = ~np.isin(now.code, before.code) & (now.code != NO_CODE)
    here = np.flatnonzero(np.isin(now.county_code, before.county_code))
    counts = np.bincount(now.county[new], minlength=now.schools.n_counties)
    return _counted(rule, here, counts[here], now.schools_of_county[here], now)


def _counted(rule: RadarRule, county: IntArray, counts: IntArray, of: IntArray, now: YearFigures) -> Hits:
    # Where it is in doubt which schools the county has, none is said to be missing.
    chosen: BoolArray = (counts >= rule.whole("fewest_schools")) & (counts >= rule.number("least_share") * of)
    chosen = chosen & now.is_certain[county]
    county, counts, of = county[chosen], counts[chosen], of[chosen]
    return hits(rule.code, county, None, "code", counts / np.maximum(of, 1), {"schools": counts, "of": of})
