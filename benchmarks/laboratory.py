"""The standard laboratory over a nation: two standards, every county, end to end in a process of its own.

    DATABASE_URL=postgres://… SECRET_KEY=… python benchmarks/laboratory.py

Needs a migrated database; a generated nation is put into it where the year has no versions yet (a minute). Prints the
wall time of ``manage.py compare_standards`` and its peak of resident memory; wanted: under 15 s and 1.5 GiB for 2,853
counties and 250,000 rows.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
MIB = 1024
#: A school year nobody reports for, so that a nation never stands beside real versions.
YEAR = 2030


def manage(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", *arguments], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return done.stdout


def main() -> None:
    if "DATABASE_URL" not in os.environ:
        sys.exit("Set DATABASE_URL to a PostgreSQL database made for this, and SECRET_KEY to anything.")
    manage("load_standard")
    if "学年：0 个县" in manage("compare_standards", "2017-quality", "2017-quality", "--year", str(YEAR), "--summary"):
        print("generating a nation …", flush=True)
        manage("generate_nation", "--year", str(YEAR))
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        told = manage("compare_standards", "2017-quality", "99-quality-2026", "--year", str(YEAR), "--summary")
        taken.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / MIB
    print(told.splitlines()[0])
    print(told.splitlines()[1])
    print(f"end to end, median of {ROUNDS}: {statistics.median(taken):.1f} s (wanted: under 15)")
    print(f"peak of resident memory: {peak:.0f} MiB (wanted: under 1,536)")


if __name__ == "__main__":
    main()
