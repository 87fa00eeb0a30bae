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
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from evaluation import run_states
from evaluation.models import (
    DocumentOrder,
    Job,
    JobStage,
    JobState,
    LaboratoryRun,
    RadarScan,
    RunBatch,
    RunState,
    Standard,
)
from indicators.models import PartialWorkbook, Submission

logger = logging.getLogger(__name__)

#: A stage of an upload or a batch takes seconds; what looks at the whole nation at once may take minutes, and so may a
#: program that prints.
LEASE = datetime.timedelta(seconds=60)
LONG_LEASE = datetime.timedelta(minutes=5)
#: A job that reports the same stage for longer than so many leases does not get on, however often it reports.
MOST_LEASES_A_STAGE = 3
MOST_ATTEMPTS = 5
#: Pause after a first failed attempt, doubled after each further one: a database that restarts is waited for.
BACKOFF = datetime.timedelta(seconds=2)
#: A waiting job this old was not taken by the doorbell of its own upload: ring again.
RING_AGAIN_AFTER = datetime.timedelta(seconds=5)
MOST_RINGS = 50
#: A broker that did not answer is left alone for so long: whoever starts a run does not wait for each of its batches.
_DEAF_SECONDS = 3.0
_LONGEST_TURN_SECONDS = 240.0
_deaf_until = 0.0


class LeaseLost(Exception):
    """Another worker holds this job now; whatever was computed here is dropped."""


class Stuck(Exception):
    """The job has been at one stage for longer than it may; it is taken from its worker."""


@dataclass(slots=True)
class Doing:
    """What this process is at; a process does one job at a time. Times are of the monotonic clock, in seconds.
    ``moved_at``: when a job was last claimed, passed a stage or ended, or none was found waiting; ``begun_at``: when
    the one at hand was claimed."""

    job_id: int | None = None
    stage: str = ""
    stage_since: float = 0.0
    lease_ends: float = 0.0
    moved_at: float = 0.0
    begun_at: float = 0.0
    done: int = 0
    failed: int = 0

    def begins(self, job: Job) -> None:
        """A job was claimed."""
        self.job_id, self.stage, self.stage_since = job.pk, "", monotonic()
        self.begun_at = self.stage_since
        self.passes(job)

    def passes(self, job: Job) -> None:
        """A stage was announced, and the lease renewed."""
        now = monotonic()
        self.lease_ends = now + lease_of(job).total_seconds()
        if self.stage != job.stage:
            self.stage, self.stage_since, self.moved_at = job.stage, now, now

    def rests(self) -> None:
        """The job is over, or was never there."""
        self.job_id, self.moved_at = None, monotonic()


#: Read by ``pulse``, which reports it.
doing = Doing()


def lease_of(job: Job) -> datetime.timedelta:
    """For how long a claim of ``job`` is good, from each of its stages on."""
    takes_long = (job.laboratory_run_id, job.radar_scan_id, job.document_order_id) != (None, None, None)
    return LONG_LEASE if takes_long else LEASE


def enqueue(submission: Submission, standard: str) -> Job:
    """The job of judging a new version against the standard with a code; call inside the transaction that makes the
    version."""
    job = Job.objects.create(submission=submission, standard_id=standard)
    transaction.on_commit(lambda: ring(job.pk))
    return job


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


def enqueue_documents(order: DocumentOrder, standard: Standard) -> Job:
    """The job of making documents, made once; call inside the transaction that needs it."""
    return _once(document_order=order, defaults={"standard": standard})


def _once(**about: Any) -> Job:
    job, _ = Job.objects.get_or_create(**about)
    transaction.on_commit(lambda: ring(job.pk))
    return job


def ring(job_id: int) -> bool:
    """Tell a Celery worker that a job waits; whether the broker took it. Losing this message loses nothing: the row is
    rung for again, and workers look for themselves."""
    global _deaf_until
    if not settings.REDIS_URL or monotonic() < _deaf_until:
        return False
    from evaluation.tasks import judge

    try:
        judge.apply_async((job_id,), retry=False)
    except judge.OperationalError as error:
        logger.warning("doorbell for job %s was not heard: %s", job_id, error)
        _deaf_until = monotonic() + _DEAF_SECONDS
        return False
    return True


def worker_name(pid: int | None = None) -> str:
    """A process of this machine as its claims name it; without ``pid`` this one."""
    return f"{socket.gethostname()}:{os.getpid() if pid is None else pid}"


def _claimable(now: datetime.datetime) -> Q:
    """A batch of a run that was paused or cancelled is nobody's to take."""
    is_due = Q(not_before=None) | Q(not_before__lte=now)
    is_going_on = Q(batch=None) | Q(batch__run__state=RunState.RUNNING)
    return is_going_on & (Q(is_due, state=JobState.WAITING) | Q(state=JobState.RUNNING, lease_until__lt=now))


#: Somebody waits for an upload; documents, and what is about the nation, are taken when nobody does.
_ORDER = (F("batch").asc(nulls_first=True), F("document_order").asc(nulls_first=True), "created_at", "pk")


