"""All counties of a year judged end to end, against the floor, against pandas, against an office program, and grown.

    DATABASE_URL=postgres://… SECRET_KEY=… python benchmarks/nation.py [floor] [pandas] [growth] [sqlite] [office]

Without words all five. Needs a migrated PostgreSQL database made for this: what national runs stored there is thrown
away, and generated nations of one, two and four times the country are put into it where they are missing (half a
minute each time the country). ``pandas`` needs SQLAlchemy, which pandas wants for to_sql and this project does not:
``pip install --target DIR sqlalchemy`` and PYTHONPATH=DIR.

(a) floor: COPY out of the same rows, the seven coefficients of both stages in two passes of numpy, COPY in of the same
    results into the same tables; in turns with the run. Wanted: at most 4 ×, peak of a process under 1.5 GiB.
(b) pandas: read_sql, one groupby over the counties, to_sql into a table without constraints; only the seven
    coefficients, the school rule and three items, and it must find the same coefficients. Wanted: at least 5 ×.
    office: LibreOffice without a window loads and recalculates the template of some counties, the trial sheet in it.
(c) growth: one, two and four times the nation, by the clock and by the processor, which a busy machine does not
    stretch; with the peak of a process. Wanted: linear.
(d) sqlite: 100 counties, 10,000 schools in the default database. Wanted: under 10 s.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from benchmarks.nation_alternatives import (  # noqa: E402
    OWN,
    WEIGHT,
    check_pandas_found_the_same,
    recalculate,
    with_pandas,
)

ROUNDS = 5
MIB = 1024
COUNTIES, SCHOOLS = 2_853, 207_000
#: School years nobody reports for, by how many times the country is generated into them.
YEARS = {1: 2031, 2: 2032, 4: 2033}
OFFICE_COUNTIES = 3
WAYS = ("floor", "pandas", "growth", "sqlite", "office")


def manage(*arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", *arguments],
        check=True, capture_output=True, text=True, cwd=ROOT, env=os.environ | environment,
    )  # fmt: skip
    return done.stdout


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def median(times: list[float]) -> float:
    return statistics.median(times)


def generate(times: int) -> None:
    from indicators.models import Submission

    if not Submission.objects.filter(school_year=YEARS[times]).exists():
        print(f"generating {times} × the nation …", flush=True)
        manage(
            "generate_nation", "--year", str(YEARS[times]),
            "--counties", str(COUNTIES * times), "--schools", str(SCHOOLS * times),
        )  # fmt: skip


def forget_runs() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE evaluation_nationalrun CASCADE")


_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


# ── The run, in this process ──────────────────────────────────────────────────────────────────


def judge_nation(year: int) -> str:
    """Start a run, judge every batch in this process, and give its digest."""
    from django.utils import timezone

    from evaluation import actions, jobs, national
    from evaluation.models import Job, RunState, Standard

    run = national.start_run(None, Standard.objects.get(pk="2017-quality"), year, timezone.localdate())
    for job_id in Job.objects.filter(batch__run=run).order_by("pk").values_list("pk", flat=True):
        job = jobs.claim(job_id)
        assert job is not None
        actions.run_job(job)
    run.refresh_from_db()
    assert run.state == RunState.DONE, run.state
    assert run.verdicts.count() == run.submissions
    return national.run_digest(run)


def peak_of_a_process(year: int) -> tuple[float, float]:
    """Wall time and peak of resident memory (MiB) of ``manage.py judge_nation``, starting up included."""
    forget_runs()
    command = [sys.executable, str(ROOT / "manage.py"), "judge_nation", "--year", str(year)]
    started = time.perf_counter()
    # Started by a small process: a child's peak counts what its parent was when it was forked.
    told = subprocess.run([sys.executable, "-c", _PEAK, *command], check=True, capture_output=True, text=True, cwd=ROOT)
    return time.perf_counter() - started, int(told.stdout.split()[-1]) / MIB


# ── The floor ─────────────────────────────────────────────────────────────────────────────────

#: What the other four are added up from: shared with the other stages of a school.
_SHARED = (("teaching_area", "indoor_sports_area"), ("indoor_sports_area", "sports_ground_area"), ("equipment_value",),
           ("multimedia_rooms",))  # fmt: skip


def copy_out(year: int) -> dict[str, np.ndarray]:
    """Every whole number of every row of a year by binary COPY, read where it lies."""
    from django.db import connection

    from indicators.catalogue import ALL_FIELDS, Kind

    texts = (Kind.CODE, Kind.TEXT, Kind.ROOMS)
    keys = [f.key for f in ALL_FIELDS if f.kind not in texts and f.key not in ("school_type", "urban_rural")]
    columns = ", ".join(
        f"COALESCE({f.key}::integer::bigint, -1)" if f.kind is Kind.YES_NO else f"COALESCE({f.key}::bigint, -1)"
        for f in ALL_FIELDS if f.key in keys
    )  # fmt: skip
    select = (  # names come from the catalogue
        f"SELECT submission_id, {columns} FROM indicators_schoolrecord"  # noqa: S608
        f" WHERE submission_id IN (SELECT id FROM indicators_submission WHERE school_year = {year})"
    )
    target = BytesIO()
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(f"COPY ({select}) TO STDOUT (FORMAT binary)", target)
    record = np.dtype([("count", ">i2"), ("fields", [("length", ">i4"), ("value", ">i8")], (len(keys) + 1,))])
    content = target.getbuffer()
    values = np.frombuffer(content[19 : len(content) - 2], record)["fields"]["value"]
    return {key: values[:, i].astype(np.float64) for i, key in enumerate(["submission", *keys])}


def two_passes(columns: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The seven coefficients of both stages as plainly as numpy can: whatever is empty counts as nothing."""
    _, group = np.unique(columns["submission"], return_inverse=True)
    groups = int(group.max()) + 1
    pupils = {stage: np.maximum(columns[f"{stage}_enrollment"], 0) for stage in OWN}
    split = pupils["primary"] + 1.1 * pupils["junior"] + 1.32 * np.maximum(columns["senior_enrollment"], 0)
    found = []
    for stage, own in OWN.items():
        here = pupils[stage] > 0
        index, p = group[here], pupils[stage][here]
        total = np.bincount(index, p, groups)
        shares = WEIGHT[stage] * p / split[here]
        amounts = [sum(np.maximum(columns[f"{stage}_{key}_teachers"][here], 0) for key in keys) for keys in own]
        amounts += [sum(np.maximum(columns[key][here], 0) for key in keys) * shares for keys in _SHARED]
        for amount in amounts:
            mean = np.bincount(index, amount, groups) / total
            distance = amount / p - mean[index]
            found.append(np.sqrt(np.bincount(index, p * distance * distance, groups) / total) / mean)
    return found


