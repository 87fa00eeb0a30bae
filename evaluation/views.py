"""Doors into the judging: the template to fill in, take a file in, let a job run again."""

from __future__ import annotations

from io import BytesIO

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from evaluation import actions
from evaluation.forms import UploadForm
from evaluation.partials import upload_partial
from evaluation.permissions import Refused
from evaluation.queries import job_of, submissions_visible_to
from evaluation.taking_away import of_own_county, records_download
from evaluation.template_for import write_template_for
from indicators.workbook.last_year_sheet import LastYearUse
from schools.models import County
from schools.queries import current_school_year


@require_safe
@records_download("填报模板", of_own_county)
def template_download(request: HttpRequest) -> FileResponse:
    """The workbook of this school year for the county of whoever asks, with last year's figures as they chose; nobody
    else has one."""
    county = get_object_or_404(County, pk=request.user.place_id)
    year = current_school_year()
    asked = request.GET.get("last_year", "")
    extra = request.GET.get("extra", "")
    if asked not in {"", *LastYearUse} or extra not in ("", "1"):
        raise Http404
    target = BytesIO()
    write_template_for(county, year, LastYearUse(asked or LastYearUse.NONE), target, bool(extra))
    target.seek(0)
    filename = f"{county.name}_{year}—{year + 1}学年_填报模板.xlsx"
    return FileResponse(target, as_attachment=True, filename=filename)


@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Take a workbook in and show its progress; where that is not possible, say why above the form."""
    county = get_object_or_404(County, pk=request.user.place_id)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, form.errors["file"][0])
        return redirect("workspace")
    file, is_partial = form.cleaned_data["file"], form.cleaned_data["only_some_schools"]
    take_in = upload_partial if is_partial else actions.upload_workbook
    try:
        taken = take_in(request.user, county, current_school_year(), file.name, file.read())
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("workspace")
    return redirect("partial" if is_partial else "submission", pk=taken.pk)


@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the job of a version that was set aside run again."""
    job = job_of(get_object_or_404(submissions_visible_to(request.user), pk=pk))
    if job is None:
        raise Http404
    try:
        actions.retry_job(request.user, job)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("submission", pk=pk)
