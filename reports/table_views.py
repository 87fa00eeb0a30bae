"""The official tables of a version: the page to read and to print, and the same as a workbook."""

from __future__ import annotations

import json
from io import BytesIO

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation.models import Verdict
from evaluation.queries import submissions_visible_to, verdict_of
from evaluation.standards import parsed_standard
from evaluation.taking_away import of_submission, records_download
from indicators.models import Submission
from indicators.queries import report_of
from reports.official_tables import XLSX, official_workbook
from reports.presenters.tables import Heading, OfficialTables, official_tables, why_no_tables


@require_safe
@never_cache
def submission_tables(request: HttpRequest, pk: int) -> HttpResponse:
    """表Ⅰ to 表Ⅵ on one page that prints a table a section."""
    version, verdict = _judged(request, pk)
    if reason := why_no_tables(parsed_standard(verdict.standard)):
        messages.error(request, reason)
        return redirect("submission", pk=pk)
    context = {"submission": version, "verdict": verdict, "official": _tables(version, verdict)}
    return render(request, "reports/tables.html", context)


@require_safe
@never_cache
@records_download("申报表（表Ⅰ—表Ⅵ）", of_submission)
def submission_tables_export(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """表Ⅰ to 表Ⅵ as one workbook."""
    version, verdict = _judged(request, pk)
    if reason := why_no_tables(parsed_standard(verdict.standard)):
        messages.error(request, reason)
        return redirect("submission", pk=pk)
    content = official_workbook(_tables(version, verdict))
    name = f"{version.county.name}_{version.school_year_label}_第{version.version}版_申报表.xlsx"
    return FileResponse(BytesIO(content), as_attachment=True, filename=name, content_type=XLSX)


def _judged(request: HttpRequest, pk: int) -> tuple[Submission, Verdict]:
    visible = submissions_visible_to(request.user).select_related("county__parent__parent", "uploaded_by")
    version = get_object_or_404(visible, pk=pk)
    verdict = verdict_of(version)
    if verdict is None:
        raise Http404
    return version, verdict


def _tables(version: Submission, verdict: Verdict) -> OfficialTables:
    heading = Heading(
        version.county.full_name,
        version.school_year_label,
        version.version,
        f"{verdict.standard.name}（{verdict.standard_id}）",
        verdict.as_of,
        verdict.sha256,
        verdict.number,
    )
    return official_tables(json.loads(verdict.document), parsed_standard(verdict.standard), report_of(version), heading)