def results_as_text() -> tuple[str, str]:
    """Verdicts and findings of the run that is stored, as COPY reads them."""
    from django.db import connection

    texts = []
    with connection.cursor() as cursor:
        for table, columns in (
            ("evaluation_runverdict", "id, run_id, submission_id, passed, complete, sha256"),
            ("evaluation_runfinding", "verdict_id, code, stage, status, value"),
        ):
            target = StringIO()
            cursor.cursor.copy_expert(f"COPY {table} ({columns}) TO STDOUT", target)
            texts.append(target.getvalue())
    return texts[0], texts[1]


def copy_in(texts: tuple[str, str]) -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.cursor.copy_expert(
            "COPY evaluation_runverdict (id, run_id, submission_id, passed, complete, sha256) FROM STDIN",
            StringIO(texts[0]),
        )
        cursor.cursor.copy_expert(
            "COPY evaluation_runfinding (verdict_id, code, stage, status, value) FROM STDIN", StringIO(texts[1])
        )


def forget_results() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE evaluation_runverdict CASCADE")


def against_the_floor() -> None:
    year = YEARS[1]
    forget_runs()
    digests = {judge_nation(year)}
    texts = results_as_text()
    parts: list[tuple[float, float, float]] = []
    runs = []
    for _ in range(ROUNDS):
        forget_results()
        started = time.perf_counter()
        columns = copy_out(year)
        out = time.perf_counter()
        found = two_passes(columns)
        computed = time.perf_counter()
        copy_in(texts)
        parts.append((out - started, computed - out, time.perf_counter() - computed))
        assert len(found) == 14
        forget_runs()
        runs.append(seconds(lambda: digests.add(judge_nation(year))))
        texts = results_as_text()
    assert len(digests) == 1, "the digest must be the same every time"
    floor = median([sum(part) for part in parts])
    out, computed, into = (median([part[i] for part in parts]) for i in range(3))
    print(f"(a) {COUNTIES:,} counties, {len(columns['submission']):,} rows, medians of {ROUNDS} in turns")
    print(f"    floor {floor:.2f} s (COPY out {out:.2f}, two passes {computed:.2f}, COPY in {into:.2f})")
    print(f"    national run {median(runs):.2f} s: {median(runs) / floor:.2f} × the floor (at most 4)")
    wall, peak = peak_of_a_process(year)
    print(f"    as a process of its own {wall:.1f} s, peak of resident memory {peak:.0f} MiB (under 1,536)")
    forget_runs()
    wall = seconds(lambda: manage("judge_nation", "--year", str(year), "--workers", "2"))
    print(f"    by two worker processes {wall:.1f} s, starting up included")


# ── What a user would do instead ──────────────────────────────────────────────────────────────


def against_pandas() -> None:
    try:
        import sqlalchemy  # noqa: F401
    except ImportError:
        print("(b) NOT MEASURED: pandas needs SQLAlchemy for to_sql; see the top of this file")
        return
    year, ours, theirs = YEARS[1], [], []
    for _ in range(3):
        forget_runs()
        ours.append(seconds(lambda: judge_nation(year)))
        started = time.perf_counter()
        result = with_pandas(year)
        theirs.append(time.perf_counter() - started)
    check_pandas_found_the_same(result)
    print(f"(b) pandas {median(theirs):.1f} s, national run {median(ours):.2f} s, medians of 3 in turns:")
    print(f"    {median(theirs) / median(ours):.1f} × faster (at least 5), and pandas judges four items of forty")


