"""Whether workers live and get on.

Each worker process reports every few seconds, from a thread of its own, that it lives and when it last got on. The same
thread ends a process whose job has outlived its lease: nothing it computes may be written any more, and whoever
supervises it starts another. A parent looks at its workers from outside (``Watch``), for those that cannot even report.
"""

from __future__ import annotations

import datetime
import logging
import os
import threading
from collections.abc import Iterable
from time import monotonic

from django import db
from django.utils import timezone

from evaluation import jobs
from evaluation.models import Job, JobState, WorkerPulse

logger = logging.getLogger(__name__)

REPORT_SECONDS = 5.0
#: A process that has not reported for so long is gone, or cannot run.
SILENT_AFTER = datetime.timedelta(seconds=30)
#: A worker looks for work every few seconds: one that found none and ended none for so long does not get on.
STALLED_AFTER = datetime.timedelta(seconds=60)
FORGOTTEN_AFTER = datetime.timedelta(minutes=10)
#: A job may end a little late: its lease is renewed only where it passes a stage.
_LEASE_GRACE_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 10.0
_EXIT_STALLED = 70


def report() -> None:
    """Write what this process knows of itself, and forget processes that ended long ago."""
    now = timezone.now()
    moved = jobs.doing.moved_at
    told = {
        "seen_at": now,
        "progressed_at": now - datetime.timedelta(seconds=monotonic() - moved) if moved else None,
        "jobs_done": jobs.doing.done,
        "jobs_failed": jobs.doing.failed,
    }
    _, is_new = WorkerPulse.objects.update_or_create(
        worker=jobs.worker_name(), defaults=told, create_defaults=told | {"started_at": now}
    )
    if is_new:
        WorkerPulse.objects.filter(seen_at__lt=now - FORGOTTEN_AFTER).delete()


def leave() -> None:
    """This process ends as it should; nobody need miss it."""
    WorkerPulse.objects.filter(worker=jobs.worker_name()).delete()


def start() -> threading.Event:
    """Begin to report, in a thread; set the event that is returned to end it."""
    ended = threading.Event()
    threading.Thread(target=_report_until, args=(ended,), name="pulse", daemon=True).start()
    return ended


def _report_until(ended: threading.Event) -> None:
    while True:
        if _has_outlived_its_lease():
            logger.critical("job %s has outlived its lease; this process ends", jobs.doing.job_id)
            os._exit(_EXIT_STALLED)
        try:
            report()
        except db.Error as error:
            logger.warning("pulse was not written: %s", error)
        finally:
            db.connection.close()
        if ended.wait(REPORT_SECONDS):
            return


def _has_outlived_its_lease() -> bool:
    doing = jobs.doing
    return doing.job_id is not None and monotonic() > doing.lease_ends + _LEASE_GRACE_SECONDS


def stalled() -> list[str]:
    """Why work that waits does not get on, one sentence a cause; empty where it does or where none waits."""
    waiting = jobs.late_jobs()
    if not waiting:
        return []
    seen = WorkerPulse.objects.filter(seen_at__gte=timezone.now() - SILENT_AFTER)
    if not seen.exists():
        return ["有任务在等待，但没有工作进程报到：请检查工作进程是否在运行。"]
    stuck = [each for each in seen if _does_not_get_on(each)]
    return [f"工作进程 {each.worker} 在运行，但 {_since(each)} 以来没有进展，而有任务在等待。" for each in stuck]


def _since(pulse: WorkerPulse) -> str:
    return f"{timezone.localtime(pulse.progressed_at or pulse.started_at):%H:%M:%S}"


def _does_not_get_on(pulse: WorkerPulse) -> bool:
    """No progress for long, and no job whose lease still runs: that one has its own limit."""
    if (pulse.progressed_at or pulse.started_at) > timezone.now() - STALLED_AFTER:
        return False
    held = Job.objects.filter(state=JobState.RUNNING, worker=pulse.worker, lease_until__gt=timezone.now())
    return not held.exists()


class Watch:
    """A parent's eye on its workers. ``overdue`` names those to be killed: found, at two looks some seconds apart, not
    to report or not to get on while work waits. One look alone may fall into an outage of the database."""

    def __init__(self) -> None:
        self._first_seen: dict[int, float] = {}
        self._first_bad: dict[int, float] = {}

    def overdue(self, pids: Iterable[int]) -> list[int]:
        """Those of the processes ``pids``, children of this one, that have to be started anew."""
        now, found = monotonic(), list(pids)
        for known in (self._first_seen, self._first_bad):
            for gone in known.keys() - set(found):
                del known[gone]
        for pid in found:
            self._first_seen.setdefault(pid, now)
        bad = [pid for pid in found if self._is_bad(pid, now)]
        for pid in found:
            if pid in bad:
                self._first_bad.setdefault(pid, now)
            else:
                self._first_bad.pop(pid, None)
        return [pid for pid in bad if now - self._first_bad[pid] >= _LOOK_AGAIN_SECONDS]

    def _is_bad(self, pid: int, now: float) -> bool:
        pulse = WorkerPulse.objects.filter(worker=jobs.worker_name(pid)).first()
        if pulse is None:
            return now - self._first_seen[pid] > STALLED_AFTER.total_seconds()
        if pulse.seen_at < timezone.now() - STALLED_AFTER:
            return True
        return _does_not_get_on(pulse) and bool(jobs.late_jobs())
