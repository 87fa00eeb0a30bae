"""Doors of the steward to what was set aside: look at it, and let it run again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from evaluation import pulse, subscribing
from evaluation.models import Job, OutboxEntry, WorkerPulse
from evaluation.permissions import Refused, can_tend_jobs
from evaluation.reviving import (
    JobKind,
    county_of,
    error_in_words,
    jobs_set_aside,
    kind_of,
    outbox_set_aside,
    revive,
    send_again,
    technical_error,
)

_LISTED = 50


@require_safe
@never_cache
def dead_letters(request: HttpRequest) -> HttpResponse:
    """Jobs and notices that were set aside, the first fifty of each kind, and the processes at work."""
    if not can_tend_jobs(request.user):
        raise Http404
    kinds = [(kind, jobs_set_aside(request.user).filter(**{f"{kind}__isnull": False})) for kind in JobKind]
    entries = outbox_set_aside(request.user)
    context = {
        "groups": [(kind, count, [_line(job) for job in found[:_LISTED]]) for kind, found in kinds
                   if (count := found.count())],
        "entries": [(each, error_in_words(each.error)) for each in entries[:_LISTED]],
        "entry_count": entries.count(),
        "listed": _LISTED,
        "subscriptions": subscribing.counts(),
        "workers": WorkerPulse.objects.filter(seen_at__gte=timezone.now() - pulse.FORGOTTEN_AFTER),
        "stalled": pulse.stalled(),
        "silent_before": timezone.now() - pulse.SILENT_AFTER,
    }  # fmt: skip
    return render(request, "evaluation/dead_letters.html", context)


def _line(job: Job) -> dict[str, Any]:
    county = county_of(job)
    version = f"第 {job.submission.version} 版" if job.submission is not None else ""
    if job.batch is not None:
        version = f"第 {job.batch.run_id} 号核算，{len(job.batch.submissions)} 个县"
    if (order := job.document_order) is not None:
        version = f"{order.get_kind_display()}，已制作 {order.ready} / {order.total} 份"
    return {
        "job": job,
        "kind": kind_of(job),
        "county": county,
        "what": version,
        "words": error_in_words(job.error),
        "technical": technical_error(job.error, county is not None),
    }


def _done(request: HttpRequest, action: Callable[[], int], words: str) -> HttpResponse:
    if not can_tend_jobs(request.user):
        raise Http404
    try:
        messages.success(request, words.format(action()))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("dead_letters")


@require_POST
def job_revive(request: HttpRequest, pk: int) -> HttpResponse:
    """One job runs again."""
    return _done(request, lambda: revive(request.user, Job.objects.filter(pk=pk)), "{} 个任务已重新排队。")


@require_POST
def jobs_revive(request: HttpRequest, kind: str) -> HttpResponse:
    """All jobs of a kind run again."""
    if kind not in set(JobKind):
        raise Http404
    chosen = Job.objects.filter(**{f"{kind}__isnull": False})
    return _done(request, lambda: revive(request.user, chosen), "{} 个任务已重新排队。")


@require_POST
def outbox_again(request: HttpRequest, pk: int) -> HttpResponse:
    """One notice is sent again."""
    return _done(request, lambda: send_again(request.user, OutboxEntry.objects.filter(pk=pk)), "{} 条通知已重新排队。")


@require_POST
def outbox_all_again(request: HttpRequest) -> HttpResponse:
    """All notices that were set aside are sent again."""
    return _done(request, lambda: send_again(request.user, OutboxEntry.objects.all()), "{} 条通知已重新排队。")
