"""The radar's rules over columns, held against the intake's checks and against a plain second implementation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evaluation.core.radar import changes, copies, digits, outliers
from evaluation.core.radar.figures import NOBODY, YearFigures, grouped_median, matched
from evaluation.core.radar.hits import Hits, bounded
from evaluation.core.radar.intake import intake_hits
from evaluation.core.radar.rules import EXPECTED, INTAKE, RadarRule, RadarRulesRefused, parse_rules
from evaluation.core.radar.scan import scan_figures
from indicators.checks.context import rows_of
from indicators.checks.known import Context
from indicators.checks.last_year import find_changed_total, find_changes_since_last_year
from indicators.checks.peers import find_heaps_above_limits, find_outliers
from indicators.checks.rows import Finding
from indicators.checks.rules import RULES
from indicators.checks.schools import find_same_figures
from tests.conftest import ROOT
from tests.evaluation import radar_slowly as slowly
from tests.evaluation.radar_nation import THRESHOLDS, Year, nation

DOCUMENT = (ROOT / "fixtures/radar/rules.toml").read_bytes()
RULES_OF_RADAR = parse_rules(DOCUMENT)
SEEDS = range(1, 13)
#: Rules of the intake that the radar does not run: they look at one cell, or at the register.
NOT_RUN = {"last_year.built_year", "last_year.not_reported"}


def rule(code: str, **numbers: float) -> RadarRule:
    """A rule with some thresholds of the test's own: a small nation has few peers."""
    found = RULES_OF_RADAR[code]
    assert set(numbers) <= set(found.numbers)
    return replace(found, numbers={**found.numbers, **numbers})


def rows(year: Year, figures: YearFigures, hits: Hits, *told: str, with_row: bool = True) -> set[tuple[Any, ...]]:
    """Hits as the second implementation writes them."""
    found = set()
    for position in range(len(hits)):
        school = int(hits.school[position])
        place = (int(figures.row[school]),) if with_row else ()
        county = int(figures.county_code[hits.county[position]])
        found.add((hits.rule, county, *place, *(hits.told[name][position].item() for name in told)))
    assert len(found) == len(hits)
    return found


# ── The intake's own rules ────────────────────────────────────────────────────────────────────


def intake_says(year: Year, before: Year) -> Counter[tuple[Any, ...]]:
    said: Counter[tuple[Any, ...]] = Counter()
    for county, report in year.reports.items():
        seen = rows_of(report, {})
        context = Context(2026, before.reports.get(county), thresholds=THRESHOLDS)
        found: list[Any] = [
            *find_same_figures(seen),
            *find_outliers(seen, context),
            *find_changes_since_last_year(seen, context),
        ]
        if report.is_population_certain:
            found += [*find_heaps_above_limits(seen, context), *find_changed_total(seen, context)]
        for each in found:
            place = seen.numbers[each.position] if isinstance(each, Finding) else 0
            # Ratios of teachers and classes are said at a stage's own column; the row is the same.
            key = "" if each.rule in ("peers.pupils_per_teacher", "peers.class_size") else each.key
            if each.rule not in NOT_RUN:
                said[each.rule, county, place, key] += 1
    return said


def radar_says(year: Year, before: Year) -> Counter[tuple[Any, ...]]:
    now, earlier = year.figures(), before.figures()
    said: Counter[tuple[Any, ...]] = Counter()
    for hits in intake_hits(now, earlier, matched(now, earlier), THRESHOLDS):
        for position in range(len(hits)):
            school = int(hits.school[position])
            place = 0 if school == NOBODY else int(now.row[school])
            county = int(now.county_code[hits.county[position]])
            said[hits.rule, county, place, str(hits.key[position])] += 1
    return said


