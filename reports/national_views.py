"""Pages of a national run: on its way, what it found, and the table to take away."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pandas as pd
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation import national, national_queries, run_states
from evaluation.models import NationalRun
from evaluation.permissions import why_not_run_nation
from evaluation.standards import parsed_standard
from evaluation.taking_away import of_all_counties, records_download
from reports import exporters
from reports.presenters.national import item_labels, national_page, run_progress, table_row

_COLUMNS = ["省", "区划代码", "县（市、区）", "版本", "结论", "已全部评定", "不达标的项目", "无法核算的项目"]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _run(request: HttpRequest, pk: int) -> NationalRun:
    if why_not_run_nation(request.user):
        raise Http404
    return get_object_or_404(NationalRun.objects.select_related("standard", "requested_by"), pk=pk)


def _going_on(run: NationalRun) -> dict[str, Any]:
    return {"run": run, "progress": run_progress(run, national_queries.standing_of(run))}


@require_safe
@never_cache
def national_run(request: HttpRequest, pk: int) -> HttpResponse:
    """One address: the run on its way, or what it found."""
    run = _run(request, pk)
    if run.state in run_states.GOING_ON:
        return render(request, "reports/national_waiting.html", _going_on(run))
    page = national_page(
        run,
        parsed_standard(run.standard),
        national_queries.outcomes_by_province(run),
        national_queries.statuses_by_item(run),
        national_queries.missing_of(run),
        national_queries.failing_by_no_item(run),
    )
    return render(request, "reports/national_run.html", {"run": run, "page": page, "digest": national.run_digest(run)})


@require_safe
@never_cache
def national_run_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The moving part of the waiting page: nothing while nothing changed, the whole page once the run is over."""
    if not request.headers.get("HX-Request"):
        return redirect("national_run", pk=pk)
    run = _run(request, pk)
    if run.state not in run_states.GOING_ON:
        return HttpResponse(headers={"HX-Refresh": "true"})
    context = _going_on(run)
    if request.GET.get("seen") == context["progress"].token:
        return HttpResponse(status=204)
    return render(request, "reports/_national_progress.html", context)


@require_safe
@never_cache
@records_download("全国核算结论", of_all_counties)
def national_run_export(request: HttpRequest, pk: int) -> FileResponse:
    """Every county of a run with its outcome and what stands in its way, as a table."""
    run = _run(request, pk)
    if run.state in run_states.GOING_ON:
        raise Http404
    labels = item_labels(parsed_standard(run.standard))
    rows = [table_row(county, labels) for county in national_queries.judged_counties(run)]
    about = [
        ("学年", f"{run.school_year}—{run.school_year + 1}学年"),
        ("标准", f"{run.standard.name}（{run.standard_id}）"),
        ("判定日期", f"{run.as_of:%Y-%m-%d}"),
        ("状态", f"{run.get_state_display()}，{timezone.localtime(run.finished_at):%Y-%m-%d %H:%M}"),
        ("县数", f"{len(rows)} / {run.submissions}"),
        ("结果摘要", national.run_digest(run)),
    ]
    content = exporters.to_xlsx(pd.DataFrame(rows, columns=_COLUMNS, dtype=str), about, "各县结论")
    name = f"全国核算_{run.school_year}_{run.standard_id}_{run.pk}.xlsx"
    return FileResponse(BytesIO(content), as_attachment=True, filename=name, content_type=_XLSX)
