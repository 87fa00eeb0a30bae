"""The kernel over the nation against a plain two-pass bincount over the same arrays.

    python benchmarks/kernel.py

250,000 school-stage rows in 2,853 counties, arrays in memory. The baseline computes the seven
coefficients from ready amounts and pupils and nothing else; the kernel also decides the population,
splits shared assets, judges attainment by exact integers and applies the school rule.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from evaluation.core.columns import EMPTY, SCHOOL_TYPES, CountyColumns, SchoolColumns  # noqa: E402
from evaluation.core.standard import read_standard  # noqa: E402
from evaluation.core.verdict import judge_resources  # noqa: E402
from schools.vocabulary import SchoolType  # noqa: E402

COUNTIES = 2_853
ROWS = 250_000
ROUNDS = 9


def nation(seed: int = 1) -> SchoolColumns:
    """Schools of all types until there are ROWS school-stage rows, in canonical order."""
    random = np.random.default_rng(seed)
    kinds = (
        [SchoolType.PRIMARY_SCHOOL] * 55
        + [SchoolType.TEACHING_POINT] * 15
        + [SchoolType.JUNIOR_SCHOOL] * 17
        + [SchoolType.NINE_YEAR] * 9
        + [SchoolType.TWELVE_YEAR] * 2
        + [SchoolType.COMPLETE_MIDDLE] * 2
    )
    drawn = random.choice([SCHOOL_TYPES.index(kind) for kind in kinds], size=ROWS)
    stages = np.array([len(kind.stages) for kind in SCHOOL_TYPES])[drawn]
    size = int(np.searchsorted(np.cumsum(stages), ROWS)) + 1
    school_type = drawn[:size]
    runs = {s: np.array([s in kind.stages for kind in SCHOOL_TYPES])[school_type] for s in ("PRIMARY", "JUNIOR")}
    senior = np.array([kind.has_senior_stage for kind in SCHOOL_TYPES])[school_type]

    def people(low: int, high: int, where: np.ndarray) -> np.ndarray:
        return np.where(where, random.integers(low, high, size), EMPTY)

    everywhere = np.ones(size, bool)
    columns = {
        "school_type": school_type,
        "primary_enrollment": people(50, 2400, runs["PRIMARY"]),
        "junior_enrollment": people(50, 2400, runs["JUNIOR"]),
        "senior_enrollment": people(50, 2400, senior),
        "teaching_area": people(10**9, 2 * 10**10, everywhere),
        "indoor_sports_area": people(0, 10**9, everywhere),
        "sports_ground_area": people(10**9, 2 * 10**10, everywhere),
        "equipment_value": people(10**7, 10**9, everywhere),
        "multimedia_rooms": people(1, 60, everywhere),
    }
    for stage, degrees in (("PRIMARY", ["associate"]), ("JUNIOR", [])):
        for subject in [*degrees, "bachelor", "master", "doctor", "backbone", "pe", "music", "fine_art", "arts"]:
            columns[f"{stage.lower()}_{subject}_teachers"] = people(0, 60, runs[stage])
    county = np.sort(random.integers(0, COUNTIES, size))
    return SchoolColumns(county, COUNTIES, columns)


def two_pass(amounts: list[np.ndarray], pupils: np.ndarray, group: np.ndarray, groups: int) -> list[np.ndarray]:
    """The seven coefficients as plainly as numpy can: the floor of this benchmark."""
    total = np.bincount(group, weights=pupils, minlength=groups)
    found = []
    for amount in amounts:
        mean = np.bincount(group, weights=amount, minlength=groups) / total
        distance = amount / pupils - mean[group]
        squares = np.bincount(group, weights=pupils * distance * distance, minlength=groups)
        found.append(np.sqrt(squares / total) / mean)
    return found


def main() -> None:
    standard = read_standard(ROOT / "fixtures/standards/2017-quality.toml")
    schools = nation()
    figures = CountyColumns({}, np.ones(COUNTIES, bool))
    _, stages, _ = judge_resources(schools, figures, standard)
    rows = sum(len(stage.school) for stage in stages)
    group = np.concatenate([stage.county + COUNTIES * i for i, stage in enumerate(stages)])
    pupils = np.concatenate([stage.enrollment for stage in stages]).astype(float)
    codes = [indicator.code for indicator in standard.indicators]
    amounts = [np.concatenate([stage.rows[code].value for stage in stages]) * pupils for code in codes]

    floor, kernel = [], []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        plain = two_pass(amounts, pupils, group, 2 * COUNTIES)
        floor.append(time.perf_counter() - start)
        start = time.perf_counter()
        _, stages, _ = judge_resources(schools, figures, standard)
        kernel.append(time.perf_counter() - start)

    for code, expected in zip(codes, plain, strict=True):
        ours = np.concatenate([stage.results[code].coefficients.coefficient for stage in stages])
        np.testing.assert_allclose(ours, expected, rtol=1e-12)
    ratio = statistics.median(kernel) / statistics.median(floor)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"rows {rows:,} of {len(schools):,} schools in {COUNTIES:,} counties")
    print(
        f"two-pass bincount {statistics.median(floor) * 1000:.1f} ms, kernel {statistics.median(kernel) * 1000:.1f} ms"
    )
    print(f"ratio {ratio:.2f} (at most 4), peak memory {peak:.0f} MiB (at most 1024)")


if __name__ == "__main__":
    main()
