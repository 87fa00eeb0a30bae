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
from celery.signals import worker_process_init, worker_process_shutdown, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

logger = logging.getLogger(__name__)

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

_WATCH_SECONDS = 5.0
#: A pool process that ends lets its own look finish the job at hand; docker-compose waits a minute.
_FINISH_SECONDS = 45.0
_started: list[threading.Event] = []


@worker_process_init.connect
def begin_to_work(**told: Any) -> None:
    """In each pool process: report, and look for work."""
    from evaluation import pulse, working

    _started.extend((pulse.start(), working.start_looking()))


@worker_process_shutdown.connect
def end_work(**told: Any) -> None:
    """In each pool process that ends as it should: no new job, the one at hand is finished."""
    from evaluation import working

    for ended in _started:
        ended.set()
    working.finish(_FINISH_SECONDS)


@worker_ready.connect
def watch_the_pool(sender: Any, **told: Any) -> None:
    """In the parent: kill pool processes that do not report or do not get on; the pool starts others."""
    threading.Thread(target=_watch, args=(sender.pool,), name="watch", daemon=True).start()


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