def against_an_office_program() -> None:
    if shutil.which("soffice") is None:
        print("(b) NOT MEASURED: soffice is not on PATH (libreoffice-calc)")
        return
    from evaluation.models import Standard
    from evaluation.standards import parsed_standard
    from evaluation.trial import trial_rules
    from indicators.models import SchoolRecord, Submission
    from indicators.queries import report_of
    from indicators.workbook.template import write_template

    rules = trial_rules(parsed_standard(Standard.objects.get(pk="2017-quality")))
    # Counties of about the average size: what is asked is the time of a row.
    versions = Submission.objects.filter(school_year=YEARS[1]).order_by("county")[50 : 50 + 4 * OFFICE_COUNTIES]
    sized = sorted(versions, key=lambda v: abs(v.records.count() - SCHOOLS // COUNTIES))[:OFFICE_COUNTIES]
    total = SchoolRecord.objects.filter(submission__school_year=YEARS[1]).count()
    with tempfile.TemporaryDirectory() as folder:
        paths, rows = [], []
        for version in sized:
            report = report_of(version)
            path = Path(folder) / f"{version.county_id}.xlsx"
            write_template(path, school_year=2031, schools=report.schools, row_count=len(report.schools), trial=rules)
            paths.append(path)
            rows.append(len(report.schools))
        one = median([seconds(lambda: recalculate(folder, paths[:1])) for _ in range(3)])
        all_ = median([seconds(lambda: recalculate(folder, paths)) for _ in range(3)])
    more = sum(rows[1:])
    each = (all_ - one) / more
    forget_runs()
    ours = seconds(lambda: judge_nation(YEARS[1]))
    print(f"(b) LibreOffice: {OFFICE_COUNTIES} counties of {rows} schools {all_:.1f} s, the first alone {one:.1f} s")
    print(f"    so {each * 1000:.0f} ms a further school, starting up left out; for {total:,} schools one after the")
    theirs = each * total
    print(
        f"    other {theirs / 60:.0f} min by extrapolation, the national run {ours:.1f} s: {theirs / ours:.0f} × faster"
    )


# ── Growth, and the default database ──────────────────────────────────────────────────────────


def growth() -> None:
    print("(c) times the nation, median of 3 in turns; wanted: linear")
    taken: dict[int, list[float]] = {times: [] for times in YEARS}
    worked: dict[int, list[float]] = {times: [] for times in YEARS}
    for times in YEARS:
        generate(times)
    for _ in range(3):
        for times, year in YEARS.items():
            forget_runs()
            before = time.process_time()
            taken[times].append(seconds(lambda year=year: judge_nation(year)))
            worked[times].append(time.process_time() - before)
    base, base_worked = median(taken[1]), median(worked[1])
    for times, year in YEARS.items():
        _, peak = peak_of_a_process(year)
        own, work = median(taken[times]), median(worked[times])
        print(f"    {times} × the nation {own:6.2f} s, {own / base:.2f} × the time; processor of the judging process")
        print(f"      {work:6.2f} s, {work / base_worked:.2f} ×; peak of its memory {peak:.0f} MiB")


def on_sqlite() -> None:
    with tempfile.TemporaryDirectory() as folder:
        alone = {"VAR_DIR": folder, "DATABASE_URL": "", "SECRET_KEY": ""}
        manage("migrate", "--verbosity", "0", **alone)
        manage("load_standard", **alone)
        told = manage("generate_nation", "--year", "2031", "--counties", "100", "--schools", "10000", **alone)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken = [seconds(lambda: manage("judge_nation", "--year", "2031", **alone)) for _ in range(3)]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        told_run = manage("judge_nation", "--year", "2031", **alone)
    worked = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / 3
    generated = next(line for line in told.splitlines() if "已生成" in line)
    print(f"(d) SQLite, {generated}: {median(taken):.1f} s for the whole command (under 10),")
    print(f"    starting up included, median of 3; processor {worked:.1f} s; {told_run.splitlines()[-1]}")


def main() -> None:
    asked = sys.argv[1:] or WAYS
    if unknown := set(asked) - set(WAYS):
        sys.exit(f"What is {', '.join(sorted(unknown))}? Known: {' '.join(WAYS)}.")
    if "DATABASE_URL" not in os.environ:
        sys.exit("Set DATABASE_URL to a PostgreSQL database made for this, and SECRET_KEY to anything.")
    import django

    django.setup()
    manage("load_standard")
    generate(1)
    for way, measure in zip(
        WAYS, (against_the_floor, against_pandas, growth, on_sqlite, against_an_office_program), strict=True
    ):
        if way in asked:
            measure()


if __name__ == "__main__":
    main()
