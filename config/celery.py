"""The Celery application of a deployment: `celery -A config.celery worker`.

Each pool process reports its pulse and looks for work itself, so that jobs are done whatever becomes of the broker; the
parent looks after processes that cannot even report.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from contextlib import suppress
from typing import Any

from celery import Celery
from celery.signals import (
    setup_logging,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutting_down,
)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

logger = logging.getLogger(__name__)

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

_WATCH_SECONDS = 5.0
#: A pool process that ends lets its own look finish the job at hand; docker-compose waits a minute.
_FINISH_SECONDS = 45.0
_started: list[threading.Event] = []
_pools: list[Any] = []


@setup_logging.connect
def log_as_the_site_does(**told: Any) -> None:
    """Celery's own lines take the form, and the masks, of all others."""
    from logging.config import dictConfig

    from django.conf import settings

    dictConfig(settings.LOGGING)


@worker_process_init.connect
def begin_to_work(**told: Any) -> None:
    """In each pool process: report, and look for work."""
    from evaluation import pulse, working

    working.give_way()
    _started.extend((pulse.start(), working.start_looking()))


@worker_process_shutdown.connect
def end_work(**told: Any) -> None:
    """In each pool process that ends as it should: no new job, the one at hand is finished."""
    from django import db

    from evaluation import pulse, working

    for ended in _started:
        ended.set()
    working.finish(_FINISH_SECONDS)
    with suppress(db.Error):
        pulse.leave()


@worker_ready.connect
def watch_the_pool(sender: Any, **told: Any) -> None:
    """In the parent: kill pool processes that do not report or do not get on; the pool starts others."""
    _pools.append(sender.pool)
    threading.Thread(target=_watch, args=(sender.pool,), name="watch", daemon=True).start()


@worker_shutting_down.connect
def stop_in_time(**told: Any) -> None:
    """In the parent, told to stop: Celery waits for the jobs at hand however long they take. After a while they are
    given back, and the parent ends at once."""
    from django.conf import settings

    from evaluation import stopping

    stopping.later(settings.STOP_WITHIN, _stop_now)


def _stop_now() -> None:
    from evaluation import jobs, stopping

    pids = [pid for pool in _pools for pid in pool.info.get("processes", ())]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    stopping.give_back_quietly([jobs.worker_name(pid) for pid in pids])
    os.kill(os.getpid(), signal.SIGQUIT)


def _watch(pool: Any) -> None:
    from django import db

    from evaluation.pulse import Watch

    watch, pause = Watch(), threading.Event()
    while not pause.wait(_WATCH_SECONDS):
        try:
            # A pool without processes of its own has nothing to watch.
            overdue = watch.overdue(pool.info.get("processes", ()))
        except db.Error as error:
            logger.warning("workers could not be looked after: %s", error)
            continue
        finally:
            db.connection.close()
        for pid in overdue:
            logger.critical("pool process %s does not get on and is killed", pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
