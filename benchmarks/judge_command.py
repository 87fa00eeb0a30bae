"""`manage.py judge` on a 300-school workbook against starting Django and reading the file with calamine.

    python benchmarks/judge_command.py

Both are whole processes, taken in turns, medians. The baseline is what any Django command must do before it
can look at the file: start Python, set Django up with this project's settings, and read the sheets with
calamine. A second line gives the ratio against `import django` alone, which sets nothing up.
"""

from __future__ import annotations

import datetime
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
ROUNDS = 11

_READ = (
    "from python_calamine import CalamineWorkbook\n"
    "book = CalamineWorkbook.from_path({path!r})\n"
    "rows = [book.get_sheet_by_name(name).to_python() for name in ('学校数据', '县级数据')]\n"
)
_SETUP = "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\nimport django; django.setup()\n"


def make_workbook(path: Path) -> None:
    """A county of 300 schools, filled by the template."""
    from evaluation.demo import large_county
    from indicators.workbook.template import write_template

    told = large_county(300)
    write_template(
        path, school_year=2026, county_code="990101", county_name="示例县", schools=told.schools, figures=told.figures
    )


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    process = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=os.environ, check=False)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{command} ended with {process.returncode}")
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "county.xlsx"
        make_workbook(path)
        read = _READ.format(path=str(path))
        commands = {
            "judge": [
                sys.executable,
                "manage.py",
                "judge",
                str(path),
                "--json",
                "--as-of",
                str(datetime.date(2026, 9, 1)),
            ],
            "set up Django and read": [sys.executable, "-c", _SETUP + read],
            "import django and read": [sys.executable, "-c", "import django\n" + read],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                times[name].append(seconds(command))
    median = {name: statistics.median(taken) for name, taken in times.items()}
    for name, taken in median.items():
        print(f"{name:<24}{taken * 1000:7.0f} ms")
    print(
        f"ratio to setting Django up and reading: {median['judge'] / median['set up Django and read']:.2f} (under 2.0)"
    )
    print(f"ratio to `import django` and reading:   {median['judge'] / median['import django and read']:.2f}")


if __name__ == "__main__":
    main()
