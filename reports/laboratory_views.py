"""Pages of a laboratory run."""

from __future__ import annotations

from io import BytesIO

import pandas as pd
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation.models import JobState, LaboratoryRun
from evaluation.permissions import why_not_laboratory
from evaluation.taking_away import of_all_counties, records_download
from reports import exporters
from reports.presenters.laboratory import changed_county, laboratory_page
from reports.presenters.progress import progress

_COLUMNS = ["省", "区划代码", "县（市、区）", "对照标准", "试用标准", "新不达标的项目", "不再不达标的项目"]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _run(request: HttpRequest, pk: int) -> LaboratoryRun:
    if why_not_laboratory(request.user):
        raise Http404
    return get_object_or_404(LaboratoryRun.objects.select_related("before", "requested_by", "job"), pk=pk)


@require_safe
@never_cache
def laboratory_run(request: HttpRequest, pk: int) -> HttpResponse:
    """One address: the run on its way, set aside, or what it found."""
    run = _run(request, pk)
    if run.result is None:
        is_lost = run.job.state == JobState.SET_ASIDE
        context = {"run": run, "is_lost": is_lost, "progress": progress(run.job)}
        return render(request, "reports/laboratory_waiting.html", context)
    province = request.GET.get("province", "")
    page = laboratory_page(run.result, province, request.GET.get("page", ""))
    return render(request, "reports/laboratory_run.html", {"run": run, "page": page, "province": province})


@require_safe
@never_cache
@records_download("标准试验名单", of_all_counties)
def laboratory_export(request: HttpRequest, pk: int) -> FileResponse:
    """Every county whose verdict changes, as a table."""
    run = _run(request, pk)
    if run.result is None:
        raise Http404
    rows = [
        [c.province, c.code, c.name, c.before.label, c.after.label, c.newly, c.no_longer]
        for c in map(changed_county, run.result["changed"])
    ]
    about = [
        ("学年", f"{run.school_year}—{run.school_year + 1}学年"),
        ("对照标准", f"{run.before.name}（{run.before_id}）"),
        ("试用标准", f"{run.name}（{run.code}）"),
        ("完成时间", f"{timezone.localtime(run.finished_at):%Y-%m-%d %H:%M}"),
    ]
    content = exporters.to_xlsx(pd.DataFrame(rows, columns=_COLUMNS, dtype=str), about)
    name = f"标准试验_{run.before_id}_{run.code}.xlsx"
    return FileResponse(BytesIO(content), as_attachment=True, filename=name, content_type=_XLSX)
