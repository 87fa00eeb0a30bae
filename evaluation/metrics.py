"""Figures for monitoring, in the format of Prometheus.

Requests are counted in each web process; with more than one (config/gunicorn.py sets PROMETHEUS_MULTIPROC_DIR) the sum
over all is told, whichever process answers. Everything else is read from the database when it is asked for: workers
need no port of their own, and no figure goes stale with a process that died.
"""

from __future__ import annotations

import datetime
import functools
import os
from collections.abc import Iterable, Iterator

from django.db import DatabaseError
from django.db.models import Count, DurationField, ExpressionWrapper, F, Min, Q, Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from evaluation.models import ChainHead, Evaluation, Job, JobState, OutboxEntry, WorkerPulse
from evaluation.pulse import SILENT_AFTER, stalled

_SHARED = "PROMETHEUS_MULTIPROC_DIR"
if _SHARED in os.environ:
    # By the place of a web process, not by its id: processes are renewed every so often, their files are not.
    values.ValueClass = values.MultiProcessValue(lambda: os.environ.get("METRICS_SLOT") or os.getpid())

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
#: From an upload to its verdict, seconds: a second is usual, a minute means that a worker died on the way.
_VERDICT_BUCKETS = (0.5, 1, 2, 5, 10, 30, 60, 300, 3600)

_registry = CollectorRegistry()
_requests = Counter(
    "portal_requests",
    "Answered requests by method, route and status.",
    ("method", "route", "status"),
    registry=_registry,
)
_request_seconds = Histogram(
    "portal_request_seconds", "Time to answer, by route.", ("route",), buckets=_REQUEST_BUCKETS, registry=_registry
)


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answer. Anybody can send any method: unknown ones share one name."""
    answers, times = _counted(method if method in _METHODS else "OTHER", route, status)
    answers.inc()
    times.observe(seconds)


@functools.lru_cache(maxsize=4096)
def _counted(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """Where an answer is counted: looked up once, and not for every request."""
    return _requests.labels(method, route, str(status)), _request_seconds.labels(route)


def as_text() -> bytes:
    """Everything, as Prometheus reads it."""
    counted = _registry
    if _SHARED in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)
    stored = CollectorRegistry()
    stored.register(_Stored())
    return generate_latest(counted) + generate_latest(stored)


class _Stored(Collector):
    """What the database tells."""

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        try:
            found = [*_of_jobs(), *_of_workers(), *_of_outbox(), *_of_evaluations(), _of_verdicts()]
        except DatabaseError:
            found = []
        yield GaugeMetricFamily("portal_database_up", "Whether the database answered.", value=float(bool(found)))
        yield from found


def _seconds_since(moment: datetime.datetime | None, now: datetime.datetime) -> float:
    return max(0.0, (now - moment).total_seconds()) if moment is not None else 0.0


_KINDS = ("submission", "partial", "laboratory_run", "batch", "radar_scan", "document_order")


def _of_jobs() -> Iterator[Metric]:
    now = timezone.now()
    counts = GaugeMetricFamily("portal_jobs", "Jobs by state and kind.", labels=("state", "kind"))
    oldest = GaugeMetricFamily("portal_job_oldest_seconds", "Age of the oldest job in work.", labels=("state", "kind"))
    attempts = GaugeMetricFamily("portal_job_attempts", "Claims of the jobs there are.", labels=("state", "kind"))
    for kind in _KINDS:
        rows = Job.objects.filter(**{f"{kind}__isnull": False}).order_by().values("state")
        told = {row["state"]: row for row in rows.annotate(n=Count("pk"), since=Min("created_at"), a=Sum("attempts"))}
        for state in JobState.values:
            row = told.get(state, {"n": 0, "since": None, "a": 0})
            counts.add_metric((state, kind), row["n"])
            attempts.add_metric((state, kind), row["a"])
            if state in (JobState.WAITING, JobState.RUNNING):
                oldest.add_metric((state, kind), _seconds_since(row["since"], now))
    yield from (counts, oldest, attempts)


def _of_workers() -> Iterator[Metric]:
    workers = GaugeMetricFamily("portal_workers", "Worker processes by what their pulse says.", labels=("pulse",))
    living = WorkerPulse.objects.filter(seen_at__gte=timezone.now() - SILENT_AFTER)
    workers.add_metric(("alive",), living.count())
    workers.add_metric(("stalled",), len(stalled()) if living.exists() else 0)
    yield workers


def _of_outbox() -> Iterator[Metric]:
    now = timezone.now()
    counts = GaugeMetricFamily("portal_outbox_entries", "Letters and notices by state.", labels=("state",))
    told = dict(OutboxEntry.objects.order_by().values_list("state").annotate(Count("pk")))
    for state in OutboxEntry.State.values:
        counts.add_metric((state,), told.get(state, 0))
    due = OutboxEntry.objects.filter(state=OutboxEntry.State.WAITING).aggregate(due=Min("not_before"))["due"]
    yield counts
    yield GaugeMetricFamily(
        "portal_outbox_oldest_due_seconds", "For how long the oldest entry is due.", value=_seconds_since(due, now)
    )


def _of_evaluations() -> Iterator[Metric]:
    counts = GaugeMetricFamily("portal_evaluations", "Evaluations by state.", labels=("state",))
    told = dict(Evaluation.objects.order_by().values_list("state").annotate(Count("pk")))
    for state, _ in Evaluation._meta.get_field("state").choices or ():
        counts.add_metric((str(state),), told.get(str(state), 0))
    yield counts
    head = ChainHead.objects.filter(pk=1).values_list("number", flat=True).first() or 0
    yield GaugeMetricFamily("portal_events", "Number of the last event of the chain.", value=head)


def _of_verdicts() -> Metric:
    """From upload to verdict, over all judged uploads there are: jobs are never deleted, so the counts only grow."""
    took = ExpressionWrapper(F("finished_at") - F("created_at"), output_field=DurationField())
    done = Job.objects.filter(state=JobState.DONE, submission__isnull=False).annotate(took=took)
    buckets = {
        f"b{number}": Count("pk", filter=Q(took__lte=datetime.timedelta(seconds=most)))
        for number, most in enumerate(_VERDICT_BUCKETS)
    }
    told = done.aggregate(n=Count("pk"), total=Sum("took"), **buckets)
    counted = [(str(float(most)), float(told[f"b{number}"])) for number, most in enumerate(_VERDICT_BUCKETS)]
    found = HistogramMetricFamily("portal_verdict_seconds", "From an upload to its verdict.")
    total = told["total"].total_seconds() if told["total"] else 0.0
    found.add_metric((), [*counted, ("+Inf", float(told["n"]))], total)
    return found
