"""Pages of a partial workbook: its reading, its preview, what became of it, and its file."""

from __future__ import annotations

from io import BytesIO

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation.models import Job, JobState
from evaluation.partials import OPEN, small_version_above, why_not_apply, why_not_discard
from evaluation.queries import partials_visible_to, waiting_before
from evaluation.taking_away import of_partial, records_download
from indicators.models import PartialWorkbook
from reports.presenters.partial import partial_page
from reports.presenters.progress import progress


@require_safe
@never_cache
def partial(request: HttpRequest, pk: int) -> HttpResponse:
    """One address, and what there is to say now: progress, the preview, or what became of it."""
    found, job = _partial(request, pk)
    context = {"partial": found, "base": found.base}
    if found.state == PartialWorkbook.State.READING:
        if job is not None and job.state == JobState.SET_ASIDE:
            return render(request, "reports/partial_set_aside.html", context)
        return render(
            request, "reports/partial_progress.html", context | {"progress": progress(job, waiting_before(job))}
        )
    context |= {
        "page": partial_page(found, request.GET.get("page", "")),
        "is_open": found.state in OPEN,
        "small": small_version_above(found.base),
        "why_not_apply": why_not_apply(request.user, found),
        "why_not_discard": why_not_discard(request.user, found),
    }
    return render(request, "reports/partial.html", context)


@require_safe
@never_cache
def partial_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The moving part of the waiting page: nothing while nothing changed, the whole page once the job is over."""
    if not request.headers.get("HX-Request"):
        return redirect("partial", pk=pk)
    found, job = _partial(request, pk)
    if found.state != PartialWorkbook.State.READING or (job is not None and job.is_over):
        return HttpResponse(headers={"HX-Refresh": "true"})
    now = progress(job, waiting_before(job))
    if request.GET.get("seen") == now.token:
        return HttpResponse(status=204)
    return render(request, "reports/_progress.html", {"partial": found, "progress": now})


@require_safe
@never_cache
@records_download("部分学校工作簿", of_partial)
def partial_file(request: HttpRequest, pk: int) -> FileResponse:
    """The file as it was uploaded, never shown inside the browser."""
    found, _ = _partial(request, pk)
    if found.file.cleared_at is not None:
        raise Http404
    name = "".join(char for char in found.filename if char.isprintable()) or "部分学校.xlsx"
    content = BytesIO(found.file.content)
    return FileResponse(content, as_attachment=True, filename=name, content_type="application/octet-stream")


def _partial(request: HttpRequest, pk: int) -> tuple[PartialWorkbook, Job | None]:
    visible = partials_visible_to(request.user).select_related(
        "base__county__parent__parent", "uploaded_by", "decided_by", "result"
    )
    found = get_object_or_404(visible, pk=pk)
    return found, Job.objects.filter(partial=found).first()
