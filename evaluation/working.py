"""A worker process at its work: one job at a time, whoever asks for it; and what it does where nobody rings."""

from __future__ import annotations

import logging
import os
import threading
from time import sleep

from django import db

from evaluation import actions, jobs
from evaluation.judged import judged
from evaluation.models import Job
from indicators.workbook.sandbox import keep_one_ready

logger = logging.getLogger(__name__)

#: How often a worker that waits for a doorbell looks for itself. Without any broker a job waits no longer than this.
LOOK_SECONDS = 5.0
#: Between two jobs of its own the look lets a doorbell in.
_YIELD_SECONDS = 0.01
_NICENESS = 10

_one_at_a_time = threading.Lock()
#: Jobs whose failure could not be written while the database was away.
_unsettled: list[tuple[Job, str]] = []


def give_way() -> None:
    """Let this process, and what it starts, come after the pages where both want the processor."""
    os.nice(_NICENESS)


def work_on(job_id: int | None = None) -> bool:
    """Claim a job, the given one or the next, and run it; False where there is none. Raises django.db.Error where the
    database is away: whatever was begun is put back by the next call, or by the end of its lease."""
    with _one_at_a_time:
        _settle()
        job = jobs.claim(job_id)
        if job is None:
            return False
        try:
            actions.run_job(job)
        except db.Error as error:
            _unsettled.append((job, f"{type(error).__name__}: {error}"))
            raise
        finally:
            jobs.doing.rests()
        if job.submission_id is not None or job.partial_id is not None:
            keep_one_ready()
        # Whoever waits for a verdict goes before whoever opens one.
        if job.submission is not None and not jobs.somebody_waits():
            judged.send_robust(sender=Job, version=job.submission)
        return True


def answer(job_id: int) -> None:
    """Do what a doorbell asks for; where the database is away, the next look does it."""
    try:
        work_on(job_id)
    except db.Error as error:
        logger.warning("the database is away: %s", error)


def _settle() -> None:
    """Put back what failed while the database was away. The fence holds: what was done after all stays done."""
    while _unsettled:
        jobs.put_back(*_unsettled[0])
        _unsettled.pop(0)


def look_for_work() -> None:
    """Run what waits until nothing does; an outage of the database ends the round."""
    try:
        jobs.release_dead_workers()
        while work_on():
            sleep(_YIELD_SECONDS)
    except db.Error as error:
        logger.warning("the database is away: %s", error)
    finally:
        db.connection.close()


def start_looking() -> threading.Event:
    """Look for work every LOOK_SECONDS, in a thread; set the event that is returned, then call ``finish``, to end it.

    A message that was lost, a broker that was flushed or is down for good, a consumer that stalls after its broker's
    restart: each only delays.
    """
    ended = threading.Event()
    threading.Thread(target=_look_until, args=(ended,), name="look-for-work", daemon=True).start()
    return ended


def _look_until(ended: threading.Event) -> None:
    while not ended.wait(LOOK_SECONDS):
        look_for_work()


def finish(seconds: float) -> bool:
    """Wait until the job at hand is over, at most so long; no other is begun in this process."""
    return _one_at_a_time.acquire(timeout=seconds)
