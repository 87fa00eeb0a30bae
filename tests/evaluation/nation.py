"""A small nation of random counties, stored as versions; and runs over it walked to their end."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from evaluation import national
from evaluation.actions import run_waiting_jobs
from evaluation.core.verdict import judge_report
from evaluation.judging import save_verdict
from evaluation.models import Job, JobState, NationalRun, RunFinding, RunVerdict, Standard, Verdict
from evaluation.queries import decided_about
from evaluation.standards import parsed_standard
from indicators.actions import record_upload, save_report
from indicators.models import Submission
from indicators.queries import report_of
from indicators.workbook.read import ReadReport
from schools.actions import add_division
from schools.models import County, User
from schools.vocabulary import DivisionLevel
from tests.evaluation.random_counties import random_county

DAY = datetime.date(2026, 11, 1)
YEAR = 2026
ONE_EACH = {"most_counties": 1}
#: Counties with refused cells, doubtful identities and figures exactly on limits among them.
SEEDS = (4, 6, 20, *range(40, 51))


def store_counties(clerk: User, seeds: Sequence[int] = SEEDS, year: int = YEAR) -> list[Submission]:
    """Random counties in two provinces as stored versions, in the order of the seeds."""
    stored = []
    for number, seed in enumerate(seeds):
        province = "98" if number % 3 == 0 else "99"
        city = f"{province}{50 + number:02d}00"
        add_division(f"{province}0000", f"{province}省", DivisionLevel.PROVINCE)
        add_division(city, f"市{number}", DivisionLevel.CITY, f"{province}0000")
        add_division(f"{city[:4]}01", f"县{number}", DivisionLevel.COUNTY, city)
        county = County.objects.get(pk=f"{city[:4]}01")
        stored.append(store(clerk, county, seed, year))
    return stored


def store(clerk: User, county: County, seed: int, year: int = YEAR) -> Submission:
    """The random county of a seed as the next version of a county."""
    submission, _ = record_upload(clerk, county, year, "a.xlsx", f"{seed} {county.pk} {year}".encode())
    save_report(submission, ReadReport(random_county(seed), (), {}, {}, is_judgeable=True))
    return submission


def finish(run: NationalRun) -> NationalRun:
    """Work until nothing of the run can be taken any more, whatever pauses failed attempts ask for."""
    while True:
        Job.objects.filter(state=JobState.WAITING).update(not_before=None)
        if not run_waiting_jobs():
            break
    run.refresh_from_db()
    return run


def stored_findings(run: NationalRun) -> dict[int, list[tuple[str, str, str, str | None]]]:
    """(code, stage, status, value to the last bit) of every version of a run."""
    found: dict[int, list[tuple[str, str, str, str | None]]] = {}
    rows = RunFinding.objects.filter(verdict__run=run).order_by("verdict", "code", "stage")
    for submission, code, stage, status, value in rows.values_list(
        "verdict__submission", "code", "stage", "status", "value"
    ):
        found.setdefault(submission, []).append((code, stage, status, None if value is None else value.hex()))
    return found


def started(standard: Standard, **sizes: int) -> NationalRun:
    """A run over all counties, its batches of the sizes told."""
    return national.start_run(None, standard, YEAR, DAY, **sizes)


def judged_alone(version: Submission, standard: Standard) -> tuple[Verdict, list[tuple[str, str, str, str | None]]]:
    """The version's own verdict as an upload stores it, and its findings to the last bit."""
    decided = decided_about(version.county, version.school_year)
    told = judge_report(report_of(version), parsed_standard(standard), DAY, decided)
    verdict = save_verdict(version, standard, DAY, decided.canonical(), told)
    rows = verdict.findings.order_by("code", "stage").values_list("code", "stage", "status", "value")
    return verdict, [
        (code, stage, status, None if value is None else value.hex()) for code, stage, status, value in rows
    ]


def assert_as_alone(run: NationalRun, versions: Sequence[Submission]) -> None:
    """Every one of these versions, and no other, has in the run what it is judged to be on its own."""
    together = stored_findings(run)
    assert sorted(together) == sorted(version.pk for version in versions)
    for version in versions:
        verdict, findings = judged_alone(version, run.standard)
        found = RunVerdict.objects.get(run=run, submission=version)
        assert together[version.pk] == sorted(findings)
        assert (found.passed, found.complete) == (verdict.passed, verdict.complete)
