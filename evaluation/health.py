"""Whether the portal works, part by part, for whoever asks every few seconds and cannot log in.

Each part is a check that returns what is wrong in words, empty where nothing is. The words are for the log and for
`manage.py doctor`; the public answer says ok or failing. Checks run in threads under a limit of time: whatever hangs,
the answer does not. A thread that still hangs is not joined by another.
"""

from __future__ import annotations

import datetime
import logging
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from time import monotonic

import redis
from django.conf import settings
from django.db import close_old_connections, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from evaluation.events import link_of
from evaluation.models import ChainHead, Event, Job, JobState, OutboxEntry, WorkerPulse
from evaluation.pulse import SILENT_AFTER, stalled

logger = logging.getLogger(__name__)

Check = Callable[[], str]

LIMIT_SECONDS = 2.0
#: Many who ask at once get one answer: asking often costs nothing.
_FRESH_SECONDS = 1.0
#: A letter goes out seconds after it is due; one that was due for so long has nobody to send it.
OUTBOX_LATE = datetime.timedelta(minutes=5)
#: Somebody waits for an upload; what is about the nation may wait its turn.
JOB_LATE = datetime.timedelta(minutes=5)
_BROKER_SECONDS = 1.0


def database() -> str:
    """Whether the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return "" if cursor.fetchone() == (1,) else "数据库的应答不对。"


@lru_cache(maxsize=1)
def _known_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).graph.nodes)


def migrations() -> str:
    """Whether the tables are those of this version of the portal."""
    missing = _known_migrations() - MigrationRecorder(connection).applied_migrations().keys()
    named = "、".join(".".join(each) for each in sorted(missing)[:3])
    return f"有 {len(missing)} 个数据库迁移未执行：{named}。" if missing else ""


def worker() -> str:
    """Whether a worker lives and gets on."""
    living = WorkerPulse.objects.filter(seen_at__gte=timezone.now() - SILENT_AFTER).count()
    if not living:
        return f"{SILENT_AFTER.seconds} 秒内没有工作进程报到。"
    stuck = stalled()
    return "".join(stuck) if len(stuck) >= living else ""


def outbox() -> str:
    """Whether letters and notices go out in time."""
    now = timezone.now()
    late = OutboxEntry.objects.filter(state=OutboxEntry.State.WAITING, not_before__lt=now - OUTBOX_LATE)
    oldest = late.order_by("not_before").values_list("not_before", flat=True).first()
    return f"待发通知自 {timezone.localtime(oldest):%m-%d %H:%M} 起没有发出。" if oldest is not None else ""


def jobs() -> str:
    """Whether uploads are judged in time."""
    now = timezone.now()
    late = Job.objects.filter(state=JobState.WAITING, batch=None, created_at__lt=now - JOB_LATE)
    oldest = late.exclude(not_before__gt=now - JOB_LATE).values_list("created_at", flat=True).first()
    return f"有任务自 {timezone.localtime(oldest):%m-%d %H:%M} 起等待处理。" if oldest is not None else ""


def chain() -> str:
    """Whether the chain of events ends in the head that is kept apart. `manage.py verify_events` looks at all of it."""
    words = _chain_end()
    # Somebody may have added a link between the two questions.
    return _chain_end() if words else ""


def _chain_end() -> str:
    head = ChainHead.objects.filter(pk=1).values_list("number", "sha256").first()
    last = Event.objects.order_by("-number").first()
    if last is None:
        return "" if head is None or head[0] == 0 else "留痕链没有记录，链头却另有所指。"
    if head != (last.number, last.sha256):
        return "留痕链的最后一条与另存的链头不符。"
    return "" if link_of(last).sha256() == last.sha256 else "留痕链的最后一条与自己的散列值不符。"


def broker() -> str:
    """Whether Redis answers, where there should be one."""
    if not settings.REDIS_URL:
        return ""
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=_BROKER_SECONDS, socket_timeout=_BROKER_SECONDS
    )
    try:
        return "" if client.ping() else "Redis 的应答不对。"
    except redis.RedisError as error:
        return f"Redis 没有应答（{type(error).__name__}）。"
    finally:
        client.close()


def disk() -> str:
    """Whether there is room for the database of the embedded default, and for what is written beside it."""
    for place in {str(path) for path in _places()}:
        free = shutil.disk_usage(place).free // 2**20
        if free < settings.DISK_FREE_MIB:
            return f"{place} 所在磁盘只剩 {free} MiB，少于 {settings.DISK_FREE_MIB} MiB。"
    return ""


def _places() -> list[Path]:
    places = [Path(settings.VAR_DIR)]
    if connection.vendor == "sqlite":
        places.append(Path(str(connection.settings_dict["NAME"])).resolve().parent)
    # The folder may not be there yet; then the one it will be made in.
    return [next(each for each in (place, *place.parents) if each.exists()) for place in places]


class _Lane:
    """Checks that are made one after the other in a thread, because they share what may hang."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._found: dict[str, str] = {}
        self._began = self._ended = float("-inf")

    def ask(self) -> threading.Thread | None:
        """Begin to check, or join who already does; None where an answer is fresh."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return self._thread
            if monotonic() - self._ended < _FRESH_SECONDS:
                return None
            self._found = dict.fromkeys(self._checks, "没有及时应答。")
            self._began = monotonic()
            self._thread = threading.Thread(target=self._run, args=(self._found,), name="health", daemon=True)
            self._thread.start()
            return self._thread

    def answer(self, deadline: float) -> dict[str, str]:
        """What was found until the deadline; what was not looked at until then did not answer."""
        thread = self.ask()
        if thread is not None:
            # One that hangs since an earlier question is not waited for once more.
            thread.join(max(0.0, min(deadline, self._began + LIMIT_SECONDS) - monotonic()))
        return dict(self._found)

    def _run(self, found: dict[str, str]) -> None:
        close_old_connections()
        try:
            for name, check in self._checks.items():
                try:
                    found[name] = check()
                except Exception as error:
                    found[name] = f"无法检查（{type(error).__name__}）。"
        finally:
            connection.close()
            self._ended = monotonic()


def _lanes(*, ready_only: bool) -> list[_Lane]:
    first: dict[str, Check] = {"database": database, "migrations": migrations}
    if ready_only:
        return [_Lane(first)]
    rest: dict[str, Check] = {"worker": worker, "outbox": outbox, "jobs": jobs, "chain": chain}
    return [_Lane(first | rest), _Lane({"broker": broker}), _Lane({"disk": disk})]


#: Made anew in each web process: threads do not survive a fork.
_LANES: dict[tuple[int, bool], list[_Lane]] = {}


def found(*, ready_only: bool = False) -> dict[str, str]:
    """What is wrong with each part, empty where nothing is, within LIMIT_SECONDS. ``ready_only``: only what a web
    process needs to answer at all."""
    key = (os.getpid(), ready_only)
    if key not in _LANES:
        _LANES[key] = _lanes(ready_only=ready_only)
    deadline = monotonic() + LIMIT_SECONDS
    lanes = _LANES[key]
    for lane in lanes:
        lane.ask()
    told: dict[str, str] = {}
    for lane in lanes:
        told |= lane.answer(deadline)
    _log_changes(told)
    return told


_failed: set[str] = set()


def _log_changes(told: Mapping[str, str]) -> None:
    """A line when a part begins to fail, and one when it is well again: not one for everybody who asks."""
    for name, words in told.items():
        if words and name not in _failed:
            _failed.add(name)
            logger.error("health: %s fails: %s", name, words)
        elif not words and name in _failed:
            _failed.discard(name)
            logger.warning("health: %s is well again", name)
