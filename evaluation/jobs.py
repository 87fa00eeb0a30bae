"""Jobs that are not lost: the database row is the job, a message is only a doorbell.

A worker claims a row by a conditional update, renews its lease at every stage, and writes the result and
"done" in one transaction that only the current claim may commit. Whatever dies in between leaves nothing
behind but a lease that runs out. After MOST_ATTEMPTS a job is set aside with its error, for a person to look at.
"""

from __future__ import annotations

import datetime
import logging
import os
import socket
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from evaluation.models import Job, JobStage, JobState, LaboratoryRun, RadarScan, RunBatch, RunState, Standard
from indicators.models import PartialWorkbook, Submission

logger = logging.getLogger(__name__)

LEASE = datetime.timedelta(seconds=60)
MOST_ATTEMPTS = 5
#: Pause after a first failed attempt, doubled after each further one: a database that restarts is waited for.
BACKOFF = datetime.timedelta(seconds=2)
#: A waiting job this old was not taken by the doorbell of its own upload: ring again.
RING_AGAIN_AFTER = datetime.timedelta(seconds=5)
MOST_RINGS = 50


class LeaseLost(Exception):
    """Another worker holds this job now; whatever was computed here is dropped."""


def enqueue(submission: Submission, standard: Standard) -> Job:
    """The job of judging ``submission``, made once; call inside the transaction that needs it."""
    return _once(submission=submission, standard=standard)


def enqueue_partial(partial: PartialWorkbook, standard: Standard) -> Job:
    """The job of reading a partial workbook, made once; call inside the transaction that needs it."""
    return _once(partial=partial, defaults={"standard": standard})


def enqueue_laboratory_run(run: LaboratoryRun) -> Job:
    """The job of trying a standard out, made once; call inside the transaction that needs it."""
    return _once(laboratory_run=run, defaults={"standard": run.before})


def enqueue_batch(batch: RunBatch) -> Job:
    """The job of judging a batch of a national run, made once; call inside the transaction that needs it."""
    return _once(batch=batch, defaults={"standard": batch.run.standard})


def enqueue_radar_scan(scan: RadarScan, standard: Standard) -> Job:
    """The job of scanning a year's figures, made once; call inside the transaction that needs it."""
    return _once(radar_scan=scan, defaults={"standard": standard})


def _once(**about: Any) -> Job:
    job, _ = Job.objects.get_or_create(**about)
    transaction.on_commit(lambda: ring(job.pk))
    return job


def ring(job_id: int) -> None:
    """Tell a Celery worker that a job waits. Losing this message loses nothing: the row is rung for again."""
    if not settings.REDIS_URL:
        return
    from evaluation.tasks import judge

    try:
        judge.apply_async((job_id,), retry=False)
    except judge.OperationalError:
        logger.warning("doorbell for job %s was not heard", job_id, exc_info=True)


def worker_name() -> str:
    """This process, as its claims name it."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _claimable(now: datetime.datetime) -> Q:
    """A batch of a run that was paused or cancelled is nobody's to take."""
    is_due = Q(not_before=None) | Q(not_before__lte=now)
    is_going_on = Q(batch=None) | Q(batch__run__state=RunState.RUNNING)
    return is_going_on & (Q(is_due, state=JobState.WAITING) | Q(state=JobState.RUNNING, lease_until__lt=now))


#: Somebody waits for an upload; what is about the nation is taken when nobody does.
_ORDER = (F("batch").asc(nulls_first=True), "created_at", "pk")


