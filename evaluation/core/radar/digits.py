"""Digits that no count and no measuring tape gives: last digits that are not spread evenly, figures that are round
everywhere. Pure."""

from __future__ import annotations

import numpy as np

from evaluation.core.radar.figures import YearFigures, unit_of
from evaluation.core.radar.hits import Hits, hits
from evaluation.core.radar.rules import RadarRule

_DIGITS = 10


def find_uneven_last_digits(year: YearFigures, rule: RadarRule) -> Hits:
    """Counties whose counts of some hundred pupils end in some digits far too often: counted people end evenly.

    Pearson's χ² against ten equally frequent digits, compared in whole numbers: 10·Σn² − n² > χ²·n."""
    n = year.schools.n_counties
    digits = np.zeros((n, _DIGITS), np.int64)
    for key in rule.keys("counted"):
        column = year.known(key)
        chosen = np.flatnonzero(column >= rule.whole("least_value"))
        np.add.at(digits, (year.county[chosen], column[chosen] % _DIGITS), 1)
    total = digits.sum(axis=1)
    beyond = _DIGITS * (digits**2).sum(axis=1) - total**2
    county = np.flatnonzero((total >= rule.whole("fewest_values")) & (beyond > rule.whole("chi_square") * total))
    digit = digits[county].argmax(axis=1)
    told = {"digit": digit, "times": digits[county, digit], "of": total[county]}
    return hits(rule.code, county, None, rule.keys("counted")[0], beyond[county] / total[county], told)


def find_round_figures(year: YearFigures, rule: RadarRule) -> Hits:
    """Counties most of whose measured figures are round, where elsewhere few are: estimated, not measured."""
    n = year.schools.n_counties
    round_ones, total = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for key in rule.keys("measured"):
        column = year.known(key)
        step = rule.whole("round_to") * unit_of(key)
        # What is smaller than a few steps may well be round.
        chosen = column >= _DIGITS * step
        total += np.bincount(year.county[chosen], minlength=n)
        round_ones += np.bincount(year.county[chosen & (column % step == 0)], minlength=n)
    everywhere = round_ones.sum() / max(int(total.sum()), 1)
    share = round_ones / np.maximum(total, 1)
    is_hit = (total >= rule.whole("fewest_values")) & (share >= rule.number("least_share"))
    county = np.flatnonzero(is_hit & (share >= rule.number("times") * everywhere))
    told = {"round": round_ones[county], "of": total[county], "everywhere": everywhere}
    return hits(rule.code, county, None, rule.keys("measured")[0], share[county] * np.sqrt(total[county]), told)
