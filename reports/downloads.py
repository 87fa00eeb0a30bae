"""Doors to what a county takes away about a version: its own file with marks, and the list of its problems."""

from __future__ import annotations

from http import HTTPStatus
from io import BytesIO
from pathlib import PurePath

from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation.permissions import Refused
from evaluation.queries import submissions_visible_to
from evaluation.revisions import why_not_marked
from evaluation.taking_away import of_submission, records_download
from indicators.actions import is_cleared
from indicators.explanations import explanations_for
from indicators.kept import refused_file
from indicators.models import Explanation, ReportedProblem, Submission
from indicators.problem import Severity
from indicators.workbook.annotate import Mark, annotate
from indicators.workbook.parts import CannotEdit
from indicators.workbook.problem_report import ReportLine, ReportTitle, write_problem_report

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@never_cache
@records_download("上传的原始工作簿", of_submission)
def submission_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The file as it was uploaded, never shown inside the browser; gone where it was refused and its time is over."""
    visible = submissions_visible_to(request.user).select_related("county__parent__parent", "uploaded_by")
    version = get_object_or_404(visible, pk=pk)
    if is_cleared(version):
        context = {"submission": version, "refused_file": refused_file(version)}
        return render(request, "reports/file_cleared.html", context, status=HTTPStatus.GONE)
    name = "".join(char for char in version.filename if char.isprintable()) or f"第{version.version}版.xlsx"
    content = BytesIO(version.file.content)
    return FileResponse(content, as_attachment=True, filename=name, content_type="application/octet-stream")


@require_safe
@never_cache
@records_download("标注后的工作簿", of_submission)
def submission_annotated(request: HttpRequest, pk: int) -> HttpResponse:
    """The uploaded workbook with its problems marked in it; where that is not possible, the page says why."""
    version = _read_version(request, pk)
    try:
        return annotated_file(version)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("submission", pk=pk)


def annotated_file(version: Submission) -> FileResponse:
    """The uploaded workbook of a version with its problems marked in it. Raises Refused where that is not possible."""
    if reason := why_not_marked(version):
        raise Refused(reason)
    try:
        content = annotate(bytes(version.file.content), _marks(version.problems.all()))
    except CannotEdit as refusal:
        raise Refused(f"{refusal} 这一版的问题可以下载问题清单查看。") from refusal
    stem = "".join(char for char in PurePath(version.filename).stem if char.isprintable()) or "填报"
    return _file(content, f"{stem}_第{version.version}版_标注.xlsx")


@require_safe
@never_cache
@records_download("问题清单", of_submission)
def submission_problems(request: HttpRequest, pk: int) -> FileResponse:
    """The problems of a version as a workbook to filter and to print."""
    version = _read_version(request, pk)
    names = dict(version.records.exclude(code="").values_list("code", "name"))
    explanations = explanations_for(version)
    lines = [_line(problem, names, explanations) for problem in version.problems.all()]
    target = BytesIO()
    title = ReportTitle(
        version.county.full_name,
        version.school_year_label,
        version.version,
        version.filename,
        timezone.localtime(version.uploaded_at),
    )
    write_problem_report(target, title, lines)
    name = f"{version.county.name}_{version.school_year_label}_第{version.version}版_问题清单.xlsx"
    return _file(target.getvalue(), name)


def _read_version(request: HttpRequest, pk: int) -> Submission:
    """A version the person may see whose reading has ended; before that there is nothing to say about it."""
    visible = submissions_visible_to(request.user).select_related("county__parent__parent", "uploaded_by")
    version = get_object_or_404(visible, pk=pk)
    if version.read_at is None:
        raise Http404
    return version


def _marks(problems: QuerySet[ReportedProblem]) -> list[Mark]:
    return [
        Mark(Severity(problem.severity), problem.message, problem.sheet, problem.cell, problem.fix)
        for problem in problems
    ]


def _line(problem: ReportedProblem, names: dict[str, str], explanations: dict[str, Explanation]) -> ReportLine:
    name = names.get(problem.school)
    written = explanations.get(problem.fingerprint) if problem.severity == Severity.EXPLAIN else None
    return ReportLine(
        severity=Severity(problem.severity),
        sheet=problem.sheet,
        cell=problem.cell,
        school_code=problem.school if name is not None else "",
        school_name=problem.school if name is None else name,
        header=problem.header,
        found=problem.found,
        message=problem.message,
        fix=problem.fix,
        explanation="" if written is None else _explained(written),
    )


def _explained(written: Explanation) -> str:
    return f"{written.text}\n（{written.written_by}，{timezone.localtime(written.written_at):%Y-%m-%d %H:%M}）"


def _file(content: bytes, name: str) -> FileResponse:
    return FileResponse(BytesIO(content), as_attachment=True, filename=name, content_type=_XLSX)
