"""What a county of 300 schools waits for: template, checks in context, and from upload to verdict.

    python benchmarks/intake.py

Medians. The last figure runs the real job on a fresh SQLite database: reading in the child process, all checks,
judging and storing.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
ROUNDS = 5


def median_ms(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"VAR_DIR": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}
        os.environ.pop("DATABASE_URL", None)
        import django

        django.setup()
        measure()


def measure() -> None:
    """All figures, on the database that the settings name."""
    from django.core.management import call_command

    from evaluation import actions
    from evaluation.core.standard import read_standard
    from evaluation.demo import large_county
    from evaluation.trial import trial_rules
    from indicators.workbook.template import write_template
    from schools.actions import add_division, appoint
    from schools.models import County
    from schools.vocabulary import DivisionLevel, Party

    call_command("migrate", verbosity=0)
    call_command("load_standard", verbosity=0)
    add_division("990000", "示例省", DivisionLevel.PROVINCE)
    add_division("990100", "锦棠市", DivisionLevel.CITY, "990000")
    add_division("990101", "望棠区", DivisionLevel.COUNTY, "990100")
    county = County.objects.get(pk="990101")
    clerk = appoint("clerk", "填报员", Party.CLERK, county, "a-long-password-2026")

    told = large_county(300)
    rules = trial_rules(read_standard(ROOT / "fixtures/standards/2017-quality.toml"))
    filled = {"school_year": 2026, "schools": told.schools, "figures": told.figures}
    print(f"template, 300 schools            {median_ms(lambda: write_template(BytesIO(), **filled)):7.0f} ms")
    with_trial = median_ms(lambda: write_template(BytesIO(), **filled, trial=rules))
    print(f"template with live values        {with_trial:7.0f} ms")

    target = BytesIO()
    write_template(target, **filled, trial=rules)
    content, taken, answered = target.getvalue(), [], []
    for round_ in range(ROUNDS):
        # A file with other bytes each time: the same ones would be recognised. A zip may carry a comment.
        comment = str(round_).encode()
        bytes_ = content[:-2] + len(comment).to_bytes(2, "little") + comment
        start = time.perf_counter()
        submission = actions.upload_workbook(clerk, county, 2026, "county.xlsx", bytes_)
        answered.append((time.perf_counter() - start) * 1000)
        actions.run_waiting_jobs()
        taken.append((time.perf_counter() - start) * 1000)
        if not submission.verdicts.exists():
            raise SystemExit("no verdict")
    print(f"upload taken in                  {statistics.median(answered):7.0f} ms")
    print(f"upload to verdict, 300 schools   {statistics.median(taken):7.0f} ms (under 3000)")


if __name__ == "__main__":
    main()
