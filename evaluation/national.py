"""All counties of a year judged by one standard: a run is cut into batches, each the work of one job.

Rows leave the database as columns, the kernel judges them as it judges one county, verdicts and findings return by
COPY in the transaction that ends the batch. Whether one process works, several, or several machines: the findings are
the same to the bit, and ``run_digest`` says so in one line. What was decided beside the figures is taken as it stands
when the batch is judged.
"""

from __future__ import annotations

import datetime
import hashlib
import logging
from collections.abc import Sequence

from django.db import transaction

from evaluation import jobs, run_states
from evaluation.core.verdict import Judgement, judge
from evaluation.events import record_event
from evaluation.models import Job, JobStage, JobState, NationalRun, RunBatch, RunState, RunVerdict, Standard
from evaluation.national_batches import MOST_COUNTIES, MOST_ROWS, Version, cut, versions_in_question
from evaluation.national_store import save_verdicts
from evaluation.permissions import Refused, why_not_run_nation
from evaluation.queries import decided_about_many
from evaluation.standards import parsed_standard
from evaluation.stored_columns import decided_columns, stored_counties
from indicators.models import SchoolRecord, Submission
from schools.models import User

logger = logging.getLogger(__name__)


class RunStopped(Exception):
    """The run was cancelled while a batch of it was being judged: nothing of that batch is written."""


def start_run(
    user: User | None,
    standard: Standard,
    school_year: int,
    as_of: datetime.date,
    most_counties: int = MOST_COUNTIES,
    most_rows: int = MOST_ROWS,
) -> NationalRun:
    """Fix which version of every county is judged (``versions_in_question``), and queue the batches; returns at once.
    ``user`` is None for the command line. Raises Refused where there is nothing to judge, or a run of the same year
    and standard is under way."""
    _check(user)
    with transaction.atomic():
        # The standard's row is the lock: of two who start at once the second finds the run of the first.
        Standard.objects.select_for_update(no_key=True).get(pk=standard.pk)
        _check_none_is_under_way(standard, school_year)
        versions = versions_in_question(school_year)
        if not versions:
            raise Refused(f"{school_year} 学年还没有可以核算的县。")
        run = NationalRun.objects.create(
            standard=standard,
            school_year=school_year,
            as_of=as_of,
            submissions=len(versions),
            rows=sum(version.rows for version in versions),
            requested_by=user,
        )
        for batch in cut(versions, most_counties, most_rows):
            _queue(run, batch)
        _record("national_run_started", user, run)
    return run


def pause(user: User | None, run: NationalRun) -> None:
    """Let a run rest: what is being judged is finished, no further batch is taken. Raises Refused."""
    _move(user, run, (RunState.RUNNING,), RunState.PAUSED, "national_run_paused")


def resume(user: User | None, run: NationalRun) -> None:
    """Let a run that rests go on. Raises Refused."""
    _move(user, run, (RunState.PAUSED,), RunState.RUNNING, "national_run_resumed")


def cancel(user: User | None, run: NationalRun) -> None:
    """End a run: what was stored stays to be read, a batch that is being judged writes nothing any more. Raises
    Refused."""
    _move(user, run, run_states.GOING_ON, RunState.CANCELLED, "national_run_cancelled")


def _move(user: User | None, run: NationalRun, before: tuple[RunState, ...], after: RunState, kind: str) -> None:
    _check(user)
    with transaction.atomic():
        if not run_states.move(run.pk, before, after):
            now = NationalRun.objects.get(pk=run.pk)
            raise Refused(f"这次核算现在是“{now.get_state_display()}”，不能改为“{after.label}”。")
        _record(kind, user, run)
        if after is RunState.RUNNING:
            transaction.on_commit(lambda: _ring_waiting(run))
    run.refresh_from_db()


def _ring_waiting(run: NationalRun) -> None:
    for job_id in Job.objects.filter(batch__run=run, state=JobState.WAITING).values_list("pk", flat=True):
        jobs.ring(job_id)


def _check(user: User | None) -> None:
    if user is not None and (reason := why_not_run_nation(user)):
        raise Refused(reason)