def claim(job_id: int | None = None) -> Job | None:
    """Take the oldest claimable job, or the given one; None where there is none. Two workers never get the same."""
    now = timezone.now()
    while True:
        with transaction.atomic():
            waiting = Job.objects.filter(_claimable(now)).order_by(*_ORDER)
            if job_id is not None:
                waiting = waiting.filter(pk=job_id)
            # PostgreSQL passes over rows that another worker is claiming; on SQLite the update below decides alone.
            job = waiting.select_for_update(skip_locked=True, of=("self",)).first()
            if job is None:
                return None
            if job.attempts >= MOST_ATTEMPTS:
                _set_aside(job, job.error or f"连续 {MOST_ATTEMPTS} 次处理中断，没有留下错误信息。")
                continue
            # As it was read, lease included: a worker thought dead may have renewed it.
            as_read = Q(pk=job.pk, state=job.state, attempts=job.attempts, lease_until=job.lease_until)
            taken = Job.objects.filter(as_read).update(
                state=JobState.RUNNING,
                stage=JobStage.QUEUED,
                attempts=F("attempts") + 1,
                worker=worker_name(),
                lease_until=timezone.now() + LEASE,
            )
        if taken:
            job.refresh_from_db()
            return job


def _held(job: Job) -> Q:
    """The condition under which ``job``, as claimed, may still be written: the fence."""
    return Q(pk=job.pk, state=JobState.RUNNING, attempts=job.attempts, worker=job.worker)


def report_stage(job: Job, stage: JobStage, schools_read: int | None = None) -> None:
    """Say what the job is at and renew its lease. Raises LeaseLost where another worker has taken it over."""
    changes: dict[str, object] = {"stage": stage, "lease_until": timezone.now() + LEASE}
    if schools_read is not None:
        changes["schools_read"] = schools_read
    if not Job.objects.filter(_held(job)).update(**changes):
        raise LeaseLost(str(job.pk))


def finish(job: Job) -> None:
    """Mark the job done; call inside the transaction that writes its result. Raises LeaseLost, undoing that."""
    changed = Job.objects.filter(_held(job)).update(
        state=JobState.DONE, lease_until=None, finished_at=timezone.now(), error=""
    )
    if not changed:
        raise LeaseLost(str(job.pk))


def put_back(job: Job, error: str) -> None:
    """After a failed attempt: wait for another, or be set aside with the error."""
    if job.attempts >= MOST_ATTEMPTS:
        _set_aside(job, error)
        return
    Job.objects.filter(_held(job)).update(
        state=JobState.WAITING,
        stage=JobStage.QUEUED,
        lease_until=None,
        not_before=timezone.now() + BACKOFF * 2 ** (job.attempts - 1),
        worker="",
        error=error,
    )


def _set_aside(job: Job, error: str) -> None:
    Job.objects.filter(pk=job.pk, attempts=job.attempts).exclude(state=JobState.DONE).update(
        state=JobState.SET_ASIDE, lease_until=None, finished_at=timezone.now(), error=error
    )


def revive(job: Job) -> bool:
    """Let a job that was set aside wait again, with all its attempts; False where it was not set aside."""
    changed = Job.objects.filter(pk=job.pk, state=JobState.SET_ASIDE).update(
        state=JobState.WAITING,
        stage=JobStage.QUEUED,
        attempts=0,
        not_before=None,
        finished_at=None,
        worker="",
        schools_read=None,
    )
    if changed:
        transaction.on_commit(lambda: ring(job.pk))
    return bool(changed)


def release_dead_workers() -> int:
    """Let the jobs of workers that died on this machine wait at once, instead of until their lease runs out."""
    host = f"{socket.gethostname()}:"
    released = 0
    for job in Job.objects.filter(state=JobState.RUNNING, worker__startswith=host):
        pid = job.worker.removeprefix(host)
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            released += Job.objects.filter(_held(job)).update(
                state=JobState.WAITING, stage=JobStage.QUEUED, lease_until=None, worker=""
            )
    return released


def ring_waiting() -> int:
    """Ring again, a bounded number of times, for jobs nobody took and for those whose lease ran out."""
    now = timezone.now()
    late = Job.objects.filter(_claimable(now), created_at__lt=now - RING_AGAIN_AFTER)
    jobs = list(late.order_by(*_ORDER).values_list("pk", flat=True)[:MOST_RINGS])
    for job_id in jobs:
        ring(job_id)
    return len(jobs)