def somebody_waits() -> bool:
    """Whether a job of a person waits to be taken."""
    return Job.objects.filter(state=JobState.WAITING, batch=None, document_order=None).exists()


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
                doing.rests()
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
                lease_until=timezone.now() + lease_of(job),
            )
        if taken:
            job.refresh_from_db()
            doing.begins(job)
            return job


def _held(job: Job) -> Q:
    """The condition under which ``job``, as claimed, may still be written: the fence."""
    return Q(pk=job.pk, state=JobState.RUNNING, attempts=job.attempts, worker=job.worker)


def report_stage(job: Job, stage: JobStage, schools_read: int | None = None) -> None:
    """Say what the job is at and renew its lease. Raises LeaseLost where another worker has taken it over, and Stuck
    where it has been at this very stage for too long: reporting alone is no progress."""
    longest = MOST_LEASES_A_STAGE * lease_of(job).total_seconds()
    if (doing.job_id, doing.stage) == (job.pk, stage) and monotonic() - doing.stage_since > longest:
        raise Stuck(f"“{JobStage(stage).label}”超过 {longest:.0f} 秒没有进展。")
    changes: dict[str, object] = {"stage": stage, "lease_until": timezone.now() + lease_of(job)}
    if schools_read is not None:
        changes["schools_read"] = schools_read
    if not Job.objects.filter(_held(job)).update(**changes):
        raise LeaseLost(str(job.pk))
    job.stage = stage
    doing.passes(job)


def give_way(job: Job) -> bool:
    """Between two parts of a long job, each stored: where somebody's upload waits, or this process has been at it for
    long (Celery kills whoever never ends), let it wait for its next turn. That costs no attempt. True where the job is
    no longer held."""
    of_somebody = Q(submission__isnull=False) | Q(partial__isnull=False)
    is_waited_for = Job.objects.filter(of_somebody & _claimable(timezone.now())).exists()
    if not is_waited_for and monotonic() - doing.begun_at < _LONGEST_TURN_SECONDS:
        return False
    Job.objects.filter(_held(job)).update(
        state=JobState.WAITING, stage=JobStage.QUEUED, lease_until=None, worker="", attempts=F("attempts") - 1
    )
    ring(job.pk)
    return True


def finish(job: Job) -> None:
    """Mark the job done; call inside the transaction that writes its result. Raises LeaseLost, undoing that."""
    changed = Job.objects.filter(_held(job)).update(
        state=JobState.DONE, lease_until=None, finished_at=timezone.now(), error=""
    )
    if not changed:
        raise LeaseLost(str(job.pk))
    transaction.on_commit(_count_done)


def _count_done() -> None:
    doing.done += 1


def put_back(job: Job, error: str) -> None:
    """After a failed attempt: wait for another, or be set aside with the error."""
    doing.failed += 1
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
    with transaction.atomic():
        Job.objects.filter(pk=job.pk, attempts=job.attempts).exclude(state=JobState.DONE).update(
            state=JobState.SET_ASIDE, lease_until=None, finished_at=timezone.now(), error=error
        )
        if job.batch_id is not None:
            run_states.close_if_over(job.batch.run_id)


def revive(job: Job) -> bool:
    """Let a job that was set aside wait again, with all its attempts; False where it was not set aside, or its run was
    cancelled. A run that was over goes on."""
    set_aside = Job.objects.filter(pk=job.pk, state=JobState.SET_ASIDE)
    with transaction.atomic():
        changed = set_aside.exclude(batch__run__state=RunState.CANCELLED).update(
            state=JobState.WAITING,
            stage=JobStage.QUEUED,
            attempts=0,
            not_before=None,
            finished_at=None,
            worker="",
            schools_read=None,
        )
        if changed and job.batch is not None:
            run_states.move(job.batch.run_id, (RunState.DONE,), RunState.RUNNING)
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
    """Ring again for jobs nobody took and for those whose lease ran out, until MOST_RINGS messages wait in the queue:
    however long nobody answers, they do not pile up. Returns how many rings were heard."""
    heard = 0
    for job_id in late_jobs()[: max(0, MOST_RINGS - _messages_waiting())]:
        if not ring(job_id):
            # A broker that is down is not asked fifty times.
            break
        heard += 1
    return heard


def late_jobs() -> list[int]:
    """Jobs that could be claimed, and that the doorbell of their own upload did not bring a worker to; in the order
    they are taken, no more than MOST_RINGS."""
    now = timezone.now()
    late = Job.objects.filter(_claimable(now), created_at__lt=now - RING_AGAIN_AFTER)
    return list(late.order_by(*_ORDER).values_list("pk", flat=True)[:MOST_RINGS])


def _messages_waiting() -> int:
    """How many messages of any kind no worker has fetched yet; 0 where the broker does not answer."""
    if not settings.REDIS_URL:
        return 0
    from evaluation.tasks import judge

    with judge.app.connection_for_write() as connection:
        try:
            # A channel of our own: the default one would wait for ever for a broker that is down.
            return connection.channel().queue_declare(judge.app.conf.task_default_queue, passive=True)[1]
        except (*connection.channel_errors, *connection.connection_errors):
            return 0
