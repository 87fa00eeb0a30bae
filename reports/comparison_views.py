"""Two versions of one's own county compared: the page, and the same as a workbook."""

from __future__ import annotations

import json
from io import BytesIO

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation.models import Standard, Verdict
from evaluation.queries import DEFAULT_STANDARD, submissions_visible_to
from evaluation.standards import parsed_standard
from evaluation.taking_away import of_submission, records_download
from indicators.models import CountyFigure, SchoolRecord, Submission
from reports.comparison_export import XLSX, comparison_workbook
from reports.presenters.comparison import Comparison, VersionData, comparison

#: Changed cells printed on the page; all of them are in the workbook.
_CHANGES_LISTED = 500


@require_safe
@never_cache
def submission_compare(request: HttpRequest, pk: int, other_pk: int) -> HttpResponse:
    """What differs between two versions, cell by cell and finding by finding; the older one stands first."""
    before, after = _pair(request, pk, other_pk)
    page = _compared(before, after)
    context = {
        "before": before,
        "after": after,
        "page": page,
        "changes": page.changes[:_CHANGES_LISTED],
        "is_cut": len(page.changes) > _CHANGES_LISTED,
    }
    return render(request, "reports/compare.html", context)


@require_safe
@never_cache
@records_download("两版比较表", of_submission)
def comparison_export(request: HttpRequest, pk: int, other_pk: int) -> FileResponse:
    """The whole comparison as a workbook."""
    before, after = _pair(request, pk, other_pk)
    content = comparison_workbook(_compared(before, after), before, after)
    name = f"{after.county.name}_{after.school_year_label}_第{before.version}版与第{after.version}版比较.xlsx"
    return FileResponse(BytesIO(content), as_attachment=True, filename=name, content_type=XLSX)


def _pair(request: HttpRequest, pk: int, other_pk: int) -> tuple[Submission, Submission]:
    visible = submissions_visible_to(request.user).select_related("county__parent__parent", "uploaded_by")
    one, other = get_object_or_404(visible, pk=pk), get_object_or_404(visible, pk=other_pk)
    # Two counties are not two versions: the event of the download names one county.
    if one.pk == other.pk or one.county_id != other.county_id:
        raise Http404
    before, after = sorted((one, other), key=lambda version: (version.school_year, version.version))
    return before, after


def _compared(before: Submission, after: Submission) -> Comparison:
    """The comparison, from four queries however large the versions are."""
    pks = (before.pk, after.pk)
    standard = get_object_or_404(Standard, pk=DEFAULT_STANDARD)
    records = list(SchoolRecord.objects.filter(submission_id__in=pks).order_by().values())
    figures = list(CountyFigure.objects.filter(submission_id__in=pks))
    verdicts = Verdict.objects.filter(submission_id__in=pks, standard=standard).order_by("number")
    results = {verdict.submission_id: json.loads(verdict.document) for verdict in verdicts}
    old, new = (
        VersionData(
            number=version.version,
            records=[record for record in records if record["submission_id"] == version.pk],
            columns=version.columns,
            figures={f.code: (f.value, f.cell) for f in figures if f.submission_id == version.pk},
            result=results.get(version.pk),
        )
        for version in (before, after)
    )
    return comparison(old, new, parsed_standard(standard))
