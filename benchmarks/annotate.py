"""A marked file and a list of problems for a county of 300 schools with 200 problems: each promised in under a second.

.venv/bin/python benchmarks/annotate.py
"""

from __future__ import annotations

import datetime
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from indicators.catalogue import SCHOOL_SHEET
from indicators.problem import Severity
from indicators.workbook.annotate import Mark, annotate
from indicators.workbook.problem_report import ReportLine, ReportTitle, write_problem_report
from indicators.workbook.revise import revise
from tests import builders

ROUNDS = 9
PROMISED_SECONDS = 1.0


def seconds(work: Callable[[], object]) -> float:
    """Median of some rounds."""
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def main() -> None:
    """Build, mark, list, revise, print."""
    with tempfile.TemporaryDirectory() as folder:
        content = builders.write_workbook(Path(folder) / "a.xlsx", builders.county_rows(3, 300)).read_bytes()
    cells = [builders.cell_of(key, row) for row in range(300) for key in builders.KEYS[8:]][::83][:200]
    marks = [
        Mark(Severity.ERROR, "“1,260”是文本，不是数字。请改为数字 1260。", SCHOOL_SHEET, cell, "1260") for cell in cells
    ]
    lines = [
        ReportLine(m.severity, m.sheet, m.cell, "3142000001", "实验小学", "项目", "1,260", m.message) for m in marks
    ]
    title = ReportTitle("望棠区", "2026—2027学年", 1, "上报.xlsx", datetime.datetime(2026, 9, 1, tzinfo=datetime.UTC))
    figures = {SCHOOL_SHEET: {builders.cell_of(key, row) for row in range(300) for key in builders.KEYS}}
    values = {(SCHOOL_SHEET, cell): Decimal(1260) for cell in cells}
    taken = {
        "annotated file": seconds(lambda: annotate(content, marks)),
        "problem report": seconds(lambda: write_problem_report(BytesIO(), title, lines)),
        "revised file": seconds(lambda: revise(content, values, figures)),
    }
    print(f"300 schools, {len(content) / 1024:.0f} KiB, {len(marks)} problems")
    for name, each in taken.items():
        print(
            f"{name:>16}: {each * 1000:7.1f} ms{'' if each < PROMISED_SECONDS else '  OVER ' + str(PROMISED_SECONDS)}"
        )
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    sys.exit(any(each >= PROMISED_SECONDS for each in taken.values()))


if __name__ == "__main__":
    main()
