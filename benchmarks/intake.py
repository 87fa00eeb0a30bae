"""What a county of 300 schools waits for: template, reading and checking, and from upload to verdict.

    python benchmarks/intake.py

Medians, on a fresh SQLite database. Reading and checking a county with a register and a version of last year is laid
beside the time calamine alone needs for the same file, in this process, warm, and as a process of its own; all are
taken in turns. "Upload to verdict" runs the real job: reading in the child process, all checks, judging and storing.
The peak of memory is that of a ``manage.py work`` that judged the file.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
ROUNDS, TURNS = 5, 21
MIB = 1024 * 1024
MOST_TIMES, MOST_MEMORY = 6, 400 * MIB
ALONE = (
    "import sys; from python_calamine import CalamineWorkbook as W; book = W.from_path(sys.argv[1]);"
    "[book.get_sheet_by_name(name).to_python() for name in book.sheet_names]"
)


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
        measure(Path(folder))


def measure(folder: Path) -> None:
    """All figures, on the database that the settings name; ``folder`` is for files."""
    from django.core.management import call_command

    from evaluation import actions
    from evaluation.core.standard import read_standard
    from evaluation.demo import large_county
    from evaluation.trial import trial_rules
    from indicators.workbook.template import write_template
    from schools.actions import add_division, appoint, register_schools
    from schools.models import County, School
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

    given = ("code", "name", "school_type", "sponsor_type", "urban_rural")
    register_schools(
        [School(county=county, **{key: school.values[key] for key in given}) for school in told.schools]  # type: ignore[misc]
    )
    for name, more in (("plain", {}), ("with live values", {"trial": rules})):
        last_year, this_year = BytesIO(), folder / f"{name}.xlsx"
        write_template(last_year, **filled | {"school_year": 2025}, **more)
        if not more:
            actions.upload_workbook(clerk, county, 2025, "last-year.xlsx", last_year.getvalue())
            actions.run_waiting_jobs()
        with this_year.open("wb") as file:
            write_template(file, **filled, **more)
        against_calamine(this_year, name, clerk, county)

    target = BytesIO()
    write_template(target, **filled, trial=rules)
    content, taken, answered = target.getvalue(), [], []
    for round_ in range(ROUNDS):
        bytes_ = with_comment(content, str(round_))
        start = time.perf_counter()
        submission = actions.upload_workbook(clerk, county, 2026, "county.xlsx", bytes_)
        answered.append((time.perf_counter() - start) * 1000)
        actions.run_waiting_jobs()
        taken.append((time.perf_counter() - start) * 1000)
        if not submission.verdicts.exists():
            raise SystemExit("no verdict")
    print(f"upload taken in                  {statistics.median(answered):7.0f} ms")
    print(f"upload to verdict, 300 schools   {statistics.median(taken):7.0f} ms (under 3000)")
    for_worker = actions.upload_workbook(clerk, county, 2026, "county.xlsx", with_comment(content, "worker"))
    peak = peak_of_a_worker(for_worker)
    print(f"peak memory of the worker        {peak / MIB:7.0f} MiB (under {MOST_MEMORY // MIB})")


def with_comment(content: bytes, words: str) -> bytes:
    """The same workbook in other bytes, for the same ones would be recognised: a zip may carry a comment."""
    comment = words.encode()
    return content[:-2] + len(comment).to_bytes(2, "little") + comment


def against_calamine(path: Path, name: str, clerk: Any, county: Any) -> None:
    """Print each step of reading and checking, and their sum beside what calamine alone takes."""
    from python_calamine import CalamineWorkbook

    from evaluation import actions
    from evaluation.context import in_context
    from evaluation.core.standard import read_standard
    from indicators.workbook.aliases import known_aliases
    from indicators.workbook.read import read_report
    from indicators.workbook.sandbox import forget_ready, keep_one_ready, read_book

    standard = read_standard(ROOT / "fixtures/standards/2017-quality.toml")
    submission = actions.upload_workbook(clerk, county, 2026, f"{name}.xlsx", path.read_bytes())
    actions.run_waiting_jobs()

    def alone() -> None:
        book = CalamineWorkbook.from_path(path)
        for sheet in book.sheet_names:
            book.get_sheet_by_name(sheet).to_python()

    def wait_for_the_spare() -> None:
        keep_one_ready()
        time.sleep(0.2)

    book = read_book(path)
    found = read_report(book, known_aliases())
    steps: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "calamine, in this process": (forget_ready, alone),
        "calamine, its own process": (
            forget_ready,
            lambda: subprocess.run([sys.executable, "-E", "-s", "-c", ALONE, str(path)], check=True),
        ),
        "read, process waiting": (wait_for_the_spare, lambda: read_book(path)),
        "read, process started": (forget_ready, lambda: read_book(path)),
        "checks of the workbook": (forget_ready, lambda: read_report(book, known_aliases())),
        "checks in context": (forget_ready, lambda: in_context(submission, found, standard)),
    }
    taken: dict[str, list[float]] = {step: [] for step in steps}
    for _ in range(TURNS):
        for step, (before, work) in steps.items():
            before()
            start = time.perf_counter()
            work()
            taken[step].append((time.perf_counter() - start) * 1000)
    forget_ready()
    middle = {step: statistics.median(times) for step, times in taken.items()}
    print(f"template {name}, {path.stat().st_size // 1024} KiB, median of {TURNS}")
    for step, each in middle.items():
        print(f"  {step:31}{each:7.1f} ms")
    checks = middle["checks of the workbook"] + middle["checks in context"]
    for how in ("waiting", "started"):
        whole = middle[f"read, process {how}"] + checks
        warm, own = (whole / middle[f"calamine, {where} process"] for where in ("in this", "its own"))
        print(
            f"  reading and checking, {how:9}{whole:7.1f} ms = {warm:.1f} × calamine warm, {own:.1f} × its own process"
        )
    print(f"  (at most {MOST_TIMES} ×)")


def peak_of_a_worker(submission: Any) -> int:
    """The most memory, in bytes, that a worker process holds until it has judged the submission."""
    worker = subprocess.Popen([sys.executable, str(ROOT / "manage.py"), "work"])
    try:
        deadline = time.monotonic() + 60
        while not submission.verdicts.exists():
            if time.monotonic() > deadline or worker.poll() is not None:
                raise SystemExit("the worker gave no verdict")
            time.sleep(0.05)
        status = Path(f"/proc/{worker.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    finally:
        worker.terminate()
        worker.wait()


if __name__ == "__main__":
    main()