def test_over_all_counties_at_once_the_intakes_rules_name_the_rows_the_intake_names():
    seen: set[str] = set()
    for seed in SEEDS:
        year, before = nation(seed)
        said = intake_says(year, before)
        assert radar_says(year, before) == said, seed
        seen |= {code for code, *_ in said}
    assert {"school.same_figures", "limit.heaped", "last_year.unchanged", "last_year.trend"} <= seen
    assert {"peers.teaching_area", "peers.sports_area", "peers.equipment", "peers.multimedia", "peers.funds"} <= seen
    assert {"last_year.teaching_area", "last_year.pupils", "last_year.county_pupils"} <= seen


def test_a_county_alone_is_told_what_it_is_told_among_others():
    year, before = nation(3)
    together = radar_says(year, before)
    for county, report in year.reports.items():
        alone = radar_says(Year({county: report}), Year({k: r for k, r in before.reports.items() if k == county}))
        assert alone == Counter({key: n for key, n in together.items() if key[1] == county}), county


# ── The radar's own rules ─────────────────────────────────────────────────────────────────────


def each_rule(year: Year, before: Year) -> Iterable[tuple[str, set[Any], set[Any]]]:
    """Rule by rule what the columns say and what the loops say."""
    now, earlier = year.figures(), before.figures()
    then = matched(now, earlier)

    copied = rule("radar.copied_row")
    yield copied.code, rows(year, now, copies.find_copied_rows(now, copied)), slowly.copied_rows(year, copied)
    county = rule("radar.copied_county", least_share=0.1)
    found = copies.find_copied_counties(now, county)
    told = {
        (found.rule, int(now.county_code[c]), int(now.county_code[o]), n)
        for c, o, n in zip(found.county, found.other_county, found.told["same"].tolist(), strict=True)
    }
    yield county.code, told, slowly.copied_counties(year, county)
    carried = rule("radar.carried_row", fewest_figures=3)
    hits = changes.find_carried_rows(now, earlier, then, carried)
    yield carried.code, rows(year, now, hits), slowly.carried_rows(year, before, carried)
    whole = rule("radar.carried_county", fewest_figures=20, least_share=0.3)
    hits = changes.find_carried_counties(now, earlier, then, whole)
    yield whole.code, rows(year, now, hits, "same", "of", with_row=False), slowly.carried_counties(year, before, whole)
    outlier = rule("radar.outlier", fewest_peers=12)
    hits = outliers.find_outliers_nationwide(now, outlier, THRESHOLDS)
    yield outlier.code, rows(year, now, hits, "indicator"), slowly.outliers(year, outlier)
    heap = rule("radar.limit_heap", chance=30, fewest_values=8)
    hits = outliers.find_heaps_on_limits(now, heap, THRESHOLDS)
    names = ("indicator", "stage", "above", "below", "beyond")
    yield heap.code, rows(year, now, hits, *names, with_row=False), slowly.heaps(year, heap)
    digit = rule("radar.last_digit", fewest_values=20, chi_square=25)
    hits = digits.find_uneven_last_digits(now, digit)
    yield digit.code, rows(year, now, hits, "of", with_row=False), slowly.last_digits(year, digit)
    measured = rule("radar.round_figures", fewest_values=10, times=1.5)
    hits = digits.find_round_figures(now, measured)
    yield measured.code, rows(year, now, hits, "round", "of", with_row=False), slowly.round_figures(year, measured)
    jump = rule("radar.jump")
    hits = changes.find_jumps(now, earlier, then, jump)
    hits = replace(hits, told={**hits.told, "key": hits.key})
    yield jump.code, rows(year, now, hits, "change", "key"), slowly.jumps(year, before, jump)
    apart = rule("radar.apart")
    hits = changes.find_moved_apart(now, earlier, then, apart)
    yield apart.code, rows(year, now, hits), slowly.moved_apart(year, before, apart)
    certain = {code: report.is_population_certain for code, report in year.reports.items()}
    vanished, appeared = rule("radar.vanished"), rule("radar.appeared", least_share=0.1)
    hits = changes.find_vanished(now, earlier, vanished)
    told = rows(year, now, hits, "schools", with_row=False)
    yield vanished.code, told, slowly.counted(before, year, vanished, certain | {989901: False})
    hits = changes.find_appeared(now, earlier, appeared)
    told = rows(year, now, hits, "schools", with_row=False)
    yield appeared.code, told, slowly.counted(year, before, appeared, certain)


