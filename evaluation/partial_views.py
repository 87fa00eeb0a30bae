"""Doors into the partial workbooks: carry out what the preview shows, give it up, let its reading run again."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from evaluation import actions, partials
from evaluation.models import Job
from evaluation.permissions import Refused
from evaluation.queries import partials_visible_to, submissions_visible_to


@require_POST
def partial_apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Carry out exactly what the preview shows, as the next version."""
    partial = get_object_or_404(partials_visible_to(request.user), pk=pk)
    try:
        result = partials.apply_partial(request.user, partial)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("partial", pk=pk)
    count = result.changes.count()
    messages.success(request, f"已更新 {count} 个单元格，保存为第 {result.version} 版，正在重新检查和试算。")
    return redirect("submission", pk=result.pk)


@require_POST
def partial_discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the file up; nothing changes."""
    partial = get_object_or_404(partials_visible_to(request.user), pk=pk)
    try:
        partials.discard_partial(request.user, partial)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("partial", pk=pk)
    messages.success(request, f"已放弃“{partial.filename}”，数据没有任何改动。")
    return redirect("workspace")


@require_POST
def partial_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the reading that was set aside run again."""
    job = Job.objects.filter(partial=get_object_or_404(partials_visible_to(request.user), pk=pk)).first()
    if job is None:
        raise Http404
    try:
        actions.retry_job(request.user, job)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("partial", pk=pk)


@require_POST
def update_with_version(request: HttpRequest, pk: int) -> HttpResponse:
    """Treat a version with few schools as a partial workbook for the version before it."""
    version = get_object_or_404(submissions_visible_to(request.user), pk=pk)
    try:
        partial = partials.update_with_version(request.user, version)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("submission", pk=pk)
    return redirect("partial", pk=partial.pk)
