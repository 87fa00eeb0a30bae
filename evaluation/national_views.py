"""Doors into national runs: start one, let it rest, let it go on, end it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from evaluation import national
from evaluation.models import NationalRun
from evaluation.national_forms import NationalRunForm
from evaluation.permissions import Refused, why_not_run_nation
from schools.models import User

_RUNS_LISTED = 20


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def national_runs(request: HttpRequest) -> HttpResponse:
    """The form, and the runs so far; why none can be started stands above the form."""
    if why_not_run_nation(request.user):
        raise Http404
    form = NationalRunForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        try:
            run = national.start_run(request.user, chosen["standard"], chosen["school_year"], timezone.localdate())
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("national_run", pk=run.pk)
    runs = NationalRun.objects.select_related("standard", "requested_by")[:_RUNS_LISTED]
    return render(request, "reports/national_runs.html", {"form": form, "runs": runs})


@require_POST
def national_run_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a run rest."""
    return _take(request, pk, national.pause)


@require_POST
def national_run_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a run that rests go on."""
    return _take(request, pk, national.resume)


@require_POST
def national_run_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """End a run."""
    return _take(request, pk, national.cancel)


def _take(request: HttpRequest, pk: int, step: Callable[[User | None, NationalRun], None]) -> HttpResponse:
    if why_not_run_nation(request.user):
        raise Http404
    try:
        step(request.user, get_object_or_404(NationalRun, pk=pk))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("national_run", pk=pk)
