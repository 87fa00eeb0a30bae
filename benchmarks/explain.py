"""Every kind of explanation page of a county of 300 schools: each promised in under 300 ms on the embedded default.

.venv/bin/python benchmarks/explain.py
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

ROUNDS = 9
SCHOOLS = 300
PROMISED_SECONDS = 0.3


def main() -> None:
    """Load, judge, ask for each page, print."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"VAR_DIR": folder, "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django

        django.setup()
        sys.exit(_measure(Path(folder)))


def _measure(folder: Path) -> bool:
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    from evaluation.actions import load_standard, run_waiting_jobs, upload_workbook
    from schools.actions import add_division, appoint
    from schools.models import County
    from schools.vocabulary import DivisionLevel, Party, SchoolType
    from tests import builders

    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", verbosity=0)
    load_standard((settings.BASE_DIR / "fixtures/standards/2017-quality.toml").read_bytes())
    add_division("990000", "示例省", DivisionLevel.PROVINCE)
    add_division("990100", "锦棠市", DivisionLevel.CITY, "990000")
    add_division("990101", "望棠区", DivisionLevel.COUNTY, "990100")
    county = County.objects.get(pk="990101")
    clerk = appoint("clerk", "填报员", Party.CLERK, county, "a-long-bench-password")
    rows = [
        builders.school_row(
            f"{n:010d}", f"清河县第{n}九年一贯制学校", SchoolType.NINE_YEAR, primary=400 + n, junior=300 + n
        )
        for n in range(1, SCHOOLS + 1)
    ]
    client = Client()
    client.force_login(clerk)
    slow = False
    for name, county_rows in (("mixed", builders.county_rows(3, SCHOOLS)), ("all 九年一贯制", rows)):
        path = builders.write_workbook(folder / "county.xlsx", county_rows)
        version = upload_workbook(clerk, county, 2026, "county.xlsx", path.read_bytes())
        run_waiting_jobs()
        base = f"/submissions/{version.pk}/explain"
        code = version.records.filter(school_type=SchoolType.NINE_YEAR).first().code
        pages = {
            "value, split": f"{base}/value/{code}/PRIMARY/L4/",
            "value": f"{base}/value/{code}/PRIMARY/L1/",
            "coefficient": f"{base}/coefficient/PRIMARY/L1/",
            "coefficient, split": f"{base}/coefficient/PRIMARY/L4/",
            "composite": f"{base}/composite/PRIMARY/",
            "item, by school": f"{base}/item/G3/",
            "item, of one school": f"{base}/item/G3/{code}/",
            "item, summed": f"{base}/item/Q1/",
            "item, county figures": f"{base}/item/G11/",
            "item, judged": f"{base}/item/G1/",
        }
        print(f"{SCHOOLS} schools, {name}")
        for what, address in pages.items():
            taken = _seconds(client, address)
            over = "" if taken < PROMISED_SECONDS else f"  OVER {PROMISED_SECONDS}"
            slow = slow or bool(over)
            print(f"{what:>22}: {taken * 1000:7.1f} ms{over}")
    print(f"promised: each under {PROMISED_SECONDS} s")
    return slow


def _seconds(client: object, address: str) -> float:
    """Median of some rounds, after one that is not counted."""
    times = []
    for _ in range(ROUNDS + 1):
        begin = time.perf_counter()
        answer = client.get(address)  # type: ignore[attr-defined]
        times.append(time.perf_counter() - begin)
        if answer.status_code != 200:
            raise RuntimeError(f"{address}: {answer.status_code}")
    return statistics.median(times[1:])


if __name__ == "__main__":
    main()
