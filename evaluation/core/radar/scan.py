"""All rules over the counties of a year: columns in, hits out, in a fixed order and bounded. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from evaluation.core.radar import changes, copies, digits, outliers
from evaluation.core.radar.figures import NOBODY, YearFigures, matched
from evaluation.core.radar.hits import Hits, bounded, joined
from evaluation.core.radar.intake import intake_hits
from evaluation.core.radar.rules import INTAKE, RadarRule
from indicators.checks.known import Thresholds


def scan_figures(
    now: YearFigures, before: YearFigures | None, rules: Mapping[str, RadarRule], thresholds: Thresholds
) -> list[Hits]:
    """What every rule points at, by rule; of each county the strongest first and at most ``listed``, with the number
    that was left out. The same figures give the same hits in the same order."""
    then = np.full(len(now), NOBODY, np.int64) if before is None else matched(now, before)
    found = [bounded(each, rules[each.rule].listed) for each in _own(now, before, then, rules, thresholds)]
    by_rule: dict[str, list[Hits]] = {}
    for each in intake_hits(now, before, then, thresholds):
        by_rule.setdefault(each.rule, []).append(each)
    found += [bounded(joined(pieces), rules[INTAKE].listed) for pieces in by_rule.values()]
    return [each for each in found if len(each)]


def _own(
    now: YearFigures,
    before: YearFigures | None,
    then: np.ndarray[tuple[int], np.dtype[np.int64]],
    rules: Mapping[str, RadarRule],
    thresholds: Thresholds,
) -> Iterator[Hits]:
    """The rules of the radar itself."""
    copied = copies.find_copied_rows(now, rules[copies.COPIED_ROW])
    yield copied
    yield copies.find_copied_parts(now, rules[copies.COPIED_PART], copied)
    yield copies.find_copied_counties(now, rules[copies.COPIED_COUNTY])
    if before is not None:
        yield changes.find_carried_rows(now, before, then, rules["radar.carried_row"])
        yield changes.find_carried_counties(now, before, then, rules["radar.carried_county"])
    yield outliers.find_outliers_nationwide(now, rules["radar.outlier"], thresholds)
    yield outliers.find_heaps_on_limits(now, rules["radar.limit_heap"], thresholds)
    yield digits.find_uneven_last_digits(now, rules["radar.last_digit"])
    yield digits.find_round_figures(now, rules["radar.round_figures"])
    if before is not None:
        yield changes.find_jumps(now, before, then, rules["radar.jump"])
        yield changes.find_moved_apart(now, before, then, rules["radar.apart"])
        yield changes.find_vanished(now, before, rules["radar.vanished"])
        yield changes.find_appeared(now, before, rules["radar.appeared"])