def test_the_columns_say_what_loops_and_fractions_say():
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        for code, columns, loops in each_rule(*nation(seed)):
            assert columns == loops, (seed, code)
            seen[code] += len(columns)
    assert set(seen) | {"radar.copied_part", INTAKE} == set(EXPECTED)
    assert min(seen.values()) > 0, seen


def test_buildings_copied_with_other_pupils_are_found_and_whole_rows_are_not_said_twice():
    part, whole = rule("radar.copied_part"), rule("radar.copied_row")
    year, _ = nation(5)
    now = year.figures()
    copied = copies.find_copied_rows(now, whole)
    found = copies.find_copied_parts(now, part, copied)
    assert len(found)
    assert not set(found.school.tolist()) & set(copied.school.tolist())
    for school, other in zip(found.school.tolist(), found.other_school.tolist(), strict=True):
        assert school != other
        assert all(now.known(key)[school] == now.known(key)[other] for key in part.keys("block"))
        assert any(now.known(key)[school] != now.known(key)[other] for key in slowly.NUMBERS)


def test_rows_that_say_next_to_nothing_are_copies_of_nothing():
    """Empty and zero figures are alike everywhere."""
    year, _ = nation(2)
    strict = rule("radar.copied_row", fewest_figures=60)
    assert not len(copies.find_copied_rows(year.figures(), strict))


def test_a_row_names_one_of_another_county_as_the_one_it_resembles():
    now = nation(4)[0].figures()
    found = copies.find_copied_rows(now, rule("radar.copied_row"))
    assert len(found)
    assert (now.county[found.school] != now.county[found.other_school]).all()
    assert (now.county[found.other_school] == found.other_county).all()


# ── The scan as a whole ───────────────────────────────────────────────────────────────────────


def flat(found: Iterable[Hits], now: YearFigures) -> list[tuple[Any, ...]]:
    return [
        (h.rule, int(now.county_code[h.county[i]]), int(h.school[i]), str(h.key[i]), float(h.weight[i]), h.told_at(i))
        for h in found
        for i in range(len(h))
    ]


def test_the_same_figures_give_the_same_hits_in_the_same_order():
    year, before = nation(6)
    first, again = (
        flat(scan_figures(year.figures(), before.figures(), RULES_OF_RADAR, THRESHOLDS), year.figures())
        for _ in range(2)
    )
    assert first == again
    assert len(first) > 20


def test_without_a_year_before_the_rules_of_one_year_still_run():
    year, before = nation(6)
    found = {hits.rule for hits in scan_figures(year.figures(), None, RULES_OF_RADAR, THRESHOLDS)}
    both = {hits.rule for hits in scan_figures(year.figures(), before.figures(), RULES_OF_RADAR, THRESHOLDS)}
    assert "radar.copied_row" in found
    assert found < both
    assert not any(code.startswith("last_year.") for code in found)


@pytest.mark.parametrize("counties", [0, 1])
def test_a_nation_of_no_or_one_county_is_scanned_too(counties):
    year, before = nation(1)
    few = Year(dict(list(year.reports.items())[:counties]))
    found = scan_figures(few.figures(), before.figures(), RULES_OF_RADAR, THRESHOLDS)
    assert all(hits.rule != "radar.copied_row" for hits in found)
    assert bool(found) == bool(counties)
    assert scan_figures(few.figures(), few.figures(), RULES_OF_RADAR, THRESHOLDS) is not None


