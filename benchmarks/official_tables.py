"""The official tables of a county of 300 schools, as workbook and as page: each promised in under a second and a half.

.venv/bin/python benchmarks/official_tables.py
"""

from __future__ import annotations

import datetime
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django
from django.template.loader import render_to_string

from evaluation.core.standard import read_standard
from evaluation.core.verdict import judge_report
from indicators.workbook.read import read_report
from reports.official_tables import official_workbook
from reports.presenters.tables import Heading, OfficialTables, official_tables
from schools.vocabulary import SchoolType
from tests import builders

ROUNDS = 5
SCHOOLS = 300
PROMISED_SECONDS = 1.5
STANDARD = Path(__file__).resolve().parent.parent / "fixtures/standards/2017-quality.toml"


def seconds(work: Callable[[], object]) -> float:
    """Median of some rounds."""
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def nine_year_rows() -> list[builders.Row]:
    """300 schools with two stages each: the longest 表Ⅱ-2 there can be."""
    return [
        builders.school_row(
            f"{n:010d}", f"清河县第{n}九年一贯制学校", SchoolType.NINE_YEAR, primary=400 + n, junior=300 + n
        )
        for n in range(1, SCHOOLS + 1)
    ]


def main() -> None:
    """Judge, lay out, write, print."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    standard = read_standard(STANDARD)
    heading = Heading("望棠区", "2026—2027学年", 1, standard.name, datetime.date(2026, 11, 1), "0" * 64)
    slow = False
    for name, rows in (("mixed", builders.county_rows(3, SCHOOLS)), ("all 九年一贯制", nine_year_rows())):
        report = read_report(builders.book_of(rows)).report
        result = judge_report(report, standard, datetime.date(2026, 11, 1))

        def lay_out(result: object = result, report: object = report) -> OfficialTables:
            return official_tables(result, standard, report, heading)  # type: ignore[arg-type]

        def page(lay_out: Callable[[], OfficialTables] = lay_out) -> str:
            context = {"official": lay_out(), "submission": SimpleNamespace(pk=1, version=1)}
            return render_to_string("reports/tables.html", context)

        taken = {
            "tables": seconds(lay_out),
            "tables and .xlsx": seconds(lambda lay_out=lay_out: official_workbook(lay_out())),
            "tables and page": seconds(page),
        }
        print(f"{SCHOOLS} schools, {name}: {len(result['schools'])} rows")
        for what, each in taken.items():
            over = "" if each < PROMISED_SECONDS else f"  OVER {PROMISED_SECONDS}"
            print(f"{what:>17}: {each * 1000:7.1f} ms{over}")
            slow = slow or bool(over)
    print(f"promised: each under {PROMISED_SECONDS} s")
    sys.exit(slow)


if __name__ == "__main__":
    main()
