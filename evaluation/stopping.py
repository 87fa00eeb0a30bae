"""A worker that is told to stop goes on with the job at hand for a while, then gives it back: the job waits for the
next worker at once, not until a lease runs out, and the attempt does not count against it."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Collection

from django import db
from django.db.models import F

from evaluation import jobs
from evaluation.models import Job, JobStage, JobState, WorkerPulse

logger = logging.getLogger(__name__)


def give_back(workers: Collection[str]) -> int:
    """Let the jobs these workers hold wait again; returns how many. Whatever the workers still compute is dropped: the
    fence of ``evaluation.jobs`` lets only the current claim write."""
    held = Job.objects.filter(state=JobState.RUNNING, worker__in=list(workers))
    given = 0
    for job in list(held):
        as_held = Job.objects.filter(pk=job.pk, state=JobState.RUNNING, worker=job.worker, attempts=job.attempts)
        changed = as_held.update(
            state=JobState.WAITING, stage=JobStage.QUEUED, lease_until=None, worker="", attempts=F("attempts") - 1
        )
        if changed:
            given += 1
            logger.warning("job %s was given back by a worker that stops", job.pk)
            jobs.ring(job.pk)
    WorkerPulse.objects.filter(worker__in=list(workers)).delete()
    return given


def give_back_quietly(workers: Collection[str]) -> None:
    """The same, by a process that ends whatever happens: where the database is away the lease brings the job back."""
    try:
        give_back(workers)
    except db.Error:
        logger.exception("jobs could not be given back")


def leave_within(seconds: float) -> None:
    """End this process in so many seconds as it then stands, giving back what it holds; one that ends earlier takes the
    timer with it."""
    later(seconds, _leave)


def _leave() -> None:
    give_back_quietly([jobs.worker_name()])
    os._exit(0)


def later(seconds: float, act: Callable[[], None]) -> None:
    """Act in a thread after so many seconds, unless the process has ended by then."""
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()