def test_of_every_county_the_strongest_are_listed_and_the_rest_is_counted():
    now = nation(7)[0].figures()
    every = outliers.find_outliers_nationwide(now, rule("radar.outlier", fewest_peers=5, deviations=2), THRESHOLDS)
    listed = bounded(every, 2)
    counts = np.bincount(every.county, minlength=now.schools.n_counties)
    assert counts.max() > 2
    assert (np.bincount(listed.county, minlength=len(counts)) == np.minimum(counts, 2)).all()
    assert int(listed.left_out.sum()) + len(listed) == len(every)
    for county in np.flatnonzero(counts > 2):
        mine = listed.weight[listed.county == county]
        assert mine.min() >= np.sort(every.weight[every.county == county])[-2]
        assert listed.told_at(int(np.flatnonzero(listed.county == county)[0]))["left_out"] == counts[county] - 2


def test_every_hit_stands_in_a_rule_with_words():
    year, before = nation(8)
    for hits in scan_figures(year.figures(), before.figures(), RULES_OF_RADAR, THRESHOLDS):
        assert hits.rule in RULES_OF_RADAR or hits.rule in RULES


def test_medians_of_groups_are_those_of_the_statistics_module():
    rng = np.random.default_rng(1)
    values = rng.normal(size=500)
    values[rng.random(500) < 0.2] = np.nan
    group = rng.integers(-1, 12, 500)
    middle, count = grouped_median(values, group)
    for number in range(12):
        mine = values[(group == number) & ~np.isnan(values)]
        assert count[group == number].tolist() == [len(mine)] * int((group == number).sum())
        assert middle[group == number].tolist() == [float(np.median(mine))] * int((group == number).sum())
    assert np.isnan(middle[group == -1]).all()


# ── The document ──────────────────────────────────────────────────────────────────────────────


def test_the_words_of_a_rule_hold_its_very_thresholds():
    assert "至少有 12 项" in RULES_OF_RADAR["radar.copied_row"].words
    assert "50% 以上" in RULES_OF_RADAR["radar.round_figures"].words
    changed = parse_rules(DOCUMENT.replace(b"fewest_figures = 12", b"fewest_figures = 15"))
    assert "至少有 15 项" in changed["radar.copied_row"].words
    assert not any(re.search(r"[{}]", each.words) for each in RULES_OF_RADAR.values())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"fewest_figures = 12", b"", "radar.copied_row"),
        (b"fewest_figures = 12", b'fewest_figures = "many"', "大于 0"),
        (b"fewest_figures = 12", b"fewest_figures = 12\nother = 1", "界限"),
        (b'code = "radar.copied_row"', b'code = "radar.other"', "不存在"),
        ("至少有 {fewest_figures} 项不是 0 或空。\"\nlisted = 10\n[rule.thresholds]\nfewest_figures = 12".encode(),
         "有几项不是 0。\"\nlisted = 10\n[rule.thresholds]\nfewest_figures = 12".encode(), "没有提到"),
        (b'"teaching_area", "indoor', b'"no_such_area", "indoor', "no_such_area"),
        (b"[[rule]]", b"[[rule", "无法读取"),
        (b"listed = 10", b"listed = 0", "listed"),
    ],
)  # fmt: skip
def test_a_document_that_cannot_be_used_is_refused_in_words(old, new, words):
    assert old in DOCUMENT
    with pytest.raises(RadarRulesRefused, match=words):
        parse_rules(DOCUMENT.replace(old, new, 1))


def test_a_document_without_one_of_the_rules_is_refused():
    start = DOCUMENT.index(b'[[rule]]\ncode = "radar.jump"')
    end = DOCUMENT.index(b"[[rule]]", start + 1)
    with pytest.raises(RadarRulesRefused, match=r"radar\.jump"):
        parse_rules(DOCUMENT[:start] + DOCUMENT[end:])


def test_no_threshold_stands_beside_the_document():
    """Mapping rather than constants: what a rule reads is what the document must give."""
    read: Mapping[str, set[str]] = {code: set(each.numbers) | set(each.lists) for code, each in RULES_OF_RADAR.items()}
    assert read == {code: set(numbers | keys) for code, (numbers, keys) in EXPECTED.items()}
