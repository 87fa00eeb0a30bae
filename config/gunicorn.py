"""How gunicorn runs the site: `gunicorn -c config/gunicorn.py config.wsgi`.

WEB_WORKERS   web processes (default: 2)
LOG_FORMAT    json: gunicorn's own lines too

Requests are short (a file is read by a worker, not here), so plain processes serve them, one request each at a time.
"""

import os
import shutil
import tempfile
from typing import Any

# The portal's own line for each request (evaluation/request_log.py) has no links of invitation in it; gunicorn's would.
accesslog = None
errorlog = "-"
loglevel = "warning"

workers = int(os.environ.get("WEB_WORKERS", "2"))
# A request that takes longer than this hangs; a report of twenty pages takes four seconds.
timeout = 60
# Told to stop, a process ends the request at hand; less than the time its supervisor waits.
graceful_timeout = 15
# Processes are renewed every so often, not all at once: memory that is lost slowly stays little. Seldom, because
# loading the site anew takes as long as answering ten thousand kept pages.
max_requests, max_requests_jitter = 300_000, 60_000
# The heartbeat goes to memory: a slow disk must not look like a process that hangs.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108
# Nobody steers it but signals; the rest of the file system is read-only.
control_socket_disable = True

if os.environ.get("LOG_FORMAT") == "json":
    logconfig_dict: dict[str, Any] = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "evaluation.logs.JsonLines"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {"gunicorn.error": {"handlers": [], "level": "WARNING", "propagate": True}},
    }

# ── Requests counted over all processes (evaluation/metrics.py) ──

_SHARED, _SLOT = "PROMETHEUS_MULTIPROC_DIR", "METRICS_SLOT"


def on_starting(server: Any) -> None:
    """In the parent, before the first web process: a folder where each leaves its counts."""
    os.environ[_SHARED] = tempfile.mkdtemp(prefix="portal-metrics-")


def pre_fork(server: Any, worker: Any) -> None:
    """In the parent: a place for the new process that no living one has. Counts of one that ended go on there, so
    that renewing processes makes no new files."""
    taken = {each.metrics_slot for each in server.WORKERS.values()}
    worker.metrics_slot = next(number for number in range(len(taken) + 1) if number not in taken)


def post_fork(server: Any, worker: Any) -> None:
    """In the new process, before it loads the site."""
    os.environ[_SLOT] = str(worker.metrics_slot)


def on_exit(server: Any) -> None:
    """In the parent, after the last web process."""
    shutil.rmtree(os.environ.pop(_SHARED, ""), ignore_errors=True)