def _check_none_is_under_way(standard: Standard, school_year: int) -> None:
    going_on = NationalRun.objects.filter(standard=standard, school_year=school_year, state__in=run_states.GOING_ON)
    if (other := going_on.first()) is not None:
        raise Refused(
            f"{school_year} 学年按{standard.name}的核算正在进行（第 {other.pk} 号，{other.get_state_display()}），"
            "完成或取消以后才能再次发起。"
        )


def _record(kind: str, user: User | None, run: NationalRun) -> None:
    about = f"{run.school_year} 学年，{run.standard_id}，{run.submissions} 个县"
    record_event(kind, user, payload={"what": about, "number": run.pk})


def _queue(run: NationalRun, versions: Sequence[Version]) -> None:
    batch = RunBatch.objects.create(
        run=run,
        province=versions[0].province,
        submissions=[version.submission for version in versions],
        rows=sum(version.rows for version in versions),
    )
    jobs.enqueue_batch(batch)


def judge_batch(job: Job) -> None:
    """Judge the counties of a claimed batch and store what was found. A batch that was taken up before and not
    finished, whatever ended it, is cut in two instead, so that a county nobody can judge ends alone."""
    batch = job.batch
    if job.attempts > 1 and len(batch.submissions) > 1:
        _cut_in_two(job, batch)
        return
    jobs.report_stage(job, JobStage.READING)
    judgement = judged(batch.run, batch.submissions, job)
    jobs.report_stage(job, JobStage.STORING)
    try:
        with transaction.atomic():
            # The fence comes first: a worker that lost its lease writes nothing at all.
            jobs.finish(job)
            save_verdicts(batch.run_id, sorted(batch.submissions), judgement)
            # Held last and for a moment, so that workers of one run do not wait for each other's rows.
            if run_states.hold(batch.run_id).state == RunState.CANCELLED:
                raise RunStopped
            run_states.close_if_over(batch.run_id)
    except RunStopped:
        logger.info("run %s was cancelled, nothing of batch %s is kept", batch.run_id, batch.pk)
        jobs.put_back(job, "这次全国核算已取消。")


def judged(run: NationalRun, submissions: Sequence[int], job: Job | None = None) -> Judgement:
    """Some versions judged as a run judges them, in ascending order of their keys. The lease of ``job`` is renewed on
    the way."""
    stored = stored_counties(submissions)
    if job is not None:
        jobs.report_stage(job, JobStage.COMPUTING, len(stored.schools))
    codes = dict(Submission.objects.filter(pk__in=submissions).values_list("pk", "county_id"))
    about = decided_about_many([codes[pk] for pk in stored.submissions.tolist()], run.school_year)
    decided, figures = decided_columns(stored, about, run.as_of)
    return judge(stored.schools, figures, parsed_standard(run.standard), run.as_of, decided)


def _cut_in_two(job: Job, batch: RunBatch) -> None:
    """Two batches in place of one; the old one stays, empty, as the trace of what failed."""
    keys = sorted(batch.submissions)
    middle = len(keys) // 2
    with transaction.atomic():
        jobs.finish(job)
        for half in (keys[:middle], keys[middle:]):
            rows = SchoolRecord.objects.filter(submission__in=half).count()
            piece = RunBatch.objects.create(run=batch.run, province=batch.province, submissions=half, rows=rows)
            jobs.enqueue_batch(piece)
        RunBatch.objects.filter(pk=batch.pk).update(submissions=[], rows=0)
    logger.warning("batch %s of run %s failed and was cut in two: %s", batch.pk, batch.run_id, job.error)


def run_digest(run: NationalRun) -> str:
    """One SHA-256 over every verdict of a run: two runs with the same digest found the same for the same versions, on
    whatever machine. A line a county, in the order of county codes: code, version, outcome, whether complete, and the
    SHA-256 of its findings."""
    digest = hashlib.sha256()
    verdicts = RunVerdict.objects.filter(run=run).order_by("submission__county")
    told = verdicts.values_list("submission__county", "submission__version", "passed", "complete", "sha256")
    for county, version, passed, complete, sha256 in told.iterator(5_000):
        digest.update(f"{county} {version} {passed} {complete} {sha256}\n".encode("ascii"))
    return digest.hexdigest()
