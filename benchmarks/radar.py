"""The radar over a nation with its year before, and what it finds of what was planted.

    DATABASE_URL=postgres://… SECRET_KEY=… python benchmarks/radar.py

Needs a migrated database; a generated nation of two years is put into it where there is none (two minutes). Prints
the wall time of ``manage.py radar``, its processor seconds and its peak of resident memory; wanted: under 15 s and 1
GiB for 2,853 counties, 207,000 schools and as many of the year before. Then copies, outliers, heaps and jumps are
planted in the columns of that nation, and precision and recall are printed rule by rule: recall of what was planted
for the rule; precision as the share of its hits that lie at a planted place of whatever kind: a copied row jumps too.
What the generator draws by chance, and its own defects, count as false.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
MIB = 1024
#: A school year nobody reports for, so that a nation never stands beside real versions.
YEAR = 2030


def manage(*arguments: str) -> str:
    done = subprocess.run([sys.executable, ROOT / "manage.py", *arguments], capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return done.stdout


def main() -> None:
    if "DATABASE_URL" not in os.environ:
        sys.exit("Set DATABASE_URL to a PostgreSQL database made for this, and SECRET_KEY to anything.")
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    manage("load_standard")
    make_nation()
    taken = []
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = used.ru_utime + used.ru_stime
    for _ in range(ROUNDS):
        started = time.perf_counter()
        told = manage("radar", "--year", str(YEAR))
        taken.append(time.perf_counter() - started)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(told.splitlines()[0])
    print(f"end to end, median of {ROUNDS}: {statistics.median(taken):.1f} s (wanted: under 15)")
    print(f"processor seconds of the process: {(used.ru_utime + used.ru_stime - spent) / ROUNDS:.1f}")
    print(f"peak of resident memory: {used.ru_maxrss / MIB:.0f} MiB (wanted: under 1,024)")
    measure_what_is_found()


def make_nation() -> None:
    from indicators.models import Submission

    for year in (YEAR - 1, YEAR):
        if not Submission.objects.filter(school_year=year).exists():
            print(f"generating a nation for {year} …", flush=True)
            manage("generate_nation", "--year", str(year))


def measure_what_is_found() -> None:
    """Plant in the columns, scan, and lay what was found beside what was planted."""
    from evaluation.context import thresholds_of
    from evaluation.core.radar.figures import NOBODY, matched
    from evaluation.core.radar.scan import scan_figures
    from evaluation.queries import default_standard
    from evaluation.radar import figures_of_year, radar_rules
    from evaluation.standards import parsed_standard

    now, before = (figures_of_year(year).figures for year in (YEAR, YEAR - 1))
    planted = plant(now, before, matched(now, before))
    now._given.clear()
    started = time.perf_counter()
    found = scan_figures(now, before, radar_rules(), thresholds_of(parsed_standard(default_standard())))
    print(f"the rules alone: {time.perf_counter() - started:.1f} s")
    schools = {school for kind in planted.values() for school in kind["schools"]}
    counties = {county for kind in planted.values() for county in kind["counties"]}
    around = {int(now.county[school]) for school in schools}
    print(f"{'rule':<24}{'planted':>8}{'recall':>8}{'hits':>8}{'precision':>11}")
    by_rule = {hits.rule: hits for hits in found}
    for rule, kind in planted.items():
        wanted = kind["schools"] or kind["counties"]
        hits = by_rule.get(rule)
        if hits is None:
            print(f"{rule:<24}{len(wanted):>8}{0:>8.0%}{0:>8}{'–':>11}")
            continue
        places = hits.school if kind["schools"] else hits.county
        recalled = len(wanted & set(places.tolist())) / len(wanted)
        at_planted = sum(
            school in schools or county in counties or (school == NOBODY and county in around)
            for school, county in zip(hits.school.tolist(), hits.county.tolist(), strict=True)
        )
        print(f"{rule:<24}{len(wanted):>8}{recalled:>8.0%}{len(hits):>8}{at_planted / len(hits):>11.1%}")


def plant(now, before, then) -> dict[str, dict[str, set[int]]]:  # type: ignore[no-untyped-def]
    """Write copies, outliers and the like into the columns of a year; what was planted where, by the rule meant."""
    from evaluation.core.radar.figures import EVERYONE, FIGURE_KEYS
    from evaluation.radar import radar_rules
    from indicators.catalogue import DECIMAL_SCALE

    rng, columns, rules = np.random.default_rng(7), now.schools.columns, radar_rules()
    planted: dict[str, dict[str, set[int]]] = defaultdict(lambda: {"schools": set(), "counties": set()})
    size = columns["primary_enrollment"]
    counties = rng.permutation(np.flatnonzero(now.schools_of_county > 40))[:150].tolist()
    large = (size > 250) & (size < 900) & (columns["junior_enrollment"] < 0) & (then >= 0)
    # Single schools are planted elsewhere than whole counties.
    free = rng.permutation(np.flatnonzero(large & ~np.isin(now.county, counties))).tolist()

    def some(count: int) -> list[int]:
        return [int(free.pop()) for _ in range(count)]

    def members(county: int) -> np.ndarray:
        return np.flatnonzero(now.county == county)

    for source, copy in zip(some(150), some(150), strict=True):
        for key in FIGURE_KEYS:
            columns[key][copy] = columns[key][source]
        planted["radar.copied_row"]["schools"] |= {source, copy}
    for source, copy in zip(some(150), some(150), strict=True):
        for key in rules["radar.copied_part"].keys("block"):
            columns[key][copy] = columns[key][source]
        planted["radar.copied_part"]["schools"] |= {source, copy}
    for school in some(200):
        columns["teaching_area"][school] *= 10
        planted["radar.outlier"]["schools"].add(school)
        planted["radar.jump"]["schools"].add(school)
    for school in some(200):
        columns["equipment_value"][school] = 4 * before.schools.columns["equipment_value"][then[school]]
        planted["radar.jump"]["schools"].add(school)
    for school in some(100):
        earlier = then[school]
        for key in ("primary_enrollment", "primary_in_zone_enrollment"):
            columns[key][school] = before.schools.columns[key][earlier] * 6 // 10
        columns["teaching_area"][school] = before.schools.columns["teaching_area"][earlier] * 14 // 10
        planted["radar.apart"]["schools"].add(school)
    for school in some(150):
        for key in rules["radar.carried_row"].keys("moving"):
            columns[key][school] = before.schools.columns[key][then[school]]
        planted["radar.carried_row"]["schools"].add(school)
    for _ in range(15):
        county = int(counties.pop())
        mine = members(county)[then[members(county)] >= 0]
        for key in rules["radar.carried_county"].keys("moving"):
            columns[key][mine] = before.schools.columns[key][then[mine]]
        planted["radar.carried_county"]["counties"].add(county)
    for _ in range(5):
        county, other = int(counties.pop()), int(counties.pop())
        mine, theirs = members(county), members(other)
        count = min(len(mine), len(theirs)) // 2
        for key in FIGURE_KEYS:
            columns[key][mine[:count]] = columns[key][theirs[:count]]
        planted["radar.copied_county"]["counties"] |= {
            c for c, n in ((county, len(mine)), (other, len(theirs))) if count >= n * 0.2
        }
    for _ in range(15):
        county = int(counties.pop())
        mine = members(county)
        primary = mine[(size[mine] > 100) & (columns["junior_enrollment"][mine] < 0)]
        primary = primary[columns["senior_enrollment"][primary] < 0]
        # Exactly 7.5 ㎡ a pupil, and up to half a per cent more: the limit of a primary school's sports areas.
        exact = sum(np.maximum(columns[key][primary], 0) for key in EVERYONE) * 15 * DECIMAL_SCALE // 2
        columns["indoor_sports_area"][primary] = 0
        columns["sports_ground_area"][primary] = exact + exact * rng.integers(0, 5, len(primary)) // 1000
        planted["radar.limit_heap"]["counties"].add(county)
    for _ in range(15):
        county = int(counties.pop())
        for key in rules["radar.round_figures"].keys("measured"):
            step = 100 * DECIMAL_SCALE
            columns[key][members(county)] = np.maximum(columns[key][members(county)] // step, 1) * step
        planted["radar.round_figures"]["counties"].add(county)
    for _ in range(15):
        county = int(counties.pop())
        for key in rules["radar.last_digit"].keys("counted"):
            mine = members(county)[columns[key][members(county)] >= 10]
            columns[key][mine] -= columns[key][mine] % 5
        planted["radar.last_digit"]["counties"].add(county)
    for _ in range(15):
        county = int(counties.pop())
        gone = members(county)[: len(members(county)) // 5]
        now.code[gone] += 5000
        planted["radar.vanished"]["counties"].add(county)
        planted["radar.appeared"]["counties"].add(county)
    return planted


if __name__ == "__main__":
    main()
