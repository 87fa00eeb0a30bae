"""The radar's rules a second time: in loops over reports, fractions and pairs, written from the words of the rules."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from fractions import Fraction
from statistics import median
from typing import Any

from evaluation.core.radar.rules import RadarRule
from indicators.checks.context import rows_of
from indicators.checks.last_year import SCHOOL_CHANGES
from indicators.checks.peers import SIZE_CLASSES
from indicators.checks.rows import ENROLLMENT, SchoolRows
from indicators.report import SchoolReport
from tests.evaluation.radar_nation import NUMBERS, THRESHOLDS, WEIGHTS, Year

#: (rule, county, row, and what else identifies the hit)
Found = tuple[Any, ...]
_EVERYONE = ("primary_enrollment", "junior_enrollment", "senior_enrollment")


def value(school: SchoolReport, key: str) -> Any:
    return None if key in school.rejected else school.values.get(key)


def schools_of(year: Year) -> Iterator[tuple[int, SchoolReport]]:
    for county, report in year.reports.items():
        for school in report.schools:
            yield county, school


def copied(year: Year, keys: tuple[str, ...], fewest: int) -> list[list[tuple[int, SchoolReport]]]:
    groups = defaultdict(list)
    for county, school in schools_of(year):
        figures = tuple(value(school, key) for key in keys)
        if sum(bool(figure) for figure in figures) >= fewest:
            groups[figures].append((county, school))
    return [group for group in groups.values() if len(group) > 1]


def copied_rows(year: Year, rule: RadarRule) -> set[Found]:
    return {
        (rule.code, county, school.row)
        for group in copied(year, NUMBERS, rule.whole("fewest_figures"))
        for county, school in group
        if any(other != county for other, _ in group)
    }


def copied_counties(year: Year, rule: RadarRule) -> set[Found]:
    alike: dict[tuple[int, int], set[int]] = defaultdict(set)
    for group in copied(year, rule.keys("block"), rule.whole("fewest_figures")):
        for county, school in group:
            for other, _ in group:
                if other != county:
                    alike[county, other].add(school.row)
    return {
        (rule.code, county, other, len(rows))
        for (county, other), rows in alike.items()
        if len(rows) >= rule.number("fewest_schools")
        and len(rows) >= rule.number("least_share") * len(year.reports[county].schools)
    }


def before_of(now: Year, before: Year) -> dict[tuple[int, int], SchoolReport]:
    """School of last year by county and row of this year."""
    found = {}
    for county, school in schools_of(now):
        code = school.values.get("code")
        for earlier in before.reports[county].schools if county in before.reports else ():
            if code is not None and earlier.values.get("code") == code:
                found[county, school.row] = earlier
    return found


def _same(school: SchoolReport, earlier: SchoolReport, keys: tuple[str, ...]) -> tuple[int, int]:
    pairs = [(value(school, key), value(earlier, key)) for key in keys]
    given = [(this, last) for this, last in pairs if this and last is not None]
    return sum(this == last for this, last in given), len(given)


def carried_rows(now: Year, before: Year, rule: RadarRule) -> set[Found]:
    found = set()
    earlier = before_of(now, before)
    for county, school in schools_of(now):
        if (last := earlier.get((county, school.row))) is None:
            continue
        same, given = _same(school, last, rule.keys("moving"))
        pupils = sum(value(school, key) or 0 for key in _EVERYONE)
        has_changed = any(value(school, key) != value(last, key) for key in NUMBERS)
        is_carried = given >= rule.number("fewest_figures") and same == given and has_changed
        if is_carried and pupils >= rule.number("fewest_pupils"):
            found.add((rule.code, county, school.row))
    return found


def carried_counties(now: Year, before: Year, rule: RadarRule) -> set[Found]:
    same, given = Counter[int](), Counter[int]()
    earlier = before_of(now, before)
    for county, school in schools_of(now):
        if last := earlier.get((county, school.row)):
            one, of = _same(school, last, rule.keys("moving"))
            same[county] += one
            given[county] += of
    return {
        (rule.code, county, same[county], of)
        for county, of in given.items()
        if of >= rule.number("fewest_figures") and same[county] >= rule.number("least_share") * of
    }


def _values(year: Year) -> Iterator[tuple[int, int, SchoolRows, int, Any, Fraction | None]]:
    """County, position, rows, row and value of every indicator that is looked at, exactly."""
    for county, report in year.reports.items():
        rows = rows_of(report, {})
        for position, school in enumerate(report.schools):
            for limit in THRESHOLDS.limits:
                pupils = value(school, ENROLLMENT[limit.stage]) or 0
                if not rows.present[limit.stage][position] or pupils < SIZE_CLASSES[0]:
                    continue
                parts = [value(school, key) for key in (*limit.plus, *limit.minus)]
                if None in parts:
                    continue
                amounts = [Fraction(part) for part in parts]
                amount = sum(amounts[: len(limit.plus)]) - sum(amounts[len(limit.plus) :])
                yield county, school.row, rows, position, limit, Fraction(amount)


def _heads(school_values: SchoolReport, limit: Any) -> Fraction:
    if not limit.is_shared:
        return Fraction(value(school_values, ENROLLMENT[limit.stage]))
    weights = [Fraction(weight) for weight in WEIGHTS]
    shared = sum(w * (value(school_values, key) or 0) for w, key in zip(weights, _EVERYONE, strict=True))
    return shared / weights[list(ENROLLMENT).index(limit.stage)]


def outliers(year: Year, rule: RadarRule) -> set[Found]:
    groups: dict[tuple[Any, ...], list[tuple[int, int, float]]] = defaultdict(list)
    for county, row, rows, position, limit, amount in _values(year):
        school = year.reports[county].schools[position]
        size = sum(sum(value(school, key) or 0 for key in _EVERYONE) >= bound for bound in SIZE_CLASSES)
        school_type = rows.types()[position]
        if amount > 0 and school_type is not None and size:
            found = float(amount * limit.factor / _heads(school, limit))
            groups[limit.code, limit.stage, school_type, size].append((county, row, math.log(found)))
    hits = set()
    for (code, *_), members in groups.items():
        middle = median(log for *_, log in members)
        spread = max(1.4826 * median(abs(log - middle) for *_, log in members), rule.number("least_spread"))
        for county, row, log in members:
            is_far = abs(log - middle) > max(rule.number("deviations") * spread, math.log(rule.number("factor")))
            if is_far and len(members) >= rule.number("fewest_peers"):
                hits.add((rule.code, county, row, code))
    return hits


def heaps(year: Year, rule: RadarRule) -> set[Found]:
    steps: dict[tuple[int, str, str], Counter[int]] = defaultdict(Counter)
    for county, _, _, position, limit, amount in _values(year):
        needed = Fraction(str(limit.limit)) * _heads(year.reports[county].schools[position], limit) / limit.factor
        is_counted = limit.code in ("L1", "L2", "L3", "L7")
        step = max(Fraction(1 if is_counted else 0), Fraction(str(rule.number("near"))) * needed)
        if needed >= rule.whole("fewest_steps") * step:
            steps[county, limit.code, limit.stage.value][(amount - needed) // step] += 1
    found = set()
    for (county, code, stage), counts in steps.items():
        above, beside = counts[0], max(counts[-1], counts[1])
        tail = sum(math.comb(above + beside, k) for k in range(above, above + beside + 1))
        is_improbable = tail * rule.whole("chance") <= 2 ** (above + beside)
        is_heap = counts.total() >= rule.number("fewest_values") and above > beside and is_improbable
        if is_heap and year.reports[county].is_population_certain:
            found.add((rule.code, county, code, stage, above, counts[-1], counts[1]))
    return found


def last_digits(year: Year, rule: RadarRule) -> set[Found]:
    found = set()
    for county, report in year.reports.items():
        values = [value(school, key) or 0 for school in report.schools for key in rule.keys("counted")]
        digits = Counter(v % 10 for v in values if v >= rule.number("least_value"))
        n = digits.total()
        if n >= rule.number("fewest_values"):
            chi_square = sum((Fraction(digits[d]) - Fraction(n, 10)) ** 2 / Fraction(n, 10) for d in range(10))
            if chi_square > rule.whole("chi_square"):
                found.add((rule.code, county, n))
    return found


def round_figures(year: Year, rule: RadarRule) -> set[Found]:
    counts = {}
    step = rule.whole("round_to")
    for county, report in year.reports.items():
        values = [value(school, key) or 0 for school in report.schools for key in rule.keys("measured")]
        values = [v for v in values if v >= 10 * step]
        counts[county] = sum(v % step == 0 for v in values), len(values)
    everywhere = sum(r for r, _ in counts.values()) / max(sum(n for _, n in counts.values()), 1)
    return {
        (rule.code, county, r, n)
        for county, (r, n) in counts.items()
        if n >= rule.number("fewest_values")
        and r / n >= rule.number("least_share")
        and r / n >= rule.number("times") * everywhere
    }


def jumps(now: Year, before: Year, rule: RadarRule) -> set[Found]:
    earlier, hits = before_of(now, before), set()
    for change in SCHOOL_CHANGES:
        moved = []
        for county, school in schools_of(now):
            last = earlier.get((county, school.row))
            parts = [[value(each, key) for key in change.keys] for each in (school, last) if each is not None]
            if len(parts) == 2 and None not in parts[0] + parts[1] and sum(parts[0]) > 0 and sum(parts[1]) > 0:
                this, then = float(sum(parts[0])), float(sum(parts[1]))
                moved.append((county, school.row, this, then, math.log(this / then)))
        if not moved:
            continue
        usual = median(log for *_, log in moved)
        spread = max(1.4826 * median(abs(log - usual) for *_, log in moved), rule.number("least_spread"))
        for county, row, this, then, log in moved:
            away = abs(log - usual)
            is_far = away > rule.number("deviations") * spread and away > math.log(rule.number("factor"))
            if is_far and abs(this - then) >= change.floor:
                hits.add((rule.code, county, row, change.rule, change.keys[0]))
    return hits


def moved_apart(now: Year, before: Year, rule: RadarRule) -> set[Found]:
    earlier, found = before_of(now, before), set()
    for county, school in schools_of(now):
        if (last := earlier.get((county, school.row))) is None:
            continue
        pupils, had = (sum(value(each, key) or 0 for key in _EVERYONE) for each in (school, last))
        area, room = value(school, "teaching_area"), value(last, "teaching_area")
        if not pupils or area is None or not room:
            continue
        fell = had - pupils >= max(rule.number("fewest_pupils"), rule.number("fall") * had)
        grew = float(area - room) >= max(rule.number("fewest_area"), rule.number("rise") * float(room))
        if fell and grew:
            found.add((rule.code, county, school.row))
    return found


def counted(year: Year, other: Year, rule: RadarRule, certain: Mapping[int, bool]) -> set[Found]:
    """Schools of ``year`` that stand nowhere in ``other``, where there are many in a county both have."""
    elsewhere = {school.values.get("code") for _, school in schools_of(other)} - {None}
    found = set()
    for county, report in year.reports.items():
        codes = [school.values.get("code") for school in report.schools]
        missing = sum(code is not None and code not in elsewhere for code in codes)
        of = sum(code is not None for code in codes) if rule.code == "radar.vanished" else len(codes)
        is_many = missing >= rule.number("fewest_schools") and missing >= rule.number("least_share") * of
        if county in other.reports and is_many and certain[county]:
            found.add((rule.code, county, missing))
    return found
